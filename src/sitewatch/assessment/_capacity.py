"""Room to make things in: how much roof was added, how long the halls are, and what that does not say.

A roof bounds what fits under it. It says nothing of what is done there, so that every statement is an area or a length
with its band, the explanations that it agrees with, and the limits of such statements beside it.

The length of a hall is the long side of the smallest rectangle around its footprint. Footprints are made of whole
pixels and mostly reach over the roof: on simulated facilities (docs/science/life-histories.md) eight in ten halls were
told longer by -.1 to 3.3 pixels than they are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from odc.geo.crs import CRS
from shapely.geometry import MultiPolygon, Polygon

from sitewatch.assessment._expansion import AREA_LEVEL, Estimate, Expansion, Growth, rounded, signed
from sitewatch.site import Site, metric_crs, project
from sitewatch.structures import Bracket, Kind, Structure

__all__ = ["LIMITS", "Capacity", "Hall", "capacity_document", "capacity_of", "capacity_sentences"]

_LONGER = (-0.3, 1.2, 3.0)
"""Told minus true length, pixels: a tenth of the footprints lie below the first, half below the second, nine tenths
below the third."""
_HELD = (0.74, 101)
"""In so great a share of so many halls by which nothing was set the band held the true length."""
_LEAST_PIXELS = 4.0
"""Shorter things are no halls: their band is as wide as they are."""
_MOST_HALLS = 5

_NO_BASE = "no percentage, as the area at the start is not given"

LIMITS = (
    "A roof bounds what fits under it and says nothing of what is done there, in how many shifts, with what machines.",
    "Floor area is that seen from above: one storey. Halls that stood before the first look are not in it.",
)
"""What no statement on capacity says, in sentences."""


@dataclass(frozen=True, kw_only=True)
class Hall:
    """A long structure that stands at the last look and was erected or extended since the first."""

    structure: str
    """Its id."""
    name: str | None
    """What an analyst calls it."""
    before: Estimate | None
    """Length when it was first complete, metres; None: it was not extended."""
    length: Estimate
    """Length at the last look, metres."""
    began: Bracket
    """When it was erected or, if it was extended, when the last extension began."""

    @property
    def longer(self) -> bool:
        """True where the bands before and after do not touch: the hall surely became longer."""
        return self.before is not None and self.before.high < self.length.low


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """Bounded statements on the room that a site has."""

    grown: Expansion
    """Of the roofed area."""
    halls: tuple[Hall, ...]
    """The longest first, five at most."""
    agrees: tuple[str, ...]
    """Explanations, in words, with which so much growth or so little agrees; empty: none was asked about."""
    against: tuple[str, ...]
    """Those with which it agrees clearly less."""


def capacity_of(
    structures: Sequence[Structure],
    site: Site,
    grown: Expansion,
    *,
    pixel_m: float,
    names: Mapping[str, str] | None = None,
    rejected: Collection[str] = (),
    likely: Mapping[str, float] | None = None,
) -> Capacity:
    """What can be said of the room at a site.

    Args:
        structures: what is told of the site; only claims of something built are counted.
        site: the place.
        grown: its expansion over the same time, of all of it or of a sub-area.
        pixel_m: edge of the pixels that showed the structures, metres.
        names: what analysts call them, by id.
        rejected: ids of structures that readers reject.
        likely: P(the growth that was seen | the explanation), 0-1, by explanation in words. Those with at least half
            of the largest agree with it; those with less than a third do clearly less.

    Returns:
        The statements; halls of four pixels or more that are probably real.
    """
    outline = site.outline if grown.area is None else site.areas[grown.area]
    crs = metric_crs(site)
    halls = []
    for one in structures:
        if one.kind is not Kind.STRUCTURE or one.id in rejected or one.probability < 0.5:
            continue
        last = one.presences[-1]
        if not one.present or last.erected is None or last.erected.by <= grown.first:
            continue
        if any(turn.by > grown.last for turn in (last.erected, *(phase.began for phase in last.phases))):
            continue  # What it came to be later is not what it was then.
        if not shapely.intersects(one.footprint, outline):
            continue
        hall = _hall(one, crs, pixel_m, name=(names or {}).get(one.id))
        if hall is not None:
            halls.append(hall)
    halls.sort(key=lambda hall: (-hall.length.middle, hall.structure))
    most = max((likely or {}).values(), default=0.0)
    return Capacity(
        grown=grown,
        halls=tuple(halls[:_MOST_HALLS]),
        agrees=tuple(title for title, p in (likely or {}).items() if p >= most / 2),
        against=tuple(title for title, p in (likely or {}).items() if p < most / 3),
    )


def _hall(structure: Structure, crs: CRS, pixel_m: float, *, name: str | None) -> Hall | None:
    """A structure as a hall; None where it is too short to have a length."""
    last = structure.presences[-1]
    assert last.erected is not None
    length = _length(structure.footprint, crs, pixel_m)
    if length.middle < _LEAST_PIXELS * pixel_m:
        return None
    extensions = [phase for phase in last.phases if phase.name == "extension"]
    whole = [phase for phase in last.phases if phase.name != "extension" and phase.footprint is not None]
    before = None
    if extensions and whole:
        footprint = whole[-1].footprint
        assert footprint is not None
        before = _length(footprint, crs, pixel_m)
    return Hall(
        structure=structure.id,
        name=name,
        before=before,
        length=length,
        began=extensions[-1].began if before is not None else last.erected,
    )


def _length(footprint: Polygon | MultiPolygon, crs: CRS, pixel_m: float) -> Estimate:
    """Long side of the smallest rectangle around a footprint, metres, less what footprints are told too long."""
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(project(footprint, to=crs)))
    told = float(np.hypot(*np.diff(corners, axis=0).T).max())
    high, middle, low = (max(0.0, told - by * pixel_m) for by in _LONGER)
    return Estimate(low=low, middle=middle, high=high)


def capacity_sentences(found: Capacity) -> tuple[str, ...]:
    """The statements in words, and their limits."""
    grown = found.grown
    change = grown.change
    where = grown.site if grown.area is None else f"{grown.area} at {grown.site}"
    since = f"since {grown.first:%Y-%m-%d}"
    if grown.growth is Growth.NONE:
        sentences = [f"Roofed area of {where}: no change was found {since}."]
    elif grown.base_m2 is not None:
        low, middle, high = (100 * area / grown.base_m2 for area in (change.low, change.middle, change.high))
        sentences = [f"Roofed area of {where}: {middle:+.0f} % ({low:+.0f} to {high:+.0f} %) {since}."]
    else:
        band = f"{signed(change.low)} to {signed(change.high)} m²"
        sentences = [f"Roofed area of {where}: {signed(change.middle)} m² ({band}) {since}; {_NO_BASE}."]
    for hall in found.halls:
        name = hall.name or hall.structure
        length = _metres(hall.length)
        dated = f"between {hall.began.after:%Y-%m-%d} and {hall.began.by:%Y-%m-%d}"
        if hall.before is None:
            sentences.append(f"{name} is {length} long and was erected {dated}.")
        elif hall.longer:
            sentences.append(f"{name} is {length} long; before it was extended {dated}, {_metres(hall.before)}.")
        else:
            sentences.append(f"{name} is {length} long; that its extension {dated} made it longer is not certain.")
    if found.halls:
        sentences.append(
            f"Lengths are {100 * AREA_LEVEL:.0f} % bands of the long side of the footprint; on simulated facilities "
            f"that were not used to set them {100 * _HELD[0]:.0f} % of {_HELD[1]} held the true length."
        )
    if found.agrees:
        words = f"This is consistent with: {'; '.join(found.agrees)}."
        if found.against:
            words += f" It speaks against: {'; '.join(found.against)}."
        sentences.append(words)
    return (*sentences, *LIMITS)


def capacity_document(found: Capacity) -> dict[str, object]:
    """The same for JSON; lengths in whole metres, areas in whole square metres."""
    return {
        "since": f"{found.grown.first:%Y-%m-%dT%H:%M:%SZ}",
        "until": f"{found.grown.last:%Y-%m-%dT%H:%M:%SZ}",
        "roofed_m2": _whole(found.grown.change),
        "base_m2": found.grown.base_m2,
        "halls": [
            {
                "structure": hall.structure,
                "name": hall.name,
                "length_m": _whole(hall.length),
                "before_m": None if hall.before is None else _whole(hall.before),
                "began": {
                    "after": f"{hall.began.after:%Y-%m-%dT%H:%M:%SZ}",
                    "by": f"{hall.began.by:%Y-%m-%dT%H:%M:%SZ}",
                },
            }
            for hall in found.halls
        ],
        "consistent_with": list(found.agrees),
        "speaks_against": list(found.against),
        "limits": list(LIMITS),
        "sentences": list(capacity_sentences(found)),
    }


def _whole(estimate: Estimate) -> dict[str, int]:
    return {"low": round(estimate.low), "middle": round(estimate.middle), "high": round(estimate.high)}


def _metres(length: Estimate) -> str:
    return f"{rounded(length.middle)} m ({rounded(length.low)} to {rounded(length.high)} m)"
