"""Pixels to patches: neighbours whose ground changed on the same looks, in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sitewatch.change._scan import Spells

__all__ = ["GROW_SCORE", "SEED_SCORE", "Grown", "Patch", "compounds", "grow", "usual_scores"]

SEED_SCORE = 12.0
"""A patch starts at pixels of at least this score."""
GROW_SCORE = 5.0
"""And takes in neighbours of at least this score. `scan` needs no lower threshold."""
MIN_PIXELS = 3
"""Smaller patches are clutter or edges; the smallest structure that an image resolves covers two by two pixels."""
PAIR_SCORE = 25.0
"""Two pixels are enough where both score this: a structure of two by two pixels may lie across six."""

_AROUND = 15
"""Edge of the square of pixels over which it is judged what scores are usual."""

_NEAR_DAYS = 40.0
_NEAR_LOOKS = 2
"""Neighbours share a date when it is as near as this in looks or in days (pixels see different looks under cloud)."""
_SEASON_DAYS = 240.0
"""Stages of one construction follow each other within this."""
_WORTH_JOINING = 1.15
"""A compound covers at least this much more than its largest part."""
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
    """Median score of its pixels, over what is usual around them."""
    delta: NDArray[np.float32]
    """(band,): median level in the spell minus outside."""
    spread: float
    """Standard deviation over pixels of the change along its mean direction, over its mean: 0 for an even roof."""
    scatter: float
    """Mean distance in days of its pixels' dates from its own."""
    common: float
    """Share of all pixels of the picture with a spell that begins or ends within a look of its start."""
    usual: float
    """What scores were divided by there: 1 on quiet ground, 10 and more among fields."""


@dataclass(frozen=True, kw_only=True)
class Grown:
    """Patches and what they are made of."""

    patches: list[Patch]
    """Highest seed first."""
    owner: NDArray[np.int32]
    """(pixel, event) position of the patch that a spell belongs to, -1 for none."""


def grow(
    spells: Spells,
    shape: tuple[int, int],
    days: NDArray[np.float64],
    *,
    usual: NDArray[np.float32] | None = None,
    free: NDArray[np.bool_] | None = None,
) -> Grown:
    """Grow patches from the pixels of highest score.

    Where everything around seems to change (fields, compressed pictures), what most pixels do is noise: scores are
    divided by what is usual around a pixel (`usual_scores`).

    Args:
        spells: of all pixels, as `scan` gives them.
        shape: (y, x) of the grid.
        days: (time,) capture times in days.
        usual: (pixel,) from `usual_scores`, where it is known already.
        free: (pixel, event) True where a spell may become part of a patch; None: everywhere.

    Returns:
        The patches; a pixel-event belongs to at most one.
    """
    if usual is None:
        usual = usual_scores(spells, shape)
    scores = spells.score / usual[:, None]
    if free is not None:
        scores[~free] = 0.0
    flat = np.flatnonzero(scores.ravel() >= SEED_SCORE)
    flat = flat[np.argsort(-scores.ravel()[flat], kind="stable")]
    labels = _grow(flat, scores, spells.start, spells.end, spells.delta, days, shape)
    owner = np.full(labels.shape, -1, dtype=np.int32)
    patches: list[Patch] = []
    busy = _busy(spells, len(days))
    inside = np.flatnonzero(labels.ravel())
    order = inside[np.argsort(labels.ravel()[inside], kind="stable")]
    bounds = np.searchsorted(labels.ravel()[order], np.arange(1, labels.max() + 2))
    events = labels.shape[1]
    for first, last in pairwise(bounds):
        members = np.sort(order[first:last])
        pixels = np.unique(members // events)
        if len(pixels) < MIN_PIXELS and not (
            len(pixels) == 2 and scores.ravel()[order[first:last]].min() >= PAIR_SCORE
        ):
            continue
        owner.ravel()[members] = len(patches)
        pixels = _closed(pixels, shape)
        delta = spells.delta.reshape(-1, spells.delta.shape[2])[members]
        centre = np.median(delta, axis=0)
        along = delta @ centre / max(float(np.linalg.norm(centre)), 1e-9)
        starts, ends = spells.start.ravel()[members], spells.end.ravel()[members]
        start, end = int(np.median(starts)), int(np.median(ends))
        scatter = float(np.abs(days[starts] - days[start]).mean())
        if end < len(days):
            scatter = (scatter + float(np.abs(days[ends] - days[end]).mean())) / 2
        patches.append(
            Patch(
                pixels=pixels,
                start=start,
                end=end,
                score=float(np.median(scores.ravel()[members])),
                delta=centre.astype(np.float32),
                spread=float(along.std() / max(abs(float(along.mean())), 1e-9)),
                scatter=scatter,
                common=float(busy[start]),
                usual=float(np.median(usual[members // events])),
            )
        )
    return Grown(patches=patches, owner=owner)


def usual_scores(spells: Spells, shape: tuple[int, int]) -> NDArray[np.float32]:
    """(pixel,) what scores are divided by, at least 1: the median second-best score around over the growing threshold.

    A structure gives each of its pixels one spell of high score, a field or a badly normalised picture gives many. A
    median over the whole picture would let the fields around a yard hide what stands in it.
    """
    second = -np.partition(-spells.score, 1, axis=1)[:, 1]
    around = ndimage.median_filter(second.reshape(shape), size=_AROUND, mode="nearest")
    return np.asarray(np.maximum(1.0, around.ravel() / GROW_SCORE), dtype=np.float32)


def _busy(spells: Spells, looks: int) -> NDArray[np.float64]:
    """(look,) share of all pixels with a spell that begins or ends within a look of it: haze and harvests, if large."""
    found = spells.start >= 0
    counts = np.bincount(spells.start[found], minlength=looks + 1) + np.bincount(spells.end[found], minlength=looks + 1)
    return np.asarray(np.convolve(counts[:looks], np.ones(3), mode="same") / len(found), dtype=np.float64)


def compounds(patches: Sequence[Patch], days: NDArray[np.float64], shape: tuple[int, int]) -> list[Patch]:
    """What is built in stages: steps that touch, point the same way and follow each other within a building season.

    Each is offered as a whole beside its parts; verification decides which of them is the thing.

    Returns:
        New patches of two or more steps each, dated by the step with most pixels.
    """
    steps = [p for p in patches if p.end >= len(days)]
    owner = np.zeros(shape, dtype=np.int64)
    group = np.arange(len(steps))
    for i, patch in sorted(enumerate(steps), key=lambda item: -len(item[1].pixels)):
        mask = np.zeros(shape, dtype=bool)
        mask.ravel()[patch.pixels] = True
        for j in np.unique(owner[ndimage.binary_dilation(mask, np.ones((3, 3), dtype=bool))]) - 1:
            if j >= 0 and _one_work(patch, steps[j], days):
                group[group == group[i]] = group[j]
        free = mask & (owner == 0)
        owner[free] = i + 1
    made = []
    for number in np.unique(group):
        parts = sorted((steps[i] for i in np.flatnonzero(group == number)), key=lambda p: -len(p.pixels))
        pixels = _closed(np.unique(np.concatenate([p.pixels for p in parts])), shape)
        if len(parts) > 1 and len(pixels) >= _WORTH_JOINING * len(parts[0].pixels):
            weights = np.array([len(p.pixels) for p in parts], dtype=np.float64)
            made.append(
                replace(
                    parts[0],
                    pixels=pixels,
                    score=float(np.average([p.score for p in parts], weights=weights)),
                    delta=np.average([p.delta for p in parts], axis=0, weights=weights).astype(np.float32),
                    spread=float(np.average([p.spread for p in parts], weights=weights)),
                    scatter=float(np.average([p.scatter for p in parts], weights=weights)),
                    usual=float(np.average([p.usual for p in parts], weights=weights)),
                )
            )
    return made


def _one_work(one: Patch, other: Patch, days: NDArray[np.float64]) -> bool:
    if abs(days[one.start] - days[other.start]) > _SEASON_DAYS:
        return False
    lengths = float(np.linalg.norm(one.delta) * np.linalg.norm(other.delta))
    return float(one.delta @ other.delta) >= _MIN_COSINE * lengths


def _closed(pixels: NDArray[np.int64], shape: tuple[int, int]) -> NDArray[np.int64]:
    """A set of pixels with gaps of one pixel and holes filled: a roof with seams is one roof."""
    width = shape[1]
    rows, columns = pixels // width, pixels % width
    top, left = rows.min() - 1, columns.min() - 1
    mask = np.zeros((rows.max() - top + 2, columns.max() - left + 2), dtype=bool)
    mask[rows - top, columns - left] = True
    closed = ndimage.binary_fill_holes(ndimage.binary_closing(mask, np.ones((3, 3), dtype=bool)))
    rows, columns = np.nonzero(closed)
    return np.sort(((rows + top) * width + columns + left).astype(np.int64))


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
