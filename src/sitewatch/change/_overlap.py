"""How much of each other's ground patches cover, counted for all pairs at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sitewatch.change._objects import Patch

__all__ = ["overlaps"]

_REACH = 2
"""Pixels around a patch within which another is beside it: mixed pixels and the shadow of a roof."""


def overlaps(
    patches: Sequence[Patch], chosen: NDArray[np.int64], shape: tuple[int, int]
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Count shared pixels; the cost is that of the pairs that share some.

    Args:
        patches: n of them.
        chosen: (m,) positions of those that are set beside all.
        shape: (y, x) of the grid.

    Returns:
        (m, n) pixels that each of the chosen shares with each patch; and pixels of each within `_REACH` of the chosen.
    """
    height, width = shape
    owner, pixels = _owned(patches)
    ground = sparse.csr_array((np.ones(len(pixels), dtype=np.int32), (owner, pixels)), (len(patches), height * width))
    owner, pixels = _owned([patches[i] for i in chosen.tolist()])
    rows, columns = pixels // width, pixels % width
    spread_owner, spread_pixels = [], []
    for dy in range(-_REACH, _REACH + 1):
        for dx in range(-_REACH, _REACH + 1):
            y, x = rows + dy, columns + dx
            held = (y >= 0) & (y < height) & (x >= 0) & (x < width)
            spread_owner.append(owner[held])
            spread_pixels.append((y * width + x)[held])
    at = (np.concatenate(spread_owner), np.concatenate(spread_pixels))
    around = sparse.csr_array((np.ones(len(at[0]), dtype=np.int32), at), (len(chosen), ground.shape[1]))
    around.data[:] = 1
    return sparse.csr_array(ground[chosen] @ ground.T), sparse.csr_array(around @ ground.T)


def _owned(patches: Sequence[Patch]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pixels of all patches, one patch after the other, and the position of the patch that each is of."""
    owner = np.repeat(np.arange(len(patches)), [len(p.pixels) for p in patches])
    return owner, np.concatenate([np.zeros(0, dtype=np.int64), *(p.pixels for p in patches)])
