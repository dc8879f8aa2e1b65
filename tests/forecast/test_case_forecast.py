"""What a case makes of the base rate, by hand."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import pytest

from sitewatch.case import Case
from sitewatch.forecast import (
    BaseRateForecast,
    CaseForecast,
    EventRecord,
    GoingOn,
    case_forecast_document,
    forecast_case,
    make_record,
)

ISSUED = dt.date(2020, 1, 1)
RATE = 0.02
"""Events a day."""


def base(days: int = 30) -> BaseRateForecast:
    chances = 1 - np.exp(-RATE * np.arange(1, days + 1))
    return BaseRateForecast(issued=ISSUED, fitted=None, recalibration=None, learned=(), chances=chances)  # type: ignore[arg-type]


def case(**told: Any) -> Case:
    hypotheses = {
        key: {"title": key, "prior": prior, "why": "said", "benign": key == "trucks",
              "activity": {"on_days": 100, "off_days": 300}}
        for key, prior in (("launchers", 0.4), ("trucks", 0.6))
    }  # fmt: skip
    plan = {"event": "launch", "windows": [30, 7], **told.pop("plan", {})}
    return Case.model_validate(
        {"sitewatch_case": 1, "title": "t", "question": "q?", "site": "plant", "since": "2019-06-01",
         "hypotheses": hypotheses, "forecast": plan, **told}
    )  # fmt: skip


def entry(first: str, last: str, ratio: dict[str, Any], **told: Any) -> dict[str, Any]:
    return {"title": "days", "kind": "deadline", "from": first, "to": last, "ratio": ratio, **told}


STATED = {"stated": 3.0, "by": "ann"}
RECORD = make_record([dt.date(2018, 6, 1)], began=dt.date(2017, 1, 1), until=dt.date(2020, 12, 31))


def issued(told: Case, record: EventRecord = RECORD, **known: Any) -> CaseForecast:
    return forecast_case(told, base(), record, **known)


def rate(probability: float) -> float:
    return -math.log(1 - probability)


def test_without_anything_else_it_is_the_record_alone() -> None:
    found = issued(case())
    assert [(one.days, one.probability) for one in found.windows] == [
        (n, pytest.approx(1 - math.exp(-RATE * n))) for n in (7, 30)
    ]
    assert all(one.probability == pytest.approx(one.base) for one in found.windows)
    assert sum(found.first_days) == pytest.approx(found.windows[-1].probability)
    assert found.factors == ()


def test_a_calendar_entry_multiplies_the_rate_of_its_days_alone() -> None:
    told = case(calendar={"deadline": entry("2020-01-05", "2020-01-10", STATED)})
    short, long = issued(told).windows
    assert rate(short.probability) == pytest.approx(RATE * (4 + 3 * 3))
    assert rate(long.probability) == pytest.approx(RATE * (24 + 6 * 3))
    assert rate(long.base) == pytest.approx(RATE * 30)
    (factor,) = issued(told).factors
    assert (factor.ratio, factor.days, factor.origin) == (3.0, 6, "stated by ann")


def test_a_yearly_entry_is_set_against_its_mean_over_the_year() -> None:
    told = case(calendar={"feast": entry("2010-12-28", "2011-01-06", STATED, yearly=True)})
    usual = 1 + 10 / 365.2425 * 2
    assert rate(issued(told).windows[0].probability) == pytest.approx(RATE * (6 * 3 + 1) / usual)


def test_a_window_has_one_chance_whatever_longer_ones_are_asked() -> None:
    """The yearly entry lies in the longer window alone, and the shorter one is on a day of the year like any other."""
    feast = {"feast": entry("2010-01-10", "2010-01-19", STATED, yearly=True)}
    short = issued(case(calendar=feast, plan={"windows": [7]}))
    both = issued(case(calendar=feast, plan={"windows": [7, 30]}))
    assert short.windows[0].probability == pytest.approx(both.windows[0].probability)
    assert rate(short.windows[0].probability) == pytest.approx(RATE * 7 / (1 + 10 / 365.2425 * 2))
    assert (short.factors, len(both.factors)) == ((), 1)


def test_what_was_told_of_later_does_not_enter() -> None:
    claim = {"who": "w", "what": "x", "published": "2020-01-02", "reference": "paper"}
    told = case(calendar={"deadline": entry("2020-01-05", "2020-01-10", STATED, source=["c"])}, claims={"c": claim})
    found = issued(told)
    assert found.windows[0].probability == pytest.approx(found.windows[0].base)
    assert found.left_out == ("days: it was first told of on 2 January 2020, not before the day of issue.",)
    for published, enters in (("2020-01-01", False), ("2019-12-31", True)):
        known = case(
            calendar={"deadline": entry("2020-01-05", "2020-01-10", STATED, source=["c"])},
            claims={"c": {**claim, "published": published}},
        )
        assert (issued(known).left_out == ()) is enters
        assert (issued(known).windows[0].probability > found.windows[0].probability) is enters


def test_a_ratio_that_rests_on_what_was_published_later_does_not_enter() -> None:
    """The entry itself was known; what its ratio was taken from was not. The same holds of what activity does."""
    claim = {"who": "w", "what": "x", "reference": "paper"}
    claims = {"c": {**claim, "published": "2019-06-01"}, "later": {**claim, "published": "2020-01-01"}}
    ratio = {**STATED, "source": ["c", "later"]}
    told = case(calendar={"deadline": entry("2020-01-05", "2020-01-10", ratio, source=["c"])}, claims=claims)
    found = issued(told)
    assert found.windows[0].probability == pytest.approx(found.windows[0].base)
    why = "its ratio rests on what was published on 1 January 2020, not before the day of issue."
    assert found.left_out == (f"days: {why}",)
    effects = case(plan={"effects": [{"hypothesis": "launchers", "ratio": ratio}]}, claims=claims)
    on = {"launchers": GoingOn(probability=1, active=1), "trucks": GoingOn(probability=0, active=0)}
    found = issued(effects, going_on=on)
    assert found.windows[0].probability == pytest.approx(found.windows[0].base)
    assert (found.factors, found.left_out) == ((), (f"activity: launchers: {why}",))


def test_a_ratio_is_counted_in_the_record_before_the_day_of_issue() -> None:
    """Events on 3 January of 2017, 2018 and 2019, and on ten other days."""
    there = [dt.date(year, 1, 3) for year in (2017, 2018, 2019)]
    others = [dt.date(2018, month, 15) for month in range(2, 12)]
    told = case(calendar={"feast": entry("2016-01-01", "2016-01-07", {"record": True}, yearly=True)})
    record = make_record([*there, *others], began=dt.date(2017, 1, 1), until=dt.date(2019, 12, 31))
    (factor,) = issued(told, record).factors
    expected = 21 * 10 / (3 * 365 - 21)
    assert factor.ratio == pytest.approx((3 + 2) / (expected + 2))
    later = make_record([*record.days, dt.date(2020, 1, 3)], began=record.began, until=dt.date(2020, 6, 1))
    assert issued(told, later) == issued(told, record)


def test_a_record_of_nothing_leaves_the_rate_as_it_is() -> None:
    told = case(calendar={"feast": entry("2016-01-01", "2016-01-07", {"record": True}, yearly=True)})
    nothing = make_record([], began=dt.date(2019, 12, 31), until=dt.date(2019, 12, 31))
    assert issued(told, nothing).factors[0].ratio == pytest.approx(1.0)
    counted = {"counted": {"events_with": 9, "days_with": 10, "events_without": 10, "days_without": 100}, "why": "x"}
    assert issued(case(calendar={"c": entry("2020-01-01", "2020-01-01", counted)})).factors[0].ratio == pytest.approx(
        11 / 3
    )


EFFECT = {"effects": [{"hypothesis": "launchers", "ratio": {"stated": 5.0, "by": "ann"}}]}


def test_activity_multiplies_as_far_as_it_goes_on_and_fades_to_the_usual() -> None:
    told = case(plan={**EFFECT, "windows": [1]})
    usual = 1 + 0.4 * 0.25 * 4
    on = {"launchers": GoingOn(probability=1, active=1), "trucks": GoingOn(probability=0, active=0)}
    fading = math.exp(-0.5 * (1 / 100 + 1 / 300))
    (window,) = issued(told, going_on=on).windows
    assert rate(window.probability) == pytest.approx(RATE * (1 + 4 * (0.25 + 0.75 * fading)) / usual)
    off = {"launchers": GoingOn(probability=0, active=0), "trucks": GoingOn(probability=1, active=1)}
    assert rate(issued(told, going_on=off).windows[0].probability) == pytest.approx(RATE / usual)


def test_what_nothing_is_known_of_changes_nothing() -> None:
    """At the prior and the usual share of activity the factor is one, on every day."""
    usual = {"launchers": GoingOn(probability=0.4, active=0.1), "trucks": GoingOn(probability=0.6, active=0.15)}
    found = issued(case(plan=EFFECT), going_on=usual)
    assert found.windows[-1].probability == pytest.approx(found.windows[-1].base)
    assert found.factors[0].ratio == pytest.approx(1.0)
    assert issued(case(plan=EFFECT)).factors == ()


def test_nothing_is_certain() -> None:
    told = case(calendar={"deadline": entry("2020-01-01", "2020-01-30", {"stated": 1000.0, "by": "ann"})})
    assert issued(told).windows[-1].probability == 0.999
    never = case(calendar={"deadline": entry("2020-01-01", "2020-01-30", {"stated": 1e-6, "by": "ann"})})
    assert issued(never).windows[-1].probability == 0.001


def test_what_cannot_be_asked_is_refused() -> None:
    with pytest.raises(ValueError, match="plans no forecast"):
        issued(case().model_copy(update={"forecast": None}))
    with pytest.raises(ValueError, match="reaches 30 days, and the longest window 31"):
        issued(case(plan={"windows": [31]}))


def test_the_document_says_the_same() -> None:
    document: Any = case_forecast_document(issued(case(calendar={"d": entry("2020-01-05", "2020-01-10", STATED)})))
    assert [one["last"] for one in document["windows"]] == ["2020-01-07", "2020-01-30"]
    assert len(document["days"]) == 30
    assert document["factors"][0]["ratio"] == 3.0
    assert document["record"]["until"] == "2019-12-31"
