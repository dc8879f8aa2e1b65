"""What else happened around the turns of a structure, and how often it would by chance."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_series import day, structure

from sitewatch.structures import ANY_OTHER, Around, DatedEvent, Followed, Side, Structure, TurnKind, what_followed

SHELTER = structure(((100, 110), (150, 160)), ((400, 410), (440, 450)), ((700, 710), (750, 760)))


def event(began: float, ended: float | None = None, title: str = "launch") -> DatedEvent:
    return DatedEvent(title=title, began=day(began), ended=day(began if ended is None else ended))


def around(
    *events: DatedEvent,
    others: tuple[Structure, ...] = (),
    turn: TurnKind = TurnKind.ERECTED,
    within: float = 40.0,
    last: float = 1000.0,
) -> Around:
    return what_followed(
        SHELTER, turn=turn, others=others, events=events, first=day(0), last=day(last), within_days=within
    )


def line(found: Around, what: str, side: Side) -> Followed:
    return next(one for one in found.summary if one.what == what and one.side is side)


def test_an_event_lies_so_many_days_after_as_the_brackets_allow() -> None:
    near = around(event(130, 132)).occasions[0].neighbours
    assert [(one.what, one.days, one.side, one.certain) for one in near] == [("launch", (20, 32), Side.AFTER, True)]


@pytest.mark.parametrize(
    ("at", "side", "certain"),
    [
        ((115, 115), Side.AFTER, True),
        ((145, 145), Side.AFTER, False),  # 35 to 45 days after: the window is 40
        ((105, 105), Side.EITHER, True),
        ((95, 95), Side.BEFORE, True),
        ((65, 65), Side.BEFORE, False),
    ],
)
def test_within_the_window_certainly_or_possibly(at: tuple[float, float], side: Side, certain: bool) -> None:
    (near,) = around(event(*at)).occasions[0].neighbours
    assert (near.side, near.certain) == (side, certain)


@pytest.mark.parametrize("at", [59.9, 150.1])
def test_outside_of_the_window_it_is_not_told(at: float) -> None:
    assert around(event(at)).occasions[0].neighbours == ()


def test_turns_of_other_structures_are_events_too_and_its_own_are_not() -> None:
    hall = structure(((120, 125), None), name="hall")
    tent = structure((None, (430, 440)), name="tent")
    found = around(others=(SHELTER, hall, tent))
    assert [[n.what for n in one.neighbours] for one in found.occasions] == [
        ["hall erected"],
        ["tent taken down"],
        [],
    ]
    assert line(found, f"{ANY_OTHER} erected", Side.AFTER).certainly == 1


def test_removals_are_occasions_as_well_and_a_spell_before_the_record_has_no_erection() -> None:
    found = around(event(170), turn=TurnKind.DISMANTLED)
    assert found.occasions[0].neighbours[0].days == (10, 20)
    old = structure((None, (50, 60)), name="old")
    none = what_followed(
        old, turn=TurnKind.ERECTED, others=(), events=[event(10)], first=day(0), last=day(100), within_days=30
    )
    assert (none.occasions, none.summary) == ((), ())


def test_counts_stand_beside_what_chance_gives() -> None:
    """Brackets of 10 days in 1000: an occasion's start lies anywhere in 990 days. A launch at 130 certainly follows
    within 40 days from 90 to 120, and possibly from 80 to 130: 30 and 50 of 990 days."""
    found = line(around(event(130)), "launch", Side.AFTER)
    assert (found.certainly, found.possibly, found.of) == (1, 1, 3)
    assert found.expected == pytest.approx((3 * 30 / 990, 3 * 50 / 990))
    assert found.chance == pytest.approx(1 - (1 - 50 / 990) ** 3)


def test_what_follows_every_time_is_unlikely_by_chance() -> None:
    found = line(around(event(130), event(430), event(735)), "launch", Side.AFTER)
    assert (found.certainly, found.possibly) == (3, 3)
    assert found.chance == pytest.approx((150 / 990) ** 3)
    assert line(around(event(130)), "launch", Side.BEFORE).chance == 1


def test_launches_close_together_are_not_counted_twice() -> None:
    alone, pair = around(event(130)), around(event(130), event(131))
    one, two = (line(found, "launch", Side.AFTER) for found in (alone, pair))
    assert two.certainly == 1
    assert two.expected == pytest.approx((3 * 31 / 990, 3 * 51 / 990))
    assert one.expected < two.expected


def test_a_window_that_reaches_out_of_the_record_is_told() -> None:
    assert [one.cut for one in around(last=745).occasions] == [False, False, True]


def test_the_line_least_likely_by_chance_comes_first_and_luck_is_counted() -> None:
    found = around(event(130), event(430), event(735), event(50, title="speech"))
    assert (found.summary[0].what, found.summary[0].side) == ("launch", Side.AFTER)
    assert found.by_luck == pytest.approx(0.05 * 4)


@pytest.mark.parametrize(("within", "last"), [(0.0, 1000.0), (40.0, 0.0)])
def test_a_window_or_record_without_length_is_refused(within: float, last: float) -> None:
    with pytest.raises(ValueError, match="length"):
        around(within=within, last=last)


@given(
    st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 30)), min_size=1, max_size=5),
    st.floats(1, 30),
    st.floats(5, 120),
)
@settings(max_examples=60, deadline=None)
def test_the_expected_counts_are_those_of_random_occasions(
    spans: list[tuple[float, float]], wide: float, within: float
) -> None:
    """Against 400 occasions drawn at random in a record of 1000 days."""
    events = [event(at, at + length) for at, length in spans]
    one = structure(((400.0, 400.0 + wide), None), name="one")

    def told(start: float) -> Followed:
        moved = structure(((start, start + wide), None), name="one")
        found = what_followed(
            moved, turn=TurnKind.ERECTED, others=(), events=events, first=day(0), last=day(1000), within_days=within
        )
        return line(found, "launch", Side.AFTER)

    rng = np.random.default_rng(1)
    found = what_followed(
        one, turn=TurnKind.ERECTED, others=(), events=events, first=day(0), last=day(1000), within_days=within
    )
    expected = line(found, "launch", Side.AFTER).expected
    drawn = [told(float(start)) for start in rng.uniform(0, 1000 - wide, 400)]
    counted = [np.mean([one.certainly for one in drawn]), np.mean([one.possibly for one in drawn])]
    assert counted == pytest.approx(list(expected), abs=0.11)


def test_an_event_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="no earlier"):
        DatedEvent(
            title="x", began=dt.datetime(2020, 1, 2, tzinfo=dt.UTC), ended=dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
        )
