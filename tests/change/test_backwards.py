"""Time played backwards: what was erected is dismantled, at the same place and between the same two looks."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from shapely.geometry import shape

from sitewatch.archive import fetch, list_folder
from sitewatch.change import Kind, detect
from sitewatch.cube import read_cube
from sitewatch.simulate import Recipe, simulate, write
from sitewatch.site import area_mask, read_site

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def cube_of(site_file: Path, images: Path, archive: Path) -> tuple[xr.Dataset, np.ndarray]:
    site = read_site(site_file)
    cube = read_cube(site, fetch(list_folder(images), site, archive, now=NOW).chips).cube
    assert cube is not None
    return cube, area_mask(site.outline, cube.odc.geobox)


def backwards(cube: xr.Dataset) -> xr.Dataset:
    """The same looks, the last first, as far apart as they were."""
    turned = cube.isel(time=slice(None, None, -1))
    first, last = cube["time"].values[[0, -1]]
    return turned.assign_coords(
        time=first + (last - turned["time"].values), time_end=("time", first + (last - turned["time_end"].values))
    )


def told(cube: xr.Dataset, inside: np.ndarray, *, turned: bool) -> list[tuple[np.ndarray, tuple[int, int], bool]]:
    """Claimed steps: pixels, the looks around them counted forwards, and whether something went up in forward time."""
    looks = cube.sizes["time"]
    found = []
    for change in detect(backwards(cube) if turned else cube, false_alarms=1.0, inside=inside):
        if change.kind is Kind.STRUCTURE and change.began is not None and change.ended is None:
            between = (change.began.after, change.began.by)
            if turned:
                between = (looks - 1 - between[1], looks - 1 - between[0])
            found.append((change.pixels, between, change.standing_inside != turned))
    return found


def same_step(one: tuple[np.ndarray, tuple[int, int], bool], other: tuple[np.ndarray, tuple[int, int], bool]) -> bool:
    """The same ground by half at least, the same direction, and brackets that share a moment."""
    shared = len(np.intersect1d(one[0], other[0]))
    (after, by), (other_after, other_by) = one[1], other[1]
    return (
        shared >= 0.5 * (len(one[0]) + len(other[0]) - shared)
        and one[2] == other[2]
        and after <= other_by
        and other_after <= by
    )


def test_a_simulated_record_played_backwards_tells_the_opposite(tmp_path: Path) -> None:
    made = simulate(Recipe(seed=23, size=128, looks=110, permanent=8, temporary=3, demolitions=4))
    write(made, tmp_path / "world")
    cube, inside = cube_of(tmp_path / "world" / "site.geojson", tmp_path / "world" / "images", tmp_path / "archive")
    forward, backward = (told(cube, inside, turned=turned) for turned in (False, True))
    # Small patches take in other neighbours when their dates are read from the other side of a cloud.
    large = [step for step in forward if len(step[0]) >= 20]
    assert len(large) >= 4
    # On six such places together (seeds 21 to 26) 20 of 29 are told both ways.
    assert sum(any(same_step(one, other) for other in backward) for one in large) >= 2 / 3 * len(large)


@pytest.mark.long
def test_a_real_record_played_backwards_tells_the_opposite(shared: Path, tmp_path: Path) -> None:
    folder = shared / "data" / "smart-timelapse"
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    cube, inside = cube_of(folder / "site.geojson", folder / "AE_tif", tmp_path / "archive")
    truth = json.loads((folder / "truth.geojson").read_text())["features"][0]
    hall = np.flatnonzero(area_mask(shape(truth["geometry"]), cube.odc.geobox))

    def hall_told(*, turned: bool) -> tuple[np.ndarray, tuple[int, int], bool]:
        steps = told(cube, inside, turned=turned)
        return max(steps, key=lambda step: len(np.intersect1d(step[0], hall)) / len(np.union1d(step[0], hall)))

    forward, backward = hall_told(turned=False), hall_told(turned=True)
    assert forward[2]  # it goes up forwards, and in backward time comes down
    assert same_step(forward, backward)
