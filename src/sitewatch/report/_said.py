"""The ledger of claims and the calendar of a case, with what became of each in a judgement."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlsplit

from sitewatch.assessment import Assessment
from sitewatch.case import CalendarEntry, Case, Claim, MadeClaim, independent, uses
from sitewatch.report._anchors import Anchors, Ref
from sitewatch.report._exhibits import ratio_words

__all__ = ["DayRow", "Said", "day_rows", "said_in_groups"]


@dataclass(frozen=True, kw_only=True)
class Said:
    """A claim, and what became of it."""

    ref: Ref
    claim: Claim
    link: str | None
    """Its address, where that is one of the web; else None."""
    repeats: Ref | None
    counts: Ref | None
    """The item of evidence that it is; None: it is none."""
    why: str
    """Why it is evidence, or why not: a sentence."""
    named_by: tuple[tuple[str, Ref | None], ...]
    """What of the case rests on it: in words, and where that is."""
    supports: tuple[Ref, ...]
    contradicts: tuple[Ref, ...]


@dataclass(frozen=True, kw_only=True)
class DayRow:
    """An entry of the calendar on the day that is judged."""

    ref: Ref
    entry: CalendarEntry
    days: str
    when: str
    """Seen from the day that is judged."""
    ratio: str
    sources: tuple[Ref, ...]


def said_in_groups(case: Case, found: Assessment, anchors: Anchors) -> tuple[tuple[Said, ...], ...]:
    """The claims, those that repeat one another together, the first of them first."""
    roots, named = independent(case.claims), uses(case)
    rows = []
    for key, ref in anchors.claims.items():
        claim, resting = case.claims[key], [path for path in named[key] if _rests(path)]
        counts = None if key != roots[key] else _counts(found, key, anchors)
        late = claim.published > found.at.date()
        if key != roots[key]:
            label = anchors.claims[roots[key]].label
            why = f"Repeats {label} and adds nothing: a claim and all that repeat it count once."
            if late:
                why = f"Published after the day that is judged; and it repeats {label}, so that it would add nothing."
        elif late:
            why = "Published after the day that is judged: nobody could have known it."
        elif counts is not None:
            why = "Counts as evidence."
        else:
            why = _why_not(case, found, key, anchors, resting=bool(resting))
        rows.append(
            Said(
                ref=ref,
                claim=claim,
                link=_web(claim.link),
                repeats=anchors.claims.get(claim.repeats or ""),
                counts=counts,
                why=why,
                named_by=tuple(dict.fromkeys(_named(path, anchors) for path in resting)),
                supports=tuple(anchors.hypotheses[h] for h in claim.supports if h in anchors.hypotheses),
                contradicts=tuple(anchors.hypotheses[h] for h in claim.contradicts if h in anchors.hypotheses),
            )
        )
    keys = {ref: key for key, ref in anchors.claims.items()}
    return tuple(tuple(group) for _, group in groupby(rows, key=lambda row: roots[keys[row.ref]]))


def _web(link: str | None) -> str | None:
    """An address that a browser may follow; nothing else becomes a link."""
    try:
        parts = urlsplit(link or "")
    except ValueError:
        return None
    return link if parts.scheme in ("http", "https") and parts.netloc else None


def _counts(found: Assessment, root: str, anchors: Anchors) -> Ref | None:
    return next((anchors.indicators[item.key] for item in found.items if root in item.claims), None)


def _why_not(case: Case, found: Assessment, root: str, anchors: Anchors, *, resting: bool) -> str:
    """Why a claim that was known and repeats none is no evidence."""
    roots = independent(case.claims)
    for one in found.left_out:
        observable = case.indicators[one.key].observable
        if isinstance(observable, MadeClaim) and roots.get(observable.claim) == root:
            return f"Bound to {anchors.indicators[one.key].label}, and not counted. {one.why}"
    if resting:
        return "Not evidence itself: numbers of the case rest on it, and it would count twice."
    return "Shown, and enters no number: no indicator of the case is bound to it."


def _rests(path: tuple[str | int, ...]) -> bool:
    """True: a number of the case rests on it; else an indicator is bound to it."""
    return path[0] != "indicators" or "likelihoods" in path


def _named(path: tuple[str | int, ...], anchors: Anchors) -> tuple[str, Ref | None]:
    """A place of the case that names a claim."""
    what, key = str(path[0]), str(path[1])
    if what == "hypotheses":
        return ("episodes of" if "activity" in path else "prior of"), anchors.hypotheses.get(key)
    if what == "indicators":
        return "a likelihood of", anchors.indicators.get(key)
    if what == "calendar":
        return "calendar entry", anchors.calendar.get(key)
    return "the forecast", None


def day_rows(case: Case, found: Assessment, anchors: Anchors) -> Iterator[DayRow]:
    """The calendar, by first day."""
    today = found.at.date()
    for key, ref in anchors.calendar.items():
        entry = case.calendar[key]
        days = f"{entry.first} to {entry.last}"
        if entry.yearly:
            days = f"{entry.first:%m-%d} to {entry.last:%m-%d} of every year"
        told = [case.claims[name].published for name in entry.source if name in case.claims]
        when = _when(entry, today)
        if told and min(told) > today:
            when = f"Not known on the day that is judged: first told of on {min(told)}."
        sources = anchors.evidence((*entry.source, *entry.ratio.source))
        yield DayRow(ref=ref, entry=entry, days=days, when=when, ratio=ratio_words(entry.ratio), sources=sources)


def _when(entry: CalendarEntry, today: dt.date) -> str:
    spans = [(entry.first, entry.last)]
    if entry.yearly:
        spans = [_moved(entry, today.year + n - entry.first.year) for n in (-1, 0, 1)]
    if any(first <= today <= last for first, last in spans):
        return "Holds on the day that is judged."
    ahead = min((first - today for first, _ in spans if first > today), default=None)
    if ahead is None:
        return "Is over."
    return f"Begins {'a day' if ahead.days == 1 else f'{ahead.days} days'} after the day that is judged."


def _moved(entry: CalendarEntry, years: int) -> tuple[dt.date, dt.date]:
    first = _in_year(entry.first, entry.first.year + years)
    return first, first + (entry.last - entry.first)


def _in_year(day: dt.date, year: int) -> dt.date:
    """The same day of another year; of 29 February the day after where there is none."""
    try:
        return day.replace(year=year)
    except ValueError:
        return dt.date(year, 3, 1)
