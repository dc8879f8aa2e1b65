"""Seasons and weather: when things green, when it rains, when snow lies."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["CLIMATES", "Climate", "Weather", "logistic_season", "weather"]

Array = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Climate:
    """How a year goes. Days of the year are those of the northern hemisphere; the southern is half a year off."""

    latitudes: tuple[float, float]
    """Degrees from the equator."""
    greenup: float
    """Day of the year by which vegetation is half green."""
    senescence: float
    """Day of the year by which it is half brown again; before `greenup` where the green season spans new year."""
    green: tuple[float, float]
    """Green cover of grass, 0-1: in the dead season and at the peak."""
    cloud: tuple[float, float]
    """Mean cloud cover, 0-1: midwinter and midsummer."""
    temperature: tuple[float, float]
    """Degrees Celsius: mean of the year, and half the difference of midsummer and midwinter."""
    soils: tuple[str, ...]
    """Materials of bare ground."""
    forest: tuple[float, float]
    """Share of the land, 0-1: from, to."""
    evergreen: tuple[float, float]
    """Share of the forest, 0-1: from, to."""
    crops: tuple[float, float]
    """Share of the open land that is cropped, 0-1: from, to."""
    rotation: tuple[float, ...]
    """How often a field carries cereal, rape, maize, hay or lies fallow; adds up to 1."""


CLIMATES = {
    "temperate": Climate(
        latitudes=(44, 56), greenup=100, senescence=300, green=(0.45, 0.9), cloud=(0.68, 0.5), temperature=(10, 8.5),
        soils=("loam", "dark soil", "clay"), forest=(0.08, 0.35), evergreen=(0.2, 0.7), crops=(0.4, 0.85),
        rotation=(0.4, 0.15, 0.2, 0.17, 0.08),
    ),
    "continental": Climate(
        latitudes=(42, 60), greenup=118, senescence=278, green=(0.15, 0.85), cloud=(0.6, 0.45), temperature=(7.5, 13),
        soils=("dark soil", "loam"), forest=(0.1, 0.4), evergreen=(0.3, 0.8), crops=(0.4, 0.9),
        rotation=(0.45, 0.1, 0.2, 0.15, 0.1),
    ),
    "mediterranean": Climate(
        latitudes=(33, 42), greenup=320, senescence=150, green=(0.12, 0.75), cloud=(0.48, 0.15), temperature=(16, 8),
        soils=("clay", "loam", "sand"), forest=(0.03, 0.2), evergreen=(0.6, 1.0), crops=(0.4, 0.8),
        rotation=(0.5, 0.05, 0.1, 0.15, 0.2),
    ),
    "semiarid": Climate(
        latitudes=(24, 40), greenup=60, senescence=160, green=(0.04, 0.35), cloud=(0.3, 0.15), temperature=(17, 11),
        soils=("sand", "loam", "clay"), forest=(0.0, 0.04), evergreen=(0.5, 1.0), crops=(0.1, 0.5),
        rotation=(0.35, 0.0, 0.15, 0.1, 0.4),
    ),
    "monsoon": Climate(
        latitudes=(14, 30), greenup=185, senescence=345, green=(0.2, 0.9), cloud=(0.2, 0.75), temperature=(24, 5),
        soils=("clay", "loam"), forest=(0.05, 0.25), evergreen=(0.4, 0.9), crops=(0.5, 0.9),
        rotation=(0.35, 0.05, 0.4, 0.1, 0.1),
    ),
}  # fmt: skip
"""The climates by name."""


@dataclass(frozen=True, kw_only=True)
class Weather:
    """The record day by day; all arrays have shape (days,)."""

    climate: Climate
    south: bool
    """True: south of the equator."""
    season: Array
    """Day of the year as the northern hemisphere would count it, 0-365."""
    year: NDArray[np.int32]
    """Which growing year, from 0."""
    wet: Array
    """How wet the ground is, 0-1."""
    snow: Array
    """Snow on the ground, centimetres."""
    lush: Array
    """What rain makes of the green cover, a factor around 1."""
    cloud: Array
    """Mean cloud cover to expect, 0-1."""


def weather(
    climate: Climate,
    *,
    south: bool,
    start: dt.date,
    days: int,
    cloudiness: float | None,
    snow: bool,
    rng: np.random.Generator,
) -> Weather:
    """Draw the weather of a record.

    Args:
        climate: the climate.
        south: south of the equator.
        start: first day.
        days: length of the record.
        cloudiness: mean cloud cover, 0-1, instead of the climate's.
        snow: whether it may snow.
        rng: where the chance comes from.
    """
    warm_up = 120
    ordinal = start.toordinal() - warm_up + np.arange(days + warm_up)
    origin = dt.date(start.year, 1, 1).toordinal()
    season = np.mod(ordinal - origin + (182.6 if south else 0.0), 365.25)
    year = np.floor_divide(ordinal - origin + (182.6 if south else 0.0), 365.25).astype(np.int32)
    # 1 in mid January, 0 in mid July.
    winter = 0.5 + 0.5 * np.cos(2 * np.pi * (season - 15) / 365.25)
    cloud = climate.cloud[1] + (climate.cloud[0] - climate.cloud[1]) * winter
    if cloudiness is not None:
        cloud = np.clip(cloud * cloudiness / max(cloud.mean(), 1e-6), 0.0, 0.95)
    mean, half_range = climate.temperature
    mean += rng.normal(0, 1.0)
    chill = _autoregressive(rng, len(season), days=6, sigma=3.5)
    temperature = mean - half_range * (2 * winter - 1) + chill
    rain = (rng.random(len(season)) < 0.55 * cloud) * rng.gamma(0.8, 7.0, len(season))
    wet = np.zeros(len(season))
    depth = np.zeros(len(season))
    for i in range(1, len(season)):
        frozen = temperature[i] < 0.5
        wet[i] = min(1.0, wet[i - 1] * 0.72 + (0.0 if frozen else rain[i] / 12))
        depth[i] = max(0.0, depth[i - 1] * 0.985 + (rain[i] if frozen else 0.0) - 0.6 * max(0.0, temperature[i]))
    lush = np.exp(0.12 * _autoregressive(rng, len(season), days=90, sigma=1.0))
    keep = slice(warm_up, None)
    return Weather(
        climate=climate,
        south=south,
        season=season[keep].astype(np.float32),
        year=year[keep],
        wet=wet[keep].astype(np.float32),
        snow=(depth[keep] * snow).astype(np.float32),
        lush=lush[keep].astype(np.float32),
        cloud=cloud[keep].astype(np.float32),
    )


def logistic_season(season: Array, *, rise: float | Array, fall: float | Array, speed: float = 12.0) -> Array:
    """A 0-1 season that is half up at day `rise` and half down at day `fall`, also across new year.

    Args:
        season: (days,) day of the year.
        rise: day of the year, or (days,) of them.
        fall: day of the year, or (days,) of them.
        speed: days in which the flank goes from half to three quarters, about.
    """
    length = np.mod(np.asarray(fall) - np.asarray(rise), 365.25)
    since = np.mod(season - np.asarray(rise) + 182.6 - length / 2, 365.25) - 182.6 + length / 2
    up = 1 / (1 + np.exp(-np.clip(since / speed, -40, 40)))
    down = 1 / (1 + np.exp(np.clip((since - length) / speed, -40, 40)))
    return np.asarray(up * down, dtype=np.float32)


def _autoregressive(rng: np.random.Generator, count: int, *, days: float, sigma: float) -> NDArray[np.float64]:
    memory = float(np.exp(-1 / days))
    steps = rng.normal(0, sigma * np.sqrt(1 - memory**2), count)
    series = np.empty(count)
    level = rng.normal(0, sigma)
    for i, step in enumerate(steps):
        level = level * memory + step
        series[i] = level
    return series
