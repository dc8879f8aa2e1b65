"""What readers say of structures: never changed, never deleted; a reader's last word counts.

Reading is blind: what others said of a structure is hidden from a reader until that reader has said something of it and
at least two readers have. Then all of it is shown, dissent too.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from sitewatch.errors import OptionError
from sitewatch.store import _schema as t
from sitewatch.store._entries import enter, known_at

if TYPE_CHECKING:
    from sitewatch.structures import Confirmed

__all__ = [
    "VERDICTS",
    "Agreement",
    "Read",
    "Verdicts",
    "add_review",
    "agreement_of",
    "agreements",
    "load_confirmed",
    "load_reviews",
    "load_verdicts",
]

VERDICTS = ("confirm", "reject", "unsure")
_SAMPLE = 20
"""Structures from which a large sample's standard error is told at all."""
_READERS = 2
"""Readers who must have said something before any of them sees what the others said."""


@dataclass(frozen=True, kw_only=True)
class Read:
    """A structure as far as it was read, as one reader may see it."""

    site: str
    thing: str
    mark: str
    """confirmed, rejected, unsure or disputed; before that may be seen, how many have read it."""
    said: tuple[Mapping[str, Any], ...]
    """The words that the reader may see, in time order: `at`, `reader`, `verdict`, `reason`, `version`, and whether it
    is the reader's last (`counts`)."""
    readers: int
    """How many have said something."""
    hidden: int
    """How many words are hidden from this reader."""


def add_review(
    connection: sa.Connection, site: str, thing: str, verdict: str, *, reason: str, reader: str, at: dt.datetime
) -> None:
    """Write down what a reader says of a structure as it is known now.

    Raises:
        OptionError: a verdict that is none, or no reason where one is needed.
    """
    if verdict not in VERDICTS:
        raise OptionError(f"a verdict must be {', '.join(VERDICTS[:-1])} or {VERDICTS[-1]}, got {verdict!r}")
    if verdict != "confirm" and not reason.strip():
        raise OptionError(f"--reason is needed: why {'it is none' if verdict == 'reject' else 'you are unsure'}")
    version = connection.execute(
        sa.select(t.structures.c.since).where(
            t.structures.c.site == site, t.structures.c.thing == thing, known_at(t.structures, None)
        )
    ).scalar_one()
    detail = {"verdict": verdict, "reason": reason.strip()}
    since = enter(connection, site=site, who=reader, what="review", thing=thing, at=at, detail=detail)
    row = {"site": site, "thing": thing, "at": since, "reader": reader, "version": version}
    connection.execute(t.reviews.insert().values(**row, verdict=verdict, reason=reason.strip()))


def load_reviews(
    connection: sa.Connection, *, viewer: str, site: str | None = None, at: dt.datetime | None = None
) -> dict[tuple[str, str], Read]:
    """All structures that anybody has read, by (site, key), as one reader may see it.

    Args:
        connection: that reads.
        viewer: who looks.
        site: id; None: all sites.
        at: as it was known at that moment; None: now.
    """
    query = sa.select(t.reviews).order_by(*map(t.bytewise, (t.reviews.c.site, t.reviews.c.thing)), t.reviews.c.at)
    if site is not None:
        query = query.where(t.reviews.c.site == site)
    if at is not None:
        query = query.where(t.reviews.c.at <= at)
    rows = connection.execute(query).mappings()
    changed = _changed(connection, site=site, at=at)
    return {
        key: _read(key, [dict(row) for row in group], viewer, changed.get(key))
        for key, group in itertools.groupby(rows, key=lambda row: (row["site"], row["thing"]))
    }


def _changed(
    connection: sa.Connection, *, site: str | None = None, at: dt.datetime | None = None
) -> dict[tuple[str, str], dt.datetime]:
    """When a person last changed what a structure is, by (site, key): a correction, or a conflict that was accepted.

    What was said before was said of something else, and counts no more until somebody reads it again.
    """
    c, k = t.corrections.c, t.conflicts.c
    corrected = sa.select(c.site, c.thing, c.since, c.detail)
    accepted = sa.select(k.site, k.thing, k.since).where(k.resolved == "accepted")
    if site is not None:
        corrected, accepted = corrected.where(c.site == site), accepted.where(k.site == site)
    found: dict[tuple[str, str], dt.datetime] = {}
    told = [(row.site, row.thing, row.since) for row in connection.execute(accepted)]
    for row in connection.execute(corrected):
        told += [(row.site, thing, row.since) for thing in (row.thing, *row.detail.get("others", ()))]
    for name, thing, moment in told:
        if at is None or moment <= at:
            found[name, thing] = max(moment, found.get((name, thing), moment))
    return found


def _read(key: tuple[str, str], rows: Sequence[Mapping[str, Any]], viewer: str, changed: dt.datetime | None) -> Read:
    last = _last_words(rows)
    open_to = viewer in last and len(last) >= _READERS
    seen = [row for row in rows if open_to or row["reader"] == viewer]
    told = ("at", "reader", "verdict", "reason", "version")
    said = tuple({**{name: row[name] for name in told}, "counts": last[row["reader"]] is row} for row in seen)
    return Read(
        site=key[0],
        thing=key[1],
        mark=_mark(last, viewer, changed, open_to=open_to),
        said=said,
        readers=len(last),
        hidden=len(rows) - len(seen),
    )


def _last_words(rows: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """By reader; rows in time order."""
    return {row["reader"]: row for row in rows}


def _mark(last: Mapping[str, Mapping[str, Any]], viewer: str, changed: dt.datetime | None, *, open_to: bool) -> str:
    if not open_to and viewer not in last:
        return f"read by {len(last)}, hidden until you have read it"
    words = list(last.values()) if open_to else [last[viewer]]
    counting = [row for row in words if changed is None or row["at"] > changed]
    said = {row["verdict"] for row in counting or words}
    mark = "disputed" if {"confirm", "reject"} <= said else _MARKS[next(v for v in VERDICTS if v in said)]
    alone = "" if open_to else " (you alone so far)"
    return f"{mark}{alone}" if counting else f"{mark}{alone}, in an earlier version"


_MARKS = {"confirm": "confirmed", "reject": "rejected", "unsure": "unsure"}


@dataclass(frozen=True, kw_only=True)
class Verdicts:
    """What the readers of a site said last of what its structures are now."""

    confirmed: Mapping[str, dt.datetime]
    """When it was said last, by key: the last word of one reader at least is confirm, and of none reject."""
    rejected: frozenset[str]
    """Keys: the last word of one at least is reject, and of none confirm."""
    open: frozenset[str]
    """Keys of those whose verdicts may be told to anybody, as in a report: those that two readers have read; and all,
    where one reader reads the whole site alone."""


def load_verdicts(connection: sa.Connection, site: str, *, at: dt.datetime | None = None) -> Verdicts:
    """What the readers of a site say, or said by a moment."""
    last: dict[str, dict[str, tuple[str, dt.datetime]]] = {}
    r = t.reviews.c
    query = sa.select(r.thing, r.reader, r.verdict, r.at).where(r.site == site).order_by(r.at)
    if at is not None:
        query = query.where(r.at <= at)
    for row in connection.execute(query):
        last.setdefault(row.thing, {})[row.reader] = (row.verdict, row.at)
    changed = _changed(connection, site=site, at=at)
    said = {
        thing: {
            verdict: moment
            for verdict, moment in sorted(words.values(), key=lambda word: word[1])
            if moment > changed.get((site, thing), _EVER)
        }
        for thing, words in last.items()
    }
    alone = len({reader for words in last.values() for reader in words}) < _READERS
    return Verdicts(
        confirmed={thing: v["confirm"] for thing, v in said.items() if "confirm" in v and "reject" not in v},
        rejected=frozenset(thing for thing, v in said.items() if "reject" in v and "confirm" not in v),
        open=frozenset(thing for thing, words in last.items() if alone or len(words) >= _READERS),
    )


_EVER = dt.datetime.min.replace(tzinfo=dt.UTC)


def load_confirmed(connection: sa.Connection, site: str, things: Mapping[str, dt.datetime]) -> dict[str, Confirmed]:
    """What readers confirm (see `Verdicts.confirmed`), as it was told to the last of them whose last word that is."""
    from sitewatch.store._things import structure_at
    from sitewatch.structures import Confirmed

    if not things:
        return {}
    looks = connection.execute(
        sa.select(t.runs.c.at, t.runs.c.first_look, t.runs.c.last_look)
        .where(t.runs.c.site == site)
        .order_by(t.runs.c.at)
    ).all()
    confirmed = {}
    for thing, moment in sorted(things.items()):
        was = structure_at(connection, site, thing, moment)
        if was is None:
            continue
        run = next((run for run in reversed(looks) if run.at <= moment), None)
        confirmed[thing] = Confirmed(
            structure=was[0],
            first_look=None if run is None else run.first_look,
            last_look=None if run is None else run.last_look,
        )
    return confirmed


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How far two readers agree on the structures that both have read, each without knowing what the other said."""

    readers: tuple[str, str]
    n: int
    """Structures that both have read."""
    agreed: float | None
    """Share of these on which both say the same, 0-1; None: there is none."""
    kappa: float | None
    """Cohen's kappa: the agreement beyond what two such readers would reach by chance, 1 at most; None: undefined."""
    kappa_error: float | None
    """Its standard error in a large sample; None: undefined, or the sample is none."""
    words: str
    """What is not told, and why; empty: nothing."""


def agreements(connection: sa.Connection, *, site: str | None = None, at: dt.datetime | None = None) -> list[Agreement]:
    """For every pair of readers, sorted by name, by what each said before knowing what the others had said.

    Args:
        connection: that reads.
        site: id; None: all sites.
        at: by what was said by that moment; None: now.
    """
    query = sa.select(t.reviews).order_by(t.reviews.c.site, t.reviews.c.thing, t.reviews.c.at)
    if site is not None:
        query = query.where(t.reviews.c.site == site)
    if at is not None:
        query = query.where(t.reviews.c.at <= at)
    blind: dict[str, dict[tuple[str, str], str]] = {}
    rows = connection.execute(query).mappings()
    for key, group in itertools.groupby(rows, key=lambda row: (row["site"], row["thing"])):
        for reader, verdict in _blind_words([dict(row) for row in group]).items():
            blind.setdefault(reader, {})[key] = verdict
    return [
        agreement_of(
            (one, other), [(blind[one][key], blind[other][key]) for key in blind[one].keys() & blind[other].keys()]
        )
        for one, other in itertools.combinations(sorted(blind), 2)
    ]


def _blind_words(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The last verdict of each reader before a structure was open to that reader; rows of one in time order.

    It opens to all who have read it when the second reader has, and to every later one with that one's first word.
    """
    first: dict[str, dt.datetime] = {}
    for row in rows:
        first.setdefault(row["reader"], row["at"])
    times = sorted(first.values())
    opened = times[_READERS - 1] if len(times) >= _READERS else dt.datetime.max.replace(tzinfo=dt.UTC)
    return {row["reader"]: row["verdict"] for row in rows if row["at"] <= max(opened, first[row["reader"]])}


def agreement_of(readers: tuple[str, str], pairs: Sequence[tuple[str, str]]) -> Agreement:
    """How far two readers agree.

    Kappa after Cohen (1960), A coefficient of agreement for nominal scales, Educational and Psychological Measurement
    20, 37-46; its standard error after Fleiss, Cohen & Everitt (1969), Large sample standard errors of kappa and
    weighted kappa, Psychological Bulletin 72, 323-327, equation 13.

    Args:
        readers: their names.
        pairs: what each said of every structure that both have read.
    """
    n = len(pairs)
    if n == 0:
        return Agreement(
            readers=readers, n=0, agreed=None, kappa=None, kappa_error=None, words="they have read nothing in common"
        )
    share = {cell: count / n for cell, count in Counter(pairs).items()}
    first = {v: sum(p for (a, _), p in share.items() if a == v) for v in VERDICTS}
    second = {v: sum(p for (_, b), p in share.items() if b == v) for v in VERDICTS}
    agreed = sum(share.get((v, v), 0.0) for v in VERDICTS)
    chance = sum(first[v] * second[v] for v in VERDICTS)
    if math.isclose(chance, 1):
        words = "kappa is undefined: both give one and the same verdict throughout, as chance would"
        return Agreement(readers=readers, n=n, agreed=agreed, kappa=None, kappa_error=None, words=words)
    kappa = (agreed - chance) / (1 - chance)
    if n < _SAMPLE or min(sum(map(bool, marginal.values())) for marginal in (first, second)) < 2:
        words = f"a standard error needs {_SAMPLE} structures, and readers who both use more than one verdict"
        return Agreement(readers=readers, n=n, agreed=agreed, kappa=kappa, kappa_error=None, words=words)
    same = sum(p * ((1 - chance) - (first[a] + second[a]) * (1 - agreed)) ** 2 for (a, b), p in share.items() if a == b)
    other = (1 - agreed) ** 2 * sum(p * (second[a] + first[b]) ** 2 for (a, b), p in share.items() if a != b)
    spread = same + other - (agreed * chance - 2 * chance + agreed) ** 2
    error = math.sqrt(max(0.0, spread) / n) / (1 - chance) ** 2
    return Agreement(readers=readers, n=n, agreed=agreed, kappa=kappa, kappa_error=error, words="")
