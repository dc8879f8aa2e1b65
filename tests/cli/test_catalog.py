"""`watch --catalog` against a server that fails in every way: retried, then said, never lost."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ran import LOOKS, MadeRun, Run

from apart import run_apart
from fake_server import Fail, FakeServer
from fake_stac import Api
from sitewatch.cli._values import parse_catalogs


@pytest.fixture
def server() -> Iterator[FakeServer]:
    fake = FakeServer()
    running = fake.start()
    yield fake
    running.shutdown()
    running.server_close()


@pytest.fixture
def other_server() -> Iterator[FakeServer]:
    fake = FakeServer()
    running = fake.start()
    yield fake
    running.shutdown()
    running.server_close()


@pytest.fixture
def api(server: FakeServer, made_world: Path) -> Api:
    """The small world behind a STAC API; images are served by ranges."""
    return serve(server, made_world)


@pytest.fixture
def other(other_server: FakeServer, made_world: Path) -> Api:
    """The same world behind another provider's API, under ids of its own, each scene dated twenty seconds later."""
    api = serve(other_server, made_world)
    for item in api.items:
        taken = dt.datetime.fromisoformat(item["properties"]["datetime"]) + dt.timedelta(seconds=20)
        item["properties"] = {**item["properties"], "datetime": taken.isoformat()}
        item["id"] = f"other-{item['id']}"
    return api


def serve(server: FakeServer, made_world: Path) -> Api:
    api = Api(server)
    for path in sorted((made_world / "images").glob("*.json")):
        item: dict[str, Any] = json.loads(path.read_text())
        name = f"{path.stem}.tif"
        item["assets"]["data"]["href"] = f"{server.url}/images/{name}"
        server.files[f"/images/{name}"] = path.with_suffix(".tif").read_bytes()
        api.items.append({**item, "collection": "things"})
    return api


def watch(api: Api, world: Path, out: Path, *more: object) -> subprocess.CompletedProcess[str]:
    return run_apart(
        *("watch", world / "site.geojson", "--catalog", api.url, "--collection", "things", "--out", out, "--quiet"),
        *more,
    )


def looks(out: Path) -> dict[str, dict[str, Any]]:
    document = json.loads((out / "looks.geojson").read_text())
    return {f["properties"]["scene"]: f["properties"] for f in document["features"]}


def test_faults_are_survived_retried_and_said(
    api: Api, server: FakeServer, made_world: Path, made_run: MadeRun, tmp_path: Path
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
    found, expected = (json.loads((out / "structures.geojson").read_text()) for out in (tmp_path / "out", made_run.out))
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


def called(api: Api) -> str:
    return f"{api.url.removeprefix('http://')} things"


def second(api: Api) -> tuple[str, ...]:
    return ("--catalog", api.url, "--collection", "things")


def test_two_catalogs_are_read_as_one_and_what_one_lacks_comes_from_the_other(
    api: Api, other: Api, made_world: Path, made_run: MadeRun, tmp_path: Path
) -> None:
    server = api.server
    scenes = [item["id"] for item in api.items]
    only_first, only_other, unreadable = scenes[4], scenes[7], scenes[9]
    other.items = [item for item in other.items if item["id"] != f"other-{only_first}"]
    api.items = [item for item in api.items if item["id"] != only_other]
    alone = next(item for item in other.items if item["id"] == f"other-{only_other}")
    taken = dt.datetime.fromisoformat(alone["properties"]["datetime"]) - dt.timedelta(seconds=20)
    alone["properties"]["datetime"] = taken.isoformat()
    del server.files[f"/images/{unreadable}.tif"]
    out = tmp_path / "out"
    ran = watch(api, made_world, out, *second(other))
    assert ran.returncode == 0, ran.stderr
    entries = looks(out)
    assert set(entries) == {*scenes} - {only_other} | {f"other-{only_other}"}
    assert entries[scenes[0]]["listed_by"] == [called(api), called(other)]
    assert entries[only_first]["listed_by"] == [called(api)]
    assert entries[f"other-{only_other}"]["listed_by"] == [called(other)]
    assert entries[unreadable]["outcome"] in ("used", "could not see")
    assert f"read from {called(other)}, since the files of {called(api)} could not be" in entries[unreadable]["reason"]
    said = " ".join(ran.stdout.split())
    assert f"{called(api)} lists 1 scene that {called(other)} does not: {only_first}." in said
    assert f"{called(other)} lists 1 scene that {called(api)} does not: other-{only_other}." in said
    page = (out / "report" / "index.html").read_text(encoding="utf-8")
    assert f"does not: {only_first}." in page
    # Nothing is fetched twice, and only what the first catalog could not give from the other one.
    assert len(other.server.requests(f"/images/{scenes[0]}.tif")) == 0
    assert other.server.requests(f"/images/{unreadable}.tif")
    for log in (server.log, other.server.log):
        log.clear()
    again = json.loads(watch(api, made_world, out, *second(other), "--json").stdout)
    assert not [entry for entry in (*server.log, *other.server.log) if entry[1].startswith("/images/")]
    assert (again["since_last_run"]["added"], again["since_last_run"]["scenes"]) == (0, [])
    assert [(c["name"], c["scenes"]) for c in again["catalogs"]] == [
        (called(api), LOOKS - 1),
        (called(other), LOOKS - 1),
    ]
    assert again["catalogs"][0]["not_listed_by"] == {called(other): [only_first]}
    # Together they list what the folder holds, so they answer as it does.
    found, expected = (json.loads((folder / "structures.geojson").read_text()) for folder in (out, made_run.out))
    assert [f["geometry"] for f in found["features"]] == [f["geometry"] for f in expected["features"]]


def test_one_silent_catalog_is_said_and_the_other_goes_on(
    api: Api, other: Api, server: FakeServer, made_world: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert watch(api, made_world, out, *second(other)).returncode == 0
    server.fails["/api"] = [Fail(401) for _ in range(200)]
    ran = watch(api, made_world, out, *second(other), "--json")
    assert ran.returncode == 0
    assert f"warning: {called(api)} did not answer: " in ran.stderr
    summary = json.loads(ran.stdout)
    assert [c["name"] for c in summary["catalogs"]] == [called(other), called(api)]
    assert "answered 401" in summary["catalogs"][1]["error"]
    # The same acquisitions, read from the other catalog: nothing vanished, and nothing is late.
    assert summary["since_last_run"]["scenes"] == []
    assert "did not answer, so what only it lists is missing" in (out / "report" / "index.html").read_text()
    assert {name.partition("-")[0] for name in looks(out)} == {"other"}
    other.server.fails["/api"] = [Fail(401) for _ in range(200)]
    none = watch(api, made_world, out, *second(other))
    assert none.returncode == 4
    assert none.stderr.count("error: ") == 2
    assert looks(out) == {}
    server.fails.clear()  # the other one is still silent
    back = json.loads(watch(api, made_world, out, *second(other), "--json").stdout)["since_last_run"]
    assert (back["scenes"], back["structures"]) == ([], [])


def test_what_a_catalog_lists_late_anew_or_no_longer_is_told(
    api: Api, server: FakeServer, made_world: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    api.items.sort(key=lambda item: item["properties"]["datetime"])
    late = api.items.pop(20)
    assert watch(api, made_world, out).returncode == 0
    gone, renewed, untouched = api.items[5], api.items[9], api.items[12]
    api.items.remove(gone)
    api.items.append(late)
    for item in (renewed, untouched):
        item["properties"] = {**item["properties"], "updated": "2026-11-25T00:00:00Z"}
    path = f"/images/{renewed['id']}.tif"
    server.files[path] = server.files[f"/images/{untouched['id']}.tif"]
    summary = json.loads(watch(api, made_world, out, "--json").stdout)
    told = {entry["scene"]: entry for entry in summary["since_last_run"]["scenes"]}
    assert {scene: entry["what"] for scene, entry in told.items()} == {
        late["id"]: "late",
        renewed["id"]: "replaced",
        untouched["id"]: "replaced",
        gone["id"]: "vanished",
    }
    assert told[renewed["id"]]["pixels_changed"] is True
    assert told[untouched["id"]]["pixels_changed"] is False
    assert looks(out)[gone["id"]]["reason"].startswith("no longer listed since ")
    assert looks(out)[gone["id"]]["listed_by"] == [called(api)]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ("--catalog", "http://127.0.0.1:9/a", "--catalog", "http://127.0.0.1:9/b", "--collection", "x"),
            "--collection ID",
        ),
        (("--catalog", "earth-search", "--collection", "x", "--collection", "y"), "given 2 times for 1 catalogs"),
        (("--catalog", "earth-search", "--catalog", "earth-search"), "given twice"),
    ],
)
def test_catalogs_and_collections_must_fit(
    options: tuple[str, ...], said: str, run: Run, made_world: Path, tmp_path: Path
) -> None:
    ran = run("watch", made_world / "site.geojson", *options, "--out", tmp_path / "out", "--quiet")
    assert ran.code == 2
    assert said in ran.err


def test_collections_belong_to_catalogs_in_order() -> None:
    def told(catalogs: list[str], collections: list[str]) -> list[tuple[str | None, str]]:
        return [(c.name, c.collection) for c in parse_catalogs(catalogs, collections)]

    assert told(["earth-search"], []) == [("earth-search", "sentinel-2-c1-l2a")]
    assert told(["earth-search"], ["landsat-c2-l2"]) == [("earth-search landsat-c2-l2", "landsat-c2-l2")]
    assert told(["earth-search", "planetary-computer"], []) == [
        ("earth-search", "sentinel-2-c1-l2a"),
        ("planetary-computer", "sentinel-2-l2a"),
    ]
    assert told(["earth-search", "https://x/", "planetary-computer"], ["mine"])[1] == (None, "mine")
    assert told(["https://x/", "https://x/"], ["a", "b"]) == [(None, "a"), (None, "b")]
    assert told(["earth-search", "earth-search"], ["sentinel-2-l2a", "landsat-c2-l2"])[0][1] == "sentinel-2-l2a"
