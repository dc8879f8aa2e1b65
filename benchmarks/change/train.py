"""Fit and calibrate the models that verify changes, on simulated scenes; write them where the package ships them.

    pip install scikit-learn
    python benchmarks/change/train.py [--scenes 300] [--held 36] [--work DIR] [--beside DIR] [--measure-only]

Every scene is another place, climate and sky. Each is used twice: as multispectral reflectance with its mask, and as
the 8-bit pictures without any mask that a map service would show of it; and of both, single pairs of looks are used for
the models that compare two looks alone. Calibration and budget come from cross-validation by place: none is scored by a
model that saw it. (The mean of a fit and an earlier model, `--beside`, has the mean of both's; see `mean_of`.) How many
false structures a place makes for every weak change that it shows is measured on places that no model is fitted to, and
can be measured anew without a new fit (`--measure-only`). The seeds start at 10 000; demo, tests and the benchmarks of
accuracy use smaller ones.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import pickle
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain, count, islice, pairwise
from pathlib import Path

import numpy as np
import xarray as xr
from matching import Ends, ends_within
from numpy.typing import NDArray
from pictures import show
from reading import cube_of, digest
from scipy import ndimage
from scipy.optimize import minimize
from scipy.special import logit
from shapely.geometry import shape
from sklearn.ensemble import HistGradientBoostingClassifier

import sitewatch
from sitewatch.change import stack_of
from sitewatch.change._context import CONTEXT, context
from sitewatch.change._dates import Edge, edges, seen_on
from sitewatch.change._describe import FEATURES, describe
from sitewatch.change._objects import Patch
from sitewatch.change._pair import pair_candidates
from sitewatch.change._repeats import distinct, repeats
from sitewatch.change._restless import LARGE, weak_changes
from sitewatch.change._returns import returns
from sitewatch.change._search import search_stack
from sitewatch.change._stack import Stack
from sitewatch.change._verify import (
    WORTH_A_LOOK,
    Judged,
    Trees,
    Verifier,
    context_terms,
    direction_terms,
    logistic,
    mirrored,
    stands_inside,
    verification_terms,
)
from sitewatch.simulate import Recipe, simulate, truth, write
from sitewatch.site import Site, area_mask

FIRST_SEED = 10_000
FIRST_HELD = 10_150
"""First of the places that no model is fitted to."""
FIRST_AFTER_HELD = 10_200
"""From here on places are fitted to again: more of them were made when it was known how many are held."""
MODELS = Path(__file__).parents[2] / "src" / "sitewatch" / "change" / "models"
NEAR_DAYS = 60
EARLY_DAYS = 8
"""A spell begins on the first look that shows it, never before: what comes earlier is the clearing of the ground,
and is not to be taken for the structure."""
WORKS_DAYS = 200
"""Ground is cleared so long before a building comes, and levelled so long after one went."""
MIN_IOU = 0.2
PAIRS = 6
"""Pairs of looks taken from each record."""
PAIR_CLEAR = 0.6
"""Share of the picture that both looks of a pair see at least, each."""
WORKS_WEIGHT = 0.3
"""What works that are no structure weigh in the fit. They are real changes that look much like structures, and how many
there are for each of them is the simulator's choice; at full weight the models doubt every roof of an earthen hue."""
COARSE_M = 7.0
"""Pixels of the places on which false structures per weak change are measured. On finer ones, parked goods fill pixels
of their own and are claimed as structures that come and go: a few such places would speak for all."""
FOLDS = 4
LEVELS = 1 / (1 + np.exp(-np.linspace(4.6, -4.6, 70)))
"""Probabilities from .99 to .01 at which false claims are counted."""
TAIL_FROM = 0.1
"""From here on false claims of the held places are few, and a curve stands for them."""
ENSEMBLES = ("direction", "alone", "placed")
NAMES = ("multispectral", "picture", "pair-multispectral", "pair-picture")


@dataclass(frozen=True)
class Scene:
    """Candidates of one simulated scene and what they truly are."""

    patches: list[Patch]
    days: NDArray[np.float64]
    shape: tuple[int, int]
    features: NDArray[np.float64]
    """(n, len(FEATURES))"""
    origin: NDArray[np.int64]
    """(n,) -1: found by the search; else the position of the patch on whose ground it was found again."""
    stands_inside: NDArray[np.int8]
    """(n,) 1: a structure stood in the spell; 0: outside it; -1: no structure."""
    in_outline: NDArray[np.bool_]
    area_years: float
    """Pixels in the outline, in ten thousands (a square kilometre at 10 m), times the record's length in years."""
    all_area_years: float
    """The same for all pixels of the scene."""
    at_event: NDArray[np.bool_]
    """(n,) True where something was built or taken down at the patch within `WORKS_DAYS` of one of its dates, whatever
    else it says."""
    at_works: NDArray[np.bool_]
    """(n,) The same for works that are no structure: a new roof, a resurfaced yard, earthworks, a clear-cut."""
    piece: NDArray[np.bool_]
    """(n,) True where a patch lies in a structure and has its dates but shows too little of it: it looks like a small
    structure, and is neither true nor false."""
    pairs: NDArray[np.int64]
    """(m, 2) from `repeats`."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--scenes", type=int, default=300)
    arguments.add_argument("--held", type=int, default=36, help="places to measure false structures per weak change on")
    arguments.add_argument(
        "--measure-only",
        action="store_true",
        help="fit nothing; measure false structures per weak change of the shipped models",
    )
    arguments.add_argument(
        "--beside",
        type=Path,
        metavar="DIR",
        help="earlier models, as name.json: a set that has one there gets the mean of the two (decision 33)",
    )
    arguments.add_argument("--work", type=Path, default=None, help="keep the candidates of each scene here")
    options = arguments.parse_args()
    if options.scenes < 1:
        arguments.error("--scenes: at least 1.")
    if options.held > FIRST_AFTER_HELD - FIRST_HELD:
        arguments.error(f"--held: {FIRST_AFTER_HELD - FIRST_HELD} at most; models are fitted to those after.")
    held = range(FIRST_HELD, FIRST_HELD + options.held)
    coarse = [seed for seed in held if recipe(seed).pixel_m >= COARSE_M]
    if not coarse:
        arguments.error(f"--held: no place with pixels of {COARSE_M:g} m or more is among these; ask for more.")
    earlier = {} if options.beside is None else earlier_models(options.beside)
    work = options.work or Path(tempfile.mkdtemp(prefix="sitewatch-train-"))
    work.mkdir(parents=True, exist_ok=True)
    MODELS.mkdir(exist_ok=True)
    if not options.measure_only:
        seeds = seeds_of_fit(options.scenes)
        for name, places in gathered(seeds, work).items():
            model = {**fit(name, places), "seeds": as_spans(seeds)}
            if name in earlier:
                model = mean_of(model, earlier[name])
            (MODELS / f"{name}.json").write_text(compact(model) + "\n")
    for name, places in gathered(coarse, work, pairs=False).items():
        path = MODELS / f"{name}.json"
        model = json.loads(path.read_text())
        ratio = false_per_weak(model, list(chain.from_iterable(places)))
        model["budget"]["false_per_weak"] = [float(f"{r:.4g}") for r in ratio]
        path.write_text(compact(model) + "\n")


def seeds_of_fit(places: int) -> list[int]:
    """The first so many places that models are fitted to."""
    return list(islice(chain(range(FIRST_SEED, FIRST_HELD), count(FIRST_AFTER_HELD)), places))


def as_spans(seeds: Sequence[int]) -> list[str]:
    """The places of a fit as "first-last"."""
    parts = [s for s in seeds if s < FIRST_HELD], [s for s in seeds if s >= FIRST_AFTER_HELD]
    return [f"{part[0]}-{part[-1]}" for part in parts if part]


def gathered(seeds: Sequence[int], work: Path, *, pairs: bool = True) -> dict[str, list[list[Scene]]]:
    """All sets of some seeds: per set, the scenes of each place; `pairs`: also what is seen between two looks alone."""
    sets: dict[str, list[list[Scene]]] = {name: [] for name in NAMES if pairs or not name.startswith("pair-")}
    for seed in seeds:
        started = time.perf_counter()
        made = candidates_of(seed, work, pairs=pairs)
        for name, places in sets.items():
            places.append(made[name])
        sizes = {name: sum(len(s.features) for s in places[-1]) for name, places in sets.items()}
        print(f"seed {seed}: {sizes} candidates, {time.perf_counter() - started:.0f} s", flush=True)
    return sets


def compact(model: dict) -> str:
    """JSON with one line for each tree: small, and a changed tree is one changed line."""
    head = {key: value for key, value in model.items() if key not in ENSEMBLES}
    parts = [json.dumps(head, indent=1)[:-2]]
    for key in ENSEMBLES:
        ensemble = model[key]
        lines = ",\n".join("   " + json.dumps(tree, separators=(",", ":")) for tree in ensemble["trees"])
        parts.append(f' "{key}": {{"base": {ensemble["base"]}, "trees": [\n{lines}\n ]}}')
    return ",\n".join(parts) + "\n}"


def candidates_of(seed: int, work: Path, *, pairs: bool) -> dict[str, list[Scene]]:
    """All sets of one seed, from `work` where an earlier run of the same sources left them; see `gathered`."""
    kept = work / f"{seed}{'' if pairs else '-series'}-{sources()}.pickle"
    if not kept.exists():
        with tempfile.TemporaryDirectory() as folder:
            world = Path(folder) / "world"
            made = simulate(recipe(seed))
            write(made, world)
            show(world / "images", world / "pictures", seed)
            # All of the scene is read: the countryside has changes to learn from, too.
            whole = replace(made.site, outline=made.grid.geographic_extent.geom)
            cubes = {
                "multispectral": cube_of(whole, world / "images", Path(folder) / "archive"),
                "picture": cube_of(whole, world / "pictures", Path(folder) / "shown"),
            }
        known = truth(made, whole=True)
        scenes: dict[str, list[Scene]] = {}
        for name, one in cubes.items():
            scenes[name] = [label(one, known, made.site)]
            if pairs:
                scenes[f"pair-{name}"] = list(labelled_pairs(one, known, made.site, seed))
        # Our own file of our own objects, read by this script only.
        kept.with_suffix(".tmp").write_bytes(pickle.dumps(scenes))
        kept.with_suffix(".tmp").rename(kept)
        return scenes
    return pickle.loads(kept.read_bytes())  # noqa: S301


@cache
def sources() -> str:
    """A name for what makes candidates and labels: simulator, pictures, cube, search, matching, and this script."""
    rooms = (Path(sitewatch.__file__).parent / room for room in ("simulate", "cube", "change"))
    files = [
        Path(__file__),
        *(Path(__file__).with_name(name) for name in ("matching.py", "pictures.py", "reading.py")),
        *(file for room in rooms for file in sorted(room.glob("*.py"))),
    ]
    return digest(files)


def recipe(seed: int) -> Recipe:
    """Every kind of place in turn: few looks, rough registration, other pixels, many halls, short stays, no events."""
    rng = np.random.default_rng(seed)
    number = seed - FIRST_SEED
    pixel_m = {5: rng.uniform(3.5, 6.0), 11: rng.uniform(15.0, 30.0)}.get(number % 16 if number % 8 != 5 else 5, 10.0)
    one = Recipe(
        seed=seed,
        looks=int(rng.integers(40, 100)) if number % 3 == 0 else int(rng.integers(110, 200)),
        years=float(rng.choice([2.0, 3.0, 3.0, 4.0])),
        jitter_px=0.5 if number % 7 == 0 else float(rng.uniform(0.1, 0.3)),
        clutter=float(rng.uniform(0.3, 1.7)),
        mask_missed=float(rng.uniform(0.01, 0.06)),
        shortest_stay=float(rng.choice([20.0, 45.0, 45.0, 60.0])),
        least_contrast=float(rng.choice([0.03, 0.05, 0.07])),
        pixel_m=float(pixel_m),
        size=192,
        permanent=7,
        temporary=9,
        recurring=3,
        demolitions=4,
        distractors=5,
    )
    if number % 5 == 2:  # large structures are rare, and must be learned too
        return replace(one, size=256, permanent=20, temporary=5, recurring=1)
    return one.null() if number % 5 == 0 else one


def label(cube: xr.Dataset, known: dict, site: Site) -> Scene:
    """Find candidates and set them beside the truth."""
    stack = stack_of(cube)
    found = search_stack(stack)
    patches, features = found.candidates
    # Which of them are worth a look is known only when the models are fitted.
    made, origin = returns(patches, patches, stack)
    measured, numbers = describe(made, stack, found.spells)
    patches += [patch for patch, good in zip(made, measured, strict=True) if good]
    features = np.vstack([features, numbers[measured]])
    origin = np.concatenate([np.full(len(patches) - int(measured.sum()), -1), origin[measured]])
    events, around, works = events_of(known, cube)
    labels, piece = np.full(len(patches), -1, dtype=np.int8), np.zeros(len(patches), dtype=bool)
    near_one = [i for i, p in enumerate(patches) if any(covers(p, pixels, pieces=True) for pixels, _ in events)]
    for i, ends in zip(near_one, edges([patches[i] for i in near_one], stack), strict=True):
        labels[i] = which_side(patches[i], ends, events, stack, pieces=False)
        piece[i] = labels[i] < 0 and which_side(patches[i], ends, events, stack, pieces=True) >= 0
    inside = area_mask(site.outline, cube.odc.geobox)
    years = (stack.days[-1] - stack.days[0]) / 365.25
    in_outline = np.array([inside.ravel()[patch.pixels].any() for patch in patches], dtype=bool)
    dates = [[(stack.days[i],) * 2 for i in (p.start, p.end) if i < len(stack.days)] for p in patches]
    return Scene(
        patches=patches,
        days=stack.days,
        shape=stack.shape,
        features=features,
        origin=origin,
        stands_inside=labels,
        in_outline=in_outline,
        area_years=float(inside.sum() * 1e-4 * years),
        all_area_years=float(inside.size * 1e-4 * years),
        at_event=happening(patches, around, dates),
        at_works=happening(patches, works, dates),
        piece=piece,
        pairs=repeats(patches, stack.days, stack.shape),
    )


def labelled_pairs(cube: xr.Dataset, known: dict, site: Site, seed: int) -> Iterator[Scene]:
    """Candidates of a few pairs of clear looks, any time apart; their rates count by comparison, not by year."""
    clear = np.flatnonzero(cube["valid"].values.mean(axis=(1, 2)) >= PAIR_CLEAR)
    rng = np.random.default_rng(seed)
    events, around, works = events_of(known, cube)
    inside = area_mask(site.outline, cube.odc.geobox)
    for _ in range(PAIRS if len(clear) >= 2 else 0):
        stack = stack_of(cube.isel(time=np.sort(rng.choice(clear, 2, replace=False))))
        patches, features = pair_candidates(stack)
        if not patches:
            continue
        first, last = stack.days
        sides = [between(patch, events, first, last) for patch in patches]
        yield Scene(
            patches=patches,
            days=stack.days,
            shape=stack.shape,
            features=features,
            origin=np.full(len(patches), -1),
            stands_inside=np.array(sides, dtype=np.int8),
            in_outline=np.array([inside.ravel()[patch.pixels].any() for patch in patches], dtype=bool),
            area_years=float(inside.sum() * 1e-4),
            all_area_years=float(inside.size * 1e-4),
            at_event=happening(patches, around, [[(first, last)]] * len(patches)),
            at_works=happening(patches, works, [[(first, last)]] * len(patches)),
            piece=np.zeros(len(patches), dtype=bool),
            pairs=repeats(patches, stack.days, stack.shape),
        )


def between(patch: Patch, events: list, first: float, last: float) -> int:
    """1: a structure stood there on the second of two looks and not on the first; 0: on the first only; -1: neither."""
    for pixels, properties in events:
        if not covers(patch, pixels, pieces=True):
            continue
        on, off = period(properties, "on"), period(properties, "off")
        stood, stands = ((on is None or on[0] <= day) and (off is None or day < off[1]) for day in (first, last))
        if stood != stands:
            return int(stands)
    return -1


def covers(patch: Patch, pixels: NDArray[np.int64], *, pieces: bool) -> bool:
    """Whether a patch shows an event: by overlap, as the scoring contract has it; or, with `pieces`, by lying in it.

    A piece of a hall is not the hall, nor is it nothing (`Scene.piece`). Between two looks, halls come in pieces more
    often than not; taught otherwise, the models doubt the hall itself (decision 7).
    """
    shared = len(np.intersect1d(patch.pixels, pixels, assume_unique=True))
    union = len(patch.pixels) + len(pixels) - shared
    return shared >= MIN_IOU * union or (pieces and shared >= 0.5 * len(patch.pixels) > 0)


def events_of(known: dict, cube: xr.Dataset) -> tuple[list, list, list]:
    """What was built and taken down as (pixels, properties); the same, and all other works, as (mask, properties).

    The masks are True on the pixels and within two of them.
    """
    grid = cube.odc.geobox
    size = (int(grid.shape[0]), int(grid.shape[1]))
    told = [(np.flatnonzero(area_mask(shape(f["geometry"]), grid)), f["properties"]) for f in known["features"]]
    events = [(pixels, properties) for pixels, properties in told if not properties.get("ignore")]
    works = [(pixels, properties) for pixels, properties in told if properties.get("ignore")]
    around, near_works = (
        [(dilated(pixels, size), properties) for pixels, properties in some] for some in (events, works)
    )
    return events, around, near_works


def which_side(patch: Patch, told: tuple[Edge | None, Edge | None], events: list, stack: Stack, *, pieces: bool) -> int:
    """1: a structure stood in the spell; 0: it stood before and after; -1: neither, or its brackets (`told`) are wrong.

    What stood on the first look that saw the patch has no beginning there, nor an end what stood on the last one.
    """
    here = []
    for pixels, properties in events:
        if covers(patch, pixels, pieces=pieces):
            ends = as_seen(patch, (period(properties, "on"), period(properties, "off")), stack)
            here += [] if ends is None else [ends]
    if told == (None, None):
        return -1
    start, end = (None if e is None else (stack.days[e.after], stack.days[e.by]) for e in told)
    if any(near(start, on) and near(end, off) for on, off in here):
        return 1
    gone = [on for on, off in here if off is not None and near(start, off)]
    if gone and end is not None and any(on is not None and near(end, on) for on, _ in here):
        return 0
    # A last absence tells when the thing went; that it had stood from the start is right, or other gaps correct it.
    return 0 if gone and end is None and (gone[0] is None or len(here) > 1) else -1


def as_seen(patch: Patch, ends: Ends, stack: Stack) -> Ends | None:
    """When a thing came and went, by the looks that saw half of the patch; None: no end lies between two of them."""
    seen = stack.days[seen_on(patch, stack)]
    return ends_within(ends, seen[0], seen[-1]) if len(seen) else None


def dilated(pixels: NDArray[np.int64], shape: tuple[int, int]) -> NDArray[np.bool_]:
    mask = np.zeros(shape, dtype=bool)
    mask.ravel()[pixels] = True
    return ndimage.binary_dilation(mask, np.ones((3, 3), dtype=bool), iterations=2).ravel()


def happening(patches: list[Patch], around: list, spans: list) -> NDArray[np.bool_]:
    """(n,) Whether a third of a patch lies at an event that began or ended within `WORKS_DAYS` of one of its spans."""
    ends = [[e for e in (period(q, "on"), period(q, "off")) if e is not None] for _, q in around]
    return np.array(
        [
            any(
                any(e[0] - WORKS_DAYS <= last and first <= e[1] + WORKS_DAYS for e in own for first, last in mine)
                and near_it[patch.pixels].mean() >= 1 / 3
                for (near_it, _), own in zip(around, ends, strict=True)
            )
            for patch, mine in zip(patches, spans, strict=True)
        ],
        dtype=bool,
    )


def period(properties: dict, key: str) -> tuple[float, float] | None:
    text = properties.get(key)
    if text is None:
        return None
    first = dt.date.fromisoformat(text[:10])
    last = dt.date.fromisoformat((properties.get(f"{key}_latest") or text)[:10])
    epoch = dt.date(1970, 1, 1)
    return (first - epoch).days, (last - epoch).days


def near(bracket: tuple[float, float] | None, ends: tuple[float, float] | None) -> bool:
    """Whether a bracket (after, by] is right by `NEAR_DAYS`, and does not end before the thing was there.

    A wide one is right where it holds the date: that nobody looked for a winter makes no structure a false one.
    """
    if bracket is None or ends is None:
        return bracket is None and ends is None
    after, by = bracket
    return ends[0] - EARLY_DAYS <= by and after <= ends[1] + NEAR_DAYS


def fit(name: str, places: list[list[Scene]]) -> dict:
    """Cross-validate by place, then fit on all."""
    folds = np.concatenate([np.full(len(s.features), i % FOLDS) for i, scenes in enumerate(places) for s in scenes])
    scenes = list(chain.from_iterable(places))
    bounds = np.cumsum([0, *(len(s.features) for s in scenes)])
    # Spells that were found again are judged by models of those that the search found.
    origin = np.concatenate(
        [np.where(s.origin >= 0, s.origin + first, -1) for s, first in zip(scenes, bounds[:-1], strict=True)]
    )
    searched = origin < 0
    features = np.concatenate([s.features for s in scenes])
    side = np.concatenate([s.stands_inside for s in scenes])
    works = np.concatenate([s.at_works & ~s.at_event & (s.stands_inside < 0) for s in scenes])
    weight = np.where(works, WORKS_WEIGHT, 1.0)
    outline = np.concatenate([s.in_outline for s in scenes])
    piece = np.concatenate([s.piece for s in scenes])
    guess, belief = left_out(features, side, weight, searched & ~piece, folds)
    worth = searched | (belief[origin] >= WORTH_A_LOOK)
    scenes = [of_scene(s, worth[a:b]) for s, (a, b) in zip(scenes, pairwise(bounds), strict=True)]
    folds, features, side, weight, outline, piece, guess, belief, searched = (
        array[worth] for array in (folds, features, side, weight, outline, piece, guess, belief, searched)
    )
    spans = [slice(a, b) for a, b in pairwise(np.cumsum([0, *(len(s.features) for s in scenes)]))]
    # A structure claimed the wrong way round is a false structure.
    real = (side >= 0) & (guess == (side == 1))
    around = np.concatenate(
        [context(s.patches, s.days, s.shape, belief[span]) for s, span in zip(scenes, spans, strict=True)]
    )
    around = context_terms(around, features, guess)
    out = np.zeros(len(features))
    for fold in range(FOLDS):
        learned, test = ~piece & (folds != fold), folds == fold
        out[test] = Trees.from_document(fit_placed(around[learned], real[learned])).logit(around[test])
    at_event, at_works = (np.concatenate([getattr(s, name) for s in scenes]) for name in ("at_event", "at_works"))
    # Works that are no structure are real changes all the same. How many there are for each structure is the
    # simulator's choice and differs from place to place, so a claim on one counts neither as true nor as false.
    counted = ~piece & (real | at_event | ~at_works)
    slope, offset = platt(out[counted], real[counted].astype(float))
    p = logistic(slope * out + offset)
    kept = np.concatenate([distinct(s.patches, p[span], s.pairs) for s, span in zip(scenes, spans, strict=True)])
    # A false structure is one where nothing was built or taken down; a true one with a wrong date is another fault, and
    # the probabilities count it.
    false = kept & ~at_event & ~at_works
    years_inside = sum(s.area_years for s in scenes)
    years_around = sum(s.all_area_years for s in scenes) - years_inside
    inside, around_it = rates(p[outline & false], years_inside), rates(p[~outline & false], years_around)
    known = side >= 0
    print(f"{name}: direction right {(guess[known] == (side[known] == 1)).mean():.3f}")
    report(real[counted], belief[counted], p[counted])
    print(f"  {len(scenes)} scenes, {int(real.sum())} true; false per 10 000 pixels and year, kept of true candidates:")
    for level in (0.9, 0.7, 0.5, 0.3, 0.2):
        at = int(np.argmin(np.abs(LEVELS - level)))
        found = [((p >= level) & kept & real & zone).sum() / (kept & real & zone).sum() for zone in (outline, ~outline)]
        print(f"  from {level}: inside {inside[at]:.2f}, {found[0]:.2f}; around {around_it[at]:.3f}, {found[1]:.2f}")
    on_works = kept & at_works & ~at_event
    years = years_inside + years_around
    print(f"  on works that are no structure, from 0.5: {(on_works & (p >= 0.5)).sum() / years:.2f} in the same area")
    learned = searched & ~piece
    direction, alone = fit_alone(features[learned], side[learned], weight[learned])
    return {
        "made_by": "benchmarks/change/train.py",
        "scenes": len(scenes),
        "features": list(FEATURES),
        "context": list(CONTEXT),
        "calibration": {"slope": round(slope, 5), "offset": round(offset, 5)},
        "budget": {
            "probability": [round(float(level), 5) for level in LEVELS],
            "false_inside": [round(float(r), 5) for r in inside],
            "false_around": [round(float(r), 5) for r in around_it],
        },
        "direction": direction,
        "alone": alone,
        "placed": fit_placed(around[~piece], real[~piece]),
    }


def left_out(
    features: NDArray[np.float64],
    side: NDArray[np.int8],
    weight: NDArray[np.float64],
    learned: NDArray[np.bool_],
    folds: NDArray[np.int64],
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """(n,) Direction and belief of each candidate, by models fitted to what is `learned` from in the other folds."""
    guess, belief = np.zeros(len(features), dtype=bool), np.zeros(len(features))
    for fold in range(FOLDS):
        some, test = learned & (folds != fold), folds == fold
        direction, alone = fit_alone(features[some], side[some], weight[some])
        guess[test] = stands_inside(Trees.from_document(direction), features[test])
        terms = verification_terms(features[test], guess[test])
        belief[test] = logistic(Trees.from_document(alone).logit(terms))
    return guess, belief


def earlier_models(folder: Path) -> dict[str, dict]:
    """The models of a folder by name, each fit to be averaged with a new one; it ends the program where one is not."""
    found = {name: json.loads(path.read_text()) for name in NAMES if (path := folder / f"{name}.json").is_file()}
    if not found:
        raise SystemExit(f"--beside: {folder} holds no model; one of {', '.join(NAMES)} as .json is needed.")
    for name, model in found.items():
        levels = [round(float(level), 5) for level in LEVELS]
        told = model["features"], model["context"], model["budget"]["probability"]
        if told != (list(FEATURES), list(CONTEXT), levels):
            raise SystemExit(f"--beside: {name} has other features, context or probabilities; no mean is defined.")
    return found


def mean_of(model: dict, earlier: dict) -> dict:
    """Two models of one kind as one that verifies by the mean of their log-odds, with the direction of the earlier one.

    Each was calibrated, and had its false claims counted, on scenes left out of its fit. Calibrations are averaged,
    rates by their geometric mean; the mean itself was not counted so, and makes fewer false claims than either.
    (Directions hardly differ, and a mean of them would cost as much as verification.) An earlier model that is a mean
    counts as one: what it was made of is a quarter each.
    """
    return {
        **model,
        "mean_of": [model["scenes"], earlier.get("mean_of", earlier["scenes"])],
        "calibration": {
            key: round((model["calibration"][key] + earlier["calibration"][key]) / 2, 5) for key in model["calibration"]
        },
        "budget": {
            "probability": model["budget"]["probability"],
            **{
                key: [
                    round((a * b) ** 0.5, 5) for a, b in zip(model["budget"][key], earlier["budget"][key], strict=True)
                ]
                for key in ("false_inside", "false_around")
            },
        },
        "direction": earlier["direction"],
        **{
            key: {
                "base": round((model[key]["base"] + earlier[key]["base"]) / 2, 6),
                "trees": [
                    [[round(node[0] / 2, 6)] if len(node) == 1 else node for node in tree]
                    for tree in model[key]["trees"] + earlier[key]["trees"]
                ],
            }
            for key in ENSEMBLES
            if key != "direction"
        },
    }


def false_per_weak(model: dict, scenes: Sequence[Scene]) -> NDArray[np.float64]:
    """(levels,) false structures of up to `LARGE` pixels claimed from each of `LEVELS` for every weak change.

    Within facilities that the model never saw. From `TAIL_FROM` on these are few; there their log-odds are taken to be
    spread exponentially, by maximum likelihood, so that one weak change more moves a threshold by little.
    """
    judge = Verifier.from_document(model)
    weak, claims = 0, []
    for scene in scenes:
        alone = judge.by_itself(scene.features)
        worth = (scene.origin < 0) | (alone.probability[scene.origin] >= WORTH_A_LOOK)
        s = of_scene(scene, worth)
        alone = Judged(standing_inside=alone.standing_inside[worth], probability=alone.probability[worth])
        p = judge.in_place(alone, s.features, s.patches, s.days, s.shape).probability
        weak += weak_changes(s.patches, p, s.days, s.shape, s.in_outline)
        small = np.array([len(patch.pixels) <= LARGE for patch in s.patches], dtype=bool)
        claims.append(p[small & distinct(s.patches, p, s.pairs) & s.in_outline & ~s.at_event & ~s.at_works])
    wrong = np.sort(np.concatenate(claims))
    beyond = logit(wrong[wrong >= TAIL_FROM]) - logit(TAIL_FROM)
    if not weak or not len(beyond):
        raise SystemExit(f"{weak} weak changes and {len(beyond)} false claims tell no ratio: more --held are needed.")
    counted = len(wrong) - np.searchsorted(wrong, LEVELS)
    tail = len(beyond) * np.exp(-(logit(LEVELS) - logit(TAIL_FROM)) / beyond.mean())
    print(f"  {weak} weak changes; false from {TAIL_FROM} {len(beyond)}, from .5 {(wrong >= 0.5).sum()}")
    return np.asarray(np.where(LEVELS >= TAIL_FROM, tail, counted) / weak)


def of_scene(scene: Scene, chosen: NDArray[np.bool_]) -> Scene:
    """A scene with the chosen of its candidates, (n,)."""
    place = np.cumsum(chosen) - 1
    held = chosen[scene.pairs].all(axis=1)
    return replace(
        scene,
        patches=[patch for patch, good in zip(scene.patches, chosen, strict=True) if good],
        pairs=place[scene.pairs[held]],
        **{
            name: getattr(scene, name)[chosen]
            for name in ("features", "origin", "stands_inside", "in_outline", "at_event", "at_works", "piece")
        },
    )


def report(real: NDArray[np.bool_], alone: NDArray[np.float64], p: NDArray[np.float64]) -> None:
    """Print how probabilities agree with what was true."""
    print(f"  Brier {np.mean((p - real) ** 2):.4f}; without the place {np.mean((alone - real) ** 2):.4f}")
    for low, high in pairwise((0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.01)):
        chosen = (p >= low) & (p < high)
        if chosen.any():
            print(
                f"  said {low:.1f}-{min(high, 1):.1f}: {chosen.sum():6} candidates, mean {p[chosen].mean():.3f}, "
                f"true {real[chosen].mean():.3f}"
            )


def fit_alone(features: NDArray[np.float64], side: NDArray[np.int8], weight: NDArray[np.float64]) -> tuple[dict, dict]:
    """The direction model, and the verification of patches by themselves."""
    known = side >= 0
    terms, inside = direction_terms(features[known]), side[known] == 1
    step = features[known, FEATURES.index("is_step")] > 0
    # Both ways in time: a step played backwards is a step the other way, a spell stays one.
    both = np.vstack([terms, mirrored(terms)])
    direction = boost(both, np.concatenate([inside, inside ^ step]), trees=160)
    standing = np.where(known, side == 1, stands_inside(Trees.from_document(direction), features))
    return direction, boost(verification_terms(features, standing), known, trees=400, leaves=24, weight=weight)


def fit_placed(around: NDArray[np.float64], real: NDArray[np.bool_]) -> dict:
    """The verification of patches in their place: small, and rising with what speaks for a patch."""
    return boost(around, real, trees=140, leaves=8, rising=[CONTEXT.index(name) for name in ("own", "again", "agains")])


def boost(
    terms: NDArray[np.float64],
    truth: NDArray[np.bool_],
    *,
    trees: int,
    leaves: int = 12,
    rising: Sequence[int] = (),
    weight: NDArray[np.float64] | None = None,
) -> dict:
    """Gradient-boosted trees as plain numbers; they never fall with the terms `rising`."""
    model = HistGradientBoostingClassifier(
        max_iter=trees,
        learning_rate=0.05,
        max_leaf_nodes=leaves,
        min_samples_leaf=40,
        l2_regularization=5.0,
        max_features=1.0 if rising else 0.2,  # each split sees few terms: better on another simulator's scenes
        early_stopping=False,
        random_state=0,
        monotonic_cst=np.isin(np.arange(terms.shape[1]), rising).astype(int) if rising else None,
    ).fit(terms, truth, sample_weight=weight)
    document = {"base": round(float(np.ravel(model._baseline_prediction)[0]), 6), "trees": []}
    for (predictor,) in model._predictors:
        nodes = predictor.nodes
        document["trees"].append(
            [
                [round(float(n["value"]), 6)]
                if n["is_leaf"]
                else [int(n["feature_idx"]), float(f"{n['num_threshold']:.7g}"), int(n["left"]), int(n["right"])]
                for n in nodes
            ]
        )
    return document


def platt(out: NDArray[np.float64], truth: NDArray[np.float64]) -> tuple[float, float]:
    def loss(w: NDArray[np.float64]) -> float:
        s = w[0] * out + w[1]
        return float(np.logaddexp(0, s).sum() - truth @ s)

    slope, offset = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead").x
    return float(slope), float(offset)


def rates(p_false: NDArray[np.float64], area_years: float) -> NDArray[np.float64]:
    """(levels,) false claims per 10 000 pixels and year from each of `LEVELS`; half a claim where none was counted."""
    ordered = np.sort(p_false)
    counts = len(ordered) - np.searchsorted(ordered, LEVELS)
    return np.maximum(counts, 0.5) / area_years


if __name__ == "__main__":
    main()
