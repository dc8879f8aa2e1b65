"""Stretches taken out, and cloud that no mask told of."""

from __future__ import annotations

import numpy as np
import pytest

from sitewatch.cube._normalise import normalise
from sitewatch.cube._screen import screen


@pytest.fixture
def ground() -> np.ndarray:
    return np.random.default_rng(1).uniform(0.1, 0.6, (1, 3, 60, 60)).astype(np.float32)


def test_a_stretch_is_taken_back_even_under_a_third_of_cloud(ground: np.ndarray) -> None:
    gains, offsets = [1.0, 1.3, 0.7, 1.0, 0.9, 1.1, 1.0], [0.0, -0.1, 0.1, 0.02, 0.0, -0.03, 0.0]
    values = np.concatenate([ground * g + o for g, o in zip(gains, offsets, strict=True)]).astype(np.float32)
    values[1, :, :20] = 1.0  # a third of the second look is cloud
    made = normalise(values, np.ones((7, 60, 60), dtype=bool))
    clear = made[:, :, 20:] - np.median(made[:, :, 20:], axis=0)
    assert np.abs(clear).max() < 0.01
    assert made[1, :, :20].min() > ground.max()  # cloud stays brighter than any ground


def test_a_look_with_nothing_in_common_is_left_alone(ground: np.ndarray) -> None:
    values = np.concatenate([ground] * 5)
    values[2] = 0.95  # all cloud: no line can be fitted to one value
    assert (normalise(values, np.ones((5, 60, 60), dtype=bool))[2] == np.float32(0.95)).all()


def series(*levels: float) -> np.ndarray:
    return np.array(levels, dtype=np.float32)[:, None, None]


@pytest.mark.parametrize(
    ("levels", "screened"),
    [
        ([0.2, 0.2, 0.9, 0.2, 0.2, 0.2], [2]),
        ([0.2, 0.2, 0.9, 0.9, 0.2, 0.2, 0.2], [2, 3]),
        ([0.2, 0.2, 0.2, 0.9, 0.9, 0.9, 0.2, 0.2, 0.2], []),  # three looks: it stood
        ([0.4, 0.4, 0.4, 0.4, 0.05, 0.4, 0.4], [4]),  # shadow
        ([0.2, 0.2, 0.2, 0.7, 0.7, 0.7, 0.7], []),  # something new
        ([0.2, 0.9, 0.2, 0.2], []),  # too few looks to say
    ],
)
def test_the_screen_takes_what_comes_and_goes_within_two_looks(levels: list[float], screened: list[int]) -> None:
    values = series(*levels)
    flags = screen(values, np.ones_like(values, dtype=bool))
    assert np.flatnonzero(flags[:, 0, 0]).tolist() == screened


def test_the_screen_looks_only_at_what_was_seen() -> None:
    values = series(0.2, 0.2, 0.9, 0.2, 0.2, 0.2, 0.2)
    seen = np.ones_like(values, dtype=bool)
    seen[2] = False
    assert not screen(values, seen).any()
