"""Passes that are over: what a catalog should have listed by now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence

from sitewatch.planning._elements import Elements
from sitewatch.planning._passes import passes
from sitewatch.planning._sensors import SENSORS, Sensor
from sitewatch.site import Site

__all__ = ["due_passes"]

_FARTHEST = dt.timedelta(days=30)
"""From the epoch: a pass is a minute off by then, and is counted all the same where the edge of the swath is far."""


def due_passes(
    site: Site, elements: Iterable[Elements], *, sensors: Iterable[Sensor] = SENSORS
) -> Callable[[str, dt.datetime, dt.datetime], Sequence[dt.datetime] | None]:
    """When sensors passed a site, for `sitewatch.cube.find_stalls`.

    Args:
        site: the watched place.
        elements: of any satellites.
        sensors: those whose passes are told.

    Returns:
        A function of a sensor's name, a start and an end, UTC. It gives the passes between them in which the middle of
        the outline is surely in the swath, in order; or None where no satellite of the sensor has elements within 30
        days of that end.
    """
    by_name = {sensor.name: sensor for sensor in sensors}
    sets = tuple(elements)

    def told(name: str, since: dt.datetime, until: dt.datetime) -> Sequence[dt.datetime] | None:
        sensor = by_name.get(name)
        if sensor is None:
            return None
        own = [one for one in sets if sensor.satellite(one.number, one.name) is not None]
        near = {one.number for one in own if abs(one.epoch - until) <= _FARTHEST}
        usable = [one for one in own if one.number in near]
        if not usable:
            return None
        found = passes(site, usable, [sensor], since=since, until=until, stale=True)
        return tuple(one.start for one in found if one.sure)

    return told
