"""Radar scenes in a cube: decibels, one relative orbit, no optical gate."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from pyproj import Transformer
from shapely.geometry import Polygon, box

from sitewatch.archive import fetch, list_folder
from sitewatch.cube import Outcome, Readings, read_cube
from sitewatch.site import Site

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
WEST, NORTH, SIZE = 500_000.0, 5_317_000.0, 60


@pytest.fixture
def site() -> Site:
    to = Transformer.from_crs(32631, 4326, always_xy=True)
    corners = box(WEST + 200, NORTH - 400, WEST + 400, NORTH - 200).exterior.coords
    return Site(id="yard", name="The yard", outline=Polygon([to.transform(x, y) for x, y in corners]))


def write(path: Path, power: np.ndarray, *, orbit: int | None = 44, **tags: str) -> None:
    """A GeoTIFF of (2, y, x) linear power, vv and vh, with a STAC item that tells the orbit."""
    with rasterio.open(
        path, "w", driver="GTiff", count=2, height=SIZE, width=SIZE, dtype="float32", crs="EPSG:32631",
        transform=Affine(10, 0, WEST, 0, -10, NORTH),
    ) as dataset:  # fmt: skip
        dataset.write(power.astype(np.float32))
        dataset.descriptions = ("vv", "vh")
        dataset.update_tags(**tags)
    if orbit is not None:
        item = {
            "type": "Feature",
            "stac_version": "1.0.0",
            "id": path.stem,
            "geometry": None,
            "properties": {
                "datetime": f"{path.stem[:10]}T05:30:00Z",
                "platform": "sentinel-1a",
                "sat:relative_orbit": orbit,
            },
            "assets": {},
            "links": [],
        }
        path.with_suffix(".json").write_text(json.dumps(item))


def speckled(seed: int) -> np.ndarray:
    return np.array([0.1, 0.02])[:, None, None] * np.random.default_rng(seed).gamma(4.4, 1 / 4.4, (2, SIZE, SIZE))


def read(folder: Path, site: Site) -> Readings:
    return read_cube(site, fetch(list_folder(folder), site, folder.parent / "archive", now=NOW).chips)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "images"
    path.mkdir()
    return path


def test_power_becomes_decibels_and_what_has_none_is_not_valid(folder: Path, site: Site) -> None:
    for day in range(1, 8):
        power = speckled(day)
        power[:, 30, 30] = 0
        power[0, 31, 31] = -1e-4
        power[1, 32, 32] = np.nan
        write(folder / f"2020-05-0{day}.tif", power)
    readings = read(folder, site)
    cube = readings.cube
    assert cube is not None
    assert cube.attrs["units"] == "backscatter"
    assert list(cube["band"].values) == ["vv", "vh"]
    holes = ~cube["valid"].values
    assert holes.sum(axis=(1, 2)).tolist() == [3] * 7
    seen = cube["valid"].values[0]
    vv = cube["reflectance"].values[0, 0]
    assert np.isfinite(vv[seen]).all()
    assert np.median(vv[seen]) == pytest.approx(10 * np.log10(0.1), abs=0.7)
    # The speckle is left as it is: nothing was registered, normalised or screened out.
    assert all(look.shift_m is None for look in readings.looks)


def test_orbits_are_never_mixed(folder: Path, site: Site) -> None:
    for day in range(1, 8):
        write(folder / f"2020-05-0{day}.tif", speckled(day), orbit=44 if day < 6 else 95)
    readings = read(folder, site)
    assert readings.cube is not None
    assert readings.cube.sizes["time"] == 5
    rejected = [look for look in readings.looks if look.outcome is Outcome.REJECTED]
    assert len(rejected) == 2
    assert "sentinel-1 backscatter, relative orbit 44" in rejected[0].reason


def test_an_orbit_that_nobody_tells_is_said(folder: Path, site: Site) -> None:
    for day in range(1, 4):
        write(folder / f"2020-05-0{day}.tif", speckled(day), orbit=None)
    assert all("orbit is not told" in look.reason for look in read(folder, site).looks)


def test_decibels_and_raw_numbers_are_rejected(folder: Path, site: Site) -> None:
    for day in range(1, 5):
        write(folder / f"2020-05-0{day}.tif", speckled(day))
    write(folder / "2020-05-05.tif", 10 * np.log10(speckled(5)))
    write(folder / "2020-05-06.tif", 3000 * speckled(6))
    readings = read(folder, site)
    reasons = {look.scene: look.reason for look in readings.looks if look.outcome is Outcome.REJECTED}
    assert set(reasons) == {"2020-05-05", "2020-05-06"}
    assert "decibels" in reasons["2020-05-05"]
    assert "no calibrated power" in reasons["2020-05-06"]


@pytest.mark.parametrize(
    ("name", "platform", "orbit"),
    [
        ("OPERA_L2_RTC-S1_T137-292319-IW2_20211119T015858Z_20250830T120333Z_S1A_30_v1.0_{}", "sentinel-1a", 137),
        ("S1B_IW_GRDH_1SDV_20210810T044826_20210810T044851_028179_035C9B_6C5A_rtc_{}", "sentinel-1b", 153),
        ("S1A_IW_20211119T015858_DVP_RTC30_G_gpunem_1234_{}", "sentinel-1a", None),
    ],
)
def test_satellite_and_orbit_are_read_off_names(folder: Path, name: str, platform: str, orbit: int | None) -> None:
    for band, power in zip(("VV", "VH"), speckled(1), strict=True):
        with rasterio.open(
            folder / f"{name.format(band)}.tif", "w", driver="GTiff", count=1, height=SIZE, width=SIZE,
            dtype="float32", crs="EPSG:32631", transform=Affine(10, 0, WEST, 0, -10, NORTH),
        ) as dataset:  # fmt: skip
            dataset.write(power.astype(np.float32), 1)
    (scene,) = list_folder(folder).scenes
    assert (scene.sensor, scene.platform, scene.orbit) == ("sentinel-1", platform, orbit)
    assert [band.name for band in scene.bands] == ["vh", "vv"]


def test_the_track_tag_tells_the_orbit(folder: Path) -> None:
    write(folder / "2020-05-01.tif", speckled(1), orbit=None, TRACK_NUMBER="44")
    assert list_folder(folder).scenes[0].orbit == 44


def test_real_bursts_become_one_cube_and_their_mask_is_heeded(shared: Path, folder: Path) -> None:
    source = shared / "data" / "s1-opera"
    if not source.is_dir():
        pytest.skip(f"no real radar at {source}")
    for path in source.glob("*/*T137-292322*.tif"):
        shutil.copy(path, folder)
    with rasterio.open(next(iter(folder.glob("*_VV.tif")))) as dataset:
        profile, bounds = dataset.profile, dataset.bounds
    first = min(folder.glob("*_VV.tif"))
    shadow = np.zeros((100, 100), dtype=np.uint8)
    shadow[40:60, :50] = 1
    with rasterio.open(
        first.with_name(first.name.replace("_VV", "_mask")), "w", **profile | {"dtype": "uint8", "nodata": 255}
    ) as mask:
        mask.write(shadow, 1)
    to = Transformer.from_crs(profile["crs"], 4326, always_xy=True)
    corners = box(*bounds).buffer(-600).exterior.coords
    site = Site(id="land", name="Stable land", outline=Polygon([to.transform(x, y) for x, y in corners]))
    readings = read(folder, site)
    cube = readings.cube
    assert cube is not None
    assert cube.sizes["time"] == 21
    assert abs(cube.odc.geobox.affine.a) == 30
    assert {look.sensor for look in readings.looks} == {"sentinel-1"}
    shares = [look.clear_share for look in readings.looks]
    assert shares[0] is not None
    assert shares[0] < 0.95
    assert shares[1:] == [1.0] * 20
    for valid, band, path in zip(
        cube["valid"].values, cube["reflectance"].values[:, 0], sorted(folder.glob("*_VV.tif")), strict=True
    ):
        with rasterio.open(path) as dataset:
            power = dataset.read(1)
        assert valid.any()
        assert np.nanmedian(band) == pytest.approx(10 * np.log10(np.median(power)), abs=0.5)
