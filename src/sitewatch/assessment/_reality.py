"""Which of the told presences are real: every way in which it can be, with its probability.

The engine tells of a presence how probable it is that something stood there, given the pixels. That is no evidence
like any other: it is a probability of an observation, and by Jeffrey's rule (Jeffrey 1965, The Logic of Decision) the
judgement is the mean of the judgements that would follow from each way in which the observation can be, weighed by its
probability.

Presences of one structure are real or not by one draw, as in the estimate of growth: all that are at least as probable
as a presence that is real are real too. So the probability that any of them is real is the largest of theirs, which is
how a structure's own probability is defined. Structures are independent of each other.
"""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from sitewatch.structures import Structure

__all__ = ["MOST_REALITIES", "Reality", "realities"]

MOST_REALITIES = 64
"""More ways than that are not listed but drawn, so many of them."""

Real = frozenset[tuple[str, int]]


@dataclass(frozen=True, kw_only=True)
class Reality:
    """One way in which things can be."""

    weight: float
    """Its probability; those of all ways add up to 1."""
    real: Real
    """(structure id, number of the presence) of each real presence."""


@dataclass(frozen=True, kw_only=True)
class _Doubt:
    """A structure of which it is not sure what is real."""

    id: str
    levels: tuple[float, ...]
    """Probabilities of its ways, the one with most real presences first."""
    real: tuple[Real, ...]
    """What is real in each."""


def realities(
    structures: Collection[Structure], *, confirmed: Collection[str], rejected: Collection[str], seed: int
) -> tuple[Reality, ...]:
    """Every way in which the presences of structures can be real, or `MOST_REALITIES` drawn ones where these are more.

    Args:
        structures: each once; their order does not matter.
        confirmed: ids of those whose presences are real.
        rejected: ids of those whose presences are not; nobody's who are confirmed too.
        seed: of the draws.
    """
    doubts = [_doubt(one, sure=one.id in confirmed) for one in sorted(structures, key=lambda s: s.id)
              if one.id in confirmed or one.id not in rejected]  # fmt: skip
    if math.prod(len(doubt.levels) for doubt in doubts) <= MOST_REALITIES:
        found: list[tuple[float, Real]] = [(1.0, frozenset())]
        for doubt in doubts:
            found = [(w * p, so | real) for w, so in found for p, real in zip(doubt.levels, doubt.real, strict=True)]
    else:
        drawn = [_draw(doubt, seed) for doubt in doubts]
        found = [(1 / MOST_REALITIES, frozenset().union(*ways)) for ways in zip(*drawn, strict=True)]
    return _distinct(found)


def _distinct(found: Sequence[tuple[float, Real]]) -> tuple[Reality, ...]:
    weights: dict[Real, float] = {}
    for weight, real in found:
        weights[real] = weights.get(real, 0.0) + weight
    return tuple(Reality(weight=weight, real=real) for real, weight in weights.items() if weight > 0)


def _doubt(structure: Structure, *, sure: bool) -> _Doubt:
    """The ways of one structure: with a threshold drawn from 0 to 1, what is more probable than it is real."""
    chances = [1.0 if sure else float(p.probability) for p in structure.presences]
    cuts = [0.0, *sorted({c for c in chances if 0 < c < 1}), 1.0]
    ways = [
        (high - low, frozenset((structure.id, n) for n, chance in enumerate(chances) if chance >= high))
        for low, high in itertools.pairwise(cuts)
    ]
    return _Doubt(id=structure.id, levels=tuple(p for p, _ in ways), real=tuple(real for _, real in ways))


def _draw(doubt: _Doubt, seed: int) -> list[Real]:
    """`MOST_REALITIES` ways, as many of each as its probability says (stratified), in an order of their own."""
    rng = np.random.default_rng([seed, zlib.crc32(f"real {doubt.id}".encode())])
    at = rng.permutation((np.arange(MOST_REALITIES) + rng.random(MOST_REALITIES)) / MOST_REALITIES)
    ends = np.cumsum(doubt.levels)
    return [doubt.real[min(int(n), len(ends) - 1)] for n in np.searchsorted(ends, at, side="right")]
