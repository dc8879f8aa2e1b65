"""Opportunities as an iCalendar file (RFC 5545)."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence

from icalendar import Calendar, Event

from sitewatch.assessment import percent
from sitewatch.planning._opportunities import Opportunity
from sitewatch.site import Site

__all__ = ["agenda"]

_LEAST = dt.timedelta(minutes=1)


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
    satellite, the day and the turn of that day, so that calendars move it and do not list it twice.

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
        calendar.add("x-wr-caldesc", caveat)
    turns: Counter[str] = Counter()
    for number, look in enumerate(looks):
        seen = look.passing
        turn = f"{site.id}|{seen.satellite}|{seen.sensor}|{seen.direction}|{seen.start:%Y-%m-%d}"
        turns[turn] += 1
        if look.p_pass <= 0:
            continue
        told = hashlib.sha256(f"{turn}|{turns[turn]}".encode("utf-8", "replace")).hexdigest()[:24]
        event = Event()
        event.add("uid", f"{told}@sitewatch")
        event.add("dtstamp", now.astimezone(dt.UTC).replace(microsecond=0))
        begin = seen.start.astimezone(dt.UTC).replace(microsecond=0)
        event.add("dtstart", begin)
        event.add("dtend", begin + max(_LEAST, dt.timedelta(seconds=round(2 * (seen.error_s or 0.0)))))
        mark = "Look: " if number in chosen else ""
        event.add("summary", f"{mark}{seen.satellite} over {site.name}, {percent(look.p_clear)} clear")
        event.add("description", _description(look, chosen.get(number), caveat))
        event.add("transp", "TRANSPARENT")
        if number in chosen:
            event.add("categories", ["chosen"])
            event.add("priority", 1)
        calendar.add_component(event)
    return bytes(calendar.to_ical())


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
        lines.append(f"The time may be off by {seen.error_s:.0f} s.")
    return "\n".join(lines)
