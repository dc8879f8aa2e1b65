"""Texts for a terminal: what others wrote must not steer it."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["plain", "say"]

_NEEDED = frozenset("\n\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}")
"""What lines, and letters and signs that join or must not, are written with."""
_SUSPECT = re.compile(r"[^ -~]")


def plain(text: object) -> str:
    """A text with a replacement sign for every control and format character, and half of a pair; lines stay lines."""
    return _SUSPECT.sub(lambda found: _shown(found[0]), str(text).replace("\r\n", "\n").replace("\t", " "))


def say(text: object) -> None:
    """A line of a result for people, on standard output."""
    print(plain(text))


def _shown(character: str) -> str:
    steers = unicodedata.category(character) in {"Cc", "Cf", "Cs"} and character not in _NEEDED
    return "\N{REPLACEMENT CHARACTER}" if steers else character
