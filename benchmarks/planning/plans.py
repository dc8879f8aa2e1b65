"""Predicted Sentinel-2 passes against the official acquisition plans.

    python benchmarks/planning/plans.py [--data ../shared/data] [--sites 500] [--seed 17]

The elements are 1.5 to 2 years younger than the plans, so the satellites are taken back by whole cycles (10 days, 143
orbits), after which an orbit that is kept to its tracks repeats them. Nothing is fitted to the plans but which orbit of
the cycle has number 1.

Sites: points drawn evenly over the sphere, kept where a strip of nominal observation of any of the three plans covers
them. That is the land (and coast) that Sentinel-2 images; the sea has no strips to compare with.

Scored, for each site and satellite over the plan's period:

* reproduced: of the strips that cover the site, those with a predicted pass that has the site in its swath within 60 s
  of when the strip images it (interpolated between the strip's vertices, one a minute);
* not contradicted: of the predicted passes at times when the plan records all along (60 s before to 60 s after), those
  whose site lies in the strip: the others are on the wrong side of the swath's edge;
* agreement: the reproduced ones, of all strips and contradicted passes together.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely

from sitewatch.planning import (
    IMAGING_MODES,
    SENTINEL_2,
    Elements,
    Pass,
    Plan,
    passes,
    read_elements,
    read_plan,
)
from sitewatch.planning._earth import place
from sitewatch.planning._plans import strip_time
from sitewatch.site import Site

CYCLE = dt.timedelta(days=10)
TOLERANCE_S = 60.0
ANY_LIGHT = dataclasses.replace(SENTINEL_2, min_sun=None)
"""The season of the elements is not that of the plan: whether the sun is up there and then says nothing."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = Path(os.environ.get("SITEWATCH_SHARED", Path(__file__).parents[3] / "shared"))
    arguments.add_argument("--data", type=Path, default=shared / "data")
    arguments.add_argument("--sites", type=int, default=500)
    arguments.add_argument("--seed", type=int, default=17)
    asked = arguments.parse_args()
    plans = [read_plan(path) for path in sorted((asked.data / "s2-acq-plans").glob("S2?_acquisition_plan.kml"))]
    elements = [e for path in sorted((asked.data / "orbits").glob("*.tle")) for e in read_elements(path)]
    sites = land_sites(plans, count=asked.sites, seed=asked.seed)
    print(f"{len(sites)} sites, latitudes {min(s[1] for s in sites):.0f} to {max(s[1] for s in sites):.0f}")
    for plan in plans:
        scored = plan.satellite != "sentinel-2a"
        print(
            f"\n{plan.satellite}: {plan.since:%Y-%m-%d} to {plan.until:%Y-%m-%d}" + ("" if scored else " (not scored)")
        )
        if scored:
            compare(plan, elements, sites)
        else:
            for days in range(10):
                compare(plan, elements, sites, moved=dt.timedelta(days=days))


def land_sites(plans: Sequence[Plan], *, count: int, seed: int) -> list[tuple[float, float]]:
    """(longitude, latitude) of places that some strip of nominal observation covers."""
    random = np.random.default_rng(seed)
    strips = [s for plan in plans for s in plan.strips if s.mode in IMAGING_MODES]
    found: list[tuple[float, float]] = []
    while len(found) < count:
        longitude = random.uniform(-180, 180, 200)
        latitude = np.degrees(np.arcsin(random.uniform(-1, 1, 200)))
        points = place(longitude, latitude)
        covered = np.zeros(200, dtype=bool)
        for strip in strips:
            covered |= np.isfinite(strip_time(strip, points))
        found += [(float(x), float(y)) for x, y in zip(longitude[covered], latitude[covered], strict=True)]
    return found[:count]


def predicted(
    plan: Plan, elements: Sequence[Elements], site: tuple[float, float], *, moved: dt.timedelta = dt.timedelta(0)
) -> list[Pass]:
    """Passes in the plan's period, predicted a whole number of cycles later and taken back."""
    mine = [e for e in elements if ANY_LIGHT.satellite(e.number, e.name) == plan.satellite]
    first = min(mine, key=lambda e: e.epoch)
    later = round((first.epoch - plan.since) / CYCLE) * CYCLE + moved
    x, y = site
    outline = shapely.box(x - 0.004, max(-90, y - 0.004), x + 0.004, min(90, y + 0.004))
    there = Site(id="site", name="site", outline=outline)
    margin = dt.timedelta(minutes=5)
    found = passes(
        there, mine, [ANY_LIGHT], since=plan.since + later - margin, until=plan.until + later + margin, stale=True
    )
    return [dataclasses.replace(p, start=p.start - later) for p in found]


def compare(
    plan: Plan,
    elements: Sequence[Elements],
    sites: Sequence[tuple[float, float]],
    *,
    moved: dt.timedelta = dt.timedelta(0),
) -> tuple[int, int, int]:
    """(strips over the sites, reproduced, passes that the plan contradicts); prints them."""
    strips = [s for s in plan.strips if s.mode in IMAGING_MODES]
    points = place(np.array([s[0] for s in sites]), np.array([s[1] for s in sites]))
    times = np.array([strip_time(strip, points) for strip in strips])
    total = reproduced = contradicted = confirmed = wrong_orbit = 0
    late: list[float] = []
    missed_by: list[float] = []
    for index, site in enumerate(sites):
        found = predicted(plan, elements, site, moved=moved)
        planned = [
            (strip.begin + dt.timedelta(seconds=float(after)), strip)
            for strip, after in zip(strips, times[:, index], strict=True)
            if np.isfinite(after)
        ]
        for when, strip in planned:
            total += 1
            near = [p for p in found if abs((p.start - when).total_seconds()) <= TOLERANCE_S]
            reproduced += bool(near)
            late += [(p.start - when).total_seconds() for p in near]
            wrong_orbit += sum(p.relative_orbit != strip.relative_orbit for p in near)
        for p in found:
            before, after = (p.start + dt.timedelta(seconds=s) for s in (-TOLERANCE_S, TOLERANCE_S))
            if not any(s.begin <= before and after <= s.end for s in strips):
                continue
            if any(abs((p.start - when).total_seconds()) <= TOLERANCE_S for when, _ in planned):
                confirmed += 1
            else:
                contradicted += 1
                missed_by.append(p.margin_km)
    events = total + contradicted
    shift = f"moved by {moved.days} d: " if moved else ""
    print(
        f"  {shift}strips over the sites {total}, reproduced {reproduced} ({reproduced / total:.2%}); passes while it "
        f"records {confirmed + contradicted}, contradicted {contradicted}; agreement {reproduced / events:.2%}"
    )
    if late:
        low, middle, high = np.percentile(late, [0, 50, 100])
        print(f"  prediction minus plan: median {middle:+.1f} s, {low:+.1f} to {high:+.1f} s")
        print(f"  with another relative orbit than the plan: {wrong_orbit}")
    if missed_by:
        print(f"  contradicted passes lie within {max(missed_by):.1f} km of the edge")
    return total, reproduced, contradicted


if __name__ == "__main__":
    main()
