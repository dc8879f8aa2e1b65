"""Fit and calibrate the models that verify changes, on simulated scenes; write them where the package ships them.

    pip install scikit-learn
    python benchmarks/change/train.py [--scenes 58] [--work DIR]

Every scene is another place, climate and sky. Each is used twice: as multispectral reflectance with its mask, and as
the 8-bit pictures without any mask that a map service would show of it. Calibration and budget come from
cross-validation by scene: no scene is scored by a model that saw it. The seeds start at 10 000; demo, tests and
accuracy benchmarks use smaller ones.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage
from scipy.optimize import minimize
from shapely.geometry import shape
from sklearn.ensemble import HistGradientBoostingClassifier

from sitewatch.archive import fetch, list_folder
from sitewatch.change import candidates, stack_of
from sitewatch.change._describe import FEATURES
from sitewatch.change._objects import Patch
from sitewatch.change._repeats import distinct, repeats
from sitewatch.change._verify import Trees, direction_terms, mirrored, verification_terms
from sitewatch.cube import read_cube
from sitewatch.cube._normalise import normalise
from sitewatch.cube._screen import screen
from sitewatch.simulate import Recipe, simulate, truth, write
from sitewatch.site import Site, area_mask, read_site

FIRST_SEED = 10_000
FINE_SCENES = (36, 46)
"""Scenes from the first number up to the second have pixels of 3.5 to 6 m, all others of 10 m. Those from the second on
are wider and have many halls: large structures are rare, and must be learned too."""
MODELS = Path(__file__).parents[2] / "src" / "sitewatch" / "change" / "models"
NEAR_DAYS = 60
MIN_IOU = 0.2
FOLDS = 4


@dataclass(frozen=True)
class Scene:
    """Candidates of one simulated scene and what they truly are."""

    features: NDArray[np.float64]
    """(n, len(FEATURES))"""
    stands_inside: NDArray[np.int8]
    """(n,) 1: a structure stood in the spell; 0: outside it; -1: no structure."""
    in_outline: NDArray[np.bool_]
    area_years: float
    """Pixels in the outline, in ten thousands (a square kilometre at 10 m), times the record's length in years."""
    at_event: NDArray[np.bool_]
    """(n,) True where something was built or taken down at the patch on one of its dates, whatever else it says."""
    pairs: NDArray[np.int64]
    """(m, 2) from `repeats`."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--scenes", type=int, default=58)
    arguments.add_argument("--work", type=Path, default=None, help="keep the candidates of each scene here")
    options = arguments.parse_args()
    work = options.work or Path(tempfile.mkdtemp(prefix="sitewatch-train-"))
    work.mkdir(parents=True, exist_ok=True)
    sets: dict[str, list[Scene]] = {"multispectral": [], "picture": []}
    for seed in range(FIRST_SEED, FIRST_SEED + options.scenes):
        started = time.perf_counter()
        for name, scene in candidates_of(seed, work).items():
            sets[name].append(scene)
        sizes = {name: len(scenes[-1].features) for name, scenes in sets.items()}
        print(f"seed {seed}: {sizes} candidates, {time.perf_counter() - started:.0f} s", flush=True)
    MODELS.mkdir(exist_ok=True)
    for name, scenes in sets.items():
        model = fit(name, scenes)
        (MODELS / f"{name}.json").write_text(compact(model) + "\n")


def compact(model: dict) -> str:
    """JSON with one line for each tree: small, and a changed tree is one changed line."""
    head = {key: value for key, value in model.items() if key not in ("direction", "verification")}
    parts = [json.dumps(head, indent=1)[:-2]]
    for key in ("direction", "verification"):
        ensemble = model[key]
        lines = ",\n".join("   " + json.dumps(tree, separators=(",", ":")) for tree in ensemble["trees"])
        parts.append(f' "{key}": {{"base": {ensemble["base"]}, "depth": {ensemble["depth"]}, "trees": [\n{lines}\n ]}}')
    return ",\n".join(parts) + "\n}"


def candidates_of(seed: int, work: Path) -> dict[str, Scene]:
    """Both sets of one seed, from `work` where an earlier run left them."""
    kept = {name: work / f"{seed}-{name}.npz" for name in ("multispectral", "picture")}
    if not all(path.exists() for path in kept.values()):
        with tempfile.TemporaryDirectory() as folder:
            world = Path(folder) / "world"
            made = simulate(recipe(seed))
            write(made, world)
            site = read_site(world / "site.geojson")
            chips = fetch(
                list_folder(world / "images"),
                site,
                Path(folder) / "archive",
                now=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            ).chips
            cube = read_cube(site, chips).cube
            assert cube is not None
            for name, one in (("multispectral", cube), ("picture", as_pictures(cube, seed))):
                scene = label(one, truth(made, whole=True), site)
                np.savez_compressed(kept[name], **vars(scene))
    scenes = {}
    for name, path in kept.items():
        with np.load(path) as data:
            scenes[name] = Scene(
                data["features"],
                data["stands_inside"],
                data["in_outline"],
                float(data["area_years"]),
                data["at_event"],
                data["pairs"],
            )
    return scenes


def recipe(seed: int) -> Recipe:
    """Every third scene has few looks, every fifth no events at all, every seventh a rough registration."""
    rng = np.random.default_rng(seed)
    number = seed - FIRST_SEED
    one = Recipe(
        seed=seed,
        looks=int(rng.integers(40, 100)) if seed % 3 == 0 else int(rng.integers(110, 200)),
        years=float(rng.choice([2.0, 3.0, 3.0, 4.0])),
        jitter_px=0.5 if seed % 7 == 0 else 0.25,
        pixel_m=float(rng.uniform(3.5, 6.0)) if FINE_SCENES[0] <= number < FINE_SCENES[1] else 10.0,
    )
    if number >= FINE_SCENES[1]:
        return replace(one, size=320, permanent=30, temporary=6, recurring=1)
    return one.null() if seed % 5 == 0 else one


def as_pictures(cube: xr.Dataset, seed: int) -> xr.Dataset:
    """The scene as a map service shows it: three bands, 8 bits, a stretch of its own each day, no mask."""
    rng = np.random.default_rng(seed)
    names = ["blue", "green", "red"]
    values = cube["reflectance"].sel(band=names).values
    top = np.float32(np.nanquantile(values, rng.uniform(0.85, 0.995)))
    stretched = np.nan_to_num(values) / top
    looks = len(stretched)
    gain = rng.normal(1.0, 0.08, (looks, 1, 1, 1)) * rng.normal(1.0, 0.02, (looks, 3, 1, 1))
    haze = np.abs(rng.normal(0.0, 0.04, (looks, 1, 1, 1)))
    pictures = np.clip(stretched * gain + haze, 0, 1) * 255
    pictures += rng.normal(0, rng.uniform(0.5, 3.0), pictures.shape)  # compression
    pictures = (np.clip(np.rint(pictures), 0, 255) / 255).astype(np.float32)
    seen = np.isfinite(values).all(axis=1)
    pictures = normalise(pictures, seen)
    valid = seen & ~screen(pictures.mean(axis=1), seen)
    keep = valid.mean(axis=(1, 2)) >= 0.1
    made = cube.sel(band=names).isel(time=keep).copy(deep=False)
    made.attrs["units"] = "picture"
    made["reflectance"] = (("time", "band", "y", "x"), pictures[keep])
    made["valid"] = (("time", "y", "x"), valid[keep])
    return made


def label(cube: xr.Dataset, known: dict, site: Site) -> Scene:
    """Find candidates and set them beside the truth."""
    stack = stack_of(cube)
    patches, features = candidates(stack)
    grid = cube.odc.geobox
    events = [
        (np.flatnonzero(area_mask(shape(f["geometry"]), grid)), f["properties"])
        for f in known["features"]
        if not f["properties"].get("ignore")
    ]
    labels = np.array([which_side(patch, events, stack.days) for patch in patches], dtype=np.int8)
    inside = area_mask(site.outline, grid)
    years = (stack.days[-1] - stack.days[0]) / 365.25
    in_outline = np.array([inside.ravel()[patch.pixels].any() for patch in patches], dtype=bool)
    around = [(dilated(pixels, stack.shape), properties) for pixels, properties in events]
    at_event = np.array([happens(patch, around, stack.days) for patch in patches], dtype=bool)
    return Scene(
        features=features,
        stands_inside=labels,
        in_outline=in_outline,
        area_years=float(inside.sum() * 1e-4 * years),
        at_event=at_event,
        pairs=repeats(patches, stack.days, stack.shape),
    )


def which_side(patch: Patch, events: list, days: NDArray[np.float64]) -> int:
    start = days[patch.start]
    end = days[patch.end] if patch.end < len(days) else None
    for pixels, properties in events:
        shared = len(np.intersect1d(patch.pixels, pixels))
        union = len(patch.pixels) + len(pixels) - shared
        if shared < MIN_IOU * union and shared < 0.5 * len(patch.pixels):
            continue
        on, off = period(properties, "on"), period(properties, "off")
        if near(start, on) and near(end, off):
            return 1
        if (on is None and near(start, off)) or (off is None and end is not None and near(end, on)):
            return 0
    return -1


def dilated(pixels: NDArray[np.int64], shape: tuple[int, int]) -> NDArray[np.bool_]:
    mask = np.zeros(shape, dtype=bool)
    mask.ravel()[pixels] = True
    return ndimage.binary_dilation(mask, np.ones((3, 3), dtype=bool), iterations=2).ravel()


def happens(patch: Patch, around: list, days: NDArray[np.float64]) -> bool:
    """Whether a third of the patch lies within two pixels of an event that shares a date with it."""
    dates = [days[i] for i in (patch.start, patch.end) if i < len(days)]
    for near_it, properties in around:
        ends = [end for key in ("on", "off") if (end := period(properties, key)) is not None]
        if near_it[patch.pixels].mean() >= 1 / 3 and any(near(day, end) for day in dates for end in ends):
            return True
    return False


def period(properties: dict, key: str) -> tuple[float, float] | None:
    text = properties.get(key)
    if text is None:
        return None
    first = dt.date.fromisoformat(text[:10])
    last = dt.date.fromisoformat((properties.get(f"{key}_latest") or text)[:10])
    epoch = dt.date(1970, 1, 1)
    return (first - epoch).days, (last - epoch).days


def near(day: float | None, ends: tuple[float, float] | None) -> bool:
    if day is None or ends is None:
        return day is None and ends is None
    return ends[0] - NEAR_DAYS <= day <= ends[1] + NEAR_DAYS


def fit(name: str, scenes: list[Scene]) -> dict:
    """Cross-validate, then fit on all."""
    folds = np.concatenate([np.full(len(s.features), i % FOLDS) for i, s in enumerate(scenes)])
    features = np.concatenate([s.features for s in scenes])
    side = np.concatenate([s.stands_inside for s in scenes])
    outline = np.concatenate([s.in_outline for s in scenes])
    real = (side >= 0).astype(float)
    out = np.zeros(len(features))
    right = []
    for fold in range(FOLDS):
        train, test = folds != fold, folds == fold
        direction, verification = fit_both(features[train], side[train])
        guess = stands_inside(direction, features[test])
        known = side[test] >= 0
        right.append(guess[known] == (side[test][known] == 1))
        # A structure claimed the wrong way round is a false structure.
        real[test] *= np.where(known, guess == (side[test] == 1), 0)
        out[test] = Trees.from_document(verification).logit(verification_terms(features[test], guess))
    slope, offset = platt(out, real)
    p = 1 / (1 + np.exp(-(slope * out + offset)))
    kept = np.ones(len(p), dtype=bool)
    first = 0
    for scene in scenes:
        last = first + len(scene.features)
        kept[first:last] = distinct(p[first:last], scene.pairs)
        first = last
    area_years = sum(s.area_years for s in scenes)
    # A false structure is one where nothing was built or taken down; a true one with a wrong date is another fault, and
    # the probabilities count it.
    at_event = np.concatenate([s.at_event for s in scenes])
    rates, thresholds = budget(p[outline & kept & ~at_event], area_years)
    print(
        f"{name}: {len(scenes)} scenes, {area_years:.0f} x 10 000 pixel years in outlines, "
        f"{int(real.sum())} true candidates"
    )
    print(f"  direction right {np.concatenate(right).mean():.3f}; Brier {np.mean((p - real) ** 2):.4f}")
    for low, high in ((0, 0.1), (0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.01)):
        chosen = (p >= low) & (p < high)
        if chosen.any():
            print(
                f"  said {low:.1f}-{min(high, 1):.1f}: {chosen.sum():6} candidates, mean {p[chosen].mean():.3f}, "
                f"true {real[chosen].mean():.3f}"
            )
    for rate in (0.3, 1, 2, 5, 10):
        at = np.interp(np.log(rate), np.log(rates), thresholds)
        found = ((p >= at) & kept & (real == 1) & outline).sum() / max(1, (kept & (real == 1) & outline).sum())
        print(f"  {rate} false per 10 000 pixels and year: claimed from {at:.3f}, {found:.3f} of true candidates kept")
    direction, verification = fit_both(features, side)
    return {
        "made_by": "benchmarks/change/train.py",
        "scenes": len(scenes),
        "first_seed": FIRST_SEED,
        "features": list(FEATURES),
        "calibration": {"slope": round(slope, 5), "offset": round(offset, 5)},
        "budget": {
            "false_per_10000_pixels_year": [round(float(r), 5) for r in rates],
            "probability": [round(float(t), 5) for t in thresholds],
        },
        "direction": direction,
        "verification": verification,
    }


def fit_both(features: NDArray[np.float64], side: NDArray[np.int8]) -> tuple[dict, dict]:
    known = side >= 0
    terms, inside = direction_terms(features[known]), side[known] == 1
    step = features[known, FEATURES.index("is_step")] > 0
    # A step played backwards is a step the other way: both are shown.
    both = np.vstack([terms, mirrored(terms[step])])
    direction = boost(both, np.concatenate([inside, ~inside[step]]), trees=120)
    standing = np.where(known, side == 1, stands_inside(direction, features))
    return direction, boost(verification_terms(features, standing), known, trees=160)


def stands_inside(direction: dict, features: NDArray[np.float64]) -> NDArray[np.bool_]:
    trees, terms = Trees.from_document(direction), direction_terms(features)
    forward, backward = trees.logit(terms), trees.logit(mirrored(terms))
    return np.where(features[:, FEATURES.index("is_step")] > 0, forward - backward, forward) >= 0


def boost(terms: NDArray[np.float64], truth: NDArray[np.bool_], *, trees: int) -> dict:
    """Gradient-boosted trees as plain numbers."""
    model = HistGradientBoostingClassifier(
        max_iter=trees,
        learning_rate=0.07,
        max_leaf_nodes=12,
        min_samples_leaf=20,
        l2_regularization=1.0,
        random_state=0,
    ).fit(terms, truth)
    document = {"base": round(float(np.ravel(model._baseline_prediction)[0]), 6), "depth": 0, "trees": []}
    for (predictor,) in model._predictors:
        nodes = predictor.nodes
        document["depth"] = max(document["depth"], int(nodes["depth"].max()))
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


def budget(p_false: NDArray[np.float64], area_years: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """False claims per 10 000 pixels and year as the threshold falls; thinned to about 40 points."""
    ordered = np.sort(p_false)[::-1]
    ranks = np.unique(np.geomspace(1, len(ordered), 40).astype(int))
    return ranks / area_years, ordered[ranks - 1]


if __name__ == "__main__":
    main()
