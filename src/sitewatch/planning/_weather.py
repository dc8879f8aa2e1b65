"""Cloud forecasts: to P(clear) by what earlier forecasts were worth, and to the ledger's own odds beyond their end."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sitewatch.cube import Look
from sitewatch.errors import OptionError
from sitewatch.forecast import Score, block_length, score
from sitewatch.planning._clear import RADAR_SENSORS, was_clear
from sitewatch.planning._earth import DAY, Floats, seconds
from sitewatch.planning._persistence import Persistence
from sitewatch.planning._wait import Odds

__all__ = [
    "DEFAULT_LINE",
    "SAME_LOOK",
    "CloudForecast",
    "CoverForecast",
    "CoverLine",
    "ForecastOdds",
    "block_of",
    "came",
    "learn_cover_line",
    "score_clear_odds",
]

_MOST_GAP = dt.timedelta(hours=6)
"""Between two values farther apart than this the forecast says nothing."""
SAME_LOOK = dt.timedelta(minutes=30)
"""A look this near to a pass that was told is of that pass."""
_PRIOR_SD = (1.0, 2.0)
"""Of intercept and slope around `DEFAULT_LINE`."""
_BLOCK_DAYS = 10.0
"""Passes nearer than this share their weather: they are drawn together in the score's intervals."""


class CloudForecast(Protocol):
    """A source of forecasts: anything that tells P(clear) for moments up to an end."""

    @property
    def until(self) -> dt.datetime:
        """The last moment it tells of."""

    def chance(self, when: dt.datetime) -> float | None:
        """P(clear) at a moment, above 0 and below 1; None: it says nothing of that moment."""


@dataclass(frozen=True, kw_only=True)
class CoverLine:
    """P(clear) of a forecast cloud cover: logit P = intercept + slope * cover."""

    intercept: float
    slope: float
    """Below 0 where forecasts are worth something."""
    pairs: int = 0
    """Forecasts with a look that it was learned from; 0: a guess."""

    def chance(self, cover: float) -> float:
        """P(clear) for a cover of 0-1."""
        return 1 / (1 + math.exp(-(self.intercept + self.slope * cover)))


DEFAULT_LINE = CoverLine(intercept=2.2, slope=-4.4)
"""An assumption until the ledger says better: .9 under a clear forecast, .5 at half, .1 under an overcast one. No table
of clear images by forecast cover was found."""


@dataclass(frozen=True, kw_only=True)
class CoverForecast:
    """Forecast cloud cover at a site, as `read_cloud_forecast` reads it."""

    times: tuple[dt.datetime, ...]
    """UTC, ascending, at least one."""
    covers: tuple[float, ...]
    """0-1, one per time."""
    line: CoverLine = DEFAULT_LINE

    @property
    def until(self) -> dt.datetime:
        """The last moment it tells of."""
        return self.times[-1]

    def cover(self, when: dt.datetime) -> float | None:
        """Between its values, 0-1; None: outside them, or in a gap of more than six hours."""
        days = np.array([seconds(t) for t in self.times])
        asked = seconds(when)
        after = int(np.searchsorted(days, asked))
        if after < len(days) and days[after] == asked:
            return self.covers[after]
        if not 0 < after < len(days) or self.times[after] - self.times[after - 1] > _MOST_GAP:
            return None
        return float(np.interp(asked, days, self.covers))

    def chance(self, when: dt.datetime) -> float | None:
        """P(clear) by its line; None where it says nothing."""
        cover = self.cover(when)
        return None if cover is None else self.line.chance(cover)


@dataclass(frozen=True, kw_only=True)
class ForecastOdds:
    """The forecast as far as it reaches, the ledger's odds beyond; in its last days the one turns into the other."""

    odds: Odds
    forecast: CloudForecast
    blend_days: float = 2.0
    """Before the forecast's end its share falls evenly from 1 to 0, in log-odds."""

    def __post_init__(self) -> None:
        if not self.blend_days >= 0:
            raise OptionError(f"the days of blending must be 0 or more, got {self.blend_days}")

    @property
    def least_clear(self) -> float:
        """Share of the site that a clear look sees at least, 0-1."""
        return self.odds.least_clear

    @property
    def persistence(self) -> Persistence:
        """How long weather stays: the ledger's, a forecast changes what is expected and not how errors last."""
        return self.odds.persistence

    @property
    def radar_sensors(self) -> frozenset[str]:
        """Sensors that see through cloud."""
        return self.odds.radar_sensors

    def chance(self, when: dt.datetime, *, radar: bool = False) -> float:
        """P(clear) at a moment, above 0 and below 1; of radar looks the ledger's alone."""
        usual = self.odds.chance(when, radar=radar)
        share, told = (0.0, None) if radar else self._told(when)
        if told is None:
            return usual
        return float(_chance(share * _logit(told) + (1 - share) * _logit(usual)))

    def source(self, when: dt.datetime, *, radar: bool = False) -> str:
        """What `chance` rests on: "forecast" as far as it counts alone, "forecast and ..." in its last days."""
        usual = self.odds.source(when, radar=radar)
        share, told = (0.0, None) if radar else self._told(when)
        if told is None or share <= 0:
            return usual
        return "forecast" if share >= 1 else f"forecast and {usual}"

    def interval(self, when: dt.datetime, *, radar: bool = False, level: float = 0.8) -> tuple[float, float]:
        """The middle `level` of what `chance` may be; as narrow as the forecast's share is large."""
        low, high = self.quantiles(when, [(1 - level) / 2, (1 + level) / 2], radar=radar)
        return float(low), float(high)

    def quantiles(self, when: dt.datetime, levels: Sequence[float] | Floats, *, radar: bool = False) -> Floats:
        """Quantiles of what `chance` may be, shape (levels,)."""
        usual = self.odds.quantiles(when, levels, radar=radar)
        share, told = (0.0, None) if radar else self._told(when)
        return usual if told is None else _chance(share * _logit(told) + (1 - share) * _logit(usual))

    def _told(self, when: dt.datetime) -> tuple[float, float | None]:
        """The forecast's share, 0-1, and its chance."""
        told = self.forecast.chance(when)
        left = (self.forecast.until - when).total_seconds() / DAY
        share = min(1.0, left / self.blend_days) if self.blend_days else 1.0
        return max(share, 0.0), told


def _logit(chance: float | Floats) -> Floats:
    p = np.clip(np.asarray(chance, dtype=np.float64), 1e-6, 1 - 1e-6)
    odds: Floats = np.log(p / (1 - p))
    return odds


def _chance(logit: Floats) -> Floats:
    p: Floats = 1 / (1 + np.exp(-logit))
    return p


def learn_cover_line(
    forecasts: Iterable[CoverForecast],
    looks: Iterable[Look],
    *,
    least_clear: float = 0.7,
    radar_sensors: frozenset[str] = RADAR_SENSORS,
) -> CoverLine:
    """What forecast covers were worth at this site: logistic regression of clear looks on them.

    Normal priors hold it at `DEFAULT_LINE` until there are pairs. The most probable line, by Newton's method.

    Args:
        forecasts: kept from before; a look pairs with each that tells of its moment.
        looks: of the site.
        least_clear: share of the site that a clear look sees at least.
        radar_sensors: looks of these say nothing of cloud.
    """
    earlier = tuple(forecasts)
    pairs = [
        (cover, clear)
        for look in looks
        if look.captured is not None and not look.whole_day and look.sensor not in radar_sensors
        if (clear := was_clear(look, least_clear=least_clear)) is not None
        for one in earlier
        if (cover := one.cover(look.captured)) is not None
    ]
    prior = np.array([DEFAULT_LINE.intercept, DEFAULT_LINE.slope])
    precision = np.array(_PRIOR_SD) ** -2.0
    line = prior.copy()
    design = np.array([[1.0, cover] for cover, _ in pairs]).reshape(-1, 2)
    came = np.array([float(c) for _, c in pairs])
    for _ in range(30):
        p = 1 / (1 + np.exp(-design @ line))
        slope = design.T @ (p - came) + precision * (line - prior)
        step = np.linalg.solve(design.T @ (design * (p * (1 - p))[:, None]) + np.diag(precision), slope)
        line = line - step
        if np.abs(step).max() < 1e-9:
            break
    return CoverLine(intercept=float(line[0]), slope=float(line[1]), pairs=len(pairs))


def score_clear_odds(
    told: Mapping[dt.datetime, float],
    seen: Iterable[Look],
    *,
    least_clear: float = 0.7,
    radar_sensors: frozenset[str] = RADAR_SENSORS,
) -> Score | None:
    """How good told chances of optical passes were: Brier, reliability, slope, against the looks that came of them.

    Args:
        told: P(clear) by the time of the pass. A pass without a look, or whose look failed or was rejected, is not
            scored.
        seen: looks; each belongs to the nearest pass within 30 minutes, of a dated one that day.
        least_clear: share of the site that a clear look sees at least.
        radar_sensors: looks of these are not scored.

    Returns:
        The score; None: no told pass has a look that says something.
    """
    known = came(told, seen, least_clear=least_clear, radar_sensors=radar_sensors)
    if not known:
        return None
    order = sorted(known)
    return score([told[t] for t in order], [known[t] for t in order], block=block_of(order))


def came(
    passes: Iterable[dt.datetime], seen: Iterable[Look], *, least_clear: float, radar_sensors: frozenset[str]
) -> dict[dt.datetime, bool]:
    """Whether it was clear, by the time of the pass: of those that a look says something of."""
    known: dict[dt.datetime, bool] = {}
    times = sorted(passes)
    for look in sorted(seen, key=lambda k: k.order):
        clear = was_clear(look, least_clear=least_clear)
        if clear is None or look.captured is None or look.sensor in radar_sensors:
            continue
        captured, whole = look.captured, look.whole_day
        near = [t for t in times if (t.date() == captured.date() if whole else abs(t - captured) <= SAME_LOOK)]
        if near:
            # Two scenes of one pass (tiles, two processings): it was clear if one of them was.
            best = min(near, key=lambda t: abs(t - captured))
            known[best] = known.get(best, False) or clear
    return known


def block_of(times: Sequence[dt.datetime]) -> int:
    """Passes that are drawn together for the intervals of a score, for those at some times, ascending."""
    return block_length([seconds(t) / DAY for t in times], _BLOCK_DAYS)
