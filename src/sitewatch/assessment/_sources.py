"""Which claims are one, and what a source is worth."""

from __future__ import annotations

from sitewatch.case import Case, independent
from sitewatch.errors import InputError

__all__ = ["RELIABILITY", "root_of"]

RELIABILITY = {"A": 0.95, "B": 0.85, "C": 0.7, "D": 0.5, "E": 0.3, "F": 0.5}
"""P(what a source says depends on what is so, as the likelihoods have it), by its letter; else it says it anyhow.

An assumption: no count binds the letters to numbers. F, whose record nobody knows, is held for what lies in the middle.
"""


def root_of(case: Case, claim: str) -> str:
    """The claim that one passes on in the end; itself, where it repeats none.

    Raises:
        InputError: there is no such claim.
    """
    if claim not in case.claims:
        raise InputError(f"the case has no claim {claim!r}; correct what refers to it")
    return independent(case.claims)[claim]
