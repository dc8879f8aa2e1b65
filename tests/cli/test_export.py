"""`sitewatch export`, `import` and `backup` as a user calls them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from ran import Run

SITE = {
    "type": "Feature",
    "id": "plant",
    "properties": {"name": "A plant"},
    "geometry": {"type": "Polygon", "coordinates": [[[10, 50], [10.01, 50], [10.01, 50.01], [10, 50.01], [10, 50]]]},
}


@pytest.fixture
def workspace(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plant.geojson").write_text(json.dumps(SITE))
    (tmp_path / "pictures").mkdir()
    assert run("init").code == 0
    assert run("site", "add", "plant.geojson", "--images", "pictures", "--reader", "ann").code == 0
    return tmp_path


@pytest.mark.parametrize("name", ["all.jsonl", "all.jsonl.gz", "all.gpkg", "all.geoparquet"])
def test_there_and_back(run: Run, workspace: Path, name: str) -> None:
    gave = run("export", name)
    assert (gave.code, gave.last) == (0, name)
    assert run("init", "copy").code == 0
    gave = run("import", name, "--workspace", "copy", "--reader", "bob")
    assert (gave.code, gave.last) == (0, "2 rows imported, 0 were known already")
    gave = run("import", name, "--workspace", "copy", "--reader", "bob")
    assert gave.last == "0 rows imported, 2 were known already"
    assert run("export", "copy.jsonl", "--workspace", "copy").code == 0
    assert run("export", "again.jsonl", "--site", "plant").code == 0
    assert (workspace / "copy.jsonl").read_bytes() == (workspace / "again.jsonl").read_bytes()
    assert run("site", "list", "--workspace", "copy", "--json").out == run("site", "list", "--json").out


def test_faults_are_one_sentence(run: Run, workspace: Path) -> None:
    (workspace / "taken.jsonl").write_text("mine")
    for arguments, sentence in (
        (("export", "taken.jsonl"), "taken.jsonl: is there already; add --force"),
        (("export", "all.csv"), "must end in one of"),
        (("export", "new.jsonl", "--site", "nowhere"), "no site 'nowhere'"),
        (("import", "none.jsonl"), "none.jsonl: does not exist"),
        (("import", "taken.jsonl"), "line 1: is not JSON"),
        (("backup", "taken.jsonl"), "is there already"),
        (("backup", "pictures"), "is a folder that holds something else"),
    ):
        gave = run(*arguments)
        assert gave.code == 2
        assert sentence in gave.err
        assert len(gave.err.strip().splitlines()) == 1
    assert (workspace / "taken.jsonl").read_text() == "mine"
    assert not (workspace / "new.jsonl").exists()


def test_a_backup_is_restored_as_its_help_says(run: Run, workspace: Path) -> None:
    assert run("backup", "monday.sqlite").last == "monday.sqlite"
    assert run("init", "restored").code == 0
    shutil.copy("monday.sqlite", "restored/store.sqlite")
    assert run("site", "list", "--workspace", "restored", "--json").out == run("site", "list", "--json").out
    assert "store.sqlite" in run("backup", "--help").out
