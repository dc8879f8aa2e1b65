"""What several sensors saw of one place: the same thing is told once.

Structures of two sensors are one when they are of one kind, share ground, and at least one presence of each fits one of
the other: both ends come within `_SLACK` of each other, and an end that lies outside one sensor's record does not
contradict the other. Of a presence that both saw and both hold more likely real than not, each bracket is the
intersection of both; else it is that of the surer one, because what a sensor hardly saw it dates badly. The probability
is the larger of the two, never more: two sensors are no independent witnesses (the same lorry park, the same fresh
gravel can mislead both), so a second one makes nothing surer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import shapely

from sitewatch.change import Kind
from sitewatch.structures._identify import in_order
from sitewatch.structures._structure import Bracket, Presence, State, Structure

__all__ = ["Seen", "join"]

_SAME_FOOTPRINT = 0.35
"""Footprints of one thing share at least this much of the ground of both (intersection over union)."""

_PART = 0.5
"""Or so much of the smaller one: coarse pixels make a footprint larger, and fine ones may show a part of it."""

_SLACK = dt.timedelta(days=40)
"""Brackets of one event may miss each other by so much: the dates of what is weak are as unsure."""

_TRUSTED = 0.5
"""Probability from which a presence may tighten another's brackets."""

_STATES = (State.FIRST, State.PROVISIONAL, State.CONFIRMED)

_EARLIEST = dt.datetime.min.replace(tzinfo=dt.UTC)
_LATEST = dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What one family of looks showed."""

    sensor: str
    """The family in words: "sentinel-2 reflectance"; of several that were searched as one, the first."""
    structures: tuple[Structure, ...]
    """Those that say which of several families saw them keep that; of others it was `sensor`."""
    pixel_m: float
    """Edge of its pixels, metres."""
    times: Mapping[str, dt.datetime]
    """Capture time of each of its used looks by scene id, UTC; at least one."""

    @property
    def first(self) -> dt.datetime:
        """Its first look."""
        return min(self.times.values())

    @property
    def last(self) -> dt.datetime:
        """Its last look."""
        return max(self.times.values())


@dataclass(frozen=True, eq=False)
class _Told:
    """A structure and who told of it."""

    structure: Structure
    by: tuple[Seen, ...]
    sensors: tuple[str, ...]

    @property
    def first(self) -> dt.datetime:
        return min(one.first for one in self.by)

    @property
    def last(self) -> dt.datetime:
        return max(one.last for one in self.by)

    @property
    def pixel_m(self) -> float:
        return min(one.pixel_m for one in self.by)


def join(seen: Sequence[Seen]) -> tuple[Structure, ...]:
    """The structures of all sensors, each told once and with the `sensors` that saw it.

    What is not claimed as a structure is left out where another sensor tells of the same ground and dates.

    Args:
        seen: one per search, that of the main family first: its ids stay.

    Returns:
        Structures by kind (claims first), then by date, then by place.
    """
    told: list[_Told] = []
    for one in seen:
        before = told
        told = list(before)
        free = list(before)
        for structure in one.structures:
            mine = _Told(structure, (one,), structure.sensors or (one.sensor,))
            same = [other for other in before if _one_thing(other, mine)]
            alike = [other for other in same if other.structure.kind is structure.kind]
            best = max(
                (other for other in alike if other in free),
                key=lambda other: _shared(other.structure, structure),
                default=None,
            )
            if best is not None:
                free.remove(best)
                told[told.index(best)] = _merged(best, mine)
            elif structure.kind is Kind.STRUCTURE and (
                not alike or one.pixel_m < min(other.pixel_m for other in alike)
            ):
                # It is new, or one of several things that coarser pixels showed as one; what it explains is not told.
                told = [other for other in told if other not in same or other.structure.kind is Kind.STRUCTURE]
                told.append(mine)
            elif not same:
                told.append(mine)
    return in_order([replace(one.structure, sensors=one.sensors) for one in told])


def _shared(one: Structure, other: Structure) -> float:
    """Area that two footprints share; degrees serve, as only shares of areas at one place are compared."""
    return float(shapely.intersection(one.footprint, other.footprint).area)


def _one_thing(one: _Told, other: _Told) -> bool:
    shared = _shared(one.structure, other.structure)
    first, second = one.structure.footprint.area, other.structure.footprint.area
    if shared < _SAME_FOOTPRINT * (first + second - shared) and shared < _PART * min(first, second):
        return False
    return any(_fits(p, q, one, other) for p in one.structure.presences for q in other.structure.presences)


def _fits(p: Presence, q: Presence, one: _Told, other: _Told) -> bool:
    """Whether two sensors' presences can be the same spell of standing."""
    return (
        _near(p.erected, q.erected)
        and _near(p.dismantled, q.dismantled)
        and (p.erected is not None or q.erected is None or q.erected.after <= one.first + _SLACK)
        and (q.erected is not None or p.erected is None or p.erected.after <= other.first + _SLACK)
        and (p.dismantled is not None or q.dismantled is None or q.dismantled.by >= one.last - _SLACK)
        and (q.dismantled is not None or p.dismantled is None or p.dismantled.by >= other.last - _SLACK)
    )


def _near(one: Bracket | None, other: Bracket | None) -> bool:
    if one is None or other is None:
        return True
    return one.after <= other.by + _SLACK and other.after <= one.by + _SLACK


def _merged(base: _Told, other: _Told) -> _Told:
    """One structure of two: id of the base, footprint of the finer pixels, presences of both."""
    times = {scene: time for one in (*base.by, *other.by) for scene, time in one.times.items()}
    rest = list(other.structure.presences)
    presences: list[Presence] = []
    for presence in base.structure.presences:
        fitting = next((q for q in rest if _fits(presence, q, base, other)), None)
        if fitting is None:
            presences.append(presence)
        else:
            rest.remove(fitting)
            presences.append(_both(presence, fitting, times))
    # What only the other saw is told where the base had no look to see it with, and not against it.
    presences += [q for q in rest if _unseen(q, base) and all(_apart(q, p) for p in presences)]
    presences.sort(key=_begins)
    finer = min((base, other), key=lambda told: told.pixel_m).structure
    structure = replace(
        base.structure,
        footprint=finer.footprint,
        area_m2=finer.area_m2,
        area_m2_low=finer.area_m2_low,
        area_m2_high=finer.area_m2_high,
        presences=tuple(presences),
        present=presences[-1].dismantled is None,
        probability=max(presence.probability for presence in presences),
    )
    return _Told(structure, (*base.by, *other.by), (*base.sensors, *other.sensors))


def _both(p: Presence, q: Presence, times: Mapping[str, dt.datetime]) -> Presence:
    """A presence that two sensors saw."""
    surer, other = (p, q) if p.probability >= q.probability else (q, p)
    trusted = other.probability >= _TRUSTED
    erected = _tightened(surer.erected, other.erected, trusted=trusted)
    dismantled = _tightened(surer.dismantled, other.dismantled, trusted=trusted)
    phases = p.phases or q.phases
    if phases and erected is not None and phases[0].began in (p.erected, q.erected):
        phases = (replace(phases[0], began=erected), *phases[1:])
    evidence = sorted({*p.evidence, *q.evidence}, key=lambda scene: (times.get(scene, _LATEST), scene))
    return Presence(
        erected=erected,
        dismantled=dismantled,
        state=max(p.state, q.state, key=_STATES.index),
        probability=max(p.probability, q.probability),
        evidence=tuple(evidence),
        phases=phases,
    )


def _tightened(surer: Bracket | None, other: Bracket | None, *, trusted: bool) -> Bracket | None:
    """The intersection of two brackets; the surer one where there is none or the other is not trusted.

    Args:
        surer: of the more probable presence; None: outside its record, which the other's then stands in for.
        other: of the other.
        trusted: whether the other may tighten.
    """
    if surer is None or other is None:
        return surer or other
    after, by = max(surer.after, other.after), min(surer.by, other.by)
    return Bracket(after=after, by=by) if trusted and after < by else surer


def _unseen(presence: Presence, by: _Told) -> bool:
    """Whether a presence began and ended where others had no looks: before their first or after their last."""
    ends = [bracket for bracket in (presence.erected, presence.dismantled) if bracket is not None]
    return all(bracket.by <= by.first or bracket.after >= by.last for bracket in ends)


def _begins(presence: Presence) -> dt.datetime:
    return _EARLIEST if presence.erected is None else presence.erected.after


def _ends(presence: Presence) -> dt.datetime:
    return _LATEST if presence.dismantled is None else presence.dismantled.by


def _apart(one: Presence, other: Presence) -> bool:
    return _ends(one) <= _begins(other) or _ends(other) <= _begins(one)
