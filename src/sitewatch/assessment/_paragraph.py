"""A judgement in plain language: what the numbers say and no more, each clause with what it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sitewatch.assessment._assessment import Assessment, Judged, NextLook
from sitewatch.assessment._weigh import LEVEL
from sitewatch.assessment._words import percent

__all__ = ["Clause", "paragraph"]

_FEW_NAMES = 3
_AS_LIKELY = 0.005
"""Probabilities that differ by less are told as equal."""


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One sentence of the paragraph."""

    text: str
    evidence: tuple[str, ...] = ()
    """Keys of the indicators and claims of the case that it rests on, sorted; empty: it rests on the case itself."""
    scenes: tuple[str, ...] = ()
    """Scene ids of the looks that it rests on."""


def paragraph(assessment: Assessment) -> tuple[Clause, ...]:
    """The judgement in sentences, in the order in which they are read. How sure it is stands in a sentence of its own."""
    return (
        *_answer(assessment),
        *_others(assessment),
        *_now(assessment),
        *_evidence(assessment),
        *_not_seen(assessment),
        *_change(assessment),
        *_confidence(assessment),
    )


def _all(assessment: Assessment) -> tuple[tuple[str, ...], tuple[str, ...]]:
    keys = {key for item in assessment.items for key in (item.key, *item.claims)}
    return tuple(sorted(keys)), tuple(dict.fromkeys(s for item in assessment.items for s in item.scenes))


def _answer(assessment: Assessment) -> Iterator[Clause]:
    keys, scenes = _all(assessment)
    leading = assessment.leading
    text = (
        f"On {assessment.at:%Y-%m-%d} {leading.word.that} {leading.title}: {percent(leading.probability)} "
        f"({100 * LEVEL:.0f} % band {percent(leading.low)} to {percent(leading.high)}), "
        f"{percent(leading.prior)} before any of this evidence."
    )
    yield Clause(text=text, evidence=keys, scenes=scenes)
    if not keys:
        yield Clause(text="No evidence of this case is known yet, so that these are the priors alone.")


def _others(assessment: Assessment) -> Iterator[Clause]:
    keys, scenes = _all(assessment)
    rival = assessment.rival
    everyday = "everyday " if rival.benign else ""
    text = f"The strongest rival is the {everyday}explanation that {rival.title} ({_told(rival)})."
    if assessment.leading.probability - rival.probability < _AS_LIKELY:
        text = f"The {everyday}explanation that {rival.title} is as probable ({_told(rival)})."
    yield Clause(text=text, evidence=keys, scenes=scenes)
    benign = [h for h in assessment.hypotheses[2:] if h.benign]
    if benign:
        named = "; ".join(f"{h.title} ({_told(h)})" for h in benign)
        of = (
            "Of the other everyday explanations"
            if rival.benign or assessment.leading.benign
            else "Everyday explanations"
        )
        yield Clause(text=f"{of}: {named}.", evidence=keys, scenes=scenes)
    rest = [h for h in assessment.hypotheses[2:] if not h.benign]
    if rest:
        named = "; ".join(f"{h.title} ({_told(h)})" for h in rest)
        yield Clause(text=f"Other explanations: {named}.", evidence=keys, scenes=scenes)


def _told(one: Judged) -> str:
    return f"{one.word.value}, {percent(one.probability)}"


def _now(assessment: Assessment) -> Iterator[Clause]:
    keys, scenes = _all(assessment)
    leading = assessment.leading
    text = (
        f"That {leading.title} and that this goes on now has a probability of {percent(leading.going_on)}; that any of "
        f"the activities goes on, {percent(assessment.active)}."
    )
    yield Clause(text=text, evidence=keys, scenes=scenes)


def _evidence(assessment: Assessment) -> Iterator[Clause]:
    carrying = assessment.carrying
    leading = assessment.leading
    if carrying is not None:
        without = carrying.without[leading.key]
        other = min(carrying.without, key=lambda k: (-carrying.without[k], k))
        turns = "" if other == leading.key else f", and that {assessment.of(other).title} would lead"
        text = (
            f"What carries this most is whether {carrying.title}: without it the probability would be "
            f"{percent(without)}{turns}."
        )
        yield Clause(text=text, evidence=tuple(sorted({carrying.key, *carrying.claims})), scenes=carrying.scenes)
    for item in assessment.items:
        gain = leading.probability - item.without[leading.key]
        how = (
            "speaks for it"
            if gain > _AS_LIKELY
            else "speaks against it"
            if gain < -_AS_LIKELY
            else "moves it by nothing"
        )
        says = item.says[0].lower() + item.says[1:] if item.says.startswith(("Said", "The ")) else item.says
        yield Clause(
            text=f"Whether {item.title} {how}: {says}",
            evidence=tuple(sorted({item.key, *item.claims})),
            scenes=item.scenes,
        )


def _not_seen(assessment: Assessment) -> Iterator[Clause]:
    unused = assessment.unused
    hidden = unused.get("could not see", ())
    if hidden:
        text = (
            f"{_count(len(hidden), 'look')} of the period could not see the site, for cloud, snow, haze or darkness, and "
            f"{'says' if len(hidden) == 1 else 'say'} nothing either way: what nobody could see is not absent."
        )
        yield Clause(text=text, scenes=hidden)
    faulty = tuple(s for name, scenes in unused.items() if name != "could not see" for s in scenes)
    if faulty:
        yield Clause(
            text=f"{_count(len(faulty), 'look')} could not be used and {'says' if len(faulty) == 1 else 'say'} nothing either.",
            scenes=faulty,
        )
    if not assessment.used:
        yield Clause(text="No look of the period could be used, so that nothing was looked for on the ground.")
    for one in assessment.left_out:
        yield Clause(text=f"Whether {one.title} does not count: {one.why[0].lower()}{one.why[1:]}", evidence=(one.key,))


def _change(assessment: Assessment) -> Iterator[Clause]:
    turning = [one for one in assessment.next_looks if one.until_leader is not None]
    if turning:
        best = min(turning, key=lambda one: (one.until_leader or 0, one.indicator, one.shows))
        yield Clause(text=_turns(assessment, best), evidence=(best.indicator,))
    elif assessment.next_looks:
        text = (
            f"No row of up to {assessment.looks_tried} further clear looks that show, or do not show, one of these things "
            "would make another explanation lead."
        )
        yield Clause(text=text, evidence=tuple(sorted({one.indicator for one in assessment.next_looks})))
    softer = [one for one in assessment.next_looks if one.until_word is not None]
    if softer and not turning:
        best = min(softer, key=lambda one: (one.until_word or 0, one.indicator, one.shows))
        after = best.after[assessment.leading.key]
        shows = "shows" if best.shows else "looks there and does not show"
        if best.until_word == 1:
            text = f"One further clear look that {shows} that {best.title} would move it to {percent(after)}."
            yield Clause(text=text, evidence=(best.indicator,))
    if assessment.levers:
        one = assessment.levers[0]
        during = {"active": " in an episode", "idle": " in a gap", "once": ""}[one.side]
        text = (
            f"The smallest change of one likelihood that turns it: if the probability of it{during}, given that "
            f"{assessment.of(one.hypothesis).title}, were {_number(one.changed)} in place of {_number(one.told)}, "
            f"that {assessment.of(one.leader).title} would lead."
        )
        yield Clause(text=text, evidence=(one.indicator,))
    text = f"It would lead no more if its prior odds against the strongest rival were {assessment.prior_factor:.1f} times smaller."
    yield Clause(text=text)


def _turns(assessment: Assessment, best: NextLook) -> str:
    assert best.until_leader is not None
    assert best.leader is not None
    count = "One further clear look" if best.until_leader == 1 else f"{best.until_leader} further clear looks in a row"
    shows = "show" if best.shows else "look there and do not show"
    if best.until_leader == 1:
        shows = "shows" if best.shows else "looks there and does not show"
    return f"{count} that {shows} that {best.title} would make another explanation lead: {assessment.of(best.leader).title}."


def _confidence(assessment: Assessment) -> Iterator[Clause]:
    yield Clause(text=f"Confidence in this judgement is {assessment.confidence.level.value}.")
    for reason in assessment.confidence.reasons:
        yield Clause(text=reason.text)


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"


def _number(probability: float) -> str:
    return f"{probability:.2g}"
