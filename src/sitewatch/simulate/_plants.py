"""Green and dry cover of plants day by day: meadows, lawns, woods, and fields in rotation."""

from __future__ import annotations

import numpy as np

from sitewatch.simulate._climate import Array, Weather, logistic_season

__all__ = ["CROPS", "crop_cover", "grass_cover", "regrowth", "wood_cover"]

CROPS = ("cereal", "rape", "maize", "hay", "fallow")
"""What a field may carry in a year, in the order of `Climate.rotation`."""


def grass_cover(weather: Weather, rng: np.random.Generator, *, cut_every: float | None = None) -> tuple[Array, Array]:
    """(days,) green and dry cover of grass; `cut_every` days it is mown in the green season."""
    climate = weather.climate
    shift = rng.normal(0, 6)
    growth = logistic_season(weather.season, rise=climate.greenup + shift, fall=climate.senescence + shift, speed=14)
    low, high = (level * np.exp(rng.normal(0, 0.15)) for level in climate.green)
    green = (low + (high - low) * growth) * weather.lush
    # High summer scorches open grass where the year is dry.
    scorch = logistic_season(weather.season, rise=185, fall=255, speed=10) * np.maximum(0, 1 - weather.lush) * 1.6
    green = green * (1 - np.minimum(0.8, scorch)) if climate.greenup < climate.senescence else green
    if cut_every is not None:
        since = np.mod(np.arange(len(green)) + rng.uniform(0, cut_every), cut_every * np.exp(rng.normal(0, 0.1)))
        green = green * np.where(growth > 0.4, 1 - 0.4 * np.exp(-since / 12), 1)
    green = np.clip(green, 0, 0.96)
    dry = np.clip(0.85 - green, 0, 1) * rng.uniform(0.6, 1.0)
    return green.astype(np.float32), dry.astype(np.float32)


def wood_cover(weather: Weather, rng: np.random.Generator, *, evergreen: bool) -> tuple[Array, Array]:
    """(days,) green and dry cover of a stand of trees."""
    climate = weather.climate
    shift = rng.normal(0, 4)
    rise, fall = climate.greenup + 8 + shift, climate.senescence + shift
    if climate.greenup > climate.senescence:
        # Trees of the dry-summer climates leaf out in spring all the same.
        rise, fall = 95 + shift, 325 + shift
    leaves = logistic_season(weather.season, rise=rise, fall=fall, speed=6)
    if evergreen:
        green = 0.9 + 0.06 * leaves
        return green.astype(np.float32), (0.98 - green).astype(np.float32)
    green = 0.06 + 0.88 * leaves * np.clip(weather.lush, 0.85, 1.05)
    return green.astype(np.float32), np.clip(0.9 - green, 0, 1).astype(np.float32)


def crop_cover(weather: Weather, rng: np.random.Generator) -> tuple[Array, Array, str]:
    """(days,) green and dry cover of a field in rotation, and the plant whose colours it mostly has."""
    climate = weather.climate
    shares = np.array(climate.rotation)
    green = np.zeros(len(weather.season), dtype=np.float32)
    dry = np.zeros_like(green)
    planted = []
    for year in range(int(weather.year.min()), int(weather.year.max()) + 1):
        crop = str(rng.choice(CROPS, p=shares / shares.sum()))
        planted.append(crop)
        g, d = _one_year(weather, rng, crop)
        here = weather.year == year
        green[here], dry[here] = g[here], d[here]
    green *= np.clip(weather.lush, 0.75, 1.15)
    green = np.clip(green, 0, 0.97)
    # A growing year that ends with green winter corn must not jump: fields change over a week or two.
    green, dry = _smooth(green, 9), _smooth(dry, 5)
    dry = np.clip(np.minimum(dry, 0.97 - green), 0, 1)
    main = max(CROPS, key=planted.count)
    return green, dry, {"hay": "grass", "fallow": "grass"}.get(main, main)


def regrowth(weather: Weather, rng: np.random.Generator, *, since: int, months: float) -> tuple[Array, Array]:
    """(days,) cover on ground laid bare on day `since`, taken back by weeds and grass within `months`."""
    green, dry = grass_cover(weather, rng)
    age = np.maximum(0, np.arange(len(green)) - since) / 30.4
    back = 1 - np.exp(-age / months)
    return (green * back).astype(np.float32), (dry * back).astype(np.float32)


def _one_year(weather: Weather, rng: np.random.Generator, crop: str) -> tuple[Array, Array]:
    """Cover if this crop were grown each year; the caller cuts out the one year."""
    start = weather.climate.greenup
    season, spread = weather.season, rng.normal(0, 7)
    # Days after greenup: when half grown, when ripe, when harvested, when ploughed; peak cover.
    rise, ripe, harvest, plough, peak = {
        "cereal": (-5, 80, 108, 150, 0.92),
        "rape": (-30, 75, 100, 140, 0.95),
        "maize": (65, 140, 172, 200, 0.93),
        "hay": (-5, 215, 240, 400, 0.88),
        "fallow": (20, 120, 160, 190, 0.3),
    }[crop]
    peak *= float(np.exp(rng.normal(-0.05, 0.07)))
    grown = logistic_season(season, rise=start + rise + spread, fall=start + ripe + spread, speed=9)
    green = 0.03 + peak * grown
    if crop in ("cereal", "rape"):
        green = np.maximum(green, 0.28 * logistic_season(season, rise=start + 195, fall=start + rise + 10, speed=12))
    if crop == "hay":
        cuts = np.mod(season - start + 200 + rng.uniform(0, 20), 46 + rng.uniform(-6, 10))
        green = green * np.where(grown > 0.5, 1 - 0.65 * np.exp(-cuts / 10), 1)
    cut, turned = start + harvest + spread, start + plough + 2 * spread
    standing = logistic_season(season, rise=start + ripe + spread - 5, fall=cut, speed=4)
    stubble = logistic_season(season, rise=cut, fall=turned, speed=3)
    volunteer = 0.12 * logistic_season(season, rise=cut + 25, fall=turned, speed=6)
    dry = {"hay": 0.3, "fallow": 0.35}.get(crop, 0.0) + 0.85 * standing + rng.uniform(0.4, 0.75) * stubble
    return (green + volunteer).astype(np.float32), np.asarray(dry, dtype=np.float32)


def _smooth(series: Array, days: int) -> Array:
    padded = np.pad(series, (days // 2, days - 1 - days // 2), mode="edge")
    return np.convolve(padded, np.full(days, 1 / days), mode="valid").astype(np.float32)
