"""Speaking to Planet by its SDK, without believing what comes back. The only module that imports the SDK."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import urljoin, urlsplit

import httpx
from planet import Auth, Session, data_filter, exceptions, order_request
from planet.clients import OrdersClient, QuotaClient
from planet.clients.data import Items
from planet_auth import AuthException
from shapely.geometry import Polygon, mapping

from sitewatch.archive._address import check_address
from sitewatch.archive._href import redact_text
from sitewatch.archive._item import clean
from sitewatch.archive._planet._scene import MASK, REFLECTANCE, PlanetScene
from sitewatch.archive._retry import TRANSIENT
from sitewatch.errors import CatalogError, OptionError, OrderError, OutputError, SceneError, SitewatchError

__all__ = ["Downloaded", "PlanetLink", "UnclearError", "build_request"]

_MAX_JSON_BYTES = 64 * 1024 * 1024
_MAX_ERROR_BYTES = 64 * 1024
_MAX_ANSWER_S = 180.0
_MAX_DOWNLOAD_S = 3600.0
_BUNDLES = {8: "analytic_8b_sr_udm2", 4: "analytic_sr_udm2"}
_LOGIN = "set PL_API_KEY, or run `planet auth login` once"

T = TypeVar("T")


class UnclearError(CatalogError):
    """No answer, or none that says whether what was asked has been done."""


class _TooLongError(Exception):
    """An answer is longer than it may be."""


@dataclass(frozen=True, kw_only=True)
class Downloaded:
    """A file as it came."""

    size: int
    sha256: str
    md5: str


class _Session(Session):  # type: ignore[misc]  # the SDK ships no types
    """The SDK's session, which takes credentials to no other host and reads no answer without end.

    The SDK follows the links in answers (pages, downloads) wherever they lead, with the credentials.
    """

    def __init__(self, origin: str, auth: Auth) -> None:
        super().__init__(auth=auth, read_timeout_secs=60.0)
        self._origin = origin
        self._client.event_hooks["response"].insert(0, self._check_redirect)

    async def _send(self, request: httpx.Request, stream: bool = False) -> httpx.Response:
        if _origin(str(request.url)) != _origin(self._origin):
            raise CatalogError(f"Planet's answer leads to another host ({request.url.host[:80]}), which is not asked")
        response: httpx.Response = await super()._send(request, stream=True)
        if stream:
            return response
        try:
            content = await _read(response.aiter_bytes(), _MAX_JSON_BYTES)
        finally:
            await response.aclose()
        return httpx.Response(response.status_code, content=content, request=response.request)

    async def _check_redirect(self, response: httpx.Response) -> None:
        """Downloads are redirected to a store; httpx takes no credentials along."""
        if response.has_redirect_location:
            check_address(urljoin(str(response.url), response.headers["location"]), self._origin, name="its redirect")

    @classmethod
    async def _raise_for_status(cls, response: httpx.Response) -> None:
        if not response.is_error:
            return
        try:
            content = await _read(response.aiter_bytes(), _MAX_ERROR_BYTES)
        except _TooLongError:
            content = b""
        said = _said(content, secret=response.request.headers.get("authorization", ""))
        # The SDK makes its own error of the status, and asks again after 429 and 502 alone.
        status = 502 if response.status_code in TRANSIENT - {429} else response.status_code
        short = httpx.Response(status, text=f"{response.status_code} {said}".strip())
        cls._convert_and_raise(httpx.HTTPStatusError("", request=response.request, response=short))


class PlanetLink:
    """An open connection to Planet: Data, Orders and Quota. Credentials are the SDK's affair."""

    def __init__(self, api: str, *, tries: int) -> None:
        """Make ready to ask.

        Args:
            api: address of Planet's APIs.
            tries: how often a question is asked in all; an order is placed once, whatever happens.

        Raises:
            OptionError: there are no credentials.
        """
        api = api.rstrip("/")
        self._api = api
        self._session = _Session(api, _auth())
        self._session.max_retries = max(0, tries - 1)
        self._orders = OrdersClient(self._session, f"{api}/compute/ops")
        self._quota = QuotaClient(self._session, f"{api}/account/v1")
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._runner.run(self._session.aclose())
        finally:
            self._runner.close()

    def search(
        self, outline: Mapping[str, Any], period: Mapping[str, Any], max_cloud: float, most: int
    ) -> list[object]:
        """Items of PSScene that may be downloaded, have reflectance and a mask, and touch the outline.

        Args:
            outline: GeoJSON geometry.
            period: `gte` and `lte`, the first and last moment; either may be missing.
            max_cloud: largest cloud cover of the whole scene, 0-1.
            most: no more items than this are read.
        """
        wanted = [
            data_filter.geometry_filter(dict(outline)),
            data_filter.range_filter("cloud_cover", lte=max_cloud),
            data_filter.asset_filter(list(REFLECTANCE.values())),
            data_filter.asset_filter([MASK]),
            data_filter.std_quality_filter(),
            data_filter.permission_filter(),
        ]
        if period:
            wanted.append(data_filter.date_range_filter("acquired", **period))

        async def ask() -> list[object]:
            # The SDK's own search first asks a fixed address for the names of all products, without a timeout.
            body = {"item_types": ["PSScene"], "filter": data_filter.and_filter(wanted)}
            url = f"{self._api}/data/v1/quick-search"
            first = await self._session.request("POST", url, json=body, params={"_page_size": 250})
            return [item async for item in Items(first, self._session.request, limit=most)]

        return self._run(ask(), "search")

    def products(self) -> list[object]:
        """What the account has a quota of."""

        async def ask() -> list[object]:
            return [product async for product in self._quota.list_products(limit=1000)]

        return self._run(ask(), "quota")

    def orders_named(self, name: str) -> list[object]:
        """The account's orders of this very name, the newest first."""

        async def ask() -> list[object]:
            found = self._orders.list_orders(name=name, sort_by="created_on DESC", limit=100)
            return [order async for order in found if isinstance(order, dict) and order.get("name") == name]

        return self._run(ask(), "list of orders")

    def create(self, request: Mapping[str, Any]) -> object:
        """Place an order, once: the SDK would send it again where an answer is lost.

        Raises:
            OrderError: Planet refused it, and says why.
            UnclearError: it may have been placed, or not.
        """
        tries, self._session.max_retries = self._session.max_retries, 0
        try:
            return self._run(self._orders.create_order(dict(request)), "order")
        finally:
            self._session.max_retries = tries

    def order(self, identifier: str) -> object:
        """An order's present state."""
        return self._run(self._orders.get_order(identifier), "state of the order")

    def fetch(self, location: str, *, most: int) -> bytes:
        """A small file's bytes.

        Raises:
            SceneError: it is longer than `most` bytes.
        """

        async def read() -> bytes:
            async with self._session.stream("GET", location) as response:
                return await _read(response.aiter_bytes(), most)

        return self._run(read(), "file", seconds=_MAX_ANSWER_S)

    def download(self, location: str, path: Path, *, most: int) -> Downloaded:
        """Write a file to disk.

        Args:
            location: its address, which must be Planet's own.
            path: where to write it; its folder must be there.
            most: bytes that it may have.

        Raises:
            SceneError: it is longer than `most` bytes.
            OutputError: it cannot be written.
        """

        async def write() -> Downloaded:
            size, sha, md5 = 0, hashlib.sha256(), hashlib.md5(usedforsecurity=False)
            async with self._session.stream("GET", location) as response:
                with path.open("wb") as file:
                    async for part in response.aiter_bytes():
                        size += len(part)
                        if size > most:
                            raise _TooLongError(most)
                        for digest in (sha, md5):
                            digest.update(part)
                        file.write(part)
                    file.flush()
                    os.fsync(file.fileno())
            return Downloaded(size=size, sha256=sha.hexdigest(), md5=md5.hexdigest())

        try:
            return self._run(write(), "file", seconds=_MAX_DOWNLOAD_S)
        except OSError as error:
            raise OutputError(
                f"{path.parent}: cannot be written ({error.strerror}); free some space, then run it again"
            ) from error

    def _run(self, work: Coroutine[Any, Any, T], what: str, *, seconds: float = 600.0) -> T:
        async def bounded() -> T:
            async with asyncio.timeout(seconds):
                return await work

        try:
            return self._runner.run(bounded())
        except SitewatchError:
            raise
        except TimeoutError as error:  # an OSError, too
            raise UnclearError(f"Planet's {what}: no whole answer came in {seconds:.0f} s; try later") from error
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - the SDK lets out its own errors, httpx's, and many of Python's
            # Without what was raised below: it may hold an address with a token, or the request with the credentials.
            raise _mapped(error, what) from None


def build_request(name: str, clip: Polygon, scenes: Sequence[PlanetScene], bands: int) -> dict[str, Any]:
    """The order of scenes cut to a box, harmonised to Sentinel-2, as COGs.

    Returns:
        JSON for the Orders API. What cannot be delivered is left out instead of failing the whole.
    """
    # The SDK's `product` asks a fixed address for the names of all products; these two are known.
    items = sorted(scene.id for scene in scenes)
    products = [{"item_ids": items, "item_type": "PSScene", "product_bundle": _BUNDLES[bands]}]
    outline = json.loads(json.dumps(mapping(clip)))
    tools = [
        order_request.harmonize_tool("Sentinel-2"),
        order_request.clip_tool(outline),
        order_request.file_format_tool("COG"),
    ]
    request: dict[str, Any] = order_request.build_request(name, products, tools=tools, order_type="partial")
    return request


def _auth() -> Auth:
    """The user's credentials, wherever the SDK finds them; nobody is asked for any."""
    try:
        auth = Auth.from_user_default_session()
        auth.ensure_initialized(allow_open_browser=False, allow_tty_prompt=False)
    except Exception as error:  # whatever is wrong with a profile or its token
        raise OptionError(f"there are no credentials for Planet that can be used; {_LOGIN}") from error
    return auth


def _mapped(error: Exception, what: str) -> SitewatchError:
    """What came out of the SDK as one sentence of ours; its texts are cleaned already."""
    said = redact_text(str(error)) if isinstance(error, exceptions.PlanetError) else ""
    told = f" ({said})" if said else ""
    if isinstance(error, exceptions.InvalidAPIKey | AuthException):
        return CatalogError(f"Planet does not accept the credentials{told}; {_LOGIN}")
    if what == "order" and isinstance(error, _REFUSALS):
        advice = "the quota does not suffice" if "quota" in said.lower() else "see what the account may order"
        return OrderError(f"Planet refused{told}; {advice}, nothing was ordered")
    if isinstance(error, exceptions.NoPermission):
        return CatalogError(f"Planet's {what}: the account may not do this{told}; ask who manages it")
    if isinstance(error, _TooLongError):
        if what == "file":
            return SceneError("is larger than it can be, and was not kept")
        return CatalogError(f"Planet's {what}: the answer is longer than can be read; ask for a shorter period")
    if isinstance(error, exceptions.APIError):
        return UnclearError(f"Planet's {what}: answered with an error{told}; try later")
    if isinstance(error, httpx.HTTPError):
        return UnclearError(
            f"Planet's {what}: no answer came ({type(error).__name__}); check the network, or try later"
        )
    return UnclearError(f"Planet's {what}: the answer is not understood ({type(error).__name__}); try later")


_REFUSALS = (
    exceptions.BadQuery,
    exceptions.NoPermission,
    exceptions.MissingResource,
    exceptions.Conflict,
    exceptions.TooManyRequests,
    exceptions.OverQuota,
)
"""Answers after which it is certain that no order was placed."""


async def _read(parts: AsyncIterator[bytes], most: int) -> bytes:
    kept, size = [], 0
    async for part in parts:
        size += len(part)
        if size > most:
            raise _TooLongError(most)
        kept.append(part)
    return b"".join(kept)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme.lower())


def _said(content: bytes, *, secret: str) -> str:
    """The messages in an error's body, short, printable, and without the credentials that it may repeat."""
    text = content.decode("utf-8", "replace")
    try:
        found = _messages(json.loads(text), 0)
    except (ValueError, RecursionError):
        found = [text] if not text.lstrip().startswith("<") else []
    said = " ".join(found)
    for part in secret.split():
        if len(part) > 7:
            said = said.replace(part, "***")
    return redact_text(clean(said) or "")[:200]


def _messages(told: object, depth: int) -> list[str]:
    if isinstance(told, str):
        return [told]
    if depth > 4:
        return []
    if isinstance(told, dict):
        inner = [
            told[key] for key in ("message", "error_message", "error", "general", "field", "errors") if key in told
        ]
        return [m for value in inner or told.values() for m in _messages(value, depth + 1)][:5]
    return [m for value in told for m in _messages(value, depth + 1)][:5] if isinstance(told, list) else []
