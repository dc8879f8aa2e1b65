"""Draws of the likelihoods that a case gives, each from the distribution that its origin makes of it."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from sitewatch.case import Case, Probability, TwoLikelihoods

__all__ = ["NEVER", "counted_share", "draw_coming", "draw_once", "origin"]

NEVER = 1e-6
"""No likelihood is nearer to 0 or 1: who states one of them has not seen everything (Cromwell's rule)."""

_Floats = NDArray[np.float64]


def draw_coming(case: Case, keys: Sequence[str], *, draws: int | None, seed: int) -> tuple[_Floats, _Floats]:
    """P(it shows) in episodes and in gaps, each (m, H, D); hypotheses sorted by key. No draws: the means, D = 1."""
    return (
        _table(case, keys, "active", draws=draws, seed=seed),
        _table(case, keys, "idle", draws=draws, seed=seed),
    )


def draw_once(case: Case, keys: Sequence[str], *, draws: int | None, seed: int) -> _Floats:
    """(n, H, D) P(it shows | hypothesis) of indicators that are seen once."""
    return _table(case, keys, "once", draws=draws, seed=seed)


def _table(case: Case, keys: Sequence[str], side: str, *, draws: int | None, seed: int) -> _Floats:
    names = sorted(case.hypotheses)
    table = np.empty((len(keys), len(names), draws or 1))
    for i, key in enumerate(keys):
        for h, name in enumerate(names):
            table[i, h] = _draw(origin(case, key, name, side), f"{key} {name} {side}", draws=draws, seed=seed)
    return table


def origin(case: Case, key: str, hypothesis: str, side: str) -> Probability:
    """The likelihood of an indicator under a hypothesis; `side` is active, idle or once."""
    told = case.indicators[key].likelihoods[hypothesis]
    if isinstance(told, TwoLikelihoods):
        return told.active if side == "active" else told.idle
    return told


def _draw(told: Probability, name: str, *, draws: int | None, seed: int) -> _Floats | float:
    """(D,) draws, stratified: one from each D-th part of the distribution.

    Each likelihood has a stream of its own, named after it: neither the order of a file nor what else stands in it
    moves its draws, so that two judgements differ by what differs between them.
    """
    if draws is None or told.beta is None:
        return float(np.clip(told.mean, NEVER, 1 - NEVER))
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    at = rng.permutation((np.arange(draws) + rng.random(draws)) / draws)
    drawn: _Floats = np.clip(betaincinv(*told.beta, at), NEVER, 1 - NEVER)
    return drawn


def counted_share(case: Case, key: str) -> float:
    """Share of an indicator's likelihoods, 0-1, that were counted; the others are stated."""
    told: list[Probability] = []
    for one in case.indicators[key].likelihoods.values():
        told += [one.active, one.idle] if isinstance(one, TwoLikelihoods) else [one]
    return sum(one.counted is not None for one in told) / len(told)
