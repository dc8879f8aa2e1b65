"""Whether the waits that are told come true: on simulated weather, with the figure; and odds on three real records.

    python benchmarks/planning/waits.py [--sites 30] [--seed 17] [--data ../shared/data] [--figure pit.svg]

Simulated: for each site three years of passes every 2 to 5 days, and a weather that is not the model's: a latent normal
process (Ornstein-Uhlenbeck, weather stays .7 to 4 days, up to a fifth of its variance in spells of 25 days), cut at a
threshold that goes through the seasons of one of five climates, and 4 % of looks judged wrong. Odds are learned on two
years; in the third, the wait until the first clear look is told at the start of each week and set beside what came.

PIT: where what came lies in the told distribution, drawn at random within a step; evenly spread over 0-1 where waits
are calibrated. KS: its largest distance from that. Waits of successive weeks overlap, so the KS that chance would give
comes from 200 third years drawn from the told model itself.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from scipy.special import ndtr

from sitewatch.cube import Look, Outcome
from sitewatch.forecast import compare, score
from sitewatch.planning import (
    LANDSAT,
    SENTINEL_1,
    SENTINEL_2,
    ClearOdds,
    Option,
    Pass,
    Persistence,
    Sensor,
    Wait,
    clear_odds,
    passes,
    read_elements,
    wait_with,
    was_clear,
)
from sitewatch.planning import wait_distribution as told_wait
from sitewatch.report._svg import standalone, tag
from sitewatch.site import Site

START = dt.datetime(2021, 1, 1, tzinfo=dt.UTC)
THIRD = dt.datetime(2023, 1, 1, tzinfo=dt.UTC)
WEEKS = 52
HORIZON = 90.0
DAYS = 3 * 365 + int(HORIZON) + 1
STEP = 1 / 8
"""Days between two values of the weather."""
WRONG = 0.04
"""Share of looks whose mask is wrong."""
CLIMATES = {
    "Mediterranean": (0.4, 1.4, 0.55, 0.0),
    "oceanic": (-1.1, 0.4, 0.55, 0.0),
    "monsoon": (0.2, 2.2, 0.05, 0.5),
    "desert": (2.0, 0.4, 0.5, 0.0),
    "continental": (-0.2, 0.7, 0.6, 0.4),
}
"""Log-odds of clear: the mean, how far a year swings, where in the year it is best, half-yearly swing."""

_STYLE = """
.bar { fill: #1f5fa8; } .left-out { fill: #c07a12; } .even { stroke: #1b1d21; stroke-dasharray: 4 4; }
.frame { fill: none; stroke: #b9bcc2; }
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Record:
    """What was simulated at one site."""

    climate: str
    looks: tuple[Look, ...]
    passes: tuple[Pass, ...]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = Path(os.environ.get("SITEWATCH_SHARED", Path(__file__).parents[3] / "shared"))
    arguments.add_argument("--data", type=Path, default=shared / "data")
    arguments.add_argument("--sites", type=int, default=30)
    arguments.add_argument("--seed", type=int, default=17)
    arguments.add_argument("--figure", type=Path)
    asked = arguments.parse_args()
    records = [simulate(n, seed=asked.seed) for n in range(asked.sites)]
    fitted = [clear_odds([k for k in r.looks if k.captured is not None and k.captured < THIRD]) for r in records]
    describe(records, fitted)
    ways: dict[str, tuple[Callable[[ClearOdds], ClearOdds], bool]] = {
        "as told": (lambda o: o, False),
        "knowing the last looks": (lambda o: o, True),
        "independent passes": (without_persistence, False),
        "without season": (lambda o: dataclasses.replace(o, season_days=None), False),
    }
    print("\nwaits                              n     KS  (chance)   80 %   50 %  mean told  came  PIT in tenths, %")
    found = {}
    for name, (change, knowing) in ways.items():
        pit, mean, came, by_site = pits(records, [change(o) for o in fitted], knowing=knowing, seed=asked.seed)
        found[name] = pit
        chance = f"{chance_ks(records, fitted, seed=asked.seed):.3f}" if name == "as told" else "-"
        tenths = " ".join(f"{100 * n / len(pit):.0f}" for n in np.histogram(pit, np.linspace(0, 1, 11))[0])
        print(
            f"{name:32} {len(pit):5} {ks(pit):6.3f} {chance:>8} {coverage(pit, 0.8):7.3f} {coverage(pit, 0.5):6.3f}"
            f" {mean:9.2f} {came:6.2f}  {tenths}"
        )
        if name == "as told":
            print(
                "   80 % by site, 95 % interval of sites: {:.3f} to {:.3f}; 50 %: {:.3f} to {:.3f}".format(
                    *interval(by_site, 0.8, asked.seed), *interval(by_site, 0.5, asked.seed)
                )
            )
    if asked.figure:
        asked.figure.write_text(figure(found), encoding="utf-8")
    real(asked.data)


def simulate(n: int, *, seed: int) -> Record:
    """Passes and looks of site number `n`."""
    rng = np.random.default_rng([seed, n])
    climate = list(CLIMATES)[n % len(CLIMATES)]
    mean, swing, best, half = CLIMATES[climate]
    mean, best = mean + rng.normal(0, 0.4), best + rng.normal(0, 0.04)
    stays, slow = rng.uniform(0.7, 4.0), rng.uniform(0.0, 0.2)
    z = np.sqrt(1 - slow) * _process(rng, stays) + np.sqrt(slow) * _process(rng, 25.0)
    gaps = rng.choice([2, 3, 4, 5], size=rng.integers(1, 4))
    days = np.cumsum(np.tile(gaps, DAYS)) - rng.integers(0, gaps[0])
    days = days[days < DAYS] + (10.5 + rng.normal(0, 0.1)) / 24
    year = 2 * np.pi * (days / 365.25 - best)
    odds = mean + swing * np.cos(year) + half * np.cos(2 * year)
    clear = ndtr(z[(days / STEP).astype(int)]) < 1 / (1 + np.exp(-odds))
    clear ^= rng.random(len(days)) < WRONG
    times = [START + dt.timedelta(days=float(d)) for d in days]
    return Record(
        climate=climate,
        looks=tuple(look(t, clear=bool(c)) for t, c in zip(times, clear, strict=True)),
        passes=tuple(one_pass(t) for t in times),
    )


def _process(rng: np.random.Generator, stays: float) -> NDArray[np.float64]:
    """A normal process of variance 1 that forgets at a rate of 1 in so many days."""
    count = int(DAYS / STEP) + 1
    keep = np.exp(-STEP / stays)
    noise = rng.normal(size=count) * np.sqrt(1 - keep**2)
    values = np.empty(count)
    values[0] = rng.normal()
    for i in range(1, count):
        values[i] = keep * values[i - 1] + noise[i]
    return values


def look(when: dt.datetime, *, clear: bool) -> Look:
    return Look(
        scene=f"{when:%Y%m%dT%H%M%S}",
        sensor="sentinel-2",
        captured=when,
        published=when,
        published_is_recorded=False,
        outcome=Outcome.USED if clear else Outcome.COULD_NOT_SEE,
        clear_share=1.0 if clear else 0.0,
    )


def one_pass(when: dt.datetime) -> Pass:
    return Pass(
        satellite="sentinel-2b", number=42063, sensor="sentinel-2", start=when, direction="descending",
        relative_orbit=1, row=None, off_nadir=1.0, incidence=1.0, side="right", share=1.0, margin_km=100.0,
        sun_elevation=40.0, solar_time=10.5, epoch=None, age_days=None, error_s=None, edge_error_km=None,
    )  # fmt: skip


def without_persistence(odds: ClearOdds) -> ClearOdds:
    return dataclasses.replace(odds, persistence=Persistence(stays_days=1e-3, shared=0.0), weight=1.0)


def describe(records: Sequence[Record], fitted: Sequence[ClearOdds]) -> None:
    print("climate        sites  clear  season days (median)  correlation 2 days apart: fitted")
    for climate in CLIMATES:
        mine = [(r, o) for r, o in zip(records, fitted, strict=True) if r.climate == climate]
        seasons = sorted(o.season_days or 999 for _, o in mine)
        share = np.mean([o.clear / o.looks for _, o in mine])
        rho = np.mean([o.persistence.correlation(2) for _, o in mine])
        print(f"{climate:14} {len(mine):5} {share:6.2f} {seasons[len(seasons) // 2]:13.0f} {rho:24.2f}")


def starts() -> list[dt.datetime]:
    return [THIRD + dt.timedelta(days=7 * w) for w in range(WEEKS)]


def pits(
    records: Sequence[Record], fitted: Sequence[ClearOdds], *, knowing: bool, seed: int
) -> tuple[NDArray[np.float64], float, float, list[NDArray[np.float64]]]:
    """PIT of each week of each site, mean wait told and come, PIT by site."""
    rng = np.random.default_rng([seed, 1])
    by_site, means, came = [], [], []
    for record, odds in zip(records, fitted, strict=True):
        values = []
        for start in starts():
            wait = told_wait(record.passes, odds, start=start, horizon=HORIZON, looks=record.looks if knowing else ())
            days = first_clear(record, start)
            values.append(pit(wait, days, rng))
            means.append(wait.mean)
            came.append(min(days, HORIZON))
        by_site.append(np.array(values))
    return np.concatenate(by_site), float(np.mean(means)), float(np.mean(came)), by_site


def first_clear(record: Record, start: dt.datetime) -> float:
    return next(
        (
            (k.captured - start).total_seconds() / 86400
            for k in record.looks
            if k.captured is not None and k.captured >= start and was_clear(k)
        ),
        np.inf,
    )


def pit(wait: Wait, days: float, rng: np.random.Generator) -> float:
    """Where the days lie in what was told; within a step, and beyond the horizon, anywhere."""
    n = int(np.searchsorted(np.array(wait.days), days - 1e-6))
    steps = (0.0, *wait.seen, 1.0)
    return steps[n] + rng.random() * (steps[n + 1] - steps[n])


def ks(values: NDArray[np.float64]) -> float:
    ranked = np.sort(values)
    even = np.arange(len(ranked) + 1) / len(ranked)
    return float(max((even[1:] - ranked).max(), (ranked - even[:-1]).max()))


def coverage(values: NDArray[np.float64], level: float) -> float:
    return float((np.abs(values - 0.5) <= level / 2).mean())


def interval(by_site: Sequence[NDArray[np.float64]], level: float, seed: int) -> tuple[float, float]:
    """95 % of draws of whole sites."""
    rng = np.random.default_rng([seed, 2])
    shares = np.array([coverage(v, level) for v in by_site])
    drawn = shares[rng.integers(0, len(shares), (2000, len(shares)))].mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def chance_ks(records: Sequence[Record], fitted: Sequence[ClearOdds], *, seed: int, draws: int = 200) -> float:
    """KS distance that 95 of 100 third years stay below whose weather is drawn from the told model."""
    rng = np.random.default_rng([seed, 3])
    values: list[NDArray[np.float64]] = []
    for record, odds in zip(records, fitted, strict=True):
        third = [p for p in record.passes if p.start >= THIRD]
        days = np.array([(p.start - THIRD).total_seconds() / 86400 for p in third])
        levels = np.arange(7) / 7 + 1 / 14
        chances = np.stack([odds.quantiles(p.start, levels) for p in third])[:, rng.integers(0, 7, draws)]
        kept = odds.persistence
        rank = rng.random(draws)
        clear = np.empty((len(days), draws), dtype=bool)
        for i in range(len(days)):
            anew = rng.random(draws) > (kept.same(days[i] - days[i - 1]) if i else 0.0)
            rank = np.where(anew, rng.random(draws), rank)
            own = rng.random(draws) > kept.shared
            clear[i] = np.where(own, rng.random(draws), rank) < chances[i]
        for start in starts():
            wait = told_wait(record.passes, odds, start=start, horizon=HORIZON)
            steps = np.array([0.0, *wait.seen, 1.0])
            ahead = clear[days >= (start - THIRD).days][: len(wait.seen)]
            n = np.where(ahead.any(axis=0), ahead.argmax(axis=0), len(wait.seen))
            values.append(steps[n] + rng.random(draws) * (steps[n + 1] - steps[n]))
    return float(np.quantile([ks(one) for one in np.stack(values).T], 0.95))


def figure(found: dict[str, NDArray[np.float64]]) -> str:
    """PIT histograms side by side."""
    side, top, step = 190, 84, 235
    parts = [
        tag("text", "Waits told in the third year, against what came", x=16, y=26, class_="title"),
        tag("text", "share of waits by where they fell in the told distribution, in tenths; dashed: calibrated", x=16,
            y=46),
    ]  # fmt: skip
    for n, (name, values) in enumerate(found.items()):
        x = 44 + n * step
        shares = np.histogram(values, np.linspace(0, 1, 11))[0] / len(values)
        parts.append(tag("text", f"{name} (KS {ks(values):.3f})", x=x, y=top - 10))
        parts.append(tag("rect", x=x, y=top, width=side, height=side, class_="frame"))
        kind = "left-out" if name in {"independent passes", "without season"} else "bar"
        for i, share in enumerate(shares.tolist()):
            height = min(share / 0.25, 1.0) * side
            parts.append(
                tag("rect", x=f"{x + i * side / 10 + 1:.1f}", y=f"{top + side - height:.1f}", width=side / 10 - 2,
                    height=f"{height:.1f}", class_=kind)
            )  # fmt: skip
        parts.append(tag("line", x1=x, x2=x + side, y1=top + side * 0.6, y2=top + side * 0.6, class_="even"))
        parts += [
            tag("text", f"{at:g}", x=x + at * side, y=top + side + 16, text_anchor="middle") for at in (0, 0.5, 1)
        ]
        parts += [
            tag("text", f"{100 * at:.0f} %", x=x - 6, y=top + side - at / 0.25 * side + 4, text_anchor="end")
            for at in (0, 0.1, 0.2)
        ]
    return standalone(
        *parts, width=44 + step * len(found), height=top + side + 34, style=_STYLE,
        label="PIT histograms of waits: even where calibrated",
    )  # fmt: skip


def real(data: Path) -> None:
    """Each look of a real record told from those that lie more than ten days apart from it."""
    print("\nreal record             looks  clear  Brier: odds  constant  skill  slope  season days  stays  shared")
    records = {"eo-learn, Slovenia": eo_learn(data), "SMART, Emirates": smart(data), "Landsat, Colorado": landsat(data)}
    for name, looks in records.items():
        if not looks:
            print(f"{name:22} not at hand")
            continue
        seen = [bool(was_clear(k)) for k in looks]
        told, constant = [], []
        for one in looks:
            rest = [k for k in looks if abs((moment(k) - moment(one)).total_seconds()) > 10 * 86400]
            told.append(clear_odds(rest).chance(moment(one)))
            constant.append((sum(bool(was_clear(k)) for k in rest) + 0.9) / (len(rest) + 2))
        ours, theirs = score(told, seen, block=5), score(constant, seen, block=5)
        beside = compare(told, constant, seen, block=5)
        odds = clear_odds(looks)
        print(
            f"{name:22} {len(looks):6} {np.mean(seen):6.2f} {ours.brier:12.3f} {theirs.brier:9.3f}"
            f" {beside.skill or 0:6.2f} {ours.slope or 0:6.2f} {odds.season_days or 0:12.0f}"
            f" {odds.persistence.stays_days:6.2f} {odds.persistence.shared:6.2f}"
            f"   difference {beside.difference:+.3f} ({beside.difference_interval[0]:+.3f} to"
            f" {beside.difference_interval[1]:+.3f})"
        )
    if records["Landsat, Colorado"]:
        real_waits(records["Landsat, Colorado"])
        with_options(records["Landsat, Colorado"], data)


def with_options(looks: Sequence[Look], data: Path) -> None:
    """The comparison in words, for that record's place, with passes of autumn 2026 (old elements: an illustration)."""
    elements = [e for path in sorted((data / "orbits").glob("*.tle")) for e in read_elements(path)]
    if not elements:
        return
    since = dt.datetime(2026, 9, 25, tzinfo=dt.UTC)
    until, end = since + dt.timedelta(days=60), since + dt.timedelta(days=121)
    place = Site(id="p035r032", name="Colorado", outline=shapely.box(-107.01, 40.29, -107.0, 40.3))

    def of(*sensors: Sensor) -> tuple[Pass, ...]:
        return passes(place, elements, sensors, since=since, until=end, stale=True)

    odds = clear_odds(looks)
    daily = tuple(dataclasses.replace(one_pass(since + dt.timedelta(days=n, hours=17.5))) for n in range(121))
    told = wait_with(
        Option(name="free", passes=of(LANDSAT, SENTINEL_2), odds=odds),
        [
            Option(name="Sentinel-1", passes=of(SENTINEL_1), odds=odds),
            Option(name="one optical pass a day", passes=daily, odds=odds),
        ],
        since=since,
        until=until,
    )
    print(f"\nLandsat and Sentinel-2 over Colorado, October and November: {told.sentence()}")
    print(f"means {told.free.mean:.1f} days, " + ", ".join(f"{n} {w.mean:.1f}" for n, w in told.options.items()))


def real_waits(looks: Sequence[Look]) -> None:
    """Waits of the second half of a record, every 20 days, by odds of the first: each look in the record a pass."""
    rng = np.random.default_rng(17)
    half = moment(looks[len(looks) // 2])
    last = moment(looks[-1]) - dt.timedelta(days=HORIZON)
    odds = clear_odds([k for k in looks if moment(k) < half])
    record = Record(climate="", looks=tuple(looks), passes=tuple(one_pass(moment(k)) for k in looks))
    for name, told in (("as told", odds), ("independent", without_persistence(odds))):
        values, start = [], half
        while start < last:
            wait = told_wait(record.passes, told, start=start, horizon=HORIZON)
            values.append(pit(wait, first_clear(record, start), rng))
            start += dt.timedelta(days=20)
        found = np.array(values)
        tenths = " ".join(str(n) for n in np.histogram(found, np.linspace(0, 1, 11))[0])
        print(
            f"waits of Landsat, {name:12} n {len(found)}, KS {ks(found):.3f}, 80 %: {coverage(found, 0.8):.2f}, "
            f"50 %: {coverage(found, 0.5):.2f}, tenths {tenths}"
        )


def moment(one: Look) -> dt.datetime:
    assert one.captured is not None
    return one.captured


def landsat(data: Path) -> list[Look]:
    """5 x 5 pixels with Fmask (0 and 1: clear; 255: nothing there, which says nothing of the weather)."""
    found = []
    for path in (data / "landsat-p035r032" / "images").glob("*/*_stack.gtif"):
        with rasterio.open(path) as source:
            mask = source.read(source.count)
        there = mask != 255
        if there.mean() >= 0.5:
            when = dt.datetime.strptime(path.name[9:16] + "T1735Z", "%Y%jT%H%M%z")
            found.append(look(when, clear=bool((mask[there] <= 1).mean() >= 0.7)))
    return sorted(found, key=lambda k: k.order)


def eo_learn(data: Path) -> list[Look]:
    folder = data / "eo-learn-patch" / "example_data" / "TestEOPatch"
    if not folder.is_dir():
        return []
    times = [dt.datetime.fromisoformat(t) for t in json.loads((folder / "timestamps.json").read_text())]
    share = 1 - np.load(folder / "mask" / "CLM.npy").astype(bool).mean(axis=(1, 2, 3))
    return [look(t.replace(tzinfo=dt.UTC), clear=bool(s >= 0.7)) for t, s in zip(times, share, strict=True)]


def smart(data: Path) -> list[Look]:
    """Pictures without a mask: one is clear if its grey values correlate with the usual picture's (a stand-in)."""
    folder = data / "smart-timelapse" / "AE_tif"
    paths = sorted(folder.glob("*.tif"))
    if not paths:
        return []
    grey = []
    for path in paths:
        with rasterio.open(path) as source:
            grey.append(source.read([1, 2, 3]).astype(np.float64).mean(axis=0))
    stack = np.stack(grey)
    usual = np.median(stack, axis=0)
    alike = np.array([np.corrcoef(one.ravel(), usual.ravel())[0, 1] for one in stack])
    return [
        look(dt.datetime.fromisoformat(f"{path.stem}T06:50:00Z"), clear=bool(r >= 0.7))
        for path, r in zip(paths, alike, strict=True)
    ]


if __name__ == "__main__":
    main()
