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
from typing import NamedTuple

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
"""Spells of up to so many looks are all tried; of longer ones some dates first."""

_STRIDES = (2, 4)
_LONG = (_SHORT, 40, 1 << 30)
"""Of spells of `_LONG[k]` to `_LONG[k + 1]` looks every date that is a multiple of `_STRIDES[k]` is tried first."""

_LANES = 16
"""Most numbers that a processor handles in one instruction."""

_TOGETHER = 128
"""Pixels that are worked on in the same memory, one after the other."""

_TIE = np.float32(1.00001)
"""What is not larger by this factor is not told apart by sums of single-precision numbers."""

_BLOCK = 6
"""Looks over which noise is averaged to tell what is slow from what is white: a month or so of clear looks."""

NOISE_FLOOR = 0.005
"""Smallest noise, reflectance or picture units: below it quantisation, not the ground, makes the differences."""


@dataclass(frozen=True, kw_only=True)
class Spells:
    """Up to `EVENTS` spells of every pixel in the order they were found; all arrays are (pixel, event[, ...])."""

    start: NDArray[np.int32]
    """Index of the first look of the spell; -1: no such event. Never 0."""
    end: NDArray[np.int32]
    """Index after the spell's last look at this pixel (the first look on which it is over); number of looks: a step."""
    score: NDArray[np.float32]
    """z as above; 0 for no event."""
    delta: NDArray[np.float32]
    """(pixel, event, band): level in the spell minus level outside it, the background taken out."""


class Windows(NamedTuple):
    """What is known of all windows of one pixel; room that the next pixel uses again."""

    top: NDArray[np.float32]
    """(6 + 1, looks) numerators of L: of steps by their first date, and of spells of 3 to 8 looks."""
    below: NDArray[np.float32]
    """Their denominators."""
    long_top: NDArray[np.float32]
    """Numerators of longer spells at the dates that are tried: one piece of `_rows` after the other."""
    long_below: NDArray[np.float32]
    """Their denominators."""
    ratio: NDArray[np.float32]
    """(looks,) L of one row."""


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
    # float: of an integer numba would compile all of it once more.
    found = _scan(values, valid, basis, float(threshold))
    return Spells(**dict(zip(("start", "end", "score", "delta"), found, strict=True)))


@numba.njit(parallel=True, cache=True, fastmath=True)
def _scan(values, valid, basis, threshold):  # type: ignore[no-untyped-def]
    pixels, looks, bands = values.shape
    start = np.full((pixels, EVENTS), -1, dtype=np.int32)
    end = np.full((pixels, EVENTS), -1, dtype=np.int32)
    score = np.zeros((pixels, EVENTS), dtype=np.float32)
    delta = np.zeros((pixels, EVENTS, bands), dtype=np.float32)
    size = _rows(looks)[:, 3].sum()
    for block in numba.prange((pixels + _TOGETHER - 1) // _TOGETHER):
        room = Windows(
            np.empty((_SHORT - _MIN_LOOKS + 2, looks), dtype=np.float32),
            np.empty((_SHORT - _MIN_LOOKS + 2, looks), dtype=np.float32),
            np.empty(size, dtype=np.float32),
            np.empty(size, dtype=np.float32),
            np.empty(looks + _LANES, dtype=np.float32),
        )
        for p in range(block * _TOGETHER, min((block + 1) * _TOGETHER, pixels)):
            _scan_pixel(values[p], valid[p], basis, threshold, room, start[p], end[p], score[p], delta[p])
    return start, end, score, delta


@numba.njit(cache=True, fastmath=True)
def _scan_pixel(values, valid, basis, threshold, room, start, end, score, delta):  # type: ignore[no-untyped-def]
    """Find the spells of one pixel: (time, band) values; what is found goes into the last four.

    All is done on prefix sums: those of the residuals over their noise, and those of the basis. A spell is taken out of
    both without summing anew.
    """
    index = np.flatnonzero(valid)
    looks, bands = values.shape
    n, k = index.size, basis.shape[1]
    if n < 2 * _MIN_LOOKS + k:
        return
    q = np.zeros((k + EVENTS, n), dtype=np.float32)
    q[:k] = orthonormal(basis, index)
    sums = np.zeros((bands + k + EVENTS, n + _LANES), dtype=np.float32)
    series = np.empty(n, dtype=np.float32)
    noise = np.empty(bands, dtype=np.float32)
    for b in range(bands):
        for i in range(n):
            series[i] = values[index[i], b]
        noise[b] = _white_noise(series)
        for j in range(k):
            _take_out(series, q[j])
        _sum_up(series, np.float32(1.0) / noise[b], sums[b])
    for j in range(k):
        _sum_up(q[j], np.float32(1.0), sums[bands + j])
    plan = _rows(n)
    _open(sums, bands, bands + k, n, plan, room)
    size = np.ones(EVENTS, dtype=np.float32)
    # Of the spell found last: the prefix sums of its column, and of what the residuals weighed by its share in each
    # band were before it was taken out.
    shares = np.zeros(bands, dtype=np.float32)
    mixed = np.zeros(n + _LANES, dtype=np.float32)
    found, weak = 0, 0
    for event in range(EVENTS):
        best, first, last = _best_window(sums, bands, bands + k + found, n, plan, mixed, shares, room)
        raw = (best - bands) / np.sqrt(2.0 * bands)
        if raw < threshold:
            break
        # What the basis explains of the window, and what is left of it.
        column = q[k + found]
        column[first:last] = 1.0
        left = np.float32(last - first)
        for j in range(k + found):
            inside = sums[bands + j, last - 1] - sums[bands + j, first - 1]
            left -= inside * inside
            for i in range(n):
                column[i] -= inside * q[j, i]
        for j in range(k + found):  # once more takes what rounding left
            _take_out(column, q[j])
        norm = np.float32(0.0)
        for i in range(n):
            norm += column[i] * column[i]
        column /= np.sqrt(norm)
        own = sums[bands + k + found]
        _sum_up(column, np.float32(1.0), own)
        mixed[:] = 0.0
        for b in range(bands):
            level = sums[b, last - 1] - sums[b, first - 1]
            delta[event, b] = level / left * noise[b]
            # The residuals hold nothing of the basis, so their share in the column is their share in the window.
            shares[b] = level / np.sqrt(left)
            for i in range(n):
                mixed[i] += shares[b] * sums[b, i]
            for i in range(n):
                sums[b, i] -= shares[b] * own[i]
        size[event] = left
        start[event] = index[first]
        end[event] = looks if last == n else index[last]
        found += 1
        weighed = _weighed(delta[event], size[event], noise, _slow_variance(sums, noise, n))
        weak = weak + 1 if weighed < threshold else 0
        if weak == _PATIENCE:
            break
    if found == 0:
        return
    _split(start, end, delta, size, found, index)
    slow = _slow_variance(sums, noise, n)
    for event in range(found):
        weighed = _weighed(delta[event], size[event], noise, slow)
        if weighed < threshold:
            start[event] = -1
            end[event] = -1
        else:
            score[event] = weighed


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
            before = _seen_between(index, start[outer], first)
            after = _seen_between(index, last, end[outer])
            if min(before, after) < _MIN_LOOKS:
                continue
            # The longer spell's level is a mean over the gap, too, of which the inner one took back its part.
            gap = _seen_between(index, first, last)
            delta[outer] -= delta[inner] * (gap / (before + gap + after))
            start[inner], end[inner] = last, end[outer]
            end[outer] = first
            delta[inner] = delta[outer]
            size[outer], size[inner] = before, after


@numba.njit(cache=True)
def _seen_between(index, first, last):  # type: ignore[no-untyped-def]
    """How many of the seen looks at `index` lie from one look on and before another, as float32."""
    seen = np.float32(0.0)
    for i in range(index.size):
        if first <= index[i] < last:
            seen += np.float32(1.0)
    return seen


@numba.njit(cache=True, fastmath=True)
def _white_noise(series):  # type: ignore[no-untyped-def]
    """Standard deviation of the white part of a series: 1.4826 MAD of consecutive differences / sqrt 2."""
    return max(np.float32(NOISE_FLOOR), np.float32(1.0484) * np.median(np.abs(np.diff(series))))


@numba.njit(cache=True, fastmath=True)
def _slow_variance(sums, noise, n):  # type: ignore[no-untyped-def]
    """Variance per band of what wanders slowly: running means of `_BLOCK` looks, less what white noise gives them.

    From prefix sums of the residuals over their noise, whose first rows are the bands.
    """
    slow = np.empty(noise.size, dtype=np.float32)
    for b in range(noise.size):
        own = sums[b]
        total = own[_BLOCK - 1] * own[_BLOCK - 1]
        for i in range(n - _BLOCK):
            total += (own[i + _BLOCK] - own[i]) ** 2
        wander = total / (_BLOCK * _BLOCK * (n - _BLOCK + 1)) - np.float32(1.0 / _BLOCK)
        slow[b] = max(np.float32(NOISE_FLOOR * NOISE_FLOOR), noise[b] * noise[b] * wander)
    return slow


@numba.njit(cache=True, fastmath=True)
def _sum_up(series, scale, out):  # type: ignore[no-untyped-def]
    """Prefix sums: out[i] is the sum of the first i + 1 numbers, scaled."""
    total = np.float32(0.0)
    for i in range(series.size):
        total += series[i] * scale
        out[i] = total


@numba.njit(cache=True, fastmath=True)
def _take_out(series, unit):  # type: ignore[no-untyped-def]
    """Subtract from `series` its projection on the unit vector, in place."""
    dot = np.float32(0.0)
    for i in range(series.size):
        dot += series[i] * unit[i]
    for i in range(series.size):
        series[i] -= dot * unit[i]


@numba.njit(cache=True, fastmath=True)
def _open(sums, bands, rows, n, plan, room):  # type: ignore[no-untyped-def]
    """Fill `room` for a pixel of which nothing has been taken out: numerators and denominators of L of all windows."""
    whole = np.ascontiguousarray(sums[:, n - 1])
    # Steps: the window's end stays.
    top, below = room.top[0], room.below[0]
    for i in range(n - 1):
        top[i] = 0.0
        below[i] = np.float32(n - 1 - i)
    _add_squares(top, sums[:bands], whole, n - 1, np.float32(1.0))
    _add_squares(below, sums[bands:rows], whole[bands:], n - 1, np.float32(-1.0))
    # Short spells: the window's length stays.
    for length in range(_MIN_LOOKS, min(_SHORT, n - _MIN_LOOKS) + 1):
        top, below = room.top[length - _MIN_LOOKS + 1], room.below[length - _MIN_LOOKS + 1]
        for i in range(n - 1 - length):
            top[i] = 0.0
            below[i] = np.float32(length)
        for row in range(rows):
            early, late = sums[row], sums[row, length:]
            if row < bands:
                for i in range(n - 1 - length):
                    top[i] += (late[i] - early[i]) ** 2
            else:
                for i in range(n - 1 - length):
                    below[i] -= (late[i] - early[i]) ** 2
    # Longer spells, at some dates: every second or fourth prefix sum; the window's beginning stays.
    some = _thinned(sums, rows, n)
    base = np.empty(rows, dtype=np.float32)
    at = 0
    for number in range(len(plan)):
        tier, a, low, full = plan[number]
        top, below = room.long_top[at : at + full], room.long_below[at : at + full]
        at += full
        stride = _STRIDES[tier]
        for i in range(full):
            top[i] = 0.0
            below[i] = np.float32(stride * (low - a)) + np.float32(stride * i)
        for row in range(rows):
            base[row] = some[tier, row, a]
        _add_squares(top, some[tier, :bands, low:], base, full, np.float32(1.0))
        _add_squares(below, some[tier, bands:, low:], base[bands:], full, np.float32(-1.0))


@numba.njit(cache=True)
def _rows(n):  # type: ignore[no-untyped-def]
    """How the longer spells of a record of n looks are gone through: (tier, first date, lowest last date, how many).

    Dates count in strides of the tier. Whole vectors: what lies beyond the end is computed and not looked at.
    """
    rows = np.empty((n, 4), dtype=np.int64)
    count = 0
    for tier in range(len(_STRIDES)):
        stride = _STRIDES[tier]
        size = n // stride
        least, most = _LONG[tier] // stride, min(size, _LONG[tier + 1] // stride)
        for a in range(size - least):
            rows[count] = tier, a, a + least, _whole_vectors(min(size, a + most) - a - least)
            count += 1
    return rows[:count]


@numba.njit(cache=True)
def _thinned(sums, rows, n):  # type: ignore[no-untyped-def]
    """(tier, row, date) every second and every fourth prefix sum, with room for whole vectors."""
    some = np.zeros((len(_STRIDES), rows, n // _STRIDES[0] + 2 * _LANES), dtype=np.float32)
    for tier in range(len(_STRIDES)):
        for row in range(rows):
            for i in range(n // _STRIDES[tier]):
                some[tier, row, i] = sums[row, _STRIDES[tier] * i]
    return some


@numba.njit(cache=True, fastmath=True)
def _best_window(sums, bands, rows, n, plan, mixed, shares, room):  # type: ignore[no-untyped-def]
    """(L, first, last + 1) of the best window; a spell inside the record pays for its second date.

    The two dates of an inner spell are picked from T^2 / 2 pairs and the date of a step from T, so the spell must beat
    the step by 2 ln T + 2, the difference of what chance alone reaches.

    All steps are tried, and all spells of up to `_SHORT` looks. Longer spells are tried at every second or fourth date
    on either side, and then at the dates around the best: what lasts longer loses little by a look too many.

    Where a window has been taken out, the windows that end where it begins and where it is over are one and the same to
    L. Of such the one that is tried first is taken, not the one that rounding happens to favour.

    `room` is brought up to date on the way: with the column c that was added last to the basis, and the share f_band of
    the residuals in it, a window's numerator sum (R - f C)^2 is what it was, less 2 C M, and f^2 C^2 more, where M is
    sum f_band R_band. So a pixel's bands are gone through once, not for every spell.
    """
    price = np.float32(2.0 * np.log(n) + 2.0)
    best, first, last = np.float32(-1.0), 0, 0
    ratio = room.ratio
    own = sums[rows - 1]
    weight = np.float32(0.0)
    for b in range(bands):
        weight += shares[b] * shares[b]
    known = np.float32(weight > 0)  # nothing has been taken out yet: no change
    count = n - _MIN_LOOKS
    _less_from(room.top[0], room.below[0], own, own[n - 1], mixed, mixed[n - 1], weight, count)
    _ratios(room.top[0], room.below[0], ratio, count)
    ratio[: _MIN_LOOKS - 1] = 0.0
    top = _largest(ratio, count)
    if top > best:
        best, first, last = top, 1 + _position(ratio, top, count), n
    for length in range(_MIN_LOOKS, min(_SHORT, n - _MIN_LOOKS) + 1):
        count = n - 1 - length
        numerator, below = room.top[length - _MIN_LOOKS + 1], room.below[length - _MIN_LOOKS + 1]
        late, late_mixed = own[length:], mixed[length:]
        for i in range(count):
            c = (late[i] - own[i]) * known
            numerator[i] += c * (weight * c - np.float32(2.0) * (late_mixed[i] - mixed[i]))
            below[i] -= c * c
        _ratios(numerator, below, ratio, count)
        top = _largest(ratio, count)
        if top - price > best * _TIE:
            at = _position(ratio, top, count)
            best, first, last = top - price, 1 + at, 1 + at + length
    both = np.empty((2, n), dtype=np.float32)
    both[0], both[1] = own[:n], mixed[:n]
    some = _thinned(both, 2, n)
    near, near_first, near_last, reach = np.float32(-1.0), 0, 0, 0
    position = 0
    for number in range(len(plan)):
        tier, a, low, full = plan[number]
        numerator = room.long_top[position : position + full]
        below = room.long_below[position : position + full]
        position += full
        stride = _STRIDES[tier]
        one, two = some[tier, 0], some[tier, 1]
        _less_from(numerator, below, one[low:], one[a], two[low:], two[a], weight, full)
        _ratios(numerator, below, ratio, full)
        # Enough looks are left outside the window.
        count = min(full, min(n // stride, (n - _MIN_LOOKS) // stride + a + 1) - low)
        top = _largest(ratio, count)
        if top - price > near * _TIE:
            near, reach = top - price, stride - 1
            near_first, near_last = stride * a + 1, stride * (low + _position(ratio, top, count)) + 1
    if near_last > 0:
        for a in range(max(1, near_first - reach), near_first + reach + 1):
            for end in range(max(a + _MIN_LOOKS, near_last - reach), min(near_last + reach + 1, n)):
                one_more = _likelihood(sums, bands, rows, n, a, end) - price
                if one_more > best * _TIE:
                    best, first, last = one_more, a, end
    return best, first, last


@numba.njit(cache=True, fastmath=True)
def _whole_vectors(count):  # type: ignore[no-untyped-def]
    return (count + _LANES - 1) // _LANES * _LANES


@numba.njit(cache=True, fastmath=True)
def _less_from(top, below, own, own_base, mixed, mixed_base, weight, count):  # type: ignore[no-untyped-def]
    """Bring windows with one end in common up to date; see `_best_window`."""
    if weight == 0:
        return
    for i in range(count):
        c = own[i] - own_base
        top[i] += c * (weight * c - np.float32(2.0) * (mixed[i] - mixed_base))
        below[i] -= c * c


@numba.njit(cache=True, fastmath=True)
def _add_squares(out, sums, base, count, sign):  # type: ignore[no-untyped-def]
    """out[i] += sign * sum over rows of (sums[row, i] - base[row])^2; three rows at a time spare loads and stores."""
    rows = sums.shape[0]
    row = 0
    while row + 3 <= rows:
        one, two, three = sums[row], sums[row + 1], sums[row + 2]
        x, y, z = base[row], base[row + 1], base[row + 2]
        for i in range(count):
            out[i] += sign * ((one[i] - x) ** 2 + (two[i] - y) ** 2 + (three[i] - z) ** 2)
        row += 3
    while row < rows:
        one = sums[row]
        x = base[row]
        for i in range(count):
            out[i] += sign * (one[i] - x) ** 2
        row += 1


@numba.njit(cache=True, fastmath=True)
def _ratios(top, below, out, count):  # type: ignore[no-untyped-def]
    """out[i] = top[i] / below[i], 0 where the background leaves less than half a look of the window."""
    for i in range(count):
        out[i] = top[i] / below[i] if below[i] >= np.float32(0.5) else np.float32(0.0)


@numba.njit(cache=True, fastmath=True)
def _largest(values, count):  # type: ignore[no-untyped-def]
    """The largest value, at least 0; a loop of its own, which the compiler turns into vectors."""
    largest = np.float32(0.0)
    for i in range(count):
        largest = max(largest, values[i])
    return largest


@numba.njit(cache=True, fastmath=True)
def _position(values, value, count):  # type: ignore[no-untyped-def]
    """Where a value stands that is known to be there, or the first that ties with it."""
    for i in range(count):
        if values[i] * _TIE >= value:
            return i
    return 0


@numba.njit(cache=True, fastmath=True)
def _likelihood(sums, bands, rows, n, a, end):  # type: ignore[no-untyped-def]
    """L(a, end) of the module's docstring, a >= 1; -1 where it is not defined."""
    length = end - a
    if n - length < _MIN_LOOKS:
        return np.float32(-1.0)
    top, below = np.float32(0.0), np.float32(length)
    for row in range(rows):
        d = sums[row, end - 1] - sums[row, a - 1]
        if row < bands:
            top += d * d
        else:
            below -= d * d
    return top / below if below >= np.float32(0.5) else np.float32(-1.0)
