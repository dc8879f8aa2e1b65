"""How likely looks to come are clear, and where that comes from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sitewatch.cli._asked import Asked
    from sitewatch.planning import ClearOdds, CoverForecast, CoverLine, ForecastOdds, Sensor

__all__ = ["ForecastFiles", "Sky", "radar_names", "sky_over", "told_time"]

ForecastFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--forecast",
        metavar="FILE",
        help="A cloud forecast (Open-Meteo's JSON, NetCDF or GRIB): it counts as far as it reaches, the ledger beyond. "
        "Again for earlier ones that were kept: what they were worth here is learned from them.",
    ),
]


@dataclass(frozen=True, kw_only=True)
class Sky:
    """What is known of the weather at a site."""

    ledger: ClearOdds
    """Learned from its looks."""
    odds: ClearOdds | ForecastOdds
    """With the newest forecast, if there is one."""
    forecasts: tuple[CoverForecast, ...]
    """The newest is the last."""

    @property
    def line(self) -> CoverLine | None:
        """From the newest forecast's cover to P(clear)."""
        from sitewatch.planning import CoverForecast, ForecastOdds

        told = self.odds.forecast if isinstance(self.odds, ForecastOdds) else None
        return told.line if isinstance(told, CoverForecast) else None

    def sentences(self, since: dt.datetime) -> list[str]:
        """Where P(clear) comes from, for looks from a moment on."""
        if self.ledger.looks == 0:
            told = (
                "There is no ledger of looks: how likely it is clear is the mean over land, the same for every day. "
                "Watch the site to learn its own weather."
            )
        else:
            told = (
                f"How likely it is clear is learned from {self.ledger.looks} looks, {self.ledger.clear} of them clear."
            )
        return [told, *self._of_forecast(since)]

    def _of_forecast(self, since: dt.datetime) -> list[str]:
        line = self.line
        if line is None:
            return []
        newest = self.forecasts[-1]
        if newest.until <= since:
            return [
                f"The cloud forecast ends on {newest.until:%Y-%m-%d %H:%M} UTC, before the window, and is not used."
            ]
        how = (
            f"what {line.pairs} forecast covers were followed by here"
            if line.pairs
            else "an assumption (90 % clear where it is cloudless, 10 % where overcast), as no look here has a "
            "forecast of its time yet"
        )
        reach = f"until {newest.until:%Y-%m-%d %H:%M} UTC, less and less in its last two days"
        return [f"The cloud forecast counts {reach}; its cover becomes a chance by {how}."]

    def document(self, since: dt.datetime) -> dict[str, Any]:
        """For JSON."""
        line = self.line
        forecast = None
        if line is not None:
            newest = self.forecasts[-1]
            forecast = {
                "from": told_time(newest.times[0]),
                "until": told_time(newest.until),
                "used": newest.until > since,
                "files": len(self.forecasts),
                "intercept": round(line.intercept, 4),
                "slope": round(line.slope, 4),
                "pairs": line.pairs,
            }
        return {
            "looks": self.ledger.looks,
            "clear": self.ledger.clear,
            "prior_only": self.ledger.looks == 0,
            "stays_days": self.ledger.persistence.stays_days,
            "forecast": forecast,
            "sentence": " ".join(self.sentences(since)),
        }


def sky_over(known: Asked, sensors: Sequence[Sensor], files: Sequence[Path], now: dt.datetime) -> Sky:
    """The weather over a site, as its looks until now and forecasts tell it.

    Args:
        known: the site, and its looks.
        sensors: by which radar looks are known.
        files: cloud forecasts, in any order.
        now: what was captured or published later is not known.

    Raises:
        InputError: a file is no forecast.
    """
    from sitewatch.planning import clear_odds, read_forecasts, with_forecasts

    looks = known.looks(now)
    ledger = clear_odds(looks, radar_sensors=radar_names(sensors))
    forecasts = read_forecasts(files, known.record.site)
    return Sky(ledger=ledger, odds=with_forecasts(ledger, forecasts, looks, before=now), forecasts=forecasts)


def radar_names(sensors: Sequence[Sensor]) -> frozenset[str]:
    """Sensors that see through cloud, those of a file among them."""
    from sitewatch.planning import RADAR_SENSORS

    return frozenset({*RADAR_SENSORS, *(one.name for one in sensors if one.min_sun is None)})


def told_time(moment: dt.datetime) -> str:
    """A time for JSON: UTC, milliseconds, Z."""
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
