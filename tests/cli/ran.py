"""What a command did."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from typer.main import get_command

from sitewatch.cli import main

__all__ = ["LOOKS", "MADE_AT", "SIDE", "MadeRun", "Ran", "Run", "call"]


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        """The last line of standard output."""
        return self.out.rstrip("\n").rpartition("\n")[2]


@dataclass(frozen=True)
class MadeRun:
    """A finished run that several tests read."""

    out: Path
    """Its results."""
    said: str
    """What was written to standard output."""


SIDE = 48
"""Edge of the small world's images, pixels."""
LOOKS = 30
"""How many images it has."""
MADE_AT = "2026-01-01T00:00:00Z"
Run = Callable[..., Ran]

_built_once = cache(get_command)
"""The command line, which takes longer to build than many a command takes."""


def call(*arguments: object) -> Ran:
    """Call the command line; never a traceback, whatever is given."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr(sys, "argv", ["sitewatch", *map(str, arguments)])
        patch.setattr("typer.main.get_command", _built_once)
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    assert "Traceback" not in err.getvalue()
    return Ran(code, out.getvalue(), err.getvalue())
