"""What `sitewatch looks next` tells: the table, the sentences, JSON, the calendar, the picture."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sitewatch.cli._asked import Asked
from sitewatch.cli._draw import draw
from sitewatch.cli._sky import Sky, told_time
from sitewatch.cli._text import say
from sitewatch.cli._wait import SiteWaits
from sitewatch.cli._workspace import print_json, print_table
from sitewatch.errors import OutputError
from sitewatch.whole import write_whole

if TYPE_CHECKING:
    from sitewatch.planning import Budget, Choice, Opportunity, Question

__all__ = ["Plan", "tell"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that is told."""

    asked: Asked
    since: dt.datetime
    until: dt.datetime
    now: dt.datetime
    question: Question
    looks: tuple[Opportunity, ...]
    worth: tuple[float, ...]
    choice: Choice
    sky: Sky
    budget: Budget | None
    money: str
    drifting: tuple[str, ...] = ()
    """Satellites that have left the tracks which their sensor's satellites keep."""
    waits: SiteWaits | None = None
    """Of something that is erected in what is left of the window; None: it is over."""

    @property
    def place(self) -> dict[int, int]:
        """By number of the opportunity, its place among the chosen ones, from 1."""
        return {one.number: n for n, one in enumerate(self.choice.chosen, start=1)}

    @property
    def why(self) -> dict[int, str]:
        """By number of the opportunity, why it was chosen."""
        return {one.number: one.why for one in self.choice.chosen}

    @property
    def over(self) -> bool:
        """True: the window lies in the past."""
        return self.until <= self.now

    @property
    def past(self) -> tuple[str, ...]:
        """What must be said of a window that is over, or begun; nothing of one that is to come."""
        if self.over:
            told = (
                f"The window ended on {self.until:%Y-%m-%d}: no look can be taken there any more; what was seen then is"
            )
            return (f"{told} in `sitewatch looks list`.",)
        gone = sum(look.start < self.now for look in self.looks)
        if not gone:
            return ()
        many = "1 of these passes is" if gone == 1 else f"{gone} of these passes are"
        return (f"{many} over by {self.now:%Y-%m-%d %H:%M} UTC, and not chosen.",)


def tell(plan: Plan, *, as_json: bool, ics: Path | None, picture: Path | None) -> None:
    """Write the files that are asked for, and print the plan.

    Raises:
        OutputError: a file cannot be written.
    """
    from sitewatch.planning import agenda
    from sitewatch.report import passes_picture

    site, caveats = plan.asked.record.site, plan.asked.caveats
    caveat = " ".join(caveats) or None
    if ics is not None:
        try:
            write_whole(ics, agenda(site, plan.looks, chosen=plan.why, now=plan.now, caveat=caveat))
        except OSError as error:
            raise OutputError(f"{ics}: cannot be written ({error.strerror}); choose another file") from error
    if picture is not None:
        title = f"Passes over {site.name}"
        drawn = passes_picture(
            plan.looks, chosen=plan.place, since=plan.since, until=plan.until, title=title,
            caveats=(*caveats, *plan.past),
        )  # fmt: skip
        draw(picture, drawn)
    if as_json:
        print_json(_document(plan))
        return
    for sentence in caveats:
        say(sentence)
    _print_table(plan)
    for sentence in _sentences(plan):
        say(sentence)
    for file in (ics, picture):
        if file is not None:
            print(file)


def _print_table(plan: Plan) -> None:
    resolved = any(look.p_resolved is not None for look in plan.looks)
    planned = any(look.passing.planned is not None for look in plan.looks)
    columns = [
        "",
        "when (UTC)",
        "satellite",
        "flight",
        "orbit>",
        "sun>",
        "clear>",
        "by",
        *(["resolved>"] if resolved else []),
    ]
    columns += [*(["in plan"] if planned else []), "cost>", f"worth, {plan.choice.unit}>"]
    rows = []
    for number, look in enumerate(plan.looks):
        seen = look.passing
        place = plan.place.get(number)
        in_plan = {True: "yes", False: "no", None: ""}[seen.planned]
        rows.append(
            (
                f"● {place}" if place else "",
                f"{seen.start:%Y-%m-%d %H:%M}",
                seen.satellite,
                seen.direction,
                "" if seen.relative_orbit is None else seen.relative_orbit,
                f"{seen.sun_elevation:.0f}°",
                f"{look.p_clear:.0%}",
                look.clear_by,
                *(["" if look.p_resolved is None else f"{look.p_resolved:.0%}"] if resolved else []),
                *([in_plan] if planned else []),
                _cost(look),
                f"{plan.worth[number]:.3f}" if plan.choice.unit == "bits" else f"{plan.worth[number]:.1f}",
            )
        )
    print_table(columns, rows, none=f"No pass from {plan.since:%Y-%m-%d %H:%M} to {plan.until:%Y-%m-%d %H:%M} UTC.")


def _cost(look: Opportunity) -> str:
    if look.cost is None:
        return "not told"
    from sitewatch.planning import HOURS, KM2, SCENES

    told = [f"{amount:g} {unit}" for unit, amount in look.cost.items() if unit not in (HOURS, KM2, SCENES)]
    told += [f"{60 * look.cost[HOURS]:.0f} min"] if HOURS in look.cost else []
    return ", ".join(told) or "free"


def _nothing(question: Question) -> str:
    """What to say where no look adds anything."""
    from sitewatch.planning import Deadline

    if isinstance(question, Deadline) and question.day <= question.after:
        return (
            f"The deadline, {question.day:%Y-%m-%d %H:%M} UTC, lies before the last look or, without looks, the begin "
            f"of the window ({question.after:%Y-%m-%d %H:%M} UTC): no look to come tells what changed by then."
        )
    return "No look that can be had adds anything to what is known."


def _assumed(plan: Plan) -> list[str]:
    """What is taken for what stands, and for how it turns, where no look tells."""
    from sitewatch.planning import Explaining, Standing

    question = plan.question
    if isinstance(question, Explaining) or plan.over or plan.asked.used(plan.now):
        return []
    if isinstance(question, Standing):
        told = (
            f"that {question.name} stands is taken for as likely as not at the begin of the window, and one turn a year"
        )
    else:
        told = "it is taken that nothing had changed by the begin of the window, and one change a year"
    return [f"No look is known here: {told}."]


def _sentences(plan: Plan) -> list[str]:
    from sitewatch.planning import HOURS

    told = list(plan.past)
    told += [
        f"{name} has left its tracks, and its images may have ended: elements do not tell." for name in plan.drifting
    ]
    names = [f"{look.passing.start:%Y-%m-%d %H:%M} {look.passing.satellite}" for look in plan.looks]
    told += [f"{n}. {names[one.number]}. {one.why}" for n, one in enumerate(plan.choice.chosen, start=1)]
    choice = plan.choice
    digits = 2 if choice.unit == "bits" else 1
    open_, worth = f"{choice.open:.{digits}f}", f"{choice.worth:.{digits}f}"
    if choice.chosen:
        what = "the mean bracket" if choice.unit == "days" else "what is not known"
        told.append(f"Together they are expected to take {worth} of {open_} {choice.unit} of {what}.")
    elif plan.looks and not plan.over:
        told.append(_nothing(plan.question))
    if plan.budget is not None and choice.spent is not None:
        caps = plan.budget.caps
        spent = (f"{choice.spent.spent.get(unit, 0.0):g} of {cap:g} {unit}" for unit, cap in caps.items())
        told.append(f"With these looks {', '.join(spent)} are spent.")
        if HOURS in caps and not any(HOURS in (look.cost or {}) for look in plan.looks):
            told.append("What a look takes of an analyst's hours is not told, and not counted; --minutes N tells it.")
        if choice.unaffordable:
            told.append(f"{choice.unaffordable} more would add something, and their cost is not told.")
    told += _assumed(plan)
    if plan.waits is not None:
        told.append(f"{plan.waits.sentence} `sitewatch looks wait` tells more.")
    return [*told, *plan.sky.sentences(plan.since)]


def _document(plan: Plan) -> dict[str, Any]:
    choice = plan.choice
    spent = None if choice.spent is None or plan.budget is None else dict(choice.spent.spent)
    return {
        "site": plan.asked.record.site.id,
        "simulated": plan.asked.record.simulated,
        "since": told_time(plan.since),
        "until": told_time(plan.until),
        "over": plan.over,
        "question": {
            "kind": type(plan.question).__name__.lower(),
            "asked": plan.question.asked,
            "open": choice.open,
            "unit": choice.unit,
        },
        "weather": plan.sky.document(plan.since),
        "wait": None if plan.waits is None else plan.waits.document(),
        "budget": None if plan.budget is None else {"caps": dict(plan.budget.caps), "spent": spent},
        "chosen": {
            "worth": choice.worth,
            "guaranteed": choice.guaranteed,
            "cost_not_told": choice.unaffordable,
            "starts": [told_time(plan.looks[one.number].start) for one in choice.chosen],
        },
        "passes": [_pass_document(plan, number) for number in range(len(plan.looks))],
    }


def _pass_document(plan: Plan, number: int) -> dict[str, Any]:
    look, worth = plan.looks[number], plan.worth[number]
    seen = look.passing
    cost = None if look.cost is None else look.cost.get(plan.money, 0.0)
    return {
        "start": told_time(seen.start),
        "satellite": seen.satellite,
        "sensor": seen.sensor,
        "direction": seen.direction,
        "relative_orbit": seen.relative_orbit,
        "row": seen.row,
        "off_nadir": round(seen.off_nadir, 2),
        "incidence": round(seen.incidence, 2),
        "side": seen.side,
        "share": seen.share,
        "sun_elevation": round(seen.sun_elevation, 2),
        "solar_time": round(seen.solar_time, 2),
        "age_days": None if seen.age_days is None else round(seen.age_days, 3),
        "error_s": None if seen.error_s is None else round(seen.error_s, 2),
        "planned": seen.planned,
        "source": seen.source,
        "over": look.start < plan.now,
        "p_pass": look.p_pass,
        "p_clear": look.p_clear,
        "p_clear_from": look.clear_by,
        "p_resolved": look.p_resolved,
        "cost": cost,
        "costs": None if look.cost is None else dict(look.cost),
        "worth": worth,
        "worth_per_cost": worth / cost if cost else None,
        "chosen": plan.place.get(number),
        "why": plan.why.get(number),
    }
