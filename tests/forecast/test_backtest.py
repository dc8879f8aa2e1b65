"""Forecasts through the past: what is known, what is scored, and the real record."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pytest
from drawn import FIRST, day, draw
from hypothesis import given, settings
from hypothesis import strategies as st

from sitewatch.forecast import (
    Backtest,
    Baseline,
    EventRecord,
    backtest,
    backtest_document,
    backtest_sentences,
    forecast_base_rate,
    make_record,
)

RULE = {7: 0.1474, 14: 0.2044, 30: 0.2392, 90: 0.1966}
"""Brier of the one-bit rule on the real record, computed elsewhere (four digits)."""


@settings(max_examples=12, deadline=None)
@given(st.sets(st.integers(1, 900), min_size=2, max_size=40), st.sets(st.integers(600, 900), max_size=40))
def test_the_future_changes_no_forecast(events: set[int], others: set[int]) -> None:
    """Whatever happens from an issue date on, what was said up to it stays, to the last bit."""
    changed = {n for n in events if n < 600} | others
    told = [
        backtest(
            make_record([day(n) for n in which], began=FIRST, until=day(901)),
            start=day(500), since=day(420), every=20, horizons=(10, 40),
        )
        for which in (events, changed)
    ]  # fmt: skip
    early = [[f for f in one.forecasts if f.issued <= day(600)] for one in told]
    assert len(early[0]) == 6
    for one, other in zip(*early, strict=True):
        assert one.chances.tolist() == other.chances.tolist()
        assert one.fitted.parameters == other.fitted.parameters
        assert one.recalibration == other.recalibration


@settings(max_examples=12, deadline=None)
@given(st.sets(st.integers(1, 900), min_size=2, max_size=40), st.sets(st.integers(600, 900), max_size=40))
def test_the_future_changes_no_baseline(events: set[int], others: set[int]) -> None:
    from sitewatch.forecast import baseline_chances

    changed = {n for n in events if n < 600} | others
    issued = FIRST.toordinal() + np.arange(500, 601, 20)
    one, other = (
        baseline_chances(
            make_record([day(n) for n in which], began=FIRST, until=day(901)),
            issued, horizon=40, since=FIRST.toordinal() + 420, every=20,
        )
        for which in (events, changed)
    )  # fmt: skip
    assert all(one[name].tolist() == other[name].tolist() for name in Baseline if name.fair)


def test_windows_begin_with_the_day_of_issue_and_open_ones_are_not_scored() -> None:
    record = make_record([day(0), day(100), day(107)], until=day(120))
    found = backtest(record, start=day(90), since=day(50), every=1, horizons=(1, 7))
    one, seven = found.horizons
    came = [d for d, y in zip(one.issued, one.outcomes, strict=True) if y]
    assert came == [day(100), day(107)]
    assert one.issued[-1] == day(120)
    assert seven.issued[-1] == day(114)
    assert seven.outcomes[seven.issued.index(day(94))]
    assert not seven.outcomes[seven.issued.index(day(93))]
    assert [f.issued for f in found.forecasts] == list(one.issued)


def test_one_forecast_alone_is_that_of_the_back_test() -> None:
    record = draw(seed=2, days=900, level=0.03, branching=0.4)
    found = backtest(record, start=day(600), since=day(500), every=10, horizons=(10, 30))
    alone = forecast_base_rate(record, issued=day(700), since=day(500), horizons=(30, 10), every=10)
    same = next(f for f in found.forecasts if f.issued == day(700))
    assert alone.chances.tolist() == pytest.approx(same.chances.tolist(), abs=1e-12)
    assert alone.learned == same.learned == (20, 18)
    assert alone.first_days().sum() == pytest.approx(alone.chance(30))
    assert (alone.first_days() >= 0).all()
    with pytest.raises(ValueError, match="1 to 30"):
        alone.chance(31)


def test_progress_is_told_and_numbers_that_are_none_are_refused() -> None:
    record = make_record([day(0), day(30)], until=day(60))
    steps: list[tuple[int, int]] = []
    backtest(
        record, start=day(20), since=day(1), every=10, horizons=(5,), progress=lambda a, b: steps.append((a, b))
    )  # fmt: skip
    assert steps == [(n, 5) for n in range(1, 6)]
    for wrong in ({"every": 0}, {"horizons": ()}, {"horizons": (0,)}, {"horizons": (5, 5)}, {"horizons": (5, 60)}):
        with pytest.raises(ValueError):
            backtest(record, **{"start": day(20), "since": day(1), "every": 10, "horizons": (5,), **wrong})  # type: ignore[arg-type]


def test_on_a_bursting_record_the_hazard_beats_the_rate() -> None:
    record = draw(seed=11, days=3000, level=0.01, branching=0.7, scale=15.0)
    found = backtest(record, start=day(1000), since=day(300), every=14, horizons=(7, 30))
    for one in found.horizons:
        assert one.baselines[Baseline.POISSON].skill > 0.02
        assert one.baselines[Baseline.CLIMATOLOGY].skill > 0.02


def test_the_real_record_against_the_one_bit_rule(real_backtest: Backtest) -> None:
    """Below it in at least three windows of four, and below running climatology in all."""
    assert {one.horizon: round(one.baselines[Baseline.RECENT].brier, 4) for one in real_backtest.horizons} == RULE
    assert [one.score.n for one in real_backtest.horizons] == [641, 640, 638, 629]
    assert sum(one.score.brier < RULE[one.horizon] for one in real_backtest.horizons) >= 3
    assert all(one.score.brier < one.baselines[Baseline.CLIMATOLOGY].brier for one in real_backtest.horizons)
    for one in real_backtest.horizons:
        rule = one.baselines[Baseline.RECENT]
        assert rule.difference == pytest.approx(one.score.brier - rule.brier)
        assert rule.difference_interval[0] < rule.difference < rule.difference_interval[1]
        assert one.score.slope_interval is not None
        assert one.score.slope_interval[0] < one.score.slope < one.score.slope_interval[1]
    assert real_backtest.block >= 13


def test_at_the_end_of_2019_no_month_is_sure_and_a_quarter_is_likelier(real_backtest: Backtest) -> None:
    """No test came until 2 March 2020: the windows of 7, 14 and 30 days resolved NO, that of 90 days YES."""
    said = max((f for f in real_backtest.forecasts if f.issued <= dt.date(2019, 12, 25)), key=lambda f: f.issued)
    assert said.issued == dt.date(2019, 12, 25)
    assert said.chance(7) < said.chance(14) < said.chance(30) < said.chance(90)
    assert said.chance(7) < 0.3
    assert said.chance(90) > 0.6


def test_a_back_test_is_told_in_words_and_for_scripts(real_backtest: Backtest, real_record: EventRecord) -> None:
    document = json.loads(json.dumps(backtest_document(real_backtest)))
    assert document["record"]["skipped"] == real_record.skipped
    assert [one["horizon"] for one in document["horizons"]] == [7, 14, 30, 90]
    for one in document["horizons"]:
        assert set(one["baselines"]) == {name.value for name in Baseline} == set(one["skill"])
        assert one["ci"] == one["skill"]["recent"]["difference_ci"]
        assert one["brier"] == pytest.approx(
            one["reliability"] - one["resolution"] + one["uncertainty"] + one["within"], abs=1e-5
        )
        assert not one["skill"]["in-sample climatology"]["fair"]
    sentences = backtest_sentences(real_backtest)
    assert len(sentences) == 5
    assert "161 event days" in sentences[0]
    assert "no evidence that it is more than luck" in sentences[1]
