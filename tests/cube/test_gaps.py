"""Long stretches without a used look: where they are, and whether one could look at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from sitewatch.cube import Gap, Look, Outcome, Why, find_gaps, gap_document

START = dt.datetime(2019, 1, 1, 10, tzinfo=dt.UTC)
LETTERS = {"u": Outcome.USED, "c": Outcome.COULD_NOT_SEE, "r": Outcome.REJECTED, "f": Outcome.FAILED}


def day(number: int) -> dt.datetime:
    return START + dt.timedelta(days=number)


def record(told: str, every: int = 5) -> list[Look]:
    """One look every few days: used, could not see, rejected, failed, or (.) none."""
    return [
        Look(
            scene=f"s{n:03}",
            sensor="x",
            captured=day(every * n),
            published=day(every * n),
            published_is_recorded=False,
            outcome=LETTERS[letter],
        )
        for n, letter in enumerate(told)
        if letter != "."
    ]


def only(looks: Sequence[Look], **period: dt.datetime) -> Gap:
    (gap,) = find_gaps(looks, **period).found
    return gap


def test_could_look_and_saw_nothing() -> None:
    gap = only(record("uuuccccccrccuuu"))
    assert (gap.days, gap.why, gap.could_not_see, gap.rejected) == (50, Why.COULD_NOT_SEE, 8, 1)
    assert gap.sentence == (
        "2019-01-11 to 2019-03-02, 50 days without a used look: 8 looks could not see, 1 could not be compared"
    )


def test_could_not_look() -> None:
    gap = only(record("uuu.........uuu"))
    assert (gap.days, gap.why) == (50, Why.COULD_NOT_LOOK)
    assert gap.sentence.endswith("50 days without a used look: no look is listed")
    failed = only(record("uuufffffffffuuu"))
    assert (failed.why, failed.failed) == (Why.COULD_NOT_LOOK, 9)
    assert failed.sentence.endswith("9 looks could not be read")


def test_one_after_the_other() -> None:
    late = only(record("uuucccc.....uuu"))
    assert late.why is Why.BOTH
    assert late.sentence.endswith("4 looks could not see, none was listed after 2019-01-31")
    early = only(record("uuu.....ccccuuu"))
    assert early.sentence.endswith("4 looks could not see, none was listed before 2019-02-10")
    middle = only(record("uuuc.......cuuu"))
    assert middle.sentence.endswith("2 looks could not see, none was listed between 2019-01-16 and 2019-02-25")
    assert only(record("uuuccccfffccuuu")).why is Why.BOTH
    assert only(record("uuuccccfccccuuu")).why is Why.COULD_NOT_SEE  # one that failed among many is no blindness


def test_long_is_measured_by_the_record() -> None:
    looks = record("uuuuuu.......uuuuu", every=20)
    found = find_gaps(looks)
    assert found.least_days == 60
    assert [gap.days for gap in found.found] == [160]
    assert find_gaps(record("uuuuccccccuuuu")).found[0].days == 35
    assert find_gaps(record("uuuucccccuuuu")).found == ()
    assert find_gaps(record("uuuu", every=29)).least_days == 87


def test_a_record_begins_and_ends_where_it_was_asked_for() -> None:
    looks = record("ccccccccuuuuucccccccccc")
    first, last = find_gaps(looks).found
    assert (first.opens, first.ends, first.days) == (True, False, 40)
    assert (last.opens, last.ends, last.days) == (False, True, 50)
    assert "2019-03-02 to 2019-04-21 (where the record ends), 50 days" in last.sentence
    first, last = find_gaps(looks, start=day(-400), end=day(200)).found
    assert (first.days, first.why) == (440, Why.BOTH)
    assert "none was listed before 2019-01-01" in first.sentence
    assert last.sentence.endswith("10 looks could not see, none was listed after 2019-04-21")


def test_without_any_used_or_dated_look() -> None:
    assert only(record("c" * 20)).days == 95
    assert find_gaps([]).found == ()
    assert find_gaps([], start=day(0)).found == ()
    whole = only([], start=day(0), end=day(90))
    assert (whole.opens, whole.ends, whole.why) == (True, True, Why.COULD_NOT_LOOK)


def test_what_is_listed_no_longer_does_not_count() -> None:
    looks = record("uuuccccccccuuu")
    gone = [replace(k, unlisted_since=day(900)) if k.outcome is Outcome.COULD_NOT_SEE else k for k in looks]
    assert only(gone).why is Why.COULD_NOT_LOOK


def test_for_scripts() -> None:
    document = gap_document(only(record("uuucccc.....uuu")))
    assert document["after"] == "2019-01-11T10:00:00Z"
    assert document["why"] == "both"
    assert document["none_listed"] == ["2019-01-31T10:00:00Z", "2019-03-02T10:00:00Z"]
    assert set(document) == {
        "after", "by", "days", "why", "could_not_see", "rejected", "failed", "none_listed", "sentence",
    }  # fmt: skip
