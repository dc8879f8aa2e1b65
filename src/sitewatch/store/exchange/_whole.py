"""The whole store into files that others read, and back without loss."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import json
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import shapely
import sqlalchemy as sa

from sitewatch.errors import InputError, OptionError, SitewatchError
from sitewatch.store._connect import SCHEMA, SCHEMAS, Store
from sitewatch.store._entries import Row, enter
from sitewatch.store._files import new_file
from sitewatch.store._looks import load_looks
from sitewatch.store._runs import load_memory
from sitewatch.store._schema import VERSIONED
from sitewatch.store._sites import get_site
from sitewatch.store._things import known_things, load_corrections
from sitewatch.store.exchange._geopackage import geopackage_schema, read_geopackage, write_geopackage
from sitewatch.store.exchange._geoparquet import check_geoparquet, geoparquet_schema, read_geoparquet, write_geoparquet
from sitewatch.store.exchange._lines import lines_schema, read_lines, write_lines
from sitewatch.store.exchange._rows import Progress, checked_row, columns, count_rows, key_of

__all__ = ["Imported", "export_store", "import_file"]

_BATCH = 500
"""Rows looked up and written in one statement: under every database's limit of parameters."""


class _Format(Enum):
    LINES = (".jsonl",)
    PACKED_LINES = (".jsonl.gz",)
    GEOPACKAGE = (".gpkg",)
    GEOPARQUET = (".geoparquet", ".parquet")


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import did."""

    rows: dict[str, int]
    """How many rows were written, by table; without tables of which there were none."""
    already: int
    """How many were there already, just so."""


def export_store(
    store: Store,
    path: Path,
    *,
    sites: Sequence[str] | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> int:
    """Write all that the store holds into a file, as it is at one moment.

    Args:
        store: what to write.
        path: the file; what it ends in tells the format: `.jsonl`, `.jsonl.gz`, `.gpkg`, or `.geoparquet` (a folder).
        sites: ids of the sites that are wanted; None: everything.
        force: True: a file that has this name is replaced.
        progress: called as the work goes on.

    Returns:
        The number of rows.

    Raises:
        OptionError: the name tells no format, or is taken, or an extra is missing.
        InputError: there is no such site.
        OutputError: the file cannot be written.
    """
    kind = _format(path)
    if kind is _Format.GEOPARQUET:
        check_geoparquet()
    wanted = None if sites is None else sorted(set(sites))
    show = _quiet if progress is None else progress
    with store.reading() as connection, new_file(path, force=force) as partial:
        for site in wanted or ():
            get_site(connection, site)
        total = sum(count_rows(connection, sites=wanted).values())
        if kind is _Format.GEOPACKAGE:
            write_geopackage(connection, partial, schema=SCHEMA, sites=wanted, total=total, progress=show)
        elif kind is _Format.GEOPARQUET:
            write_geoparquet(connection, partial, schema=SCHEMA, sites=wanted, total=total, progress=show)
        else:
            packed = kind is _Format.PACKED_LINES
            write_lines(connection, partial, packed=packed, schema=SCHEMA, sites=wanted, total=total, progress=show)
    show("writing rows", total, total)
    return total


def import_file(store: Store, path: Path, *, who: str, at: dt.datetime, progress: Progress | None = None) -> Imported:
    """Read what `export_store` wrote into a store: all of it or nothing.

    Into an empty store the journal comes along with the rest, and nothing is added to it: what is exported then is
    what was imported. Only where something was there before does an entry tell that more came from elsewhere.

    Args:
        store: where to.
        path: the file, or the folder of GeoParquet.
        who: who imports it.
        at: time, UTC.
        progress: called as the work goes on.

    Raises:
        InputError: the file is none of sitewatch's, was written by a later version, says otherwise of a row that the
            store holds, or does not fit together.
    """
    kind = _format(path)
    if path.is_dir() != (kind is _Format.GEOPARQUET):
        wanted = "a folder" if kind is _Format.GEOPARQUET else "a file"
        found = "does not exist" if not path.exists() else f"is not {wanted}"
        raise InputError(f"{path}: {found}; give {wanted} that `sitewatch export` wrote")
    if kind is not _Format.GEOPARQUET and not path.is_file():
        raise InputError(f"{path}: does not exist; give a file that `sitewatch export` wrote")
    show = _quiet if progress is None else progress
    _check_schema(path, kind)
    written: dict[str, int] = {}
    already = 0
    touched: set[str] = set()
    with store.writing() as connection:
        empty = not any(count_rows(connection).values())
        # Closed here, where it was opened: SQLite minds which thread closes a file.
        with contextlib.closing(_read(path, kind, show)) as told:
            for table, rows in _batches(told):
                new = _new(connection, table, rows, path)
                if new:
                    connection.execute(table.insert(), new)
                    written[table.name] = written.get(table.name, 0) + len(new)
                already += len(rows) - len(new)
                touched.update(row["site"] for row in new)
        _check_versions(connection, sorted(touched), path)
        for done, site in enumerate(sorted(touched - {""}), 1):
            _check_site(connection, site, path)
            show("checking sites", done, len(touched - {""}))
        if written and not empty:
            detail = {"file": path.name, "rows": dict(sorted(written.items())), "already": already}
            enter(connection, site="", who=who, what="import", at=at, detail=detail)
    show("reading rows", sum(written.values()) + already, sum(written.values()) + already)
    return Imported(rows=written, already=already)


def _format(path: Path) -> _Format:
    name = path.name.lower()
    for kind in _Format:
        if name.endswith(kind.value):
            return kind
    known = ", ".join(ending for kind in _Format for ending in kind.value)
    raise OptionError(f"{path}: the name must end in one of {known}, which tells the format")


def _check_schema(path: Path, kind: _Format) -> None:
    if kind is _Format.GEOPARQUET:
        check_geoparquet()
        found = geoparquet_schema(path)
    elif kind is _Format.GEOPACKAGE:
        found = geopackage_schema(path)
    else:
        found = lines_schema(path, packed=kind is _Format.PACKED_LINES)
    if found not in SCHEMAS:
        raise InputError(
            f"{path}: was written by a later version of sitewatch (schema {str(found)[:20]}, this one knows {SCHEMA}); "
            "update sitewatch"
        )
    if found != SCHEMA:
        raise InputError(
            f"{path}: was written by an earlier version of sitewatch (schema {found}, this one writes {SCHEMA}); "
            "import it with that version, open the workspace with this one, and export it again"
        )


def _read(path: Path, kind: _Format, progress: Progress) -> Generator[tuple[sa.Table, Row], None, None]:
    """The rows of a file, checked one by one."""
    if kind is _Format.GEOPARQUET:
        told = read_geoparquet(path, progress=progress)
    elif kind is _Format.GEOPACKAGE:
        told = read_geopackage(path, progress=progress)
    else:
        told = read_lines(path, packed=kind is _Format.PACKED_LINES, progress=progress)
    with contextlib.closing(told):
        for where, table, row in told:
            yield table, checked_row(table, row, where)


def _batches(rows: Iterator[tuple[sa.Table, Row]]) -> Iterator[tuple[sa.Table, list[Row]]]:
    """Rows of one table at a time."""
    for table, part in itertools.groupby(rows, lambda one: one[0]):
        while batch := [row for _, row in itertools.islice(part, _BATCH)]:
            yield table, batch


def _new(connection: sa.Connection, table: sa.Table, rows: Sequence[Row], path: Path) -> list[Row]:
    """Those rows that the store does not hold yet.

    Raises:
        InputError: it holds one otherwise.
    """
    keys = sa.tuple_(*table.primary_key)
    query = sa.select(*columns(table)).where(keys.in_([key_of(table, row) for row in rows]))
    held = {key_of(table, row): dict(row) for row in connection.execute(query).mappings()}
    new = []
    for row in rows:
        key = key_of(table, row)
        if key not in held:
            held[key] = row
            new.append(row)
        elif _content(table, held[key]) != _content(table, row):
            shown = ", ".join(str(part) for part in key)
            raise InputError(
                f"{path}: {table.name} ({shown[:300]}) is known otherwise here; nothing was imported: "
                "use an empty workspace"
            )
    return new


def _content(table: sa.Table, row: Row) -> list[Any]:
    """What a row says, so that 1 and true, which are equal in Python, are not."""
    values = (row[column.name] for column in columns(table))
    return [json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else value for value in values]


def _check_versions(connection: sa.Connection, sites: Sequence[str], path: Path) -> None:
    """Refuse versions of one thing of which two would hold at one moment."""
    for table in VERSIONED:
        rest = [column for column in table.primary_key if column.name != "since"]
        following = sa.func.lead(table.c.since).over(partition_by=rest, order_by=table.c.since).label("following")
        for start in range(0, len(sites), _BATCH):
            part = sites[start : start + _BATCH]
            versions = sa.select(*rest, table.c.until, following).where(table.c.site.in_(part)).subquery()
            two = versions.c.following.is_not(None) & (
                versions.c.until.is_(None) | (versions.c.until > versions.c.following)
            )
            found = connection.execute(sa.select(*(versions.c[one.name] for one in rest)).where(two).limit(1)).first()
            if found is not None:
                raise InputError(
                    f"{path}: {table.name} ({', '.join(map(str, found))[:300]}) would be known in two ways at a time; "
                    "nothing was imported: use an empty workspace"
                )


def _check_site(connection: sa.Connection, site: str, path: Path) -> None:
    """Refuse rows that the commands could not work with, by working with them."""
    from sitewatch.archive import Catalog

    try:
        place = get_site(connection, site)
        for told in place.source.get("catalogs", ()):
            Catalog(**told)
        load_looks(connection, site)
        load_corrections(connection, site)
        known_things(connection, site)
        load_memory(connection, site)
    except SitewatchError as error:
        raise InputError(f"{path}: site {site!r} does not fit together ({error}); nothing was imported") from error
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, shapely.errors.ShapelyError) as error:
        raise InputError(
            f"{path}: site {site!r} does not fit together ({type(error).__name__}: {str(error)[:100]}); nothing was "
            "imported: export it again"
        ) from error


def _quiet(_stage: str, _done: int, _of: int) -> None:
    pass
