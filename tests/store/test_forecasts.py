"""The register of forecasts: written once, resolved from the record of events, nothing dropped."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from sitewatch.errors import InputError, OptionError
from sitewatch.store import (
    RecordedEvent,
    Registered,
    Store,
    add_events,
    list_events,
    list_forecasts,
    register_forecasts,
    resolve_forecasts,
    withdraw_event,
)
from sitewatch.store._schema import entries, forecasts, resolutions

NOW = dt.datetime(2020, 6, 1, 12, tzinfo=dt.UTC)
ISSUED = dt.datetime(2019, 12, 21, tzinfo=dt.UTC)


def window(days: int = 7, **told: Any) -> Registered:
    fields: dict[str, Any] = {
        "event": "launch", "first": dt.date(2019, 12, 21), "last": dt.date(2019, 12, 20) + dt.timedelta(days=days),
        "author": "sitewatch", "probability": 0.2, "issued": ISSUED, "base": 0.15, "detail": {"case": "march"},
    }  # fmt: skip
    return Registered(**(fields | told))


def event(day: str, ended: str | None = None, title: str = "Launch", **told: Any) -> RecordedEvent:
    began, last = (dt.datetime.fromisoformat(d).replace(tzinfo=dt.UTC) for d in (day, ended or day))
    return RecordedEvent(title=title, began=began, ended=last, **told)


def register(store: Store, *told: Registered, at: dt.datetime = ISSUED) -> tuple[str, ...]:
    with store.writing() as connection:
        return register_forecasts(connection, told, who="ann", at=at).added


def resolve(store: Store, complete: str, at: dt.datetime = NOW) -> Any:
    with store.writing() as connection:
        return resolve_forecasts(connection, complete=dt.date.fromisoformat(complete), who="ann", at=at)


def listed(store: Store, **which: Any) -> list[Registered]:
    with store.reading() as connection:
        return list_forecasts(connection, **which)


def record(store: Store, *events: RecordedEvent, at: dt.datetime = NOW) -> None:
    with store.writing() as connection:
        add_events(connection, events, who="ann", at=at)


def test_forecasts_come_back_as_they_were_registered_and_are_known_again(store: Store) -> None:
    told = (window(7), window(14), window(7, author="ann", base=None))
    assert register(store, *told) == tuple(one.key for one in told)
    assert sorted(listed(store), key=lambda one: one.key) == sorted(told, key=lambda one: one.key)
    assert not listed(store)[0].looking_back
    assert register(store, *told, at=ISSUED + dt.timedelta(hours=1)) == ()
    with store.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(entries)).scalar() == 1


def test_a_forecast_is_never_changed(store: Store) -> None:
    register(store, window(7))
    with pytest.raises(OptionError, match=r"sitewatch has registered 0\.2 for 'launch' from 2019-12-21 to 2019-12-27"):
        register(store, window(7, probability=0.3))
    later = window(7, probability=0.3, issued=ISSUED + dt.timedelta(hours=2))
    register(store, later, at=NOW)
    assert [one.probability for one in listed(store)] == [0.2, 0.3]
    with pytest.raises(OptionError, match="never changed"):
        register(store, window(30), window(30, probability=0.4))
    assert len(listed(store)) == 2


def test_what_is_registered_later_than_a_day_looks_back(store: Store) -> None:
    register(store, window(7), at=ISSUED + dt.timedelta(days=1))
    register(store, window(14), at=ISSUED + dt.timedelta(days=1, seconds=1))
    assert [one.looking_back for one in listed(store)] == [False, True]


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"probability": 0.0}, "a probability must be 0.001 to 0.999, as nothing is certain, got 0"),
        ({"probability": float("nan")}, "got nan"),
        ({"last": dt.date(2019, 12, 20)}, "ends .2019-12-20. before it begins"),
        ({"issued": NOW}, "cannot be issued at a time to come"),
        ({"first": dt.date(2019, 12, 20)}, "before the forecast is issued"),
        ({"event": " "}, "the event must have 1 to 200"),
        ({"author": "a\x1b[0m"}, "the author must have 1 to 100"),
    ],
)
def test_what_cannot_be_is_refused_whole(store: Store, told: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        register(store, window(30), window(7, **told))
    assert not listed(store)


def test_a_forecast_is_about_a_watched_site_or_none(store: Store) -> None:
    with pytest.raises(InputError, match="nowhere"):
        register(store, window(7, site="nowhere"))


def test_non_events_stay_and_wait_for_the_record(store: Store) -> None:
    register(store, window(7), window(90))
    record(store, event("2019-11-28"))
    assert resolve(store, "2019-12-26").waiting == 2
    found = resolve(store, "2019-12-27")
    assert (found.changed, found.resolved, found.waiting) == ((window(7).key,), 1, 1)
    assert [one.happened for one in listed(store)] == [False, None]
    record(store, event("2020-03-02"))
    assert resolve(store, "2020-03-02").changed == (window(90).key,)
    assert [one.happened for one in listed(store)] == [False, True]
    assert listed(store)[1].events == (event("2020-03-02").key,)
    assert resolve(store, "2020-03-02").changed == ()
    # As it was known when the first of them was resolved.
    with store.reading() as connection:
        since = connection.execute(sa.select(resolutions.c.since).order_by(resolutions.c.since)).scalars().first()
    assert [one.happened for one in listed(store, at=since)] == [False, None]
    assert listed(store, at=ISSUED - dt.timedelta(days=1)) == []


def test_an_event_on_the_first_and_on_the_last_day_counts_and_on_the_next_does_not(store: Store) -> None:
    register(store, window(7, event="a"), window(7, event="b"), window(7, event="c"))
    record(store, event("2019-12-21", title="a"), event("2019-12-27", title="b"), event("2019-12-28", title="c"))
    resolve(store, "2020-01-10")
    assert {one.event: one.happened for one in listed(store)} == {"a": True, "b": True, "c": False}


def test_an_event_whose_days_lie_partly_in_the_window_leaves_it_open(store: Store) -> None:
    register(store, window(7), window(14))
    record(store, event("2019-12-26", "2019-12-29"))
    found = resolve(store, "2020-01-31")
    assert (found.unclear, found.resolved) == ((window(7).key,), 1)
    assert [one.happened for one in listed(store)] == [None, True]


def test_a_withdrawn_event_turns_the_outcome_and_both_versions_stay(store: Store) -> None:
    register(store, window(7))
    record(store, event("2019-12-24"))
    resolve(store, "2020-01-31")
    with store.writing() as connection:
        withdraw_event(connection, list_events(connection)[0].key, who="ann", at=NOW + dt.timedelta(hours=1))
    resolve(store, "2020-01-31", at=NOW + dt.timedelta(hours=2))
    assert listed(store)[0].happened is False
    with store.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(resolutions)).scalar() == 2
        assert connection.execute(sa.select(sa.func.count()).select_from(forecasts)).scalar() == 1


def test_an_outcome_that_nothing_tells_any_more_is_open_again(store: Store) -> None:
    """The event is withdrawn while the window goes on; or its end turns out to lie past the window's."""
    register(store, window(7), window(60))
    record(store, event("2019-12-24"))
    resolve(store, "2019-12-28")
    with store.writing() as connection:
        withdraw_event(connection, list_events(connection)[0].key, who="ann", at=NOW)
    found = resolve(store, "2019-12-28", at=NOW + dt.timedelta(hours=1))
    assert (set(found.changed), found.resolved, found.waiting) == ({window(7).key, window(60).key}, 1, 1)
    assert [one.happened for one in listed(store)] == [False, None]
    record(store, event("2019-12-26"), at=NOW + dt.timedelta(hours=2))
    resolve(store, "2019-12-31", at=NOW + dt.timedelta(hours=3))
    assert [one.happened for one in listed(store)] == [True, True]
    record(store, event("2019-12-26", "2019-12-29"), at=NOW + dt.timedelta(hours=4))
    assert resolve(store, "2019-12-31", at=NOW + dt.timedelta(hours=5)).unclear == (window(7).key,)
    assert [one.happened for one in listed(store)] == [None, True]


def test_an_earlier_end_of_the_record_takes_nothing_back(store: Store) -> None:
    register(store, window(7), window(60))
    record(store, event("2020-01-10"))
    resolve(store, "2020-03-31")
    assert resolve(store, "2019-12-22").changed == ()
    assert [one.happened for one in listed(store)] == [False, True]


def test_the_record_cannot_be_complete_to_days_to_come(store: Store) -> None:
    with pytest.raises(OptionError, match="--complete-until 2020-06-02 is a day to come"):
        resolve(store, "2020-06-02")


def test_forecasts_of_one_event_are_found_however_it_is_spelt(store: Store) -> None:
    register(store, window(7, event="Engine  Test"), window(7, event="launch"))
    assert [one.event for one in listed(store, event="engine test")] == ["Engine  Test"]
