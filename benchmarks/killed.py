"""Kill `watch` at random moments: the next run must end as an undisturbed one does, in the store and in the results.

    python benchmarks/killed.py [--times 50] [--postgresql postgresql://USER@HOST/ANY | --own-postgresql]

Each trial watches a small simulated site in a workspace of its own, is killed with SIGKILL at a moment drawn evenly
from the length of an undisturbed run, and is then run again. Stores are SQLite files; with --postgresql also databases
made on that server, and dropped again, and with --own-postgresql on one that is started for it, where PostgreSQL is
installed (tests/install-services).
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import hashlib
import multiprocessing as mp
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from sitewatch.simulate import Recipe, simulate, write
from sitewatch.site import read_site
from sitewatch.store import Store, add_site
from sitewatch.store._schema import METADATA
from sitewatch.workspace import make_workspace, open_workspace, watch_all

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SEED = 20


@dataclass(frozen=True)
class Trial:
    """A run that was killed, and the one after it."""

    moment_s: float
    """When it was killed, seconds after its begin."""
    ended: bool
    """True: it had ended by itself before."""
    differs: tuple[str, ...]
    """Tables and files that are not as an undisturbed run leaves them."""


def small_world(folder: Path) -> Path:
    """A site with a few events, small enough to be watched in a second or two."""
    recipe = Recipe(seed=4, size=48, looks=30, years=2.0, permanent=2, temporary=2, recurring=1, distractors=1)
    write(simulate(recipe), folder)
    return folder


def workspace(world: Path, folder: Path, *, database: str | None = None) -> Path:
    """A workspace with that site, not yet watched."""
    with make_workspace(folder, database=database) as space, space.store.writing() as connection:
        source = {"images": str(world / "images"), "false_alarms": 1.0}
        add_site(connection, read_site(world / "site.geojson"), source, who="bench", at=NOW)
    return folder


def run(folder: Path) -> None:
    """Watch all sites, to the end; in a process of its own group."""
    os.setpgrp()
    with open_workspace(folder) as space:
        for visit in watch_all(space, now=NOW):
            if isinstance(visit, tuple):
                raise visit[1]


def started(folder: Path) -> mp.process.BaseProcess:
    """The same in another process, with the modules loaded already."""
    context = mp.get_context("forkserver")
    context.set_forkserver_preload(["sitewatch.watch", "sitewatch.workspace", "sitewatch.report", __name__])
    process = context.Process(target=run, args=(folder,))
    process.start()
    return process


def watched(folder: Path) -> float:
    """Watch to the end; how long that took, seconds."""
    begun = time.perf_counter()
    process = started(folder)
    process.join()
    assert process.exitcode == 0, process.exitcode
    return time.perf_counter() - begun


def trial(fresh: Path, moment_s: float, undisturbed: dict[str, str]) -> Trial:
    """Kill a run and do it again.

    Args:
        fresh: a workspace whose site was not watched yet; spoiled.
        moment_s: when to kill it, seconds after its begin.
        undisturbed: what `state` gives of a workspace that was watched to the end.
    """
    process = started(fresh)
    process.join(moment_s)
    ended = process.exitcode is not None
    if not ended:
        assert process.pid is not None
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.join()
    watched(fresh)
    now = state(fresh)
    return Trial(
        moment_s, ended, tuple(sorted(k for k in now.keys() | undisturbed if now.get(k) != undisturbed.get(k)))
    )


def state(folder: Path) -> dict[str, str]:
    """Digests of all tables of a workspace's store and of its results, by name."""
    with open_workspace(folder) as space:
        found = tables(space.store, without=str(folder))
    for name in ("looks.geojson", "structures.geojson", "report/index.html"):
        content = next((folder / "sites").glob("*")) / name
        found[name] = hashlib.sha256(content.read_bytes()).hexdigest() if content.exists() else "missing"
    return found


def tables(store: Store, *, without: str = "") -> dict[str, str]:
    """Digests of all tables of a store, by name."""
    with store.reading() as connection:
        return {
            table.name: hashlib.sha256(
                "\n".join(sorted(repr(tuple(row)) for row in connection.execute(sa.select(table))))
                .replace(without or "\0", "")
                .encode()
            ).hexdigest()
            for table in METADATA.sorted_tables
        }


@contextlib.contextmanager
def own_database(server: str | None) -> Iterator[str | None]:
    """The address of a new database on a server, dropped afterwards; None for none."""
    if server is None:
        yield None
        return
    url = sa.make_url(server).set(drivername="postgresql+psycopg")
    name = f"sitewatch_killed_{os.getpid()}_{time.monotonic_ns()}"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    try:
        yield url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')
        engine.dispose()


@contextlib.contextmanager
def own_server() -> Iterator[str | None]:
    """The address of a PostgreSQL server that is stopped afterwards; None, and why, where there is none."""
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    import pytest

    from postgres_server import serve_postgres

    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sitewatch-postgresql-")))
        folder.chmod(0o755)  # the server runs as a user of its own
        try:
            server = stack.enter_context(serve_postgres(folder))
        except pytest.skip.Exception as reason:
            print(f"PostgreSQL: left out, {reason.msg}")
            server = None
        yield None if server is None else server.address("postgres")


def trials(
    world: Path, scratch: Path, times: int, *, server: str | None = None, compiled: bool = False
) -> Iterator[Trial]:
    """As many trials, each with a workspace of its own; `compiled`: the kernels are already."""
    if not compiled:  # once, so that an undisturbed run takes as long as a disturbed one would
        with own_database(server) as database:
            whole = workspace(world, scratch / "whole", database=database)
            watched(whole)
        shutil.rmtree(whole)
    with own_database(server) as database:
        whole = workspace(world, scratch / "whole", database=database)
        length = watched(whole)
        undisturbed = state(whole)
    for number, moment in enumerate(np.random.default_rng(SEED).uniform(0, length, times)):
        with own_database(server) as database:
            fresh = workspace(world, scratch / f"trial-{number}", database=database)
            yield trial(fresh, float(moment), undisturbed)
        shutil.rmtree(fresh)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--times", type=int, default=50)
    where = arguments.add_mutually_exclusive_group()
    where.add_argument("--postgresql", metavar="URL", default=None)
    where.add_argument("--own-postgresql", action="store_true")
    options = arguments.parse_args()
    bad: list[Trial] = []
    with contextlib.ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="sitewatch-killed-"))
        world = small_world(Path(name) / "world")
        address = stack.enter_context(own_server()) if options.own_postgresql else options.postgresql
        for store, server in (("SQLite", None), ("PostgreSQL", address)):
            if store == "PostgreSQL" and server is None:
                continue
            made = list(trials(world, Path(name) / store, options.times, server=server))
            different = [one for one in made if one.differs]
            ended = sum(one.ended for one in made)
            print(f"{store}: {len(made)} runs killed ({ended} had ended), {len(different)} ended otherwise")
            for one in different:
                print(f"  killed after {one.moment_s:.2f} s: {', '.join(one.differs)}")
            bad += different
    if bad:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
