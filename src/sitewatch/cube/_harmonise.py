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

from sitewatch.cube._adjust import Adjustment, Both, adjusted, bands_of, fit, pixel_of, positions
from sitewatch.cube._cube import MAX_CUBE_BYTES, Readings

__all__ = ["Adjustment", "Harmony", "can_be_harmonised", "harmonise", "harmony_sentences", "read_harmony"]

_NEEDED = frozenset({"red", "nir"})
"""Bands that all families must have: without them the search knows only pictures."""
_FINER = 0.5
"""A finer family makes the grid when it has at least so many looks for each of the first one's."""
_WORTH_BANDS = 1.0
"""Bands are given up for a family that has at least so many looks for each one of those that have them: what is false
among the claims rises without short wave infrared, and twice the looks are needed to make up for it (decision 28)."""


@dataclass(frozen=True, kw_only=True)
class Harmony:
    """Which families are searched as one series, and why others are not."""

    cube: xr.Dataset | None
    """Looks of all `families`, dims and variables as those of `Readings.cube`, with a coordinate `family` along time,
    `attrs["families"]`, and in `attrs["brought"]`, (family, band + 1, 2), the `Adjustment.numbers` of those after the
    first; None: no two families can be searched as one."""
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
            "grid_m": None if self.cube is None else round(abs(float(self.cube.odc.geobox.affine.a)), 4),
            "adjusted": [one.document() for one in self.adjusted],
            "apart": dict(self.apart),
        }


def read_harmony(told: object) -> dict[str, Any]:
    """What `Harmony.document` wrote, from a file that anybody may have changed.

    Raises:
        ValueError: a part is missing, or is not what it writes.
        TypeError: it is no object at all.
    """
    if not isinstance(told, dict):
        raise TypeError(f"harmonised is {told!r}")
    families, looks, grid, apart = (told.get(key) for key in ("families", "looks", "grid_m", "apart"))
    adjusted = told.get("adjusted")
    sound = (
        isinstance(families, list)
        and all(isinstance(name, str) for name in families)
        and isinstance(looks, int)
        and (not families or (isinstance(grid, int | float) and grid > 0))
        and isinstance(apart, dict)
        and all(isinstance(part, str) for part in (*apart, *apart.values()))
        and isinstance(adjusted, list)
        and all(isinstance(one, dict) and isinstance(one.get("family"), str) for one in adjusted)
        and all(isinstance(one.get("pixel_m"), int | float) for one in adjusted)
    )
    if not sound:
        raise ValueError("harmonised does not tell which sensors were one series, or how")
    return told


def harmony_sentences(document: Mapping[str, Any]) -> list[str]:
    """What `Harmony.document` says, for people."""
    families, grid = document["families"], document["grid_m"]
    told = []
    if families:
        told.append(
            f"Searched as one series of {document['looks']} looks on pixels of {grid:.3g} m: {', '.join(families)}"
        )
        if coarser := [one["family"] for one in document["adjusted"] if one["pixel_m"] > 1.01 * grid]:
            told.append(f"Looks of {' and '.join(coarser)} were searched with the detail of the finer ones around them")
    return [*told, *(f"{why[:1].upper()}{why[1:]}" for why in document["apart"].values())]


def can_be_harmonised(name: str) -> bool:
    """Whether a family of this name holds reflectance; pictures have a stretch of their own, and radar is no light."""
    return name.endswith(" reflectance")


def harmonise(readings: Sequence[Readings], *, least: int) -> Harmony:
    """Put the looks of optical families into one cube.

    The first family with reflectance makes the grid, or a finer one that has at least half as many looks. Of the others
    each is registered on it, calibrated to it and put on its grid, those first that have most of its bands, then those
    with most looks. The cube has the bands that all have: where that costs the others bands, the one that lacks them
    needs as many looks as they. A family stays out that cannot be laid on the first (offset unsure by more than half a
    pixel), that has fewer than three looks within 40 days of one of its, or that stays unlike it (twice as much as the
    first one's looks are among themselves, and by more than .01). Where all do, the first is left out and the rest
    tried.

    Args:
        readings: of all families, the main one first, as `read_cubes` gives them.
        least: looks that a family beside the main one needs to be searched alone, and all need to be searched as one
            series: of fewer, single looks are compared, and those of two sensors differ by more than the ground.

    Returns:
        The cube and how it was made; all cubes together stay within `MAX_CUBE_BYTES`.
    """
    left = [one for one in readings if one.cube is not None and can_be_harmonised(one.family)]
    if len(left) < 2:
        return Harmony(cube=None, families=(), apart={})
    room = MAX_CUBE_BYTES - sum(one.cube["reflectance"].nbytes for one in readings if one.cube is not None)
    counts = {one.family: _looks(one) for one in left}
    tried = [_series_of(left, room=room, least=least)]
    while not tried[-1].members and len(left) > 2:
        left = [one for one in left if one is not tried[-1].base]
        tried.append(_series_of(left, room=room, least=least))
    series = tried[-1] if tried[-1].members else tried[0]
    base, main = series.base.family, readings[0].family
    why = {family: f"{base}: {reason}" for family, reason in series.refused.items()}
    if series.members:
        why |= {before.base.family: f"{base} (of the latter: {before.refused[base]})" for before in tried[:-1]}
    elif main in why:
        # The main family is searched in any case: the one that may have to stay out is told of.
        del why[main]
        why[base] = f"{main} (of the latter: {series.refused[main]})"
    apart = {
        family: f"{family} is not made one series with {told}; "
        f"{_what_becomes(counts[family], least=least, main=family == main)}"
        for family, told in why.items()
    }
    if not series.members:
        return Harmony(cube=None, families=(), apart=apart)
    return Harmony(
        cube=_together(series.base, series.members, series.bands),
        families=(series.base.family, *(one.family for _, one in series.members)),
        adjusted=tuple(one for _, one in series.members),
        apart=apart,
    )


@dataclass(frozen=True)
class _Series:
    """Who joins one family, and why the others do not."""

    base: Readings
    bands: list[str]
    """That all have."""
    members: list[tuple[Both, Adjustment]]
    refused: dict[str, str]


def _series_of(families: Sequence[Readings], *, room: int, least: int) -> _Series:
    """A series of what can be, of at least `least` looks and at most `room` bytes."""
    base = _base(families)
    bands, looks = _bands(base), _looks(base)
    members: list[tuple[Both, Adjustment]] = []
    refused: dict[str, str] = {}
    for other in sorted(
        (one for one in families if one is not base), key=lambda one: (-len(_shared(bands, one)), -_looks(one))
    ):
        shared = _shared(bands, other)
        need = 2 * (looks + _looks(other)) * len(shared) * base.grid.shape[0] * base.grid.shape[1]
        made = (
            _why_no_bands(shared, bands, looks=_looks(other), others=looks)
            or _why_no_room(need, room)
            or fit(base, other, shared)
        )
        if isinstance(made, str):
            refused[other.family] = made
        else:
            members.append(made)
            bands, looks = shared, looks + _looks(other)
    if members and looks < least:
        few = f"they have {looks} looks together, and {least} are needed to search them as one"
        return _Series(base, bands, [], refused | {how.family: few for _, how in members})
    return _Series(base, bands, members, refused)


def _what_becomes(looks: int, *, least: int, main: bool) -> str:
    """Of a family that is not brought to another."""
    if looks >= least:
        return "it is searched alone"
    if not main:
        return f"it stays out, as its {looks} looks are too few to be searched alone ({least} are needed)"
    return f"of its {looks} looks two are compared" if looks > 1 else "its one look has none to be compared with"


def _base(candidates: Sequence[Readings]) -> Readings:
    """The family whose pixels make the grid: one that has what every member must, where there is one.

    A finer one than the first is that only with looks enough for the bands that it costs, too.
    """
    able = [one for one in candidates if set(_bands(one)) >= _NEEDED]
    first = able[0] if able else candidates[0]
    finer = [
        one
        for one in able
        if pixel_of(one) < 0.99 * pixel_of(first)
        and _looks(one) >= (_FINER if set(_bands(first)) <= set(_bands(one)) else _WORTH_BANDS) * _looks(first)
    ]
    return max(finer, key=_looks, default=first)


def _looks(one: Readings) -> int:
    return 0 if one.cube is None else int(one.cube.sizes["time"])


def _bands(one: Readings) -> list[str]:
    return [] if one.cube is None else bands_of(one.cube)


def _shared(bands: Sequence[str], other: Readings) -> list[str]:
    """Those of some bands that a family has."""
    return [name for name in bands if name in _bands(other)]


def _why_no_bands(shared: Sequence[str], bands: Sequence[str], *, looks: int, others: int) -> str:
    """Why a family's bands do not do; empty: they do."""
    if lacking := sorted(_NEEDED - set(shared)):
        return f"they do not share {' and '.join(lacking)}"
    if len(shared) < len(bands) and looks < _WORTH_BANDS * others:
        lacking = [name for name in bands if name not in shared]
        return f"it lacks {', '.join(lacking)}, too much to give up for {looks} looks beside {others}"
    return ""


def _why_no_room(need: int, room: int) -> str:
    """Why a cube of so many bytes cannot be made; empty: it can."""
    if need <= room:
        return ""
    return f"one cube of both needs {need / 2**30:.1f} GiB, more than the {max(0, room) / 2**30:.1f} left"


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
        attrs={
            **base.cube.attrs,
            "families": names,
            "brought": np.array([how.numbers[[*_wanted(how.bands, bands), -1]] for _, how in members]),
        },
    )


def _wanted(have: Sequence[str], bands: Sequence[str]) -> list[int]:
    return [list(have).index(name) for name in bands]
