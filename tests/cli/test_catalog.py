"""`watch --catalog` against a server that fails in every way: retried, then said, never lost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ran import Run

from fake_server import Fail, FakeServer
from fake_stac import Api


@pytest.fixture
def server() -> Iterator[FakeServer]:
    fake = FakeServer()
    running = fake.start()
    yield fake
    running.shutdown()
    running.server_close()


@pytest.fixture
def api(server: FakeServer, made_world: Path) -> Api:
    """The small world behind a STAC API; images are served by ranges."""
    api = Api(server)
    for path in sorted((made_world / "images").glob("*.json")):
        item: dict[str, Any] = json.loads(path.read_text())
        name = f"{path.stem}.tif"
        item["assets"]["data"]["href"] = f"{server.url}/images/{name}"
        server.files[f"/images/{name}"] = path.with_suffix(".tif").read_bytes()
        api.items.append({**item, "collection": "things"})
    return api


def watch(api: Api, world: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """In a process of its own: GDAL and a server in one Python process wait for each other."""
    return subprocess.run(
        [
            Path(sys.executable).with_name("sitewatch"),
            "watch",
            world / "site.geojson",
            *("--catalog", api.url, "--collection", "things", "--out", out, "--quiet"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=250,
    )


def looks(out: Path) -> dict[str, dict[str, Any]]:
    document = json.loads((out / "looks.geojson").read_text())
    return {f["properties"]["scene"]: f["properties"] for f in document["features"]}


def test_faults_are_survived_retried_and_said(
    api: Api, server: FakeServer, run: Run, made_world: Path, tmp_path: Path
) -> None:
    scenes = [item["id"] for item in api.items]
    paths = [f"/images/{scene}.tif" for scene in scenes]
    server.fails["/api/search"] = [Fail(500), Fail(429, headers={"Retry-After": "1"}), Fail(half=True)]
    server.fails[paths[0]] = [Fail(503)]
    server.fails[paths[1]] = [Fail(429, headers={"Retry-After": "1"})]
    server.fails[paths[2]] = [Fail(500) for _ in range(500)]  # never recovers
    server.files[paths[3]] = server.files[paths[3]][:5000]  # cut short for good
    del server.files[paths[4]]  # listed, but gone
    first = watch(api, made_world, tmp_path / "out")
    assert first.returncode == 0, first.stderr
    entries = looks(tmp_path / "out")
    assert [entries[scene]["outcome"] for scene in scenes[2:5]] == ["failed"] * 3
    assert all(len(entries[scene]["reason"]) > 20 for scene in scenes[2:5])
    assert {entries[scene]["outcome"] for scene in scenes[:2]} <= {"used", "could not see"}
    assert "3 failed" in first.stdout
    assert "Traceback" not in first.stderr

    # Once the server is well the next run fetches just what was missing, and then answers as the folder does.
    server.fails.clear()
    for i in (3, 4):
        server.files[paths[i]] = (made_world / "images" / f"{scenes[i]}.tif").read_bytes()
    server.log.clear()
    assert watch(api, made_world, tmp_path / "out").returncode == 0
    fetched = {entry[1] for entry in server.log if entry[1].startswith("/images/")}
    assert fetched == set(paths[2:5])
    folder = run("watch", made_world / "site.geojson", "--images", made_world / "images", "--out", tmp_path / "f", "-q")
    assert folder.code == 0
    found, expected = (json.loads((tmp_path / n / "structures.geojson").read_text()) for n in ("out", "f"))
    assert found["features"] == expected["features"]


def test_a_catalog_that_does_not_answer_is_exit_4_with_all_outputs(
    api: Api, server: FakeServer, made_world: Path, tmp_path: Path
) -> None:
    server.fails["/api"] = [Fail(401) for _ in range(50)]
    ran = watch(api, made_world, tmp_path / "out")
    assert ran.returncode == 4
    assert "answered 401" in ran.stderr
    assert looks(tmp_path / "out") == {}
    assert json.loads((tmp_path / "out" / "structures.geojson").read_text())["features"] == []
    assert (tmp_path / "out" / "report" / "index.html").is_file()


def test_a_catalog_that_lists_nothing_is_exit_4(api: Api, made_world: Path, tmp_path: Path) -> None:
    api.items.clear()
    ran = watch(api, made_world, tmp_path / "out")
    assert ran.returncode == 4
    assert "no scene is listed" in ran.stdout


def test_a_catalog_needs_a_collection_or_a_short_name(run: Run, made_world: Path, tmp_path: Path) -> None:
    site = made_world / "site.geojson"
    ran = run("watch", site, "--catalog", "http://127.0.0.1:9/", "--out", tmp_path / "out", "--quiet")
    assert ran.code == 2
    assert "--collection" in ran.err
    ran = run("watch", site, "--catalog", "file:///etc", "--collection", "x", "--out", tmp_path / "out", "--quiet")
    assert ran.code == 2
    bad_bands = ("--catalog", "http://127.0.0.1:9/", "--collection", "x", "--bands", "red")
    assert "--bands" in run("watch", site, *bad_bands, "--out", tmp_path / "out", "--quiet").err
