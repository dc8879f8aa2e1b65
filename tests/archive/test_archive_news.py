"""A listing beside those before it: late, replaced, vanished and back, and what only looks like it."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rasterio
import shapely

from sitewatch.archive import (
    Listing,
    Memory,
    News,
    What,
    compare_listing,
    fetch,
    list_folder,
    read_memory,
    reconcile,
    usual_lag,
    write_memory,
)
from sitewatch.site import Site

Write = Callable[..., Path]
DAY = dt.timedelta(days=1)


class Runs:
    """Runs of one archive, a day apart, each remembering what the next one must know."""

    def __init__(self, site: Site, archive: Path, images: Path, now: dt.datetime) -> None:
        self.site, self.archive, self.images, self.now = site, archive, images, now

    def __call__(self, listing: Listing | None = None, **asked: Any) -> News | None:
        self.now += DAY
        if listing is None:
            listing = list_folder(self.images, **asked)
        fetched = fetch(listing, self.site, self.archive, now=self.now)
        period = {"since": asked.get("since"), "until": asked.get("until")}
        news, memory = compare_listing(
            read_memory(self.archive), listing, fetched, site=self.site, now=self.now, **period
        )
        if memory is not None:
            write_memory(self.archive, memory)
        return news

    @property
    def memory(self) -> Memory:
        memory = read_memory(self.archive)
        assert memory is not None
        return memory


@pytest.fixture
def runs(site: Site, tmp_path: Path, images: Path, now: dt.datetime) -> Runs:
    return Runs(site, tmp_path / "archive", images, now)


@pytest.fixture
def dated(write_image: Write) -> Callable[..., list[Path]]:
    """One image per day of May 2020."""

    def dated(*days: int) -> list[Path]:
        return [write_image(f"2020-05-{day:02}.tif", seed=day) for day in days]

    return dated


def told(news: News | None) -> list[tuple[str, str]]:
    assert news is not None
    return [(notice.what.value, notice.scene) for notice in news.notices]


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[misc,arg-type]


def test_the_first_run_says_nothing_and_the_same_listing_nothing_new(runs: Runs, dated: Callable[..., Any]) -> None:
    dated(1, 5, 9)
    assert runs() is None
    first = runs.now
    assert runs() == News(run=first)


def test_late_is_what_is_older_than_the_newest_and_was_not_listed(runs: Runs, dated: Callable[..., Any]) -> None:
    dated(1, 5, 9)
    runs()
    dated(4, 12)
    news = runs()
    assert told(news) == [("late", "2020-05-04")]
    assert news is not None
    assert news.added == 1
    assert news.notices[0].days_late == (runs.now - utc(2020, 5, 4)).days
    assert told(runs()) == []


def published(listing: Listing, **at: dt.datetime) -> Listing:
    """The listing with the publication of scenes told, by day of May 2020 (`d4`); of the others two hours later."""
    scenes = [
        replace(scene, published=at.get(f"d{scene.captured.day}", scene.captured + DAY / 12))
        for scene in listing.scenes
    ]
    return replace(listing, scenes=tuple(scenes))


def test_late_and_back_filled_are_told_apart_by_both_times(runs: Runs, dated: Callable[..., Any]) -> None:
    dated(1, 5, 6, 7, 8, 9)
    runs(published(list_folder(runs.images)))
    since = runs.now + DAY / 2
    dated(2, 3, 4, 12)
    # Published then, and not listed; published since and long after its capture; so too, but newer than all before.
    news = runs(published(list_folder(runs.images), d3=since, d12=since))
    assert told(news) == [("late", "2020-05-02"), ("late", "2020-05-04"), ("back-filled", "2020-05-03")]
    assert news is not None
    assert news.added == 1
    assert news.notices[2].days_published == (since - utc(2020, 5, 3)).days
    assert news.notices[0].days_published is None
    assert told(runs(published(list_folder(runs.images), d3=since, d12=since))) == []


def test_published_out_of_order_within_the_usual_time_is_no_back_filling(runs: Runs, dated: Callable[..., Any]) -> None:
    """A slow catalog: what it publishes half a year later is as late as all else."""
    dated(1, 5, 6, 7, 8, 9)
    slow = {f"d{day}": runs.now - 3 * DAY for day in range(1, 10)}
    runs(published(list_folder(runs.images), **slow))
    dated(4)
    assert told(runs(published(list_folder(runs.images), **slow | {"d4": runs.now + DAY / 2}))) == [
        ("late", "2020-05-04")
    ]


def test_the_usual_lag_is_that_of_the_newest_scenes_and_of_what_came_since_the_first_run() -> None:
    first = utc(2020, 1, 1)
    new = [(first + n * DAY, first + (n + 1) * DAY) for n in range(60)]
    anew = [(first - n * DAY, first + 50 * DAY) for n in range(1, 300)]
    lag = usual_lag(published=[*anew, *new], recorded=[])
    assert (lag.days, lag.late_days) == (1.0, 3.0)
    assert usual_lag(published=[], recorded=[*((at, first + 70 * DAY) for at, _ in anew)]).days == 2.0
    later = [(at, told + 80 * DAY) for at, told in new]
    assert usual_lag(published=[], recorded=[(first, first + DAY), *later]).days == 81.0
    assert usual_lag(published=new[:4], recorded=[]).days == 2.0
    assert usual_lag(published=[(b, a) for a, b in new], recorded=[]).late_days == 1.0


def test_replaced_says_whether_the_pixels_changed(runs: Runs, dated: Callable[..., Any]) -> None:
    touched, changed, _ = dated(1, 5, 9)
    runs()
    os.utime(touched, ns=(1, 1))
    with rasterio.open(changed, "r+") as image:
        image.write(image.read() + 1)
    news = runs()
    assert told(news) == [("replaced", "2020-05-01"), ("replaced", "2020-05-05")]
    assert news is not None
    assert [notice.pixels_changed for notice in news.notices] == [False, True]
    assert told(runs()) == []


def test_a_replaced_scene_that_cannot_be_read_is_told_when_it_can(runs: Runs, dated: Callable[..., Any]) -> None:
    broken, _ = dated(1, 5)
    runs()
    whole = broken.read_bytes()
    broken.write_bytes(whole[:3000])
    assert told(runs()) == []
    broken.write_bytes(whole)
    news = runs()
    assert told(news) == [("replaced", "2020-05-01")]
    assert news is not None
    assert news.notices[0].pixels_changed is False


def test_vanished_is_told_once_and_stays_in_sight(runs: Runs, dated: Callable[..., Any]) -> None:
    dated(1, 9)
    (path,) = dated(5)
    runs()
    kept = path.read_bytes()
    path.unlink()
    first = runs()
    assert told(first) == [("vanished", "2020-05-05")]
    since = runs.now
    for _ in range(2):
        again = runs()
        assert told(again) == []
        assert again is not None
        assert [(entry.scene, entry.gone_since) for entry in again.gone] == [("2020-05-05", since)]
        assert again.gone[0].captured == utc(2020, 5, 5)
        assert again.gone[0].pixels_sha256
    path.write_bytes(kept)
    back = runs()
    assert told(back) == [("listed again", "2020-05-05")]
    assert back is not None
    assert back.gone == ()


def test_another_period_makes_nothing_vanish_or_late(runs: Runs, dated: Callable[..., Any]) -> None:
    dated(1, 5, 9)
    assert runs(since=utc(2020, 5, 4), until=utc(2020, 5, 6)) is None
    for period in ({}, {"since": utc(2020, 5, 8)}, {"until": utc(2020, 5, 2)}, {}):
        news = runs(**period)
        assert news is not None
        assert (news.notices, news.gone) == ((), ())
    # What one run asked for, all later ones remember: 2 May was covered by the whole period, not by the last question.
    runs(since=utc(2020, 5, 8))
    dated(2)
    assert told(runs()) == [("late", "2020-05-02")]


def test_gone_is_only_in_sight_where_its_time_is_asked_for(runs: Runs, dated: Callable[..., Any]) -> None:
    path, *_ = dated(1, 5, 9)
    runs()
    path.unlink()
    for period, count in (({"since": utc(2020, 5, 4)}, 0), ({}, 1), ({"since": utc(2020, 5, 4)}, 0), ({}, 1)):
        news = runs(**period)
        assert news is not None
        assert len(news.gone) == count


def test_what_was_never_a_look_of_its_own_is_not_missed(runs: Runs, dated: Callable[..., Any], images: Path) -> None:
    (path,) = dated(1)
    dated(9)
    twin = images / "again_2020-05-01.tif"
    twin.write_bytes(path.read_bytes())
    faulty = images / "2020-05-03.tif"
    faulty.write_bytes(b"no image")
    runs()
    twin.unlink()
    faulty.unlink()
    news = runs()
    assert told(news) == []
    dated(3)  # mended: it was listed before, so it is not late
    assert told(runs()) == []


def test_another_outline_makes_nothing_vanish_or_late_and_compares_no_pixels(
    runs: Runs, dated: Callable[..., Any], site: Site
) -> None:
    path, other, _ = dated(1, 5, 9)
    runs()
    runs.site = Site(id="yard", name="Larger", outline=shapely.Polygon(site.outline.buffer(0.001).exterior))
    path.unlink()
    os.utime(other, ns=(1, 1))
    dated(3)
    news = runs()
    assert told(news) == [("replaced", "2020-05-05")]
    assert news is not None
    assert (news.notices[0].pixels_changed, news.added) == (None, 1)


def test_a_catalog_that_is_not_asked_says_nothing(runs: Runs, dated: Callable[..., Any], images: Path) -> None:
    dated(1, 5, 9)

    def listed(by: str, *names: str) -> Listing:
        scenes = [s for s in list_folder(images).scenes if s.id in names]
        return Listing(scenes=tuple(replace(s, listed_by=(by,), catalog=by) for s in scenes), asked=(by,))

    one = listed("a", "2020-05-01", "2020-05-09")
    assert runs(one) is None
    assert told(runs(listed("b", "2020-05-05"))) == []  # asked for the first time: nothing of it is late
    assert told(runs(Listing(scenes=(), unanswered={"a": "no answer"})) or News(run=runs.now)) == []
    news = runs(one)
    assert news is not None
    assert (news.notices, news.gone, news.run) == ((), (), runs.now - 2 * DAY)
    both = reconcile([one, listed("b")])
    assert told(runs(both)) == [("vanished", "2020-05-05")]


def test_an_acquisition_known_by_another_catalogs_id_is_neither_late_nor_gone(
    runs: Runs, dated: Callable[..., Any], images: Path
) -> None:
    dated(1, 5, 9)
    folder = list_folder(images)
    one, two = (
        Listing(
            scenes=tuple(
                replace(s, id=f"{by}-{s.id}", listed_by=(by,), catalog=by, sensor="sentinel-2") for s in folder.scenes
            ),
            asked=(by,),
        )
        for by in ("a", "b")
    )
    assert runs(two) is None
    both = reconcile([one, two])
    assert len(both.scenes) == 3
    for listing in (both, two, both, one, both):
        news = runs(listing)
        assert news is not None
        assert (news.notices, news.gone, news.added) == ((), (), 0)
    assert set(runs.memory.scenes) == {f"a-2020-05-0{day}" for day in (1, 5, 9)}


def test_a_scene_processed_anew_under_another_id_is_replaced(
    runs: Runs, dated: Callable[..., Any], images: Path
) -> None:
    path, *_ = dated(1, 5, 9)
    runs()
    path.rename(images / "baseline5_2020-05-01.tif")
    news = runs()
    assert told(news) == [("replaced", "baseline5_2020-05-01")]
    assert news is not None
    assert (news.notices[0].before, news.notices[0].pixels_changed) == ("2020-05-01", False)
    assert [(entry.scene, entry.instead) for entry in news.gone] == [("2020-05-01", "baseline5_2020-05-01")]
    again = runs()
    assert told(again) == []
    assert again is not None
    assert [entry.scene for entry in again.gone] == ["2020-05-01"]


def test_a_damaged_memory_is_forgotten_or_mended(runs: Runs, dated: Callable[..., Any]) -> None:
    dated(1, 5, 9)
    runs()
    file = runs.archive / ".listed.json"
    whole = json.loads(file.read_text())
    for content in ("", "{", "[]", "null", '{"at": 3}', '{"at": "2026-01-01T00:00:00Z"}', "[" * 100_000):
        file.write_text(content)
        assert runs() is None
    damaged = {
        **whole,
        "scenes": {
            **whole["scenes"],
            "2020-05-05": {"sensor": 7},
            "x": None,
            "y": {**whole["scenes"]["2020-05-01"], "box": [1]},
        },
        "asked": {"folder": [{"window": "x", "newest": "never"}], "b": 3},
        "faulty": {},
        "found": [],
        "found_at": "never",
    }  # fmt: skip
    file.write_text(json.dumps(damaged))
    assert set(runs.memory.scenes) == {"2020-05-01", "2020-05-09"}
    assert runs.memory.found == {}
    news = runs()
    assert news is not None
    assert (told(news), news.added) == ([], 1)


def test_what_is_remembered_is_what_was_told(runs: Runs, dated: Callable[..., Any]) -> None:
    dated(1, 5)
    runs()
    memory = replace(runs.memory, found={"structures": [1, "ü"]}, found_at=runs.now, faulty=("x",))
    write_memory(runs.archive, memory)
    assert runs.memory == memory
    assert [path.name for path in runs.archive.glob(".listed*")] == [".listed.json"]
    assert list(What) == ["late", "back-filled", "replaced", "vanished", "listed again"]
