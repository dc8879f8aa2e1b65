"""Images over HTTP: by ranges, with patience, and without believing the server."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from fake_server import Fail, FakeServer
from sitewatch.archive import (
    Band,
    Fetched,
    JsonClient,
    Listing,
    PlanetaryComputerSigner,
    Retry,
    Scene,
    fetch,
    load,
)
from sitewatch.archive._href import redact, redact_text
from sitewatch.errors import SceneError
from sitewatch.site import Site

Write = Callable[..., Path]
NO_WAIT = Retry(attempts=3, first_s=0.001, sleep=lambda _: None)


def scene(*hrefs: str, identifier: str = "far") -> Scene:
    names = ("red", "nir", "scl")
    return Scene(
        id=identifier,
        sensor="sentinel-2",
        captured=dt.datetime(2020, 5, 31, 10, 30, tzinfo=dt.UTC),
        bands=tuple(Band(name=name, href=href) for name, href in zip(names, hrefs, strict=False)),
        source="https://example.org/items/far",
    )


@pytest.fixture
def large(write_image: Write) -> bytes:
    """A tiled image of 1024 x 1024 pixels: 2 MB, of which the site needs one or two blocks of 128 kB."""
    path = write_image("large.tif", bands=("red",), size=1024, tiled=True, blockxsize=256, blockysize=256)
    return path.read_bytes()


@pytest.fixture
def run(site: Site, tmp_path: Path, now: dt.datetime) -> Callable[..., Fetched]:
    def run(*scenes: Scene, **more: Any) -> Fetched:
        listing = Listing(scenes=scenes, signer=more.pop("signer", None))
        # One at a time: the server shares our interpreter's lock, which a second reader can hold while GDAL waits.
        return fetch(listing, site, tmp_path / "archive", **{"now": now, "retry": NO_WAIT, "workers": 1, **more})

    return run


def test_only_the_window_is_read(
    server: FakeServer, run: Callable[..., Fetched], large: bytes, tmp_path: Path, images: Path
) -> None:
    server.files["/large.tif"] = large
    fetched = run(scene(f"{server.url}/large.tif"))
    assert [f.reason for f in fetched.faulty] == []
    with rasterio.open(fetched.chips[0].bands[0].path) as chip, rasterio.open(images / "large.tif") as whole:
        np.testing.assert_array_equal(chip.read(1), whole.read(1)[30:90, 30:90])
    log = server.requests("/large.tif")
    assert {status for method, _, status, _ in log if method == "GET"} == {206}
    assert sum(size for method, _, _, size in log if method == "GET") < len(large) / 4
    server.log.clear()
    again = run(scene(f"{server.url}/large.tif"))
    assert (again.chips, again.new, server.log) == (fetched.chips, 0, [])


@pytest.mark.parametrize(
    "fails",
    [
        [Fail(500)],
        [Fail(503)] * 4,
        [Fail(429, headers={"Retry-After": "1"})] * 4,
        [Fail(half=True)] * 4,
        [Fail(200, body=b"<html>Back soon</html>")],
    ],
    ids=["500", "503", "429", "half", "page"],
)
def test_a_server_that_recovers(
    server: FakeServer, run: Callable[..., Fetched], large: bytes, fails: list[Fail]
) -> None:
    server.files["/large.tif"] = large
    server.fails["/large.tif"] = list(fails)
    fetched = run(scene(f"{server.url}/large.tif"), retry=Retry(attempts=6, first_s=0.001, sleep=lambda _: None))
    assert [f.reason for f in fetched.faulty] == []
    assert len(fetched.chips) == 1


@pytest.mark.parametrize(
    ("fail", "said"),
    [
        (Fail(500), "large.tif: its server answered 500 Internal Server Error (3 tries); try later"),
        (Fail(429), "large.tif: its server answered 429 Too Many Requests (3 tries); try later"),
        (
            Fail(403),
            "large.tif: its server answered 403 Forbidden; the catalog may be out of date, or wants an account",
        ),
        (
            Fail(404),
            "large.tif: its server answered 404 Not Found; the catalog may be out of date, or wants an account",
        ),
        (
            Fail(200, body=b"<html>Sorry</html>"),
            "large.tif: what its server sends is no image (it begins '<html>Sorry</html>')",
        ),
    ],
    ids=["500", "429", "403", "404", "page"],
)
def test_a_server_that_does_not(
    server: FakeServer, run: Callable[..., Fetched], large: bytes, *, fail: Fail, said: str
) -> None:
    server.files |= {"/large.tif": large, "/good.tif": large}
    server.fails["/large.tif"] = [fail] * 100
    good = scene(f"{server.url}/good.tif", identifier="good")
    fetched = run(scene(f"{server.url}/large.tif"), good)
    assert [c.scene.id for c in fetched.chips] == ["good"]
    assert fetched.faulty[0].reason.startswith(said)


def test_retry_after_is_heeded(server: FakeServer, run: Callable[..., Fetched], large: bytes) -> None:
    pauses: list[float] = []
    server.files["/large.tif"] = large
    server.fails["/large.tif"] = [Fail(429, headers={"Retry-After": "7"})] * 100
    run(scene(f"{server.url}/large.tif"), retry=Retry(attempts=3, first_s=0.001, sleep=pauses.append))
    assert pauses == [7.0, 7.0]


def test_a_file_cut_short_on_the_server(server: FakeServer, run: Callable[..., Fetched], large: bytes) -> None:
    server.files["/cut.tif"] = large[:60_000]
    (fault,) = run(scene(f"{server.url}/cut.tif")).faulty
    assert fault.reason.startswith("cut.tif: its pixels cannot be read (")
    assert fault.reason.endswith("(3 tries); the file on the server is damaged or cut short")


def test_nobody_answers(run: Callable[..., Fetched]) -> None:
    (fault,) = run(scene("http://127.0.0.1:9/x.tif")).faulty
    assert fault.reason.startswith("x.tif: its server did not answer ([Errno 111] Connection refused) (3 tries)")


def test_a_silent_server_is_given_up(run: Callable[..., Fetched], server: FakeServer, large: bytes) -> None:
    server.files["/large.tif"] = large
    dead = [scene(f"http://127.0.0.1:9/{n}.tif", identifier=f"dead{n:02}") for n in range(12)]
    fetched = run(*dead, scene(f"{server.url}/large.tif"))
    assert [c.scene.id for c in fetched.chips] == ["far"]
    reasons = [f.reason for f in fetched.faulty]
    assert all("Connection refused" in reason for reason in reasons[:8])
    assert reasons[8:] == [
        f"{n}.tif: its server 127.0.0.1 did not answer 8 times before; try later" for n in range(8, 12)
    ]


def test_one_missing_band_breaks_the_scene(server: FakeServer, run: Callable[..., Fetched], large: bytes) -> None:
    server.files["/red.tif"] = large
    fetched = run(scene(f"{server.url}/red.tif", f"{server.url}/nir.tif"))
    assert fetched.chips == ()
    assert fetched.faulty[0].reason.startswith("nir.tif: its server answered 404")


def test_tokens_are_kept_nowhere(server: FakeServer, run: Callable[..., Fetched], large: bytes, tmp_path: Path) -> None:
    server.files["/large.tif"] = large
    signed = run(
        scene(f"{server.url}/large.tif", f"{server.url}/gone.tif?sig=told-secret"),
        scene(f"{server.url}/large.tif", identifier="whole"),
        scene(f"{server.url}/large.tif?X-Amz-Signature=told-secret", identifier="presigned"),
        signer=lambda href: href if "?" in href else f"{href}?sv=1&sig=added-secret",
    )
    assert any("sig=added-secret" in path for _, path, _, _ in server.log)
    assert [c.scene.id for c in signed.chips] == ["presigned"]
    assert [(f.scene, f.duplicate) for f in signed.faulty] == [("far", False), ("whole", True)]
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"secret" not in path.read_bytes()
    assert "secret" not in repr((signed, load(tmp_path / "archive")))
    # Another signature of the same address is no other image.
    server.log.clear()
    assert run(scene(f"{server.url}/large.tif?X-Amz-Signature=other", identifier="presigned")).new == 0


def test_redaction() -> None:
    assert redact("https://user:pass@example.org:8443/x.tif?id=3") == "https://example.org:8443/x.tif?id=3"
    assert redact("https://example.org/x.tif?id=3&sig=abc") == "https://example.org/x.tif"
    assert redact("https://example.org/x.tif?api_key=abc#part") == "https://example.org/x.tif"
    assert redact("https://example.org/x.tif?q=" + "a" * 65) == "https://example.org/x.tif"
    assert redact("/home/me/x?sig=1.tif") == "/home/me/x?sig=1.tif"
    said = "'/vsicurl/https://u:p@example.org/x.tif?token=abc' does not exist"
    assert redact_text(said) == "'/vsicurl/https://example.org/x.tif' does not exist"


def test_planetary_computer_tokens(server: FakeServer) -> None:
    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    server.answers["/token/account/container"] = lambda _: {"token": "sv=1&sig=abc", "msft:expiry": later.isoformat()}
    sign = PlanetaryComputerSigner(endpoint=f"{server.url}/token", client=JsonClient(retry=NO_WAIT))
    href = "https://account.blob.core.windows.net/container/a/b.tif"
    assert sign(href) == sign(href) == f"{href}?sv=1&sig=abc"
    assert len(server.log) == 1
    for other in (
        "https://example.org/container/x.tif",
        "http://account.blob.core.windows.net/container/x.tif",
        "https://account.blob.core.windows.net.example.org/container/x.tif",
        "https://account.blob.core.windows.net/CON..TAINER/x.tif",
        f"{href}?sig=mine",
    ):
        assert sign(other) == other
    assert "abc" not in repr(sign)
    with pytest.raises(SceneError, match="no read token for account/other could be had"):
        sign("https://account.blob.core.windows.net/other/x.tif")
    assert len(server.log) == 2


def test_an_expired_token_is_renewed(server: FakeServer) -> None:
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)
    server.answers["/token/account/container"] = lambda _: {"token": "sig=abc", "msft:expiry": soon.isoformat()}
    sign = PlanetaryComputerSigner(endpoint=f"{server.url}/token", client=JsonClient(retry=NO_WAIT))
    for count in (1, 2):
        sign("https://account.blob.core.windows.net/container/x.tif")
        assert len(server.log) == count


def test_pauses_grow_and_are_the_same_every_time() -> None:
    retry = Retry(first_s=1.0, longest_s=20.0)
    pauses = [retry.pause_s(attempt, key="x") for attempt in (1, 2, 3, 4, 5, 9)]
    assert pauses == [retry.pause_s(attempt, key="x") for attempt in (1, 2, 3, 4, 5, 9)]
    assert all(0.5 * 2**n <= pause <= 1.5 * 2**n for n, pause in enumerate(pauses[:4]))
    assert pauses[-1] == 20.0
    assert retry.pause_s(1, key="x", retry_after="12") == 12.0
    assert retry.pause_s(1, key="x", retry_after="9999") == 20.0
    assert retry.pause_s(1, key="x", retry_after="Wed, 21 Oct 2065 07:28:00 GMT") == 20.0
    assert retry.pause_s(1, key="x", retry_after="soon") == pauses[0]


def test_the_archive_has_the_sources(server: FakeServer, run: Callable[..., Fetched], large: bytes) -> None:
    server.files["/large.tif"] = large
    chip = run(scene(f"{server.url}/large.tif")).chips[0]
    item = json.loads((chip.bands[0].path.parent / "far.json").read_text())
    assert item["assets"]["red"]["sitewatch:source"] == f"{server.url}/large.tif"
    assert chip.sources == {"red.tif": f"{server.url}/large.tif"}
