"""What things are made of, and what colour that is on a given day."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sitewatch.simulate._climate import Array, Weather

__all__ = ["BANDS", "MATERIALS", "PLANTS", "SNOW", "Colours", "Palette"]

BANDS = ("blue", "green", "red", "nir", "swir16", "swir22")
"""The rendered bands, in file order (Sentinel-2 B02, B03, B04, B08, B11, B12)."""

MATERIALS: dict[str, tuple[float, ...]] = {
    # Ground. Typical surface reflectance at 10-20 m, read off spectral libraries and level-2A scenes.
    "loam": (0.078, 0.110, 0.148, 0.225, 0.330, 0.285),
    "dark soil": (0.050, 0.068, 0.088, 0.140, 0.225, 0.190),
    "clay": (0.082, 0.125, 0.182, 0.270, 0.370, 0.310),
    "sand": (0.160, 0.225, 0.300, 0.370, 0.470, 0.425),
    "gravel": (0.150, 0.180, 0.210, 0.250, 0.310, 0.300),
    "asphalt": (0.085, 0.097, 0.110, 0.130, 0.165, 0.160),
    "old asphalt": (0.120, 0.138, 0.155, 0.182, 0.225, 0.215),
    "concrete": (0.195, 0.228, 0.255, 0.290, 0.325, 0.315),
    "rubble": (0.140, 0.170, 0.200, 0.245, 0.300, 0.285),
    "litter": (0.060, 0.078, 0.095, 0.180, 0.245, 0.165),
    "char": (0.030, 0.035, 0.042, 0.075, 0.120, 0.125),
    "water": (0.040, 0.042, 0.028, 0.014, 0.007, 0.005),
    "silty water": (0.065, 0.092, 0.080, 0.040, 0.014, 0.010),
    # Roofs, covers and the like.
    "white metal": (0.400, 0.425, 0.440, 0.460, 0.440, 0.400),
    "white membrane": (0.560, 0.590, 0.605, 0.600, 0.460, 0.370),
    "grey metal": (0.205, 0.222, 0.238, 0.265, 0.295, 0.285),
    "blue steel": (0.215, 0.185, 0.130, 0.210, 0.260, 0.225),
    "green steel": (0.075, 0.125, 0.090, 0.200, 0.235, 0.200),
    "red tile": (0.075, 0.105, 0.190, 0.265, 0.330, 0.310),
    "clay tile": (0.100, 0.150, 0.230, 0.310, 0.370, 0.345),
    "rusty metal": (0.055, 0.075, 0.130, 0.200, 0.290, 0.280),
    "tan metal": (0.200, 0.255, 0.300, 0.340, 0.350, 0.310),
    "fibre cement": (0.130, 0.150, 0.165, 0.190, 0.230, 0.220),
    "bitumen": (0.065, 0.074, 0.084, 0.105, 0.140, 0.140),
    "dark membrane": (0.045, 0.048, 0.052, 0.062, 0.085, 0.085),
    "solar panels": (0.060, 0.055, 0.055, 0.085, 0.130, 0.120),
    "white canvas": (0.500, 0.530, 0.545, 0.560, 0.400, 0.320),
    "tan canvas": (0.190, 0.245, 0.300, 0.370, 0.390, 0.340),
    "olive canvas": (0.060, 0.090, 0.085, 0.250, 0.250, 0.180),
    "frame": (0.120, 0.138, 0.155, 0.180, 0.220, 0.210),
    "slab": (0.255, 0.290, 0.315, 0.345, 0.355, 0.335),
}
"""Reflectance, 0-1, by band in the order of `BANDS`."""

PLANTS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "grass": ((0.032, 0.065, 0.040, 0.380, 0.200, 0.095), (0.080, 0.115, 0.145, 0.240, 0.315, 0.230)),
    "cereal": ((0.025, 0.055, 0.030, 0.450, 0.190, 0.085), (0.085, 0.125, 0.175, 0.300, 0.330, 0.240)),
    "rape": ((0.040, 0.105, 0.070, 0.440, 0.200, 0.100), (0.075, 0.110, 0.145, 0.270, 0.310, 0.220)),
    "maize": ((0.026, 0.058, 0.032, 0.470, 0.200, 0.085), (0.085, 0.120, 0.160, 0.270, 0.330, 0.250)),
    "deciduous": ((0.020, 0.046, 0.023, 0.380, 0.165, 0.070), (0.045, 0.060, 0.070, 0.150, 0.215, 0.145)),
    "evergreen": ((0.018, 0.032, 0.022, 0.220, 0.100, 0.045), (0.028, 0.044, 0.036, 0.200, 0.125, 0.060)),
    "shrub": ((0.028, 0.050, 0.040, 0.250, 0.165, 0.090), (0.070, 0.095, 0.120, 0.210, 0.280, 0.210)),
}
"""Reflectance of full cover, green and dry, by band in the order of `BANDS`."""

SNOW = np.array((0.82, 0.83, 0.81, 0.72, 0.11, 0.08), dtype=np.float32)
"""Reflectance of settled snow by band in the order of `BANDS`."""


@dataclass(kw_only=True)
class Palette:
    """Every surface of a world: the rendering raster holds indices into it. Grows while the world is built."""

    weather: Weather
    rows: list[dict[str, Array]] = field(default_factory=list)
    """One surface each, see `add`."""
    names: list[str] = field(default_factory=list)
    """Material or plant of each surface."""

    def add(
        self,
        material: str,
        rng: np.random.Generator,
        *,
        plant: str | None = None,
        green: Array | float = 0.0,
        dry: Array | float = 0.0,
        vary: float = 0.08,
        hue: float | None = None,
        tilt: float = 0.0,
        texture: float = 0.05,
        vigour: float = 0.0,
        thirst: float = 0.1,
        holds_snow: float = 0.8,
    ) -> int:
        """Add a surface and return its index.

        Args:
            material: what lies under the plants, if any; a key of `MATERIALS`.
            rng: where its own shade comes from.
            plant: a key of `PLANTS`.
            green: (days,) green cover, 0-1.
            dry: (days,) dry cover, 0-1.
            vary: relative standard deviation of its own shade.
            hue: relative standard deviation of its shade by band, one from another; None: a sixth of `vary`.
            tilt: standard deviation of the slope of its spectrum: the log of what its last band gains, its first loses.
            texture: relative standard deviation of its grain, cell by cell.
            vigour: how much the green cover varies across it, 0-1.
            thirst: how much it darkens when wet, 0-1.
            holds_snow: how well snow lies on it, 0-1.
        """
        days = len(self.weather.season)
        shade = np.exp(rng.normal(0, vary)) * np.exp(rng.normal(0, vary / 6 if hue is None else hue, len(BANDS)))
        shade *= np.exp(rng.normal(0, tilt) * np.linspace(-1, 1, len(BANDS)))
        tint = np.exp(rng.normal(0, 0.04, len(BANDS)))
        lush, withered = PLANTS[plant or "grass"]
        self.rows.append(
            {
                "bare": np.asarray(np.array(MATERIALS[material]) * shade, dtype=np.float32),
                "lush": np.asarray(np.array(lush) * tint, dtype=np.float32),
                "withered": np.asarray(np.array(withered) * tint, dtype=np.float32),
                "green": np.broadcast_to(np.asarray(green, dtype=np.float32), (days,)),
                "dry": np.broadcast_to(np.asarray(dry, dtype=np.float32), (days,)),
                "traits": np.array((texture, vigour, thirst, holds_snow, rng.normal(0, 0.015)), dtype=np.float32),
            }
        )
        self.names.append(plant or material)
        return len(self.rows) - 1

    def usual(self, surface: int) -> Array:
        """(band,) reflectance of a surface averaged over the record, without weather."""
        row = self.rows[surface]
        green, dry = row["green"][:, None], row["dry"][:, None]
        shown = row["lush"] * green + row["withered"] * dry + row["bare"] * np.clip(1 - green - dry, 0, 1)
        return np.asarray(shown.mean(axis=0), dtype=np.float32)

    def colours(self) -> Colours:
        """All surfaces as arrays, once nothing more is added."""
        stacked = {key: np.stack([row[key] for row in self.rows]) for key in self.rows[0]}
        return Colours(weather=self.weather, **stacked)


@dataclass(frozen=True, kw_only=True)
class Colours:
    """The finished palette; n surfaces."""

    weather: Weather
    bare: Array
    """(n, band) reflectance without plants."""
    lush: Array
    """(n, band) reflectance of full green cover."""
    withered: Array
    """(n, band) reflectance of full dry cover."""
    green: Array
    """(n, days) green cover, 0-1."""
    dry: Array
    """(n, days) dry cover, 0-1."""
    traits: Array
    """(n, 5): texture, vigour, thirst, hold on snow, fading per year; see `Palette.add`."""

    @property
    def holds_snow(self) -> Array:
        """(n,) how well snow lies on it, 0-1."""
        return np.asarray(self.traits[:, 3])

    def on(self, day: int, flicker: Array) -> tuple[Array, Array]:
        """Colours of one day.

        Args:
            day: day of the record, from 0.
            flicker: (n,) passing deviation of each surface's brightness: dust, dew, litter.

        Returns:
            (band, n) reflectance, and (band, n) what one standard deviation of vigour adds to it.
        """
        green, dry = self.green[:, day, None], self.dry[:, day, None]
        _, vigour, thirst, _, fading = (self.traits[:, i, None] for i in range(5))
        wet = 1 - thirst * self.weather.wet[day] * np.linspace(0.8, 1.3, len(BANDS), dtype=np.float32)
        aged = np.exp(fading * np.float32(day / 365.25))
        bare = self.bare * wet * aged
        other = np.where(dry > 0, (self.withered * dry + bare * (1 - green - dry)) / np.maximum(1 - green, 0.02), bare)
        base = self.lush * green + other * (1 - green)
        spread = (self.lush - other) * vigour * np.minimum(1, 5 * green * (1.05 - green))
        factor = np.exp(flicker)[:, None]
        return np.ascontiguousarray((base * factor).T), np.ascontiguousarray((spread * factor).T)
