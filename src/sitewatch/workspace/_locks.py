"""One run at a site at a time, wherever it runs."""

from __future__ import annotations

import contextlib
import hashlib
import math
from collections.abc import Iterator

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
            connection = stack.enter_context(workspace.store.engine.connect())
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            key = int.from_bytes(hashlib.sha256(f"sitewatch {site}".encode()).digest()[:8], signed=True)
            if wait:
                connection.execute(sa.select(sa.func.pg_advisory_lock(key)))
            elif not connection.execute(sa.select(sa.func.pg_try_advisory_lock(key))).scalar():
                raise LockedError(f"{site}: another run is at this site, on another machine; wait until it has ended")
            stack.callback(lambda: connection.execute(sa.select(sa.func.pg_advisory_unlock(key))))
        yield
