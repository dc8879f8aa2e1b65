"""What a patch looks like in its spell and outside it: the evidence for which of the two is the standing one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage
from shapely.geometry import MultiPoint

from sitewatch.change._objects import Patch
from sitewatch.change._scan import Spells

__all__ = ["FEATURES", "SIDES", "Stack", "describe"]

_RING = 3
"""Width of the surroundings that a patch is compared with, pixels, after a gap of one for mixed pixels."""

_MIN_QUIET = 12
"""Fewer quiet pixels around say too little."""
_SAME_DATE_DAYS = 60.0

SIDES = ("bright", "contrast", "local_contrast", "texture", "vegetation", "built", "white", "restless")
"""What is measured on each side of a change, `_inside` the spell and `_outside` it, see `_side`."""

FEATURES = (
    "log_pixels",
    "log_score",
    "rectangular",
    "elongated",
    "compact",
    "spread",
    "amplitude",
    "sharp",
    "surroundings",
    "shared",
    "log_days",
    "log_looks",
    "is_step",
    *(f"{side}_inside" for side in SIDES),
    *(f"{side}_outside" for side in SIDES),
)
"""Names of the numbers that `describe` gives, in its order."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A cube as the change room works on it."""

    values: NDArray[np.float32]
    """(pixel, time, band), common mode taken out."""
    valid: NDArray[np.bool_]
    """(pixel, time), True = ground seen."""
    days: NDArray[np.float64]
    """(time,) capture times in days."""
    shape: tuple[int, int]
    """(y, x)."""
    bands: tuple[str, ...]
    dark: float = 0.0
    """Pictures: the value that was made 0."""
    span: float = 1.0
    """Pictures: the range of values that was made 1; picture value = dark + span * value."""

    def position(self, name: str) -> int | None:
        """Position of a band, None where the stack has no such band."""
        return self.bands.index(name) if name in self.bands else None


def describe(patch: Patch, stack: Stack, spells: Spells) -> NDArray[np.float64] | None:
    """Measure one patch.

    Its surroundings are the ground around it that did not change on its dates (one bay of a hall is not set beside the
    next one); where all of it did (a field, a shadow), all of it.

    Args:
        patch: the patch.
        stack: the cube it was found in.
        spells: of all its pixels.

    Returns:
        (len(FEATURES),) numbers, all finite; None where patch or surroundings were never seen on one of the sides.
        log_pixels, log_score: natural logarithms of pixel count and score. rectangular: share of the smallest rotated
        rectangle that is filled, 0-1. elongated: log of that rectangle's side ratio. compact: share of the convex hull
        that is filled. spread: unevenness of the change over the patch. amplitude: length of the spectral change.
        sharp: share of the change that happens between the three looks before and after its dates. surroundings: how
        much of the change the surroundings show, 1 = all. shared: share of the ring around that changed on its dates.
        log_days, log_looks: length of the spell. is_step: 1 where
        the spell reaches the last look. The rest: `SIDES`, inside the spell and outside it.
    """
    height, width = stack.shape
    rows, columns = patch.pixels // width, patch.pixels % width
    margin = _RING + 2
    top, left = max(0, rows.min() - margin), max(0, columns.min() - margin)
    bottom, right = min(height, rows.max() + margin + 1), min(width, columns.max() + margin + 1)
    footprint = np.zeros((bottom - top, right - left), dtype=bool)
    footprint[rows - top, columns - left] = True
    grown = ndimage.binary_dilation(footprint, np.ones((3, 3), dtype=bool))
    ring = ndimage.binary_dilation(grown, np.ones((3, 3), dtype=bool), iterations=_RING) & ~grown
    if not ring.any():
        return None
    local = (np.arange(top, bottom)[:, None] * width + np.arange(left, right)[None, :]).astype(np.int64)
    body = _Region(stack, local[footprint])
    neighbours = local[ring]
    everything = _Region(stack, neighbours)
    quiet = neighbours[~_change_with(patch, neighbours, spells, stack.days)]
    around = _Region(stack, quiet) if len(quiet) >= _MIN_QUIET else everything
    looks = np.arange(len(stack.days))
    inside = (looks >= patch.start) & (looks < patch.end)
    sides = [_side(body, around, looks_of_side, stack) for looks_of_side in (inside, ~inside)]
    if sides[0] is None or sides[1] is None:
        return None
    direction = patch.delta / max(float(np.linalg.norm(patch.delta)), 1e-6)
    change = float(np.linalg.norm(patch.delta))
    ring_change = float(np.nan_to_num((around.mean(inside) - around.mean(~inside)) @ direction))
    end = min(patch.end, len(looks) - 1)
    days = max(1.0, stack.days[end] - stack.days[patch.start])
    shape = _shape(rows, columns)
    return np.array(
        [
            np.log(len(rows)),
            np.log(max(patch.score, 1.0)),
            *shape,
            min(patch.spread, 3.0),
            change,
            _sharpness(body, patch, direction, change, len(looks)),
            np.clip(ring_change / max(change, 1e-6), -2.0, 2.0),
            1.0 - len(quiet) / len(neighbours),
            np.log(days),
            np.log(max(1, int(body.often_seen[inside].sum()))),
            float(patch.end >= len(looks)),
            *sides[0],
            *sides[1],
        ]
    )


def _change_with(
    patch: Patch, pixels: NDArray[np.int64], spells: Spells, days: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """(pixel,) True where a spell of the pixel begins or ends on a date of the patch."""
    dates = np.append(days, np.nan)  # a spell that lasts has no end
    own = dates[[patch.start, patch.end]]
    found = spells.start[pixels] >= 0
    ends = np.stack([dates[spells.start[pixels]], dates[spells.end[pixels]]], axis=-1)
    with np.errstate(invalid="ignore"):
        near = (np.abs(ends[..., None] - own) <= _SAME_DATE_DAYS).any(axis=(2, 3))
    return np.asarray((near & found).any(axis=1), dtype=bool)


class _Region:
    """A set of pixels and their means over looks."""

    def __init__(self, stack: Stack, pixels: NDArray[np.int64]) -> None:
        self.valid = stack.valid[pixels]
        self.values = stack.values[pixels]
        weight = self.valid[:, :, None]
        self.count = self.valid.sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            self.series = np.where(weight, self.values, 0).sum(axis=0) / self.count[:, None]
        self.often_seen = self.count >= max(1, len(pixels) // 2)
        """(time,) True where at least half of the region was seen."""

    def mean(self, looks: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(band,) mean level over the looks that saw most of the region; NaN where none did."""
        chosen = looks & self.often_seen
        if not chosen.any():
            return np.full(self.values.shape[2], np.nan)
        return np.asarray(self.series[chosen].mean(axis=0), dtype=np.float64)

    def picture(self, looks: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(pixel, band) mean of every pixel over the looks that saw it; NaN where none did."""
        weight = (self.valid & looks)[:, :, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(weight, self.values, 0).sum(axis=1) / weight.sum(axis=1)
        return np.asarray(mean, dtype=np.float64)


def _side(body: _Region, around: _Region, looks: NDArray[np.bool_], stack: Stack) -> tuple[float, ...] | None:
    """The `SIDES` on one side of a change.

    bright: mean of the visible bands. contrast: spectral distance between patch and surroundings. local_contrast: the
    same over the surroundings' own variety. texture: variety within the patch. vegetation: NDVI, or (green - red) /
    (green + red) where there is no near infrared. built: (swir16 - nir) / (swir16 + nir), 0 where these are missing.
    white: smallest over largest visible band. restless: standard deviation of brightness from look to look.
    """
    own, other = body.mean(looks), around.mean(looks)
    if not (np.isfinite(own).all() and np.isfinite(other).all()):
        return None
    visible = [i for name in ("red", "green", "blue") if (i := stack.position(name)) is not None]
    visible = visible or list(range(len(stack.bands)))
    ring = around.picture(looks)
    with np.errstate(invalid="ignore"):
        variety = float(np.nan_to_num(np.nanstd(ring[:, visible].mean(axis=1))))
        texture = float(np.nan_to_num(np.nanstd(body.picture(looks)[:, visible].mean(axis=1))))
    contrast = float(np.linalg.norm(own - other) / np.sqrt(len(own)))
    told = own * stack.span + stack.dark  # colours are those of the picture, not of its rescaled values
    shades = np.clip(told[visible], 0.005, None)
    series = body.series[looks & body.often_seen][:, visible].mean(axis=1)
    red, green, nir, swir = (stack.position(name) for name in ("red", "green", "nir", "swir16"))
    if nir is not None and red is not None:
        vegetation = _ratio(told[nir], told[red])
    elif green is not None and red is not None:
        vegetation = _ratio(told[green], told[red])
    else:
        vegetation = 0.0
    built = _ratio(told[swir], told[nir]) if swir is not None and nir is not None else 0.0
    return (
        float(own[visible].mean()),
        contrast,
        min(contrast / (variety + 0.01), 10.0),
        texture,
        vegetation,
        built,
        float(shades.min() / shades.max()),
        float(series.std()) if len(series) > 1 else 0.0,
    )


def _ratio(a: float, b: float) -> float:
    """Normalised difference, -1 to 1."""
    total = max(a, 0.0) + max(b, 0.0)
    return float(np.clip((a - b) / total, -1.0, 1.0)) if total > 1e-6 else 0.0


def _sharpness(body: _Region, patch: Patch, direction: NDArray[np.float32], change: float, looks: int) -> float:
    """Share of the change between the three seen looks before and after its dates, mean of both ends, 0 to 2."""
    seen = np.flatnonzero(body.often_seen)
    jumps = []
    for date, sign in ((patch.start, 1.0), (patch.end, -1.0)):
        before, after = seen[seen < date][-3:], seen[seen >= date][:3]
        if 0 < date < looks and len(before) and len(after):
            jump = (body.series[after].mean(axis=0) - body.series[before].mean(axis=0)) @ direction
            jumps.append(float(np.clip(sign * jump / max(change, 1e-6), -1.0, 2.0)))
    return float(np.mean(jumps)) if jumps else 0.0


def _shape(rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Sequence[float]:
    """(rectangular, elongated, compact) of the pixels taken as unit squares."""
    corners = np.concatenate([np.column_stack([columns + dx, rows + dy]) for dx in (0, 1) for dy in (0, 1)])
    points = MultiPoint(corners)
    rectangle = shapely.minimum_rotated_rectangle(points)
    x, y = shapely.get_coordinates(rectangle).T
    sides = sorted(np.hypot(np.diff(x), np.diff(y))[:2])
    return (
        float(len(rows) / max(rectangle.area, 1.0)),
        float(np.log(max(sides[1], 1.0) / max(sides[0], 1.0))),
        float(len(rows) / max(points.convex_hull.area, 1.0)),
    )
