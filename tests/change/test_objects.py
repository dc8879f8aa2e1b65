"""Patches, their dates, and what is made of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sitewatch.change import candidates
from sitewatch.change._dates import edges
from sitewatch.change._describe import FEATURES, SIDES, Stack, describe
from sitewatch.change._objects import Patch, compounds
from sitewatch.change._repeats import distinct, repeats
from sitewatch.change._scan import Spells
from sitewatch.change._verify import direction_terms, mirrored, verifier

SIZE = 40
LOOKS = 60
DAYS = np.arange(LOOKS) * 8.0


def stack_with(*blocks: tuple[slice, slice, int, int, float], noise: float = 0.01, seed: int = 0) -> Stack:
    """Six bands of soil; in every block (rows, columns, first, last) the level is raised by the amount."""
    rng = np.random.default_rng(seed)
    values = np.full((SIZE, SIZE, LOOKS, 6), 0.2) + rng.normal(0, 0.01, (SIZE, SIZE, 1, 6))
    values += rng.normal(0, noise, values.shape)
    for rows, columns, first, last, amount in blocks:
        values[rows, columns, first:last] += amount
    return Stack(
        values=values.reshape(-1, LOOKS, 6).astype(np.float32),
        valid=np.ones((SIZE * SIZE, LOOKS), dtype=bool),
        days=DAYS,
        shape=(SIZE, SIZE),
        bands=("blue", "green", "red", "nir", "swir16", "swir22"),
    )


HALL = (slice(5, 11), slice(5, 15), 20, LOOKS, 0.2)
TENT = (slice(25, 29), slice(25, 30), 30, 38, 0.15)


def patch_of(block: tuple[slice, slice, int, int, float]) -> Patch:
    rows, columns = np.mgrid[block[0], block[1]]
    return Patch(
        pixels=np.sort((rows * SIZE + columns).ravel()),
        start=block[2],
        end=block[3],
        score=50.0,
        delta=np.full(6, block[4], dtype=np.float32),
        spread=0.1,
    )


def quiet_spells() -> Spells:
    """No pixel has a spell."""
    shape = (SIZE * SIZE, 1)
    none = np.full(shape, -1, dtype=np.int32)
    return Spells(start=none, end=none, score=np.zeros(shape, np.float32), delta=np.zeros((*shape, 6), np.float32))


def test_a_hall_and_a_tent_become_two_patches_with_their_dates() -> None:
    stack = stack_with(HALL, TENT)
    patches, features = candidates(stack)
    found = {(len(p.pixels), p.start, p.end) for p in patches}
    assert found == {(60, 20, LOOKS), (20, 30, 38)}
    assert features.shape == (2, len(FEATURES))
    assert np.isfinite(features).all()


def test_nothing_is_found_where_nothing_is() -> None:
    assert candidates(stack_with())[0] == []


def test_a_hall_roofed_in_stages_is_also_offered_whole() -> None:
    first = (slice(5, 11), slice(5, 10), 20, LOOKS, 0.2)
    second = (slice(5, 11), slice(11, 16), 32, LOOKS, 0.25)  # three months later, a seam of one pixel between
    elsewhere = (slice(30, 34), slice(30, 34), 22, LOOKS, 0.2)
    later = (slice(5, 11), slice(17, 20), 55, LOOKS, 0.2)  # more than a season after the first
    parts = [patch_of(b) for b in (first, second, elsewhere)]
    bridged = [replace(parts[0], pixels=np.union1d(parts[0].pixels, parts[0].pixels + 1)), *parts[1:], patch_of(later)]
    (whole,) = compounds(bridged, DAYS, (SIZE, SIZE))
    assert len(whole.pixels) == 66
    assert whole.start == 20


def test_what_describes_a_patch_says_what_it_is() -> None:
    stack = stack_with(HALL)
    numbers = dict(zip(FEATURES, describe(patch_of(HALL), stack, quiet_spells()), strict=True))
    assert np.exp(numbers["log_pixels"]) == pytest.approx(60)
    assert numbers["rectangular"] == pytest.approx(1.0, abs=0.01)
    assert np.exp(numbers["elongated"]) == pytest.approx(10 / 6, abs=0.01)
    assert numbers["is_step"] == 1
    assert numbers["bright_inside"] - numbers["bright_outside"] == pytest.approx(0.2, abs=0.01)
    assert numbers["contrast_inside"] == pytest.approx(0.2, abs=0.01)
    assert numbers["contrast_outside"] < 0.01
    assert numbers["sharp"] == pytest.approx(1.0, abs=0.05)
    assert numbers["surroundings"] == pytest.approx(0.0, abs=0.05)


def test_a_patch_that_no_look_saw_on_one_side_is_not_described() -> None:
    stack = stack_with(HALL)
    stack.valid[:, 20:] = False
    assert describe(patch_of(HALL), stack, quiet_spells()) is None


def test_brackets_come_from_looks_that_saw_the_footprint() -> None:
    stack = stack_with(TENT, noise=0.03)
    rough = patch_of((TENT[0], TENT[1], 28, 40, 0.15))  # dates two looks off
    began, ended = edges(rough, stack)
    assert began is not None
    assert ended is not None
    assert (began.after, began.by, ended.after, ended.by) == (29, 30, 37, 38)
    stack.valid[rough.pixels, 29] = False  # the last look without it is hidden
    began, _ = edges(rough, stack)
    assert began is not None
    assert (began.after, began.by) == (28, 30)


def test_edges_shadows_and_yards_of_one_event_are_told_once() -> None:
    hall = patch_of(HALL)
    shadow = patch_of((slice(11, 13), slice(5, 15), 20, LOOKS, -0.1))
    later = patch_of((slice(5, 11), slice(5, 15), 40, LOOKS, 0.1))
    tent = patch_of(TENT)
    pairs = repeats([hall, shadow, later, tent], DAYS, (SIZE, SIZE))
    assert (0, 1) in {tuple(p) for p in pairs.tolist()}
    assert distinct(np.array([0.9, 0.6, 0.7, 0.5]), pairs).tolist() == [True, False, True, True]
    assert repeats([], DAYS, (SIZE, SIZE)).shape == (0, 2)


@pytest.mark.parametrize("bands", [("red", "green", "blue"), ("blue", "green", "red", "nir", "swir16", "swir22")])
def test_a_record_played_backwards_gives_the_opposite_answer(bands: tuple[str, ...]) -> None:
    judge = verifier(bands)
    rng = np.random.default_rng(5)
    features = rng.normal(0.3, 0.3, (200, len(FEATURES)))
    features[:, FEATURES.index("is_step")] = 1.0
    backwards = features.copy()
    first = FEATURES.index(f"{SIDES[0]}_inside")
    n = len(SIDES)
    backwards[:, first : first + n], backwards[:, first + n :] = (
        features[:, first + n :],
        features[:, first : first + n],
    )
    assert np.array_equal(mirrored(direction_terms(features)), direction_terms(backwards))
    assert (judge.standing_inside(features) != judge.standing_inside(backwards)).all()


@pytest.mark.parametrize("bands", [("red", "green", "blue"), ("red", "nir")])
def test_the_budget_is_monotone_and_probabilities_are_probabilities(bands: tuple[str, ...]) -> None:
    judge = verifier(bands)
    limits = [judge.threshold(false_alarms=n, pixels=10_000) for n in (0.1, 0.5, 1, 2, 5, 10)]
    assert limits == sorted(limits, reverse=True)
    assert judge.threshold(false_alarms=1, pixels=40_000) >= judge.threshold(false_alarms=1, pixels=10_000)
    features = np.random.default_rng(6).normal(0, 1, (50, len(FEATURES)))
    p = judge.probability(features, np.ones(50, dtype=bool))
    assert ((p >= 0) & (p <= 1)).all()
