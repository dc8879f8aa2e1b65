"""The ledger of cost: what was spent on which site and case, and the caps that refuse before anything is spent.

A cost is written once and never changed; what was written in error is taken back by an entry below zero. A cap may be
set anew, and every version of it stays.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from sitewatch.errors import OptionError
from sitewatch.store import _schema as t
from sitewatch.store._entries import Row, enter, known_at, write_versions
from sitewatch.store._sites import get_site

__all__ = ["Allowance", "SpentCost", "add_cost", "allowances", "check_cap", "cost_rows", "set_cap"]

_UNIT = re.compile(r"[a-z][a-z0-9]{0,19}")
_SLACK = 1e-9
"""A sum may be above its cap by as much of it as numbers are rounded."""
_MOST = 1e12


@dataclass(frozen=True, kw_only=True)
class SpentCost:
    """One entry of the ledger."""

    site: str
    """Id; empty: of no one site."""
    case: str
    """Title of the case that it was spent for; empty: of none."""
    what: str
    """What it was spent on, in words."""
    amount: float
    """Not 0; below 0: something is taken back."""
    unit: str
    """ "eur" or another currency, "km2", "scenes", "h"."""
    at: dt.datetime
    """When it was written down, UTC."""
    who: str


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """A cap, and what is spent of it."""

    site: str
    """Id of the site that it holds for; empty: for the whole workspace."""
    case: str
    """Title of the case; empty: whatever the case."""
    unit: str
    cap: float
    """0 or more."""
    spent: float

    @property
    def left(self) -> float:
        """Never below 0."""
        return max(0.0, self.cap - self.spent)

    @property
    def name(self) -> str:
        """What it is a cap of, for people."""
        place = f"site {self.site!r}" if self.site else "the workspace"
        return f"case {self.case!r} at {place}" if self.case else place


def add_cost(
    connection: sa.Connection,
    costs: Mapping[str, float],
    *,
    site: str,
    what: str,
    who: str,
    at: dt.datetime,
    case: str = "",
    spent: bool = False,
) -> tuple[SpentCost, ...]:
    """Write costs down, for good; refused where one is above what a cap leaves.

    Args:
        connection: of a transaction that writes: check and entry are one, whoever else spends.
        costs: amounts by unit, none of them 0; below 0: taken back.
        site: id; empty: of no one site.
        what: what they are spent on, in words.
        who: who spends.
        at: time, UTC.
        case: title of the case that they are spent for; empty: none.
        spent: True: the money is gone already, and is written down even above a cap.

    Raises:
        InputError: there is no such site.
        OptionError: a cap refuses it, more would be taken back than was spent, or a text or number cannot be.
    """
    told = _words("what", what)
    case = _words("case", case, empty=True)
    if not costs:
        raise OptionError("a cost needs an amount, such as 300eur")
    for unit, amount in costs.items():
        _check_unit(unit)
        if not (math.isfinite(amount) and 0 < abs(amount) <= _MOST):
            raise OptionError(f"a cost must be a number other than 0, got {amount:g} {unit}")
    if site:
        get_site(connection, site)
    if not spent:
        check_cap(connection, costs, site=site, case=case)
    for unit, amount in costs.items():
        before = _spent(connection, unit, site=site, case=case)
        if amount < 0 and before + amount < -_SLACK * abs(amount):
            raise OptionError(f"{-amount:g} {unit} cannot be taken back, as only {before:g} {unit} were spent there")
    found = []
    for unit, amount in costs.items():
        detail = {"what": told, "amount": amount, "unit": unit, **({"case": case} if case else {})}
        moment = enter(connection, site=site, who=who, what="cost", at=at, detail=detail)
        one = SpentCost(site=site, case=case, what=told, amount=amount, unit=unit, at=moment, who=who)
        connection.execute(
            t.costs.insert().values(site=site, at=moment, case=case, what=told, amount=amount, unit=unit, who=who)
        )
        found.append(one)
    return tuple(found)


def cost_rows(
    connection: sa.Connection, *, site: str | None = None, case: str | None = None, at: dt.datetime | None = None
) -> list[SpentCost]:
    """The entries of the ledger by time.

    Args:
        connection: that reads.
        site: of this site; None: all.
        case: of this case; None: all.
        at: as it was known at that moment, UTC; None: now.
    """
    c = t.costs.c
    query = sa.select(t.costs).order_by(c.at, t.bytewise(c.site))
    if site is not None:
        query = query.where(c.site == site)
    if case is not None:
        query = query.where(c.case == case)
    if at is not None:
        query = query.where(c.at <= at)
    return [SpentCost(**row) for row in connection.execute(query).mappings()]


def set_cap(
    connection: sa.Connection,
    unit: str,
    cap: float | None,
    *,
    site: str,
    who: str,
    at: dt.datetime,
    case: str = "",
) -> None:
    """Set or lift a cap; what was spent before counts.

    Args:
        connection: of a transaction that writes.
        unit: of what.
        cap: most that may be spent in all, 0 or more; None: the cap is lifted.
        site: id of the site that it holds for; empty: for the whole workspace.
        who: who sets it.
        at: time, UTC.
        case: title of the case that it holds for; empty: whatever the case.

    Raises:
        InputError: there is no such site.
        OptionError: it is no cap.
    """
    _check_unit(unit)
    case = _words("case", case, empty=True)
    if cap is not None and not 0 <= cap <= _MOST:
        raise OptionError(f"a cap must be 0 or more, got {cap:g} {unit}")
    if site:
        get_site(connection, site)
    detail = {"unit": unit, "cap": cap, **({"case": case} if case else {})}
    since = enter(connection, site=site, who=who, what="cap", at=at, detail=detail)
    row: Row = {"case": case, "unit": unit, "cap": cap}
    write_versions(connection, t.caps, [row], site=site, since=since, whole=False)


def allowances(
    connection: sa.Connection, *, site: str | None = None, case: str | None = None, at: dt.datetime | None = None
) -> list[Allowance]:
    """The caps with what is spent of them: those of cases first, then of sites, then of the workspace.

    Args:
        connection: that reads.
        site: those that hold for what is spent on this site ("": on none); None: all.
        case: with a site, those that hold for this case; None: all of them.
        at: as it was known at that moment, UTC; None: now.
    """
    c = t.caps.c
    query = sa.select(c.site, c.case, c.unit, c.cap).where(known_at(t.caps, at), c.cap.is_not(None))
    if site is not None:
        query = query.where(c.site.in_([site, ""]))
        if case is not None:
            query = query.where(c.case.in_([case, ""]))
    found = [
        Allowance(
            site=row.site,
            case=row.case,
            unit=row.unit,
            cap=row.cap,
            spent=_spent(connection, row.unit, site=row.site or None, case=row.case or None, at=at),
        )
        for row in connection.execute(query)
    ]
    return sorted(found, key=lambda one: (not one.case, not one.site, one.site, one.case, one.unit))


def check_cap(connection: sa.Connection, costs: Mapping[str, float], *, site: str, case: str = "") -> None:
    """Refuse costs above what the caps of a case, its site and the workspace leave.

    Args:
        connection: that reads; one that writes, where the cost is entered after it.
        costs: amounts by unit.
        site: id; empty: of no one site.
        case: title of the case; empty: none.

    Raises:
        OptionError: a cap refuses it.
    """
    for one in allowances(connection, site=site, case=case):
        amount = costs.get(one.unit, 0.0)
        if amount > 0 and amount > one.left + _SLACK * one.cap:
            raise OptionError(
                f"this takes {amount:g} {one.unit}, and {one.left:g} of the {one.cap:g} {one.unit} that are the cap of "
                f"{one.name} are left; nothing was spent: raise it with `sitewatch cost cap`, or take less"
            )


def _spent(
    connection: sa.Connection,
    unit: str,
    *,
    site: str | None,
    case: str | None,
    at: dt.datetime | None = None,
) -> float:
    c = t.costs.c
    query = sa.select(c.amount).where(c.unit == unit)
    if site is not None:
        query = query.where(c.site == site)
    if case is not None:
        query = query.where(c.case == case)
    if at is not None:
        query = query.where(c.at <= at)
    amounts: Sequence[float] = connection.execute(query).scalars().all()
    return math.fsum(amounts)


def _check_unit(unit: str) -> None:
    if not _UNIT.fullmatch(unit):
        raise OptionError(f"a unit of cost must be a short word such as eur, km2, scenes or h, got {unit[:40]!r}")


def _words(name: str, text: str, *, empty: bool = False) -> str:
    told = text.strip()
    if (not told and not empty) or not (told.isprintable() and len(told) <= 200):
        raise OptionError(f"{name} must be 1 to 200 printable characters, got {text[:60]!r}")
    return told
