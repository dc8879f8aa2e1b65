"""`sitewatch cost`: what was spent on looks, and the caps that refuse before anything is spent."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sitewatch.cli._values import parse_as_known, parse_now
from sitewatch.cli._workspace import (
    DEFAULT,
    AsJson,
    AsKnown,
    InWorkspace,
    Now,
    Reader,
    is_workspace,
    opened,
    print_json,
    print_table,
    who,
)

if TYPE_CHECKING:
    from sitewatch.planning import Budget
    from sitewatch.store import Allowance, SpentCost

__all__ = ["Entered", "budget_within", "check", "cost_app", "reserved"]

_SMALL = 1e-9
"""Sums of parts differ from the whole by as much as numbers are rounded."""

cost_app = typer.Typer(no_args_is_help=True, help="What was spent on looks, and how much may be.")

Site = Annotated[str, typer.Option(metavar="SITE", help="Site that it is spent on; default no one site.")]
OneCase = Annotated[str, typer.Option("--case", metavar="TITLE", help="Title of the case that it is spent for.")]


@cost_app.command(
    "add",
    epilog="""
Examples:

    sitewatch cost add 300eur,25km2 --what "image of 3 March" --site plant

    sitewatch cost add 2h --what "reading" --site plant --case "The plant" --reader ann

    sitewatch cost add 300eur --what "order was cancelled" --site plant --back
""",
)
def add(
    amounts: Annotated[str, typer.Argument(metavar="AMOUNTS", help="With units, like 300eur,25km2,1scene,20min.")],
    what: Annotated[str, typer.Option(metavar="TEXT", help="What it is spent on.")],
    site: Site = "",
    case: OneCase = "",
    back: Annotated[bool, typer.Option("--back", help="Take back what was entered in error or paid back.")] = False,
    spent: Annotated[bool, typer.Option("--spent", help="It is gone already: enter it even above a cap.")] = False,
    reader: Reader = None,
    workspace: InWorkspace = DEFAULT,
    now: Now = None,
) -> None:
    """Write a cost down, for good; refused where a cap leaves less."""
    from sitewatch.store import add_cost

    told = _amounts(amounts)
    with opened(workspace) as space, space.store.writing() as connection:
        found = add_cost(
            connection,
            {unit: -amount if back else amount for unit, amount in told.items()},
            site=site, what=what, who=who(space, reader), at=parse_now(now), case=case, spent=spent,
        )  # fmt: skip
    for one in found:
        print(f"{one.amount:g} {one.unit} {'taken back' if back else 'entered'}")


@cost_app.command(
    "list",
    epilog="""
Examples:

    sitewatch cost list

    sitewatch cost list --site plant --json
""",
)
def list_(
    site: Annotated[str | None, typer.Option(metavar="SITE", help="Only of this site.")] = None,
    case: Annotated[str | None, typer.Option(metavar="TITLE", help="Only of this case.")] = None,
    as_json: AsJson = False,
    as_known: AsKnown = None,
    workspace: InWorkspace = DEFAULT,
) -> None:
    """List what was spent, and what the caps leave."""
    from sitewatch.store import allowances, cost_rows

    moment = parse_as_known(as_known)
    with opened(workspace) as space, space.store.reading() as connection:
        rows = cost_rows(connection, site=site, case=case, at=moment)
        caps = allowances(connection, site=site, case=case, at=moment)
    if as_json:
        print_json({"costs": [_document(one) for one in rows], "caps": [_cap_document(one) for one in caps]})
        return
    print_table(
        ("when", "site", "case", "what", "amount>", "unit", "who"),
        ((f"{r.at:%Y-%m-%d %H:%M}", r.site, r.case, r.what, f"{r.amount:g}", r.unit, r.who) for r in rows),
        none="Nothing was spent.",
    )
    if caps:
        print_table(
            ("cap of", "unit", "cap>", "spent>", "left>"),
            ((c.name, c.unit, f"{c.cap:g}", f"{c.spent:g}", f"{c.left:g}") for c in caps),
            none="",
        )


@cost_app.command(
    "cap",
    epilog="""
Examples:

    sitewatch cost cap 2000eur,300km2 --site plant

    sitewatch cost cap 10h --site plant --case "The plant"

    sitewatch cost cap eur --lift --site plant
""",
)
def cap(
    amounts: Annotated[
        str, typer.Argument(metavar="AMOUNTS", help="With units, like 2000eur,300km2; with --lift units alone.")
    ],
    site: Annotated[str, typer.Option(metavar="SITE", help="Site that it holds for; default the workspace.")] = "",
    case: OneCase = "",
    lift: Annotated[bool, typer.Option("--lift", help="There is no such cap any more.")] = False,
    reader: Reader = None,
    workspace: InWorkspace = DEFAULT,
    now: Now = None,
) -> None:
    """Say how much may be spent in all; what was spent before counts."""
    from sitewatch.planning import unit_of
    from sitewatch.store import set_cap

    told: Mapping[str, float | None]
    told = {unit_of(part.strip())[0]: None for part in amounts.split(",")} if lift else _amounts(amounts, nothing=True)
    with opened(workspace) as space, space.store.writing() as connection:
        for unit, most in told.items():
            set_cap(connection, unit, most, site=site, who=who(space, reader), at=parse_now(now), case=case)
    for unit, most in told.items():
        print(f"{unit}: no cap" if most is None else f"{unit}: {most:g} in all")


def check(place: str, costs: Mapping[str, float], *, site: str, case: str = "") -> None:
    """Refuse costs that a cap of the workspace does not leave; nothing where there is no workspace.

    Raises:
        OptionError: a cap refuses them.
    """
    from sitewatch.store import check_cap

    if is_workspace(place):
        with opened(place) as space, space.store.reading() as connection:
            check_cap(connection, costs, site=site, case=case)


def budget_within(place: str, budget: Budget | None, *, site: str, case: str = "") -> Budget | None:
    """A budget, no larger than what the caps of a workspace leave; where there is none, these.

    Args:
        place: where the site is watched.
        budget: what was asked for; None: nothing.
        site: id.
        case: title of the case.
    """
    from sitewatch.planning import Budget
    from sitewatch.store import allowances

    if not is_workspace(place):
        return budget
    with opened(place) as space, space.store.reading() as connection:
        found = allowances(connection, site=site, case=case)
    if not found:
        return budget
    caps = dict(budget.caps) if budget is not None else {}
    spent: dict[str, float] = {}
    for one in found:
        left = caps.get(one.unit, math.inf) - spent.get(one.unit, 0.0)
        if one.left < left:
            caps[one.unit] = max(caps.get(one.unit, one.cap), one.left)
            spent[one.unit] = caps[one.unit] - one.left
    return Budget(caps=caps, spent=spent)


@dataclass(kw_only=True)
class Entered:
    """Costs that were entered for what is being done."""

    kept: Mapping[str, float]
    """What of them stays, by unit; none, until it is told, where the block ends with an error."""


@contextmanager
def reserved(
    place: str, costs: Mapping[str, float], *, site: str, what: str, case: str = "", at: dt.datetime
) -> Iterator[Entered]:
    """Costs of an order that is placed within; nothing is entered where there is no workspace.

    They are entered before, so that two orders at a time cannot both take what is left of a cap. What is not kept is
    taken back at the end: all, where the block ends with an error before it told anything. A site that is not watched
    has no caps of its own: those of the workspace hold.

    Raises:
        OptionError: a cap refuses them; the block is not entered.
    """
    entered = Entered(kept={})
    _enter(place, costs, site=site, what=what, case=case, at=at)
    done = False
    try:
        yield entered
        done = True
    finally:
        kept = costs if done and not entered.kept else entered.kept
        back = {unit: kept.get(unit, 0.0) - amount for unit, amount in costs.items()}
        if any(amount < -_SMALL for amount in back.values()):
            back = {unit: amount for unit, amount in back.items() if amount < -_SMALL}
            _enter(place, back, site=site, what=f"{what}: not placed", case=case, at=at)


def _enter(place: str, costs: Mapping[str, float], *, site: str, what: str, case: str, at: dt.datetime) -> None:
    from sitewatch.store import add_cost, list_sites

    if not is_workspace(place):
        return
    with opened(place) as space, space.store.writing() as connection:
        known = any(one.site.id == site for one in list_sites(connection))
        add_cost(
            connection,
            {unit: amount for unit, amount in costs.items() if amount},
            site=site if known else "",
            what=what if known else f"{what}, {site}",
            who=who(space, None), at=at, case=case,
        )  # fmt: skip


def _amounts(text: str, *, nothing: bool = False) -> dict[str, float]:
    from sitewatch.planning import read_budget

    return dict(read_budget(text, option="AMOUNTS", nothing=nothing).caps)


def _document(one: SpentCost) -> dict[str, Any]:
    return {
        "at": _told(one.at),
        "site": one.site,
        "case": one.case,
        "what": one.what,
        "amount": one.amount,
        "unit": one.unit,
        "who": one.who,
    }


def _cap_document(one: Allowance) -> dict[str, Any]:
    return {
        "site": one.site,
        "case": one.case,
        "unit": one.unit,
        "cap": one.cap,
        "spent": one.spent,
        "left": one.left,
    }


def _told(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
