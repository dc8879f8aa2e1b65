"""Opportunities as an iCalendar file (RFC 5545)."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence

from icalendar import Calendar, Event, Timezone, TimezoneStandard

from sitewatch.assessment import percent
from sitewatch.planning._opportunities import Opportunity
from sitewatch.planning._passes import Pass
from sitewatch.site import Site

__all__ = ["agenda"]

_LEAST = dt.timedelta(minutes=1)
_TURN_S = 45 * 60
"""The lowest satellites take 85 minutes for a turn: two passes in one direction never share such a part of a day."""


def agenda(
    site: Site,
    looks: Sequence[Opportunity],
    *,
    chosen: Mapping[int, str],
    now: dt.datetime,
    caveat: str | None = None,
) -> bytes:
    """An iCalendar file with an event for each pass that may see the site.

    Times are UTC. An event keeps its UID when it is predicted again from fresher elements: it is made of the site, the
    satellite, the day and the orbit, so that calendars move it and do not list it twice, whatever else is in the file.
    A file without a pass is a calendar without events.

    Args:
        site: the watched place.
        looks: opportunities, by time.
        chosen: by number of the opportunity, why it was chosen: a sentence.
        now: when the file is made, UTC.
        caveat: what must be said before anything else, of the calendar and in each event; None: nothing.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//sitewatch//looks next//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    if caveat is not None:
        calendar.add("x-wr-caldesc", _text(caveat))
    for number, look in enumerate(looks):
        seen = look.passing
        if look.p_pass <= 0:
            continue
        event = Event()
        event.add("uid", f"{_key(site, seen)}@sitewatch")
        event.add("dtstamp", now.astimezone(dt.UTC).replace(microsecond=0))
        begin = seen.start.astimezone(dt.UTC).replace(microsecond=0)
        event.add("dtstart", begin)
        event.add("dtend", begin + max(_LEAST, dt.timedelta(seconds=round(2 * (seen.error_s or 0.0)))))
        mark = "Look: " if number in chosen else ""
        event.add("summary", _text(f"{mark}{seen.satellite} over {site.name}, {percent(look.p_clear)} clear"))
        event.add("description", _text(_description(look, chosen.get(number), caveat)))
        event.add("transp", "TRANSPARENT")
        if number in chosen:
            event.add("categories", ["chosen"])
            event.add("priority", 1)
        calendar.add_component(event)
    if not calendar.subcomponents:
        calendar.add_component(_utc())
    return bytes(calendar.to_ical())


def _key(site: Site, seen: Pass) -> str:
    """What an event is known by: the same in whichever window the pass lies."""
    utc = seen.start.astimezone(dt.UTC)
    part = (utc.hour * 3600 + utc.minute * 60 + utc.second) // _TURN_S
    orbit = f"part {part}" if seen.relative_orbit is None else f"orbit {seen.relative_orbit}"
    told = f"{site.id}|{seen.satellite}|{seen.sensor}|{seen.direction}|{utc:%Y-%m-%d}|{orbit}"
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:24]


def _text(told: str) -> str:
    """Without control characters, which no text of a calendar may hold (RFC 5545, 3.3.11); lines stay apart."""
    return "".join(c if c >= " " and c != "\x7f" else "\n" if c == "\n" else " " for c in told)


def _utc() -> Timezone:
    """The zone of all times: a calendar must hold a component (RFC 5545, 3.6), and without passes there is no other."""
    zone, standard = Timezone(), TimezoneStandard()
    zone.add("tzid", "UTC")
    standard.add("dtstart", dt.datetime(1970, 1, 1))  # noqa: DTZ001 - a zone begins at a local time
    standard.add("tzoffsetfrom", dt.timedelta(0))
    standard.add("tzoffsetto", dt.timedelta(0))
    zone.add_component(standard)
    return zone


def _description(look: Opportunity, why: str | None, caveat: str | None) -> str:
    seen = look.passing
    lines = [line for line in (caveat, why) if line]
    orbit = "" if seen.relative_orbit is None else f", relative orbit {seen.relative_orbit}"
    lines.append(
        f"{seen.direction}{orbit}, {seen.incidence:.0f} degrees of incidence, sun at {seen.sun_elevation:.0f} degrees."
    )
    by = f" ({look.clear_by})" if look.clear_by else ""
    lines.append(f"P(clear) {look.p_clear:.2f}{by}, P(pass) {look.p_pass:.2f}.")
    if seen.planned is not None:
        lines.append("In the official plan." if seen.planned else "Not in the official plan.")
    if seen.error_s is not None:
        lines.append(f"The time may be off by {max(1, round(seen.error_s))} s.")
    return "\n".join(lines)
