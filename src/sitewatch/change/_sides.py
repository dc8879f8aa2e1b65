"""On which side something stood, told by all spells of one ground together.

A patch alone says which of its two states was the standing one from its own three sides. What stands again and again
gives several patches on one ground, whose changes point the same way, and the gaps between give others that point the
opposite way: they are states of one thing, and one of the two is the standing one in all of them. Each patch has a
vote, the log of its odds, capped.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sitewatch.change._objects import Patch

__all__ = ["agreed"]

_SAME_GROUND = 0.5
"""Intersection over union from which two patches are on one ground."""
_ALIKE = 0.9
"""Cosine of two changes from which they are of the same two states, or, below its negative, of these exchanged."""
_AS_STRONG = 0.6
"""And the weaker of the two is at least this share of the stronger one."""
_CAP = 3.0
"""The most that one patch says, as the log of odds."""


def agreed(odds: NDArray[np.float64], patches: Sequence[Patch]) -> NDArray[np.bool_]:
    """Let the patches of one ground agree.

    Args:
        odds: (n,) log of each patch's own odds that its spell, not the rest, is when something stood.
        patches: n of one stack.

    Returns:
        (n,) True where the spell, not its complement, is when something stood.
    """
    votes = np.clip(odds, -_CAP, _CAP)
    if not patches:
        return votes >= 0
    size = np.array([len(p.pixels) for p in patches])
    owner = np.repeat(np.arange(len(patches)), size)
    pixels = np.concatenate([p.pixels for p in patches])
    ground = sparse.csr_array((np.ones(len(pixels), dtype=np.int32), (owner, pixels)))
    shared = sparse.coo_array(ground @ ground.T)
    i, j = shared.coords
    delta = np.array([p.delta for p in patches], dtype=np.float64)
    length = np.maximum(np.linalg.norm(delta, axis=1), 1e-9)
    near = (shared.data >= _SAME_GROUND * (size[i] + size[j] - shared.data)) & (
        np.minimum(length[i], length[j]) >= _AS_STRONG * np.maximum(length[i], length[j])
    )
    i, j = i[near], j[near]
    cosine = np.einsum("nb,nb->n", delta[i], delta[j]) / (length[i] * length[j])
    sign = np.where(cosine >= _ALIKE, 1.0, np.where(cosine <= -_ALIKE, -1.0, 0.0))
    return np.bincount(i, weights=sign * votes[j], minlength=len(patches)) >= 0
