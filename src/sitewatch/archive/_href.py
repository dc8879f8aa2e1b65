"""Addresses: what may be followed, and how they are shown without secrets."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit, urlunsplit

__all__ = ["holds_secret", "is_remote", "redact", "redact_text", "vsi_path"]

_SECRET = re.compile(
    r"sig$|signature|token|key|secret|passw|auth|credential|session|policy|x-amz|x-goog|x-ms|subscription",
    re.IGNORECASE,
)
_URL = re.compile(r"\b(?:https?|s3)://[^\s'\"<>)]+", re.IGNORECASE)


def is_remote(href: str) -> bool:
    """True for http, https and s3 addresses; False for file paths."""
    return re.match(r"(?:https?|s3)://", href, re.IGNORECASE) is not None


def holds_secret(href: str) -> bool:
    """True: an address holds a user or a password, or a parameter that looks like a key; nobody may write it down."""
    try:
        parts = urlsplit(href)
        given = parse_qsl(parts.query, keep_blank_values=True) + parse_qsl(parts.fragment, keep_blank_values=True)
    except ValueError:
        return "@" in href
    return "@" in parts.netloc or any(_is_secret(name, value) for name, value in given)


def redact(href: str) -> str:
    """An address without user, password and the parameters of a signature; file paths as they are."""
    if not is_remote(href):
        return href
    try:
        parts = urlsplit(href)
        host = parts.hostname or ""
        host = f"[{host}]" if ":" in host else host
        netloc = f"{host}:{parts.port}" if parts.port else host
        given = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return href.partition("?")[0].rpartition("@")[2]
    # One secret parameter makes the others meaningless: a signature covers them all.
    query = "" if any(_is_secret(name, value) for name, value in given) else parts.query
    return urlunsplit((parts.scheme, netloc, parts.path, query, ""))


def _is_secret(name: str, value: str) -> bool:
    return _SECRET.search(name) is not None or len(value) > 64


def redact_text(text: str) -> str:
    """A message of another library, with every address in it redacted, on one line."""
    return " ".join(_URL.sub(lambda match: redact(match[0]), text).split())[:300]


def vsi_path(href: str) -> str:
    """What GDAL opens for an address; the prefix keeps it from being read as anything else."""
    if href.lower().startswith("s3://"):
        return "/vsis3/" + href[5:]
    return "/vsicurl/" + href
