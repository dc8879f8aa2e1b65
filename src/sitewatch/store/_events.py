"""What else is recorded: statements, launches, deadlines, by hand or from a list; and pictures, by runs."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from sitewatch.errors import InputError, OptionError
from sitewatch.store import _schema as t
from sitewatch.store._entries import Row, current, enter, known_at, write_versions
from sitewatch.store._sites import get_site

__all__ = [
    "PICTURE_TITLES",
    "RecordedEvent",
    "Recording",
    "add_events",
    "list_events",
    "title_key",
    "untold_pictures",
    "withdraw_event",
    "write_pictures",
]

PICTURE_TITLES = frozenset({"new good picture", "back-filled good picture"})
"""Events that runs record of what they saw with; all others people record of what happened.

A picture is no evidence of anything that follows or precedes it: structures turn between looks, so there is one beside
every turn.
"""


@dataclass(frozen=True, kw_only=True)
class RecordedEvent:
    """Something that happened at one moment from `began` to `ended`, both UTC."""

    title: str
    """What it is; events of one title are counted together."""
    began: dt.datetime
    ended: dt.datetime
    """Not before `began`."""
    site: str = ""
    """Id of the site that it is about; empty: of none."""
    source: str = ""
    """Where it is told: a reference or an address."""
    withdrawn: bool = False
    """True: it was recorded in error."""

    kept_as: str = field(default="", compare=False)
    """The key under which the store has it; empty: it was not read from a store."""

    @property
    def key(self) -> str:
        """That under which the store has it, or will: the same site, title and beginning give the same key.

        The beginning is the day, or the moment where an hour is told: an event told twice is one, two on one day are
        two.
        """
        title, began = _identity(self.title, self.began)
        moment = f"{began:%Y-%m-%d}" if began.time() == dt.time() else began.isoformat()
        told = f"{self.site}|{title}|{moment}"
        return self.kept_as or "e" + hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What became of events that were told."""

    added: tuple[str, ...]
    """Keys of those that are new, or that were withdrawn and are taken up again."""
    changed: tuple[str, ...]
    """Keys of those that were recorded with another end or source."""
    known: tuple[str, ...]
    """Keys of those that were recorded in just this way, or told twice here."""


def add_events(connection: sa.Connection, events: Sequence[RecordedEvent], *, who: str, at: dt.datetime) -> Recording:
    """Record events, those of one site in one entry of the journal.

    Args:
        connection: of a transaction that writes.
        events: any number; of one that is told more than once the first telling counts.
        who: who records them.
        at: time, UTC.

    Raises:
        InputError: one is about a site that is not watched, or its key belongs to another event.
        OptionError: one ends before it begins, or has no title.
    """
    added: list[str] = []
    changed: list[str] = []
    known: list[str] = []
    for site in sorted({event.site for event in events}):
        if site:
            get_site(connection, site)
        told = list(current(connection, t.events, site=site).values())
        kept = {_identity(row["title"], row["began"]): row for row in told}
        titles = {row["event"]: row["title"] for row in told}
        rows: dict[str, Row] = {}
        seen: set[tuple[str, dt.datetime]] = set()
        for event in (event for event in events if event.site == site):
            _check(event)
            same = _identity(event.title, event.began)
            before = kept.get(same)
            key = event.key if before is None else str(before["event"])
            row = {**_row(event), "event": key}
            if same in seen or (before is not None and all(before[name] == value for name, value in row.items())):
                seen.add(same)
                known.append(key)
                continue
            if before is None and key in titles:
                raise InputError(
                    f"event {event.title!r} of {event.began:%Y-%m-%d} has the key {key} of another, {titles[key]!r}; "
                    "word its title otherwise"
                )
            (added if before is None or before["withdrawn"] else changed).append(key)
            seen.add(same)
            titles[key] = event.title
            rows[key] = row
        if rows:
            detail = {"events": [{"event": key, "title": row["title"]} for key, row in rows.items()]}
            since = enter(connection, site=site, who=who, what="event", at=at, detail=detail)
            write_versions(connection, t.events, list(rows.values()), site=site, since=since, whole=False)
    return Recording(added=tuple(added), changed=tuple(changed), known=tuple(known))


def untold_pictures(
    connection: sa.Connection, site: str, pictures: Sequence[RecordedEvent]
) -> tuple[RecordedEvent, ...]:
    """Those of a run's pictures that are not recorded yet, under their title or another one; withdrawn ones are.

    Args:
        connection: that reads.
        site: id.
        pictures: events of `PICTURE_TITLES` about the site, with the scene's id as their source.
    """
    told = current(connection, t.events, site=site).values()
    scenes = {row["source"] for row in told if row["title"] in PICTURE_TITLES}
    known = {_identity(row["title"], row["began"]) for row in told}
    new: list[RecordedEvent] = []
    for event in pictures:
        same = _identity(event.title, event.began)
        if event.source not in scenes and same not in known:
            new.append(event)
            known.add(same)
    return tuple(new)


def write_pictures(
    connection: sa.Connection, site: str, pictures: Sequence[RecordedEvent], *, since: dt.datetime
) -> None:
    """Record pictures in the entry of the run that found them, so that both are known or neither.

    An entry of their own would count as a reader's word, after which the next run searches anew.

    Args:
        connection: of a transaction that writes.
        site: id.
        pictures: as `untold_pictures` gives them.
        since: moment of the run's entry.
    """
    write_versions(connection, t.events, [_row(event) for event in pictures], site=site, since=since, whole=False)


def list_events(
    connection: sa.Connection, *, site: str | None = None, withdrawn: bool = False, at: dt.datetime | None = None
) -> list[RecordedEvent]:
    """Events by time.

    Args:
        connection: that reads.
        site: those about this site, and those about none; None: all.
        withdrawn: True: those too that were withdrawn.
        at: as they were known at that moment, UTC; None: now.
    """
    which = known_at(t.events, at)
    if site is not None:
        which &= t.events.c.site.in_(["", site])
    if not withdrawn:
        which &= t.events.c.withdrawn.is_(False)
    query = (
        sa.select(t.events)
        .where(which)
        .order_by(t.events.c.began, t.bytewise(t.events.c.title), t.bytewise(t.events.c.site))
    )
    return [
        RecordedEvent(
            title=row["title"],
            began=row["began"],
            ended=row["ended"],
            site=row["site"],
            source=row["source"],
            withdrawn=row["withdrawn"],
            kept_as=row["event"],
        )
        for row in connection.execute(query).mappings()
    ]


def withdraw_event(connection: sa.Connection, key: str, *, who: str, at: dt.datetime) -> str:
    """Take an event back that was recorded in error; every version of it stays.

    Returns:
        Its title.

    Raises:
        InputError: there is no such event, or it is withdrawn already.
    """
    row = (
        connection.execute(sa.select(t.events).where(t.events.c.event == key, known_at(t.events, None)))
        .mappings()
        .first()
    )
    if row is None:
        raise InputError(f"no event {key!r} is recorded; see `sitewatch event list`")
    if row["withdrawn"]:
        raise InputError(f"event {key!r} is withdrawn already; see `sitewatch event list --withdrawn`")
    site = row["site"]
    detail = {"events": [{"event": key, "title": row["title"], "withdrawn": True}]}
    since = enter(connection, site=site, who=who, what="event", at=at, detail=detail)
    told = {name: value for name, value in row.items() if name not in ("site", "since", "until")}
    write_versions(connection, t.events, [{**told, "withdrawn": True}], site=site, since=since, whole=False)
    return str(row["title"])


def title_key(title: str) -> str:
    """What titles of events are compared by: capitals and spaces do not count."""
    return " ".join(title.casefold().split())


def _identity(title: str, began: dt.datetime) -> tuple[str, dt.datetime]:
    """What makes two events of a site one, however their title is spelt."""
    return title_key(title), began


def _check(event: RecordedEvent) -> None:
    if not (event.title.strip() and event.title.isprintable() and len(event.title) <= 200):
        raise OptionError(f"an event's title must be 1 to 200 printable characters, got {event.title[:60]!r}")
    if event.ended < event.began:
        raise OptionError(
            f"event {event.title!r} ends ({event.ended:%Y-%m-%d}) before it begins ({event.began:%Y-%m-%d}); exchange "
            "the dates"
        )


def _row(event: RecordedEvent) -> Row:
    return {
        "event": event.key,
        "began": event.began,
        "ended": event.ended,
        "title": event.title.strip(),
        "source": event.source.strip(),
        "withdrawn": event.withdrawn,
    }
