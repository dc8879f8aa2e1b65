"""Two sensors of one site: searched apart and joined, or as one harmonised series. What is found, and how it is dated?

    python benchmarks/change/harmonised.py [--cases half-40 plus-5 ...] [--seeds 7 11 12 13 14] [--ways] [--null 5]
        [--second 1 2] [--bands] [--work DIR]

Some scenes of a simulated facility are taken away and come back as those of another sensor: lain half a pixel off,
seen in other bands (mixtures of neighbouring ones), with a gain of 1.08 and an offset of .004, in pixels three times as
wide, with noise of its own (.004). The rows: *joined*, as two searches that share the budget; *alone*, the first sensor
with all of it; *harmonised*, one series; *one sensor*, had all scenes been of the first. Inside the outline, one false
alarm a year. `--ways` adds other ways of putting both into one cube; `--null` adds places where nothing is built (every
claim is false), `--second` scenes of the second simulator, `--bands` a table of what is found with fewer bands of more
looks.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import second_world
import xarray as xr
from affine import Affine
from engine import claims_of, touching
from matching import Tally, match
from numpy.typing import NDArray
from reading import NOW, kept_folder
from scenes import region_of, simulator
from scipy import ndimage

import sitewatch.cube._harmonise as room
from sitewatch.archive import fetch, list_folder
from sitewatch.change import MIN_LOOKS
from sitewatch.cube import Readings, harmonise, read_cubes
from sitewatch.cube._adjust import Adjustment, Both, positions
from sitewatch.simulate import Recipe, simulate, truth, write
from sitewatch.site import Site, read_site
from sitewatch.structures import Structure
from sitewatch.watch._corridor import _series, _structures

MAIN = "sentinel-2 reflectance"
GAIN, OFFSET, NOISE = 1.08, 0.004, 0.004
SHIFT = (0.5, -0.7)
"""Fine pixels along y and x by which the second sensor's images show the ground too far south and east."""
BANDS = np.array(
    [
        [0.97, 0.03, 0, 0, 0, 0],
        [0.02, 0.96, 0.02, 0, 0, 0],
        [0, 0.04, 0.96, 0, 0, 0],
        [0, 0, 0.03, 0.95, 0.02, 0],
        [0, 0, 0, 0.02, 0.98, 0],
        [0, 0, 0, 0, 0.03, 0.97],
    ]
)
"""Its bands, as mixtures of the first one's."""
TIMES = 3
HIDDEN = (0, 3, 8, 9, 10, 11)
"""Classes of the mask in which no ground was seen."""
SIZE = 128

CASES: Mapping[str, tuple[int, Callable[[int], bool], str]] = {
    "half-40": (40, lambda n: n % 2 == 1, "40 scenes in three years, every other one of the second sensor"),
    "plus-5": (45, lambda n: n % 9 == 4, "45 scenes, five of them of the second sensor"),
    "half-80": (80, lambda n: n % 2 == 1, "80 scenes, every other one of the second sensor"),
    "third-120": (120, lambda n: n % 3 == 1, "120 scenes, every third one of the second sensor"),
}
HEAD = ("", "claims true", "false", "F1", "ends dated right", "bracket, median days", "mean")


def coarsen(source: Path, target: Path, seed: int) -> None:
    """A scene as the second sensor would have seen it."""
    with rasterio.open(source) as dataset:
        values = dataset.read().astype(np.float64)
        told = dataset.descriptions, dataset.scales, dataset.offsets
        profile = {key: dataset.profile[key] for key in ("driver", "count", "dtype", "crs", "nodata")}
        transform = dataset.transform @ Affine.scale(TIMES)
    scale, offset = told[1][0], told[2][0]
    side = values.shape[1] // TIMES
    ground = np.stack([ndimage.shift(band, SHIFT, order=1, mode="nearest") for band in values[:-1] * scale + offset])
    ground = GAIN * np.einsum("ij,jyx->iyx", BANDS, ground) + OFFSET

    def blocks(images: NDArray[np.float64]) -> NDArray[np.float64]:
        return images[:, : side * TIMES, : side * TIMES].reshape(-1, side, TIMES, side, TIMES)

    mean = blocks(ground).mean(axis=(2, 4))
    mean += np.random.default_rng(seed).normal(0, NOISE, mean.shape)
    classes = blocks(values[-1:])[0]
    mask = np.where(np.isin(classes, HIDDEN).any(axis=(1, 3)), 9, classes[:, 1, :, 1])
    stored = np.clip(np.rint((mean - offset) / scale), 1, 65_535)
    with rasterio.open(target, "w", **profile, height=side, width=side, transform=transform) as dataset:
        dataset.write(np.concatenate([stored, mask[None]]).astype(profile["dtype"]))
        dataset.descriptions, dataset.scales, dataset.offsets = told
    item = _item(source)
    item["id"] = target.stem
    item["properties"] |= {"platform": "landsat-8", "constellation": "landsat"}
    for asset in item.get("assets", {}).values():
        asset["href"] = asset["href"].replace(source.name, target.name)
    target.with_suffix(".json").write_text(json.dumps(item))


def _item(source: Path) -> dict[str, Any]:
    """A scene's sidecar; where the second simulator writes none, one with what its file tells."""
    sidecar = source.with_suffix(".json")
    if sidecar.exists():
        return dict(json.loads(sidecar.read_text()))
    with rasterio.open(source) as dataset:
        day = dataset.tags().get("TIFFTAG_DATETIME", source.stem[-10:])
    properties = {"datetime": f"{day[:10].replace(':', '-')}T10:30:00Z", "platform": "sentinel-2a"}
    return {"type": "Feature", "stac_version": "1.0.0", "id": source.stem, "geometry": None, "assets": {}, "links": [],
            "properties": properties}  # fmt: skip


def world(seed: int, looks: int, work: Path, *, null: bool) -> Path:
    """A facility's images and truth."""
    recipe = Recipe(seed=seed, size=SIZE, looks=looks, years=3.0)
    recipe = recipe.null() if null else recipe

    def make(folder: Path) -> None:
        made = simulate(recipe)
        write(made, folder / "world")
        (folder / "outline.json").write_text(json.dumps(truth(made)))

    name = f"{'null' if null else 'facility'}-{seed}-{looks}"
    return kept_folder(work, name, made_of=simulator(), asked=repr(recipe), make=make)


def second(seed: int, looks: int, work: Path) -> Path:
    """Likewise of the second simulator, with every so manieth of its looks only."""

    def make(folder: Path) -> None:
        second_world.make(seed, folder / "world")
        (folder / "world" / "truth.geojson").rename(folder / "outline.json")
        images = sorted((folder / "world" / "images").glob("*.tif"))
        keep = set(np.linspace(0, len(images) - 1, looks).round().astype(int).tolist())
        for number, path in enumerate(images):
            if number not in keep:
                path.unlink()
                path.with_suffix(".json").unlink(missing_ok=True)
                continue
            path.with_suffix(".json").write_text(json.dumps(_item(path)))

    name = f"second-{seed}-{looks}"
    return kept_folder(work, name, made_of=[Path(second_world.__file__)], asked=name, make=make)


def mixed(folder: Path, name: str, other: Callable[[int], bool]) -> Path:
    """The folder of images of both sensors."""

    def make(both: Path) -> None:
        for number, path in enumerate(sorted((folder / "world" / "images").glob("*.tif"))):
            if other(number):
                coarsen(path, both / f"L8-{path.stem}.tif", number)
            else:
                shutil.copy(path, both)
                shutil.copy(path.with_suffix(".json"), both)

    return kept_folder(folder, name, made_of=[Path(__file__)], asked=name, make=make)


@contextmanager
def way(name: str) -> Iterator[None]:
    """Looks of the coarser sensor are put on the fine grid in another way."""
    shipped, finer = room.adjusted, room._FINER

    def other(both: Both, how: Adjustment, number: int) -> NDArray[np.float32]:
        lines = how.calibration
        look = (both.look(number) * lines.gain[:, None, None] + lines.offset[:, None, None]).astype(np.float32)
        if not both.coarser:
            return both.nesting.averaged(look, how.offset)
        if name == "as it is":
            return both.nesting.spread(look, how.offset)
        if name == "detail of the day":
            detail = both.sides(both.other["time"].values[number]).usual
        else:
            chosen = positions(both.base, both.bands)
            seen = np.where(both.base["valid"].values[:, None], both.base["reflectance"].values[:, chosen], np.nan)
            detail = np.nanmedian(seen.astype(np.float32), axis=0)
        return detail + both.nesting.spread(look - both.nesting.averaged(detail, how.offset), how.offset)

    try:
        if name == "coarse grid":
            room._FINER = np.inf
        elif name:
            room.adjusted = other  # type: ignore[assignment]
        yield
    finally:
        room.adjusted, room._FINER = shipped, finer


WAYS = ("as it is", "detail of the record", "detail of the day", "coarse grid")


def searched(site: Site, cubes: Mapping[str, xr.Dataset]) -> tuple[Structure, ...]:
    return _structures(site, cubes, false_alarms=1.0, kept=None)[0]


def compare(folder: Path, name: str, other: Callable[[int], bool], ways: Sequence[str]) -> dict[str, Tally]:
    """All rows for one place."""
    site = read_site(folder / "world" / "site.geojson")
    both = mixed(folder, name, other)
    chips = fetch(list_folder(both), site, folder / f"{both.name}-archive", now=NOW).chips
    readings = read_cubes(site, chips, least=1, main=MAIN)
    cubes = {one.family: one.cube for one in readings if one.cube is not None}
    harmony = harmonise(readings, least=MIN_LOOKS)
    for told in (*(one.document() for one in harmony.adjusted), *harmony.apart.values()):
        print(f"    {told}", flush=True)
    every = fetch(list_folder(folder / "world" / "images"), site, folder / "archive", now=NOW).chips
    whole = read_cubes(site, every, least=1)[0].cube
    assert whole is not None
    found = {
        "joined": searched(site, {k: v for k, v in cubes.items() if v.sizes["time"] >= MIN_LOOKS}),
        "alone": searched(site, {MAIN: cubes[MAIN]}),
        "harmonised": searched(site, _series(cubes, harmony)),
        "one sensor": searched(site, {MAIN: whole}),
    }
    for one in ways:
        with way(one):
            found[one] = searched(site, _series(cubes, harmonise(_ordered(readings, one), least=MIN_LOOKS)))
    region = region_of(folder, "outline", cubes[MAIN], site)
    return {
        row: match(
            region.events, touching(claims_of(structures, cubes[MAIN]), region.inside), km2_years=region.km2_years
        )
        for row, structures in found.items()
    }


def worth_of_bands(folder: Path) -> dict[str, Tally]:
    """What four bands of more looks find, and six of fewer: all of one sensor, the most that a second can give."""
    site = read_site(folder / "world" / "site.geojson")
    chips = fetch(list_folder(folder / "world" / "images"), site, folder / "archive", now=NOW).chips
    cube = read_cubes(site, chips, least=1)[0].cube
    assert cube is not None
    region = region_of(folder, "outline", cube, site)
    told = {}
    for looks, bands in ((40, 6), (40, 4), (50, 4), (60, 4), (80, 4), (80, 6)):
        some = np.unique(np.linspace(0, cube.sizes["time"] - 1, looks).round().astype(int))
        part = cube.isel(time=some, band=slice(0, bands))
        claims = touching(claims_of(searched(site, {MAIN: part}), part), region.inside)
        told[f"{looks} looks, {bands} bands"] = match(region.events, claims, km2_years=region.km2_years)
    return told


def _ordered(readings: Sequence[Readings], way: str) -> list[Readings]:
    """The coarse family first where it is to make the grid."""
    return sorted(readings, key=lambda one: one.family == MAIN) if way == "coarse grid" else list(readings)


def row(name: str, tally: Tally) -> str:
    right, ends = sum(days == 0 for days in tally.days_outside), len(tally.days_outside)
    days = (statistics.median(tally.widths), statistics.fmean(tally.widths)) if tally.widths else (np.nan, np.nan)
    cells = (name, f"{tally.true} of {tally.events.get('all', 0)}", str(tally.false), f"{tally.f1:.2f}")
    return f"| {' | '.join((*cells, f'{right} of {ends}', f'{days[0]:.0f}', f'{days[1]:.1f}'))} |"


def table(title: str, rows: Mapping[str, Tally]) -> None:
    print(f"\n## {title}\n\n| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}")
    print("\n".join(row(name, tally) for name, tally in rows.items()), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="*", default=list(CASES), choices=list(CASES))
    parser.add_argument("--seeds", nargs="*", type=int, default=[7, 11, 12, 13, 14])
    parser.add_argument("--ways", action="store_true")
    parser.add_argument("--null", type=int, default=0, help="places where nothing is built, from seed 940 on")
    parser.add_argument("--second", nargs="*", type=int, default=[], help="seeds of the second simulator")
    parser.add_argument("--bands", action="store_true", help="what bands are worth, in looks of one sensor")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "sitewatch-harmonised")
    options = parser.parse_args()
    for name in options.cases:
        looks, other, words = CASES[name]
        places = {
            "": [world(seed, looks, options.work, null=False) for seed in options.seeds],
            ", nothing is built": [world(940 + n, looks, options.work, null=True) for n in range(options.null)],
            ", second simulator": [second(seed, looks, options.work) for seed in options.second],
        }
        for where, folders in places.items():
            total: dict[str, Tally] = {}
            for folder in folders:
                print(f"{name}: {folder.name}", flush=True)
                for what, tally in compare(folder, name, other, WAYS if options.ways else ()).items():
                    total[what] = total.get(what, Tally()) + tally
                    print(f"    {row(what, tally)}", flush=True)
            if total:
                table(f"{words}{where}", total)
    if options.bands:
        rows: dict[str, Tally] = {}
        for seed in options.seeds:
            for what, tally in worth_of_bands(world(seed, 80, options.work, null=False)).items():
                rows[what] = rows.get(what, Tally()) + tally
        table("Blue, green, red, near infrared; and two of short wave infrared", rows)


if __name__ == "__main__":
    main()
