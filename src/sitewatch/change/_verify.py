"""Which side of a change is the standing one, and how probable it is that it was built.

Ensembles of small decision trees (gradient boosting, Friedman 2001), fitted by `benchmarks/change/train.py` to
simulated scenes and calibrated on others: one for the direction and one for verification look at the numbers of
`describe`, a third at what the second says of a patch and of the others of its place (stacking, Wolpert 1992; the third
is fitted to what the second said of scenes that it had not seen). The package ships them as JSON, one set for
multispectral reflectance and one for three-band pictures; here they are only evaluated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from sitewatch.change._context import CONTEXT, context
from sitewatch.change._describe import FEATURES, SIGNED
from sitewatch.change._measure import SIDES
from sitewatch.change._objects import Patch

__all__ = [
    "WORTH_A_LOOK",
    "Judged",
    "Trees",
    "Verifier",
    "context_terms",
    "direction_terms",
    "logistic",
    "mirrored",
    "pair_verifier",
    "stands_inside",
    "verification_terms",
    "verifier",
]

FACILITY_PIXELS = 7_000
"""Pixels of a large facility: 0.7 km2 at 10 m, as the simulated ones have."""

WORTH_A_LOOK = 0.05
"""Patches believed this much by themselves have their ground searched for more spells of the same thing."""

_ROWS = 64
"""Rows that go down a tree side by side: their terms stay in the fastest cache."""

_FIRST_SIDE = FEATURES.index(f"{SIDES[0]}_inside")
_STEP = FEATURES.index("is_step")
_SIGNED = [FEATURES.index(name) for name in SIGNED]
_PLAIN = [i for i in range(_FIRST_SIDE) if i not in _SIGNED]
_DAYS, _LOOKS, _LOOKS_OUTSIDE = (
    _PLAIN.index(FEATURES.index(name)) for name in ("log_days", "log_looks", "log_looks_outside")
)
_BESIDE = [
    _PLAIN.index(FEATURES.index(name))
    for name in (
        "log_pixels",
        "log_score",
        "log_looks",
        "log_looks_outside",
        "log_unseen_before",
        "log_unseen_after",
        "own_clarity",
        "own_dates",
        "is_step",
    )
]
"""Positions among the plain features; of a patch in its place, these count beside `context`."""
_TURNED = [
    CONTEXT.index(name.replace("earlier", "+").replace("later", "earlier").replace("+", "later")) for name in CONTEXT
]
_SYMMETRIC = [
    FEATURES.index(name)
    for name in ("log_pixels", "rectangular", "elongated", "compact", "spread", "amplitude", "edge", "is_step")
]
"""What stays as it is when a record is played backwards."""


def direction_terms(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Terms of the direction model: shape, shadow, the three sides, and how the spell differs from what is around it.

    Args:
        features: (n, len(FEATURES)).

    Returns:
        (n, 8 + 3 + 5 * len(SIDES)).
    """
    inside, before, after = _sides(features)
    return np.hstack(
        [features[:, _SYMMETRIC], features[:, _SIGNED], inside, before, after, inside - before, inside - after]
    )


def mirrored(terms: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same direction terms with the record played backwards.

    A step exchanges its two sides and the sign of what differs between them; of a spell what was before comes after.
    """
    head, n = len(_SYMMETRIC) + len(SIGNED), len(SIDES)
    step = terms[:, len(_SYMMETRIC) - 1 : len(_SYMMETRIC)] > 0
    signed = terms[:, len(_SYMMETRIC) : head]
    inside, before, after, rise, fall = (terms[:, head + k * n : head + (k + 1) * n] for k in range(5))
    return np.hstack(
        [
            terms[:, : len(_SYMMETRIC)],
            np.where(step, -signed, signed),
            np.where(step, before, inside),
            np.where(step, inside, after),
            np.where(step, inside, before),
            np.where(step, -rise, fall),
            np.where(step, -fall, rise),
        ]
    )


def verification_terms(features: NDArray[np.float64], standing_inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Terms of the verification model: shape and timing, the standing side, the bare one, and their differences.

    For a step they tell of the standing side and of the bare one, not of what came first: what is torn down gets the
    probability that it would have, were the record played backwards and it were built.

    Args:
        features: (n, len(FEATURES)).
        standing_inside: (n,), True = the spell is when it stood.

    Returns:
        (n, terms): plain features, signed ones as of something put up, standing side, bare side, standing less bare at
        the spell's beginning and at its end, after less before; the last says that the standing side is the spell.
    """
    inside, before, after = _sides(features)
    flag = standing_inside[:, None]
    sign = np.where(flag, 1.0, -1.0)
    outside = (before + after) / 2
    step = features[:, _STEP] > 0
    return np.hstack(
        [
            _plain(features, standing_inside),
            sign * features[:, _SIGNED],
            np.where(flag, inside, outside),
            np.where(flag, outside, inside),
            sign * (inside - before),
            sign * (inside - after),
            after - before,
            (flag | step[:, None]).astype(np.float64),
        ]
    )


def context_terms(
    around: NDArray[np.float64], features: NDArray[np.float64], standing_inside: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """What `context` says, told from the standing side: for what is torn down, earlier and later change places.

    Args:
        around: (n, len(CONTEXT)).
        features: (n, len(FEATURES)).
        standing_inside: (n,), True = the spell is when it stood.

    Returns:
        (n, len(CONTEXT) + len(_BESIDE)): `context`, then how much there was to see of the patch.
    """
    turned = (features[:, _STEP] > 0) & ~standing_inside
    return np.hstack(
        [np.where(turned[:, None], around[:, _TURNED], around), _plain(features, standing_inside)[:, _BESIDE]]
    )


def _plain(features: NDArray[np.float64], standing_inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n, len(_PLAIN)) shape and timing of the standing side."""
    plain = features[:, _PLAIN].copy()
    step = features[:, _STEP] > 0
    plain[step, _DAYS] = 0.0  # a step goes on: how long the record saw it says nothing of it
    turned = step & ~standing_inside
    looks, looks_outside = plain[turned, _LOOKS], plain[turned, _LOOKS_OUTSIDE]
    plain[turned, _LOOKS], plain[turned, _LOOKS_OUTSIDE] = looks_outside, looks
    return plain


def _sides(
    features: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(inside, before, after), each (n, len(SIDES))."""
    n = len(SIDES)
    inside, before, after = (features[:, _FIRST_SIDE + k * n : _FIRST_SIDE + (k + 1) * n] for k in range(3))
    return inside, before, after


@dataclass(frozen=True, kw_only=True)
class Trees:
    """An ensemble of binary decision trees; every array is (tree, node), padded with leaves."""

    base: float
    """Log-odds before any tree."""
    feature: NDArray[np.int32]
    """Term that a node asks for."""
    limit: NDArray[np.float64]
    """A term up to this goes left."""
    left: NDArray[np.int32]
    """Node to go to; a leaf points to itself."""
    right: NDArray[np.int32]
    value: NDArray[np.float64]
    """Log-odds that a leaf adds."""
    depth: NDArray[np.int32]
    """(tree,) steps after which every row has come to a leaf."""

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Trees:
        """From the shipped JSON: per tree a list of [feature, limit, left, right], or [value] for leaves.

        Raises:
            ValueError: a node leads back, to itself or to one that is told before it.
        """
        trees = document["trees"]
        width = max(len(nodes) for nodes in trees)
        feature, left, right, below = (np.zeros((len(trees), width), dtype=np.int32) for _ in range(4))
        limit, value = (np.zeros((len(trees), width)) for _ in range(2))
        for t, nodes in enumerate(trees):
            for n, node in enumerate(nodes):
                if len(node) == 1:
                    value[t, n] = node[0]
                    left[t, n] = right[t, n] = n
                else:
                    if min(node[2:]) <= n:
                        raise ValueError(f"tree {t}, node {n} leads back to node {min(node[2:])}")
                    feature[t, n], limit[t, n], left[t, n], right[t, n] = node
                    below[t, node[2:]] = below[t, n] + 1
        return cls(
            base=float(document["base"]),
            feature=feature,
            limit=limit,
            left=left,
            right=right,
            value=value,
            depth=below.max(axis=1),
        )

    def logit(self, terms: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) log-odds of (n, terms)."""
        rows = np.ascontiguousarray(terms)
        leaves = _walk(rows, self.feature, self.limit, self.left, self.right, self.value, self.depth)
        return np.asarray(self.base + leaves, dtype=np.float64)


@numba.njit(parallel=True, cache=True)
def _walk(terms, feature, limit, left, right, value, depth):  # type: ignore[no-untyped-def]
    """(n,) sum of the leaves that each row of terms comes to.

    Rows go down a tree side by side, all as many steps as the deepest leaf is away: a processor guesses wrong at every
    second node of a single row, and has nothing to guess here.
    """
    total = np.zeros(len(terms))
    for block in numba.prange((len(terms) + _ROWS - 1) // _ROWS):
        first = block * _ROWS
        rows = min(len(terms) - first, _ROWS)
        node = np.zeros(_ROWS, np.int32)
        for tree in range(len(feature)):
            node[:] = 0
            for _ in range(depth[tree]):
                for row in range(rows):
                    at = node[row]
                    term = terms[first + row, feature[tree, at]]
                    node[row] = left[tree, at] if term <= limit[tree, at] else right[tree, at]
            for row in range(rows):
                total[first + row] += value[tree, node[row]]
    return total


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What the models say of n patches."""

    standing_inside: NDArray[np.bool_]
    """(n,) True where the spell, not its complement, is when something stood."""
    probability: NDArray[np.float64]
    """(n,) 0-1: that something built stood where and when the patch says."""

    @classmethod
    def of(cls, parts: Sequence[Judged]) -> Judged:
        """Several, one after the other."""
        return cls(
            standing_inside=np.concatenate([part.standing_inside for part in parts]),
            probability=np.concatenate([part.probability for part in parts]),
        )


@dataclass(frozen=True, kw_only=True)
class Verifier:
    """The three models and what was measured with them on scenes held out from their fit."""

    direction: Trees
    alone: Trees
    """Verification of a patch by what it looks like."""
    placed: Trees
    """By that, and by what else happened on its ground."""
    calibration: tuple[float, float]
    """Slope and offset on the log-odds (Platt scaling), fitted on scenes held out from the models' fit."""
    thresholds: NDArray[np.float64]
    """(m,) probabilities, descending."""
    false_inside: NDArray[np.float64]
    """(m,) false structures per 10 000 pixels and year claimed from each of them within facilities of held-out scenes,
    ascending."""
    false_around: NDArray[np.float64]
    """(m,) The same in the country around them."""
    false_per_weak: NDArray[np.float64] | None
    """(m,) False structures claimed from each of them for every weak change of a place (`weak_changes`), ascending;
    None where two looks alone are compared."""

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Verifier:
        """From the shipped JSON."""
        calibration, budget = document["calibration"], document["budget"]
        per_weak = budget.get("false_per_weak")
        return cls(
            direction=Trees.from_document(document["direction"]),
            alone=Trees.from_document(document["alone"]),
            placed=Trees.from_document(document["placed"]),
            calibration=(float(calibration["slope"]), float(calibration["offset"])),
            thresholds=np.asarray(budget["probability"], dtype=np.float64),
            false_inside=np.asarray(budget["false_inside"], dtype=np.float64),
            false_around=np.asarray(budget["false_around"], dtype=np.float64),
            false_per_weak=None if per_weak is None else np.asarray(per_weak, dtype=np.float64),
        )

    def by_itself(self, features: NDArray[np.float64]) -> Judged:
        """Judge n patches by what each looks like alone; the probability is not calibrated.

        Args:
            features: (n, len(FEATURES)) from `describe`.
        """
        standing = stands_inside(self.direction, features)
        return Judged(
            standing_inside=standing, probability=logistic(self.alone.logit(verification_terms(features, standing)))
        )

    def in_place(
        self,
        alone: Judged,
        features: NDArray[np.float64],
        patches: Sequence[Patch],
        days: NDArray[np.float64],
        shape: tuple[int, int],
    ) -> Judged:
        """Judge all patches of one stack, each beside the others; the probability is calibrated.

        Args:
            alone: what `by_itself` says of them.
            features: (n, len(FEATURES)) from `describe`.
            patches: the n patches.
            days: (time,) capture times in days.
            shape: (y, x) of the grid.
        """
        standing = alone.standing_inside
        around = context_terms(context(patches, days, shape, alone.probability), features, standing)
        slope, offset = self.calibration
        return Judged(standing_inside=standing, probability=logistic(slope * self.placed.logit(around) + offset))

    def threshold(self, *, false_alarms: float, pixels: int, weak_a_year: float = 0.0) -> float:
        """Probability from which a structure is claimed, so that at most `false_alarms` false ones are expected a year.

        False claims crowd where people build, park and pave. Of an outline, the first `FACILITY_PIXELS` count as such
        ground and the rest as country around it: so much is expected of any place. A place that shows more weak changes
        than others makes more false claims, too; the larger of the two numbers counts.

        Args:
            false_alarms: budget for the site, per year.
            pixels: how many pixels the site's outline holds.
            weak_a_year: weak changes in it (`weak_changes`), per year of the record; where two looks are compared it
                says nothing. 0 for what is larger than `_restless.LARGE`: weak changes say nothing of that.
        """
        facility = min(pixels, FACILITY_PIXELS)
        expected = 1e-4 * (facility * self.false_inside + (pixels - facility) * self.false_around)
        if self.false_per_weak is not None:
            expected = np.maximum(expected, weak_a_year * self.false_per_weak)
        wanted = np.log(max(false_alarms, 1e-9))
        return float(np.interp(wanted, np.log(np.maximum(expected, 1e-12)), self.thresholds))


def stands_inside(direction: Trees, features: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(n,) True where the spell, not its complement, is when something stood.

    For steps the answer is odd: exchanging what was before and after exchanges erected and dismantled. For spells
    inside the record it is even: played backwards they are the same spells.
    """
    terms = direction_terms(features)
    forward, backward = direction.logit(terms), direction.logit(mirrored(terms))
    return np.where(features[:, _STEP] > 0, forward - backward, forward + backward) >= 0


def logistic(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-odds to probability, 0-1."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logit, -30, 30))), dtype=np.float64)


def verifier(bands: Sequence[str]) -> Verifier:
    """The shipped model for a stack's bands: with red and near infrared "multispectral", else "picture"."""
    return _load(_kind_of(bands))


def pair_verifier(bands: Sequence[str]) -> Verifier:
    """The same for what differs between two looks alone; its false claims are counted per comparison."""
    return _load(f"pair-{_kind_of(bands)}")


def _kind_of(bands: Sequence[str]) -> str:
    return "multispectral" if {"red", "nir"} <= set(bands) else "picture"


@cache
def _load(name: str) -> Verifier:
    text = resources.files("sitewatch.change").joinpath(f"models/{name}.json").read_text(encoding="utf-8")
    return Verifier.from_document(json.loads(text))
