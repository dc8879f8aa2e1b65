"""Two dates only: F1 on the five places of Onera Satellite Change Detection that lie beside the project.

    python benchmarks/change/oscd.py

Pixel-level F1 against the urban change masks, of change vector analysis (the length of the spectral difference, cut by
Otsu's rule), of IR-MAD (cut at a chi-square quantile, and by Otsu's rule) and, where the package has it, of
`sitewatch.change.compare_pair`. The images are top-of-atmosphere reflectance, registered to about a pixel. The masks
hold urban change alone: fields and tides that changed count as false for all methods alike.

The data are found at $SITEWATCH_SHARED/data/oscd, or at ../shared/data/oscd beside the repository.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import rasterio
import xarray as xr
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords
from peers import BANDS, irmad
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning
from scipy import stats

import sitewatch.change

FOLDER = Path(os.environ.get("SITEWATCH_SHARED", Path(__file__).parents[3] / "shared")) / "data" / "oscd"
FILES = ("B02", "B03", "B04", "B08", "B11", "B12")
"""The bands that Landsat has too, in the order of `BANDS`."""
CHANGED = 2
CHI_SQUARE = 0.9999
"""IR-MAD: a pixel has changed when so much of the no-change distribution lies below it."""


@dataclass(kw_only=True)
class Pair:
    """Two dates of one place."""

    name: str
    values: NDArray[np.float32]
    """(2, band, y, x) reflectance in the order of `BANDS`; the 20 m bands are resampled to 10 m."""
    dates: tuple[str, str]
    """ISO."""
    truth: NDArray[np.bool_]
    """(y, x) True = urban change."""
    grid: GeoBox

    @property
    def pixels(self) -> NDArray[np.float32]:
        """(2, pixel, band)."""
        return np.moveaxis(self.values, 1, -1).reshape(2, -1, len(BANDS))

    @cached_property
    def alteration(self) -> NDArray[np.float64]:
        """(pixel,) from `irmad`."""
        return irmad(self.pixels[0], self.pixels[1])


def places() -> list[Pair]:
    """All places, by name; none where the data are absent."""
    return (
        [_read(folder) for folder in sorted(FOLDER.glob("*/")) if (folder / "cm").is_dir()] if FOLDER.is_dir() else []
    )


def _read(folder: Path) -> Pair:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(next((folder / "cm").glob("*.tif"))) as dataset:
            truth = dataset.read(1) == CHANGED
    values = np.empty((2, len(BANDS), *truth.shape), dtype=np.float32)
    grid = None
    for i in (0, 1):
        for b, name in enumerate(FILES):
            with rasterio.open(next((folder / f"imgs_{i + 1}").glob(f"*_{name}.tif"))) as dataset:
                values[i, b] = dataset.read(1, out_shape=truth.shape, resampling=Resampling.bilinear) / 10_000
                if grid is None:
                    grid = GeoBox(truth.shape, dataset.transform, dataset.crs)
    lines = (folder / "dates.txt").read_text(encoding="utf-8").split()
    first, second = (f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in lines if d.isdigit())
    assert grid is not None
    return Pair(name=folder.name, values=values, dates=(first, second), truth=truth, grid=grid)


def change_vectors(pair: Pair) -> NDArray[np.bool_]:
    """(y, x) where the difference of the two pictures, each band brought to mean 0 and deviation 1, is long."""
    pixels = pair.pixels
    scaled = (pixels - pixels.mean(axis=1, keepdims=True)) / pixels.std(axis=1, keepdims=True)
    length = np.linalg.norm(scaled[1] - scaled[0], axis=1)
    return (length > otsu(length)).reshape(pair.truth.shape)


def irmad_by_chance(pair: Pair) -> NDArray[np.bool_]:
    """(y, x) where chance alone would hardly reach."""
    return (pair.alteration > stats.chi2.ppf(CHI_SQUARE, len(BANDS))).reshape(pair.truth.shape)


def irmad_by_otsu(pair: Pair) -> NDArray[np.bool_]:
    """(y, x) the upper class of two, on the square root: chi-square has too long a tail to be split."""
    root = np.sqrt(pair.alteration)
    return (root > otsu(root)).reshape(pair.truth.shape)


def engine(pair: Pair) -> NDArray[np.bool_]:
    """(y, x) the pixels of all changes that the engine's two-look mode returns, called as `detect` is."""
    looks = np.array(pair.dates, dtype="datetime64[ns]")
    cube = xr.Dataset(
        {
            "reflectance": (("time", "band", "y", "x"), pair.values),
            "valid": (("time", "y", "x"), np.ones((2, *pair.truth.shape), dtype=bool)),
        },
        coords={
            "time": looks,
            "time_end": ("time", looks + np.timedelta64(86_399, "s")),
            "scene": ("time", [f"{pair.name}-{d}" for d in pair.dates]),
            "sensor": ("time", ["sentinel-2"] * 2),
            "band": list(BANDS),
            **xr_coords(pair.grid, dims=("y", "x")),
        },
        attrs={"units": "reflectance"},
    )
    inside = np.ones(pair.truth.shape, dtype=bool)
    found = np.zeros(pair.truth.size, dtype=bool)
    for change in sitewatch.change.compare_pair(cube, false_alarms=10.0, inside=inside):
        found[change.pixels] = True
    return found.reshape(pair.truth.shape)


Method = Callable[[Pair], NDArray[np.bool_]]


def methods() -> dict[str, Method]:
    """What is compared; the engine where the package has a mode for two looks."""
    listed: dict[str, Method] = {
        "change vectors": change_vectors,
        "IR-MAD, chi2": irmad_by_chance,
        "IR-MAD, Otsu": irmad_by_otsu,
    }
    if hasattr(sitewatch.change, "compare_pair"):
        listed["sitewatch pair"] = engine
    return listed


def otsu(values: NDArray[np.floating], *, bins: int = 512) -> float:
    """The threshold that leaves the least variance within two classes (Otsu 1979)."""
    counts, edges = np.histogram(values, bins=bins)
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1].astype(np.float64)
    above = counts.sum() - below
    sums = np.cumsum(counts * middles)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums[:-1] / below - (sums[-1] - sums[:-1]) / above) ** 2
    return float(edges[1:-1][np.nanargmax(between)])


def f1(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> tuple[float, float, float]:
    """(F1, precision, recall) of pixels."""
    both = float((found & truth).sum())
    precision, recall = both / max(found.sum(), 1), both / max(truth.sum(), 1)
    return 2 * precision * recall / max(precision + recall, 1e-9), precision, recall


def table() -> tuple[list[str], list[list[str]]]:
    """(head, rows): F1 of every method at every place and their mean; no rows where the data are absent."""
    chosen = methods()
    rows = []
    scores: dict[str, list[float]] = {name: [] for name in chosen}
    for pair in places():
        cells = [pair.name, f"{100 * pair.truth.mean():.1f} %"]
        for name, method in chosen.items():
            score, precision, recall = f1(method(pair), pair.truth)
            scores[name].append(score)
            cells.append(f"{score:.3f} (P {precision:.2f}, R {recall:.2f})")
        rows.append(cells)
    if rows:
        rows.append(["mean", "", *(f"{np.mean(s):.3f}" for s in scores.values())])
    return ["place", "changed", *chosen], rows


def main() -> int:
    head, rows = table()
    if not rows:
        print(f"no two-date data at {FOLDER}; set SITEWATCH_SHARED to the folder that holds data/oscd")
        return 0
    for row in [head, *rows]:
        print("  ".join(f"{cell:26}" for cell in row).rstrip())
    return 0


if __name__ == "__main__":
    sys.exit(main())
