"""A patch that consists of several things, and what is told of it."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
import xarray as xr
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords

from sitewatch.change import Kind
from sitewatch.change._blocks import blocks
from sitewatch.change._detect import _told_apart, changes_of
from sitewatch.change._objects import Grown, Patch, grow, usual_scores
from sitewatch.change._scan import Spells
from sitewatch.change._search import search

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
    grown = grow(spells, SHAPE, DAYS, usual=usual_scores(spells, SHAPE))
    return grown, cut(grown, spells)


def cut(grown: Grown, spells: Spells) -> list[Patch]:
    """The blocks of all patches."""
    numbers, usual = range(len(grown.patches)), usual_scores(spells, SHAPE)
    found, of = blocks(grown.patches, numbers, grown.owner, spells, SHAPE, DAYS, usual=usual)
    assert (np.bincount(of, minlength=1) != 1).all()
    return found


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
        assert len(patch.pixels) >= 25
        np.testing.assert_allclose(patch.delta, CHANGE)
        assert patch.score == grown.patches[0].score


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
        (Thing(slice(5, 10)), Thing(slice(10, 11), shown=0.5), Thing(slice(11, 17), shown=0.65)),
    ],
)
def test_a_roof_is_one_thing_whatever_its_colours_and_seams(roof: tuple[Thing, ...]) -> None:
    grown, found = grown_and_cut(*roof)
    assert len(grown.patches) == 1
    assert found == []


def test_what_is_smaller_than_three_by_four_pixels_is_no_block() -> None:
    sides = (Thing(slice(5, 8)), Thing(slice(8, 9), shown=0.45), Thing(slice(9, 12)))
    assert grown_and_cut(*sides, rows=slice(10, 13))[1] == []
    assert len(grown_and_cut(*sides, rows=slice(10, 14))[1]) == 2


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


def test_only_the_patches_asked_for_are_cut() -> None:
    spells = spells_of(
        Thing(slice(5, 8)),
        Thing(slice(8, 9), shown=0.45),
        Thing(slice(9, 12)),
        Thing(slice(25, 28)),
        Thing(slice(28, 29), shown=0.45),
        Thing(slice(29, 32)),
    )
    usual = usual_scores(spells, SHAPE)
    grown = grow(spells, SHAPE, DAYS, usual=usual)
    assert len(grown.patches) == 2
    for number, patch in enumerate(grown.patches):
        found, of = blocks([patch], [number], grown.owner, spells, SHAPE, DAYS, usual=usual)
        assert of.tolist() == [0, 0]
        assert np.isin(np.concatenate([p.pixels for p in found]), patch.pixels).all()


def test_a_patch_of_which_a_part_was_dated_anew_is_not_cut_there() -> None:
    """As a search of added looks leaves it, which keeps a patch that loses a tenth of its pixels."""
    spells = spells_of(Thing(slice(5, 16)))
    grown = grow(spells, SHAPE, DAYS, usual=usual_scores(spells, SHAPE))
    grown.owner.reshape(*SHAPE, 2)[ROWS, 10] = -1
    assert cut(grown, spells) == []


def test_numbers_that_no_scan_gives_are_left_out() -> None:
    """A kept search may come damaged: what is marked as a patch's must be such a spell as the patch is."""
    things = (Thing(slice(5, 8)), Thing(slice(8, 9), shown=0.45), Thing(slice(9, 12)))
    spells = spells_of(*things)
    grown = grow(spells, SHAPE, DAYS, usual=usual_scores(spells, SHAPE))
    never = replace(spells, start=np.full_like(spells.start, -1))
    assert cut(grown, never) == []
    over = spells.end.copy()
    over[grown.owner >= 0] = 30
    assert cut(grown, replace(spells, end=np.where(np.arange(2) == 1, LOOKS, over).astype(np.int32))) == []


def test_blocks_are_told_where_two_are_nearly_as_probable_as_the_patch() -> None:
    def told(of_patch: float, *each: float, least: float = 0.3) -> list[bool]:
        whole, touching = np.zeros(len(each), np.int64), np.ones(len(each), bool)
        return _told_apart(whole, np.array(each), np.array([of_patch]), touching, least=least).tolist()

    assert told(0.9, 0.85, 0.8) == [True, True]
    assert told(0.9, 0.95, 0.9, 0.4) == [True, True, False]
    assert told(0.9, 0.8, 0.7) == [False, False]  # pieces of a roof: .85 of .9 is more
    assert told(0.9, 0.85, 0.5) == [False, False]  # one thing and its annex
    assert told(0.45, 0.84, 0.57) == [True, True]
    assert told(0.45, 0.84, 0.57, least=0.6) == [False, False]
    # Each patch by its own.
    whole, each, wholes = np.array([0, 1, 1, 0]), np.array([0.9, 0.9, 0.9, 0.3]), np.array([0.9, 0.9])
    assert _told_apart(whole, each, wholes, np.ones(4, bool), least=0.3).tolist() == [False, True, True, False]


def test_what_crosses_the_outline_is_told_whole_where_all_its_blocks_lie_outside() -> None:
    whole, each, wholes = np.array([0, 0, 1, 1]), np.full(4, 0.9), np.array([0.9, 0.9])
    touching = np.array([False, False, True, False])
    assert _told_apart(whole, each, wholes, touching, least=0.3).tolist() == [False, False, True, True]


def hall_and_row() -> tuple[xr.Dataset, NDArray[np.bool_]]:
    """A cube of soil on which a hall went up on one look, and three sheds on three later ones, a lane between them."""
    rng = np.random.default_rng(11)
    looks = 80
    values = np.full((looks, 6, SIZE, SIZE), 0.18) + rng.normal(0, 0.015, (1, 1, SIZE, SIZE))
    values += rng.normal(0, 0.006, values.shape)
    roof = np.array([0.22, 0.22, 0.22, 0.18, 0.2, 0.2])[:, None, None]
    values[30:, :, 25:33, 8:20] += roof
    for first, left in ((40, 8), (42, 13), (44, 18)):
        values[first:, :, 8:13, left : left + 4] += roof
        values[first:, :, 8:13, left + 4 : left + 5] += 0.45 * roof
    return cube_of(values), np.ones(SHAPE, dtype=bool)


def cube_of(values: NDArray[np.float64]) -> xr.Dataset:
    """Used looks, twelve days apart."""
    looks = len(values)
    grid = GeoBox(SHAPE, Affine(10, 0, 500_000, 0, -10, 5_000_000), "EPSG:32633")
    return xr.Dataset(
        {
            "reflectance": (("time", "band", "y", "x"), values.astype(np.float32)),
            "valid": (("time", "y", "x"), np.ones((looks, *SHAPE), dtype=bool)),
        },
        coords={
            **xr_coords(grid),
            "band": ["blue", "green", "red", "nir", "swir16", "swir22"],
            "time": np.datetime64("2020-01-01", "ns") + np.arange(looks) * np.timedelta64(12, "D"),
            "scene": ("time", [f"s{i}" for i in range(looks)]),
        },
        attrs={"units": "reflectance"},
    )


def test_a_row_is_told_as_its_sheds_with_their_dates_and_a_hall_as_one() -> None:
    cube, inside = hall_and_row()
    found = search(cube)
    (row,) = (p for p in found.patches[: found.grown] if np.isin(8 * SIZE + np.arange(9, 22), p.pixels).sum() > 8)
    assert len(row.pixels) > 60
    claims = [c for c in changes_of(found, cube, false_alarms=5.0, inside=inside) if c.kind is Kind.STRUCTURE]
    began = sorted(c.began.by for c in claims if c.began is not None)
    assert began == [30, 40, 42, 44]
    sheds = [c.pixels for c in claims if c.began is not None and c.began.by >= 40]
    assert all(16 <= len(pixels) <= 30 for pixels in sheds)
    assert len(np.unique(np.concatenate(sheds))) == sum(map(len, sheds))
    # Only what touches the outline is told.
    inside[:, :13] = False
    claims = [c for c in changes_of(found, cube, false_alarms=5.0, inside=inside) if c.kind is Kind.STRUCTURE]
    assert sorted(c.began.by for c in claims if c.began is not None) == [30, 42, 44]


def test_nothing_is_cut_where_nothing_grew() -> None:
    grown, found = grown_and_cut()
    assert grown.patches == []
    assert found == []


def test_the_bays_of_a_hall_are_one_building() -> None:
    bays = (Thing(slice(5, 13)), Thing(slice(13, 14), shown=0.45), Thing(slice(14, 22)))
    grown, found = grown_and_cut(*bays, rows=slice(10, 18))
    assert [len(patch.pixels) for patch in grown.patches] == [8 * 17]
    assert found == []
