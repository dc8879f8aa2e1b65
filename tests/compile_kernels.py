"""Compile all kernels into their cache on disk, so that no two test workers do it both: a minute or two of work.

    python tests/compile_kernels.py

What is compiled already is only read, within seconds.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from pathlib import Path

import numpy as np

from sitewatch.archive import list_folder
from sitewatch.cube._between import Nesting, _first_median
from sitewatch.simulate import Recipe, simulate, write
from sitewatch.site import read_site
from sitewatch.watch import watch

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
ADDED = 2
"""Looks that come after the first search: they are searched by themselves."""


def compile_kernels() -> None:
    """Watch a small place, then once more with added looks."""
    with tempfile.TemporaryDirectory(prefix="sitewatch-kernels-") as name:
        world, some = Path(name) / "world", Path(name) / "some"
        recipe = Recipe(seed=4, size=48, looks=30, years=2.0, permanent=2, temporary=2, recurring=1, distractors=1)
        write(simulate(recipe), world)
        some.mkdir()
        last = sorted((world / "images").glob("*.tif"), key=lambda path: path.stem.partition("_")[2])[-ADDED:]
        for path in (world / "images").iterdir():
            if path.stem not in {image.stem for image in last}:
                shutil.copy(path, some)
        for images in (some, world / "images"):
            watch(
                read_site(world / "site.geojson"),
                list_folder(images),
                archive=Path(name) / "archive",
                now=NOW,
                kept=Path(name) / "search.npz",
            )
    # Those of two sensors' series.
    nesting = Nesting(times=3, top=0, left=0, fine=(6, 6), coarse=(2, 2))
    nesting.spread(np.zeros((1, 2, 2), dtype=np.float32), np.zeros(2))
    _first_median(np.zeros((1, 1, 4), dtype=np.float32), np.ones((1, 4), dtype=bool), 3)


if __name__ == "__main__":
    compile_kernels()
