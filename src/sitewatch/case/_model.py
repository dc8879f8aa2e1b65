"""A case: what is asked of one site, the explanations that compete for it, and what would tell them apart.

Everything that a judgement rests on and that no look can show stands in it, with its origin: priors, likelihoods, the
calendar, what others have said. It is written by an analyst, in YAML, and kept beside the store under version control;
`_file` reads it, these classes say what may stand in it.

Every field has a description, as editors show it to who writes a case. What must hold within one part is refused here,
so that no `Case` breaks it, however it was made; what must hold between parts, and where an origin is missing, `_check`
says.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

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
    "is_tag",
]

FORMAT = 1
"""Version of the file format that this release writes; later ones are refused."""

_FIRST, _LAST = dt.date(1900, 1, 1), dt.date(2200, 12, 31)


def _refuse(at: str, found: str, do: str) -> PydanticCustomError:
    """What a validator raises: the field within its part, what was found and what to do, as `_file` reports them."""
    return PydanticCustomError("case", "found {found}; {do}", {"at": at, "found": found, "do": do})


def _day(value: Any) -> Any:
    """A day from its ISO 8601 text. Pydantic alone would take numbers too, as seconds since 1970."""
    day = value
    if isinstance(value, str):
        try:
            day = dt.datetime.strptime(value.strip(), "%Y-%m-%d").replace(tzinfo=dt.UTC).date()
        except ValueError:
            day = None
    if isinstance(day, dt.datetime) or not isinstance(day, dt.date) or not _FIRST <= day <= _LAST:
        raise _refuse("", repr(value)[:80], "write a day of 1900 to 2200 as 2019-12-07")
    return day


def _number(value: Any) -> Any:
    """Pydantic alone would take `true` for 1 in a list of allowed numbers."""
    if isinstance(value, bool):
        raise _refuse("", str(value).lower(), "write a number")
    return value


Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
"""A short name: lower-case letters, digits and hyphens."""
Line = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$")]
Text = Annotated[str, Field(min_length=1, max_length=4000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$")]
Day = Annotated[dt.date, BeforeValidator(_day)]
# Strict: a number in quotes, or `yes` for a number, is a slip of the pen. A float may be written as an integer.
Number = Annotated[float, Field(strict=True)]
Count = Annotated[int, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Days = Annotated[Number, Field(gt=0, le=36525)]


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, str_strip_whitespace=True, allow_inf_nan=False
    )


def _one_of(part: BaseModel, *names: str) -> None:
    """Refuse a part that has none or several of the named fields.

    Raises:
        PydanticCustomError: it has.
    """
    given = [name for name in names if getattr(part, name) is not None]
    if len(given) != 1:
        raise _refuse("", " and ".join(given) or f"none of {', '.join(names)}", f"give one of {', '.join(names)}")


class Counted(_Part):
    """A share that was counted: in `shown` of `of` earlier cases."""

    shown: Count = Field(ge=0)
    """Cases in which it was so."""
    of: Count = Field(ge=1)
    """All cases that were looked at, `shown` among them."""

    @model_validator(mode="after")
    def _in_order(self) -> Counted:
        if self.shown > self.of:
            raise _refuse("shown", f"{self.shown} of {self.of}", "count in `of` all cases, those with it among them")
        return self


def _says_one_of(*names: str) -> ConfigDict:
    return ConfigDict(json_schema_extra={"oneOf": [{"required": [name]} for name in names]})


class Probability(_Part):
    """A probability with its origin: counted, or stated by somebody. Exactly one of `counted` and `stated`."""

    model_config = _says_one_of("counted", "stated")

    counted: Counted | None = None
    """How often it was so. What follows is Beta(shown + 1/2, of - shown + 1/2), Jeffreys' prior."""
    stated: Number | None = Field(default=None, ge=0, le=1)
    """What somebody holds it to be. 0 and 1 rule out what cannot be ruled out, and need a reason in `why`."""
    cases: Number = Field(default=10.0, gt=0, le=10_000)
    """How much a stated one is worth, in counted cases: the fewer, the wider its band."""
    by: Line | None = None
    """Who states it."""
    why: Text | None = None
    """What it rests on."""
    source: tuple[Key, ...] = ()
    """Claims that it rests on."""

    @model_validator(mode="after")
    def _one_origin(self) -> Probability:
        _one_of(self, "counted", "stated")
        return self

    @property
    def beta(self) -> tuple[float, float] | None:
        """(a, b) of the Beta distribution that stands for it, both above 0; None where it is stated to be 0 or 1.

        Counted: Jeffreys' prior with the cases added. Stated: a distribution of that mean, worth `cases` cases.
        """
        if self.counted is not None:
            return self.counted.shown + 0.5, self.counted.of - self.counted.shown + 0.5
        assert self.stated is not None
        a, b = self.stated * self.cases, (1 - self.stated) * self.cases
        return (a, b) if a > 0 and b > 0 else None

    @property
    def mean(self) -> float:
        """Its mean, 0 to 1."""
        if self.counted is not None:
            return (self.counted.shown + 0.5) / (self.counted.of + 1)
        assert self.stated is not None
        return self.stated


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
    at_least_m2: Number = Field(gt=0)
    """By so many square metres."""


class MadeClaim(_Part):
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


class Indicator(_Part):
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


class CountedRatio(_Part):
    """Events and days that were counted with something and without it."""

    events_with: Count = Field(ge=0)
    """Events on the days with it."""
    days_with: Count = Field(ge=1)
    """Days with it."""
    events_without: Count = Field(ge=0)
    """Events on the days without it."""
    days_without: Count = Field(ge=1)
    """Days without it."""


class Ratio(_Part):
    """By how much the rate of events is multiplied, with its origin. Exactly one of the three."""

    model_config = _says_one_of("stated", "counted", "record")

    stated: Number | None = Field(default=None, gt=0, le=1000)
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

    @model_validator(mode="after")
    def _one_origin(self) -> Ratio:
        _one_of(self, "stated", "counted", "record")
        return self


class CalendarEntry(_Part):
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
    """Claims that tell of it; an entry counts from the day on which the first of them was published."""

    @model_validator(mode="after")
    def _in_order(self) -> CalendarEntry:
        if self.last < self.first:
            raise _refuse("to", f"{self.last}, before from ({self.first})", "exchange them")
        if self.yearly and (self.last - self.first).days > 365:
            raise _refuse("to", f"more than a year from {self.first}", "give the days of one year")
        if self.ratio.record and not self.yearly:
            raise _refuse(
                "ratio.record",
                "an entry that is not yearly",
                "add `yearly: true`, or state or count the ratio: one span is in no earlier record",
            )
        return self


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
    credibility: Annotated[Literal[1, 2, 3, 4, 5, 6], BeforeValidator(_number)] = 6
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
            raise _refuse(
                "said", f"{self.said}, after published ({self.published})", "what was read had been said: mend one"
            )
        if self.link is None and self.reference is None:
            raise _refuse("", "neither link nor reference", "add `link:`, or `reference:` with author, title and page")
        return self


class Effect(_Part):
    """What the rate of the forecast event is multiplied by while a hypothesis is true and its activity goes on."""

    hypothesis: Key
    """The hypothesis."""
    ratio: Ratio
    """While its activity goes on, against while nothing goes on."""


class ForecastPlan(_Part):
    """What is forecast from this case."""

    event: Line
    """Title of the recorded events, as `sitewatch event list` shows it."""
    windows: tuple[Annotated[Count, Field(ge=1, le=3660)], ...] = (7, 14, 30, 90)
    """Lengths of the windows, days."""
    effects: tuple[Effect, ...] = ()
    """Of activity. Hypotheses without one leave the rate as it is."""


class Case(_Part):
    """What is asked of one site, what could explain it, and what would tell the explanations apart."""

    sitewatch_case: Annotated[Literal[1], BeforeValidator(_number)]
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
