"""The window scan: for every pixel, the spells of looks on which the ground was best explained as something else.

With residuals `r_i` to the pixel's background (whose orthonormal basis is `q_k`), noise variance `s2` per band, prefix
sums `R` of `r` and `C` of `q`, the likelihood ratio of "the level was different on the looks a..b-1" against "nothing
happened" is, after the amplitude and the background are profiled out,

    L(a, b) = sum_bands (R[b] - R[a])^2 / s2_band / (b - a - sum_k (C_k[b] - C_k[a])^2).

The denominator is what is left of the window once the background has explained its part. Because of the constant in the
background a window and its complement score the same: the scan says when something was different, not which of the two
was the normal state. A step is a window that reaches the last look. Trying windows costs O(T^2) additions a pixel.

The best window is taken out of the residuals and added to the basis, and the pixel is looked at again, up to `EVENTS`
times. White noise is measured from differences of consecutive looks (robust to the events that are searched for). What
wanders slowly (crops, wet soil, the sun's angle) does not average out over a spell; it is measured at the end, on
running means of six looks of what is left, and the score of a spell of amplitude d seen on m looks is

    z = (sum_bands d_band^2 / (s2_band / m + slow_band) - bands) / sqrt(2 bands).
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from sitewatch.change._background import orthonormal

__all__ = ["EVENTS", "NOISE_FLOOR", "Spells", "scan"]

EVENTS = 6
"""Most spells searched for in one pixel: what stands again every half year fills three years of them."""

_PATIENCE = 2
"""Spells in a row that vanish in what wanders slowly, after which a pixel is left: what comes next is weaker still."""

_OPPOSITE = -0.8
"""Cosine from which a spell inside a longer one undoes it."""

_UNDONE = 0.6
"""Share of the longer spell's change that the inner one takes back at least."""

_MIN_LOOKS = 3
"""A spell and its complement are seen on at least this many looks; the temporal screen hides shorter ones anyway."""

_SHORT = 8
"""Spells of up to so many looks are all tried; of longer ones every other date first."""

_BLOCK = 6
"""Looks over which noise is averaged to tell what is slow from what is white: a month or so of clear looks."""

NOISE_FLOOR = 0.005
"""Smallest noise, reflectance or picture units: below it quantisation, not the ground, makes the differences."""


@dataclass(frozen=True, kw_only=True)
class Spells:
    """Up to `EVENTS` spells of every pixel, best first; all arrays are (pixel, event[, ...])."""

    start: NDArray[np.int32]
    """Index of the first look of the spell; -1: no such event. Never 0."""
    end: NDArray[np.int32]
    """Index after the spell's last look at this pixel (the first look on which it is over); number of looks: a step."""
    score: NDArray[np.float32]
    """z as above; 0 for no event."""
    delta: NDArray[np.float32]
    """(pixel, event, band): level in the spell minus level outside it, the background taken out."""


def scan(
    values: NDArray[np.float32],
    valid: NDArray[np.bool_],
    basis: NDArray[np.float32],
    *,
    threshold: float,
) -> Spells:
    """Find the best spells of every pixel.

    Args:
        values: (pixel, time, band), common mode taken out; only valid entries are read.
        valid: (pixel, time), True = ground seen.
        basis: (time, k) background, from `design`.
        threshold: smallest score of an event.

    Returns:
        The spells; a pixel with fewer than 2 * 3 + k looks has none.
    """
    return Spells(**dict(zip(("start", "end", "score", "delta"), _scan(values, valid, basis, threshold), strict=True)))


@numba.njit(parallel=True, cache=True, fastmath=True)
def _scan(values, valid, basis, threshold):  # type: ignore[no-untyped-def]
    pixels, looks, bands = values.shape
    start = np.full((pixels, EVENTS), -1, dtype=np.int32)
    end = np.full((pixels, EVENTS), -1, dtype=np.int32)
    score = np.zeros((pixels, EVENTS), dtype=np.float32)
    delta = np.zeros((pixels, EVENTS, bands), dtype=np.float32)
    for p in numba.prange(pixels):
        index = np.flatnonzero(valid[p])
        n = index.size
        k = basis.shape[1]
        if n < 2 * _MIN_LOOKS + k:
            continue
        q = np.zeros((k + EVENTS, n), dtype=np.float32)
        q[:k] = orthonormal(basis, index)
        r = np.empty((bands, n), dtype=np.float32)
        noise = np.empty(bands, dtype=np.float32)
        for b in range(bands):
            for i in range(n):
                r[b, i] = values[p, index[i], b]
            noise[b] = _white_noise(r[b])
            for j in range(k):
                _take_out(r[b], q[j])
        size = np.ones(EVENTS, dtype=np.float32)
        found, weak = 0, 0
        for event in range(EVENTS):
            best, first, last = _best_window(r, noise, q[: k + found])
            raw = (best - bands) / np.sqrt(2.0 * bands)
            if raw < threshold:
                break
            for b in range(bands):
                level, left = np.float32(0.0), np.float32(last - first)
                for i in range(first, last):
                    level += r[b, i]
                for j in range(k + found):
                    inside = np.float32(0.0)
                    for i in range(first, last):
                        inside += q[j, i]
                    left -= inside * inside
                delta[p, event, b] = level / left
                size[event] = left
            column = q[k + found]
            column[first:last] = 1.0
            for _ in range(2):
                for j in range(k + found):
                    _take_out(column, q[j])
            norm = np.float32(0.0)
            for i in range(n):
                norm += column[i] * column[i]
            column /= np.sqrt(norm)
            for b in range(bands):
                _take_out(r[b], column)
            start[p, event] = index[first]
            end[p, event] = looks if last == n else index[last]
            found += 1
            slow = _slow_variance(r, noise)
            weak = weak + 1 if _weighed(delta[p, event], size[event], noise, slow) < threshold else 0
            if weak == _PATIENCE:
                break
        if found == 0:
            continue
        _split(start[p], end[p], delta[p], size, found, index)
        slow = _slow_variance(r, noise)
        for event in range(found):
            weighed = _weighed(delta[p, event], size[event], noise, slow)
            score[p, event] = max(np.float32(0.0), weighed)
            if weighed < threshold:
                start[p, event] = -1
                end[p, event] = -1
    return start, end, score, delta


@numba.njit(cache=True, fastmath=True)
def _weighed(delta, size, noise, slow):  # type: ignore[no-untyped-def]
    """A spell's change against white and slow noise: z of the module's docstring."""
    total = np.float32(0.0)
    for b in range(delta.size):
        total += delta[b] * delta[b] / (noise[b] * noise[b] / size + slow[b])
    return (total - delta.size) / np.sqrt(np.float32(2.0 * delta.size))


@numba.njit(cache=True, fastmath=True)
def _split(start, end, delta, size, found, index):  # type: ignore[no-untyped-def]
    """Put two spells in the place of a long one and its interruption.

    What stands twice with a short gap between is found as one long spell, and the gap as a spell that takes it back.
    """
    for outer in range(found):
        for inner in range(outer + 1, found):
            if start[inner] <= start[outer] or end[inner] >= end[outer]:
                continue
            dot, own, other = np.float32(0.0), np.float32(0.0), np.float32(0.0)
            for b in range(delta.shape[1]):
                dot += delta[outer, b] * delta[inner, b]
                own += delta[outer, b] * delta[outer, b]
                other += delta[inner, b] * delta[inner, b]
            if dot > _OPPOSITE * np.sqrt(own * other) or -dot < _UNDONE * own:
                continue
            first, last = start[inner], end[inner]
            start[inner], end[inner] = last, end[outer]
            end[outer] = first
            delta[inner] = delta[outer]
            for event in (outer, inner):
                seen = np.float32(0.0)
                for i in range(index.size):
                    if index[i] >= start[event] and index[i] < end[event]:
                        seen += 1
                size[event] = seen


@numba.njit(cache=True, fastmath=True)
def _white_noise(series):  # type: ignore[no-untyped-def]
    """Standard deviation of the white part of a series: 1.4826 MAD of consecutive differences / sqrt 2."""
    return max(np.float32(NOISE_FLOOR), np.float32(1.0484) * np.median(np.abs(np.diff(series))))


@numba.njit(cache=True, fastmath=True)
def _slow_variance(r, noise):  # type: ignore[no-untyped-def]
    """Variance per band of what wanders slowly: running means of `_BLOCK` looks, less what white noise gives them."""
    bands, n = r.shape
    slow = np.empty(bands, dtype=np.float32)
    for b in range(bands):
        total, level = np.float32(0.0), np.float32(0.0)
        for i in range(n):
            level += r[b, i]
            if i >= _BLOCK:
                level -= r[b, i - _BLOCK]
            if i >= _BLOCK - 1:
                total += (level / _BLOCK) ** 2
        wander = total / max(1, n - _BLOCK + 1) - noise[b] * noise[b] / _BLOCK
        slow[b] = max(np.float32(NOISE_FLOOR * NOISE_FLOOR), wander)
    return slow


@numba.njit(cache=True, fastmath=True)
def _take_out(series, unit):  # type: ignore[no-untyped-def]
    """Subtract from `series` its projection on the unit vector, in place."""
    dot = np.float32(0.0)
    for i in range(series.size):
        dot += series[i] * unit[i]
    for i in range(series.size):
        series[i] -= dot * unit[i]


@numba.njit(cache=True, fastmath=True)
def _best_window(r, noise, q):  # type: ignore[no-untyped-def]
    """(L, first, last + 1) of the best window; a spell inside the record pays for its second date.

    The two dates of an inner spell are picked from T^2 / 2 pairs and the date of a step from T, so the spell must beat
    the step by 2 ln T + 2, the difference of what chance alone reaches.

    All steps are tried, and all spells of up to `_SHORT` looks. Longer spells are tried at every other date on either
    side, and then at the dates next to the best: what lasts longer loses little by a look too many.
    """
    bands, n = r.shape
    rows = bands + q.shape[0]
    sums = np.zeros((rows, n + 1), dtype=np.float32)
    for b in range(bands):
        scale = np.float32(1.0) / noise[b]
        for i in range(n):
            sums[b, i + 1] = sums[b, i] + r[b, i] * scale
    for j in range(q.shape[0]):
        for i in range(n):
            sums[bands + j, i + 1] = sums[bands + j, i] + q[j, i]
    price = np.float32(2.0 * np.log(n) + 2.0)
    best, first, last = np.float32(-1.0), 0, 0
    top = np.empty(n + 1, dtype=np.float32)
    below = np.empty(n + 1, dtype=np.float32)
    # Steps: the window's end stays; short spells: its length does. The inner loops run over neighbours in memory.
    for length in range(_MIN_LOOKS - 1, min(_SHORT, n - _MIN_LOOKS) + 1):
        step = length < _MIN_LOOKS
        count = n - _MIN_LOOKS if step else n - 1 - length
        for i in range(count):
            top[i] = 0.0
            below[i] = np.float32(n - 1 - i) if step else np.float32(length)
        for row in range(rows):
            for i in range(count):
                d = (sums[row, n] if step else sums[row, 1 + i + length]) - sums[row, 1 + i]
                if row < bands:
                    top[i] += d * d
                else:
                    below[i] -= d * d
        for i in range(count):
            if (step and i + 1 < _MIN_LOOKS) or below[i] < np.float32(0.5):
                continue
            value = top[i] / below[i] - (np.float32(0.0) if step else price)
            if value > best:
                best, first, last = value, 1 + i, n if step else 1 + i + length
    # Longer spells, at every other date: every other prefix sum.
    half = np.ascontiguousarray(sums[:, 1::2])
    size = half.shape[1]
    least = _SHORT // 2
    near, near_first, near_last = np.float32(-1.0), 0, 0
    for a in range(size - least):
        low = a + least
        count = size - low
        for i in range(count):
            top[i] = 0.0
            below[i] = np.float32(2 * (least + i))
        for b in range(bands):
            base = half[b, a]
            for i in range(count):
                d = half[b, low + i] - base
                top[i] += d * d
        for j in range(bands, rows):
            base = half[j, a]
            for i in range(count):
                d = half[j, low + i] - base
                below[i] -= d * d
        for i in range(count):
            end = 2 * (low + i) + 1
            if end >= n or n - (end - 2 * a - 1) < _MIN_LOOKS or below[i] < np.float32(0.5):
                continue
            value = top[i] / below[i] - price
            if value > near:
                near, near_first, near_last = value, 2 * a + 1, end
    if near_last > 0:
        for a in range(max(1, near_first - 1), near_first + 2):
            for end in range(near_last - 1, min(near_last + 2, n)):
                value = _likelihood(sums, bands, a, end) - price
                if value > best:
                    best, first, last = value, a, end
    return best, first, last


@numba.njit(cache=True, fastmath=True)
def _likelihood(sums, bands, a, end):  # type: ignore[no-untyped-def]
    """L(a, end) of the module's docstring from prefix sums; -1 where it is not defined."""
    length = end - a
    if sums.shape[1] - 1 - length < _MIN_LOOKS:
        return np.float32(-1.0)
    top, below = np.float32(0.0), np.float32(length)
    for b in range(bands):
        d = sums[b, end] - sums[b, a]
        top += d * d
    for j in range(bands, sums.shape[0]):
        d = sums[j, end] - sums[j, a]
        below -= d * d
    return top / below if below >= np.float32(0.5) else np.float32(-1.0)
