"""What an analyst knows better than the search, laid over what the search found."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import shapely
from pyproj import Geod

from sitewatch.change import Kind
from sitewatch.structures._ground import Footprint, shared_ground, united_ground
from sitewatch.structures._known import Correction, Corrects, Known
from sitewatch.structures._structure import Bracket, Presence, State, Structure

__all__ = ["Found", "corrected", "united"]

_PART = 0.5
"""Share of a part's ground from which what was found covers it, and of what was found from which it is a part."""
_GEOD = Geod(ellps="WGS84")
_EARLIEST = dt.datetime.min.replace(tzinfo=dt.UTC)
_LATEST = dt.datetime.max.replace(tzinfo=dt.UTC)
_STATES = (State.FIRST, State.PROVISIONAL, State.CONFIRMED)


@dataclass(frozen=True, eq=False)
class Found:
    """What a search found, with the corrections in it."""

    structure: Structure
    thing: str | None = None
    """Key of the structure that a correction says this is; None: it is to be recognised."""


def corrected(found: Sequence[Structure], known: Mapping[str, Known], corrections: Sequence[Correction]) -> list[Found]:
    """Cut and join what was found as the corrections say; each that finds nothing to act on is left aside.

    Kinds are not changed here: which of what was found is meant is seen by recognising it.

    Args:
        found: in a fixed order.
        known: by key.
        corrections: the oldest first.
    """
    all_found = [Found(structure) for structure in found]
    for correction in corrections:
        if correction.what is Corrects.SPLIT:
            all_found = _split(all_found, correction)
        elif correction.what is Corrects.MERGE:
            all_found = _merge(all_found, correction, known)
    return all_found


def _split(found: Sequence[Found], correction: Correction) -> list[Found]:
    """Cut what covers at least two of the parts; where the search tells them apart itself, its footprints stay."""
    keys = (correction.thing, *correction.others)
    areas = [part.area for part in correction.parts]
    shared = shared_ground([one.structure.footprint for one in found], correction.parts)
    told: list[Found] = []
    for one, common in zip(found, shared, strict=True):
        covered = [i for i, area in enumerate(areas) if common[i] >= _PART * area]
        mine = one.thing == correction.thing or (one.thing is None and one.structure.kind is Kind.STRUCTURE)
        if not mine or len(covered) < 2:
            told.append(one)
            continue
        whole = one.structure
        for i in covered:
            part = _with_ground(whole, correction.parts[i])
            told.append(Found(part if i == 0 else replace(part, id=keys[i]), keys[i]))
        # What is mostly another thing, which grew together with these, is told beside them.
        rest = shapely.difference(whole.footprint, united_ground([correction.parts[i] for i in covered]))
        if isinstance(rest, Footprint) and rest.area > (1 - _PART) * whole.footprint.area:
            told.append(Found(_with_ground(whole, rest)))
    return told


def _merge(found: Sequence[Found], correction: Correction, known: Mapping[str, Known]) -> list[Found]:
    """Join what lies on the ground that the structures had."""
    keys = [correction.thing, *correction.others]
    had = [known[key].structure for key in keys if key in known]
    if not had:
        return list(found)
    claims = {structure.kind is Kind.STRUCTURE for structure in had}
    ground = united_ground([structure.footprint for structure in had])
    shared = shared_ground([one.structure.footprint for one in found], [ground])[:, 0] if found else ()
    members = [
        one
        for one, common in zip(found, shared, strict=True)
        if one.thing in keys
        or (
            one.thing is None
            and (one.structure.kind is Kind.STRUCTURE) in claims
            and common >= _PART * one.structure.footprint.area
        )
    ]
    if not members:
        return list(found)
    whole = united([one.structure for one in members])
    return [*(one for one in found if one not in members), Found(whole, correction.thing)]


def united(structures: Sequence[Structure]) -> Structure:
    """Several structures as one: all their ground, and it stands while one of them does.

    The largest gives id and kind. Phases are those of the presences with most of them: each counts the ground of one
    structure alone, and they cannot be added.
    """
    largest = max(structures, key=lambda one: (one.area_m2, one.footprint.wkb))
    if len(structures) == 1:
        return largest
    ground = united_ground([one.footprint for one in structures])
    # Ground that two of them tell of counts once.
    once = ground.area / sum(one.footprint.area for one in structures)
    spells = sorted((spell for one in structures for spell in one.presences), key=lambda p: (_begins(p), _ends(p)))
    presences: list[Presence] = []
    for spell in spells:
        if presences and _begins(spell) < _ends(presences[-1]):
            presences[-1] = _both(presences[-1], spell)
        else:
            presences.append(spell)
    return replace(
        largest,
        footprint=ground,
        present=presences[-1].dismantled is None,
        probability=max(one.probability for one in structures),
        area_m2=round(sum(one.area_m2 for one in structures) * once, 1),
        area_m2_low=round(sum(one.area_m2_low for one in structures) * once, 1),
        area_m2_high=round(sum(one.area_m2_high for one in structures) * once, 1),
        presences=tuple(presences),
        sensors=tuple(dict.fromkeys(itertools.chain.from_iterable(one.sensors for one in structures))),
    )


def _both(one: Presence, other: Presence) -> Presence:
    """A spell of standing of two that overlap: from the first erection to the last dismantling."""
    erected = [spell.erected for spell in (one, other)]
    dismantled = [spell.dismantled for spell in (one, other)]
    return Presence(
        erected=min(erected, key=_erected),
        dismantled=max(dismantled, key=_dismantled),
        state=max(one.state, other.state, key=_STATES.index),
        probability=max(one.probability, other.probability),
        evidence=tuple(dict.fromkeys((*one.evidence, *other.evidence))),
        phases=max(one.phases, other.phases, key=len),
    )


def _with_ground(whole: Structure, part: Footprint) -> Structure:
    """A part of a structure: its life, on a part of its ground.

    Its area is in proportion, so that parts add up to the whole; its margins are as wide, metres along the outline.
    """
    area, outline = _measured(part)
    of_all, all_round = _measured(whole.footprint)
    area *= whole.area_m2 / of_all
    margin = (whole.area_m2_high - whole.area_m2_low) / 2 / all_round
    return replace(
        whole,
        footprint=part,
        area_m2=round(area, 1),
        area_m2_low=round(max(0.0, area - margin * outline), 1),
        area_m2_high=round(area + margin * outline, 1),
        presences=tuple(replace(presence, phases=()) for presence in whole.presences),
    )


def _measured(footprint: Footprint) -> tuple[float, float]:
    """(area in m2, length of the outline in metres) on the ellipsoid."""
    area, outline = _GEOD.geometry_area_perimeter(footprint)
    return abs(area), outline


def _erected(bracket: Bracket | None) -> dt.datetime:
    return _EARLIEST if bracket is None else bracket.by


def _dismantled(bracket: Bracket | None) -> dt.datetime:
    return _LATEST if bracket is None else bracket.by


def _begins(presence: Presence) -> dt.datetime:
    return _EARLIEST if presence.erected is None else presence.erected.after


def _ends(presence: Presence) -> dt.datetime:
    return _LATEST if presence.dismantled is None else presence.dismantled.by
