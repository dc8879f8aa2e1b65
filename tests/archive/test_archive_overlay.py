"""What is drawn over pictures, told from the ground beneath it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from fake_screens import screenshots
from sitewatch.archive._overlay import LEAST_PICTURES, at_rim, find_overlays


def frames(count: int, size: int = 150) -> dict[str, NDArray[np.uint8]]:
    """Pictures of one place under changing light."""
    rng = np.random.default_rng(1)
    base = sum(gaussian_filter(rng.normal(size=(3, size, size)), (0, s, s)) * s for s in (1, 3, 6))
    made = {}
    for number in range(count):
        light = 110 + 25 * rng.normal() + (30 + 8 * rng.normal()) * base + rng.normal(0, 4, base.shape)
        made[f"2020-{1 + number // 28:02d}-{1 + number % 28:02d}"] = np.clip(light, 0, 250).astype(np.uint8)
    return made


def masks_of(pictures: list[NDArray[np.uint8]]) -> dict[int, NDArray[np.bool_]]:
    return find_overlays([p.shape[1:] for p in pictures], lambda i: pictures[i], range(len(pictures)))


def load(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.moveaxis(np.asarray(image.convert("RGB")), -1, 0)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize(("crop", "zoom"), [(20, (0.8, 1.6)), (0, (1.2, 1.2000001))], ids=["moving", "cut alike"])
def test_logo_scale_bar_and_date_are_found(
    tmp_path: Path, *, crop: int, zoom: tuple[float, float], suffix: str
) -> None:
    screens = list(screenshots(frames(24), tmp_path, crop=crop, zoom=zoom, suffix=suffix).values())
    for mask, screen in zip(masks_of([load(s.path) for s in screens]).values(), screens, strict=True):
        drawn = screen.drawn
        if suffix == ".jpg":  # compression changes a little of everything
            continue
        assert mask[drawn].mean() > 0.8
        assert mask[~drawn].mean() < 0.08
    assert all(0.01 < m.mean() < 0.15 for m in masks_of([load(s.path) for s in screens]).values())


def test_ground_alone_is_no_overlay() -> None:
    assert not any(mask.any() for mask in masks_of(list(frames(20).values())).values())


def test_pictures_that_are_all_the_same_tell_nothing() -> None:
    same = next(iter(frames(1).values()))
    assert not any(mask.any() for mask in masks_of([same] * 10).values())


def test_few_pictures_tell_nothing(tmp_path: Path) -> None:
    screens = screenshots(frames(LEAST_PICTURES - 1), tmp_path)
    assert not any(mask.any() for mask in masks_of([load(s.path) for s in screens.values()]).values())


def test_of_pictures_cut_alike_only_the_rim_is_believed() -> None:
    mask = np.zeros((100, 100), dtype=bool)
    mask[2:10, 5:40] = mask[45:55, 45:55] = True
    kept = at_rim(mask)
    assert kept[2:10, 5:40].all()
    assert kept.sum() == 8 * 35
