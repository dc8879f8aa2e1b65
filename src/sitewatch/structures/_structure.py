"""Things with one footprint and a life."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from shapely.geometry import MultiPolygon, Polygon

from sitewatch.change import Kind

__all__ = ["Bracket", "Phase", "Presence", "State", "Structure"]


class State(StrEnum):
    """How many looks stand behind a presence."""

    FIRST = "first"
    """One used look shows it."""
    PROVISIONAL = "provisional"
    """Two or three used looks show it."""
    CONFIRMED = "confirmed"
    """Four or more used looks show it."""


@dataclass(frozen=True, kw_only=True)
class Bracket:
    """`(after, by]`: the change happened after one look and by the other. Both UTC, `after` <= `by`."""

    after: dt.datetime
    """The last usable look at the footprint on which the state had not changed."""
    by: dt.datetime
    """The first usable look at the footprint on which it had."""

    def __post_init__(self) -> None:
        if self.after > self.by:
            raise ValueError(f"a bracket must end no earlier than it starts, got ({self.after}, {self.by}]")


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A stage of a construction."""

    name: str
    """ground, frame, complete or extension."""
    began: Bracket
    area_m2: float
    """Footprint area from then on."""
    footprint: Polygon | MultiPolygon | None = None
    """Footprint from then on; EPSG:4326."""


@dataclass(frozen=True, kw_only=True)
class Presence:
    """One spell of standing."""

    erected: Bracket | None
    """None: stood before the first look."""
    dismantled: Bracket | None
    """None: stands at the last look."""
    state: State
    probability: float
    """Calibrated, 0-1: of the presences given 0.8, eight in ten are real."""
    evidence: tuple[str, ...]
    """Scene ids on either side of each bracket: (last without, first with) of the erection, then (last with, first
    without) of the dismantling; in time order, without repeats."""
    phases: tuple[Phase, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Structure:
    """A thing with one footprint and a life: a list of presences."""

    id: str
    """Stable: the same input gives the same id."""
    kind: Kind
    footprint: Polygon | MultiPolygon
    """EPSG:4326, longitude then latitude."""
    present: bool
    """Stands at the last usable look."""
    probability: float
    """0-1: the largest of its presences'."""
    area_m2: float
    area_m2_low: float
    area_m2_high: float
    presences: tuple[Presence, ...]
    """In time order, at least one; they do not overlap."""
    sensors: tuple[str, ...] = ()
    """Which families of looks saw it ("sentinel-2 reflectance"), the main one first; empty where it is not told."""

    @property
    def by_radar_alone(self) -> bool:
        """True where no other sensor saw it: its probabilities are then counted noise and not calibrated."""
        return bool(self.sensors) and all("backscatter" in sensor for sensor in self.sensors)
