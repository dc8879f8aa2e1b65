"""When and how often to ask again."""

from __future__ import annotations

import datetime as dt
import email.utils
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["TRANSIENT", "Retry"]

TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP answers after which asking again can help."""


@dataclass(frozen=True, kw_only=True)
class Retry:
    """Exponential backoff with jitter that heeds what the server asks for."""

    attempts: int = 5
    """How often it is tried in all."""
    first_s: float = 0.5
    """Seconds before the second try; doubled for each further one."""
    longest_s: float = 60.0
    """No pause is longer, whatever the server asks for."""
    sleep: Callable[[float], None] = time.sleep
    """Does the waiting."""

    def pause_s(self, attempt: int, *, key: str, retry_after: str | None = None) -> float:
        """Seconds to wait after a failed try.

        Args:
            attempt: which try failed, from 1.
            key: what was asked for; spreads the pauses of parallel requests, the same way in every run.
            retry_after: the server's header of that name, where it sent one.
        """
        jitter = 0.5 + hashlib.sha256(f"{key} {attempt}".encode()).digest()[0] / 255
        own = self.first_s * 2.0 ** (attempt - 1) * jitter
        return float(min(self.longest_s, max(own, _seconds(retry_after))))


def _seconds(retry_after: str | None) -> float:
    """Retry-After is a number of seconds or a date (RFC 9110, 10.2.3)."""
    if not retry_after:
        return 0.0
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        until = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    if until.tzinfo is None:
        return 0.0
    return max(0.0, (until - dt.datetime.now(dt.UTC)).total_seconds())
