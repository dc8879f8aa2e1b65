"""Geometry as the store keeps it: WKB with its bounds beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sitewatch.store._schema import BOUNDS

if TYPE_CHECKING:
    from shapely.geometry import MultiPolygon, Polygon

__all__ = ["geometry_columns", "polygon"]


def geometry_columns(name: str, footprint: Polygon | MultiPolygon | None) -> dict[str, Any]:
    """The columns of a footprint in EPSG:4326; all None where there is none."""
    import shapely  # here, so that listings, which show no outlines, start without it

    if footprint is None:
        return {name: None, **dict.fromkeys(BOUNDS)}
    return {name: shapely.to_wkb(footprint), **dict(zip(BOUNDS, footprint.bounds, strict=True))}


def polygon(wkb: bytes) -> Polygon | MultiPolygon:
    """A footprint from its WKB.

    Raises:
        TypeError: it is no polygon.
    """
    import shapely
    from shapely.geometry import MultiPolygon, Polygon

    footprint = shapely.from_wkb(wkb)
    if not isinstance(footprint, Polygon | MultiPolygon):
        raise TypeError(f"a footprint must be a Polygon or MultiPolygon, got {footprint.geom_type}")
    return footprint
