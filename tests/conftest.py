"""What all tests share."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from postgres_server import Postgres, serve_postgres

SHARED = Path(os.environ.get("SITEWATCH_SHARED", Path(__file__).parents[2] / "shared"))
"""Real imagery, records and contracts, kept beside the repository and never in it."""


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data; tests that need it are skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"no real data at {SHARED}; set SITEWATCH_SHARED to the folder that holds it")
    return SHARED


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine reaches a test."""
    for name in [name for name in os.environ if name.startswith("SITEWATCH_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder that the service users may enter too, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="sitewatch-services-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(scratch: Path) -> Iterator[Postgres]:
    """A server; tests that need it are skipped where PostgreSQL is not installed."""
    with serve_postgres(scratch) as server:
        yield server
