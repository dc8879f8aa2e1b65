"""The ledger as a user meets it: run after run into one folder, with images that come late, change and go."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from ran import MadeRun, Ran, Run


@pytest.fixture
def images(world: Path) -> list[Path]:
    """The images in order of capture."""
    return sorted((world / "images").glob("*.tif"), key=lambda path: path.stem.partition("_")[2])


def move(image: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for path in (image, image.with_suffix(".json")):
        path.rename(folder / path.name)


def watch(run: Run, world: Path, out: Path, day: str, *more: object) -> Ran:
    now = ("--now", f"{day}T00:00:00Z")
    return run("watch", world / "site.geojson", "--images", world / "images", "--out", out, "--quiet", *now, *more)


def looks(out: Path) -> dict[str, dict[str, Any]]:
    document = json.loads((out / "looks.geojson").read_text())
    return {f["properties"]["scene"]: f["properties"] for f in document["features"]}


def page(out: Path) -> str:
    return (out / "report" / "index.html").read_text(encoding="utf-8")


@pytest.mark.long
def test_late_replaced_and_vanished_are_told_in_every_place(
    run: Run, world: Path, tmp_path: Path, images: list[Path]
) -> None:
    out, aside = tmp_path / "out", tmp_path / "aside"
    late, gone, touched = images[20], images[12], images[24]
    move(late, aside)
    first = json.loads(watch(run, world, out, "2026-11-24", "--json").out)
    assert first["since_last_run"] is None
    assert "Since the last run" not in page(out)
    before = looks(out)[gone.stem]
    same = watch(run, world, out, "2026-11-25")
    assert "Nothing is new since the last run (2026-11-24 00:00 UTC)." in " ".join(same.out.split())
    assert "Since the last run" not in page(out)

    move(aside / late.name, world / "images")
    move(gone, aside)
    os.utime(touched, ns=(1, 1))
    ran = watch(run, world, out, "2026-11-26")
    said = " ".join(ran.out.split())
    assert ran.last == str(out / "report" / "index.html")
    assert "Since the last run (2026-11-25 00:00 UTC): 1 scene came late" in said
    assert f"{late.stem} of " in said
    assert "days after capture" in said
    assert f"1 scene was replaced by its provider and fetched anew: {touched.stem}" in said
    assert "its pixels are the same" in said
    assert f"{gone.stem} of" in said
    head = json.loads((out / "looks.geojson").read_text())["sitewatch"]
    told = {entry["scene"]: entry for entry in head["since_last_run"]["scenes"]}
    assert {scene: entry["what"] for scene, entry in told.items()} == {
        late.stem: "late",
        touched.stem: "replaced",
        gone.stem: "vanished",
    }
    assert told[touched.stem]["pixels_changed"] is False
    assert "Since the last run" in page(out)

    entry = looks(out)[gone.stem]
    assert entry["outcome"] == "rejected"
    assert entry["reason"] == "no longer listed since 2026-11-26; its chip is kept in the archive"
    assert {key: entry[key] for key in ("captured", "sensor", "published")} == {
        key: before[key] for key in ("captured", "sensor", "published")
    }
    assert (out / "archive" / gone.stem / f"{gone.stem}.json").is_file()
    # The page made again tells the same, a run later it is no news, and what is gone stays in sight.
    written = page(out)
    assert run("report", out, "--quiet", "--now", "2026-11-26T00:00:00Z").code == 0
    assert page(out) == written
    after = json.loads(watch(run, world, out, "2026-11-27", "--json").out)["since_last_run"]
    assert (after["run"], after["scenes"], after["structures"]) == ("2026-11-26T00:00:00Z", [], [])
    assert looks(out)[gone.stem] == entry
    used = json.loads((out / "structures.geojson").read_text())["sitewatch"]["looks"]
    assert used == sum(k["outcome"] == "used" for k in looks(out).values())
    # As though it had never been there: the answer follows the listing.
    fresh = tmp_path / "fresh"
    watch(run, world, fresh, "2026-11-27")
    assert gone.stem not in looks(fresh)
    assert watch(run, world, out, "2026-11-28", "--search-all").code == 0
    found, expected = (json.loads((folder / "structures.geojson").read_text()) for folder in (out, fresh))
    assert found["features"] == expected["features"]


def test_structures_that_a_late_scene_changed_name_it(
    run: Run, world: Path, tmp_path: Path, images: list[Path]
) -> None:
    """A look that ends a bracket comes late: the bracket was longer before, and the difference names the look."""
    whole = tmp_path / "whole"
    watch(run, world, whole, "2026-11-24", "--false-alarms", "10")
    found = [f["properties"] for f in json.loads((whole / "structures.geojson").read_text())["features"]]
    claims = [properties for properties in found if properties["kind"] == "structure"]
    ends = [p["evidence"][-1] for claim in claims for p in claim["presences"] if p["dismantled"]]
    late = next(image for image in images[3:-3] if image.stem in ends)
    out, aside = tmp_path / "out", tmp_path / "aside"
    move(late, aside)
    watch(run, world, out, "2026-11-25", "--false-alarms", "10")
    move(aside / late.name, world / "images")
    ran = watch(run, world, out, "2026-11-26", "--false-alarms", "10", "--json")
    since = json.loads(ran.out)["since_last_run"]
    assert [(n["what"], n["scene"]) for n in since["scenes"]] == [("late", late.stem)]
    assert any(late.stem in difference["scenes"] for difference in since["structures"])
    assert since["other_settings"] == []
    stricter = json.loads(watch(run, world, out, "2026-11-27", "--json").out)["since_last_run"]
    assert stricter["other_settings"] == ["false alarms a year 10, now 1"]


def test_a_period_makes_nothing_vanish(run: Run, made_world: Path, made_run: MadeRun, tmp_path: Path) -> None:
    out = Path(shutil.copytree(made_run.out, tmp_path / "out"))
    for day, period in (("2026-11-25", ("--since", "2020-09-01", "--until", "2021-06-30")), ("2026-11-26", ())):
        since = json.loads(watch(run, made_world, out, day, "--json", *period).out)["since_last_run"]
        assert since["scenes"] == []
        assert not [k for k in looks(out).values() if "unlisted_since" in k]


def test_a_damaged_or_missing_memory_is_a_first_run(run: Run, world: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    watch(run, world, out, "2026-11-24", "--until", "2020-12-31")
    memory = out / "archive" / ".listed.json"
    memory.write_text(memory.read_text()[:-40])
    ran = watch(run, world, out, "2026-11-25", "--until", "2020-12-31", "--json")
    assert ran.code == 0
    assert json.loads(ran.out)["since_last_run"] is None
    assert json.loads(memory.read_text())["at"] == "2026-11-25T00:00:00Z"


def test_everything_gone_is_could_not_look(run: Run, world: Path, tmp_path: Path, images: list[Path]) -> None:
    out = tmp_path / "out"
    period = ("--until", images[8].stem[4:8] + "-12-31")
    watch(run, world, out, "2026-11-24", *period)
    for image in images:
        if image.stem[4:8] == images[8].stem[4:8]:
            move(image, tmp_path / "aside")
    ran = watch(run, world, out, "2026-11-25", *period)
    assert ran.code == 4
    assert "could not look: no scene is listed" in ran.out
    assert {k["outcome"] for k in looks(out).values()} == {"rejected"}
    assert "Structures were not compared" in " ".join(ran.out.split())
    # Once they are back they are compared with what was found last, not with the run that could not look.
    for path in (tmp_path / "aside").iterdir():
        shutil.copy(path, world / "images" / path.name)
    since = json.loads(watch(run, world, out, "2026-11-26", "--json", *period).out)["since_last_run"]
    assert since["compared_with"] == "2026-11-24T00:00:00Z"
    assert since["structures"] == []
    assert {entry["what"] for entry in since["scenes"]} == {"listed again"}


def test_gaps_are_named_in_table_json_picture_and_report(
    run: Run, world: Path, tmp_path: Path, images: list[Path]
) -> None:
    out = tmp_path / "out"
    for image in images[15:24]:
        move(image, tmp_path / "aside")
    summary = json.loads(watch(run, world, out, "2026-11-24", "--json").out)
    longest = max(summary["gaps"], key=lambda gap: gap["days"])
    assert longest["none_listed"] is not None
    assert longest["sentence"] in " ".join(page(out).replace('<span class="nb">', "").replace("</span>", "").split())
    listed = run("looks", "list", out, "--gaps", "--json")
    assert json.loads(listed.out) == summary["gaps"]
    assert " ".join(run("looks", "list", out, "--gaps").out.split()).count("without a used look") == len(
        summary["gaps"]
    )
    assert longest["sentence"] in " ".join(run("looks", "list", out).out.split())
    picture = tmp_path / "looks.svg"
    drawn = run("looks", "list", out, "--picture", picture)
    assert (drawn.code, drawn.last) == (0, str(picture))
    assert longest["sentence"] in picture.read_text()
    assert [entry["scene"] for entry in json.loads(run("looks", "list", out, "--json").out)] == list(looks(out))


def test_a_picture_that_cannot_be_drawn_is_one_sentence(run: Run, world: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    watch(run, world, out, "2026-11-24", "--until", "2020-06-30")
    ran = run("looks", "list", out, "--picture", tmp_path / "looks.png")
    assert ran.code == 2
    assert ".svg" in ran.err
    ran = run("looks", "list", out, "--picture", tmp_path / "nowhere" / "looks.svg")
    assert ran.code == 1
    assert "cannot be written" in ran.err
