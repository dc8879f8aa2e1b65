"""Evidence to probabilities: priors times likelihoods, over all draws and all ways in which things can be.

P(h | E) = sum over ways c of w_c  P(h | E, c),    P(h | E, c) ~ P(h) mean over draws d of L(E, c | h, d),

with w_c by Jeffrey's rule (`_reality`) and L from the hidden chain (`_activity`) times what is seen once. The band of a
probability is that of P(h | E, d): what would be held if the likelihoods were known, each draw as heavy as the evidence
makes it. Its mean over the draws is P(h | E) itself.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sitewatch.assessment._activity import Chain, Forward, chain_of, emissions, forward
from sitewatch.assessment._evidence import Evidence
from sitewatch.assessment._likelihoods import draw_coming, draw_once
from sitewatch.assessment._once import Once
from sitewatch.case import Case

__all__ = ["LEAST", "LEVEL", "Model", "Weighed", "band", "mean_of", "mixed", "model_of", "once_log", "weigh"]

LEVEL = 0.8
"""Of the bands."""
LEAST = 1e-12
"""No probability of a hypothesis is told to be less."""

_Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Model:
    """A case's assumptions in draws, and its evidence."""

    names: tuple[str, ...]
    """(H,) keys of the hypotheses, sorted: the order of every axis H."""
    prior: _Floats
    """(H,), sums to 1."""
    chain: Chain
    days: _Floats
    """(T,) of the looks."""
    sights: tuple[_Floats, ...]
    """Per way: (T, Z) P(what the looks show | z)."""
    weights: _Floats
    """(C,) of the ways."""
    once: _Floats
    """(n, H, D) ln P of what is seen once."""
    end: float
    """Days from the first to the time that is judged."""


def model_of(case: Case, evidence: Evidence, *, draws: int | None, seed: int, without: Collection[str] = ()) -> Model:
    """A case's assumptions in draws, and its evidence.

    Args:
        case: what is asked.
        evidence: what is known.
        draws: of the likelihoods; None: their means alone.
        seed: of the draws.
        without: keys of indicators that are left out.
    """
    names = tuple(sorted(case.hypotheses))
    told = np.array([case.hypotheses[name].prior for name in names])
    prior = told / told.sum()
    kept = [i for i, one in enumerate(evidence.coming) if one.key not in without]
    active, idle = draw_coming(case, [evidence.coming[i].key for i in kept], draws=draws, seed=seed)
    lengths = [(case.hypotheses[name].activity.on_days, case.hypotheses[name].activity.off_days) for name in names]
    on_days, off_days = np.array(lengths).T
    once = [one for one in evidence.once if one.key not in without]
    shows = draw_once(case, [one.key for one in once], draws=draws, seed=seed)
    # Ways that differ only in what is left out are one.
    ways: dict[bytes, tuple[float, _Floats]] = {}
    for way in evidence.ways:
        shown = way.shown[kept]
        weight, sight = ways.get(shown.tobytes()) or (0.0, emissions(shown, evidence.seen[kept]))
        ways[shown.tobytes()] = (weight + way.weight, sight)
    return Model(
        names=names,
        prior=prior,
        chain=chain_of(on_days, off_days, active, idle),
        days=evidence.days,
        sights=tuple(sight for _, sight in ways.values()),
        weights=np.array([weight for weight, _ in ways.values()]),
        once=once_log(once, shows, prior),
        end=evidence.length,
    )


def once_log(once: Sequence[Once], shows: _Floats, prior: _Floats) -> _Floats:
    """(n, H, D) ln P of what is seen once, from (n, H, D) P(it shows | hypothesis)."""
    told, rest, mean = (np.array([getattr(one, name) for one in once]) for name in ("told", "rest", "mean"))
    average = np.einsum("h,nhd->nd", prior, shows)
    likely: _Floats = np.log(
        told[:, None, None] * shows + rest[:, None, None] * (1 - shows) + mean[:, None, None] * average[:, None, :]
    )
    return likely


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """What follows from a model at its end."""

    joint: _Floats
    """(H, D) P(hypothesis and draw | evidence); sums to 1."""
    active: _Floats
    """(H, D) P(hypothesis and draw, and an episode of its activity goes on at the end)."""
    forward: Forward

    @property
    def probability(self) -> _Floats:
        """(H,) of each hypothesis."""
        return mean_of(self.joint)

    @property
    def effective(self) -> float:
        """How many draws of equal weight would be worth as much: under 50, the numbers are those of few draws."""
        weight = self.joint.sum(axis=0)
        return float(1 / np.sum(weight**2))


def weigh(model: Model, *, state: bool = False) -> Weighed:
    """Weigh all of a model's evidence at its end; with `state`, the hidden state there is kept."""
    told = forward(model.chain, model.days, model.sights, end=model.end, state=state)
    parts = model.weights[:, None, None] * mixed(told.last + model.once.sum(axis=0), model.prior)
    return Weighed(joint=parts.sum(axis=0), active=(parts * told.active).sum(axis=0), forward=told)


def mixed(log_likelihood: _Floats, prior: _Floats) -> _Floats:
    """(..., H, D) P(hypothesis and draw | evidence) from ln P(evidence | them); each (H, D) sums to 1."""
    told = log_likelihood + np.log(prior)[:, None]
    told = np.exp(told - told.max(axis=(-2, -1), keepdims=True))
    total: _Floats = told / told.sum(axis=(-2, -1), keepdims=True)
    return total


def mean_of(joint: _Floats) -> _Floats:
    """(..., H) of (..., H, D): probabilities, none below `LEAST`."""
    told = np.maximum(joint.sum(axis=-1), LEAST)
    probability: _Floats = told / told.sum(axis=-1, keepdims=True)
    return probability


def band(part: _Floats, weight: _Floats) -> tuple[float, float]:
    """The ends of the band of `part / weight`, each draw as heavy as its weight; both (D,)."""
    share = part / np.maximum(weight, np.finfo(np.float64).tiny)
    order = np.argsort(share, kind="stable")
    heap = np.cumsum(weight[order])
    heap /= heap[-1]
    ends = np.searchsorted(heap, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    low, high = share[order[np.minimum(ends, len(order) - 1)]]
    return float(low), float(high)
