"""Clouds, their shadows and haze, and what a mask makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from sitewatch.simulate._climate import Array
from sitewatch.simulate._frame import noise
from sitewatch.simulate._passes import Acquisition
from sitewatch.simulate._surfaces import BANDS

__all__ = ["Sky", "classify", "cover_with", "sky_over"]

_CLOUD = np.array((1.0, 0.985, 0.98, 0.99, 0.70, 0.52), dtype=np.float32)
_UNDER_SHADOW = np.array((0.5, 0.42, 0.37, 0.33, 0.27, 0.25), dtype=np.float32)
_HAZE = np.array((1.0, 0.72, 0.52, 0.28, 0.07, 0.04), dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class Sky:
    """What lies between the ground and the sensor; rasters of shape (y, x) in pixels."""

    cloud: Array
    """Opacity of the cloud, 0-1."""
    shadow: Array
    """How much of the sunlight clouds take from the ground, 0-1."""
    haze: Array
    """Reflectance that haze adds in blue."""
    bright: float
    """Reflectance of dense cloud."""
    cirrus: bool
    """True: the cloud is high and thin."""


def sky_over(scene: Acquisition, *, size: int, pixel_m: float, rng: np.random.Generator) -> Sky:
    """Draw the sky of one scene."""
    cells = 2 * size
    # Fair-weather cumulus never closes the sky.
    fair = 0.5 if scene.cloud < 0.45 else 0.0
    kind = str(rng.choice(("cumulus", "bank", "veil"), p=(fair, 0.8 - fair, 0.2)))
    largest, stretch, slope = {
        "cumulus": (rng.uniform(30, 110), 1.0, rng.uniform(1.75, 2.05)),
        "bank": (rng.uniform(0.3, 0.9) * cells, rng.uniform(1.0, 2.0), rng.uniform(1.8, 2.2)),
        "veil": (rng.uniform(0.2, 0.6) * cells, rng.uniform(2.0, 6.0), rng.uniform(1.9, 2.3)),
    }[kind]
    density = {"cumulus": rng.uniform(2.5, 6), "bank": rng.uniform(1.2, 4), "veil": rng.uniform(0.12, 0.5)}[kind]
    height = {"cumulus": rng.uniform(700, 2200), "bank": rng.uniform(900, 4000), "veil": rng.uniform(7000, 10500)}[kind]
    bright = float(rng.uniform(0.5, 0.85))
    field = noise(rng, cells, slope=slope, largest=largest, stretch=stretch)
    turn = rng.random() < 0.5
    if scene.cloud > 0.004:
        depth = (field.T if turn else field) + np.float32(NormalDist().inv_cdf(min(scene.cloud, 0.9999)))
        # Softplus: a dense core and an edge that thins out instead of ending.
        depth = np.logaddexp(0, 7 * depth) / 7
        opacity = 1 - np.exp(-density * depth)
        opacity = np.maximum(0, opacity - 0.02) / 0.98
    else:
        opacity = np.zeros((cells, cells), dtype=np.float32)
    away, reach = scene.sun.away, height * scene.sun.cotangent / pixel_m
    moved = np.roll(opacity, (round(away[1] * reach), round(away[0] * reach)), axis=(0, 1))
    shade = moved * (0.35 if kind == "veil" else 1.0)
    window = (slice(size // 2, size // 2 + size),) * 2
    swell = noise(rng, size, slope=2.2, largest=size)
    haze = scene.haze * np.exp(np.float32(0.35) * swell - np.float32(0.06))
    # The optics blur a cloud's edge as they blur everything else.
    opacity = gaussian_filter(opacity, 0.6, mode="wrap")
    return Sky(
        cloud=np.asarray(opacity[window], dtype=np.float32),
        shadow=np.asarray(shade[window], dtype=np.float32),
        haze=np.asarray(haze, dtype=np.float32),
        bright=bright,
        cirrus=kind == "veil",
    )


def cover_with(sky: Sky, ground: Array) -> Array:
    """What the sensor sees of a ground of (band, y, x) reflectance through a sky."""
    seen = np.empty_like(ground)
    for i in range(len(BANDS)):
        veil = _HAZE[i] * sky.haze
        lit = ground[i] * (1 - sky.shadow * (1 - _UNDER_SHADOW[i]))
        hazy = lit * (1 - 2 * veil) + veil
        top = sky.bright * _CLOUD[i] * (0.8 + 0.2 * sky.cloud)
        seen[i] = hazy * (1 - sky.cloud) + top * sky.cloud
    return seen


def classify(sky: Sky, seen: Array, *, missed: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The scene classification as a processor would make it, with its faults; native 20 m like Sentinel-2's.

    Args:
        sky: what there truly is.
        seen: (band, y, x) reflectance at the sensor.
        missed: share of cloud inside which none is seen.
        rng: where the faults come from.

    Returns:
        (y, x) classes: 3 shadow, 4 vegetation, 5 bare, 6 water, 8 and 9 cloud, 10 cirrus, 11 snow.
    """
    size = sky.cloud.shape[0]
    # Some days the mask is better than on others.
    missed = float(np.clip(missed * np.exp(rng.normal(-0.12, 0.5)), 0, 0.9))
    blue, green, red, nir, swir, _ = (_halve(band) for band in seen)
    cloud, shadow, haze = _halve(sky.cloud), _halve(sky.shadow), _halve(sky.haze)
    half = len(cloud)
    rough = noise(rng, half, slope=0.9, largest=12)
    blobs = noise(rng, half, slope=2.0, largest=7)
    ndvi = (nir - red) / np.maximum(nir + red, 0.01)
    ndsi = (green - swir) / np.maximum(green + swir, 0.01)
    classes = np.where(ndvi > 0.38, 4, 5).astype(np.uint8)
    classes[(green > nir * 1.15) & (nir < 0.1)] = 6
    classes[(ndsi > 0.42) & (nir > 0.25) & (cloud < 0.5)] = 11
    depth = rng.uniform(0.3, 0.5)
    found = shadow > depth + 0.12 * rough
    # Dark woods and water are taken for shadow here and there when there is cloud to cast one.
    dark = (nir < 0.12) & (blobs > 2.0) & (cloud.mean() > 0.05)
    classes[(found & (blobs > -1.3)) | dark] = 3
    sure = cloud + 0.7 * haze
    limit = rng.uniform(0.2, 0.32) + 0.07 * rough
    seen_cloud = (sure > limit) & (blobs > NormalDist().inv_cdf(max(missed, 1e-6)))
    classes[seen_cloud] = 10 if sky.cirrus else 8
    if not sky.cirrus:
        classes[seen_cloud & (sure > 0.6 + 0.1 * rough)] = 9
    # Bright roofs look like cloud in some scenes: a whim of the day, not of the roof.
    whim = rng.uniform(0.27, 0.75)
    bright = ((blue + green + red) / 3 > whim) & (classes != 11) & (cloud < 0.1) & (rough > -0.6)
    classes[bright] = 8
    return np.repeat(np.repeat(classes, 2, axis=0), 2, axis=1)[:size, :size]


def _halve(raster: Array) -> Array:
    """Means of 2 x 2 pixels; an odd last row or column is doubled."""
    odd = raster.shape[0] % 2
    if odd:
        raster = np.pad(raster, ((0, odd), (0, odd)), mode="edge")
    half = raster.shape[0] // 2
    return np.asarray(raster.reshape(half, 2, half, 2).mean(axis=(1, 3)), dtype=np.float32)
