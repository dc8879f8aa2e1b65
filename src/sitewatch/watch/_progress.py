"""What is told while a run goes on."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress", "stage", "tell"]

Progress = Callable[[str, int, int], None]
"""Called with (what is being done, done, of)."""


def tell(progress: Progress | None, stage: str, done: int) -> None:
    if progress is not None:
        progress(stage, done, 1)


def stage(progress: Progress | None, stage: str) -> Callable[[int, int], None] | None:
    return None if progress is None else lambda done, of: progress(stage, done, of)
