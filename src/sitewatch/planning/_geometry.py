"""One satellite over one site: when it is nearest, and how the site then lies to it.

A sensor that is steered against the Earth's turning (Sentinel-1 to zero Doppler, Sentinel-2 and Landsat in yaw) sees a
place when the satellite is nearest to it in the Earth-fixed frame: line of sight and velocity over ground are square.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sitewatch.planning._earth import EARTH_SPIN, GRAVITY, Floats, ground, seconds, states
from sitewatch.planning._elements import Elements

__all__ = ["View", "closest", "node_longitude", "view"]

_STEPS_PER_TURN = 24
_REFINED_S = 1e-3
"""Closest approaches are found to this many seconds."""
_MAX_ROUNDS = 40


@dataclass(frozen=True, kw_only=True)
class View:
    """How points lie to a satellite when it is nearest to each; all arrays have the shape (passes, points)."""

    off_nadir: Floats
    """Degrees between the look and straight down (the ellipsoid's normal at the satellite)."""
    incidence: Floats
    """Degrees between the line of sight and the normal at the point."""
    across: Floats
    """Kilometres on the ground from the track, positive to the right of the flight."""
    height: Floats
    """Of the satellite, km above the ellipsoid, shape (passes, 1)."""


def closest(elements: Elements, target: Floats, since: float, until: float) -> Floats:
    """When the satellite is nearest to a place and above its horizon, between two times, in order.

    The coarse steps hang on the epoch, not on `since`: another window gives the same times.

    Args:
        elements: of the satellite.
        target: Earth-fixed position (3,) in metres.
        since: UTC as of `seconds`.
        until: UTC as of `seconds`.
    """
    step = elements.period_s / _STEPS_PER_TURN
    epoch = seconds(elements.epoch)
    first, last = np.floor((since - epoch) / step), np.ceil((until - epoch) / step)
    if last <= first:
        return np.empty(0)
    grid = epoch + step * np.arange(first, last + 1)
    rate = _range_rate(elements, grid, target)
    turns = np.flatnonzero((rate[:-1] < 0) & (rate[1:] >= 0))
    when = _refined(elements, target, low=grid[turns], high=grid[turns + 1], below=rate[turns], above=rate[turns + 1])
    when = when[(when >= since) & (when <= until)]
    if not when.size:
        return when
    position, _ = states(elements.satrec, when)
    sight = position - target
    # The geocentric vertical is within .2 degrees of the normal, and no swath ends at the horizon.
    return when[sight @ target > 0]


def _range_rate(elements: Elements, when: Floats, target: Floats) -> Floats:
    """Half the rate of the square of the distance: below 0 while the satellite comes nearer."""
    position, velocity = states(elements.satrec, when)
    rate: Floats = np.einsum("ij,ij->i", position - target, velocity)
    return rate


def _refined(elements: Elements, target: Floats, *, low: Floats, high: Floats, below: Floats, above: Floats) -> Floats:
    """Where the rate crosses zero: regula falsi that halves the end which stays (the Illinois rule), all at once."""
    low, high, below, above = low.copy(), high.copy(), below.copy(), above.copy()
    if not low.size:
        return low
    middle, done = low.copy(), np.zeros(low.size, dtype=bool)
    for _ in range(_MAX_ROUNDS):
        # One that is found stays as it is: what else is searched for beside it must not change it.
        before, middle = middle, np.where(done, middle, low - below * (high - low) / (above - below))
        rate = _range_rate(elements, middle, target)
        left = rate < 0
        above = np.where(left, above / 2, rate)
        below = np.where(left, rate, below / 2)
        low, high = np.where(left, middle, low), np.where(left, high, middle)
        done |= np.abs(middle - before) < _REFINED_S
        if done.all():
            break
    return middle


def view(elements: Elements, when: Floats, points: Floats, weights: Floats) -> View:
    """How `points` (n, 3) lie to the satellite, each at its own closest approach near the middle's, `when` (m,).

    A point 30 km along the track is passed 4 s later: the path over these seconds is taken as a parabola (2 m off).
    """
    position, velocity = states(elements.satrec, when)
    middle = weights @ points
    spin = np.array([0, 0, EARTH_SPIN])
    radius = np.linalg.norm(position, axis=1, keepdims=True)
    pull = -GRAVITY * position / radius**3 - 2 * np.cross(spin, velocity) - np.cross(spin, np.cross(spin, position))
    speed = np.einsum("ij,ij->i", velocity, velocity) + np.einsum("ij,ij->i", position - middle, pull)
    rate = np.einsum("mnk,mk->mn", position[:, None] - points[None], velocity)
    late = (-rate / speed[:, None])[..., None]
    there = position[:, None] + velocity[:, None] * late + pull[:, None] * late**2 / 2
    moving = velocity[:, None] + pull[:, None] * late
    return _angles(there, moving, points)


def _angles(there: Floats, moving: Floats, points: Floats) -> View:
    passes, count = there.shape[:2]
    longitude, latitude, height = ground(there.reshape(-1, 3))
    down = -_normal(longitude, latitude).reshape(passes, count, 3)
    sight = points[None] - there
    sight = sight / np.linalg.norm(sight, axis=2, keepdims=True)
    off_nadir = np.arccos(np.clip(np.einsum("mnk,mnk->mn", sight, down), -1, 1))
    up = _normal(*ground(points)[:2])
    incidence = np.arccos(np.clip(-np.einsum("mnk,nk->mn", sight, up), -1, 1))
    right = np.einsum("mnk,mnk->mn", sight, np.cross(down, moving)) > 0
    arc = (incidence - off_nadir) * np.linalg.norm(points, axis=1)[None] / 1000
    return View(
        off_nadir=np.degrees(off_nadir),
        incidence=np.degrees(incidence),
        across=np.where(right, arc, -arc),
        height=height.reshape(passes, count).mean(axis=1, keepdims=True) / 1000,
    )


def _normal(longitude: Floats, latitude: Floats) -> Floats:
    """Of the ellipsoid, outwards, shape (n, 3)."""
    turn, rise = np.radians(longitude), np.radians(latitude)
    return np.column_stack((np.cos(rise) * np.cos(turn), np.cos(rise) * np.sin(turn), np.sin(rise)))


def node_longitude(elements: Elements, when: Floats) -> tuple[Floats, Floats]:
    """Where the turn of each time began, and how far it has come since.

    Returns:
        Longitudes (n,) in degrees east of the last crossing of the equator northwards; degrees (n,) flown since, 0-360.
    """
    position, velocity = states(elements.satrec, when)
    inertial = velocity + np.cross(np.array([0, 0, EARTH_SPIN]), position)
    momentum = np.cross(position, inertial)
    node = np.column_stack((-momentum[:, 1], momentum[:, 0], np.zeros(len(when))))
    node /= np.linalg.norm(node, axis=1, keepdims=True)
    ahead = np.cross(momentum / np.linalg.norm(momentum, axis=1, keepdims=True), node)
    flown = np.arctan2(np.einsum("ij,ij->i", position, ahead), np.einsum("ij,ij->i", position, node)) % (2 * np.pi)
    crossing = when - flown / (2 * np.pi) * elements.period_s
    for _ in range(4):
        place_then, moving = states(elements.satrec, crossing)
        crossing = crossing - place_then[:, 2] / moving[:, 2]
    place_then, _ = states(elements.satrec, crossing)
    return np.degrees(np.arctan2(place_then[:, 1], place_then[:, 0])), np.degrees(flown)
