"""Changes to things."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import xarray as xr
from affine import Affine
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords

from sitewatch.change import Change, Edge, Kind
from sitewatch.errors import InputError
from sitewatch.structures import Reading, State, identify, read_structures, structures_document

SIZE = 30
HEAD = {
    "version": "0",
    "site": "yard",
    "looks": 20,
    "first_look": "2020-01-01T00:00:00Z",
    "last_look": "2020-07-09T00:00:00Z",
    "false_alarms_per_year": 1.0,
}


@pytest.fixture
def cube() -> xr.Dataset:
    """Twenty whole-day looks, ten days apart."""
    grid = GeoBox((SIZE, SIZE), Affine(10, 0, 500_000, 0, -10, 5_317_000), "EPSG:32631")
    time = np.datetime64("2020-01-01", "ns") + np.arange(20) * np.timedelta64(10, "D")
    return xr.Dataset(
        {
            "reflectance": (("time", "band", "y", "x"), np.zeros((20, 3, SIZE, SIZE), dtype=np.float32)),
            "valid": (("time", "y", "x"), np.ones((20, SIZE, SIZE), dtype=bool)),
        },
        coords={
            "time": time,
            "time_end": ("time", time + np.timedelta64(86_399, "s")),
            "scene": ("time", [f"scene-{i:02}" for i in range(20)]),
            "band": ["red", "green", "blue"],
            **xr_coords(grid),
        },
    )


def block(row: int, column: int, height: int, width: int) -> np.ndarray:
    rows, columns = np.mgrid[row : row + height, column : column + width]
    return np.sort((rows * SIZE + columns).ravel())


def change(
    pixels: np.ndarray,
    began: int | None,
    ended: int | None,
    *,
    standing_inside: bool = True,
    kind: Kind = Kind.STRUCTURE,
) -> Change:
    """A change seen between consecutive looks: `began` is the first look of the spell, `ended` the first after it."""
    began_edge, ended_edge = (None if i is None else Edge(after=i - 1, by=i) for i in (began, ended))
    return Change(
        pixels=pixels,
        began=began_edge,
        ended=ended_edge,
        standing_inside=standing_inside,
        kind=kind,
        probability=0.9,
    )


def day(number: int, *, end: bool = False) -> dt.datetime:
    moment = dt.datetime(2020, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=10 * number)
    return moment + dt.timedelta(seconds=86_399) if end else moment


def test_a_hall_that_goes_up_stands(cube: xr.Dataset) -> None:
    (hall,) = identify([change(block(5, 5, 4, 6), 8, None)], cube, site_id="yard")
    (presence,) = hall.presences
    assert presence.erected is not None
    # Only days are known: the bracket reaches from the start of one to the end of the other.
    assert (presence.erected.after, presence.erected.by) == (day(7), day(8, end=True))
    assert presence.dismantled is None
    assert hall.present
    assert presence.state is State.CONFIRMED
    assert presence.evidence == ("scene-07", "scene-08")
    assert hall.area_m2 == 2400
    assert hall.area_m2_low == pytest.approx(30 * 50)
    assert hall.area_m2_high == pytest.approx(50 * 70)
    west, south, east, north = hall.footprint.bounds
    assert 2.99 < west < east < 3.01
    assert 47.9 < south < north < 48.1


def test_a_step_whose_outside_stood_is_a_removal(cube: xr.Dataset) -> None:
    (gone,) = identify([change(block(5, 5, 4, 6), 8, None, standing_inside=False)], cube, site_id="yard")
    (presence,) = gone.presences
    assert presence.erected is None
    assert presence.dismantled is not None
    assert presence.dismantled.by == day(8, end=True)
    assert not gone.present


def test_a_gap_is_two_presences_of_one_thing(cube: xr.Dataset) -> None:
    (thing,) = identify([change(block(5, 5, 4, 6), 8, 12, standing_inside=False)], cube, site_id="yard")
    first, second = thing.presences
    assert first.erected is None
    assert first.dismantled is not None
    assert second.erected is not None
    assert second.dismantled is None
    assert first.dismantled.by < second.erected.by
    assert thing.present


def test_what_stands_again_on_the_same_ground_is_the_same_thing(cube: xr.Dataset) -> None:
    changes = [change(block(5, 5, 4, 6), 3, 6), change(block(5, 5, 4, 5), 10, 13), change(block(20, 20, 3, 3), 4, None)]
    shelter, other = identify(changes, cube, site_id="yard")
    assert [p.erected.by for p in shelter.presences if p.erected] == [day(3, end=True), day(10, end=True)]
    assert [p.state for p in shelter.presences] == [State.PROVISIONAL, State.PROVISIONAL]
    assert not shelter.present
    assert len(other.presences) == 1


def test_gaps_alone_tell_the_presences_between_them(cube: xr.Dataset) -> None:
    place = block(5, 5, 4, 6)
    gaps = [change(place, *ends, standing_inside=False) for ends in ((5, 8), (11, 14), (16, None))]
    (shelter,) = identify(gaps, cube, site_id="yard")
    told = [(p.erected and p.erected.by, p.dismantled and p.dismantled.by) for p in shelter.presences]
    assert told == [
        (None, day(5, end=True)),
        (day(8, end=True), day(11, end=True)),
        (day(14, end=True), day(16, end=True)),
    ]


def test_spells_and_the_gaps_between_them_tell_one_story(cube: xr.Dataset) -> None:
    """Whichever of them is the most probable: the end of a spell and the begin of a gap are one date."""
    place = block(5, 5, 4, 6)
    spells = [change(place, *ends) for ends in ((2, 5), (8, 11), (14, 17))]
    gaps = [change(place, *ends, standing_inside=False) for ends in ((5, 8), (11, 14), (17, None))]
    expected = [(day(2), day(5)), (day(8), day(11)), (day(14), day(17))]
    rng = np.random.default_rng(0)
    for _ in range(20):
        sure = rng.uniform(0.5, 0.99, 6)
        changes = [replace(c, probability=p) for c, p in zip(spells + gaps, sure, strict=True)]
        (shelter,) = identify(changes, cube, site_id="yard")
        told = [(p.erected, p.dismantled) for p in shelter.presences]
        assert all(up is not None and down is not None for up, down in told)
        assert [(up.by.date(), down.by.date()) for up, down in told if up and down] == [
            (up.date(), down.date()) for up, down in expected
        ]


def test_of_two_removals_without_an_erection_between_the_likelier_is_believed(cube: xr.Dataset) -> None:
    place = block(5, 5, 4, 6)
    for first, second, kept in ((0.9, 0.6, 5), (0.6, 0.9, 12)):
        gone = [
            replace(change(place, when, None, standing_inside=False), probability=p)
            for when, p in ((5, first), (12, second))
        ]
        (hall,) = identify(gone, cube, site_id="yard")
        (presence,) = hall.presences
        assert presence.dismantled is not None
        assert presence.dismantled.by == day(kept, end=True)


def test_a_shelter_that_stood_where_a_hall_came_later_is_another_thing(cube: xr.Dataset) -> None:
    shelter = change(block(6, 6, 2, 3), 3, 6)
    hall = change(block(5, 5, 8, 12), 10, None)
    things = identify([shelter, hall], cube, site_id="yard")
    assert [thing.area_m2 for thing in things] == [600, 9600]


def test_what_ends_on_a_standing_thing_does_not_end_it(cube: xr.Dataset) -> None:
    hall, banner = change(block(5, 5, 4, 6), 4, None), change(block(5, 5, 4, 5), 9, 13)
    (thing,) = identify([hall, banner], cube, site_id="yard")
    (presence,) = thing.presences
    assert presence.dismantled is None


def test_an_erection_and_a_later_removal_are_one_life(cube: xr.Dataset) -> None:
    up = change(block(5, 5, 4, 6), 4, None)
    down = change(block(5, 5, 4, 6), 12, None, standing_inside=False)
    (thing,) = identify([up, down], cube, site_id="yard")
    (presence,) = thing.presences
    assert presence.erected is not None
    assert presence.dismantled is not None
    assert (presence.erected.by, presence.dismantled.by) == (day(4, end=True), day(12, end=True))


def test_stages_of_a_construction_are_phases_of_one_presence(cube: xr.Dataset) -> None:
    stages = [
        change(block(5, 5, 4, 6), 4, None),
        change(block(5, 5, 4, 6), 9, None),
        change(block(5, 5, 4, 12), 14, None),
    ]
    (hall,) = identify(stages, cube, site_id="yard")
    (presence,) = hall.presences
    assert presence.erected is not None
    assert presence.erected.by == day(4, end=True)
    assert [phase.name for phase in presence.phases] == ["frame", "complete", "extension"]
    assert [phase.area_m2 for phase in presence.phases] == [2400, 2400, 4800]


def test_other_changes_are_kept_apart_and_holes_are_filled(cube: xr.Dataset) -> None:
    ring = np.setdiff1d(block(5, 5, 5, 5), block(7, 7, 1, 1))
    field = change(block(5, 5, 5, 5), 6, None, kind=Kind.VEGETATION)
    hall, other = identify([field, change(ring, 8, None)], cube, site_id="yard")
    assert (hall.kind, other.kind) == (Kind.STRUCTURE, Kind.VEGETATION)
    assert hall.area_m2 == 2500


def test_ids_are_stable_unique_and_of_the_site(cube: xr.Dataset) -> None:
    changes = [change(block(5, 5, 4, 6), 4, None), change(block(20, 5, 4, 6), 4, None)]
    ids = [s.id for s in identify(changes, cube, site_id="yard")]
    assert ids == [s.id for s in identify(changes[::-1], cube, site_id="yard")]
    assert len(set(ids)) == 2
    assert not set(ids) & {s.id for s in identify(changes, cube, site_id="field")}
    field = change(block(5, 5, 4, 6), 4, None, kind=Kind.SURFACE)
    assert len({s.id for s in identify([changes[0], field], cube, site_id="yard")}) == 2


def test_looks_that_did_not_see_the_footprint_do_not_count_as_evidence_of_standing(cube: xr.Dataset) -> None:
    cube["valid"][9:, 5:9, 5:11] = False
    (hall,) = identify([change(block(5, 5, 4, 6), 8, None)], cube, site_id="yard")
    assert hall.presences[0].state is State.FIRST


def test_the_file_reads_back_and_keeps_the_contract(cube: xr.Dataset, tmp_path: Path, shared: Path) -> None:
    changes = [
        change(block(5, 5, 4, 6), 4, None),
        change(block(5, 5, 4, 12), 9, None),
        change(block(20, 20, 4, 4), 3, 7, standing_inside=False),
        change(block(15, 5, 3, 3), 5, 9, kind=Kind.VEGETATION),
    ]
    structures = identify(changes, cube, site_id="yard")
    said = {structures[0].id: Reading(name="main hall", confirmed=True), structures[1].id: Reading(rejected=True)}
    document = structures_document(structures, head=HEAD, readings=said)
    path = tmp_path / "structures.geojson"
    path.write_text(json.dumps(document))
    schema = json.loads((shared / "contracts" / "structures.schema.json").read_text())
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(
        json.loads(path.read_text())
    )
    again, head, read = read_structures(path)
    assert again == structures
    assert {key: reading for key, reading in read.items() if reading != Reading()} == said
    assert head == HEAD


@pytest.mark.parametrize("text", ["", "[]", '{"features": [{}], "sitewatch": {}}', '{"features": 3, "sitewatch": {}}'])
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "structures.geojson"
    path.write_text(text)
    with pytest.raises(InputError, match=r"structures\.geojson"):
        read_structures(path)


def test_the_sensors_are_those_that_saw_it_stand(cube: xr.Dataset) -> None:
    """Of a series of two, every other look is of the second; its looks saw the place only before it stood."""
    both = cube.assign_coords(family=("time", ["fine", "coarse"] * 10)).assign_attrs(families=["fine", "coarse"])
    place = block(5, 5, 4, 4)

    def sensors() -> tuple[str, ...]:
        (one,) = identify([change(place, 10, None)], both, site_id="yard")
        return one.sensors

    assert sensors() == ("fine", "coarse")
    both["valid"].values[11::2, 5:9, 5:8] = False
    assert sensors() == ("fine",)
    both["valid"].values[10::2, 5:9, 5:9] = False
    assert sensors() == ("coarse",), "a quarter was seen by these, nothing by the others"
    (alone,) = identify([change(place, 10, None)], cube, site_id="yard")
    assert alone.sensors == ()


def test_of_spells_that_follow_each_other_by_turns_every_other_one_is_the_gap(cube: xr.Dataset) -> None:
    """Both appearances of the ground were told as standing; the one that is more probable in all stays."""
    place = block(5, 5, 4, 4)
    turns = [(2, 5, 0.7), (5, 8, 0.8), (8, 11, 0.6), (11, 14, 0.5), (14, 17, 0.4)]
    spells = [replace(change(place, began, ended), probability=p) for began, ended, p in turns]

    def told(*some: Change) -> list[tuple[dt.datetime | None, dt.datetime | None]]:
        (one,) = identify(some, cube, site_id="yard")
        return [(p.erected and p.erected.by, p.dismantled and p.dismantled.by) for p in one.presences]

    def days(*some: int) -> list[tuple[dt.datetime, dt.datetime]]:
        return [(day(turns[i][0], end=True), day(turns[i][1], end=True)) for i in some]

    assert told(*spells) == days(0, 2, 4)
    assert told(*spells[:3]) == days(0, 2)  # .7 and .6 against .8
    assert told(*(replace(s, probability=0.9) if i == 1 else s for i, s in enumerate(spells[:4]))) == days(1, 3)
    assert told(*spells[:2]) == days(0, 1)  # a hall and its successor
    apart = change(place, 19, None)
    assert len(told(*spells, apart)) == 4
