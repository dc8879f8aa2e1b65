"""From what is known of a site to questions: when it was last seen, and how often what stands there turns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sitewatch.planning._questions import SEEN, Dating, Deadline, Standing
from sitewatch.structures import Bracket, Kind, Structure

__all__ = ["Past", "life_until", "past_of_site", "past_of_structure"]

_PRIOR_DAYS = 365.0
"""One turn in so many days is added to what was seen: a thing that never turned is not held to stand for ever."""
_DAY_S = 86_400.0
_NEVER = 0.01
"""No thing is held to stand, or not to, with more certainty."""


@dataclass(frozen=True, kw_only=True)
class Past:
    """What is known of something that turns: a structure, or a whole site."""

    name: str
    """For people: "the shelter"."""
    last: dt.datetime
    """The last used look; where there is none, the begin of the window. UTC."""
    up: float
    """P(it stands at the last look), 0-1; one half where nobody looked."""
    erected: float
    """Rate at which it is erected while it does not stand, per day, above 0."""
    removed: float
    """Rate at which it is removed while it stands; of a site that of any change."""
    turn: Bracket | None = None
    """Its last change, where that was seen."""
    turned_up: bool = True
    """True: that was an erection."""
    site: bool = False
    """True: it is a whole site, and any change counts."""

    def standing(self, at: dt.datetime) -> Standing:
        """Is it up at a time (UTC)?"""
        return Standing(name=self.name, at=at, known=self.last, up=self.up, erected=self.erected, removed=self.removed)

    def deadline(self, day: dt.datetime, *, since: dt.datetime) -> Deadline:
        """On which side of a day (its end, UTC) does it change? Of looks from `since` on.

        Where the bracket of its last change holds the day and reaches into the window, that change is meant; else the
        next one.
        """
        if self.turn is not None and self.turn.after < day < self.turn.by and since < self.turn.by:
            return Deadline(
                name=self.name, day=day, after=self.turn.after, by=self.turn.by, erection=self.turned_up, seen=SEEN
            )
        return Deadline(
            name=self.name, day=day, after=self.last, rate=self._rate, erection=self.site or self.up < 0.5, seen=SEEN
        )

    def dating(self, *, since: dt.datetime, until: dt.datetime) -> Dating:
        """How long will the bracket of its change be? Of looks from `since` until `until`.

        Where the bracket of its last change reaches into the window, that change is meant; else the next one.
        """
        if self.turn is not None and since < self.turn.by:
            return Dating(name=self.name, after=self.turn.after, by=self.turn.by)
        return Dating(name=self.name, after=self.last, by=until, rate=self._rate)

    @property
    def _rate(self) -> float:
        return self.removed if self.site or self.up >= 0.5 else self.erected


def life_until(structure: Structure, at: dt.datetime) -> Structure | None:
    """A structure with the turns that looks until a time had shown; None: none had shown it yet.

    Args:
        structure: with its life, which may go on after the time.
        at: the time, UTC. A turn that a look of that UTC day shows counts, as the hour of a dated look is not known.
    """
    end = dt.datetime.combine(at.astimezone(dt.UTC).date(), dt.time(), dt.UTC) + dt.timedelta(days=1)
    spells = tuple(
        spell if spell.dismantled is None or spell.dismantled.by <= end else replace(spell, dismantled=None)
        for spell in structure.presences
        if spell.erected is None or spell.erected.by <= end
    )
    return replace(structure, presences=spells, present=spells[-1].dismantled is None) if spells else None


def past_of_structure(
    structure: Structure | None, *, name: str, used: Sequence[dt.datetime], since: dt.datetime
) -> Past:
    """What is known of a structure.

    Its rates are its turns over the days for which it was seen to stand, or not to, with one turn in a year added to
    both. That it stands at the last look is as probable as its last presence; that it does not, as it is that each of
    the looks since its end, each of which misses one of five, would have missed it, from even odds.

    Args:
        structure: with its life; None: nothing is known of it.
        name: what people call it.
        used: captures of the used looks, UTC, in order; without them nothing is known either.
        since: begin of the window.
    """
    if structure is None or not used:
        rate = 1 / _PRIOR_DAYS
        return Past(name=name, last=used[-1] if used else since, up=0.5, erected=rate, removed=rate)
    first, last = used[0], used[-1]
    stood, gone, downs = 0.0, 0.0, 0
    before = first
    for spell in structure.presences:
        begin = first if spell.erected is None else _middle(spell.erected)
        end = last if spell.dismantled is None else _middle(spell.dismantled)
        gone += max(0.0, _days(before, begin))
        stood += max(0.0, _days(begin, end))
        downs += spell.dismantled is not None
        before = end
    ups = sum(spell.erected is not None for spell in structure.presences)
    newest = structure.presences[-1]
    stands = newest.dismantled is None
    if newest.dismantled is not None:
        gone += max(0.0, _days(before, last))
        missed = (1 - SEEN) ** max(1, sum(look >= newest.dismantled.by for look in used))
        up = missed / (1 + missed)
    else:
        up = newest.probability
    return Past(
        name=name,
        last=last,
        up=min(1 - _NEVER, max(_NEVER, up)),
        erected=(ups + 1) / (gone + _PRIOR_DAYS),
        removed=(downs + 1) / (stood + _PRIOR_DAYS),
        turn=newest.erected if stands else newest.dismantled,
        turned_up=stands,
    )


def past_of_site(
    structures: Iterable[Structure], *, name: str, used: Sequence[dt.datetime], since: dt.datetime
) -> Past:
    """What is known of a site: how often anything is erected or removed there, with one change in a year added.

    Args:
        structures: what is told of it; only what is held for built counts.
        name: what people call it.
        used: captures of the used looks, UTC, in order.
        since: begin of the window.
    """
    spells = [spell for one in structures if one.kind is Kind.STRUCTURE for spell in one.presences]
    turns = sum((spell.erected is not None) + (spell.dismantled is not None) for spell in spells)
    days = _days(used[0], used[-1]) if used else 0.0
    rate = (turns + 1) / (days + _PRIOR_DAYS)
    return Past(name=name, last=used[-1] if used else since, up=0.5, erected=rate, removed=rate, site=True)


def _middle(bracket: Bracket) -> dt.datetime:
    return bracket.after + (bracket.by - bracket.after) / 2


def _days(begin: dt.datetime, end: dt.datetime) -> float:
    return (end - begin).total_seconds() / _DAY_S
