"""Cutting a scene to a site: only the window that is needed is read, in the scene's own pixels."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.enums import MaskFlags
from rasterio.io import DatasetReader, MemoryFile
from rasterio.windows import Window
from shapely.affinity import affine_transform
from shapely.geometry import Polygon

from sitewatch.archive._href import is_remote, redact, vsi_path
from sitewatch.archive._image import grid_of, open_image
from sitewatch.archive._scene import Band, ChipBand
from sitewatch.errors import SceneError
from sitewatch.site import Site, context_bounds, project

__all__ = ["Piece", "cut_file", "grid_frame", "pixels_digest", "site_window"]

_MAX_WINDOW_BYTES = 512 * 1024 * 1024
_COG = {
    "driver": "COG",
    "compress": "deflate",
    "predictor": "yes",
    "blocksize": 256,
    "overviews": "none",
    "num_threads": 1,
    "bigtiff": "if_safer",
}


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One COG of a chip, before it is on disk."""

    file: str
    """Its name in the chip's folder."""
    source: str
    """Where it came from, without secrets."""
    content: bytes
    """The COG."""
    bands: tuple[ChipBand, ...]
    digests: dict[str, str]
    """Hex digest of every band's decoded pixels and their place, by band name."""


def site_window(site: Site, grid: GeoBox) -> tuple[slice, slice] | None:
    """Rows and columns of an image that show the site and its margin; None where it shows none of the outline."""
    if grid.crs is None:
        return None
    outline = project(site.outline, to=grid.crs)
    height, width = grid.shape
    frame = grid_frame(grid)
    if not np.isfinite(outline.bounds).all() or not shapely.intersects(outline, frame):
        return None
    box = context_bounds(site, crs=grid.crs)
    if not np.isfinite(box.bbox).all():
        return None
    # A thousandth of a pixel of rounding must not add a row.
    first_x, first_y, last_x, last_y = (round(v, 3) for v in _apply(~grid.affine, shapely.box(*box.bbox)).bounds)
    left, right = max(0, math.floor(first_x)), min(width, math.ceil(last_x))
    top, bottom = max(0, math.floor(first_y)), min(height, math.ceil(last_y))
    if left >= right or top >= bottom:
        return None
    return slice(top, bottom), slice(left, right)


def grid_frame(grid: GeoBox) -> Polygon:
    """The outer edge of a grid, in its own coordinates."""
    height, width = grid.shape
    return _apply(grid.affine, shapely.box(0, 0, width, height))


def _part(grid: GeoBox, rows: slice, columns: slice) -> GeoBox:
    # GeoBox's own indexing warns with affine 3 (odc-geo multiplies with *).
    a, b, c, d, e, f = tuple(grid.affine)[:6]
    x, y = columns.start, rows.start
    affine = Affine(a, b, c + a * x + b * y, d, e, f + d * x + e * y)
    return GeoBox((rows.stop - rows.start, columns.stop - columns.start), affine, grid.crs)


def _apply(affine: Affine, geometry: Polygon) -> Polygon:
    return affine_transform(geometry, [affine.a, affine.b, affine.d, affine.e, affine.c, affine.f])


def cut_file(
    href: str, bands: Sequence[Band], site: Site, *, target: Path, signed: str | None = None, alone: bool = False
) -> Piece | None:
    """Read the site's window of one image. Call inside a `rasterio.Env`.

    Args:
        href: file path or address.
        bands: what to keep of it.
        site: the watched place.
        target: the path that the COG will have.
        signed: the address to open where it differs from `href` (a token was added).
        alone: True if the scene has no other files; then a mask inside this one is kept as its band "valid".

    Returns:
        The COG, or None where the image shows nothing of the site.

    Raises:
        SceneError: the image cannot be used.
        rasterio.errors.RasterioError: it cannot be opened or read.
    """
    name = redact(href).rpartition("/")[2] or redact(href)
    path = vsi_path(signed or href) if is_remote(href) else str(Path(href).absolute())
    with open_image(path, name=name) as dataset:
        grid = grid_of(dataset, name=name)
        window = site_window(site, grid)
        if window is None:
            return None
        missing = [b for b in bands if not 1 <= b.index <= dataset.count]
        if missing:
            raise SceneError(
                f"{name}: has {dataset.count} bands, but band {missing[0].index} is listed as {missing[0].name}; "
                "mend the item or the image"
            )
        if alone and _has_own_mask(dataset) and not any(b.is_mask for b in bands):
            bands = [*bands, Band(name="valid", href=href, index=0)]
        pixels = _read(dataset, bands, window, name)
        part = _part(grid, *window)
        kept = tuple(
            _chip_band(band, dataset, index=index, grid=part, path=target) for index, band in enumerate(bands, start=1)
        )
        content = _cog(pixels, kept, dataset)
    return Piece(
        file=target.name,
        source=redact(href),
        content=content,
        bands=kept,
        digests={band.name: _digest(band, pixels[i]) for i, band in enumerate(kept)},
    )


def pixels_digest(pieces: Sequence[Piece]) -> str:
    """One hex digest of all bands' pixels, whatever files they lie in."""
    named = {name: digest for piece in pieces for name, digest in piece.digests.items()}
    return hashlib.sha256("\n".join(f"{name} {named[name]}" for name in sorted(named)).encode()).hexdigest()


def _has_own_mask(dataset: DatasetReader) -> bool:
    """True for a mask that lies in the image beside its bands: neither alpha band nor nodata value."""
    return bool(dataset.mask_flag_enums[0] == [MaskFlags.per_dataset])


def _read(dataset: DatasetReader, bands: Sequence[Band], window: tuple[slice, slice], name: str) -> NDArray[np.generic]:
    """The bands' pixels, (band, y, x); that of index 0 is the image's own mask."""
    rows, columns = window
    shape = (len(bands), rows.stop - rows.start, columns.stop - columns.start)
    dtype = np.dtype(dataset.dtypes[0])
    if math.prod(shape) * dtype.itemsize > _MAX_WINDOW_BYTES:
        raise SceneError(
            f"{name}: the site needs {shape[2]} x {shape[1]} pixels of {shape[0]} bands, more than "
            f"{_MAX_WINDOW_BYTES >> 20} MiB; split the site into smaller ones"
        )
    part = Window.from_slices(rows, columns)
    pixels: NDArray[np.generic] = dataset.read([b.index for b in bands if b.index], window=part)
    if any(b.index == 0 for b in bands):
        mask = (dataset.read_masks(1, window=part) != 0).astype(dtype)
        pixels = np.concatenate([pixels, mask[None]])
    return pixels


def _chip_band(band: Band, dataset: DatasetReader, *, index: int, grid: GeoBox, path: Path) -> ChipBand:
    """Scale, offset and nodata are settled here, once: the catalog's word, else the file's own."""
    position = max(0, band.index - 1)
    scale = band.scale if band.scale is not None else float(dataset.scales[position])
    offset = band.offset if band.offset is not None else float(dataset.offsets[position])
    if not (math.isfinite(scale) and math.isfinite(offset) and scale != 0):
        raise SceneError(f"{path.name}: band {band.name} has scale {scale} and offset {offset}; mend its tags")
    nodata = band.nodata if band.nodata is not None or band.index == 0 else dataset.nodatavals[position]
    dtype = str(dataset.dtypes[position])
    return ChipBand(
        name=band.name,
        path=path,
        index=index,
        grid=grid,
        scale=1.0 if band.is_mask else scale,
        offset=0.0 if band.is_mask else offset,
        nodata=nodata if nodata is not None and _can_hold(dtype, nodata) else None,
        dtype=dtype,
    )


def _can_hold(dtype: str, value: float) -> bool:
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return True
    limits = np.iinfo(kind)
    return math.isfinite(value) and value == int(value) and limits.min <= value <= limits.max


def _cog(pixels: NDArray[np.generic], bands: Sequence[ChipBand], dataset: DatasetReader) -> bytes:
    grid = bands[0].grid
    nodata = {repr(band.nodata) for band in bands}
    with MemoryFile() as memory:
        with memory.open(
            **_COG,
            count=len(bands),
            height=grid.shape[0],
            width=grid.shape[1],
            dtype=bands[0].dtype,
            crs=dataset.crs,
            transform=grid.affine,
            nodata=bands[0].nodata if len(nodata) == 1 else None,
        ) as cog:
            cog.write(pixels)
            cog.descriptions = [band.name for band in bands]
            cog.scales = [band.scale for band in bands]
            cog.offsets = [band.offset for band in bands]
        return bytes(memory.read())


def _digest(band: ChipBand, pixels: NDArray[np.generic]) -> str:
    place = f"{band.dtype} {band.grid.crs} {tuple(band.grid.affine)[:6]} {pixels.shape}"
    digest = hashlib.sha256(place.encode())
    digest.update(np.ascontiguousarray(pixels).tobytes())
    return digest.hexdigest()
