"""Laying one picture on another: against similarities that are known because the pictures were made with them."""

from __future__ import annotations

import cmath

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from sitewatch.archive._similarity import Fit, Shade, Similarity, find, warp

WATCHED = np.array([40 + 40j, 110 + 40j, 110 + 110j, 40 + 110j])


def ground(seed: int, size: int = 150) -> Shade:
    """Ground with things of all sizes on it, as towns have."""
    rng = np.random.default_rng(seed)
    grey = sum(gaussian_filter(rng.normal(size=(size, size)), s) * s for s in (1, 2.5, 6))
    return Shade(grey=(100 + 30 * grey).astype(np.float32), seen=np.ones((size, size), dtype=bool))


def picture_of(shade: Shade, truth: Similarity, shape: tuple[int, int]) -> Shade:
    """The picture that a similarity, from the ground's pixels to the picture's, makes of the ground."""
    back = Similarity(scale=1 / truth.scale, shift=-truth.shift / truth.scale)
    return warp(shade, back, shape)


def noisy(shade: Shade, seed: int) -> Shade:
    """The same with other light, haze and noise."""
    rng = np.random.default_rng(seed)
    height, width = shade.grey.shape
    haze = np.linspace(0, 40, width)[None, :] + np.zeros((height, 1))
    return Shade(
        grey=(0.6 * shade.grey + haze + rng.normal(0, 3, shade.grey.shape)).astype(np.float32), seen=shade.seen
    )


def error(fit: Fit | None, truth: Similarity) -> float:
    """How far off the watched points are at most, pixels of the ground."""
    assert fit is not None
    return float(np.abs(fit.similarity(WATCHED) - truth(WATCHED)).max() / abs(truth.scale))


@pytest.mark.parametrize("scale", [0.5, 0.8, 1.3, 2.4])
@pytest.mark.parametrize("degrees", [0.0, 2.0])
def test_a_picture_is_laid_where_it_was_taken(*, scale: float, degrees: float) -> None:
    truth = Similarity(scale=cmath.rect(scale, np.radians(degrees)), shift=-scale * complex(21.3, 12.8))
    shape = (int(120 * scale), int(110 * scale))
    fit = find(noisy(picture_of(ground(1), truth, shape), 2), ground(1), (0.3, 4.0), WATCHED)
    assert error(fit, truth) < 0.1 / min(1, scale)
    assert fit is not None
    assert fit.sigma < 0.1
    assert fit.strength > 3 * fit.rival


def test_cloud_and_changed_ground_do_not_drag_it() -> None:
    truth = Similarity(scale=1.2 + 0j, shift=-10 - 14j)
    picture = noisy(picture_of(ground(1), truth, (150, 150)), 2)
    rng = np.random.default_rng(3)
    cloud = gaussian_filter(rng.normal(size=(150, 150)), 14)
    grey = np.where(cloud > np.quantile(cloud, 0.65), np.float32(240), picture.grey)
    grey[60:90, 60:100] = 20
    fit = find(Shade(grey=grey, seen=picture.seen), ground(1), (0.4, 4.0), WATCHED)
    assert error(fit, truth) < 0.3


def test_what_is_hidden_counts_for_nothing() -> None:
    truth = Similarity(scale=1.2 + 0j, shift=-10 - 14j)
    picture = picture_of(ground(1), truth, (150, 150))
    hidden = picture.seen.copy()
    hidden[:60, :60] = False
    covered = Shade(grey=np.where(hidden, picture.grey, np.float32(0)), seen=hidden)
    assert error(find(covered, ground(1), (0.4, 4.0), WATCHED), truth) < 0.1


def test_another_place_is_no_stronger_than_chance() -> None:
    fits = [find(ground(seed, 140), ground(1), (0.4, 4.0), WATCHED) for seed in (5, 6, 7)]
    assert all(fit is None or fit.strength < 36 for fit in fits)


def test_a_grid_of_smaller_pixels_has_the_same_map() -> None:
    similarity = Similarity(scale=cmath.rect(1.3, 0.02), shift=4 - 7j)
    assert similarity.from_coarser(2.5).from_finer(2.5).shift == pytest.approx(similarity.shift)
    # The middle of the first of 3 x 3 pixels is the middle of the second small one.
    at: NDArray[np.complex128] = np.array([0j])
    assert similarity.from_coarser(3)(at) == pytest.approx(similarity(at + 1 + 1j))
    assert similarity.to_finer(3)(at) == pytest.approx(3 * similarity(at) + 1 + 1j)
