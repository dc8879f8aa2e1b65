"""The official numbers of orbits, read off the ground track.

A satellite that repeats its tracks is numbered by them: which of the evenly spaced crossings of the equator it takes.
Counting orbits gives the same number only until a satellite is moved along its orbit (Sentinel-2A in 2025, Sentinel-1C
in June 2026: its published rule changed from `mod(orbit - 172, 175) + 1` to `mod(orbit - 99, 175) + 1`).
"""

from __future__ import annotations

from sitewatch.planning._sensors import GroundTracks

__all__ = ["MAX_OFF_TRACK_KM", "relative_orbit", "row"]

MAX_OFF_TRACK_KM = 20.0
"""A satellite this far from every track at the equator does not follow them, and its orbit has no number."""

_KM_PER_DEGREE = 111.32


def relative_orbit(tracks: GroundTracks, longitude: float) -> int | None:
    """The number of the orbit that crosses the equator northwards at a longitude; None: on none of the tracks."""
    west = (tracks.longitude - longitude) / tracks.spacing
    nearest = round(west)
    if abs(west - nearest) * tracks.spacing * _KM_PER_DEGREE > MAX_OFF_TRACK_KM:
        return None
    if tracks.westward:
        return nearest % tracks.orbits + 1
    # Each orbit crosses `days` tracks west of the one before; which orbit takes track n solves days * k = n.
    return nearest * pow(tracks.days, -1, tracks.orbits) % tracks.orbits + 1


def row(tracks: GroundTracks, flown: float) -> int | None:
    """The scene row whose middle is nearest, `flown` degrees after the crossing northwards; None: there are no rows."""
    if tracks.rows is None:
        return None
    return (round(60 + (flown - 180) / (360 / tracks.rows)) - 1) % tracks.rows + 1
