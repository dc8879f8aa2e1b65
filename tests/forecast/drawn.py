"""Records that are drawn."""

from __future__ import annotations

import datetime as dt

import numpy as np

from sitewatch.forecast import EventRecord, make_record

__all__ = ["FIRST", "day", "draw"]

FIRST = dt.date(2000, 1, 1)


def day(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


def draw(
    *, seed: int, days: int, level: float, branching: float = 0.0, scale: float = 10.0, season: float = 0.0
) -> EventRecord:
    """A self-exciting process in days, from `FIRST` on."""
    rng = np.random.default_rng(seed)
    keep, excited, found = np.exp(-1 / scale), 0.0, []
    for n in range(days):
        angle = 2 * np.pi * (FIRST.toordinal() + n) / 365.2425
        hit = rng.random() < -np.expm1(-(level + branching * excited) * np.exp(season * np.cos(angle)))
        excited = keep * excited + (1 - keep) * hit
        if hit:
            found.append(day(n))
    return make_record(found, began=FIRST, until=day(days - 1))
