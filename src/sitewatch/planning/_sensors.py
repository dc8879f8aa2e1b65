"""What looks down: swaths, sides, directions and light of the sensors whose passes are predicted.

Every number has its source beside it. A constellation that is not built in comes from a file (`read_sensors`).
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sitewatch.errors import OptionError

__all__ = ["LANDSAT", "SENSORS", "SENTINEL_1", "SENTINEL_2", "Direction", "GroundTracks", "Sensor", "Side"]

Direction = Literal["ascending", "descending"]
Side = Literal["left", "right", "either"]


@dataclass(frozen=True, kw_only=True)
class GroundTracks:
    """The tracks that a satellite repeats, and how they are numbered."""

    days: int
    """Of a cycle."""
    orbits: int
    """In a cycle: this many tracks lie evenly around the equator."""
    longitude: float
    """Degrees east, where track 1 crosses the equator northwards (for Landsat: before the day side that is path 1)."""
    westward: bool = False
    """True: numbered from track to track westwards (Landsat's paths); False: in the order of flight (Sentinels)."""
    rows: int | None = None
    """Scenes of one turn, numbered so that 60 lies on the equator southwards (WRS-2); None: no rows."""

    @property
    def spacing(self) -> float:
        """Degrees of longitude from one track to the next."""
        return 360 / self.orbits


@dataclass(frozen=True, kw_only=True)
class Sensor:
    """One kind of instrument on one or more satellites."""

    name: str
    """As the records of looks call it: "sentinel-2"."""
    satellites: Mapping[int, str] = field(default_factory=dict)
    """NORAD number to the satellite's name as records have it: 42063: "sentinel-2b"."""
    pattern: str | None = None
    """Satellites by the name in the elements, "SKYSAT*" (as file names are matched, any case); None: by number only."""
    off_nadir: tuple[float, float] | None = None
    """Nearest and farthest angle between the look and straight down, degrees; seen from the satellite."""
    swath_km: float | None = None
    """Width on the ground around the track, where it is told instead of `off_nadir`."""
    side: Side = "either"
    """Where it looks, along the flight. A sensor that looks straight down sees to either side."""
    roll: tuple[float, float] | None = None
    """(degrees by which `off_nadir` changes for each km of height, height in km where it holds as told)."""
    directions: frozenset[Direction] = frozenset({"ascending", "descending"})
    """When images are taken."""
    min_sun: float | None = None
    """Lowest elevation of the sun in degrees for which images are taken; None: by day and by night."""
    pixel: float | None = None
    """Metres on the ground."""
    cost: float | None = None
    """Of one image of a site, in the user's money; 0 for open data; None: not told."""
    tracks: GroundTracks | None = None
    source: str = ""
    """Where the numbers come from."""

    def __post_init__(self) -> None:
        if (self.off_nadir is None) == (self.swath_km is None):
            raise OptionError(f"sensor {self.name!r}: give either its off-nadir angles or its swath, not both")
        if self.off_nadir is not None and not 0 <= self.off_nadir[0] < self.off_nadir[1] <= 65:
            raise OptionError(f"sensor {self.name!r}: its off-nadir angles must be 0 to 65, got {self.off_nadir}")
        if self.swath_km is not None and not 0 < self.swath_km <= 5000:
            raise OptionError(f"sensor {self.name!r}: its swath must be 0 to 5000 km, got {self.swath_km:g}")
        if not self.satellites and not self.pattern:
            raise OptionError(f"sensor {self.name!r}: is on no satellite; give NORAD numbers or a pattern of names")
        if not self.directions:
            raise OptionError(f"sensor {self.name!r}: looks in no direction; give ascending, descending or both")

    def satellite(self, number: int, name: str) -> str | None:
        """What to call a satellite that carries it, by NORAD number and the name in the elements; None: does not."""
        if number in self.satellites:
            return self.satellites[number]
        if self.pattern and fnmatch.fnmatchcase(name.casefold(), self.pattern.casefold()):
            return name
        return None


SENTINEL_2 = Sensor(
    name="sentinel-2",
    satellites={40697: "sentinel-2a", 42063: "sentinel-2b", 60989: "sentinel-2c"},
    off_nadir=(0, 10.3),
    directions=frozenset({"descending"}),
    min_sun=5.0,
    pixel=10,
    cost=0.0,
    tracks=GroundTracks(days=10, orbits=143, longitude=0.990),
    source="10.3 degrees to each side, steered to the Earth's turning: ESA's swath definition SDF_MSI (Earth "
    "Observation CFI); that is the nominal 290 km (288 at the equator, 297 in the south, as in the acquisition plans). "
    "10 days, 143 orbits: Sentinel-2 User Handbook 1.3. Zenith angles of the sun up to 85 degrees: ESA, 17 October "
    "2019.",
)
"""MSI. The longitude of orbit 1 is measured on the plans' relative orbits and the elements: docs/science/passes.md."""

SENTINEL_1 = Sensor(
    name="sentinel-1",
    satellites={39634: "sentinel-1a", 41456: "sentinel-1b", 62261: "sentinel-1c", 66315: "sentinel-1d"},
    off_nadir=(27.53, 40.40),
    side="right",
    roll=(-0.0566, 693.0),
    pixel=10,
    cost=0.0,
    tracks=GroundTracks(days=12, orbits=175, longitude=0.146),
    source="IW: off-nadir 27.53 to 40.40 degrees at the lowest height (693 km; incidence 30.9 to 46.0), 26.00 to 38.88 "
    "at the highest (incidence 29.2 to 44.3): Sentinel-1 Product Definition, beams of IW; the roll that goes with "
    "height: Torres et al. 2012 (10.1016/j.rse.2011.05.028). 12 days, 175 orbits, orbit 1 crosses at 0.146 E: ESA's "
    "orbit scenario file S1A_OPER_MPL_ORBSCT, version 24.",
)
"""C-SAR in IW, the mode over land."""

LANDSAT = Sensor(
    name="landsat",
    satellites={39084: "landsat-8", 49260: "landsat-9"},
    off_nadir=(0, 7.5),
    directions=frozenset({"descending"}),
    min_sun=5.0,
    pixel=30,
    cost=0.0,
    # Path 1 crosses the equator southwards at 64.60 W; half a turn before, it came northwards at 127.76 E.
    tracks=GroundTracks(days=16, orbits=233, longitude=-64.60 - 180 + 360 * 16 / 233 / 2, westward=True, rows=248),
    source="OLI: field of view 15 degrees (185 km), 16 days, 233 orbits, 248 rows: Landsat 8 Data Users Handbook "
    "(LSDS-1574); path 1 at 64.60 W: USGS' converter of WRS-2 (ll2PathRow). Sun above 5 degrees: LTAP-8.",
)
"""OLI on Landsat 8 and 9."""

SENSORS = (SENTINEL_2, SENTINEL_1, LANDSAT)
"""Those that are built in: open data, no orders."""
