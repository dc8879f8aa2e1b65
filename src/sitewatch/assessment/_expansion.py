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
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
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
    "rounded",
    "signed",
]

AREA_LEVEL = 0.8
"""Of the bands."""
_HELD = (6, 12)
"""On so many of so many simulated facilities by which nothing was set the band at the last look held the truth."""

_AREA_BIAS = -0.3
"""Where the true area lies in the range that is told, on simulated sites: -1 at its low end, 0 at the area told."""
_AREA_SHARED = 0.15
"""Standard deviation of that from site to site."""
_AREA_OWN = 0.45
"""Scale of what differs from structure to structure on one site: Student's t with `_AREA_TAIL` degrees of freedom."""
_AREA_TAIL = 3

_DRAWS = 4000
_EVEN_TIMES = 121
"""Times between the first and the last look at which the band is told, beside the ends of all brackets."""
_DAY_S = 86_400.0
_SMALL_M2 = 0.5
"""Less than that is nothing."""
_SLIVER = 1e-6
"""Footprints share ground where more than this part of the smaller one is common to both."""

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
    """What was built and taken down in one calendar year, temporary structures included each time.

    Ground on which something else stands at the time is neither won nor lost.
    """

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
    by_radar_alone: int
    """Of these, with probabilities that are not calibrated."""
    rejected: int
    """How many readers reject; left out."""
    reached: float | None = None
    """Share of all draws, 0-1, in which the change from the first look to the last is as large as was asked; None: not
    asked."""

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
class _Layer:
    """One presence in each draw: the ground that it takes, and when."""

    real: _Draws
    """(draw,) factor on its areas; 0 where it is not real."""
    turns: tuple[_Draws, ...]
    """(draw,) days from the first look, below 0: before it. When it was erected, when each further phase began, and
    when it was dismantled; infinite: never."""
    areas: tuple[float, ...]
    """m2 told from each turn on; of the last: 0."""
    shape: tuple[int, ...]
    """Which of the footprints of its group it has from each turn on; not of the last."""

    def turned(self, at: _Draws, *, ties: bool) -> NDArray[np.intp]:
        """(draw,) how many turns lie before a time, those at that very time included or not; all where it has ended."""
        past = [turn <= at if ties else turn < at for turn in self.turns]
        return np.where(past[-1], len(past), np.sum(past[:-1], axis=0))


@dataclass(frozen=True, kw_only=True)
class _Ground:
    """A part of the ground that the same footprints cover."""

    on: NDArray[np.float64]
    """(layer, turn + 1) m2 that a layer has on it after so many turns, if its area is the one told."""


@dataclass(frozen=True, kw_only=True)
class _Steps:
    """Steps of the footprint: when, and by how much, in each draw."""

    layer: int
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
    at_least_m2: float | None = None,
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
        at_least_m2: how likely a change of so much is, is to be told too, as `reached`.

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
    for together in _groups(kept, outline, confirmed):
        layers: list[_Layer] = []
        shapes: list[_Footprint] = []
        again = set()
        for one in together:
            lives = _life(one, shapes, origin=first, sure=one.id in confirmed, shared=shared, rng=rng)
            layers += lives
            if len(lives) > 1 and one.present:
                again.add(len(layers) - 1)
        grounds = _grounds(layers, shapes, outline) if len(together) > 1 else [_own_ground(layers, shapes, outline)]
        for step in _steps(layers, grounds):
            _add(change, grid, step)
            _add(yearly[step.what], ends, step, sign=-1.0 if step.what == "removed" else 1.0)
            if step.layer in again:
                returning += np.where(np.isfinite(step.at), step.by, 0.0)
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
                **{what: _estimate(np.maximum(drawn[:, n], 0.0)) for what, drawn in yearly.items()},
            )
            for n, year in enumerate(years)
        ),
        returning=_estimate(returning),
        gaps=tuple((max(first, a), min(last, b)) for a, b in gaps if a < last and b > first),
        structures=len(kept),
        confirmed=sum(s.id in confirmed for s in kept),
        by_radar_alone=sum(s.by_radar_alone for s in kept),
        rejected=len(claims) - len(kept),
        reached=None if at_least_m2 is None else float(np.mean(change[:, -1] >= at_least_m2)),
    )  # fmt: skip


_QUANTILES = ((1 - AREA_LEVEL) / 2, 0.5, (1 + AREA_LEVEL) / 2)


def _groups(structures: Sequence[Structure], outline: _Footprint, confirmed: Collection[str]) -> list[list[Structure]]:
    """Structures that share ground, with those that share it with them: the most probable first, then the largest."""
    if not structures:
        return []
    reach = np.array([_reach(one, outline) for one in structures])
    one, other = shapely.STRtree(reach).query(reach, predicate="intersects")
    one, other = one[one < other], other[one < other]
    common = shapely.area(shapely.intersection(reach[one], reach[other]))
    area = shapely.area(reach)
    share = common > _SLIVER * np.minimum(area[one], area[other])
    links = coo_array((np.ones(share.sum()), (one[share], other[share])), shape=(len(structures),) * 2)
    number, label = connected_components(links, directed=False)
    groups: list[list[Structure]] = [[] for _ in range(number)]
    for group, structure in zip(label, structures, strict=True):
        groups[group].append(structure)
    for members in groups:
        members.sort(key=lambda s: (-1.0 if s.id in confirmed else -s.probability, -s.area_m2, s.id))
    return groups


def _reach(structure: Structure, outline: _Footprint) -> _Footprint:
    """All the ground within the outline that a structure ever has."""
    shapes = {p.footprint for presence in structure.presences for p in presence.phases if p.footprint is not None}
    return _polygons(shapely.intersection(shapely.union_all([structure.footprint, *shapes]), outline))


def _life(
    structure: Structure,
    shapes: list[_Footprint],
    *,
    origin: dt.datetime,
    sure: bool,
    shared: _Draws,
    rng: np.random.Generator,
) -> list[_Layer]:
    """The presences of a structure in each draw; its footprints come to the end of `shapes`."""
    chance = rng.random(_DRAWS)
    where = shared + _AREA_OWN * rng.standard_t(_AREA_TAIL, _DRAWS)
    below, above = structure.area_m2 - structure.area_m2_low, structure.area_m2_high - structure.area_m2
    scale = np.maximum(0.0, 1 + where * np.where(where < 0, below, above) / max(structure.area_m2, 1e-9))
    layers: list[_Layer] = []
    since = np.full(_DRAWS, -1.0)
    for presence in structure.presences:
        real = scale * (chance < (1.0 if sure else presence.probability))
        turns = _turns(presence, since, origin=origin, rng=rng)
        told = [(p.area_m2, p.footprint or structure.footprint) for p in presence.phases]
        told = told or [(structure.area_m2, structure.footprint)]
        numbers = range(len(shapes), len(shapes) + len(told))
        shapes += [shape for _, shape in told]
        areas = (*(area for area, _ in told), 0.0)
        layers.append(_Layer(real=real, turns=turns, areas=areas, shape=tuple(numbers)))
        since = np.where(np.isfinite(turns[-1]), turns[-1], since)
    return layers


def _turns(presence: Presence, since: _Draws, *, origin: dt.datetime, rng: np.random.Generator) -> tuple[_Draws, ...]:
    """When each turn of a presence lies in each draw, in order and none before `since`."""
    up = np.full(_DRAWS, -1.0) if presence.erected is None else _when(presence.erected, origin, rng)
    down = np.full(_DRAWS, np.inf) if presence.dismantled is None else _when(presence.dismantled, origin, rng)
    turns = [np.maximum(up, since)]
    down = np.maximum(down, turns[0])
    for phase in presence.phases[1:]:
        turns.append(np.maximum(_when(phase.began, origin, rng), turns[-1]))
    # What would begin after the end never does.
    return (turns[0], *(np.where(turn < down, turn, np.inf) for turn in turns[1:]), down)


def _own_ground(layers: Sequence[_Layer], shapes: Sequence[_Footprint], outline: _Footprint) -> _Ground:
    """The ground of one structure: its presences are never there together, so it need not be cut."""
    on = np.zeros((len(layers), max(len(layer.areas) for layer in layers) + 1))
    share = {n: _share(shapes[n], outline) for layer in layers for n in layer.shape}
    for row, layer in enumerate(layers):
        on[row, 1 : len(layer.areas)] = [area * share[n] for area, n in zip(layer.areas, layer.shape, strict=False)]
    return _Ground(on=on)


def _grounds(layers: Sequence[_Layer], shapes: Sequence[_Footprint], outline: _Footprint) -> list[_Ground]:
    """The ground of a group, cut along the edges of its footprints."""
    most = max(len(layer.areas) for layer in layers)
    same: dict[bytes, int] = {}
    first = [same.setdefault(shape.wkb, n) for n, shape in enumerate(shapes)]
    # Parts of the outline by which footprints cover them.
    parts: dict[frozenset[int], _Footprint] = {}
    for n in sorted({first[n] for layer in layers for n in layer.shape}):
        left = _polygons(shapely.intersection(shapes[n], outline))
        cut: dict[frozenset[int], _Footprint] = {}
        for cover, part in parts.items():
            cut[cover | {n}] = _polygons(shapely.intersection(part, left))
            cut[cover] = _polygons(shapely.difference(part, left))
            left = _polygons(shapely.difference(left, part))
        cut[frozenset({n})] = left
        parts = {cover: part for cover, part in cut.items() if part.area > 0}
    grounds = []
    for cover, part in parts.items():
        on = np.zeros((len(layers), most + 1))
        for row, layer in enumerate(layers):
            for turn, (area, shape) in enumerate(zip(layer.areas[:-1], layer.shape, strict=True), start=1):
                if first[shape] in cover:
                    on[row, turn] = area * min(1.0, part.area / shapes[shape].area)
        grounds.append(_Ground(on=on))
    return grounds


def _polygons(shape: shapely.Geometry) -> _Footprint:
    """What of a shape has an area: where footprints touch, they have a line or a point in common too."""
    if isinstance(shape, Polygon | MultiPolygon):
        return shape
    parts = shapely.get_parts(shape)
    return MultiPolygon(list(parts[shapely.get_dimensions(parts) == 2]))


def _steps(layers: Sequence[_Layer], grounds: Sequence[_Ground]) -> Iterator[_Steps]:
    """What each turn of each layer changes, on ground on which none before it in the list stands."""
    for number, layer in enumerate(layers):
        mine = [ground for ground in grounds if ground.on[number].any()]
        near = [n for n in range(len(layers)) if n != number and any(ground.on[n].any() for ground in mine)]
        for turn, at in enumerate(layer.turns):
            ended = turn == len(layer.turns) - 1
            if not np.isfinite(at).any():
                continue
            # Turns at the same moment come in the order of the list.
            turned = {n: layers[n].turned(at, ties=n < number) for n in near}
            before = np.sum([np.isfinite(t) for t in layer.turns[:turn]], axis=0, dtype=np.intp) + np.zeros(
                _DRAWS, dtype=np.intp
            )
            by = np.zeros(_DRAWS)
            for ground in mine:
                free, under = np.ones(_DRAWS, dtype=bool), np.zeros(_DRAWS)
                for n in reversed(near):
                    there = layers[n].real * ground.on[n][turned[n]]
                    if n < number:
                        free &= there == 0
                    else:
                        under = np.where(there > 0, there, under)
                old = layer.real * ground.on[number][before]
                new = layer.real * (0.0 if ended else ground.on[number][turn + 1])
                by += np.where(free, np.where(new > 0, new, under) - np.where(old > 0, old, under), 0.0)
            grows = turn == 0 or layer.areas[turn] >= layer.areas[turn - 1]
            what = "new" if turn == 0 else "extended" if grows and not ended else "removed"
            yield _Steps(layer=number, at=at, by=by, what=what)


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
    elif found.growth is Growth.OPEN and rounded(abs(change.middle)) == "0":
        if signed(change.low) == signed(change.high) == "0":
            answer = (
                f"No evidence of growth or shrinkage: of what was found at {where} {span}, nothing adds to the "
                f"built-up footprint or takes from it in the end, through all of the {percent}."
            )
        else:
            answer = (
                f"No evidence of growth or shrinkage: the built-up footprint of {where} may well have stayed as it was "
                f"{span} ({percent} {signed(change.low)} to {signed(change.high)} m²)."
            )
    elif found.growth is Growth.OPEN:
        answer = (
            f"No evidence of growth or shrinkage: the built-up footprint of {where} changed by "
            f"{signed(change.middle)} m² {span}, but zero lies in the {percent} ({signed(change.low)} to "
            f"{signed(change.high)} m²)."
        )
    else:
        low, high = sorted((abs(change.low), abs(change.high)))
        middle = abs(change.middle)
        answer = (
            f"The built-up footprint of {where} {found.growth.value} by {rounded(middle)} m² {span} ({percent} "
            f"{rounded(low)} to {rounded(high)} m²): {_percent(middle / found.outline_m2)} of its outline."
        )
    sentences = [answer]
    if found.base_m2 is not None and found.growth is not Growth.NONE:
        least, usual, most = (100 * value / found.base_m2 for value in (change.low, change.middle, change.high))
        sentences.append(
            f"That is {usual:+.0f} % ({least:+.0f} to {most:+.0f} %) of the {rounded(found.base_m2)} m² that were "
            "given as built up at the start."
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
            f"Of what stands at the last look, {rounded(found.returning.low)} to {rounded(found.returning.high)} m² "
            "are of structures that have stood and gone before."
        )
    sentences.append(
        f"The {percent} is {100 * AREA_LEVEL:.0f} % of the error that the search knows of, with "
        f"{_origin(found)}. What it missed, or told only a part of, is not in it: on simulated facilities that were "
        f"seen in light and not used to tune it the truth lay inside in {_HELD[0]} of {_HELD[1]}."
    )
    if found.base_m2 is None:
        sentences.append("What stood before the first look and never changed is not known, so that no rate is given.")
    return tuple(sentences)


def _origin(found: Expansion) -> str:
    """What the probabilities behind the band are worth."""
    if found.structures and found.by_radar_alone == found.structures:
        return "probabilities that are not calibrated, as radar alone saw what is told"
    calibrated = "probabilities that were calibrated on simulated places"
    if not found.by_radar_alone:
        return calibrated
    return f"{calibrated}, but for the {found.by_radar_alone} of {found.structures} that radar alone saw, which are not"


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
        "by_radar_alone": found.by_radar_alone,
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


def rounded(area: float) -> str:
    """An area, square metres, or a length without more digits than it has."""
    step = 100 if abs(area) >= 1000 else 10 if abs(area) >= 100 else 1
    return f"{step * round(area / step):,}".replace(",", "\u202f")


def signed(area: float) -> str:
    """The same with its sign; nothing has none."""
    told = rounded(abs(area))
    return told if told == "0" else f"{'+' if area > 0 else '-'}{told}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.0995 else f"{100 * share:.1f} %"
