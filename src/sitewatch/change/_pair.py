"""Two looks alone: what differs between them beyond a shift of a pixel and another light.

Two pictures of one place differ everywhere: by season, by the sun, by half a pixel of shift. Each band of both is
taken to their mean by a robust line (`sitewatch.cube.normalise`). A pixel then counts only by how far its value lies
beyond all that its neighbourhood of three by three pixels showed on the other look, whichever of the two is the
higher: a roof that merely shifted cancels, as in the neighbourhood differences of Bruzzone and Cossu (2003,
doi:10.1109/TGRS.2003.817268), a new roof of two by two pixels does not. With the noise of a band taken from the
median absolute difference over the picture, scores are those of `scan`, and patches are grown, described and judged
as those of a long record are, by models fitted to pairs of looks.

Nothing here can tell a structure from what was parked there for a day, nor a date better than the two looks.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sitewatch.change._describe import FEATURES, describe
from sitewatch.change._objects import GROW_SCORE, Patch, grow
from sitewatch.change._scan import NOISE_FLOOR, Spells
from sitewatch.change._stack import Stack
from sitewatch.cube import normalise

__all__ = ["farthest_pair", "pair_candidates"]

_WORTH = 0.9
"""A pair of looks that both see this share of what the best pair sees is as good, and the longer one is taken."""


def farthest_pair(valid: NDArray[np.bool_], when: NDArray[np.int64]) -> tuple[int, int]:
    """Which two of a few looks to compare: those farthest apart among those that see the most together.

    Args:
        valid: (time, pixel), True = ground seen; at least two looks.
        when: (time,) their times, in any unit.

    Returns:
        Positions of the earlier and of the later look.
    """
    looks = len(valid)
    pairs = [(i, j) for i in range(looks) for j in range(i + 1, looks)]
    seen = np.array([np.count_nonzero(valid[i] & valid[j]) for i, j in pairs])
    good = [pair for pair, n in zip(pairs, seen, strict=True) if n >= _WORTH * seen.max()]
    return max(good, key=lambda pair: (when[pair[1]] - when[pair[0]], -pair[0]))


def pair_candidates(stack: Stack) -> tuple[list[Patch], NDArray[np.float64]]:
    """All patches that differ between two looks and can be described, and (n, len(FEATURES)) what describes them.

    Args:
        stack: of two looks.
    """
    pixels, looks, bands = stack.values.shape
    height, width = stack.shape
    images = stack.values.transpose(1, 2, 0).reshape(looks, bands, height, width)
    seen = stack.valid.T.reshape(looks, height, width)
    images = normalise(np.where(seen[:, None], images, np.nan), seen)
    both = seen[0] & seen[1]
    if np.count_nonzero(both) < bands + 2:
        return [], np.zeros((0, len(FEATURES)))
    beyond = np.empty((pixels, bands), dtype=np.float32)
    total = np.zeros((height, width), dtype=np.float64)
    for band in range(bands):
        change = images[1, band] - images[0, band]
        noise = max(NOISE_FLOOR, 1.4826 * float(np.median(np.abs(change[both] - np.median(change[both])))))
        new, old = (_beyond(images[i, band], images[1 - i, band], both) for i in (1, 0))
        shown = np.where(np.abs(new) >= np.abs(old), new, -old)
        beyond[:, band] = shown.ravel()
        total += (shown / noise) ** 2
    score = ((total - bands) / np.sqrt(2.0 * bands)).ravel()
    found = score >= GROW_SCORE
    none = np.full(pixels, -1, dtype=np.int32)
    spells = Spells(
        start=np.column_stack([np.where(found, np.int32(1), np.int32(-1)), none]),
        end=np.column_stack([np.where(found, np.int32(2), np.int32(-1)), none]),
        score=np.column_stack([np.where(found, score, 0.0), np.zeros(pixels)]).astype(np.float32),
        delta=np.stack([beyond, np.zeros_like(beyond)], axis=1),
    )
    # What lies beyond the neighbourhood is no share of the change: it does not tell how much of a pixel is covered.
    patches = grow(spells, stack.shape, stack.days, rims=True).patches
    level = replace(
        stack, values=np.ascontiguousarray(np.nan_to_num(images).reshape(looks, bands, -1).transpose(2, 0, 1))
    )
    measured, numbers = describe(patches, level, spells)
    return [patch for patch, good in zip(patches, measured, strict=True) if good], numbers[measured]


def _beyond(image: NDArray[np.float32], other: NDArray[np.float32], both: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(y, x) how far each pixel lies above (positive) or below all of the other look's neighbourhood; 0 within it."""
    highest = ndimage.maximum_filter(np.where(both, other, -np.inf), size=3)
    lowest = ndimage.minimum_filter(np.where(both, other, np.inf), size=3)
    here = np.where(both, image, 0.0)
    outside = np.where(here > highest, here - highest, np.where(here < lowest, here - lowest, 0.0))
    return np.where(both, outside, 0.0).astype(np.float32)
