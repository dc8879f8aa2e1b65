"""Who did what, when; and what changed of a structure from version to version. Rows only, as in `_lists`."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from sitewatch.store import _schema as t
from sitewatch.store._entries import Row, told
from sitewatch.store._lists import presences_told
from sitewatch.store._reviews import load_reviews

__all__ = ["journal_rows", "version_rows"]


def journal_rows(
    connection: sa.Connection,
    *,
    viewer: str,
    site: str | None = None,
    thing: str | None = None,
    at: dt.datetime | None = None,
) -> list[dict[str, Any]]:
    """The journal, in time order. What another reader said is left out where the viewer may not see it yet.

    Args:
        connection: that reads.
        viewer: who looks.
        site: id; None: all.
        thing: key of the structure that entries are about; None: all.
        at: as it was known at that moment; None: now.
    """
    e = t.entries.c
    query = sa.select(t.entries).order_by(e.at, t.bytewise(e.site))
    for column, value in ((e.site, site), (e.thing, thing)):
        if value is not None:
            query = query.where(column == value)
    if at is not None:
        query = query.where(e.at <= at)
    reviews = load_reviews(connection, viewer=viewer, site=site, at=at)
    shown = {(*key, word["at"]) for key, read in reviews.items() for word in read.said}
    return [
        {
            "site": row.site,
            "at": told(row.at),
            "who": row.who,
            "what": row.what,
            "thing": row.thing,
            "detail": {"hidden": "until you have read it too, and two have"}
            if row.what == "review" and (row.site, row.thing, row.at) not in shown
            else row.detail,
        }
        for row in connection.execute(query)
    ]


def version_rows(
    connection: sa.Connection, site: str, thing: str, *, at: dt.datetime | None = None
) -> list[dict[str, Any]]:
    """Every version of a structure, the first one first: who made it by what, and what it changed.

    Args:
        connection: that reads.
        site: id.
        thing: key of the structure.
        at: those that there were at that moment, the last of them without an end; None: now.
    """
    s, p, e = t.structures.c, t.presences.c, t.entries.c
    spells: dict[dt.datetime, list[Row]] = {}
    lives = sa.select(t.presences).where(p.site == site, p.thing == thing).order_by(p.since, p.number)
    for row in connection.execute(lives).mappings():
        spells.setdefault(row["since"], []).append(dict(row))
    query = (
        sa.select(t.structures, e.who, e.what)
        .select_from(t.structures.outerjoin(t.entries, (s.site == e.site) & (s.since == e.at)))
        .where(s.site == site, s.thing == thing)
        .order_by(s.since)
    )
    if at is not None:
        query = query.where(s.since <= at)
    found: list[dict[str, Any]] = []
    for row in connection.execute(query).mappings():
        version = {
            "id": row["id"],
            "kind": row["kind"],
            "claimed": row["claimed"],
            "present": row["present"],
            "probability": round(row["probability"], 4),
            "area_m2": row["area_m2"],
            "bounds": [row["west"], row["south"], row["east"], row["north"]],
            "presences": presences_told(spells.get(row["since"], ())),
        }
        before = found[-1] if found else None
        found.append(
            {
                "since": told(row["since"]),
                "until": None
                if at is not None and row["until"] is not None and row["until"] > at
                else told(row["until"]),
                "who": row["who"] or "",
                "what": row["what"] or "",
                **version,
                "changed": ["first known"] if before is None else _changed(before, version),
            }
        )
    return found


def _changed(before: Row, now: Row) -> list[str]:
    """What a version says otherwise than the one before it, in words."""
    words = [f"{name} {before[name]}, now {now[name]}" for name in ("id", "kind") if before[name] != now[name]]
    if before["claimed"] != now["claimed"]:
        words.append("found again" if now["claimed"] else "not found any more")
    if len(before["presences"]) != len(now["presences"]):
        words.append(f"presences {len(before['presences'])}, now {len(now['presences'])}")
    else:
        for was, spell in zip(before["presences"], now["presences"], strict=True):
            words += [
                f"{end} {_bracket(was[end])}, now {_bracket(spell[end])}"
                for end in ("erected", "dismantled")
                if was[end] != spell[end]
            ]
            if was["state"] != spell["state"]:
                words.append(f"{was['state']}, now {spell['state']}")
    if before["area_m2"] != now["area_m2"]:
        words.append(f"area {before['area_m2']:.0f} m2, now {now['area_m2']:.0f}")
    elif before["bounds"] != now["bounds"]:
        words.append("another footprint of this area")
    if before["probability"] != now["probability"]:
        words.append(f"probability {before['probability']:.2f}, now {now['probability']:.2f}")
    return words or ["details of the evidence"]


def _bracket(told_as: dict[str, str] | None) -> str:
    return "at no time seen" if told_as is None else f"{told_as['after'][:10]} to {told_as['by'][:10]}"
