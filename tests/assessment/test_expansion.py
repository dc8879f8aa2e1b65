"""The built-up footprint over time: by hand, and against the truth of many small sites."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import shapely
from shapely.geometry import box

from sitewatch.assessment import AREA_LEVEL, Expansion, Growth, expansion_document, expansion_of, expansion_sentences
from sitewatch.site import Site, metric_crs, project
from sitewatch.structures import Bracket, Kind, Phase, Presence, State, Structure

START = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
SITE = Site(
    id="plant", name="The plant", outline=box(10.0, 50.0, 10.02, 50.01), areas={"yard": box(10.0, 50.0, 10.01, 50.01)}
)
Ends = tuple[float, float] | None


def day(number: float) -> dt.datetime:
    return START + dt.timedelta(days=number)


def bracket(ends: tuple[float, float]) -> Bracket:
    return Bracket(after=day(ends[0]), by=day(ends[1]))


def structure(*spells: tuple[Ends, Ends], area: float = 1000.0, probability: float = 1.0, **told: Any) -> Structure:
    presences = tuple(
        Presence(
            erected=None if up is None else bracket(up),
            dismantled=None if down is None else bracket(down),
            state=State.CONFIRMED,
            probability=probability,
            evidence=(),
        )
        for up, down in spells
    )
    fields: dict[str, Any] = {
        "id": "hall", "kind": Kind.STRUCTURE, "footprint": box(10.002, 50.002, 10.003, 50.003),
        "present": presences[-1].dismantled is None, "probability": probability, "area_m2": area,
        "area_m2_low": area, "area_m2_high": area, "presences": presences,
    }  # fmt: skip
    return Structure(**(fields | told))


def found(*structures: Structure, last: float = 730.0, **told: Any) -> Expansion:
    return expansion_of(structures, SITE, first=day(0), last=day(last), used=60, **told)


def at(expansion: Expansion, number: float) -> tuple[float, float, float]:
    """(low, middle, high) at a day at which the band is told."""
    place = expansion.times.index(day(number))
    return expansion.low[place], expansion.middle[place], expansion.high[place]


def test_a_hall_that_surely_stands_adds_its_area_by_the_end_of_its_bracket() -> None:
    told = found(structure(((100, 110), None)))
    assert at(told, 100) == (0, 0, 0)
    assert at(told, 110) == (1000, 1000, 1000)
    assert told.growth is Growth.GREW
    assert told.years[0].new.middle == 1000
    assert (told.years[1].new.high, told.years[1].removed.high) == (0, 0)


def test_within_a_bracket_it_may_stand_or_not() -> None:
    beside = box(10.004, 50.002, 10.005, 50.003)
    told = found(structure(((100, 200), None), id="a"), structure(((150, 150), None), id="b", footprint=beside))
    low, middle, high = at(told, 150)
    assert (low, high) == (1000, 2000)
    assert middle in (1000, 2000)


def test_a_temporary_one_counts_while_it_stands() -> None:
    told = found(structure(((100, 110), (150, 160)), ((400, 410), (440, 450))))
    assert at(told, 110)[1] == 1000
    assert at(told, 160)[1] == 0
    assert at(told, 410)[1] == 1000
    assert told.change.high == 0
    assert told.growth is Growth.OPEN
    assert [(y.new.middle, y.removed.middle) for y in told.years] == [(1000, 1000), (1000, 1000)]


def test_what_stood_before_the_first_look_is_lost_when_it_goes() -> None:
    told = found(structure((None, (300, 310))))
    assert at(told, 300)[1] == 0
    assert told.change.middle == -1000
    assert told.growth is Growth.SHRANK
    assert told.years[0].removed.middle == 1000


def test_an_extension_adds_what_it_adds() -> None:
    hall = structure(((100, 110), None), area=1500)
    phases = (
        Phase(name="frame", began=bracket((100, 110)), area_m2=1000),
        Phase(name="extension", began=bracket((400, 420)), area_m2=1500),
    )
    told = found(replace(hall, presences=(replace(hall.presences[0], phases=phases),)))
    assert at(told, 110)[1] == 1000
    assert told.change.middle == 1500
    assert (told.years[0].new.middle, told.years[1].extended.middle, told.years[1].new.middle) == (1000, 500, 0)


def test_the_band_holds_what_may_not_be_real() -> None:
    told = found(structure(((100, 110), None), probability=0.85))
    assert (told.change.low, told.change.middle) == (0, 1000)
    assert told.growth is Growth.OPEN
    assert found(structure(((100, 110), None), probability=0.95)).growth is Growth.GREW


def test_readers_have_the_last_word() -> None:
    hall = structure(((100, 110), None), probability=0.3)
    assert found(hall).change.middle == 0
    assert found(hall, confirmed={"hall"}).change.low == 1000
    rejected = found(hall, rejected={"hall"})
    assert (rejected.growth, rejected.structures, rejected.rejected) == (Growth.NONE, 0, 1)


WIDE, HIGH = 0.001, 0.0005
"""Degrees of a cell in which the tests below lay out ground; each has 100 m2 by what is told."""


def cells(x0: int, y0: int, x1: int, y1: int) -> dict[str, Any]:
    """Footprint and area of a rectangle of cells."""
    ground = box(10 + x0 * WIDE, 50 + y0 * HIGH, 10 + x1 * WIDE, 50 + y1 * HIGH)
    return {"footprint": ground, **areas(100.0 * (x1 - x0) * (y1 - y0))}


def areas(area: float) -> dict[str, float]:
    return {"area": area, "area_m2_low": area, "area_m2_high": area}


def test_ground_that_two_claim_at_one_time_counts_once() -> None:
    hall = structure(((100, 100), None), id="a", **cells(0, 0, 4, 2))
    other = structure(((200, 200), (400, 400)), id="b", probability=0.999, **cells(2, 0, 6, 2))
    told = found(hall, other)
    assert at(told, 100) == pytest.approx((800, 800, 800))
    assert at(told, 200) == pytest.approx((1200, 1200, 1200))
    assert told.change.middle == pytest.approx(800)
    assert (told.years[0].new.middle, told.years[1].removed.middle) == (pytest.approx(1200), pytest.approx(400))


def test_ground_passes_to_what_still_stands_on_it() -> None:
    """The more probable one goes: the other has all of its ground from then on."""
    hall = structure(((100, 100), (300, 300)), id="a", **cells(0, 0, 4, 2))
    other = structure(((200, 200), None), id="b", probability=0.999, **cells(2, 0, 6, 2))
    told = found(hall, other)
    assert at(told, 200)[1] == pytest.approx(1200)
    assert told.change.middle == pytest.approx(800)
    assert told.years[0].removed.middle == pytest.approx(400)


def test_ground_that_two_claim_one_after_the_other_counts_each_time() -> None:
    told = found(
        structure(((100, 100), (200, 200)), id="a", **cells(0, 0, 4, 2)),
        structure(((300, 300), None), id="b", **cells(0, 0, 4, 2)),
    )
    assert at(told, 200)[1] == pytest.approx(0)
    assert (told.years[0].new.middle, told.years[0].removed.middle) == (pytest.approx(1600), pytest.approx(800))
    assert told.change.middle == pytest.approx(800)


def test_where_the_more_probable_one_is_not_real_the_other_has_its_ground() -> None:
    """Both real: 1200. One of them: 800. Confirmed comes before all."""
    hall = structure(((100, 100), None), id="a", probability=0.5, **cells(0, 0, 4, 2))
    other = structure(((100, 100), None), id="b", probability=0.4, **cells(2, 0, 6, 2))
    assert [*at(found(hall, other), 100)] == pytest.approx([0, 800, 1200])
    sure = found(hall, other, confirmed={"b"})
    assert (sure.change.low, sure.change.high) == (pytest.approx(800), pytest.approx(1200))
    assert found(hall, other, confirmed={"a", "b"}).change.low == pytest.approx(1200)


def test_the_change_is_that_of_the_union_of_what_stands() -> None:
    """Sixty random sites of certain claims with exact dates: with phases, gone and come again, cut at the outline."""
    rng = np.random.default_rng(3)
    for _ in range(60):
        things, standing = [], []
        for number in range(int(rng.integers(2, 7))):
            x, y = rng.integers(-2, 16, 2)
            ground, more = (cells(x, y, x + w, y + 3) for w in (3, 5))
            up, extended, down, again = np.sort(rng.choice(np.arange(1, 700), 4, replace=False)).astype(float)
            one = structure(((up, up), (down, down)), ((again, again), None), id=f"s{number}", **ground)
            first, second = one.presences
            phases = tuple(
                Phase(name=name, began=bracket((day_, day_)), area_m2=part["area"], footprint=part["footprint"])
                for name, day_, part in (("frame", up, ground), ("extension", extended, more))
            )
            things.append(replace(one, presences=(replace(first, phases=phases), second)))
            standing += [(up, extended, ground), (extended, down, more), (again, np.inf, ground)]
        told = found(*things)
        for number, middle in zip(told.times, told.middle, strict=True):
            now = (number - START).total_seconds() / 86_400
            union = shapely.union_all([g["footprint"] for a, b, g in standing if a <= now + 1e-6 < b])
            assert middle == pytest.approx(100 * union.intersection(SITE.outline).area / (WIDE * HIGH), abs=1e-3)
        assert (told.low, told.high) == (pytest.approx(told.middle), pytest.approx(told.middle))


def test_only_claims_of_something_built_count() -> None:
    assert found(structure(((100, 110), None), kind=Kind.VEGETATION)).growth is Growth.NONE


def test_of_a_sub_area_only_what_lies_in_it_counts() -> None:
    across = structure(((100, 110), None), footprint=box(10.0075, 50.002, 10.0175, 50.003))
    assert found(across, area="yard").change.middle == pytest.approx(250)
    outside = structure(((100, 110), None), footprint=box(10.012, 50.002, 10.013, 50.003))
    assert found(outside, area="yard").structures == 0
    with pytest.raises(KeyError):
        found(across, area="gate")


def test_the_area_of_the_outline_is_that_on_the_ground() -> None:
    assert found().outline_m2 == pytest.approx(project(SITE.outline, to=metric_crs(SITE)).area)
    assert found().outline_m2 == pytest.approx(1434 * 1112, rel=0.01)


def test_the_same_seed_gives_the_same_band() -> None:
    hall = structure(((100, 300), None), probability=0.7, area_m2_low=600.0, area_m2_high=1500.0)
    assert found(hall) == found(hall)
    assert found(hall, seed=1).middle != found(hall).middle


def test_sentences_say_only_what_the_band_allows() -> None:
    grew = expansion_sentences(found(structure(((100, 110), None), area=120_000), base_m2=600_000))
    assert grew[0] == (
        "The built-up footprint of The plant grew by 120\u202f000 m² between 2020-01-01 and 2021-12-31 (80 % band "
        "120\u202f000 to 120\u202f000 m²): 7.5 % of its outline."
    )
    assert grew[1] == "That is +20 % (+20 to +20 %) of the 600\u202f000 m² that were given as built up at the start."
    shrank = expansion_sentences(found(structure((None, (300, 310)))))
    assert "shrank by 1\u202f000 m²" in shrank[0]
    assert "no rate is given" in shrank[-1]
    unsure = expansion_sentences(found(structure(((100, 110), None), probability=0.6)))
    assert unsure[0].startswith("No evidence of growth or shrinkage")
    assert "zero lies in the 80 % band" in unsure[0]
    assert "nothing was found" in expansion_sentences(found())[0]
    assert "error that the search knows of, with probabilities that were calibrated on simulated places" in grew[-1]
    assert grew[-1].endswith("not used to tune it the truth lay inside in 6 of 12.")


def test_what_radar_alone_saw_is_not_called_calibrated() -> None:
    radar = ("sentinel-1 backscatter, relative orbit 137",)
    dark = structure(((100, 110), None), id="dark", sensors=radar)
    both = structure(((100, 110), None), id="both", sensors=("sentinel-2 reflectance", *radar))
    assert "calibrated on" not in expansion_sentences(found(dark))[-2]
    assert "not calibrated, as radar alone saw what is told" in expansion_sentences(found(dark))[-2]
    assert "but for the 1 of 2 that radar alone saw, which are not" in expansion_sentences(found(dark, both))[-2]
    assert "radar" not in expansion_sentences(found(both))[-2]


def test_no_change_is_told_in_words() -> None:
    """Not as "changed by 0 m2, but zero lies in the band"."""
    open_ = expansion_sentences(found(structure(((100, 110), None), probability=0.3)))
    assert (
        "may well have stayed as it was between 2020-01-01 and 2021-12-31 (80 % band 0 to +1\u202f000 m²)" in open_[0]
    )
    gone = expansion_sentences(found(structure(((100, 110), (150, 160)))))
    assert "nothing adds to the built-up footprint or takes from it in the end" in gone[0]
    assert not any("by 0 m²" in words or "(0 to 0" in words for words in (open_[0], gone[0]))


def test_what_was_not_seen_is_told_and_returning_structures_are_set_apart() -> None:
    twice = structure(((100, 110), (150, 160)), ((500, 510), None))
    told = found(twice, gaps=[(day(200), day(346)), (day(700), day(800))])
    assert told.covered == pytest.approx(1 - (146 + 30) / 730)
    assert told.gaps[1] == (day(700), day(730))
    words = " ".join(expansion_sentences(told))
    assert "cover 76 % of that time; 2 long gaps" in words
    assert "1\u202f000 to 1\u202f000 m² are of structures that have stood and gone before" in words
    assert [year.seen for year in told.years] == pytest.approx([(366 - 146) / 366, (334 / 365)], abs=1e-6)


def test_the_document_is_the_figure() -> None:
    document: Any = expansion_document(found(structure(((100, 110), None))))
    assert document["answer"] == "grew"
    assert document["change_m2"] == {"low": 1000, "middle": 1000, "high": 1000}
    assert document["times"][0]["time"] == "2020-01-01T00:00:00Z"
    assert [year["year"] for year in document["years"]] == [2020, 2021]


@pytest.mark.parametrize("wrong", [{"last": -1.0}, {"base_m2": 0.0}])
def test_a_record_backwards_or_an_empty_base_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="base be above 0"):
        found(**wrong)


# -- coverage ----------------------------------------------------------------------------------------------------------


def invented(rng: np.random.Generator) -> tuple[list[Structure], list[tuple[float, float, float]]]:
    """A site of which looks, claims and truth are known: (what is told, (up, down, area) of what truly stood).

    Claims are as sure as they say. A true area lies from its low end to beyond the area told, most of it below, with
    an error that the site's structures share; it is not drawn from the distribution that the band is made with.
    """
    looks = np.sort(rng.uniform(0, 730, 60))
    looks[0], looks[-1] = 0, 730
    lean = rng.uniform(-0.9, -0.1)
    told, true = [], []
    for number in range(int(rng.integers(3, 16))):
        up = rng.uniform(-250, 730)
        down = up + rng.exponential(500)
        if down <= 0 or up >= looks[-1] or (up <= 0 and down >= 730):
            continue
        area = float(np.exp(rng.uniform(np.log(600), np.log(20_000))))
        edge = 20 * np.sqrt(area)  # half a pixel of 10 m all around a square
        low, high = max(0.2 * area, area - edge), area + edge
        before, after = np.searchsorted(looks, up), np.searchsorted(looks, down)
        probability = float(rng.uniform(0.3, 0.99))
        told.append(
            structure(
                (
                    None if before == 0 else (float(looks[before - 1]), float(looks[before])),
                    None if after >= len(looks) else (float(looks[after - 1]), float(looks[after])),
                ),
                area=area, probability=probability, id=f"s{number}", area_m2_low=low, area_m2_high=high,
                footprint=box(10 + number * 0.001, 50.002, 10.001 + number * 0.001, 50.003),
            )
        )  # fmt: skip
        where = lean + rng.uniform(-1.2, 1.2)
        size = max(0.0, area + where * ((area - low) if where < 0 else (high - area)))
        if rng.random() < probability:
            true.append((up, down, size))
    return told, true


def change(true: list[tuple[float, float, float]], number: float) -> float:
    return sum(area * ((up <= number < down) - (up <= 0 < down)) for up, down, area in true)


def test_the_band_holds_the_truth_about_as_often_as_it_says() -> None:
    """300 sites that are claimed as surely as they are true, at four days each and at the end."""
    rng = np.random.default_rng(5)
    hits, last = [], []
    for _ in range(300):
        told, true = invented(rng)
        band = found(*told)
        days = np.array([(time - START).total_seconds() / 86_400 for time in band.times])
        for share in (0.25, 0.5, 0.75, 1.0):
            number = share * 730
            low, high = (np.interp(number, days, values) for values in (band.low, band.high))
            hits.append(low - 0.5 <= change(true, number - 1e-6) <= high + 0.5)
        last.append(hits[-1])
    assert AREA_LEVEL - 0.06 <= np.mean(hits) <= AREA_LEVEL + 0.1
    assert AREA_LEVEL - 0.08 <= np.mean(last) <= AREA_LEVEL + 0.1
