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
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import Any

import ablation
import added_looks
import clocks
import faults
import numpy as np
import oscd
import peers
import xarray as xr
from ablation import ABLATIONS, Ablation
from engine import (
    TUNED_DENSITIES,
    Method,
    as_shipped,
    claims_of,
    touching,
    with_budget,
    with_density,
)
from matching import Claim, Tally, match
from peers import PEERS, Breaks, Peer, Record
from scenes import Region, Scene, scene, second_scene
from tables import SCORE_HEAD, Output, Table, diagram, number, say, score_row

from sitewatch.change import Change, Kind, detect
from sitewatch.simulate import Recipe
from sitewatch.structures import identify

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
SHIPPED = "sitewatch, as shipped"


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


def tune_engine(name: str, claims_at: Callable[[float], Sequence[Claim]], values: Sequence[float], one: Scene) -> float:
    """The threshold of best F1 on one scene."""
    scores = {value: match(one.regions["whole"].events, claims_at(value)).f1 for value in values}
    best = max(scores, key=lambda v: scores[v])
    say(f"tuned {name}: {best:g}, F1 {scores[best]:.3f}")
    return best


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
    ablations: list[tuple[Ablation, float]] = field(default_factory=list)
    """Each with its threshold."""
    scored: dict[str, Scored] = field(default_factory=dict)
    ablated: dict[str, Scored] = field(default_factory=dict)
    changes: Tally = field(default_factory=Tally)
    """All the engine's changes, of any probability."""

    def prepare(self, one: Scene, options: argparse.Namespace, *, peers_too: bool, ablations: bool) -> None:
        """Tune all that can be tuned, on the one scene for it."""
        if peers_too:
            self.engines = {SHIPPED: as_shipped}
            inside = one.regions["whole"].inside
            density = tune_engine(
                "the engine",
                lambda value: claims_of(with_density(one.cube, inside, threshold=value), one.cube),
                TUNED_DENSITIES,
                one,
            )
            self.engines["sitewatch, tuned too"] = partial(with_density, threshold=density)
            for peer in PEERS:
                if not peer.available:
                    self.left_out[peer.name] = "not installed"
                    continue
                try:
                    self.chosen.append(tune(peer, one, options.work, first=options.quick or options.defaults))
                except Exception as error:  # noqa: BLE001 - a peer that fails is said to, and the others run
                    self.left_out[peer.name] = f"failed, {type(error).__name__}: {str(error).splitlines()[0]}"
                    say(f"{peer.name} {self.left_out[peer.name]}")
        for ablated in ABLATIONS if ablations else ():
            threshold = 1.0
            if ablated.thresholds:
                threshold = tune_engine(
                    f"without {ablated.name}",
                    lambda value, a=ablated: a.claims(one, "whole", threshold=value)["whole"],  # type: ignore[misc]
                    ablated.thresholds,
                    one,
                )
            self.ablations.append((ablated, threshold))

    def run(self, one: Scene) -> None:
        """Score all on one test scene."""
        for name, method in self.engines.items():
            for place, region in one.regions.items():
                claims = claims_of(method(one.cube, region.inside), one.cube)
                self.scored.setdefault(name, Scored()).add(place, region, claims)
        for ablated, threshold in self.ablations:
            by_place = ablated.claims(one, *one.regions, threshold=threshold)
            for place, region in one.regions.items():
                self.ablated.setdefault(ablated.name, Scored()).add(place, region, by_place[place])
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
    contest.prepare(tuning, options, peers_too="transfer" in options.only, ablations="ablation" in options.only)
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
            note = f"{ablation.NOTE} {accuracy_note(contest.ablated, [place], tested, tuned_on)}"
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


def speed(options: argparse.Namespace, out: Output) -> None:
    """Pixels a second and memory of every method, and how the engine grows with looks and pixels."""
    one = scene(recipe(options.tune, options), options.work)
    with clocks.kept_cube(one.cube, options.work) as folder:
        of = f"Seed {options.tune}"
        sizes = dict(one.cube.sizes)
        del one
        if "speed" in options.only:
            tuned = out.numbers.get(f"tuned, {OWN_WORLD}", {})
            settings = {p.name: tuned.get(p.name, {}).get("setting", p.settings[0]) for p in PEERS if p.available}
            out.add(clocks.speed_table(of, folder, sizes, settings))
        if "scaling" in options.only and not options.quick:
            out.add(clocks.scaling_table(folder, sizes["y"]))


# ---- added looks, gates, two dates -----------------------------------------------------------------------------------


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
    options = arguments.parse_args()
    options.seeds = options.seeds or (TEST_SEEDS[:2] if options.quick else TEST_SEEDS)
    options.transfer_seeds = options.transfer_seeds or (TRANSFER_SEEDS[:1] if options.quick else TRANSFER_SEEDS)
    options.null = options.null if options.null is not None else (4 if options.quick else 30)
    options.work = options.work or Path(tempfile.gettempdir()) / "sitewatch-compare"
    return options


def main() -> None:
    options = parsed()
    options.work.mkdir(parents=True, exist_ok=True)
    missing = sorted({p.needs for p in PEERS if not p.available and p.needs is not None})
    if missing:
        print(f"{' and '.join(missing)} missing, those peers are left out; to have them: {peers.INSTALL}")
    out = Output(folder=options.out)
    runs: tuple[tuple[set[str], Callable[[argparse.Namespace, Output], None]], ...] = (
        ({"accuracy", "ablation"}, accuracy),
        ({"transfer", "ablation"}, transfer),
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
