"""A small STAC API on the fake server, in memory and with pages."""

from __future__ import annotations

from typing import Any

from fake_server import FakeServer


class Api:
    """A small STAC API: everything in one list, by pages."""

    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.items: list[Any] = []
        self.asked: list[dict[str, Any]] = []
        self.url = f"{server.url}/api"
        server.answers["/api"] = lambda _: self.root()
        server.answers["/api/search"] = self.search
        server.answers["/api/collections/things"] = lambda _: {"type": "Collection", "id": "things"}

    def root(self) -> dict[str, Any]:
        links = [
            {"rel": "self", "href": self.url},
            {"rel": "search", "href": f"{self.url}/search", "type": "application/geo+json", "method": "POST"},
        ]
        conforms = ["https://api.stacspec.org/v1.0.0/core", "https://api.stacspec.org/v1.0.0/item-search"]
        return {
            "type": "Catalog",
            "stac_version": "1.0.0",
            "id": "api",
            "description": "x",
            "links": links,
            "conformsTo": conforms,
        }

    def search(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(asked)
        start, limit = int(asked.get("token", 0)), int(asked.get("limit", 10))
        answer: dict[str, Any] = {
            "type": "FeatureCollection",
            "features": self.items[start : start + limit],
            "links": [],
        }
        if start + limit < len(self.items):
            body = {**asked, "token": start + limit}
            answer["links"] = [{"rel": "next", "href": f"{self.url}/search", "method": "POST", "body": body}]
        return answer
