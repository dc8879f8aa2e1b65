"""Where a satellite is over the turning Earth: from SGP4's frame to the ground, and the time that goes with it.

SGP4 gives positions in TEME. They are turned by Greenwich mean sidereal time (IAU 1982, as Vallado's `gstime`) into the
Earth-fixed frame. Two small things are left out: UT1 - UTC, by definition below .9 s (418 m of ground at the equator)
and in 2024 to 2026 below .1 s (46 m), and the motion of the pole, at most 15 m.
"""

from __future__ import annotations

import datetime as dt
import functools
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer
from sgp4.api import SGP4_ERRORS, Satrec

from sitewatch.errors import OptionError

__all__ = [
    "DAY",
    "EARTH_SPIN",
    "GRAVITY",
    "LEAP_SECOND_DAYS",
    "Floats",
    "gmst",
    "ground",
    "julian",
    "leap_seconds",
    "moment",
    "place",
    "seconds",
    "states",
]

Floats: TypeAlias = NDArray[np.float64]

DAY = 86400.0
"""Seconds of a day without a leap second."""
EARTH_SPIN = 7.292115146706979e-5
"""Radians per second (Vallado, Fundamentals of Astrodynamics, 4th ed., section 3.7)."""
GRAVITY = 3.986004418e14
"""Of the Earth, m3/s2 (WGS84)."""

_ORIGIN = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_ORIGIN_JULIAN = 2451544.5

LEAP_SECOND_DAYS = tuple(
    dt.date(year, month, day)
    for year, month, day in ((2005, 12, 31), (2008, 12, 31), (2012, 6, 30), (2015, 6, 30), (2016, 12, 31))
)
"""The days since 2000 that ended with 23:59:60 UTC (IERS Bulletin C; none was announced up to the end of 2026)."""

_LEAPS = np.array(
    [(dt.datetime(d.year, d.month, d.day, tzinfo=dt.UTC) - _ORIGIN).total_seconds() + DAY for d in LEAP_SECOND_DAYS]
)


def seconds(when: dt.datetime) -> float:
    """UTC seconds since 2000-01-01, every day counted as 86400, as clocks do."""
    return (when - _ORIGIN).total_seconds()


def moment(when: float) -> dt.datetime:
    """The time of `seconds`, to the millisecond: predictions are no better."""
    return _ORIGIN + dt.timedelta(milliseconds=round(when * 1000))


def leap_seconds(when: Floats) -> Floats:
    """How many leap seconds were inserted from 2000 until then; `when` as of `seconds`."""
    return np.searchsorted(_LEAPS, when, side="right").astype(np.float64)


def julian(when: Floats) -> tuple[Floats, Floats]:
    """Julian dates (UTC) in two parts, midnight and the share of the day, as sgp4 takes them."""
    days = np.floor(when / DAY)
    return _ORIGIN_JULIAN + days, when / DAY - days


def gmst(when: Floats) -> Floats:
    """Greenwich mean sidereal time in radians, 0 to 2 pi; UT1 is taken as UTC."""
    midnight, part = julian(when)
    century = ((midnight - 2451545.0) + part) / 36525.0
    turned = (-6.2e-6 * century + 0.093104) * century**2 + (876600.0 * 3600 + 8640184.812866) * century + 67310.54841
    return np.deg2rad(turned / 240.0) % (2 * np.pi)


def states(satellite: Satrec, when: Floats) -> tuple[Floats, Floats]:
    """Positions and velocities in the Earth-fixed frame.

    Args:
        satellite: elements as sgp4 holds them.
        when: shape (n,), UTC as of `seconds`.

    Returns:
        Positions (n, 3) in metres; velocities (n, 3) against the turning Earth in m/s.

    Raises:
        OptionError: SGP4 gives no position at one of the times: the satellite would have come down.
    """
    midnight, part = julian(when)
    # What has elapsed since the epoch is longer by the leap seconds between: UTC labels do not count them.
    epoch = (satellite.jdsatepoch - _ORIGIN_JULIAN + satellite.jdsatepochF) * DAY
    late = leap_seconds(when) - leap_seconds(np.array([epoch]))[0]
    faults, position, velocity = satellite.sgp4_array(midnight, part + late / DAY)
    if faults.any():
        which = int(np.flatnonzero(faults)[0])
        raise OptionError(
            f"the elements of satellite {satellite.satnum_str} give no position on "
            f"{moment(float(when[which])):%Y-%m-%d} ({SGP4_ERRORS[int(faults[which])]}); give fresher elements"
        )
    turn = gmst(when)
    cosine, sine = np.cos(turn), np.sin(turn)
    fixed = _turned(position * 1000, cosine, sine)
    moving = _turned(velocity * 1000, cosine, sine)
    moving[:, 0] += EARTH_SPIN * fixed[:, 1]
    moving[:, 1] -= EARTH_SPIN * fixed[:, 0]
    return fixed, moving


def _turned(vectors: Floats, cosine: Floats, sine: Floats) -> Floats:
    x, y, z = vectors.T
    return np.column_stack((cosine * x + sine * y, cosine * y - sine * x, z))


def place(longitude: Floats, latitude: Floats, height: float = 0.0) -> Floats:
    """Earth-fixed positions (n, 3) in metres of places in degrees, `height` metres above the WGS84 ellipsoid."""
    to_fixed = _transformers()[0]
    return np.column_stack(to_fixed.transform(longitude, latitude, np.full(len(longitude), height)))


def ground(position: Floats) -> tuple[Floats, Floats, Floats]:
    """Longitudes and latitudes in degrees and heights in metres (WGS84) of Earth-fixed positions (n, 3)."""
    to_ground = _transformers()[1]
    longitude, latitude, height = to_ground.transform(position[:, 0], position[:, 1], position[:, 2])
    return np.asarray(longitude), np.asarray(latitude), np.asarray(height)


@functools.cache
def _transformers() -> tuple[Transformer, Transformer]:
    return (
        Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True),
        Transformer.from_crs("EPSG:4978", "EPSG:4979", always_xy=True),
    )
