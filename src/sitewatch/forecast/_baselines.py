"""Forecasts that anybody can make without a model: what skill is measured against.

Those that run learn, for each day of issue t, from windows issued every so many days since a given day that were over
before t (issued at w with w + h <= t), smoothed after Laplace: (hits + 1) / (windows + 2).
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from sitewatch.forecast._base_rate import LEAST, PRIOR_DAYS, PRIOR_EVENTS
from sitewatch.forecast._record import EventRecord
from sitewatch.forecast._windows import happened, issue_days

__all__ = ["RECENT_DAYS", "Baseline", "baseline_chances"]

RECENT_DAYS = 30
"""How far back the one-bit rule looks."""

_Vector = NDArray[np.float64]


class Baseline(StrEnum):
    """A named baseline."""

    RECENT = "recent"
    """The one-bit rule: how often it happened after windows of the same answer to "was there an event in the last 30
    days"."""
    CLIMATOLOGY = "climatology"
    """How often it happened, running."""
    POISSON = "poisson"
    """The rate since the record begins, as though events were independent."""
    HALF = "half"
    """Always one half."""
    IN_SAMPLE = "in-sample climatology"
    """How often it happened in the very windows that are scored: nobody knows that beforehand."""

    @property
    def fair(self) -> bool:
        """Whether it uses only what was known when it was issued."""
        return self is not Baseline.IN_SAMPLE


def baseline_chances(
    record: EventRecord, issued: NDArray[np.int64], *, horizon: int, since: int, every: int
) -> dict[Baseline, _Vector]:
    """P(event in the window) of every baseline.

    Args:
        record: the whole one; each chance but that of the unfair one rests on what was known at its issue.
        issued: (forecast,) ordinals, ascending, all of whose windows lie in the record.
        horizon: days.
        since: ordinal of the first window that is learned from.
        every: days between those.

    Returns:
        (forecast,) for each.
    """
    events = record.ordinals
    outcomes = happened(events, issued, horizon)
    windows = issue_days(since, int(issued[-1]) - horizon, every)
    hit, over = happened(events, windows, horizon), np.searchsorted(windows, issued - horizon, side="right")
    before, now = (happened(events, days - RECENT_DAYS, RECENT_DAYS) for days in (windows, issued))
    recent = np.where(now, _running(hit, before, over), _running(hit, ~before, over))
    seen = np.searchsorted(events, issued) - np.searchsorted(events, record.began.toordinal())
    rate = (seen + PRIOR_EVENTS) / (np.maximum(issued - record.began.toordinal(), 0) + PRIOR_DAYS)
    return {
        Baseline.RECENT: recent,
        Baseline.CLIMATOLOGY: _running(hit, np.ones_like(hit), over),
        Baseline.POISSON: np.clip(-np.expm1(-rate * horizon), LEAST, 1.0 - LEAST),
        Baseline.HALF: np.full(len(issued), 0.5),
        Baseline.IN_SAMPLE: np.full(len(issued), outcomes.mean()),
    }


def _running(hit: NDArray[np.bool_], of: NDArray[np.bool_], over: NDArray[np.int64]) -> _Vector:
    """(forecast,) smoothed share of hits among those windows `of` that are the first `over` of all."""
    hits, windows = (np.concatenate([[0], np.cumsum(which)])[over] for which in (hit & of, of))
    return np.asarray((hits + 1) / (windows + 2), dtype=np.float64)
