"""A simulated place as a map service shows it: 8-bit pictures of red, green and blue, with a date and without a mask.

The images that a simulator wrote become pictures, GeoTIFFs that say where they lie, and those are listed, fetched and
read as a user's are: cloud, levels and shifts are found in them by the cube's own means, as in practice. How pictures
are shown differs from place to place: their stretch (one for all, each day off by a little; or one of its own for each,
which a cloud spoils), how soft they are, codec and quality, and how cloudy a picture may be that somebody still keeps.

What is stretched are the numbers that images store. Those of our own simulator hold 1000 more than reflectance times
10 000, as Sentinel-2's do, so that its places look as through haze; those of the second simulator do not.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile
from scipy.ndimage import gaussian_filter

from sitewatch.archive._times import moment_in_name
from sitewatch.cube._masks import Cause, causes_of

__all__ = ["show"]

SHOWN = ("red", "green", "blue")
EVERY = 5
"""One in so many pixels, along either axis, tells how bright the place is as a rule."""


@dataclass(frozen=True)
class Image:
    """One image as simulated."""

    date: str
    """ISO."""
    values: NDArray[np.float32]
    """(3, y, x) red, green, blue as stored."""
    measured: NDArray[np.bool_]
    """(y, x)"""
    cloudy: float
    """Share of its pixels under cloud or shadow."""
    place: dict[str, Any]
    """Its grid, as rasterio has it."""


@dataclass(frozen=True)
class Manner:
    """How all pictures of one place are shown."""

    own_stretch: bool
    """Each picture is stretched between its own percentiles; else all as the median of the record asks."""
    top: float
    """Quantile of brightness, of the picture or of the median of the record, from which on all is white."""
    curve: float
    """Exponent of the tone curve."""
    soft_px: float
    """Standard deviation of the blur, pixels: what is seen on a screen was zoomed."""
    noise: float
    """Standard deviation, of 255."""
    codec: str
    quality: int
    most_cloud: float
    """Pictures with a larger share of it are not kept."""


def show(images: Path, into: Path, seed: int) -> None:
    """Write the images of a folder as pictures (GeoTIFF; red, green, blue, measured; uint8), named after their dates.

    The cloudiest are left out. Blur and codec go over the edge of what was measured, as they do on a screen.

    Args:
        images: GeoTIFFs of a simulated place, with red, green, blue and scl.
        into: folder for the pictures; made where it is missing.
        seed: decides how they are shown.
    """
    rng = np.random.default_rng((seed, 8))
    manner = _manner(rng)
    every = [_read(path) for path in sorted(images.glob("*.tif"))]
    if len({one.date for one in every}) < len(every):
        raise SystemExit(f"{images}: two images of one date; a picture is named after its date.")
    sample = np.stack([np.where(one.measured, one.values, np.nan)[:, ::EVERY, ::EVERY] for one in every])
    measured = np.isfinite(sample).any(axis=(0, 1))
    white = float(np.quantile(np.nanmedian(sample[..., measured], axis=0), manner.top))
    into.mkdir(parents=True, exist_ok=True)
    for one in every:
        stretched = _own_stretch(one, manner) if manner.own_stretch else _common_stretch(one, white, rng)
        shown = gaussian_filter(np.clip(stretched, 0, 1) ** manner.curve, (0, manner.soft_px, manner.soft_px))
        shown = shown * 255 + rng.normal(0, manner.noise, shown.shape)
        if one.cloudy > manner.most_cloud:
            continue
        picture = _coded(np.clip(np.rint(shown), 0, 255).astype(np.uint8), manner)
        profile = {**one.place, "driver": "GTiff", "count": 4, "dtype": "uint8", "photometric": "RGB"}
        with rasterio.open(into / f"{one.date}.tif", "w", **profile) as file:
            file.write(np.concatenate([picture, one.measured[None] * np.uint8(255)]))
            file.descriptions = (*SHOWN, "valid")


def _manner(rng: np.random.Generator) -> Manner:
    own = bool(rng.random() < 0.3)
    return Manner(
        own_stretch=own,
        top=float(rng.uniform(0.96, 0.998) if own else rng.uniform(0.85, 0.995)),
        curve=float(np.exp(rng.uniform(np.log(0.6), 0.0))),
        soft_px=float(max(0.0, rng.uniform(-0.4, 0.7))),
        noise=float(rng.uniform(0.3, 2.0)),
        codec=str(rng.choice(["JPEG", "JPEG", "WEBP"])),
        quality=int(rng.uniform(40, 95)),
        most_cloud=float(rng.uniform(0.4, 1.0)),
    )


def _read(path: Path) -> Image:
    with rasterio.open(path) as file:
        *values, classes = file.read([file.descriptions.index(name) + 1 for name in (*SHOWN, "scl")])
        place = {name: file.profile[name] for name in ("width", "height", "crs", "transform")}
    moment = moment_in_name(path.stem)
    if moment is None:
        raise SystemExit(f"{path}: no date in its name.")
    causes = causes_of("scl", classes)
    return Image(
        date=f"{moment.at:%Y-%m-%d}",
        values=np.stack(values).astype(np.float32),
        measured=causes != Cause.OUTSIDE,
        cloudy=float((causes == Cause.CLOUD).mean()),
        place=place,
    )


def _common_stretch(one: Image, white: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """(3, y, x) from black at 0 to white at 1; the day's light and haze, and a shade of the bands' own, are left in."""
    gain = rng.normal(1.0, 0.08) * rng.normal(1.0, 0.02, (3, 1, 1))
    haze = abs(rng.normal(0.0, 0.04))
    return np.asarray(one.values / white * gain + haze, dtype=np.float32)


def _own_stretch(one: Image, manner: Manner) -> NDArray[np.float32]:
    """(3, y, x) between the picture's own percentiles, whatever it shows."""
    low, high = np.quantile(one.values[:, one.measured], (1 - manner.top, manner.top)) if one.measured.any() else (0, 1)
    return np.asarray((one.values - low) / max(high - low, 1), dtype=np.float32)


def _coded(picture: NDArray[np.uint8], manner: Manner) -> NDArray[np.uint8]:
    """(3, y, x) after the codec, whose noise is patches of one hue, as that of real pictures is."""
    bands, height, width = picture.shape
    with warnings.catch_warnings(), MemoryFile() as memory:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # codecs keep no place, and none is needed here
        with memory.open(
            driver=manner.codec, width=width, height=height, count=bands, dtype="uint8", quality=manner.quality
        ) as file:
            file.write(picture)
        with memory.open() as file:
            return np.asarray(file.read([1, 2, 3]))
