"""Records of event days."""

from __future__ import annotations

import datetime as dt

import pytest

from sitewatch.forecast import EventRecord, make_record

A, B, C = dt.date(2020, 1, 1), dt.date(2020, 2, 1), dt.date(2020, 3, 1)


def test_days_are_in_order_and_once_and_the_record_begins_after_the_first() -> None:
    record = make_record([C, A, B, A])
    assert record.days == (A, B, C)
    assert record.began == dt.date(2020, 1, 2)
    assert record.until == C


def test_what_is_known_on_a_day_happened_before_it() -> None:
    record = make_record([A, B, C], skipped=2)
    assert record.known(B).days == (A,)
    assert record.known(B).until == dt.date(2020, 1, 31)
    assert record.known(dt.date(2020, 2, 2)).days == (A, B)
    assert record.known(dt.date(2030, 1, 1)) == record
    assert record.known(A).days == ()
    assert record.known(A).skipped == 2


def test_until_may_lie_after_the_last_event_or_leave_some_out() -> None:
    assert make_record([A, B], until=C).until == C
    assert make_record([A, B, C], until=B).days == (A, B)


def test_a_record_without_an_event_must_say_when_it_is_complete() -> None:
    assert make_record([], began=A, until=B).days == ()
    with pytest.raises(ValueError, match="since when"):
        make_record([], until=B)


@pytest.mark.parametrize(
    "wrong",
    [
        {"days": (B, A), "began": A, "until": C},
        {"days": (A, A), "began": A, "until": C},
        {"days": (C,), "began": A, "until": B},
        {"days": (), "began": C, "until": A},
    ],
)
def test_no_record_contradicts_itself(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        EventRecord(**wrong)  # type: ignore[arg-type]
