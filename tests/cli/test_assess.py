"""`sitewatch assess` as a user calls it: on the example's folder, and in a workspace."""

from __future__ import annotations

import datetime as dt
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from ran import Run
from shapely.geometry import box

from sitewatch.assessment import SIMULATED
from sitewatch.cube import Look, Outcome
from sitewatch.site import Site
from sitewatch.store import Run as Visit
from sitewatch.store import add_site, save_run
from sitewatch.store._schema import names
from sitewatch.structures import Bracket, Kind, Presence, Recognised, Recognition, State, Structure
from sitewatch.workspace import make_workspace

EXAMPLE = Path(__file__).parents[2] / "examples" / "march-16"
CASE = EXAMPLE / "case.yaml"
START = dt.datetime(2021, 1, 1, 10, tzinfo=dt.UTC)
MADE = """
sitewatch_case: 1
title: The plant
question: What is it for?
site: plant
since: 2021-01-01
hypotheses:
  launchers: {title: launchers are made, prior: 0.4, why: so, activity: {on_days: 120, off_days: 300}}
  trucks: {title: trucks are made, prior: 0.6, why: so, benign: true, activity: {on_days: 300, off_days: 60}}
indicators:
  shelter:
    title: the shelter stands
    observable: {structure: shelter}
    likelihoods:
      launchers: {active: {stated: 0.8, by: me}, idle: {stated: 0.02, by: me}}
      trucks: {active: {stated: 0.05, by: me}, idle: {stated: 0.02, by: me}}
"""


def day(number: float) -> dt.datetime:
    return START + dt.timedelta(days=number)


@pytest.fixture
def case(tmp_path: Path) -> Path:
    path = tmp_path / "plant.yaml"
    path.write_text(MADE, encoding="utf-8")
    return path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace that searched on day 40, and on day 80, when it saw a shelter that is called so since."""
    folder = tmp_path / "workspace"
    monkeypatch.setenv("SITEWATCH_WORKSPACE", str(folder))
    looks = tuple(
        Look(
            scene=f"s{n}", sensor="sentinel-2", captured=day(n), published=day(n), published_is_recorded=False,
            outcome=Outcome.USED if n % 30 else Outcome.COULD_NOT_SEE, clear_share=0.9 if n % 30 else 0.0,
        )
        for n in range(0, 80, 10)
    )  # fmt: skip
    spell = Presence(
        erected=Bracket(after=day(40), by=day(50)),
        dismantled=None,
        state=State.CONFIRMED,
        probability=0.95,
        evidence=(),
    )
    shelter = Structure(
        id="s1", kind=Kind.STRUCTURE, footprint=box(10.002, 50.002, 10.003, 50.003), present=True, probability=0.95,
        area_m2=900, area_m2_low=800, area_m2_high=1000, presences=(spell,),
    )  # fmt: skip
    site = Site(id="plant", name="The plant", outline=box(10.0, 50.0, 10.02, 50.01), areas={})
    with make_workspace(folder) as workspace, workspace.store.writing() as connection:
        add_site(connection, site, {"images": "x", "false_alarms": 1.0}, who="reader", at=day(0))
        for now in (40, 80):
            known = tuple(k for k in looks if k.published <= day(now))
            run = Visit(
                began=day(now), version="0", exit_code=0, sentence="ok", searched=True, listed=len(known),
                used=len(known), first_look=day(0), last_look=day(now), listing="",
            )  # fmt: skip
            things = (Recognised(thing="s1", structure=shelter),) if now == 80 else ()
            since = save_run(connection, "plant", run, at=day(now), looks=known, recognition=Recognition(things=things))
        connection.execute(names.insert().values(site="plant", thing="s1", since=since, name="shelter"))
    return folder


def test_the_example_is_judged_from_its_folder(run: Run) -> None:
    done = run("assess", CASE, "--record", EXAMPLE / "record", "--at", "2019-12-23")
    assert done.code == 0
    said, answer = done.out.splitlines()[:2]
    assert said == SIMULATED
    assert answer.startswith("On 2019-12-23 it is likely that launch vehicles are being made or modified")
    assert "new hall is 110 m (100 to 110 m) long and was erected between 2019-07-08 and 2019-07-16." in done.out
    assert "This is consistent with: launch vehicles are being made or modified; " in done.out
    assert "Confidence in this judgement is low." in done.out
    assert "the shelter in the yard stands" in done.out.splitlines()[-4]


def test_as_json_it_holds_all(run: Run) -> None:
    done = run("assess", CASE, "--record", EXAMPLE / "record", "--at", "2019-12-23", "--draws", 50, "--json")
    document = json.loads(done.out)
    assert sum(h["probability"] for h in document["hypotheses"]) == pytest.approx(1.0, abs=1e-5)
    assert document["draws"]["count"] == 50
    assert document["simulated"] is True
    assert [one["indicator"] for one in document["capacity"]] == ["expansion"]
    assert {one["topic"] for one in document["paragraph"]} >= {"answer", "evidence", "confidence"}
    again = run("assess", CASE, "--record", EXAMPLE / "record", "--at", "2019-12-23", "--draws", 50, "--json")
    assert again.out == done.out


def test_a_page_and_a_picture_are_written(run: Run, tmp_path: Path) -> None:
    page, picture = tmp_path / "judgement.html", tmp_path / "judgement.svg"
    told = ("assess", CASE, "--record", EXAMPLE / "record", "--at", "2019-12-20", "--draws", 50)
    done = run(*told, "--page", page, "--picture", picture, "--now", "2020-01-02")
    assert done.out.splitlines()[-2:] == [str(page), str(picture)]
    assert SIMULATED in page.read_text(encoding="utf-8")
    assert ET.parse(picture).getroot().tag.endswith("svg")  # noqa: S314 - our own file
    before = page.read_bytes()
    assert json.loads(run(*told, "--page", page, "--now", "2020-01-02", "--json").out)["simulated"]
    assert page.read_bytes() == before


def test_a_workspace_is_judged_as_it_was_known(run: Run, case: Path, place: Path) -> None:
    now = json.loads(run("assess", case, "--json").out)
    then = json.loads(run("assess", case, "--at", "2021-02-15", "--json").out)
    chance = [{h["key"]: h["probability"] for h in told["hypotheses"]}["launchers"] for told in (now, then)]
    assert chance[0] > 0.8
    assert chance[1] < 0.4  # named since, and not seen yet
    assert now["looks"]["could not see"] == ["s0", "s30", "s60"]
    assert then["looks"]["used"] == ["s10", "s20", "s40"]
    assert not then["hindsight"]
    assert not now["simulated"]


def test_what_was_never_told_has_to_be_said(run: Run, case: Path, place: Path) -> None:
    case.write_text(MADE.replace("structure: shelter", "structure: tent"), encoding="utf-8")
    done = run("assess", case)
    assert done.code == 2
    assert "no structure of site 'plant' is called 'tent' (known: shelter)" in done.err
    assert run("assess", case, "--untold", "tent").code == 0


def test_faults_are_one_sentence(run: Run, case: Path, tmp_path: Path, place: Path) -> None:
    for arguments, words in (
        ((case, "--at", "2150-01-01"), "--at 2150-01-01 is still to come"),
        ((case, "--at", "2020-01-01"), "ask later"),
        ((tmp_path / "none.yaml",), "none.yaml"),
        ((case, "--record", tmp_path), "structures.geojson"),
        ((case, "--page", tmp_path / "page.pdf"), "--page must be a file that ends in .html"),
        ((case, "--picture", tmp_path / "a.png"), "must be a file that ends in .svg"),
        ((case, "--record", EXAMPLE / "record"), "is about site 'plant'"),
    ):
        done = run("assess", *arguments)
        assert done.code == 2
        assert words in done.err
        assert done.err.count("\n") == 1
