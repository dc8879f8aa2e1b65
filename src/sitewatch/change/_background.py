"""What a pixel does when nothing is built on it: seasons, and what a whole picture shares on one day."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "LEAST_PIXELS",
    "by_pixel",
    "common_mode",
    "design",
    "orthonormal",
    "residuals",
    "sampled",
    "some_by_pixel",
    "take_off",
]

_YEAR = 365.25
_SAMPLE = 6_000
"""Pixels from which a picture's common offset is estimated: its median is then known to about 2 % of the spread."""
LEAST_PIXELS = 20
"""Of these, seen on a look, under which nothing is said of it."""


def design(days: NDArray[np.float64]) -> NDArray[np.float32]:
    """Basis of the background: a constant, and the seasons as far as the record can tell them from change.

    A yearly wave enters when the record covers a year and a half (a season must come again before it can be told from a
    step), the half-yearly one from two and a half years on; never more columns than a fifth of the looks.

    Args:
        days: (time,) capture times in days, sorted.

    Returns:
        (time, k) float32, not orthonormal; k is 1, 3 or 5.
    """
    years = (days - days[0]) / _YEAR
    columns = [np.ones_like(years)]
    for frequency, least in ((1, 1.5), (2, 2.5)):
        if years[-1] >= least and len(columns) + 2 <= len(days) / 5:
            columns += [np.cos(2 * np.pi * frequency * years), np.sin(2 * np.pi * frequency * years)]
    return np.column_stack(columns).astype(np.float32)


def common_mode(
    values: NDArray[np.float32], valid: NDArray[np.bool_], basis: NDArray[np.float32]
) -> NDArray[np.float32]:
    """What all pixels of one look share beyond their own background: haze, illumination, a change of processing.

    Args:
        values: (pixel, time, band).
        valid: (pixel, time), True = ground seen.
        basis: (time, k) from `design`.

    Returns:
        (time, band): median over a sample of pixels of the residual to each pixel's background; 0 for looks that show
        fewer than 20 of those sampled pixels that were seen often enough to know their background.
    """
    some = sampled(len(values))
    residual = residuals(np.ascontiguousarray(values[some]), np.ascontiguousarray(valid[some]), basis)
    seen = np.isfinite(residual).all(axis=2).sum(axis=0) >= LEAST_PIXELS
    offset = np.zeros(residual.shape[1:], dtype=np.float32)
    offset[seen] = np.nanmedian(residual[:, seen], axis=0)
    return offset


def sampled(pixels: int, size: int = _SAMPLE) -> slice | NDArray[np.int64]:
    """Pixels that stand for all of so many, where a look's own numbers are estimated.

    Args:
        pixels: how many there are; of less than twice `size` all are taken.
        size: how many to take: the same ones each time, drawn by lot, as no stride suits every width.
    """
    if pixels < 2 * size:
        return slice(None)
    return np.sort(np.random.default_rng(0).choice(pixels, size, replace=False))


_TOGETHER = 64
"""Pixels turned around at once: a cache line of each look is read whole."""


_LOOKS = 32
"""Looks that are made float32 at once: a cube may hold half of that, and the whole of it twice would not fit."""


def by_pixel(images: NDArray[np.floating]) -> NDArray[np.float32]:
    """(time, band, pixel) of any float type to (pixel, time, band) float32, with 0 for what is not finite."""
    looks, bands, pixels = images.shape
    out = np.empty((pixels, looks, bands), dtype=np.float32)
    some = np.empty((min(_LOOKS, looks), bands, pixels), dtype=np.float32)
    with ThreadPoolExecutor(numba.get_num_threads()) as pool:
        for first in range(0, looks, _LOOKS):
            part = images[first : first + _LOOKS]
            if part.dtype != np.float32 or not part.flags.c_contiguous:
                # Look by look on all cores: numpy lets other threads go on while it converts.
                list(pool.map(np.copyto, some, part))
                part = some[: len(part)]
            # `out` whole: a part of it is another type of array to numba, which would compile the kernel twice.
            _turn(part, first, out)
    return out


def some_by_pixel(
    images: NDArray[np.floating],
    seen: NDArray[np.bool_],
    pixels: NDArray[np.int64],
    tone: tuple[np.float32, np.float32],
    offset: NDArray[np.float32],
    *,
    values: NDArray[np.float32],
    valid: NDArray[np.bool_],
) -> None:
    """Write the series of some pixels, scaled and less the looks' offset, into (pixel, time, band) and (pixel, time).

    Args:
        images: (time, band, pixel).
        seen: (time, pixel).
        pixels: which; sorted, so that neighbours in memory are read one after the other.
        tone: (value that becomes 0, range that becomes 1).
        offset: (time, band).
        values: of all pixels, changed in place.
        valid: likewise.
    """
    dark, scale = tone[0], np.float32(1.0) / tone[1]
    for first in range(0, len(images), _LOOKS):
        part = slice(first, first + _LOOKS)
        # Taken before they are made float32: of half floats all pixels would cost more than a search of these.
        few = np.take(images[part], pixels, axis=2).astype(np.float32)
        few[~np.isfinite(few)] = 0.0
        few -= dark
        few *= scale
        few -= offset[part, :, None]
        values[pixels, part] = few.transpose(2, 0, 1)
        valid[pixels, part] = np.take(seen[part], pixels, axis=1).T


@numba.njit(parallel=True, cache=True)
def _turn(images, first_look, out):  # type: ignore[no-untyped-def]
    """`by_pixel` of some looks into an array of all that is there."""
    looks, bands, pixels = images.shape
    for block in numba.prange((pixels + _TOGETHER - 1) // _TOGETHER):
        first = block * _TOGETHER
        for t in range(looks):
            for b in range(bands):
                for p in range(first, min(first + _TOGETHER, pixels)):
                    value = images[t, b, p]
                    out[p, first_look + t, b] = value if np.isfinite(value) else np.float32(0.0)


@numba.njit(parallel=True, cache=True)
def take_off(values, offset):  # type: ignore[no-untyped-def]
    """Subtract (time, band) from every pixel of (pixel, time, band), in place."""
    for p in numba.prange(len(values)):
        values[p] -= offset


@numba.njit(cache=True)
def orthonormal(basis, index):  # type: ignore[no-untyped-def]
    """Rows of `basis` at `index` as an orthonormal set, (k, n) float32; dependent columns become zero rows."""
    n, k = index.size, basis.shape[1]
    q = np.zeros((k, n), dtype=np.float32)
    for j in range(k):
        for i in range(n):
            q[j, i] = basis[index[i], j]
        before = np.float32(0.0)
        for i in range(n):
            before += q[j, i] * q[j, i]
        for _ in range(2):  # twice is enough (Kahan, Parlett): the second pass takes what rounding left
            for m in range(j):
                dot = np.float32(0.0)
                for i in range(n):
                    dot += q[m, i] * q[j, i]
                for i in range(n):
                    q[j, i] -= dot * q[m, i]
        norm = np.float32(0.0)
        for i in range(n):
            norm += q[j, i] * q[j, i]
        if norm > np.float32(1e-4) * before and norm > 0:
            scale = np.float32(1.0) / np.sqrt(norm)
            for i in range(n):
                q[j, i] *= scale
        else:
            q[j, :] = 0
    return q


@numba.njit(parallel=True, cache=True)
def residuals(values, valid, basis):  # type: ignore[no-untyped-def]
    """(pixel, time, band) residuals to each pixel's background; NaN where not valid, or where too little was seen."""
    pixels, looks, bands = values.shape
    out = np.full((pixels, looks, bands), np.nan, dtype=np.float32)
    for p in numba.prange(pixels):
        index = np.flatnonzero(valid[p])
        if index.size < basis.shape[1] + 2:
            continue
        q = orthonormal(basis, index)
        for b in range(bands):
            for i in range(index.size):
                out[p, index[i], b] = values[p, index[i], b]
            for j in range(q.shape[0]):
                dot = np.float32(0.0)
                for i in range(index.size):
                    dot += q[j, i] * out[p, index[i], b]
                for i in range(index.size):
                    out[p, index[i], b] -= dot * q[j, i]
    return out
