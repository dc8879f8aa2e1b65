"""Optical sensors' looks in one cube: registered on each other, calibrated, on one grid.

One family makes the grid. Looks of finer or equal pixels are averaged to it. Looks of coarser ones know nothing of what
lies inside their pixels: put beside fine looks as they are, every edge would be a change on their dates. They are told
as differences instead (`sitewatch.cube._adjust.adjusted`): what the fine looks before and after show is mixed so that
it explains the coarse look best, and what this leaves in its pixels is added, spread evenly between their centres.
Ground that did not change keeps its detail, and what went up between two fine looks is dated by the coarse ones between
them.

What such a look holds within a coarse pixel was measured on other days. It serves the search and is shown to nobody as
a picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from odc.geo.xr import xr_coords

from sitewatch.cube._adjust import Adjustment, Both, adjusted, bands_of, fit, positions
from sitewatch.cube._cube import MAX_CUBE_BYTES, Readings

__all__ = ["Adjustment", "Harmony", "can_be_harmonised", "harmonise", "harmony_sentences"]

_NEEDED = frozenset({"red", "nir"})
"""Bands that all families must have: without them the search knows only pictures."""
_FINER = 0.5
"""A finer family makes the grid when it has at least so many looks for each of the first one's."""


@dataclass(frozen=True, kw_only=True)
class Harmony:
    """Which families are searched as one series, and why others are not."""

    cube: xr.Dataset | None
    """Looks of all `families`, dims and variables as those of `Readings.cube`, with a coordinate `family` along time,
    and `attrs["families"]`; None: no two families can be searched as one."""
    families: tuple[str, ...]
    """The one that makes the grid first; empty where there is no cube."""
    adjusted: tuple[Adjustment, ...] = ()
    apart: Mapping[str, str]
    """Why, one sentence each, by the family that stays out."""

    def document(self) -> dict[str, object]:
        """For the head of structures.geojson."""
        return {
            "families": list(self.families),
            "looks": 0 if self.cube is None else int(self.cube.sizes["time"]),
            "adjusted": [one.document() for one in self.adjusted],
            "apart": dict(self.apart),
        }


def harmony_sentences(document: Mapping[str, Any]) -> list[str]:
    """What `Harmony.document` says, for people."""
    families = document["families"]
    told = [f"Searched as one series of {document['looks']} looks: {', '.join(families)}"] if families else []
    return [*told, *(f"{why[:1].upper()}{why[1:]}" for why in document["apart"].values())]


def can_be_harmonised(name: str) -> bool:
    """Whether a family of this name holds reflectance; pictures have a stretch of their own, and radar is no light."""
    return name.endswith(" reflectance")


def harmonise(readings: Sequence[Readings], *, least: int) -> Harmony:
    """Put the looks of optical families into one cube.

    The first family with reflectance makes the grid, or a finer one that has at least half as many looks. Of the others
    each is registered on it, calibrated to it and put on its grid, those with most looks first. The cube has the bands
    that all have; a further family that lacks one of them stays out. So does one that cannot be laid on the first
    (offset unsure by more than half a pixel), that has fewer than three looks within 40 days of one of its, or that
    stays unlike it (twice as much as the first one's looks are among themselves, and by more than .01).

    Args:
        readings: of all families, as `read_cubes` gives them.
        least: looks that a family needs to be searched alone; what is not one series is, if it has them.

    Returns:
        The cube and how it was made; all cubes together stay within `MAX_CUBE_BYTES`.
    """
    candidates = [one for one in readings if one.cube is not None and can_be_harmonised(one.family)]
    if len(candidates) < 2:
        return Harmony(cube=None, families=(), apart={})
    base = _base(candidates)
    assert base.cube is not None
    room = MAX_CUBE_BYTES - sum(one.cube["reflectance"].nbytes for one in readings if one.cube is not None)
    bands = bands_of(base.cube)
    members: list[tuple[Both, Adjustment]] = []
    apart: dict[str, str] = {}
    for other in sorted((one for one in candidates if one is not base), key=lambda one: -_looks(one)):
        assert other.cube is not None
        shared = [name for name in bands if name in bands_of(other.cube)]
        why = _why_no_bands(shared, bands, first=not members)
        made: tuple[Both, Adjustment] | str = why or fit(base, other, shared)
        if not isinstance(made, str):
            looks = _looks(base) + _looks(other) + sum(one.looks for _, one in members)
            need = 2 * looks * len(shared) * base.grid.shape[0] * base.grid.shape[1]
            if need > room:
                made = f"one cube of both needs {need / 2**30:.1f} GiB, more than the {max(0, room) / 2**30:.1f} left"
        if isinstance(made, str):
            alone = (
                "it is searched alone, and what both show is joined"
                if _looks(other) >= least
                else f"it stays out, as its {_looks(other)} looks are too few to be searched alone ({least} are needed)"
            )
            apart[other.family] = f"{other.family} is not made one series with {base.family}: {made}; {alone}"
        else:
            members.append(made)
            bands = shared
    if not members:
        return Harmony(cube=None, families=(), apart=apart)
    return Harmony(
        cube=_together(base, members, bands),
        families=(base.family, *(one.family for _, one in members)),
        adjusted=tuple(one for _, one in members),
        apart=apart,
    )


def _base(candidates: Sequence[Readings]) -> Readings:
    """The family whose pixels make the grid: one that has what every member must, where there is one."""
    first = next(
        (one for one in candidates if one.cube is not None and set(bands_of(one.cube)) >= _NEEDED), candidates[0]
    )
    finer = [
        one
        for one in candidates
        if _pixel(one) < 0.99 * _pixel(first)
        and _looks(one) >= _FINER * _looks(first)
        and one.cube is not None
        and set(bands_of(one.cube)) >= _NEEDED
    ]
    return max(finer, key=_looks, default=first)


def _pixel(one: Readings) -> float:
    return abs(float(one.grid.affine.a))


def _looks(one: Readings) -> int:
    return 0 if one.cube is None else int(one.cube.sizes["time"])


def _why_no_bands(shared: Sequence[str], bands: Sequence[str], *, first: bool) -> str:
    """Why a family's bands do not do; empty: they do."""
    if lacking := sorted(_NEEDED - set(shared)):
        return f"they do not share {' and '.join(lacking)}"
    if not first and len(shared) < len(bands):
        return f"it lacks {', '.join(name for name in bands if name not in shared)}, which the others share"
    return ""


def _together(base: Readings, members: Sequence[tuple[Both, Adjustment]], bands: Sequence[str]) -> xr.Dataset:
    """The looks of all in time order, the base's as they are; of one moment the base's first."""
    assert base.cube is not None
    cubes = [base.cube, *(both.other for both, _ in members)]
    sources = [(which, number) for which, cube in enumerate(cubes) for number in range(cube.sizes["time"])]
    times = np.concatenate([cube["time"].values for cube in cubes])
    order = np.argsort(times, kind="stable")
    own = positions(base.cube, bands)
    shape = tuple(map(int, base.grid.shape))
    values = np.empty((len(order), len(bands), *shape), dtype=np.float16)
    valid = np.empty((len(order), *shape), dtype=bool)
    for place, source in enumerate(order.tolist()):
        which, number = sources[source]
        if which == 0:
            values[place] = base.cube["reflectance"].values[number][own]
            valid[place] = base.cube["valid"].values[number]
            continue
        both, how = members[which - 1]
        look = adjusted(both, how, number)[_wanted(how.bands, bands)]
        values[place], valid[place] = look, np.isfinite(look).all(axis=0)

    def told(name: str) -> NDArray[np.generic]:
        return np.asarray(np.concatenate([cube[name].values for cube in cubes])[order])

    names = [base.family, *(how.family for _, how in members)]
    return xr.Dataset(
        {"reflectance": (("time", "band", "y", "x"), values), "valid": (("time", "y", "x"), valid)},
        coords={
            **{name: ("time", told(name)) for name in ("time", "time_end", "scene", "sensor")},
            "family": ("time", np.array([names[sources[source][0]] for source in order.tolist()])),
            "band": ("band", list(bands)),
            **xr_coords(base.grid),
        },
        attrs={**base.cube.attrs, "families": names},
    )


def _wanted(have: Sequence[str], bands: Sequence[str]) -> list[int]:
    return [list(have).index(name) for name in bands]
