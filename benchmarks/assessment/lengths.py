"""How much longer halls are told than they are, on simulated facilities that the engine has watched.

    sitewatch simulate w201 --seed 201 --size 144 --looks 110
    sitewatch watch w201/site.geojson --images w201/images --out o201
    python benchmarks/assessment/lengths.py w201,o201 w202,o202 ...

The first half of the places sets the band, the second is asked how often it holds.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import shapely
from expansion import overlap
from shapely.geometry import shape

from sitewatch.site import metric_crs, project, read_site
from sitewatch.structures import Kind, read_structures

PIXEL_M, LEAST_M = 10.0, 53.0


def long_side(footprint: shapely.Geometry) -> float:
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(footprint))
    return float(np.hypot(*np.diff(corners, axis=0).T).max())


def longer(world: Path, out: Path) -> list[float]:
    """Told minus true length of each hall that was found, pixels."""
    crs = metric_crs(read_site(world / "site.geojson"))
    events = json.loads((world / "truth.geojson").read_text())["features"]
    found = []
    for one in read_structures(out / "structures.geojson")[0]:
        if one.kind is not Kind.STRUCTURE:
            continue
        best = max(events, key=lambda event: overlap(shape(event["geometry"]), one.footprint))
        if best["properties"]["kind"] == "distractor" or overlap(shape(best["geometry"]), one.footprint) < 0.2:
            continue
        told = long_side(project(one.footprint, to=crs))
        if told >= LEAST_M:
            found.append((told - long_side(project(shape(best["geometry"]), to=crs))) / PIXEL_M)
    return found


def main() -> None:
    places = [longer(*(Path(part) for part in pair.split(","))) for pair in sys.argv[1:]]
    half = len(places) // 2
    setting, asked = np.concatenate(places[:half]), np.concatenate(places[half:])
    low, middle, high = np.quantile(setting, (0.1, 0.5, 0.9))
    print(f"{len(setting)} halls set the band: {low:.2f}, {middle:.2f}, {high:.2f} pixels too long")
    print(f"{len(asked)} others: {np.mean((asked >= low) & (asked <= high)):.2f} lie in it")


if __name__ == "__main__":
    main()
