"""The reflectance of one sensor in terms of another's, from looks of both at one site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sitewatch.cube._bandpass import Line

__all__ = ["LEAST_PIXELS", "Calibration", "Pair", "calibrate", "unlike"]

_PRIOR_GAIN = 0.05
"""Standard deviation of a site's gain about the published one: bands, atmospheric correction, angles."""
_PRIOR_OFFSET = 0.01
"""Likewise of the offset, reflectance."""
_LEAST_GAIN = 0.02
"""Standard deviation of one pair's gain that no agreement of the others takes away: looks differ by haze and light."""
_LEAST_OFFSET = 0.005
_STEPS = 8
_LEAST_JACKKNIFE = 4
"""Pairs from which leaving out one tells how sure the gain is."""
_TUKEY = 4.685
_TO_SIGMA = 1.4826
LEAST_PIXELS = 50
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
    the gain down) with Tukey's weights, so that changed ground does not bend it. All pairs' gain is that of their
    moments together, each weighed by its noise, and those whose gain is none of the others' left out (Tukey's weights
    again); its error is what leaving out one pair after the other does to it (jackknife). Each pair has a haze of its
    own: the offset is the middle over pairs. Both meet the published line as a normal prior (standard deviations .05 of
    the gain, .01 of the offset), so that three pairs move it and one hardly does.

    Args:
        pairs: those with fewer than `LEAST_PIXELS` common pixels tell nothing.
        prior: the published line of each band.
    """
    count = len(prior)
    gain, offset = np.empty(count), np.empty(count)
    told = 0
    for b, line in enumerate(prior):
        fits = [fit for pair in pairs if (fit := _fit(pair.look[b], pair.onto[b])) is not None]
        told = max(told, len(fits))
        gain[b] = _met(*_pooled(fits), line.gain, _PRIOR_GAIN)
        away = np.array([fit.onto - gain[b] * fit.look for fit in fits])
        offset[b] = _met(*_middle(away), line.offset, _PRIOR_OFFSET)
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
        if len(known) >= LEAST_PIXELS:
            out[b] = _spread(known)
    return out


def _median(rows: Sequence[NDArray[np.float64]], count: int) -> NDArray[np.float64]:
    out = np.full(count, np.nan)
    for b in range(count):
        known = [row[b] for row in rows if np.isfinite(row[b])]
        if known:
            out[b] = float(np.median(known))
    return out


def _met(told: float, error: float, prior: float, spread: float) -> float:
    """Mean of what pairs tell, and of a normal prior, each by how sure it is; the prior where `error` is infinite."""
    return prior + spread**2 / (spread**2 + error**2) * (told - prior) if np.isfinite(error) else prior


@dataclass(frozen=True, kw_only=True)
class _Fit:
    """One band of one pair, as one line tells it."""

    slope: float
    look: float
    """Weighted mean of the look."""
    onto: float
    """Likewise of what it is adjusted to."""
    moments: NDArray[np.float64]
    """(3,) weighted squares of the look, of the other, and products, about these means, in units of the noise."""


def _fit(x: NDArray[np.float32], y: NDArray[np.float32]) -> _Fit | None:
    """The line of y on x by robust orthogonal regression; None where too little is known, or x tells nothing of y."""
    known = np.isfinite(x) & np.isfinite(y)
    if known.sum() < LEAST_PIXELS:
        return None
    p, q = x[known].astype(np.float64), y[known].astype(np.float64)
    slope, mean_p, mean_q = 1.0, float(np.median(p)), float(np.median(q))
    moments, scale = np.zeros(3), 1.0
    for _ in range(_STEPS):
        away = (q - mean_q - slope * (p - mean_p)) / np.hypot(1.0, slope)
        scale = max(_spread(away), 1e-4)
        weight = _tukey(away / scale)
        total = weight.sum()
        mean_p, mean_q = float(weight @ p / total), float(weight @ q / total)
        dp, dq = p - mean_p, q - mean_q
        moments = np.array([weight @ dp**2, weight @ dq**2, weight @ (dp * dq)])
        if moments[2] <= 0:
            return None
        slope = _slope(moments)
    return _Fit(slope=slope, look=mean_p, onto=mean_q, moments=moments / scale**2)


def _pooled(fits: Sequence[_Fit]) -> tuple[float, float]:
    """The slope of several pairs, and its standard error."""
    if not fits:
        return np.nan, np.inf
    slopes, moments = np.array([fit.slope for fit in fits]), np.array([fit.moments for fit in fits])
    scale = max(_LEAST_GAIN, _spread(slopes))
    slope = float(np.median(slopes))
    for _ in range(_STEPS):
        weighed = _tukey((slopes - slope) / scale)[:, None] * moments
        slope = _slope(weighed.sum(axis=0))
    count = len(fits)
    least = _LEAST_GAIN / np.sqrt(count)
    if count < _LEAST_JACKKNIFE:
        return slope, least
    without = np.array([_slope(weighed.sum(axis=0) - one) for one in weighed])
    return slope, max(least, float(np.sqrt((count - 1) / count * ((without - without.mean()) ** 2).sum())))


def _middle(values: NDArray[np.float64]) -> tuple[float, float]:
    """The middle of several pairs' offsets (Tukey's weights), and about its standard error."""
    if not len(values):
        return np.nan, np.inf
    each = max(_LEAST_OFFSET, _spread(values)) if len(values) > 2 else _LEAST_OFFSET
    middle = float(np.median(values))
    for _ in range(_STEPS):
        weight = _tukey((values - middle) / each)
        middle = float(weight @ values / weight.sum())
    return middle, each / np.sqrt(len(values))


def _slope(moments: NDArray[np.float64]) -> float:
    """Of the line to which points lie nearest, from their squares and products about their means."""
    pp, qq, pq = moments
    return float((qq - pp + np.hypot(qq - pp, 2 * pq)) / (2 * pq))


def _tukey(away: NDArray[np.float64]) -> NDArray[np.float64]:
    """Tukey's weights of distances in units of their scale."""
    return np.asarray(np.clip(1 - (away / _TUKEY) ** 2, 0, None) ** 2)


def _spread(values: NDArray[np.float64]) -> float:
    return _TO_SIGMA * float(np.median(np.abs(values - np.median(values))))
