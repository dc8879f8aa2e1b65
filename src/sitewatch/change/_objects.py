"""Pixels to patches: neighbours whose ground changed on the same looks, in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sitewatch.change._labels import by_label, connected, flood, shown_along, summarised, without_gaps
from sitewatch.change._scan import Spells

__all__ = [
    "FULL",
    "GROW_SCORE",
    "NEAR_LOOKS",
    "SEED_SCORE",
    "SMALLEST",
    "Grown",
    "Patch",
    "compounds",
    "grow",
    "usual_around",
    "usual_scores",
]

SEED_SCORE = 12.0
"""A patch starts at pixels of at least this score."""
GROW_SCORE = 5.0
"""And takes in neighbours of at least this score. `scan` needs no lower threshold."""
MIN_PIXELS = 3
"""Smaller patches are clutter or edges; the smallest structure that an image resolves covers two by two pixels."""
PAIR_SCORE = 25.0
"""Two pixels are enough where both score this: a structure of two by two pixels may lie across six."""

_RIM = 0.4
"""Pixels that show less than this share of their patch's change are its rim: the sensor's blur spreads a change over
ground of which the thing covers less than that. Rims join what stands side by side and make the small look large."""
_RIM_PIXELS = 2
"""So far the blur reaches; what lies beyond is not a rim but something that changed less, on the same dates."""
FULL = 75.0
"""Percentile of a patch's pixels whose change is taken for all of it."""
SMALLEST = 4
"""Pixels of the smallest structure that an image resolves: so many together that change far more are a thing."""

_AROUND = 15
"""Edge of the square of pixels over which it is judged what scores are usual."""

_NEAR_DAYS = 40.0
NEAR_LOOKS = 2
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
    """Spells of all pixels that begin or end within a look of its start, over the number of pixels: above 1 where looks
    change most of them."""
    usual: float
    """What scores were divided by there: 1 on quiet ground, 10 and more among fields."""
    compound: bool = False
    """True: several patches offered as a whole, from `compounds`."""

    def on_ground_of(self, other: Patch, least: float) -> bool:
        """Whether the two share at least this much of the ground of both (intersection over union, 0-1)."""
        apart = self.pixels[0] > other.pixels[-1] or other.pixels[0] > self.pixels[-1]
        shared = 0 if apart else len(np.intersect1d(self.pixels, other.pixels, assume_unique=True))
        return shared >= least * (len(self.pixels) + len(other.pixels) - shared)


@dataclass(frozen=True, kw_only=True)
class Grown:
    """Patches and what they are made of."""

    patches: list[Patch]
    """In the order in which they came apart: those of the first pass first, those beyond their rims after them."""
    owner: NDArray[np.int32]
    """(pixel, event) position of the patch that a spell belongs to, as its rim too; -1 for none."""


def grow(
    spells: Spells,
    shape: tuple[int, int],
    days: NDArray[np.float64],
    *,
    usual: NDArray[np.float32] | None = None,
    free: NDArray[np.bool_] | None = None,
    rims: bool = False,
) -> Grown:
    """Grow patches from the pixels of highest score.

    Where everything around seems to change (fields, compressed pictures), what most pixels do is noise: scores are
    divided by what is usual around a pixel (`usual_scores`). What was grown together loses its rim, and what only the
    rim held together becomes several patches; what lies beyond the rim is grown again by itself.

    Args:
        spells: of all pixels, as `scan` gives them.
        shape: (y, x) of the grid.
        days: (time,) capture times in days.
        usual: (pixel,) from `usual_scores`, where it is known already.
        free: (pixel, event) True where a spell may become part of a patch; None: everywhere.
        rims: True: patches are left as they were grown.

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
    if rims:
        parts = grown = _grow(flat, scores, spells.start, spells.end, spells.delta, days, shape).ravel()
    else:
        parts, grown = _things(flat, scores, spells, days, shape)
    order, bounds = by_label(parts)
    told = summarised(order, bounds, spells, scores, days, usual=usual)
    size = np.diff(bounds)
    kept = np.flatnonzero((size >= MIN_PIXELS) | ((size == 2) & (told.lowest >= PAIR_SCORE)))
    number = np.full(len(size) + 1, -1, dtype=np.int32)
    number[kept + 1] = np.arange(len(kept))
    owner = number[grown].reshape(scores.shape)
    closed = without_gaps(
        [order[bounds[group] : bounds[group + 1]] // scores.shape[1] for group in kept.tolist()], shape
    )
    busy = _busy(spells, len(days))
    patches = [
        Patch(pixels=pixels, common=float(busy[told.start[group]]), **told.of(group))
        for group, pixels in zip(kept.tolist(), closed, strict=True)
    ]
    return Grown(patches=patches, owner=owner)


def _things(
    seeds: NDArray[np.int64],
    scores: NDArray[np.float32],
    spells: Spells,
    days: NDArray[np.float64],
    shape: tuple[int, int],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(pixel-event,) labels from 1, 0 for none, of what was grown, without rims and with them.

    A thing beside a brighter one that came on the same dates is grown together with it, and so is one in a field that
    was harvested then: of what was grown, what lies beyond the rim of the brighter one is grown again, until no seed is
    left among it.
    """
    deltas = spells.delta.reshape(-1, spells.delta.shape[2])
    parts, grown = np.zeros((2, scores.size), dtype=np.int64)
    free = np.ones(scores.size, dtype=bool)
    while len(left := seeds[free[seeds]]):
        some = np.where(free.reshape(scores.shape), scores, np.float32(0.0))
        labels = _grow(left, some, spells.start, spells.end, spells.delta, days, shape).ravel()
        own, whole, along = _without_rims(*by_label(labels), deltas, scores.shape[1], shape)
        if not whole.any():
            break
        _give_back(*by_label(whole), own, along)
        first = int(grown.max(initial=0))
        parts[own > 0] = own[own > 0] + first
        grown[whole > 0] = whole[whole > 0] + first
        free = (labels > 0) & (whole == 0)
        del some, labels, own, whole, along  # of a large picture they take much memory
    return parts, grown


def usual_scores(spells: Spells, shape: tuple[int, int]) -> NDArray[np.float32]:
    """(pixel,) what scores are divided by, at least 1: the median second-best score around over the growing threshold.

    A structure gives each of its pixels one spell of high score, a field or a badly normalised picture gives many. A
    median over the whole picture would let the fields around a yard hide what stands in it.
    """
    second = -np.partition(-spells.score, 1, axis=1)[:, 1]
    around = usual_around(second.reshape(shape), threads=numba.get_num_threads())
    return np.asarray(np.maximum(1.0, around.ravel() / GROW_SCORE), dtype=np.float32)


def usual_around(picture: NDArray[np.float32], *, threads: int) -> NDArray[np.float32]:
    """(y, x) median of the square of `_AROUND` pixels around each, the border repeated; in strips side by side."""
    margin = _AROUND // 2
    wide = np.pad(picture, margin, mode="edge")

    def strip(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        of_these = wide[rows[0] : rows[-1] + 1 + 2 * margin]
        found = ndimage.median_filter(of_these, size=_AROUND)
        return np.asarray(found[margin:-margin, margin:-margin], dtype=np.float32)

    with ThreadPoolExecutor(threads) as pool:
        strips = np.array_split(np.arange(len(picture)), max(1, min(threads, len(picture))))
        return np.vstack(list(pool.map(strip, strips)))


def _busy(spells: Spells, looks: int) -> NDArray[np.float64]:
    """(look,) spells that begin or end within a look of it, over the number of pixels: haze and harvests, if large."""
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
    # With a rim of nobody's pixels, so that every pixel has eight neighbours.
    wide = shape[1] + 2
    owner = np.zeros((shape[0] + 2) * wide, dtype=np.int64)
    neighbours = np.array([dy * wide + dx for dy in (-1, 0, 1) for dx in (-1, 0, 1)])
    group = np.arange(len(steps))
    for i, patch in sorted(enumerate(steps), key=lambda item: -len(item[1].pixels)):
        own = patch.pixels + 2 * (patch.pixels // shape[1]) + wide + 1
        for j in np.unique(owner[own[:, None] + neighbours]) - 1:
            if j >= 0 and _one_work(patch, steps[j], days):
                group[group == group[i]] = group[j]
        owner[own[owner[own] == 0]] = i + 1
    joined = [
        sorted((steps[i] for i in np.flatnonzero(group == number)), key=lambda p: -len(p.pixels))
        for number in np.flatnonzero(np.bincount(group, minlength=1) > 1)
    ]
    made = []
    wholes = without_gaps([np.unique(np.concatenate([p.pixels for p in parts])) for parts in joined], shape)
    for parts, pixels in zip(joined, wholes, strict=True):
        if len(pixels) >= _WORTH_JOINING * len(parts[0].pixels):
            weights = np.array([len(p.pixels) for p in parts], dtype=np.float64)
            made.append(
                replace(
                    parts[0],
                    pixels=pixels,
                    compound=True,
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


@numba.njit(cache=True)
def _without_rims(order, bounds, deltas, events, shape):  # type: ignore[no-untyped-def]
    """Take the rims off grown patches, given as by `by_label`; what hung together by a rim alone comes apart.

    Returns (pixel-event,) labels from 1 of the parts without rims; the same with rims, which bear the label of the
    nearest part, 0 beyond; and how much each member shows of its patch's change, along that one's mean direction.
    """
    parts, whole = np.zeros(len(deltas), dtype=np.int64), np.zeros(len(deltas), dtype=np.int64)
    shown = np.zeros(len(deltas))
    at = np.full(shape[0] * shape[1], -1, dtype=np.int64)
    label = 0
    for g in range(len(bounds) - 1):
        members = order[bounds[g] : bounds[g + 1]]
        along = shown_along(members, deltas)
        shown[members] = along
        full = np.percentile(along, FULL)
        strongest = np.sort(along)[max(0, members.size - SMALLEST)]
        queue = np.empty(members.size, dtype=np.int64)
        before = label
        if full < _RIM * strongest:  # most of it is not what changed the most, which may be a thing by itself
            label = connected(members, along, _RIM * strongest, SMALLEST, before, parts, at, queue, events, shape)
        if label == before:
            label = connected(members, along, _RIM * full, 1, before, parts, at, queue, events, shape)
        whole[members] = parts[members]
        flood(members, whole, at, queue, events, shape, _RIM_PIXELS)
    return parts, whole, shown


@numba.njit(cache=True)
def _give_back(order, bounds, parts, along):  # type: ignore[no-untyped-def]
    """Give parts what is not their own rim: they may have been cut at the height of something brighter.

    Parts with their rims, given as by `by_label`; `parts` and `along` from `_without_rims`, the first of which is
    changed.
    """
    for g in range(len(bounds) - 1):
        near = order[bounds[g] : bounds[g + 1]]
        least = _RIM * np.percentile(along[near][parts[near] != 0], FULL)
        for i in near:
            if along[i] >= least:
                parts[i] = g + 1


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
    return abs(a - b) <= NEAR_LOOKS or abs(days[a] - days[b]) <= _NEAR_DAYS
