"""A site's outline as points on the ground: how much of it a swath covers is how many of them it covers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import Polygon

from sitewatch.planning._earth import Floats, ground, place
from sitewatch.site import Site

__all__ = ["Outline", "outline_points"]

_ACROSS = 15
"""Points along each side of the box around a part: about a hundred in its outline, shares to a hundredth."""


@dataclass(frozen=True, kw_only=True)
class Outline:
    """Points spread over a site's outline."""

    longitude: float
    """Of the middle, degrees east."""
    latitude: float
    """Of the middle, degrees north."""
    height: float
    """Metres above the WGS84 ellipsoid, the same for all points."""
    points: Floats
    """Earth-fixed positions in metres, shape (n, 3)."""
    weights: Floats
    """What share of the outline each stands for, shape (n,); their sum is 1."""

    @property
    def middle(self) -> Floats:
        """Earth-fixed position of the middle, shape (3,)."""
        middle: Floats = place(np.array([self.longitude]), np.array([self.latitude]), self.height)[0]
        return middle


def outline_points(site: Site, *, height: float = 0.0) -> Outline:
    """Points over the outline, by area on the ground; parts on both sides of the antimeridian or at a pole are fine."""
    parts = site.outline.geoms if hasattr(site.outline, "geoms") else [site.outline]
    found = [_spread(part) for part in parts]
    longitude, latitude, weights = (np.concatenate(column) for column in zip(*found, strict=True))
    weights = weights / weights.sum()
    # The mean of positions, not of degrees: the two sides of the antimeridian lie 360 degrees apart.
    west_east, south_north, _ = ground((weights @ place(longitude, latitude))[None, :])
    return Outline(
        longitude=float(west_east[0]),
        latitude=float(south_north[0]),
        height=height,
        points=place(longitude, latitude, height),
        weights=weights,
    )


def _spread(part: Polygon) -> tuple[Floats, Floats, Floats]:
    """Longitudes, latitudes and areas (any unit) of the cells of a regular grid whose middles lie in the part."""
    west, south, east, north = part.bounds
    steps = (np.arange(_ACROSS) + 0.5) / _ACROSS
    x, y = (grid.ravel() for grid in np.meshgrid(west + steps * (east - west), south + steps * (north - south)))
    inside = shapely.contains_xy(part, x, y)
    if not inside.any():
        point = part.representative_point()
        return np.array([point.x]), np.array([point.y]), np.array([max(part.area, 1e-12) * np.cos(np.radians(point.y))])
    cell = (east - west) * (north - south) / _ACROSS**2
    return x[inside], y[inside], cell * np.maximum(np.cos(np.radians(y[inside])), 1e-9)
