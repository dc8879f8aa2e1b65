"""How often a catalog lists a site's scenes, and when it has been silent for longer than its passes explain."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sitewatch.archive import SAME_PASS, Lag, usual_lag
from sitewatch.cube._asking import Asking
from sitewatch.cube._look import Look

__all__ = ["Feed", "Passes", "Stall", "feeds_of", "find_stalls", "lag_of", "longest_explained", "stall_document"]

Passes = Callable[[str, dt.datetime, dt.datetime], Sequence[dt.datetime] | None]
"""(sensor, since, until) to the times of its passes over the site, UTC, in order; None: no elements tell them."""

_CHANCE = 0.005
"""A sound feed may look stalled once in so many of its gaps."""
_TIMES_USUAL = 3
"""Fewer usual gaps, or passes, are never called a stall."""
_LEAST_GAPS = 10
"""Of fewer, nothing is usual yet."""
_TAIL = 4
"""The longest one of so many gaps tell how long gaps get."""
_RECENT = dt.timedelta(days=730)
"""Two years hold two winters; what was usual before, other satellites gave."""
_DAY = dt.timedelta(days=1)
_BEFORE = 30 * _DAY
"""So long before the newest scene passes and listed scenes are set beside each other."""
_BACK = 60 * _DAY
"""Passes of longer ago are not asked for: elements of today tell them too badly."""
_MOST_LISTED = 0.95
"""However sound a feed was, of 20 passes one may be missing: a satellite is calibrated, or obeys another order."""
_ALL_SATELLITES = 1.25
"""More listed passes than this for each predicted one: elements of some satellites are missing."""
_LEAST_PASSES = 3
"""Of fewer, no share is told."""


@dataclass(frozen=True, kw_only=True)
class Feed:
    """What one catalog lists of one sensor."""

    catalog: str
    sensor: str
    listed: tuple[dt.datetime, ...]
    """Captures of its passes of which a scene is listed, clouded or not, UTC, in order, over the last two years; at
    least one."""
    lag: Lag

    @property
    def newest(self) -> dt.datetime:
        """Capture of the newest listed pass, UTC."""
        return self.listed[-1]

    @property
    def gaps(self) -> NDArray[np.float64]:
        """(n,) days between listed passes, n one less than those; all above 0."""
        return np.array([(b - a) / _DAY for a, b in itertools.pairwise(self.listed)])


@dataclass(frozen=True, kw_only=True)
class Stall:
    """A catalog that answers and has listed nothing new for longer than chance explains."""

    site: str
    """Id."""
    catalog: str
    sensor: str
    newest: dt.datetime
    """Capture of the newest listed scene, UTC."""
    by: dt.datetime
    """When the catalog was asked, UTC."""
    usual_days: float
    """Median distance of listed passes."""
    most_days: float
    """The longest such distance of the last two years."""
    passes: int | None = None
    """Passes since the newest scene that should be listed by now; None: no elements tell them."""

    @property
    def days(self) -> int:
        """Whole days since the newest listed scene was captured."""
        return (self.by - self.newest).days

    @property
    def sentence(self) -> str:
        """What is missing and what is usual, in one line without a full stop."""
        scene = "scene" if self.sensor == "unknown" else f"{self.sensor} scene"
        if self.passes is None:
            reason = f"usual are {_days(self.usual_days)}, the most so far {_days(self.most_days)}"
        else:
            reason = f"usual are {_days(self.usual_days)}, and {self.passes} passes should have been listed"
        return (
            f"{self.catalog} answers, but has listed no {scene} of {self.site} for {self.days} days; {reason}: the "
            "feed may have stalled"
        )


def find_stalls(looks: Sequence[Look], asking: Asking, *, site: str, passes: Passes | None = None) -> tuple[Stall, ...]:
    """Catalogs that answer and have been silent for longer than their passes explain.

    By the ledger alone, silence is too long if the time since the newest scene, less the usual lag, is more than three
    usual gaps, and longer than all but one in 200 of the gaps before would let expect (see `longest_explained`). Where
    passes are told, those that should be listed by now are counted: with fewer than three there is nothing to miss;
    with more, silence is also too long if missing them all has a chance below 0.005, at the share of passes that the
    feed listed before.

    A folder holds what it holds, and a period that has ended has nothing to come: neither stalls. Nor is anything said
    of a feed with fewer than ten gaps.

    Args:
        looks: the ledger; all outcomes count, as clouded scenes are listed too.
        asking: who was asked; what did not answer is told elsewhere, and is no stall.
        site: id, for the sentence.
        passes: when which sensor passes.
    """
    if asking.until is not None and asking.until < asking.run:
        return ()
    found = []
    for feed in feeds_of(looks, asking.catalogs):
        if len(feed.gaps) < _LEAST_GAPS:
            continue
        due = None if passes is None else _due(feed, passes, asking.run)
        silent = (asking.run - feed.newest) / _DAY - feed.lag.days
        stalled = silent > longest_explained(feed.gaps)
        if due is not None:
            stalled = due.count >= _TIMES_USUAL and (stalled or (1 - due.share) ** due.count < _CHANCE)
        if stalled:
            found.append(
                Stall(
                    site=site,
                    catalog=feed.catalog,
                    sensor=feed.sensor,
                    newest=feed.newest,
                    by=asking.run,
                    usual_days=float(np.median(feed.gaps)),
                    most_days=float(feed.gaps.max()),
                    passes=None if due is None else due.count,
                )
            )
    return tuple(found)


def feeds_of(looks: Sequence[Look], catalogs: Sequence[str]) -> tuple[Feed, ...]:
    """The feeds of a ledger, by catalog as given, then sensor; folders have none.

    Args:
        looks: the ledger; those without a capture time, and those that are listed no longer, are left out.
        catalogs: names of those that answered.
    """
    listed: dict[tuple[str, str], list[Look]] = defaultdict(list)
    for look in looks:
        if look.captured is not None and look.unlisted_since is None:
            for name in look.listed_by:
                listed[name, look.sensor].append(look)
    return tuple(
        _feed(catalog, sensor, listed[catalog, sensor])
        for catalog in catalogs
        if catalog != "folder"
        for sensor in sorted(sensor for name, sensor in listed if name == catalog)
    )


def longest_explained(gaps: NDArray[np.float64]) -> float:
    """How many days the next gap may take: longer ones have a chance of about 0.005.

    The longest quarter of the gaps tells how gaps go on above the others: if their excess falls off exponentially, as
    it does where scenes come by chance, the next gap is longer than that tells with a chance of exactly 0.005 however
    few they are; of a fixed schedule of which passes are missing, gaps go in steps, and it is 0.001 to 0.009. Gaps that
    were seen already are explained, but for the longest ones of 200 and more; so are three usual gaps.

    Args:
        gaps: (n,) days, n at least 5.
    """
    ordered = np.sort(gaps)
    n = len(ordered)
    tail = max(3, n // _TAIL)
    threshold = ordered[n - tail - 1]
    excess = float((ordered[n - tail :] - threshold).sum())
    # Spacings of exponential order statistics: P(next > threshold + t) = (tail+1)/(n+1) * (1 + t/excess)^-tail.
    beyond = excess * (((tail + 1) / ((n + 1) * _CHANCE)) ** (1 / tail) - 1)
    seen = ordered[min(n, math.ceil((n + 1) * (1 - _CHANCE))) - 1]
    return float(max(_TIMES_USUAL * np.median(ordered), threshold + max(0.0, beyond), seen))


def stall_document(stall: Stall) -> Mapping[str, object]:
    """A stall for JSON; it has the keys that a gap has, as it is one."""
    return {
        "after": f"{stall.newest:%Y-%m-%dT%H:%M:%SZ}",
        "by": f"{stall.by:%Y-%m-%dT%H:%M:%SZ}",
        "days": stall.days,
        "why": "the feed may have stalled",
        "catalog": stall.catalog,
        "sensor": stall.sensor,
        "usual_days": round(stall.usual_days, 2),
        "most_days": round(stall.most_days, 2),
        "passes_not_listed": stall.passes,
        "sentence": stall.sentence,
    }


@dataclass(frozen=True)
class _Due:
    """Passes that should be listed, and the share of passes that was listed before."""

    count: int
    share: float


def _due(feed: Feed, passes: Passes, now: dt.datetime) -> _Due | None:
    """None where no elements tell the passes of all satellites that made the feed."""
    since = max(now - _BACK, feed.newest - _BEFORE)
    told = passes(feed.sensor, since, now)
    if told is None:
        return None
    by = now - feed.lag.days * _DAY
    due = sum(feed.newest + SAME_PASS < at <= by for at in told)
    # Of a satellite that does not pass, or not by daylight, nothing is missing.
    before = sum(at <= feed.newest + SAME_PASS for at in told)
    often = len(feed.gaps) / float(feed.gaps.sum())
    if before >= _LEAST_PASSES:
        listed = sum(at >= since for at in feed.listed)
        if listed > _ALL_SATELLITES * before:
            return None
        share = min(listed / before, often * ((feed.newest - since) / _DAY) / before)
    else:
        share = often * ((by - max(since, feed.newest)) / _DAY) / max(due, 1)
    return _Due(count=due, share=min(_MOST_LISTED, share))


def _feed(catalog: str, sensor: str, looks: Sequence[Look]) -> Feed:
    captured = sorted(look.captured for look in looks if look.captured is not None)
    passes: list[dt.datetime] = []
    for at in captured:
        # Tiles of one pass are one telling of the feed.
        if captured[-1] - at <= _RECENT and (not passes or at - passes[-1] > SAME_PASS):
            passes.append(at)
    return Feed(
        catalog=catalog,
        sensor=sensor,
        listed=tuple(passes),
        lag=lag_of(looks),
    )


def lag_of(looks: Sequence[Look]) -> Lag:
    """The usual lag of looks of one feed, at least one."""
    pairs = [(look.captured, look.published, look.published_is_recorded) for look in looks]
    return usual_lag(
        published=[(at, out) for at, out, recorded in pairs if at is not None and not recorded],
        recorded=[(at, out) for at, out, recorded in pairs if at is not None and recorded],
    )


def _days(days: float) -> str:
    return f"{days:.1f}".removesuffix(".0") + (" day" if round(days, 1) == 1 else " days")
