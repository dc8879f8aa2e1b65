"""When did it look like this before, and what followed: what else happened around the turns of one structure.

Nothing is dated by a day, so nothing follows by so many days: a structure went up in `(a, b]`, something else happened
in `[c, d]`, and between the two lie `c - b` to `d - a` days. It *certainly* followed within N days where all of that
range lies in 0 to N, and *possibly* where any of it does.

How often something followed says little as long as it is not known how often it would by chance. So each count stands
beside what occasions at random times would have given: each lies anywhere in the record, equally likely, and is dated
as this record dates, by the used looks on either side of it; where the bracket of an occasion spans several successive
looks, by as many. So what shares its bracket with something else only because looks are few does so at random too. The
share of the record that counts is a sum over those brackets, exactly computed; the chance of as many occasions or more
is that of independent trials with those shares (the Poisson-binomial distribution; Wang 1993, Statistica Sinica 3,
295), exactly computed too. What has a season follows anything with a season: that is no chance, and no cause.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from sitewatch.structures._structure import Bracket, Structure

__all__ = [
    "ANY_OTHER",
    "LEAST_PROBABLE",
    "Around",
    "DatedEvent",
    "Followed",
    "Neighbour",
    "Occasion",
    "Side",
    "TurnKind",
    "what_followed",
]

ANY_OTHER = "any other structure"
"""Type under which the turns of all other structures are counted together."""

LEAST_PROBABLE = 0.5
"""Turns of presences less likely than that are left out, if nothing else is asked for."""

_DAY_S = 86_400.0

_Range = tuple[float, float]
"""Days from one moment to another, at least and at most."""


class TurnKind(StrEnum):
    """What a structure does at a bracket."""

    ERECTED = "erected"
    DISMANTLED = "taken down"


class Side(StrEnum):
    """Where something else lies in time."""

    BEFORE = "before"
    AFTER = "after"
    EITHER = "before or after"
    """The dates leave both open."""


@dataclass(frozen=True, kw_only=True)
class DatedEvent:
    """Something that is recorded: a statement, a launch, a deadline."""

    title: str
    """Events of one title are one type."""
    began: dt.datetime
    """First moment at which it can have been, UTC."""
    ended: dt.datetime
    """Last moment at which it can have been; not before `began`."""
    source: str = ""

    def __post_init__(self) -> None:
        if self.ended < self.began:
            raise ValueError(f"an event must end no earlier than it begins, got {self.began} to {self.ended}")


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """Something that happened near an occasion."""

    what: str
    """Its type: the event's title, or the structure with its turn."""
    began: dt.datetime
    ended: dt.datetime
    days: tuple[float, float]
    """From the occasion to it, at least and at most; negative: before."""
    side: Side
    certain: bool
    """True: within the window whatever the brackets hide; False: possibly."""
    probability: float = 1.0
    """0-1, that it happened at all: of a structure, its presence's."""


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """One turn of the structure, and what else there was."""

    turn: TurnKind
    bracket: Bracket
    probability: float
    """0-1, of the presence."""
    neighbours: tuple[Neighbour, ...]
    """In time order."""
    cut: bool
    """True: the window reaches out of the record, so that something may be missing."""


@dataclass(frozen=True, kw_only=True)
class Followed:
    """How often one type of event followed, or came before, and how often it would by chance."""

    what: str
    side: Side
    """BEFORE or AFTER."""
    certainly: int
    """Occasions with which it certainly did."""
    possibly: int
    """Occasions with which it possibly did; the certain ones included."""
    of: int
    """Occasions."""
    expected: tuple[float, float]
    """Occasions with which it would at random times: certainly, and possibly."""
    chance: float
    """0-1: probability that random occasions have it as often: the larger of those for the certain and the possible
    count. 1 where it certainly never did."""


@dataclass(frozen=True, kw_only=True)
class Around:
    """What else happened within so many days of each turn of one kind."""

    turn: TurnKind
    within_days: float
    occasions: tuple[Occasion, ...]
    summary: tuple[Followed, ...]
    """The least likely by chance first."""
    least: float
    """Turns of presences less likely than that, 0-1, are left out."""
    left_out: int
    """How many turns of the structure itself were left out."""
    others_left_out: int
    """How many of others."""

    @property
    def by_luck(self) -> float:
        """How many lines of the summary would have a chance of .05 or less, at most, if nothing had to do with any."""
        return 0.05 * len(self.summary)


@dataclass(frozen=True)
class _Span:
    """Something else, days from the start of the record."""

    what: str
    types: tuple[str, ...]
    """What it is counted as: itself, and of a structure also as any other one."""
    began: float
    ended: float
    event: DatedEvent
    probability: float = 1.0


def what_followed(
    structure: Structure,
    *,
    turn: TurnKind,
    others: Sequence[Structure],
    events: Sequence[DatedEvent],
    looks: Sequence[dt.datetime],
    within_days: float,
    name: Callable[[Structure], str] | None = None,
    least: float = LEAST_PROBABLE,
    sure: Collection[str] = (),
) -> Around:
    """What happened within so many days before and after each turn of a structure.

    Args:
        structure: the one that is asked about.
        turn: its erections, or its removals; what stood before the first look has no erection.
        others: structures whose turns are looked for, as a rule only claims of something built; itself among them is
            left out.
        events: what is recorded.
        looks: captures of the used looks, UTC, in time order: by these the record dates, and it reaches from the first
            to the last; events outside of it are used, and their absence is not believed.
        within_days: half-width of the window, days, above 0.
        name: what to call a structure; default its id.
        least: turns of presences less likely than that, 0-1, are left out, of this structure and of others.
        sure: ids of structures of which none is left out: those that readers confirm.

    Raises:
        ValueError: the window is not above 0, or the record has no length.
    """
    if within_days <= 0 or len(looks) < 2 or looks[-1] <= looks[0]:
        raise ValueError(f"a window and a record must have a length, got {within_days} days and {len(looks)} looks")
    first = looks[0]
    calendar = np.unique([_days(first, look) for look in looks])
    call = name or (lambda one: one.id)
    counted = [one for one in others if one.id != structure.id]
    spans, others_left_out = _spans(counted, events, call, origin=first, least=least, sure=sure)
    length = float(calendar[-1])
    occasions, ranges = [], []
    left_out = 0
    for presence in structure.presences:
        bracket = presence.erected if turn is TurnKind.ERECTED else presence.dismantled
        if bracket is None:
            continue
        if presence.probability < least and structure.id not in sure:
            left_out += 1
            continue
        begin, end = _days(first, bracket.after), _days(first, bracket.by)
        ranges.append((begin, end))
        near = [n for span in spans if (n := _neighbour(span, begin, end, within_days)) is not None]
        occasions.append(
            Occasion(
                turn=turn,
                bracket=bracket,
                probability=presence.probability,
                neighbours=tuple(sorted(near, key=lambda n: (n.began, n.ended, n.what))),
                cut=begin - within_days < 0 or end + within_days > length,
            )
        )
    types: dict[str, list[_Range]] = {}
    for span in spans:
        for what in span.types:
            types.setdefault(what, []).append((span.began, span.ended))
    summary = [
        _followed(what, side, found, ranges, calendar=calendar, within=within_days)
        for what, found in types.items()
        for side in (Side.AFTER, Side.BEFORE)
        if ranges
    ]
    summary.sort(key=lambda f: (f.chance, -f.certainly, -f.possibly, f.what, f.side))
    return Around(
        turn=turn,
        within_days=within_days,
        occasions=tuple(occasions),
        summary=tuple(summary),
        least=least,
        left_out=left_out,
        others_left_out=others_left_out,
    )


def _spans(
    others: Sequence[Structure],
    events: Sequence[DatedEvent],
    call: Callable[[Structure], str],
    *,
    origin: dt.datetime,
    least: float,
    sure: Collection[str],
) -> tuple[list[_Span], int]:
    """What else there was, and how many turns of others were left out."""
    left_out = 0
    told: list[tuple[str, tuple[str, ...], DatedEvent, float]] = [(e.title, (e.title,), e, 1.0) for e in events]
    for other in others:
        for presence in other.presences:
            for kind, bracket in ((TurnKind.ERECTED, presence.erected), (TurnKind.DISMANTLED, presence.dismantled)):
                if bracket is not None and presence.probability < least and other.id not in sure:
                    left_out += 1
                elif bracket is not None:
                    what = f"{call(other)} {kind.value}"
                    event = DatedEvent(title=what, began=bracket.after, ended=bracket.by)
                    told.append((what, (what, f"{ANY_OTHER} {kind.value}"), event, presence.probability))
    return [
        _Span(what, types, _days(origin, event.began), _days(origin, event.ended), event, probability)
        for what, types, event, probability in told
    ], left_out


def _neighbour(span: _Span, begin: float, end: float, within: float) -> Neighbour | None:
    least, most = span.began - end, span.ended - begin
    if most < -within or least > within:
        return None
    side = Side.AFTER if least >= 0 else Side.BEFORE if most <= 0 else Side.EITHER
    return Neighbour(
        what=span.what,
        began=span.event.began,
        ended=span.event.ended,
        days=(least, most),
        side=side,
        certain=-within <= least and most <= within,
        probability=span.probability,
    )


def _followed(
    what: str,
    side: Side,
    spans: Sequence[_Range],
    occasions: Sequence[_Range],
    *,
    calendar: NDArray[np.float64],
    within: float,
) -> Followed:
    told = np.array(spans)
    sure, open_ = _having(np.array(occasions), told, side, within=within)
    expected = {n: _at_random(calendar, n, told, side, within=within) for n in {_looks(calendar, o) for o in occasions}}
    shares = [expected[_looks(calendar, occasion)] for occasion in occasions]
    certain, possible = [one for one, _ in shares], [other for _, other in shares]
    certainly, possibly = int(sure.sum()), int(open_.sum())
    return Followed(
        what=what,
        side=side,
        certainly=certainly,
        possibly=possibly,
        of=len(occasions),
        expected=(sum(certain), sum(possible)),
        chance=max(_at_least(certainly, certain), _at_least(possibly, possible)),
    )


def _having(
    occasions: NDArray[np.float64], spans: NDArray[np.float64], side: Side, *, within: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which occasions certainly have one of the spans at that side, and which possibly."""
    begin, end = occasions[:, :1], occasions[:, 1:]
    if side is Side.AFTER:
        least, most = spans[:, 0] - end, spans[:, 1] - begin
    else:
        least, most = begin - spans[:, 1], end - spans[:, 0]
    sure: NDArray[np.bool_] = np.any((least >= 0) & (most <= within), axis=1)
    # Brackets are open at their beginning: what ends at the look at which an occasion's begins came before it.
    open_: NDArray[np.bool_] = np.any(((most > 0) | (least >= 0)) & (least <= within), axis=1)
    return sure, open_


def _looks(calendar: NDArray[np.float64], occasion: _Range) -> int:
    """How many steps from look to look the bracket of an occasion spans, 1 or more."""
    begin, end = np.searchsorted(calendar, occasion[0], side="right"), np.searchsorted(calendar, occasion[1])
    return int(np.clip(end - begin + 1, 1, len(calendar) - 1))


def _at_random(
    calendar: NDArray[np.float64], steps: int, spans: NDArray[np.float64], side: Side, *, within: float
) -> tuple[float, float]:
    """Probability that a random occasion, dated by so many steps from look to look, has one: certainly, and possibly.

    A bracket is as likely as it is long: a moment drawn anywhere lies in it so often.
    """
    brackets = np.column_stack([calendar[:-steps], calendar[steps:]])
    weight = np.diff(brackets, axis=1)[:, 0]
    sure, open_ = _having(brackets, spans, side, within=within)
    return float(weight @ sure / weight.sum()), float(weight @ open_ / weight.sum())


def _at_least(count: int, shares: Sequence[float]) -> float:
    """Probability of `count` successes or more in independent trials with these shares."""
    if not count:
        return 1.0
    distribution = np.ones(1)
    for share in shares:
        distribution = np.convolve(distribution, [1 - share, share])
    return float(min(1.0, distribution[count:].sum()))


def _days(start: dt.datetime, end: dt.datetime) -> float:
    return (end - start).total_seconds() / _DAY_S
