"""The room at a case's site: statements on capacity beside each indicator of growth, and what they agree with."""

from __future__ import annotations

from dataclasses import dataclass

from sitewatch.assessment._assessment import Assessment, ItemKind
from sitewatch.assessment._capacity import Capacity, capacity_of
from sitewatch.assessment._likelihoods import origin
from sitewatch.assessment._once import growth_of, held_for
from sitewatch.assessment._record import SiteRecord
from sitewatch.case import Case, GrowthOf
from sitewatch.structures import Kind

__all__ = ["Room", "rooms"]


@dataclass(frozen=True, kw_only=True)
class Room:
    """What an indicator of growth lets say of the room."""

    indicator: str
    """Its key."""
    capacity: Capacity


def rooms(case: Case, record: SiteRecord, found: Assessment) -> tuple[Room, ...]:
    """What can be said of the room, for each indicator of growth that a judgement counts; in order of their keys.

    Growth that was seen agrees with an explanation by its likelihood; where it was seen only in some of the draws, by
    that and its complement, in shares of the draws.

    Args:
        case: what was judged.
        record: what it was judged by; where it does not tell the edge of its pixels, nothing is said.
        found: the judgement.
    """
    claims = [s for s in record.structures if s.kind is Kind.STRUCTURE]
    used = set(found.used)
    times = sorted(k.captured for k in record.looks if k.scene in used and k.captured is not None)
    if record.pixel_m is None or not claims or len(times) < 2:
        return ()
    told = []
    for item in found.items:
        growth = case.indicators[item.key].observable
        if item.kind is not ItemKind.GROWTH or not isinstance(growth, GrowthOf):
            continue
        grown = growth_of(growth, record, first=times[0], last=times[-1], used=len(times), seed=found.seed)
        share = held_for(grown)
        means = {h.title: origin(case, item.key, h.key, "once").mean for h in found.hypotheses}
        capacity = capacity_of(
            claims,
            record.site,
            grown,
            pixel_m=record.pixel_m,
            names=record.names,
            rejected=record.rejected - record.confirmed,
            likely={title: share * mean + (1 - share) * (1 - mean) for title, mean in means.items()},
        )
        told.append(Room(indicator=item.key, capacity=capacity))
    return tuple(told)
