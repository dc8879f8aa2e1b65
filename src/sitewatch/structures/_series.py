"""The series of a structure's presences: how long it stands, how long it stays away, and how sure that is.

Every spell and every gap has a shortest and a longest length, from the brackets at its ends. What is cut off by the end
of the record is *censored*: it lasted at least as long as was observed. Lengths become a survival function by the
product-limit estimator (Kaplan and Meier 1958, doi:10.1080/01621459.1958.10501452) as `scipy.stats.ecdf` has it, with
the log-log ("exponential Greenwood") interval of the same library, and a median with the interval that reads off that
one (Brookmeyer and Crowley 1982, doi:10.2307/2530286). As long as none has ended that formula gives nothing; there the
interval is the exact binomial one for no end among as many as are at risk (Clopper and Pearson 1934,
doi:10.1093/biomet/26.4.404): n lengths that all last longer than a day leave the share open down to (alpha / 2)^(1/n).

Brackets make each length a range. The band is the lowest and the highest estimate, on each day, that any lengths within
their ranges give: exactly, so that the estimate made of the true lengths lies in it. (All at their shortest and all at
their longest would not do: an end that moves past a censored length leaves fewer at risk.) What stood before the first
look is censored at what was seen of it. Measurements and limits are in docs/science/life-histories.md.
"""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.stats import CensoredData, ecdf

from sitewatch.structures._structure import Bracket, Presence, Structure

__all__ = [
    "LEAST_ENDED",
    "LEVEL",
    "Absence",
    "Length",
    "MonthOfStanding",
    "Recurrence",
    "Series",
    "Spell",
    "recurrence",
    "series_of",
]

LEVEL = 0.8
"""Of all intervals that are given."""
LEAST_ENDED = 3
"""Ends that must have been seen before a median gets an interval: the shortest of n lengths lies below the median with
probability 1 - 2^-n, which is less than `LEVEL` for one or two."""

_DAY_S = 86_400.0


@dataclass(frozen=True, kw_only=True)
class Length:
    """A time span of which the ends are known to within brackets; days."""

    shortest: float
    """0 or more; of a censored one, what was observed at least."""
    longest: float
    """Of a censored one, what was observed at most: it lasted longer than that."""
    censored: bool = False
    """True: an end of it was not observed."""

    def __post_init__(self) -> None:
        if not 0 <= self.shortest <= self.longest:
            raise ValueError(f"a length must be 0 <= shortest <= longest, got {self.shortest} and {self.longest}")


@dataclass(frozen=True, kw_only=True)
class Spell:
    """One spell of standing."""

    erected: Bracket | None
    dismantled: Bracket | None
    length: Length
    probability: float
    """0-1, of the presence."""
    left_cut: bool
    """True: it stood before the first look."""
    right_cut: bool
    """True: it stands at the last look."""


@dataclass(frozen=True, kw_only=True)
class Absence:
    """The time between two spells, or since the last one."""

    length: Length
    since: dt.datetime
    """Last look before it on which the thing stood, UTC."""
    until: dt.datetime
    """First look after it on which it stood again, UTC; where it has not come again, the last look."""


@dataclass(frozen=True, kw_only=True)
class MonthOfStanding:
    """How often a structure stood in one month of the year."""

    month: int
    """1-12."""
    stood: int
    """In so many years it stood in that month, on any day of it."""
    maybe: int
    """In so many more it may have: the month lies within a bracket."""
    of: int
    """Years of which the record has any of that month."""


@dataclass(frozen=True, kw_only=True)
class Recurrence:
    """Lengths as a survival function: the share that lasts longer than so many days."""

    number: int
    """Lengths that there are."""
    censored: int
    """Of these, how many are."""
    days: tuple[float, ...]
    """Where the functions step, rising, from 0; empty where there is no length."""
    low: tuple[float, ...]
    """Share, 0-1, that lasts longer than `days`, from there to the next step: least that the brackets allow."""
    high: tuple[float, ...]
    """Most that they allow."""
    interval_low: tuple[float, ...]
    """Confidence interval at `LEVEL` of both together: before the first end the exact binomial one; 0 and 1 where
    nothing is at risk any more."""
    interval_high: tuple[float, ...]
    median: tuple[float | None, float | None]
    """Days that half of them last longer than: by the brackets at least and at most. None: not defined, as fewer than
    half were seen to end."""
    median_interval: tuple[float | None, float | None]
    """Confidence interval of the median at `LEVEL`; None: open on that side. Both None where fewer than `LEAST_ENDED`
    were seen to end."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """The life of one structure as a series."""

    structure: str
    """Id."""
    first: dt.datetime
    """First look, UTC."""
    last: dt.datetime
    """Last look, UTC."""
    spells: tuple[Spell, ...]
    absences: tuple[Absence, ...]
    """Between the spells and, where it does not stand now, since the last one; in time order."""
    season: tuple[MonthOfStanding, ...]
    """January to December."""
    standing: Recurrence
    """How long it stands."""
    away: Recurrence
    """How long it is away before it comes again. What came before the first spell is no gap: it may have been new."""

    @property
    def since_last(self) -> Absence | None:
        """The gap since it was last taken down, so far; None: it stands."""
        return self.absences[-1] if self.absences and self.absences[-1].length.censored else None


def series_of(structure: Structure, *, first: dt.datetime, last: dt.datetime) -> Series:
    """Read a structure's presences as a series.

    Args:
        structure: what is told of it.
        first: capture of the first used look at the site, UTC.
        last: capture of the last, UTC; not before `first`.

    Raises:
        ValueError: `last` lies before `first`.
    """
    if last < first:
        raise ValueError(f"a record must end no earlier than it begins, got {first} to {last}")
    presences = structure.presences
    spells = tuple(_spell(presence, first=first, last=last) for presence in presences)
    absences = [a for one, other in pairwise(presences) if (a := _between(one, other)) is not None]
    if presences and (down := presences[-1].dismantled) is not None:
        shortest, longest = _days(down.by, last), _days(down.after, last)
        absences.append(
            Absence(length=Length(shortest=shortest, longest=longest, censored=True), since=down.after, until=last)
        )
    return Series(
        structure=structure.id,
        first=first,
        last=last,
        spells=spells,
        absences=tuple(absences),
        season=_season(presences, first=first, last=last),
        standing=recurrence([spell.length for spell in spells]),
        away=recurrence([absence.length for absence in absences]),
    )


def recurrence(lengths: Sequence[Length]) -> Recurrence:
    """The survival function of lengths, with the band that their brackets leave and a confidence interval.

    Args:
        lengths: any number, none included; days.
    """
    if not lengths:
        none = (None, None)
        return Recurrence(
            number=0, censored=0, days=(), low=(), high=(), interval_low=(), interval_high=(), median=none,
            median_interval=none,
        )  # fmt: skip
    days = np.unique([0.0, *(end for length in lengths for end in (length.shortest, length.longest))])
    # A step holds from its day to the next one; what is censored on that day is at risk on it, and after it no more.
    inside = np.append((days[:-1] + days[1:]) / 2, days[-1] + 1.0)
    lowest = [_extreme(lengths, float(day), least=True) for day in inside]
    highest = [
        max(_extreme(lengths, float(day), least=False) for day in pair) for pair in zip(days, inside, strict=True)
    ]
    low, below = (np.array(values) for values in zip(*((one.share, one.low) for one in lowest), strict=True))
    high, above = (np.array(values) for values in zip(*((one.share, one.high) for one in highest), strict=True))
    high = np.maximum(high, low)  # one number, reached by other products, may differ in its last digit
    # Survival only falls, and so do its limits: each reaches from where the formula gives one to where it gives none.
    below = np.minimum(np.maximum.accumulate(below[::-1])[::-1], low)
    above = np.maximum(np.minimum.accumulate(above), high)
    enough = sum(not length.censored for length in lengths) >= LEAST_ENDED
    # A median lies where something can have ended: before that the interval rests on no end, only on their number.
    ends = low < 1.0
    return Recurrence(
        number=len(lengths),
        censored=sum(bool(length.censored) for length in lengths),
        days=_floats(days),
        low=_floats(low),
        high=_floats(high),
        interval_low=_floats(below),
        interval_high=_floats(above),
        median=(_first_at_half(days, low), _first_at_half(days, high)),
        median_interval=(
            (_first_at_half(days[ends], below[ends]), _first_at_half(days[ends], above[ends]))
            if enough
            else (None, None)
        ),
    )


@dataclass(frozen=True, order=True)
class _Share:
    """A product-limit estimate on one day, with its interval; 0 and 1 where there is none."""

    share: float
    high: float
    low: float


def _extreme(lengths: Sequence[Length], day: float, *, least: bool) -> _Share:
    """The lowest or highest estimate on a day that any lengths within their brackets give.

    After the k-th end, the estimate is the product of `1 - 1 / (n - k + 1 - c)` over the ends so far, c being how many
    were censored before each. So it is least when as many as can have ended by that day, as late as they can, and the
    censored ones have gone as early as they can; and largest the other way round.
    """
    never = 2 * max(length.longest for length in lengths) + day + 1.0
    ended, right = [], []
    for length in lengths:
        if length.censored:
            right.append(length.shortest if least else length.longest)
        elif least:
            ended.append(min(length.longest, day) if length.shortest <= day else never)
        else:
            ended.append(length.shortest if length.longest <= day else never)
    if all(end > day for end in ended):
        at_risk = len(ended) + sum(end >= day for end in right)
        return _Share(share=1.0, high=1.0, low=((1 - LEVEL) / 2) ** (1 / at_risk) if at_risk else 0.0)
    estimate = ecdf(CensoredData(uncensored=ended, right=right)).sf
    with warnings.catch_warnings():
        # Where everything has ended the formula has no answer: then the interval is open.
        warnings.simplefilter("ignore", RuntimeWarning)
        interval = estimate.confidence_interval(LEVEL, method="log-log")
    place = int(np.searchsorted(estimate.quantiles, day, side="right")) - 1
    return _Share(
        share=float(estimate.probabilities[place]),
        high=float(np.nan_to_num(interval.high.probabilities[place], nan=1.0)),
        low=float(np.nan_to_num(interval.low.probabilities[place], nan=0.0)),
    )


def _first_at_half(days: NDArray[np.float64], share: NDArray[np.float64]) -> float | None:
    """First day by which a share is a half or less; None: it stays above."""
    reached = np.flatnonzero(share <= 0.5 + 1e-12)
    return float(days[reached[0]]) if reached.size else None


def _floats(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _spell(presence: Presence, *, first: dt.datetime, last: dt.datetime) -> Spell:
    up, down = presence.erected, presence.dismantled
    latest_up, earliest_up = (first, first) if up is None else (up.by, up.after)
    earliest_down, latest_down = (last, last) if down is None else (down.after, down.by)
    return Spell(
        erected=up,
        dismantled=down,
        length=Length(
            shortest=_days(latest_up, earliest_down),
            longest=_days(earliest_up, latest_down),
            censored=up is None or down is None,
        ),
        probability=presence.probability,
        left_cut=up is None,
        right_cut=down is None,
    )


def _between(one: Presence, other: Presence) -> Absence | None:
    """The gap between two spells; None where the end of the one or the beginning of the other is not told."""
    down, up = one.dismantled, other.erected
    if down is None or up is None:
        return None
    length = Length(shortest=_days(down.by, up.after), longest=_days(down.after, up.by))
    return Absence(length=length, since=down.after, until=up.by)


def _season(presences: Sequence[Presence], *, first: dt.datetime, last: dt.datetime) -> tuple[MonthOfStanding, ...]:
    surely = [(p.erected.by if p.erected else first, p.dismantled.after if p.dismantled else last) for p in presences]
    perhaps = [(p.erected.after if p.erected else first, p.dismantled.by if p.dismantled else last) for p in presences]
    counts = {month: [0, 0, 0] for month in range(1, 13)}
    year, month = first.year, first.month
    while (year, month) <= (last.year, last.month):
        begin = dt.datetime(year, month, 1, tzinfo=dt.UTC)
        year, month = (year + month // 12, month % 12 + 1)
        end = dt.datetime(year, month, 1, tzinfo=dt.UTC)
        stood = any(a < end and b >= begin and a <= b for a, b in surely)
        maybe = not stood and any(a < end and b >= begin for a, b in perhaps)
        for place, counted in enumerate((stood, maybe, True)):
            counts[begin.month][place] += counted
    return tuple(MonthOfStanding(month=m, stood=s, maybe=y, of=n) for m, (s, y, n) in counts.items())


def _days(start: dt.datetime, end: dt.datetime) -> float:
    """Days from one moment to another; 0 where brackets overlap so that it is less."""
    return max(0.0, (end - start).total_seconds() / _DAY_S)
