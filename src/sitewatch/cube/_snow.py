"""Snow in looks that come without a mask: bright where the eye sees, dark at 1.6 micrometres."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["snow_bands", "snow_covered"]

_INDEX = 0.4
"""Smallest normalised difference snow index of ground that is half under snow and more (Hall et al. 1995)."""
_GREEN, _NIR = 0.1, 0.11
"""Smallest reflectance: dark ground and shadow have any index, and water, whose index is snow's, is black in the near
infrared (Hall et al. 2001, the MODIS snow product)."""
_SWIR = 0.25
"""Largest reflectance at 1.6 micrometres. Snow reflects less than about .2, ice clouds and clouds that saturate a
sensor's visible bands more, and have snow's index too (Riggs, Hall 2015 flag what exceeds .25)."""


def snow_bands(bands: Sequence[str]) -> tuple[int, int, int] | None:
    """Positions of green, near infrared and 1.6 micrometres; None where one is missing.

    Without them nothing is told of snow. To visible bands it is cloud, white roofs or fresh gravel: a brightness that
    lasts some looks and lets edges show through is also what a site looks like after it was cleared and surfaced, and
    hiding that would hide what is watched for.
    """
    nir = next((name for name in ("nir", "nir08") if name in bands), None)
    if nir is None or not {"green", "swir16"} <= set(bands):
        return None
    return bands.index("green"), bands.index(nir), bands.index("swir16")


def snow_covered(green: NDArray[np.float32], nir: NDArray[np.float32], swir: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where a look shows ground that is mostly under snow.

    Snow reflects like cloud where the eye sees and absorbs at 1.6 micrometres, where cloud of water reflects: the
    normalised difference of both is its index (Dozier 1989; Hall et al. 1995). Snow under trees, in deep shadow, or
    thin over bright soil falls below it.

    Args:
        green: (y, x) reflectance, 0-1, NaN where nothing was measured.
        nir: the same of the near infrared (.84 or .86 micrometres).
        swir: the same at 1.6 micrometres.

    Returns:
        (y, x), True = snow; False where something was not measured.
    """
    # (green - swir) / (green + swir) >= index, without a division by what may be 0; comparisons with NaN are False.
    index = green - swir >= np.float32(_INDEX) * (green + swir)
    return np.asarray(index & (green > _GREEN) & (nir > _NIR) & (swir < _SWIR), dtype=bool)
