"""The site's own chips: what is cut, what is kept, what is fetched anew, and what a fault leaves behind."""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pytest
import rasterio
import shapely

from sitewatch.archive import Chip, Fetched, Listing, fetch, list_folder, load
from sitewatch.archive import _store as store
from sitewatch.archive._store import scene_slug
from sitewatch.errors import OutputError
from sitewatch.site import Site

Write = Callable[..., Path]


@pytest.fixture
def run(images: Path, tmp_path: Path, site: Site, now: dt.datetime) -> Callable[..., Fetched]:
    def run(**more: Any) -> Fetched:
        arguments = {"site": site, "directory": tmp_path / "archive", "now": now, **more}
        return fetch(list_folder(images), **arguments)

    return run


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def test_a_chip_is_the_window_in_native_pixels(write_image: Write, run: Callable[..., Fetched]) -> None:
    source = write_image("2020-05-31.tif", nodata=0)
    fetched = run()
    (chip,) = fetched.chips
    assert (fetched.new, fetched.faulty, fetched.outside) == (1, (), ())
    with rasterio.open(source) as whole, rasterio.open(chip.bands[0].path) as part:
        assert part.shape == (60, 60)
        assert (part.dtypes[0], part.nodata, part.descriptions) == ("uint16", 0, ("blue", "green", "red", "nir"))
        assert part.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert part.transform.c == 500_300
        assert part.transform.f == 2_999_700
        np.testing.assert_array_equal(part.read(), whole.read()[:, 30:90, 30:90])
    band = chip.bands[3]
    assert (band.name, band.index, band.scale, band.offset, band.nodata, band.dtype) == ("nir", 4, 1, 0, 0, "uint16")
    assert band.grid.shape == (60, 60)
    assert band.grid.crs == "EPSG:32640"
    assert chip.sha256 == {"image.tif": hashlib.sha256(band.path.read_bytes()).hexdigest()}
    assert chip.sources == {"image.tif": str(source)}


def test_scale_and_offset_are_settled_once(write_image: Write, write_item: Write, run: Callable[..., Fetched]) -> None:
    path = write_image("tagged_2020-05-31.tif", bands=("red", "scl"))
    with rasterio.open(path, "r+") as image:
        image.scales, image.offsets = (1e-4, 1e-4), (-0.1, -0.1)
    write_image("told_2020-06-01.tif", bands=("red", "scl"))
    asset = {
        "href": "told_2020-06-01.tif",
        "type": "image/tiff",
        "bands": [{"name": "red"}, {"name": "scl"}],
        "raster:scale": 2e-4,
        "raster:offset": -0.2,
    }
    write_item("told_2020-06-01.json", "told", {"image": asset}, datetime="2020-06-01T00:00:00Z")
    tagged, told = run().chips
    assert [(b.scale, b.offset) for b in tagged.bands] == [(1e-4, -0.1), (1.0, 0.0)]
    assert [(b.scale, b.offset) for b in told.bands] == [(2e-4, -0.2), (1.0, 0.0)]


def test_a_mask_inside_the_image_becomes_a_band(write_image: Write, run: Callable[..., Fetched]) -> None:
    path = write_image("2020-05-31.tif", bands=(None,) * 3, dtype="uint8")
    mask = np.full((128, 128), 255, dtype="uint8")
    mask[:, :64] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as image:
        image.write_mask(mask)
    for _ in range(2):
        (chip,) = run().chips
        assert [b.name for b in chip.bands] == ["red", "green", "blue", "valid"]
        with rasterio.open(chip.bands[3].path) as part:
            np.testing.assert_array_equal(part.read(4) != 0, mask[30:90, 30:90] != 0)


def test_a_second_run_fetches_nothing(write_image: Write, run: Callable[..., Fetched], tmp_path: Path) -> None:
    for day in (1, 2, 3):
        write_image(f"2020-05-0{day}.tif", seed=day)
    first = run()
    before = files(tmp_path / "archive")
    calls: list[tuple[int, int]] = []
    second = run(now=dt.datetime(2027, 1, 1, tzinfo=dt.UTC), progress=lambda done, of: calls.append((done, of)))
    assert (first.new, second.new, calls) == (3, 0, [])
    assert second.chips == first.chips == load(tmp_path / "archive")
    assert files(tmp_path / "archive") == before
    write_image("2020-05-04.tif", seed=4)
    assert run().new == 1


def test_the_same_input_gives_the_same_bytes(write_image: Write, run: Callable[..., Fetched], tmp_path: Path) -> None:
    for day in range(1, 6):
        write_image(f"2020-05-0{day}.tif", seed=day, dtype="float32")
    run(directory=tmp_path / "one", workers=4)
    run(directory=tmp_path / "two", workers=1)
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_the_archive_is_a_valid_static_catalog(
    write_image: Write, write_item: Write, run: Callable[..., Fetched], tmp_path: Path
) -> None:
    write_image("2020-05-30.tif", bands=(None,) * 4, dtype="uint8")
    write_image("2020-05-31.tif", dtype="float32", nodata=float("nan"))
    write_image("x.tif", bands=("red",))
    published = "2020-06-02T00:00:00Z"
    write_item("x.json", "../../x", {}, published=published, platform="sentinel-2a", **{"sat:relative_orbit": 7})
    run()
    catalog = pystac.Catalog.from_file(str(tmp_path / "archive" / "catalog.json"))
    assert catalog.validate_all() == 3
    items = {item.id: item for item in catalog.get_items()}
    assert set(items) == {"2020-05-30", "2020-05-31", "../../x"}
    hostile = items["../../x"]
    assert Path(hostile.get_self_href() or "").parent.parent == tmp_path / "archive"
    assert hostile.properties["published"] == published
    assert hostile.properties["sitewatch:recorded"] == "2026-01-02T03:04:05Z"
    assert (hostile.properties["constellation"], hostile.properties["platform"]) == ("sentinel-2", "sentinel-2a")
    assert hostile.stac_extensions == []
    assert [p.name for p in (tmp_path / "archive").iterdir() if p.is_dir()].count(scene_slug("../../x")) == 1


@pytest.mark.parametrize(
    "identifier",
    [
        "../../x",
        "",
        ".",
        "..",
        "a/b",
        "a\\b",
        "/etc/passwd",
        "con:",
        "x" * 300,
        "catalog.json",
        "ü",
        "a\0b",
        ".hidden",
        "a.",
    ],
)
def test_slugs_are_safe(identifier: str) -> None:
    slug = scene_slug(identifier)
    assert Path(slug).name == slug
    assert slug.isascii()
    assert 0 < len(slug) <= 100
    assert slug[0] != "."
    assert not slug.endswith((".", ".json"))


def test_slugs_differ() -> None:
    assert scene_slug("a/b") != scene_slug("a b") != scene_slug("a-b") == "a-b"


def test_a_changed_outline_or_source_is_fetched_anew(
    write_image: Write, run: Callable[..., Fetched], site: Site, tmp_path: Path
) -> None:
    write_image("2020-05-31.tif")
    run()
    later = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    smaller = replace(site, outline=site.outline.buffer(-0.0003))
    again = run(site=smaller, now=later)
    assert (again.new, again.chips[0].bands[0].grid.shape) == (1, (54, 56))
    assert again.chips[0].recorded == dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)  # the first record stands
    write_image("2020-05-31.tif", seed=9)
    assert run(site=smaller).new == 1
    assert len(load(tmp_path / "archive")) == 1


@pytest.mark.parametrize("harm", ["cut", "gone", "item cut", "item gone", "item swapped"])
def test_a_damaged_chip_is_fetched_anew(
    write_image: Write, run: Callable[..., Fetched], tmp_path: Path, harm: str
) -> None:
    write_image("2020-05-31.tif")
    write_image("2020-06-01.tif", seed=1)
    whole = run()
    folder = tmp_path / "archive" / "2020-05-31"
    cog, item = folder / "image.tif", folder / "2020-05-31.json"
    match harm:
        case "cut":
            cog.write_bytes(cog.read_bytes()[:-100])
        case "gone":
            cog.unlink()
        case "item cut":
            item.write_text(item.read_text()[:200])
        case "item gone":
            item.unlink()
        case _:
            item.write_text(item.read_text().replace('"./image.tif"', '"../2020-06-01/image.tif"'))
    assert [c.scene.id for c in load(tmp_path / "archive")] == ["2020-06-01"]
    again = run()
    assert (again.new, again.chips) == (1, whole.chips)


def test_outside_and_beside(write_image: Write, run: Callable[..., Fetched]) -> None:
    write_image("2020-05-30.tif")
    write_image("2020-05-31.tif", transform=rasterio.Affine(10, 0, 600_000, 0, -10, 3_000_000))
    # This one shows the margin only, and none of the outline.
    write_image("2020-06-01.tif", transform=rasterio.Affine(10, 0, 500_720, 0, -10, 3_000_000))
    # Half of the outline.
    write_image("2020-06-02.tif", transform=rasterio.Affine(10, 0, 500_600, 0, -10, 3_000_000))
    for new in (2, 0):
        fetched = run()
        assert [s.id for s in fetched.outside] == ["2020-05-31", "2020-06-01"]
        assert [c.scene.id for c in fetched.chips] == ["2020-05-30", "2020-06-02"]
        assert fetched.new == new
    assert fetched.chips[1].bands[0].grid.shape == (60, 30)


def test_pixels_cut_short_are_a_fault_of_one_scene(write_image: Write, run: Callable[..., Fetched]) -> None:
    path = write_image("2020-05-30.tif", driver="COG")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    write_image("2020-05-31.tif")
    fetched = run()
    assert [c.scene.id for c in fetched.chips] == ["2020-05-31"]
    (fault,) = fetched.faulty
    assert fault.scene == "2020-05-30"
    assert fault.captured is not None
    assert fault.reason.startswith("2020-05-30.tif: its pixels cannot be read")
    assert fault.reason.endswith("it is damaged or cut short, get the file again")


def test_a_file_that_vanishes(write_image: Write, images: Path, site: Site, tmp_path: Path, now: dt.datetime) -> None:
    write_image("2020-05-30.tif").rename(images / "2020-05-31.tif")
    listing = list_folder(images)
    (images / "2020-05-31.tif").unlink()
    (fault,) = fetch(listing, site, tmp_path / "archive", now=now).faulty
    assert "cannot be read (No such file or directory)" in fault.reason


def test_a_window_that_is_too_large(
    write_image: Write, run: Callable[..., Fetched], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sitewatch.archive._cut._MAX_WINDOW_BYTES", 1 << 10)
    write_image("2020-05-31.tif")
    assert "the site needs 60 x 60 pixels of 4 bands, more than" in run().faulty[0].reason


def test_the_same_pixels_under_two_names(write_image: Write, run: Callable[..., Fetched]) -> None:
    write_image("a_2020-05-31T10:00:00.tif", seed=1)
    write_image("b_2020-05-31T10:00:00.tif", seed=1)
    write_image("c_2020-05-31T11:00:00.tif", seed=1)  # another time
    write_image("d_2020-05-31T10:00:00.tif", seed=2)  # other pixels
    for _ in range(2):
        fetched = run()
        assert [c.scene.id[0] for c in fetched.chips] == ["a", "d", "c"]
        (fault,) = fetched.faulty
        assert (fault.scene[0], fault.duplicate) == ("b", True)
        assert fault.reason == "the same pixels of the same time are listed as a_2020-05-31T10:00:00; remove one"


def test_faults_of_the_listing_are_passed_on(write_image: Write, run: Callable[..., Fetched], images: Path) -> None:
    write_image("2020-05-31.tif")
    (images / "broken.tif").write_text("x")
    assert [f.scene for f in run().faulty] == ["broken"]


def test_rotated_and_geographic_images(write_image: Write, run: Callable[..., Fetched], site: Site) -> None:
    west, _, _, north = site.outline.bounds
    write_image(
        "2020-05-30.tif",
        crs="EPSG:4326",
        transform=rasterio.Affine(1e-4, 0, west - 0.004, 0, -1e-4, north + 0.004),
    )
    turned = rasterio.Affine.translation(500_600, 2_999_400) @ rasterio.Affine.rotation(30)
    turned = turned @ rasterio.Affine.scale(10, -10) @ rasterio.Affine.translation(-64, -64)
    write_image("2020-05-31.tif", transform=turned)
    plain, rotated = run().chips
    assert plain.bands[0].grid.crs == "EPSG:4326"
    height, width = rotated.bands[0].grid.shape
    assert 80 <= height <= 84
    assert 80 <= width <= 84
    assert rotated.bands[0].grid.affine.b != 0


def test_disk_full_leaves_nothing_half_written(
    write_image: Write, run: Callable[..., Fetched], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in (1, 2, 3):
        write_image(f"2020-05-0{day}.tif", seed=day)
    write_through = store._write_through

    def full(path: Path, content: bytes) -> None:
        if "2020-05-02" in str(path):
            path.write_bytes(content[:10])
            raise OSError(errno.ENOSPC, "No space left on device")
        write_through(path, content)

    monkeypatch.setattr(store, "_write_through", full)
    with pytest.raises(OutputError, match="No space left on device"):
        run(workers=1)
    assert not list(tmp_path.rglob("*.partial"))
    assert not (tmp_path / "archive" / "2020-05-02").exists()
    assert {"2020-05-01", "2020-05-03"} >= {c.scene.id for c in load(tmp_path / "archive")}
    monkeypatch.undo()
    assert (len(run().chips), run().new) == (3, 0)


def test_an_archive_that_cannot_be_made(write_image: Write, run: Callable[..., Fetched], tmp_path: Path) -> None:
    write_image("2020-05-31.tif")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="the archive cannot be written"):
        run(directory=tmp_path / "file" / "archive")


def test_two_runs_in_one_archive(write_image: Write, run: Callable[..., Fetched], tmp_path: Path) -> None:
    write_image("2020-05-31.tif")
    with store.locked(tmp_path / "archive"), pytest.raises(OutputError, match="another run is writing this archive"):
        run()


def test_an_empty_listing_makes_an_empty_catalog(site: Site, tmp_path: Path, now: dt.datetime) -> None:
    assert fetch(Listing(scenes=()), site, tmp_path / "a", now=now).chips == ()
    assert pystac.Catalog.from_file(str(tmp_path / "a" / "catalog.json")).validate_all() == 0
    assert load(tmp_path / "nowhere") == ()


def test_load_never_names_files_elsewhere(write_image: Write, run: Callable[..., Fetched], tmp_path: Path) -> None:
    write_image("2020-05-31.tif")
    (chip,) = run().chips
    item = tmp_path / "archive" / "2020-05-31" / "2020-05-31.json"
    document = json.loads(item.read_text())
    for href in ("/etc/passwd", "../../x.tif", "https://example.org/x.tif"):
        document["assets"]["image"]["href"] = href
        item.write_text(json.dumps(document))
        assert load(tmp_path / "archive") == ()
    cog = chip.bands[0].path
    cog.rename(tmp_path / "x.tif")
    cog.symlink_to(tmp_path / "x.tif")
    assert load(tmp_path / "archive") == ()


def test_killed_at_any_time_and_resumed(write_image: Write, images: Path, site: Site, tmp_path: Path) -> None:
    for day in range(1, 29):
        write_image(f"2020-05-{day:02}.tif", seed=day)
    reference = fetch(list_folder(images), site, tmp_path / "reference", now=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    script = tmp_path / "run.py"
    script.write_text(
        "import datetime as dt, sys, shapely\n"
        "from pathlib import Path\n"
        "from sitewatch.archive import fetch, list_folder\n"
        "from sitewatch.site import Site\n"
        f"site = Site(id='yard', name='The yard', outline=shapely.from_wkt({shapely.to_wkt(site.outline, -1)!r}))\n"
        "print('ready', flush=True)\n"
        f"fetch(list_folder(Path({str(images)!r})), site, Path({str(tmp_path / 'archive')!r}),"
        " now=dt.datetime(2026, 1, 1, tzinfo=dt.UTC), workers=1)\n"
    )
    killed = 0
    for delay in (0.03, 0.06, 0.09):
        with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
        for chip in load(tmp_path / "archive"):
            assert_whole(chip)
    assert killed
    resumed = fetch(list_folder(images), site, tmp_path / "archive", now=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert [c.pixels_sha256 for c in resumed.chips] == [c.pixels_sha256 for c in reference.chips]
    assert files(tmp_path / "archive") == files(tmp_path / "reference")


def assert_whole(chip: Chip) -> None:
    for name, digest in chip.sha256.items():
        path = chip.bands[0].path.parent / name
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    assert all(band.path.is_file() for band in chip.bands)
