"""Changes to things: what stood on one footprint, and when."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import shapely
import xarray as xr
from numpy.typing import NDArray
from pyproj import Transformer
from scipy import ndimage
from shapely.geometry import MultiPolygon, Polygon

from sitewatch.change import MIN_LOOKS, Change, Edge, Kind
from sitewatch.structures._structure import Bracket, Phase, Presence, State, Structure

__all__ = ["identify", "in_order"]

_SAME_FOOTPRINT = 0.35
"""Two changes are of one thing when they share at least this much of the ground of both (intersection over union)."""
_PART = 0.5
"""And a smaller one is a stage of a larger one that stands as well when this much of it lies there."""
_BY_TURNS = 3
"""Spells that follow each other without a gap from which every other one is the gap."""
_EXTENDED = 1.3
"""A later phase that covers this much more ground than the one before is an extension."""


def identify(changes: Sequence[Change], cube: xr.Dataset, *, site_id: str) -> tuple[Structure, ...]:
    """Make structures of changes.

    Claimed changes that share a footprint are one thing: changes while it stands are its phases, spells apart from each
    other are presences of their own (it recurs). Other changes stay as they are, one feature each.

    Args:
        changes: of one cube.
        cube: the cube they were found in; where it holds several families (`attrs["families"]`, and a coordinate
            `family`), structures say which of them saw them standing.
        site_id: enters the ids, so that two sites never share one.

    Returns:
        Structures by kind (claims first), then by date, then by place.
    """
    ground = _Ground(cube)
    claims = [change for change in changes if change.kind is Kind.STRUCTURE]
    things = [_thing(group, ground, site_id) for group in _groups(claims)]
    others = [_thing([change], ground, site_id) for change in changes if change.kind is not Kind.STRUCTURE]
    return in_order([*things, *others])


def in_order(structures: Sequence[Structure]) -> tuple[Structure, ...]:
    """By kind (claims first), then by date, then by place; of equal ids all but one get a suffix."""
    return _unique(sorted(structures, key=lambda s: (s.kind is not Kind.STRUCTURE, _first_date(s), s.footprint.bounds)))


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
        self.order = [str(name) for name in cube.attrs.get("families", ())]
        self.families = [str(name) for name in cube["family"].values] if self.order else []

    def footprint(self, pixels: NDArray[np.int64]) -> Polygon | MultiPolygon:
        """Outline of a set of pixels in the grid's own coordinates, holes filled."""
        rows, columns = np.divmod(pixels, self.shape[1])
        top, left = rows.min(), columns.min()
        mask = np.zeros((rows.max() - top + 1, columns.max() - left + 1), dtype=bool)
        mask[rows - top, columns - left] = True
        mask = ndimage.binary_fill_holes(mask)
        # Runs of pixels along a row become one box each: far fewer pieces to join than single pixels.
        edge = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
        rows, first = np.nonzero(edge == 1)
        _, last = np.nonzero(edge == -1)
        rows, first, last = rows + top, first + left, last + left
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

    def sensors(self, pixels: NDArray[np.int64], stands: Sequence[_Stand]) -> tuple[str, ...]:
        """Families of which a look saw half of the pixels while it stood; where none saw half, of those that saw most.

        None of a single family's cube.
        """
        stood = np.zeros(len(self.scenes), dtype=bool)
        for stand in stands:
            stood[slice(*self.spell(stand))] = True
        looks = np.flatnonzero(stood) if self.order else np.zeros(0, dtype=np.intp)
        share = self.valid[np.ix_(looks, pixels)].mean(axis=1)
        enough = (share > 0) & (share >= min(0.5, share.max(initial=0.0)))
        seen = {self.families[look] for look in looks[enough].tolist()}
        return tuple(name for name in self.order if name in seen)

    def spell(self, stand: _Stand) -> tuple[int, int]:
        """The looks [first, last) on which it stood."""
        first = 0 if stand.erected is None else stand.erected.by
        return first, len(self.scenes) if stand.dismantled is None else stand.dismantled.by


@dataclass(frozen=True)
class _Turn:
    """One end of a change: from this look on the thing stands, or is gone."""

    edge: Edge
    up: bool
    change: Change


@dataclass
class _Stand:
    """One spell of standing, as it is put together."""

    erected: Edge | None
    dismantled: Edge | None
    changes: list[Change]
    openings: list[_Turn]

    @property
    def pixels(self) -> NDArray[np.int64]:
        """All ground that it stood on."""
        return np.unique(np.concatenate([change.pixels for change in self.changes]))


def _turns(group: Sequence[Change]) -> list[_Turn]:
    """When the thing of these changes went up or down, in order.

    A spell that ends while an earlier one stands on is something on or at the thing, not its end.
    """
    turns = []
    for change in group:
        stands_on = any(
            other is not change
            and other.standing_inside
            and other.ended is None
            and other.began is not None
            and change.ended is not None
            and other.began.by <= change.ended.by
            for other in group
        )
        if change.began is not None:
            turns.append(_Turn(change.began, change.standing_inside, change))
        if change.ended is not None and not (change.standing_inside and stands_on):
            turns.append(_Turn(change.ended, not change.standing_inside, change))
    return sorted(turns, key=lambda t: (t.edge.by, t.up, -t.change.probability))


def _consistent(group: Sequence[Change]) -> list[Change]:
    """The changes of a thing without those that more probable ones contradict.

    What is gone cannot go: of changes that make two downs follow each other without an up between, the least probable
    is dropped as a whole, until none are left. A spell and the gap after it tell of one down, not of two.
    """
    kept = _one_side(group)
    while True:
        downs = [
            change
            for one, other in pairwise(_turns(kept))
            if not one.up and not other.up and not _meet(one.edge, other.edge)
            for change in (one.change, other.change)
        ]
        if not downs:
            return kept
        weakest = min(downs, key=lambda change: change.probability)
        kept = [change for change in kept if change is not weakest]


def _one_side(changes: Sequence[Change]) -> list[Change]:
    """The changes of a thing without spells of standing that are the gaps between others.

    Where three spells and more begin as the one before ends, the ground looked one way and the other by turns, and both
    were told as standing. One of them is the ground without the thing: of every other spell and those between, the ones
    whose probabilities add up to less are dropped. Two that follow each other may be a hall and its successor.
    """
    spells = sorted((c for c in changes if c.standing_inside), key=lambda c: (_start(c), _end(c)))
    chains: list[list[Change]] = []
    for spell in spells:
        if chains and _follows(chains[-1][-1], spell):
            chains[-1].append(spell)
        else:
            chains.append([spell])
    gaps = {
        id(gap)
        for chain in chains
        if len(chain) >= _BY_TURNS
        for gap in min(chain[::2], chain[1::2], key=lambda side: sum(change.probability for change in side))
    }
    return [change for change in changes if id(change) not in gaps]


def _follows(one: Change, other: Change) -> bool:
    return one.ended is not None and other.began is not None and _meet(one.ended, other.began)


def _start(change: Change) -> int:
    return -1 if change.began is None else change.began.by


def _end(change: Change) -> float:
    return np.inf if change.ended is None else change.ended.by


def _meet(one: Edge, other: Edge) -> bool:
    """Whether two brackets can hold the same date."""
    return one.after <= other.by and other.after <= one.by


def _stands(group: Sequence[Change]) -> list[_Stand]:
    """Spells of standing, read off the turns: up and down alternate.

    An up while it stands is a phase of its construction. A down that comes first ends what stood before the record.
    """
    stands: list[_Stand] = []
    for turn in _turns(_consistent(group)):
        standing = stands[-1] if stands and stands[-1].dismantled is None else None
        if turn.up and standing is not None:
            standing.changes.append(turn.change)
            standing.openings.append(turn)
        elif turn.up:
            stands.append(_Stand(turn.edge, None, [turn.change], [turn]))
        elif standing is not None or not stands:
            if standing is None:
                standing = _Stand(None, None, [], [])
                stands.append(standing)
            standing.dismantled = turn.edge
            standing.changes.append(turn.change)
    return stands


def _groups(changes: Sequence[Change]) -> list[list[Change]]:
    """Changes that share a footprint, the largest of each group first.

    Much smaller ones belong to a larger one as phases of it: when they begin while it is being built.
    """
    rest = sorted(changes, key=lambda c: (-len(c.pixels), c.pixels[0]))
    groups: list[list[Change]] = []
    for change in rest:
        for group in groups:
            if any(_one_thing(change, other) for other in group):
                group.append(change)
                break
        else:
            groups.append([change])
    return groups


def _one_thing(small: Change, large: Change) -> bool:
    shared = len(np.intersect1d(small.pixels, large.pixels, assume_unique=True))
    if shared >= _SAME_FOOTPRINT * (len(small.pixels) + len(large.pixels) - shared):
        return True
    stages = small.standing_inside and large.standing_inside and small.ended is None and large.ended is None
    return stages and shared >= _PART * len(small.pixels)


def _thing(group: Sequence[Change], ground: _Ground, site_id: str) -> Structure:
    stands = _stands(group)
    presences = tuple(_presence(stand, ground) for stand in stands)
    # What comes again covers much the same ground each time: most times decide.
    times = np.concatenate([stand.pixels for stand in stands])
    pixels, counts = np.unique(times, return_counts=True)
    pixels = pixels[counts >= len(stands) / 2]
    local = ground.footprint(pixels)
    half = np.sqrt(ground.pixel_m2) / 2
    footprint = ground.degrees(local)
    return Structure(
        id=_identifier(site_id, footprint, group[0].kind),
        kind=group[0].kind,
        footprint=footprint,
        present=presences[-1].dismantled is None,
        probability=max(p.probability for p in presences),
        area_m2=round(local.area, 1),
        area_m2_low=round(local.buffer(-half).area, 1),
        area_m2_high=round(local.buffer(half, join_style="mitre").area, 1),
        presences=presences,
        sensors=ground.sensors(pixels, stands),
    )


def _presence(stand: _Stand, ground: _Ground) -> Presence:
    first, last = ground.spell(stand)
    pixels = max(stand.changes, key=lambda c: len(c.pixels)).pixels
    # Where two looks were compared, one of them shows it.
    seen = ground.looks_between(pixels, first, last) if len(ground.scenes) >= MIN_LOOKS else 1
    edges = [edge for edge in (stand.erected, stand.dismantled) if edge is not None]
    evidence = dict.fromkeys(ground.scenes[i] for edge in edges for i in (edge.after, edge.by))
    return Presence(
        erected=ground.bracket(stand.erected),
        dismantled=ground.bracket(stand.dismantled),
        state=State.FIRST if seen <= 1 else State.PROVISIONAL if seen <= 3 else State.CONFIRMED,
        probability=round(max(change.probability for change in stand.changes), 4),
        evidence=tuple(evidence),
        phases=_phases(stand.openings, ground),
    )


def _phases(openings: Sequence[_Turn], ground: _Ground) -> tuple[Phase, ...]:
    """Stages of a construction, where there is more than one."""
    if len(openings) < 2:
        return ()
    phases: list[Phase] = []
    pixels = np.array([], dtype=np.int64)
    for stage in openings:
        before = len(pixels)
        pixels = np.union1d(pixels, stage.change.pixels)
        bracket = ground.bracket(stage.edge)
        if bracket is None or (phases and bracket.by <= phases[-1].began.by):
            continue
        name = "frame" if not phases else "extension" if len(pixels) >= _EXTENDED * before else "complete"
        local = ground.footprint(pixels)
        phases.append(Phase(name=name, began=bracket, area_m2=round(local.area, 1), footprint=ground.degrees(local)))
    return tuple(phases) if len(phases) > 1 else ()


def _identifier(site_id: str, footprint: Polygon | MultiPolygon, kind: Kind) -> str:
    """The same place gives the same id: centre to about ten metres, and whether it is a claim.

    Dates move as looks come in, the ground does not. Other kinds are told from each other by little, and change.
    """
    centre = footprint.centroid
    key = f"{site_id}|{centre.x:.4f}|{centre.y:.4f}|{'claim' if kind is Kind.STRUCTURE else 'other'}"
    return "s" + hashlib.sha256(key.encode()).hexdigest()[:8]


def _unique(structures: Sequence[Structure]) -> tuple[Structure, ...]:
    """Of those on one centre all but one get a suffix.

    Claims there lie one inside the other, and the larger come first: sizes differ by a lot, and change little. Of the
    others each change is told apart, and the earlier come first.
    """
    names: dict[int, str] = {}
    taken = {structure.id for structure in structures}
    held: set[str] = set()
    for i, structure in sorted(enumerate(structures), key=lambda one: _first_of_centre(one[1])):
        name, count = structure.id, 1
        while name in held or (count > 1 and name in taken):
            count += 1
            name = f"{structure.id}-{count}"
        held.add(name)
        names[i] = name
    return tuple(
        structure if structure.id == names[i] else replace(structure, id=names[i])
        for i, structure in enumerate(structures)
    )


def _first_of_centre(structure: Structure) -> tuple[float, dt.datetime, bytes]:
    size = structure.footprint.area if structure.kind is Kind.STRUCTURE else 0.0
    return -size, _first_date(structure), structure.footprint.wkb


def _first_date(structure: Structure) -> dt.datetime:
    ends = [b.by for p in structure.presences for b in (p.erected, p.dismantled) if b is not None]
    return min(ends, default=dt.datetime.min.replace(tzinfo=dt.UTC))


def _utc(time: np.datetime64) -> dt.datetime:
    return dt.datetime.fromtimestamp(int(time.astype("datetime64[s]").astype(int)), tz=dt.UTC)
