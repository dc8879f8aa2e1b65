"""Passes carried on by the cycle of their tracks: against elements of the time, and what a cycle is."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from chances import passing
from orbits import LANDSAT_9, S1A, S2A, S2A_LATER, S2B, site

from sitewatch.errors import OptionError
from sitewatch.planning import (
    LANDSAT,
    SENTINEL_1,
    SENTINEL_2,
    Elements,
    Pass,
    Persistence,
    Sensor,
    clear_odds,
    free_sensors,
    parse_elements,
    passes,
    read_elements,
    rhythm,
    site_waits,
    wait_on_any_day,
)

YARD = site(126.66, 39.75)
BEGIN = dt.datetime(2026, 9, 20, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
AGILE = Sensor(name="agile", satellites={42063: "agile"}, off_nadir=(0, 30), min_sun=0.0, cost=300.0)


def elements(*texts: str) -> tuple[Elements, ...]:
    return tuple(one for text in texts for one in parse_elements(text.encode(), name="test"))


def near(one: Pass, others: tuple[Pass, ...]) -> float:
    """Seconds to the nearest pass of the same satellite."""
    return min(
        (abs((q.start - one.start).total_seconds()) for q in others if q.satellite == one.satellite), default=1e9
    )


def test_eleven_days_on_it_is_where_later_elements_put_it() -> None:
    """S2A of 20 September, carried on, beside its elements of 1 October."""
    window = {"since": BEGIN + 11 * DAY, "until": BEGIN + 24 * DAY}
    for lat, lon in ((39.75, 126.66), (0, 20), (60, 30), (-25, 130)):
        place = site(lon, lat)
        fresh = passes(place, elements(S2A_LATER), [SENTINEL_2], **window)
        told = rhythm(place, elements(S2A), [SENTINEL_2], **window)
        assert len(fresh) == len(told) > 0
        assert max(near(one, told) for one in fresh) < 5
        assert [one.relative_orbit for one in told] == [one.relative_orbit for one in fresh]


def test_elements_of_84_days_ago_keep_each_pass(shared: Path) -> None:
    """Landsat 9 of July beside its elements of September; plain propagation is minutes off and loses swaths."""
    orbits = shared / "data" / "orbits"
    if not orbits.is_dir():
        pytest.skip("no real elements in the shared data")
    fresh_set = [e for e in read_elements(orbits / "eo_celestrak_2026-09-23.tle") if e.number == 49260]
    old_set = [e for e in read_elements(orbits / "landsat8_9_celestrak_2026-07-02.tle") if e.number == 49260]
    window = {"since": BEGIN - 2 * DAY, "until": BEGIN + 14 * DAY}
    lost = 0
    for lat, lon in ((39.75, 126.66), (0, 20), (60, 30), (-25, 130), (70, 25)):
        place = site(lon, lat)
        fresh = passes(place, fresh_set, [LANDSAT], **window)
        told = rhythm(place, old_set, [LANDSAT], **window)
        assert len(told) == len(fresh)
        assert max(near(one, told) for one in fresh) < 60
        stale = passes(place, old_set, [LANDSAT], **window, stale=True)
        lost += sum(near(one, stale) > 600 for one in fresh)
    assert lost > 0


def test_a_cycle_comes_again_and_the_sun_is_that_of_the_day() -> None:
    first = rhythm(YARD, elements(S2B), [SENTINEL_2], since=BEGIN, until=BEGIN + 10 * DAY)
    again = rhythm(YARD, elements(S2B), [SENTINEL_2], since=BEGIN + 90 * DAY, until=BEGIN + 100 * DAY)
    assert [one.start + 90 * DAY for one in first] == [one.start for one in again]
    assert all(a.sun_elevation > b.sun_elevation + 20 for a, b in zip(first, again, strict=True))
    assert all(one.error_s is None and one.edge_error_km is None for one in again)
    assert all(one.age_days == pytest.approx((one.start - one.epoch) / DAY) for one in again if one.epoch)
    # North of the polar circle the same passes are dark in December: none; and come again with the light.
    north = site(20.0, 72.0)
    dark, light = (
        rhythm(north, elements(S2B), [SENTINEL_2], since=BEGIN + n * DAY, until=BEGIN + (n + 10) * DAY)
        for n in (90, 270)
    )
    assert not dark
    assert light


def test_what_keeps_no_tracks_is_predicted_from_its_elements() -> None:
    window = {"since": BEGIN + 30 * DAY, "until": BEGIN + 40 * DAY}
    for told, sensor in ((S2B, AGILE), (S1A, SENTINEL_1)):
        # Sentinel-1A of September 2026 drifts: most of its passes have no relative orbit.
        found = rhythm(YARD, elements(told), [sensor], **window)
        assert found
        assert found == passes(YARD, elements(told), [sensor], **window, stale=True)


def test_elements_that_are_too_far_are_refused() -> None:
    later = {"since": BEGIN + 400 * DAY, "until": BEGIN + 410 * DAY}
    with pytest.raises(OptionError, match="are 399 days from the window"):
        rhythm(YARD, elements(S2B), [SENTINEL_2], **later)
    assert rhythm(YARD, elements(S2B), [SENTINEL_2], **later, stale=True)
    with pytest.raises(OptionError, match="give their elements"):
        rhythm(YARD, elements(S2B), [LANDSAT], since=BEGIN, until=BEGIN + DAY)


def test_what_is_free_are_cameras_and_radar_where_there_are_none() -> None:
    assert free_sensors([SENTINEL_1, SENTINEL_2, AGILE, LANDSAT]) == (SENTINEL_2, LANDSAT)
    assert free_sensors([AGILE, SENTINEL_1]) == (SENTINEL_1,)
    assert free_sensors([AGILE]) == ()


def test_the_waits_of_a_site_are_those_of_its_passes() -> None:
    """What is free is `wait_on_any_day` of the free cameras' passes; an option that adds no pass changes nothing."""
    odds = clear_odds([])
    every = rhythm(
        YARD, elements(S2A, S2B, LANDSAT_9), [SENTINEL_2, LANDSAT, AGILE], since=BEGIN, until=BEGIN + 70 * DAY
    )
    idle = Sensor(name="idle", satellites={1: "idle"}, off_nadir=(0, 1), min_sun=0.0, cost=5.0)
    waits = site_waits(
        every, [SENTINEL_2, AGILE, LANDSAT, idle], odds, since=BEGIN, until=BEGIN + 20 * DAY, horizon=40.0
    )
    cameras = [one for one in every if one.sensor != "agile"]
    alone = wait_on_any_day(cameras, odds, since=BEGIN, until=BEGIN + 20 * DAY, horizon=40.0)
    assert waits.free == alone
    assert list(waits.options) == ["agile", "idle"]
    assert waits.options["idle"] == alone
    assert waits.options["agile"].by(7.0) > alone.by(7.0)


def test_a_wait_of_daily_passes_has_the_days_that_odds_give() -> None:
    """Independent daily looks with half a chance: within n days in 1 - 2^-n cases, 3 days for 8 of 10."""

    class Even:
        least_clear = 0.7
        persistence = Persistence(stays_days=1.0, shared=0.0)
        radar_sensors: frozenset[str] = frozenset()

        def chance(self, when: dt.datetime, *, radar: bool = False) -> float:
            return 0.5

        def source(self, when: dt.datetime, *, radar: bool = False) -> str:
            return "ledger"

        def quantiles(self, when: dt.datetime, levels: object, *, radar: bool = False) -> object:
            import numpy as np

            return np.full(len(levels), 0.5)  # type: ignore[arg-type]

    daily = [passing(float(n)) for n in range(70)]
    begin = daily[0].start
    waits = site_waits(daily, [SENTINEL_2], Even(), since=begin, until=begin + 9 * DAY, horizon=30.0)  # type: ignore[arg-type]
    for n in (1, 2, 3, 5):
        assert waits.free.by(float(n)) == pytest.approx(1 - 0.5**n, abs=0.06)
    assert waits.free.days_for(0.8) == 3
