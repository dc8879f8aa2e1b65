"""Planet's Data, Orders and Quota APIs and its downloads, in a thread: as much of them as an order needs."""

from __future__ import annotations

import hashlib
import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "PLAK0123456789abcdef0123456789ab"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # clients may hang up


@dataclass
class FakePlanet:
    items: list[Any] = field(default_factory=list)
    page: int = 2
    """Items on a page of the search."""
    products: Any = field(default_factory=lambda: [planetscope(total=1000, used=100)])
    make: Callable[[dict[str, Any]], dict[str, bytes]] = lambda request: {}
    """The files of an order by name, from its request."""
    states: list[str] = field(default_factory=lambda: ["queued", "running", "success"])
    """What an order's state is told to be, one after the other; the last stays."""
    orders: list[dict[str, Any]] = field(default_factory=list)
    """All orders placed, oldest first."""
    requests: list[dict[str, Any]] = field(default_factory=list)
    """What each was placed with."""
    files: dict[str, bytes] = field(default_factory=dict)
    """Downloads by token."""
    fails: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)
    """Bad answers by "METHOD /path", given one after the other before the good one."""
    lose: int = 0
    """How many orders are placed without an answer: the line is closed."""
    unlisted: int = 0
    """How often the list of orders does not have them yet."""
    manifest: bool = True
    spoil: Callable[[dict[str, Any]], Any] = lambda order: order
    """Changes an order before it is told."""
    moved: str = ""
    """Where downloads are redirected to, as Planet does: another server, which asks for no key."""
    keys: list[str | None] = field(default_factory=list)
    """The credentials that came with each request."""
    log: list[str] = field(default_factory=list)
    """Each as "METHOD /path?query" of every request."""
    searches: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    def start(self) -> ThreadingHTTPServer:
        server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return server

    def asked(self, start: str) -> int:
        """How many requests began so."""
        return sum(entry.startswith(start) for entry in self.log)

    def place(self, request: dict[str, Any]) -> dict[str, Any]:
        order = {"id": str(uuid.uuid4()), "name": request["name"], "states": list(self.states), "results": []}
        files = self.make(request)
        entries = []
        for name, content in files.items():
            digests = {
                "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
            entries.append({"path": name, "digests": digests, "size": len(content)})
        if self.manifest and files:
            files = {**files, "manifest.json": json.dumps({"files": entries}).encode()}
        for name, content in files.items():
            token = hashlib.sha256(f"{order['id']} {name}".encode()).hexdigest()
            self.files[token] = content
            location = f"{self.url}/compute/ops/download/?token={token}"
            order["results"].append({"name": f"{order['id']}/{name}", "location": location, "delivery": "success"})
        self.orders.append(order)
        self.requests.append(request)
        return order

    def tell(self, order: dict[str, Any], *, next_state: bool = False) -> dict[str, Any]:
        state = order["states"][0]
        if next_state and len(order["states"]) > 1:
            order["states"].pop(0)
        done = state in ("success", "partial")
        told = {
            "id": order["id"],
            "name": order["name"],
            "state": state,
            "error_hints": ["the tool clip could not be run"] if state == "failed" else [],
            "last_message": "",
            "_links": {"_self": f"{self.url}/compute/ops/orders/v2/{order['id']}"},
        }
        if done:
            told["_links"]["results"] = order["results"]
        return self.spoil(told)


def planetscope(**fields: Any) -> dict[str, Any]:
    """A product as /my/products lists it."""
    quota = {f"quota_{key}": value for key, value in fields.items()}
    return {"id": 1, "title": "PlanetScope Archive", "name": "ps-archive", "unlimited_quota": False, **quota}


def _handler(fake: FakePlanet) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - answers, told in order
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or each body waits 40 ms for its head to be acknowledged

        def log_message(self, *args: object) -> None:
            pass

        def do_POST(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else {}
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            fake.log.append(f"{self.command} {self.path}")
            waiting = fake.fails.get(f"{self.command} {parts.path}")
            fake.keys.append(self.headers.get("Authorization"))
            if parts.path.startswith("/store/"):
                self.answer(200, fake.files[parts.path.removeprefix("/store/")])
            elif waiting:
                self.answer(*waiting.pop(0))
            elif self.headers.get("Authorization") != f"api-key {KEY}":
                self.answer(401, b'{"message": "Please enter your API key, not ' + KEY[:6].encode() + b'..."}')
            elif parts.path == "/compute/ops/download/" and fake.moved:
                self.answer(302, b"", {"Location": f"{fake.moved}/store/{query['token']}"})
            elif parts.path == "/compute/ops/download/":
                content = fake.files.get(query.get("token", ""))
                self.answer(404, b"gone") if content is None else self.answer(200, content)
            else:
                told = self.told(parts.path, query, body)
                if told is not None:
                    self.answer(200, json.dumps(told).encode())

        def told(self, path: str, query: dict[str, str], body: dict[str, Any]) -> Any:
            if path == "/data/v1/quick-search":
                if body:
                    fake.searches.append(body)
                start = int(query.get("from", 0))
                end = start + fake.page
                more = {"_next": f"{fake.url}{path}?from={end}"} if end < len(fake.items) else {}
                return {"type": "FeatureCollection", "features": fake.items[start:end], "_links": more}
            if path == "/account/v1/my/products":
                return {"meta": {"count": 1, "next": None}, "results": fake.products}
            if path == "/compute/ops/orders/v2" and self.command == "POST":
                order = fake.place(body)
                if fake.lose > 0:
                    fake.lose -= 1
                    self.close_connection = True
                    self.connection.close()
                    return None
                return fake.tell(order)
            if path == "/compute/ops/orders/v2":
                if fake.unlisted > 0:
                    fake.unlisted -= 1
                    return {"orders": [], "_links": {}}
                named = [o for o in reversed(fake.orders) if o["name"] == query.get("name", o["name"])]
                return {"orders": [fake.tell(o) for o in named], "_links": {}}
            order = next((o for o in fake.orders if path.endswith(o["id"])), None)
            if order is None:
                self.answer(404, b'{"message": "no such order"}')
                return None
            return fake.tell(order, next_state=True)

        def answer(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler
