"""What all tests share."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from made_once import made_once
from postgres_server import Postgres, serve_postgres

SHARED = Path(os.environ.get("SITEWATCH_SHARED", Path(__file__).parents[2] / "shared"))
"""Real imagery, records and contracts, kept beside the repository and never in it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first: whichever worker gets one last would let the others wait."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data; tests that need it are skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"no real data at {SHARED}; set SITEWATCH_SHARED to the folder that holds it")
    return SHARED


@pytest.fixture(scope="session", autouse=True)
def clean_environment() -> Iterator[None]:
    """No setting of the machine reaches a test."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("SITEWATCH_")]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def watched_series(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command makes of the real series, started as a user does; not to be changed by tests."""
    data = shared / "data" / "smart-timelapse"
    sitewatch = Path(sys.executable).with_name("sitewatch")

    def make(folder: Path) -> None:
        where = ["--images", data / "AE_tif", "--out", folder, "--quiet"]
        command = [sitewatch, "watch", data / "site.geojson", *where]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=500)
        assert done.returncode == 0, done.stdout + done.stderr

    return made_once(tmp_path_factory, "series-watched", make)


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
