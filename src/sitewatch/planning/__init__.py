"""The next useful look: when which satellite passes, and how it sees the site."""

from sitewatch.planning._constellations import read_sensors
from sitewatch.planning._due import due_passes
from sitewatch.planning._elements import Elements, parse_elements, read_elements
from sitewatch.planning._fetch import FetchedElements, fetch_elements
from sitewatch.planning._passes import MAX_AGE_DAYS, Pass, along_track_error_km, passes
from sitewatch.planning._plans import IMAGING_MODES, Plan, Strip, read_plan, with_plan
from sitewatch.planning._sensors import LANDSAT, SENSORS, SENTINEL_1, SENTINEL_2, Direction, GroundTracks, Sensor, Side

__all__ = [
    "IMAGING_MODES",
    "LANDSAT",
    "MAX_AGE_DAYS",
    "SENSORS",
    "SENTINEL_1",
    "SENTINEL_2",
    "Direction",
    "Elements",
    "FetchedElements",
    "GroundTracks",
    "Pass",
    "Plan",
    "Sensor",
    "Side",
    "Strip",
    "along_track_error_km",
    "due_passes",
    "fetch_elements",
    "parse_elements",
    "passes",
    "read_elements",
    "read_plan",
    "read_sensors",
    "with_plan",
]
