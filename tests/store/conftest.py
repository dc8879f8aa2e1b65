"""Stores in both databases, each empty."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from store_rows import fill

from postgres_server import Postgres
from sitewatch.store import Store, create_store, open_store
from sitewatch.store.exchange import export_store

_numbers = itertools.count()

Address = Path | str


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store in an SQLite file, to be copied: that is sooner done than to make one."""
    path = tmp_path_factory.mktemp("empty") / "store.sqlite"
    create_store(path).close()
    return path


@pytest.fixture(scope="session")
def new_database(postgres: Postgres) -> Callable[[str], str]:
    """Makes a database like another one, and gives its address."""
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed: make .venv/dev.stamp")

    def make(like: str) -> str:
        name = f"store_{next(_numbers)}"
        # The rules of a language, by which a database sorts unless it is told otherwise.
        rules = " LOCALE_PROVIDER icu ICU_LOCALE 'en'" if like == "template0" else ""
        with psycopg.connect(postgres.address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {like}{rules}")
        return postgres.address(name)

    return make


@pytest.fixture(scope="session")
def empty_database(new_database: Callable[[str], str]) -> str:
    """The name of a database that is an empty store, to be copied; nobody stays connected with it."""
    address = new_database("template0")
    create_store(address).close()
    return address.rpartition("/")[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """Each kind of database."""
    return str(request.param)


@pytest.fixture
def new_address(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Address]:
    """Gives the address of a database in which nothing is yet."""
    if database == "sqlite":
        return lambda: tmp_path / f"store-{next(_numbers)}.sqlite"
    make: Callable[[str], str] = request.getfixturevalue("new_database")
    return lambda: make("template0")


@pytest.fixture
def new_store(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Makes empty stores."""

    def copied() -> Address:
        if database == "sqlite":
            return Path(shutil.copy(request.getfixturevalue("empty_file"), tmp_path / f"store-{next(_numbers)}.sqlite"))
        make: Callable[[str], str] = request.getfixturevalue("new_database")
        return make(request.getfixturevalue("empty_database"))

    with ExitStack() as opened:
        yield lambda: opened.enter_context(open_store(copied()))


@pytest.fixture
def store(new_store: Callable[[], Store]) -> Store:
    """An empty store."""
    return new_store()


@pytest.fixture
def sqlite_store(empty_file: Path, tmp_path: Path) -> Iterator[Store]:
    """An empty store in an SQLite file."""
    with open_store(Path(shutil.copy(empty_file, tmp_path / "other.sqlite"))) as store:
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
