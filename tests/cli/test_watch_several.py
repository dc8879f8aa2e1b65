"""A folder of two sensors' images: every structure is told once, searched apart or as one series."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import rasterio
from affine import Affine
from ran import Run
from shapely.geometry import shape

from made_once import made_once
from sitewatch.archive import list_folder
from sitewatch.simulate import Recipe, simulate, write
from sitewatch.site import read_site
from sitewatch.watch import watch, write_outputs

MOMENT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
NOW = ("--quiet", "--now", "2026-01-01T00:00:00Z")
GAIN = 1.08
"""Of the second sensor's reflectance: nobody's calibration is the other's."""
HIDDEN = (0, 3, 8, 9, 10, 11)
"""Classes of the simulated mask in which no ground was seen."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A facility of which every third scene is coarsened to 30 m in `both`, and left out in `one`."""
    return made_once(tmp_path_factory, "two-sensors", make_both)


def make_both(folder: Path) -> None:
    write(simulate(Recipe(seed=14, size=96, looks=120, years=3.0, permanent=4, temporary=4)), folder / "world")
    for name in ("one", "both"):
        (folder / name).mkdir()
    for number, path in enumerate(sorted((folder / "world" / "images").glob("*.tif"))):
        if number % 3 == 1:
            coarsen(path, folder / "both" / path.name.replace("S2", "L8"))
            continue
        for name in ("one", "both"):
            shutil.copy(path, folder / name)
            shutil.copy(path.with_suffix(".json"), folder / name)


@pytest.fixture(scope="module")
def watched(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is written of the folder of both sensors, searched apart."""

    def make(out: Path) -> None:
        found = watch(
            read_site(made / "world" / "site.geojson"),
            list_folder(made / "both"),
            archive=out / "archive",
            now=MOMENT,
            harmonised=False,
            kept=out / "search.npz",
        )
        write_outputs(found, out)

    return made_once(tmp_path_factory, "two-sensors-watched", make)


def coarsen(source: Path, target: Path) -> None:
    """A scene in pixels of three by three, under another sensor's name and gain."""
    with rasterio.open(source) as dataset:
        side = dataset.shape[0] // 3
        blocks = dataset.read()[:, : side * 3, : side * 3].reshape(-1, side, 3, side, 3)
        told = dataset.descriptions, dataset.scales, dataset.offsets
        profile = {key: dataset.profile[key] for key in ("driver", "count", "dtype", "crs", "nodata")}
        transform = dataset.transform @ Affine.scale(3)
    mask = np.where(np.isin(blocks[-1], HIDDEN).any(axis=(1, 3)), 9, blocks[-1][:, 1, :, 1])
    ground = np.clip(np.rint(blocks[:-1].mean(axis=(2, 4)) * GAIN), 1, 65_535)
    with rasterio.open(target, "w", **profile, height=side, width=side, transform=transform) as dataset:
        dataset.write(np.concatenate([ground, mask[None]]).astype(profile["dtype"]))
        dataset.descriptions, dataset.scales, dataset.offsets = told
    item = json.loads(source.with_suffix(".json").read_text())
    item["id"] = target.stem
    item["properties"] |= {"platform": "landsat-8", "constellation": "landsat"}
    for asset in item["assets"].values():
        asset["href"] = asset["href"].replace(source.name, target.name)
    target.with_suffix(".json").write_text(json.dumps(item))


def claims(out: Path) -> list[dict[str, Any]]:
    document = json.loads((out / "structures.geojson").read_text())
    return [f for f in document["features"] if f["properties"]["kind"] == "structure"]


def span(bracket: dict[str, str] | None) -> tuple[dt.datetime, dt.datetime] | None:
    if bracket is None:
        return None
    return dt.datetime.fromisoformat(bracket["after"]), dt.datetime.fromisoformat(bracket["by"])


@pytest.mark.long
def test_structures_of_two_sensors_are_told_once_with_brackets_as_tight(
    run: Run, made: Path, watched: Path, tmp_path: Path, shared: Path
) -> None:
    site = made / "world" / "site.geojson"
    # Two searches share the budget: what the one sensor alone claims with half of it is the measure.
    assert (
        run("watch", site, "--images", made / "one", "--out", tmp_path / "one", "--false-alarms", 0.5, *NOW).code == 0
    )
    document = json.loads((watched / "structures.geojson").read_text())
    schema = json.loads((shared / "contracts" / "structures.schema.json").read_text())
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(document)
    alone, both = claims(tmp_path / "one"), claims(watched)
    by_id = {feature["id"]: feature["properties"] for feature in both}
    assert {feature["id"] for feature in alone} <= by_id.keys()
    joined = [p for p in by_id.values() if len(p["sensors"]) == 2]
    assert len(joined) >= 3
    tighter = 0
    for feature in alone:
        for before, after in zip(feature["properties"]["presences"], by_id[feature["id"]]["presences"], strict=True):
            for end in ("erected", "dismantled"):
                old, new = span(before[end]), span(after[end])
                if old is None or new is None:
                    assert new == old or old is None
                    continue
                assert old[0] <= new[0] < new[1] <= old[1]
                tighter += new != old
    assert tighter >= 1
    # Nothing is told twice: no two claims share most of their ground and a date.
    for i, one in enumerate(both):
        for other in both[:i]:
            first, second = shape(one["geometry"]), shape(other["geometry"])
            shared_part = first.intersection(second).area / min(first.area, second.area)
            dates = [{str(p["erected"]) for p in f["properties"]["presences"] if p["erected"]} for f in (one, other)]
            assert shared_part < 0.5 or not dates[0] & dates[1]


def held(folder: Path) -> dict[Path, bytes]:
    """All files but the empty one by which a run is held."""
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != ".lock"}


@pytest.mark.long
def test_a_second_run_and_a_rebuilt_report_change_nothing_for_two_sensors(
    run: Run, made: Path, watched: Path, tmp_path: Path
) -> None:
    site, out = made / "world" / "site.geojson", tmp_path / "out"
    shutil.copytree(watched, out)
    assert {p.name for p in out.glob("*.npz")} == {"search.npz", "search-landsat-reflectance.npz"}
    before = held(out)
    assert run("watch", site, "--images", made / "both", "--no-harmonise", "--out", out, *NOW).code == 0
    assert held(out) == before
    assert run("report", out, *NOW).code == 0
    assert held(out) == before
    page = (out / "report" / "index.html").read_text(encoding="utf-8")
    assert "Found in" in page
    assert "landsat reflectance" in page


def test_both_sensors_are_one_series_also_on_a_second_run_and_in_a_rebuilt_report(
    run: Run, tmp_path: Path, shared: Path
) -> None:
    site, out, images = tmp_path / "world" / "site.geojson", tmp_path / "out", tmp_path / "world" / "images"
    recipe = Recipe(seed=4, size=48, looks=30, years=2.0, permanent=2, temporary=2, recurring=1, distractors=1)
    write(simulate(recipe), tmp_path / "world")
    for path in sorted(images.glob("*.tif"))[2::5]:  # six, too few to be searched alone
        coarsen(path, path.with_name(path.name.replace("S2", "L8")))
        path.unlink()
        path.with_suffix(".json").unlink()
    added = sorted(images.glob("*.tif"), key=lambda path: path.stem.partition("_")[2])[-3:]
    for path in added:
        path.rename(tmp_path / path.name)
    assert run("watch", site, "--images", images, "--out", out, *NOW).code == 0
    whole = json.loads((out / "structures.geojson").read_text())["sitewatch"]["looks"]
    for path in added:
        (tmp_path / path.name).rename(path)
    said = run("watch", site, "--images", images, "--out", out, *NOW)
    assert said.code == 0
    document = json.loads((out / "structures.geojson").read_text())
    schema = json.loads((shared / "contracts" / "structures.schema.json").read_text())
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(document)
    assert document["sitewatch"]["looks"] > whole
    head = document["sitewatch"]["harmonised"]
    families = ["sentinel-2 reflectance", "landsat reflectance"]
    assert head["families"] == families
    assert not head["apart"]
    (how,) = head["adjusted"]
    assert how["looks"] <= 6
    assert np.mean(list(how["gain"].values())) == pytest.approx(1 / GAIN, abs=0.06)
    assert how["shift_m"] < 3
    looks = [f["properties"] for f in json.loads((out / "looks.geojson").read_text())["features"]]
    used = [look for look in looks if look["outcome"] == "used"]
    assert {look["sensor"] for look in used} == {"sentinel-2", "landsat"}
    assert head["looks"] == len(used)
    seen_by = [f["properties"]["sensors"] for f in document["features"]]
    assert families in seen_by
    assert all(set(sensors) <= set(families) for sensors in seen_by)
    told = f"Searched as one series of {len(used)} looks on pixels of 10 m: {', '.join(families)}."
    assert told in " ".join(said.out.split())
    assert document["sitewatch"]["grid_m"] == head["grid_m"] == 10
    assert {p.name for p in out.glob("*.npz")} == {"search.npz"}
    before = held(out)
    assert run("report", out, *NOW).code == 0
    assert held(out) == before
    assert "Searched as one series" in (out / "report" / "index.html").read_text(encoding="utf-8")
