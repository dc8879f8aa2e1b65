"""What lies over the ground in pictures of a screen: logos, scale bars, date stamps, frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_fill_holes, find_objects, label

__all__ = ["LEAST_PICTURES", "at_rim", "find_overlays"]

Mask = NDArray[np.bool_]

LEAST_PICTURES = 6
"""Pictures from which on what never changes can be told from what happens to be the same."""

_MOST_PICTURES = 40
_MOST_BYTES = 256 * 1024 * 1024
"""Of many or large pictures, so many evenly spread ones are compared."""
_STILL = 0.15
"""An overlay varies less than this share of what pixels usually vary."""
_STILL_DN = 10.0
"""And less than so many grey levels: compression moves a drawn pixel by a few."""
_LEAST_DN = 1.0
_LEAST_USUAL = 6.0
"""Usual variation, grey levels, below which nothing can be told: the pictures are all the same."""
_SHARE = (10, 90)
"""Percentiles between which a pixel's variation is taken: a few pictures may lack the overlay."""
_REACH = 0.012
"""Letters of one line, and those of them that change, lie within this share of a picture's longer side."""
_LEAST_PIXELS = 12
_COLOURS, _LEAST_SEEDS = 6, 4
"""Colours of still pixels that writing is looked for in, and how many still pixels must have one."""
_OFTEN, _RARE = 0.1, 0.002
"""Writing has its colour at a pixel in this share of the pictures, the ground in no more than that."""
_BOX = 0.04
"""Things up to this share of a picture are masked as the box around them, so that the digits that change go too."""
_MOST_HIDDEN = 0.6
"""Where more than this share never changes, it is the picture that repeats."""
_RIM = 0.15
"""Overlays lie within this share of the picture's rim."""


def find_overlays(
    sizes: Sequence[tuple[int, int]], read: Callable[[int], NDArray[np.uint8]], wanted: Sequence[int]
) -> dict[int, Mask]:
    """Find what never changes over the pictures, at the same place of the screen.

    The ground moves beneath an overlay from picture to picture, or at least varies with light, haze and compression;
    what is drawn does not. So a pixel belongs to an overlay where it varies, in every colour, far less over the
    pictures than pixels usually do. Pictures of different sizes are compared quarter by quarter, each counted from its
    own corner of the screen: that is what logos and scale bars keep to.

    Not found are overlays that let the ground shine through, what is drawn in few of the pictures, and, in pictures of
    different sizes, what keeps to the middle of an edge. Where all pictures show exactly the same ground, white
    roofs and black water that are saturated in all of them look drawn: see `at_rim`.

    Args:
        sizes: (rows, columns) of every picture.
        read: gives a picture by its number, (red/green/blue, y, x).
        wanted: numbers of the pictures that masks are wanted of.

    Returns:
        By number (y, x), True = overlay; nothing is True of fewer than `LEAST_PICTURES`.
    """
    masks = {number: np.zeros(sizes[number], dtype=bool) for number in wanted}
    if len(sizes) < LEAST_PICTURES:
        return masks
    rows, columns = ((min(size[axis] for size in sizes) + 1) // 2 for axis in (0, 1))
    pictures = [read(number) for number in _chosen(sizes)]
    corners = [(bottom, right) for bottom in (False, True) for right in (False, True)]
    variations = {c: _variation(_stack(pictures, c, rows, columns)) for c in corners}
    usual = float(np.median(np.concatenate([variation.ravel() for variation in variations.values()])))
    if usual < _LEAST_USUAL:
        return masks
    limit = min(_STILL_DN, max(_LEAST_DN, _STILL * usual))
    for corner, variation in variations.items():
        still = variation <= limit
        still |= _written(_stack(pictures, corner, rows, columns), still)
        for mask in masks.values():
            quarter = _quarter(mask[None], corner, rows, columns)
            quarter |= still
    return {number: _whole(mask) for number, mask in masks.items()}


def at_rim(mask: Mask) -> Mask:
    """Of an overlay, the things that lie at the rim of the picture: what is still elsewhere may be a roof."""
    height, width = mask.shape
    near = np.ones(mask.shape, dtype=bool)
    top, left = round(_RIM * height), round(_RIM * width)
    near[top : height - top, left : width - left] = False
    things, count = label(mask, np.ones((3, 3)))
    inside = np.bincount(things[~near & mask], minlength=count + 1)
    of = np.bincount(things.ravel(), minlength=count + 1)
    keeps = inside < 0.5 * of
    keeps[0] = False
    return np.asarray(keeps[things], dtype=bool)


def _chosen(sizes: Sequence[tuple[int, int]]) -> list[int]:
    largest = 3 * max(rows * columns for rows, columns in sizes)
    most = max(LEAST_PICTURES, min(_MOST_PICTURES, _MOST_BYTES // largest))
    return sorted({round(i) for i in np.linspace(0, len(sizes) - 1, min(len(sizes), most))})


_Pixel = TypeVar("_Pixel", bound=np.generic)


def _quarter(picture: NDArray[_Pixel], corner: tuple[bool, bool], rows: int, columns: int) -> NDArray[_Pixel]:
    """A view of one corner (at the bottom, at the right) of a (colour, y, x) picture."""
    y = slice(picture.shape[1] - rows, None) if corner[0] else slice(0, rows)
    x = slice(picture.shape[2] - columns, None) if corner[1] else slice(0, columns)
    return picture[:, y, x]


def _stack(
    pictures: Sequence[NDArray[np.uint8]], corner: tuple[bool, bool], rows: int, columns: int
) -> NDArray[np.uint8]:
    """One corner of all pictures, (picture, colour, y, x)."""
    return np.stack([_quarter(picture, corner, rows, columns) for picture in pictures])


def _variation(stack: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(y, x) how far the pixels of a stack lie apart, in the colour that varies most, grey levels."""
    ordered = np.sort(stack, axis=0)
    low, high = (round(share / 100 * (len(stack) - 1)) for share in _SHARE)
    return np.asarray((ordered[high].astype(np.float32) - ordered[low]).max(axis=0), dtype=np.float32)


def _written(stack: NDArray[np.uint8], still: Mask) -> Mask:
    """What is drawn in the colour of still pixels in a part of the pictures only: the digits of a date.

    A colour tells that only where the ground hardly ever has it.
    """
    found = np.zeros_like(still)
    colours = np.median(stack[:, :, still], axis=0).astype(np.int16)
    groups, counts = np.unique(colours // 16, axis=1, return_counts=True)
    for group in groups[:, np.argsort(-counts, kind="stable")[:_COLOURS]].T:
        members = (colours // 16 == group[:, None]).all(axis=0)
        if members.sum() < _LEAST_SEEDS:
            continue
        near = np.ones((len(stack), *still.shape), dtype=bool)
        for channel, value in enumerate(np.median(colours[:, members], axis=1)):
            near &= np.abs(stack[:, channel].astype(np.int16) - np.int16(value)) <= _STILL_DN
        share = near.mean(axis=0)
        often = share >= _OFTEN
        if not often.all() and share[~often].mean() <= _RARE:
            found |= often
    return found


def _whole(still: Mask) -> Mask:
    """The things that still pixels belong to, without single ones, and with what changes inside them."""
    if still.mean() > _MOST_HIDDEN:
        return np.zeros_like(still)
    reach = max(2, round(_REACH * max(still.shape)))
    grown = binary_dilation(still, np.ones((2 * reach + 1, 2 * reach + 1)))
    things, count = label(grown, np.ones((3, 3)))
    pixels = np.bincount(things[still], minlength=count + 1)
    mask = np.zeros_like(still)
    for number, box in enumerate(find_objects(things), start=1):
        if pixels[number] < _LEAST_PIXELS:
            continue
        area = (box[0].stop - box[0].start) * (box[1].stop - box[1].start)
        if area <= _BOX * still.size:
            mask[box] = True
        else:
            own = still[box] & (things[box] == number)
            mask[box] |= binary_fill_holes(binary_dilation(own, np.ones((3, 3)), iterations=2))
    return mask
