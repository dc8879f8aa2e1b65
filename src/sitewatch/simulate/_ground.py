"""The ground as rasters, and the countryside that is laid on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sitewatch.simulate._climate import Array
from sitewatch.simulate._frame import Footprint, Frame, noise, rectangle
from sitewatch.simulate._plants import crop_cover, grass_cover, wood_cover
from sitewatch.simulate._recipe import Recipe
from sitewatch.simulate._surfaces import Palette

__all__ = ["Ground", "Material", "countryside", "open_ground"]

Mask = NDArray[np.bool_]


@dataclass(kw_only=True)
class Ground:
    """Rasters of shape (y, x) on the rendering raster."""

    frame: Frame
    surface: NDArray[np.int32]
    """Index into the palette."""
    height: Array
    """Metres above the ground: what casts shadows."""
    tilt_x: Array
    """Slope of what faces the sky, rising to the east (tangent)."""
    tilt_y: Array
    """Slope of what faces the sky, rising to the SOUTH (tangent)."""
    blocked: Mask
    """True where nothing can be built: water, roads, buildings."""
    wooded: Mask
    """True under forest."""

    def paint(self, footprint: Footprint | Mask, surface: int, *, blocked: bool = False, height: float = 0.0) -> None:
        """Lay a surface, flat and bare of what stood there before."""
        if isinstance(footprint, np.ndarray):
            window: tuple[slice, slice] = (slice(None), slice(None))
            inside = footprint
        else:
            patch = self.frame.patch(footprint)
            window, inside = patch.window, patch.inside
        self.surface[window][inside] = surface
        self.height[window][inside] = height
        self.tilt_x[window][inside] = 0
        self.tilt_y[window][inside] = 0
        self.wooded[window][inside] = False
        self.blocked[window][inside] = blocked


@dataclass(frozen=True, kw_only=True)
class Material:
    """How a built surface is added to the palette."""

    texture: float = 0.04
    thirst: float = 0.12
    holds_snow: float = 0.8
    vary: float = 0.08


def open_ground(palette: Palette, rng: np.random.Generator, *, cut_every: float | None = None, soil: str) -> int:
    """Add a grass surface to the palette."""
    green, dry = grass_cover(palette.weather, rng, cut_every=cut_every)
    return palette.add(
        soil, rng, plant="grass", green=green, dry=dry, texture=0.06, vigour=0.18, thirst=0.25, holds_snow=1.0
    )


def countryside(recipe: Recipe, frame: Frame, palette: Palette) -> Ground:
    """Terrain, fields, meadows, woods, water, farm tracks and hedges; no roads or houses yet."""
    rng = recipe.draw("countryside")
    cells = frame.cells
    terrain = noise(recipe.draw("terrain"), cells, slope=2.6, largest=cells / 2)
    tilt_x, tilt_y = _slopes(terrain)
    steep = np.float32(rng.uniform(0.005, 0.05) / tilt_y.std())
    tilt_y, tilt_x = tilt_y * steep, tilt_x * steep
    ground = Ground(
        frame=frame,
        surface=np.zeros((cells, cells), dtype=np.int32),
        height=np.zeros((cells, cells), dtype=np.float32),
        tilt_x=tilt_x,
        tilt_y=tilt_y,
        blocked=np.zeros((cells, cells), dtype=bool),
        wooded=np.zeros((cells, cells), dtype=bool),
    )
    soils = palette.weather.climate.soils
    soil = str(soils[int(rng.integers(len(soils)))])
    _parcels(recipe, ground, palette, soil)
    _woods(recipe, ground, palette, soil)
    _water(recipe, ground, palette, soil, terrain)
    return ground


def _slopes(raster: Array) -> tuple[Array, Array]:
    """Rise per cell along x and along y."""
    return np.gradient(raster, axis=1), np.gradient(raster, axis=0)


def _parcels(recipe: Recipe, ground: Ground, palette: Palette, soil: str) -> None:
    """Fields and meadows: a plane split again and again along two turned axes, with tracks and hedges between."""
    rng = recipe.draw("parcels")
    frame = ground.frame
    u, v = ground.frame.turned(rng.uniform(0, np.pi))
    # A gentle bend keeps the countryside from looking ruled.
    bend = rng.uniform(0.5, 1.0) * frame.extent_m / 22
    u = u + bend * np.sin(v / rng.uniform(350, 700) + rng.uniform(0, 6))
    v = v + bend * np.sin(u / rng.uniform(350, 700) + rng.uniform(0, 6))
    low, high = palette.weather.climate.crops
    cropped = rng.uniform(low, high)
    largest = rng.uniform(180, 420)
    reach = float(np.hypot(frame.extent_m, frame.extent_m)) * 0.6 + bend
    track = open_ground(palette, rng, soil=soil)
    hedge = _wood(palette, rng, "deciduous", soil)
    ground.surface[:] = track
    for u0, v0, u1, v1 in _split(rng, (-reach, -reach, reach, reach), largest):
        gap = 5.0 if rng.random() < 0.35 else 1.0
        inside = (u > u0) & (u < u1 - gap) & (v > v0) & (v < v1 - gap)
        if not inside.any():
            continue
        own = str(rng.choice(palette.weather.climate.soils)) if rng.random() < 0.2 else soil
        if rng.random() < cropped:
            green, dry, plant = crop_cover(palette.weather, rng)
            surface = palette.add(
                own, rng, plant=plant, green=green, dry=dry, vary=0.1, texture=0.04, vigour=0.16, thirst=0.3,
                holds_snow=1.0,
            )  # fmt: skip
        else:
            surface = open_ground(palette, rng, soil=own, cut_every=rng.uniform(35, 80) if rng.random() < 0.6 else None)
        ground.surface[inside] = surface
        if rng.random() < 0.18:
            row = (v > v1 - gap - 7) & (v < v1 - gap) & (u > u0) & (u < u1)
            ground.surface[row] = hedge
            ground.height[row] = rng.uniform(3, 9)


def _split(
    rng: np.random.Generator, box: tuple[float, float, float, float], largest: float
) -> list[tuple[float, float, float, float]]:
    u0, v0, u1, v1 = box
    wide, tall = u1 - u0, v1 - v0
    if max(wide, tall) < largest * rng.uniform(0.7, 1.7):
        return [box]
    at = rng.uniform(0.3, 0.7)
    if wide * rng.uniform(0.6, 1.6) > tall:
        cut = u0 + at * wide
        return _split(rng, (u0, v0, cut, v1), largest) + _split(rng, (cut, v0, u1, v1), largest)
    cut = v0 + at * tall
    return _split(rng, (u0, v0, u1, cut), largest) + _split(rng, (u0, cut, u1, v1), largest)


def _wood(palette: Palette, rng: np.random.Generator, plant: str, soil: str) -> int:
    green, dry = wood_cover(palette.weather, rng, evergreen=plant == "evergreen")
    return palette.add(
        soil if plant == "shrub" else "litter", rng, plant=plant, green=green, dry=dry, texture=0.1, vigour=0.08,
        thirst=0.15, holds_snow={"evergreen": 0.3, "deciduous": 0.5}.get(plant, 0.7),
    )  # fmt: skip


def _woods(recipe: Recipe, ground: Ground, palette: Palette, soil: str) -> None:
    rng = recipe.draw("woods")
    climate, cells = palette.weather.climate, ground.frame.cells
    share = rng.uniform(*climate.forest)
    evergreen = rng.uniform(*climate.evergreen)
    lie = noise(rng, cells, slope=2.2, largest=cells / 3)
    stands = noise(rng, cells, slope=2.4, largest=cells / 4)
    crowns = noise(rng, cells, slope=0.6, largest=5)
    wooded = lie > np.quantile(lie, 1 - share) if share > 0 else np.zeros_like(lie, dtype=bool)
    limits = np.quantile(stands, [0, evergreen / 2, evergreen, (1 + evergreen) / 2, 1])
    plants = ("evergreen", "evergreen", "deciduous", "deciduous")
    for plant, low, high in zip(plants, limits[:-1], limits[1:], strict=True):
        here = wooded & (stands >= low) & (stands <= high)
        tall = rng.uniform(9, 22)
        ground.surface[here] = _wood(palette, rng, plant, soil)
        ground.height[here] = np.maximum(1, tall * (1 + 0.18 * crowns[here]))
    slope_x, slope_y = _slopes(crowns)
    ground.tilt_x[wooded] += 0.25 * slope_x[wooded]
    ground.tilt_y[wooded] += 0.25 * slope_y[wooded]
    # Scattered shrubs and single trees outside the woods.
    scrub = (crowns > np.quantile(crowns, 1 - rng.uniform(0.0005, 0.004))) & ~wooded
    ground.surface[scrub] = _wood(palette, rng, "deciduous" if share > 0.05 else "shrub", soil)
    ground.height[scrub] = 6
    ground.wooded[:] = wooded


def _water(recipe: Recipe, ground: Ground, palette: Palette, soil: str, terrain: Array) -> None:
    rng = recipe.draw("water")
    frame = ground.frame
    silty = "silty water" if rng.random() < 0.4 else "water"
    water = palette.add(silty, rng, vary=0.15, texture=0.03, thirst=0.0, holds_snow=0.05)
    bank = open_ground(palette, rng, soil=soil)
    if rng.random() < 0.55:
        u, v = frame.turned(rng.uniform(0, np.pi))
        width = rng.uniform(9, 60) * min(1.0, frame.extent_m / 2000)
        off = rng.uniform(0.22, 0.42) * frame.extent_m * rng.choice((-1, 1))
        course = off + frame.extent_m * 0.04 * (
            np.sin(u / rng.uniform(120, 320) + rng.uniform(0, 6))
            + np.sin(u / rng.uniform(60, 130) + rng.uniform(0, 6)) / 3
        )
        away = np.abs(v - course)
        ground.paint(away < width * 0.75, bank)
        ground.paint(away < width / 2, water, blocked=True)
    if rng.random() < 0.5:
        low = terrain < np.quantile(terrain, rng.uniform(0.004, 0.02))
        ground.paint(low, water, blocked=True)
    for _ in range(int(rng.integers(0, 3))):
        pond = rectangle(
            *rng.uniform(0.05, 0.95, 2) * frame.extent_m,
            length=rng.uniform(20, 60),
            width=rng.uniform(15, 40),
            angle=rng.uniform(0, np.pi),
        )
        ground.paint(pond.buffer(6), water, blocked=True)
