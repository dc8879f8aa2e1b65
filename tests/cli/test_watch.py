"""The main job as a user runs it: folder in, answers out."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import rasterio
import rasterio.warp
from ran import LOOKS, MADE_AT, SIDE, MadeRun, Ran, Run
from rasterio.transform import from_origin
from shapely.geometry import box, mapping, shape

from sitewatch import __version__

SiteOf = Callable[..., Path]
NOW = ("--now", MADE_AT)


@pytest.fixture
def watched(made_run: MadeRun, tmp_path: Path) -> Path:
    """A copy of the results of a finished run that a test may spoil."""
    return Path(shutil.copytree(made_run.out, tmp_path / "watched"))


def looks(out: Path) -> dict[str, dict[str, object]]:
    document = json.loads((out / "looks.geojson").read_text())
    return {f["properties"]["scene"]: f["properties"] for f in document["features"]}


def watch(run: Run, world: Path, out: Path, *more: object, site: Path | None = None, images: Path | None = None) -> Ran:
    return run(
        "watch", site or world / "site.geojson", "--images", images or world / "images", "--out", out, "--quiet", *more
    )


def test_a_folder_becomes_structures_looks_and_a_report(made_world: Path, made_run: MadeRun, shared: Path) -> None:
    out = made_run.out
    last = made_run.said.splitlines()[-1]
    assert last == str(out / "report" / "index.html")
    assert Path(last).is_file()
    document = json.loads((out / "structures.geojson").read_text())
    schema = json.loads((shared / "contracts" / "structures.schema.json").read_text())
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(document)
    assert len(looks(out)) == len(list((made_world / "images").glob("*.tif"))) == LOOKS
    assert document["sitewatch"]["looks"] == sum(p["outcome"] == "used" for p in looks(out).values())
    assert {p.name for p in out.iterdir()} == {
        ".lock",
        "archive",
        "looks.geojson",
        "report",
        "search.npz",
        "site.geojson",
        "structures.geojson",
    }


def test_the_same_input_gives_the_same_files(run: Run, made_world: Path, tmp_path: Path, made_run: MadeRun) -> None:
    assert watch(run, made_world, tmp_path / "out", *NOW).code == 0
    for name in ("structures.geojson", "looks.geojson", "report/index.html"):
        assert (tmp_path / "out" / name).read_bytes() == (made_run.out / name).read_bytes()


def test_a_second_run_and_a_rebuilt_report_change_nothing(run: Run, made_world: Path, watched: Path) -> None:
    out = watched
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    changed = {p: p.stat().st_mtime_ns for p in (out / "archive").rglob("*.tif")}
    assert watch(run, made_world, out, *NOW).code == 0
    assert {p: p.stat().st_mtime_ns for p in (out / "archive").rglob("*.tif")} == changed
    assert run("report", out, "--quiet", *NOW).code == 0
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before


def test_added_looks_are_searched_by_themselves_unless_all_are_asked_for(
    run: Run, world: Path, tmp_path: Path, made_run: MadeRun
) -> None:
    def head(out: Path) -> dict[str, int]:
        return json.loads((out / "structures.geojson").read_text())["sitewatch"]

    some, out = tmp_path / "images", tmp_path / "out"
    shutil.copytree(world / "images", some)
    late = sorted(some.glob("*.tif"), key=lambda path: re.findall(r"[0-9]{8}", path.name)[0])[-2:]
    for image in late:
        image.unlink()
    assert watch(run, world, out, *NOW, images=some).code == 0
    before = head(out)
    assert before["whole_search_looks"] == before["looks"]
    for image in late:
        shutil.copy(world / "images" / image.name, image)
    assert watch(run, world, out, *NOW, images=some).code == 0
    after = head(out)
    assert after["looks"] > before["looks"] == after["whole_search_looks"]
    assert watch(run, world, out, "--search-all", *NOW, images=some).code == 0
    assert head(out)["whole_search_looks"] == after["looks"]
    assert (out / "structures.geojson").read_bytes() == (made_run.out / "structures.geojson").read_bytes()


def test_json_and_the_ledger(run: Run, made_world: Path, watched: Path) -> None:
    out = watched
    summary = json.loads(watch(run, made_world, out, "--json").out)
    assert summary["looks"]["used"] + summary["looks"]["could not see"] == LOOKS
    ledger = json.loads(run("looks", "list", out, "--json").out)
    assert [entry["scene"] for entry in ledger] == list(looks(out))
    table = run("looks", "list", out)
    assert table.code == 0
    assert "could not see" in table.out or summary["looks"]["could not see"] == 0


def test_a_period_limits_the_scenes(run: Run, world: Path, tmp_path: Path) -> None:
    watch(run, world, tmp_path / "out", "--since", "2020-06-01", "--until", "2021-06-30")
    captured = [str(entry["captured"]) for entry in looks(tmp_path / "out").values()]
    assert captured
    assert min(captured) >= "2020-06-01"
    assert max(captured) < "2021-07-01"


def test_an_outline_beyond_the_images_works_and_says_how_much_is_missing(
    run: Run, world: Path, tmp_path: Path, site_of: SiteOf
) -> None:
    with rasterio.open(next((world / "images").glob("*.tif"))) as dataset:
        west, south, east, north = rasterio.warp.transform_bounds(dataset.crs, "EPSG:4326", *dataset.bounds)
    wide = box(west, south, east + (east - west), north)  # the eastern half lies outside
    ran = watch(run, world, tmp_path / "wide", site=site_of(world, geometry=mapping(wide)))
    assert ran.code == 0
    # The image is a box in metres, the outline one in degrees: a little less than half of it is shown.
    assert re.search(r"show (4[5-9]|50)% of the site", ran.out)
    clear = [float(str(e["clear_share"])) for e in looks(tmp_path / "wide").values() if e["outcome"] == "used"]
    assert max(clear) == pytest.approx(0.475, abs=0.025)
    exact = watch(run, world, tmp_path / "exact", site=site_of(world, geometry=mapping(box(west, south, east, north))))
    assert exact.code == 0


BOWTIE = {"type": "Polygon", "coordinates": [[[2, 48], [2.01, 48.01], [2.01, 48], [2, 48.01], [2, 48]]]}
BAD_SITES = {
    "no id": ({"id": None}, "has no id"),
    "crossing itself": ({"geometry": BOWTIE}, "crosses itself"),
    "touching no image": ({"geometry": mapping(box(100, 10, 100.01, 10.01))}, f"touches none of the {LOOKS} images"),
    "in metres": ({"geometry": mapping(box(5e5, 5e6, 5.1e5, 5.01e6))}, "EPSG:4326"),
}


@pytest.mark.parametrize(("changes", "words"), BAD_SITES.values(), ids=BAD_SITES)
def test_a_bad_site_is_one_sentence_and_exit_2(
    run: Run, world: Path, tmp_path: Path, site_of: SiteOf, *, changes: dict[str, object], words: str
) -> None:
    ran = watch(run, world, tmp_path / "out", site=site_of(world, **changes))
    assert ran.code == 2
    assert words in ran.err
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 1
    assert not (tmp_path / "out" / "structures.geojson").exists()


def test_bad_options_and_folders_are_exit_2(run: Run, world: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (tmp_path / "empty").mkdir()
    site = world / "site.geojson"
    text = tmp_path / "site.txt"
    text.write_text("a picture of a site")
    cases: list[tuple[tuple[object, ...], str]] = [
        ((text, "--images", world / "images"), "not a GeoJSON"),
        ((tmp_path / "no.geojson", "--images", world / "images"), "cannot be read"),
        ((site, "--images", tmp_path / "empty"), "empty"),
        ((site, "--images", tmp_path / "nowhere"), "nowhere"),
        ((site,), "give either --images DIR or --catalog URL"),
        ((site, "--images", world / "images", "--catalog", "http://x"), "give either"),
        ((site, "--images", world / "images", "--false-alarms", "none"), "--false-alarms"),
        ((site, "--images", world / "images", "--false-alarms", "0"), "above 0"),
        ((site, "--images", world / "images", "--since", "yesterday"), "--since"),
        ((site, "--images", world / "images", "--since", "2022-01-01", "--until", "2021-01-01"), "exchange"),
        ((site, "--images", world / "images", "--pixel", "-3"), "--pixel"),
    ]
    for arguments, words in cases:
        ran = run("watch", *arguments, "--out", out, "--quiet")
        assert ran.code == 2, (arguments, ran)
        assert words in ran.err, (arguments, ran)
    assert run("report", tmp_path / "empty").code == 2
    assert run("looks", "list", tmp_path / "empty").code == 2


def test_faulty_scenes_are_failed_looks_and_the_run_goes_on(run: Run, world: Path, tmp_path: Path) -> None:
    images = world / "images"
    good = sorted(images.glob("*.tif"))
    (images / "2020-05-05_text.tif").write_text("this is no picture")
    (images / "2020-05-06_cut.tif").write_bytes(good[3].read_bytes()[:3000])
    with rasterio.open(good[0]) as dataset:
        profile, pixels = dataset.profile, dataset.read()
    plain = {"driver": "GTiff", "count": 3, "dtype": "uint8", "width": SIDE, "height": SIDE}
    with rasterio.open(images / "undated.tif", "w", **plain, crs=profile["crs"], transform=profile["transform"]) as d:
        d.write(pixels[:3].astype("uint8"))
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        rasterio.open(images / "2020-05-07_nowhere.tif", "w", **plain).close()
    giant = plain | {"width": 40_000, "height": 40_000, "tiled": True, "sparse_ok": True}
    rasterio.open(
        images / "2020-05-08_giant.tif",
        "w",
        **giant,
        crs=profile["crs"],
        transform=from_origin(500_000, 5_400_000, 10, 10),
    ).close()
    local = 'LOCAL_CS["a drawing",UNIT["metre",1]]'
    with rasterio.open(images / "2020-05-09_local.tif", "w", **plain, crs=local, transform=profile["transform"]) as d:
        d.write(pixels[:3].astype("uint8"))
    shutil.copy(good[5], images / "2020-05-10_copy.tif")
    shutil.copy(good[5].with_suffix(".json"), images / "2020-05-10_copy.json")
    ran = watch(run, world, tmp_path / "out")
    assert ran.code == 0
    entries = looks(tmp_path / "out")
    reasons = {name: str(entry["reason"]) for name, entry in entries.items() if entry["outcome"] != "used"}
    for name in (
        "2020-05-05_text",
        "2020-05-06_cut",
        "undated",
        "2020-05-07_nowhere",
        "2020-05-08_giant",
        "2020-05-09_local",
    ):
        (key,) = [key for key in reasons if name in key]
        assert entries[key]["outcome"] == "failed", (name, entries[key])
        assert len(reasons[key]) > 30
    document = json.loads((tmp_path / "out" / "looks.geojson").read_text())
    outcomes = [f["properties"]["outcome"] for f in document["features"]]
    assert outcomes.count("rejected") == 1  # the scene that is listed twice
    assert sum(o in ("used", "could not see") for o in outcomes) == LOOKS


def test_only_faulty_scenes_is_exit_4_with_all_outputs(run: Run, world: Path, tmp_path: Path) -> None:
    images = tmp_path / "broken"
    images.mkdir()
    (images / "2020-05-05.tif").write_text("this is no picture")
    ran = watch(run, world, tmp_path / "out", images=images)
    assert ran.code == 4
    assert "could not look" in ran.out
    assert json.loads((tmp_path / "out" / "structures.geojson").read_text())["features"] == []
    assert (tmp_path / "out" / "report" / "index.html").is_file()


def test_all_covered_is_exit_3_with_all_outputs(run: Run, world: Path, tmp_path: Path) -> None:
    for path in (world / "images").glob("*.tif"):
        with rasterio.open(path, "r+") as dataset:
            dataset.write(np.full((1, *dataset.shape), 9, dtype=dataset.dtypes[0]), [dataset.count])
    ran = watch(run, world, tmp_path / "out")
    assert ran.code == 3
    assert "nothing could be seen" in ran.out
    assert {str(e["outcome"]) for e in looks(tmp_path / "out").values()} == {"could not see"}
    assert all("cloud" in str(e["reason"]) for e in looks(tmp_path / "out").values())
    assert json.loads((tmp_path / "out" / "structures.geojson").read_text())["features"] == []
    assert (tmp_path / "out" / "report" / "index.html").is_file()


def test_two_tiles_of_one_pass_are_one_look(run: Run, world: Path, tmp_path: Path, made_run: MadeRun) -> None:
    """Every scene cut into a western and an eastern tile, seconds apart, gives what the whole scenes give."""
    tiles = tmp_path / "tiles"
    tiles.mkdir()
    for path in sorted((world / "images").glob("*.tif")):
        item = json.loads(path.with_suffix(".json").read_text())
        with rasterio.open(path) as dataset:
            for name, first, last in (("a", 0, 27), ("b", 27, SIDE)):
                window = rasterio.windows.Window(first, 0, last - first, SIDE)
                profile = dataset.profile | {
                    "width": last - first,
                    "height": SIDE,
                    "transform": dataset.window_transform(window),
                }
                stem = f"{path.stem}_{name}"
                with rasterio.open(tiles / f"{stem}.tif", "w", **profile) as tile:
                    tile.write(dataset.read(window=window))
                    tile.descriptions = dataset.descriptions
                    tile.scales, tile.offsets = dataset.scales, dataset.offsets
                asset = item["assets"]["data"] | {"href": f"./{stem}.tif"}
                seconds = (0, 15)[name == "b"]  # the pass is dated by its first tile
                taken = dt.datetime.fromisoformat(item["properties"]["datetime"]) + dt.timedelta(seconds=seconds)
                moment = f"{taken:%Y-%m-%dT%H:%M:%SZ}"
                changed = item | {
                    "id": stem,
                    "assets": {"data": asset},
                    "properties": item["properties"] | {"datetime": moment},
                }
                (tiles / f"{stem}.json").write_text(json.dumps(changed))
    assert watch(run, world, tmp_path / "tiled", images=tiles).code == 0
    whole, tiled = (json.loads((out / "structures.geojson").read_text()) for out in (made_run.out, tmp_path / "tiled"))
    assert [f["geometry"] for f in whole["features"]] == [f["geometry"] for f in tiled["features"]]
    assert tiled["sitewatch"]["looks"] == 2 * whole["sitewatch"]["looks"]
    assert any("one pass with" in str(e["reason"]) for e in looks(tmp_path / "tiled").values())


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """A disk of one megabyte."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], check=False, capture_output=True
    )
    if done.returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_leaves_nothing_half_written(run: Run, world: Path, small_disk: Path) -> None:
    ran = watch(run, world, small_disk / "out")
    assert ran.code == 1
    assert ran.err.startswith("error: ")
    assert "full" in ran.err or "room" in ran.err or "space" in ran.err
    out = small_disk / "out"
    assert not (out / "structures.geojson").exists()
    # Chips that were finished stay; nothing bears a temporary name, and what is catalogued is there.
    assert not [p for p in out.rglob("*") if p.name.startswith(".writing-")]
    for item in (out / "archive").glob("*/*.json"):
        for asset in json.loads(item.read_text())["assets"].values():
            assert (item.parent / asset["href"]).stat().st_size > 0
    ran = run("simulate", small_disk / "facility", "--size", "64", "--looks", "60", "--quiet")
    assert ran.code == 1
    assert not (small_disk / "facility").exists()
    assert not [p for p in small_disk.iterdir() if "partial" in p.name]


def test_version_help_and_completion(run: Run) -> None:
    assert run("--version").out == f"sitewatch {__version__}\n"
    for command in (("watch",), ("simulate",), ("demo",), ("report",), ("looks", "list")):
        ran = run(*command, "--help")
        assert ran.code == 0
        assert f"sitewatch {' '.join(command)}" in re.sub(r"\s+", " ", ran.out.split("Example")[-1])
    completion = run("--show-completion")  # started by no shell, it cannot know for which one
    assert "sitewatch" in completion.out or "not supported" in completion.err


def test_the_hall_of_the_real_series_is_found(shared: Path, watched_series: Path) -> None:
    """94 hazy 8-bit pictures without a mask, in which a hall was built in stages."""
    folder = shared / "data" / "smart-timelapse"
    done = subprocess.run(
        [
            sys.executable,
            shared / "score" / "score_structures.py",
            folder / "truth.geojson",
            watched_series / "structures.geojson",
            "--json",
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    score = json.loads(done.stdout)
    assert score["recall"] == 1.0
    document = json.loads((watched_series / "structures.geojson").read_text())
    hall = shape(json.loads((folder / "truth.geojson").read_text())["features"][0]["geometry"])
    best = max(
        shape(f["geometry"]).intersection(hall).area / shape(f["geometry"]).union(hall).area
        for f in document["features"]
        if f["properties"]["kind"] == "structure"
    )
    assert best > 0.2


def test_too_few_looks_are_not_a_finding_that_nothing_changed(
    run: Run, world: Path, tmp_path: Path, made_run: MadeRun
) -> None:
    ledger = looks(made_run.out)
    first, second, *_ = (scene for scene, look in ledger.items() if look["clear_share"] == 1)
    unseen = [
        scene
        for scene, look in ledger.items()
        if look["outcome"] == "could not see" and "snow" not in look["reason"]  # which is told beside many looks
    ]
    for path in (world / "images").iterdir():
        if path.stem not in (first, second, *unseen):
            path.unlink()
    with rasterio.open(world / "images" / f"{second}.tif", "r+") as dataset:  # a white hall has gone up before it
        for band in range(1, 7):
            pixels = dataset.read(band)
            pixels[20:28, 18:30] = 6500
            dataset.write(pixels, band)
    ran = watch(run, world, tmp_path / "few")
    assert ran.code == 0
    assert "too few to tell a change from noise" in ran.out
    page = (tmp_path / "few" / "report" / "index.html").read_text()
    assert "Only two were compared" in page
    assert "Nothing changed" not in page
    found = json.loads((tmp_path / "few" / "structures.geojson").read_text())["features"]
    brackets = [
        p[end] for f in found for p in f["properties"]["presences"] for end in ("erected", "dismantled") if p[end]
    ]
    assert brackets
    assert all(p["state"] == "first" for f in found for p in f["properties"]["presences"])
    assert len({(b["after"], b["by"]) for b in brackets}) == 1  # the two looks, and no date between them
    for path in (world / "images").glob(f"{second}.*"):
        path.unlink()
    ran = watch(run, world, tmp_path / "one")
    assert ran.code == 0
    assert "there is nothing to compare it with" in " ".join(ran.out.split())
    page = (tmp_path / "one" / "report" / "index.html").read_text()
    assert "Too few looks" in page
    assert "Nothing changed" not in page


def test_a_damaged_archive_or_a_blocked_place_is_said_and_nothing_is_lost(run: Run, watched: Path) -> None:
    out = watched
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file() and "archive" not in p.parts}
    shutil.rmtree(out / "archive")
    ran = run("report", out, "--quiet")
    assert ran.code == 2
    assert "missing or damaged" in ran.err
    assert {p: p.read_bytes() for p in before} == before


def test_flags_beat_the_environment(run: Run, made_world: Path, watched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITEWATCH_CATALOG", "http://127.0.0.1:9/")
    assert watch(run, made_world, watched).code == 0
    ran = watch(run, made_world, watched, "--bands", "red=B04")
    assert ran.code == 2
    assert "--bands belong to --catalog" in ran.err
