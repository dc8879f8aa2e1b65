"""Looks and scenes: rows and back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from sitewatch.store import _schema as t
from sitewatch.store._as_known import watched_later
from sitewatch.store._entries import Row, current, known_at, told, write_versions
from sitewatch.store._geometry import geometry_columns, polygon

if TYPE_CHECKING:
    from sitewatch.cube import Look

__all__ = [
    "load_looks",
    "load_scenes",
    "look_of",
    "look_rows",
    "look_summary",
    "recorded_scenes",
    "save_looks",
    "save_scenes",
]

_CLEAR = 0.01
"""Shares of the site that differ less are one measurement."""
_NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)
_SHIFT_M = 0.5
"""And shifts, metres: each is measured anew against a stack that every run adds looks to."""


def save_looks(connection: sa.Connection, site: str, looks: Sequence[Look], *, since: dt.datetime) -> int:
    """Make looks what is known of a site's looks.

    A look of which nothing but a hair's breadth of a measurement is otherwise keeps the version that it has.

    Returns:
        How many versions were written.
    """
    rows = list({look.scene: _row(look) for look in looks}.values())
    return len(write_versions(connection, t.looks, rows, site=site, since=since, same=_same))


def load_looks(connection: sa.Connection, site: str, *, at: dt.datetime | None = None) -> tuple[Look, ...]:
    """What is known of a site's looks, or was at a moment (see `look_rows`), in their order."""
    looks = (look_of(row) for row in look_rows(connection, site, at=at)[0])
    return tuple(sorted(looks, key=lambda look: look.order))


def save_scenes(
    connection: sa.Connection, site: str, scenes: Mapping[str, Mapping[str, Any]], *, since: dt.datetime
) -> None:
    """Make the scenes of a memory (as `sitewatch.archive.memory_document` tells them) what is known of them."""
    rows = [
        {
            "scene": scene,
            "sensor": told["sensor"],
            "captured": dt.datetime.fromisoformat(told["captured"]),
            "whole_day": told["whole_day"],
            "published": _moment(told.get("published")),
            "recorded": dt.datetime.fromisoformat(told["recorded"]),
            "gone_since": _moment(told.get("gone_since")),
            "detail": dict(told),
        }
        for scene, told in scenes.items()
    ]
    write_versions(connection, t.scenes, rows, site=site, since=since)


def load_scenes(connection: sa.Connection, site: str) -> dict[str, dict[str, Any]]:
    """The scenes of a memory, as `sitewatch.archive.memory_in` reads them."""
    return {key: row["detail"] for (key,), row in current(connection, t.scenes, site=site).items()}


def recorded_scenes(connection: sa.Connection, site: str) -> dict[str, dt.datetime]:
    """When sitewatch was told of each scene of a site first, by scene id."""
    query = sa.select(t.scenes.c.scene, t.scenes.c.recorded).where(t.scenes.c.site == site, t.scenes.c.until.is_(None))
    return dict(connection.execute(query).all())


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
    hindsight = watched_later(connection, site, at)
    which = known_at(t.looks, None if hindsight else at)
    if hindsight:
        which &= t.looks.c.published <= at
    # Not by capture in SQL: where databases put what has none is their own affair.
    rows = [dict(row) for row in connection.execute(sa.select(t.looks).where(t.looks.c.site == site, which)).mappings()]
    if hindsight:
        # That a scene is listed no longer was found by a run.
        for row in rows:
            row["detail"] = {name: value for name, value in row["detail"].items() if name != "unlisted_since"}
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


def look_of(row: Mapping[str, Any]) -> Look:
    """A look from its row."""
    from sitewatch.cube import Look, Outcome

    detail = row["detail"]
    return Look(
        scene=row["scene"],
        sensor=row["sensor"],
        captured=row["captured"],
        whole_day=row["whole_day"],
        published=row["published"],
        published_is_recorded=row["published_is_recorded"],
        outcome=Outcome(row["outcome"]),
        reason=row["reason"],
        clear_share=row["clear_share"],
        shift_m=row["shift_m"],
        shift_sigma_m=detail.get("shift_sigma_m"),
        light=detail.get("light"),
        haze=detail.get("haze"),
        clear_share_of_areas=detail.get("clear_share_of_areas", {}),
        footprint=None if row["footprint"] is None else polygon(row["footprint"]),
        credit=detail.get("credit"),
        listed_by=tuple(detail.get("listed_by", ())),
        unlisted_since=_moment(detail.get("unlisted_since")),
    )


def _row(look: Look) -> Row:
    detail = {
        "shift_sigma_m": look.shift_sigma_m,
        "light": look.light,
        "haze": look.haze,
        "clear_share_of_areas": dict(look.clear_share_of_areas),
        "credit": look.credit,
        "listed_by": list(look.listed_by),
        "unlisted_since": None if look.unlisted_since is None else look.unlisted_since.isoformat(),
    }
    return {
        "scene": look.scene,
        "sensor": look.sensor,
        "captured": look.captured,
        "whole_day": look.whole_day,
        "published": look.published,
        "published_is_recorded": look.published_is_recorded,
        "outcome": look.outcome.value,
        "reason": look.reason,
        "clear_share": look.clear_share,
        "shift_m": look.shift_m,
        "detail": {name: value for name, value in detail.items() if value not in (None, {}, [])},
        **geometry_columns("footprint", look.footprint),
    }


def _same(known: Row, new: Row) -> bool:
    """True: the two tell the same of a scene, but for the last digits of what is measured against the stack."""
    told = ("captured", "published", "outcome", "reason", "footprint")
    detail = ("listed_by", "unlisted_since", "credit")
    return (
        all(known[name] == new[name] for name in told)
        and all(known["detail"].get(name) == new["detail"].get(name) for name in detail)
        and _near(known["clear_share"], new["clear_share"], _CLEAR)
        and _near(known["shift_m"], new["shift_m"], _SHIFT_M)
    )


def _near(one: float | None, other: float | None, least: float) -> bool:
    return one == other if one is None or other is None else abs(one - other) < least


def _moment(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)
