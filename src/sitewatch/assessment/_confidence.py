"""How much a judgement can bear, apart from how likely anything is: a level, and a sentence for each reason.

The level follows from the reasons by a rule that is an assumption, as nobody has counted how often judgements of each
level hold: *low* with two or more reasons against it, *high* with none and three or more for it, else *moderate*.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from sitewatch.assessment._assessment import Confidence, ConfidenceLevel, Item, ItemKind, Judged, Reason
from sitewatch.assessment._evidence import Evidence
from sitewatch.assessment._words import percent

__all__ = ["NO_MATTER", "confidence_in", "counted_weight", "covered_share"]

NO_MATTER = float(np.log(1.25))
"""What tells no two hypotheses apart by more than a factor of 1.25 does not matter."""
_WELL, _BADLY = 0.8, 0.5
"""Share of the period."""
_NARROW, _WIDE = 0.2, 0.4
"""Width of the band."""
_MOSTLY, _HARDLY = 0.5, 0.2
"""Share of the evidence that is counted."""
_WOULD_SEE = 0.5
"""A look that shows a thing with less than that probability covers no time."""
_FEW_DRAWS = 50.0
_NAMED = 5
"""So many claims fit into a sentence."""
_KINDS = {
    ItemKind.STANDING: "what stands on the ground",
    ItemKind.GROWTH: "how the built-up ground grew",
    ItemKind.CLAIM: "what others have said",
}


def confidence_in(
    leading: Judged,
    items: Sequence[Item],
    evidence: Evidence,
    *,
    covered: float | None,
    counted: float | None,
    effective_draws: float,
    draws: int,
) -> Confidence:
    """How much a judgement can bear, and why."""
    reasons = (
        *_kinds(items),
        *_cover(covered),
        _band(leading),
        *_origin(counted),
        *_single(leading, items),
        *_doubts(evidence, effective_draws, draws),
    )
    against = sum(one.weight < 0 for one in reasons)
    for_it = sum(one.weight > 0 for one in reasons)
    level = ConfidenceLevel.MODERATE
    if against >= 2:
        level = ConfidenceLevel.LOW
    elif not against and for_it >= 3:
        level = ConfidenceLevel.HIGH
    return Confidence(level=level, reasons=reasons)


def _kinds(items: Sequence[Item]) -> Iterable[Reason]:
    kinds = [_KINDS[kind] for kind in ItemKind if any(i.kind is kind and i.spread > NO_MATTER for i in items)]
    if not kinds:
        yield Reason(text="Nothing that is known tells the explanations apart.", weight=-1)
    elif len(kinds) == 1:
        yield Reason(text=f"All that tells the explanations apart is of one kind: {kinds[0]}.", weight=-1)
    else:
        told = f"{', '.join(kinds[:-1])} and {kinds[-1]}"
        yield Reason(text=f"What tells the explanations apart is of {len(kinds)} kinds: {told}.", weight=1)


def _cover(covered: float | None) -> Iterable[Reason]:
    if covered is not None:
        weight = 1 if covered >= _WELL else -1 if covered < _BADLY else 0
        text = (
            f"The looks cover {percent(covered)} of the period closely enough to see an episode of the shortest usual "
            "length."
        )
        yield Reason(text=text, weight=weight)


def _band(leading: Judged) -> Reason:
    width = leading.high - leading.low
    weight = 1 if width <= _NARROW else -1 if width >= _WIDE else 0
    how = "narrow" if weight > 0 else "wide" if weight < 0 else "neither narrow nor wide"
    return Reason(
        text="What is not known of the likelihoods gives the number of the leading explanation a band that is "
        f"{how}, {percent(leading.low)} to {percent(leading.high)}.",
        weight=weight,
    )


def _origin(counted: float | None) -> Iterable[Reason]:
    if counted is not None:
        weight = 1 if counted >= _MOSTLY else -1 if counted < _HARDLY else 0
        text = (
            f"By weight, {percent(counted)} of the evidence rests on likelihoods that were counted, the rest on stated "
            "ones."
        )
        yield Reason(text=text, weight=weight)


def _single(leading: Judged, items: Sequence[Item]) -> Iterable[Reason]:
    turning = [i for i in items if max(i.without, key=lambda k: (i.without[k], k)) != leading.key]
    if turning:
        one = max(turning, key=lambda i: (leading.probability - i.without[leading.key], i.key))
        yield Reason(text=f"One item turns it: leave out that {one.title}, and another explanation leads.", weight=-1)
    elif len(items) > 1:
        yield Reason(text="No single item turns it: leave out any one, and the same explanation leads.", weight=1)


def _doubts(evidence: Evidence, effective_draws: float, draws: int) -> Iterable[Reason]:
    if any(one.uncalibrated for one in evidence.coming):
        text = "Radar alone saw some of the structures that it rests on, and their probabilities are not calibrated."
        yield Reason(text=text, weight=-1)
    if evidence.hindsight:
        yield Reason(text="It rests on a record that holds what could not have been known then.", weight=-1)
    if evidence.later_claims:
        told = ", ".join(evidence.later_claims[:_NAMED]) + (", ..." if len(evidence.later_claims) > _NAMED else "")
        yield Reason(text=f"Numbers of the case rest on claims that were published only later: {told}.", weight=-1)
    if effective_draws < _FEW_DRAWS and draws > _FEW_DRAWS:
        text = (
            f"The evidence leaves only {effective_draws:.0f} of {draws} draws of the likelihoods with weight: the case "
            "expects other things than were seen."
        )
        yield Reason(text=text, weight=-1)


def covered_share(evidence: Evidence, shortest: float) -> float | None:
    """Share of the period in which an episode of the shortest mean length would hardly have gone unseen.

    Time between two looks that would probably see an indicator counts up to that length; of several indicators that are
    seen differently well the least is taken.

    Args:
        evidence: what is known.
        shortest: the shortest mean length of an episode, days.
    """
    if not evidence.coming:
        return None
    return min(_covered(evidence.days[row >= _WOULD_SEE], evidence.length, shortest) for row in evidence.seen)


def _covered(days: NDArray[np.float64], length: float, shortest: float) -> float:
    if not length or not len(days):
        return 0.0
    gaps = np.diff(np.concatenate(([0.0], days, [length])))
    return float(min(1.0, np.minimum(gaps, shortest).sum() / length))


def counted_weight(items: Sequence[Item]) -> float | None:
    """Share of the weight of the evidence, 0-1, that rests on counted likelihoods; None: nothing has weight."""
    total = sum(item.spread for item in items)
    return sum(item.spread * item.counted for item in items) / total if total > 0 else None
