"""Passes that a catalog should have listed."""

from __future__ import annotations

import datetime as dt

from orbits import S1A, S2A, S2B, SINCE, UNTIL, elements, site

from sitewatch.planning import SENTINEL_2, due_passes, passes

DAY = dt.timedelta(days=1)
AJI = site(126.66, 39.75)


def test_the_sure_passes_of_the_sensor_are_told() -> None:
    told = due_passes(AJI, elements(S2A, S2B, S1A))("sentinel-2", SINCE, UNTIL)
    found = passes(AJI, elements(S2A, S2B), [SENTINEL_2], since=SINCE, until=UNTIL)
    assert told
    assert list(told) == [one.start for one in found if one.sure]


def test_elements_tell_two_months_back_but_not_from_another_year() -> None:
    due = due_passes(AJI, elements(S2B))
    assert len(due("sentinel-2", SINCE - 60 * DAY, SINCE) or ()) >= 6
    assert due("sentinel-2", SINCE + 300 * DAY, SINCE + 360 * DAY) is None


def test_other_sensors_are_not_told() -> None:
    due = due_passes(AJI, elements(S2B))
    assert due("landsat", SINCE, UNTIL) is None
    assert due("unknown", SINCE, UNTIL) is None
