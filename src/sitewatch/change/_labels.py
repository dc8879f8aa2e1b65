"""Labelled pixel-events: which are together, what they have in common, and the ground that they cover.

A pixel-event is a spell of a pixel: flat index pixel * events + event. Labels count from 1; 0 is no label.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sitewatch.change._scan import Spells

__all__ = ["Summaries", "by_label", "connected", "flood", "shown_along", "summarised", "without_gaps"]

_SIDE_BY_SIDE = 128
"""Sets of pixels whose gaps are closed in one go."""


def by_label(labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of all that is labelled, by label, and (labels + 1,) where each begins among them."""
    inside = np.flatnonzero(labels)
    order = inside[np.argsort(labels[inside], kind="stable")]
    return order, np.searchsorted(labels[order], np.arange(1, labels.max(initial=0) + 2))


@numba.njit(cache=True)
def connected(members, along, least, smallest, label, parts, at, queue, events, shape):  # type: ignore[no-untyped-def]
    """Label, from the next number on, what hangs together of the members that show at least `least`.

    Parts of fewer than `smallest` pixels get no label. Returns the last label; `at` is left as it was, -1.
    """
    for i in range(members.size):
        if along[i] >= least:
            at[members[i] // events] = members[i]
    for i in range(members.size):
        if at[members[i] // events] != members[i] or parts[members[i]] != 0:
            continue
        parts[members[i]] = label + 1
        queue[0] = members[i]
        size = _reach(queue, 1, parts, at, events, shape, members.size)
        if size >= smallest:
            label += 1
            continue
        for k in range(size):
            parts[queue[k]] = 0
            at[queue[k] // events] = -1
    for i in range(members.size):
        at[members[i] // events] = -1
    return label


@numba.njit(cache=True)
def _reach(queue, tail, labels, at, events, shape, steps):  # type: ignore[no-untyped-def]
    """Label, breadth-first, what is reached from the first `tail` of a queue through pixels where `at` has a member.

    In at most `steps` steps from pixel to pixel; returns how long the queue has become.
    """
    height, width = shape
    head, front = 0, tail
    while head < tail:
        if head == front:
            front = tail
            steps -= 1
        if steps == 0:
            break
        here = queue[head]
        head += 1
        row, column = here // events // width, here // events % width
        for y in range(max(0, row - 1), min(height, row + 2)):
            for x in range(max(0, column - 1), min(width, column + 2)):
                near = at[y * width + x]
                if near >= 0 and labels[near] == 0:
                    labels[near] = labels[here]
                    queue[tail] = near
                    tail += 1
    return tail


@numba.njit(cache=True)
def flood(members, labels, at, queue, events, shape, steps):  # type: ignore[no-untyped-def]
    """Label members, from all that have a label at once outwards, in at most `steps` steps; `at` is left as it was."""
    tail = 0
    for i in range(members.size):
        at[members[i] // events] = members[i]
        if labels[members[i]] != 0:
            queue[tail] = members[i]
            tail += 1
    _reach(queue, tail, labels, at, events, shape, steps)
    for i in range(members.size):
        at[members[i] // events] = -1


@numba.njit(cache=True)
def shown_along(members, deltas):  # type: ignore[no-untyped-def]
    """(members,) how much each shows of the change of all: its own along the direction of their median."""
    mean = np.zeros(deltas.shape[1])
    for b in range(mean.size):
        mean[b] = np.median(deltas[members, b])
    mean /= max(np.sqrt((mean**2).sum()), 1e-9)
    along = np.zeros(members.size)
    for i in range(members.size):
        for b in range(mean.size):
            along[i] += deltas[members[i], b] * mean[b]
    return along


class Summaries(NamedTuple):
    """What the members of n patches have in common; (n,) each but for `delta`."""

    start: NDArray[np.int32]
    end: NDArray[np.int32]
    score: NDArray[np.float64]
    lowest: NDArray[np.float64]
    """Smallest score."""
    usual: NDArray[np.float64]
    delta: NDArray[np.float32]
    """(n, band)"""
    spread: NDArray[np.float64]
    scatter: NDArray[np.float64]

    def of(self, i: int) -> dict[str, Any]:
        """What a `Patch` keeps of one of them."""
        return {
            "start": int(self.start[i]),
            "end": int(self.end[i]),
            "score": float(self.score[i]),
            "delta": self.delta[i],
            "spread": float(self.spread[i]),
            "scatter": float(self.scatter[i]),
            "usual": float(self.usual[i]),
        }


def summarised(
    order: NDArray[np.int64],
    bounds: NDArray[np.int64],
    spells: Spells,
    scores: NDArray[np.float32],
    days: NDArray[np.float64],
    *,
    usual: NDArray[np.float32],
) -> Summaries:
    """What the pixel-events between each two bounds of `order` have in common.

    Args:
        order: positions of pixel-events.
        bounds: (n + 1,) where each patch begins among them.
        spells: of all pixels.
        scores: (pixel, event) of the spells, over what is usual.
        days: (time,) capture times in days.
        usual: (pixel,) what scores were divided by.
    """
    found: Summaries = _summaries(
        order,
        bounds,
        scores.ravel(),
        spells.start.ravel(),
        spells.end.ravel(),
        spells.delta.reshape(-1, spells.delta.shape[2]),
        np.repeat(usual, scores.shape[1]),
        days,
    )
    return found


@numba.njit(cache=True, parallel=True)
def _summaries(order, bounds, scores, starts, ends, deltas, usual, days):  # type: ignore[no-untyped-def]
    """Medians over the members of each patch, see `Patch`; all but `order` and `bounds` are by pixel-event."""
    count, bands = len(bounds) - 1, deltas.shape[1]
    start, end = np.zeros(count, dtype=np.int32), np.zeros(count, dtype=np.int32)
    score, lowest, typical, spread, scatter = np.zeros((5, count))
    delta = np.zeros((count, bands), dtype=np.float32)
    for g in numba.prange(count):
        members = order[bounds[g] : bounds[g + 1]]
        start[g], end[g] = np.int32(np.median(starts[members])), np.int32(np.median(ends[members]))
        own = scores[members]
        score[g], lowest[g], typical[g] = np.median(own), own.min(), np.median(usual[members])
        for b in range(bands):
            delta[g, b] = np.median(deltas[members, b])
        length = max(np.sqrt((delta[g].astype(np.float64) ** 2).sum()), 1e-9)
        along = np.zeros(members.size)
        late = 0.0
        for i in range(members.size):
            for b in range(bands):
                along[i] += deltas[members[i], b] * delta[g, b] / length
            scatter[g] += abs(days[starts[members[i]]] - days[start[g]]) / members.size
            if end[g] < days.size:
                late += abs(days[ends[members[i]]] - days[end[g]]) / members.size
        if end[g] < days.size:
            scatter[g] = (scatter[g] + late) / 2
        spread[g] = along.std() / max(abs(along.mean()), 1e-9)
    return Summaries(start, end, score, lowest, typical, delta, spread, scatter)


def without_gaps(sets: Sequence[NDArray[np.int64]], shape: tuple[int, int]) -> list[NDArray[np.int64]]:
    """Sets of pixels with gaps of one pixel and holes filled, sorted: a roof with seams is one roof.

    Sets of about one height are laid side by side in one mask, which spares a call for each.
    """
    answer: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)] * len(sets)
    width = shape[1]
    tops = np.array([pixels.min() // width for pixels in sets], dtype=np.int64)
    heights = np.array([pixels.max() // width for pixels in sets], dtype=np.int64) - tops + 1
    lefts = np.array([(pixels % width).min() for pixels in sets], dtype=np.int64)
    widths = np.array([(pixels % width).max() for pixels in sets], dtype=np.int64) - lefts + 1
    by_height = np.argsort(heights, kind="stable")
    for chosen in np.split(by_height, range(_SIDE_BY_SIDE, len(sets), _SIDE_BY_SIDE)):
        if not len(chosen):
            continue
        at = np.cumsum([0, *(widths[chosen] + 3)])
        mask = np.zeros((heights[chosen[-1]] + 2, at[-1] + 1), dtype=bool)
        for place, i in zip(at[:-1], chosen, strict=True):
            mask[sets[i] // width - tops[i] + 1, sets[i] % width - lefts[i] + place + 1] = True
        filled = ndimage.binary_fill_holes(ndimage.binary_closing(mask, np.ones((3, 3), dtype=bool)))
        columns, rows = np.nonzero(np.asarray(filled).T)
        for i, first, part_rows, part_columns in zip(
            chosen,
            at[:-1],
            np.split(rows, np.searchsorted(columns, at[1:-1])),
            np.split(columns, np.searchsorted(columns, at[1:-1])),
            strict=True,
        ):
            answer[i] = np.sort((part_rows - 1 + tops[i]) * width + part_columns - first - 1 + lefts[i])
    return answer
