"""Files of cloud forecasts for a site: the newest is used, and what earlier ones were worth is learned from them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path

from sitewatch.cube import Look
from sitewatch.planning._clear import ClearOdds
from sitewatch.planning._forecast_files import read_cloud_forecast
from sitewatch.planning._outline import outline_points
from sitewatch.planning._weather import CoverForecast, ForecastOdds, learn_cover_line
from sitewatch.site import Site

__all__ = ["read_forecasts", "with_forecasts"]


def read_forecasts(files: Iterable[Path], site: Site) -> tuple[CoverForecast, ...]:
    """The forecasts of files at the middle of a site, by their last moment: the newest is the last.

    Raises:
        InputError: as `read_cloud_forecast`.
    """
    middle = outline_points(site)
    told = [read_cloud_forecast(one, longitude=middle.longitude, latitude=middle.latitude) for one in files]
    return tuple(sorted(told, key=lambda one: (one.until, one.times[0])))


def with_forecasts(
    odds: ClearOdds, forecasts: Sequence[CoverForecast], looks: Iterable[Look], *, before: dt.datetime
) -> ClearOdds | ForecastOdds:
    """The odds with the newest of some forecasts, its line from cover to P(clear) learned from all of them.

    Args:
        odds: of the ledger.
        forecasts: as `read_forecasts` gives them; empty: the odds as they are.
        looks: the ledger.
        before: only looks captured until then teach the line.
    """
    if not forecasts:
        return odds
    line = learn_cover_line(
        forecasts,
        [one for one in looks if one.captured is not None and one.captured <= before],
        least_clear=odds.least_clear,
        radar_sensors=odds.radar_sensors,
    )
    return ForecastOdds(odds=odds, forecast=dataclasses.replace(forecasts[-1], line=line))
