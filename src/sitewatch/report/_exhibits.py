"""What a judgement's numbers rest on, item by item: looks, claims, likelihoods with their origin, and what they do."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sitewatch.assessment import Assessment, Cell, Item, ItemKind, matrix, percent
from sitewatch.case import (
    ActivityIn,
    Case,
    GrowthOf,
    MadeClaim,
    Observable,
    Probability,
    Ratio,
    StandingStructure,
    TwoLikelihoods,
)
from sitewatch.report._anchors import Anchors, Ref
from sitewatch.report._sentences import square_metres

__all__ = ["Exhibit", "Likely", "exhibits", "origin_words", "ratio_words"]


@dataclass(frozen=True, kw_only=True)
class Likely:
    """One likelihood, as the case has it."""

    hypothesis: Ref
    when: str
    """"in an episode", "in a gap", or nothing."""
    mean: str
    origin: str
    """Counted, or stated by whom."""
    why: str
    sources: tuple[Ref, ...]


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """An item of evidence with all that it rests on."""

    ref: Ref
    item: Item
    bound: str
    """What in the world it is bound to, in words."""
    cells: tuple[tuple[Ref, str, str, str], ...]
    """By hypothesis: it, symbol, factor ("x 1.8"), probability without the item."""
    groups: tuple[tuple[str, str, tuple[Ref, ...]], ...]
    """(id of the place, in words, looks) of the looks that it rests on, by what they show."""
    claims: tuple[Ref, ...]
    origins: str
    """Origin of its likelihoods in a few words."""
    likelihoods: tuple[Likely, ...]


def exhibits(case: Case, found: Assessment, anchors: Anchors) -> tuple[Exhibit, ...]:
    """The items, the one that tells most apart first."""
    items = {item.key: item for item in found.items}
    told = []
    for row in matrix(found):
        item, indicator = items[row.key], case.indicators[row.key]
        likelihoods = tuple(_likelihoods(case, row.key, anchors))
        told.append(
            Exhibit(
                ref=anchors.indicators[row.key],
                item=item,
                bound=_bound(indicator.observable, indicator.seen, anchors),
                cells=tuple(_cell(cell, item, anchors) for cell in row.cells),
                groups=tuple(_groups(item, found, anchors)),
                claims=anchors.evidence(item.claims),
                origins="; ".join(dict.fromkeys(one.origin for one in likelihoods)),
                likelihoods=likelihoods,
            )
        )
    return tuple(told)


def _cell(cell: Cell, item: Item, anchors: Anchors) -> tuple[Ref, str, str, str]:
    symbol = cell.symbol.replace("-", "\N{MINUS SIGN}")
    factor = f"\N{MULTIPLICATION SIGN} {math.exp(cell.support):.2g}"
    return anchors.hypotheses[cell.hypothesis], symbol, factor, percent(item.without[cell.hypothesis])


def _bound(observable: Observable, seen: float, anchors: Anchors) -> str:
    sight = f"; a clear look at the whole site shows it, if it is there, in {percent(seen)} of cases"
    if isinstance(observable, StandingStructure):
        return f"the structure “{observable.structure}”{sight}"
    if isinstance(observable, ActivityIn):
        return f"anything that stands or lies in the sub-area “{observable.activity}”{sight}"
    if isinstance(observable, GrowthOf):
        where = "the whole site" if observable.growth == "site" else f"the sub-area “{observable.growth}”"
        return f"growth of the built-up footprint of {where} by {square_metres(observable.at_least_m2)} m² or more"
    assert isinstance(observable, MadeClaim)
    told = anchors.claims.get(observable.claim)
    return f"that claim {observable.claim if told is None else told.label} is made public"


def _groups(item: Item, found: Assessment, anchors: Anchors) -> Iterator[tuple[str, str, tuple[Ref, ...]]]:
    anchor = anchors.indicators[item.key].anchor

    def refs(scenes: Sequence[str]) -> tuple[Ref, ...]:
        wanted = set(scenes)
        return tuple(ref for scene, ref in anchors.looks.items() if scene in wanted)

    if item.kind is ItemKind.GROWTH:
        yield f"{anchor}-between", "Measured between these two looks", refs(item.scenes)
    if item.kind is not ItemKind.STANDING:
        return
    yield f"{anchor}-shown", "Looked, and it is there", refs(item.shown)
    yield f"{anchor}-absent", "Looked, and it is not there", refs([*set(item.scenes).difference(item.shown)])
    if blank := set(found.used).difference(item.scenes):
        yield f"{anchor}-blank", "Used, and could not tell", refs([*blank])


def _likelihoods(case: Case, key: str, anchors: Anchors) -> Iterator[Likely]:
    for hypothesis, ref in anchors.hypotheses.items():
        told = case.indicators[key].likelihoods[hypothesis]
        sides: tuple[tuple[str, Probability], ...] = (
            (("in an episode", told.active), ("in a gap", told.idle))
            if isinstance(told, TwoLikelihoods) else (("", told),)
        )  # fmt: skip
        for when, one in sides:
            yield Likely(
                hypothesis=ref,
                when=when,
                mean=percent(one.mean),
                origin=origin_words(one),
                why=one.why or "",
                sources=anchors.evidence(one.source),
            )


def origin_words(told: Probability) -> str:
    """Where a likelihood is from: "counted: 3 of 4", "stated by X, worth 20 cases"."""
    if told.counted is not None:
        return f"counted: {told.counted.shown} of {told.counted.of}"
    return f"{_stated(told.by)}, worth {told.cases:g} cases"


def ratio_words(told: Ratio) -> str:
    """A ratio and where it is from."""
    if told.stated is not None:
        return f"\N{MULTIPLICATION SIGN} {told.stated:g}, {_stated(told.by)}"
    if told.counted is not None:
        c = told.counted
        return (
            f"counted: {c.events_with} events on {c.days_with} days with it, {c.events_without} on {c.days_without} "
            "without"
        )
    return "counted in the record of events at the time of a forecast"


def _stated(by: str | None) -> str:
    return f"stated by {by}" if by else "stated, nobody is named"
