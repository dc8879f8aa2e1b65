"""Sentences say what the numbers say, name what they rest on, and never mix likelihood with confidence."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from judged import SAID, SHELTER, case, claim, day, look, record, structure
from test_judgements import DRAWS, END, situations

from sitewatch.assessment import Assessment, SiteRecord, Word, assess, paragraph, percent
from sitewatch.case import Case
from sitewatch.cube import Outcome

WORDS = re.compile("|".join(sorted((w.value for w in Word), key=len, reverse=True)))


@pytest.fixture(scope="module")
def found() -> Assessment:
    looks = [look(n, Outcome.COULD_NOT_SEE if n in (20, 50) else Outcome.USED) for n in range(0, 100, 10)]
    made = case(
        {"shelter": SHELTER, "said": SAID, "later": {**SAID, "observable": {"claim": "later"}}},
        {"test": claim(3), "again": claim(4, repeats="test"), "later": claim(300)},
    )
    known = record([structure("shelter", ((30, 40), None, 0.95))], [*looks, look(95, Outcome.FAILED)])
    return assess(made, known, at=day(100))


def test_likelihood_and_confidence_never_share_a_sentence(found: Assessment) -> None:
    for clause in paragraph(found):
        assert not ("onfidence" in clause.text and WORDS.search(clause.text))
    assert f"Confidence in this judgement is {found.confidence.level.value}." in [c.text for c in paragraph(found)]


def test_the_answer_has_word_number_band_and_prior(found: Assessment) -> None:
    first = paragraph(found)[0]
    one = found.leading
    for part in (
        one.title,
        one.word.that,
        percent(one.probability),
        f"{percent(one.low)} to {percent(one.high)}",
        "30 %",
    ):
        assert part in first.text
    assert first.evidence == ("again", "said", "shelter", "test")
    assert set(first.scenes) == set(found.used)


def test_every_hypothesis_is_named(found: Assessment) -> None:
    text = " ".join(c.text for c in paragraph(found))
    for one in found.hypotheses:
        assert one.title in text
        assert percent(one.probability) in text


def test_could_not_look_is_not_looked_and_saw_nothing(found: Assessment) -> None:
    clauses = {c.text: c for c in paragraph(found)}
    (hidden,) = [c for text, c in clauses.items() if "could not see the site" in text]
    assert hidden.scenes == ("s20", "s50")
    assert hidden.text.startswith("2 looks")
    (failed,) = [c for text, c in clauses.items() if "could not be read" in text]
    assert failed.scenes == ("s95",)
    (shelter,) = [c for text, c in clauses.items() if text.startswith("Whether the shelter stands")]
    assert "5 looks show it, the last of 2020-03-31; 3 looks looked there and do not show it" in shelter.text
    assert len(shelter.scenes) == 8


def test_what_carries_it_is_what_moves_it_most(found: Assessment) -> None:
    assert found.carrying is not None
    (clause,) = [c for c in paragraph(found) if c.text.startswith("What carries this most")]
    assert clause.evidence == ("shelter",)
    assert percent(found.carrying.without[found.leading.key]) in clause.text


def test_what_does_not_count_is_told_with_its_reason(found: Assessment) -> None:
    (clause,) = [c for c in paragraph(found) if c.text.startswith("Not counted")]
    assert clause.evidence == ("later",)
    assert "after the time that is judged" in clause.text


@settings(deadline=None, max_examples=30)
@given(situations())
def test_any_judgement_can_be_told(made: tuple[Case, SiteRecord]) -> None:
    found = assess(*made, at=day(END), draws=DRAWS)
    known = {*made[0].indicators, *made[0].claims}
    scenes = {k.scene for k in made[1].looks}
    for clause in paragraph(found):
        assert clause.text[0].isupper() or clause.text[0].isdigit()
        assert clause.text.endswith(".")
        assert not ("onfidence" in clause.text and WORDS.search(clause.text))
        assert set(clause.evidence) <= known
        assert set(clause.scenes) <= scenes
        assert not re.search(r"\bnan\b|None|\binf\b|100 %|(?<![<\d])0 %", clause.text)
