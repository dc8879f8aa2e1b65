"""What the report says in words."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from plant_record import Case

from sitewatch.cube import Look, Outcome
from sitewatch.report._sentences import bracket_words, finding, presence_sentence, seen_sentence
from sitewatch.structures import Bracket, Presence, State, Structure


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def spell(erected: Bracket | None, dismantled: Bracket | None) -> Presence:
    return Presence(erected=erected, dismantled=dismantled, state=State.CONFIRMED, probability=0.9, evidence=())


SPRING = Bracket(after=at("2021-03-01T10:00"), by=at("2021-03-11T10:00"))
AUTUMN = Bracket(after=at("2021-09-01T10:00"), by=at("2021-09-06T10:00"))
FIRST, LAST = at("2021-01-01"), at("2021-12-31")


def look(outcome: Outcome) -> Look:
    return Look(
        scene="s", sensor="x", captured=FIRST, published=LAST, published_is_recorded=False, outcome=outcome, reason="r"
    )


def test_stands() -> None:
    said = presence_sentence(spell(SPRING, None), first=FIRST, last=LAST)
    assert said == ("Erected after 2021-03-01 and by 2021-03-11; it still stood at the last clear look, 2021-12-31.")


def test_came_and_went() -> None:
    said = presence_sentence(spell(SPRING, AUTUMN), first=FIRST, last=LAST)
    assert said == (
        "Erected after 2021-03-01 and by 2021-03-11; taken down after 2021-09-01 and by 2021-09-06. "
        "It stood for between 174 and 189 days."
    )


def test_stood_before_the_record() -> None:
    said = presence_sentence(spell(None, AUTUMN), first=FIRST, last=LAST)
    assert said == "Stood already at the first clear look, 2021-01-01; taken down after 2021-09-01 and by 2021-09-06."


def test_stood_over_the_whole_record() -> None:
    said = presence_sentence(spell(None, None), first=FIRST, last=LAST)
    assert said == "Stood already at the first clear look, 2021-01-01, and still stood at the last, 2021-12-31."


def test_a_bracket_within_one_day_is_told_by_the_hour() -> None:
    found = bracket_words(Bracket(after=at("2021-03-01T10:00"), by=at("2021-03-01T13:30")))
    assert found == "after 2021-03-01 10:00 UTC and by 2021-03-01 13:30 UTC"


def test_the_three_answers_differ(case: Case) -> None:
    used = [look(Outcome.USED)] * 8
    assert finding([], used[:6], first=FIRST, last=LAST)[0] == "Too few looks"
    assert finding([], used, first=FIRST, last=LAST)[0] == "Nothing changed"
    assert finding([], [look(Outcome.COULD_NOT_SEE)], first=None, last=None)[0] == "Nothing was seen"
    assert finding([], [look(Outcome.FAILED)], first=None, last=None)[0] == "Could not look"
    assert finding([], [], first=None, last=None)[0] == "Could not look"
    claims: list[Structure] = case.structures[:2]
    verdict, sentence = finding(claims, used, first=FIRST, last=LAST)
    assert verdict == "Changes found"
    assert sentence.startswith(
        "Two structures were erected (three times in all) and one was taken down (two times in all) between 2021-01-01"
    )
    assert sentence.endswith(
        f"add up to {sum(c.probability for c in claims):.1f} of 2: so many can be expected to be real."
    )
    verdict, sentence = finding(claims, used[:6], first=FIRST, last=LAST)
    assert verdict == "Possible changes"
    assert "Only two were compared" in sentence
    unsure = [replace(claim, probability=0.3) for claim in claims]
    verdict, sentence = finding(unsure, used, first=FIRST, last=LAST)
    assert verdict == "Possible changes"
    assert sentence.endswith("add up to 0.6 of 2: so many can be expected to be real.")


def test_only_a_removal(case: Case) -> None:
    gone = [Structure(**{**vars(case.structures[0]), "presences": (spell(None, AUTUMN),)})]
    said = finding(gone, [look(Outcome.USED)] * 8, first=FIRST, last=LAST)[1]
    assert said == (
        "One structure was taken down between 2021-01-01 and 2021-12-31; 8 of 8 listed looks could be used. "
        "Its probability is 0.90."
    )


def test_what_could_never_be_seen() -> None:
    assert seen_sentence(1.0) == ""
    assert seen_sentence(0.93).startswith("7.0 % of the site's outline lies outside every image")
