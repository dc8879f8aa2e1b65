"""A lock that two processes cannot hold at once, and that ends with the process, however that ends."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["held"]

_ASK_AGAIN_S = 0.2


@contextlib.contextmanager
def held(file: Path, *, patience_s: float = 0.0) -> Iterator[None]:
    """Hold a file against other processes (and against this one: it cannot be held twice).

    The lock is the operating system's (flock), which takes it back when the process ends, killed or not. The file is
    empty and stays: a second process may be waiting for it, and would hold one that is gone. Where there is no flock
    (Windows) nothing is held, and two runs at once are the user's affair.

    Args:
        file: what is locked; made where it is missing, in a folder that is there.
        patience_s: how long to wait for another process to end, seconds.

    Raises:
        BlockingIOError: another process holds it, and goes on holding it.
        OSError: the file cannot be made, or its disk knows no locks.
    """
    try:
        import fcntl
    except ImportError:  # pragma: no cover - not on this platform
        fcntl = None  # type: ignore[assignment]
    end = time.monotonic() + patience_s
    with file.open("a") as lock:
        while fcntl is not None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise
                time.sleep(_ASK_AGAIN_S)
            else:
                break
        yield
