"""What is held of a case now, and how it goes on: what looks to come are weighed against."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sitewatch.assessment._evidence import gather
from sitewatch.assessment._likelihoods import draw_coming
from sitewatch.assessment._record import SiteRecord
from sitewatch.assessment._weigh import mixed, model_of, weigh
from sitewatch.case import ActivityIn, Case, StandingStructure

__all__ = ["Outlook", "outlook"]

_DRAWS = 200
"""Of the likelihoods, for what is held now; what follows is computed with their means."""

_Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """A case at a time: P(hypothesis, activity, what shows), and how these change with time.

    The states (a, z) of `_activity` under each hypothesis: a is 1 in an episode, bit i of z is 1 where indicator i
    shows. There are S = 2 Z H of them in that order (a the slowest, the hypothesis the fastest), Z = 2^m.
    """

    at: dt.datetime
    """The time, UTC."""
    names: tuple[str, ...]
    """(H,) keys of the hypotheses, sorted."""
    indicators: tuple[str, ...]
    """(m,) keys of the indicators that come and go, sorted; those too of which no look says anything yet."""
    titles: tuple[str, ...]
    """(m,) of the indicators."""
    names_of: tuple[str, ...]
    """(m,) what each is bound to: a structure's name or id, or a sub-area."""
    seen: _Floats
    """(m,) P(a look at the whole site in clear weather shows it | it is there)."""
    rates: _Floats
    """(2, H) of leaving a gap and an episode, per day."""
    shows: _Floats
    """(2, m, H) P(it shows) in a gap and in an episode: means."""
    state: _Floats
    """(2, Z, H) P(state) at `at`; sums to 1."""

    @property
    def probability(self) -> _Floats:
        """(H,) of each hypothesis."""
        told: _Floats = self.state.sum(axis=(0, 1))
        return told

    def only(self, kept: Sequence[int]) -> Outlook:
        """The same of some of the indicators, by their numbers, in that order. What remains is exact."""
        width = self.state.shape[1]
        state = np.zeros((2, 1 << len(kept), len(self.names)))
        for z in range(width):
            state[:, sum(((z >> i) & 1) << n for n, i in enumerate(kept))] += self.state[:, z]
        return Outlook(
            at=self.at,
            names=self.names,
            indicators=tuple(self.indicators[i] for i in kept),
            titles=tuple(self.titles[i] for i in kept),
            names_of=tuple(self.names_of[i] for i in kept),
            seen=self.seen[list(kept)],
            rates=self.rates,
            shows=self.shows[:, list(kept)],
            state=state,
        )

    def step(self, days: float) -> _Floats:
        """(S, S) P(state after so many days | state): each row sums to 1; the step of `_activity`, written out."""
        width, hypotheses = self.state.shape[1:]
        redraw = np.ones((2, 1, hypotheses))
        for shows in np.moveaxis(self.shows, 1, 0):
            redraw = np.concatenate((redraw * (1 - shows[:, None]), redraw * shows[:, None]), axis=1)
        total = self.rates.sum(axis=0)
        mixing = -np.expm1(-total * days)
        stays = np.exp(-self.rates * days)
        stationary = self.rates[::-1] / total
        told = np.zeros((2, width, hypotheses, 2, width, hypotheses))
        for h in range(hypotheses):
            for a in (0, 1):
                turned = max(0.0, 1 - stationary[1 - a, h] * mixing[h] - stays[a, h])
                told[a, :, h, a, :, h] = turned * redraw[a, :, h] + stays[a, h] * np.eye(width)
                told[a, :, h, 1 - a, :, h] = stationary[1 - a, h] * mixing[h] * redraw[1 - a, :, h]
        return told.reshape(2 * width * hypotheses, -1)


def outlook(case: Case, record: SiteRecord, *, at: dt.datetime, seed: int = 0) -> Outlook:
    """What is held of a case at a time, and how it goes on.

    A fast form of `assess`: the probabilities of the hypotheses are those of fewer draws, and what goes on under each
    is told by the means of the likelihoods.

    Args:
        case: what is asked.
        record: what is known of its site; it may have no looks.
        at: the time, UTC.
        seed: of the draws.

    Raises:
        InputError: as `assess`.
    """
    evidence = gather(case, record, at=at, seed=seed, untold=True)
    drawn = weigh(model_of(case, evidence, draws=_DRAWS, seed=seed)).probability
    model = model_of(case, evidence, draws=None, seed=seed)
    told = weigh(model, state=True).forward
    assert told.state is not None
    joint = model.weights[:, None] * mixed(told.last + model.once.sum(axis=0), model.prior)[..., 0]
    state = np.einsum("ch,cazh->azh", joint, told.state[..., 0])
    state *= drawn / np.maximum(state.sum(axis=(0, 1)), np.finfo(np.float64).tiny)
    keys = [one.key for one in evidence.coming]
    active, idle = draw_coming(case, keys, draws=None, seed=seed)
    return Outlook(
        at=at,
        names=model.names,
        indicators=tuple(keys),
        titles=tuple(one.title for one in evidence.coming),
        names_of=tuple(_bound_to(case, key) for key in keys),
        seen=np.array([one.seen for one in evidence.coming]),
        rates=model.chain.rates,
        shows=np.stack((idle[..., 0], active[..., 0])),
        state=state / state.sum(),
    )


def _bound_to(case: Case, key: str) -> str:
    observable = case.indicators[key].observable
    if isinstance(observable, StandingStructure):
        return observable.structure
    assert isinstance(observable, ActivityIn)
    return observable.activity
