"""Small worlds and workspaces of them, on SQLite and on a real PostgreSQL server."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from made_once import made_once


@pytest.fixture(scope="session")
def killed() -> ModuleType:
    """The benchmark that kills runs."""
    # On the path, so that the processes that are killed can import it too.
    sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
    return importlib.import_module("killed")


@pytest.fixture(scope="session")
def small_world(killed: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with a few events, watched in a second or two; not to be changed by tests."""
    return made_once(tmp_path_factory, "small-place", killed.small_world)
