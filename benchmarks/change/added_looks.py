"""What a month's new looks cost and change: the search of what was added against the search of all."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from matching import Claim, Event, dates_fit, match
from numpy.typing import NDArray

from sitewatch.change import Change, detect_again

__all__ = ["HEAD", "NOTE", "row"]

DAYS = 31
"""The looks of so many last days are added."""
REPEATS = 3
SURE = 0.5
"""Probability from which a claim of one search is looked for among those of the other."""
SAME_GROUND = 0.5
"""Intersection over union from which two claims are on the same ground."""

HEAD = (
    "seed",
    "looks",
    "added",
    "all, s",
    "added, s",
    "share",
    "F1 of all",
    "F1 of added",
    "all's sure claims also of added",
    "added's also of all",
    "all's a month before",
)
NOTE = (
    f"The looks of the last {DAYS} days are added to those before, on the whole scene. Seconds from cube to changes, "
    f"best of {REPEATS}, as `watch` runs: what is known is written both times, and read where looks were added. "
    "F1 against the truth of the whole record. A sure claim "
    f"(probability from {SURE}) is also of the other search where that claims ground that it shares by half at least, "
    "with dates that match as in scoring. The last column asks the same of a search of all looks of the month before: "
    "how far claims move when nothing but looks is added."
)

Told = Callable[[Sequence[Change]], list[Claim]]


def row(cube: xr.Dataset, inside: NDArray[np.bool_], told: Told, events: Sequence[Event]) -> list[str]:
    """Search one scene both ways; all of `HEAD` but the seed.

    Args:
        cube: all its looks.
        inside: (y, x) where claims count.
        told: changes to claims.
        events: the truth.
    """
    looks = cube.sizes["time"]
    before = int((cube["time"].values < cube["time"].values[-1] - np.timedelta64(DAYS, "D")).sum())
    earlier = cube.isel(time=slice(None, before))
    with tempfile.TemporaryDirectory() as folder:
        known, kept = Path(folder) / "known", Path(folder) / "kept"

        def judged(of: xr.Dataset, searched_whole: int) -> Sequence[Change]:
            changes, searched = detect_again(of, false_alarms=1.0, inside=inside, kept=kept)
            assert searched == searched_whole, "so few added looks are never declined"
            return changes

        stale = judged(earlier, before)
        kept.rename(known)
        whole, slow = timed(lambda: judged(cube, looks), prepare=lambda: kept.unlink(missing_ok=True))
        added, fast = timed(lambda: judged(cube, before), prepare=lambda: shutil.copy(known, kept))
    f1 = [match(events, told(changes)).f1 for changes in (whole, added)]
    return [
        str(looks),
        str(looks - before),
        f"{slow:.2f}",
        f"{fast:.2f}",
        f"{fast / slow:.2f}",
        *("-" if value is None else f"{value:.2f}" for value in f1),
        *(agreed(told(one), told(other)) for one, other in ((whole, added), (added, whole), (whole, stale))),
    ]


def timed(work: Callable[[], Sequence[Change]], *, prepare: Callable[[], object]) -> tuple[Sequence[Change], float]:
    seconds = []
    for _ in range(REPEATS):
        prepare()
        started = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - started)
    return result, min(seconds)


def agreed(claims: Sequence[Claim], others: Sequence[Claim]) -> str:
    """How many of the sure claims are among the others."""
    sure = [claim for claim in claims if claim.probability >= SURE]
    found = sum(
        any(
            dates_fit(claim.ends, other.ends)
            and len(np.intersect1d(claim.pixels, other.pixels))
            >= SAME_GROUND * len(np.union1d(claim.pixels, other.pixels))
            for other in others
        )
        for claim in sure
    )
    return f"{found} of {len(sure)}"
