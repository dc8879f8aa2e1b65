"""Writing claims into a case file, and nothing else of it.

The text of the new claims is set in where the parser says that the claims end; what stands before and after stays as it
is to the byte. What comes out is read and checked before it takes the place of the file.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from sitewatch.case._faults import MOST, refused
from sitewatch.case._file import Read, parse_case, read_bytes
from sitewatch.case._model import Claim
from sitewatch.errors import InputError, OutputError

__all__ = ["add_claims", "free_key", "quoted", "slug"]

_UNPRINTED = re.compile("[^ -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_PLAIN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[A-F]|[a-z]+(-[a-z0-9]+)*")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
"""Read as something else than text, by some."""
_BOM = b"\xef\xbb\xbf"


def add_claims(path: Path, claims: Mapping[str, Claim], *, where: Mapping[str, str] | None = None) -> None:
    """Add claims to a case file. Comments, order and writing of everything else stay as they are, and so does its mode.

    Args:
        path: the case file; it must be without errors.
        claims: by key, none of which the case has.
        where: where each claim comes from, as errors name it; default its field.

    Raises:
        InputError: the file cannot be read or has errors, a key is taken, or the case would have errors with these
            claims. The file is then as it was.
        OutputError: it cannot be written.
    """
    raw = read_bytes(path)
    before = parse_case(raw, name=str(path))
    if before.case is None or before.errors:
        raise refused(before.errors)
    taken = [key for key in claims if key in before.case.claims]
    if taken:
        raise InputError(f"{path}: has a claim {taken[0]} already; give another key, or change that one by hand")
    if not claims:
        return
    bom = _BOM if raw.startswith(_BOM) else b""
    made = bom + _with(raw[len(bom) :].decode("utf-8"), before, claims).encode("utf-8")
    after = parse_case(made, name=str(path))
    if after.case is None and not _told(after, claims):
        raise InputError(f"{path}: its claims are written in a way that cannot be added to; write them as a block")
    if after.errors:
        raise InputError(_with_them(path, after, claims, where or {}))
    assert after.case is not None
    if after.case != before.case.model_copy(update={"claims": {**before.case.claims, **claims}}):
        raise InputError(f"{path}: its claims are written in a way that cannot be added to; write them as a block")
    _replace(path, raw, made)


def slug(text: str) -> str:
    """A text as a key: lower-case letters and digits, the rest as hyphens; empty where it has none."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:64].rstrip("-")


def free_key(wanted: str, taken: Collection[str]) -> str:
    """A key that is not taken: the wanted one, or it with a number."""
    key, n = wanted, 1
    while key in taken:
        n += 1
        key = f"{wanted[: 63 - len(str(n))].rstrip('-')}-{n}"
    return key


def quoted(text: str) -> str:
    """A text in YAML's double quotes, on one line."""
    escape = lambda found: f"\\u{ord(found[0]):04x}"
    return _UNPRINTED.sub(escape, json.dumps(text, ensure_ascii=False))


def _told(after: Read, claims: Mapping[str, Claim]) -> bool:
    """True: the faults of what came out lie in the new claims."""
    return all(fault.field.startswith(tuple(f"claims.{key}" for key in claims)) for fault in after.errors)


def _with_them(path: Path, after: Read, claims: Mapping[str, Claim], where: Mapping[str, str]) -> str:
    """The faults that a case would have; its lines would be those of a file that is not there."""
    told = []
    for fault in after.errors[:MOST]:
        key = next((one for one in claims if f"{fault.field}.".startswith(f"claims.{one}.")), None)
        begin, field = str(path), fault.field
        if key is not None and key in where:
            begin, field = where[key], fault.field.removeprefix(f"claims.{key}.")
        told.append(f"{begin}, field {field}: found {fault.found}; {fault.do}")
    more = [f"and {len(after.errors) - MOST} faults more"] * (len(after.errors) > MOST)
    return "\n".join([*told, *more, "nothing was added"])


def _with(text: str, before: Read, claims: Mapping[str, Claim]) -> str:
    """The text of a case with claims added to it."""
    root = before.tree.root
    assert isinstance(root, MappingNode)
    end = "\r\n" if "\r\n" in text else "\n"
    section = next((value for key, value in root.value if key.value == "claims"), None)
    if root.flow_style or (section is not None and section.flow_style and section.value):
        flow = ", ".join(f"{json.dumps(key)}: {_flow(_fields(claim))}" for key, claim in claims.items())
        into = root if section is None else section
        at = into.end_mark.index - 1
        flow = f'"claims": {{{flow}}}' if section is None else flow
        return f"{text[:at].rstrip()}{', ' if into.value else ''}{flow}{text[at:]}"
    if section is None:
        at = _after(text, root, indent=0)
        lines = ["", "claims:", *_block(claims, 2, 2)]
    elif section.value:
        first, fields = section.value[0]
        column = first.start_mark.column
        nested = isinstance(fields, MappingNode) and not fields.flow_style and bool(fields.value)
        at = _after(text, section, indent=column)
        lines = [*_block(claims, column, fields.value[0][0].start_mark.column - column if nested else 2)]
    else:
        text = text[: section.start_mark.index].rstrip(" ") + text[section.end_mark.index :]
        at = _line_end(text, section.start_mark.index - 1)
        lines = [*_block(claims, 2, 2)]
    begin = text[:at]
    if not begin.endswith("\n"):
        begin += end
    return begin + end.join(lines) + end + text[at:]


def _after(text: str, node: Node, *, indent: int) -> int:
    """Where the line after a block ends that is its last, comments among it."""
    last: Any = node
    while not isinstance(last, ScalarNode) and not last.flow_style and last.value:
        last = last.value[-1][1] if isinstance(last, MappingNode) else last.value[-1]
    at: int = last.end_mark.index
    if getattr(last, "style", None) not in {"|", ">"}:
        at = _line_end(text, at)
    told = at
    while at < len(text):
        following = _line_end(text, at)
        line = text[at:following]
        if line.strip() and not (line.lstrip().startswith("#") and len(line) - len(line.lstrip()) >= indent):
            break
        at = following
        if line.strip():
            told = at
    return told


def _line_end(text: str, at: int) -> int:
    """Where the next line begins."""
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def _block(claims: Mapping[str, Claim], column: int, step: int) -> Iterator[str]:
    for key, claim in claims.items():
        yield f"{' ' * column}{_short(key)}:"
        for name, value in _fields(claim).items():
            yield f"{' ' * (column + step)}{name}: {_short(value)}"


def _fields(claim: Claim) -> dict[str, Any]:
    """The fields of a claim that say something."""
    told = claim.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {name: value for name, value in told.items() if value != []}


def _short(value: Any) -> str:
    """A value as somebody would write it: days, keys and grades without quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_short(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_short, value)) + "]"
    plain = isinstance(value, str) and _PLAIN.fullmatch(value) and value not in _WORDS
    return value if plain else _flow(value)


def _flow(value: Any) -> str:
    """A value as JSON, which is YAML too."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)}: {_flow(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return quoted(value) if isinstance(value, str) else json.dumps(value)


def _replace(path: Path, before: bytes, after: bytes) -> None:
    """Put a file in the place of another, whole or not at all, with its mode.

    Raises:
        InputError: somebody else has changed it meanwhile.
        OutputError: it cannot be written.
    """
    place = path.resolve()  # a link stays one
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{place.name}-", dir=place.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(after)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(place.stat().st_mode & 0o7777)
        if place.read_bytes() != before:
            raise InputError(f"{path}: was changed by somebody else meanwhile; run the command again")
        Path(temporary).replace(place)
        temporary = None
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror}); nothing was added") from error
    finally:
        if temporary is not None:
            with suppress(OSError):
                Path(temporary).unlink()
