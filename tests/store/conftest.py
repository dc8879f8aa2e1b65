"""The same store tests on SQLite and on a real PostgreSQL server."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from postgres_server import Postgres, postgres_server
from sitewatch.store import Store, create_store

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server of its own."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: make .venv/dev.stamp")
    scratch = Path(tempfile.mkdtemp(prefix="sitewatch-store-"))
    scratch.chmod(0o755)  # its user may enter it, unlike pytest's own folders
    try:
        with postgres_server(scratch) as server:
            yield server
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    if request.param == "sqlite":
        with create_store(tmp_path / "store.sqlite") as store:
            yield store
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = f"store{next(_NUMBERS)}"
    admin = sa.create_engine(
        server.address("stac").replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    admin.dispose()
    with create_store(server.address(name)) as store:
        yield store
