"""Simulated records with their truth, kept in a folder and read as a user's images are."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pictures
import second_world
import shapely
import xarray as xr
from matching import Event, as_looked, datable, event, tellable
from numpy.typing import NDArray
from peers import Record
from reading import cube_of, kept_folder
from shapely.geometry import box, shape
from shapely.geometry.base import BaseGeometry

import sitewatch.simulate
from sitewatch.simulate import Recipe, simulate, truth, write
from sitewatch.site import Site, area_mask, project, read_site

__all__ = ["Region", "Scene", "region_of", "scene", "second_scene", "simulator"]

EPOCH_ORDINAL = dt.date(1970, 1, 1).toordinal()
IMAGES = "images.wkt"
"""File of a kept folder with the outline of all its images, EPSG:4326."""
RIM_M = 1.5
"""Rim of the images that a whole scene leaves out: rounded coordinates must not ask for ground beyond them."""


@dataclass(frozen=True, kw_only=True)
class Region:
    """Where claims are made and scored."""

    inside: NDArray[np.bool_]
    """(y, x); claims that touch it count."""
    events: tuple[Event, ...]
    km2_years: float


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One simulated record with its truth."""

    seed: int
    cube: xr.Dataset
    read: Callable[[], xr.Dataset]
    """Reads its images once more."""
    years: float
    regions: Mapping[str, Region]
    """`whole`: all of the scene; `outline`: the facility."""

    @property
    def record(self) -> Record:
        """As the peers read it."""
        return Record.of(self.cube)


def scene(recipe: Recipe, work: Path, *, cropped: bool = False, shown: bool = False) -> Scene:
    """Simulate, write, list, fetch and read one scene; images and truth are kept in `work`.

    Args:
        recipe: what to simulate.
        work: where scenes are kept.
        cropped: True: the cube of the facility and its margin, as `sitewatch watch` reads it; False: of all the images.
        shown: True: as 8-bit pictures without a mask (see `pictures.show`); False: as the simulator made them.
    """
    folder = _simulated(recipe, work)
    if shown:
        folder = _shown(folder, recipe.seed, work)
    return _read(folder, seed=recipe.seed, years=recipe.years, cropped=cropped)


def second_scene(seed: int, work: Path, *, shown: bool = False) -> Scene:
    """Likewise, one scene of the second world."""
    folder = _second(seed, work)
    if shown:
        folder = _shown(folder, seed, work)
    return _read(folder, seed=seed, years=second_world.SPAN / 365)


def _read(folder: Path, *, seed: int, years: float, cropped: bool = False) -> Scene:
    site = read_site(folder / "world" / "site.geojson")
    watched = site if cropped else replace(site, id="whole", outline=_whole(folder), areas={})
    archive = folder / ("cropped" if cropped else "archive")
    read = partial(cube_of, watched, folder / "world" / "images", archive)
    cube = read()
    return Scene(
        seed=seed,
        cube=cube,
        read=read,
        years=years,
        regions={name: region_of(folder, name, cube, site) for name in ("whole", "outline")},
    )


def _simulated(recipe: Recipe, work: Path) -> Path:
    """The folder of a recipe: world/site.geojson, world/images, `IMAGES`, and as truth whole.json and outline.json."""

    def make(folder: Path) -> None:
        world = simulate(recipe)
        write(world, folder / "world")
        for name in ("whole", "outline"):
            (folder / f"{name}.json").write_text(json.dumps(truth(world, whole=name == "whole")))
        _write_outline(folder, world.geographic(box(RIM_M, RIM_M, *([recipe.size * recipe.pixel_m - RIM_M] * 2))))

    return kept_folder(work, f"scene-{recipe.seed}", made_of=simulator(), asked=repr(recipe), make=make)


def simulator() -> list[Path]:
    """The sources of our own simulator."""
    return sorted(Path(sitewatch.simulate.__file__).parent.glob("*.py"))


def _second(seed: int, work: Path) -> Path:
    """The folder of a second world, with the same files."""

    def make(folder: Path) -> None:
        second_world.make(seed, folder / "world")
        for name, told in (("whole", "truth_whole"), ("outline", "truth")):
            (folder / "world" / f"{told}.geojson").rename(folder / f"{name}.json")
        _write_outline(folder, shape(second_world.images_outline(RIM_M)))

    return kept_folder(work, f"second-{seed}", made_of=[Path(second_world.__file__)], asked=str(seed), make=make)


def _shown(simulated: Path, seed: int, work: Path) -> Path:
    """The folder of a scene's images as pictures, with the same files."""

    def make(folder: Path) -> None:
        pictures.show(simulated / "world" / "images", folder / "world" / "images", seed)
        for name in ("world/site.geojson", "whole.json", "outline.json", IMAGES):
            shutil.copy(simulated / name, folder / name)

    name = f"{simulated.name}-shown"
    return kept_folder(work, name, made_of=[Path(pictures.__file__)], asked=str(seed), make=make)


def _write_outline(folder: Path, of_images: BaseGeometry) -> None:
    (folder / IMAGES).write_text(shapely.to_wkt(of_images, rounding_precision=8))


def _whole(folder: Path) -> Any:
    """Outline of all the images, EPSG:4326."""
    return shapely.from_wkt((folder / IMAGES).read_text())


def region_of(folder: Path, name: str, cube: xr.Dataset, site: Site) -> Region:
    """Where claims on a cube are scored, with the truth that the folder keeps by that name: `whole` or `outline`."""
    known = json.loads((folder / f"{name}.json").read_text())
    grid = cube.odc.geobox
    size = (int(grid.shape[0]), int(grid.shape[1]))
    days = [dt.date.fromisoformat(known[key]) for key in ("start", "end")]
    inside = np.ones(size, dtype=bool) if name == "whole" else area_mask(site.outline, grid)

    def in_pixels(c: NDArray[np.float64]) -> NDArray[np.float64]:
        a = grid.affine
        return np.column_stack(((c[:, 0] - a.c) / a.a, (c[:, 1] - a.f) / a.e))

    events = tuple(
        event(f["properties"], shapely.transform(project(shape(f["geometry"]), to=grid.crs), in_pixels), size)
        for f in known["features"]
    )
    valid = cube["valid"].values.reshape(cube.sizes["time"], -1)
    starts, ends = (
        cube[name].values.astype("datetime64[D]").astype(np.int64) + EPOCH_ORDINAL for name in ("time", "time_end")
    )
    looked = (e if e.ignore else as_looked(e, int(starts[0]), int(ends.max())) for e in events if len(e.pixels))
    record = valid, starts, ends
    return Region(
        inside=inside,
        events=tuple(
            replace(e, datable=datable(e, *record), tellable=tellable(e, *record)) for e in looked if e is not None
        ),
        km2_years=known["area_km2"] * (days[1] - days[0]).days / 365.25,
    )
