"""Changes to things: what stood on one footprint, and when."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
import xarray as xr
from numpy.typing import NDArray
from pyproj import Transformer
from scipy import ndimage
from shapely.geometry import MultiPolygon, Polygon

from sitewatch.change import Change, Edge, Kind
from sitewatch.structures._structure import Bracket, Phase, Presence, State, Structure

__all__ = ["identify"]

_SAME_FOOTPRINT = 0.5
"""Two changes are of one thing when they share at least this much of the smaller one's ground."""
_EXTENDED = 1.3
"""A later phase that covers this much more ground than the one before is an extension."""


def identify(changes: Sequence[Change], cube: xr.Dataset, *, site_id: str) -> tuple[Structure, ...]:
    """Make structures of changes.

    Claimed changes that share a footprint are one thing: changes while it stands are its phases, spells apart from each
    other are presences of their own (it recurs). Other changes stay as they are, one feature each.

    Args:
        changes: of one cube.
        cube: the cube they were found in.
        site_id: enters the ids, so that two sites never share one.

    Returns:
        Structures by kind (claims first), then by date, then by place.
    """
    ground = _Ground(cube)
    claims = [change for change in changes if change.kind is Kind.STRUCTURE]
    things = [_thing(group, ground, site_id) for group in _groups(claims)]
    others = [_thing([change], ground, site_id) for change in changes if change.kind is not Kind.STRUCTURE]
    ordered = sorted(
        [*things, *others], key=lambda s: (s.kind is not Kind.STRUCTURE, _first_date(s), s.footprint.bounds)
    )
    return _unique(ordered)


class _Ground:
    """The cube's grid and looks, as structures need them."""

    def __init__(self, cube: xr.Dataset) -> None:
        grid = cube.odc.geobox
        self.shape: tuple[int, int] = (int(grid.shape[0]), int(grid.shape[1]))
        self.affine = grid.affine
        self.pixel_m2 = abs(grid.affine.a * grid.affine.e)
        self.to_degrees = Transformer.from_crs(grid.crs.proj, "EPSG:4326", always_xy=True)
        self.scenes = [str(s) for s in cube["scene"].values]
        self.start = [_utc(t) for t in cube["time"].values]
        self.end = [_utc(t) for t in cube["time_end"].values]
        self.valid = cube["valid"].values.reshape(len(self.scenes), -1)

    def footprint(self, pixels: NDArray[np.int64]) -> Polygon | MultiPolygon:
        """Outline of a set of pixels in the grid's own coordinates, holes filled."""
        mask = np.zeros(self.shape, dtype=bool)
        mask.ravel()[pixels] = True
        mask = ndimage.binary_fill_holes(mask)
        # Runs of pixels along a row become one box each: far fewer pieces to join than single pixels.
        edge = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
        rows, first = np.nonzero(edge == 1)
        _, last = np.nonzero(edge == -1)
        a = self.affine
        boxes = shapely.box(a.c + first * a.a, a.f + (rows + 1) * a.e, a.c + last * a.a, a.f + rows * a.e)
        joined = shapely.union_all(boxes).simplify(0)
        assert isinstance(joined, Polygon | MultiPolygon)
        return joined

    def degrees(self, footprint: Polygon | MultiPolygon) -> Polygon | MultiPolygon:
        """The same in EPSG:4326 (longitude, latitude), to 7 decimals (about a centimetre)."""
        moved = shapely.transform(
            footprint, lambda c: np.round(np.column_stack(self.to_degrees.transform(c[:, 0], c[:, 1])), 7)
        )
        assert isinstance(moved, Polygon | MultiPolygon)
        return moved

    def bracket(self, edge: Edge | None) -> Bracket | None:
        """An edge as times; a look of which only the day is known reaches over all of it."""
        if edge is None:
            return None
        return Bracket(after=min(self.start[edge.after], self.end[edge.by]), by=self.end[edge.by])

    def looks_between(self, pixels: NDArray[np.int64], first: int, last: int) -> int:
        """How many looks in [first, last) saw at least half of the pixels."""
        return int((self.valid[first:last, pixels].mean(axis=1) >= 0.5).sum())


@dataclass(frozen=True)
class _Spell:
    """One spell of standing, in looks: what a change says of its footprint."""

    pixels: NDArray[np.int64]
    erected: Edge | None
    dismantled: Edge | None
    probability: float

    @property
    def first(self) -> int:
        return 0 if self.erected is None else self.erected.by

    @property
    def last(self) -> float:
        """Index after the last look that shows it; infinite while it stands."""
        return np.inf if self.dismantled is None else self.dismantled.by


def _spells(change: Change) -> list[_Spell]:
    p = change.probability
    if change.standing_inside:
        return [_Spell(change.pixels, change.began, change.ended, p)]
    before = [_Spell(change.pixels, None, change.began, p)] if change.began is not None else []
    after = [_Spell(change.pixels, change.ended, None, p)] if change.ended is not None else []
    return before + after


def _groups(changes: Sequence[Change]) -> list[list[Change]]:
    """Changes that share a footprint, the largest of each group first."""
    rest = sorted(changes, key=lambda c: (-len(c.pixels), c.pixels[0]))
    groups: list[list[Change]] = []
    for change in rest:
        for group in groups:
            shared = max(len(np.intersect1d(change.pixels, other.pixels)) for other in group)
            if shared >= _SAME_FOOTPRINT * len(change.pixels):
                group.append(change)
                break
        else:
            groups.append([change])
    return groups


def _thing(group: Sequence[Change], ground: _Ground, site_id: str) -> Structure:
    kind = group[0].kind
    spells = sorted((s for change in group for s in _spells(change)), key=lambda s: (s.first, s.last))
    merged: list[list[_Spell]] = []
    for spell in spells:
        if merged and spell.first < max(s.last for s in merged[-1]):
            merged[-1].append(spell)
        else:
            merged.append([spell])
    presences = tuple(_presence(stage, ground) for stage in merged)
    pixels = np.unique(np.concatenate([change.pixels for change in group]))
    local = ground.footprint(pixels)
    half = np.sqrt(ground.pixel_m2) / 2
    footprint = ground.degrees(local)
    return Structure(
        id=_identifier(site_id, footprint, presences),
        kind=kind,
        footprint=footprint,
        present=presences[-1].dismantled is None,
        probability=max(p.probability for p in presences),
        area_m2=round(local.area, 1),
        area_m2_low=round(local.buffer(-half).area, 1),
        area_m2_high=round(local.buffer(half, join_style="mitre").area, 1),
        presences=presences,
    )


def _presence(stages: Sequence[_Spell], ground: _Ground) -> Presence:
    """One spell of standing out of the changes seen while it stood."""
    erected, dismantled = _ends(stages)
    pixels = max(stages, key=lambda s: len(s.pixels)).pixels
    first = 0 if erected is None else erected.by
    last = len(ground.scenes) if dismantled is None else dismantled.by
    seen = ground.looks_between(pixels, first, last)
    evidence = dict.fromkeys(
        ground.scenes[i] for edge in (erected, dismantled) if edge is not None for i in (edge.after, edge.by)
    )
    return Presence(
        erected=ground.bracket(erected),
        dismantled=ground.bracket(dismantled),
        state=State.FIRST if seen <= 1 else State.PROVISIONAL if seen <= 3 else State.CONFIRMED,
        probability=round(max(s.probability for s in stages), 4),
        evidence=tuple(evidence),
        phases=_phases([s for s in stages if s.erected is not None], ground),
    )


def _ends(stages: Sequence[_Spell]) -> tuple[Edge | None, Edge | None]:
    """When what these overlapping spells show went up and came down.

    A change that only tells of a removal does not know when the thing had come; where another tells of its erection,
    the two are one life. A spell that ends while an earlier one stands on is something on or at the thing, not its end.
    """
    openings = [s.erected for s in stages if s.erected is not None]
    erected = min(openings, key=lambda e: e.by) if openings else None
    stands_on = any(s.erected is not None and s.dismantled is None for s in stages)
    closings = [
        s.dismantled
        for s in stages
        if s.dismantled is not None
        and (s.erected is None or not stands_on)
        and (erected is None or s.dismantled.by > erected.by)
    ]
    return erected, max(closings, key=lambda e: e.by) if closings else None


def _phases(openings: Sequence[_Spell], ground: _Ground) -> tuple[Phase, ...]:
    """Stages of a construction, where there is more than one."""
    if len(openings) < 2:
        return ()
    phases: list[Phase] = []
    pixels = np.array([], dtype=np.int64)
    for stage in openings:
        before = len(pixels)
        pixels = np.union1d(pixels, stage.pixels)
        bracket = ground.bracket(stage.erected)
        if bracket is None or (phases and bracket.by <= phases[-1].began.by):
            continue
        name = "frame" if not phases else "extension" if len(pixels) >= _EXTENDED * before else "complete"
        local = ground.footprint(pixels)
        phases.append(Phase(name=name, began=bracket, area_m2=round(local.area, 1), footprint=ground.degrees(local)))
    return tuple(phases) if len(phases) > 1 else ()


def _identifier(site_id: str, footprint: Polygon | MultiPolygon, presences: Sequence[Presence]) -> str:
    """The same place and first date give the same id: centre to about ten metres, and the first bracket's end."""
    centre = footprint.centroid
    ends = [b for p in presences for b in (p.erected, p.dismantled) if b is not None]
    date = min(b.by for b in ends).date().isoformat() if ends else ""
    key = f"{site_id}|{centre.x:.4f}|{centre.y:.4f}|{date}"
    return "s" + hashlib.sha256(key.encode()).hexdigest()[:8]


def _unique(structures: Sequence[Structure]) -> tuple[Structure, ...]:
    """Two things on one centre and date (one inside the other) get a suffix."""
    seen: dict[str, int] = {}
    result = []
    for structure in structures:
        count = seen[structure.id] = seen.get(structure.id, 0) + 1
        result.append(structure if count == 1 else replace(structure, id=f"{structure.id}-{count}"))
    return tuple(result)


def _first_date(structure: Structure) -> dt.datetime:
    ends = [b.by for p in structure.presences for b in (p.erected, p.dismantled) if b is not None]
    return min(ends, default=dt.datetime.min.replace(tzinfo=dt.UTC))


def _utc(time: np.datetime64) -> dt.datetime:
    return dt.datetime.fromtimestamp(int(time.astype("datetime64[s]").astype(int)), tz=dt.UTC)
