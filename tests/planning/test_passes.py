"""Passes at all kinds of places and times, and what is said of them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from orbits import LANDSAT_9, S1A, S2A, S2A_LATER, S2B, S2C, SINCE, UNTIL, elements, signed, site
from sgp4.propagation import gstime

from sitewatch.errors import OptionError
from sitewatch.planning import (
    LANDSAT,
    SENSORS,
    SENTINEL_1,
    SENTINEL_2,
    Sensor,
    along_track_error_km,
    passes,
)
from sitewatch.planning._earth import gmst, ground, leap_seconds, moment, place, seconds, states
from sitewatch.planning._geometry import closest
from sitewatch.planning._outline import outline_points
from sitewatch.planning._tracks import relative_orbit, row
from sitewatch.site import Site

DAY = dt.timedelta(days=1)
AJI = site(126.66, 39.75)


def test_sidereal_time_is_that_of_sgp4() -> None:
    when = np.linspace(seconds(SINCE), seconds(UNTIL), 50)
    assert gmst(when) == pytest.approx([gstime(2451544.5 + t / 86400) for t in when], abs=1e-8)


def test_a_year_of_one_satellite_over_one_place_comes_back_every_ten_days() -> None:
    found = passes(AJI, elements(S2B), [SENTINEL_2], since=SINCE, until=SINCE + 40 * DAY, stale=True)
    by_orbit = {p.relative_orbit for p in found}
    assert len(by_orbit) == len(found) / 4
    for orbit in by_orbit:
        starts = [p.start for p in found if p.relative_orbit == orbit]
        assert all(abs(b - a - 10 * DAY) < dt.timedelta(seconds=30) for a, b in itertools.pairwise(starts))
    assert all(p.direction == "descending" and p.satellite == "sentinel-2b" and p.day for p in found)
    assert all(10 < p.solar_time < 12 for p in found)


def test_the_satellite_is_nearest_at_the_start_of_a_pass() -> None:
    made = elements(S2A)[0]
    for p in passes(AJI, [made], [SENTINEL_2], since=SINCE, until=UNTIL):
        around = seconds(p.start) + np.array([-1.0, 0.0, 1.0])
        position, _ = states(made.satrec, around)
        distance = np.linalg.norm(position - place(np.array([126.66]), np.array([39.75])), axis=1)
        assert distance[1] < distance[0]
        assert distance[1] < distance[2]


def test_the_line_of_sight_and_the_place_below_agree() -> None:
    """Off-nadir and incidence against plain geometry: their difference is the arc from the place below to the site."""
    made = elements(S2B)[0]
    for p in passes(AJI, [made], [SENTINEL_2], since=SINCE, until=UNTIL):
        position, _ = states(made.satrec, np.array([seconds(p.start)]))
        longitude, latitude, height = ground(position)
        below = place(longitude, latitude)[0]
        there = place(np.array([126.66]), np.array([39.75]))[0]
        arc = np.degrees(np.arccos(below @ there / np.linalg.norm(below) / np.linalg.norm(there)))
        assert p.incidence - p.off_nadir == pytest.approx(arc, abs=0.02)
        assert 780e3 < height[0] < 820e3
        west = float(longitude[0]) > 126.66
        assert p.side == ("right" if west else "left")  # flying south, the right is in the west


def test_landsat_paths_and_rows_are_those_of_known_scenes() -> None:
    """Places in the middle of well-known scenes: path 35 row 32 (Colorado), 44/34 (San Francisco), 193/23 (Berlin)."""
    for path, number, longitude, latitude in ((35, 32, -106.8, 40.3), (44, 34, -122.3, 37.5), (193, 23, 13.6, 53.0)):
        found = passes(
            site(longitude, latitude), elements(LANDSAT_9), [LANDSAT], since=SINCE, until=SINCE + 16 * DAY, stale=True
        )
        best = max(found, key=lambda p: p.margin_km)
        assert (best.relative_orbit, best.row) == (path, number)


def test_radar_looks_to_the_right_on_both_sides_of_the_day() -> None:
    found = passes(AJI, elements(S1A), [SENTINEL_1], since=SINCE, until=SINCE + 16 * DAY)
    assert {p.direction for p in found} == {"ascending", "descending"}
    assert {p.side for p in found} == {"right"}
    assert all(29 < p.incidence < 46.5 for p in found)
    assert {round(p.solar_time) for p in found} <= {5, 6, 7, 17, 18, 19}


def test_numbers_of_orbits_follow_the_published_rules() -> None:
    """Sentinel-1A's rule `mod(orbit - 73, 175) + 1` gives 92 for a product of 3 November 2019 over 15.9 N, 80.1 E."""
    tracks = SENTINEL_1.tracks
    assert tracks is not None
    assert (29739 - 73) % 175 + 1 == 92
    crossing = (0.146 - 91 * 12 * 360 / 175) % 360
    assert relative_orbit(tracks, crossing) == 92
    assert relative_orbit(tracks, crossing - 360) == 92
    for number in range(1, 176):
        assert relative_orbit(tracks, 0.146 - (number - 1) * 12 * 360 / 175) == number
    assert relative_orbit(tracks, crossing + tracks.spacing / 2) is None
    landsat = LANDSAT.tracks
    assert landsat is not None
    assert [relative_orbit(landsat, landsat.longitude - k * landsat.spacing) for k in (0, 1, 232, 233)] == [
        1,
        2,
        233,
        1,
    ]
    assert row(landsat, 180.0) == 60
    assert row(landsat, 0.0) == 184
    assert row(tracks, 180.0) is None


def test_a_satellite_that_left_its_tracks_has_no_number() -> None:
    """Sentinel-1A flew lower than its tracks ask for in September 2026: from orbit to orbit it drifts 1.1 km west."""
    found = passes(AJI, elements(S1A), [SENTINEL_1], since=SINCE, until=SINCE + 16 * DAY)
    assert any(p.relative_orbit is None for p in found)


@pytest.mark.parametrize("latitude", [-89.9, -82.0, 0.0, 81.0, 89.99])
def test_polar_and_equatorial_sites(latitude: float) -> None:
    size = min(0.01, (90 - abs(latitude)) / 2)
    all_day = dataclasses.replace(SENTINEL_2, min_sun=None, directions=frozenset({"ascending", "descending"}))
    found = passes(site(30, latitude, size=size), elements(S2B), [all_day], since=SINCE, until=UNTIL)
    if abs(latitude) > 85:
        assert found == ()  # the track turns at 81.4 degrees, and the swath ends 1.3 degrees beyond
        agile = Sensor(name="agile", satellites={42063: "agile"}, off_nadir=(0, 50))
        polar = passes(site(30, latitude, size=size), elements(S2B), [agile], since=SINCE, until=UNTIL)
        assert len(polar) == pytest.approx(143, abs=2)  # it comes by on every turn
    else:
        # At the equator a swath of 288 km takes 1.04 of the 280 km between tracks, once by day and once by night.
        assert len(found) >= 2
        assert all(-1 <= p.margin_km <= 150 for p in found)


def test_a_site_over_the_pole_is_one_place() -> None:
    cap = Site(id="cap", name="Cap", outline=shapely.box(-180, 89.9, 180, 90))
    outline = outline_points(cap)
    assert outline.latitude > 89.95
    assert outline.weights.sum() == pytest.approx(1)


def test_a_site_across_the_antimeridian_is_one_place() -> None:
    west, east = shapely.box(179.9, 10, 180, 10.2), shapely.box(-180, 10, -179.9, 10.2)
    across = Site(id="across", name="Across", outline=shapely.MultiPolygon([west, east]))
    outline = outline_points(across)
    assert abs(outline.longitude) == pytest.approx(180, abs=1e-6)
    assert outline.latitude == pytest.approx(10.1, abs=1e-3)
    sensors = [SENTINEL_2, LANDSAT]
    found = passes(across, elements(S2A, S2B, S2C, LANDSAT_9), sensors, since=SINCE, until=UNTIL)
    beside = passes(site(179.9999, 10.1), elements(S2A, S2B, S2C, LANDSAT_9), sensors, since=SINCE, until=UNTIL)
    assert len(found) >= 2
    assert [(p.satellite, p.relative_orbit) for p in found if p.margin_km > 20] == [
        (p.satellite, p.relative_orbit) for p in beside if p.margin_km > 20
    ]


def test_a_share_of_the_outline_at_the_edge_of_the_swath() -> None:
    inner = passes(AJI, elements(S2B), [SENTINEL_2], since=SINCE, until=UNTIL)[0]
    to_edge = inner.margin_km / 85.6  # degrees of longitude at 39.75 N, from the middle towards the nearer edge
    found = []
    for step in np.linspace(-0.3, 0.3, 13):
        for sign in (-1, 1):
            there = site(126.66 + sign * to_edge + step, 39.75, size=0.1)
            near = [
                p
                for p in passes(there, elements(S2B), [SENTINEL_2], since=SINCE, until=UNTIL)
                if abs(p.start - inner.start) < dt.timedelta(minutes=5)
            ]
            found += near
    partly = [p for p in found if 0 < p.share < 1]
    assert partly
    assert all(p.share == 1 for p in found if p.margin_km > 16)
    assert all((p.share > 0.5) == (p.margin_km > 0) for p in partly if abs(p.share - 0.5) > 0.1)
    assert all(not p.sure for p in partly if p.margin_km < 0)


def test_high_ground_is_seen_nearer_by_radar() -> None:
    low = passes(AJI, elements(S1A), [SENTINEL_1], since=SINCE, until=UNTIL)[0]
    high = passes(AJI, elements(S1A), [SENTINEL_1], since=SINCE, until=UNTIL, height=4000)[0]
    assert abs(high.start - low.start) < dt.timedelta(seconds=1)
    assert 0.1 < high.off_nadir - low.off_nadir < 0.6


def test_age_counts_from_the_nearest_epoch_and_errors_grow_with_it() -> None:
    found = passes(AJI, elements(S2A, S2A_LATER), [SENTINEL_2], since=SINCE, until=SINCE + 20 * DAY)
    epochs = [e.epoch for e in elements(S2A, S2A_LATER)]
    for p in found:
        assert p.epoch == min(epochs, key=lambda e, p=p: abs(p.start - e))  # type: ignore[misc]
        assert p.age_days == pytest.approx(abs((p.start - p.epoch).total_seconds()) / 86400)
        assert p.error_s == pytest.approx(along_track_error_km(p.age_days) / 6.8)
    assert len({p.epoch for p in found}) == 2
    errors = [along_track_error_km(age) for age in range(20)]
    assert errors == sorted(errors)


@pytest.mark.parametrize(("begin", "end", "refused"), [(0, 13, False), (0, 15, True), (-20, -15, True), (40, 41, True)])
def test_more_than_two_weeks_from_the_epoch_is_refused_unless_asked_for(begin: int, end: int, refused: bool) -> None:
    window = {"since": SINCE + begin * DAY, "until": SINCE + end * DAY}
    if refused:
        with pytest.raises(
            OptionError, match=r"days from the nearest elements, of 2026-09-20, .* ask for stale passes"
        ):
            passes(AJI, elements(S2B), [SENTINEL_2], **window)
    passes(AJI, elements(S2B), [SENTINEL_2], stale=True, **window)


def test_a_gap_between_sets_is_refused_too() -> None:
    later = S2A.replace(S2A.splitlines()[1], signed(S2A.splitlines()[1].replace("26263.59927622", "26303.59927622")))
    with pytest.raises(OptionError, match=r"20\.0 days from the nearest elements"):
        passes(AJI, elements(S2A, later), [SENTINEL_2], since=SINCE, until=SINCE + 45 * DAY)


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        (UNTIL, SINCE, "must end after it begins"),
        (SINCE.replace(tzinfo=None), UNTIL, "needs times with a time zone"),
    ],
)
def test_windows_that_are_none(since: dt.datetime, until: dt.datetime, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        passes(AJI, elements(S2B), SENSORS, since=since, until=until)


def test_no_sensor_has_elements_or_they_have_no_passes() -> None:
    with pytest.raises(OptionError, match="none of the 1 sets of elements is of a satellite of the sensors"):
        passes(AJI, elements(S2B), [LANDSAT], since=SINCE, until=UNTIL)
    high = elements(S2B.replace(S2B.splitlines()[2], signed(S2B.splitlines()[2].replace("14.30816269", " 2.00561745"))))
    with pytest.raises(OptionError, match=r"takes 12\.0 h for a turn"):
        passes(AJI, high, [SENTINEL_2], since=SINCE, until=UNTIL)


def test_elements_that_fall_down_are_refused_with_the_day() -> None:
    low = S2B.replace(S2B.splitlines()[2], signed(S2B.splitlines()[2].replace("14.30816269", "16.60000000")))
    with pytest.raises(OptionError, match=r"give no position on 2026-.*give fresher elements"):
        passes(AJI, elements(low), [SENTINEL_2], since=SINCE, until=UNTIL)


def test_a_leap_second_between_epoch_and_pass_is_counted() -> None:
    """2016 ended with 23:59:60: twelve hours after noon of 31 December are 43201 seconds."""
    line = signed(S2A.splitlines()[1].replace("26263.59927622", "16366.50000000"))
    made = elements(S2A.replace(S2A.splitlines()[1], line))[0]
    midnight = seconds(dt.datetime(2017, 1, 1, tzinfo=dt.UTC))
    assert leap_seconds(np.array([midnight - 0.001, midnight])).tolist() == [4, 5]
    before, after = (states(made.satrec, np.array([midnight + s]))[0][0] for s in (-0.001, 0.0))
    assert np.linalg.norm(after - before) == pytest.approx(7400, rel=0.03)  # a second's flight at no tick of the clock
    _, later, _ = made.satrec.sgp4_tsince(720 + 1 / 60)
    assert np.linalg.norm(after) / 1000 == pytest.approx(np.linalg.norm(later), abs=1e-6)


def test_passes_around_the_end_of_a_year_and_its_leap_second() -> None:
    line = signed(S2A.splitlines()[1].replace("26263.59927622", "16366.99999999"))
    made = elements(S2A.replace(S2A.splitlines()[1], line))
    agile = Sensor(name="agile", satellites={40697: "agile"}, off_nadir=(0, 60))
    new_year = dt.datetime(2017, 1, 1, tzinfo=dt.UTC)
    found = passes(AJI, made, [agile], since=new_year - 3 * DAY, until=new_year + 3 * DAY)
    assert any(p.start.year == 2016 for p in found)
    assert any(p.start.year == 2017 for p in found)
    # Closest approaches on both sides of midnight, found by small steps in true seconds since the epoch.
    for p in found:
        elapsed = (p.start - made[0].epoch).total_seconds() + (1 if p.start >= new_year else 0)
        _, position, _ = made[0].satrec.sgp4_tsince(elapsed / 60)
        fixed, _ = states(made[0].satrec, np.array([seconds(p.start)]))
        assert np.linalg.norm(fixed) / 1000 == pytest.approx(np.linalg.norm(position), abs=1e-3)


def test_moments_are_whole_milliseconds() -> None:
    assert moment(seconds(SINCE) + 0.12345) == SINCE + dt.timedelta(milliseconds=123)


sites = st.builds(site, st.floats(-179.9, 179.9), st.floats(-85, 85))
sets = (S2A, S2A_LATER, S2B, S2C, LANDSAT_9, S1A)


@settings(deadline=None, max_examples=25)
@given(where=sites, cut=st.floats(0.01, 9.99))
def test_passes_of_the_parts_of_a_window_are_those_of_the_whole(where: Site, cut: float) -> None:
    middle = SINCE + cut * DAY
    known = elements(S2A, S2A_LATER, LANDSAT_9)
    whole = passes(where, known, SENSORS, since=SINCE, until=UNTIL)
    first = passes(where, known, SENSORS, since=SINCE, until=middle)
    second = passes(where, known, SENSORS, since=middle, until=UNTIL)
    key = lambda found: [(p.satellite, p.start, p.relative_orbit, round(p.off_nadir, 6)) for p in found]
    assert key(whole) == key(first + second)


@settings(deadline=None, max_examples=15)
@given(where=sites, order=st.permutations(sets))
def test_the_order_of_elements_does_not_matter(where: Site, order: list[str]) -> None:
    known = elements(*sets)
    shuffled = [made for text in order for made in elements(text)]
    assert passes(where, known, SENSORS, since=SINCE, until=UNTIL) == passes(
        where, shuffled, SENSORS, since=SINCE, until=UNTIL
    )


@settings(deadline=None, max_examples=25)
@given(where=sites)
def test_what_is_said_of_a_pass_lies_in_its_range(where: Site) -> None:
    for p in passes(where, elements(*sets), SENSORS, since=SINCE, until=UNTIL):
        assert SINCE <= p.start < UNTIL
        assert 0 < p.share <= 1
        assert 0 <= p.off_nadir < p.incidence + 0.2 < 47
        assert 0 <= p.solar_time < 24
        assert -90 <= p.sun_elevation <= 90
        assert p.relative_orbit is None or 1 <= p.relative_orbit <= 233


def test_closest_approaches_of_an_empty_window() -> None:
    made = elements(S2B)[0]
    assert closest(made, outline_points(AJI).middle, 100.0, 0.0).size == 0
