"""Which side of a change is the standing one, and how probable it is that it was built.

Two ensembles of small decision trees on the numbers of `describe` (gradient boosting, Friedman 2001), fitted by
`benchmarks/change/train.py` to simulated scenes and calibrated on others. The package ships them as JSON, one set for
multispectral reflectance and one for three-band pictures; here they are only evaluated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sitewatch.change._describe import FEATURES, SIDES

__all__ = ["Trees", "Verifier", "direction_terms", "mirrored", "verification_terms", "verifier"]

_FIRST_SIDE = FEATURES.index(f"{SIDES[0]}_inside")
_STEP = FEATURES.index("is_step")
_SYMMETRIC = [
    FEATURES.index(name) for name in ("log_pixels", "rectangular", "elongated", "compact", "spread", "amplitude")
]
"""What stays as it is when a record is played backwards."""


def direction_terms(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Terms of the direction model: shape, both sides, their difference, and whether it is a step.

    Args:
        features: (n, len(FEATURES)).

    Returns:
        (n, 6 + 3 * len(SIDES) + 1).
    """
    inside, outside = _sides(features)
    return np.hstack([features[:, _SYMMETRIC], inside, outside, inside - outside, features[:, _STEP : _STEP + 1]])


def mirrored(terms: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same direction terms with the two sides exchanged: what a step becomes when time runs backwards."""
    shape, n = len(_SYMMETRIC), len(SIDES)
    swapped = terms.copy()
    swapped[:, shape : shape + n] = terms[:, shape + n : shape + 2 * n]
    swapped[:, shape + n : shape + 2 * n] = terms[:, shape : shape + n]
    swapped[:, shape + 2 * n : shape + 3 * n] *= -1
    return swapped


def verification_terms(features: NDArray[np.float64], standing_inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Terms of the verification model: shape and timing, the standing side, the bare one, and their difference.

    Args:
        features: (n, len(FEATURES)).
        standing_inside: (n,), True = the spell is when it stood.

    Returns:
        (n, len(FEATURES) + len(SIDES) + 1); the last says that the standing side is the spell.
    """
    inside, outside = _sides(features)
    flag = standing_inside[:, None]
    standing, bare = np.where(flag, inside, outside), np.where(flag, outside, inside)
    return np.hstack([features[:, :_FIRST_SIDE], standing, bare, standing - bare, flag.astype(np.float64)])


def _sides(features: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    middle = _FIRST_SIDE + len(SIDES)
    return features[:, _FIRST_SIDE:middle], features[:, middle:]


@dataclass(frozen=True, kw_only=True)
class Trees:
    """An ensemble of binary decision trees; every array is (tree, node), padded with leaves."""

    base: float
    """Log-odds before any tree."""
    feature: NDArray[np.int64]
    """Term that a node asks for; leaves point to themselves, so that all trees can be walked to the same depth."""
    limit: NDArray[np.float64]
    """A term up to this goes left."""
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: NDArray[np.float64]
    """Log-odds that a leaf adds."""
    depth: int
    """Steps from the root to the deepest leaf."""

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Trees:
        """From the shipped JSON: per tree a list of [feature, limit, left, right], or [value] for leaves."""
        trees = document["trees"]
        width = max(len(nodes) for nodes in trees)
        feature, left, right = (np.zeros((len(trees), width), dtype=np.int64) for _ in range(3))
        limit, value = (np.zeros((len(trees), width)) for _ in range(2))
        for t, nodes in enumerate(trees):
            for n, node in enumerate(nodes):
                if len(node) == 1:
                    value[t, n] = node[0]
                    left[t, n] = right[t, n] = n
                else:
                    feature[t, n], limit[t, n], left[t, n], right[t, n] = node
        return cls(
            base=float(document["base"]),
            feature=feature,
            limit=limit,
            left=left,
            right=right,
            value=value,
            depth=int(document["depth"]),
        )

    def logit(self, terms: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) log-odds of (n, terms)."""
        trees = np.arange(len(self.feature))[None, :]
        rows = np.arange(len(terms))[:, None]
        node = np.zeros((len(terms), len(self.feature)), dtype=np.int64)
        for _ in range(self.depth):
            goes_left = terms[rows, self.feature[trees, node]] <= self.limit[trees, node]
            node = np.where(goes_left, self.left[trees, node], self.right[trees, node])
        return np.asarray(self.base + self.value[trees, node].sum(axis=1), dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Verifier:
    """Both models and what was measured with them on scenes held out from their fit."""

    direction: Trees
    verification: Trees
    calibration: tuple[float, float]
    """Slope and offset on the log-odds (Platt scaling), fitted on scenes held out from the models' fit."""
    rates: NDArray[np.float64]
    """(m,) false structures per 10 000 pixels (1 km2 at 10 m) and year on held-out scenes, ascending."""
    thresholds: NDArray[np.float64]
    """(m,) probabilities from which there are so many, descending."""

    def standing_inside(self, features: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(n,) True where the spell, not its complement, is when something stood.

        For steps the answer is odd: exchanging what was before and after exchanges erected and dismantled.
        """
        terms = direction_terms(features)
        forward, backward = self.direction.logit(terms), self.direction.logit(mirrored(terms))
        return np.where(features[:, _STEP] > 0, forward - backward, forward) >= 0

    def probability(self, features: NDArray[np.float64], standing_inside: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(n,) calibrated probability, 0-1, that something built stood on the standing side."""
        slope, offset = self.calibration
        logit = slope * self.verification.logit(verification_terms(features, standing_inside)) + offset
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logit, -30, 30))), dtype=np.float64)

    def threshold(self, *, false_alarms: float, pixels: int) -> float:
        """Probability from which a structure is claimed, so that `false_alarms` false ones are expected a year.

        Args:
            false_alarms: budget for the site, per year.
            pixels: how many pixels the site's outline holds; twice as many make twice the false alarms.
        """
        wanted = np.log(max(false_alarms / max(pixels * 1e-4, 1e-4), 1e-9))
        return float(np.interp(wanted, np.log(self.rates), self.thresholds))


def verifier(bands: Sequence[str]) -> Verifier:
    """The shipped model for a stack's bands: with red and near infrared "multispectral", else "picture"."""
    return _load("multispectral" if {"red", "nir"} <= set(bands) else "picture")


@cache
def _load(name: str) -> Verifier:
    text = resources.files("sitewatch.change").joinpath(f"models/{name}.json").read_text(encoding="utf-8")
    document = json.loads(text)
    return Verifier(
        direction=Trees.from_document(document["direction"]),
        verification=Trees.from_document(document["verification"]),
        calibration=(float(document["calibration"]["slope"]), float(document["calibration"]["offset"])),
        rates=np.asarray(document["budget"]["false_per_10000_pixels_year"], dtype=np.float64),
        thresholds=np.asarray(document["budget"]["probability"], dtype=np.float64),
    )
