"""The same looks in other batches end in the same structures: with the real engine, through the workspace."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from sitewatch.simulate import Recipe, simulate, write
from sitewatch.site import read_site
from sitewatch.store import add_site, known_things
from sitewatch.structures import Structure
from sitewatch.workspace import make_workspace, watch_site

LOOKS = 40


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("place") / "facility"
    recipe = Recipe(
        seed=3, size=48, looks=LOOKS, years=2.0, permanent=3, temporary=2, recurring=1, distractors=1, cloudiness=0.3
    )
    write(simulate(recipe), folder)
    return folder


def watched(place: Path, folder: Path, ends: Sequence[int]) -> dict[str, Structure]:
    """What is claimed by id, after the first looks were watched, then more, then all."""
    images = sorted((place / "images").glob("*.tif"))
    site = read_site(place / "site.geojson")
    pictures = folder / "pictures"
    pictures.mkdir(parents=True)
    start = dt.datetime(2022, 6, 1, tzinfo=dt.UTC)
    with make_workspace(folder / "space") as space:
        with space.store.writing() as connection:
            add_site(connection, site, {"images": str(pictures), "false_alarms": 2.0}, who="test", at=start)
        done = 0
        for number, end in enumerate(ends):
            for image in images[done:end]:
                for file in (image, image.with_suffix(".json")):
                    shutil.copy(file, pictures)
            done = end
            watch_site(space, site.id, now=start + dt.timedelta(days=1 + number))
        with space.store.reading() as connection:
            known = known_things(connection, site.id)
    return {one.structure.id: one.structure for one in known if one.claimed}


def test_batches_end_in_the_same_structures_and_ids(place: Path, tmp_path: Path) -> None:
    """Halves: all is searched again, so nothing may differ. What a few added looks may do is told in decision 7."""
    at_once = watched(place, tmp_path / "once", [LOOKS])
    in_two = watched(place, tmp_path / "two", [LOOKS // 2, LOOKS])
    assert sum(one.kind == "structure" for one in at_once.values()) >= 2
    assert in_two == at_once
