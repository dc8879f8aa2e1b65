"""`sitewatch case` and `sitewatch claim`, as a user calls them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from ran import Run

PLANT = Path(__file__).parents[1] / "case" / "plant.yaml"


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    return Path(shutil.copy(PLANT, tmp_path / "plant.yaml"))


def test_a_new_case_is_checked_shown_and_added_to(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    made = run("case", "new", path, "--site", "plant", "--title", "Plant", "--now", "2020-01-31T10:00:00Z")
    assert (made.code, made.last) == (0, str(path))
    assert "since: 2020-01-31\n" in path.read_text()
    assert json.loads((tmp_path / "case.schema.json").read_text()) == json.loads(run("case", "schema").out)
    checked = run("case", "check", path)
    assert checked.code == 0
    assert "warning: " in checked.out
    assert checked.last.startswith(f"{path}: 0 errors, ")
    added = run(
        *("claim", "add", path, "--who", "Academy", "--what", "A test", "--published", "2020-02-01"),
        *("--link", "https://example.org/1", "--supports", "programme", "--reliability", "D", "--credibility", 3),
    )
    assert (added.code, added.last) == (0, "academy-2020-02-01")
    again = run(
        *("claim", "add", path, "--who", "Academy", "--what", "A test", "--published", "2020-02-01"),
        *("--reference", "page 1", "--repeats", "academy-2020-02-01", "--said", "2020-01-30"),
    )
    assert again.last == "academy-2020-02-01-2"
    shown = run("case", "show", path)
    assert shown.code == 0
    assert "D3" in shown.out
    assert run("case", "new", path, "--site", "plant", "--title", "Plant").code == 2


def test_check_tells_every_fault_of_every_file(run: Run, plant: Path, tmp_path: Path) -> None:
    assert run("case", "check", plant).out == f"{plant}: nothing is wrong\n"
    bad = tmp_path / "bad.yaml"
    bad.write_text(PLANT.read_text().replace("prior: 0.4", "prior: 0.3").replace("repeats: statement", "repeats: it"))
    checked = run("case", "check", bad, plant, tmp_path / "none.yaml")
    assert checked.code == 2
    lines = checked.out.splitlines()
    assert lines[0].startswith(f"{bad}, line 8, field hypotheses: found priors that add up to 0.9; ")
    assert lines[2].startswith(f"{bad}, line 72, field claims.passed-on.repeats: found the unknown claim it; ")
    assert f"{bad}: 2 errors, 1 warning" in lines
    assert f"{plant}: nothing is wrong" in lines
    assert lines[-1] == f"{tmp_path / 'none.yaml'}: 1 error, 0 warnings"
    told = run("case", "check", bad, plant, tmp_path / "none.yaml", "--json")
    assert told.code == 2
    faults = json.loads(told.out)
    assert [(one["line"], one["severity"]) for one in faults] == [
        (8, "error"),
        (67, "warning"),
        (72, "error"),
        (None, "error"),
    ]
    shown = run("case", "show", bad)
    assert (shown.code, shown.out) == (2, "")
    assert shown.err.splitlines()[0].startswith(f"error: {bad}, line 8, ")


def test_show_tells_what_a_case_rests_on(run: Run, plant: Path) -> None:
    shown = run("case", "show", plant)
    assert shown.code == 0
    for words in (
        "What is the plant for?",
        "machines are repaired (benign)",
        "structure shelter",
        "counted: 2 of 12; twelve other plants",
        "stated by ana, as 10 cases",
        "0.07 to 0.34",
        "B2",
        "12-20 to 12-31 every year",
        "counted in the record",
        "programme: 2, stated by ana",
    ):
        assert words in shown.out
    told = json.loads(run("case", "show", plant, "--json").out)
    assert told["case"]["calendar"]["congress"]["from"] == "2019-12-20"
    first = told["likelihoods"][0]
    assert (first["indicator"], first["hypothesis"], first["in"]) == ("shelter", "routine", "an episode")
    assert first["mean"] == pytest.approx(2.5 / 13)
    assert 0 < first["low"] < first["mean"] < first["high"] < 1
    plant.write_text(PLANT.read_text().replace("{stated: 0.05, by: ben}", "{stated: 0, why: never}"))
    certain = json.loads(run("case", "show", plant, "--json").out)["likelihoods"][4]
    assert (certain["mean"], certain["low"], certain["high"]) == (0, None, None)


def test_claims_are_listed_with_groups_and_uses(run: Run, plant: Path) -> None:
    listed = json.loads(run("claim", "list", plant, "--json").out)
    assert [(one["claim"], one["group"], one["used_by"]) for one in listed] == [
        ("old-report", "old-report", ["hypotheses.programme", "calendar.congress"]),
        ("statement", "statement", ["indicators.said-so"]),
        ("passed-on", "statement", []),
    ]
    table = run("claim", "list", plant).out
    assert "goes back to" in table
    assert "indicators.said-so" in table


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--reliability", "X"), '--reliability: found "X"; write one of A, B, C, D, E or F'),
        (("--credibility", "7"), "--credibility: found 7"),
        (("--said", "2020-02-02"), "--said: found 2020-02-02, after published (2020-02-01)"),
        (("--said", "soon"), "--said: found 'soon'"),
        (("--quote", "x" * 301), "--quote: found 301 characters; write at most 300"),
        (("--repeats", "nobody"), "field claims.academy-2020-02-01.repeats: found the unknown claim nobody"),
        (("--supports", "nobody"), "found the unknown hypothesis nobody"),
        (("--key", "statement"), "has a claim statement already"),
        (("--key", "A b"), "--key must be"),
        (("--archive", "/nowhere/x.pdf"), "/nowhere/x.pdf: cannot be read"),
    ],
)
def test_a_bad_claim_is_refused_and_the_file_stays(run: Run, plant: Path, options: tuple[str, str], words: str) -> None:
    base = ("--who", "Academy", "--what", "A test", "--published", "2020-02-01", "--link", "https://example.org/1")
    ran = run("claim", "add", plant, *base, *options)
    assert ran.code == 2
    assert words in ran.err
    assert plant.read_text() == PLANT.read_text()


def test_an_archived_copy_is_kept_by_its_digest(run: Run, plant: Path, tmp_path: Path) -> None:
    copy = tmp_path / "page.pdf"
    copy.write_bytes(b"hello")
    base = ("--who", "Academy", "--what", "A test", "--published", "2020-02-01", "--reference", "p. 1")
    assert run("claim", "add", plant, *base, "--archive", copy, "--key", "k").last == "k"
    archived = json.loads(run("claim", "list", plant, "--json").out)[-1]["archived"]
    assert archived["at"] == "page.pdf"
    assert archived["sha256"].startswith("2cf24dba")
    assert run("case", "check", plant).code == 0
    copy.write_bytes(b"hallo")
    assert run("case", "check", plant).code == 2


def test_claims_are_imported_all_or_none(run: Run, plant: Path, tmp_path: Path) -> None:
    table = tmp_path / "claims.csv"
    table.write_text("who,what,published,link\nA daily,Said so,2020-02,https://example.org/3\n")
    ran = run("claim", "import", plant, table)
    assert (ran.code, ran.last) == (0, "1 claim added")
    assert 'a-daily-2020-02-29: published "2020-02" is taken as 2020-02-29' in ran.err
    text = plant.read_text()
    table.write_text("key,who,what,published,link,repeats\na,x,y,2020,https://a.b,\nb,x,y,2020,https://a.b,zz\n")
    bad = run("claim", "import", plant, table)
    assert bad.code == 2
    assert f"error: {table}, line 3, field repeats: found the unknown claim zz" in bad.err
    assert bad.err.endswith("nothing was added\n")
    assert plant.read_text() == text


def test_nothing_of_a_hostile_file_steers_the_terminal(run: Run, plant: Path) -> None:
    text = PLANT.read_text().replace("title: machines are repaired", 'title: "a\\u202eb\\u009bc"')
    plant.write_text(text)
    shown = run("case", "show", plant)
    assert shown.code == 0
    plant.write_text(text.replace("  passed-on:", '  "p\\e[31m\\u009b\\u202e\\n":'))
    bad = run("case", "check", plant)
    assert bad.code == 2
    for out in (shown.out, bad.out, bad.err, run("case", "show", plant).err):
        assert not {"\x1b", "\x9b", "\u202e"} & set(out)


@pytest.mark.parametrize("command", [("case", name) for name in ("new", "check", "show", "schema")] +
                         [("claim", name) for name in ("add", "import", "list")])  # fmt: skip
def test_every_command_has_an_example(run: Run, command: tuple[str, str]) -> None:
    assert f"sitewatch {' '.join(command)}" in " ".join(run(*command, "--help").out.split())
