"""Chances set right by how earlier ones of the same kind came out.

A logistic line per horizon, logit q = a + b logit p (Cox 1958, doi:10.1093/biomet/45.3-4.562), fitted to forecasts
whose windows were over by the day of issue, with normal priors around a = 0, b = 1: without history it changes nothing.
Windows that overlap tell the same events again, so each weighs as much as the share of it that is its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sitewatch.forecast._base_rate import LEAST

__all__ = ["Recalibration", "learn_recalibration", "logit"]

_SHIFT_SD = 0.5
"""Of a: odds may be wrong by a factor of 1.6."""
_SLOPE_SD = 0.3
"""Of b."""
_STEPS = 25

_Vector = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Recalibration:
    """A logistic line per horizon."""

    horizons: tuple[int, ...]
    """Days, ascending."""
    shifts: tuple[float, ...]
    """a, per horizon."""
    slopes: tuple[float, ...]
    """b, per horizon."""

    def apply(self, chances: ArrayLike) -> _Vector:
        """(day,) chances of an event in the first 1, 2, ... days, set right; they never fall.

        Between two horizons the lines change with the logarithm of the days; beyond them they stay.
        """
        told = np.asarray(chances, dtype=np.float64)
        days, known = np.log(np.arange(1, len(told) + 1)), np.log(self.horizons)
        line = np.interp(days, known, self.shifts) + np.interp(days, known, self.slopes) * logit(told)
        return np.clip(np.maximum.accumulate(1.0 / (1.0 + np.exp(-line))), LEAST, 1.0 - LEAST)


def learn_recalibration(
    chances: ArrayLike, outcomes: ArrayLike, resolved: ArrayLike, *, horizons: tuple[int, ...], every: int
) -> Recalibration:
    """Learn the lines.

    Args:
        chances: (forecast, horizon) P(event), above 0 and below 1.
        outcomes: (forecast, horizon) True: there was an event.
        resolved: (forecast, horizon) True: the window was over in time; others are not looked at.
        horizons: days, ascending.
        every: days between two forecasts.
    """
    p, y, over = np.asarray(chances, np.float64), np.asarray(outcomes, np.float64), np.asarray(resolved, bool)
    lines = [_line(logit(p[over[:, i], i]), y[over[:, i], i], min(1.0, every / h)) for i, h in enumerate(horizons)]
    return Recalibration(horizons=horizons, shifts=tuple(a for a, _ in lines), slopes=tuple(b for _, b in lines))


def logit(chances: ArrayLike) -> _Vector:
    """log(p / (1 - p)) of chances above 0 and below 1."""
    p = np.asarray(chances, dtype=np.float64)
    return np.log(p) - np.log1p(-p)


def _line(x: _Vector, y: _Vector, weight: float) -> tuple[float, float]:
    """The most probable (a, b), by Newton's method; the log posterior is concave."""
    prior, precision = np.array([0.0, 1.0]), np.array([_SHIFT_SD**-2, _SLOPE_SD**-2])
    line = prior.copy()
    if not len(x):
        return 0.0, 1.0
    design = np.stack([np.ones_like(x), x], axis=1)
    for _ in range(_STEPS):
        q = 1.0 / (1.0 + np.exp(-design @ line))
        slope = weight * design.T @ (q - y) + precision * (line - prior)
        step = np.linalg.solve(weight * (design.T * (q * (1 - q))) @ design + np.diag(precision), slope)
        line -= step
        if np.abs(step).max() < 1e-8:
            break
    return float(line[0]), float(line[1])
