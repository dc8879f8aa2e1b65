"""The command line."""

from sitewatch.cli._app import app, main

__all__ = ["app", "main"]
