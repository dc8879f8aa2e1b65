"""A small simulated world, and the command line as a user calls it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ran import LOOKS, MADE_AT, SIDE, MadeRun, Run, call

from made_once import made_once
from sitewatch.simulate import Recipe, simulate, write


@pytest.fixture
def run() -> Run:
    """Call the command line; never a traceback, whatever is given."""
    return call


@pytest.fixture(scope="session")
def made_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small place with a few events; not to be changed by tests."""
    # As small as still holds all kinds of events: most tests of this folder watch it, some of them six times.
    recipe = Recipe(seed=6, size=SIDE, looks=LOOKS, years=2.0, permanent=2, temporary=2, recurring=1, distractors=1)
    return made_once(tmp_path_factory, "facility", lambda folder: write(simulate(recipe), folder))


@pytest.fixture(scope="session")
def made_run(made_world: Path, tmp_path_factory: pytest.TempPathFactory) -> MadeRun:
    """`watch` of that place at `MADE_AT`; not to be changed by tests."""

    def make(folder: Path) -> None:
        where = ("--images", made_world / "images", "--out", folder / "out", "--quiet", "--now", MADE_AT)
        ran = call("watch", made_world / "site.geojson", *where)
        assert ran.code == 0, ran
        (folder / "said").write_text(ran.out)

    folder = made_once(tmp_path_factory, "facility-watched", make)
    return MadeRun(out=folder / "out", said=(folder / "said").read_text())


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
