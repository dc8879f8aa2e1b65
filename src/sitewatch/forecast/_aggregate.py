"""What several people hold likely, as one probability.

The mean of their log-odds, made more extreme or less, and moved where they lean to one side:

    logit p = shift + sharpen * mean(logit p_i)

People who share some of what they know agree for reasons that each has only a part of, so that their mean is too near
to a half (Satopää et al. 2014, doi:10.1016/j.ijforecast.2013.09.009); others are too bold. Which of the two, the record
says: both numbers are learned from questions that were resolved before, by maximum likelihood with a penalty that keeps
them at 1 and 0 until there are some tens of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit

__all__ = ["PLAIN", "Pooling", "learn_pooling", "pool"]

_SHARPEN_SD = 0.5
"""Of log `sharpen` before anything is learned: two in three poolings lie between 0.6 and 1.65."""
_SHIFT_SD = 0.5
"""Of `shift`, log-odds."""
_LEAST = 1e-3
"""Nearer to 0 and 1 no probability is read: one that says it is certain would overrule all others."""


@dataclass(frozen=True, kw_only=True)
class Pooling:
    """How several probabilities are made one."""

    sharpen: float
    """Above 1: more extreme than the mean."""
    shift: float
    """Log-odds; above 0: more likely than the mean."""
    learned_from: int
    """Resolved questions."""


PLAIN = Pooling(sharpen=1.0, shift=0.0, learned_from=0)
"""The mean of the log-odds as it is."""


def pool(probabilities: Sequence[float], how: Pooling = PLAIN) -> float:
    """One probability, 0-1, from at least one.

    Raises:
        ValueError: there is none, or one is no probability.
    """
    return float(expit(how.shift + how.sharpen * _mean(probabilities)))


def learn_pooling(record: Sequence[tuple[Sequence[float], bool]]) -> Pooling:
    """Learn from the record how the next ones are to be pooled.

    Args:
        record: for each resolved question what everybody held, and whether it came. Only what was resolved before the
            question that is pooled next.

    Returns:
        The penalised maximum of the likelihood; `PLAIN` for an empty record.
    """
    if not record:
        return PLAIN
    means = np.array([_mean(probabilities) for probabilities, _ in record])
    came = np.array([happened for _, happened in record], dtype=float)

    def loss(x: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        log_sharpen, shift = x
        odds = shift + np.exp(log_sharpen) * means
        misfit = float(np.sum(np.logaddexp(0.0, odds) - came * odds))
        return misfit + 0.5 * float((log_sharpen / _SHARPEN_SD) ** 2 + (shift / _SHIFT_SD) ** 2)

    best = minimize(loss, np.zeros(2), method="BFGS").x
    return Pooling(sharpen=float(np.exp(best[0])), shift=float(best[1]), learned_from=len(record))


def _mean(probabilities: Sequence[float]) -> float:
    """Mean of the log-odds."""
    told = np.asarray(probabilities, dtype=float)
    if not told.size or not np.all((told >= 0) & (told <= 1)):
        raise ValueError(f"probabilities must be 0-1 and at least one, got {list(probabilities)[:5]}")
    return float(np.mean(logit(np.clip(told, _LEAST, 1 - _LEAST))))
