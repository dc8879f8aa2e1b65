"""Moments, as providers write them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from sitewatch.errors import SceneError

__all__ = ["Moment", "check_captured", "in_period", "iso", "moment_in_name", "parse_moment", "plausible"]

_EARLIEST = dt.datetime(1957, 10, 4, tzinfo=dt.UTC)  # the first satellite
_LATEST = dt.datetime(2200, 1, 1, tzinfo=dt.UTC)  # numpy's nanoseconds end in 2262

_NAME = re.compile(
    r"(?<!\d)(?P<y>(?:19|20)\d{2})(?P<dash>-?)(?P<m>\d{2})(?P=dash)(?P<d>\d{2})"
    r"(?:[T_ ]?(?P<H>\d{2})[:\-_]?(?P<M>\d{2})[:\-_]?(?P<S>\d{2})(?:\.\d+)?Z?)?(?!\d)"
)
_ORDINAL = re.compile(r"(?:(?<!\d)|(?<=L[A-Z]\d{7}))((?:19|20)\d{2}[0-3]\d{2})(?:T(\d{6}))?(?!\d)")
_TEXT = re.compile(
    r"(?P<y>\d{4})[-:/]?(?P<m>\d{2})[-:/]?(?P<d>\d{2})"
    r"(?:[T ]+(?P<H>\d{2}):?(?P<M>\d{2})(?::?(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?"
    r"\s*(?P<z>Z|UTC|[+-]\d{2}:?\d{2})?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A point in time, or a day of which no more is known."""

    at: dt.datetime
    """UTC; midnight where `whole_day`."""
    whole_day: bool = False
    """True: anywhere in that UTC day."""


def parse_moment(text: object) -> Moment | None:
    """A date or time in ISO 8601 or TIFF's "2020:05:31 10:30:00", in UTC if no zone is told; None if it is neither."""
    match = _TEXT.fullmatch(text.strip()) if isinstance(text, str) else None
    return _moment(match) if match else None


def moment_in_name(name: str) -> Moment | None:
    """The first date, with its time where one follows, in a file's name."""
    start = 0
    while match := _NAME.search(name, start):
        moment = _moment(match)
        if moment is not None:
            return moment
        start = match.start() + 1
    # Digits after a date that are no time ("2020-05-01_1005") leave the date itself.
    for match in re.finditer(r"(?<!\d)((?:19|20)\d{2})(-?)(\d{2})\2(\d{2})(?!\d)", name):
        moment = parse_moment(f"{match[1]}-{match[3]}-{match[4]}")
        if moment is not None:
            return moment
    # Year and day of the year, as HLS ("2021001T173926") and old Landsat names ("LE70350321999205EDC00") have it.
    for match in re.finditer(_ORDINAL, name):
        try:
            at = dt.datetime.strptime(match[1] + (match[2] or "000000"), "%Y%j%H%M%S").replace(tzinfo=dt.UTC)
        except ValueError:
            continue
        return Moment(at=at, whole_day=match[2] is None)
    return None


def plausible(at: dt.datetime | None) -> dt.datetime | None:
    """The moment itself if a satellite can have seen it, from 1957-10-04 until 2200; else None."""
    return at if at is not None and _EARLIEST <= at < _LATEST else None


def check_captured(at: dt.datetime, *, name: str) -> None:
    """Refuse a capture that no satellite can have made.

    Raises:
        SceneError: it lies before 1957-10-04 or after 2199.
    """
    if plausible(at) is None:
        raise SceneError(
            f"{name}: says that it was taken on {at.date().isoformat()}, which is not between 1957-10-04 and 2200; "
            "correct its date"
        )


def in_period(at: dt.datetime, *, whole_day: bool, since: dt.datetime | None, until: dt.datetime | None) -> bool:
    """True if a capture can lie between `since` and `until` (both included)."""
    latest = at + dt.timedelta(hours=23, minutes=59, seconds=59) if whole_day else at
    return (since is None or latest >= since) and (until is None or at <= until)


def iso(moment: dt.datetime) -> str:
    """ISO 8601 in UTC with Z, with microseconds only where there are any."""
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def _moment(match: re.Match[str]) -> Moment | None:
    part = match.groupdict()
    try:
        day = dt.datetime(int(part["y"]), int(part["m"]), int(part["d"]), tzinfo=dt.UTC)
        if part["H"] is None:
            return Moment(at=day, whole_day=True)
        fraction = (part.get("f") or "0")[:6].ljust(6, "0")
        at = day.replace(hour=int(part["H"]), minute=int(part["M"]), second=min(59, int(part["S"] or 0)))
        return Moment(at=at.replace(microsecond=int(fraction)) - _zone(part.get("z")))
    except (ValueError, OverflowError):
        return None


def _zone(text: str | None) -> dt.timedelta:
    if text is None or text.upper() in ("Z", "UTC"):
        return dt.timedelta(0)
    size = dt.timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    if size > dt.timedelta(hours=14):
        raise ValueError(text)
    return size if text[0] == "+" else -size
