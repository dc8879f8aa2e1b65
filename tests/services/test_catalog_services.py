"""The archive against a real STAC API and a real web server."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pytest
import rasterio
import shapely
from pyproj import Transformer

from sitewatch.archive import JsonClient, Retry, fetch, list_folder, load, search_catalog
from sitewatch.errors import CatalogError
from sitewatch.site import Site

pytestmark = pytest.mark.services

Catalog = Callable[[str, Sequence[Mapping[str, Any]], Path], str]
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
COG = "image/tiff; application=geotiff; profile=cloud-optimized"
BANDS = ("blue", "green", "red", "nir", "swir16", "swir22")
WEST, NORTH, PIXEL, SIZE = 500_000.0, 3_000_000.0, 10.0, 1024
QUICK = JsonClient(retry=Retry(attempts=2, first_s=0.01))


def to_degrees(*pixels: tuple[float, float]) -> list[tuple[float, float]]:
    transform = Transformer.from_crs("EPSG:32640", "EPSG:4326", always_xy=True).transform
    return [transform(WEST + column * PIXEL, NORTH - row * PIXEL) for column, row in pixels]


@pytest.fixture
def site() -> Site:
    """200 m x 200 m in images of 10 km x 10 km."""
    return Site(id="yard", name="The yard", outline=shapely.Polygon(to_degrees((50, 50), (70, 50), (70, 70), (50, 70))))


@pytest.fixture
def scenes(tmp_path: Path) -> tuple[list[dict[str, Any]], Path]:
    """Seven Sentinel-2-like scenes: a COG of six bands and a COG of scene classes each, and their items."""
    folder = tmp_path / "images"
    folder.mkdir()
    frame = shapely.Polygon(to_degrees((0, 0), (SIZE, 0), (SIZE, SIZE), (0, SIZE)))
    items = []
    for day in range(1, 8):
        random = np.random.default_rng(day)
        profile = {
            "driver": "COG",
            "height": SIZE,
            "width": SIZE,
            "crs": "EPSG:32640",
            "transform": rasterio.Affine(PIXEL, 0, WEST, 0, -PIXEL, NORTH),
            "blocksize": 256,
            "overviews": "none",
        }
        pixels = random.integers(1000, 4000, (len(BANDS), SIZE, SIZE)).astype("uint16")
        with rasterio.open(folder / f"s{day}.tif", "w", count=len(BANDS), dtype="uint16", nodata=0, **profile) as image:
            image.write(pixels)
        with rasterio.open(folder / f"s{day}_scl.tif", "w", count=1, dtype="uint8", **profile) as image:
            image.write(np.full((1, SIZE, SIZE), 4, dtype="uint8"))
        raster = {"raster:scale": 1e-4, "raster:offset": -0.1, "nodata": 0}
        items.append(
            {
                "type": "Feature",
                "stac_version": "1.1.0",
                "id": f"s{day}",
                "geometry": shapely.geometry.mapping(frame),
                "bbox": list(frame.bounds),
                "properties": {
                    "datetime": f"2020-05-0{day}T10:30:00Z",
                    "published": f"2020-05-0{day}T18:00:00Z",
                    "constellation": "sentinel-2",
                    "platform": "sentinel-2a",
                },
                "links": [],
                "assets": {
                    "image": {"href": f"s{day}.tif", "type": COG, "bands": [{"name": b, **raster} for b in BANDS]},
                    "scl": {"href": f"./s{day}_scl.tif", "type": COG},
                },
            }
        )
    return items, folder


def test_search_and_fetch(
    catalog: Catalog, web: Any, scenes: tuple[list[dict[str, Any]], Path], site: Site, tmp_path: Path
) -> None:
    items, folder = scenes
    elsewhere = {**items[0], "id": "elsewhere", "geometry": shapely.geometry.mapping(shapely.box(10, 10, 11, 11))}
    elsewhere["bbox"] = [10, 10, 11, 11]
    url = catalog("simulated", [*items, elsewhere], folder)

    listing = search_catalog(url, "simulated", site, page_size=3)
    assert [s.id for s in listing.scenes] == [f"s{day}" for day in range(1, 8)]
    assert listing.faulty == ()
    assert {s.platform for s in listing.scenes} == {"sentinel-2a"}
    assert listing.scenes[0].published == dt.datetime(2020, 5, 1, 18, tzinfo=dt.UTC)

    web.forget()
    fetched = fetch(listing, site, tmp_path / "archive", now=NOW)
    assert [f.reason for f in fetched.faulty] == []
    assert fetched.new == 7
    gets = [entry for entry in web.requests() if entry[0] == "GET"]
    assert {status for _, _, status, _ in gets} == {206}
    sent = sum(size for *_, size in gets)
    whole = sum(path.stat().st_size for path in folder.glob("*.tif"))
    assert sent < whole / 8

    chip = fetched.chips[0]
    with rasterio.open(folder / "s1.tif") as image, rasterio.open(chip.bands[0].path) as part:
        np.testing.assert_array_equal(part.read(), image.read()[:, 30:90, 30:90])
    assert [b.name for b in chip.bands] == [*BANDS, "scl"]
    assert {(b.scale, b.offset) for b in chip.bands if not b.is_mask} == {(1e-4, -0.1)}
    assert pystac.Catalog.from_file(str(tmp_path / "archive" / "catalog.json")).validate_all() == 7

    web.forget()
    again = fetch(search_catalog(url, "simulated", site, page_size=100), site, tmp_path / "archive", now=NOW)
    assert (again.new, again.chips) == (0, load(tmp_path / "archive"))
    assert web.requests() == []


def test_a_catalog_and_a_folder_give_the_same_pixels(
    catalog: Catalog, scenes: tuple[list[dict[str, Any]], Path], site: Site, tmp_path: Path
) -> None:
    items, folder = scenes
    url = catalog("same", items[:2], folder)
    far = fetch(search_catalog(url, "same", site), site, tmp_path / "far", now=NOW)
    near_folder = tmp_path / "near"
    near_folder.mkdir()
    for name in ("s1.tif", "s1_scl.tif"):
        (near_folder / name).write_bytes((folder / name).read_bytes())

    (near_folder / "s1.json").write_text(json.dumps(items[0]))
    near = fetch(list_folder(near_folder), site, tmp_path / "chips", now=NOW)
    assert near.chips[0].pixels_sha256 == far.chips[0].pixels_sha256


def test_period(catalog: Catalog, scenes: tuple[list[dict[str, Any]], Path], site: Site) -> None:
    items, folder = scenes
    url = catalog("period", items, folder)
    since, until = dt.datetime(2020, 5, 2, 10, 30, tzinfo=dt.UTC), dt.datetime(2020, 5, 4, tzinfo=dt.UTC)
    listing = search_catalog(url, "period", site, since=since, until=until)
    assert [s.id for s in listing.scenes] == ["s2", "s3"]


def test_an_image_that_is_gone(
    catalog: Catalog, scenes: tuple[list[dict[str, Any]], Path], site: Site, tmp_path: Path
) -> None:
    items, folder = scenes
    url = catalog("gone", items[:3], folder)
    (folder / "s2_scl.tif").unlink()
    (folder / "s3.tif").write_bytes((folder / "s3.tif").read_bytes()[:40_000])
    fetched = fetch(
        search_catalog(url, "gone", site),
        site,
        tmp_path / "archive",
        now=NOW,
        retry=Retry(attempts=2, first_s=0.01),
    )
    assert [c.scene.id for c in fetched.chips] == ["s1"]
    reasons = {f.scene: f.reason for f in fetched.faulty}
    assert reasons["s2"].startswith("s2_scl.tif: its server answered 404 Not Found")
    assert reasons["s3"].endswith("the file on the server is damaged or cut short")


def test_a_collection_that_does_not_exist(catalog: Catalog, stac_api: Any, site: Site) -> None:
    with pytest.raises(CatalogError, match="has no collection 'nothing'"):
        search_catalog(stac_api.url, "nothing", site, client=QUICK)
