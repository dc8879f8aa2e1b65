"""`sitewatch forecast`: chances of events, and what such chances were worth."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sitewatch.cli._draw import check_picture, draw
from sitewatch.cli._progress import note, progress_bars
from sitewatch.cli._tables import read_days
from sitewatch.cli._text import say
from sitewatch.cli._values import parse_date, parse_now
from sitewatch.cli._workspace import AsJson, Now, Quiet, print_json, print_table
from sitewatch.errors import InputError, OptionError

if TYPE_CHECKING:
    from sitewatch.forecast import Backtest, EventRecord

__all__ = ["forecast_app"]

forecast_app = typer.Typer(no_args_is_help=True, help="Chances of events in the days to come, and how good they were.")

_LONGEST = 3650
"""Days of a window, and between two forecasts."""
_DAY = dt.timedelta(days=1)


@forecast_app.command(
    "backtest",
    epilog="""
Examples:

    sitewatch forecast backtest launches.csv

    sitewatch forecast backtest launches.csv --start 2014-01-01 --every 7 --horizons 7,14,30,90 --json
""",
)
def backtest(
    file: Annotated[
        Path, typer.Argument(metavar="EVENTS.csv", help="Has a column `date`; rows without a whole date are skipped.")
    ],
    start: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Day of the first forecast; default after a third of the record."),
    ] = None,
    end: Annotated[str | None, typer.Option(metavar="DATE", help="Day of the last; default the record's end.")] = None,
    every: Annotated[int, typer.Option(metavar="DAYS", help="Days between two.")] = 7,
    horizons: Annotated[
        str, typer.Option(metavar="DAYS,...", help="Lengths of the windows, each of which begins on the day of issue.")
    ] = "7,14,30,90",
    until: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Last day on which the record is complete; default its last date."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help="The record is complete from then on at the latest, and running forecasts learn from windows since; "
            "default two years before --start.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the intervals.", min=0)] = 0,
    picture: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Draw how often chances came true.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    now: Now = None,
) -> None:
    """Score forecasts of the record's own past, each made from what was known on its day.

    The question is whether there is at least one event in a window. Known on day t are the events before it, the
    window is the days t to t + h - 1, and windows that end after the record are not scored. Beside the forecasts stand
    what simple rules would have said.
    """
    from sitewatch.forecast import backtest as run
    from sitewatch.forecast import backtest_document, backtest_sentences

    if picture is not None:
        check_picture(picture)
    lengths = _horizons(horizons)
    if not 1 <= every <= _LONGEST:
        raise OptionError(f"--every must be 1 to {_LONGEST} days, got {every}")
    record = _record(file, until=parse_date("--until", until), today=parse_now(now).date())
    first, learn = _start(record, file, parse_date("--start", start), parse_date("--since", since))
    last = parse_date("--end", end)
    if last is not None and last < first:
        raise OptionError(f"--end ({last}) lies before the first forecast ({first}); exchange --start and --end")
    open_ = [length for length in lengths if first + (length - 1) * _DAY > record.until]
    if open_:
        raise OptionError(
            f"--horizons {open_[0]}: no window of {open_[0]} days from {first} on ends by {record.until}, where "
            f"{file} ends; give shorter ones, an earlier --start, or a later --until if it is complete"
        )
    record = _complete_since(record, learn)
    with progress_bars(quiet=quiet) as progress:
        found = run(
            record,
            start=first,
            since=learn,
            end=last,
            every=every,
            horizons=lengths,
            seed=seed,
            progress=lambda done, of: progress("issuing forecasts", done, of),
        )
    if picture is not None:
        from sitewatch.report import reliability_picture

        draw(picture, reliability_picture(found, title=f"How often chances came true: {file.name}"))
    if as_json:
        print_json(backtest_document(found))
        return
    for sentence in backtest_sentences(found):
        say(sentence)
    _print_scores(found)
    if picture is not None:
        print(picture)


def _print_scores(found: Backtest) -> None:
    from sitewatch.forecast import Baseline

    columns = ("days>", "n>", "rate>", "Brier>", "log score>", "slope>", *(f"{name.value}>" for name in Baseline))
    rows = []
    for one in found.horizons:
        told = one.score
        cells = [one.horizon, told.n, f"{told.event_rate:.2f}", f"{told.brier:.4f}", f"{told.log_score:.4f}"]
        cells.append("" if told.slope is None else f"{told.slope:.2f}")
        rows.append([*cells, *(f"{one.baselines[name].brier:.4f}" for name in Baseline)])
    print_table(columns, rows, none="")
    note(
        "Brier scores, smaller is better. recent: the one-bit rule; climatology: how often so far; poisson: the rate "
        "so far; in-sample climatology knows the future, and is no fair rival."
    )


def _horizons(text: str) -> tuple[int, ...]:
    try:
        lengths = [int(part) for part in text.split(",")]
    except ValueError:
        raise OptionError(f"--horizons must be whole days such as 7,14,30,90, got {text[:60]!r}") from None
    wrong = [length for length in lengths if not 1 <= length <= _LONGEST]
    if wrong:
        raise OptionError(f"--horizons must be 1 to {_LONGEST} days each, got {wrong[0]}")
    return tuple(sorted(set(lengths)))


def _record(file: Path, *, until: dt.date | None, today: dt.date) -> EventRecord:
    from sitewatch.forecast import make_record

    told, skipped = read_days(file)
    for line, day in told:
        if day > today:
            raise InputError(f"{file}, line {line}: date {day} is still to come, today is {today} (UTC); take it out")
    if not told:
        rows = f"{len(skipped)} rows, none of them with a whole date" if skipped else "no rows"
        raise InputError(f"{file}: has {rows}; give at least one event with a date such as 2019-01-31")
    if until is not None and until > today:
        raise OptionError(f"--until {until} is still to come, today is {today} (UTC); give an earlier day")
    days = [day for _, day in told]
    if until is not None and until < min(days):
        raise OptionError(f"--until ({until}) lies before the first event of {file} ({min(days)}); give a later day")
    return make_record(days, until=until, skipped=len(skipped))


def _start(record: EventRecord, file: Path, start: dt.date | None, since: dt.date | None) -> tuple[dt.date, dt.date]:
    """Day of the first forecast, and that since when windows are learned from."""
    begins = record.days[0] + _DAY
    if start is None and since is None and record.until < begins:
        raise InputError(
            f"{file}: its only event is on its last day ({record.until}), so that nothing is left to forecast; give a "
            "longer record, or with --until the day up to which it is complete"
        )
    if start is None:
        start = (since or begins) + (record.until - (since or begins)) // 3
    if start > record.until:
        raise OptionError(
            f"--start ({start}) lies after {record.until}, where {file} ends; give an earlier day, or a later --until "
            "if it is complete"
        )
    if since is None:
        if start < begins:
            raise OptionError(
                f"--start ({start}) must lie after the first event of {file} ({record.days[0]}); give a later day, or "
                "with --since the day from which on the record is complete"
            )
        return start, max(begins, _two_years_before(start))
    if since > start:
        raise OptionError(f"--since ({since}) lies after the first forecast ({start}); exchange them")
    return start, since


def _two_years_before(day: dt.date) -> dt.date:
    # There is no 29 February two years before one.
    return (
        (day - _DAY).replace(year=day.year - 2) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 2)
    )


def _complete_since(record: EventRecord, since: dt.date) -> EventRecord:
    from sitewatch.forecast import make_record

    if since >= record.began:
        return record
    return make_record(record.days, began=since, until=record.until, skipped=record.skipped)
