"""The reflectance of one sensor in terms of another's, from looks of both at one site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sitewatch.cube._bandpass import Line

__all__ = ["Calibration", "Pair", "calibrate", "unlike"]

_PRIOR_GAIN = 0.05
"""Standard deviation of a site's gain about the published one: bands, atmospheric correction, angles."""
_PRIOR_OFFSET = 0.01
"""Likewise of the offset, reflectance."""
_LEAST_GAIN = 0.02
"""Standard deviation of one pair's gain that no agreement of the others takes away: looks differ by haze and light."""
_LEAST_OFFSET = 0.005
_STEPS = 8
_TUKEY = 4.685
_TO_SIGMA = 1.4826
_LEAST_PIXELS = 50
"""Pixels that both looks of a pair must have seen."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A look of one sensor, and what another's looks make of the same ground on that day, on one grid."""

    look: NDArray[np.float32]
    """(band, pixel) reflectance as measured, NaN where not seen."""
    onto: NDArray[np.float32]
    """(band, pixel) reflectance of the sensor to which it is adjusted, NaN where not known."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A line for each band, reflectance = gain * measured + offset, and what it leaves."""

    gain: NDArray[np.float64]
    """(band,)"""
    offset: NDArray[np.float64]
    """(band,) reflectance."""
    residual: NDArray[np.float64]
    """(band,) robust standard deviation of adjusted looks about what the other sensor makes of that day, what all
    pixels of a look share taken out; the median over pairs."""
    pairs: int
    """That it rests on."""


def calibrate(pairs: Sequence[Pair], prior: Sequence[Line]) -> Calibration:
    """Fit a line for each band.

    Each pair gives a line by orthogonal regression (Deming 1943: both sensors are noisy, and least squares would draw
    the gain down) with Tukey's weights, so that changed ground does not bend it. Pairs are few and each has a haze of
    its own: their mean meets the published line as a normal prior (standard deviations .05 of the gain, .01 of the
    offset), so that three pairs move it and one hardly does.

    Args:
        pairs: those with fewer than 50 common pixels tell nothing.
        prior: the published line of each band.
    """
    count = len(prior)
    lines = np.array([[_line(pair.look[b], pair.onto[b]) for b in range(count)] for pair in pairs]).reshape(
        -1, count, 3
    )
    gain, offset = np.empty(count), np.empty(count)
    told = 0
    for b, line in enumerate(prior):
        slopes, across, up = lines[:, b].T
        known = np.isfinite(slopes)
        told = max(told, int(known.sum()))
        gain[b] = _met(slopes[known], line.gain, _PRIOR_GAIN, _LEAST_GAIN)
        offset[b] = _met((up - gain[b] * across)[known], line.offset, _PRIOR_OFFSET, _LEAST_OFFSET)
    left = [unlike(gain[:, None] * pair.look + offset[:, None], pair.onto) for pair in pairs]
    return Calibration(gain=gain, offset=offset, residual=_median(left, count), pairs=told)


def unlike(look: NDArray[np.floating], onto: NDArray[np.floating]) -> NDArray[np.float64]:
    """(band,) robust standard deviation of one look about another's pixels, less what all pixels share; NaN: unknown.

    Args:
        look: (band, pixel), NaN where not seen.
        onto: likewise.
    """
    out = np.full(len(look), np.nan)
    for b, difference in enumerate(np.asarray(look - onto, dtype=np.float64)):
        known = difference[np.isfinite(difference)]
        if len(known) >= _LEAST_PIXELS:
            out[b] = _spread(known)
    return out


def _median(rows: Sequence[NDArray[np.float64]], count: int) -> NDArray[np.float64]:
    out = np.full(count, np.nan)
    for b in range(count):
        known = [row[b] for row in rows if np.isfinite(row[b])]
        if known:
            out[b] = float(np.median(known))
    return out


def _met(told: NDArray[np.float64], prior: float, spread: float, least: float) -> float:
    """Mean of what pairs tell, and of a normal prior, each by how sure it is."""
    if not len(told):
        return prior
    each = max(least, _spread(told)) if len(told) > 2 else least
    trust = spread**2 / (spread**2 + each**2 / len(told))
    return prior + trust * (float(np.median(told)) - prior)


def _line(x: NDArray[np.float32], y: NDArray[np.float32]) -> tuple[float, float, float]:
    """Gain of y on x by robust orthogonal regression, and the weighted means of both; NaN where too little is known."""
    known = np.isfinite(x) & np.isfinite(y)
    if known.sum() < _LEAST_PIXELS:
        return np.nan, np.nan, np.nan
    p, q = x[known].astype(np.float64), y[known].astype(np.float64)
    weight = np.ones(len(p))
    slope, mean_p, mean_q = 1.0, float(np.median(p)), float(np.median(q))
    for _ in range(_STEPS):
        away = (q - mean_q - slope * (p - mean_p)) / np.hypot(1.0, slope)
        scale = max(_spread(away), 1e-4)
        weight = np.clip(1 - (away / (_TUKEY * scale)) ** 2, 0, None) ** 2
        total = weight.sum()
        mean_p, mean_q = float(weight @ p / total), float(weight @ q / total)
        pp, qq = float(weight @ (p - mean_p) ** 2), float(weight @ (q - mean_q) ** 2)
        pq = float(weight @ ((p - mean_p) * (q - mean_q)))
        if pq <= 0:
            return np.nan, np.nan, np.nan
        slope = (qq - pp + np.hypot(qq - pp, 2 * pq)) / (2 * pq)
    return float(slope), mean_p, mean_q


def _spread(values: NDArray[np.float64]) -> float:
    return _TO_SIGMA * float(np.median(np.abs(values - np.median(values))))
