"""Runs: what each was asked and answered, and what the next one must know."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from sitewatch.errors import SitewatchError
from sitewatch.store import _schema as t
from sitewatch.store._conflicts import save_conflicts
from sitewatch.store._entries import Row, enter
from sitewatch.store._events import RecordedEvent, write_pictures
from sitewatch.store._looks import load_scenes, save_looks, save_scenes
from sitewatch.store._sites import get_site
from sitewatch.store._things import known_things, save_things

if TYPE_CHECKING:
    from sitewatch.archive import Memory
    from sitewatch.cube import Look
    from sitewatch.structures import Recognition

__all__ = ["Run", "count_runs", "last_run", "load_memory", "save_failure", "save_run", "told_by_readers"]

WATCHING = "sitewatch"
"""Who a run is."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a run was asked, and what it answered."""

    began: dt.datetime
    """When it began, UTC."""
    version: str
    """Of sitewatch."""
    exit_code: int
    """0 looked and compared, 1 failed, 2 what the site names could not be used, 3 nothing could be seen, 4 could not
    look."""
    sentence: str
    """The answer."""
    searched: bool
    """False: nothing was new since the run before, so that its answer stands."""
    listed: int
    used: int
    first_look: dt.datetime | None
    last_look: dt.datetime | None
    listing: str
    """Digest of what was listed and of all settings: a run that finds the same has nothing to do."""
    asking: Mapping[str, Any] = field(default_factory=dict)
    head: Mapping[str, Any] = field(default_factory=dict)
    news: Mapping[str, Any] = field(default_factory=dict)
    """What is otherwise than in the run before; `pictures` that are new and good, feeds that `stalled`."""


def save_run(
    connection: sa.Connection,
    site: str,
    run: Run,
    *,
    at: dt.datetime,
    looks: Sequence[Look] | None = None,
    recognition: Recognition | None = None,
    memory: Memory | None = None,
    pictures: Sequence[RecordedEvent] = (),
) -> dt.datetime:
    """Make a run's answer what is known of a site.

    Args:
        connection: of a transaction that writes.
        site: id.
        run: the answer.
        at: the present moment, UTC: from now on it is known.
        looks: all looks; None: those known stand.
        recognition: all structures; None: nothing could be compared, those known stand.
        memory: what the next run must know; None: what is known stands.
        pictures: new good pictures, as `untold_pictures` gives them.

    Returns:
        The moment from which it is known.
    """
    from sitewatch.archive import memory_document

    last = last_run(connection, site)
    detail: dict[str, object] = {"answer": run.sentence, "searched": run.searched}
    if pictures:
        detail["pictures"] = [event.source for event in pictures]
    since = enter(connection, site=site, who=WATCHING, what="watch", at=at, detail=detail)
    remembered: Mapping[str, Any] = {} if last is None else last["memory"]
    if memory is not None:
        told = memory_document(memory)
        save_scenes(connection, site, told.pop("scenes"), since=since)
        # What was found is read off the structures themselves.
        told.pop("found")
        remembered = told
    if looks is not None:
        save_looks(connection, site, looks, since=since)
    if recognition is not None:
        save_things(connection, site, recognition, since=since)
        save_conflicts(connection, site, recognition.conflicts, since=since)
    if pictures:
        write_pictures(connection, site, pictures, since=since)
    row = {"site": site, "at": since, "memory": dict(remembered), **vars(run)}
    for name in ("asking", "head", "news"):
        row[name] = dict(row[name])
    connection.execute(t.runs.insert().values(**row))
    return since


def save_failure(
    connection: sa.Connection, site: str, error: SitewatchError, *, version: str, began: dt.datetime, at: dt.datetime
) -> None:
    """Remember that a run at a site failed, and why; what is known of it stands."""
    last = last_run(connection, site) or {}
    run = Run(
        began=began,
        version=version,
        exit_code=error.exit_code,
        sentence=str(error),
        searched=False,
        listed=last.get("listed", 0),
        used=last.get("used", 0),
        first_look=last.get("first_look"),
        last_look=last.get("last_look"),
        listing="",  # whatever it would have found, the next run has it to do
        asking=last.get("asking", {}),
        head=last.get("head", {}),
    )
    save_run(connection, site, run, at=at)


def last_run(
    connection: sa.Connection, site: str, *, searched: bool = False, at: dt.datetime | None = None
) -> Row | None:
    """The last run at a site, or the last that searched, or the last one by a moment; None: there was none."""
    query = sa.select(t.runs).where(t.runs.c.site == site).order_by(t.runs.c.at.desc()).limit(1)
    if searched:
        query = query.where(t.runs.c.searched)
    if at is not None:
        query = query.where(t.runs.c.at <= at)
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)


def count_runs(connection: sa.Connection) -> dict[str, int]:
    """How many runs there were, by site."""
    rows = connection.execute(sa.select(t.runs.c.site, sa.func.count()).group_by(t.runs.c.site))
    return dict(rows.all())


def load_memory(connection: sa.Connection, site: str) -> Memory | None:
    """What is remembered of the runs at a site; None: there were none that anybody answered."""
    from sitewatch.archive import memory_in
    from sitewatch.structures import structures_document

    last = last_run(connection, site)
    if last is None or "at" not in last["memory"]:
        return None
    searched = last_run(connection, site, searched=True) or last
    outline = get_site(connection, site, at=searched["at"]).site.outline.wkt
    known = [one.structure for one in known_things(connection, site) if one.claimed]
    found = {"structures": structures_document(known, head=searched["head"]), "outline": outline}
    return memory_in({**last["memory"], "scenes": load_scenes(connection, site), "found": found})


def told_by_readers(connection: sa.Connection, site: str) -> str:
    """The last entry of a site that no run made: while it stays, no reader laid down anything else.

    What a run itself raises or closes does not count: there is nothing new for the next one in it.
    """
    e = t.entries.c
    last = connection.execute(sa.select(sa.func.max(e.at, type_=t.Utc)).where(e.site == site, e.what != "watch"))
    moment = last.scalar()
    return "" if moment is None else moment.isoformat()
