"""What takes long to make is made by one of the test workers, and read by all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sitewatch.archive import held

__all__ = ["made_once"]

_PATIENCE_S = 550.0


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder of this test run, filled by whichever worker asks for it first; not to be changed by tests.

    Args:
        factory: pytest's.
        name: of the folder; no two callers may use the same.
        make: fills the folder, which is there and empty.
    """
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # each worker has a folder of its own in that of the run
    folder, done = base / name, base / f"{name}.done"
    with held(base / f"{name}.lock", patience_s=_PATIENCE_S):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed
            folder.mkdir()
            make(folder)
            done.touch()
    return folder
