"""`sitewatch looks list`: the ledger of looks, of a results folder or of a site of the workspace."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sitewatch.cli._draw import draw
from sitewatch.cli._orbits import settled_elements
from sitewatch.cli._progress import note
from sitewatch.cli._values import parse_as_known, parse_elements, parse_now, passes_of
from sitewatch.cli._workspace import (
    DEFAULT,
    AsJson,
    AsKnown,
    ElementsFiles,
    InWorkspace,
    opened,
    print_json,
    print_table,
)
from sitewatch.errors import InputError, OptionError

if TYPE_CHECKING:
    from sitewatch.cube import Asking, Look
    from sitewatch.planning import Elements
    from sitewatch.site import Site
    from sitewatch.store import Row

__all__ = ["looks_app"]

looks_app = typer.Typer(
    no_args_is_help=True, help="The ledger of looks, what every listed scene gave, and the looks to come."
)

_MARKS = {"used": "●", "could not see": "○", "rejected": "x", "failed": "!"}


@looks_app.callback()
def _ledger() -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class _Ledger:
    """Where looks are told."""

    site: str
    """Id."""
    name: str
    """Of the site."""
    place: Site | None
    """Where it is; None: not asked for, or the folder does not tell."""
    summaries: list[dict[str, Any]]
    """As looks.geojson tells their properties."""
    rows: list[Row] | None
    """Of the store; None: the looks come from `folder`."""
    folder: Path | None
    asked: dict[str, Any]
    """Whom the last run asked for which period."""
    orbits: tuple[Elements, ...] = ()
    """What the workspace settles, to hold a silent catalog against passes."""

    def looks(self) -> tuple[Look, ...]:
        """The looks themselves."""
        if self.rows is None:
            from sitewatch.cube import read_looks

            assert self.folder is not None
            return read_looks(self.folder / "looks.geojson")
        from sitewatch.store import look_of

        return tuple(look_of(row) for row in self.rows)


@looks_app.command(
    "list",
    epilog="""
Examples:

    sitewatch looks list plant

    sitewatch looks list plant --json

    sitewatch looks list plant --gaps

    sitewatch looks list plant --gaps --elements sentinel-2.tle

    sitewatch looks list plant --picture looks.svg

    sitewatch looks list plant --as-known 2020-01-31
""",
)
def list_(
    place: Annotated[
        str,
        typer.Argument(metavar="SITE", help="A site of the workspace, or a folder that `sitewatch watch --out` wrote."),
    ],
    as_json: AsJson = False,
    gaps: Annotated[
        bool,
        typer.Option(
            "--gaps",
            help="Only the long stretches without a used look, and why there is none; and catalogs that answer and "
            "have listed nothing for longer than their passes explain.",
        ),
    ] = False,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="Draw all looks as a calendar strip into this file.")
    ] = None,
    elements: ElementsFiles = None,
    as_known: AsKnown = None,
    workspace: InWorkspace = DEFAULT,
) -> None:
    """List what every scene gave: used, could not see, rejected or failed, and why."""
    moment = parse_as_known(as_known)
    if elements and not gaps:
        raise OptionError("--elements belongs to --gaps, which holds a silent catalog against the passes")
    if _is_folder(place):
        ledger = _from_folder(Path(place), moment)
    else:
        ledger = _from_store(place, workspace, moment, gaps=gaps)
    if not gaps and picture is None and (as_json or ledger.rows is not None):
        (print_json if as_json else _print)(ledger.summaries)
        return
    from sitewatch.cli._summary import print_gaps, print_stalls
    from sitewatch.cube import find_gaps, find_stalls

    looks = ledger.looks()
    asking = _asking(ledger)
    found = find_gaps(looks, start=asking.since, end=asking.end)
    passes = None if ledger.place is None else passes_of(parse_elements(elements or []) or ledger.orbits, ledger.place)
    stalls = find_stalls(looks, asking, site=ledger.site, passes=passes) if gaps else ()
    if picture is not None:
        from sitewatch.report import calendar_picture

        draw(picture, calendar_picture(looks, found, title=f"Looks of {ledger.name}"))
    if as_json and gaps:
        from sitewatch.cube import gap_document, stall_document

        print_json([*map(gap_document, found.found), *map(stall_document, stalls)])
        return
    if as_json:
        print_json(ledger.summaries)
        return
    if not gaps:
        _print(ledger.summaries)
    print_gaps(found)
    print_stalls(stalls)
    if picture is not None:
        print(picture)


def _is_folder(place: str) -> bool:
    return (Path(place) / "looks.geojson").is_file() or "/" in place or Path(place).is_dir()


def _from_folder(folder: Path, moment: dt.datetime | None) -> _Ledger:
    from sitewatch.cube import looks_document, read_looks, read_looks_head
    from sitewatch.site import read_site

    if moment is not None:
        raise OptionError(f"--as-known needs a site of the workspace; {folder} is a folder, which has one state only")
    features: Any = looks_document(read_looks(folder / "looks.geojson"))["features"]
    site = read_site(folder / "site.geojson") if (folder / "site.geojson").exists() else None
    return _Ledger(
        site=folder.name if site is None else site.id,
        name=folder.name if site is None else site.name,
        place=site,
        summaries=[feature["properties"] for feature in features],
        rows=None,
        folder=folder,
        asked=dict(read_looks_head(folder / "looks.geojson")),
    )


def _from_store(site: str, workspace: str, moment: dt.datetime | None, *, gaps: bool) -> _Ledger:
    """The ledger of a site of the workspace; for gaps its place and elements too, for which rooms must be imported."""
    from sitewatch.store import get_site, last_run, look_rows, look_summary, site_name

    with opened(workspace) as space, space.store.reading() as connection:
        name = site_name(connection, site, at=moment)
        rows, hindsight = look_rows(connection, site, at=moment)
        run = last_run(connection, site, at=moment)
        watched = get_site(connection, site) if gaps else None
        orbits = settled_elements(space, parse_now(None)) if gaps else ()
    if hindsight:
        note(f"{site} was not watched yet: these are the looks published by then, as they are known today")
    return _Ledger(
        site=site,
        name=name,
        place=None if watched is None else watched.site,
        summaries=[look_summary(row) for row in rows],
        rows=rows,
        folder=None,
        asked={} if run is None else run["asking"],
        orbits=orbits,
    )


def _asking(ledger: _Ledger) -> Asking:
    """Whom the run behind a ledger asked; what is not told counts as open."""
    from sitewatch.cube import Asking

    try:
        return Asking.read(ledger.asked, run=parse_now(None))
    except (ValueError, TypeError, AttributeError) as error:
        where = ledger.name if ledger.folder is None else ledger.folder / "looks.geojson"
        raise InputError(f"{where}: its head is damaged ({error}); run `sitewatch watch` again") from error


def _print(looks: Sequence[dict[str, Any]]) -> None:
    """A table of looks, one line each."""
    shifted = any(look["shift_m"] is not None for look in looks)
    several = len({name for look in looks for name in look["listed_by"]}) > 1
    columns = ["captured (UTC)", "scene", "outcome", "clear>", *(["shift, m>"] if shifted else []), "reason"]
    print_table(
        columns + (["listed by"] if several else []),
        (
            (
                (look["captured"] or "unknown").replace("T", " ").removesuffix("Z"),
                look["scene"],
                f"{_MARKS[look['outcome']]} {look['outcome']}",
                "" if look["clear_share"] is None else f"{look['clear_share']:.0%}",
                *(["" if look["shift_m"] is None else f"{look['shift_m']:.1f}"] if shifted else []),
                look["reason"],
                *([", ".join(look["listed_by"])] if several else []),
            )
            for look in looks
        ),
        none="No scene is listed.",
    )
