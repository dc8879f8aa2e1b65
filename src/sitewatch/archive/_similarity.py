"""Where one picture lies on another: a similarity (scale, small rotation, translation), and how sure it is.

Pixels are counted from their centres: (0, 0) is the middle of the first one. A point is the complex number x + iy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft2, next_fast_len, rfft2
from scipy.ndimage import affine_transform, gaussian_filter, uniform_filter

__all__ = ["Fit", "Shade", "Similarity", "coarser", "find", "follow", "warp"]

Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]

_FIRST_SIDE, _SECOND_SIDE = 80, 150
"""Longer side of the reference, pixels, when scales are searched for the first time, and when the best are tried."""
_FIRST_STEP, _SECOND_STEP = 1.08, 1.026
"""Factor from one scale to the next: half a step moves the rim of a picture by about one pixel of its search."""
_KEPT = 6
"""Scales of the first search that the second one looks at."""
_LEAST_SIDE, _LARGEST_SIDE = 12, 4
"""A picture of fewer pixels on its shorter side tells nothing; one that is so many times the reference is mostly
elsewhere."""
_FOLLOWED = 3
"""Places of the second search that are followed to the end."""
_LEAST_SHARED = 0.25
"""Share of the smaller of two pictures that must lie on the other one."""
_SURROUND = 6.0
"""Standard deviation, pixels, of the surroundings that brightness is set against."""
_LIMIT = 3.0
"""Local contrast beyond which a point counts no more: the rim of a cloud is no stronger evidence than a roof."""
_LEVELS = (6, 3, 1)
_STEPS = 8
_PARTS = 5
_LEAST_PARTS = 6
_LEAST_POINTS = 150
_TUKEY = 4.685
_APART = 5.0
"""Pixels of the reference from which two places are different ones."""
_MAX_TURN = 0.1
"""Largest rotation, radians (6 degrees): maps are drawn north-up, and a UTM grid is turned by at most 3 degrees."""


@dataclass(frozen=True, kw_only=True)
class Shade:
    """The brightness of a picture."""

    grey: Grey
    """(y, x), any unit; finite everywhere."""
    seen: Mask
    """(y, x), True = ground, as far as is known."""


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """Takes a point of the reference to the picture's: scale * point + shift."""

    scale: complex
    """Its size is pixels of the picture per pixel of the reference, its angle the rotation."""
    shift: complex
    """Where the middle of the reference's first pixel lies in the picture, pixels."""

    def __call__(self, points: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """Points of the reference in the picture's pixels."""
        return np.asarray(self.scale * points + self.shift)

    def from_coarser(self, level: float) -> Similarity:
        """The same map from a reference whose pixels are `level` times as large."""
        return Similarity(scale=self.scale * level, shift=self.scale * _centre(level) + self.shift)

    def from_finer(self, level: float) -> Similarity:
        """The same map, that came from pixels `level` times as large, from the reference's own."""
        return Similarity(scale=self.scale / level, shift=self.shift - self.scale / level * _centre(level))

    def to_finer(self, level: float) -> Similarity:
        """The same map to a picture whose pixels are smaller by `level`."""
        return Similarity(scale=self.scale * level, shift=self.shift * level + _centre(level))


@dataclass(frozen=True, kw_only=True)
class Fit:
    """How a picture was laid on the reference."""

    similarity: Similarity
    sigma: float
    """Standard error along an axis over the watched points, pixels of the reference."""
    points: int
    """Pixels of the reference that the fit rests on."""
    correlation: float
    """Of local contrast where both were seen, -1 to 1."""
    strength: float
    """Correlation times the root of how many pixels (of the second search, whatever the reference has) both share."""
    aspect: float
    """How much wider the picture still is than the similarity makes it, a share of its width: 0 where both are drawn in
    one projection."""
    rival: float = 0.0
    """The strength of the best other place that was looked at; 0: none was."""


def warp(shade: Shade, similarity: Similarity, shape: tuple[int, int]) -> Shade:
    """A picture on the reference's pixels; where its own are finer they are averaged (a Gaussian) first.

    Args:
        shade: the picture.
        similarity: takes the reference's pixels to the picture's.
        shape: (rows, columns) of the reference.
    """
    finer = abs(similarity.scale)
    sure = shade.seen.astype(np.float32)
    grey = np.where(shade.seen, shade.grey, np.float32(0))
    if finer > 1:
        # What is averaged away is what the coarser pixels cannot carry; unseen pixels get no weight.
        width = 0.5 * math.sqrt(finer**2 - 1)
        weight = gaussian_filter(sure, width, mode="constant", truncate=3)
        grey = gaussian_filter(grey, width, mode="constant", truncate=3) / np.maximum(weight, np.float32(1e-3))
    turn, shift = similarity.scale, similarity.shift
    # scipy counts (y, x): y' = Im, x' = Re of scale * (x + iy) + shift.
    matrix = np.array([[turn.real, turn.imag], [-turn.imag, turn.real]])
    offset = np.array([shift.imag, shift.real])
    options = {"offset": offset, "output_shape": shape, "order": 1, "mode": "constant"}
    return Shade(
        grey=affine_transform(grey, matrix, cval=0.0, **options),
        seen=affine_transform(sure, matrix, cval=0.0, **options) > 0.99,
    )


def find(picture: Shade, reference: Shade, scales: tuple[float, float], watched: NDArray[np.complex128]) -> Fit | None:
    """Lay a picture on the reference, of which only a range of scales is known.

    At every scale of the range the picture is correlated with the reference at all places at once, only where both
    were seen (Padfield 2012), on local contrast, so that stretch and haze do not count. The best places are
    followed (see `follow`), and the strongest wins.

    Args:
        picture: what is to be placed.
        reference: what is to be placed on.
        scales: smallest and largest scale, pixels of the picture per pixel of the reference.
        watched: (n,) points of the reference where the error counts.

    Returns:
        The fit, or None where no place can be followed.
    """
    count = max(1, math.ceil(math.log(scales[1] / scales[0]) / math.log(_FIRST_STEP)))
    tried = [scales[0] * (scales[1] / scales[0]) ** (i / count) for i in range(count + 1)]
    first = _places(picture, reference, tried, _FIRST_SIDE)[:_KEPT]
    around = sorted({place.scale.real * _SECOND_STEP**i for _, place in first for i in (-1, 0, 1)})
    second = _places(picture, reference, around, _SECOND_SIDE)
    starts = _distinct([place for _, place in second], watched)[:_FOLLOWED]
    fits = [fit for start in starts if (fit := follow(picture, reference, start, watched)) is not None]
    if not fits:
        return None
    best = max(fits, key=lambda fit: fit.strength)
    away = [fit.strength for fit in fits if not _same(fit.similarity, best.similarity, watched, within=_APART)]
    away += [found for found, place in second if not _same(place, best.similarity, watched, within=2 * _APART)]
    return replace(best, rival=max(away, default=0.0))


def follow(picture: Shade, reference: Shade, start: Similarity, watched: NDArray[np.complex128]) -> Fit | None:
    """Follow a picture from where it is thought to lie to where it fits the reference best.

    The picture, warped as thought so far, is regressed on `gain * reference + level` and the reference's slope times
    the four ways in which a similarity moves a point, and the similarity is mended (Lucas and Kanade 1981, Baker and
    Matthews 2004), on pixels averaged six by six, three by three, and single. Tukey's biweight keeps clouds and changed
    ground from bending it. The standard error is that of a jackknife over the parts of a 5 x 5 division: it grows where
    parts disagree.

    Args:
        picture: what is to be placed.
        reference: what is to be placed on.
        start: where it is thought to lie, to a few pixels.
        watched: (n,) points of the reference where the error counts.

    Returns:
        The fit, or None where the two share too little.
    """
    similarity = start
    fit = None
    # Below the picture's own pixel there is nothing to follow.
    finest = max(1.0, 1 / abs(start.scale))
    longest = max(reference.grey.shape)
    for level in [finest * step for step in _LEVELS if step == 1 or longest / (finest * step) >= _FIRST_SIDE / 2]:
        fit = _settle(picture, reference, similarity, level, watched)
        if fit is None:
            return None
        similarity = fit.similarity
    return fit


def _settle(
    picture: Shade, reference: Shade, similarity: Similarity, level: float, watched: NDArray[np.complex128]
) -> Fit | None:
    """Follow on one level, whose pixels are `level` pixels of the reference."""
    coarse = coarser(reference, level)
    base, known = _contrast(coarse)
    # A slope next to what was not seen is none.
    known &= uniform_filter(known.astype(np.float32), 3, mode="constant") > 0.999
    slope_y, slope_x = np.gradient(base)
    height, width = base.shape
    y, x = np.mgrid[0:height, 0:width]
    middle = complex(width - 1, height - 1) / 2
    # Lengths near 1 keep the four unknowns of one size.
    reach = max(width, height) / 2
    u, v = (x - middle.real) / reach, (y - middle.imag) / reach
    part = (y * _PARTS // height) * _PARTS + x * _PARTS // width
    columns = np.stack(
        [base, np.ones_like(base), slope_x, slope_y, slope_x * u + slope_y * v, slope_y * u - slope_x * v]
    )
    now = similarity.from_coarser(level)
    for step in range(_STEPS):
        there, both = _contrast(warp(picture, now, (height, width)))
        both &= known
        if both.sum() < _LEAST_POINTS:
            return None
        rows, target, where = columns[:, both].astype(np.float64), there[both].astype(np.float64), part[both]
        solved = _regress(rows, target, wide=3.0 if step < _STEPS // 2 else 1.0)
        if solved is None:
            return None
        solution, weight = solved
        # picture(S(r + d)) = reference(r + d) ~ reference(r) + slope * d: the point at r belongs to r + d.
        move = _unit_steps(solution)
        now = _moved(now, move, middle, reach)
        if abs(math.atan2(now.scale.imag, now.scale.real)) > _MAX_TURN:
            return None
        if max(abs(m) for m in move) < 0.01:
            break
    sigma = _jackknife(rows, target, weight, where, (_from(watched, level) - middle) / reach)
    wider = _solve(np.vstack([rows, (slope_x * u - slope_y * v)[both]]), target, weight)
    correlation = float(np.corrcoef(rows[0], target)[0, 1])
    return Fit(
        similarity=now.from_finer(level),
        sigma=level * sigma,
        points=int((weight > 0.5).sum()),
        correlation=correlation,
        aspect=0.0 if wider is None else 2 * float(wider[6] / wider[0]) / reach,
        strength=correlation * math.sqrt(float(both.sum())) * level / _search_pixel(reference),
    )


def _unit_steps(solution: NDArray[np.float64]) -> tuple[complex, complex]:
    """Move and turn in pixels, none larger than one and a half: the reference is straight no farther than that."""
    x, y, larger, turned = np.clip(solution[2:] / max(float(solution[0]), 0.2), -1.5, 1.5)
    return complex(x, y), complex(larger, turned)


def _moved(now: Similarity, move: tuple[complex, complex], middle: complex, reach: float) -> Similarity:
    """The similarity after every point r was found to be r + shift + turn * (r - middle) / reach.

    What was warped to r belongs to r + d, so the new map takes r to where the old one takes r - d.
    """
    shift, turn = move
    factor = 1 - turn / reach
    return Similarity(scale=now.scale * factor, shift=now.shift + now.scale * (turn * middle / reach - shift))


def _regress(
    rows: NDArray[np.float64], target: NDArray[np.float64], *, wide: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Solution and weights of a robust least-squares fit; None where it has none."""
    away = target - rows[0]
    scale = 1.4826 * float(np.median(np.abs(away - np.median(away)))) + 1e-6
    weight = np.clip(1 - ((away - np.median(away)) / (_TUKEY * scale * wide)) ** 2, 0, None) ** 2
    solution = _solve(rows, target, weight)
    return None if solution is None else (solution, weight)


def _solve(
    rows: NDArray[np.float64], target: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Weighted least squares; None where the rows do not carry a solution."""
    weighted = rows * weight
    normal = weighted @ rows.T
    if np.linalg.cond(normal) > 1e10:
        return None
    return np.asarray(np.linalg.solve(normal, weighted @ target), dtype=np.float64)


def _jackknife(
    rows: NDArray[np.float64],
    target: NDArray[np.float64],
    weight: NDArray[np.float64],
    part: NDArray[np.int64],
    watched: NDArray[np.complex128],
) -> float:
    """Standard error along an axis, pixels, root mean square over the watched points (lengths of the reach)."""
    weighted = rows * weight
    whole, right = weighted @ rows.T, weighted @ target
    moves = []
    for number in np.unique(part):
        inside = part == number
        if weight[inside].sum() < _LEAST_POINTS / _PARTS**2:
            continue
        normal = whole - weighted[:, inside] @ rows[:, inside].T
        if np.linalg.cond(normal) > 1e10:
            return math.inf
        solution = np.linalg.solve(normal, right - weighted[:, inside] @ target[inside])
        x, y, larger, turned = solution[2:] / solution[0]
        moves.append(complex(x, y) + complex(larger, turned) * watched)
    count = len(moves)
    if count < _LEAST_PARTS:
        return math.inf
    spread = np.abs(np.array(moves) - np.mean(moves, axis=0)) ** 2 / 2
    return math.sqrt((count - 1) / count * float(spread.sum(axis=0).mean()))


def _places(picture: Shade, reference: Shade, scales: Sequence[float], side: int) -> list[tuple[float, Similarity]]:
    """The best place at every scale with its strength, strongest first, searched on a reference `side` pixels long."""
    level = max(1.0, max(reference.grey.shape) / side)
    base, known = _contrast(coarser(reference, level))
    found = []
    done = 1
    for scale in sorted(scales):
        # The picture in the reference's coarse pixels, of which it fills about this many.
        factor = scale * level
        size = (math.ceil(picture.grey.shape[0] * done / factor), math.ceil(picture.grey.shape[1] * done / factor))
        if min(size) < _LEAST_SIDE or max(size) > _LARGEST_SIDE * side:
            continue
        while factor >= 2 * done:
            # Halved as it goes: averaging a large picture to a few pixels at one stroke takes long.
            picture, done = coarser(picture, 2), 2 * done
        into = Similarity(scale=complex(factor / done), shift=(_centre(factor) - _centre(done)) / done)
        small, seen = _contrast(warp(picture, into, size))
        best = _correlate(small, seen, base, known)
        if best is None:
            continue
        strength, corner = best
        # Coarse reference pixel r shows small pixel r - corner.
        coarse = Similarity(scale=complex(factor), shift=_centre(factor) - factor * corner)
        found.append((strength * level / _search_pixel(reference), coarse.from_finer(level)))
    return sorted(found, key=lambda place: -place[0])


def _search_pixel(reference: Shade) -> float:
    """Edge of a pixel of the second search, pixels of the reference."""
    return max(1.0, float(max(reference.grey.shape)) / _SECOND_SIDE)


def _correlate(small: Grey, seen: Mask, base: Grey, known: Mask) -> tuple[float, complex] | None:
    """Strength and place (of the small one's first pixel, on the base) of the best masked correlation."""
    shape = [next_fast_len(a + b - 1, real=True) for a, b in zip(small.shape, base.shape, strict=True)]
    there, here = known.astype(np.float32), seen.astype(np.float32)
    of_base = [rfft2(a, shape) for a in (base * there, base**2 * there, there)]
    of_small = [np.conj(rfft2(a, shape)) for a in (small * here, here, small**2 * here)]
    shared = irfft2(of_base[2] * of_small[1], shape)
    both = irfft2(of_base[0] * of_small[0], shape)
    power = np.maximum(irfft2(of_base[1] * of_small[1], shape), 0) * np.maximum(
        irfft2(of_base[2] * of_small[2], shape), 0
    )
    least = _LEAST_SHARED * min(here.sum(), there.sum())
    enough = (shared > max(least, 50)) & (power > 1e-3)
    if not enough.any():
        return None
    strength = np.where(enough, both / np.sqrt(np.where(enough, power, 1)) * np.sqrt(np.maximum(shared, 0)), -np.inf)
    row, column = np.unravel_index(int(np.argmax(strength)), strength.shape)
    y = row if row < base.shape[0] else row - shape[0]
    x = column if column < base.shape[1] else column - shape[1]
    return float(strength[row, column]), complex(float(x), float(y))


def _contrast(shade: Shade) -> tuple[Grey, Mask]:
    """Brightness against its surroundings in units of their spread, 0 where not seen, and where it is known."""
    seen = shade.seen.astype(np.float32)
    weight = np.maximum(gaussian_filter(seen, _SURROUND, mode="constant", truncate=2), np.float32(1e-3))
    grey = np.where(shade.seen, shade.grey, np.float32(0))
    mean = gaussian_filter(grey, _SURROUND, mode="constant", truncate=2) / weight
    square = gaussian_filter(grey**2, _SURROUND, mode="constant", truncate=2) / weight
    spread = np.sqrt(np.maximum(square - mean**2, 0))
    if not shade.seen.any():
        return np.zeros_like(grey), shade.seen
    # Flat ground must not have its noise blown up.
    spread = np.maximum(spread, np.float32(0.25 * np.median(spread[shade.seen]) + 1e-6))
    contrast = np.clip((grey - mean) / spread, -_LIMIT, _LIMIT)
    return np.where(shade.seen, contrast, np.float32(0)), shade.seen.copy()


def coarser(shade: Shade, level: float) -> Shade:
    """A picture in pixels `level` times as large."""
    shape = (max(1, int(shade.grey.shape[0] / level)), max(1, int(shade.grey.shape[1] / level)))
    return warp(shade, Similarity(scale=complex(level), shift=_centre(level)), shape)


def _centre(level: float) -> complex:
    """The middle of a pixel of `level` times the size, counted from that of its first small one."""
    return complex((level - 1) / 2, (level - 1) / 2)


def _from(points: NDArray[np.complex128], level: float) -> NDArray[np.complex128]:
    """Points of the reference in the coarse pixels of a level."""
    return np.asarray((points - _centre(level)) / level)


def _same(one: Similarity, other: Similarity, points: NDArray[np.complex128], *, within: float) -> bool:
    """True if the two put the points at the same place, to so many pixels of the reference."""
    return bool(np.abs(one(points) - other(points)).max() <= within * abs(one.scale))


def _distinct(places: Sequence[Similarity], watched: NDArray[np.complex128]) -> list[Similarity]:
    """Places in their order, without those that differ little from an earlier one."""
    kept: list[Similarity] = []
    for place in places:
        if not any(_same(place, other, watched, within=_APART) for other in kept):
            kept.append(place)
    return kept
