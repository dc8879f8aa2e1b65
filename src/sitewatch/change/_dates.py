"""The brackets of changes, read off the looks that saw their own footprints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sitewatch.change._objects import Patch
from sitewatch.change._returns import own_dates
from sitewatch.change._stack import Stack

__all__ = ["Edge", "Ends", "brackets", "dates", "edges", "seen_on"]

_NEAR_DAYS = 40.0
"""The patch as a whole may correct the dates of its pixels by so much; what differs by more is another event."""


@dataclass(frozen=True, kw_only=True)
class Edge:
    """One end of a spell, as indices of looks in the cube."""

    after: int
    """The last look that saw the footprint in the old state."""
    by: int
    """The first look that saw it in the new state."""


Ends = tuple[Edge | None, Edge | None]
"""When a spell began and ended; None: outside the record, or not seen from both sides."""


def dates(patches: Sequence[Patch], stack: Stack) -> list[tuple[int, int]]:
    """The first look of each patch's spell and the first after it, as indices of looks.

    They are those of `own_dates` where these are near the median dates of the patch's pixels: with many pixels averaged
    they are sharper than any single pixel's.
    """
    found = []
    for patch, own in zip(patches, own_dates(patches, stack), strict=True):
        first, last = own or (patch.start, patch.end)
        found.append(
            (
                first if _near(first, patch.start, stack.days) else patch.start,
                last if _near(last, patch.end, stack.days) else patch.end,
            )
        )
    return found


def edges(patches: Sequence[Patch], stack: Stack) -> list[Ends]:
    """When each patch's spell began and ended: its `dates`, as `brackets`."""
    return brackets(patches, dates(patches, stack), stack)


def brackets(patches: Sequence[Patch], spells: Sequence[tuple[int, int]], stack: Stack) -> list[Ends]:
    """The `dates` of patches as brackets of the looks that saw at least half of each."""
    return [_bracketed(patch, *own, stack) for patch, own in zip(patches, spells, strict=True)]


def seen_on(patch: Patch, stack: Stack) -> NDArray[np.int64]:
    """Indices of the looks that saw at least half of a patch."""
    return np.flatnonzero(stack.valid[patch.pixels].sum(axis=0) >= max(1, (len(patch.pixels) + 1) // 2))


def _bracketed(patch: Patch, first: int, last: int, stack: Stack) -> Ends:
    seen = seen_on(patch, stack)
    if len(seen) < 2:
        return None, None
    return (
        _edge(seen, int(np.searchsorted(seen, first))),
        _edge(seen, len(seen) if last >= len(stack.days) else int(np.searchsorted(seen, last))),
    )


def _near(one: int, other: int, days: NDArray[np.float64]) -> bool:
    """Whether two dates, as positions of looks, are near; none is near the end of the record but that itself."""
    if len(days) in (one, other):
        return one == other
    return bool(abs(days[one] - days[other]) <= _NEAR_DAYS)


def _edge(seen: NDArray[np.int64], position: int) -> Edge | None:
    if not 0 < position < len(seen):
        return None
    return Edge(after=int(seen[position - 1]), by=int(seen[position]))
