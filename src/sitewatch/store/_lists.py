"""What the store knows, as rows for tables and JSON.

Read at once for any number of sites, and without importing the rooms that made it: a listing answers in a blink.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from sitewatch.store import _schema as t
from sitewatch.store._as_known import first_runs
from sitewatch.store._entries import Row, known_at

__all__ = ["look_rows", "look_summary", "site_summaries", "told"]

_NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)


def site_summaries(
    connection: sa.Connection, *, removed: bool = False, only: str | None = None
) -> list[dict[str, Any]]:
    """Every site with the answer of its last run and how much is known of it, sorted by id.

    Args:
        connection: that reads.
        removed: True: those too that are no longer watched.
        only: id of the one that is asked for; None: all.
    """
    which = known_at(t.sites, None)
    if not removed:
        which &= t.sites.c.removed.is_(False)
    if only is not None:
        which &= t.sites.c.site == only

    def of(table: sa.Table) -> sa.ColumnElement[bool]:
        return sa.true() if only is None else table.c.site == only

    latest = (
        sa.select(t.runs.c.site, sa.func.max(t.runs.c.at).label("at"))
        .where(of(t.runs))
        .group_by(t.runs.c.site)
        .subquery()
    )
    claims = (
        sa.select(
            t.structures.c.site,
            sa.func.count().label("structures"),
            sa.func.sum(sa.case((t.structures.c.present, 1), else_=0)).label("present"),
        )
        .where(
            of(t.structures), known_at(t.structures, None), t.structures.c.claimed, t.structures.c.kind == "structure"
        )
        .group_by(t.structures.c.site)
        .subquery()
    )
    conflicts = (
        sa.select(t.conflicts.c.site, sa.func.count().label("conflicts"))
        .where(of(t.conflicts), known_at(t.conflicts, None), t.conflicts.c.resolved == "")
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
        .order_by(t.sites.c.site)
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


def told(moment: dt.datetime | None) -> str | None:
    """A moment for people and files, to the second."""
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def look_rows(connection: sa.Connection, site: str, *, at: dt.datetime | None = None) -> tuple[list[Row], bool]:
    """The looks of a site as they are known, or were known at a moment, in the order of their captures.

    Args:
        connection: that reads.
        site: id.
        at: UTC; None: now.

    Returns:
        (rows of `looks`, hindsight): with hindsight the site was not watched yet at that moment, and the rows are what
        is known today of the looks that had been published by then.
    """
    hindsight = at is not None and at < first_runs(connection, site).get(site, _NEVER)
    which = known_at(t.looks, None if hindsight else at)
    if hindsight:
        which &= t.looks.c.published <= at
    # Not by capture in SQL: where databases put what has none is their own affair.
    rows = [dict(row) for row in connection.execute(sa.select(t.looks).where(t.looks.c.site == site, which)).mappings()]
    return sorted(rows, key=lambda row: (row["captured"] or _NEVER, row["scene"])), hindsight


def look_summary(row: Row) -> dict[str, Any]:
    """A look's row as `looks.geojson` tells its properties."""
    captured = row["captured"]
    detail = row["detail"]
    unlisted = detail.get("unlisted_since")
    return {
        "scene": row["scene"],
        "sensor": row["sensor"],
        "captured": f"{captured:%Y-%m-%d}" if captured is not None and row["whole_day"] else told(captured),
        "published": told(row["published"]),
        "published_is_recorded": row["published_is_recorded"],
        "outcome": row["outcome"],
        "reason": row["reason"],
        "clear_share": row["clear_share"],
        "shift_m": row["shift_m"],
        "shift_sigma_m": detail.get("shift_sigma_m"),
        "light": detail.get("light"),
        "haze": detail.get("haze"),
        "clear_share_of_areas": detail.get("clear_share_of_areas", {}),
        "credit": detail.get("credit"),
        "listed_by": detail.get("listed_by", []),
        **({} if unlisted is None else {"unlisted_since": told(dt.datetime.fromisoformat(unlisted))}),
    }
