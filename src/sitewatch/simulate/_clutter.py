"""Vehicles and containers that come and go in the yards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sitewatch.simulate._facility import Facility, covering
from sitewatch.simulate._frame import Patch, rectangle
from sitewatch.simulate._ground import Ground
from sitewatch.simulate._passes import Acquisition
from sitewatch.simulate._recipe import Recipe
from sitewatch.simulate._surfaces import Palette

__all__ = ["Clutter", "park"]

_PAINTS = ("white metal", "grey metal", "bitumen", "blue steel", "red tile", "green steel", "tan canvas")


@dataclass(frozen=True, kw_only=True)
class Clutter:
    """Parking places and who stands on them when."""

    patches: tuple[Patch, ...]
    heights: tuple[float, ...]
    surfaces: NDArray[np.int32]
    """(scene, place): index into the palette of what stands there; -1: nothing."""


def park(
    recipe: Recipe, facility: Facility, ground: Ground, palette: Palette, scenes: tuple[Acquisition, ...]
) -> Clutter:
    """Lay out rows of places in yards and car parks, and fill them as the days go by."""
    rng = recipe.draw("clutter")
    paints = np.array([covering(palette, rng, paint) for paint in _PAINTS])
    patches: list[Patch] = []
    heights: list[float] = []
    columns: list[NDArray[np.int32]] = []
    gaps = np.diff([float(a.day) for a in scenes], prepend=-1e6)
    for number, block in enumerate(facility.blocks):
        own = recipe.draw("clutter", number)
        load = {"yard": 0.5, "gravel": 0.35, "parking": 0.7}.get(block.use, 0.0) * recipe.clutter
        load *= own.uniform(0.2, 1.0)
        if load <= 0:
            continue
        # Cars by the day, trailers by the week, containers by the month.
        long, wide, stay = ((9, 5, 0.7), (15, 4, 6.0), (13, 6, 25.0))[
            0 if block.use == "parking" else int(own.integers(3))
        ]
        busy = 1.0
        c, s = np.cos(facility.angle), np.sin(facility.angle)
        for v in np.arange(-block.width / 2 + 8, block.width / 2 - 8, long + own.uniform(7, 18)):
            for u in np.arange(-block.length / 2 + 6, block.length / 2 - 6, wide + own.uniform(1, 4)):
                if own.random() > 0.55:
                    continue
                x, y = block.x + u * c - v * s, block.y + u * s + v * c
                place = rectangle(x, y, length=wide, width=long, angle=facility.angle)
                patch = ground.frame.patch(place)
                if not patch.inside.any() or ground.blocked[patch.window].any():
                    continue
                patches.append(patch)
                heights.append(float(own.uniform(1.5, 4)))
                columns.append(_visits(own, gaps, min(0.95, busy * load), stay, paints))
    surfaces = np.stack(columns, axis=1) if columns else np.zeros((len(scenes), 0), dtype=np.int32)
    return Clutter(patches=tuple(patches), heights=tuple(heights), surfaces=surfaces)


def _visits(
    rng: np.random.Generator, gaps: NDArray[np.float64], load: float, stay: float, paints: NDArray[np.int64]
) -> NDArray[np.int32]:
    """What stands on one place in each scene: who was there stays with a chance that falls with the days between."""
    stays = rng.random(len(gaps)) < np.exp(-gaps / stay)
    comes = rng.random(len(gaps)) < load
    which = rng.choice(paints, len(gaps), p=(0.34, 0.2, 0.16, 0.1, 0.1, 0.05, 0.05))
    visits = np.full(len(gaps), -1, dtype=np.int32)
    for i in range(len(gaps)):
        visits[i] = visits[i - 1] if i and stays[i] else which[i] if comes[i] else -1
    return visits
