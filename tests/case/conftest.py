"""A valid case, and a way to spoil it."""

from __future__ import annotations

from pathlib import Path

import pytest

PLANT = Path(__file__).parent / "plant.yaml"


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    """A copy of a valid case."""
    path = tmp_path / "plant.yaml"
    path.write_bytes(PLANT.read_bytes())
    return path
