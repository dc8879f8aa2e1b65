"""The ledger of claims: which of them say one thing twice, what they are used for, and how they are graded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sitewatch.case._faults import Path
from sitewatch.case._model import Case, Claim, MadeClaim, Probability

__all__ = ["circles", "grade", "independent", "probabilities", "sources", "uses"]


def independent(claims: Mapping[str, Claim]) -> dict[str, str]:
    """The independence group of every claim: a claim and all that repeat it, at first or second hand, count once.

    Args:
        claims: by key.

    Returns:
        Claim to the one at the root of its `repeats`; itself where it repeats none. Where a chain ends at a claim that
        is not there, the last one that is; in a circle, which `check` refuses, the first of its keys in order.
    """
    return {key: _root(key, claims) for key in claims}


def circles(claims: Mapping[str, Claim]) -> list[tuple[str, ...]]:
    """Claims that repeat each other round and round, each circle once, from the first of its keys in order."""
    found = set()
    for key in claims:
        chain = _chain(key, claims)
        after = claims[chain[-1]].repeats
        if after in chain:
            circle = chain[chain.index(after) :]
            begin = circle.index(min(circle))
            found.add(tuple(circle[begin:] + circle[:begin]))
    return sorted(found)


def grade(claim: Claim) -> str:
    """Reliability of the source and credibility of what it says, such as B2 (NATO's Admiralty code)."""
    return f"{claim.reliability}{claim.credibility}"


def probabilities(case: Case) -> Iterator[tuple[Path, Probability]]:
    """Every likelihood of a case, those of activity and gap apart, with its place."""
    for name, indicator in case.indicators.items():
        for hypothesis, likelihood in indicator.likelihoods.items():
            path: Path = ("indicators", name, "likelihoods", hypothesis)
            if isinstance(likelihood, Probability):
                yield path, likelihood
            else:
                yield (*path, "active"), likelihood.active
                yield (*path, "idle"), likelihood.idle


def sources(case: Case) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Every place of a case that can rest on claims, with the keys of those that it names."""
    for name, hypothesis in case.hypotheses.items():
        yield ("hypotheses", name, "source"), hypothesis.source
        yield ("hypotheses", name, "activity", "source"), hypothesis.activity.source
    for path, likelihood in probabilities(case):
        yield (*path, "source"), likelihood.source
    for name, entry in case.calendar.items():
        yield ("calendar", name, "source"), entry.source
        yield ("calendar", name, "ratio", "source"), entry.ratio.source
    for i, effect in enumerate(() if case.forecast is None else case.forecast.effects):
        yield ("forecast", "effects", i, "ratio", "source"), effect.ratio.source


def uses(case: Case) -> dict[str, tuple[Path, ...]]:
    """Where each claim is used: the indicators bound to it, and what rests on it.

    Returns:
        Every claim to the places that name it.
    """
    told: dict[str, list[Path]] = {key: [] for key in case.claims}
    for name, indicator in case.indicators.items():
        if isinstance(indicator.observable, MadeClaim) and indicator.observable.claim in told:
            told[indicator.observable.claim].append(("indicators", name))
    for path, keys in sources(case):
        for key in keys:
            if key in told:
                told[key].append(path[:-1])
    return {key: tuple(paths) for key, paths in told.items()}


def _root(key: str, claims: Mapping[str, Claim]) -> str:
    chain = _chain(key, claims)
    after = claims[chain[-1]].repeats
    return min(chain[chain.index(after) :]) if after in chain else chain[-1]


def _chain(key: str, claims: Mapping[str, Claim]) -> list[str]:
    """A claim, what it repeats, and so on, until one repeats nothing that is there, or one that was met."""
    chain = [key]
    while (after := claims[chain[-1]].repeats) in claims and after not in chain:
        assert after is not None
        chain.append(after)
    return chain
