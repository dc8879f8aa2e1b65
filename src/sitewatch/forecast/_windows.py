"""Windows of days, and whether something happened in them.

A forecast is issued at 00:00 UTC of day t: known are the events before t, and its window is the days t .. t + h - 1.
The window is resolved at 00:00 of t + h.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["happened", "issue_days"]

_Days = NDArray[np.int64]


def happened(events: _Days, first: _Days, length: int) -> NDArray[np.bool_]:
    """True where an event day lies in the `length` days from `first` on.

    Args:
        events: (event,) ordinals of the event days, ascending.
        first: (window,) ordinals.
        length: days.
    """
    return np.searchsorted(events, first + length) > np.searchsorted(events, first)


def issue_days(first: int, last: int, every: int) -> _Days:
    """Ordinals from `first` to `last`, both included, `every` days apart; none where `last` lies before."""
    return np.arange(first, last + 1, every, dtype=np.int64)
