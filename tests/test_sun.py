"""The sun's place against the almanac and the clock."""

from __future__ import annotations

import datetime as dt

import pytest

from sitewatch.sun import solar_time, sun_at


@pytest.mark.parametrize(
    ("month", "day", "minutes"),
    # The equation of time at its four extremes (USNO): apparent minus mean solar time.
    [(2, 11, -14.2), (5, 14, 3.7), (7, 26, -6.5), (11, 3, 16.4)],
)
def test_solar_time_is_ahead_of_the_mean_by_the_equation_of_time(month: int, day: int, minutes: float) -> None:
    noon = dt.datetime(2026, month, day, 12, tzinfo=dt.UTC)
    assert (solar_time(noon, longitude=0) - 12) * 60 == pytest.approx(minutes, abs=0.15)
    assert solar_time(noon, longitude=45) - solar_time(noon, longitude=0) == pytest.approx(3)


def test_the_sun_is_highest_at_solar_noon() -> None:
    noon = dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC) + dt.timedelta(minutes=7.4)
    assert solar_time(noon, longitude=0) == pytest.approx(12, abs=0.01)
    assert sun_at(noon, latitude=0, longitude=0).elevation == pytest.approx(90, abs=0.3)
