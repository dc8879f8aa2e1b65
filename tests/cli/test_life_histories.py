"""`structure series`, `expansion` and `event` as a user calls them, in a workspace that holds a simulated facility."""

from __future__ import annotations

import datetime as dt
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import sqlalchemy as sa
from ran import Run
from shapely.geometry import box

from sitewatch.cube import Look, Outcome
from sitewatch.site import Site
from sitewatch.store import PICTURE_TITLES, add_site, save_run
from sitewatch.store import Run as Visit
from sitewatch.store._schema import names, reviews
from sitewatch.structures import Bracket, Kind, Presence, Recognised, Recognition, State, Structure
from sitewatch.workspace import make_workspace

NOW = dt.datetime(2024, 3, 1, 12, tzinfo=dt.UTC)
START = dt.datetime(2021, 1, 1, 10, tzinfo=dt.UTC)


def day(number: float) -> dt.datetime:
    return START + dt.timedelta(days=number)


def structure(name: str, x: float, *spells: tuple[int | None, int | None]) -> Structure:
    """Spells by the looks, 10 days apart, that first show it and no longer show it."""

    def bracket(look: int | None) -> Bracket | None:
        return None if look is None else Bracket(after=day(10 * look - 10), by=day(10 * look))

    presences = tuple(
        Presence(erected=bracket(a), dismantled=bracket(b), state=State.CONFIRMED, probability=0.95, evidence=())
        for a, b in spells
    )
    return Structure(
        id=name, kind=Kind.STRUCTURE, footprint=box(x, 50.002, x + 0.001, 50.003), present=spells[-1][1] is None,
        probability=0.95, area_m2=5000.0, area_m2_low=4000.0, area_m2_high=6000.0, presences=presences,
    )  # fmt: skip


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with a shelter that came three times, a hall that stays and an old shed that went."""
    folder = tmp_path / "workspace"
    monkeypatch.setenv("SITEWATCH_WORKSPACE", str(folder))
    monkeypatch.setenv("SITEWATCH_READER", "reader")
    looks = tuple(
        Look(
            scene=f"scene-{n}", sensor="sentinel-2", captured=day(10 * n), published=day(10 * n + 1),
            published_is_recorded=False, outcome=Outcome.USED,
        )
        for n in range(101) if not 60 < n < 70
    )  # fmt: skip
    shelter = structure("shelter1", 10.002, (10, 16), (40, 45), (75, 80))
    hall = structure("hall1", 10.012, (12, None))
    shed = structure("shed1", 10.006, (None, 30))
    outline = box(10.0, 50.0, 10.02, 50.01)
    site = Site(id="plant", name="The plant", outline=outline, areas={"yard": box(10.0, 50.0, 10.01, 50.01)})
    with make_workspace(folder) as workspace, workspace.store.writing() as connection:
        add_site(connection, site, {"images": "x", "false_alarms": 1.0}, who="reader", at=NOW)
        run = Visit(
            began=NOW, version="0", exit_code=0, sentence="ok", searched=True, listed=92, used=92, first_look=day(0),
            last_look=day(1000), listing="", head={"grid_m": 10.0},
        )  # fmt: skip
        things = tuple(Recognised(thing=s.id, structure=s) for s in (shelter, hall, shed))
        since = save_run(connection, "plant", run, at=NOW, looks=looks, recognition=Recognition(things=things))
        connection.execute(names.insert().values(site="plant", thing="shelter1", since=since, name="shelter"))
    return folder


def reject(place: Path, thing: str, verdict: str = "reject") -> None:
    with make_workspace(place) as workspace, workspace.store.writing() as connection:
        row = {
            "site": "plant",
            "thing": thing,
            "at": NOW,
            "reader": "r",
            "verdict": verdict,
            "reason": "",
            "version": NOW,
        }
        connection.execute(sa.insert(reviews).values(**row))


def test_a_series_by_name_answers_how_long_and_when_again(place: Path, run: Run) -> None:
    done = run("structure", "series", "plant", "shelter", "--within", 40)
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == "It stood 3 times in the looks from 2021-01-01 to 2023-09-28."
    assert lines[1].startswith("How long it stands: half of them last longer than 40 to 60 days, 80 % interval 40 days")
    assert "two ends are too few for an interval (3 gaps, 1 of them cut off)" in lines[2]
    assert lines[3].startswith("It has been away for 200 to 210 days so far, shorter than every gap before")
    assert "hall1 erected: within 40 days after in 1 of 3" in done.out


def test_pictures_that_runs_record_are_no_evidence_of_what_follows(place: Path, run: Run) -> None:
    """There is a picture beside every turn: that is how turns are seen."""
    began = ("--began", day(110).date(), "--site", "plant")
    for title in (*PICTURE_TITLES, "launch"):
        assert run("event", "add", title, *began).code == 0
    document = json.loads(run("structure", "series", "plant", "shelter", "--within", 40, "--json").out)
    told = {row["what"] for around in document["around"] for row in around["summary"]}
    assert "launch" in told
    assert not told & PICTURE_TITLES
    assert len(json.loads(run("event", "list", "--site", "plant", "--json").out)) == 3


def test_events_are_set_beside_the_turns(place: Path, run: Run) -> None:
    for began in (day(110), day(410), day(755)):
        assert run("event", "add", "launch", "--began", began.date(), "--site", "plant").code == 0
    done = run("structure", "series", "plant", "shelter", "--within", 40, "--json")
    document = json.loads(done.out)
    assert document["name"] == "shelter"
    assert [len(one["near"]) > 0 for one in document["around"][0]["occasions"]] == [True, True, True]
    first = document["around"][0]["summary"][0]
    assert (first["what"], first["side"], first["certainly"], first["of"]) == ("launch", "after", 3, 3)
    assert first["chance"] < 0.01
    assert document["standing"]["median_days"] == [40.0, 60.0]


def test_lines_that_random_occasions_have_too_are_counted_and_not_printed(place: Path, run: Run) -> None:
    for n in range(0, 1000, 15):
        run("event", "add", "patrol", "--began", f"{day(n):%Y-%m-%d}", "--site", "plant")
    out = run("structure", "series", "plant", "shelter", "--within", 40).out
    assert "patrol: within" not in out
    assert "lines left out, of what occasions at random times would surely have near them as often" in out
    assert "hall1 erected: within 40 days after in 1 of 3" in out


def test_what_is_hardly_likely_is_left_out_unless_it_is_asked_for_or_confirmed(place: Path, run: Run) -> None:
    said = run("structure", "series", "plant", "shelter", "--within", 40, "--least", 0.99).out
    assert "so nothing can be set beside it" in said
    assert "Turns less likely than 99 % are left out: 3 of its own and 2 of others." in said
    reject(place, "hall1", "confirm")
    assert "1 of others." in run("structure", "series", "plant", "shelter", "--least", 0.99).out
    assert run("structure", "series", "plant", "shelter", "--least", 2).code == 2


def test_what_readers_reject_is_said_and_not_counted_elsewhere(place: Path, run: Run) -> None:
    reject(place, "hall1")
    assert run("structure", "series", "plant", "hall1").out.startswith("Readers reject this structure.")
    assert "hall1" not in run("structure", "series", "plant", "shelter").out


def test_an_expansion_is_a_sentence_a_table_and_a_picture(place: Path, run: Run, tmp_path: Path) -> None:
    picture = tmp_path / "growth.svg"
    done = run("expansion", "plant", "--base-area", 50_000, "--picture", picture)
    assert done.code == 0
    assert done.out.startswith("No evidence of growth or shrinkage: the built-up footprint of The plant may well have")
    assert "1 long gap" in done.out
    assert done.last == str(picture)
    drawn = ET.parse(picture).getroot()  # noqa: S314 - our own file
    assert drawn.tag.endswith("svg")
    assert "the truth lay inside in 6 of 12" in " ".join(drawn.itertext())


def test_an_expansion_follows_readers_and_sub_areas(place: Path, run: Run) -> None:
    reject(place, "shed1")
    whole = json.loads(run("expansion", "plant", "--json").out)
    assert (whole["answer"], whole["structures"], whole["rejected"]) == ("grew", 2, 1)
    yard = json.loads(run("expansion", "plant", "--area", "yard", "--json").out)
    assert (yard["structures"], yard["change_m2"]["high"]) == (1, 0)
    assert whole["gaps"] == [{"after": "2022-08-24T10:00:00Z", "by": "2022-12-02T10:00:00Z"}]


def test_an_expansion_says_what_room_there_is_and_may_begin_later(place: Path, run: Run) -> None:
    whole = run("expansion", "plant").out
    assert "hall1 is 99 m (81 to 110 m) long and was erected between 2021-04-21 and 2021-05-01." in whole
    assert "A roof bounds what fits under it" in whole
    assert json.loads(run("expansion", "plant", "--json").out)["capacity"]["halls"][0]["structure"] == "hall1"
    later = json.loads(run("expansion", "plant", "--since", "2021-12-31", "--json").out)
    assert later["first_look"] == "2022-01-06T10:00:00Z"
    assert later["capacity"]["halls"] == []
    assert later["used_looks"] < 92
    done = run("expansion", "plant", "--since", "2023-09-28")
    assert done.code == 2
    assert "1 used looks since 2023-09-28, too few to compare; give an earlier --since" in done.err


def test_a_series_is_drawn(place: Path, run: Run, tmp_path: Path) -> None:
    picture = tmp_path / "shelter.svg"
    assert run("structure", "series", "plant", "shelter", "--picture", picture).last == str(picture)
    text = "".join(ET.parse(picture).getroot().itertext())  # noqa: S314 - our own file
    assert "How long it stands: 3 spells" in text
    assert "3 gaps, 1 cut off" in text


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("structure", "series", "plant", "nothing"), "has no structure 'nothing'"),
        (("structure", "series", "nowhere", "x"), "nowhere"),
        (("structure", "series", "plant", "shelter", "--within", "0"), "--within must be above 0"),
        (("structure", "series", "plant", "shelter", "--picture", "a.png"), "must be a file that ends in .svg"),
        (("expansion", "plant", "--area", "gate"), "has no such sub-area (it has: yard)"),
        (("expansion", "plant", "--base-area", "-3"), "--base-area must be"),
        (("expansion", "nowhere"), "no site 'nowhere'"),
        (("event", "add", "x", "--began", "yesterday"), "--began must be a date"),
        (("event", "add", "x", "--began", "2020-01-02", "--ended", "2020-01-01"), "before it begins"),
        (("event", "withdraw", "e0"), "no event 'e0'"),
        (("event", "import", "missing.csv"), "missing.csv: cannot be read"),
    ],
)
def test_what_cannot_be_is_one_sentence(place: Path, run: Run, command: tuple[str, ...], words: str) -> None:
    done = run(*command)
    assert done.code == 2
    assert words in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_events_are_added_listed_and_withdrawn(place: Path, run: Run) -> None:
    exercise = ("event", "add", "Exercise", "--began", "2020-03-01", "--ended", "2020-03-12", "--source")
    key, words = run(*exercise, "a book").last.split(" ", 1)
    assert words == "new"
    assert run(*exercise, "a paper").last.startswith(f"{key} changed")
    assert run(*exercise, "a paper").last.startswith(f"{key} told already")
    assert run(*exercise, "a book").last.startswith(f"{key} changed")
    (told,) = json.loads(run("event", "list", "--json").out)
    assert (told["began"], told["ended"]) == ("2020-03-01T00:00:00Z", "2020-03-12T23:59:59Z")
    assert run("event", "withdraw", key).last == f"{key} Exercise"
    assert run("event", "list").last.strip() == "no event is recorded"
    assert json.loads(run("event", "list", "--withdrawn", "--json").out)[0]["withdrawn"]


def test_events_are_listed_as_they_were_known(place: Path, run: Run) -> None:
    began = ("--began", "2020-03-01")
    run("event", "add", "Exercise", *began, "--source", "first", "--now", "2025-01-01T12:00:00")
    run("event", "add", "Exercise", *began, "--source", "then", "--now", "2025-01-03T12:00:00")

    def sources(*known: str) -> list[str]:
        return [one["source"] for one in json.loads(run("event", "list", *known, "--json").out)]

    assert sources() == ["then"]
    assert sources("--as-known", "2025-01-02") == ["first"]
    assert sources("--as-known", "2025-01-01") == ["first"]  # the whole day
    assert sources("--as-known", "2024-12-31") == []


def test_two_launches_of_one_day_are_two_and_a_table_told_again_changes_nothing(
    place: Path, run: Run, tmp_path: Path
) -> None:
    table = tmp_path / "launches.csv"
    table.write_text(
        "date,title,source\n2020-03-21T06:45,launch,a\n2020-03-21T06:50,launch,a\n2020-03-29,speech,a\n"
        "2020-03-29,speech,b\n"
    )
    assert run("event", "import", table).last.startswith("3 recorded, 0 changed, 1 told twice")
    first = run("event", "list", "--json").out
    for _ in range(2):
        assert run("event", "import", table).last.startswith("0 recorded, 0 changed, 4 told twice")
        assert run("event", "list", "--json").out == first
    assert "2020-03-21 06:45" in run("event", "list").out


def test_a_table_is_imported_and_incomplete_dates_are_counted(place: Path, run: Run, tmp_path: Path) -> None:
    table = tmp_path / "launches.csv"
    table.write_text(
        "\ufeffDate, Title ,source,site,more\n2020-01-05,test,book,plant,1\n2020-01,test,,,2\n2020-02-03,,,,3\n,,,,\n"
        "2020-02-03,,,,twice\n2020-??-03,x,,,\n",
        encoding="utf-8",
    )
    done = run("event", "import", table)
    assert done.last == (
        "2 recorded, 0 changed, 1 told twice or recorded already, 3 skipped without a whole date (line 3, 5, 7)"
    )
    told = json.loads(run("event", "list", "--json").out)
    assert [(one["title"], one["source"], one["site"]) for one in told] == [
        ("test", "book", "plant"),
        ("launches", "launches.csv", None),
    ]
    assert run("event", "import", table).last.startswith("0 recorded, 0 changed, 3 told twice")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("when,title\n2020-01-01,x\n", "has no column `date` (its columns: when, title)"),
        ("date\n2020-13-01\n", "line 2: date must be a date"),
        ("date,ended\n2020-02-01,2020-01-01\n", "line 2: ended (2020-01-01) lies before date (2020-02-01)"),
        ("date,site\n2020-02-01,nowhere\n", "no site 'nowhere'"),
        ("", "has no column `date` (its columns: none)"),
    ],
)
def test_a_wrong_table_records_nothing(place: Path, run: Run, tmp_path: Path, text: str, words: str) -> None:
    table = tmp_path / "table.csv"
    table.write_text(text)
    done = run("event", "import", table)
    assert done.code == 2
    assert words in done.err
    assert json.loads(run("event", "list", "--json").out) == []


def test_the_public_record_of_missile_tests_is_imported(place: Path, run: Run, shared: Path) -> None:
    table = shared / "data" / "nk-missile-tests" / "events.csv"
    rows = [line.split(",")[0] for line in table.read_text().splitlines()[1:]]
    whole = [row for row in rows if len(row) == len("2020-01-01")]
    done = run("event", "import", table, "--title", "missile test")
    assert done.last.startswith(f"{len(set(whole))} recorded, 0 changed, {len(whole) - len(set(whole))} told twice")
    assert f"{len(rows) - len(whole)} skipped" in done.last
