"""The section on growth, and the pictures of growth and of series, as they are drawn."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from plant_record import Case, bracket, ground, presence, structure, time

from sitewatch.assessment import expansion_of
from sitewatch.report import expansion_chart, expansion_picture, series_picture, series_sentences
from sitewatch.report._svg import Axis
from sitewatch.structures import series_of

Write = Callable[..., Path]


def test_the_page_answers_whether_it_grows(written: Write) -> None:
    page = written().read_text()
    section = page[page.index('id="h-growth"') : page.index('id="h-others"')]
    assert "No evidence of growth or shrinkage" in section
    assert "What it missed, or told only a part of, is not in it" in section.replace("\u00a0", " ")
    assert "calibrated on simulated places" in section.replace("\u00a0", " ")
    assert '<th role="rowheader" scope="row">2021</th>' in section


def test_without_a_claim_or_with_few_looks_it_does_not_ask(written: Write, case: Case) -> None:
    assert 'id="h-growth"' not in written(structures=[]).read_text()
    assert 'id="h-growth"' not in written(looks=case.looks[:3]).read_text()


def test_the_band_is_drawn_where_it_lies(case: Case) -> None:
    """A hall of 8000 m2 from look 5 on: the band's path rises from the zero line to its level, levels 1000 apart."""
    hall = structure(
        "hall", ground(8, 6, 18, 14), presence(bracket(5), None, probability=1.0),
        area_m2=8000.0, area_m2_low=8000.0, area_m2_high=8000.0,
    )  # fmt: skip
    found = expansion_of([hall], case.site, first=time(0), last=time(19), used=20)
    drawn = str(expansion_chart(found))
    path = re.search(r'd="M([^"]*)" class="growth"', drawn)
    assert path is not None
    points = [tuple(map(float, point.split())) for point in path[1].split("L")]
    assert points[0] == (0, 190)
    assert points[-1] == (1000, 0)
    assert all(y in (0, 190) for x, y in points if not 10 * 100 * 4 / 19 < x < 10 * 100 * 5 / 19)


def test_levels_and_titles_lie_beside_the_plots(case: Case) -> None:
    found = expansion_of(case.structures, case.site, first=time(0), last=time(19), used=20)
    drawn = str(expansion_chart(found))
    levels = re.findall(r'<text x="([^"]*)" y="[^"]*" class="level end">', drawn)
    assert len(levels) >= 4
    assert all(float(x) < 0 for x in levels)
    assert re.findall(r'y="([^"]*)" class="level name"', drawn) == ["-9", "211"]  # plots reach from 0 and 220


@pytest.mark.parametrize(
    ("start", "days", "first", "others"),
    [
        ((2020, 2, 15), 955, "Apr 2020", ["Jul", "Oct", "2021"]),
        ((2021, 1, 1), 900, "Apr 2021", ["Jul", "Oct", "2022"]),
        ((2020, 12, 20), 900, "Apr 2021", ["Jul", "Oct", "2022"]),
        ((2020, 6, 1), 2000, "2021", ["2022", "2023"]),
        ((2021, 3, 5), 40, "6 Mar 2021", ["13 Mar"]),
    ],
)
def test_the_first_tick_of_a_time_axis_carries_its_year(
    start: tuple[int, int, int], days: int, first: str, others: list[str]
) -> None:
    begin = dt.datetime(*start, tzinfo=dt.UTC)
    ticks = Axis(start=begin, end=begin + dt.timedelta(days=days)).ticks()
    assert [label for _, label, _ in ticks][: 1 + len(others)] == [first, *others]


def test_the_name_of_a_sub_area_lies_in_it(written: Write, case: Case) -> None:
    page = written().read_text()
    page = page[page.index('class="map"') :]
    place = re.search(r'class="area-name" style="left:([\d.]+)%;top:([\d.]+)%">test yard<', page)
    path = re.search(r'class="area" d="M([^"Z]*)Z', page)
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', page)
    assert place is not None
    assert path is not None
    assert size is not None
    points = [tuple(map(float, point.split(","))) for point in path[1].split("L")]
    for n in (0, 1):
        at = float(place[n + 1]) / 100 * float(size[n + 1])
        ends = [point[n] for point in points]
        assert min(ends) + 5 < at < max(ends) - 5


def test_text_from_outside_is_escaped(case: Case) -> None:
    found = expansion_of(case.structures, case.site, first=time(0), last=time(19), used=20)
    assert "<b>" not in expansion_picture(found, title="<b>plant</b>")
    tent = case.structures[1]
    assert "<b>" not in series_picture(series_of(tent, first=time(0), last=time(19)), tent, title="<b>tent</b>")


@pytest.mark.parametrize(
    ("spells", "words"),
    [
        (((5, None),), ["It stood once", "the last still stands", "no end of one was seen", "has not been seen to go"]),
        (
            ((5, 9),),
            ["30 to 50 days, once; one is too few", "not defined, as no end of one was seen (1 gap, 1 of them"],
        ),
        (((2, 4), (8, 11)), ["two ends are too few for an interval (2 spells)", "once; one is too few"]),
        (((None, 3), (8, 11)), ["the first stood before them", "(2 spells, 1 of them cut off)"]),
        (
            ((1, 2), (4, 5), (7, 8)),
            ["80 % interval 0 days with no upper end (3 spells)", "longer than every gap before"],
        ),
    ],
)
def test_series_say_what_so_few_spells_can(spells: tuple[tuple[int | None, int | None], ...], words: list[str]) -> None:
    told = [presence(a and bracket(a), b and bracket(b)) for a, b in spells]
    tent = structure("tent", ground(24, 26, 30, 30), *told)
    said = " ".join(series_sentences(series_of(tent, first=time(0), last=time(19))))
    for part in words:
        assert part in said


@pytest.mark.parametrize(("spells", "drawn"), [(((None, None),), 0), (((5, None),), 0), (((5, 9),), 1)])
def test_where_no_end_was_seen_no_curve_is_drawn(spells: tuple[tuple[int | None, int | None], ...], drawn: int) -> None:
    tent = structure("tent", ground(24, 26, 30, 30), *(presence(a and bracket(a), b and bracket(b)) for a, b in spells))
    picture = series_picture(series_of(tent, first=time(0), last=time(19)), tent, title="tent")
    assert picture.count('class="interval"') == 1 + drawn  # one of them is the legend's
    assert ("No end of a spell was seen, so that no curve can be drawn." in picture) == (drawn == 0)


def test_the_curve_is_never_drawn_certain_before_its_end() -> None:
    tent = structure("tent", ground(24, 26, 30, 30), presence(bracket(2), bracket(5)))
    picture = series_picture(series_of(tent, first=time(0), last=time(19)), tent, title="tent")
    path = re.search(r'd="M([^"]*)Z" class="interval"', picture)
    assert path is not None
    points = [tuple(map(float, point.split())) for point in path[1].split("L")]
    start = [y for x, y in points if x == points[0][0]]
    assert max(start) - min(start) == pytest.approx(150 * 0.9, abs=0.2)  # of one length: .1 to 1


def test_that_a_spell_cut_at_the_start_leans_long_is_said() -> None:
    def said(*spells: tuple[int | None, int | None]) -> str:
        told = [presence(a and bracket(a), b and bracket(b)) for a, b in spells]
        tent = structure("tent", ground(24, 26, 30, 30), *told)
        return " ".join(series_sentences(series_of(tent, first=time(0), last=time(19))))

    assert "leans a little long" in said((None, 3), (8, 11))
    assert "leans a little long" not in said((2, 4), (8, 11))
    assert "leans a little long" not in said((None, 3))


def test_a_record_of_one_moment_can_be_drawn(case: Case) -> None:
    found = expansion_of([], case.site, first=time(0), last=time(0), used=1)
    assert isinstance(found.first, dt.datetime)
    assert "nothing was found" in expansion_picture(found, title="plant")
