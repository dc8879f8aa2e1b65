"""PlanetScope scenes as Planet's catalog tells them, and what it costs to have a site cut out of them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import shapely
from odc.geo import CRS
from pyproj import Geod
from shapely.errors import ShapelyError
from shapely.geometry import Polygon, shape
from shapely.geometry.base import BaseGeometry

from sitewatch.archive._item import clean
from sitewatch.archive._times import parse_moment, plausible
from sitewatch.errors import OptionError, SceneError, SiteError
from sitewatch.site import Site, context_bounds

__all__ = ["Cost", "PlanetScene", "clip_area_km2", "clip_box", "order_digest", "read_scene"]

REFLECTANCE = {8: "ortho_analytic_8b_sr", 4: "ortho_analytic_4b_sr"}
"""Planet's asset of surface reflectance by its number of bands. Scenes since 2020 or so have both."""

MASK = "ortho_udm2"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{5,99}")
_MAX_POINTS = 10_000
_GEOD = Geod(ellps="WGS84")


@dataclass(frozen=True, kw_only=True)
class PlanetScene:
    """One PSScene with surface reflectance and a usable data mask."""

    id: str
    """Planet's item id, safe as a file name: letters, digits, "_" and "-"."""
    captured: dt.datetime
    """UTC."""
    published: dt.datetime | None
    """When Planet published it first, UTC."""
    updated: dt.datetime | None
    """When Planet changed it last, UTC."""
    satellite: str | None
    instrument: str | None
    """PS2, PS2.SD or PSB.SD."""
    clear_share: float | None
    """Of the whole scene, 0-1, as its metadata say; not of the site."""
    pixel_m: float | None
    """Pixel edge of the ordered product, metres."""
    coverage: float
    """Share of the site's outline that lies inside the scene, 0-1."""
    bands: tuple[int, ...]
    """In how many bands its reflectance can be had: (8, 4), (4,) or (8,)."""

    def document(self) -> dict[str, object]:
        """The scene as JSON; `PlanetScene.read` reads it back."""
        times = {key: getattr(self, key) for key in ("captured", "published", "updated")}
        return {
            "id": self.id,
            **{key: None if at is None else at.isoformat().replace("+00:00", "Z") for key, at in times.items()},
            "satellite": self.satellite,
            "instrument": self.instrument,
            "clear_share": self.clear_share,
            "pixel_m": self.pixel_m,
            "coverage": self.coverage,
            "bands": list(self.bands),
        }

    @classmethod
    def read(cls, told: Mapping[str, object]) -> PlanetScene:
        """The scene that `document` wrote.

        Raises:
            ValueError, KeyError, TypeError: it was written by something else.
        """
        moments = {}
        for key in ("captured", "published", "updated"):
            moment = None if told[key] is None else parse_moment(told[key])
            if told[key] is not None and moment is None:
                raise ValueError(key)
            moments[key] = None if moment is None else moment.at
        captured, bands = moments["captured"], told["bands"]
        identifier, coverage = told["id"], told["coverage"]
        if captured is None or not isinstance(bands, list) or not bands or not set(bands) <= set(REFLECTANCE):
            raise ValueError(told)
        if not isinstance(identifier, str) or not _ID.fullmatch(identifier) or not isinstance(coverage, int | float):
            raise ValueError(told)
        return cls(
            id=identifier,
            captured=captured,
            published=moments["published"],
            updated=moments["updated"],
            satellite=clean(told["satellite"]),
            instrument=clean(told["instrument"]),
            clear_share=_number(told["clear_share"], most=1),
            pixel_m=_number(told["pixel_m"], most=1000),
            coverage=float(coverage),
            bands=tuple(bands),
        )


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What an order takes from a quota, as far as it can be known before."""

    scenes: int
    clip_km2: float
    """Area that is cut out of every scene."""
    least_km2: float | None = None
    """What the contract charges for the smallest cut; None: not known, and counted as nothing."""
    once: bool = False
    """True: the plan charges an area once, however many scenes there are of it (Area Under Management)."""

    def __post_init__(self) -> None:
        if self.least_km2 is not None and not (math.isfinite(self.least_km2) and self.least_km2 >= 0):
            raise OptionError(f"--min-km2 must be an area in km2, 0 or more, got {self.least_km2:g}")

    @property
    def each_km2(self) -> float:
        """Charged for one scene."""
        return max(self.clip_km2, self.least_km2 or 0.0)

    @property
    def km2(self) -> float:
        """Charged for the order, if all of the area is charged that is cut out of each scene."""
        return self.each_km2 if self.once and self.scenes else self.each_km2 * self.scenes


def clip_box(site: Site) -> Polygon:
    """What is cut out of every scene: the box of the outline and its margin, in longitude and latitude.

    It is the window that `fetch` reads of any other source's scenes.

    Raises:
        SiteError: the box crosses the date line, where Planet takes no polygon.
    """
    west, south, east, north = (round(v, 6) for v in context_bounds(site, crs=CRS("EPSG:4326")).bbox)
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90) or east - west > 10:
        raise SiteError(
            f"site {site.id!r}: its box with the margin crosses the date line or a pole, where no scene can be cut; "
            "give the parts on either side as two sites"
        )
    return shapely.box(west, south, east, north, ccw=True)


def clip_area_km2(clip: Polygon) -> float:
    """Area on the ellipsoid, km2."""
    return float(abs(_GEOD.geometry_area_perimeter(clip)[0]) / 1e6)


def order_digest(clip: Polygon, scenes: Sequence[PlanetScene], bands: int) -> str:
    """Sixteen hex digits that two orders share only if they ask for the same pixels; part of the order's name."""
    told = [[round(v, 6) for v in clip.bounds], sorted(s.id for s in scenes), bands, "harmonize", "COG"]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def read_scene(item: object, site: Site) -> PlanetScene:
    """An item of Planet's Data API as a scene; nothing in it is believed.

    Raises:
        SceneError: it is no PSScene that can be ordered and dated.
    """
    identifier = item.get("id") if isinstance(item, Mapping) else None
    if not isinstance(item, Mapping) or not isinstance(identifier, str) or not _ID.fullmatch(identifier):
        raise SceneError(f"an item has no id that Planet gives its scenes ({ascii(identifier)[:60]})")
    properties, assets = item.get("properties"), item.get("assets")
    if not isinstance(properties, Mapping) or not isinstance(assets, list):
        raise SceneError(f"{identifier}: has no properties or no list of assets")
    moment = parse_moment(properties.get("acquired"))
    captured = None if moment is None else plausible(moment.at)
    if captured is None:
        raise SceneError(f"{identifier}: does not say when it was acquired")
    bands = tuple(count for count, asset in REFLECTANCE.items() if asset in assets)
    if not bands or MASK not in assets:
        raise SceneError(f"{identifier}: has no surface reflectance with a usable data mask")
    return PlanetScene(
        id=identifier,
        captured=captured,
        published=_moment(properties.get("published")),
        updated=_moment(properties.get("updated")),
        satellite=clean(properties.get("satellite_id"), lower=True),
        instrument=clean(properties.get("instrument")),
        clear_share=_clear(properties),
        pixel_m=_number(properties.get("pixel_resolution"), most=1000) or _number(properties.get("gsd"), most=1000),
        coverage=_coverage(identifier, item.get("geometry"), site.outline),
        bands=bands,
    )


def _moment(told: object) -> dt.datetime | None:
    moment = parse_moment(told)
    return None if moment is None else plausible(moment.at)


def _clear(properties: Mapping[str, object]) -> float | None:
    """Clear share: the usable data mask's where there is one (since 2018), else what is no cloud."""
    percent = _number(properties.get("clear_percent"), most=100)
    if percent is not None:
        return round(percent / 100, 4)
    cloud = _number(properties.get("cloud_cover"), most=1)
    return None if cloud is None else round(1 - cloud, 4)


def _coverage(identifier: str, told: object, outline: BaseGeometry) -> float:
    if not isinstance(told, Mapping) or told.get("type") not in ("Polygon", "MultiPolygon"):
        raise SceneError(f"{identifier}: does not say where it lies")
    try:
        footprint = shape(dict(told))
        if shapely.get_num_coordinates(footprint) > _MAX_POINTS:
            raise SceneError(f"{identifier}: has a footprint of more than {_MAX_POINTS} points")
        seen = shapely.make_valid(footprint).intersection(outline).area / outline.area
    except (ShapelyError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise SceneError(f"{identifier}: has a footprint that is not understood") from error
    return round(min(1.0, max(0.0, float(seen))), 4) if math.isfinite(seen) else 0.0


def _number(told: object, *, most: float) -> float | None:
    if isinstance(told, bool) or not isinstance(told, int | float) or not 0 <= told <= most:
        return None
    return float(told)
