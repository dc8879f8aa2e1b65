"""All that a search of one cube finds, before anything is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from sitewatch.change._background import design
from sitewatch.change._describe import describe
from sitewatch.change._forecast import Forecast
from sitewatch.change._objects import GROW_SCORE, Patch, compounds, grow, usual_scores
from sitewatch.change._scan import Spells, scan
from sitewatch.change._stack import Stack, fill, stack_of

__all__ = ["Search", "around", "brought_in", "candidates", "search", "search_stack"]

_REACH = 5
"""Pixels around a patch that `describe` may read."""
_NOT_BROUGHT = np.zeros((0, 1, 2))


@dataclass(frozen=True, kw_only=True)
class Search:
    """What was found in one cube."""

    stack: Stack
    """The cube; only the series of the pixels in `held` are there."""
    held: NDArray[np.bool_]
    """(pixel,) True where the stack holds the series."""
    spells: Spells
    """Of all pixels."""
    usual: NDArray[np.float32]
    """(pixel,) from `usual_scores`."""
    patches: Sequence[Patch]
    """What was grown, then what of it makes up a compound."""
    grown: int
    """How many of them were grown."""
    owner: NDArray[np.int32]
    """(pixel, event) position of the grown patch that a spell belongs to, as its rim too; -1 for none."""
    measured: NDArray[np.bool_]
    """(n,) True where a patch could be described."""
    features: NDArray[np.float64]
    """(n, len(FEATURES)) what describes it."""
    whole: int
    """Looks when all pixels were searched last."""
    brought: NDArray[np.float64]
    """(family, band + 1, 2) how further sensors' looks were brought to the first one's then
    (`sitewatch.cube.Harmony.cube`); no row where there was one sensor."""
    forecast: Forecast | None = None
    """Of all pixels; None: not fitted yet."""

    @property
    def candidates(self) -> tuple[list[Patch], NDArray[np.float64]]:
        """The patches that could be described, and what describes them."""
        chosen = [patch for patch, good in zip(self.patches, self.measured, strict=True) if good]
        return chosen, self.features[self.measured]

    def read(self, cube: xr.Dataset, pixels: NDArray[np.int64]) -> None:
        """Make sure that the stack holds the series of some pixels (flat indices, sorted)."""
        missing = pixels[~self.held[pixels]]
        if len(missing):
            fill(self.stack, cube, missing)
            self.held[missing] = True


def around(patches: Sequence[Patch], shape: tuple[int, int]) -> NDArray[np.int64]:
    """Pixels that `describe` may read of some patches on a grid of `shape`; flat indices, sorted."""
    mask = np.zeros(shape, dtype=bool)
    for patch in patches:
        mask.ravel()[patch.pixels] = True
    return np.flatnonzero(ndimage.maximum_filter(mask, size=2 * _REACH + 1))


def search(cube: xr.Dataset) -> Search:
    """Search all of a cube of `MIN_LOOKS` looks or more."""
    return replace(search_stack(stack_of(cube)), brought=brought_in(cube))


def brought_in(cube: xr.Dataset) -> NDArray[np.float64]:
    """How a cube's further sensors were brought to its first; see `Search.brought`."""
    return np.asarray(cube.attrs.get("brought", _NOT_BROUGHT), dtype=np.float64)


def search_stack(stack: Stack) -> Search:
    """The same for a stack that holds every pixel."""
    spells = scan(stack.values, stack.valid, design(stack.days), threshold=GROW_SCORE)
    usual = usual_scores(spells, stack.shape)
    made = grow(spells, stack.shape, stack.days, usual=usual)
    patches = made.patches + compounds(made.patches, stack.days, stack.shape)
    measured, features = describe(patches, stack, spells)
    return Search(
        stack=stack,
        held=np.ones(len(stack.values), dtype=bool),
        spells=spells,
        usual=usual,
        patches=patches,
        grown=len(made.patches),
        owner=made.owner,
        measured=measured,
        features=features,
        whole=len(stack.days),
        brought=_NOT_BROUGHT,
    )


def candidates(stack: Stack) -> tuple[list[Patch], NDArray[np.float64]]:
    """All patches of a stack that can be described, and (n, len(FEATURES)) what describes them."""
    return search_stack(stack).candidates
