"""The temporal screen: cloud, haze and shadow that no mask told of."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["screen"]

_HALF = 2
"""Looks on either side: with five in the window a change that lasts three looks is its own majority and stays."""
_LIMIT = 5.0
"""How many noise scales away from its neighbours in time a value is taken for cloud or shadow."""
_FLOOR = 0.02
"""Smallest noise scale, reflectance or picture units: quiet ground must not be screened for its own texture."""


def screen(brightness: NDArray[np.float32], seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which values are unlike the looks before and after, as only cloud, haze or shadow is.

    A value is compared with the running median of five consecutive seen values of its pixel. The scale is the pixel's
    median absolute deviation from that running median, times 1.4826, at least 0.02. Anything that stands for three seen
    looks or more is its own majority and is never screened; a thing seen only once or twice in a row is. That is the
    price: without the screen almost every alarm is the edge of a cloud.

    Args:
        brightness: (time, y, x), mean of the visible bands, 0-1; NaN where nothing was measured.
        seen: (time, y, x), True = ground seen as far as the sensor's mask knows.

    Returns:
        (time, y, x), True = screened out; always False where not `seen`, and for pixels with under five seen looks.
    """
    looks = brightness.shape[0]
    series = np.ascontiguousarray(brightness.reshape(looks, -1).T)
    known = np.ascontiguousarray(seen.reshape(looks, -1).T)
    flags = _screen_series(series, known, _HALF, np.float32(_LIMIT), np.float32(_FLOOR))
    return np.ascontiguousarray(flags.T).reshape(seen.shape)


@numba.njit(parallel=True, cache=True)
def _screen_series(series, known, half, limit, floor):  # type: ignore[no-untyped-def]
    """`screen` on (pixel, time) arrays."""
    pixels, looks = series.shape
    flags = np.zeros((pixels, looks), dtype=np.bool_)
    for p in numba.prange(pixels):
        index = np.flatnonzero(known[p])
        n = index.size
        if n < 2 * half + 1:
            continue
        away = np.empty(n, dtype=np.float32)
        for i in range(n):
            start = min(max(0, i - half), n - 2 * half - 1)
            window = np.empty(2 * half + 1, dtype=np.float32)
            for j in range(2 * half + 1):
                window[j] = series[p, index[start + j]]
            away[i] = series[p, index[i]] - np.median(window)
        scale = max(floor, np.float32(1.4826) * np.median(np.abs(away)))
        for i in range(n):
            if abs(away[i]) > limit * scale:
                flags[p, index[i]] = True
    return flags
