"""Reading images over a network: range requests, patience, and an end to it."""

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


def _failure(address: str, error: Exception) -> _Failure:
    """Ask the server itself: GDAL only says that it failed."""
    told = redact_text(str(error.__cause__ or error))
    if not address.lower().startswith(("http://", "https://")):
        return _Failure(
            said=f"cannot be read ({told})", again=True, advice="check the access to its bucket, or try later"
        )
    request = urllib.request.Request(address, headers={"Range": "bytes=0-1023", "User-Agent": "sitewatch"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - http and https only, see above
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
