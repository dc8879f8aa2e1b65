"""What the engine learns pictures from: simulated places as a map service shows them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
import rasterio

from benchmark_scripts import load
from sitewatch.archive import fetch, list_folder
from sitewatch.cube import read_cube
from sitewatch.simulate import Recipe, simulate, write
from sitewatch.site import read_site

CLOUD = (3, 8, 9, 10)
RECIPE = Recipe(
    seed=33,
    size=64,
    looks=None,
    years=0.5,
    cloudiness=0.5,
    snow=False,
    permanent=1,
    temporary=1,
    recurring=0,
    demolitions=0,
)


pictures = load("change/pictures.py")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    world = tmp_path_factory.mktemp("shown")
    write(simulate(RECIPE), world)
    return world / "images"


def share_of(classes: tuple[int, ...], images: Path) -> dict[str, float]:
    """Share of each image's pixels that its own mask has in these classes, by date."""
    found = {}
    for path in images.glob("*.tif"):
        with rasterio.open(path) as image:
            sky = image.read(image.descriptions.index("scl") + 1)
        stamp = path.stem.split("_")[1]
        found[f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}"] = float(np.isin(sky, classes).mean())
    return found


KEPT = {1: 0.9226, 2: 0.9439, 3: 0.9727, 4: 0.6565, 6: 0.5132, 9: 0.4912}
"""Seed to the cloudiest picture that is kept."""


@pytest.mark.parametrize("seed", KEPT)
def test_pictures_have_three_bands_a_date_no_mask_of_clouds_and_the_cloudiest_are_not_kept(
    images: Path, tmp_path: Path, seed: int
) -> None:
    pictures.show(images, tmp_path, seed)
    shown = {path.stem: path for path in tmp_path.glob("*.tif")}
    shares = share_of(CLOUD, images)
    assert set(shown) == {date for date, share in shares.items() if share <= KEPT[seed]}
    assert len(shown) >= 5
    for date, path in shown.items():
        with rasterio.open(path) as picture:
            assert picture.dtypes == ("uint8",) * 4
            assert picture.descriptions == ("red", "green", "blue", "valid")
            red, valid = picture.read(1), picture.read(4)
        with rasterio.open(next(images.glob(f"*{date.replace('-', '')}*.tif"))) as image:
            bands = dict(zip(image.descriptions, image.read(), strict=True))
        assert np.array_equal(valid, (bands["scl"] != 0) * np.uint8(255))
        seen = np.isin(bands["scl"], (4, 5, 6))
        if seen.mean() > 0.95:  # the ground is there to be seen, dark as dark and bright as bright
            assert np.corrcoef(red[seen], bands["red"][seen])[0, 1] > 0.8


def test_one_seed_shows_a_place_in_one_way_and_another_seed_in_another(images: Path, tmp_path: Path) -> None:
    for name, seed in (("once", 1), ("again", 1), ("other", 2)):
        pictures.show(images, tmp_path / name, seed)
    once, again, other = (
        {path.name: path.read_bytes() for path in sorted((tmp_path / name).glob("*.tif"))}
        for name in ("once", "again", "other")
    )
    assert once == again
    assert once != other


def test_pictures_are_read_as_pictures_and_the_cube_hides_their_clouds_by_itself(images: Path, tmp_path: Path) -> None:
    pictures.show(images, tmp_path / "pictures", 1)
    site = read_site(images.parent / "site.geojson")
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    read = read_cube(site, fetch(list_folder(tmp_path / "pictures"), site, tmp_path / "archive", now=now).chips)
    assert read.cube is not None
    assert read.cube.attrs["units"] == "picture"
    assert list(read.cube["band"].values) == ["blue", "green", "red"]
    cloud, ground = share_of(CLOUD, images), share_of((4, 5, 6), images)
    used = {str(time)[:10]: number for number, time in enumerate(read.cube["time"].values)}
    seen = read.cube["valid"].values.mean(axis=(1, 2))
    clear = [date for date, share in ground.items() if share > 0.95]
    assert set(clear) <= set(used)
    assert np.mean([seen[used[date]] for date in clear]) > 0.85
    cloudy = [date for date, share in cloud.items() if share > 0.4]
    assert cloudy
    assert np.mean([seen[used[date]] if date in used else 0.0 for date in cloudy]) < 0.5
