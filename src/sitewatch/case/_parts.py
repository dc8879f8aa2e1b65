"""What a case is made of at the smallest: keys, days, numbers, and probabilities and ratios with their origin."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

__all__ = [
    "Count",
    "Counted",
    "CountedRatio",
    "Day",
    "Days",
    "Flag",
    "Key",
    "Line",
    "Number",
    "Part",
    "Probability",
    "Ratio",
    "Text",
    "TwoLikelihoods",
    "no_switch",
    "refuse",
]

_FIRST, _LAST = dt.date(1900, 1, 1), dt.date(2200, 12, 31)


def refuse(at: str, found: str, do: str) -> PydanticCustomError:
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
        raise refuse("", repr(value)[:80], "write a day of 1900 to 2200 as 2019-12-07")
    return day


def no_switch(value: Any) -> Any:
    """Pydantic alone would take `true` for 1 in a list of allowed numbers."""
    if isinstance(value, bool):
        raise refuse("", str(value).lower(), "write a number")
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


class Part(BaseModel):
    """What all parts of a case have in common: they stay as they are, and have no fields but their own."""

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
        raise refuse("", " and ".join(given) or f"none of {', '.join(names)}", f"give one of {', '.join(names)}")


class Counted(Part):
    """A share that was counted: in `shown` of `of` earlier cases."""

    shown: Count = Field(ge=0)
    """Cases in which it was so."""
    of: Count = Field(ge=1)
    """All cases that were looked at, `shown` among them."""

    @model_validator(mode="after")
    def _in_order(self) -> Counted:
        if self.shown > self.of:
            raise refuse("shown", f"{self.shown} of {self.of}", "count in `of` all cases, those with it among them")
        return self


def _says_one_of(*names: str) -> ConfigDict:
    return ConfigDict(json_schema_extra={"oneOf": [{"required": [name]} for name in names]})


class Probability(Part):
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


class TwoLikelihoods(Part):
    """How likely the observable shows in one episode of activity, and in one gap between episodes."""

    active: Probability
    """In an episode of the activity that the hypothesis is about."""
    idle: Probability
    """In a gap between two."""


class CountedRatio(Part):
    """Events and days that were counted with something and without it."""

    events_with: Count = Field(ge=0)
    """Events on the days with it."""
    days_with: Count = Field(ge=1)
    """Days with it."""
    events_without: Count = Field(ge=0)
    """Events on the days without it."""
    days_without: Count = Field(ge=1)
    """Days without it."""


class Ratio(Part):
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
