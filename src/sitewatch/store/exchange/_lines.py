"""JSON lines: `{"sitewatch":{"schema":...}}`, then one row a line, `{"table":...}` and its columns.

Moments are ISO 8601 to the microsecond, geometry is WKB in hexadecimal digits, all is ASCII: the lines are whole after
any tool that takes lines, and the head comes first after sorting too.
"""

from __future__ import annotations

import contextlib
import gzip
import zlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import sqlalchemy as sa

from sitewatch.errors import InputError
from sitewatch.store._entries import Row
from sitewatch.store.exchange._rows import (
    LONGEST,
    TABLES,
    Holds,
    Progress,
    as_json,
    columns,
    from_json,
    holds,
    stored_rows,
)

__all__ = ["lines_schema", "read_lines", "write_lines"]

_LARGEST = 8 << 30
"""Bytes that are read at most, unpacked: what a few kilobytes can be made to unpack to has no end."""
_OFTEN = 1000
"""Rows between two calls of progress."""


def write_lines(
    connection: sa.Connection,
    path: Path,
    *,
    packed: bool,
    schema: str,
    sites: list[str] | None,
    total: int,
    progress: Progress,
) -> None:
    """Write all rows, packed with gzip if asked to."""
    done = 0
    with path.open("wb") as file, contextlib.ExitStack() as open_:
        # Neither the time nor the name goes into the file: the same rows are the same bytes.
        packing = open_.enter_context(gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0)) if packed else None
        out: BinaryIO = file if packing is None else cast(BinaryIO, packing)
        out.write(as_json({"sitewatch": {"schema": schema}}).encode() + b"\n")
        for table in TABLES.values():
            for row in stored_rows(connection, table, sites=sites):
                out.write(as_json({"table": table.name, **_told(table, row)}).encode() + b"\n")
                done += 1
                if done % _OFTEN == 0:
                    progress("writing rows", done, total)


def _told(table: sa.Table, row: Row) -> dict[str, Any]:
    told = {}
    for column in columns(table):
        value = row[column.name]
        if value is not None and holds(column) is Holds.MOMENT:
            value = value.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
        elif value is not None and holds(column) is Holds.GEOMETRY:
            value = value.hex().upper()
        told[column.name] = value
    return told


def read_lines(
    path: Path, *, packed: bool, progress: Progress
) -> Generator[tuple[str, sa.Table, dict[str, Any]], None, None]:
    """Read rows; the head's schema is given by `lines_schema`.

    Yields:
        Where the row stands, its table, and what is told of it.

    Raises:
        InputError: a line is none of sitewatch's.
    """
    with _told_of(path):
        total = _count(path, packed=packed)
        with _opened(path, packed=packed) as file:
            file.readline(LONGEST + 1)
            for number in range(2, total + 1):
                where = f"{path}, line {number}"
                line = file.readline(LONGEST + 1)
                if len(line) > LONGEST:
                    raise InputError(f"{where}: is longer than {LONGEST >> 20} MiB, which no row is")
                told = from_json(line, where)
                if not isinstance(told, dict) or not isinstance(told.get("table"), str):
                    raise InputError(f'{where}: must be an object with a "table"; export it again')
                name = told.pop("table")
                if name not in TABLES:
                    raise InputError(f"{where}: there is no table {name[:60]!r}; export it again")
                yield where, TABLES[name], told
                if number % _OFTEN == 0:
                    progress("reading rows", number, total)


def lines_schema(path: Path, *, packed: bool) -> object:
    """The schema that the first line names.

    Raises:
        InputError: it does not begin as sitewatch's lines do.
    """
    with _told_of(path), _opened(path, packed=packed) as file:
        head = from_json(file.readline(LONGEST), f"{path}, line 1")
    told = head.get("sitewatch") if isinstance(head, dict) else None
    if not isinstance(told, dict) or "schema" not in told:
        raise InputError(f'{path}, line 1: must be {{"sitewatch":{{"schema":...}}}}; give a file of `sitewatch export`')
    return told["schema"]


def _count(path: Path, *, packed: bool) -> int:
    """How many lines there are."""
    lines = length = 0
    last = b"\n"
    with _opened(path, packed=packed) as file:
        while part := file.read(1 << 20):
            lines += part.count(b"\n")
            length += len(part)
            last = part[-1:]
            if length > _LARGEST:
                raise InputError(f"{path}: unpacks to more than {_LARGEST >> 30} GiB, which is not read")
    return lines + (last != b"\n")


def _opened(path: Path, *, packed: bool) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if packed else path.open("rb")


@contextlib.contextmanager
def _told_of(path: Path) -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path}: is damaged ({error}); export it again") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); mend its rights") from error
