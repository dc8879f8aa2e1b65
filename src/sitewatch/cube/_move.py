"""Looks moved by parts of a pixel."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["cubic_weights", "move_back", "moved"]

_LEAST_MOVE = 0.1
_COUNTS = 0.1
"""Share of a moved pixel's (bilinear) weight from which a pixel that was not seen hides it."""
_OUTSIDE = 1
"""`Cause.OUTSIDE`, for compiled code."""


def move_back(values: NDArray[np.floating], causes: NDArray[np.uint8], offset: NDArray[np.float64]) -> None:
    """Move looks onto the stack, in place, by cubic convolution (Keys 1981).

    Looks that lie less than a tenth of a pixel off are left as they are: interpolating costs them more sharpness than
    it mends. Where one of the 16 pixels around a point is missing, the nearest one is taken; a pixel counts as seen
    where all pixels are seen that most of its value comes from.

    Args:
        values: (time, band, y, x).
        causes: (time, y, x), 0 = ground seen.
        offset: (time, 2) pixels along y and x, as in `Shifts.offset`.
    """
    for look in np.flatnonzero(np.abs(offset).max(axis=1) >= _LEAST_MOVE):
        images = values[look].astype(np.float32)
        why = np.empty_like(causes[look])
        _move_look(images, causes[look], offset[look], why)
        values[look], causes[look] = images, why


@numba.njit(cache=True)
def cubic_weights(t):  # type: ignore[no-untyped-def]
    """Keys' cubic convolution (a = -1/2) for the four pixels around a point t beyond the second, 0 <= t < 1."""
    w = np.empty(4, dtype=np.float64)
    w[0] = -0.5 * t + t * t - 0.5 * t * t * t
    w[1] = 1.0 - 2.5 * t * t + 1.5 * t * t * t
    w[2] = 0.5 * t + 2.0 * t * t - 1.5 * t * t * t
    w[3] = -0.5 * t * t + 0.5 * t * t * t
    return w


@numba.njit(cache=True)
def _move(image, dy, dx, across, out):  # type: ignore[no-untyped-def]
    """Write `image` moved back by (dy, dx) to `out`; NaN where what belongs there lies outside the image.

    First along x into `across`, then along y: the weights of the 16 pixels are products.
    """
    height, width = image.shape
    iy, ix = int(np.floor(dy)), int(np.floor(dx))
    wy, wx = cubic_weights(dy - iy).astype(np.float32), cubic_weights(dx - ix).astype(np.float32)
    across[:] = np.nan
    out[:] = np.nan
    left, right = max(0, 1 - ix), min(width, width - 2 - ix)
    for r in range(height):
        for c in range(left, right):
            k = c + ix
            across[r, c] = (
                wx[0] * image[r, k - 1] + wx[1] * image[r, k] + wx[2] * image[r, k + 1] + wx[3] * image[r, k + 2]
            )
    for r in range(max(0, 1 - iy), min(height, height - 2 - iy)):
        k = r + iy
        for c in range(width):
            out[r, c] = (
                wy[0] * across[k - 1, c] + wy[1] * across[k, c] + wy[2] * across[k + 1, c] + wy[3] * across[k + 2, c]
            )
    for r in range(height):
        near_y = int(np.floor(r + dy + 0.5))
        if not 0 <= near_y < height:
            continue
        for c in range(width):
            if np.isnan(out[r, c]):
                near_x = int(np.floor(c + dx + 0.5))
                if 0 <= near_x < width:
                    out[r, c] = image[near_y, near_x]


@numba.njit(cache=True)
def _move_causes(causes, dy, dx, out):  # type: ignore[no-untyped-def]
    """Write why the ground was not seen, moved like `_move`, to `out`: seen only where all that counts was seen."""
    height, width = causes.shape
    for r in range(height):
        for c in range(width):
            worst = 0
            for j in range(2):
                for i in range(2):
                    y, x = int(np.floor(r + dy)) + j, int(np.floor(c + dx)) + i
                    if (1 - abs(r + dy - y)) * (1 - abs(c + dx - x)) < _COUNTS:
                        continue
                    if 0 <= y < height and 0 <= x < width:
                        if worst == 0:
                            worst = causes[y, x]
                    else:
                        worst = _OUTSIDE
            out[r, c] = worst


@numba.njit(parallel=True, cache=True)
def _move_look(images, causes, offset, why):  # type: ignore[no-untyped-def]
    """Move the bands of one look in place, and write its moved causes to `why`."""
    bands, height, width = images.shape
    for b in numba.prange(bands + 1):
        if b == bands:
            _move_causes(causes, offset[0], offset[1], why)
        else:
            out = np.empty((height, width), dtype=np.float32)
            _move(images[b], offset[0], offset[1], np.empty((height, width), dtype=np.float32), out)
            images[b] = out


@numba.njit(parallel=True, cache=True)
def moved(images, offset):  # type: ignore[no-untyped-def]
    """(time, y, x) images moved back by (time, 2) offsets."""
    out = np.empty_like(images)
    for t in numba.prange(images.shape[0]):
        _move(images[t], offset[t, 0], offset[t, 1], np.empty(images.shape[1:], dtype=np.float32), out[t])
    return out
