"""Which structure found today is which one of last year.

What is found and what is known are set beside each other by the ground they share, one to one, so that the sum of what
they share (intersection over union) is the largest. What was claimed by the last search is recognised first; what is
then left may be something that was known earlier and is back.

A structure that nobody has named, read or corrected is told as the search tells it, with the id that the search gives
it: what is known of it then depends on the looks, and not on how many searches they came in. One that people know keeps
its id, and one that readers confirmed keeps all that they read until they accept what the search would change.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from sitewatch.change import Kind
from sitewatch.structures._contradict import contradictions, life_in_words
from sitewatch.structures._correct import Found, corrected
from sitewatch.structures._ground import overlap, shared_ground
from sitewatch.structures._known import Conflict, Correction, Corrects, Descent, Known, Recognised, Recognition
from sitewatch.structures._structure import Presence, Structure

__all__ = ["recognise"]

_SAME_FOOTPRINT = 0.25
"""Intersection over union from which two footprints can be one structure: three by three pixels that come out one
further along both axes share .29. Within one search changes that share .35 are one thing: no two things ever do."""
_COVERS = 0.5
"""Share of its ground from which a structure counts as covered by another one."""
_LIFE = 1e-3
"""What the same dates weigh, in shares of ground: they decide between equals only."""
_NAME = 1e-6
"""And the same id."""


def recognise(
    found: Sequence[Structure], known: Sequence[Known], corrections: Sequence[Correction] = ()
) -> Recognition:
    """Set what a search found beside what was known.

    Args:
        found: what the search claims and reports now, in any order.
        known: what was known before, in any order.
        corrections: what an analyst knows better, the oldest first.
    """
    before = {one.thing: one for one in sorted(known, key=lambda one: one.thing)}
    kinds = {one.thing: one.kind for one in corrections if one.what is Corrects.KIND}
    items = corrected(sorted(found, key=_order), before, corrections)
    things = [one.thing for one in items]
    joined = {key for one in corrections if one.what is Corrects.MERGE for key in one.others} - set(things)
    free = [one for one in before.values() if one.thing not in joined and one.thing not in things]
    for claimed in (True, False):
        _assign(items, things, [one for one in free if one.claimed is claimed], kinds)
    items = [
        replace(one, structure=replace(one.structure, kind=kind)) if (kind := kinds.get(thing or "")) else one
        for one, thing in zip(items, things, strict=True)
    ]
    relations = _relate(items, things, [one for one in free if one.claimed])
    disputed = _dispute(items, things, before, relations, joined)
    return _settled(items, things, before, relations, disputed)


def _order(structure: Structure) -> tuple[str, ...]:
    """One order of what was found, whatever order it comes in."""
    spells = (f"{spell.erected} {spell.dismantled}" for spell in structure.presences)
    return structure.kind.value, structure.footprint.wkb_hex, *spells, structure.id


def _assign(
    items: Sequence[Found], things: list[str | None], known: Sequence[Known], kinds: Mapping[str, Kind | None]
) -> None:
    """Recognise what is not yet recognised: writes keys into `things`."""
    rows = [i for i, thing in enumerate(things) if thing is None]
    weights = np.zeros((len(rows), len(known)))
    shares = _shares([items[i].structure for i in rows], [one.structure for one in known])
    for r, k in zip(*np.nonzero(shares >= _SAME_FOOTPRINT), strict=True):
        one, other = items[rows[r]].structure, known[k].structure
        if known[k].thing in kinds or _can_be_one(one, other):
            alike = one.presences == other.presences
            weights[r, k] = shares[r, k] + _LIFE * alike + _NAME * (one.id == other.id)
    for r, k in zip(*linear_sum_assignment(weights, maximize=True), strict=True):
        if weights[r, k] > 0:
            things[rows[r]] = known[k].thing


def _shares(ones: Sequence[Structure], others: Sequence[Structure]) -> NDArray[np.float64]:
    """(ones, others) intersection over union."""
    shared = shared_ground([one.footprint for one in ones], [other.footprint for other in others])
    areas = np.array([one.footprint.area for one in ones]), np.array([other.footprint.area for other in others])
    return np.asarray(shared / (areas[0][:, None] + areas[1][None, :] - shared))


def _can_be_one(one: Structure, other: Structure) -> bool:
    """Whether kind and life allow two records on the same ground to be of one structure.

    Something built that stands where it stood before is the same again. Of fields and surfaces each change is told
    apart, and those of one ground are told from each other by their time.
    """
    if _is_claim(one) or _is_claim(other):
        return _is_claim(one) and _is_claim(other)
    return any(_meet(p, q) for p in one.presences for q in other.presences)


def _is_claim(structure: Structure) -> bool:
    return structure.kind is Kind.STRUCTURE


def _meet(one: Presence, other: Presence) -> bool:
    """Whether two spells can have had a moment in common."""
    return not (
        (one.dismantled is not None and other.erected is not None and one.dismantled.by < other.erected.after)
        or (other.dismantled is not None and one.erected is not None and other.dismantled.by < one.erected.after)
    )


@dataclass(frozen=True)
class _Relations:
    """What was merged and what was split; items by their number, known ones by key."""

    merged: dict[int, list[str]]
    """What an item covers, where that is more than one: first the one that it is recognised as, if any."""
    split: dict[str, list[int]]
    """What came of a known one, where that is more than one: first what is recognised as it, if anything."""
    instead: dict[str, int]
    """The one item that covers a known one, or lies in it, where neither is recognised as anything: it has another
    size by far."""
    within: dict[str, int]
    """The one item that lies in a known one which another item covers together with others."""


def _relate(items: Sequence[Found], things: Sequence[str | None], known: Sequence[Known]) -> _Relations:
    """See which claims cover several that were claimed before, and the reverse."""
    claims = [i for i, one in enumerate(items) if _is_claim(one.structure)]
    before = [one for one in known if _is_claim(one.structure)]
    shared = shared_ground([items[i].structure.footprint for i in claims], [one.structure.footprint for one in before])
    merged: defaultdict[int, list[str]] = defaultdict(list)
    split: defaultdict[str, list[int]] = defaultdict(list)
    if shared.size:
        for k, one in enumerate(before):
            most = int(shared[:, k].argmax())
            if one.thing not in things and shared[most, k] >= _COVERS * one.structure.footprint.area:
                merged[claims[most]].append(one.thing)
        for r, i in enumerate(claims):
            most = int(shared[r].argmax())
            if things[i] is None and shared[r, most] >= _COVERS * items[i].structure.footprint.area:
                split[before[most].thing].append(i)
    place = {thing: i for i, thing in enumerate(things) if thing is not None}
    for i, keys in merged.items():
        if (own := things[i]) is not None:
            keys.insert(0, own)
    for key, parts in split.items():
        if key in place:
            parts.insert(0, place[key])
    alone = {key: parts[0] for key, parts in split.items() if len(parts) == 1 and key not in place}
    swallowed = {key for keys in merged.values() if len(keys) > 1 for key in keys}
    instead = {key: part for key, part in alone.items() if key not in swallowed}
    instead |= {keys[0]: i for i, keys in merged.items() if len(keys) == 1}
    return _Relations(
        merged={i: keys for i, keys in merged.items() if len(keys) > 1},
        split={key: parts for key, parts in split.items() if len(parts) > 1},
        instead=instead,
        within={key: part for key, part in alone.items() if key in swallowed},
    )


@dataclass
class _Disputed:
    """What is not taken over, because it contradicts readers."""

    conflicts: list[Conflict] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    """Known ones that stay as they were."""
    withheld: set[int] = field(default_factory=set)
    """Items that are proposed only."""


def _dispute(
    items: Sequence[Found],
    things: Sequence[str | None],
    before: Mapping[str, Known],
    relations: _Relations,
    joined: set[str],
) -> _Disputed:
    """Set what was found beside what readers confirmed."""
    place = {thing: i for i, thing in enumerate(things) if thing is not None}
    disputed = _Disputed()
    for key, one in before.items():
        if one.confirmed is None or key in joined:
            continue
        words: list[str] = []
        own = place.get(key, relations.instead.get(key))
        proposed = [] if own is None else [own]
        holds: list[str] = []
        for i, keys in relations.merged.items():
            if key in keys:
                holds = [other for other in keys if other != key]
                proposed = list(dict.fromkeys((i, relations.within.get(key, i))))
                words.append(f"is one with {_listed(before[other].structure.id for other in holds)}")
        if len(parts := relations.split.get(key, [])) > 1:
            proposed += [i for i in parts if i not in proposed]
            words.append(f"is {len(parts)} structures")
        if own is not None:
            words += contradictions(one.confirmed, items[own].structure)
        elif not words and one.claimed:
            proposed = _of_other_kind(items, things, one)
            kind = "".join(items[i].structure.kind.value for i in proposed)
            words.append(f"is of kind {kind} (confirmed: {one.structure.kind.value})" if kind else "is not there")
        if words:
            told = f"{one.structure.id}: the search now tells that it {'; it '.join(words)}"
            if not any("(confirmed" in part for part in words):
                told += f" (confirmed: {life_in_words(one.confirmed.structure)})"
            disputed.conflicts.append(
                Conflict(
                    thing=key,
                    words=told,
                    proposed=tuple(items[i].structure for i in proposed),
                    holds=tuple(sorted(holds)),
                    dismissed=told == one.dismissed,
                )
            )
            disputed.held |= {key, *holds}
            disputed.withheld |= set(proposed)
    disputed.held |= {thing for i in disputed.withheld if (thing := things[i]) is not None}
    return disputed


def _of_other_kind(items: Sequence[Found], things: Sequence[str | None], one: Known) -> list[int]:
    """What is found at a structure's place that is of a kind it cannot be; at most one."""
    shares = [
        (-overlap(item.structure.footprint, one.structure.footprint), i)
        for i, item in enumerate(items)
        if things[i] is None and _is_claim(item.structure) is not _is_claim(one.structure)
    ]
    return [i for share, i in sorted(shares)[:1] if -share >= _COVERS]


def _listed(names: Iterable[str]) -> str:
    *some, last = sorted(names)
    return f"{', '.join(some)} and {last}" if some else last


def _settled(
    items: Sequence[Found],
    things: Sequence[str | None],
    before: Mapping[str, Known],
    relations: _Relations,
    disputed: _Disputed,
) -> Recognition:
    """What is known now, with keys and ids that no two share."""
    place = {thing: i for i, thing in enumerate(things) if thing is not None}
    known: dict[str, Recognised] = {}
    for key, one in before.items():
        if key in disputed.held or key not in place:
            claimed = one.claimed and key in disputed.held
            known[key] = Recognised(thing=key, structure=one.structure, claimed=claimed)
        else:
            known[key] = Recognised(thing=key, structure=items[place[key]].structure)
    keys = dict(enumerate(things))
    taken = set(before).union(*(one.ids for one in before.values()), place)
    for i, item in enumerate(items):
        if i in disputed.withheld or things[i] in before:
            continue
        keys[i] = new = things[i] or _free(item.structure.id, taken)
        taken.add(new)
        known[new] = Recognised(thing=new, structure=item.structure)
    made = [(i, other, "merged") for i, others in relations.merged.items() for other in others]
    made += [(i, other, "split") for other, parts in relations.split.items() for i in parts]
    descents = {
        (thing, other, what)
        for i, other, what in made
        if i not in disputed.withheld and (thing := keys[i]) is not None and thing != other
    }
    return Recognition(
        things=tuple(_with_ids(known, before, disputed.held)),
        descents=tuple(Descent(thing=thing, other=other, what=what) for thing, other, what in sorted(descents)),
        conflicts=tuple(disputed.conflicts),
    )


def _with_ids(known: Mapping[str, Recognised], before: Mapping[str, Known], held: AbstractSet[str]) -> list[Recognised]:
    """What people know keeps its id, then what is found has the one that the search gives it, then the rest its own."""

    def rank(one: Recognised) -> tuple[int, str]:
        was = before.get(one.thing)
        if was is not None and (was.pinned or was.confirmed is not None or one.thing in held):
            return 0, one.thing
        return (1 if one.claimed else 2), one.thing

    def wanted(one: Recognised) -> str:
        return before[one.thing].structure.id if rank(one)[0] == 0 else one.structure.id

    taken: set[str] = set()
    others = {wanted(one) for one in known.values()}
    named: list[Recognised] = []
    for one in sorted(known.values(), key=rank):
        identifier = _free(wanted(one), taken, others)
        taken.add(identifier)
        named.append(replace(one, structure=replace(one.structure, id=identifier)))
    return sorted(named, key=lambda one: one.thing)


def _free(wanted: str, taken: set[str], others: AbstractSet[str] = frozenset()) -> str:
    """The name itself, or with the first suffix that makes it one that nothing has, or wants."""
    name, number = wanted, 1
    while name in taken or (number > 1 and name in others):
        number += 1
        name = f"{wanted}-{number}"
    return name
