"""The engine as it ships, and what it claims."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import xarray as xr
from matching import Claim, Ends
from numpy.typing import NDArray

from sitewatch.change import Kind, detect
from sitewatch.site import area_mask
from sitewatch.structures import Structure, identify

__all__ = [
    "TUNED_DENSITIES",
    "Method",
    "as_shipped",
    "claims_of",
    "touching",
    "with_budget",
    "with_density",
]

Method = Callable[[xr.Dataset, NDArray[np.bool_]], Sequence[Structure]]
"""(cube, inside) to structures."""


def as_shipped(cube: xr.Dataset, inside: NDArray[np.bool_]) -> Sequence[Structure]:
    """The engine with its default budget."""
    return with_budget(cube, inside, threshold=1.0)


def with_budget(cube: xr.Dataset, inside: NDArray[np.bool_], *, threshold: float) -> Sequence[Structure]:
    """The engine with `threshold` false alarms a year."""
    return identify(detect(cube, false_alarms=threshold, inside=inside), cube, site_id="benchmark")


def with_density(cube: xr.Dataset, inside: NDArray[np.bool_], *, threshold: float) -> Sequence[Structure]:
    """The engine with `threshold` false alarms per 10 000 pixels and year: equally strict on any area."""
    return with_budget(cube, inside, threshold=threshold * float(inside.sum()) * 1e-4)


def claims_of(structures: Iterable[Structure], cube: xr.Dataset) -> list[Claim]:
    """Every presence of what is claimed as a structure."""
    out = []
    for structure in structures:
        if structure.kind is Kind.STRUCTURE:
            pixels = np.flatnonzero(area_mask(structure.footprint, cube.odc.geobox))
            for presence in structure.presences:
                ends: Ends = tuple(  # type: ignore[assignment]
                    None if b is None else (b.after.date().toordinal(), b.by.date().toordinal())
                    for b in (presence.erected, presence.dismantled)
                )
                out.append(Claim(pixels=pixels, ends=ends, probability=presence.probability))
    return out


def touching(claims: Iterable[Claim], inside: NDArray[np.bool_]) -> list[Claim]:
    """Those with a pixel inside."""
    return [claim for claim in claims if inside.ravel()[claim.pixels].any()]


TUNED_DENSITIES = (0.1, 0.3, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""False alarms per 10 000 pixels and year that are tried on the tuning scene."""
