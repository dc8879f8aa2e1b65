"""What the commands that work in a workspace share."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sitewatch.errors import OptionError

if TYPE_CHECKING:
    from sitewatch.workspace import Workspace

__all__ = [
    "DEFAULT",
    "AsJson",
    "AsKnown",
    "InWorkspace",
    "Now",
    "Quiet",
    "Reader",
    "absolute",
    "opened",
    "print_json",
    "print_table",
    "who",
]

DEFAULT = "sitewatch-workspace"
"""Folder of the workspace where none is named."""

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
AsKnown = Annotated[str | None, typer.Option("--as-known", metavar="DATE", help="As it was known on that day.")]


def opened(place: str) -> Workspace:
    """The workspace that `--workspace` names, open; use it in a `with`."""
    from sitewatch.cli._progress import note
    from sitewatch.workspace import open_workspace

    workspace = open_workspace(place)
    if workspace.store.kept is not None:
        note(f"the store was brought to this version's schema; as it was before it is kept as {workspace.store.kept}")
    return workspace


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

    A column whose name ends in `>` is set to the right.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    cells = [[Text("" if value is None else str(value)) for value in row] for row in rows]
    if not cells:
        console.print(Text(none))
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name.rstrip(">"), justify="right" if name.endswith(">") else "left", overflow="fold")
    for row in cells:
        table.add_row(*row)
    console.print(table)


def absolute(path: Path) -> str:
    """A folder as the workspace keeps it: a run may start anywhere."""
    return str(path.expanduser().resolve())
