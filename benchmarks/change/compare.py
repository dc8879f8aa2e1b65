"""Run open peers beside sitewatch's change engine on the same simulated scenes, and print what each reaches.

    python -m pip install --require-hashes --requirement benchmarks/change/requirements.txt
    python benchmarks/change/compare.py [--seeds 901 902 ...] [--null 30] [--quick] [--out DIR] [--work DIR]

Every peer's settings and threshold are tuned on one scene for the best F1 and applied unchanged to scenes that nothing
was tuned on. The engine runs as it ships. All get the same looks with the same mask. `--only` chooses the parts:
accuracy, ablation, transfer, null, pictures, speed, scaling, added (looks), gates, oscd. Scenes and the peers' breaks
are kept in `--work`; tables go to `--out` as tables.md and results.json, reliability diagrams as reliability-*.svg.

The engine was fitted on scenes of the simulator that most parts test it on. Part transfer asks what carries over: it
runs all on scenes of another simulator (second_world.py, which says what was known of them), with a tuning scene of its
own; `--transfer-seeds` chooses the scenes. Part pictures shows the engine the scenes of both, and the null scenes, as
8-bit pictures without a mask (pictures.py).
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import os
import pickle
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import Any

import added_looks
import faults
import numpy as np
import oscd
import peers
import pictures
import second_world
import shapely
import xarray as xr
from matching import SIZES, Claim, Ends, Event, Tally, as_looked, datable, event, match, tellable
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords
from peers import PEERS, Breaks, Peer, Record
from shapely.geometry import box, shape
from shapely.geometry.base import BaseGeometry

import sitewatch.simulate
from sitewatch.archive import fetch, list_folder
from sitewatch.change import Change, Kind, candidates, detect, stack_of
from sitewatch.cube import read_cube
from sitewatch.simulate import Recipe, simulate, truth, write
from sitewatch.site import Site, area_mask, project, read_site
from sitewatch.structures import Structure, identify

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
TUNING_SEED = 900
TEST_SEEDS = tuple(range(901, 907))
OWN_WORLD, SECOND_WORLD = "our simulator", "second simulator"
TRANSFER_TUNING_SEED = 0
TRANSFER_SEEDS = (1, 2, 3, 4)
FIRST_NULL_SEED = 940
BUDGETS = (1.0, 2.0, 5.0, 10.0)
OPEN_BUDGET = 1_000.0
"""False alarms a year at which the reliability of low probabilities can be read too."""
THRESHOLDS = 30
"""Tried in tuning a peer, at even quantiles of its scores."""
PARTS = ("accuracy", "ablation", "transfer", "null", "pictures", "speed", "scaling", "added", "gates", "oscd")
BINS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
SCALING_LOOKS = (100, 200, 400)
SCALING_PIXELS = (256, 512, 1024)
LOOKS_OF_LARGE = 60
"""Looks in the scaling over size: 1024 x 1024 pixels of them, six bands and the engine's own copy, fit in 8 GB."""

SHIPPED = "sitewatch, as shipped"
EPOCH_ORDINAL = dt.date(1970, 1, 1).toordinal()
RIM_M = 1.5
"""Rim of the images that a whole scene leaves out: rounded coordinates must not ask for ground beyond them."""

BUSY = 1.25
"""Seconds per second of CPU, with one thread, from which a timing is marked: something else had the machine."""

Method = Callable[[xr.Dataset, NDArray[np.bool_]], Sequence[Structure]]
"""(cube, inside) to structures."""


# ---- the engine, as shipped and with parts taken out -----------------------------------------------------------------


def as_shipped(cube: xr.Dataset, inside: NDArray[np.bool_]) -> Sequence[Structure]:
    """The engine with its default budget."""
    return with_budget(cube, inside, threshold=1.0)


def with_budget(cube: xr.Dataset, inside: NDArray[np.bool_], *, threshold: float) -> Sequence[Structure]:
    """The engine with `threshold` false alarms a year."""
    return identify(detect(cube, false_alarms=threshold, inside=inside), cube, site_id="benchmark")


def with_density(cube: xr.Dataset, inside: NDArray[np.bool_], *, threshold: float) -> Sequence[Structure]:
    """The engine with `threshold` false alarms per 10 000 pixels and year: equally strict on any area."""
    return with_budget(cube, inside, threshold=threshold * float(inside.sum()) * 1e-4)


def without_verification(cube: xr.Dataset, inside: NDArray[np.bool_], *, threshold: float) -> Sequence[Structure]:
    """All patches of at least this score; the direction is still the shipped model's, the grouping `identify`."""
    from sitewatch.change._dates import edges
    from sitewatch.change._verify import verifier

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


ABLATIONS: dict[str, Method] = {"as shipped": as_shipped}
"""By name; add a line to have one more row."""
TUNED_ABLATIONS: dict[str, tuple[Callable[..., Sequence[Structure]], tuple[float, ...]]] = {
    "without verification": (without_verification, (12, 16, 20, 25, 30, 40, 50, 70, 100)),
}
"""By name; those that need a threshold, and the thresholds tried on the tuning scene."""
TUNED_DENSITIES = (0.1, 0.3, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""False alarms per 10 000 pixels and year that are tried on the tuning scene."""


# ---- scenes ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Region:
    """Where claims are made and scored."""

    inside: NDArray[np.bool_]
    """(y, x); claims that touch it count."""
    events: tuple[Event, ...]
    km2_years: float


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One simulated record with its truth."""

    seed: int
    cube: xr.Dataset
    years: float
    regions: Mapping[str, Region]
    """`whole`: all of the scene; `outline`: the facility."""

    @property
    def record(self) -> Record:
        """As the peers read it."""
        return Record.of(self.cube)


def scene(recipe: Recipe, work: Path, *, cropped: bool = False, shown: bool = False) -> Scene:
    """Simulate, write, list, fetch and read one scene; images and truth are kept in `work`.

    Args:
        recipe: what to simulate.
        work: where scenes are kept.
        cropped: True: the cube of the facility and its margin, as `sitewatch watch` reads it; False: of all the images.
        shown: True: as 8-bit pictures without a mask (see `pictures.show`); False: as the simulator made them.
    """
    folder = _simulated(recipe, work)
    if shown:
        folder = _shown(folder, recipe.seed, work)
    return _read(folder, seed=recipe.seed, years=recipe.years, cropped=cropped)


def second_scene(seed: int, work: Path, *, shown: bool = False) -> Scene:
    """Likewise, one scene of the second world."""
    folder = _second(seed, work)
    if shown:
        folder = _shown(folder, seed, work)
    return _read(folder, seed=seed, years=second_world.SPAN / 365)


def _read(folder: Path, *, seed: int, years: float, cropped: bool = False) -> Scene:
    site = read_site(folder / "world" / "site.geojson")
    listing = list_folder(folder / "world" / "images")
    watched = site if cropped else replace(site, id="whole", outline=_whole(folder), areas={})
    chips = fetch(listing, watched, folder / ("cropped" if cropped else "archive"), now=NOW).chips
    cube = read_cube(watched, chips).cube
    assert cube is not None
    return Scene(
        seed=seed,
        cube=cube,
        years=years,
        regions={name: _region(folder, name, cube, site) for name in ("whole", "outline")},
    )


def _simulated(recipe: Recipe, work: Path) -> Path:
    """The folder of a recipe's images."""

    def make(folder: Path) -> BaseGeometry:
        world = simulate(recipe)
        write(world, folder / "world")
        for name in ("whole", "outline"):
            (folder / f"{name}.json").write_text(json.dumps(truth(world, whole=name == "whole")))
        return world.geographic(box(RIM_M, RIM_M, *([recipe.size * recipe.pixel_m - RIM_M] * 2)))

    sources = sorted(Path(sitewatch.simulate.__file__).parent.glob("*.py"))
    return _kept(f"scene-{recipe.seed}", repr(recipe), sources, work, make)


def _second(seed: int, work: Path) -> Path:
    """The folder of a second world's images."""

    def make(folder: Path) -> BaseGeometry:
        second_world.make(seed, folder / "world")
        for name, told in (("whole", "truth_whole"), ("outline", "truth")):
            (folder / "world" / f"{told}.geojson").rename(folder / f"{name}.json")
        return shape(second_world.images_outline(RIM_M))

    return _kept(f"second-{seed}", str(seed), [Path(second_world.__file__)], work, make)


def _shown(simulated: Path, seed: int, work: Path) -> Path:
    """The folder of a scene's images as pictures."""

    def make(folder: Path) -> BaseGeometry:
        pictures.show(simulated / "world" / "images", folder / "world" / "images", seed)
        for name in ("world/site.geojson", "whole.json", "outline.json"):
            shutil.copy(simulated / name, folder / name)
        return _whole(simulated)

    return _kept(f"{simulated.name}-shown", str(seed), [Path(pictures.__file__)], work, make)


def _kept(name: str, asked: str, sources: Iterable[Path], work: Path, make: Callable[[Path], BaseGeometry]) -> Path:
    """A folder that `make` fills; it is filled anew where its `sources` were changed since.

    It gets world/site.geojson, world/images and, as truth, whole.json and outline.json; `make` returns the outline of
    all the images, EPSG:4326.
    """
    key = hashlib.sha256(asked.encode() + b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    folder = work / f"{name}-{key}"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "done").write_text(shapely.to_wkt(make(folder), rounding_precision=8))
    return folder


def _whole(folder: Path) -> Any:
    """Outline of all the images, EPSG:4326."""
    return shapely.from_wkt((folder / "done").read_text())


def _region(folder: Path, name: str, cube: xr.Dataset, site: Site) -> Region:
    known = json.loads((folder / f"{name}.json").read_text())
    grid = cube.odc.geobox
    size = (int(grid.shape[0]), int(grid.shape[1]))
    days = [dt.date.fromisoformat(known[key]) for key in ("start", "end")]
    inside = np.ones(size, dtype=bool) if name == "whole" else area_mask(site.outline, grid)

    def in_pixels(c: NDArray[np.float64]) -> NDArray[np.float64]:
        a = grid.affine
        return np.column_stack(((c[:, 0] - a.c) / a.a, (c[:, 1] - a.f) / a.e))

    events = tuple(
        event(f["properties"], shapely.transform(project(shape(f["geometry"]), to=grid.crs), in_pixels), size)
        for f in known["features"]
    )
    valid = cube["valid"].values.reshape(cube.sizes["time"], -1)
    starts, ends = (
        cube[name].values.astype("datetime64[D]").astype(np.int64) + EPOCH_ORDINAL for name in ("time", "time_end")
    )
    looked = (e if e.ignore else as_looked(e, int(starts[0]), int(ends.max())) for e in events if len(e.pixels))
    record = valid, starts, ends
    return Region(
        inside=inside,
        events=tuple(
            replace(e, datable=datable(e, *record), tellable=tellable(e, *record)) for e in looked if e is not None
        ),
        km2_years=known["area_km2"] * (days[1] - days[0]).days / 365.25,
    )


def claims_of(structures: Iterable[Structure], cube: xr.Dataset) -> list[Claim]:
    """Every presence of what is claimed as a structure."""
    out = []
    for structure in structures:
        if structure.kind is Kind.STRUCTURE:
            pixels = np.flatnonzero(area_mask(structure.footprint, cube.odc.geobox))
            for presence in structure.presences:
                ends: Ends = tuple(  # type: ignore[assignment]
                    None if b is None else (b.after.date().toordinal(), b.by.date().toordinal())
                    for b in (presence.erected, presence.dismantled)
                )
                out.append(Claim(pixels=pixels, ends=ends, probability=presence.probability))
    return out


def touching(claims: Iterable[Claim], inside: NDArray[np.bool_]) -> list[Claim]:
    """Those with a pixel inside."""
    return [claim for claim in claims if inside.ravel()[claim.pixels].any()]


# ---- tables ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Table:
    """Something to print."""

    title: str
    note: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """Aligned, so that it reads as plain text too."""
        widths = [max(len(row[i]) for row in [self.head, *self.rows]) for i in range(len(self.head))]
        lines = [
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
            for row in [self.head, ["-" * width for width in widths], *self.rows]
        ]
        return "\n".join([f"## {self.title}", "", self.note, "", *lines, ""])


@dataclass(kw_only=True)
class Output:
    """Prints and keeps what was measured."""

    folder: Path
    tables: list[Table] = field(default_factory=list)
    numbers: dict[str, Any] = field(default_factory=dict)

    def add(self, table: Table) -> None:
        """Print one table and write all so far: a run that is stopped leaves what it had."""
        self.tables.append(table)
        print("\n" + table.markdown(), flush=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "tables.md").write_text("\n".join(t.markdown() for t in self.tables), encoding="utf-8")
        document = {**self.numbers, "tables": [{"title": t.title, "head": t.head, "rows": t.rows} for t in self.tables]}
        (self.folder / "results.json").write_text(json.dumps(document, indent=1), encoding="utf-8")


def say(text: str) -> None:
    print(f"[{dt.datetime.now(tz=dt.UTC):%H:%M:%S}] {text}", flush=True)


def number(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


SCORE_HEAD = (
    "method",
    "F1",
    "precision",
    "recall",
    "permanent",
    "temporary",
    "erected alone",
    "demolition",
    *SIZES,
    "false / km2 a",
    "days outside",
    "coverage",
    "width, days",
    "F1, datable",
    "F1, place only",
)


def score_row(name: str, dated: Tally, placed: Tally) -> list[str]:
    groups = ("permanent", "temporary", "temporary erected", "demolition", *SIZES)
    return [
        name,
        number(dated.f1),
        number(dated.precision),
        number(dated.recall()),
        *(number(dated.recall(group)) for group in groups),
        number(dated.false_per_km2_year),
        number(dated.median_days_outside, 0),
        number(dated.coverage),
        number(dated.median_width, 0),
        number(dated.f1_datable),
        number(placed.f1),
    ]


# ---- accuracy --------------------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Scored:
    """One method over all test scenes: by region, (with dates, place only)."""

    by_region: dict[str, tuple[Tally, Tally]] = field(default_factory=dict)

    def add(self, name: str, region: Region, claims: Sequence[Claim]) -> None:
        """Match one scene's claims both ways."""
        new = tuple(match(region.events, claims, dated=d, km2_years=region.km2_years) for d in (True, False))
        old = self.by_region.get(name, (Tally(), Tally()))
        self.by_region[name] = (old[0] + new[0], old[1] + new[1])


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """A peer with what suited the tuning scene."""

    peer: Peer
    setting: Mapping[str, Any]
    threshold: float
    f1: float

    @property
    def numbers(self) -> dict[str, Any]:
        """To be kept with the tables."""
        return {"setting": dict(self.setting), "threshold": self.threshold, "f1": self.f1}


def breaks_of(peer: Peer, one: Scene, record: Record, setting: Mapping[str, Any], work: Path) -> Breaks:
    """A peer's breaks, from `work` where an earlier run left them."""
    threads = os.cpu_count() or 1
    digest = hashlib.sha256(Path(peers.__file__).read_bytes())
    digest.update(json.dumps([peer.name, setting, record.shape, _version(peer)], sort_keys=True).encode())
    digest.update(record.values.tobytes() + record.valid.tobytes() + record.days.tobytes())
    path = work / f"breaks-{one.seed}-{peer.name.replace(' ', '-')}-{digest.hexdigest()[:12]}.npz"
    if not path.exists():
        started = time.perf_counter()
        breaks = peer.find(record, threads=threads, **setting)
        np.savez_compressed(path, **vars(breaks))
        say(f"seed {one.seed}: {peer.name} {dict(setting)}: {time.perf_counter() - started:.0f} s")
    with np.load(path) as kept:
        return Breaks(look=kept["look"], score=kept["score"], delta=kept["delta"], slack_days=float(kept["slack_days"]))


def _version(peer: Peer) -> str:
    return "" if peer.needs is None else metadata.version(peer.needs)


def tune(peer: Peer, one: Scene, work: Path, *, first: bool) -> Tuned:
    """The setting (or only the first of them) and the threshold of best F1 on one scene, with dates if it has any."""
    record = one.record
    region = one.regions["whole"]
    best: Tuned | None = None
    for setting in peer.settings[:1] if first else peer.settings:
        breaks = breaks_of(peer, one, record, setting, work)
        scores = breaks.score[breaks.look >= 0]
        # Nearly all breaks are false: the thresholds that matter lie far up.
        shares = 1 - np.geomspace(1, 2e-4, THRESHOLDS)
        for threshold in np.unique(np.quantile(scores, shares)) if len(scores) else ():
            claims = peers.group(breaks, record, threshold=float(threshold))
            f1 = match(region.events, claims, dated=peer.dated).f1
            if best is None or f1 > best.f1:
                best = Tuned(peer=peer, setting=setting, threshold=float(threshold), f1=f1)
    assert best is not None
    say(f"tuned {peer.name}: {dict(best.setting)}, threshold {best.threshold:.2f}, F1 {best.f1:.3f}")
    return best


def tune_engine(run: Callable[..., Sequence[Structure]], values: Sequence[float], one: Scene) -> Method:
    """Run with the threshold of best F1 on one scene."""
    region = one.regions["whole"]
    scores = {}
    for value in values:
        claims = claims_of(run(one.cube, region.inside, threshold=value), one.cube)
        scores[value] = match(region.events, claims).f1
    best = max(scores, key=lambda v: scores[v])
    say(f"tuned {run.__name__}: {best:g}, F1 {scores[best]:.3f}")
    return partial(run, threshold=best)


@dataclass(kw_only=True)
class Contest:
    """Who takes part, and what each has reached so far."""

    world: str
    """Which simulator made the scenes, for titles."""
    work: Path
    engines: dict[str, Method] = field(default_factory=dict)
    chosen: list[Tuned] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    """Name of a peer to why it did not run."""
    ablations: dict[str, Method] = field(default_factory=dict)
    scored: dict[str, Scored] = field(default_factory=dict)
    ablated: dict[str, Scored] = field(default_factory=dict)
    changes: Tally = field(default_factory=Tally)
    """All the engine's changes, of any probability."""

    def prepare(self, one: Scene, options: argparse.Namespace, *, peers_too: bool, ablations: bool) -> None:
        """Tune all that can be tuned, on the one scene for it."""
        if peers_too:
            self.engines = {SHIPPED: as_shipped}
            self.engines["sitewatch, tuned too"] = tune_engine(with_density, TUNED_DENSITIES, one)
            for peer in PEERS:
                if not peer.available:
                    self.left_out[peer.name] = "not installed"
                    continue
                try:
                    self.chosen.append(tune(peer, one, options.work, first=options.quick or options.defaults))
                except Exception as error:  # noqa: BLE001 - a peer that fails is said to, and the others run
                    self.left_out[peer.name] = f"failed, {type(error).__name__}: {str(error).splitlines()[0]}"
                    say(f"{peer.name} {self.left_out[peer.name]}")
        if ablations:
            self.ablations = dict(ABLATIONS)
            for name, (run, values) in TUNED_ABLATIONS.items():
                self.ablations[name] = tune_engine(run, values, one)

    def run(self, one: Scene) -> None:
        """Score all on one test scene."""
        for methods, into in ((self.engines, self.scored), (self.ablations, self.ablated)):
            for name, method in methods.items():
                for place, region in one.regions.items():
                    claims = claims_of(method(one.cube, region.inside), one.cube)
                    into.setdefault(name, Scored()).add(place, region, claims)
        record = one.record
        for t in self.chosen:
            breaks = breaks_of(t.peer, one, record, t.setting, self.work)
            claims = peers.group(breaks, record, threshold=t.threshold)
            for place, region in one.regions.items():
                self.scored.setdefault(t.peer.name, Scored()).add(place, region, touching(claims, region.inside))
        say(f"seed {one.seed} done")


def accuracy(options: argparse.Namespace, out: Output) -> None:
    """Accuracy of all methods, the engine's ablations and its reliability, on the simulator it was fitted on."""
    contest = Contest(world=OWN_WORLD, work=options.work)
    tuning = scene(recipe(options.tune, options), options.work)
    contest.prepare(tuning, options, peers_too="accuracy" in options.only, ablations="ablation" in options.only)
    scenes = (scene(recipe(seed, options), options.work) for seed in options.seeds)
    contest_tables(contest, scenes, (options.tune, options.seeds), out)


def transfer(options: argparse.Namespace, out: Output) -> None:
    """The same in a world that the engine was not fitted on."""
    contest = Contest(world=SECOND_WORLD, work=options.work)
    tuning = second_scene(TRANSFER_TUNING_SEED, options.work)
    contest.prepare(tuning, options, peers_too=True, ablations="ablation" in options.only)
    scenes = (second_scene(seed, options.work) for seed in options.transfer_seeds)
    contest_tables(contest, scenes, (TRANSFER_TUNING_SEED, options.transfer_seeds), out)


def contest_tables(contest: Contest, scenes: Iterable[Scene], seeds: tuple[int, Sequence[int]], out: Output) -> None:
    """Run all methods on the scenes of one world; `seeds`: of the tuning scene, and of the others."""
    world = contest.world
    for one in scenes:
        contest.run(one)
        if contest.engines:
            contest.changes += all_changes(one)
    tuned_on, tested = seeds
    out.numbers[f"tuned, {world}"] = {t.peer.name: t.numbers for t in contest.chosen}
    out.numbers[f"left out, {world}"] = contest.left_out
    titles = {"whole": "whole scenes", "outline": "inside the outline"}
    if contest.scored:
        for place, title in titles.items():
            note = accuracy_note(contest.scored, [place], tested, tuned_on, contest.left_out)
            out.add(accuracy_table(f"Accuracy, {world}, {title}", note, contest.scored, [place]))
        tuned_table(contest.chosen, tuned_on, out)
        reliability(world, contest.scored[SHIPPED], contest.changes, out)
    if contest.ablated:
        for place, title in titles.items():
            note = accuracy_note(contest.ablated, [place], tested, tuned_on)
            out.add(accuracy_table(f"Ablation, {world}, {title}", note, contest.ablated, [place]))


def tuned_table(chosen: Sequence[Tuned], seed: int, out: Output) -> None:
    rows = [
        [t.peer.name, json.dumps(dict(t.setting)), number(t.threshold), number(t.f1, 3), t.peer.note] for t in chosen
    ]
    note = f"Best F1 on seed {seed}, dates included; for a peer without dates on place alone."
    out.add(
        Table(title="What was tuned", note=note, head=("peer", "setting", "threshold", "F1", "what runs"), rows=rows)
    )


def accuracy_table(title: str, note: str, scored: Mapping[str, Scored], places: Sequence[str]) -> Table:
    """A row for every method, and for every place where there are several."""
    rows = [
        score_row(name if len(places) == 1 else f"{name}, {place}", *s.by_region[place])
        for name, s in scored.items()
        for place in places
    ]
    return Table(title=title, note=note, head=SCORE_HEAD, rows=rows)


def accuracy_note(
    scored: Mapping[str, Scored],
    places: Sequence[str],
    seeds: Sequence[int],
    tuned_on: int,
    left_out: Mapping[str, str] | None = None,
) -> str:
    """How a table of accuracy came about."""
    any_method = next(iter(scored.values()))
    counts = []
    for place in places:
        events = any_method.by_region[place][0].events
        kinds = ", ".join(f"{k} {n}" for k, n in events.items() if k not in {"all", "temporary erected"})
        counts.append(f"{events.get('all', 0)} events{f', {place}' * (len(places) > 1)} ({kinds})")
    note = (
        f"Test seeds {', '.join(map(str, seeds))}; {'; '.join(counts)}. Whatever is tuned is tuned on seed {tuned_on}. "
        "Match: IoU 0.2, both ends within 60 days, brackets up to 120 days. No peer knows what was erected: brighter "
        "is taken for erected. Datable: events that three looks saw at least, with looks near enough to their dates."
    )
    for name, why in (left_out or {}).items():
        note += f" {name} is left out: {why}."
    return note


def all_changes(one: Scene) -> Tally:
    """Every change that the engine would claim on an open budget, each by itself, against the truth."""
    region = one.regions["whole"]
    changes = detect(one.cube, false_alarms=OPEN_BUDGET, inside=region.inside)
    claims = [
        claim
        for change in changes
        if change.kind is Kind.STRUCTURE
        for claim in claims_of(identify([change], one.cube, site_id="benchmark"), one.cube)
    ]
    return match(region.events, claims)


def reliability(world: str, shipped: Scored, every: Tally, out: Output) -> None:
    """Probability bins against the share that is true, as a table and a diagram."""
    sets = {
        "claims, whole scenes": shipped.by_region["whole"][0],
        "claims, outline": shipped.by_region["outline"][0],
        f"all changes at a budget of {OPEN_BUDGET:.0f}": every,
    }
    rows, points = [], {}
    for name, tally in sets.items():
        said = np.array(tally.said).reshape(-1, 2)
        points[name] = []
        for low, high in pairwise(BINS):
            chosen = said[(said[:, 0] >= low) & ((said[:, 0] < high) | (high == BINS[-1]))]
            if len(chosen):
                mean, true = chosen.mean(axis=0)
                points[name].append((float(mean), float(true), len(chosen)))
                rows.append([name, f"{low:.1f}-{high:.1f}", str(len(chosen)), number(mean), number(true)])
        rows.append([name, "all", str(len(said)), f"Brier {number(tally.brier, 3)}", ""])
    out.numbers[f"reliability, {world}"] = points
    out.add(
        Table(
            title=f"Reliability of the engine's probabilities, {world}",
            note="True: matched as above, dates included. A right thing with a wrong date or told twice is not true.",
            head=("of", "said", "claims", "mean said", "share true"),
            rows=rows,
        )
    )
    (out.folder / f"reliability-{world.replace(' ', '-')}.svg").write_text(diagram(points), encoding="utf-8")


def diagram(points: Mapping[str, Sequence[tuple[float, float, int]]]) -> str:
    """Said against true as SVG; a circle's area grows with the claims behind it."""
    side, edge = 360, 48
    colours = ("#1b6ca8", "#c44e1d", "#4a7a3a")

    def at(x: float, y: float) -> tuple[float, float]:
        return edge + x * side, edge + (1 - y) * side

    def text(x: float, y: float, words: str, more: str = "") -> str:
        return f'<text x="{x:.0f}" y="{y:.0f}" {more}>{words}</text>'

    (x0, y0), (x1, y1) = at(0, 0), at(1, 1)
    size = f'width="{side + 2 * edge}" height="{side + 3 * edge}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<rect x="{x0}" y="{y1}" width="{side}" height="{side}" fill="none" stroke="#888"/>',
        f'<line x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}" stroke="#bbb" stroke-dasharray="4 4"/>',
        text(x0 + side / 2, y0 + 34, "probability said", 'text-anchor="middle"'),
        text(14, y1 + side / 2, "share true", f'text-anchor="middle" transform="rotate(-90 14 {y1 + side / 2:.0f})"'),
    ]
    for tick in (0, 0.5, 1):
        parts.append(text(at(tick, 0)[0], y0 + 16, f"{tick:g}", 'text-anchor="middle"'))
        parts.append(text(x0 - 6, at(0, tick)[1] + 4, f"{tick:g}", 'text-anchor="end"'))
    for n, ((name, ones), colour) in enumerate(zip(points.items(), colours, strict=False)):
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(mean, true) for mean, true, _ in ones))
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        for mean, true, count in ones:
            x, y = at(mean, true)
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{2 + count**0.5 / 2:.1f}" fill="{colour}" fill-opacity="0.6"/>'
            )
        parts.append(text(x0, y0 + 56 + 16 * n, name, f'fill="{colour}"'))
    return "\n".join([*parts, "</svg>", ""])


# ---- false alarms ----------------------------------------------------------------------------------------------------


def unfounded(one: Scene, budget: float) -> tuple[int, int]:
    """(false structures, structures on works that are none) claimed inside the outline of a null scene.

    As the scorer and the budget count them: what lies on works, a resurfaced yard or a clear-cut, is not false.
    """
    region = one.regions["outline"]
    structures = with_budget(one.cube, region.inside, threshold=budget)
    each = [claims[0] for s in structures if (claims := touching(claims_of([s], one.cube), region.inside))]
    tally = match(region.events, each)
    return tally.false, tally.on_ignored


def null_scenes(options: argparse.Namespace, out: Output, *, shown: bool = False) -> None:
    """What the engine claims where nothing was built or taken down; `shown`: in pictures of it."""
    if not options.null:
        return
    claimed: dict[float, list[float]] = {budget: [] for budget in BUDGETS}
    false: dict[float, list[float]] = {budget: [] for budget in BUDGETS}
    of = ", pictures" if shown else ""
    for seed in range(FIRST_NULL_SEED, FIRST_NULL_SEED + options.null):
        one = scene(recipe(seed, options).null(), options.work, cropped=True, shown=shown)
        for budget in BUDGETS:
            wrong, on_works = unfounded(one, budget)
            false[budget].append(wrong / one.years)
            claimed[budget].append((wrong + on_works) / one.years)
        counts = (f"{b:g}: {false[b][-1] * one.years:.0f} of {c[-1] * one.years:.0f}" for b, c in claimed.items())
        say(f"null seed {seed}{of}, false of all claimed: " + ", ".join(counts))
    out.numbers[f"null{of}"] = {str(b): c for b, c in claimed.items()}
    out.numbers[f"null{of}, works apart"] = {str(b): c for b, c in false.items()}
    rows = []
    for budget, c in claimed.items():
        mean, error = np.mean(c), 1.96 * np.std(c) / len(c) ** 0.5
        free = np.mean(np.array(c) == 0)
        rows.append(
            [
                f"{budget:g}",
                number(float(np.mean(false[budget]))),
                number(mean),
                f"{max(mean - error, 0):.2f} to {mean + error:.2f}",
                *(number(x) for x in (np.median(c), np.max(c), free)),
            ]
        )
    out.add(
        Table(
            title=f"False alarms of the engine{of}",
            note=f"{options.null} scenes from seed {FIRST_NULL_SEED} on where nothing is erected or dismantled; "
            "fields, clutter, clear-cuts and weather stay. Structures inside the outline: those that lie on no works "
            "are false, as the budget and the scorer count; all that are claimed stand beside, with their spread.",
            head=("budget a year", "false a year", "claimed a year", "95 %", "median", "worst site", "sites without"),
            rows=rows,
        )
    )


# ---- pictures --------------------------------------------------------------------------------------------------------


def as_pictures(options: argparse.Namespace, out: Output) -> None:
    """What the engine finds, and claims where nothing is built, in 8-bit pictures without a mask."""
    worlds = {
        OWN_WORLD: (scene(recipe(seed, options), options.work, cropped=True, shown=True) for seed in options.seeds),
        SECOND_WORLD: (second_scene(seed, options.work, shown=True) for seed in options.transfer_seeds),
    }
    scored = {world: Scored() for world in worlds}
    for world, scenes in worlds.items():
        for one in scenes:
            region = one.regions["outline"]
            scored[world].add("outline", region, claims_of(as_shipped(one.cube, region.inside), one.cube))
            say(f"{world}, pictures of seed {one.seed}: done")
    note = (
        f"As shipped, inside the outline; seeds {', '.join(map(str, options.seeds))} of our simulator and "
        f"{', '.join(map(str, options.transfer_seeds))} of the second, as pictures.py shows them; of the first the "
        "facility and its margin are read, of the second all."
    )
    out.add(accuracy_table("Pictures", note, scored, ("outline",)))
    null_scenes(options, out, shown=True)


# ---- speed -----------------------------------------------------------------------------------------------------------


def clock(options: argparse.Namespace) -> None:
    """In a process of its own: run one method on a kept cube, and print seconds (the best run), pixels, peak memory."""
    name, folder = options.clock, options.kept
    with (folder / "cube.pkl").open("rb") as file:
        cube = pickle.load(file)  # noqa: S301 - written by this program a moment ago
    if options.tile > 1 or options.looks:
        cube = enlarged(cube, tile=options.tile, looks=options.looks or cube.sizes["time"])
    small = cube.isel(y=slice(0, 64), x=slice(0, 64))
    if name == "sitewatch":
        work: Callable[[], Any] = lambda: as_shipped(cube, np.ones(cube["valid"].shape[1:], dtype=bool))
        as_shipped(small, np.ones(small["valid"].shape[1:], dtype=bool))
        pixels = cube.sizes["y"] * cube.sizes["x"]
    else:
        peer = next(p for p in PEERS if p.name == name)
        setting = json.loads(options.setting)
        record, warm = Record.of(cube), Record.of(small)
        if peer.sample is not None:
            rng = np.random.default_rng(0)
            record = record.part(rng.choice(len(record.values), min(peer.sample, len(record.values)), replace=False))
            warm = warm.part(np.arange(256))
        peer.find(warm, threads=options.threads, **setting)
        work = partial(peer.find, record, threads=options.threads, **setting)
        pixels = len(record.values)
        del cube, small, warm
    loaded, seconds, used = peak_mb(), [], []
    for _ in range(options.repeats):
        started, cpu = time.perf_counter(), time.process_time()
        work()
        seconds.append(time.perf_counter() - started)
        used.append(time.process_time() - cpu)
    result = {"seconds": min(seconds), "cpu": min(used), "pixels": pixels, "loaded_mb": loaded, "peak_mb": peak_mb()}
    print(json.dumps(result))


def peak_mb() -> float:
    """Largest resident memory of this process so far."""
    status = Path("/proc/self/status")
    if status.exists():  # a child of a large process inherits that one's ru_maxrss on Linux
        line = next(part for part in status.read_text().splitlines() if part.startswith("VmHWM"))
        return float(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def enlarged(cube: xr.Dataset, *, tile: int, looks: int) -> xr.Dataset:
    """The scene laid side by side `tile` times each way, its record cut or played on until it has so many looks."""
    count = cube.sizes["time"]
    turns, index = np.divmod(np.arange(looks), count)
    if looks < count:  # fewer looks over the same years
        turns, index = np.zeros(looks, dtype=int), np.linspace(0, count - 1, looks).astype(int)
    span = cube["time"].values[-1] - cube["time"].values[0] + np.timedelta64(5, "D")
    grid = cube.odc.geobox
    height, width = (int(n) * tile for n in grid.shape)
    return xr.Dataset(
        {
            "reflectance": (
                ("time", "band", "y", "x"),
                np.tile(cube["reflectance"].values[index], (1, 1, tile, tile)),
            ),
            "valid": (("time", "y", "x"), np.tile(cube["valid"].values[index], (1, tile, tile))),
        },
        coords={
            "time": cube["time"].values[index] + turns * span,
            "time_end": ("time", cube["time_end"].values[index] + turns * span),
            "scene": ("time", [f"{cube['scene'].values[i]}-{t}" for t, i in zip(turns, index, strict=True)]),
            "sensor": ("time", cube["sensor"].values[index]),
            "band": cube["band"].values,
            **xr_coords(GeoBox((height, width), grid.affine, grid.crs), dims=("y", "x")),
        },
        attrs=cube.attrs,
    )


def timed(name: str, kept: Path, threads: int, **more: object) -> dict[str, float]:
    """Run `clock` for one method in a fresh process with so many threads."""
    words = [f"--{key}={value}" for key, value in more.items()]
    pools = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(pools, str(threads))}
    command = [sys.executable, __file__, f"--clock={name}", f"--threads={threads}", f"--kept={kept}", *words]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    say(f"{name}, {threads} threads {more or ''}: {result['pixels'] / result['seconds']:.0f} px/s")
    return result


def speed(options: argparse.Namespace, out: Output) -> None:
    """Pixels a second and memory of every method, and how the engine grows with looks and pixels."""
    one = scene(recipe(options.tune, options), options.work)
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        kept = Path(folder)
        with (kept / "cube.pkl").open("wb") as file:
            pickle.dump(one.cube, file, protocol=5)
        sizes = one.cube.sizes
        del one
        if "speed" in options.only:
            _speed_table(options, kept, dict(sizes), out)
        if "scaling" in options.only and not options.quick:
            _scaling_table(kept, sizes["y"], out)


def _speed_table(options: argparse.Namespace, kept: Path, sizes: Mapping[str, int], out: Output) -> None:
    counts = (1, 2) if (os.cpu_count() or 1) > 1 else (1,)
    tuned = out.numbers.get(f"tuned, {OWN_WORLD}", {})
    measured = {("sitewatch", n): timed("sitewatch", kept, n) for n in counts}
    for peer in (p for p in PEERS if p.available):
        setting = tuned.get(peer.name, {}).get("setting", peer.settings[0])
        for n in counts:
            measured[peer.name, n] = timed(peer.name, kept, n, setting=json.dumps(dict(setting)))
    rate = {key: m["pixels"] / m["seconds"] for key, m in measured.items()}
    rows = []
    for name in dict.fromkeys(name for name, _ in measured):
        whole = measured[name, 1]
        on_all = whole["pixels"] == sizes["y"] * sizes["x"]
        remarks = [] if on_all else [f"timed on {whole['pixels']:.0f} pixels"]
        if whole["seconds"] > BUSY * whole["cpu"]:
            remarks.append(f"machine busy: {whole['seconds'] / whole['cpu']:.1f} s a CPU second")
        rows.append(
            [
                name,
                *(f"{rate[name, n]:.0f}" for n in counts),
                *(number(rate["sitewatch", n] / rate[name, n]) for n in counts),
                f"{whole['peak_mb']:.0f}" if on_all else "-",
                f"{whole['peak_mb'] - whole['loaded_mb']:.0f}" if on_all else "-",
                "; ".join(remarks),
            ]
        )
    out.add(
        Table(
            title="Speed and memory",
            note=f"Seed {options.tune}, {sizes['x']} x {sizes['y']} px, {sizes['time']} looks, {sizes['band']} bands; "
            "each method in a fresh process after warming up, best of three runs, with its tuned setting. The engine "
            "is timed from cube to structures, peers up to their breaks: the grouping is not counted for them. Memory "
            "with 1 thread.",
            head=(
                "method",
                *(f"px/s, {n} thread{'s' * (n > 1)}" for n in counts),
                *(f"engine / it, {n}" for n in counts),
                "peak MB",
                "of it while running",
                "",
            ),
            rows=rows,
        )
    )


def _scaling_table(kept: Path, edge: int, out: Output) -> None:
    threads = min(2, os.cpu_count() or 1)
    cases = [(1, looks) for looks in SCALING_LOOKS] + [(size // edge, LOOKS_OF_LARGE) for size in SCALING_PIXELS]
    rows = []
    for tile, looks in cases:
        m = timed("sitewatch", kept, threads, tile=tile, looks=looks, repeats=1)
        pixels = m["pixels"]
        rows.append(
            [
                str(looks),
                f"{tile * edge} x {tile * edge}",
                f"{m['seconds']:.1f}",
                f"{pixels / m['seconds']:.0f}",
                f"{1e9 * m['seconds'] / pixels / looks:.0f}",
                f"{m['peak_mb']:.0f}",
                f"{2**20 * m['peak_mb'] / pixels / looks:.0f}",
            ]
        )
    out.add(
        Table(
            title="How the engine grows",
            note=f"{threads} threads. Fewer looks are spread over the same years, more are the record played on; "
            "more pixels are the scene laid side by side.",
            head=("looks", "pixels", "seconds", "px/s", "ns per px and look", "peak MB", "bytes per px and look"),
            rows=rows,
        )
    )


def added(options: argparse.Namespace, out: Output) -> None:
    """What a month's new looks cost and change."""
    rows = []
    for seed in options.seeds:
        one = scene(recipe(seed, options), options.work)
        region = one.regions["whole"]

        def told(changes: Sequence[Change], cube: xr.Dataset = one.cube) -> list[Claim]:
            return claims_of(identify(changes, cube, site_id="benchmark"), cube)

        rows.append([str(seed), *added_looks.row(one.cube, region.inside, told, region.events)])
        say(f"seed {seed}: added looks done")
    out.add(Table(title="Added looks", note=added_looks.NOTE, head=added_looks.HEAD, rows=rows))


def gates(options: argparse.Namespace, out: Output) -> None:
    """What looks that lie off and a forgotten 1000 DN do, with the cube's gates and without."""
    rows = []
    for setting in faults.SETTINGS:
        tally, false, claimed, years = Tally(), 0, 0, 0.0
        with faults.applied(setting):
            for seed in options.seeds:
                one = scene(faulty(recipe(seed, options), setting), options.work, cropped=True)
                region = one.regions["outline"]
                claims = touching(claims_of(as_shipped(one.cube, region.inside), one.cube), region.inside)
                tally += match(region.events, claims)
            for seed in range(FIRST_NULL_SEED, FIRST_NULL_SEED + options.null):
                one = scene(faulty(recipe(seed, options).null(), setting), options.work, cropped=True)
                wrong, on_works = unfounded(one, 1.0)
                false, claimed, years = false + wrong, claimed + wrong + on_works, years + one.years
                say(f"{setting.name}, null seed {seed}: {wrong} false of {wrong + on_works}")
        found_of = f"{tally.true} of {tally.true + tally.missed}"
        null = (number(n / max(years, 1e-9)) for n in (false, claimed))
        rows.append([setting.name, number(tally.f1), found_of, str(tally.false), *null])
        say(f"{setting.name}: {rows[-1]}")
    out.add(Table(title="Gates", note=faults.NOTE, head=faults.HEAD, rows=rows))


def faulty(asked: Recipe, setting: faults.Setting) -> Recipe:
    return replace(asked, jitter_px=faults.JITTER_PX) if setting.faults else asked


def two_dates(_: argparse.Namespace, out: Output) -> None:
    """The two-date table, where the data are there."""
    head, rows = oscd.table()
    if not rows:
        say(f"no two-date data at {oscd.FOLDER}: left out; set SITEWATCH_SHARED to the folder that holds data/oscd")
        return
    note = "Onera Satellite Change Detection, pixel-level F1 against urban change; no threshold was tuned."
    out.add(Table(title="Two dates", note=note, head=head, rows=rows))


# ---- the command -----------------------------------------------------------------------------------------------------


def recipe(seed: int, options: argparse.Namespace) -> Recipe:
    return Recipe(seed=seed, size=128, looks=100) if options.quick else Recipe(seed=seed)


def parsed() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seeds", type=int, nargs="+", help="test scenes (default: 901 to 906)")
    arguments.add_argument("--tune", type=int, default=TUNING_SEED, help="the one scene that thresholds are tuned on")
    arguments.add_argument("--transfer-seeds", type=int, nargs="+", help="scenes of the second world (default: 1 to 4)")
    arguments.add_argument("--null", type=int, help="scenes without any event (default: 30)")
    arguments.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    arguments.add_argument(
        "--defaults", action="store_true", help="of peers only the thresholds are tuned: much faster"
    )
    arguments.add_argument("--quick", action="store_true", help="small scenes, default settings: a try-out")
    arguments.add_argument("--out", type=Path, default=Path("compare-out"))
    arguments.add_argument("--work", type=Path, help="keep scenes and the peers' breaks here")
    for name, kind in (("--clock", str), ("--kept", Path), ("--setting", str)):
        arguments.add_argument(name, type=kind, help=argparse.SUPPRESS)
    for name, default in (("--threads", 1), ("--repeats", 3), ("--tile", 1), ("--looks", 0)):
        arguments.add_argument(name, type=int, default=default, help=argparse.SUPPRESS)
    options = arguments.parse_args()
    options.seeds = options.seeds or (TEST_SEEDS[:2] if options.quick else TEST_SEEDS)
    options.transfer_seeds = options.transfer_seeds or (TRANSFER_SEEDS[:1] if options.quick else TRANSFER_SEEDS)
    options.null = options.null if options.null is not None else (4 if options.quick else 30)
    options.work = options.work or Path(tempfile.gettempdir()) / "sitewatch-compare"
    return options


def main() -> None:
    options = parsed()
    if options.clock:
        clock(options)
        return
    options.work.mkdir(parents=True, exist_ok=True)
    missing = sorted({p.needs for p in PEERS if not p.available and p.needs is not None})
    if missing:
        print(f"{' and '.join(missing)} missing, those peers are left out; to have them: {peers.INSTALL}")
    out = Output(folder=options.out)
    runs: tuple[tuple[set[str], Callable[[argparse.Namespace, Output], None]], ...] = (
        ({"accuracy", "ablation"}, accuracy),
        ({"transfer"}, transfer),
        ({"null"}, null_scenes),
        ({"pictures"}, as_pictures),
        ({"speed", "scaling"}, speed),
        ({"added"}, added),
        ({"gates"}, gates),
        ({"oscd"}, two_dates),
    )
    for parts, run in runs:
        if parts & set(options.only):
            run(options, out)
    print(f"written: {options.out}")


if __name__ == "__main__":
    main()
