"""`sitewatch event`: what else is recorded, beside what is seen."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sitewatch.cli._tables import dated_rows, is_whole_date
from sitewatch.cli._values import parse_as_known, parse_day, parse_now
from sitewatch.cli._workspace import (
    DEFAULT,
    AsJson,
    AsKnown,
    InWorkspace,
    Now,
    Reader,
    opened,
    print_json,
    print_table,
    who,
)
from sitewatch.errors import InputError

if TYPE_CHECKING:
    from sitewatch.store import RecordedEvent

__all__ = ["event_app"]

event_app = typer.Typer(
    no_args_is_help=True,
    help="Recorded events: statements, launches, deadlines; and the new good pictures that runs found.",
)

_COLUMNS = ("title", "source", "ended", "site")


@event_app.command(
    "add",
    epilog="""
Examples:

    sitewatch event add "Engine test announced" --began 2019-12-07 --site plant

    sitewatch event add "Exercise" --began 2020-03-01 --ended 2020-03-12 --source "press release 14"
""",
)
def add(
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What it is; events of one title count together.")],
    began: Annotated[str, typer.Option(metavar="DATE", help="The day, or the first on which it can have been.")],
    ended: Annotated[str | None, typer.Option(metavar="DATE", help="Last day on which it can have been.")] = None,
    site: Annotated[str, typer.Option(metavar="SITE", help="Site that it is about; default none.")] = "",
    source: Annotated[str, typer.Option(metavar="TEXT", help="Where it is told.")] = "",
    reader: Reader = None,
    workspace: InWorkspace = DEFAULT,
    now: Now = None,
) -> None:
    """Record an event; told again with another end or source, it takes what is otherwise. Says which it was."""
    from sitewatch.store import RecordedEvent, add_events

    start = parse_day("--began", began)
    end = parse_day("--ended", ended or began, end=True)
    assert start is not None
    assert end is not None
    event = RecordedEvent(title=title, began=start, ended=end, site=site, source=source)
    with opened(workspace) as space, space.store.writing() as connection:
        told = add_events(connection, [event], who=who(space, reader), at=parse_now(now))
    for keys, words in (
        (told.added, "new"),
        (told.changed, "changed: it was recorded with another end, source or spelling"),
        (told.known, "told already: nothing changed"),
    ):
        for key in keys:
            print(f"{key} {words}")


@event_app.command(
    "import",
    epilog="""
Examples:

    sitewatch event import launches.csv --title launch --site plant

    sitewatch event import statements.csv --source "agency archive"
""",
)
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.csv", help="Has a column `date`, and may have `title`, `source`, `ended` and `site`."
        ),
    ],
    title: Annotated[str, typer.Option(metavar="TEXT", help="Of rows without one; default the file's name.")] = "",
    site: Annotated[str, typer.Option(metavar="SITE", help="Of rows without one; default none.")] = "",
    source: Annotated[str, typer.Option(metavar="TEXT", help="Of rows without one; default the file's name.")] = "",
    reader: Reader = None,
    workspace: InWorkspace = DEFAULT,
    now: Now = None,
) -> None:
    """Record the events of a table: all of them or, where one is wrong, none. Rows without a whole date are skipped."""
    from sitewatch.store import add_events

    events, skipped = _read(file, title=title or file.stem, site=site, source=source or file.name)
    with opened(workspace) as space, space.store.writing() as connection:
        told = add_events(connection, events, who=who(space, reader), at=parse_now(now))
    print(
        f"{len(told.added)} recorded, {len(told.changed)} changed, {len(told.known)} told twice or recorded already, "
        f"{len(skipped)} skipped without a whole date"
        + (f" (line {', '.join(map(str, skipped[:5]))}{' ...' if len(skipped) > 5 else ''})" if skipped else "")
    )


@event_app.command(
    "list",
    epilog="""
Examples:

    sitewatch event list --site plant --json

    sitewatch event list --as-known 2024-03-01
""",
)
def list_(
    site: Annotated[str | None, typer.Option(metavar="SITE", help="Those about it or about no site.")] = None,
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="Those too that were withdrawn.")] = False,
    as_known: AsKnown = None,
    as_json: AsJson = False,
    workspace: InWorkspace = DEFAULT,
) -> None:
    """List recorded events by time."""
    from sitewatch.store import list_events, site_name

    moment = parse_as_known(as_known)
    with opened(workspace) as space, space.store.reading() as connection:
        if site is not None:
            site_name(connection, site)
        found = list_events(connection, site=site, withdrawn=withdrawn, at=moment)
    if as_json:
        print_json([event_document(event) for event in found])
        return
    rows = (
        (e.key, when(e.began, e.ended), e.title + (" (withdrawn)" if e.withdrawn else ""), e.site, e.source)
        for e in found
    )
    print_table(("key", "when", "event", "site", "source"), rows, none="no event is recorded")


@event_app.command("withdraw", epilog="Example:\n\n    sitewatch event withdraw e1a2b3c4")
def withdraw(
    key: Annotated[str, typer.Argument(metavar="KEY", help="As `sitewatch event list` shows it.")],
    reader: Reader = None,
    workspace: InWorkspace = DEFAULT,
    now: Now = None,
) -> None:
    """Take an event back that was recorded in error. It stays in the store, marked so, and `event add` takes it up."""
    from sitewatch.store import withdraw_event

    with opened(workspace) as space, space.store.writing() as connection:
        title = withdraw_event(connection, key, who=who(space, reader), at=parse_now(now))
    print(f"{key} {title}")


def event_document(event: RecordedEvent) -> dict[str, object]:
    """An event for JSON."""
    return {
        "event": event.key,
        "title": event.title,
        "began": f"{event.began:%Y-%m-%dT%H:%M:%SZ}",
        "ended": f"{event.ended:%Y-%m-%dT%H:%M:%SZ}",
        "site": event.site or None,
        "source": event.source,
        "withdrawn": event.withdrawn,
    }


def when(began: dt.datetime, ended: dt.datetime) -> str:
    """A span in days, as one day where it is one; with its hour where one is told."""
    told = "%Y-%m-%d" if began.time() == dt.time() else "%Y-%m-%d %H:%M"
    first, last = began.strftime(told), ended.strftime(told)
    return first if first == last else f"{first} to {last}"


def _read(file: Path, *, title: str, site: str, source: str) -> tuple[list[RecordedEvent], list[int]]:
    """The events of a table, and the lines without a whole date."""
    from sitewatch.store import RecordedEvent

    events, skipped = [], []
    for line, row in dated_rows(file, _COLUMNS):
        date, ended = row.get("date", ""), row.get("ended", "")
        if not is_whole_date(date) or (ended and not is_whole_date(ended)):
            skipped.append(line)
            continue
        start = parse_day(f"{file}, line {line}: date", date)
        end = parse_day(f"{file}, line {line}: ended", ended or date, end=True)
        assert start is not None
        assert end is not None
        if end < start:
            raise InputError(f"{file}, line {line}: ended ({ended}) lies before date ({date}); exchange them")
        events.append(
            RecordedEvent(
                title=row.get("title") or title,
                began=start,
                ended=end,
                site=row.get("site") or site,
                source=row.get("source") or source,
            )
        )
    return events, skipped
