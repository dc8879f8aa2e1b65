"""The engine as it ships and with parts taken out, and what it claims."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import xarray as xr
from matching import Claim, Ends
from numpy.typing import NDArray

from sitewatch.change import Change, Kind, candidates, detect, stack_of
from sitewatch.change._dates import edges
from sitewatch.change._verify import verifier
from sitewatch.site import area_mask
from sitewatch.structures import Structure, identify

__all__ = [
    "ABLATIONS",
    "TUNED_ABLATIONS",
    "TUNED_DENSITIES",
    "Method",
    "as_shipped",
    "claims_of",
    "touching",
    "with_budget",
    "with_density",
    "without_verification",
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


def without_verification(cube: xr.Dataset, inside: NDArray[np.bool_], *, threshold: float) -> Sequence[Structure]:
    """All patches of at least this score; the direction is still the shipped model's, the grouping `identify`."""
    stack = stack_of(cube)
    patches, features = candidates(stack)
    if not patches:
        return ()
    standing = verifier(stack.bands).by_itself(features).standing_inside
    changes = []
    strong = [i for i, p in enumerate(patches) if p.score >= threshold and inside.ravel()[p.pixels].any()]
    ends = edges([patches[i] for i in strong], stack)
    for patch, stands, (began, ended) in zip((patches[i] for i in strong), standing[strong], ends, strict=True):
        if began is not None or ended is not None:
            changes.append(
                Change(
                    pixels=patch.pixels,
                    began=began,
                    ended=ended,
                    standing_inside=bool(stands),
                    kind=Kind.STRUCTURE,
                    # Any rising function of the score ranks the claims.
                    probability=float(patch.score / (patch.score + 100)),
                )
            )
    return identify(changes, cube, site_id="benchmark")


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


ABLATIONS: dict[str, Method] = {"as shipped": as_shipped}
"""By name; add a line to have one more row."""
TUNED_ABLATIONS: dict[str, tuple[Callable[..., Sequence[Structure]], tuple[float, ...]]] = {
    "without verification": (without_verification, (12, 16, 20, 25, 30, 40, 50, 70, 100)),
}
"""By name; those that need a threshold, and the thresholds tried on the tuning scene."""
TUNED_DENSITIES = (0.1, 0.3, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""False alarms per 10 000 pixels and year that are tried on the tuning scene."""
