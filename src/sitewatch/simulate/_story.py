"""How things that happen are told, and where there is room for them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon

from sitewatch.simulate._facility import Facility, covering
from sitewatch.simulate._frame import Footprint, one_polygon, rectangle
from sitewatch.simulate._ground import Ground
from sitewatch.simulate._recipe import Recipe
from sitewatch.simulate._surfaces import Palette

__all__ = ["Event", "Plot", "Stage", "Story", "part_of", "pick", "spread"]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """How a patch of ground looks over some days."""

    footprint: Footprint
    """Metres from the scene's upper left corner, y to the south."""
    begin: float
    """First day, counted from the start of the record; may lie before it."""
    end: float
    """First day on which it no longer looks so; inf: to the end."""
    surface: int
    """Index into the palette."""
    height: float = 0.0
    """Metres."""
    pitch: float = 0.0
    """Slope of its roof (tangent)."""
    angle: float = 0.0
    """Direction of its ridge, radians from the x axis."""
    order: int = 0
    """Higher ones are painted over lower ones."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One presence of one thing, as the truth file tells it. Days are counted from the start of the record."""

    id: str
    name: str
    kind: str
    """permanent, temporary or demolition."""
    material: str
    footprint: Footprint
    """Metres from the scene's upper left corner, y to the south."""
    on: float | None
    """First day on which it is a structure; None: before the record."""
    on_latest: float | None = None
    """Day on which it is complete, where construction is slow."""
    off: float | None = None
    """Day on which dismantling begins; None: after the record."""
    off_latest: float | None = None
    """Day on which nothing of it is left, where dismantling is slow."""
    ignore: bool = False
    """True: a real change, but no structure."""
    recurs: str | None = None
    """What the presences of one recurring structure share."""


@dataclass(kw_only=True)
class Story:
    """All that happens."""

    stages: list[Stage] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


@dataclass(kw_only=True)
class Plot:
    """The ground on which the story is set."""

    recipe: Recipe
    facility: Facility
    ground: Ground
    palette: Palette
    days: int
    taken: NDArray[np.bool_]
    """(y, x); True where no further event may lie."""
    story: Story = field(default_factory=Story)

    def find(
        self, rng: np.random.Generator, length: float, width: float, *, far: bool = True
    ) -> tuple[Polygon, float] | None:
        """Free ground for a rectangle (metres), and its angle: mostly in the compound's blocks, some elsewhere."""
        extent = self.ground.frame.extent_m
        open_blocks = [b for b in self.facility.blocks if b.use != "hall"] or list(self.facility.blocks)
        outside = far and rng.random() < 0.25
        for attempt in range(120):
            angle = self.facility.angle + (np.pi / 2 if rng.random() < 0.5 else 0.0)
            if outside:
                near = rng.random() < 0.5
                middle = self.facility.outline.centroid
                reach = 0.3 * extent if near else 0.48 * extent
                x, y = (c + rng.uniform(-reach, reach) for c in (middle.x, middle.y))
                angle = angle if near else rng.uniform(0, np.pi)
            elif attempt < 70 and open_blocks:
                block = open_blocks[int(rng.integers(len(open_blocks)))]
                c, s = np.cos(self.facility.angle), np.sin(self.facility.angle)
                u, v = rng.uniform(-0.5, 0.5, 2) * (block.length, block.width)
                x, y = block.x + u * c - v * s, block.y + u * s + v * c
            else:
                left, top, right, bottom = self.facility.outline.bounds
                x, y = rng.uniform(left, right), rng.uniform(top, bottom)
            place = rectangle(x, y, length=length, width=width, angle=angle)
            if self._free(place):
                return place, float(angle)
        return None

    def _free(self, place: Polygon) -> bool:
        margin = place.buffer(6, join_style="mitre")
        if not self.ground.frame.box.buffer(-3 * self.ground.frame.pixel_m).contains(margin):
            return False
        patch = self.ground.frame.patch(margin)
        here = self.ground.blocked[patch.window] | self.taken[patch.window]
        return bool(patch.inside.any()) and not bool((here & patch.inside).any())

    def told_apart(self, place: Polygon, rng: np.random.Generator, odds: dict[str, float]) -> tuple[str, int]:
        """A covering, by its odds, that differs from the ground of `place` as much as the recipe asks, and its name.

        Of a dozen drawn the most different one is taken where none differs enough.
        """
        patch = self.ground.frame.patch(place)
        below, cells = np.unique(self.ground.surface[patch.window][patch.inside], return_counts=True)
        ground = np.average([self.palette.usual(int(surface)) for surface in below], axis=0, weights=cells)
        best: tuple[float, str, int] | None = None
        for _ in range(12):
            material = pick(rng, odds)
            surface = covering(self.palette, rng, material)
            contrast = float(np.sqrt(np.mean((self.palette.usual(surface) - ground) ** 2)))
            if best is None or contrast > best[0]:
                best = contrast, material, surface
            if contrast >= self.recipe.least_contrast:
                break
        assert best is not None
        return best[1], best[2]

    def take(self, place: Footprint) -> None:
        patch = self.ground.frame.patch(place.buffer(12, join_style="mitre"))
        self.taken[patch.window] |= patch.inside

    def around(self, place: Polygon, margin: float) -> Polygon:
        """A footprint with `margin` metres of ground about it, but without the buildings that stand there."""
        wide = place.buffer(margin, join_style="mitre")
        near = [b.footprint for b in self.facility.buildings if b.footprint.intersects(wide)]
        return one_polygon(wide.difference(shapely.union_all(near))) if near else wide

    def crowded(self, place: Polygon) -> bool:
        """True where something stands or happens already."""
        patch = self.ground.frame.patch(place)
        here = self.taken[patch.window] | self.ground.blocked[patch.window]
        return bool((here & patch.inside).any())

    @property
    def pixel(self) -> float:
        return self.ground.frame.pixel_m

    def largest(self, pixels: float) -> float:
        """A length in pixels, less where the scene is small; metres."""
        return min(pixels, 2 + pixels * self.ground.frame.size / 256) * self.pixel


def spread(rng: np.random.Generator, low: float, high: float) -> float:
    """A length of time or space that spans orders of magnitude."""
    return float(np.exp(rng.uniform(np.log(low), np.log(max(high, low * 1.01)))))


def pick(rng: np.random.Generator, odds: dict[str, float]) -> str:
    """One of the keys, as likely as its share."""
    shares = np.array(list(odds.values()))
    return str(rng.choice(list(odds), p=shares / shares.sum()))


def part_of(place: Polygon, angle: float, share: float) -> Polygon:
    """The first part of a rectangle along its length."""
    middle = place.centroid
    corners = np.array(place.exterior.coords)
    length = float(np.ptp((corners - (middle.x, middle.y)) @ (np.cos(angle), np.sin(angle))))
    shift = -(1 - share) * length / 2
    x, y = middle.x + shift * np.cos(angle), middle.y + shift * np.sin(angle)
    cut = rectangle(x, y, length=share * length, width=10 * length, angle=angle)
    return one_polygon(place.intersection(cut))
