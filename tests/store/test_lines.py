"""JSON lines that somebody spoiled."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path

import pytest
from store_rows import lines_of

from sitewatch.errors import InputError
from sitewatch.store import Store
from sitewatch.store.exchange import _lines as lines
from sitewatch.store.exchange import import_file

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
HEAD = b'{"sitewatch":{"schema":"0001"}}\n'
NOTE = {"table": "notes", "site": "plant", "thing": "", "at": "2024-01-01T00:00:00Z", "who": "ann", "text": ""}
AREA = {"table": "areas", "site": "p", "area": "a", "since": "2024-01-01T00:00:00Z", "until": None}
POINT = "0101000000000000000000F03F000000000000F03F"
NO_END = "0103000000FFFFFF7F"
EMPTY = "010300000000000000"


def changed(row: dict[str, object], **changes: object) -> bytes:
    return HEAD + json.dumps({**row, **changes}).encode()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "line 1: is not JSON"),
        (b"{}\n", "line 1: must be"),
        (b"[1]\n", "line 1: must be"),
        (
            HEAD.replace(b"0001", b"0002"),
            r"written by a later version of sitewatch \(schema 0002, this one knows 0001\)",
        ),
        (HEAD.replace(b'"0001"', b"[]"), "later version"),
        (HEAD + b"{", "line 2: is not JSON"),
        (HEAD + b"\n", "line 2: is not JSON"),
        (HEAD + b"\xff\xfe\n", "line 2: is not JSON"),
        (HEAD + b"[" * 100_000, "line 2: is not JSON"),
        (HEAD + b"9" * 100_000, "line 2: is not JSON"),
        (HEAD + b"7\n", "line 2: must be an object"),
        (HEAD + b'{"table":"pg_authid"}\n', "line 2: there is no table 'pg_authid'"),
        (HEAD + b'{"table":"notes"}\n', "line 2: column 'at' of notes is missing"),
        (changed(NOTE, more=1), "line 2: notes has no column 'more'"),
        (changed(NOTE, text="a\0b"), r"line 2: notes\.text: holds a NUL"),
        (changed(NOTE, text="\ud800"), "half a character"),
        (changed(NOTE, text=5), r"notes\.text: must be a text, found '5'"),
        (changed(NOTE, site="x" * 900), "at most 800"),
        (changed(NOTE, at="0001-01-01T00:00:00+14:00"), "must be a moment"),
        (changed(NOTE, at=True), "must be a moment"),
        (changed(NOTE), "site 'plant' does not fit together"),
        (changed(AREA, outline=POINT), r"areas\.outline: must be a flat Polygon or MultiPolygon .*, found Point"),
        (changed(AREA, outline=EMPTY), "must be a flat Polygon"),
        (changed(AREA, outline=NO_END), "cannot be read as WKB"),
        (changed(AREA, outline="xyz"), "cannot be read as WKB"),
        (changed(AREA, outline=10**12), "must be a flat Polygon"),
        (changed(AREA, outline=None), "is null"),
        (HEAD + b" " * (lines.LONGEST + 2), "line 2: is longer than 16 MiB"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_spoiled_file_is_refused_in_one_sentence(
    sqlite_store: Store, tmp_path: Path, content: bytes, sentence: str, packed: bool
) -> None:
    path = tmp_path / ("bad.jsonl.gz" if packed else "bad.jsonl")
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(InputError, match=sentence) as caught:
        import_file(sqlite_store, path, who="ann", at=NOW)
    assert len(str(caught.value)) < 600
    assert "\n" not in str(caught.value)
    assert len(lines_of(sqlite_store, tmp_path)) == 1


@pytest.mark.parametrize("content", [b"", b"no gzip", gzip.compress(HEAD * 100, mtime=0)[:-12]])
def test_a_packed_file_that_is_cut_or_none_is_refused(sqlite_store: Store, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.jsonl.gz").write_bytes(content)
    with pytest.raises(InputError, match=r"is damaged|is not JSON"):
        import_file(sqlite_store, tmp_path / "bad.jsonl.gz", who="ann", at=NOW)


def test_what_unpacks_without_end_is_refused(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "_LARGEST", 1 << 22)
    (tmp_path / "bad.jsonl.gz").write_bytes(gzip.compress(HEAD + b"\n" * (1 << 23)))
    with pytest.raises(InputError, match="unpacks to more than"):
        import_file(sqlite_store, tmp_path / "bad.jsonl.gz", who="ann", at=NOW)


@pytest.mark.parametrize("name", ["none.jsonl", "none.gpkg", "none.geoparquet"])
def test_a_file_that_is_not_there(sqlite_store: Store, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="does not exist; give a"):
        import_file(sqlite_store, tmp_path / name, who="ann", at=NOW)
