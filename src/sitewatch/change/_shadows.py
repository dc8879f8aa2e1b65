"""Shadows that what was built casts in its first winter.

A hall that went up in spring throws a short shadow until autumn. In November its shadow reaches three times as far,
over ground that no winter of the record before saw dark: no season explains it, and it looks like something dark that
was put up. In the next winter it comes again and the seasons take it up. So a patch is told as a shadow when

* it is darker in every band than it was, and something believed stands in the direction of the sun, within the length
  of a shadow, as long as the patch is dark;
* it came up to a year after that, and nearly all shadows of the looks that saw it dark are longer than those of the
  looks that saw it bright when the other stood already.

Its length and its direction are those of half past ten, solar time, when most satellites that map land pass: a record
does not always say the hour.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sitewatch.change._dates import seen_on
from sitewatch.change._describe import FEATURES
from sitewatch.change._objects import Patch
from sitewatch.change._stack import Stack
from sitewatch.sun import sun_at

__all__ = ["shadows"]

_PASS = dt.time(10, 30, tzinfo=dt.UTC)
"""On the zero meridian solar time, but for a quarter of an hour."""
_HEIGHT_M = 12.0
"""Of what casts it: the eaves of halls are rarely higher."""
_LONGEST = 5.0
"""Metres of shadow per metre of height: where the sun stands below eleven degrees, looks show little else."""
_DARKER = 0.95
"""A shadow leaves at most this share of the brightness, over ground that it covers in part."""
_REACHED = 0.6
"""Share of a shadow that lies where one can fall."""
_ON_IT = 0.3
"""And at most so much of it on what casts it: that is another state of the same thing."""
_LONGER = 1.5
"""How much longer shadows are when it is dark than when it was lit beside what stood already."""
_MOST_OF = 0.2
"""Nearly all shadows of the one are longer than nearly all of the other: but for this share on either side."""
_LIT = 3
"""Looks on which it was lit."""
_NEAR_DAYS = 40.0
"""Dates of neighbours differ by so much under cloud."""
_A_YEAR = 400.0
"""With a winter's margin: what stood longer has thrown its shadow before."""
_STEP_PX = 0.5
"""Between two places that are looked at on the way towards the sun."""


def shadows(
    patches: Sequence[Patch],
    standing_inside: NDArray[np.bool_],
    features: NDArray[np.float64],
    stack: Stack,
    *,
    parts: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Tell which of some patches are the shadow of another one in its first winter.

    Args:
        patches: n of them, each believed to be something built.
        standing_inside: (n,) True: it stood within its spell.
        features: (n, len(FEATURES)) from `describe`.
        stack: in which they were found.
        parts: (m, 2) pairs (i, j) where patch j could be a part of what patch i tells, from `repeats`.

    Returns:
        (n,) True for shadows, and for parts of them that are darker in every band, too, unless they cast one. Never
        where the size of a pixel is not known.
    """
    found = np.zeros(len(patches), dtype=bool)
    shaded = standing_inside & np.array([patch.delta.max() < 0 for patch in patches], dtype=bool)
    dark = np.flatnonzero(shaded & _darker(features, stack))
    if not len(dark) or not stack.pixel_m:
        return found
    length, away = _of_looks(stack)
    stood = [
        _stood(patch, bool(stands), len(stack.days)) for patch, stands in zip(patches, standing_inside, strict=True)
    ]
    casts = found.copy()
    for i in dark.tolist():
        seen = seen_on(patches[i], stack)
        own = seen[(seen >= patches[i].start) & (seen < patches[i].end)]
        if not len(own):
            continue
        reach = _HEIGHT_M * float(np.median(length[own])) / stack.pixel_m
        towards = -away[own].mean(axis=0)
        casters = [
            j
            for j in range(len(patches))
            if j != i
            and _stood_by(patches[i], stood[j], stack.days)
            and _in_longer_shadows(length[own], length[seen[(seen >= stood[j][0]) & (seen < patches[i].start)]])
            and _falls_on(patches[j], patches[i], towards, reach, stack.shape)
        ]
        found[i] = bool(casters)
        casts[casters] = True
    of_shadows = parts[found[parts[:, 0]], 1]
    found[of_shadows[shaded[of_shadows] & ~casts[of_shadows]]] = True
    return found


def _darker(features: NDArray[np.float64], stack: Stack) -> NDArray[np.bool_]:
    """(n,) True where the eye sees it darker in the spell than before and after it."""
    inside, before, after = (
        stack.dark + stack.span * features[:, FEATURES.index(f"bright_{side}")]
        for side in ("inside", "before", "after")
    )
    return np.asarray(inside <= _DARKER * np.minimum(before, after))


def _of_looks(stack: Stack) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(look,) length of a shadow per metre of height, and (look, 2) the way it falls: down and right in the image."""
    suns = [
        sun_at(
            dt.datetime.combine(dt.date(1970, 1, 1) + dt.timedelta(days=int(day)), _PASS),
            latitude=stack.latitude,
            longitude=0.0,
        )
        for day in stack.days
    ]
    length = np.minimum([sun.cotangent for sun in suns], _LONGEST)
    return length, np.array([sun.away[::-1] for sun in suns])


def _stood(patch: Patch, stands_inside: bool, looks: int) -> tuple[int, int]:
    """First look on which a structure stood and the first after it; (0, 0) for what stood before and after a gap."""
    if stands_inside:
        return patch.start, patch.end
    return (0, patch.start) if patch.end >= looks else (0, 0)


def _stood_by(patch: Patch, stood: tuple[int, int], days: NDArray[np.float64]) -> bool:
    """Whether what stood had come within the year before a patch became dark, and stood as long as that is dark."""
    first, last = stood
    if last == 0 or not 0 <= days[patch.start] - days[first] <= _A_YEAR:
        return False
    return last >= len(days) or (patch.end < len(days) and bool(days[last] >= days[patch.end] - _NEAR_DAYS))


def _in_longer_shadows(dark: NDArray[np.float64], lit: NDArray[np.float64]) -> bool:
    """Whether shadows were longer when it was dark than when it was lit: their lengths on the looks that saw it."""
    if len(lit) < _LIT or np.median(dark) < _LONGER * np.median(lit):
        return False
    return bool(np.quantile(dark, _MOST_OF) >= np.quantile(lit, 1 - _MOST_OF))


def _falls_on(caster: Patch, patch: Patch, towards: NDArray[np.float64], reach: float, shape: tuple[int, int]) -> bool:
    """Whether a patch lies where a shadow of `reach` pixels, one at least, falls; `towards` the sun, down and right."""
    if reach < 1 or np.isin(patch.pixels, caster.pixels, assume_unique=True).mean() > _ON_IT:
        return False
    # A pixel further: patches have lost their rims.
    steps = np.arange(0.0, reach + 1.0 + _STEP_PX, _STEP_PX)
    at = np.stack(np.divmod(patch.pixels, shape[1]), axis=-1)[:, None] + steps[:, None] * towards
    rows, columns = np.rint(at).astype(np.int64).transpose(2, 0, 1)
    within = (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
    hit = np.isin(rows * shape[1] + columns, caster.pixels) & within
    return bool(hit.any(axis=1).mean() >= _REACHED)
