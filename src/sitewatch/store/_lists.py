"""What the store knows, as rows for tables and JSON.

Read at once for any number of sites, and without importing the rooms that made it: a listing answers in a blink.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from sitewatch.store import _schema as t
from sitewatch.store._as_known import cut_structure, first_runs, published_looks
from sitewatch.store._entries import Row, known_at, told
from sitewatch.store._reviews import load_reviews
from sitewatch.store._sites import watched_sites

__all__ = [
    "conflict_rows",
    "presences_told",
    "review_rows",
    "site_summaries",
    "structure_rows",
]


def site_summaries(
    connection: sa.Connection, *, removed: bool = False, only: str | None = None, at: dt.datetime | None = None
) -> list[dict[str, Any]]:
    """Every site with the answer of its last run and how much is known of it, sorted by id.

    Args:
        connection: that reads.
        removed: True: those too that are no longer watched.
        only: id of the one that is asked for; None: all.
        at: as it was known at that moment, without the sites that were added later; None: now.
    """
    which = known_at(t.sites, at)
    if not removed:
        which &= t.sites.c.removed.is_(False)
    if only is not None:
        which &= t.sites.c.site == only

    def of(table: sa.Table) -> sa.ColumnElement[bool]:
        return sa.true() if only is None else table.c.site == only

    latest = (
        sa.select(t.runs.c.site, sa.func.max(t.runs.c.at).label("at"))
        .where(of(t.runs), sa.true() if at is None else t.runs.c.at <= at)
        .group_by(t.runs.c.site)
        .subquery()
    )
    claims = (
        sa.select(
            t.structures.c.site,
            sa.func.count().label("structures"),
            sa.func.sum(sa.case((t.structures.c.present, 1), else_=0)).label("present"),
        )
        .where(of(t.structures), known_at(t.structures, at), t.structures.c.claimed, t.structures.c.kind == "structure")
        .group_by(t.structures.c.site)
        .subquery()
    )
    conflicts = (
        sa.select(t.conflicts.c.site, sa.func.count().label("conflicts"))
        .where(of(t.conflicts), known_at(t.conflicts, at), t.conflicts.c.resolved == "")
        .group_by(t.conflicts.c.site)
        .subquery()
    )
    query = (
        sa.select(
            t.sites.c.site,
            t.sites.c.name,
            t.sites.c.removed,
            t.runs.c.at,
            t.runs.c.exit_code,
            t.runs.c.sentence,
            t.runs.c.listed,
            t.runs.c.used,
            t.runs.c.first_look,
            t.runs.c.last_look,
            t.runs.c.news["stalled"].label("stalled"),
            claims.c.structures,
            claims.c.present,
            conflicts.c.conflicts,
        )
        .select_from(
            t.sites.outerjoin(latest, latest.c.site == t.sites.c.site)
            .outerjoin(t.runs, (t.runs.c.site == t.sites.c.site) & (t.runs.c.at == latest.c.at))
            .outerjoin(claims, claims.c.site == t.sites.c.site)
            .outerjoin(conflicts, conflicts.c.site == t.sites.c.site)
        )
        .where(which)
        .order_by(t.bytewise(t.sites.c.site))
    )
    return [
        {
            "site": row.site,
            "name": row.name,
            "removed": row.removed,
            "last_run": told(row.at),
            "exit_code": row.exit_code,
            "answer": row.sentence or "not watched yet",
            "listed": row.listed or 0,
            "used": row.used or 0,
            "first_look": told(row.first_look),
            "last_look": told(row.last_look),
            "structures": row.structures or 0,
            "present": row.present or 0,
            "conflicts": row.conflicts or 0,
            "stalled_feeds": [stall["sentence"] for stall in row.stalled or ()],
        }
        for row in connection.execute(query)
    ]


def structure_rows(
    connection: sa.Connection,
    *,
    viewer: str,
    site: str | None = None,
    thing: str | None = None,
    at: dt.datetime | None = None,
    all_kinds: bool = False,
    lost: bool = False,
) -> list[dict[str, Any]]:
    """The structures that are known, by site, then the most probable first.

    Args:
        connection: that reads.
        viewer: whose eyes reviews are shown to.
        site: id; None: all that are watched, or were at that moment.
        thing: key of the one that is asked for; None: all.
        at: as it was known at that moment; None: now. Where a site was not watched yet, what could have been known is
            put together from what is known today (`_as_known`), and `hindsight` is true; the probability is today's.
        all_kinds: True: also what is not claimed to be built.
        lost: True: also what the last search does not claim any more.
    """
    s = t.structures.c
    which: sa.ColumnElement[bool] = sa.true()
    which &= s.site == site if site is not None else s.site.in_(watched_sites(at))
    if thing is not None:
        which &= s.thing == thing
    if not all_kinds:
        which &= s.kind == "structure"
    if not lost:
        which &= s.claimed
    versions = _versions(connection, which & known_at(t.structures, at), evidence=thing is not None)
    if at is not None:
        versions += _in_hindsight(connection, which, at, site=site, evidence=thing is not None)
    names = _names(connection, site=site, at=at)
    reviews = load_reviews(connection, viewer=viewer, site=site, at=at)
    open_ones = {(row.site, row.thing) for row in connection.execute(_open_conflicts(site, at, _KEY))}
    found = [
        {
            "site": row["site"],
            "id": row["id"],
            "thing": row["thing"],
            "name": names.get(key := (row["site"], row["thing"])),
            "kind": row["kind"],
            "claimed": row["claimed"],
            "present": row["present"],
            "probability": round(row["probability"], 4),
            "area_m2": row["area_m2"],
            "area_m2_low": row["area_m2_low"],
            "area_m2_high": row["area_m2_high"],
            "bounds": [row["west"], row["south"], row["east"], row["north"]],
            "sensors": row["sensors"],
            "presences": presences,
            "review": read.mark if (read := reviews.get(key)) else "",
            "conflict": key in open_ones,
            "known_since": None if hindsight else told(row["since"]),
            "hindsight": hindsight,
        }
        for row, presences, hindsight in versions
    ]
    return sorted(found, key=lambda one: (one["site"], -one["probability"], one["id"]))


_Version = tuple[Row, list[dict[str, Any]], bool]
"""A structure's row, its spells as they are told, and whether they are hindsight."""


def _versions(connection: sa.Connection, which: sa.ColumnElement[bool], *, evidence: bool) -> list[_Version]:
    spells = _spells(connection, which, (*_SPELL, "evidence") if evidence else _SPELL, plain=True)
    return [
        (row, [_presence(*spell[3:]) for spell in spells.get((row["site"], row["thing"], row["since"]), ())], False)
        for row in _listed(connection, which, plain=True)
    ]


def _in_hindsight(
    connection: sa.Connection, which: sa.ColumnElement[bool], at: dt.datetime, *, site: str | None, evidence: bool
) -> list[_Version]:
    """What could have been known of the sites that were not watched yet."""
    early = [name for name, first in first_runs(connection, site).items() if at < first]
    if not early:
        return []
    looks = published_looks(connection, at, sites=early)
    which &= known_at(t.structures, None)
    names = (*_SPELL, "phases", *(["evidence"] if evidence else []))
    spells = _spells(connection, which, names, plain=False)
    found: list[_Version] = []
    for row in _listed(connection, which, plain=False):
        known = looks.get(row["site"])
        lived = spells.get((row["site"], row["thing"], row["since"]), ())
        rows = [dict(zip(names, spell[3:], strict=True)) for spell in lived]
        cut = None if known is None else cut_structure(row, rows, known)
        if cut is not None:
            found.append((cut[0], presences_told(cut[1]), True))
    return found


_LISTED = (
    *("site", "thing", "since", "id", "kind", "claimed", "present", "probability"),
    *("area_m2", "area_m2_low", "area_m2_high", "sensors", *t.BOUNDS),
)
"""Columns of a structure that a listing tells: without its outline."""


def _told_columns(
    connection: sa.Connection, columns: Sequence[sa.Column[Any]], *, plain: bool
) -> list[sa.ColumnElement[Any]]:
    """Columns as they are read for a listing.

    With `plain`, moments and sensors come from SQLite as the text they are kept as: ten thousand structures have a
    hundred thousand moments, and to read each and write it again took half of the time.
    """
    if not plain or connection.dialect.name != "sqlite":
        return list(columns)
    return [
        sa.type_coerce(column, sa.Text).label(column.name)
        if isinstance(column.type, t.Utc) or column is t.structures.c.sensors
        else column
        for column in columns
    ]


def _listed(connection: sa.Connection, which: sa.ColumnElement[bool], *, plain: bool) -> Iterator[Row]:
    """Structures by the columns that are listed."""
    columns = _told_columns(connection, [t.structures.c[name] for name in _LISTED], plain=plain)
    parsed = functools.cache(json.loads)  # ten thousand structures share a few sets of sensors
    for values in connection.execute(sa.select(*columns).where(which)).all():
        row = dict(zip(_LISTED, values, strict=True))
        if isinstance(row["sensors"], str):
            row["sensors"] = parsed(row["sensors"])
        yield row


_SPELL = ("erected_after", "erected_by", "dismantled_after", "dismantled_by", "state", "probability")
"""Columns of a spell that a listing tells."""


def _spells(
    connection: sa.Connection, which: sa.ColumnElement[bool], names: Sequence[str], *, plain: bool
) -> dict[tuple[str, str, dt.datetime], list[Sequence[Any]]]:
    """Spells by (site, key, since) of their structure, in time order: those three, then the columns that are named."""
    s, p = t.structures.c, t.presences.c
    columns = _told_columns(connection, [p[name] for name in ("site", "thing", "since", *names)], plain=plain)
    join = t.presences.join(t.structures, (p.site == s.site) & (p.thing == s.thing) & (p.since == s.since))
    # By the keys of both tables: by the number alone SQLite goes through every version of every spell.
    query = sa.select(*columns).select_from(join).where(which).order_by(s.site, s.thing, s.since, p.number)
    found: dict[tuple[str, str, dt.datetime], list[Sequence[Any]]] = {}
    for row in connection.execute(query).all():
        found.setdefault((row[0], row[1], row[2]), []).append(row)
    return found


def presences_told(spells: Iterable[Row]) -> list[dict[str, Any]]:
    """Spells of standing, as in structures.geojson."""
    return [
        _presence(*(spell[name] for name in _SPELL), *([spell["evidence"]] if "evidence" in spell else []))
        for spell in spells
    ]


def _presence(  # noqa: PLR0917 - a row's columns
    erected_after: dt.datetime | str | None,
    erected_by: dt.datetime | str | None,
    dismantled_after: dt.datetime | str | None,
    dismantled_by: dt.datetime | str | None,
    state: str,
    probability: float,
    *evidence: Sequence[str],
) -> dict[str, Any]:
    """A spell from its columns; with its evidence where that was read."""
    return {
        "erected": None if erected_after is None else {"after": told(erected_after), "by": told(erected_by)},
        "dismantled": None
        if dismantled_after is None
        else {"after": told(dismantled_after), "by": told(dismantled_by)},
        "state": state,
        "probability": probability,
        **({"evidence": evidence[0]} if evidence else {}),
    }


def conflict_rows(
    connection: sa.Connection, *, site: str | None = None, at: dt.datetime | None = None
) -> list[dict[str, Any]]:
    """The conflicts that wait for an answer, or did at a moment, by site and key."""
    c = t.conflicts.c
    query = _open_conflicts(site, at, tuple(c.keys())).order_by(t.bytewise(c.site), t.bytewise(c.thing))
    rows = connection.execute(query).mappings().all()
    ids = _ids(connection, {row["site"] for row in rows}, at=at)
    return [
        {
            "site": row["site"],
            "id": ids.get((row["site"], row["thing"]), row["thing"]),
            "thing": row["thing"],
            "words": row["words"],
            "proposed": row["proposed"],
            "holds": [ids.get((row["site"], other), other) for other in row["holds"]],
            "raised": told(row["since"]),
        }
        for row in rows
    ]


_KEY = ("site", "thing")
"""Columns that name a structure."""


def _open_conflicts(site: str | None, at: dt.datetime | None, columns: Sequence[str]) -> sa.Select[Any]:
    c = t.conflicts.c
    which = known_at(t.conflicts, at) & (c.resolved == "")
    if site is not None:
        which &= c.site == site
    return sa.select(*(c[name] for name in columns)).where(which)


def review_rows(
    connection: sa.Connection, *, viewer: str, site: str | None = None, at: dt.datetime | None = None
) -> list[dict[str, Any]]:
    """What was said of every structure that was read, as one reader may see it."""
    reviews = load_reviews(connection, viewer=viewer, site=site, at=at)
    ids = _ids(connection, {read.site for read in reviews.values()}, at=at)
    names = _names(connection, site=site, at=at)
    return [
        {
            "site": read.site,
            "id": ids.get(key, read.thing),
            "thing": read.thing,
            "name": names.get(key),
            "review": read.mark,
            "readers": read.readers,
            "hidden": read.hidden,
            "said": [{**word, "at": told(word["at"]), "version": told(word["version"])} for word in read.said],
        }
        for key, read in reviews.items()
    ]


def _names(connection: sa.Connection, *, site: str | None, at: dt.datetime | None) -> dict[tuple[str, str], str]:
    which = known_at(t.names, at) & (t.names.c.name != "")
    if site is not None:
        which &= t.names.c.site == site
    return {(row.site, row.thing): row.name for row in connection.execute(sa.select(t.names).where(which))}


def _ids(connection: sa.Connection, sites: set[str], *, at: dt.datetime | None) -> dict[tuple[str, str], str]:
    """The ids that structures have, by (site, key)."""
    s = t.structures.c
    which = known_at(t.structures, at) & (s.site == next(iter(sites)) if len(sites) == 1 else sa.true())
    rows = connection.execute(sa.select(s.site, s.thing, s.id).where(which)) if sites else ()
    return {(row.site, row.thing): row.id for row in rows}
