"""A clear mask of our own, for looks that come without one: what hides the ground is told by time and texture."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, gaussian_filter, uniform_filter

__all__ = ["hidden"]

_SIDE = 8
"""Looks before and after that a look is compared with."""
_LEAST_SIDE = 3
_LOW, _HIGH = 0.35, 0.45
"""Quantiles of these looks that stand for the ground: clouds are bright, and more frequent than their shadows."""
_FLOOR = 0.025
"""Smallest noise scale, reflectance or picture units."""
_SURE, _LIKELY = 4.0, 1.0
"""Noise scales by which hidden ground differs: alone, and where the ground's texture is gone too."""
_WINDOW = 11
"""Edge of the window, pixels, in which texture is compared."""
_LOST = 0.4
"""Correlation with the ground's texture under which it is gone."""
_ALL_SHADE = 0.6
"""Share of a look from which darkness is no cloud's shadow: the looks around it lay under cloud or snow."""
_MAJORITY = 7
"""Edge of the window, pixels, in which the majority decides: cloud has no holes over roofs, and cars are no cloud."""
_RIM = 2
"""Pixels that are added around, where a cloud's edge thins out."""


def hidden(images: NDArray[np.float32], seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where cloud, haze or shadow hides the ground, judged by what the looks before and after show there.

    Ground is what a pixel shows in a low quantile of the eight looks before, or of the eight after; a building that
    goes up differs from the looks before it and not from those after. A look is hidden where it is brighter (cloud)
    or darker (shadow) than both by four noise scales; or by one, where the texture of the ground is gone as well:
    the correlation in 11 x 11 pixels with the better of the two sides is under 0.4 although the ground has texture
    there. That a cloud brings its own brightness is the temporal test of Hagolle et al. (2010), that it takes the
    ground's texture is their last one. The majority in 7 x 7 pixels decides, and two pixels are added around.

    It fails where cloud is as bright and as even as the ground beneath (snow, white roofs alone), and where more than
    two thirds of the looks on both sides are cloudy; the temporal screen comes after it.

    Args:
        images: (time, y, x) brightness of comparable looks, 0-1; NaN where nothing was measured.
        seen: (time, y, x), True = measured, and not yet known to be hidden.

    Returns:
        (time, y, x), True = hidden; False where not `seen`. Looks with under three looks on both sides are left alone.
    """
    images, seen = np.ascontiguousarray(images), np.ascontiguousarray(seen)
    scale = _noise(images, seen)
    flags = np.zeros(images.shape, dtype=bool)
    for look in range(len(images)):
        before, after, darker = _sides(images, seen, look)
        ground = _nearer(images[look], before, after)
        known = seen[look] & np.isfinite(ground)
        if not known.any():
            continue
        image = np.where(known, images[look], 0.0)
        base = np.where(known, ground, 0.0)
        brighter = gaussian_filter(np.where(known, image - np.fmax(before, after), 0.0), 1.0) / scale
        dimmer = gaussian_filter(np.where(known, darker - image, 0.0), 1.0) / scale
        lost = _texture_lost(image, base, scale)
        found = (brighter > _SURE) | ((brighter > _LIKELY) & lost)
        shaded = (dimmer > _SURE) | ((dimmer > _LIKELY) & lost)
        if shaded[known].mean() < _ALL_SHADE:
            found |= shaded
        found = uniform_filter(found.astype(np.float32), _MAJORITY) > 0.5
        flags[look] = binary_dilation(found, iterations=_RIM) & seen[look]
    return flags


def _nearer(image: NDArray[np.float32], before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float32]:
    """(y, x) the ground of a look: of both sides the one that it is nearer to, else the only one there is."""
    ground = np.where(np.abs(image - after) < np.abs(image - before), after, before)  # comparisons with NaN are False
    return np.where(np.isfinite(ground), ground, after)


def _noise(images: NDArray[np.float32], seen: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(y, x) usual distance of a pixel from its ground."""
    usual = gaussian_filter(np.float32(1.4826) * _usual_distance(images, seen), 1.0)
    return np.asarray(np.maximum(usual, np.float32(_FLOOR)), dtype=np.float32)


def _texture_lost(
    image: NDArray[np.float32], ground: NDArray[np.float32], scale: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """(y, x) True where the ground has texture and the look does not show it."""
    mean, mean_ground = uniform_filter(image, _WINDOW), uniform_filter(ground, _WINDOW)
    own = uniform_filter(image * image, _WINDOW) - mean * mean
    known = uniform_filter(ground * ground, _WINDOW) - mean_ground * mean_ground
    both = uniform_filter(image * ground, _WINDOW) - mean * mean_ground
    correlation = both / np.sqrt(np.maximum(own * known, 1e-10))
    return np.asarray((correlation < _LOST) & (known > scale * scale), dtype=bool)


@numba.njit(inline="always")
def _quantiles(values, m):  # type: ignore[no-untyped-def]
    """The low and the higher quantile that stand for ground, of the first `m` values, which are sorted in place."""
    for i in range(1, m):  # by insertion: of eight values no other way is faster
        value = values[i]
        j = i
        while j > 0 and values[j - 1] > value:
            values[j] = values[j - 1]
            j -= 1
        values[j] = value
    return values[int(_LOW * (m - 1) + 0.5)], values[int(_HIGH * (m - 1) + 0.5)]


# What these find for all looks at once would be three arrays like `images` and as many again to compare with them: ten
# times the brightness of a long record. Per look, or per pixel, it is found twice, in no memory to speak of.


@numba.njit(parallel=True, cache=True)
def _sides(images, seen, look):  # type: ignore[no-untyped-def]
    """(y, x) a low quantile of the looks before and of those after one look, and the smaller of two higher ones."""
    looks, height, width = images.shape
    before = np.full((height, width), np.nan, dtype=np.float32)
    after = np.full((height, width), np.nan, dtype=np.float32)
    darker = np.full((height, width), np.nan, dtype=np.float32)
    for r in numba.prange(height):
        values = np.empty(_SIDE, dtype=np.float32)
        for c in range(width):
            if not (seen[look, r, c] and np.isfinite(images[look, r, c])):
                continue
            smaller = np.float32(np.inf)
            for side in range(2):
                step = -1 if side == 0 else 1
                m, t = 0, look + step
                while m < _SIDE and 0 <= t < looks:
                    if seen[t, r, c] and np.isfinite(images[t, r, c]):
                        values[m] = images[t, r, c]
                        m += 1
                    t += step
                if m < _LEAST_SIDE:
                    continue
                low, high = _quantiles(values, m)
                if side == 0:
                    before[r, c] = low
                else:
                    after[r, c] = low
                smaller = min(smaller, high)
            if np.isfinite(smaller):
                darker[r, c] = smaller
    return before, after, darker


@numba.njit(parallel=True, cache=True)
def _usual_distance(images, seen):  # type: ignore[no-untyped-def]
    """(y, x) median distance of a pixel's seen values from their ground (see `_nearer`); 0 where there is none."""
    looks, height, width = images.shape
    usual = np.zeros((height, width), dtype=np.float32)
    for r in numba.prange(height):
        known = np.empty(looks, dtype=np.float32)
        away = np.empty(looks, dtype=np.float32)
        values = np.empty(_SIDE, dtype=np.float32)
        for c in range(width):
            n = 0
            for t in range(looks):
                if seen[t, r, c] and np.isfinite(images[t, r, c]):
                    known[n] = images[t, r, c]
                    n += 1
            count = 0
            for k in range(n):
                nearest = np.float32(np.inf)
                for side in range(2):
                    first, last = (max(0, k - _SIDE), k) if side == 0 else (k + 1, min(n, k + 1 + _SIDE))
                    m = last - first
                    if m < _LEAST_SIDE:
                        continue
                    values[:m] = known[first:last]
                    low, _ = _quantiles(values, m)
                    nearest = min(nearest, abs(known[k] - low))
                if np.isfinite(nearest):
                    away[count] = nearest
                    count += 1
            if count:
                usual[r, c] = np.median(away[:count])
    return usual
