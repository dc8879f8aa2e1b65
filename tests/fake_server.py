"""A web server in a thread that serves bytes by ranges, and fails as it is told."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Fail:
    """One bad answer, given instead of the good one."""

    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    half: bool = False
    """Announce the whole answer and close the line after half of it."""
    body: bytes | None = None
    """What to send instead, with `status`."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # clients may hang up


@dataclass
class FakeServer:
    files: dict[str, bytes] = field(default_factory=dict)
    """Answers by path."""
    answers: dict[str, Callable[[dict[str, Any]], Any]] = field(default_factory=dict)
    """JSON answers by path, from the request's body."""
    fails: dict[str, list[Fail]] = field(default_factory=dict)
    """Bad answers by path, given one after the other before the good one."""
    log: list[tuple[str, str, int, int]] = field(default_factory=list)
    """(method, path with query, status, bytes sent) of every request."""
    url: str = ""

    def start(self) -> ThreadingHTTPServer:
        server = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return server

    def requests(self, path: str) -> list[tuple[str, str, int, int]]:
        return [entry for entry in self.log if entry[1].partition("?")[0] == path]

    def _handler(self) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - one answer, told in order
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # or each body waits 40 ms for its head to be acknowledged

            def log_message(self, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                size = int(self.headers.get("Content-Length") or 0)
                asked = json.loads(self.rfile.read(size)) if size else {}
                if fake.fails.get(path):
                    fail = fake.fails[path].pop(0)
                    if not fail.half:
                        self.answer(fail.status, fail.body or b"no", fail.headers)
                        return
                else:
                    fail = Fail()
                if path in fake.answers:
                    body = json.dumps(fake.answers[path](asked)).encode()
                elif path in fake.files:
                    body = fake.files[path]
                else:
                    self.answer(404, b"not here")
                    return
                status, headers = 200, {"Accept-Ranges": "bytes"}
                wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
                if wanted and path in fake.files:
                    first = int(wanted[1])
                    last = min(int(wanted[2] or len(body) - 1), len(body) - 1)
                    if first >= len(body):
                        self.answer(416, b"")
                        return
                    headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
                    status, body = 206, body[first : last + 1]
                self.answer(status, body, headers, half=fail.half)

            do_POST = do_HEAD = do_GET  # noqa: N815 - the names are the standard library's

            def answer(
                self, status: int, body: bytes, headers: dict[str, str] | None = None, *, half: bool = False
            ) -> None:
                fake.log.append((self.command, self.path, status, len(body)))
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body[: len(body) // 2] if half else body)
                if half:
                    self.close_connection = True

        return Handler
