"""A small simulated world, and the command line as a user calls it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ran import Ran, Run

from sitewatch.cli import main
from sitewatch.simulate import Recipe, simulate, write


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Call the command line; never a traceback, whatever is given."""

    def call(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["sitewatch", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Ran(code, captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def made_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small place with a few events; not to be changed by tests."""
    folder = tmp_path_factory.mktemp("world") / "facility"
    write(simulate(Recipe(seed=3, size=80, looks=45, years=2.0, permanent=4, temporary=4, distractors=2)), folder)
    return folder


@pytest.fixture
def world(made_world: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may spoil."""
    return Path(shutil.copytree(made_world, tmp_path / "facility"))


@pytest.fixture
def site_of(tmp_path: Path) -> Callable[..., Path]:
    """Write a site file with another geometry or id."""

    def make(world: Path, **changes: Any) -> Path:
        document = json.loads((world / "site.geojson").read_text())
        outline = next(f for f in document["features"] if "area" not in (f.get("properties") or {}))
        path = tmp_path / "changed.geojson"
        path.write_text(json.dumps({**outline, **changes}))
        return path

    return make
