"""What else happened around the turns of a structure, and how often it would by chance."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

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
    **told: Any,
) -> Around:
    return what_followed(
        SHELTER, turn=turn, others=others, events=events, looks=looks(last), within_days=within, **told
    )


def looks(last: float = 1000.0, every: float = 10.0) -> list[dt.datetime]:
    """A look on every tenth day, and one at the end."""
    return [*(day(number) for number in np.arange(0, last, every).tolist()), day(last)]


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
    none = what_followed(old, turn=TurnKind.ERECTED, others=(), events=[event(10)], looks=looks(100), within_days=30)
    assert (none.occasions, none.summary) == ((), ())


def test_counts_stand_beside_what_chance_gives() -> None:
    """A look each 10 days in 1000. A launch on day 133 certainly follows within 40 days what is dated to the brackets
    from 100 to 130, and possibly what is dated to those from 90 to 140: 3 and 5 of 100 brackets."""
    found = line(around(event(133)), "launch", Side.AFTER)
    assert (found.certainly, found.possibly, found.of) == (1, 1, 3)
    assert found.expected == pytest.approx((3 * 0.03, 3 * 0.05))
    assert found.chance == pytest.approx(1 - 0.95**3)


def test_a_bracket_is_as_likely_as_it_is_long() -> None:
    """Looks on days 0, 10, 40 and 100. A launch on day 45 follows within 50 days, certainly, what is dated from 10 to
    40, and possibly what is dated to any bracket: 30 of 100 days, and 100."""
    one = structure(((10, 40), None), name="one")
    found = what_followed(
        one, turn=TurnKind.ERECTED, others=(), events=[event(45)], looks=[day(d) for d in (0, 10, 40, 100)],
        within_days=50,
    )  # fmt: skip
    assert line(found, "launch", Side.AFTER).expected == pytest.approx((0.4, 1.0))


def test_what_shares_its_bracket_because_looks_are_few_is_no_surprise() -> None:
    """Looks 100 days apart: another structure that comes in the same pair of looks possibly follows within 5 days, and
    so it does with as large a part of the record as that pair is, not only with some days of it."""
    one, other = (structure(((200, 300), None), name=name) for name in ("one", "other"))
    found = what_followed(
        one, turn=TurnKind.ERECTED, others=[other], events=(), looks=looks(1000, every=100), within_days=5
    )
    told = line(found, "other erected", Side.AFTER)
    assert (told.certainly, told.possibly) == (0, 1)
    assert told.expected == pytest.approx((0.0, 0.2))  # the same pair, and the one before it


def test_a_bracket_over_several_looks_is_set_beside_such_brackets() -> None:
    """Over 4 looks, 40 days: the certain ones end by day 133 and begin no earlier than 83, of 97 such brackets."""
    one = structure(((100, 140), None), name="one")
    found = what_followed(one, turn=TurnKind.ERECTED, others=(), events=[event(133)], looks=looks(), within_days=50)
    assert line(found, "launch", Side.AFTER).expected == pytest.approx((1 / 97, 9 / 97))


def test_what_is_hardly_likely_is_left_out_and_counted() -> None:
    def unlikely(name: str, *spells: Any) -> Structure:
        one = structure(*spells, name=name)
        return replace(one, presences=tuple(replace(p, probability=0.02) for p in one.presences))

    ghost = unlikely("ghost", ((120, 125), (130, 132)))
    hall = structure(((122, 125), None), name="hall")
    found = around(others=(ghost, hall))
    assert [n.what for n in found.occasions[0].neighbours] == ["hall erected"]
    assert (found.least, found.left_out, found.others_left_out) == (0.5, 0, 2)
    for told in ({"least": 0.01}, {"sure": {"ghost"}}):
        assert "ghost erected" in [one.what for one in around(others=(ghost, hall), **told).summary]
    own = what_followed(
        unlikely("own", ((100, 110), None)), turn=TurnKind.ERECTED, others=[hall], events=(), looks=looks(),
        within_days=40,
    )  # fmt: skip
    assert (own.occasions, own.left_out) == ((), 1)


def test_what_follows_every_time_is_unlikely_by_chance() -> None:
    found = line(around(event(130), event(430), event(735)), "launch", Side.AFTER)
    assert (found.certainly, found.possibly) == (3, 3)
    assert found.chance == pytest.approx(0.15**3)  # 5 of 100 brackets each
    assert line(around(event(130)), "launch", Side.BEFORE).chance == 1


def test_launches_close_together_are_not_counted_twice() -> None:
    alone, pair = around(event(133)), around(event(133), event(141))
    one, two = (line(found, "launch", Side.AFTER) for found in (alone, pair))
    assert two.certainly == 1
    assert one.expected == pytest.approx((3 * 0.03, 3 * 0.05))
    assert two.expected == pytest.approx((3 * 0.04, 3 * 0.06))


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
@settings(max_examples=25, deadline=None)
def test_the_expected_counts_are_those_of_random_occasions(
    spans: list[tuple[float, float]], wide: float, within: float
) -> None:
    """Against 20 000 moments drawn at random in a record of 1000 days, each dated by the looks around it."""
    events = [event(at, at + length) for at, length in spans]
    calendar = np.unique([0.0, *np.cumsum(np.random.default_rng(2).exponential(wide, 400)), 1000.0])
    calendar = calendar[calendar <= 1000]

    def told(after: int) -> Followed:
        one = structure(((float(calendar[after]), float(calendar[after + 1])), None), name="one")
        found = what_followed(
            one, turn=TurnKind.ERECTED, others=(), events=events, looks=[day(d) for d in calendar], within_days=within
        )
        return line(found, "launch", Side.AFTER)

    each = [told(after) for after in range(len(calendar) - 1)]
    expected = each[0].expected
    moments = np.random.default_rng(1).uniform(0, 1000, 20_000)
    drawn = [each[after] for after in np.searchsorted(calendar, moments) - 1]
    counted = [np.mean([one.certainly for one in drawn]), np.mean([one.possibly for one in drawn])]
    assert counted == pytest.approx(list(expected), abs=0.02)


def test_an_event_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="no earlier"):
        DatedEvent(
            title="x", began=dt.datetime(2020, 1, 2, tzinfo=dt.UTC), ended=dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
        )
