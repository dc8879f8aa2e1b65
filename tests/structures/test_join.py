"""What several sensors saw of one place is told once."""

from __future__ import annotations

import datetime as dt

import pytest
from shapely.geometry import box

from sitewatch.structures import Bracket, Kind, Presence, Seen, State, Structure, join

START = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
DEGREE_M = 111_000.0


def day(number: int) -> dt.datetime:
    return START + dt.timedelta(days=number)


def between(after: int, by: int) -> Bracket:
    return Bracket(after=day(after), by=day(by))


def presence(erected: Bracket | None, dismantled: Bracket | None, probability: float = 0.8) -> Presence:
    evidence = [f"look-{(b.after - START).days}" for b in (erected, dismantled) if b is not None]
    return Presence(
        erected=erected,
        dismantled=dismantled,
        state=State.PROVISIONAL,
        probability=probability,
        evidence=tuple(evidence),
    )


def structure(
    name: str, *presences: Presence, left: float = 0, width: float = 60, kind: Kind = Kind.STRUCTURE
) -> Structure:
    """A square on the equator, lengths in metres."""
    return Structure(
        id=name,
        kind=kind,
        footprint=box(left / DEGREE_M, 0, (left + width) / DEGREE_M, width / DEGREE_M),
        present=presences[-1].dismantled is None,
        probability=max(p.probability for p in presences),
        area_m2=width**2,
        area_m2_low=(width - 10) ** 2,
        area_m2_high=(width + 10) ** 2,
        presences=presences,
    )


def seen(sensor: str, *structures: Structure, pixel: float = 10, first: int = 0, last: int = 1000) -> Seen:
    times = {f"{sensor}-{n}": day(n) for n in range(first, last + 1, 10)}
    return Seen(sensor=sensor, structures=structures, pixel_m=pixel, times=times)


def test_one_thing_of_two_sensors_is_one_with_tighter_brackets_and_no_more_probability() -> None:
    fine = structure("fine", presence(between(100, 130), between(400, 420), 0.7))
    coarse = structure("coarse", presence(between(110, 140), between(390, 410), 0.6), width=90)
    (one,) = join([seen("a", fine), seen("b", coarse, pixel=30)])
    assert one.id == "fine"
    assert one.sensors == ("a", "b")
    assert one.area_m2 == 3600
    (spell,) = one.presences
    assert (spell.erected, spell.dismantled) == (between(110, 130), between(400, 410))
    assert one.probability == spell.probability == 0.7
    assert spell.evidence == ("look-100", "look-110", "look-390", "look-400")


def test_the_finer_footprint_is_told_under_the_main_id() -> None:
    coarse = structure("coarse", presence(between(110, 140), None), width=90)
    fine = structure("fine", presence(between(100, 130), None))
    (one,) = join([seen("a", coarse, pixel=30), seen("b", fine)])
    assert (one.id, one.area_m2) == ("coarse", 3600)


def test_what_a_sensor_hardly_saw_tightens_nothing() -> None:
    sure = structure("sure", presence(between(100, 130), None, 0.9))
    weak = structure("weak", presence(between(120, 160), None, 0.2))
    (one,) = join([seen("a", sure), seen("b", weak)])
    assert one.presences[0].erected == between(100, 130)
    (one,) = join([seen("b", weak), seen("a", sure)])
    assert one.presences[0].erected == between(100, 130)
    assert one.probability == 0.9


def test_brackets_that_just_miss_each_other_are_one_event_and_far_ones_are_two() -> None:
    one = structure("one", presence(between(100, 130), None, 0.9))
    near = structure("near", presence(between(140, 160), None, 0.8))
    far = structure("far", presence(between(200, 230), None))
    (both,) = join([seen("a", one), seen("b", near)])
    assert both.presences[0].erected == between(100, 130)
    assert [s.id for s in join([seen("a", one), seen("b", far)])] == ["one", "far"]


def test_other_ground_and_other_kinds_stay_apart() -> None:
    hall = structure("hall", presence(between(100, 130), None))
    beside = structure("beside", presence(between(100, 130), None), left=70)
    assert len(join([seen("a", hall), seen("b", beside)])) == 2
    corner = structure("corner", presence(between(100, 130), None), left=40)
    assert len(join([seen("a", hall), seen("b", corner)])) == 2


def test_an_end_outside_one_record_is_told_by_the_other() -> None:
    long = structure("long", presence(between(100, 130), between(700, 730)))
    late = structure("late", presence(None, between(710, 740)))
    (one,) = join([seen("a", long), seen("b", late, first=500)])
    assert one.presences[0].erected == between(100, 130)
    assert one.presences[0].dismantled == between(710, 730)
    # A sensor that was looking when it is said to come, and always saw it stand, tells of something else.
    standing = structure("standing", presence(None, between(710, 740)))
    assert len(join([seen("a", long), seen("b", standing)])) == 2


def test_a_spell_before_the_main_record_is_added_and_one_inside_it_is_not() -> None:
    main = structure("main", presence(between(600, 630), None))
    early = structure("early", presence(between(50, 80), between(200, 230)), presence(between(600, 640), None))
    (one,) = join([seen("a", main, first=500), seen("b", early)])
    assert len(one.presences) == 2
    (one,) = join([seen("a", main), seen("b", early)])
    assert len(one.presences) == 1


def test_what_is_no_claim_gives_way_to_the_other_sensors_claim() -> None:
    surface = structure("surface", presence(between(100, 130), None, 0.1), kind=Kind.SURFACE)
    hall = structure("hall", presence(between(110, 140), None))
    assert [s.id for s in join([seen("a", surface), seen("b", hall)])] == ["hall"]
    assert [s.id for s in join([seen("a", hall), seen("b", surface)])] == ["hall"]
    (one,) = join([seen("a", surface), seen("b", surface)])
    assert one.sensors == ("a", "b")


def test_two_halls_that_coarse_pixels_show_as_one_stay_two() -> None:
    left = structure("left", presence(between(100, 130), None))
    right = structure("right", presence(between(100, 130), None), left=80)
    both = structure("both", presence(between(100, 130), None), width=150)
    assert {s.id for s in join([seen("a", left, right), seen("b", both, pixel=30)])} == {"left", "right"}
    assert {s.id for s in join([seen("b", both, pixel=30), seen("a", left, right)])} == {"both", "right"}


@pytest.mark.parametrize("sensors", [1, 3])
def test_one_sensor_alone_keeps_everything(sensors: int) -> None:
    things = (structure("x", presence(between(5, 9), None)), structure("y", presence(None, between(7, 9)), left=500))
    empty = [seen(f"e{n}") for n in range(sensors - 1)]
    joined = join([seen("a", *things), *empty])
    assert {s.id for s in joined} == {"x", "y"}
    assert all(s.sensors == ("a",) for s in joined)
