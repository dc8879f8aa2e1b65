"""Progress and remarks on standard error; standard output is for results."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sitewatch.cli._text import plain

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["note", "progress_bars", "warn"]


@functools.cache
def _stderr() -> Console:
    from rich.console import Console  # here, so that a result for scripts starts without it

    return Console(stderr=True, soft_wrap=True, highlight=False)


def note(sentence: str) -> None:
    """A remark for the person at the terminal."""
    _stderr().print(plain(sentence), markup=False)


def warn(sentence: str) -> None:
    """A sentence that must not be missed."""
    _stderr().print(plain(sentence), markup=False, style="bold red" if _stderr().is_terminal else None)


@contextmanager
def progress_bars(*, quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """One bar per stage on a terminal, one line per finished stage elsewhere, nothing when quiet.

    Yields:
        A function to call with (stage, done, of).
    """
    if quiet:
        yield lambda _stage, _done, _of: None
        return
    if not _stderr().is_terminal:
        yield _line
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=_stderr()) as bars:
        tasks = {}

        def show(stage: str, done: int, of: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(plain(stage), total=of)
            bars.update(tasks[stage], completed=done, total=of)

        yield show


def _line(stage: str, done: int, of: int) -> None:
    if done == of:
        note(f"{stage}: done" if of == 1 else f"{stage}: {of} done")
