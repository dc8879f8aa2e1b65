"""A world on disk: GeoTIFF scenes with STAC sidecars, the site file, and the truth."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.io import MemoryFile
from shapely.geometry import mapping

from sitewatch.errors import OptionError, OutputError
from sitewatch.simulate._passes import Acquisition
from sitewatch.simulate._render import OFFSET, SCALE
from sitewatch.simulate._surfaces import BANDS
from sitewatch.simulate._world import World, truth
from sitewatch.site import site_feature

__all__ = ["write"]

CREDIT = "sitewatch simulation"
_THREADS = 2


def write(world: World, directory: Path, *, progress: Callable[[int, int], None] | None = None) -> None:
    """Render a world into a new or empty directory.

    Writes `images/<id>.tif` and `images/<id>.json` per scene, `site.geojson` and `truth.geojson`: all of them, or
    nothing.

    Args:
        world: what to write.
        directory: where; must not exist, or be empty.
        progress: called with (scenes written, scenes in all) after each.

    Raises:
        OptionError: the directory holds something already.
        OutputError: it could not be written; nothing is left behind.
    """
    _require_empty(directory)
    partial = None
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        partial = _partial(directory)
        _write_all(world, partial, progress)
        if directory.exists():
            directory.rmdir()
        partial.rename(directory)
    except (OSError, RasterioError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise OutputError(
            f"{directory}: the simulated scenes could not be written ({reason}); nothing was left there, free some "
            "space or choose another directory"
        ) from error
    finally:
        if partial is not None:
            with suppress(OSError):
                shutil.rmtree(partial)


def _require_empty(directory: Path) -> None:
    try:
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise OptionError(f"{directory}: is not empty; choose a new directory for the simulated scenes")
    except OSError as error:
        raise OutputError(f"{directory}: cannot be read ({error.strerror}); choose another directory") from error


def _partial(directory: Path) -> Path:
    """A new sibling directory to write into; on the same disk, so that the rename is one step."""
    target = directory.absolute()
    number = 0
    while True:
        partial = target.parent / f".{target.name}.partial-{number}"
        try:
            partial.mkdir()
        except FileExistsError:
            number += 1
        else:
            return partial


def _write_all(world: World, partial: Path, progress: Callable[[int, int], None] | None) -> None:
    images = partial / "images"
    images.mkdir()
    count = len(world.scenes)
    with ThreadPoolExecutor(_THREADS) as pool:
        jobs = [pool.submit(_write_scene, world, number, images) for number in range(count)]
        try:
            for done, job in enumerate(jobs, 1):
                job.result()
                if progress is not None:
                    progress(done, count)
        except BaseException:
            for job in jobs:
                job.cancel()
            raise
    _write_json(partial / "site.geojson", site_feature(world.site))
    _write_json(partial / "truth.geojson", truth(world))


def _write_scene(world: World, number: int, images: Path) -> None:
    scene = world.scenes[number]
    pixels = world.render(number)
    # GDAL reports a full disk late or not at all, Python always.
    (images / f"{scene.id}.tif").write_bytes(_geotiff(world, scene, pixels))
    _write_json(images / f"{scene.id}.json", _item(world, scene, pixels))


def _geotiff(world: World, scene: Acquisition, pixels: NDArray[np.uint16]) -> bytes:
    bands, height, width = pixels.shape
    assert world.grid.crs is not None
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            count=bands,
            height=height,
            width=width,
            dtype="uint16",
            crs=rasterio.CRS.from_epsg(world.grid.crs.to_epsg()),
            transform=world.grid.affine,
            nodata=0,
            tiled=True,
            blockxsize=128,
            blockysize=128,
            interleave="band",
            compress="deflate",
            predictor=2,
        ) as image:
            image.write(pixels)
            image.scales = (*(SCALE for _ in BANDS), 1.0)
            image.offsets = (*(OFFSET for _ in BANDS), 0.0)
            image.descriptions = (*BANDS, "scl")
            image.update_tags(TIFFTAG_DATETIME=f"{scene.captured:%Y:%m:%d %H:%M:%S}", TIFFTAG_COPYRIGHT=CREDIT)
        return bytes(memory.read())


def _item(world: World, scene: Acquisition, pixels: NDArray[np.uint16]) -> dict[str, object]:
    """The scene as a STAC 1.1 Item that declares no extension, so that it validates offline."""
    affine, (height, width) = world.grid.affine, world.grid.shape
    frame = world.geographic(shapely.box(0, 0, width * affine.a, height * affine.a))
    classes = pixels[-1]
    covered = float(np.isin(classes, (8, 9, 10)).sum() / max(1, int((classes > 0).sum())))
    assert world.grid.crs is not None
    scaled = {"nodata": 0, "data_type": "uint16", "scale": SCALE, "offset": OFFSET}
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [],
        "id": scene.id,
        "bbox": list(frame.bounds),
        "geometry": mapping(frame),
        "properties": {
            "title": f"{world.site.name}, {scene.captured:%Y-%m-%d}",
            "datetime": _utc(scene.captured),
            "created": _utc(scene.published),
            "published": _utc(scene.published),
            "constellation": "sentinel-2",
            "platform": scene.platform,
            "instruments": ["msi"],
            "gsd": world.recipe.pixel_m,
            "providers": [{"name": CREDIT, "roles": ["producer", "licensor"]}],
            "eo:cloud_cover": round(100 * covered, 2),
            "sat:relative_orbit": scene.orbit,
            "view:sun_azimuth": round(scene.sun.azimuth, 3),
            "view:sun_elevation": round(scene.sun.elevation, 3),
            "proj:code": f"EPSG:{world.grid.crs.to_epsg()}",
            "proj:shape": [height, width],
            "proj:transform": list(affine)[:6],
        },
        "links": [],
        "assets": {
            "data": {
                "href": f"./{scene.id}.tif",
                "type": "image/tiff; application=geotiff",
                "title": "Six bands of surface reflectance and the scene classification",
                "roles": ["data", "reflectance"],
                "bands": [
                    *({"name": band, "eo:common_name": band} for band in BANDS),
                    {"name": "scl", "description": "Sentinel-2 scene classification"},
                ],
                "raster:bands": [*(scaled for _ in BANDS), {"nodata": 0, "data_type": "uint16"}],
            }
        },
    }


def _utc(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _write_json(path: Path, document: dict[str, object]) -> None:
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
