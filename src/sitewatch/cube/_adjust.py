"""One optical family's looks brought to another's: laid on it, calibrated to it, put on its grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sitewatch.cube._bandpass import published_line
from sitewatch.cube._between import Nesting, Sides, sides_of
from sitewatch.cube._calibrate import LEAST_PIXELS, Calibration, Pair, calibrate, unlike
from sitewatch.cube._cube import Readings, visible_bands
from sitewatch.cube._register import MAX_SHIFT_PX, median_image, track_image

__all__ = ["Adjustment", "Both", "adjusted", "bands_of", "fit", "pixel_of", "positions"]

_NEAR_DAYS = 40.0
"""A look whose nearest look of the other family is farther away does not calibrate: seasons lie between."""
_PAIRS = 30
"""Pairs that calibrate: those nearest in time."""
_LEAST_PAIRS = 3
_PAIR_PIXELS = 60_000
"""About so many pixels of a pair are held, evenly spread: many more than two numbers a band need."""
_OWN_LOOKS = 10
"""Looks that tell how unlike a family's looks are among themselves."""
_MOST_UNLIKE = 2.0
"""Adjusted looks may differ from the other family's so many times as much as those do among themselves."""
_ALIKE = 0.01
"""Reflectance; looks that differ by less are as good as equal, however alike the others are."""
_UNSURE_PX = 0.5
"""Standard error of the offset between two stacks from which they are not laid together, the coarser one's pixels."""
_REFERENCE_LOOKS = 41
_ROUNDS = 3
"""The offset is measured again after it was taken off: what is left is measured without interpolation."""


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """How one family's looks were brought to another's."""

    family: str
    looks: int
    pixel_m: float
    """Edge of its own pixels, metres."""
    bands: tuple[str, ...]
    calibration: Calibration
    offset: NDArray[np.float64]
    """(2,) pixels of the finer of both grids along y and x; see `Nesting.averaged`."""
    shift_m: float
    """How far the stacks lie apart, metres; taken off."""
    shift_sigma_m: float
    """Its standard error along an axis, metres; infinite where the ground shows no edges: then nothing is taken off."""

    @property
    def numbers(self) -> NDArray[np.float64]:
        """(band + 1, 2) gain and offset of each band, then `offset`: all that the looks' pixels depend on."""
        return np.vstack([np.column_stack([self.calibration.gain, self.calibration.offset]), self.offset])

    def document(self) -> dict[str, object]:
        """For the head of structures.geojson."""
        fit = self.calibration

        def by_band(values: NDArray[np.float64]) -> dict[str, float]:
            return {name: round(float(value), 4) for name, value in zip(self.bands, values, strict=True)}

        measured = np.isfinite(self.shift_sigma_m)
        return {
            "family": self.family,
            "looks": self.looks,
            "pixel_m": round(self.pixel_m, 4),
            "pairs": fit.pairs,
            "gain": by_band(fit.gain),
            "offset": by_band(fit.offset),
            "residual": by_band(fit.residual),
            "shift_m": round(self.shift_m, 2) if measured else None,
            "shift_sigma_m": round(self.shift_sigma_m, 2) if measured else None,
        }


@dataclass(frozen=True, kw_only=True)
class Both:
    """The cubes of two families, of which the second is to be brought to the first."""

    base: xr.Dataset
    other: xr.Dataset
    bands: tuple[str, ...]
    nesting: Nesting
    """Of the coarser grid in the finer one."""
    coarser: bool
    """True: the other's pixels are coarser than the base's."""

    @classmethod
    def of(cls, base: Readings, other: Readings, bands: Sequence[str]) -> Both | None:
        """None where their pixels do not lie whole in each other."""
        assert base.cube is not None
        assert other.cube is not None
        coarser = pixel_of(other) > 1.01 * pixel_of(base)
        nesting = Nesting.of(base.grid, other.grid) if coarser else Nesting.of(other.grid, base.grid)
        if nesting is None:
            return None
        return cls(base=base.cube, other=other.cube, bands=tuple(bands), nesting=nesting, coarser=coarser)

    def look(self, number: int) -> NDArray[np.float32]:
        """(band, y, x) of one look of the other, NaN where the ground was not seen."""
        return _seen(self.other, positions(self.other, self.bands), number)

    def sides(self, moment: np.datetime64, *, leave: int | None = None) -> Sides:
        """The base's ground before and after a moment."""
        return sides_of(self.base, positions(self.base, self.bands), moment, leave=leave)

    def on_coarser(
        self, look: NDArray[np.float32], ground: NDArray[np.float32], offset: NDArray[np.float64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """A look of the other and the base's ground, both in the coarser pixels of the two."""
        if self.coarser:
            return look, self.nesting.averaged(ground, offset)
        return self.nesting.averaged(look, offset), ground


def bands_of(cube: xr.Dataset) -> list[str]:
    """Names of a cube's bands, in their order."""
    return [str(name) for name in cube["band"].values]


def pixel_of(one: Readings) -> float:
    """Edge of a family's pixels, metres."""
    return abs(float(one.grid.affine.a))


def positions(cube: xr.Dataset, bands: Sequence[str]) -> NDArray[np.intp]:
    """Where a cube has some bands."""
    have = bands_of(cube)
    return np.array([have.index(name) for name in bands], dtype=np.intp)


def _seen(cube: xr.Dataset, bands: NDArray[np.intp], number: int) -> NDArray[np.float32]:
    """(band, y, x) of one look, NaN where the ground was not seen."""
    values = cube["reflectance"].values[number][bands].astype(np.float32)
    values[:, ~cube["valid"].values[number]] = np.nan
    return np.asarray(values)


def fit(base: Readings, other: Readings, bands: Sequence[str]) -> tuple[Both, Adjustment] | str:
    """How another family's looks are brought to the base's, or why they cannot be."""
    finer_m, coarser_m = sorted((pixel_of(base), pixel_of(other)))
    both = Both.of(base, other, bands)
    if both is None:
        return (
            f"pixels of {coarser_m:.3g} m are not made of whole ones of {finer_m:.3g} m: both lie on the main sensor's "
            "grid, not on each other's"
        )
    offset, sigma = _apart(both)
    far = float(np.hypot(*offset))
    times = both.nesting.times
    if np.isfinite(sigma) and (sigma > _UNSURE_PX * times or far > MAX_SHIFT_PX * times):
        return (
            f"it seems to lie {far * finer_m:.0f} m off, too far or too unsure (+-{sigma * finer_m:.0f} m) to be moved"
        )
    pairs, near = _pairs(both, offset)
    lines = calibrate(pairs, [published_line(of=other.family, onto=base.family, band=name) for name in bands])
    if lines.pairs < _LEAST_PAIRS:
        told = f"{near} of its looks lie within {_NEAR_DAYS:.0f} days of one of the other's"
        if near >= _LEAST_PAIRS:
            told += f", and with {lines.pairs} of them it shares {LEAST_PIXELS} pixels of seen ground"
        return f"{told}; {_LEAST_PAIRS} are needed to tell its gain"
    if why := _why_unlike(lines, _own(both), bands, base.family):
        return why
    return both, Adjustment(
        family=other.family,
        looks=int(both.other.sizes["time"]),
        pixel_m=pixel_of(other),
        bands=tuple(bands),
        calibration=lines,
        offset=offset,
        shift_m=far * finer_m,
        shift_sigma_m=sigma * finer_m,
    )


def _apart(both: Both) -> tuple[NDArray[np.float64], float]:
    """How far the two stacks lie apart, (2,) pixels of the finer grid, and its standard error.

    The median looks of both are compared as the coarse sensor sees them, the means of the finer one being taken where
    its ground lies by what was found so far; and both spread over the fine grid, as a small place has too few coarse
    pixels to measure on. What is left in the end is nothing, and so is what spreading did to it. (0, 0) and infinite
    where nothing could be measured.
    """
    cubes = (both.base, both.other) if both.coarser else (both.other, both.base)
    visible = [both.bands[i] for i in visible_bands(both.bands)]
    fine, coarse = (_median_brightness(cube, visible) for cube in cubes)
    nesting, still = both.nesting, np.zeros(2)
    spread = nesting.spread(coarse[None], still)[0]
    offset, sigma = still, np.inf
    for _ in range(_ROUNDS):
        found, sigma = track_image(spread, nesting.spread(nesting.averaged(fine[None], offset), still)[0])
        if not np.isfinite(sigma):
            return still, np.inf
        # What the coarse one shows at x + found, the mean shows at x, and the fine one at x + offset.
        offset = offset - found
    return offset, sigma


def _median_brightness(cube: xr.Dataset, bands: Sequence[str]) -> NDArray[np.float32]:
    """(y, x) median over the clearest look of each stretch of the record."""
    share = cube["valid"].values.mean(axis=(1, 2))
    stretches = np.array_split(np.arange(len(share)), min(len(share), _REFERENCE_LOOKS))
    clearest = [int(stretch[np.argmax(share[stretch])]) for stretch in stretches]
    chosen = positions(cube, bands)
    return median_image(np.stack([_seen(cube, chosen, number).mean(axis=0) for number in clearest]))


def _pairs(both: Both, offset: NDArray[np.float64]) -> tuple[list[Pair], int]:
    """The other's looks nearest in time to one of the base's, each beside what the base shows for that day.

    And how many are near enough, whether they see the same ground or not.
    """
    mine, its = both.base["time"].values, both.other["time"].values
    gaps = np.array([np.abs(mine - time).min() / np.timedelta64(1, "D") for time in its])
    nearest = np.argsort(gaps, kind="stable")
    nearest = nearest[gaps[nearest] <= _NEAR_DAYS]
    pairs: list[Pair] = []
    for number in nearest.tolist():
        if len(pairs) == _PAIRS:
            break
        look, ground = both.on_coarser(both.look(number), both.sides(its[number]).usual, offset)
        if np.isfinite(look[0] + ground[0]).sum() < LEAST_PIXELS:
            continue
        step = max(1, round(np.sqrt(look[0].size / _PAIR_PIXELS)))
        look, ground = (np.ascontiguousarray(image[:, ::step, ::step]) for image in (look, ground))
        pairs.append(Pair(look=_flat(look), onto=_flat(ground)))
    return pairs, len(nearest)


def _own(both: Both) -> NDArray[np.float64]:
    """(band,) how unlike the base's looks are to what its others make of their days, in the coarser pixels."""
    times = both.base["time"].values
    some = np.unique(np.linspace(0, len(times) - 1, min(_OWN_LOOKS, len(times))).round().astype(np.intp))
    rows = []
    for number in some.tolist():
        look = _seen(both.base, positions(both.base, both.bands), number)
        ground = both.sides(times[number], leave=number).usual
        if both.coarser:
            look, ground = (both.nesting.averaged(image, np.zeros(2)) for image in (look, ground))
        rows.append(unlike(_flat(look), _flat(ground)))
    known = np.array([row for row in rows if np.isfinite(row).all()])
    return np.asarray(np.median(known, axis=0)) if len(known) else np.zeros(len(both.bands))


def _flat(image: NDArray[np.float32]) -> NDArray[np.float32]:
    return image.reshape(len(image), -1)


def _why_unlike(fit: Calibration, own: NDArray[np.float64], bands: Sequence[str], base: str) -> str:
    """Why adjusted looks are too unlike the base's; empty: they are not."""
    beyond = fit.residual / np.maximum(_MOST_UNLIKE * own, _ALIKE)
    worst = int(np.argmax(np.where(np.isfinite(beyond), beyond, np.inf)))
    if beyond[worst] <= 1:
        return ""
    return (
        f"in {bands[worst]} its adjusted looks still differ by {fit.residual[worst]:.3f} (standard deviation), where "
        f"those of {base} differ by {own[worst]:.3f} among themselves"
    )


def adjusted(both: Both, how: Adjustment, number: int) -> NDArray[np.float32]:
    """(band, y, x) one look of the other on the base's grid, NaN where the ground is not known.

    With b and a the base's ground before and after that day in coarse pixels, and y the calibrated look, the share w of
    the way from b to a is, for each coarse pixel, the minimum of |y - b - w (a - b)|^2 + s^2 (w - t)^2 over all bands:
    where b and a differ by no more than the residual s, w is the part t of the time that has passed.
    """
    fit = how.calibration
    look = both.look(number)
    look *= fit.gain[:, None, None].astype(np.float32)
    look += fit.offset[:, None, None].astype(np.float32)
    nesting = both.nesting
    if not both.coarser:
        return nesting.averaged(look, how.offset)
    sides = both.sides(both.other["time"].values[number])
    before, after = (nesting.averaged(image, how.offset) for image in (sides.before, sides.after))
    turn, left = after - before, look - before
    # What all pixels of a look share (haze) says nothing of how far the ground has come.
    away = _flat(left - np.float32(sides.part) * turn)
    known = np.isfinite(away).all(axis=0)
    haze = np.median(away[:, known], axis=1) if known.any() else np.zeros(len(left), dtype=np.float32)
    noise = np.float32((fit.residual**2).sum())
    along = ((left - haze[:, None, None]) * turn).sum(axis=0)
    share = np.clip((along + noise * np.float32(sides.part)) / ((turn**2).sum(axis=0) + noise), 0, 1)
    rest = nesting.spread(left - share * turn, how.offset)
    return np.asarray(sides.before + nesting.spread(share[None], how.offset) * (sides.after - sides.before) + rest)
