"""`sitewatch looks next` as a user calls it: on a site file, a folder of results, and a site of a workspace."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import shapely
from icalendar import Calendar
from ran import Run

from sitewatch.cube import Look, Outcome
from sitewatch.site import Site
from sitewatch.store import Run as Visit
from sitewatch.store import add_site, save_run
from sitewatch.store._schema import names
from sitewatch.structures import Bracket, Kind, Presence, Recognised, Recognition, State, Structure
from sitewatch.workspace import make_workspace

EXAMPLE = Path(__file__).parents[2] / "examples" / "march-16"
NOW = "2026-09-24T00:00:00Z"
ELEMENTS = """SENTINEL-2B
1 42063U 17013A   26263.59211295  .00000276  00000+0  12211-3 0  9994
2 42063  98.5709 336.9934 0001197  85.8635 274.2685 14.30816269498280
SENTINEL-1A
1 39634U 14016A   26266.95583925  .00000028  00000+0  15467-4 0  9991
2 39634  98.1598 272.9400 0001449  85.9652 274.1714 14.59807083664427
"""
OUTLINE = shapely.box(126.65, 39.74, 126.67, 39.76)
FIELDS = {"start", "sensor", "direction", "relative_orbit", "sun_elevation", "p_clear", "cost", "worth"}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "plant.geojson"
    feature = {
        "type": "Feature",
        "id": "plant",
        "properties": {"name": "The plant"},
        "geometry": shapely.geometry.mapping(OUTLINE),
    }
    path.write_text(json.dumps(feature))
    return path


@pytest.fixture
def tle(tmp_path: Path) -> Path:
    path = tmp_path / "some.tle"
    path.write_text(ELEMENTS)
    return path


@pytest.fixture
def agile(tmp_path: Path) -> Path:
    path = tmp_path / "agile.toml"
    told = 'name = "agile"\nnorad = [42063]\nmax_off_nadir = 30\npixel_m = 0.5\ncost = 300'
    path.write_text(f"[[sensor]]\n{told}\n\n[[sensor]]\n{told.replace('agile', 'dear').replace('cost = 300', '')}\n")
    return path


@pytest.fixture
def place(tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace that saw a shelter come between its looks."""
    folder = tmp_path / "workspace"
    monkeypatch.setenv("SITEWATCH_WORKSPACE", str(folder))
    begin = dt.datetime(2026, 6, 1, 2, 30, tzinfo=dt.UTC)
    looks = tuple(
        Look(
            scene=f"s{n}", sensor="sentinel-2", captured=begin + dt.timedelta(days=n), published=begin,
            published_is_recorded=False, outcome=Outcome.USED if n % 10 else Outcome.COULD_NOT_SEE,
            clear_share=0.9 if n % 10 else 0.0,
        )
        for n in range(0, 110, 5)
    )  # fmt: skip
    spell = Presence(
        erected=Bracket(after=begin + dt.timedelta(days=45), by=begin + dt.timedelta(days=55)), dismantled=None,
        state=State.CONFIRMED, probability=0.95, evidence=(),
    )  # fmt: skip
    shelter = Structure(
        id="s1", kind=Kind.STRUCTURE, footprint=shapely.box(126.66, 39.75, 126.6606, 39.7502), present=True,
        probability=0.95, area_m2=900, area_m2_low=800, area_m2_high=1000, presences=(spell,),
        sensors=("sentinel-2 reflectance",),
    )  # fmt: skip
    when = begin + dt.timedelta(days=111)
    with make_workspace(folder) as workspace, workspace.store.writing() as connection:
        add_site(connection, Site(id="plant", name="The plant", outline=OUTLINE), {"images": "x", "false_alarms": 1.0},
                 who="reader", at=begin)  # fmt: skip
        visit = Visit(
            began=when, version="0", exit_code=0, sentence="ok", searched=True, listed=len(looks), used=len(looks),
            first_look=begin, last_look=when, listing="",
        )  # fmt: skip
        things = Recognition(things=(Recognised(thing="s1", structure=shelter),))
        since = save_run(connection, "plant", visit, at=when, looks=looks, recognition=things)
        connection.execute(names.insert().values(site="plant", thing="s1", since=since, name="shelter"))
    return folder


def told(run: Run, *arguments: object) -> dict[str, Any]:
    ran = run("looks", "next", *arguments, "--json", "--now", NOW)
    assert ran.code == 0, ran
    document: dict[str, Any] = json.loads(ran.out)
    return document


def test_a_site_file_needs_no_workspace(run: Run, site: Path, tle: Path, tmp_path: Path) -> None:
    document = told(run, site, "--elements", tle)
    assert document["passes"]
    assert all(set(one) >= FIELDS for one in document["passes"])
    starts = [one["start"] for one in document["passes"]]
    assert starts == sorted(starts)
    assert all(start.endswith("Z") and "2026-09-24" <= start < "2026-10-08" for start in starts)
    assert {one["sensor"] for one in document["passes"]} == {"sentinel-1", "sentinel-2"}
    assert all(one["cost"] == 0 and one["worth"] >= 0 and one["worth_per_cost"] is None for one in document["passes"])
    assert {one["p_clear"] for one in document["passes"] if one["sensor"] == "sentinel-2"} == {0.45}
    assert document["weather"]["prior_only"] is True
    assert document["question"]["kind"] == "dating"
    assert {one["chosen"] for one in document["passes"]} == {None, 1, 2, 3}
    assert not (tmp_path / "sitewatch-workspace").exists()


def test_the_window_ends_where_elements_are_too_old(run: Run, site: Path, tle: Path) -> None:
    ran = run("looks", "next", site, "--elements", tle, "--now", NOW)
    assert "the window ends on 2026-10-04 14:12 UTC: from there the oldest elements are too old" in ran.err
    assert "There is no ledger of looks" in ran.out
    assert "● 1" in ran.out
    assert "1. 2026-" in ran.out
    refused = run("looks", "next", site, "--elements", tle, "--now", NOW, "--until", "2026-11-30")
    assert refused.code == 2
    assert "give elements within 14 days" in refused.err
    stale = told(run, site, "--elements", tle, "--until", "2026-11-30", "--stale")
    assert max(one["age_days"] for one in stale["passes"]) > 14


def test_looks_are_chosen_within_a_budget(run: Run, site: Path, tle: Path, agile: Path) -> None:
    where = (site, "--elements", tle, "--sensors", agile, "--question", "standing:shelter@2026-09-30", "--size", 12)
    document = told(run, *where, "--budget", "650eur,1h", "--minutes", "15")
    spent = document["budget"]["spent"]
    assert document["budget"]["caps"] == {"eur": 650, "h": 1}
    assert spent["eur"] <= 650
    assert spent["h"] <= 1
    chosen = [one for one in document["passes"] if one["chosen"]]
    assert sum(one["cost"] for one in chosen) == spent["eur"]
    assert all(one["why"].startswith("It falls") and one["why"].endswith(".") for one in chosen)
    assert len(chosen) == 4
    assert {one["sensor"] for one in chosen} > {"agile"}
    dear = [one for one in document["passes"] if one["sensor"] == "dear"]
    assert dear
    assert all(one["cost"] is None and one["costs"] is None and one["worth"] > 0 for one in dear)
    assert document["chosen"]["cost_not_told"] == len(dear)
    paid = next(one for one in document["passes"] if one["sensor"] == "agile")
    assert paid["worth_per_cost"] == paid["worth"] / 300
    ran = run("looks", "next", *where, "--budget", "650eur,1h", "--minutes", "15", "--now", NOW)
    assert " of 650 eur, 1 of 1 h are spent." in ran.out
    assert "their cost is not told" in ran.out
    free = told(run, *where, "--budget", "299eur")
    assert free["budget"]["spent"].get("eur", 0) == 0


def test_a_folder_and_a_case_are_asked(run: Run, tle: Path) -> None:
    record = EXAMPLE / "record"
    where = (record / "site.geojson", "--record", record, "--elements", tle)
    document = told(run, *where, "--case", EXAMPLE / "case.yaml")
    assert document["question"]["kind"] == "explaining"
    assert 0 < document["question"]["open"] < 2
    assert document["weather"]["looks"] > 100
    worth = {one["sensor"]: one["worth"] for one in document["passes"]}
    assert worth["sentinel-2"] > 0
    assert worth["sentinel-1"] == 0  # radar has never shown the shelter
    bare = told(run, record / "site.geojson", "--elements", tle, "--case", EXAMPLE / "case.yaml")
    assert bare["passes"][0]["worth"] > 0
    standing = told(run, *where, "--case", EXAMPLE / "case.yaml", "--question", "standing:shelter")
    assert standing["question"]["kind"] == "explaining"
    assert standing["question"]["asked"].startswith("whether the shelter in the yard stands on 4 October 2026")


def test_a_site_of_a_workspace_is_known_by_its_ledger(run: Run, place: Path, tle: Path) -> None:
    document = told(run, "plant", "--elements", tle, "--question", "standing:shelter@2026-10-01")
    assert document["weather"]["looks"] == 22
    assert document["question"]["asked"] == "whether the shelter stands on 1 October 2026"
    radar = [one for one in document["passes"] if one["sensor"] == "sentinel-1"]
    assert all(one["p_resolved"] == 0 and one["worth"] == 0 for one in radar)
    dated = told(run, "plant", "--elements", tle, "--question", "bracket:shelter")
    assert dated["question"]["unit"] == "days"
    assert max(one["worth"] for one in dated["passes"]) > 1
    side = told(run, "plant", "--elements", tle, "--question", "deadline:shelter@2026-10-01")
    assert 0 < side["question"]["open"] < 1
    assert told(run, "plant", "--elements", tle, "--question", "deadline:2026-10-01")["question"]["unit"] == "bits"


def test_elements_come_from_where_the_workspace_says(run: Run, place: Path, tle: Path) -> None:
    missing = run("looks", "next", "plant", "--now", NOW)
    assert missing.code == 2
    assert "give --elements FILE" in missing.err
    settings = place / "sitewatch.toml"
    settings.write_text(settings.read_text() + 'elements = "https://orbits.test/s2.tle"\n')
    kept = {"url": "https://orbits.test/s2.tle", "fetched": NOW, "content": ELEMENTS}
    (place / "elements.json").write_text(json.dumps(kept))
    assert told(run, "plant")["passes"] == told(run, "plant", "--elements", tle)["passes"]


def test_passes_become_a_calendar_and_a_picture(run: Run, site: Path, tle: Path, tmp_path: Path) -> None:
    ics, picture = tmp_path / "looks.ics", tmp_path / "looks.svg"
    command = ("looks", "next", site, "--elements", tle, "--now", NOW, "--ics", ics, "--picture", picture)
    ran = run(*command)
    assert ran.out.rstrip().endswith(f"{ics}\n{picture}")
    events = Calendar.from_ical(ics.read_bytes()).walk("VEVENT")
    document = told(run, site, "--elements", tle)
    assert len(events) == len(document["passes"])
    assert [e.decoded("DTSTART").strftime("%Y-%m-%dT%H:%M:%S") for e in events] == [
        one["start"][:19] for one in document["passes"]
    ]
    assert sum(str(e["SUMMARY"]).startswith("Look: ") for e in events) == 3
    assert all(e.decoded("DTSTAMP").tzinfo is not None for e in events)
    drawn = picture.read_text()
    assert drawn.startswith("<svg")
    assert drawn.count('class="chosen"') == 3
    first = ics.read_bytes(), drawn
    run(*command)
    assert (ics.read_bytes(), picture.read_text()) == first


def test_a_plan_takes_worth_from_what_will_not_be_imaged(run: Run, site: Path, tle: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.kml"
    plan.write_text("no plan")
    ran = run("looks", "next", site, "--elements", tle, "--plan", plan, "--now", NOW)
    assert ran.code == 2
    assert "plan.kml" in ran.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--question", "standing"], "--question must be standing:NAME[@DATE], deadline:[NAME@]DATE"),
        (["--question", "standing:"], "--question must be"),
        (["--question", "why"], "--question must be"),
        (["--question", "case"], "give --case CASE.yaml"),
        (["--question", "case:x"], "--question must be"),
        (["--question", "deadline:soon"], "--question must be a date such as 2019-01-31, got 'soon'"),
        (["--question", "deadline:shelter"], "must be a date"),
        (["--question", "bracket:"], "--question must be"),
        (["--budget", "5"], "--budget must be amounts with units"),
        (["--budget", "2h"], "give --minutes"),
        (["--minutes", "0"], "--minutes must be above 0"),
        (["--minutes", "nan"], "--minutes must be above 0"),
        (["--size", "-1"], "--size must be metres above 0"),
        (["--since", "2026-10-02", "--until", "2026-09-30"], "exchange them"),
        (["--since", "2026-09-24", "--until", "2028-09-30"], "a year at most"),
        (["--picture", "x.png"], "ends in .svg"),
        (["--ics", "x.txt"], "ends in .ics"),
        (["--ics", "nowhere/x.ics"], "nowhere/x.ics: cannot be written"),
        (["--sensors", "none.toml"], "none.toml"),
        (["--case", "none.yaml"], "none.yaml"),
        (["--record", "nowhere"], "nowhere"),
        (["--elements", "none.tle"], "none.tle"),
    ],
)
def test_faults_are_one_sentence(run: Run, site: Path, tle: Path, options: list[str], says: str) -> None:
    ran = run("looks", "next", site, "--elements", tle, "--now", NOW, *options)
    assert ran.code in (1, 2), ran
    assert says in ran.err
    assert ran.out == ""


def test_what_is_about_another_site_is_refused(run: Run, site: Path, tle: Path) -> None:
    for options in (("--case", EXAMPLE / "case.yaml"), ("--record", EXAMPLE / "record")):
        ran = run("looks", "next", site, "--elements", tle, "--now", NOW, *options)
        assert ran.code == 2
        assert "'plant' is asked about" in ran.err
    ran = run("looks", "next", "nowhere.geojson", "--elements", tle)
    assert ran.code == 2
    ran = run("looks", "next", "plant", "--elements", tle)
    assert ran.code == 2
    assert "is no workspace" in ran.err


def test_names_that_nobody_knows(run: Run, place: Path, site: Path, tle: Path) -> None:
    ran = run("looks", "next", "plant", "--elements", tle, "--now", NOW, "--question", "bracket:hangar")
    assert ran.code == 2
    assert "no structure of site 'plant' is called 'hangar'" in ran.err
    # Where there is no record any name will do.
    assert told(run, site, "--elements", tle, "--question", "standing:a@b")["question"]["asked"].startswith(
        "whether the a@b"
    )


def test_real_elements_give_the_passes_of_both_sentinels_and_landsat(run: Run, shared: Path, site: Path) -> None:
    orbits = shared / "data" / "orbits"
    if not orbits.is_dir():
        pytest.skip("no real elements in the shared data")
    files = [orbits / "s2_celestrak_2026-10-01.tle", orbits / "eo_celestrak_2026-09-23.tle"]
    document = told(run, site, *(part for file in files for part in ("--elements", file)))
    assert {one["satellite"] for one in document["passes"]} >= {
        "sentinel-2a",
        "sentinel-2b",
        "sentinel-2c",
        "landsat-9",
    }
    assert all(one["age_days"] <= 14 for one in document["passes"])
