"""What a case makes of the base rate: times what is going on, times the calendar.

The record alone gives a chance for each day, given that nothing has come before it in the window. As a rate,

    rate of a day = base rate of it x activity x calendar

so that P(at least one in the window) is one less the exponential of minus the sum of the rates. *Activity* is what the
rate is multiplied by on average over the hypotheses: by an effect's ratio while its activity goes on, else by 1. How
probable it is that activity goes on fades from today's figure to the usual share, as the lengths of episodes say. The
base rate was fitted to days with activity and without, so that the factor is set against its mean before any evidence.
*Calendar* is the product of the ratios of all entries that hold the day; a yearly one is set against its mean over the
year, for the same reason.

The number from the record alone stays beside it.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sitewatch.case import CalendarEntry, Case, Effect, Hypothesis, Ratio
from sitewatch.forecast._issue import BaseRateForecast
from sitewatch.forecast._record import EventRecord

__all__ = ["CaseForecast", "CaseWindow", "Factor", "GoingOn", "case_forecast_document", "forecast_case"]

_PRIOR_EVENTS = 2.0
"""A counted ratio begins at 1, with the weight of so many events: what few events tell is drawn towards it."""
_LEAST, _MOST = 0.001, 0.999
"""Nothing is certain."""

_Days = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class GoingOn:
    """What a judgement says of one hypothesis at the time of issue."""

    probability: float
    """That it is true, 0-1."""
    active: float
    """P(it is true, and an episode of its activity goes on), at most `probability`."""


@dataclass(frozen=True, kw_only=True)
class Factor:
    """One thing that the base rate is multiplied by."""

    name: str
    """Key of the calendar entry, or "activity"."""
    title: str
    origin: str
    """Where the ratio is from, in words."""
    ratio: float
    """On the days that it holds; of activity: the mean over the longest window."""
    days: int
    """How many days of the longest window it holds."""
    held: tuple[int, ...]
    """These days, counted from 0, the day of issue."""


@dataclass(frozen=True, kw_only=True)
class CaseWindow:
    """The chance of at least one event in a window that begins on the day of issue."""

    days: int
    probability: float
    """With what the case knows, .001 to .999."""
    base: float
    """From the record of events alone, 0-1."""


@dataclass(frozen=True, kw_only=True)
class CaseForecast:
    """What a case makes of the base rate on one day."""

    event: str
    issued: dt.date
    """Known are the events before its 00:00 UTC; the windows begin with it."""
    windows: tuple[CaseWindow, ...]
    """The shortest first."""
    first_days: tuple[float, ...]
    """(day,) P(the first event from `issued` on is on that day), over the longest window."""
    base_days: tuple[float, ...]
    """(day,) the same from the record alone."""
    factors: tuple[Factor, ...]
    left_out: tuple[str, ...]
    """What of the calendar and of the effects does not enter, and why, in sentences."""
    record: EventRecord
    """What was known of the record."""


def forecast_case(
    case: Case, base: BaseRateForecast, record: EventRecord, *, going_on: Mapping[str, GoingOn] | None = None
) -> CaseForecast:
    """The chances of a case's windows, on the day on which the base rate was issued.

    Args:
        case: with a forecast plan.
        base: what the record alone gives, for at least the longest of the plan's windows.
        record: the record, for ratios that are counted in it; only what is known on the day of issue is used.
        going_on: by hypothesis, what is judged at that time; None: nothing is, and activity is left out.

    Raises:
        ValueError: the case has no plan, or the base rate does not reach as far.
    """
    plan = case.forecast
    if plan is None:
        raise ValueError("the case plans no forecast")
    longest = max(plan.windows)
    if longest > len(base.chances):
        raise ValueError(f"the base rate reaches {len(base.chances)} days, and the longest window {longest}")
    known = record.known(base.issued)
    days = [base.issued + dt.timedelta(days=n) for n in range(longest)]
    factors: list[Factor] = []
    left_out: list[str] = []
    product = np.ones(longest)
    effects = []
    for effect in plan.effects if going_on is not None else ():
        reason = _unfounded(case, effect.ratio, base.issued)
        if reason is None:
            effects.append(effect)
        else:
            left_out.append(f"activity: {case.hypotheses[effect.hypothesis].title}: {reason}.")
    if going_on is not None and effects:
        activity = _activity(case, effects, going_on, longest)
        factors.append(_activity_factor(case, effects, activity))
        product *= activity
    for key, entry in sorted(case.calendar.items()):
        reason = _unknown(case, entry, base.issued)
        held = np.array([_holds(entry, day) for day in days])
        if reason is not None:
            left_out.append(f"{entry.title}: {reason}.")
        if reason is not None or not (held.any() or entry.yearly):
            continue
        ratio = _value(entry.ratio, entry, known)
        # Other days of the year are below its mean, whether or not a window reaches the entry.
        usual = 1 + _yearly_share(entry) * (ratio - 1)
        product *= np.where(held, ratio, 1.0) / usual
        if not held.any():
            continue
        origin = _origin(entry.ratio)
        held_days = tuple(np.flatnonzero(held).tolist())
        factors.append(
            Factor(name=key, title=entry.title, origin=origin, ratio=ratio, days=len(held_days), held=held_days)
        )
    survival = np.concatenate([[1.0], 1 - base.chances[:longest]])
    rates = np.log(survival[:-1] / survival[1:]) * product
    chances = np.clip(1 - np.exp(-np.cumsum(rates)), 0.0, _MOST)
    return CaseForecast(
        event=plan.event,
        issued=base.issued,
        windows=tuple(
            CaseWindow(days=n, probability=float(np.clip(chances[n - 1], _LEAST, _MOST)), base=base.chance(n))
            for n in sorted(set(plan.windows))
        ),
        first_days=tuple(np.diff(chances, prepend=0.0).tolist()),
        base_days=tuple(base.first_days()[:longest].tolist()),
        factors=tuple(factors),
        left_out=tuple(left_out),
        record=known,
    )


def _activity(case: Case, effects: Sequence[Effect], going_on: Mapping[str, GoingOn], length: int) -> _Days:
    """(day,) what the rate is multiplied by on average over the hypotheses, against its mean before any evidence."""
    ratios = {effect.hypothesis: _value(effect.ratio, None, None) for effect in effects}
    ahead = np.arange(length) + 0.5
    usual, told = 1.0, np.ones(length)
    for key, hypothesis in case.hypotheses.items():
        more = ratios.get(key, 1.0) - 1.0
        share = _share_active(hypothesis)
        usual += hypothesis.prior * share * more
        now = going_on[key]
        fading = np.exp(-ahead * (1 / hypothesis.activity.on_days + 1 / hypothesis.activity.off_days))
        told += more * (now.probability * share + (now.active - now.probability * share) * fading)
    return told / usual


def _share_active(hypothesis: Hypothesis) -> float:
    activity = hypothesis.activity
    return activity.on_days / (activity.on_days + activity.off_days)


def _activity_factor(case: Case, effects: Sequence[Effect], activity: _Days) -> Factor:
    origins = sorted({_origin(effect.ratio) for effect in effects})
    titles = [case.hypotheses[effect.hypothesis].title for effect in effects]
    return Factor(
        name="activity",
        title=f"activity: {'; '.join(titles)}",
        origin=", ".join(origins),
        ratio=float(activity.mean()),
        days=len(activity),
        held=tuple(range(len(activity))),
    )


def _value(ratio: Ratio, entry: CalendarEntry | None, known: EventRecord | None) -> float:
    if ratio.stated is not None:
        return ratio.stated
    if ratio.counted is not None:
        c = ratio.counted
        return _counted(c.events_with, c.days_with, c.events_without, c.days_without)
    assert entry is not None
    assert known is not None
    # What the record tells of the same days of the years before.
    days = [known.began + dt.timedelta(days=n) for n in range((known.until - known.began).days + 1)]
    held = np.array([_holds(entry, day) for day in days], dtype=bool)
    events = set(known.days)
    came = np.array([day in events for day in days], dtype=bool)
    return _counted(int((came & held).sum()), int(held.sum()), int((came & ~held).sum()), int((~held).sum()))


def _counted(events_with: int, days_with: int, events_without: int, days_without: int) -> float:
    """Ratio of two rates, drawn towards 1: the mean of a gamma posterior.

    Its prior has mean 1 and the weight of `_PRIOR_EVENTS` expected events.
    """
    expected = days_with * events_without / days_without if days_without else 0.0
    return (events_with + _PRIOR_EVENTS) / (expected + _PRIOR_EVENTS)


def _holds(entry: CalendarEntry, day: dt.date) -> bool:
    """True where an entry holds a day."""
    if not entry.yearly:
        return entry.first <= day <= entry.last
    first, last = _month_day(entry.first), _month_day(entry.last)
    told = _month_day(day)
    if entry.first.year == entry.last.year:
        return first <= told <= last
    return told >= first or told <= last


def _month_day(day: dt.date) -> tuple[int, int]:
    return day.month, day.day


def _yearly_share(entry: CalendarEntry) -> float:
    """Share of all days that a yearly entry holds; of a single one 0: the record has not seen it yet."""
    return ((entry.last - entry.first).days + 1) / 365.2425 if entry.yearly else 0.0


def _unknown(case: Case, entry: CalendarEntry, issued: dt.date) -> str | None:
    """Why an entry does not enter; None: it was known before the day of issue, and so was what its ratio rests on."""
    if entry.source and (told := min(case.claims[key].published for key in entry.source)) >= issued:
        return f"it was first told of on {_spoken(told)}, not before the day of issue"
    return _unfounded(case, entry.ratio, issued)


def _unfounded(case: Case, ratio: Ratio, issued: dt.date) -> str | None:
    """Why nobody could have stated a ratio yet; None: all that it rests on had been published before the day."""
    told = max((case.claims[key].published for key in ratio.source), default=None)
    if told is None or told < issued:
        return None
    return f"its ratio rests on what was published on {_spoken(told)}, not before the day of issue"


def _spoken(day: dt.date) -> str:
    return f"{day.day} {calendar.month_name[day.month]} {day.year}"


def _origin(ratio: Ratio) -> str:
    if ratio.stated is not None:
        return f"stated by {ratio.by}" if ratio.by else "stated"
    return "counted by hand" if ratio.counted is not None else "counted in the record"


def case_forecast_document(found: CaseForecast) -> dict[str, object]:
    """The same for JSON."""
    return {
        "event": found.event,
        "issued": found.issued.isoformat(),
        "windows": [
            {
                "days": one.days,
                "last": (found.issued + dt.timedelta(days=one.days - 1)).isoformat(),
                "probability": round(one.probability, 4),
                "base": round(one.base, 4),
            }
            for one in found.windows
        ],
        "days": [
            {
                "day": (found.issued + dt.timedelta(days=n)).isoformat(),
                "first": round(told, 5),
                "base": round(base, 5),
            }
            for n, (told, base) in enumerate(zip(found.first_days, found.base_days, strict=True))
        ],
        "factors": [
            {
                "name": one.name,
                "title": one.title,
                "origin": one.origin,
                "ratio": round(one.ratio, 4),
                "days": one.days,
            }
            for one in found.factors
        ],
        "left_out": list(found.left_out),
        "record": {
            "events": len(found.record.days),
            "began": found.record.began.isoformat(),
            "until": found.record.until.isoformat(),
            "skipped": found.record.skipped,
        },
    }
