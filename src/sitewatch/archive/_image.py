"""Opening one image, safely: which formats, how large, where on the ground."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import rasterio
from odc.geo import CRS
from odc.geo.geobox import GeoBox
from rasterio.enums import ColorInterp
from rasterio.errors import CRSError, NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader

from sitewatch.errors import SceneError

__all__ = ["GDAL_OPTIONS", "PICTURE_ENDINGS", "Image", "check_grid", "describe", "grid_of", "open_image"]

GDAL_OPTIONS: Final[Mapping[str, Any]] = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",  # never look for files beside the image, on disk or over HTTP
    "GDAL_NUM_THREADS": "1",  # the threads are ours
    "GDAL_CACHEMAX": 128,
    "GDAL_PNG_WHOLE_IMAGE_OPTIM": "NO",  # else a PNG that is cut short is read without an error, its rest is anything
    "GDAL_PAM_ENABLED": "NO",  # never write .aux.xml beside somebody's images
}
"""GDAL's options for every read of this room, given to `rasterio.Env`."""

PICTURE_ENDINGS: Final = (".png", ".jpg", ".jpeg")
"""What pictures are called that need not say where they lie."""

_PNG_MAGIC, _JPEG_MAGIC = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_MAX_PICTURE_PIXELS = 40_000_000  # pictures are decoded whole; the largest screens have 33 million
_JP2_MAGIC = (b"jP  ", b"\xffO\xffQ")
_DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")
_MAX_PIXELS = 36_000 * 36_000  # Sentinel-2 has 10 980 x 10 980, Landsat 7 800 x 7 800, a large sub-metre scene 30 000^2
_MAX_SIDE = 200_000
_MAX_BANDS = 100
_MAX_BLOCK_BYTES = 256 * 1024 * 1024  # GDAL decodes whole blocks, however small the window


@dataclass(frozen=True, kw_only=True)
class Image:
    """What an image's header says."""

    name: str
    """File name, for messages."""
    grid: GeoBox | None
    """Where its pixels lie; None for a PNG or JPEG."""
    dtypes: tuple[str, ...]
    descriptions: tuple[str | None, ...]
    """Band descriptions, or None."""
    colours: tuple[str, ...]
    """GDAL's colour interpretation of every band: "red", "alpha", "undefined", ..."""
    scaled: bool
    """True if a band has a scale or an offset of its own."""
    tags: Mapping[str, str]
    """Dataset tags, those of the IMAGERY domain included."""

    @property
    def count(self) -> int:
        """How many bands it has."""
        return len(self.dtypes)


@contextmanager
def open_image(path: str, *, name: str) -> Iterator[DatasetReader]:
    """Open an image of an allowed format and check that its header can be trusted. Call inside a `rasterio.Env`.

    Args:
        path: absolute path, or a /vsicurl or /vsis3 address.
        name: what to call it in messages.

    Raises:
        SceneError: it is not an image, is too large to be one scene, or does not say where it lies.
        rasterio.errors.RasterioError: it cannot be opened or read (for remote ones the caller asks why).
    """
    try:
        dataset = rasterio.open(path, driver=_driver(path), sharing=False)
    except NotGeoreferencedWarning as warning:  # only where warnings are errors
        raise SceneError(_no_georeference(name)) from warning
    except RasterioError as error:
        if path.startswith("/vsi"):
            raise
        raise SceneError(f"{name}: {_why_unreadable(Path(path))}") from error
    with dataset:
        _check_size(dataset, name)
        yield dataset


def grid_of(dataset: DatasetReader, *, name: str) -> GeoBox:
    """Where the image's pixels lie.

    Raises:
        SceneError: it has no georeference, or one that cannot be right.
    """
    if dataset.transform.is_identity and (dataset.crs is None or not dataset.gcps[0]):
        raise SceneError(_no_georeference(name))
    if dataset.transform.is_identity:
        raise SceneError(f"{name}: has ground control points only; orthorectify it to a GeoTIFF first")
    if dataset.crs is None or not dataset.crs.wkt:
        raise SceneError(f"{name}: has no coordinate system; assign the right one (gdal_edit.py -a_srs EPSG:...)")
    try:
        epsg = dataset.crs.to_epsg()
        crs = CRS(f"EPSG:{epsg}") if epsg else CRS(dataset.crs.to_wkt())
    except (CRSError, ValueError, RuntimeError) as error:
        raise SceneError(f"{name}: has a coordinate system that is not understood ({error}); reproject it") from error
    grid = GeoBox((dataset.height, dataset.width), dataset.transform, crs)
    check_grid(grid, name=name)
    return grid


def check_grid(grid: GeoBox, *, name: str) -> None:
    """Refuse a place that no image can have.

    Raises:
        SceneError: its coordinate system or its numbers cannot be right.
    """
    crs, affine = grid.crs, grid.affine
    if crs is None or not (crs.geographic or crs.projected):
        raise SceneError(f"{name}: has a local coordinate system that says nothing of the Earth; georeference it")
    if not all(math.isfinite(v) for v in tuple(affine)[:6]) or abs(affine.determinant) < 1e-18:
        size = tuple(round(math.hypot(*edge), 9) for edge in ((affine.a, affine.d), (affine.b, affine.e)))
        raise SceneError(f"{name}: its georeference is broken (pixel size {size}); georeference it anew")
    west, south, east, north = grid.boundingbox.bbox
    if crs.geographic and not (-361 <= west <= east <= 361 and -91 <= south <= north <= 91):
        raise SceneError(
            f"{name}: says its coordinates are degrees, but they run from {west:g} to {east:g} and {south:g} to "
            f"{north:g}; assign the right coordinate system"
        )


def describe(path: Path) -> Image:
    """Read the header of a local image. Call inside a `rasterio.Env`.

    Raises:
        SceneError: the image cannot be used; the message says why.
    """
    with open_image(str(path.absolute()), name=path.name) as dataset:
        if dataset.driver in ("PNG", "JPEG"):
            return _describe_picture(dataset, path.name)
        try:
            return Image(
                name=path.name,
                grid=grid_of(dataset, name=path.name),
                dtypes=tuple(dataset.dtypes),
                descriptions=tuple(dataset.descriptions),
                colours=tuple(c.name if isinstance(c, ColorInterp) else "undefined" for c in dataset.colorinterp),
                scaled=any(v != 1 for v in dataset.scales) or any(v != 0 for v in dataset.offsets),
                tags={**dataset.tags(ns="IMAGERY"), **dataset.tags()},
            )
        except (RasterioError, UnicodeDecodeError) as error:
            raise SceneError(f"{path.name}: its header cannot be read ({error}); get the file again") from error


def _describe_picture(dataset: DatasetReader, name: str) -> Image:
    """A picture's header, as it will be once it is placed: 8-bit colours, and where there is a picture.

    Texts inside it are not read: whatever drew the picture wrote them, no satellite.
    """
    if dataset.count > 4 or any(dtype not in ("uint8", "uint16") for dtype in dataset.dtypes):
        raise SceneError(f"{name}: has {dataset.count} bands of {dataset.dtypes[0]}; save it in red, green and blue")
    coloured = dataset.count > 2 or dataset.colorinterp[0] is ColorInterp.palette
    bands = ("red", "green", "blue", "valid") if coloured else ("gray", "valid")
    return Image(
        name=name,
        grid=None,
        dtypes=("uint8",) * len(bands),
        descriptions=bands,
        colours=bands,
        scaled=False,
        tags={},
    )


def _driver(path: str) -> str:
    """The one driver that may read this file: no other format is ever guessed at (COG is read by GTiff)."""
    if path.startswith("/vsi"):
        return "JP2OpenJPEG" if re.search(r"\.(jp2|j2k)($|\?)", path.lower()) else "GTiff"
    try:
        with Path(path).open("rb") as file:
            head = file.read(8)
    except OSError:
        return "GTiff"
    if path.lower().endswith(PICTURE_ENDINGS):  # a file called .tif that holds a PNG stays a fault
        return "JPEG" if head.startswith(_JPEG_MAGIC) else "PNG"
    return "JP2OpenJPEG" if head[4:8] in _JP2_MAGIC or head[:4] in _JP2_MAGIC else "GTiff"


def _check_size(dataset: DatasetReader, name: str) -> None:
    width, height, count = dataset.width, dataset.height, dataset.count
    if width * height > _MAX_PIXELS or max(width, height) > _MAX_SIDE:
        raise SceneError(
            f"{name}: declares {width} x {height} pixels, more than {_MAX_PIXELS} in all; cut it to the place you watch"
        )
    if dataset.driver in ("PNG", "JPEG") and width * height > _MAX_PICTURE_PIXELS:
        raise SceneError(
            f"{name}: has {width} x {height} pixels, more than {_MAX_PICTURE_PIXELS} for a picture that is read whole; "
            "cut it to the place you watch"
        )
    if not 0 < count <= _MAX_BANDS:
        raise SceneError(f"{name}: has {count} bands, not 1 to {_MAX_BANDS}; keep those you need")
    odd = sorted({d for d in dataset.dtypes if d not in _DTYPES})
    if odd:
        raise SceneError(f"{name}: has pixels of type {', '.join(odd)}; convert it to integers or real numbers")
    for (rows, columns), dtype in zip(dataset.block_shapes, dataset.dtypes, strict=True):
        together = count if dataset.interleaving is not None and dataset.interleaving.name == "pixel" else 1
        if rows * columns * together * _bytes(dtype) > _MAX_BLOCK_BYTES:
            raise SceneError(
                f"{name}: is stored in blocks of {columns} x {rows} pixels, too large to read a part of it; "
                "convert it to a tiled GeoTIFF or COG"
            )


def _bytes(dtype: str) -> int:
    return int("".join(c for c in dtype if c.isdigit())) // 8


def _no_georeference(name: str) -> str:
    return f"{name}: does not say where on Earth it lies (no georeference); georeference it to a GeoTIFF"


def _why_unreadable(path: Path) -> str:
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        return f"cannot be read ({error.strerror}); check the file and its permissions"
    if not head:
        return "is empty; get the file again"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+") or head[4:8] in _JP2_MAGIC or head[:4] in _JP2_MAGIC:
        return "is damaged or cut short; get the file again"
    if head.startswith((_PNG_MAGIC, _JPEG_MAGIC)) and path.suffix.lower() in PICTURE_ENDINGS:
        return "is damaged or cut short; get the file again"
    if all(byte >= 32 or byte in b"\t\r\n" for byte in head):
        return (
            f"is a text file, not an image (it begins {head[:24].decode('utf-8', 'replace')!r}); get the image itself"
        )
    if path.suffix.lower() in PICTURE_ENDINGS:
        return "is not a PNG or JPEG picture; convert it"
    return "is not a GeoTIFF, COG or JPEG 2000 image; convert it"
