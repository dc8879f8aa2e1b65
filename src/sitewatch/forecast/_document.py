"""A back-test in words and for JSON."""

from __future__ import annotations

from typing import Any

from sitewatch.forecast._backtest import Backtest, HorizonScore
from sitewatch.forecast._baselines import RECENT_DAYS, Baseline
from sitewatch.forecast._scores import LEVEL, Comparison, Score

__all__ = ["backtest_document", "backtest_sentences", "score_document"]


def backtest_document(found: Backtest) -> dict[str, Any]:
    """A back-test for JSON; `ci` of a horizon is that of its Brier score minus the one-bit rule's."""
    record = found.record
    return {
        "record": {
            "event_days": len(record.days),
            "first": record.days[0].isoformat() if record.days else None,
            "complete_since": record.began.isoformat(),
            "until": record.until.isoformat(),
            "skipped": record.skipped,
        },
        "start": found.start.isoformat(),
        "end": found.end.isoformat(),
        "every": found.every,
        "learns_since": found.since.isoformat(),
        "seed": found.seed,
        "level": LEVEL,
        "block": found.block,
        "horizons": [_horizon_document(one) for one in found.horizons],
    }


def score_document(found: Score) -> dict[str, Any]:
    """A score for JSON."""
    return {
        "n": found.n,
        "event_rate": _round(found.event_rate),
        "mean_chance": _round(found.mean_chance),
        "brier": _round(found.brier),
        "brier_ci": _rounded(found.brier_interval),
        "log_score": _round(found.log_score),
        "reliability": _round(found.reliability),
        "resolution": _round(found.resolution),
        "uncertainty": _round(found.uncertainty),
        "within": _round(found.within),
        "calibration_slope": _round(found.slope),
        "calibration_slope_ci": _rounded(found.slope_interval),
        "calibration_intercept": _round(found.intercept),
        "reliability_table": [
            {"from": b.low, "to": b.high, "n": b.n, "chance": _round(b.chance), "rate": _round(b.rate)}
            for b in found.table
        ],
    }


def backtest_sentences(found: Backtest) -> list[str]:
    """What was tested, and for each horizon how it came out, with the intervals in plain words."""
    record = found.record
    skipped = "" if not record.skipped else f", {record.skipped} rows without a whole date skipped"
    said = (
        f"{len(record.days)} event days to {record.until}{skipped}. Forecasts every {found.every} days from "
        f"{found.start}, each from what was known before its day. Intervals: {100 * LEVEL:.0f} %, from blocks of "
        f"{found.block} forecasts."
    )
    return [
        said,
        *(_horizon_sentence(one) for one in found.horizons),
    ]


def _horizon_document(one: HorizonScore) -> dict[str, Any]:
    return {
        "horizon": one.horizon,
        **score_document(one.score),
        "ci": _rounded(one.baselines[Baseline.RECENT].difference_interval),
        "baselines": {name.value: _round(theirs.brier) for name, theirs in one.baselines.items()},
        "skill": {name.value: _comparison_document(name, theirs) for name, theirs in one.baselines.items()},
        "uncalibrated": {
            "brier": _round(one.uncalibrated.brier),
            "log_score": _round(one.uncalibrated.log_score),
            "calibration_slope": _round(one.uncalibrated.slope),
            "calibration_slope_ci": _rounded(one.uncalibrated.slope_interval),
        },
    }


def _comparison_document(name: Baseline, found: Comparison) -> dict[str, Any]:
    return {
        "skill": _round(found.skill),
        "skill_ci": _rounded(found.skill_interval),
        "difference": _round(found.difference),
        "difference_ci": _rounded(found.difference_interval),
        "fair": name.fair,
    }


def _horizon_sentence(one: HorizonScore) -> str:
    told = one.score
    rule = one.baselines[Baseline.RECENT]
    days = "1 day" if one.horizon == 1 else f"{one.horizon} days"
    return (
        f"{days}: an event in {100 * told.event_rate:.0f} % of {told.n} windows. Brier {told.brier:.4f}; "
        f'asking only "was there one in the last {RECENT_DAYS} days" gives {rule.brier:.4f}. {_verdict(rule)} '
        f"{_calibration(told)}"
    )


def _verdict(rule: Comparison) -> str:
    low, high = rule.difference_interval
    band = f"{low:+.4f} to {high:+.4f}"
    if high < 0:
        return f"Better than that: the difference lies in {band}."
    if low > 0:
        return f"Worse than that: the difference lies in {band}."
    way = "smaller" if rule.difference < 0 else "larger" if rule.difference > 0 else "the same"
    return f"The error is {way}, but the difference lies anywhere in {band}: no evidence that it is more than luck."


def _calibration(told: Score) -> str:
    if told.slope is None:
        return "Calibration cannot be told: all chances or all outcomes are the same."
    if told.slope_interval is None:
        return f"Calibration slope {told.slope:.2f}, without an interval."
    low, high = told.slope_interval
    words = "too bold" if high < 1 else "too cautious" if low > 1 else "no evidence of being too bold or too cautious"
    return f"Calibration slope {told.slope:.2f} ({low:.2f} to {high:.2f}; 1 is right): {words}."


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _rounded(interval: tuple[float, float] | None) -> list[float] | None:
    return None if interval is None else [round(end, 6) for end in interval]
