"""Pixels to patches: neighbours whose ground changed on the same looks, in the same way."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numba
import numpy as np
from numpy.typing import NDArray

from sitewatch.change._scan import Spells

__all__ = ["Patch", "grow"]

SEED_SCORE = 12.0
"""A patch starts at pixels of at least this score."""
GROW_SCORE = 5.0
"""And takes in neighbours of at least this score. `scan` needs no lower threshold."""
MIN_PIXELS = 3
"""Smaller patches are clutter or edges; the smallest structure that an image resolves covers two by two pixels."""

_NEAR_DAYS = 40.0
_NEAR_LOOKS = 2
"""Neighbours share a date when it is as near as this in looks or in days (pixels see different looks under cloud)."""
_MIN_COSINE = 0.6
"""And when their spectral change points the same way: the cosine between the two is at least this."""


@dataclass(frozen=True, kw_only=True)
class Patch:
    """One connected patch of pixels with one spell."""

    pixels: NDArray[np.int64]
    """Sorted flat indices into (y, x)."""
    start: int
    """Median index of the first look of the spell."""
    end: int
    """Median index of the first look after it; number of looks: the spell reaches the last look."""
    score: float
    """Median score of its pixels."""
    delta: NDArray[np.float32]
    """(band,): median level in the spell minus outside."""
    spread: float
    """Standard deviation over pixels of the change along its mean direction, over its mean: 0 for an even roof."""


def grow(spells: Spells, shape: tuple[int, int], days: NDArray[np.float64]) -> list[Patch]:
    """Grow patches from the pixels of highest score.

    Where most of a picture seems to change (compressed or badly normalised ones), what most pixels do is its noise:
    scores are divided by their median over all pixels where that exceeds the growing threshold.

    Args:
        spells: of all pixels, as `scan` gives them.
        shape: (y, x) of the grid.
        days: (time,) capture times in days.

    Returns:
        The patches, highest seed first; a pixel-event belongs to at most one.
    """
    usual = float(np.median(spells.score[:, 0])) / GROW_SCORE
    scores = spells.score / np.float32(max(1.0, usual))
    flat = np.argsort(-scores, axis=None, kind="stable")
    flat = flat[scores.ravel()[flat] >= SEED_SCORE]
    labels = _grow(flat, scores, spells.start, spells.end, spells.delta, days, shape)
    patches = []
    order = np.argsort(labels, axis=None, kind="stable")
    bounds = np.searchsorted(labels.ravel()[order], np.arange(1, labels.max() + 2))
    events = labels.shape[1]
    for first, last in pairwise(bounds):
        members = np.sort(order[first:last])
        pixels = np.unique(members // events)
        if len(pixels) < MIN_PIXELS:
            continue
        delta = spells.delta.reshape(-1, spells.delta.shape[2])[members]
        centre = np.median(delta, axis=0)
        along = delta @ centre / max(float(np.linalg.norm(centre)), 1e-9)
        patches.append(
            Patch(
                pixels=pixels,
                start=int(np.median(spells.start.ravel()[members])),
                end=int(np.median(spells.end.ravel()[members])),
                score=float(np.median(scores.ravel()[members])),
                delta=centre.astype(np.float32),
                spread=float(along.std() / max(abs(float(along.mean())), 1e-9)),
            )
        )
    return patches


@numba.njit(cache=True)
def _grow(seeds, scores, start, end, delta, days, shape):  # type: ignore[no-untyped-def]
    """(pixel, event) labels from 1, 0 for none: breadth-first from each seed not yet taken."""
    height, width = shape
    pixels, events = scores.shape
    looks = days.size
    labels = np.zeros((pixels, events), dtype=np.int64)
    queue = np.empty(pixels * events, dtype=np.int64)
    taken = np.zeros(pixels, dtype=np.int64)
    label = 0
    for seed in seeds:
        pixel, event = seed // events, seed % events
        if labels[pixel, event] != 0:
            continue
        label += 1
        labels[pixel, event] = label
        taken[pixel] = label
        mean = delta[pixel, event].copy()
        first, last = start[pixel, event], end[pixel, event]
        queue[0] = pixel
        head, tail, size = 0, 1, 1
        while head < tail:
            here = queue[head]
            head += 1
            row, column = here // width, here % width
            for y in range(max(0, row - 1), min(height, row + 2)):
                for x in range(max(0, column - 1), min(width, column + 2)):
                    near = y * width + x
                    if taken[near] == label:
                        continue
                    for e in range(events):
                        if labels[near, e] != 0 or scores[near, e] < GROW_SCORE:
                            continue
                        if not _same_date(start[near, e], first, days, looks):
                            continue
                        if not _same_date(end[near, e], last, days, looks):
                            continue
                        dot, one, two = 0.0, 0.0, 0.0
                        for b in range(mean.size):
                            dot += mean[b] * delta[near, e, b]
                            one += mean[b] * mean[b]
                            two += delta[near, e, b] * delta[near, e, b]
                        if dot < _MIN_COSINE * np.sqrt(one * two):
                            continue
                        labels[near, e] = label
                        taken[near] = label
                        size += 1
                        for b in range(mean.size):
                            mean[b] += (delta[near, e, b] - mean[b]) / size
                        queue[tail] = near
                        tail += 1
                        break
    return labels


@numba.njit(cache=True)
def _same_date(a, b, days, looks):  # type: ignore[no-untyped-def]
    """Whether two look indices (or two "never") are the same date within what clouds allow."""
    if a == looks or b == looks:
        return a == b
    return abs(a - b) <= _NEAR_LOOKS or abs(days[a] - days[b]) <= _NEAR_DAYS
