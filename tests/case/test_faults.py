"""Every fault of a case file is told with file, line, field, what was found and what to do."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sitewatch.case import Case, case_faults, read_case
from sitewatch.errors import InputError

TEXT = (Path(__file__).parent / "plant.yaml").read_text()

# (what is changed, to what, line of the fault, its field, words of what was found, words of what to do)
ERRORS = [
    # The list of the issue.
    (
        "supports: [programme]",
        "supports: [program]",
        66,
        "claims.statement.supports[0]",
        "unknown hypothesis program",
        "mean programme?",
    ),
    (
        "      programme: {stated: 0.6",
        "      program: {stated: 0.6",
        39,
        "indicators.said-so.likelihoods.program",
        "an unknown hypothesis",
        "mean programme?",
    ),
    (
        "routine: {stated: 0.05, by: ben}",
        "routine: {stated: 0, by: ben}",
        38,
        "indicators.said-so.likelihoods.routine.stated",
        "0 without a reason",
        "`why:`",
    ),
    (
        "programme: {stated: 0.6, by: ana}",
        "programme: {stated: 1.0, by: ana}",
        39,
        "indicators.said-so.likelihoods.programme.stated",
        "1 without a reason",
        "`why:`",
    ),
    (
        "    supports: [programme]",
        "    repeats: passed-on",
        72,
        "claims.passed-on.repeats",
        "a circle (passed-on -> statement -> passed-on)",
        "break it",
    ),
    (
        "    supports: [programme]",
        "    repeats: statement",
        66,
        "claims.statement.repeats",
        "the claim itself",
        "leave the line out",
    ),
    (
        "repeats: statement ",
        "repeats: statment ",
        72,
        "claims.passed-on.repeats",
        "unknown claim statment",
        "mean statement?",
    ),
    (
        "said: 2019-12-08",
        "said: 2019-12-09",
        63,
        "claims.statement.said",
        "2019-12-09, after published (2019-12-08)",
        "mend one",
    ),
    (
        "published: 2019-12-09",
        "published: 2019-12-07",
        72,
        "claims.passed-on.repeats",
        "statement, published 2019-12-08, after",
        "mend a date",
    ),
    (
        "    to: 2019-12-31",
        "    to: 2019-12-01",
        46,
        "calendar.congress.to",
        "2019-12-01, before from (2019-12-20)",
        "exchange them",
    ),
    ("    reference: Report 12, p. 4\n", "", 53, "claims.old-report", "neither link nor reference", "add `link:`"),
    (
        ", why: twelve other plants}\n        idle",
        "}\n        idle",
        28,
        "indicators.shelter.likelihoods.routine.active.counted",
        "no origin",
        "`source:`",
    ),
    (
        "routine: {stated: 0.05, by: ben}",
        "routine: {stated: 0.05}",
        38,
        "indicators.said-so.likelihoods.routine.stated",
        "no origin",
        "`by:`",
    ),
    ("    why: most plants of its kind\n", "", 12, "hypotheses.routine.prior", "no origin", "`why:`"),
    (
        "source: [old-report]\n    activity",
        "source: [odd-report]\n    activity",
        18,
        "hypotheses.programme.source[0]",
        "unknown claim odd-report",
        "mean old-report?",
    ),
    # Between the parts.
    ("prior: 0.4", "prior: 0.3", 8, "hypotheses", "priors that add up to 0.9", "does not scale them"),
    ("    benign: true\n", "", 8, "hypotheses", "no benign hypothesis", "`benign: true`"),
    (
        "      programme: {stated: 0.6, by: ana}\n",
        "",
        37,
        "indicators.said-so.likelihoods",
        "none for hypothesis programme",
        "add `programme:`",
    ),
    (
        "observable: {structure: shelter}",
        "observable: {claim: passed-on}",
        36,
        "indicators.said-so.observable.claim",
        "goes back to statement",
        "count once",
    ),
    (
        "observable: {structure: shelter}",
        "observable: {growth: site, at_least_m2: 50}",
        27,
        "indicators.shelter.likelihoods.routine",
        "`active` and `idle`",
        "give one",
    ),
    (
        "      claim: statement",
        "      activity: yard",
        38,
        "indicators.said-so.likelihoods.routine",
        "one likelihood",
        "`active:` and `idle:`",
    ),
    (
        "      claim: statement",
        "      structure: shelter",
        36,
        "indicators.said-so.observable.structure",
        "indicator shelter is bound to already",
        "keep one",
    ),
    (
        "      claim: statement",
        "      claim: statment",
        36,
        "indicators.said-so.observable.claim",
        "unknown claim statment",
        "mean statement?",
    ),
    (
        "source: [old-report]\n    activity",
        "source: [passed-on]\n    activity",
        18,
        "hypotheses.programme.source[0]",
        "it is the evidence of indicator said-so",
        "count once",
    ),
    (
        "{stated: 0.05, by: ben}",
        "{stated: 0.05, source: [statement]}",
        38,
        "indicators.said-so.likelihoods.routine.source[0]",
        "it is the evidence of indicator said-so",
        "count once",
    ),
    (
        "supports: [programme]",
        "supports: [programme]\n    contradicts: [routine, programme]",
        67,
        "claims.statement.contradicts[1]",
        "programme, which it supports as well",
        "keep one",
    ),
    (
        "hypothesis: programme",
        "hypothesis: programm",
        79,
        "forecast.effects[0].hypothesis",
        "unknown hypothesis programm",
        "mean programme?",
    ),
    (
        "ratio: {stated: 2.0, by: ana, why: two of three followed}",
        "ratio: {record: true}",
        80,
        "forecast.effects[0].ratio.record",
        "true",
        "yearly",
    ),
    ("windows: [7, 30]", "windows: []", 77, "forecast.windows", "no window", "[30]"),
    ("windows: [7, 30]", "windows: [7, 7]", 77, "forecast.windows", "a window twice", "once"),
    # Within a part.
    (
        "shown: 2, of: 12",
        "shown: 13, of: 12",
        28,
        "indicators.shelter.likelihoods.routine.active.counted.shown",
        "13 of 12",
        "count in `of`",
    ),
    (
        "{stated: 0.8, by",
        "{stated: 0.8, counted: {shown: 1, of: 2}, by",
        31,
        "indicators.shelter.likelihoods.programme.active",
        "counted and stated",
        "give one of",
    ),
    (
        "{stated: 0.1, by: ana}",
        "{by: ana}",
        32,
        "indicators.shelter.likelihoods.programme.idle",
        "none of counted, stated",
        "give one of",
    ),
    (
        "ratio: {record: true}",
        "ratio: {record: true, stated: 2}",
        48,
        "calendar.congress.ratio",
        "stated and record",
        "give one of",
    ),
    ("    yearly: true\n", "", 47, "calendar.congress.ratio.record", "an entry that is not yearly", "yearly: true"),
    ("    to: 2019-12-31", "    to: 2021-12-31", 46, "calendar.congress.to", "more than a year", "one year"),
    ("on_days: 30", "on_days: 0", 14, "hypotheses.routine.activity.on_days", "0", "a number above 0"),
    ("prior: 0.6", "prior: 1.0", 12, "hypotheses.routine.prior", "1.0", "below 1"),
    ("prior: 0.6", "prior: 60%", 12, "hypotheses.routine.prior", '"60%"', "such as 0.3"),
    ("prior: 0.6", "prior: .nan", 12, "hypotheses.routine.prior", '".nan"', "a number"),
    ("prior: 0.6", "prior: yes", 12, "hypotheses.routine.prior", '"yes"', "a number"),
    ("benign: true", "benign: yes", 11, "hypotheses.routine.benign", '"yes"', "true or false"),
    ("    title: machines are repaired\n", "", 9, "hypotheses.routine.title", "nothing", "add `title:` (In words"),
    (
        "title: machines are repaired",
        "titel: machines are repaired",
        10,
        "hypotheses.routine.titel",
        "an unknown field",
        "mean title?",
    ),
    ("title: machines are repaired", "title: 2019", 10, "hypotheses.routine.title", "2019", "into quotes"),
    ("    said: 2019-12-08", "    said: 2019-02-30", 63, "claims.statement.said", "'2019-02-30'", "as 2019-12-07"),
    ("    said: 2019-12-08", "    said: 2019", 63, "claims.statement.said", "2019", "as 2019-12-07"),
    ("    said: 2019-12-08", "    said: 2019-12-08T10:00:00Z", 63, "claims.statement.said", "T10", "as 2019-12-07"),
    ("reliability: B", "reliability: b", 58, "claims.old-report.reliability", '"b"', "A, B, C, D, E or F"),
    ("credibility: 2", "credibility: 7", 59, "claims.old-report.credibility", "7", "1, 2, 3, 4, 5 or 6"),
    ("credibility: 2", "credibility: true", 59, "claims.old-report.credibility", "true", "a number"),
    ("https://example.org/1", "file:///etc/passwd", 65, "claims.statement.link", "file:", "https://"),
    ("supports: [programme]", "supports: programme", 66, "claims.statement.supports", '"programme"', "[a, b]"),
    ("  passed-on:", "  Passed On:", 67, "claims.Passed On", 'the name "Passed On"', "lower-case"),
    (
        "observable: {structure: shelter}",
        "observable: {building: x}",
        24,
        "indicators.shelter.observable",
        "fields (building)",
        "`structure:`",
    ),
    (
        "observable: {structure: shelter}",
        "observable: {structure: x, claim: statement}",
        24,
        "indicators.shelter.observable.claim",
        "a second observable",
        "make two",
    ),
    (
        "observable: {structure: shelter}",
        "observable: shelter",
        24,
        "indicators.shelter.observable",
        '"shelter"',
        "`growth:`",
    ),
    (
        "        idle: {stated: 0.1, by: ana}\n",
        "",
        30,
        "indicators.shelter.likelihoods.programme.idle",
        "nothing",
        "add `idle:`",
    ),
    (
        "programme: {stated: 0.6, by: ana}",
        "programme: 0.6",
        39,
        "indicators.said-so.likelihoods.programme",
        "0.6",
        "fields below it",
    ),
    ("kind: anniversary", "kind: birthday", 44, "calendar.congress.kind", '"birthday"', "anniversary"),
    ("sitewatch_case: 1", "sitewatch_case: 2", 2, "sitewatch_case", "2", "later sitewatch"),
    ("site: plant\n", "", 2, "site", "nothing", "add `site:`"),
    # YAML.
    ("site: plant", "site: plant\nsite: other", 6, "site", '"site" for the second time (line 5)', "keep one"),
    (
        "  statement:\n    who",
        "  old-report:\n    who",
        60,
        "claims.old-report",
        "for the second time (line 53)",
        "keep one",
    ),
    ("    benign: true", "\tbenign: true", 11, "", "a tab", "spaces"),
    ("site: plant", "site: &a plant\nnotes: *a", 6, "notes", "an alias", "write out"),
    ("site: plant", "<<: {site: plant}", 5, "<<", "a merge", "write out"),
    ("site: plant", "site: !!python/object:os.system plant", 5, "site", "the tag", "leave it out"),
    ("site: plant", "site: !env plant", 5, "site", "the tag !env", "leave it out"),
    ("site: plant", "site: plant: two", 5, "", "a second colon", "quotes"),
    ("site: plant", "site: [plant", 6, "", "where ',' or ']' belongs", "quotes"),
    ("site: plant", "site: @plant", 5, "", "'@'", "quotes"),
    ("site: plant", "? [site]\n: plant", 5, "", "a name that is no text", "`name: value`"),
    ("forecast:", "---\nforecast:", 75, "", "a second document", "one case"),
    ("site: plant", "site: " + "[" * 40 + "]" * 40, 5, "site", "too many levels", "nest at most"),
]


@pytest.mark.parametrize("expected", ERRORS)
def test_error(plant: Path, expected: tuple[str, str, int, str, str, str]) -> None:
    old, new, line, field, found, do = expected
    assert TEXT.count(old) == 1 or new == ""
    plant.write_text(TEXT.replace(old, new, 1))
    faults = [fault for fault in case_faults(plant)[1] if not fault.warning]
    told = [(fault.line, fault.field) for fault in faults]
    assert (line, field) in told, [str(fault) for fault in faults]
    fault = faults[told.index((line, field))]
    assert found in fault.found
    assert do in fault.do
    where = f"{plant}, line {line}" + (f", field {field}" if field else "")
    assert str(fault) == f"{where}: found {fault.found}; {fault.do}"
    assert "\n" not in str(fault)
    with pytest.raises(InputError) as raised:
        read_case(plant)
    assert str(fault) in str(raised.value).splitlines()
    assert raised.value.exit_code == 2


WARNINGS = [
    ("{stated: 0.6, by: ana}", "{stated: 0.05, by: ana}", 37, "indicators.said-so.likelihoods", "the same likelihood"),
    (
        "{stated: 0.05, by: ben}",
        "{stated: 0.05, by: ana}",
        37,
        "indicators.said-so.likelihoods",
        "nothing but what ana",
    ),
    ("    repeats: statement   # from the agency\n", "", 67, "claims.passed-on", "nothing rests on"),
    (
        "{stated: 0.8, by",
        "{stated: 0.8, cases: 500, by",
        31,
        "indicators.shelter.likelihoods.programme.active.cases",
        "500",
    ),
    (
        "    ratio: {record: true}\n    source: [old-report]",
        "    ratio: {record: true}",
        42,
        "calendar.congress",
        "no source",
    ),
    (
        "on_days: 10, off_days: 120, why: counted by hand",
        "on_days: 10, off_days: 0.5",
        19,
        "hypotheses.programme.activity",
        "without",
    ),
    (
        "on_days: 10, off_days: 120, why: counted by hand",
        "on_days: 10, off_days: 0.5",
        19,
        "hypotheses.programme.activity.off_days",
        "0.5",
    ),
    ("since: 2019-01-01", "since: 2019-12-09", 36, "indicators.said-so.observable.claim", "before since"),
    (
        "    observable:\n      claim",
        "    seen: 0.5\n    observable:\n      claim",
        35,
        "indicators.said-so.seen",
        "0.5",
    ),
    ("title: Congress", "title: 'TO DO: name it'", 43, "calendar.congress.title", "TO DO"),
    (
        "  programme:\n    title",
        (
            "  rare:\n    title: r\n    prior: 0.005\n    why: w\n"
            "    activity: {on_days: 1, off_days: 1, why: w}\n  programme:\n    title"
        ),
        17,
        "hypotheses.rare.prior",
        "0.005",
    ),
]


@pytest.mark.parametrize("expected", WARNINGS)
def test_warning(plant: Path, expected: tuple[str, str, int, str, str]) -> None:
    old, new, line, field, found = expected
    assert TEXT.count(old) == 1
    plant.write_text(TEXT.replace(old, new, 1))
    case, faults = case_faults(plant)
    assert case is not None
    warnings = {(fault.line, fault.field): fault for fault in faults if fault.warning}
    assert (line, field) in warnings, [str(fault) for fault in faults]
    assert found in warnings[line, field].found


def test_the_example_is_without_a_fault(plant: Path) -> None:
    case, faults = case_faults(plant)
    assert isinstance(case, Case)
    assert faults == []
    assert case == read_case(plant)


def test_hypotheses_that_nothing_tells_apart_are_warned_of(plant: Path) -> None:
    text = (
        TEXT.replace("prior: 0.4", "prior: 0.2")
        .replace(
            "\nindicators:",
            """  twin:
    title: a twin
    prior: 0.2
    why: as the other
    activity: {on_days: 10, off_days: 120, why: as the other}

indicators:""",
        )
        .replace(
            "      programme: {stated: 0.6, by: ana}",
            "      programme: {stated: 0.6, by: ana}\n      twin: {stated: 0.6, by: ana}",
        )
    )
    text = text.replace(
        "  said-so:",
        "      twin:\n        active: {stated: 0.8, by: ana}\n        idle: {stated: 0.1, by: ana}\n  said-so:",
    )
    plant.write_text(text)
    told = [str(fault) for fault in case_faults(plant)[1]]
    assert len(told) == 1
    assert "line 20, field hypotheses.twin: found no indicator that tells it from programme" in told[0]
    # With another rhythm, episodes and gaps of the shelter tell them apart.
    plant.write_text(text.replace("off_days: 120, why: as", "off_days: 12, why: as"))
    assert case_faults(plant)[1] == []


def test_all_faults_are_told_at_once_and_no_more_than_twenty(plant: Path) -> None:
    text = (
        TEXT.replace("prior: 0.4", "prior: 0.3")
        .replace("repeats: statement ", "repeats: nobody ")
        .replace("[programme]", "[x]")
    )
    plant.write_text(text)
    with pytest.raises(InputError) as raised:
        read_case(plant)
    assert [line.split(", ")[1] for line in str(raised.value).splitlines()] == ["line 8", "line 66", "line 72"]
    many = "".join(f"  c{i}: {{who: x, what: y, published: 2019-01-01}}\n" for i in range(30))
    plant.write_text(TEXT.replace("\nforecast:", many + "\nforecast:"))
    with pytest.raises(InputError) as raised:
        read_case(plant)
    lines = str(raised.value).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "and 10 faults more"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "line 1: found nothing; begin with"),
        (b"# only a remark\n", "line 1: found nothing"),
        (b"just text", "line 1: found no fields"),
        (b"- a\n- b\n", "line 1: found no fields"),
        (b"{}", "field sitewatch_case: found nothing"),
        (b"a: 1\nb: \xff\n", "line 2: found the byte 0xff, not UTF-8; save it as UTF-8"),
        ("a: 1".encode("utf-16"), "not UTF-8"),
        (b'a: 1\nb: "\x07"\n', "line 2: found no YAML"),
        (b"a: " + b"x" * 1_000_001, "more than 1 MB"),
        (b"a: " + b"[" * 9_000, "too many levels"),
        (b"a: 1\nb: " + b"x" * 20_000, "line 2: found a line of 20003 characters"),
        (b"%YAML 3.0\n---\na: 1\n", "line 1: found incompatible YAML"),
        (b"~structure: 1\n~one: 2\n", "found"),
        ("a: 1\nb: 'x\u2028y'\nb: 2\n".encode(), "line 3, field b"),
    ],
)
def test_what_is_no_case_at_all(plant: Path, raw: bytes, words: str) -> None:
    plant.write_bytes(raw)
    with pytest.raises(InputError) as raised:
        read_case(plant)
    assert words in str(raised.value)
    assert str(raised.value).startswith(f"{plant}")


def test_a_thousand_million_laughs_are_refused_at_once(plant: Path) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]\n" for i in range(1, 30))
    plant.write_text(bomb)
    begun = time.monotonic()
    with pytest.raises(InputError, match="an alias"):
        read_case(plant)
    assert time.monotonic() - begun < 5


def test_a_file_that_is_not_there_or_no_file(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path, tmp_path / "a\0b"):
        with pytest.raises(InputError, match="cannot be read"):
            read_case(path)


def test_a_byte_order_mark_and_other_line_ends_are_taken(plant: Path) -> None:
    plant.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").replace("prior: 0.4", "prior: 0.3").encode())
    assert [fault.line for fault in case_faults(plant)[1]] == [8]


def test_a_copy_that_is_not_what_it_was(plant: Path) -> None:
    digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    plant.write_text(
        TEXT.replace("    credibility: 2\n", f"    credibility: 2\n    archived: {{sha256: {digest}, at: page.txt}}\n")
    )
    assert [(f.line, f.warning, f.found) for f in case_faults(plant)[1]] == [(60, True, "no copy page.txt there")]
    page = plant.parent / "page.txt"
    page.write_text("hello")
    assert case_faults(plant)[1] == []
    page.write_text("hallo")
    (fault,) = case_faults(plant)[1]
    assert (fault.line, fault.field, fault.warning) == (60, "claims.old-report.archived.sha256", False)
    plant.write_text(plant.read_text().replace("page.txt", "../page.txt"))
    assert [fault.warning for fault in case_faults(plant)[1]] == [True]


LINES = TEXT.splitlines(keepends=True)
PIECES = [
    "",
    "\t",
    ":",
    "- ",
    "{",
    "]",
    "*a",
    "&a ",
    "!x ",
    "null",
    "~",
    "0x1F",
    "1e999",
    "-1",
    "\x00",
    "\u2028",
    "\x85",
    "'",
    '"',
    "<<: ",
    "? ",
    "|",
    "%",
    "---\n",
    "2019-02-30",
    "true",
    "[[[",
    "\ufeff",
    "99999999999999999999",
    "~one: 1\n",
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_changed_there_is_a_case_or_an_error(plant: Path, data: st.DataObject) -> None:
    """No traceback, and every fault has a sentence."""
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 3))):
        i = data.draw(st.integers(0, len(lines) - 1))
        kind = data.draw(st.sampled_from(["drop", "double", "swap", "value", "insert"]))
        piece = data.draw(st.sampled_from(PIECES) | st.text(max_size=8))
        if kind == "drop":
            lines[i] = "\n"
        elif kind == "double":
            lines[i] *= 2
        elif kind == "swap":
            j = data.draw(st.integers(0, len(lines) - 1))
            lines[i], lines[j] = lines[j], lines[i]
        elif kind == "value":
            lines[i] = f"{lines[i].partition(':')[0]}: {piece}\n"
        else:
            at = data.draw(st.integers(0, len(lines[i])))
            lines[i] = lines[i][:at] + piece + lines[i][at:]
    plant.write_bytes("".join(lines).encode("utf-8", "surrogatepass"))
    with contextlib.suppress(InputError):
        assert isinstance(read_case(plant), Case)
    for fault in case_faults(plant)[1]:
        assert all(dataclasses.asdict(fault)[name] for name in ("file", "found", "do"))
