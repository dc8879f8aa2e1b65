"""What a judgement hangs on: each item left out, further looks, and likelihoods that could be otherwise.

All of it is computed with fewer draws than the judgement, and told as ratios to what the same draws give for the whole:
so what differs is what was changed, and never the draws.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sitewatch.assessment._activity import Chain, chain_of, emissions, forward, pass_on, smoothed
from sitewatch.assessment._assessment import Lever, NextLook
from sitewatch.assessment._evidence import Evidence
from sitewatch.assessment._likelihoods import NEVER, draw_coming, draw_once
from sitewatch.assessment._weigh import Model, Weighed, mean_of, mixed, model_of, once_log, weigh
from sitewatch.assessment._words import word
from sitewatch.case import Case

__all__ = ["LOOKS_TRIED", "Left", "activity_path", "leave_out", "levers", "next_looks", "usual_days"]

LOOKS_TRIED = 12
"""So many looks in a row are tried."""
_ROOM = 4_000_000
"""Numbers that a state may have in all ways and draws."""
_MOST_DRAWS = 200
_LEAST_DRAWS = 24
_SMOOTHED_DRAWS = 64
_HEAVIEST = 16
"""So many of the ways in which things can be, the most probable ones, enter what is only drawn or searched."""
_FACTORS = 2.0 ** (np.arange(1, 11) / 2)
"""By which likelihoods are multiplied and divided: up to 32."""
_MOST_LEVERS = 5
_SURE = 0.99
"""No likelihood is tried above that, unless it is told to be."""
_USUAL_DAYS = 10.0
"""Between looks, where there are too few to tell."""

_Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Left:
    """A judgement without one item."""

    ratio: _Floats
    """(H,) by which the item multiplies each probability."""
    without: _Floats
    """(H,) probabilities without it."""


def _draws(model: Model, ways: int, draws: int) -> int:
    size = model.chain.redraw[..., 0].size
    return min(draws, max(_LEAST_DRAWS, min(_MOST_DRAWS, _ROOM // (size * ways))))


def _heaviest(model: Model) -> NDArray[np.intp]:
    """Numbers of the most probable ways, in a fixed order."""
    return np.argsort(-model.weights, kind="stable")[:_HEAVIEST]


def leave_out(
    case: Case, evidence: Evidence, model: Model, probability: _Floats, *, draws: int, seed: int
) -> Mapping[str, Left]:
    """The judgement without each item, by key of its indicator.

    Args:
        case: what is asked.
        evidence: what is known.
        model: of the judgement.
        probability: (H,) what is judged.
        draws: of the judgement; fewer are taken.
        seed: of the draws.
    """
    fewer = _draws(model, len(model.weights), draws)
    small = model_of(case, evidence, draws=fewer, seed=seed)
    whole = weigh(small)
    found: dict[str, Left] = {}
    for one in evidence.coming:
        other = weigh(model_of(case, evidence, draws=fewer, seed=seed, without={one.key}))
        found[one.key] = _left(whole.probability, other.probability, probability)
    for n, told in enumerate(evidence.once):
        parts = mixed(whole.forward.last + np.delete(small.once, n, axis=0).sum(axis=0), small.prior)
        joint = np.einsum("c,chd->hd", small.weights, parts)
        found[told.key] = _left(whole.probability, mean_of(joint), probability)
    return found


def _left(whole: _Floats, without: _Floats, probability: _Floats) -> Left:
    return Left(ratio=whole / without, without=_scaled(probability, without / whole))


def _scaled(probability: _Floats, ratio: _Floats) -> _Floats:
    told = probability * ratio
    scaled: _Floats = told / told.sum(axis=-1, keepdims=True)
    return scaled


def usual_days(evidence: Evidence) -> float:
    """Days between used looks: their median."""
    if len(evidence.looks) < 3:
        return _USUAL_DAYS
    return float(max(0.5, np.median(np.diff(evidence.days))))


def next_looks(
    case: Case, evidence: Evidence, model: Model, probability: _Floats, *, draws: int, seed: int
) -> tuple[NextLook, ...]:
    """What further looks in clear weather would do, each indicator that comes and goes by itself.

    They follow each other as the used looks usually did, the first that long after the time that is judged.
    """
    if not evidence.coming:
        return ()
    small = model_of(case, evidence, draws=_draws(model, len(model.weights), draws), seed=seed)
    now = weigh(small, state=True)
    found = []
    for n, shows in itertools.product(range(len(evidence.coming)), (True, False)):
        after = _row_of_looks(small, now, n, evidence, probability, shows=shows)
        leader = int(np.argmax(probability))
        leads = [int(np.argmax(one)) != leader for one in after]
        other = [word(float(one[leader])) is not word(float(probability[leader])) for one in after]
        until = leads.index(True) + 1 if any(leads) else None
        found.append(
            NextLook(
                indicator=evidence.coming[n].key,
                title=evidence.coming[n].title,
                shows=shows,
                after=dict(zip(small.names, after[0].tolist(), strict=True)),
                until_leader=until,
                leader=None if until is None else small.names[int(np.argmax(after[until - 1]))],
                until_word=other.index(True) + 1 if any(other) else None,
            )
        )
    return tuple(found)


def _row_of_looks(
    model: Model, now: Weighed, indicator: int, evidence: Evidence, probability: _Floats, *, shows: bool
) -> list[_Floats]:
    """(H,) the probabilities after each of a row of looks that show, or do not show, one indicator."""
    assert now.forward.state is not None
    count = len(evidence.coming)
    shown = np.full((count, 1), -1, dtype=np.int8)
    shown[indicator] = int(shows)
    sight = emissions(shown, np.full((count, 1), evidence.coming[indicator].seen))[0]
    ways = len(model.weights)
    # Ways lie beside draws: each is a column of its own.
    state = np.concatenate(list(now.forward.state), axis=-1)
    redraw = np.tile(model.chain.redraw, ways)
    chain = Chain(rates=model.chain.rates, redraw=redraw)
    told = now.forward.last + model.once.sum(axis=0)
    before = now.probability
    found = []
    for _ in range(LOOKS_TRIED):
        state, log = pass_on(chain, state, usual_days(evidence), sight)
        told = told + np.stack(np.split(log, ways, axis=-1))
        joint = np.einsum("c,chd->hd", model.weights, mixed(told, model.prior))
        found.append(_scaled(probability, mean_of(joint) / before))
    return found


def levers(case: Case, evidence: Evidence, model: Model, probability: _Floats) -> tuple[Lever, ...]:
    """Single likelihoods that would make another hypothesis the most probable, those that need the least change first.

    All others stay at their means, the most probable ways are taken, and what changes is told as a ratio.
    """
    heavy = _heaviest(model)
    weights = model.weights[heavy] / model.weights[heavy].sum()
    sights = [model.sights[n] for n in heavy]
    keys, once = [one.key for one in evidence.coming], [one.key for one in evidence.once]
    active, idle = draw_coming(case, keys, draws=None, seed=0)
    shows = draw_once(case, once, draws=None, seed=0)
    usual = forward(
        chain_of(*_lengths(model), active, idle), model.days, sights, end=model.end
    ).last[..., 0] + once_log(evidence.once, shows, model.prior).sum(axis=0)[:, 0]  # fmt: skip
    leader = model.names[int(np.argmax(probability))]
    found: list[Lever] = []
    for h, name in enumerate(model.names):
        tries = _Tries.of(np.concatenate((active[:, h, 0], idle[:, h, 0])))
        if len(tries.which):
            on_days, off_days = (length[h : h + 1] for length in _lengths(model))
            # The first column is as it is told.
            table = np.repeat(tries.told[:, None], len(tries.which) + 1, axis=1)
            table[tries.which, np.arange(1, len(tries.which) + 1)] = tries.changed
            chain = chain_of(on_days, off_days, *np.split(table[:, None], 2))
            told = forward(chain, model.days, sights, end=model.end).last[:, 0]
            moved = np.zeros((len(sights), len(model.names), len(tries.which)))
            moved[:, h] = told[:, 1:] - told[:, :1]
            leads = _leaders(usual, moved, weights, model.prior, probability)
            sides = [(key, side) for side in ("active", "idle") for key in keys]
            found += tries.turning(name, sides, [model.names[n] for n in leads], leader)
        tries = _Tries.of(shows[:, h, 0])
        if len(tries.which):
            table = np.repeat(shows, len(tries.which), axis=2)
            table[tries.which, h, np.arange(len(tries.which))] = tries.changed
            once_moved = once_log(evidence.once, table, model.prior) - once_log(evidence.once, shows, model.prior)
            leads = _leaders(usual, once_moved.sum(axis=0)[None], weights, model.prior, probability)
            sides = [(key, "once") for key in once]
            found += tries.turning(name, sides, [model.names[n] for n in leads], leader)
    found.sort(key=lambda one: (round(abs(np.log(one.factor)), 9), one.indicator, one.hypothesis, one.side))
    return tuple(found[:_MOST_LEVERS])


@dataclass(frozen=True, kw_only=True)
class _Tries:
    """Likelihoods that are tried to be otherwise, one at a time; the smallest changes first."""

    told: _Floats
    """(n,) the likelihoods as they are."""
    which: NDArray[np.intp]
    """(tries,) which of them is changed."""
    changed: _Floats
    """(tries,) to what."""

    @classmethod
    def of(cls, told: _Floats) -> _Tries:
        tries = [
            (abs(float(np.log(factor))), n, float(one) * factor)
            for n, one in enumerate(told)
            for factor in (*_FACTORS, *(1 / _FACTORS))
            if NEVER < one * factor < _SURE
        ]
        tries.sort()
        return cls(
            told=told,
            which=np.array([n for _, n, _ in tries], dtype=np.intp),
            changed=np.array([changed for _, _, changed in tries]),
        )

    def turning(
        self, hypothesis: str, sides: Sequence[tuple[str, str]], leads: Sequence[str], leader: str
    ) -> list[Lever]:
        """Of each likelihood the smallest change that makes another hypothesis lead.

        Args:
            hypothesis: whose they are.
            sides: (n) indicator and side of each likelihood.
            leads: (tries) which hypothesis leads.
            leader: which does as it is.
        """
        first: dict[int, int] = {}
        for n, (which, leading) in enumerate(zip(self.which, leads, strict=True)):
            if leading != leader:
                first.setdefault(int(which), n)
        return [
            Lever(
                indicator=sides[which][0],
                hypothesis=hypothesis,
                side=sides[which][1],
                told=float(self.told[which]),
                changed=float(self.changed[n]),
                leader=leads[n],
            )
            for which, n in first.items()
        ]


def _lengths(model: Model) -> tuple[_Floats, _Floats]:
    """(H,) mean lengths of episodes and of gaps."""
    return 1 / model.chain.rates[1], 1 / model.chain.rates[0]


def _leaders(
    usual: _Floats, moved: _Floats, weights: _Floats, prior: _Floats, probability: _Floats
) -> NDArray[np.intp]:
    """(tries,) which hypothesis leads, from (C, H) ln likelihoods and how they move: (C, H, tries)."""

    def judged(told: _Floats) -> _Floats:
        each = np.exp(told - told.max(axis=1, keepdims=True)) * prior[:, None]
        mean: _Floats = np.einsum("c,cht->th", weights, each / each.sum(axis=1, keepdims=True))
        return mean

    before = judged(usual[..., None])
    leads: NDArray[np.intp] = np.argmax(_scaled(probability, judged(usual[..., None] + moved) / before), axis=1)
    return leads


def activity_path(case: Case, evidence: Evidence, model: Model, *, draws: int, seed: int) -> _Floats:
    """(T,) P(activity went on at each look | all evidence, before and after it)."""
    if not evidence.looks:
        return np.zeros(0)
    heavy = _heaviest(model)
    weights = model.weights[heavy] / model.weights[heavy].sum()
    fewer = min(_SMOOTHED_DRAWS, _draws(model, len(evidence.looks), draws))
    small = model_of(case, evidence, draws=fewer, seed=seed)
    sights = [small.sights[n] for n in heavy]
    last = forward(small.chain, small.days, sights, end=small.end).last + small.once.sum(axis=0)
    joint = mixed(last, small.prior)
    going = [
        np.einsum("hd,thd->t", part, smoothed(small.chain, small.days, sight))
        for part, sight in zip(joint, sights, strict=True)
    ]
    path: _Floats = weights @ np.stack(going)
    return path
