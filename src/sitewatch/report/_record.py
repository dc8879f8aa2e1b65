"""The cube as the pictures and charts read it: looks in time, three colours, one stretch for all figures."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import odc.geo.xr  # registers `.odc` on xarray objects
import shapely
import xarray as xr
from numpy.typing import NDArray
from odc.geo import CRS
from odc.geo.geobox import GeoBox
from shapely.geometry import MultiPolygon, Polygon

from sitewatch.cube import Look
from sitewatch.site import Site, area_mask, project

__all__ = ["Frame", "Record", "frame_of", "open_record", "same_ground"]

assert odc.geo.xr is not None

CLEAR = 0.8
"""Share of a footprint's pixels that must be seen for a picture of it to be called clear."""

_TRUE_COLOUR = ("red", "green", "blue")


@dataclass(frozen=True, kw_only=True)
class Record:
    """The used looks of a site, ready to be drawn."""

    site: Site
    grid: GeoBox
    crs: CRS
    looks: tuple[Look | None, ...]
    """One per time of the cube; None where the list of looks does not know its scene."""
    scenes: tuple[str, ...]
    times: tuple[dt.datetime, ...]
    """Capture times, UTC, sorted."""
    reflectance: NDArray[np.float32]
    """(time, band, y, x), 0-1 (of radar decibels), NaN where nothing was measured."""
    valid: NDArray[np.bool_]
    """(time, y, x), True where the ground was seen."""
    colours: tuple[int, int, int]
    """Indices of the bands shown as red, green and blue."""
    colour_names: str
    """What the pictures show: "true colour (red, green, blue)" and so on."""
    units: str
    """"reflectance", "picture" or "backscatter"."""
    black: float
    white: float
    """Values shown as black and as white, in every picture of the report."""
    gamma: float

    def look_name(self, index: int) -> str:
        """When a look was taken: date and time of day, or the date alone where that is all that is known."""
        look = self.looks[index]
        if look is not None and look.whole_day:
            return f"{self.times[index]:%Y-%m-%d} (time of day unknown)"
        return f"{self.times[index]:%Y-%m-%d %H:%M} UTC"

    def latest(self, index: int) -> dt.datetime:
        """Last moment at which a look can have been taken."""
        look = self.looks[index]
        return (look.latest if look is not None else None) or self.times[index]

    def sensor(self, index: int) -> str:
        """The sensor of a look."""
        look = self.looks[index]
        return "sensor not told" if look is None or look.sensor == "unknown" else look.sensor

    def credit(self, index: int) -> str:
        """What must stand beside a figure of a look."""
        look = self.looks[index]
        return (look.credit if look is not None else None) or "Credit: not told by the source"

    def picture(self, index: int, rows: slice, columns: slice) -> NDArray[np.uint8]:
        """(y, x, 3) of 0-255 under the report's one stretch; grey where nothing was measured."""
        values = np.moveaxis(self.reflectance[index][list(self.colours), rows, columns], 0, -1)
        measured = np.isfinite(values).all(axis=-1)
        scaled = np.clip((np.nan_to_num(values) - self.black) / (self.white - self.black), 0, 1) ** (1 / self.gamma)
        shown = np.rint(scaled * 255).astype(np.uint8)
        rows_at, columns_at = np.indices(measured.shape)
        hatch = np.where((rows_at + columns_at) % 4 == 0, 132, 104).astype(np.uint8)
        return np.where(measured[..., None], shown, hatch[..., None])

    def pixels(self, footprint: Polygon | MultiPolygon) -> NDArray[np.bool_]:
        """(y, x), True on the pixels of a footprint."""
        return area_mask(footprint, self.grid)

    def clear_shares(self, pixels: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(time,), share of the given pixels that was seen at each look; 0 where there are no such pixels."""
        if not pixels.any():
            return np.zeros(len(self.times))
        return np.asarray(self.valid[:, pixels].mean(axis=1), dtype=np.float64)

    def rings(self, footprint: Polygon | MultiPolygon) -> list[NDArray[np.float64]]:
        """Exterior rings of a polygon in pixel coordinates (column, row) of the grid, (n, 2) each."""
        inverse = ~self.grid.affine
        local = project(footprint, to=self.crs)
        rings = []
        for part in shapely.get_parts(local):
            x, y = shapely.get_coordinates(part.exterior).T
            rings.append(np.column_stack(inverse * (x, y)))
        return rings

    def true_north(self) -> float:
        """Angle of true north, degrees clockwise from the top of the pictures, at the site's centre."""
        centre = self.site.outline.centroid
        line = shapely.LineString([(centre.x, centre.y), (centre.x, min(89.9999, centre.y + 1e-3))])
        (x0, y0), (x1, y1) = shapely.get_coordinates(project(line, to=self.crs))
        return math.degrees(math.atan2(x1 - x0, y1 - y0))

    def stretched_as(self, other: Record) -> Record:
        """The same under another's stretch, where both show values of one kind."""
        return replace(self, black=other.black, white=other.white) if self.units == other.units else self

    @property
    def pixel_m(self) -> float:
        """Edge of a pixel, metres."""
        return float(abs(self.grid.affine.a))


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A window of the grid that pictures of one structure share."""

    top: int
    left: int
    height: int
    width: int

    @property
    def rows(self) -> slice:
        """Rows of the grid inside."""
        return slice(self.top, self.top + self.height)

    @property
    def columns(self) -> slice:
        """Columns of the grid inside."""
        return slice(self.left, self.left + self.width)


def frame_of(pixels: NDArray[np.bool_]) -> Frame:
    """The square around a footprint, with room to see its surroundings, moved inside the grid."""
    height, width = pixels.shape
    rows, columns = np.nonzero(pixels)
    if not rows.size:
        return Frame(top=0, left=0, height=height, width=width)
    extent = max(int(np.ptp(rows)), int(np.ptp(columns))) + 1
    side = max(28, math.ceil(2.2 * extent))
    tall, wide = min(side, height), min(side, width)
    middle_row, middle_column = (int(rows.min() + rows.max() + 1) // 2, int(columns.min() + columns.max() + 1) // 2)
    top = min(max(0, middle_row - tall // 2), height - tall)
    left = min(max(0, middle_column - wide // 2), width - wide)
    return Frame(top=top, left=left, height=tall, width=wide)


def same_ground(frame: Frame, grid: GeoBox, other: GeoBox) -> Frame | None:
    """The window of another grid that shows the ground of a frame, to half of its pixels; None where it has none of it.

    Args:
        frame: of `grid`.
        grid: in the coordinate system of `other`.
        other: where it is wanted.
    """
    corners = [
        ~other.affine * (grid.affine * corner)
        for corner in ((frame.left, frame.top), (frame.left + frame.width, frame.top + frame.height))
    ]
    (left, top), (right, bottom) = ((round(x), round(y)) for x, y in corners)
    left, top = max(0, left), max(0, top)
    width, height = min(max(right, left + 1), other.shape[1]) - left, min(max(bottom, top + 1), other.shape[0]) - top
    return Frame(top=top, left=left, height=int(height), width=int(width)) if width > 0 and height > 0 else None


def open_record(cube: xr.Dataset, *, site: Site, looks: Sequence[Look]) -> Record:
    """Read a cube for drawing: which bands make the colours, and the one stretch of all pictures."""
    reflectance = np.asarray(cube["reflectance"].transpose("time", "band", "y", "x").values, dtype=np.float32)
    valid = np.asarray(cube["valid"].transpose("time", "y", "x").values, dtype=bool)
    bands = [str(name) for name in cube["band"].values]
    units = str(cube["reflectance"].attrs.get("units", cube.attrs.get("units", "reflectance")))
    colours, names = _colours(bands)
    by_scene = {look.scene: look for look in looks}
    scenes = tuple(str(scene) for scene in cube["scene"].values)
    stamps = cube["time"].values.astype("datetime64[us]").astype(object)
    times = tuple(stamp.replace(tzinfo=dt.UTC) for stamp in stamps)
    least = -np.inf if units == "backscatter" else 0.0
    black, white = (0.0, 1.0) if units == "picture" else _stretch(reflectance, valid, colours, least=least)
    grid = cube.odc.geobox
    return Record(
        site=site,
        grid=grid,
        crs=grid.crs,
        looks=tuple(by_scene.get(scene) for scene in scenes),
        scenes=scenes,
        times=times,
        reflectance=reflectance,
        valid=valid,
        colours=colours,
        colour_names=names,
        units=units,
        black=black,
        white=white,
        gamma=1.4 if units == "reflectance" else 1.0,
    )


def _colours(bands: Sequence[str]) -> tuple[tuple[int, int, int], str]:
    if all(name in bands for name in _TRUE_COLOUR):
        red, green, blue = (bands.index(name) for name in _TRUE_COLOUR)
        return (red, green, blue), "true colour (red, green, blue)"
    if len(bands) >= 3:
        return (2, 1, 0), f"false colour ({bands[2]}, {bands[1]}, {bands[0]} shown as red, green, blue)"
    return (0, 0, 0), f"one band in grey ({bands[0]})"


def _stretch(
    reflectance: NDArray[np.float32], valid: NDArray[np.bool_], colours: tuple[int, int, int], *, least: float
) -> tuple[float, float]:
    """Black and white points: the 0.5 and 99.5 percentiles of seen ground, the same for all three colours.

    Black is no lower than `least`: light that is less than none is a fault of its correction, decibels are not.
    """
    times, _, height, width = reflectance.shape
    every = max(1, round(math.sqrt(times * height * width / 250_000)))
    sample = reflectance[:, sorted(set(colours)), ::every, ::every]
    seen = np.moveaxis(sample, 1, -1)[valid[:, ::every, ::every]]
    seen = seen[np.isfinite(seen)]
    if not seen.size:
        return 0.0, 1.0
    low, high = (float(value) for value in np.percentile(seen, (0.5, 99.5)))
    low, high = round(max(least, low), 3), round(high, 3)
    return (low, high) if high - low > 0.02 else (low, low + 0.02)
