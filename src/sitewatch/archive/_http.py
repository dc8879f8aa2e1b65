"""JSON and small files over HTTP: bounded, retried, and checked to be whole."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urljoin

import httpx

from sitewatch.archive._address import MAX_REDIRECTS, check_address
from sitewatch.archive._href import redact, redact_text
from sitewatch.archive._retry import TRANSIENT, Retry
from sitewatch.errors import CatalogError, SceneError

__all__ = ["HttpStatusError", "JsonClient", "fetch_bytes"]

_T = TypeVar("_T")

_MAX_BYTES = 64 * 1024 * 1024
_MAX_SECONDS = 180.0


class _TryAgainError(Exception):
    """A try failed in a way that another one may mend."""

    def __init__(self, said: str, *, retry_after: str | None = None) -> None:
        super().__init__(said)
        self.retry_after = retry_after


@dataclass(frozen=True, kw_only=True)
class JsonClient:
    """Asks for JSON documents of at most 64 MiB."""

    retry: Retry = field(default_factory=Retry)
    timeout_s: float = 30.0
    """Longest silence of a server."""

    def ask(
        self,
        url: str,
        *,
        method: str = "GET",
        body: Mapping[str, object] | None = None,
        params: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> str:
        """The text of a JSON answer.

        Raises:
            CatalogError: no whole JSON document came after all tries.
        """
        return _tried(
            url,
            self.retry,
            lambda: _json_text(
                _answer(
                    url,
                    method=method,
                    body=body,
                    params=params,
                    headers={"Accept": "application/geo+json, application/json", **(headers or {})},
                    timeout_s=self.timeout_s,
                    max_bytes=_MAX_BYTES,
                )
            ),
        )


def fetch_bytes(url: str, *, max_bytes: int, retry: Retry | None = None, timeout_s: float = 30.0) -> bytes:
    """A file of at most `max_bytes` bytes.

    Args:
        url: where it lies; redirects are followed where they lead to the web, and not from there into this network.
        max_bytes: more than this is refused.
        retry: how often to ask; default as for JSON.
        timeout_s: longest silence of the server.

    Raises:
        CatalogError: it did not come whole after all tries.
    """
    ask = lambda: _answer(
        url, method="GET", body=None, params=None, headers={}, timeout_s=timeout_s, max_bytes=max_bytes
    )
    return _tried(url, retry or Retry(), ask)


def _tried(url: str, retry: Retry, ask: Callable[[], _T]) -> _T:
    shown = redact(url)
    for attempt in range(1, retry.attempts + 1):
        try:
            return ask()
        except _TryAgainError as failure:
            if attempt == retry.attempts:
                raise CatalogError(
                    f"{shown}: {failure} ({attempt} tries); try later, or check the address and the network"
                ) from failure
            retry.sleep(retry.pause_s(attempt, key=shown, retry_after=failure.retry_after))
    raise AssertionError


def _answer(
    url: str,
    *,
    method: str,
    body: Mapping[str, object] | None,
    params: Mapping[str, object] | None,
    headers: Mapping[str, str],
    timeout_s: float,
    max_bytes: int,
) -> bytes:
    try:
        with (
            httpx.Client(
                timeout=httpx.Timeout(timeout_s, connect=10.0),
                follow_redirects=True,
                max_redirects=MAX_REDIRECTS,
                event_hooks={"response": [_check_redirect(url)]},
            ) as client,
            client.stream(
                method,
                url,
                json=body,
                params=dict(params) if params else None,  # type: ignore[arg-type]
                headers=dict(headers),
            ) as response,
        ):
            return _read(url, response, max_bytes)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise CatalogError(f"{redact(url)}: is no web address ({error}); give the API's http(s) address") from error
    except SceneError as error:
        raise CatalogError(f"{redact(url)}: {error}") from error
    except httpx.TooManyRedirects as error:
        raise CatalogError(f"{redact(url)}: redirects more than {MAX_REDIRECTS} times; check the address") from error
    except httpx.TimeoutException as error:
        raise _TryAgainError("did not answer in time") from error
    except httpx.HTTPError as error:
        raise _TryAgainError(f"did not answer ({redact_text(str(error)) or type(error).__name__})") from error


def _json_text(content: bytes) -> str:
    try:
        text = content.decode("utf-8")
        json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _TryAgainError("answered with something that is not whole JSON") from error
    return text


def _read(url: str, response: httpx.Response, max_bytes: int) -> bytes:
    status = response.status_code
    if status in TRANSIENT:
        raise _TryAgainError(
            f"answered {status} {response.reason_phrase}".strip(), retry_after=response.headers.get("retry-after")
        )
    if not response.is_success:
        raise HttpStatusError(redact(url), status, response.reason_phrase)
    parts, size, end = [], 0, time.monotonic() + _MAX_SECONDS
    for part in response.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > max_bytes:
            raise CatalogError(f"{redact(url)}: answered with more than {max_bytes >> 20} MiB; ask for less")
        if time.monotonic() > end:
            raise _TryAgainError("answered too slowly")
    return b"".join(parts)


def _check_redirect(origin: str) -> Callable[[httpx.Response], None]:
    """A hook that refuses to follow a redirect to where `origin` must not lead; called before each is followed."""

    def check(response: httpx.Response) -> None:
        if response.has_redirect_location:
            try:
                target = urljoin(str(response.url), response.headers["location"])
            except ValueError as error:
                raise SceneError("its redirect has a broken address; tell its operator") from error
            check_address(target, origin, name="its redirect")

    return check


class HttpStatusError(CatalogError):
    """The server refused; asking again would not help."""

    def __init__(self, shown: str, status: int, phrase: str) -> None:
        self.status = status
        advice = {
            401: "it wants to know who asks; give access data as its provider describes",
            403: "it does not allow this; check your access to it",
            404: "check the address",
        }.get(status, "check the address and what was asked")
        super().__init__(f"{shown}: answered {status} {phrase}".rstrip() + f"; {advice}")
