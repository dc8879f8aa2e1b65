"""`sitewatch structures` and `sitewatch structure`: what is known of them, and what an analyst knows better."""

from __future__ import annotations

import contextlib
import gc
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sitewatch.cli._progress import note as remark
from sitewatch.cli._values import parse_as_known, parse_now
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
    tell_hindsight,
    who,
)
from sitewatch.errors import InputError

if TYPE_CHECKING:
    from shapely.geometry import MultiPolygon, Polygon

__all__ = ["STRUCTURES_EXAMPLES", "Reason", "SiteId", "StructureId", "entry_in_words", "structure_app", "structures"]

STRUCTURES_EXAMPLES = """
Examples:

    sitewatch structures

    sitewatch structures plant --json

    sitewatch structures plant --as-known 2020-01-31
"""

structure_app = typer.Typer(no_args_is_help=True, help="A structure: show, name, describe and correct it.")

SiteId = Annotated[str, typer.Argument(metavar="SITE", help="Id of a watched site.")]
StructureId = Annotated[str, typer.Argument(metavar="ID", help="Its name, or any id that it has or ever had.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept.")]


def structures(
    site: Annotated[str | None, typer.Argument(metavar="[SITE]", help="Id of a watched site; default all.")] = None,
    all_kinds: Annotated[
        bool, typer.Option("--all-kinds", help="Also what is not claimed to be built: surfaces, fields, water.")
    ] = False,
    lost: Annotated[bool, typer.Option("--lost", help="Also what the last search does not claim any more.")] = False,
    as_known: AsKnown = None,
    as_json: AsJson = False,
    reader: Reader = None,
    workspace: InWorkspace = DEFAULT,
) -> None:
    """List the structures that are known, with their life and what readers say of them."""
    with _uncollected():
        _list(site, reader, workspace, as_known=as_known, as_json=as_json, all_kinds=all_kinds, lost=lost)


def _list(
    site: str | None,
    reader: str | None,
    workspace: str,
    *,
    as_known: str | None,
    as_json: bool,
    all_kinds: bool,
    lost: bool,
) -> None:
    from sitewatch.store import site_name, structure_rows

    with opened(workspace) as space, space.store.reading() as connection:
        if site is not None:
            site_name(connection, site)
        found = structure_rows(
            connection,
            viewer=who(space, reader),
            site=site,
            at=parse_as_known(as_known),
            all_kinds=all_kinds,
            lost=lost,
        )
    if as_json:
        print_json(found)
        return
    tell_hindsight(sorted({one["site"] for one in found if one["hindsight"]}))
    _print(found, site, kinds=all_kinds or lost)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """No search for cycles meanwhile: rows have none, and to go through ten thousand again and again takes a tenth."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _print(found: Sequence[Mapping[str, Any]], site: str | None, *, kinds: bool) -> None:
    """A table of structures, one line a presence."""
    # What is the same in all rows takes no room.
    columns: dict[str, Callable[[Mapping[str, Any]], object]] = {
        "site": lambda one: one["site"],
        "id": lambda one: one["id"],
        "name": lambda one: one["name"],
        "kind": lambda one: one["kind"] + ("" if one["claimed"] else " (not found any more)"),
        "stood": lambda one: "\n".join(f"{_life(spell)} ({_SEEN[spell['state']]})" for spell in one["presences"]),
        "prob.>": lambda one: f"{one['probability']:.2f}",
        "m2>": lambda one: "" if one["area_m2"] is None else f"{one['area_m2']:.0f}",
        "review": lambda one: "; ".join(filter(None, (one["review"], "conflict" if one["conflict"] else ""))),
    }
    if site is not None:
        del columns["site"]
    if not kinds:
        del columns["kind"]
    print_table(
        tuple(columns),
        ([cell(one) for cell in columns.values()] for one in found),
        none="No structure is known" + (" here." if site is None else f" at {site}."),
    )


@structure_app.command(
    epilog="""
Examples:

    sitewatch structure show plant s3f2a91c0

    sitewatch structure show plant s3f2a91c0 --as-known 2020-01-31
"""
)
def show(
    site: SiteId,
    structure: StructureId,
    as_known: AsKnown = None,
    as_json: AsJson = False,
    reader: Reader = None,
    workspace: InWorkspace = DEFAULT,
) -> None:
    """Show all that is known of a structure."""
    from sitewatch.store import conflict_rows, find_thing, journal_rows, review_rows, structure_rows, unknown_thing

    moment = parse_as_known(as_known)
    with opened(workspace) as space, space.store.reading() as connection:
        seen: dict[str, Any] = {"viewer": who(space, reader), "site": site, "at": moment}
        thing = find_thing(connection, site, structure, at=moment)
        known = structure_rows(connection, thing=thing, all_kinds=True, lost=True, **seen)
        read = [row for row in review_rows(connection, **seen) if row["thing"] == thing]
        journal = journal_rows(connection, thing=thing, **seen)
        conflicts = [row["words"] for row in conflict_rows(connection, site=site, at=moment) if row["thing"] == thing]
    if not known:
        raise unknown_thing(site, structure, at=moment)
    (one,) = known
    said = read[0]["said"] if read else []
    notes = [entry for entry in journal if entry["what"] in {"note", "correct", "resolve"}]
    if as_json:
        print_json({**one, "conflicts": conflicts, "said": said, "notes": notes})
        return
    tell_hindsight([site] if one["hindsight"] else [])
    rows = [
        ("structure", one["id"] + (f": {one['name']}" if one["name"] else "")),
        ("kind", one["kind"]),
        ("found", _found(one)),
        *(("conflict", words) for words in conflicts),
        *(
            ("to resolve", f"sitewatch review resolve {site} {one['id']} accept|keep --reason ...")
            for _ in conflicts[:1]
            if moment is None
        ),
        *(
            ("stood", f"{_life(spell)} ({_SEEN[spell['state']]}, {spell['probability']:.2f})")
            for spell in one["presences"]
        ),
        ("area", _area(one)),
        ("seen by", ", ".join(one["sensors"])),
        ("review", one["review"] or "not read"),
        *(("said", f"{word['at'][:10]} {word['reader']}: {word['verdict']} {word['reason']}") for word in said),
        *((entry["what"], f"{entry['at'][:10]} {entry['who']}: {entry_in_words(entry['detail'])}") for entry in notes),
    ]
    print_table(("", ""), rows, none="")


@structure_app.command(epilog='Example:\n\n    sitewatch structure name plant s3f2a91c0 "test shelter"')
def name(
    site: SiteId,
    structure: StructureId,
    called: Annotated[str, typer.Argument(metavar="NAME", help="What to call it; empty takes the name back.")],
    reader: Reader = None,
    workspace: InWorkspace = DEFAULT,
    now: Now = None,
) -> None:
    """Name a structure; from then on it is found by that name, and keeps its id."""
    from sitewatch.store import find_thing, name_thing

    with opened(workspace) as space, space.store.writing() as connection:
        thing = find_thing(connection, site, structure)
        name_thing(connection, site, thing, called, who=who(space, reader), at=parse_now(now))
    print(called)


@structure_app.command(epilog='Example:\n\n    sitewatch structure note plant s3f2a91c0 "see the photo of 2019-12-05"')
def note(
    site: SiteId,
    structure: StructureId,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to write down.")],
    reader: Reader = None,
    workspace: InWorkspace = DEFAULT,
    now: Now = None,
) -> None:
    """Write a note of a structure."""
    from sitewatch.store import add_note, find_thing

    with opened(workspace) as space, space.store.writing() as connection:
        thing = find_thing(connection, site, structure)
        add_note(connection, site, thing, text, who=who(space, reader), at=parse_now(now))
    print(thing)


@structure_app.command(
    epilog='Example:\n\n    sitewatch structure split plant s3f2a91c0 parts.geojson --reason "two halls"'
)
def split(
    site: SiteId,
    structure: StructureId,
    parts: Annotated[
        Path, typer.Argument(metavar="PARTS.geojson", help="The footprints of the parts; the first keeps the id.")
    ],
    reason: Reason,
    reader: Reader = None,
    workspace: InWorkspace = DEFAULT,
    now: Now = None,
) -> None:
    """Make several structures of one, now and on every later run."""
    from sitewatch.store import find_thing, split_thing

    footprints = _footprints(parts)
    with opened(workspace) as space, space.store.writing() as connection:
        thing = find_thing(connection, site, structure)
        made = split_thing(
            connection, site, thing, footprints, reason=reason, who=who(space, reader), at=parse_now(now)
        )
    print("\n".join(made))


@structure_app.command(
    epilog='Example:\n\n    sitewatch structure merge plant s3f2a91c0 s77b0e1d4 --reason "one hall under two roofs"'
)
def merge(
    site: SiteId,
    structure: StructureId,
    others: Annotated[list[str], typer.Argument(metavar="OTHER…", help="Those that belong to it.")],
    reason: Reason,
    reader: Reader = None,
    workspace: InWorkspace = DEFAULT,
    now: Now = None,
) -> None:
    """Make one structure of several, now and on every later run; it keeps the id of the first."""
    from sitewatch.store import find_thing, merge_things

    with opened(workspace) as space, space.store.writing() as connection:
        thing, *rest = (find_thing(connection, site, one) for one in (structure, *others))
        merge_things(connection, site, thing, rest, reason=reason, who=who(space, reader), at=parse_now(now))
    print(thing)


@structure_app.command(
    epilog='Example:\n\n    sitewatch structure kind plant s3f2a91c0 surface --reason "a car park was paved"'
)
def kind(
    site: SiteId,
    structure: StructureId,
    what: Annotated[str, typer.Argument(metavar="KIND", help="structure, surface, vegetation, water or unknown.")],
    reason: Reason,
    reader: Reader = None,
    workspace: InWorkspace = DEFAULT,
    now: Now = None,
) -> None:
    """Tell of which kind it is, now and on every later run."""
    from sitewatch.store import find_thing, set_kind

    with opened(workspace) as space, space.store.writing() as connection:
        thing = find_thing(connection, site, structure)
        set_kind(connection, site, thing, what, reason=reason, who=who(space, reader), at=parse_now(now))
    print(thing)


@structure_app.command(
    epilog='Example:\n\n    sitewatch structure undo plant s3f2a91c0 kind --reason "it was a roof after all"'
)
def undo(
    site: SiteId,
    structure: StructureId,
    what: Annotated[str, typer.Argument(metavar="CORRECTION", help="split, merge or kind.")],
    reason: Reason,
    reader: Reader = None,
    workspace: InWorkspace = DEFAULT,
    now: Now = None,
) -> None:
    """Take a correction back; the next run tells what the search itself finds."""
    from sitewatch.store import find_thing, undo_correction

    with opened(workspace) as space, space.store.writing() as connection:
        thing = find_thing(connection, site, structure)
        undo_correction(connection, site, thing, what, reason=reason, who=who(space, reader), at=parse_now(now))
    remark(f"taken back; `sitewatch watch {site}` tells what the search finds without it")
    print(thing)


def _footprints(path: Path) -> list[Polygon | MultiPolygon]:
    """The polygons of a GeoJSON file, in its order."""
    from shapely.errors import ShapelyError
    from shapely.geometry import MultiPolygon, Polygon, shape

    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        found = [shape(feature["geometry"]) for feature in document["features"]]
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); give a GeoJSON file of the parts") from error
    except (ValueError, KeyError, TypeError, AttributeError, ShapelyError) as error:
        raise InputError(
            f"{path}: is no GeoJSON FeatureCollection of polygons ({error}); draw the parts in a GIS"
        ) from error
    parts = [one for one in found if isinstance(one, Polygon | MultiPolygon)]
    if len(parts) < len(found):
        raise InputError(f"{path}: {len(found) - len(parts)} of its features are no polygons; each must be one part")
    return parts


_SEEN = {"first": "seen once", "provisional": "seen 2-3 times", "confirmed": "seen 4+ times"}
"""How many looks show a spell, in words that cannot be taken for a reader's."""


def _area(one: Mapping[str, Any]) -> str:
    """The area with its range, as far as they are known."""
    if one["area_m2"] is None:
        return "not known"
    low, high = one["area_m2_low"], one["area_m2_high"]
    return f"{one['area_m2']:.0f} m2" + ("" if low is None else f" ({low:.0f} to {high:.0f})")


def _found(one: Mapping[str, Any]) -> str:
    if one["conflict"]:
        return "held as it was read; the last search tells otherwise"
    if one["hindsight"]:
        return "in hindsight"
    return "by the last search" if one["claimed"] else "not by the last search"


def _life(spell: Mapping[str, Any]) -> str:
    """A spell of standing by its brackets, to the day."""
    up, down = spell["erected"], spell["dismantled"]
    began = "from before the first look" if up is None else f"up {up['after'][:10]} .. {up['by'][:10]}"
    return f"{began}, " + ("stands" if down is None else f"down {down['after'][:10]} .. {down['by'][:10]}")


def entry_in_words(detail: Mapping[str, Any]) -> str:
    """The detail of an entry of the journal, for people."""
    return "; ".join(f"{_words(key)}: {_in_words(value)}" for key, value in detail.items() if value not in _NOTHING)


_NOTHING: tuple[object, ...] = ("", None, [], {})


def _in_words(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{_words(key)} {_in_words(one)}" for key, one in value.items() if one not in _NOTHING)
    if isinstance(value, Sequence) and not isinstance(value, str):
        between = "; " if any(isinstance(one, Mapping) for one in value) else ", "
        return between.join(map(_in_words, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _words(key: object) -> str:
    return str(key).replace("_", " ")
