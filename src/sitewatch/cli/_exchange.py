"""`sitewatch export`, `import` and `backup`: the whole store into files and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sitewatch.cli._progress import progress_bars
from sitewatch.cli._values import parse_now
from sitewatch.cli._workspace import DEFAULT, InWorkspace, Now, Quiet, Reader, opened, who

__all__ = ["BACKUP_EXAMPLES", "EXPORT_EXAMPLES", "IMPORT_EXAMPLES", "backup", "export", "import_"]

EXPORT_EXAMPLES = """
Examples:

    sitewatch export sites.gpkg                              opens in QGIS, with styles

    sitewatch export everything.jsonl                        a row a line, for scripts and for keeping

    sitewatch export everything.geoparquet                   a folder with a file a table

    sitewatch export plant.gpkg --site plant --force
"""
IMPORT_EXAMPLES = """
Examples:

    sitewatch import everything.jsonl

    sitewatch init copy && sitewatch import sites.gpkg --workspace copy
"""
BACKUP_EXAMPLES = """
Examples:

    sitewatch backup monday.sqlite

    sitewatch init restored && cp monday.sqlite restored/store.sqlite
"""

Force = Annotated[bool, typer.Option("--force", help="Replace a file that has this name.")]


def export(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What to write: .gpkg, .jsonl, .jsonl.gz, or .geoparquet (a folder).")
    ],
    site: Annotated[
        list[str] | None, typer.Option(metavar="SITE", help="Only this site; again for a second. Default everything.")
    ] = None,
    force: Force = False,
    workspace: InWorkspace = DEFAULT,
    quiet: Quiet = False,
) -> None:
    """Write all that the workspace knows, in every version, into a file that others read and `import` takes back."""
    from sitewatch.store.exchange import export_store

    with opened(workspace) as space, progress_bars(quiet=quiet) as progress:
        export_store(space.store, file, sites=site or None, force=force, progress=progress)
    print(file)


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `sitewatch export` wrote.")],
    reader: Reader = None,
    workspace: InWorkspace = DEFAULT,
    quiet: Quiet = False,
    now: Now = None,
) -> None:
    """Take in what `export` wrote: all of it or nothing.

    Rows that are known already, just so, are passed over; where one is known otherwise nothing is imported. A file also
    tells where a site's images come from: look at `sitewatch site show` before you watch what a stranger sent.
    """
    from sitewatch.store.exchange import import_file

    with opened(workspace) as space:
        name = who(space, reader)
        with progress_bars(quiet=quiet) as progress:
            done = import_file(space.store, file, who=name, at=parse_now(now), progress=progress)
    print(f"{sum(done.rows.values())} rows imported, {done.already} were known already")


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The copy, an SQLite file.")],
    force: Force = False,
    workspace: InWorkspace = DEFAULT,
    quiet: Quiet = False,
) -> None:
    """Copy the whole store into one file, while others go on writing; a PostgreSQL store too.

    To restore it, make a new workspace and put the file there as `store.sqlite`. From there `export`
    and `import` take it into a PostgreSQL database. The images that were fetched lie in the workspace's folder, not in
    the copy.
    """
    from sitewatch.store.exchange import backup_store

    with opened(workspace) as space, progress_bars(quiet=quiet) as progress:
        backup_store(space.store, file, force=force, progress=progress)
    print(file)
