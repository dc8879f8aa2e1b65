"""Blocks of one patch: what stands side by side and came on nearly the same dates is told as several things.

Pixels grow together when they changed within weeks of each other in the same way, so a row of sheds that went up in one
month is one patch: what the sensor's blur spreads between them is enough of a change to hold it together. Between two
roofs less of the ground is covered, and the change has a dip there. Where a patch that is cut at a higher level than
its rim falls apart into blocks, and the change between any two that touch dips to `_DIP` of the weaker one, each block
may be a thing. Of the levels that do so, the one that gives the most blocks counts.

The levels are those of a watershed by flooding (Vincent and Soille 1991, IEEE Trans. Pattern Anal. Mach. Intell. 13,
583) with few levels, and its usual remedy for too many basins: one counts when it is large and deep enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numba
import numpy as np
from numpy.typing import NDArray

from sitewatch.change._labels import by_label, connected, flood, shown_along, summarised, without_gaps
from sitewatch.change._objects import FULL, SMALLEST, Patch
from sitewatch.change._scan import Spells

__all__ = ["blocks"]

_LEVELS = np.array([0.5, 0.6, 0.7, 0.8])
"""Shares of the full change of a patch at which it is cut."""
_DIP = 0.65
"""Between two blocks the change is on average at most this share of what the weaker of them shows."""
_LEAST = 12
"""Pixels of a block at least: three by four hold a few that are its own alone. In less, dips are chance."""
_LARGEST = 60
"""Pixels of a block at most. What is larger is a bay of a hall: bays are roofed one after the other, too, with lanes
and gutters between them that such pixels show, but are one building."""
_MOST = 32
"""Blocks of a patch: more than these are no row of sheds."""


def blocks(
    patches: Sequence[Patch],
    numbers: Sequence[int],
    owner: NDArray[np.int32],
    spells: Spells,
    shape: tuple[int, int],
    days: NDArray[np.float64],
    *,
    usual: NDArray[np.float32],
) -> tuple[list[Patch], NDArray[np.int64]]:
    """Cut patches into the blocks of which they may consist.

    Args:
        patches: n of those that were grown.
        numbers: which pixel-events are theirs: their numbers in `owner`, each another one.
        owner: (pixel, event) as in `Grown`.
        spells: of all pixels, that they were grown from.
        shape: (y, x).
        days: (time,) capture times in days.
        usual: (pixel,) from `usual_scores`.

    Returns:
        New patches and, of each, the position of the patch that it is a block of; two at least of each that is cut.
    """
    order, bounds = _members(patches, numbers, owner, spells, len(days))
    events = owner.shape[1]
    block = _cut_apart(order, bounds, spells.delta.reshape(-1, spells.delta.shape[2]), events, shape)
    patch_of = np.repeat(np.arange(len(patches)), np.diff(bounds))[block > 0]
    _, first, label = np.unique(patch_of * (_MOST + 1) + block[block > 0], return_index=True, return_inverse=True)
    if not len(first):
        return [], first
    by_block = order[block > 0][np.argsort(label, kind="stable")]
    ends = np.append(0, np.cumsum(np.bincount(label)))
    told = summarised(by_block, ends, spells, spells.score / usual[:, None], days, usual=usual)
    ground = without_gaps([by_block[a:b] // events for a, b in pairwise(ends.tolist())], shape)
    made = [
        replace(patches[whole], pixels=pixels, **told.of(i))
        for i, (whole, pixels) in enumerate(zip(patch_of[first].tolist(), ground, strict=True))
    ]
    return made, patch_of[first]


def _members(
    patches: Sequence[Patch], numbers: Sequence[int], owner: NDArray[np.int32], spells: Spells, looks: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of the pixel-events of patches, by patch and without rims, and where each patch begins among them."""
    position = np.zeros(max(int(owner.max(initial=-1)), *numbers, -1) + 2, dtype=np.int64)
    position[list(numbers)] = np.arange(1, len(patches) + 1)
    order, _ = by_label(position[owner.ravel()])
    patch_of = position[owner.ravel()[order]] - 1
    sizes = [len(patch.pixels) for patch in patches]
    held = np.concatenate([np.zeros(0, dtype=np.int64), *(patch.pixels for patch in patches)])
    held += np.repeat(np.arange(len(sizes)), sizes) * len(owner)
    own = np.isin(patch_of * len(owner) + order // owner.shape[1], held)
    # Only what has the patch's own kind of end: a step none, a spell one.
    open_end = np.array([patch.end >= looks for patch in patches], dtype=bool)[patch_of]
    own &= (spells.start.ravel()[order] >= 0) & ((spells.end.ravel()[order] >= looks) == open_end)
    return order[own], np.searchsorted(patch_of[own], np.arange(len(sizes) + 1))


@numba.njit(cache=True)
def _cut_apart(order, bounds, deltas, events, shape):  # type: ignore[no-untyped-def]
    """Which block of its patch each member is in, from 1; 0: the patch is one, or the member is out of reach."""
    answer = np.zeros(order.size, dtype=np.int64)
    labels, shown = np.zeros(len(deltas), dtype=np.int64), np.zeros(len(deltas))
    at = np.full(shape[0] * shape[1], -1, dtype=np.int64)
    for g in range(len(bounds) - 1):
        members = order[bounds[g] : bounds[g + 1]]
        if members.size < 2 * _LEAST or members.size > _MOST * _LARGEST:
            continue
        along = shown_along(members, deltas)
        full = np.percentile(along, FULL)
        queue = np.empty(members.size, dtype=np.int64)
        # What no longer hangs together, because some of it was dated anew, tells nothing of dips.
        whole = connected(members, along, -np.inf, 1, 0, labels, at, queue, events, shape)
        labels[members] = 0
        if whole != 1:
            continue
        most = 1
        for level in _LEVELS:
            count = connected(members, along, level * full, SMALLEST, 0, labels, at, queue, events, shape)
            if most < count <= _MOST:
                flood(members, labels, at, queue, events, shape, members.size)
                shown[members] = along
                if _side_by_side(members, shown, labels, at, count, events, shape):
                    most = count
                    answer[bounds[g] : bounds[g + 1]] = labels[members]
            labels[members] = 0
    return answer


@numba.njit(cache=True)
def _side_by_side(members, shown, labels, at, count, events, shape):  # type: ignore[no-untyped-def]
    """Whether blocks are things of their own: none too small or too large, and the change dips between all that touch.

    `shown` is of all pixel-events; `at` is left as it was, -1.
    """
    height, width = shape
    sizes = np.bincount(labels[members])[1:]
    if sizes.min() < _LEAST or sizes.max() > _LARGEST:
        return False
    total, pairs = np.zeros((count, count)), np.zeros((count, count))
    for i in range(members.size):
        at[members[i] // events] = members[i]
    for i in range(members.size):
        here = labels[members[i]]
        row, column = members[i] // events // width, members[i] // events % width
        for y in range(max(0, row - 1), min(height, row + 2)):
            for x in range(max(0, column - 1), min(width, column + 2)):
                near = at[y * width + x]
                if here != 0 and near >= 0 and labels[near] > here:
                    total[here - 1, labels[near] - 1] += min(shown[members[i]], shown[near])
                    pairs[here - 1, labels[near] - 1] += 1
    for i in range(members.size):
        at[members[i] // events] = -1
    top = np.array([np.median(shown[members][labels[members] == block + 1]) for block in range(count)])
    for one in range(count):
        for other in range(count):
            if total[one, other] > _DIP * min(top[one], top[other]) * pairs[one, other]:
                return False
    return True
