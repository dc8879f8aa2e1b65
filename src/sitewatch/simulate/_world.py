"""A world: a site, what happened there, and the scenes that show it."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, field

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from odc.geo import CRS
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from shapely.geometry import MultiPolygon, Polygon, mapping

from sitewatch.simulate._climate import CLIMATES, weather
from sitewatch.simulate._clutter import park
from sitewatch.simulate._events import tell
from sitewatch.simulate._facility import Facility, build_facility
from sitewatch.simulate._frame import Footprint, Frame
from sitewatch.simulate._ground import countryside
from sitewatch.simulate._passes import Acquisition, acquisitions
from sitewatch.simulate._recipe import Recipe
from sitewatch.simulate._render import Stock, picture, stock_up
from sitewatch.simulate._story import Event
from sitewatch.simulate._surfaces import Palette
from sitewatch.site import Site

__all__ = ["World", "simulate", "truth"]


@dataclass(frozen=True, kw_only=True)
class World:
    """A simulated place and record. Scenes are rendered when asked for."""

    recipe: Recipe
    climate: str
    """Name of its climate."""
    site: Site
    """The facility: outline (the fence) and the areas yard, hall and gate; EPSG:4326."""
    grid: GeoBox
    """The grid of all scenes: UTM, (y, x) pixels, wider than the outline."""
    scenes: tuple[Acquisition, ...]
    """In time order."""
    events: tuple[Event, ...]
    """What truly happened in the whole scene, distractors included."""
    stock: Stock = field(repr=False)
    """What rendering needs."""

    @property
    def start(self) -> dt.date:
        """First day of the record."""
        return self.recipe.start

    @property
    def end(self) -> dt.date:
        """Day after the last of the record."""
        return self.recipe.start + dt.timedelta(days=_days(self.recipe))

    def render(self, number: int) -> NDArray[np.uint16]:
        """One scene's pixels.

        Args:
            number: place in `scenes`, from 0.

        Returns:
            (7, y, x) uint16: blue, green, red, nir, swir16, swir22 with reflectance = DN * 0.0001 - 0.1, and `scl`
            (Sentinel-2 scene classification). 0 is no data.
        """
        return picture(self.stock, self.scenes[number], number)

    def share(self, footprint: Footprint) -> NDArray[np.float32]:
        """(y, x) share of each pixel, 0-1, that a footprint covers (metres from the upper left, y to the south)."""
        frame = self.stock.frame
        patch = frame.patch(footprint)
        cells = np.zeros((frame.cells, frame.cells), dtype=np.float32)
        cells[patch.window] = patch.inside
        blocks = cells.reshape(frame.size, frame.oversample, frame.size, frame.oversample)
        return np.asarray(blocks.mean(axis=(1, 3)), dtype=np.float32)

    def geographic(self, footprint: Footprint) -> Polygon | MultiPolygon:
        """A footprint in metres from the upper left corner (y to the south) as longitude and latitude, EPSG:4326."""
        return _to_degrees(footprint, self.grid)

    def date(self, day: float) -> dt.date:
        """The first whole day that begins at or after `day`, counted from the start of the record."""
        return self.recipe.start + dt.timedelta(days=math.ceil(day))


def simulate(recipe: Recipe) -> World:
    """Make a world. Nothing is rendered yet; memory and time are those of one raster.

    Equal recipes make equal worlds, and each subject draws its own chance: one structure more does not move the fields,
    nor change the weather.
    """
    rng = recipe.draw("place")
    climate = recipe.climate or str(rng.choice(list(CLIMATES), p=(0.28, 0.24, 0.2, 0.14, 0.14)))
    kind = CLIMATES[climate]
    south = bool(rng.random() < 0.2)
    latitude = float(rng.uniform(*kind.latitudes)) * (-1 if south else 1)
    longitude = float(rng.uniform(-175, 175))
    latitude = latitude if recipe.latitude is None else recipe.latitude
    longitude = longitude if recipe.longitude is None else recipe.longitude
    days = _days(recipe)
    frame = Frame(size=recipe.size, oversample=recipe.oversample, pixel_m=recipe.pixel_m)
    grid = _grid(recipe, latitude, longitude)
    sky = weather(
        kind,
        south=latitude < 0,
        start=recipe.start,
        days=days,
        cloudiness=recipe.cloudiness,
        snow=recipe.snow,
        rng=recipe.draw("weather"),
    )
    palette = Palette(weather=sky)
    ground = countryside(recipe, frame, palette)
    facility = build_facility(recipe, ground, palette)
    scenes = acquisitions(recipe, sky, latitude=latitude, longitude=longitude, days=days)
    clutter = park(recipe, facility, ground, palette, scenes)
    story = tell(recipe, facility, ground, palette, days=days)
    stock = stock_up(
        recipe, ground=ground, colours=palette.colours(), stages=story.stages, clutter=clutter, scenes=scenes
    )
    return World(
        recipe=recipe,
        climate=climate,
        site=_site(recipe, facility, grid),
        grid=grid,
        scenes=scenes,
        events=tuple(story.events),
        stock=stock,
    )


def truth(world: World, *, whole: bool = False) -> dict[str, object]:
    """What truly happened, as a GeoJSON FeatureCollection in EPSG:4326 with one feature per presence.

    Args:
        world: the world.
        whole: False: for the site's outline, so that events that do not touch it are marked `ignore`, and `area_km2` is
            the outline's. True: for the whole scene.
    """
    extent = world.stock.frame.extent_m
    area = extent**2 if whole else _to_metres(world.site.outline, world.grid).area
    features = []
    for event in world.events:
        footprint = world.geographic(event.footprint)
        outside = not footprint.intersects(world.site.outline)
        properties: dict[str, object] = {
            "id": event.id,
            "name": event.name,
            "kind": event.kind,
            "material": event.material,
            "on": _iso(world, event.on),
            "off": _iso(world, event.off),
        }
        if event.on_latest is not None:
            properties["on_latest"] = _iso(world, event.on_latest)
        if event.off_latest is not None:
            properties["off_latest"] = _iso(world, event.off_latest)
        if event.recurs is not None:
            properties["recurs"] = event.recurs
        if outside:
            properties["outside"] = True
        if event.ignore or (outside and not whole):
            properties["ignore"] = True
        features.append(
            {"type": "Feature", "id": event.id, "properties": properties, "geometry": mapping(footprint)},
        )
    return {
        "type": "FeatureCollection",
        "start": world.start.isoformat(),
        "end": world.end.isoformat(),
        "area_km2": round(area / 1e6, 4),
        "features": features,
    }


def _days(recipe: Recipe) -> int:
    return round(recipe.years * 365.25)


def _iso(world: World, day: float | None) -> str | None:
    return None if day is None else world.date(day).isoformat()


def _grid(recipe: Recipe, latitude: float, longitude: float) -> GeoBox:
    zone = min(60, int((longitude + 180) // 6) + 1)
    crs = CRS(f"EPSG:{(32600 if latitude >= 0 else 32700) + zone}")
    east, north = Transformer.from_crs(4326, crs.proj, always_xy=True).transform(longitude, latitude)
    half = recipe.size / 2
    left = (round(east / recipe.pixel_m) - round(half)) * recipe.pixel_m
    top = (round(north / recipe.pixel_m) + round(half)) * recipe.pixel_m
    return GeoBox((recipe.size, recipe.size), Affine(recipe.pixel_m, 0.0, left, 0.0, -recipe.pixel_m, top), crs)


def _to_degrees(footprint: Footprint, grid: GeoBox) -> Polygon | MultiPolygon:
    left, top = grid.affine.c, grid.affine.f
    assert grid.crs is not None
    transformer = Transformer.from_crs(grid.crs.proj, 4326, always_xy=True)

    def turn(c: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.round(np.column_stack(transformer.transform(left + c[:, 0], top - c[:, 1])), 7)

    degrees = shapely.transform(footprint, turn)
    assert isinstance(degrees, Polygon | MultiPolygon)
    turned = shapely.normalize(degrees)
    assert isinstance(turned, Polygon | MultiPolygon)
    return turned


def _to_metres(footprint: Footprint, grid: GeoBox) -> Footprint:
    assert grid.crs is not None
    transformer = Transformer.from_crs(4326, grid.crs.proj, always_xy=True)

    def turn(c: NDArray[np.float64]) -> NDArray[np.float64]:
        east, north = transformer.transform(c[:, 0], c[:, 1])
        return np.column_stack((east - grid.affine.c, grid.affine.f - north))

    metres = shapely.transform(footprint, turn)
    assert isinstance(metres, Polygon | MultiPolygon)
    return metres


def _site(recipe: Recipe, facility: Facility, grid: GeoBox) -> Site:
    largest = {
        use: max((b.area(facility.angle) for b in facility.blocks if b.use == use), key=lambda a: a.area, default=None)
        for use in ("yard", "hall")
    }
    areas: dict[str, Footprint] = {use: area for use, area in largest.items() if area is not None}
    areas["gate"] = facility.gate
    return Site(
        id=f"simulated-{recipe.seed}",
        name=f"Simulated facility {recipe.seed}",
        outline=_to_degrees(facility.outline, grid),
        areas={name: _to_degrees(area, grid) for name, area in areas.items()},
    )
