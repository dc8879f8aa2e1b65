"""How much ground two footprints share.

Footprints are in degrees. Only shares of areas at one place are taken, which the scale along either axis leaves alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon

__all__ = ["Footprint", "overlap", "shared_ground", "united_ground"]

Footprint: TypeAlias = Polygon | MultiPolygon
"""EPSG:4326."""


def shared_ground(ones: Sequence[Footprint], others: Sequence[Footprint]) -> NDArray[np.float64]:
    """(ones, others) area of the intersections, square degrees."""
    shared = np.zeros((len(ones), len(others)))
    if len(ones) and len(others):
        i, j = shapely.STRtree(list(others)).query(list(ones), predicate="intersects")
        shared[i, j] = shapely.area(
            shapely.intersection(np.asarray(ones, dtype=object)[i], np.asarray(others, dtype=object)[j])
        )
    return shared


def overlap(one: Footprint, other: Footprint) -> float:
    """Intersection over union, 0-1."""
    shared = float(shapely.intersection(one, other).area)
    return shared / (one.area + other.area - shared)


def united_ground(footprints: Sequence[Footprint]) -> Footprint:
    """All ground of some footprints.

    Raises:
        ValueError: there is none.
    """
    joined = shapely.union_all(list(footprints))
    if not isinstance(joined, Polygon | MultiPolygon) or joined.is_empty:
        raise ValueError(f"footprints must cover some ground, got {joined.geom_type}")
    return joined
