"""Paths of a hidden chain through the times of looks, few enough to be followed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_WORLDS", "paths"]

MOST_WORLDS = 2048
"""More paths than that are thinned. All 2^10 paths of a thing that stands or does not through ten looks are kept."""

_Floats = NDArray[np.float64]


def paths(
    start: _Floats,
    step: Callable[[float], _Floats],
    days: Sequence[float],
    *,
    label: NDArray[np.intp],
    most: int = MOST_WORLDS,
    seed: int = 0,
) -> tuple[_Floats, NDArray[np.intp]]:
    """Paths of a chain at some times, with their probabilities.

    Where there are too many the heaviest are kept as they are and of the others a sample, so that every probability
    that is computed from them is right in the mean (Fearnhead and Clifford 2003, doi:10.1111/1467-9868.00421).

    Args:
        start: (S,) P(state) at day 0.
        step: gives (S, S) P(state after so many days | state).
        days: (T,) in order, none below 0.
        label: (S,) what a state shows; paths that are told apart by nothing else from there on are one.
        most: paths that are kept.
        seed: of the sample.

    Returns:
        (M,) weights that sum to 1, and (M, T) states.
    """
    rng = np.random.default_rng(seed)
    weight: _Floats = start[start > 0]
    states: NDArray[np.intp] = np.flatnonzero(start > 0)[:, None]
    # Paths of one group have shown the same so far; where they are in one state too they go on as one.
    group = np.zeros(len(weight), dtype=np.intp)
    now = 0.0
    for day in days:
        chances = step(day - now)
        now = day
        each = weight[:, None] * chances[states[:, -1]]
        parent, state = np.nonzero(each > 0)
        _, first, which = np.unique(group[parent] * len(start) + state, return_index=True, return_inverse=True)
        weight = np.bincount(which, weights=each[parent, state], minlength=len(first)).astype(np.float64)
        parent, state = parent[first], state[first]
        kept, weight = _thinned(weight, state, most, rng)
        parent, state = parent[kept], state[kept]
        states = np.column_stack((states[parent], state))
        shown = group[parent] * (int(label.max()) + 1) + label[state]
        group = np.unique(shown, return_inverse=True)[1]
    return weight / weight.sum(), states[:, 1:]


def _thinned(
    weight: _Floats, state: NDArray[np.intp], most: int, rng: np.random.Generator
) -> tuple[NDArray[np.intp], _Floats]:
    """Numbers of the paths that are kept, and their weights."""
    if len(weight) <= most:
        return np.arange(len(weight)), weight
    order = np.argsort(-weight, kind="stable")
    weight_of, weight = weight, weight[order]
    # All that are heavier than c are kept as they are, and one for each c of the rest: `most` together.
    rest = weight.sum() - np.concatenate(([0.0], np.cumsum(weight)))[:most]
    room = most - np.arange(most)
    whole = int(np.argmax(weight[:most] * room <= rest * (1 + 1e-12)))
    share = float(rest[whole]) / (most - whole)
    # Drawn at even steps along paths that lie by state, then by what they showed, so that both stay nearly as they are.
    light = np.sort(order[whole:])
    order[whole:] = light[np.argsort(state[light], kind="stable")]
    weight = np.concatenate((weight[:whole], weight_of[order[whole:]]))
    marks = (np.arange(most - whole) + rng.random()) * share
    drawn = np.searchsorted(np.cumsum(weight[whole:]), marks, side="right")
    kept = np.concatenate((np.arange(whole), whole + np.minimum(drawn, len(weight) - whole - 1)))
    return order[kept], np.concatenate((weight[:whole], np.full(most - whole, share)))
