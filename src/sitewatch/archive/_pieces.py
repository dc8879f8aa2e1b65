"""Cutting all files of a scene, from disk or by range requests over a network, as often as it takes."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import rasterio
from rasterio.errors import RasterioError

from sitewatch.archive._cut import Piece, cut_file
from sitewatch.archive._href import is_remote, redact, redact_text
from sitewatch.archive._image import GDAL_OPTIONS
from sitewatch.archive._presets import BUCKETS
from sitewatch.archive._retry import TRANSIENT, Retry
from sitewatch.archive._scene import Band, Scene
from sitewatch.archive._sign import Signer
from sitewatch.archive._store import scene_slug
from sitewatch.errors import SceneError
from sitewatch.site import Site

__all__ = ["cut_scene"]

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


def cut_scene(
    scene: Scene, site: Site, folder: Path, *, signer: Signer | None = None, retry: Retry | None = None
) -> list[Piece] | None:
    """The COGs of a scene, for its folder in the archive; None where it shows nothing of the site.

    Raises:
        SceneError: a file of it cannot be used, or not be had after all tries.
    """
    files: dict[str, list[Band]] = {}
    for band in scene.bands:
        files.setdefault(band.href, []).append(band)
    pieces = []
    used: set[str] = set()
    for href, bands in files.items():
        target = folder / _file_name(bands, used)
        cut = partial(cut_file, href, bands, site, target=target, alone=len(files) == 1)
        try:
            piece = (
                _cut_remote(href, cut, signer=signer, retry=retry or Retry(attempts=4))
                if is_remote(href)
                else _cut_local(href, cut)
            )
        except MemoryError as error:
            raise SceneError(f"{target.name}: there is not enough memory to read it; split the site") from error
        if piece is None:
            return None
        pieces.append(piece)
    return pieces


def _cut_local(href: str, cut: Callable[[], Piece | None]) -> Piece | None:
    try:
        with rasterio.Env(**GDAL_OPTIONS):
            return cut()
    except (RasterioError, OSError) as error:
        raise SceneError(
            f"{Path(href).name}: its pixels cannot be read ({redact_text(str(error.__cause__ or error))}); "
            "it is damaged or cut short, get the file again"
        ) from error


def _cut_remote(href: str, cut: Callable[..., Piece | None], *, signer: Signer | None, retry: Retry) -> Piece | None:
    parts = urlsplit(href)
    own = BUCKETS.get(parts.netloc, {}) if parts.scheme.lower() == "s3" else {}
    name = redact(href).rpartition("/")[2]
    options = {**GDAL_OPTIONS, **_GDAL_HTTP, "GDAL_HTTP_RETRY_DELAY": str(retry.first_s), **own}
    for attempt in range(1, retry.attempts + 1):
        signed = signer(href) if signer else href
        try:
            with rasterio.Env(**options):
                return cut(signed=signed)
        except (RasterioError, OSError) as error:
            failure = _failure(signed, error)
        if attempt == retry.attempts or not failure.again:
            tries = f" ({attempt} tries)" if attempt > 1 else ""
            raise SceneError(f"{name}: {failure.said}{tries}; {failure.advice}")
        retry.sleep(retry.pause_s(attempt, key=redact(href), retry_after=failure.retry_after))
    raise AssertionError


@dataclass(frozen=True, kw_only=True)
class _Failure:
    """Why an image could not be read from afar."""

    said: str
    again: bool
    advice: str = "try later"
    retry_after: str | None = None


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
        return _Failure(said=f"its server did not answer ({reason})", again=True)
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


def _file_name(bands: Sequence[Band], used: set[str]) -> str:
    stem = scene_slug(bands[0].name) if len(bands) == 1 else "image"
    name, number = f"{stem}.tif", 2
    while name in used:
        name, number = f"{stem}-{number}.tif", number + 1
    used.add(name)
    return name
