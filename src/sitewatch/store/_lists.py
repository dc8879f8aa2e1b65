"""What the store knows, as rows for tables and JSON.

Read at once for any number of sites, and without importing the rooms that made it: a listing answers in a blink.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
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
    open_ones = {(one["site"], one["thing"]) for one in conflict_rows(connection, site=site, at=at)}
    found = [
        {
            "site": row["site"],
            "id": row["id"],
            "thing": row["thing"],
            "name": names.get((row["site"], row["thing"])),
            "kind": row["kind"],
            "claimed": row["claimed"],
            "present": row["present"],
            "probability": round(row["probability"], 4),
            "area_m2": row["area_m2"],
            "area_m2_low": row["area_m2_low"],
            "area_m2_high": row["area_m2_high"],
            "bounds": [row["west"], row["south"], row["east"], row["north"]],
            "sensors": row["sensors"],
            "presences": presences_told(spells),
            "review": read.mark if (read := reviews.get((row["site"], row["thing"]))) else "",
            "conflict": (row["site"], row["thing"]) in open_ones,
            "known_since": None if hindsight else told(row["since"]),
            "hindsight": hindsight,
        }
        for row, spells, hindsight in versions
    ]
    return sorted(found, key=lambda one: (one["site"], -one["probability"], one["id"]))


_Version = tuple[Row, list[Row], bool]
"""A structure's row, those of its presences, and whether they are hindsight."""


def _versions(
    connection: sa.Connection, which: sa.ColumnElement[bool], *, evidence: bool, phases: bool = False
) -> list[_Version]:
    columns = _told_columns(connection, [t.structures.c[name] for name in _LISTED], plain=not phases)
    spells = _lives(connection, which, evidence=evidence, phases=phases)
    rows = (dict(zip(_LISTED, row, strict=True)) for row in connection.execute(sa.select(*columns).where(which)))
    return [(row, spells.get((row["site"], row["thing"], row["since"]), []), False) for row in rows]


def _in_hindsight(
    connection: sa.Connection, which: sa.ColumnElement[bool], at: dt.datetime, *, site: str | None, evidence: bool
) -> list[_Version]:
    """What could have been known of the sites that were not watched yet."""
    early = [name for name, first in first_runs(connection, site).items() if at < first]
    if not early:
        return []
    looks = published_looks(connection, at, sites=early)
    found = []
    for row, spells, _ in _versions(connection, which & known_at(t.structures, None), evidence=evidence, phases=True):
        known = looks.get(row["site"])
        cut = None if known is None else cut_structure(row, spells, known)
        if cut is not None:
            found.append((*cut, True))
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

    With `plain`, moments come from SQLite as the text they are kept as: ten thousand structures have a hundred thousand
    moments, and to read each and write it again took half of the time.
    """
    if not plain or connection.dialect.name != "sqlite":
        return list(columns)
    return [
        sa.type_coerce(column, sa.Text).label(column.name) if isinstance(column.type, t.Utc) else column
        for column in columns
    ]


def _lives(
    connection: sa.Connection, which: sa.ColumnElement[bool], *, evidence: bool, phases: bool = False
) -> dict[tuple[str, str, dt.datetime], list[Row]]:
    """Presences by (site, key, since), in time order; their evidence only where it is asked for."""
    s, p = t.structures.c, t.presences.c
    names = ("site", "thing", "since", "erected_after", "erected_by", "dismantled_after", "dismantled_by", "state")
    columns = [*(p[name] for name in names), p.probability, *([p.evidence] if evidence else [])]
    if phases:
        columns.append(p.phases)
    join = t.presences.join(t.structures, (p.site == s.site) & (p.thing == s.thing) & (p.since == s.since))
    found: dict[tuple[str, str, dt.datetime], list[Row]] = {}
    shown = _told_columns(connection, columns, plain=not phases)
    keys = [column.name for column in columns]
    for row in connection.execute(sa.select(*shown).select_from(join).where(which).order_by(p.number)):
        found.setdefault((row[0], row[1], row[2]), []).append(dict(zip(keys, row, strict=True)))
    return found


def presences_told(spells: Iterable[Row]) -> list[dict[str, Any]]:
    """Spells of standing, as in structures.geojson."""

    def bracket(spell: Row, end: str) -> dict[str, str | None] | None:
        after = told(spell[f"{end}_after"])
        return None if after is None else {"after": after, "by": told(spell[f"{end}_by"])}

    return [
        {
            "erected": bracket(spell, "erected"),
            "dismantled": bracket(spell, "dismantled"),
            "state": spell["state"],
            "probability": spell["probability"],
            **({"evidence": spell["evidence"]} if "evidence" in spell else {}),
        }
        for spell in spells
    ]


def conflict_rows(
    connection: sa.Connection, *, site: str | None = None, at: dt.datetime | None = None
) -> list[dict[str, Any]]:
    """The conflicts that wait for an answer, or did at a moment, by site and key."""
    c = t.conflicts.c
    which = known_at(t.conflicts, at) & (c.resolved == "")
    if site is not None:
        which &= c.site == site
    rows = (
        connection.execute(sa.select(t.conflicts).where(which).order_by(t.bytewise(c.site), t.bytewise(c.thing)))
        .mappings()
        .all()
    )
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
