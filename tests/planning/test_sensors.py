"""Sensors from a file, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from orbits import S2A, S2B, SINCE, UNTIL, elements, site

from sitewatch.errors import InputError, OptionError
from sitewatch.planning import SENSORS, Sensor, passes, read_sensors

TOML = """
[[sensor]]
name = "agile"
satellites = "sentinel-2?"
max_off_nadir = 30
day_only = true
min_sun_elevation = 10
directions = ["descending"]
pixel_m = 0.5
cost = 500

[[sensor]]
name = "narrow"
norad = [42063, 40697]
swath_km = 24
day_only = false
"""


def test_a_constellation_from_toml_and_from_json(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(TOML)
    agile, narrow = read_sensors(path)
    assert agile.off_nadir == (0, 30)
    assert (agile.min_sun, agile.cost, agile.pixel) == (10, 500, 0.5)
    assert (narrow.swath_km, narrow.min_sun) == (24, None)
    assert narrow.satellites == {42063: "narrow 42063", 40697: "narrow 40697"}
    found = passes(site(30, 45), elements(S2A, S2B), [agile, narrow], since=SINCE, until=UNTIL)
    assert {p.satellite for p in found} <= {"SENTINEL-2A", "SENTINEL-2B", "narrow 42063", "narrow 40697"}
    tasked = [p for p in found if p.sensor == "agile"]
    assert max(p.off_nadir for p in tasked) > 20
    assert all(p.sun_elevation >= 10 and p.direction == "descending" and p.off_nadir <= 30.01 for p in tasked)
    as_json = tmp_path / "mine.json"
    as_json.write_text(
        json.dumps({"sensor": [{"name": "narrow", "norad": [42063, 40697], "swath_km": 24, "day_only": False}]})
    )
    assert read_sensors(as_json) == (narrow,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no sensor"),
        ("a = ", "is neither TOML nor JSON"),
        ("[[sensor]]\nname = 'a'\nnorad = [1]", "give either its off-nadir angles or its swath"),
        ("[[sensor]]\nname = 'a'\nswath_km = 10", "is on no satellite"),
        ("[[sensor]]\nname = 'a'\nnorad = [1]\nmax_off_nadir = 80", "its off-nadir angles must be 0 to 65"),
        ("[[sensor]]\nname = 'a'\nnorad = [1]\nswath_km = -1", "its swath must be 0 to 5000 km"),
        ("[[sensor]]\nname = 'a'\nnorad = [1]\nswath_km = inf", "swath_km"),
        ("[[sensor]]\nname = 'a'\nnorad = [1]\nswath = 1", "sensor 1: swath"),
        ("[[sensor]]\nname = 'a'\nnorad = [1]\nswath_km = 1\nside = 'up'", "side"),
        ("[[sensor]]\nname = 'a'\nnorad = [1]\nswath_km = 1\ndirections = []", "looks in no direction"),
        ("[[sensor]]\nname = 'a'\nnorad = [1]\nswath_km = 1\npixel_m = inf", "pixel_m"),
        ("[[sensor]]\nname = 'a'\nnorad = [1]\nswath_km = 1\ncost = inf", "cost"),
        ("[[sensor]]\nname = 'a'\nnorad = [1]\nswath_km = 1\nmin_sun_elevation = 500", "min_sun_elevation"),
        ("sensor = 3", "names no sensor"),
        ("sensor = [3]", "sensor 1: entry"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_sensors(path)
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_every_built_in_sensor_has_its_source_and_numbers() -> None:
    for sensor in SENSORS:
        assert len(sensor.source) > 60
        assert sensor.tracks is not None
        assert sensor.pixel
    assert len({number for sensor in SENSORS for number in sensor.satellites}) == 9


def test_a_left_looking_radar_sees_the_other_side() -> None:
    right = Sensor(name="right", satellites={42063: "r"}, off_nadir=(20, 40), side="right")
    left = Sensor(name="left", satellites={42063: "l"}, off_nadir=(20, 40), side="left")
    either = Sensor(name="either", satellites={42063: "e"}, off_nadir=(20, 40))
    found = passes(site(30, 45), elements(S2B), [right, left, either], since=SINCE, until=UNTIL)
    sides = {name: {p.side for p in found if p.sensor == name} for name in ("right", "left", "either")}
    assert sides == {"right": {"right"}, "left": {"left"}, "either": {"left", "right"}}
    count = lambda name: sum(p.sensor == name for p in found)
    assert count("either") == count("left") + count("right")


def test_a_sensor_without_any_way_to_look_is_refused() -> None:
    with pytest.raises(OptionError, match="not both"):
        Sensor(name="x", satellites={1: "x"}, off_nadir=(0, 10), swath_km=100)
