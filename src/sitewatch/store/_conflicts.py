"""What searches would change of what readers confirmed, and what readers answer."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from sitewatch.errors import InputError, OptionError
from sitewatch.store import _schema as t
from sitewatch.store._entries import Row, current, enter, known_at, write_versions
from sitewatch.store._things import known_things, save_things

if TYPE_CHECKING:
    from sitewatch.structures import Conflict

__all__ = ["dismissed_words", "resolve_conflict", "save_conflicts"]

ACCEPTED = "accepted"
KEPT = "kept"


def save_conflicts(connection: sa.Connection, site: str, conflicts: Sequence[Conflict], *, since: dt.datetime) -> None:
    """Make the conflicts of a search those that there are.

    One of the same words is the same, open or dismissed as it was; one that is not among them is over.
    """
    from sitewatch.structures import structures_document

    rows: list[Row] = [
        {
            "thing": conflict.thing,
            "words": conflict.words,
            "proposed": structures_document(conflict.proposed, head={})["features"],
            "holds": list(conflict.holds),
            "resolved": "",
        }
        for conflict in conflicts
    ]
    write_versions(connection, t.conflicts, rows, site=site, since=since, same=_same)


def _same(known: Row, new: Row) -> bool:
    return bool(known["words"] == new["words"] and known["resolved"] != ACCEPTED)


def dismissed_words(connection: sa.Connection, site: str) -> dict[str, str]:
    """By key, the words of the conflicts in which readers kept what they had confirmed."""
    which = (t.conflicts.c.site == site) & known_at(t.conflicts, None) & (t.conflicts.c.resolved == KEPT)
    rows = connection.execute(sa.select(t.conflicts.c.thing, t.conflicts.c.words).where(which))
    return {row.thing: row.words for row in rows}


def resolve_conflict(
    connection: sa.Connection, site: str, thing: str, answer: str, *, reason: str, who: str, at: dt.datetime
) -> None:
    """Answer a conflict.

    Accepted, what the search proposes becomes what is known, and what had been confirmed is history; all structures
    that it held are decided with it. Kept, what was confirmed stays, and the same proposal is not raised again.

    Args:
        connection: of a transaction that writes.
        site: id.
        thing: key of the structure.
        answer: accept or keep.
        reason: why.
        who: who answers.
        at: time, UTC.

    Raises:
        OptionError: an answer that is none, or no reason.
        InputError: there is no open conflict.
    """
    if answer not in {"accept", "keep"}:
        raise OptionError(f"a conflict is resolved with accept or keep, got {answer!r}")
    if not reason.strip():
        raise OptionError("--reason is needed: why this is right")
    rows = {key: row for (key,), row in current(connection, t.conflicts, site=site).items()}
    row = rows.get(thing)
    if row is None or row["resolved"]:
        raise InputError(f"there is no open conflict about {thing!r}; see `sitewatch review conflicts {site}`")
    detail = {"answer": answer, "reason": reason.strip(), "words": row["words"]}
    since = enter(connection, site=site, who=who, what="resolve", thing=thing, at=at, detail=detail)
    decided = {thing}
    if answer == "accept":
        decided |= set(row["holds"])
        _accept(connection, site, row, decided, since=since)
    answered = [
        {**{name: rows[key][name] for name in ("thing", "words", "proposed", "holds")}, "resolved": resolved}
        for key, resolved in ((key, ACCEPTED if answer == "accept" else KEPT) for key in sorted(decided))
        if key in rows and not rows[key]["resolved"]
    ]
    write_versions(connection, t.conflicts, answered, site=site, since=since, whole=False)


def _accept(connection: sa.Connection, site: str, row: Row, decided: set[str], *, since: dt.datetime) -> None:
    """What is proposed is recognised as a search's result would be, with nothing that holds it off."""
    from sitewatch.structures import recognise, structures_in

    known = known_things(connection, site)
    found = [one.structure for one in known if one.claimed and one.thing not in decided]
    found += structures_in({"features": row["proposed"]})
    recognition = recognise(found, [dataclasses.replace(one, confirmed=None) for one in known])
    save_things(connection, site, recognition, since=since)
