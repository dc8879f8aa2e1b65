"""Ground that a sensor's mask calls cloud again and again: bright roofs above all."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

__all__ = ["ground_in_cloud"]

_AROUND = 44
"""Edge of the window, pixels, in which a mask must see mostly ground for what it calls cloud to be doubted."""
_BLOCK = 4
"""Edge of the blocks of pixels in which that is counted."""
_HALF = 7
"""Looks before and after, of those that are clear around, that a pixel is compared with."""
_OFTEN = 0.3
"""Share of these looks in which it is called cloud. Where a mask is right that happens at cloud edges, once in ten."""
_LEAST = 5
_ALIKE = 2.5
"""Noise scales within which its value must lie to those looks' median."""
_FLOOR = 0.03
"""Smallest noise scale times `_ALIKE`, reflectance or picture units."""


def ground_in_cloud(images: NDArray[np.float32], flagged: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which pixels a sensor's mask calls cloud although they show the ground.

    Masks fail over bright roofs (python-fmask#72, sentinel2-cloud-detector#93): the very things that are watched. A
    cloud comes and goes, and over one roof it leaves the yard beside it in sight only by chance. So a pixel is given
    back where the looks that are mostly clear in 44 x 44 pixels around it call it cloud in three of ten and more, and
    where it shows what those looks show there: within 2.5 median absolute deviations (times 1.4826) of the median of
    the seven before and the seven after.

    Args:
        images: (time, y, x) brightness, 0-1.
        flagged: (time, y, x), True = cloud or shadow, as the mask says.

    Returns:
        (time, y, x), True = ground; only where `flagged`.
    """
    looks, height, width = flagged.shape
    around = np.ones((looks, -(-height // _BLOCK), -(-width // _BLOCK)), dtype=bool)
    often = np.zeros((height, width), dtype=np.int32)
    for look in range(looks):
        if not flagged[look].any():
            continue
        around[look] = uniform_filter(_blocks(flagged[look]), _AROUND // _BLOCK, mode="nearest") < 0.5
        often += flagged[look] & np.repeat(np.repeat(around[look], _BLOCK, 0), _BLOCK, 1)[:height, :width]
    given_back = np.zeros(flagged.shape, dtype=bool)
    doubted = np.flatnonzero(often.ravel() >= _LEAST)
    _give_back(images.reshape(looks, -1), flagged.reshape(looks, -1), around, doubted, given_back)
    return given_back


def _blocks(flags: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Share of True in blocks of pixels; those at the far edges are made whole with False."""
    height, width = flags.shape
    whole = np.pad(flags, ((0, -height % _BLOCK), (0, -width % _BLOCK)))
    shape = (whole.shape[0] // _BLOCK, _BLOCK, whole.shape[1] // _BLOCK, _BLOCK)
    return np.asarray(whole.reshape(shape).mean(axis=(1, 3)), dtype=np.float32)


@numba.njit(parallel=True, cache=True)
def _give_back(images, flagged, around, pixels, given_back):  # type: ignore[no-untyped-def]
    """`ground_in_cloud` for some pixels, on (time, pixel) arrays; `around` in blocks, `given_back` (time, y, x)."""
    looks, _, width = given_back.shape
    for k in numba.prange(pixels.size):
        p = pixels[k]
        r, c = p // width, p % width
        index = np.empty(looks, dtype=np.int64)
        n = 0
        for t in range(looks):
            if around[t, r // _BLOCK, c // _BLOCK] and np.isfinite(images[t, p]):
                index[n] = t
                n += 1
        for i in range(n):
            if not flagged[index[i], p]:
                continue
            first, last = max(0, i - _HALF), min(n, i + _HALF + 1)
            values = np.empty(last - first, dtype=np.float32)
            often = 0
            for j in range(first, last):
                values[j - first] = images[index[j], p]
                often += flagged[index[j], p]
            if often < _LEAST or often < _OFTEN * (last - first):
                continue
            middle = np.median(values)
            scale = np.float32(1.4826) * np.median(np.abs(values - middle))
            if abs(images[index[i], p] - middle) <= max(np.float32(_FLOOR), np.float32(_ALIKE) * scale):
                given_back[index[i], r, c] = True
