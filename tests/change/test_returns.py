"""What else stood on a patch's ground, and its own dates."""

from __future__ import annotations

import numpy as np
import pytest

from sitewatch.change._dates import edges
from sitewatch.change._objects import Patch
from sitewatch.change._returns import own_dates, own_story, returns
from sitewatch.change._stack import Stack

SIZE, BANDS = 12, 6
DAYS = np.arange(0.0, 1095.0, 8.0)
LOOKS = len(DAYS)
GROUND = np.array([0.08, 0.10, 0.12, 0.25, 0.22, 0.16])
ROOF = np.array([0.30, 0.32, 0.34, 0.38, 0.36, 0.33])
PLACE = np.sort((np.arange(4, 7)[:, None] * SIZE + np.arange(4, 8)[None, :]).ravel())


def ground_with(*spells: tuple[int, int], seed: int = 0, cloud: float = 0.3) -> Stack:
    """Seasonal ground; on `PLACE` a roof stands in the spells (looks, the second one no longer)."""
    rng = np.random.default_rng(seed)
    season = 0.06 * np.sin(2 * np.pi * DAYS / 365.25)[:, None] * np.array([0.1, 0.3, 0.2, 1.0, 0.5, 0.3])
    values = np.tile(GROUND + season, (SIZE * SIZE, 1, 1))
    for first, last in spells:
        values[PLACE, first:last] = ROOF
    values = values + rng.normal(0, 0.015, values.shape)
    valid = np.tile(rng.random(LOOKS) >= cloud, (SIZE * SIZE, 1))
    return Stack(
        values=np.where(valid[:, :, None], values, 0).astype(np.float32),
        valid=valid,
        days=DAYS,
        shape=(SIZE, SIZE),
        bands=("blue", "green", "red", "nir", "swir16", "swir22"),
    )


def patch(first: int, last: int, *, sign: float = 1.0) -> Patch:
    return Patch(
        pixels=PLACE,
        start=first,
        end=last,
        score=40.0,
        delta=(sign * (ROOF - GROUND)).astype(np.float32),
        spread=0.1,
        scatter=0.0,
        common=0.0,
        usual=1.0,
    )


def seen(stack: Stack, look: int) -> int:
    """The first look from this one on that saw the ground."""
    return look + int(np.argmax(stack.valid[PLACE[0], look:]))


@pytest.mark.parametrize("seed", range(5))
def test_a_thing_that_came_three_times_is_found_from_one_of_them(seed: int) -> None:
    spells = ((20, 30), (60, 75), (110, 122))
    stack = ground_with(*spells, seed=seed)
    made, origin = returns([patch(60, 75)], [patch(60, 75)], stack)
    assert origin.tolist() == [0, 0]
    assert sorted((p.start, p.end) for p in made) == [
        (seen(stack, first), seen(stack, last)) for first, last in (spells[0], spells[2])
    ]
    assert all(np.allclose(p.delta, ROOF - GROUND, atol=0.05) for p in made)


@pytest.mark.parametrize("seed", range(5))
def test_what_stood_on_half_of_all_looks_is_found_from_one_spell(seed: int) -> None:
    """The other spells are no part of the ground that the one is set against."""
    spells = ((12, 22), (34, 44), (58, 72), (84, 96), (110, 124))
    stack = ground_with(*spells, seed=seed)
    known = patch(110, 124)
    made, _ = returns([known], [known], stack)
    assert sorted((p.start, p.end) for p in made) == [
        (seen(stack, first), seen(stack, last)) for first, last in spells[:-1]
    ]
    assert own_dates([known], stack) == [(seen(stack, 110), seen(stack, 124))]
    assert own_story([known], stack)[0, 1:].tolist() == [5, 1]


def test_two_looks_tell_a_gap_and_one_does_not() -> None:
    for gap, expected in ((1, [(60, 75)]), (2, [(60, 67), (69, 75)])):
        stack = ground_with((60, 67), (67 + gap, 75), cloud=0.0)
        made, _ = returns([patch(60, 75)], [], stack)
        assert sorted((p.start, p.end) for p in made) == expected


@pytest.mark.parametrize("looks", [1, 2, 3])
def test_a_record_does_not_begin_with_a_state_of_two_looks(looks: int) -> None:
    stack = ground_with((0, looks), (60, 75), cloud=0.0)
    known = patch(60, 75)
    made, _ = returns([known], [known], stack)
    assert [(p.start, p.end) for p in made] == ([(3, 60)] if looks == 3 else [])


@pytest.mark.parametrize("haze", [0.0, 0.08])
def test_a_record_may_begin_with_a_look_that_shows_the_plain_ground(haze: float) -> None:
    stack = ground_with((1, 20), cloud=0.0)
    stack.values[PLACE, 0] += np.float32(haze)
    [(began, ended)] = edges([patch(1, 20)], stack)
    assert ended is not None
    assert (ended.after, ended.by) == (19, 20)
    assert (began is None) == (haze > 0)
    if began is not None:
        assert (began.after, began.by) == (0, 1)


@pytest.mark.parametrize("seed", range(5))
def test_dates_that_single_pixels_got_wrong_are_put_right(seed: int) -> None:
    stack = ground_with((60, 75), seed=seed)
    assert own_dates([patch(62, 72)], stack) == [(seen(stack, 60), seen(stack, 75))]
    [(began, ended)] = edges([patch(62, 72)], stack)
    assert began is not None
    assert ended is not None
    assert began.by == seen(stack, 60)
    assert began.after < 60
    assert ended.by == seen(stack, 75)
    assert ended.after < 75


def test_dates_far_from_those_of_the_pixels_are_another_event() -> None:
    stack = ground_with((40, 80))
    # 80 days later: something happened there that only some pixels show.
    [(began, ended)] = edges([patch(50, 80)], stack)
    assert began is not None
    assert ended is not None
    assert began.by == seen(stack, 50)
    assert ended.by == seen(stack, 80)


def test_what_stood_when_the_record_began_is_told_by_its_absence() -> None:
    stack = ground_with((0, 25), (90, LOOKS))
    made, _ = returns([patch(90, LOOKS)], [patch(90, LOOKS)], stack)
    assert [(p.start, p.end) for p in made] == [(seen(stack, 25), seen(stack, 90))]
    assert np.allclose(made[0].delta, GROUND - ROOF, atol=0.05)


@pytest.mark.parametrize("seed", range(10))
def test_seasons_and_noise_bring_nothing_back(seed: int) -> None:
    stack = ground_with((60, 75), seed=seed)
    known = patch(seen(stack, 60), seen(stack, 75))
    made, _ = returns([known], [known], stack)
    assert not made


def test_what_is_known_is_not_told_twice() -> None:
    stack = ground_with((20, 30), (60, 75))
    known = [patch(60, 75), patch(seen(stack, 20), seen(stack, 30))]
    made, _ = returns(known, known, stack)
    assert not made


def test_nothing_is_made_of_nothing() -> None:
    stack = ground_with()
    made, origin = returns([], [], stack)
    assert made == []
    assert origin.shape == (0,)
    assert own_dates([patch(60, 75)], stack) == [None]


def test_ground_that_few_looks_saw_tells_nothing() -> None:
    stack = ground_with((60, 75), cloud=0.98)
    assert own_dates([patch(60, 75)], stack) == [None]


def test_the_ground_as_a_whole_bears_out_what_is_there_and_nothing_else() -> None:
    stack = ground_with((20, 30), (60, 75))
    right, shifted = patch(seen(stack, 20), seen(stack, 30)), patch(seen(stack, 20), seen(stack, 36))
    clarity, spells, dates = own_story([right, shifted], stack).T
    assert spells.tolist() == [2, 2]
    assert dates.tolist() == [1, 0]
    assert (clarity > 2).all()
    assert (own_story([patch(20, 30)], ground_with()) == 0).all()
