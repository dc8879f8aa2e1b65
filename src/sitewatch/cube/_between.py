"""What the ground looked like on a day between a cube's looks, and how coarser pixels lie on its grid."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import xarray as xr
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from sitewatch.cube._move import moved

__all__ = ["Nesting", "Sides", "sides_of"]

_NEAREST = 3
"""Looks whose median stands for the ground before (after) a day: one that is hazy or moved does not count alone."""
_REACH = 12
"""Looks before (after) the day in which those are searched for."""


@dataclass(frozen=True, kw_only=True)
class Sides:
    """The ground before and after a day, as a cube's looks show it."""

    before: NDArray[np.float32]
    """(band, y, x) median of the three nearest looks that saw the pixel; where none did, as `after`."""
    after: NDArray[np.float32]
    """Likewise; NaN in both where no look near the day saw it."""
    part: float
    """Where the day lies between the nearest look before it (0) and after it (1)."""

    @property
    def usual(self) -> NDArray[np.float32]:
        """(band, y, x) the ground on that day, if it went on evenly from the one to the other."""
        return np.asarray(self.before + np.float32(self.part) * (self.after - self.before), dtype=np.float32)


def sides_of(cube: xr.Dataset, bands: NDArray[np.intp], day: np.datetime64, *, leave: int | None = None) -> Sides:
    """What a cube shows of the ground before and after a day.

    Args:
        cube: as `read_cube` makes it.
        bands: positions of the bands that are wanted.
        day: the moment.
        leave: position of a look that is left out; None: none.
    """
    times = cube["time"].values
    order = np.arange(len(times))
    if leave is not None:
        order = order[order != leave]
    first = int(np.searchsorted(times[order], day, side="right"))
    early, late = order[:first][::-1][:_REACH], order[first:][:_REACH]
    before, after = (_nearest(cube, bands, side) for side in (early, late))
    gaps = [
        float(abs(times[side[0]] - day) / np.timedelta64(1, "D")) if len(side) else np.inf for side in (early, late)
    ]
    whole = sum(gaps)
    part = 0.5 if whole == 0 else 0.0 if np.isinf(gaps[1]) else 1.0 if np.isinf(gaps[0]) else gaps[0] / whole
    return Sides(
        before=np.where(np.isnan(before), after, before),
        after=np.where(np.isnan(after), before, after),
        part=part,
    )


def _nearest(cube: xr.Dataset, bands: NDArray[np.intp], looks: NDArray[np.intp]) -> NDArray[np.float32]:
    """(band, y, x) median of the first looks, of those given, that saw each pixel; NaN where none did."""
    height, width = cube["valid"].shape[1:]
    if not len(looks):
        return np.full((len(bands), height, width), np.nan, dtype=np.float32)
    reflectance, valid = cube["reflectance"].values, cube["valid"].values
    values = np.stack([reflectance[look][bands] for look in looks]).astype(np.float32)
    seen = np.stack([valid[look] for look in looks])
    out = _first_median(values.reshape(len(looks), len(bands), -1), seen.reshape(len(looks), -1), _NEAREST)
    return np.asarray(out, dtype=np.float32).reshape(len(bands), height, width)


@numba.njit(parallel=True, cache=True)
def _first_median(values, seen, most):  # type: ignore[no-untyped-def]
    """(band, pixel) median of the first `most` of (look, band, pixel) that were seen."""
    looks, bands, pixels = values.shape
    out = np.full((bands, pixels), np.nan, dtype=np.float32)
    for p in numba.prange(pixels):
        found = np.empty(most, dtype=np.int64)
        n = 0
        for t in range(looks):
            if seen[t, p] and n < most:
                found[n] = t
                n += 1
        if n == 0:
            continue
        some = np.empty(n, dtype=np.float32)
        for b in range(bands):
            for i in range(n):
                some[i] = values[found[i], b, p]
            out[b, p] = np.median(some)
    return out


_WHOLE = 0.01
"""Fine pixels by which two grids may miss each other's edges: what is left by rounding."""


@dataclass(frozen=True, kw_only=True)
class Nesting:
    """How the pixels of a coarse grid lie on those of a fine one, each `times` of them wide."""

    times: int
    top: int
    """Fine pixels by which the coarse grid begins above the fine one."""
    left: int
    fine: tuple[int, int]
    """(y, x) of the fine grid."""
    coarse: tuple[int, int]

    @classmethod
    def of(cls, fine: GeoBox, coarse: GeoBox) -> Nesting | None:
        """That of two grids; None: pixels are not whole ones of the other, or the coarse grid begins in the fine one.

        Every family's grid is nested in the main one's (`sitewatch.site.nested_grid`). Two of them, of 9 and 30 m
        beside one of 3 m, need not be nested in each other.
        """
        a, b = fine.affine, coarse.affine
        parts = np.array([b.a / a.a, b.e / a.e, (a.f - b.f) / a.e, (a.c - b.c) / a.a])
        whole = np.rint(parts)
        if fine.crs != coarse.crs or (np.abs(parts - whole) > _WHOLE).any() or (whole[2:] < 0).any():
            return None
        times, _, top, left = whole.astype(int).tolist()
        return cls(
            times=times,
            top=top,
            left=left,
            fine=(int(fine.shape[0]), int(fine.shape[1])),
            coarse=(int(coarse.shape[0]), int(coarse.shape[1])),
        )

    def averaged(self, image: NDArray[np.float32], offset: NDArray[np.float64]) -> NDArray[np.float32]:
        """An image of the fine grid in coarse pixels.

        Args:
            image: (band, y, x), NaN where nothing is known.
            offset: (2,) fine pixels along y and x by which the ground of a coarse pixel lies off where its grid says.

        Returns:
            (band, y, x) means, NaN where a part is not known.
        """
        if offset.any():
            image = moved(image, np.broadcast_to(offset, (len(image), 2)).copy())
        height, width = self.coarse[0] * self.times, self.coarse[1] * self.times
        padded = np.full((len(image), height, width), np.nan, dtype=np.float32)
        rows, columns = min(self.fine[0], height - self.top), min(self.fine[1], width - self.left)
        padded[:, self.top : self.top + rows, self.left : self.left + columns] = image[:, :rows, :columns]
        blocks = padded.reshape(len(image), self.coarse[0], self.times, self.coarse[1], self.times)
        return np.asarray(blocks.mean(axis=(2, 4)), dtype=np.float32)

    def spread(self, image: NDArray[np.float32], offset: NDArray[np.float64]) -> NDArray[np.float32]:
        """An image of the coarse grid between the centres of its pixels, bilinear, on the fine grid.

        Args:
            image: (band, y, x), NaN where nothing is known.
            offset: as for `averaged`.

        Returns:
            (band, y, x); what is not known is left out of the mean, NaN where the nearest pixel is not known.
        """
        out = np.empty((len(image), *self.fine), dtype=np.float32)
        _spread(image, self.times, self.top - offset[0], self.left - offset[1], out)
        return out


@numba.njit(parallel=True, cache=True)
def _spread(image, times, top, left, out):  # type: ignore[no-untyped-def]
    bands, height, width = image.shape
    for r in numba.prange(out.shape[1]):
        y = (r + top + 0.5) / times - 0.5
        near_y = min(max(int(np.floor(y + 0.5)), 0), height - 1)
        i = int(np.floor(y))
        for c in range(out.shape[2]):
            x = (c + left + 0.5) / times - 0.5
            near_x = min(max(int(np.floor(x + 0.5)), 0), width - 1)
            j = int(np.floor(x))
            for b in range(bands):
                out[b, r, c] = np.nan
                if np.isnan(image[b, near_y, near_x]):
                    continue
                total, weight = 0.0, 0.0
                for k in range(2):
                    for m in range(2):
                        v, u = i + k, j + m
                        if 0 <= v < height and 0 <= u < width and not np.isnan(image[b, v, u]):
                            share = (1 - abs(y - v)) * (1 - abs(x - u))
                            total += share * image[b, v, u]
                            weight += share
                if weight > 0:
                    out[b, r, c] = total / weight
