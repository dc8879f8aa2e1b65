"""The looks of a site on one grid, and what each of them gave."""

from __future__ import annotations

import datetime as dt
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
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

from sitewatch.archive import MASK_BANDS, Chip, Faulty, Scene
from sitewatch.cube._backscatter import decibels, why_no_power
from sitewatch.cube._clear import hidden
from sitewatch.cube._family import POLARISATIONS, Family, families, is_picture, is_radar
from sitewatch.cube._look import Look, Outcome
from sitewatch.cube._masks import Cause
from sitewatch.cube._move import move_back
from sitewatch.cube._normalise import normalise
from sitewatch.cube._radiometry import STEP, missing_constant
from sitewatch.cube._read import Reading, read_chip
from sitewatch.cube._register import measure_shifts, settle
from sitewatch.cube._repair import ground_in_cloud
from sitewatch.cube._screen import screen
from sitewatch.errors import SceneError, SiteError
from sitewatch.site import Site, area_mask, nested_grid, site_grid

__all__ = [
    "MIN_CLEAR_SHARE",
    "Readings",
    "look_of_faulty",
    "look_outside",
    "read_cube",
    "read_family",
    "rejected",
    "visible_bands",
]

MIN_CLEAR_SHARE = 0.1
"""A look is *used* when at least this share of what the images can show of the site was seen clear."""

MAX_UNSURE_PX = 0.5
"""A look is used when its position is known better than this (standard deviation along an axis), pixels."""

_PASS = dt.timedelta(minutes=10)
"""Tiles of one pass are seconds to minutes apart; the next pass of the same satellite comes 100 minutes later."""

_WORKERS = 4
_EVERY = 7
"""One in so many pixels tells a look's usual value."""

MAX_CUBE_BYTES = 3 * 2**30
"""Largest cube that is built, as float16; the search takes about twice as much on top."""

_LOWEST, _HIGHEST = -0.15, 1.6
"""Range of a look's usual reflectance; snow under a low sun reaches 1.2, a forgotten scale 1 000 and more."""

Progress = Callable[[int, int], None]
"""Called with (done, of) as chips are read."""


@dataclass(frozen=True, kw_only=True)
class Readings:
    """What all chips of a site gave."""

    cube: xr.Dataset | None
    """Used looks only, dims `time, band, y, x`, sorted by time: `reflectance` (float16, 0-1, NaN where nothing was
    measured: half of the memory, and steps of at most 0.0005, a tenth of the noise; make it float32 before adding up)
    and `valid` (bool, True = ground seen; numpy.ma means the opposite). Coordinates `time` (capture, UTC),
    `time_end` (the same, but the end of the day where only the date is known), `scene` (id), `sensor`, `band`, `y`,
    `x`; `attrs["units"]` is "reflectance", "picture" for 8-bit pictures scaled to 0-1, or "backscatter" for radar:
    `reflectance` then holds gamma0 in decibels, whatever its name says; `attrs["latitude"]` is that of the site's
    centre, degrees north. None: no look was used."""
    looks: tuple[Look, ...]
    """One per chip, sorted by capture time, then scene id."""
    family: str
    """What the cube holds, in words: "sentinel-2 reflectance"."""
    grid: GeoBox
    """The cube's grid, whether a look was used or not."""


@dataclass(frozen=True)
class Fit:
    """How a look lies on the stack."""

    shift_m: float
    sigma_m: float
    """Standard error along an axis."""
    light: float
    haze: float


@dataclass(frozen=True)
class _Pass:
    """Chips of one pass, mosaicked where they overlap: the first in the order of scene ids lies on top."""

    chips: tuple[Chip, ...]
    fit: Fit | None = None
    """How it lay on the stack before it was moved there; None: not measured."""
    remark: str = ""
    """What was mended, for its looks."""

    @property
    def scene(self) -> Scene:
        return self.chips[0].scene


_SKY_MASKS = frozenset(MASK_BANDS) - {"valid"}
"""Bands that tell of clouds; the others tell only what was measured."""

_TAKEN_OFF = f"{STEP:g} (1000 DN) taken off in all bands: not all looks carry it, and its metadata do not tell"
_ADDED = f"{STEP:g} (1000 DN) added in all bands: it was taken off though it was not there"

_NO_ORBIT = (
    "its orbit is not told: looks from different sides may be mixed here, and their differences found as changes"
)


def read_cube(
    site: Site, chips: Sequence[Chip], *, pixel: float | None = None, progress: Progress | None = None
) -> Readings:
    """Read, mask, normalise and gate all chips of a site.

    One cube holds one family (`sitewatch.cube._family`): the one with most scenes. Scenes of others, and scenes that
    lack a band which most have, are *rejected* with that reason. Tiles of one pass are mosaicked to one look. Radar
    becomes decibels and passes no optical gate (`sitewatch.cube._backscatter` says why).

    Args:
        site: the watched place.
        chips: its chips; at least one.
        pixel: edge of a pixel in metres; default that of the images.
        progress: called as chips are read.

    Raises:
        SiteError: the outline touches none of the images, or the cube would exceed `MAX_CUBE_BYTES`.
    """
    family, *others = families(chips)
    readings = read_family(site, family, pixel=pixel, progress=progress)
    reason = f"one cube holds one sensor and most scenes here are {family.name}; watch this one apart"
    looks = [_look(chip, Outcome.REJECTED, reason) for other in others for chip in other.chips]
    return replace(readings, looks=_in_order([*looks, *readings.looks]))


def read_family(
    site: Site,
    family: Family,
    *,
    pixel: float | None = None,
    within: GeoBox | None = None,
    room: int = MAX_CUBE_BYTES,
    progress: Progress | None = None,
) -> Readings:
    """Read, mask, normalise and gate the chips of one family.

    Args:
        site: the watched place.
        family: its chips that can be compared with each other.
        pixel: edge of a pixel in metres; default that of the images.
        within: another family's grid, in which this one's is nested; None: this one makes the site's grid.
        room: largest cube that may be built, bytes.
        progress: called as chips are read.

    Raises:
        SiteError: the outline touches none of the images, or the cube would exceed `room`.
    """
    own = list(family.chips)
    looks: list[Look] = []
    bands = _common_bands(own)
    lacking = {chip.scene.id: sorted(set(bands) - {b.name for b in chip.bands}) for chip in own}
    looks += [
        _look(chip, Outcome.REJECTED, f"has no band {', '.join(missing)}, which the looks of the cube have")
        for chip in own
        if (missing := lacking[chip.scene.id])
    ]
    own = [chip for chip in own if not lacking[chip.scene.id]]
    images = [_finest(chip) for chip in own]
    grid = site_grid(site, images, pixel=pixel) if within is None else nested_grid(site, images, within=within)
    inside = area_mask(site.outline, grid)
    _refuse_too_large(site, len(own), len(bands), grid, room=room)
    stack, failed = _read_all(_passes(own), bands, grid, progress)
    looks += failed
    visible = visible_bands(bands)
    if family.units == "backscatter":
        stack, odd = _as_decibels(stack)
        looks += odd
    elif family.units == "picture":
        raw = stack.values
        stack = replace(stack, values=normalise(raw, stack.causes == Cause.SEEN))
        if _hide_by_comparison(stack, visible):
            # Cloud bends the line that takes a stretch back, so it is drawn again without.
            stack = replace(stack, values=normalise(raw, stack.causes == Cause.SEEN))
            _hide_by_comparison(stack, visible)
    else:
        stack, odd = _without_odd_values(stack)
        looks += odd
        stack = _levelled(stack)
        _hide_by_comparison(stack, visible)
    if family.units != "backscatter":
        _give_back_ground(stack, visible)
        stack, unsure = _registered(stack, visible, pixel_m=abs(grid.affine.a))
        looks += unsure
    if not stack.passes:
        return Readings(cube=None, looks=_in_order(looks), family=family.name, grid=grid)
    if family.units != "backscatter":
        unlike = screen(_brightness(stack, visible), stack.causes == Cause.SEEN)
        stack.causes[unlike] = Cause.SCREENED
    shown = inside & (stack.causes != Cause.OUTSIDE).any(axis=0)
    areas = {name: area_mask(outline, grid) for name, outline in site.areas.items()}
    used = np.zeros(len(stack.passes), dtype=bool)
    for i, one in enumerate(stack.passes):
        causes = stack.causes[i]
        share = float((causes[inside] == Cause.SEEN).mean())
        of_areas = {name: round(float((causes[area] == Cause.SEEN).mean()), 4) for name, area in areas.items()}
        enough = (causes[shown] == Cause.SEEN).mean() if shown.any() else 0.0
        used[i] = enough >= MIN_CLEAR_SHARE
        for chip in one.chips:
            outcome = Outcome.USED if used[i] else Outcome.COULD_NOT_SEE
            reason = _remark(one, chip) if used[i] else _why_hidden(causes[inside])
            looks.append(_look(chip, outcome, reason, clear_share=share, areas=of_areas, fit=one.fit))
    cube = _dataset(
        stack.only(used),
        bands=bands,
        grid=grid,
        units=family.units,
        latitude=float(site.outline.centroid.y),
    )
    return Readings(cube=cube, looks=_in_order(looks), family=family.name, grid=grid)


def rejected(family: Family, reason: str) -> tuple[Look, ...]:
    """The looks of a family that stays out as a whole."""
    return _in_order([_look(chip, Outcome.REJECTED, reason) for chip in family.chips])


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


def _in_order(looks: Sequence[Look]) -> tuple[Look, ...]:
    return tuple(sorted(looks, key=lambda look: look.order))


def _look(
    chip: Chip,
    outcome: Outcome,
    reason: str,
    *,
    clear_share: float | None = None,
    areas: Mapping[str, float] | None = None,
    fit: Fit | None = None,
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
        shift_m=None if fit is None else round(fit.shift_m, 2),
        shift_sigma_m=None if fit is None else round(fit.sigma_m, 2),
        light=None if fit is None or is_picture(chip) else round(fit.light, 3),
        haze=None if fit is None or is_picture(chip) else round(fit.haze, 4),
        clear_share_of_areas=areas or {},
        footprint=_footprint(_finest(chip)),
        credit=scene.credit,
    )


def _common_bands(chips: Sequence[Chip]) -> tuple[str, ...]:
    """The set of bands, of those that scenes have, with which most is measured; in the order of the spectrum."""
    sets = Counter(frozenset(_measured(chip)) for chip in chips)

    def worth(bands: frozenset[str]) -> tuple[int, int, list[str]]:
        """Measurements that the cube would hold; between equals the set with more bands, then the alphabet."""
        scenes = sum(count for have, count in sets.items() if bands <= have)
        return scenes * len(bands), len(bands), sorted(bands)

    often = max(sets, key=worth)
    spectrum = (
        *POLARISATIONS,
        "coastal",
        "blue",
        "green",
        "yellow",
        "red",
        "rededge",
        "nir",
        "nir08",
        "nir09",
        "swir16",
        "swir22",
    )
    return tuple(sorted(often, key=lambda n: (spectrum.index(n) if n in spectrum else len(spectrum), n)))


def _measured(chip: Chip) -> list[str]:
    """Names of the bands to compare: of radar the polarisations, not the angles that may lie beside them."""
    names = [band.name for band in chip.bands if not band.is_mask]
    return [name for name in names if name in POLARISATIONS] if is_radar(chip) else names


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
    if is_radar(chip):
        return 1.0
    if is_picture(chip):
        return 1 / 255
    measured = [band for band in chip.bands if not band.is_mask]
    untold = all((band.scale, band.offset) == (1.0, 0.0) and band.dtype in ("uint16", "int16") for band in measured)
    # Integers of which nobody tells a scale are most often reflectance times 10 000; what is not is rejected below.
    return 1e-4 if untold else 1.0


def _refuse_too_large(site: Site, looks: int, bands: int, grid: GeoBox, *, room: int) -> None:
    need = 2 * looks * bands * grid.shape[0] * grid.shape[1]
    if need > room:
        raise SiteError(
            f"site {site.id!r} needs a cube of {looks} looks x {bands} bands x {grid.shape[1]} x {grid.shape[0]} px, "
            f"{need / 2**30:.0f} GiB, more than {max(0, room) / 2**30:.0f}; split the site, shorten the period, or use "
            "a coarser --pixel"
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
    values: NDArray[np.float16]
    """(pass, band, y, x)"""
    causes: NDArray[np.uint8]
    """(pass, y, x)"""

    def only(self, keep: NDArray[np.bool_]) -> _Stack:
        """The passes where `keep` is True; this stack must not be used any more."""
        if keep.all():
            return self
        passes = tuple(one for one, kept in zip(self.passes, keep, strict=True) if kept)
        # Moved up in place: a second copy would double the memory.
        for place, number in enumerate(np.flatnonzero(keep)):
            if place != number:
                self.values[place], self.causes[place] = self.values[number], self.causes[number]
        return _Stack(passes, self.values[: len(passes)], self.causes[: len(passes)])


def _read_all(
    passes: Sequence[_Pass], bands: Sequence[str], grid: GeoBox, progress: Progress | None
) -> tuple[_Stack, list[Look]]:
    """Read every pass in parallel, each into its own place; chips that cannot be read become failed looks."""
    values = np.empty((len(passes), len(bands), *grid.shape), dtype=np.float16)
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
    whole = tuple(one if one is not None else passes[number] for number, one in enumerate(kept))
    return _Stack(whole, values, causes).only(found), looks


def _brightness(stack: _Stack, visible: Sequence[int]) -> NDArray[np.float32]:
    """(time, y, x) mean of the visible bands, NaN where nothing was measured."""
    bright = np.zeros(stack.causes.shape, dtype=np.float32)
    for band in visible:
        bright += stack.values[:, band]
    bright /= np.float32(len(visible))
    return bright


def _levelled(stack: _Stack) -> _Stack:
    """Take off (or give back) a constant that only some looks carry."""
    add = missing_constant(stack.values, stack.causes == Cause.SEEN)
    passes = list(stack.passes)
    for i in np.flatnonzero(add):
        stack.values[i] += add[i]
        passes[i] = replace(passes[i], remark=_ADDED if add[i] > 0 else _TAKEN_OFF)
    return replace(stack, passes=tuple(passes))


def _hide_by_comparison(stack: _Stack, visible: Sequence[int]) -> bool:
    """Mask cloud and shadow in looks that no sensor's mask came with; True where there are such looks."""
    bare = np.array(
        [not any(band.name in _SKY_MASKS for chip in one.chips for band in chip.bands) for one in stack.passes]
    )
    if not bare.any():
        return False
    stack.causes[stack.causes == Cause.SCREENED] = Cause.SEEN
    flags = hidden(_brightness(stack, visible), stack.causes == Cause.SEEN)
    stack.causes[flags & bare[:, None, None]] = Cause.SCREENED
    return True


def _give_back_ground(stack: _Stack, visible: Sequence[int]) -> None:
    """Take back what a sensor's mask says of ground that it calls cloud again and again."""
    flagged = stack.causes == Cause.CLOUD
    if flagged.any():
        stack.causes[ground_in_cloud(_brightness(stack, visible), flagged)] = Cause.SEEN


def _registered(stack: _Stack, visible: Sequence[int], *, pixel_m: float) -> tuple[_Stack, list[Look]]:
    """Move every look onto the stack; reject those of which nobody can say where they lie."""
    days = np.array([one.scene.captured.timestamp() / 86_400 for one in stack.passes])
    shifts = measure_shifts(_brightness(stack, visible), stack.causes == Cause.SEEN, days)
    settled = settle(shifts)
    sure = settled.sigma <= MAX_UNSURE_PX
    passes: list[_Pass] = []
    looks: list[Look] = []
    for i, one in enumerate(stack.passes):
        fit = None
        if np.isfinite(shifts.sigma[i]):
            metres = float(np.hypot(*shifts.offset[i])) * pixel_m
            light, haze = map(float, shifts.line[i])
            fit = Fit(shift_m=metres, sigma_m=float(shifts.sigma[i]) * pixel_m, light=light, haze=haze)
        passes.append(replace(one, fit=fit))
        if not sure[i]:
            reason = _why_unsure(fit, left_m=float(settled.sigma[i]) * pixel_m)
            looks += [_look(chip, Outcome.REJECTED, reason, fit=fit) for chip in one.chips]
    move_back(stack.values, stack.causes, np.where(sure[:, None], settled.offset, 0.0))
    return replace(stack, passes=tuple(passes)).only(sure), looks


def _why_unsure(fit: Fit | None, *, left_m: float) -> str:
    if fit is None:
        return (
            f"too little of it shows edges to tell where it lies, and looks here lie some {left_m:.0f} m off as a rule"
        )
    return f"it seems to lie {fit.shift_m:.0f} m off, too far or too unsure (+-{fit.sigma_m:.0f} m) to be moved back"


def _without_odd_values(stack: _Stack) -> tuple[_Stack, list[Look]]:
    """Reject what cannot be reflectance: a scale that nobody told."""
    looks: list[Look] = []
    keep = np.ones(len(stack.passes), dtype=bool)
    for i, one in enumerate(stack.passes):
        seen = stack.causes[i] == Cause.SEEN
        usual = float(np.median(stack.values[i][:, seen][:, ::_EVERY].astype(np.float32))) if seen.any() else 0.0
        if not _LOWEST <= usual <= _HIGHEST:
            keep[i] = False
            reason = (
                f"its usual value is {usual:.4g}, which is no reflectance; give its scale and offset in a STAC sidecar"
            )
            looks += [_look(chip, Outcome.REJECTED, reason) for chip in one.chips]
    return stack.only(keep), looks


def _as_decibels(stack: _Stack) -> tuple[_Stack, list[Look]]:
    """Radar's power in decibels; what cannot be power is rejected, where there is none nothing was measured."""
    reasons = [why_no_power(values) for values in stack.values]
    looks = [
        _look(chip, Outcome.REJECTED, reason)
        for one, reason in zip(stack.passes, reasons, strict=True)
        for chip in one.chips
        if reason
    ]
    stack = stack.only(np.array([not reason for reason in reasons], dtype=bool))
    for values in stack.values:
        values[:] = decibels(values.astype(np.float32))
    stack.causes[~np.isfinite(stack.values).all(axis=1)] = Cause.OUTSIDE
    if any(one.scene.orbit is None for one in stack.passes):
        stack = replace(stack, passes=tuple(replace(one, remark=_NO_ORBIT) for one in stack.passes))
    return stack, looks


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
