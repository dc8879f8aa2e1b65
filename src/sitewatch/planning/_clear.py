"""P(clear) over a site at any moment, from its own ledger of looks.

A Beta posterior: looks count by how near they are in season (a circular kernel) and in hour of day, on top of the
ledgers of neighbours and of a weak prior from the mean cloud over land. How near is near is chosen by what would have
told the ledger's own looks best, each left out with its neighbours in time.
"""

from __future__ import annotations

import calendar
import datetime as dt
import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from sitewatch.cube import BESIDE, Look, Outcome
from sitewatch.planning._earth import DAY, Floats, seconds
from sitewatch.planning._persistence import DEFAULT, Persistence, fit_persistence, independent_share

__all__ = ["LAND_CLEAR", "RADAR_SENSORS", "ClearOdds", "clear_odds", "was_clear"]

LAND_CLEAR = 0.45
"""Mean clear share over land: the MODIS cloud mask finds "approximately 55 %" of it under cloud (King et al. 2013,
doi:10.1109/TGRS.2012.2227333, abstract). By pixels of 1 km: that a whole site is clear is a little less likely."""
RADAR_SENSORS = frozenset({"sentinel-1"})
"""Sensors that see through cloud, as ledgers and passes name them."""

_PRIOR_LOOKS = 2.0
"""What `LAND_CLEAR` counts for: as much as a Beta(1, 1) would."""
_RADAR_PRIOR = (19.0, 1.0)
"""Of twenty radar looks one fails; a guess, soon outweighed by the ledger."""
_SEASONS = (math.inf, 75.0, 50.0, 35.0, 25.0)
"""Widths (standard deviation, days) of the kernel of season to choose from; the first: season says nothing."""
_OTHER_HOURS = (1.0, 0.5, 0.2, 0.05)
"""What a look at quite another hour counts, to choose from; the first: the hour says nothing."""
_HOUR_SD = 1.5
"""Hours, of the kernel of the hour of day."""
_NEIGHBOUR_LOOKS = (10.0, 30.0, 3.0, 0.0)
"""What the neighbours together count for at most, looks, to choose from."""
_APART_DAYS = 10.0
"""Looks nearer in time than this share their weather and say little on whether a choice would hold in another year."""
_MOST = 1500
"""The choices are made on the newest looks up to this many."""
_GAIN = 1.0
"""Nats by which a choice must tell the ledger's looks better than that season or hour say nothing."""


@dataclass(frozen=True, kw_only=True)
class _Record:
    """Optical looks whose weather is known, by time."""

    days: Floats
    """(look,) since 2000."""
    season: Floats
    """(look,) of the year, 0-1."""
    hour: Floats
    """(look,) UTC hour, NaN where only the date is known."""
    clear: Floats
    """(look,) 1 or 0."""


@dataclass(frozen=True, kw_only=True)
class ClearOdds:
    """P(clear) over one site. Built by `clear_odds`."""

    looks: int
    """Optical looks that say something of the weather."""
    clear: int
    """Of these, how many were clear."""
    least_clear: float
    """Share of the site that a clear look sees at least, 0-1."""
    season_days: float | None
    """Standard deviation of the kernel of season; None: season says nothing here."""
    other_hours: float
    """What a look at quite another hour of the day counts, 0-1; 1: the hour says nothing here."""
    neighbour_looks: float
    """What the neighbours' ledgers together count for, looks."""
    persistence: Persistence
    """How long weather stays."""
    radar_looks: int
    """Radar looks in the ledger."""
    radar_chance: float
    """P(a radar look succeeds), at any time."""
    radar_sensors: frozenset[str]
    """Sensors whose passes are radar's."""
    weight: float = 1.0
    """What one look counts: below 1 where successive looks share their weather."""
    _own: _Record = field(repr=False, compare=False)
    _neighbours: _Record = field(repr=False, compare=False)
    _radar: tuple[float, float] = field(repr=False, compare=False)

    def chance(self, when: dt.datetime, *, radar: bool = False) -> float:
        """P(a look at that moment sees at least `least_clear` of the site), above 0 and below 1.

        Args:
            when: with a time zone.
            radar: True: of a radar look, which cloud does not hinder.
        """
        if radar:
            return self.radar_chance
        a, b = self._beta(when)
        return a / (a + b)

    def interval(self, when: dt.datetime, *, radar: bool = False, level: float = 0.8) -> tuple[float, float]:
        """The middle `level` of the Beta posterior of `chance`: how well it is known, not how the weather may turn."""
        low, high = self.quantiles(when, [(1 - level) / 2, (1 + level) / 2], radar=radar)
        return float(low), float(high)

    def source(self, when: dt.datetime, *, radar: bool = False) -> str:  # noqa: ARG002 - as a forecast's, by moment
        """What `chance` rests on: "ledger", or without looks "mean over land", of radar "assumed"."""
        if radar:
            return "ledger" if self.radar_looks else "assumed"
        return "ledger" if self.looks else "mean over land"

    def quantiles(self, when: dt.datetime, levels: Sequence[float] | Floats, *, radar: bool = False) -> Floats:
        """Quantiles of the Beta posterior of `chance`, shape (levels,)."""
        a, b = self._radar if radar else self._beta(when)
        found: Floats = np.clip(betaincinv(a, b, np.asarray(levels, dtype=np.float64)), 1e-6, 1 - 1e-6)
        return found

    def _beta(self, when: dt.datetime) -> tuple[float, float]:
        """Parameters of the posterior at a moment."""
        utc = _utc(when)
        season, hour = np.array([_of_year(utc)]), np.array([_of_day(utc)])
        own = _kernel(season, hour, self._own, self.season_days or math.inf, self.other_hours)[0]
        near = _kernel(season, hour, self._neighbours, self.season_days or math.inf, self.other_hours)[0]
        a, b = _posterior(
            np.array([own @ self._own.clear, own.sum()]) * self.weight,
            np.array([near @ self._neighbours.clear, near.sum()]) * self.weight,
            self.neighbour_looks,
        )
        return float(a), float(b)


def was_clear(look: Look, *, least_clear: float = 0.7) -> bool | None:
    """What a look says of the weather: True clear, False covered, None nothing.

    Failed and rejected looks, and those whose image lies beside the site, say nothing.
    """
    if look.outcome not in {Outcome.USED, Outcome.COULD_NOT_SEE} or look.captured is None:
        return None
    if look.outcome is Outcome.COULD_NOT_SEE:
        return None if look.reason == BESIDE else False
    return look.clear_share is None or look.clear_share >= least_clear


def clear_odds(
    looks: Iterable[Look],
    *,
    least_clear: float = 0.7,
    neighbours: Iterable[Iterable[Look]] = (),
    radar_sensors: Collection[str] = RADAR_SENSORS,
) -> ClearOdds:
    """Learn P(clear) from a ledger. An empty ledger gives the mean over land, with an interval that says so.

    Args:
        looks: the site's, of all sensors, in any order.
        least_clear: share of the site that a clear look sees at least, above 0 to 1.
        neighbours: ledgers of sites of the same climate; they count for up to 30 looks, as far as they would have told
            this site's.
        radar_sensors: sensors that see through cloud.

    Raises:
        ValueError: `least_clear` is not above 0 to 1.
    """
    if not 0 < least_clear <= 1:
        raise ValueError(f"a clear look must see more than 0 to 1 of the site, got {least_clear}")
    ledger = tuple(looks)
    sensors = frozenset(radar_sensors)
    optical = [look for look in ledger if look.sensor not in sensors]
    radar = [c for look in ledger if look.sensor in sensors and (c := was_clear(look, least_clear=0.0)) is not None]
    own = _record(optical, least_clear)
    others = [_record([k for k in ledger if k.sensor not in sensors], least_clear) for ledger in map(tuple, neighbours)]
    near = _joined(others)
    season, hours, strength = _choose(own, near)
    newest = _newest(own)
    # From looks farther away: chances that follow each spell of weather would leave nothing of it to persist.
    told = _told(newest, near, season, hours, strength, apart=_APART_DAYS)
    persistence = fit_persistence(newest.days, told, newest.clear > 0) if len(own.days) else DEFAULT
    good, bad = _RADAR_PRIOR[0] + sum(radar), _RADAR_PRIOR[1] + len(radar) - sum(radar)
    return ClearOdds(
        looks=len(own.days),
        clear=int(own.clear.sum()),
        least_clear=least_clear,
        season_days=None if math.isinf(season) else season,
        other_hours=hours,
        neighbour_looks=strength if len(near.days) else 0.0,
        persistence=persistence,
        radar_looks=len(radar),
        radar_chance=good / (good + bad),
        radar_sensors=sensors,
        weight=independent_share(newest.days, persistence),
        _own=own,
        _neighbours=near,
        _radar=(good, bad),
    )


def _record(looks: Sequence[Look], least_clear: float) -> _Record:
    known = [
        (_utc(look.captured), look.whole_day, clear)
        for look in sorted(looks, key=lambda k: k.order)
        if look.captured is not None and (clear := was_clear(look, least_clear=least_clear)) is not None
    ]
    return _Record(
        days=np.array([seconds(when) / DAY for when, _, _ in known]),
        season=np.array([_of_year(when) for when, _, _ in known]),
        hour=np.array([math.nan if whole else _of_day(when) for when, whole, _ in known]),
        clear=np.array([float(clear) for _, _, clear in known]),
    )


def _joined(records: Sequence[_Record]) -> _Record:
    nothing: Floats = np.zeros(0)
    return _Record(
        **{
            name: np.concatenate([nothing, *(getattr(r, name) for r in records)])
            for name in ("days", "season", "hour", "clear")
        }
    )


def _utc(when: dt.datetime) -> dt.datetime:
    if when.tzinfo is None:
        raise ValueError(f"a moment needs a time zone, got {when.isoformat()}")
    return when.astimezone(dt.UTC)


def _of_year(utc: dt.datetime) -> float:
    """The share of its year that is over: leap years have the same seasons as others."""
    begin = dt.datetime(utc.year, 1, 1, tzinfo=dt.UTC)
    return (utc - begin) / dt.timedelta(days=366 if calendar.isleap(utc.year) else 365)


def _of_day(utc: dt.datetime) -> float:
    return utc.hour + utc.minute / 60 + utc.second / 3600


def _kernel(season: Floats, hour: Floats, record: _Record, width: float, other_hours: float) -> Floats:
    """(moment, look) what each look counts for each moment, 0-1; 1 in the same season at the same hour."""
    weights = np.ones((len(season), len(record.days)))
    if math.isfinite(width):
        # von Mises: the normal curve of a circle.
        bend = (365.25 / (2 * math.pi * width)) ** 2
        weights *= np.exp(bend * (np.cos(2 * math.pi * (season[:, None] - record.season)) - 1))
    if other_hours < 1:
        bend = (24 / (2 * math.pi * _HOUR_SD)) ** 2
        alike = np.exp(bend * (np.cos(2 * math.pi / 24 * (hour[:, None] - record.hour)) - 1))
        # A look of unknown hour is no nearer than one of another hour.
        weights *= other_hours + (1 - other_hours) * np.nan_to_num(alike, nan=0.0)
    return weights


def _posterior(own: Floats, near: Floats, strength: float) -> tuple[Floats, Floats]:
    """Beta parameters from (2, ...) clear and all looks of the site and of its neighbours, these held to `strength`."""
    held = np.minimum(1.0, strength / np.maximum(near[1], 1e-12))
    a: Floats = _PRIOR_LOOKS * LAND_CLEAR + near[0] * held + own[0]
    b: Floats = _PRIOR_LOOKS * (1 - LAND_CLEAR) + (near[1] - near[0]) * held + own[1] - own[0]
    return a, b


def _told(own: _Record, near: _Record, width: float, hours: float, strength: float, *, apart: float = -1.0) -> Floats:
    """(look,) P(clear) of each look of the site; from looks more than `apart` days away from it, -1: from all."""
    if not len(own.days):
        return np.zeros(0)
    mine = _kernel(own.season, own.hour, own, width, hours)
    mine = mine * (np.abs(own.days[:, None] - own.days) > apart)
    theirs = _kernel(own.season, own.hour, near, width, hours)
    a, b = _posterior(
        np.stack([mine @ own.clear, mine.sum(axis=1)]),
        np.stack([theirs @ near.clear, theirs.sum(axis=1)]),
        strength,
    )
    told: Floats = a / (a + b)
    return told


def _choose(own: _Record, near: _Record) -> tuple[float, float, float]:
    """Width of the season, weight of other hours, strength of neighbours: by the likelihood of looks left out."""
    season, hours, strength = _SEASONS[0], _OTHER_HOURS[0], _NEIGHBOUR_LOOKS[0] if len(near.days) else 0.0
    own, near = _newest(own), _newest(near)
    if not len(own.days):
        # Nothing to choose by: the neighbours' seasons are believed.
        return (50.0 if len(near.days) else season), hours, strength

    def fit(width: float, other: float, looks: float) -> float:
        p = _told(own, near, width, other, looks, apart=_APART_DAYS)
        return float(np.log(np.where(own.clear > 0, p, 1 - p)).sum())

    season = max(_SEASONS, key=lambda w: fit(w, hours, strength) + _GAIN * (w == _SEASONS[0]))
    if _several_hours(own.hour):
        hours = max(_OTHER_HOURS, key=lambda h: fit(season, h, strength) + _GAIN * (h == _OTHER_HOURS[0]))
    if len(near.days):
        strength = max(_NEIGHBOUR_LOOKS, key=lambda n: fit(season, hours, n))
    return season, hours, strength


def _newest(record: _Record) -> _Record:
    order = np.argsort(record.days, kind="stable")[-_MOST:]
    return _Record(
        days=record.days[order], season=record.season[order], hour=record.hour[order], clear=record.clear[order]
    )


def _several_hours(hour: NDArray[np.float64]) -> bool:
    """True where looks lie more than two hours apart in the day, around midnight too."""
    angles = np.sort(hour[np.isfinite(hour)])
    if len(angles) < 2:
        return False
    gaps = np.diff(np.append(angles, angles[0] + 24))
    return bool(24 - gaps.max() > 2)
