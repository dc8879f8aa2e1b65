"""Structures and reviews on the command line."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from ran import Run
from shapely.geometry import Polygon, box, mapping

from sitewatch.site import Site
from sitewatch.store import Run as StoredRun
from sitewatch.store import add_site, known_things, load_corrections, save_run
from sitewatch.structures import Bracket, Kind, Presence, State, Structure, recognise
from sitewatch.workspace import make_workspace, open_workspace

PIXEL = 1e-4


def day(number: int) -> dt.datetime:
    return dt.datetime(2020, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=10 * number)


def ground(column: float, row: float, width: float, height: float) -> Polygon:
    west, south = 3 + column * PIXEL, 48 + row * PIXEL
    return box(west, south, west + width * PIXEL, south + height * PIXEL)


def structure(identifier: str, footprint: Polygon, kind: Kind = Kind.STRUCTURE) -> Structure:
    spell = Presence(
        erected=Bracket(after=day(2), by=day(3)), dismantled=None, state=State.CONFIRMED, probability=0.8, evidence=()
    )
    area = round(footprint.area / PIXEL**2 * 100, 1)
    return Structure(
        id=identifier,
        kind=kind,
        footprint=footprint,
        present=True,
        probability=0.8,
        area_m2=area,
        area_m2_low=area * 0.8,
        area_m2_high=area * 1.2,
        presences=(spell,),
    )


HALL = structure("shall", ground(0, 0, 6, 6))
SHED = structure("sshed", ground(20, 0, 4, 4))
FIELD = structure("sfield", ground(40, 0, 9, 9), Kind.VEGETATION)


def search(space: Path, found: Sequence[Structure], number: int) -> None:
    """A run that finds this."""
    told = {"version": "0", "exit_code": 0, "sentence": "looked", "searched": True, "listed": 9, "used": 9}
    run = StoredRun(**told, began=day(9), first_look=day(0), last_look=day(9), listing="")
    at = dt.datetime(2021, 1, 1 + number, tzinfo=dt.UTC)
    with open_workspace(space) as workspace, workspace.store.writing() as connection:
        recognition = recognise(found, known_things(connection, "yard"), load_corrections(connection, "yard"))
        save_run(connection, "yard", run, at=at, recognition=recognition)


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace that knows two structures and a field."""
    folder = tmp_path / "space"
    monkeypatch.setenv("SITEWATCH_WORKSPACE", str(folder))
    monkeypatch.setenv("SITEWATCH_READER", "ana")
    with make_workspace(folder) as workspace, workspace.store.writing() as connection:
        site = Site(id="yard", name="Yard", outline=ground(-10, -10, 80, 60))
        add_site(connection, site, {}, who="ana", at=dt.datetime(2021, 1, 1, tzinfo=dt.UTC))
    search(folder, [HALL, SHED, FIELD], 1)
    return folder


def listed(run: Run, *arguments: str) -> dict[str, dict[str, object]]:
    ran = run("structures", *arguments, "--json")
    assert ran.code == 0, ran.err
    return {row["id"]: row for row in json.loads(ran.out)}


def test_structures_are_listed(space: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(listed(run)) == set(listed(run, "yard")) == {"shall", "sshed"}
    assert set(listed(run, "yard", "--all-kinds")) == {"shall", "sshed", "sfield"}
    hall = listed(run)["shall"]
    assert hall["presences"][0]["erected"] == {"after": "2020-01-21T00:00:00Z", "by": "2020-01-31T00:00:00Z"}
    monkeypatch.setenv("COLUMNS", "140")
    table = run("structures", "yard").out
    assert "up 2020-01-21 .. 2020-01-31, stands (seen 4+ times)" in table
    assert "3600" in table
    search(space, [SHED, FIELD], 2)
    assert set(listed(run)) == {"sshed"}
    assert listed(run, "--lost")["shall"]["claimed"] is False


def test_a_structure_is_named_described_and_shown(space: Path, run: Run) -> None:
    assert run("structure", "name", "yard", "shall", "main hall").code == 0
    assert run("structure", "note", "yard", "main hall", "see the photo").last == "shall"
    shown = json.loads(run("structure", "show", "yard", "main hall", "--json").out)
    assert shown["name"] == "main hall"
    assert [entry["detail"]["text"] for entry in shown["notes"]] == ["see the photo"]
    assert "see the photo" in run("structure", "show", "yard", "shall").out


def test_corrections_by_hand(space: Path, run: Run, tmp_path: Path) -> None:
    halves = [ground(0, 0, 3, 6), ground(3, 0, 3, 6)]
    features = [{"type": "Feature", "properties": {}, "geometry": mapping(half)} for half in halves]
    parts = tmp_path / "parts.geojson"
    parts.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    made = run("structure", "split", "yard", "shall", parts, "--reason", "two halls")
    assert made.out.split() == ["shall", "shall.2"]
    assert set(listed(run)) == {"shall", "shall.2", "sshed"}
    assert run("structure", "merge", "yard", "shall", "shall.2", "--reason", "one after all").code == 0
    assert listed(run)["shall"]["area_m2"] == pytest.approx(3600, rel=1e-3)
    assert run("structure", "kind", "yard", "sshed", "surface", "--reason", "paved").code == 0
    assert set(listed(run)) == {"shall"}
    search(space, [HALL, SHED, FIELD], 5)
    assert set(listed(run)) == {"shall"}
    assert listed(run)["shall"]["area_m2"] == pytest.approx(3600, rel=1e-3)


def test_reviews_agreement_and_conflicts(space: Path, run: Run) -> None:
    for name, verdict, reader in (
        ("shall", "confirm", "ana"),
        ("sshed", "reject", "ana"),
        ("shall", "confirm", "ben"),
        ("sshed", "unsure", "ben"),
    ):
        ran = run("review", "add", "yard", name, verdict, "--reason", "looked", "--reader", reader)
        assert ran.last == name
    assert "hidden" in run("review", "list", "--reader", "eva").out
    said = {row["id"]: row for row in json.loads(run("review", "list", "yard", "--json").out)}
    assert said["sshed"]["review"] == "rejected"
    assert [word["reader"] for word in said["sshed"]["said"]] == ["ana", "ben"]
    assert listed(run)["sshed"]["review"] == "rejected"
    (pair,) = json.loads(run("review", "agreement", "--json").out)
    assert (pair["readers"], pair["n"], pair["agreed"]) == (["ana", "ben"], 2, 0.5)
    assert "50%" in run("review", "agreement", "yard").out

    assert "no conflict" in run("review", "conflicts").out
    search(space, [SHED, FIELD], 4)
    (conflict,) = json.loads(run("review", "conflicts", "yard", "--json").out)
    assert conflict["id"] == "shall"
    assert listed(run)["shall"]["conflict"] is True
    kept = run("review", "resolve", "yard", "shall", "keep", "--reason", "snow on the roof")
    assert kept.code == 0
    assert json.loads(run("review", "conflicts", "--json").out) == []
    assert set(listed(run)) == {"shall", "sshed"}


def test_history_tells_who_did_what_and_what_changed(space: Path, run: Run) -> None:
    run("review", "add", "yard", "sshed", "reject", "--reason", "a secret of ana")
    search(space, [structure("sother", ground(1, 0, 6, 7)), SHED, FIELD], 3)
    search(space, [SHED, FIELD], 4)
    told = json.loads(run("history", "yard", "shall", "--json").out)
    assert [version["what"] for version in told["versions"]] == ["watch"] * 3
    assert told["versions"][1]["changed"] == ["id shall, now sother", "area 3600 m2, now 4200"]
    assert told["versions"][2]["changed"] == ["not found any more"]
    assert "not found any more" in run("history", "yard", "sother").out
    journal = json.loads(run("history", "--json").out)
    assert [row["what"] for row in journal] == ["site add", "watch", "review", "watch", "watch"]
    assert "a secret of ana" in run("history", "yard", "sshed").out
    # What one reader said is told to no other who has not read it.
    assert "a secret of ana" not in run("history", "yard", "sshed", "--reader", "ben").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("structures", "plant"), "no site 'plant'"),
        (("structure", "show", "yard", "sx"), "has no structure 'sx'"),
        (("structure", "name", "yard", "sshed", "shall"), "is the id of a structure"),
        (("structure", "kind", "yard", "sshed", "barn", "--reason", "x"), "a kind must be"),
        (("structure", "split", "yard", "sshed", "missing.geojson", "--reason", "x"), "cannot be read"),
        (("structure", "merge", "yard", "sshed", "sshed", "--reason", "x"), "with others"),
        (("review", "add", "yard", "sshed", "reject"), "--reason is needed"),
        (("review", "add", "yard", "sshed", "perhaps"), "a verdict must be"),
        (("review", "resolve", "yard", "sshed", "keep", "--reason", "x"), "no open conflict"),
        (("review", "resolve", "yard", "sshed", "maybe", "--reason", "x"), "accept or keep"),
        (("history", "yard", "sx"), "has no structure 'sx'"),
    ],
)
def test_what_is_wrong_is_one_sentence(space: Path, run: Run, arguments: tuple[str, ...], words: str) -> None:
    ran = run(*arguments)
    assert ran.code == 2
    assert ran.err.startswith("error: ")
    assert words in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    "command",
    [("structures", "--json"), ("review", "list"), ("review", "conflicts"), ("review", "agreement"), ("history",)],
)
def test_listings_read_rows_only(space: Path, command: tuple[str, ...]) -> None:
    """They answer at once, so they must not load the rooms that search."""
    heavy = "{'sitewatch.structures', 'sitewatch.cube', 'sitewatch.change', 'scipy', 'numba', 'xarray'}"
    code = (
        "import sys; from sitewatch.cli import main\n"
        f"sys.argv = ['sitewatch', *{command!r}]\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print(sorted({heavy} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120, env=dict(os.environ)
    )
    assert done.stderr.splitlines()[-1] == "[]", done.stderr
