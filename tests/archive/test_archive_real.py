"""Real folders and real answers of a public API, where the data lies beside the project."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import pystac
import pytest

from sitewatch.archive import Listing, Scene, fetch, find_preset, list_folder, reconcile
from sitewatch.archive._remote import scene_of
from sitewatch.site import read_site


def test_pictures_of_an_industrial_site(shared: Path, tmp_path: Path, now: dt.datetime) -> None:
    folder = shared / "data" / "smart-timelapse"
    listing = list_folder(folder / "AE_tif")
    assert (len(listing.scenes), listing.faulty) == (94, ())
    first, last = listing.scenes[0], listing.scenes[-1]
    assert (first.id, last.id, first.whole_day) == ("2018-06-23", "2020-06-17", True)
    assert [b.name for b in first.bands] == ["red", "green", "blue", "valid"]
    fetched = fetch(listing, read_site(folder / "site.geojson"), tmp_path / "archive", now=now)
    assert (len(fetched.chips), fetched.faulty, fetched.outside) == (94, (), ())
    assert pystac.Catalog.from_file(str(tmp_path / "archive" / "catalog.json")).validate_all() == 94


@pytest.mark.parametrize(
    ("folder", "scenes", "bands"),
    [
        ("oscd/abudhabi/imgs_1", 1, {"blue", "green", "red", "nir", "nir08", "swir16"}),
        ("s1-opera/2021-11-19", 3, {"vv", "vh"}),
    ],
)
def test_one_file_per_band(shared: Path, *, folder: str, scenes: int, bands: set[str]) -> None:
    listing = list_folder(shared / "data" / folder)
    assert (len(listing.scenes), listing.faulty) == (scenes, ())
    for scene in listing.scenes:
        assert bands <= {b.name for b in scene.bands}


def test_items_of_the_planetary_computer(shared: Path) -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    recorded = shared / "data" / "stac" / "test_item_search" / "TestItemSearch.test_datetime_results.yaml"
    scenes: dict[str, Scene] = {}
    for exchange in yaml.safe_load(recorded.read_text())["interactions"]:
        url = exchange["request"]["uri"].removesuffix("/search")
        for item in json.loads(exchange["response"]["body"]["string"])["features"]:
            preset = find_preset(url, item["collection"])
            scene = scene_of(item, name=item["id"], source=url, catalog=url, preset=preset)
            scenes[scene.id] = scene
    assert len(scenes) > 30
    for scene in scenes.values():
        assert (scene.sensor, len(scene.bands)) == ("sentinel-2", 7)
        assert scene.platform in ("sentinel-2a", "sentinel-2b")
        assert scene.credit == "Contains modified Copernicus Sentinel data 2019"
        assert {(b.scale, b.offset) for b in scene.bands if not b.is_mask} == {(1e-4, 0.0)}
        assert all(b.href.startswith("https://sentinel2l2a01.blob.core.windows.net/") for b in scene.bands)


def test_real_items_find_their_partners_in_another_catalog(shared: Path) -> None:
    """Tiles of the same passes under other ids, dated minutes later as Earth Search dates them: each finds its own."""
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    recorded = shared / "data" / "stac" / "test_item_search" / "TestItemSearch.test_datetime_results.yaml"
    scenes: dict[str, Scene] = {}
    for exchange in yaml.safe_load(recorded.read_text())["interactions"]:
        url = exchange["request"]["uri"].removesuffix("/search")
        for item in json.loads(exchange["response"]["body"]["string"])["features"]:
            preset = find_preset(url, item["collection"])
            scene = scene_of(item, name=item["id"], source=url, catalog=url, preset=preset)
            scenes[scene.id] = replace(scene, listed_by=("one",), catalog="one")
    assert all(scene.tile and scene.platform for scene in scenes.values())
    moved = tuple(
        replace(scene, id=f"other-{scene.id}", captured=scene.captured + dt.timedelta(minutes=7), listed_by=("two",))
        for scene in scenes.values()
    )
    one, two = Listing(scenes=tuple(scenes.values()), asked=("one",)), Listing(scenes=moved, asked=("two",))
    joined = reconcile([one, two]).scenes
    assert {scene.ids for scene in joined} == {(key, f"other-{key}") for key in scenes}
    # Without tiles the boxes tell neighbours of one pass apart, within a minute.
    plain, near = (
        replace(listing, scenes=tuple(replace(s, tile=None, captured=scenes[key].captured) for key, s in told))
        for listing, told in ((one, scenes.items()), (two, zip(scenes, moved, strict=True)))
    )
    assert all(scene.box for scene in plain.scenes)
    assert {scene.ids for scene in reconcile([plain, near]).scenes} == {(key, f"other-{key}") for key in scenes}
