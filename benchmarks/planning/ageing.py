"""How far elements of one day lie from those of another: what an age of the elements costs.

    python benchmarks/planning/ageing.py [--data ../shared/data]

Every set of a satellite is propagated to the epochs of its other sets, forwards and backwards in time, and compared
with them there over half an hour. The satellites are manoeuvred, which is part of what happens to a prediction.
"""

from __future__ import annotations

import argparse
import itertools
import os
from pathlib import Path

import numpy as np

from sitewatch.planning import Elements, along_track_error_km, read_elements
from sitewatch.planning._earth import DAY, seconds, states


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = Path(os.environ.get("SITEWATCH_SHARED", Path(__file__).parents[3] / "shared"))
    arguments.add_argument("--data", type=Path, default=shared / "data")
    asked = arguments.parse_args()
    sets = {e for path in sorted((asked.data / "orbits").glob("*.tle")) for e in read_elements(path)}
    rows = [
        (abs(days), one.name, days, *differences(one, other))
        for one, other in itertools.permutations(sets, 2)
        if one.number == other.number and (days := (other.epoch - one.epoch).total_seconds() / DAY)
    ]
    print("satellite        days   along km  across km  radial km   rule km")
    for age, name, days, along, across, radial in sorted(rows):
        print(f"{name:14} {days:+7.1f} {along:+10.2f} {across:10.2f} {radial:10.2f} {along_track_error_km(age):9.1f}")


def differences(one: Elements, other: Elements) -> tuple[float, float, float]:
    """Median along the track (signed), largest across and radially, km, around the epoch of the other set."""
    when = seconds(other.epoch) + np.linspace(-900, 900, 61)
    place, moving = states(other.satrec, when)
    apart = (states(one.satrec, when)[0] - place) / 1000
    ahead = moving / np.linalg.norm(moving, axis=1, keepdims=True)
    up = place / np.linalg.norm(place, axis=1, keepdims=True)
    aside = np.cross(ahead, up)
    along, across, radial = (np.einsum("ij,ij->i", apart, axis) for axis in (ahead, aside, up))
    return float(np.median(along)), float(np.abs(across).max()), float(np.abs(radial).max())


if __name__ == "__main__":
    main()
