"""Evidence by hypotheses, to look at: how much each item speaks for and against each explanation.

It is a display of what was computed and decides nothing. That filling such a matrix by hand makes judgements better was
tried and not found (Dhami, Belton and Mandel 2019, doi:10.1002/acp.3550; Karvetski and Mandel 2020, Judgment and
Decision Making 15).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sitewatch.assessment._assessment import Assessment
from sitewatch.assessment._confidence import NO_MATTER

__all__ = ["Cell", "MatrixRow", "matrix"]

_STRONG = float(np.log(3.0))
"""Threefold of the mean, or a third of it."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What an item does to a hypothesis."""

    hypothesis: str
    support: float
    """ln of what it multiplies the probability by, less the mean over the hypotheses."""
    symbol: str
    """++ threefold or more, + more than 1.25 times, 0 neither, - and -- the same the other way."""


@dataclass(frozen=True, kw_only=True)
class MatrixRow:
    """An item of evidence beside all hypotheses."""

    key: str
    title: str
    cells: tuple[Cell, ...]
    """In the order of the judgement's hypotheses."""


def matrix(assessment: Assessment) -> tuple[MatrixRow, ...]:
    """Items by hypotheses, the item that tells most apart first."""
    items = sorted(assessment.items, key=lambda item: (-item.spread, item.key))
    return tuple(
        MatrixRow(
            key=item.key,
            title=item.title,
            cells=tuple(
                Cell(hypothesis=h.key, support=item.support[h.key], symbol=_symbol(item.support[h.key]))
                for h in assessment.hypotheses
            ),
        )
        for item in items
    )


def _symbol(support: float) -> str:
    if abs(support) <= NO_MATTER:
        return "0"
    sign = "+" if support > 0 else "-"
    return sign * 2 if abs(support) >= _STRONG else sign
