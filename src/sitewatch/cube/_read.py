"""Chips to arrays on the site's grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.warp import reproject

from sitewatch.archive import Chip, ChipBand
from sitewatch.cube._family import POLARISATIONS
from sitewatch.cube._masks import Cause, causes_of
from sitewatch.errors import SceneError

__all__ = ["Reading", "read_chip"]

_GDAL = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_NUM_THREADS": "1"}
"""Chips are local and lie alone: no sidecar files are looked for, and the threads are ours."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One chip's pixels on the site's grid."""

    values: NDArray[np.float32]
    """(band, y, x); reflectance or picture value, NaN where nothing was measured."""
    causes: NDArray[np.uint8]
    """(y, x) of `Cause`: 0 where the ground was seen as far as the sensor's mask knows."""


def read_chip(chip: Chip, bands: Sequence[str], grid: GeoBox, *, scale: float = 1.0) -> Reading:
    """Read a chip on the site's grid, resampled once.

    Measurements are copied where the chip's grid is the site's, averaged where its pixels are much finer, and
    interpolated bilinearly otherwise; masks take the nearest pixel. Scale and offset are applied here and nowhere else.

    Args:
        chip: the scene's chip in the archive.
        bands: names of the measured bands, in the order wanted.
        grid: the site's grid.
        scale: further factor on measured values (1/255 makes pictures 0-1).

    Raises:
        SceneError: a file of the chip cannot be read.
    """
    named = {band.name: band for band in chip.bands}
    try:
        with rasterio.Env(**_GDAL):
            values = np.stack([_measured(named[name], grid) for name in bands])
            values *= np.float32(scale)
            causes = np.where(np.isfinite(values).all(axis=0), Cause.SEEN, Cause.OUTSIDE).astype(np.uint8)
            for band in chip.bands:
                if band.is_mask:
                    said = causes_of(band.name, _mask(band, grid))
                    causes = np.where(causes == Cause.SEEN, said, causes)
    except (RasterioError, OSError) as error:
        raise SceneError(
            f"scene {chip.scene.id}: its chip cannot be read ({error}); delete it to fetch it anew"
        ) from error
    return Reading(values=values, causes=causes)


def _measured(band: ChipBand, grid: GeoBox) -> NDArray[np.float32]:
    with rasterio.open(band.path) as dataset:
        raw = dataset.read(band.index)
    values = raw.astype(np.float32)
    if band.scale != 1.0 or band.offset != 0.0:
        values = values * np.float32(band.scale) + np.float32(band.offset)
    if band.nodata is not None:
        values[np.isnan(raw) if np.isnan(band.nodata) else raw == band.nodata] = np.nan
    if band.name in POLARISATIONS:
        values[values == 0] = (
            np.nan
        )  # radar's "no data" where no tag tells; it must not be averaged into its neighbours
    how = Resampling.average if _size_on(grid, band.grid) < 0.67 else Resampling.bilinear
    return _on_grid(values, band.grid, grid, how=how, fill=np.float32(np.nan))


def _mask(band: ChipBand, grid: GeoBox) -> NDArray[np.generic]:
    with rasterio.open(band.path) as dataset:
        raw = dataset.read(band.index)
    # What lies outside a mask band is told by its measured bands; 0 is "no data" or "clear" in all known masks.
    return _on_grid(raw, band.grid, grid, how=Resampling.nearest, fill=raw.dtype.type(0))


def _size_on(grid: GeoBox, own: GeoBox) -> float:
    """Edge of a pixel of `own`, at its middle, in pixels of `grid`."""
    if own.crs is None or grid.crs is None:
        return 1.0
    height, width = own.shape
    corners = [own.affine * (width // 2 + i, height // 2 + j) for i, j in ((0, 0), (1, 0), (0, 1))]
    x, y = Transformer.from_crs(own.crs.proj, grid.crs.proj, always_xy=True).transform(
        [c[0] for c in corners], [c[1] for c in corners]
    )
    area = abs((x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0]))
    return float((area / abs(grid.affine.determinant)) ** 0.5)


_Pixel = TypeVar("_Pixel", bound=np.generic)


def _on_grid(source: NDArray[_Pixel], own: GeoBox, grid: GeoBox, *, how: Resampling, fill: _Pixel) -> NDArray[_Pixel]:
    """The array on another grid; a plain copy where the pixels are the same, else one resampling."""
    target = np.full(grid.shape, fill, dtype=source.dtype)
    offset = _whole_pixel_offset(own, grid)
    if offset is None:
        reproject(
            source,
            target,
            src_transform=own.affine,
            src_crs=str(own.crs),
            src_nodata=fill if np.isnan(fill) else None,
            dst_transform=grid.affine,
            dst_crs=str(grid.crs),
            dst_nodata=fill,
            resampling=how,
            init_dest_nodata=True,
        )
        return target
    row, column = offset
    height, width = source.shape
    top, left = max(0, row), max(0, column)
    bottom, right = min(grid.shape[0], row + height), min(grid.shape[1], column + width)
    if bottom > top and right > left:
        target[top:bottom, left:right] = source[top - row : bottom - row, left - column : right - column]
    return target


def _whole_pixel_offset(own: GeoBox, grid: GeoBox) -> tuple[int, int] | None:
    """(row, column) of `own`'s corner in `grid` where both have the same pixels, else None."""
    a, g = own.affine, grid.affine
    if own.crs != grid.crs or not np.allclose((a.a, a.b, a.d, a.e), (g.a, g.b, g.d, g.e), rtol=1e-6, atol=1e-9):
        return None
    column, row = (a.c - g.c) / g.a, (a.f - g.f) / g.e
    if max(abs(column - round(column)), abs(row - round(row))) > 0.01:
        return None
    return round(row), round(column)
