"""What kind of world to make: one seed, and what may be fixed about it."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np

from sitewatch.errors import OptionError
from sitewatch.simulate._climate import CLIMATES

__all__ = ["Recipe"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What to simulate. Two equal recipes give the same bytes; what is None is drawn from the seed."""

    seed: int = 0
    """0 or more. Decides everything that the other fields leave open."""
    size: int = 256
    """Width and height of a scene, pixels, 48 to 1024."""
    pixel_m: float = 10.0
    """Edge of a pixel, metres, 3 to 30."""
    oversample: int = 3
    """Rendering cells along the edge of a pixel, 2 to 4: how finely edges are mixed."""
    start: dt.date = dt.date(2020, 1, 1)
    """First day of the record."""
    years: float = 3.0
    """Length of the record, 0.25 to 12."""
    looks: int | None = 150
    """Scenes in the record, at most one a pass (the cloudiest passes go first, as a catalog search with a limit on
    cloud would have it); None: every pass."""
    climate: str | None = None
    """temperate, continental, mediterranean, semiarid or monsoon."""
    latitude: float | None = None
    """Degrees north, -60 to 65."""
    longitude: float | None = None
    """Degrees east, -180 to 180."""
    cloudiness: float | None = None
    """Mean share of the sky that is cloud over all passes, 0 to 0.9; None: as the climate has it by season."""
    snow: bool = True
    """False: it never snows, whatever the climate."""
    permanent: int = 10
    """Buildings erected for good. This and the next four are upper limits: what finds no free ground is left out."""
    temporary: int = 14
    """Structures that stand once, for `shortest_stay` to 420 days."""
    recurring: int = 3
    """Places where a structure stands again and again (two to six times each, as the record's length allows)."""
    shortest_stay: float = 45.0
    """Days that a temporary structure stands at least, 5 to 200. In most climates a satellite sees one that stands for
    less than a month on two clear looks or fewer; recipes that want to try that say so."""
    least_contrast: float = 0.05
    """What is built differs at least this much from its ground: root mean square over the bands of the reflectance
    averaged over the record, 0 to 0.2. What has the colour of its ground shows in no image."""
    demolitions: int = 5
    """Buildings that stand at the start and are torn down."""
    distractors: int = 7
    """Real changes that are no structures: clear-cuts, burns, resurfaced yards, earthworks, new roofs."""
    clutter: float = 1.0
    """How full the yards are of vehicles and containers that come and go, 0 to 2."""
    jitter_px: float = 0.25
    """Standard deviation of the registration error along each axis, pixels, 0 to 2."""
    mask_missed: float = 0.03
    """Share of cloud inside which the mask sees none, 0 to 0.5; missed edges come on top."""

    def __post_init__(self) -> None:
        ranges: dict[str, tuple[float | None, float, float]] = {
            "seed": (self.seed, 0, math.inf),
            "size": (self.size, 48, 1024),
            "pixel_m": (self.pixel_m, 3, 30),
            "oversample": (self.oversample, 2, 4),
            "years": (self.years, 0.25, 12),
            "looks": (self.looks, 1, math.inf),
            "latitude": (self.latitude, -60, 65),
            "longitude": (self.longitude, -180, 180),
            "cloudiness": (self.cloudiness, 0, 0.9),
            "permanent": (self.permanent, 0, 1000),
            "temporary": (self.temporary, 0, 1000),
            "recurring": (self.recurring, 0, 1000),
            "shortest_stay": (self.shortest_stay, 5, 200),
            "least_contrast": (self.least_contrast, 0, 0.2),
            "demolitions": (self.demolitions, 0, 1000),
            "distractors": (self.distractors, 0, 1000),
            "clutter": (self.clutter, 0, 2),
            "jitter_px": (self.jitter_px, 0, 2),
            "mask_missed": (self.mask_missed, 0, 0.5),
        }
        for name, (value, low, high) in ranges.items():
            if value is not None and not low <= value <= high:
                raise OptionError(f"a recipe's {name} must be {low:g} to {high:g}, got {value}")
        if self.climate is not None and self.climate not in CLIMATES:
            raise OptionError(f"a recipe's climate must be one of {', '.join(CLIMATES)}, got {self.climate!r}")

    def null(self) -> Recipe:
        """The same world without a single structure going up or down; distractors, clutter and weather stay."""
        return replace(self, permanent=0, temporary=0, recurring=0, demolitions=0)

    def draw(self, *subject: object) -> np.random.Generator:
        """A generator for one subject alone, so that more of one thing does not reshuffle the others."""
        return np.random.default_rng([self.seed, crc32("/".join(map(str, subject)).encode())])
