"""How often the band of `sitewatch expansion` holds the truth of simulated facilities that the engine has watched.

    sitewatch simulate w201 --seed 201 --size 144 --looks 110
    sitewatch watch w201/site.geojson --images w201/images --out o201
    python benchmarks/assessment/expansion.py w201,o201 w202,o202 ...

Prints, for each, the change at the last look and the share of 24 days on which the truth lies in the band; and where
the true areas lie in the ranges that are told (-1 the low end, 0 the area told, 1 the high end), by which the model of
areas is set. A structure that is built or taken down slowly counts as right from its first day to its last.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from shapely.geometry import shape

from sitewatch.assessment import expansion_of
from sitewatch.site import metric_crs, project, read_site
from sitewatch.structures import Kind, Structure, read_structures


def day(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def overlap(one: Any, other: Any) -> float:
    shared = one.intersection(other).area
    return shared / (one.area + other.area - shared)


def standing(properties: dict[str, Any], time: dt.datetime) -> tuple[int, int]:
    """At least and at most: 0 or 1."""
    on, off = properties.get("on"), properties.get("off")
    surely = on is None or day(properties.get("on_latest") or on) <= time
    perhaps = on is None or day(on) <= time
    gone = off is not None and day(properties.get("off_latest") or off) <= time
    going = off is not None and day(off) <= time
    return int(surely and not going), int(perhaps and not gone)


def measure(world: Path, out: Path) -> tuple[bool, float, list[float]]:
    site = read_site(world / "site.geojson")
    crs = metric_crs(site)
    features = json.loads((world / "truth.geojson").read_text())["features"]
    events = [f for f in features if not f["properties"].get("outside") and f["properties"]["kind"] != "distractor"]
    structures, head, _ = read_structures(out / "structures.geojson")
    first, last = day(head["first_look"][:19]), day(head["last_look"][:19])
    band = expansion_of(structures, site, first=first, last=last, used=head["looks"])
    inside = [project(shape(f["geometry"]).intersection(site.outline), to=crs).area for f in events]

    def change(time: dt.datetime) -> tuple[float, float]:
        low = high = 0.0
        for feature, area in zip(events, inside, strict=True):
            least, most = standing(feature["properties"], time)
            then_least, then_most = standing(feature["properties"], first)
            low += area * (least - then_most)
            high += area * (most - then_least)
        return low, high

    days = [(t - first).total_seconds() for t in band.times]
    hits = []
    for share in np.linspace(1 / 24, 1, 24):
        time = first + (last - first) * float(share)
        low, high = (float(np.interp((time - first).total_seconds(), days, v)) for v in (band.low, band.high))
        least, most = change(time)
        hits.append(least <= high + 1 and most >= low - 1)
    true = change(last)
    print(
        f"{out}: {band.change.middle:8.0f} ({band.change.low:.0f} to {band.change.high:.0f}) m2, true {true[0]:.0f} to "
        f"{true[1]:.0f}; {np.mean(hits):.2f} of days in the band"
    )
    places = [placed(one, features, crs) for one in structures if one.kind is Kind.STRUCTURE]
    return hits[-1], float(np.mean(hits)), [place for place in places if place is not None]


def placed(structure: Structure, features: list[dict[str, Any]], crs: Any) -> float | None:
    """Where the true area of the event that this is lies in its range; None: it is none."""
    best = max(features, key=lambda f: overlap(shape(f["geometry"]), structure.footprint))
    if best["properties"]["kind"] == "distractor" or overlap(shape(best["geometry"]), structure.footprint) < 0.2:
        return None
    off = project(shape(best["geometry"]), to=crs).area - structure.area_m2
    return off / (structure.area_m2 - structure.area_m2_low if off < 0 else structure.area_m2_high - structure.area_m2)


def main() -> None:
    found = [measure(*(Path(part) for part in pair.split(","))) for pair in sys.argv[1:]]
    places = np.concatenate([one[2] for one in found])
    means = [float(np.median(one[2])) for one in found]
    print(f"at the last look: {sum(one[0] for one in found)} of {len(found)}")
    print(f"over all days: {np.mean([one[1] for one in found]):.3f}")
    spread = np.quantile(places, (0.1, 0.25, 0.5, 0.75, 0.9)).round(2)
    print(
        f"true areas: {len(places)}, quantiles .1 .25 .5 .75 .9: {spread}; medians of sites vary by {np.std(means):.2f}"
    )


if __name__ == "__main__":
    main()
