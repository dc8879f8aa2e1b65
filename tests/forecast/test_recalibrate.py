"""Chances set right by earlier ones."""

from __future__ import annotations

import numpy as np
import pytest

from sitewatch.forecast import Recalibration, learn_recalibration


def test_without_history_nothing_changes() -> None:
    line = learn_recalibration(np.empty((0, 2)), np.empty((0, 2)), np.empty((0, 2)), horizons=(7, 30), every=7)
    assert (line.shifts, line.slopes) == ((0.0, 0.0), (1.0, 1.0))
    chances = np.linspace(0.05, 0.6, 40)
    assert line.apply(chances) == pytest.approx(chances)


def test_with_a_long_history_the_true_line_is_learned() -> None:
    rng = np.random.default_rng(1)
    p = rng.uniform(0.05, 0.95, (20_000, 1))
    y = rng.random(p.shape) < 1 / (1 + np.exp(-0.4 - 0.6 * np.log(p / (1 - p))))
    line = learn_recalibration(p, y, np.ones_like(y), horizons=(7,), every=7)
    assert line.shifts[0] == pytest.approx(0.4, abs=0.06)
    assert line.slopes[0] == pytest.approx(0.6, abs=0.06)


def test_overlapping_windows_weigh_by_what_is_their_own() -> None:
    """Every forecast told ten times over, ten times as often, teaches the same."""
    rng = np.random.default_rng(2)
    p = rng.uniform(0.1, 0.5, (50, 1))
    y = rng.random(p.shape) < 0.6
    once = learn_recalibration(p, y, np.ones_like(y), horizons=(30,), every=30)
    often = learn_recalibration(
        p.repeat(10, 0), y.repeat(10, 0), np.ones((500, 1), bool), horizons=(30,), every=3
    )  # fmt: skip
    assert often.shifts == pytest.approx(once.shifts, abs=1e-6)
    assert often.slopes == pytest.approx(once.slopes, abs=1e-6)


def test_windows_that_are_open_teach_nothing() -> None:
    p = np.array([[0.2], [0.3], [0.4]])
    over = np.array([[True], [True], [False]])
    lines = [
        learn_recalibration(p, np.array([[True], [False], [last]]), over, horizons=(7,), every=7)
        for last in (True, False)
    ]
    assert lines[0] == lines[1]


def test_between_horizons_lines_change_with_the_logarithm_and_chances_never_fall() -> None:
    line = Recalibration(horizons=(4, 16), shifts=(0.0, 1.0), slopes=(1.0, 1.0))
    flat = line.apply(np.full(20, 0.5))
    assert flat[:4] == pytest.approx(0.5)
    assert flat[7] == pytest.approx(1 / (1 + np.exp(-0.5)))
    assert flat[15:] == pytest.approx(1 / (1 + np.exp(-1)))
    falling = Recalibration(horizons=(4, 16), shifts=(1.0, -1.0), slopes=(1.0, 1.0))
    assert (np.diff(falling.apply(np.full(20, 0.5))) >= 0).all()
