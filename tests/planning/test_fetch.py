"""Fresh elements from an address, and what is kept of it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from orbits import S2A, S2B, elements

from fake_server import Fail, FakeServer
from sitewatch.archive import Retry
from sitewatch.errors import CatalogError, OptionError, OutputError
from sitewatch.planning import fetch_elements

NOW = dt.datetime(2026, 9, 22, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
ONCE = Retry(attempts=1, sleep=lambda _: None)


@pytest.fixture
def server() -> Iterator[FakeServer]:
    fake = FakeServer(files={"/s2.tle": (S2A + S2B).encode()})
    running = fake.start()
    yield fake
    running.shutdown()
    running.server_close()


def test_what_an_address_gives_is_kept_with_its_time(server: FakeServer, tmp_path: Path) -> None:
    cache = tmp_path / "elements.json"
    url = server.url + "/s2.tle"
    got = fetch_elements(url, cache, now=NOW, retry=ONCE)
    assert got.elements == elements(S2A, S2B)
    assert (got.fetched, got.cached, got.told) == (NOW, False, None)
    again = fetch_elements(url, cache, now=NOW + HOUR, retry=ONCE)
    assert (again.elements, again.fetched, again.cached, again.told) == (got.elements, NOW, True, None)
    assert len(server.requests("/s2.tle")) == 1
    later = fetch_elements(url, cache, now=NOW + 7 * HOUR, retry=ONCE)
    assert (later.fetched, later.cached) == (NOW + 7 * HOUR, False)
    assert json.loads(cache.read_text())["fetched"] == "2026-09-22T07:00:00Z"
    assert later.epochs[1] == max(e.epoch for e in got.elements)


@pytest.mark.parametrize(
    "fail", [Fail(status=503), Fail(status=403), Fail(status=200, body=b"<html>Busy</html>"), Fail(half=True)]
)
def test_an_address_that_does_not_answer_with_elements(server: FakeServer, tmp_path: Path, fail: Fail) -> None:
    cache = tmp_path / "elements.json"
    url = server.url + "/s2.tle"
    server.fails["/s2.tle"] = [fail]
    with pytest.raises(CatalogError, match="no earlier elements are kept"):
        fetch_elements(url, cache, now=NOW, retry=ONCE)
    assert not cache.exists()
    fetch_elements(url, cache, now=NOW, retry=ONCE)
    server.fails["/s2.tle"] = [fail]
    old = fetch_elements(url, cache, now=NOW + 48 * HOUR, retry=ONCE)
    assert (old.elements, old.fetched, old.cached) == (elements(S2A, S2B), NOW, True)
    assert old.told is not None
    assert "elements fetched on 2026-09-22 00:00Z are used, the newest of 2026-09-20 14:22Z, 3.4 days ago" in old.told


def test_what_another_address_gave_or_nobody_is_not_used(server: FakeServer, tmp_path: Path) -> None:
    cache = tmp_path / "elements.json"
    fetch_elements(server.url + "/s2.tle", cache, now=NOW, retry=ONCE)
    with pytest.raises(CatalogError, match="no earlier elements"):
        fetch_elements(server.url + "/none.tle", cache, now=NOW, retry=ONCE)
    for broken in (
        "",
        "[]",
        "{",
        '{"url": 1}',
        json.dumps({"url": server.url + "/s2.tle", "fetched": "x", "content": ""}),
    ):
        cache.write_text(broken)
        assert not fetch_elements(server.url + "/s2.tle", cache, now=NOW, retry=ONCE).cached


def test_answers_are_bounded(server: FakeServer, tmp_path: Path) -> None:
    server.files["/s2.tle"] = b"#" * (2 * 1024 * 1024 + 1)
    with pytest.raises(CatalogError, match="answered with more than 2 MiB"):
        fetch_elements(server.url + "/s2.tle", tmp_path / "x.json", now=NOW, retry=ONCE)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://example.org/s2.tle", "must begin with https://"),
        ("file:///etc/passwd", "must begin with https://"),
        ("https://", "must begin with https://"),
        ("https://user:word@example.org/s2.tle", "holds a password or key"),
        ("https://[::1/s2.tle", "is broken"),
    ],
)
def test_addresses_that_are_refused(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        fetch_elements(url, tmp_path / "x.json", now=NOW)


def test_a_cache_that_cannot_be_written_is_said(server: FakeServer, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        fetch_elements(server.url + "/s2.tle", tmp_path / "none" / "x.json", now=NOW, retry=ONCE)
