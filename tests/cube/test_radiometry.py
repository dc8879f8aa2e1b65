"""The thousand that some looks carry and others do not."""

from __future__ import annotations

import numpy as np
import pytest

from sitewatch.cube._radiometry import STEP, missing_constant
from sitewatch.simulate import Recipe, simulate


@pytest.fixture(scope="module")
def record() -> tuple[np.ndarray, np.ndarray]:
    """(time, band, y, x) reflectance and (time, y, x) what the scenes' own mask calls clear; winters have snow."""
    world = simulate(Recipe(seed=31, size=96, looks=70, years=2.0, climate="continental"))
    raw = np.stack([world.render(number) for number in range(len(world.scenes))])
    values = raw[:, :6].astype(np.float32) * 1e-4 - 0.1
    return np.where(raw[:, :1] == 0, np.float32(np.nan), values), np.isin(raw[:, 6], (4, 5, 6, 7))


def plain(seen: np.ndarray) -> np.ndarray:
    return seen.reshape(len(seen), -1).mean(axis=1) > 0.3


def test_a_record_without_a_step_is_left_alone(record: tuple[np.ndarray, np.ndarray]) -> None:
    assert not missing_constant(*record).any()


def test_a_change_of_illumination_is_no_step(record: tuple[np.ndarray, np.ndarray]) -> None:
    values, seen = record[0].copy(), record[1]
    values[len(values) // 2 :] *= 0.8
    assert not missing_constant(values, seen).any()


@pytest.mark.parametrize("kind", ["later half", "every other", "earlier tenth"])
def test_a_forgotten_offset_is_taken_off_where_it_is(record: tuple[np.ndarray, np.ndarray], kind: str) -> None:
    values, seen = record
    number = np.arange(len(values))
    carries = {
        "later half": number >= len(values) // 2,
        "every other": number % 2 == 1,
        "earlier tenth": number < len(values) // 10,
    }[kind]
    add = missing_constant(values + np.where(carries, np.float32(STEP), np.float32(0))[:, None, None, None], seen)
    right = add == np.where(carries, np.float32(-STEP), np.float32(0))
    assert right[plain(seen)].mean() > 0.95


@pytest.mark.parametrize("share", [0.5, 1.0], ids=["half", "all"])
def test_an_offset_taken_off_twice_is_given_back(record: tuple[np.ndarray, np.ndarray], share: float) -> None:
    values, seen = record
    lowered = np.arange(len(values)) < share * len(values)
    add = missing_constant(values - np.where(lowered, np.float32(STEP), np.float32(0))[:, None, None, None], seen)
    right = add == np.where(lowered, np.float32(STEP), np.float32(0))
    assert right[plain(seen)].mean() > 0.95


def test_few_looks_or_nothing_seen_tell_nothing() -> None:
    values = np.full((1, 6, 30, 30), 0.2, dtype=np.float32)
    assert not missing_constant(values, np.ones((1, 30, 30), dtype=bool)).any()
    assert not missing_constant(np.repeat(values, 5, axis=0), np.zeros((5, 30, 30), dtype=bool)).any()
