"""Opportunities made by hand, and what sets of them are worth by going through every outcome."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Sequence

from sitewatch.planning import FALSE_SIGHT, Opportunity, Pass

__all__ = ["NOW", "by_hand", "day", "look", "passing"]

NOW = dt.datetime(2026, 9, 24, tzinfo=dt.UTC)


def day(number: float) -> dt.datetime:
    return NOW + dt.timedelta(days=number)


def passing(number: float, **changes: object) -> Pass:
    told = {
        "satellite": "sentinel-2b", "number": 42063, "sensor": "sentinel-2", "start": day(number),
        "direction": "descending", "relative_orbit": 3, "row": None, "off_nadir": 5.0, "incidence": 5.6,
        "side": "right", "share": 1.0, "margin_km": 60.0, "sun_elevation": 40.0, "solar_time": 10.9,
        "epoch": NOW, "age_days": number,
        "error_s": 1.0, "edge_error_km": 0.5,
    }  # fmt: skip
    return Pass(**{**told, **changes})  # type: ignore[arg-type]


def look(
    number: float, p: float = 1.0, *, cost: dict[str, float] | None = None, told: bool = True, **changes: object
) -> Opportunity:
    """A look that many days after `NOW`, which can tell with that probability."""
    return Opportunity(
        passing=passing(number, **changes), p_pass=1.0, p_clear=p, p_resolved=None, cost=(cost or {}) if told else None
    )


def bits(*weights: float) -> float:
    """Entropy of weights that need not sum to 1, times their sum."""
    total = sum(weights)
    return -sum(w * math.log2(w / total) for w in weights if w > 0)


def by_hand(
    *, up: float, erected: float, removed: float, times: Sequence[float], p: Sequence[float], asked: float, seen: float
) -> float:
    """Expected entropy of "does it stand at `asked`" after looks: every path, every outcome, nothing clever."""
    every = sorted({*times, asked})
    total = erected + removed
    left = 0.0
    for outcome in itertools.product((None, False, True), repeat=len(times)):
        sides = [0.0, 0.0]
        for path in itertools.product((False, True), repeat=len(every)):
            weight, before, now = 1.0, None, 0.0
            for state, time in zip(path, every, strict=True):
                moved = (1 - math.exp(-total * (time - now))) / total if total else 0.0
                to_up = {True: 1 - removed * moved, False: erected * moved}
                start = up * to_up[True] + (1 - up) * to_up[False] if before is None else to_up[before]
                weight *= start if state else 1 - start
                before, now = state, time
            for told, time, chance in zip(outcome, times, p, strict=True):
                shows = seen if path[every.index(time)] else FALSE_SIGHT * seen
                weight *= 1 - chance if told is None else chance * (shows if told else 1 - shows)
            sides[path[every.index(asked)]] += weight
        left += bits(*sides)
    return left
