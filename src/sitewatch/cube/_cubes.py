"""One cube for each family of scenes, their grids nested in each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sitewatch.archive import Chip
from sitewatch.cube._cube import MAX_CUBE_BYTES, Readings, read_family
from sitewatch.cube._family import Family, families
from sitewatch.cube._harmonise import Harmony
from sitewatch.cube._look import Look, Outcome
from sitewatch.cube._outcomes import rejected
from sitewatch.cube._stack import Progress
from sitewatch.errors import SiteError
from sitewatch.site import Site

__all__ = ["read_cubes", "without_few"]


def read_cubes(
    site: Site,
    chips: Sequence[Chip],
    *,
    least: int,
    pixel: float | None = None,
    main: str | None = None,
    few: Callable[[str], bool] | None = None,
    progress: Progress | None = None,
) -> tuple[Readings, ...]:
    """Read all chips of a site, one cube for each family of scenes that can be compared with each other.

    The family with most scenes makes the site's grid; the others' pixels are whole multiples or parts of its. One with
    fewer than `least` looks that can be used stays out: its looks are *rejected* with that reason. So is one whose cube
    would not fit beside the others.

    Args:
        site: the watched place.
        chips: its chips; at least one.
        least: looks that a family beside the main one needs.
        pixel: edge of the site's pixels in metres; default that of the main family's images.
        main: name of the family that makes the grid, where an earlier run decided it; None, or one that is not there:
            that with most scenes.
        few: of which families, by name, one look is enough, as they may be searched together with another; None: of
            none.
        progress: called as chips are read.

    Returns:
        One per family, the main one first, then those with most scenes.

    Raises:
        SiteError: the outline touches none of the main family's images, or its cube would exceed `MAX_CUBE_BYTES`.
    """
    first, *others = sorted(families(chips), key=lambda family: family.name != main)
    done = 0

    def went_on(now: int, _: int) -> None:
        if progress is not None:
            progress(done + now, len(chips))

    made = [read_family(site, first, pixel=pixel, progress=went_on)]
    for family in others:
        done += len(made[-1].looks)
        enough = 1 if few is not None and few(family.name) else least
        made.append(_beside(site, family, made, least=enough, progress=went_on))
    return tuple(made)


def without_few(readings: Sequence[Readings], *, least: int, harmony: Harmony) -> tuple[Readings, ...]:
    """Readings in which families that are neither searched together with another nor have looks enough stay out.

    Args:
        readings: as `read_cubes` gives them; the main family's stay as they are.
        least: looks that a family beside the main one needs.
        harmony: which families are searched as one, and why others are not.
    """
    main = readings[0]
    kept = [main]
    for one in readings[1:]:
        looks = 0 if one.cube is None else one.cube.sizes["time"]
        if one.cube is None or looks >= least or one.family in harmony.families:
            kept.append(one)
        else:
            why = harmony.apart.get(one.family) or _too_few(one.family, looks, main, least)
            kept.append(_taken_out(one, why))
    return tuple(kept)


def _beside(site: Site, family: Family, made: Sequence[Readings], *, least: int, progress: Progress) -> Readings:
    """Another family's readings, or none of it with the reason why."""
    main = made[0]
    if len(family.chips) < least:
        return _out(family, main, _too_few(family.name, len(family.chips), main, least))
    used = sum(one.cube["reflectance"].nbytes for one in made if one.cube is not None)
    try:
        readings = read_family(site, family, within=main.grid, room=MAX_CUBE_BYTES - used, progress=progress)
    except SiteError as error:
        return _out(family, main, f"beside {main.family} its cube cannot be made: {error}")
    looks = 0 if readings.cube is None else readings.cube.sizes["time"]
    if looks >= least or readings.cube is None:
        return readings
    return _taken_out(readings, _too_few(family.name, looks, main, least))


def _taken_out(readings: Readings, reason: str) -> Readings:
    """Readings whose used looks are rejected after all."""
    return replace(readings, cube=None, looks=tuple(_taken_back(look, reason) for look in readings.looks))


def _out(family: Family, main: Readings, reason: str) -> Readings:
    return Readings(cube=None, looks=rejected(family, reason), family=family.name, grid=main.grid)


def _too_few(name: str, looks: int, main: Readings, least: int) -> str:
    return f"{looks} looks of {name} are too few to be searched beside {main.family}: {least} are needed"


def _taken_back(look: Look, reason: str) -> Look:
    return replace(look, outcome=Outcome.REJECTED, reason=reason) if look.outcome is Outcome.USED else look
