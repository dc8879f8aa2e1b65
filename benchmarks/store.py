"""Fill a store with the records of many sites and time the commands that list them, each as a process of its own.

    python benchmarks/store.py [--sites 500] [--postgresql postgresql://USER@HOST/ANY] [--keep DIR]

Every site has three years of looks (one in five days), twenty structures with one to three presences each, a run a
month, and of every structure a version a quarter. There are no pixels: the records are drawn at random (seeded).
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from sitewatch.store import Store
from sitewatch.store import _schema as t
from sitewatch.workspace import make_workspace

BEGIN = dt.datetime(2021, 1, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
YEARS = 3
STRUCTURES = 20
FIRST_RUN = BEGIN + 365 * DAY
"""Runs begin after a year: what is asked of the days before must be put together from publication times."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sites", type=int, default=500)
    arguments.add_argument("--postgresql", metavar="URL", default=None, help="an empty database, for the store")
    arguments.add_argument("--keep", type=Path, default=None, help="make the workspace here, and leave it")
    arguments.add_argument("--times", type=int, default=3)
    options = arguments.parse_args()
    with contextlib.ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory())) / "workspace"
        with make_workspace(folder, database=options.postgresql) as space:
            begun = time.perf_counter()
            fill(space.store, options.sites)
            print(f"filled with {options.sites} sites in {time.perf_counter() - begun:.0f} s")
            print(size(space.store, folder))
        for asked in commands():
            for words in (asked, [*asked, "--json"]):
                took = sorted(timed(["-w", str(folder)], words) for _ in range(options.times))
                print(
                    f"{statistics.median(took):6.2f} s (most {took[-1]:.2f})  sitewatch {' '.join(words)}", flush=True
                )


def commands() -> Iterator[list[str]]:
    """What people ask of it."""
    yield ["site", "list"]
    yield ["site", "show", "site-007"]
    yield ["structures", "site-007"]
    yield ["structures"]
    yield ["looks", "list", "site-007"]
    yield ["history", "site-007"]
    for day in ("2022-08-01", "2021-11-01"):
        yield ["structures", "site-007", "--as-known", day]
        yield ["structures", "--as-known", day]
        yield ["looks", "list", "site-007", "--as-known", day]


def timed(place: list[str], words: list[str]) -> float:
    """Seconds that a command takes as a user waits for it."""
    command = [sys.executable, "-m", "sitewatch.cli", *words, *place]
    begun = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    took = time.perf_counter() - begun
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() not in ("", "[]", "{}"), words
    return took


def size(store: Store, folder: Path) -> str:
    """How large the store is."""
    if store.is_postgresql:
        with store.reading() as connection:
            held = connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar()
    else:
        held = (folder / "store.sqlite").stat().st_size
    return f"the store holds {(held or 0) / 1e6:.0f} MB"


def fill(store: Store, sites: int) -> None:
    """Write the records of so many sites."""
    with store.writing() as connection:
        for number in range(sites):
            for table, rows in records(f"site-{number:03d}", np.random.default_rng(number)).items():
                connection.execute(t.METADATA.tables[table].insert(), rows)


def records(site: str, rng: np.random.Generator) -> dict[str, list[dict[str, Any]]]:
    """One site's rows by table."""
    west, south = float(rng.uniform(-170, 170)), float(rng.uniform(-60, 70))
    outline = box(west, south, 0.02)
    looks = [look(site, number, west, south, rng) for number in range(YEARS * 73)]
    used = [one["captured"] for one in looks if one["outcome"] == "used"]
    runs = [FIRST_RUN + month * 30 * DAY for month in range(24)]
    found: dict[str, list[dict[str, Any]]] = {"structures": [], "presences": [], "aliases": []}
    for number in range(STRUCTURES):
        one = structure(site, number, west, south, used, runs, rng)
        for table, rows in one.items():
            found[table] += rows
    own = {"site": site, "since": BEGIN, "until": None}
    return {
        "entries": [
            {"site": site, "at": at, "who": "sitewatch", "what": "watch", "thing": "", "detail": {}} for at in runs
        ],
        "sites": [
            {
                **own,
                "name": f"Plant {site}",
                **outline,
                "source": {"images": "/x", "false_alarms": 1.0},
                "removed": False,
            }
        ],
        "areas": [{**own, "area": name, **box(west, south, 0.004)} for name in ("hall", "yard", "gate")],
        "runs": [run(site, at, used) for at in runs],
        "scenes": [scene(one) for one in looks],
        "looks": looks,
        **found,
    }


def box(west: float, south: float, edge: float, name: str = "outline") -> dict[str, Any]:
    footprint = shapely.box(west, south, west + edge, south + edge)
    return {name: shapely.to_wkb(footprint), **dict(zip(t.BOUNDS, footprint.bounds, strict=True))}


def look(site: str, number: int, west: float, south: float, rng: np.random.Generator) -> dict[str, Any]:
    captured = BEGIN + number * 5 * DAY + dt.timedelta(hours=10, seconds=int(rng.integers(3600)))
    late = dt.timedelta(hours=float(rng.exponential(10))) if rng.random() > 0.02 else dt.timedelta(days=40)
    used = rng.random() < 0.55
    return {
        "site": site,
        "scene": f"S2B_{number:05d}_{site}_20200101_0_L2A",
        "since": FIRST_RUN if captured < FIRST_RUN else captured + 2 * DAY,
        "until": None,
        "sensor": "sentinel-2",
        "captured": captured,
        "whole_day": False,
        "published": captured + late,
        "published_is_recorded": False,
        "outcome": "used" if used else "could not see",
        "reason": "" if used else "12 % of the site clear, 50 % are needed",
        "clear_share": float(rng.uniform(0.6, 1) if used else rng.uniform(0, 0.5)),
        "shift_m": 1.5,
        "detail": {"listed_by": ["earth-search"], "light": 1.01, "haze": 0.002, "clear_share_of_areas": {"hall": 1.0}},
        **box(west, south, 0.03, "footprint"),
    }


def scene(one: dict[str, Any]) -> dict[str, Any]:
    same = ("site", "scene", "since", "until", "sensor", "captured", "whole_day", "published")
    detail = {"platform": "sentinel-2b", "tile": "40RCN", "listed_by": ["earth-search"], "files": "0" * 64}
    return {**{k: one[k] for k in same}, "recorded": one["since"], "gone_since": None, "detail": detail}


def run(site: str, at: dt.datetime, used: list[dt.datetime]) -> dict[str, Any]:
    return {
        "site": site,
        "at": at,
        "began": at,
        "version": "0.1.0",
        "exit_code": 0,
        "sentence": f"{len(used)} of 219 looks used",
        "searched": True,
        "listed": 219,
        "used": len(used),
        "first_look": min(used),
        "last_look": max(used),
        "listing": "0" * 64,
        "asking": {},
        "head": {},
        "memory": {},
        "news": {},
    }


def structure(  # noqa: PLR0917 - a row's ingredients
    site: str,
    number: int,
    west: float,
    south: float,
    used: list[dt.datetime],
    runs: list[dt.datetime],
    rng: np.random.Generator,
) -> dict[str, list[dict[str, Any]]]:
    spells = int(rng.integers(1, 4))
    turns = np.sort(rng.choice(np.arange(1, len(used)), 2 * spells, replace=False))
    life = []
    for spell in range(spells):
        on, off = turns[2 * spell], turns[2 * spell + 1]
        stands = spell == spells - 1 and rng.random() < 0.5
        life.append((used[on - 1], used[on], None if stands else used[off - 1], None if stands else used[off]))
    key = f"s{number:08x}"
    began = next((at for at in runs if at >= life[0][1]), runs[-1])
    moments = [at for at in runs if at >= began][::3]
    rows: dict[str, list[dict[str, Any]]] = {
        "structures": [],
        "presences": [],
        "aliases": [{"site": site, "id": key, "since": began, "thing": key}],
    }
    place = box(west + number * 5e-4, south + number * 5e-4, 5e-4, "footprint")
    for since, until in zip(moments, [*moments[1:], None], strict=True):
        told = [spell for spell in life if spell[1] <= since]
        if not told:
            continue
        gone = told[-1][3] is not None and told[-1][3] <= since
        rows["structures"].append(
            {
                "site": site, "thing": key, "since": since, "until": until, "id": key, "kind": "structure",
                "claimed": True, "present": not gone, "probability": 0.8, "area_m2": 900.0, "area_m2_low": 700.0,
                "area_m2_high": 1100.0, "sensors": ["sentinel-2 reflectance"], **place,
            }
        )  # fmt: skip
        for order, (after, by, last, ended) in enumerate(told):
            over = ended is not None and ended <= since
            rows["presences"].append(
                {
                    "site": site, "thing": key, "since": since, "number": order, "erected_after": after,
                    "erected_by": by, "dismantled_after": last if over else None,
                    "dismantled_by": ended if over else None, "state": "confirmed", "probability": 0.8,
                    "evidence": ["S2B_0", "S2B_1"], "phases": [],
                }
            )  # fmt: skip
    if not rows["structures"]:
        rows["aliases"] = []
    return {table: some for table, some in rows.items() if some}


if __name__ == "__main__":
    main()
