"""Radar: what the search finds where nothing is built, what it finds of bright blocks, and what a speckle filter does.

    python benchmarks/change/radar_null.py

Three crops of stable land (Sentinel-1 RTC gamma0 by OPERA, 100 x 100 pixels of 30 m, one track, 21 dates in three
years) are searched whole and as parts of their record; simulated speckle of several equivalent numbers of looks is
searched beside them. Every candidate of `sitewatch.change._radar` counts as false. Then blocks are brightened on some
of the dates; found is what is claimed at the default budget with an intersection over union of .3 and brackets that
hold the true dates. The filter is that of Quegan and Yu (2001).

The data are found at $SITEWATCH_SHARED/data/s1-opera, or at ../shared/data/s1-opera beside the repository.
"""

from __future__ import annotations

import datetime as dt
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import rasterio
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from sitewatch.change import Change, Kind, detect
from sitewatch.change._dates import dates
from sitewatch.change._radar import MIN_EXTENT, rises
from sitewatch.change._search import search

FOLDER = Path(os.environ.get("SITEWATCH_SHARED", Path(__file__).parents[3] / "shared")) / "data" / "s1-opera"
PARTS = {"whole": slice(None), "every 2nd": slice(0, None, 2), "first 12": slice(0, 12), "6 to 20": slice(6, 20)}
STEPS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)

Power = NDArray[np.float32]
"""(time, band, y, x) linear, bands vv and vh."""


def crops() -> dict[str, tuple[NDArray[np.datetime64], Power]]:
    """(times, power) of each burst's crop."""
    found: dict[str, list[tuple[np.datetime64, Power]]] = defaultdict(list)
    for path in sorted(FOLDER.glob("*/*_VV.tif")):
        burst, time = path.name.split("_")[3:5]
        pair = []
        for file in (path, path.with_name(path.name.replace("_VV", "_VH"))):
            with rasterio.open(file) as dataset:
                pair.append(dataset.read(1))
        found[burst].append((np.datetime64(dt.datetime.fromisoformat(time).replace(tzinfo=None)), np.stack(pair)))
    return {burst: (np.array([t for t, _ in looks]), np.stack([p for _, p in looks])) for burst, looks in found.items()}


def cube_of(times: NDArray[np.datetime64], power: Power) -> xr.Dataset:
    """As `sitewatch.cube.read_cube` makes it."""
    return xr.Dataset(
        {
            "reflectance": (("time", "band", "y", "x"), 10 * np.log10(power)),
            "valid": (("time", "y", "x"), np.isfinite(power).all(axis=1)),
        },
        coords={"time": times.astype("datetime64[ns]"), "band": ["vv", "vh"]},
        attrs={"units": "backscatter"},
    )


def speckle(looks: int, size: int, number: float, *, seed: int) -> tuple[NDArray[np.datetime64], Power]:
    """Textured ground that wanders slowly (.4 dB) under gamma-distributed speckle; number: equivalent looks."""
    rng = np.random.default_rng(seed)
    texture = ndimage.gaussian_filter(rng.normal(size=(2, size, size)), (0, 2, 2))
    slow = ndimage.gaussian_filter(rng.normal(size=(looks, 2, size, size)), (1.5, 0, 3, 3))
    ground = np.array([-10.0, -16.0])[:, None, None] + 1.5 * texture / texture.std() + 0.4 * slow / slow.std()
    times = np.datetime64("2020-01-01") + np.arange(looks) * np.timedelta64(12, "D")
    power = 10 ** (ground / 10) * rng.gamma(number, 1 / number, size=ground.shape)
    return times, power.astype(np.float32)


def filtered(power: Power, window: int) -> Power:
    """Every look's local mean, times the mean over all looks of pixel over local mean."""
    local = ndimage.uniform_filter(power, (1, 1, window, window))
    return np.asarray(local * (power / local).mean(axis=0), dtype=np.float32)


def strengths(times: NDArray[np.datetime64], power: Power) -> list[float]:
    """Strength of every candidate, dB."""
    found = search(cube_of(times, power))
    patches = [p for p in found.patches[: found.grown] if len(p.pixels) >= MIN_EXTENT]
    measured = rises(patches, dates(patches, found.stack), found.stack)
    return [rise.strength for rise in measured if rise is not None and rise.strength > 0]


@dataclass(frozen=True, kw_only=True)
class Block:
    """What is added to the ground."""

    sides: tuple[int, int] = (4, 6)
    """Shortest and longest side, pixels."""
    looks: int | None = 7
    """On how many dates it stands; None: from a date on, for good."""
    rise: tuple[float, float] = (6.0, 3.0)
    """Decibels in vv and vh."""


def places(block: Block, looks: int, size: int, *, seed: int) -> Iterator[tuple[slice, slice, slice]]:
    """(looks, rows, columns) of blocks apart from each other."""
    rng = np.random.default_rng(seed)
    for top in range(5, size - 14, 18):
        for left in range(5, size - 14, 18):
            y, x = top + int(rng.integers(0, 6)), left + int(rng.integers(0, 6))
            high, wide = (int(n) for n in rng.integers(block.sides[0], block.sides[1] + 1, 2))
            first = int(rng.integers(3, looks - (block.looks or 3) - 2))
            last = looks if block.looks is None else first + block.looks
            yield slice(first, last), slice(y, y + high), slice(x, x + wide)


def is_told(change: Change, when: slice, truth: NDArray[np.int64], looks: int) -> bool:
    """Whether a change is the block, with brackets that hold its dates."""
    if len(np.intersect1d(change.pixels, truth)) < 0.3 * len(np.union1d(change.pixels, truth)):
        return False
    if not change.standing_inside:
        return False
    came = change.began is not None and change.began.after < when.start <= change.began.by
    if when.stop == looks:
        return came and change.ended is None
    return came and change.ended is not None and change.ended.after < when.stop <= change.ended.by


def recall(
    times: NDArray[np.datetime64],
    power: Power,
    block: Block,
    *,
    change: Callable[[Power], Power] = lambda p: p,
    seed: int,
) -> tuple[int, int]:
    """(blocks found, blocks) at the default budget."""
    bright = power.copy()
    placed = list(places(block, len(times), power.shape[2], seed=seed))
    for when, rows, columns in placed:
        for band in (0, 1):
            bright[when, band, rows, columns] *= 10 ** (block.rise[band] / 10)
    inside = np.ones(power.shape[2:], dtype=bool)
    found = detect(cube_of(times, change(bright)), false_alarms=1, inside=inside)
    claims = [c for c in found if c.kind is Kind.STRUCTURE]
    hits = 0
    for when, rows, columns in placed:
        mask = np.zeros(power.shape[2:], dtype=bool)
        mask[rows, columns] = True
        truth = np.flatnonzero(mask)
        hits += any(is_told(claim, when, truth, len(times)) for claim in claims)
    return hits, len(placed)


def main() -> None:
    real = crops()
    print("candidates of at least so many dB (every one is false), and 10 000 pixels x years")
    for part, chosen in PARTS.items():
        found, seen = [], 0.0
        for times, power in real.values():
            found += strengths(times[chosen], power[chosen])
            years = (times[chosen][-1] - times[chosen][0]) / np.timedelta64(1, "s") / 86_400 / 365.25
            seen += years * power[0, 0].size * 1e-4
        counts = "  ".join(f"{step:g}: {sum(s >= step for s in found)}" for step in STEPS)
        print(f"  real, {part:9}  {counts}   in {seen:.1f}")
    for looks, number in ((7, 4.4), (12, 4.4), (21, 10), (30, 4.4), (90, 4.4)):
        found = strengths(*speckle(looks, 300, number, seed=looks))
        counts = "  ".join(f"{step:g}: {sum(s >= step for s in found)}" for step in STEPS)
        print(f"  speckle, {looks} looks of {number:g}  {counts}   in {9 * looks * 12 / 365.25:.1f}")
    print("blocks found at the default budget, for each crop")
    for block in (
        Block(),
        Block(rise=(4.0, 2.0)),
        Block(rise=(3.0, 1.5)),
        Block(rise=(6.0, 0.0)),
        Block(sides=(3, 3)),
        Block(sides=(3, 3), rise=(8.0, 4.0)),
        Block(sides=(10, 10)),
        Block(looks=3),
        Block(looks=4),
        Block(looks=None),
    ):
        print(f"  {block}  {_told(real, block)}")
    print("the same blocks after a speckle filter")
    for window in (3, 5):
        print(f"  {window} x {window}  {_told(real, Block(), change=partial(filtered, window=window))}")


def _told(
    real: dict[str, tuple[NDArray[np.datetime64], Power]], block: Block, **options: Callable[[Power], Power]
) -> str:
    told = []
    for times, power in real.values():
        pairs = [recall(times, power, block, seed=seed, **options) for seed in range(4)]
        told.append(f"{sum(h for h, _ in pairs)} of {sum(n for _, n in pairs)}")
    return ", ".join(told)


if __name__ == "__main__":
    main()
