"""What readers say of structures."""

from __future__ import annotations

import sqlalchemy as sa

from sitewatch.store import _schema as t

__all__ = ["confirmed_things", "rejected_things"]


def confirmed_things(connection: sa.Connection, site: str) -> set[str]:
    """Keys of the structures that readers confirm: the last word of one at least is confirm, and of none reject."""
    verdicts = _last_words(connection, site)
    return {thing for thing, said in verdicts.items() if "confirm" in said and "reject" not in said}


def rejected_things(connection: sa.Connection, site: str) -> set[str]:
    """Keys of the structures that readers reject: the last word of one at least is reject, and of none confirm."""
    verdicts = _last_words(connection, site)
    return {thing for thing, said in verdicts.items() if "reject" in said and "confirm" not in said}


def _last_words(connection: sa.Connection, site: str) -> dict[str, set[str]]:
    """What the readers of each structure said last."""
    rows = connection.execute(
        sa.select(t.reviews.c.thing, t.reviews.c.reader, t.reviews.c.verdict)
        .where(t.reviews.c.site == site)
        .order_by(t.reviews.c.at)
    )
    last = {(row.thing, row.reader): row.verdict for row in rows}
    verdicts: dict[str, set[str]] = {}
    for (thing, _), verdict in last.items():
        verdicts.setdefault(thing, set()).add(verdict)
    return verdicts
