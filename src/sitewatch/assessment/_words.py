"""Probabilities in words: seven bands, and nothing that says certain.

The bands are those of ICD 203 (Office of the Director of National Intelligence, Analytic Standards, 2015). Confidence
is another thing and never stands in one sentence with them: see `_confidence`.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Word", "percent", "word"]


class Word(StrEnum):
    """How likely, in a word that is bound to a range of numbers."""

    REMOTE = "almost no chance"
    """Below 5 %. ICD 203 begins at 1 %; what is less gets the same word."""
    VERY_UNLIKELY = "very unlikely"
    """5 to 20 %."""
    UNLIKELY = "unlikely"
    """20 to 45 %."""
    EVEN = "roughly even chance"
    """45 to 55 %."""
    LIKELY = "likely"
    """55 to 80 %."""
    VERY_LIKELY = "very likely"
    """80 to 95 %."""
    ALMOST_CERTAIN = "almost certain"
    """Above 95 %, also above 99 %: nothing that is inferred is certain."""

    @property
    def that(self) -> str:
        """It with what leads to a clause: "it is likely that"."""
        if self is Word.REMOTE:
            return "there is almost no chance that"
        return "there is a roughly even chance that" if self is Word.EVEN else f"it is {self.value} that"


_BELOW = ((0.05, Word.REMOTE), (0.20, Word.VERY_UNLIKELY), (0.45, Word.UNLIKELY))
_ABOVE = ((0.95, Word.ALMOST_CERTAIN), (0.80, Word.VERY_LIKELY), (0.55, Word.LIKELY))
_EXACT = 1e-9
"""Probabilities nearer to a boundary lie on it: 1 - 0.95 is 0.05."""


def word(probability: float) -> Word:
    """The word for a probability, 0-1. One on a boundary gets the milder word, the one nearer to even.

    Raises:
        ValueError: it is no probability.
    """
    if not 0 <= probability <= 1:
        raise ValueError(f"a probability lies between 0 and 1, got {probability}")
    for limit, told in _BELOW:
        if probability < limit - _EXACT:
            return told
    for limit, told in _ABOVE:
        if probability > limit + _EXACT:
            return told
    return Word.EVEN


def percent(probability: float) -> str:
    """A probability as whole per cents, never 0 or 100: "<1 %", ">99 %"."""
    if probability < 0.01:
        return "<1 %"
    return ">99 %" if probability > 0.99 else f"{100 * probability:.0f} %"
