"""The page as a file: complete, offline, escaped, the same every time."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import html
import io
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox
from PIL import Image
from plant_record import Case, bracket, cube_of, ground, look, presence, structure, time

from sitewatch.cube import Outcome
from sitewatch.errors import OutputError
from sitewatch.report._page import _shown
from sitewatch.report._pictures import _fit
from sitewatch.report._record import Frame, open_record, same_ground
from sitewatch.site import Site
from sitewatch.structures import Bracket

Write = Callable[..., Path]
VOID = {"meta", "img", "input", "br", "link", "hr"}


class Checker(HTMLParser):
    """Collects what is wrong with a page."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.headings: list[int] = []
        self.images: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if told.get("id"):
            self.ids.append(str(told["id"]))
        if (told.get("href") or "").startswith("#"):
            self.links.append(str(told["href"])[1:])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "img":
            self.images.append(told)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")


def checked(page: str) -> Checker:
    checker = Checker()
    checker.feed(page)
    assert checker.faults == []
    assert checker.open == []
    return checker


def test_the_page_is_well_formed_and_every_picture_has_words(written: Write) -> None:
    page = written().read_text(encoding="utf-8")
    found = checked(page)
    assert len(found.ids) == len(set(found.ids))
    assert set(found.links) <= set(found.ids)
    assert found.headings[0] == 1
    assert found.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(found.headings, found.headings[1:], strict=False))
    assert all(image.get("alt") and image.get("width") and image.get("height") for image in found.images)
    # Map, hall: one pair; tent: four pairs; each with a time-lapse and its first frame.
    assert len(found.images) == 1 + 2 + 8 + 4


def test_nothing_outside_the_file_is_asked_for(written: Write) -> None:
    page = written().read_text(encoding="utf-8")
    assert re.findall(r"https?://|url\((?!#)|@import|<link|<iframe|<object", page) == []
    assert all(src.startswith("data:") for src in re.findall(r'src="([^"]*)"', page))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    script = re.search(r"<script>(.*)</script>", page, re.DOTALL)
    assert policy
    assert script
    assert "default-src 'none'" in policy[1]
    assert base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode() in policy[1]


def test_what_users_wrote_is_shown_and_never_run(written: Write, case: Case) -> None:
    evil = '<script>alert(1)</script>"&'
    looks = [
        look(n, scene=f"{n}{evil}", reason=evil, sensor=evil, credit=evil, outcome=k.outcome)
        for n, k in enumerate(case.looks)
    ]
    things = [
        structure(evil, s.footprint, *(dataclasses.replace(p, evidence=(evil,)) for p in s.presences))
        for s in case.structures[:1]
    ]
    site = Site(id=evil, name=evil, outline=case.site.outline, areas={evil: case.site.outline})
    page = written(site=site, looks=looks, cube=cube_of(looks), structures=things).read_text(encoding="utf-8")
    checked(page)
    assert page.count("<script>") == 1
    assert "&lt;script&gt;alert(1)" in page


def test_the_same_input_gives_the_same_file(written: Write) -> None:
    assert written().read_bytes() == written().read_bytes()


def test_only_structures_are_claims(written: Write) -> None:
    page = written().read_text(encoding="utf-8")
    assert "Two structures were erected (three times in all) and one was taken down (two times in all)" in page
    assert "What else moved" in page
    assert page.count('class="card"') == 2


def test_nothing_changed_nothing_seen_and_could_not_look_read_differently(written: Write, case: Case) -> None:
    quiet = written(structures=[]).read_text(encoding="utf-8")
    assert "Nothing changed." in quiet
    covered = [look(n, outcome=Outcome.COULD_NOT_SEE) for n in range(4)]
    unseen = written(structures=[], looks=covered, cube=None).read_text(encoding="utf-8")
    assert "Nothing was seen." in unseen
    assert "not a finding that nothing changed" in unseen
    checked(unseen)
    broken = [look(n, outcome=Outcome.FAILED, captured=None, clear_share=None, shift_m=None) for n in range(2)]
    failed = written(structures=[], looks=broken, cube=None).read_text(encoding="utf-8")
    assert "Could not look." in failed
    assert "None of the 2 listed scenes could be read" in failed
    checked(failed)
    empty = written(structures=[], looks=[], cube=None).read_text(encoding="utf-8")
    assert "No scene of the site is listed" in empty
    checked(empty)


def test_one_look_alone_makes_a_page(written: Write, case: Case) -> None:
    looks = case.looks[:1]
    checked(written(looks=looks, cube=cube_of(looks), structures=[]).read_text(encoding="utf-8"))


@pytest.mark.parametrize("bands", [("nir",), ("nir", "swir16", "swir22"), ("red", "green", "blue")])
def test_any_bands_can_be_shown(written: Write, case: Case, bands: tuple[str, ...]) -> None:
    page = written(cube=cube_of(case.looks, bands=bands)).read_text(encoding="utf-8")
    assert ("true colour" in page) == ("red" in bands)


def test_a_day_without_a_time_says_so(written: Write, case: Case) -> None:
    looks = [dataclasses.replace(k, whole_day=True) for k in case.looks]
    page = written(looks=looks).read_text(encoding="utf-8")
    assert "(time of day unknown)" in page


def test_a_bracket_of_whole_days_shows_the_looks_of_these_days(written: Write, case: Case) -> None:
    looks = [dataclasses.replace(k, whole_day=True, captured=time(n).replace(hour=0, minute=0))
             for n, k in enumerate(case.looks)]  # fmt: skip
    opened, closed = looks[4].captured, looks[5].latest
    assert opened
    assert closed
    hall = structure("hall", ground(8, 6, 18, 14), presence(Bracket(after=opened, by=closed), None))
    page = written(looks=looks, cube=cube_of(looks), structures=[hall]).read_text(encoding="utf-8")
    text = re.sub(r"<[^>]*>", "", page)
    assert "Erected after 2021-04-11 and by 2021-04-21" in text
    assert "Last clear look before: 2021-04-11 (time of day unknown), sentinel-2, scene scene-004" in text
    assert "First clear look after: 2021-04-21 (time of day unknown), sentinel-2, scene scene-005" in text
    assert "cannot be shown" not in text


def test_a_picture_that_is_not_the_bracket_s_own_says_so(written: Write, case: Case) -> None:
    # Look 3 could not see: it is in no cube.
    shed = structure("shed", ground(8, 6, 18, 14), presence(bracket(4), None))
    page = written(structures=[shed]).read_text(encoding="utf-8")
    text = re.sub(r"<[^>]*>", "", page)
    assert "Last clear look before (the bracket&#39;s own cannot be shown): 2021-03-22" in text


def test_what_could_never_be_seen_stands_at_the_top(written: Write) -> None:
    page = written(seen_share=0.8).read_text(encoding="utf-8")
    assert "20 % of the site&#39;s outline lies outside every image" in page


def test_a_structure_outside_the_pixels_or_never_seen_still_has_its_card(written: Write) -> None:
    away = structure("away", ground(900, 900, 905, 905), presence(bracket(5), None))
    page = written(structures=[away]).read_text(encoding="utf-8")
    checked(page)
    assert page.count('class="card"') == 1


def test_the_most_probable_get_cards_and_the_rest_a_row(written: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sitewatch.report._page.MOST_CARDS", 2)
    many = [
        structure(f"s{n}", ground(4 + 5 * n, 4, 8 + 5 * n, 8), presence(bracket(5 + n), None, probability=0.5 + n / 10))
        for n in range(4)
    ]
    page = written(structures=many).read_text(encoding="utf-8")
    assert page.count('class="card"') == 2
    assert 'id="structure-3"' in page
    assert 'id="structure-4"' in page
    assert "The 2 most probable of 4 structures" in page
    checked(page)


def test_pixels_are_shown_as_they_are(case: Case) -> None:
    record = open_record(case.cube, site=case.site, looks=case.looks)
    shown = record.picture(0, slice(0, 40), slice(0, 40))
    values = case.cube.reflectance.values[0, [2, 1, 0]]
    wanted = np.clip((values - record.black) / (record.white - record.black), 0, 1) ** (1 / record.gamma) * 255
    assert np.abs(np.moveaxis(shown.astype(float), -1, 0) - wanted).max() <= 0.51
    assert record.black < record.white


def test_before_and_after_show_the_looks_of_the_bracket(written: Write) -> None:
    page = written().read_text(encoding="utf-8")
    text = re.sub(r"<[^>]*>", "", page)
    assert "Last clear look before: 2021-04-11 10:33 UTC, sentinel-2, scene scene-004" in text
    assert "First clear look after: 2021-04-21 10:33 UTC, sentinel-2, scene scene-005" in text


def test_the_time_lapse_moves_and_ends(written: Write) -> None:
    page = written().read_text(encoding="utf-8")
    moving = re.findall(r"data:image/webp;base64,([A-Za-z0-9+/=]+)", page)
    assert len(moving) == 2
    with Image.open(io.BytesIO(base64.b64decode(moving[0]))) as image:
        assert getattr(image, "n_frames", 1) > 10


def test_long_gaps_are_named(written: Write, case: Case) -> None:
    hidden = dict.fromkeys(range(6, 12), Outcome.COULD_NOT_SEE)
    looks = [look(n, outcome=hidden.get(n, Outcome.USED)) for n in range(20)]
    page = written(looks=looks, cube=cube_of(looks)).read_text(encoding="utf-8")
    assert "70 days without a used look: 6 looks could not see" in page
    assert "No stretch of more than 30 days" in written().read_text(encoding="utf-8")


def test_words_on_pictures_fit_and_keep_to_the_letters_the_font_has() -> None:
    assert _fit("© Ünïted \u2013 中", 900, 15) == "© United - ?"
    assert len(_fit("S2A_" * 60, 200, 15)) < 60
    assert "\n" not in _fit("a\nb", 900, 15)


def test_a_folder_that_cannot_be_written_is_one_clear_error(written: Write, tmp_path: Path) -> None:
    (tmp_path / "report" / "index.html").mkdir(parents=True)
    with pytest.raises(OutputError, match="the report cannot be written"):
        written()


def test_progress_counts_the_cards(written: Write) -> None:
    told: list[tuple[int, int]] = []
    written(progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 2), (2, 2)]


def test_a_structure_is_shown_by_all_sensors_that_told_of_it_and_by_all_of_one_series(case: Case) -> None:
    """One that never saw it stand comes last, as its looks may end a bracket; charts are the first one's."""
    main, fine, radar = (open_record(case.cube, site=case.site, looks=case.looks) for _ in range(3))
    hall, beside = case.structures[0], {"fine": fine, "radar": radar}

    def names(*sensors: str, together: tuple[str, ...] = ("fine", "main")) -> list[str]:
        shown = _shown(dataclasses.replace(hall, sensors=sensors), main, beside, together)
        assert all(record is beside.get(name, main) for name, record in shown.items())
        return list(shown)

    assert names("main") == ["main", "fine"]
    assert names("fine", "main") == ["fine", "main"]
    assert names("radar", "fine") == ["radar", "fine", "main"]
    assert names("main", "radar") == ["main", "radar", "fine"]
    assert names("radar") == ["radar"]
    assert names("main", "radar", together=()) == ["main", "radar"]
    assert names(together=()) == [""]


def test_either_side_of_an_event_is_the_brackets_own_look_whichever_sensor_took_it(written: Write, case: Case) -> None:
    """Looks 4 and 8 to 9 are of a second sensor, of pixels twice as wide: two brackets begin or end with them."""
    theirs = {4, 8, 9}
    number = (case.cube["time"].values - case.cube["time"].values[0]) / np.timedelta64(10, "D")
    second = np.isin(np.rint(number), list(theirs))
    coarse = case.cube.isel(time=second).coarsen(y=2, x=2)
    values = coarse.mean()["reflectance"].to_dataset().assign(valid=coarse.min()["valid"].astype(bool))
    values = values.odc.assign_crs("EPSG:32633")
    looks = [dataclasses.replace(k, sensor="landsat-8") if n in theirs else k for n, k in enumerate(case.looks)]
    structures = [dataclasses.replace(s, sensors=("fine", "coarse")) for s in case.structures]
    adjusted = [{"family": "coarse", "pixel_m": 20.0}]
    harmony = {"families": ["fine", "coarse"], "looks": 17, "grid_m": 10.0, "adjusted": adjusted, "apart": {}}
    others = {"coarse": values}
    told = {"looks": looks, "structures": structures, "others": others}
    one = case.cube.isel(time=~second)
    page = written(cube=one, harmony=harmony, **told).read_text(encoding="utf-8")
    words = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "Last clear look before: 2021-04-11 10:33 UTC , landsat-8, scene scene-004" in words
    assert "First clear look after: 2021-04-21 10:33 UTC , sentinel-2, scene scene-005" in words
    assert "First clear look after: 2021-05-21 10:33 UTC , landsat-8, scene scene-008" in words
    assert words.count("cannot be shown") == 1  # look 7 was clouded at the tent
    assert "Seen clear at the footprint 17 looks" in words
    assert "footprint, fine" in words
    assert "Searched as one series of 17 looks on pixels of 10 m: fine, coarse. Looks of coarse were searched" in words
    assert "pixels of 10.00 m" in words
    # The same the other way round: the coarse sensor is the main one, the map and the grid are those of the fine one.
    turned = written(cube=values, harmony=harmony, **{**told, "others": {"fine": one}}).read_text(encoding="utf-8")
    assert "Last clear look before: 2021-04-11 10:33 UTC , landsat-8, scene scene-004" in " ".join(
        re.sub(r"<[^>]+>", " ", turned).split()
    )
    assert "pixels of 10.00 m" in turned
    # What could not be brought together is not said to have been.
    refused = {"families": [], "looks": 0, "grid_m": None, "adjusted": [], "apart": {"coarse": "it does not fit"}}
    apart = written(cube=one, harmony=refused, **told).read_text(encoding="utf-8")
    assert "It does not fit." in apart
    assert "with the detail of the finer" not in apart
    # Of two that were searched apart, what only one saw is shown by its own looks.
    alone = [dataclasses.replace(s, sensors=("fine",)) for s in case.structures]
    apart = written(cube=one, **{**told, "structures": alone}).read_text(encoding="utf-8")
    apart = html.unescape(re.sub(r"<[^>]+>", " ", apart))
    assert apart.count("the bracket's own cannot be shown") == 3  # looks 4, 7 and 8


def test_sensors_of_one_kind_are_shown_under_one_stretch(case: Case) -> None:
    fine, other = (open_record(cube, site=case.site, looks=case.looks) for cube in (case.cube, case.cube * 1.5))
    assert other.white > fine.white
    turned = other.stretched_as(fine)
    assert (turned.black, turned.white) == (fine.black, fine.white)
    radar = dataclasses.replace(other, units="backscatter")
    assert radar.stretched_as(fine) is radar


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (Frame(top=10, left=4, height=28, width=28), Frame(top=4, left=2, height=9, width=9)),
        (Frame(top=0, left=0, height=7, width=7), Frame(top=1, left=0, height=2, width=3)),
        (Frame(top=0, left=0, height=1, width=1), Frame(top=1, left=0, height=1, width=1)),
        (Frame(top=90, left=0, height=9, width=9), None),
    ],
)
def test_a_window_shows_the_same_ground_on_another_grid(frame: Frame, expected: Frame | None) -> None:
    fine = GeoBox((100, 100), Affine(10, 0, 5e5, 0, -10, 5e6), "EPSG:32633")
    coarse = GeoBox((20, 30), Affine(30, 0, 5e5 - 10, 0, -30, 5e6 + 20), "EPSG:32633")
    assert same_ground(frame, fine, coarse) == expected
