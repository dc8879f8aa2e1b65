"""A case and what is known of its site, to a judgement."""

from __future__ import annotations

import bisect
import datetime as dt
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sitewatch.assessment._assessment import Assessment, Item, ItemKind, Judged, PathPoint
from sitewatch.assessment._confidence import confidence_in, counted_weight, covered_share
from sitewatch.assessment._evidence import Coming, Evidence, gather
from sitewatch.assessment._likelihoods import counted_share
from sitewatch.assessment._once import Once
from sitewatch.assessment._record import SiteRecord
from sitewatch.assessment._sensitivity import (
    LOOKS_TRIED,
    Left,
    activity_path,
    leave_out,
    levers,
    next_looks,
    usual_days,
)
from sitewatch.assessment._sources import root_of
from sitewatch.assessment._weigh import Model, Weighed, band, mean_of, mixed, model_of, weigh
from sitewatch.assessment._words import percent
from sitewatch.case import Case, MadeClaim

__all__ = ["DRAWS", "assess"]

DRAWS = 1000
"""Of the likelihoods: another seed moves a probability by about .005."""

_Floats = NDArray[np.float64]


def assess(case: Case, record: SiteRecord, *, at: dt.datetime, draws: int = DRAWS, seed: int = 0) -> Assessment:
    """Judge a case by what is known of its site at a time.

    Args:
        case: what is asked, what could explain it, and what would tell the explanations apart.
        record: what is known of the site.
        at: the time, UTC; looks that were taken or published later, and claims published later, do not count.
        draws: of the likelihoods, at least 1.
        seed: of the draws; the same input gives the same judgement, in whatever order it is written.

    Raises:
        InputError: the case names something that the record does not know, or judges no time at all.
        ValueError: there are no draws.
    """
    if draws < 1:
        raise ValueError(f"a judgement needs at least one draw, got {draws}")
    evidence = gather(case, record, at=at, seed=seed)
    model = model_of(case, evidence, draws=draws, seed=seed)
    weighed = weigh(model)
    probability = weighed.probability
    left = leave_out(case, evidence, model, probability, draws=draws, seed=seed)
    known: tuple[Coming | Once, ...] = (*evidence.coming, *evidence.once)
    told = (_item(case, evidence, one, left, model) for one in known)
    items = tuple(sorted(told, key=lambda item: item.key))
    hypotheses = _judged(case, model, weighed)
    covered = covered_share(evidence, min(h.activity.on_days for h in case.hypotheses.values()))
    counted = counted_weight(items)
    active_low, active_high = band(weighed.active.sum(axis=0), weighed.joint.sum(axis=0))
    going = activity_path(case, evidence, model, draws=draws, seed=seed)
    return Assessment(
        title=case.title,
        question=case.question,
        site=record.site.id,
        since=evidence.since,
        at=at,
        hypotheses=hypotheses,
        active=float(weighed.active.sum()),
        active_low=active_low,
        active_high=active_high,
        items=items,
        left_out=evidence.left_out,
        path=_path(evidence, model, weighed),
        activity=tuple(
            (look.captured, float(p)) for look, p in zip(evidence.looks, going, strict=True) if look.captured
        ),
        next_looks=next_looks(case, evidence, model, probability, draws=draws, seed=seed),
        looks_tried=LOOKS_TRIED,
        next_after_days=usual_days(evidence),
        levers=levers(case, evidence, model, probability),
        prior_factor=hypotheses[0].probability / hypotheses[1].probability,
        used=tuple(look.scene for look in evidence.looks),
        unused=evidence.unused,
        covered=covered,
        counted=counted,
        confidence=confidence_in(
            hypotheses[0],
            items,
            evidence,
            covered=covered,
            counted=counted,
            effective_draws=weighed.effective,
            draws=draws,
        ),
        hindsight=evidence.hindsight or bool(evidence.later_claims),
        draws=draws,
        effective_draws=weighed.effective,
        ways=len(evidence.ways),
        seed=seed,
    )


def _judged(case: Case, model: Model, weighed: Weighed) -> tuple[Judged, ...]:
    weight = weighed.joint.sum(axis=0)
    found = []
    for h, name in enumerate(model.names):
        low, high = band(weighed.joint[h], weight)
        told = case.hypotheses[name]
        found.append(
            Judged(
                key=name,
                title=told.title,
                benign=told.benign,
                prior=float(model.prior[h]),
                probability=float(weighed.probability[h]),
                low=low,
                high=high,
                going_on=float(weighed.active[h].sum()),
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.probability, one.key)))


def _path(evidence: Evidence, model: Model, weighed: Weighed) -> tuple[PathPoint, ...]:
    """The judgement with the evidence up to each time, from all draws and ways."""
    taken = [look.captured for look in evidence.looks if look.captured is not None]
    told = weighed.forward
    points = []
    for time in sorted({evidence.since, *taken, *(one.at for one in evidence.once), evidence.at}):
        looks = bisect.bisect_right(taken, time)
        said = [n for n, one in enumerate(evidence.once) if one.at <= time]
        groups = told.groups[looks]
        weights = np.bincount(groups, weights=model.weights)
        parts = mixed(told.log_likelihood[looks] + model.once[said].sum(axis=0), model.prior)
        joint = np.einsum("c,chd->hd", weights, parts)
        bands = {name: band(joint[h], joint.sum(axis=0)) for h, name in enumerate(model.names)}
        points.append(
            PathPoint(
                time=time,
                probability=dict(zip(model.names, mean_of(joint).tolist(), strict=True)),
                low={name: low for name, (low, _) in bands.items()},
                high={name: high for name, (_, high) in bands.items()},
            )
        )
    return tuple(points)


def _item(case: Case, evidence: Evidence, one: Coming | Once, left: Mapping[str, Left], model: Model) -> Item:
    ratio = np.log(left[one.key].ratio)
    kind = ItemKind.STANDING if isinstance(one, Coming) else ItemKind.GROWTH if one.growth else ItemKind.CLAIM
    return Item(
        key=one.key,
        title=one.title,
        kind=kind,
        says=_says(one) if isinstance(one, Coming) else _said(case, one),
        scenes=(*one.shown, *one.not_shown) if isinstance(one, Coming) else _ends(evidence, one),
        shown=one.shown if isinstance(one, Coming) else (),
        claims=() if isinstance(one, Coming) else one.claims,
        structures=one.structures if isinstance(one, Coming) else (),
        support=dict(zip(model.names, (ratio - ratio.mean()).tolist(), strict=True)),
        without=dict(zip(model.names, left[one.key].without.tolist(), strict=True)),
        counted=counted_share(case, one.key),
    )


def _ends(evidence: Evidence, one: Once) -> tuple[str, ...]:
    """Growth rests on the first and the last look."""
    return (evidence.looks[0].scene, evidence.looks[-1].scene) if one.growth else ()


def _says(one: Coming) -> str:
    """What the looks show, and what they do not."""
    parts = []
    if one.shown:
        parts.append(f"{_looks(len(one.shown), 'shows', 'show')} it, {_last(one.shown)}of {one.last_shown:%Y-%m-%d}")
    if one.not_shown:
        saw = _looks(len(one.not_shown), "looked there and does", "looked there and do")
        parts.append(f"{saw} not show it, {_last(one.not_shown)}of {one.last_not_shown:%Y-%m-%d}")
    if one.between:
        parts.append(f"{_looks(one.between, 'cannot', 'cannot')} tell")
    return "; ".join(parts) + "."


def _last(scenes: tuple[str, ...]) -> str:
    return "the last " if len(scenes) > 1 else ""


def _looks(count: int, one: str, many: str) -> str:
    return f"1 look {one}" if count == 1 else f"{count} looks {many}"


def _said(case: Case, one: Once) -> str:
    if one.growth:
        assert one.probability is not None
        return f"The estimate of growth holds it for true in {percent(one.probability)} of its draws."
    bound = case.indicators[one.key].observable
    assert isinstance(bound, MadeClaim)
    claim = case.claims[root_of(case, bound.claim)]
    repeats = len(one.claims) - 1
    counted = f"; {repeats} that {'repeats it adds' if repeats == 1 else 'repeat it add'} nothing" if repeats else ""
    return f"Said by {claim.who}, published on {claim.published}, reliability {claim.reliability}{counted}."
