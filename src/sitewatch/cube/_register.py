"""How far each look lies from where the stack has the same ground, in parts of a pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from sitewatch.cube._move import cubic_weights, moved

__all__ = ["MAX_SHIFT_PX", "Settled", "Shifts", "measure_shifts", "median_image", "settle", "track_image"]

MAX_SHIFT_PX = 8.0
"""Largest shift that is corrected, pixels; what is farther off was not registered at all."""

_ROUNDS = 4
"""How often a reference is built at most: of the looks as they came, and of those moved onto the last one."""
_SETTLED = 0.03
"""Change of the offsets, pixels, that needs no further round."""
_LEVELS = 4
"""Levels of averaging, each by two: a shift of eight pixels is one of the coarsest."""
_STEPS = 6
_LAST_STEPS = 4
"""Steps where a coarser level has come close already."""
_REFERENCE_LOOKS = 41
"""A median of so many looks is as sharp as one of all."""
_POINTS = 10_000
"""Pixels that a shift is measured on: those with the steepest brightness of every part of the site."""
_PARTS = 5
"""Parts along each edge of the site; leaving one out after the other tells how sure a shift is."""
_LEAST = 200
"""Points that must be seen for a shift to be measured."""
_RIM = 3
"""Pixels along the edges that hold no point."""
_LEAST_PARTS = 4
"""Parts that must hold such points."""
_LEAST_GAIN = 0.1
_SYSTEMATIC = 0.04
"""Standard error, pixels, that no agreement of the parts takes away: shadows and crops move the same way everywhere."""
_SHADOW = 0.06
"""How far shadows drag what is found with the season, pixels: usual amplitude."""
_HUBER = 3.0
_GOOD = 0.1
"""Standard error of a well measured shift, pixels."""
_FEW = 5
"""Well measured looks that tell what is usual."""
_USUAL = 0.3
"""Usual shift where the looks do not tell: 3 m at 10 m, the quality requirement of Sentinel-2's refined products."""
_LEAST_SPREAD = 0.05
_ODD = 5.0
"""Standard deviations from which an inexact measurement is not believed."""
_TUKEY = 4.685
_WIDE = 3.0
"""Factor on the scale of residuals in the first steps, when much of the residual is still the shift itself."""


@dataclass(frozen=True, kw_only=True)
class Shifts:
    """Measured shifts of a stack's looks."""

    offset: NDArray[np.float64]
    """(time, 2) pixels along y and x: what the stack has at (y, x) this look has at (y, x) + offset. NaN where it could
    not be measured."""
    sigma: NDArray[np.float64]
    """(time,) standard error along an axis, pixels; infinite where nothing was measured."""
    line: NDArray[np.float64]
    """(time, 2) gain and level of brightness, look = gain * stack + level: haze lowers the one and raises the other."""


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What the shifts of a stack's looks are taken to be."""

    offset: NDArray[np.float64]
    """(time, 2) pixels along y and x; never NaN."""
    sigma: NDArray[np.float64]
    """(time,) standard deviation along an axis of what is left when a look was moved by it, pixels; infinite where it
    must not be moved: the measurement is beyond `MAX_SHIFT_PX`, or is unlike the stack's and inexact."""


def measure_shifts(images: NDArray[np.float32], seen: NDArray[np.bool_], days: NDArray[np.float64]) -> Shifts:
    """Measure every look's shift against a reference that is made of the looks themselves.

    The reference is the median of up to 41 looks of which most was seen. A look is regressed on it, `look(x) = gain *
    reference(x - d) + offset`, linearised in d (Lucas and Kanade 1981) and repeated with the look moved by what was
    found, on block means of 8, 4 and 2 pixels and then on the pixels; on the steepest points of each of 25 parts of the
    site, since flat ground tells nothing. Tukey's biweight keeps clouds that no mask told of, crops and changed ground
    from bending it. The reference is then built again from the moved looks, until that changes
    little. Offsets are relative to the median
    look: where the whole stack lies too far east, this cannot know it.

    Shadows turn and grow with the year, and drag what is found with them by parts of a pixel. Satellites do not miss by
    the season, so what follows the season is taken for shadow: a yearly and a half-yearly wave, 0.06 and 0.03 pixels a
    priori, fitted with Huber's weights, is taken off. Of looks that scatter widely little is taken: it is not known.

    The standard error is that of a jackknife over the 25 parts: it grows where parts disagree, as they do when a look
    is warped, hazy or mostly cloud, and not only with the noise of pixels.

    Args:
        images: (time, y, x) brightness, any unit, NaN where nothing was measured; what was not seen becomes NaN, in
            place, since a copy would be the largest array of the room.
        seen: (time, y, x), True = ground seen as far as is known.
        days: (time,) capture times in days.
    """
    looks = images.shape[0]
    offset = np.zeros((looks, 2))
    sigma = np.full(looks, np.inf)
    line = np.tile((1.0, 0.0), (looks, 1))
    shown = images
    for look, known in zip(shown, seen, strict=True):
        look[~known] = np.nan
    best = _clearest(shown)
    pyramid = _pyramid(shown)
    for number in range(_ROUNDS):
        reference = _reference(shown[best], offset[best])
        found = offset.copy()
        bases = _pyramid(reference[None])
        found, sigma, line = _through(pyramid, bases, found, sigma, line, levels=_LEVELS if number == 0 else 1)
        measured = np.isfinite(sigma)
        if not measured.any():
            break
        found -= np.median(found[measured], axis=0)
        found[~measured] = 0.0
        settled = number > 0 and float(np.median(np.abs(found - offset)[measured])) < _SETTLED
        offset = found
        if settled:
            break
    good = sigma < _GOOD
    if good.sum() >= _FEW:
        offset -= _shadows(offset, good, days)
        offset -= np.median(offset[good], axis=0)
    offset[~np.isfinite(sigma)] = np.nan
    return Shifts(offset=offset, sigma=sigma, line=line)


def settle(shifts: Shifts) -> Settled:
    """What a look's shift is taken to be, given its measurement and what is usual in the stack.

    The measurement N(offset, sigma) meets the prior N(0, spread), where spread is the robust scale of the well measured
    offsets. What was measured exactly stays as it is, and a look of which clouds hide all edges is taken to lie where
    the stack usually does, as unsure as that is. An inexact measurement far from all others is believed by nobody.
    """
    good = shifts.sigma < _GOOD
    measured = np.isfinite(shifts.sigma)
    spread = _USUAL
    if good.sum() >= _FEW:
        spread = max(_LEAST_SPREAD, 1.4826 * float(np.median(np.abs(shifts.offset[good]))))
    offset = np.where(measured[:, None], shifts.offset, 0.0)
    error = np.where(measured, shifts.sigma, 0.0)
    trust = np.where(measured, spread**2 / (spread**2 + error**2), 0.0)
    left = spread * np.sqrt(1 - trust)
    odd = ~good & (np.abs(offset).max(axis=1) > _ODD * np.hypot(spread, error))
    left[odd | (np.abs(offset).max(axis=1) > MAX_SHIFT_PX)] = np.inf
    return Settled(offset=offset * trust[:, None], sigma=left)


def median_image(images: NDArray[np.float32], *, least: int = 3) -> NDArray[np.float32]:
    """(y, x) median of (time, y, x) images, NaN where fewer than `least` (of fewer: all) were seen."""
    return np.asarray(_median(images, min(least, len(images))), dtype=np.float32)


def track_image(image: NDArray[np.float32], reference: NDArray[np.float32]) -> tuple[NDArray[np.float64], float]:
    """Where one image lies on another, as `measure_shifts` finds it for a look.

    Args:
        image: (y, x) brightness, NaN where nothing is known.
        reference: (y, x) likewise, of another gain and level if need be.

    Returns:
        (2,) pixels along y and x: what the reference has at (y, x) the image has at (y, x) + offset; and its standard
        error along an axis, infinite where it could not be measured.
    """
    looks, bases = _pyramid(image[None]), _pyramid(reference[None])
    offset, sigma, line = np.zeros((1, 2)), np.full(1, np.inf), np.tile((1.0, 0.0), (1, 1))
    offset, sigma, _ = _through(looks, bases, offset, sigma, line, levels=_LEVELS)
    return offset[0], float(sigma[0])


def _through(
    looks: Sequence[NDArray[np.float32]],
    bases: Sequence[NDArray[np.float32]],
    offset: NDArray[np.float64],
    sigma: NDArray[np.float64],
    line: NDArray[np.float64],
    *,
    levels: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """`_track` through the lowest levels of two pyramids, the coarsest first; flat levels leave all as it was.

    Args:
        looks: of each level, (time, y, x).
        bases: likewise, of the one reference.
        offset: (time, 2) where to begin, pixels of the lowest level.
        sigma: (time,) what is known of its error.
        line: (time, 2) gain and offset of the looks.
        levels: how many.
    """
    for level in reversed(range(levels)):
        points = _steepest(bases[level][0])
        if len(points[0]) < _LEAST:
            continue
        pixel = 2.0**level
        steps = _STEPS if level > 0 else _LAST_STEPS
        offset, sigma, line = _track(looks[level], bases[level][0], points, offset / pixel, steps=steps)
        offset, sigma = offset * pixel, sigma * pixel
    return offset, sigma, line


def _shadows(offset: NDArray[np.float64], good: NDArray[np.bool_], days: NDArray[np.float64]) -> NDArray[np.float64]:
    """(time, 2) what of the offsets follows the season."""
    angle = 2 * np.pi * days / 365.25
    waves = np.column_stack([np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)])
    known, target = waves[good], offset[good] - np.median(offset[good], axis=0)
    spread = max(_SYSTEMATIC, 1.4826 * float(np.median(np.abs(target))))
    prior = np.diag(np.array([1.0, 1.0, 4.0, 4.0]) * (spread / _SHADOW) ** 2)
    weight = np.ones(len(target))
    for _ in range(_STEPS):
        weighted = known.T * weight
        waves_of = np.linalg.solve(weighted @ known + prior, weighted @ target)
        away = np.abs(target - known @ waves_of).max(axis=1) / (_HUBER * spread)
        weight = 1 / np.maximum(away, 1.0)
    return np.asarray(waves @ waves_of, dtype=np.float64)


def _clearest(shown: NDArray[np.float32]) -> NDArray[np.intp]:
    """Looks for the reference: of each stretch of the record the one of which most was seen; of two, the better one."""
    looks = shown.shape[0]
    share = np.array([np.isfinite(look).mean() for look in shown])
    stretches = np.array_split(np.arange(looks), min(looks, _REFERENCE_LOOKS) if looks > 2 else 1)
    return np.array([stretch[int(np.argmax(share[stretch]))] for stretch in stretches])


def _reference(shown: NDArray[np.float32], offset: NDArray[np.float64]) -> NDArray[np.float32]:
    """(y, x) median of moved looks, NaN where fewer than three (of fewer: all) were seen."""
    stack = moved(shown, offset) if offset.any() else shown
    return median_image(stack)


def _pyramid(shown: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """The images and `_LEVELS` - 1 times their means of 2 x 2 pixels, NaN where one of them is."""
    levels = [shown]
    while len(levels) < _LEVELS:
        fine = levels[-1]
        height, width = fine.shape[1] // 2 * 2, fine.shape[2] // 2 * 2
        coarse = fine[:, 0:height:2, 0:width:2] + fine[:, 0:height:2, 1:width:2]
        coarse += fine[:, 1:height:2, 0:width:2]
        coarse += fine[:, 1:height:2, 1:width:2]
        coarse *= np.float32(0.25)
        levels.append(coarse)
    return levels


def _steepest(reference: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Flat indices of the points with the steepest brightness of each part, and their parts; none at the rim."""
    height, width = reference.shape
    if min(height, width) <= 2 * _RIM:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    steep = np.zeros(reference.shape, dtype=np.float32)
    along_y, along_x = np.gradient(reference)
    inner = (slice(_RIM, -_RIM), slice(_RIM, -_RIM))
    steep[inner] = np.nan_to_num(np.hypot(along_y, along_x)[inner])
    # A slope is that of the neighbours: the pixel itself may be unknown.
    steep[~np.isfinite(reference)] = 0.0
    part = (np.arange(height) * _PARTS // height)[:, None] * _PARTS + (np.arange(width) * _PARTS // width)[None, :]
    chosen = []
    each = _POINTS // _PARTS**2
    for number in range(_PARTS**2):
        inside = np.flatnonzero((part == number) & (steep > 0))
        order = np.argsort(-steep.ravel()[inside], kind="stable")
        chosen.append(np.sort(inside[order[: min(each, max(1, len(inside) // 2))]]))
    points = np.concatenate(chosen)
    return points, part.ravel()[points].astype(np.int64)


def _track(
    looks: NDArray[np.float32],
    reference: NDArray[np.float32],
    points: tuple[NDArray[np.int64], NDArray[np.int64]],
    offset: NDArray[np.float64],
    *,
    steps: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Follow each look onto the reference from where it is thought to lie: offset, standard error, gain and level.

    Looks that cannot be followed keep the offset they came with, and an infinite error.
    """
    count = len(offset)
    line = np.tile((1.0, 0.0), (count, 1))
    offset = offset.copy()
    lost = np.zeros(count, dtype=bool)
    for step in range(steps):
        normal = np.zeros((count, _PARTS**2, 4, 4))
        right = np.zeros((count, _PARTS**2, 4))
        wide = _WIDE if step < steps - _LAST_STEPS else 1.0
        _add_up(looks, reference, *points, np.where(lost[:, None], 0, offset), line, wide, normal, right)
        solution, solved = _solve(normal.sum(axis=1), right.sum(axis=1))
        lost |= ~solved | ~((solution[:, 0] > _LEAST_GAIN) & (solution[:, 0] < 1 / _LEAST_GAIN))
        line[~lost] = solution[~lost, :2]
        # look(x + d) = gain * reference(x) where d is right; what is missing of it shows as -gain * slope * missing.
        step_by = np.clip(solution[~lost, 2:] / solution[~lost, :1], -1, 1)
        offset[~lost] -= step_by
        lost |= np.abs(offset).max(axis=1) > 2 * MAX_SHIFT_PX
    sigma = np.full(count, np.inf)
    sigma[~lost] = _jackknife(normal[~lost], right[~lost])
    return offset, sigma, line


def _solve(normal: NDArray[np.float64], right: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Solutions of many small systems, and which of them have one that means something."""
    known = np.asarray(np.isfinite(normal).all(axis=(-2, -1)) & np.isfinite(right).all(axis=-1))
    safe = np.where(known[..., None, None], normal, np.eye(normal.shape[-1]))
    solved = np.asarray(known & (np.linalg.cond(safe) < 1e12))
    safe = np.where(solved[..., None, None], safe, np.eye(normal.shape[-1]))
    return np.asarray(np.linalg.solve(safe, np.nan_to_num(right)[..., None])[..., 0], dtype=np.float64), np.asarray(
        solved
    )


def _jackknife(normal: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard error of each look's offset along an axis, from leaving out one part of the site after the other."""
    filled = normal[:, :, 1, 1] > 0
    rest, solved = _solve(normal.sum(axis=1, keepdims=True) - normal, right.sum(axis=1, keepdims=True) - right)
    moves = np.where(solved[..., None], rest[..., 2:] / rest[..., :1], np.inf)
    count = filled.sum(axis=1)
    middle = np.where(filled[..., None], moves, 0).sum(axis=1) / np.maximum(count, 1)[:, None]
    squares = np.where(filled[..., None], (moves - middle[:, None]) ** 2, 0).sum(axis=1).mean(axis=1)
    error = np.sqrt((count - 1) / np.maximum(count, 1) * squares)
    return np.where((count >= _LEAST_PARTS) & np.isfinite(error), np.hypot(error, _SYSTEMATIC), np.inf)


@numba.njit(parallel=True, cache=True)
def _median(stack, least):  # type: ignore[no-untyped-def]
    """(y, x) median over looks of what is finite, NaN where that is fewer than `least`."""
    looks, height, width = stack.shape
    middle = np.full((height, width), np.nan, dtype=np.float32)
    for r in numba.prange(height):
        values = np.empty(looks, dtype=np.float32)
        for c in range(width):
            n = 0
            for t in range(looks):
                if np.isfinite(stack[t, r, c]):
                    values[n] = stack[t, r, c]
                    n += 1
            if n >= least:
                middle[r, c] = np.median(values[:n])
    return middle


@numba.njit(parallel=True, cache=True)
def _add_up(images, reference, points, parts, offset, line, wide, normal, right):  # type: ignore[no-untyped-def]
    """Add up, for every look and part, the weighted normal equations of one step.

    Rows are (reference, 1, its slope along y, along x), the target is the look at the point moved by `offset`; `line`
    (time, 2) is the gain and level so far. What is written is (time, part, 4, 4) and (time, part, 4), zeros where a
    look shows too little.
    """
    looks, height, width = images.shape
    n = points.size
    for t in numba.prange(looks):
        iy, ix = int(np.floor(offset[t, 0])), int(np.floor(offset[t, 1]))
        wy, wx = cubic_weights(offset[t, 0] - iy), cubic_weights(offset[t, 1] - ix)
        at = np.empty(n, dtype=np.int64)
        target = np.empty(n, dtype=np.float64)
        away = np.empty(n, dtype=np.float64)
        m = 0
        for k in range(n):
            top, left = points[k] // width + iy - 1, points[k] % width + ix - 1
            if top < 0 or left < 0 or top + 3 >= height or left + 3 >= width:
                continue
            total = 0.0
            for j in range(4):
                row = 0.0
                for i in range(4):
                    row += wx[i] * images[t, top + j, left + i]
                total += wy[j] * row
            if np.isfinite(total):
                at[m], target[m] = k, total
                away[m] = total - line[t, 0] * reference[points[k] // width, points[k] % width]
                m += 1
        if m < _LEAST:
            continue
        middle = np.median(away[:m])
        scale = 1.4826 * np.median(np.abs(away[:m] - middle)) + 1e-6
        for k in range(m):
            u = (away[k] - middle) / (_TUKEY * scale * wide)
            if abs(u) >= 1.0:
                continue
            r, c = points[at[k]] // width, points[at[k]] % width
            w = (1.0 - u * u) ** 2
            x0 = np.float64(reference[r, c])
            x2 = np.float64(0.5) * (reference[r + 1, c] - reference[r - 1, c])
            x3 = np.float64(0.5) * (reference[r, c + 1] - reference[r, c - 1])
            row4 = (x0, 1.0, x2, x3)
            for i in range(4):
                right[t, parts[at[k]], i] += w * row4[i] * target[k]
                for j in range(4):
                    normal[t, parts[at[k]], i, j] += w * row4[i] * row4[j]
