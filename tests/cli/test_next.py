"""`sitewatch looks next` as a user calls it: on a site file, a folder of results, and a site of a workspace."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import shapely
from icalendar import Calendar
from orbiting import ELEMENTS, NOW, OUTLINE, write_forecast, write_sensors, write_site
from ran import Run

from sitewatch.assessment import SIMULATED
from sitewatch.cube import Look, Outcome
from sitewatch.planning import DEFAULT_LINE, CoverLine
from sitewatch.site import Site
from sitewatch.store import Run as Visit
from sitewatch.store import add_site, save_run
from sitewatch.store._schema import names
from sitewatch.structures import Bracket, Kind, Presence, Recognised, Recognition, State, Structure
from sitewatch.workspace import make_workspace

EXAMPLE = Path(__file__).parents[2] / "examples" / "march-16"
FIELDS = {"start", "sensor", "direction", "relative_orbit", "sun_elevation", "p_clear", "cost", "worth"}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_site(tmp_path)


@pytest.fixture
def tle(tmp_path: Path) -> Path:
    path = tmp_path / "some.tle"
    path.write_text(ELEMENTS)
    return path


@pytest.fixture
def agile(tmp_path: Path) -> Path:
    return write_sensors(tmp_path)


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


@pytest.mark.parametrize("day", ["2018-01-10", "2018-10-01"])
def test_a_replay_knows_no_turn_that_came_later(run: Run, tle: Path, tmp_path: Path, day: str) -> None:
    """A folder of results holds the whole life: the shelter went in February and July of 2018, and came back in 2019.

    What is told on a day is the same whether the folder goes on after it or not.
    """
    record, cut = EXAMPLE / "record", tmp_path / "cut"
    cut.mkdir()
    for name in ("site.geojson", "looks.geojson", "structures.geojson"):
        document = json.loads((record / name).read_text())
        for one in document["features"] if name.startswith("struct") else []:
            spells = [k for k in one["properties"]["presences"] if k["erected"]["by"] < day]
            for spell in spells:
                if spell["dismantled"] is not None and spell["dismantled"]["by"] > day:
                    spell["dismantled"] = None
            one["properties"]["presences"] = spells
        document["features"] = [
            one
            for one in document["features"]
            if one["properties"].get("presences", True) and (one["properties"].get("captured") or "") < day
        ]
        (cut / name).write_text(json.dumps(document))
    where = ("--elements", tle, "--stale", "--question", "standing:shelter", "--since", day, "--now", day, "--json")
    documents = []
    for folder in (record, cut):
        ran = run("looks", "next", "march-16", "--record", folder, *where)
        assert ran.code == 0, ran
        documents.append(json.loads(ran.out))
    assert documents[0] == documents[1]


def test_a_look_that_was_published_later_was_not_known(run: Run, tle: Path, tmp_path: Path) -> None:
    record, late = EXAMPLE / "record", tmp_path / "late"
    late.mkdir()
    for name in ("site.geojson", "structures.geojson"):
        (late / name).write_bytes((record / name).read_bytes())
    document = json.loads((record / "looks.geojson").read_text())
    for one in document["features"][:100]:
        one["properties"]["published"] = "2019-06-01T00:00:00Z"
    (late / "looks.geojson").write_text(json.dumps(document))
    counts = {}
    for day in ("2019-05-01", "2019-07-01"):
        ran = run("looks", "odds", "march-16", "--record", late, "--now", day, "--json")
        counts[day] = json.loads(ran.out)["looks"]
    assert counts["2019-07-01"] - counts["2019-05-01"] > 100


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


def test_waits_and_odds_of_a_site_of_a_workspace(run: Run, place: Path, tle: Path) -> None:
    """Every other look was clear there: long waits are rarer than where anything between never and always may be."""
    known, bare = (
        json.loads(run("looks", "wait", name, "--elements", tle, "--now", NOW, "--json").out)
        for name in ("plant", write_site(place))
    )
    assert known["weather"]["looks"] == 22
    assert known["free"]["within"]["14"] > bare["free"]["within"]["14"] + 0.1
    scored = json.loads(run("looks", "odds", "plant", "--now", NOW, "--json").out)
    assert scored["ledger"]["n"] == 12
    assert scored["ledger"]["event_rate"] == 0.5


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


def test_a_simulated_record_is_said_to_be_one(run: Run, tle: Path, tmp_path: Path) -> None:
    record = EXAMPLE / "record"
    ics, picture = tmp_path / "looks.ics", tmp_path / "looks.svg"
    where = (record / "site.geojson", "--record", record, "--elements", tle)
    ran = run("looks", "next", *where, "--now", NOW, "--ics", ics, "--picture", picture)
    assert ran.out.startswith(SIMULATED)
    calendar = Calendar.from_ical(ics.read_bytes())
    assert calendar["X-WR-CALDESC"] == SIMULATED
    assert all(str(one["DESCRIPTION"]).startswith(SIMULATED) for one in calendar.walk("VEVENT"))
    lines = ET.fromstring(picture.read_text()).iterfind(".//{*}text[@class='caveat']")  # noqa: S314 - our own
    assert " ".join(str(one.text) for one in lines) == SIMULATED
    assert told(run, *where)["simulated"] is True
    for command in ("wait", "odds"):
        more = where if command == "wait" else where[:3]
        assert run("looks", command, *more, "--now", NOW).out.startswith(SIMULATED)
        assert json.loads(run("looks", command, *more, "--now", NOW, "--json").out)["simulated"] is True


def test_a_real_record_is_not(run: Run, place: Path, tle: Path) -> None:
    assert told(run, "plant", "--elements", tle)["simulated"] is False
    assert "simulated" not in run("looks", "next", "plant", "--elements", tle, "--now", NOW).out


def test_a_window_that_is_over_is_said_to_be_over(run: Run, site: Path, place: Path, tle: Path) -> None:
    over = ("--elements", tle, "--since", "2026-09-10", "--until", "2026-09-20")
    for name in (site, "plant"):
        ran = run("looks", "next", name, *over, "--now", NOW)
        assert ran.code == 0, ran
        assert (
            "The window ended on 2026-09-20: no look can be taken there any more; what was seen then is in" in ran.out
        )
        assert "●" not in ran.out
        assert "No look that can be had" not in ran.out
        document = told(run, name, *over)
        assert document["over"] is True
        assert document["wait"] is None
        assert document["passes"]
        assert all(one["over"] and one["chosen"] is None for one in document["passes"])


def test_passes_that_are_over_are_not_chosen(run: Run, site: Path, tle: Path) -> None:
    begun = ("--elements", tle, "--since", "2026-09-15", "--until", "2026-10-01")
    document = told(run, site, *begun)
    gone = [one for one in document["passes"] if one["start"] < NOW]
    assert gone
    assert all(one["over"] and one["chosen"] is None and one["worth"] > 0 for one in gone)
    assert [one["chosen"] for one in document["passes"] if one["chosen"]]
    said = run("looks", "next", site, *begun, "--now", NOW).out
    assert f"{len(gone)} of these passes are over by 2026-09-24 00:00 UTC, and not chosen." in said


def test_a_forecast_counts_as_far_as_it_reaches(run: Run, place: Path, tle: Path, agile: Path, tmp_path: Path) -> None:
    clouds = write_forecast(tmp_path, "2026-09-24", days=9, cover=100)
    where = ("plant", "--elements", tle, "--sensors", agile)
    plain = told(run, *where)
    document = told(run, *where, "--forecast", clouds)
    end = "2026-10-02T23:00"
    cameras = [one for one in document["passes"] if one["sensor"] == "agile"]
    came = {one["start"]: one for one in plain["passes"] if one["sensor"] == "agile"}
    for one in cameras:
        before = came[one["start"]]
        assert before["p_clear_from"] == "ledger"
        if one["start"] < "2026-09-30T23:00":
            assert one["p_clear_from"] == "forecast"
            # Overcast: one in ten, by the line that is assumed until looks say better.
            assert one["p_clear"] == pytest.approx(DEFAULT_LINE.chance(1.0))
        elif one["start"] < end:
            assert one["p_clear_from"] == "forecast and ledger"
            assert DEFAULT_LINE.chance(1.0) < one["p_clear"] < before["p_clear"]
        else:
            assert (one["p_clear_from"], one["p_clear"]) == ("ledger", before["p_clear"])
    assert {one["p_clear_from"] for one in cameras} == {"forecast", "forecast and ledger", "ledger"}
    radar = [one for one in document["passes"] if one["sensor"] == "sentinel-1"]
    assert {one["p_clear_from"] for one in radar} == {"assumed"}
    assert document["weather"]["forecast"]["until"].startswith(end)
    assert document["weather"]["forecast"]["pairs"] == 0
    assert "an assumption" in document["weather"]["sentence"]
    said = run("looks", "next", *where, "--forecast", clouds, "--now", NOW).out
    assert "forecast and ledger" in said
    assert "The cloud forecast counts until 2026-10-02 23:00 UTC" in said
    first, second = (one["wait"]["free"]["within"]["3"] for one in (plain, document))
    assert second < first


def test_forecasts_that_were_kept_teach_the_line(run: Run, place: Path, tle: Path, tmp_path: Path) -> None:
    """Nearly all looks of the record were clear: what is told of an overcast sky rises with each of them."""
    clouds = write_forecast(tmp_path, "2026-09-24", days=7, cover=100)
    kept = write_forecast(tmp_path, "2026-07-01", days=60, cover=100)
    document = told(run, "plant", "--elements", tle, "--forecast", clouds, "--forecast", kept)
    line = document["weather"]["forecast"]
    assert line["files"] == 2
    assert line["pairs"] == 12
    assert CoverLine(intercept=line["intercept"], slope=line["slope"]).chance(1.0) > 0.3
    assert "what 12 forecast covers were followed by here" in document["weather"]["sentence"]


def test_a_forecast_that_ends_before_the_window_is_told(run: Run, site: Path, tle: Path, tmp_path: Path) -> None:
    old = write_forecast(tmp_path, "2026-09-01", days=7, cover=100)
    document = told(run, site, "--elements", tle, "--forecast", old)
    assert "The cloud forecast ends on 2026-09-07 23:00 UTC, before the window" in document["weather"]["sentence"]
    assert {one["p_clear_from"] for one in document["passes"]} == {"mean over land", "assumed"}


def test_the_wait_stands_below_the_passes(run: Run, site: Path, tle: Path, agile: Path) -> None:
    where = (site, "--elements", tle, "--sensors", agile)
    sentence = told(run, *where)["wait"]["sentence"]
    assert sentence.startswith("With what is free, an erection on any day is seen within ")
    assert sentence in run("looks", "next", *where, "--now", NOW).out


def write_plan(path: Path, period: str, day: str) -> Path:
    """A plan of Sentinel-2B whose one strip, a minute on a day, lies in the Gulf of Guinea."""
    data = {
        "ID": "1-1", "Mode": "NOBS", "OrbitAbsolute": 49900, "OrbitRelative": 111,
        "ObservationTimeStart": f"{day}T10:00:00", "ObservationTimeStop": f"{day}T10:01:00",
    }  # fmt: skip
    told = "".join(f'<Data name="{key}"><value>{value}</value></Data>' for key, value in data.items())
    ring = "0,2,0 -1.3,2,0 -1.3,-2,0 0,-2,0 1.3,-2,0 1.3,2,0 0,2,0"
    path.write_text(
        f"<kml><Document><name>S2 Planned Observations {period}</name><Folder><name>S2B</name><Placemark>"
        f"<ExtendedData>{told}</ExtendedData><coordinates>{ring}</coordinates></Placemark></Folder></Document></kml>"
    )
    return path


def test_a_plan_takes_worth_from_what_will_not_be_imaged(run: Run, site: Path, tle: Path, tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "plan.kml", "from 20260920T120000 to 20261002T150000", "2026-09-25")
    where = (site, "--elements", tle)
    passes = told(run, *where, "--plan", plan)["passes"]
    left_out = [one for one in passes if one["planned"] is False]
    assert {one["satellite"] for one in left_out} == {"sentinel-2b"}
    assert all(one["p_pass"] == 0 == one["worth"] and one["chosen"] is None for one in left_out)
    beyond = [one for one in passes if one["satellite"] == "sentinel-2b" and one["start"] > "2026-10-02T15"]
    assert all(one["planned"] is None and one["worth"] > 0 for one in beyond)
    old = write_plan(tmp_path / "old.kml", "from 20250220T120000 to 20250302T150000", "2025-02-25")
    ran = run("looks", "next", *where, "--plan", old, "--now", NOW)
    assert "old.kml: is of 2025-02-20 to 2025-03-02, and tells nothing of the window" in ran.err
    plan.write_text("no plan")
    ran = run("looks", "next", *where, "--plan", plan, "--now", NOW)
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
        (["--question", "standing:hall@2026-13-01"], "--question must be a date"),
        (["--question", "standing:hall@9999-12-31"], "--question must lie between"),
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
        (["--forecast", "none.json"], "none.json: cannot be read"),
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


def test_what_a_reader_must_know_of_an_answer_is_said(run: Run, site: Path, place: Path, tle: Path) -> None:
    where = ("--elements", tle, "--now", NOW)
    said = run("looks", "next", site, *where, "--question", "deadline:2026-09-20").out
    assert "The deadline, 2026-09-20 23:59 UTC, lies before the last look or" in said
    assert "(2026-09-24 00:00 UTC): no look to come tells" in said
    assert "No look is known here: it is taken that nothing had changed by the begin of the window" in said
    even = run("looks", "next", site, *where, "--question", "standing:gate@west").out
    assert "No look is known here: that the gate@west stands is taken for as likely as not" in even
    assert "No look is known" not in run("looks", "next", "plant", *where).out
    # Its elements of September 2026 put Sentinel-1A between the tracks of the mission.
    assert "sentinel-1a has left its tracks" in said
    assert "sentinel-2b has left" not in said
    assert run("cost", "cap", "10h", "--site", "plant").code == 0
    assert "do not hold here" not in run("looks", "next", "plant", *where, "--budget", "5eur").err
    assert run("cost", "cap", "5usd", "--site", "plant").code == 0
    told = run("looks", "next", "plant", *where, "--budget", "5eur", "--minutes", "20").err
    assert "costs of sensors are taken for eur; the caps in usd do not hold here" in told
    assert "hours is not told, and not counted" in run("looks", "next", "plant", *where).out
    assert "not counted" not in run("looks", "next", "plant", *where, "--minutes", "20").out


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
