"""What must hold between the parts of a case, and where an origin is missing.

Errors are what would make a judgement wrong or unfounded; warnings, what makes it say less than it seems to.

* One thing is one piece of evidence. Two indicators bound to it, or to two claims of which one repeats the other, would
  be multiplied as though they knew nothing of each other: an error, because nothing in the result would show it. So
  would a claim from which a prior or likelihood was taken and that is evidence as well.
* Every number has an origin: a counted one says where it was counted, a stated one who states it or why, a prior why.
  Without one nobody can disagree with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sitewatch.case._check_claims import check_claims
from sitewatch.case._claims import probabilities
from sitewatch.case._faults import Finding, Path, did_you_mean
from sitewatch.case._model import (
    ActivityIn,
    Case,
    GrowthOf,
    Hypothesis,
    Indicator,
    Probability,
    Ratio,
    StandingStructure,
    TwoLikelihoods,
)

__all__ = ["check"]

_EXACT = 1e-6
"""How far from 1 the sum of the priors may lie."""
_RARE = 0.01
"""A prior below it is warned of: the evidence of one case hardly ever lifts it."""
_MANY = 100
"""A stated likelihood worth more cases than this is warned of: nobody has seen so many."""
_TO_DO = "TO DO"
"""Begins the texts of a template that are still to be written."""


def check(case: Case) -> list[Finding]:
    """Everything that is wrong between the parts of a case, and everything to be warned of.

    Args:
        case: it.

    Returns:
        Errors and warnings, in the order of the file's sections. Without errors the case can be judged.
    """
    found = [*_hypotheses(case), *_observed(case)]
    for name, indicator in case.indicators.items():
        found += _likelihoods(case, name, indicator)
        found += _telling(name, indicator)
    found += _origins(case)
    found += _told_apart(case)
    found += _rates(case)
    found += check_claims(case)
    return found + list(_to_do(case.model_dump(by_alias=True), ()))


def _hypotheses(case: Case) -> Iterator[Finding]:
    total = sum(one.prior for one in case.hypotheses.values())
    if abs(total - 1) > _EXACT:
        do = "change them until they add up to 1; sitewatch does not scale them, for that would change what you said"
        yield Finding(path=("hypotheses",), found=f"priors that add up to {total:.6g}", do=do)
    if not any(one.benign for one in case.hypotheses.values()):
        do = "say which one is everyday with `benign: true`, or add one: most of what is seen anywhere is"
        yield Finding(path=("hypotheses",), found="no benign hypothesis", do=do)
    for name, one in case.hypotheses.items():
        path: Path = ("hypotheses", name)
        if not one.why and not one.source:
            yield Finding(path=(*path, "prior"), found="no origin", do="say `why:`, or name claims as `source:`")
        if one.prior < _RARE:
            do = "give it more unless it was counted: the evidence of one case hardly lifts so little"
            yield Finding(path=(*path, "prior"), found=f"{one.prior:g}", do=do, warning=True)
        lengths = {"on_days": one.activity.on_days, "off_days": one.activity.off_days}
        for field, days in lengths.items():
            if days < 1:
                do = "check it: looks are days apart and cannot tell shorter ones"
                yield Finding(path=(*path, "activity", field), found=f"{days:g} days", do=do, warning=True)
        if not one.activity.why and not one.activity.source:
            do = "say `why:`, or name claims as `source:`"
            yield Finding(path=(*path, "activity"), found="lengths without an origin", do=do, warning=True)


def _observed(case: Case) -> Iterator[Finding]:
    """Of what several indicators are bound to; claims are seen to with the claims."""
    first: dict[tuple[str, str], str] = {}
    for name, indicator in case.indicators.items():
        thing = _thing(indicator)
        if thing is None:
            continue
        other = first.setdefault(thing, name)
        if other != name:
            do = "keep one of the two: they would be multiplied as though each were news"
            path: Path = ("indicators", name, "observable", thing[0])
            yield Finding(path=path, found=f"what indicator {other} is bound to already", do=do)


def _thing(indicator: Indicator) -> tuple[str, str] | None:
    observable = indicator.observable
    if isinstance(observable, StandingStructure):
        return "structure", observable.structure
    if isinstance(observable, ActivityIn):
        return "activity", observable.activity
    return ("growth", observable.growth) if isinstance(observable, GrowthOf) else None


def _likelihoods(case: Case, name: str, indicator: Indicator) -> Iterator[Finding]:
    path: Path = ("indicators", name, "likelihoods")
    known = list(case.hypotheses)
    for missing in [one for one in known if one not in indicator.likelihoods]:
        do = f"add `{missing}:` with how likely it shows under that one too"
        yield Finding(path=path, found=f"none for hypothesis {missing}", do=do)
    comes_and_goes = isinstance(indicator.observable, StandingStructure | ActivityIn)
    for hypothesis, likelihood in indicator.likelihoods.items():
        if hypothesis not in known:
            do = did_you_mean(hypothesis, known, none="leave it out")
            yield Finding(path=(*path, hypothesis), found="an unknown hypothesis", do=do)
        if comes_and_goes and isinstance(likelihood, Probability):
            do = "give `active:` and `idle:`: what comes and goes is seen in episodes and in gaps"
            yield Finding(path=(*path, hypothesis), found="one likelihood", do=do)
        if not comes_and_goes and isinstance(likelihood, TwoLikelihoods):
            do = "give one, `counted:` or `stated:`: what happens once has no episodes"
            yield Finding(path=(*path, hypothesis), found="`active` and `idle`", do=do)
    if not comes_and_goes and "seen" in indicator.model_fields_set:
        do = "leave it out: it is of structures and activity, which a look may miss"
        yield Finding(path=("indicators", name, "seen"), found=f"{indicator.seen:g}", do=do, warning=True)


def _telling(name: str, indicator: Indicator) -> Iterator[Finding]:
    """Indicators that tell nothing, or that rest on one person."""
    every = [
        one
        for likelihood in indicator.likelihoods.values()
        for one in ([likelihood] if isinstance(likelihood, Probability) else [likelihood.active, likelihood.idle])
    ]
    if len({round(one.mean, 9) for one in every}) == 1:
        do = "give likelihoods that differ, or leave the indicator out: it tells nothing"
        path: Path = ("indicators", name, "likelihoods")
        yield Finding(path=path, found="the same likelihood everywhere", do=do, warning=True)
    people = {one.by if one.counted is None else None for one in every}
    if len(people) == 1 and None not in people:
        do = "ask a second person, or count earlier cases"
        path = ("indicators", name, "likelihoods")
        yield Finding(path=path, found=f"nothing but what {people.pop()} states", do=do, warning=True)


def _origins(case: Case) -> Iterator[Finding]:
    for path, one in probabilities(case):
        if one.counted is not None and not (one.why or one.source):
            do = "say `why:` (which cases, counted how), or name claims as `source:`"
            yield Finding(path=(*path, "counted"), found="no origin", do=do)
        if one.stated is not None:
            if not (one.by or one.why or one.source):
                yield Finding(path=(*path, "stated"), found="no origin", do="say who states it (`by:`), or `why:`")
            if one.stated in {0, 1} and not one.why:
                do = "give a number between 0 and 1, or say `why:`: it rules out for good what cannot be ruled out"
                yield Finding(path=(*path, "stated"), found=f"{one.stated:g} without a reason", do=do)
            if one.cases > _MANY:
                do = "give fewer, or count them: nobody has seen so many"
                yield Finding(path=(*path, "cases"), found=f"{one.cases:g} cases", do=do, warning=True)


def _told_apart(case: Case) -> Iterator[Finding]:
    """Hypotheses that no indicator tells from another."""
    if not case.indicators:
        yield Finding(
            path=("hypotheses",), found="no indicator", do="add one: the priors are all there is", warning=True
        )
        return
    alike: dict[tuple[Any, ...], str] = {}
    for name, hypothesis in case.hypotheses.items():
        other = alike.setdefault(_signature(case, name, hypothesis), name)
        if other != name:
            do = (
                "add an indicator that shows more often under one of them: no evidence would move one against the other"
            )
            path: Path = ("hypotheses", name)
            yield Finding(path=path, found=f"no indicator that tells it from {other}", do=do, warning=True)


def _signature(case: Case, name: str, hypothesis: Hypothesis) -> tuple[Any, ...]:
    """What evidence sees of a hypothesis: equal for two that none can tell apart."""
    signature: list[Any] = []
    for indicator in case.indicators.values():
        likelihood = indicator.likelihoods.get(name)
        if isinstance(likelihood, TwoLikelihoods):
            active, idle = round(likelihood.active.mean, 9), round(likelihood.idle.mean, 9)
            rhythm = (hypothesis.activity.on_days, hypothesis.activity.off_days)
            # The rhythm shows only where an episode shows otherwise than a gap.
            signature.append((active, idle, rhythm if active != idle else None))
        else:
            signature.append(None if likelihood is None else round(likelihood.mean, 9))
    return tuple(signature)


def _rates(case: Case) -> Iterator[Finding]:
    """The calendar and the forecast."""
    for name, entry in case.calendar.items():
        yield from _ratio(("calendar", name, "ratio"), entry.ratio)
        if not entry.source:
            do = "name the claims that tell of it as `source:`: a forecast of an earlier day must know if it was known"
            yield Finding(path=("calendar", name), found="no source", do=do, warning=True)
    if case.forecast is None:
        return
    if not case.forecast.windows:
        yield Finding(path=("forecast", "windows"), found="no window", do="give one, such as [30]")
    if len(set(case.forecast.windows)) < len(case.forecast.windows):
        yield Finding(path=("forecast", "windows"), found="a window twice", do="give each once")
    seen = set()
    for i, effect in enumerate(case.forecast.effects):
        path: Path = ("forecast", "effects", i)
        if effect.hypothesis not in case.hypotheses:
            do = did_you_mean(effect.hypothesis, list(case.hypotheses), none="leave it out")
            yield Finding(path=(*path, "hypothesis"), found=f"the unknown hypothesis {effect.hypothesis}", do=do)
        if effect.hypothesis in seen:
            found = f"a second effect of {effect.hypothesis}"
            yield Finding(path=(*path, "hypothesis"), found=found, do="keep one: they would be multiplied")
        seen.add(effect.hypothesis)
        if effect.ratio.record:
            do = "state or count it: only yearly entries of the calendar are counted in the record"
            yield Finding(path=(*path, "ratio", "record"), found="true", do=do)
        yield from _ratio((*path, "ratio"), effect.ratio)


def _ratio(path: Path, ratio: Ratio) -> Iterator[Finding]:
    if not ratio.record and not (ratio.by or ratio.why or ratio.source):
        field = "counted" if ratio.counted is not None else "stated"
        do = "say who states it (`by:`), or `why:`" if field == "stated" else "say `why:`, or name claims as `source:`"
        yield Finding(path=(*path, field), found="no origin", do=do)


def _to_do(value: Any, path: Path) -> Iterator[Finding]:
    if isinstance(value, str) and value.startswith(_TO_DO):
        yield Finding(path=path, found=f'a text that begins with "{_TO_DO}"', do="write it", warning=True)
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    for step, one in items:
        yield from _to_do(one, (*path, step))
