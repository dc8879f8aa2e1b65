"""What neighbouring pixels share of one look: thin haze, the foot of a cloud, what a stretch or a codec made of them.

On one look a pixel is off its background much as its neighbours are. The mean of what the 15 x 15 pixels around are off
by is taken from it, so that what is left is its own. Two things keep what is built from being taken for haze. What
counts is how far a pixel is off the median of the nine looks around this one, beyond its background: haze comes and
goes with its look, and what stands longer than four looks is that median. And it counts up to three spreads of its
look. What all pixels of a look share was taken out before (`common_mode`). Geodesy filters the daily positions of
neighbouring GPS stations in this way (Wdowinski et al. 1997, J. Geophys. Res. 102, 18057).

What came within the last four looks, or was there in the first four only, is not that median: it cannot be told from
haze yet, and a thing much wider than 15 pixels loses up to three spreads of each look.

The means are kept on a grid of cells of three pixels, in a ninth of the room, and run linearly from middle to middle.
"""

from __future__ import annotations

from collections.abc import Callable

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from sitewatch.change._background import LEAST_PIXELS, residuals, sampled

__all__ = ["SIDE", "cells", "local_mode", "near_means", "take_off_near"]

_CELL = 3
"""Edge of a cell, pixels."""
_AROUND = 5
"""Edge, in cells, of what is near."""
SIDE = 4
"""Seen looks on either side whose median a look is set beside."""
_LIMIT = 3.0
"""Spreads of a look up to which a pixel counts."""
_LEAST_SEEN = 0.05
"""Share of what is near that must have been seen for its mean to be taken off whole."""
_FEWEST = 3
"""Looks of a pixel that tell what passes."""
_ROWS = 8 * _CELL
"""Rows of a place whose residuals are held at once."""


def cells(shape: tuple[int, int]) -> tuple[int, int]:
    """How many cells (y, x) a grid of `shape` has."""
    return -(-shape[0] // _CELL), -(-shape[1] // _CELL)


def local_mode(
    values: NDArray[np.float32], valid: NDArray[np.bool_], basis: NDArray[np.float32], shape: tuple[int, int]
) -> NDArray[np.float32]:
    """What pixels share with those near them on each look and not on those before and after it.

    Args:
        values: (pixel, time, band), what all pixels share taken out.
        valid: (pixel, time), True = ground seen.
        basis: (time, k) from `design`.
        shape: (y, x).

    Returns:
        (y, x, time, band) of the grid of `cells`; 0 where nothing near was seen, or hardly anything of the look.
    """

    def residual(pixels: slice | NDArray[np.int64]) -> NDArray[np.float32]:
        return np.asarray(residuals(np.ascontiguousarray(values[pixels]), np.ascontiguousarray(valid[pixels]), basis))

    return _shared(residual, values.shape, shape)


def near_means(
    differences: NDArray[np.float32], valid: NDArray[np.bool_], shape: tuple[int, int]
) -> NDArray[np.float32]:
    """What pixels share with those near them on each of some looks, one after the other, whose background is known.

    Args:
        differences: (pixel, time, band) of all pixels from what was to be expected, what all share taken out.
        valid: (pixel, time), True = ground seen.
        shape: (y, x).

    Returns:
        As `local_mode`.
    """

    def residual(pixels: slice | NDArray[np.int64]) -> NDArray[np.float32]:
        return np.where(valid[pixels, :, None], differences[pixels], np.float32(np.nan))

    return _shared(residual, differences.shape, shape)


def _shared(
    residual_of: Callable[[slice | NDArray[np.int64]], NDArray[np.float32]],
    size: tuple[int, ...],
    shape: tuple[int, int],
) -> NDArray[np.float32]:
    """`local_mode` from what gives the residuals of some pixels, NaN where not seen; `size`: (pixel, time, band)."""
    height, width = shape
    sample = residual_of(sampled(size[0]))
    _leave_passing(sample)
    limit = _limit(sample)
    sums = np.empty((*cells(shape), *size[1:]), dtype=np.float32)
    counts = np.empty(sums.shape[:3], dtype=np.float32)
    for first in range(0, height, _ROWS):
        residual = residual_of(slice(first * width, min(first + _ROWS, height) * width))
        _leave_passing(residual)
        at = slice(first // _CELL, (first + _ROWS) // _CELL)
        sums[at], counts[at] = _in_cells(residual, limit, width)
    return _means(sums, counts)


def _limit(sample: NDArray[np.float32]) -> NDArray[np.float32]:
    """(time, band) how far off a pixel counts; 0 for looks that show too little of the sample to tell."""
    limit = np.zeros(sample.shape[1:], dtype=np.float32)
    seen = np.isfinite(sample).all(axis=2).sum(axis=0) >= LEAST_PIXELS
    limit[seen] = _LIMIT * 1.4826 * np.nanmedian(np.abs(sample[:, seen]), axis=0)
    return limit


def _in_cells(
    residual: NDArray[np.float32], limit: NDArray[np.float32], width: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(y, x, time, band) sums over the cells of some rows, and (y, x, time) how many pixels of them were seen."""
    rows = len(residual) // width
    seen = np.asarray(np.isfinite(residual).all(axis=2))
    counted = np.where(seen[..., None], np.clip(residual, -limit, limit), np.float32(0.0))
    down, across = np.arange(0, rows, _CELL), np.arange(0, width, _CELL)

    def summed(of_pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        on_grid = of_pixels.reshape(rows, width, *of_pixels.shape[1:])
        return np.asarray(np.add.reduceat(np.add.reduceat(on_grid, across, axis=1), down, axis=0))

    return summed(counted), summed(seen.astype(np.float32))


def _means(sums: NDArray[np.float32], counts: NDArray[np.float32]) -> NDArray[np.float32]:
    """(y, x, time, band) means over the cells around each."""
    by_look, seen = np.ascontiguousarray(sums.transpose(2, 3, 0, 1)), np.ascontiguousarray(counts.transpose(2, 0, 1))
    for look, count in zip(by_look, seen, strict=True):
        around = np.maximum(uniform_filter(count, _AROUND), np.float32(_LEAST_SEEN * _CELL * _CELL))
        for band in look:
            band[:] = uniform_filter(band, _AROUND) / around
    return np.ascontiguousarray(by_look.transpose(2, 3, 0, 1))


@numba.njit(parallel=True, cache=True)
def _leave_passing(residual):  # type: ignore[no-untyped-def]
    """Take from (pixel, time, band), in place, the median of the seen looks around each.

    NaN is not seen, and what a pixel shows on fewer than `_FEWEST` looks becomes NaN.
    """
    pixels, looks, bands = residual.shape
    for p in numba.prange(pixels):
        index = np.empty(looks, dtype=np.int64)
        n = 0
        for t in range(looks):
            if np.isfinite(residual[p, t]).all():
                index[n] = t
                n += 1
        if n < _FEWEST:
            residual[p] = np.nan
            continue
        size = min(2 * SIDE + 1, n - 1 + n % 2)  # an odd number, so that one of them is the median
        series, window = np.empty(n, dtype=np.float32), np.empty(size, dtype=np.float32)
        for b in range(bands):
            for i in range(n):
                series[i] = residual[p, index[i], b]
            window[:] = np.sort(series[:size])
            first = 0
            for i in range(n):
                if first < min(i - size // 2, n - size):
                    _exchange(window, series[first], series[first + size])
                    first += 1
                residual[p, index[i], b] = series[i] - window[size // 2]


@numba.njit(cache=True)
def _exchange(window, old, new):  # type: ignore[no-untyped-def]
    """Put a number in the place of another one in a sorted array, which stays sorted."""
    i = 0
    while i + 1 < window.size and window[i] != old:
        i += 1
    while i + 1 < window.size and window[i + 1] < new:
        window[i] = window[i + 1]
        i += 1
    while i > 0 and window[i - 1] > new:
        window[i] = window[i - 1]
        i -= 1
    window[i] = new


@numba.njit(parallel=True, cache=True)
def take_off_near(values, pixels, near, width):  # type: ignore[no-untyped-def]
    """Take what is shared nearby off some pixels, in place.

    Args:
        values: (pixel, time, band) of all pixels.
        pixels: which; flat indices into (y, x).
        near: (y, x, time, band) from `local_mode`.
        width: pixels along x.
    """
    down, across, looks, bands = near.shape
    for i in numba.prange(pixels.size):
        p = pixels[i]
        # The middle of the first cell is the second pixel's.
        y = min(max((p // width - (_CELL - 1) / 2) / _CELL, 0.0), down - 1.0)
        x = min(max((p % width - (_CELL - 1) / 2) / _CELL, 0.0), across - 1.0)
        y0, x0 = int(y), int(x)
        y1, x1 = min(y0 + 1, down - 1), min(x0 + 1, across - 1)
        south, east = np.float32(y - y0), np.float32(x - x0)
        north, west = np.float32(1.0) - south, np.float32(1.0) - east
        for t in range(looks):
            for b in range(bands):
                values[p, t, b] -= north * (west * near[y0, x0, t, b] + east * near[y0, x1, t, b]) + south * (
                    west * near[y1, x0, t, b] + east * near[y1, x1, t, b]
                )
