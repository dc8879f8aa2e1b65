"""The looks of a site on one grid, and what each of them gave."""

from __future__ import annotations

import datetime as dt
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import shapely
import xarray as xr
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords
from pyproj import Transformer
from rasterio.errors import NotGeoreferencedWarning
from shapely.geometry import Polygon

from sitewatch.archive import Chip, Faulty, Scene
from sitewatch.cube._look import Look, Outcome
from sitewatch.cube._masks import Cause
from sitewatch.cube._move import move_back
from sitewatch.cube._normalise import normalise
from sitewatch.cube._radiometry import STEP, missing_constant
from sitewatch.cube._read import Reading, read_chip
from sitewatch.cube._register import measure_shifts, settle
from sitewatch.cube._screen import screen
from sitewatch.errors import SceneError, SiteError
from sitewatch.site import Site, area_mask, site_grid

__all__ = ["MIN_CLEAR_SHARE", "Readings", "look_of_faulty", "look_outside", "read_cube", "visible_bands"]

MIN_CLEAR_SHARE = 0.1
"""A look is *used* when at least this share of what the images can show of the site was seen clear."""

MAX_UNSURE_PX = 0.5
"""A look is used when its position is known better than this (standard deviation along an axis), pixels."""

_PASS = dt.timedelta(minutes=10)
"""Tiles of one pass are seconds to minutes apart; the next pass of the same satellite comes 100 minutes later."""

_WORKERS = 4

MAX_CUBE_BYTES = 6 * 2**30
"""Largest cube that is built, as float32; the search takes about as much again."""

_LOWEST, _HIGHEST = -0.15, 1.6
"""Range of a look's usual reflectance; snow under a low sun reaches 1.2, a forgotten scale 1 000 and more."""

Progress = Callable[[int, int], None]
"""Called with (done, of) as chips are read."""


@dataclass(frozen=True, kw_only=True)
class Readings:
    """What all chips of a site gave."""

    cube: xr.Dataset | None
    """Used looks only, dims `time, band, y, x`, sorted by time: `reflectance` (float32, 0-1, NaN where nothing was
    measured) and `valid` (bool, True = ground seen; numpy.ma means the opposite). Coordinates `time` (capture, UTC),
    `time_end` (the same, but the end of the day where only the date is known), `scene` (id), `sensor`, `band`, `y`,
    `x`; `attrs["units"]` is "reflectance", or "picture" for 8-bit pictures scaled to 0-1; `attrs["latitude"]`
    is that of the site's centre, degrees north. None: no look was used."""
    looks: tuple[Look, ...]
    """One per chip, sorted by capture time, then scene id."""


@dataclass(frozen=True)
class Shift:
    """A measured shift, metres."""

    metres: float
    sigma: float
    """Standard error along an axis."""


@dataclass(frozen=True)
class _Pass:
    """Chips of one pass, mosaicked where they overlap: the first in the order of scene ids lies on top."""

    chips: tuple[Chip, ...]
    shift: Shift | None = None
    """How far it lay from the stack before it was moved there; None: not measured."""
    remark: str = ""
    """What was mended, for its looks."""

    @property
    def scene(self) -> Scene:
        return self.chips[0].scene


_TAKEN_OFF = f"{STEP:g} (1000 DN) taken off in all bands: not all looks carry it, and its metadata do not tell"
_ADDED = f"{STEP:g} (1000 DN) added in all bands: it was taken off though it was not there"


def read_cube(
    site: Site, chips: Sequence[Chip], *, pixel: float | None = None, progress: Progress | None = None
) -> Readings:
    """Read, mask, normalise and gate all chips of a site.

    One cube holds one sensor: the one with most scenes. Scenes of other sensors, and scenes that lack a band which most
    have, are *rejected* with that reason. Tiles of one pass are mosaicked to one look.

    Args:
        site: the watched place.
        chips: its chips; at least one.
        pixel: edge of a pixel in metres; default that of the images.
        progress: called as chips are read.

    Raises:
        SiteError: the outline touches none of the images, or the cube would exceed `MAX_CUBE_BYTES`.
    """
    family, _ = Counter(_family(chip) for chip in sorted(chips, key=_order)).most_common(1)[0]
    own = [chip for chip in sorted(chips, key=_order) if _family(chip) == family]
    looks = [
        _look(
            chip, Outcome.REJECTED, f"one cube holds one sensor and most scenes here are {family}; watch this one apart"
        )
        for chip in chips
        if _family(chip) != family
    ]
    bands = _common_bands(own)
    lacking = {chip.scene.id: sorted(set(bands) - {b.name for b in chip.bands}) for chip in own}
    looks += [
        _look(chip, Outcome.REJECTED, f"has no band {', '.join(missing)}, which the looks of the cube have")
        for chip in own
        if (missing := lacking[chip.scene.id])
    ]
    own = [chip for chip in own if not lacking[chip.scene.id]]
    grid = site_grid(site, [_finest(chip) for chip in own], pixel=pixel)
    inside = area_mask(site.outline, grid)
    _refuse_too_large(site, len(own), len(bands), grid)
    picture = _is_picture(own[0])
    stack, failed = _read_all(_passes(own), bands, grid, progress)
    looks += failed
    if picture:
        stack = replace(stack, values=normalise(stack.values, stack.causes == Cause.SEEN))
    else:
        stack, odd = _without_odd_values(stack)
        looks += odd
        stack = _levelled(stack)
    stack, unsure = _registered(stack, visible_bands(bands), pixel_m=abs(grid.affine.a))
    looks += unsure
    if not stack.passes:
        return Readings(cube=None, looks=tuple(sorted(looks, key=lambda look: look.order)))
    unlike = screen(stack.values[:, visible_bands(bands)].mean(axis=1), stack.causes == Cause.SEEN)
    stack.causes[unlike] = Cause.SCREENED
    shown = inside & (stack.causes != Cause.OUTSIDE).any(axis=0)
    used = np.zeros(len(stack.passes), dtype=bool)
    for i, one in enumerate(stack.passes):
        causes = stack.causes[i]
        share = float((causes[inside] == Cause.SEEN).mean())
        enough = (causes[shown] == Cause.SEEN).mean() if shown.any() else 0.0
        used[i] = enough >= MIN_CLEAR_SHARE
        for chip in one.chips:
            outcome = Outcome.USED if used[i] else Outcome.COULD_NOT_SEE
            reason = _remark(one, chip) if used[i] else _why_hidden(causes[inside])
            looks.append(_look(chip, outcome, reason, clear_share=share, shift=one.shift))
    cube = _dataset(
        stack.only(used),
        bands=bands,
        grid=grid,
        units="picture" if picture else "reflectance",
        latitude=float(site.outline.centroid.y),
    )
    return Readings(cube=cube, looks=tuple(sorted(looks, key=lambda look: look.order)))


def visible_bands(bands: Sequence[str]) -> list[int]:
    """Positions of the bands that make up brightness to the eye: red, green, blue where there are any, else all."""
    return [i for i, name in enumerate(bands) if name in ("red", "green", "blue")] or list(range(len(bands)))


def look_of_faulty(faulty: Faulty, *, recorded: dt.datetime) -> Look:
    """The look of a scene that could not be read (*failed*), or was listed twice or not placed (*rejected*)."""
    return Look(
        scene=faulty.scene,
        sensor=faulty.sensor,
        captured=faulty.captured,
        whole_day=faulty.whole_day,
        published=faulty.published or recorded,
        published_is_recorded=faulty.published is None,
        outcome=Outcome.REJECTED if faulty.duplicate or faulty.unplaced else Outcome.FAILED,
        reason=faulty.reason,
    )


def look_outside(scene: Scene, *, recorded: dt.datetime) -> Look:
    """The look of a scene whose image shows nothing of the site."""
    return Look(
        scene=scene.id,
        sensor=scene.sensor,
        captured=scene.captured,
        whole_day=scene.whole_day,
        published=scene.published or recorded,
        published_is_recorded=scene.published is None,
        outcome=Outcome.COULD_NOT_SEE,
        reason="the image shows nothing of the site",
        clear_share=0.0,
        credit=scene.credit,
    )


def _order(chip: Chip) -> tuple[dt.datetime, str]:
    return chip.scene.captured, chip.scene.id


def _look(
    chip: Chip, outcome: Outcome, reason: str, *, clear_share: float | None = None, shift: Shift | None = None
) -> Look:
    scene = chip.scene
    return Look(
        scene=scene.id,
        sensor=scene.sensor,
        captured=scene.captured,
        whole_day=scene.whole_day,
        published=scene.published or chip.recorded,
        published_is_recorded=scene.published is None,
        outcome=outcome,
        reason=reason,
        clear_share=None if clear_share is None else round(clear_share, 4),
        shift_m=None if shift is None else round(shift.metres, 2),
        shift_sigma_m=None if shift is None else round(shift.sigma, 2),
        footprint=_footprint(_finest(chip)),
        credit=scene.credit,
    )


def _family(chip: Chip) -> str:
    """What can be compared with each other: one sensor's reflectance, or its 8-bit pictures."""
    return f"{chip.scene.sensor} {'pictures' if _is_picture(chip) else 'reflectance'}"


def _is_picture(chip: Chip) -> bool:
    measured = [band for band in chip.bands if not band.is_mask]
    return all(band.dtype == "uint8" and (band.scale, band.offset) == (1.0, 0.0) for band in measured)


def _common_bands(chips: Sequence[Chip]) -> tuple[str, ...]:
    """The set of bands, of those that scenes have, with which most is measured; in the order of the spectrum."""
    sets = Counter(frozenset(band.name for band in chip.bands if not band.is_mask) for chip in chips)

    def worth(bands: frozenset[str]) -> tuple[int, int, list[str]]:
        """Measurements that the cube would hold; between equals the set with more bands, then the alphabet."""
        scenes = sum(count for have, count in sets.items() if bands <= have)
        return scenes * len(bands), len(bands), sorted(bands)

    often = max(sets, key=worth)
    spectrum = ("coastal", "blue", "green", "yellow", "red", "rededge", "nir", "nir08", "nir09", "swir16", "swir22")
    return tuple(sorted(often, key=lambda n: (spectrum.index(n) if n in spectrum else len(spectrum), n)))


def _finest(chip: Chip) -> GeoBox:
    grids = [band.grid for band in chip.bands if not band.is_mask]
    return min(grids, key=lambda g: abs(g.affine.determinant))


def _footprint(grid: GeoBox) -> Polygon:
    if grid.crs is None:
        raise ValueError("a chip's grid has a coordinate system")
    to_degrees = Transformer.from_crs(grid.crs.proj, "EPSG:4326", always_xy=True)
    corners = np.asarray(shapely.box(*grid.boundingbox.bbox).exterior.coords)
    lon, lat = to_degrees.transform(corners[:, 0], corners[:, 1])
    return Polygon(np.round(np.column_stack([lon, lat]), 7))


def _factor(chip: Chip) -> float:
    """What a chip's values are multiplied with on top of their own scale."""
    if _is_picture(chip):
        return 1 / 255
    measured = [band for band in chip.bands if not band.is_mask]
    untold = all((band.scale, band.offset) == (1.0, 0.0) and band.dtype in ("uint16", "int16") for band in measured)
    # Integers of which nobody tells a scale are most often reflectance times 10 000; what is not is rejected below.
    return 1e-4 if untold else 1.0


def _refuse_too_large(site: Site, looks: int, bands: int, grid: GeoBox) -> None:
    need = 4 * looks * bands * grid.shape[0] * grid.shape[1]
    if need > MAX_CUBE_BYTES:
        raise SiteError(
            f"site {site.id!r} needs a cube of {looks} looks x {bands} bands x {grid.shape[1]} x {grid.shape[0]} px, "
            f"{need / 2**30:.0f} GiB, more than {MAX_CUBE_BYTES >> 30}; split the site, shorten the period, or use a "
            "coarser --pixel"
        )


def _passes(chips: Sequence[Chip]) -> list[_Pass]:
    """Chips grouped by pass: same platform and orbit, captured within minutes; whole-day scenes stay apart."""
    groups: list[list[Chip]] = []
    for chip in chips:
        scene = chip.scene
        last = groups[-1][0].scene if groups else None
        same = (
            last is not None
            and scene.platform is not None
            and (scene.platform, scene.orbit) == (last.platform, last.orbit)
            and not (scene.whole_day or last.whole_day)
            and scene.captured - last.captured <= _PASS
        )
        if same:
            groups[-1].append(chip)
        else:
            groups.append([chip])
    return [_Pass(tuple(sorted(group, key=lambda c: c.scene.id))) for group in groups]


@dataclass(frozen=True)
class _Stack:
    """Passes and their pixels, in time order."""

    passes: tuple[_Pass, ...]
    values: NDArray[np.float32]
    """(pass, band, y, x)"""
    causes: NDArray[np.uint8]
    """(pass, y, x)"""

    def only(self, keep: NDArray[np.bool_]) -> _Stack:
        """The passes where `keep` is True."""
        if keep.all():
            return self
        passes = tuple(one for one, kept in zip(self.passes, keep, strict=True) if kept)
        return _Stack(passes, self.values[keep], self.causes[keep])


def _read_all(
    passes: Sequence[_Pass], bands: Sequence[str], grid: GeoBox, progress: Progress | None
) -> tuple[_Stack, list[Look]]:
    """Read every pass in parallel, each into its own place; chips that cannot be read become failed looks."""
    values = np.empty((len(passes), len(bands), *grid.shape), dtype=np.float32)
    causes = np.empty((len(passes), *grid.shape), dtype=np.uint8)

    def read(number: int) -> tuple[_Pass | None, list[Look]]:
        parts: list[Reading] = []
        good: list[Chip] = []
        failed: list[Look] = []
        for chip in passes[number].chips:
            try:
                parts.append(read_chip(chip, bands, grid, scale=_factor(chip)))
                good.append(chip)
            except SceneError as error:
                failed.append(_look(chip, Outcome.FAILED, str(error)))
        if not good:
            return None, failed
        whole = _mosaic(parts)
        values[number], causes[number] = whole.values, whole.causes
        return _Pass(tuple(good)), failed

    kept: list[_Pass | None] = []
    looks: list[Look] = []
    with warnings.catch_warnings(), ThreadPoolExecutor(_WORKERS) as pool:
        # Warping makes rasters in memory that have no place of their own. Filters are the process's and threads may not
        # set them, so they are set once, here.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        for done, (one, failed) in enumerate(pool.map(read, range(len(passes))), start=1):
            kept.append(one)
            looks += failed
            if progress is not None:
                progress(done, len(passes))
    found = np.array([one is not None for one in kept], dtype=bool)
    if not found.all():
        values, causes = values[found], causes[found]
    return _Stack(tuple(one for one in kept if one is not None), values, causes), looks


def _levelled(stack: _Stack) -> _Stack:
    """Take off (or give back) a constant that only some looks carry."""
    add = missing_constant(stack.values, stack.causes == Cause.SEEN)
    passes = list(stack.passes)
    for i in np.flatnonzero(add):
        stack.values[i] += add[i]
        passes[i] = replace(passes[i], remark=_ADDED if add[i] > 0 else _TAKEN_OFF)
    return replace(stack, passes=tuple(passes))


def _registered(stack: _Stack, visible: Sequence[int], *, pixel_m: float) -> tuple[_Stack, list[Look]]:
    """Move every look onto the stack; reject those of which nobody can say where they lie."""
    days = np.array([one.scene.captured.timestamp() / 86_400 for one in stack.passes])
    shifts = measure_shifts(stack.values[:, visible].mean(axis=1), stack.causes == Cause.SEEN, days)
    settled = settle(shifts)
    sure = settled.sigma <= MAX_UNSURE_PX
    passes: list[_Pass] = []
    looks: list[Look] = []
    for i, one in enumerate(stack.passes):
        shift = None
        if np.isfinite(shifts.sigma[i]):
            metres = float(np.hypot(*shifts.offset[i])) * pixel_m
            shift = Shift(metres=metres, sigma=float(shifts.sigma[i]) * pixel_m)
        passes.append(replace(one, shift=shift))
        if not sure[i]:
            reason = _why_unsure(shift, left_m=float(settled.sigma[i]) * pixel_m)
            looks += [_look(chip, Outcome.REJECTED, reason, shift=shift) for chip in one.chips]
    move_back(stack.values, stack.causes, np.where(sure[:, None], settled.offset, 0.0))
    return replace(stack, passes=tuple(passes)).only(sure), looks


def _why_unsure(shift: Shift | None, *, left_m: float) -> str:
    if shift is None:
        return (
            f"too little of it shows edges to tell where it lies, and looks here lie some {left_m:.0f} m off as a rule"
        )
    return f"it seems to lie {shift.metres:.0f} m off, too far or too unsure (+-{shift.sigma:.0f} m) to be moved back"


def _without_odd_values(stack: _Stack) -> tuple[_Stack, list[Look]]:
    """Reject what cannot be reflectance: a scale that nobody told."""
    looks: list[Look] = []
    keep = np.ones(len(stack.passes), dtype=bool)
    for i, one in enumerate(stack.passes):
        seen = stack.causes[i] == Cause.SEEN
        usual = float(np.median(stack.values[i][:, seen])) if seen.any() else 0.0
        if not _LOWEST <= usual <= _HIGHEST:
            keep[i] = False
            reason = (
                f"its usual value is {usual:.4g}, which is no reflectance; give its scale and offset in a STAC sidecar"
            )
            looks += [_look(chip, Outcome.REJECTED, reason) for chip in one.chips]
    return stack.only(keep), looks


def _mosaic(parts: Sequence[Reading]) -> Reading:
    values, causes = parts[0].values, parts[0].causes
    for part in parts[1:]:
        empty = causes == Cause.OUTSIDE
        values[:, empty] = part.values[:, empty]
        causes[empty] = part.causes[empty]
    return Reading(values=values, causes=causes)


def _remark(one: _Pass, chip: Chip) -> str:
    others = [c.scene.id for c in one.chips if c is not chip]
    passes = f"one pass with {', '.join(others)}" if others else ""
    return "; ".join(filter(None, (passes, chip.scene.remark, one.remark)))


def _why_hidden(causes: NDArray[np.uint8]) -> str:
    shares = {cause: float((causes == cause).mean()) for cause in Cause if cause is not Cause.SEEN}
    parts = [
        f"{cause.label} {share:.0%}" for cause, share in sorted(shares.items(), key=lambda s: -s[1]) if share > 0.005
    ]
    return "of the site: " + ", ".join(parts)


def _dataset(stack: _Stack, *, bands: Sequence[str], grid: GeoBox, units: str, latitude: float) -> xr.Dataset | None:
    if not stack.passes:
        return None
    scenes = [one.scene for one in stack.passes]
    start = np.array([s.captured.replace(tzinfo=None) for s in scenes], dtype="datetime64[ns]")
    day = np.timedelta64(86_399, "s")
    end = np.array([t + day if s.whole_day else t for s, t in zip(scenes, start, strict=True)], dtype="datetime64[ns]")
    return xr.Dataset(
        {
            "reflectance": (("time", "band", "y", "x"), stack.values),
            "valid": (("time", "y", "x"), stack.causes == Cause.SEEN),
        },
        coords={
            "time": ("time", start),
            "time_end": ("time", end),
            "scene": ("time", [s.id for s in scenes]),
            "sensor": ("time", [s.sensor for s in scenes]),
            "band": ("band", list(bands)),
            **xr_coords(grid),
        },
        attrs={"units": units, "latitude": latitude},
    )
