"""A copy of the whole store as one SQLite file, made while others write."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from sitewatch.errors import OutputError
from sitewatch.store._connect import SCHEMA, Store, copy_sqlite, create_store
from sitewatch.store._files import new_file
from sitewatch.store.exchange._rows import TABLES, Progress, count_rows

__all__ = ["backup_store"]

_AT_ONCE = 1000


def backup_store(store: Store, path: Path, *, force: bool = False, progress: Progress | None = None) -> int:
    """Copy the store as it is at one moment.

    The copy is the `store.sqlite` of a workspace: put into the folder of a new one it opens there. A PostgreSQL store
    becomes an SQLite file too, which needs no server to be read.

    Args:
        store: what to copy.
        path: the file.
        force: True: a file that has this name is replaced.
        progress: called as the work goes on.

    Returns:
        The number of rows in it.

    Raises:
        OptionError: the name is taken.
        OutputError: it cannot be written, or did not come out whole.
    """
    with new_file(path, force=force) as partial:
        if store.is_postgresql:
            _copy_rows(store, partial, progress)
        else:
            _show(progress, "copying the store", 0)
            copy_sqlite(store.engine, partial)
            _show(progress, "copying the store", 1)
        _show(progress, "checking the copy", 0)
        rows = _checked(partial, path)
        _show(progress, "checking the copy", 1)
        return rows


def _show(progress: Progress | None, stage: str, done: int) -> None:
    if progress is not None:
        progress(stage, done, 1)


def _copy_rows(store: Store, partial: Path, progress: Progress | None) -> None:
    with store.reading() as source, create_store(partial) as copy, copy.writing() as target:
        counts = count_rows(source)
        done, total = 0, sum(counts.values())
        for table in TABLES.values():
            rows = source.execute(sa.select(table).execution_options(yield_per=_AT_ONCE)).mappings()
            while part := [dict(row) for row in itertools.islice(rows, _AT_ONCE)]:
                target.execute(table.insert(), part)
                done += len(part)
                if progress is not None:
                    progress("copying rows", done, total)
        if count_rows(target) != counts:
            raise OutputError(f"{partial}: the copy has not all rows; try again")


def _checked(partial: Path, path: Path) -> int:
    """How many rows a copy holds, after it was found whole."""
    try:
        with closing(sqlite3.connect(partial)) as connection:
            # One file, without one beside it that could be left behind when it is carried off.
            connection.execute("PRAGMA journal_mode=DELETE")
            found = connection.execute("PRAGMA integrity_check").fetchone()[0]
            schema = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
            rows = sum(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in TABLES)  # noqa: S608 - our own names
    except (sqlite3.Error, TypeError) as error:
        raise OutputError(f"{path}: did not come out whole ({error}); make room and try again") from error
    if found != "ok" or schema != SCHEMA:
        raise OutputError(
            f"{path}: did not come out whole ({found}, schema {schema}); check the store with a new backup"
        )
    return int(rows)
