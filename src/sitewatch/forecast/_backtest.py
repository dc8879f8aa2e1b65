"""What the forecasts would have been worth: issued through the past as each day was known, and scored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sitewatch.forecast._base_rate import Form
from sitewatch.forecast._baselines import Baseline, baseline_chances
from sitewatch.forecast._issue import HORIZONS, BaseRateForecast, issue_base_rates
from sitewatch.forecast._record import EventRecord
from sitewatch.forecast._scores import Comparison, Score, block_length, compare, score
from sitewatch.forecast._windows import happened, issue_days

__all__ = ["Backtest", "HorizonScore", "backtest"]

_BLOCK_WINDOWS = 2
"""Blocks of the bootstrap span so many of the longest windows: errors go together beyond the days they share."""


@dataclass(frozen=True, kw_only=True)
class HorizonScore:
    """How the forecasts of one horizon came out."""

    horizon: int
    """Days."""
    score: Score
    uncalibrated: Score
    """Of the fitted hazard without what earlier forecasts teach."""
    baselines: Mapping[Baseline, Comparison]
    issued: tuple[dt.date, ...]
    """Days of issue whose windows are resolved."""
    chances: NDArray[np.float64]
    """(forecast,)"""
    outcomes: NDArray[np.bool_]
    """(forecast,) True: at least one event."""


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """A record forecast through its own past."""

    record: EventRecord
    start: dt.date
    """First day of issue."""
    end: dt.date
    """Last day on which one could be."""
    every: int
    """Days between two."""
    since: dt.date
    """Windows from then on teach the running baselines and the recalibration."""
    seed: int
    block: int
    """Forecasts in a block of the bootstrap."""
    forecasts: tuple[BaseRateForecast, ...]
    """By day of issue, those too whose windows are open."""
    horizons: tuple[HorizonScore, ...]
    """Ascending."""


def backtest(
    record: EventRecord,
    *,
    start: dt.date,
    since: dt.date,
    end: dt.date | None = None,
    every: int = 7,
    horizons: Sequence[int] = HORIZONS,
    form: Form | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Backtest:
    """Issue forecasts through the past and score them.

    Args:
        record: complete from `since` on at the latest.
        start: first day of issue.
        since: first day of issue of the windows that are learned from.
        end: last day of issue; None: the last that has a window that is resolved.
        every: days between two forecasts.
        horizons: days of the windows: is there an event in the days t to t + h - 1?
        form: of the hazard; None: the usual one.
        seed: of the bootstrap.
        progress: called with (done, of).

    Raises:
        ValueError: a horizon has no day of issue whose window is resolved, or is told twice, or a number is below 1.
    """
    asked = tuple(sorted(horizons))
    if not asked or asked[0] < 1 or every < 1 or len(set(asked)) < len(asked):
        raise ValueError(f"horizons, each once, and their spacing must be 1 day or more, got {horizons}, {every}")
    first, until = start.toordinal(), record.until.toordinal()
    last = min(until + 1 - asked[0], until if end is None else end.toordinal())
    if first > min(last, until + 1 - asked[-1]):
        raise ValueError(f"no window of {asked[-1]} days from {start} on is resolved by {record.until}")
    early = max(0, first - since.toordinal()) // every
    days = issue_days(first - early * every, last, every)
    forecasts = issue_base_rates(
        record, days, horizons=asked, every=every, first=early, form=form, progress=progress
    )  # fmt: skip
    issued = days[early:]
    block = block_length(issued, _BLOCK_WINDOWS * asked[-1])
    scored = []
    for horizon in asked:
        done = issued[issued + horizon - 1 <= until]
        outcomes = happened(record.ordinals, done, horizon)
        chances = np.array([forecast.chance(horizon) for forecast in forecasts[: len(done)]])
        plain = np.array([forecast.fitted.chance(horizon) for forecast in forecasts[: len(done)]])
        others = baseline_chances(record, done, horizon=horizon, since=since.toordinal(), every=every)
        scored.append(
            HorizonScore(
                horizon=horizon,
                score=score(chances, outcomes, block=block, seed=seed),
                uncalibrated=score(plain, outcomes, block=block, seed=seed),
                baselines={
                    name: compare(chances, theirs, outcomes, block=block, seed=seed) for name, theirs in others.items()
                },
                issued=tuple(dt.date.fromordinal(day) for day in done.tolist()),
                chances=chances,
                outcomes=outcomes,
            )
        )
    return Backtest(
        record=record,
        start=start,
        end=dt.date.fromordinal(last),
        every=every,
        since=since,
        seed=seed,
        block=block,
        forecasts=tuple(forecasts),
        horizons=tuple(scored),
    )
