"""A watched place: its outline, its named sub-areas, and the one grid its pixels live on."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from odc.geo import CRS, BoundingBox
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from shapely.geometry import MultiPolygon, Polygon, mapping, shape
from shapely.geometry.base import BaseGeometry

from sitewatch.errors import SiteError

__all__ = [
    "MAX_GRID_PIXELS",
    "Site",
    "area_mask",
    "context_bounds",
    "metric_crs",
    "nested_grid",
    "project",
    "read_site",
    "seen_share",
    "site_feature",
    "site_grid",
]

MAX_GRID_PIXELS = 4096 * 4096
"""Largest grid of one site, in pixels: 41 km x 41 km at 10 m. A bigger outline is refused before anything is read."""

_MAX_SCALE_ERROR = 0.01
"""A shared grid is kept when its pixels are as large on the ground as they say, to a hundredth (UTM: 0.0004)."""

MAX_SITE_FILE_BYTES = 16 * 1024 * 1024

Footprint = Polygon | MultiPolygon


@dataclass(frozen=True, kw_only=True)
class Site:
    """A watched place."""

    id: str
    """Stable name for files and records, as the user gave it: 1 to 100 printable characters."""
    name: str
    """What people call it."""
    outline: Footprint
    """What is watched; EPSG:4326, longitude then latitude, valid, not empty."""
    areas: Mapping[str, Footprint] = field(default_factory=dict)
    """Named sub-areas (yard, hall, gate); EPSG:4326, longitude then latitude."""

    def __post_init__(self) -> None:
        if not (0 < len(self.id) <= 100 and self.id.isprintable() and self.id.strip()):
            raise SiteError(f"the site's id must be 1 to 100 printable characters, got {self.id[:120]!r}")
        for label, footprint in {"outline": self.outline, **self.areas}.items():
            if footprint.is_empty or not footprint.is_valid:
                raise SiteError(f"the site's {label} must be a valid polygon, got {footprint.geom_type}")


def read_site(path: Path) -> Site:
    """Read a SITE.geojson: a Feature, or a FeatureCollection whose feature with an `id` is the site.

    Features with `properties.area` name sub-areas. One may reach beyond the outline, and beyond what is read around it
    (`context_bounds`): areas are drawn with a loose hand, and what is told of one then holds for the part that is read.
    One of which nothing is read is a mistake, most often of coordinates, and is refused.

    Raises:
        SiteError: the file is missing, is not GeoJSON, has no site or more than one, has no `id`, an outline that is
            not a simple polygon in longitude/latitude, or a sub-area that lies wholly outside what is read.
    """
    features = _features(path)
    sites = [f for f in features if "area" not in _properties(path, f)]
    if len(sites) != 1:
        raise SiteError(
            f"{path}: one feature must be the site (sub-areas carry properties.area), found {len(sites)}; "
            "keep one outline, or name the others with properties.area"
        )
    properties = _properties(path, sites[0])
    identifier = sites[0].get("id", properties.get("id"))
    if not isinstance(identifier, str | int) or isinstance(identifier, bool) or not str(identifier).strip():
        raise SiteError(f'{path}: the site has no id; add "id": "a-short-name" to the feature')
    areas = {
        str(_properties(path, f)["area"]): _polygon(path, f, f"area {_properties(path, f)['area']!r}")
        for f in features
        if "area" in _properties(path, f)
    }
    outline = _polygon(path, sites[0], "outline")
    try:
        site = Site(id=str(identifier), name=str(properties.get("name") or identifier), outline=outline, areas=areas)
    except SiteError as error:
        raise SiteError(f"{path}: {error}") from error
    _refuse_areas_elsewhere(path, site)
    return site


def site_feature(site: Site) -> dict[str, object]:
    """The site as the GeoJSON FeatureCollection that `read_site` reads back."""
    outline = {
        "type": "Feature",
        "id": site.id,
        "properties": {"name": site.name},
        "geometry": mapping(site.outline),
    }
    areas = [
        {"type": "Feature", "properties": {"area": name}, "geometry": mapping(area)}
        for name, area in site.areas.items()
    ]
    return {"type": "FeatureCollection", "features": [outline, *areas]}


def project(geometry: BaseGeometry, *, to: CRS) -> BaseGeometry:
    """A geometry in EPSG:4326 (longitude, latitude) taken to the coordinates of `to`, in `to`'s unit."""
    return shapely.transform(geometry, _transform(CRS("EPSG:4326"), to))


def context_bounds(site: Site, *, crs: CRS) -> BoundingBox:
    """The outline's box plus the margin that is read as context: the larger of 200 m and a fifth of its width.

    The margin is measured on the site's own metric grid (UTM), so that it means the same in any `crs`.
    """
    utm = metric_crs(site)
    west, south, east, north = project(site.outline, to=utm).bounds
    margin = max(200.0, 0.2 * max(east - west, north - south))
    box = shapely.box(west - margin, south - margin, east + margin, north + margin).segmentize(
        max(east - west, north - south, margin)
    )
    return BoundingBox(*shapely.transform(box, _transform(utm, crs)).bounds, crs=crs)


def site_grid(site: Site, images: Sequence[GeoBox], *, pixel: float | None = None) -> GeoBox:
    """The grid on which the site's cube lies.

    If all images share one grid in metres it is used as it is, cut to the outline and its margin. Otherwise the grid is
    the UTM zone of the outline's centroid (polar stereographic beyond 84 N / 80 S) with square pixels.

    Args:
        site: the watched place.
        images: the grids of the images of the sensor with most looks.
        pixel: edge of a pixel in metres; default the median of the images'.

    Raises:
        SiteError: the outline touches no image, or the grid would exceed `MAX_GRID_PIXELS`.
    """
    touching = _touching(site, images)
    shared = _shared_grid(site, touching) if pixel is None else None
    crs = shared.crs if shared is not None and shared.crs is not None else metric_crs(site)
    # Whole decimetres, so that a reprojected 10 m grid does not become one of 9.9987 m.
    usual = float(np.median([_pixel_metres(site, g) for g in touching]))
    size = pixel or (round(usual, 1) if usual >= 1 else usual)
    wanted = _wanted_bounds(site, touching, crs)
    if shared is not None:
        step_x, step_y = abs(shared.affine.a), abs(shared.affine.e)
        anchor_x, anchor_y = shared.affine.c, shared.affine.f
    else:
        step_x = step_y = size
        anchor_x = anchor_y = 0.0
    left = math.floor(round((wanted.left - anchor_x) / step_x, 3))
    right = math.ceil(round((wanted.right - anchor_x) / step_x, 3))
    top = math.floor(round((anchor_y - wanted.top) / step_y, 3))
    bottom = math.ceil(round((anchor_y - wanted.bottom) / step_y, 3))
    width, height = max(1, right - left), max(1, bottom - top)
    _refuse_too_many(site, width, height, size)
    affine = Affine(step_x, 0.0, anchor_x + left * step_x, 0.0, -step_y, anchor_y - top * step_y)
    return GeoBox((height, width), affine, crs)


def nested_grid(site: Site, images: Sequence[GeoBox], *, within: GeoBox) -> GeoBox:
    """The grid of another sensor's cube: over the same ground as the site's, its pixel a whole multiple or part of it.

    Where the images lie on such a grid already it is theirs, and nothing is resampled.

    Args:
        site: the watched place.
        images: the grids of the sensor's images.
        within: the site's grid.

    Raises:
        SiteError: the outline touches no image, or the grid would exceed `MAX_GRID_PIXELS`.
    """
    touching = _touching(site, images)
    usual = float(np.median([_pixel_metres(site, g) for g in touching]))
    step_x, step_y = abs(within.affine.a), abs(within.affine.e)
    ratio = usual / math.sqrt(step_x * step_y)
    times = max(1, round(ratio))
    parts = max(1, round(1 / ratio))
    height, width = within.shape
    if times == 1:
        height, width = height * parts, width * parts
        _refuse_too_many(site, width, height, step_x / parts)
        affine = Affine(step_x / parts, 0.0, within.affine.c, 0.0, -step_y / parts, within.affine.f)
        return GeoBox((height, width), affine, within.crs)
    left, top = _phase(touching[0], within, times)
    wide, high = math.ceil((width + left) / times), math.ceil((height + top) / times)
    affine = Affine(
        step_x * times, 0.0, within.affine.c - left * step_x, 0.0, -step_y * times, within.affine.f + top * step_y
    )
    return GeoBox((high, wide), affine, within.crs)


def _phase(image: GeoBox, within: GeoBox, times: int) -> tuple[int, int]:
    """Pixels of `within` by which a coarser grid begins to the left of and above it, to lie as the image does."""
    pixel = abs(within.affine.a) * times
    alike = image.crs == within.crs and abs(abs(image.affine.a) - pixel) < 1e-6 * pixel
    if not alike or image.affine.b or image.affine.d:
        return 0, 0
    left = (within.affine.c - image.affine.c) / abs(within.affine.a)
    top = (image.affine.f - within.affine.f) / abs(within.affine.e)
    if max(abs(left - round(left)), abs(top - round(top))) > 0.01:
        return 0, 0
    return round(left) % times, round(top) % times


def area_mask(footprint: Footprint, grid: GeoBox) -> NDArray[np.bool_]:
    """Which pixels belong to a footprint.

    Args:
        footprint: polygon in EPSG:4326 (longitude, latitude).
        grid: any north-up grid of shape (y, x).

    Returns:
        (y, x); True where the pixel's centre lies inside. A footprint that holds no centre at all (smaller than a
        pixel) gets every pixel that it touches, so that something inside the grid never vanishes.
    """
    if grid.crs is None:
        raise SiteError("a grid without a coordinate system cannot carry a site")
    local = project(footprint, to=grid.crs)
    height, width = grid.shape
    columns = grid.affine.c + (np.arange(width) + 0.5) * grid.affine.a
    rows = grid.affine.f + (np.arange(height) + 0.5) * grid.affine.e
    x, y = np.meshgrid(columns, rows)
    inside = np.asarray(shapely.contains_xy(local, x, y), dtype=bool)
    if inside.any():
        return inside
    half_x, half_y = abs(grid.affine.a) / 2, abs(grid.affine.e) / 2
    boxes = shapely.box(x - half_x, y - half_y, x + half_x, y + half_y)
    return np.asarray(shapely.intersects(boxes, local), dtype=bool)


def seen_share(site: Site, images: Sequence[GeoBox]) -> float:
    """Share of the outline's area, 0-1, that lies inside at least one image: the rest can never be seen."""
    crs = metric_crs(site)
    outline = project(site.outline, to=crs)
    frames = []
    for image in dict.fromkeys(images):  # most are of one grid
        if image.crs is None:
            continue
        frame = shapely.box(*image.boundingbox.bbox)
        frame = frame.segmentize(max(frame.length / 64, 1e-9))
        frames.append(shapely.transform(frame, _transform(image.crs, crs)))
    if not frames:
        return 0.0
    inside = shapely.union_all(frames).intersection(outline).area / outline.area
    return float(min(1.0, max(0.0, inside)))


def _features(path: Path) -> list[dict[str, object]]:
    try:
        if path.stat().st_size > MAX_SITE_FILE_BYTES:
            raise SiteError(f"{path}: larger than {MAX_SITE_FILE_BYTES >> 20} MiB; a site is one outline, simplify it")
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SiteError(f"{path}: cannot be read ({error.strerror}); give the path of a SITE.geojson") from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise SiteError(f"{path}: not a GeoJSON file ({error}); export the outline as GeoJSON") from error
    if isinstance(document, dict) and document.get("type") == "Feature":
        return [document]
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or not all(isinstance(f, dict) for f in features):
        kind = document.get("type") if isinstance(document, dict) else type(document).__name__
        raise SiteError(f"{path}: must be a GeoJSON Feature or FeatureCollection, found {kind!r}")
    return features


def _properties(path: Path, feature: Mapping[str, object]) -> Mapping[str, object]:
    properties = feature.get("properties") or {}
    if not isinstance(properties, dict):
        raise SiteError(f"{path}: a feature's properties must be an object, found {type(properties).__name__}")
    return properties


def _refuse_areas_elsewhere(path: Path, site: Site) -> None:
    utm = metric_crs(site)
    read = shapely.box(*context_bounds(site, crs=utm).bbox)
    for name, area in site.areas.items():
        # In metres, as degrees break off at the antimeridian; what has none there lies on another side of the Earth.
        local = project(area, to=utm)
        if not (np.isfinite(local.bounds).all() and shapely.intersects(local, read)):
            raise SiteError(
                f"{path}: the area {name!r} lies wholly outside what is read, the outline of site {site.id!r} and its "
                "margin; correct its coordinates, widen the outline, or make it a site of its own"
            )


def _polygon(path: Path, feature: Mapping[str, object], label: str) -> Footprint:
    geometry = feature.get("geometry")
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise SiteError(f"{path}: the {label} must be a Polygon or MultiPolygon, found {kind!r}; draw it as an area")
    try:
        footprint = shapely.force_2d(shape(cast(dict[str, Any], geometry)))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, shapely.errors.ShapelyError) as error:
        raise SiteError(f"{path}: the {label} has unreadable coordinates ({error})") from error
    west, south, east, north = footprint.bounds if not footprint.is_empty else (math.nan,) * 4
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise SiteError(
            f"{path}: the {label} must be longitude/latitude in degrees (EPSG:4326), found coordinates "
            f"{west:g} to {east:g} and {south:g} to {north:g}; reproject it"
        )
    if not footprint.is_valid:
        reason = shapely.is_valid_reason(footprint)
        raise SiteError(f"{path}: the {label} crosses itself or is broken ({reason}); redraw it as a simple polygon")
    if footprint.area == 0:
        raise SiteError(f"{path}: the {label} has no area; draw a polygon around the place")
    if not isinstance(footprint, Polygon | MultiPolygon):
        raise SiteError(f"{path}: the {label} must be a Polygon or MultiPolygon, found {footprint.geom_type}")
    return footprint


def metric_crs(site: Site) -> CRS:
    """UTM zone of the outline's centroid; polar stereographic (UPS) beyond UTM's limits of 84 N and 80 S."""
    centre = site.outline.centroid
    if centre.y > 84:
        return CRS("EPSG:5041")
    if centre.y < -80:
        return CRS("EPSG:5042")
    zone = min(60, int((centre.x + 180) // 6) + 1)
    return CRS(f"EPSG:{(32600 if centre.y >= 0 else 32700) + zone}")


def _transform(source: CRS, target: CRS) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    transformer = Transformer.from_crs(source.proj, target.proj, always_xy=True)

    def apply(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(coordinates[:, 0], coordinates[:, 1]))

    return apply


def _touching(site: Site, images: Sequence[GeoBox]) -> list[GeoBox]:
    touching = [g for g in images if _touches(site, g)]
    if not touching:
        raise SiteError(
            f"the outline of site {site.id!r} touches none of the {len(images)} images; "
            "check that the outline is in longitude/latitude (EPSG:4326) and that the images show this place"
        )
    return touching


def _refuse_too_many(site: Site, width: int, height: int, pixel: float) -> None:
    if width * height > MAX_GRID_PIXELS:
        raise SiteError(
            f"the outline of site {site.id!r} needs {width} x {height} pixels of {pixel:g} m, more than "
            f"{MAX_GRID_PIXELS} in all; split it into smaller sites, or use a coarser --pixel"
        )


def _touches(site: Site, image: GeoBox) -> bool:
    if image.crs is None:
        return False
    local = project(site.outline, to=image.crs)
    return bool(np.isfinite(local.bounds).all() and shapely.intersects(local, shapely.box(*image.boundingbox.bbox)))


def _shared_grid(site: Site, images: Sequence[GeoBox]) -> GeoBox | None:
    """The first image's grid if all of them lie on it (whole-pixel offsets), it is north-up and its unit is a metre."""
    first = images[0]
    if first.crs is None or first.crs.geographic or first.affine.b or first.affine.d or first.affine.e >= 0:
        return None
    # Feet, and Web Mercator away from the equator, are no metres: areas and scale bars would be wrong.
    nominal = math.sqrt(abs(first.affine.a * first.affine.e))
    if abs(_pixel_metres(site, first) / nominal - 1) > _MAX_SCALE_ERROR:
        return None
    for image in images[1:]:
        same_pixels = np.allclose(
            (image.affine.a, image.affine.b, image.affine.d, image.affine.e),
            (first.affine.a, 0.0, 0.0, first.affine.e),
            rtol=1e-6,
            atol=1e-9,
        )
        if image.crs != first.crs or not same_pixels:
            return None
        offset_x = (image.affine.c - first.affine.c) / first.affine.a
        offset_y = (image.affine.f - first.affine.f) / first.affine.e
        if max(abs(offset_x - round(offset_x)), abs(offset_y - round(offset_y))) > 0.01:
            return None
    return first


def _pixel_metres(site: Site, image: GeoBox) -> float:
    """Edge of one pixel in metres at the site, whatever the image's unit (the root of its area on the ground)."""
    if image.crs is None:
        raise SiteError("an image without a coordinate system cannot define a grid")
    x, y, _, _ = project(site.outline.centroid, to=image.crs).bounds
    affine = image.affine  # its corners, wherever the pixel is turned to
    corners = [(affine.a * i + affine.b * j, affine.d * i + affine.e * j) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))]
    pixel = Polygon([(x + dx, y + dy) for dx, dy in corners])
    return math.sqrt(shapely.transform(pixel, _transform(image.crs, metric_crs(site))).area)


def _wanted_bounds(site: Site, images: Sequence[GeoBox], crs: CRS) -> BoundingBox:
    """The whole outline, and of its margin only what the images show: empty rims cost memory and say nothing."""
    context = context_bounds(site, crs=crs)
    frames = [
        shapely.transform(shapely.box(*g.boundingbox.bbox), _transform(g.crs, crs)).bounds
        for g in images
        if g.crs is not None
    ]
    left, bottom = (min(f[i] for f in frames) for i in (0, 1))
    right, top = (max(f[i] for f in frames) for i in (2, 3))
    outline = project(site.outline, to=crs).bounds
    return BoundingBox(
        min(outline[0], max(context.left, left)),
        min(outline[1], max(context.bottom, bottom)),
        max(outline[2], min(context.right, right)),
        max(outline[3], min(context.top, top)),
        crs=crs,
    )
