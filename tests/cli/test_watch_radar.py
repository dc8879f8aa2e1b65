"""A folder of real radar bursts: nothing is claimed of stable land, a block that stood for a while is."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import jsonschema
import pytest
import rasterio
from pyproj import Transformer
from ran import Run
from shapely.geometry import Point, Polygon, box, mapping, shape

BURST = "T137-292319-IW2"
NOW = ("--quiet", "--now", "2026-01-01T00:00:00Z")
BLOCK = (slice(40, 45), slice(52, 57))
"""Rows and columns of what is added."""


@pytest.fixture
def images(shared: Path, tmp_path: Path) -> Path:
    """One crop's files as they come, in one folder."""
    source = shared / "data" / "s1-opera"
    if not source.is_dir():
        pytest.skip(f"no real radar at {source}")
    folder = tmp_path / "images"
    folder.mkdir()
    for path in source.glob(f"*/*{BURST}*.tif"):
        shutil.copyfile(path, folder / path.name)
    return folder


@pytest.fixture
def site(images: Path, tmp_path: Path) -> Path:
    with rasterio.open(next(images.glob("*.tif"))) as dataset:
        bounds, crs = dataset.bounds, dataset.crs
    to = Transformer.from_crs(crs, 4326, always_xy=True)
    outline = Polygon([to.transform(x, y) for x, y in box(*bounds).buffer(-300, join_style="mitre").exterior.coords])
    path = tmp_path / "land.geojson"
    path.write_text(
        json.dumps({"type": "Feature", "id": "land", "properties": {"name": "Land"}, "geometry": mapping(outline)})
    )
    return path


def moment(path: Path) -> str:
    """When a burst was taken, as its name tells."""
    return f"{dt.datetime.fromisoformat(path.name.split('_')[4]):%Y-%m-%dT%H:%M:%SZ}"


def document(out: Path) -> dict:
    return json.loads((out / "structures.geojson").read_text())


def claims(out: Path) -> list[dict]:
    return [f for f in document(out)["features"] if f["properties"]["kind"] == "structure"]


def test_stable_land_is_watched_and_nothing_is_claimed(run: Run, images: Path, site: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("watch", site, "--images", images, "--out", out, *NOW).code == 0
    assert claims(out) == []
    assert document(out)["sitewatch"]["looks"] == 21
    assert "Nothing changed" in (out / "report" / "index.html").read_text(encoding="utf-8")


def test_a_block_that_stood_for_seven_looks_is_told_with_its_brackets(
    run: Run, images: Path, site: Path, tmp_path: Path, shared: Path
) -> None:
    stood = sorted(images.glob("*_VV.tif"))[8:15]
    for path in stood:
        for band, decibels in (("VV", 6), ("VH", 3)):
            with rasterio.open(path.with_name(path.name.replace("_VV", f"_{band}")), "r+") as dataset:
                power = dataset.read(1)
                power[BLOCK] *= 10 ** (decibels / 10)
                dataset.write(power, 1)
                place = dataset.transform * (54.5, 42.5)
                crs = dataset.crs
    out = tmp_path / "out"
    assert run("watch", site, "--images", images, "--out", out, *NOW).code == 0
    schema = json.loads((shared / "contracts" / "structures.schema.json").read_text())
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(document(out))
    (feature,) = claims(out)
    told = feature["properties"]
    assert told["sensors"] == ["sentinel-1 backscatter, relative orbit 137"]
    (presence,) = told["presences"]
    first, gone = (moment(path) for path in (stood[0], sorted(images.glob("*_VV.tif"))[15]))
    assert presence["erected"]["after"] < first <= presence["erected"]["by"]
    assert presence["dismantled"]["after"] < gone <= presence["dismantled"]["by"]
    lon, lat = Transformer.from_crs(crs, 4326, always_xy=True).transform(*place)
    assert shape(feature["geometry"]).contains(Point(lon, lat))
    assert told["area_m2"] == pytest.approx(25 * 900, rel=0.3)
    page = out / "report" / "index.html"
    assert "Backscatter, dB" in page.read_text(encoding="utf-8")
    assert "Its probabilities are not calibrated" in page.read_text(encoding="utf-8")
    assert "calibrated on simulated places" not in page.read_text(encoding="utf-8")
    before = page.read_bytes()
    assert run("report", out, *NOW).code == 0
    assert page.read_bytes() == before
