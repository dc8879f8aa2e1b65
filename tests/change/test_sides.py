"""Which of two states was the standing one, told by all spells of one ground."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sitewatch.change._objects import Patch
from sitewatch.change._sides import agreed

ROOF = np.array([0.2, 0.2, 0.2, 0.1, 0.1, 0.1], dtype=np.float32)


def patch(first: int, size: int = 20, *, change: np.ndarray = ROOF) -> Patch:
    return Patch(
        pixels=np.arange(first, first + size),
        start=10,
        end=20,
        score=40.0,
        delta=change,
        spread=0.1,
        scatter=0.0,
        common=0.0,
        usual=1.0,
    )


def test_the_surer_patches_of_one_ground_decide() -> None:
    spells = [patch(0), patch(2), patch(1, change=1.2 * ROOF)]
    assert agreed(np.array([2.0, -0.5, 1.0]), spells).tolist() == [True, True, True]
    assert agreed(np.array([-2.0, 0.5, 1.0]), spells).tolist() == [False, False, False]


def test_gaps_are_the_other_state() -> None:
    told = [patch(0), patch(0, change=-ROOF), patch(1, change=-ROOF)]
    assert agreed(np.array([2.5, 1.0, 1.0]), told).tolist() == [True, False, False]
    assert agreed(np.array([1.0, 1.0, 1.0]), told).tolist() == [False, True, True]


def test_no_single_patch_outvotes_many() -> None:
    assert agreed(np.array([50.0, -1.2, -1.2, -1.2]), [patch(0)] * 4).tolist() == [False] * 4


def test_other_ground_other_strength_or_another_colour_has_no_vote() -> None:
    one = patch(0)
    colour = np.array([-0.2, 0.2, -0.2, 0.1, -0.1, 0.1], dtype=np.float32)
    for other in (patch(11), patch(0, change=0.5 * ROOF), patch(0, change=colour), replace(one, pixels=np.arange(300))):
        assert agreed(np.array([1.0, -3.0]), [one, other]).tolist() == [True, False]
    assert agreed(np.zeros(0), []).shape == (0,)
