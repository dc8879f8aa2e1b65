"""Passes read into one array: what the gates of the cube work on."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.errors import NotGeoreferencedWarning

from sitewatch.archive import Chip, Scene
from sitewatch.cube._family import is_picture, is_radar
from sitewatch.cube._look import Look, Outcome
from sitewatch.cube._masks import Cause
from sitewatch.cube._outcomes import Fit, look_of_chip
from sitewatch.cube._read import Reading, read_chip
from sitewatch.errors import SceneError

__all__ = ["Pass", "Progress", "Stack", "brightness", "passes_of", "read_stack"]

Progress = Callable[[int, int], None]
"""Called with (done, of) as chips are read."""

_PASS = dt.timedelta(minutes=10)
"""Tiles of one pass are seconds to minutes apart; the next pass of the same satellite comes 100 minutes later."""

_WORKERS = 4


@dataclass(frozen=True)
class Pass:
    """Chips of one pass, mosaicked where they overlap: the first in the order of scene ids lies on top."""

    chips: tuple[Chip, ...]
    fit: Fit | None = None
    """How it lay on the stack before it was moved there; None: not measured."""
    remark: str = ""
    """What was mended, for its looks."""

    @property
    def scene(self) -> Scene:
        return self.chips[0].scene


@dataclass(frozen=True)
class Stack:
    """Passes and their pixels, in time order."""

    passes: tuple[Pass, ...]
    values: NDArray[np.float16]
    """(pass, band, y, x)"""
    causes: NDArray[np.uint8]
    """(pass, y, x)"""

    def only(self, keep: NDArray[np.bool_]) -> Stack:
        """The passes where `keep` is True; this stack must not be used any more."""
        if keep.all():
            return self
        passes = tuple(one for one, kept in zip(self.passes, keep, strict=True) if kept)
        # Moved up in place: a second copy would double the memory.
        for place, number in enumerate(np.flatnonzero(keep)):
            if place != number:
                self.values[place], self.causes[place] = self.values[number], self.causes[number]
        return Stack(passes, self.values[: len(passes)], self.causes[: len(passes)])


def passes_of(chips: Sequence[Chip]) -> list[Pass]:
    """Chips grouped by pass: same platform and orbit, captured within minutes; whole-day scenes stay apart."""
    groups: list[list[Chip]] = []
    for chip in chips:
        scene = chip.scene
        last = groups[-1][0].scene if groups else None
        same = (
            last is not None
            and scene.platform is not None
            and (scene.platform, scene.orbit) == (last.platform, last.orbit)
            and not (scene.whole_day or last.whole_day)
            and scene.captured - last.captured <= _PASS
        )
        if same:
            groups[-1].append(chip)
        else:
            groups.append([chip])
    return [Pass(tuple(sorted(group, key=lambda c: c.scene.id))) for group in groups]


def read_stack(
    passes: Sequence[Pass], bands: Sequence[str], grid: GeoBox, progress: Progress | None
) -> tuple[Stack, list[Look]]:
    """Read every pass in parallel, each into its own place; chips that cannot be read become failed looks."""
    values = np.empty((len(passes), len(bands), *grid.shape), dtype=np.float16)
    causes = np.empty((len(passes), *grid.shape), dtype=np.uint8)

    def read(number: int) -> tuple[Pass | None, list[Look]]:
        parts: list[Reading] = []
        good: list[Chip] = []
        failed: list[Look] = []
        for chip in passes[number].chips:
            try:
                parts.append(read_chip(chip, bands, grid, scale=_factor(chip)))
                good.append(chip)
            except SceneError as error:
                failed.append(look_of_chip(chip, Outcome.FAILED, str(error)))
        if not good:
            return None, failed
        whole = _mosaic(parts)
        values[number], causes[number] = whole.values, whole.causes
        return Pass(tuple(good)), failed

    kept: list[Pass | None] = []
    looks: list[Look] = []
    with warnings.catch_warnings(), ThreadPoolExecutor(_WORKERS) as pool:
        # Warping makes rasters in memory that have no place of their own. Filters are the process's and threads may not
        # set them, so they are set once, here.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        for done, (one, failed) in enumerate(pool.map(read, range(len(passes))), start=1):
            kept.append(one)
            looks += failed
            if progress is not None:
                progress(done, len(passes))
    found = np.array([one is not None for one in kept], dtype=bool)
    whole = tuple(one if one is not None else passes[number] for number, one in enumerate(kept))
    return Stack(whole, values, causes).only(found), looks


def brightness(stack: Stack, visible: Sequence[int]) -> NDArray[np.float32]:
    """(time, y, x) mean of the visible bands, NaN where nothing was measured."""
    bright = np.zeros(stack.causes.shape, dtype=np.float32)
    for band in visible:
        bright += stack.values[:, band]
    bright /= np.float32(len(visible))
    return bright


def _factor(chip: Chip) -> float:
    """What a chip's values are multiplied with on top of their own scale."""
    if is_radar(chip):
        return 1.0
    if is_picture(chip):
        return 1 / 255
    measured = [band for band in chip.bands if not band.is_mask]
    untold = all((band.scale, band.offset) == (1.0, 0.0) and band.dtype in ("uint16", "int16") for band in measured)
    # Integers of which nobody tells a scale are most often reflectance times 10 000; what is not is rejected below.
    return 1e-4 if untold else 1.0


def _mosaic(parts: Sequence[Reading]) -> Reading:
    values, causes = parts[0].values, parts[0].causes
    for part in parts[1:]:
        empty = causes == Cause.OUTSIDE
        values[:, empty] = part.values[:, empty]
        causes[empty] = part.causes[empty]
    return Reading(values=values, causes=causes)
