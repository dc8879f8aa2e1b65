"""What a patch looks like before, in and after its spell: the evidence for what stood, and when."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from sitewatch.change._measure import MEASURED, SIDES, measure
from sitewatch.change._objects import Patch
from sitewatch.change._returns import own_story
from sitewatch.change._scan import Spells
from sitewatch.change._stack import Stack

__all__ = ["FEATURES", "SIGNED", "describe"]

SIGNED = ("shade", "poleward", "darkest")
"""Differences of the spell to its outside: they change their sign when the two are exchanged."""

FEATURES = (
    "log_pixels",
    "log_score",
    "log_usual",
    "rectangular",
    "elongated",
    "compact",
    "spread",
    "scatter",
    "amplitude",
    "sharp",
    "fit",
    "edge",
    "surroundings",
    "shared",
    "common",
    "restless_around",
    "seasonal_around",
    "log_days",
    "log_looks",
    "log_looks_outside",
    "is_step",
    "log_unseen_before",
    "log_unseen_after",
    "own_clarity",
    "own_spells",
    "own_dates",
    *SIGNED,
    *(f"{side}_inside" for side in SIDES),
    *(f"{side}_before" for side in SIDES),
    *(f"{side}_after" for side in SIDES),
)
"""Names of the numbers that `describe` gives, in its order."""


def describe(patches: Sequence[Patch], stack: Stack, spells: Spells) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Measure patches.

    The surroundings of a patch are the ground around it that did not change on its dates (one bay of a hall is not set
    beside the next one); where all of it did (a field, a shadow), all of it. Before, in and after the spell reach to
    the next date on which half of the patch changed again: cleared ground is not mixed with the roof that comes on it.

    Args:
        patches: of one stack, n of them.
        stack: the cube they were found in.
        spells: of all its pixels.

    Returns:
        (n,) True where a patch could be measured: patch and surroundings were seen in the spell and on another side;
        and (n, len(FEATURES)) numbers, all finite, 0 where it could not.
        log_pixels, log_score, log_usual: natural logarithms of pixel count, of the score, and of what it was divided by
        (0 on quiet ground). rectangular: share of the smallest rotated rectangle that is filled, 0-1. elongated: log of
        that rectangle's side ratio. compact: share of the convex hull that is filled. spread: unevenness of the change
        over the patch. scatter: log of 1 + the mean distance in days of its pixels' dates from its own. amplitude:
        length of the spectral change. sharp: share of the change between the three looks before and after its dates.
        fit: share of the patch's variance that two levels explain. edge: how much of the change the pixels next to the
        patch show, 1 = all. surroundings: the same of the quiet surroundings. shared: share of the ring around that
        changed on its dates. common: as in `Patch`. restless_around, seasonal_around: of the
        surroundings, as in `SIDES`, over all looks. log_days, log_looks: length of the spell, up to the next change.
        log_looks_outside: seen looks before and after. is_step: 1 where the spell reaches the last look.
        log_unseen_before, log_unseen_after: log of 1 + the days without a look at the patch around the beginning and
        the end of the spell. own_clarity, own_spells, own_dates: from `own_story`. poleward: change of brightness on
        the two rows of pixels towards the pole, where shadows fall; shade: that less the same on the other side;
        darkest: the least among the four sides. The rest: `SIDES`, in the spell, before it and after it (a step has no
        after: its before again).
    """
    if not patches:
        return np.zeros(0, dtype=bool), np.zeros((0, len(FEATURES)))
    offsets = np.concatenate([[0], np.cumsum([len(p.pixels) for p in patches])])
    pixels = np.concatenate([p.pixels for p in patches])
    positions = np.array(
        [-1 if (at := stack.position(name)) is None else at for name in ("red", "green", "blue", "nir", "swir16")]
    )
    start = np.array([p.start for p in patches])
    end = np.array([p.end for p in patches])
    delta = np.array([p.delta for p in patches], dtype=np.float64)
    measured, numbers = measure(
        stack.values,
        stack.valid,
        stack.days,
        stack.shape,
        (offsets, pixels, start, end, delta),
        spells.start,
        spells.end,
        positions,
        np.array(stack.visible),
        (stack.dark, stack.span),
        stack.south,
    )
    own = np.column_stack(
        [
            np.log([len(p.pixels) for p in patches]),
            np.log([max(p.score, 1.0) for p in patches]),
            np.log([p.usual for p in patches]),
            *_shapes(pixels, offsets, stack.shape[1]),
            [min(p.spread, 3.0) for p in patches],
            np.log1p([p.scatter for p in patches]),
            np.linalg.norm(delta, axis=1),
            numbers[:, :5],
            [p.common for p in patches],
            numbers[:, 5:13],
            own_story(patches, stack),
            numbers[:, 13:],
        ]
    )
    assert numbers.shape[1] == MEASURED
    assert own.shape[1] == len(FEATURES)
    return measured, np.where(measured[:, None], own, 0.0)


def _shapes(
    pixels: NDArray[np.int64], offsets: NDArray[np.int64], width: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(rectangular, elongated, compact) of sets of pixels taken as unit squares, (n,) each."""
    size = np.diff(offsets)
    rows, columns = pixels // width, pixels % width
    owner = np.repeat(np.arange(len(size)), size)
    # The hull of a row of pixels is that of its first and its last one.
    order = np.lexsort((columns, rows, owner))
    owner, rows, columns = owner[order], rows[order], columns[order]
    first = np.flatnonzero(np.diff(owner, prepend=-1) | np.diff(rows, prepend=-1))
    left, right = columns[first], columns[np.append(first[1:], len(columns)) - 1] + 1
    corners = np.stack([np.stack([x, rows[first] + dy], axis=1) for x in (left, right) for dy in (0, 1)], axis=1)
    points = corners.reshape(-1, 2).astype(np.float64)
    hulls = shapely.convex_hull(shapely.linestrings(points, indices=np.repeat(owner[first], 4)))
    rectangles = shapely.oriented_envelope(hulls)
    # A rectangle has five corners, the last one the first again.
    ring = shapely.get_coordinates(rectangles).reshape(-1, 5, 2)
    one, other = (np.hypot(*(ring[:, i + 1] - ring[:, i]).T) for i in (0, 1))
    return (
        size / np.maximum(shapely.area(rectangles), 1.0),
        np.log(np.maximum(np.maximum(one, other), 1.0) / np.maximum(np.minimum(one, other), 1.0)),
        size / np.maximum(shapely.area(hulls), 1.0),
    )
