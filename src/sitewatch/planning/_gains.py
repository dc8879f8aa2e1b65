"""What looks add to each other: the entropy they are expected to leave, and the length of a bracket.

Outcomes are followed as *leaves*: weights of the worlds in which they can have come, with those outcomes. A look splits
each leaf into what it may show, and one in which it could not see, in which nothing changes. What is expected to be
left is the mean entropy of the leaves. Leaves that say nearly the same are joined where there are too many: that loses
information and gains none, so that the worth of a large set is told a little too low. Weather stays for a while
(`Sights`): a leaf knows which of the looks taken could see, and what that says of the further ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sitewatch.planning._sights import Sights

__all__ = ["BracketGains", "Gains", "WorldGains", "Worlds", "entropy"]

_Floats = NDArray[np.float64]

_MOST_LEAVES = 256
"""Exact for four looks of two outcomes each (3^4 = 81 leaves), and five where many leaves come to the same."""
_OTHER_SKY = 0.2
"""How far apart leaves are, in what they say, where a look could tell in one of them and not in the other."""


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
    sights: Sights | None = None
    """What looks that could tell, or could not, say of further ones; None: nothing."""


def entropy(weights: _Floats) -> float:
    """Mean entropy in bits of the rows of (L, Y) weights, each row as heavy as its sum."""
    return max(0.0, float(_entropies(weights).sum()))


def _entropies(weights: _Floats) -> _Floats:
    """(L,) entropy of each row, times its sum."""
    total = weights.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        told: _Floats = np.where(weights > 0, weights * np.log2(weights / total), 0.0)
    lost: _Floats = -told.sum(axis=1)
    return lost


class WorldGains:
    """The entropy of an answer, and what looks take of it."""

    def __init__(self, worlds: Worlds, *, most_leaves: int = _MOST_LEAVES) -> None:
        self.unit = "bits"
        self._most = most_leaves
        self._p = worlds.p
        self._sights = worlds.sights
        self._leaves = worlds.weight[None]
        # Of the looks taken whose weather is shared: their numbers, and in which leaves they could tell.
        self._taken: list[int] = []
        self._could = np.zeros((1, 0), dtype=bool)
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
        if self._p[number] <= 0:
            return 0.0
        left = sum(_entropies(self._leaves @ (shows[:, None] * self._answer)) for shows in self._shows[number])
        return max(0.0, float(self._chances(number) @ (_entropies(self._leaves @ self._answer) - left)))

    def take(self, number: int) -> None:
        """Split the leaves by what the look may show."""
        if self._p[number] <= 0:
            return
        p = self._chances(number)[:, None]
        told = [p * self._leaves * shows for shows in self._shows[number]]
        leaves = np.concatenate([*told, (1 - p) * self._leaves])
        could = np.concatenate([self._could] * (len(told) + 1))
        if self._sights is not None and self._sights.shares(number):
            this = np.repeat([True] * len(told) + [False], len(self._leaves))
            could = np.column_stack((could, this))
            self._taken.append(number)
        real = leaves.sum(axis=1) > 0
        self._leaves, self._could = self._joined(leaves[real], could[real])
        self.open = entropy(self._leaves @ self._answer)

    def _chances(self, number: int) -> _Floats:
        """(L,) P(the look can tell) in each leaf."""
        if self._sights is None:
            return np.full(len(self._leaves), float(self._p[number]))
        return self._sights.given(number, self._taken, self._could)

    def _joined(self, leaves: _Floats, could: NDArray[np.bool_]) -> tuple[_Floats, NDArray[np.bool_]]:
        if len(leaves) <= self._most:
            return leaves, could
        weight = leaves.sum(axis=1)
        order = np.argsort(-weight, kind="stable")
        features = np.column_stack(((leaves @ self._features) / weight[:, None], _OTHER_SKY * could))
        kept, light = order[: self._most], order[self._most :]
        into = np.empty(len(light), dtype=np.intp)
        for start in range(0, len(light), 64):
            part = light[start : start + 64]
            apart = np.abs(features[part][:, None] - features[kept][None]).sum(axis=2)
            into[start : start + 64] = apart.argmin(axis=1)
        joined = leaves[kept].copy()
        np.add.at(joined, into, leaves[light])
        return joined, could[kept]


class BracketGains:
    """The expected length of a bracket in days, and what looks take of it: computed exactly.

    The bracket of an event at time x is (last look before x that could tell, first look after it that could tell], its
    ends where there is none. The mean over x and over which looks can tell is a sum over the intervals between looks
    of the mean of the next look after it and of the last before it; each is carried from look to look with the
    weather's rank, and which looks can tell on the other side of the interval does not enter a mean.
    """

    def __init__(self, times: Sequence[float], sights: Sights, *, after: float, by: float, rate: float | None) -> None:
        """Args as in `Dating`: times of looks and both ends in days; `rate` per day, None: the event is sure.

        What is open is the mean length, given that the event comes by the end.
        """
        self.unit = "days"
        self._times = np.asarray(times, dtype=np.float64)
        self._sights = sights
        self._p = np.where((self._times > after) & (self._times < by), sights.p, 0.0)
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
        upper, lower = self._next(order, by), self._next(order[::-1], after)[::-1]
        return sum(self._mass(edges[n], edges[n + 1]) * (upper[n] - lower[n]) for n in range(len(edges) - 1))

    def _next(self, order: Sequence[int], end: float) -> list[float]:
        """(T + 1) mean time of the next look that can tell, of those from each one on, and the end itself."""
        sights = self._sights
        value = np.full(len(sights.width), end)
        told = [end]
        last: float | None = None
        for n in reversed(order):
            when, tells = float(self._times[n]), sights.telling(n)
            rest = value if last is None else sights.later(value, abs(last - when))
            value = tells * when + (1 - tells) * rest
            told.append(float(value @ sights.width))
            last = when
        return told[::-1]

    def _mass(self, begin: float, end: float) -> float:
        """P(the event comes between two times | it comes by the end)."""
        after, by = self._ends
        if self._rate is None:
            return (end - begin) / (by - after)
        told = np.expm1(-self._rate * (np.array([begin, end, by]) - after))
        return float((told[0] - told[1]) / -told[2])
