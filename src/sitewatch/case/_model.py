"""A case: what is asked of one site, the explanations that compete for it, and what would tell them apart.

Everything that a judgement rests on and that no look can show stands in it, with its origin: priors, likelihoods, the
calendar, what others have said. It is written by an analyst, in YAML, and kept beside the store under version control;
`_file` reads it, these classes say what may stand in it.

Every field has a description, as editors show it to who writes a case.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "FORMAT",
    "Activity",
    "ActivityIn",
    "Archived",
    "CalendarEntry",
    "CalendarKind",
    "Case",
    "Claim",
    "Counted",
    "CountedRatio",
    "Effect",
    "ForecastPlan",
    "GrowthOf",
    "Hypothesis",
    "Indicator",
    "MadeClaim",
    "Observable",
    "Probability",
    "Ratio",
    "StandingStructure",
    "TwoLikelihoods",
]

FORMAT = 1
"""Version of the file format that this release writes; later ones are refused."""

Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
"""A short name: lower-case letters, digits and hyphens."""
Line = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$")]
Text = Annotated[str, Field(min_length=1, max_length=4000)]
Days = Annotated[float, Field(gt=0, le=36525)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, str_strip_whitespace=True)


class Counted(_Part):
    """A share that was counted: in `shown` of `of` earlier cases."""

    shown: int = Field(ge=0)
    """Cases in which it was so."""
    of: int = Field(ge=1)
    """All cases that were looked at, `shown` among them."""


class Probability(_Part):
    """A probability with its origin: counted, or stated by somebody. Exactly one of `counted` and `stated`."""

    counted: Counted | None = None
    """How often it was so. What follows is Beta(shown + 1/2, of - shown + 1/2), Jeffreys' prior."""
    stated: float | None = Field(default=None, ge=0, le=1)
    """What somebody holds it to be. 0 and 1 rule out what cannot be ruled out, and need a reason in `why`."""
    cases: float = Field(default=10.0, gt=0, le=10_000)
    """How much a stated one is worth, in counted cases: the fewer, the wider its band."""
    by: Line | None = None
    """Who states it."""
    why: Text | None = None
    """What it rests on."""
    source: tuple[Key, ...] = ()
    """Claims that it rests on."""


class TwoLikelihoods(_Part):
    """How likely the observable shows in one episode of activity, and in one gap between episodes."""

    active: Probability
    """In an episode of the activity that the hypothesis is about."""
    idle: Probability
    """In a gap between two."""


class Activity(_Part):
    """How the activity that a hypothesis is about comes and goes: episodes and gaps of exponential length."""

    on_days: Days
    """Mean length of an episode, days."""
    off_days: Days
    """Mean length of a gap between two, days."""
    why: Text | None = None
    """What the lengths rest on."""
    source: tuple[Key, ...] = ()
    """Claims that they rest on."""


class Hypothesis(_Part):
    """One of the explanations, which exclude each other and together leave nothing out."""

    title: Line
    """In words, as a clause: "launch vehicles are made or modified"."""
    prior: float = Field(gt=0, lt=1)
    """Its probability before any of this case's evidence; those of all hypotheses add up to 1."""
    why: Text | None = None
    """What the prior rests on."""
    source: tuple[Key, ...] = ()
    """Claims that the prior rests on: they are not evidence any more."""
    benign: bool = False
    """True: an everyday explanation. A case has at least one."""
    activity: Activity
    """How its activity comes and goes."""


class StandingStructure(_Part):
    """A structure stands."""

    structure: Line
    """Its name or id."""


class ActivityIn(_Part):
    """Something stands or lies, of whatever kind, in a sub-area of the site."""

    activity: Line
    """Name of the sub-area."""


class GrowthOf(_Part):
    """The built-up footprint has grown since the first look of the period that is judged."""

    growth: Line
    """Name of a sub-area, or "site" for the whole outline."""
    at_least_m2: float = Field(gt=0)
    """By so many square metres."""


class MadeClaim(_Part):
    """Somebody has said something: a claim of this case is made public."""

    claim: Key
    """The claim."""


Observable = StandingStructure | ActivityIn | GrowthOf | MadeClaim
"""What an indicator is bound to. The first two come and go with activity and take `active` and `idle` likelihoods; the
others are seen once, and take one."""


class Indicator(_Part):
    """Something that can be observed, and how likely it is under each hypothesis."""

    title: Line
    """In words, as a clause: "the shelter in the test yard stands"."""
    observable: Observable
    """What it is bound to."""
    seen: float = Field(default=0.8, gt=0, lt=1)
    """P(a look at the whole site in clear weather shows it | it is there). A look that is clear to a share c of the
    site has c times that. Of what comes and goes only."""
    likelihoods: dict[Key, Probability | TwoLikelihoods]
    """By hypothesis, every one of them: P(it shows | the hypothesis)."""


class CalendarKind(StrEnum):
    """Why a day stands in a calendar."""

    DEADLINE = "deadline"
    ANNIVERSARY = "anniversary"
    EXERCISE = "exercise"
    OTHER = "other"


class CountedRatio(_Part):
    """Events and days that were counted with something and without it."""

    events_with: int = Field(ge=0)
    days_with: int = Field(ge=1)
    events_without: int = Field(ge=0)
    days_without: int = Field(ge=1)


class Ratio(_Part):
    """By how much the rate of events is multiplied, with its origin. Exactly one of the three."""

    stated: float | None = Field(default=None, gt=0, le=1000)
    """What somebody holds it to be; 1: nothing changes."""
    counted: CountedRatio | None = None
    """Counted by hand."""
    record: Literal[True] | None = None
    """True: counted in the record of events at the time of the forecast, in earlier years. Of yearly entries only."""
    by: Line | None = None
    """Who states it."""
    why: Text | None = None
    """What it rests on."""
    source: tuple[Key, ...] = ()
    """Claims that it rests on."""


class CalendarEntry(_Part):
    """Days that matter for reasons which no look shows."""

    title: Line
    kind: CalendarKind
    first: dt.date = Field(alias="from")
    """First day, UTC."""
    last: dt.date = Field(alias="to")
    """Last day; not before the first."""
    yearly: bool = False
    """True: the same days of every year."""
    ratio: Ratio
    """On these days, against others."""
    source: tuple[Key, ...] = ()
    """Claims that tell of it; an entry counts from the day on which the first of them was published."""


class Archived(_Part):
    """A copy of what was published, so that it can still be checked when the page is gone."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Of the copy's bytes."""
    copy_at: Line | None = Field(default=None, alias="at")
    """Where the copy lies: a file beside the case, or an address."""


class Claim(_Part):
    """Who said what, where and when."""

    who: Line
    """Who says it: a person or an office."""
    what: Text
    """What is said, in the analyst's own words."""
    outlet: Line | None = None
    """Where it was published."""
    said: dt.date | None = None
    """Day on which it was said; not after `published`."""
    published: dt.date
    """Day on which it could first be read: before it, nobody can have known it."""
    quote: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    """The words themselves, short."""
    link: Annotated[str, Field(pattern=r"^https?://\S+$", max_length=2000)] | None = None
    """Address of the publication. A claim has a link or a reference."""
    reference: Line | None = None
    """Where it is found, where there is no link: author, title, page."""
    archived: Archived | None = None
    reliability: Literal["A", "B", "C", "D", "E", "F"] = "F"
    """Of the source, by its record: A completely reliable to E unreliable, F cannot be judged."""
    credibility: Literal[1, 2, 3, 4, 5, 6] = 6
    """Of what it says, by what else is known: 1 confirmed to 5 improbable, 6 cannot be judged. It is shown and does not
    enter: what else is known is the rest of the evidence, and would be counted twice."""
    repeats: Key | None = None
    """The claim that this one passes on. It then adds nothing: a claim and all that repeat it count once."""
    supports: tuple[Key, ...] = ()
    """Hypotheses in whose favour it speaks, for the reader."""
    contradicts: tuple[Key, ...] = ()
    """Hypotheses against which it speaks, for the reader."""


class Effect(_Part):
    """What the rate of the forecast event is multiplied by while a hypothesis is true and its activity goes on."""

    hypothesis: Key
    ratio: Ratio


class ForecastPlan(_Part):
    """What is forecast from this case."""

    event: Line
    """Title of the recorded events, as `sitewatch event list` shows it."""
    windows: tuple[Annotated[int, Field(ge=1, le=3660)], ...] = (7, 14, 30, 90)
    """Lengths of the windows, days."""
    effects: tuple[Effect, ...] = ()
    """Of activity. Hypotheses without one leave the rate as it is."""


class Case(_Part):
    """What is asked of one site, what could explain it, and what would tell the explanations apart."""

    sitewatch_case: Literal[1]
    """Version of the format."""
    title: Line
    question: Line
    """What is asked, as a question."""
    site: Line
    """Id of the site."""
    since: dt.date
    """First day of the period that is judged. What came before belongs into priors and counted likelihoods, and is not
    counted again."""
    hypotheses: dict[Key, Hypothesis] = Field(min_length=2)
    indicators: dict[Key, Indicator] = Field(default_factory=dict)
    calendar: dict[Key, CalendarEntry] = Field(default_factory=dict)
    claims: dict[Key, Claim] = Field(default_factory=dict)
    forecast: ForecastPlan | None = None
    notes: Text | None = None
