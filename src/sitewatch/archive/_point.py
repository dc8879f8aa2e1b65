"""What a gridded file (NetCDF, GRIB) holds at one point: weather forecasts come so."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader
from rasterio.warp import transform
from rasterio.windows import Window

from sitewatch.errors import InputError

__all__ = ["PointValue", "read_at_point"]

MAX_BYTES = 64 * 1024 * 1024
_MAX_CELLS = 40_000_000
"""Of one layer: a global grid of 3 km has 35 million."""
_MAX_LAYERS = 2000
_MAGIC: Final[Mapping[bytes, str]] = {b"GRIB": "GRIB", b"CDF": "netCDF", b"\x89HDF\r\n\x1a\n": "netCDF"}
_GDAL: Final[Mapping[str, str]] = {
    "GRIB_USE_IDX": "NO",  # an index that lies beside the file may tell of another
    "GDAL_PAM_ENABLED": "NO",  # nothing is written beside what is read
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
}


@dataclass(frozen=True, kw_only=True)
class PointValue:
    """One layer at the point."""

    value: float | None
    """Scale and offset applied; None where the layer has no data there."""
    variable: str
    """NetCDF's variable or GRIB's element: "tcc", "TCDC"."""
    unit: str
    """As the file writes it; "" where it does not."""
    tags: Mapping[str, str]
    """GDAL's tags of the file and the layer (time, level); the layer's where both have one."""


def read_at_point(path: Path, *, longitude: float, latitude: float) -> tuple[PointValue, ...]:
    """All layers of a NetCDF or GRIB file at the cell that holds a point, in the file's order.

    Args:
        path: of at most 64 MiB; only these two formats are tried, whatever the file is called.
        longitude: degrees east.
        latitude: degrees north.

    Raises:
        InputError: the file cannot be read, is neither, is too large, or does not cover the point.
    """
    driver = _driver(path)
    try:
        with warnings.catch_warnings(), rasterio.Env(**_GDAL):
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            found: list[PointValue] = []
            for dataset in _datasets(path, driver):
                found += _layers(dataset, path, longitude, latitude)
                if len(found) > _MAX_LAYERS:
                    raise InputError(f"{path}: has more than {_MAX_LAYERS} layers; cut it to the cloud cover")
    except (RasterioError, ValueError, OverflowError) as error:
        raise InputError(f"{path}: cannot be read as {driver} ({error}); fetch it again") from error
    if not found:
        raise InputError(
            f"{path}: has no layers on a grid that covers {latitude:.3f}, {longitude:.3f}; fetch that area"
        )
    return tuple(found)


def _driver(path: Path) -> str:
    try:
        with path.open("rb") as file:
            head = file.read(8)
        size = path.stat().st_size
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check its name and rights") from error
    driver = next((name for magic, name in _MAGIC.items() if head.startswith(magic)), None)
    if driver is None:
        raise InputError(f"{path}: is neither NetCDF nor GRIB, it begins with {head!r}; give a forecast in one of them")
    if size > MAX_BYTES:
        raise InputError(f"{path}: has more than {MAX_BYTES >> 20} MiB; cut it to the cloud cover around the site")
    return driver


def _datasets(path: Path, driver: str) -> Iterator[DatasetReader]:
    """The file, or each of its variables where GDAL takes these for files of their own."""
    with rasterio.open(path.absolute(), driver=driver, sharing=False) as dataset:
        names = [name for name in dataset.subdatasets if name.casefold().startswith("netcdf:")][:_MAX_LAYERS]
        if not names:
            yield dataset
    for name in names:
        with rasterio.open(name, driver=driver, sharing=False) as variable:
            yield variable


def _layers(dataset: DatasetReader, path: Path, longitude: float, latitude: float) -> Iterator[PointValue]:
    if dataset.width * dataset.height > _MAX_CELLS or dataset.count > _MAX_LAYERS:
        raise InputError(
            f"{path}: has {dataset.count} layers of {dataset.width} x {dataset.height} cells, more than is read; "
            "cut it to the cloud cover around the site"
        )
    cell = _cell(dataset, longitude, latitude)
    if cell is None:
        return
    read = dataset.read(window=Window(*cell, 1, 1), masked=True)[:, 0, 0]
    values = read.astype(np.float64).filled(np.nan)
    common = dataset.tags()
    for i, value in enumerate(values.tolist()):
        tags = {**common, **dataset.tags(i + 1)}
        given = value * dataset.scales[i] + dataset.offsets[i]
        yield PointValue(
            value=given if math.isfinite(given) else None,
            variable=tags.get("GRIB_ELEMENT") or tags.get("NETCDF_VARNAME") or "",
            unit=(dataset.units[i] or tags.get("GRIB_UNIT") or tags.get("units") or "").strip(" []"),
            tags=tags,
        )


def _cell(dataset: DatasetReader, longitude: float, latitude: float) -> tuple[int, int] | None:
    """(column, row) of the cell that holds the point; None: the grid does not cover it."""
    x, y = longitude, latitude
    turns: tuple[float, ...] = (0.0, 360.0, -360.0)
    if dataset.crs is not None and not dataset.crs.is_geographic:
        there = transform("EPSG:4326", dataset.crs, [longitude], [latitude])
        x, y = float(there[0][0]), float(there[1][0])
        turns = (0.0,)
    for turn in turns:
        column, row = ~dataset.transform * (x + turn, y)
        if 0 <= column < dataset.width and 0 <= row < dataset.height:
            return int(column), int(row)
    return None
