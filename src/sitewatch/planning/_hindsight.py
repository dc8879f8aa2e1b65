"""What the odds would have told of the looks that there were, scored against what was seen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sitewatch.cube import Look
from sitewatch.forecast import Comparison, Score, compare, score
from sitewatch.planning._clear import RADAR_SENSORS, ClearOdds, clear_odds, was_clear
from sitewatch.planning._kept import with_forecasts
from sitewatch.planning._weather import SAME_LOOK, CoverForecast, block_of, came

__all__ = ["OddsScore", "score_odds"]

_FIRST = 10
"""Passes before the first that is scored: an empty ledger tells the mean over land, which needs no test here."""
_REFITS = 50
"""Odds are learned anew that many times at most, evenly through the record."""


@dataclass(frozen=True, kw_only=True)
class OddsScore:
    """How good odds told ahead were."""

    ledger: Score
    """Of P(clear) from the looks before each pass."""
    usual: Comparison
    """The ledger's odds beside the share of the passes so far that were clear."""
    forecast: Score | None = None
    """Of P(clear) with the newest forecast begun before each pass, on the passes that one tells of; None: of none."""
    beside: Comparison | None = None
    """The forecasts beside the ledger's odds, on these passes."""
    forecasts: int = 0
    """Forecasts that were given."""


def score_odds(
    looks: Iterable[Look],
    *,
    forecasts: Sequence[CoverForecast] = (),
    least_clear: float = 0.7,
    radar_sensors: Collection[str] = RADAR_SENSORS,
) -> OddsScore | None:
    """Score what would have been told of each pass from the looks before it: no look ever tells of itself.

    Scenes of one pass (within 30 minutes) count once, clear if one of them was. Odds are learned anew at most 50 times
    through the record, always from looks before the first pass that they tell of. A forecast is of the passes after its
    first moment, its line from cover to P(clear) learned from earlier forecasts and the looks before that moment.

    Args:
        looks: the site's, of all sensors, in any order.
        forecasts: that were kept, in any order.
        least_clear: share of the site that a clear look sees at least, above 0 to 1.
        radar_sensors: their looks are not scored.

    Returns:
        The scores; None: there are not more than ten passes of which a look says something.
    """
    sensors = frozenset(radar_sensors)
    ledger = sorted(looks, key=lambda k: k.order)
    seen = came(
        _passes(ledger, least_clear=least_clear, radar_sensors=sensors), ledger,
        least_clear=least_clear, radar_sensors=sensors,
    )  # fmt: skip
    times = sorted(seen)
    if len(times) <= _FIRST:
        return None
    told, by_forecast = _told(ledger, times, _ordered(forecasts), least_clear=least_clear, radar_sensors=sensors)
    scored = times[_FIRST:]
    outcomes = [seen[t] for t in scored]
    so_far = [(1 + sum(seen[t] for t in times[:n])) / (2 + n) for n in range(_FIRST, len(times))]
    ours = [told[t] for t in scored]
    block = block_of(scored)
    kept = sorted(by_forecast)
    return OddsScore(
        ledger=score(ours, outcomes, block=block),
        usual=compare(ours, so_far, outcomes, block=block),
        forecast=score([by_forecast[t] for t in kept], [seen[t] for t in kept], block=block_of(kept)) if kept else None,
        beside=(
            compare(
                [by_forecast[t] for t in kept], [told[t] for t in kept], [seen[t] for t in kept], block=block_of(kept)
            )
            if kept
            else None
        ),
        forecasts=len(forecasts),
    )


def _passes(ledger: Sequence[Look], *, least_clear: float, radar_sensors: frozenset[str]) -> list[dt.datetime]:
    """When there was a look that says something; the first of each pass."""
    found: list[dt.datetime] = []
    for look in ledger:
        if look.captured is None or look.sensor in radar_sensors or was_clear(look, least_clear=least_clear) is None:
            continue
        if not found or look.captured - found[-1] > SAME_LOOK:
            found.append(look.captured)
    return found


def _ordered(forecasts: Sequence[CoverForecast]) -> list[CoverForecast]:
    return sorted(forecasts, key=lambda one: (one.times[0], one.until))


def _told(
    ledger: Sequence[Look],
    times: Sequence[dt.datetime],
    forecasts: Sequence[CoverForecast],
    *,
    least_clear: float,
    radar_sensors: frozenset[str],
) -> tuple[dict[dt.datetime, float], dict[dt.datetime, float]]:
    """P(clear) of each pass from the ledger before it, and with a forecast where one tells of it."""
    told: dict[dt.datetime, float] = {}
    by_forecast: dict[dt.datetime, float] = {}
    step = max(1, -(-len(times) // _REFITS))
    odds: ClearOdds | None = None
    for n, when in enumerate(times):
        if odds is None or n % step == 0:
            odds = clear_odds(_before(ledger, when), least_clear=least_clear, radar_sensors=radar_sensors)
        told[when] = odds.chance(when)
        newest = max((k for k, one in enumerate(forecasts) if one.times[0] <= when), default=None)
        if n < _FIRST or newest is None or forecasts[newest].chance(when) is None:
            continue
        given = with_forecasts(
            odds, forecasts[: newest + 1],
            _before(ledger, forecasts[newest].times[0]), before=forecasts[newest].times[0],
        )  # fmt: skip
        by_forecast[when] = given.chance(when)
    return told, by_forecast


def _before(ledger: Sequence[Look], when: dt.datetime) -> list[Look]:
    """Looks of days before: one of the same day without an hour may be the very one that is told."""
    return [k for k in ledger if k.captured is not None and k.captured < when and k.captured.date() < when.date()]
