"""The hidden chain against all of its paths, and against the matrix exponential of the whole generator."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.linalg import expm

from sitewatch.assessment._activity import FALSE_SIGHT, Chain, chain_of, emissions, forward, pass_on, smoothed

Floats = NDArray[np.float64]


def generator(chain: Chain, h: int, d: int) -> Floats:
    """Rates between all states (A, Z), A outermost."""
    _, width, *_ = chain.redraw.shape
    rates = np.zeros((2 * width, 2 * width))
    for a, z, to in itertools.product((0, 1), range(width), range(width)):
        rates[a * width + z, (1 - a) * width + to] = chain.rates[a, h] * chain.redraw[1 - a, to, h, d]
    return rates - np.diag(rates.sum(axis=1))


@st.composite
def chains(draw: st.DrawFn) -> tuple[Chain, Floats, Floats, float]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count, looks, hypotheses, draws = (draw(st.integers(*ends)) for ends in ((0, 3), (1, 4), (1, 2), (1, 2)))
    chain = chain_of(
        rng.uniform(1, 100, hypotheses), rng.uniform(1, 100, hypotheses),
        rng.uniform(0.01, 0.99, (count, hypotheses, draws)), rng.uniform(0.01, 0.99, (count, hypotheses, draws)),
    )  # fmt: skip
    days = np.sort(rng.choice(np.arange(0, 60), looks)).astype(float)
    shown = rng.integers(-1, 2, (count, looks)).astype(np.int8)
    return chain, days, emissions(shown, rng.uniform(0.05, 0.95, (count, looks))), float(days[-1] + rng.uniform(0, 30))


@settings(deadline=None, max_examples=60)
@given(chains())
def test_forward_and_smoothed_are_the_sum_over_all_paths(made: tuple[Chain, Floats, Floats, float]) -> None:
    chain, days, sight, end = made
    _, width, hypotheses, draws = chain.redraw.shape
    found = forward(chain, days, [sight], end=end, state=True)
    between = smoothed(chain, days, sight)
    assert found.state is not None
    for h, d in itertools.product(range(hypotheses), range(draws)):
        rates = generator(chain, h, d)
        first = (chain.stationary[:, None, h] * chain.redraw[:, :, h, d]).ravel()
        steps = [expm(rates * gap) for gap in np.diff(np.concatenate(([0.0], days)))]
        seen = [np.tile(row, 2) for row in sight]
        total, going, last = 0.0, np.zeros(len(days)), np.zeros(2 * width)
        for path in itertools.product(range(2 * width), repeat=len(days)):
            chance = float((first @ steps[0])[path[0]] * seen[0][path[0]])
            for t in range(1, len(days)):
                chance *= steps[t][path[t - 1], path[t]] * seen[t][path[t]]
            total += chance
            going += chance * (np.array(path) >= width)
            last[path[-1]] += chance
        np.testing.assert_allclose(found.last[0, h, d], np.log(total), atol=1e-9)
        np.testing.assert_allclose(between[:, h, d], going / total, atol=1e-9)
        state = (last / total) @ expm(rates * (end - days[-1]))
        np.testing.assert_allclose(found.state[0, :, :, h, d].ravel(), state, atol=1e-9)
        np.testing.assert_allclose(found.active[0, h, d], state[width:].sum(), atol=1e-9)


def test_one_look_by_hand() -> None:
    chain = chain_of(np.array([50.0]), np.array([150.0]), np.full((1, 1, 1), 0.8), np.full((1, 1, 1), 0.1))
    shows = 0.25 * 0.8 + 0.75 * 0.1
    for seen, shown, likely in (
        (0.6, 1, shows * 0.6 + (1 - shows) * 0.6 * FALSE_SIGHT),
        (0.6, 0, shows * 0.4 + (1 - shows) * (1 - 0.6 * FALSE_SIGHT)),
        (0.6, -1, 1.0),
    ):
        sight = emissions(np.array([[shown]], dtype=np.int8), np.array([[seen]]))
        found = forward(chain, np.array([30.0]), [sight], end=30.0)
        np.testing.assert_allclose(found.last[0, 0, 0], np.log(likely), atol=1e-12)


def test_ten_looks_at_one_standing_thing_are_hardly_more_than_one() -> None:
    chain = chain_of(np.array([200.0] * 2), np.array([400.0] * 2), np.array([[[0.8], [0.2]]]), np.full((1, 2, 1), 0.1))
    ratios = []
    for looks in (1, 10):
        sight = emissions(np.ones((1, looks), dtype=np.int8), np.full((1, looks), 0.9))
        told = forward(chain, np.arange(looks, dtype=float), [sight], end=float(looks)).last[0, :, 0]
        ratios.append(told[0] - told[1])
    # Independent looks would multiply it by ten.
    assert abs(ratios[1] / ratios[0] - 1) < 0.1


def test_alike_ways_are_followed_together_and_each_as_alone() -> None:
    rng = np.random.default_rng(3)
    chain = chain_of(np.array([30.0, 90.0]), np.array([60.0, 200.0]), *rng.uniform(0.05, 0.95, (2, 2, 2, 7)))
    days = np.cumsum(rng.uniform(0, 12, 40))
    shown = np.zeros((2, 40), dtype=np.int8)
    ways = []
    for first, last in ((0, 0), (5, 9), (5, 20), (30, 40)):
        one = shown.copy()
        one[0, first:last] = 1
        ways.append(emissions(one, np.full((2, 40), 0.7)))
    together = forward(chain, days, ways, end=float(days[-1] + 5), state=True)
    assert together.groups[5].tolist() == [0, 0, 0, 0]
    assert len(set(together.groups[-1].tolist())) == 4
    for n, way in enumerate(ways):
        alone = forward(chain, days, [way], end=float(days[-1] + 5), state=True)
        assert together.state is not None
        assert alone.state is not None
        np.testing.assert_array_equal(together.last[n], alone.last[0])
        np.testing.assert_allclose(together.state[n], alone.state[0], rtol=1e-12)
        np.testing.assert_allclose(alone.state[0].sum(axis=(0, 1)), 1.0)


def test_long_records_keep_within_what_numbers_hold() -> None:
    chain = chain_of(np.array([1000.0]), np.array([1000.0]), np.full((8, 1, 1), 1e-6), np.full((8, 1, 1), 1e-6))
    sight = emissions(np.ones((8, 600), dtype=np.int8), np.full((8, 600), 0.9))
    found = forward(chain, np.arange(600.0), [sight], end=600.0)
    assert np.isfinite(found.last).all()
    assert (found.active > 0).all()


def test_a_look_after_the_end_is_as_one_within_it() -> None:
    rng = np.random.default_rng(1)
    chain = chain_of(np.array([30.0]), np.array([60.0]), *rng.uniform(0.05, 0.95, (2, 2, 1, 5)))
    days = np.array([4.0, 9.0, 21.0])
    sight = emissions(np.array([[1, 1, 0], [0, -1, 1]], dtype=np.int8), np.full((2, 3), 0.7))
    whole = forward(chain, days, [sight], end=21.0, state=True)
    part = forward(chain, days[:2], [sight[:2]], end=12.0, state=True)
    assert part.state is not None
    state, log = pass_on(chain, part.state[0], 9.0, sight[2])
    np.testing.assert_allclose(part.last[0] + log, whole.last[0], atol=1e-12)
    assert whole.state is not None
    np.testing.assert_allclose(state, whole.state[0], atol=1e-12)
