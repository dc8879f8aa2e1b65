"""A simulated world on disk: format, truth, determinism, and failures that leave nothing behind."""

import datetime as dt
import errno
import hashlib
import json
from pathlib import Path

import numpy as np
import pystac
import pytest
import rasterio
import shapely
from shapely.geometry import shape

from sitewatch import simulate as room
from sitewatch.errors import OptionError, OutputError
from sitewatch.simulate import Recipe, World, simulate, truth, write
from sitewatch.site import read_site

SMALL = Recipe(
    seed=5, size=96, years=1.0, looks=12, permanent=3, temporary=3, recurring=1, demolitions=2, distractors=4
)
BANDS = ("blue", "green", "red", "nir", "swir16", "swir22", "scl")


@pytest.fixture(scope="module")
def world() -> World:
    return simulate(SMALL)


@pytest.fixture(scope="module")
def folder(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("simulate") / "world"
    write(world, directory)
    return directory


def digests(directory: Path) -> dict[str, str]:
    return {
        str(p.relative_to(directory)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(directory.rglob("*"))
        if p.is_file()
    }


def test_the_room_exports_what_it_documents() -> None:
    assert sorted(room.__all__) == ["Acquisition", "Event", "Recipe", "World", "simulate", "truth", "write"]


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write(simulate(SMALL), tmp_path / "again")
    assert digests(tmp_path / "again") == digests(folder)


def test_another_seed_gives_another_world(folder: Path) -> None:
    other = simulate(Recipe(seed=6, size=96, years=1.0, looks=12))
    assert other.site.outline != read_site(folder / "site.geojson").outline


def test_progress_counts_every_scene(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    write(simulate(Recipe(seed=1, size=48, years=0.5, looks=4)), tmp_path / "w", progress=lambda *a: seen.append(a))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_scenes_are_tiled_geotiffs_with_scale_and_offset(folder: Path, world: World) -> None:
    paths = sorted((folder / "images").glob("*.tif"))
    assert [p.stem for p in paths] == sorted(s.id for s in world.scenes)
    assert len(paths) == 12
    for path in paths:
        with rasterio.open(path) as image:
            assert image.descriptions == BANDS
            assert image.dtypes == ("uint16",) * 7
            assert image.scales == (*(0.0001,) * 6, 1.0)
            assert image.offsets == (*(-0.1,) * 6, 0.0)
            assert image.nodata == 0
            assert world.grid.crs is not None
            assert image.crs.to_epsg() == world.grid.crs.to_epsg()
            assert image.transform == world.grid.affine
            pixels = image.read()
            assert image.tags()["TIFFTAG_DATETIME"] == next(
                f"{s.captured:%Y:%m:%d %H:%M:%S}" for s in world.scenes if s.id == path.stem
            )
        assert set(np.unique(pixels[-1])) <= {0, 3, 4, 5, 6, 8, 9, 10, 11}
        assert ((pixels[:-1] == 0).all(axis=0) == (pixels[-1] == 0)).all()


def test_sidecars_are_valid_stac_items(folder: Path, world: World) -> None:
    for scene in world.scenes:
        item = pystac.Item.from_file(folder / "images" / f"{scene.id}.json")
        item.validate()
        assert item.datetime == scene.captured
        published = dt.datetime.fromisoformat(item.properties["published"])
        assert dt.timedelta(hours=2) < published - scene.captured < dt.timedelta(days=3)
        assert item.properties["platform"] == scene.platform
        assert item.properties["sat:relative_orbit"] == scene.orbit
        asset = item.assets["data"].to_dict()
        assert asset["href"] == f"./{scene.id}.tif"
        assert tuple(b["name"] for b in asset["bands"]) == BANDS
        with rasterio.open(folder / "images" / f"{scene.id}.tif") as image:
            for band, scale, offset in zip(asset["raster:bands"], image.scales, image.offsets, strict=True):
                assert (band.get("scale", 1.0), band.get("offset", 0.0), band["nodata"]) == (scale, offset, 0)
            covered = np.isin(image.read(7), (8, 9, 10)).mean()
            seen = (image.read(7) > 0).mean()
        assert item.properties["eo:cloud_cover"] == pytest.approx(100 * covered / seen, abs=0.01)


def test_the_site_file_can_be_read(folder: Path, world: World) -> None:
    site = read_site(folder / "site.geojson")
    assert site.id == "simulated-5"
    assert {"yard", "hall", "gate"} <= set(site.areas)
    for area in site.areas.values():
        assert area.buffer(1e-5).within(site.outline.buffer(2e-5))
    frame = world.geographic(shapely.box(0, 0, 960, 960))
    assert frame.contains(site.outline)


def test_truth_lies_inside_record_and_scene(folder: Path, world: World) -> None:
    document = json.loads((folder / "truth.geojson").read_text(encoding="utf-8"))
    start, end = (dt.date.fromisoformat(document[k]) for k in ("start", "end"))
    assert (start, end) == (dt.date(2020, 1, 1), dt.date(2020, 12, 31))
    frame = world.geographic(shapely.box(0, 0, 960, 960))
    assert document["features"]
    for feature in document["features"]:
        p, place = feature["properties"], shape(feature["geometry"])
        assert p["kind"] in ("permanent", "temporary", "demolition")
        assert place.is_valid
        assert frame.covers(place)
        dates = [dt.date.fromisoformat(p[k]) for k in ("on", "on_latest", "off", "off_latest") if p.get(k)]
        assert dates == sorted(dates)
        assert all(start < d < end for d in dates)
        assert (p["on"] is None) == (p["kind"] == "demolition")
        assert p["kind"] != "temporary" or p["off"] is not None


def test_truth_for_the_site_ignores_what_lies_outside_it(world: World) -> None:
    here, everywhere = (truth(world, whole=w)["features"] for w in (False, True))
    assert isinstance(here, list)
    assert isinstance(everywhere, list)
    for a, b in zip(here, everywhere, strict=True):
        assert bool(a["properties"].get("ignore")) == bool(
            b["properties"].get("ignore") or a["properties"].get("outside")
        )


def test_a_directory_with_something_in_it_is_refused(world: World, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(OptionError, match="is not empty"):
        write(world, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_directory_is_used(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    write(simulate(Recipe(seed=1, size=48, years=0.5, looks=2)), tmp_path / "w")
    assert sorted(p.name for p in (tmp_path / "w").iterdir()) == ["images", "site.geojson", "truth.geojson"]


def test_a_full_disk_leaves_nothing_behind(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if len(list(self.parent.glob("*.tif"))) >= 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return written(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write(world, tmp_path / "world")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("field", "value"), [("seed", -1), ("size", 10), ("clutter", 3.0), ("climate", "lunar"), ("looks", 0)]
)
def test_a_recipe_out_of_range_is_refused(field: str, value: object) -> None:
    with pytest.raises(OptionError, match=f"{field} must be .* got"):
        Recipe(**{field: value})  # type: ignore[arg-type]
