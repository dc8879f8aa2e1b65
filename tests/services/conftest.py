"""Real services on the loopback, thrown away afterwards: PostgreSQL with PostGIS, a STAC API on it, and nginx."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from postgres_server import HINT, Postgres, free_port

POSTGIS = Path("/usr/share/postgresql/15/extension/postgis.control")

Catalog = Callable[[str, Sequence[Mapping[str, Any]], Path], str]


@dataclass(frozen=True)
class WebServer:
    """nginx over a folder, by range requests."""

    url: str
    root: Path
    """What it serves."""
    log: Path

    def requests(self) -> list[tuple[str, str, int, int]]:
        """(method, path, status, bytes sent) of all requests so far."""
        lines = (line.split(" ") for line in self.log.read_text().splitlines())
        return [(method, path, int(status), int(sent)) for method, path, status, sent in lines]

    def forget(self) -> None:
        """Empty the log."""
        self.log.write_text("")


@dataclass(frozen=True)
class StacApi:
    """stac-fastapi on pgstac."""

    url: str
    environment: dict[str, str] = field(repr=False)


@pytest.fixture(scope="session")
def stac_api(postgres: Postgres, scratch: Path) -> Iterator[StacApi]:
    if not POSTGIS.is_file():
        pytest.skip(f"PostGIS is not installed: {HINT}")
    pytest.importorskip("stac_fastapi.pgstac", reason="stac-fastapi-pgstac is not installed: make .venv/dev.stamp")
    pgstac("migrate", environment=postgres.environment)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "uvicorn", "--factory", "stac_fastapi.pgstac.app:create_app"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]
    with (
        (scratch / "stac-api.log").open("w") as log,
        subprocess.Popen(command, env=postgres.environment, stdout=log, stderr=log) as process,
    ):
        try:
            wait_for(url, process, scratch / "stac-api.log")
            yield StacApi(url=url, environment=postgres.environment)
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.fixture(scope="session")
def web(scratch: Path) -> Iterator[WebServer]:
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin")
    if nginx is None:
        pytest.skip(f"nginx is not installed: {HINT}")
    home = scratch / "nginx"
    (home / "root").mkdir(parents=True)
    port = free_port()
    temporary = "".join(
        f"{kind}_temp_path {home}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (home / "nginx.conf").write_text(
        f"{'user root;' if os.getuid() == 0 else ''}\n"
        f"daemon off;\nworker_processes 1;\npid {home}/pid;\nerror_log {home}/error.log;\n"
        "events { worker_connections 64; }\n"
        "http {\n"
        f"{temporary}"
        'log_format short "$request_method $uri $status $body_bytes_sent";\n'
        f"access_log {home}/access.log short;\n"
        f"server {{ listen 127.0.0.1:{port}; root {home}/root; }}\n"
        "}\n"
    )
    (home / "root" / "alive").write_text("yes")
    command = [nginx, "-p", str(home), "-c", str(home / "nginx.conf"), "-e", str(home / "error.log")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/alive", process, home / "error.log")
            yield WebServer(url=f"http://127.0.0.1:{port}", root=home / "root", log=home / "access.log")
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.fixture
def catalog(stac_api: StacApi, web: WebServer, tmp_path: Path) -> Catalog:
    """Put items and their images behind the STAC API and nginx.

    `catalog(collection_id, items, image_dir)` loads STAC items whose assets name files of `image_dir`, and returns the
    address of the API. The assets' addresses then lead to nginx.
    """

    def put(collection: str, items: Sequence[Mapping[str, Any]], image_dir: Path) -> str:
        (web.root / collection).unlink(missing_ok=True)
        (web.root / collection).symlink_to(image_dir.absolute())
        told = []
        for item in items:
            loaded = {**deepcopy(item), "collection": collection, "links": []}
            for asset in loaded["assets"].values():
                asset["href"] = f"{web.url}/{collection}/{str(asset['href']).removeprefix('./')}"
            told.append(loaded)
        description = {
            "type": "Collection",
            "stac_version": "1.0.0",
            "id": collection,
            "description": "Images for a test",
            "license": "other",
            "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [[None, None]]}},
            "links": [],
        }
        for kind, documents in (("collections", [description]), ("items", told)):
            path = tmp_path / f"{kind}.ndjson"
            path.write_text("".join(json.dumps(document) + "\n" for document in documents))
            pgstac("load", kind, str(path), "--method", "upsert", environment=stac_api.environment)
        return stac_api.url

    return put


def pgstac(*arguments: str, environment: Mapping[str, str]) -> None:
    program = Path(sys.executable).with_name("pypgstac")
    if not program.is_file():
        pytest.skip("pypgstac is not installed: make .venv/dev.stamp")
    done = subprocess.run(
        [str(program), *arguments], env=dict(environment), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


def wait_for(url: str, process: subprocess.Popen[Any], log: Path, *, seconds: float = 60) -> None:
    """Wait until a server answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - loopback
                return
        except urllib.error.HTTPError as answer:
            with answer:
                return
        except OSError:
            assert process.poll() is None, f"{url} ended at once: {log.read_text()[-2000:]}"
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer in {seconds} s: {log.read_text()[-2000:]}")
