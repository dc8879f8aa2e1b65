"""Patches, their dates, and what is made of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy import ndimage

from sitewatch.change import candidates, compare_pair
from sitewatch.change._background import by_pixel, design
from sitewatch.change._context import CONTEXT, context
from sitewatch.change._dates import edges
from sitewatch.change._describe import FEATURES, SIGNED, describe
from sitewatch.change._measure import SIDES, _neighbouring_dates, _series
from sitewatch.change._objects import GROW_SCORE, Patch, compounds, grow, usual_around
from sitewatch.change._pair import farthest_pair, pair_candidates
from sitewatch.change._repeats import distinct, repeats
from sitewatch.change._scan import Spells, scan
from sitewatch.change._stack import Stack
from sitewatch.change._verify import (
    context_terms,
    direction_terms,
    mirrored,
    stands_inside,
    verification_terms,
    verifier,
)

SIZE = 40
LOOKS = 60
DAYS = np.arange(LOOKS) * 8.0


def stack_with(*blocks: tuple[slice, slice, int, int, float], noise: float = 0.01, seed: int = 0) -> Stack:
    """Six bands of soil; in every block (rows, columns, first, last) the level is raised by the amount."""
    rng = np.random.default_rng(seed)
    values = np.full((SIZE, SIZE, LOOKS, 6), 0.2) + rng.normal(0, 0.01, (SIZE, SIZE, 1, 6))
    values += rng.normal(0, noise, values.shape)
    for rows, columns, first, last, amount in blocks:
        values[rows, columns, first:last] += amount
    return Stack(
        values=values.reshape(-1, LOOKS, 6).astype(np.float32),
        valid=np.ones((SIZE * SIZE, LOOKS), dtype=bool),
        days=DAYS,
        shape=(SIZE, SIZE),
        bands=("blue", "green", "red", "nir", "swir16", "swir22"),
    )


HALL = (slice(5, 11), slice(5, 15), 20, LOOKS, 0.2)
TENT = (slice(25, 29), slice(25, 30), 30, 38, 0.15)


def patches_grown(stack: Stack) -> list[list[int]]:
    """The pixels of all patches that are grown in a stack, largest first."""
    spells = scan(stack.values, stack.valid, design(stack.days), threshold=GROW_SCORE)
    return sorted((p.pixels.tolist() for p in grow(spells, stack.shape, stack.days).patches), key=lambda p: -len(p))


def pixels_of(rows: slice, columns: slice) -> list[int]:
    """Flat indices of a block, sorted."""
    y, x = np.mgrid[rows, columns]
    return np.sort((y * SIZE + x).ravel()).tolist()


def patch_of(block: tuple[slice, slice, int, int, float]) -> Patch:
    return Patch(
        pixels=np.array(pixels_of(*block[:2])),
        start=block[2],
        end=block[3],
        score=50.0,
        delta=np.full(6, block[4], dtype=np.float32),
        spread=0.1,
        scatter=0.0,
        common=0.0,
        usual=1.0,
    )


def measured(patch: Patch, stack: Stack, spells: Spells) -> dict[str, float]:
    """What `describe` says of one patch, by name."""
    found, numbers = describe([patch], stack, spells)
    assert found.all()
    assert np.isfinite(numbers).all()
    return dict(zip(FEATURES, numbers[0].tolist(), strict=True))


def quiet_spells() -> Spells:
    """No pixel has a spell."""
    shape = (SIZE * SIZE, 1)
    none = np.full(shape, -1, dtype=np.int32)
    return Spells(start=none, end=none, score=np.zeros(shape, np.float32), delta=np.zeros((*shape, 6), np.float32))


def test_a_blurred_row_of_halls_is_one_patch_each_without_its_rim() -> None:
    walls = [slice(4, 8), slice(10, 16), slice(18, 30)]
    rows = slice(10, 16)
    blur = (slice(9, 17), slice(3, 31), 20, LOOKS, 0.06)
    stack = stack_with(blur, *((rows, wall, 20, LOOKS, 0.14) for wall in walls))
    spells = scan(stack.values, stack.valid, design(stack.days), threshold=GROW_SCORE)
    halls = [pixels_of(rows, wall) for wall in walls]
    made = grow(spells, stack.shape, stack.days)
    numbers = [[i for i, p in enumerate(made.patches) if np.isin(p.pixels, hall).any()] for hall in halls]
    assert [[made.patches[i].pixels.tolist() for i in found] for found in numbers] == [[hall] for hall in halls]
    # Nothing else grows from a rim: it belongs to the hall beside it.
    owners = made.owner.reshape(SIZE, SIZE, -1)
    for (number,), left in zip(numbers, (3, 9, 17), strict=True):
        assert (owners[9:17, left] == number).any(axis=1).all()
    rim = np.setdiff1d(pixels_of(slice(9, 17), slice(3, 31)), np.concatenate(halls))
    assert np.isin(made.owner[rim], np.concatenate(numbers)).any(axis=1).all()
    (whole,) = (p for p in grow(spells, stack.shape, stack.days, rims=True).patches if np.isin(p.pixels, rim).any())
    assert len(whole.pixels) == 8 * 28


def test_a_roof_of_two_colours_keeps_both() -> None:
    stack = stack_with((slice(10, 18), slice(10, 20), 20, LOOKS, 0.2), (slice(10, 18), slice(20, 26), 20, LOOKS, 0.12))
    assert [len(pixels) for pixels in patches_grown(stack)] == [8 * 16]


def test_a_dull_hall_beside_a_bright_one_is_not_its_rim() -> None:
    bright, dull = (slice(5, 13), slice(5, 13)), (slice(5, 13), slice(14, 20))
    seam = (slice(5, 13), slice(13, 14), 20, LOOKS, 0.12)
    stack = stack_with((*bright, 20, LOOKS, 0.4), (*dull, 20, LOOKS, 0.12), seam)
    beyond_the_rim = (slice(5, 13), slice(15, 20))
    assert patches_grown(stack) == [pixels_of(*bright), pixels_of(*beyond_the_rim)]


@pytest.mark.parametrize("bright", [0.16, 0.3])
def test_bright_pixels_here_and_there_take_nothing_from_their_roof(bright: float) -> None:
    roof = (slice(5, 15), slice(5, 15))
    spots = [(slice(y, y + 1), slice(x, x + 1), 20, LOOKS, bright) for y in (6, 12) for x in (6, 12)]
    assert pixels_of(*roof) in patches_grown(stack_with((*roof, 20, LOOKS, 0.1), *spots))


def test_a_tent_in_a_field_that_changed_with_it_is_a_patch_of_its_own() -> None:
    tent = (slice(16, 20), slice(16, 21))
    stack = stack_with((slice(4, 34), slice(4, 34), 20, 40, 0.02), (*tent, 20, 40, 0.2), noise=0.004)
    assert pixels_of(*tent) in patches_grown(stack)


def test_a_hall_and_a_tent_become_two_patches_with_their_dates() -> None:
    stack = stack_with(HALL, TENT)
    patches, features = candidates(stack)
    found = {(len(p.pixels), p.start, p.end) for p in patches}
    assert found == {(60, 20, LOOKS), (20, 30, 38)}
    assert features.shape == (2, len(FEATURES))
    assert np.isfinite(features).all()


def test_nothing_is_found_where_nothing_is() -> None:
    assert candidates(stack_with())[0] == []


def test_a_hall_roofed_in_stages_is_also_offered_whole() -> None:
    first = (slice(5, 11), slice(5, 10), 20, LOOKS, 0.2)
    second = (slice(5, 11), slice(11, 16), 32, LOOKS, 0.25)  # three months later, a seam of one pixel between
    elsewhere = (slice(30, 34), slice(30, 34), 22, LOOKS, 0.2)
    later = (slice(5, 11), slice(17, 20), 55, LOOKS, 0.2)  # more than a season after the first
    parts = [patch_of(b) for b in (first, second, elsewhere)]
    bridged = [replace(parts[0], pixels=np.union1d(parts[0].pixels, parts[0].pixels + 1)), *parts[1:], patch_of(later)]
    (whole,) = compounds(bridged, DAYS, (SIZE, SIZE))
    assert len(whole.pixels) == 66
    assert whole.start == 20


def test_what_describes_a_patch_says_what_it_is() -> None:
    stack = stack_with(HALL)
    numbers = measured(patch_of(HALL), stack, quiet_spells())
    assert np.exp(numbers["log_pixels"]) == pytest.approx(60)
    assert numbers["rectangular"] == pytest.approx(1.0, abs=0.01)
    assert np.exp(numbers["elongated"]) == pytest.approx(10 / 6, abs=0.01)
    assert numbers["is_step"] == 1
    assert numbers["bright_inside"] - numbers["bright_before"] == pytest.approx(0.2, abs=0.01)
    assert numbers["bright_after"] == numbers["bright_before"]  # a step has no after
    assert numbers["contrast_inside"] == pytest.approx(0.2, abs=0.01)
    assert numbers["contrast_before"] < 0.01
    assert numbers["sharp"] == pytest.approx(1.0, abs=0.05)
    assert numbers["fit"] > 0.9
    assert numbers["edge"] == pytest.approx(0.0, abs=0.05)
    assert numbers["surroundings"] == pytest.approx(0.0, abs=0.05)


def test_a_shadow_falls_towards_the_pole() -> None:
    shadow = (slice(3, 5), slice(5, 15), 20, LOOKS, -0.1)
    stack = stack_with(HALL, shadow)
    north = measured(patch_of(HALL), stack, quiet_spells())
    south = measured(patch_of(HALL), replace(stack, latitude=-50.0), quiet_spells())
    assert north["poleward"] == pytest.approx(-0.1, abs=0.01)
    assert north["shade"] == pytest.approx(-0.1, abs=0.01)
    assert south["shade"] == pytest.approx(0.1, abs=0.01)
    assert north["darkest"] == pytest.approx(-0.1, abs=0.01)


def test_cleared_ground_is_not_mixed_with_the_roof_that_comes_upon_it() -> None:
    soil = (HALL[0], HALL[1], 20, 35, 0.1)
    roof = (HALL[0], HALL[1], 35, LOOKS, 0.3)
    stack = stack_with(soil, roof)
    quiet = quiet_spells()
    start, end = (np.full((SIZE * SIZE, 2), -1, dtype=np.int32) for _ in range(2))
    pixels = patch_of(HALL).pixels
    start[pixels], end[pixels] = (20, 35), (LOOKS, LOOKS)
    spells = replace(quiet, start=start, end=end)
    clearing = measured(patch_of(HALL), stack, spells)
    assert clearing["bright_before"] == pytest.approx(0.2, abs=0.01)
    assert clearing["bright_inside"] == pytest.approx(0.3, abs=0.01)
    roofing = measured(patch_of((*HALL[:2], 35, LOOKS, 0.3)), stack, spells)
    assert roofing["bright_before"] == pytest.approx(0.3, abs=0.01)
    assert roofing["bright_inside"] == pytest.approx(0.5, abs=0.01)


def test_a_patch_is_set_beside_the_others_of_its_place() -> None:
    clearing, roof = patch_of((*HALL[:2], 20, LOOKS, 0.1)), patch_of((*HALL[:2], 35, LOOKS, 0.2))
    bay, far = patch_of((HALL[0], slice(16, 20), 40, LOOKS, 0.2)), patch_of(TENT)
    rows = context([clearing, roof, bay, far], DAYS, (SIZE, SIZE), np.array([0.1, 0.8, 0.5, 0.3]))
    at = {name: rows[:, i] for i, name in enumerate(CONTEXT)}
    assert at["later_best"].tolist() == [0.8, 0, 0, 0]
    assert at["earlier_best"].tolist() == [0, 0.1, 0, 0]
    assert at["later_alike"][0] == pytest.approx(1.0)
    assert np.expm1(at["later_days"][0]) == pytest.approx(15 * 8)
    assert at["place"] == pytest.approx([0.8, 0.1, 0.0, 0.0])
    assert at["works"][2] == pytest.approx(1 - 0.9 * 0.2)  # the bay lies beside both
    assert at["works"][3] == 0
    assert at["opposite_best"].max() == 0


def test_a_patch_that_no_look_saw_on_one_side_is_not_described() -> None:
    stack = stack_with(HALL)
    stack.valid[:, 20:] = False
    found, _ = describe([patch_of(TENT), patch_of(HALL)], stack, quiet_spells())
    assert found.tolist() == [False, False]


def test_a_change_just_before_that_hides_all_looks_between_does_not_hide_the_patch() -> None:
    hall = (slice(10, 16), slice(10, 16), 30, LOOKS, 0.2)
    later = (*hall[:2], 50, LOOKS, 0.3)
    stack, pixels = stack_with(hall, later), pixels_of(*hall[:2])
    stack.valid[:, 22:30] = False
    quiet = quiet_spells()
    start, end = (np.full((SIZE * SIZE, 3), -1, dtype=np.int32) for _ in range(2))
    start[pixels], end[pixels] = (30, 14, 50), (LOOKS, 22, LOOKS)
    told = measured(patch_of(hall), stack, replace(quiet, start=start, end=end))
    # What comes later is not mixed in for that.
    assert told["bright_inside"] - told["bright_before"] == pytest.approx(0.2, abs=0.02)


def test_a_patch_at_the_edge_of_the_picture_is_measured_against_what_lies_within() -> None:
    corner = (slice(0, 4), slice(0, 6), 20, LOOKS, 0.2)
    opposite = (slice(SIZE - 3, SIZE), slice(SIZE - 3, SIZE), 20, LOOKS, 0.5)
    numbers = measured(patch_of(corner), stack_with(corner, opposite), quiet_spells())
    assert numbers["contrast_inside"] == pytest.approx(0.2, abs=0.01)
    assert numbers["darkest"] == pytest.approx(0.0, abs=0.01)


def test_fields_around_a_yard_do_not_hide_what_stands_in_it() -> None:
    rng = np.random.default_rng(1)
    stack = stack_with(TENT)
    cube = stack.values.reshape(SIZE, SIZE, LOOKS, 6)
    for first in range(0, LOOKS - 6, 6):  # above the yard fields are ploughed and grow, each row of pixels by itself
        cube[:16, :, first : first + 6] += rng.normal(0, 0.15, (16, 1, 1, 1)).astype(np.float32)
    found = {(len(p.pixels), p.start, p.end) for p in candidates(stack)[0]}
    assert (20, 30, 38) in found


@pytest.mark.parametrize("threads", [1, 2, 3, 100])
@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (37, 23)])
def test_scores_that_are_usual_are_the_same_on_any_number_of_cores(threads: int, shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(1).gamma(2.0, 2.0, shape).astype(np.float32)
    found = usual_around(picture, threads=threads)
    assert np.array_equal(found, ndimage.median_filter(picture, size=15, mode="nearest"))


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("looks", [1, 32, 70])
def test_images_are_turned_into_series_whatever_they_are_kept_in(kind: type, looks: int) -> None:
    images = np.random.default_rng(2).normal(0, 1, (looks, 3, 100)).astype(kind)
    images[0, 1, 5] = np.nan
    for given in (images, np.asfortranarray(images)):
        assert np.array_equal(by_pixel(given), np.nan_to_num(images, nan=0.0).transpose(2, 0, 1).astype(np.float32))


def test_brackets_come_from_looks_that_saw_the_footprint() -> None:
    stack = stack_with(TENT, noise=0.03)
    rough = patch_of((TENT[0], TENT[1], 28, 40, 0.15))  # dates two looks off
    [(began, ended)] = edges([rough], stack)
    assert began is not None
    assert ended is not None
    assert (began.after, began.by, ended.after, ended.by) == (29, 30, 37, 38)
    stack.valid[rough.pixels, 29] = False  # the last look without it is hidden
    [(began, _)] = edges([rough], stack)
    assert began is not None
    assert (began.after, began.by) == (28, 30)


def test_edges_shadows_and_yards_of_one_event_are_told_once() -> None:
    hall = patch_of(HALL)
    shadow = patch_of((slice(11, 13), slice(5, 15), 20, LOOKS, -0.1))
    later = patch_of((slice(5, 11), slice(5, 15), 40, LOOKS, 0.1))
    tent = patch_of(TENT)
    pairs = repeats([hall, shadow, later, tent], DAYS, (SIZE, SIZE))
    assert (0, 1) in {tuple(p) for p in pairs.tolist()}
    assert distinct([hall, shadow, later, tent], np.array([0.9, 0.6, 0.7, 0.5]), pairs).tolist() == [
        True,
        False,
        True,
        True,
    ]
    assert repeats([], DAYS, (SIZE, SIZE)).shape == (0, 2)


def test_a_neighbour_of_its_own_size_that_came_weeks_later_is_a_building_of_its_own() -> None:
    def apart(looks: int, width: int) -> bool:
        one = patch_of((slice(5, 10), slice(5, 10), 20, LOOKS, 0.1))
        beside = patch_of((slice(5, 10), slice(10, 10 + width), 20 + looks, LOOKS, 0.1))
        pairs = repeats([one, beside], DAYS, (SIZE, SIZE))
        return bool(distinct([one, beside], np.array([0.9, 0.8]), pairs).all())

    near, weeks = (int(np.argmax(DAYS - DAYS[20] > days)) - 20 for days in (0, 60))
    assert DAYS[20 + weeks] - DAYS[20] < 120
    assert apart(weeks, width=4)
    assert not apart(near, width=4)  # its shadow
    assert not apart(weeks, width=2)  # what was paved along its wall


def test_a_row_of_halls_is_told_apart_where_more_of_them_are_to_be_expected_true_than_of_the_whole() -> None:
    row = [patch_of((slice(5, 10), slice(5 + 6 * i, 11 + 6 * i), 10 + 6 * i, LOOKS, 0.2)) for i in range(3)]
    whole = replace(patch_of((slice(5, 10), slice(5, 23), 10, LOOKS, 0.2)), compound=True)
    pairs = repeats([*row, whole], DAYS, (SIZE, SIZE))

    def kept(halls: float, together: float) -> list[bool]:
        return distinct([*row, whole], np.array([halls] * 3 + [together]), pairs).tolist()

    assert kept(0.5, 0.8) == [True, True, True, False]
    assert kept(0.2, 0.8) == [False, False, False, True]
    grown = replace(whole, compound=False)  # one patch with one date is one thing
    assert distinct([*row, grown], np.array([0.5] * 3 + [0.8]), pairs).tolist() == [False, False, False, True]


BANDS = [("red", "green", "blue"), ("blue", "green", "red", "nir", "swir16", "swir22")]


@pytest.mark.parametrize("bands", BANDS)
def test_a_step_played_backwards_gives_the_opposite_answer_and_a_spell_the_same(bands: tuple[str, ...]) -> None:
    judge = verifier(bands)
    rng = np.random.default_rng(5)
    n = len(SIDES)
    first = FEATURES.index(f"{SIDES[0]}_inside")
    inside, before, after = (slice(first + k * n, first + (k + 1) * n) for k in range(3))
    features = rng.normal(0.3, 0.3, (200, len(FEATURES)))
    features[:, FEATURES.index("is_step")] = 0.0
    backwards = features.copy()
    backwards[:, before], backwards[:, after] = features[:, after], features[:, before]
    assert np.array_equal(mirrored(direction_terms(features)), direction_terms(backwards))
    assert np.array_equal(stands_inside(judge.direction, features), stands_inside(judge.direction, backwards))
    features[:, FEATURES.index("is_step")] = 1.0
    features[:, after] = features[:, before]
    backwards = features.copy()
    backwards[:, inside], backwards[:, before] = features[:, before], features[:, inside]
    backwards[:, after] = backwards[:, before]
    for name in SIGNED:
        backwards[:, FEATURES.index(name)] *= -1
    assert np.array_equal(mirrored(direction_terms(features)), direction_terms(backwards))
    assert (stands_inside(judge.direction, features) != stands_inside(judge.direction, backwards)).all()


@pytest.mark.parametrize("bands", BANDS)
def test_the_budget_is_monotone_and_probabilities_are_probabilities(bands: tuple[str, ...]) -> None:
    judge = verifier(bands)
    limits = [judge.threshold(false_alarms=n, pixels=10_000) for n in (0.1, 0.5, 1, 2, 5, 10)]
    assert limits == sorted(limits, reverse=True)
    assert judge.threshold(false_alarms=1, pixels=40_000) >= judge.threshold(false_alarms=1, pixels=10_000)
    features = np.random.default_rng(6).normal(0, 1, (2, len(FEATURES)))
    pair = [patch_of(HALL), patch_of(TENT)]
    p = judge.in_place(judge.by_itself(features), features, pair, DAYS, (SIZE, SIZE)).probability
    assert ((p >= 0) & (p <= 1)).all()


@pytest.mark.parametrize("bands", BANDS)
def test_what_is_torn_down_is_as_probable_as_it_would_be_built_in_backward_time(bands: tuple[str, ...]) -> None:
    judge = verifier(bands)
    rng = np.random.default_rng(7)
    n = len(SIDES)
    first = FEATURES.index(f"{SIDES[0]}_inside")
    inside, before, after = (slice(first + k * n, first + (k + 1) * n) for k in range(3))
    features = rng.normal(0.3, 0.3, (50, len(FEATURES)))
    features[:, FEATURES.index("is_step")] = 1.0
    features[:, after] = features[:, before]
    backwards = features.copy()
    backwards[:, inside], backwards[:, before] = features[:, before], features[:, inside]
    backwards[:, after] = backwards[:, before]
    for name in SIGNED:
        backwards[:, FEATURES.index(name)] *= -1
    looks, outside = FEATURES.index("log_looks"), FEATURES.index("log_looks_outside")
    backwards[:, [looks, outside]] = features[:, [outside, looks]]
    standing = stands_inside(judge.direction, features)
    forward_terms = verification_terms(features, standing)
    assert np.allclose(forward_terms, verification_terms(backwards, ~standing))
    around = rng.normal(0, 1, (50, len(CONTEXT)))
    swapped = around.copy()
    for name in ("best", "days", "size", "alike"):
        early, late = CONTEXT.index(f"earlier_{name}"), CONTEXT.index(f"later_{name}")
        swapped[:, [early, late]] = around[:, [late, early]]
    assert np.array_equal(context_terms(around, features, standing), context_terms(swapped, backwards, ~standing))


def test_two_looks_show_what_was_built_between_them_and_no_shift_of_half_a_pixel() -> None:
    rng = np.random.default_rng(8)
    ground = np.repeat(np.repeat(rng.uniform(0.1, 0.3, (8, 8, 6)), 8, axis=0), 8, axis=1)  # fields of eight pixels
    first = ground + rng.normal(0, 0.005, ground.shape)
    moved = (ground + ground[:, [0, *range(63)]]) / 2  # registered half a pixel off, and brighter
    second = 1.1 * moved + 0.01 + rng.normal(0, 0.005, ground.shape)
    second[20:26, 30:38] = 0.6
    values = np.stack([first, second], axis=2).reshape(-1, 2, 6).astype(np.float32)
    stack = Stack(
        values=values,
        valid=np.ones((64 * 64, 2), dtype=bool),
        days=np.array([0.0, 200.0]),
        shape=(64, 64),
        bands=("blue", "green", "red", "nir", "swir16", "swir22"),
    )
    (patch,), features = pair_candidates(stack)
    hall = (np.arange(20, 26)[:, None] * 64 + np.arange(30, 38)).ravel()
    assert len(np.intersect1d(patch.pixels, hall)) >= 0.8 * len(np.union1d(patch.pixels, hall))
    assert np.isfinite(features).all()


def test_half_of_three_pixels_is_two() -> None:
    values = np.zeros((3, 4, 1), dtype=np.float32)
    valid = np.array([[True, True, True, False], [False, True, True, False], [False, False, True, False]])
    assert _series(values, valid, np.arange(3))[1].tolist() == [False, True, True, False]


def test_what_goes_on_at_the_end_of_a_record_is_no_date_of_its_neighbours() -> None:
    stands = np.full((9, 1), 10, dtype=np.int32)
    goes_on = np.full((9, 1), 100, dtype=np.int32)
    assert _neighbouring_dates(np.arange(9), 50, 60, stands, goes_on, 100) == (12, 100)
    assert _neighbouring_dates(np.arange(9), 50, 60, stands, goes_on - 20, 100) == (12, 78)


def test_of_a_few_looks_the_farthest_that_see_much_are_compared() -> None:
    valid, when = np.ones((4, 100), dtype=bool), np.array([0, 3, 6, 400])
    assert farthest_pair(valid, when) == (0, 3)
    valid[:2, 90:], valid[3, :9] = False, False
    assert farthest_pair(valid, when) == (2, 3)  # days count, not looks between
    valid[3, :60] = False
    assert farthest_pair(valid, when) == (0, 2)


def test_two_looks_that_see_no_ground_together_show_nothing() -> None:
    valid = np.zeros((2, 8, 8), dtype=bool)
    valid[0, :4], valid[1, 4:] = True, True
    cube = xr.Dataset(
        {
            "reflectance": (("time", "band", "y", "x"), np.full((2, 3, 8, 8), 0.2, dtype=np.float32)),
            "valid": (("time", "y", "x"), valid),
        },
        coords={
            "time": np.array(["2024-01-01", "2024-06-01"], dtype="datetime64[ns]"),
            "band": ["red", "green", "blue"],
        },
    )
    assert compare_pair(cube, false_alarms=1.0, inside=np.ones((8, 8), dtype=bool)) == []
