"""The journal of a store, and rows that are versions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from sitewatch.store._schema import entries

__all__ = ["Row", "current", "enter", "known_at", "told", "write_versions"]

Row = dict[str, Any]
"""A table's row by column name."""

_STEP = dt.timedelta(microseconds=1)
_BATCH = 500
"""Keys named in one statement: under every database's limit of parameters."""


def enter(
    connection: sa.Connection,
    *,
    site: str,
    who: str,
    what: str,
    at: dt.datetime,
    thing: str = "",
    detail: Mapping[str, object] | None = None,
) -> dt.datetime:
    """Write an entry into the journal.

    Args:
        connection: of a transaction that writes.
        site: id of the site; empty: of the whole workspace.
        who: who does it.
        what: the kind of entry (see `_schema`).
        at: time of it, UTC.
        thing: the structure that it is about; empty: none.
        detail: what else is to be told, as JSON.

    Returns:
        The entry's moment: `at`, or the next one after the site's last entry where that is not earlier. All versions
        that the entry makes begin with it.
    """
    last = connection.execute(sa.select(sa.func.max(entries.c.at)).where(entries.c.site == site)).scalar()
    moment = at if last is None or at > last else last + _STEP
    connection.execute(
        entries.insert().values(
            site=site, at=moment, who=who, what=what, thing=thing, detail={} if detail is None else dict(detail)
        )
    )
    return moment


def known_at(table: sa.Table, moment: dt.datetime | None) -> sa.ColumnElement[bool]:
    """The condition under which a version is what is known now, or was known at a moment."""
    if moment is None:
        return table.c.until.is_(None)
    return (table.c.since <= moment) & (table.c.until.is_(None) | (table.c.until > moment))


def current(
    connection: sa.Connection, table: sa.Table, *, site: str, at: dt.datetime | None = None
) -> dict[tuple[Any, ...], Row]:
    """What is known of a site now, or was at a moment: a table's versions of then by the rest of their key."""
    rows = connection.execute(sa.select(table).where(table.c.site == site, known_at(table, at))).mappings()
    names = _key(table)
    return {tuple(row[name] for name in names): dict(row) for row in rows}


def write_versions(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[Row],
    *,
    site: str,
    since: dt.datetime,
    whole: bool = True,
    same: Callable[[Row, Row], bool] | None = None,
) -> list[tuple[Any, ...]]:
    """Make rows what is known of a site: new versions of those that say something else than before.

    Args:
        connection: of a transaction that writes.
        table: one whose rows are versions.
        rows: without `site`, `since` and `until`.
        site: whose rows.
        since: moment of the entry that makes them; later than every version that there is.
        whole: True: the rows are all there is, and what is missing among them is known no more.
        same: whether two rows (known, new) say the same; default: all values are equal.

    Returns:
        The keys (without the site) of the versions that were written.
    """
    known = current(connection, table, site=site)
    names = _key(table)
    alike = same or _equal
    found = {tuple(row[name] for name in names): row for row in rows}
    changed = [key for key, row in found.items() if key not in known or not alike(known[key], row)]
    over = [key for key in changed if key in known]
    if whole:
        over += [key for key in known if key not in found]
    columns = [table.c[name] for name in names]
    for start in range(0, len(over), _BATCH):
        part = over[start : start + _BATCH]
        condition = sa.tuple_(*columns).in_(part) if columns else sa.true()
        connection.execute(
            table.update().where(table.c.site == site, table.c.until.is_(None), condition).values(until=since)
        )
    if changed:
        connection.execute(
            table.insert(), [{**found[key], "site": site, "since": since, "until": None} for key in changed]
        )
    return changed


def told(moment: dt.datetime | str | None) -> str | None:
    """A moment for people and files, to the second; also from the text as which SQLite keeps it."""
    if moment is None:
        return None
    text = moment if isinstance(moment, str) else moment.isoformat(timespec="seconds")
    return f"{text[:10]}T{text[11:19]}Z"


def _key(table: sa.Table) -> list[str]:
    return [column.name for column in table.primary_key if column.name not in ("site", "since")]


def _equal(known: Row, new: Row) -> bool:
    return all(known[name] == value for name, value in new.items())
