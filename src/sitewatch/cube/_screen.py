"""The temporal screen: cloud, haze and shadow that no mask told of."""

from __future__ import annotations

from typing import TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["screen"]

_HALF = 2
"""Looks on either side: with five in the window a change that lasts three looks is its own majority and stays."""
_LIMIT = 5.0
"""How many noise scales away from its neighbours in time a value is taken for cloud or shadow."""
_ROWS = 32
"""Rows of a site that are turned to series at once."""
_Value = TypeVar("_Value", bound=np.generic)
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
    flags = np.zeros(seen.shape, dtype=bool)
    for first in range(0, brightness.shape[1], _ROWS):
        rows = slice(first, first + _ROWS)
        _screen_rows(_by_pixel(brightness[:, rows]), _by_pixel(seen[:, rows]), flags[:, rows])
    return flags


def _by_pixel(images: NDArray[_Value]) -> NDArray[_Value]:
    """(time, y, x) to (y, x, time) in one piece of memory."""
    return np.ascontiguousarray(images.transpose(1, 2, 0))


@numba.njit(cache=True)
def _median_of_five(v):  # type: ignore[no-untyped-def]
    """Median of an array of five, which is reordered: six comparisons instead of a sort."""
    a, b, c, d, e = v[0], v[1], v[2], v[3], v[4]
    if a > b:
        a, b = b, a
    if c > d:
        c, d = d, c
    # The smallest of the four and the largest of the four cannot be the middle of five.
    low, high = max(a, c), min(b, d)
    if low > high:
        low, high = high, low
    return min(max(e, low), high)


@numba.njit(parallel=True, cache=True)
def _screen_rows(series, known, flags):  # type: ignore[no-untyped-def]
    """`screen` on (y, x, time) arrays; writes `flags` (time, y, x)."""
    height, width, looks = series.shape
    half = _HALF
    for r in numba.prange(height):
        index = np.empty(looks, dtype=np.int64)
        away = np.empty(looks, dtype=np.float32)
        size = np.empty(looks, dtype=np.float32)
        window = np.empty(2 * half + 1, dtype=np.float32)
        for c in range(width):
            n = 0
            for t in range(looks):
                if known[r, c, t]:
                    index[n] = t
                    n += 1
            if n < 2 * half + 1:
                continue
            for i in range(n):
                start = min(max(0, i - half), n - 2 * half - 1)
                for j in range(2 * half + 1):
                    window[j] = series[r, c, index[start + j]]
                away[i] = series[r, c, index[i]] - _median_of_five(window)
                size[i] = abs(away[i])
            scale = max(np.float32(_FLOOR), np.float32(1.4826) * np.median(size[:n]))
            for i in range(n):
                if abs(away[i]) > np.float32(_LIMIT) * scale:
                    flags[index[i], r, c] = True
