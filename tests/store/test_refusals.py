"""What a database refuses is told by its cause, and a store that cannot be written can be read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from store_rows import BEGAN, fill

from sitewatch.errors import InputError, OutputError
from sitewatch.store import Store, _connect, create_store, open_store
from sitewatch.store import _schema as t

ENTRY = {"site": "plant", "at": BEGAN, "who": "ann", "what": "note", "thing": "", "detail": {}}


def test_a_row_that_contradicts_another_is_no_damage(store: Store) -> None:
    words = r"already holds something that contradicts .*; nothing was written"
    with pytest.raises(OutputError, match=words), store.writing() as connection:
        connection.execute(t.entries.insert(), [ENTRY, ENTRY])
    with store.reading() as connection:
        assert connection.execute(sa.select(t.entries)).all() == []


@pytest.mark.services
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_value_that_cannot_be_kept_is_no_damage(store: Store) -> None:
    with pytest.raises(InputError, match=r"cannot keep a value .*NUL"), store.writing() as connection:
        connection.execute(t.entries.insert().values(**{**ENTRY, "who": "a\0b"}))


@pytest.mark.services
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_right_that_is_missing_is_no_damage(new_address: Callable[[], str]) -> None:
    address = new_address()
    with create_store(address) as store, store.engine.begin() as connection:
        connection.exec_driver_sql("DROP ROLE IF EXISTS stranger")
        connection.exec_driver_sql("CREATE ROLE stranger LOGIN")
    with pytest.raises(InputError, match=r"you have no right to do that .*permission denied"):
        open_store(address.replace("postgres@", "stranger@"))


@pytest.mark.services
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_connection_that_breaks_is_no_damage(store: Store) -> None:
    with pytest.raises(OutputError, match="the connection broke"), store.reading() as connection:
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")


def test_whoever_waits_too_long_is_told_why(
    new_address: Callable[[], Path | str], monkeypatch: pytest.MonkeyPatch
) -> None:
    address = new_address()
    monkeypatch.setattr(_connect, "_PATIENCE_S", 1.0)
    with create_store(address) as one, open_store(address) as other, one.writing():
        words = "another run has been writing for 1 s; try again"
        with pytest.raises(OutputError, match=words), other.writing():
            pass


@pytest.fixture
def unwritable(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], Path]]:
    """Gives a copy of a store, and what lies beside it, where this process can write nothing."""
    folder = scratch / "unwritable"
    folder.mkdir()
    root = os.geteuid() == 0

    def give(store: Path) -> Path:
        for path in store.parent.glob(f"{store.name}*"):
            shutil.copy(path, folder / path.name)
            (folder / path.name).chmod(0o444)
        folder.chmod(0o555)
        if root:  # whom no file refuses anything
            os.seteuid(65534)
        return folder / store.name

    yield give
    if root:
        os.seteuid(0)
    folder.chmod(0o755)
    shutil.rmtree(folder)


def rows_of(store: Store) -> int:
    with store.reading() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(t.sites)).scalar_one()


def test_a_store_on_a_read_only_disk_is_read_and_not_written(
    tmp_path: Path, unwritable: Callable[[Path], Path]
) -> None:
    with create_store(tmp_path / "store.sqlite") as store:
        fill(store)
        count = rows_of(store)
    assert count
    with open_store(unwritable(tmp_path / "store.sqlite")) as there:
        assert rows_of(there) == count
        words = r"store\.sqlite: can be read but not written"
        with pytest.raises(OutputError, match=words), there.writing() as connection:
            connection.execute(t.entries.insert().values(**ENTRY))


def test_changes_that_lie_in_a_log_are_not_passed_over(tmp_path: Path, unwritable: Callable[[Path], Path]) -> None:
    made, cut = tmp_path / "store.sqlite", tmp_path / "cut" / "store.sqlite"
    cut.parent.mkdir()
    with create_store(made) as store:
        fill(store)
        for end in ("", "-wal"):  # as a copy, or a process that was killed, leaves them
            shutil.copy(f"{made}{end}", f"{cut}{end}")
    with pytest.raises(InputError, match=r"its last changes lie in store\.sqlite-wal"):
        open_store(unwritable(cut))
