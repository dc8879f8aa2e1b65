"""`sitewatch forecast issue`: how likely the event of a case is in each of its windows."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sitewatch.cli._assess import load_record
from sitewatch.cli._draw import check_picture, draw
from sitewatch.cli._progress import note, progress_bars
from sitewatch.cli._tables import read_days
from sitewatch.cli._text import say
from sitewatch.cli._values import parse_date, parse_now
from sitewatch.cli._workspace import (
    DEFAULT,
    AsJson,
    FromFolder,
    InWorkspace,
    Now,
    Quiet,
    Reader,
    Untold,
    opened,
    print_json,
    print_table,
    who,
)
from sitewatch.errors import InputError, OptionError

if TYPE_CHECKING:
    from sitewatch.case import Case
    from sitewatch.forecast import CaseForecast, EventRecord, GoingOn
    from sitewatch.store import Registered

__all__ = ["ISSUE_EXAMPLES", "OURS", "issue"]

OURS = "sitewatch"
"""Author of the forecasts that are made here."""
_DAY = dt.timedelta(days=1)

ISSUE_EXAMPLES = """
Examples:

    sitewatch forecast issue plant.yaml

    sitewatch forecast issue plant.yaml --at 2019-12-21 --events tests.csv --record OUT --dry-run
"""


def issue(
    case: Annotated[Path, typer.Argument(metavar="CASE.yaml", help="A case file with a `forecast`.")],
    at: Annotated[
        str | None, typer.Option(metavar="DATE", help="Day of issue, with what was known before it; default today.")
    ] = None,
    events: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="The record of events, in place of the workspace's; a column `date`."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="The record is complete from then on; default after its first event."),
    ] = None,
    record: FromFolder = None,
    untold: Untold = None,
    without_looks: Annotated[
        bool, typer.Option("--without-looks", help="Leave out what the case judges; base rate and calendar alone.")
    ] = False,
    picture: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Draw it into this file.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print it and register nothing.")] = False,
    reader: Reader = None,
    as_json: AsJson = False,
    workspace: InWorkspace = DEFAULT,
    quiet: Quiet = False,
    now: Now = None,
) -> None:
    """Say how likely the event of a case is in each window, and register it for good.

    Windows begin with the day of issue, and only what was known before that day enters. The number from the record of
    events alone stands beside it. What is registered later than a day after its issue is scored apart.
    """
    from sitewatch.assessment import SIMULATED
    from sitewatch.case import read_case
    from sitewatch.forecast import case_forecast_document, forecast_base_rate, forecast_case

    if picture is not None:
        check_picture(picture)
    asked = read_case(case)
    if asked.forecast is None:
        raise InputError(f"{case}: plans no forecast; add a `forecast:` with the `event` that it is about")
    moment = parse_now(now)
    day = _issue_day(at, moment)
    known = _events(asked, events, workspace, day=day, since=parse_date("--since", since))
    going_on, simulated, hindsight = None, False, False
    if asked.forecast.effects and not without_looks:
        going_on, simulated, hindsight = _judged(asked, case, record, workspace, day, frozenset(untold or ()))
    with progress_bars(quiet=quiet) as progress:
        base = forecast_base_rate(
            known,
            issued=day,
            since=known.began,
            horizons=sorted(set(asked.forecast.windows)),
            progress=lambda done, of: progress("fitting the base rate", done, of),
        )
    found = forecast_case(asked, base, known, going_on=going_on)
    if picture is not None:
        from sitewatch.report import forecast_picture

        draw(picture, forecast_picture(found, title=asked.title, note=SIMULATED if simulated else None))
    keys: tuple[str, ...] = ()
    if not dry_run:
        keys = _register(_registered(asked, found, case, moment, hindsight=hindsight), workspace, reader, moment)
    if as_json:
        told = {"simulated": simulated, "hindsight": hindsight, "registered": list(keys)}
        print_json({**case_forecast_document(found), **told})
        return
    if hindsight:
        note(f"what the case judges rests on what could not have been known before {day}; `sitewatch assess` says more")
    if simulated:
        say(SIMULATED)
    _print_case_forecast(found, keys)
    if picture is not None:
        print(picture)


def _issue_day(at: str | None, now: dt.datetime) -> dt.date:
    day = parse_date("--at", at) or now.date()
    if day > now.date():
        raise OptionError(f"--at {day} is still to come, today is {now:%Y-%m-%d} (UTC); give an earlier day")
    return day


def _events(case: Case, file: Path | None, workspace: str, *, day: dt.date, since: dt.date | None) -> EventRecord:
    """The record of the case's events before a day, which is taken as complete to the day before it."""
    from sitewatch.forecast import make_record

    assert case.forecast is not None
    if file is not None:
        told, lines = read_days(file)
        days, skipped, where = [one for _, one in told], len(lines), str(file)
    else:
        days, skipped = _recorded_days(case, workspace)
        where = f"the workspace's events {case.forecast.event!r}"
    before = sorted(one for one in days if one < day)
    if not before and since is None:
        raise InputError(
            f"{where}: has no event before {day}; record some with `sitewatch event import`, or say with --since from "
            "which day on there was none"
        )
    if since is not None and since >= day:
        raise OptionError(f"--since ({since}) must lie before the day of issue ({day}); give an earlier day")
    return make_record(before, began=since, until=day - _DAY, skipped=skipped)


def _recorded_days(case: Case, workspace: str) -> tuple[list[dt.date], int]:
    """Days of the events that a case asks about, and how many have no exact day."""
    from sitewatch.store import list_events, title_key

    assert case.forecast is not None
    with opened(workspace) as space, space.store.reading() as connection:
        told = [one for one in list_events(connection) if one.site in ("", case.site)]
    about = [one for one in told if title_key(one.title) == title_key(case.forecast.event)]
    exact = [one.began.date() for one in about if one.began.date() == one.ended.date()]
    return exact, len(about) - len(exact)


def _judged(
    case: Case, file: Path, record: Path | None, workspace: str, day: dt.date, untold: frozenset[str]
) -> tuple[dict[str, GoingOn], bool, bool]:
    """What the case judges with all that was known before a day; is the record simulated, and does it know more?"""
    from sitewatch.assessment import assess as judge
    from sitewatch.forecast import GoingOn

    before = dt.datetime.combine(day, dt.time(), dt.UTC) - dt.timedelta(seconds=1)
    known = load_record(case, file, record, workspace, before, untold)
    found = judge(case, known, at=before)
    told = {one.key: GoingOn(probability=one.probability, active=one.going_on) for one in found.hypotheses}
    return told, known.simulated, found.hindsight


def _registered(
    case: Case, found: CaseForecast, file: Path, moment: dt.datetime, *, hindsight: bool
) -> list[Registered]:
    from sitewatch import __version__
    from sitewatch.forecast import case_forecast_document
    from sitewatch.store import Registered

    document = case_forecast_document(found)
    detail: dict[str, Any] = {
        "case": case.title,
        "case_sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "version": __version__,
        "hindsight": hindsight,
        **{name: document[name] for name in ("factors", "left_out", "record", "days")},
    }
    issued = moment if found.issued == moment.date() else dt.datetime.combine(found.issued, dt.time(), dt.UTC)
    return [
        Registered(
            event=found.event,
            first=found.issued,
            last=found.issued + (one.days - 1) * _DAY,
            author=OURS,
            probability=round(one.probability, 6),
            base=round(one.base, 6),
            issued=issued,
            site=case.site,
            detail={**detail, "days": detail["days"][: one.days]},
        )
        for one in found.windows
    ]


def _register(told: Sequence[Registered], workspace: str, reader: str | None, moment: dt.datetime) -> tuple[str, ...]:
    from sitewatch.store import register_forecasts

    with opened(workspace) as space, space.store.writing() as connection:
        register_forecasts(connection, told, who=who(space, reader), at=moment)
    return tuple(one.key for one in told)


def _print_case_forecast(found: CaseForecast, keys: Sequence[str]) -> None:
    for one in found.windows:
        last = found.issued + (one.days - 1) * _DAY
        say(
            f"At least one {found.event} from {found.issued} to {last} ({one.days} days): "
            f"{100 * one.probability:.0f} %. The record of events alone gives {100 * one.base:.0f} %."
        )
    known = found.record
    say(
        f"The record holds {len(known.days)} event days before {found.issued}, and is taken as complete from "
        f"{known.began} on." + (f" {known.skipped} events without an exact day are left out." if known.skipped else "")
    )
    rows = ((one.title, f"x {one.ratio:.2f}", one.days, one.origin) for one in found.factors)
    print_table(("what the base rate is multiplied by", "ratio>", "days>", "origin"), rows, none="")
    for sentence in found.left_out:
        note(f"left out: {sentence}")
    if keys:
        note(f"registered as {', '.join(keys)}")
