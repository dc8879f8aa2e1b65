"""The engine with one part taken out at a time: what is each of them worth?

Whatever is swapped is swapped where it is looked up, for as long as one scene takes. The shipped models stay: they were
fitted to candidates of the whole engine, so a row says what is lost without the part today, not what an engine that
never had it could be made to reach.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np
import xarray as xr
from engine import TUNED_DENSITIES, claims_of, with_budget, with_density
from matching import Claim
from numpy.typing import NDArray
from scenes import Scene

import sitewatch.change._dates as dates
import sitewatch.change._detect as detection
import sitewatch.change._returns as returns
import sitewatch.change._scan as scanning
import sitewatch.change._search as searching
import sitewatch.change._stack as stacks
import sitewatch.change._verify as verification
import sitewatch.cube._gates as gates
from sitewatch.change import Change, Kind, candidates, detect, stack_of
from sitewatch.change._dates import edges
from sitewatch.change._describe import FEATURES
from sitewatch.change._objects import Patch, grow
from sitewatch.change._scan import Spells
from sitewatch.change._stack import Stack
from sitewatch.change._verify import Judged, Verifier, verifier
from sitewatch.structures import Structure, identify

__all__ = ["ABLATIONS", "NOTE", "Ablation"]

Swap = Callable[[], tuple[Any, str, Any]]
"""Gives whose attribute is swapped, its name, and what stands in its place; called when the row is run."""

NOTE = (
    "Every row lacks one part of the engine, the models stay as they are shipped. One false structure a year is asked "
    "for; rows with a star have no probabilities that keep to a budget, and the threshold of best F1 on the tuning "
    "scene."
)


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """One row: the engine without a part."""

    name: str
    swaps: tuple[Swap, ...] = ()
    in_reading: bool = False
    """True: the images are read again without the part."""
    run: Callable[..., Sequence[Structure]] = with_budget
    """(cube, inside, threshold=) to structures."""
    thresholds: Sequence[float] = ()
    """To be tried on the tuning scene; none: one false structure a year is asked for."""

    def claims(self, one: Scene, *regions: str, threshold: float = 1.0) -> dict[str, list[Claim]]:
        """By region, of those named, what is claimed of a scene."""
        with self._taken_out():
            cube = one.read() if self.in_reading else one.cube
            return {
                name: claims_of(self.run(cube, one.regions[name].inside, threshold=threshold), cube) for name in regions
            }

    @contextmanager
    def _taken_out(self) -> Iterator[None]:
        with ExitStack() as stack:
            for swap in self.swaps:
                owner, name, instead = swap()
                stack.enter_context(mock.patch.object(owner, name, instead))
            yield


# ---- what stands in a part's place -----------------------------------------------------------------------------------


def _by(owner: Any, name: str, instead: Any) -> Swap:
    return lambda: (owner, name, instead)


def _scan_with(was: str, now: str) -> Swap:
    """The scan with one line of its source written differently: what is compiled into a kernel cannot be swapped."""
    return lambda: (searching, "scan", _edited(scanning, was, now).scan)


@cache
def _edited(module: ModuleType, was: str, now: str) -> ModuleType:
    """A second copy of a module, in memory alone."""
    source = inspect.getsource(module)
    if source.count(was) != 1:
        raise SystemExit(f"ablation.py: {module.__name__} holds {was!r} {source.count(was)} times, not once.")
    # Of its own file numba would read the kernels that it compiled before.
    text = source.replace(was, now).replace("cache=True", "cache=False")
    made = ModuleType(module.__name__)
    exec(compile(text, f"{module.__name__}, edited", "exec"), vars(made))  # noqa: S102 - our own source
    return made


def _no_offset(values: NDArray[np.float32], *_: Any) -> NDArray[np.float32]:
    return np.zeros(values.shape[1:], dtype=np.float32)


def _no_seasons(days: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.ones((len(days), 1), dtype=np.float32)


def _nothing_usual(spells: Spells, _: tuple[int, int]) -> NDArray[np.float32]:
    return np.ones(len(spells.score), dtype=np.float32)


def _one_spell(spells: Spells, *args: Any, **options: Any) -> Any:
    first = np.zeros(spells.start.shape, dtype=bool)
    first[:, 0] = True
    return grow(spells, *args, free=first, **options)


def _none_of(*_: Any, **__: Any) -> tuple[list[Any], NDArray[np.int64]]:
    return [], np.zeros(0, dtype=np.int64)


def _none_is(patches: Sequence[Patch], *_: Any, **__: Any) -> NDArray[np.bool_]:
    return np.zeros(len(patches), dtype=bool)


def _no_dates(patches: Sequence[Patch], _: Stack) -> list[None]:
    return [None] * len(patches)


def _brighter(_: Any, features: NDArray[np.float64]) -> NDArray[np.bool_]:
    inside, before, after = (features[:, FEATURES.index(f"bright_{side}")] for side in ("inside", "before", "after"))
    return np.asarray(inside >= (before + after) / 2)


def _by_itself(_: Verifier, alone: Judged, *__: Any) -> Judged:
    return alone


def _without_verification(cube: xr.Dataset, inside: NDArray[np.bool_], *, threshold: float) -> Sequence[Structure]:
    """All patches of at least this score; the direction is still the shipped model's, the grouping `identify`."""
    stack = stack_of(cube)
    patches, features = candidates(stack)
    if not patches:
        return ()
    standing = verifier(stack.bands).by_itself(features).standing_inside
    changes = []
    strong = [i for i, p in enumerate(patches) if p.score >= threshold and inside.ravel()[p.pixels].any()]
    ends = edges([patches[i] for i in strong], stack)
    for patch, stands, (began, ended) in zip((patches[i] for i in strong), standing[strong], ends, strict=True):
        if began is not None or ended is not None:
            changes.append(
                Change(
                    pixels=patch.pixels,
                    began=began,
                    ended=ended,
                    standing_inside=bool(stands),
                    kind=Kind.STRUCTURE,
                    # Any rising function of the score ranks the claims.
                    probability=float(patch.score / (patch.score + 100)),
                )
            )
    return identify(changes, cube, site_id="benchmark")


def _each_change_alone(cube: xr.Dataset, inside: NDArray[np.bool_], *, threshold: float) -> Sequence[Structure]:
    return [
        structure
        for change in detect(cube, false_alarms=threshold, inside=inside)
        for structure in identify([change], cube, site_id="benchmark")
    ]


# ---- the rows --------------------------------------------------------------------------------------------------------

ABLATIONS = (
    Ablation(name="as shipped"),
    Ablation(
        name="temporal screen",
        swaps=(_by(gates, "screen", lambda _, seen: np.zeros_like(seen)),),
        in_reading=True,
    ),
    Ablation(name="offset of each look", swaps=(_by(stacks, "common_mode", _no_offset),)),
    Ablation(
        name="seasons",
        swaps=tuple(_by(module, "design", _no_seasons) for module in (stacks, searching, returns)),
    ),
    Ablation(
        name="spells in the scan (steps alone are tried)",
        swaps=(_scan_with("price = np.float32(2.0 * np.log(n) + 2.0)", "price = np.float32(1e30)"),),
    ),
    Ablation(name="further spells of a pixel", swaps=(_by(searching, "grow", _one_spell),)),
    Ablation(
        name="slow noise",
        swaps=(
            _scan_with(
                "slow[b] = max(np.float32(NOISE_FLOOR * NOISE_FLOOR), noise[b] * noise[b] * wander)",
                "slow[b] = np.float32(NOISE_FLOOR * NOISE_FLOOR)",
            ),
        ),
    ),
    Ablation(name="what is usual around", swaps=(_by(searching, "usual_scores", _nothing_usual),)),
    Ablation(name="taking off rims", swaps=(_by(searching, "grow", partial(grow, rims=True)),)),
    Ablation(name="stages offered as a whole", swaps=(_by(searching, "compounds", lambda *_: []),)),
    Ablation(name="blocks", swaps=(_by(detection, "blocks", _none_of),)),
    Ablation(name="dates of the patch as a whole", swaps=(_by(dates, "own_dates", _no_dates),)),
    Ablation(name="other spells on its ground", swaps=(_by(detection, "returns", _none_of),)),
    Ablation(name="direction (brighter is what stood)", swaps=(_by(verification, "stands_inside", _brighter),)),
    Ablation(name="weak changes of the place", swaps=(_by(detection, "weak_changes", lambda *_: 0),)),
    Ablation(name="shadows of the first winter", swaps=(_by(detection, "shadows", _none_is),)),
    Ablation(name="turns up and down", run=_each_change_alone),
    Ablation(
        name="judging beside the others *",
        swaps=(_by(Verifier, "in_place", _by_itself),),
        run=with_density,
        thresholds=TUNED_DENSITIES,
    ),
    Ablation(
        name="verification *",
        run=_without_verification,
        thresholds=(12, 16, 20, 25, 30, 40, 50, 70, 100),
    ),
)
"""Parts in the order in which the engine comes to them."""
