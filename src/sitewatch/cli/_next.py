"""`sitewatch looks next`: which passes are to come, what each look is worth, and which to take."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sitewatch.cli._asked import USUAL_M, Asked, asked_of, question_of
from sitewatch.cli._costs import budget_within
from sitewatch.cli._draw import check_picture
from sitewatch.cli._next_told import Plan, tell
from sitewatch.cli._orbits import (
    AnySite,
    OrbitFiles,
    SensorsFile,
    elements_of,
    sensors_of,
    tell_missing,
    window_end,
)
from sitewatch.cli._progress import note
from sitewatch.cli._sky import ForecastFiles, Sky, sky_over
from sitewatch.cli._values import parse_day, parse_now
from sitewatch.cli._wait import waits_over
from sitewatch.cli._workspace import DEFAULT, AsJson, FromFolder, InWorkspace, Now
from sitewatch.errors import OptionError

if TYPE_CHECKING:
    from sitewatch.planning import Budget, Elements, Opportunity, Question, Sensor
    from sitewatch.structures import Structure

__all__ = ["NEXT_EXAMPLES", "next_"]

NEXT_EXAMPLES = """
Examples:

    sitewatch looks next plant.geojson --elements s2.tle

    sitewatch looks next plant --question standing:shelter --budget 500eur,2h --minutes 20 --sensors skysat.toml

    sitewatch looks next plant --case plant.yaml --ics looks.ics --picture looks.svg

    sitewatch looks next plant --question deadline:2026-10-10 --json

    sitewatch looks next plant --forecast clouds.json --forecast clouds-of-last-week.json
"""

_DAYS = 14
"""Length of the window, unless it is told: farther ahead elements are too old."""
_MOST = 3
"""Looks that are chosen where there is no budget."""


def next_(
    site: AnySite,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="Begin of the window; default now.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Its last day; default 14 days on.")] = None,
    elements: OrbitFiles = None,
    sensors: SensorsFile = None,
    forecast: ForecastFiles = None,
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
    from sitewatch.planning import read_budget

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
        if caps is not None and len(caps.currencies) > 1:
            others = " and ".join(caps.currencies[1:])
            note(f"costs of sensors are taken for {caps.money}; the caps in {others} do not hold here")
    every = sensors_of(sensors)
    orbits = elements_of(elements or (), workspace, moment)
    end = _end(until, begin, every, orbits, stale=stale)
    asked, structure = question_of(question, known, since=begin, until=end, now=moment)
    tell_missing(every, orbits)
    sky = sky_over(known, every, forecast or (), moment)
    looks = _looks(
        known, every, orbits, sky,
        since=begin, until=end, stale=stale, plans=plan or (), structure=structure, size=size, minutes=minutes,
        budget=caps,
    )  # fmt: skip
    found = _weigh(known, begin, end, moment, asked, looks, sky, caps)
    found = dataclasses.replace(found, drifting=_drifting(looks, every))
    if not found.over:
        waits = waits_over(known.record.site, orbits, every, sky, since=max(begin, moment), until=end, stale=stale)
        found = dataclasses.replace(found, waits=waits)
    tell(found, as_json=as_json, ics=ics, picture=picture)


def _end(
    until: str | None, begin: dt.datetime, sensors: Sequence[Sensor], elements: Sequence[Elements], *, stale: bool
) -> dt.datetime:
    """The end of the window: unless it is told, as far ahead as the elements reach."""
    from sitewatch.planning import MAX_AGE_DAYS

    end = window_end(until, begin, days=_DAYS)
    there = [e for e in elements if any(s.satellite(e.number, e.name) is not None for s in sensors)]
    if until is not None or stale or not there:
        return end
    newest = {e.number: e.epoch for e in sorted(there, key=lambda e: e.epoch)}
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


def _looks(
    known: Asked, sensors: Sequence[Sensor], elements: Sequence[Elements], sky: Sky, *,
    since: dt.datetime, until: dt.datetime, stale: bool, plans: Sequence[Path], structure: Structure | None,
    size: float | None, minutes: float | None, budget: Budget | None,
) -> tuple[Opportunity, ...]:  # fmt: skip
    from sitewatch.planning import MONEY, opportunities, passes, read_plan, smallest_side, with_plan
    from sitewatch.site import metric_crs, project

    site = known.record.site
    found = passes(site, elements, sensors, since=since, until=until, stale=stale)
    for file in plans:
        plan = read_plan(file)
        if not (plan.since < until and since < plan.until):
            note(f"{file}: is of {plan.since:%Y-%m-%d} to {plan.until:%Y-%m-%d}, and tells nothing of the window")
        found = with_plan(found, plan, site=site, since=since, until=until)
    side = size or (USUAL_M if structure is None else smallest_side(structure.footprint, site))

    def blind(sensor: Sensor) -> bool:
        # Radar may never see what a camera sees: as in an assessment, it counts where it has seen the thing.
        seen_by = () if structure is None else structure.sensors
        radar = sensor.min_sun is None
        return radar and bool(seen_by) and not any(one.split(" ")[0] == sensor.name for one in seen_by)

    return opportunities(
        found,
        sensors,
        chance=sky.odds.chance,
        source=sky.odds.source,
        thing_m=side,
        blind=blind,
        hours=None if minutes is None else minutes / 60,
        money=MONEY if budget is None else budget.money,
        km2=float(project(site.outline, to=metric_crs(site)).area) / 1e6,
    )


def _drifting(looks: Sequence[Opportunity], sensors: Sequence[Sensor]) -> tuple[str, ...]:
    """Satellites with a pass that lies on none of the tracks that their sensor's satellites keep, sorted."""
    kept = {sensor.name for sensor in sensors if sensor.tracks is not None}
    seen = (look.passing for look in looks)
    return tuple(sorted({one.satellite for one in seen if one.sensor in kept and one.relative_orbit is None}))


def _weigh(
    known: Asked, since: dt.datetime, until: dt.datetime, now: dt.datetime, question: Question,
    looks: tuple[Opportunity, ...], sky: Sky, budget: Budget | None,
) -> Plan:  # fmt: skip
    from sitewatch.planning import MONEY, best_set, worths

    weather = sky.odds.persistence
    most = _MOST if budget is None else None
    return Plan(
        asked=known,
        since=since,
        until=until,
        now=now,
        question=question,
        looks=looks,
        worth=worths(question, looks),
        choice=best_set(question, looks, budget=budget, most=most, weather=weather, after=now),
        sky=sky,
        budget=budget,
        money=MONEY if budget is None else budget.money,
    )
