"""What the scan and its objects are made of."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Kind"]


class Kind(StrEnum):
    """What changed. Only STRUCTURE is a claim of something built."""

    STRUCTURE = "structure"
    SURFACE = "surface"
    VEGETATION = "vegetation"
    WATER = "water"
    UNKNOWN = "unknown"
