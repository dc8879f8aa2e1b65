"""Reading images over a network: range requests, patience, and an end to it.

GDAL follows redirects by itself, up to ten, and has no option against it. Where that could lead from a public address
into a private network, redirects are followed beforehand, each one checked, and GDAL is given the last address; a
server that redirects GDAL's requests otherwise than ours is not noticed.
"""

from __future__ import annotations

import http.client
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import rasterio
from rasterio.errors import RasterioError

from sitewatch.archive._address import MAX_REDIRECTS, check_address, is_private
from sitewatch.archive._cut import Piece
from sitewatch.archive._href import redact, redact_text
from sitewatch.archive._image import GDAL_OPTIONS
from sitewatch.archive._presets import BUCKETS
from sitewatch.archive._retry import TRANSIENT, Retry
from sitewatch.archive._sign import Signer
from sitewatch.errors import SceneError

__all__ = ["Remote"]

_GDAL_HTTP: Final[Mapping[str, Any]] = {
    "CPL_VSIL_CURL_NON_CACHED": "/vsicurl/:/vsis3/",  # GDAL remembers failures: a retry must really ask again
    "GDAL_HTTP_CONNECTTIMEOUT": "10",
    "GDAL_HTTP_TIMEOUT": "120",
    "GDAL_HTTP_LOW_SPEED_TIME": "30",
    "GDAL_HTTP_LOW_SPEED_LIMIT": "1",
    "GDAL_HTTP_MERGE_CONSECUTIVE_RANGES": "YES",
    "GDAL_HTTP_MAX_RETRY": "2",
    "GDAL_INGESTED_BYTES_AT_OPEN": "32768",
    "GDAL_HTTP_USERAGENT": "sitewatch",
}
_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"\xffO\xffQ", b"\0\0\0\x0c")
_SILENT = 8
"""After so many files in a row to which a server did not answer at all, it is asked for no more in this run."""


@dataclass(kw_only=True)
class Remote:
    """The servers of one run: how they are asked, and which of them have fallen silent. Shared by all threads."""

    signer: Signer | None = None
    retry: Retry = field(default_factory=lambda: Retry(attempts=4))
    _silent: dict[str, int] = field(default_factory=dict)
    """Files in a row without any answer, by host."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def cut(self, href: str, cut: Callable[..., Piece | None]) -> Piece | None:
        """Cut one image; `cut` is called with the `signed` address, inside a `rasterio.Env`.

        Raises:
            SceneError: it could not be had after all tries, or its server is known to be silent.
        """
        parts = urlsplit(href)
        name = redact(href).rpartition("/")[2]
        if self._silent.get(parts.netloc, 0) >= _SILENT:
            host = parts.hostname or ""
            raise SceneError(f"{name}: its server {host} did not answer {_SILENT} times before; try later")
        own = BUCKETS.get(parts.netloc, {}) if parts.scheme.lower() == "s3" else {}
        options = {**GDAL_OPTIONS, **_GDAL_HTTP, "GDAL_HTTP_RETRY_DELAY": str(self.retry.first_s), **own}
        for attempt in range(1, self.retry.attempts + 1):
            signed = self.signer(href) if self.signer else href
            try:
                signed = _landing(signed)
                with rasterio.Env(**options):
                    piece = cut(signed=signed)
            except (RasterioError, OSError) as error:
                failure = _failure(signed, error)
            else:
                self._note(parts.netloc, silent=False)
                return piece
            if attempt == self.retry.attempts or not failure.again:
                self._note(parts.netloc, silent=failure.silent)
                tries = f" ({attempt} tries)" if attempt > 1 else ""
                raise SceneError(f"{name}: {failure.said}{tries}; {failure.advice}")
            self.retry.sleep(self.retry.pause_s(attempt, key=redact(href), retry_after=failure.retry_after))
        raise AssertionError

    def _note(self, host: str, *, silent: bool) -> None:
        with self._lock:
            self._silent[host] = self._silent.get(host, 0) + 1 if silent else 0


@dataclass(frozen=True, kw_only=True)
class _Failure:
    """Why an image could not be read from afar."""

    said: str
    again: bool
    advice: str = "try later"
    retry_after: str | None = None
    silent: bool = False
    """True: there was no answer of any kind."""


class _CheckedRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects only to where the first address may lead."""

    max_redirections = MAX_REDIRECTS

    def __init__(self, origin: str) -> None:
        self._origin = origin

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:  # noqa: PLR0917
        """The next request, if it is allowed."""
        check_address(newurl, self._origin, name=f"{redact(self._origin).rpartition('/')[2]}: its redirect")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _ask(address: str, part: str) -> Any:
    """The answer to a request for a part of a file; the caller closes it."""
    request = urllib.request.Request(address, headers={"Range": part, "User-Agent": "sitewatch"})  # noqa: S310
    return urllib.request.build_opener(_CheckedRedirects(address)).open(request, timeout=20)


def _landing(address: str) -> str:
    """Where the redirects of a public web address end.

    Raises:
        SceneError: they lead where they must not.
        OSError: there was no answer.
    """
    if not address.lower().startswith(("http://", "https://")) or is_private(urlsplit(address).hostname or ""):
        return address
    try:
        with _ask(address, "bytes=0-0") as answer:
            return str(answer.geturl())
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(str(error)) from error


def _failure(address: str, error: Exception) -> _Failure:
    """Ask the server itself: GDAL only says that it failed."""
    told = redact_text(str(error.__cause__ or error))
    if not address.lower().startswith(("http://", "https://")):
        return _Failure(
            said=f"cannot be read ({told})", again=True, advice="check the access to its bucket, or try later"
        )
    try:
        with _ask(address, "bytes=0-1023") as answer:
            status, head = answer.status, answer.read(1024)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return _Failure(
                said=f"its server answered {refusal.code} {refusal.reason}".rstrip(),
                again=refusal.code in TRANSIENT,
                retry_after=refusal.headers.get("Retry-After"),
                advice="try later"
                if refusal.code in TRANSIENT
                else "the catalog may be out of date, or wants an account",
            )
    except (OSError, http.client.HTTPException, ValueError) as silence:
        reason = redact_text(str(getattr(silence, "reason", silence))) or type(silence).__name__
        return _Failure(said=f"its server did not answer ({reason})", again=True, silent=True)
    if not head.startswith(_MAGIC):
        return _Failure(
            said=f"what its server sends is no image (it begins {head[:20].decode('ascii', 'replace')!r})", again=True
        )
    if status != 206:
        return _Failure(
            said="its server does not serve parts of files (HTTP range requests)",
            again=False,
            advice="download the image and give the folder",
        )
    return _Failure(
        said=f"its pixels cannot be read ({told})", again=True, advice="the file on the server is damaged or cut short"
    )
