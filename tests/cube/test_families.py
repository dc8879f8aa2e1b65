"""Several sensors at one site: a cube each, on grids nested in each other."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from pyproj import Transformer
from shapely.geometry import Polygon, box

from sitewatch.archive import fetch, list_folder
from sitewatch.cube import Outcome, Readings, read_cubes
from sitewatch.site import Site

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
WEST, NORTH = 500_000.0, 5_317_000.0
EDGE_M = 900.0


@pytest.fixture
def site() -> Site:
    to = Transformer.from_crs(32631, 4326, always_xy=True)
    corners = box(WEST + 205, NORTH - 415, WEST + 402, NORTH - 203).exterior.coords
    return Site(id="yard", name="The yard", outline=Polygon([to.transform(x, y) for x, y in corners]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "images"
    path.mkdir()
    return path


def write(
    folder: Path,
    day: int,
    *,
    platform: str,
    pixel: float,
    bands: tuple[str, ...] = ("red", "nir"),
    dtype: str = "uint16",
    orbit: int | None = None,
    offset: float = 0,
) -> None:
    """A scene of random ground, its corner `offset` metres east of the place's."""
    size = int(EDGE_M / pixel)
    rng = np.random.default_rng(int(pixel))
    ground = rng.integers(500, 4000, (len(bands), size, size)) + rng.integers(0, 20)
    values = {"uint16": ground, "uint8": ground // 16, "float32": ground / 1e4}[dtype].astype(dtype)
    path = folder / f"{platform}-2020-05-{day:02}.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=len(bands), height=size, width=size, dtype=dtype, crs="EPSG:32631",
        transform=Affine(pixel, 0, WEST + offset, 0, -pixel, NORTH),
    ) as dataset:  # fmt: skip
        dataset.write(values)
        dataset.descriptions = bands
    properties: dict[str, object] = {"datetime": f"2020-05-{day:02}T10:00:00Z", "platform": platform}
    if orbit is not None:
        properties["sat:relative_orbit"] = orbit
    item = {"type": "Feature", "stac_version": "1.0.0", "id": path.stem, "geometry": None, "properties": properties}
    path.with_suffix(".json").write_text(json.dumps(item | {"assets": {}, "links": []}))


def read(folder: Path, site: Site, **options: object) -> tuple[Readings, ...]:
    chips = fetch(list_folder(folder), site, folder.parent / "archive", now=NOW).chips
    return read_cubes(site, chips, least=7, **options)  # type: ignore[arg-type]


def test_every_family_with_looks_enough_gets_a_cube_nested_in_the_sites_grid(folder: Path, site: Site) -> None:
    for day in range(1, 11):
        write(folder, day, platform="sentinel-2a", pixel=10)
    for day in range(1, 9):
        write(folder, day, platform="landsat-8", pixel=30)
        write(folder, day, platform="planetscope", pixel=3)
        write(folder, day, platform="sentinel-1a", pixel=10, bands=("vv", "vh"), dtype="float32", orbit=44 + day % 2)
    for day in range(11, 19):
        write(folder, day, platform="sentinel-1a", pixel=10, bands=("vv", "vh"), dtype="float32", orbit=45)
    for day in range(1, 10):
        write(folder, day, platform="drone", pixel=5, bands=("red", "green", "blue"), dtype="uint8")
    made = read(folder, site)
    cubes = {one.family: one.cube for one in made if one.cube is not None}
    assert next(iter(cubes)) == "sentinel-1 backscatter, relative orbit 45"  # 12 looks, the most
    assert set(cubes) == {
        "sentinel-1 backscatter, relative orbit 45",
        "sentinel-2 reflectance",
        "landsat reflectance",
        "planetscope reflectance",
        "drone pictures",
    }
    units = {name: cube.attrs["units"] for name, cube in cubes.items()}
    assert [units[name] for name in ("drone pictures", "landsat reflectance")] == ["picture", "reflectance"]
    main = made[0].grid
    for cube in cubes.values():
        grid = cube.odc.geobox
        step = abs(grid.affine.a) / abs(main.affine.a)
        factor = step if step >= 1 else 1 / step
        assert factor == pytest.approx(round(factor))
        fine, coarse = (main, grid) if step >= 1 else (grid, main)
        away = ((fine.affine.c - coarse.affine.c) / fine.affine.a, (coarse.affine.f - fine.affine.f) / -fine.affine.e)
        assert all(number == pytest.approx(round(number)) for number in away)
        west, south, east, north = grid.boundingbox.bbox
        assert west <= main.boundingbox.left
        assert south <= main.boundingbox.bottom
        assert east >= main.boundingbox.right
        assert north >= main.boundingbox.top
    # Each listed scene has one look, and the other orbit is too short.
    looks = [look for one in made for look in one.looks]
    assert len(looks) == len({look.scene for look in looks}) == len(list(folder.glob("*.tif")))
    out = [look for look in looks if look.outcome is Outcome.REJECTED]
    assert len(out) == 4
    assert all("4 looks of sentinel-1 backscatter, relative orbit 44 are too few" in look.reason for look in out)


def test_images_on_a_nested_grid_are_not_resampled(folder: Path, site: Site) -> None:
    for day in range(1, 11):
        write(folder, day, platform="sentinel-2a", pixel=10)
    for day in range(1, 9):
        write(folder, day, platform="landsat-8", pixel=30, offset=-10)
    _, landsat = read(folder, site)
    assert landsat.cube is not None
    with rasterio.open(folder / "landsat-8-2020-05-01.tif") as dataset:
        values = dataset.read() * 1e-4
        window = dataset.index(*(landsat.grid.affine * (2.5, 2.5)))
    mine = landsat.cube["reflectance"].values[0][:, 2, 2]
    assert mine == pytest.approx(values[:, window[0], window[1]], rel=6e-4)


def test_a_family_of_which_too_few_looks_are_used_stays_out(folder: Path, site: Site) -> None:
    for day in range(1, 11):
        write(folder, day, platform="sentinel-2a", pixel=10)
    for day in range(1, 8):
        bands = ("vv", "vh") if day > 2 else ("vv",)
        write(folder, day, platform="sentinel-1a", pixel=10, bands=bands, dtype="float32", orbit=44)
    main, radar = read(folder, site)
    assert main.cube is not None
    assert radar.cube is None
    assert {look.outcome for look in radar.looks} == {Outcome.REJECTED}
    assert sum("5 looks" in look.reason for look in radar.looks) == 5


def test_an_earlier_runs_main_family_keeps_the_grid(folder: Path, site: Site) -> None:
    for day in range(1, 9):
        write(folder, day, platform="sentinel-2a", pixel=10)
    for day in range(1, 11):
        write(folder, day, platform="landsat-8", pixel=30)
    assert [one.family for one in read(folder, site)] == ["landsat reflectance", "sentinel-2 reflectance"]
    first, second = read(folder, site, main="sentinel-2 reflectance")
    assert (first.family, abs(first.grid.affine.a)) == ("sentinel-2 reflectance", 10)
    assert abs(second.grid.affine.a) == 30


def test_a_cube_that_does_not_fit_beside_the_others_is_left_out(
    folder: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(1, 11):
        write(folder, day, platform="sentinel-2a", pixel=10)
    for day in range(1, 9):
        write(folder, day, platform="planetscope", pixel=3)
    monkeypatch.setattr("sitewatch.cube._cubes.MAX_CUBE_BYTES", 400_000)
    main, planet = read(folder, site)
    assert main.cube is not None
    assert planet.cube is None
    assert all("cube cannot be made" in look.reason for look in planet.looks)
