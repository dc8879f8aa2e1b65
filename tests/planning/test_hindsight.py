"""Odds scored against what was seen: nothing is told from what comes later."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math

import numpy as np
import pytest

from sitewatch.cube import Look, Outcome
from sitewatch.planning import CoverForecast, clear_odds, score_odds

START = dt.datetime(2024, 1, 1, 10, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def look(day: float, *, clear: bool, scene: str = "") -> Look:
    return Look(
        scene=scene or f"{day}", sensor="sentinel-2", captured=START + day * DAY, published=START,
        published_is_recorded=False, clear_share=float(clear),
        outcome=Outcome.USED if clear else Outcome.COULD_NOT_SEE,
    )  # fmt: skip


def seasons(*, years: int, seed: int = 3) -> list[Look]:
    """Clear in one half of the year with .9, in the other with .1."""
    rng = np.random.default_rng(seed)
    days = np.arange(0, 365 * years, 12.0)
    return [look(float(d), clear=bool(rng.random() < 0.5 + 0.4 * math.sin(2 * math.pi * d / 365.25))) for d in days]


def test_few_passes_have_no_score() -> None:
    assert score_odds([]) is None
    assert score_odds([look(float(n), clear=True) for n in range(10)]) is None
    assert score_odds([look(float(n), clear=True) for n in range(11)]) is not None


def test_a_season_that_is_learned_beats_the_share_so_far() -> None:
    found = score_odds(seasons(years=6))
    assert found is not None
    assert found.usual.difference_interval[1] < 0
    assert found.ledger.brier < found.usual.brier


def test_each_pass_is_told_from_the_looks_before_it() -> None:
    """Below fifty passes odds are learned for each: the score is that of odds learned by hand from what came before."""
    ledger = seasons(years=1)
    found = score_odds(ledger)
    assert found is not None
    errors = []
    for n in range(10, len(ledger)):
        when = ledger[n].captured
        assert when is not None
        errors.append((clear_odds(ledger[:n]).chance(when) - (ledger[n].outcome is Outcome.USED)) ** 2)
    assert found.ledger.n == len(errors)
    assert found.ledger.brier == pytest.approx(sum(errors) / len(errors))


def test_what_comes_later_changes_nothing_before() -> None:
    ledger = seasons(years=1)
    turned = [*ledger[:-1], dataclasses.replace(ledger[-1], outcome=Outcome.COULD_NOT_SEE, clear_share=0.0)]
    as_it_was = [*ledger[:-1], dataclasses.replace(ledger[-1], outcome=Outcome.USED, clear_share=1.0)]
    scores = [score_odds(one) for one in (turned, as_it_was)]
    told = [one.ledger.mean_chance for one in scores if one is not None]
    assert told[0] == told[1]


def test_scenes_of_one_pass_count_once_and_clear_if_one_was() -> None:
    ledger = seasons(years=1)
    twice = [*ledger, *(look(n.captured_day + 0.001, clear=False, scene=f"tile-{n.scene}") for n in _days(ledger))]
    one, two = score_odds(ledger), score_odds(twice)
    assert one is not None
    assert two is not None
    assert (two.ledger.n, two.ledger.event_rate) == (one.ledger.n, one.ledger.event_rate)


@dataclasses.dataclass(frozen=True)
class _Day:
    captured_day: float
    scene: str


def _days(ledger: list[Look]) -> list[_Day]:
    return [_Day((k.captured - START) / DAY, k.scene) for k in ledger if k.captured is not None]


def forecast(ledger: list[Look], first: int, last: int, *, knows: bool) -> CoverForecast:
    """Of some looks: cloudless where it was clear, or the opposite."""
    times, covers = [], []
    for k in ledger[first:last]:
        assert k.captured is not None
        times += [k.captured - dt.timedelta(hours=1), k.captured + dt.timedelta(hours=1)]
        covers += [float((k.outcome is Outcome.USED) != knows)] * 2
    return CoverForecast(times=tuple(times), covers=tuple(covers))


def test_forecasts_are_scored_where_they_tell_of_a_pass() -> None:
    ledger = seasons(years=2)
    kept = [forecast(ledger, n, n + 2, knows=True) for n in range(12, 40, 2)]
    found = score_odds(ledger, forecasts=kept)
    assert found is not None
    assert found.forecast is not None
    assert found.beside is not None
    # Of its last look, which lies an hour before its end, the forecast says next to nothing any more.
    assert found.forecast.n == 28
    assert found.beside.difference_interval[1] < 0
    wrong = score_odds(ledger, forecasts=[forecast(ledger, 12, 16, knows=False)])
    assert wrong is not None
    assert wrong.beside is not None
    assert wrong.beside.difference > 0
    none = score_odds(ledger, forecasts=[forecast(ledger, 0, 5, knows=True)])
    assert none is not None
    assert none.forecast is None


def test_lines_are_learned_from_earlier_forecasts_alone() -> None:
    """Forecasts that are always wrong: the line turns, and later ones are told the better for it."""
    ledger = seasons(years=3)
    kept = [forecast(ledger, n, n + 2, knows=False) for n in range(12, 80, 2)]
    found = score_odds(ledger, forecasts=kept)
    first = score_odds(ledger, forecasts=kept[:3])
    assert found is not None
    assert first is not None
    assert found.forecast is not None
    assert first.forecast is not None
    assert found.forecast.brier < first.forecast.brier
    # What comes after a forecast has no part in how it is read.
    again = score_odds(ledger, forecasts=[*kept[:3], forecast(ledger, 60, 80, knows=True)])
    assert again is not None
    assert again.forecast is not None
    assert again.forecast.n > first.forecast.n
