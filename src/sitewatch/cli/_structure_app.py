"""`sitewatch structure`: one structure of a site."""

from __future__ import annotations

import typer

from sitewatch.cli._series import SERIES_EXAMPLES, series

__all__ = ["structure_app"]

structure_app = typer.Typer(no_args_is_help=True, help="One structure of a site, by its id or name.")
structure_app.command("series", epilog=SERIES_EXAMPLES)(series)
