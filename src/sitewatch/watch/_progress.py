"""What is told while a run goes on."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress", "stage", "tell"]

Progress = Callable[[str, int, int], None]
"""Called with (what is being done, done, of)."""


def tell(progress: Progress | None, stage: str, done: int) -> None:
    """Tell that a stage of one step begins (0) or has ended (1)."""
    if progress is not None:
        progress(stage, done, 1)


def stage(progress: Progress | None, stage: str) -> Callable[[int, int], None] | None:
    """What a room calls with (done, of) while it works on a stage."""
    return None if progress is None else lambda done, of: progress(stage, done, of)
