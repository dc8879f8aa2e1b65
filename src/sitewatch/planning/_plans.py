"""Official acquisition plans of Sentinel-2 (KML): strips that will be imaged, which override predictions.

A strip is a ring: the middle of its first edge, one side, the middle of its last edge, the other side backwards. Both
sides have a vertex every 60 seconds and one at the end, so that a place in a strip has a time. ESA draws the strips to
a simplified swath, and what is done may differ a little from the plan.
"""

from __future__ import annotations

import datetime as dt
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sitewatch.errors import InputError
from sitewatch.planning._earth import Floats, place
from sitewatch.planning._files import read_bytes, xml_tree
from sitewatch.planning._outline import Outline, outline_points
from sitewatch.planning._passes import Pass
from sitewatch.planning._sensors import SENTINEL_2
from sitewatch.site import Site
from sitewatch.sun import solar_time, sun_at

__all__ = ["IMAGING_MODES", "Plan", "Strip", "read_plan", "strip_time", "with_plan"]

IMAGING_MODES = frozenset({"NOBS"})
"""Modes whose strips become images for everybody: nominal observation. Not calibration (VIC, DARK-O, SUN) nor RAW."""

_VERTEX_S = 60.0
_SAME_PASS = dt.timedelta(minutes=15)
"""A strip and a predicted pass of one satellite are one pass within this; the next turn comes 100 minutes later."""
_MAX_RING = 200
_NEAR = 0.995
"""Cosine of 5.7 degrees: a minute of a strip reaches 2.3 degrees from its middle."""


@dataclass(frozen=True, kw_only=True)
class Strip:
    """One piece of ground that is imaged in one go."""

    satellite: str
    """ "sentinel-2b"."""
    mode: str
    """ "NOBS" and others, see `IMAGING_MODES`."""
    orbit: int
    """Counted from the launch."""
    relative_orbit: int
    """1 to 143."""
    begin: dt.datetime
    """UTC."""
    end: dt.datetime
    """UTC."""
    right: Floats
    """Earth-fixed positions (n, 3) in metres of the side on the right of the flight, in the order of flight."""
    left: Floats
    """The same of the other side."""

    @property
    def times(self) -> Floats:
        """Seconds after `begin` of each vertex of the sides, shape (n,)."""
        whole = (self.end - self.begin).total_seconds()
        return np.append(_VERTEX_S * np.arange(len(self.right) - 1), whole)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What one satellite will image in a period."""

    satellite: str
    """ "sentinel-2b"."""
    since: dt.datetime
    """Start of the period, UTC."""
    until: dt.datetime
    """Its end."""
    strips: tuple[Strip, ...]
    """By time, of all modes."""


def read_plan(path: Path) -> Plan:
    """An acquisition plan as ESA publishes it; at most 16 MiB, without document type.

    Raises:
        InputError: the file cannot be read, is no such plan, or one of its strips is broken.
    """
    root = xml_tree(read_bytes(path), name=str(path))
    space = (re.match(r"\{[^}]*\}", root.tag) or [""])[0]
    names = [element.text or "" for element in root.iter(f"{space}name")]
    satellite = next((f"sentinel-2{n.strip()[2].lower()}" for n in names if re.fullmatch(r"\s*S2[A-D]\s*", n)), None)
    if satellite is None:
        raise InputError(f"{path}: names no Sentinel-2 satellite (a folder S2A, S2B ...); give its acquisition plan")
    strips = [_strip(mark, space, satellite, path) for mark in root.iter(f"{space}Placemark")]
    if not strips:
        raise InputError(f"{path}: holds no strip; fetch it again")
    strips.sort(key=lambda s: (s.begin, s.orbit))
    period = next((m for n in names if (m := re.search(r"from (\d{8}T\d{6}) to (\d{8}T\d{6})", n))), None)
    told = [dt.datetime.strptime(p, "%Y%m%dT%H%M%S").replace(tzinfo=dt.UTC) for p in period.groups()] if period else []
    # The end that is told is that of what the plan begins with: its last strips may end a little later.
    since = min([strips[0].begin, *told[:1]])
    until = max([*(s.end for s in strips), *told[1:]])
    return Plan(satellite=satellite, since=since, until=until, strips=tuple(strips))


def _strip(mark: ET.Element, space: str, satellite: str, path: Path) -> Strip:
    data = {d.get("name", ""): (d.findtext(f"{space}value") or "").strip() for d in mark.iter(f"{space}Data")}
    where = f"{path}, strip {data.get('ID') or mark.findtext(f'{space}name') or '?'}"
    try:
        begin, end = (_time(data[f"ObservationTime{which}"]) for which in ("Start", "Stop"))
        orbit, relative = int(data["OrbitAbsolute"]), int(data["OrbitRelative"])
        rings = [element.text or "" for element in mark.iter(f"{space}coordinates")]
        ring = np.array([[float(n) for n in vertex.split(",")[:2]] for vertex in rings[0].split()])
    except (KeyError, ValueError, IndexError) as error:
        raise InputError(f"{where}: lacks its times, orbit or outline ({error}); fetch the plan again") from error
    return Strip(
        satellite=satellite,
        mode=data.get("Mode", ""),
        orbit=orbit,
        relative_orbit=relative,
        begin=begin,
        end=end,
        **_sides(ring, (end - begin).total_seconds(), where),
    )


def _time(text: str) -> dt.datetime:
    when = dt.datetime.fromisoformat(text)
    return when.replace(tzinfo=dt.UTC) if when.tzinfo is None else when.astimezone(dt.UTC)


def _sides(ring: Floats, duration_s: float, where: str) -> Mapping[str, Floats]:
    count = (len(ring) - 3) // 2
    whole = ring.ndim == 2 and ring.shape[1:] == (2,) and len(ring) % 2 == 1 and 2 <= count <= _MAX_RING
    if not (whole and np.isfinite(ring).all() and np.abs(ring[:, 1]).max() <= 90 and duration_s > 0):
        raise InputError(f"{where}: has no outline of two sides; fetch the plan again")
    if not (count - 2) * _VERTEX_S < duration_s <= (count - 1) * _VERTEX_S + 1:
        raise InputError(
            f"{where}: lasts {duration_s:.0f} s but has {count} vertices, one a minute; fetch the plan again"
        )
    sides = place(ring[:, 0], ring[:, 1])
    right, left = sides[1 : 1 + count], sides[2 + count : 2 + 2 * count][::-1]
    return {"right": right, "left": left}


def strip_time(strip: Strip, points: Floats) -> Floats:
    """When each point (n, 3) is imaged, seconds after the strip's begin; NaN where it lies outside."""
    found = np.full(len(points), np.nan)
    times = strip.times
    for i in range(len(times) - 1):
        a, b, c, d = strip.right[i], strip.right[i + 1], strip.left[i + 1], strip.left[i]
        centre = a + b + c + d
        near = np.flatnonzero(points @ centre > _NEAR * np.linalg.norm(centre) * np.linalg.norm(a))
        if not near.size:
            continue
        # On the sphere a point lies in a quadrilateral if it is on one side of the great circles through its edges.
        there = points[near]
        sides = np.column_stack([there @ np.cross(p, q) for p, q in ((a, b), (b, c), (c, d), (d, a))])
        inside = (sides >= 0).all(axis=1) | (sides <= 0).all(axis=1)
        # How far it has come from the first edge to the last: by its distance from the planes through both.
        first = there @ _unit(np.cross(d, a))
        last = there @ _unit(np.cross(b, c))
        part = first / (first + last)
        found[near[inside]] = times[i] + part[inside] * (times[i + 1] - times[i])
    return found


def _unit(vector: Floats) -> Floats:
    length: Floats = vector / np.linalg.norm(vector)
    return length


def with_plan(
    passes: Iterable[Pass],
    plan: Plan,
    *,
    site: Site,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    height: float = 0.0,
) -> tuple[Pass, ...]:
    """Predictions set right by a plan: within its period, and for its satellite, the plan is believed.

    A predicted pass without a strip stays, with `planned` False. One with a strip takes its time and what it covers of
    the outline. A strip without a prediction is added. Passes of other satellites and times are left as they are.

    Args:
        passes: as predicted for the site.
        plan: of one satellite.
        site: the watched place.
        since: strips before this are not added; None: from the plan's begin.
        until: strips from this on are not added; None: to the plan's end.
        height: as given to the prediction; a pass that only the plan has gets its geometry from the strip.
    """
    outline = outline_points(site, height=height)
    given = tuple(passes)
    strips = [
        (s, t) for s in plan.strips if s.mode in IMAGING_MODES and np.isfinite(t := strip_time(s, outline.points)).any()
    ]
    taken: set[int] = set()
    told: list[Pass] = []
    for one in given:
        if one.satellite != plan.satellite or not plan.since <= one.start <= plan.until:
            told.append(one)
            continue
        mine = [
            i
            for i, (s, t) in enumerate(strips)
            if i not in taken and abs(_moment(s, t, outline) - one.start) <= _SAME_PASS
        ]
        taken.update(mine)
        told.append(_planned(one, [strips[i] for i in mine], outline) if mine else replace(one, planned=False))
    added = [_added(s, t, outline) for i, (s, t) in enumerate(strips) if i not in taken]
    told += [p for p in added if (since is None or since <= p.start) and (until is None or p.start < until)]
    return tuple(sorted(told, key=lambda p: (p.start, p.satellite, p.sensor)))


def _moment(strip: Strip, times: Floats, outline: Outline) -> dt.datetime:
    """When the strip sees the middle of the outline, or the middle of what it sees of it."""
    middle = strip_time(strip, outline.middle[None])[0]
    after = middle if np.isfinite(middle) else np.nanmean(times)
    return strip.begin + dt.timedelta(milliseconds=round(float(after) * 1000))


def _planned(one: Pass, strips: Sequence[tuple[Strip, Floats]], outline: Outline) -> Pass:
    """A pass with the strips of its turn: two strips that meet over a site cover it together."""
    share = min(1.0, float(np.isfinite([t for _, t in strips]).any(axis=0) @ outline.weights))
    strip, times = max(strips, key=lambda st: float(np.isfinite(st[1]) @ outline.weights))
    return replace(
        one,
        start=_moment(strip, times, outline),
        relative_orbit=strip.relative_orbit,
        share=round(share, 9),
        planned=True,
        source="plan",
        error_s=None,
        edge_error_km=None,
    )


def _added(strip: Strip, times: Floats, outline: Outline) -> Pass:
    """A pass from its strip alone; how the site is seen comes from how far it lies from the strip's middle line."""
    start = _moment(strip, times, outline)
    index = int(np.argmin(np.abs(strip.times - (start - strip.begin).total_seconds())))
    right, left = strip.right[index], strip.left[index]
    across = float((outline.middle - (right + left) / 2) @ _unit(right - left)) / 1000
    half = float(np.linalg.norm(right - left)) / 2000
    far = (SENTINEL_2.off_nadir or (0.0, 0.0))[1]
    off_nadir = float(np.degrees(np.arctan(abs(across) / half * np.tan(np.radians(far)))))
    return Pass(
        satellite=strip.satellite,
        number=next((n for n, name in SENTINEL_2.satellites.items() if name == strip.satellite), 0),
        sensor=SENTINEL_2.name,
        start=start,
        direction="descending" if strip.right[-1][2] < strip.right[0][2] else "ascending",
        relative_orbit=strip.relative_orbit,
        row=None,
        off_nadir=off_nadir,
        incidence=float(np.degrees(np.arcsin(min(1.0, np.sin(np.radians(off_nadir)) * (6371 + 790) / 6371)))),
        side="right" if across > 0 else "left",
        share=round(min(1.0, float(np.isfinite(times) @ outline.weights)), 9),
        margin_km=half - abs(across),
        sun_elevation=sun_at(start, latitude=outline.latitude, longitude=outline.longitude).elevation,
        solar_time=solar_time(start, longitude=outline.longitude),
        epoch=None,
        age_days=None,
        error_s=None,
        edge_error_km=None,
        planned=True,
        source="plan",
    )
