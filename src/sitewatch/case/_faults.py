"""What is wrong with a case file, and where."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from sitewatch.errors import InputError

__all__ = ["MOST", "Fault", "Finding", "Path", "did_you_mean", "dotted", "in_words", "refused"]

MOST = 20
"""So many faults are told at once."""

Path = tuple[str | int, ...]
"""Where something stands in a case: keys, and places in lists counted from 0."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that a check found in a case, wherever that came from."""

    path: Path
    """The field."""
    found: str
    do: str
    warning: bool = False
    """True: the case can be used as it is."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that was found in a case file; `str` gives the sentence."""

    file: str
    line: int | None
    """Line of the field, from 1; None where there is no one line."""
    field: str
    """The field, dotted; empty where no field can be named."""
    found: str
    do: str
    warning: bool = False
    """True: the case can be used as it is."""

    def __str__(self) -> str:
        where = (
            [self.file] + [f"line {self.line}"] * (self.line is not None) + [f"field {self.field}"] * bool(self.field)
        )
        return f"{', '.join(where)}: found {self.found}; {self.do}"


def refused(faults: Iterable[Fault]) -> InputError:
    """One error of several faults, each on a line of its own; the first `MOST` of them."""
    told = [str(fault) for fault in faults]
    more = [f"and {len(told) - MOST} faults more"] * (len(told) > MOST)
    return InputError("\n".join(told[:MOST] + more))


def dotted(path: Path) -> str:
    """A path as it is told: claims.statement.supports[1]."""
    told = ""
    for one in path:
        if isinstance(one, int):
            told += f"[{one}]"
        else:
            name = one if one.isprintable() and one and len(one) <= 80 else in_words(one)
            told += f".{name}" if told else name
    return told


def in_words(value: Any) -> str:
    """A value of a file in a sentence, shortened."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return f"fields ({_few(value)})" if value else "no fields"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    text = json.dumps(value, ensure_ascii=True) if isinstance(value, str | bool) else str(value)
    return text if len(text) <= 80 else f"{text[:76]} ..."


def did_you_mean(name: str, known: Sequence[str], *, none: str) -> str:
    """What to do about a name that is not known.

    Args:
        name: the name.
        known: those that are.
        none: what to do where there are none.
    """
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    return f"use one of {_few(known)}" if known else none


def _few(names: Iterable[object]) -> str:
    told = [str(name)[:64] for name in names]
    return ", ".join(told[:12]) + (" ..." if len(told) > 12 else "")
