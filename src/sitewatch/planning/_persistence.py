"""How long weather stays: what one look says of the next.

Weather is a hidden rank u, evenly spread over 0-1: a look of the shared weather is clear where u is below P(clear).
Between looks `days` apart the rank stays with probability exp(-days / stays_days), and else is drawn anew. A look is
under the shared weather with probability `shared`, and else has weather of its own (a lone cloud, a fault of the mask).
Two looks of the same P(clear) then correlate by shared^2 exp(-days / stays_days), any P(clear) at any time is kept
exactly, and a look more or less in between changes nothing for the others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sitewatch.planning._earth import Floats

__all__ = ["DEFAULT", "Persistence", "fit_persistence", "independent_share"]

_STAYS = np.array([0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 9.0, 14.0, 20.0])
_SHARED = np.array([0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97])
_PRIOR_DAYS = 1.5
_PRIOR_SD = 1.0
"""Of the logarithm of `stays_days`: weather systems pass in one to a few days. A guess that 50 looks outweigh."""
_CELLS = 50
"""Of the rank; chances are rounded to their borders while the two numbers are fitted."""


@dataclass(frozen=True, kw_only=True)
class Persistence:
    """The two numbers of it."""

    stays_days: float
    """Days after which weather is still the same in 1 of e cases."""
    shared: float
    """Share of looks under the weather that stays, 0-1; 0: successive looks are independent."""

    def same(self, days: float) -> float:
        """P(weather is still the same after so many days), 0-1."""
        return math.exp(-max(days, 0.0) / self.stays_days)

    def correlation(self, days: float) -> float:
        """Between two looks so many days apart that have the same P(clear), 0-1."""
        return self.shared**2 * self.same(days)


DEFAULT = Persistence(stays_days=_PRIOR_DAYS, shared=0.9)
"""Without looks: successive days correlate by .42."""


def fit_persistence(days: Floats, chances: Floats, clear: NDArray[np.bool_]) -> Persistence:
    """The most probable numbers, by the exact likelihood of the whole row of looks, on a grid.

    Args:
        days: (look,) ascending.
        chances: (look,) P(clear) of each, above 0 and below 1.
        clear: (look,) True: it was.
    """
    stays, shared = (grid.ravel() for grid in np.meshgrid(_STAYS, _SHARED, indexing="ij"))
    fit = -0.5 * (np.log(stays / _PRIOR_DAYS) / _PRIOR_SD) ** 2
    # As likely as two looks in three that hint at it: without looks, `shared` is that of the default.
    fit -= 0.5 * ((shared - DEFAULT.shared) / 0.25) ** 2
    ranks = (np.arange(_CELLS) + 0.5) / _CELLS
    state = np.full((len(stays), _CELLS), 1 / _CELLS)
    last = days[0] if len(days) else 0.0
    for when, chance, seen in zip(days, chances, clear, strict=True):
        same = np.exp(-(when - last) / stays)[:, None]
        p = min(max(round(chance * _CELLS), 1), _CELLS - 1) / _CELLS
        below = ranks < p
        under = below if seen else ~below
        state = (same * state + (1 - same) / _CELLS) * (
            shared[:, None] * under + (1 - shared[:, None]) * (p if seen else 1 - p)
        )
        total = state.sum(axis=1)
        fit += np.log(total)
        state /= total[:, None]
        last = when
    best = int(fit.argmax())
    return Persistence(stays_days=float(stays[best]), shared=float(shared[best]))


def independent_share(days: Floats, persistence: Persistence) -> float:
    """What one of the looks counts beside an independent one, above 0 to 1: the effective share of a mean's sample."""
    if not len(days):
        return 1.0
    alike = persistence.shared**2 * np.exp(-np.abs(days[:, None] - days) / persistence.stays_days)
    np.fill_diagonal(alike, 1.0)
    return float(len(days) / alike.sum())
