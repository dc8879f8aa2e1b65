"""The bracket of a change, read off the looks that saw its own footprint."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sitewatch.change._objects import Patch
from sitewatch.change._stack import Stack

__all__ = ["Edge", "edges"]

_REACH = 8
"""Looks to either side among which a date is sought again."""
_CONTEXT = 15
"""Looks beyond that which show what the ground was before and after."""


@dataclass(frozen=True, kw_only=True)
class Edge:
    """One end of a spell, as indices of looks in the cube."""

    after: int
    """The last look that saw the footprint in the old state."""
    by: int
    """The first look that saw it in the new state."""


def edges(patch: Patch, stack: Stack) -> tuple[Edge | None, Edge | None]:
    """When a patch's spell began and ended.

    The pixels of a patch are averaged on every look that saw at least half of them, along the direction of the change;
    of all pairs of dates near the patch's own, the one is taken that leaves the least squares around two levels. With
    many pixels averaged this is sharper than any single pixel's date.

    Returns:
        (began, ended); an end that lies outside the record, or that no look saw from both sides, is None.
    """
    valid = stack.valid[patch.pixels]
    count = valid.sum(axis=0)
    seen = np.flatnonzero(count >= max(1, (len(patch.pixels) + 1) // 2))
    if len(seen) < 2:
        return None, None
    direction = patch.delta / max(float(np.linalg.norm(patch.delta)), 1e-6)
    values = np.where(valid[:, seen, None], stack.values[patch.pixels[:, None], seen[None, :]], 0)
    series = (values.sum(axis=0) / count[seen, None]) @ direction
    looks = len(stack.days)
    first = int(np.searchsorted(seen, patch.start))
    last = len(seen) if patch.end >= looks else int(np.searchsorted(seen, patch.end))
    first, last = _sharpen(series.astype(np.float64), first, last)
    return _edge(seen, first), _edge(seen, last)


def _edge(seen: NDArray[np.int64], position: int) -> Edge | None:
    if not 0 < position < len(seen):
        return None
    return Edge(after=int(seen[position - 1]), by=int(seen[position]))


def _sharpen(series: NDArray[np.float64], first: int, last: int) -> tuple[int, int]:
    """The pair of positions near (first, last) that leaves the least squares around an inner and an outer level."""
    n = len(series)
    low, high = max(0, first - _REACH - _CONTEXT), min(n, last + _REACH + _CONTEXT)
    part = series[low:high] - series[low:high].mean()
    sums = np.concatenate([[0.0], np.cumsum(part)])
    size = len(part)
    best, answer = -1.0, (first, last)
    ends = [last - low] if last >= n else range(max(1, last - low - _REACH), min(size, last - low + _REACH + 1))
    for b in ends:
        for a in range(max(1, first - low - _REACH), min(b, first - low + _REACH + 1)):
            inside = b - a
            if inside >= size:
                continue
            # With the mean taken out, explained squares are S^2 (1/inside + 1/outside).
            value = (sums[b] - sums[a]) ** 2 * size / (inside * (size - inside))
            if value > best:
                best, answer = value, (a + low, b + low)
    return answer
