"""What it costs to know as much: looks chosen by worth per cost, by earliest pass, and by lowest cloud.

    python benchmarks/planning/choosing.py [--sites 30] [--years 3] [--seed 1] [--kind standing] [--independent]
    python benchmarks/planning/choosing.py --told [--sites 30] [--years 3] [--seed 1]

Simulated records. At each site a structure comes and goes as a two-state chain; the weather is a season and spells that
last some days; free sensors of 10 m and 30 m, a radar that shows the structure at every other site, and two
constellations that are paid for pass over it. The record is what the 10 m sensor saw. From the end of the first year on
a question is asked every other month; looks are planned from the belief and the P(clear) that the record up to that day
gives. All ways of choosing see the same opportunities, and stop as soon as what is expected to be left open is half of
what was open. Then the looks are taken: the same pass has the same weather and the same luck whoever chose it.

Besides the two plain ways there is a third that knows the day which is asked about and takes the looks nearest to it.
Weather stays as long as the record says, for all ways of choosing; with --independent each look has weather of its own,
as planned before. For "standing" what was told to be left stands beside what was really left, in bits.
With --told: of the three looks that add most, whatever they cost, what they are told to leave open beside what they
really leave, with weather that stays and with looks that are independent of each other.
Each cost ratio has an interval of 95 % by resampling sites (2000 times).
"""

from __future__ import annotations

import argparse
import datetime as dt
import functools
import itertools
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from sitewatch.cube import Look, Outcome
from sitewatch.planning import (
    FALSE_SIGHT,
    SEEN,
    ClearOdds,
    Dating,
    Deadline,
    Opportunity,
    Pass,
    Persistence,
    Question,
    Standing,
    best_set,
    clear_odds,
    resolved,
)

BEGIN = dt.datetime(2024, 1, 1, 10, 30, tzinfo=dt.UTC)
HOUR_COST = 15.0
"""Of an analyst for each look, beside what the image costs."""
WINDOW = 21
SHARE = 0.5
"""Of what is open, that may be left."""
SENSORS = {
    # name: days between passes, pixel in metres, price of an image
    "free 10 m": (5, 10.0, 0.0),
    "free 30 m": (8, 30.0, 0.0),
    "radar": (6, 10.0, 0.0),
    "daily 3 m": (1, 3.0, 60.0),
    "agile 0.5 m": (2, 0.5, 400.0),
}


@dataclass(eq=False)
class Place:
    """A site, its truth and its weather."""

    seed: int
    years: float
    rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.rng = rng = np.random.default_rng([self.seed, 17])
        self.days = int(self.years * 365)
        self.on, self.off = (float(np.exp(rng.uniform(math.log(40), math.log(300)))) for _ in range(2))
        self.side = float(np.exp(rng.uniform(math.log(10), math.log(60))))
        self.radar = bool(rng.random() < 0.5)
        up, time, turns = rng.random() < self.on / (self.on + self.off), 0.0, []
        self.first = up
        while time < self.days:
            time += rng.exponential(self.on if up else self.off)
            turns.append(time)
            up = not up
        self.turns = np.array(turns)
        base, swing, phase = rng.uniform(0.25, 0.7), rng.uniform(0, 0.25), rng.uniform(0, 365)
        spell = np.zeros(self.days + 60)
        for day in range(1, len(spell)):
            spell[day] = 0.6 * spell[day - 1] + math.sqrt(1 - 0.36) * rng.normal()
        usual = np.clip(base + swing * np.cos(2 * np.pi * (np.arange(len(spell)) - phase) / 365), 0.05, 0.95)
        # A normal spell below its quantile: clear with the season's probability, and for days on end.
        self.clear = np.array([0.5 * math.erfc(-s / math.sqrt(2)) for s in spell]) < usual

    def up(self, day: float) -> bool:
        """Whether it stands."""
        return self.first ^ bool(np.searchsorted(self.turns, day) % 2)

    def passes(self, since: float, until: float) -> list[tuple[float, str]]:
        """(day, sensor), by time."""
        found = []
        for number, (name, (every, _, _)) in enumerate(SENSORS.items()):
            first = math.ceil((since - number * 0.37) / every) * every + number * 0.37
            found += [(float(day), name) for day in np.arange(first, until, every) if day > since]
        return sorted(found)

    def sees(self, name: str) -> float:
        """1: a sensor can show it."""
        return float(self.radar) if name == "radar" else 1.0

    def taken(self, day: float, name: str) -> bool | None:
        """What a look shows: True, False, None could not tell; the same whoever takes it."""
        luck = np.random.default_rng([self.seed, int(day * 100), *name.encode()])
        weather, sharp, miss, wrong, fails = luck.random(5)
        if (fails > 0.95 if name == "radar" else not self.clear[int(day)]) or weather < 0:
            return None
        if sharp > resolved(SENSORS[name][1], self.side) * self.sees(name):
            return None
        return bool(miss < SEEN if self.up(day) else wrong < FALSE_SIGHT * SEEN)


def when(day: float) -> dt.datetime:
    return BEGIN + dt.timedelta(days=day)


@functools.cache
def belief(place: Place, until: float) -> tuple[float, float]:
    """P(it stands at the last look that could tell), and the day of that look: the exact filter of the record."""
    up, now = place.on / (place.on + place.off), 0.0
    for day, name in place.passes(0.0, until):
        if name == "free 10 m" and (shows := place.taken(day, name)) is not None:
            up = updated(moved(place, up, day - now), shows)
            now = day
    return up, now


def moved(place: Place, up: float, days: float) -> float:
    share = place.on / (place.on + place.off)
    return share + (up - share) * math.exp(-days * (1 / place.on + 1 / place.off))


def updated(up: float, shows: bool) -> float:
    there, not_there = (SEEN, FALSE_SIGHT * SEEN) if shows else (1 - SEEN, 1 - FALSE_SIGHT * SEEN)
    return up * there / (up * there + (1 - up) * not_there)


@functools.cache
def place_of(seed: int, years: float) -> Place:
    return Place(seed, years)


@functools.cache
def ledger(seed: int, years: float, until: float) -> ClearOdds:
    place = place_of(seed, years)
    looks = [
        Look(
            scene=f"{day}", sensor="sentinel-2", captured=when(day), published=when(day), published_is_recorded=False,
            outcome=Outcome.USED if place.clear[int(day)] else Outcome.COULD_NOT_SEE,
            clear_share=1.0 if place.clear[int(day)] else 0.0,
        )
        for day, name in place.passes(0.0, until)
        if name == "free 10 m"
    ]  # fmt: skip
    return clear_odds(looks)


def offered(place: Place, odds: ClearOdds, since: float, *, alike: bool) -> list[Opportunity]:
    found = []
    for day, name in place.passes(since, since + WINDOW):
        _, pixel, price = SENSORS[name]
        passing = Pass(
            satellite=name, number=1, sensor=name, start=when(day), direction="descending", relative_orbit=None,
            row=None, off_nadir=0, incidence=0, side="right", share=1.0, margin_km=50, sun_elevation=40,
            solar_time=10.5, epoch=None, age_days=None, error_s=None, edge_error_km=None,
        )  # fmt: skip
        found.append(
            Opportunity(
                passing=passing,
                p_pass=1.0,
                p_clear=0.95 if name == "radar" else odds.chance(when(day)),
                p_resolved=resolved(pixel, place.side) * place.sees(name),
                cost={"eur": 1.0 if alike else price + HOUR_COST},
                radar=name == "radar",
                pixel_m=pixel,
                thing_m=place.side,
            )
        )
    return found


def chosen(
    question: Question, looks: Sequence[Opportunity], how: str, goal: float, weather: Persistence | None
) -> tuple[list[int], float] | None:
    """Looks until no more than `goal` is expected to be left open, and what is; None: all of them are not enough."""
    gains = question.gains(looks, weather=weather)
    taken: list[int] = []
    rest = list(range(len(looks)))
    if how == "earliest":
        rest.sort(key=lambda n: looks[n].start)
    elif how == "nearest day":
        asked = getattr(question, "at", None) or getattr(question, "day", None)
        if asked is None:
            return None
        rest.sort(key=lambda n: abs(looks[n].start - asked))
    elif how == "lowest cloud":
        rest.sort(key=lambda n: (-looks[n].p_clear, looks[n].start))
    while gains.open > goal:
        if how == "worth":
            adds = {n: gains.gain(n) for n in rest}
            rest = [n for n in rest if adds[n] > 1e-6]
            rest.sort(key=lambda n: -adds[n] / (looks[n].cost or {})["eur"])
        if not rest:
            return None
        taken.append(rest.pop(0))
        gains.take(taken[-1])
    return taken, gains.open


def left(place: Place, question: Standing, looks: Sequence[Opportunity], taken: Sequence[int]) -> tuple[float, bool]:
    """Entropy that was really left after the looks, bits; and whether the likelier answer was right."""
    asked = (question.at - BEGIN) / dt.timedelta(days=1)
    since = (question.known - BEGIN) / dt.timedelta(days=1)
    told = sorted(((looks[n].start - BEGIN) / dt.timedelta(days=1), looks[n].passing.sensor) for n in taken)
    weights = {True: question.up, False: 1 - question.up}
    # The state that is asked about is carried along as a second one from its day on.
    joint = {(one, one): weight for one, weight in weights.items()}
    now, fixed = since, False
    for day, name in [*told, (math.inf, "")]:
        if not fixed and day >= asked:
            joint = step(place, joint, asked - now, fixed=False)
            now, fixed = asked, True
        if math.isinf(day):
            break
        joint = step(place, joint, day - now, fixed=fixed)
        now = day
        shows = place.taken(day, name)
        if shows is not None:
            joint = {
                (at, is_up): weight * ((SEEN if is_up else FALSE_SIGHT * SEEN) if shows else
                                       (1 - SEEN if is_up else 1 - FALSE_SIGHT * SEEN))
                for (at, is_up), weight in joint.items()
            }  # fmt: skip
    total = sum(joint.values())
    up = sum(weight for (at, _), weight in joint.items() if at) / total
    entropy = -sum(p * math.log2(p) for p in (up, 1 - up) if p > 0)
    return entropy, (up > 0.5) == place.up(asked)


def step(
    place: Place, joint: dict[tuple[bool, bool], float], days: float, *, fixed: bool
) -> dict[tuple[bool, bool], float]:
    after: dict[tuple[bool, bool], float] = {}
    for (at, is_up), weight in joint.items():
        to_up = moved(place, float(is_up), max(0.0, days))
        for state, chance in ((True, to_up), (False, 1 - to_up)):
            key = (at if fixed else state, state)
            after[key] = after.get(key, 0.0) + weight * chance
    return after


def questions(place: Place, day: float) -> dict[str, Question]:
    up, known = belief(place, day)
    rng = np.random.default_rng([place.seed, int(day), 5])
    asked = day + float(rng.uniform(5, WINDOW - 2))
    rate = 1 / place.on if up > 0.5 else 1 / place.off
    return {
        "standing": Standing(
            name="it", at=when(asked), known=when(known), up=up, erected=1 / place.off, removed=1 / place.on
        ),
        "deadline": Deadline(name="it", day=when(asked), after=when(known), rate=rate, erection=up < 0.5),
        "bracket": Dating(name="it", after=when(known), by=when(day + WINDOW), rate=rate),
    }


WAYS = ("worth", "earliest", "lowest cloud", "nearest day")
FREE = frozenset(name for name, (_, _, price) in SENSORS.items() if price == 0)


def interval(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float, float]:
    """Ratio of summed costs (sites,), with its interval by resampling sites."""
    rng = np.random.default_rng(1)
    drawn = rng.integers(0, len(ours), (2000, len(ours)))
    ratios = ours[drawn].sum(axis=1) / theirs[drawn].sum(axis=1)
    low, high = np.quantile(ratios, (0.025, 0.975))
    return float(ours.sum() / theirs.sum()), float(low), float(high)


def measure(asked: argparse.Namespace, kind: str, *, alike: bool, sensors: Collection[str] = tuple(SENSORS)) -> None:
    ways = WAYS[:3] if kind == "bracket" else WAYS
    costs: dict[str, list[float]] = {way: [] for way in ways}
    ends: dict[str, list[tuple[float, float, bool]]] = {way: [] for way in ways}
    looks_taken: dict[str, int] = dict.fromkeys(ways, 0)
    count = beyond = 0
    for seed in range(asked.seed * 1000, asked.seed * 1000 + asked.sites):
        place = place_of(seed, asked.years)
        spent = dict.fromkeys(ways, 0.0)
        for day in range(365, place.days - WINDOW, 61):
            question = questions(place, day)[kind]
            odds = ledger(seed, asked.years, day)
            weather = None if asked.independent else odds.persistence
            offers = offered(place, odds, day, alike=alike)
            looks = [one for one in offers if one.passing.sensor in sensors]
            goal = SHARE * question.gains(looks).open
            plans = {way: chosen(question, looks, way, goal, weather) for way in ways}
            if any(plan is None for plan in plans.values()):
                beyond += 1
                continue
            count += 1
            for way, told in plans.items():
                assert told is not None
                plan, open_ = told
                spent[way] += sum((looks[n].cost or {})["eur"] for n in plan)
                looks_taken[way] += len(plan)
                if isinstance(question, Standing):
                    ends[way].append((open_, *left(place, question, looks, plan)))
        for way in ways:
            costs[way].append(spent[way])
    print(f"{count} questions ({beyond} more cannot be answered so far by all looks together)")
    for way in ways:
        line = f"  {way:13} {sum(costs[way]) / count:9.1f} per question, {looks_taken[way] / count:5.2f} looks"
        if ends[way]:
            said, bits, right = np.mean(ends[way], axis=0)
            line += f"; told to be left {said:.3f}, really left {bits:.3f} bits, right {right:.1%}"
        print(line)
    for way in ways[1:]:
        ratio, low, high = interval(np.array(costs["worth"]), np.array(costs[way]))
        print(f"  worth against {way}: {ratio:.1%} of the cost ({low:.1%} to {high:.1%})")


def told_and_left(asked: argparse.Namespace, *, shared: bool) -> None:
    """Of the three looks that add most: bits told to be left, really left, and how far these lie apart over sites."""
    rows, fewer = [], 0
    for seed in range(asked.seed * 1000, asked.seed * 1000 + asked.sites):
        place = place_of(seed, asked.years)
        mine = []
        for day in range(365, place.days - WINDOW, 61):
            question = questions(place, day)["standing"]
            assert isinstance(question, Standing)
            odds = ledger(seed, asked.years, day)
            looks = offered(place, odds, day, alike=True)
            choice = best_set(question, looks, most=3, weather=odds.persistence if shared else None)
            numbers = [one.number for one in choice.chosen]
            times = sorted(looks[n].start for n in numbers)
            fewer += sum((b - a).total_seconds() < 2 * 86_400 for a, b in itertools.pairwise(times))
            mine.append((choice.open, choice.open - choice.worth, left(place, question, looks, numbers)[0]))
        rows.append(np.mean(mine, axis=0))
    found = np.array(rows)
    drawn = np.random.default_rng(1).integers(0, len(found), (2000, len(found)))
    apart = (found[:, 2] - found[:, 1])[drawn].mean(axis=1)
    low, high = np.quantile(apart, (0.025, 0.975))
    before, said, came = found.mean(axis=0)
    print(
        f"{'shared weather' if shared else 'independent'}: open {before:.3f} bits, told to be left {said:.3f}, really "
        f"left {came:.3f}; apart {came - said:+.3f} ({low:+.3f} to {high:+.3f}); {fewer} pairs within two days"
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sites", type=int, default=30)
    arguments.add_argument("--years", type=float, default=3.0)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--kind", choices=("standing", "deadline", "bracket"), help="one question alone")
    arguments.add_argument("--independent", action="store_true", help="leave out that weather stays")
    arguments.add_argument("--told", action="store_true", help="what three looks are told to leave, and do leave")
    asked = arguments.parse_args()
    if asked.told:
        told_and_left(asked, shared=True)
        told_and_left(asked, shared=False)
        return
    for kind in (asked.kind,) if asked.kind else ("standing", "deadline", "bracket"):
        print(f"{kind}, prices as they are:", end=" ")
        measure(asked, kind, alike=False)
        print(f"{kind}, all looks at one price:", end=" ")
        measure(asked, kind, alike=True)
        print(f"{kind}, free sensors alone:", end=" ")
        measure(asked, kind, alike=False, sensors=FREE)


if __name__ == "__main__":
    main()
