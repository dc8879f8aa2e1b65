"""Fresh elements from an address, kept in a file for when it does not answer."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sitewatch.archive import Retry, fetch_bytes, holds_secret
from sitewatch.errors import CatalogError, InputError, OptionError, OutputError
from sitewatch.planning._elements import Elements, parse_elements
from sitewatch.planning._files import read_bytes
from sitewatch.whole import write_whole

__all__ = ["MAX_FETCHED_BYTES", "FetchedElements", "fetch_elements"]

MAX_FETCHED_BYTES = 2 * 1024 * 1024
"""More than this is no list of the satellites that watch sites."""

_QUICK = Retry(attempts=3, longest_s=10.0)
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, kw_only=True)
class FetchedElements:
    """Elements and where they come from."""

    elements: tuple[Elements, ...]
    """By satellite and epoch."""
    fetched: dt.datetime
    """When the address gave them, UTC. Their age for a prediction counts from their epochs, not from here."""
    cached: bool
    """True where they were kept from an earlier answer."""
    told: str | None
    """Why the address was not used, as a sentence with the age of what is used instead; None where it was."""

    @property
    def epochs(self) -> tuple[dt.datetime, dt.datetime]:
        """The oldest and the newest epoch."""
        epochs = [e.epoch for e in self.elements]
        return min(epochs), max(epochs)


def fetch_elements(
    url: str,
    cache: Path,
    *,
    now: dt.datetime,
    fresh_for: dt.timedelta = dt.timedelta(hours=6),
    retry: Retry = _QUICK,
    timeout_s: float = 20.0,
) -> FetchedElements:
    """Elements from an address, or what it gave last where it does not answer with elements.

    The address is not asked again while what it gave is younger than `fresh_for`: CelesTrak and Space-Track renew their
    elements a few times a day and block who asks more often.

    Args:
        url: https, of a file that `read_elements` reads, at most 2 MiB; http to this machine only.
        cache: a JSON file that keeps the answer with its time; its folder must exist.
        now: the time of asking, UTC.
        fresh_for: how long an answer is used without asking; 0: always ask.
        retry: how often to ask.
        timeout_s: longest silence of the server.

    Raises:
        OptionError: the address is not https, or holds a password or key, which would be kept in the cache.
        CatalogError: the address gave no elements and nothing is kept.
        OutputError: the answer cannot be kept.
    """
    _check_url(url)
    kept = _kept(cache, url)
    if kept is not None and dt.timedelta(0) <= now - kept.fetched < fresh_for:
        return kept
    try:
        content = fetch_bytes(url, max_bytes=MAX_FETCHED_BYTES, retry=retry, timeout_s=timeout_s)
        elements = parse_elements(content, name=url)
    except (CatalogError, InputError) as error:
        if kept is None:
            raise CatalogError(f"{error}; no earlier elements are kept in {cache}") from error
        newest = kept.epochs[1]
        told = (
            f"{error}; elements fetched on {kept.fetched:%Y-%m-%d %H:%MZ} are used, "
            f"the newest of {newest:%Y-%m-%d %H:%MZ}, {(now - newest).total_seconds() / 86400:.1f} days ago"
        )
        return FetchedElements(elements=kept.elements, fetched=kept.fetched, cached=True, told=told)
    _keep(cache, url, now, content)
    return FetchedElements(elements=elements, fetched=now, cached=False, told=None)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise OptionError(f"the address of the elements is broken ({error}); give an https address") from error
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and host in _THIS_MACHINE)):
        raise OptionError(f"the address of the elements must begin with https://, got {url[:80]!r}")
    if holds_secret(url):
        raise OptionError("the address of the elements holds a password or key, which would be kept; give one without")


def _kept(cache: Path, url: str) -> FetchedElements | None:
    """What is kept of this address; None where that is nothing, or nothing that can be used."""
    if not cache.exists():
        return None
    try:
        document = json.loads(read_bytes(cache))
        if document["url"] != url:
            return None
        fetched = dt.datetime.fromisoformat(document["fetched"])
        if fetched.tzinfo is None:
            return None
        elements = parse_elements(str(document["content"]).encode(), name=str(cache))
    except (InputError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return FetchedElements(elements=elements, fetched=fetched, cached=True, told=None)


def _keep(cache: Path, url: str, now: dt.datetime, content: bytes) -> None:
    """Whole or not at all: a run that is killed leaves what was kept before."""
    document = {
        "url": url,
        "fetched": now.astimezone(dt.UTC).isoformat().replace("+00:00", "Z"),
        "content": content.decode("utf-8", errors="replace"),
    }
    try:
        write_whole(cache, json.dumps(document).encode())
    except OSError as error:
        raise OutputError(f"{cache}: cannot be written ({error.strerror}); check its folder") from error
