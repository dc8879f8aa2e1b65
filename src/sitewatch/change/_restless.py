"""How restless a place is: how many changes it shows that are hardly believed.

False claims come from what weak ones come from, be it parked goods, shadows, haze at an edge or roofs that glare; where
there are many of these there are more of those, in proportion (`benchmarks/change/train.py` measures both). So a
place's own weak changes tell how many of its strong ones are false, as decoys tell it of a database search (Elias and
Gygi 2007).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sitewatch.change._objects import Patch
from sitewatch.change._repeats import distinct, repeats

__all__ = ["LARGE", "WEAK_FROM", "weak_changes"]

LARGE = 60
"""Pixels up to which a claim is held to what its place is like. Where larger ones are claimed, something was built or
worked on nearly always: of 364 claims from .4 on, on places left out of the fit, at 6 there was nothing; of smaller
ones, at 122 of 2 506."""

WEAK_FROM = 0.02
"""Probability from which a change counts as weak; what is less probable is mostly noise of single pixels."""
_WEAK_TO = 0.2
"""And up to which: of those above, too many are true."""
_BELIEVED = 0.3
"""On the ground of what is believed this much, and within two pixels, weak changes are parts and stages of it."""
_REACH = 2
_ON_IT = 1 / 3


def weak_changes(
    patches: Sequence[Patch],
    probability: NDArray[np.float64],
    days: NDArray[np.float64],
    shape: tuple[int, int],
    touching: NDArray[np.bool_],
) -> int:
    """Count changes of .02 to .2 that touch the outline, each event once, away from what is believed.

    Args:
        patches: n of them, found in one stack.
        probability: (n,) of the patches, 0-1.
        days: (time,) capture times in days.
        shape: (y, x) of the grid.
        touching: (n,), True where a patch touches the outline.

    Returns:
        How many there are.
    """
    chosen = np.flatnonzero(probability >= WEAK_FROM)
    some, p = [patches[i] for i in chosen.tolist()], probability[chosen]
    kept = distinct(some, p, repeats(some, days, shape))
    some = [patch for patch, good in zip(some, kept, strict=True) if good]
    chosen, p = chosen[kept], p[kept]
    believed = np.zeros(shape[0] * shape[1], dtype=bool)
    for i in np.flatnonzero(p >= _BELIEVED).tolist():
        believed[some[i].pixels] = True
    near = ndimage.binary_dilation(believed.reshape(shape), np.ones((3, 3), dtype=bool), iterations=_REACH).ravel()
    weak = np.flatnonzero((p < _WEAK_TO) & touching[chosen]).tolist()
    return sum(bool(near[some[i].pixels].mean() < _ON_IT) for i in weak)
