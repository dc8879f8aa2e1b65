from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitewatch.assessment import Word, percent, word


@pytest.mark.parametrize(
    ("probability", "told"),
    [
        (0.0, "almost no chance"), (0.004, "almost no chance"), (0.0499, "almost no chance"),
        (0.05, "very unlikely"), (0.1999, "very unlikely"), (0.2, "unlikely"), (0.4499, "unlikely"),
        (0.45, "roughly even chance"), (0.5, "roughly even chance"), (0.55, "roughly even chance"),
        (0.5501, "likely"), (0.8, "likely"), (0.8001, "very likely"), (0.95, "very likely"),
        (0.9501, "almost certain"), (0.9999, "almost certain"), (1.0, "almost certain"),
    ],
)  # fmt: skip
def test_bands(probability: float, told: str) -> None:
    assert word(probability).value == told


@given(st.floats(0, 1))
def test_words_are_symmetric_about_even(probability: float) -> None:
    order = list(Word)
    assert order.index(word(probability)) == len(order) - 1 - order.index(word(1 - probability))


@pytest.mark.parametrize("wrong", [-0.01, 1.01, float("nan")])
def test_what_is_no_probability_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        word(wrong)


def test_nothing_is_told_as_0_or_100_percent() -> None:
    assert [percent(p) for p in (0.0, 0.004, 0.01, 0.5, 0.99, 0.996, 1.0)] == [
        "<1 %", "<1 %", "1 %", "50 %", "99 %", ">99 %", ">99 %",
    ]  # fmt: skip
