"""What comes again is one structure with as many presences, and its statistics are those of the truth."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from pathlib import Path

import pytest
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from sitewatch.archive import list_folder
from sitewatch.simulate import Recipe, simulate, write
from sitewatch.site import read_site
from sitewatch.structures import Length, Series, Structure, recurrence, series_of
from sitewatch.watch import Watched, watch

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
ENDS = ("2021-02-10", "2021-05-25")
"""While the third spell of a structure lasts, and after it."""


@pytest.fixture(scope="module")
def facility(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The facility of the demo."""
    folder = tmp_path_factory.mktemp("facility") / "demo"
    write(simulate(Recipe(seed=1)), folder)
    return folder


def day(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def true_lives(facility: Path) -> list[tuple[BaseGeometry, list[tuple[dt.datetime, dt.datetime]]]]:
    """The ground and the spells of everything that comes three times or more."""
    lives = defaultdict(list)
    for feature in json.loads((facility / "truth.geojson").read_text())["features"]:
        told = feature["properties"]
        if not told.get("ignore") and told["on"] and told["off"]:
            lives[shape(feature["geometry"])].append((day(told["on"]), day(told["off"])))
    return [(ground, sorted(spells)) for ground, spells in lives.items() if len(spells) >= 3]


def found_at(watched: Watched, ground: BaseGeometry) -> list[Structure]:
    """The claims that the scoring contract would take for it."""
    claims = [one for one in watched.structures if one.kind == "structure"]
    return [one for one in claims if one.footprint.intersection(ground).area >= 0.2 * one.footprint.union(ground).area]


def true_length(spell: tuple[dt.datetime, dt.datetime], last: dt.datetime) -> Length:
    days = (min(spell[1], last) - spell[0]).total_seconds() / 86400
    return Length(shortest=days, longest=days, censored=spell[1] > last)


def check(series: Series, spells: list[tuple[dt.datetime, dt.datetime]], last: dt.datetime) -> None:
    """Every true length lies in its range, and the estimate made of the true ones in the band."""
    true = [true_length(spell, last) for spell in spells]
    assert [spell.length.censored for spell in series.spells] == [one.censored for one in true]
    for spell, one in zip(series.spells, true, strict=True):
        slack = 1.0  # the truth tells days, looks tell seconds
        assert spell.length.shortest - slack <= one.shortest
        assert one.censored or one.longest <= spell.length.longest + slack
    told, want = series.standing, recurrence(true)
    assert (told.number, told.censored) == (want.number, want.censored)
    low, high = told.median
    if want.median[0] is not None:
        assert low is not None
        assert low - 1 <= want.median[0]
        assert high is None or want.median[0] <= high + 1


@pytest.mark.long
def test_three_spells_are_one_structure_with_three_presences(facility: Path, tmp_path: Path) -> None:
    known = []
    for end in ENDS:
        until = day(end)
        watched = watch(
            read_site(facility / "site.geojson"),
            list_folder(facility / "images", until=until),
            archive=tmp_path / "archive",
            now=NOW,
            until=until,
        )
        used = watched.used
        for ground, spells in true_lives(facility):
            begun = [spell for spell in spells if spell[0] < until]
            if len(begun) < 3:
                continue
            (one,) = found_at(watched, ground)
            assert len(one.presences) == 3
            assert one.present is (begun[-1][1] > until)
            series = series_of(one, first=min(used), last=max(used))
            check(series, begun, max(used))
            known.append((one.present, series.standing.censored))
    # Once it stands, so that its third length is only known to be longer; once it has gone.
    assert sorted(known) == [(False, 0), (True, 1)]
