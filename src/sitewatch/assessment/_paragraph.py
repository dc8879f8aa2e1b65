"""A judgement in plain language: what the numbers say and no more, each clause with what it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from sitewatch.assessment._assessment import Assessment, Item, Judged, NextLook
from sitewatch.assessment._weigh import LEVEL
from sitewatch.assessment._words import percent

__all__ = ["Clause", "Topic", "paragraph"]

_EVEN = 0.45
"""Below that the most probable explanation is none that is likely."""
_AS_LIKELY = 0.005
"""Probabilities that differ by less are told as equal."""


class Topic(StrEnum):
    """What a sentence of the paragraph is about."""

    ANSWER = "answer"
    EVIDENCE = "evidence"
    NOT_SEEN = "not seen, not counted"
    CHANGE = "what would change it"
    CONFIDENCE = "confidence"


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One sentence of the paragraph."""

    text: str
    topic: Topic = Topic.ANSWER
    evidence: tuple[str, ...] = ()
    """Keys of the indicators and claims of the case that it rests on, sorted; empty: it rests on the case itself."""
    scenes: tuple[str, ...] = ()
    """Scene ids of the looks that it rests on."""


def paragraph(assessment: Assessment) -> tuple[Clause, ...]:
    """The judgement in sentences, in the order in which they are read; confidence has sentences of its own."""
    told = (
        (Topic.ANSWER, (*_answer(assessment), *_others(assessment), *_now(assessment))),
        (Topic.EVIDENCE, _evidence(assessment)),
        (Topic.NOT_SEEN, _not_seen(assessment)),
        (Topic.CHANGE, _change(assessment)),
        (Topic.CONFIDENCE, _confidence(assessment)),
    )
    return tuple(replace(one, topic=topic) for topic, clauses in told for one in clauses)


def _all(assessment: Assessment) -> tuple[tuple[str, ...], tuple[str, ...]]:
    keys = {key for item in assessment.items for key in (item.key, *item.claims)}
    return tuple(sorted(keys)), tuple(dict.fromkeys(s for item in assessment.items for s in item.scenes))


def _answer(assessment: Assessment) -> Iterator[Clause]:
    keys, scenes = _all(assessment)
    one = assessment.leading
    numbers = (
        f"({100 * LEVEL:.0f} % band {percent(one.low)} to {percent(one.high)}; {percent(one.prior)} before any of this "
        "evidence)"
    )
    text = f"On {assessment.at:%Y-%m-%d} {one.word.that} {one.title}: {percent(one.probability)} {numbers}."
    if one.probability < _EVEN:
        text = (
            f"On {assessment.at:%Y-%m-%d} no explanation is more likely than not; the most probable is that "
            f"{one.title}: {_told(one)} {numbers}."
        )
    yield Clause(text=text, evidence=keys, scenes=scenes)
    if not keys:
        yield Clause(text="No evidence of this case is known yet: these are the priors alone.")


def _others(assessment: Assessment) -> Iterator[Clause]:
    keys, scenes = _all(assessment)
    rival = assessment.rival
    everyday = "everyday " if rival.benign else ""
    text = f"The strongest rival is the {everyday}explanation that {rival.title} ({_told(rival)})."
    if assessment.leading.probability - rival.probability < _AS_LIKELY:
        text = f"The {everyday}explanation that {rival.title} is as probable ({_told(rival)})."
    yield Clause(text=text, evidence=keys, scenes=scenes)
    told = assessment.leading.benign or rival.benign
    for benign, lead in (
        (True, "Other everyday explanations" if told else "Everyday explanations"),
        (False, "Other explanations"),
    ):
        rest = [h for h in assessment.hypotheses[2:] if h.benign is benign]
        if rest:
            named = "; ".join(f"{h.title} ({_told(h)})" for h in rest)
            yield Clause(text=f"{lead}: {named}.", evidence=keys, scenes=scenes)


def _told(one: Judged) -> str:
    return f"{one.word.value}, {percent(one.probability)}"


def _now(assessment: Assessment) -> Iterator[Clause]:
    keys, scenes = _all(assessment)
    leading = assessment.leading
    text = (
        f"The probability that {leading.title} and that an episode of it goes on now is {percent(leading.going_on)}; "
        f"that any such activity goes on, {percent(assessment.active)}."
    )
    yield Clause(text=text, evidence=keys, scenes=scenes)


def _evidence(assessment: Assessment) -> Iterator[Clause]:
    carrying = assessment.carrying
    leading = assessment.leading
    if carrying is not None:
        other = min(carrying.without, key=lambda k: (-carrying.without[k], k))
        turns = "" if other == leading.key else f", and another explanation would lead: {assessment.of(other).title}"
        text = (
            f"What carries this most is whether {carrying.title}: without it the probability would be "
            f"{percent(carrying.without[leading.key])}{turns}."
        )
        yield Clause(text=text, evidence=_sources(carrying), scenes=carrying.scenes)
    for item in sorted(assessment.items, key=lambda item: (-item.spread, item.key)):
        gain = leading.probability - item.without[leading.key]
        how = "speaks for it" if gain > _AS_LIKELY else "speaks against it" if gain < -_AS_LIKELY else "hardly moves it"
        text = f"Whether {item.title} {how}: {item.says[0].lower()}{item.says[1:]}"
        yield Clause(text=text, evidence=_sources(item), scenes=item.scenes)


def _sources(item: Item) -> tuple[str, ...]:
    return tuple(sorted({item.key, *item.claims}))


def _not_seen(assessment: Assessment) -> Iterator[Clause]:
    for outcome, scenes in assessment.unused.items():
        how = _UNUSED.get(outcome, f"were not used ({outcome})")
        text = f"{_count(len(scenes), 'look')} of the period {how}: nothing follows from {_them(scenes)}, either way."
        yield Clause(text=text.replace("1 look of the period were", "1 look of the period was"), scenes=scenes)
    if not assessment.used:
        yield Clause(text="No look of the period could be used: what stands on the ground was not looked for.")
    for one in assessment.left_out:
        why = f"{one.why[0].lower()}{one.why[1:]}"
        yield Clause(text=f"Not counted is whether {one.title}: {why}", evidence=(one.key,))


_UNUSED = {
    "could not see": "could not see the site, for cloud, snow, haze or darkness",
    "rejected": "were readable and could not be compared",
    "failed": "could not be read",
}


def _them(scenes: tuple[str, ...]) -> str:
    return "it" if len(scenes) == 1 else "them"


def _change(assessment: Assessment) -> Iterator[Clause]:
    turning = [(one.until_leader, one) for one in assessment.next_looks if one.until_leader is not None]
    moving = [(one.until_word, one) for one in assessment.next_looks if one.until_word is not None]
    if turning:
        count, best = min(turning, key=_soonest)
        leader = assessment.of(best.leader or "").title
        text = f"{_row(count, best)} would make another explanation lead: {leader}."
        yield Clause(text=text, evidence=(best.indicator,))
    elif assessment.next_looks:
        text = (
            f"No row of up to {assessment.looks_tried} further clear looks that all show one of these things, or all "
            "do not, would make another explanation lead."
        )
        yield Clause(text=text, evidence=tuple(sorted({one.indicator for one in assessment.next_looks})))
    if moving and not turning:
        count, best = min(moving, key=_soonest)
        text = f"{_row(count, best)} would change the word for the leading one."
        yield Clause(text=text, evidence=(best.indicator,))
    if assessment.levers:
        one = assessment.levers[0]
        title = {item.key: item.title for item in assessment.items}[one.indicator]
        during = {"active": "in an episode, ", "idle": "in a gap, ", "once": ""}[one.side]
        text = (
            f"Of single likelihoods the one that would turn it with the least change: {during}if "
            f"{assessment.of(one.hypothesis).title}, the probability that {title} is taken as {one.told:.2g}; at "
            f"{one.changed:.2g} another explanation would lead: {assessment.of(one.leader).title}."
        )
        yield Clause(text=text, evidence=(one.indicator,))
    factor = assessment.prior_factor
    yield Clause(
        text=f"With prior odds about {factor:.1f} times smaller against the strongest rival it would lead no more."
    )


def _soonest(told: tuple[int, NextLook]) -> tuple[int, str, bool]:
    return told[0], told[1].indicator, told[1].shows


def _row(count: int, one: NextLook) -> str:
    if count == 1:
        return f"One further clear look that {'shows' if one.shows else 'does not show'} that {one.title}"
    return f"{count} further clear looks in a row that {'show' if one.shows else 'do not show'} that {one.title}"


def _confidence(assessment: Assessment) -> Iterator[Clause]:
    yield Clause(text=f"Confidence in this judgement is {assessment.confidence.level.value}.")
    for reason in assessment.confidence.reasons:
        yield Clause(text=reason.text)


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"
