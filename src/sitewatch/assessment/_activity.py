"""Activity that comes and goes, hidden, and what of it can be seen.

Under each hypothesis activity is a two-state Markov chain in continuous time: episodes and gaps of exponential length,
stationary at the first day. Each observable shows or does not for the whole of an episode or gap (Z), drawn anew at
each turn: with one probability in episodes, with another in gaps. So ten looks at one standing structure are one event,
and not ten independent ones. A look that could have seen it shows it, if it is there, with a known probability; a look
that could not see gives nothing.

The states are (A, Z_1 .. Z_m). Between looks the step is exact, whatever the time between them: as Z is drawn anew at
each turn, only whether there was a turn at all and the state of A at the end matter,

    alpha'(a, z) = exp(-r_a t) alpha(a, z) + redraw_a(z) [(P_aa(t) - exp(-r_a t)) S_a + P_ba(t) S_b],

with S_a the sum of alpha(a, z) over z, r_a the rate of leaving a, and P(t) the chain of A alone. It costs one pass over
the 2^(m+1) states. The rest is the scaled forward and backward recursion (Rabiner 1989, doi:10.1109/5.18626).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_OBSERVABLES", "Chain", "Forward", "chain_of", "emissions", "forward", "pass_on", "smoothed"]

MOST_OBSERVABLES = 8
"""Observables that come and go, of one case: 2^9 states."""

_Floats = NDArray[np.float64]

FALSE_SIGHT = 1e-4
"""P(a look in clear weather shows what is not there). Presences that may not be real are dealt with elsewhere
(`_reality`), so that this only keeps what was told and real from ruling out a hypothesis."""
_RESCALE = 4
"""Numbers are brought back to about 1 after so many looks: each can make them smaller by 1e-4 to the power of m."""
_WORKING_SET = 1 << 15
"""Numbers that are worked on at a time, so that they stay in the processor's cache."""


@dataclass(frozen=True, kw_only=True)
class Chain:
    """Activity and what shows of it, under H hypotheses and D draws of the likelihoods."""

    rates: _Floats
    """(2, H) rates of leaving a gap and of leaving an episode, per day."""
    redraw: _Floats
    """(2, Z, H, D) P(z) in a gap and in an episode; bit i of the index z is Z_i."""

    @property
    def stationary(self) -> _Floats:
        """(2, H) share of the time in gaps and in episodes."""
        share: _Floats = self.rates[::-1] / self.rates.sum(axis=0)
        return share


@dataclass(frozen=True, kw_only=True)
class Forward:
    """What the observations say, in each of C ways in which they can be."""

    groups: NDArray[np.intp]
    """(T + 1, C) ways that are alike in the first t observations have one number there."""
    log_likelihood: tuple[_Floats, ...]
    """After t observations: (groups, H, D) ln P(the first t observations)."""
    active: _Floats
    """(C, H, D) P(an episode goes on at the end | all observations)."""
    state: _Floats | None
    """(C, 2, Z, H, D) P(state at the end | all observations); None: not asked for."""

    @property
    def last(self) -> _Floats:
        """(C, H, D) ln P(all observations)."""
        told: _Floats = self.log_likelihood[-1][self.groups[-1]]
        return told


def chain_of(on_days: _Floats, off_days: _Floats, active: _Floats, idle: _Floats) -> Chain:
    """The chain of some mean lengths and likelihoods.

    Args:
        on_days: (H,) mean length of an episode, days.
        off_days: (H,) mean length of a gap.
        active: (m, H, D) P(it shows in an episode), above 0 and below 1.
        idle: (m, H, D) the same in a gap.
    """
    redraw = np.ones((2, 1, *active.shape[1:]))
    for shows in np.stack((idle, active), axis=1):  # (2, H, D) of each observable, in order
        redraw = np.concatenate((redraw * (1 - shows[:, None]), redraw * shows[:, None]), axis=1)
    return Chain(rates=np.stack((1 / off_days, 1 / on_days)), redraw=redraw)


def emissions(shown: NDArray[np.int8], seen: _Floats) -> _Floats:
    """(T, Z) P(what the looks show | z).

    Args:
        shown: (m, T) 1: the look shows it, 0: it does not, -1: it could not tell.
        seen: (m, T) P(the look shows it | it is there), below 1.
    """
    count, looks = shown.shape
    told = np.ones((looks, 1))
    for i in range(count):
        there, not_there = _sight(shown[i], seen[i])
        told = np.concatenate((told * not_there[:, None], told * there[:, None]), axis=1)
    return told


def _sight(shown: NDArray[np.int8], seen: _Floats) -> tuple[_Floats, _Floats]:
    """(T,) P(what a look shows) where the thing is there, and where it is not."""
    wrong = FALSE_SIGHT * seen
    there = np.where(shown == 1, seen, np.where(shown == 0, 1 - seen, 1.0))
    not_there = np.where(shown == 1, wrong, np.where(shown == 0, 1 - wrong, 1.0))
    return there, not_there


@dataclass(frozen=True, kw_only=True)
class _Step:
    """What happens between two looks."""

    stays: _Floats
    """(2, H, 1) P(no turn)."""
    turned: _Floats
    """(2, H, 1) P(back in the state after turns)."""
    other: _Floats
    """(2, H, 1) P(in this state | in the other before)."""


def _step(chain: Chain, days: float) -> _Step:
    total = chain.rates.sum(axis=0)
    mixed = -np.expm1(-total * days)
    stays = np.exp(-chain.rates * days)
    stationary = chain.stationary
    same = stationary + stationary[::-1] * (1 - mixed)
    # The difference of two nearly equal numbers where no time has passed: never below zero.
    return _Step(
        stays=stays[..., None],
        turned=np.maximum(same - stays, 0.0)[..., None],
        other=(stationary * mixed)[..., None],
    )


def forward(chain: Chain, days: _Floats, sights: Sequence[_Floats], *, end: float, state: bool = False) -> Forward:
    """The likelihood of all observations up to each, and the state at the end.

    Ways in which the observations can be are followed together for as long as they are alike.

    Args:
        chain: what is assumed.
        days: (T,) times of the looks, days from the first day; in order.
        sights: per way, (T, Z) P(what the looks show | z).
        end: time of the state that is asked for; not before the last look.
        state: whether it is told in full.
    """
    _, width, hypotheses, draws = chain.redraw.shape
    groups = _alike(sights)
    counts = groups.max(axis=1) + 1
    log_likelihood = tuple(np.zeros((count, hypotheses, draws)) for count in counts)
    active = np.empty((len(sights), hypotheses, draws))
    told = np.empty((len(sights), *chain.redraw.shape)) if state else None
    size = max(1, _WORKING_SET // (2 * width * hypotheses))
    for start in range(0, draws, size):
        part = slice(start, start + size)
        ends = _forward(
            chain,
            np.ascontiguousarray(chain.redraw[..., part]),
            days,
            sights,
            groups,
            end=end,
            told=[one[..., part] for one in log_likelihood],
        )
        for way, group in enumerate(groups[-1]):
            active[way, :, part] = ends[group][1].sum(axis=0)
            if told is not None:
                told[way, ..., part] = ends[group]
    return Forward(groups=groups, log_likelihood=log_likelihood, active=active, state=told)


def _alike(sights: Sequence[_Floats]) -> NDArray[np.intp]:
    """(T + 1, C) which ways are alike in the first t observations; numbered as they come."""
    groups = np.zeros((len(sights[0]) + 1, len(sights)), dtype=np.intp)
    for t in range(len(sights[0])):
        seen: dict[tuple[int, bytes], int] = {}
        for way, sight in enumerate(sights):
            groups[t + 1, way] = seen.setdefault((int(groups[t, way]), sight[t].tobytes()), len(seen))
    return groups


def _forward(
    chain: Chain,
    redraw: _Floats,
    days: _Floats,
    sights: Sequence[_Floats],
    groups: NDArray[np.intp],
    *,
    end: float,
    told: Sequence[_Floats],
) -> list[_Floats]:
    """Fill in the likelihoods; return the state at the end of each group, which sums to 1."""
    states = [chain.stationary[:, None, :, None] * redraw]
    # What a state sums to, looks included, is ln P of them less its log: so it stays within what numbers can hold.
    logs = [np.zeros(redraw.shape[2:])]
    seen = [np.ones(redraw.shape[1])]
    sums = [states[0].sum(axis=1)]
    room = np.empty_like(redraw)
    now = 0.0
    for t, day in enumerate(days):
        step = _step(chain, day - now)
        now = day
        for state, sight, total in zip(states, seen, sums, strict=True):
            _pass_time(step, redraw, state, sight=sight, sums=total, room=room)
        ways = [int(np.argmax(groups[t + 1] == group)) for group in range(len(told[t + 1]))]
        before = [int(groups[t, way]) for way in ways]
        # The first of those that part here takes the state over, the others take a copy.
        states = [states[b].copy() if b in before[:n] else states[b] for n, b in enumerate(before)]
        logs = [logs[b] for b in before]
        seen = [sights[way][t] for way in ways]
        sums = [_sums(sight, state) for state, sight in zip(states, seen, strict=True)]
        for group, (state, total) in enumerate(zip(states, sums, strict=True)):
            scale = total.sum(axis=0)
            told[t + 1][group] = logs[group] + np.log(scale)
            if t % _RESCALE == _RESCALE - 1:
                np.divide(state, scale, out=state)
                np.divide(total, scale, out=total)
                logs[group] = told[t + 1][group]
    step = _step(chain, end - now)
    for state, sight, total in zip(states, seen, sums, strict=True):
        _pass_time(step, redraw, state, sight=sight, sums=total, room=room)
        np.divide(state, state.sum(axis=(0, 1)), out=state)
    return states


def _pass_time(step: _Step, redraw: _Floats, state: _Floats, *, sight: _Floats, sums: _Floats, room: _Floats) -> None:
    """Take in what the look showed, then let time pass; in place. `sums` are those of `_sums`."""
    inflow = step.turned * sums + step.other * sums[::-1]
    state *= step.stays[:, None] * sight[:, None, None]
    np.multiply(redraw, inflow[:, None], out=room)
    state += room


def _sums(sight: _Floats, state: _Floats) -> _Floats:
    """(2, H, D) of a state over z, each z as heavy as what was seen makes it."""
    sums: _Floats = (sight @ state.reshape(2, len(sight), -1)).reshape(2, *state.shape[2:])
    return sums


def pass_on(chain: Chain, state: _Floats, days: float, sight: _Floats) -> tuple[_Floats, _Floats]:
    """Let time pass, then take in one look.

    Args:
        chain: what is assumed.
        state: (2, Z, H, D) P(state), which sums to 1.
        days: that pass.
        sight: (Z,) P(what the look shows | z).

    Returns:
        The (2, Z, H, D) state after it, and (H, D) ln P(what it shows).
    """
    state = state.copy()
    ones = np.ones(len(sight))
    _pass_time(_step(chain, days), chain.redraw, state, sight=ones, sums=_sums(ones, state), room=np.empty_like(state))
    state *= sight[:, None, None]
    scale = state.sum(axis=(0, 1))
    return state / scale, np.log(scale)


def smoothed(chain: Chain, days: _Floats, emission: _Floats) -> _Floats:
    """(T, H, D) P(an episode goes on at each look | all observations, before and after it).

    All of alpha is held: 2^(m+1) T H D numbers.
    """
    looks = len(days)
    redraw = chain.redraw
    alphas = np.empty((looks, *redraw.shape))
    alpha = chain.stationary[:, None, :, None] * redraw
    now = 0.0
    for t in range(looks):
        step = _step(chain, days[t] - now)
        now = days[t]
        sums = alpha.sum(axis=1)
        alpha = alpha * step.stays[:, None] + redraw * (step.turned * sums + step.other * sums[::-1])[:, None]
        alpha *= emission[t][None, :, None, None]
        alpha /= alpha.sum(axis=(0, 1))
        alphas[t] = alpha
    active = np.empty((looks, *redraw.shape[2:]))
    beta = np.ones_like(redraw)
    for t in range(looks - 1, -1, -1):
        both = (alphas[t] * beta).sum(axis=1)
        active[t] = both[1] / both.sum(axis=0)
        if t:
            step = _step(chain, days[t] - days[t - 1])
            beta *= emission[t][None, :, None, None]
            fresh = (redraw * beta).sum(axis=1)
            # Of the state before: none of its turns, some and back, or some and over into the other.
            to_other = step.other[::-1] * fresh[::-1]
            beta = beta * step.stays[:, None] + (step.turned * fresh + to_other)[:, None]
            beta /= beta.max(axis=(0, 1))
    return active
