"""`sitewatch forecast` as a user calls it: the founding case from the day of its issue to its scores."""

from __future__ import annotations

import csv
import datetime as dt
import itertools
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from ran import Ran, Run

from sitewatch.assessment import SIMULATED
from sitewatch.site import read_site
from sitewatch.store import add_site
from sitewatch.workspace import make_workspace

EXAMPLE = Path(__file__).parents[2] / "examples" / "march-16"
CASE, TESTS, RECORD = EXAMPLE / "case.yaml", EXAMPLE / "tests.csv", EXAMPLE / "record"
EVENT = "missile test"


def told(ran: Ran) -> Any:
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Path:
    """A workspace that watches the example's site and knows its events."""
    folder = tmp_path / "workspace"
    monkeypatch.setenv("SITEWATCH_WORKSPACE", str(folder))
    monkeypatch.setenv("SITEWATCH_READER", "ann")
    site = read_site(RECORD / "site.geojson")
    with make_workspace(folder) as workspace, workspace.store.writing() as connection:
        source = {"images": "x", "false_alarms": 1.0}
        add_site(connection, site, source, who="ann", at=dt.datetime(2018, 1, 1, tzinfo=dt.UTC))
    assert run("event", "import", TESTS).code == 0
    return folder


def test_the_founding_case_is_issued_resolved_and_scored(run: Run, place: Path) -> None:
    """From 21 December 2019: no test came until 2 March 2020."""
    issued = told(run("forecast", "issue", CASE, "--record", RECORD, "--at", "2019-12-21", "--json", "-q"))
    windows = {one["days"]: one for one in issued["windows"]}
    assert sorted(windows) == [7, 14, 30]
    assert all(0.01 < one["base"] < one["probability"] < 0.8 for one in windows.values())
    assert {one["name"] for one in issued["factors"]} == {"activity", "year-end"}
    assert issued["record"]["events"] == 45
    first = told(run("forecast", "resolve", "--complete-until", "2019-12-31", "--json"))
    assert (first["resolved"], first["waiting"]) == (1, 2)
    later = told(run("forecast", "resolve", "--complete-until", "2020-03-02", "--json"))
    assert (later["resolved"], later["waiting"], len(later["changed"])) == (3, 0, 2)
    listed = told(run("forecast", "list", "--json"))
    assert [one["happened"] for one in listed] == [False] * 3
    assert all(one["looking_back"] for one in listed)
    assert listed[0]["detail"]["case_sha256"]
    scores = told(run("forecast", "scores", "--json"))["scores"]
    for one in scores:
        assert one["author"] == "sitewatch"
        assert one["score"]["brier"] == pytest.approx(windows[one["days"]]["probability"] ** 2, abs=1e-3)
        assert one["baselines"]["base rate"]["brier"] == pytest.approx(windows[one["days"]]["base"] ** 2, abs=1e-3)
        assert one["baselines"]["base rate"]["ci"] is None
    assert "(too few)" in run("forecast", "scores").out
    table = run("forecast", "list").out
    assert "looking back" in table
    assert table.count(" no") >= 3
    assert "sitewatch" in run("forecast", "scores").out


def test_nothing_after_the_day_of_issue_enters(run: Run, tmp_path: Path) -> None:
    def issue(file: Path) -> Any:
        return told(
            run("forecast", "issue", CASE, "--record", RECORD, "--at", "2019-12-21", "--events", file, "--dry-run",
                "--json", "-q")
        )  # fmt: skip

    with TESTS.open(encoding="utf-8") as lines:
        rows = [row for row in csv.reader(lines) if row[0] == "date" or row[0] < "2019-12-21"]
    cut = tmp_path / "cut.csv"
    other = tmp_path / "other.csv"
    for file, more in ((cut, []), (other, [["2019-12-21", EVENT, ""], ["2019-12-25", EVENT, ""]])):
        with file.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([*rows, *more])
    assert issue(cut) == issue(other) == issue(TESTS)


def test_without_looks_only_the_calendar_is_on_top_of_the_record(run: Run) -> None:
    asked = ("forecast", "issue", CASE, "--at", "2019-12-21", "--events", TESTS, "--without-looks", "--dry-run", "-q")
    found = told(run(*asked, "--json"))
    assert [one["name"] for one in found["factors"]] == ["year-end"]
    words = run(
        "forecast", "issue", CASE, "--at", "2019-12-21", "--events", TESTS, "--without-looks", "--dry-run", "-q"
    )
    assert "The record of events alone gives" in words.out
    assert "stated by the authors of this example" in words.out


def test_a_forecast_is_drawn_and_says_that_its_record_is_simulated(run: Run, tmp_path: Path) -> None:
    picture = tmp_path / "forecast.svg"
    asked = ("forecast", "issue", CASE, "--at", "2019-12-21", "--events", TESTS, "--dry-run", "-q")
    done = run(*asked, "--record", RECORD, "--picture", picture)
    assert done.out.splitlines()[0] == SIMULATED
    assert done.last == str(picture)
    drawn = ET.parse(picture).getroot()  # noqa: S314 - our own file
    words = "".join(drawn.itertext())
    assert SIMULATED in words
    assert "the deadline that was set to the United States, \N{MULTIPLICATION SIGN} 1.5" in words
    lines = {e.get("class"): e.get("d", "") for e in drawn.iter() if e.get("class") in ("told", "record")}
    heights = {name: [float(p.split()[1]) for p in d[1:].split("L")] for name, d in lines.items()}
    assert len(heights["told"]) == len(heights["record"]) == 31
    assert all(a >= b for told in heights.values() for a, b in itertools.pairwise(told))  # down is up in a picture
    assert heights["told"][-1] < heights["record"][-1]
    held = next(e for e in drawn.iter() if e.get("class") == "held")
    assert (held.get("x"), held.get("width")) == ("0.00%", "53.33%")
    assert SIMULATED not in run(*asked, "--without-looks").out


def test_what_was_told_of_after_the_day_is_said_to_be_left_out(run: Run, tmp_path: Path) -> None:
    """Had nobody told of the deadline before the day of issue, it would not enter."""
    text = CASE.read_text(encoding="utf-8").replace("source: [deadline, gift]", "source: [after-new-year]")
    case = tmp_path / "case.yaml"
    case.write_text(text, encoding="utf-8")
    ran = run("forecast", "issue", case, "--at", "2019-12-21", "--events", TESTS, "--without-looks", "--dry-run")
    assert "left out" in ran.err
    assert "24 December 2019, not before the day of issue" in ran.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--at", "2099-01-01"), "--at 2099-01-01 is still to come"),
        (("--at", "2015-01-01"), "has no event before 2015-01-01"),
        (("--at", "2019-12-21", "--since", "2019-12-21"), "--since .2019-12-21. must lie before the day of issue"),
    ],
)
def test_what_cannot_be_issued_is_one_sentence(run: Run, arguments: tuple[str, ...], says: str) -> None:
    ran = run("forecast", "issue", CASE, "--events", TESTS, "--without-looks", "--dry-run", *arguments)
    assert ran.code == 2
    assert re.search(says, ran.err)


def test_a_case_without_a_plan_is_refused(run: Run, tmp_path: Path) -> None:
    text = CASE.read_text(encoding="utf-8")
    start, end = text.index("forecast:\n"), text.index("claims:\n")
    case = tmp_path / "case.yaml"
    case.write_text(text[:start] + text[end:], encoding="utf-8")
    ran = run("forecast", "issue", case, "--events", TESTS, "--dry-run")
    assert ran.code == 2
    assert "plans no forecast; add a `forecast:`" in ran.err


def add(run: Run, reader: str, probability: float, *, now: str, first: str = "2020-01-01", days: int = 7) -> Ran:
    return run("forecast", "add", EVENT, "--probability", probability, "--days", days, "--first", first, "--reader",
               reader, "--now", now)  # fmt: skip


def test_what_several_people_hold_becomes_one_and_theirs_stay(run: Run, place: Path) -> None:
    for reader, probability in (("ann", 0.2), ("ben", 0.5), ("cid", 0.1)):
        assert add(run, reader, probability, now="2019-12-20T10:00:00Z").code == 0
    assert add(run, "cid", 0.3, now="2019-12-20T12:00:00Z").code == 0
    assert add(run, "ann", 0.9, now="2019-12-20T10:00:00Z", first="2020-02-01").code == 0
    (made,) = told(run("forecast", "pool", "--json", "--now", "2019-12-21T00:00:00Z"))
    # The mean of the log-odds of .2, .5 and .3, which are 1/4, 1 and 3/7.
    odds = (1 / 4 * 1 * 3 / 7) ** (1 / 3)
    assert made["probability"] == pytest.approx(odds / (1 + odds))
    assert (made["author"], made["first"], len(made["detail"]["individuals"])) == ("aggregate", "2020-01-01", 3)
    assert len(told(run("forecast", "list", "--json"))) == 6
    assert "no open window" in run("forecast", "pool", "--now", "2020-01-05T00:00:00Z").out


def test_pooling_learns_from_what_was_resolved_before(run: Run, place: Path) -> None:
    """Twelve windows in which all held .3 and nothing came: the next ones are moved down."""
    for month in range(1, 13):
        first = f"2018-{month:02}-10"
        for reader in ("ann", "ben"):
            assert add(run, reader, 0.3, now=f"2018-{month:02}-01T00:00:00Z", first=first).code == 0
    told(run("forecast", "resolve", "--complete-until", "2019-01-01", "--json", "--now", "2019-01-02T00:00:00Z"))
    for reader in ("ann", "ben"):
        assert add(run, reader, 0.3, now="2019-02-01T00:00:00Z", first="2019-03-01").code == 0
    ran = run("forecast", "pool", "--now", "2019-02-02T00:00:00Z")
    assert "as learned from 12 resolved questions" in ran.out
    (made,) = [one for one in told(run("forecast", "list", "--json")) if one["author"] == "aggregate"]
    assert 0.1 < made["probability"] < 0.25


def test_a_replay_of_pooling_learns_nothing_of_later(run: Run, place: Path) -> None:
    """What was said later, and windows that went on then, do not count in it."""
    for reader in ("ann", "ben"):
        assert add(run, reader, 0.3, now="2018-01-01T00:00:00Z", first="2018-01-10").code == 0
        assert add(run, reader, 0.3, now="2018-01-01T00:00:00Z", first="2030-03-01").code == 0
    assert add(run, "ann", 0.9, now="2018-01-18T00:00:00Z", first="2030-03-01").code == 0
    told(run("forecast", "resolve", "--complete-until", "2018-02-01", "--json"))
    for now, learned, held in (
        ("2018-01-16", 0, [0.3, 0.3]),
        ("2018-01-17", 1, [0.3, 0.3]),
        ("2018-01-19", 1, [0.9, 0.3]),
    ):
        (made,) = told(run("forecast", "pool", "--json", "--now", f"{now}T00:00:00Z"))
        assert (made["detail"]["learned_from"], made["detail"]["probabilities"]) == (learned, held)


def test_what_came_early_is_scored_with_the_others_once_the_window_is_over(run: Run, place: Path) -> None:
    """Of windows that go on only those that came true are resolved: to score them would be to choose them."""
    today = dt.datetime.now(tz=dt.UTC).date()
    first = today - dt.timedelta(days=1)
    assert run("event", "add", EVENT, "--began", first.isoformat()).code == 0
    for days in (1, 30):
        assert add(run, "ann", 0.2, now=f"{first}T00:00:00Z", first=first.isoformat(), days=days).code == 0
    assert told(run("forecast", "resolve", "--complete-until", first, "--json"))["resolved"] == 2
    found = {one["days"]: one for one in told(run("forecast", "scores", "--json"))["scores"]}
    assert [(found[n]["n"], found[n]["open"]) for n in (1, 30)] == [(1, 0), (0, 1)]


def test_a_title_of_which_no_event_is_recorded_is_told(run: Run, place: Path) -> None:
    ran = run("forecast", "add", "misile test", "--probability", 0.2, "--days", 7, "--now", "2019-12-20T10:00:00Z")
    assert ran.code == 0
    ran = run("forecast", "resolve", "--complete-until", "2024-12-31")
    assert "it did not come" in ran.out
    assert "no event 'misile test' is recorded at all" in ran.err
    assert add(run, "ann", 0.2, now="2019-12-20T11:00:00Z").code == 0
    assert "is recorded at all" not in run("forecast", "resolve", "--complete-until", "2024-12-31").err


def test_a_structure_that_no_look_has_shown_yet_is_given_by_name(run: Run, tmp_path: Path) -> None:
    case = tmp_path / "case.yaml"
    text = CASE.read_text(encoding="utf-8")
    case.write_text(
        text.replace("observable: {structure: shelter}", "observable: {structure: tower}"), encoding="utf-8"
    )
    asked = ("forecast", "issue", case, "--record", RECORD, "--events", TESTS, "--at", "2019-12-21", "--dry-run", "-q")
    assert "or give it as --untold" in run(*asked).err
    assert "The record of events alone gives" in run(*asked, "--untold", "tower").out


def test_a_folder_that_knows_more_than_the_day_is_told(run: Run, place: Path) -> None:
    """The example's looks go on to 19 December."""
    asked = ("forecast", "issue", CASE, "--record", RECORD, "--at", "2019-12-10", "-q")
    assert told(run(*asked, "--json"))["hindsight"]
    assert "could not have been known before 2019-12-10" in run(*asked, "--dry-run").err
    assert all(one["detail"]["hindsight"] for one in told(run("forecast", "list", "--json")))
    assert not told(run(*asked[:-2], "2019-12-21", "--dry-run", "-q", "--json"))["hindsight"]


def test_a_forecast_is_kept_under_a_name_and_once(run: Run, place: Path) -> None:
    assert "new" in add(run, "ann", 0.2, now="2019-12-20T10:00:00Z").out
    assert "nothing changed" in add(run, "ann", 0.2, now="2019-12-20T10:00:00Z").out
    again = add(run, "ann", 0.25, now="2019-12-20T10:00:00Z")
    assert again.code == 2
    assert "a forecast is never changed" in again.err
    taken = add(run, "sitewatch", 0.25, now="2019-12-20T10:00:00Z")
    assert taken.code == 2
    assert "give your own" in taken.err
    assert add(run, "ann", 0.0, now="2019-12-20T10:00:00Z", days=9).code == 2


def test_somebody_must_say_until_when_the_record_is_complete(run: Run, place: Path) -> None:
    """An old import would otherwise turn what came since into what did not come."""
    ran = run("forecast", "resolve")
    assert ran.code == 2
    assert "--complete-until" in ran.err


def test_many_forecasts_are_scored_with_an_interval(run: Run, place: Path) -> None:
    for month in range(1, 13):
        first = f"2018-{month:02}-10"
        assert add(run, "ann", 0.2, now=f"2018-{month:02}-01T00:00:00Z", first=first).code == 0
    told(run("forecast", "resolve", "--complete-until", "2019-01-01", "--json"))
    (one,) = told(run("forecast", "scores", "--json"))["scores"]
    assert (one["n"], one["score"]["brier"]) == (12, pytest.approx(0.04))
    low, high = one["baselines"]["half"]["ci"]
    assert [low, one["baselines"]["half"]["difference"], high] == pytest.approx([0.04 - 0.25] * 3)
    assert "ann " in run("forecast", "scores").out


def test_an_empty_register_says_so(run: Run, place: Path) -> None:
    assert "no forecast is registered" in run("forecast", "list").out
    assert "no forecast is registered" in run("forecast", "scores").out
    assert told(run("forecast", "scores", "--json")) == {"scores": []}
    assert "0 resolved" in run("forecast", "resolve", "--complete-until", "2020-03-31").out


def test_the_examples_days_are_those_of_the_record(shared: Path) -> None:
    """Every day of the example from 2016 to March 2020 is one of the public record, and the other way round."""
    with (shared / "data" / "nk-missile-tests" / "events.csv").open(encoding="utf-8") as lines:
        days = {row["date"] for row in csv.DictReader(lines)}
    with TESTS.open(encoding="utf-8") as lines:
        told_days = {row["date"] for row in csv.DictReader(lines)}
    assert told_days == {day for day in days if "2016-02-01" <= day < "2020-04-01" and len(day) == 10}
