"""From the ground to a picture: colours of the day, light and shadow, optics, sky, sensor."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from sitewatch.simulate._climate import Array
from sitewatch.simulate._clutter import Clutter
from sitewatch.simulate._frame import Frame, Patch, noise
from sitewatch.simulate._ground import Ground
from sitewatch.simulate._passes import Acquisition
from sitewatch.simulate._recipe import Recipe
from sitewatch.simulate._sky import classify, cover_with, sky_over
from sitewatch.simulate._story import Stage
from sitewatch.simulate._surfaces import BANDS, SNOW, Colours
from sitewatch.sun import Sun

__all__ = ["OFFSET", "SCALE", "Stock", "lit", "picture", "stock_up"]

SCALE = 0.0001
"""Reflectance per digital number, as Sentinel-2 has it."""
OFFSET = -0.1
"""Reflectance of digital number 0, as Sentinel-2 has it since processing baseline 04.00."""

_DIFFUSE = np.array((0.40, 0.33, 0.27, 0.19, 0.12, 0.10), dtype=np.float32)
"""Share of the light that comes from the sky and reaches shadows too, by band."""
_BLUR = 0.48
"""Standard deviation of the point spread, in native pixels: a contrast of 0.32 at the Nyquist frequency."""
_NATIVE_20_M = ("swir16", "swir22")


@dataclass(frozen=True, kw_only=True)
class Stock:
    """All that rendering needs and that does not depend on the scene."""

    recipe: Recipe
    frame: Frame
    ground: Ground
    """With everything painted on it that never changes."""
    colours: Colours
    stages: tuple[tuple[Stage, Patch], ...]
    """What comes and goes, lowest first."""
    clutter: Clutter
    grain: Array
    """(y, x) cell-to-cell texture, standard normal."""
    vigour: Array
    """(y, x) how well plants do, standard normal."""
    drifts: Array
    """(y, x) where snow lies longest, standard normal."""
    flicker: Array
    """(scene, n) passing deviation of each surface's brightness."""
    orbit_gain: dict[int, float]
    """Brightness by relative orbit: the view angle's doing."""


def stock_up(
    recipe: Recipe,
    *,
    ground: Ground,
    colours: Colours,
    stages: list[Stage],
    clutter: Clutter,
    scenes: tuple[Acquisition, ...],
) -> Stock:
    """Prepare rendering: paint what stands for good, draw textures."""
    rng = recipe.draw("texture")
    frame, cells = ground.frame, ground.frame.cells
    grain = (0.75 * noise(rng, cells, slope=0.3, largest=4) + 0.66 * noise(rng, cells, slope=1.2, largest=24)).astype(
        np.float32
    )
    moving = []
    for stage in sorted(stages, key=lambda s: s.order):
        patch = frame.patch(stage.footprint)
        if stage.begin == -math.inf and stage.end == math.inf:
            _lay(ground, stage, patch)
        else:
            moving.append((stage, patch))
    count = len(colours.bare)
    steps = recipe.draw("flicker").normal(0, 1, (count, len(scenes)))
    flicker = np.empty((len(scenes), count), dtype=np.float32)
    level = steps[:, 0]
    for i in range(len(scenes)):
        level = 0.8 * level + 0.6 * steps[:, i]
        flicker[i] = 0.02 * level
    gains = recipe.draw("orbit gain")
    return Stock(
        recipe=recipe,
        frame=frame,
        ground=ground,
        colours=colours,
        stages=tuple(moving),
        clutter=clutter,
        grain=grain,
        vigour=noise(rng, cells, slope=1.7, largest=70),
        drifts=noise(rng, cells, slope=1.3, largest=40),
        flicker=flicker,
        orbit_gain={orbit: float(gains.normal(0, 0.02)) for orbit in sorted({a.orbit for a in scenes})},
    )


def picture(stock: Stock, scene: Acquisition, number: int) -> NDArray[np.uint16]:
    """Render one scene.

    Args:
        stock: the world.
        scene: when and how it is taken.
        number: its place among the world's scenes, from 0.

    Returns:
        (7, y, x) uint16: six bands of digital numbers, and the scene classification.
    """
    recipe, frame = stock.recipe, stock.frame
    rng = recipe.draw("scene", scene.id)
    ground = _stand(stock, scene, number)
    reflectance = _optics(stock, ground, scene, number)
    gain = 1 + stock.orbit_gain[scene.orbit] + rng.normal(0, 0.012) + rng.normal(0, 0.006, len(BANDS))
    reflectance *= gain.astype(np.float32)[:, None, None]
    reflectance += rng.normal(0, 0.002, len(BANDS)).astype(np.float32)[:, None, None]
    sky = sky_over(scene, size=frame.size, pixel_m=frame.pixel_m, rng=rng)
    seen = cover_with(sky, reflectance)
    grit = rng.standard_normal(seen.shape, dtype=np.float32)
    seen += grit * np.sqrt(np.float32(0.0009**2) + (np.float32(0.005) * seen) ** 2)
    classes = classify(sky, seen, missed=recipe.mask_missed, rng=rng)
    numbers = np.clip(np.rint((seen - OFFSET) / SCALE), 1, 65535).astype(np.uint16)
    stack = np.concatenate([numbers, classes[None].astype(np.uint16)])
    if scene.swath is not None:
        y, x = np.mgrid[: frame.size, : frame.size]
        # Swath edges lean like the orbit: 1 in 5, from the north-east to the south-west.
        stack[:, x + 0.2 * y > (scene.swath + 0.1) * frame.size] = 0
    return stack


def _stand(stock: Stock, scene: Acquisition, number: int) -> Ground:
    """The ground on one day, with everything that stands on it."""
    still = stock.ground
    ground = Ground(
        frame=still.frame,
        surface=still.surface.copy(),
        height=still.height.copy(),
        tilt_x=still.tilt_x.copy(),
        tilt_y=still.tilt_y.copy(),
        blocked=still.blocked,
        wooded=still.wooded,
    )
    parked = stock.clutter.surfaces[number]
    flat = [s for s in stock.stages if s[0].begin <= scene.day < s[0].end]
    for stage, patch in flat:
        if stage.order == 0:
            _lay(ground, stage, patch)
    for place in np.flatnonzero(parked >= 0):
        patch = stock.clutter.patches[place]
        ground.surface[patch.window][patch.inside] = parked[place]
        ground.height[patch.window][patch.inside] = stock.clutter.heights[place]
    for stage, patch in flat:
        if stage.order > 0:
            _lay(ground, stage, patch)
    return ground


def _lay(ground: Ground, stage: Stage, patch: Patch) -> None:
    window, inside = patch.window, patch.inside
    ground.surface[window][inside] = stage.surface
    ground.height[window][inside] = stage.height
    tilt_x = tilt_y = np.float32(0)
    if stage.pitch:
        middle, cell = stage.footprint.centroid, ground.frame.cell_m
        y, x = np.nonzero(inside)
        across = (-math.sin(stage.angle), math.cos(stage.angle))
        east = (x + window[1].start + 0.5) * cell - middle.x
        south = (y + window[0].start + 0.5) * cell - middle.y
        rise = -np.sign(east * across[0] + south * across[1]) * stage.pitch
        tilt_x, tilt_y = (rise * across[0]).astype(np.float32), (rise * across[1]).astype(np.float32)
    ground.tilt_x[window][inside] = tilt_x
    ground.tilt_y[window][inside] = tilt_y


def lit(height: Array, sun: Sun, *, cell_m: float) -> NDArray[np.bool_]:
    """Where the sun reaches what faces it.

    Args:
        height: (y, x) metres above the ground; y to the south.
        sun: where the sun stands.
        cell_m: edge of a cell, metres.

    Returns:
        (y, x); False in the shadow of something higher.
    """
    tall = np.rint(height * 10).astype(np.int16)
    drop = 10 * cell_m / sun.cotangent
    reach = min(45, math.ceil(float(tall.max()) / drop))
    shade = np.zeros_like(tall)
    rows, columns = tall.shape
    for k in range(1, reach + 1):
        dx, dy = (round(k * part) for part in sun.away)
        to_y, from_y = _overlap(dy, rows)
        to_x, from_x = _overlap(dx, columns)
        target = shade[to_y, to_x]
        np.maximum(target, tall[from_y, from_x] - np.int16(round(k * drop)), out=target)
    return np.asarray(shade <= tall + 3)


def _overlap(shift: int, length: int) -> tuple[slice, slice]:
    if shift >= 0:
        return slice(shift, None), slice(0, max(0, length - shift))
    return slice(0, max(0, length + shift)), slice(-shift, None)


def _optics(stock: Stock, ground: Ground, scene: Acquisition, number: int) -> Array:
    """(band, y, x) reflectance in pixels: colours, light, and the sensor's blur and misregistration."""
    frame, sun = stock.frame, scene.sun
    away, steep = sun.away, np.float32(min(4.0, sun.cotangent))
    light = 1 + steep * (np.float32(away[0]) * ground.tilt_x + np.float32(away[1]) * ground.tilt_y)
    np.clip(light, 0.3, 2.0, out=light)
    light *= lit(ground.height, sun, cell_m=frame.cell_m)
    surface = ground.surface
    rough = 1 + stock.colours.traits[:, 0][surface] * stock.grain
    np.maximum(rough, 0.3, out=rough)
    base, spread = stock.colours.on(scene.day, stock.flicker[number])
    snow = _snow(stock, scene, surface)
    shift = scene.shift_m
    fine = [_blur(frame, 1, offset) for offset in shift]
    coarse = [_blur(frame, 2, offset) for offset in shift]
    out = np.empty((len(BANDS), frame.size, frame.size), dtype=np.float32)
    for i, band in enumerate(BANDS):
        cells = (base[i][surface] + spread[i][surface] * stock.vigour) * rough
        if snow is not None:
            cells += (SNOW[i] - cells) * snow
        cells *= _DIFFUSE[i] + (1 - _DIFFUSE[i]) * light
        across, down = coarse if band in _NATIVE_20_M else fine
        pixels = (across @ (down @ cells).T).T
        if band in _NATIVE_20_M:
            pixels = np.repeat(np.repeat(pixels, 2, axis=0), 2, axis=1)[: frame.size, : frame.size]
        out[i] = pixels
    return np.maximum(out, 0.001)


def _snow(stock: Stock, scene: Acquisition, surface: NDArray[np.int32]) -> Array | None:
    """(y, x) snow cover, 0-1; None where none lies."""
    depth = stock.colours.weather.snow[scene.day]
    if depth < 0.15:
        return None
    holds = stock.colours.holds_snow[surface]
    cover = (depth * holds - 0.8 - 0.7 * stock.drifts) / 2.5
    return np.asarray(np.clip(cover, 0, 0.97 * np.minimum(1, holds + 0.15)), dtype=np.float32)


def _blur(frame: Frame, factor: int, shift_m: float) -> scipy.sparse.csr_array:
    """The optics along one axis, as a matrix (pixels of `factor` times the size, cells)."""
    count, cells = math.ceil(frame.size / factor), frame.cells
    pixel = frame.oversample * factor
    sigma = _BLUR * pixel
    reach = math.ceil(3 * sigma)
    middle = (np.arange(count) + 0.5) * pixel - 0.5 - shift_m / frame.cell_m
    nearest = np.rint(middle).astype(int)
    taps = nearest[:, None] + np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * ((taps - middle[:, None]) / sigma) ** 2)
    weights /= weights.sum(axis=1, keepdims=True)
    rows = np.repeat(np.arange(count), taps.shape[1])
    columns = np.clip(taps, 0, cells - 1).ravel()
    matrix = scipy.sparse.csr_array((weights.ravel().astype(np.float32), (rows, columns)), shape=(count, cells))
    matrix.sum_duplicates()
    return matrix
