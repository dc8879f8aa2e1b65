"""When two catalog entries are one acquisition."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

__all__ = ["SAME_PASS", "Taken", "likeness"]

_APART = dt.timedelta(seconds=60)
SAME_PASS = dt.timedelta(minutes=20)
"""One catalog dates a tile by its own second, another by the start of the whole strip, minutes before; the same
satellite sees the same tile again an orbit later at the earliest, after some 98 minutes."""

_LEAST_SHARED = 0.5
"""Neighbouring tiles of one pass share a tenth of their ground, the same one twice nearly all of it."""


class Taken(Protocol):
    """What is needed to know an acquisition again; `Scene` has it, and so has what is remembered of one."""

    @property
    def sensor(self) -> str:
        """Lower-case constellation, or "unknown"."""
        ...

    @property
    def platform(self) -> str | None:
        """The very satellite, where it is told."""
        ...

    @property
    def captured(self) -> dt.datetime:
        """UTC."""
        ...

    @property
    def whole_day(self) -> bool:
        """True: only the day is known."""
        ...

    @property
    def box(self) -> tuple[float, float, float, float] | None:
        """West, south, east, north, degrees, where it is told."""
        ...

    @property
    def tile(self) -> str | None:
        """The provider's fixed cut of the ground, where it is told."""
        ...


def likeness(one: Taken, other: Taken) -> float | None:
    """How surely two entries of the same ground are one acquisition; None: they are not.

    They are if sensor and satellite agree where both tell them, they were captured within 60 s, and show the same tile
    or, where tiles are not told, boxes of which more than half is shared. Where tile and satellite are told and agree,
    20 minutes will do.

    Returns:
        0 to 1, the share of both boxes that is common (1 for the same tile, 0.5 where neither is told), less up to 0.1
        for the time between them; of several candidates the largest is the one.
    """
    if "unknown" not in (one.sensor, other.sensor) and one.sensor != other.sensor:
        return None
    if one.platform and other.platform and one.platform != other.platform:
        return None
    same_tile = one.tile == other.tile if one.tile and other.tile else None
    apart = abs(one.captured - other.captured)
    if one.whole_day or other.whole_day:
        near = one.whole_day and other.whole_day and one.captured == other.captured
    else:
        near = apart <= (SAME_PASS if same_tile and one.platform and other.platform else _APART)
    if not near or same_tile is False:
        return None
    shared = 1.0 if same_tile else _shared(one.box, other.box)
    if shared < _LEAST_SHARED:
        return None
    return shared - 0.1 * min(1.0, apart / SAME_PASS)


def _shared(one: tuple[float, float, float, float] | None, other: tuple[float, float, float, float] | None) -> float:
    """Intersection over union of two boxes; 0.5 where one is not told: both entries show the site, after all."""
    if one is None or other is None:
        return _LEAST_SHARED
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return width * height / (areas - width * height)
