"""Forecasts as they were registered, and what became of them.

A forecast is written once and never changed: who wants to say something else registers another one. What became of it
is read off the recorded events, again whenever these change, each time as a new version. Warnings that expired and
events that did not come stay in the list like all others.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from sitewatch.errors import OptionError
from sitewatch.store import _schema as t
from sitewatch.store._entries import Row, enter, known_at, write_versions
from sitewatch.store._events import RecordedEvent, list_events, title_key
from sitewatch.store._sites import get_site

__all__ = [
    "CERTAIN",
    "Registered",
    "Registration",
    "Resolved",
    "list_forecasts",
    "register_forecasts",
    "resolve_forecasts",
]

CERTAIN = 0.001
"""Nothing is held less likely than this, or more than one less it: a score of certainty knows no mean."""
_PROMPT = dt.timedelta(days=1)
"""What is registered later than that after its issue looks back: its author could have known more."""
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Registered:
    """How likely somebody held at least one event in a window of days."""

    event: str
    """Title of the events that are asked about."""
    first: dt.date
    """First day of the window, UTC; not before the day of `issued`."""
    last: dt.date
    """Last day of it; not before `first`."""
    author: str
    """Who holds it so likely: an analyst, "sitewatch", or "aggregate"."""
    probability: float
    """Of at least one such event in the window, .001 to .999."""
    issued: dt.datetime
    """Moment up to which what was known counted, UTC."""
    base: float | None = None
    """What the record of events alone gives, 0-1; None: nobody asked it."""
    site: str = ""
    """Id of the site that it is about; empty: of none."""
    detail: Mapping[str, Any] = field(default_factory=dict)
    """What it rests on, as JSON."""

    registered: dt.datetime | None = field(default=None, compare=False)
    """When it was registered, UTC; None: it was not read from a store."""
    happened: bool | None = field(default=None, compare=False)
    """True: at least one such event came in the window; None: not resolved."""
    events: tuple[str, ...] = field(default=(), compare=False)
    """Keys of the events that came in the window."""

    @property
    def key(self) -> str:
        """That under which the store has it: one author says one thing of a question at a time."""
        told = f"{self.site}|{title_key(self.event)}|{self.first}|{self.last}|{self.author}|{self.issued.isoformat()}"
        return "f" + hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:16]

    @property
    def days(self) -> int:
        """Length of the window."""
        return (self.last - self.first).days + 1

    @property
    def looking_back(self) -> bool:
        """True: registered more than a day after its issue, when more could be known. It is scored apart."""
        return self.registered is not None and self.registered - self.issued > _PROMPT


@dataclass(frozen=True, kw_only=True)
class Registration:
    """What became of forecasts that were told."""

    added: tuple[str, ...]
    """Keys of those that are new."""
    known: tuple[str, ...]
    """Keys of those that were registered just so before."""


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """What a resolution found."""

    changed: tuple[str, ...]
    """Keys of forecasts whose outcome is new, another one, or not known any more."""
    resolved: int
    """How many are resolved in all, of those that were asked."""
    waiting: int
    """How many wait for days up to which the record is not held to be complete."""
    unclear: tuple[str, ...]
    """Keys of those that cannot be told: an event's days lie partly in the window."""


def register_forecasts(
    connection: sa.Connection, forecasts: Sequence[Registered], *, who: str, at: dt.datetime
) -> Registration:
    """Write forecasts down, for good.

    Args:
        connection: of a transaction that writes.
        forecasts: any number.
        who: who registers them.
        at: time, UTC; none is issued later.

    Raises:
        InputError: one is about a site that is not watched.
        OptionError: one cannot be: its window, its probability or its issue. Or its author has said something else of
            this question with the same time of issue.
    """
    added: list[str] = []
    known: list[str] = []
    for site in sorted({forecast.site for forecast in forecasts}):
        if site:
            get_site(connection, site)
        told = [forecast for forecast in forecasts if forecast.site == site]
        kept = {
            row.forecast: row.probability
            for row in connection.execute(
                sa.select(t.forecasts.c.forecast, t.forecasts.c.probability).where(
                    t.forecasts.c.site == site, t.forecasts.c.forecast.in_([forecast.key for forecast in told])
                )
            )
        }
        new: dict[str, Registered] = {}
        for forecast in told:
            _check(forecast, at)
            before = kept.get(forecast.key, new[forecast.key].probability if forecast.key in new else None)
            if before is not None and not math.isclose(before, forecast.probability, abs_tol=1e-9):
                raise OptionError(
                    f"{forecast.author} has registered {before:g} for {forecast.event!r} from {forecast.first} to "
                    f"{forecast.last}, issued {forecast.issued:%Y-%m-%d %H:%M} UTC, and a forecast is never changed; "
                    "issue another one, at a later time"
                )
            if before is None:
                new[forecast.key] = forecast
            else:
                known.append(forecast.key)
        if new:
            detail = {"forecasts": [{"forecast": key, "event": one.event} for key, one in new.items()]}
            moment = enter(connection, site=site, who=who, what="forecast", at=at, detail=detail)
            connection.execute(t.forecasts.insert(), [_row(one, moment) for one in new.values()])
            added += new
    return Registration(added=tuple(added), known=tuple(known))


def list_forecasts(
    connection: sa.Connection,
    *,
    site: str | None = None,
    event: str | None = None,
    at: dt.datetime | None = None,
) -> list[Registered]:
    """Forecasts by issue, then window, then author, with what became of each.

    Args:
        connection: that reads.
        site: those about this site; None: all.
        event: those about events of this title; None: all.
        at: as it was known at that moment, UTC; None: now.
    """
    c, r = t.forecasts.c, t.resolutions.c
    joined = t.forecasts.outerjoin(
        t.resolutions, (r.site == c.site) & (r.forecast == c.forecast) & known_at(t.resolutions, at)
    )
    query = sa.select(t.forecasts, r.happened, r.events).select_from(joined)
    if site is not None:
        query = query.where(c.site == site)
    if at is not None:
        query = query.where(c.at <= at)
    query = query.order_by(c.issued, c.last, c.first, t.bytewise(c.author), t.bytewise(c.site), c.forecast)
    found = [
        Registered(
            event=row.event,
            first=row.first.date(),
            last=row.last.date(),
            author=row.author,
            probability=row.probability,
            issued=row.issued,
            base=row.base,
            site=row.site,
            detail=row.detail,
            registered=row.at,
            happened=row.happened,
            events=tuple(row.events or ()),
        )
        for row in connection.execute(query)
    ]
    return found if event is None else [one for one in found if title_key(one.event) == title_key(event)]


def resolve_forecasts(
    connection: sa.Connection, *, complete: dt.date, who: str, at: dt.datetime, site: str | None = None
) -> Resolved:
    """Set forecasts beside the recorded events.

    A forecast has come true with the first event of its title whose days all lie in its window; it has not when the
    window is over, the record is held to be complete to its last day, and no event's days touch it.

    Args:
        connection: of a transaction that writes.
        complete: last day to which all events of these titles are recorded: where no event is, there was none.
        who: who says so.
        at: time, UTC.
        site: forecasts about this site; None: all.

    Raises:
        OptionError: the record cannot be complete to days that are to come.
    """
    if complete > at.date():
        raise OptionError(f"--complete-until {complete} is a day to come; give a day that is over")
    recorded = list_events(connection)
    events = [event for event in recorded if event.began.date() <= complete]
    changed: list[str] = []
    reopened: dict[str, list[str]] = {}
    unclear: list[str] = []
    waiting = resolved = 0
    rows: dict[str, list[Row]] = {}
    for forecast in list_forecasts(connection, site=site):
        about = [one for one in events if _about(one, forecast)]
        came = [one for one in about if _within(one, forecast)]
        if came:
            happened = True
        elif not about and forecast.last <= complete:
            happened = False
        else:
            if about:
                unclear.append(forecast.key)
            else:
                waiting += 1
            held = any(one.key in forecast.events and _within(one, forecast) for one in recorded)
            if (forecast.happened and not held) or (about and forecast.happened is False):
                # What it was told by is taken back or corrected: it is not known any more.
                changed.append(forecast.key)
                reopened.setdefault(forecast.site, []).append(forecast.key)
            continue
        resolved += 1
        keys = sorted(one.key for one in came)
        if (forecast.happened, list(forecast.events)) != (happened, keys):
            changed.append(forecast.key)
            rows.setdefault(forecast.site, []).append(
                {
                    "forecast": forecast.key,
                    "happened": happened,
                    "events": keys,
                    "complete": dt.datetime.combine(complete, dt.time(), dt.UTC),
                }
            )
    for name in sorted(rows.keys() | reopened.keys()):
        told, again = rows.get(name, []), reopened.get(name, [])
        detail = {"forecasts": [*(row["forecast"] for row in told), *again], "complete": complete.isoformat()}
        since = enter(connection, site=name, who=who, what="resolve", at=at, detail=detail)
        write_versions(connection, t.resolutions, told, site=name, since=since, whole=False)
        c = t.resolutions.c
        over = (c.site == name) & c.until.is_(None) & c.forecast.in_(again)
        connection.execute(t.resolutions.update().where(over).values(until=since))
    return Resolved(changed=tuple(changed), resolved=resolved, waiting=waiting, unclear=tuple(unclear))


def _within(event: RecordedEvent, forecast: Registered) -> bool:
    """True where all days on which an event can have been lie in the window."""
    return event.began.date() >= forecast.first and event.ended.date() <= forecast.last


def _about(event: RecordedEvent, forecast: Registered) -> bool:
    """True where an event is of the kind that is asked about and can have been in the window."""
    return (
        title_key(event.title) == title_key(forecast.event)
        and (not forecast.site or event.site in ("", forecast.site))
        and event.began.date() <= forecast.last
        and event.ended.date() >= forecast.first
    )


def _check(forecast: Registered, at: dt.datetime) -> None:
    if not (forecast.event.strip() and forecast.event.isprintable() and len(forecast.event) <= 200):
        raise OptionError(f"the event must have 1 to 200 printable characters, got {forecast.event[:60]!r}")
    if not (forecast.author.strip() and forecast.author.isprintable() and len(forecast.author) <= 100):
        raise OptionError(f"the author must have 1 to 100 printable characters, got {forecast.author[:60]!r}")
    if not CERTAIN <= forecast.probability <= 1 - CERTAIN:
        raise OptionError(
            f"a probability must be {CERTAIN:g} to {1 - CERTAIN:g}, as nothing is certain, got {forecast.probability:g}"
        )
    if forecast.last < forecast.first:
        raise OptionError(f"the window ends ({forecast.last}) before it begins ({forecast.first}); exchange the days")
    if forecast.issued > at:
        raise OptionError(f"a forecast cannot be issued at a time to come, got {forecast.issued:%Y-%m-%d %H:%M} UTC")
    if forecast.first < forecast.issued.date():
        raise OptionError(
            f"the window begins ({forecast.first}) before the forecast is issued ({forecast.issued:%Y-%m-%d}); let it "
            "begin on that day or later"
        )


def _row(forecast: Registered, moment: dt.datetime) -> Row:
    first, last = (dt.datetime.combine(day, dt.time(), dt.UTC) for day in (forecast.first, forecast.last))
    return {
        "site": forecast.site,
        "forecast": forecast.key,
        "at": moment,
        "issued": forecast.issued,
        "event": forecast.event.strip(),
        "first": first,
        "last": last,
        "author": forecast.author.strip(),
        "probability": forecast.probability,
        "base": forecast.base,
        "detail": dict(forecast.detail),
    }
