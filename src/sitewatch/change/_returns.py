"""What stood on a patch's ground, read off all of its pixels together: its own dates, and other spells that look alike.

A patch is grown from single pixels, each dated by itself. Once its ground is known, the mean of all its pixels tells
more: noise averages out, and the spell itself says what to look for. On every look that saw at least half of the ground
two states are set against each other,

    like the spell:      c1(t) = sum_bands (S(t) - L)^2 / v1     with L the spell's median level,
    as the ground else:  c0(t) = sum_bands (S(t) - B(t))^2 / v0  with B constant and seasons, fitted to the other looks,

and half their difference, capped, is what a look says for the spell. The most probable sequence of states is found
with a price for each change of state (Viterbi 1967, doi:10.1109/TIT.1967.1054010). Levels are fitted again to what was
found, a few times. The spell's own dates come out, and the spells in which the same thing stood before it or after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numba
import numpy as np
from numpy.typing import NDArray

from sitewatch.change._background import design
from sitewatch.change._objects import NEAR_LOOKS, Patch
from sitewatch.change._stack import Stack

__all__ = ["own_dates", "own_story", "returns"]

_MOST = 8
"""Spells on one ground; what comes more often is a season or noise."""
_PRICE = 5.0
"""What a change of state costs, as the log of how much less probable it is than none."""
_CAP = 6.0
"""The most that one look says for either state: so no single look makes a spell."""
_PRICE_AT_END = 7.0
"""The same where less than two looks follow: nor does the last look alone."""
_FIRST = 2
"""Looks that a record begins with and that say less: of one or two alone nothing before tells that they are weather."""
_LESS = 0.4
"""Share of what they say that counts: together they do not pay for a change."""
_PLAIN = 2.0
"""Unless they are just as the ground is later: their misfit to it is at most so many times what noise makes of it."""
_INDEPENDENT = 3.0
"""Bands count as so many at most: they err together."""
_RELATIVE = 0.05
"""How much the level of one surface varies with sun and weather, as a share of it."""
_FLOOR = 0.004
"""Smallest noise of the mean of a patch."""
_ROUNDS = 4
"""Levels are fitted again at most so often; nearly all settle in two."""
_CLEAR = 5.0
"""What a look says for its state on average, for spells to be believed that only a ground without them shows: nearly
all that it can say. Things that are parked and fields come again too, less clearly."""
_BESIDE = 4
"""Looks before and after a spell that show its ground without it."""
_LEAST = 6
"""Looks that must have seen the ground."""
_SAME_GROUND = 0.5
"""Intersection over union from which two patches with the same dates are the same."""


def returns(seeds: Sequence[Patch], known: Sequence[Patch], stack: Stack) -> tuple[list[Patch], NDArray[np.int64]]:
    """Spells that look like those of some patches, on their ground.

    Args:
        seeds: patches of one stack; it must hold the series of their pixels.
        known: all patches that there are; what one of them tells already is left out.
        stack: the cube they were found in.

    Returns:
        New patches with the pixels of a seed and other dates; and (n,) the position of the seed of each.
    """
    spells, levels, counts, _ = _spells(seeds, stack)
    start, end = (np.array([getattr(p, name) for p in known], dtype=np.int64) for name in ("start", "end"))
    made: list[Patch] = []
    origin: list[int] = []
    strength = np.array([p.score * len(p.pixels) ** 0.5 for p in seeds])
    for i in np.argsort(-strength, kind="stable").tolist():
        own = spells[i, : counts[i]].tolist()
        for number, spell in enumerate(own):
            (first, last), sign = spell, 1
            if number == 0 and first == 0:
                # It stood when the record began: that is told by its end, as a spell of its absence.
                first, last, sign = last, own[1][0] if len(own) > 1 else len(stack.days), -1
            near = np.flatnonzero((np.abs(start - first) <= NEAR_LOOKS) & (np.abs(end - last) <= NEAR_LOOKS))
            told = [known[j] for j in near.tolist()]
            told += [p for p in made if abs(p.start - first) <= NEAR_LOOKS and abs(p.end - last) <= NEAR_LOOKS]
            if not any(seeds[i].on_ground_of(other, _SAME_GROUND) for other in told):
                made.append(replace(seeds[i], start=first, end=last, delta=sign * levels[i]))
                origin.append(i)
    return made, np.array(origin, dtype=np.int64)


def own_dates(patches: Sequence[Patch], stack: Stack) -> list[tuple[int, int] | None]:
    """The first look of each patch's spell and the first after it, read off all of its pixels together.

    Returns:
        For each, indices of looks, the number of looks for a spell that goes on; None where its ground does not tell.
    """
    spells, _, counts, _ = _spells(patches, stack)
    found: list[tuple[int, int] | None] = []
    for patch, own, count in zip(patches, spells, counts.tolist(), strict=True):
        overlap = np.minimum(own[:count, 1], patch.end) - np.maximum(own[:count, 0], patch.start)
        best = own[int(np.argmax(overlap))] if count else None
        found.append(None if best is None else (int(best[0]), int(best[1])))
    return found


def own_story(patches: Sequence[Patch], stack: Stack) -> NDArray[np.float64]:
    """How well the ground of n patches, read as a whole, bears out what their pixels say.

    Returns:
        (n, 3): how clearly a look tells the two states apart, as the mean log of odds for the state it is in, 0 to
        `_CAP`; how many spells there are; and 1 where one of them has the patch's dates to within a few looks, else 0.
        All 0 where the spell is not seen on the ground as a whole.
    """
    spells, _, counts, clarity = _spells(patches, stack)
    start, end = (np.array([[getattr(p, name)] for p in patches], dtype=np.int64) for name in ("start", "end"))
    told = np.arange(_MOST) < counts[:, None]
    near = (np.abs(spells[:, :, 0] - start) <= NEAR_LOOKS) & (np.abs(spells[:, :, 1] - end) <= NEAR_LOOKS)
    return np.column_stack([clarity, counts, (told & near).any(axis=1)])


def _spells(
    patches: Sequence[Patch], stack: Stack
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64], NDArray[np.float64]]:
    """What the ground of n patches tells.

    Returns:
        (n, most, 2) spells, from 0 where the first look that saw the ground shows it; (n, band) level in them less that
        outside; (n,) how many, 0 where nothing is told; and (n,) the mean log of odds of a look for its state.
    """
    bounds = np.cumsum([0, *(len(p.pixels) for p in patches)])
    pixels = np.concatenate([np.zeros(0, dtype=np.int64), *(p.pixels for p in patches)])
    start, end = (np.array([getattr(p, name) for p in patches], dtype=np.int64) for name in ("start", "end"))
    return _all_spells(  # type: ignore[no-any-return]
        stack.values, stack.valid, design(stack.days), bounds, pixels, start, end
    )


@numba.njit(parallel=True, cache=True)
def _all_spells(values, valid, basis, bounds, pixels, starts, ends):  # type: ignore[no-untyped-def]
    count = len(starts)
    spells = np.zeros((count, _MOST, 2), dtype=np.int64)
    levels = np.zeros((count, values.shape[2]), dtype=np.float32)
    found = np.zeros(count, dtype=np.int64)
    clarity = np.zeros(count)
    for i in numba.prange(count):
        body = pixels[bounds[i] : bounds[i + 1]]
        found[i], clarity[i] = _spells_of(values, valid, basis, body, starts[i], ends[i], spells[i], levels[i])
    return spells, levels, found, clarity


@numba.njit(cache=True)
def _spells_of(values, valid, basis, body, start, end, spells, change):  # type: ignore[no-untyped-def]
    """Fill in what one patch's ground tells; returns how many spells, and how clearly a look tells the states apart."""
    looks, bands = values.shape[1:]
    seen = np.zeros(looks, dtype=np.int64)
    for p in body:
        for t in range(looks):
            seen[t] += valid[p, t]
    index = np.flatnonzero(seen >= max(1, (body.size + 1) // 2))
    n = index.size
    if n < _LEAST:
        return 0, 0.0
    series = np.zeros((bands, n))
    for p in body:
        for i in range(n):
            if valid[p, index[i]]:
                for b in range(bands):
                    series[b, i] += values[p, index[i], b] / seen[index[i]]
    own = ((index >= start) & (index < end)).astype(np.int64)
    state, gain, worth = _settled(series, basis, index, own, own)
    more, more_gain, more_worth = _settled(series, basis, index, own, _alike(series, own))
    if more_worth > worth and (more_gain * (2 * more - 1)).mean() >= _CLEAR:
        state, gain = more, more_gain
    if gain.size == 0:
        return 0, 0.0
    inside, outside = np.flatnonzero(state == 1), np.flatnonzero(state == 0)
    if inside.size == 0 or outside.size == 0:
        return 0, 0.0
    for b in range(bands):
        change[b] = series[b][inside].mean() - series[b][outside].mean()
    count = 0
    for i in range(n):
        if state[i] == 1 and (i == 0 or state[i - 1] == 0):
            if count == _MOST:
                return 0, 0.0
            spells[count, 0] = index[i] if i > 0 else 0
            spells[count, 1] = looks
            count += 1
        elif state[i] == 0 and i > 0 and state[i - 1] == 1:
            spells[count - 1, 1] = index[i]
    return count, (gain * (2 * state - 1)).mean()


@numba.njit(cache=True)
def _alike(series, own):  # type: ignore[no-untyped-def]
    """(n,) 0 or 1: the looks that are nearer to the spell's level than to that of the ground just before and after it.

    What comes again would spoil a ground that is fitted to all other looks at once.
    """
    bands, n = series.shape
    inside = np.flatnonzero(own == 1)
    state = own.copy()
    if inside.size == 0:
        return state
    first, last = inside[0], inside[-1]
    beside = np.zeros(n, dtype=np.bool_)
    beside[max(0, first - _BESIDE) : first] = True
    beside[last + 1 : last + 1 + _BESIDE] = True
    around = np.flatnonzero(beside & (own == 0))
    if around.size == 0:
        return state
    along, length = np.zeros(n), 0.0
    for b in range(bands):
        one = series[b]
        noise = max(_FLOOR, 1.0484 * np.median(np.abs(one[1:] - one[:-1]))) ** 2
        ground = np.median(one[around])
        rise = np.median(one[inside]) - ground
        length += rise * rise / noise
        for t in range(n):
            along[t] += (one[t] - ground) * rise / noise
    for t in range(n):
        state[t] = 1 if along[t] > 0.5 * length else 0
    return state


@numba.njit(cache=True)
def _settled(series, basis, index, own, state):  # type: ignore[no-untyped-def]
    """States fitted to their own levels until they stay; what each look says for its own; and how well all is told.

    The gains are empty where the spell itself is not seen on its ground as a whole, or levels cannot be fitted.
    """
    nothing = np.zeros(0)
    gain, fit = nothing, -np.inf
    for _ in range(_ROUNDS):
        gain, trust, fit = _gains(series, basis, index, state)
        if gain.size == 0:
            return state, nothing, -np.inf
        new = _sequence(gain, trust)
        if 2 * (new * own).sum() < own.sum():
            return state, nothing, -np.inf
        settled = (new == state).all()
        state = new
        if settled:
            break
    return state, gain, fit - _PRICE * np.abs(np.diff(state)).sum()


@numba.njit(cache=True)
def _gains(series, basis, index, state):  # type: ignore[no-untyped-def]
    """(n,) what each look says for the spell, in logs of odds, empty where there is too little to fit levels to.

    (n,) the share of it that counts, and the log likelihood of all looks in their states, up to a constant.
    """
    bands, n = series.shape
    k = basis.shape[1]
    inside, outside = np.flatnonzero(state == 1), np.flatnonzero(state == 0)
    if inside.size < 2 or outside.size < 3:
        return np.zeros(0), np.zeros(0), -np.inf
    gram, right = np.zeros((k, k)), np.zeros((k, bands))
    for i in outside:
        for j in range(k):
            for m in range(k):
                gram[j, m] += basis[index[i], j] * basis[index[i], m]
            for b in range(bands):
                right[j, b] += basis[index[i], j] * series[b, i]
    for j in range(k):
        gram[j, j] += 1e-6 if j == 0 else 1.0  # few looks do not tell a season
    fitted = np.linalg.solve(gram, right)
    gain, fit = np.zeros(n), 0.0
    misfit = np.zeros(_FIRST)
    for b in range(bands):
        one = series[b]
        white = max(_FLOOR, 1.0484 * np.median(np.abs(one[1:] - one[:-1])))
        level = np.median(one[inside])
        ground = np.zeros(n)
        for t in range(n):
            for j in range(k):
                ground[t] += basis[index[t], j] * fitted[j, b]
        known = (_RELATIVE * level) ** 2
        v0 = max(white, 1.4826 * np.median(np.abs(one[outside] - ground[outside]))) ** 2 + known
        v1 = max(white, 1.4826 * np.median(np.abs(one[inside] - level))) ** 2 + known
        for t in range(n):
            off, on = (one[t] - ground[t]) ** 2 / v0, (one[t] - level) ** 2 / v1
            gain[t] += off - on
            if t < _FIRST:
                misfit[t] += off
            # No look costs more than its part of the cap: what cloud left must not decide.
            fit -= min(2 * _CAP, on) + np.log(v1) if state[t] == 1 else min(2 * _CAP, off) + np.log(v0)
    weight = min(1.0, _INDEPENDENT / bands) / 2
    for t in range(n):
        gain[t] = min(_CAP, max(-_CAP, weight * gain[t]))
    trust = np.ones(n)
    for t in range(_FIRST):
        if gain[t] > 0 or misfit[t] > _PLAIN * bands:
            trust[t] = _LESS
    return gain, trust, weight * fit


@numba.njit(cache=True)
def _sequence(gain, trust):  # type: ignore[no-untyped-def]
    """(n,) 0 or 1: the states with the largest sum of gains in state 1, less the price of each change of state."""
    n = gain.size
    came = np.zeros((n, 2), dtype=np.bool_)
    off, on = 0.0, trust[0] * gain[0]
    for i in range(1, n):
        price = _PRICE if i < n - 1 else _PRICE_AT_END
        came[i, 0] = on - price > off
        came[i, 1] = on >= off - price
        off, on = max(off, on - price), max(on, off - price) + trust[i] * gain[i]
    state = np.zeros(n, dtype=np.int64)
    now = on > off
    for i in range(n - 1, -1, -1):
        state[i] = now
        now = came[i, 1] if now else came[i, 0]
    return state
