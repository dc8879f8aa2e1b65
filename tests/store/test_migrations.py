"""Stores of every released schema are brought to the present one, with all rows; those of later ones are left alone."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from store_rows import fill, lines_of

from sitewatch.errors import InputError, OutputError
from sitewatch.store import SCHEMA, SCHEMAS, Store, _connect, create_store, open_store
from sitewatch.store._schema import METADATA
from sitewatch.store.exchange._rows import count_rows

RELEASED = Path(__file__).parent / "released"
NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = {before!r}
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("notes") as table:
        table.add_column(sa.Column("more", sa.Text(), nullable=False, server_default="none"))
    {then}
"""


def released_sqlite(path: Path, schema: str) -> Path:
    """A store as the version that released a schema wrote it."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript((RELEASED / f"{schema}.sql").read_bytes().decode())
    return path


@pytest.fixture(params=SCHEMAS)
def released(request: pytest.FixtureRequest, new_address: Callable[[], Path | str], tmp_path: Path) -> Path | str:
    """The address of a database of a released schema, with its rows."""
    address = new_address()
    if isinstance(address, Path):
        return released_sqlite(address, request.param)
    engine = _connect._engine(address, make=True)
    _connect._migrate(engine, request.param)
    source = sa.create_engine(f"sqlite:///{released_sqlite(tmp_path / 'source.sqlite', request.param)}")
    tables = sa.MetaData()
    tables.reflect(source)
    stored = sa.MetaData()
    stored.reflect(engine)
    with source.connect() as reading, engine.begin() as writing:
        for table in tables.tables.values():
            if table.name == "alembic_version":
                continue
            moments = [one.name for one in stored.tables[table.name].c if isinstance(one.type, sa.DateTime)]
            for row in reading.execute(sa.select(table)).mappings():
                told = {name: row[name] and row[name].replace(tzinfo=dt.UTC) for name in moments}
                writing.execute(stored.tables[table.name].insert().values({**row, **told}))
    source.dispose()
    engine.dispose()
    return address


def test_every_schema_has_a_stored_database() -> None:
    assert sorted(file.name for file in RELEASED.iterdir()) == sorted(
        f"{schema}.{kind}" for schema in SCHEMAS for kind in ("jsonl", "sql")
    )


def test_a_stored_database_opens_with_all_rows(released: Path | str, tmp_path: Path) -> None:
    with open_store(released) as store:
        lines = lines_of(store, tmp_path)
    if len(SCHEMAS) == 1:
        assert lines == (RELEASED / f"{SCHEMA}.jsonl").read_bytes().splitlines(keepends=True)
    assert len(lines) == len((RELEASED / f"{SCHEMAS[0]}.jsonl").read_bytes().splitlines())


def test_a_new_store_has_the_tables_that_the_code_names(store: Store) -> None:
    with store.writing() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_a_migrated_store_has_the_tables_that_the_code_names(released: Path | str) -> None:
    with open_store(released) as store, store.writing() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_a_later_store_is_refused_and_left_as_it_is(new_address: Callable[[], Path | str]) -> None:
    address = new_address()
    with create_store(address) as store, store.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for opening in (open_store, create_store):
        with pytest.raises(InputError, match=r"later version of sitewatch \(schema 9999, this one knows") as caught:
            opening(address)
        assert "\n" not in str(caught.value)


def test_something_else_is_refused(new_address: Callable[[], Path | str]) -> None:
    address = new_address()
    engine = _connect._engine(address, make=True)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE letters (text TEXT)")
    engine.dispose()
    with pytest.raises(InputError, match="holds no workspace of sitewatch"):
        open_store(address)
    with pytest.raises(InputError, match=r"tables that are not sitewatch's \(letters"):
        create_store(address)


@pytest.fixture
def following(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Makes this the version after the present one, with one migration more."""

    def follow(then: str = "") -> None:
        scripts = tmp_path / "migrations"
        shutil.rmtree(scripts, ignore_errors=True)
        shutil.copytree(Path(_connect.__file__).parent / "migrations", scripts)
        (scripts / "versions" / "9999_next.py").write_text(NEXT.format(before=SCHEMA, then=then))
        monkeypatch.setattr(_connect, "_MIGRATIONS", str(scripts))
        monkeypatch.setattr(_connect, "SCHEMAS", (*SCHEMAS, "9999"))
        monkeypatch.setattr(_connect, "SCHEMA", "9999")

    return follow


def test_an_earlier_store_is_brought_up_and_sqlite_copied_before(
    new_address: Callable[[], Path | str], following: Callable[..., None], tmp_path: Path
) -> None:
    address = new_address()
    with create_store(address) as store:
        fill(store)
        lines = lines_of(store, tmp_path)
        with store.reading() as connection:
            counts = count_rows(connection)
    if isinstance(address, Path):
        written = dt.datetime(2025, 12, 24, 12, tzinfo=dt.UTC).timestamp()
        os.utime(address, (written, written))
    following()
    with open_store(address) as store:
        kept = store.kept
        with store.reading() as connection:
            assert count_rows(connection) == counts
            assert connection.exec_driver_sql("SELECT min(more) FROM notes").scalar() == "none"
    with open_store(address) as store:
        assert store.kept is None
    if isinstance(address, str):
        assert kept is None
        return
    assert kept == address.with_name(f"{address.stem}-0001-2025-12-24.sqlite")
    with contextlib.closing(sqlite3.connect(kept)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(SCHEMA,)]
        assert connection.execute("SELECT count(*) FROM notes").fetchone() == (counts["notes"],)
    assert len(lines) == sum(counts.values()) + 1


def test_a_migration_that_fails_changes_nothing(
    new_address: Callable[[], Path | str],
    following: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = new_address()
    with create_store(address) as store:
        fill(store)
        lines = lines_of(store, tmp_path)
    with monkeypatch.context():
        following('raise RuntimeError("no")')
        with pytest.raises(RuntimeError, match="no"):
            open_store(address)
    monkeypatch.undo()
    with open_store(address) as store:
        assert lines_of(store, tmp_path) == lines


def test_without_room_for_the_copy_nothing_is_migrated(
    tmp_path: Path, following: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "store.sqlite"
    create_store(path).close()
    following()

    def full(*_: object) -> None:
        raise OutputError("no room")

    monkeypatch.setattr(_connect, "copy_sqlite", full)
    with pytest.raises(OutputError, match="no room"):
        open_store(path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (SCHEMA,)
