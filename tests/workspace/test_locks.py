"""The lock of a site ends with its connection, and whoever holds it is told."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import sqlalchemy as sa

from postgres_server import Postgres
from sitewatch.errors import InputError, LockedError, OutputError
from sitewatch.workspace import Workspace, make_workspace
from sitewatch.workspace._locks import locked_site


@pytest.fixture
def space(killed: ModuleType, postgres: Postgres, tmp_path: Path) -> Iterator[Workspace]:
    with (
        killed.own_database(postgres.address("postgres")) as database,
        make_workspace(tmp_path / "space", database=database) as workspace,
    ):
        yield workspace


def end_the_others(space: Workspace) -> None:
    """What an administrator does, or a server that stops: every other connection to the database ends."""
    with space.store.engine.connect() as connection:
        ended = connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).all()
    assert ended


@pytest.mark.services
def test_a_lock_that_is_lost_is_noticed_before_anything_is_kept(
    space: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR), locked_site(space, "one") as still_held:
        still_held()
        end_the_others(space)
        for _ in range(2):  # a connection made anew answers, and holds nothing
            with pytest.raises(OutputError, match="one: the database ended the connection that held this site"):
                still_held()
    assert not caplog.records
    with locked_site(space, "one") as held_again:
        held_again()


@pytest.mark.services
def test_a_lock_lost_unnoticed_ends_without_a_word(space: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), locked_site(space, "one"):
        end_the_others(space)
    assert not caplog.records


@pytest.mark.services
def test_the_lock_is_asked_for_and_not_the_connection(space: Workspace) -> None:
    with locked_site(space, "one") as still_held, locked_site(space, "two") as other:
        with space.store.engine.connect() as connection:
            held = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
            assert connection.execute(held).scalar() == 2
        still_held()
        other()


@pytest.mark.services
def test_no_lock_where_no_database_answers(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    space.store.close()
    gone = sa.create_engine("postgresql+psycopg://ann@127.0.0.1:1/name", connect_args={"connect_timeout": 2})
    monkeypatch.setattr(space.store, "_engine", gone)
    with pytest.raises(InputError, match=r"127\.0\.0\.1:1/name: cannot be opened"), locked_site(space, "one"):
        pass


def test_in_a_folder_nothing_takes_the_lock_away(tmp_path: Path) -> None:
    with make_workspace(tmp_path) as space, locked_site(space, "one") as still_held:
        still_held()
        with pytest.raises(LockedError, match="another run is at this site"), locked_site(space, "one"):
            pass
