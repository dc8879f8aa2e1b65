"""What pictures are laid on: the ground around a site, as the images show it whose place is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import rasterio
import shapely
from affine import Affine
from numpy.typing import ArrayLike, NDArray
from odc.geo import CRS
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import RasterioError
from rasterio.vrt import WarpedVRT
from rasterio.warp import reproject

from sitewatch.archive._cut import grid_frame
from sitewatch.archive._image import GDAL_OPTIONS, grid_of, open_image
from sitewatch.archive._similarity import Shade
from sitewatch.errors import SceneError
from sitewatch.site import Site, context_bounds, metric_crs, project

__all__ = ["Known", "Reference", "chosen", "known_image", "known_picture", "make_reference", "plan", "projections"]

_MOST = 15
"""A median of so many images is sharp, and free of clouds; more cost time."""
_LONGEST = 1_000
"""Longer side of the reference, pixels."""
_AROUND = 1.0
"""How far the reference reaches beyond the site and its margin, in lengths of these."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """An image of which it is known where it lies."""

    id: str
    """Of its scene."""
    grid: GeoBox
    read: Callable[[GeoBox], Shade | None]
    """Its brightness on a grid; None where it cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """The ground as known images show it."""

    grid: GeoBox
    shade: Shade
    metres: float
    """Edge of a pixel on the ground."""
    watched: NDArray[np.complex128]
    """Corners and middle of the outline's box, pixels."""


def known_image(identifier: str, path: Path, bands: Sequence[int]) -> Known | None:
    """A local image that says where it lies; None where it cannot be read (that is told when it is cut).

    Args:
        identifier: its scene's id.
        path: the image.
        bands: numbers of the bands whose mean is its brightness.
    """
    try:
        with rasterio.Env(**GDAL_OPTIONS), open_image(str(path.absolute()), name=path.name) as dataset:
            grid = grid_of(dataset, name=path.name)
    except (SceneError, RasterioError, OSError):
        return None
    return Known(id=identifier, grid=grid, read=partial(_image_on, path, tuple(bands)))


def known_picture(identifier: str, grid: GeoBox, read: Callable[[], Shade]) -> Known:
    """A picture that was placed.

    Args:
        identifier: its scene's id.
        grid: where the pixels lie that `read` gives.
        read: gives its brightness.
    """
    return Known(id=identifier, grid=grid, read=lambda target: _picture_on(read(), grid, target))


def projections(site: Site) -> list[CRS]:
    """In what pictures are drawn: Web Mercator (map services), the site's own UTM zone (images), or plain degrees.

    A picture is similar to the ground only in its own one. Web Mercator, which takes the Earth for a sphere, is wider
    than UTM by up to .7 %, and degrees are by the latitude.
    """
    if abs(site.outline.centroid.y) > 80:
        return [metric_crs(site)]
    return [CRS("EPSG:3857"), metric_crs(site), CRS("EPSG:4326")]


def plan(site: Site, known: Sequence[Known], crs: CRS, *, pixel: float | None = None) -> GeoBox | None:
    """The grid of a reference: around the site, as far as known images reach; None where none shows the site.

    Args:
        site: the watched place.
        known: images whose place is known.
        crs: its coordinates.
        pixel: edge of a pixel in their unit; default the median of the images'.
    """
    outline = project(site.outline, to=crs)
    frames = [f for k in known if (f := _frame(k.grid, crs)).is_valid and shapely.intersects(f, outline)]
    if not frames:
        return None
    left, bottom, right, top = context_bounds(site, crs=crs).bbox
    reach = _AROUND * max(right - left, top - bottom)
    window = shapely.box(left - reach, bottom - reach, right + reach, top + reach)
    left, bottom, right, top = shapely.union_all(frames).intersection(window).bounds
    edge = pixel or float(np.median([_edge(k.grid, crs) for k in known]))
    edge = max(edge, (right - left) / _LONGEST, (top - bottom) / _LONGEST)
    shape = (max(1, math.ceil((top - bottom) / edge)), max(1, math.ceil((right - left) / edge)))
    return GeoBox(shape, Affine(edge, 0, left, 0, -edge, top), crs)


def chosen(known: Sequence[Known]) -> list[Known]:
    """Of many images, as many as a median needs, spread evenly over their order."""
    count = min(len(known), _MOST)
    return [known[i] for i in sorted({round(i) for i in np.linspace(0, len(known) - 1, count)})]


def make_reference(site: Site, grid: GeoBox, known: Sequence[Known]) -> Reference:
    """The median brightness of images on one grid, each taken to a common level and contrast first.

    Args:
        site: the watched place.
        grid: the reference's grid.
        known: the images, at least one.
    """
    shape = (grid.shape[0], grid.shape[1])
    shades = [shade for one in known if (shade := one.read(grid)) is not None]
    stack = np.stack([_levelled(shade) for shade in shades] or [np.full(shape, np.nan, dtype=np.float32)])
    covered = np.isfinite(stack).sum(axis=0) >= (2 if len(stack) > 4 else 1)
    grey = np.zeros(shape, dtype=np.float32)
    grey[covered] = np.nanmedian(stack[:, covered], axis=0)
    left, bottom, right, top = project(site.outline, to=grid.crs or metric_crs(site)).bounds
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), ((left + right) / 2, (bottom + top) / 2)]
    columns, rows = np.transpose([~grid.affine * corner for corner in corners])
    watched = np.clip(columns - 0.5, 0, shape[1] - 1) + 1j * np.clip(rows - 0.5, 0, shape[0] - 1)
    return Reference(
        grid=grid, shade=Shade(grey=grey, seen=covered), metres=_metres(site, grid), watched=np.asarray(watched)
    )


def _image_on(path: Path, bands: Sequence[int], grid: GeoBox) -> Shade | None:
    """An image's brightness on a grid; None where it cannot be read."""
    try:
        with (
            rasterio.Env(**GDAL_OPTIONS),
            open_image(str(path.absolute()), name=path.name) as dataset,
            WarpedVRT(
                dataset,
                crs=str(grid.crs),
                transform=grid.affine,
                height=grid.shape[0],
                width=grid.shape[1],
                resampling=Resampling.bilinear,
                add_alpha=dataset.nodata is None and ColorInterp.alpha not in dataset.colorinterp,
            ) as warped,
        ):
            grey = warped.read(list(bands)).astype(np.float32).mean(axis=0)
            seen = np.asarray(warped.dataset_mask() > 0) & np.isfinite(grey)
    except (SceneError, RasterioError, OSError, IndexError):  # of another kind by now, it may lack a band
        return None
    return Shade(grey=np.where(seen, grey, np.float32(0)), seen=seen)


def _picture_on(picture: Shade, own: GeoBox, grid: GeoBox) -> Shade:
    """A picture's brightness on a grid."""
    values = np.where(picture.seen, picture.grey, np.float32(np.nan)).astype(np.float32)
    target = np.full(grid.shape, np.nan, dtype=np.float32)
    reproject(
        values,
        target,
        src_transform=own.affine,
        src_crs=str(own.crs),
        src_nodata=np.nan,
        dst_transform=grid.affine,
        dst_crs=str(grid.crs),
        dst_nodata=np.nan,
        resampling=Resampling.bilinear,
    )
    seen = np.isfinite(target)
    return Shade(grey=np.where(seen, target, np.float32(0)), seen=seen)


def _levelled(shade: Shade) -> NDArray[np.float32]:
    """Brightness with median 0 and usual spread 1, NaN where not seen."""
    if shade.seen.sum() < 50:
        return np.full(shade.grey.shape, np.nan, dtype=np.float32)
    values = shade.grey[shade.seen]
    middle = np.median(values)
    spread = 1.4826 * np.median(np.abs(values - middle)) + 1e-6
    return np.where(shade.seen, (shade.grey - middle) / spread, np.nan).astype(np.float32)


def _frame(grid: GeoBox, crs: CRS) -> shapely.Polygon:
    """An image's frame in other coordinates; empty where it has none there."""
    if grid.crs is None:
        return shapely.Polygon()
    frame = grid_frame(grid)
    edge = shapely.get_coordinates(frame.segmentize(frame.length / 64))
    there = _moved(edge, grid.crs, crs)
    return shapely.Polygon(there) if np.isfinite(there).all() else shapely.Polygon()


def _edge(grid: GeoBox, crs: CRS) -> float:
    """Edge of an image's pixel in units of other coordinates: the root of its mean area."""
    return math.sqrt(_frame(grid, crs).area / (grid.shape[0] * grid.shape[1]))


def _metres(site: Site, grid: GeoBox) -> float:
    """Edge of a pixel on the ground, metres, at the site."""
    west, south, east, north = project(site.outline, to=grid.crs or metric_crs(site)).bounds
    box = shapely.Polygon(
        _moved([(west, south), (east, south), (east, north), (west, north)], grid.crs, metric_crs(site))
    )
    return math.sqrt(box.area / ((east - west) * (north - south))) * float(grid.affine.a)


def _moved(points: ArrayLike, crs: CRS | None, to: CRS) -> NDArray[np.float64]:
    x, y = np.transpose(np.asarray(points, dtype=np.float64))
    if crs is None:
        return np.full((len(x), 2), np.nan)
    return np.column_stack(Transformer.from_crs(crs.proj, to.proj, always_xy=True).transform(x, y))
