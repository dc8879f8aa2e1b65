"""Pictures that do not say where they lie: how they are listed, placed, kept, and refused."""

from __future__ import annotations

import datetime as dt
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from fake_screens import Screen, screenshots
from sitewatch.archive import Fetched, Listing, _place, fetch, list_folder
from sitewatch.archive._picture import read_pixels
from sitewatch.cube import Outcome, look_of_faulty, read_cube
from sitewatch.site import Site

Write = Callable[..., Path]
WEST, NORTH, PIXEL, SIZE = 500_000.0, 3_000_000.0, 10.0, 128
TO_GROUND = Affine(PIXEL, 0, WEST, 0, -PIXEL, NORTH)


def ground(seed: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return np.asarray(sum(gaussian_filter(rng.normal(size=(3, SIZE, SIZE)), (0, s, s)) * s for s in (1, 2.5, 6)))


def frames(days: range, seed: int = 1) -> dict[str, NDArray[np.uint8]]:
    """The place on several days, under other light and with other noise."""
    base = ground(seed)
    made = {}
    for day in days:
        rng = np.random.default_rng(1000 + day)
        light = 120 + 10 * rng.normal() + 26 * base + rng.normal(0, 3, base.shape)
        made[f"2020-05-{day:02d}"] = np.clip(light, 0, 250).astype(np.uint8)
    return made


@pytest.fixture
def anchor(write_image: Write, images: Path) -> Path:
    """A georeferenced image of the place."""
    return write_image("2020-04-01.tif", bands=(None,) * 3, dtype="uint8", pixels=frames(range(31, 32))["2020-05-31"])


def errors(fetched: Fetched, screens: dict[str, Screen]) -> list[float]:
    """How far corners of placed pictures lie from where they were taken, metres at most."""
    found = []
    for chip in fetched.chips:
        if chip.scene.id not in screens:
            continue
        with rasterio.open(chip.scene.bands[0].href) as placed:
            corners = [(x, y) for x in (0, placed.width) for y in (0, placed.height)]
            x, y = np.transpose([placed.transform * corner for corner in corners])
            x, y = rasterio.warp.transform(placed.crs, "EPSG:32640", x, y)
        true = np.transpose([TO_GROUND * (screens[chip.scene.id].to_frame * corner) for corner in corners])
        found.append(float(np.hypot(x - true[0], y - true[1]).max()))
    return found


def world_file(path: Path, affine: Affine) -> None:
    x, y = affine * (0.5, 0.5)
    path.write_text("\n".join(str(n) for n in (affine.a, affine.d, affine.b, affine.e, x, y)) + "\n")


def test_pictures_are_placed_kept_and_joined_by_later_ones(
    images: Path, anchor: Path, site: Site, tmp_path: Path, now: dt.datetime
) -> None:
    screens = screenshots(frames(range(1, 9)), images)
    fetched = fetch(list_folder(images), site, tmp_path / "archive", now=now)
    assert (len(fetched.chips), fetched.faulty, fetched.outside) == (9, (), ())
    assert max(errors(fetched, screens)) < 2.5
    remarks = [chip.scene.remark for chip in fetched.chips if chip.scene.id != anchor.stem]
    assert all(r.startswith("placed by registration to within ") and "similarity, " in r for r in remarks)
    readings = read_cube(site, fetched.chips)
    assert {look.outcome for look in readings.looks} == {Outcome.USED}
    assert remarks[0] in readings.looks[1].reason
    places = {chip.scene.id: chip.pixels_sha256 for chip in fetched.chips}

    again = fetch(list_folder(images), site, tmp_path / "archive", now=now)
    assert again.new == 0
    more = screenshots(frames(range(9, 11)), images, seed=5)
    later = fetch(list_folder(images), site, tmp_path / "archive", now=now)
    assert (later.new, later.faulty) == (2, ())
    assert {chip.scene.id: chip.pixels_sha256 for chip in later.chips if chip.scene.id in places} == places
    assert max(errors(later, more)) < 2.5


def test_overlays_are_no_ground(images: Path, anchor: Path, site: Site, tmp_path: Path, now: dt.datetime) -> None:
    screens = screenshots(frames(range(1, 16)), images)
    for chip in fetch(list_folder(images), site, tmp_path / "archive", now=now).chips:
        if chip.scene.id in screens:
            with rasterio.open(chip.scene.bands[0].href) as placed:
                seen = placed.read(4) > 0
            drawn = screens[chip.scene.id].drawn
            assert seen[drawn].mean() < 0.25
            assert seen[~drawn].mean() > 0.9
            assert "hidden" in chip.scene.remark


@pytest.mark.parametrize("told", ["world file", "degrees", ".prj", "sidecar"])
def test_one_picture_that_says_where_it_lies_is_enough(
    images: Path, site: Site, tmp_path: Path, now: dt.datetime, make_item: Callable[..., dict[str, Any]], *, told: str
) -> None:
    screens = screenshots(frames(range(1, 4)), images)
    first = screens["2020-05-01"]
    affine = TO_GROUND * first.to_frame
    if told == "degrees":
        corners = rasterio.warp.transform("EPSG:32640", "EPSG:4326", [affine.c, affine.c + affine.a], [affine.f] * 2)
        down = rasterio.warp.transform("EPSG:32640", "EPSG:4326", [affine.c], [affine.f + affine.e])
        (west, east), (north, _) = corners
        affine = Affine(east - west, 0, west, 0, down[1][0] - north, north)
    if told == "sidecar":
        asset = {"href": "2020-05-01.png", "type": "image/png", "proj:transform": list(affine)[:6]}
        item = make_item("2020-05-01", {"image": {**asset, "proj:code": "EPSG:32640"}}, datetime="2020-05-01T10:00:00Z")
        (images / "2020-05-01.json").write_text(json.dumps(item))
    else:
        world_file(images / "2020-05-01.pgw", affine)
    if told == ".prj":
        (images / "2020-05-01.prj").write_text(rasterio.CRS.from_epsg(32640).to_wkt())
    fetched = fetch(list_folder(images), site, tmp_path / "archive", now=now)
    assert (len(fetched.chips), fetched.faulty) == (3, ())
    assert max(errors(fetched, screens)) < 3
    assert fetched.chips[0].scene.remark.partition(" beside")[0] == (
        "placed by the STAC item" if told == "sidecar" else "placed by the world file"
    )


def test_a_mended_world_file_moves_what_lies_on_it(images: Path, site: Site, tmp_path: Path, now: dt.datetime) -> None:
    screens = screenshots(frames(range(1, 3)), images)
    affine = TO_GROUND * screens["2020-05-01"].to_frame
    world_file(images / "2020-05-01.pgw", Affine.translation(100, 0) * affine)
    wrong = fetch(list_folder(images), site, tmp_path / "archive", now=now)
    assert min(errors(wrong, screens)) > 90
    world_file(images / "2020-05-01.pgw", affine)
    right = fetch(list_folder(images), site, tmp_path / "archive", now=now)
    assert max(errors(right, screens)) < 3


def test_without_any_place_one_sentence_says_what_to_do(
    images: Path, site: Site, tmp_path: Path, now: dt.datetime
) -> None:
    screenshots(frames(range(1, 5)), images)
    fetched = fetch(list_folder(images), site, tmp_path / "archive", now=now)
    assert fetched.chips == ()
    assert fetched.faulty[0].reason == (
        "2020-05-01.png: does not say where on Earth it lies, and no image of the folder does; put a world file "
        "(.pgw, .jgw) beside one of the pictures, or a georeferenced image of the place into the folder"
    )
    assert look_of_faulty(fetched.faulty[0], recorded=now).outcome is Outcome.FAILED


def test_another_place_is_rejected(images: Path, anchor: Path, site: Site, tmp_path: Path, now: dt.datetime) -> None:
    screenshots(frames(range(1, 3)), images)
    screenshots(frames(range(3, 5), seed=77), images)
    fetched = fetch(list_folder(images), site, tmp_path / "archive", now=now)
    assert len(fetched.chips) == 3
    assert [f.scene for f in fetched.faulty] == ["2020-05-03", "2020-05-04"]
    assert "could not be placed on the ground" in fetched.faulty[0].reason
    assert look_of_faulty(fetched.faulty[0], recorded=now).outcome is Outcome.REJECTED


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("1 2 3", "2020-05-01.pgw: is no world file: it must hold six numbers, found 3"),
        ("a b c d e f", "2020-05-01.pgw: is no world file (could not convert string to float: 'a'); it must hold"),
        (
            "10 0 0 -10 1e6 1e6",
            "2020-05-01.pgw: puts the picture nowhere near the site in degrees, UTM or Web Mercator",
        ),
        ("nan 0 0 -10 1 1", "2020-05-01.pgw: is no world file: it must hold six numbers"),
        ("1" * 70_000, "2020-05-01.pgw: is larger than 64 KiB"),
    ],
)
def test_world_files_that_cannot_be_used(
    images: Path, site: Site, tmp_path: Path, now: dt.datetime, *, content: str, said: str
) -> None:
    screenshots(frames(range(1, 2)), images)
    (images / "2020-05-01.pgw").write_text(content)
    (faulty,) = fetch(list_folder(images), site, tmp_path / "archive", now=now).faulty
    assert faulty.reason.startswith(said)


def reasons(listing: Listing) -> dict[str, str]:
    return {Path(f.source).name: f.reason for f in listing.faulty}


def test_hostile_and_broken_pictures_are_refused(images: Path) -> None:
    screens = screenshots(frames(range(1, 2)), images)
    whole = screens["2020-05-01"].path.read_bytes()
    (images / "2020-05-02.png").write_bytes(whole[:30])
    (images / "2020-05-03.png").write_bytes(b"")
    (images / "2020-05-04.jpg").write_text("<html>not found</html>")
    (images / "2020-05-05.png").write_bytes(png_header(30_000, 30_000))
    (images / "2020-05-06.png").write_bytes(b"GIF89a" + bytes(range(60)))
    (images / "undated.png").write_bytes(whole)
    listing = list_folder(images)
    assert [p.scene.id for p in listing.pictures] == ["2020-05-01"]
    said = reasons(listing)
    assert said["2020-05-02.png"].startswith("2020-05-02.png: is damaged or cut short")
    assert said["2020-05-03.png"] == "2020-05-03.png: is empty; get the file again"
    assert "is a text file, not an image" in said["2020-05-04.jpg"]
    assert "30000 x 30000 pixels, more than 40000000" in said["2020-05-05.png"]
    assert said["2020-05-06.png"] == "2020-05-06.png: is not a PNG or JPEG picture; convert it"
    assert "does not say when it was taken" in said["undated.png"]


def png_header(width: int, height: int) -> bytes:
    """A PNG that declares a size and holds next to nothing."""
    body = b"IHDR" + width.to_bytes(4) + height.to_bytes(4) + bytes((8, 2, 0, 0, 0))
    data = b"IDAT" + zlib.compress(b"\0" * 100)
    chunks = (len(b[4:]).to_bytes(4) + b + zlib.crc32(b).to_bytes(4) for b in (body, data, b"IEND"))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_previews_of_images_are_left_out(images: Path, anchor: Path) -> None:
    picture = next(iter(screenshots(frames(range(1, 2)), images).values())).path.read_bytes()
    for name in ("2020-04-01.png", "2020-04-02_thumbnail.jpg", "LC08_20200403-thumb_small.jpeg"):
        (images / name).write_bytes(picture)
    listing = list_folder(images)
    assert [s.id for s in listing.scenes] == ["2020-04-01"]
    assert [p.scene.id for p in listing.pictures] == ["2020-05-01"]
    assert listing.faulty == ()


def test_all_kinds_of_pictures_are_read(
    images: Path, anchor: Path, site: Site, tmp_path: Path, now: dt.datetime
) -> None:
    pixels = np.moveaxis(frames(range(1, 2))["2020-05-01"], 0, -1)
    picture = Image.fromarray(pixels)
    picture.quantize(200).save(images / "2020-05-01.png")
    picture.convert("RGBA").save(images / "2020-05-02.png")
    picture.save(images / "2020-05-03.JPG", quality=85)
    picture.save(images / "2020-05-04.png", format="JPEG")
    fetched = fetch(list_folder(images), site, tmp_path / "archive", now=now)
    assert (len(fetched.chips), fetched.faulty) == (5, ())
    assert {tuple(b.name for b in chip.bands) for chip in fetched.chips[1:]} == {("red", "green", "blue", "valid")}


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_transparent_colour_is_no_ground_and_one_bit_is_black_and_white(tmp_path: Path) -> None:
    colours = np.full((8, 9, 3), 120, dtype=np.uint8)
    colours[:, :4] = (255, 0, 255)
    Image.fromarray(colours).save(tmp_path / "clear.png", transparency=(255, 0, 255))
    opaque = read_pixels(tmp_path / "clear.png").opaque
    assert not opaque[:, :4].any()
    assert opaque[:, 4:].all()
    Image.fromarray(np.eye(8, dtype=bool)).save(tmp_path / "bits.png")
    assert set(np.unique(read_pixels(tmp_path / "bits.png").values)) == {0, 255}


def vanish(path: Path) -> None:
    path.unlink()


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:2000])


def become_another(path: Path) -> None:
    Image.new("RGB", (60, 50), "green").save(path)


def lose_colour(path: Path) -> None:
    Image.open(path).convert("L").save(path)


@pytest.mark.parametrize(
    ("before", "happens"),
    [
        ("_raw", become_another),
        ("_overlays", vanish),
        ("_known", cut_short),
        ("_cut_alike", lose_colour),
    ],
)
def test_a_picture_that_is_lost_after_it_was_listed_is_a_failed_look_and_the_others_go_on(
    *,
    before: str,
    happens: Callable[[Path], None],
    images: Path,
    anchor: Path,
    site: Site,
    tmp_path: Path,
    now: dt.datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screens = screenshots(frames(range(1, 5)), images)
    listing = list_folder(images)
    step = getattr(_place, before)
    lost = iter([images / "2020-05-03.png"])

    def after_it(*args: Any, **kwargs: Any) -> Any:
        for path in lost:
            happens(path)
        return step(*args, **kwargs)

    monkeypatch.setattr(_place, before, after_it)
    done: list[tuple[int, int]] = []
    fetched = fetch(listing, site, tmp_path / "archive", now=now, progress=lambda *step: done.append(step))
    used = {chip.scene.id for chip in fetched.chips}
    (faulty,) = fetched.faulty
    if before == "_raw" and happens is become_another:  # another picture of the same kind: its turn was still to come
        assert "could not be placed" in faulty.reason
    else:
        assert faulty.reason.startswith("2020-05-03.png: ")
        todo = {vanish: "check the file and its permissions", cut_short: "get the file again"}
        assert faulty.reason.endswith(todo.get(happens, "was replaced while it was being read; run again"))
        assert look_of_faulty(faulty, recorded=now).outcome is Outcome.FAILED
    assert (faulty.scene, used) == ("2020-05-03", {anchor.stem, *screens} - {"2020-05-03"})
    assert max(errors(fetched, screens)) < 5  # half a pixel; of three pictures overlays are not found
    assert [step for step, _ in done] == sorted(step for step, _ in done)
    assert done[-1][0] <= done[-1][1]


def test_a_picture_that_others_are_laid_on_is_lost(
    images: Path, site: Site, tmp_path: Path, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    screens = screenshots(frames(range(1, 5)), images)
    world_file(images / "2020-05-01.pgw", TO_GROUND * screens["2020-05-01"].to_frame)
    listing = list_folder(images)
    known = _place._known
    monkeypatch.setattr(
        _place, "_known", lambda *a: ((images / "2020-05-01.png").unlink(missing_ok=True), known(*a))[1]
    )
    fetched = fetch(listing, site, tmp_path / "archive", now=now)
    assert fetched.chips == ()
    reasons = {faulty.scene: faulty.reason for faulty in fetched.faulty}
    assert reasons.keys() == screens.keys()
    assert "cannot be read" in reasons.pop("2020-05-01")
    assert all("no image of the folder does" in reason for reason in reasons.values())


def test_an_image_that_is_lost_after_it_was_listed_is_a_failed_look_too(
    *, images: Path, anchor: Path, write_image: Write, site: Site, tmp_path: Path, now: dt.datetime
) -> None:
    screens = screenshots(frames(range(1, 3)), images)
    write_image("2020-04-02.tif", bands=(None,) * 3, dtype="uint8", pixels=frames(range(30, 31))["2020-05-30"])
    write_image("2020-04-03.tif", bands=(None,) * 3, dtype="uint8", pixels=frames(range(29, 30))["2020-05-29"])
    listing = list_folder(images)
    (images / "2020-04-02.tif").unlink()
    write_image("2020-04-03.tif", bands=(None,), dtype="uint8", size=64)
    fetched = fetch(listing, site, tmp_path / "archive", now=now)
    assert {faulty.scene for faulty in fetched.faulty} == {"2020-04-02", "2020-04-03"}
    assert {chip.scene.id for chip in fetched.chips} == {anchor.stem, *screens}
