"""Screenshots without a georeference give what the images that they were made from give."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from pyproj import Transformer
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from fake_screens import Screen, screenshots
from sitewatch.archive import list_folder
from sitewatch.site import read_site
from sitewatch.structures import Bracket, Structure
from sitewatch.watch import Watched, watch

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
ANCHOR = "2018-09-01"
HALL_SHARED = 0.3
"""Least overlap (intersection over union) with the other run's hall."""


@pytest.mark.timeout(1500)  # two whole searches
@pytest.mark.long
def test_forty_screenshots_show_the_hall_that_their_originals_show(shared: Path, tmp_path: Path) -> None:
    data = shared / "data" / "smart-timelapse"
    originals = sorted(path for path in (data / "AE_tif").glob("*.tif") if path.stem != ANCHOR)
    picked = [originals[round(i)] for i in np.linspace(0, len(originals) - 1, 40)]
    anchor = data / "AE_tif" / f"{ANCHOR}.tif"
    frames = {}
    for path in picked:
        with rasterio.open(path) as image:
            frames[path.stem], transform = image.read([1, 2, 3]), image.transform
    screens = screenshots(frames, tmp_path / "pictures", seed=1)
    shutil.copy(anchor, tmp_path / "pictures")
    (tmp_path / "images").mkdir()
    for path in (*picked, anchor):
        shutil.copy(path, tmp_path / "images")

    site = read_site(data / "site.geojson")
    placed, given = (
        watch(site, list_folder(tmp_path / folder), archive=tmp_path / f"{folder}-archive", now=NOW)
        for folder in ("pictures", "images")
    )
    # One of the forty shows nothing but cloud.
    unplaced = {look.scene for look in placed.looks if look.outcome != "used"}
    assert unplaced <= {"2019-02-13", "2019-01-19", "2019-12-05"}
    errors = errors_px(tmp_path / "pictures-archive", screens, transform)
    # The originals themselves lie up to 1.4 px apart, which is part of this.
    assert np.median(errors) < 0.7
    assert errors.max() < 1.6
    # What the cube finds left of shifts between looks, which it measures by itself.
    shifts = [look.shift_m for look in placed.looks if look.shift_m is not None]
    assert np.median(shifts) < 1.0

    hall = hall_of(given, read_truth(data / "truth.geojson"))
    same = max(placed.structures, key=lambda s: overlap(s.footprint, hall.footprint))
    assert overlap(same.footprint, hall.footprint) >= HALL_SHARED
    looks = sorted(look.captured.date() for look in given.looks if look.captured is not None)
    for one, other in zip(brackets(same), brackets(hall), strict=True):
        assert abs(looks.index(one.after.date()) - looks.index(other.after.date())) <= 1
        assert abs(looks.index(one.by.date()) - looks.index(other.by.date())) <= 1


def errors_px(archive: Path, screens: dict[str, Screen], transform: Affine) -> np.ndarray:  # type: ignore[type-arg]
    """How far the placed pictures' corners lie from where their originals have them, at most, pixels of these."""
    found = []
    for path in sorted((archive / ".placed").glob("*.tif")):
        with rasterio.open(path) as placed:
            corners = [(x, y) for x in (0, placed.width) for y in (0, placed.height)]
            there = np.transpose([placed.transform * corner for corner in corners])
            x, y = Transformer.from_crs(placed.crs, "EPSG:32640", always_xy=True).transform(*there)
        true = np.transpose([transform * (screens[path.stem].to_frame * corner) for corner in corners])
        found.append(np.hypot(x - true[0], y - true[1]).max() / transform.a)
    return np.array(found)


def overlap(one: BaseGeometry, other: BaseGeometry) -> float:
    return float(one.intersection(other).area / one.union(other).area)


def read_truth(path: Path) -> BaseGeometry:
    """The hall's footprint as it is known to be."""
    features = json.loads(path.read_text())["features"]
    return shape(next(f for f in features if f["properties"]["kind"] == "permanent")["geometry"])


def hall_of(watched: Watched, truth: BaseGeometry) -> Structure:
    return max(watched.structures, key=lambda structure: overlap(structure.footprint, truth))


def brackets(structure: Structure) -> list[Bracket]:
    return [b for presence in structure.presences for b in (presence.erected, presence.dismantled) if b is not None]
