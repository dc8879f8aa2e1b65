"""The back-test with every baseline and every variant that was tried, on one record in one run.

    python benchmarks/forecast/backtest.py EVENTS.csv                 the table, about five minutes
    python benchmarks/forecast/backtest.py EVENTS.csv --before        the years before the test, by which memory was set
    python benchmarks/forecast/backtest.py EVENTS.csv --weekdays      issued on each day of the week: what luck moves
    python benchmarks/forecast/backtest.py --drawn                    drawn records whose true chances are known

"raw" is the fitted hazard, "set right" what earlier forecasts make of it. The usual form is marked *.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sitewatch.cli._tables import read_days
from sitewatch.forecast import Backtest, Baseline, EventRecord, Form, backtest, make_record

HORIZONS = (7, 14, 30, 90)
YEAR = 365.2425
FORMS = {
    "* two scales, season, 5 years": Form(),
    "no season": Form(harmonics=0),
    "one scale": Form(scales=(10.0,)),
    "one scale, no season": Form(scales=(10.0,), harmonics=0),
    "three scales": Form(scales=(3.0, 30.0, 365.0)),
    "no memory": Form(memory=None),
    "no memory, no season": Form(memory=None, harmonics=0),
    "10 years": Form(memory=10 * YEAR),
    "3 years": Form(memory=3 * YEAR),
    "2 years": Form(memory=2 * YEAR),
    "best fit alone": Form(average=False),
    "no excitation": Form(scales=(), harmonics=0),
}


def table(record: EventRecord, start: dt.date, since: dt.date, forms: dict[str, Form], score: str = "brier") -> None:
    for n, (name, form) in enumerate(forms.items()):
        found = backtest(record, start=start, since=since, form=form)
        if not n:
            print(f"{'forecasts':32}", [one.score.n for one in found.horizons])
            print(f"{'event rate':32}", *(f"{one.score.event_rate:.4f}" for one in found.horizons))
            if score == "brier":
                for baseline in Baseline:
                    print(f"{baseline:32}", *(f"{one.baselines[baseline].brier:.4f}" for one in found.horizons))
        print(f"{name + ', raw':32}", *(f"{getattr(one.uncalibrated, score):.4f}" for one in found.horizons))
        print(f"{name + ', set right':32}", *(f"{getattr(one.score, score):.4f}" for one in found.horizons), flush=True)
        if not n and score == "brier":
            details(found)


def details(found: Backtest) -> None:
    for one in found.horizons:
        told = one.score
        slope = f"slope {told.slope:.2f} {_words(told.slope_interval)}, raw {one.uncalibrated.slope:.2f}"
        parts = ", ".join(f"{n} {getattr(told, n):.4f}" for n in ("reliability", "resolution", "uncertainty", "within"))
        print(f"  {one.horizon} days: log score {told.log_score:.4f}, {slope}, {parts}")
        for baseline, theirs in one.baselines.items():
            print(
                f"    minus {baseline}: {theirs.difference:+.4f} {_words(theirs.difference_interval)}, skill "
                f"{theirs.skill:+.3f} {_words(theirs.skill_interval)}"
            )


def _words(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f"({interval[0]:+.4f} to {interval[1]:+.4f})"


def weekdays(record: EventRecord) -> None:
    rows: dict[str, list[list[float]]] = {"recent": [], "raw": [], "set right": []}
    for shift in range(7):
        found = backtest(record, start=dt.date(2014, 1, 1 + shift), since=dt.date(2012, 1, 1 + shift))
        rows["recent"].append([one.baselines[Baseline.RECENT].brier for one in found.horizons])
        rows["raw"].append([one.uncalibrated.brier for one in found.horizons])
        rows["set right"].append([one.score.brier for one in found.horizons])
        print(f"{found.start:%a}", *(f"{name} {np.round(row[-1], 4)}" for name, row in rows.items()), flush=True)
    for name, row in rows.items():
        print(name, "mean", np.mean(row, axis=0).round(4), "sd", np.std(row, axis=0, ddof=1).round(4))


def drawn(seed: int, level: Callable[[int], float], branching: float, days: int = 7300) -> EventRecord:
    rng = np.random.default_rng(seed)
    keep, excited, found = np.exp(-1 / 12.0), 0.0, []
    first = dt.date(2000, 1, 1)
    for n in range(days):
        hit = rng.random() < -np.expm1(-(level(n) + branching * excited))
        excited = keep * excited + (1 - keep) * hit
        if hit:
            found.append(first + dt.timedelta(days=n))
    return make_record(found, began=first, until=first + dt.timedelta(days=days - 1))


WORLDS: dict[str, tuple[Callable[[int], float], float]] = {
    "independent, 8 a year": (lambda _: 8 / YEAR, 0.0),
    "bursts": (lambda _: 4 / YEAR, 0.5),
    "bursts, rare": (lambda _: 1 / YEAR, 0.4),
    "regimes of 3 years, 2 and 14 a year": (lambda n: (14 if int(n / YEAR) // 3 % 2 else 2) / YEAR, 0.3),
    "growing from 1 to 20 a year": (lambda n: np.exp(np.log(20) * n / 7300) / YEAR, 0.3),
}
_TRIED = ("* two scales, season, 5 years", "no memory", "one scale", "no season", "best fit alone", "2 years")


def worlds(repeats: int = 4) -> None:
    """Mean over the horizons of Brier minus that of the one-bit rule, times 1000: below 0 is better."""
    print(f"{'':38}", *(f"{name:>30}" for name in _TRIED))
    for world, (level, branching) in WORLDS.items():
        cells = []
        for name in _TRIED:
            apart = []
            for seed in range(repeats):
                record = drawn(seed, level, branching)
                found = backtest(
                    record, start=dt.date(2008, 1, 1), since=dt.date(2005, 1, 1), form=FORMS[name], every=14
                )
                apart.append(
                    [
                        (
                            one.uncalibrated.brier - one.baselines[Baseline.RECENT].brier,
                            one.baselines[Baseline.RECENT].difference,
                        )
                        for one in found.horizons
                    ]
                )
            raw, right = 1000 * np.mean(apart, axis=(0, 1))
            cells.append(f"raw {raw:+.1f} set right {right:+.1f}")
        print(f"{world:38}", *(f"{cell:>30}" for cell in cells), flush=True)


def main() -> None:
    if "--drawn" in sys.argv:
        worlds()
        return
    told, skipped = read_days(Path(sys.argv[1]))
    record = make_record((day for _, day in told), skipped=len(skipped))
    if "--before" in sys.argv:
        past = make_record((day for _, day in told if day.year < 2014), until=dt.date(2013, 12, 31))
        print("log scores, 1996 to 2013")
        table(past, dt.date(1996, 1, 3), dt.date(1994, 1, 3), FORMS, score="log_score")
    elif "--weekdays" in sys.argv:
        weekdays(record)
    else:
        table(record, dt.date(2014, 1, 1), dt.date(2012, 1, 1), FORMS)


if __name__ == "__main__":
    main()
