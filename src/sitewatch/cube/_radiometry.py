"""A constant that some looks carry in all bands and others do not: Sentinel-2's 1000 DN, forgotten or twice taken."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["STEP", "missing_constant"]

STEP = 0.1
"""1000 DN of Sentinel-2 L1C and L2A as reflectance: baseline 04.00 and later add it to all bands of every pixel."""

_NOISE = 0.012
"""Usual difference, reflectance, between two looks in sequence; it grows as days pass, hence the heavy tails."""
_SWITCH = 8.0
"""Cost of a change between two looks in sequence, in units of log likelihood: one must be plain in most bands."""
_SAMPLE = 4_000
_LEAST_COMMON = 200
"""Sampled pixels that two looks must both show to be compared."""
_BACK = 6
"""How many looks back a look is compared with: what lasts a look or two, as snow or haze, does not carry on."""
_PLAIN = 0.2
"""Share of the site that a look shows at least to take part in the search; the others follow."""
_PROOF = 12.0
"""Log likelihood by which two states must explain the record better than one."""
_DARK = 0.02
"""Share of the darkest ground that tells what cannot be reflectance."""
_LOWEST = -0.035
"""Reflectance that much under 0 does not occur, even in shadows that a processor has overcorrected."""


def missing_constant(values: NDArray[np.floating], seen: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Find looks that carry a constant of 0.1 in all bands which others do not carry.

    Between two looks in sequence ground changes little in most bands, or differently from band to band; a forgotten (or
    twice applied) offset changes all of them by one and the same 0.1. Each look is in one of two states, and the most
    likely sequence of states is found by dynamic programming (Viterbi 1967): its cost is that of the quartiles, band by
    band, of the differences to the six looks before, with heavy tails, as snow may fall in between. So steps are found
    whether the record is split once or providers alternate.

    Which state is the true one is told by the darkest ground: reflectance that lies well below 0 is none, so the other
    state is raised to where it is possible; otherwise the upper state is lowered. Where all looks are alike and their
    darkest ground is impossible, all are raised.

    Args:
        values: (time, band, y, x) reflectance, NaN where nothing was measured.
        seen: (time, y, x), True = ground seen.

    Returns:
        (time,) what has to be added to each look, in all bands: 0, STEP or -STEP.
    """
    looks, bands = values.shape[:2]
    flat = values.reshape(looks, bands, -1)
    step = max(1, flat.shape[2] // _SAMPLE)
    sample = np.where(seen.reshape(looks, 1, -1)[..., ::step], flat[..., ::step].astype(np.float32), np.float32(np.nan))
    shown = np.asarray(np.isfinite(sample).all(axis=1), dtype=bool)
    plain = np.flatnonzero(shown.mean(axis=1) >= _PLAIN)
    upper = np.zeros(looks, dtype=bool)
    if len(plain) >= 2:
        upper[plain] = _most_likely(_differences(sample[plain], shown[plain]))
    if upper.any():
        for look in np.setdiff1d(np.arange(looks), plain):
            upper[look] = _like_neighbours(look, plain, upper, sample, shown)
    add = np.where(upper, -STEP, 0.0).astype(np.float32)
    if _impossible(sample[~upper] if upper.any() else sample):
        add += np.float32(STEP)
    return add


def _differences(sample: NDArray[np.float32], shown: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(look, back, 2 band): quartiles of the difference of each look to the one 1, 2, ... before it."""
    looks, bands, _ = sample.shape
    away = np.full((looks, _BACK, 2 * bands), np.nan)
    for look in range(1, looks):
        for back in range(1, min(_BACK, look) + 1):
            away[look, back - 1] = _between(look, look - back, sample, shown)
    return away


def _between(one: int, other: int, sample: NDArray[np.float32], shown: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(2 band,) quartiles of the difference of two looks on the ground that both show, NaN where that is little."""
    common = np.flatnonzero(shown[one] & shown[other])
    if len(common) < _LEAST_COMMON:
        return np.full(2 * sample.shape[1], np.nan)
    away = sample[one][:, common] - sample[other][:, common]
    return np.asarray(np.quantile(away, (0.25, 0.75), axis=1), dtype=np.float64).ravel()


def _like_neighbours(
    look: int,
    plain: NDArray[np.intp],
    upper: NDArray[np.bool_],
    sample: NDArray[np.float32],
    shown: NDArray[np.bool_],
) -> bool:
    """The state of a look that shows little, given those around it; that of the nearest where it shows too little."""
    near = plain[np.argsort(np.abs(plain - look), kind="stable")[:_BACK]]
    cost = np.zeros(2)
    for other in near:
        away = _between(look, int(other), sample, shown)
        if np.isfinite(away).all():
            for state in (0, 1):
                cost[state] += _cost(away - STEP * (state - int(upper[other])))
    return bool(cost[1] < cost[0]) if abs(cost[1] - cost[0]) > _PROOF else bool(upper[near[0]])


def _cost(difference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Negative log likelihood (Cauchy) of differences, summed over bands in the last axis."""
    return np.asarray(np.log1p((difference / _NOISE) ** 2).sum(axis=-1) / 2, dtype=np.float64)


def _most_likely(away: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(look,) True = in the upper state, on the most likely path; all False where one state explains as much.

    The state of the dynamic program is the states of the last `_BACK` looks, newest in the lowest bit.
    """
    looks, depth, _ = away.shape
    codes = np.arange(2**depth)
    bits = (codes[:, None] >> np.arange(depth)) & 1
    best = np.where(codes == 0, 0.0, np.inf)
    best[-1] = 0.0  # before the first look all is as it is then
    came = np.zeros((looks, 2**depth), dtype=np.int64)
    alone = 0.0
    for look in range(looks):
        new = np.full(2**depth, np.inf)
        for state in (0, 1):
            costs = np.zeros(2**depth)
            for back in range(depth):
                if np.isfinite(away[look, back]).all():
                    rise = STEP * (state - bits[:, back])
                    costs += _cost(away[look, back] - rise[:, None]) / depth
            if state == 0:
                alone += float(costs[0])
            costs += best + _SWITCH * (bits[:, 0] != state)
            target = ((codes << 1) | state) & (2**depth - 1)
            # Two codes lead to each target; they differ in the oldest look alone.
            order = np.argsort(costs, kind="stable")[::-1]
            new[target[order]] = costs[order]
            came[look, target[order]] = order
        best = new
    if best.min() > alone - _PROOF:
        return np.zeros(looks, dtype=bool)
    code = int(best.argmin())
    upper = np.zeros(looks, dtype=bool)
    for look in range(looks - 1, -1, -1):
        upper[look] = bool(code & 1)
        code = int(came[look, code])
    return upper if not upper.all() else np.zeros(looks, dtype=bool)


def _impossible(sample: NDArray[np.float32]) -> bool:
    """True where the darkest ground of most looks lies where reflectance cannot."""
    darkest = [
        float(np.quantile(look[np.isfinite(look)], _DARK))
        for look in sample
        if np.isfinite(look).sum() >= _LEAST_COMMON
    ]
    return bool(darkest) and float(np.median(darkest)) < _LOWEST
