"""The rendering raster: finer than the pixels, in metres from the scene's upper left corner."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
import shapely
from numpy.typing import NDArray
from shapely import affinity
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

__all__ = ["Footprint", "Frame", "Patch", "noise", "one_polygon", "rectangle"]

Footprint = Polygon | MultiPolygon
"""A shape in metres: x to the east, y to the SOUTH, from the scene's upper left corner."""


@dataclass(frozen=True, kw_only=True)
class Patch:
    """Which cells of the rendering raster a footprint covers."""

    rows: slice
    columns: slice
    inside: NDArray[np.bool_]
    """(rows, columns); True where a cell's centre lies in the footprint."""

    @property
    def window(self) -> tuple[slice, slice]:
        """Index of the patch in a raster of shape (y, x)."""
        return self.rows, self.columns


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Sizes of a scene and of the raster it is rendered on."""

    size: int
    """Pixels along an edge."""
    oversample: int
    """Cells along the edge of a pixel."""
    pixel_m: float
    """Metres along the edge of a pixel."""

    @property
    def cells(self) -> int:
        """Cells along an edge."""
        return self.size * self.oversample

    @property
    def cell_m(self) -> float:
        """Metres along the edge of a cell."""
        return self.pixel_m / self.oversample

    @property
    def extent_m(self) -> float:
        """Metres along an edge of the scene."""
        return self.size * self.pixel_m

    @property
    def box(self) -> Polygon:
        """The whole scene."""
        return shapely.box(0, 0, self.extent_m, self.extent_m)

    def centres(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(y, x) arrays of the x and the y of every cell's centre, metres."""
        along = ((np.arange(self.cells) + 0.5) * self.cell_m).astype(np.float32)
        x, y = np.meshgrid(along, along)
        return x, y

    def turned(self, angle: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """As `centres`, in axes through the scene's centre turned by `angle` radians."""
        x, y = self.centres()
        x, y = x - self.extent_m / 2, y - self.extent_m / 2
        c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        return x * c + y * s, y * c - x * s

    def patch(self, footprint: Footprint) -> Patch:
        """The cells whose centres lie inside a footprint (none where it lies outside the scene)."""
        left, top, right, bottom = footprint.bounds
        rows = slice(max(0, int(top / self.cell_m)), min(self.cells, int(bottom / self.cell_m) + 1))
        columns = slice(max(0, int(left / self.cell_m)), min(self.cells, int(right / self.cell_m) + 1))
        if rows.stop <= rows.start or columns.stop <= columns.start:
            return Patch(rows=slice(0, 0), columns=slice(0, 0), inside=np.zeros((0, 0), dtype=bool))
        x, y = np.meshgrid(
            (np.arange(columns.start, columns.stop) + 0.5) * self.cell_m,
            (np.arange(rows.start, rows.stop) + 0.5) * self.cell_m,
        )
        shapely.prepare(footprint)
        return Patch(rows=rows, columns=columns, inside=np.asarray(shapely.contains_xy(footprint, x, y), dtype=bool))


def rectangle(x: float, y: float, *, length: float, width: float, angle: float) -> Polygon:
    """A rectangle around (x, y), its length turned by `angle` radians from the x axis; metres."""
    box = shapely.box(-length / 2, -width / 2, length / 2, width / 2)
    return affinity.translate(affinity.rotate(box, angle, origin=(0, 0), use_radians=True), x, y)


def one_polygon(shape: BaseGeometry) -> Polygon:
    """A shape as one polygon without holes: its largest piece."""
    pieces = [p for p in getattr(shape, "geoms", [shape]) if isinstance(p, Polygon)]
    return Polygon(max(pieces, key=lambda p: p.area).exterior)


def noise(
    rng: np.random.Generator, cells: int, *, slope: float, largest: float, stretch: float = 1.0
) -> NDArray[np.float32]:
    """Multi-scale noise that wraps around, mean 0 and standard deviation 1.

    Args:
        rng: where the chance comes from.
        cells: edge of the square.
        slope: how fast the amplitude falls with frequency: 0 white, 1 grainy, 2 smooth.
        largest: cells of the largest features; larger ones are as weak as these.
        stretch: how much longer features are along x than along y.

    Returns:
        (cells, cells) float32.
    """
    white = rng.standard_normal((cells, cells), dtype=np.float32)
    fy = scipy.fft.fftfreq(cells).astype(np.float32)[:, None]
    fx = scipy.fft.rfftfreq(cells).astype(np.float32)[None, :] * np.float32(stretch)
    power = (fx**2 + fy**2 + np.float32(1 / largest**2)) ** np.float32(-slope / 2)
    power[0, 0] = 0
    field = scipy.fft.irfft2(scipy.fft.rfft2(white) * power, s=(cells, cells))
    return np.asarray(field / field.std(), dtype=np.float32)
