"""Watched places and where their scenes come from."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from sitewatch.errors import InputError, OptionError
from sitewatch.store import _schema as t
from sitewatch.store._entries import current, enter, known_at, write_versions
from sitewatch.store._geometry import geometry_columns, polygon

if TYPE_CHECKING:
    from sitewatch.site import Site

__all__ = [
    "WatchedSite",
    "add_site",
    "added",
    "get_site",
    "list_sites",
    "remove_site",
    "site_name",
    "watched_sites",
]


@dataclass(frozen=True, kw_only=True)
class WatchedSite:
    """A site of the workspace."""

    site: Site
    source: dict[str, Any]
    """How it is watched: `images` or `catalogs`, `since`, `until`, `false_alarms`, `pixel`, `bands`, `harmonise`
    (not there: yes)."""
    since: dt.datetime
    """First moment of this version of it, UTC."""
    removed: bool = False
    """True: it is no longer watched; all that is known of it stays."""


def add_site(connection: sa.Connection, site: Site, source: dict[str, Any], *, who: str, at: dt.datetime) -> None:
    """Add a site, or tell anew what is otherwise of one that there is.

    Args:
        connection: of a transaction that writes.
        site: the place.
        source: where its scenes come from (see `WatchedSite.source`).
        who: who adds it.
        at: time, UTC.

    Raises:
        OptionError: a site of this id is watched already in just this way.
    """
    row = {"name": site.name, **geometry_columns("outline", site.outline), "source": source, "removed": False}
    areas = [{"area": name, **geometry_columns("outline", area)} for name, area in site.areas.items()]
    known = current(connection, t.sites, site=site.id).get(())
    if known is not None and all(known[key] == value for key, value in row.items()):
        was = {key[0]: area["outline"] for key, area in current(connection, t.areas, site=site.id).items()}
        if was == {area["area"]: area["outline"] for area in areas}:
            raise OptionError(f"site {site.id!r} is watched already, in just this way; nothing to do")
    since = enter(connection, site=site.id, who=who, what="site add", at=at, detail={"source": source})
    write_versions(connection, t.sites, [row], site=site.id, since=since)
    write_versions(connection, t.areas, areas, site=site.id, since=since)


def remove_site(connection: sa.Connection, site: str, *, who: str, at: dt.datetime) -> None:
    """Watch a site no longer; what is known of it stays, and `add_site` takes it up again.

    Raises:
        InputError: there is no such site, or it is removed already.
    """
    known = current(connection, t.sites, site=site).get(())
    if known is None or known["removed"]:
        raise _unknown(connection, site)
    since = enter(connection, site=site, who=who, what="site remove", at=at)
    row = {key: value for key, value in known.items() if key not in ("site", "since", "until")}
    write_versions(connection, t.sites, [{**row, "removed": True}], site=site, since=since)


def get_site(connection: sa.Connection, site: str, *, at: dt.datetime | None = None) -> WatchedSite:
    """A site as it is known, or was known at a moment; removed ones too.

    Raises:
        InputError: there is no such site, or it was added later.
    """
    found = list_sites(connection, at=at, only=site, removed=True)
    if not found:
        since = added(connection, site)
        raise InputError(f"site {site!r} was added on {since:%Y-%m-%d}; give that day or a later one")
    return found[0]


def added(connection: sa.Connection, site: str) -> dt.datetime:
    """When a site was added first, UTC.

    Raises:
        InputError: there is no such site.
    """
    query = sa.select(sa.func.min(t.sites.c.since, type_=t.Utc)).where(t.sites.c.site == site)
    since: dt.datetime | None = connection.execute(query).scalar()
    if since is None:
        raise _unknown(connection, site)
    return since


def site_name(connection: sa.Connection, site: str, *, at: dt.datetime | None = None) -> str:
    """What people call a site, removed ones too; at once, without its outline.

    Args:
        connection: that reads.
        site: id.
        at: as it was called at that moment, or first where it was added later; None: now.

    Raises:
        InputError: there is no such site.
    """
    moment = None if at is None else max(at, added(connection, site))
    name = connection.execute(
        sa.select(t.sites.c.name).where(t.sites.c.site == site, known_at(t.sites, moment))
    ).scalar()
    if name is None:
        raise _unknown(connection, site)
    return str(name)


def watched_sites(at: dt.datetime | None = None) -> sa.Select[tuple[str]]:
    """The ids of the sites that are watched, or were at a moment; of those that were added later, all still watched."""
    s = t.sites.c
    now = known_at(t.sites, None) & s.removed.is_(False)
    if at is None:
        return sa.select(s.site).where(now)
    later = now & s.site.not_in(sa.select(s.site).where(s.since <= at))
    return sa.select(s.site).where((known_at(t.sites, at) & s.removed.is_(False)) | later)


def list_sites(
    connection: sa.Connection, *, at: dt.datetime | None = None, only: str | None = None, removed: bool = False
) -> list[WatchedSite]:
    """All sites by id; with `removed` also those that are no longer watched."""
    from sitewatch.site import Site

    which = known_at(t.sites, at) & (sa.true() if removed else t.sites.c.removed.is_(False))
    named = known_at(t.areas, at)
    if only is not None:
        which &= t.sites.c.site == only
        named &= t.areas.c.site == only
    areas: dict[str, dict[str, Any]] = {}
    for row in connection.execute(sa.select(t.areas).where(named).order_by(t.bytewise(t.areas.c.area))).mappings():
        areas.setdefault(row["site"], {})[row["area"]] = polygon(row["outline"])
    rows = connection.execute(sa.select(t.sites).where(which).order_by(t.bytewise(t.sites.c.site))).mappings()
    return [
        WatchedSite(
            site=Site(
                id=row["site"],
                name=row["name"],
                outline=polygon(row["outline"]),
                areas=areas.get(row["site"], {}),
            ),
            source=row["source"],
            since=row["since"],
            removed=row["removed"],
        )
        for row in rows
    ]


def _unknown(connection: sa.Connection, site: str) -> InputError:
    names = connection.execute(
        sa.select(t.sites.c.site)
        .where(t.sites.c.until.is_(None), t.sites.c.removed.is_(False))
        .order_by(t.bytewise(t.sites.c.site))
        .limit(4)
    ).scalars()
    watched = ", ".join(names) or "none"
    return InputError(f"no site {site!r} is watched in this workspace (watched: {watched}); see `sitewatch site list`")
