"""Files that come from elsewhere: bounded, and XML without what makes it dangerous."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from xml.parsers import expat

from sitewatch.errors import InputError

__all__ = ["MAX_BYTES", "decoded", "read_bytes", "xml_tree"]

MAX_BYTES = 16 * 1024 * 1024
"""No file of elements or plans is larger: all satellites of a catalogue take 2 MB, a plan 3 MB."""


def read_bytes(path: Path, *, limit: int = MAX_BYTES) -> bytes:
    """The file's content.

    Raises:
        InputError: the file cannot be read or has more than `limit` bytes.
    """
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check its name and rights") from error
    if len(content) > limit:
        raise InputError(f"{path}: has more than {limit >> 20} MiB; give a file of fewer satellites or days")
    return content


def decoded(content: bytes) -> str:
    """Text in UTF-8, or in Latin-1 where it is none; a byte order mark is dropped."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def xml_tree(content: bytes, *, name: str) -> ET.Element:
    """The root of an XML document that declares no document type, and so no entities (bombs, files of this machine).

    Raises:
        InputError: it is not whole XML, or declares a document type.
    """
    guard = expat.ParserCreate()
    guard.StartDoctypeDeclHandler = _refuse
    try:
        guard.Parse(content, True)
        return ET.fromstring(content)  # noqa: S314 - no document type, no entities
    except _DoctypeError as error:
        raise InputError(f"{name}: declares a document type, which is not read; remove the <!DOCTYPE> line") from error
    except (expat.ExpatError, ET.ParseError, ValueError, LookupError) as error:
        raise InputError(f"{name}: is not whole XML ({error}); fetch it again") from error


class _DoctypeError(Exception):
    """A document type was declared."""


def _refuse(*_: object) -> None:
    raise _DoctypeError
