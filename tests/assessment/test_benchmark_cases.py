"""A part of benchmarks/assessment/cases.py: on cases whose truth is known, judgements are calibrated and beat a naive
Bayes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmark_scripts import load

cases = load("assessment/cases.py")


@pytest.fixture(scope="module")
def made() -> Any:
    return cases.make_all(300, seed=7)


@pytest.fixture(scope="module")
def ours(made: Any) -> Any:
    return cases.score(cases.ours, made)


def test_judgements_are_calibrated(ours: Any) -> None:
    # About 1 000 probabilities: that many calibrated ones have an error of .02 to .03 by chance.
    assert ours.error < 0.045
    # Of 300: no more than one set in a thousand that is calibrated has by chance.
    rng = np.random.default_rng(0)
    chance = [cases.calibration_error(ours.active, rng.random(300) < ours.active) for _ in range(2000)]
    assert ours.active_error < np.quantile(chance, 0.999)
    assert abs(ours.probability.mean() - ours.true.mean()) < 1e-9


def test_they_beat_a_naive_bayes(made: Any, ours: Any) -> None:
    naive = cases.score(cases.naive, made)
    assert naive.error > 0.15
    for one, other in ((naive.brier, ours.brier), (naive.log, ours.log), (naive.brier_now, ours.brier_now)):
        mean, low, _ = cases.difference(one, other)
        assert mean > 0
        assert low > 0


def test_priors_alone_are_worse(made: Any, ours: Any) -> None:
    prior = []
    for one in made:
        given = np.array([h.prior for _, h in sorted(one.case.hypotheses.items())])
        right = np.array([name == one.truth for name in sorted(one.case.hypotheses)])
        prior.append(float(((given / given.sum() - right) ** 2).sum()))
    _, low, _ = cases.difference(np.array(prior), ours.brier)
    assert low > 0


def test_the_error_of_what_is_right_is_nothing() -> None:
    rng = np.random.default_rng(0)
    probability = rng.random(200_000)
    assert cases.calibration_error(probability, rng.random(200_000) < probability) < 0.005
    assert cases.calibration_error(np.full(1000, 0.9), np.arange(1000) < 500) == pytest.approx(0.4)
