"""A cube to the changes in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sitewatch.change._again import remember, search_again
from sitewatch.change._blocks import blocks
from sitewatch.change._change import Change, Kind
from sitewatch.change._dates import Edge, Ends, edges
from sitewatch.change._describe import FEATURES, describe
from sitewatch.change._keep import read_known, write_known
from sitewatch.change._objects import Patch
from sitewatch.change._pair import farthest_pair, pair_candidates
from sitewatch.change._radar import radar_changes
from sitewatch.change._repeats import distinct, repeats
from sitewatch.change._restless import LARGE, weak_changes
from sitewatch.change._returns import returns
from sitewatch.change._search import Search, around, search
from sitewatch.change._shadows import shadows
from sitewatch.change._stack import VISIBLE, Stack, of_pictures, stack_of
from sitewatch.change._verify import WORTH_A_LOOK, Judged, Verifier, pair_verifier, verifier

__all__ = ["MIN_LOOKS", "changes_of", "compare_pair", "detect", "detect_again"]

MIN_LOOKS = 7
"""With fewer looks there is no telling noise from change: three on either side are needed, and one more."""

MAX_OTHERS = 50
"""Changes that are not claimed as structures are reported up to this many, the strongest first."""

_DATED = 32
"""Patches that are dated together: enough for every core, and few that nobody asks for."""

_SHORTEST_YEARS = 1 / 12
"""A record shorter than a month counts as a month where something is counted per year."""

_AS_LIKELY = 0.85
"""A block is a thing where it is believed nearly as much as the patch: a piece of a roof is believed less than it."""

_STRONG = 20.0
"""Smallest median score of a change that is reported without being claimed as a structure."""


def detect(cube: xr.Dataset, *, false_alarms: float, inside: NDArray[np.bool_]) -> list[Change]:
    """Find what changed inside a site's outline.

    Args:
        cube: used looks, as `sitewatch.cube.read_cube` makes it. Of two to `MIN_LOOKS` - 1 looks, two are compared
            (`compare_pair`); a single look gives no change.
        false_alarms: expected false structures a year inside the outline, > 0.
        inside: (y, x), True inside the outline; only changes that touch it are returned.

    Returns:
        The changes: every one that is claimed as a structure, then the strongest others.
    """
    cube = _as_learned(cube)
    if cube.sizes["time"] < MIN_LOOKS:
        return compare_pair(cube, false_alarms=false_alarms, inside=inside)
    return changes_of(search(cube), cube, false_alarms=false_alarms, inside=inside)


def detect_again(
    cube: xr.Dataset, *, false_alarms: float, inside: NDArray[np.bool_], kept: Path
) -> tuple[list[Change], int]:
    """Find what changed, as `detect` does, at a fifth of the cost when only a few looks were added since the last time.

    Args:
        cube: as for `detect`.
        false_alarms: as for `detect`.
        inside: as for `detect`.
        kept: the file in which a search is kept for the next one. What is missing, damaged, of another place or too old
            is no error: all is searched, and the file is written anew (unless the search is too large to keep).

    Returns:
        The changes, and how many of the looks there were when all of them were searched last.

    Raises:
        OSError: `kept` cannot be written.
    """
    cube = _as_learned(cube)
    looks = cube.sizes["time"]
    if looks < MIN_LOOKS:
        return compare_pair(cube, false_alarms=false_alarms, inside=inside), looks
    known = read_known(kept)
    found = None if known is None else search_again(known, cube)
    if found is None:
        found = search(cube)
    write_known(kept, remember(found, cube))
    return changes_of(found, cube, false_alarms=false_alarms, inside=inside), found.whole


@dataclass(frozen=True, kw_only=True)
class _Said:
    """Patches and what is said of each."""

    patches: Sequence[Patch]
    features: NDArray[np.float64]
    """(n, len(FEATURES))"""
    standing: NDArray[np.bool_]
    """(n,) True: the structure stood within the spell."""
    probability: NDArray[np.float64]
    """(n,)"""
    within: NDArray[np.bool_]
    """(n,) True where it is probable enough for the budget."""
    told: NDArray[np.bool_]
    """(n,) True where it touches the outline and, of what is `within`, neither another patch nor its own blocks tell
    the event better."""

    @property
    def claimed(self) -> NDArray[np.int64]:
        """Positions of what is claimed as a structure."""
        return np.flatnonzero(self.within & self.told)


@dataclass(frozen=True, kw_only=True)
class _Blocks:
    """Patches that others may consist of."""

    patches: list[Patch]
    whole: NDArray[np.int64]
    """(n,) position of the patch that each is a block of."""
    features: NDArray[np.float64]
    """(n, len(FEATURES))"""


def changes_of(found: Search, cube: xr.Dataset, *, false_alarms: float, inside: NDArray[np.bool_]) -> list[Change]:
    """Judge what a search found; see `detect`."""
    if _is_radar(cube):
        return radar_changes(found, cube, false_alarms=false_alarms, inside=inside, most_others=MAX_OTHERS)

    def dated(some: Sequence[Patch]) -> list[Ends]:
        found.read(cube, np.unique(np.concatenate([patch.pixels for patch in some])))
        return edges(some, found.stack)

    judge = verifier(found.stack.bands)
    patches, features, alone = _with_returns(found, cube, judge)
    return _judged(
        patches,
        features,
        alone,
        found.stack,
        judge,
        dated=dated,
        cut=partial(_cut, found, cube),
        false_alarms=false_alarms,
        inside=inside,
    )


def _cut(found: Search, cube: xr.Dataset, some: Sequence[Patch]) -> _Blocks:
    """The blocks of some patches that can be described; those of a search that it grew can have some."""
    number = {id(patch): i for i, patch in enumerate(found.patches[: found.grown])}
    at = [i for i, patch in enumerate(some) if id(patch) in number]
    grown = [some[i] for i in at]
    stack = found.stack
    made, of = blocks(
        grown, [number[id(p)] for p in grown], found.owner, found.spells, stack.shape, stack.days, usual=found.usual
    )
    found.read(cube, around(made, stack.shape))
    measured, features = describe(made, stack, found.spells)
    return _Blocks(
        patches=[patch for patch, good in zip(made, measured, strict=True) if good],
        whole=np.array(at, dtype=np.int64)[of][measured],
        features=features[measured],
    )


def _as_learned(cube: xr.Dataset) -> xr.Dataset:
    """Of pictures the bands that the eye sees: the models for pictures were fitted to no other."""
    seen = [name for name in cube["band"].values if str(name) in VISIBLE]
    return cube.sel(band=seen) if of_pictures(cube) and 0 < len(seen) < cube.sizes["band"] else cube


def _is_radar(cube: xr.Dataset) -> bool:
    return bool(cube.attrs.get("units") == "backscatter")


def _with_returns(found: Search, cube: xr.Dataset, judge: Verifier) -> tuple[list[Patch], NDArray[np.float64], Judged]:
    """What was found, and the other spells of what is worth a look on its own ground: patches, numbers, verdicts."""
    patches, features = found.candidates
    alone = judge.by_itself(features)
    seeds = [patches[i] for i in np.flatnonzero(alone.probability >= WORTH_A_LOOK).tolist()]
    found.read(cube, around(seeds, found.stack.shape))
    made, _ = returns(seeds, patches, found.stack)
    measured, numbers = describe(made, found.stack, found.spells)
    more, numbers = [patch for patch, good in zip(made, measured, strict=True) if good], numbers[measured]
    return patches + more, np.vstack([features, numbers]), Judged.of([alone, judge.by_itself(numbers)])


def compare_pair(cube: xr.Dataset, *, false_alarms: float, inside: NDArray[np.bool_]) -> list[Change]:
    """Find what differs between two looks: of more than two, those farthest apart that see the most together.

    Two looks tell no season from a change and nothing of what came and went between them. What is claimed stood on one
    of them and not on the other, as probably as it says; when it came, in all the time between.

    Args:
        cube: used looks, as `sitewatch.cube.read_cube` makes it; fewer than two give no change, and radar none at all:
            on two looks alone, speckle differs as much as what is built.
        false_alarms: expected false structures inside the outline in this comparison, > 0.
        inside: (y, x), True inside the outline; only changes that touch it are returned.

    Returns:
        The changes, as `detect` gives them; every bracket reaches from the one look to the other.
    """
    if cube.sizes["time"] < 2 or _is_radar(cube):
        return []
    cube = _as_learned(cube)
    days = cube["time"].values.astype("datetime64[s]").astype(np.int64)
    first, last = farthest_pair(cube["valid"].values.reshape(cube.sizes["time"], -1), days)
    stack = stack_of(cube.isel(time=[first, last]))
    patches, features = pair_candidates(stack)
    judge = pair_verifier(stack.bands)
    return _judged(
        patches,
        features,
        judge.by_itself(features),
        stack,
        judge,
        dated=lambda some: [(Edge(after=first, by=last), None)] * len(some),
        false_alarms=false_alarms,
        inside=inside,
    )


def _judged(
    patches: Sequence[Patch],
    features: NDArray[np.float64],
    alone: Judged,
    stack: Stack,
    judge: Verifier,
    *,
    dated: Callable[[Sequence[Patch]], list[Ends]],
    false_alarms: float,
    inside: NDArray[np.bool_],
    cut: Callable[[Sequence[Patch]], _Blocks] | None = None,
) -> list[Change]:
    """Patches as changes: those that are claimed, within the budget, and the strongest others.

    `cut` gives the blocks of what is claimed; None: it is told whole.
    """
    if not patches:
        return []
    said, least = _said_of(
        patches,
        features,
        judge.in_place(alone, features, patches, stack.days, stack.shape),
        stack,
        judge,
        false_alarms=false_alarms,
        inside=inside,
    )
    if cut is not None:
        said = _in_blocks(said, alone, stack, judge, cut=cut, least=least, inside=inside)
    others = np.flatnonzero(np.array([p.score >= _STRONG for p in said.patches]) & said.told & ~said.within).tolist()
    others.sort(key=lambda i: -said.patches[i].score * len(said.patches[i].pixels) ** 0.5)
    return [
        *_changes(said, said.claimed.tolist(), stack.bands, dated),
        *islice(_changes(said, others, stack.bands, dated), MAX_OTHERS),
    ]


def _said_of(
    patches: Sequence[Patch],
    features: NDArray[np.float64],
    judged: Judged,
    stack: Stack,
    judge: Verifier,
    *,
    false_alarms: float,
    inside: NDArray[np.bool_],
) -> tuple[_Said, float]:
    """What is said of patches, and the probability from which one of up to `LARGE` pixels is claimed.

    Args:
        patches: all of them.
        features: (n, len(FEATURES)) of the patches.
        judged: what is said of each in its place.
        stack: in which they were found.
        judge: that judged them.
        false_alarms: expected false structures a year inside the outline.
        inside: (y, x), True inside the outline.
    """
    probability = judged.probability
    touching = _touching(patches, inside)
    weak_a_year = 0.0
    if judge.false_per_weak is not None:
        years = max((stack.days[-1] - stack.days[0]) / 365.25, _SHORTEST_YEARS)
        weak_a_year = weak_changes(patches, probability, stack.days, stack.shape, touching) / years
    of_average, of_this = (
        judge.threshold(false_alarms=false_alarms, pixels=int(inside.sum()), weak_a_year=n) for n in (0.0, weak_a_year)
    )
    large = np.array([len(patch.pixels) > LARGE for patch in patches], dtype=bool)
    within = probability >= np.where(large, of_average, of_this)
    chosen = np.flatnonzero(within)
    claimable, standing = [patches[i] for i in chosen.tolist()], judged.standing_inside
    pairs = repeats(claimable, stack.days, stack.shape)
    shade = shadows(claimable, standing[chosen], features[chosen], stack, parts=pairs)
    within[chosen[shade]] = False
    # Nothing was built there, and a shadow must not tell the event of the building that casts it.
    probability = probability.copy()
    probability[chosen[shade]] = 0.0
    told = touching.copy()
    told[chosen[~distinct(claimable, probability[chosen], pairs)]] = False  # an event is told once
    return (
        _Said(
            patches=patches,
            features=features,
            standing=standing,
            probability=probability,
            within=within,
            told=told,
        ),
        of_this,
    )


def _in_blocks(
    said: _Said,
    alone: Judged,
    stack: Stack,
    judge: Verifier,
    *,
    cut: Callable[[Sequence[Patch]], _Blocks],
    least: float,
    inside: NDArray[np.bool_],
) -> _Said:
    """The same with the blocks of what is claimed in its place, where two or more are believed nearly as much.

    Blocks are judged beside all patches, which were judged without them.

    Args:
        said: of all patches.
        alone: what is said of each patch by itself.
        stack: in which they were found.
        judge: that judged them.
        cut: gives the blocks of some patches.
        least: probability from which a block is claimed.
        inside: (y, x), True inside the outline.
    """
    claimed, count = said.claimed, len(said.patches)
    made = cut([said.patches[i] for i in claimed.tolist()])
    if not made.patches:
        return said
    whole = claimed[made.whole]
    own = judge.by_itself(made.features)
    together = [*said.patches, *made.patches]
    features = np.vstack([said.features, made.features])
    judged = judge.in_place(Judged.of([alone, own]), features, together, stack.days, stack.shape)
    touching = _touching(made.patches, inside)
    good = _told_apart(whole, judged.probability[count:], said.probability, touching, least=least)
    kept = np.concatenate([np.arange(count), count + np.flatnonzero(good)])
    patches = [together[i] for i in kept.tolist()]
    told = np.append(said.told, touching[good])
    told[whole[good]] = False
    return _Said(
        patches=patches,
        features=features[kept],
        standing=np.append(said.standing, own.standing_inside[good]),
        probability=np.append(said.probability, judged.probability[count:][good]),
        within=np.append(said.within, np.ones(len(patches) - count, dtype=bool)),
        told=told,
    )


def _touching(patches: Sequence[Patch], inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(n,) True where a patch touches what is `inside`, (y, x)."""
    flat = inside.ravel()
    return np.array([flat[patch.pixels].any() for patch in patches], dtype=bool)


def _changes(
    said: _Said, some: Sequence[int], bands: Sequence[str], dated: Callable[[Sequence[Patch]], list[Ends]]
) -> Iterator[Change]:
    """Patches at some positions as changes; one whose dates no look tells is none."""
    # A few together: those that are asked for are dated side by side, and most others never.
    for first in range(0, len(some), _DATED):
        few = some[first : first + _DATED]
        for i, (began, ended) in zip(few, dated([said.patches[i] for i in few]), strict=True):
            if began is None and ended is None:
                continue
            yield Change(
                pixels=said.patches[i].pixels,
                began=began,
                ended=ended,
                standing_inside=bool(said.standing[i]),
                kind=Kind.STRUCTURE
                if said.within[i]
                else _other_kind(dict(zip(FEATURES, said.features[i], strict=True)), bands),
                probability=float(said.probability[i]),
            )


def _told_apart(
    whole: NDArray[np.int64],
    probability: NDArray[np.float64],
    of_wholes: NDArray[np.float64],
    touching: NDArray[np.bool_],
    *,
    least: float,
) -> NDArray[np.bool_]:
    """(n,) True for blocks that are told instead of their patch: two of one at least, claimed by themselves.

    One of them touches the outline: what crosses it is not left out for the sake of blocks that lie outside.

    Args:
        whole: (n,) position of each block's patch.
        probability: (n,) of the blocks.
        of_wholes: (patch,) of the patches.
        touching: (n,) True for blocks that touch the outline.
        least: from which a structure is claimed.
    """
    good = probability >= np.maximum(least, _AS_LIKELY * of_wholes[whole])
    several = np.bincount(whole[good], minlength=len(of_wholes)) >= 2
    good &= several[whole]
    return np.asarray(good & np.isin(whole, whole[good & touching]))


def _other_kind(numbers: dict[str, float], bands: Sequence[str]) -> Kind:
    """What a change is that is not claimed as built."""
    green = 0.35 if "nir" in bands else 0.06
    if max(numbers["vegetation_inside"], numbers["vegetation_before"]) >= green:
        return Kind.VEGETATION
    if min(numbers["vegetation_inside"], numbers["vegetation_before"]) <= -green and "nir" in bands:
        return Kind.WATER
    return Kind.SURFACE if np.exp(numbers["log_pixels"]) >= 6 else Kind.UNKNOWN
