"""What else happened where a patch lies: phases of one construction, a thing that comes again, a whole yard at work."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sitewatch.change._objects import Patch
from sitewatch.change._overlap import overlaps

__all__ = ["CONTEXT", "context"]

_SHARED = 0.3
"""Two patches lie on one place when they share at least this much of the smaller one."""
_TOUCH = 0.15
"""And beside each other when this much of one lies within two pixels of the other."""
_NEAR_DAYS = 40.0
"""Dates this near are one date."""
_BUILDING_DAYS = 400.0
"""Works on one thing follow each other within this."""
_FAR_DAYS = 2000.0
_ALIKE = 0.5
"""Cosine from which two changes point the same way, or with the opposite sign the opposite one."""
_SAME_THING = 0.9
"""Cosine from which two changes can be the same thing that came again."""
_AS_STRONG = 0.6
"""And the weaker of the two is at least this share of the stronger one."""
_SAME_GROUND = 0.35
"""And they share at least this much of the ground of both (intersection over union)."""

_HOPELESS = 1e-3
"""What is believed less than this by itself comes to nothing in any place (in the scenes of the fit, .003 at most)."""

_NOBODY = (0.0, float(np.log(_FAR_DAYS)), 0.0, 0.0)
"""What `_strongest` gives where there is nobody."""

CONTEXT = (
    "own",
    "same_best",
    "same_size",
    "earlier_best",
    "earlier_days",
    "earlier_size",
    "earlier_alike",
    "later_best",
    "later_days",
    "later_size",
    "later_alike",
    "opposite_best",
    "place",
    "works",
    "again",
    "agains",
)
"""Names of the numbers that `context` gives, in its order."""


def context(
    patches: Sequence[Patch], days: NDArray[np.float64], shape: tuple[int, int], belief: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Set every patch beside the others of its place.

    Args:
        patches: all of one stack.
        days: (time,) capture times in days.
        shape: (y, x) of the grid.
        belief: (n,) probability of each by itself, 0-1.

    Returns:
        (n, len(CONTEXT)). own: log-odds of its own belief. Of patches on its ground that share a date (`same_`), that
        began earlier or later: the highest belief, the log of that patch's size over its own, days between, and whether
        the two changes point the same way (cosine). opposite_best: highest belief among those of other dates that point
        the opposite way. place: chance that at least one patch on its ground is true, were they independent. works: the
        same for patches beside it or on it within 400 days. again: highest belief among patches on its ground that are
        over before it begins, or begin after it is over, and look the same: it comes again. agains: their sum.

    Of a patch that is hardly believed by itself nothing but that is told.

    Only how patches lie to each other enters, not how many a scene has: that differs from place to place for reasons
    that say nothing of a patch.
    """
    n = len(patches)
    size = np.array([len(p.pixels) for p in patches], dtype=np.float64)
    start = np.array([days[p.start] for p in patches])
    end = np.array([days[p.end] if p.end < len(days) else np.nan for p in patches])
    delta = np.array([p.delta for p in patches], dtype=np.float64)
    strength = np.linalg.norm(delta, axis=1)
    delta /= np.maximum(strength, 1e-9)[:, None]
    hopeful = np.flatnonzero(belief >= _HOPELESS)
    shared, near = overlaps(patches, hopeful, shape)
    own = np.log(np.clip(belief, 1e-6, 1 - 1e-6) / np.clip(1 - belief, 1e-6, 1))
    result = np.zeros((n, len(CONTEXT)))
    result[:, CONTEXT.index("own")] = own
    for side in ("earlier_best", "later_best"):
        result[:, CONTEXT.index(side) : CONTEXT.index(side) + len(_NOBODY)] = _NOBODY
    for row, i in enumerate(hopeful.tolist()):
        on_it, common = _others(shared, row, i, size, _SHARED)
        beside, _ = _others(near, row, i, size, _TOUCH)
        begins, ends = start[on_it], end[on_it]
        alike = delta[on_it] @ delta[i]
        # A step has no end: no date is near it.
        same = np.zeros(len(on_it), dtype=bool)
        for one in (begins, ends):
            same |= (np.abs(one - start[i]) <= _NEAR_DAYS) | (np.abs(one - end[i]) <= _NEAR_DAYS)
        again = on_it[
            ((begins > end[i]) | (ends < start[i]))
            & (alike >= _SAME_THING)
            & (np.minimum(strength[on_it], strength[i]) >= _AS_STRONG * np.maximum(strength[on_it], strength[i]))
            & (common >= _SAME_GROUND * (size[on_it] + size[i] - common))
        ]
        result[i] = (
            own[i],
            *_best(on_it[same], i, belief, size)[:2],
            *_strongest(on_it[~same & (begins < start[i])], i, belief, size, start=start, delta=delta),
            *_strongest(on_it[~same & (begins >= start[i])], i, belief, size, start=start, delta=delta),
            belief[on_it[~same & (alike <= -_ALIKE)]].max(initial=0.0),
            1.0 - (1.0 - belief[on_it]).prod(),
            1.0 - (1.0 - belief[beside[np.abs(start[beside] - start[i]) <= _BUILDING_DAYS]]).prod(),
            belief[again].max(initial=0.0),
            belief[again].sum(),
        )
    return result


def _others(
    counts: sparse.csr_array, row: int, i: int, size: NDArray[np.float64], least: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Patches other than i, whose counts are in `row`, that share at least `least` of the smaller of the two.

    Returns:
        Which they are, sorted, and the count of each.
    """
    first, last = counts.indptr[row], counts.indptr[row + 1]
    j, count = counts.indices[first:last].astype(np.int64), counts.data[first:last].astype(np.int64)
    enough = np.flatnonzero((count >= least * np.minimum(size[j], size[i])) & (j != i))
    enough = enough[np.argsort(j[enough])]
    return j[enough], count[enough]


def _best(
    chosen: NDArray[np.int64], i: int, belief: NDArray[np.float64], size: NDArray[np.float64]
) -> tuple[float, float, int]:
    """Highest belief among the chosen, the log of that patch's size over i's, and which it is (-1: none)."""
    if not len(chosen):
        return 0.0, 0.0, -1
    best = int(chosen[np.argmax(belief[chosen])])
    return float(belief[best]), float(np.log(size[best] / size[i])), best


def _strongest(
    chosen: NDArray[np.int64],
    i: int,
    belief: NDArray[np.float64],
    size: NDArray[np.float64],
    *,
    start: NDArray[np.float64],
    delta: NDArray[np.float64],
) -> tuple[float, float, float, float]:
    """Belief, days away (log), size and likeness of the most believed of the chosen."""
    p, ratio, best = _best(chosen, i, belief, size)
    if best < 0:
        return _NOBODY
    return p, float(np.log1p(abs(start[best] - start[i]))), ratio, float(delta[best] @ delta[i])
