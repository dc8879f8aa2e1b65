"""Which structure found today is which one of last year."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon, box

from sitewatch.structures import (
    Bracket,
    Confirmed,
    Correction,
    Corrects,
    Kind,
    Known,
    Presence,
    Recognition,
    State,
    Structure,
    in_order,
    recognise,
)
from sitewatch.structures._identify import _identifier

PIXEL = 1e-4
"""Degrees."""
LOOKS = 16


def day(number: int) -> dt.datetime:
    return dt.datetime(2020, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=10 * number)


def ground(column: float, row: float, width: float, height: float) -> Polygon:
    west, south = 3 + column * PIXEL, 48 + row * PIXEL
    return box(west, south, west + width * PIXEL, south + height * PIXEL)


def spell(first: int | None, end: int | None = None) -> Presence:
    """Stands from the look `first` on (None: from before), gone on the look `end`."""
    up, down = (None if i is None else Bracket(after=day(i - 1), by=day(i)) for i in (first, end))
    return Presence(erected=up, dismantled=down, state=State.CONFIRMED, probability=0.8, evidence=())


def structure(
    footprint: Polygon, *presences: Presence, kind: Kind = Kind.STRUCTURE, identifier: str | None = None
) -> Structure:
    area = footprint.area / PIXEL**2 * 100
    return Structure(
        id=identifier or _identifier("yard", footprint, kind),
        kind=kind,
        footprint=footprint,
        present=presences[-1].dismantled is None,
        probability=0.8,
        area_m2=area,
        area_m2_low=area * 0.8,
        area_m2_high=area * 1.2,
        presences=presences,
    )


def after(
    recognition: Recognition, known: Sequence[Known] = (), *, pinned: frozenset[str] = frozenset()
) -> list[Known]:
    """What is known after a search, as the next one is told of it."""
    before = {one.thing: one for one in known}
    dismissed = {one.thing: one.words for one in recognition.conflicts if one.dismissed}
    told = []
    for one in recognition.things:
        was = before.get(one.thing)
        told.append(
            Known(
                thing=one.thing,
                structure=one.structure,
                claimed=one.claimed,
                pinned=one.thing in pinned or (was is not None and was.pinned),
                confirmed=None if was is None else was.confirmed,
                dismissed=dismissed.get(one.thing, ""),
                ids=frozenset({one.structure.id, one.thing}) | (was.ids if was is not None else set()),
            )
        )
    return told


def claimed(recognition: Recognition) -> dict[str, Structure]:
    return {one.structure.id: one.structure for one in recognition.things if one.claimed}


@dataclass(frozen=True)
class Truth:
    """A thing that stands at times on its own plot."""

    plot: int
    width: int
    height: int
    spells: tuple[tuple[int, int], ...]
    kind: Kind
    seed: int


@st.composite
def truths(draw: st.DrawFn) -> list[Truth]:
    made = []
    for plot in draw(st.sets(st.integers(0, 11), min_size=1, max_size=6)):
        ends = sorted(draw(st.sets(st.integers(1, LOOKS - 1), min_size=2, max_size=6)))
        ends = ends[: len(ends) // 2 * 2]
        made.append(
            Truth(
                plot=plot,
                width=draw(st.integers(3, 7)),
                height=draw(st.integers(3, 7)),
                spells=tuple(zip(ends[::2], ends[1::2], strict=True)),
                kind=draw(st.sampled_from([Kind.STRUCTURE, Kind.STRUCTURE, Kind.SURFACE])),
                seed=draw(st.integers(0, 999)),
            )
        )
    return made


def search(world: Sequence[Truth], looks: int) -> list[Structure]:
    """What a search of the first looks tells: lives as far as they are seen, footprints up to a pixel off each other.

    Now and then something that had been claimed is not, but never by the last search.
    """
    found = []
    for one in world:
        chance = random.Random(one.seed * 1000 + looks)  # noqa: S311 - no secret
        seen = [(first, end) for first, end in one.spells if first < looks]
        if not seen or (looks < LOOKS and chance.random() < 0.1):
            continue
        column = 20 * (one.plot % 4) + chance.choice((-0.5, 0, 0.5))
        row = 20 * (one.plot // 4) + chance.choice((-0.5, 0, 0.5))
        presences = [spell(first, end if end < looks else None) for first, end in seen]
        found.append(structure(ground(column, row, one.width, one.height), *presences, kind=one.kind))
    chance = random.Random(looks)  # noqa: S311 - no secret
    chance.shuffle(found)
    return list(in_order(found))


def batches() -> st.SearchStrategy[list[int]]:
    return st.sets(st.integers(1, LOOKS - 1), max_size=6).map(lambda some: [*sorted(some), LOOKS])


@given(world=truths(), ends=batches())
@settings(max_examples=80, deadline=None)
def test_batches_of_any_size_end_in_the_same(world: list[Truth], ends: list[int]) -> None:
    known: list[Known] = []
    for looks in ends:
        told = recognise(search(world, looks), known)
        known = after(told, known)
    at_once = recognise(search(world, LOOKS), [])
    assert claimed(told) == claimed(at_once)
    # And each true thing was one structure all along, however its footprint moved and whenever it was lost.
    assert len(known) == len(at_once.things) == len(world)


@given(world=truths(), read=st.integers(2, LOOKS - 2), one=batches(), other=batches(), data=st.data())
@settings(max_examples=80, deadline=None)
def test_what_people_know_keeps_its_id_in_any_batches(
    world: list[Truth], read: int, one: list[int], other: list[int], data: st.DataObject
) -> None:
    """The same looks were known when it was read; whatever came before and after in whatever batches."""
    present = search(world, read)
    if not present:
        return
    chosen = data.draw(st.sets(st.sampled_from(sorted(s.id for s in present))))
    ended = []
    for ends in (one, other):
        known: list[Known] = []
        for looks in sorted({*ends, read}):
            told = recognise(search(world, looks), known)
            pinned = frozenset(t.thing for t in told.things if looks == read and t.structure.id in chosen)
            known = after(told, known, pinned=pinned)
        ended.append({t.structure.id: t.structure for t in told.things if t.claimed})
    assert ended[0] == ended[1]
    assert chosen <= set(ended[0])


def any_structures(kinds: Sequence[Kind] = tuple(Kind)) -> st.SearchStrategy[list[Structure]]:
    """Structures on whatever ground, over and in each other, with ids that mean nothing."""
    sides = st.integers(1, 6)
    one = st.builds(
        lambda c, r, w, h, kind, first, length, name: structure(
            ground(c, r, w, h), spell(first, first + length if length else None), kind=kind, identifier=f"s{name}"
        ),
        st.integers(0, 8),
        st.integers(0, 8),
        sides,
        sides,
        st.sampled_from(kinds),
        st.integers(1, 8),
        st.integers(0, 5),
        st.integers(0, 9),
    )
    return st.lists(one, max_size=6, unique_by=lambda s: s.id)


@st.composite
def any_known(draw: st.DrawFn) -> list[Known]:
    told = []
    for number, one in enumerate(draw(any_structures())):
        confirmed = draw(st.booleans())
        told.append(
            Known(
                thing=f"k{number}" if draw(st.booleans()) else one.id,
                structure=one,
                claimed=confirmed or draw(st.booleans()),
                pinned=draw(st.booleans()),
                confirmed=Confirmed(structure=one, first_look=day(0), last_look=day(9)) if confirmed else None,
                ids=frozenset({one.id, f"s{draw(st.integers(0, 9))}"}),
            )
        )
    return told


@given(found=any_structures(), known=any_known(), data=st.data())
@settings(max_examples=120, deadline=None)
def test_the_order_does_not_matter(found: list[Structure], known: list[Known], data: st.DataObject) -> None:
    told = recognise(found, known)
    assert recognise(data.draw(st.permutations(found)), data.draw(st.permutations(known))) == told


@given(found=any_structures(), known=any_known())
@settings(max_examples=120, deadline=None)
def test_nothing_is_lost_and_no_two_share_a_name(found: list[Structure], known: list[Known]) -> None:
    told = recognise(found, known)
    keys = [one.thing for one in told.things]
    assert {one.thing for one in known} <= set(keys)
    assert len(set(keys)) == len(keys)
    assert len({one.structure.id for one in told.things}) == len(keys)
    # A new structure never gets a key that leads to another one.
    new = set(keys) - {one.thing for one in known}
    assert not new & {name for one in known for name in one.ids}
    # What is found is known now, or stands in a conflict.
    shown = [replace(one.structure, id="") for one in told.things if one.claimed]
    shown += [replace(one, id="") for conflict in told.conflicts for one in conflict.proposed]
    assert all(replace(one, id="") in shown for one in found)
    # And what readers confirmed is what it was, or has grown.
    now = {one.thing: one for one in told.things}
    disputed = {conflict.thing for conflict in told.conflicts}
    for one in known:
        if one.pinned or one.confirmed:
            assert now[one.thing].structure.id == one.structure.id
        if one.confirmed:
            assert now[one.thing].claimed
            assert now[one.thing].structure.kind is one.structure.kind
        if one.thing in disputed:
            assert now[one.thing].structure == one.structure


def apart(some: Sequence[Structure]) -> list[Structure]:
    """As one search tells of claims: each on its own ground."""
    kept: list[Structure] = []
    for one in some:
        if not any(one.footprint.intersection(other.footprint).area for other in kept):
            kept.append(one)
    return kept


def plot(column: float, row: float, width: float, height: float, name: int) -> Structure:
    """What came on one date, as the examples below have it."""
    return structure(ground(column, row, width, height), spell(1), identifier=f"s{name}")


@example(
    # A row that was read is found as one with what stood beside it, and a part of it as something else.
    found=[plot(0, 0, 1, 1, 0), plot(0, 1, 2, 4, 2), plot(2, 1, 1, 2, 1)],
    first=[plot(0, 0, 1, 1, 1), plot(0, 1, 4, 1, 2), plot(0, 3, 1, 1, 0)],
    once=[],
    read={2},
)
@given(
    found=any_structures([Kind.STRUCTURE]).map(apart),
    first=any_structures([Kind.STRUCTURE]).map(apart),
    once=any_structures([Kind.STRUCTURE]).map(apart),
    read=st.sets(st.integers(0, 9)),
)
@settings(max_examples=100, deadline=None)
def test_to_recognise_again_changes_nothing(
    found: list[Structure], first: list[Structure], once: list[Structure], read: set[int]
) -> None:
    """After two searches of which some structures were confirmed, a third one and the same again."""
    known = after(recognise(once, []))
    known = after(recognise(first, known), known)
    known = [
        replace(one, confirmed=Confirmed(structure=one.structure, **READ)) if one.claimed and i in read else one
        for i, one in enumerate(known)
    ]
    told = recognise(found, known)
    again = recognise(found, after(told, known))
    assert again.things == told.things
    assert again.conflicts == told.conflicts
    assert not again.descents


def test_what_lies_in_something_confirmed_is_not_claimed_beside_it() -> None:
    """A row is found as one with what stood beside it, and a part of it once more by itself: both are proposed."""
    row, beside = plot(0, 1, 4, 1, 2), plot(0, 3, 1, 1, 0)
    known = [*confirmed(row), Known(thing=beside.id, structure=beside)]
    whole, part = plot(0, 1, 2, 4, 5), plot(2, 1, 1, 2, 6)
    told = recognise([whole, part], known)
    (conflict,) = told.conflicts
    assert {one.id for one in conflict.proposed} == {whole.id, part.id}
    assert claimed(told) == {row.id: row, beside.id: beside}


HALL = structure(ground(0, 0, 6, 6), spell(3))
LEFT = structure(ground(0, 0, 3, 6), spell(3))
RIGHT = structure(ground(3, 0, 3, 6), spell(3))
READ = {"first_look": day(0), "last_look": day(9)}


def test_it_is_taken_up_again_when_it_comes_back() -> None:
    known = after(recognise([HALL], []))
    gone = recognise([], known)
    assert [one.claimed for one in gone.things] == [False]
    (back,) = recognise([replace(HALL, presences=(spell(3, 5), spell(8)))], after(gone, known)).things
    assert back.claimed
    assert back.thing == HALL.id
    assert len(back.structure.presences) == 2


def test_what_is_claimed_goes_before_what_once_was() -> None:
    """An old footprint that fits better takes nothing from the structure that the last search claimed."""
    old = Known(thing="old", structure=structure(ground(0, 0, 6, 7), spell(1, 2)), claimed=False)
    now = Known(thing="now", structure=structure(ground(0, 0, 6, 5), spell(3)))
    told = recognise([structure(ground(0, 0, 6, 7), spell(3))], [old, now])
    assert {one.thing: one.claimed for one in told.things} == {"old": False, "now": True}


def test_surfaces_on_one_ground_are_told_apart_by_their_time() -> None:
    early, late = (structure(ground(0, 0, 6, 6), s, kind=Kind.SURFACE) for s in (spell(1, 3), spell(8, 10)))
    told = recognise([late], after(recognise([early], [])))
    assert [one.claimed for one in told.things] == [False, True]


def test_merges_and_splits_are_recorded() -> None:
    apart = recognise([LEFT, RIGHT], [])
    one = recognise([HALL], after(apart))
    (descent,) = one.descents
    whole = next(t for t in one.things if t.claimed)
    assert (descent.thing, descent.what) == (whole.thing, "merged")
    assert {descent.thing, descent.other} == {t.thing for t in apart.things}

    whole_first = after(recognise([HALL], []))
    parts = recognise([LEFT, RIGHT], whole_first)
    (descent,) = parts.descents
    assert (descent.other, descent.what) == (HALL.id, "split")
    assert descent.thing in {LEFT.id, RIGHT.id}


def confirmed(one: Structure) -> list[Known]:
    return [Known(thing=one.id, structure=one, confirmed=Confirmed(structure=one, **READ))]


ONCE = structure(ground(0, 0, 6, 6), spell(3, 7))
WIDE = replace(HALL, presences=(replace(spell(3), erected=Bracket(after=day(1), by=day(5)), state=State.PROVISIONAL),))


@pytest.mark.parametrize(
    ("was", "now"),
    [
        pytest.param(WIDE, HALL, id="a narrower bracket"),
        pytest.param(HALL, replace(HALL, presences=(spell(3, 12),), present=False), id="gone after the last look"),
        pytest.param(ONCE, replace(ONCE, presences=(spell(3, 7), spell(12)), present=True), id="it came again"),
        pytest.param(HALL, replace(HALL, probability=0.2), id="another probability"),
        pytest.param(HALL, structure(ground(1, 0, 6, 6), spell(3)), id="a pixel further"),
    ],
)
def test_growing_knowledge_is_no_conflict(was: Structure, now: Structure) -> None:
    told = recognise([now], confirmed(was))
    assert not told.conflicts
    (one,) = told.things
    assert one.structure == replace(now, id=was.id)


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        pytest.param(HALL, [], "is not there", id="gone"),
        pytest.param(HALL, [LEFT, RIGHT], "is 2 structures", id="split"),
        pytest.param(HALL, [replace(HALL, kind=Kind.SURFACE)], "is of kind surface", id="other kind"),
        pytest.param(HALL, [structure(ground(3, 0, 6, 6), spell(3))], "only 0.3 is common", id="elsewhere"),
        pytest.param(HALL, [WIDE], "erected after 2020-01-11 and by 2020-02-20", id="wider bracket"),
        pytest.param(HALL, [replace(HALL, presences=(spell(3, 6),))], "taken down after 2020-02-20", id="gone before"),
        pytest.param(ONCE, [replace(ONCE, presences=(spell(12),))], "did not stand then", id="presence lost"),
        pytest.param(
            replace(HALL, presences=(spell(8),)),
            [replace(HALL, presences=(spell(3, 5), spell(8)))],
            "stood also then: erected after 2020-01-21",
            id="another one before",
        ),
        pytest.param(
            replace(HALL, presences=(spell(None),)), [HALL], "erected after 2020-01-21", id="it had stood already"
        ),
    ],
)
def test_what_readers_confirmed_is_never_changed_silently(was: Structure, now: list[Structure], words: str) -> None:
    known = confirmed(was)
    told = recognise(now, known)
    (conflict,) = told.conflicts
    assert words in conflict.words
    assert "(confirmed: " in conflict.words
    assert {one.id for one in conflict.proposed} == {one.id for one in now}
    (one,) = told.things
    assert one.claimed
    assert one.structure == was
    # Readers may say that they know; then it is silent, until something else is proposed.
    kept = [replace(known[0], dismissed=conflict.words)]
    assert recognise(now, kept).raised == ()
    assert recognise([structure(ground(3, 0, 6, 6), spell(5))], kept).raised


def test_a_merge_of_something_confirmed_holds_what_it_would_swallow() -> None:
    (left,) = confirmed(LEFT)
    right = Known(thing=RIGHT.id, structure=RIGHT)
    told = recognise([HALL], [left, right])
    (conflict,) = told.conflicts
    assert conflict.thing == LEFT.id
    assert conflict.holds == (RIGHT.id,)
    assert claimed(told) == {LEFT.id: LEFT, RIGHT.id: RIGHT}
    assert not told.descents


def split_of(one: Structure) -> Correction:
    return Correction(
        what=Corrects.SPLIT, thing=one.id, parts=(LEFT.footprint, RIGHT.footprint), others=(f"{one.id}.2",)
    )


def test_two_buildings_stay_two() -> None:
    known: Sequence[Known] = after(recognise([HALL], []), pinned=frozenset({HALL.id}))
    for found in ([HALL], [structure(ground(1, 0, 6, 6), spell(3))], [LEFT, RIGHT]):
        told = recognise(found, known, [split_of(HALL)])
        known = after(told, known)
        now = {one.thing: one.structure for one in told.things if one.claimed}
        assert set(now) == {HALL.id, f"{HALL.id}.2"}
        assert now[HALL.id].id == HALL.id
        assert sum(one.area_m2 for one in now.values()) == pytest.approx(HALL.area_m2, rel=1e-3)
        assert now[f"{HALL.id}.2"].footprint.centroid.x > now[HALL.id].footprint.centroid.x


def test_what_grew_together_with_split_buildings_is_told_beside_them() -> None:
    known = after(recognise([HALL], []), pinned=frozenset({HALL.id}))
    told = recognise([structure(ground(0, 0, 20, 6), spell(3))], known, [split_of(HALL)])
    third = {one.thing: one for one in told.things}.keys() - {HALL.id, f"{HALL.id}.2"}
    assert len(third) == 1
    assert len(claimed(told)) == 3


def test_one_building_stays_one() -> None:
    early = replace(RIGHT, presences=(spell(5, 8), spell(11)))
    found = [replace(LEFT, presences=(spell(3, 6),)), early]
    known: Sequence[Known] = after(recognise(found, []), pinned=frozenset({LEFT.id}))
    merge = Correction(what=Corrects.MERGE, thing=LEFT.id, others=(RIGHT.id,))
    for _ in range(3):
        told = recognise(found, known, [merge])
        known = after(told, known)
        now = {one.thing: one for one in told.things}
        assert {key: one.claimed for key, one in now.items()} == {LEFT.id: True, RIGHT.id: False}
        whole = now[LEFT.id].structure
        assert whole.id == LEFT.id
        assert whole.footprint.symmetric_difference(HALL.footprint).area < 1e-9 * HALL.footprint.area
        assert whole.area_m2 == pytest.approx(HALL.area_m2)
        assert [(p.erected, p.dismantled) for p in whole.presences] == [
            (spell(3).erected, spell(5, 8).dismantled),
            (spell(11).erected, None),
        ]
    # One of the two is not found for once, and then is again.
    known = after(recognise(found[:1], known, [merge]), known)
    assert recognise(found, known, [merge]).things == told.things


@pytest.mark.parametrize("kind", [Kind.SURFACE, Kind.STRUCTURE])
def test_a_kind_told_by_hand_stays(kind: Kind) -> None:
    other = Kind.STRUCTURE if kind is Kind.SURFACE else Kind.SURFACE
    found = [replace(HALL, kind=other)]
    known: Sequence[Known] = after(recognise(found, []), pinned=frozenset({HALL.id}))
    for _ in range(3):
        told = recognise(found, known, [Correction(what=Corrects.KIND, thing=HALL.id, kind=kind)])
        known = after(told, known)
        (one,) = told.things
        assert one.structure == replace(HALL, kind=kind)


def _walk() -> Iterator[Structure]:
    """A hall that a search moves a pixel at a time."""
    for column in range(1, 5):
        yield structure(ground(column, 0, 8, 6), spell(3))


def test_a_confirmed_footprint_does_not_creep_away() -> None:
    known: Sequence[Known] = confirmed(structure(ground(0, 0, 8, 6), spell(3)))
    raised = []
    for found in _walk():
        told = recognise([found], known)
        raised.append(len(told.raised))
        known = after(told, known)
    assert raised == [0, 0, 1, 1]
