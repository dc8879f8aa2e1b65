"""Radar: stable land stays quiet, bright blocks are found where and when they stood; real backscatter."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr
from numpy.typing import NDArray

from sitewatch.change import Kind, compare_pair, detect
from sitewatch.change._radar import LEAST_STRENGTH, claim_strength, false_rate, probability

Crops = dict[str, xr.Dataset]


def cube_of(times: NDArray[np.datetime64], power: NDArray[np.float32]) -> xr.Dataset:
    """As `read_cube` makes it of (time, band, y, x) linear power."""
    return xr.Dataset(
        {
            "reflectance": (("time", "band", "y", "x"), (10 * np.log10(power)).astype(np.float32)),
            "valid": (("time", "y", "x"), np.ones(power[:, 0].shape, dtype=bool)),
        },
        coords={"time": times.astype("datetime64[ns]"), "band": ["vv", "vh"]},
        attrs={"units": "backscatter"},
    )


@pytest.fixture(scope="module")
def crops(shared: Path) -> Crops:
    """Three crops of stable land, 21 dates in three years."""
    folder = shared / "data" / "s1-opera"
    if not folder.is_dir():
        pytest.skip(f"no real radar at {folder}")
    found: dict[str, list[tuple[np.datetime64, NDArray[np.float32]]]] = defaultdict(list)
    for path in sorted(folder.glob("*/*_VV.tif")):
        burst, time = path.name.split("_")[3:5]
        pair = []
        for file in (path, path.with_name(path.name.replace("_VV", "_VH"))):
            with rasterio.open(file) as dataset:
                pair.append(dataset.read(1))
        found[burst].append((np.datetime64(dt.datetime.fromisoformat(time).replace(tzinfo=None)), np.stack(pair)))
    return {
        burst: cube_of(np.array([t for t, _ in looks]), np.stack([p for _, p in looks]))
        for burst, looks in found.items()
    }


def claims(cube: xr.Dataset, *, false_alarms: float = 1.0) -> list:
    inside = np.ones(cube["valid"].shape[1:], dtype=bool)
    return [c for c in detect(cube, false_alarms=false_alarms, inside=inside) if c.kind is Kind.STRUCTURE]


def brightened(
    cube: xr.Dataset, when: slice, rows: slice, columns: slice, *, vv: float = 6, vh: float = 3
) -> xr.Dataset:
    """The cube with decibels added to a block."""
    bright = cube.copy(deep=True)
    bright["reflectance"].values[when, 0, rows, columns] += vv
    bright["reflectance"].values[when, 1, rows, columns] += vh
    return bright


def is_block(change: object, when: slice, rows: slice, columns: slice, shape: tuple[int, int]) -> bool:
    """Whether a change is the block: its ground, a spell of standing, brackets that hold the true dates."""
    mask = np.zeros(shape, dtype=bool)
    mask[rows, columns] = True
    truth = np.flatnonzero(mask)
    return (
        change.standing_inside
        and change.began is not None
        and change.ended is not None
        and change.began.after < when.start <= change.began.by
        and change.ended.after < when.stop <= change.ended.by
        and len(np.intersect1d(change.pixels, truth)) >= 0.3 * len(np.union1d(change.pixels, truth))
    )


def test_stable_land_gives_no_structure_in_three_years(crops: Crops) -> None:
    assert len(crops) == 3
    for burst, cube in crops.items():
        assert claims(cube) == [], burst
        assert claims(cube, false_alarms=10) == [], burst


def test_bright_blocks_are_found_where_and_when_they_stood(crops: Crops) -> None:
    rng = np.random.default_rng(2024)
    for burst, cube in crops.items():
        shape = cube["valid"].shape[1:]
        bright, placed = cube, []
        for top in range(5, 86, 18):
            for left in range(5, 86, 18):
                high, wide = (int(n) for n in rng.integers(4, 7, 2))
                first = int(rng.integers(3, 21 - 7 - 2))
                y, x = top + int(rng.integers(0, 6)), left + int(rng.integers(0, 6))
                block = (slice(first, first + 7), slice(y, y + high), slice(x, x + wide))
                bright = brightened(bright, *block)
                placed.append(block)
        found = claims(bright)
        hits = sum(any(is_block(change, *block, shape) for change in found) for block in placed)
        assert len(placed) == 25
        assert hits >= 22, f"{burst}: {hits} of 25"
        stray = [c for c in found if not any(is_block(c, *block, shape) for block in placed)]
        assert len(stray) <= 3, burst
        assert all(0.5 < change.probability < 0.95 for change in found)


def test_what_darkens_for_good_was_taken_down(crops: Crops) -> None:
    cube = next(iter(crops.values()))
    block = (slice(0, 10), slice(60, 66), slice(20, 26))
    (change,) = claims(brightened(cube, *block))
    stands_first = change.standing_inside == (change.began is None)
    assert stands_first
    edge = change.ended if change.standing_inside else change.began
    assert edge is not None
    assert edge.after < 10 <= edge.by


def test_speckle_alone_and_wet_ground_are_no_structures() -> None:
    rng = np.random.default_rng(3)
    times = np.datetime64("2020-01-01") + np.arange(30) * np.timedelta64(12, "D")
    power = 0.1 * rng.gamma(4.4, 1 / 4.4, size=(30, 2, 80, 80)).astype(np.float32)
    assert claims(cube_of(times, power), false_alarms=10) == []
    # Rain brightens everything on a few dates; a field of bare soil by 2 dB for a season.
    power[8:11] *= 10**0.3
    power[12:20, :, 20:40, 20:40] *= 10**0.2
    assert claims(cube_of(times, power)) == []


def test_two_radar_looks_are_not_compared() -> None:
    power = np.full((3, 2, 20, 20), 0.1, dtype=np.float32)
    power[2, :, 5:12, 5:12] *= 10
    cube = cube_of(np.datetime64("2020-01-01") + np.arange(3) * np.timedelta64(12, "D"), power)
    assert compare_pair(cube, false_alarms=1, inside=np.ones((20, 20), dtype=bool)) == []


def test_budget_and_probability_follow_the_counted_rate() -> None:
    assert claim_strength(false_alarms=1, pixels=10_000) == LEAST_STRENGTH
    strict = claim_strength(false_alarms=0.05, pixels=40_000)
    assert strict > LEAST_STRENGTH
    assert false_rate(strict) * 4 == pytest.approx(0.05)
    assert probability(0, pixels=10_000) == 0
    assert probability(3, pixels=10_000) < probability(4, pixels=10_000) < 0.95
    assert probability(40, pixels=10_000) == probability(20, pixels=10_000)
