"""The GeoPackage as GDAL and QGIS see it, and one that somebody spoiled."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pyogrio
import pytest
import shapely
from store_rows import fill, lines_of, moment

from sitewatch.errors import InputError
from sitewatch.store import Store
from sitewatch.store.exchange import export_store, import_file
from sitewatch.store.exchange._rows import TABLES, Holds, columns, count_rows, geometry_of, holds

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
OGR = {
    Holds.TEXT: ("OFTString", "OFSTNone"),
    Holds.JSON: ("OFTString", "OFSTNone"),
    Holds.MOMENT: ("OFTDateTime", "OFSTNone"),
    Holds.FLAG: ("OFTInteger", "OFSTBoolean"),
    Holds.COUNT: ("OFTInteger", "OFSTNone"),
    Holds.NUMBER: ("OFTReal", "OFSTNone"),
}


@pytest.fixture
def package(exported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(exported / "all.gpkg", tmp_path / "all.gpkg"))


def test_gdal_finds_a_layer_a_table_with_the_right_types_and_counts(package: Path, sqlite_store: Store) -> None:
    fill(sqlite_store)
    layers = dict(pyogrio.list_layers(package))
    assert set(layers) == {*TABLES, "sitewatch", "structures_now", "layer_styles"}
    with sqlite_store.reading() as connection:
        counts = count_rows(connection)
    for name, table in TABLES.items():
        told = pyogrio.read_info(package, layer=name)
        geometry = geometry_of(table)
        assert layers[name] == told["geometry_type"] == (None if geometry is None else "MultiPolygon")
        assert told["crs"] == (None if geometry is None else "EPSG:4326")
        assert told["geometry_name"] == (geometry or "")
        assert told["features"] == counts[name] > 0
        found = dict(zip(told["fields"], zip(told["ogr_types"], told["ogr_subtypes"], strict=True), strict=True))
        expected = {one.name: OGR[holds(one)] for one in columns(table) if holds(one) is not Holds.GEOMETRY}
        assert found == {
            **expected,
            "microseconds": OGR[Holds.TEXT],
            **({} if geometry is None else {"single_part": OGR[Holds.FLAG]}),
        }


def test_gdal_reads_the_values(package: Path) -> None:
    meta, _, shapes, values = pyogrio.raw.read(
        package, layer="structures", where="thing = 't1' AND until IS NULL AND site = 'plant'"
    )
    row = dict(zip(meta["fields"], (one[0] for one in values), strict=True))
    assert (row["probability"], row["present"], row["sensors"]) == (0.1 + 0.2, False, '["optical","radar"]')
    assert row["since"] == moment(1).replace(tzinfo=None)
    assert row["microseconds"] == '{"since":1}'
    assert shapely.from_wkb(shapes[0]).geom_type == "MultiPolygon"


def test_what_is_known_now_is_a_layer(package: Path) -> None:
    meta, _, _, values = pyogrio.raw.read(package, layer="structures_now", where="site = 'plant'")
    rows = [dict(zip(meta["fields"], row, strict=True)) for row in zip(*values, strict=True)]
    assert [(row["thing"], row["id"], row["name"], row["spells"], row["state"]) for row in rows] == [
        ("t1", "t1b", "shelter", 2, "first")
    ]
    assert rows[0]["erected_by"] == moment(-4).replace(tzinfo=None)


def test_styles_name_columns_that_there_are(package: Path) -> None:
    meta, _, _, values = pyogrio.raw.read(package, layer="layer_styles")
    styles = [dict(zip(meta["fields"], row, strict=True)) for row in zip(*values, strict=True)]
    assert {one["f_table_name"] for one in styles} == {"sites", "areas", "structures", "structures_now", "looks"}
    for style in styles:
        told = pyogrio.read_info(package, layer=style["f_table_name"])
        assert style["useAsDefault"]
        assert style["f_geometry_column"] == told["geometry_name"]
        root = ET.fromstring(style["styleQML"])  # noqa: S314 - our own
        assert root.tag == "qgis"
        symbols = {one.get("name") for one in root.iter("symbol")}
        rules = list(root.iter("rule"))
        assert {rule.get("symbol") for rule in rules} == symbols != set()
        expressions = [str(rule.get("filter")) for rule in rules] + [
            str(one.get("fieldName")) for one in root.iter("text-style")
        ]
        named = {name for one in expressions for name in re.findall(r'"(\w+)"', one)}
        assert named <= set(told["fields"])
        # GDAL's SQL is near enough to QGIS's expressions to tell whether they parse.
        for rule in rules:
            if rule.get("filter") != "ELSE":
                pyogrio.raw.read(package, layer=style["f_table_name"], where=rule.get("filter"))


@pytest.mark.skipif(shutil.which("ogrinfo") is None, reason="ogrinfo is not installed: run tests/install-services")
def test_ogrinfo_opens_it(package: Path) -> None:
    def ogrinfo(*arguments: str) -> str:
        done = subprocess.run(["ogrinfo", "-ro", *arguments], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        assert "ERROR" not in done.stderr
        assert "Warning" not in done.stderr
        return done.stdout

    told = ogrinfo("-so", "-al", str(package))
    assert "using driver `GPKG' successful" in told
    assert told.count("Layer name: ") == len(TABLES) + 3
    structures = ogrinfo("-so", str(package), "structures")
    assert "Geometry: Multi Polygon" in structures
    assert "Feature Count: 6" in structures
    assert 'ID["EPSG",4326]]' in structures
    assert "present: Integer(Boolean)" in structures
    assert "since: DateTime" in structures
    ogrinfo(str(package), "-al", "-q")


def test_gdals_own_checks_find_nothing(package: Path) -> None:
    with contextlib.closing(sqlite3.connect(package)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        contents = dict(connection.execute("SELECT table_name, data_type FROM gpkg_contents").fetchall())
        indexed = {
            row[0]
            for row in connection.execute(
                "SELECT table_name FROM gpkg_extensions WHERE extension_name = 'gpkg_rtree_index'"
            )
        }
    drawn = {name for name, kind in contents.items() if kind == "features"}
    assert drawn == indexed == {"sites", "areas", "looks", "structures", "structures_now"}


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("PRAGMA application_id = 1", "is no GeoPackage"),
        ("UPDATE sitewatch SET schema = '0999'", r"written by a later version of sitewatch \(schema 0999"),
        ("DELETE FROM sitewatch", "later version"),
        ("DROP TABLE sitewatch", "layer 'sitewatch' is missing"),
        ("DROP TABLE notes", "layer 'notes' is missing"),
        ("ALTER TABLE notes ADD COLUMN more TEXT", "layer 'notes' has a column 'more'"),
        ("ALTER TABLE notes DROP COLUMN text", "layer 'notes' has no column 'text'"),
        ("ALTER TABLE notes RENAME TO n; CREATE VIEW notes AS SELECT * FROM n", "layer 'notes' is missing"),
        (
            "ALTER TABLE notes DROP COLUMN text; ALTER TABLE notes ADD COLUMN text TEXT AS (hex(zeroblob(9000000)))",
            "a column that is computed",
        ),
        ("INSERT INTO gpkg_contents (table_name, data_type) VALUES ('secrets', 'attributes')", "layer 'secrets'"),
        ("UPDATE runs SET listed = 'many'", r"layer runs, feature 1: runs\.listed: must be a count, found 'many'"),
        ("UPDATE runs SET listed = 3000000000", r"runs\.listed: must be a count"),
        ("UPDATE runs SET searched = 2", r"runs\.searched: must be a flag, found '2'"),
        ("UPDATE runs SET news = '{\"a\": NaN}'", "news: is not JSON"),
        ("UPDATE runs SET news = '{\"a\": 1e999}'", r"runs\.news: is not JSON"),
        ("UPDATE runs SET news = x'00'", "news must be JSON as text"),
        ("UPDATE runs SET at = 'yesterday'", r"runs\.at: must be a moment such as .*, found 'yesterday'"),
        ("UPDATE runs SET at = '2020-01-01T00:00:00'", r"runs\.at: must be a moment"),
        ("UPDATE runs SET at = 5", r"runs\.at: must be a moment"),
        ("UPDATE runs SET microseconds = '{\"at\": 1000}'", "microseconds must name moments"),
        ("UPDATE runs SET microseconds = '[]'", "microseconds must be a JSON object"),
        ("UPDATE runs SET sentence = 'a' || char(0) || 'b'", r"runs\.sentence: holds a NUL"),
        ("UPDATE runs SET sentence = NULL", r"runs\.sentence: is null"),
        ("UPDATE runs SET sentence = CAST(x'ff' AS TEXT)", "cannot be read as a GeoPackage"),
        ("UPDATE sites SET outline = x'00'", "outline: is no geometry of a GeoPackage"),
        ("UPDATE sites SET outline = substr(outline, 1, 60)", r"sites\.outline|outline: cannot be read as WKB"),
        ("UPDATE sites SET outline = NULL", r"sites\.outline: is null"),
        ("UPDATE structures SET kind = 'castle'", r"structures\.kind must be one of .*; found 'castle'"),
        ("UPDATE names SET until = since", "`until` must be later than `since`"),
        ("UPDATE notes SET thing = hex(zeroblob(1000))", "at most 800 can be kept"),
        ("UPDATE notes SET text = hex(zeroblob(9000000))", "cannot be read as a GeoPackage|at most 16777216"),
    ],
)
def test_a_spoiled_one_is_refused_in_one_sentence(
    package: Path, sqlite_store: Store, tmp_path: Path, statement: str, sentence: str
) -> None:
    with contextlib.closing(sqlite3.connect(package)) as connection:
        # GDAL's triggers keep its spatial index by functions that only GDAL has.
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.executescript(statement)
        connection.commit()
    with pytest.raises(InputError, match=sentence) as caught:
        import_file(sqlite_store, package, who="ann", at=NOW)
    assert "\n" not in str(caught.value)
    assert len(lines_of(sqlite_store, tmp_path)) == 1


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0", b"PK\3\4" * 100, bytes(5000)])
def test_something_else_by_this_name_is_refused(sqlite_store: Store, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.gpkg").write_bytes(content)
    with pytest.raises(InputError, match=r"x\.gpkg: (cannot be read as|is no) (a )?GeoPackage"):
        import_file(sqlite_store, tmp_path / "x.gpkg", who="ann", at=NOW)


def test_a_shape_that_was_edited_stays_what_it_became(package: Path, sqlite_store: Store, tmp_path: Path) -> None:
    """A second part drawn to a Polygon in a GIS makes it a MultiPolygon."""
    values: dict[str, Any] = {}
    with contextlib.closing(sqlite3.connect(package)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        two = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)])
        values["wkb"] = b"GP\0\1" + (4326).to_bytes(4, "little") + shapely.to_wkb(two)
        connection.execute("UPDATE sites SET outline = :wkb", values)
        connection.commit()
    import_file(sqlite_store, package, who="ann", at=NOW)
    assert any(shapely.to_wkb(two, hex=True).encode() in line for line in lines_of(sqlite_store, tmp_path))


def test_a_folder_that_gdal_would_misread_is_named(sqlite_store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'!'"):
        export_store(sqlite_store, tmp_path / "a!b" / "all.gpkg")
    assert not list((tmp_path / "a!b").iterdir())
