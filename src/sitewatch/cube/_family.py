"""What can be compared with each other: scenes of one sensor, one kind of values and, of radar, one relative orbit."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sitewatch.archive import Chip

__all__ = ["POLARISATIONS", "Family", "families", "is_picture", "is_radar"]

POLARISATIONS = ("vv", "vh", "hh", "hv")
"""Bands of radar: backscattered power (gamma0, linear) by the polarisation sent and received."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """Chips that make one cube."""

    name: str
    """In words, for reasons and files: "sentinel-2 reflectance", "sentinel-1 backscatter, relative orbit 137"."""
    chips: tuple[Chip, ...]
    """At least one, by capture time, then scene id."""

    @property
    def units(self) -> str:
        """Of its cube: "reflectance", "picture" or "backscatter"."""
        if is_radar(self.chips[0]):
            return "backscatter"
        return "picture" if is_picture(self.chips[0]) else "reflectance"


def families(chips: Sequence[Chip]) -> tuple[Family, ...]:
    """Sort chips into families, the one with most scenes first (between equals, the one that was seen first)."""
    groups: dict[str, list[Chip]] = defaultdict(list)
    for chip in sorted(chips, key=_order):
        groups[_name(chip)].append(chip)
    ordered = sorted(groups.items(), key=lambda item: -len(item[1]))
    return tuple(Family(name=name, chips=tuple(group)) for name, group in ordered)


def is_picture(chip: Chip) -> bool:
    """True for 8-bit pictures, whose values have no physical unit."""
    measured = [band for band in chip.bands if not band.is_mask]
    return all(band.dtype == "uint8" and (band.scale, band.offset) == (1.0, 0.0) for band in measured)


def is_radar(chip: Chip) -> bool:
    """True for scenes that hold a polarisation of radar."""
    return any(band.name in POLARISATIONS for band in chip.bands)


def _name(chip: Chip) -> str:
    sensor = chip.scene.sensor
    if is_radar(chip):
        # Another orbit looks from another side under another angle: walls and layover lie elsewhere, and every
        # comparison across orbits is a change.
        orbit = chip.scene.orbit
        return f"{sensor} backscatter, " + ("orbit not told" if orbit is None else f"relative orbit {orbit}")
    return f"{sensor} {'pictures' if is_picture(chip) else 'reflectance'}"


def _order(chip: Chip) -> tuple[dt.datetime, str]:
    return chip.scene.captured, chip.scene.id
