"""A second simulator of watched sites: does the engine, fitted on `sitewatch.simulate`, carry over to another world?

    python benchmarks/change/second_world.py --seeds 1 2 --out DIR [--null]

It was written without a look at `sitewatch.simulate`, on purpose; it shares no code with it, and nothing of it was used
to fit the engine. Seeds 0 to 2 were looked at, though, while the engine's models and rules were chosen; 3 and 4 took no
part in that. Whoever tunes the engine on it turns the test of transfer into one more training set.

What it imitates: three years of 10 m images of a walled compound among fields with their crops, forest, villages, a
road and at times a pond. Everything on the ground is a unit: a parcel, yard, roof, road, parked truck or event. A map
of units on a grid three times finer than the pixels changes from day to day. Each look gives every unit its spectrum of
the day, then adds cast shadows, snow, the blur of the optics, an error of registration, air, clouds with an imperfect
mask, and noise. Real changes that are no structures (resurfaced yards, clear-cuts) are told in the truth, to be
ignored.

Its difficulty was set by what two simple peers of `peers.py` reach on seeds 0 to 2 (the t-test scan an F1 of about 0.5,
quarterly medians about 0.32), before the engine was ever run on it.

A scene is a folder: images/*.tif, one a look, with six bands of reflectance and the Sentinel-2 scene classes;
site.geojson, the outline of the site; truth.geojson, what happened in that outline; truth_whole.geojson, what happened
anywhere in the images. One seed gives one scene; without events the same ground, weather and clutter remain. Lengths
and positions are in pixels of 10 m, x to the right and y down, unless something else is said; days count from `START`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.transform import from_origin
from scipy import fft, ndimage

BANDS = ("blue", "green", "red", "nir", "swir16", "swir22")
SIZE = 256
"""Pixels along each side of an image."""
PIXEL_M = 10.0
FINE = 3
"""Cells of the fine grid along a pixel's side."""
CELLS = SIZE * FINE
"""Cells along each side of an image."""
EPSG = 32632
LEFT_M, TOP_M = 561230.0, 5473890.0
"""Upper left corner of the images."""
START = dt.date(2021, 2, 3)
SPAN = 3 * 365
"""Days from `START` in which there are looks."""
LOOKS = 150
MARGIN = 6
"""Pixels between the compound's fence and the outline of the site."""

CLEAR = (4, 5, 6)
"""Scene classes of clear ground: vegetation, bare ground, water."""

NOISE, RELATIVE_NOISE = 0.006, 0.012
"""Standard deviation of the noise: reflectance, and share of the reflectance."""
GAIN_SPREAD = 0.022
"""Standard deviation of a look's gain."""
JITTER = 0.22
"""Standard deviation of the error of registration, each way."""
CLUTTER = 0.7
"""How busy the yards are; 1: a truck arrives 45 days after the last one has left its bay."""
FILL = (0.85, 1.0)
"""Share of its ground that an event covers."""
MIN_CONTRAST = 0.06
"""Root mean square difference of reflectance between an event and its ground: what is fainter is not built."""
STAY_MEDIAN, STAY_SPREAD = 115.0, 0.75
"""How long a temporary thing stays: median in days, standard deviation of the logarithm."""

Rng = np.random.Generator
Floats = NDArray[np.floating[Any]]
Cells = NDArray[np.int64]
"""Flat indices into the fine grid."""
Rect = tuple[float, float, float, float]
"""Least u, least v, greatest u, greatest v in some frame."""
Kind = Literal["permanent", "temporary", "demolition"]


def spectrum(*values: float) -> Floats:
    """Reflectance in `BANDS`, 0-1."""
    return np.array(values, np.float32)


MATERIALS = {
    "asphalt": spectrum(0.105, 0.115, 0.125, 0.145, 0.175, 0.160),
    "fresh": spectrum(0.052, 0.056, 0.060, 0.068, 0.080, 0.078),
    "concrete": spectrum(0.195, 0.225, 0.250, 0.285, 0.310, 0.285),
    "gravel": spectrum(0.135, 0.165, 0.195, 0.240, 0.290, 0.265),
    "dirt": spectrum(0.100, 0.135, 0.180, 0.255, 0.330, 0.280),
    "grey": spectrum(0.165, 0.175, 0.180, 0.195, 0.215, 0.200),
    "metal": spectrum(0.370, 0.385, 0.390, 0.405, 0.385, 0.350),
    "tent": spectrum(0.540, 0.570, 0.575, 0.560, 0.400, 0.290),
    "tan": spectrum(0.200, 0.265, 0.325, 0.390, 0.430, 0.390),
    "bitumen": spectrum(0.048, 0.050, 0.053, 0.062, 0.078, 0.078),
    "blue": spectrum(0.185, 0.185, 0.125, 0.210, 0.245, 0.225),
    "tile": spectrum(0.075, 0.100, 0.175, 0.235, 0.260, 0.225),
    "water": spectrum(0.045, 0.050, 0.038, 0.018, 0.010, 0.008),
    "rust": spectrum(0.070, 0.085, 0.140, 0.200, 0.250, 0.230),
}
SOIL = spectrum(0.065, 0.085, 0.115, 0.180, 0.245, 0.205)
CROP = spectrum(0.028, 0.065, 0.035, 0.440, 0.205, 0.100)
GRASS = spectrum(0.035, 0.075, 0.048, 0.350, 0.215, 0.120)
LEAF = spectrum(0.022, 0.045, 0.025, 0.360, 0.160, 0.070)
NEEDLE = spectrum(0.020, 0.033, 0.022, 0.215, 0.095, 0.045)
TWIG = spectrum(0.045, 0.055, 0.065, 0.145, 0.165, 0.105)
STRAW = spectrum(0.080, 0.115, 0.155, 0.270, 0.330, 0.245)
FLOWER = spectrum(0.045, 0.150, 0.150, 0.480, 0.200, 0.100)
SNOW = spectrum(0.76, 0.79, 0.78, 0.71, 0.13, 0.10)

# A material that is named twice is drawn twice as often.
HOUSES = ("tile", "tile", "grey", "bitumen", "metal")
HALLS = ("grey", "metal", "bitumen", "blue", "tile", "concrete", "grey")
TRUCKS = ("metal", "tent", "blue", "rust", "grey", "bitumen", "tan", "tile")
SURFACES = ("fresh", "fresh", "concrete", "gravel")
LARGE_ROOFS = ("metal", "grey", "tan", "bitumen", "blue", "metal", "concrete")
ROOFS = (*LARGE_ROOFS, "tent", "tent")
TEMPORARY = ("tent", "tent", "tan", "metal", "blue", "grey", "bitumen")
DEMOLISHED = ("metal", "metal", "grey", "tan", "tent", "concrete", "tile")


def stream(seed: int, name: str) -> Rng:
    """Random numbers of one stage of one scene, so that no stage shifts the numbers of another."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def smooth(rng: Rng, size: int, scale: float) -> Floats:
    """A (size, size) field of mean 0 and variance 1, smooth over `scale` cells."""
    values = ndimage.gaussian_filter(rng.normal(size=(size, size)).astype(np.float32), scale, mode="reflect")
    unit: Floats = (values - values.mean()) / values.std()
    return unit


def billows(rng: Rng, size: int, slope: float) -> Floats:
    """A (size, size) field of mean 0 and variance 1 whose power falls with frequency to the power of -`slope`."""
    # Twice the size: a field from a Fourier series repeats, and its far side would meet this one.
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(2 * size), np.fft.rfftfreq(2 * size), indexing="ij"))
    frequency[0, 0] = 1
    waves = (rng.normal(size=frequency.shape) + 1j * rng.normal(size=frequency.shape)) * frequency ** (-slope / 2)
    waves[0, 0] = 0
    values = fft.irfft2(waves, s=(2 * size, 2 * size))[:size, :size]
    unit: Floats = ((values - values.mean()) / values.std()).astype(np.float32)
    return unit


def january(year: int) -> int:
    """Day of the first of January."""
    return (dt.date(year, 1, 1) - START).days


def day_of_year(day: int) -> int:
    """1-366."""
    return (START + dt.timedelta(day)).timetuple().tm_yday


def yearly(day: float, peak: float) -> Any:
    """A cosine of the year, 1 on the day of the year `peak` and -1 half a year away."""
    return np.cos(2 * np.pi * (day - peak) / 365)


# ---- what grows ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Calendar:
    """How one field goes through the years: shares of 0-1 at key days, straight lines between."""

    day: Floats
    green: Floats
    straw: Floats
    flower: Floats

    def at(self, day: int) -> tuple[float, float, float]:
        """(green, straw, flower) on a day."""
        green, straw, flower = (float(np.interp(day, self.day, s)) for s in (self.green, self.straw, self.flower))
        return green, straw, flower


class FieldYear:
    """One year of one field: draws its dates and notes its key days."""

    def __init__(self, rng: Rng, year: int, habit: float, points: list[tuple[float, float, float, float]]) -> None:
        self.rng = rng
        self.january = january(year)
        self.shifted = self.january + habit + rng.normal(0, 5)
        self.points = points

    def on(self, day: float, spread: float = 5) -> float:
        """A day near the given day of the year, as early or late as this field is in this year."""
        return self.shifted + day + self.rng.normal(0, spread)

    def put(self, day: float, green: float, straw: float = 0.0, flower: float = 0.0) -> None:
        """Note a key day; one that would come before the last one comes half a day after it."""
        if self.points and day <= self.points[-1][0]:
            day = self.points[-1][0] + 0.5
        self.points.append((day, green, straw, flower))


def mown_year(year: FieldYear) -> None:
    """Grass that is cut four times."""
    year.put(year.january + 5, 0.45)
    year.put(year.on(75), 0.5)
    cut = year.on(130, 10)
    year.put(cut - 1, 0.92)
    for gap in (year.rng.uniform(38, 60), year.rng.uniform(40, 70), year.rng.uniform(40, 70)):
        year.put(cut, 0.3, 0.35)
        year.put(cut + 12, 0.5, 0.1)
        year.put(cut + 34, 0.85)
        cut += gap
        year.put(cut - 1, 0.85 if cut < year.shifted + 260 else 0.75)
    year.put(year.january + 330, 0.55)


def rough_year(year: FieldYear) -> None:
    """Grass that nobody cuts."""
    year.put(year.january + 10, 0.35, 0.35)
    year.put(year.on(80), 0.35, 0.35)
    year.put(year.on(140, 9), 0.8, 0.1)
    year.put(year.on(210, 12), 0.55, 0.35)
    year.put(year.on(250), 0.55, 0.3)
    year.put(year.january + 330, 0.4, 0.35)


def winter_cereal(year: FieldYear, *, ripe: float) -> float:
    """Wheat or barley, sown the year before; returns the day of harvest, like all crops here."""
    year.put(year.january + 1, year.rng.uniform(0.15, 0.4))
    year.put(year.on(65), 0.3)
    year.put(year.on(105), 0.75)
    year.put(year.on(135), 0.96)
    year.put(year.on(160), 0.9)
    yellow = year.on(ripe, 4)
    year.put(yellow, 0.15, 0.8)
    harvest = yellow + year.rng.uniform(10, 26)
    year.put(harvest, 0.05, 0.9)
    year.put(harvest + 1, 0.04, 0.55)
    return harvest


def rape(year: FieldYear) -> float:
    """Rape, which flowers in May."""
    year.put(year.january + 1, 0.5)
    year.put(year.on(70), 0.55)
    year.put(year.on(110), 0.92)
    year.put(year.on(122, 4), 0.9, 0, 0.7)
    year.put(year.on(140, 4), 0.92, 0, 0.1)
    year.put(year.on(168), 0.7, 0.2)
    harvest = year.on(195, 6)
    year.put(harvest - 1, 0.1, 0.75)
    year.put(harvest, 0.04, 0.5)
    return harvest


def maize(year: FieldYear) -> float:
    """Maize, bare until June."""
    year.put(year.january + 1, 0.03, 0.05)
    year.put(year.on(128, 6), 0.03)
    year.put(year.on(155), 0.25)
    year.put(year.on(185), 0.9)
    year.put(year.on(235), 0.88)
    year.put(year.on(258), 0.45, 0.4)
    harvest = year.on(275, 9)
    year.put(harvest, 0.3, 0.55)
    year.put(harvest + 1, 0.02, 0.35)
    return harvest


def beet(year: FieldYear) -> float:
    """Sugar beet, green until it is lifted."""
    year.put(year.january + 1, 0.03)
    year.put(year.on(115), 0.03)
    year.put(year.on(150), 0.35)
    year.put(year.on(180), 0.92)
    year.put(year.on(265), 0.85)
    harvest = year.on(292, 14)
    year.put(harvest, 0.8)
    year.put(harvest + 1, 0.05, 0.05)
    return harvest


def spring_cereal(year: FieldYear) -> float:
    """Barley sown in spring."""
    year.put(year.january + 1, 0.05, 0.1)
    year.put(year.on(85), 0.04)
    year.put(year.on(115), 0.35)
    year.put(year.on(145), 0.92)
    year.put(year.on(175), 0.8)
    yellow = year.on(198, 5)
    year.put(yellow, 0.12, 0.8)
    harvest = yellow + year.rng.uniform(8, 20)
    year.put(harvest, 0.04, 0.85)
    year.put(harvest + 1, 0.04, 0.5)
    return harvest


CROPS: Mapping[str, Callable[[FieldYear], float]] = {
    "wheat": lambda year: winter_cereal(year, ripe=182),
    "rape": rape,
    "maize": maize,
    "beet": beet,
    "barley": lambda year: winter_cereal(year, ripe=168),
    "spring": spring_cereal,
}


def crop_year(year: FieldYear, last: str | None) -> str:
    """A crop other than the last one, the plough, and at times a catch crop; returns the crop's name."""
    names = [name for name in CROPS if name != last]
    name = names[year.rng.integers(len(names))]
    plough = CROPS[name](year) + year.rng.uniform(4, 45)
    year.put(plough, 0.08, 0.4)
    year.put(plough + 1, 0.0, 0.04)
    if plough < year.january + 245 and year.rng.random() < 0.45:
        year.put(plough + 14, 0.03)
        year.put(plough + 50, 0.65)
        year.put(year.january + 355, 0.6)
    else:
        year.put(plough + 30, 0.02)
        year.put(year.january + 355, 0.12 if year.rng.random() < 0.5 else 0.02)
    return name


def calendar(rng: Rng, use: Literal["crop", "grass", "rough"]) -> Calendar:
    """A field's calendar from a year before the first look to a year after the last."""
    points: list[tuple[float, float, float, float]] = []
    habit = rng.normal(0, 6)
    last = None
    for number in range(START.year - 1, START.year + 5):
        year = FieldYear(rng, number, habit, points)
        if use == "grass":
            mown_year(year)
        elif use == "rough":
            rough_year(year)
        else:
            last = crop_year(year, last)
    return Calendar(*np.array(points, dtype=np.float64).T)


# ---- the world -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Unit:
    """Something on the ground that has one spectrum a day."""

    bare: Floats
    """Reflectance where nothing green covers it, dry to moist."""
    green: Floats = field(default_factory=lambda: GRASS)
    """Reflectance where it is all green."""
    soaks: float = 0.1
    """How much moisture darkens it, 0-1."""
    texture: float = 0.05
    """Standard deviation of its reflectance from cell to cell, as a share."""
    height_m: float = 0.0
    glint: float = 0.015
    """Standard deviation of its reflectance from look to look, as a share."""
    kind: Literal["static", "field", "leaf", "needle", "water"] = "static"
    calendar: Calendar | None = None
    patchy: float = 0.0
    """How unevenly its green comes and goes, 0-1.2."""


@dataclass(frozen=True)
class Frame:
    """A frame (u, v) that is turned against the image's (x, y); in pixels."""

    centre: tuple[float, float]
    angle: float
    """Radians."""

    def of(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """(u, v) of image positions."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        dx, dy = x - self.centre[0], y - self.centre[1]
        return dx * cos + dy * sin, -dx * sin + dy * cos

    def corners(self, rect: Rect) -> list[tuple[float, float]]:
        """Image positions of a rectangle's four corners."""
        left, top, right, bottom = rect
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        x, y = self.centre
        ring = ((left, top), (right, top), (right, bottom), (left, bottom))
        return [(x + u * cos - v * sin, y + u * sin + v * cos) for u, v in ring]


def grown(rect: Rect, by: float) -> Rect:
    """A rectangle with a margin all around."""
    return rect[0] - by, rect[1] - by, rect[2] + by, rect[3] + by


class Visit(NamedTuple):
    """A truck or container that stands somewhere for a while."""

    arrives: float
    leaves: float
    cells: Cells
    unit: int


@dataclass(frozen=True, kw_only=True)
class Swap:
    """A real change that is no structure, at once and for good."""

    what: Literal["resurfacing", "clear-cut"]
    day: int
    cells: Cells
    unit: int
    rect: Rect | None
    """In the compound's frame; None: ragged."""


@dataclass(kw_only=True)
class Event:
    """One presence of one structure."""

    kind: Kind
    rect: Rect
    """In the compound's frame."""
    cells: Cells
    unit: int
    on: int | None
    off: int | None
    build_days: int
    """How long its one end takes, if it is slow."""
    material: str
    order: Floats
    """Of each cell, 0-1: the share of `build_days` after which it changes."""
    rubble: int | None = None
    """Unit that is left after a demolition; None: the ground there was."""


class World:
    """What is where in one scene, and from when to when; the images are no part of it.

    Args:
        seed: any integer from 0 on.
        events: False: nothing is erected or taken down; what would be taken down stands throughout.
    """

    def __init__(self, seed: int, *, events: bool = True) -> None:
        # One seed has to give one scene for good: the order of the stages, of the units that they add and of the
        # numbers that they draw is part of it.
        self.seed = seed
        self.has_events = events
        self.units: list[Unit] = []
        y, x = np.meshgrid(*[(np.arange(CELLS) + 0.5) / FINE] * 2, indexing="ij")
        self.x, self.y = x.astype(np.float32), y.astype(np.float32)

        land = stream(seed, "land")
        angle = land.uniform(-0.6, 0.6)
        self.compound = Frame((SIZE / 2 + land.uniform(-18, 18), SIZE / 2 + land.uniform(-18, 18)), angle)
        self.u, self.v = self.compound.of(self.x, self.y)
        self.map = np.full((CELLS, CELLS), -1, np.int32)
        """(y, x) unit of each cell, before anything happens."""
        self.road = -1
        """Unit of the through road and of the compound's streets."""
        lay_land(self, land)

        plant = stream(seed, "plant")
        self.half = (plant.uniform(44, 60), plant.uniform(34, 48))
        """Half the compound's sides."""
        self.inside = (np.abs(self.u) < self.half[0]) & (np.abs(self.v) < self.half[1])
        self.taken = ~self.inside.ravel()
        """Cells in which no event in the compound may lie."""
        self.parking: list[Rect] = []
        build_compound(self, plant)

        self.weather = Weather.drawn(stream(seed, "looks"))
        self.visits = visits(self)
        distract = stream(seed, "distract")
        self.swaps = resurfacings(self, distract) + clear_cuts(self, distract)
        self.used = np.zeros(CELLS * CELLS, bool)
        """Cells of events so far."""
        self.events: list[Event] = []
        add_events(self)

    def add(self, unit: Unit) -> int:
        """Index of a new unit."""
        self.units.append(unit)
        return len(self.units) - 1

    def cells(self, rect: Rect) -> Cells:
        """Cells whose centres lie in a rectangle of the compound's frame."""
        corners = np.array(self.compound.corners(rect))
        left, top = np.maximum(np.floor(corners.min(0) * FINE).astype(int) - 1, 0)
        right, bottom = np.minimum(np.ceil(corners.max(0) * FINE).astype(int) + 1, CELLS)
        if right <= left or bottom <= top:
            return np.empty(0, np.int64)
        u, v = self.u[top:bottom, left:right], self.v[top:bottom, left:right]
        y, x = np.nonzero((u >= rect[0]) & (u < rect[2]) & (v >= rect[1]) & (v < rect[3]))
        return (y + top) * CELLS + x + left

    def paint(self, cells: Cells, unit: int) -> None:
        """Make a unit of these cells from the start on."""
        self.map.reshape(-1)[cells] = unit

    def on(self, day: int) -> NDArray[np.int32]:
        """(y, x) unit of each cell on a day."""
        units = self.map.ravel().copy()
        for swap in self.swaps:
            if day >= swap.day:
                units[swap.cells] = swap.unit
        for arrives, leaves, cells, unit in self.visits:
            if arrives <= day < leaves:
                units[cells] = unit
        for event in self.events:
            if event.kind == "demolition":
                gone = event.order < progress(event, event.off, day)
                units[event.cells[~gone]] = event.unit
                if event.rubble is not None:
                    units[event.cells[gone]] = event.rubble
            elif event.off is None or day < event.off:
                units[event.cells[event.order < progress(event, event.on, day)]] = event.unit
        return units.reshape(CELLS, CELLS)


def progress(event: Event, began: int | None, day: int) -> float:
    """Share of the work that is done on a day, 0-1."""
    assert began is not None
    return float(np.clip((day - began + 1) / (event.build_days + 1), 0, 1))


# ---- land ------------------------------------------------------------------------------------------------------------


def lay_land(world: World, rng: Rng) -> None:
    """Parcels of fields, forest and villages, tracks between them, a road, and at times a pond."""
    frame = Frame((SIZE / 2, SIZE / 2), rng.uniform(-0.8, 0.8))
    along, across = frame.of(world.x, world.y)
    boxes = parcels(rng)
    wave = smooth(rng, CELLS, 30) * 0.8
    bent = along + wave
    track = world.add(Unit(bare=MATERIALS["gravel"] * rng.uniform(0.75, 0.95), texture=0.1, soaks=0.25))
    road = world.add(Unit(bare=MATERIALS["asphalt"], texture=0.04, soaks=0.12))
    villages = []
    for box in boxes:
        left, top, right, bottom = box
        within = (bent >= left) & (bent < right) & (across >= top) & (across < bottom)
        if not within.any():
            continue
        unit, is_village = parcel(rng, small=bool(within.sum() < 2200 * FINE * FINE))
        world.map[within] = world.add(unit)
        if is_village:
            villages.append((box, np.flatnonzero(within)))
        if rng.random() < 0.5:
            world.map[within & ((np.abs(bent - left) < 0.2) | (np.abs(across - top) < 0.2))] = track
    for box, cells in villages:
        build_village(world, rng, box, cells, (along.ravel()[cells], across.ravel()[cells]))
    world.map[np.abs(across - rng.uniform(-70, 70) + 6 * np.sin(along / 40)) < 0.45] = road
    if rng.random() < 0.6:
        dig_pond(world, rng, wave)
    world.map[world.map < 0] = road
    world.road = road


def parcels(rng: Rng) -> list[Rect]:
    """Rectangles of about 1300 square pixels that tile the land, from cutting it in two again and again."""
    boxes: list[Rect] = [(-190.0, -190.0, 190.0, 190.0)]
    done = []
    while boxes:
        left, top, right, bottom = boxes.pop()
        width, height = right - left, bottom - top
        if width * height < rng.lognormal(np.log(1300), 0.5) or min(width, height) < 14:
            done.append((left, top, right, bottom))
            continue
        share = rng.uniform(0.3, 0.7)
        if width > height * rng.uniform(0.6, 1.3):
            cut = left + share * width
            boxes += [(left, top, cut, bottom), (cut, top, right, bottom)]
        else:
            cut = top + share * height
            boxes += [(left, top, right, cut), (left, cut, right, bottom)]
    return done


def parcel(rng: Rng, *, small: bool) -> tuple[Unit, bool]:
    """What a parcel is, and whether it is a village; only a small one can be."""
    chance = rng.random()
    soil = SOIL * rng.uniform(0.75, 1.3) * (1 + rng.normal(0, 0.05, 6))
    if chance < 0.10:
        green = varied(rng, LEAF)
        return Unit(bare=TWIG, green=green, kind="leaf", texture=0.14, height_m=11, patchy=0.3), False
    if chance < 0.20:
        return Unit(bare=varied(rng, NEEDLE), kind="needle", texture=0.16, height_m=13), False
    if chance < 0.23 and small:
        return Unit(bare=SOIL, kind="field", calendar=calendar(rng, "grass"), texture=0.15, patchy=0.5), True
    if chance < 0.40:
        return meadow(soil, varied(rng, GRASS), calendar(rng, "grass"), texture=0.07, patchy=rng.uniform(0.3, 1)), False
    if chance < 0.46:
        return meadow(soil, varied(rng, GRASS), calendar(rng, "rough"), texture=0.12, patchy=1), False
    green, grows = varied(rng, CROP), calendar(rng, "crop")
    return meadow(soil, green, grows, texture=0.05, patchy=rng.uniform(0.3, 1.2), soaks=0.35), False


def meadow(
    soil: Floats, green: Floats, grows: Calendar, *, texture: float, patchy: float = 0.8, soaks: float = 0.3
) -> Unit:
    """A field, meadow or lawn."""
    return Unit(bare=soil, green=green, kind="field", calendar=grows, texture=texture, patchy=patchy, soaks=soaks)


def varied(rng: Rng, usual: Floats) -> Floats:
    """A spectrum of the same kind, some 6 % off in each band."""
    return usual * (1 + rng.normal(0, 0.06, 6))


def build_village(world: World, rng: Rng, box: Rect, cells: Cells, where: tuple[Floats, Floats]) -> None:
    """A house for every nine pixels, anywhere; `where` is the position of each cell in the frame of the box."""
    left, top, right, bottom = box
    along, across = where
    for _ in range(int((right - left) * (bottom - top) / 9)):
        x, y = rng.uniform(left, right), rng.uniform(top, bottom)
        width, height = rng.uniform(0.8, 2.2, 2)
        house = cells[(np.abs(along - x) < width / 2) & (np.abs(across - y) < height / 2)]
        if len(house):
            world.paint(house, world.add(Unit(bare=shade_of(rng, HOUSES, 0.12), height_m=7, texture=0.04)))


def shade_of(rng: Rng, names: Sequence[str], spread: float) -> Floats:
    """One of the materials, brighter or darker by a factor whose logarithm has this standard deviation."""
    return MATERIALS[str(rng.choice(names))] * rng.lognormal(0, spread)


def dig_pond(world: World, rng: Rng, wave: Floats) -> None:
    """Water near a corner of the image."""
    x, y = rng.choice([40, 216]), rng.choice([40, 216])
    distance = np.hypot((world.x - x) / rng.uniform(0.7, 1.5), world.y - y) + wave * 3
    water = Unit(bare=MATERIALS["water"], kind="water", texture=0.05, soaks=0)
    world.map[distance < rng.uniform(9, 20)] = world.add(water)


# ---- the compound ----------------------------------------------------------------------------------------------------


def build_compound(world: World, rng: Rng) -> None:
    """Yards, lawns, halls and parking in blocks between streets, a fence around, a road to it."""
    paved, lawns = grounds(world, rng)
    across, down = int(rng.integers(3, 6)), int(rng.integers(3, 5))
    half_u, half_v = world.half
    streets_u, streets_v = streets(rng, half_u, across, 4), streets(rng, half_v, down, 3)
    wave = smooth(rng, CELLS, 8) * 0.5
    bent_u, bent_v = world.u + wave, world.v + wave
    for left, right in pairwise(streets_u):
        for top, bottom in pairwise(streets_v):
            block = world.inside & (bent_u >= left) & (bent_u < right) & (bent_v >= top) & (bent_v < bottom)
            choice = [*paved, paved[0], paved[1], lawns[0], lawns[0], lawns[1]]
            world.map[block] = rng.choice(choice)
            if rng.random() < 0.6:
                for _ in range(rng.integers(1, 3)):
                    build_hall(world, rng, (left, top, right, bottom))
            elif rng.random() < 0.6 and sum((r[2] - r[0]) * (r[3] - r[1]) for r in world.parking) < 260:
                lay_parking(world, rng, (left, top, right, bottom), paved[:3])
    for position, middles in ((world.u, streets_u[1:-1]), (world.v, streets_v[1:-1])):
        for middle in middles:
            world.map[world.inside & (np.abs(position - middle) < 0.5)] = world.road
            world.taken[(world.inside & (np.abs(position - middle) < 0.9)).ravel()] = True
    beyond = np.maximum(np.abs(world.u) - half_u, np.abs(world.v) - half_v)
    world.map[np.abs(beyond) < 0.18] = paved[1]
    world.map[(np.abs(world.v - streets_v[1]) < 0.45) & (world.u > half_u) & (world.u < half_u + 60)] = world.road
    world.taken |= (world.inside & (beyond > -1.2)).ravel()


def grounds(world: World, rng: Rng) -> tuple[list[int], list[int]]:
    """Units of the paved grounds (concrete, gravel, asphalt, dirt) and of the lawns (rough, mown)."""
    surfaces = (("concrete", 0.06, 0.10), ("gravel", 0.09, 0.22), ("asphalt", 0.05, 0.12), ("dirt", 0.10, 0.30))
    paved = [
        world.add(Unit(bare=MATERIALS[name] * rng.lognormal(0, 0.08), texture=texture, soaks=soaks))
        for name, texture, soaks in surfaces
    ]
    rough = world.add(meadow(SOIL, GRASS, calendar(rng, "rough"), texture=0.09))
    mown = world.add(meadow(SOIL * 1.15, GRASS, calendar(rng, "grass"), texture=0.09))
    return paved, [rough, mown]


def streets(rng: Rng, half: float, blocks: int, spread: float) -> Floats:
    """Where streets divide a side of the compound into blocks, its ends included."""
    between = np.linspace(-half, half, blocks + 1)[1:-1] + rng.normal(0, spread, blocks - 1)
    return np.sort(np.r_[-half, half, between])


def build_hall(world: World, rng: Rng, block: Rect) -> None:
    """A hall that stands throughout, if there is room for it where it was to be."""
    left, top, right, bottom = block
    width = rng.uniform(5, max(6, (right - left) * 0.6))
    height = rng.uniform(4, max(5, (bottom - top) * 0.5))
    u = rng.uniform(left + 2, max(left + 2.1, right - width - 2))
    v = rng.uniform(top + 2, max(top + 2.1, bottom - height - 2))
    rect = (u, v, min(u + width, right - 1.5), min(v + height, bottom - 1.5))
    around = world.cells(grown(rect, 1))
    if rect[2] - rect[0] < 3 or rect[3] - rect[1] < 3 or world.taken[around].any():
        return
    roof = shade_of(rng, HALLS, 0.12)
    hall = Unit(bare=roof, height_m=rng.uniform(6, 13), texture=0.025, glint=0.03, soaks=0.04)
    world.paint(world.cells(rect), world.add(hall))
    world.taken[around] = True


def lay_parking(world: World, rng: Rng, block: Rect, paved: Sequence[int]) -> None:
    """A parking area, where the visits will be."""
    left, top, right, bottom = block
    width, height = min(right - left - 4, rng.uniform(8, 16)), min(bottom - top - 4, rng.uniform(6, 12))
    u, v = rng.uniform(left + 2, right - width - 1.9), rng.uniform(top + 2, bottom - height - 1.9)
    rect = (u, v, u + width, v + height)
    cells = world.cells(rect)
    world.paint(cells, int(rng.choice(paved)))
    world.parking.append(rect)
    world.taken[cells] = True


# ---- what goes on ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Weather:
    """When there are looks, and how the ground is then."""

    days: NDArray[np.int64]
    """(look,) in order."""
    moisture: Floats
    """(day,) 0-1."""
    snow: Floats
    """(day,) share of the ground that snow covers, 0-1."""

    @classmethod
    def drawn(cls, rng: Rng) -> Weather:
        """Looks from the passes of two orbits, showers, and a few snowfalls each winter."""
        passes = np.unique(np.r_[np.arange(0, SPAN, 5), np.arange(3, SPAN, 10)])
        days = passes[np.sort(rng.choice(len(passes), LOOKS, replace=False))]
        moisture, now = np.zeros(SPAN + 40), 0.3
        for day in range(len(moisture)):
            winter = 0.5 + 0.5 * yearly(day_of_year(day), 15)
            now *= np.exp(-1 / (4 + 12 * winter))  # it dries slower then
            if rng.random() < 0.17:
                now = min(1, now + rng.uniform(0.2, 0.9))
            moisture[day] = now
        snow = np.zeros(SPAN + 40)
        for year in range(START.year, START.year + 4):
            for _ in range(rng.integers(1, 4)):
                first, lasts = january(year) + int(rng.uniform(-30, 58)), int(rng.uniform(3, 15))
                for day in range(max(first, 0), min(first + lasts, len(snow))):
                    snow[day] = max(snow[day], min(1, 1.3 * (1 - (day - first) / lasts)))
        return cls(days=days, moisture=moisture, snow=snow)

    def date(self, look: int) -> dt.date:
        """Of a look."""
        return START + dt.timedelta(int(self.days[look]))


def visits(world: World) -> list[Visit]:
    """Trucks and containers that come and go in the bays of the parking areas and, now and then, in any yard."""
    rng = stream(world.seed, "bustle")
    found: list[Visit] = []

    def visit(rect: Rect, arrives: float, leaves: float) -> None:
        cells = world.cells(rect)
        if len(cells):
            unit = Unit(bare=shade_of(rng, TRUCKS, 0.2) * 0.9, height_m=3, texture=0.05)
            found.append(Visit(arrives, leaves, cells, world.add(unit)))

    for rect in world.parking:
        for u, v, is_long in bays(rng, rect):
            day = -rng.exponential(10)
            while day < SPAN + 20:
                day += rng.exponential(70 if is_long else 45) / CLUTTER
                stay = rng.exponential(35) if is_long else rng.exponential(3.0)
                width, length = rng.choice([0.35, 0.35, 0.7]), rng.uniform(0.7, 1.4)
                visit((u, v, u + width, v + length), day, day + stay)
                day += stay
    half_u, half_v = world.half
    for _ in range(int(260 * CLUTTER)):
        u, v = rng.uniform(-half_u + 2, half_u - 4), rng.uniform(-half_v + 2, half_v - 4)
        is_small = rng.random() < 0.8
        width = rng.uniform(0.3, 0.9) if is_small else rng.uniform(0.9, 1.3)
        length = rng.uniform(0.5, 1.6) if is_small else rng.uniform(1.2, 2.4)
        if rng.random() < 0.5:
            width, length = length, width
        rect = (u, v, u + width, v + length)
        if not world.taken[world.cells(rect)].any():
            day = rng.uniform(-30, SPAN)
            visit(rect, day, day + rng.exponential(12) + 0.5)
    return found


def bays(rng: Rng, rect: Rect) -> Iterator[tuple[float, float, bool]]:
    """Corner of every bay of a parking area, and whether things stand there long; drawn one by one as they fill."""
    u = rect[0] + 0.3
    while u < rect[2] - 0.6:
        v = rect[1] + 0.3
        is_long = rng.random() < 0.25
        while v < rect[3] - 1.3:
            yield u, v, bool(is_long)
            v += rng.uniform(1.5, 1.9)
        u += rng.choice([0.75, 1.1, 1.4])


def resurfacings(world: World, rng: Rng) -> list[Swap]:
    """Yards that get a new surface."""
    swaps = []
    for _ in range(int(rng.integers(2, 5))):
        rect = free_yard(world, rng)
        if rect is not None:
            world.taken[world.cells(grown(rect, 1))] = True
            day = int(rng.uniform(90, SPAN - 90))
            unit = world.add(Unit(bare=shade_of(rng, SURFACES, 0.08), texture=0.05, soaks=0.12))
            swaps.append(Swap(what="resurfacing", day=day, cells=world.cells(rect), unit=unit, rect=rect))
    return swaps


def free_yard(world: World, rng: Rng) -> Rect | None:
    """A part of the yards with nothing in it or beside it; None when sixty tries find none."""
    half_u, half_v = world.half
    for _ in range(60):
        width, height = rng.uniform(4, 13), rng.uniform(4, 10)
        u, v = rng.uniform(-half_u + 2, half_u - 2 - width), rng.uniform(-half_v + 2, half_v - 2 - height)
        rect = (u, v, u + width, v + height)
        if not world.taken[world.cells(grown(rect, 1))].any():
            return rect
    return None


def clear_cuts(world: World, rng: Rng) -> list[Swap]:
    """Parts of forests that are felled."""
    forests = [index for index, unit in enumerate(world.units) if unit.kind in {"leaf", "needle"}]
    swaps = []
    for forest in forests[:8]:
        if rng.random() >= 0.35:
            continue
        y, x = np.nonzero(world.map == forest)
        if len(y) < 400:
            continue
        # Row and column are drawn apart: the middle need not lie in the forest itself.
        middle_y, middle_x = y[rng.integers(len(y))], x[rng.integers(len(x))]
        felled = (np.abs(y - middle_y) < rng.uniform(12, 40)) & (np.abs(x - middle_x) < rng.uniform(12, 40))
        if felled.sum() < 100:
            continue
        day = int(rng.uniform(90, SPAN - 90))
        unit = world.add(meadow(SOIL * 0.9, GRASS, calendar(rng, "rough"), texture=0.15))
        swaps.append(Swap(what="clear-cut", day=day, cells=y[felled] * CELLS + x[felled], unit=unit, rect=None))
    return swaps


# ---- events ----------------------------------------------------------------------------------------------------------


def add_events(world: World) -> None:
    """Structures that are erected, stay for a while, or are taken down; a scene without events keeps none of them."""
    rng = stream(world.seed, "events")
    add_permanent(world, rng)
    add_temporary(world, rng)
    add_demolitions(world, rng)
    if not world.has_events:
        for event in world.events:
            if event.kind == "demolition":
                world.paint(event.cells, event.unit)
        world.events = []


# Each loop below counts a place that was not found, or an event too faint, as a fraction of one: so that it ends even
# where the yards are full.


def add_permanent(world: World, rng: Rng) -> None:
    """15 to 20 structures that come to stay: one or two large halls, rows of sheds, and single ones."""
    wanted, made = int(rng.integers(15, 21)), 0.0
    for _ in range(int(rng.integers(1, 3))):
        rect = place(world, rng, rng.uniform(8, 13), rng.uniform(16, 31))
        if rect is not None:
            on, build = int(rng.uniform(120, SPAN - 150)), int(rng.uniform(20, 60))
            height = rng.uniform(7, 12)
            made += erect(world, rng, "permanent", rect, LARGE_ROOFS, on=on, build_days=build, height_m=height)
    while made < wanted:
        if rng.random() < 0.35:
            made += add_row(world, rng)
            continue
        outside = rng.random() < 0.12
        rect = place(world, rng, rng.uniform(2, 5.5), rng.uniform(2.2, 9), outside=bool(outside))
        if rect is None:
            made += 0.2
            continue
        on, build = int(rng.uniform(60, SPAN - 70)), int(rng.choice([0, 0, 0, 12, 30]))
        height = rng.uniform(3, 8)
        made += erect(world, rng, "permanent", rect, ROOFS, on=on, build_days=build, height_m=height) or 0.1


def add_row(world: World, rng: Rng) -> float:
    """A row of two to four sheds, mostly alike, one after another; returns how many."""
    count, width, length = int(rng.integers(2, 5)), rng.uniform(2.2, 5), rng.uniform(4, 9)
    row = place(world, rng, count * (width + 1.6), length)
    if row is None:
        return 0.2
    is_upright = row[2] - row[0] < row[3] - row[1]
    on = rng.uniform(70, SPAN - 260)
    materials = [str(rng.choice(ROOFS))] * 4 + ["grey", "metal"]
    height = rng.uniform(4, 8)
    made = 0
    for shed in range(count):
        shift = shed * (width + 1.6)
        if is_upright:
            rect = (row[0], row[1] + shift, row[2], row[1] + shift + width)
        else:
            rect = (row[0] + shift, row[1], row[0] + shift + width, row[3])
        build = int(rng.choice([0, 0, 15]))
        made += erect(world, rng, "permanent", rect, materials, on=int(on), build_days=build, height_m=height)
        on = min(on + rng.uniform(5, 70), SPAN - 70)
    return made


def add_temporary(world: World, rng: Rng) -> None:
    """15 to 21 structures that stay for a month to 400 days, some of them twice on one ground."""
    wanted, made = int(rng.integers(15, 22)), 0.0
    while made < wanted:
        width = rng.uniform(2, 4.5)
        length = rng.uniform(2, 8) if rng.random() < 0.6 else rng.uniform(2, 3)
        rect = place(world, rng, width, length, outside=bool(rng.random() < 0.1))
        if rect is None:
            made += 0.1
            continue
        stay = stay_days(rng, 400)
        on = int(rng.uniform(30, SPAN - 25 - stay))
        off = on + stay
        is_there = erect(world, rng, "temporary", rect, TEMPORARY, on=on, off=off, height_m=rng.uniform(2.5, 5))
        made += is_there or 0.1
        if is_there and rng.random() < 0.15 and made < wanted:
            stay = stay_days(rng, 300)
            on = off + int(rng.uniform(80, 300))
            if on + stay < SPAN - 25:
                made += erect(world, rng, "temporary", rect, TEMPORARY, on=on, off=on + stay, height_m=4)


def stay_days(rng: Rng, longest: int) -> int:
    """How long a temporary structure stays, in days."""
    return int(np.clip(rng.lognormal(np.log(STAY_MEDIAN), STAY_SPREAD), 30, longest))


def add_demolitions(world: World, rng: Rng) -> None:
    """4 to 8 structures that are taken down, most of which leave rubble."""
    wanted, made = int(rng.integers(4, 9)), 0.0
    while made < wanted:
        width, length = rng.uniform(2.2, 6), rng.uniform(3, 9)
        rect = place(world, rng, width, length, outside=bool(rng.random() < 0.1))
        if rect is None:
            made += 0.2
            continue
        off, build = int(rng.uniform(70, SPAN - 60)), int(rng.choice([0, 0, 10]))
        height = rng.uniform(4, 7)
        is_there = erect(world, rng, "demolition", rect, DEMOLISHED, off=off, build_days=build, height_m=height)
        if is_there and rng.random() < 0.6:
            rubble = Unit(bare=shade_of(rng, ("dirt", "gravel"), 0.1), texture=0.1, soaks=0.25)
            world.events[-1].rubble = world.add(rubble)
        made += is_there or 0.1


def place(world: World, rng: Rng, width: float, length: float, *, outside: bool = False) -> Rect | None:
    """A free rectangle of these sides, either way round: in the yards, or on the fields outside; None: none found."""
    half_u, half_v = world.half
    for _ in range(400):
        if rng.random() < 0.5:
            width, length = length, width
        if outside:
            u, v = rng.uniform(-half_u - 50, half_u + 50), rng.uniform(-half_v - 50, half_v + 50)
        else:
            u, v = rng.uniform(-half_u + 1.5, half_u - 1.5 - width), rng.uniform(-half_v + 1.5, half_v - 1.5 - length)
        rect = (u, v, u + width, v + length)
        around = world.cells(grown(rect, 1))
        if world.used[around].any():
            continue
        if is_open_field(world, rect, around) if outside else len(around) and not world.taken[around].any():
            return rect
    return None


def is_open_field(world: World, rect: Rect, around: Cells) -> bool:
    """Whether a rectangle lies well in the image, off the compound, with nothing but fields around."""
    corners = np.array(world.compound.corners(rect))
    if corners.min() < 6 or corners.max() > SIZE - 6:
        return False
    left, top, right, bottom = rect
    width, length = right - left, bottom - top
    middle = max(abs(left + width / 2) - world.half[0], abs(top + length / 2) - world.half[1])
    if middle < max(width, length):
        return False
    return all(world.units[unit].kind == "field" for unit in np.unique(world.map.ravel()[around]))


def erect(
    world: World,
    rng: Rng,
    kind: Kind,
    rect: Rect,
    materials: Sequence[str],
    *,
    on: int | None = None,
    off: int | None = None,
    build_days: int = 0,
    height_m: float = 5.0,
) -> bool:
    """Add an event of a material that stands out from its ground; False where twelve tries find none."""
    cells = world.cells(rect)
    if not len(cells):
        return False
    ground = usual_ground(world, cells)
    for _ in range(12):
        material = str(rng.choice(materials))
        look = MATERIALS[material] * rng.lognormal(0, 0.13) * (1 + rng.normal(0, 0.02, 6))
        look = ground + (look - ground) * rng.uniform(*FILL)
        if np.sqrt(((look - ground) ** 2).mean()) > MIN_CONTRAST:
            break
    else:
        return False
    glint = 0.04 if material == "metal" else 0.02
    unit = world.add(Unit(bare=look, height_m=height_m, texture=0.03, glint=glint, soaks=0.04))
    world.used[world.cells(grown(rect, 0.7))] = True
    left, top, right, bottom = rect
    width, length = right - left, bottom - top
    along = world.u.ravel()[cells] - left if width >= length else world.v.ravel()[cells] - top
    event = Event(
        kind=kind,
        rect=rect,
        cells=cells,
        unit=unit,
        on=on,
        off=off,
        build_days=build_days,
        material=material,
        order=along / max(width, length),
    )
    world.events.append(event)
    return True


def usual_ground(world: World, cells: Cells) -> Floats:
    """Rough spectrum over the year of the unit that most of these cells are."""
    units, counts = np.unique(world.map.ravel()[cells], return_counts=True)
    unit = world.units[units[counts.argmax()]]
    mean: Floats = unit.bare.astype(np.float32)
    if unit.kind in {"field", "leaf"}:
        mean = 0.55 * unit.green + 0.45 * mean
    return mean


# ---- looks -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sun:
    """Where the sun stands at a look."""

    azimuth: float
    """Radians from north over east."""
    slope: float
    """Length of a shadow as a multiple of the height that casts it."""

    @classmethod
    def drawn(cls, rng: Rng, day: int) -> Sun:
        """Late in the morning of a day of the year at 49.4 degrees north."""
        declination = 23.4 * np.sin(2 * np.pi * (day - 81) / 365)
        zenith = np.clip(49.4 - declination + 6, 20, 76)
        return cls(np.radians(163 + rng.normal(0, 2)), np.tan(np.radians(zenith)))


class Camera:
    """Takes the looks at a finished world."""

    def __init__(self, world: World) -> None:
        units = world.units
        self.world = world
        self.bare = np.array([u.bare for u in units], np.float32)
        self.green = np.array([u.green for u in units], np.float64)
        self.soaks, self.texture, self.height, self.glint, self.patchy = (
            np.array([getattr(u, name) for u in units], np.float32)
            for name in ("soaks", "texture", "height_m", "glint", "patchy")
        )
        self.kind = np.array([u.kind for u in units])
        self.growing = [(index, u.calendar) for index, u in enumerate(units) if u.calendar is not None]
        self.holds_snow = snow_hold(self.kind, world.road)
        rng = stream(world.seed, "texture")
        grain = 0.75 * smooth(rng, CELLS, 0.8) + 0.5 * smooth(rng, CELLS, 3.0)
        self.grain = np.clip(grain, -3, 3)
        self.patches, self.drifts = smooth(rng, CELLS, 14), smooth(rng, CELLS, 9)
        # Cycles per pixel.
        self.fy = (np.fft.fftfreq(CELLS) * FINE)[:, None].astype(np.float32)
        self.fx = (np.fft.rfftfreq(CELLS) * FINE)[None, :].astype(np.float32)
        self.blur = [self.transfer(1.0)] * 4 + [self.transfer(1.6)] * 2

    def transfer(self, width: float) -> Floats:
        """What optics and a detector of this width leave of each frequency."""
        lens = np.exp(-2 * (np.pi * 0.35) ** 2 * (self.fy**2 + self.fx**2))
        return (lens * np.sinc(width * self.fy) * np.sinc(width * self.fx)).astype(np.float32)

    def look(self, index: int) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
        """One look: (band, y, x) reflectance times 10 000, and (y, x) Sentinel-2 scene classes."""
        rng = stream(self.world.seed, f"look{index}")
        day = int(self.world.weather.days[index])
        of_year = day_of_year(day)
        units = self.world.on(day)
        bare, plants = self.spectra(rng, day, of_year)
        ground = self.ground(units, bare, plants, self.growth(day, of_year))
        sun = Sun.drawn(rng, of_year)
        snow = self.snow_cover(units, day)
        shade = shadows(self.height[units], sun)
        image = self.exposed(rng, ground, shade, snow)
        image = through_air(rng, image, of_year)
        share = cloud_share(rng, of_year)
        shapes = billows(rng, SIZE, rng.uniform(2.6, 3.4))
        classes = ground_classes(rng, image, snow)
        if share > 0.005:
            image, classes = clouded(rng, image, classes, shapes, share=share, sun=sun)
        if rng.random() < 0.12:  # a veil that no mask tells of
            veil = np.clip(0.035 + 0.03 * billows(rng, SIZE, 3.2), 0, 0.12)
            image = image * (1 - veil) + veil * 0.55
        if rng.random() < 0.1:  # bright roofs taken for cloud
            classes[(image[0] > 0.42) & (classes < 8)] = 8
        noise = rng.normal(size=image.shape).astype(np.float32)
        image = image + noise * (NOISE + RELATIVE_NOISE * np.clip(image, 0, 1))
        return np.clip(np.rint(image * 1e4), 1, 16000).astype(np.uint16), classes

    def spectra(self, rng: Rng, day: int, of_year: int) -> tuple[Floats, Floats]:
        """(unit, band) reflectance of the day: of the bare part, and of the green part."""
        moisture = self.world.weather.moisture[day]
        bare = self.bare * (1.12 - 1.25 * self.soaks * moisture)[:, None]
        bare = bare * (1 + (self.glint * rng.normal(size=len(self.glint)))[:, None])
        bare[self.kind == "needle"] *= 1 + 0.12 * yearly(of_year, 190)
        mud = abs(rng.normal(0, 0.012)) + spectrum(0.0, 0.015, 0.008, 0.003, 0, 0) * rng.random()
        bare[self.kind == "water"] += mud
        vigour = (1 + rng.normal(0, 0.03) + rng.normal(0, 0.015, 6)).astype(np.float32)
        return bare, self.green * vigour * (1 + 0.05 * yearly(of_year, 150))

    def growth(self, day: int, of_year: int) -> tuple[Floats, Floats, Floats]:
        """(unit,) shares of the day, 0-1: green, straw, and flowers among the green."""
        green, straw, flower = (np.zeros(len(self.kind), np.float32) for _ in range(3))
        for index, grows in self.growing:
            green[index], straw[index], flower[index] = grows.at(day)
        green[self.kind == "leaf"] = np.clip(min((of_year - 100) / 30, (315 - of_year) / 35), 0, 1)
        return green, straw, flower

    def ground(
        self, units: NDArray[np.int32], bare: Floats, plants: Floats, growth: tuple[Floats, Floats, Floats]
    ) -> Iterator[Floats]:
        """(y, x) reflectance of the sunlit ground, band by band."""
        green, straw, flower = growth
        plants = (1 - flower)[:, None] * plants + flower[:, None] * FLOWER
        of_green, of_straw = green[units], straw[units]
        uneven = 0.9 * self.patchy[units] * self.patches * 0.5 * of_green * (1 - of_green)
        of_green = np.clip(of_green + uneven, 0, 1)
        of_bare = np.clip(1 - of_green - of_straw * (1 - of_green), 0, 1)
        of_straw = of_straw * (1 - of_green)
        texture = 1 + self.texture[units] * self.grain
        for band in range(len(BANDS)):
            ground = bare[:, band][units] * of_bare + of_green * plants[:, band][units] + of_straw * STRAW[band]
            yield ground * texture

    def snow_cover(self, units: NDArray[np.int32], day: int) -> Floats | None:
        """(y, x) share of each cell that snow covers, 0-1; None on a day without."""
        snow = self.world.weather.snow[day]
        if snow <= 0.02:
            return None
        cover: Floats = np.clip((snow + 0.25 * self.drifts * (1 - snow)) * 1.3 - 0.1, 0, 1) * self.holds_snow[units]
        return cover

    def exposed(
        self, rng: Rng, ground: Iterable[Floats], shade: NDArray[np.bool_], snow: Floats | None
    ) -> NDArray[np.float32]:
        """(band, y, x) pixels of the ground under snow and shadow, blurred and a little out of place."""
        shift = self.fy * rng.normal(0, JITTER) + self.fx * rng.normal(0, JITTER)
        phase = np.exp(-2j * np.pi * shift).astype(np.complex64)
        image = np.empty((len(BANDS), SIZE, SIZE), np.float32)
        for band, lit in enumerate(ground):
            # Sky light is blue: shadows are less dark in that band.
            seen = lit.copy()
            seen[shade] *= 0.42 if band else 0.5
            if snow is not None:
                seen = seen * (1 - snow) + SNOW[band] * snow * np.where(shade, 0.55, 1)
            waves = fft.rfft2(seen.astype(np.float32)) * self.blur[band] * phase
            # The blur has the width of a pixel: the middle one of its cells holds its mean.
            image[band] = fft.irfft2(waves, s=(CELLS, CELLS))[FINE // 2 :: FINE, FINE // 2 :: FINE]
        return image


def snow_hold(kind: NDArray[np.str_], road: int) -> Floats:
    """(unit,) how readily snow stays, 0-1: least on the cleared road and under trees, most on fields."""
    hold = np.where(kind == "field", 1.0, 0.8)
    hold = np.where(np.isin(kind, ["leaf", "needle"]), 0.35, hold).astype(np.float32)
    hold[road] = 0.15
    return hold


def shadows(height_m: Floats, sun: Sun) -> NDArray[np.bool_]:
    """(y, x) cells in the shadow of something to the south that is higher than they are."""
    shade = np.zeros(height_m.shape, bool)
    for distance in range(1, 13):
        away_m = distance * PIXEL_M / FINE
        if away_m > 14 * sun.slope:  # nothing is higher than 14 m
            break
        # The sun stands in the south-south-east, so that shadows fall up and left in the image.
        up, left = abs(round(np.cos(sun.azimuth) * distance)), abs(round(np.sin(sun.azimuth) * distance))
        behind, casting = height_m[: CELLS - up, : CELLS - left], height_m[up:, left:]
        shade[: CELLS - up, : CELLS - left] |= casting - behind > away_m / sun.slope
    return shade


def through_air(rng: Rng, image: NDArray[np.float32], of_year: int) -> NDArray[np.float32]:
    """An image with the gain of season and sensor, and the haze that the correction has left or overdone."""
    season = 1 - 0.05 * yearly(of_year, 355)
    gain = season * (1 + rng.normal(0, GAIN_SPREAD)) * (1 + rng.normal(0, 0.012, 6))
    haze = abs(rng.normal(0, 0.009)) * np.array([1, 0.75, 0.55, 0.3, 0.12, 0.08]) - 0.003
    plane = 1 + 0.012 * smooth(rng, SIZE, 60)
    return image * gain[:, None, None].astype(np.float32) * plane + haze[:, None, None].astype(np.float32)


def cloud_share(rng: Rng, of_year: int) -> float:
    """Share of the image under cloud, 0-1: clear, overcast or between, clear less often in winter."""
    winter = 0.5 + 0.5 * yearly(of_year, 10)
    chance = rng.random()
    if chance < 0.46 - 0.2 * winter:
        return rng.uniform(0, 0.03)
    return 1.0 if chance > 0.88 - 0.1 * winter else rng.beta(0.9, 1.1)


def ground_classes(rng: Rng, image: Floats, snow: Floats | None) -> NDArray[np.uint16]:
    """(y, x) scene classes without clouds: vegetation, bare, water, and most of the snow."""
    classes = np.where(image[3] > 2 * image[2], 4, 5).astype(np.uint16)
    classes[(image[3] < 0.06) & (image[1] > image[3])] = 6
    if snow is not None:
        cover = snow.reshape(SIZE, FINE, SIZE, FINE).mean((1, 3))
        classes[(cover > 0.4) & (smooth(rng, SIZE, 6) < 1.75)] = 11
    return classes


def clouded(
    rng: Rng, image: Floats, classes: NDArray[np.uint16], shapes: Floats, *, share: float, sun: Sun
) -> tuple[Floats, NDArray[np.uint16]]:
    """The image under clouds and their shadows, and the classes with what a mask finds of both."""
    if share < 1:
        opacity = np.clip((shapes - np.quantile(shapes, 1 - share)) / rng.uniform(0.25, 0.6) + 0.15, 0, 1)
    else:
        opacity = np.clip(0.75 + 0.2 * shapes, 0.35, 1)
    opacity = opacity * rng.uniform(0.8, 1)
    top = np.clip(rng.uniform(0.45, 0.75) * (1 + 0.12 * smooth(rng, SIZE, 5)), 0.2, 1.1)
    # Clouds this low, 30 to 390 m up, keep their shadows inside a small image.
    away = rng.uniform(60, 260) * sun.slope / PIXEL_M * rng.uniform(0.5, 1.5)
    north, west = np.cos(sun.azimuth - np.pi) * away, -np.sin(sun.azimuth - np.pi) * away
    shadow = ndimage.shift(opacity, (-north, -west), order=1, mode="nearest")
    darker = np.array([0.5, 0.55, 0.6, 0.62, 0.64, 0.66])[:, None, None]
    white = np.array([1.0, 1.0, 1.0, 1.02, 0.62, 0.45])[:, None, None]
    image = image * (1 - darker * np.clip(shadow * 1.1, 0, 1))
    image = image * (1 - opacity) + white * top * opacity
    return image, cloud_classes(rng, classes, opacity, shadow)


def cloud_classes(rng: Rng, classes: NDArray[np.uint16], opacity: Floats, shadow: Floats) -> NDArray[np.uint16]:
    """Classes with a mask as masks are: with a threshold of its own, grown or not, with holes, shadows off by a bit."""
    holes = rarest(smooth(rng, SIZE, rng.uniform(1.5, 7)), 0.03)
    found = opacity > rng.uniform(0.12, 0.35)
    if rng.random() < 0.7:
        found = ndimage.binary_dilation(found, iterations=max(int(rng.integers(0, 3)), 1))
    shadow_holes = rarest(smooth(rng, SIZE, 4), 0.05)
    moved = ndimage.shift(shadow, rng.normal(0, 0.8, 2), order=1, mode="nearest")
    classes = classes.copy()
    classes[(moved > 0.3) & ~shadow_holes] = 3
    classes[found & ~holes] = 8
    classes[found & ~holes & (opacity > 0.6)] = 9
    return classes


def rarest(values: Floats, share: float) -> NDArray[np.bool_]:
    """Where a field is highest, on this share of it."""
    highest: NDArray[np.bool_] = values > np.quantile(values, 1 - share)
    return highest


# ---- files -----------------------------------------------------------------------------------------------------------


def make(seed: int, folder: Path, *, events: bool = True) -> None:
    """Write one scene: images/*.tif, site.geojson, truth.geojson (the outline) and truth_whole.geojson.

    Args:
        seed: any integer from 0 on.
        folder: made where it is missing; images of an earlier scene in it are replaced.
        events: False: nothing is erected or taken down.
    """
    world = World(seed, events=events)
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    for old in images.glob("*.tif"):
        old.unlink()
    camera = Camera(world)
    clear = np.zeros((LOOKS, SIZE * SIZE), bool)
    for look in range(LOOKS):
        image, classes = camera.look(look)
        clear[look] = np.isin(classes, CLEAR).ravel()
        write_image(images, world.weather.date(look), image, classes)
    write_site(world, folder / "site.geojson")
    write_truth(world, clear, folder)


def write_image(folder: Path, date: dt.date, image: NDArray[np.uint16], classes: NDArray[np.uint16]) -> None:
    """One look as a GeoTIFF of seven bands."""
    with rasterio.open(
        folder / f"second_{date:%Y-%m-%d}.tif",
        "w",
        driver="GTiff",
        width=SIZE,
        height=SIZE,
        count=len(BANDS) + 1,
        dtype="uint16",
        crs=f"EPSG:{EPSG}",
        transform=from_origin(LEFT_M, TOP_M, PIXEL_M, PIXEL_M),
        nodata=0,
        compress="deflate",
        predictor=2,
        zlevel=1,
        interleave="band",
    ) as file:
        file.write(np.concatenate((image, classes[None])))
        for index, band in enumerate((*BANDS, "scl"), start=1):
            file.set_band_description(index, band)
        file.scales = [1e-4] * len(BANDS) + [1.0]
        file.offsets = [0.0] * (len(BANDS) + 1)
        file.update_tags(TIFFTAG_DATETIME=f"{date:%Y:%m:%d} 10:37:00", DATE=f"{date:%Y-%m-%d}T10:37:00Z")


def geographic(points: Iterable[tuple[float, float]]) -> list[list[list[float]]]:
    """GeoJSON coordinates, EPSG:4326, of a polygon with these corners."""
    to = Transformer.from_crs(EPSG, 4326, always_xy=True).transform
    ring = [list(to(LEFT_M + x * PIXEL_M, TOP_M - y * PIXEL_M)) for x, y in points]
    return [[*ring, ring[0]]]


def images_outline(inset_m: float) -> dict[str, Any]:
    """GeoJSON polygon of the ground that all images show, less a rim of this width."""
    low, high = inset_m / PIXEL_M, SIZE - inset_m / PIXEL_M
    corners = ((low, low), (high, low), (high, high), (low, high))
    return {"type": "Polygon", "coordinates": geographic(corners)}


def site_rect(world: World) -> Rect:
    """Outline of the site in the compound's frame."""
    half_u, half_v = world.half
    return grown((-half_u, -half_v, half_u, half_v), MARGIN)


def write_site(world: World, path: Path) -> None:
    """The site's outline and name."""
    null = "" if world.has_events else " without events"
    feature = {
        "type": "Feature",
        "id": f"second{'' if world.has_events else 'null'}{world.seed}",
        "properties": {"name": f"Second world, seed {world.seed}{null}"},
        "geometry": {"type": "Polygon", "coordinates": geographic(world.compound.corners(site_rect(world)))},
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")


def write_truth(world: World, clear: NDArray[np.bool_], folder: Path) -> None:
    """What happened, in the outline and anywhere; `clear` is (look, pixel), True where the mask says clear ground."""
    told: list[tuple[Rect | None, dict[str, Any]]] = []
    told += [(event.rect, event_feature(world, index, event, clear)) for index, event in enumerate(world.events)]
    told += [(swap.rect, swap_feature(world, index, swap)) for index, swap in enumerate(world.swaps)]
    site = site_rect(world)
    in_outline = [feature for rect, feature in told if rect is None or touch(rect, site)]
    head = {
        "type": "FeatureCollection",
        "start": world.weather.date(0).isoformat(),
        "end": world.weather.date(-1).isoformat(),
    }
    square_km = (PIXEL_M / 1e3) ** 2
    for name, area_px, features in (
        ("truth_whole", SIZE**2, [feature for _, feature in told]),
        ("truth", (site[2] - site[0]) * (site[3] - site[1]), in_outline),
    ):
        document = {**head, "area_km2": area_px * square_km, "features": features}
        (folder / f"{name}.geojson").write_text(json.dumps(document), encoding="utf-8")


def touch(one: Rect, other: Rect) -> bool:
    """Whether two rectangles of one frame share a point."""
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def event_feature(world: World, index: int, event: Event, clear: NDArray[np.bool_]) -> dict[str, Any]:
    """A structure's presence, with how often it could be seen."""
    properties: dict[str, Any] = {
        "id": f"e{index}",
        "kind": event.kind,
        "on": iso(event.on),
        "off": iso(event.off),
        "material": event.material,
    }
    if event.build_days:
        end, day = ("on", event.on) if event.on is not None else ("off", event.off)
        assert day is not None
        properties[f"{end}_latest"] = iso(day + event.build_days)
    pixels = np.unique((event.cells // CELLS // FINE) * SIZE + event.cells % CELLS // FINE)
    days = world.weather.days
    is_there = (days >= (event.on or 0)) & (days < (SPAN if event.off is None else event.off))
    properties["clear_looks"] = int((is_there & (clear[:, pixels].mean(1) >= 0.5)).sum())
    left, top, right, bottom = event.rect
    properties["area_px"] = round((right - left) * (bottom - top), 2)
    polygon = {"type": "Polygon", "coordinates": geographic(world.compound.corners(event.rect))}
    return {"type": "Feature", "properties": properties, "geometry": polygon}


def swap_feature(world: World, index: int, swap: Swap) -> dict[str, Any]:
    """A change that is no structure, to be ignored."""
    if swap.rect is not None:
        corners = world.compound.corners(swap.rect)
    else:  # the box around it in rows and columns is near enough
        y, x = swap.cells // CELLS / FINE, swap.cells % CELLS / FINE
        left, right, top, bottom = x.min(), x.max() + 1 / FINE, y.min(), y.max() + 1 / FINE
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    properties = {
        "id": f"i{index}",
        "kind": "permanent",
        "on": iso(swap.day),
        "off": None,
        "ignore": True,
        "what": swap.what,
    }
    polygons = {"type": "MultiPolygon", "coordinates": [geographic(corners)]}
    return {"type": "Feature", "properties": properties, "geometry": polygons}


def iso(day: int | None) -> str | None:
    """Date of a day; None for none."""
    return None if day is None else (START + dt.timedelta(day)).isoformat()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seeds", type=int, nargs="+", required=True, help="one scene each")
    arguments.add_argument("--out", type=Path, required=True, help="scenes become folders in here")
    arguments.add_argument("--null", action="store_true", help="without any event")
    options = arguments.parse_args()
    for seed in options.seeds:
        folder = options.out / f"seed-{seed}{'-null' if options.null else ''}"
        make(seed, folder, events=not options.null)
        print(folder, flush=True)


if __name__ == "__main__":
    main()
