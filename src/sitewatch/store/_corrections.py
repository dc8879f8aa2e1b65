"""What an analyst knows better than the search: applied at once, and by every later run."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from sitewatch.errors import InputError, OptionError
from sitewatch.store import _schema as t
from sitewatch.store._entries import current, enter, write_versions
from sitewatch.store._things import known_things, save_things, structure_at

if TYPE_CHECKING:
    from shapely.geometry import MultiPolygon, Polygon

    from sitewatch.structures import Correction, Known

__all__ = ["merge_things", "set_kind", "split_thing", "undo_correction"]

_INSIDE = 0.5
"""Share of its ground that a part must have on that of the structure."""
_SHARED = 0.1
"""And may at most share with another part."""


def split_thing(
    connection: sa.Connection,
    site: str,
    thing: str,
    parts: Sequence[Polygon | MultiPolygon],
    *,
    reason: str,
    who: str,
    at: dt.datetime,
) -> list[str]:
    """Make several structures of one; the first part keeps the key, the id and the name.

    Args:
        connection: of a transaction that writes.
        site: id.
        thing: key of the structure.
        parts: their footprints, EPSG:4326.
        reason: why.
        who: who corrects.
        at: time, UTC.

    Returns:
        The keys of all parts.

    Raises:
        OptionError: no reason, or parts that are none.
        InputError: the structure cannot be split.
    """
    from sitewatch.structures import Correction, Corrects

    known = _claims(connection, site, [thing], reason)
    whole = known[thing].structure.footprint
    if len(parts) < 2:
        raise OptionError(f"a split needs two parts or more, got {len(parts)}")
    for number, part in enumerate(parts, 1):
        if not part.is_valid or part.area == 0:
            raise OptionError(f"part {number} is no valid polygon; draw it again")
        if part.intersection(whole).area < _INSIDE * part.area:
            raise OptionError(f"part {number} lies mostly outside the structure; draw it on its footprint")
    for (i, one), (j, other) in itertools.combinations(enumerate(parts, 1), 2):
        if one.intersection(other).area > _SHARED * min(one.area, other.area):
            raise OptionError(f"parts {i} and {j} overlap; draw them beside each other")
    taken = set(known) | {one.structure.id for one in known.values()} | set().union(*(k.ids for k in known.values()))
    names = (f"{known[thing].structure.id}.{number}" for number in itertools.count(2))
    keys = list(itertools.islice((name for name in names if name not in taken), len(parts) - 1))
    correction = Correction(what=Corrects.SPLIT, thing=thing, parts=tuple(parts), others=tuple(keys))
    before = _detail(connection, site, thing, "split")
    detail = {
        # Of a part that is split again, the parts beside it stay.
        "parts": [*(part.wkb_hex for part in parts), *before.get("parts", [])[1:]],
        "others": [*keys, *before.get("others", [])],
    }
    _correct(connection, site, correction, detail, known, reason=reason, who=who, at=at)
    return [thing, *keys]


def merge_things(
    connection: sa.Connection, site: str, thing: str, others: Sequence[str], *, reason: str, who: str, at: dt.datetime
) -> None:
    """Make one structure of several, which has the key, the id and the name of the first.

    Args:
        connection: of a transaction that writes.
        site: id.
        thing: key of the one that stays.
        others: keys of those that belong to it.
        reason: why.
        who: who corrects.
        at: time, UTC.

    Raises:
        OptionError: no reason, or nothing to merge it with.
        InputError: one of them cannot be merged.
    """
    from sitewatch.structures import Correction, Corrects

    others = list(dict.fromkeys(others))
    if thing in others or not others:
        raise OptionError("a structure is merged with others, not with itself; give their ids")
    known = _claims(connection, site, [thing, *others], reason)
    correction = Correction(what=Corrects.MERGE, thing=thing, others=tuple(others))
    before = _detail(connection, site, thing, "merge").get("others", [])
    detail = {"others": list(dict.fromkeys([*before, *others]))}
    _correct(connection, site, correction, detail, known, reason=reason, who=who, at=at)


def set_kind(
    connection: sa.Connection, site: str, thing: str, kind: str, *, reason: str, who: str, at: dt.datetime
) -> None:
    """Tell of which kind a structure is.

    Raises:
        OptionError: no reason, or a kind that is none or the one it has.
        InputError: the structure is not claimed now.
    """
    from sitewatch.structures import Correction, Corrects, Kind

    if kind not in list(Kind):
        raise OptionError(f"a kind must be {', '.join(list(Kind)[:-1])} or {list(Kind)[-1]}, got {kind!r}")
    known = _claims(connection, site, [thing], reason, built=False)
    if known[thing].structure.kind == kind:
        raise OptionError(f"it is of kind {kind} already; nothing to do")
    correction = Correction(what=Corrects.KIND, thing=thing, kind=Kind(kind))
    _correct(connection, site, correction, {"kind": kind}, known, reason=reason, who=who, at=at)


def undo_correction(
    connection: sa.Connection, site: str, thing: str, what: str, *, reason: str, who: str, at: dt.datetime
) -> None:
    """Take a correction back: from the next run on it is followed no more. That it was made stays known.

    Raises:
        OptionError: no reason, or nothing of the kind is corrected.
    """
    from sitewatch.structures import Recognised, Recognition

    if not reason.strip():
        raise OptionError("--reason is needed: why the correction was wrong")
    rows = current(connection, t.corrections, site=site)
    if (thing, what) not in rows:
        held = ", ".join(sorted(kind for key, kind in rows if key == thing)) or "nothing"
        raise OptionError(f"there is no correction {what!r} of it to take back (there is: {held})")
    detail = {"undo": what, "reason": reason.strip()}
    since = enter(connection, site=site, who=who, what="correct", thing=thing, at=at, detail=detail)
    c = t.corrections.c
    held_now = (c.site == site) & (c.thing == thing) & (c.what == what) & c.until.is_(None)
    made = rows[thing, what]["since"]
    connection.execute(t.corrections.update().where(held_now).values(until=since))
    before = structure_at(connection, site, thing, made - dt.timedelta(microseconds=1))
    if what == "kind" and before is not None:
        # Else the next search, which tells claims and other changes apart, would take what it finds for a new thing.
        (one,) = (one for one in known_things(connection, site) if one.thing == thing)
        told = dataclasses.replace(one.structure, kind=before[0].kind)
        things = (Recognised(thing=thing, structure=told, claimed=one.claimed),)
        save_things(connection, site, Recognition(things=things), since=since)


def _claims(
    connection: sa.Connection, site: str, things: Sequence[str], reason: str, *, built: bool = True
) -> dict[str, Known]:
    """What is known by key, where those that are to be corrected can be."""
    if not reason.strip():
        raise OptionError("--reason is needed: how you know better")
    known = {one.thing: one for one in known_things(connection, site)}
    for thing in things:
        one = known[thing]
        if not one.claimed:
            raise InputError(f"{one.structure.id} is not claimed by the last search; there is nothing to correct")
        if built and (one.structure.kind != "structure" or _detail(connection, site, thing, "kind")):
            raise InputError(
                f"{one.structure.id} is not told as a structure by the search itself; only such can be split or merged"
            )
    return known


def _detail(connection: sa.Connection, site: str, thing: str, what: str) -> Mapping[str, list[str]]:
    """Of the correction that holds; {}: there is none."""
    row = current(connection, t.corrections, site=site).get((thing, what))
    return {} if row is None else row["detail"]


def _correct(
    connection: sa.Connection,
    site: str,
    correction: Correction,
    detail: Mapping[str, object],
    known: Mapping[str, Known],
    *,
    reason: str,
    who: str,
    at: dt.datetime,
) -> None:
    """Write a correction down, and apply it to what is known as a search would."""
    from sitewatch.structures import recognise

    what = correction.what.value
    told = {"what": what, "reason": reason.strip(), "others": list(correction.others), "kind": correction.kind}
    told = {name: value for name, value in told.items() if value}
    since = enter(connection, site=site, who=who, what="correct", thing=correction.thing, at=at, detail=told)
    row = {"thing": correction.thing, "what": what, "detail": detail, "reason": reason.strip(), "who": who}
    write_versions(connection, t.corrections, [row], site=site, since=since, whole=False)
    about = {correction.thing, *correction.others}
    before = [
        dataclasses.replace(one, confirmed=None, pinned=one.pinned or one.thing in about) for one in known.values()
    ]
    found = [one.structure for one in before if one.claimed]
    save_things(connection, site, recognise(found, before, [correction]), since=since)
