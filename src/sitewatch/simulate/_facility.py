"""The facility and what people built around it: a fenced compound, roads, a village."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely.geometry import Polygon

from sitewatch.simulate._frame import Footprint, one_polygon, rectangle
from sitewatch.simulate._ground import Ground, open_ground
from sitewatch.simulate._recipe import Recipe
from sitewatch.simulate._surfaces import Palette

__all__ = ["ROOFS", "Block", "Building", "Facility", "build_facility", "covering"]

ROOFS = {
    "grey metal": 0.18,
    "bitumen": 0.12,
    "white metal": 0.1,
    "blue steel": 0.08,
    "concrete": 0.08,
    "dark membrane": 0.07,
    "red tile": 0.07,
    "clay tile": 0.05,
    "fibre cement": 0.05,
    "tan metal": 0.05,
    "white membrane": 0.05,
    "green steel": 0.04,
    "rusty metal": 0.04,
    "solar panels": 0.02,
}
"""Materials of roofs and how common each is."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A piece of the compound between its internal roads."""

    use: str
    """hall, yard, gravel, lawn or parking."""
    x: float
    """Centre, metres from the scene's left edge."""
    y: float
    """Centre, metres from the scene's upper edge."""
    length: float
    """Metres along the compound's axis."""
    width: float
    """Metres across the compound's axis."""

    def area(self, angle: float) -> Polygon:
        """The block's outline in a compound turned by `angle` radians."""
        return rectangle(self.x, self.y, length=self.length, width=self.width, angle=angle)


@dataclass(frozen=True, kw_only=True)
class Building:
    """Something with a roof that stands when the record begins."""

    footprint: Footprint
    material: str
    surface: int
    """Index into the palette."""
    height: float
    """Metres."""
    pitch: float
    """Slope of its roof (tangent); 0 flat."""
    angle: float
    """Direction of its ridge, radians from the x axis."""
    inside: bool
    """True: in the compound."""


@dataclass(frozen=True, kw_only=True)
class Facility:
    """The compound and all buildings of the scene."""

    angle: float
    """Turn of the compound's long axis, radians from the x axis (clockwise as seen on the map)."""
    outline: Polygon
    """The fence; metres from the scene's upper left corner."""
    gate: Polygon
    blocks: tuple[Block, ...]
    buildings: tuple[Building, ...]


@dataclass(kw_only=True)
class _Site:
    """What is passed around while building."""

    recipe: Recipe
    ground: Ground
    palette: Palette
    angle: float
    x: float
    y: float
    blocks: list[Block] = field(default_factory=list)
    buildings: list[Building] = field(default_factory=list)

    def place(self, u: float, v: float) -> tuple[float, float]:
        """From the compound's axes to the scene's metres."""
        c, s = float(np.cos(self.angle)), float(np.sin(self.angle))
        return self.x + u * c - v * s, self.y + u * s + v * c

    def box(self, u0: float, v0: float, u1: float, v1: float) -> Polygon:
        x, y = self.place((u0 + u1) / 2, (v0 + v1) / 2)
        return rectangle(x, y, length=u1 - u0, width=v1 - v0, angle=self.angle)


def covering(palette: Palette, rng: np.random.Generator, material: str) -> int:
    """Add a built surface to the palette: a roof, a pavement, bare ground."""
    paved = material in ("asphalt", "old asphalt", "concrete", "gravel", "slab", "rubble")
    soil = material in ("loam", "dark soil", "clay", "sand", "char")
    return palette.add(
        material,
        rng,
        vary=0.16 if not paved else 0.12,
        # Paint comes in any hue, some of it in those of earth; what lies on the ground comes in those of its stone.
        hue=None if paved or soil else 0.08,
        tilt=0.0 if paved or soil else 0.15,
        texture=0.07 if soil else 0.05,
        thirst=0.3 if soil else 0.2 if paved else 0.06,
        holds_snow=0.95 if soil else 0.4 if paved else 0.8,
    )


def build_facility(recipe: Recipe, ground: Ground, palette: Palette) -> Facility:
    """Lay roads, village and compound on the ground. Paints everything but the buildings."""
    rng = recipe.draw("facility")
    extent = ground.frame.extent_m
    length = float(np.clip(extent * rng.uniform(0.3, 0.42), 220, 1300))
    width = float(np.clip(length * rng.uniform(0.55, 0.85), 180, 900))
    site = _Site(
        recipe=recipe,
        ground=ground,
        palette=palette,
        angle=float(rng.uniform(-np.pi / 2, np.pi / 2)),
        x=extent * rng.uniform(0.44, 0.56),
        y=extent * rng.uniform(0.44, 0.56),
    )
    _roads(site, rng, width)
    _village(site, recipe.draw("village"), reach=0.5 * float(np.hypot(length, width)))
    outline = _compound(site, recipe.draw("compound"), length, width)
    x, y = site.place(0.0, width / 2)
    gate = rectangle(x, y, length=50, width=36, angle=site.angle)
    return Facility(
        angle=site.angle,
        outline=outline,
        gate=one_polygon(gate.intersection(outline)),
        blocks=tuple(site.blocks),
        buildings=tuple(site.buildings),
    )


def _roads(site: _Site, rng: np.random.Generator, width: float) -> None:
    """A road past the gate, one across, and farm tracks."""
    ground, frame = site.ground, site.ground.frame
    u, v = _axes(site)
    surface = covering(site.palette, rng, "asphalt")
    verge = open_ground(site.palette, rng, soil=site.palette.weather.climate.soils[0])
    track = covering(site.palette, rng, "gravel")
    past = width / 2 + rng.uniform(25, 70)
    courses = [(v - (past + 25 * np.sin(u / rng.uniform(250, 600) + rng.uniform(0, 6))), 9.0, surface)]
    across = rng.uniform(0.2, 0.4) * frame.extent_m * rng.choice((-1, 1))
    courses.append((u - (across + 60 * np.sin(v / rng.uniform(300, 700) + rng.uniform(0, 6))), 7.0, surface))
    for _ in range(int(rng.integers(1, 4))):
        a, b = (u, v) if rng.random() < 0.5 else (v, u)
        off = rng.uniform(-0.5, 0.5) * frame.extent_m
        courses.append((a - (off + 30 * np.sin(b / rng.uniform(150, 500) + rng.uniform(0, 6))), 4.0, track))
    for away, wide, material in reversed(courses):
        if wide > 5:
            ground.paint(np.abs(away) < wide / 2 + 3.5, verge)
        ground.paint(np.abs(away) < wide / 2, material, blocked=True)
    x, y = site.place(0.0, (width / 2 + past) / 2 + 10)
    ground.paint(rectangle(x, y, length=9, width=past - width / 2 + 45, angle=site.angle), surface, blocked=True)


def _axes(site: _Site) -> tuple[np.ndarray, np.ndarray]:
    x, y = site.ground.frame.centres()
    c, s = np.float32(np.cos(site.angle)), np.float32(np.sin(site.angle))
    dx, dy = x - np.float32(site.x), y - np.float32(site.y)
    return dx * c + dy * s, dy * c - dx * s


def _village(site: _Site, rng: np.random.Generator, *, reach: float) -> None:
    """Houses along a few streets, and farms by themselves."""
    ground, extent = site.ground, site.ground.frame.extent_m
    roofs = [covering(site.palette, rng, m) for m in ("red tile", "red tile", "grey metal", "bitumen", "concrete")]
    garden = open_ground(site.palette, rng, soil="loam", cut_every=25)
    street = covering(site.palette, rng, "old asphalt")
    houses = int(rng.integers(25, 90) * (extent / 2560) ** 2)
    centre = rng.uniform(0.12, 0.88, 2) * extent
    if np.hypot(centre[0] - site.x, centre[1] - site.y) < reach + 200:
        turn = rng.uniform(0, 2 * np.pi)
        centre = np.array((site.x + (reach + 250) * np.cos(turn), site.y + (reach + 250) * np.sin(turn)))
    angle = site.angle + rng.normal(0, 0.3)
    c, s = np.cos(angle), np.sin(angle)
    rows = max(1, round(np.sqrt(houses / 4)))
    for row in range(rows):
        v = (row - (rows - 1) / 2) * 62
        long = rng.uniform(0.6, 1.0) * 24 * houses / rows / 2
        x, y = centre[0] - v * s, centre[1] + v * c
        if not ground.frame.box.contains(shapely.Point(x, y)):
            continue
        ground.paint(rectangle(x, y, length=2 * long, width=6, angle=angle), street, blocked=True)
        for u in np.arange(-long, long, 24):
            for side in (-1, 1):
                if rng.random() < 0.2:
                    continue
                w = v + side * rng.uniform(13, 18)
                x, y = centre[0] + u * c - w * s, centre[1] + u * s + w * c
                plot = rectangle(x + side * 6 * -s, y + side * 6 * c, length=22, width=30, angle=angle)
                taken = ground.blocked[ground.frame.patch(plot).window]
                if not taken.size or taken.mean() > 0.1:
                    continue
                ground.paint(plot, garden)
                house = rectangle(
                    x, y, length=rng.uniform(9, 16), width=rng.uniform(7, 11), angle=angle + rng.integers(2) * np.pi / 2
                )
                _build(site, house, rng, roofs[int(rng.integers(len(roofs)))], "house", height=rng.uniform(4, 8))


def _build(
    site: _Site, footprint: Footprint, rng: np.random.Generator, surface: int, material: str, *, height: float
) -> None:
    corners = np.array(one_polygon(shapely.oriented_envelope(footprint)).exterior.coords)
    sides = np.diff(corners[:3], axis=0)
    long = sides[int(np.argmax(np.hypot(*sides.T)))]
    site.buildings.append(
        Building(
            footprint=footprint,
            material=material,
            surface=surface,
            height=height,
            pitch=float(rng.choice((0.0, 0.12, 0.3))),
            angle=float(np.arctan2(long[1], long[0])),
            inside=material != "house",
        )
    )
    around = site.ground.frame.patch(footprint.buffer(site.ground.frame.cell_m))
    site.ground.blocked[around.window] |= around.inside


def _compound(site: _Site, rng: np.random.Generator, length: float, width: float) -> Polygon:
    """The fenced ground: blocks between internal roads, each with its use."""
    palette, ground = site.palette, site.ground
    soil = str(rng.choice(palette.weather.climate.soils))
    half_u, half_v = length / 2, width / 2
    corner = rng.uniform(0.0, 0.35, 2)
    outline = site.box(-half_u, -half_v, half_u, half_v)
    if corner[0] > 0.12 and corner[1] > 0.12:
        notch = site.box(half_u * (1 - 2 * corner[0]), -half_v, half_u, -half_v * (1 - 2 * corner[1]))
        outline = one_polygon(outline.difference(notch.buffer(1e-6)))
    ground.paint(outline.buffer(8), covering(palette, rng, soil))
    base = open_ground(palette, rng, soil=soil, cut_every=45)
    ground.paint(outline.buffer(-6), base)
    road = covering(palette, rng, str(rng.choice(("asphalt", "old asphalt", "concrete"))))
    paving = {
        "yard": covering(palette, rng, str(rng.choice(("concrete", "old asphalt", "asphalt", "gravel")))),
        "gravel": covering(palette, rng, "gravel"),
        "parking": covering(palette, rng, "asphalt"),
        "hall": covering(palette, rng, str(rng.choice(("old asphalt", "concrete")))),
    }
    lawn = open_ground(palette, rng, soil=soil, cut_every=30)
    gap = rng.uniform(8, 13)
    scale = rng.uniform(105, 190)
    pieces = _cut(rng, (-half_u + 14, -half_v + 14, half_u - 14, half_v - 14), scale)
    inner = outline.buffer(-10)
    kept = [p for p in pieces if inner.contains(site.box(*p))]
    for piece in kept:
        ground.paint(one_polygon(site.box(*piece).buffer(gap / 2, join_style="mitre")), road, blocked=True)
    mix = rng.dirichlet((6, 3, 2, 2.5, 1))
    for rank, index in enumerate(rng.permutation(len(kept))):
        u0, v0, u1, v1 = kept[int(index)]
        use = str(rng.choice(("hall", "yard", "gravel", "lawn", "parking"), p=mix))
        if max(u1 - u0, v1 - v0) > 1.7 * scale:
            # Room to grow.
            use = str(rng.choice(("hall", "yard", "gravel", "lawn"), p=(0.2, 0.2, 0.25, 0.35)))
        use = ("yard", "hall")[rank] if rank < 2 else use
        u0, v0, u1, v1 = u0 + gap / 2, v0 + gap / 2, u1 - gap / 2, v1 - gap / 2
        x, y = site.place((u0 + u1) / 2, (v0 + v1) / 2)
        block = Block(use=use, x=x, y=y, length=u1 - u0, width=v1 - v0)
        site.blocks.append(block)
        ground.paint(block.area(site.angle), paving.get(use, lawn))
        if use == "hall":
            _halls(site, rng, (u0, v0, u1, v1))
        elif use == "gravel" and rng.random() < 0.3:
            _tanks(site, rng, (u0, v0, u1, v1))
    return outline


def _cut(
    rng: np.random.Generator, box: tuple[float, float, float, float], largest: float
) -> list[tuple[float, float, float, float]]:
    u0, v0, u1, v1 = box
    wide, tall = u1 - u0, v1 - v0
    if max(wide, tall) < largest * rng.uniform(1.0, 1.5) or (max(wide, tall) < 3.2 * largest and rng.random() < 0.16):
        return [box]
    at = rng.uniform(0.38, 0.62)
    if wide > tall:
        return _cut(rng, (u0, v0, u0 + at * wide, v1), largest) + _cut(rng, (u0 + at * wide, v0, u1, v1), largest)
    return _cut(rng, (u0, v0, u1, v0 + at * tall), largest) + _cut(rng, (u0, v0 + at * tall, u1, v1), largest)


def _halls(site: _Site, rng: np.random.Generator, box: tuple[float, float, float, float]) -> None:
    """One large hall, or a row of smaller ones, in a block."""
    u0, v0, u1, v1 = (edge + pad for edge, pad in zip(box, (8, 8, -8, -8), strict=True))
    count = int(rng.choice((1, 1, 2, 3, 4)))
    names, odds = list(ROOFS), np.array(list(ROOFS.values()))
    step = (u1 - u0) / count
    for i in range(count):
        material = str(rng.choice(names, p=odds / odds.sum()))
        a, b = u0 + i * step, u0 + (i + 1) * step - (10 if count > 1 else 0)
        deep = (v1 - v0) * rng.uniform(0.5, 1.0)
        if b - a < 12 or deep < 12:
            continue
        hall: Footprint = site.box(a, v0, b, v0 + deep)
        if count == 1 and rng.random() < 0.4:
            annex = site.box(a, v0, a + (b - a) * rng.uniform(0.3, 0.6), v0 + deep * 0.45)
            hall = one_polygon(hall.difference(annex.buffer(1e-6)))
        _build(site, hall, rng, covering(site.palette, rng, material), material, height=rng.uniform(6, 20))


def _tanks(site: _Site, rng: np.random.Generator, box: tuple[float, float, float, float]) -> None:
    """A row of round tanks along one side of a block."""
    u0, v0, u1, _ = box
    across = rng.uniform(12, 28)
    surface = covering(site.palette, rng, str(rng.choice(("white metal", "grey metal"))))
    for u in np.arange(u0 + across, u1 - across, across * rng.uniform(1.3, 1.8))[: int(rng.integers(2, 7))]:
        tank = shapely.Point(*site.place(float(u), v0 + across)).buffer(across / 2)
        _build(site, tank, rng, surface, "tank", height=rng.uniform(8, 16))
