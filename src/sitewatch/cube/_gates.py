"""Looks made comparable, and those that cannot be taken out: levels, masks, geometry, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sitewatch.archive import MASK_BANDS
from sitewatch.cube._backscatter import decibels, why_no_power
from sitewatch.cube._clear import hidden
from sitewatch.cube._look import Look, Outcome
from sitewatch.cube._masks import Cause
from sitewatch.cube._move import move_back
from sitewatch.cube._normalise import normalise
from sitewatch.cube._outcomes import Fit, look_of_chip
from sitewatch.cube._radiometry import STEP, missing_constant
from sitewatch.cube._register import measure_shifts, settle
from sitewatch.cube._repair import ground_in_cloud
from sitewatch.cube._screen import screen
from sitewatch.cube._snow import snow_bands, snow_covered, thin_snow
from sitewatch.cube._stack import Pass, Stack, brightness

__all__ = ["MAX_UNSURE_PX", "comparable"]

MAX_UNSURE_PX = 0.5
"""A look is used when its position is known better than this (standard deviation along an axis), pixels."""

_EVERY = 7
"""One in so many pixels tells a look's usual value."""

_LOWEST, _HIGHEST = -0.15, 1.6
"""Range of a look's usual reflectance; snow under a low sun reaches 1.2, a forgotten scale 1 000 and more."""

_SKY_MASKS = frozenset(MASK_BANDS) - {"valid"}
"""Bands that tell of clouds; the others tell only what was measured."""

_TAKEN_OFF = f"{STEP:g} (1000 DN) taken off in all bands: not all looks carry it, and its metadata do not tell"
_ADDED = f"{STEP:g} (1000 DN) added in all bands: it was taken off though it was not there"

_NO_ORBIT = (
    "its orbit is not told: looks from different sides may be mixed here, and their differences found as changes"
)


def comparable(
    stack: Stack, *, units: str, bands: Sequence[str], visible: Sequence[int], pixel_m: float
) -> tuple[Stack, list[Look]]:
    """Make the looks of a stack comparable with each other.

    Args:
        stack: as read; must not be used any more.
        units: reflectance, picture or backscatter; the last passes no optical gate.
        bands: names of the bands, in their order.
        visible: positions of the bands that make up brightness.
        pixel_m: edge of a pixel, metres.

    Returns:
        The stack with those looks that can be compared, and the looks of those that cannot, *rejected*.
    """
    if not stack.passes:
        return stack, []
    if units == "backscatter":
        return _as_decibels(stack)
    looks: list[Look] = []
    of_snow = None if units == "picture" else snow_bands(bands)
    if units == "picture":
        stack = _normalised(stack, visible)
    else:
        stack, looks = _without_odd_values(stack)
        if not stack.passes:
            return stack, looks
        stack = _levelled(stack)
        _hide_by_comparison(stack, visible, of_snow)
    bright = brightness(stack, visible)
    _give_back_ground(stack, bright)
    if of_snow is not None:
        _hide_thin_snow(stack, bright, of_snow)
    stack, unsure = _registered(stack, bright, pixel_m=pixel_m)
    del bright  # the largest array beside the stack, and out of date where looks were moved
    if stack.passes:
        stack.causes[screen(brightness(stack, visible), stack.causes == Cause.SEEN)] = Cause.SCREENED
    return stack, [*looks, *unsure]


def _normalised(stack: Stack, visible: Sequence[int]) -> Stack:
    """Pictures with the stack's stretch; where cloud was found the line is drawn again without, as cloud bends it."""
    made = replace(stack, values=normalise(stack.values, stack.causes == Cause.SEEN))
    if _hide_by_comparison(made, visible):
        made = replace(made, values=normalise(stack.values, made.causes == Cause.SEEN))
        _hide_by_comparison(made, visible)
    return made


def _levelled(stack: Stack) -> Stack:
    """Take off (or give back) a constant that only some looks carry."""
    add = missing_constant(stack.values, stack.causes == Cause.SEEN)
    passes = list(stack.passes)
    for i in np.flatnonzero(add):
        stack.values[i] += add[i]
        passes[i] = replace(passes[i], remark=_ADDED if add[i] > 0 else _TAKEN_OFF)
    return replace(stack, passes=tuple(passes))


def _hide_by_comparison(stack: Stack, visible: Sequence[int], of_snow: tuple[int, int, int] | None = None) -> bool:
    """Mask snow, cloud and shadow in looks that no sensor's mask came with; True where there are such looks.

    Snow comes first: cloud is told by comparison with the looks around, and among looks under snow that fails.
    """
    bare = np.array(
        [not any(band.name in _SKY_MASKS for chip in one.chips for band in chip.bands) for one in stack.passes]
    )
    if not bare.any():
        return False
    stack.causes[stack.causes == Cause.SCREENED] = Cause.SEEN
    bright = brightness(stack, visible)
    if of_snow is not None:
        _hide_snow(stack, bright, bare, of_snow)
    flags = hidden(bright, stack.causes == Cause.SEEN)
    flags &= bare[:, None, None]
    stack.causes[flags] = Cause.SCREENED
    return True


def _hide_snow(
    stack: Stack, bright: NDArray[np.float32], bare: NDArray[np.bool_], of_snow: tuple[int, int, int]
) -> None:
    """Mask snow in the `bare` looks, but for what has its colour on ground without snow: some roof or salt pan."""
    flags = np.zeros(stack.causes.shape, dtype=bool)
    for look in np.flatnonzero(bare):
        green, nir, swir = (stack.values[look, band].astype(np.float32) for band in of_snow)
        flags[look] = snow_covered(green, nir, swir) & (stack.causes[look] == Cause.SEEN)
    if flags.any():
        flags &= ~ground_in_cloud(bright, flags)
        stack.causes[flags] = Cause.SNOW


def _hide_thin_snow(stack: Stack, bright: NDArray[np.float32], of_snow: tuple[int, int, int]) -> None:
    """Mask what is partly under snow in looks that a mask, or its colour, tells snow of."""
    green, _, swir = of_snow
    snow = stack.causes == Cause.SNOW
    if snow.any():
        # A roof that a mask calls snow again and again is no snow that others could hang together with.
        snow &= ~ground_in_cloud(bright, snow)
        thin = thin_snow(stack.values[:, green], stack.values[:, swir], stack.causes == Cause.SEEN, snow)
        stack.causes[thin] = Cause.SNOW


def _give_back_ground(stack: Stack, bright: NDArray[np.float32]) -> None:
    """Take back what a sensor's mask says of ground that it calls cloud again and again."""
    flagged = stack.causes == Cause.CLOUD
    if flagged.any():
        stack.causes[ground_in_cloud(bright, flagged)] = Cause.SEEN


def _registered(stack: Stack, bright: NDArray[np.float32], *, pixel_m: float) -> tuple[Stack, list[Look]]:
    """Move every look onto the stack; reject those of which nobody can say where they lie. `bright` is used up."""
    days = np.array([one.scene.captured.timestamp() / 86_400 for one in stack.passes])
    shifts = measure_shifts(bright, stack.causes == Cause.SEEN, days)
    settled = settle(shifts)
    sure = settled.sigma <= MAX_UNSURE_PX
    passes: list[Pass] = []
    looks: list[Look] = []
    for i, one in enumerate(stack.passes):
        fit = None
        if np.isfinite(shifts.sigma[i]):
            metres = float(np.hypot(*shifts.offset[i])) * pixel_m
            light, haze = map(float, shifts.line[i])
            fit = Fit(shift_m=metres, sigma_m=float(shifts.sigma[i]) * pixel_m, light=light, haze=haze)
        passes.append(replace(one, fit=fit))
        if not sure[i]:
            reason = _why_unsure(fit, left_m=float(settled.sigma[i]) * pixel_m)
            looks += [look_of_chip(chip, Outcome.REJECTED, reason, fit=fit) for chip in one.chips]
    move_back(stack.values, stack.causes, np.where(sure[:, None], settled.offset, 0.0))
    return replace(stack, passes=tuple(passes)).only(sure), looks


def _why_unsure(fit: Fit | None, *, left_m: float) -> str:
    if fit is None:
        return (
            f"too little of it shows edges to tell where it lies, and looks here lie some {left_m:.0f} m off as a rule"
        )
    return f"it seems to lie {fit.shift_m:.0f} m off, too far or too unsure (+-{fit.sigma_m:.0f} m) to be moved back"


def _without_odd_values(stack: Stack) -> tuple[Stack, list[Look]]:
    """Reject what cannot be reflectance: a scale that nobody told."""
    looks: list[Look] = []
    keep = np.ones(len(stack.passes), dtype=bool)
    for i, one in enumerate(stack.passes):
        seen = stack.causes[i] == Cause.SEEN
        usual = float(np.median(stack.values[i][:, seen][:, ::_EVERY].astype(np.float32))) if seen.any() else 0.0
        if not _LOWEST <= usual <= _HIGHEST:
            keep[i] = False
            reason = (
                f"its usual value is {usual:.4g}, which is no reflectance; give its scale and offset in a STAC sidecar"
            )
            looks += [look_of_chip(chip, Outcome.REJECTED, reason) for chip in one.chips]
    return stack.only(keep), looks


def _as_decibels(stack: Stack) -> tuple[Stack, list[Look]]:
    """Radar's power in decibels; what cannot be power is rejected, where there is none nothing was measured."""
    reasons = [why_no_power(values) for values in stack.values]
    looks = [
        look_of_chip(chip, Outcome.REJECTED, reason)
        for one, reason in zip(stack.passes, reasons, strict=True)
        for chip in one.chips
        if reason
    ]
    stack = stack.only(np.array([not reason for reason in reasons], dtype=bool))
    for values in stack.values:
        values[:] = decibels(values.astype(np.float32))
    stack.causes[~np.isfinite(stack.values).all(axis=1)] = Cause.OUTSIDE
    if any(one.scene.orbit is None for one in stack.passes):
        stack = replace(stack, passes=tuple(replace(one, remark=_NO_ORBIT) for one in stack.passes))
    return stack, looks
