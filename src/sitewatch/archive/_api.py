"""Asking a STAC API by pystac-client, without believing what it answers."""

from __future__ import annotations

import datetime as dt
import json
import warnings
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import shapely
from pystac.link import Link
from pystac_client import Client
from pystac_client.exceptions import APIError
from pystac_client.stac_api_io import StacApiIO

from sitewatch.archive._address import check_address
from sitewatch.archive._href import redact, redact_text
from sitewatch.archive._http import HttpStatusError, JsonClient
from sitewatch.archive._times import iso
from sitewatch.errors import CatalogError, SceneError, SitewatchError
from sitewatch.site import Site

__all__ = ["Api"]

_MAX_OUTLINE_POINTS = 200


class _Io(StacApiIO):
    """pystac-client's requests, by our client: only to web addresses, bounded and retried."""

    def __init__(self, client: JsonClient, origin: str) -> None:
        super().__init__(max_retries=None)
        self._client = client
        self._origin = origin

    def read_text(self, source: Any, *args: Any, **kwargs: Any) -> str:
        """Follow a link; a server's links must lead to web addresses, never to a local file."""
        href = source.to_dict()["href"] if isinstance(source, Link) else str(source)
        _check_link(href, self._origin)
        return super().read_text(source, *args, **kwargs)

    def read_json(self, source: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """A document of the API: a catalog, a collection or a page of items."""
        document: object = super().read_json(source, *args, **kwargs)
        if isinstance(document, dict) and (
            isinstance(document.get("features"), list) or document.get("type") in ("Catalog", "Collection")
        ):
            return document
        raise CatalogError(f"{redact(self._origin)}: answered with something that is not STAC; check the address")

    def request(
        self,
        href: str,
        method: str | None = None,
        headers: dict[str, str] | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> str:
        """One request, with its retries."""
        _check_link(href, self._origin)
        method = (method or "GET").upper()
        try:
            if method == "POST":
                return self._client.ask(href, method="POST", body=parameters or {}, headers=headers)
            return self._client.ask(href, params=parameters, headers=headers)
        except HttpStatusError as error:
            if error.status != 405:
                raise
            # The library asks again with GET where POST is not allowed, and knows it by this.
            refused = APIError(str(error))
            refused.status_code = error.status
            raise refused from error


class Api:
    """One STAC API."""

    def __init__(self, url: str, client: JsonClient) -> None:
        self._url = url
        self._io = _Io(client, url)

    def items(
        self,
        collection: str,
        site: Site,
        since: dt.datetime | None,
        until: dt.datetime | None,
        *,
        page_size: int,
    ) -> Iterator[object]:
        """The items as they come, page by page."""
        period = f"{iso(since) if since else '..'}/{iso(until) if until else '..'}" if since or until else None
        outlines = (site.outline, site.outline.convex_hull, site.outline.envelope)
        outline = next(o for o in outlines if shapely.get_num_coordinates(o) <= _MAX_OUTLINE_POINTS)
        with self._mapped():
            api = Client.open(self._url, stac_io=self._io)
            search = api.search(
                collections=[collection],
                intersects=shapely.geometry.mapping(outline),
                datetime=period,
                limit=page_size,
            )
            pages = search.pages_as_dicts()
        seen: set[str] = set()
        while True:
            with self._mapped():
                page = next(pages, None)
                features = None if page is None else page["features"]
            if features is None:
                return
            digest = json.dumps(features, sort_keys=True)
            if digest in seen:
                raise CatalogError(f"{redact(self._url)}: repeats its pages without end; tell its operator")
            seen.add(digest)
            yield from features

    def must_have(self, collection: str) -> None:
        """Tell a collection without scenes from one that does not exist."""
        try:
            self._io.request(f"{self._url.rstrip('/')}/collections/{quote(collection, safe='')}")
        except HttpStatusError as error:
            if error.status == 404:
                raise CatalogError(
                    f"{redact(self._url)}: has no collection {collection!r}; its page /collections lists what it has"
                ) from error

    def _mapped(self) -> _Mapped:
        return _Mapped(redact(self._url))


class _Mapped:
    """Turns what pystac-client raises into a CatalogError, and keeps its warnings to itself."""

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._warnings = warnings.catch_warnings()

    def __enter__(self) -> None:
        self._warnings.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._warnings.__exit__(None, None, None)
        if isinstance(error, Exception) and not isinstance(error, SitewatchError):
            # Whatever the library makes of an answer that is no STAC: its own errors, and many of Python's.
            said = redact_text(str(error)) or type(error).__name__
            raise CatalogError(
                f"{self._shown}: does not answer as a STAC API that can be searched ({said}); check the address"
            ) from error


def _check_link(href: str, origin: str) -> None:
    try:
        check_address(href, origin, name="a link of the catalog")
    except SceneError as error:
        raise CatalogError(f"{redact(origin)}: {error}") from error
