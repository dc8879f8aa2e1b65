"""GeoPackage: one layer a table, those with a geometry in EPSG:4326, the others as attributes.

Three things are told so that nothing is lost and a GIS understands it all the same:

* a DATETIME is exact to the millisecond, a moment of the store to the microsecond: the column `microseconds` says, as
  JSON, what a row's moments have beyond that;
* a layer holds MultiPolygons: `single_part` is true where the store holds a Polygon;
* JSON is TEXT.

Two layers more are for the eye alone and not read back: `structures_now`, what is known on the day of the export, and
`layer_styles`, by which QGIS draws. Written through GDAL, which makes valid headers and spatial indexes; read as the
SQLite file that it is, so that each value is checked as it stands, and no driver but the one that is meant is asked.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import sqlite3
import struct
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from shapely.geometry import MultiPolygon, Polygon

from sitewatch.errors import InputError, OptionError, OutputError
from sitewatch.store import _schema as t
from sitewatch.store._entries import Row, known_at
from sitewatch.store.exchange._rows import (
    LONGEST,
    TABLES,
    Holds,
    Progress,
    as_json,
    columns,
    from_json,
    geometry_of,
    holds,
    stored_rows,
)
from sitewatch.store.exchange._styles import layer_styles

__all__ = ["geopackage_schema", "read_geopackage", "write_geopackage"]

_NOW = "structures_now"
_HEAD = "sitewatch"
"""The layer that tells the schema."""
_OWN = frozenset({_NOW, _HEAD, "layer_styles"})
_SINGLE = "single_part"
_MICROSECONDS = "microseconds"
_AT_ONCE = 20_000
"""Rows handed to GDAL at a time."""
_APPLICATION = 0x47504B47
"""'GPKG', by which the file is known (OGC 12-128r19, requirement 2)."""
_ENVELOPES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
"""Bytes of the envelope in a geometry's header, by its code (OGC 12-128r19, table 6)."""
_VERSION = "1.2"
"""Of the standard: what is written needs no later one, and GDAL and QGIS of years ago read it without a warning."""
_EPSG = 4326
_UTC = 100
"""GDAL's flag for a moment in UTC."""


def write_geopackage(
    connection: sa.Connection,
    path: Path,
    *,
    schema: str,
    sites: Sequence[str] | None,
    total: int,
    progress: Progress,
) -> None:
    """Write all rows.

    Raises:
        OptionError: GDAL takes the folder's name for something else than a folder.
        OutputError: it could not be written.
    """
    if "!" in str(path) or "://" in str(path):
        raise OptionError(
            f"{path.parent.parent}: GDAL writes into no folder with '!' or '://' in its name; choose another"
        )
    done = 0
    _write(path, _HEAD, {"schema": Holds.TEXT}, [{"schema": schema}])
    for table in TABLES.values():
        fields = _fields(table)
        rows = (_flat(table, row) for row in stored_rows(connection, table, sites=sites))
        # The first part makes the layer, also where there are no rows.
        part = list(itertools.islice(rows, _AT_ONCE))
        _write(path, str(table.name), fields, part)
        while part:
            done += len(part)
            progress("writing rows", done, total)
            part = list(itertools.islice(rows, _AT_ONCE))
            if part:
                _write(path, str(table.name), fields, part, append=True)
    _write(path, _NOW, _NOW_FIELDS, _known_now(connection, sites))
    layers = {name: geometry for name, table in TABLES.items() if (geometry := geometry_of(table))}
    styles = layer_styles({**layers, _NOW: "footprint"})
    kinds = {name: Holds.FLAG if name == "useAsDefault" else Holds.TEXT for name in styles[0]}
    _write(path, "layer_styles", kinds, styles)


def geopackage_schema(path: Path) -> object:
    """The schema that a GeoPackage names.

    Raises:
        InputError: it is no GeoPackage of sitewatch.
    """
    with _opened(path) as connection:
        _check_layers(connection, path)
        row = connection.execute(f'SELECT schema FROM "{_HEAD}"').fetchone()  # noqa: S608 - a constant
    return None if row is None else row[0]


def read_geopackage(path: Path, *, progress: Progress) -> Generator[tuple[str, sa.Table, dict[str, Any]], None, None]:
    """Read rows.

    Yields:
        Where the row stands, its table, and what is told of it.

    Raises:
        InputError: the file is no GeoPackage, or a layer or value in it none of sitewatch's.
    """
    with _opened(path) as connection:
        _check_layers(connection, path)
        # All names below are those of our own tables, and columns checked to be theirs.
        counts = {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in TABLES}  # noqa: S608
        done, total = 0, sum(counts.values())
        for table in TABLES.values():
            names = list(_fields(table))
            listed = ", ".join(f'"{name}"' for name in names)
            for values in connection.execute(f'SELECT fid, {listed} FROM "{table.name}" ORDER BY fid'):  # noqa: S608
                where = f"{path}, layer {table.name}, feature {values[0]}"
                yield where, table, _told(table, dict(zip(names, values[1:], strict=True)), where)
                done += 1
                if done % 1000 == 0:
                    progress("reading rows", done, total)


def _fields(table: sa.Table) -> dict[str, Holds]:
    """The columns of a table's layer."""
    fields = {str(column.name): holds(column) for column in columns(table)}
    if Holds.MOMENT in fields.values():
        fields[_MICROSECONDS] = Holds.TEXT
    if Holds.GEOMETRY in fields.values():
        fields[_SINGLE] = Holds.FLAG
    return fields


def _flat(table: sa.Table, row: Row) -> Row:
    """A row of the store as its layer holds it."""
    flat = dict(row)
    beyond = {
        name: value.microsecond % 1000
        for name, value in row.items()
        if isinstance(value, dt.datetime) and value.microsecond % 1000
    }
    flat[_MICROSECONDS] = as_json(beyond) if beyond else None
    if (name := geometry_of(table)) is not None:
        footprint = None if row[name] is None else shapely.from_wkb(row[name])
        flat[_SINGLE] = isinstance(footprint, Polygon)
    return flat


def _told(table: sa.Table, flat: Row, where: str) -> Row:
    """A row of a layer as `checked_row` takes it."""
    beyond: object = flat.pop(_MICROSECONDS, None)
    single = flat.pop(_SINGLE, False)
    for column in columns(table):
        name, value = column.name, flat[column.name]
        kind = holds(column)
        if kind is Holds.JSON:
            if not isinstance(value, str):
                raise InputError(f"{where}: {name} must be JSON as text, found {str(value)[:60]!r}")
            flat[name] = from_json(value, f"{where}: {name}")
        elif kind is Holds.FLAG and value in (0, 1):
            flat[name] = bool(value)
        elif kind is Holds.GEOMETRY and value is not None:
            flat[name] = _wkb(value, f"{where}: {name}", single=bool(single))
    if beyond is not None:
        _put_microseconds(flat, beyond, where)
    return flat


def _put_microseconds(flat: Row, text: object, where: str) -> None:
    beyond = from_json(text, f"{where}: {_MICROSECONDS}") if isinstance(text, str) else None
    if not isinstance(text, str) or not isinstance(beyond, dict):
        raise InputError(f"{where}: {_MICROSECONDS} must be a JSON object, found {str(text)[:60]!r}")
    for name, part in beyond.items():
        moment = flat.get(name)
        if type(part) is not int or not 0 <= part < 1000 or not isinstance(moment, str):
            raise InputError(
                f"{where}: {_MICROSECONDS} must name moments, and 0 to 999 beyond the millisecond of each, found "
                f"{text[:60]!r}"
            )
        with contextlib.suppress(ValueError, OverflowError):  # what is no moment is told later
            flat[name] = dt.datetime.fromisoformat(moment) + dt.timedelta(microseconds=part)


def _wkb(value: object, where: str, *, single: bool) -> bytes:
    """The WKB in a geometry of a GeoPackage (OGC 12-128r19, 2.1.3)."""
    if not isinstance(value, bytes) or len(value) < 8 or value[:3] != b"GP\0" or value[3] & 0x20:
        raise InputError(f"{where}: is no geometry of a GeoPackage; export it again")
    envelope = _ENVELOPES.get(value[3] >> 1 & 7)
    (epsg,) = struct.unpack_from("<i" if value[3] & 1 else ">i", value, 4)
    if envelope is None or epsg != _EPSG:
        raise InputError(f"{where}: must be in EPSG:{_EPSG}, found {epsg}; export it again")
    wkb = value[8 + envelope :]
    if not single:
        return wkb
    try:
        footprint = shapely.from_wkb(wkb)
    except shapely.errors.ShapelyError as error:
        raise InputError(f"{where}: cannot be read as WKB ({str(error)[:100]}); export it again") from None
    # Whoever drew a second part to it in a GIS has made it a MultiPolygon.
    parts = shapely.get_parts(footprint)
    return bytes(shapely.to_wkb(parts[0])) if len(parts) == 1 else wkb


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A GeoPackage to read, in which nothing can run that a stranger wrote."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST)
            connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
            for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "query_only=ON"):
                connection.execute(f"PRAGMA {pragma}")
            if connection.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION:
                raise InputError(f"{path}: is no GeoPackage; give a file of `sitewatch export`")
            yield connection
    except sqlite3.Error as error:
        raise InputError(f"{path}: cannot be read as a GeoPackage ({error}); export it again") from error


def _check_layers(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse layers and columns that are not those of an export."""
    made = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall())
    layers = {row[0] for row in connection.execute("SELECT table_name FROM gpkg_contents")}
    if unknown := sorted(layers - set(TABLES) - _OWN):
        raise InputError(f"{path}: layer {unknown[0]!r} is none of sitewatch's; take it out")
    for name in (_HEAD, *TABLES):
        if not str(made.get(name, "")).lstrip().upper().startswith("CREATE TABLE"):
            raise InputError(f"{path}: layer {name!r} is missing; give a file of `sitewatch export`")
        expected = {"fid", *(_fields(TABLES[name]) if name in TABLES else ("schema",))}
        found = {row[1]: row[6] for row in connection.execute(f'PRAGMA table_xinfo("{name}")')}
        if missing := sorted(expected - set(found)):
            raise InputError(f"{path}: layer {name!r} has no column {missing[0]!r}; export it again")
        if unknown := sorted(set(found) - expected):
            raise InputError(f"{path}: layer {name!r} has a column {unknown[0]!r} that is not known; take it out")
        # A column that is computed when it is read could go on for ever.
        if any(found.values()):
            raise InputError(f"{path}: layer {name!r} has a column that is computed; export it again")


def _write(path: Path, layer: str, fields: Mapping[str, Holds], rows: Sequence[Row], *, append: bool = False) -> None:
    """Write rows into a layer."""
    from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError
    from pyogrio.raw import write

    geometry = next((name for name, kind in fields.items() if kind is Holds.GEOMETRY), None)
    plain = {name: kind for name, kind in fields.items() if kind is not Holds.GEOMETRY}
    values = {name: [row[name] for row in rows] for name in fields}
    drawn: dict[str, Any] = {"geometry": None}
    if geometry is not None:
        drawn = {
            "geometry": _array([_multi(wkb) for wkb in values[geometry]], object),
            "geometry_type": "MultiPolygon",
            "crs": f"EPSG:{_EPSG}",
        }
    try:
        write(
            str(path),
            field_data=[_column(kind, values[name]) for name, kind in plain.items()],
            fields=list(plain),
            field_mask=[
                # JSON has a null of its own, which is a text.
                _array([value is None and kind is not Holds.JSON for value in values[name]], bool)
                for name, kind in plain.items()
            ],
            layer=layer,
            driver="GPKG",
            append=append,
            dataset_options=None if path.exists() else {"VERSION": _VERSION},
            gdal_tz_offsets={name: np.full(len(rows), _UTC) for name, kind in plain.items() if kind is Holds.MOMENT},
            layer_options={"FID": "fid", **({} if geometry is None else {"GEOMETRY_NAME": geometry})},
            **drawn,
        )
    except (DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError, sqlite3.Error) as error:
        raise OutputError(
            f"layer {layer} cannot be written ({str(error)[:200]}); make room or choose another name"
        ) from error


def _column(kind: Holds, values: Sequence[Any]) -> Any:
    """Values as GDAL takes them; what stands for None is masked."""
    if kind is Holds.MOMENT:
        return _array([None if value is None else _milliseconds(value) for value in values], "datetime64[ms]")
    if kind is Holds.FLAG:
        return _array([bool(value) for value in values], bool)
    if kind is Holds.COUNT:
        return _array([value or 0 for value in values], np.int32)
    if kind is Holds.NUMBER:
        return _array(values, np.float64)
    if kind is Holds.JSON:
        return _array([as_json(value) for value in values], object)
    return _array(values, object)


def _array(values: Sequence[Any], dtype: Any) -> Any:
    array = np.empty(len(values), dtype)
    array[:] = values
    return array


def _milliseconds(moment: dt.datetime) -> dt.datetime:
    return moment.replace(tzinfo=None, microsecond=moment.microsecond // 1000 * 1000)


def _multi(wkb: bytes | None) -> bytes | None:
    if wkb is None:
        return None
    footprint = shapely.from_wkb(wkb)
    return bytes(shapely.to_wkb(MultiPolygon([footprint]))) if isinstance(footprint, Polygon) else wkb


_NOW_FIELDS = {
    "site": Holds.TEXT,
    "thing": Holds.TEXT,
    "id": Holds.TEXT,
    "name": Holds.TEXT,
    "kind": Holds.TEXT,
    "present": Holds.FLAG,
    "probability": Holds.NUMBER,
    "area_m2": Holds.NUMBER,
    "area_m2_low": Holds.NUMBER,
    "area_m2_high": Holds.NUMBER,
    "spells": Holds.COUNT,
    "state": Holds.TEXT,
    "erected_after": Holds.MOMENT,
    "erected_by": Holds.MOMENT,
    "dismantled_after": Holds.MOMENT,
    "dismantled_by": Holds.MOMENT,
    "footprint": Holds.GEOMETRY,
}
"""What is known now of each structure that is claimed, with its last spell."""


def _known_now(connection: sa.Connection, sites: Sequence[str] | None) -> list[Row]:
    life = t.presences
    last = (
        sa.select(
            life.c.site,
            life.c.thing,
            life.c.since,
            sa.func.max(life.c.number).label("number"),
            sa.func.count().label("spells"),
        )
        .group_by(life.c.site, life.c.thing, life.c.since)
        .subquery()
    )
    one, name = t.structures, t.names
    query = (
        sa.select(
            one, name.c.name, last.c.spells, *(life.c[key] for key in _NOW_FIELDS if key in life.c and key not in one.c)
        )
        .select_from(
            one.outerjoin(
                last, (last.c.site == one.c.site) & (last.c.thing == one.c.thing) & (last.c.since == one.c.since)
            )
            .outerjoin(
                life,
                (life.c.site == one.c.site)
                & (life.c.thing == one.c.thing)
                & (life.c.since == one.c.since)
                & (life.c.number == last.c.number),
            )
            .outerjoin(name, (name.c.site == one.c.site) & (name.c.thing == one.c.thing) & known_at(name, None))
        )
        .where(known_at(one, None), one.c.claimed)
        .order_by(t.bytewise(one.c.site), t.bytewise(one.c.thing))
    )
    if sites is not None:
        query = query.where(one.c.site.in_(sites))
    return [{key: row[key] for key in _NOW_FIELDS} for row in connection.execute(query).mappings()]
