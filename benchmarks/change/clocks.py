"""Speed and memory of the engine and its peers, each in a process of its own."""

from __future__ import annotations

import argparse
import json
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from engine import as_shipped
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords
from peers import PEERS, Record
from tables import Table, number, say

__all__ = ["kept_cube", "scaling_table", "speed_table"]

CUBE = "cube.pkl"
ENGINE = "sitewatch"
SCALING_LOOKS = (100, 200, 400)
SCALING_PIXELS = (256, 512, 1024)
LOOKS_OF_LARGE = 60
"""Looks in the scaling over size: 1024 x 1024 pixels of them, six bands and the engine's own copy, fit in 8 GB."""
BUSY = 1.25
"""Seconds per second of CPU, with one thread, from which a timing is marked: something else had the machine."""


@contextmanager
def kept_cube(cube: xr.Dataset, work: Path) -> Iterator[Path]:
    """A folder in `work` with the cube, for as long as the block runs."""
    with tempfile.TemporaryDirectory(dir=work) as folder:
        with (Path(folder) / CUBE).open("wb") as file:
            pickle.dump(cube, file, protocol=5)
        del cube  # what is timed needs the room
        yield Path(folder)


def speed_table(of: str, kept: Path, sizes: Mapping[str, int], settings: Mapping[str, Mapping[str, Any]]) -> Table:
    """Pixels a second and memory of the engine and of peers, by name, each with its setting.

    Args:
        of: which scene, for the note.
        kept: the folder from `kept_cube`.
        sizes: of its cube.
        settings: by peer.
    """
    counts = (1, 2) if (os.cpu_count() or 1) > 1 else (1,)
    measured = {(ENGINE, n): timed(ENGINE, kept, n) for n in counts}
    for name, setting in settings.items():
        for n in counts:
            measured[name, n] = timed(name, kept, n, setting=json.dumps(dict(setting)))
    rate = {key: m["pixels"] / m["seconds"] for key, m in measured.items()}
    rows = []
    for name in dict.fromkeys(name for name, _ in measured):
        whole = measured[name, 1]
        on_all = whole["pixels"] == sizes["y"] * sizes["x"]
        remarks = [] if on_all else [f"timed on {whole['pixels']:.0f} pixels"]
        if whole["seconds"] > BUSY * whole["cpu"]:
            remarks.append(f"machine busy: {whole['seconds'] / whole['cpu']:.1f} s a CPU second")
        rows.append(
            [
                name,
                *(f"{rate[name, n]:.0f}" for n in counts),
                *(number(rate[ENGINE, n] / rate[name, n]) for n in counts),
                f"{whole['peak_mb']:.0f}" if on_all else "-",
                f"{whole['peak_mb'] - whole['loaded_mb']:.0f}" if on_all else "-",
                "; ".join(remarks),
            ]
        )
    return Table(
        title="Speed and memory",
        note=f"{of}, {sizes['x']} x {sizes['y']} px, {sizes['time']} looks, {sizes['band']} bands; "
        "each method in a fresh process after warming up, best of three runs, with its tuned setting. The engine "
        "is timed from cube to structures, peers up to their breaks: the grouping is not counted for them. Memory "
        "with 1 thread.",
        head=(
            "method",
            *(f"px/s, {n} thread{'s' * (n > 1)}" for n in counts),
            *(f"engine / it, {n}" for n in counts),
            "peak MB",
            "of it while running",
            "",
        ),
        rows=rows,
    )


def scaling_table(kept: Path, edge: int) -> Table:
    """What the engine needs for more looks, and for more pixels; `edge`: of the kept scene."""
    threads = min(2, os.cpu_count() or 1)
    cases = [(1, looks) for looks in SCALING_LOOKS] + [(size // edge, LOOKS_OF_LARGE) for size in SCALING_PIXELS]
    rows = []
    for tile, looks in cases:
        m = timed(ENGINE, kept, threads, tile=tile, looks=looks, repeats=1)
        pixels = m["pixels"]
        rows.append(
            [
                str(looks),
                f"{tile * edge} x {tile * edge}",
                f"{m['seconds']:.1f}",
                f"{pixels / m['seconds']:.0f}",
                f"{1e9 * m['seconds'] / pixels / looks:.0f}",
                f"{m['peak_mb']:.0f}",
                f"{2**20 * m['peak_mb'] / pixels / looks:.0f}",
            ]
        )
    return Table(
        title="How the engine grows",
        note=f"{threads} threads. Fewer looks are spread over the same years, more are the record played on; "
        "more pixels are the scene laid side by side.",
        head=("looks", "pixels", "seconds", "px/s", "ns per px and look", "peak MB", "bytes per px and look"),
        rows=rows,
    )


def timed(name: str, kept: Path, threads: int, **more: object) -> dict[str, float]:
    """Run `clock` for one method in a fresh process with so many threads."""
    words = [f"--{key}={value}" for key, value in more.items()]
    pools = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(pools, str(threads))}
    command = [sys.executable, __file__, name, str(kept), f"--threads={threads}", *words]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    say(f"{name}, {threads} threads {more or ''}: {result['pixels'] / result['seconds']:.0f} px/s")
    return result


def clock(options: argparse.Namespace) -> None:
    """Run one method on a kept cube, and print seconds (the best run), pixels, peak memory."""
    name = options.method
    with (options.kept / CUBE).open("rb") as file:
        cube = pickle.load(file)  # noqa: S301 - written by this program a moment ago
    if options.tile > 1 or options.looks:
        cube = enlarged(cube, tile=options.tile, looks=options.looks or cube.sizes["time"])
    small = cube.isel(y=slice(0, 64), x=slice(0, 64))
    if name == ENGINE:
        work: Callable[[], Any] = lambda: as_shipped(cube, np.ones(cube["valid"].shape[1:], dtype=bool))
        as_shipped(small, np.ones(small["valid"].shape[1:], dtype=bool))
        pixels = cube.sizes["y"] * cube.sizes["x"]
    else:
        peer = next(p for p in PEERS if p.name == name)
        setting = json.loads(options.setting)
        record, warm = Record.of(cube), Record.of(small)
        if peer.sample is not None:
            rng = np.random.default_rng(0)
            record = record.part(rng.choice(len(record.values), min(peer.sample, len(record.values)), replace=False))
            warm = warm.part(np.arange(256))
        peer.find(warm, threads=options.threads, **setting)
        work = partial(peer.find, record, threads=options.threads, **setting)
        pixels = len(record.values)
        del cube, small, warm
    loaded, seconds, used = peak_mb(), [], []
    for _ in range(options.repeats):
        started, cpu = time.perf_counter(), time.process_time()
        work()
        seconds.append(time.perf_counter() - started)
        used.append(time.process_time() - cpu)
    result = {"seconds": min(seconds), "cpu": min(used), "pixels": pixels, "loaded_mb": loaded, "peak_mb": peak_mb()}
    print(json.dumps(result))


def peak_mb() -> float:
    """Largest resident memory of this process so far."""
    status = Path("/proc/self/status")
    if status.exists():  # a child of a large process inherits that one's ru_maxrss on Linux
        line = next(part for part in status.read_text().splitlines() if part.startswith("VmHWM"))
        return float(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def enlarged(cube: xr.Dataset, *, tile: int, looks: int) -> xr.Dataset:
    """The scene laid side by side `tile` times each way, its record cut or played on until it has so many looks."""
    count = cube.sizes["time"]
    turns, index = np.divmod(np.arange(looks), count)
    if looks < count:  # fewer looks over the same years
        turns, index = np.zeros(looks, dtype=int), np.linspace(0, count - 1, looks).astype(int)
    span = cube["time"].values[-1] - cube["time"].values[0] + np.timedelta64(5, "D")
    grid = cube.odc.geobox
    height, width = (int(n) * tile for n in grid.shape)
    return xr.Dataset(
        {
            "reflectance": (
                ("time", "band", "y", "x"),
                np.tile(cube["reflectance"].values[index], (1, 1, tile, tile)),
            ),
            "valid": (("time", "y", "x"), np.tile(cube["valid"].values[index], (1, tile, tile))),
        },
        coords={
            "time": cube["time"].values[index] + turns * span,
            "time_end": ("time", cube["time_end"].values[index] + turns * span),
            "scene": ("time", [f"{cube['scene'].values[i]}-{t}" for t, i in zip(turns, index, strict=True)]),
            "sensor": ("time", cube["sensor"].values[index]),
            "band": cube["band"].values,
            **xr_coords(GeoBox((height, width), grid.affine, grid.crs), dims=("y", "x")),
        },
        attrs=cube.attrs,
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description="Time one method on a kept cube; what `timed` runs.")
    arguments.add_argument("method")
    arguments.add_argument("kept", type=Path)
    arguments.add_argument("--setting", default="{}", help="of a peer, as JSON")
    for name, default in (("--threads", 1), ("--repeats", 3), ("--tile", 1), ("--looks", 0)):
        arguments.add_argument(name, type=int, default=default)
    clock(arguments.parse_args())


if __name__ == "__main__":
    main()
