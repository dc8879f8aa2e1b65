"""Which side of a change is the standing one, and how probable it is that it was built.

Two logistic models on the numbers of `describe`, fitted by `benchmarks/change/train.py` to simulated scenes and
calibrated on others. The package ships only their coefficients, as JSON, one set for multispectral reflectance and one
for three-band pictures.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from sitewatch.change._describe import FEATURES, SIDES

__all__ = ["Verifier", "direction_terms", "verification_terms", "verifier"]

_FIRST_SIDE = FEATURES.index(f"{SIDES[0]}_inside")
_STEP = FEATURES.index("is_step")


def direction_terms(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Terms of the direction model: inside minus outside for every side, apart for steps and for inner spells.

    Args:
        features: (n, len(FEATURES)).

    Returns:
        (n, 2 * len(SIDES) + 1). All but the last, which says that a spell lies inside the record, change their sign
        when the two sides are exchanged: a step played backwards is the opposite step.
    """
    inside = features[:, _FIRST_SIDE : _FIRST_SIDE + len(SIDES)]
    outside = features[:, _FIRST_SIDE + len(SIDES) :]
    spell = 1.0 - features[:, _STEP : _STEP + 1]
    difference = inside - outside
    return np.hstack([difference, difference * spell, spell])


def verification_terms(features: NDArray[np.float64], standing_inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Terms of the verification model: shape and timing, then the standing side, then the bare one.

    Args:
        features: (n, len(FEATURES)).
        standing_inside: (n,), True = the spell is when it stood.

    Returns:
        (n, len(FEATURES) + 1); the last says that the standing side is the spell.
    """
    general = features[:, :_FIRST_SIDE]
    inside = features[:, _FIRST_SIDE : _FIRST_SIDE + len(SIDES)]
    outside = features[:, _FIRST_SIDE + len(SIDES) :]
    flag = standing_inside[:, None]
    standing, bare = np.where(flag, inside, outside), np.where(flag, outside, inside)
    return np.hstack([general, standing, bare, flag.astype(np.float64)])


@dataclass(frozen=True, kw_only=True)
class Logistic:
    """A logistic model on standardised terms and, where the weights are twice as many, their squares."""

    mean: NDArray[np.float64]
    """(terms,) of the training set."""
    scale: NDArray[np.float64]
    """(terms,) standard deviations of the training set."""
    weights: NDArray[np.float64]
    """(terms,) or (2 * terms,): for the standardised terms, then for their squares less one."""
    intercept: float

    def logit(self, terms: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) log-odds. Standardised terms are clipped to +-3: beyond, nothing was learned."""
        z = np.clip((terms - self.mean) / self.scale, -3.0, 3.0)
        if len(self.weights) == 2 * z.shape[1]:
            z = np.hstack([z, z**2 - 1.0])
        return np.asarray(z @ self.weights + self.intercept, dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Verifier:
    """Both models and what was measured with them on scenes held out from their fit."""

    direction: Logistic
    verification: Logistic
    calibration: tuple[float, float]
    """Slope and offset on the log-odds (Platt scaling), fitted on scenes held out from the models' fit."""
    rates: NDArray[np.float64]
    """(m,) false structures per km2 and year on held-out scenes, ascending, at `thresholds`."""
    thresholds: NDArray[np.float64]
    """(m,) probabilities, descending."""

    def standing_inside(self, features: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(n,) True where the spell, not its complement, is when something stood."""
        return self.direction.logit(direction_terms(features)) >= 0

    def probability(self, features: NDArray[np.float64], standing_inside: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(n,) calibrated probability, 0-1, that something built stood on the standing side."""
        slope, offset = self.calibration
        logit = slope * self.verification.logit(verification_terms(features, standing_inside)) + offset
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logit, -30, 30))), dtype=np.float64)

    def threshold(self, *, false_alarms: float, area_km2: float) -> float:
        """Probability from which a structure is claimed, so that `false_alarms` false ones are expected a year.

        Args:
            false_alarms: budget for the site, per year.
            area_km2: area of the site's outline; twice the ground makes twice the false alarms.
        """
        wanted = np.log(max(false_alarms / max(area_km2, 1e-4), 1e-9))
        return float(np.interp(wanted, np.log(self.rates), self.thresholds))


@cache
def verifier(bands: Sequence[str]) -> Verifier:
    """The shipped model for a stack's bands: with red and near infrared "multispectral", else "picture"."""
    name = "multispectral" if {"red", "nir"} <= set(bands) else "picture"
    text = resources.files("sitewatch.change").joinpath(f"models/{name}.json").read_text(encoding="utf-8")
    document = json.loads(text)
    return Verifier(
        direction=_logistic(document["direction"]),
        verification=_logistic(document["verification"]),
        calibration=(float(document["calibration"]["slope"]), float(document["calibration"]["offset"])),
        rates=np.asarray(document["budget"]["false_per_km2_year"], dtype=np.float64),
        thresholds=np.asarray(document["budget"]["probability"], dtype=np.float64),
    )


def _logistic(document: Mapping[str, object]) -> Logistic:
    return Logistic(
        mean=np.asarray(document["mean"], dtype=np.float64),
        scale=np.asarray(document["scale"], dtype=np.float64),
        weights=np.asarray(document["weights"], dtype=np.float64),
        intercept=float(str(document["intercept"])),
    )
