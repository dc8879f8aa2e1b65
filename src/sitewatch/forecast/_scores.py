"""How good chances were, once it is known what happened.

Forecasts are in order of issue. Neighbours share days of their windows and the regime of their time, so all intervals
come from whole blocks of successive forecasts, drawn around a circle (Kuensch 1989, doi:10.1214/aos/1176347265; Politis
and Romano 1992). Differences between two forecasters are drawn in pairs. All draws are seeded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sitewatch.forecast._recalibrate import logit

__all__ = [
    "LEVEL",
    "LOG_FLOOR",
    "Bin",
    "Comparison",
    "Score",
    "block_length",
    "compare",
    "score",
]

LEVEL = 0.95
"""Of the intervals."""
LOG_FLOOR = 0.001
"""The log score takes chances below it for it, and those above 1 minus it likewise: one such miss costs 6.9."""
_BINS = 10
_DRAWS = 2000
_STEPS = 30
_WEAK_SD = 10.0
"""Of the prior around slope 1 and intercept 0: keeps a perfect separation finite and changes nothing else."""

_Vector = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Forecasts whose chances lie in one tenth of the scale."""

    low: float
    """First chance of it."""
    high: float
    """First chance of the next."""
    n: int
    """Forecasts in it, at least 1."""
    chance: float
    """Their mean chance."""
    rate: float
    """Share of them that came true."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """How good the chances of one forecaster were."""

    n: int
    """Forecasts."""
    event_rate: float
    """Share that came true."""
    mean_chance: float
    brier: float
    """Mean of (chance - outcome)^2, 0 to 1; smaller is better (Brier 1950)."""
    brier_interval: tuple[float, float]
    log_score: float
    """Mean of -log(chance of what happened), nats; smaller is better; chances held within `LOG_FLOOR`."""
    reliability: float
    """How far the rate lies from the chance within the tenths, squared: smaller is better (Murphy 1973)."""
    resolution: float
    """How far the rates of the tenths lie from the overall one, squared: larger is better."""
    uncertainty: float
    """event_rate (1 - event_rate)."""
    within: float
    """What chances differ within the tenths: brier = reliability - resolution + uncertainty + within (Stephenson,
    Coelho and Jolliffe 2008)."""
    slope: float | None
    """b of logit P(true) = a + b logit(chance) (Cox 1958): 1 is calibrated, below it chances are too bold, above it too
    cautious. None: the chances or the outcomes are all the same."""
    slope_interval: tuple[float, float] | None
    """Of those draws of blocks that have one; None where few have."""
    intercept: float | None
    """a of that line."""
    table: tuple[Bin, ...]
    """Tenths that hold a forecast, ascending."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One forecaster beside a baseline on the same forecasts."""

    brier: float
    """Of the baseline."""
    difference: float
    """Brier of the forecaster minus that: below 0 the forecaster is better."""
    difference_interval: tuple[float, float]
    skill: float | None
    """1 - Brier / that of the baseline: 1 is perfect, 0 no better. None: the baseline made no error."""
    skill_interval: tuple[float, float] | None


def block_length(issued: ArrayLike, span: float) -> int:
    """The most successive forecasts that were ever issued within so many days: 1 or more.

    Args:
        issued: (forecast,) days, ascending.
        span: days; at least the longest window.
    """
    days = np.asarray(issued, dtype=np.float64)
    if not len(days):
        return 1
    return int((np.searchsorted(days, days + span) - np.arange(len(days))).max(initial=1))


def score(chances: ArrayLike, outcomes: ArrayLike, *, block: int, seed: int = 0) -> Score:
    """Score chances in order of issue.

    Args:
        chances: (forecast,) 0 to 1.
        outcomes: (forecast,) True: it happened.
        block: forecasts that are drawn together, 1 or more; see `block_length`.
        seed: of the draws.

    Raises:
        ValueError: there is no forecast, lengths differ, or a chance is no probability.
    """
    p, y = _checked(chances, outcomes)
    error = (p - y) ** 2
    drawn = _drawn(len(p), block, seed)
    held = np.clip(p, LOG_FLOOR, 1 - LOG_FLOOR)
    table = _table(p, y)
    rate = float(y.mean())
    reliability = sum(b.n * (b.chance - b.rate) ** 2 for b in table) / len(p)
    resolution = sum(b.n * (b.rate - rate) ** 2 for b in table) / len(p)
    uncertainty = rate * (1 - rate)
    lines = _lines(held, y, np.concatenate([np.ones((1, len(p))), drawn]))
    found = lines[1:][np.isfinite(lines[1:, 1]), 1]
    known = bool(np.isfinite(lines[0, 1]))
    return Score(
        n=len(p),
        event_rate=rate,
        mean_chance=float(p.mean()),
        brier=float(error.mean()),
        brier_interval=_interval(drawn @ error / len(p)),
        log_score=float(-np.log(np.where(y > 0, held, 1 - held)).mean()),
        reliability=reliability,
        resolution=resolution,
        uncertainty=uncertainty,
        within=float(error.mean()) - reliability + resolution - uncertainty,
        slope=float(lines[0, 1]) if known else None,
        slope_interval=_interval(found) if known and len(found) > _DRAWS / 2 else None,
        intercept=float(lines[0, 0]) if known else None,
        table=table,
    )


def compare(chances: ArrayLike, baseline: ArrayLike, outcomes: ArrayLike, *, block: int, seed: int = 0) -> Comparison:
    """Set chances beside those of a baseline, in pairs.

    Args:
        chances: (forecast,) 0 to 1, in order of issue.
        baseline: (forecast,) 0 to 1.
        outcomes: (forecast,) True: it happened.
        block: forecasts that are drawn together; see `block_length`.
        seed: of the draws; the same blocks are drawn for every baseline.

    Raises:
        ValueError: there is no forecast, lengths differ, or a chance is no probability.
    """
    p, y = _checked(chances, outcomes)
    q, _ = _checked(baseline, outcomes)
    ours, theirs = (p - y) ** 2, (q - y) ** 2
    drawn = _drawn(len(p), block, seed) / len(p)
    mean, base = drawn @ ours, drawn @ theirs
    skills = 1 - mean[base > 0] / base[base > 0]
    reference = float(theirs.mean())
    return Comparison(
        brier=reference,
        difference=float(ours.mean()) - reference,
        difference_interval=_interval(mean - base),
        skill=1 - float(ours.mean()) / reference if reference > 0 else None,
        skill_interval=_interval(skills) if len(skills) > _DRAWS / 2 else None,
    )


def _checked(chances: ArrayLike, outcomes: ArrayLike) -> tuple[_Vector, _Vector]:
    p, y = np.asarray(chances, dtype=np.float64), np.asarray(outcomes, dtype=bool).astype(np.float64)
    if p.ndim != 1 or p.shape != y.shape or not len(p):
        raise ValueError(f"chances and outcomes must be as many, at least one, got {p.shape} and {y.shape}")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("chances must lie within 0 to 1")
    return p, y


def _table(p: _Vector, y: _Vector) -> tuple[Bin, ...]:
    which = np.minimum((p * _BINS).astype(int), _BINS - 1)
    return tuple(
        Bin(
            low=b / _BINS,
            high=(b + 1) / _BINS,
            n=int((which == b).sum()),
            chance=float(p[which == b].mean()),
            rate=float(y[which == b].mean()),
        )
        for b in np.unique(which).tolist()
    )


def _drawn(n: int, block: int, seed: int) -> _Vector:
    """(draw, forecast) how often each is drawn; every draw has n of them."""
    if block < 1:
        raise ValueError(f"a block must hold a forecast, got {block}")
    size = min(block, n)
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, n, size=(_DRAWS, -(-n // size)))
    chosen = ((starts[:, :, None] + np.arange(size)) % n).reshape(_DRAWS, -1)[:, :n]
    flat = chosen + n * np.arange(_DRAWS)[:, None]
    return np.bincount(flat.ravel(), minlength=n * _DRAWS).reshape(_DRAWS, n).astype(np.float64)


def _interval(values: _Vector) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _lines(p: _Vector, y: _Vector, weight: _Vector) -> _Vector:
    """(draw, 2) intercept and slope of the logistic line for each row of weights; NaN where it has none."""
    x = logit(p)
    lines = np.tile([0.0, 1.0], (len(weight), 1))
    total, hits = weight.sum(axis=1), weight @ y
    mean = weight @ x / total
    spread = weight @ x**2 / total - mean**2
    none = (hits == 0) | (hits == total) | (spread < 1e-9)
    for _ in range(_STEPS):
        q = 1 / (1 + np.exp(-np.clip(lines[:, :1] + lines[:, 1:] * x, -30, 30)))
        lost, bend = weight * (q - y), weight * q * (1 - q)
        g0 = lost.sum(axis=1) + lines[:, 0] / _WEAK_SD**2
        g1 = lost @ x + (lines[:, 1] - 1) / _WEAK_SD**2
        h00, h01, h11 = bend.sum(axis=1) + _WEAK_SD**-2, bend @ x, bend @ x**2 + _WEAK_SD**-2
        scale = h00 * h11 - h01**2
        step = np.stack([h11 * g0 - h01 * g1, h00 * g1 - h01 * g0], axis=1) / scale[:, None]
        lines -= np.clip(step, -2.0, 2.0)
        if np.abs(step[~none]).max(initial=0.0) < 1e-6:
            break
    lines[none] = np.nan
    return lines
