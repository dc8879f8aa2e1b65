"""Addresses that must be signed before they can be read."""

from __future__ import annotations

import datetime as dt
import json
import re
import threading
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from sitewatch.archive._http import JsonClient
from sitewatch.archive._times import parse_moment
from sitewatch.errors import CatalogError, SceneError

__all__ = ["PlanetaryComputerSigner", "Signer"]

_ENDPOINT = "https://planetarycomputer.microsoft.com/api/sas/v1/token"
_BLOB_HOST = re.compile(r"([a-z0-9]{3,24})\.blob\.core\.windows\.net")
_CONTAINER = re.compile(r"[a-z0-9-]{3,63}")
_SPARE = dt.timedelta(minutes=5)


class Signer(Protocol):
    """Adds to an address what its server wants to see. What it adds is never kept or shown."""

    def __call__(self, href: str) -> str:
        """The address to open; the same one where no signature is needed."""
        ...


@dataclass(kw_only=True)
class PlanetaryComputerSigner:
    """Read tokens of the Planetary Computer: one per storage container, asked for when needed, kept until it ends."""

    endpoint: str = _ENDPOINT
    client: JsonClient = field(default_factory=JsonClient, repr=False)
    _tokens: dict[tuple[str, str], tuple[str, dt.datetime]] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __call__(self, href: str) -> str:
        """Sign an address of Azure's blob storage; others, and those with a query already, stay as they are.

        Raises:
            SceneError: no token could be had.
        """
        parts = urlsplit(href)
        host = _BLOB_HOST.fullmatch((parts.hostname or "").lower())
        container = parts.path.lstrip("/").partition("/")[0]
        if parts.scheme.lower() != "https" or host is None or parts.query or not _CONTAINER.fullmatch(container):
            return href
        return f"{href}?{self._token(host[1], container)}"

    def _token(self, account: str, container: str) -> str:
        with self._lock:
            token, expires = self._tokens.get((account, container), ("", dt.datetime.min.replace(tzinfo=dt.UTC)))
            if expires > dt.datetime.now(dt.UTC) + _SPARE:
                return token
            try:
                answer = json.loads(self.client.ask(f"{self.endpoint}/{account}/{container}"))
                token, expiry = answer["token"], parse_moment(answer["msft:expiry"])
            except (CatalogError, KeyError, TypeError) as error:
                raise SceneError(
                    f"no read token for {account}/{container} could be had ({error}); try later"
                ) from error
            if not isinstance(token, str) or expiry is None or re.search(r"[\s#]", token):
                raise SceneError(f"no read token for {account}/{container} could be had (odd answer); try later")
            self._tokens[account, container] = (token, expiry.at)
            return token
