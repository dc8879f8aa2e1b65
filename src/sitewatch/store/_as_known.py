"""What was known on a day: exactly where the workspace was there, from publication times where it was not yet.

From a site's first run on, every version of every row is kept, and what was known at a moment is read off them. Before
that there is nothing to read. What could have been known then is put together from what is known today, without the
looks that were not published yet (where the provider does not tell when it published one, it counts from when sitewatch
was told of it first):

* a look is known from its publication;
* a bracket `(after, by]` is as wide as the used looks published by then make it: `by` moves on to the next of them
  while the thing still stood (else the spell was not known at all), `after` back to the one before;
* two spells are one where no published look lies between them to show that it was gone;
* a spell is `first`, `provisional` or `confirmed` by the used looks within it that were published.

That a search of those looks alone would have claimed it is not said: this is hindsight, and every row put together so
is marked. `sitewatch watch SITE --as-known DATE --out DIR` makes that search.
"""

from __future__ import annotations

import bisect
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from sitewatch.store import _schema as t

__all__ = [
    "Published",
    "cut_phases",
    "cut_presences",
    "cut_structure",
    "first_runs",
    "published_looks",
    "watched_later",
]

_PROVISIONAL, _CONFIRMED = 2, 4
"""So many used looks of a spell, as in `sitewatch.structures.State`."""
_DAY = dt.timedelta(hours=23, minutes=59, seconds=59)
_EVER = dt.datetime.min.replace(tzinfo=dt.UTC)
_NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)


class Published:
    """The used looks of a site that were published by a moment."""

    def __init__(self, spans: Iterable[tuple[dt.datetime, dt.datetime]], scenes: Iterable[str] = ()) -> None:
        """Take the first and last moment at which each can have been taken (of some only the day is known), and ids."""
        told = list(spans)
        self.scenes = frozenset(scenes)
        self._starts = sorted(start for start, _ in told)
        self._ends = sorted(end for _, end in told)

    def first_from(self, moment: dt.datetime) -> dt.datetime | None:
        """When the first of them was taken that was taken no earlier than `moment`."""
        at = bisect.bisect_left(self._ends, moment)
        return self._ends[at] if at < len(self._ends) else None

    def last_until(self, moment: dt.datetime) -> dt.datetime | None:
        """When the last of them was taken that was taken no later than `moment`."""
        at = bisect.bisect_right(self._starts, moment)
        return self._starts[at - 1] if at else None

    def count(self, start: dt.datetime, end: dt.datetime | None) -> int:
        """How many of them were taken from `start` on and before `end` (None: open)."""
        first = bisect.bisect_left(self._ends, start)
        last = len(self._ends) if end is None else bisect.bisect_left(self._ends, end)
        return max(0, last - first)


def first_runs(connection: sa.Connection, site: str | None = None) -> dict[str, dt.datetime]:
    """When each site (or the one that is named) was searched first."""
    query = sa.select(t.runs.c.site, sa.func.min(t.runs.c.at, type_=t.Utc)).where(t.runs.c.searched)
    if site is not None:
        query = query.where(t.runs.c.site == site)
    return dict(connection.execute(query.group_by(t.runs.c.site)).all())


def watched_later(connection: sa.Connection, site: str, moment: dt.datetime | None) -> bool:
    """True: at this moment (None: now) the site had not been searched yet, so that nothing can be read off versions."""
    return moment is not None and moment < first_runs(connection, site).get(site, _NEVER)


def published_looks(
    connection: sa.Connection, moment: dt.datetime, *, sites: Sequence[str] | None = None
) -> Mapping[str, Published]:
    """The used looks that were published by a moment, by site.

    Args:
        connection: that reads.
        moment: UTC.
        sites: whose; None: all.
    """
    looks = t.looks
    query = sa.select(looks.c.site, looks.c.scene, looks.c.captured, looks.c.whole_day).where(
        looks.c.until.is_(None),
        looks.c.outcome == "used",
        looks.c.captured <= moment,
        looks.c.published <= moment,
    )
    if sites is not None:
        query = query.where(looks.c.site.in_(sites))
    spans: dict[str, list[tuple[dt.datetime, dt.datetime]]] = defaultdict(list)
    scenes: dict[str, list[str]] = defaultdict(list)
    for site, scene, captured, whole_day in connection.execute(query):
        spans[site].append((captured, captured + _DAY if whole_day else captured))
        scenes[site].append(scene)
    return {site: Published(told, scenes[site]) for site, told in spans.items()}


def cut_structure(
    row: Mapping[str, Any], presences: Sequence[Mapping[str, Any]], known: Published
) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
    """A structure as the published looks show it.

    Args:
        row: of the structure.
        presences: rows of its presences with their phases, in time order.
        known: the used looks that were published.

    Returns:
        (its row, those of its presences, see `cut_presences`; phases as they were); None: no published look shows it.
        Where it was still growing the row has the area that was seen of it, and None for what is not kept: how far
        that area may be off, and its bounds.
    """
    kept = cut_presences(presences, known)
    if not kept:
        return None
    return {**row, "present": kept[-1]["dismantled_by"] is None, **_area_then(kept, known)}, kept


def _area_then(kept: Sequence[Mapping[str, Any]], known: Published) -> dict[str, float | None]:
    """How much ground it covered as far as the published looks show it, where it was still growing; else nothing."""
    phases = kept[-1]["phases"]
    seen = [one for one in phases if known.first_from(dt.datetime.fromisoformat(one["by"])) is not None]
    if len(seen) == len(phases):
        return {}
    area = seen[-1]["area_m2"] if seen else None
    return {"area_m2": area, "area_m2_low": None, "area_m2_high": None, **dict.fromkeys(t.BOUNDS)}


def cut_phases(spell: Mapping[str, Any], known: Published) -> list[dict[str, Any]]:
    """The phases of a spell, itself cut, that the published looks show, each in a bracket as wide as these make it."""
    kept: list[dict[str, Any]] = []
    for phase in spell["phases"]:
        after, by = (dt.datetime.fromisoformat(phase[end]) for end in ("after", "by"))
        first, stood_until = known.first_from(by), spell["dismantled_after"]
        if first is None or (stood_until is not None and first > stood_until):
            break
        if kept and kept[-1]["by"] == first.isoformat():
            kept.pop()  # no published look shows it as it was before
        before = known.last_until(after) or first
        kept.append({**phase, "after": before.isoformat(), "by": first.isoformat()})
    return kept


def cut_presences(presences: Sequence[Mapping[str, Any]], known: Published) -> list[dict[str, Any]]:
    """The spells of a structure as the published looks show them.

    Args:
        presences: rows of its presences, in time order.
        known: the used looks that were published.

    Returns:
        Rows like those given, without the spells that no published look shows; a spell that had not ended yet stands.
    """
    kept: list[dict[str, Any]] = []
    for spell in _joined(presences, known):
        on, off = spell["erected_by"], spell["dismantled_by"]
        stood_until = spell["dismantled_after"]
        first = known.first_from(on if on is not None else _EVER)
        if first is None or (stood_until is not None and first > stood_until):
            continue
        gone = None if off is None else known.first_from(off)
        before = None if on is None else known.last_until(spell["erected_after"])
        if on is not None and before is None:
            on = None  # no published look shows the ground without it: as far as they tell it always stood
        if on is None and gone is None:
            continue  # it stood on all of them: no event
        last = None if gone is None else known.last_until(stood_until)
        seen = known.count(first, gone)
        evidence = [scene for scene in spell.get("evidence", ()) if scene in known.scenes]
        kept.append(
            {
                **spell,
                **({"evidence": evidence} if "evidence" in spell else {}),
                "number": len(kept),
                "erected_after": None if on is None else before,
                "erected_by": None if on is None else first,
                "dismantled_after": last,
                "dismantled_by": gone,
                "state": "confirmed" if seen >= _CONFIRMED else "provisional" if seen >= _PROVISIONAL else "first",
            }
        )
    return kept


def _joined(presences: Sequence[Mapping[str, Any]], known: Published) -> list[Mapping[str, Any]]:
    """Spells without those ends and beginnings between which no published look saw it gone."""
    joined: list[Mapping[str, Any]] = []
    for spell in presences:
        gone = joined[-1]["dismantled_by"] if joined else None
        if gone is not None and ((seen := known.first_from(gone)) is None or seen > spell["erected_after"]):
            joined[-1] = {**joined[-1], **{name: spell[name] for name in ("dismantled_after", "dismantled_by")}}
        else:
            joined.append(spell)
    return joined
