"""When a silent catalog is told as stalled, and that sound ones seldom are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sitewatch.cube import (
    Asking,
    Look,
    Outcome,
    Passes,
    Stall,
    feeds_of,
    find_stalls,
    longest_explained,
    stall_document,
)

START = dt.datetime(2025, 1, 1, 10, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
SOUND = 400
"""Records of one kind, of each of which it is asked whether its next gap would be told as a stall."""


def day(number: float) -> dt.datetime:
    return START + dt.timedelta(days=number)


def look(number: float, *, lag_days: float = 0.25, catalog: str = "cat", sensor: str = "sentinel-2") -> Look:
    return Look(
        scene=f"{sensor}-{number}",
        sensor=sensor,
        captured=day(number),
        published=day(number + lag_days),
        published_is_recorded=False,
        outcome=Outcome.COULD_NOT_SEE,
        listed_by=(catalog,),
    )


def record(days: Sequence[float], **told: float) -> list[Look]:
    return [look(number, **told) for number in days]  # type: ignore[arg-type]


def stalls(looks: Sequence[Look], at: float, *, passes: Passes | None = None, **asked: object) -> tuple[Stall, ...]:
    asking = replace(Asking(run=day(at), catalogs=("cat",)), **asked)  # type: ignore[arg-type]
    return find_stalls(looks, asking, site="plant", passes=passes)


def every(step: float, *, sensor: str = "sentinel-2") -> Passes:
    """Passes of one sensor, one every so many days."""

    def passes(name: str, since: dt.datetime, until: dt.datetime) -> list[dt.datetime] | None:
        told = (day(step * n) for n in range(1000))
        return [at for at in told if since <= at < until] if name == sensor else None

    return passes


REGULAR = record(range(0, 100, 5))


def test_silence_is_told_when_it_is_longer_than_three_usual_gaps_and_the_lag() -> None:
    assert stalls(REGULAR, 95 + 15.2) == ()
    (stall,) = stalls(REGULAR, 95 + 19)
    assert stall.sentence == (
        "cat answers, but has listed no sentinel-2 scene of plant for 19 days; usual are 5 days, the most so far 5 "
        "days: the feed may have stalled"
    )
    document = stall_document(stall)
    assert document["days"] == 19
    assert document["sentence"] == stall.sentence
    assert document["passes_not_listed"] is None


def test_a_lag_of_weeks_explains_weeks() -> None:
    slow = record(range(0, 100, 5), lag_days=12)
    assert stalls(slow, 95 + 26) == ()
    assert stalls(slow, 95 + 28) != ()


@pytest.mark.parametrize(
    "asked",
    [{"catalogs": ("folder",)}, {"catalogs": ()}, {"catalogs": (), "unanswered": {"cat": "x"}}, {"until": day(96)}],
)
def test_what_is_a_folder_or_over_or_did_not_answer_does_not_stall(asked: dict[str, object]) -> None:
    looks = [replace(one, listed_by=("folder", "cat")) for one in REGULAR]
    assert stalls(looks, 200) != ()
    assert stalls(looks, 200, **asked) == ()


def test_each_catalog_and_sensor_is_a_feed_of_its_own() -> None:
    others = [look(number, catalog="other") for number in range(0, 200, 5)]
    landsat = [look(number, sensor="landsat") for number in range(0, 200, 8)]
    told = find_stalls([*REGULAR, *others, *landsat], Asking(run=day(200), catalogs=("other", "cat")), site="plant")
    assert [(one.catalog, one.sensor) for one in told] == [("cat", "sentinel-2")]


def test_too_few_gaps_tell_nothing_and_scenes_that_are_gone_do_not_count() -> None:
    assert stalls(record(range(0, 50, 5)), 500) == ()
    assert stalls(record(range(0, 55, 5)), 500) != ()
    gone = [*REGULAR, replace(look(110), unlisted_since=day(111)), replace(look(111), captured=None)]
    assert stalls(gone, 95 + 19) != ()


def test_tiles_of_one_pass_are_one_and_old_habits_are_forgotten() -> None:
    tiles = [look(number + second / 86_400) for number in range(0, 1500, 5) for second in (0, 14)]
    early = [look(number) for number in range(-3000, -10, 16)]
    (feed,) = feeds_of([*early, *tiles], ["cat"])
    assert feed.gaps == pytest.approx(np.full(146, 5.0), abs=0.01)
    assert feeds_of(tiles, ["folder"]) == ()


def test_passes_that_did_not_happen_explain_silence() -> None:
    def none_since(name: str, since: dt.datetime, until: dt.datetime) -> list[dt.datetime] | None:
        return [at for at in every(5)(name, since, until) or () if at <= day(95)]

    assert stalls(REGULAR, 95 + 19) != ()
    assert stalls(REGULAR, 95 + 19, passes=none_since) == ()
    assert stalls(REGULAR, 95 + 59, passes=none_since) == ()
    assert stalls(REGULAR, 95 + 90, passes=none_since) == ()


def test_passes_that_are_missing_are_counted_when_they_should_be_listed() -> None:
    assert stalls(REGULAR, 95 + 15.2, passes=every(5)) == ()
    (stall,) = stalls(REGULAR, 95 + 15.3, passes=every(5))
    assert stall.passes == 3
    assert "usual are 5 days, and 3 passes should have been listed: the feed" in stall.sentence


def test_a_feed_that_lists_one_pass_of_four_is_given_time() -> None:
    rare = record(range(0, 400, 20))
    assert stalls(rare, 380 + 59, passes=every(5)) == ()
    assert [one.passes for one in stalls(rare, 380 + 100, passes=every(5))] == [12]
    assert [one.passes for one in stalls(REGULAR, 95 + 100, passes=every(5))] == [12]


def test_without_the_elements_of_all_satellites_the_record_decides() -> None:
    few = every(10)
    assert [one.passes for one in stalls(REGULAR, 95 + 19, passes=few)] == [None]
    assert [one.passes for one in stalls(REGULAR, 95 + 19, passes=every(5, sensor="landsat"))] == [None]


def alarms(gaps: NDArray[np.float64]) -> int:
    """Of how many records (a row each) the last gap would be told."""
    return sum(bool(row[-1] > longest_explained(row[:-1])) for row in gaps)


def assert_seldom(count: int, of: int) -> None:
    """No more than a chance of 0.005 gives in all but one of a million such tests."""
    mean = 0.005 * of
    assert count <= mean + 5 * np.sqrt(mean) + 2


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.integers(0, 2**32), st.integers(10, 300), st.floats(0.3, 20))
def test_passes_by_chance_seldom_look_stalled(seed: int, gaps: int, mean: float) -> None:
    drawn = np.random.default_rng(seed).exponential(mean, (SOUND, gaps + 1))
    assert_seldom(alarms(drawn), SOUND)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.integers(0, 2**32), st.integers(10, 300), st.floats(0, 0.6), st.floats(0, 0.3))
def test_a_schedule_with_misses_seldom_looks_stalled(seed: int, gaps: int, missed: float, jitter: float) -> None:
    rng = np.random.default_rng(seed)
    drawn = 5.0 * rng.geometric(1 - missed, (SOUND, gaps + 1)) + jitter * rng.standard_normal((SOUND, gaps + 1))
    assert_seldom(alarms(drawn), SOUND)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.integers(0, 2**32), st.floats(0, 0.4), st.floats(0, 1.5), st.sampled_from([2.0, 5.0]))
def test_a_sound_feed_that_is_asked_each_day_is_seldom_told(seed: int, missed: float, lag: float, step: float) -> None:
    """Two orbits in turn, some scenes missing, each published after a lag: asked just before each listing."""
    rng = np.random.default_rng(seed)
    made = [step * n + (0.4 if n % 2 else 0.0) for n in range(260) if rng.random() >= missed]
    looks = [look(at, lag_days=float(rng.exponential(lag))) for at in made]
    told = 0
    asked = range(60, len(looks), 2)
    for n in asked:
        listed = sorted(looks[:n], key=lambda one: one.published)
        just_before = (looks[n].published - HOUR - START) / dt.timedelta(days=1)
        told += bool(stalls([one for one in listed if one.published <= looks[n].published - HOUR], just_before))
    assert_seldom(told, len(asked))


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.integers(0, 2**32), st.integers(10, 300), st.floats(0, 0.4))
def test_a_feed_that_ended_is_told(seed: int, gaps: int, missed: float) -> None:
    """At the latest after twice the longest gap that it had, or ten usual ones."""
    drawn = 5.0 * np.random.default_rng(seed).geometric(1 - missed, gaps)
    assert longest_explained(drawn) <= max(2 * drawn.max(), 10 * np.median(drawn))
