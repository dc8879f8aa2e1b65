"""Recorded events: nothing deleted, nothing told twice, every version kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from shapely.geometry import box

from sitewatch.errors import InputError, OptionError
from sitewatch.site import Site
from sitewatch.store import RecordedEvent, Store, add_events, add_site, create_store, list_events, withdraw_event
from sitewatch.store._schema import entries, events

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def event(title: str = "launch", began: str = "2019-12-07", **told: Any) -> RecordedEvent:
    start = dt.datetime.fromisoformat(began).replace(tzinfo=dt.UTC)
    return RecordedEvent(**({"title": title, "began": start, "ended": start + DAY} | told))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with create_store(tmp_path / "store.sqlite") as opened:
        with opened.writing() as connection:
            site = Site(id="plant", name="The plant", outline=box(10, 50, 10.01, 50.01))
            add_site(connection, site, {"images": "pictures", "false_alarms": 1.0}, who="a", at=NOW)
        yield opened


def add(store: Store, *told: RecordedEvent, at: dt.datetime = NOW) -> tuple[int, int, int]:
    with store.writing() as connection:
        found = add_events(connection, told, who="reader", at=at)
    return len(found.added), len(found.changed), len(found.known)


def titles(store: Store, **which: Any) -> list[str]:
    with store.reading() as connection:
        return [one.title for one in list_events(connection, **which)]


def test_events_come_back_as_they_were_told_in_order_of_time(store: Store) -> None:
    late, early = event("launch", site="plant", source="a book"), event("speech", "2018-01-01")
    assert add(store, late, early) == (2, 0, 0)
    with store.reading() as connection:
        assert list_events(connection) == [early, late]


def test_an_event_told_twice_is_one_whatever_its_spelling(store: Store) -> None:
    assert event("Engine  test").key == event("engine test").key
    assert event(site="plant").key != event().key
    assert event(began="2019-12-08").key != event().key
    assert add(store, event(), event(source="again")) == (1, 0, 1)
    assert add(store, event()) == (0, 0, 1)
    with store.reading() as connection:
        assert (
            connection.execute(sa.select(sa.func.count()).select_from(entries).where(entries.c.site == "")).scalar()
            == 1
        )


def test_two_events_of_one_day_are_two_where_their_hours_are_told(store: Store) -> None:
    early, late = event(began="2019-12-07T06:30"), event(began="2019-12-07T18:00")
    assert len({early.key, late.key, event().key}) == 3
    assert len(early.key) == 1 + 64 / 4
    assert add(store, early, late) == (2, 0, 0)
    assert add(store, early, late) == (0, 0, 2)
    assert titles(store) == ["launch", "launch"]


def test_a_list_that_is_told_again_changes_nothing_though_it_says_two_things_of_one_event(store: Store) -> None:
    told = (event(source="a"), event(source="b"), event("speech"))
    assert add(store, *told) == (2, 0, 1)
    for later in (1, 2):
        assert add(store, *told, at=NOW + later * DAY) == (0, 0, 3)
    with store.reading() as connection:
        assert {one.source for one in list_events(connection)} == {"a", ""}
        assert connection.execute(sa.select(sa.func.count()).select_from(events)).scalar() == 2


def test_an_event_that_was_kept_under_another_key_is_still_the_same(store: Store) -> None:
    add(store, event())
    with store.writing() as connection:
        connection.execute(events.update().values(event="e1234567"))
    assert add(store, event()) == (0, 0, 1)
    with store.reading() as connection:
        assert [one.key for one in list_events(connection)] == ["e1234567"]
    with store.writing() as connection:
        assert withdraw_event(connection, "e1234567", who="reader", at=NOW + DAY) == "launch"


def test_a_key_of_another_event_is_a_sentence_and_records_nothing(store: Store) -> None:
    add(store, event())
    with store.writing() as connection:
        connection.execute(events.update().values(event=event("speech").key))
    with pytest.raises(InputError, match=r"has the key e[0-9a-f]{16} of another, 'launch'"):
        add(store, event("speech"))
    assert titles(store) == ["launch"]


def test_what_is_otherwise_is_a_new_version_and_the_old_one_stays(store: Store) -> None:
    add(store, event())
    assert add(store, event(source="a book"), at=NOW + DAY) == (0, 1, 0)
    with store.reading() as connection:
        assert [one.source for one in list_events(connection)] == ["a book"]
        assert [one.source for one in list_events(connection, at=NOW + DAY / 2)] == [""]
        assert connection.execute(sa.select(sa.func.count()).select_from(events)).scalar() == 2


def test_a_withdrawn_event_stays_and_can_be_taken_up_again(store: Store) -> None:
    add(store, event())
    with store.writing() as connection:
        assert withdraw_event(connection, event().key, who="reader", at=NOW + DAY) == "launch"
    assert titles(store) == []
    assert titles(store, withdrawn=True) == ["launch"]
    assert titles(store, at=NOW) == ["launch"]
    with store.reading() as connection:
        told = connection.execute(sa.select(entries).order_by(entries.c.at.desc())).mappings().first()
        assert told is not None
        assert (told["what"], told["who"]) == ("event", "reader")
        assert told["detail"]["events"][0]["withdrawn"]
    with store.writing() as connection, pytest.raises(InputError, match="withdrawn already"):
        withdraw_event(connection, event().key, who="reader", at=NOW + 2 * DAY)
    assert add(store, event(), at=NOW + 3 * DAY) == (1, 0, 0)
    assert titles(store) == ["launch"]


def test_of_a_site_its_own_events_and_those_of_none_are_listed(store: Store) -> None:
    with store.writing() as connection:
        other = Site(id="port", name="The port", outline=box(11, 50, 11.01, 50.01))
        add_site(connection, other, {"images": "pictures", "false_alarms": 1.0}, who="a", at=NOW)
    add(store, event("here", site="plant"), event("there", site="port"), event("anywhere"))
    assert sorted(titles(store, site="plant")) == ["anywhere", "here"]


def test_nothing_of_a_list_is_recorded_where_one_is_wrong(store: Store) -> None:
    with pytest.raises(InputError, match="no site 'nowhere'"):
        add(store, event(), event("there", site="nowhere"))
    assert titles(store) == []


@pytest.mark.parametrize(
    "wrong", [event(" "), event("a\nb"), event("x" * 201), event(ended=dt.datetime(2019, 1, 1, tzinfo=dt.UTC))]
)
def test_a_title_or_span_that_cannot_be_is_refused(store: Store, wrong: RecordedEvent) -> None:
    with pytest.raises(OptionError, match="event"):
        add(store, wrong)


def test_an_unknown_key_is_one_sentence(store: Store) -> None:
    with store.writing() as connection, pytest.raises(InputError, match="no event 'e0' is recorded"):
        withdraw_event(connection, "e0", who="reader", at=NOW)
