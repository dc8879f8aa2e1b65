"""A case: what is asked of one site, the explanations that compete for it, and what would tell them apart.

Everything that a judgement rests on and that no look can show stands in it, with its origin: priors, likelihoods, the
calendar, what others have said. It is written by an analyst, in YAML, and kept beside the store under version control;
`_file` reads it, these classes say what may stand in it.

Every field has a description, as editors show it to who writes a case. What must hold within one part is refused here,
so that no `Case` breaks it, however it was made; what must hold between parts, and where an origin is missing, `_check`
says.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Discriminator, Field, Tag, model_validator

from sitewatch.case._parts import (
    Count,
    Day,
    Days,
    Flag,
    Key,
    Line,
    Number,
    Part,
    Probability,
    Ratio,
    Text,
    TwoLikelihoods,
    no_switch,
    refuse,
)

__all__ = [
    "FORMAT",
    "OBSERVABLES",
    "Activity",
    "ActivityIn",
    "Archived",
    "CalendarEntry",
    "CalendarKind",
    "Case",
    "Claim",
    "Effect",
    "ForecastPlan",
    "GrowthOf",
    "Hypothesis",
    "Indicator",
    "MadeClaim",
    "Observable",
    "StandingStructure",
    "is_tag",
]

FORMAT = 1
"""Version of the file format that this release writes; later ones are refused."""


class Activity(Part):
    """How the activity that a hypothesis is about comes and goes: episodes and gaps of exponential length."""

    on_days: Days
    """Mean length of an episode, days."""
    off_days: Days
    """Mean length of a gap between two, days."""
    why: Text | None = None
    """What the lengths rest on."""
    source: tuple[Key, ...] = ()
    """Claims that they rest on."""


class Hypothesis(Part):
    """One of the explanations, which exclude each other and together leave nothing out."""

    title: Line
    """In words, as a clause: "launch vehicles are made or modified"."""
    prior: Number = Field(gt=0, lt=1)
    """Its probability before any of this case's evidence; those of all hypotheses add up to 1."""
    why: Text | None = None
    """What the prior rests on."""
    source: tuple[Key, ...] = ()
    """Claims that the prior rests on: they are not evidence any more."""
    benign: Flag = False
    """True: an everyday explanation. A case has at least one."""
    activity: Activity
    """How its activity comes and goes."""


class StandingStructure(Part):
    """A structure stands."""

    structure: Line
    """Its name or id."""


class ActivityIn(Part):
    """Something stands or lies, of whatever kind, in a sub-area of the site."""

    activity: Line
    """Name of the sub-area."""


class GrowthOf(Part):
    """The built-up footprint has grown since the first look of the period that is judged."""

    growth: Line
    """Name of a sub-area, or "site" for the whole outline."""
    at_least_m2: Number = Field(gt=0)
    """By so many square metres."""


class MadeClaim(Part):
    """Somebody has said something: a claim of this case is made public."""

    claim: Key
    """The claim."""


OBSERVABLES: dict[str, type[BaseModel]] = {
    "structure": StandingStructure,
    "activity": ActivityIn,
    "growth": GrowthOf,
    "claim": MadeClaim,
}
"""By the field that names what is observed."""
_TAGS = "~"
"""Begins the tags of union branches, which stand among the fields in what pydantic says."""


def is_tag(step: str | int) -> bool:
    """True: a step of a place told by pydantic names a branch of a union and no field."""
    return isinstance(step, str) and step in {_TAGS + name for name in (*OBSERVABLES, "one", "two")}


def _which_observable(value: Any) -> str | None:
    """The tag of a branch, so that a fault speaks of that branch and not of all four."""
    if isinstance(value, dict):
        return next((_TAGS + name for name in OBSERVABLES if name in value), None)
    return next((_TAGS + name for name, kind in OBSERVABLES.items() if isinstance(value, kind)), None)


def _which_likelihood(value: Any) -> str:
    two = isinstance(value, TwoLikelihoods) or (isinstance(value, dict) and bool({"active", "idle"} & value.keys()))
    return _TAGS + ("two" if two else "one")


Observable = Annotated[
    Annotated[StandingStructure, Tag("~structure")]
    | Annotated[ActivityIn, Tag("~activity")]
    | Annotated[GrowthOf, Tag("~growth")]
    | Annotated[MadeClaim, Tag("~claim")],
    Discriminator(_which_observable),
]
"""What an indicator is bound to. The first two come and go with activity and take `active` and `idle` likelihoods; the
others are seen once, and take one."""

Likelihood = Annotated[
    Annotated[Probability, Tag("~one")] | Annotated[TwoLikelihoods, Tag("~two")], Discriminator(_which_likelihood)
]


class Indicator(Part):
    """Something that can be observed, and how likely it is under each hypothesis."""

    title: Line
    """In words, as a clause: "the shelter in the test yard stands"."""
    observable: Observable
    """What it is bound to."""
    seen: Number = Field(default=0.8, gt=0, lt=1)
    """P(a look at the whole site in clear weather shows it | it is there). A look that is clear to a share c of the
    site has c times that. Of what comes and goes only."""
    likelihoods: dict[Key, Likelihood]
    """By hypothesis, every one of them: P(it shows | the hypothesis)."""


class CalendarKind(StrEnum):
    """Why a day stands in a calendar."""

    DEADLINE = "deadline"
    ANNIVERSARY = "anniversary"
    EXERCISE = "exercise"
    OTHER = "other"


class CalendarEntry(Part):
    """Days that matter for reasons which no look shows."""

    title: Line
    """In words."""
    kind: CalendarKind
    """Why it stands here."""
    first: Day = Field(alias="from")
    """First day, UTC."""
    last: Day = Field(alias="to")
    """Last day; not before the first."""
    yearly: Flag = False
    """True: the same days of every year."""
    ratio: Ratio
    """On these days, against others."""
    source: tuple[Key, ...] = ()
    """Claims that tell of it; an entry counts from the day after the first of them was published."""

    @model_validator(mode="after")
    def _in_order(self) -> CalendarEntry:
        if self.last < self.first:
            raise refuse("to", f"{self.last}, before from ({self.first})", "exchange them")
        if self.yearly and (self.last - self.first).days > 365:
            raise refuse("to", f"more than a year from {self.first}", "give the days of one year")
        if self.ratio.record and not self.yearly:
            raise refuse(
                "ratio.record",
                "an entry that is not yearly",
                "add `yearly: true`, or state or count the ratio: one span is in no earlier record",
            )
        return self


class Archived(Part):
    """A copy of what was published, so that it can still be checked when the page is gone."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Of the copy's bytes."""
    copy_at: Line | None = Field(default=None, alias="at")
    """Where the copy lies: a file beside the case, or an address."""


class Claim(Part):
    """Who said what, where and when."""

    who: Line
    """Who says it: a person or an office."""
    what: Text
    """What is said, in the analyst's own words."""
    outlet: Line | None = None
    """Where it was published."""
    said: Day | None = None
    """Day on which it was said; not after `published`."""
    published: Day
    """Day on which it could first be read: before it, nobody can have known it."""
    quote: Annotated[Text, Field(max_length=300)] | None = None
    """The words themselves, short."""
    link: Annotated[str, Field(pattern=r"^https?://\S+$", max_length=2000)] | None = None
    """Address of the publication. A claim has a link or a reference."""
    reference: Line | None = None
    """Where it is found, where there is no link: author, title, page."""
    archived: Archived | None = None
    """The copy that was kept."""
    reliability: Literal["A", "B", "C", "D", "E", "F"] = "F"
    """Of the source, by its record: A completely reliable to E unreliable, F cannot be judged."""
    credibility: Annotated[Literal[1, 2, 3, 4, 5, 6], BeforeValidator(no_switch)] = 6
    """Of what it says, by what else is known: 1 confirmed to 5 improbable, 6 cannot be judged. It is shown and does not
    enter: what else is known is the rest of the evidence, and would be counted twice."""
    repeats: Key | None = None
    """The claim that this one passes on. It then adds nothing: a claim and all that repeat it count once."""
    supports: tuple[Key, ...] = ()
    """Hypotheses in whose favour it speaks, for the reader."""
    contradicts: tuple[Key, ...] = ()
    """Hypotheses against which it speaks, for the reader."""

    @model_validator(mode="after")
    def _in_order(self) -> Claim:
        if self.said is not None and self.said > self.published:
            raise refuse(
                "said", f"{self.said}, after published ({self.published})", "what was read had been said: mend one"
            )
        if self.link is None and self.reference is None:
            raise refuse("", "neither link nor reference", "add `link:`, or `reference:` with author, title and page")
        return self


class Effect(Part):
    """What the rate of the forecast event is multiplied by while a hypothesis is true and its activity goes on."""

    hypothesis: Key
    """The hypothesis."""
    ratio: Ratio
    """While its activity goes on, against while nothing goes on."""


class ForecastPlan(Part):
    """What is forecast from this case."""

    event: Line
    """Title of the recorded events, as `sitewatch event list` shows it."""
    windows: tuple[Annotated[Count, Field(ge=1, le=3660)], ...] = (7, 14, 30, 90)
    """Lengths of the windows, days."""
    effects: tuple[Effect, ...] = ()
    """Of activity. Hypotheses without one leave the rate as it is."""


class Case(Part):
    """What is asked of one site, what could explain it, and what would tell the explanations apart."""

    sitewatch_case: Annotated[Literal[1], BeforeValidator(no_switch)]
    """Version of the format."""
    title: Line
    """Of the case, in a few words."""
    question: Line
    """What is asked, as a question."""
    site: Line
    """Id of the site."""
    since: Day
    """First day of the period that is judged. What came before belongs into priors and counted likelihoods, and is not
    counted again."""
    hypotheses: dict[Key, Hypothesis] = Field(min_length=2)
    """The explanations, by key. They exclude each other and together leave nothing out."""
    indicators: dict[Key, Indicator] = Field(default_factory=dict)
    """What would tell them apart, by key."""
    calendar: dict[Key, CalendarEntry] = Field(default_factory=dict)
    """Days that matter for reasons which no look shows, by key."""
    claims: dict[Key, Claim] = Field(default_factory=dict)
    """What others have said, by key."""
    forecast: ForecastPlan | None = None
    """What is forecast from this case."""
    notes: Text | None = None
    """For the reader; nothing is computed from it."""
