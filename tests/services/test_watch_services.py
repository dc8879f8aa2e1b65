"""The whole command against a real STAC API: the same answers as from a folder, and nothing fetched twice."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely.geometry import mapping

from sitewatch.archive import fetch, search_catalog
from sitewatch.simulate import Recipe, simulate, write
from sitewatch.site import read_site

pytestmark = pytest.mark.services

SINCE, UNTIL = dt.datetime(2018, 1, 1, tzinfo=dt.UTC), dt.datetime(2021, 1, 1, tzinfo=dt.UTC)
Catalog = Callable[[str, Sequence[Mapping[str, Any]], Path], str]


def watch(site: Path, out: Path, *where: object) -> str:
    """Run `sitewatch watch` as a user does, in a process of its own."""
    done = subprocess.run(
        [Path(sys.executable).with_name("sitewatch"), "watch", site, *where, "--out", out, "--quiet"],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def structures(out: Path) -> list[dict[str, Any]]:
    return json.loads((out / "structures.geojson").read_text())["features"]


def outcomes(out: Path) -> list[tuple[str, str, float]]:
    features = json.loads((out / "looks.geojson").read_text())["features"]
    return [(p["scene"], p["outcome"], p["clear_share"]) for p in (f["properties"] for f in features)]


@pytest.mark.long
def test_simulated_scenes_from_a_real_catalog_give_what_the_folder_gives(
    catalog: Catalog, web: Any, tmp_path: Path
) -> None:
    world = tmp_path / "world"
    write(simulate(Recipe(seed=3, size=64, looks=36, years=2.0, permanent=4, temporary=4)), world)
    site, images = world / "site.geojson", world / "images"
    items = [json.loads(path.read_text()) for path in sorted(images.glob("*.json"))]
    url = catalog("simulated-world", items, images)
    watch(site, tmp_path / "folder", "--images", images)
    where = ("--catalog", url, "--collection", "simulated-world", "--since", "2020-01-01")
    web.forget()
    watch(site, tmp_path / "catalog", *where)
    assert {status for _, _, status, _ in web.requests()} <= {200, 206}
    assert web.requests()
    assert len(structures(tmp_path / "folder")) >= 4
    assert outcomes(tmp_path / "catalog") == outcomes(tmp_path / "folder")
    assert structures(tmp_path / "catalog") == structures(tmp_path / "folder")
    web.forget()
    watch(site, tmp_path / "catalog", *where)
    assert web.requests() == []
    assert structures(tmp_path / "catalog") == structures(tmp_path / "folder")


@pytest.mark.long
def test_the_real_series_from_a_real_catalog_gives_what_the_folder_gives(
    catalog: Catalog, web: Any, tmp_path: Path, shared: Path, watched_series: Path
) -> None:
    folder = shared / "data" / "smart-timelapse"
    outline = read_site(folder / "site.geojson").outline
    items = [
        {
            "type": "Feature",
            "stac_version": "1.1.0",
            "id": path.stem,
            "geometry": mapping(shapely.box(*outline.bounds)),
            "bbox": list(outline.bounds),
            # Only the day is known, as in the folder: STAC says so by the day's first and last second.
            "properties": {
                "datetime": None,
                "start_datetime": f"{path.stem}T00:00:00Z",
                "end_datetime": f"{path.stem}T23:59:59Z",
            },
            "links": [],
            "assets": {
                "picture": {
                    "href": path.name,
                    "type": "image/tiff; application=geotiff",
                    "bands": [{"name": name} for name in ("red", "green", "blue", "valid")],
                }
            },
        }
        for path in sorted((folder / "AE_tif").glob("*.tif"))
    ]
    url = catalog("timelapse", items, folder / "AE_tif")
    site = folder / "site.geojson"
    where = ("--catalog", url, "--collection", "timelapse", "--since", "2018-01-01", "--until", "2020-12-31")
    watch(site, tmp_path / "catalog", *where)
    assert structures(tmp_path / "catalog") == structures(watched_series)
    assert outcomes(tmp_path / "catalog") == outcomes(watched_series)
    web.forget()
    # The whole command twice is tested above; of this long series the archive alone.
    listing = search_catalog(url, "timelapse", read_site(site), since=SINCE, until=UNTIL)
    fetched = fetch(listing, read_site(site), tmp_path / "catalog" / "archive", now=UNTIL)
    assert (len(fetched.chips), fetched.new) == (len(items), 0)
    assert web.requests() == []
