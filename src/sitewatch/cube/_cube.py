"""The looks of a site on one grid, and what each of them gave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords

from sitewatch.archive import Chip
from sitewatch.cube._family import POLARISATIONS, Family, families, is_radar
from sitewatch.cube._gates import comparable
from sitewatch.cube._look import Look, Outcome
from sitewatch.cube._masks import Cause
from sitewatch.cube._outcomes import finest, in_order, look_of_chip
from sitewatch.cube._stack import Pass, Progress, Stack, passes_of, read_stack
from sitewatch.errors import SiteError
from sitewatch.site import Site, area_mask, nested_grid, site_grid

__all__ = ["MAX_CUBE_BYTES", "MIN_CLEAR_SHARE", "Readings", "read_cube", "read_family", "visible_bands"]

MIN_CLEAR_SHARE = 0.1
"""A look is *used* when at least this share of what the images can show of the site was seen clear."""

MAX_CUBE_BYTES = 3 * 2**30
"""Largest cube that is built, as float16; the search takes about twice as much on top."""


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
    looks = [look_of_chip(chip, Outcome.REJECTED, reason) for other in others for chip in other.chips]
    return replace(readings, looks=in_order([*looks, *readings.looks]))


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
        look_of_chip(chip, Outcome.REJECTED, f"has no band {', '.join(missing)}, which the looks of the cube have")
        for chip in own
        if (missing := lacking[chip.scene.id])
    ]
    own = [chip for chip in own if not lacking[chip.scene.id]]
    images = [finest(chip) for chip in own]
    grid = site_grid(site, images, pixel=pixel) if within is None else nested_grid(site, images, within=within)
    inside = area_mask(site.outline, grid)
    _refuse_too_large(site, len(own), len(bands), grid, room=room)
    stack, failed = read_stack(passes_of(own), bands, grid, progress)
    visible = visible_bands(bands)
    stack, apart = comparable(stack, units=family.units, bands=bands, visible=visible, pixel_m=abs(grid.affine.a))
    looks += [*failed, *apart]
    if not stack.passes:
        return Readings(cube=None, looks=in_order(looks), family=family.name, grid=grid)
    shown = inside & (stack.causes != Cause.OUTSIDE).any(axis=0)
    areas = {name: mask for name, outline in site.areas.items() if (mask := area_mask(outline, grid)).any()}
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
            looks.append(look_of_chip(chip, outcome, reason, clear_share=share, areas=of_areas, fit=one.fit))
    cube = _dataset(
        stack.only(used),
        bands=bands,
        grid=grid,
        units=family.units,
        latitude=float(site.outline.centroid.y),
    )
    return Readings(cube=cube, looks=in_order(looks), family=family.name, grid=grid)


def visible_bands(bands: Sequence[str]) -> list[int]:
    """Positions of the bands that make up brightness to the eye: red, green, blue where there are any, else all."""
    return [i for i, name in enumerate(bands) if name in ("red", "green", "blue")] or list(range(len(bands)))


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


def _refuse_too_large(site: Site, looks: int, bands: int, grid: GeoBox, *, room: int) -> None:
    need = 2 * looks * bands * grid.shape[0] * grid.shape[1]
    if need > room:
        raise SiteError(
            f"site {site.id!r} needs a cube of {looks} looks x {bands} bands x {grid.shape[1]} x {grid.shape[0]} px, "
            f"{need / 2**30:.0f} GiB, more than {max(0, room) / 2**30:.0f}; split the site, shorten the period, or use "
            "a coarser --pixel"
        )


def _remark(one: Pass, chip: Chip) -> str:
    others = [c.scene.id for c in one.chips if c is not chip]
    passes = f"one pass with {', '.join(others)}" if others else ""
    return "; ".join(filter(None, (passes, chip.scene.remark, one.remark)))


def _why_hidden(causes: NDArray[np.uint8]) -> str:
    shares = {cause: float((causes == cause).mean()) for cause in Cause if cause is not Cause.SEEN}
    parts = [
        f"{cause.label} {share:.0%}" for cause, share in sorted(shares.items(), key=lambda s: -s[1]) if share > 0.005
    ]
    return "of the site: " + ", ".join(parts)


def _dataset(stack: Stack, *, bands: Sequence[str], grid: GeoBox, units: str, latitude: float) -> xr.Dataset | None:
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
