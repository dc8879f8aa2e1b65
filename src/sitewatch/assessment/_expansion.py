"""Is the plant growing: the built-up footprint of a site over time, as far as the structures that are told can say.

Looks show what changed since the first of them, not what stood before. So the figure is the *change* of the built-up
footprint since the first look, in square metres, and as a share of the outline. A percentage of growth needs the area
at the start, which only somebody who knows it can give.

The band is that of a seeded Monte Carlo. Each draw is a history that could be true:

* a presence is real with its probability (calibrated; those of one structure stand or fall together, which is the
  cautious way); a structure that a reader confirmed is real, one that was rejected is left out;
* each turn and phase lies anywhere in its bracket, equally likely;
* each true area lies at `area + z (area - low)`, or `area + z (high - area)` above, with z drawn around `_AREA_BIAS`:
  footprints are made of whole pixels and mostly reach over the roof; some tell a part of a larger one, so that tails
  are long (Student's t; measured: docs/science/life-histories.md). A part of the error is the site's own and shared by
  all structures, as one method outlines them all.

What the search misses is in no draw.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon

from sitewatch.site import Site, metric_crs, project
from sitewatch.structures import Bracket, Kind, Presence, Structure

__all__ = [
    "AREA_LEVEL",
    "Estimate",
    "Expansion",
    "Growth",
    "YearOfBuilding",
    "expansion_document",
    "expansion_of",
    "expansion_sentences",
]

AREA_LEVEL = 0.8
"""Of the bands."""

_AREA_BIAS = -0.5
"""Where the true area lies in the range that is told, on simulated sites: -1 at its low end, 0 at the area told."""
_AREA_SHARED = 0.3
"""Standard deviation of that from site to site."""
_AREA_OWN = 0.65
"""Scale of what differs from structure to structure on one site: Student's t with `_AREA_TAIL` degrees of freedom."""
_AREA_TAIL = 3

_DRAWS = 4000
_EVEN_TIMES = 121
"""Times between the first and the last look at which the band is told, beside the ends of all brackets."""
_DAY_S = 86_400.0
_SMALL_M2 = 0.5
"""Less than that is nothing."""

_Footprint = Polygon | MultiPolygon
_Draws = NDArray[np.float64]


class Growth(StrEnum):
    """What the band allows to say of the built-up footprint between the first look and the last."""

    GREW = "grew"
    """All of the band lies above zero."""
    SHRANK = "shrank"
    """All of it lies below."""
    OPEN = "no evidence of either"
    """Zero lies in it."""
    NONE = "nothing found"
    """Nothing that was erected or taken down is told."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """An area with its band, square metres."""

    low: float
    """A tenth of all draws lie below."""
    middle: float
    """Half of them do."""
    high: float
    """Nine tenths do."""


@dataclass(frozen=True, kw_only=True)
class YearOfBuilding:
    """What was built and taken down in one calendar year, temporary structures included each time."""

    year: int
    new: Estimate
    """Floor area of what was erected; one storey, as seen from above."""
    extended: Estimate
    """Ground that extensions added to what stood."""
    removed: Estimate
    """Floor area of what was taken down."""
    seen: float
    """Share of the year, 0-1, that lies in the record and in no long gap."""


@dataclass(frozen=True, kw_only=True)
class Expansion:
    """The built-up footprint of a site, or of one sub-area, over time."""

    site: str
    """Name of the site."""
    area: str | None
    """Name of the sub-area; None: the whole site."""
    outline_m2: float
    """Area of its outline."""
    base_m2: float | None
    """Built-up area at the first look, as somebody knows it; None: not known."""
    first: dt.datetime
    last: dt.datetime
    used: int
    """Looks used."""
    times: tuple[dt.datetime, ...]
    """From the first look to the last, UTC."""
    low: tuple[float, ...]
    """Change of the footprint since the first look at each of `times`, m2: a tenth of all draws lie below."""
    middle: tuple[float, ...]
    high: tuple[float, ...]
    years: tuple[YearOfBuilding, ...]
    returning: Estimate
    """Of what stands at the last look, the part of structures that have stood and gone before."""
    gaps: tuple[tuple[dt.datetime, dt.datetime], ...]
    """Long stretches without a used look, UTC: what happened in them is dated to no better."""
    structures: int
    """How many enter."""
    confirmed: int
    """Of these, by readers."""
    rejected: int
    """How many readers reject; left out."""

    @property
    def change(self) -> Estimate:
        """From the first look to the last."""
        return Estimate(low=self.low[-1], middle=self.middle[-1], high=self.high[-1])

    @property
    def growth(self) -> Growth:
        """What the band allows to say."""
        change = self.change
        if not self.structures:
            return Growth.NONE
        if change.low > _SMALL_M2:
            return Growth.GREW
        return Growth.SHRANK if change.high < -_SMALL_M2 else Growth.OPEN

    @property
    def covered(self) -> float:
        """Share of the record, 0-1, that lies in no long gap."""
        return _covered(self.first, self.last, self.gaps)


@dataclass(frozen=True, kw_only=True)
class _Steps:
    """Steps of the footprint of one presence: when, and by how much, in each draw."""

    at: _Draws
    """(draw,) days from the first look; below 0: before it."""
    by: _Draws
    """(draw,) m2."""
    what: str
    """new, extended or removed."""


def expansion_of(
    structures: Sequence[Structure],
    site: Site,
    *,
    first: dt.datetime,
    last: dt.datetime,
    used: int,
    area: str | None = None,
    base_m2: float | None = None,
    rejected: Collection[str] = (),
    confirmed: Collection[str] = (),
    gaps: Sequence[tuple[dt.datetime, dt.datetime]] = (),
    seed: int = 0,
) -> Expansion:
    """The built-up footprint over time.

    Args:
        structures: what is told of the site; only claims of something built are counted, each while it stands.
        site: the place.
        first: capture of the first used look, UTC.
        last: capture of the last; not before `first`.
        used: how many looks were used.
        area: name of one of the site's sub-areas; of each structure the part that lies in it is counted. None: all.
        base_m2: built-up area at the first look, m2, above 0, where it is known.
        rejected: ids of structures that readers reject.
        confirmed: ids of those that they confirm.
        gaps: long stretches without a used look, UTC.
        seed: of the draws.

    Raises:
        KeyError: the site has no such sub-area.
        ValueError: `last` lies before `first`, or the base is not above 0.
    """
    if last < first or (base_m2 is not None and base_m2 <= 0):
        raise ValueError(
            f"a record must not end before it begins and a base be above 0, got {first}, {last}, {base_m2}"
        )
    outline = site.outline if area is None else site.areas[area]
    claims = [s for s in structures if s.kind is Kind.STRUCTURE and _share(s.footprint, outline) > 0]
    kept = [s for s in claims if s.id not in rejected]
    rng = np.random.default_rng(seed)
    shared = _AREA_BIAS + _AREA_SHARED * rng.standard_normal(_DRAWS)
    grid = _grid(kept, first, last)
    years = list(range(first.year, last.year + 1))
    ends = np.array([_days(first, dt.datetime(year + 1, 1, 1, tzinfo=dt.UTC)) for year in years])
    change = np.zeros((_DRAWS, len(grid)))
    yearly = {what: np.zeros((_DRAWS, len(years))) for what in ("new", "extended", "removed")}
    returning = np.zeros(_DRAWS)
    for structure in kept:
        steps = _life(structure, outline, origin=first, sure=structure.id in confirmed, shared=shared, rng=rng)
        for step in itertools.chain.from_iterable(steps):
            _add(change, grid, step)
            _add(yearly[step.what], ends, step, sign=-1.0 if step.what == "removed" else 1.0)
        if len(steps) > 1 and structure.present:
            returning += sum(step.by for step in steps[-1])
    np.cumsum(change, axis=1, out=change)
    low, middle, high = np.quantile(change, _QUANTILES, axis=0)
    return Expansion(
        site=site.name,
        area=area,
        outline_m2=project(outline, to=metric_crs(site)).area,
        base_m2=base_m2,
        first=first,
        last=last,
        used=used,
        times=(*(first + dt.timedelta(days=float(day)) for day in grid[:-1]), last),
        low=tuple(low.tolist()),
        middle=tuple(middle.tolist()),
        high=tuple(high.tolist()),
        years=tuple(
            YearOfBuilding(
                year=year,
                seen=_seen(year, first, last, gaps),
                **{what: _estimate(drawn[:, n]) for what, drawn in yearly.items()},
            )
            for n, year in enumerate(years)
        ),
        returning=_estimate(returning),
        gaps=tuple((max(first, a), min(last, b)) for a, b in gaps if a < last and b > first),
        structures=len(kept),
        confirmed=sum(s.id in confirmed for s in kept),
        rejected=len(claims) - len(kept),
    )  # fmt: skip


_QUANTILES = ((1 - AREA_LEVEL) / 2, 0.5, (1 + AREA_LEVEL) / 2)


def _life(
    structure: Structure,
    outline: _Footprint,
    *,
    origin: dt.datetime,
    sure: bool,
    shared: _Draws,
    rng: np.random.Generator,
) -> list[list[_Steps]]:
    """The steps of each presence of a structure, in each draw."""
    chance = rng.random(_DRAWS)
    where = shared + _AREA_OWN * rng.standard_t(_AREA_TAIL, _DRAWS)
    below, above = structure.area_m2 - structure.area_m2_low, structure.area_m2_high - structure.area_m2
    scale = np.maximum(0.0, 1 + where * np.where(where < 0, below, above) / max(structure.area_m2, 1e-9))
    lives = []
    for presence in structure.presences:
        real = scale * (chance < (1.0 if sure else presence.probability))
        lives.append(_presence(structure, presence, outline, origin=origin, real=real, rng=rng))
    return lives


def _presence(
    structure: Structure,
    presence: Presence,
    outline: _Footprint,
    *,
    origin: dt.datetime,
    real: _Draws,
    rng: np.random.Generator,
) -> list[_Steps]:
    """The steps of one presence; `real` is the factor on its areas in each draw, 0 where it is not real."""
    steps = []
    up = np.full(_DRAWS, -1.0) if presence.erected is None else _when(presence.erected, origin, rng)
    down = np.full(_DRAWS, np.inf) if presence.dismantled is None else _when(presence.dismantled, origin, rng)
    down = np.maximum(down, up)
    whole = structure.area_m2 * _share(structure.footprint, outline)
    phases = presence.phases
    areas = [p.area_m2 * _share(p.footprint or structure.footprint, outline) for p in phases] or [whole]
    stands = np.full(_DRAWS, areas[0])
    if presence.erected is not None:
        steps.append(_Steps(at=up, by=real * areas[0], what="new"))
    for phase, (before, after) in zip(phases[1:], itertools.pairwise(areas), strict=True):
        at = np.maximum(_when(phase.began, origin, rng), up)
        added = np.where(at < down, after - before, 0.0)
        stands = stands + added
        steps.append(_Steps(at=at, by=real * added, what="extended" if after >= before else "removed"))
    if presence.dismantled is not None:
        steps.append(_Steps(at=down, by=-real * stands, what="removed"))
    return steps


def _when(bracket: Bracket, origin: dt.datetime, rng: np.random.Generator) -> _Draws:
    """Days from the origin, anywhere in a bracket."""
    after, by = _days(origin, bracket.after), _days(origin, bracket.by)
    return by - (by - after) * rng.random(_DRAWS)


def _add(table: _Draws, times: _Draws, step: _Steps, *, sign: float = 1.0) -> None:
    """Add steps to the columns in which they fall: each ends at its time; what comes before the first look is left."""
    column = np.searchsorted(times, step.at)
    inside = (column < len(times)) & (step.at >= 0)
    rows = np.flatnonzero(inside)
    table[rows, column[rows]] += sign * step.by[rows]


def _grid(structures: Sequence[Structure], first: dt.datetime, last: dt.datetime) -> _Draws:
    """Days from the first look at which the band is told: evenly spaced, and at the ends of brackets."""
    length = _days(first, last)
    days = set(np.linspace(0.0, length, _EVEN_TIMES).tolist())
    for structure in structures:
        for presence in structure.presences:
            for bracket in (presence.erected, presence.dismantled, *(phase.began for phase in presence.phases)):
                if bracket is not None:
                    days |= {_days(first, bracket.after), _days(first, bracket.by)}
    return np.array([*sorted(day for day in days if 0 <= day < length), length])


def _share(footprint: _Footprint, outline: _Footprint) -> float:
    """Share of a footprint, 0-1, that lies in an outline. Degrees will do: both are a few kilometres wide at most."""
    return float(min(1.0, footprint.intersection(outline).area / footprint.area)) if footprint.area else 0.0


def _estimate(drawn: _Draws) -> Estimate:
    low, middle, high = np.quantile(drawn, _QUANTILES)
    return Estimate(low=float(low), middle=float(middle), high=float(high))


def _seen(year: int, first: dt.datetime, last: dt.datetime, gaps: Sequence[tuple[dt.datetime, dt.datetime]]) -> float:
    """Share of a year, 0-1, that lies in the record and in no long gap."""
    start, end = (dt.datetime(y, 1, 1, tzinfo=dt.UTC) for y in (year, year + 1))
    inside = [(max(first, a), min(last, b)) for a, b in gaps if a < last and b > first]
    return _covered(start, end, [(min(start, first), first), *inside, (last, max(end, last))])


def _covered(start: dt.datetime, end: dt.datetime, gaps: Sequence[tuple[dt.datetime, dt.datetime]]) -> float:
    """Share of a period that lies in none of the gaps, which do not overlap; 1 where the period has no length."""
    length = _days(start, end)
    missing = sum(max(0.0, _days(max(start, a), min(end, b))) for a, b in gaps)
    return max(0.0, 1 - missing / length) if length else 1.0


def _days(start: dt.datetime, end: dt.datetime) -> float:
    return (end - start).total_seconds() / _DAY_S


def expansion_sentences(found: Expansion) -> tuple[str, ...]:
    """The answer in words: whether it grew, what that rests on, and what else must be known to read it."""
    change = found.change
    where = found.site if found.area is None else f"{found.area} at {found.site}"
    span = f"between {found.first:%Y-%m-%d} and {found.last:%Y-%m-%d}"
    percent = f"{100 * AREA_LEVEL:.0f} % band"
    if found.growth is Growth.NONE:
        answer = f"No evidence of growth or shrinkage: nothing was found erected or taken down at {where} {span}."
    elif found.growth is Growth.OPEN:
        answer = (
            f"No evidence of growth or shrinkage: the built-up footprint of {where} changed by "
            f"{_signed(change.middle)} m² {span}, but zero lies in the {percent} ({_signed(change.low)} to "
            f"{_signed(change.high)} m²)."
        )
    else:
        low, high = sorted((abs(change.low), abs(change.high)))
        middle = abs(change.middle)
        answer = (
            f"The built-up footprint of {where} {found.growth.value} by {_m2(middle)} m² {span} ({percent} {_m2(low)} "
            f"to {_m2(high)} m²): {_percent(middle / found.outline_m2)} of its outline."
        )
    sentences = [answer]
    if found.base_m2 is not None and found.growth is not Growth.NONE:
        least, usual, most = (100 * value / found.base_m2 for value in (change.low, change.middle, change.high))
        sentences.append(
            f"That is {usual:+.0f} % ({least:+.0f} to {most:+.0f} %) of the {_m2(found.base_m2)} m² that were given as "
            "built up at the start."
        )
    left = f", {found.rejected} that readers rejected left out" if found.rejected else ""
    sure = f" ({found.confirmed} of them confirmed by readers)" if found.confirmed else ""
    count = found.structures
    things = "1 structure" if count == 1 else f"{count} structures"
    without = f"; {len(found.gaps)} long gaps without a used look" if len(found.gaps) > 1 else ""
    without = without or ("; 1 long gap without a used look" if found.gaps else "")
    sentences.append(
        f"It rests on {things}{sure}{left} and {found.used} used looks, which cover {_percent(found.covered)} of that "
        f"time{without}."
    )
    if found.returning.high > _SMALL_M2:
        sentences.append(
            f"Of what stands at the last look, {_m2(found.returning.low)} to {_m2(found.returning.high)} m² are of "
            "structures that have stood and gone before."
        )
    sentences.append("What the search missed, or told only a part of, is not in the band.")
    if found.base_m2 is None:
        sentences.append("What stood before the first look and never changed is not known, so that no rate is given.")
    return tuple(sentences)


def expansion_document(found: Expansion) -> dict[str, object]:
    """The same for JSON; areas in whole square metres."""
    return {
        "site": found.site,
        "area": found.area,
        "answer": found.growth.value,
        "sentences": list(expansion_sentences(found)),
        "band": AREA_LEVEL,
        "outline_m2": round(found.outline_m2),
        "base_m2": found.base_m2,
        "first_look": _told(found.first),
        "last_look": _told(found.last),
        "used_looks": found.used,
        "covered": round(found.covered, 4),
        "gaps": [{"after": _told(a), "by": _told(b)} for a, b in found.gaps],
        "structures": found.structures,
        "confirmed": found.confirmed,
        "rejected": found.rejected,
        "change_m2": _json(found.change),
        "returning_m2": _json(found.returning),
        "years": [
            {
                "year": one.year,
                "new_m2": _json(one.new),
                "extended_m2": _json(one.extended),
                "removed_m2": _json(one.removed),
                "seen": round(one.seen, 4),
            }
            for one in found.years
        ],
        "times": [
            {"time": _told(time), "low": round(low), "middle": round(middle), "high": round(high)}
            for time, low, middle, high in zip(found.times, found.low, found.middle, found.high, strict=True)
        ],
    }


def _json(estimate: Estimate) -> dict[str, int]:
    return {"low": round(estimate.low), "middle": round(estimate.middle), "high": round(estimate.high)}


def _told(time: dt.datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def _m2(area: float) -> str:
    """An area without more digits than it has."""
    step = 100 if abs(area) >= 1000 else 10 if abs(area) >= 100 else 1
    return f"{step * round(area / step):,}".replace(",", "\u202f")


def _signed(area: float) -> str:
    told = _m2(abs(area))
    return told if told == "0" else f"{'+' if area > 0 else '-'}{told}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.0995 else f"{100 * share:.1f} %"
