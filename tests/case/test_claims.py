"""Independence, grades, and claims written into a file without touching the rest of it."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sitewatch.case import (
    Claim,
    Probability,
    add_claims,
    archived_copy,
    case_faults,
    circles,
    free_key,
    grade,
    independent,
    read_case,
    slug,
    uses,
)
from sitewatch.errors import InputError, OutputError

TEXT = (Path(__file__).parent / "plant.yaml").read_text()


def claim(**changes: object) -> Claim:
    return Claim.model_validate({"who": "x", "what": "y", "published": "2020-01-02", "reference": "z", **changes})


def test_a_claim_and_all_that_repeat_it_are_one_group() -> None:
    claims = {
        "a": claim(),
        "b": claim(repeats="a"),
        "c": claim(repeats="b"),
        "d": claim(repeats="gone"),
        "e": claim(repeats="d"),
        "own": claim(repeats="own"),
        "z": claim(repeats="y"),
        "y": claim(repeats="z"),
        "w": claim(repeats="z"),
    }
    assert independent(claims) == {
        "a": "a", "b": "a", "c": "a", "d": "d", "e": "d", "own": "own", "z": "y", "y": "y", "w": "y",
    }  # fmt: skip
    assert circles(claims) == [("own",), ("y", "z")]
    assert independent({}) == {}


def test_grade_keeps_source_and_word_apart() -> None:
    assert grade(claim(reliability="B", credibility=2)) == "B2"
    assert grade(claim()) == "F6"


def test_uses_name_the_places(plant: Path) -> None:
    assert uses(read_case(plant)) == {
        "old-report": (("hypotheses", "programme"), ("calendar", "congress")),
        "statement": (("indicators", "said-so"),),
        "passed-on": (),
    }


def test_a_probability_is_a_beta_distribution() -> None:
    counted = Probability.model_validate({"counted": {"shown": 2, "of": 12}})
    assert counted.beta == (2.5, 10.5)
    assert counted.mean == pytest.approx(2.5 / 13)
    stated = Probability(stated=0.8, cases=5)
    assert stated.beta == pytest.approx((4.0, 1.0))
    assert stated.mean == 0.8
    assert Probability(stated=0).beta is Probability(stated=1).beta is None
    assert (Probability(stated=0).mean, Probability(stated=1).mean) == (0, 1)
    assert Probability(stated=5e-324, cases=0.1).beta is None  # an a of 0 is no distribution


NEW = claim(
    who='An "office": #1',
    what="Two lines,\nthe second - with: signs # and ünïcode \U0001f680",
    said="2020-01-01",
    archived={"sha256": "1" * 64, "at": "copies/page one.pdf"},
    supports=["programme"],
    repeats="statement",
)


def test_everything_else_stays_to_the_byte(plant: Path) -> None:
    plant.chmod(0o640)
    before = read_case(plant)
    add_claims(plant, {"new": NEW, "no": claim()})
    text = plant.read_text()
    at = text.index("  new:\n")
    assert text[:at] == TEXT[: TEXT.index("\nforecast:")]  # behind the last remark of the claims
    assert text.endswith(TEXT[TEXT.index("\nforecast:") :])
    assert len(text.splitlines()) == len(TEXT.splitlines()) + 11 + 7
    assert '  "no":\n' in text  # which some would read as false
    assert plant.stat().st_mode & 0o777 == 0o640
    assert read_case(plant).claims == {**before.claims, "new": NEW, "no": claim()}
    assert list(plant.parent.iterdir()) == [plant]


HEAD = TEXT[: TEXT.index("claims:\n")].replace("    source: [old-report]\n    activity", "    why: w\n    activity")
HEAD = HEAD[: HEAD.index("  said-so:")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "\nclaims:\n  new:\n"),
        ("claims: {}  # none yet\n\nnotes: x\n", "claims:  # none yet\n  new:\n"),
        ("claims: {\n}\n", "claims:\n  new:\n"),
        ("notes: |\n  one\n  two\n\n", "two\n\n\nclaims:\n  new:\n"),
        ("notes: x\n...\n", "notes: x\n\nclaims:\n  new:\n"),
        ("notes: x # no line end", "notes: x # no line end\n\nclaims:\n  new:\n"),
        (
            (
                "claims:\n    a:\n          who: x\n          what: y\n"
                "          published: 2020-01-02\n          reference: z\nnotes: x\n"
            ),
            "reference: z\n    new:\n          who: ",
        ),
        ("claims: {a: {who: x, what: y, published: 2020-01-02, reference: z}}\n", 'z}, "new": {"who"'),
        ("claims:\n  a: {who: x, what: y, published: 2020-01-02, reference: z}\n", "z}\n  new:\n    who: "),
        (
            (
                "claims:\n  a:\n    who: x\n    published: 2020-01-02\n    reference: z\n"
                "    what: >-\n      folded\n      text\n\n  # end\n# x\n"
            ),
            "text\n\n  # end\n  new:\n",
        ),
    ],
)
def test_claims_however_they_are_written(plant: Path, before: str, after: str) -> None:
    plant.write_text(HEAD + before)
    held = read_case(plant)
    add_claims(plant, {"new": claim()})
    assert after in plant.read_text()
    assert read_case(plant) == held.model_copy(update={"claims": {**held.claims, "new": claim()}})


def test_a_case_in_json_and_other_line_ends(plant: Path) -> None:
    document = read_case(plant).model_dump_json(by_alias=True, exclude_none=True, exclude_defaults=True, indent=1)
    plant.write_text(document)
    add_claims(plant, {"new": NEW})
    assert read_case(plant).claims["new"] == NEW
    plant.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    add_claims(plant, {"new": NEW})
    raw = plant.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf#")
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert read_case(plant).claims["new"] == NEW


@pytest.mark.parametrize(
    ("key", "changes", "words"),
    [
        ("statement", {}, "has a claim statement already"),
        ("new", {"repeats": "nobody"}, "field claims.new.repeats: found the unknown claim nobody"),
        ("new", {"supports": ["program"]}, "field claims.new.supports[0]: found the unknown hypothesis program"),
        ("new", {"repeats": "passed-on", "published": "2018-01-01"}, "after this one (2018-01-01)"),
        ("New Key", {}, 'field claims.New Key: found the name "New Key"'),
    ],
)
def test_a_bad_claim_never_damages_a_good_file(plant: Path, key: str, changes: dict[str, object], words: str) -> None:
    with pytest.raises(InputError) as raised:
        add_claims(plant, {key: claim(**changes)})
    assert words in str(raised.value)
    assert plant.read_text() == TEXT
    assert list(plant.parent.iterdir()) == [plant]


def test_a_bad_file_is_not_added_to(plant: Path) -> None:
    bad = TEXT.replace("prior: 0.4", "prior: 0.3")
    plant.write_text(bad)
    with pytest.raises(InputError, match=r"line 8, field hypotheses: found priors that add up to 0\.9"):
        add_claims(plant, {"new": claim()})
    assert plant.read_text() == bad


def test_where_a_claim_comes_from_is_told(plant: Path) -> None:
    with pytest.raises(InputError) as raised:
        add_claims(plant, {"new": claim(repeats="nobody")}, where={"new": "table.csv, line 4"})
    assert str(raised.value).splitlines() == [
        "table.csv, line 4, field repeats: found the unknown claim nobody; use one of old-report, statement, passed-on",
        "nothing was added",
    ]


def test_a_link_stays_a_link(plant: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to(plant)
    add_claims(link, {"new": claim()})
    assert link.is_symlink()
    assert "new" in read_case(plant).claims


def test_no_room_to_write(plant: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        add_claims(plant, {"new": claim()})
    assert plant.read_text() == TEXT
    assert list(plant.parent.iterdir()) == [plant]


TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=[chr(i) for i in range(32)] + ["\x7f"]), min_size=1
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    who=TEXTS.filter(str.strip),
    what=(TEXTS | st.just("a\n\tb\n")).filter(str.strip),
    key=st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True),
)
def test_every_text_comes_back(plant: Path, who: str, what: str, key: str) -> None:
    plant.write_text(HEAD)
    made = claim(who=who[:300], what=what[:4000])
    add_claims(plant, {key: made})
    assert read_case(plant).claims == {key: made}


def test_keys_are_made(plant: Path) -> None:
    assert slug("Müller: A & B, 2019!") == "m-ller-a-b-2019"
    assert slug("!?") == ""
    assert len(slug("x" * 200)) == 64
    assert free_key("a", {"a", "a-2"}) == "a-3"
    assert free_key("x" * 64, {"x" * 64}) == "x" * 62 + "-2"


def test_an_archived_copy_is_named_from_the_case(plant: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copies" / "page.html"
    copy.parent.mkdir()
    copy.write_bytes(b"what was there")
    made = archived_copy(copy, plant.parent)
    assert (made.copy_at, made.sha256) == ("copies/page.html", hashlib.sha256(b"what was there").hexdigest())
    assert archived_copy(copy, tmp_path / "elsewhere").copy_at == "page.html"
    add_claims(plant, {"new": claim(archived=made, repeats="statement")})
    assert case_faults(plant)[1] == []
    copy.write_bytes(b"")
    with pytest.raises(InputError, match="is empty"):
        archived_copy(copy, tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        archived_copy(tmp_path / "none", tmp_path)


def test_claims_are_dated() -> None:
    assert claim().published == dt.date(2020, 1, 2)
