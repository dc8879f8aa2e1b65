"""Screenshots of a map service: cropped and zoomed differently, with a logo, a scale bar and a date drawn over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from PIL import Image, ImageDraw


@dataclass(frozen=True, kw_only=True)
class Screen:
    """A screenshot, and what is true of it."""

    path: Path
    to_frame: Affine
    """From its pixels to those of the frame it was made of, corners from corners."""
    drawn: NDArray[np.bool_]
    """(y, x), True where something was drawn over the ground."""


def screenshots(
    frames: Mapping[str, NDArray[np.uint8]],
    folder: Path,
    *,
    seed: int = 0,
    zoom: tuple[float, float] = (0.8, 1.6),
    crop: int = 20,
    suffix: str = ".png",
) -> dict[str, Screen]:
    """Take a screenshot of every frame, (red/green/blue, y, x), by its date.

    Each side is cropped by up to `crop` pixels of its own, and the rest is zoomed. What is drawn keeps to the corners
    of the screen: a logo at the lower left, a scale bar at the lower right, the date at the upper left.
    """
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    made = {}
    for date, frame in frames.items():
        height, width = frame.shape[1:]
        left, top, right, bottom = rng.uniform(0, crop, 4) if crop else np.zeros(4)
        factor = rng.uniform(*zoom)
        size = int((width - left - right) * factor), int((height - top - bottom) * factor)
        box = (left, top, left + size[0] / factor, top + size[1] / factor)
        ground = Image.fromarray(np.moveaxis(frame, 0, -1)).resize(size, Image.Resampling.BICUBIC, box=box)
        picture = ground.copy()
        _draw(picture, date)
        path = folder / f"{date}{suffix}"
        picture.save(path, **({} if suffix == ".png" else {"quality": 90}))
        drawn = np.asarray(picture) != np.asarray(ground)
        made[date] = Screen(
            path=path,
            to_frame=Affine(1 / factor, 0, left, 0, 1 / factor, top),
            drawn=drawn.any(axis=-1),
        )
    return made


def _draw(picture: Image.Image, date: str) -> None:
    pen = ImageDraw.Draw(picture)
    width, height = picture.size
    pen.rectangle((6, height - 20, 42, height - 6), fill=(20, 40, 120))
    pen.text((10, height - 18), "MAPS", fill=(255, 255, 255))
    pen.line((width - 56, height - 8, width - 8, height - 8), fill=(255, 255, 255), width=2)
    pen.text((width - 50, height - 22), "500 m", fill=(255, 255, 255))
    pen.text((6, 4), date, fill=(255, 255, 0))
