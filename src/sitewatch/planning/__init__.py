"""The next useful look: when which satellite passes, and how it sees the site."""

from sitewatch.planning._clear import LAND_CLEAR, RADAR_SENSORS, ClearOdds, clear_odds, was_clear
from sitewatch.planning._constellations import read_sensors
from sitewatch.planning._elements import Elements, parse_elements, read_elements
from sitewatch.planning._fetch import FetchedElements, fetch_elements
from sitewatch.planning._forecast_files import read_cloud_forecast
from sitewatch.planning._passes import MAX_AGE_DAYS, Pass, along_track_error_km, passes
from sitewatch.planning._persistence import Persistence
from sitewatch.planning._plans import IMAGING_MODES, Plan, Strip, read_plan, with_plan
from sitewatch.planning._sensors import LANDSAT, SENSORS, SENTINEL_1, SENTINEL_2, Direction, GroundTracks, Sensor, Side
from sitewatch.planning._wait import Odds, Option, Wait, Waits, wait_distribution, wait_on_any_day, wait_with
from sitewatch.planning._weather import (
    DEFAULT_LINE,
    CloudForecast,
    CoverForecast,
    CoverLine,
    ForecastOdds,
    learn_cover_line,
    score_clear_odds,
)

__all__ = [
    "DEFAULT_LINE",
    "IMAGING_MODES",
    "LANDSAT",
    "LAND_CLEAR",
    "MAX_AGE_DAYS",
    "RADAR_SENSORS",
    "SENSORS",
    "SENTINEL_1",
    "SENTINEL_2",
    "ClearOdds",
    "CloudForecast",
    "CoverForecast",
    "CoverLine",
    "Direction",
    "Elements",
    "FetchedElements",
    "ForecastOdds",
    "GroundTracks",
    "Odds",
    "Option",
    "Pass",
    "Persistence",
    "Plan",
    "Sensor",
    "Side",
    "Strip",
    "Wait",
    "Waits",
    "along_track_error_km",
    "clear_odds",
    "fetch_elements",
    "learn_cover_line",
    "parse_elements",
    "passes",
    "read_cloud_forecast",
    "read_elements",
    "read_plan",
    "read_sensors",
    "score_clear_odds",
    "wait_distribution",
    "wait_on_any_day",
    "wait_with",
    "was_clear",
    "with_plan",
]
