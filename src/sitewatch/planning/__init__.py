"""The next useful look: when which satellite passes, and how it sees the site."""

from sitewatch.planning._agenda import agenda
from sitewatch.planning._asking import Past, life_until, past_of_site, past_of_structure
from sitewatch.planning._budget import HOURS, KM2, MONEY, SCENES, Budget, read_budget, unit_of
from sitewatch.planning._clear import LAND_CLEAR, RADAR_SENSORS, ClearOdds, clear_odds, was_clear
from sitewatch.planning._constellations import read_sensors
from sitewatch.planning._due import due_passes
from sitewatch.planning._elements import Elements, parse_elements, read_elements
from sitewatch.planning._fetch import FetchedElements, fetch_elements
from sitewatch.planning._forecast_files import read_cloud_forecast
from sitewatch.planning._hindsight import OddsScore, score_odds
from sitewatch.planning._kept import read_forecasts, with_forecasts
from sitewatch.planning._opportunities import (
    Chance,
    Opportunity,
    chance_of_pass,
    opportunities,
    resolved,
    smallest_side,
)
from sitewatch.planning._passes import MAX_AGE_DAYS, Pass, along_track_error_km, passes
from sitewatch.planning._persistence import Persistence
from sitewatch.planning._plans import IMAGING_MODES, Plan, Strip, read_plan, with_plan
from sitewatch.planning._questions import FALSE_SIGHT, SEEN, Dating, Deadline, Explaining, Question, Standing
from sitewatch.planning._rhythm import FARTHEST_DAYS, rhythm
from sitewatch.planning._sensors import LANDSAT, SENSORS, SENTINEL_1, SENTINEL_2, Direction, GroundTracks, Sensor, Side
from sitewatch.planning._site_waits import WAIT_DAYS, free_sensors, site_waits
from sitewatch.planning._wait import FREE, Odds, Option, Wait, Waits, wait_distribution, wait_on_any_day, wait_with
from sitewatch.planning._weather import (
    DEFAULT_LINE,
    CloudForecast,
    CoverForecast,
    CoverLine,
    ForecastOdds,
    learn_cover_line,
    score_clear_odds,
)
from sitewatch.planning._worth import GUARANTEE, Choice, Chosen, best_set, worth_of, worths

__all__ = [
    "DEFAULT_LINE",
    "FALSE_SIGHT",
    "FARTHEST_DAYS",
    "FREE",
    "GUARANTEE",
    "HOURS",
    "IMAGING_MODES",
    "KM2",
    "LANDSAT",
    "LAND_CLEAR",
    "MAX_AGE_DAYS",
    "MONEY",
    "RADAR_SENSORS",
    "SCENES",
    "SEEN",
    "SENSORS",
    "SENTINEL_1",
    "SENTINEL_2",
    "WAIT_DAYS",
    "Budget",
    "Chance",
    "Choice",
    "Chosen",
    "ClearOdds",
    "CloudForecast",
    "CoverForecast",
    "CoverLine",
    "Dating",
    "Deadline",
    "Direction",
    "Elements",
    "Explaining",
    "FetchedElements",
    "ForecastOdds",
    "GroundTracks",
    "Odds",
    "OddsScore",
    "Opportunity",
    "Option",
    "Pass",
    "Past",
    "Persistence",
    "Plan",
    "Question",
    "Sensor",
    "Side",
    "Standing",
    "Strip",
    "Wait",
    "Waits",
    "agenda",
    "along_track_error_km",
    "best_set",
    "chance_of_pass",
    "clear_odds",
    "due_passes",
    "fetch_elements",
    "free_sensors",
    "learn_cover_line",
    "life_until",
    "opportunities",
    "parse_elements",
    "passes",
    "past_of_site",
    "past_of_structure",
    "read_budget",
    "read_cloud_forecast",
    "read_elements",
    "read_forecasts",
    "read_plan",
    "read_sensors",
    "resolved",
    "rhythm",
    "score_clear_odds",
    "score_odds",
    "site_waits",
    "smallest_side",
    "unit_of",
    "wait_distribution",
    "wait_on_any_day",
    "wait_with",
    "was_clear",
    "with_forecasts",
    "with_plan",
    "worth_of",
    "worths",
]
