"""One run at a site at a time, wherever it runs."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from sitewatch.errors import LockedError, OutputError
from sitewatch.workspace._workspace import Workspace

__all__ = ["locked_site"]


@contextlib.contextmanager
def locked_site(workspace: Workspace, site: str, *, wait: bool = False) -> Iterator[None]:
    """Hold a site against other runs; whoever dies lets go.

    On one machine a lock of the file system does it; with PostgreSQL also one of the database's, which ends with the
    connection, so that colleagues on other machines are held off too.

    Args:
        workspace: whose site.
        site: its id.
        wait: True: wait for as long as it takes.

    Raises:
        LockedError: another run is at the site, and `wait` is False.
        OutputError: the folder cannot be written.
    """
    with contextlib.ExitStack() as held:
        file = workspace.site_folder(site) / ".run.lock"
        if not held.enter_context(_locked_file(file, wait=wait)):
            raise LockedError(f"{site}: another run is at this site; wait until it has ended")
        if workspace.store.is_postgresql:
            connection = held.enter_context(workspace.store.engine.connect())
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            key = int.from_bytes(hashlib.sha256(f"sitewatch {site}".encode()).digest()[:8], signed=True)
            if wait:
                connection.execute(sa.select(sa.func.pg_advisory_lock(key)))
            elif not connection.execute(sa.select(sa.func.pg_try_advisory_lock(key))).scalar():
                raise LockedError(f"{site}: another run is at this site, on another machine; wait until it has ended")
            held.callback(lambda: connection.execute(sa.select(sa.func.pg_advisory_unlock(key))))
        yield


@contextlib.contextmanager
def _locked_file(file: Path, *, wait: bool) -> Iterator[bool]:
    """Hold a lock of the file system; yields False where another process has it."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover - not on this platform: two runs at a site are the user's affair
        yield True
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = file.open("a")
    except OSError as error:
        raise OutputError(f"{file}: cannot be written ({error.strerror}); mend the rights of the workspace") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
