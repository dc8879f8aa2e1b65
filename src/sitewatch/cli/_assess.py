"""`sitewatch assess`: which explanation of a case holds, how sure that is, and what it rests on."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sitewatch.cli._draw import check_picture, draw
from sitewatch.cli._expansion import pixel_in
from sitewatch.cli._text import say
from sitewatch.cli._values import parse_now, parse_past, present
from sitewatch.cli._workspace import (
    DEFAULT,
    AsJson,
    FromFolder,
    InWorkspace,
    Now,
    Untold,
    opened,
    print_json,
    print_table,
    tell_hindsight,
)
from sitewatch.errors import InputError, OptionError

if TYPE_CHECKING:
    from sitewatch.assessment import Assessment, Room, SiteRecord
    from sitewatch.case import Case

__all__ = ["ASSESS_EXAMPLES", "assess", "load_record", "record_of"]

ASSESS_EXAMPLES = """
Examples:

    sitewatch assess plant.yaml

    sitewatch assess plant.yaml --at 2019-12-21

    sitewatch assess plant.yaml --page judgement.html --picture judgement.svg

    sitewatch assess plant.yaml --record OUT --untold shelter --json
"""


def assess(
    case: Annotated[Path, typer.Argument(metavar="CASE.yaml", help="The case file.")],
    record: FromFolder = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Judge as of the end of that day, with what was known then; default now."),
    ] = None,
    untold: Untold = None,
    draws: Annotated[int, typer.Option(min=1, max=100_000, help="Draws of what is not known of likelihoods.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of the draws.")] = 0,
    page: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Write one page on which the judgement can be checked line by line."),
    ] = None,
    picture: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Draw it into this file.")] = None,
    as_json: AsJson = False,
    workspace: InWorkspace = DEFAULT,
    now: Now = None,
) -> None:
    """Judge a case: how probable each explanation is, what carries that, and what would change it."""
    from sitewatch.assessment import assess as judge
    from sitewatch.assessment import assessment_document, capacity_document, rooms
    from sitewatch.case import read_case

    if page is not None and page.suffix.lower() not in (".html", ".htm"):
        raise OptionError(f"--page must be a file that ends in .html, got {page.name!r}")
    if picture is not None:
        check_picture(picture)
    moment = _moment(at)
    asked = read_case(case)
    known = load_record(asked, case, record, workspace, None if at is None else moment, frozenset(untold or ()))
    found = judge(asked, known, at=moment, draws=draws, seed=seed)
    room = rooms(asked, known, found)
    if page is not None:
        _write_page(page, asked, case, known, found, room, made=parse_now(now))
    if picture is not None:
        _draw_picture(picture, asked, known, found)
    if as_json:
        told = [{"indicator": one.indicator, **capacity_document(one.capacity)} for one in room]
        print_json({**assessment_document(found), "simulated": known.simulated, "capacity": told})
        return
    tell_hindsight([known.site.id] if known.hindsight else [])
    _print_sentences(known, found, room)
    _print_tables(found)
    for file in (page, picture):
        if file is not None:
            print(file)


def _write_page(
    page: Path,
    asked: Case,
    case: Path,
    known: SiteRecord,
    found: Assessment,
    room: Sequence[Room],
    *,
    made: dt.datetime,
) -> None:
    from sitewatch import __version__
    from sitewatch.report import write_judgement

    write_judgement(
        page,
        case=asked,
        record=known,
        found=found,
        rooms=room,
        case_sha256=hashlib.sha256(case.read_bytes()).hexdigest(),
        version=__version__,
        now=made,
    )


def _draw_picture(picture: Path, asked: Case, known: SiteRecord, found: Assessment) -> None:
    from sitewatch.report import judgement_picture

    draw(picture, judgement_picture(asked, known, found))


def _print_sentences(known: SiteRecord, found: Assessment, room: Sequence[Room]) -> None:
    from sitewatch.assessment import SIMULATED, capacity_sentences, paragraph

    if known.simulated:
        say(SIMULATED)
    for clause in paragraph(found):
        say(clause.text)
    for one in room:
        for sentence in capacity_sentences(one.capacity):
            say(sentence)


def load_record(
    case: Case, file: Path, record: Path | None, workspace: str, at: dt.datetime | None, untold: frozenset[str]
) -> SiteRecord:
    """What is known of a case's site: from a folder of results where one is given, else from the workspace.

    Args:
        case: the case.
        file: where it was read from.
        record: a folder that `sitewatch watch --out` wrote.
        workspace: where the site is watched.
        at: what was known then; None: now. A folder holds what its run knew.
        untold: structures that may be named and were not seen yet.

    Raises:
        InputError: the folder is about another site, or the site is not watched.
    """
    known = record_of(case.site, record, workspace, at, untold)
    if known.site.id != case.site:
        raise InputError(
            f"{file}: is about site {case.site!r}, and {record} holds {known.site.id!r}; give its own folder"
        )
    return known


def record_of(
    site: str, record: Path | None, workspace: str, at: dt.datetime | None, untold: frozenset[str]
) -> SiteRecord:
    """What is known of a site: of the folder where one is given, else of the workspace's site of that id."""
    return _from_workspace(workspace, site, at, untold) if record is None else _from_folder(record, untold)


def _moment(at: str | None) -> dt.datetime:
    """The time that is judged; none that is still to come."""
    now = present()
    return min(parse_past("--at", at) or now, now)


def _from_folder(folder: Path, untold: frozenset[str]) -> SiteRecord:
    from sitewatch.assessment import SiteRecord
    from sitewatch.cube import read_looks
    from sitewatch.site import read_site
    from sitewatch.structures import read_structures

    structures, head, said = read_structures(folder / "structures.geojson")
    return SiteRecord(
        site=read_site(folder / "site.geojson"),
        structures=structures,
        looks=read_looks(folder / "looks.geojson"),
        names={key: one.name for key, one in said.items() if one.name},
        confirmed=frozenset(key for key, one in said.items() if one.confirmed),
        rejected=frozenset(key for key, one in said.items() if one.rejected),
        untold=untold,
        pixel_m=pixel_in(head),
        simulated=bool(head.get("simulated")),
    )


def _from_workspace(workspace: str, site: str, at: dt.datetime | None, untold: frozenset[str]) -> SiteRecord:
    """What the store knows of a site, or knew then; what it knows since may be named, and had not been seen."""
    from sitewatch.assessment import SiteRecord
    from sitewatch.store import last_run, load_site

    with opened(workspace) as space, space.store.reading() as connection:
        known = load_site(connection, site, at=at)
        today = known if at is None else load_site(connection, site)
        run = last_run(connection, site, searched=True, at=at) or last_run(connection, site, searched=True)
    head = {} if run is None else run["head"]
    told = {key: one for key, one in known.structures.items() if key in known.claimed | known.confirmed}
    later = {one.id for key, one in today.structures.items() if key not in told}
    later |= {name for key, name in today.names.items() if key not in told}
    # What a structure is called is no knowledge of what stands there: a name that it was given later is good for it.
    names = {one.id: name for key, one in told.items() if (name := today.names.get(key) or known.names.get(key))}
    return SiteRecord(
        site=known.site,
        structures=tuple(told.values()),
        looks=known.looks,
        names=names,
        confirmed=frozenset(told[key].id for key in known.confirmed if key in told),
        rejected=frozenset(told[key].id for key in known.rejected if key in told),
        untold=untold | later,
        hindsight=known.hindsight,
        pixel_m=pixel_in(head),
        simulated=bool(head.get("simulated")),
    )


def _print_tables(found: Assessment) -> None:
    from sitewatch.assessment import matrix, percent

    print_table(
        ("explanation", "before>", "now>", "80 % band>", "in words", "goes on now>"),
        (
            (h.title, percent(h.prior), percent(h.probability), f"{percent(h.low)} to {percent(h.high)}", h.word.value,
             percent(h.going_on))
            for h in found.hypotheses
        ),
        none="",
    )  # fmt: skip
    rows = [(row.title, *(cell.symbol for cell in row.cells)) for row in matrix(found)]
    if rows:
        print_table(("evidence", *(h.key for h in found.hypotheses)), rows, none="")
