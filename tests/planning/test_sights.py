"""Looks that share their weather: against going through every way in which it may stay or change."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
from chances import day, look
from hypothesis import given, settings
from hypothesis import strategies as st

from sitewatch.planning import (
    Dating,
    Deadline,
    Opportunity,
    Persistence,
    Question,
    Standing,
    best_set,
    worth_of,
    worths,
)
from sitewatch.planning._sights import Sights

COIN = Standing(name="it", at=day(0), known=day(0), up=0.5, erected=0.0, removed=0.0, seen=1.0)
STAYS = Persistence(stays_days=2.0, shared=0.9)


def by_hand(looks: Sequence[Opportunity], weather: Persistence, could: Sequence[bool]) -> float:
    """P(these looks could tell and the others not): every way in which the rank stays, every cell of each rank."""
    order = sorted(range(len(looks)), key=lambda n: looks[n].start)
    edges = sorted({0.0, 1.0, *(one.p_clear for one in looks)})
    total = 0.0
    for stays in itertools.product((False, True), repeat=len(looks) - 1):
        chance, groups = 1.0, [[order[0]]]
        for so, (a, b) in zip(stays, itertools.pairwise(order), strict=True):
            same = math.exp(-(looks[b].start - looks[a].start).total_seconds() / 86_400 / weather.stays_days)
            chance *= same if so else 1 - same
            groups = [*groups[:-1], [*groups[-1], b]] if so else [*groups, [b]]
        for group in groups:
            chance *= sum(
                (high - low)
                * math.prod(_tells(looks[n], weather, (low + high) / 2) if could[n] else
                            1 - _tells(looks[n], weather, (low + high) / 2) for n in group)
                for low, high in itertools.pairwise(edges)
            )  # fmt: skip
        total += chance
    return total


def _tells(one: Opportunity, weather: Persistence, rank: float) -> float:
    q = 0.0 if one.radar else weather.shared
    sharp = 1.0 if one.p_resolved is None else one.p_resolved
    return one.p_pass * sharp * (q * (rank < one.p_clear) + (1 - q) * one.p_clear)


def some(times: Sequence[float], clear: Sequence[float], *, radar: int | None = None) -> list[Opportunity]:
    made = [look(t, c) for t, c in zip(times, clear, strict=True)]
    return [dataclasses.replace(one, p_pass=0.9, p_resolved=0.8, radar=n == radar) for n, one in enumerate(made)]


LOOKS = some([3.0, 0.2, 0.9, 5.0], [0.6, 0.4, 0.4, 0.7])


def test_chances_are_those_of_going_through_everything() -> None:
    sights = Sights(LOOKS, weather=STAYS)
    cases = np.array(list(itertools.product((False, True), repeat=3)))
    for number in range(4):
        taken = [n for n in range(4) if n != number]
        for case, told in zip(cases, sights.given(number, taken, cases), strict=True):
            known = dict(zip(taken, case.tolist(), strict=True))
            yes, no = (by_hand(LOOKS, STAYS, [{**known, number: so}[n] for n in range(4)]) for so in (True, False))
            assert told == pytest.approx(yes / (yes + no), abs=1e-12)


def test_a_coin_is_worth_the_chance_that_any_look_can_tell() -> None:
    for radar in (None, 2):
        looks = some([3.0, 0.2, 0.9, 5.0], [0.6, 0.4, 0.4, 0.7], radar=radar)
        none = by_hand(looks, STAYS, [False] * 4)
        # One part in ten thousand is shown where it is not: hence not to the last digit.
        assert worth_of(COIN, looks, weather=STAYS) == pytest.approx(1 - none, abs=2e-3)


def test_brackets_are_what_going_through_everything_gives() -> None:
    question = Dating(name="it", after=day(0), by=day(8), seen=1.0)

    def length(sure: Sequence[float]) -> float:
        return sum((b - a) ** 2 for a, b in itertools.pairwise([0.0, *sorted(sure), 8.0])) / 8

    times = [3.0, 0.2, 0.9, 5.0]
    left = sum(
        by_hand(LOOKS, STAYS, could) * length([t for t, so in zip(times, could, strict=True) if so])
        for could in itertools.product((False, True), repeat=4)
    )
    assert worth_of(question, LOOKS, weather=STAYS) == pytest.approx(8 - left, abs=1e-9)


def test_two_passes_of_one_day_are_worth_less_together_than_two_a_fortnight_apart() -> None:
    alone = worths(COIN, [look(0.0, 0.5)])[0]
    near, far = (worth_of(COIN, [look(0.0, 0.5), look(d, 0.5)], weather=STAYS) for d in (0.02, 14.0))
    apart = worth_of(COIN, [look(0.0, 0.5), look(0.02, 0.5)])
    assert alone < near < far
    assert far == pytest.approx(apart, abs=1e-3)
    # Fully shared weather that never turns: the second look sees what the first one saw.
    still = Persistence(stays_days=1e9, shared=1.0)
    assert worth_of(COIN, [look(0.0, 0.5), look(0.02, 0.5)], weather=still) == pytest.approx(alone, abs=2e-3)


def test_the_second_look_is_chosen_in_other_weather() -> None:
    looks = [look(6.0, 0.5), look(6.05, 0.5), look(9.5, 0.5)]
    question = Deadline(name="it", day=day(6), after=day(0), by=day(12), seen=1.0)
    alone, shared = (best_set(question, looks, most=2, weather=w) for w in (None, Persistence(stays_days=3, shared=1)))
    assert {one.number for one in alone.chosen} == {0, 1}
    assert {one.number for one in shared.chosen} == {0, 2}


@settings(max_examples=15, deadline=None)
@given(
    times=st.lists(st.floats(0, 20), min_size=1, max_size=6),
    clear=st.lists(st.floats(0.05, 0.95), min_size=6, max_size=6),
    numbers=st.tuples(st.floats(0.1, 30), st.floats(0, 1)),
    kind=st.sampled_from(["bracket", "standing", "deadline"]),
)
def test_shared_weather_changes_no_look_by_itself(
    times: list[float], clear: list[float], numbers: tuple[float, float], kind: str
) -> None:
    weather = Persistence(stays_days=numbers[0], shared=numbers[1])
    looks = [look(t, c) for t, c in zip(times, clear, strict=False)]
    questions: dict[str, Question] = {
        "bracket": Dating(name="it", after=day(-1), by=day(21)),
        "standing": dataclasses.replace(COIN, at=day(12), erected=0.05, removed=0.05, seen=0.8),
        "deadline": Deadline(name="it", day=day(10), after=day(-1), by=day(21)),
    }
    question = questions[kind]
    alone = worths(question, looks)
    for one, told in zip(looks, alone, strict=True):
        assert worth_of(question, [one], weather=weather) == pytest.approx(told, abs=1e-9)
    together = worth_of(question, looks, weather=weather)
    assert max(alone) - 1e-3 <= together <= question.gains(looks).open + 1e-9
    independent = dataclasses.replace(weather, shared=0.0)
    assert worth_of(question, looks, weather=independent) == pytest.approx(worth_of(question, looks), abs=1e-9)
