"""P(clear) from a ledger."""

import datetime as dt
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sitewatch.cube import BESIDE, Look, Outcome
from sitewatch.planning import LAND_CLEAR, Persistence, clear_odds, was_clear
from sitewatch.planning._persistence import fit_persistence, independent_share

START = dt.datetime(2023, 1, 1, 10, 30, tzinfo=dt.UTC)
NOON = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


def look(
    day: float,
    *,
    clear: bool = True,
    sensor: str = "sentinel-2",
    outcome: Outcome | None = None,
    hour: int | None = None,
    **more: Any,
) -> Look:
    when = START + dt.timedelta(days=float(day))
    if hour is not None:
        when = when.replace(hour=hour)
    return Look(
        scene=f"{sensor} {day} {hour}", sensor=sensor, captured=when, published=when, published_is_recorded=False,
        outcome=outcome or (Outcome.USED if clear else Outcome.COULD_NOT_SEE),
        **{"clear_share": 1.0 if clear else 0.0, **more},
    )  # fmt: skip


def test_an_empty_ledger_gives_the_mean_over_land_and_says_how_little_it_knows() -> None:
    odds = clear_odds([])
    assert odds.chance(NOON) == pytest.approx(LAND_CLEAR)
    low, high = odds.interval(NOON)
    assert low < 0.1
    assert high > 0.8
    assert odds.season_days is None


def test_few_looks_are_counted_on_top_of_two_of_the_mean_over_land() -> None:
    # Far apart and alternating: no season is found in them, and none hides behind another.
    odds = clear_odds([look(0), look(400), look(800, clear=False)])
    assert odds.season_days is None
    w = odds.weight
    assert w == pytest.approx(1.0, abs=1e-6)
    assert odds.chance(NOON) == pytest.approx((2 * LAND_CLEAR + 2) / (2 + 3), abs=1e-6)


def test_failed_and_rejected_looks_say_nothing_of_the_weather() -> None:
    ledger = [look(0), look(90, clear=False), look(180)]
    silent = [
        look(3, outcome=Outcome.FAILED, clear_share=None),
        look(5, outcome=Outcome.REJECTED),
        look(7, outcome=Outcome.COULD_NOT_SEE, clear_share=0.0, reason=BESIDE),
        Look(scene="x", sensor="s", captured=None, published=START, published_is_recorded=True, outcome=Outcome.USED),
    ]
    assert [was_clear(k) for k in silent] == [None] * 4
    assert clear_odds(ledger + silent) == clear_odds(ledger)
    assert clear_odds(ledger + silent).chance(NOON) == clear_odds(ledger).chance(NOON)


def test_a_used_look_that_sees_too_little_was_not_clear() -> None:
    assert was_clear(look(0, clear_share=0.69)) is False
    assert was_clear(look(0, clear_share=0.70)) is True
    assert was_clear(look(0, clear_share=0.5), least_clear=0.5) is True
    assert was_clear(look(0, clear_share=None)) is True
    assert was_clear(look(0, clear=False, clear_share=0.9)) is False  # snow: nothing was seen


def test_season_is_learned_where_there_is_one() -> None:
    rng = np.random.default_rng(1)
    days = np.arange(0, 730, 3)
    p = 0.5 + 0.4 * np.cos(2 * np.pi * days / 365.25)
    odds = clear_odds([look(d, clear=rng.random() < q) for d, q in zip(days.tolist(), p.tolist(), strict=True)])
    assert odds.season_days is not None
    assert odds.chance(dt.datetime(2026, 1, 1, tzinfo=dt.UTC)) > 0.75
    assert odds.chance(dt.datetime(2026, 7, 1, tzinfo=dt.UTC)) < 0.25


def test_the_year_ends_without_a_step() -> None:
    odds = clear_odds([look(d, clear=(d % 365) < 180) for d in range(0, 730, 4)])
    assert odds.season_days is not None
    for year in (2024, 2025, 2028):
        end = dt.datetime(year, 12, 31, 23, 59, tzinfo=dt.UTC)
        step = odds.chance(end + dt.timedelta(minutes=2)) - odds.chance(end)
        assert abs(step) < 1e-3
    assert 0 < odds.chance(dt.datetime(9999, 12, 31, 23, tzinfo=dt.UTC)) < 1


def test_hours_count_only_where_looks_have_several() -> None:
    rng = np.random.default_rng(4)
    morning = [look(d, clear=rng.random() < 0.3, hour=10) for d in range(0, 600, 3)]
    one = clear_odds(morning)
    assert one.other_hours == 1
    assert one.chance(NOON.replace(hour=10)) == pytest.approx(one.chance(NOON.replace(hour=17)), abs=1e-3)
    evening = [look(d + 1, clear=rng.random() < 0.8, hour=17) for d in range(0, 600, 2)]
    both = clear_odds(morning + evening)
    assert both.other_hours < 1
    assert both.chance(NOON.replace(hour=17)) > both.chance(NOON.replace(hour=10)) + 0.2


def test_looks_around_midnight_have_one_hour() -> None:
    odds = clear_odds([look(d, clear=d % 2 == 0, hour=23 if d % 4 < 2 else 0) for d in range(0, 400, 5)])
    assert odds.other_hours == 1


def test_dates_without_a_time_are_looks_of_unknown_hour() -> None:
    assert clear_odds([look(d, whole_day=True, clear=d % 2 == 0) for d in range(40)]).looks == 40


def test_radar_sees_through_cloud() -> None:
    odds = clear_odds([look(d, clear=False) for d in range(0, 300, 5)])
    assert odds.chance(NOON) < 0.2
    assert odds.chance(NOON, radar=True) == pytest.approx(0.95)
    radar = [look(d, sensor="sentinel-1", clear=d > 20) for d in range(0, 100, 5)]
    worse = clear_odds(radar)
    assert worse.looks == 0  # they say nothing of cloud
    assert worse.radar_chance == pytest.approx((19 + 15) / 40)
    low, high = worse.interval(NOON, radar=True)
    assert low < worse.radar_chance < high


def test_neighbours_stand_in_for_a_new_site_and_yield_to_an_old_one() -> None:
    dry = [look(d, clear=d % 20 != 0) for d in range(0, 700, 5)]
    new = clear_odds([], neighbours=[dry])
    assert new.neighbour_looks > 0
    assert new.chance(NOON) > 0.65
    wet = [look(d, clear=d % 20 == 0) for d in range(0, 700, 4)]
    old = clear_odds(wet, neighbours=[dry])
    assert old.neighbour_looks < 10
    assert old.chance(NOON) < 0.35
    assert clear_odds([], neighbours=[[], []]).chance(NOON) == pytest.approx(LAND_CLEAR)


def test_neighbours_never_make_the_unknown_surer_than_they_may() -> None:
    dry = [look(d) for d in range(0, 1000, 2)]
    low, high = clear_odds([], neighbours=[dry]).interval(NOON)
    assert high - low > 0.03  # 500 clear looks elsewhere count as ten here


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 900), st.booleans()), max_size=25), st.floats(0, 800))
def test_chances_are_chances(ledger: list[tuple[float, bool]], later: float) -> None:
    odds = clear_odds([look(d, clear=c) for d, c in ledger])
    when = START + dt.timedelta(days=later)
    low, high = odds.interval(when)
    assert 0 < low < odds.chance(when) + 0.2
    assert odds.chance(when) - 0.2 < high < 1
    assert low < high
    assert 0 < odds.weight <= 1


@pytest.mark.parametrize("times", [2, 8])
def test_more_looks_tell_it_narrower(times: int) -> None:
    few = [look(45 * d, clear=d % 2 == 0) for d in range(16)]
    many = [look(45 * d + 400 * 45 * k, clear=d % 2 == 0) for d in range(16) for k in range(times)]
    narrow, wide = (np.diff(clear_odds(k).interval(NOON))[0] for k in (many, few))
    assert narrow < wide


def test_order_does_not_matter_and_times_may_be_of_any_zone() -> None:
    ledger = [look(d, clear=d % 3 == 0) for d in range(0, 200, 7)]
    there = dt.timezone(dt.timedelta(hours=9))
    odds = clear_odds(ledger)
    assert clear_odds(ledger[::-1]) == odds
    assert odds.chance(NOON.astimezone(there)) == odds.chance(NOON)
    with pytest.raises(ValueError, match="time zone"):
        odds.chance(NOON.replace(tzinfo=None))


@pytest.mark.parametrize("least", [0, -1, 1.1, math.nan])
def test_a_clear_look_must_see_something(least: float) -> None:
    with pytest.raises(ValueError, match="clear look"):
        clear_odds([], least_clear=least)


def test_persistence_is_found_in_weather_that_stays_and_not_in_dice() -> None:
    rng = np.random.default_rng(3)
    days = np.arange(400.0)
    half = np.full(400, 0.5)
    dice = rng.random(400) < 0.5
    rank, spells = rng.random(), []
    for _ in days:
        rank = rank if rng.random() < math.exp(-1 / 4) else rng.random()
        spells.append(rank < 0.5)
    stays = fit_persistence(days, half, np.array(spells))
    assert stays.correlation(1) == pytest.approx(math.exp(-1 / 4), abs=0.15)
    assert fit_persistence(days, half, dice).correlation(1) < 0.12


def test_looks_that_share_their_weather_count_for_less() -> None:
    stays = Persistence(stays_days=2.0, shared=1.0)
    r = math.exp(-1 / 2)
    assert independent_share(np.array([0.0, 1.0]), stays) == pytest.approx(2 / (2 + 2 * r))
    assert independent_share(np.array([0.0, 1000.0]), stays) == pytest.approx(1.0)
    assert independent_share(np.zeros(0), stays) == 1
