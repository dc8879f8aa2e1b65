"""What the room returns: a patch of ground that differs from one bracket of looks to the next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from sitewatch.change._dates import Edge

__all__ = ["Change", "Kind"]


class Kind(StrEnum):
    """What changed. Only STRUCTURE is a claim of something built."""

    STRUCTURE = "structure"
    SURFACE = "surface"
    VEGETATION = "vegetation"
    WATER = "water"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Change:
    """A spell of looks on which a patch of ground was different."""

    pixels: NDArray[np.int64]
    """Sorted flat indices into the grid's (y, x)."""
    began: Edge | None
    """Looks around the start of the spell; None: it began before the first look that saw the patch."""
    ended: Edge | None
    """Looks around its end; None: it lasts to the last look that did."""
    standing_inside: bool
    """True: the thing stood during the spell. False: it stood before and after, and the spell is its absence."""
    kind: Kind
    probability: float
    """Calibrated, 0-1: that something built stood where and when this says."""
