"""Patches that tell of the same event: a hall's shadow, its edges, its yard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sitewatch.change._objects import Patch
from sitewatch.change._overlap import overlaps

__all__ = ["distinct", "repeats"]

_INSIDE = 0.5
"""A patch belongs to another when at least this share of it lies there."""
_PART = 0.8
"""A compound is made of patches of which so much lies on it."""
_SAME_GROUND = 0.35
"""Two spells are of one thing when they share at least this much of the ground of both (intersection over union)."""
_NEAR_DAYS = 120.0
"""Dates this near are of one event: what is built is cleared, framed and paved around within months."""
_NEIGHBOUR = 0.5
"""A patch beside another that has at least this share of its size can be a building of its own."""
_SHARED = 0.35
"""It is beside when less than this share of it lies on the other."""
_NEIGHBOUR_DAYS = 40.0
"""It is then part of the same event only when dates are this near, as those of a shadow are."""


def repeats(patches: Sequence[Patch], days: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.int64]:
    """Which patches could be parts of another's event.

    Args:
        patches: found in one stack.
        days: (time,) capture times in days.
        shape: (y, x) of the grid.

    Returns:
        (m, 2): pairs (i, j) where at least half of patch j lies on or within two pixels of patch i, and a date of j is
        near a date of i; but not spells apart on one ground: there a thing comes again; nor neighbours of about one
        size that came weeks apart.
    """
    if not patches:
        return np.zeros((0, 2), dtype=np.int64)
    shared, near = overlaps(patches, np.arange(len(patches)), shape)
    size = np.array([len(p.pixels) for p in patches])
    pairwise = near.tocoo()
    of, part = pairwise.coords
    lies = (of != part) & (pairwise.data >= _INSIDE * size[part])
    of, part = of[lies], part[lies]
    beside = (shared[of, part] < _SHARED * size[part]) & (size[part] >= _NEIGHBOUR * size[of])
    dates = np.array([_dates(p, days) for p in patches])
    apart = np.abs(dates[part][:, :, None] - dates[of][:, None, :])  # nan: one of them has no such date
    same = (apart <= np.where(beside, _NEIGHBOUR_DAYS, _NEAR_DAYS)[:, None, None]).any(axis=(1, 2))
    pairs = [
        (i, j)
        for i, j in sorted(zip(of[same].tolist(), part[same].tolist(), strict=True))
        if not _comes_again(patches[i], patches[j])
    ]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def distinct(patches: Sequence[Patch], probability: NDArray[np.float64], pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Keep the most probable teller of every event.

    A compound and its parts tell of one building or of several; it gives way to parts that were built at different
    times when more of them are to be expected true than of it.

    Args:
        patches: n of them.
        probability: (n,) of the patches.
        pairs: from `repeats`.

    Returns:
        (n,) True = kept: no kept patch of higher probability has it as a part.
    """
    parts: dict[int, list[int]] = {}
    for i, j in pairs.tolist():
        parts.setdefault(i, []).append(j)
    kept = np.ones(len(probability), dtype=bool)
    for i in np.argsort(-probability, kind="stable").tolist():
        if not kept[i]:
            continue
        weaker = [j for j in parts.get(i, ()) if kept[j] and probability[j] <= probability[i]]
        if patches[i].compound:
            apart = _apart(i, weaker, patches, probability, parts)
            if probability[apart].sum() > probability[i]:
                kept[i] = False
                continue
        kept[weaker] = False
    return kept


def _apart(
    whole: int,
    parts: Sequence[int],
    patches: Sequence[Patch],
    probability: NDArray[np.float64],
    told: Mapping[int, Sequence[int]],
) -> list[int]:
    """Of the parts of a compound those that tell of different events, the most probable first."""
    chosen: list[int] = []
    for j in sorted(parts, key=lambda j: -probability[j]):
        own = patches[j]
        if own.compound or own.end != patches[whole].end:
            continue
        inside = len(np.intersect1d(own.pixels, patches[whole].pixels, assume_unique=True))
        repeated = any(j in told.get(k, ()) or k in told.get(j, ()) for k in chosen)
        if inside >= _PART * len(own.pixels) and not repeated:
            chosen.append(j)
    return chosen


def _comes_again(one: Patch, other: Patch) -> bool:
    """Spells on the same ground, the one over before the other begins."""
    if one.start < other.end and other.start < one.end:
        return False
    return one.on_ground_of(other, _SAME_GROUND)


def _dates(patch: Patch, days: NDArray[np.float64]) -> tuple[float, float]:
    return float(days[patch.start]), float(days[patch.end]) if patch.end < len(days) else float("nan")
