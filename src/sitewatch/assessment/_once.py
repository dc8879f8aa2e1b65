"""What is seen once: growth of the footprint, and what others have said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sitewatch.assessment._expansion import Expansion, expansion_of
from sitewatch.assessment._record import SiteRecord
from sitewatch.assessment._sources import RELIABILITY, root_of
from sitewatch.case import Case, GrowthOf, Indicator, MadeClaim
from sitewatch.cube import Look
from sitewatch.structures import Kind

__all__ = ["GROWTH_LIMIT", "LeftOut", "Once", "growth_of", "held_for", "seen_once"]

_WHOLE = "site"
"""What a case calls all of the outline."""

GROWTH_LIMIT = 0.05
"""Growth is never held for surer than that, either way: about one event in ten is missed or false, and no draw of the
estimate holds those (docs/decisions/0017)."""


@dataclass(frozen=True, kw_only=True)
class Once:
    """An indicator that is seen once: growth, or a claim."""

    key: str
    title: str
    growth: bool
    """False: a claim."""
    at: dt.datetime
    """From when it counts, UTC."""
    told: float
    """Weight of P(it shows | hypothesis) ..."""
    rest: float
    """... of its complement (growth) ..."""
    mean: float
    """... and of its mean over the hypotheses by their priors (claims of a source that may be unreliable)."""
    claims: tuple[str, ...]
    """Keys of the claims published by then that are counted as this one, sorted; its own root among them."""
    probability: float | None
    """Of growth: share of the estimate's draws in which it is as large; None: a claim."""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """An indicator that says nothing, and why."""

    key: str
    title: str
    why: str
    """A sentence."""


def seen_once(
    case: Case, record: SiteRecord, looks: Sequence[Look], *, since: dt.datetime, at: dt.datetime, seed: int
) -> tuple[tuple[Once, ...], list[LeftOut]]:
    """Growth and claims as far as they are known, sorted by key, and those that do not count.

    Args:
        case: what is asked.
        record: what is known of the site.
        looks: the used looks of the period, in time order.
        since: begin of the period, UTC.
        at: its end.
        seed: of the draws of growth.

    Raises:
        InputError: the case names a sub-area or claim that is not there.
    """
    found: list[Once] = []
    left: list[LeftOut] = []
    # Bound to the claim itself before bound to one that repeats it; then by key: so the order of a file is nothing.
    claimed: dict[str, str] = {}
    for key, one in sorted(case.indicators.items(), key=lambda item: (_repeats(case, item[1]), item[0])):
        observable = one.observable
        told: Once | str
        if isinstance(observable, GrowthOf):
            told = _growth(key, one, observable, record, looks, seed=seed)
        elif isinstance(observable, MadeClaim):
            root = root_of(case, observable.claim)
            if root in claimed:
                told = f"It is what the indicator {claimed[root]!r} says already: a claim and its repeats count once."
            else:
                told = _claim(key, one, root, case, since=since, at=at)
                claimed |= {root: key} if isinstance(told, Once) else {}
        else:
            continue
        if isinstance(told, Once):
            found.append(told)
        else:
            left.append(LeftOut(key=key, title=one.title, why=told))
    return tuple(sorted(found, key=lambda one: one.key)), left


def _repeats(case: Case, indicator: Indicator) -> bool:
    observable = indicator.observable
    return isinstance(observable, MadeClaim) and root_of(case, observable.claim) != observable.claim


def _claim(key: str, indicator: Indicator, root: str, case: Case, *, since: dt.datetime, at: dt.datetime) -> Once | str:
    claim = case.claims[root]
    group = tuple(
        sorted(name for name, one in case.claims.items() if one.published <= at.date() and root_of(case, name) == root)
    )
    if claim.published > at.date():
        return f"The claim is published on {claim.published}, after the time that is judged."
    for title, hypothesis in sorted((h.title, h) for h in case.hypotheses.values()):
        if {root_of(case, name) for name in hypothesis.source if name in case.claims} & {root}:
            return f'The prior of "{title}" rests on it already, and it would count twice.'
    if claim.published < since.date():
        return (
            f"The claim was published on {claim.published}, before the period that is judged: it belongs to the priors."
        )
    published = dt.datetime.combine(claim.published, dt.time(), tzinfo=dt.UTC)
    reliable = RELIABILITY[claim.reliability]
    return Once(
        key=key,
        title=indicator.title,
        growth=False,
        at=published,
        told=reliable,
        rest=0.0,
        mean=1 - reliable,
        claims=group,
        probability=None,
    )


def _growth(
    key: str, indicator: Indicator, observable: GrowthOf, record: SiteRecord, looks: Sequence[Look], *, seed: int
) -> Once | str:
    if observable.growth != _WHOLE:
        record.area(observable.growth)
    first, last = (looks[0].captured, looks[-1].captured) if len(looks) > 1 else (None, None)
    if first is None or last is None:
        return "Growth is seen between two used looks, and the period does not have them."
    estimate = growth_of(observable, record, first=first, last=last, used=len(looks), seed=seed)
    assert estimate.reached is not None
    share = held_for(estimate)
    return Once(
        key=key,
        title=indicator.title,
        growth=True,
        at=last,
        told=share,
        rest=1 - share,
        mean=0.0,
        claims=(),
        probability=estimate.reached,
    )


def growth_of(
    growth: GrowthOf, record: SiteRecord, *, first: dt.datetime, last: dt.datetime, used: int, seed: int
) -> Expansion:
    """The estimate of the growth that an indicator is bound to; `reached` is told.

    Args:
        growth: which growth.
        record: what is known of the site; it has the sub-area.
        first: capture of the first used look of the period, UTC.
        last: capture of the last.
        used: how many there are.
        seed: of the draws.
    """
    return expansion_of(
        [s for s in record.structures if s.kind is Kind.STRUCTURE],
        record.site,
        first=first,
        last=last,
        used=used,
        area=None if growth.growth == _WHOLE else growth.growth,
        rejected=record.rejected - record.confirmed,
        confirmed=record.confirmed,
        seed=seed,
        at_least_m2=growth.at_least_m2,
    )


def held_for(estimate: Expansion) -> float:
    """How surely growth is held for true: the share of the draws that reach it, within `GROWTH_LIMIT`."""
    assert estimate.reached is not None
    return min(1 - GROWTH_LIMIT, max(GROWTH_LIMIT, estimate.reached))
