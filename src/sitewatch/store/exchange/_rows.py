"""Rows of the store as files hold them: out in one order, and back in only what the store can hold.

A file holds every column but the bounds of a geometry, which follow from it.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum, auto
from typing import Any

import shapely
import sqlalchemy as sa
from shapely.geometry import MultiPolygon, Polygon

from sitewatch.errors import InputError, OutputError
from sitewatch.store._entries import Row
from sitewatch.store._geometry import geometry_columns
from sitewatch.store._schema import BOUNDS, METADATA, Utc

__all__ = [
    "LONGEST",
    "TABLES",
    "Holds",
    "Progress",
    "as_json",
    "checked_row",
    "columns",
    "count_rows",
    "from_json",
    "geometry_of",
    "holds",
    "key_of",
    "stored_rows",
]

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, of)."""

TABLES = {str(table.name): table for table in METADATA.tables.values()}
"""All tables by name, in the order in which files hold them."""

LONGEST = 16 << 20
"""Bytes of the largest value, and of the largest line, that a file may hold."""
_LONGEST_KEY = 800
"""Bytes of a text that is part of a key: three of them fit into an index of PostgreSQL, which takes 2704."""
_AT_ONCE = 1000
"""Rows fetched from a database at a time."""


class Holds(Enum):
    """What a column holds."""

    TEXT = auto()
    MOMENT = auto()
    """A `datetime` in UTC."""
    FLAG = auto()
    COUNT = auto()
    """A whole number of 32 bits."""
    NUMBER = auto()
    """A finite `float`."""
    JSON = auto()
    GEOMETRY = auto()
    """WKB of a Polygon or MultiPolygon, EPSG:4326."""


_KINDS: tuple[tuple[type[Any], Holds], ...] = (
    (Utc, Holds.MOMENT),
    (sa.LargeBinary, Holds.GEOMETRY),
    (sa.JSON, Holds.JSON),
    (sa.Boolean, Holds.FLAG),
    (sa.Integer, Holds.COUNT),
    (sa.Float, Holds.NUMBER),
    (sa.Text, Holds.TEXT),
)


@functools.cache
def holds(column: sa.Column[Any]) -> Holds:
    """What a column holds, by its type."""
    return next(kind for type_, kind in _KINDS if isinstance(column.type, type_))


@functools.cache
def columns(table: sa.Table) -> tuple[sa.Column[Any], ...]:
    """The columns of a table that a file holds."""
    return tuple(column for column in table.columns if column.name not in BOUNDS)


@functools.cache
def geometry_of(table: sa.Table) -> str | None:
    """The name of a table's geometry; None: it has none."""
    return next((column.name for column in columns(table) if holds(column) is Holds.GEOMETRY), None)


def key_of(table: sa.Table, row: Mapping[str, Any] | sa.RowMapping) -> tuple[Any, ...]:
    """The values of a row's key."""
    return tuple(row[column.name] for column in table.primary_key)


def count_rows(connection: sa.Connection, *, sites: Sequence[str] | None = None) -> dict[str, int]:
    """How many rows there are, by table; of some sites only, if they are given."""
    return {
        name: connection.execute(_of(sa.select(sa.func.count()).select_from(table), table, sites)).scalar_one()
        for name, table in TABLES.items()
    }


def stored_rows(connection: sa.Connection, table: sa.Table, *, sites: Sequence[str] | None = None) -> Iterator[Row]:
    """The rows of a table by key, in one order whatever the database, without the bounds of geometries.

    Args:
        connection: that reads.
        table: whose rows.
        sites: ids of those whose rows are asked for; None: all.

    Raises:
        OutputError: a row holds what no file can: a NUL character, or a number that is none.
    """
    # SQLite compares texts by their bytes; PostgreSQL does where it is told to, else by the rules of a language.
    bytewise = connection.dialect.name == "postgresql"
    order = [
        sa.collate(column, "C") if bytewise and holds(column) is Holds.TEXT else column for column in table.primary_key
    ]
    query = _of(sa.select(*columns(table)), table, sites).order_by(*order)
    names = [str(column.name) for column in columns(table)]
    for values in connection.execute(query.execution_options(yield_per=_AT_ONCE)):
        row = dict(zip(names, values, strict=True))
        for name, value in row.items():
            if isinstance(value, float):
                if not math.isfinite(value):
                    raise OutputError(f"{table.name} {_shown(key_of(table, row))}: {name} is {value}, not a number")
                # SQLite does not keep the sign of a zero, so no file does.
                row[name] = value + 0.0
            elif isinstance(value, str) and "\0" in value:
                raise OutputError(f"{table.name} {_shown(key_of(table, row))}: {name} holds a NUL character")
        yield row


def _of(query: sa.Select[Any], table: sa.Table, sites: Sequence[str] | None) -> sa.Select[Any]:
    return query if sites is None else query.where(table.c.site.in_(sites))


def as_json(value: object) -> str:
    """A value as JSON in ASCII on one line, the keys in the order in which they were written.

    Raises:
        OutputError: a number in it is not finite.
    """
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except ValueError as error:
        raise OutputError(f"a value cannot be written as JSON ({error}): {str(value)[:100]}") from error


def from_json(text: str | bytes, where: str) -> Any:
    """A value from JSON.

    Raises:
        InputError: it is none.
    """
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: is not JSON ({str(error)[:100]}); export it again") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def checked_row(table: sa.Table, told: Mapping[str, Any], where: str) -> Row:
    """A row for a table, from what a file tells.

    Args:
        table: where it belongs.
        told: by column: moments as `datetime` or ISO 8601 with a zone, geometry as WKB (bytes, or text of hexadecimal
            digits), JSON as its value.
        where: the file and the line or row, for sentences.

    Returns:
        All columns, the bounds of its geometry among them.

    Raises:
        InputError: a column is missing or unknown, or a value is not what the store holds there.
    """
    known = columns(table)
    names = {column.name for column in known}
    if unknown := sorted(set(told) - names):
        raise InputError(f"{where}: {table.name} has no column {str(unknown[0])[:60]!r}; export it again")
    if missing := sorted(names - set(told)):
        raise InputError(f"{where}: column {missing[0]!r} of {table.name} is missing; export it again")
    row: Row = {}
    for column in known:
        row |= _value(column, told[column.name], f"{where}: {table.name}.{column.name}")
    if row.get("until") is not None and row["until"] <= row["since"]:
        raise InputError(f"{where}: {table.name}: `until` must be later than `since`; export it again")
    allowed = _words().get(table.name, {})
    for name, words in allowed.items():
        if row[name] not in words:
            told_words = ", ".join(word or "(empty)" for word in sorted(words))
            raise InputError(f"{where}: {table.name}.{name} must be one of {told_words}; found {row[name][:60]!r}")
    return row


def _value(column: sa.Column[Any], value: Any, where: str) -> Row:
    kind = holds(column)
    if kind is Holds.JSON:
        _check_json(value, where)
        return {column.name: value}
    if value is None:
        if not column.nullable:
            raise InputError(f"{where}: is null, and must not be; export it again")
        return geometry_columns(column.name, None) if kind is Holds.GEOMETRY else {column.name: None}
    if kind is Holds.GEOMETRY:
        return geometry_columns(column.name, _footprint(value, where))
    if kind is Holds.TEXT and isinstance(value, str):
        _check_text(value, where, longest=_LONGEST_KEY if column.primary_key else LONGEST)
        return {column.name: value}
    if kind is Holds.MOMENT and isinstance(value, str | dt.datetime):
        return {column.name: _moment(value, where)}
    if kind is Holds.FLAG and isinstance(value, bool):
        return {column.name: value}
    if kind is Holds.COUNT and type(value) is int and abs(value) < 1 << 31:
        return {column.name: value}
    if kind is Holds.NUMBER and type(value) in (int, float) and abs(value) < 1e300:
        return {column.name: float(value) + 0.0}
    raise InputError(f"{where}: must be a {kind.name.lower()}, found {str(value)[:60]!r}; export it again")


def _check_json(value: object, where: str) -> None:
    """Refuse a value that JSON can tell but not keep, such as 1e999."""
    try:
        json.dumps(value, allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{where}: is not JSON ({error}); export it again") from None


def _check_text(value: str, where: str, *, longest: int) -> None:
    if "\0" in value:
        raise InputError(f"{where}: holds a NUL character; take it out")
    try:
        length = len(value.encode())
    except UnicodeEncodeError:
        raise InputError(f"{where}: holds half a character (a lone surrogate); take it out") from None
    if length > longest:
        raise InputError(f"{where}: is {length} bytes long; at most {longest} can be kept")


def _moment(value: str | dt.datetime, where: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
        if moment.tzinfo is not None:
            return moment.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        pass
    raise InputError(f"{where}: must be a moment such as 2019-01-31T00:00:00Z, found {str(value)[:60]!r}") from None


def _footprint(value: Any, where: str) -> Polygon | MultiPolygon:
    try:
        wkb = bytes.fromhex(value) if isinstance(value, str) else value
        footprint = shapely.from_wkb(wkb) if isinstance(wkb, bytes) else None
    except (ValueError, shapely.errors.ShapelyError) as error:
        raise InputError(f"{where}: cannot be read as WKB ({str(error)[:100]}); export it again") from None
    if not isinstance(footprint, Polygon | MultiPolygon) or footprint.is_empty or footprint.has_z or footprint.has_m:
        found = getattr(footprint, "geom_type", "nothing")
        raise InputError(f"{where}: must be a flat Polygon or MultiPolygon with an area, found {found}")
    west, south, east, north = footprint.bounds
    if not (-360 <= west <= east <= 360 and -90 <= south <= north <= 90):
        raise InputError(f"{where}: must lie on the globe, in degrees, found {footprint.bounds}")
    return footprint


@functools.cache
def _words() -> Mapping[str, Mapping[str, frozenset[str]]]:
    """The columns that hold one of a few words, by table."""
    from sitewatch.change import Kind
    from sitewatch.cube import Outcome
    from sitewatch.structures import Corrects, State

    return {
        "looks": {"outcome": frozenset(Outcome)},
        "structures": {"kind": frozenset(Kind)},
        "presences": {"state": frozenset(State)},
        "corrections": {"what": frozenset(Corrects)},
        "lineage": {"what": frozenset({"merged", "split"})},
        "conflicts": {"resolved": frozenset({"accepted", "kept", ""})},
        "reviews": {"verdict": frozenset({"confirm", "reject", "unsure"})},
    }


def _shown(key: Sequence[Any]) -> str:
    return "(" + ", ".join(str(part) for part in key) + ")"
