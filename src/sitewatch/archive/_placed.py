"""Placed pictures as the archive keeps them: GeoTIFFs that say where they lie, and how that is known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError
from rasterio.io import MemoryFile

from sitewatch.archive._image import GDAL_OPTIONS, grid_of, open_image
from sitewatch.archive._picture import Pixels
from sitewatch.archive._store import scene_slug, write_file
from sitewatch.errors import OutputError, SceneError

__all__ = ["Placed", "read_placed", "write_placed"]

_FOLDER = ".placed"
_TAG = "SITEWATCH_PLACED"


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Where a picture lies, and how that is known."""

    grid: GeoBox
    """Of the picture's own pixels; turned and scaled as it must be."""
    how: str
    """For the ledger: "placed by registration to within 4 m (similarity, 12000 points)"."""
    key: str
    """Changes when the picture does, or what lies beside it."""
    colours: int
    """How many colours it has: 1 or 3."""
    anchors: Mapping[str, str] = field(default_factory=dict)
    """Keys of the scenes that it was laid on because their place was known, by scene id."""
    path: Path | None = None
    """The GeoTIFF; None before it is written."""

    @property
    def version(self) -> str:
        """Changes when the picture, its place or what is hidden of it does."""
        told = [self.key, self.how, repr(tuple(self.grid.affine)[:6]), str(self.grid.crs)]
        return hashlib.sha256("\0".join(told).encode()).hexdigest()[:16]


def read_placed(directory: Path, scene: str) -> Placed | None:
    """What the archive keeps of a placed picture; None where it is missing or damaged."""
    path = _path(directory, scene)
    if not path.is_file():
        return None
    try:
        with rasterio.Env(**GDAL_OPTIONS), open_image(str(path.absolute()), name=path.name) as dataset:
            told = json.loads(dataset.tags()[_TAG])
            dataset.checksum(1)  # reads it whole: what is cut short is placed anew
            return Placed(
                grid=grid_of(dataset, name=path.name),
                how=str(told["how"]),
                key=str(told["key"]),
                colours=dataset.count - 1,
                anchors={str(key): str(value) for key, value in told["anchors"].items()},
                path=path,
            )
    except (SceneError, RasterioError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_placed(directory: Path, scene: str, placed: Placed, pixels: Pixels, hidden: NDArray[np.bool_]) -> Placed:
    """Write a picture with its place; its last band is 255 where ground was seen, 0 under overlays.

    Raises:
        OutputError: it cannot be written.
    """
    seen = pixels.opaque & ~hidden
    share = 1 - float(seen.mean())
    if share >= 0.0005:
        placed = replace(placed, how=f"{placed.how}; {share:.1%} of it hidden under what never changes")
    tag = json.dumps({"how": placed.how, "key": placed.key, "anchors": dict(placed.anchors)}, sort_keys=True)
    values = np.concatenate([pixels.values, seen[None].astype(np.uint8) * np.uint8(255)])
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            compress="deflate",
            tiled=True,
            blockxsize=256,
            blockysize=256,
            count=len(values),
            height=values.shape[1],
            width=values.shape[2],
            dtype="uint8",
            crs=placed.grid.crs.to_wkt() if placed.grid.crs is not None else None,
            transform=placed.grid.affine,
        ) as image:
            image.write(values)
            image.colorinterp = [*image.colorinterp[:-1], ColorInterp.alpha]
            image.descriptions = ("red", "green", "blue", "valid") if len(values) == 4 else ("gray", "valid")
            image.update_tags(**{_TAG: tag})
        content = bytes(memory.read())
    path = _path(directory, scene)
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path.parent}: cannot be made ({error.strerror}); choose another --out") from error
    write_file(path, content)
    return replace(placed, path=path)


def _path(directory: Path, scene: str) -> Path:
    return directory / _FOLDER / f"{scene_slug(scene)}.tif"
