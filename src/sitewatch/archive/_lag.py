"""How long after its capture a scene is usually published, and from when on it is late."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

__all__ = ["Lag", "usual_lag"]

_NEWEST = 50
"""Captures counted: older ones may have been processed anew years later, all in one month."""
_LEAST = 5
_UNKNOWN_DAYS = 2.0
"""Where fewer are told: Sentinel-2 L2A is out within a day, Landsat within four."""


@dataclass(frozen=True, kw_only=True)
class Lag:
    """How long after its capture a feed's scene is usually published."""

    days: float
    """Nine of ten scenes are out by then; at least 0."""

    @property
    def late_days(self) -> float:
        """A scene published more days after its capture is late: three times the usual lag, and a day more than it."""
        return max(3 * self.days, self.days + 1)


def usual_lag(
    *, published: Iterable[tuple[dt.datetime, dt.datetime]], recorded: Iterable[tuple[dt.datetime, dt.datetime]]
) -> Lag:
    """The usual lag of scenes of one feed; two days where fewer than five tell it.

    Args:
        published: (capture, publication) where the provider tells it, UTC.
        recorded: (capture, first listed to sitewatch) of the others, UTC. Those listed to the first run count not: that
            was when somebody began to ask.
    """
    seen = list(recorded)
    first = min((at for _, at in seen), default=None)
    told = [*published, *(pair for pair in seen if first is not None and pair[1] > first)]
    newest = sorted(told, reverse=True)[:_NEWEST]
    if len(newest) < _LEAST:
        return Lag(days=_UNKNOWN_DAYS)
    days = [max(0.0, (at - captured).total_seconds() / 86_400) for captured, at in newest]
    return Lag(days=float(np.quantile(days, 0.9)))
