"""Scores against numbers made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sitewatch.forecast import LOG_FLOOR, block_length, compare, score
from sitewatch.forecast import _scores as room


def test_four_forecasts_by_hand() -> None:
    """.2 twice (one comes true), .8 twice (both come true)."""
    found = score([0.2, 0.2, 0.8, 0.8], [False, True, True, True], block=1)
    assert found.n == 4
    assert found.event_rate == 0.75
    assert found.mean_chance == pytest.approx(0.5)
    assert found.brier == pytest.approx((0.04 + 0.64 + 0.04 + 0.04) / 4)
    assert found.log_score == pytest.approx(-(3 * np.log(0.8) + np.log(0.2)) / 4)
    assert found.reliability == pytest.approx((0.3**2 + 0.2**2) / 2)
    assert found.resolution == pytest.approx(0.25**2)
    assert found.uncertainty == pytest.approx(0.1875)
    assert found.within == pytest.approx(0.0)
    assert [(b.low, b.high, b.n, b.chance, b.rate) for b in found.table] == [
        (0.2, pytest.approx(0.3), 2, pytest.approx(0.2), 0.5),
        (0.8, pytest.approx(0.9), 2, pytest.approx(0.8), 1.0),
    ]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30))
def test_the_parts_sum_to_the_brier_score(forecasts: list[tuple[float, bool]]) -> None:
    found = score([p for p, _ in forecasts], [y for _, y in forecasts], block=3)
    assert found.brier == pytest.approx(found.reliability - found.resolution + found.uncertainty + found.within)
    assert 0 <= found.brier <= 1
    assert sum(b.n for b in found.table) == found.n
    assert np.isfinite(found.log_score)


def test_the_log_score_of_a_certain_miss_is_finite() -> None:
    assert score([0.0], [True], block=1).log_score == pytest.approx(-np.log(LOG_FLOOR))
    assert score([1.0], [True], block=1).log_score == pytest.approx(-np.log(1 - LOG_FLOOR))


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.5, 0.2), (1.6, -0.5)])
def test_the_line_of_calibration_is_found(slope: float, intercept: float) -> None:
    rng = np.random.default_rng(7)
    p = rng.uniform(0.02, 0.98, 2000)
    truth = 1 / (1 + np.exp(-intercept - slope * np.log(p / (1 - p))))
    found = score(p, rng.random(2000) < truth, block=1)
    assert found.slope == pytest.approx(slope, abs=0.15)
    assert found.intercept == pytest.approx(intercept, abs=0.2)
    assert found.slope_interval is not None
    assert found.slope_interval[0] < slope < found.slope_interval[1]


def test_two_chances_have_the_line_through_their_rates() -> None:
    """Two points, two parameters: logit(1/4) at logit(.4), logit(3/4) at logit(.6)."""
    p = [0.4] * 4 + [0.6] * 4
    y = [True, False, False, False, True, True, True, False]
    found = score(p, y, block=1)
    # The weak prior takes a little off.
    assert found.slope == pytest.approx(np.log(3) / np.log(1.5), rel=0.03)
    assert found.intercept == pytest.approx(0.0, abs=1e-6)


def test_no_line_where_chances_or_outcomes_are_all_the_same() -> None:
    assert score([0.5, 0.5, 0.5], [True, False, True], block=1).slope is None
    assert score([0.2, 0.5, 0.7], [True, True, True], block=1).slope is None
    assert np.isfinite(score([0.1, 0.2, 0.8, 0.9], [False, False, True, True], block=1).slope or np.nan)


def test_a_comparison_by_hand() -> None:
    found = compare([0.2, 0.8], [0.5, 0.5], [False, True], block=1)
    assert found.brier == pytest.approx(0.25)
    assert found.difference == pytest.approx(0.04 - 0.25)
    assert found.skill == pytest.approx(1 - 0.04 / 0.25)
    assert found.difference_interval == pytest.approx((-0.21, -0.21))
    assert compare([0.2], [0.0], [False], block=1).skill is None


def test_the_same_chances_differ_by_nothing() -> None:
    rng = np.random.default_rng(1)
    p, y = rng.random(50), rng.random(50) < 0.4
    found = compare(p, p, y, block=5)
    assert found.difference_interval == (0.0, 0.0)
    assert found.skill_interval == (0.0, 0.0)


def test_draws_are_whole_blocks_around_a_circle() -> None:
    """Every draw has as many forecasts; every forecast is as likely; neighbours come together."""
    drawn = room._drawn(20, 5, seed=0)
    assert (drawn.sum(axis=1) == 20).all()
    assert drawn.mean(axis=0) == pytest.approx(np.ones(20), abs=0.1)
    together = np.corrcoef(drawn[:, 3], drawn[:, 4])[0, 1]
    apart = np.corrcoef(drawn[:, 3], drawn[:, 13])[0, 1]
    assert together > 0.7
    assert apart < 0.1
    assert (room._drawn(20, 5, seed=0) == drawn).all()
    assert (room._drawn(20, 5, seed=1) != drawn).any()


def test_blocks_make_intervals_honest_where_errors_go_together() -> None:
    """Errors last for 20 forecasts: intervals from single ones hold the truth too seldom, from blocks more often."""
    rng = np.random.default_rng(3)
    held = {1: 0, 40: 0}
    for _ in range(60):
        state = np.repeat(rng.random(15) < 0.5, 20)
        better = np.where(state, 0.3, 0.7)
        y = rng.random(300) < 0.5
        p = np.where(y, better, 1 - better)
        for block in held:
            low, high = compare(p, np.full(300, 0.5), y, block=block).difference_interval
            held[block] += low <= (0.09 + 0.49) / 2 - 0.25 <= high
    assert held[1] < 30
    assert held[40] > 45


def test_block_length_is_told_by_days() -> None:
    assert block_length([0, 7, 14, 21, 28], 14) == 2
    assert block_length([0, 7, 14, 21, 28], 180) == 5
    assert block_length([0, 1, 2, 300, 600], 90) == 3
    assert block_length([], 90) == 1


@pytest.mark.parametrize(
    ("p", "y", "block"),
    [
        ([], [], 1),
        ([0.5], [True, False], 1),
        ([1.2], [True], 1),
        ([float("nan")], [True], 1),
        ([0.5], [True], 0),
    ],
)
def test_what_is_no_forecast_is_refused(p: list[float], y: list[bool], block: int) -> None:
    with pytest.raises(ValueError):
        score(p, y, block=block)
