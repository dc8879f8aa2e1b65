"""How long until something that stands is first seen: over all passes, under weather that stays for a while.

The weather's hidden rank (`_persistence`) is carried from pass to pass, as its density given that no look was clear so
far: exact, however P(clear) varies and whichever sensors take turns. How well P(clear) is known counts as well: the
whole row is told for several quantiles of its posterior, and these are averaged.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sitewatch.cube import Look
from sitewatch.planning._clear import was_clear
from sitewatch.planning._earth import DAY, Floats
from sitewatch.planning._passes import Pass
from sitewatch.planning._persistence import Persistence

__all__ = ["FREE", "Odds", "Option", "Wait", "Waits", "wait_distribution", "wait_on_any_day", "wait_with"]

FREE = "what is free"
"""How `Waits` calls the passes that every option comes on top of."""

_LEVELS = (np.arange(7) + 0.5) / 7
"""Quantiles of P(clear) that the wait is told for, all equally likely."""
_REMEMBERED_DAYS = 60.0
"""Looks longer before the start say nothing of the weather after it."""


class Odds(Protocol):
    """What a wait needs to know of the weather: `ClearOdds`, or `ForecastOdds` where a forecast is given."""

    @property
    def least_clear(self) -> float:
        """Share of the site that a clear look sees at least, 0-1."""

    @property
    def persistence(self) -> Persistence:
        """How long weather stays."""

    @property
    def radar_sensors(self) -> frozenset[str]:
        """Sensors that see through cloud."""

    def chance(self, when: dt.datetime, *, radar: bool = False) -> float:
        """P(clear) at a moment, above 0 and below 1."""

    def source(self, when: dt.datetime, *, radar: bool = False) -> str:
        """What P(clear) rests on at a moment, in words."""

    def quantiles(self, when: dt.datetime, levels: Sequence[float] | Floats, *, radar: bool = False) -> Floats:
        """Quantiles of what P(clear) may be, shape (levels,)."""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """The distribution of the days until the first clear look."""

    days: tuple[float, ...]
    """After the start, ascending: when looks may come."""
    seen: tuple[float, ...]
    """P(there was a clear look by then), one per entry of `days`; never falls."""
    horizon: float
    """Days that were looked ahead."""

    @property
    def within(self) -> tuple[float, ...]:
        """P(a clear look within d days) for d = 0, 1, ... to the last whole day of the horizon."""
        return tuple(self.by(float(d)) for d in range(math.floor(self.horizon) + 1))

    @property
    def unseen(self) -> float:
        """P(no clear look within the horizon)."""
        return 1 - self.seen[-1] if self.seen else 1.0

    @property
    def mean(self) -> float:
        """Mean of the days, where a wait beyond the horizon counts as the horizon: at most the true mean."""
        chances = np.diff(np.array([0.0, *self.seen]))
        return float(chances @ np.array(self.days)) + self.unseen * self.horizon if self.days else self.horizon

    def by(self, days: float) -> float:
        """P(a clear look within so many days).

        Raises:
            ValueError: beyond the horizon nothing is known.
        """
        if not days <= self.horizon:
            raise ValueError(f"the wait was told for {self.horizon:g} days, not for {days:g}")
        n = int(np.searchsorted(np.array(self.days), days, side="right"))
        return self.seen[n - 1] if n else 0.0

    def quantile(self, level: float) -> float | None:
        """The days within which there is a clear look in `level` of all cases; None: beyond the horizon."""
        n = int(np.searchsorted(np.array(self.seen), level - 1e-12))
        return self.days[n] if n < len(self.days) else None

    def days_for(self, level: float) -> int | None:
        """`quantile` in whole days, rounded up, as people are told it: 1 or more."""
        return _whole(self.quantile(level))


@dataclass(frozen=True, kw_only=True)
class Option:
    """Passes of one more sensor, or of a contract, and the odds that they see the site."""

    name: str
    """As sentences name it: "PlanetScope"."""
    passes: tuple[Pass, ...]
    odds: Odds
    """Of its looks; how long weather stays is taken from the odds of what is free."""


@dataclass(frozen=True, kw_only=True)
class Waits:
    """The wait with what is free, and with each option on top of it."""

    free: Wait
    options: Mapping[str, Wait] = field(default_factory=dict)
    """By the option's name, in the order given."""

    def sentence(self, *, level: float = 0.8) -> str:
        """The comparison in words; `level` in tenths: "in 8 of 10 cases"."""
        cases = f"in {level * 10:g} of 10 cases"
        days = self.free.days_for(level)
        first = (
            f"with {FREE}, an erection on any day is seen within {_days(days)} {cases}"
            if days is not None
            else f"with {FREE}, an erection on any day is not seen within {self.free.horizon:g} days {cases}"
        )
        told = {name: wait.days_for(level) for name, wait in self.options.items()}
        rest = [
            f"with {name} "
            + (
                f"not within {self.options[name].horizon:g} days either"
                if n is None
                else f"within {n}"
                if days is not None
                else f"within {_days(n)}"
            )
            for name, n in told.items()
        ]
        return "; ".join([first, *rest])


@dataclass(frozen=True)
class _Views:
    """Chances to see the site, by time."""

    days: Floats
    """(view,) from an arbitrary zero."""
    chances: Floats
    """(view, level) P(clear) for each quantile of what it may be."""
    radar: NDArray[np.bool_]
    """(view,)"""
    shared: Floats
    """(view,) P(the look is under the weather that stays)."""
    stays_days: float


def wait_distribution(
    passes: Iterable[Pass],
    odds: Odds,
    *,
    start: dt.datetime,
    horizon: float | None = None,
    looks: Iterable[Look] = (),
) -> Wait:
    """How long from a start until the first clear look.

    Args:
        passes: in any order; those before the start, those that a plan leaves out, and those whose swath covers less of
            the site than a clear look must see, do not count.
        odds: of the weather.
        start: when it is erected or one begins to wait, with a time zone.
        horizon: days to look ahead; None: to the last pass.
        looks: optical looks before the start: what the weather was then bears on what it will be. Without them the
            start is any day of its season.

    Raises:
        ValueError: a time has no time zone, or the horizon is below 0.
    """
    begin = _day(start)
    ahead = [one for one in passes if one.start >= start]
    if horizon is None:
        horizon = max((_day(one.start) - begin for one in ahead), default=0.0)
    if horizon < 0:
        raise ValueError(f"a horizon must not lie before its start, got {horizon:g} days")
    views = _views([([one for one in ahead if _day(one.start) <= begin + horizon], odds)])
    past = (
        sorted(
            (_day(look.captured), clear, odds.quantiles(look.captured, _LEVELS))
            for look in looks
            if look.captured is not None
            and look.sensor not in odds.radar_sensors
            and begin - _REMEMBERED_DAYS <= _day(look.captured) < begin
            and (clear := was_clear(look, least_clear=odds.least_clear)) is not None
        )
        if looks
        else []
    )
    days, seen = _first_clear(views, begin, horizon, past=past, shared=odds.persistence.shared)
    return Wait(days=tuple(days.tolist()), seen=tuple(seen.tolist()), horizon=horizon)


def wait_on_any_day(
    passes: Iterable[Pass], odds: Odds, *, since: dt.datetime, until: dt.datetime, horizon: float = 60.0
) -> Wait:
    """The wait from a random moment: `wait_distribution` averaged over starts every 25 hours, from `since` to `until`.

    The passes must reach `horizon` days beyond `until`.

    Raises:
        ValueError: the period is empty, or a time has no time zone.
    """
    return _on_any_day(_views([(tuple(passes), odds)]), _day(since), _day(until), horizon)


def wait_with(
    free: Option, options: Iterable[Option], *, since: dt.datetime, until: dt.datetime, horizon: float = 60.0
) -> Waits:
    """The wait from a random moment with what is free, and with each option on top of it.

    Args:
        free: what there is in any case; its odds tell how long weather stays.
        options: each compared alone.
        since: first start.
        until: before which the last start lies; passes must reach `horizon` days beyond it.
        horizon: days to look ahead of each start.

    Raises:
        ValueError: the period is empty, or a time has no time zone.
    """
    begin, end = _day(since), _day(until)
    base = (free.passes, free.odds)
    return Waits(
        free=_on_any_day(_views([base]), begin, end, horizon),
        options={o.name: _on_any_day(_views([base, (o.passes, o.odds)]), begin, end, horizon) for o in options},
    )


def _views(sources: Sequence[tuple[Sequence[Pass], Odds]]) -> _Views:
    """The passes that can show the site; how long weather stays comes from the first source's odds."""
    found = []
    for passes, odds in sources:
        for one in passes:
            if one.planned is False or one.share < odds.least_clear:
                continue
            radar = one.sensor in odds.radar_sensors
            found.append(
                (_day(one.start), odds.quantiles(one.start, _LEVELS, radar=radar), radar, odds.persistence.shared)
            )
    found.sort(key=lambda view: view[0])
    return _Views(
        days=np.array([v[0] for v in found]),
        chances=np.array([v[1] for v in found]).reshape(-1, len(_LEVELS)),
        radar=np.array([v[2] for v in found], dtype=bool),
        shared=np.array([v[3] for v in found]),
        stays_days=sources[0][1].persistence.stays_days,
    )


def _on_any_day(views: _Views, since: float, until: float, horizon: float) -> Wait:
    if until <= since:
        raise ValueError("the period of starts must end after it begins")
    # 25 hours: starts wander through the hours of the day.
    starts = np.arange(since, until, 25 / 24)
    told = [_first_clear(views, start, horizon) for start in starts.tolist()]
    days = np.concatenate([d for d, _ in told])
    steps = np.concatenate([np.diff(seen, prepend=0.0) for _, seen in told])
    order = np.argsort(days, kind="stable")
    seen = np.minimum(np.cumsum(steps[order]) / len(starts), 1.0)
    return Wait(days=tuple(days[order].tolist()), seen=tuple(seen.tolist()), horizon=horizon)


def _first_clear(
    views: _Views,
    start: float,
    horizon: float,
    *,
    past: Sequence[tuple[float, bool, Floats]] = (),
    shared: float = 0.0,
) -> tuple[Floats, Floats]:
    """(view,) days from the start to each view within the horizon, and P(one of the views so far was clear).

    Args:
        views: all there are.
        start: in the days of the views.
        horizon: days.
        past: (day, clear, (level,) P(clear)) of looks before the start, by time.
        shared: of these looks.
    """
    first, end = np.searchsorted(views.days, start, side="left"), np.searchsorted(views.days, start + horizon, "right")
    chances = views.chances[first:end]
    optical = chances[~views.radar[first:end]]
    # Between two borders the rank is below P(clear) for the same looks: one cell of the density is exact.
    borders = np.concatenate([[p for _, _, p in past], optical]).T if past else optical.T
    edges = np.sort(np.concatenate([np.zeros((len(_LEVELS), 1)), borders, np.ones((len(_LEVELS), 1))], axis=1), axis=1)
    width, middle = np.diff(edges), (edges[:, 1:] + edges[:, :-1]) / 2
    state = width / len(_LEVELS)
    last: float | None = None
    for when, clear, p in past:
        state = _drawn_anew(state, width, when, last, views.stays_days)
        below = middle < p[:, None]
        own = p[:, None] if clear else 1 - p[:, None]
        state = state * (shared * (below if clear else ~below) + (1 - shared) * own)
        last = when
    state = state / state.sum()
    radar = np.ones(len(_LEVELS))
    seen = []
    for i in range(int(first), int(end)):
        p = views.chances[i]
        if views.radar[i]:
            radar = radar * (1 - p)
        else:
            when = float(views.days[i])
            state = _drawn_anew(state, width, when, last, views.stays_days)
            q = float(views.shared[i])
            state = state * (q * (middle > p[:, None]) + (1 - q) * (1 - p[:, None]))
            last = when
        # How well radar's chance is known has nothing to do with how well that of the weather is.
        seen.append(1 - float(state.sum()) * float(radar.mean()))
    days: Floats = views.days[first:end] - start
    return days, np.maximum.accumulate(np.array(seen)) if seen else np.zeros(0)


def _drawn_anew(state: Floats, width: Floats, when: float, last: float | None, stays_days: float) -> Floats:
    """The density a while later: the rank stays, or is drawn from its whole range."""
    if last is None:
        return state
    same = math.exp(-(when - last) / stays_days)
    anew: Floats = same * state + (1 - same) * width * state.sum(axis=1, keepdims=True)
    return anew


def _day(when: dt.datetime) -> float:
    if when.tzinfo is None:
        raise ValueError(f"a moment needs a time zone, got {when.isoformat()}")
    return when.timestamp() / DAY


def _whole(days: float | None) -> int | None:
    return None if days is None else max(1, math.ceil(days - 1e-9))


def _days(n: int) -> str:
    return f"{n} day{'' if n == 1 else 's'}"
