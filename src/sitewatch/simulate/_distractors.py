"""Changes that are real and no structures: resurfaced yards, clear-cuts, earthworks, burns, new roofs."""

from __future__ import annotations

import numpy as np
from shapely.geometry import Polygon

from sitewatch.simulate._facility import ROOFS, covering
from sitewatch.simulate._frame import one_polygon
from sitewatch.simulate._plants import regrowth
from sitewatch.simulate._story import Event, Plot, Stage, part_of, pick, spread

__all__ = ["distract"]


def distract(plot: Plot, rng: np.random.Generator, number: int) -> None:
    """A change that is real and no structure: marked to be ignored."""
    kind = ("resurfacing", "clear-cut", "earthworks", "burn", "new roof")[number % 5]
    if kind == "new roof":
        _reroof(plot, rng, number)
        return
    weather = plot.palette.weather
    place = {"resurfacing": _yard, "earthworks": _dig}.get(kind, _wild)(plot, rng, kind)
    if place is None:
        return
    plot.take(place)
    on = rng.uniform(0.08, 0.92) * plot.days
    off: float | None = None
    if kind == "resurfacing":
        new = covering(plot.palette, rng, str(rng.choice(("asphalt", "concrete", "gravel", "slab"))))
        plot.story.stages.append(Stage(footprint=place, begin=on, end=np.inf, surface=new))
    elif kind == "earthworks":
        off = min(on + spread(rng, 20, 300), plot.days - 2)
        bare = covering(plot.palette, rng, str(rng.choice(("loam", "clay", "sand"))))
        plot.story.stages.append(Stage(footprint=place, begin=on, end=off, surface=bare))
        green, dry = regrowth(weather, rng, since=int(off), months=5)
        grown = plot.palette.add("loam", rng, plant="grass", green=green, dry=dry, vigour=0.2, thirst=0.25)
        plot.story.stages.append(Stage(footprint=place, begin=off, end=np.inf, surface=grown))
    else:
        green, dry = regrowth(weather, rng, since=int(on), months=float(rng.uniform(3, 14)))
        bare_ground = "char" if kind == "burn" else "litter"
        left = plot.palette.add(
            bare_ground, rng, plant="grass", green=green, dry=dry, texture=0.12, vigour=0.2, thirst=0.2, holds_snow=1.0
        )
        plot.story.stages.append(Stage(footprint=place, begin=on, end=np.inf, surface=left))
    plot.story.events.append(
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


def _yard(plot: Plot, rng: np.random.Generator, _: str) -> Polygon | None:
    """A block that is paved anew, or for the first time, in whole or in part."""
    blocks = [b for b in plot.facility.blocks if b.use != "hall"]
    for index in rng.permutation(len(blocks)):
        whole = blocks[int(index)].area(plot.facility.angle)
        part = part_of(whole, plot.facility.angle, float(rng.uniform(0.4, 1.0)))
        # Where something else is going on the story would be ambiguous.
        if not plot.crowded(part):
            return part
    return None


def _dig(plot: Plot, rng: np.random.Generator, _: str) -> Polygon | None:
    found = plot.find(rng, spread(rng, 25, 120), spread(rng, 20, 70))
    if found is None:
        return None
    ring = found[0].buffer(rng.uniform(3, 12))
    return None if plot.crowded(ring) else ring


def _reroof(plot: Plot, rng: np.random.Generator, number: int) -> None:
    """A building that keeps standing and gets a roof of another material within a few days or weeks."""
    for index in rng.permutation(len(plot.facility.buildings)):
        building = plot.facility.buildings[int(index)]
        patch = plot.ground.frame.patch(building.footprint)
        if building.footprint.area < 400 or not patch.inside.any() or plot.taken[patch.window].any():
            continue
        plot.take(building.footprint)
        on = rng.uniform(0.08, 0.9) * plot.days
        done = min(on + spread(rng, 3, 40), plot.days - 2)
        roof = covering(plot.palette, rng, pick(rng, ROOFS))
        stage = Stage(
            footprint=building.footprint,
            begin=(on + done) / 2,
            end=np.inf,
            surface=roof,
            height=building.height,
            pitch=building.pitch,
            angle=building.angle,
            order=2,
        )
        plot.story.stages.append(stage)
        plot.story.events.append(
            Event(
                id=f"distractor-{number + 1}",
                name="new roof",
                kind="permanent",
                material="new roof",
                footprint=building.footprint,
                on=on,
                on_latest=done,
                ignore=True,
            )
        )
        return


def _wild(plot: Plot, rng: np.random.Generator, kind: str) -> Polygon | None:
    """An irregular patch in the woods (or, burnt, in the open)."""
    frame = plot.ground.frame
    for _ in range(250):
        x, y = rng.uniform(0.06, 0.94, 2) * frame.extent_m
        wooded = plot.ground.wooded[int(y / frame.cell_m), int(x / frame.cell_m)]
        if not wooded and kind == "clear-cut":
            continue
        turns = np.sort(rng.uniform(0, 2 * np.pi, 9))
        radii = spread(rng, 25, 90) * rng.uniform(0.55, 1.2, 9)
        shape = Polygon(np.column_stack((x + radii * np.cos(turns), y + radii * np.sin(turns))))
        shape = one_polygon(shape.buffer(4))
        if frame.box.contains(shape) and not shape.intersects(plot.facility.outline) and not plot.crowded(shape):
            return shape
    return None
