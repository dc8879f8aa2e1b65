"""Passes beyond the age limit of elements: satellites that keep their tracks come again after each cycle.

A single time that far ahead is not told by anybody. How often a site is passed, and with what gaps, is: operators hold
these satellites to their tracks, and a cycle is a whole number of days.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Iterable

from sitewatch.errors import OptionError
from sitewatch.planning._elements import Elements
from sitewatch.planning._passes import Pass, carried_by, passes
from sitewatch.planning._sensors import Sensor
from sitewatch.site import Site
from sitewatch.sun import solar_time, sun_at

__all__ = ["FARTHEST_DAYS", "rhythm"]

FARTHEST_DAYS = 366.0
"""From the epoch to the window: by then a satellite may have been moved or retired."""
_DAY = dt.timedelta(days=1)


def rhythm(
    site: Site,
    elements: Iterable[Elements],
    sensors: Iterable[Sensor],
    *,
    since: dt.datetime,
    until: dt.datetime,
    stale: bool = False,
) -> tuple[Pass, ...]:
    """Passes as they come while satellites keep their tracks: good for how long waits are, not for single times.

    A satellite that lies on its sensor's tracks (`Sensor.tracks`) is predicted for one cycle around the epoch of its
    elements, and that cycle is repeated; the sun is that of each day. Two months away this holds single strips of
    Sentinel-2's plans to 25 s (docs/science/passes.md). Others are predicted from their elements, however old: their
    swaths are wide against what the tracks slide.

    Args:
        site: the watched place.
        elements: of any satellites; of each the set whose epoch is nearest to the begin.
        sensors: what to predict for.
        since: begin, with a time zone.
        until: end, with a time zone.
        stale: True: also from elements more than `FARTHEST_DAYS` from the window.

    Returns:
        By time. Repeated passes have no `error_s` and no `edge_error_km`.

    Raises:
        OptionError: the window is empty or without time zone, elements are too far from it, or no sensor has any.
    """
    found: list[Pass] = []
    for sensor, name, sets in carried_by(elements, sensors):
        nearest = min(sets, key=lambda e: abs(e.epoch - since))
        if not stale:
            _check(name, nearest, since, until)
        found += _of_one(site, nearest, sensor, since, until)
    return tuple(sorted(found, key=lambda p: (p.start, p.satellite, p.sensor)))


def _check(name: str, elements: Elements, since: dt.datetime, until: dt.datetime) -> None:
    away = max(since - elements.epoch, elements.epoch - until) / _DAY
    if away > FARTHEST_DAYS:
        raise OptionError(
            f"{name}: the nearest elements, of {elements.epoch:%Y-%m-%d}, are {away:.0f} days from the window; give "
            "newer ones, or ask for stale passes (--stale)"
        )


def _of_one(site: Site, elements: Elements, sensor: Sensor, since: dt.datetime, until: dt.datetime) -> Iterable[Pass]:
    if sensor.tracks is None:
        return passes(site, [elements], [sensor], since=since, until=until, stale=True)
    cycle = dt.timedelta(days=sensor.tracks.days)
    begin = elements.epoch - cycle / 2
    # By night and by day: what is dark at the epoch may lie in the sun months later.
    always = dataclasses.replace(sensor, min_sun=None)
    once = passes(site, [elements], [always], since=begin, until=begin + cycle)
    if any(one.relative_orbit is None for one in once):
        return passes(site, [elements], [sensor], since=since, until=until, stale=True)
    first, last = math.floor((since - begin) / cycle), math.floor((until - begin) / cycle)
    again = (_later(one, turn * cycle, site) for turn in range(first, last + 1) for one in once)
    lowest = -math.inf if sensor.min_sun is None else sensor.min_sun
    return [one for one in again if since <= one.start < until and one.sun_elevation >= lowest]


def _later(one: Pass, shift: dt.timedelta, site: Site) -> Pass:
    start = one.start + shift
    middle = site.outline.representative_point()
    assert one.epoch is not None
    return dataclasses.replace(
        one,
        start=start,
        sun_elevation=sun_at(start, latitude=middle.y, longitude=middle.x).elevation,
        solar_time=solar_time(start, longitude=middle.x),
        age_days=abs(start - one.epoch) / _DAY,
        error_s=None,
        edge_error_km=None,
    )
