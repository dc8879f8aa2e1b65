"""`--as-known` on the command line: nothing that was found, said, named or recorded later is told of a day."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ran import Run
from shapely.geometry import Polygon, box

from sitewatch.cube import Asking, Look, Outcome
from sitewatch.site import Site
from sitewatch.store import (
    RecordedEvent,
    add_events,
    add_note,
    add_review,
    add_site,
    known_things,
    load_corrections,
    load_site,
    name_thing,
    remove_site,
    resolve_conflict,
    save_run,
)
from sitewatch.store import Run as Visit
from sitewatch.structures import Bracket, Kind, Phase, Presence, State, Structure, recognise
from sitewatch.workspace import make_workspace, open_workspace

START = dt.datetime(2021, 1, 1, 10, tzinfo=dt.UTC)
YARD = box(10.0, 50.0, 10.02, 50.01)


def day(number: float) -> dt.datetime:
    """When looks are taken."""
    return START + dt.timedelta(days=number)


def on(number: int) -> dt.datetime:
    """When something is done in the workspace."""
    return dt.datetime(2024, 1, number, 12, tzinfo=dt.UTC)


def between(look: int | None) -> Bracket | None:
    return None if look is None else Bracket(after=day(10 * look - 10), by=day(10 * look))


def structure(name: str, x: float, *spells: tuple[int | None, int | None], phases: tuple[Phase, ...] = ()) -> Structure:
    """Spells by the looks, 10 days apart, that first show it and no longer show it."""
    presences = tuple(
        Presence(
            erected=between(a), dismantled=between(b), state=State.CONFIRMED, probability=0.95, phases=phases,
            evidence=tuple(f"scene-{n}" for look in (a, b) if look is not None for n in (look - 1, look)),
        )
        for a, b in spells
    )  # fmt: skip
    return Structure(
        id=name, kind=Kind.STRUCTURE, footprint=outline(x, 0.001), present=spells[-1][1] is None, probability=0.95,
        area_m2=5000.0, area_m2_low=4000.0, area_m2_high=6000.0, presences=presences,
    )  # fmt: skip


def outline(x: float, width: float) -> Polygon:
    return box(x, 50.002, x + width, 50.003)


def phase(name: str, look: int, area: float, width: float) -> Phase:
    began = between(look)
    assert began is not None
    return Phase(name=name, began=began, area_m2=area, footprint=outline(10.012, width))


HALL = structure(
    "hall1", 10.012, (12, None), phases=(phase("complete", 12, 2000.0, 0.0004), phase("extension", 50, 5000.0, 0.001))
)


def looks(number: int) -> tuple[Look, ...]:
    """The first so many; each is published the day after."""
    return tuple(
        Look(
            scene=f"scene-{n}", sensor="sentinel-2", captured=day(10 * n), published=day(10 * n + 1),
            published_is_recorded=False, outcome=Outcome.USED,
        )
        for n in range(number)
    )  # fmt: skip


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which something becomes known every day or two; not to be changed by tests."""
    folder = tmp_path_factory.mktemp("as-known") / "workspace"
    source: dict[str, Any] = {"images": "x", "false_alarms": 1.0}
    with make_workspace(folder) as workspace, workspace.store.writing() as connection:

        def search(found: Sequence[Structure], number: int, at: dt.datetime) -> None:
            run = Visit(
                began=at, version="0", exit_code=0, sentence=f"{number} looks", searched=True, listed=number,
                used=number, first_look=day(0), last_look=day(10 * number - 10), listing="",
                asking=Asking(run=at, catalogs=("stac",)).document(),
            )  # fmt: skip
            told = recognise(found, known_things(connection, "plant"), load_corrections(connection, "plant"))
            save_run(connection, "plant", run, at=at, looks=looks(number), recognition=told)

        def say(thing: str, verdict: str, reader: str, at: dt.datetime) -> None:
            add_review(connection, "plant", thing, verdict, reason="seen", reader=reader, at=at)

        add_site(connection, Site(id="plant", name="First name", outline=YARD), source, who="ana", at=on(1))
        search([structure("shelter1", 10.002, (10, 16), (40, 45)), HALL], 61, on(2))
        say("hall1", "confirm", "ana", on(3))
        say("hall1", "confirm", "ben", on(4))
        # Until here it is known on the fifth.
        shelter = structure("shelter1", 10.002, (10, 16), (40, 45), (75, 80))
        search([shelter, structure("shed1", 10.006, (None, 30))], 101, on(10))
        name_thing(connection, "plant", "hall1", "main hall", who="ana", at=on(11))
        name_thing(connection, "plant", "shelter1", "shelter", who="ana", at=on(11))
        add_note(connection, "plant", "hall1", "a later note", who="ana", at=on(11))
        resolve_conflict(connection, "plant", "hall1", "keep", reason="snow", who="ana", at=on(12))
        say("shelter1", "reject", "ana", on(13))
        say("shelter1", "reject", "ben", on(14))
        began = day(110).replace(hour=0)
        launch = RecordedEvent(title="launch", began=began, ended=began, site="plant")
        add_events(connection, [launch], who="ana", at=on(15))
        add_site(connection, Site(id="plant", name="Later name", outline=YARD), source, who="ana", at=on(16))
        add_site(connection, Site(id="quay", name="Quay", outline=YARD), source, who="ana", at=on(17))
        remove_site(connection, "plant", who="ana", at=on(18))
    return folder


@pytest.fixture
def told(lived: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a command tells as JSON, as known on a day; None: now."""
    monkeypatch.setenv("SITEWATCH_WORKSPACE", str(lived))
    monkeypatch.setenv("SITEWATCH_READER", "ana")

    def ask(known: str | None, *command: str) -> Any:
        ran = run(*command, "--json", *([] if known is None else ["--as-known", known]))
        assert ran.code == 0, ran.err
        return json.loads(ran.out)

    return ask


def test_sites_are_those_of_the_day(told: Any, run: Run) -> None:
    assert told("2023-12-31", "site", "list") == []
    assert "No site was watched here on that day." in run("site", "list", "--as-known", "2023-12-31").out
    (plant,) = told("2024-01-05", "site", "list")
    assert (plant["name"], plant["answer"], plant["used"]) == ("First name", "61 looks", 61)
    assert (plant["structures"], plant["present"], plant["conflicts"]) == (2, 1, 0)
    assert plant["last_look"] == "2022-08-24T10:00:00Z"
    (unseen,) = told("2024-01-01", "site", "list")
    assert (unseen["answer"], unseen["structures"], unseen["last_run"]) == ("not watched yet", 0, None)
    assert told("2024-01-10", "site", "list")[0]["conflicts"] == 1
    assert [one["site"] for one in told("2024-01-17", "site", "list")] == ["plant", "quay"]
    assert [one["site"] for one in told(None, "site", "list")] == ["quay"]


def test_a_site_is_shown_as_it_was_watched(told: Any, run: Run) -> None:
    plant = told("2024-01-05", "site", "show", "plant")
    assert (plant["name"], plant["removed"], plant["answer"]) == ("First name", False, "61 looks")
    assert plant["folder"] is None
    now = told(None, "site", "show", "plant")
    assert (now["name"], now["removed"]) == ("Later name", True)
    early = run("site", "show", "plant", "--as-known", "2023-12-31")
    assert early.code == 2
    assert "site 'plant' was added on 2024-01-01" in early.err


def test_a_site_that_was_removed_later_is_listed_with_its_structures(told: Any) -> None:
    assert {one["id"] for one in told("2024-01-05", "structures")} == {"hall1", "shelter1"}
    assert told(None, "structures") == []


def test_the_journal_ends_with_the_day(told: Any) -> None:
    assert [entry["what"] for entry in told("2024-01-05", "history")] == ["site add", "watch", "review", "review"]
    assert told("2023-12-31", "history", "plant") == []
    entries = told("2024-01-03", "history", "plant", "hall1")["journal"]
    assert [entry["detail"]["verdict"] for entry in entries] == ["confirm"]


def test_versions_end_with_the_day_and_the_last_has_no_end(told: Any, run: Run) -> None:
    (version,) = told("2024-01-05", "history", "plant", "shelter1")["versions"]
    assert (version["since"], version["until"], len(version["presences"])) == ("2024-01-02T12:00:00Z", None, 2)
    first, second = told("2024-01-10", "history", "plant", "shelter1")["versions"]
    assert (first["until"], second["until"]) == ("2024-01-10T12:00:00Z", None)
    # Before the first run there are none, and nothing is made up.
    assert told("2023-12-31", "history", "plant", "hall1") == {"versions": [], "journal": []}
    assert "Nothing has been done yet." in run("history", "plant", "hall1", "--as-known", "2023-12-31").out


@pytest.mark.parametrize("command", [("history",), ("structure", "show"), ("structure", "series")])
@pytest.mark.parametrize(("name", "since"), [("main hall", 11), ("shed1", 10)])
def test_a_structure_is_found_by_what_was_known_of_it(
    told: Any, run: Run, command: tuple[str, ...], name: str, since: int
) -> None:
    before = f"{on(since - 1):%Y-%m-%d}"
    ran = run(*command, "plant", name, "--as-known", before)
    assert ran.code == 2
    assert f"has no structure {name!r} that was known on {before}" in ran.err
    assert told(f"{on(since):%Y-%m-%d}", *command, "plant", name)


@pytest.mark.parametrize("command", ["show", "series"])
def test_what_no_published_look_showed_was_not_known(told: Any, run: Run, command: str) -> None:
    """By 2021-10-20 the shed still stood, as ever."""
    ran = run("structure", command, "plant", "shed1", "--as-known", "2021-10-20")
    assert ran.code == 2
    assert "has no structure 'shed1' that was known on 2021-10-20" in ran.err
    assert told("2021-10-30", "structure", command, "plant", "shed1")


def test_a_structure_is_shown_as_it_was_known(told: Any, run: Run) -> None:
    then = told("2024-01-03", "structure", "show", "plant", "hall1")
    assert (then["name"], then["review"], then["conflict"]) == (None, "confirmed (you alone so far)", False)
    assert (then["conflicts"], then["notes"], len(then["said"])) == ([], [], 1)
    assert then["hindsight"] is False
    later = told("2024-01-10", "structure", "show", "plant", "hall1")
    assert (later["conflict"], len(later["conflicts"]), later["notes"]) == (True, 1, [])
    assert "to resolve" not in run("structure", "show", "plant", "hall1", "--as-known", "2024-01-10").out
    now = told(None, "structure", "show", "plant", "hall1")
    assert (now["name"], now["conflict"], [note["what"] for note in now["notes"]]) == (
        "main hall",
        False,
        ["note", "resolve"],
    )
    assert len(told("2024-01-05", "structure", "show", "plant", "shelter1")["presences"]) == 2
    assert len(told(None, "structure", "show", "plant", "shelter1")["presences"]) == 3


def test_conflicts_are_those_that_waited(told: Any) -> None:
    days = {known: told(known, "review", "conflicts", "plant") for known in ("2024-01-05", "2024-01-10", "2024-01-12")}
    assert [len(found) for found in days.values()] == [0, 1, 0]
    assert days["2024-01-10"][0]["id"] == "hall1"
    assert told("2024-01-05", "review", "conflicts") == []


def test_readers_agree_by_what_they_had_said(told: Any) -> None:
    assert told("2024-01-03", "review", "agreement") == []
    assert [one["n"] for one in told("2024-01-13", "review", "agreement")] == [1]
    assert [one["n"] for one in told(None, "review", "agreement", "plant")] == [2]


def test_a_series_is_that_of_the_day(told: Any) -> None:
    then = told("2024-01-05", "structure", "series", "plant", "shelter1")
    assert (then["name"], len(then["spells"]), then["hindsight"]) == (None, 2, False)
    assert then["last_look"] == "2022-08-24T10:00:00Z"
    assert "Readers reject this structure." not in then["sentences"]
    # Neither the event that was recorded later nor the shed that was found later; the hall by its id.
    beside = {line["what"] for side in then["around"] for line in side["summary"]}
    assert beside == {"hall1 erected", "any other structure erected"}
    now = told(None, "structure", "series", "plant", "shelter")
    assert (now["name"], len(now["spells"])) == ("shelter", 3)
    assert "Readers reject this structure." in now["sentences"]
    assert "launch" in {line["what"] for side in now["around"] for line in side["summary"]}


def test_an_expansion_is_that_of_the_day(told: Any) -> None:
    then = told("2024-01-05", "expansion", "plant")
    assert (then["site"], then["last_look"], then["used_looks"]) == ("First name", "2022-08-24T10:00:00Z", 61)
    assert (then["structures"], then["confirmed"], then["rejected"]) == (2, 1, 0)
    assert then["hindsight"] is False
    assert told("2024-01-02", "expansion", "plant")["confirmed"] == 0
    now = told(None, "expansion", "plant")
    assert (now["site"], now["used_looks"], now["structures"], now["rejected"]) == ("Later name", 101, 2, 1)


def test_gaps_end_with_the_last_run_of_the_day(told: Any) -> None:
    assert told("2024-01-05", "looks", "list", "plant", "--gaps")[-1]["by"] == "2024-01-02T12:00:00Z"
    assert told(None, "looks", "list", "plant", "--gaps")[-1]["by"] == "2024-01-10T12:00:00Z"


def test_a_calendar_has_the_name_of_the_day(told: Any, run: Run, tmp_path: Path) -> None:
    picture = tmp_path / "looks.svg"
    for known, name in (("2022-01-01", "First name"), ("2024-01-05", "First name"), ("2024-01-17", "Later name")):
        assert run("looks", "list", "plant", "--picture", picture, "--as-known", known).code == 0
        assert f"Looks of {name}" in picture.read_text()


def test_before_it_was_watched_only_published_looks_are_told(told: Any, run: Run) -> None:
    """By 2022-02-05 looks 0 to 39 are published; of the shelter the first spell, of the hall what stood first."""
    known = "2022-02-05"
    shown = told(known, "structure", "show", "plant", "shelter1")
    assert (shown["hindsight"], shown["name"], shown["review"], shown["notes"]) == (True, None, "", [])
    assert [spell["evidence"] for spell in shown["presences"]] == [["scene-9", "scene-10", "scene-15", "scene-16"]]
    series = told(known, "structure", "series", "plant", "shelter1")
    assert (series["hindsight"], len(series["spells"]), series["last_look"]) == (True, 1, "2022-01-26T10:00:00Z")
    growth = told(known, "expansion", "plant")
    assert (growth["hindsight"], growth["used_looks"], growth["confirmed"]) == (True, 40, 0)
    assert growth["times"][-1]["time"] == "2022-01-26T10:00:00Z"
    assert [year["extended_m2"]["high"] for year in growth["years"]] == [0, 0]
    later = told("2022-08-30", "expansion", "plant")
    assert [year["extended_m2"]["middle"] > 1000 for year in later["years"]] == [False, True]
    for command in (("structure", "show", "plant", "hall1"), ("expansion", "plant")):
        ran = run(*command, "--as-known", known)
        assert "not watched yet on that day: plant" in ran.err
    assert "2000 m2" in run("structure", "show", "plant", "hall1", "--as-known", known).out


def test_what_was_still_growing_is_as_large_as_was_seen(lived: Path) -> None:
    with open_workspace(lived) as workspace, workspace.store.reading() as connection:
        then, now = (load_site(connection, "plant", at=at).structures["hall1"] for at in (day(400), None))
    assert (then.area_m2, then.area_m2_low, then.area_m2_high) == (2000.0, 1600.0, 2400.0)
    assert then.footprint.equals(outline(10.012, 0.0004))
    assert [phase.name for phase in then.presences[0].phases] == ["complete"]
    assert now.area_m2 == 5000.0
    assert now.footprint.equals(HALL.footprint)


def test_of_a_dismantling_that_was_not_published_nothing_is_told(told: Any) -> None:
    (spell,) = told("2021-06-05", "structure", "show", "plant", "shelter1")["presences"]
    assert (spell["dismantled"], spell["evidence"]) == (None, ["scene-9", "scene-10", "scene-15"])
    (spell,) = told("2021-06-05", "structure", "series", "plant", "shelter1")["spells"]
    assert spell["dismantled"] is None


def test_too_few_looks_of_a_day_are_no_reason_to_watch(told: Any, run: Run) -> None:
    for command in (("expansion", "plant"), ("structure", "series", "plant", "shed1")):
        ran = run(*command, "--as-known", "2021-01-05")
        assert ran.code == 2
        assert "sitewatch watch" not in ran.err
