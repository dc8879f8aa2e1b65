"""GeoParquet as others read it, and a folder that somebody spoiled."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import sys
from pathlib import Path

import geopandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from store_rows import lines_of, moment

from sitewatch.errors import InputError, OptionError
from sitewatch.store import Store
from sitewatch.store.exchange import export_store, import_file
from sitewatch.store.exchange._rows import TABLES, geometry_of

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def folder(exported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(exported / "all.geoparquet", tmp_path / "all.geoparquet"))


def test_geopandas_reads_the_geometries(folder: Path) -> None:
    drawn = geopandas.read_parquet(folder / "structures.parquet")
    assert drawn.crs.to_epsg() == 4326
    assert drawn.geometry.name == "footprint"
    assert set(drawn.geom_type) == {"Polygon", "MultiPolygon"}
    west = geopandas.read_parquet(folder / "looks.parquet", bbox=(0, 0, 9.95, 60))
    assert len(west) == 2


def test_the_files_are_geoparquet_1_1_with_exact_moments(folder: Path) -> None:
    for name, table in TABLES.items():
        schema = pq.read_schema(folder / f"{name}.parquet")
        geo = json.loads((schema.metadata or {}).get(b"geo", b"null"))
        geometry = geometry_of(table)
        assert (geo is None) == (geometry is None)
        if geo is not None:
            assert geo["version"] == "1.1.0"
            assert geo["primary_column"] == geometry
            assert geo["columns"][geometry]["encoding"] == "WKB"
            assert "covering" in geo["columns"][geometry]
    reviews = pq.read_table(folder / "reviews.parquet").to_pylist()
    assert {row["at"] for row in reviews} == {moment(1, microseconds=1)}


def test_without_the_extra_the_install_line_is_given(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "geopandas", None)
    with pytest.raises(OptionError, match=r'pip install "sitewatch\[geoparquet\]"'):
        export_store(sqlite_store, tmp_path / "all.geoparquet")
    assert not (tmp_path / "all.geoparquet").exists()


def _drop(folder: Path) -> None:
    (folder / "notes.parquet").unlink()


def _link(folder: Path) -> None:
    (folder / "notes.parquet").rename(folder.parent / "elsewhere.parquet")
    (folder / "notes.parquet").symlink_to(folder.parent / "elsewhere.parquet")


def _more(folder: Path) -> None:
    (folder / "more.parquet").write_bytes(b"")


def _other(folder: Path) -> None:
    (folder / "notes.parquet").write_bytes(b"PAR1 no PAR1")


def _cut(folder: Path) -> None:
    file = folder / "structures.parquet"
    os.truncate(file, file.stat().st_size - 40)


def _newer(folder: Path) -> None:
    (folder / "sitewatch.json").write_text('{"sitewatch":{"schema":"0002"}}')


def _headless(folder: Path) -> None:
    (folder / "sitewatch.json").unlink()


def _with(**changes: pa.Array) -> object:
    def spoil(folder: Path) -> None:
        table = pq.read_table(folder / "notes.parquet")
        for name, array in changes.items():
            place = table.schema.get_field_index(name)
            rows = array.take(pa.array([0] * table.num_rows))
            table = table.append_column(name, rows) if place < 0 else table.set_column(place, name, rows)
        pq.write_table(table, folder / "notes.parquet")

    return spoil


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (_drop, r"notes\.parquet: is missing"),
        (_link, r"notes\.parquet: is missing or no file"),
        (_more, r"more\.parquet: is none of sitewatch's tables"),
        (_other, "cannot be read as Parquet"),
        (_cut, "cannot be read as Parquet"),
        (_newer, "written by a later version"),
        (_headless, r"sitewatch\.json: is missing"),
        (_with(more=pa.array([1])), r"notes\.parquet: column 'more' is not known"),
        (_with(text=pa.array([1])), r"column 'text' must be string, found int64"),
        (_with(at=pa.array([1], pa.timestamp("ns", tz="UTC"))), "column 'at' must be timestamp"),
        (_with(text=pa.array(["a\0b"])), r"notes\.parquet, row 1: notes\.text: holds a NUL"),
        (_with(text=pa.array([None], pa.string())), "is null"),
        (_with(at=pa.array([2**60], pa.timestamp("us", tz="UTC"))), "cannot be read as Parquet|must be a moment"),
        (_with(text=pa.array(["x" * (17 << 20)])), "at most 16777216"),
    ],
)
def test_a_spoiled_folder_is_refused_in_one_sentence(
    folder: Path, sqlite_store: Store, tmp_path: Path, spoil: object, sentence: str
) -> None:
    assert callable(spoil)
    spoil(folder)
    with pytest.raises(InputError, match=sentence) as caught:
        import_file(sqlite_store, folder, who="ann", at=NOW)
    assert "\n" not in str(caught.value)
    assert len(lines_of(sqlite_store, tmp_path)) == 1
