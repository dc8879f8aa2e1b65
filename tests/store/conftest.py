"""Stores in both databases, each empty."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from store_rows import fill

from postgres_server import Postgres
from sitewatch.store import Store, create_store
from sitewatch.store.exchange import export_store

_numbers = itertools.count()

Address = Path | str


@pytest.fixture(params=["sqlite", "postgresql"])
def new_address(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Address]:
    """Gives the address of a database in which nothing is yet."""
    if request.param == "sqlite":
        return lambda: tmp_path / f"store-{next(_numbers)}.sqlite"
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed: make .venv/dev.stamp")
    server: Postgres = request.getfixturevalue("postgres")

    def make() -> str:
        name = f"store_{next(_numbers)}"
        with psycopg.connect(server.address("postgres"), autocommit=True) as connection:
            # The rules of a language, by which a database sorts unless it is told otherwise.
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en'")
        return server.address(name)

    return make


@pytest.fixture
def new_store(new_address: Callable[[], Address]) -> Iterator[Callable[[], Store]]:
    """Makes empty stores."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(create_store(new_address()))


@pytest.fixture
def store(new_store: Callable[[], Store]) -> Store:
    """An empty store."""
    return new_store()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    """An empty store in an SQLite file."""
    with create_store(tmp_path / "other.sqlite") as store:
        yield store


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a filled store in each format; not to be changed by tests."""
    folder = tmp_path_factory.mktemp("exported")
    with create_store(folder / "store.sqlite") as store:
        fill(store)
        for name in ("all.jsonl", "all.gpkg", "all.geoparquet"):
            export_store(store, folder / name)
    return folder
