"""What the commands that work in a workspace share."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sitewatch.cli._text import plain
from sitewatch.errors import OptionError

if TYPE_CHECKING:
    from sitewatch.workspace import Workspace

__all__ = [
    "DEFAULT",
    "AsJson",
    "AsKnown",
    "ElementsFiles",
    "GoodShares",
    "Harmonise",
    "InWorkspace",
    "Now",
    "Quiet",
    "Reader",
    "Untold",
    "absolute",
    "is_workspace",
    "opened",
    "print_json",
    "print_table",
    "tell_hindsight",
    "who",
]

DEFAULT = "sitewatch-workspace"
"""Folder of the workspace where none is named."""
_WHOLE = frozenset(
    {"captured (UTC)", "id", "key", "known since", "last run", "readers", "since", "site", "structure", "when"}
)
"""Columns whose cells are not broken where there is room: what is copied from there must be whole."""
_ENDLESS = 100_000
"""Width of what is no terminal: files and programs break lines themselves."""

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Now = Annotated[str | None, typer.Option("--now", hidden=True, help="Time of the run (ISO 8601), for replays.")]
InWorkspace = Annotated[
    str,
    typer.Option(
        "--workspace",
        "-w",
        metavar="DIR",
        help="The workspace: its folder, or a postgresql:// address.",
        envvar="SITEWATCH_WORKSPACE",
    ),
]
Reader = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Who you are; default the login name.", envvar="SITEWATCH_READER"),
]
GoodShares = Annotated[
    list[str] | None,
    typer.Option(
        "--good-share",
        metavar="SHARE|NAME=SHARE",
        help="A new picture is told where this share of the site is clear, 0 to 1; default 0.9. Again with the NAME of "
        "a sub-area, which must be clear too.",
    ),
]
Harmonise = Annotated[
    bool,
    typer.Option(
        "--harmonise/--no-harmonise",
        help="Search optical sensors as one series where they can be brought together, or each alone.",
        envvar="SITEWATCH_HARMONISE",
    ),
]
ElementsFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--elements",
        metavar="FILE",
        help="Orbital elements (TLE or OMM): a silent catalog is held against the passes of these satellites, and not "
        "only against its own record. Again for another file. Default in a workspace: its setting `elements`.",
    ),
]
FromFolder = Annotated[
    Path | None,
    typer.Option(
        "--record", metavar="OUT", help="A folder that `sitewatch watch --out` wrote, in place of the workspace."
    ),
]
Untold = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME", help="A structure that the case names and no look has shown yet; any number of times."
    ),
]
AsKnown = Annotated[str | None, typer.Option("--as-known", metavar="DATE", help="As it was known on that day.")]


def is_workspace(place: str) -> bool:
    """True: there is a workspace by that name, or it is the address of a database. Nothing is opened."""
    return "://" in place or (Path(place) / "sitewatch.toml").is_file()


def opened(place: str) -> Workspace:
    """The workspace that `--workspace` names, open; use it in a `with`."""
    from sitewatch.cli._progress import note
    from sitewatch.workspace import open_workspace

    workspace = open_workspace(place)
    if workspace.store.kept is not None:
        note(f"the store was brought to this version's schema; as it was before it is kept as {workspace.store.kept}")
    return workspace


def tell_hindsight(sites: Sequence[str]) -> None:
    """Say which sites were not watched yet on the day that was asked for, and what is told of them; of none, nothing.

    Args:
        sites: ids.
    """
    from sitewatch.cli._progress import note

    if not sites:
        return
    names = ", ".join(sites[:5]) + (", ..." if len(sites) > 5 else "")
    note(
        f"not watched yet on that day: {names}; what is told is what is known today, without the looks published later "
        "(`sitewatch watch SITE --as-known DATE --out DIR` searches with those alone)"
    )


def who(workspace: Workspace, reader: str | None) -> str:
    """The name under which something is written down: the flag or environment, the settings, the login name."""
    name = reader or workspace.reader
    if name is None:
        try:
            name = getpass.getuser()
        except (KeyError, OSError) as error:
            raise OptionError("--reader is needed: this machine does not tell who you are") from error
    if not (name.strip() and name.isprintable() and len(name) <= 100):
        raise OptionError(f"--reader must be 1 to 100 printable characters, got {name[:120]!r}")
    return name.strip()


def print_json(document: Any) -> None:
    """A result for scripts; of a list, each row on its own line."""
    if isinstance(document, list):
        # Without indentation rows are written several times faster.
        print("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in document) + "\n]")
    else:
        print(json.dumps(document, ensure_ascii=False, indent=1))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, none: str) -> None:
    """A result for people: a table, or the sentence `none` where it has no rows.

    A column whose name ends in `>` is set to the right. Two columns without names are a list of what is told of one
    thing.
    """
    from rich.console import Console
    from rich.text import Text

    from sitewatch.cli._table import list_lines, table_lines

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _ENDLESS
    cells = [["" if value is None else plain(value) for value in row] for row in rows]
    if not cells:
        console.print(Text(plain(none)))
    elif not any(columns):
        print("\n".join(list_lines(cells, room=console.width)))
    else:
        rule = "-" if console.options.ascii_only else "\N{BOX DRAWINGS LIGHT HORIZONTAL}"
        head, body = table_lines(columns, cells, room=console.width, whole=_WHOLE, rule=rule)
        print()
        console.print(Text("\n".join(head), style="bold"), soft_wrap=True)
        print("\n".join(body), end="\n\n")


def absolute(path: Path) -> str:
    """A folder as the workspace keeps it: a run may start anywhere."""
    return str(path.expanduser().resolve())
