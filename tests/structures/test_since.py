"""This run's structures beside those of the run before, and the scenes that may have made the difference."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from shapely.geometry import box

from sitewatch.archive import Memory, News, Notice, What
from sitewatch.report import structures_sentence
from sitewatch.structures import (
    Bracket,
    Kind,
    Presence,
    Regrouped,
    SinceLast,
    State,
    Structure,
    Turn,
    changed_settings,
    compare_structures,
    read_since,
    since_document,
    since_last,
    structures_document,
    structures_in,
)

START = dt.datetime(2021, 1, 1, 10, 30, 15, 250_000, tzinfo=dt.UTC)
USED = [START + dt.timedelta(days=10 * n) for n in range(20)]


def bracket(first: int, last: int | None = None) -> Bracket:
    return Bracket(after=USED[first], by=USED[first + 1 if last is None else last])


def structure(
    name: str,
    *spells: tuple[Bracket | None, Bracket | None],
    x: float = 0.0,
    evidence: tuple[str, ...] = (),
    **told: Any,
) -> Structure:
    presences = tuple(
        Presence(erected=e, dismantled=d, state=State.CONFIRMED, probability=0.9, evidence=evidence) for e, d in spells
    )
    fields = {"kind": Kind.STRUCTURE, "present": True, "probability": 0.9, "area_m2": 900.0}
    fields |= {"area_m2_low": 800.0, "area_m2_high": 1000.0, "footprint": box(x, 0, x + 1, 1)}
    return Structure(**{"id": name, "presences": presences, **fields, **told})


def notice(what: What, scene: str, at: dt.datetime, **told: Any) -> Notice:
    return Notice(what=what, scene=scene, captured=at, **told)


def compared(before: list[Structure], now: list[Structure], *notices: Notice) -> dict[str, Any]:
    news = News(run=START, notices=notices)
    return {d.structure: d for d in compare_structures(before, now, news=news, used=USED)}


def test_the_same_structures_are_no_difference_also_when_read_back() -> None:
    told = [structure("a", (bracket(3), None)), structure("b", (None, bracket(5)), x=3)]
    read = structures_in(json.loads(json.dumps(structures_document(told, head={}))))
    assert compared(list(read), told) == {}


def test_the_seconds_by_which_another_catalog_dates_a_look_are_no_difference() -> None:
    moved = Bracket(after=USED[3] + dt.timedelta(minutes=8), by=USED[4] + dt.timedelta(minutes=8))
    assert compared([structure("a", (bracket(3), None))], [structure("a", (moved, None))]) == {}


def test_new_gone_and_changed() -> None:
    before = [structure("a", (bracket(3, 5), None)), structure("b", (bracket(1), bracket(8)), x=3)]
    now = [structure("a", (bracket(3, 4), None)), structure("c", (bracket(11), None), x=6)]
    found = compared(before, now)
    assert {name: d.turn for name, d in found.items()} == {"a": Turn.CHANGED, "b": Turn.GONE, "c": Turn.NEW}
    assert found["a"].words == (
        "erected after 2021-01-31 and by 2021-02-10 (before: erected after 2021-01-31 and by 2021-02-20)",
    )
    assert found["b"].words == (
        "erected after 2021-01-11 and by 2021-01-21, taken down after 2021-03-22 and by 2021-04-01",
    )


def test_an_end_that_is_new_and_another_number_of_spells() -> None:
    found = compared([structure("a", (None, None))], [structure("a", (None, bracket(8)))])
    assert found["a"].words == ("taken down after 2021-03-22 and by 2021-04-01 (before: still stood at the last look)",)
    found = compared(
        [structure("a", (bracket(1), None))], [structure("a", (bracket(1), bracket(4)), (bracket(9), None))]
    )
    assert found["a"].words == (
        "now erected after 2021-01-11 and by 2021-01-21, taken down after 2021-02-10 and by 2021-02-20",
        "now erected after 2021-04-01 and by 2021-04-11",
        "not any more erected after 2021-01-11 and by 2021-01-21",
    )
    # Of many spells only those that are told otherwise.
    long = [(bracket(n), bracket(n + 2)) for n in range(1, 13, 4)]
    found = compared([structure("a", *long)], [structure("a", *long, (bracket(15), None))])
    assert found["a"].words == ("now erected after 2021-05-31 and by 2021-06-10",)


def test_a_structure_under_another_id_is_the_same_where_its_ground_is() -> None:
    found = compared([structure("a", (bracket(3, 5), None))], [structure("b", (bracket(3), None), x=0.3)])
    assert [(d.turn, d.structure, d.before) for d in found.values()] == [(Turn.CHANGED, "b", "a")]
    assert compared([structure("a", (bracket(3), None))], [structure("b", (bracket(3), None))]) == {}
    apart = compared([structure("a", (bracket(3), None))], [structure("b", (bracket(3), None), x=0.8)])
    assert {d.turn for d in apart.values()} == {Turn.NEW, Turn.GONE}


def test_only_claims_are_compared() -> None:
    field = structure("field", (bracket(3), None), kind=Kind.VEGETATION)
    assert compared([field], []) == compared([], [field]) == {}


@pytest.mark.parametrize(
    ("at", "beside"),
    [
        (USED[2] - dt.timedelta(days=1), False),
        (USED[2], True),  # the neighbour of the bracket's start
        (USED[3] + dt.timedelta(days=4), True),  # inside
        (USED[4] + dt.timedelta(days=4), True),  # between its end and the next look
        (USED[5] + dt.timedelta(days=1), False),
    ],
)
def test_which_scenes_lie_at_a_bracket(at: dt.datetime, *, beside: bool) -> None:
    before, now = [structure("a", (bracket(3, 5), None))], [structure("a", (bracket(3, 4), None))]
    late = notice(What.LATE, "late", at)
    near = structure("a", (bracket(3, 4), None))
    assert compared([], [near], late)["a"].scenes == (("late",) if beside else ())
    assert compared(before, now, notice(What.LATE, "late", USED[3]))["a"].scenes == ("late",)


def test_evidence_is_beside_whatever_its_date_says() -> None:
    gone = structure("a", (bracket(3), None), evidence=("x", "y"))
    far = USED[19]
    renamed = notice(What.REPLACED, "z", far, before="y", pixels_changed=True)
    assert compared([gone], [], notice(What.VANISHED, "x", far), renamed)["a"].scenes == ("x", "z")
    # What differs is the removal; what lies at the erection, which both runs tell alike, has not caused it.
    before = [structure("a", (bracket(3), bracket(10)), (bracket(14), None))]
    now = [structure("a", (bracket(3), bracket(10)), (bracket(15), None))]
    assert compared(before, now, notice(What.LATE, "late", USED[3]))["a"].scenes == ()


def test_what_was_asked_for_otherwise() -> None:
    head = {"version": "1", "false_alarms_per_year": 1.0, "since": None, "until": None, "pixel_m": None, "outline": "x"}
    assert changed_settings(head, head) == ()
    now = {**head, "false_alarms_per_year": 10.0, "since": "2020-01-01T00:00:00Z", "outline": "y"}
    assert changed_settings(head, now) == (
        "false alarms a year 1, now 10",
        "start of the period not set, now 2020-01-01",
        "another outline of the site",
    )
    one = {**head, "harmonised": {"families": ["sentinel-2 reflectance", "landsat reflectance"], "looks": 40}}
    none = {**head, "harmonised": {"families": [], "looks": 0}}
    assert changed_settings(one, none) == (), "asked for both times"
    assert changed_settings(one, head) == ("sensors searched as one series, now each alone",)
    assert changed_settings(head, none) == ("sensors searched each alone, now as one series",)


def test_other_sensors_in_one_series_are_no_setting_and_are_told() -> None:
    def told(*families: str) -> dict[str, object]:
        return {"harmonised": {"families": list(families), "looks": 9}}

    before, now = structure("a", (bracket(3), None)), structure("b", (bracket(5), None), x=7)

    def since(then: dict[str, object], today: dict[str, object]) -> SinceLast:
        found = {"structures": structures_document([before], head=then), "outline": "x"}
        memory = Memory(at=START, found_at=START.replace(microsecond=0), found=found)
        return since_last(News(run=START.replace(microsecond=0)), memory, [now], head=today, outline="x", used=USED)

    found = since(told("fine"), told("fine", "coarse"))
    assert found.settings == ()
    assert found.regrouped == Regrouped(before=("fine",), now=("fine", "coarse"))
    assert "Searched as one series are now fine and coarse (before: fine)" in structures_sentence(found)
    assert read_since(json.loads(json.dumps(since_document(found)))) == found
    assert since(told("fine"), told("fine")).regrouped is None
    assert since({}, told("fine")).regrouped is None
    damaged = since({"harmonised": {"looks": 3}}, told("fine"))
    assert (damaged.compared, damaged.differences) == (None, ())


def test_what_is_written_is_what_is_read() -> None:
    late = notice(What.LATE, "l", dt.datetime(2021, 2, 3, tzinfo=dt.UTC), whole_day=True, days_late=40)
    other = notice(What.REPLACED, "n", USED[2].replace(microsecond=0), before="o", pixels_changed=None)
    news = News(run=START, notices=(late, other))
    differences = compare_structures([], [structure("a", (bracket(3), None))], news=news, used=USED)
    since = SinceLast(
        run=START.replace(microsecond=0), added=3, notices=news.notices, compared=None, settings=("x",),
        differences=differences,
    )  # fmt: skip
    assert read_since(json.loads(json.dumps(since_document(since)))) == since
    assert since.tells
    assert not SinceLast(run=START, added=0, notices=(), compared=None).tells
    for broken in ({}, {"run": "never"}, {**since_document(since), "scenes": [{"what": "else"}]}):
        with pytest.raises((KeyError, ValueError, TypeError)):
            read_since(broken)
