"""New good pictures in the store: with the run that found them, each once, in both databases."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from shapely.geometry import box

from sitewatch.site import Site
from sitewatch.store import (
    PICTURE_TITLES,
    RecordedEvent,
    Run,
    Store,
    add_events,
    add_site,
    journal_rows,
    list_events,
    save_run,
    site_summaries,
    told_by_readers,
    untold_pictures,
    withdraw_event,
)

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
TAKEN = NOW - DAY


@pytest.fixture(autouse=True)
def plant(store: Store) -> None:
    with store.writing() as connection:
        site = Site(id="plant", name="The plant", outline=box(10, 50, 10.01, 50.01))
        add_site(connection, site, {"catalogs": [], "false_alarms": 1.0}, who="a", at=NOW - 9 * DAY)


def picture(scene: str = "S2B_1", at: dt.datetime = TAKEN, title: str = "new good picture") -> RecordedEvent:
    assert title in PICTURE_TITLES
    return RecordedEvent(title=title, began=at, ended=at, site="plant", source=scene)


def run(at: dt.datetime, **news: Any) -> Run:
    return Run(
        began=at,
        version="x",
        exit_code=0,
        sentence="looked",
        searched=True,
        listed=1,
        used=1,
        first_look=None,
        last_look=None,
        listing="",
        news=news,
    )


def watched(store: Store, *pictures: RecordedEvent, at: dt.datetime = NOW, **news: Any) -> list[str]:
    """A run that found these; the scenes that it told."""
    with store.writing() as connection:
        untold = untold_pictures(connection, "plant", pictures)
        save_run(connection, "plant", run(at, **news), at=at, pictures=untold)
    return [event.source for event in untold]


def killed(store: Store, *pictures: RecordedEvent) -> None:
    """A run that ends before its transaction does."""
    with store.writing() as connection:
        save_run(connection, "plant", run(NOW), at=NOW, pictures=pictures)
        raise KeyboardInterrupt


def events(store: Store, **which: Any) -> list[RecordedEvent]:
    with store.reading() as connection:
        return list_events(connection, site="plant", **which)


def test_a_picture_is_an_event_of_the_run_that_found_it(store: Store) -> None:
    assert watched(store, picture()) == ["S2B_1"]
    assert events(store) == [picture()]
    assert events(store, at=NOW - DAY / 2) == []
    with store.reading() as connection:
        (entry,) = [row for row in journal_rows(connection, viewer="a") if row["what"] == "watch"]
        assert entry["detail"]["pictures"] == ["S2B_1"]
        assert told_by_readers(connection, "plant") == (NOW - 9 * DAY).isoformat()


def test_no_scene_is_told_twice(store: Store) -> None:
    watched(store, picture())
    again = picture(title="back-filled good picture")
    assert watched(store, picture(), again, picture("S2B_1_again"), at=NOW + DAY) == []
    assert watched(store, picture("a", NOW), picture("b", NOW), at=NOW + DAY) == ["a"]
    assert [event.source for event in events(store)] == ["S2B_1", "a"]


def test_a_run_that_does_not_end_tells_nothing_and_its_repetition_tells_it(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt):
        killed(store, picture())
    assert events(store) == []
    assert watched(store, picture()) == ["S2B_1"]
    assert len(events(store)) == 1


def test_what_a_reader_withdrew_or_recorded_is_not_told_again(store: Store) -> None:
    watched(store, picture())
    with store.writing() as connection:
        withdraw_event(connection, picture().key, who="ann", at=NOW + DAY)
        add_events(connection, [picture("S2C_9", NOW)], who="ann", at=NOW + DAY)
    assert watched(store, picture(), picture("S2C_9", NOW), at=NOW + 2 * DAY) == []
    assert [event.source for event in events(store)] == ["S2C_9"]


def test_a_stalled_feed_is_told_with_the_site(store: Store) -> None:
    with store.reading() as connection:
        assert site_summaries(connection)[0]["stalled_feeds"] == []
    watched(store, stalled=[{"sentence": "cat is silent"}])
    with store.reading() as connection:
        assert site_summaries(connection)[0]["stalled_feeds"] == ["cat is silent"]
        assert site_summaries(connection, at=NOW - DAY)[0]["stalled_feeds"] == []
    watched(store, at=NOW + DAY)
    with store.reading() as connection:
        assert site_summaries(connection)[0]["stalled_feeds"] == []
