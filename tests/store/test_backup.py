"""Copies of a store: by the command, and by whoever copies the file."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from store_rows import fill, lines_of, moment, write

from sitewatch.errors import OptionError, OutputError
from sitewatch.store import Store, create_store, open_store
from sitewatch.store import _schema as t
from sitewatch.store.exchange import _backup, backup_store
from sitewatch.workspace import make_workspace, open_workspace

FILLING = """
import sys
from pathlib import Path
from sitewatch.store import create_store
from store_rows import fill
with create_store(Path(sys.argv[1])) as store:
    fill(store)
"""


def test_a_backup_is_the_store_of_a_workspace(store: Store, tmp_path: Path) -> None:
    fill(store)
    lines = lines_of(store, tmp_path)
    assert backup_store(store, tmp_path / "monday.sqlite") == len(lines) - 1
    assert not list(tmp_path.glob("monday.sqlite?*"))
    make_workspace(tmp_path / "restored").store.close()
    shutil.copy(tmp_path / "monday.sqlite", tmp_path / "restored" / "store.sqlite")
    with open_workspace(tmp_path / "restored") as workspace:
        assert lines_of(workspace.store, tmp_path) == lines
        assert workspace.store.kept is None


def test_a_backup_is_replaced_only_when_told(store: Store, tmp_path: Path) -> None:
    backup_store(store, tmp_path / "monday.sqlite")
    with pytest.raises(OptionError, match="is there already"):
        backup_store(store, tmp_path / "monday.sqlite")
    fill(store)
    assert backup_store(store, tmp_path / "monday.sqlite", force=True) > 0


def test_a_backup_while_others_write_is_one_moment(store: Store, tmp_path: Path) -> None:
    """A writer adds two notes at a time: no copy has one of them alone."""
    fill(store)
    over = threading.Event()

    def add() -> None:
        number = 0
        while not over.is_set():
            number += 1
            rows = [
                (t.notes, {"site": site, "thing": "", "at": moment(1000 + number), "who": "w", "text": ""})
                for site in ("one", "two")
            ]
            write(store, rows)

    writer = threading.Thread(target=add)
    writer.start()
    try:
        for number in range(4):
            backup_store(store, tmp_path / f"{number}.sqlite")
    finally:
        over.set()
        writer.join()
    for number in range(4):
        with open_store(tmp_path / f"{number}.sqlite") as copy, copy.reading() as connection:
            query = sa.select(t.notes.c.site, sa.func.count().label("notes")).group_by(t.notes.c.site)
            counted = {row.site: row.notes for row in connection.execute(query)}
        assert counted.get("one", 0) == counted.get("two", 0)


def test_a_copy_that_is_not_whole_is_no_backup(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(sqlite_store)

    def torn(_: object, path: Path) -> None:
        path.write_bytes((tmp_path / "whole.sqlite").read_bytes()[:20_000])

    backup_store(sqlite_store, tmp_path / "whole.sqlite")
    monkeypatch.setattr(_backup, "copy_sqlite", torn)
    with pytest.raises(OutputError, match="did not come out whole"):
        backup_store(sqlite_store, tmp_path / "monday.sqlite")
    assert not (tmp_path / "monday.sqlite").exists()


def test_the_file_alone_is_whole_when_the_last_process_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            FILLING,
            str(path),
        ],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["store.sqlite"]
    shutil.copy(path, tmp_path / "copy.sqlite")
    with contextlib.closing(sqlite3.connect(tmp_path / "copy.sqlite")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with (
        open_store(path) as store,
        open_store(tmp_path / "copy.sqlite") as copy,
        create_store(tmp_path / "c") as filled,
    ):
        fill(filled)
        assert lines_of(store, tmp_path) == lines_of(copy, tmp_path) == lines_of(filled, tmp_path)
