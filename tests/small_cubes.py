"""Cubes of used looks made by hand, as `read_cube` gives them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from affine import Affine
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords

__all__ = ["cube_of"]

BANDS = ("blue", "green", "red", "nir", "swir16", "swir22")


def cube_of(
    values: np.ndarray, dates: np.ndarray, *, bands: Sequence[str] = BANDS, units: str = "reflectance", latitude: float
) -> xr.Dataset:
    """(time, band, y, x) values on some dates, all of it seen, in pixels of 10 m."""
    looks, _, height, width = values.shape
    start = dates.astype("datetime64[ns]")
    return xr.Dataset(
        {
            "reflectance": (("time", "band", "y", "x"), values.astype(np.float32)),
            "valid": (("time", "y", "x"), np.ones((looks, height, width), dtype=bool)),
        },
        coords={
            "time": start,
            "time_end": ("time", start),
            "scene": ("time", [f"look {i}" for i in range(looks)]),
            "band": list(bands),
            **xr_coords(GeoBox((height, width), Affine(10, 0, 500_000, 0, -10, 5_000_000), "EPSG:32633")),
        },
        attrs={"units": units, "latitude": latitude},
    )
