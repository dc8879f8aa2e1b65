"""Planet's scenes by the command line: the real SDK against a server of ours that speaks as Planet does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from pyproj import Transformer
from ran import Ran, Run
from rasterio.io import MemoryFile

import sitewatch
from fake_planet import KEY, FakePlanet, planetscope
from sitewatch.archive import list_folder
from sitewatch.cli import _planet as commands

pytest.importorskip("planet", reason="Planet's SDK is not installed: make .venv/dev.stamp")

WEST, NORTH, SIDE = 500_000.0, 3_000_000.0, 900.0  # metres, UTM zone 40N
PIXEL = 3.0
ORDERS = "POST /compute/ops/orders/v2"
TO_DEGREES = Transformer.from_crs("EPSG:32640", "EPSG:4326", always_xy=True).transform


def ring(inset: float) -> list[tuple[float, float]]:
    low, high = inset, SIDE - inset
    corners = ((low, low), (high, low), (high, high), (low, high), (low, low))
    return [TO_DEGREES(WEST + x, NORTH - y) for x, y in corners]


def item(day: int, *, bands: int = 8, **properties: Any) -> dict[str, Any]:
    """A PSScene as the Data API lists it."""
    assets = ["ortho_analytic_4b_sr", "ortho_udm2", *(["ortho_analytic_8b_sr"] if bands == 8 else [])]
    told = {
        "acquired": f"2024-03-{day:02}T06:10:11.123456Z",
        "published": f"2024-03-{day:02}T12:00:00Z",
        "updated": f"2024-03-{day:02}T18:00:00Z",
        "satellite_id": "2428" if bands == 8 else "1035",
        "instrument": "PSB.SD" if bands == 8 else "PS2",
        "cloud_cover": 0.1,
        "clear_percent": 88,
        "pixel_resolution": 3,
        "gsd": 3.9,
        "quality_category": "standard",
    }
    geometry = {"type": "Polygon", "coordinates": [ring(-2000)]}
    return {
        "type": "Feature",
        "id": f"202403{day:02}_061011_12_{told['satellite_id']}",
        "geometry": geometry,
        "properties": {**told, **properties},
        "assets": assets,
    }


def tiff(values: np.ndarray[Any, Any]) -> bytes:
    profile = {
        "driver": "GTiff",
        "count": len(values),
        "height": values.shape[1],
        "width": values.shape[2],
        "dtype": values.dtype,
        "crs": "EPSG:32640",
        "transform": Affine(PIXEL, 0, WEST, 0, -PIXEL, NORTH),
        "tiled": True,
        "blockxsize": 64,
        "blockysize": 64,
        "compress": "deflate",
    }
    with MemoryFile() as memory:
        with memory.open(**profile) as dataset:
            dataset.write(values)
        return bytes(memory.read())


def files_of(request: dict[str, Any]) -> dict[str, bytes]:
    """What Planet delivers for an order: images, their masks of eight bands, and a text beside them."""
    size = int(SIDE / PIXEL)
    ground = np.random.default_rng(1).uniform(500, 3000, (size, size))
    found = {}
    for product in request["products"]:
        bands, label = (8, "SR_8b") if product["product_bundle"] == "analytic_8b_sr_udm2" else (4, "SR")
        for identifier in product["item_ids"]:
            noise = np.random.default_rng(int(identifier[:8])).normal(0, 20, (bands, size, size))
            mask = np.zeros((8, size, size), np.uint8)
            mask[0] = 1
            if identifier.startswith("20240302"):
                mask[:, : size // 2] = [[[0]], [[0]], [[0]], [[0]], [[0]], [[1]], [[90]], [[2]]]
            stem = f"PSScene/{identifier}_3B"
            image = tiff((ground + noise).clip(1, 9999).astype(np.uint16))
            found[f"{stem}_AnalyticMS_{label}_harmonized_clip_file_format.tif"] = image
            found[f"{stem}_udm2_clip_file_format.tif"] = tiff(mask)
            found[f"PSScene/{identifier}_metadata.json"] = b"{}"
    return found


@pytest.fixture
def planet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakePlanet]:
    fake = FakePlanet(items=[item(day) for day in (3, 1, 2)], make=files_of)
    server = fake.start()
    home = tmp_path / "home"
    home.mkdir()
    for name in [name for name in os.environ if name.startswith("PL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PL_API_KEY", KEY)
    monkeypatch.setattr(commands, "_POLL_S", 0.01)
    monkeypatch.setattr("planet.http.RATE_LIMIT", 0)  # the SDK's ten requests a second are for Planet's sake
    yield fake
    server.shutdown()
    server.server_close()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "yard.geojson"
    geometry = {"type": "Polygon", "coordinates": [ring(300)]}
    path.write_text(json.dumps({"type": "Feature", "id": "yard", "properties": {}, "geometry": geometry}))
    return path


@pytest.fixture
def call(run: Run, planet: FakePlanet, site: Path, tmp_path: Path) -> Callable[..., Ran]:
    """A command on the site, whose output and files never hold the key or a download's token."""

    def make(command: str, *arguments: object) -> Ran:
        ran = run("planet", command, site, "--api", planet.url, *arguments)
        written = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()).decode("latin-1")
        for secret in (KEY, *planet.files):
            assert secret not in ran.out + ran.err + written
        return ran

    return make


@pytest.fixture
def order(call: Callable[..., Ran], tmp_path: Path) -> Callable[..., Ran]:
    return lambda *options: call("order", "--since", "2024-03-01", "--out", tmp_path / "planet", "--yes", *options)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting between tries."""
    monkeypatch.setattr("planet.http.Session._calculate_wait", lambda *_: 0.01)
    monkeypatch.setattr("sitewatch.archive._planet._orders._LISTED_AFTER_S", (0.01, 0.01))


def test_search_tells_scenes_and_what_they_would_cost(planet: FakePlanet, call: Callable[..., Ran]) -> None:
    planet.items += [item(4, bands=4, clear_percent=None), {"id": "../../x"}, "nonsense", item(5, acquired="soon")]
    ran = call("search", "--since", "2024-03-01", "--until", "2024-03-31", "--json")
    assert ran.code == 0
    told = json.loads(ran.out)
    assert [scene["id"][:8] for scene in told["scenes"]] == ["20240301", "20240302", "20240303", "20240304"]
    first, last = told["scenes"][0], told["scenes"][-1]
    assert first == {
        "id": "20240301_061011_12_2428",
        "captured": "2024-03-01T06:10:11.123456Z",
        "published": "2024-03-01T12:00:00Z",
        "updated": "2024-03-01T18:00:00Z",
        "satellite": "2428",
        "instrument": "PSB.SD",
        "clear_share": 0.88,
        "pixel_m": 3.0,
        "coverage": 1.0,
        "bands": [8, 4],
        "quota_km2": first["quota_km2"],
    }
    assert last["bands"] == [4]
    assert last["clear_share"] == pytest.approx(0.9)
    # The outline is 300 m wide, its margin 200 m: 700 m, and a little more as the box lies along the meridians.
    assert first["quota_km2"] == pytest.approx(0.49, rel=0.02)
    assert told["charged_km2"] == pytest.approx(4 * told["clip_km2"], abs=1e-3)
    assert told["quota_left_km2"] == 900
    assert len(told["left_out"]) == 3
    [asked] = planet.searches
    kinds = {part["type"]: part for part in asked["filter"]["config"]}
    assert kinds["RangeFilter"] == {"type": "RangeFilter", "field_name": "cloud_cover", "config": {"lte": 0.3}}
    assert kinds["DateRangeFilter"]["config"]["lte"] == "2024-03-31T23:59:59+00:00"
    assert asked["item_types"] == ["PSScene"]
    assert planet.asked(ORDERS) == 0


def test_search_prints_a_table(call: Callable[..., Ran]) -> None:
    ran = call("search", "--min-km2", "100")
    assert ran.code == 0
    assert "88%" in ran.out
    assert "quota: 300.00 km2 (3 x 100.00 km2)" in ran.out
    assert "Quota left: 900.00 km2 (PlanetScope Archive)." in ran.out


def test_an_order_is_placed_waited_for_and_laid_out(
    planet: FakePlanet, order: Callable[..., Ran], tmp_path: Path
) -> None:
    planet.items.append(item(4))
    ran = order()
    assert ran.code == 0, ran.err
    assert ran.last == str(tmp_path / "planet")
    assert "4 scenes, 0.49 km2 cut out of each." in ran.out
    assert "Charged against the quota: 1.96 km2 (4 x 0.49 km2)." in ran.out
    [asked] = planet.requests
    assert asked["order_type"] == "partial"
    assert [next(iter(tool)) for tool in asked["tools"]] == ["harmonize", "clip", "file_format"]
    assert asked["tools"][0]["harmonize"] == {"target_sensor": "Sentinel-2"}
    assert asked["tools"][2]["file_format"] == {"format": "COG"}
    clip = shapely.geometry.shape(asked["tools"][1]["clip"]["aoi"])
    assert clip.contains(shapely.Polygon(ring(105)))
    assert shapely.Polygon(ring(90)).contains(clip)
    assert [(p["product_bundle"], len(p["item_ids"])) for p in asked["products"]] == [("analytic_8b_sr_udm2", 4)]
    listing = list_folder(tmp_path / "planet")
    assert not listing.faulty
    scene = listing.scenes[0]
    assert [s.sensor for s in listing.scenes] == ["planetscope"] * 4
    assert scene.captured.isoformat() == "2024-03-01T06:10:11.123456+00:00"
    assert scene.published is not None
    assert scene.published.isoformat() == "2024-03-01T12:00:00+00:00"
    assert scene.platform == "planetscope-2428"
    assert scene.credit == "© 2024 Planet Labs PBC"
    names = ["coastal", "blue", "green05", "green", "yellow", "red", "rededge1", "nir", "udm2"]
    assert [band.name for band in scene.bands] == names
    assert {(b.scale, b.nodata) for b in scene.bands if not b.is_mask} == {(1e-4, 0.0)}
    with rasterio.open(tmp_path / "planet" / f"{listing.scenes[1].id}_udm2.tif") as mask:
        assert mask.count == 1
        assert mask.read(1).mean() == pytest.approx(0.5)


def test_all_scenes_of_a_folder_have_the_same_bands(
    planet: FakePlanet, call: Callable[..., Ran], order: Callable[..., Ran], tmp_path: Path
) -> None:
    planet.items.append(item(4, bands=4))
    assert order().code == 0
    assert planet.requests[0]["products"][0]["product_bundle"] == "analytic_sr_udm2"
    listing = list_folder(tmp_path / "planet")
    assert {tuple(b.name for b in s.bands) for s in listing.scenes} == {("blue", "green", "red", "nir", "udm2")}
    assert len(listing.scenes) == 4
    ran = order("--bands", "8")
    assert ran.code == 2
    assert "--bands is 8, but the images in" in ran.err
    ran = call("order", "--since", "2024-03-01", "--out", tmp_path / "eight", "--yes", "--bands", "8")
    assert ran.code == 0
    assert "1 scene cannot be had in 8 bands; order with --bands 4 into another folder" in ran.err
    assert {len(s.bands) for s in list_folder(tmp_path / "eight").scenes} == {9}


def test_running_it_again_orders_and_fetches_nothing_twice(
    planet: FakePlanet, order: Callable[..., Ran], tmp_path: Path
) -> None:
    order()
    downloads = planet.asked("GET /compute/ops/download")
    ran = order()
    assert ran.code == 0
    assert "No scene to order; 3 are here already." in ran.out
    assert (planet.asked(ORDERS), planet.asked("GET /compute/ops/download")) == (1, downloads)
    # A new scene is ordered alone.
    planet.items.append(item(9))
    ran = order()
    assert ran.code == 0
    assert "1 scene (3 more are here already)" in ran.out
    assert "1 scene came." in ran.out
    assert planet.requests[1]["products"][0]["item_ids"] == ["20240309_061011_12_2428"]
    assert len(list_folder(tmp_path / "planet").scenes) == 4


def test_what_was_removed_comes_again_only_when_asked(
    planet: FakePlanet, order: Callable[..., Ran], tmp_path: Path
) -> None:
    order()
    downloads = planet.asked("GET /compute/ops/download")
    (tmp_path / "planet" / "20240301_061011_12_2428.tif").unlink()
    assert order().code == 0
    assert planet.asked("GET /compute/ops/download") == downloads
    ran = order("--again")
    assert ran.code == 0
    assert "1 scene came." in ran.out
    assert planet.asked(ORDERS) == 1
    assert len(list_folder(tmp_path / "planet").scenes) == 3


def test_a_folder_that_was_lost_finds_its_order_by_name(
    planet: FakePlanet, call: Callable[..., Ran], order: Callable[..., Ran], tmp_path: Path
) -> None:
    order()
    ran = call("order", "--since", "2024-03-01", "--out", tmp_path / "elsewhere", "--yes")
    assert ran.code == 0
    assert "had been placed before; it was not placed again" in ran.out
    assert planet.asked(ORDERS) == 1
    assert len(list_folder(tmp_path / "elsewhere").scenes) == 3


def killed(planet: FakePlanet, site: Path, out: Path, where: str) -> int:
    """The command in a process of its own, which ends without a word where it is told."""
    script = f"""
import os, sys
from sitewatch.archive._planet import _link, _orders
from sitewatch.cli import _planet as commands, main
commands._POLL_S = 0.01
made = {where}
def end(*given, **named):
    made(*given, **named)
    os._exit(9)
{where} = end
sys.argv = ["sitewatch", "planet", "order", {str(site)!r}, "--api", {planet.url!r}, "--since", "2024-03-01",
    "--out", {str(out)!r}, "--yes"]
main()
"""
    env = {**os.environ, "PYTHONPATH": str(Path(sitewatch.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, timeout=120, check=False)
    return done.returncode


@pytest.mark.parametrize("unlisted", [0, 1])
@pytest.mark.usefixtures("quick")
def test_killed_between_order_and_its_id_it_is_not_placed_twice(
    planet: FakePlanet, order: Callable[..., Ran], site: Path, tmp_path: Path, unlisted: int
) -> None:
    out = tmp_path / "planet"
    assert killed(planet, site, out, "_link.PlanetLink.create") == 9
    assert len(planet.orders) == 1
    [noted] = json.loads((out / "planet-orders.json").read_text())["orders"]
    assert (noted["order_id"], noted["state"]) == (None, "placing")
    planet.unlisted = unlisted  # the list of orders may come late
    ran = order()
    assert ran.code == 0, ran.err
    assert "going on with sitewatch-yard-" in ran.err
    assert len(planet.orders) == 1
    assert len(list_folder(out).scenes) == 3


def test_killed_while_it_downloads_it_goes_on(
    planet: FakePlanet, order: Callable[..., Ran], site: Path, tmp_path: Path
) -> None:
    out = tmp_path / "planet"
    assert killed(planet, site, out, "_orders.bring_scene") == 9
    assert planet.asked("GET /compute/ops/download") == 3  # manifest, image, mask
    first = (out / "20240301_061011_12_2428.tif").stat().st_mtime_ns
    assert order().code == 0
    # The kill came before the scene was noted: its image is known by Planet's digest, only its small mask comes again.
    assert (out / "20240301_061011_12_2428.tif").stat().st_mtime_ns == first
    assert planet.asked("GET /compute/ops/download") == 3 + 1 + 1 + 2 * 2
    assert len(planet.orders) == 1


@pytest.mark.usefixtures("quick")
def test_an_answer_that_is_lost_is_looked_for_and_not_asked_for_again(
    planet: FakePlanet, order: Callable[..., Ran]
) -> None:
    planet.lose = 1
    ran = order()
    assert ran.code == 0, ran.err
    assert planet.asked(ORDERS) == len(planet.orders) == 1


@pytest.mark.usefixtures("quick")
def test_an_order_that_may_have_been_placed_is_said_so(planet: FakePlanet, order: Callable[..., Ran]) -> None:
    planet.fails[ORDERS] = [(502, b"<html>bad gateway</html>")]
    ran = order()
    assert ran.code == 4
    assert "Whether the order was placed is not known" in ran.err
    assert planet.asked(ORDERS) == 1
    assert order().code == 0
    assert len(planet.orders) == 1


def test_no_order_above_what_is_allowed_or_left(planet: FakePlanet, order: Callable[..., Ran], tmp_path: Path) -> None:
    ran = order("--max-km2", "1")
    assert ran.code == 2
    assert "may be charged 1.47 km2, more than --max-km2 1" in ran.err
    planet.products = [planetscope(total=1000, used=999)]
    ran = order()
    assert ran.code == 2
    assert "more than the 1.00 km2 that are left" in ran.err
    assert not (tmp_path / "planet").exists()
    assert planet.asked(ORDERS) == 0
    assert order("--charged-once").code == 0


@pytest.mark.parametrize(
    ("products", "told"),
    [
        ([], "unknown: Planet's quota service lists no quota of PlanetScope in km2"),
        (None, "unknown: Planet's quota: the answer is not understood"),
        ([{"title": "PlanetScope", "quota_total": "many"}, 7], "unknown"),
        ([planetscope(total=5, used=1, units="hectares")], "unknown"),
        ([{**planetscope(total=0, used=0), "unlimited_quota": True}], "without limit (PlanetScope Archive)"),
    ],
)
def test_a_quota_that_is_not_known_is_called_so(
    planet: FakePlanet, call: Callable[..., Ran], products: Any, told: str
) -> None:
    planet.products = products
    ran = call("search")
    assert ran.code == 0
    assert f"Quota left: {told}" in ran.out


def test_nobody_is_charged_without_a_yes(
    planet: FakePlanet, call: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = ("order", "--since", "2024-03-01", "--out", tmp_path / "planet")
    ran = call(*given)
    assert ran.code == 2
    assert "there is no terminal to ask at; give --yes" in ran.err
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    for answer, code, placed in (("n\n", 2, 0), ("y\n", 0, 1)):
        monkeypatch.setattr("typer.confirm", lambda *_, said=answer, **__: said == "y\n")
        assert call(*given).code == code
        assert planet.asked(ORDERS) == placed


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_an_order_that_failed_is_told_and_placed_anew_only_when_asked(
    planet: FakePlanet, order: Callable[..., Ran], state: str
) -> None:
    planet.states = ["queued", state]
    ran = order()
    assert ran.code == 1
    assert ("failed (the tool clip could not be run)" if state == "failed" else "was cancelled") in ran.err
    assert "No scene to order" in order().out
    planet.states = ["success"]
    ran = order("--again")
    assert ran.code == 0, ran.err
    assert [o["name"].rpartition("-")[2] for o in planet.orders][1] == "2"


def test_a_failed_order_of_a_lost_folder_is_not_taken_for_a_new_one(
    planet: FakePlanet, call: Callable[..., Ran], order: Callable[..., Ran], tmp_path: Path
) -> None:
    planet.states = ["failed"]
    order()
    given = ("order", "--since", "2024-03-01", "--out", tmp_path / "other", "--yes")
    assert call(*given).code == 1
    assert len(planet.orders) == 1
    planet.states = ["success"]
    assert call(*given, "--again").code == 0
    assert len(planet.orders) == 2


def test_a_refusal_leaves_nothing_agreed(planet: FakePlanet, order: Callable[..., Ran]) -> None:
    planet.fails[ORDERS] = [(403, b'{"general": [{"message": "Quota exceeded for key ' + KEY.encode() + b'"}]}')]
    ran = order()
    assert ran.code == 1
    assert "Planet refused (403 Quota exceeded for key ***); the quota does not suffice, nothing was ordered" in ran.err
    assert order().code == 0


def test_caps_of_the_workspace_refuse_and_what_is_ordered_is_entered(
    planet: FakePlanet, order: Callable[..., Ran], run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITEWATCH_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setenv("SITEWATCH_READER", "ann")
    assert run("init").code == 0

    def spent() -> list[tuple[float, str, str]]:
        told = json.loads(run("cost", "list", "--json").out)
        return [(round(one["amount"], 6), one["unit"], one["what"]) for one in told["costs"]]

    run("cost", "cap", "2scenes")
    refused = order()
    assert refused.code == 2
    assert "this takes 3 scenes, and 2 of the 2 scenes that are the cap of the workspace are left" in refused.err
    assert not planet.orders
    assert spent() == []
    run("cost", "cap", "5scenes")
    planet.fails[ORDERS] = [(403, b'{"general": [{"message": "Quota exceeded"}]}')]
    assert order().code == 1
    assert sum(amount for amount, unit, _ in spent() if unit == "scenes") == 0
    assert spent()[-1][2] == "PlanetScope, 3 scenes: not placed, yard"
    planet.states = ["running"]
    assert order("--wait", "0").code == 1  # placed, and not ready yet
    assert sum(amount for amount, unit, _ in spent() if unit == "scenes") == 3
    planet.orders[0]["states"] = ["success"]
    assert order().code == 0
    assert sum(amount for amount, unit, _ in spent() if unit == "scenes") == 3
    assert sum(amount for amount, unit, _ in spent() if unit == "km2") > 0


def test_an_order_that_takes_long_is_gone_on_with(planet: FakePlanet, order: Callable[..., Ran]) -> None:
    planet.states = ["running"]
    ran = order("--wait", "0")
    assert ran.code == 1
    assert "is still running" in ran.err
    planet.orders[0]["states"] = ["success"]
    assert order().code == 0
    assert len(planet.orders) == 1


def test_what_is_not_delivered_is_told_and_ordered_anew_only_when_asked(
    planet: FakePlanet, order: Callable[..., Ran]
) -> None:
    planet.states = ["partial"]
    planet.make = lambda request: {k: v for k, v in files_of(request).items() if "20240302" not in k}
    ran = order()
    assert ran.code == 0
    assert "20240302_061011_12_2428 is not delivered: Planet did not deliver it" in ran.err
    assert "No scene to order" in order().out
    planet.make = files_of
    assert order("--again").code == 0
    assert planet.requests[1]["products"][0]["item_ids"] == ["20240302_061011_12_2428"]


@pytest.mark.parametrize("name", ["../../evil_3B_udm2.tif", "/etc/evil.tif", "..\\evil.tif", "a/../../../x", "\0"])
def test_names_of_files_lead_nowhere(planet: FakePlanet, order: Callable[..., Ran], tmp_path: Path, name: str) -> None:
    def make(request: dict[str, Any]) -> dict[str, bytes]:
        return {**files_of(request), name: b"evil", f"../../{next(iter(files_of(request)))[8:]}": b"evil"}

    planet.make = make
    before = {p for p in tmp_path.rglob("*") if tmp_path / "planet" not in p.parents}
    assert order().code == 0
    after = {p for p in tmp_path.rglob("*") if tmp_path / "planet" not in p.parents}
    assert after - before == {tmp_path / "planet"}
    assert {p.suffix for p in (tmp_path / "planet").iterdir()} == {".tif", ".json", ""}


def test_files_that_are_not_what_was_ordered_are_not_kept(
    planet: FakePlanet, order: Callable[..., Ran], tmp_path: Path
) -> None:
    def make(request: dict[str, Any]) -> dict[str, bytes]:
        files = files_of(request)
        for name in list(files):
            if "20240301" in name and "_SR_" in name:
                files[name] = b"II*\0no image"
            if "20240302" in name and "_SR_" in name:
                files[name] = tiff(np.ones((3, 64, 64), np.uint16))
            if "20240303" in name and "udm2" in name:
                files[name] = b"x" * 40_000_000  # larger than a mask of this place can be
        return files

    planet.make = make
    ran = order()
    assert ran.code == 1
    assert "20240302_061011_12_2428 is not usable: has 3 bands of uint16, not 8 of uint16" in ran.err
    assert "20240303_061011_12_2428 is not usable: is larger than it can be" in ran.err
    assert sorted(p.name for p in (tmp_path / "planet").glob("[!.]*")) == ["planet-orders.json"]
    assert not list((tmp_path / "planet").glob(".*.partial"))
    # They may come right from the same order; if not, they can be ordered anew.
    planet.make = files_of
    assert order().code == 1
    assert len(planet.orders) == 1
    assert order("--again").code == 0
    assert len(planet.orders) == 2
    assert len(list_folder(tmp_path / "planet").scenes) == 3
    assert "No scene to order" in order().out


def test_a_checksum_that_does_not_fit_is_tried_once_more(
    planet: FakePlanet, order: Callable[..., Ran], tmp_path: Path
) -> None:
    def place(request: dict[str, Any]) -> dict[str, Any]:
        placed = FakePlanet.place(planet, request)
        spoilt = next(r for r in placed["results"] if "20240302" in r["name"] and "_SR_" in r["name"])
        planet.files[spoilt["location"].partition("token=")[2]] += b"\0"
        return placed

    planet.place = place  # type: ignore[method-assign]
    ran = order()
    assert ran.code == 0
    assert "20240302_061011_12_2428 is not usable: does not have the checksum" in ran.err
    assert len(list_folder(tmp_path / "planet").scenes) == 2


@pytest.mark.usefixtures("quick")
def test_a_manifest_that_is_not_understood_and_a_server_that_is_busy(
    planet: FakePlanet, order: Callable[..., Ran], tmp_path: Path
) -> None:
    planet.fails["GET /compute/ops/download/"] = [(200, b"{}"), (503, b"busy")]
    ran = order()
    assert ran.code == 0
    assert "3 scenes came without a checksum of Planet's to compare" in ran.err
    assert len(list_folder(tmp_path / "planet").scenes) == 3


def test_images_of_other_names_do_not_pass_for_not_delivered(planet: FakePlanet, order: Callable[..., Ran]) -> None:
    planet.make = lambda request: {name.replace("_3B_", "_4X_"): told for name, told in files_of(request).items()}
    for options in ((), ("--again",)):
        ran = order(*options)
        assert ran.code == 1
        assert f"they can be had with: planet orders download {planet.orders[0]['id']}" in ran.err
    assert len(planet.orders) == 1


def test_more_scenes_than_an_order_may_have_are_several_orders(
    planet: FakePlanet, order: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sitewatch.archive._planet._orders._MAX_PER_ORDER", 2)
    assert order("--max-km2", "1.5").code == 0
    assert [len(request["products"][0]["item_ids"]) for request in planet.requests] == [2, 1]
    assert len({o["name"] for o in planet.orders}) == 2
    assert len(list_folder(tmp_path / "planet").scenes) == 3
    assert "No scene to order" in order().out


def test_without_a_manifest_it_is_said_that_nothing_was_compared(planet: FakePlanet, order: Callable[..., Ran]) -> None:
    planet.manifest = False
    ran = order()
    assert ran.code == 0
    assert "3 scenes came without a checksum of Planet's to compare" in ran.err


@pytest.mark.parametrize(
    "spoil",
    [
        lambda order: [],
        lambda order: {**order, "id": "../../../etc"},
        lambda order: {**order, "state": "lost"},
        lambda order: {**order, "_links": {"results": {"a": 1}}} if order["state"] == "success" else order,
    ],
)
@pytest.mark.usefixtures("quick")
def test_answers_that_no_order_has_end_it_with_a_sentence(
    planet: FakePlanet, order: Callable[..., Ran], spoil: Callable[[dict[str, Any]], Any]
) -> None:
    planet.spoil = spoil
    ran = order()
    assert ran.code == 4
    assert ran.err.count("error:") == 1


def test_downloads_are_redirected_without_the_credentials(
    planet: FakePlanet, order: Callable[..., Ran], tmp_path: Path
) -> None:
    store = FakePlanet()
    server = store.start()
    try:
        store.files = planet.files
        planet.moved = store.url
        ran = order()
        assert ran.code == 0, ran.err
        assert len(list_folder(tmp_path / "planet").scenes) == 3
        assert set(store.keys) == {None}
    finally:
        server.shutdown()
        server.server_close()


def test_a_redirect_into_a_private_network_is_not_followed(planet: FakePlanet) -> None:
    import httpx

    from sitewatch.archive._planet._link import PlanetLink
    from sitewatch.errors import SceneError

    with PlanetLink("https://8.8.8.8", tries=1) as link:  # nothing is sent there
        asked = httpx.Request("GET", "https://8.8.8.8/compute/ops/download/")
        answer = httpx.Response(302, headers={"location": "http://127.0.0.1/"}, request=asked)
        with pytest.raises(SceneError, match="private network"):
            link._runner.run(link._session._check_redirect(answer))


def test_answers_without_end_are_not_read(
    planet: FakePlanet, call: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sitewatch.archive._planet._link._MAX_JSON_BYTES", 500)
    ran = call("search")
    assert ran.code == 4
    assert "Planet's search: the answer is longer than can be read" in ran.err


def test_links_to_other_hosts_are_not_followed(
    planet: FakePlanet, call: Callable[..., Ran], order: Callable[..., Ran]
) -> None:
    other = FakePlanet()
    server = other.start()
    try:
        planet.spoil = lambda told: _led_away(told, other.url)
        ran = order()
        assert ran.code == 4
        assert "leads to another host" in ran.err
        planet.fails["POST /data/v1/quick-search"] = [
            (200, json.dumps({"features": planet.items, "_links": {"_next": f"{other.url}/more"}}).encode())
        ]
        ran = call("search")
        assert ran.code == 4
        assert "leads to another host" in ran.err
        assert not other.log
    finally:
        server.shutdown()
        server.server_close()


def _led_away(told: dict[str, Any], url: str) -> dict[str, Any]:
    for result in told["_links"].get("results", ()):
        result["location"] = f"{url}/steal?token=0"
    return told


def test_wrong_and_missing_credentials(
    planet: FakePlanet, call: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PL_API_KEY", "PLAKwrong0123456789")
    ran = call("search")
    assert ran.code == 4
    assert "Planet does not accept the credentials (401 Please enter your API key" in ran.err
    assert "PLAKwrong0123456789" not in ran.err + ran.out
    monkeypatch.delenv("PL_API_KEY")
    ran = call("search")
    assert ran.code == 2
    assert "there are no credentials for Planet that can be used; set PL_API_KEY" in ran.err


@pytest.mark.usefixtures("quick")
def test_no_network(run: Run, planet: FakePlanet, site: Path) -> None:
    ran = run("planet", "search", site, "--api", "http://127.0.0.1:9")
    assert ran.code == 4
    assert "no answer came (ConnectError); check the network" in ran.err


@pytest.mark.parametrize("answer", [b"[]", b"no json", b'{"features": 7}', b"[" * 100_000])
def test_malformed_answers_of_the_search(planet: FakePlanet, call: Callable[..., Ran], answer: bytes) -> None:
    planet.fails["POST /data/v1/quick-search"] = [(200, answer)]
    ran = call("search")
    assert ran.code == 4
    assert ran.err.count("error:") == 1


def test_without_the_extra_it_is_said_how_to_install_it(
    run: Run, planet: FakePlanet, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "planet", None)
    monkeypatch.delitem(sys.modules, "sitewatch.archive._planet._link", raising=False)
    ran = run("planet", "search", site)
    assert ran.code == 2
    assert "python -m pip install 'sitewatch[planet]'" in ran.err


def test_another_outline_or_a_damaged_record_orders_nothing(
    planet: FakePlanet, order: Callable[..., Ran], site: Path, tmp_path: Path
) -> None:
    order()
    record = tmp_path / "planet" / "planet-orders.json"
    whole = record.read_text()
    for damaged in ("{", "[]", whole.replace('"placed"', '"sold"').replace('"delivered"', '"sold"'), whole[:-60]):
        record.write_text(damaged)
        ran = order()
        assert ran.code == 2
        assert "the record of orders is damaged" in ran.err
    record.write_text(whole)
    document = json.loads(site.read_text())
    document["geometry"]["coordinates"] = [ring(280)]
    site.write_text(json.dumps(document))
    ran = order()
    assert ran.code == 2
    assert "for another site or outline" in ran.err
    assert planet.asked(ORDERS) == 1


def test_watch_reads_what_was_ordered(
    planet: FakePlanet, order: Callable[..., Ran], run: Run, site: Path, tmp_path: Path
) -> None:
    planet.items = [item(day) for day in range(1, 10)]
    assert order().code == 0
    out = tmp_path / "yard"
    ran = run("watch", site, "--images", tmp_path / "planet", "--out", out)
    assert ran.code == 0, ran.err
    looks = [f["properties"] for f in json.loads((out / "looks.geojson").read_text())["features"]]
    assert {look["sensor"] for look in looks} == {"planetscope"}
    assert [look["captured"][:10] for look in looks] == [f"2024-03-{day:02}" for day in range(1, 10)]
    assert [look["outcome"] for look in looks] == ["used"] * 9
    assert looks[0]["published"] == "2024-03-01T12:00:00Z"
    assert looks[0]["clear_share"] == pytest.approx(1.0, abs=0.01)
    assert looks[1]["clear_share"] == pytest.approx(0.5, abs=0.05)
