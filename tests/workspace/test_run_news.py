"""What runs in a workspace tell: new good pictures, each once, and feeds that may have stalled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from sitewatch.archive import Listing, list_folder
from sitewatch.site import read_site
from sitewatch.store import Store, add_site, last_run, list_events, site_summaries
from sitewatch.store import _schema as t
from sitewatch.workspace import Visit, Workspace, make_workspace, watch_site

SITE = "simulated-4"
CLOCK = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


class Catalog:
    """The small world as a catalog lists it by and by: each scene two hours after its capture."""

    def __init__(self, images: Path) -> None:
        listing = list_folder(images)
        self.whole = replace(listing, scenes=listing.scenes[:14])
        self.hidden: set[str] = set()

    def __call__(self, *_: object) -> Listing:
        scenes = [
            replace(scene, listed_by=("cat",), catalog="cat", published=scene.captured + DAY / 12)
            for scene in self.whole.scenes
            if scene.id not in self.hidden
        ]
        return replace(self.whole, scenes=tuple(scenes), asked=("cat",))

    def hide_last(self, number: int) -> list[str]:
        names = [scene.id for scene in self.whole.scenes[-number:]] if number else []
        self.hidden = set(names)
        return names

    def captured(self, number: int) -> dt.datetime:
        return self.whole.scenes[number].captured


@pytest.fixture
def catalog(small_world: Path, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    made = Catalog(small_world / "images")
    monkeypatch.setattr("sitewatch.workspace._watching._listing", made)
    return made


@pytest.fixture
def space(small_world: Path, tmp_path: Path) -> Iterator[Workspace]:
    with make_workspace(tmp_path / "space") as workspace:
        add(workspace.store, small_world)
        yield workspace


def add(store: Store, world: Path, **source: Any) -> None:
    with store.writing() as connection:
        told = {"catalogs": [{"name": "cat", "url": "https://cat.test", "collection": "c"}], "false_alarms": 1.0}
        add_site(connection, read_site(world / "site.geojson"), told | source, who="ann", at=CLOCK - 9 * DAY)


def events(space: Workspace) -> list[tuple[str, str, dt.datetime]]:
    with space.store.reading() as connection:
        return [(one.title, one.source, one.began) for one in list_events(connection)]


def scenes(visit: Visit) -> list[str]:
    return [picture.look.scene for picture in visit.pictures]


def news(space: Workspace) -> dict[str, Any]:
    with space.store.reading() as connection:
        run = last_run(connection, SITE)
    assert run is not None
    return dict(run["news"])


def test_pictures_are_recorded_once_and_a_first_run_tells_the_last_days(
    space: Workspace, small_world: Path, catalog: Catalog
) -> None:
    add(space.store, small_world, good_share=0.05)
    newest = catalog.hide_last(4)
    begun = catalog.captured(-5) + DAY
    first = watch_site(space, SITE, now=begun)
    assert {one.id for one in catalog.whole.scenes if begun - one.captured <= 14 * DAY} >= set(scenes(first))
    assert len(events(space)) == len(first.pictures)
    catalog.hide_last(0)
    second = watch_site(space, SITE, now=catalog.captured(-1) + DAY)
    assert second.watched is not None
    used = {look.scene for look in second.watched.looks if look.outcome == "used"}
    assert scenes(second) == [scene for scene in newest if scene in used]
    assert scenes(second)
    assert {picture.arrival for picture in second.pictures} == {"on time"}
    told = events(space)
    assert [one[1] for one in told] == scenes(first) + scenes(second)
    assert {one[0] for one in told} == {"new good picture"}
    assert [entry["scene"] for entry in news(space)["pictures"]] == scenes(second)
    # Nothing to do, and all searched anew: nobody is told again, and an event of a run is no reader's word.
    assert watch_site(space, SITE, now=catalog.captured(-1) + 2 * DAY).watched is None
    again = watch_site(space, SITE, now=catalog.captured(-1) + 3 * DAY, search_all=True)
    assert again.pictures == ()
    assert events(space) == told


def test_a_catalog_that_answers_and_lists_nothing_new_is_told_by_runs_that_find_nothing(
    space: Workspace, catalog: Catalog
) -> None:
    newest = catalog.captured(-1)
    assert watch_site(space, SITE, now=newest + DAY).stalls == ()
    assert "stalled" not in news(space)
    silent = watch_site(space, SITE, now=newest + 900 * DAY)
    assert silent.watched is None
    (stall,) = silent.stalls
    assert stall.sentence.startswith(f"cat answers, but has listed no sentinel-2 scene of {SITE} for 900 days; usual ")
    assert news(space)["stalled"][0]["sentence"] == stall.sentence
    with space.store.reading() as connection:
        assert site_summaries(connection)[0]["stalled_feeds"] == [stall.sentence]
        asked = connection.execute(sa.select(t.runs.c.asking).order_by(t.runs.c.at.desc())).scalars().first()
    assert asked is not None
    assert asked["run"] == f"{newest + 900 * DAY:%Y-%m-%dT%H:%M:%SZ}"
    searched = watch_site(space, SITE, now=newest + 901 * DAY, search_all=True)
    assert [one.days for one in searched.stalls] == [901]
