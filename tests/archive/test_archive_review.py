"""Absurd dates, first times, redirects, and scales that only a name tells."""

from __future__ import annotations

import datetime as dt
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fake_server import Fail, FakeServer
from sitewatch.archive import JsonClient, Retry, _address, _far, fetch, list_folder
from sitewatch.archive._folder import _group
from sitewatch.archive._presets import Preset
from sitewatch.archive._remote import scene_of
from sitewatch.errors import CatalogError, SceneError
from sitewatch.site import Site

Write = Callable[..., Path]
LATER = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize("date", ["0001-01-01", "0202-05-31", "1957-10-03", "2200-01-01", "9999-12-31"])
def test_absurd_captures_are_refused(
    date: str, write_image: Write, write_item: Write, images: Path, make_item: Callable[..., dict[str, Any]]
) -> None:
    write_image("x.tif")
    told = {"datetime": f"{date}T00:00:00Z", "published": f"{date}T00:00:00Z"}
    write_item("x.json", "x", {}, **told)
    (faulty,) = list_folder(images, since=LATER, until=LATER).faulty
    assert (faulty.captured, faulty.published) == (None, None)
    assert f"taken on {date}" in faulty.reason
    document = make_item("y", {"red": {"href": "https://example.com/r.tif", "type": "image/tiff"}}, **told)
    with pytest.raises(SceneError, match=f"taken on {date}"):
        scene_of(document, name="y", source="", catalog="https://example.com", preset=Preset(collection="c"))


def test_the_first_time_stays(write_image: Write, images: Path, tmp_path: Path, site: Site, now: dt.datetime) -> None:
    write_image("2020-05-01.tif")
    write_image("2020-05-01_copy.tif")
    write_image("2020-05-02.tif", transform=(10, 0, 700_000, 0, -10, 3_000_000))
    (images / "2020-05-03.tif").write_bytes(b"no image")
    archive = tmp_path / "archive"
    first = fetch(list_folder(images), site, archive, now=now)
    assert len(first.outside) == len(first.chips) == 1
    assert len(first.faulty) == 2
    assert set(first.recorded.values()) == {now}
    assert len(first.recorded) == 4
    write_image("2020-05-04.tif", seed=4)
    first.chips[0].bands[0].path.write_bytes(b"damaged")
    second = fetch(list_folder(images), site, archive, now=LATER)
    assert second.recorded == {**first.recorded, "2020-05-04": LATER}
    assert [chip.recorded for chip in second.chips] == [now, LATER]


def test_damaged_first_times_are_made_anew(
    write_image: Write, images: Path, tmp_path: Path, site: Site, now: dt.datetime
) -> None:
    write_image("2020-05-01.tif")
    archive = tmp_path / "archive"
    fetch(list_folder(images), site, archive, now=now)
    for content in ("{", "[]", '{"2020-05-01": 7, "other": "x"}', "[" * 100_000):
        (archive / ".recorded.json").write_text(content)
        assert fetch(list_folder(images), site, archive, now=LATER).recorded == {"2020-05-01": now}


def test_landsat_level_2_has_its_scale(
    write_image: Write, images: Path, tmp_path: Path, site: Site, now: dt.datetime
) -> None:
    for band in ("SR_B4", "SR_B5", "QA_PIXEL"):
        write_image(f"LC08_L2SP_160043_20200531_20200820_02_T1_{band}.TIF", bands=(None,))
    write_image("F_2020-06-01_SR_B4.TIF", bands=(None,), dtype="float32")
    landsat, floats = fetch(list_folder(images), site, tmp_path / "archive", now=now).chips
    assert {b.name: (b.scale, b.offset) for b in landsat.bands} == {
        "red": (2.75e-5, -0.2),
        "nir": (2.75e-5, -0.2),
        "qa_pixel": (1, 0),
    }
    assert (floats.bands[0].scale, floats.bands[0].offset) == (1, 0)


def test_grouping_many_files_is_quick() -> None:
    headers: dict[Path, Any] = {Path(f"X{n}_B04.tif"): SceneError("broken") for n in range(20_000)}
    start = time.perf_counter()
    groups, _ = _group(Path(), headers, {})
    assert len(groups) == 20_000
    assert time.perf_counter() - start < 20


@pytest.fixture
def two_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """127.0.0.1 passes for a public server, localhost for a private one."""
    for module in (_address, _far):
        monkeypatch.setattr(module, "is_private", lambda host: host != "127.0.0.1")


def redirect(server: FakeServer, *, to: str, times: int = 1) -> str:
    server.files["/b"] = b"[]"
    server.fails["/a"] = [Fail(302, {"Location": to}) for _ in range(times)]
    return f"{server.url}/a"


@pytest.mark.usefixtures("two_networks")
def test_a_public_catalog_does_not_redirect_into_the_private_network(server: FakeServer) -> None:
    client = JsonClient(retry=Retry(attempts=1))
    assert client.ask(redirect(server, to="/b")) == "[]"
    private = server.url.replace("127.0.0.1", "localhost") + "/b"
    for target in (private, "file:///etc/passwd", "http://["):
        with pytest.raises(CatalogError, match="redirect"):
            client.ask(redirect(server, to=target))
    assert len(server.requests("/b")) == 1
    with pytest.raises(CatalogError, match="redirects more than 5 times"):
        client.ask(redirect(server, to="/a", times=9))


@pytest.mark.usefixtures("two_networks")
def test_a_public_image_does_not_redirect_into_the_private_network(server: FakeServer) -> None:
    opened: list[str] = []

    def note(signed: str) -> None:
        opened.append(signed)

    remote = _far.Remote(retry=Retry(attempts=1))
    remote.cut(redirect(server, to="/b"), note)
    assert opened == [f"{server.url}/b"]
    private = server.url.replace("127.0.0.1", "localhost") + "/b"
    for target, said in (
        (private, "its redirect"),
        ("ftp://127.0.0.1/b", "its redirect"),
        ("file:///etc/passwd", "its server"),
    ):
        with pytest.raises(SceneError, match=said):
            remote.cut(redirect(server, to=target), note)
    with pytest.raises(SceneError):
        remote.cut(redirect(server, to="/a", times=20), note)
    assert len(opened) == len(server.requests("/b")) == 1


def test_a_local_catalog_may_redirect_locally(server: FakeServer) -> None:
    private = server.url.replace("127.0.0.1", "localhost") + "/b"
    assert JsonClient(retry=Retry(attempts=1)).ask(redirect(server, to=private)) == "[]"


def test_names_are_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = {"public.test": "9.9.9.9", "inside.test": "10.0.0.7", "six.test": "fe80::1%lo"}

    def resolve(host: str, *_: object, **__: object) -> list[Any]:
        return [(2, 1, 6, "", (numbers[host], 0))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    for host in ("inside.test", "six.test"):
        with pytest.raises(SceneError, match="private network"):
            _address.check_address(f"https://{host}/x.tif", "https://public.test", name="x")
    _address.check_address("https://public.test/x.tif", "https://public.test", name="x")
    _address.check_address("https://inside.test/x.tif", "https://inside.test", name="x")
