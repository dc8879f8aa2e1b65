"""Acquisition plans: read, refused, compared with predictions, and believed."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from orbits import S2B, SINCE, UNTIL, elements, site

from benchmark_scripts import load
from sitewatch.errors import InputError
from sitewatch.planning import SENTINEL_2, Pass, passes, read_elements, read_plan, with_plan
from sitewatch.planning._earth import ground, place, seconds, states
from sitewatch.planning._plans import strip_time

AJI = site(126.66, 39.75)
MINUTE = dt.timedelta(minutes=1)


def _predicted() -> tuple[Pass, ...]:
    return passes(AJI, elements(S2B), [SENTINEL_2], since=SINCE, until=UNTIL)


def _ring(begin: dt.datetime, end: dt.datetime, *, half_km: float = 144.0, aside_km: float = 0.0) -> str:
    """A strip along the track of Sentinel-2B, as ESA draws them."""
    after = np.append(np.arange(0, (end - begin).total_seconds(), 60), (end - begin).total_seconds())
    position, velocity = states(elements(S2B)[0].satrec, seconds(begin) + after)
    longitude, latitude, _ = ground(position)
    below = place(longitude, latitude)
    right = np.cross(velocity, position)
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    sides = [below + right * 1000 * (aside_km + sign * half_km) for sign in (1, -1)]
    middles = [below + right * 1000 * aside_km]
    ring = np.vstack((middles[0][:1], sides[0], middles[0][-1:], sides[1][::-1], middles[0][:1]))
    x, y, _ = ground(ring)
    return " ".join(f"{a},{b},0" for a, b in zip(x, y, strict=True))


def _kml(*marks: str, period: str = "from 20260920T120000 to 20261002T150000", satellite: str = "S2B") -> str:
    return (
        '<?xml version="1.0" encoding="iso-8859-1"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<name>S2 Planned Observations {period}</name><Folder><name>{satellite}</name>{''.join(marks)}"
        "</Folder></Document></kml>"
    )


def _mark(begin: dt.datetime, end: dt.datetime, ring: str, *, mode: str = "NOBS", orbit: int = 49900) -> str:
    data = {
        "ID": f"{orbit}-1",
        "Mode": mode,
        "ObservationTimeStart": begin.isoformat().replace("+00:00", ""),
        "ObservationTimeStop": end.isoformat().replace("+00:00", "Z"),
        "OrbitAbsolute": orbit,
        "OrbitRelative": (orbit - 27) % 143 + 1,
    }
    told = "".join(f'<Data name="{k}"><value>{v}</value></Data>' for k, v in data.items())
    return (
        f"<Placemark><name>x</name><ExtendedData>{told}</ExtendedData><Polygon><outerBoundaryIs><LinearRing>"
        f"<coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
    )


def _around(one: Pass, **kwargs: float) -> str:
    begin, end = one.start - 2.5 * MINUTE, one.start + 2.25 * MINUTE
    return _mark(begin, end, _ring(begin, end, **kwargs))


def test_a_plan_says_what_is_planned_and_what_is_not(tmp_path: Path) -> None:
    predicted = _predicted()
    path = tmp_path / "plan.kml"
    path.write_text(_kml(_around(predicted[0])))
    plan = read_plan(path)
    assert (plan.satellite, len(plan.strips)) == ("sentinel-2b", 1)
    assert plan.since == dt.datetime(2026, 9, 20, 12, tzinfo=dt.UTC)
    other = dataclasses.replace(predicted[1], satellite="sentinel-2a")
    told = with_plan([*predicted, other], plan, site=AJI)
    assert len(told) == len(predicted) + 1
    first = told[0]
    assert (first.planned, first.source, first.share, first.error_s) == (True, "plan", 1.0, None)
    assert abs(first.start - predicted[0].start) < dt.timedelta(seconds=2)
    assert first.relative_orbit == plan.strips[0].relative_orbit
    assert first.off_nadir == predicted[0].off_nadir
    assert all(p.planned is False and p.source == "elements" for p in told[1:] if p.satellite == "sentinel-2b")
    assert [p for p in told if p.satellite == "sentinel-2a"] == [other]


def test_a_strip_without_a_prediction_is_added(tmp_path: Path) -> None:
    predicted = _predicted()
    path = tmp_path / "plan.kml"
    path.write_text(_kml(_around(predicted[0])))
    added = with_plan((), read_plan(path), site=AJI)
    assert len(added) == 1
    one, wanted = added[0], predicted[0]
    assert (one.planned, one.source, one.epoch, one.number) == (True, "plan", None, 42063)
    assert abs(one.start - wanted.start) < dt.timedelta(seconds=2)
    assert (one.direction, one.side, one.share) == (wanted.direction, wanted.side, 1.0)
    assert one.off_nadir == pytest.approx(wanted.off_nadir, abs=0.2)
    assert one.incidence == pytest.approx(wanted.incidence, abs=0.3)
    assert one.margin_km == pytest.approx(wanted.margin_km, abs=3)
    assert with_plan((), read_plan(path), site=AJI, until=one.start) == ()
    assert with_plan((), read_plan(path), site=AJI, since=one.start) == added


def test_a_pass_outside_the_period_is_left_as_it_is(tmp_path: Path) -> None:
    predicted = _predicted()
    path = tmp_path / "plan.kml"
    path.write_text(_kml(_around(predicted[0]), period="from 20260920T120000 to 20260921T000000"))
    told = with_plan(predicted, read_plan(path), site=AJI)
    assert [p.planned for p in told] == [True] + [None] * (len(predicted) - 1)


def test_calibration_is_no_image_and_a_strip_beside_the_site_is_none_of_it(tmp_path: Path) -> None:
    one = _predicted()[0]
    begin, end = one.start - 2 * MINUTE, one.start + 2 * MINUTE
    for mark in (_mark(begin, end, _ring(begin, end), mode="VIC"), _around(one, aside_km=400)):
        path = tmp_path / "plan.kml"
        path.write_text(_kml(mark))
        told = with_plan([one], read_plan(path), site=AJI)
        assert [p.planned for p in told] == [False]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (_kml(), "holds no strip"),
        (_kml("<Placemark/>", satellite="Planes"), "names no Sentinel-2 satellite"),
        (_kml("<Placemark><name>7-1</name></Placemark>"), "strip 7-1: lacks its times, orbit or outline"),
        (_kml(_mark(SINCE, UNTIL, "0,0 1,1")), "has no outline of two sides"),
        (_kml(_mark(SINCE, UNTIL, _ring(SINCE, SINCE + 3 * MINUTE))), "lasts 864000 s but has 4 vertices"),
        (_kml(_mark(SINCE, SINCE + MINUTE, "nan,0 " + _ring(SINCE, SINCE + MINUTE).partition(" ")[2])), "outline"),
        ("<kml>", "is not whole XML"),
        ('<!DOCTYPE kml [<!ENTITY a "b">]>' + _kml().partition("?>")[2], "declares a document type"),
        ("<?xml version='1.0' encoding='nonsense'?><kml/>", "is not whole XML"),
    ],
)
def test_what_is_wrong_with_a_plan_is_said(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "plan.kml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_plan(path)
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_entities_are_not_followed_in_any_encoding(tmp_path: Path) -> None:
    """A file of this machine, and a bomb."""
    (tmp_path / "secret").write_text("secret")
    body = _kml().partition("?>")[2]
    outside = f'<?xml version="1.0"?><!DOCTYPE k SYSTEM "{tmp_path}/secret">{body}'
    for text, encoding in ((outside, "utf-8"), (outside.replace("1.0", "1.0"), "utf-16")):
        path = tmp_path / "plan.kml"
        path.write_bytes(text.encode(encoding))
        with pytest.raises(InputError, match="declares a document type"):
            read_plan(path)


@pytest.mark.parametrize("letter", ["B", "C"])
def test_predictions_agree_with_the_official_plans(shared: Path, letter: str) -> None:
    """The benchmark with fewer sites: predicted by whole cycles of ten days from elements 1.5 years younger."""
    folder = shared / "data" / "s2-acq-plans"
    if not folder.is_dir():
        pytest.skip(f"no acquisition plans in {folder}")
    bench = load("planning/plans.py")
    plan = read_plan(folder / f"S2{letter}_acquisition_plan.kml")
    known = [e for path in sorted((shared / "data" / "orbits").glob("s2_*.tle")) for e in read_elements(path)]
    sites = bench.land_sites([plan], count=25, seed=3)
    total, reproduced, contradicted = bench.compare(plan, known, sites)
    assert total > 50
    assert reproduced >= 0.97 * total
    assert contradicted <= 0.03 * total


def test_relative_orbits_are_those_of_the_plans(shared: Path) -> None:
    folder = shared / "data" / "s2-acq-plans"
    if not folder.is_dir():
        pytest.skip(f"no acquisition plans in {folder}")
    for letter, offset in (("A", -2), ("B", 27), ("C", 114)):
        plan = read_plan(folder / f"S2{letter}_acquisition_plan.kml")
        assert {(s.orbit - offset) % 143 + 1 - s.relative_orbit for s in plan.strips} == {0}
        assert len(plan.strips) > 700
        for strip in plan.strips[::50]:
            middle = (strip.right[0] + strip.left[0] + strip.right[1] + strip.left[1])[None] / 4
            assert 0 < strip_time(strip, middle)[0] < 60
