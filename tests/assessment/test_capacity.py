"""Room to make things in, by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest
import shapely
from pyproj import Transformer
from shapely.geometry import Point, Polygon, box

from sitewatch.assessment import LIMITS, Capacity, capacity_document, capacity_of, capacity_sentences, expansion_of
from sitewatch.site import Site, metric_crs, project
from sitewatch.structures import Bracket, Kind, Phase, Presence, State, Structure

START = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
SITE = Site(
    id="plant", name="The plant", outline=box(10.0, 50.0, 10.02, 50.01), areas={"yard": box(10, 50, 10.01, 50.01)}
)
PIXEL = 10.0


def day(number: float) -> dt.datetime:
    return START + dt.timedelta(days=number)


def bracket(after: float, by: float) -> Bracket:
    return Bracket(after=day(after), by=day(by))


def ground(length: float, width: float, *, x: float = 50, y: float = 50) -> Polygon:
    """A rectangle so many metres east and north of the site's corner."""
    west, south = project(Point(10.0, 50.0), to=metric_crs(SITE)).coords[0]
    # The zone's north leans by less than a degree here: the sides keep their lengths.
    back = Transformer.from_crs(metric_crs(SITE).proj, 4326, always_xy=True).transform
    corners = shapely.get_coordinates(box(west + x, south + y, west + x + length, south + y + width))
    return Polygon(zip(*back(corners[:, 0], corners[:, 1]), strict=True))


def hall(footprint: Polygon, **told: Any) -> Structure:
    erected = told.pop("erected", bracket(100, 110))
    presence = Presence(
        erected=erected, dismantled=told.pop("dismantled", None), state=State.CONFIRMED,
        probability=told.get("probability", 1.0), evidence=(), phases=told.pop("phases", ()),
    )  # fmt: skip
    fields: dict[str, Any] = {
        "id": "s1", "kind": Kind.STRUCTURE, "footprint": footprint, "present": presence.dismantled is None,
        "probability": 1.0, "area_m2": 1000.0, "area_m2_low": 1000.0, "area_m2_high": 1000.0, "presences": (presence,),
    }  # fmt: skip
    return Structure(**(fields | told))


def found(*structures: Structure, area: str | None = None, base: float | None = None, **told: Any) -> Capacity:
    grown = expansion_of(structures, SITE, first=day(0), last=day(700), used=50, area=area, base_m2=base)
    return capacity_of(structures, SITE, grown, pixel_m=PIXEL, **told)


def test_the_length_of_a_hall_is_the_long_side_less_what_footprints_are_told_too_long() -> None:
    (one,) = found(hall(ground(160, 40)), names={"s1": "final assembly"}).halls
    assert one.length.middle == pytest.approx(160 - 12, abs=1)
    assert (one.length.low, one.length.high) == (pytest.approx(160 - 30, abs=1), pytest.approx(163, abs=1))
    assert (one.name, one.before, one.longer) == ("final assembly", None, False)


def extended(before: float, after: float) -> Structure:
    phases = (
        Phase(name="complete", began=bracket(100, 110), area_m2=600, footprint=ground(before, 40)),
        Phase(name="extension", began=bracket(400, 420), area_m2=1000, footprint=ground(after, 40)),
    )
    return hall(ground(after, 40), phases=phases)


def test_an_extension_is_told_only_where_the_bands_do_not_touch() -> None:
    (one,) = found(extended(80, 200)).halls
    assert one.longer
    assert one.began == bracket(400, 420)
    words = " ".join(capacity_sentences(found(extended(80, 200))))
    assert "s1 is 190 m (170 to 200 m) long; before it was extended between 2021-02-04 and 2021-02-24, 68 m" in words
    (short,) = found(extended(80, 100)).halls
    assert short.before is not None
    assert not short.longer
    assert "is not certain" in " ".join(capacity_sentences(found(extended(80, 100))))


@pytest.mark.parametrize(
    "told",
    [
        {"kind": Kind.SURFACE},
        {"probability": 0.4},
        {"dismantled": bracket(200, 210)},
        {"erected": None},
        {"footprint": ground(30, 20)},
        {"footprint": ground(160, 40, y=3000)},
    ],
    ids=["no structure", "improbable", "gone", "stood before", "too short", "outside"],
)
def test_what_is_no_new_hall_of_the_site_is_not_told(told: Mapping[str, Any]) -> None:
    assert not found(hall(**({"footprint": ground(160, 40)} | dict(told)))).halls


def test_what_readers_reject_and_what_lies_outside_the_sub_area_is_left_out() -> None:
    one = hall(ground(160, 40))
    assert not found(one, rejected={"s1"}).halls
    assert found(one, area="yard").halls
    assert not found(hall(ground(160, 40, x=1100)), area="yard").halls


def test_the_longest_come_first_and_five_at_most() -> None:
    halls = found(*(hall(ground(60 + 10 * n, 40, y=50 * n), id=f"s{n}") for n in range(7))).halls
    assert [one.structure for one in halls] == ["s6", "s5", "s4", "s3", "s2"]


def test_growth_is_a_percentage_only_of_an_area_that_is_given() -> None:
    assert capacity_sentences(found(hall(ground(160, 40)), base=10_000.0))[0] == (
        "Roofed area of The plant: +10 % (+10 to +10 %) since 2020-01-01."
    )
    assert (
        "+1\u202f000 m² (+1\u202f000 to +1\u202f000 m²) since 2020-01-01; no percentage"
        in capacity_sentences(found(hall(ground(160, 40))))[0]
    )
    assert capacity_sentences(found())[0] == "Roofed area of The plant: no change was found since 2020-01-01."


def test_it_names_what_it_agrees_with_and_always_the_limits() -> None:
    likely = {"launchers are made": 0.6, "trucks are made": 0.4, "it is maintained": 0.1, "something else": 0.25}
    told = found(hall(ground(160, 40)), likely=likely)
    assert told.agrees == ("launchers are made", "trucks are made")
    assert told.against == ("it is maintained",)
    words = capacity_sentences(told)
    assert "This is consistent with: launchers are made; trucks are made. It speaks against: it is maintained." in words
    assert words[-len(LIMITS) :] == LIMITS
    assert capacity_sentences(found())[-len(LIMITS) :] == LIMITS
    document = capacity_document(told)
    assert document["consistent_with"] == ["launchers are made", "trucks are made"]
    assert document["roofed_m2"] == {"low": 1000, "middle": 1000, "high": 1000}
