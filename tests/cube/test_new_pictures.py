"""Which pictures are new and good, how they came, and that none is told twice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from sitewatch.archive import Notice, What
from sitewatch.cube import Arrival, GoodShare, Look, NewPicture, Outcome, new_pictures, picture_document

NOW = dt.datetime(2026, 11, 21, 6, tzinfo=dt.UTC)


def ago(days: float) -> dt.datetime:
    return NOW - dt.timedelta(days=days)


def look(days: float, scene: str = "", *, lag_days: float = 0.1, **told: Any) -> Look:
    """A used look, captured so many days before the run."""
    usual: dict[str, Any] = {
        "scene": scene or f"s{days:g}",
        "sensor": "sentinel-2",
        "captured": ago(days),
        "published": ago(days - lag_days),
        "published_is_recorded": False,
        "outcome": Outcome.USED,
        "clear_share": 0.97,
        "listed_by": ("cat",),
    }
    return Look(**usual | told)


OLD = [look(days) for days in range(20, 1000, 5)]


def told(looks: Sequence[Look], before: Sequence[Look] = OLD, **more: Any) -> list[tuple[str, str]]:
    return [(one.look.scene, one.arrival.value) for one in pictures(looks, before, **more)]


def pictures(looks: Sequence[Look], before: Sequence[Look] = OLD, **more: Any) -> tuple[NewPicture, ...]:
    return new_pictures(looks, before=before, site="plant", now=NOW, **more)


def late(scene: str, what: What = What.LATE) -> Notice:
    return Notice(what=what, scene=scene, captured=NOW, days_late=1)


def test_a_new_picture_is_told_in_one_line() -> None:
    new = look(0, "S2B_1", captured=dt.datetime(2026, 11, 20, 10, 23, tzinfo=dt.UTC))
    new = replace(new, published=dt.datetime(2026, 11, 20, 12, 20, tzinfo=dt.UTC))
    (picture,) = pictures([*OLD, new])
    assert picture.sentence == (
        "new good picture of plant: S2B_1, taken 2026-11-20 10:23 UTC, published 2 h later, 97 % clear"
    )
    document = picture_document(picture)
    assert (document["scene"], document["arrival"], document["sentence"]) == ("S2B_1", "on time", picture.sentence)


def test_a_picture_of_a_time_to_come_is_no_news() -> None:
    assert told([*OLD, look(-0.1), look(-400, "wrong year"), look(1)]) == [("s1", "on time")]


def test_what_was_used_before_is_not_new() -> None:
    assert told([*OLD, look(3)], [*OLD, look(3)]) == []
    hidden = look(3, outcome=Outcome.COULD_NOT_SEE)
    assert told([*OLD, look(3)], [*OLD, hidden]) == [("s3", "on time")]
    assert told([*OLD, hidden]) == []
    assert told([*OLD, look(3, captured=None)]) == []


def test_measured_a_little_clearer_than_before_it_is_not_new() -> None:
    assert told([*OLD, look(3, clear_share=0.9)], [*OLD, look(3, clear_share=0.89)]) == []


@pytest.mark.parametrize(("share", "good"), [(None, False), (0.0, False), (0.8999, False), (0.9, True), (1.0, True)])
def test_good_is_what_reaches_the_share(share: float | None, *, good: bool) -> None:
    assert bool(told([*OLD, look(3, clear_share=share)])) is good


def test_sub_areas_that_are_asked_for_must_be_clear_too() -> None:
    least = GoodShare(site=0.5, areas={"pad": 0.95})
    for areas, good in (({"pad": 0.95}, True), ({"pad": 0.94, "hall": 1.0}, False), ({}, False)):
        new = look(3, clear_share=0.6, clear_share_of_areas=areas)
        assert bool(told([*OLD, new], good=least)) is good
    (picture,) = pictures([look(3, clear_share_of_areas={"pad": 1.0})], good=least)
    assert picture.sentence.endswith("97 %, pad 100 % clear")


def test_radar_is_never_clouded_and_so_no_news() -> None:
    assert told([*OLD, look(3, "r", sensor="sentinel-1"), look(4)], radar={"r"}) == [("s4", "on time")]


def test_a_first_run_over_years_tells_of_the_last_days_only() -> None:
    looks = [look(days) for days in range(2, 1000, 5)]
    assert told(looks, ()) == [("s12", "on time"), ("s7", "on time"), ("s2", "on time")]


def test_a_first_run_does_not_know_when_a_scene_came_where_nobody_tells() -> None:
    recorded = [look(days, published=NOW, published_is_recorded=True) for days in range(8, 1000, 5)]
    (new, _) = reversed(pictures(recorded, ()))
    assert new.arrival is Arrival.NOT_KNOWN
    assert new.sentence == "new good picture of plant: s8, taken 2026-11-13 06:00 UTC, 97 % clear"


def test_a_longer_period_makes_no_old_picture_new() -> None:
    assert told([*OLD, *(look(days) for days in range(1000, 2000, 5))]) == []


def test_what_came_since_a_run_of_long_ago_is_new() -> None:
    before = [look(days) for days in range(60, 500, 5)]
    assert told([*before, look(40), look(1)], before) == [("s40", "on time"), ("s1", "on time")]


@pytest.mark.parametrize(
    ("days", "lag_days", "what", "arrival"),
    [
        # Newer than all before, published soon: the usual one. Published weeks later: late.
        (3, 0.2, None, "on time"),
        (13, 12, None, "late"),
        # Older than one that was listed: it came late, and if it is old it was back-filled.
        (13, 0.1, What.LATE, "late"),
        (200, 0.1, What.LATE, "back-filled"),
        (200, 199, What.LATE, "back-filled"),
        # Published after the run before, and long after its capture.
        (200, 199, What.BACK_FILLED, "back-filled"),
        (13, 12, What.BACK_FILLED, "back-filled"),
    ],
)
def test_both_times_tell_how_it_came(days: float, lag_days: float, what: What | None, arrival: str) -> None:
    notices = [] if what is None else [late("new", what)]
    assert told([*OLD, look(days + 0.5, "new", lag_days=lag_days)], notices=notices) == [("new", arrival)]


def test_what_is_back_filled_is_another_event() -> None:
    (old,) = pictures([look(200.5, "o", lag_days=199)], notices=[late("o", What.BACK_FILLED)])
    assert old.title == "back-filled good picture"
    assert old.sentence.startswith(
        "back-filled good picture of plant: o, taken 2026-05-04 18:00 UTC, published 199 days"
    )


def test_of_one_pass_the_clearest_is_told_and_only_once() -> None:
    second = dt.timedelta(seconds=14)
    tile = look(3, "tile", captured=ago(3) + second, clear_share=0.95)
    assert told([*OLD, tile, look(3, "clear")]) == [("clear", "on time")]
    assert told([*OLD, tile, look(3, "clear")], [*OLD, look(3, "clear")]) == []
    assert told([*OLD, look(3, "renamed")], [*OLD, look(3)]) == []
    part = look(3, "part", captured=ago(3) + second, clear_share=0.3)
    assert told([*OLD, part, look(3, "whole")], [*OLD, part]) == [("whole", "on time")]
    assert told([*OLD, look(3), look(3, "l", sensor="landsat")]) == [("l", "on time"), ("s3", "on time")]


def test_a_picture_of_which_only_the_day_is_known() -> None:
    day = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    (picture,) = pictures([*OLD, look(0, "d", captured=day, whole_day=True, published=NOW)])
    assert "d, taken 2026-11-20, published 30 h later" in picture.sentence
    assert picture_document(picture)["captured"] == "2026-11-20"
