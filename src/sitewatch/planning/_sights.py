"""Which of some looks can tell, together: cloudy days come in rows, and two passes of one day see the same sky.

The weather is that of `_persistence`: a hidden rank that stays for a while or is drawn anew. Chances that given looks
could tell and others could not are summed over it exactly, in the order of time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sitewatch.planning._opportunities import Opportunity
from sitewatch.planning._persistence import Persistence

__all__ = ["Sights"]

_MOST = 8
"""Looks that are held against one, those nearest in time: 2^8 ways in which they can come out."""
_FORGOTTEN = 1e-3
"""Weather that is the same with less than this chance says nothing."""
_DAY_S = 86_400.0

_Floats = NDArray[np.float64]


class Sights:
    """The looks of a plan, and the weather that they share."""

    def __init__(self, looks: Sequence[Opportunity], *, weather: Persistence | None, seen: float = 1.0) -> None:
        """What looks are, and how long weather stays.

        Args:
            looks: opportunities.
            weather: None: looks are clear independently of each other.
            seen: P(a look that can tell shows the thing), by which all chances are multiplied, 0-1.
        """
        self._days = np.array([look.start.timestamp() / _DAY_S for look in looks])
        self._clear = np.array([look.p_clear for look in looks])
        rest = [look.p_pass * (1.0 if look.p_resolved is None else look.p_resolved) * seen for look in looks]
        self._rest = np.array(rest)
        shared = 0.0 if weather is None else weather.shared
        self._shared = np.array([0.0 if look.radar else shared for look in looks])
        self._weather = weather
        self.p: _Floats = self._clear * self._rest
        """(n,) P(each can tell) by itself."""
        self.width, self._middle = _cells(self._clear[self._shared > 0])
        """(K,) of cells of the rank; within one, the same looks are clear under the shared weather."""

    def shares(self, number: int) -> bool:
        """True: whether it can tell hangs together with others."""
        return bool(self._shared[number] > 0 and self.p[number] > 0)

    def telling(self, number: int) -> _Floats:
        """(K,) P(a look can tell | the rank lies in the cell)."""
        return self._tells(number, self._middle)

    def _tells(self, number: int, ranks: _Floats) -> _Floats:
        q, clear = self._shared[number], self._clear[number]
        told: _Floats = self._rest[number] * (q * (ranks < clear) + (1 - q) * clear)
        return told

    def later(self, values: _Floats, days: float) -> _Floats:
        """(..., K) means of values over the rank so many days away, by the rank here: it stays, or is drawn anew."""
        same = 0.0 if self._weather is None else self._weather.same(days)
        there: _Floats = same * values + (1 - same) * (values @ self.width)[..., None]
        return there

    def given(self, number: int, taken: Sequence[int], could: NDArray[np.bool_]) -> _Floats:
        """P(a look can tell), given which others could.

        Args:
            number: of the look.
            taken: (T,) numbers of others.
            could: (L, T) for each of L cases, True: that one could tell.

        Returns:
            (L,), 0-1.
        """
        even: _Floats = np.full(len(could), float(self.p[number]))
        if not self.shares(number) or self._weather is None:
            return even
        apart = {n: abs(self._days[n] - self._days[number]) for n in taken if self.shares(n)}
        near = sorted((n for n in apart if self._weather.same(apart[n]) >= _FORGOTTEN), key=lambda n: (apart[n], n))
        near = near[:_MOST]
        if not near:
            return even
        both, bit = self._together([number, *near])
        pattern = sum(could[:, list(taken).index(n)].astype(np.intp) << bit[n] for n in near)
        mine = 1 << bit[number]
        yes, no = both[pattern | mine], both[pattern]
        total = yes + no
        told: _Floats = np.where(total > 0, yes / np.where(total > 0, total, 1.0), even)
        return told

    def _together(self, numbers: Sequence[int]) -> tuple[_Floats, dict[int, int]]:
        """(2^T,) P(which of T looks can tell), by the bits of its index, and which bit is whose."""
        order = sorted(numbers, key=lambda n: (self._days[n], n))
        # Few looks have few borders: fewer cells than all of the plan.
        width, middle = _cells(self._clear[order])
        state = width[None]
        last = self._days[order[0]]
        for n in order:
            same = 0.0 if self._weather is None else self._weather.same(float(self._days[n] - last))
            state = same * state + (1 - same) * width * state.sum(axis=1, keepdims=True)
            tells = self._tells(n, middle)
            state = np.concatenate((state * (1 - tells), state * tells))
            last = self._days[n]
        both: _Floats = state.sum(axis=1)
        return both, {n: bit for bit, n in enumerate(order)}


def _cells(borders: _Floats) -> tuple[_Floats, _Floats]:
    """(K,) widths and middles of the cells between some borders of the rank."""
    edges = np.unique(np.concatenate(([0.0, 1.0], borders)))
    return np.diff(edges), (edges[1:] + edges[:-1]) / 2
