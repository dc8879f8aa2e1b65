"""Looks that could be had: a pass, how likely it is to see what is asked about, and what it costs."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import shapely

from sitewatch.planning._budget import HOURS, KM2, MONEY, SCENES
from sitewatch.planning._passes import Pass
from sitewatch.planning._sensors import Sensor
from sitewatch.site import Footprint, Site, metric_crs, project

__all__ = ["Chance", "Opportunity", "chance_of_pass", "opportunities", "resolved", "smallest_side"]


class Chance(Protocol):
    """P(clear) of a look, 0-1, from its time (UTC) and whether it is one of radar."""

    def __call__(self, when: dt.datetime, *, radar: bool) -> float:
        """P(clear), 0-1."""
        ...


class Source(Protocol):
    """What P(clear) of a look rests on, in words, from its time (UTC) and whether it is one of radar."""

    def __call__(self, when: dt.datetime, *, radar: bool) -> str:
        """Such as "ledger" or "forecast"."""
        ...


@dataclass(frozen=True, kw_only=True)
class Opportunity:
    """A look that could be had."""

    passing: Pass
    p_pass: float
    """P(the sensor looks and has the place in its swath), 0-1."""
    p_clear: float
    """P(nothing hides it: cloud, haze, snow; for radar that the look succeeds), 0-1."""
    p_resolved: float | None
    """P(pixels of this size show a thing of this size), 0-1; None: one of them is not known, and it counts as 1."""
    cost: Mapping[str, float] | None
    """By unit ("eur", "h", "km2", "scenes"); without entries: free; None: not told, and no budget can hold it."""
    radar: bool = False
    """True: it looks by day and night and through cloud."""
    pixel_m: float | None = None
    thing_m: float | None = None
    """Smallest side of what is looked for."""
    clear_by: str = ""
    """What `p_clear` rests on, in words: "ledger", "forecast"; empty: not told."""

    @property
    def p(self) -> float:
        """P(it can tell), 0-1: the product of the three. A look that cannot tell changes nothing."""
        return self.p_pass * self.p_clear * (1.0 if self.p_resolved is None else self.p_resolved)

    @property
    def start(self) -> dt.datetime:
        """When it sees the place, UTC."""
        return self.passing.start


def resolved(pixel_m: float, thing_m: float) -> float:
    """P(an observer detects a thing in pixels of a size), 0-1.

    Johnson's criterion for detection: one cycle, which is two pixels, across the smallest side gives one half. Around
    it the target transfer function (N/N50)^E / (1 + (N/N50)^E) with E = 2.7 + 0.7 N/N50, N the cycles across the side
    (Johnson 1958; the night vision laboratory's static performance model, Ratches 1976, doi:10.1117/12.7971982). It
    was measured with people and vehicles against plain ground, and knows neither contrast nor how sharp the optics are.

    Args:
        pixel_m: edge of a pixel on the ground, metres, above 0.
        thing_m: smallest side of the thing, metres, 0 or more.
    """
    ratio = thing_m / (2 * pixel_m)
    if ratio <= 0:
        return 0.0
    if ratio > 10:
        return 1.0
    told = math.exp((2.7 + 0.7 * ratio) * math.log(ratio))
    return told / (1 + told)


def smallest_side(footprint: Footprint, site: Site) -> float:
    """The shorter side of the smallest rectangle around a footprint (EPSG:4326), metres on the site's own grid."""
    flat = project(footprint, to=metric_crs(site))
    around = shapely.minimum_rotated_rectangle(flat)
    length = float(around.length) / 2
    # Of a rectangle with half its outline p and its area A the sides solve x^2 - p x + A = 0.
    return (length - math.sqrt(max(0.0, length**2 - 4 * float(around.area)))) / 2


def chance_of_pass(passing: Pass) -> float:
    """P(the sensor looks and has the place in its swath), 0-1.

    0 where an official plan leaves it out. Else the share of the outline that lies in the swath, as what is asked about
    may be anywhere in it; and where the middle lies nearer to the edge than that may be off, no more than the share
    of the possible edges that have it inside. Whether an operator lets its sensor look is known from plans alone.
    """
    if passing.planned is False:
        return 0.0
    off = passing.edge_error_km or 0.0
    if passing.planned or off <= 0 or abs(passing.margin_km) > off:
        return passing.share
    return min(passing.share, (passing.margin_km + off) / (2 * off))


def opportunities(
    passes: Iterable[Pass],
    sensors: Iterable[Sensor],
    *,
    chance: Chance,
    source: Source | None = None,
    thing_m: float | None = None,
    blind: Callable[[Sensor], bool] = lambda _: False,
    hours: float | None = None,
    money: str = MONEY,
    km2: float | None = None,
) -> tuple[Opportunity, ...]:
    """The opportunities of passes, in their order.

    Args:
        passes: of the sensors.
        sensors: by whose pixels and costs they are judged; a pass of another one has neither.
        chance: gives P(clear).
        source: gives what that rests on.
        thing_m: smallest side of what is looked for, metres; None: not known.
        blind: True: a sensor cannot show what is looked for, whatever its pixels.
        hours: that an analyst takes for a look; None: they do not count.
        money: the currency in which sensors tell their costs.
        km2: what a look that is paid for takes of a quota by area; None: nothing.
    """
    by_name = {sensor.name: sensor for sensor in sensors}
    found = []
    for passing in passes:
        sensor = by_name.get(passing.sensor)
        radar = sensor is not None and sensor.min_sun is None
        pixel = None if sensor is None else sensor.pixel

        sharp = None if pixel is None or thing_m is None else resolved(pixel, thing_m)
        cost: dict[str, float] | None = None
        if sensor is not None and sensor.cost is not None:
            cost = {} if sensor.cost == 0 else {money: sensor.cost, SCENES: 1.0}
            if sensor.cost > 0 and km2 is not None:
                cost[KM2] = km2
            if hours:
                cost[HOURS] = hours
        found.append(
            Opportunity(
                passing=passing,
                p_pass=chance_of_pass(passing),
                p_clear=chance(passing.start, radar=radar),
                p_resolved=0.0 if sensor is not None and blind(sensor) else sharp,
                cost=cost,
                radar=radar,
                pixel_m=pixel,
                thing_m=thing_m,
                clear_by="" if source is None else source(passing.start, radar=radar),
            )
        )
    return tuple(found)
