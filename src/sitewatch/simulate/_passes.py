"""Which scenes there are: overpasses, their weather, and how the instrument behaved."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from sitewatch.simulate._climate import Weather
from sitewatch.simulate._recipe import Recipe
from sitewatch.sun import Sun, sun_at

__all__ = ["Acquisition", "acquisitions"]


@dataclass(frozen=True, kw_only=True)
class Acquisition:
    """One scene to be, and the true circumstances in which it was taken."""

    id: str
    captured: dt.datetime
    """UTC, whole seconds."""
    published: dt.datetime
    """UTC; some hours later."""
    platform: str
    """sentinel-2a or sentinel-2b."""
    orbit: int
    """Relative orbit, 1-143."""
    day: int
    """Day of the record, from 0."""
    sun: Sun
    cloud: float
    """Share of the sky that is meant to be cloud, 0-1; the window over the site has more or less."""
    haze: float
    """Reflectance that haze adds in blue, 0-0.15."""
    shift_m: tuple[float, float]
    """Registration error: what lies at x, y is drawn at x + shift (to the east), y + shift (to the SOUTH)."""
    swath: float | None
    """Where the edge of the swath crosses the scene, as a share of its width (the part east of it is nodata); None: the
    scene is whole."""


def acquisitions(
    recipe: Recipe, weather: Weather, *, latitude: float, longitude: float, days: int
) -> tuple[Acquisition, ...]:
    """Draw the passes of a record and keep as many as the recipe asks for, in time order."""
    rng = recipe.draw("passes")
    first = rng.uniform(0, 5)
    orbits = [(int(rng.integers(1, 144)), first)]
    if rng.random() < 0.55:
        orbits.append((int(rng.integers(1, 144)), first + float(rng.choice((2.0, 3.0)))))
    edge = float(rng.uniform(0.5, 1.3)) if len(orbits) == 2 and rng.random() < 0.35 else None
    drawn: list[Acquisition] = []
    for lane, (orbit, begin) in enumerate(orbits):
        own = recipe.draw("orbit", lane)
        base = int(own.integers(2))
        clock = dt.timedelta(hours=10.5 - longitude / 15, minutes=float(own.uniform(-12, 12)))
        number = 0
        for day in np.arange(begin - 5, days + 5, 5):
            number += 1
            draws = own.uniform(0, 1, 8)
            normal = own.normal(0, 1, 2)
            midnight = dt.datetime.combine(recipe.start, dt.time(), dt.UTC) + dt.timedelta(days=int(day))
            captured = midnight + clock + dt.timedelta(seconds=int(draws[0] * 120))
            captured = captured.replace(microsecond=0)
            when = (captured.date() - recipe.start).days
            if not 0 <= when < days:
                continue
            satellite = "ab"[(number + base) % 2]
            drawn.append(
                Acquisition(
                    id=f"S2{satellite.upper()}_{captured:%Y%m%dT%H%M%S}_SIM",
                    captured=captured,
                    published=captured + dt.timedelta(seconds=int(3600 * (3 + 9 * draws[1] + (draws[2] < 0.04) * 40))),
                    platform=f"sentinel-2{satellite}",
                    orbit=orbit,
                    day=when,
                    sun=sun_at(captured, latitude=latitude, longitude=longitude),
                    cloud=_cover(float(weather.cloud[when]), own),
                    haze=_haze(draws[3:6]),
                    shift_m=_shift(recipe, draws[6], normal),
                    swath=edge if lane == 1 else None,
                )
            )
    drawn = [a for a in drawn if a.sun.elevation > 6]
    if recipe.looks is not None and len(drawn) > recipe.looks:
        patience = np.array([a.cloud for a in drawn]) + rng.gumbel(0, 0.3, len(drawn))
        keep = np.sort(np.argsort(patience, kind="stable")[: recipe.looks])
        drawn = [drawn[int(i)] for i in keep]
    return tuple(sorted(drawn, key=lambda a: (a.captured, a.id)))


def _cover(mean: float, rng: np.random.Generator) -> float:
    """Cloud cover is mostly near none or near all."""
    draw = rng.beta(0.55 * max(mean, 0.02), 0.55 * max(1 - mean, 0.02))
    return float(np.clip(draw, 0, 1))


def _haze(draws: np.ndarray) -> float:
    if draws[0] < 0.55:
        return float(0.008 * draws[1])
    return float(0.008 + (0.12 if draws[0] > 0.93 else 0.035) * draws[1] * draws[2])


def _shift(recipe: Recipe, chance: float, normal: np.ndarray) -> tuple[float, float]:
    # One scene in forty is registered badly: without the refinement, errors reach 10-12 m.
    sigma = recipe.jitter_px * recipe.pixel_m * (3.5 if chance < 0.025 else 1.0)
    return float(normal[0] * sigma), float(normal[1] * sigma)
