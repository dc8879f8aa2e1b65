"""GeoParquet: a folder with one file a table, those with a geometry as GeoParquet 1.1 in EPSG:4326.

Moments are exact to the microsecond, geometry is WKB with a box beside it that readers narrow down by, JSON is text.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from sitewatch.errors import InputError, OptionError
from sitewatch.store._entries import Row
from sitewatch.store._files import FOLDER_MARK
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

__all__ = ["check_geoparquet", "geoparquet_schema", "read_geoparquet", "write_geoparquet"]

_BOX = "bbox"
"""The column that GeoParquet 1.1 calls a covering: the bounds of each geometry."""
_AT_ONCE = 20_000
"""Rows taken out of the store at a time."""
_READ_AT_ONCE = 1000
_LARGEST_GROUP = 1 << 30
"""Bytes that a row group may unpack to."""


def check_geoparquet() -> None:
    """See whether the libraries are there.

    Raises:
        OptionError: they are not.
    """
    try:
        import geopandas  # noqa: F401
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise OptionError(
            'GeoParquet needs an extra that is not installed; run: pip install "sitewatch[geoparquet]"'
        ) from error


def write_geoparquet(
    connection: sa.Connection,
    folder: Path,
    *,
    schema: str,
    sites: Sequence[str] | None,
    total: int,
    progress: Progress,
) -> None:
    """Write all rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir()
    done = 0
    for table in TABLES.values():
        arrow = _arrow_schema(table)
        parts = []
        rows = stored_rows(connection, table, sites=sites)
        while part := list(itertools.islice(rows, _AT_ONCE)):
            parts.append(pa.RecordBatch.from_pylist([_flat(table, row) for row in part], schema=arrow))
            done += len(part)
            progress("writing rows", done, total)
        whole = pa.Table.from_batches(parts, schema=arrow)
        file = folder / f"{table.name}.parquet"
        if (geometry := geometry_of(table)) is None:
            pq.write_table(whole, file)
        else:
            _write_geometries(whole, file, geometry)
    # Last: a folder that has it is whole.
    (folder / FOLDER_MARK).write_text(as_json({"sitewatch": {"schema": schema}}) + "\n", encoding="ascii")


def geoparquet_schema(folder: Path) -> object:
    """The schema that a folder names.

    Raises:
        InputError: it is no export.
    """
    file = _regular(folder / FOLDER_MARK, folder)
    try:
        with file.open("rb") as opened:
            head = from_json(opened.read(LONGEST), str(file))
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror}); mend its rights") from error
    told = head.get("sitewatch") if isinstance(head, dict) else None
    if not isinstance(told, dict) or "schema" not in told:
        raise InputError(f"{file}: names no schema; give a folder of `sitewatch export`")
    return told["schema"]


def read_geoparquet(folder: Path, *, progress: Progress) -> Generator[tuple[str, sa.Table, dict[str, Any]], None, None]:
    """Read rows.

    Yields:
        Where the row stands, its table, and what is told of it.

    Raises:
        InputError: a file is no Parquet, or a column or value in it none of sitewatch's.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    for found in sorted(folder.iterdir()):
        if found.name != FOLDER_MARK and found.name not in {f"{name}.parquet" for name in TABLES}:
            raise InputError(f"{found}: is none of sitewatch's tables; take it out")
    files = {name: _regular(folder / f"{name}.parquet", folder) for name in TABLES}
    try:
        counts = {name: pq.read_metadata(file).num_rows for name, file in files.items()}
        done, total = 0, sum(counts.values())
        for name, file in files.items():
            table = TABLES[name]
            for number, row in enumerate(_rows(table, file), 1):
                where = f"{file}, row {number}"
                yield where, table, _told(table, row, where)
                done += 1
                if done % _READ_AT_ONCE == 0:
                    progress("reading rows", done, total)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise InputError(f"{folder}: cannot be read as Parquet ({str(error)[:200]}); export it again") from error


def _regular(file: Path, folder: Path) -> Path:
    """A file of the folder that is one, and no way out of it."""
    if file.is_symlink() or not file.is_file():
        raise InputError(f"{file}: is missing or no file; give a folder of `sitewatch export`, found {folder.name!r}")
    return file


def _arrow_schema(table: sa.Table) -> Any:
    import pyarrow as pa

    types = {
        Holds.TEXT: pa.string(),
        Holds.JSON: pa.string(),
        Holds.MOMENT: pa.timestamp("us", tz="UTC"),
        Holds.FLAG: pa.bool_(),
        Holds.COUNT: pa.int32(),
        Holds.NUMBER: pa.float64(),
        Holds.GEOMETRY: pa.binary(),
    }
    return pa.schema([pa.field(column.name, types[holds(column)], column.nullable) for column in columns(table)])


def _flat(table: sa.Table, row: Row) -> Row:
    return {
        column.name: as_json(row[column.name]) if holds(column) is Holds.JSON else row[column.name]
        for column in columns(table)
    }


def _write_geometries(whole: Any, file: Path, geometry: str) -> None:
    import geopandas
    import pandas as pd

    # Arrow's own types all the way: those of NumPy have no null, and nanoseconds end in 2262.
    frame = whole.drop_columns([geometry]).to_pandas(types_mapper=pd.ArrowDtype)
    shapes = geopandas.GeoSeries.from_wkb(whole[geometry].to_pylist(), index=frame.index, crs="EPSG:4326")
    drawn = geopandas.GeoDataFrame(frame.assign(**{geometry: shapes}), geometry=geometry, crs="EPSG:4326")
    drawn.to_parquet(file, index=False, schema_version="1.1.0", write_covering_bbox=True)


def _rows(table: sa.Table, file: Path) -> Iterator[Row]:
    """The rows of a file, of columns that are checked to be ours."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    expected = {field.name: field.type for field in _arrow_schema(table)}
    texts = [name for name, type_ in expected.items() if pa.types.is_string(type_) or pa.types.is_binary(type_)]
    # Read as a dictionary, a text that a hostile file repeats a million times is one text in memory.
    with pq.ParquetFile(
        file, read_dictionary=texts, thrift_string_size_limit=LONGEST, thrift_container_size_limit=1 << 20
    ) as opened:
        found = {field.name: field.type for field in opened.schema_arrow if field.name != _BOX}
        if missing := sorted(set(expected) - set(found)):
            raise InputError(f"{file}: column {missing[0]!r} is missing; export it again")
        if unknown := sorted(set(found) - set(expected)):
            raise InputError(f"{file}: column {unknown[0]!r} is not known; take it out")
        for name, type_ in expected.items():
            if not _alike(found[name], type_):
                raise InputError(f"{file}: column {name!r} must be {type_}, found {found[name]}; export it again")
        for group in range(opened.metadata.num_row_groups):
            if opened.metadata.row_group(group).total_byte_size > _LARGEST_GROUP:
                raise InputError(f"{file}: row group {group} unpacks to more than {_LARGEST_GROUP >> 30} GiB")
        for batch in opened.iter_batches(batch_size=_READ_AT_ONCE, columns=list(expected)):
            values = [_values(batch.column(name)) for name in expected]
            for row in zip(*values, strict=True):
                yield dict(zip(expected, row, strict=True))


def _alike(found: Any, expected: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(found):
        found = found.value_type
    if isinstance(found, pa.BaseExtensionType):
        found = found.storage_type
    pairs = {pa.string(): (pa.string(), pa.large_string()), pa.binary(): (pa.binary(), pa.large_binary())}
    return found in pairs.get(expected, (expected,))


def _values(column: Any) -> list[Any]:
    """The values of a column; equal ones of a dictionary are one object."""
    import pyarrow as pa

    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if isinstance(column, pa.DictionaryArray):
        known = column.dictionary.to_pylist()
        return [None if index is None else known[index] for index in column.indices.to_pylist()]
    return list(column.to_pylist())


def _told(table: sa.Table, flat: Row, where: str) -> Row:
    """A row of a file as `checked_row` takes it."""
    for column in columns(table):
        if holds(column) is Holds.JSON:
            text = flat[column.name]
            if text is None:
                raise InputError(f"{where}: {column.name} must be JSON as text, found nothing")
            flat[column.name] = from_json(text, f"{where}: {column.name}")
    return flat
