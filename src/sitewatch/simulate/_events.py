"""What happens: structures that go up and come down, and changes that only look like it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import Polygon

from sitewatch.simulate._facility import ROOFS, Building, Facility, covering
from sitewatch.simulate._frame import Footprint, one_polygon, rectangle
from sitewatch.simulate._ground import Ground
from sitewatch.simulate._plants import regrowth
from sitewatch.simulate._recipe import Recipe
from sitewatch.simulate._surfaces import Palette

__all__ = ["Event", "Stage", "Story", "tell"]

_COVERS = {
    "grey metal": 0.2,
    "white metal": 0.12,
    "white canvas": 0.16,
    "tan canvas": 0.12,
    "olive canvas": 0.12,
    "blue steel": 0.1,
    "green steel": 0.06,
    "bitumen": 0.06,
    "slab": 0.06,
}
"""Materials of temporary structures and how common each is."""


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
class _Scene:
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

    def take(self, place: Footprint) -> None:
        patch = self.ground.frame.patch(place.buffer(12, join_style="mitre"))
        self.taken[patch.window] |= patch.inside

    @property
    def pixel(self) -> float:
        return self.ground.frame.pixel_m

    def largest(self, pixels: float) -> float:
        """A length in pixels, less where the scene is small; metres."""
        return min(pixels, 2 + pixels * self.ground.frame.size / 256) * self.pixel


def tell(recipe: Recipe, facility: Facility, ground: Ground, palette: Palette, *, days: int) -> Story:
    """Draw everything that happens in a record of `days` days, and the buildings that stand through it."""
    scene = _Scene(
        recipe=recipe, facility=facility, ground=ground, palette=palette, days=days, taken=np.zeros_like(ground.blocked)
    )
    doomed = _demolitions(scene)
    for number, building in enumerate(facility.buildings):
        if number not in doomed:
            scene.story.stages.append(_standing(building, -np.inf, np.inf))
    for number in range(recipe.permanent):
        _permanent(scene, recipe.draw("permanent", number), number)
    for number in range(recipe.recurring):
        _recurring(scene, recipe.draw("recurring", number), number)
    for number in range(recipe.temporary):
        _temporary(scene, recipe.draw("temporary", number), number)
    for number in range(recipe.distractors):
        _distractor(scene, recipe.draw("distractor", number), number)
    scene.story.events.sort(key=lambda e: (e.ignore, e.on if e.on is not None else -1, e.id))
    return scene.story


def _standing(building: Building, begin: float, end: float) -> Stage:
    return Stage(
        footprint=building.footprint,
        begin=begin,
        end=end,
        surface=building.surface,
        height=building.height,
        pitch=building.pitch,
        angle=building.angle,
        order=1,
    )


def _pick(rng: np.random.Generator, odds: dict[str, float]) -> str:
    shares = np.array(list(odds.values()))
    return str(rng.choice(list(odds), p=shares / shares.sum()))


def _span(rng: np.random.Generator, low: float, high: float) -> float:
    """A length of time or space that spans orders of magnitude."""
    return float(np.exp(rng.uniform(np.log(low), np.log(max(high, low * 1.01)))))


def _demolitions(scene: _Scene) -> set[int]:
    """Tear buildings down; returns which."""
    rng = scene.recipe.draw("demolition")
    large = [i for i, b in enumerate(scene.facility.buildings) if b.footprint.area > 3 * scene.pixel**2]
    edge = scene.ground.frame.box.buffer(-2 * scene.pixel)
    large = [i for i in large if edge.contains(scene.facility.buildings[i].footprint)]
    doomed = [large[int(i)] for i in rng.permutation(len(large))[: scene.recipe.demolitions]]
    for rank, number in enumerate(doomed):
        own = scene.recipe.draw("demolition", rank)
        building = scene.facility.buildings[number]
        off = own.uniform(0.08, 0.9) * scene.days
        gone = min(off + _span(own, 2, 60), scene.days - 1)
        half = off + (gone - off) * own.uniform(0.3, 0.7)
        scene.story.stages.append(_standing(building, -np.inf, half))
        rubble = covering(scene.palette, own, "rubble")
        after = covering(scene.palette, own, str(own.choice(("gravel", "concrete", "rubble", "loam"))))
        if own.random() < 0.4:
            green, dry = regrowth(scene.palette.weather, own, since=int(gone), months=float(own.uniform(4, 18)))
            after = scene.palette.add("gravel", own, plant="grass", green=green, dry=dry, vigour=0.2, thirst=0.25)
        clear = gone + _span(own, 5, 120)
        place = building.footprint
        scene.story.stages.append(Stage(footprint=place, begin=half, end=clear, surface=rubble, height=1.0, order=1))
        scene.story.stages.append(Stage(footprint=place, begin=clear, end=np.inf, surface=after, order=1))
        scene.take(place)
        scene.story.events.append(
            Event(
                id=f"demolition-{rank + 1}",
                name=f"demolished building {rank + 1}",
                kind="demolition",
                material=building.material,
                footprint=place,
                on=None,
                off=off,
                off_latest=gone,
            )
        )
    return set(doomed)


def _permanent(scene: _Scene, rng: np.random.Generator, number: int) -> None:
    """A building for good; the larger, the slower: cleared ground, then slab and frame, then the roof."""
    long = _span(rng, 2.5 * scene.pixel, scene.largest(30))
    wide = float(np.clip(long * rng.uniform(0.35, 0.9), 2.0 * scene.pixel, scene.largest(12)))
    found = scene.find(rng, long, wide)
    if found is None:
        return
    place, angle = found
    scene.take(place)
    slow = place.area > 15 * scene.pixel**2
    on = rng.uniform(0.05, 0.93) * scene.days
    built = _span(rng, 25, 200) if slow else _span(rng, 2, 25)
    done = min(on + built, scene.days - 1)
    material = _pick(rng, ROOFS)
    height = rng.uniform(6, 18) if slow else rng.uniform(3, 8)
    roof, pitch = covering(scene.palette, rng, material), float(rng.choice((0.0, 0.1, 0.25)))
    stages = scene.story.stages
    cleared = on - (_span(rng, 10, 120) if slow else _span(rng, 1, 15))
    soil = covering(scene.palette, rng, str(rng.choice(("loam", "clay", "sand", "gravel"))))
    apron = place.buffer(rng.uniform(0, 14), join_style="mitre")
    stages.append(Stage(footprint=apron, begin=cleared, end=done, surface=soil, order=1))
    after = covering(scene.palette, rng, str(rng.choice(("asphalt", "concrete", "gravel"))))
    stages.append(Stage(footprint=place.buffer(4), begin=done, end=np.inf, surface=after, order=1))
    frame = covering(scene.palette, rng, str(rng.choice(("slab", "frame"))))
    roofing = on + (done - on) * rng.uniform(0.4, 0.8)
    steel = covering(scene.palette, rng, "frame")
    part = _half(place, angle, float(rng.uniform(0.3, 0.7)))
    ready = roofing + (done - roofing) * 0.6
    stages.append(Stage(footprint=place, begin=on, end=roofing, surface=frame, height=0.4 * height, order=2))
    stages.append(Stage(footprint=place, begin=roofing, end=ready, surface=steel, height=0.8 * height, order=2))
    stages.append(Stage(footprint=part, begin=roofing, end=ready, surface=roof, height=height, order=3))
    whole = Stage(
        footprint=place, begin=ready, end=np.inf, surface=roof, height=height, pitch=pitch, angle=angle, order=2
    )
    stages.append(whole)
    scene.story.events.append(
        Event(
            id=f"permanent-{number + 1}",
            name=f"new building {number + 1}",
            kind="permanent",
            material=material,
            footprint=place,
            on=on,
            on_latest=done,
        )
    )


def _half(place: Polygon, angle: float, share: float) -> Polygon:
    """The first part of a rectangle along its length."""
    middle = place.centroid
    corners = np.array(place.exterior.coords)
    length = float(np.ptp((corners - (middle.x, middle.y)) @ (np.cos(angle), np.sin(angle))))
    shift = -(1 - share) * length / 2
    x, y = middle.x + shift * np.cos(angle), middle.y + shift * np.sin(angle)
    cut = rectangle(x, y, length=share * length, width=10 * length, angle=angle)
    return one_polygon(place.intersection(cut))


def _shelter(
    scene: _Scene, rng: np.random.Generator, *, far: bool = True
) -> tuple[Polygon, float, str, int, float] | None:
    """Where a temporary structure stands, its angle, material, surface and height."""
    long = _span(rng, 2.0 * scene.pixel, scene.largest(9))
    wide = float(np.clip(long * rng.uniform(0.4, 1.0), 2.0 * scene.pixel, scene.largest(6)))
    found = scene.find(rng, long, wide, far=far)
    if found is None:
        return None
    scene.take(found[0])
    material = _pick(rng, _COVERS)
    return *found, material, covering(scene.palette, rng, material), float(rng.uniform(3, 14))


def _temporary(scene: _Scene, rng: np.random.Generator, number: int) -> None:
    shelter = _shelter(scene, rng)
    if shelter is None:
        return
    stay = _span(rng, 12, min(420.0, 0.7 * scene.days))
    on = rng.uniform(0.04, 0.96) * max(1.0, scene.days - stay)
    _stand(scene, rng, shelter, on=on, off=min(on + stay, scene.days - 2), name=f"temporary-{number + 1}")


def _recurring(scene: _Scene, rng: np.random.Generator, number: int) -> None:
    shelter = _shelter(scene, rng, far=False)
    if shelter is None:
        return
    every, stay = _span(rng, 75, 370), _span(rng, 18, 75)
    on, spell = rng.uniform(0.1, 0.9) * every, 0
    while on + 12 < scene.days and spell < 6:
        off = on + stay * np.exp(rng.normal(0, 0.25))
        if off > scene.days - 2:
            break
        spell += 1
        name = f"recurring-{number + 1}"
        _stand(scene, rng, shelter, on=on, off=off, name=f"{name}-{spell}", recurs=name)
        on = max(off + 15, on + every * np.exp(rng.normal(0, 0.15)))


def _stand(
    scene: _Scene,
    rng: np.random.Generator,
    shelter: tuple[Polygon, float, str, int, float],
    *,
    on: float,
    off: float,
    name: str,
    recurs: str | None = None,
) -> None:
    place, angle, material, surface, height = shelter
    pitch = float(rng.choice((0.0, 0.2)))
    scene.story.stages.append(
        Stage(footprint=place, begin=on, end=off, surface=surface, height=height, pitch=pitch, angle=angle, order=2)
    )
    scene.story.events.append(
        Event(
            id=name,
            name=name.replace("-", " ") if recurs is None else f"{recurs.replace('-', ' ')}, again",
            kind="temporary",
            material=material,
            footprint=place,
            on=on,
            off=off,
            recurs=recurs,
        )
    )


def _distractor(scene: _Scene, rng: np.random.Generator, number: int) -> None:
    """A change that is real and no structure: marked to be ignored."""
    kind = ("resurfacing", "clear-cut", "earthworks", "burn")[number % 4]
    weather = scene.palette.weather
    place = {"resurfacing": _yard, "earthworks": _dig}.get(kind, _wild)(scene, rng, kind)
    if place is None:
        return
    scene.take(place)
    on = rng.uniform(0.08, 0.92) * scene.days
    off: float | None = None
    if kind == "resurfacing":
        new = covering(scene.palette, rng, str(rng.choice(("asphalt", "concrete", "gravel", "slab"))))
        scene.story.stages.append(Stage(footprint=place, begin=on, end=np.inf, surface=new))
    elif kind == "earthworks":
        off = min(on + _span(rng, 20, 300), scene.days - 2)
        bare = covering(scene.palette, rng, str(rng.choice(("loam", "clay", "sand"))))
        scene.story.stages.append(Stage(footprint=place, begin=on, end=off, surface=bare))
        green, dry = regrowth(weather, rng, since=int(off), months=5)
        grown = scene.palette.add("loam", rng, plant="grass", green=green, dry=dry, vigour=0.2, thirst=0.25)
        scene.story.stages.append(Stage(footprint=place, begin=off, end=np.inf, surface=grown))
    else:
        green, dry = regrowth(weather, rng, since=int(on), months=float(rng.uniform(3, 14)))
        bare_ground = "char" if kind == "burn" else "litter"
        left = scene.palette.add(
            bare_ground, rng, plant="grass", green=green, dry=dry, texture=0.12, vigour=0.2, thirst=0.2, holds_snow=1.0
        )
        scene.story.stages.append(Stage(footprint=place, begin=on, end=np.inf, surface=left))
    scene.story.events.append(
        Event(
            id=f"distractor-{number + 1}",
            name=kind,
            kind="permanent" if off is None else "temporary",
            material=kind,
            footprint=place,
            on=on,
            off=off,
            ignore=True,
        )
    )


def _yard(scene: _Scene, rng: np.random.Generator, _: str) -> Polygon | None:
    paved = [b for b in scene.facility.blocks if b.use in ("yard", "parking", "gravel")]
    if not paved:
        return None
    block = paved[int(rng.integers(len(paved)))]
    whole = block.area(scene.facility.angle)
    part = _half(whole, scene.facility.angle, float(rng.uniform(0.4, 1.0)))
    # Where something else is going on the story would be ambiguous.
    return part if not _overlaps(scene, part) else None


def _dig(scene: _Scene, rng: np.random.Generator, _: str) -> Polygon | None:
    found = scene.find(rng, _span(rng, 25, 120), _span(rng, 20, 70))
    if found is None:
        return None
    ring = found[0].buffer(rng.uniform(3, 12))
    return None if _overlaps(scene, ring) else ring


def _wild(scene: _Scene, rng: np.random.Generator, kind: str) -> Polygon | None:
    """An irregular patch in the woods (or, burnt, in the open)."""
    frame = scene.ground.frame
    for _ in range(80):
        x, y = rng.uniform(0.06, 0.94, 2) * frame.extent_m
        wooded = scene.ground.wooded[int(y / frame.cell_m), int(x / frame.cell_m)]
        if not wooded and kind == "clear-cut":
            continue
        turns = np.sort(rng.uniform(0, 2 * np.pi, 9))
        radii = _span(rng, 25, 90) * rng.uniform(0.55, 1.2, 9)
        shape = Polygon(np.column_stack((x + radii * np.cos(turns), y + radii * np.sin(turns))))
        shape = one_polygon(shape.buffer(4))
        if frame.box.contains(shape) and not shape.intersects(scene.facility.outline) and not _overlaps(scene, shape):
            return shape
    return None


def _overlaps(scene: _Scene, place: Polygon) -> bool:
    patch = scene.ground.frame.patch(place)
    return bool((scene.taken[patch.window] & patch.inside).any())
