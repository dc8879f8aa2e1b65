"""Forecasts from the record alone, each from what was known when it was issued."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sitewatch.forecast._base_rate import BaseRate, Form, fit_base_rate
from sitewatch.forecast._recalibrate import Recalibration, learn_recalibration
from sitewatch.forecast._record import EventRecord
from sitewatch.forecast._windows import happened, issue_days

__all__ = ["HORIZONS", "BaseRateForecast", "forecast_base_rate", "issue_base_rates"]

HORIZONS = (7, 14, 30, 90)
"""Days of the usual windows."""


@dataclass(frozen=True, kw_only=True)
class BaseRateForecast:
    """What the record alone lets expect from a day on."""

    issued: dt.date
    """Known are the events before its 00:00 UTC; its windows begin with it."""
    fitted: BaseRate
    """The hazard."""
    recalibration: Recalibration
    """Learned from earlier forecasts whose windows were over."""
    learned: tuple[int, ...]
    """Windows that it rests on, per horizon of the recalibration."""
    chances: NDArray[np.float64]
    """(day,) P(at least one event in the first 1, 2, ... days), recalibrated; 0.0001 to 0.9999, never falling."""

    def chance(self, horizon: int) -> float:
        """P(at least one event in the `horizon` days from `issued` on).

        Raises:
            ValueError: it is less than 1, or longer than what was asked.
        """
        if not 1 <= horizon <= len(self.chances):
            raise ValueError(f"the horizon must be 1 to {len(self.chances)} days, got {horizon}")
        return float(self.chances[horizon - 1])

    def first_days(self) -> NDArray[np.float64]:
        """(day,) P(the first event from `issued` on is on that day); they sum to the last of `chances`."""
        return np.diff(self.chances, prepend=0.0)


def forecast_base_rate(
    record: EventRecord,
    *,
    issued: dt.date,
    since: dt.date,
    horizons: Sequence[int] = HORIZONS,
    every: int = 7,
    form: Form | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> BaseRateForecast:
    """The forecast of one day, recalibrated by those that would have been issued before it.

    Args:
        record: of which only what happened before `issued` is used.
        issued: the day.
        since: earlier forecasts are issued from then on, every so many days back from `issued`.
        horizons: days of the windows.
        every: days between two forecasts.
        form: of the hazard; None: the usual one.
        progress: called with (done, of).

    Raises:
        ValueError: a horizon or `every` is less than 1 day, or a horizon is told twice.
    """
    last = issued.toordinal()
    steps = max(0, last - since.toordinal()) // max(every, 1)
    days = issue_days(last - steps * every, last, every) if every > 0 else np.array([last])
    return issue_base_rates(
        record.known(issued), days, horizons=horizons, every=every, first=len(days) - 1, form=form, progress=progress
    )[0]


def issue_base_rates(
    record: EventRecord,
    issued: NDArray[np.int64],
    *,
    horizons: Sequence[int],
    every: int,
    first: int = 0,
    form: Form | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[BaseRateForecast]:
    """Forecasts of many days; each uses only events and windows before its day.

    Args:
        record: the whole one.
        issued: (forecast,) ordinals of the days, `every` days apart.
        horizons: days of the windows, in any order.
        every: days between two of them.
        first: forecasts before this one only serve to learn from and are not returned.
        form: of the hazard; None: the usual one.
        progress: called with (done, of).

    Raises:
        ValueError: a horizon or `every` is less than 1 day, or a horizon is told twice.
    """
    asked = tuple(sorted(horizons))
    if not asked or asked[0] < 1 or every < 1 or len(set(asked)) < len(asked):
        raise ValueError(f"horizons, each once, and their spacing must be 1 day or more, got {horizons}, {every}")
    events, lengths = record.ordinals, np.array(asked)
    outcomes = np.stack([happened(events, issued, h) for h in asked], axis=1)
    raw = np.empty(outcomes.shape)
    start = None
    told = []
    for n, day in enumerate(issued.tolist()):
        date = dt.date.fromordinal(day)
        fitted = fit_base_rate(record, issued=date, ahead=asked[-1], form=form, start=start)
        start = fitted.parameters
        curve = fitted.chances()
        raw[n] = curve[lengths - 1]
        if n >= first:
            # A window is over once its last day is: what came later is not looked at.
            over = issued[:n, None] + lengths <= day
            line = learn_recalibration(raw[:n], outcomes[:n], over, horizons=asked, every=every)
            told.append(
                BaseRateForecast(
                    issued=date,
                    fitted=fitted,
                    recalibration=line,
                    learned=tuple(over.sum(axis=0).tolist()),
                    chances=line.apply(curve),
                )
            )
        if progress is not None:
            progress(n + 1, len(issued))
    return told
