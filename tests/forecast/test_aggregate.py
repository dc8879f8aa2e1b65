"""Several probabilities as one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from sitewatch.forecast import PLAIN, Pooling, learn_pooling, pool

PROBABILITIES = st.lists(st.floats(0.001, 0.999), min_size=1, max_size=8)


@given(PROBABILITIES, st.randoms())
def test_the_mean_lies_among_them_and_does_not_know_their_order(told: list[float], random: object) -> None:
    pooled = pool(told)
    assert min(told) - 1e-12 <= pooled <= max(told) + 1e-12
    assert pool(sorted(told)) == pytest.approx(pooled)
    assert pool([1 - p for p in told]) == pytest.approx(1 - pooled)


def test_odds_are_averaged_by_their_logarithm() -> None:
    # Odds 1/9 and 9, and their geometric mean 1.
    assert pool([0.1, 0.9]) == pytest.approx(0.5)
    assert pool([0.2, 0.5]) == pytest.approx(1 / 3)
    assert pool([0.2, 0.5], Pooling(sharpen=2, shift=0, learned_from=9)) == pytest.approx(0.2)


def test_one_who_is_certain_does_not_overrule_all_others() -> None:
    assert 0.02 < pool([0.0, 0.6, 0.6]) < 0.15
    assert pool([1.0]) < 1


@pytest.mark.parametrize("told", [[], [1.2], [float("nan")], [-0.1, 0.5]])
def test_what_is_no_probability_is_refused(told: list[float]) -> None:
    with pytest.raises(ValueError, match="probabilities must be 0-1"):
        pool(told)


def simulated(count: int, *, sharpen: float, shift: float, seed: int) -> list[tuple[list[float], bool]]:
    rng = np.random.default_rng(seed)
    record = []
    for _ in range(count):
        truth = rng.normal(0, 1.5)
        mean = (truth - shift) / sharpen
        spread = rng.normal(0, 0.7, size=4)
        record.append(([float(p) for p in expit(mean + spread - spread.mean())], bool(rng.random() < expit(truth))))
    return record


def test_it_learns_how_bold_they_are_from_the_record() -> None:
    shy = learn_pooling(simulated(3000, sharpen=1.8, shift=-0.4, seed=1))
    assert shy.sharpen == pytest.approx(1.8, abs=0.2)
    assert shy.shift == pytest.approx(-0.4, abs=0.12)
    assert learn_pooling(simulated(3000, sharpen=0.6, shift=0, seed=2)).sharpen == pytest.approx(0.6, abs=0.08)


def test_a_short_record_teaches_little_and_none_nothing() -> None:
    assert learn_pooling([]) == PLAIN
    few = learn_pooling([([0.6, 0.7], True)] * 3)
    assert 1 < few.sharpen < 1.4
    assert 0 < few.shift < 0.5
    assert few.learned_from == 3


def test_what_was_learned_scores_better_on_questions_to_come() -> None:
    record = simulated(400, sharpen=1.8, shift=-0.4, seed=3)
    later = simulated(2000, sharpen=1.8, shift=-0.4, seed=4)
    how = learn_pooling(record)
    came = np.array([happened for _, happened in later])
    learned, plain = (np.array([pool(told, h) for told, _ in later]) for h in (how, PLAIN))
    assert np.mean((learned - came) ** 2) < np.mean((plain - came) ** 2) - 0.005
    assert np.mean(logit(learned)) < np.mean(logit(plain))
