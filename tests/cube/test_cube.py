"""Scenes to comparable pixels, through the archive, from images of every shape."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from pyproj import Transformer
from rasterio.warp import Resampling, reproject
from shapely.geometry import Polygon, box

from sitewatch.archive import fetch, list_folder
from sitewatch.cube import Outcome, Readings, looks_document, read_cube, read_looks
from sitewatch.errors import InputError, SiteError
from sitewatch.site import Site

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
WEST, NORTH, SIZE = 500_000.0, 5_317_000.0, 60
"""A place in UTM 31 N; images of 60 x 60 pixels of 10 m."""


@pytest.fixture
def site() -> Site:
    to = Transformer.from_crs(32631, 4326, always_xy=True)
    corners = box(WEST + 200, NORTH - 400, WEST + 400, NORTH - 200).exterior.coords
    return Site(id="yard", name="The yard", outline=Polygon([to.transform(x, y) for x, y in corners]))


def write(path: Path, values: np.ndarray, *, names: tuple[str, ...], **changes: object) -> None:
    """A GeoTIFF of (band, y, x) with band names."""
    scales, offsets = changes.pop("scales", None), changes.pop("offsets", None)
    profile = {
        "driver": "GTiff",
        "count": len(values),
        "height": values.shape[1],
        "width": values.shape[2],
        "dtype": values.dtype,
        "crs": "EPSG:32631",
        "transform": Affine(10, 0, WEST, 0, -10, NORTH),
    }
    with rasterio.open(path, "w", **(profile | changes)) as dataset:
        dataset.write(values)
        dataset.descriptions = names
        if scales:
            dataset.scales, dataset.offsets = scales, offsets


def ground(seed: int = 0) -> np.ndarray:
    """(red, nir) as DN of baseline 04.00: reflectance = DN / 10 000 - 0.1."""
    return np.random.default_rng(seed).integers(1500, 4000, (2, SIZE, SIZE)).astype(np.uint16)


def read(folder: Path, site: Site, **options: float) -> Readings:
    return read_cube(site, fetch(list_folder(folder), site, folder.parent / "archive", now=NOW).chips, **options)


def outcomes(readings: Readings) -> dict[str, Outcome]:
    return {look.scene: look.outcome for look in readings.looks}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "images"
    made.mkdir()
    return made


def test_scale_and_offset_are_applied_once_and_never_to_masks(folder: Path, site: Site) -> None:
    for day in range(1, 7):
        scl = np.full((1, SIZE, SIZE), 4, dtype=np.uint16)
        scl[0, 25:30, 20 + day : 25 + day] = 9 if day < 3 else 4
        values = np.concatenate([ground(), scl])
        scales, offsets = (1e-4, 1e-4, 1.0), (-0.1, -0.1, 0.0)
        write(folder / f"2020-05-0{day}.tif", values, names=("red", "nir", "scl"), scales=scales, offsets=offsets)
    readings = read(folder, site)
    cube = readings.cube
    assert cube is not None
    assert list(cube["band"].values) == ["red", "nir"]
    assert cube.attrs["units"] == "reflectance"
    assert cube.attrs["latitude"] == pytest.approx(site.outline.centroid.y)
    # The images share a grid, so nothing was resampled: the pixels are those of the file.
    expected = ground()[:, : cube.sizes["y"], : cube.sizes["x"]] * np.float32(1e-4) - np.float32(0.1)
    assert cube["reflectance"].values[0] == pytest.approx(expected, rel=6e-4)
    assert (~cube["valid"].values[0]).sum() == 25
    assert [look.clear_share for look in readings.looks] == [1 - 25 / 400] * 2 + [1.0] * 4


def test_integers_without_a_scale_are_reflectance_times_ten_thousand(folder: Path, site: Site) -> None:
    for day in range(1, 7):
        write(folder / f"2020-05-0{day}.tif", ground(), names=("red", "nir"), nodata=0)
    cube = read(folder, site).cube
    assert cube is not None
    assert 0.1 < float(cube["reflectance"].mean()) < 0.5


def test_pictures_of_three_bands_are_scaled_to_one(folder: Path, site: Site) -> None:
    base = np.random.default_rng(0).integers(40, 200, (3, SIZE, SIZE))
    for day in range(1, 7):
        picture = np.clip(base * (1 + 0.05 * day) - 5 * day, 0, 255).astype(np.uint8)
        write(folder / f"2020-05-0{day}.tif", picture, names=(None, None, None))
    cube = read(folder, site).cube
    assert cube is not None
    assert cube.attrs["units"] == "picture"
    assert cube["time_end"].values[0] - cube["time"].values[0] == np.timedelta64(86_399, "s")
    values = cube["reflectance"].values
    assert 0 <= values.min() < values.max() <= 1.1
    assert np.abs(values - values[0]).max() < 0.02  # the stretches are gone


def test_one_file_a_band_of_two_pixel_sizes_lands_on_the_finer_grid(folder: Path, site: Site) -> None:
    fine = ground()[:1]
    coarse = np.random.default_rng(1).integers(1500, 4000, (1, 30, 30)).astype(np.uint16)
    wide = Affine(20, 0, WEST, 0, -20, NORTH)
    for day in range(1, 7):
        write(folder / f"X_2020050{day}_B04.tif", fine, names=(None,))
        write(folder / f"X_2020050{day}_B11.tif", coarse, names=(None,), transform=wide)
        write(folder / f"X_2020050{day}_SCL.tif", np.full((1, 30, 30), 4, np.uint8), names=(None,), transform=wide)
    cube = read(folder, site).cube
    assert cube is not None
    assert list(cube["band"].values) == ["red", "swir16"]
    assert cube.odc.geobox.affine.a == 10
    assert cube["valid"].values.all()
    assert float(cube["reflectance"].sel(band="swir16").mean()) == pytest.approx(coarse.mean() / 1e4, rel=0.05)


def test_another_coordinate_system_is_resampled_once_to_the_utm_grid(folder: Path, site: Site) -> None:
    """Against GDAL's own warp, done here straight from the source."""
    x, y = np.meshgrid(np.arange(120), np.arange(120))
    smooth = (2500 + 800 * np.sin(x / 12) * np.cos(y / 15)).astype(np.uint16)[None]
    to = Transformer.from_crs(32631, 4326, always_xy=True)
    west, north = to.transform(WEST - 100, NORTH + 100)
    transform = Affine(1e-4, 0, west, 0, -7e-5, north)
    for day in range(1, 7):
        write(folder / f"2020-05-0{day}.tif", smooth, names=("red",), crs="EPSG:4326", transform=transform)
    cube = read(folder, site, pixel=10.0).cube
    assert cube is not None
    grid = cube.odc.geobox
    assert grid.crs.epsg == 32631
    expected = np.zeros(grid.shape, dtype=np.float32)
    reproject(
        smooth[0].astype(np.float32),
        expected,
        src_transform=transform,
        src_crs="EPSG:4326",
        dst_transform=grid.affine,
        dst_crs="EPSG:32631",
        resampling=Resampling.bilinear,
    )
    inner = np.s_[8:-8, 8:-8]
    assert cube["reflectance"].values[0, 0][inner] == pytest.approx(expected[inner] / 1e4, abs=2e-3)


def test_pixels_without_a_measurement_are_not_seen(folder: Path, site: Site) -> None:
    for day in range(1, 7):
        values = ground()
        values[:, 20:40, :30] = 0
        write(folder / f"2020-05-0{day}.tif", values, names=("red", "nir"), nodata=0)
    readings = read(folder, site)
    assert readings.cube is not None
    assert np.isnan(readings.cube["reflectance"].values).any()
    assert {look.clear_share for look in readings.looks} == {0.5}


def test_covered_looks_are_told_from_used_ones_with_the_reason(folder: Path, site: Site) -> None:
    for day in range(1, 8):
        scl = np.full((1, SIZE, SIZE), 11 if day == 3 else 4, dtype=np.uint16)
        write(folder / f"2020-05-0{day}.tif", np.concatenate([ground(), scl]), names=("red", "nir", "scl"))
    readings = read(folder, site)
    assert outcomes(readings)["2020-05-03"] is Outcome.COULD_NOT_SEE
    (covered,) = [look for look in readings.looks if look.scene == "2020-05-03"]
    assert covered.reason == "of the site: snow 100%"
    assert readings.cube is not None
    assert "2020-05-03" not in readings.cube["scene"].values
    assert readings.cube.sizes["time"] == 6


def test_other_sensors_and_scenes_without_a_band_are_rejected_with_that_reason(folder: Path, site: Site) -> None:
    for day in range(1, 7):
        write(folder / f"2020-05-0{day}.tif", ground(), names=("red", "nir"))
    write(folder / "2020-05-07.tif", ground()[:1], names=("red",))
    write(folder / "2020-05-08.tif", np.full((3, SIZE, SIZE), 90, np.uint8), names=(None, None, None))
    readings = read(folder, site)
    rejected = {look.scene: look.reason for look in readings.looks if look.outcome is Outcome.REJECTED}
    assert set(rejected) == {"2020-05-07", "2020-05-08"}
    assert "no band nir" in rejected["2020-05-07"]
    assert "watch this one apart" in rejected["2020-05-08"]


def test_a_chip_that_went_missing_is_a_failed_look(folder: Path, site: Site) -> None:
    for day in range(1, 7):
        write(folder / f"2020-05-0{day}.tif", ground(), names=("red", "nir"))
    chips = fetch(list_folder(folder), site, folder.parent / "archive", now=NOW).chips
    chips[2].bands[0].path.unlink()
    readings = read_cube(site, chips)
    assert outcomes(readings)["2020-05-03"] is Outcome.FAILED
    assert sum(o is Outcome.USED for o in outcomes(readings).values()) == 5


def test_an_outline_elsewhere_is_refused(folder: Path, site: Site) -> None:
    write(folder / "2020-05-01.tif", ground(), names=("red", "nir"))
    chips = fetch(list_folder(folder), site, folder.parent / "archive", now=NOW).chips
    with pytest.raises(SiteError, match="touches none"):
        read_cube(Site(id="x", name="x", outline=box(20, 20, 20.1, 20.1)), chips)


def test_the_ledger_reads_back(folder: Path, site: Site, tmp_path: Path) -> None:
    for day in range(1, 7):
        write(folder / f"2020-05-0{day}.tif", ground(), names=("red", "nir"))
    looks = read(folder, site).looks
    path = tmp_path / "looks.geojson"
    path.write_text(json.dumps(looks_document(looks)))
    assert read_looks(path) == looks
    path.write_text('{"features": [{}]}')
    with pytest.raises(InputError, match=r"not a looks\.geojson"):
        read_looks(path)


@pytest.mark.parametrize("looks", [1, 4])
def test_where_no_look_can_be_reflectance_all_are_rejected_and_nothing_breaks(
    folder: Path, site: Site, looks: int
) -> None:
    for day in range(1, looks + 1):
        values = ground().astype(np.float32)  # thousands, and no scale
        write(folder / f"2020-05-0{day}.tif", values, names=("red", "nir"))
    readings = read(folder, site)
    assert readings.cube is None
    assert {look.outcome for look in readings.looks} == {Outcome.REJECTED}
    assert all("no reflectance" in look.reason for look in readings.looks)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_one_look_or_two_are_read_as_they_are(folder: Path, site: Site, dtype: type) -> None:
    for day in (1, 2):
        values = (ground(day) // (20 if dtype is np.uint8 else 1)).astype(dtype)
        write(folder / f"2020-05-0{day}.tif", np.concatenate([values, values[:1]]), names=("red", "green", "blue"))
        readings = read(folder, site)
        assert readings.cube is not None
        assert readings.cube.sizes["time"] == day


def test_named_areas_have_a_clear_share_of_their_own_where_they_lie_on_the_grid(folder: Path, site: Site) -> None:
    for day in range(1, 4):
        scl = np.full((1, SIZE, SIZE), 4, dtype=np.uint16)
        scl[0, 20:30, 20:40] = 9 if day == 1 else 4
        write(folder / f"2020-05-0{day}.tif", np.concatenate([ground(), scl]), names=("red", "nir", "scl"))
    west, south, east, north = site.outline.bounds
    areas = {
        "north": box(west, (south + north) / 2, east, north),
        "far away": box(west + 1, south, east + 1, north),
    }
    look = read(folder, Site(id="yard", name="The yard", outline=site.outline, areas=areas)).looks[0]
    assert set(look.clear_share_of_areas) == {"north"}
    assert look.clear_share_of_areas["north"] == pytest.approx(0.0, abs=0.1)
