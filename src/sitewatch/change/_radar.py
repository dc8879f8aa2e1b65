"""What a search of radar looks found, judged by physics and counted noise instead of a learned model.

Walls and the ground before them send a radar's pulse straight back (double bounce; Dong, Forster and
Ticehurst 1997 on built-up ground): a structure stands out in VV by several decibels, on every look, for
as long as it stands. A patch is therefore a candidate when, with what its surroundings do taken out,

    it covers at least `MIN_EXTENT` pixels (speckle and single bright targets do not),
    VV is brighter in the spell than outside it, on at least `STAYS` of the looks of each, and
    VH, where there is any, does not fall by more than `CROSS_FALLS`.

Its strength in decibels is the smaller of two numbers: how far VV rose above the ground's own history, and how far it
stands above its surroundings while it stands. Below `LEAST_STRENGTH` nothing is claimed.

How many candidates of a strength come up where nothing is built was counted (`benchmarks/change/radar_null.py`):
next to none in simulated speckle, so it is the ground itself that makes them; on real stable land they become fewer
with strength, much like an exponential. The budget and the probability are read off that, see `claim_strength` and
`probability`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from sitewatch.change._change import Change, Kind
from sitewatch.change._dates import brackets, dates
from sitewatch.change._objects import Patch
from sitewatch.change._repeats import distinct, repeats
from sitewatch.change._search import Search, around
from sitewatch.change._stack import Stack

__all__ = [
    "LEAST_STRENGTH",
    "MIN_EXTENT",
    "Rise",
    "claim_strength",
    "false_rate",
    "probability",
    "radar_changes",
    "rises",
]

MIN_EXTENT = 9
"""Pixels of the smallest structure that is claimed: three by three, one and a half times the radar's resolution."""

LEAST_STRENGTH = 3.0
"""Decibels, twice the power: weaker rises are soil, crops and what is parked, whatever budget is asked for."""

STAYS = 0.8
"""Share of looks, in the spell and outside it, that lie on their own side of the middle between both levels."""

CROSS_FALLS = 1.0
"""Decibels that VH may fall: double bounce raises VV alone, and a mean over few looks is not sharper than this."""

RATE_AT_LEAST, RATE_FALLS = 0.3, 1.5
"""False candidates of `LEAST_STRENGTH` and more per 10 000 pixels and year, and the decibels over which they become
fewer by a factor of e: of records of little more than a year, which have the most (longer ones show the seasons)."""

COUNTED = 9.4
"""10 000 pixels times years of real stable land on which the rate was counted."""

_TRUE_RATE = 1.0
"""Structures a year that are taken to come up in a watched outline: what a probability is set against."""

_RING = 3
"""Pixels of the surroundings, beyond one that is left out (a radar's pixels are mixed with their neighbours')."""

_SAME_GROUND = 0.35
"""Patches that share so much of the ground of both (intersection over union) are spells of one thing."""

_STRONG = 20.0
"""Smallest score of a change that is reported without being claimed."""

_FEW = 3
"""Looks on either side without which nothing is said."""


@dataclass(frozen=True, kw_only=True)
class Rise:
    """How a patch's backscatter differs between its spell and the other looks; decibels."""

    bright_inside: bool
    """True: VV is brighter in the spell, so that it is when something stood."""
    rise: float
    """VV on the standing side less VV on the other, both relative to the surroundings."""
    cross: float
    """The same of VH; 0 where there is none."""
    contrast: float
    """VV above the surroundings on the standing side."""
    stays: float
    """Share of looks on their own side of the middle, of the side that keeps to it less, 0-1."""
    pixels: int

    @property
    def strength(self) -> float:
        """Decibels by which it rose above its own history and stands above its surroundings; 0: no candidate."""
        candidate = self.pixels >= MIN_EXTENT and self.stays >= STAYS and self.cross >= -CROSS_FALLS
        return max(0.0, min(self.rise, self.contrast)) if candidate else 0.0


def false_rate(strength: float) -> float:
    """Candidates of at least this strength (dB) where nothing is built, per 10 000 pixels and year."""
    return float(RATE_AT_LEAST * np.exp(-(strength - LEAST_STRENGTH) / RATE_FALLS))


def claim_strength(*, false_alarms: float, pixels: int) -> float:
    """Strength, dB, from which a structure is claimed, so that at most `false_alarms` false ones are expected a year.

    Args:
        false_alarms: budget for the site, per year.
        pixels: how many pixels the site's outline holds.

    Returns:
        At least `LEAST_STRENGTH`: on small sites fewer false claims are made than the budget allows.
    """
    allowed = max(false_alarms, 1e-9) / (max(pixels, 1) * 1e-4)
    return max(LEAST_STRENGTH, LEAST_STRENGTH + RATE_FALLS * float(np.log(RATE_AT_LEAST / allowed)))


def probability(strength: float, *, pixels: int) -> float:
    """That a candidate of this strength is something built: true ones over all that are as strong.

    One structure a year is assumed to come up within the outline. A false rate smaller than one in all that was counted
    is not believed, so that no strength makes sure.

    Args:
        strength: dB; 0 for what is no candidate.
        pixels: how many pixels the site's outline holds.
    """
    if strength <= 0:
        return 0.0
    false = max(false_rate(strength), 1 / COUNTED) * pixels * 1e-4
    return float(_TRUE_RATE / (_TRUE_RATE + false))


def radar_changes(
    found: Search, cube: xr.Dataset, *, false_alarms: float, inside: NDArray[np.bool_], most_others: int
) -> list[Change]:
    """Judge what a search of a radar cube (decibels) found; see `sitewatch.change.detect`.

    Args:
        found: the search.
        cube: the cube it was made of.
        false_alarms: expected false structures a year inside the outline, > 0.
        inside: (y, x), True inside the outline.
        most_others: how many changes are reported that are not claimed, the strongest first.
    """
    flat = inside.ravel()
    patches = [p for p in found.patches if len(p.pixels) >= MIN_EXTENT and flat[p.pixels].any()]
    if not patches:
        return []
    found.read(cube, around(patches, found.stack.shape))
    spells = dates(patches, found.stack)
    measured = rises(patches, spells, found.stack)
    pixels = int(inside.sum())
    least = claim_strength(false_alarms=false_alarms, pixels=pixels)
    strength = np.array([0.0 if rise is None else rise.strength for rise in measured])
    chosen: NDArray[np.int64] = np.flatnonzero(strength >= least)
    claimable = [patches[i] for i in chosen.tolist()]
    pairs = repeats(claimable, found.stack.days, found.stack.shape)
    repeated = set(chosen[~distinct(claimable, strength[chosen], pairs)].tolist())
    claimed: list[Change] = []
    others: list[tuple[float, Change]] = []
    told = [
        (i, rise)
        for i, rise in enumerate(measured)
        if rise is not None and i not in repeated and (strength[i] >= least or patches[i].score >= _STRONG)
    ]
    ends = brackets([patches[i] for i, _ in told], [spells[i] for i, _ in told], found.stack)
    for (i, rise), (began, ended) in zip(told, ends, strict=True):
        patch, structure = patches[i], bool(strength[i] >= least)
        if began is None and ended is None:
            continue
        change = Change(
            pixels=patch.pixels,
            began=began,
            ended=ended,
            standing_inside=rise.bright_inside,
            # What else changed cannot be told by two polarisations: wet soil, a crop, water and cars all change both.
            kind=Kind.STRUCTURE if structure else Kind.UNKNOWN,
            probability=probability(float(strength[i]), pixels=pixels),
        )
        if structure:
            claimed.append(change)
        else:
            others.append((patch.score * len(patch.pixels) ** 0.5, change))
    others.sort(key=lambda item: -item[0])
    return claimed + [change for _, change in others[:most_others]]


def rises(patches: Sequence[Patch], spells: Sequence[tuple[int, int]], stack: Stack) -> list[Rise | None]:
    """How much brighter each patch was on one side of its dates.

    Args:
        patches: of one stack.
        spells: their `dates`.
        stack: in decibels, what all pixels of a look share taken out; it holds the patches and five pixels around.

    Returns:
        One per patch; None where patch or surroundings were not seen on three looks of either side.
    """
    return [_rise(i, patches, spells, stack) for i in range(len(patches))]


def _rise(number: int, patches: Sequence[Patch], spells: Sequence[tuple[int, int]], stack: Stack) -> Rise | None:
    patch = patches[number]
    series, seen = _series(patch, stack)
    looks = np.arange(len(stack.days))
    first, last = spells[number]
    within = (looks >= first) & (looks < last)
    own, other = seen & within, seen & ~within
    # What stood there at another time is no measure of the bare ground.
    again = np.zeros(len(looks), dtype=bool)
    for other_patch, (start, end) in zip(patches, spells, strict=True):
        apart = end <= first or start >= last
        rows_meet = other_patch.pixels[0] <= patch.pixels[-1] and patch.pixels[0] <= other_patch.pixels[-1]
        if apart and rows_meet and patch.on_ground_of(other_patch, _SAME_GROUND):
            again |= (looks >= start) & (looks < end)
    if (other & ~again).sum() >= _FEW:
        other &= ~again
    if min(own.sum(), other.sum()) < _FEW:
        return None
    main = next((i for name in ("vv", "hh") if (i := stack.position(name)) is not None), 0)
    cross = next((i for name in ("vh", "hv") if (i := stack.position(name)) is not None), None)
    level, bare = series[own].mean(axis=0), series[other].mean(axis=0)
    bright = bool(level[main] > bare[main])
    sign = 1.0 if bright else -1.0
    middle = (level[main] + bare[main]) / 2
    return Rise(
        bright_inside=bright,
        rise=float(abs(level[main] - bare[main])),
        cross=0.0 if cross is None or cross == main else float(sign * (level[cross] - bare[cross])),
        contrast=float((level if bright else bare)[main]),
        stays=float(
            min(
                (sign * (series[own, main] - middle) > 0).mean(),
                (sign * (series[other, main] - middle) < 0).mean(),
            )
        ),
        pixels=len(patch.pixels),
    )


def _series(patch: Patch, stack: Stack) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(time, band) mean of a patch less the median of its surroundings; and (time,) where half of both was seen."""
    height, width = stack.shape
    rows, columns = patch.pixels // width, patch.pixels % width
    reach = _RING + 1
    top, left = max(0, rows.min() - reach), max(0, columns.min() - reach)
    bottom, right = min(height, rows.max() + reach + 1), min(width, columns.max() + reach + 1)
    mask = np.zeros((bottom - top, right - left), dtype=bool)
    mask[rows - top, columns - left] = True
    block = np.ones((3, 3), dtype=bool)
    near = ndimage.binary_dilation(mask, block)
    ring = ndimage.binary_dilation(near, block, iterations=_RING) & ~near
    y, x = np.nonzero(ring)
    around = (y + top) * width + x + left
    if not len(around):
        return np.zeros((len(stack.days), len(stack.bands))), np.zeros(len(stack.days), dtype=bool)
    inner, outer = stack.valid[patch.pixels], stack.valid[around]
    seen = (inner.mean(axis=0) >= 0.5) & (outer.mean(axis=0) >= 0.5)
    series = np.zeros((len(stack.days), len(stack.bands)))
    for look in np.flatnonzero(seen):
        own = stack.values[patch.pixels[inner[:, look]], look]
        beside = stack.values[around[outer[:, look]], look]
        series[look] = own.mean(axis=0) - np.median(beside, axis=0)
    return series, seen
