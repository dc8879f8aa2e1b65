"""One run at a site at a time, wherever it runs."""

from __future__ import annotations

import contextlib
import hashlib
import math
from collections.abc import Callable, Iterator

import sqlalchemy as sa

from sitewatch.errors import LockedError, OutputError
from sitewatch.store import Store
from sitewatch.workspace._workspace import Workspace

__all__ = ["locked_site"]


@contextlib.contextmanager
def locked_site(workspace: Workspace, site: str, *, wait: bool = False) -> Iterator[Callable[[], None]]:
    """Hold a site against other runs; whoever dies lets go.

    On one machine a lock of the file system does it; with PostgreSQL also one of the database's, which ends with the
    connection, so that colleagues on other machines are held off too.

    Args:
        workspace: whose site.
        site: its id.
        wait: True: wait for as long as it takes.

    Yields:
        A function to call before anything is kept: it raises OutputError where the lock was lost, because the
        database ended its connection; another run may be at the site then.

    Raises:
        LockedError: another run is at the site, and `wait` is False.
        OutputError: the folder cannot be written, or the database broke off.
        InputError: the database does not answer.
    """
    from sitewatch.archive import held

    with contextlib.ExitStack() as stack:
        folder = workspace.site_folder(site)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(held(folder / ".lock", patience_s=math.inf if wait else 0.0))
        except BlockingIOError as error:
            raise LockedError(f"{site}: another run is at this site; wait until it has ended") from error
        except OSError as error:
            raise OutputError(f"{folder}: cannot be written ({error.strerror}); mend the rights of it") from error
        if workspace.store.is_postgresql:
            yield stack.enter_context(_locked_in_database(workspace.store, site, wait=wait))
        else:
            yield _held


def _held() -> None:
    """The file system takes no lock away."""


@contextlib.contextmanager
def _locked_in_database(store: Store, site: str, *, wait: bool) -> Iterator[Callable[[], None]]:
    """Hold an advisory lock of the database, on a connection of its own."""
    key = int.from_bytes(hashlib.sha256(f"sitewatch {site}".encode()).digest()[:8], signed=True)
    with contextlib.ExitStack() as stack:
        with store.telling():
            connection = stack.enter_context(store.engine.connect())
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            if wait:
                connection.execute(sa.select(sa.func.pg_advisory_lock(key)))
            elif not connection.execute(sa.select(sa.func.pg_try_advisory_lock(key))).scalar():
                raise LockedError(f"{site}: another run is at this site, on another machine; wait until it has ended")

        def still_held() -> None:
            try:
                there = bool(connection.execute(_HELD, {"high": key >> 32 & _LOW, "low": key & _LOW}).scalar())
            except sa.exc.SQLAlchemyError:
                there = False
            if not there:
                raise OutputError(
                    f"{site}: the database ended the connection that held this site against other runs; nothing of "
                    "this run is known to the store, start it again"
                )

        try:
            yield still_held
        finally:
            try:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(key)))
            except sa.exc.SQLAlchemyError:
                # With the connection the lock is gone too.
                connection.invalidate()


_LOW = 0xFFFF_FFFF
_HELD = sa.text(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted "
    "AND classid::bigint = :high AND objid::bigint = :low AND objsubid = 1 "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
"""Asks for the lock itself: a connection that was made anew would answer, and hold nothing."""
