"""What must hold between claims, and between them and what rests on them."""

from __future__ import annotations

from collections.abc import Iterator

from sitewatch.case._claims import circles, independent, sources, uses
from sitewatch.case._faults import Finding, Path, did_you_mean, dotted
from sitewatch.case._model import Case, Claim, MadeClaim

__all__ = ["check_claims"]


def check_claims(case: Case) -> list[Finding]:
    """Errors and warnings about the claims of a case and about what names them."""
    found: list[Finding] = []
    for key, claim in case.claims.items():
        found += _repeats(case, key, claim)
        found += _sides(case, key, claim)
    for circle in circles(case.claims):
        if len(circle) > 1:
            told = " -> ".join([*circle, circle[0]])
            do = "break it where the first of them was said"
            found.append(Finding(path=("claims", circle[0], "repeats"), found=f"a circle ({told})", do=do))
    return [*found, *_named(case), *_evidence(case), *_unused(case)]


def _repeats(case: Case, key: str, claim: Claim) -> Iterator[Finding]:
    if claim.repeats is None:
        return
    path: Path = ("claims", key, "repeats")
    if claim.repeats == key:
        yield Finding(path=path, found="the claim itself", do="name the claim that it passes on, or leave the line out")
    elif claim.repeats not in case.claims:
        others = [one for one in case.claims if one != key]
        do = did_you_mean(claim.repeats, others, none="add it to the claims")
        yield Finding(path=path, found=f"the unknown claim {claim.repeats}", do=do)
    elif claim.published < (first := case.claims[claim.repeats].published):
        yield Finding(
            path=path,
            found=f"{claim.repeats}, published {first}, after this one ({claim.published})",
            do="mend a date, or exchange which repeats which: nobody repeats what is still to be said",
        )


def _sides(case: Case, key: str, claim: Claim) -> Iterator[Finding]:
    for field, names in (("supports", claim.supports), ("contradicts", claim.contradicts)):
        for i, name in enumerate(names):
            path: Path = ("claims", key, field, i)
            if name not in case.hypotheses:
                do = did_you_mean(name, list(case.hypotheses), none="leave it out")
                yield Finding(path=path, found=f"the unknown hypothesis {name}", do=do)
            elif field == "contradicts" and name in claim.supports:
                yield Finding(path=path, found=f"{name}, which it supports as well", do="keep one of the two")


def _named(case: Case) -> Iterator[Finding]:
    """Names of claims that there are not."""
    known = list(case.claims)
    for name, indicator in case.indicators.items():
        observable = indicator.observable
        if isinstance(observable, MadeClaim):
            path: Path = ("indicators", name, "observable", "claim")
            if observable.claim not in case.claims:
                do = did_you_mean(observable.claim, known, none="add it to the claims")
                yield Finding(path=path, found=f"the unknown claim {observable.claim}", do=do)
            elif (published := case.claims[observable.claim].published) < case.since:
                do = "let it stand behind a prior (`source:`): what came before `since` is not counted as evidence"
                found = f"a claim published {published}, before since ({case.since})"
                yield Finding(path=path, found=found, do=do, warning=True)
    for path, keys in sources(case):
        for i, key in enumerate(keys):
            if key not in case.claims:
                do = did_you_mean(key, known, none="add it to the claims")
                yield Finding(path=(*path, i), found=f"the unknown claim {key}", do=do)


def _evidence(case: Case) -> Iterator[Finding]:
    """What would be counted twice."""
    group = independent(case.claims)
    evidence: dict[str, tuple[str, str]] = {}
    for name, indicator in case.indicators.items():
        if not isinstance(indicator.observable, MadeClaim) or indicator.observable.claim not in group:
            continue
        claim = indicator.observable.claim
        other, same = evidence.setdefault(group[claim], (name, claim))
        if other != name:
            what = (
                f"claim {claim}"
                if same == claim
                else f"claim {claim}, which goes back to {group[claim]} as {same} does"
            )
            yield Finding(
                path=("indicators", name, "observable", "claim"),
                found=f"{what}; indicator {other} counts it already",
                do="keep one of the two: a claim and all that repeat it count once",
            )
    for path, keys in sources(case):
        # Lengths, calendar and ratios do not enter the odds that evidence moves.
        if path[0] not in {"hypotheses", "indicators"} or path[2] == "activity":
            continue
        for i, key in enumerate(keys):
            if group.get(key) in evidence:
                name, claim = evidence[group[key]]
                what = key if key == claim else f"{key}, which goes back to {group[key]} as {claim} does"
                yield Finding(
                    path=(*path, i),
                    found=f"claim {what}: it is the evidence of indicator {name}",
                    do="let it count once, here or there",
                )


def _unused(case: Case) -> Iterator[Finding]:
    """One warning for all claims that nothing rests on: a ledger may hold many."""
    group = independent(case.claims)
    used = {group[key] for key, places in uses(case).items() if places}
    idle = [key for key in case.claims if group[key] not in used]
    if idle:
        told = ", ".join(dotted((key,)) for key in idle[:5]) + (f" and {len(idle) - 5} more" if len(idle) > 5 else "")
        yield Finding(
            path=("claims", idle[0]) if len(idle) == 1 else ("claims",),
            found=f"{'a claim' if len(idle) == 1 else 'claims'} that nothing rests on ({told})",
            do="bind an indicator to it, name it as a `source:`, or keep it for the reader",
            warning=True,
        )
