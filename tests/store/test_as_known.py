"""What was known on a day, where the workspace was not there yet: from what was published by then."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sitewatch.store._as_known import Published, _area_then, cut_phases, cut_presences

BEGIN = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


def day(number: float) -> dt.datetime:
    return BEGIN + dt.timedelta(days=number)


def spell(on: tuple[float, float] | None, off: tuple[float, float] | None, **changes: Any) -> dict[str, Any]:
    return {
        "number": 0,
        "erected_after": None if on is None else day(on[0]),
        "erected_by": None if on is None else day(on[1]),
        "dismantled_after": None if off is None else day(off[0]),
        "dismantled_by": None if off is None else day(off[1]),
        "state": "confirmed",
        "probability": 0.9,
        **changes,
    }


def looks(*days: float) -> Published:
    return Published((day(number), day(number)) for number in days)


def dates(row: dict[str, Any]) -> tuple[float | None, ...]:
    names = ("erected_after", "erected_by", "dismantled_after", "dismantled_by")
    return tuple(None if row[name] is None else (row[name] - BEGIN).days for name in names)


def test_all_looks_published_change_nothing() -> None:
    told = [spell((10, 20), (30, 40)), spell((50, 60), None, number=1)]
    kept = cut_presences(told, looks(0, 10, 20, 25, 30, 40, 50, 60, 70, 80, 90))
    assert [dates(row) for row in kept] == [(10, 20, 30, 40), (50, 60, None, None)]
    assert [row["number"] for row in kept] == [0, 1]


def test_a_late_look_widens_the_bracket_that_it_ends() -> None:
    [row] = cut_presences([spell((10, 20), (60, 70))], looks(0, 10, 30, 40, 60, 70))
    assert dates(row) == (10, 30, 60, 70)
    [row] = cut_presences([spell((10, 20), (60, 70))], looks(0, 20, 30, 40, 50, 80))
    assert dates(row) == (0, 20, 50, 80)


def test_a_spell_that_no_published_look_shows_was_not_known() -> None:
    assert cut_presences([spell((10, 20), (30, 40))], looks(0, 10, 40, 50)) == []
    assert cut_presences([spell((10, 20), None)], looks(0, 10)) == []


def test_what_was_taken_down_later_stood() -> None:
    [row] = cut_presences([spell((10, 20), (30, 40))], looks(0, 10, 20, 30))
    assert dates(row) == (10, 20, None, None)


def test_what_stood_before_and_is_not_known_to_be_gone_is_no_event() -> None:
    assert cut_presences([spell(None, (30, 40))], looks(0, 10, 30)) == []
    [row] = cut_presences([spell(None, (30, 40))], looks(0, 10, 30, 45))
    assert dates(row) == (None, None, 30, 45)


def test_where_no_published_look_lies_before_it_it_always_stood() -> None:
    [row] = cut_presences([spell((10, 20), (30, 40))], looks(20, 30, 40))
    assert dates(row) == (None, None, 30, 40)
    assert cut_presences([spell((10, 20), None)], looks(20, 30, 40)) == []


def test_spells_between_which_nothing_was_published_are_one() -> None:
    told = [spell((10, 20), (30, 40)), spell((50, 60), (70, 80), number=1)]
    assert [dates(row) for row in cut_presences(told, looks(0, 10, 20, 30, 60, 70, 80))] == [(10, 20, 70, 80)]
    assert len(cut_presences(told, looks(0, 10, 20, 30, 45, 60, 70, 80))) == 2


def test_the_state_counts_the_looks_that_were_published() -> None:
    def state(*days: float) -> str:
        return str(cut_presences([spell((10, 20), (60, 70))], looks(0, *days, 70))[0]["state"])

    assert state(20) == "first"
    assert state(20, 30, 40) == "provisional"
    assert state(20, 30, 40, 50) == "confirmed"


def test_a_look_of_which_only_the_day_is_known_is_as_long_as_the_day() -> None:
    whole = dt.timedelta(hours=23, minutes=59, seconds=59)
    known = Published((day(number), day(number) + whole) for number in (10, 20, 30))
    told = spell(None, None) | {"erected_after": day(10), "erected_by": day(20) + whole}
    [row] = cut_presences([told], known)
    assert (row["erected_after"], row["erected_by"]) == (day(10), day(20) + whole)


@given(st.sets(st.integers(0, 99), min_size=1), st.sets(st.integers(0, 99)), st.lists(st.integers(0, 99), max_size=6))
def test_fewer_looks_never_tell_more(all_days: set[int], missing: set[int], turns: list[int]) -> None:
    """Brackets only widen, spells only vanish, and no bracket ends on a look that was not published."""
    days = sorted(all_days)
    told = []
    last = -1
    for turn in sorted(set(turns)):
        later = [d for d in days if d > max(turn, last)]
        before = [d for d in days if last < d <= turn]
        if not later or not before:
            continue
        if told and told[-1]["dismantled_by"] is None:
            told[-1] |= {"dismantled_after": day(before[-1]), "dismantled_by": day(later[0])}
        else:
            told.append(spell((before[-1], later[0]), None, number=len(told)))
        last = later[0]
    published = all_days - missing
    kept = cut_presences(told, looks(*published))
    assert len(kept) <= len(told)
    moments = {day(d) for d in published}
    for row in kept:
        for end in ("erected", "dismantled"):
            after, by = row[f"{end}_after"], row[f"{end}_by"]
            assert (after is None) == (by is None)
            if after is not None:
                assert after in moments
                assert by in moments
                assert after < by
    assert [row["number"] for row in kept] == list(range(len(kept)))
    for one, other in pairwise(kept):
        assert one["dismantled_by"] <= other["erected_after"]


def test_what_was_still_growing_had_the_area_that_was_seen_of_it() -> None:
    phases = [
        {"name": "frame", "after": day(10).isoformat(), "by": day(20).isoformat(), "area_m2": 1300.0},
        {"name": "extension", "after": day(50).isoformat(), "by": day(60).isoformat(), "area_m2": 39000.0},
    ]
    told = [spell((10, 20), None, phases=phases)]
    then, now = looks(0, 10, 20, 30), looks(0, 10, 20, 30, 50, 60)
    assert _area_then(cut_presences(told, then), then)["area_m2"] == 1300.0
    assert _area_then(cut_presences(told, then), then)["area_m2_low"] is None
    assert _area_then(cut_presences(told, now), now) == {}


def test_phases_are_those_that_published_looks_show() -> None:
    def phase(name: str, after: float, by: float) -> dict[str, Any]:
        return {"name": name, "after": day(after).isoformat(), "by": day(by).isoformat(), "area_m2": 100.0}

    told = spell(
        (10, 20), (60, 70), phases=[phase("ground", 10, 20), phase("frame", 20, 30), phase("complete", 40, 50)]
    )

    def shown(*days: float) -> list[tuple[str, float, float]]:
        known = looks(*days)
        [row] = cut_presences([told], known)
        kept = [
            (one["name"], *(dt.datetime.fromisoformat(one[end]) for end in ("after", "by")))
            for one in cut_phases(row, known)
        ]
        return [(name, (after - BEGIN).days, (by - BEGIN).days) for name, after, by in kept]

    assert shown(0, 10, 20, 30, 40, 50) == [("ground", 10, 20), ("frame", 20, 30), ("complete", 40, 50)]
    assert shown(0, 10, 20, 30) == [("ground", 10, 20), ("frame", 20, 30)]
    # Of two that the same look shows first, the earlier one was never seen.
    assert shown(0, 35, 45) == [("frame", 0, 35)]
    # A look at which it was gone shows no phase of it.
    assert shown(0, 35, 40, 75) == [("frame", 0, 35)]
    # Where none lies before it, it began no later than it was seen.
    assert shown(35, 55, 80) == [("frame", 35, 35), ("complete", 35, 55)]


def test_evidence_is_of_published_looks() -> None:
    told = spell((10, 20), (30, 40), evidence=["a", "b", "c", "d"])
    known = Published(((day(n), day(n)) for n in (0, 10, 20)), scenes=["z", "a", "b"])
    assert [row["evidence"] for row in cut_presences([told], known)] == [["a", "b"]]
