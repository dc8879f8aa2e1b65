"""A cube as the change room works on it: every pixel's series in one piece, light and haze taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sitewatch.change._background import by_pixel, common_mode, design, sampled, some_by_pixel, take_off
from sitewatch.change._local import local_mode, take_off_near

__all__ = ["VISIBLE", "Stack", "fill", "of_pictures", "stack_for", "stack_of"]

VISIBLE = ("red", "green", "blue")
_TONED = 20_000
"""Pixels from which the tone of pictures is read."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A cube as the change room works on it."""

    values: NDArray[np.float32]
    """(pixel, time, band), what pixels of a look share taken out (`offset`, `near`)."""
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
    latitude: float = 0.0
    """Degrees north."""
    pixel_m: float = 0.0
    """Edge of a pixel in metres; 0: not known."""
    offset: NDArray[np.float32] | None = None
    """(time, band) what was taken out as common to all pixels of a look; None: nothing."""
    near: NDArray[np.float32] | None = None
    """(y, x, time, band) what was taken out after that as shared nearby, from `local_mode`; None: nothing."""

    def position(self, name: str) -> int | None:
        """Position of a band, None where the stack has no such band."""
        return self.bands.index(name) if name in self.bands else None

    @property
    def south(self) -> bool:
        """True: south of the equator, where shadows fall to the south."""
        return self.latitude < 0

    @property
    def visible(self) -> list[int]:
        """Positions of the bands that make up brightness to the eye; all, where there is none."""
        return [i for name in VISIBLE if (i := self.position(name)) is not None] or list(range(len(self.bands)))


def stack_of(cube: xr.Dataset) -> Stack:
    """The cube as (pixel, time, band), with what all pixels of a look share taken out.

    Pictures are scaled to what the place shows: 0 is its dark and 1 its bright ground (5th and 95th percentile of the
    median picture's brightness), whatever stretch somebody chose for them. They come without a mask of clouds, and what
    ours leaves of haze is taken out, too: what pixels of a look share with those near them.
    """
    reflectance = cube["reflectance"].values
    looks, bands = reflectance.shape[:2]
    values = by_pixel(reflectance.reshape(looks, bands, -1))
    valid = np.ascontiguousarray(cube["valid"].values.reshape(looks, -1).T)
    dark, span = _range(values, valid) if of_pictures(cube) else (0.0, 1.0)
    if span != 1.0:
        values = (values - np.float32(dark)) / np.float32(span)
    basis = design(_days(cube))
    offset, near = common_mode(values, valid, basis), None
    take_off(values, offset)
    if of_pictures(cube):
        height, width = reflectance.shape[2:]
        near = local_mode(values, valid, basis, (height, width))
        take_off_near(values, np.arange(len(values)), near, width)
    return _stack(cube, values, valid, tone=(dark, span), offset=offset, near=near)


def stack_for(
    cube: xr.Dataset,
    offset: NDArray[np.float32],
    near: NDArray[np.float32] | None,
    *,
    tone: tuple[float, float],
) -> Stack:
    """A stack without any values yet, for `fill`: nothing of the cube is read but which ground was seen.

    Args:
        cube: used looks.
        offset: (time, band) to be taken out of each look.
        near: (y, x, time, band) to be taken out after that, as `local_mode` gives it.
        tone: of pictures the value that is made 0 and the range of values that is made 1; else (0, 1).
    """
    looks, bands, height, width = cube["reflectance"].shape
    pixels = height * width
    # Zeros take no memory until they are written to.
    values = np.zeros((pixels, looks, bands), dtype=np.float32)
    return _stack(cube, values, np.zeros((pixels, looks), dtype=bool), tone=tone, offset=offset, near=near)


def fill(stack: Stack, cube: xr.Dataset, pixels: NDArray[np.int64]) -> None:
    """Put the series of some pixels into a stack from `stack_for`.

    Args:
        stack: changed in place.
        cube: the cube it was made for.
        pixels: flat indices into (y, x).
    """
    assert stack.offset is not None
    looks, bands = cube["reflectance"].shape[:2]
    some_by_pixel(
        cube["reflectance"].values.reshape(looks, bands, -1),
        cube["valid"].values.reshape(looks, -1),
        pixels,
        (np.float32(stack.dark), np.float32(stack.span)),
        stack.offset,
        values=stack.values,
        valid=stack.valid,
    )
    if stack.near is not None:
        take_off_near(stack.values, pixels, stack.near, stack.shape[1])


def of_pictures(cube: xr.Dataset) -> bool:
    """Whether a cube holds pictures, whose values somebody stretched, and no reflectance."""
    return bool(cube.attrs.get("units") == "picture")


def _days(cube: xr.Dataset) -> NDArray[np.float64]:
    return np.asarray(cube["time"].values.astype("datetime64[s]").astype(np.float64) / 86_400, dtype=np.float64)


def _stack(
    cube: xr.Dataset,
    values: NDArray[np.float32],
    valid: NDArray[np.bool_],
    *,
    tone: tuple[float, float],
    offset: NDArray[np.float32],
    near: NDArray[np.float32] | None,
) -> Stack:
    height, width = cube["reflectance"].shape[2:]
    return Stack(
        values=values,
        valid=valid,
        days=_days(cube),
        shape=(height, width),
        bands=tuple(map(str, cube["band"].values)),
        dark=tone[0],
        span=tone[1],
        latitude=float(cube.attrs.get("latitude", 0.0)),
        pixel_m=_pixel_m(cube),
        offset=offset,
        near=near,
    )


def _pixel_m(cube: xr.Dataset) -> float:
    """From the middle of one pixel to that of the next; 0 where the cube does not say."""
    across = cube["x"].values if "x" in cube.coords else np.zeros(1)
    return abs(float(across[1] - across[0])) if len(across) > 1 else 0.0


def _range(values: NDArray[np.float32], valid: NDArray[np.bool_]) -> tuple[float, float]:
    """(dark, span) of the place's own brightness in pictures."""
    sample = sampled(len(values), _TONED)
    seen = valid[sample].any(axis=1)
    if not seen.any():
        return 0.0, 1.0
    brightness = np.where(valid[sample], values[sample].mean(axis=2), np.nan)
    dark, bright = np.quantile(np.nanmedian(brightness[seen], axis=1), (0.05, 0.95))
    return float(dark), max(float(bright - dark), 0.05)
