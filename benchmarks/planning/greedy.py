"""How near the chosen set comes to the best of all sets, and how often worth is not submodular.

    python benchmarks/planning/greedy.py [--cases 300] [--seed 1]

Random small cases, so that every set of up to five looks can be tried: 4 to 7 looks in three weeks, each with a chance
to tell and a price of 1 to 9, and a budget of a third of their sum. A worth is submodular where a look adds no more to
a set than to a part of it; counted are cases in which a look somewhere adds more by over .001 (bits, or days).
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools

import numpy as np

from sitewatch.planning import Budget, Dating, Deadline, Opportunity, Pass, Question, Standing, best_set, worth_of

BEGIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def day(number: float) -> dt.datetime:
    return BEGIN + dt.timedelta(days=number)


def look(when: float, p: float, price: float) -> Opportunity:
    passing = Pass(
        satellite="s", number=1, sensor="s", start=day(when), direction="descending", relative_orbit=None, row=None,
        off_nadir=0, incidence=0, side="right", share=1.0, margin_km=50, sun_elevation=40, solar_time=10.5,
        epoch=None, age_days=None, error_s=None, edge_error_km=None,
    )  # fmt: skip
    return Opportunity(passing=passing, p_pass=1.0, p_clear=p, p_resolved=None, cost={"eur": price})


def drawn(kind: str, rng: np.random.Generator) -> Question:
    up, on, off = rng.uniform(0.05, 0.95), *np.exp(rng.uniform(np.log(5), np.log(300), 2))
    if kind == "standing":
        return Standing(name="it", at=day(rng.uniform(0, 21)), known=BEGIN, up=up, erected=1 / off, removed=1 / on)
    if kind == "deadline":
        return Deadline(name="it", day=day(rng.uniform(2, 19)), after=BEGIN, rate=1 / off, erection=up < 0.5)
    return Dating(name="it", after=BEGIN, by=day(21), rate=1 / off)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--cases", type=int, default=300)
    arguments.add_argument("--seed", type=int, default=1)
    asked = arguments.parse_args()
    for kind in ("bracket", "standing", "deadline"):
        rng = np.random.default_rng([asked.seed, len(kind)])
        ratios, broken = [], 0
        for _ in range(asked.cases):
            question, count = drawn(kind, rng), int(rng.integers(4, 8))
            prices = rng.integers(1, 10, count).astype(float)
            looks = [look(float(rng.uniform(0.1, 20.9)), float(rng.uniform(0.1, 1)), price) for price in prices]
            cap = prices.sum() / 3
            sets = [some for size in range(count + 1) for some in itertools.combinations(range(count), size)]
            worth = {some: worth_of(question, [looks[n] for n in some]) for some in sets if len(some) <= 5}
            best = max(value for some, value in worth.items() if prices[list(some)].sum() <= cap)
            chosen = best_set(question, looks, budget=Budget(caps={"eur": float(cap)}))
            ratios.append(chosen.worth / best if best > 1e-4 else 1.0)
            broken += any(
                worth[tuple(sorted((*some, n)))] - value > worth[tuple(sorted((*part, n)))] - worth[part] + 1e-3
                for some, value in worth.items()
                if 0 < len(some) < 4
                for part in itertools.combinations(some, len(some) - 1)
                for n in set(range(count)) - set(some)
            )
        found = np.array(ratios)
        print(
            f"{kind:9} {asked.cases} cases: chosen / best {found.mean():.1%} in the mean, {found.min():.1%} at the "
            f"least; the best itself in {(found > 0.999).mean():.0%}; not submodular in {broken}"
        )


if __name__ == "__main__":
    main()
