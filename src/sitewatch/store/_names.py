"""What people call structures, and write of them."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from sitewatch.errors import OptionError
from sitewatch.store import _schema as t
from sitewatch.store._entries import current, enter, write_versions

__all__ = ["add_note", "current_names", "name_thing"]

_LONGEST = 100


def current_names(connection: sa.Connection, site: str, *, at: dt.datetime | None = None) -> dict[str, str]:
    """What people call the structures of a site, or called them at a moment, by key."""
    return {key: row["name"] for (key,), row in current(connection, t.names, site=site, at=at).items() if row["name"]}


def name_thing(connection: sa.Connection, site: str, thing: str, name: str, *, who: str, at: dt.datetime) -> None:
    """Call a structure by a name from now on; an empty name takes it back.

    Raises:
        OptionError: the name cannot be one, is the one it has, or belongs to another structure.
    """
    name = name.strip()
    if name and not (name.isprintable() and len(name) <= _LONGEST):
        raise OptionError(f"a name must be 1 to {_LONGEST} printable characters, got {name[:120]!r}")
    names = current_names(connection, site)
    if names.get(thing, "") == name:
        raise OptionError(f"it is called {name!r} already" if name else "it has no name that could be taken back")
    if name and name in names.values():
        raise OptionError(f"another structure of site {site!r} is called {name!r}; choose another name")
    alias = sa.select(t.aliases.c.thing).where(t.aliases.c.site == site, t.aliases.c.id == name)
    if connection.execute(alias).scalar() is not None:
        raise OptionError(f"{name!r} is the id of a structure; choose another name")
    since = enter(connection, site=site, who=who, what="name", thing=thing, at=at, detail={"name": name})
    write_versions(connection, t.names, [{"thing": thing, "name": name}], site=site, since=since, whole=False)


def add_note(connection: sa.Connection, site: str, thing: str, text: str, *, who: str, at: dt.datetime) -> None:
    """Write a note of a structure.

    Raises:
        OptionError: there is no text.
    """
    if not text.strip():
        raise OptionError("a note needs a text")
    since = enter(connection, site=site, who=who, what="note", thing=thing, at=at, detail={"text": text.strip()})
    connection.execute(t.notes.insert().values(site=site, thing=thing, at=since, who=who, text=text.strip()))
