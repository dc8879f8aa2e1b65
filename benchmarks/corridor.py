"""Time the corridor on one site: list, fetch, read, cube, change, structures, report.

    python benchmarks/corridor.py [--size 256] [--looks 150] [--json]

Prints seconds and peak memory of every stage and the ratio of the whole to merely reading the chips. Kernels are
compiled on a small scene before the clock starts; the time that takes on a fresh machine is printed apart.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import rasterio
from rich.console import Console
from rich.table import Table

from sitewatch.archive import Chip, fetch, list_folder
from sitewatch.change import detect
from sitewatch.cube import read_cube
from sitewatch.report import write_report
from sitewatch.simulate import Recipe, simulate, write
from sitewatch.site import area_mask, read_site, seen_share
from sitewatch.structures import identify

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--size", type=int, default=256, help="edge of the scene, pixels")
    arguments.add_argument("--looks", type=int, default=150)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        run(Path(folder) / "warm", Recipe(seed=0, size=64, looks=30, years=2.0))
        compiled = time.perf_counter() - started
        stages = run(Path(folder) / "full", Recipe(seed=options.seed, size=options.size, looks=options.looks))
    whole = sum(s["seconds"] for name, s in stages.items() if name not in ("simulate", "only read chips"))
    ratio = whole / stages["only read chips"]["seconds"]
    summary = {
        "size": options.size,
        "looks": options.looks,
        "stages": stages,
        "whole_seconds": round(whole, 2),
        "ratio_to_only_reading": round(ratio, 2),
        "peak_mb": max(s["peak_mb"] for s in stages.values()),
        "warm_up_seconds": round(compiled, 1),
    }
    if options.json:
        print(json.dumps(summary, indent=1))
        return
    table = Table(
        "stage", "seconds", "peak MB so far", title=f"{options.size} x {options.size} px, {options.looks} looks"
    )
    for name, stage in stages.items():
        table.add_row(name, f"{stage['seconds']:.2f}", f"{stage['peak_mb']:.0f}")
    Console().print(table)
    print(f"whole corridor {whole:.2f} s, {ratio:.1f} x merely reading the chips; warm-up (compiling) {compiled:.1f} s")


def run(folder: Path, recipe: Recipe) -> dict[str, dict[str, float]]:
    """Seconds and peak memory of every stage."""
    stages: dict[str, dict[str, float]] = {}

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        stages[name] = {"seconds": round(time.perf_counter() - started, 3), "peak_mb": round(peak)}

    folder.mkdir()
    with stage("simulate"):
        write(simulate(recipe), folder / "world")
    site = read_site(folder / "world" / "site.geojson")
    with stage("list"):
        listing = list_folder(folder / "world" / "images")
    with stage("fetch chips"):
        chips = fetch(listing, site, folder / "archive", now=NOW).chips
    with stage("only read chips"):
        read_all(chips)
    with stage("read, mask, screen"):
        readings = read_cube(site, chips)
    cube = readings.cube
    assert cube is not None
    with stage("change"):
        changes = detect(cube, false_alarms=1.0, inside=area_mask(site.outline, cube.odc.geobox))
    with stage("structures"):
        structures = identify(changes, cube, site_id=site.id)
    (folder / "report").mkdir()
    with stage("report"):
        write_report(
            folder / "report",
            site=site,
            looks=readings.looks,
            cube=cube,
            structures=structures,
            false_alarms=1.0,
            version="benchmark",
            now=NOW,
            seen_share=seen_share(site, [b.grid for c in chips for b in c.bands if not b.is_mask]),
        )
    return stages


def read_all(chips: tuple[Chip, ...]) -> None:
    """What reading costs whoever does nothing with it: every band of every chip, one after the other."""
    for chip in chips:
        for band in chip.bands:
            with rasterio.open(band.path) as dataset:
                dataset.read(band.index)


if __name__ == "__main__":
    main()
