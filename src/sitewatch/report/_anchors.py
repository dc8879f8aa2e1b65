"""Numbers and anchors of all that a judgement rests on.

H1 is an explanation, E1 an item of evidence, C1 a claim, D1 an entry of the calendar, L1 a look.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sitewatch.assessment import Assessment, SiteRecord, matrix
from sitewatch.case import Case, independent
from sitewatch.cube import Look

__all__ = ["Anchors", "Ref"]


@dataclass(frozen=True, kw_only=True)
class Ref:
    """A link to a place of the page."""

    label: str
    """Such as "E1"."""
    anchor: str
    """Id of the place; letters, digits and hyphens."""
    title: str
    """What is there, in words."""


@dataclass(frozen=True, kw_only=True)
class Anchors:
    """What can be linked to, in the order in which it is numbered."""

    hypotheses: Mapping[str, Ref]
    """By key; the most probable one first."""
    indicators: Mapping[str, Ref]
    """By key; what tells most apart first, then what is not counted."""
    claims: Mapping[str, Ref]
    """By key; groups of repeats together, in the order in which their first was published."""
    calendar: Mapping[str, Ref]
    """By key; by first day."""
    looks: Mapping[str, Ref]
    """By scene id; those of the period that is judged, in time order."""
    taken: tuple[Look, ...]
    """These looks."""

    @classmethod
    def of(cls, case: Case, record: SiteRecord, found: Assessment) -> Anchors:
        """Number all that a judgement rests on."""
        scenes = {*found.used, *(scene for group in found.unused.values() for scene in group)}
        taken = tuple(sorted((k for k in record.looks if k.scene in scenes), key=lambda k: k.order))
        evidence = [(row.key, row.title) for row in matrix(found)]
        silent = [(one.key, one.title) for one in found.left_out]
        entries = sorted(case.calendar.items(), key=lambda pair: (pair[1].first, pair[0]))
        return cls(
            hypotheses=_numbered("H", "hyp", [(h.key, h.title) for h in found.hypotheses]),
            indicators=_numbered("E", "ind", [*evidence, *silent]),
            claims=_numbered("C", "claim", [(key, case.claims[key].who) for key in _in_groups(case)]),
            calendar=_numbered("D", "cal", [(key, entry.title) for key, entry in entries]),
            looks={
                look.scene: Ref(label=f"L{n}", anchor=f"look-{n}", title=_look_title(look))
                for n, look in enumerate(taken, start=1)
            },
            taken=taken,
        )

    def evidence(self, keys: Sequence[str]) -> tuple[Ref, ...]:
        """The indicators and claims of some keys, in the order of the page; others are left out."""
        wanted = set(keys)
        return tuple(ref for group in (self.indicators, self.claims) for key, ref in group.items() if key in wanted)


def _numbered(letter: str, name: str, told: Sequence[tuple[str, str]]) -> dict[str, Ref]:
    return {
        key: Ref(label=f"{letter}{n}", anchor=f"{name}-{key}", title=title)
        for n, (key, title) in enumerate(told, start=1)
    }


def _in_groups(case: Case) -> list[str]:
    """Keys of the claims: each that repeats none, in the order of publication, and after it those that repeat it."""
    roots = independent(case.claims)

    def order(key: str) -> tuple[dt.date, str, bool, dt.date, str]:
        root = roots[key]
        return case.claims[root].published, root, key != root, case.claims[key].published, key

    return sorted(case.claims, key=order)


def _look_title(look: Look) -> str:
    day = "" if look.captured is None else f"{look.captured:%Y-%m-%d}, "
    return f"{day}{look.scene}: {look.outcome.value}"
