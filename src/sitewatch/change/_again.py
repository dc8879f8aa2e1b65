"""The search when looks were added: only where they show something that was not to be expected.

What a search knows is kept (`Known`). When the same cube comes again with a few looks more, every pixel's new looks
are set beside its forecast. Where they agree, its spells stay as they were. Pixels are searched anew where the new
looks differ by as much as a patch asks of its pixels, and where something had begun so shortly before the last whole
search that it was still being learnt. Only patches that lose pixels, and what is new, are grown and described again.
All is judged anew, as the probability of a patch depends on the others of its place.

What was told of the past does not flicker with every new look; a whole search would date weak things anew each time.
On the way small things drift: the score of a spell that goes on, the length of an open one, what is usual around. So
`search_again` declines when more than an eighth of the looks came since all was searched, and the caller searches all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from sitewatch.change._background import LEAST_PIXELS, by_pixel, design, sampled, take_off
from sitewatch.change._describe import describe
from sitewatch.change._forecast import Forecast, fit_forecast, surprise
from sitewatch.change._local import SIDE, cells, near_means, take_off_near
from sitewatch.change._objects import GROW_SCORE, NEAR_LOOKS, SEED_SCORE, Patch, compounds, grow
from sitewatch.change._scan import Spells, scan
from sitewatch.change._search import Search, around, brought_in
from sitewatch.change._stack import of_pictures, stack_for

__all__ = ["Known", "remember", "search_again"]

_TAIL = 5
"""Looks before the last whole search that are looked at again: what began on them was not yet a spell."""
_RECENT = 10
"""What began within so many looks of the last whole search, and goes on, is still being learnt."""
_LOST = 0.1
"""Share of its pixels that a patch may lose before it is grown again."""
_HIDDEN = 3
"""Looks that the temporal screen decides otherwise than before until a pixel is searched anew."""
_MOST_ADDED = 1 / 8
"""Share of looks, of those at the last whole search, from which all is searched again."""
_SPARSE = 16
"""Every so manieth pixel along each axis is kept, to know the looks again."""
_SAME = 0.01
"""Values that differ by less are the same."""
_OTHERS = 0.25
"""Share of a look's values that may differ by more: added looks move the others by hundredths of a pixel, and one of
which clouds hide most by tenths, which shows at the edges of roofs. A look that was processed anew differs in all."""

_SAME_LEVEL = 0.005
"""Reflectance by which the lines of further sensors may move, on the place's dark and on its bright ground, before all
is searched anew: it moves all their looks at once, and each added look is a chance to move them on. It is the least
noise that the search reckons with, and most of it is taken off again with what all pixels of a look share."""
_DARK, _BRIGHT = 10, 90
"""Percentiles of the ground's values."""
_SAME_PLACE = 0.1
"""Pixels by which they may be laid otherwise."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is kept of a search; all look indices count the looks of its cube."""

    scenes: NDArray[np.str_]
    """(time,) ids."""
    place: str
    """Grid, bands and units, as one text."""
    whole: int
    """Looks when all was searched last."""
    brought: NDArray[np.float64]
    """`Search.brought`: how further sensors were brought to the first when all was searched last."""
    tone: tuple[float, float]
    """`Stack.dark` and `Stack.span`."""
    offset: NDArray[np.float32]
    """(time, band) common mode."""
    near: NDArray[np.float32] | None
    """`Stack.near`."""
    sample: NDArray[np.float32]
    """(time, band, y, x) every sixteenth pixel."""
    seen: NDArray[np.uint8]
    """(time, pixel / 8) which ground was seen, packed."""
    spells: Spells
    usual: NDArray[np.float32]
    patches: tuple[Patch, ...]
    grown: int
    owner: NDArray[np.int32]
    measured: NDArray[np.bool_]
    features: NDArray[np.float64]
    forecast: Forecast


def remember(found: Search, cube: xr.Dataset) -> Known:
    """Keep what a search found, for `search_again`.

    Args:
        found: from `search` or `search_again`.
        cube: the cube it was found in.
    """
    stack = found.stack
    assert stack.offset is not None
    forecast = found.forecast
    if forecast is None:
        forecast = fit_forecast(stack.values, stack.valid, design(stack.days), found.spells)
    return Known(
        scenes=cube["scene"].values.astype(np.str_),
        place=_place(cube),
        whole=found.whole,
        brought=found.brought,
        tone=(stack.dark, stack.span),
        offset=stack.offset,
        near=stack.near,
        sample=_sample(cube),
        seen=np.packbits(_seen(cube), axis=1),
        spells=found.spells,
        usual=found.usual,
        patches=tuple(found.patches),
        grown=found.grown,
        owner=found.owner,
        measured=found.measured,
        features=found.features,
        forecast=forecast,
    )


def search_again(known: Known, cube: xr.Dataset) -> Search | None:
    """Search a cube that is known but for its last looks.

    Args:
        known: of an earlier search.
        cube: the same looks, and any that came after them.

    Returns:
        What is found; None where all must be searched: another place, other bands, looks that came between or went or
        changed, further sensors brought to the first otherwise, a longer season in the background, or more than an
        eighth of the looks since all was searched.
    """
    before, looks = len(known.scenes), cube.sizes["time"]
    if looks < before or looks - known.whole > _MOST_ADDED * known.whole or not _goes_on(known, cube):
        return None
    empty = stack_for(cube, np.zeros((looks, cube.sizes["band"]), dtype=np.float32), None, tone=known.tone)
    basis = design(empty.days)
    if basis.shape[1] != known.forecast.background.shape[1]:
        return None
    # What went on goes on.
    spells = replace(known.spells, end=np.where(known.spells.end == before, looks, known.spells.end).astype(np.int32))
    scores, offset, near = _surprises(known, cube, spells, basis)
    stack = replace(empty, offset=offset, near=near)
    region = _stirred(known, cube, spells, scores, stack.shape)
    found = Search(
        stack=stack,
        held=np.zeros(len(region), dtype=bool),
        spells=spells,
        usual=known.usual,
        patches=[replace(p, end=looks) if p.end == before else p for p in known.patches],
        grown=known.grown,
        owner=known.owner.copy(),
        measured=known.measured,
        features=known.features,
        whole=known.whole,
        brought=known.brought,
        forecast=known.forecast,
    )
    return found if looks == before or not region.any() else _searched(found, cube, np.flatnonzero(region), basis)


def _place(cube: xr.Dataset) -> str:
    grid = cube.odc.geobox
    return f"{grid.crs} {tuple(grid.affine)} {tuple(grid.shape)} {list(cube['band'].values)} {cube.attrs.get('units')}"


def _sample(cube: xr.Dataset) -> NDArray[np.float32]:
    return np.ascontiguousarray(cube["reflectance"].values[:, :, ::_SPARSE, ::_SPARSE], dtype=np.float32)


def _seen(cube: xr.Dataset) -> NDArray[np.bool_]:
    """Which ground was seen, (time, pixel)."""
    seen = cube["valid"].values
    return np.asarray(seen.reshape(len(seen), -1))


def _goes_on(known: Known, cube: xr.Dataset) -> bool:
    """Whether the cube begins with the looks that are known."""
    before, sample = len(known.scenes), _sample(cube)
    return (
        known.place == _place(cube)
        and bool((known.scenes == cube["scene"].values[:before].astype(np.str_)).all())
        and known.sample.shape[1:] == sample.shape[1:]
        and known.spells.delta.shape[::2] == (cube["valid"][0].size, cube.sizes["band"])
        and _on_these_cells(known, cube)
        and _brought_alike(known, brought_in(cube))
        and bool((_as_before(known.sample, sample[:before]) | _unsettled(known, cube)).all())
    )


def _on_these_cells(known: Known, cube: xr.Dataset) -> bool:
    """Whether what is shared nearby was kept as pictures of this grid ask for it; of reflectance none is."""
    if not of_pictures(cube):
        return known.near is None
    height, width = cube["reflectance"].shape[2:]
    return known.near is not None and known.near.shape[:2] == cells((height, width))


def _brought_alike(known: Known, now: NDArray[np.float64]) -> bool:
    """Whether further sensors' looks are brought to the first one's as they were when all was searched last."""
    then = known.brought
    if then.shape != now.shape:
        return False
    if not len(now):
        return True
    lines, place = now[:, :-1] - then[:, :-1], now[:, -1] - then[:, -1]
    ground = np.nanpercentile(known.sample, (_DARK, _BRIGHT), axis=(0, 2, 3))
    levels = lines[..., 0] * ground[:, None] + lines[..., 1]
    return bool((np.abs(levels) <= _SAME_LEVEL).all() and (np.abs(place) <= _SAME_PLACE).all())


def _as_before(known: NDArray[np.float32], sample: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(time,) whether a look is what it was, but for what added looks do to how it is registered and masked."""
    away = np.abs(known - sample) > _SAME
    away |= np.isnan(known) != np.isnan(sample)
    return np.asarray(away.reshape(len(away), -1).mean(axis=1) <= _OTHERS)


def _unsettled(known: Known, cube: xr.Dataset) -> NDArray[np.bool_]:
    """(time,) known looks that may be otherwise now: of a sensor that was brought to another, whose next looks tell it.

    Only among those that are looked at again anyway. (`sitewatch.cube.harmonise` names the families in the attributes.)
    """
    before = len(known.scenes)
    families = cube.attrs.get("families", ())
    if not families:
        return np.zeros(before, dtype=bool)
    late = np.arange(before) >= known.whole - _TAIL
    return np.asarray(late & (cube["family"].values[:before] != families[0]))


def _surprises(
    known: Known, cube: xr.Dataset, spells: Spells, basis: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32] | None]:
    """(pixel,) how unexpected the last looks are; and what is common to each, the added ones too: `offset`, `near`."""
    first, before = max(0, known.whole - _TAIL), len(known.scenes)
    # What is shared nearby passes with its look, and looks before it tell that.
    lead = first if known.near is None else max(0, known.whole - 2 * SIDE)
    looks, bands, *shape = cube["reflectance"].shape
    values = by_pixel(cube["reflectance"].values[lead:].reshape(looks - lead, bands, -1))
    if known.tone[1] != 1.0:
        values = (values - np.float32(known.tone[0])) / np.float32(known.tone[1])
    valid = np.ascontiguousarray(_seen(cube)[lead:].T)
    late = replace(spells, start=np.where(spells.start < 0, looks, spells.start) - lead, end=spells.end - lead)
    offset = np.zeros((looks, bands), dtype=np.float32)
    offset[:before] = known.offset
    if looks > before:
        some = sampled(len(values))
        sparse = Spells(start=late.start[some], end=late.end[some], score=late.score[some], delta=late.delta[some])
        model = Forecast(
            background=known.forecast.background[some], noise=known.forecast.noise[some], slow=known.forecast.slow[some]
        )
        _, differences = surprise(values[some], valid[some], basis[lead:], model, sparse)
        for t in range(before, looks):
            held = valid[some, t - lead] & model.known
            if held.sum() >= LEAST_PIXELS:
                offset[t] = np.median(differences[held, t - lead], axis=0)
    take_off(values, offset[lead:])
    near = known.near
    if near is not None:
        if looks > before:
            # Of all looks since all was searched: how they came one by one does not matter then.
            _, differences = surprise(values, valid, basis[lead:], known.forecast, late)
            told = valid & known.forecast.known[:, None]
            added = near_means(differences, told, (shape[0], shape[1]))[:, :, known.whole - lead :]
            del differences
            near = np.concatenate([near[:, :, : known.whole], added], axis=2)
        take_off_near(values, np.arange(len(values)), np.ascontiguousarray(near[:, :, lead:]), shape[1])
        values, valid = np.ascontiguousarray(values[:, first - lead :]), np.ascontiguousarray(valid[:, first - lead :])
        late = replace(late, start=late.start - (first - lead), end=late.end - (first - lead))
    scores, _ = surprise(values, valid, basis[first:], known.forecast, late)
    return scores, offset, near


def _stirred(
    known: Known, cube: xr.Dataset, spells: Spells, scores: NDArray[np.float32], shape: tuple[int, int]
) -> NDArray[np.bool_]:
    """(pixel,) True where all looks are searched anew."""
    first, looks = known.whole - _RECENT, cube.sizes["time"]
    fresh = (spells.start >= first) & (spells.end == looks)
    learning = np.where(fresh, spells.score, 0).max(axis=1)
    weight = (np.maximum(scores, learning) / known.usual).reshape(shape)
    labels, count = ndimage.label(weight >= GROW_SCORE, structure=np.ones((3, 3)))
    strongest = ndimage.maximum(weight, labels, index=np.arange(count + 1))
    region = ((np.asarray(strongest) >= SEED_SCORE)[labels] & (labels > 0)).ravel()
    earlier = max(0, known.whole - _TAIL)
    packed = np.packbits(_seen(cube)[:earlier], axis=1)
    changed = np.unpackbits(packed ^ known.seen[:earlier], axis=1, count=len(region))
    return np.asarray(region | (changed.sum(axis=0, dtype=np.int32) >= _HIDDEN))


def _searched(found: Search, cube: xr.Dataset, region: NDArray[np.int64], basis: NDArray[np.float32]) -> Search:
    """The same with the pixels of a region (flat indices, sorted) searched anew."""
    stack, looks = found.stack, len(found.stack.days)
    found.read(cube, region)
    values, valid = stack.values[region], stack.valid[region]
    fresh = scan(values, valid, basis, threshold=GROW_SCORE)
    spells, owner, lost = _put(found, fresh, region)
    assert found.forecast is not None
    forecast = Forecast(**{name: getattr(found.forecast, name).copy() for name in ("background", "noise", "slow")})
    anew = fit_forecast(values, valid, basis, fresh)
    for name in ("background", "noise", "slow"):
        getattr(forecast, name)[region] = getattr(anew, name)
    # Patches that lost pixels are grown again, from what they had and what came.
    kept = np.ones(found.grown, dtype=bool)
    kept[lost] = False
    place = np.append(np.where(kept, np.cumsum(kept) - 1, -1), -1).astype(np.int32)
    zone = np.zeros(len(found.held), dtype=bool)
    zone[region] = True
    zone[np.isin(found.owner, lost).any(axis=1)] = True  # with their rims
    for i in lost.tolist():
        zone[found.patches[i].pixels] = True
    owner = place[owner]
    made = grow(spells, stack.shape, stack.days, usual=found.usual, free=(owner < 0) & zone[:, None])
    old = [found.patches[i] for i in np.flatnonzero(kept).tolist()]
    owner = np.where(made.owner >= 0, made.owner + len(old), owner).astype(np.int32)
    grown = old + made.patches
    patches = grown + compounds(grown, stack.days, stack.shape)
    # What was described before is described so still.
    before = {_key(found.patches[i]): i for i in range(found.grown, len(found.patches))}
    origin = np.full(len(patches), -1)
    origin[: len(old)] = np.flatnonzero(kept)
    origin[len(grown) :] = [before.get(_key(patch), -1) for patch in patches[len(grown) :]]
    new = np.flatnonzero(origin < 0)
    known = origin[origin >= 0]
    measured, features = np.zeros(len(patches), dtype=bool), np.zeros((len(patches), found.features.shape[1]))
    measured[origin >= 0], features[origin >= 0] = found.measured[known], found.features[known]
    if len(new):
        fresh_ones = [patches[i] for i in new.tolist()]
        found.read(cube, around(fresh_ones, stack.shape))
        measured[new], features[new] = describe(fresh_ones, stack, spells)
    assert all(patch.end <= looks for patch in patches)
    return replace(
        found,
        spells=spells,
        patches=patches,
        grown=len(grown),
        owner=owner,
        measured=measured,
        features=features,
        forecast=forecast,
    )


def _put(
    found: Search, fresh: Spells, region: NDArray[np.int64]
) -> tuple[Spells, NDArray[np.int32], NDArray[np.int64]]:
    """All spells with those of the region put in; whose they are; and the patches that lost too many."""
    looks = len(found.stack.days)
    old_start, old_end, owner = found.spells.start[region], found.spells.end[region], found.owner.copy()
    same = (
        (np.abs(fresh.start[:, :, None] - old_start[:, None, :]) <= NEAR_LOOKS)
        & (np.abs(fresh.end[:, :, None] - old_end[:, None, :]) <= NEAR_LOOKS)
        & ((fresh.end[:, :, None] == looks) == (old_end[:, None, :] == looks))
        & (fresh.start[:, :, None] >= 0)
        & (old_start[:, None, :] >= 0)
    )
    former = found.owner[region]
    owner[region] = np.where(same.any(axis=2), np.take_along_axis(former, same.argmax(axis=2), axis=1), -1)
    gone, had = (
        np.bincount(some[some >= 0], minlength=found.grown) for some in (former[~same.any(axis=1)], found.owner.ravel())
    )
    lost = np.flatnonzero(gone > _LOST * had)
    arrays = {name: getattr(found.spells, name).copy() for name in ("start", "end", "score", "delta")}
    for name, array in arrays.items():
        array[region] = getattr(fresh, name)
    return Spells(**arrays), owner, lost


def _key(patch: Patch) -> tuple[int, int, bytes]:
    return patch.start, patch.end, patch.pixels.tobytes()
