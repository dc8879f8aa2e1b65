"""Which addresses may be opened, whoever leads to them."""

from __future__ import annotations

import functools
import ipaddress
import socket
from urllib.parse import urlsplit

from sitewatch.archive._href import is_remote
from sitewatch.archive._presets import BUCKETS
from sitewatch.errors import SceneError

__all__ = ["MAX_REDIRECTS", "check_address", "is_private"]

MAX_REDIRECTS = 5
"""More hops than this are not followed."""


def check_address(href: str, catalog: str, *, name: str) -> None:
    """Refuse what a remote catalog must not make us open.

    Host names are resolved, once in a run: one that later resolves to another address is not noticed.

    Args:
        href: the address to open.
        catalog: the address that led to it, which the user trusts.
        name: what to call it in messages.

    Raises:
        SceneError: the address is not on the web, is in a bucket that is not known, or lies in this machine's own
            network although the catalog does not.
    """
    try:
        parts = urlsplit(href)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise SceneError(f"{name}: has a broken address ({href[:80]!r}); tell the catalog's operator") from error
    if not is_remote(href) or not host or "\\" in href or any(c.isspace() or not c.isprintable() for c in href):
        raise SceneError(f"{name}: points to {href[:80]!r}, which is no web address and is not opened")
    if parts.scheme.lower() == "s3":
        if host not in BUCKETS:
            raise SceneError(
                f"{name}: lies in the s3 bucket {host[:80]!r}, which is not one that is read without a preset"
            )
        return
    if is_private(host) and not is_private(urlsplit(catalog).hostname or ""):
        raise SceneError(f"{name}: points into a private network ({host}), which is not opened for a public catalog")


@functools.lru_cache(maxsize=4096)
def is_private(host: str) -> bool:
    """True for this machine and its own network, by address, by name, or by what the name resolves to."""
    if host.lower().rstrip(".") == "localhost" or host.lower().endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ipaddress.ip_address(host.strip("[]")).is_global
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return any(not ipaddress.ip_address(str(entry[4][0]).partition("%")[0]).is_global for entry in found)
    except (OSError, ValueError):
        return False  # a name that does not resolve is not reached either
