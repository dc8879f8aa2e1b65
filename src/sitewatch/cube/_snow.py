"""Snow that no mask tells of: bright where the eye sees, dark at 1.6 micrometres."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.ndimage import uniform_filter

from sitewatch.cube._register import median_image

__all__ = ["snow_bands", "snow_covered", "thin_snow"]

_INDEX = 0.4
"""Smallest normalised difference snow index of ground that is half under snow and more (Hall et al. 1995)."""
_GREEN, _NIR = 0.1, 0.11
"""Smallest reflectance: dark ground and shadow have any index, and water, whose index is snow's, is black in the near
infrared (Hall et al. 2001, the MODIS snow product)."""
_SWIR = 0.25
"""Largest reflectance at 1.6 micrometres. Snow reflects less than about .2, ice clouds and clouds that saturate a
sensor's visible bands more, and have snow's index too (Riggs, Hall 2015 flag what exceeds .25)."""

_SNOWY = 0.02
"""Share of a look's ground, cloud left out, that is called snow where more of it is looked for."""
_FREE = 0.002
"""And up to which a look shows how the ground is without snow."""
_LEAST_FREE = 5
"""Looks that must have seen a pixel without snow."""
_BRIGHTER, _MORE = 0.02, 0.12
"""What snow on a tenth of the ground adds at least to green, under a low sun, and to the index, on bright sand."""
_ROWS = 32
"""Rows of a site whose series are looked at at once: the whole of a large one takes much memory."""
_AROUND = 9
"""Edge of the window, pixels, most of whose ground must be under snow: a new roof stands by itself."""


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


def thin_snow(
    green: NDArray[np.floating], swir: NDArray[np.floating], seen: NDArray[np.bool_], snow: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Where looks show ground that is partly under snow, and the mask that tells of snow beside it calls it clear.

    The share of the ground that is under snow grows about evenly with the index (Salomonson, Appel 2004), and masks
    draw their line where that is a half. What lies below it, along every edge and over whole fields when snow melts,
    is neither the ground nor evenly white: a spell of it looks like something that was put up or taken down. So in
    looks of which a fiftieth is called snow, a pixel is thinly covered when it is brighter in green, and its index is
    higher, than the median of the looks without snow has them there, by what snow on a tenth of it adds; and when
    most of the ground in 9 x 9 pixels around is snow, too, thin or not, and hangs together with what is called snow.

    Args:
        green: (time, y, x) reflectance, 0-1.
        swir: the same at 1.6 micrometres.
        seen: (time, y, x), True = ground seen, as far as is known.
        snow: (time, y, x), True = under snow, as far as is known.

    Returns:
        (time, y, x), True = partly under snow; only where `seen`. Of pixels that fewer than five looks without snow
        have seen nothing is told.
    """
    thin = np.zeros(seen.shape, dtype=bool)
    share = snow.sum(axis=(1, 2)) / np.maximum((snow | seen).sum(axis=(1, 2)), 1)
    snowy, free = np.flatnonzero(share >= _SNOWY), np.flatnonzero((share <= _FREE) & seen.any(axis=(1, 2)))
    if not len(snowy) or len(free) < _LEAST_FREE:
        return thin
    usual_green, usual_index = (np.empty(seen.shape[1:], dtype=np.float32) for _ in range(2))
    for first in range(0, seen.shape[1], _ROWS):
        rows = slice(first, first + _ROWS)
        some = green[free, rows].astype(np.float32)
        some[~seen[free, rows]] = np.nan
        usual_green[rows] = median_image(some, least=_LEAST_FREE)
        usual_index[rows] = median_image(_index(some, swir[free, rows]), least=_LEAST_FREE)
    for look in snowy.tolist():
        brighter = green[look] - usual_green > _BRIGHTER
        more = brighter & (_index(green[look], swir[look]) - usual_index > _MORE) & seen[look]
        under, ground = snow[look] | more, snow[look] | seen[look]
        mostly = uniform_filter(under - np.float32(0.5) * ground, _AROUND) > 0
        number, _ = ndimage.label(under, structure=np.ones((3, 3)))
        thin[look] = more & mostly & np.isin(number, np.unique(number[snow[look]]))
    return thin


def _index(green: NDArray[np.floating], swir: NDArray[np.floating]) -> NDArray[np.float32]:
    """Normalised difference snow index, 0 where both are next to nothing, NaN where one is."""
    one, other = green.astype(np.float32), swir.astype(np.float32)
    return np.asarray((one - other) / np.maximum(one + other, np.float32(1e-3)), dtype=np.float32)
