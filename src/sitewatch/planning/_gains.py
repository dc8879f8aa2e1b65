"""What looks add to each other: the entropy they are expected to leave, and the length of a bracket.

Outcomes are followed as *leaves*: weights of the worlds in which they can have come, with those outcomes. A look splits
each leaf into what it may show, and one in which it could not see, in which nothing changes. What is expected to be
left is the mean entropy of the leaves. Leaves that say nearly the same are joined where there are too many: that loses
information and gains none, so that the worth of a large set is told a little too low and never too high.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["BracketGains", "Gains", "WorldGains", "Worlds", "entropy"]

_Floats = NDArray[np.float64]

_MOST_LEAVES = 256
"""Exact for four looks of two outcomes each (3^4 = 81 leaves), and five where many leaves come to the same."""


class Gains(Protocol):
    """Looks that are taken one after the other, and what each further one would add."""

    unit: str
    """ "bits" or "days"."""
    open: float
    """What is still open with the looks that are taken: expected bits, or days of the bracket."""

    def gain(self, number: int) -> float:
        """What a look is expected to take of what is open, 0 or more."""
        ...

    def take(self, number: int) -> None:
        """Take it."""
        ...


@dataclass(frozen=True, kw_only=True)
class Worlds:
    """Everything that can be, as far as it makes a difference."""

    weight: _Floats
    """(M,) P(world); sums to 1."""
    target: NDArray[np.intp]
    """(M,) the answer to what is asked, in each world: a number from 0."""
    shows: tuple[_Floats, ...]
    """Per look, (K, M) P(what it shows | world, it can tell); each column sums to 1. Looks are independent of each
    other in each world."""
    p: _Floats
    """(n,) P(a look can tell), 0-1, whatever the world."""


def entropy(weights: _Floats) -> float:
    """Mean entropy in bits of the rows of (L, Y) weights, each row as heavy as its sum."""
    total = weights.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        told = np.where(weights > 0, weights * np.log2(weights / total), 0.0)
    return max(0.0, -float(told.sum()))


class WorldGains:
    """The entropy of an answer, and what looks take of it."""

    def __init__(self, worlds: Worlds, *, most_leaves: int = _MOST_LEAVES) -> None:
        self.unit = "bits"
        self._most = most_leaves
        self._p = worlds.p
        self._leaves = worlds.weight[None]
        answers = int(worlds.target.max()) + 1
        told = np.zeros((len(worlds.target), answers))
        told[np.arange(len(worlds.target)), worlds.target] = 1.0
        self._answer = told
        self._shows = worlds.shows
        # What a look would show and what the answer is: by these, leaves are told apart.
        self._features = np.column_stack((told, *(shows[:-1].T for shows in worlds.shows)))
        self.open = entropy(self._leaves @ told)

    def gain(self, number: int) -> float:
        """Expected bits, 0 or more."""
        p = float(self._p[number])
        if p <= 0:
            return 0.0
        left = sum(entropy(self._leaves @ (shows[:, None] * self._answer)) for shows in self._shows[number])
        return max(0.0, p * (self.open - left))

    def take(self, number: int) -> None:
        """Split the leaves by what the look may show."""
        p = float(self._p[number])
        if p <= 0:
            return
        told = [p * self._leaves * shows for shows in self._shows[number]]
        if p < 1:
            told.append((1 - p) * self._leaves)
        leaves = np.concatenate(told)
        leaves = leaves[leaves.sum(axis=1) > 0]
        self._leaves = self._joined(leaves)
        self.open = entropy(self._leaves @ self._answer)

    def _joined(self, leaves: _Floats) -> _Floats:
        if len(leaves) <= self._most:
            return leaves
        weight = leaves.sum(axis=1)
        order = np.argsort(-weight, kind="stable")
        features = (leaves @ self._features) / weight[:, None]
        kept, light = order[: self._most], order[self._most :]
        into = np.empty(len(light), dtype=np.intp)
        for start in range(0, len(light), 64):
            part = light[start : start + 64]
            apart = np.abs(features[part][:, None] - features[kept][None]).sum(axis=2)
            into[start : start + 64] = apart.argmin(axis=1)
        joined = leaves[kept].copy()
        np.add.at(joined, into, leaves[light])
        return joined


class BracketGains:
    """The expected length of a bracket in days, and what looks take of it: computed exactly.

    The bracket of an event at time x is (last look before x that could tell, first look after it that could tell], its
    ends where there is none. With looks that can tell independently of each other, the mean over x and over which
    looks can tell is a sum of products over the intervals between looks.
    """

    def __init__(self, times: Sequence[float], p: _Floats, *, after: float, by: float, rate: float | None) -> None:
        """Args as in `Dating`: times of looks and both ends in days; `rate` per day, None: the event is sure.

        What is open is the mean length, given that the event comes by the end.
        """
        self.unit = "days"
        self._times = np.asarray(times, dtype=np.float64)
        self._p = np.where((self._times > after) & (self._times < by), p, 0.0)
        self._ends = after, by
        self._rate = rate
        self._taken: list[int] = []
        self.open = self._length([])

    def gain(self, number: int) -> float:
        """Expected days, 0 or more."""
        if self._p[number] <= 0 or number in self._taken:
            return 0.0
        return max(0.0, self.open - self._length([*self._taken, number]))

    def take(self, number: int) -> None:
        """Take a look."""
        if self._p[number] > 0 and number not in self._taken:
            self._taken.append(number)
            self.open = self._length(self._taken)

    def _length(self, looks: Sequence[int]) -> float:
        after, by = self._ends
        if by <= after:
            return 0.0
        order = sorted(looks, key=lambda n: self._times[n])
        edges = [after, *(float(self._times[n]) for n in order), by]
        p = [1.0, *(float(self._p[n]) for n in order), 1.0]
        upper = [by] * len(edges)
        for n in range(len(edges) - 2, -1, -1):
            upper[n] = p[n] * edges[n] + (1 - p[n]) * upper[n + 1]
        lower = [after] * len(edges)
        for n in range(1, len(edges)):
            lower[n] = p[n] * edges[n] + (1 - p[n]) * lower[n - 1]
        return sum(self._mass(edges[n], edges[n + 1]) * (upper[n + 1] - lower[n]) for n in range(len(edges) - 1))

    def _mass(self, begin: float, end: float) -> float:
        """P(the event comes between two times | it comes by the end)."""
        after, by = self._ends
        if self._rate is None:
            return (end - begin) / (by - after)
        told = np.expm1(-self._rate * (np.array([begin, end, by]) - after))
        return float((told[0] - told[1]) / -told[2])
