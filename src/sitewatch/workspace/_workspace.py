"""Where a workspace lies, and what it is set to."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sitewatch.errors import InputError, OptionError, OutputError
from sitewatch.store import Store, create_store, holds_password, open_store
from sitewatch.whole import write_whole

__all__ = ["DEFAULT_FOLDER", "Workspace", "make_workspace", "open_workspace"]

DEFAULT_FOLDER = Path("sitewatch-workspace")
_SETTINGS = "sitewatch.toml"
_STORE = "store.sqlite"
_KNOWN = frozenset({"database", "elements", "reader"})
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
"""How a database's address begins, and no folder's name; a single letter is a drive."""
_LEAVE_OUT = "leave it out and give it in PGPASSWORD, PGPASSFILE, PGSSLKEY or ~/.pgpass"


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """An open workspace; closed by leaving its `with` block."""

    folder: Path
    """Holds the archives and results of all sites, and the store unless that is a PostgreSQL database."""
    store: Store
    reader: str | None = None
    """Who reads and writes here, where the settings tell it."""
    elements: str | None = None
    """Address of the orbital elements that passes are predicted from, where the settings tell it."""

    def site_folder(self, site: str) -> Path:
        """Where a site's archive and results lie."""
        return self.folder / "sites" / _slug(site)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()


def make_workspace(folder: Path, *, database: str | None = None) -> Workspace:
    """Make a workspace; one that is there already is opened.

    Args:
        folder: made if missing.
        database: `postgresql://` address of an existing database for the store; None: an SQLite file in the folder.

    Raises:
        OptionError: the address holds a password, or the workspace has another database.
        InputError: the database does not answer, or holds something else.
        OutputError: the folder cannot be written.
    """
    if database is not None and holds_password(database):
        raise OptionError(f"--database holds a password or a key, which would be written to a file; {_LEAVE_OUT}")
    settings = folder / _SETTINGS
    told = _settings(folder) if settings.exists() else {}
    if database is not None and told.get("database", database) != database:
        raise OptionError(f"{settings}: names another database; change it there, or choose another folder")
    database = database or told.get("database")
    store = create_store(folder / _STORE if database is None else database)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not settings.exists():
            write_whole(settings, _written(database).encode())
    except OSError as error:
        store.close()
        raise OutputError(f"{folder}: cannot be written ({error.strerror}); choose another folder") from error
    return Workspace(folder=folder, store=store, reader=told.get("reader"), elements=told.get("elements"))


def open_workspace(place: str | Path) -> Workspace:
    """Open a workspace.

    Args:
        place: its folder, or a `postgresql://` address: then the archives lie in `DEFAULT_FOLDER`. Unlike one that is
            written down, such an address may hold a password.

    Raises:
        InputError: there is none, or its store cannot be opened.
    """
    if isinstance(place, str) and _ADDRESS.match(place):
        told = _settings(DEFAULT_FOLDER) if (DEFAULT_FOLDER / _SETTINGS).exists() else {}
        return Workspace(
            folder=DEFAULT_FOLDER,
            store=open_store(str(place)),
            reader=told.get("reader"),
            elements=told.get("elements"),
        )
    folder = Path(place)
    if not (folder / _SETTINGS).is_file():
        raise InputError(f"{folder}: is no workspace; run `sitewatch init {folder}` to make one")
    told = _settings(folder)
    return Workspace(
        folder=folder,
        store=open_store(told.get("database") or folder / _STORE),
        reader=told.get("reader"),
        elements=told.get("elements"),
    )


def _settings(folder: Path) -> Mapping[str, str]:
    path = folder / _SETTINGS
    try:
        told: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); mend its rights") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is not TOML ({error}); mend it") from error
    if unknown := sorted(set(told) - _KNOWN):
        raise InputError(f"{path}: setting {unknown[0]!r} is not known; there are {', '.join(sorted(_KNOWN))}")
    for name, value in told.items():
        if not isinstance(value, str) or not value.strip():
            raise InputError(f"{path}: setting {name!r} must be a text that is not empty")
    if holds_password(told.get("database", "")):
        raise InputError(f"{path}: setting 'database' holds a password or a key, for all to read; {_LEAVE_OUT}")
    return told


def _written(database: str | None) -> str:
    lines = ["# Settings of this workspace. A flag goes before an environment variable, and that before this file."]
    if database is None:
        lines.append('# database = "postgresql://USER@HOST/NAME"   # instead of store.sqlite; never with a password')
    else:
        lines.append(f"database = {_quoted(database)}")
    lines.append(
        '# elements = "https://..."   # orbital elements for `looks next`, `looks wait` and `watch` (CelesTrak)'
    )
    lines.append('# reader = "your name"   # who reviews and names; else SITEWATCH_READER, else the login name')
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _slug(identifier: str) -> str:
    """A site's folder name: its id where that is safe in a path, else a cleaned one with a digest."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", identifier):
        return identifier
    cleaned = re.sub(r"[^A-Za-z0-9-]+", "-", identifier).strip("-")[:60]
    return f"{cleaned or 'site'}-{hashlib.sha256(identifier.encode('utf-8', 'replace')).hexdigest()[:12]}"
