"""`sitewatch looks next`: which passes are to come, what each look is worth, and which to take."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sitewatch.cli._asked import USUAL_M, Asked, asked_of, elements_of, question_of, sensors_of
from sitewatch.cli._costs import budget_within
from sitewatch.cli._draw import check_picture, draw
from sitewatch.cli._progress import note
from sitewatch.cli._text import say
from sitewatch.cli._values import parse_day, parse_now
from sitewatch.cli._workspace import DEFAULT, AsJson, FromFolder, InWorkspace, Now, print_json, print_table
from sitewatch.errors import OptionError, OutputError
from sitewatch.whole import write_whole

if TYPE_CHECKING:
    from sitewatch.planning import Budget, Choice, ClearOdds, Elements, Opportunity, Question, Sensor
    from sitewatch.structures import Structure

__all__ = ["NEXT_EXAMPLES", "next_"]

NEXT_EXAMPLES = """
Examples:

    sitewatch looks next plant.geojson --elements s2.tle

    sitewatch looks next plant --question standing:shelter --budget 500eur,2h --minutes 20 --sensors skysat.toml

    sitewatch looks next plant --case plant.yaml --ics looks.ics --picture looks.svg

    sitewatch looks next plant --question deadline:2026-10-10 --json
"""

_DAYS = 14
"""Length of the window, unless it is told: farther ahead elements are too old."""
_MOST_DAYS = 366
_MOST = 3
"""Looks that are chosen where there is no budget."""


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """All that is told."""

    asked: Asked
    since: dt.datetime
    until: dt.datetime
    question: Question
    looks: tuple[Opportunity, ...]
    worth: tuple[float, ...]
    choice: Choice
    odds: ClearOdds
    budget: Budget | None
    money: str

    @property
    def place(self) -> dict[int, int]:
        """By number of the opportunity, its place among the chosen ones, from 1."""
        return {one.number: n for n, one in enumerate(self.choice.chosen, start=1)}

    @property
    def why(self) -> dict[int, str]:
        """By number of the opportunity, why it was chosen."""
        return {one.number: one.why for one in self.choice.chosen}


def next_(
    site: Annotated[
        str, typer.Argument(metavar="SITE", help="A site of the workspace, or a SITE.geojson, which needs none.")
    ],
    since: Annotated[str | None, typer.Option(metavar="DATE", help="Begin of the window; default now.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Its last day; default 14 days on.")] = None,
    elements: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="Orbital elements (two-line or OMM); any number. Default: the workspace's setting."
        ),
    ] = None,
    sensors: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Further constellations, with their pixels and costs (TOML or JSON)."),
    ] = None,
    plan: Annotated[
        list[Path] | None, typer.Option(metavar="KML", help="Acquisition plans of Sentinel-2; any number.")
    ] = None,
    case: Annotated[Path | None, typer.Option(metavar="CASE.yaml", help="The case that looks are to decide.")] = None,
    record: FromFolder = None,
    question: Annotated[
        str | None,
        typer.Option(
            metavar="Q",
            help="standing:NAME[@DATE], deadline:[NAME@]DATE, bracket[:NAME] or case. Default: the case, else how "
            "closely the next change would be dated.",
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(metavar="CAPS", help="What looks may cost, like 500eur,2h,100km2. Caps hold too."),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(metavar="N", help="Minutes that an analyst takes for a look; default not counted.")
    ] = None,
    size: Annotated[
        float | None,
        typer.Option(metavar="M", help="Smallest side of what is looked for, m; default the structure's, else 30."),
    ] = None,
    stale: Annotated[
        bool, typer.Option("--stale", help="Predict also more than 14 days from the epoch of the elements.")
    ] = False,
    ics: Annotated[Path | None, typer.Option(metavar="FILE.ics", help="Write the passes as a calendar.")] = None,
    picture: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Draw the passes along time.")] = None,
    as_json: AsJson = False,
    workspace: InWorkspace = DEFAULT,
    now: Now = None,
) -> None:
    """Tell which satellites pass, how likely each sees the site, what it would tell, and which looks to take."""
    from sitewatch.planning import RADAR_SENSORS, clear_odds, read_budget

    moment = parse_now(now)
    begin = parse_day("--since", since) or moment
    if picture is not None:
        check_picture(picture)
    if ics is not None and ics.suffix.lower() != ".ics":
        raise OptionError(f"--ics must be a file that ends in .ics, got {ics.name!r}")
    caps = None if budget is None else read_budget(budget)
    _check_numbers(minutes, size, caps)
    known = asked_of(site, record, case, workspace, None if now is None else moment)
    if known.in_workspace:
        title = "" if known.case is None else known.case.title
        caps = budget_within(workspace, caps, site=known.record.site.id, case=title)
    carried = sensors_of(sensors)
    orbits = elements_of(elements or (), workspace, moment)
    end = _end(until, begin, carried, orbits, stale=stale)
    told, structure = question_of(question, known, since=begin, until=end, now=moment)
    _tell_missing(carried, orbits)
    odds = clear_odds(
        [k for k in known.record.looks if k.captured is not None and k.captured <= moment],
        radar_sensors={*RADAR_SENSORS, *(one.name for one in carried if one.min_sun is None)},
    )
    looks = _looks(
        known, carried, orbits, odds,
        since=begin, until=end, stale=stale, plans=plan or (), structure=structure, size=size, minutes=minutes,
        budget=caps,
    )  # fmt: skip
    _print(_weigh(known, begin, end, told, looks, odds, caps), as_json=as_json, ics=ics, picture=picture, now=moment)


def _end(
    until: str | None, begin: dt.datetime, sensors: Sequence[Sensor], elements: Sequence[Elements], *, stale: bool
) -> dt.datetime:
    """The end of the window: unless it is told, as far ahead as the elements reach."""
    from sitewatch.planning import MAX_AGE_DAYS

    told = parse_day("--until", until, end=True)
    end = told or begin + dt.timedelta(days=_DAYS)
    if end <= begin:
        raise OptionError(f"--until {end:%Y-%m-%d} must lie after --since {begin:%Y-%m-%d}; exchange them")
    if (end - begin).days > _MOST_DAYS:
        raise OptionError(f"the window must be a year at most, got {(end - begin).days} days; shorten it")
    carried = [e for e in elements if any(s.satellite(e.number, e.name) is not None for s in sensors)]
    if told is not None or stale or not carried:
        return end
    newest = {e.number: e.epoch for e in sorted(carried, key=lambda e: e.epoch)}
    reach = min(newest.values()) + dt.timedelta(days=MAX_AGE_DAYS)
    if begin < reach < end:
        note(f"the window ends on {reach:%Y-%m-%d %H:%M} UTC: from there the oldest elements are too old")
        return reach
    return end


def _check_numbers(minutes: float | None, size: float | None, budget: Budget | None) -> None:
    from sitewatch.planning import HOURS

    if minutes is not None and not 0 < minutes <= 10_000:
        raise OptionError(f"--minutes must be above 0 and at most 10000, got {minutes:g}")
    if size is not None and not 0 < size <= 100_000:
        raise OptionError(f"--size must be metres above 0 and at most 100000, got {size:g}")
    if budget is not None and HOURS in budget.caps and minutes is None:
        raise OptionError("--budget has hours, and what a look takes of them is not told; give --minutes N")


def _tell_missing(sensors: Sequence[Sensor], elements: Sequence[Elements]) -> None:
    missing = [s.name for s in sensors if not any(s.satellite(e.number, e.name) is not None for e in elements)]
    if missing and len(missing) < len(sensors):
        note(f"no elements of {', '.join(missing)}: their passes are not told")


def _looks(
    known: Asked, sensors: Sequence[Sensor], elements: Sequence[Elements], odds: ClearOdds, *,
    since: dt.datetime, until: dt.datetime, stale: bool, plans: Sequence[Path], structure: Structure | None,
    size: float | None, minutes: float | None, budget: Budget | None,
) -> tuple[Opportunity, ...]:  # fmt: skip
    from sitewatch.planning import MONEY, opportunities, passes, read_plan, smallest_side, with_plan
    from sitewatch.site import metric_crs, project

    site = known.record.site
    found = passes(site, elements, sensors, since=since, until=until, stale=stale)
    for file in plans:
        found = with_plan(found, read_plan(file), site=site, since=since, until=until)
    side = size or (USUAL_M if structure is None else smallest_side(structure.footprint, site))

    def blind(sensor: Sensor) -> bool:
        # Radar may never see what a camera sees: as in an assessment, it counts where it has seen the thing.
        seen_by = () if structure is None else structure.sensors
        radar = sensor.min_sun is None
        return radar and bool(seen_by) and not any(one.split(" ")[0] == sensor.name for one in seen_by)

    return opportunities(
        found,
        sensors,
        chance=odds.chance,
        thing_m=side,
        blind=blind,
        hours=None if minutes is None else minutes / 60,
        money=MONEY if budget is None else budget.money,
        km2=float(project(site.outline, to=metric_crs(site)).area) / 1e6,
    )


def _weigh(
    known: Asked, since: dt.datetime, until: dt.datetime, question: Question, looks: tuple[Opportunity, ...],
    odds: ClearOdds, budget: Budget | None,
) -> _Plan:  # fmt: skip
    from sitewatch.planning import MONEY, best_set, worths

    return _Plan(
        asked=known,
        since=since,
        until=until,
        question=question,
        looks=looks,
        worth=worths(question, looks),
        choice=best_set(question, looks, budget=budget, most=_MOST if budget is None else None),
        odds=odds,
        budget=budget,
        money=MONEY if budget is None else budget.money,
    )


def _print(plan: _Plan, *, as_json: bool, ics: Path | None, picture: Path | None, now: dt.datetime) -> None:
    from sitewatch.planning import agenda
    from sitewatch.report import passes_picture

    site = plan.asked.record.site
    if ics is not None:
        try:
            write_whole(ics, agenda(site, plan.looks, chosen=plan.why, now=now))
        except OSError as error:
            raise OutputError(f"{ics}: cannot be written ({error.strerror}); choose another file") from error
    if picture is not None:
        title = f"Passes over {site.name}"
        draw(
            picture,
            passes_picture(plan.looks, chosen=plan.place, since=plan.since, until=plan.until, title=title),
        )
    if as_json:
        print_json(_document(plan))
        return
    _print_table(plan)
    for sentence in _sentences(plan):
        say(sentence)
    for file in (ics, picture):
        if file is not None:
            print(file)


def _print_table(plan: _Plan) -> None:
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


def _sentences(plan: _Plan) -> list[str]:
    told = []
    names = [f"{look.passing.start:%Y-%m-%d %H:%M} {look.passing.satellite}" for look in plan.looks]
    told += [f"{n}. {names[one.number]}. {one.why}" for n, one in enumerate(plan.choice.chosen, start=1)]
    choice = plan.choice
    digits = 2 if choice.unit == "bits" else 1
    open_, worth = f"{choice.open:.{digits}f}", f"{choice.worth:.{digits}f}"
    if choice.chosen:
        what = "the mean bracket" if choice.unit == "days" else "what is not known"
        told.append(f"Together they are expected to take {worth} of {open_} {choice.unit} of {what}.")
    elif plan.looks:
        told.append("No look that can be had adds anything to what is known.")
    if plan.budget is not None and choice.spent is not None:
        caps = plan.budget.caps
        spent = (f"{choice.spent.spent.get(unit, 0.0):g} of {cap:g} {unit}" for unit, cap in caps.items())
        told.append(f"With these looks {', '.join(spent)} are spent.")
        if choice.unaffordable:
            told.append(f"{choice.unaffordable} more would add something, and their cost is not told.")
    told.append(_weather(plan))
    return told


def _weather(plan: _Plan) -> str:
    odds = plan.odds
    if odds.looks == 0:
        return (
            "There is no ledger of looks: how likely it is clear is the mean over land, the same for every day. "
            "Watch the site to learn its own weather."
        )
    return f"How likely it is clear is learned from {odds.looks} looks, {odds.clear} of them clear."


def _document(plan: _Plan) -> dict[str, Any]:
    choice = plan.choice
    spent = None if choice.spent is None or plan.budget is None else dict(choice.spent.spent)
    return {
        "site": plan.asked.record.site.id,
        "since": _told(plan.since),
        "until": _told(plan.until),
        "question": {
            "kind": type(plan.question).__name__.lower(),
            "asked": plan.question.asked,
            "open": choice.open,
            "unit": choice.unit,
        },
        "weather": {
            "looks": plan.odds.looks,
            "clear": plan.odds.clear,
            "prior_only": plan.odds.looks == 0,
            "sentence": _weather(plan),
        },
        "budget": None if plan.budget is None else {"caps": dict(plan.budget.caps), "spent": spent},
        "chosen": {
            "worth": choice.worth,
            "guaranteed": choice.guaranteed,
            "cost_not_told": choice.unaffordable,
            "starts": [_told(plan.looks[one.number].start) for one in choice.chosen],
        },
        "passes": [_pass_document(plan, number) for number in range(len(plan.looks))],
    }


def _pass_document(plan: _Plan, number: int) -> dict[str, Any]:
    look, worth = plan.looks[number], plan.worth[number]
    seen = look.passing
    cost = None if look.cost is None else look.cost.get(plan.money, 0.0)
    return {
        "start": _told(seen.start),
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
        "p_pass": look.p_pass,
        "p_clear": look.p_clear,
        "p_resolved": look.p_resolved,
        "cost": cost,
        "costs": None if look.cost is None else dict(look.cost),
        "worth": worth,
        "worth_per_cost": worth / cost if cost else None,
        "chosen": plan.place.get(number),
        "why": plan.why.get(number),
    }


def _told(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
