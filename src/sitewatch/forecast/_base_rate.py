"""How often an event happens: the chance of at least one in the days to come, from the record alone.

The day is the unit: an event day is a day with at least one event. On day t the hazard is

    h(t) = s(t) (mu + sum_k a_k R_k(t)),      R_k(t) = sum over event days d < t of (1 - r_k) r_k^(t - 1 - d)

and P(event day) = 1 - exp(-h(t)). It is the self-exciting process of Hawkes (1971, doi:10.1093/biomet/58.1.83) with
exponential kernels, in days; `a_k` is the expected number of event days that one event day brings about, spread over
a time scale of tau_k days (r_k = exp(-1 / tau_k)). A fast scale holds bursts. A slow one, about a year, is the level of
the record as it drifts. s(t) = exp(harmonics of the year). All terms are positive.

The likelihood is that of independent days given their past, the discrete form of Ozaki (1979, doi:10.1007/BF02480272):
log(1 - exp(-h)) on event days, -h on others. Days of long ago weigh less, by
exp(-age / memory): records change their regime. It is maximised together with the log density of the priors below, by
scipy's trust-region method with the expected information as its matrix of second derivatives.

**The chance of a window needs no simulation.** Given that nothing has happened in it so far, the excitation decays
deterministically; so P(none in t .. t+h-1) is the product of exp(-h(t+j)) along that one path, exactly.

**What few events leave open** is averaged over: forecasts are means over draws from an approximation of the posterior
around its mode (Laplace). Otherwise three events would be taken for a rate that is known.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.signal import lfilter
from scipy.special import gammaincinv, ndtr

from sitewatch.forecast._record import EventRecord

__all__ = ["LEAST", "PRIOR_DAYS", "PRIOR_EVENTS", "BaseRate", "Form", "fit_base_rate"]

PRIOR_EVENTS = 0.5
"""Gamma prior of the level mu: so many event days ..."""
PRIOR_DAYS = 180.0
"""... in so many days: before anything is known about one a year, with the weight of half an event."""
_BRANCHING_PRIOR = (-1.0, 1.0)
"""Mean and sd of log(a_k / (1 - sum a)): a fifth each. So sum a < 1, and no record explodes."""
_SCALE_SD = 0.7
"""Sd of log tau_k around its form's scale: a factor of two to either side, four at two sd."""
_SEASON_SD = 0.3
"""Sd of the coefficients of the n-th harmonic, times n: a month may have 1.35 times the mean, hardly twice."""
_YEAR = 365.2425
LEAST = 1e-4
"""No chance nearer to 0 or 1 is told."""
_DRAWS = 64
"""Half of the draws from the posterior; the other half mirrors them."""

_ENDLESS = 700.0
"""Hazard of a day beyond which exp overflows."""
_NOTHING = 1e-12
"""Keeps the logarithm of a level finite."""

_Vector = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Form:
    """Which terms the hazard has."""

    scales: tuple[float, ...] = (10.0, 365.0)
    """Time scales of the excitation, days: medians of their priors."""
    harmonics: int = 2
    """Of the year; 0: no season."""
    memory: float | None = 5 * _YEAR
    """Days by which the weight of a past day in the likelihood falls to 1/e; None: all days weigh the same."""
    average: bool = True
    """Whether what the fit leaves open is averaged over; False: the best fit alone."""

    def __post_init__(self) -> None:
        if self.harmonics < 0 or any(x <= 0 for x in (*self.scales, *(() if self.memory is None else (self.memory,)))):
            raise ValueError(f"scales and memory must be above 0 and harmonics not below, got {self}")


@dataclass(frozen=True, kw_only=True)
class BaseRate:
    """The fitted hazard, and what it expects from the day of issue on."""

    issued: dt.date
    """Day at whose 00:00 UTC it is told; what happened before is known."""
    level: float
    """mu, event days per day at the mean of the year."""
    branching: tuple[float, ...]
    """Event days that one event day brings about, per time scale; their sum is below 1."""
    scales: tuple[float, ...]
    """Days, per time scale."""
    events: int
    """Event days that it rests on."""
    days: int
    """Days that it rests on."""
    parameters: tuple[float, ...]
    """As they are fitted: log mu, log-ratios of the branching, log tau, harmonics."""
    hazards: NDArray[np.float64]
    """(draw, day) hazard of each day from `issued` on, if nothing has happened since."""

    def chances(self) -> _Vector:
        """(day,) P(at least one event in the first 1, 2, ... days from `issued` on), within 0.0001 to 0.9999."""
        none = np.exp(-np.cumsum(self.hazards, axis=1)).mean(axis=0)
        chances: _Vector = np.clip(1.0 - none, LEAST, 1.0 - LEAST)
        return chances

    def chance(self, horizon: int) -> float:
        """P(at least one event in the `horizon` days from `issued` on).

        Raises:
            ValueError: it is less than 1, or longer than what was asked of the fit.
        """
        if not 1 <= horizon <= self.hazards.shape[1]:
            raise ValueError(f"the horizon must be 1 to {self.hazards.shape[1]} days, got {horizon}")
        return float(self.chances()[horizon - 1])

    def first_days(self) -> _Vector:
        """(day,) P(the first event from `issued` on is on that day); they sum to the chance of the whole time."""
        none = np.exp(-np.cumsum(self.hazards, axis=1)).mean(axis=0)
        first: _Vector = -np.diff(none, prepend=1.0)
        return first


def fit_base_rate(
    record: EventRecord,
    *,
    issued: dt.date,
    ahead: int = 90,
    form: Form | None = None,
    start: Sequence[float] | None = None,
) -> BaseRate:
    """Fit the hazard to what was known on a day.

    Args:
        record: of which only what happened before `issued` is used.
        issued: the day; where the record ends before the day before it, nothing happened since, as far as is known.
        ahead: days from then on that are asked about.
        form: of the hazard; None: the usual one.
        start: parameters to start from, as of an earlier fit of the same form; None: the priors.

    Raises:
        ValueError: `ahead` is less than 1 day.
    """
    if ahead < 1:
        raise ValueError(f"a forecast looks 1 day ahead or more, got {ahead}")
    form = form or Form()
    known = record.known(issued)
    data = _Data.of(known, form)
    prior = _Prior.of(form)
    begin = prior.mean.copy() if start is None else np.array(start, dtype=np.float64)
    if start is None:
        begin[0] = np.log((PRIOR_EVENTS + data.events) / (PRIOR_DAYS + len(data.hit)))
    cache: dict[bytes, tuple[float, _Vector, _Vector]] = {}

    def at(theta: _Vector) -> tuple[float, _Vector, _Vector]:
        key = theta.tobytes()
        if key not in cache:
            cache.clear()
            cache[key] = _objective(theta, data, prior, form)
        return cache[key]

    found = minimize(
        lambda x: at(x)[0],
        begin,
        jac=lambda x: at(x)[1],
        hess=lambda x: at(x)[2],
        method="trust-exact",
        options={"gtol": 1e-2, "maxiter": 60, "initial_trust_radius": 0.5},
    )
    theta = np.asarray(found.x)
    draws = _draws(theta, at(theta)[2]) if form.average else theta[None]
    level, branching, scales, _ = _unpack(theta, form)
    return BaseRate(
        issued=issued,
        level=level,
        branching=tuple(branching.tolist()),
        scales=tuple(scales.tolist()),
        events=data.events,
        days=len(data.hit),
        parameters=tuple(theta.tolist()),
        hazards=_ahead(draws, known, issued, ahead, form),
    )


@dataclass(frozen=True, kw_only=True)
class _Data:
    """The days of a record up to the day of issue."""

    before: NDArray[np.float64]
    """(day,) 1 where the day before was an event day, from the day after the first known event on."""
    skip: int
    """How many of those days lie before the record is complete."""
    hit: NDArray[np.bool_]
    """(day,) of the complete days: True is an event day."""
    season: NDArray[np.float64]
    """(2 x harmonics, day) of the complete days."""
    weight: NDArray[np.float64]
    """(day,)"""
    events: int

    @staticmethod
    def of(known: EventRecord, form: Form) -> _Data:
        began, end = known.began.toordinal(), known.until.toordinal() + 1
        days = known.ordinals
        first = min(began, int(days[0])) if len(days) else began
        hit = np.zeros(max(end - first, 0), dtype=bool)
        hit[days - first] = True
        before = np.concatenate([[0.0], hit[:-1].astype(float)]) if len(hit) else np.zeros(0)
        within = np.arange(began, end)
        return _Data(
            before=before,
            skip=began - first,
            hit=hit[began - first :],
            season=_harmonics(within, form.harmonics),
            weight=np.ones(len(within)) if form.memory is None else np.exp((within - end) / form.memory),
            events=int(hit[began - first :].sum()),
        )


@dataclass(frozen=True, kw_only=True)
class _Prior:
    """Normal priors of all parameters but the first, whose is Gamma."""

    mean: _Vector
    precision: _Vector
    """0 for the first."""

    @staticmethod
    def of(form: Form) -> _Prior:
        k, harmonic = len(form.scales), np.repeat(np.arange(1, form.harmonics + 1), 2)
        mean, sd = _BRANCHING_PRIOR
        return _Prior(
            mean=np.concatenate(
                [[np.log(PRIOR_EVENTS / PRIOR_DAYS)], np.full(k, mean), np.log(form.scales), np.zeros(len(harmonic))]
            ),
            precision=np.concatenate(
                [[0.0], np.full(k, sd**-2), np.full(k, _SCALE_SD**-2), (harmonic / _SEASON_SD) ** 2]
            ),
        )


def _unpack(theta: _Vector, form: Form) -> tuple[float, _Vector, _Vector, _Vector]:
    """Mu, the branching, the scales in days, the harmonics."""
    k = len(form.scales)
    ratio = np.exp(theta[1 : 1 + k])
    return float(np.exp(theta[0])), ratio / (1 + ratio.sum()), np.exp(theta[1 + k : 1 + 2 * k]), theta[1 + 2 * k :]


def _objective(theta: _Vector, data: _Data, prior: _Prior, form: Form) -> tuple[float, _Vector, _Vector]:
    """Minus the log posterior, its gradient and expected second derivatives."""
    hazard, slope = _hazard(theta, data, form)
    away = theta - prior.mean
    hit, weight = data.hit, data.weight
    # log(1 - exp(-h)) and 1 / (exp(h) - 1), without loss where h is small.
    odds = 1.0 / np.expm1(np.minimum(hazard, _ENDLESS))
    value = (weight * np.where(hit, -np.log(-np.expm1(-hazard)), hazard)).sum()
    value += PRIOR_DAYS * np.exp(theta[0]) - PRIOR_EVENTS * theta[0] + 0.5 * (prior.precision @ away**2)
    gradient = np.einsum("ij,j->i", slope, weight * np.where(hit, -odds, 1.0)) + prior.precision * away
    gradient[0] += PRIOR_DAYS * np.exp(theta[0]) - PRIOR_EVENTS
    second = np.einsum("ij,kj->ik", slope * (weight * odds), slope) + np.diag(prior.precision)
    second[0, 0] += PRIOR_DAYS * np.exp(theta[0])
    return float(value), gradient, second


def _hazard(theta: _Vector, data: _Data, form: Form) -> tuple[_Vector, _Vector]:
    """(day,) hazard of the complete days, and (parameter, day) its derivatives."""
    level, branching, scales, harmonics = _unpack(theta, form)
    k = len(scales)
    # einsum, not matmul, here and below: products this small cost more in threads of the algebra than they take.
    season = np.exp(np.einsum("i,ij->j", harmonics, data.season))
    slope = np.empty((len(theta), len(data.hit)))
    slope[0] = level
    bare = np.full(len(data.hit), level)
    excited = []
    for n, (share, scale) in enumerate(zip(branching, scales, strict=True)):
        keep = np.exp(-1.0 / scale)
        path = lfilter([1.0 - keep], [1.0, -keep], data.before)
        drift = lfilter([1.0], [1.0, -keep], np.concatenate([[0.0], path[:-1]]) - data.before)
        excited.append(path[data.skip :])
        slope[1 + k + n] = share * drift[data.skip :] * keep / scale
        bare += share * excited[-1]
    told = bare - level
    for n in range(k):
        slope[1 + n] = branching[n] * (excited[n] - told)
    hazard = season * bare
    slope[: 1 + 2 * k] *= season
    slope[1 + 2 * k :] = hazard * data.season
    return hazard, slope


def _ahead(draws: _Vector, known: EventRecord, issued: dt.date, ahead: int, form: Form) -> _Vector:
    """(draw, day) hazards from the day of issue on, if nothing happens."""
    k = len(form.scales)
    t = issued.toordinal()
    ratio = np.exp(draws[:, 1 : 1 + k])
    branching = ratio / (1 + ratio.sum(axis=1, keepdims=True))
    days = np.arange(ahead)
    bare = np.repeat(np.exp(draws[:, :1]), ahead, axis=1)
    age = t - 1 - known.ordinals
    for n in range(k):
        log_keep = -np.exp(-draws[:, 1 + k + n])
        excited = -np.expm1(log_keep) * np.exp(log_keep[:, None] * age).sum(axis=1)
        bare += (branching[:, n] * excited)[:, None] * np.exp(log_keep[:, None] * days)
    return bare * np.exp(draws[:, 1 + 2 * k :] @ _harmonics(t + days, form.harmonics))


def _draws(theta: _Vector, second: _Vector) -> _Vector:
    """(draw, parameter) of the normal approximation of the posterior; the same standard ones each time.

    The level is drawn from a Gamma instead: with few events its logarithm has a long tail downwards, not upwards. A
    Gamma of shape k has the curvature k at the mode of its logarithm; so without excitation these are draws from the
    posterior itself.
    """
    # theta + L^-T z has the covariance (L L^T)^-1.
    normal = np.random.default_rng(0).standard_normal((_DRAWS, len(theta)))
    moved = np.linalg.solve(np.linalg.cholesky(second).T, normal.T).T
    draws = np.concatenate([theta + moved, theta - moved])
    sd = np.sqrt(np.linalg.inv(second)[0, 0])
    shape = sd**-2
    quantile = gammaincinv(shape, ndtr((draws[:, 0] - theta[0]) / sd))
    draws[:, 0] = theta[0] + np.log(np.maximum(quantile, _NOTHING) / shape)
    return draws


def _harmonics(days: NDArray[np.int64], number: int) -> _Vector:
    """(2 x number, day) cosine and sine of each harmonic of the year."""
    angle = 2 * np.pi / _YEAR * days * np.arange(1, number + 1)[:, None]
    return np.stack([np.cos(angle), np.sin(angle)], axis=1).reshape(-1, len(days))
