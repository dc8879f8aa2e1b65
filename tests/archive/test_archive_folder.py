"""What an image folder lists, and what it says of everything that is wrong with a file."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from sitewatch.archive import Faulty, Scene, list_folder
from sitewatch.errors import FolderError

Write = Callable[..., Path]
ITEM = '{"type": "Feature", "stac_version": "1.0.0", "id": "x", %s}'


def only_scene(folder: Path) -> Scene:
    listing = list_folder(folder)
    assert [f.reason for f in listing.faulty] == []
    assert len(listing.scenes) == 1
    return listing.scenes[0]


def only_fault(folder: Path) -> Faulty:
    listing = list_folder(folder)
    assert listing.scenes == ()
    assert len(listing.faulty) == 1
    return listing.faulty[0]


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("name", "tags", "captured", "whole_day"),
    [
        ("2020-05-31.tif", {}, utc(2020, 5, 31), True),
        ("site_20200531T103012.tif", {}, utc(2020, 5, 31, 10, 30, 12), False),
        ("20200531_103012_1005_3B.tif", {}, utc(2020, 5, 31, 10, 30, 12), False),
        ("2020-05-31T10:30:12Z.tif", {}, utc(2020, 5, 31, 10, 30, 12), False),
        ("a_20201399_2020-05-31.tif", {}, utc(2020, 5, 31), True),
        ("LC08_L2SP_039037_20200531_20200824_02_T1.tif", {}, utc(2020, 5, 31), True),
        ("2019-01-01.tif", {"DATE": "2020-05-31"}, utc(2020, 5, 31), True),
        ("2019-01-01.tif", {"TIFFTAG_DATETIME": "2020:05:31 10:30:12"}, utc(2020, 5, 31, 10, 30, 12), False),
        ("2019-01-01.tif", {"TIFFTAG_DATETIME": "2020:05:31 00:00:00"}, utc(2020, 5, 31), True),
        ("a.tif", {"ACQUISITIONDATETIME": "2020-05-31 10:30:12"}, utc(2020, 5, 31, 10, 30, 12), False),
        ("a.tif", {"DATE": "2020-05-31T12:30:12.5+02:00"}, utc(2020, 5, 31, 10, 30, 12, 500_000), False),
        ("2020-05-31.tif", {"DATE": "some day"}, utc(2020, 5, 31), True),
        ("HLS.S30.T40RCN.2020152T064629.v2.0.B04.tif", {}, utc(2020, 5, 31, 6, 46, 29), False),
        ("LE71600412020152EDC00_stack.tif", {}, utc(2020, 5, 31), True),
    ],
)
def test_time_comes_from_tags_then_name(
    write_image: Write, images: Path, *, name: str, tags: dict[str, str], captured: dt.datetime, whole_day: bool
) -> None:
    write_image(name, tags=tags)
    scene = only_scene(images)
    assert (scene.captured, scene.whole_day) == (captured, whole_day)


def test_a_sidecar_says_it_all(write_image: Write, write_item: Write, images: Path) -> None:
    write_image("x_2019-01-01.tif", bands=(None, None, None))
    bands = {
        "eo:bands": [{"name": "B04", "common_name": "red"}, {"name": "B8A", "common_name": "nir08"}, {"name": "SCL"}],
        "raster:bands": [{"scale": 1e-4, "offset": -0.1, "nodata": 0}, {"scale": 2e-4}, {"nodata": 0}],
    }
    write_item(
        "x_2019-01-01.json",
        "the-item",
        {"image": {"href": "./x_2019-01-01.tif", "type": "image/tiff; application=geotiff", **bands}},
        constellation="Sentinel-2",
        platform="sentinel-2b",
        published="2020-06-01T00:00:00Z",
        providers=[{"name": "ESA", "roles": ["producer"]}, {"name": "Mirror", "roles": ["host"]}],
        **{"sat:relative_orbit": 35},
    )
    scene = only_scene(images)
    assert scene.id == "the-item"
    assert scene.captured == utc(2020, 5, 31, 10, 30)
    assert scene.published == utc(2020, 6, 1)
    assert (scene.sensor, scene.platform, scene.orbit, scene.credit) == ("sentinel-2", "sentinel-2b", 35, "ESA")
    assert [(b.name, b.index, b.scale, b.offset, b.nodata) for b in scene.bands] == [
        ("red", 1, 1e-4, -0.1, 0),
        ("nir", 2, 2e-4, None, None),
        ("scl", 3, None, None, 0),
    ]


def test_stac_1_1_bands_and_inherited_scale(write_image: Write, write_item: Write, images: Path) -> None:
    write_image("a.tif", bands=(None, None))
    write_item(
        "a.json",
        "a",
        {
            "image": {
                "href": "a.tif",
                "type": "image/tiff",
                "raster:scale": 1e-4,
                "bands": [{"name": "B02", "eo:common_name": "blue"}, {"name": "B11", "raster:offset": -0.2}],
            }
        },
    )
    assert [(b.name, b.scale, b.offset) for b in only_scene(images).bands] == [
        ("blue", 1e-4, None),
        ("swir16", 1e-4, -0.2),
    ]


def test_bands_told_in_two_dialects(write_image: Write, write_item: Write, images: Path) -> None:
    write_image("a.tif", bands=(None,) * 4)
    asset = {
        "href": "a.tif",
        "bands": [
            {"name": "rededge1", "eo:common_name": "rededge"},
            {"name": "B06", "eo:common_name": "rededge"},
            {"name": "nir", "eo:common_name": "nir"},
            {"name": "scl"},
        ],
        "raster:bands": [{"scale": 1e-4}, {"scale": 1e-4, "offset": -0.1}, {"nodata": "nan"}],
    }
    write_item("a.json", "a", {"data": asset})
    bands = only_scene(images).bands
    assert [(b.name, b.scale, b.offset) for b in bands] == [
        ("rededge1", 1e-4, None),
        ("rededge2", 1e-4, -0.1),
        ("nir", None, None),
        ("scl", None, None),
    ]
    assert bands[2].nodata is not None
    assert np.isnan(bands[2].nodata)


def test_a_sidecar_of_several_files(write_image: Write, write_item: Write, images: Path) -> None:
    write_image("one.tif", bands=(None,))
    write_image("two.tif", bands=(None,), folder=images / "deep")
    media = "image/tiff; application=geotiff; profile=cloud-optimized"
    write_item(
        "anything.json",
        "pair",
        {
            "B04": {"href": "one.tif", "type": media},
            "scl": {"href": "./deep/two.tif", "type": media},
            "thumbnail": {"href": "https://example.org/t.jpg", "roles": ["thumbnail"]},
        },
    )
    scene = only_scene(images)
    assert scene.id == "pair"
    assert [(b.name, Path(b.href).name) for b in scene.bands] == [("red", "one.tif"), ("scl", "two.tif")]


def test_one_file_per_band(write_image: Write, images: Path) -> None:
    for suffix in ("B04", "B08", "B11_20m", "SCL"):
        write_image(f"T40_20200531T103012_{suffix}.tif", bands=(None,))
    write_image("T40_20200605T103012_B04.tif", bands=(None,))
    first, second = list_folder(images).scenes
    assert (first.id, [b.name for b in first.bands]) == ("T40_20200531T103012", ["red", "nir", "swir16", "scl"])
    assert (second.id, [b.name for b in second.bands]) == ("T40_20200605T103012_B04", ["red"])


def test_landsat_numbers_its_bands_differently(write_image: Write, images: Path) -> None:
    for suffix in ("SR_B4", "SR_B5", "SR_B6", "QA_PIXEL"):
        write_image(f"LC08_L2SP_160041_20200531_20200824_02_T1_{suffix}.TIF", bands=(None,))
    scene = only_scene(images)
    assert (scene.sensor, scene.platform) == ("landsat", "landsat-8")
    assert [b.name for b in scene.bands] == ["qa_pixel", "red", "nir", "swir16"]


def test_of_two_resolutions_the_finer_is_taken(write_image: Write, images: Path) -> None:
    write_image("X_20200531_B04_10m.tif", bands=(None,))
    coarse = rasterio.Affine(20, 0, 500_000, 0, -20, 3_000_000)
    write_image("X_20200531_B04_20m.tif", bands=(None,), size=64, transform=coarse)
    assert [Path(b.href).name for b in only_scene(images).bands] == ["X_20200531_B04_10m.tif"]


@pytest.mark.parametrize(
    ("bands", "dtype", "names"),
    [
        ((None, None, None), "uint8", ["red", "green", "blue"]),
        ((None, None, None, None), "uint8", ["red", "green", "blue", "valid"]),
        (("B02", "B8A", "B08", "Scene Classification"), "uint16", ["blue", "nir08", "nir", "scl"]),
        (("Band 1", "Band 2", "Band 3"), "uint8", ["red", "green", "blue"]),
        ((None,), "uint8", ["gray"]),
        (("red", None, "nir"), "uint16", ["red", "nir"]),
    ],
)
def test_bands_by_description_or_count(
    write_image: Write, images: Path, bands: tuple[str | None, ...], dtype: str, names: list[str]
) -> None:
    write_image("2020-05-31.tif", bands=bands, dtype=dtype)
    assert [b.name for b in only_scene(images).bands] == names


def test_credit_from_tags(write_image: Write, images: Path) -> None:
    write_image("2020-05-31.tif", tags={"TIFFTAG_COPYRIGHT": "© Someone\n2020"})
    assert only_scene(images).credit == "© Someone 2020"


def test_jpeg_2000(write_image: Write, images: Path) -> None:
    write_image("2020-05-31.jp2", driver="JP2OpenJPEG", bands=(None,) * 3, dtype="uint8")
    assert [b.name for b in only_scene(images).bands] == ["red", "green", "blue"]


def test_period(write_image: Write, images: Path) -> None:
    for name in ("2020-05-30.tif", "2020-05-31T12:00:00.tif", "2020-06-01.tif"):
        write_image(name)
    (images / "2020-05-01_broken.tif").write_text("no image")
    listing = list_folder(images, since=utc(2020, 5, 30, 12), until=utc(2020, 5, 31, 12))
    assert [s.id for s in listing.scenes] == ["2020-05-30", "2020-05-31T12:00:00"]
    assert listing.faulty == ()


def write_sparse(path: Path, *, side: int = 40_000, count: int = 1, dtype: str = "uint8", **more: Any) -> None:
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=side,
        height=side,
        count=count,
        dtype=dtype,
        crs="EPSG:32640",
        transform=rasterio.Affine(10, 0, 500_000, 0, -10, 3_000_000),
        SPARSE_OK=True,
        **more,
    ):
        pass


def test_without_a_date(write_image: Write, images: Path) -> None:
    write_image("yard.tif", tags={"TIFFTAG_DATETIME": "yesterday"})
    fault = only_fault(images)
    assert fault.scene == "yard"
    assert fault.reason == (
        "yard.tif: does not say when it was taken (TIFFTAG_DATETIME 'yesterday' is no date); put the date into the "
        "file's name (2020-05-31), its TIFFTAG_DATETIME, or a STAC item beside it"
    )


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ({"transform": None, "crs": None}, "does not say where on Earth it lies"),
        ({"crs": None}, "has no coordinate system"),
        ({"crs": "EPSG:4326"}, "says its coordinates are degrees, but they run from 500000"),
        ({"crs": 'LOCAL_CS["somewhere",UNIT["metre",1]]'}, "has a local coordinate system"),
        ({"dtype": "complex64"}, "has pixels of type complex64"),
        ({"dtype": "uint16", "bands": ("a",) * 101, "size": 8}, "has 101 bands, not 1 to 100"),
        ({"bands": (None, None)}, "has 2 bands without names"),
        ({"bands": ("B04", "red")}, "has two bands called red"),
        ({"bands": ("scl",)}, "holds only scl, no measured band"),
    ],
)
def test_headers_that_cannot_be_used(
    write_image: Write, images: Path, profile: dict[str, Any], said: str, recwarn: pytest.WarningsRecorder
) -> None:
    with np.errstate(all="ignore"), pytest.MonkeyPatch.context():
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            write_image("2020-05-31.tif", **{k: v for k, v in profile.items() if v is not None or k == "crs"})
    if profile.get("transform", 0) is None:
        with rasterio.open(images / "2020-05-31.tif", "r+") as image:
            image.transform = rasterio.Affine.identity()
    recwarn.clear()
    fault = only_fault(images)
    assert fault.reason.startswith(f"2020-05-31.tif: {said}")
    assert (fault.captured, fault.whole_day) == (utc(2020, 5, 31), True)
    assert not recwarn.list


def test_files_that_are_no_images(write_image: Write, images: Path) -> None:
    (images / "a_text.tif").write_text("Sorry, the page was not found.\n")
    (images / "b_empty.tif").write_bytes(b"")
    (images / "c_png.tif").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    whole = write_image("d_2020-05-31.tif").read_bytes()
    (images / "d_2020-05-31.tif").write_bytes(whole[:60])
    (images / "e_folder.tif").mkdir()
    (images / "f_loop.tif").symlink_to("f_loop.tif")
    faults = {f.source.rpartition("/")[2]: f.reason for f in list_folder(images).faulty}
    assert "is a text file, not an image (it begins 'Sorry, the page was not" in faults["a_text.tif"]
    assert faults["b_empty.tif"] == "b_empty.tif: is empty; get the file again"
    assert faults["c_png.tif"] == "c_png.tif: is not a GeoTIFF, COG or JPEG 2000 image; convert it"
    assert faults["d_2020-05-31.tif"] == "d_2020-05-31.tif: is damaged or cut short; get the file again"
    assert "f_loop.tif: cannot be read" in faults["f_loop.tif"]
    assert "e_folder.tif" not in faults


def test_images_that_are_too_large(images: Path) -> None:
    write_sparse(images / "2020-05-31_huge.tif", tiled=True, blockxsize=512, blockysize=512)
    write_sparse(images / "2020-06-01_block.tif", side=20_000, tiled=True, blockxsize=16_000, blockysize=17_008)
    huge, block = list_folder(images).faulty
    assert "declares 40000 x 40000 pixels, more than 1296000000 in all; cut it to the place you watch" in huge.reason
    assert "is stored in blocks of 16000 x 17008 pixels, too large to read a part of it" in block.reason


def test_a_sentinel_2_tile_is_not_too_large(images: Path) -> None:
    write_sparse(images / "2020-05-31.tif", side=10_980, dtype="uint16", tiled=True, blockxsize=512, blockysize=512)
    assert only_scene(images).id == "2020-05-31"


@pytest.mark.parametrize(
    "href",
    [
        "../secret.tif",
        "/etc/passwd.tif",
        "file:///etc/x.tif",
        "https://example.org/x.tif",
        "a/../../x.tif",
        "..%2Fx.tif",
    ],
)
def test_sidecars_that_point_outside_are_refused(
    write_image: Write, write_item: Write, images: Path, href: str
) -> None:
    write_image("x.tif")
    write_image("secret.tif", folder=images.parent)
    write_item("x.json", "x", {"image": {"href": href, "type": "image/tiff"}})
    fault = only_fault(images)
    assert f"x.json: its asset 'image' points outside the folder ({href!r}), which is not followed" in fault.reason
    assert fault.captured == utc(2020, 5, 31, 10, 30)


def test_links_that_leave_the_folder_are_refused(write_image: Write, images: Path, tmp_path: Path) -> None:
    outside = write_image("2020-05-31.tif", folder=tmp_path / "elsewhere")
    (images / "2020-05-31.tif").symlink_to(outside)
    inside = write_image("2020-06-01.tif")
    (images / "2020-06-02.tif").symlink_to(inside)
    listing = list_folder(images)
    assert [s.id for s in listing.scenes] == ["2020-06-01", "2020-06-02"]
    assert "is a link to a file outside the folder, which is not followed; copy it" in listing.faulty[0].reason


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{half", "x.json: is not JSON"),
        ("\udcff", "x.json: is not JSON"),
        ("[" * 100_000, "x.json: is not JSON"),
        ("[1]", "x.json: is not a STAC item"),
        ('{"type": "Feature", "stac_version": "1.0.0"}', "x.json: a STAC item needs an id"),
        ('{"type": "Feature", "stac_version": "1.0.0", "id": "x"}', "x.json: a STAC item needs the objects properties"),
        (
            ITEM % '"assets": {}, "properties": {"datetime": "now"}',
            "x.json: its datetime is 'now'; write it in ISO 8601",
        ),
        (
            ITEM % '"properties": {}, "assets": {"a": {"href": "x.tif", "raster:bands": [{"scale": 0}]}}',
            "x.json: scale of asset 'a' is 0",
        ),
        (
            ITEM % '"properties": {"start_datetime": "2020-01-01", "end_datetime": "2020-02-01"}, "assets": {}',
            "x.json: covers 2020-01-01 to 2020-02-01; give single acquisitions",
        ),
    ],
)
def test_unreadable_sidecars(write_image: Write, images: Path, text: str, said: str) -> None:
    write_image("x.tif", tags={"DATE": "2020-05-31"})
    (images / "x.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert only_fault(images).reason.startswith(said)


@pytest.mark.parametrize("href", ["\ud800.tif", "x" * 5000 + ".tif", "a\0.tif", "."])
def test_sidecars_that_name_no_possible_file(write_image: Write, write_item: Write, images: Path, href: str) -> None:
    write_image("x.tif")
    write_item("x.json", "x", {"image": {"href": href, "type": "image/tiff"}})
    assert only_fault(images).reason.startswith("x.json: ")


def test_names_that_cannot_be_shown(write_image: Write, images: Path) -> None:
    write_image("2020-05-31.tif")
    for name in (b"a\nb_2020-06-01.tif", b"\xff_2020-06-02.tif"):
        (images / os.fsdecode(name)).write_bytes((images / "2020-05-31.tif").read_bytes())
    listing = list_folder(images)
    assert [s.id for s in listing.scenes] == ["2020-05-31"]
    assert len(listing.faulty) == 2
    for fault in listing.faulty:
        assert "its name holds characters that cannot be shown; rename it" in fault.reason
        assert (fault.scene + fault.source + fault.reason).isprintable()


def test_a_picture_with_a_colour_table(write_image: Write, images: Path) -> None:
    path = write_image("2020-05-31.tif", bands=(None,), dtype="uint8", photometric="palette")
    with rasterio.open(path, "r+") as image:
        image.write_colormap(1, {0: (0, 0, 0, 255), 255: (255, 255, 255, 255)})
    assert "has a colour table" in only_fault(images).reason


def test_other_json_is_left_alone(write_image: Write, images: Path) -> None:
    write_image("2020-05-31.tif")
    (images / "2020-05-31.json").write_text('{"cloud": 3}')
    (images / "notes.json").write_text("{not json")
    assert only_scene(images).id == "2020-05-31"


def test_a_sidecar_whose_file_is_missing(write_image: Write, write_item: Write, images: Path) -> None:
    write_image("2020-05-31.tif")
    write_item("pair.json", "pair", {"red": {"href": "gone.tif", "type": "image/tiff"}})
    listing = list_folder(images)
    assert [s.id for s in listing.scenes] == ["2020-05-31"]
    assert "pair.json: lists 'gone.tif', which is not in the folder" in listing.faulty[0].reason


def test_one_broken_band_breaks_its_scene_only(write_image: Write, images: Path) -> None:
    for suffix in ("B04", "B08"):
        write_image(f"X_20200531_{suffix}.tif", bands=(None,))
        write_image(f"X_20200605_{suffix}.tif", bands=(None,))
    (images / "X_20200531_B08.tif").write_bytes(b"II*\0")
    listing = list_folder(images)
    assert [s.id for s in listing.scenes] == ["X_20200605"]
    assert [(f.scene, f.reason.partition(":")[0]) for f in listing.faulty] == [("X_20200531", "X_20200531_B08.tif")]


def test_a_scene_listed_twice_is_kept_once(write_image: Write, images: Path) -> None:
    write_image("2020-05-31.tif")
    write_image("2020-05-31.tiff", seed=1)
    listing = list_folder(images)
    assert [Path(s.source).name for s in listing.scenes] == ["2020-05-31.tif"]
    assert listing.faulty[0].duplicate
    assert "the scene 2020-05-31 is listed already" in listing.faulty[0].reason


def test_folders_that_cannot_be_used(tmp_path: Path, write_image: Write) -> None:
    for folder, said in (
        (tmp_path / "nowhere", "there is no such folder"),
        (write_image("2020-05-31.tif"), "is a file, not a folder"),
        (tmp_path, "holds no image (.tif, .tiff, .jp2, .png, .jpg), but 1 folders: give one of these"),
    ):
        with pytest.raises(FolderError) as error:
            list_folder(folder)
        assert said in str(error.value)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / ".hidden.tif").write_text("")
    with pytest.raises(FolderError, match="holds no image"):
        list_folder(tmp_path / "empty")


def test_a_changed_file_is_another_version(write_image: Write, images: Path) -> None:
    path = write_image("2020-05-31.tif")
    before = only_scene(images).version
    assert only_scene(images).version == before
    os.utime(path, ns=(1, 1))
    assert only_scene(images).version != before
