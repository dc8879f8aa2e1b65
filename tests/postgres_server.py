"""A PostgreSQL server on the loopback, thrown away afterwards."""

from __future__ import annotations

import contextlib
import os
import pwd
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

__all__ = ["HINT", "Postgres", "free_port", "serve_postgres"]

POSTGRES_BIN = Path("/usr/lib/postgresql/15/bin")
HINT = "run tests/install-services as root on Debian"


@dataclass(frozen=True)
class Postgres:
    """A PostgreSQL server with an empty database `stac`."""

    port: int

    @property
    def environment(self) -> dict[str, str]:
        """What its clients want in their environment."""
        told = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "postgres", "PGDATABASE": "stac"}
        return {**os.environ, **told, "PGPASSWORD": "unused"}

    def address(self, database: str) -> str:
        """A database's address."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"


@contextlib.contextmanager
def serve_postgres(scratch: Path) -> Iterator[Postgres]:
    """Start a server in a folder, and stop it."""
    if not (POSTGRES_BIN / "initdb").is_file():
        pytest.skip(f"PostgreSQL 15 is not installed: {HINT}")
    home = scratch / "postgres"
    home.mkdir()
    user: dict[str, Any] = {}
    if os.getuid() == 0:  # initdb refuses root
        try:
            account = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip(f"there is no user postgres: {HINT}")
        os.chown(home, account.pw_uid, account.pw_gid)
        user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def run(program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(POSTGRES_BIN / program), *arguments],
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            **user,
        )
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"

    port = free_port()
    options = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c fsync=off -c synchronous_commit=off"
    options += " -c full_page_writes=off -c shared_buffers=64MB"
    run("initdb", "-D", "data", "-U", "postgres", "--auth=trust", "-E", "UTF8", "--no-sync")
    run("pg_ctl", "-D", "data", "-o", options, "-l", "log", "-w", "start")
    try:
        run("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "stac")
        yield Postgres(port=port)
    finally:
        run("pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop")


def free_port() -> int:
    """A port of the loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
