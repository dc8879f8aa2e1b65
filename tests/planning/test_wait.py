"""How long until a clear look."""

import dataclasses
import datetime as dt
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sitewatch.cube import Look, Outcome
from sitewatch.planning import (
    ClearOdds,
    Option,
    Pass,
    Persistence,
    Wait,
    Waits,
    clear_odds,
    wait_distribution,
    wait_on_any_day,
    wait_with,
)
from sitewatch.planning._earth import Floats

START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
INDEPENDENT = Persistence(stays_days=1e-6, shared=1.0)


@dataclasses.dataclass(frozen=True)
class Fixed:
    """Odds that are known exactly."""

    p: float = 0.5
    persistence: Persistence = INDEPENDENT
    least_clear: float = 0.7
    radar_sensors: frozenset[str] = frozenset({"sentinel-1"})
    swing: float = 0.0

    def chance(self, when: dt.datetime, *, radar: bool = False) -> float:
        return 0.9 if radar else self.p + self.swing * math.cos(when.timestamp() / 86400)

    def quantiles(self, when: dt.datetime, levels: Sequence[float] | Floats, *, radar: bool = False) -> Floats:
        return np.full(len(levels), self.chance(when, radar=radar))


def one(day: float, *, sensor: str = "sentinel-2", **more: Any) -> Pass:
    return Pass(
        satellite="s", number=1, sensor=sensor, start=START + dt.timedelta(days=day), direction="descending",
        relative_orbit=1, row=None, off_nadir=1.0, incidence=1.0, side="right", margin_km=9.0, sun_elevation=40.0,
        solar_time=10.5, epoch=None, age_days=None, error_s=None, edge_error_km=None, **{"share": 1.0, **more},
    )  # fmt: skip


def look(day: float, *, clear: bool) -> Look:
    when = START + dt.timedelta(days=day)
    outcome = Outcome.USED if clear else Outcome.COULD_NOT_SEE
    return Look(
        scene=str(day), sensor="sentinel-2", captured=when, published=when, published_is_recorded=False,
        outcome=outcome, clear_share=float(clear),
    )  # fmt: skip


def test_independent_passes_by_hand() -> None:
    wait = wait_distribution([one(d) for d in (1, 3, 5)], Fixed(0.5), start=START, horizon=7)
    assert wait.days == pytest.approx((1, 3, 5))
    assert wait.seen == pytest.approx((0.5, 0.75, 0.875))
    assert wait.within == pytest.approx((0, 0.5, 0.5, 0.75, 0.75, 0.875, 0.875, 0.875))
    assert wait.unseen == pytest.approx(0.125)
    assert wait.mean == pytest.approx(0.5 * 1 + 0.25 * 3 + 0.125 * 5 + 0.125 * 7)
    assert wait.quantile(0.5) == pytest.approx(1)
    assert wait.quantile(0.75) == pytest.approx(3)
    assert wait.quantile(0.9) is None


def test_numbersthat_stays_by_hand() -> None:
    stay = Persistence(stays_days=2.0, shared=0.9)
    p, q, e = 0.4, 0.9, math.exp(-1)
    wait = wait_distribution([one(d) for d in (1, 3)], Fixed(p, stay), start=START)
    # Both covered: correlation q^2 e between two looks of one chance.
    both = (1 - p) ** 2 + q**2 * e * p * (1 - p)
    assert wait.seen == pytest.approx((p, 1 - both))
    assert wait.horizon == pytest.approx(3)


def test_three_passes_under_whole_persistence_by_hand() -> None:
    stay = Persistence(stays_days=2.0, shared=1.0)
    p, e = 0.4, math.exp(-1)
    wait = wait_distribution([one(d) for d in (1, 3, 5)], Fixed(p, stay), start=START)
    covered = (1 - p) * (e + (1 - e) * (1 - p)) ** 2  # a Markov chain of covered looks
    assert wait.seen[-1] == pytest.approx(1 - covered)


def test_the_wait_is_what_drawn_numbersgives() -> None:
    rng = np.random.default_rng(0)
    odds = Fixed(0.4, Persistence(stays_days=3.0, shared=0.8), swing=0.25)
    passes = [one(d) for d in (0.5, 2, 2.1, 6, 7)]
    wait = wait_distribution(passes, odds, start=START)
    covered, draws = np.ones(20000, dtype=bool), 20000
    rank, last, seen = rng.random(draws), 0.5, []
    for day, each in zip(wait.days, passes, strict=True):
        anew = rng.random(draws) > math.exp(-(day - last) / 3)
        rank, last = np.where(anew, rng.random(draws), rank), day
        felt = np.where(rng.random(draws) < 0.8, rank, rng.random(draws))
        covered &= felt >= odds.chance(each.start)
        seen.append(1 - covered.mean())
    assert wait.seen == pytest.approx(seen, abs=0.015)


def test_what_was_seen_before_bears_on_what_comes() -> None:
    odds = Fixed(0.5, Persistence(stays_days=2.0, shared=1.0))
    passes, e = [one(1)], math.exp(-1)
    after = {c: wait_distribution(passes, odds, start=START, looks=[look(-1, clear=c)]).seen[0] for c in (True, False)}
    assert after[True] == pytest.approx(e + (1 - e) * 0.5)
    assert after[False] == pytest.approx((1 - e) * 0.5)
    ignored = [look(-100, clear=False), look(0.5, clear=False)]  # long past, and not yet
    assert wait_distribution(passes, odds, start=START, looks=ignored).seen[0] == pytest.approx(0.5)


def test_radar_is_independent_of_cloud() -> None:
    stay = Persistence(stays_days=50.0, shared=1.0)
    wait = wait_distribution([one(1), one(2, sensor="sentinel-1"), one(3)], Fixed(0.5, stay), start=START)
    assert wait.seen[1] == pytest.approx(1 - 0.5 * 0.1)
    covered = 0.5 * (math.exp(-2 / 50) + (1 - math.exp(-2 / 50)) * 0.5)
    assert wait.seen[2] == pytest.approx(1 - covered * 0.1)


def test_only_passes_that_will_show_the_site_count() -> None:
    odds = Fixed(0.5)
    passes = [one(-1), one(1, planned=False), one(2, share=0.6), one(3, planned=True)]
    assert wait_distribution(passes, odds, start=START).days == pytest.approx((3,))


def test_without_passes_nothing_is_seen() -> None:
    wait = wait_distribution([], Fixed(), start=START, horizon=10)
    assert wait.unseen == 1
    assert wait.mean == 10
    assert wait.quantile(0.1) is None
    assert wait.within == (0.0,) * 11
    assert wait_distribution([], Fixed(), start=START).horizon == 0
    with pytest.raises(ValueError, match="10 days"):
        wait.by(11)


def test_times_need_a_zone_and_periods_a_length() -> None:
    with pytest.raises(ValueError, match="time zone"):
        wait_distribution([], Fixed(), start=START.replace(tzinfo=None))
    with pytest.raises(ValueError, match="horizon"):
        wait_distribution([], Fixed(), start=START, horizon=-1)
    with pytest.raises(ValueError, match="period"):
        wait_on_any_day([], Fixed(), since=START, until=START)


def test_uncertain_odds_make_long_waits_likelier() -> None:
    known, unknown = Fixed(0.45), clear_odds([])
    passes = [one(d) for d in range(1, 30, 3)]
    waits = [wait_distribution(passes, o, start=START) for o in (known, unknown)]
    assert waits[1].unseen > waits[0].unseen + 0.03


def test_any_day_is_the_mean_of_the_days() -> None:
    passes = [one(d) for d in np.arange(0.4, 60, 4).tolist()]
    odds = Fixed(0.6, Persistence(stays_days=1.5, shared=0.9))
    until = START + dt.timedelta(days=20)
    whole = wait_on_any_day(passes, odds, since=START, until=until, horizon=20)
    starts = [START + dt.timedelta(hours=25 * n) for n in range(20)]
    each = [wait_distribution(passes, odds, start=s, horizon=20) for s in starts]
    assert whole.within == pytest.approx(np.mean([w.within for w in each], axis=0))
    assert whole.mean == pytest.approx(np.mean([w.mean for w in each]))


def test_the_sentence() -> None:
    free = Wait(days=(1.0, 5.2, 9.0), seen=(0.3, 0.82, 0.9), horizon=20)
    daily = Wait(days=(0.4, 0.9), seen=(0.5, 0.85), horizon=20)
    waits = Waits(free=free, options={"PlanetScope": daily})
    assert waits.sentence() == (
        "with what is free, an erection on any day is seen within 6 days in 8 of 10 cases; with PlanetScope within 1"
    )
    assert waits.sentence(level=0.95) == (
        "with what is free, an erection on any day is not seen within 20 days in 9.5 of 10 cases; "
        "with PlanetScope not within 20 days either"
    )
    rare = Waits(free=Wait(days=(), seen=(), horizon=20), options={"X": daily})
    assert rare.sentence().endswith("is not seen within 20 days in 8 of 10 cases; with X within 1 day")


DAYS = st.lists(st.floats(0, 30), max_size=12)
CHANCES = st.floats(0.05, 0.95)


@settings(max_examples=60, deadline=None)
@given(DAYS, DAYS, st.tuples(CHANCES, CHANCES), st.tuples(st.floats(0.1, 30), st.floats(0, 1)), st.booleans())
def test_an_option_never_lengthens_the_wait(
    free: list[float], more: list[float], chances: tuple[float, float], numbers: tuple[float, float], radar: bool
) -> None:
    (p, q), (stays, shared) = chances, numbers
    weather = Persistence(stays_days=stays, shared=shared)
    sensor = "sentinel-1" if radar else "planetscope"
    waits = wait_with(
        Option(name="free", passes=tuple(one(d) for d in free), odds=Fixed(p, weather, swing=0.04)),
        [Option(name="X", passes=tuple(one(d, sensor=sensor) for d in more), odds=Fixed(q, weather))],
        since=START, until=START + dt.timedelta(days=5), horizon=20,
    )  # fmt: skip
    with_x = waits.options["X"]
    grid = np.linspace(0, 20, 50).tolist()
    assert all(with_x.by(d) >= waits.free.by(d) - 1e-9 for d in grid)
    assert with_x.mean <= waits.free.mean + 1e-9
    assert all(0 <= c <= 1 for c in with_x.seen)
    assert all(b >= a for a, b in zip(with_x.seen, with_x.seen[1:], strict=False))


def pits(*, told: Callable[[ClearOdds], ClearOdds], stays: float, sites: int = 12, seed: int = 5) -> Floats:
    """PIT of the waits from every 15th day of a third year, told by `told(odds)`, of weather that stays so long."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(sites):
        z, level, swing = 0.0, rng.normal(0, 0.6), rng.uniform(0, 1.2)
        days = np.arange(0, 1200, 3.0)
        clear = []
        for day in days:
            z = z * math.exp(-3 / stays) + rng.normal() * math.sqrt(1 - math.exp(-6 / stays))
            clear.append(z < level + swing * math.cos(2 * math.pi * day / 365.25))
        first = START - dt.timedelta(days=730)
        ledger = [
            dataclasses.replace(look(d - 730.0, clear=c), scene=str(d))
            for d, c in zip(days, clear, strict=True)
            if d < 730
        ]
        odds = told(clear_odds(ledger))
        passes = [one(d - 730.0) for d in days]
        for begin in range(730, 1090, 15):
            wait = wait_distribution(passes, odds, start=first + dt.timedelta(days=begin), horizon=60)
            ahead = [c for d, c in zip(days, clear, strict=True) if d >= begin][: len(wait.seen)]
            n = ahead.index(True) if True in ahead else len(wait.seen)
            steps = (0.0, *wait.seen, 1.0)
            found.append(steps[n] + rng.random() * (steps[n + 1] - steps[n]))
    return np.array(found)


def distance(values: Floats) -> float:
    ranked = np.sort(values)
    even = np.arange(len(ranked) + 1) / len(ranked)
    return float(max((even[1:] - ranked).max(), (ranked - even[:-1]).max()))


def test_waits_come_true_as_told() -> None:
    values = pits(told=lambda odds: odds, stays=4.0)
    assert distance(values) < 0.06
    assert 0.73 < (np.abs(values - 0.5) < 0.4).mean() < 0.87


def test_waits_that_take_passes_as_independent_do_not() -> None:
    values = pits(told=lambda odds: dataclasses.replace(odds, persistence=INDEPENDENT), stays=8.0)
    better = pits(told=lambda odds: odds, stays=8.0)
    assert distance(values) > 0.09
    assert distance(better) < distance(values) - 0.02
