"""What happens: structures that go up and come down."""

from __future__ import annotations

import numpy as np
from shapely.geometry import Polygon

from sitewatch.simulate._distractors import distract
from sitewatch.simulate._facility import ROOFS, Building, Facility, covering
from sitewatch.simulate._ground import Ground
from sitewatch.simulate._plants import regrowth
from sitewatch.simulate._recipe import Recipe
from sitewatch.simulate._story import Event, Plot, Stage, Story, part_of, spread
from sitewatch.simulate._surfaces import Palette

__all__ = ["tell"]

_COVERS = {
    "grey metal": 0.16,
    "white canvas": 0.14,
    "tan canvas": 0.12,
    "white metal": 0.1,
    "olive canvas": 0.1,
    "blue steel": 0.08,
    "bitumen": 0.07,
    "tan metal": 0.06,
    "green steel": 0.05,
    "dark membrane": 0.04,
    "rusty metal": 0.04,
    "slab": 0.04,
}
"""Materials of temporary structures and how common each is."""


def tell(recipe: Recipe, facility: Facility, ground: Ground, palette: Palette, *, days: int) -> Story:
    """Draw everything that happens in a record of `days` days, and the buildings that stand through it."""
    plot = Plot(
        recipe=recipe, facility=facility, ground=ground, palette=palette, days=days, taken=np.zeros_like(ground.blocked)
    )
    doomed = _demolitions(plot)
    for number, building in enumerate(facility.buildings):
        if number not in doomed:
            plot.story.stages.append(_standing(building, -np.inf, np.inf))
    for number in range(recipe.permanent):
        _permanent(plot, recipe.draw("permanent", number), number)
    for number in range(recipe.recurring):
        _recurring(plot, recipe.draw("recurring", number), number)
    for number in range(recipe.temporary):
        _temporary(plot, recipe.draw("temporary", number), number)
    for number in range(recipe.distractors):
        distract(plot, recipe.draw("distractor", number), number)
    plot.story.events.sort(key=lambda e: (e.ignore, e.on if e.on is not None else -1, e.id))
    return plot.story


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


def _demolitions(plot: Plot) -> set[int]:
    """Tear buildings down; returns which."""
    rng = plot.recipe.draw("demolition")
    large = [i for i, b in enumerate(plot.facility.buildings) if b.footprint.area > 3 * plot.pixel**2]
    edge = plot.ground.frame.box.buffer(-2 * plot.pixel)
    large = [i for i in large if edge.contains(plot.facility.buildings[i].footprint)]
    doomed = [large[int(i)] for i in rng.permutation(len(large))[: plot.recipe.demolitions]]
    for rank, number in enumerate(doomed):
        own = plot.recipe.draw("demolition", rank)
        building = plot.facility.buildings[number]
        off = own.uniform(0.08, 0.9) * plot.days
        gone = min(off + spread(own, 2, 60), plot.days - 1)
        half = off + (gone - off) * own.uniform(0.3, 0.7)
        plot.story.stages.append(_standing(building, -np.inf, half))
        rubble = covering(plot.palette, own, "rubble")
        after = covering(plot.palette, own, str(own.choice(("gravel", "concrete", "rubble", "loam"))))
        if own.random() < 0.4:
            green, dry = regrowth(plot.palette.weather, own, since=int(gone), months=float(own.uniform(4, 18)))
            after = plot.palette.add("gravel", own, plant="grass", green=green, dry=dry, vigour=0.2, thirst=0.25)
        clear = gone + spread(own, 5, 120)
        place = building.footprint
        plot.story.stages.append(Stage(footprint=place, begin=half, end=clear, surface=rubble, height=1.0, order=1))
        plot.story.stages.append(Stage(footprint=place, begin=clear, end=np.inf, surface=after, order=1))
        plot.take(place)
        plot.story.events.append(
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


def _permanent(plot: Plot, rng: np.random.Generator, number: int) -> None:
    """A building for good: cleared ground, then slab and frame, then the roof.

    A small one takes days or weeks. A larger one mostly takes months and a building site around it; but a third of
    those, too, are set up fast, from parts that were made elsewhere.
    """
    long = spread(rng, 2.5 * plot.pixel, plot.largest(30)) if rng.random() < 0.7 else plot.largest(rng.uniform(15, 30))
    wide = float(np.clip(long * rng.uniform(0.35, 0.9), 2.0 * plot.pixel, plot.largest(12)))
    found = plot.find(rng, long, wide)
    if found is None:
        return
    place, angle = found
    plot.take(place)
    slow = place.area > 15 * plot.pixel**2 and rng.random() < 0.67
    on = rng.uniform(0.05, 0.93) * plot.days
    built = spread(rng, 25, 200) if slow else spread(rng, 2, 25)
    done = min(on + built, plot.days - 1)
    material, roof = plot.told_apart(place, rng, ROOFS)
    height = rng.uniform(6, 18) if slow else rng.uniform(3, 8)
    pitch = float(rng.choice((0.0, 0.1, 0.25)))
    stages = plot.story.stages
    cleared = on - (spread(rng, 10, 120) if slow else spread(rng, 1, 15))
    soil = covering(plot.palette, rng, str(rng.choice(("loam", "clay", "sand", "gravel"))))
    # A large hall needs room for cranes and material, and most of it becomes its yard.
    room = spread(rng, 4, 45) if slow else rng.uniform(0, 12)
    apron = plot.around(place, room)
    stages.append(Stage(footprint=apron, begin=cleared, end=done, surface=soil, order=1))
    after = covering(plot.palette, rng, str(rng.choice(("asphalt", "concrete", "gravel"))))
    yard = plot.around(place, room if slow and rng.random() < 0.6 else min(room, 4))
    stages.append(Stage(footprint=yard, begin=done, end=np.inf, surface=after, order=1))
    frame = covering(plot.palette, rng, str(rng.choice(("slab", "frame"))))
    roofing = on + (done - on) * rng.uniform(0.4, 0.8)
    steel = covering(plot.palette, rng, "frame")
    part = part_of(place, angle, float(rng.uniform(0.3, 0.7)))
    ready = roofing + (done - roofing) * 0.6
    stages.append(Stage(footprint=place, begin=on, end=roofing, surface=frame, height=0.4 * height, order=2))
    stages.append(Stage(footprint=place, begin=roofing, end=ready, surface=steel, height=0.8 * height, order=2))
    stages.append(Stage(footprint=part, begin=roofing, end=ready, surface=roof, height=height, order=3))
    whole = Stage(
        footprint=place, begin=ready, end=np.inf, surface=roof, height=height, pitch=pitch, angle=angle, order=2
    )
    stages.append(whole)
    plot.story.events.append(
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


def _shelter(
    plot: Plot, rng: np.random.Generator, *, far: bool = True
) -> tuple[Polygon, float, str, int, float] | None:
    """Where a temporary structure stands, its angle, material, surface and height."""
    long = spread(rng, 2.0 * plot.pixel, plot.largest(9))
    wide = float(np.clip(long * rng.uniform(0.4, 1.0), 2.0 * plot.pixel, plot.largest(6)))
    found = plot.find(rng, long, wide, far=far)
    if found is None:
        return None
    plot.take(found[0])
    return *found, *plot.told_apart(found[0], rng, _COVERS), float(rng.uniform(3, 14))


def _temporary(plot: Plot, rng: np.random.Generator, number: int) -> None:
    shelter = _shelter(plot, rng)
    if shelter is None:
        return
    shortest = min(plot.recipe.shortest_stay, 0.3 * plot.days)
    stay = spread(rng, shortest, min(420.0, 0.7 * plot.days))
    on = rng.uniform(0.04, 0.96) * max(1.0, plot.days - stay)
    _stand(plot, rng, shelter, on=on, off=min(on + stay, plot.days - 2), name=f"temporary-{number + 1}")


def _recurring(plot: Plot, rng: np.random.Generator, number: int) -> None:
    shelter = _shelter(plot, rng, far=False)
    if shelter is None:
        return
    shortest = plot.recipe.shortest_stay
    stay = spread(rng, shortest, max(150.0, 2 * shortest))
    every = spread(rng, 1.5 * stay + 30, 400)
    on, spell = rng.uniform(0.1, 0.9) * every, 0
    while on + 12 < plot.days and spell < 6:
        off = on + max(shortest, stay * np.exp(rng.normal(0, 0.25)))
        if off > plot.days - 2:
            break
        spell += 1
        name = f"recurring-{number + 1}"
        _stand(plot, rng, shelter, on=on, off=off, name=f"{name}-{spell}", recurs=name)
        on = max(off + 0.7 * shortest, on + every * np.exp(rng.normal(0, 0.15)))


def _stand(
    plot: Plot,
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
    plot.story.stages.append(
        Stage(footprint=place, begin=on, end=off, surface=surface, height=height, pitch=pitch, angle=angle, order=2)
    )
    plot.story.events.append(
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
