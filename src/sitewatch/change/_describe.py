"""What a patch looks like before, in and after its spell: the evidence for what stood, and when."""

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

__all__ = ["FEATURES", "SIDES", "SIGNED", "Stack", "describe"]

_RING = 3
"""Width of the surroundings that a patch is compared with, pixels, after a gap of one for mixed pixels."""

_MIN_QUIET = 12
"""Fewer quiet pixels around say too little."""
_SAME_DATE_DAYS = 60.0

_OWN_LOOKS = 2
"""Dates of other spells this near to the patch's own, in looks, are its own."""

SIDES = (
    "bright",
    "contrast",
    "local_contrast",
    "texture",
    "vegetation",
    "built",
    "white",
    "warm",
    "restless",
    "seasonal",
    "green_around",
)
"""What is measured before, in and after a spell, see `_side`."""

SIGNED = ("shade", "poleward", "darkest")
"""Differences of the spell to its outside: they change their sign when the two are exchanged."""

FEATURES = (
    "log_pixels",
    "log_score",
    "rectangular",
    "elongated",
    "compact",
    "spread",
    "scatter",
    "amplitude",
    "sharp",
    "fit",
    "edge",
    "surroundings",
    "shared",
    "common",
    "restless_around",
    "seasonal_around",
    "log_days",
    "log_looks",
    "log_looks_outside",
    "is_step",
    *SIGNED,
    *(f"{side}_inside" for side in SIDES),
    *(f"{side}_before" for side in SIDES),
    *(f"{side}_after" for side in SIDES),
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
    south: bool = False
    """True: south of the equator, where shadows fall to the south."""

    def position(self, name: str) -> int | None:
        """Position of a band, None where the stack has no such band."""
        return self.bands.index(name) if name in self.bands else None

    @property
    def visible(self) -> list[int]:
        """Positions of the bands that make up brightness to the eye; all, where there is none."""
        return [i for name in ("red", "green", "blue") if (i := self.position(name)) is not None] or list(
            range(len(self.bands))
        )

    def greenness(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """(...,) NDVI of (..., band) values; (green - red) / (green + red) where there is no near infrared."""
        told = np.asarray(values, dtype=np.float64) * self.span + self.dark
        red, green, nir = (self.position(name) for name in ("red", "green", "nir"))
        more = nir if nir is not None else green
        if red is None or more is None:
            return np.zeros(told.shape[:-1])
        return _ratio(told[..., more], told[..., red])


def describe(patch: Patch, stack: Stack, spells: Spells) -> NDArray[np.float64] | None:
    """Measure one patch.

    Its surroundings are the ground around it that did not change on its dates (one bay of a hall is not set beside the
    next one); where all of it did (a field, a shadow), all of it. Before, in and after the spell reach to the next date
    on which half of the patch changed again: cleared ground is not mixed with the roof that comes upon it.

    Args:
        patch: the patch.
        stack: the cube it was found in.
        spells: of all its pixels.

    Returns:
        (len(FEATURES),) numbers, all finite; None where patch or surroundings were never seen on one of the sides.
        log_pixels, log_score: natural logarithms of pixel count and score. rectangular: share of the smallest rotated
        rectangle that is filled, 0-1. elongated: log of that rectangle's side ratio. compact: share of the convex hull
        that is filled. spread: unevenness of the change over the patch. scatter: log of 1 + the mean distance in days
        of its pixels' dates from its own. amplitude: length of the spectral change. sharp: share of the change between
        the three looks before and after its dates. fit: share of the patch's variance that two levels explain.
        edge: how much of the change the pixels next to the patch show, 1 = all. surroundings: the same of the quiet
        surroundings. shared: share of the ring around that changed on its dates. common: share of all pixels that
        did. restless_around, seasonal_around: of the surroundings, as in `_side`, over all looks. log_days, log_looks:
        length of the spell, up to the next change. log_looks_outside: seen looks before and after. is_step: 1 where the
        spell reaches the last look. poleward: change of brightness on the two rows of pixels towards the pole, where
        shadows fall; shade: that less the same on the other side; darkest: the least among the four sides. The rest:
        `SIDES`, in the spell, before it and after it (a step has no after: its before again).
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
    quiet = neighbours[~_change_with(patch, neighbours, spells, stack.days)]
    around = _Region(stack, quiet if len(quiet) >= _MIN_QUIET else neighbours)
    begin, last = _neighbouring_dates(patch, spells, len(stack.days))
    looks = np.arange(len(stack.days))
    inside = (looks >= patch.start) & (looks < min(patch.end, last))
    before = (looks >= begin) & (looks < patch.start)
    step = patch.end >= len(looks)
    after = before if step else (looks >= patch.end) & (looks < last)
    sides = [_side(body, around, chosen, stack) for chosen in (inside, before, after)]
    if sides[0] is None or (sides[1] is None and sides[2] is None):
        return None
    sides[1], sides[2] = sides[1] or sides[2], sides[2] or sides[1]
    assert sides[1] is not None
    assert sides[2] is not None
    outside = before | after
    direction = patch.delta / max(float(np.linalg.norm(patch.delta)), 1e-6)
    change = float(np.linalg.norm(patch.delta))
    ring_change = float(np.nan_to_num((around.mean(inside) - around.mean(outside)) @ direction))
    rim = _Region(stack, local[grown & ~footprint])
    rim_change = float(np.nan_to_num((rim.mean(inside) - rim.mean(outside)) @ direction))
    flanks = [_Region(stack, local[_beside(footprint, dy, dx)]) for dy, dx in ((-1, 0), (1, 0), (0, 1), (0, -1))]
    brightness = [_brightness(flank, inside, outside, stack) for flank in flanks]
    poleward, equatorward = (brightness[1], brightness[0]) if stack.south else (brightness[0], brightness[1])
    end = min(patch.end, last, len(looks) - 1)
    days = max(1.0, stack.days[end] - stack.days[patch.start])
    ring_green = stack.greenness(around.series[around.often_seen])
    return np.array(
        [
            np.log(len(rows)),
            np.log(max(patch.score, 1.0)),
            *_shape(rows, columns),
            min(patch.spread, 3.0),
            np.log1p(patch.scatter),
            change,
            _sharpness(body, patch, direction, change, len(looks)),
            _fit(body, inside, outside, direction),
            np.clip(rim_change / max(change, 1e-6), -2.0, 2.0),
            np.clip(ring_change / max(change, 1e-6), -2.0, 2.0),
            1.0 - len(quiet) / len(neighbours),
            patch.common,
            float(np.std(around.series[around.often_seen][:, stack.visible].mean(axis=1))),
            float(np.ptp(np.quantile(ring_green, (0.1, 0.9)))) if len(ring_green) else 0.0,
            np.log(days),
            np.log(max(1, int(body.often_seen[inside].sum()))),
            np.log(max(1, int(body.often_seen[outside].sum()))),
            float(step),
            poleward - equatorward,
            poleward,
            min(brightness),
            *sides[0],
            *sides[1],
            *sides[2],
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


def _neighbouring_dates(patch: Patch, spells: Spells, looks: int) -> tuple[int, int]:
    """The looks, from and before, between which half of a patch changes on its own dates only."""
    found = spells.start[patch.pixels] >= 0
    counts = np.zeros(looks + 1)
    for ends in (spells.start[patch.pixels], spells.end[patch.pixels]):
        counts += np.bincount(ends[found], minlength=looks + 1)
    near = np.convolve(counts, np.ones(2 * _OWN_LOOKS + 1), mode="same") >= len(patch.pixels) / 2
    at = np.arange(looks + 1)
    for own in (patch.start, patch.end):
        near &= np.abs(at - own) > 2 * _OWN_LOOKS
    earlier = at[near & (at < patch.start)]
    # A change within the spell ends it where it is a step: what comes then is another stage.
    later = at[near & (at > patch.start) & ((at > patch.end) | (patch.end >= looks)) & (at < looks)]
    return int(earlier.max()) if len(earlier) else 0, int(later.min()) if len(later) else looks


def _beside(footprint: NDArray[np.bool_], dy: int, dx: int) -> NDArray[np.bool_]:
    """The two rows or columns of pixels next to a footprint on one side."""
    moved = np.zeros_like(footprint)
    for step in (1, 2):
        part = np.roll(footprint, (dy * step, dx * step), axis=(0, 1))
        moved |= part
    return moved & ~footprint


class _Region:
    """A set of pixels and their means over looks."""

    def __init__(self, stack: Stack, pixels: NDArray[np.int64]) -> None:
        self.valid = stack.valid[pixels]
        self.values = stack.values[pixels]
        self.count = self.valid.sum(axis=0)
        weight = self.valid.astype(np.float32)
        with np.errstate(invalid="ignore", divide="ignore"):
            self.series = np.einsum("pt,ptb->tb", weight, self.values) / self.count[:, None].astype(np.float32)
        self.often_seen = self.count >= max(1, len(pixels) // 2)
        """(time,) True where at least half of the region was seen."""

    def mean(self, looks: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(band,) mean level over the looks that saw most of the region; NaN where none did."""
        chosen = looks & self.often_seen
        if not chosen.any():
            return np.full(self.values.shape[2], np.nan)
        return np.asarray(self.series[chosen].mean(axis=0), dtype=np.float64)

    def variety(self, looks: NDArray[np.bool_], bands: Sequence[int]) -> float:
        """Standard deviation over the pixels of their mean brightness on the looks that saw them; 0 where none did."""
        weight = self.valid[:, looks].astype(np.float32)
        seen = weight.sum(axis=1)
        if not seen.any():
            return 0.0
        level = np.einsum("pt,ptb->pb", weight, self.values[:, looks][..., bands]).mean(axis=1)
        return float(np.std(level[seen > 0] / seen[seen > 0]))


def _brightness(region: _Region, inside: NDArray[np.bool_], outside: NDArray[np.bool_], stack: Stack) -> float:
    """Change of visible brightness of a region; 0 where it was not seen on both sides."""
    if not len(region.values):
        return 0.0
    return float(np.nan_to_num((region.mean(inside) - region.mean(outside))[stack.visible].mean()))


def _fit(body: _Region, inside: NDArray[np.bool_], outside: NDArray[np.bool_], direction: NDArray[np.float32]) -> float:
    """Share of the variance of the patch's mean, along its change, that a level inside and one outside explain."""
    one = body.series[inside & body.often_seen] @ direction
    other = body.series[outside & body.often_seen] @ direction
    both = np.concatenate([one, other])
    if len(one) == 0 or len(other) == 0:
        return 0.0
    whole = float(((both - both.mean()) ** 2).sum())
    left = float(((one - one.mean()) ** 2).sum() + ((other - other.mean()) ** 2).sum())
    return 1.0 - left / max(whole, 1e-9)


def _side(body: _Region, around: _Region, looks: NDArray[np.bool_], stack: Stack) -> tuple[float, ...] | None:
    """The `SIDES` on one side of a change; None where patch or surroundings were not seen.

    bright: mean of the visible bands. contrast: spectral distance between patch and surroundings. local_contrast: the
    same over the surroundings' own variety. texture: variety within the patch. vegetation: NDVI, or (green - red) /
    (green + red) where there is no near infrared. built: (swir16 - nir) / (swir16 + nir), 0 where these are missing.
    white: smallest over largest visible band. warm: (red - blue) / (red + blue). restless: standard deviation of
    brightness from look to look. seasonal: range of the vegetation index, 10th to 90th percentile of looks.
    green_around: vegetation index of the surroundings.
    """
    own, other = body.mean(looks), around.mean(looks)
    if not (np.isfinite(own).all() and np.isfinite(other).all()):
        return None
    visible = stack.visible
    contrast = float(np.linalg.norm(own - other) / np.sqrt(len(own)))
    told = own * stack.span + stack.dark  # colours are those of the picture, not of its rescaled values
    shades = np.clip(told[visible], 0.005, None)
    series = body.series[looks & body.often_seen]
    red, blue, nir, swir = (stack.position(name) for name in ("red", "blue", "nir", "swir16"))
    return (
        float(own[visible].mean()),
        contrast,
        min(contrast / (around.variety(looks, visible) + 0.01), 10.0),
        body.variety(looks, visible),
        float(stack.greenness(own)),
        float(_ratio(told[swir], told[nir])) if swir is not None and nir is not None else 0.0,
        float(shades.min() / shades.max()),
        float(_ratio(told[red], told[blue])) if red is not None and blue is not None else 0.0,
        float(series[:, visible].mean(axis=1).std()),
        float(np.ptp(np.quantile(stack.greenness(series), (0.1, 0.9)))),
        float(stack.greenness(other)),
    )


def _ratio(a: NDArray[np.float64] | np.floating, b: NDArray[np.float64] | np.floating) -> NDArray[np.float64]:
    """Normalised difference, -1 to 1; 0 where both are dark."""
    one, other = np.maximum(a, 0.0), np.maximum(b, 0.0)
    total = one + other
    return np.asarray(np.clip((a - b) / np.where(total > 1e-6, total, np.inf), -1.0, 1.0), dtype=np.float64)


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
