"""A restless place has to show more before something is claimed there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sitewatch.change import Kind
from sitewatch.change._dates import Edge
from sitewatch.change._describe import FEATURES
from sitewatch.change._detect import _judged
from sitewatch.change._objects import Patch
from sitewatch.change._restless import LARGE, weak_changes
from sitewatch.change._stack import Stack
from sitewatch.change._verify import Judged, Verifier, pair_verifier, verifier

SHAPE = (60, 60)
DAYS = np.arange(60) * 8.0
BANDS = [("blue", "green", "red", "nir", "swir16", "swir22"), ("blue", "green", "red")]


def patch_at(row: int, column: int, side: int = 3, start: int = 20, end: int = 60) -> Patch:
    rows, columns = np.mgrid[row : row + side, column : column + side]
    return Patch(
        pixels=np.sort((rows * SHAPE[1] + columns).ravel()),
        start=start,
        end=end,
        score=50.0,
        delta=np.full(6, 0.2, dtype=np.float32),
        spread=0.1,
        scatter=0.0,
        common=0.0,
        usual=1.0,
    )


def count(patches: list[Patch], probability: list[float], touching: list[bool] | None = None) -> int:
    touch = np.ones(len(patches), dtype=bool) if touching is None else np.array(touching)
    return weak_changes(patches, np.array(probability), DAYS, SHAPE, touch)


def test_only_what_is_hardly_believed_counts() -> None:
    apart = [patch_at(5, 5), patch_at(5, 25), patch_at(5, 45), patch_at(30, 5)]
    assert count(apart, [0.01, 0.02, 0.19, 0.2]) == 2
    assert count([], []) == 0


def test_what_does_not_touch_the_outline_does_not_count() -> None:
    assert count([patch_at(5, 5), patch_at(5, 25)], [0.1, 0.1], [True, False]) == 1


def test_an_event_told_twice_counts_once() -> None:
    hall = patch_at(20, 20, side=6)
    assert count([hall, patch_at(21, 21)], [0.15, 0.1]) == 1
    assert count([hall, replace(patch_at(21, 21), start=45)], [0.15, 0.1]) == 2  # 200 days later: another event


@pytest.mark.parametrize(("row", "counted"), [(20, 0), (25, 0), (27, 0), (28, 1), (40, 1)])
def test_parts_and_stages_of_what_is_believed_do_not_count(row: int, counted: int) -> None:
    hall = patch_at(20, 20, side=6)
    stage = replace(patch_at(row, 21), start=45)
    assert count([hall, stage], [0.8, 0.1]) == counted
    assert count([hall, stage], [0.25, 0.1]) == 1  # a hall that is not believed hides nothing


@pytest.mark.parametrize("bands", BANDS)
def test_a_restless_place_asks_for_more_and_a_quiet_one_for_no_less(bands: tuple[str, ...]) -> None:
    judge = verifier(bands)
    assert judge.false_per_weak is not None
    assert len(judge.false_per_weak) == len(judge.thresholds)
    assert (np.diff(judge.false_per_weak) >= 0).all()
    assert (np.diff(judge.false_per_weak[judge.thresholds >= 0.1]) > 0).all()
    limits = [judge.threshold(false_alarms=1, pixels=7_000, weak_a_year=n) for n in (0, 1, 20, 60, 200)]
    assert limits[0] == limits[1] == judge.threshold(false_alarms=1, pixels=7_000)
    assert limits == sorted(limits)
    assert limits[-1] > limits[0]
    # One weak change more or less decides little.
    every = [judge.threshold(false_alarms=1, pixels=7_000, weak_a_year=n) for n in range(200)]
    assert 0 <= np.diff(every).min() <= np.diff(every).max() < 0.05
    # Twice as many weak changes are twice as many false ones, however large the outline is.
    half = judge.threshold(false_alarms=1, pixels=7_000, weak_a_year=100)
    assert judge.threshold(false_alarms=2, pixels=7_000, weak_a_year=200) == pytest.approx(half)


@pytest.mark.parametrize("bands", BANDS)
def test_between_two_looks_nothing_is_said_of_a_place(bands: tuple[str, ...]) -> None:
    judge = pair_verifier(bands)
    assert judge.threshold(false_alarms=1, pixels=7_000, weak_a_year=500) == judge.threshold(
        false_alarms=1, pixels=7_000
    )


def claimed(patches: list[Patch], probability: list[float]) -> list[int]:
    """Sizes of what is claimed as a structure, one false one a year asked for."""
    stack = Stack(
        values=np.zeros((SHAPE[0] * SHAPE[1], len(DAYS), 6), dtype=np.float32),
        valid=np.ones((SHAPE[0] * SHAPE[1], len(DAYS)), dtype=bool),
        days=DAYS,
        shape=SHAPE,
        bands=BANDS[0],
    )
    changes = _judged(
        patches,
        np.zeros((len(patches), len(FEATURES))),
        Judged(standing_inside=np.ones(len(patches), dtype=bool), probability=np.array(probability)),
        stack,
        verifier(BANDS[0]),
        dated=lambda some: [(Edge(after=patch.start - 1, by=patch.start), None) for patch in some],
        false_alarms=1.0,
        inside=np.ones(SHAPE, dtype=bool),
    )
    return sorted(len(change.pixels) for change in changes if change.kind is Kind.STRUCTURE)


def test_among_many_weak_changes_small_things_are_not_claimed_and_large_ones_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Verifier, "in_place", lambda _, alone, *__: alone)
    small, large = patch_at(2, 2), patch_at(2, 12, side=8)
    assert len(small.pixels) <= LARGE < len(large.pixels)
    weak = [patch_at(row, column, side=2) for row in range(20, 58, 6) for column in range(2, 58, 6)]
    assert claimed([small, large], [0.3, 0.3]) == [9, 64]
    assert claimed([small, large, *weak], [0.3, 0.3] + [0.1] * len(weak)) == [64]
    assert claimed([small, large, *weak], [0.9, 0.3] + [0.1] * len(weak)) == [9, 64]
    assert claimed([small, large, *weak], [0.3, 0.3] + [0.01] * len(weak)) == [9, 64]
