"""Cases and records by hand, for the tests of judgements."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from shapely.geometry import box

from sitewatch.assessment import SiteRecord
from sitewatch.case import Case
from sitewatch.cube import Look, Outcome
from sitewatch.site import Site
from sitewatch.structures import Bracket, Kind, Presence, State, Structure

START = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
YARD = box(10.0, 50.0, 10.01, 50.01)
SITE = Site(id="plant", name="The plant", outline=box(10.0, 50.0, 10.02, 50.01), areas={"yard": YARD})
Spell = tuple[tuple[float, float] | None, tuple[float, float] | None, float]


def day(number: float) -> dt.datetime:
    return START + dt.timedelta(days=number)


def look(number: float, outcome: Outcome = Outcome.USED, clear: float = 1.0, **told: Any) -> Look:
    fields: dict[str, Any] = {
        "scene": f"s{number:g}", "sensor": "sentinel-2", "captured": day(number), "published": day(number),
        "published_is_recorded": False, "outcome": outcome, "clear_share": clear,
    }  # fmt: skip
    return Look(**(fields | told))


def structure(name: str, *spells: Spell, **told: Any) -> Structure:
    def bracket(ends: tuple[float, float] | None) -> Bracket | None:
        return None if ends is None else Bracket(after=day(ends[0]), by=day(ends[1]))

    presences = tuple(
        Presence(erected=bracket(up), dismantled=bracket(down), state=State.CONFIRMED, probability=q, evidence=())
        for up, down, q in spells
    )
    fields: dict[str, Any] = {
        "id": name, "kind": Kind.STRUCTURE, "footprint": box(10.002, 50.002, 10.003, 50.003),
        "present": presences[-1].dismantled is None, "probability": max(q for *_, q in spells), "area_m2": 1000,
        "area_m2_low": 900, "area_m2_high": 1100, "presences": presences,
    }  # fmt: skip
    return Structure(**(fields | told))


def stated(value: float, cases: float = 10.0) -> dict[str, Any]:
    return {"stated": value, "cases": cases}


def both(active: float, idle: float = 0.03, cases: float = 10.0) -> dict[str, Any]:
    return {"active": stated(active, cases), "idle": stated(idle, cases)}


HYPOTHESES: dict[str, Any] = {
    "launchers": {"title": "launchers are made", "prior": 0.3, "activity": {"on_days": 120, "off_days": 300}},
    "trucks": {
        "title": "trucks are made", "prior": 0.5, "benign": True, "activity": {"on_days": 200, "off_days": 60},
    },
    "works": {
        "title": "it is a building site", "prior": 0.2, "benign": True, "activity": {"on_days": 90, "off_days": 200},
    },
}  # fmt: skip
SHELTER: dict[str, Any] = {
    "title": "the shelter stands", "observable": {"structure": "shelter"},
    "likelihoods": {"launchers": both(0.8), "trucks": both(0.05), "works": both(0.15)},
}  # fmt: skip
SAID: dict[str, Any] = {
    "title": "a test is announced", "observable": {"claim": "test"},
    "likelihoods": {"launchers": stated(0.4), "trucks": stated(0.1), "works": stated(0.1)},
}  # fmt: skip


def claim(published: float, **told: Any) -> dict[str, Any]:
    return {"who": "somebody", "what": "something", "published": day(published).date(), "reference": "page 1"} | told


def case(
    indicators: Mapping[str, Any] | None = None,
    claims: Mapping[str, Any] | None = None,
    hypotheses: Mapping[str, Any] | None = None,
) -> Case:
    return Case.model_validate(
        {
            "sitewatch_case": 1, "title": "The plant", "question": "What is it for?", "site": "plant",
            "since": START.date(), "hypotheses": dict(hypotheses or HYPOTHESES),
            "indicators": dict({"shelter": SHELTER} if indicators is None else indicators),
            "claims": dict(claims or {}),
        }
    )  # fmt: skip


def record(structures: Sequence[Structure] = (), looks: Sequence[Look] = (), **told: Any) -> SiteRecord:
    fields: dict[str, Any] = {"untold": frozenset({"shelter"} - {s.id for s in structures})}
    return SiteRecord(site=SITE, structures=tuple(structures), looks=tuple(looks), **(fields | told))
