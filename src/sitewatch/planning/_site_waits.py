"""The wait at a site: with what is free, and with each thing that one could add to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from sitewatch.planning._passes import Pass
from sitewatch.planning._sensors import Sensor
from sitewatch.planning._wait import Odds, Option, Waits, wait_with

__all__ = ["WAIT_DAYS", "free_sensors", "site_waits"]

WAIT_DAYS = 60.0
"""Days that are looked ahead of each start."""


def site_waits(
    passes: Iterable[Pass],
    sensors: Iterable[Sensor],
    odds: Odds,
    *,
    since: dt.datetime,
    until: dt.datetime,
    horizon: float = WAIT_DAYS,
) -> Waits:
    """The wait from a random moment with the cameras that are free, and with each other sensor on top of them.

    Free radar is an option too: it sees through cloud, and whether it shows what is built depends on the thing. Where
    no free camera passes, free radar is what is free.

    Args:
        passes: of the sensors, to `horizon` days beyond `until`; see `rhythm`.
        sensors: those whose passes are known, in the order in which options are told.
        odds: of the weather.
        since: first start, with a time zone.
        until: before which the last start lies.
        horizon: days to look ahead of each start.

    Raises:
        ValueError: the period is empty, or a time has no time zone.
    """
    found, known = tuple(passes), tuple(sensors)
    base = free_sensors(known)
    return wait_with(
        Option(name="", passes=_of(found, base), odds=odds),
        [Option(name=_called(one), passes=_of(found, [one]), odds=odds) for one in known if one not in base],
        since=since,
        until=until,
        horizon=horizon,
    )


def free_sensors(sensors: Iterable[Sensor]) -> tuple[Sensor, ...]:
    """The cameras among sensors that cost nothing; where there are none, the radar that costs nothing."""
    free = tuple(one for one in sensors if one.cost == 0)
    return tuple(one for one in free if one.min_sun is not None) or free


def _called(sensor: Sensor) -> str:
    radar = sensor.min_sun is None
    if sensor.cost == 0:
        return f"{sensor.name} (radar, free)" if radar else f"{sensor.name} (free)"
    return f"{sensor.name} (radar)" if radar else sensor.name


def _of(passes: Sequence[Pass], sensors: Sequence[Sensor]) -> tuple[Pass, ...]:
    names = {one.name for one in sensors}
    return tuple(one for one in passes if one.sensor in names)
