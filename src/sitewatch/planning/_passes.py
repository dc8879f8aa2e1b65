"""When satellites pass a site, how they see it, and how sure that is."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sitewatch.errors import OptionError
from sitewatch.planning._earth import DAY, Floats, moment, seconds
from sitewatch.planning._elements import Elements
from sitewatch.planning._geometry import closest, node_longitude, view
from sitewatch.planning._outline import Outline, outline_points
from sitewatch.planning._sensors import Direction, Sensor
from sitewatch.planning._tracks import relative_orbit, row
from sitewatch.site import Site
from sitewatch.sun import solar_time, sun_at

__all__ = ["MAX_AGE_DAYS", "Pass", "along_track_error_km", "carried_by", "passes"]

MAX_AGE_DAYS = 14.0
"""Passes farther than this from the epoch of the elements are refused unless asked for."""

_SAME_PASS_S = 20 * 60
"""Two sets of one satellite tell of one pass within this; turns of the lowest satellites take 85 minutes."""
_DEEP_SPACE_S = 225 * 60
_SPEED_KM_S = 6.8
"""Of the point below a satellite 700 to 800 km high."""


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One pass of one satellite over one site in which its sensor can see some of the outline."""

    satellite: str
    """ "sentinel-2b"."""
    number: int
    """Of the satellite in the NORAD catalogue; 0 where a plan names a satellite without elements."""
    sensor: str
    """ "sentinel-2"."""
    start: dt.datetime
    """UTC, to the millisecond, when the middle of the outline is seen."""
    direction: Direction
    """Of the flight over ground at that time."""
    relative_orbit: int | None
    """In the mission's numbering (Landsat: WRS-2 path); None: it has none, or the satellite left its tracks."""
    row: int | None
    """WRS-2 row whose scene is nearest; None but for Landsat."""
    off_nadir: float
    """Degrees from straight down at which the satellite looks at the middle of the outline."""
    incidence: float
    """Degrees from the normal under which the middle of the outline is seen."""
    side: Literal["left", "right"]
    """Where the site lies, along the flight."""
    share: float
    """Of the outline in the swath, above 0 to 1, to about a hundredth."""
    margin_km: float
    """From the middle of the outline to the nearest edge of the swath; below 0 outside."""
    sun_elevation: float
    """Degrees above the horizon at the middle of the outline."""
    solar_time: float
    """Apparent local solar time in hours, 0-24."""
    epoch: dt.datetime | None
    """Of the elements that the prediction rests on; None where it rests on a plan alone."""
    age_days: float | None
    """From the epoch to the pass, never below 0."""
    error_s: float | None
    """How far `start` may be off for the age of the elements, seconds (`along_track_error_km`); None: from a plan."""
    edge_error_km: float | None
    """How far the edges of the swath may be off for it: the Earth turns below a late satellite; None: from a plan."""
    planned: bool | None = None
    """What the official plan says: True planned, False not; None: no plan of this satellite speaks of this time."""
    source: Literal["elements", "plan"] = "elements"
    """What `start` comes from."""

    @property
    def day(self) -> bool:
        """True while the sun is up at the site."""
        return self.sun_elevation > 0

    @property
    def sure(self) -> bool:
        """True where the middle of the outline is in the swath by more than the edge may be off."""
        return self.margin_km > (self.edge_error_km or 0.0)


def along_track_error_km(age_days: float) -> float:
    """How far along its track a satellite 700 to 800 km high may be from where elements of this age put it.

    1 km at the epoch, growing with the square of the age: what drag and manoeuvres do beyond the elements' guess.
    It is above all of the 12 differences between element sets of 2026 and later and earlier ones of the same satellite,
    3 to 84 days apart (docs/science/passes.md). Lower satellites err more.
    """
    return 1.0 + 0.22 * age_days**2


def passes(
    site: Site,
    elements: Iterable[Elements],
    sensors: Iterable[Sensor],
    *,
    since: dt.datetime,
    until: dt.datetime,
    stale: bool = False,
    height: float = 0.0,
) -> tuple[Pass, ...]:
    """The passes from `since` until before `until`, by time.

    Each pass rests on the set of elements whose epoch is nearest to it. Sensors without elements and elements without a
    sensor are left out.

    Args:
        site: the watched place.
        elements: of any satellites, any number of sets of each, in any order.
        sensors: what to predict for.
        since: start of the window, with a time zone.
        until: its end, with a time zone.
        stale: True: predict also more than `MAX_AGE_DAYS` from the epoch.
        height: of the ground in metres above the ellipsoid. A sensor that looks 35 degrees to the side sees 4 km high
            ground 6 km nearer.

    Raises:
        OptionError: the window is empty or without time zone, is farther than 14 days from the epoch of a satellite's
            elements, a satellite is too high to have passes (a turn of 225 minutes or more), or no sensor has elements.
    """
    if since.tzinfo is None or until.tzinfo is None:
        raise OptionError("the window of passes needs times with a time zone; write 2026-10-02T00:00Z")
    if until <= since:
        raise OptionError(
            f"the window of passes must end after it begins, got {since:%Y-%m-%dT%H:%MZ} to {until:%Y-%m-%dT%H:%MZ}"
        )
    window = seconds(since), seconds(until)
    outline = outline_points(site, height=height)
    found: list[Pass] = []
    for sensor, name, sets in carried_by(elements, sensors):
        _check(name, sets, window, stale=stale)
        for chosen, when in _times(sets, outline, window):
            found += _seen(sensor, name, chosen, when, outline)
    return tuple(sorted(found, key=lambda p: (p.start, p.satellite, p.sensor)))


def carried_by(
    elements: Iterable[Elements], sensors: Iterable[Sensor]
) -> list[tuple[Sensor, str, tuple[Elements, ...]]]:
    """Each sensor on each satellite that has elements: the satellite's name, and its sets by epoch.

    Raises:
        OptionError: no sensor has elements.
    """
    known = sorted(set(elements), key=lambda e: (e.number, e.epoch, e.mean, e.name))
    sets_of = [tuple(group) for _, group in itertools.groupby(known, key=lambda e: e.number)]
    found = [
        (sensor, name, sets)
        for sensor in sensors
        for sets in sets_of
        if (name := sensor.satellite(sets[-1].number, sets[-1].name)) is not None
    ]
    if not found:
        raise OptionError(
            f"none of the {len(known)} sets of elements is of a satellite of the sensors asked for; give their elements"
        )
    return found


def _check(name: str, sets: Sequence[Elements], window: tuple[float, float], *, stale: bool) -> None:
    if max(e.period_s for e in sets) >= _DEEP_SPACE_S:
        raise OptionError(
            f"{name}: takes {sets[-1].period_s / 3600:.1f} h for a turn, too high for passes; leave it out"
        )
    if stale:
        return
    epochs = np.array([seconds(e.epoch) for e in sets])
    gaps = (epochs[1:] + epochs[:-1]) / 2
    asked = np.array([*window, *gaps[(gaps > window[0]) & (gaps < window[1])]])
    ages = np.abs(asked[:, None] - epochs).min(axis=1) / DAY
    worst = int(ages.argmax())
    if ages[worst] > MAX_AGE_DAYS:
        nearest = epochs[np.abs(asked[worst] - epochs).argmin()]
        raise OptionError(
            f"{name}: {moment(float(asked[worst])):%Y-%m-%d %H:%MZ} is {ages[worst]:.1f} days from the nearest "
            f"elements, of {moment(float(nearest)):%Y-%m-%d}, and passes can be {_error_s(float(ages[worst])):.0f} s "
            f"off; give elements within {MAX_AGE_DAYS:.0f} days, shorten the window, or ask for stale passes (--stale)"
        )


def _times(
    sets: Sequence[Elements], outline: Outline, window: tuple[float, float]
) -> Iterable[tuple[Elements, Floats]]:
    """Closest approaches within the window by the set that is nearest in time to each."""
    since, until = window
    epochs = [seconds(e.epoch) for e in sets]
    candidates: list[tuple[float, float, int]] = []
    for index, chosen in enumerate(sets):
        begin = since if index == 0 else max(since, (epochs[index - 1] + epochs[index]) / 2)
        end = until if index + 1 == len(sets) else min(until, (epochs[index] + epochs[index + 1]) / 2)
        # Two sets put a pass at the border between them a little apart: both tell it, and one is taken.
        times = closest(chosen, outline.middle, begin - _SAME_PASS_S, end + _SAME_PASS_S).tolist()
        candidates += [(when, abs(when - epochs[index]), index) for when in times]
    taken: dict[int, list[float]] = {index: [] for index in range(len(sets))}
    for one_pass in _together(sorted(candidates)):
        when, age, index = min(one_pass, key=lambda c: (c[1], c[2]))
        if since <= when < until and age <= min(abs(when - epoch) for epoch in epochs) + _SAME_PASS_S:
            taken[index].append(when)
    return [(sets[index], np.array(when)) for index, when in taken.items() if when]


def _together(candidates: Sequence[tuple[float, float, int]]) -> Iterable[list[tuple[float, float, int]]]:
    """Candidates of one pass side by side."""
    group: list[tuple[float, float, int]] = []
    for candidate in candidates:
        if group and candidate[0] - group[0][0] > _SAME_PASS_S:
            yield group
            group = []
        group.append(candidate)
    if group:
        yield group


def _seen(sensor: Sensor, name: str, elements: Elements, when: Floats, outline: Outline) -> Iterable[Pass]:
    """The passes among the closest approaches in which the sensor can see some of the outline."""
    # The middle first, with a wide margin for the outline's size: most passes are far off.
    middle = outline.middle
    reach_km = float(np.linalg.norm(outline.points - middle, axis=1).max()) / 1000 + 1
    coarse = view(elements, when, middle[None], np.ones(1))
    near, far = _edges(sensor, coarse.height[:, 0])
    when = when[_inside(sensor, coarse.across[:, 0], near, far) > -reach_km]
    if not when.size:
        return
    at_middle = view(elements, when, middle[None], np.ones(1))
    spread = view(elements, when, outline.points, outline.weights)
    near, far = _edges(sensor, at_middle.height[:, 0])
    shares = (_inside(sensor, spread.across, near[:, None], far[:, None]) >= 0) @ outline.weights
    margins = _inside(sensor, at_middle.across[:, 0], near, far)
    longitudes, flown = node_longitude(elements, when)
    for i, time in enumerate(when):
        start = moment(float(time))
        direction: Direction = "descending" if 90 < flown[i] <= 270 else "ascending"
        sun = sun_at(start, latitude=outline.latitude, longitude=outline.longitude).elevation
        if (
            shares[i] <= 0
            or direction not in sensor.directions
            or (sensor.min_sun is not None and sun < sensor.min_sun)
        ):
            continue
        age = abs((start - elements.epoch).total_seconds()) / DAY
        yield Pass(
            satellite=name,
            number=elements.number,
            sensor=sensor.name,
            start=start,
            direction=direction,
            relative_orbit=relative_orbit(sensor.tracks, float(longitudes[i])) if sensor.tracks else None,
            row=row(sensor.tracks, float(flown[i])) if sensor.tracks else None,
            off_nadir=float(at_middle.off_nadir[i, 0]),
            incidence=float(at_middle.incidence[i, 0]),
            side="right" if at_middle.across[i, 0] > 0 else "left",
            share=min(1.0, round(float(shares[i]), 9)),
            margin_km=float(margins[i]),
            sun_elevation=sun,
            solar_time=solar_time(start, longitude=outline.longitude),
            epoch=elements.epoch,
            age_days=age,
            error_s=_error_s(age),
            edge_error_km=_error_s(age) * 0.465 * math.cos(math.radians(outline.latitude)),
        )


def _error_s(age_days: float) -> float:
    return along_track_error_km(age_days) / _SPEED_KM_S


def _edges(sensor: Sensor, height: Floats) -> tuple[Floats, Floats]:
    """Nearest and farthest distance from the track that the sensor sees, km on the ground, for heights in km."""
    if sensor.swath_km is not None:
        return np.zeros_like(height), np.full_like(height, sensor.swath_km / 2)
    assert sensor.off_nadir is not None
    slope, told_at = sensor.roll or (0.0, 0.0)
    turned = slope * (height - told_at) if sensor.roll else np.zeros_like(height)
    near, far = (_arc_km(angle + turned, height) for angle in sensor.off_nadir)
    return near, far


def _arc_km(off_nadir: Floats, height: Floats) -> Floats:
    """How far from the point below a look meets the ground, on a sphere of the Earth's mean radius."""
    radius = 6371.0088
    sine = np.sin(np.radians(off_nadir)) * (radius + height) / radius
    arc: Floats = radius * (np.arcsin(np.clip(sine, -1, 1)) - np.radians(off_nadir))
    return arc


def _inside(sensor: Sensor, across: Floats, near: Floats, far: Floats) -> Floats:
    """Kilometres to the nearest edge of the swath, below 0 outside."""
    distance = {"right": across, "left": -across, "either": np.abs(across)}[sensor.side]
    looks_down = sensor.side == "either" and (sensor.off_nadir is None or sensor.off_nadir[0] == 0)
    inside: Floats = far - distance if looks_down else np.minimum(distance - near, far - distance)
    return inside
