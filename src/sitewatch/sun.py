"""Where the sun stands."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

__all__ = ["Sun", "solar_time", "sun_at"]


@dataclass(frozen=True, kw_only=True)
class Sun:
    """Direction of the sun."""

    azimuth: float
    """Degrees clockwise from north, 0-360."""
    elevation: float
    """Degrees above the horizon."""

    @property
    def away(self) -> tuple[float, float]:
        """Unit vector on the ground along which shadows fall: (x to the east, y to the SOUTH)."""
        turn = math.radians(self.azimuth)
        return -math.sin(turn), math.cos(turn)

    @property
    def cotangent(self) -> float:
        """Length of a shadow per metre of height; the sun is taken as at least 3 degrees high."""
        return 1 / math.tan(math.radians(max(3.0, self.elevation)))


def sun_at(when: dt.datetime, *, latitude: float, longitude: float) -> Sun:
    """The sun's direction, by the low-precision formulae of the Astronomical Almanac (good to 0.01 degrees).

    Args:
        when: a time in UTC.
        latitude: degrees north.
        longitude: degrees east.
    """
    declination, hour = _place_of_sun(when, longitude)
    phi = math.radians(latitude)
    up = math.sin(phi) * math.sin(declination) + math.cos(phi) * math.cos(declination) * math.cos(hour)
    east = -math.cos(declination) * math.sin(hour)
    north = math.cos(phi) * math.sin(declination) - math.sin(phi) * math.cos(declination) * math.cos(hour)
    return Sun(azimuth=math.degrees(math.atan2(east, north)) % 360, elevation=math.degrees(math.asin(up)))


def solar_time(when: dt.datetime, *, longitude: float) -> float:
    """Apparent local solar time in hours, 0 to below 24: 12 when the sun is highest. Good to 2 seconds.

    Args:
        when: a time in UTC.
        longitude: degrees east.
    """
    _, hour = _place_of_sun(when, longitude)
    return (12 + math.degrees(hour) / 15) % 24


def _place_of_sun(when: dt.datetime, longitude: float) -> tuple[float, float]:
    """The sun's declination and local hour angle, in radians; the second is not reduced to one turn."""
    days = (when - dt.datetime(2000, 1, 1, 12, tzinfo=dt.UTC)).total_seconds() / 86400
    mean_longitude = 280.460 + 0.9856474 * days
    anomaly = math.radians(357.528 + 0.9856003 * days)
    ecliptic = math.radians(mean_longitude + 1.915 * math.sin(anomaly) + 0.020 * math.sin(2 * anomaly))
    tilt = math.radians(23.439 - 0.0000004 * days)
    ascension = math.atan2(math.cos(tilt) * math.sin(ecliptic), math.cos(ecliptic))
    declination = math.asin(math.sin(tilt) * math.sin(ecliptic))
    sidereal = math.radians((280.46062 + 360.98564737 * days + longitude) % 360)
    return declination, sidereal - ascension
