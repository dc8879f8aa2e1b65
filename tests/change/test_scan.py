"""The window scan against least squares done the long way."""

from __future__ import annotations

import numpy as np
import pytest

from sitewatch.change._background import common_mode, design, sampled
from sitewatch.change._scan import EVENTS, NOISE_FLOOR, scan

RNG = np.random.default_rng(3)
DAYS = np.cumsum(RNG.uniform(3, 12, 60))


def likelihood_ratio(series: np.ndarray, basis: np.ndarray, a: int, b: int, noise: np.ndarray) -> float:
    """Drop of the weighted residual sum of squares when a column for looks a..b-1 joins the basis."""
    window = np.zeros(len(basis))
    window[a:b] = 1
    total = 0.0
    for row, s in zip(series, noise, strict=True):
        rss = []
        for columns in (basis, np.column_stack([basis, window])):
            fitted = columns @ np.linalg.lstsq(columns, row, rcond=None)[0]
            rss.append(((row - fitted) ** 2).sum())
        total += (rss[0] - rss[1]) / s**2
    return total


def test_each_spell_in_turn_is_the_one_that_least_squares_finds() -> None:
    n, bands = 45, 3
    series = RNG.normal(0, 0.01, (bands, n)).astype(np.float32)
    series[:, 8:14] += np.float32([[0.12], [-0.08], [0.1]])  # short: all dates are tried
    series[:, 17:30] += np.float32([[-0.05], [0.06], [0.08]])  # long: every other date first
    series[:, 38:] += np.float32([[0.04], [0.03], [-0.02]])  # a step
    basis = design(DAYS[:n] * 3)
    spells = scan(series.T[None].copy(), np.ones((1, n), dtype=bool), basis, threshold=5)
    noise = np.maximum(NOISE_FLOOR, 1.0484 * np.median(np.abs(np.diff(series, axis=1)), axis=1))
    price = 2 * np.log(n) + 2
    columns = basis.astype(np.float64)
    found = list(zip(spells.start[0].tolist(), spells.end[0].tolist(), strict=True))[:3]
    assert set(found) == {(8, 14), (17, 30), (38, n)}
    for (start, end), delta in zip(found, spells.delta[0], strict=False):
        every = {
            (a, b): likelihood_ratio(series, columns, a, b, noise) - (price if b < n else 0)
            for a in range(1, n - 2)
            for b in range(a + 3, n + 1)
            if n - (b - a) >= 3
        }
        assert (start, end) == max(every, key=lambda w: every[w])
        window = ((np.arange(n) >= start) & (np.arange(n) < end)).astype(np.float64)
        columns = np.column_stack([columns, window])
        amplitude = np.linalg.lstsq(columns, series.T, rcond=None)[0][-1]
        np.testing.assert_allclose(delta, amplitude, rtol=2e-3, atol=1e-4)


def pixel(levels: np.ndarray, noise: float = 0.01) -> tuple[np.ndarray, np.ndarray]:
    """(values, valid) of one pixel with three bands that follow `levels`."""
    values = np.stack([levels, levels * 0.8, levels * 1.1], axis=1) + RNG.normal(0, noise, (len(levels), 3))
    return values[None].astype(np.float32), np.ones((1, len(levels)), dtype=bool)


def test_a_step_a_spell_and_both_are_found_with_their_dates() -> None:
    levels = np.full(60, 0.2)
    levels[15:] += 0.2
    levels[30:40] -= 0.1  # half of it: something on the thing, not its end and return
    values, valid = pixel(levels)
    spells = scan(values, valid, design(DAYS), threshold=10)
    found = {(int(s), int(e)) for s, e in zip(spells.start[0], spells.end[0], strict=True) if s >= 0}
    assert (15, 60) in found
    assert (30, 40) in found
    assert len(found) <= EVENTS


@pytest.mark.parametrize("taken_back", [0.2, 0.14])
def test_what_stands_twice_with_a_short_gap_has_its_own_level_both_times(taken_back: float) -> None:
    levels = np.full(60, 0.2)
    levels[15:45] += 0.2
    levels[30:35] -= taken_back
    values, valid = pixel(levels)
    spells = scan(values, valid, design(DAYS), threshold=10)
    found = {
        (int(s), int(e)): d for s, e, d in zip(spells.start[0], spells.end[0], spells.delta[0], strict=True) if s >= 0
    }
    for dates in ((15, 30), (35, 45)):
        assert found[dates] == pytest.approx([0.2, 0.16, 0.22], abs=0.02)


def test_no_spell_is_shorter_than_three_looks_and_none_without_dates_has_a_score() -> None:
    noise = np.random.default_rng(5).normal(0, 0.01, (400, 60, 4)).astype(np.float32)
    noise[:, 30:55] += 0.03
    noise[:, 58:] += 0.03  # after a gap of three looks
    spells = scan(noise, np.ones((400, 60), dtype=bool), np.ones((60, 1), dtype=np.float32), threshold=5)
    found = spells.start >= 0
    assert (spells.end - spells.start)[found].min() >= 3
    assert (spells.score[~found] == 0).all()


def test_seasons_and_noise_alone_are_no_event() -> None:
    days = DAYS * 2  # two and a half years: a season comes again
    values, valid = pixel(0.3 + 0.1 * np.cos(2 * np.pi * days / 365.25))
    assert (scan(values, valid, design(days), threshold=15).start == -1).all()


def test_looks_that_saw_nothing_are_not_read() -> None:
    levels = np.full(60, 0.2)
    levels[25:] += 0.2
    values, valid = pixel(levels)
    hidden = np.arange(0, 60, 3)
    values[0, hidden] = 9.0
    valid[0, hidden] = False
    spells = scan(values, valid, design(DAYS), threshold=10)
    assert spells.start[0, 0] == 25
    assert spells.end[0, 0] == 60
    assert spells.delta[0, 0] == pytest.approx([0.2, 0.16, 0.22], abs=0.02)


def test_too_few_looks_find_nothing() -> None:
    values, valid = pixel(np.array([0.1, 0.1, 0.1, 0.9, 0.9, 0.9]))
    assert (scan(values, valid, design(DAYS[:6]), threshold=1).start == -1).all()


def test_the_seasons_enter_only_when_they_can_be_told_from_a_step() -> None:
    assert design(np.arange(0, 365, 5.0)).shape[1] == 1
    assert design(np.arange(0, 700, 5.0)).shape[1] == 3
    assert design(np.arange(0, 1100, 5.0)).shape[1] == 5
    assert design(np.arange(0, 1100, 100.0)).shape[1] == 1


def test_what_all_pixels_share_on_a_day_is_found() -> None:
    haze = RNG.normal(0, 0.05, (60, 3)).astype(np.float32)
    ground = RNG.uniform(0.1, 0.5, (200, 1, 3)).astype(np.float32)
    values = ground + haze + RNG.normal(0, 0.005, (200, 60, 3)).astype(np.float32)
    basis = design(DAYS)
    offset = common_mode(values.astype(np.float32), np.ones((200, 60), dtype=bool), basis)
    q, _ = np.linalg.qr(basis.astype(np.float64))
    expected = haze - q @ (q.T @ haze)  # the part of the haze that no background can take for its own
    assert np.abs(offset - expected).max() < 0.01


@pytest.mark.parametrize(("height", "width"), [(600, 600), (1200, 1200), (1024, 1024), (5988, 6000), (500, 777)])
def test_a_sample_of_pixels_lies_all_over_the_place(height: int, width: int) -> None:
    rows, columns = np.divmod(np.arange(height * width)[sampled(height * width)], width)
    cells = np.bincount(rows * 10 // height * 10 + columns * 10 // width, minlength=100)
    assert cells.min() >= 0.5 * cells.mean()
    assert sampled(9000) == slice(None)


def test_rounding_does_not_decide_between_windows_that_are_the_same() -> None:
    rng = np.random.default_rng(11)
    values = rng.normal(0.2, 0.008, (2000, 36, 6)).astype(np.float32)
    values[:, 10:31] += 0.09
    values[:, 13:16] -= 0.083  # once this is taken out, a window up to 13 and the same one up to 16 are one to L
    values[:, 6:13] += 0.037
    seen, basis = np.ones((2000, 36), dtype=bool), design(np.arange(36) * 20.0)
    found = scan(values, seen, basis, threshold=5.0)
    for seed in (1, 2, 3):  # sums are rounded in another order
        bands = np.random.default_rng(seed).permutation(6)
        again = scan(np.ascontiguousarray(values[:, :, bands]), seen, basis, threshold=5.0)
        assert np.array_equal(found.start, again.start)
        assert np.array_equal(found.end, again.end)
