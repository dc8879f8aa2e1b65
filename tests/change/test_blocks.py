"""A patch that consists of several things, and what is told of it."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from sitewatch.change._blocks import blocks
from sitewatch.change._objects import Grown, Patch, grow, usual_scores
from sitewatch.change._repeats import distinct, repeats
from sitewatch.change._scan import Spells

SIZE = 40
SHAPE = (SIZE, SIZE)
LOOKS = 60
DAYS = np.arange(LOOKS) * 8.0
CHANGE = np.array([0.5, 0.4, 0.6], dtype=np.float32)
ROWS = slice(10, 15)


class Thing(NamedTuple):
    """What pixels of a block show, as shares of `CHANGE`, and when."""

    columns: slice
    shown: float = 1.0
    start: int = 20
    end: int = LOOKS


def spells_of(*things: Thing, rows: slice = ROWS) -> Spells:
    """What a scan gives of blocks in the same rows."""
    start, end = np.full((2, *SHAPE, 2), -1, dtype=np.int32)
    score, delta = np.zeros((*SHAPE, 2), dtype=np.float32), np.zeros((*SHAPE, 2, 3), dtype=np.float32)
    for thing in things:
        at = (rows, thing.columns, 0)
        start[at], end[at], score[at] = thing.start, thing.end, 60.0 * thing.shown
        delta[at] = CHANGE * np.float32(thing.shown)
    pixels = SIZE * SIZE
    return Spells(
        start=start.reshape(pixels, 2),
        end=end.reshape(pixels, 2),
        score=score.reshape(pixels, 2),
        delta=delta.reshape(pixels, 2, 3),
    )


def grown_and_cut(*things: Thing, rows: slice = ROWS) -> tuple[Grown, list[Patch]]:
    spells = spells_of(*things, rows=rows)
    usual = usual_scores(spells, SHAPE)
    grown = grow(spells, SHAPE, DAYS, usual=usual)
    return grown, blocks(grown, spells, SHAPE, DAYS, usual=usual)


def columns_of(patch: Patch) -> tuple[int, int]:
    """First and last column."""
    return int((patch.pixels % SIZE).min()), int((patch.pixels % SIZE).max())


def test_two_sheds_with_little_ground_between_them_are_one_patch_and_two_blocks() -> None:
    grown, found = grown_and_cut(
        Thing(slice(5, 10)), Thing(slice(10, 11), shown=0.45, start=22), Thing(slice(11, 16), start=24)
    )
    assert [columns_of(patch) for patch in grown.patches] == [(5, 15)]
    assert sorted((p.start, p.end) for p in found) == [(20, LOOKS), (24, LOOKS)]
    # Together they are the patch, and no pixel is in both.
    pixels = np.concatenate([p.pixels for p in found])
    np.testing.assert_array_equal(np.sort(pixels), grown.patches[0].pixels)
    for patch in found:
        assert patch.block
        assert len(patch.pixels) >= 25
        np.testing.assert_allclose(patch.delta, CHANGE)
        assert patch.score == grown.patches[0].score
    assert not any(patch.block for patch in grown.patches)


def test_three_tents_that_came_and_went_at_other_times_have_dates_of_their_own() -> None:
    gaps = [Thing(slice(c, c + 1), shown=0.5, start=20, end=40) for c in (9, 14)]
    _, found = grown_and_cut(
        Thing(slice(5, 9), end=40),
        Thing(slice(10, 14), start=22, end=42),
        Thing(slice(15, 19), start=18, end=38),
        *gaps,
    )
    assert sorted((p.start, p.end) for p in found) == [(18, 38), (20, 40), (22, 42)]


@pytest.mark.parametrize(
    "roof",
    [
        (Thing(slice(5, 20)),),
        (Thing(slice(5, 12)), Thing(slice(12, 20), shown=0.55)),  # two colours
        (Thing(slice(5, 10)), Thing(slice(10, 11), shown=0.75), Thing(slice(11, 16))),  # a seam
        # A dip beside a dull roof is measured by what the dull one shows.
        (Thing(slice(5, 10)), Thing(slice(10, 11), shown=0.5), Thing(slice(11, 17), shown=0.6)),
    ],
)
def test_a_roof_is_one_thing_whatever_its_colours_and_seams(roof: tuple[Thing, ...]) -> None:
    grown, found = grown_and_cut(*roof)
    assert len(grown.patches) == 1
    assert found == []


def test_what_is_smaller_than_a_structure_that_an_image_resolves_is_no_block() -> None:
    sides = (Thing(slice(5, 8)), Thing(slice(8, 9), shown=0.45), Thing(slice(9, 12)))
    assert grown_and_cut(*sides, rows=slice(10, 11))[1] == []
    assert len(grown_and_cut(*sides, rows=slice(10, 12))[1]) == 2


def test_rims_belong_to_no_block() -> None:
    """A rim is taken off its patch, and what is offered as two things is no larger than the patch."""
    grown, found = grown_and_cut(
        Thing(slice(3, 5), shown=0.2),
        Thing(slice(5, 10)),
        Thing(slice(10, 11), shown=0.45),
        Thing(slice(11, 16)),
        Thing(slice(16, 18), shown=0.2),
    )
    (patch,) = grown.patches
    assert columns_of(patch) == (5, 15)
    assert np.isin(np.concatenate([p.pixels for p in found]), patch.pixels).all()


def told(together: float, *each: float) -> list[bool]:
    """Whether a patch is told that may consist of two sheds, and whether they are, by what is believed of each."""
    grown, found = grown_and_cut(Thing(slice(5, 10)), Thing(slice(10, 11), shown=0.45), Thing(slice(11, 16)))
    some = [*grown.patches, *found]
    return distinct(some, np.array([together, *each]), repeats(some, DAYS, SHAPE)).tolist()


def test_a_patch_gives_way_to_blocks_that_are_nearly_as_probable_as_it() -> None:
    assert told(0.9, 0.85, 0.8) == [False, True, True]
    assert told(0.9, 0.8, 0.7) == [True, False, False]  # pieces of a roof
    assert told(0.5, 0.45, 0.2) == [True, False, False]
    # Never the patch and a block of it, whichever is believed more.
    assert told(0.6, 0.9, 0.2) == [False, True, True]
    assert told(0.6, 0.9, 0.7) == [False, True, True]


def test_blocks_beside_each_other_are_two_things_and_on_each_other_one() -> None:
    _, (left, right) = grown_and_cut(Thing(slice(5, 8)), Thing(slice(8, 9), shown=0.45), Thing(slice(9, 12)))
    assert len(repeats([left, right], DAYS, SHAPE)) == 0
    assert len(repeats([left, replace(right, block=False)], DAYS, SHAPE)) > 0
    assert len(repeats([left, replace(left, score=left.score / 2)], DAYS, SHAPE)) > 0


def test_nothing_is_cut_where_nothing_grew() -> None:
    grown, found = grown_and_cut()
    assert grown.patches == []
    assert found == []


def test_the_bays_of_a_hall_are_one_building() -> None:
    bays = (Thing(slice(5, 13)), Thing(slice(13, 14), shown=0.45), Thing(slice(14, 22)))
    grown, found = grown_and_cut(*bays, rows=slice(10, 18))
    assert [len(patch.pixels) for patch in grown.patches] == [8 * 17]
    assert found == []
