"""What neighbouring pixels share of one look, and what is left of a place without it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, gaussian_filter

from sitewatch.change._background import design, residuals
from sitewatch.change._local import _leave_passing, cells, local_mode, near_means, take_off_near

DAYS = np.arange(0.0, 600.0, 10.0)
BASIS = design(DAYS)
NOISE = 0.01
SHAPE = (47, 61)
"""No multiple of a cell."""
LATE = 12
"""Looks that are searched again when some are added."""
BUILT = 30
"""Look on which it stands first."""


def hazy(
    rng: np.random.Generator, *, height: int, width: int, rise: float = 0.3
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(pixel, time, 3) of ground where a thing comes, under haze that fades over ten pixels; where; which haze."""
    looks = len(DAYS)
    ground = rng.uniform(0.2, 0.8, (*SHAPE, 1, 3))
    haze = gaussian_filter(rng.normal(0, 1, (*SHAPE, looks, 3)), (9, 9, 0, 0))
    haze *= 0.08 / haze.std()
    values = ground + haze + rng.normal(0, NOISE, (*SHAPE, looks, 3))
    where = np.zeros(SHAPE, dtype=bool)
    where[20 : 20 + height, 25 : 25 + width] = True
    values[where, BUILT:] += rise
    flat = (SHAPE[0] * SHAPE[1], looks, 3)
    return values.reshape(flat).astype(np.float32), where.ravel(), haze.reshape(flat)


def without(values: np.ndarray, valid: np.ndarray) -> np.ndarray:
    left = values.copy()
    take_off_near(left, np.arange(len(left)), local_mode(left, valid, BASIS, SHAPE), SHAPE[1])
    return left


def off_their_level(values: np.ndarray) -> np.ndarray:
    return np.asarray(values - values.mean(axis=1, keepdims=True))


@pytest.mark.parametrize(("height", "width", "left_of_it"), [(3, 4, 0.9), (5, 6, 0.8), (12, 20, 0.9)])
def test_haze_is_taken_off_and_a_building_is_left(height: int, width: int, left_of_it: float) -> None:
    values, where, _ = hazy(np.random.default_rng(1), height=height, width=width)
    seen = np.ones(values.shape[:2], dtype=bool)
    left = without(values, seen)
    far = ~binary_dilation(where.reshape(SHAPE), np.ones((21, 21))).ravel()
    assert off_their_level(values[far]).std() > 7 * NOISE
    assert off_their_level(left[far]).std() < 0.5 * off_their_level(values[far]).std()
    rise = (left[where, BUILT:].mean(axis=1) - left[where, :BUILT].mean(axis=1)).mean()
    assert rise > left_of_it * 0.3
    # What stands beside it is not told to have sunk as much as it rose.
    beside = np.zeros(SHAPE, dtype=bool)
    beside[16:19, 25 : 25 + width] = True
    flat = beside.ravel()
    sunk = (left[flat, BUILT:].mean(axis=1) - left[flat, :BUILT].mean(axis=1)).mean()
    assert abs(sunk) < 0.1 * rise


def test_what_was_not_seen_says_nothing_of_what_is_near() -> None:
    values, _, haze = hazy(np.random.default_rng(2), height=3, width=3, rise=0.0)
    seen = np.ones(values.shape[:2], dtype=bool)
    cloud = np.zeros(SHAPE, dtype=bool)
    cloud[:, :24] = True
    seen[cloud.ravel(), 7] = False
    spoilt = values.copy()
    spoilt[cloud.ravel(), 7] = 5.0
    near = local_mode(spoilt, seen, BASIS, SHAPE)
    assert near.shape == (*cells(SHAPE), len(DAYS), 3)
    np.testing.assert_array_equal(near[:, :5, 7], 0.0)  # all within reach was hidden
    rim = np.zeros(SHAPE, dtype=bool)
    rim[:, 24:28] = True
    take_off_near(spoilt, np.arange(len(spoilt)), near, SHAPE[1])
    own = spoilt - (values - haze)
    assert np.abs(own[rim.ravel(), 7]).mean() < 0.6 * np.abs(haze[rim.ravel(), 7]).mean()


def test_two_looks_share_nothing_that_could_be_told_from_change() -> None:
    values, _, _ = hazy(np.random.default_rng(3), height=5, width=6)
    two = np.ascontiguousarray(values[:, [0, -1]])
    near = local_mode(two, np.ones(two.shape[:2], dtype=bool), design(DAYS[[0, -1]]), SHAPE)
    assert not near.any()


def test_what_passes_is_what_is_off_the_median_of_nine_seen_looks() -> None:
    rng = np.random.default_rng(6)
    series = rng.normal(0, 1, (40, 30, 2)).astype(np.float32)
    series[rng.random((40, 30)) < 0.3] = np.nan
    for n in range(14):
        series[n, n:] = np.nan
    series[20, :, 1] = np.nan  # seen in one band is not seen
    expected = np.full_like(series, np.nan)
    for p, own in enumerate(series):
        seen = np.flatnonzero(np.isfinite(own).all(axis=1))
        size = min(9, len(seen) - 1 + len(seen) % 2)
        for i, look in enumerate(seen if len(seen) >= 3 else []):
            first = min(max(0, i - size // 2), len(seen) - size)
            expected[p, look] = own[look] - np.median(own[seen[first : first + size]], axis=0)
    _leave_passing(series)
    np.testing.assert_allclose(series, expected, atol=1e-6)


def test_a_look_is_rid_of_the_mean_of_what_is_near_to_the_middle_of_a_cell() -> None:
    """By brute force, on cells on either side of the strips that are worked on one after the other."""
    values, _, _ = hazy(np.random.default_rng(7), height=3, width=3, rise=0.0)
    seen = np.random.default_rng(8).random(values.shape[:2]) < 0.8
    near = local_mode(values, seen, BASIS, SHAPE)
    passing = residuals(values, seen, BASIS)
    _leave_passing(passing)
    limit = 3 * 1.4826 * np.nanmedian(np.abs(passing), axis=0)
    on_grid = np.clip(passing, -limit, limit).reshape(*SHAPE, len(DAYS), 3)
    for row, column in ((22, 25), (25, 31), (10, 46)):
        around = on_grid[row - 7 : row + 8, column - 7 : column + 8]
        np.testing.assert_allclose(near[row // 3, column // 3], np.nanmean(around, axis=(0, 1)), atol=1e-5)


def test_what_is_taken_off_runs_linearly_from_the_middle_of_one_cell_to_the_next() -> None:
    down, across = cells(SHAPE)
    near = np.add.outer(0.1 * (3 * np.arange(down) + 1), 0.02 * (3 * np.arange(across) + 1))[:, :, None, None]
    values = np.zeros((SHAPE[0] * SHAPE[1], 1, 1), dtype=np.float32)
    take_off_near(values, np.arange(len(values)), near.astype(np.float32), SHAPE[1])
    rows, columns = np.indices(SHAPE)
    inside = (slice(1, 45), slice(1, 60))
    expected = -(0.1 * rows + 0.02 * columns)[inside]
    np.testing.assert_allclose(values.reshape(SHAPE)[inside], expected, atol=1e-5)


def test_a_bright_thing_that_stands_for_three_looks_is_no_haze() -> None:
    """A minority of nine looks, but far beyond the spread of the look: it counts for little of the mean around."""
    rng = np.random.default_rng(9)
    values = rng.normal(0.5, NOISE, (*SHAPE, len(DAYS), 3))
    values[20:26, 25:32, BUILT : BUILT + 3] += 0.5
    flat = values.reshape(-1, len(DAYS), 3).astype(np.float32)
    left = without(flat, np.ones(flat.shape[:2], dtype=bool)).reshape(values.shape)
    stood = left[20:26, 25:32, BUILT : BUILT + 3].mean() - left[20:26, 25:32, : BUILT - 4].mean()
    assert stood > 0.95 * 0.5


def test_a_wide_thing_of_the_last_looks_cannot_be_told_from_haze_and_is_not_lost() -> None:
    """What came on the last three looks loses up to three spreads of them; on the next two it has its height back."""
    for looks, least in ((3, 0.5), (5, 0.85)):
        values = np.random.default_rng(10).normal(0.5, NOISE, (*SHAPE, len(DAYS), 3))
        values[10:36, 15:45, -looks:] += 0.1
        flat = values.reshape(-1, len(DAYS), 3).astype(np.float32)
        left = without(flat, np.ones(flat.shape[:2], dtype=bool)).reshape(values.shape)
        inside = left[18:28, 25:35]
        rise = inside[:, :, -looks:].mean() - inside[:, :, :-9].mean()
        assert rise > least * 0.1


def test_some_pixels_are_rid_of_it_as_all_are() -> None:
    values, _, _ = hazy(np.random.default_rng(4), height=5, width=6)
    near = local_mode(values, np.ones(values.shape[:2], dtype=bool), BASIS, SHAPE)
    whole, some = values.copy(), values.copy()
    take_off_near(whole, np.arange(len(whole)), near, SHAPE[1])
    chosen = np.array([0, 17, 60, 61, 1500, len(values) - 1])
    take_off_near(some, chosen, near, SHAPE[1])
    np.testing.assert_array_equal(some[chosen], whole[chosen])
    others = np.setdiff1d(np.arange(len(values)), chosen)
    np.testing.assert_array_equal(some[others], values[others])


def test_added_looks_are_rid_of_it_by_what_was_to_be_expected_of_them() -> None:
    values, _, haze = hazy(np.random.default_rng(5), height=3, width=3, rise=0.0)
    seen = np.ones(values.shape[:2], dtype=bool)
    expected = (values - haze).mean(axis=1, keepdims=True)
    late = slice(len(DAYS) - LATE, None)
    near = near_means((values - expected)[:, late], seen[:, late], SHAPE)
    whole = local_mode(values, seen, BASIS, SHAPE)[:, :, late]
    assert np.abs(near - whole)[:, :, -4:].mean() < 0.25 * np.abs(whole).mean()
    hidden = seen[:, late].copy()
    hidden[:, 1] = False
    assert not near_means((values - expected)[:, late], hidden, SHAPE)[:, :, 1].any()
