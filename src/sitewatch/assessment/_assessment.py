"""What a judgement says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sitewatch.assessment._once import LeftOut
from sitewatch.assessment._words import Word, word

__all__ = [
    "Assessment",
    "Confidence",
    "ConfidenceLevel",
    "Item",
    "ItemKind",
    "Judged",
    "Lever",
    "NextLook",
    "PathPoint",
    "Reason",
]


class ItemKind(StrEnum):
    """What an item of evidence is made of."""

    STANDING = "what stands"
    GROWTH = "growth"
    CLAIM = "what is said"


class ConfidenceLevel(StrEnum):
    """How much a judgement can bear: another thing than how likely something is."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A hypothesis, and how probable it is."""

    key: str
    title: str
    benign: bool
    prior: float
    """Before any evidence, 0-1."""
    probability: float
    """Now, above 0 and below 1; those of all hypotheses add up to 1."""
    low: float
    """A tenth of the draws of the likelihoods, as heavy as the evidence makes them, gives less."""
    high: float
    """And a tenth more."""
    going_on: float
    """P(the hypothesis is true, and an episode of its activity goes on now)."""

    @property
    def word(self) -> Word:
        """The word for its probability."""
        return word(self.probability)


@dataclass(frozen=True, kw_only=True)
class Item:
    """An item of evidence: one indicator of the case, with what is known of it."""

    key: str
    """Of the indicator."""
    title: str
    kind: ItemKind
    says: str
    """What is known of it: a sentence."""
    scenes: tuple[str, ...]
    """Scene ids of the looks that it rests on."""
    shown: tuple[str, ...]
    """Those of them that show what stands; the others saw its ground and do not. Of other kinds: none."""
    claims: tuple[str, ...]
    """Keys of the claims that it rests on, those that repeat others too."""
    structures: tuple[str, ...]
    """Ids of the structures that it rests on."""
    support: Mapping[str, float]
    """By hypothesis: ln of what it multiplies the probability by, less their mean. Above 0: it speaks for it."""
    without: Mapping[str, float]
    """By hypothesis: its probability if this item were left out."""
    counted: float
    """Share of its likelihoods, 0-1, that were counted; the others are stated."""

    @property
    def spread(self) -> float:
        """Logarithm of the ratio by which it tells apart the hypotheses that it tells apart best."""
        return max(self.support.values()) - min(self.support.values())


@dataclass(frozen=True, kw_only=True)
class PathPoint:
    """How probable each hypothesis is with the evidence up to a time."""

    time: dt.datetime
    probability: Mapping[str, float]
    low: Mapping[str, float]
    high: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class NextLook:
    """What a further look in clear weather would do."""

    indicator: str
    title: str
    shows: bool
    """True: it shows it."""
    after: Mapping[str, float]
    """By hypothesis: its probability after one such look."""
    until_leader: int | None
    """So many such looks in a row make another hypothesis the most probable; None: as many as were tried do not."""
    leader: str | None
    """Which, if any."""
    until_word: int | None
    """So many such looks in a row give the leading hypothesis another word; None: as many as were tried do not."""


@dataclass(frozen=True, kw_only=True)
class Lever:
    """A likelihood that would make another hypothesis the most probable if it were otherwise."""

    indicator: str
    hypothesis: str
    side: str
    """active, idle or once."""
    told: float
    """Its mean, as the case has it."""
    changed: float
    """What it would have to be."""
    leader: str
    """Which hypothesis would lead."""

    @property
    def factor(self) -> float:
        """Of the changed one over that told."""
        return self.changed / self.told


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a judgement can bear more, or less."""

    text: str
    """A sentence."""
    weight: int
    """1: it can bear more, -1: less, 0: neither."""


@dataclass(frozen=True, kw_only=True)
class Confidence:
    """How much a judgement can bear, and why."""

    level: ConfidenceLevel
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """The judgement of a case at a time."""

    title: str
    question: str
    site: str
    since: dt.datetime
    """Begin of the period that is judged, UTC."""
    at: dt.datetime
    """The time that is judged, UTC."""
    hypotheses: tuple[Judged, ...]
    """The most probable one first; between equals by key."""
    active: float
    """P(activity goes on now), whatever it is."""
    active_low: float
    active_high: float
    items: tuple[Item, ...]
    """Sorted by key."""
    left_out: tuple[LeftOut, ...]
    """Indicators that say nothing, and why."""
    path: tuple[PathPoint, ...]
    """From `since` to `at`: with the evidence up to each look and claim, as it is known at the end."""
    activity: tuple[tuple[dt.datetime, float], ...]
    """P(activity went on) at each look, from all evidence before and after it."""
    next_looks: tuple[NextLook, ...]
    looks_tried: int
    """So many in a row."""
    next_after_days: float
    """How far apart they are taken to be: as the used looks usually were."""
    levers: tuple[Lever, ...]
    """Single likelihoods that could turn the judgement, those that need the least change first."""
    prior_factor: float
    """By how much the prior odds of the leading hypothesis against the second would have to shrink for it to lead no
    more; 1: they are even."""
    used: tuple[str, ...]
    """Scene ids of the used looks of the period."""
    unused: Mapping[str, tuple[str, ...]]
    """Of the others, by what came of them."""
    covered: float | None
    """Share of the period, 0-1, in which an episode of the shortest mean length would hardly have gone unseen; None:
    nothing that comes and goes is looked for."""
    counted: float | None
    """Share of the weight of the evidence, 0-1, that rests on counted likelihoods; None: there is no evidence."""
    confidence: Confidence
    hindsight: bool
    """True: it rests on what could not have been known then."""
    draws: int
    effective_draws: float
    """So many draws of equal weight would be worth as much."""
    ways: int
    """In so many ways the told structures can be real."""
    seed: int

    @property
    def leading(self) -> Judged:
        """The most probable hypothesis."""
        return self.hypotheses[0]

    @property
    def rival(self) -> Judged:
        """The second."""
        return self.hypotheses[1]

    @property
    def carrying(self) -> Item | None:
        """The item that moves the leading hypothesis most in its favour; None: none does."""
        key = self.leading.key
        gains = [(self.leading.probability - item.without[key], item.key, item) for item in self.items]
        best = min(gains, key=lambda g: (-g[0], g[1]), default=None)
        return best[2] if best is not None and best[0] > _NOTHING else None

    def of(self, key: str) -> Judged:
        """The hypothesis of a key.

        Raises:
            KeyError: there is none.
        """
        return {one.key: one for one in self.hypotheses}[key]


_NOTHING = 0.005
"""A probability that moves by less has not moved."""
