"""What others wrote reaches a terminal without steering it, and tables tell whole words."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ran import Run
from rich.text import Text
from shapely.geometry import box, mapping

from sitewatch.cli import _progress
from sitewatch.cli._progress import note, warn
from sitewatch.cli._structures import entry_in_words
from sitewatch.cli._summary import _line
from sitewatch.cli._table import list_lines, table_lines
from sitewatch.cli._text import plain, say
from sitewatch.cli._values import parse_day
from sitewatch.cli._workspace import print_table
from sitewatch.store import journal_rows, list_sites
from sitewatch.workspace import open_workspace

STEERS = "a\x1b[31mb\x07c\x9b2Jd\u202ee\ud800f\x7fg\rh"
"""Escapes, a bell, an order of 8 bits, a turn of the writing, half of a pair."""
SEEN = "a�[31mb�c�2Jd�e�f�g�h"

PERSIAN = "می\u200cخواهم"  # noqa: RUF001 - letters that must not join


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    """A site file and a folder of images beside it."""
    (tmp_path / "pictures").mkdir()
    feature = {"type": "Feature", "id": "plant", "properties": {}, "geometry": mapping(box(10, 50, 10.01, 50.01))}
    path = tmp_path / "plant.geojson"
    path.write_text(json.dumps(feature))
    return path


@pytest.fixture
def space(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "space"
    monkeypatch.setenv("SITEWATCH_WORKSPACE", str(folder))
    monkeypatch.setenv("SITEWATCH_READER", "ann")
    assert run("init", folder).code == 0
    return folder


def test_what_steers_a_terminal_is_replaced() -> None:
    assert plain(STEERS) == SEEN
    for kept in ("Жилой 電気 🏗️ é", PERSIAN, "👷\u200d♀️", "two\nlines"):
        assert plain(kept) == kept
    assert plain("tab\tand\r\nline") == "tab and\nline"


def test_everything_that_prints_for_people_replaces_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    print_table(("id", "what"), [("s1", STEERS)], none="")
    print_table(("", ""), [("what", STEERS)], none="")
    say(STEERS)
    assert capsys.readouterr().out.count(SEEN) == 3
    said: list[str] = []
    monkeypatch.setattr(_progress._stderr(), "print", lambda text, **_: said.append(text))
    note(STEERS)
    warn(STEERS)
    assert said == [SEEN, SEEN]
    assert _line(STEERS) == Text(SEEN)


@pytest.mark.parametrize("text", ["a\x1b[31mb", "a\x07", "a\rb", "a\x9bb", "\x7f"])
def test_control_characters_are_refused_on_entry(space: Path, run: Run, text: str) -> None:
    ran = run("event", "add", "speech", "--began", "2019-12-07", "--source", text)
    assert ran.code == 2
    assert "holds a text with the control character" in ran.err
    assert run("event", "list", "--json").out.split() == ["[", "]"]


def test_lines_and_foreign_letters_may_be_entered(space: Path, run: Run) -> None:
    text = f"a first line\r\n\ta second one, {PERSIAN}"
    assert run("event", "add", "speech", "--began", "2019-12-07", "--source", text).code == 0
    assert json.loads(run("event", "list", "--json").out)[0]["source"] == text


def test_a_command_line_that_is_not_utf8_is_one_sentence(space: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "sitewatch.cli", "event", "add", b"caf\xe9", "--began", "2019-12-07"],
        capture_output=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    assert ran.returncode == 2
    assert ran.stderr.decode() == (
        "error: the command line holds a text that is not UTF-8: 'caf\\udce9'; give it in UTF-8\n"
    )


@pytest.mark.parametrize("day", ["2020-01-31", "20200131", "2020-W05-5", "2020W055"])
def test_a_bare_day_is_a_whole_one(day: str) -> None:
    begin, end = parse_day("--until", day), parse_day("--until", day, end=True)
    assert begin == dt.datetime(2020, 1, 31, tzinfo=dt.UTC)
    assert end == dt.datetime(2020, 1, 31, 23, 59, 59, tzinfo=dt.UTC)


@pytest.mark.parametrize("moment", ["2020-01-31T10", "20200131T100000", "2020-01-31 10:00+00:00"])
def test_a_moment_is_itself(moment: str) -> None:
    assert parse_day("--until", moment, end=True) == dt.datetime(2020, 1, 31, 10, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "command",
    [
        ("structures",),
        ("review", "list"),
        ("review", "agreement"),
        ("review", "conflicts"),
        ("history",),
        ("site", "list"),
        ("site", "show", "plant"),
        ("looks", "list", "plant"),
    ],
)
def test_nothing_is_known_as_of_a_day_to_come(space: Path, plant: Path, run: Run, command: tuple[str, ...]) -> None:
    assert run("site", "add", plant, "--images", plant.parent / "pictures").code == 0
    today = dt.datetime.now(tz=dt.UTC).date()
    assert run(*command, "--as-known", today).code == 0
    ran = run(*command, "--as-known", today + dt.timedelta(days=2))
    assert ran.code == 2
    assert "is still to come" in ran.err


SECRET_ADDRESSES = [
    "https://ann:hush@stac.example/v1",
    "https://hush@stac.example/v1",
    "https://stac.example/v1?token=hush",
    "https://stac.example/v1?x=1&api_key=hush",
    "https://stac.example/v1?sig=hush",
    "https://stac.example/v1?PASSWORD=hush",
    "https://stac.example/v1#access_token=hush",
    f"https://stac.example/v1?x=hush{'0' * 64}",
]


@pytest.mark.parametrize("address", SECRET_ADDRESSES)
def test_no_secret_of_a_catalog_is_kept(space: Path, plant: Path, run: Run, address: str) -> None:
    ran = run("site", "add", plant, "--catalog", "earth-search", "--catalog", address, "--collection", "s2")
    assert ran.code == 2
    assert "holds a user, a password or a key, which would stay in the workspace for good" in ran.err
    assert "hush" not in ran.out + ran.err
    with open_workspace(space) as opened, opened.store.reading() as connection:
        assert list_sites(connection) == journal_rows(connection, viewer="ann") == []


def test_an_address_without_secrets_is_kept(space: Path, plant: Path, run: Run) -> None:
    address = "https://stac.example:8443/@v1?limit=5"
    assert run("site", "add", plant, "--catalog", address, "--collection", "s2").code == 0
    assert json.loads(run("site", "show", "plant", "--json").out)["source"]["catalogs"][0]["url"] == address


def test_history_tells_a_source_in_words(space: Path, plant: Path, run: Run) -> None:
    assert run("site", "add", plant, "--catalog", "earth-search", "--since", "2019-01-01").code == 0
    out = run("history", "plant").out
    assert "source: false alarms 1, catalogs name earth-search, url https://" in out
    assert not set("{}'") & set(out)


def test_details_are_words() -> None:
    detail = {"source": {"false_alarms": 0.2, "bands": {"red": "B04", "nir": "B08"}}, "empty": "", "none": {}}
    assert entry_in_words(detail) == "source: false alarms 0.2, bands red B04, nir B08"
    events = [{"event": "e1", "title": "launch", "withdrawn": True}, {"event": "e2", "title": "speech"}]
    assert entry_in_words({"events": events, "parts": ["a", "b"]}) == (
        "events: event e1, title launch, withdrawn yes; event e2, title speech; parts: a, b"
    )


def test_a_table_for_a_file_has_a_line_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    long = "word " * 60
    print_table(("id", "what"), [("s3f2a91c0", long), ("s77b0e1d4", "short")], none="")
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith(" s3f2a91c0") and line.rstrip().endswith(long.rstrip()) for line in lines)


def test_numbers_are_set_to_the_right_and_cells_have_lines() -> None:
    head, body = table_lines(("id", "n>"), [("a\nb", "7"), ("c", "1234")], room=80, whole=(), rule="-")
    assert head == [" id      n"]
    assert list(body) == [" ---------", " a       7", " b", " c    1234"]


@pytest.mark.parametrize(
    ("cell", "lines"),
    [
        ("many words here", ["many", "words", "here"]),
        ("to be or not", ["to be", "or", "not"]),
        ("abcdefgh ij", ["abcde", "fgh", "ij"]),
        ("場場場", ["場場", "場"]),
        ("", [""]),
    ],
)
def test_cells_are_broken_between_words(cell: str, lines: list[str]) -> None:
    _, body = table_lines(("x",), [(cell,)], room=7, whole=(), rule="-")
    assert [line[1:] for line in body][1:] == lines


@pytest.mark.parametrize("room", [1, 5])
def test_a_table_without_room_still_tells_all(room: int) -> None:
    _, body = table_lines(("x", "y"), [("ab", "場")], room=room, whole=("x",), rule="-")
    assert sorted("".join(list(body)[1:]).replace(" ", "")) == sorted("ab場")
    assert "".join(list_lines([("name", "ab")], room=room)).replace(" ", "") == "nameab"


def test_what_is_told_of_one_thing_has_no_head(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("", ""), [("site", "plant"), ("last run", "never")], none="")
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == ["site      plant", "last run  never"]


@pytest.mark.parametrize(("columns", "whole"), [(70, True), (30, False)])
def test_ids_are_not_broken_where_there_is_room(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int, whole: bool
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal, as far as rich is told
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    site, when = "a-site-with-a-long-name", "2019-01-01 10:00"
    print_table(("site", "when", "what"), [(site, when, "many words " * 20)], none="")
    out = Text.from_ansi(capsys.readouterr().out).plain
    assert max(map(len, out.splitlines())) <= columns
    assert (site in out and when in out) is whole
    assert site in "".join(line[1:].split(" ")[0] for line in out.splitlines()[2:])
