"""Pictures that do not say where they lie: reading them, and what may lie beside them to tell."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from odc.geo import CRS
from odc.geo.geobox import GeoBox
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError

from sitewatch.archive._cut import grid_frame
from sitewatch.archive._image import GDAL_OPTIONS, check_grid, open_image
from sitewatch.errors import SceneError
from sitewatch.site import Site, metric_crs, project

__all__ = ["WORLD_ENDINGS", "Pixels", "georeference", "is_preview", "read_pixels"]

WORLD_ENDINGS = (".pgw", ".pngw", ".jgw", ".jpgw", ".jpegw", ".wld")
"""What a world file is called: six numbers that say how a picture's pixels lie on a map."""

_MAX_SIDECAR_BYTES = 64 * 1024
_PREVIEW = re.compile(r".*[_.-](thumb(nail)?|preview|browse|quicklook|ql|pvi)([_.-]?(small|large))?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Pixels:
    """A picture's pixels."""

    values: NDArray[np.uint8]
    """(colour, y, x): red, green, blue, or one grey."""
    opaque: NDArray[np.bool_]
    """(y, x), False = transparent: no picture there."""


def is_preview(stem: str) -> bool:
    """True for the names of previews that providers put beside their images ("X_thumbnail")."""
    return _PREVIEW.fullmatch(stem) is not None


def read_pixels(path: Path) -> Pixels:
    """Read a PNG or JPEG whole, as 8-bit colours.

    Raises:
        SceneError: it cannot be read.
    """
    try:
        with rasterio.Env(**GDAL_OPTIONS), open_image(str(path.absolute()), name=path.name) as dataset:
            raw = dataset.read()
            shown = dataset.dataset_mask() > 0  # alpha, or the one colour that a PNG calls transparent
            bits = int(dataset.tags(1, ns="IMAGE_STRUCTURE").get("NBITS", "8"))
            if dataset.colorinterp[0] is ColorInterp.palette:
                table = np.zeros((256, 4), dtype=np.uint8)
                for number, entry in dataset.colormap(1).items():
                    table[number] = entry
                raw = np.moveaxis(table[raw[0]], -1, 0)
            elif bits < 8:
                raw = (raw * (255 // (2**bits - 1))).astype(np.uint8)
    except (RasterioError, OSError, ValueError, MemoryError) as error:
        raise SceneError(f"{path.name}: cannot be read ({error.__cause__ or error}); get the file again") from error
    if raw.dtype == np.uint16:
        raw = (raw >> 8).astype(np.uint8)
    alpha = raw[-1] if len(raw) in (2, 4) else None
    values = raw[:1] if len(raw) < 3 else raw[:3]
    return Pixels(values=values, opaque=shown if alpha is None else alpha > 0)


def georeference(path: Path, shape: tuple[int, int], told: Mapping[str, object], site: Site) -> GeoBox | None:
    """Where a picture lies, as a STAC item or a world file beside it says; None where neither does.

    A world file does not name its coordinates: a .prj beside it may; else they are degrees, the UTM zone's metres
    or Web Mercator's, whichever puts the picture on the site.

    Args:
        path: the picture.
        shape: its (rows, columns).
        told: `proj:transform` and `proj:code`, `proj:epsg` or `proj:wkt2` of the item beside it, if there is one.
        site: the watched place.

    Raises:
        SceneError: what lies beside it cannot be used.
    """
    if told.get("proj:transform") is not None:
        return _of_item(path, shape, told)
    world = _beside(path, WORLD_ENDINGS)
    if world is None:
        return None
    affine = _of_world(world)
    text = _beside(path, (".prj",))
    if text is not None:
        return _checked(GeoBox(shape, affine, _crs(_text(text), text.name)), world.name)
    fitting = [grid for crs in _usual_systems(site) if _shows(grid := GeoBox(shape, affine, crs), site)]
    if len(fitting) != 1:
        raise SceneError(
            f"{world.name}: puts the picture nowhere near the site in degrees, UTM or Web Mercator; correct it, or "
            f"put the coordinate system into {path.stem}.prj"
        )
    return _checked(fitting[0], world.name)


def _of_item(path: Path, shape: tuple[int, int], told: Mapping[str, object]) -> GeoBox:
    numbers = told["proj:transform"]
    name = f"the STAC item of {path.name}"
    if not isinstance(numbers, Sequence) or isinstance(numbers, str) or len(numbers) not in (6, 9):
        raise SceneError(f"{name}: its proj:transform is not a list of 6 numbers; mend it")
    values = [float(n) if isinstance(n, int | float) else math.nan for n in numbers[:6]]
    size = told.get("proj:shape")
    if isinstance(size, Sequence) and not isinstance(size, str) and [*size] != [*shape]:
        raise SceneError(f"{name}: its proj:shape is {[*size]}, but the picture has {[*shape]}; mend it")
    code = told.get("proj:code") or told.get("proj:wkt2") or told.get("proj:epsg")
    if not isinstance(code, str | int) or isinstance(code, bool):
        raise SceneError(f"{name}: has a proj:transform but no proj:code; add it (EPSG:...)")
    return _checked(GeoBox(shape, Affine(*values), _crs(f"EPSG:{code}" if isinstance(code, int) else code, name)), name)


def _of_world(path: Path) -> Affine:
    """The transform that a world file's six lines tell; they count from the middle of the first pixel."""
    try:
        numbers = [float(word.replace(",", ".")) for word in _text(path).split()]
    except ValueError as error:
        raise SceneError(f"{path.name}: is no world file ({error}); it must hold six numbers") from error
    if len(numbers) != 6 or not all(math.isfinite(n) for n in numbers):
        raise SceneError(f"{path.name}: is no world file: it must hold six numbers, found {len(numbers)}")
    a, d, b, e, x, y = numbers
    return Affine(a, b, x - (a + b) / 2, d, e, y - (d + e) / 2)


def _beside(path: Path, endings: Sequence[str]) -> Path | None:
    """A regular file of the picture's name with one of the endings, in small or capital letters."""
    names = [path.with_suffix(e) for ending in endings for e in (ending, ending.upper())]
    return next((p for p in names if p.is_file() and not p.is_symlink()), None)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_SIDECAR_BYTES + 1)
    except OSError as error:
        raise SceneError(f"{path.name}: cannot be read ({error.strerror}); check its permissions") from error
    if len(content) > _MAX_SIDECAR_BYTES:
        raise SceneError(f"{path.name}: is larger than 64 KiB; it must hold a few numbers or words")
    return content.decode("utf-8-sig", "replace")


def _crs(text: str, name: str) -> CRS:
    try:
        return CRS(text)
    except Exception as error:  # pyproj raises several kinds, of which odc-geo passes all on
        raise SceneError(f"{name}: has a coordinate system that is not understood; write EPSG:...") from error


def _checked(grid: GeoBox, name: str) -> GeoBox:
    check_grid(grid, name=name)
    return grid


def _usual_systems(site: Site) -> list[CRS]:
    return [CRS("EPSG:4326"), metric_crs(site), CRS("EPSG:3857")]


def _shows(grid: GeoBox, site: Site) -> bool:
    if grid.crs is None:
        return False
    outline = project(site.outline, to=grid.crs)
    frame = grid_frame(grid)
    return bool(np.isfinite(outline.bounds).all() and frame.is_valid and shapely.intersects(outline, frame))
