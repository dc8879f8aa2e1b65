"""Snow that no mask tells of: bright where the eye sees, dark at 1.6 micrometres."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

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
_STAYS = 4
"""Looks in a row that are so. What lasts one or two is told by the temporal screen, and what lasts three is hardly ever
believed to be a thing; there more is lost with the looks than is won."""
_KNOWN = 0.05
"""Share of the ground that a look must tell of to come between."""
_FREE = 0.002
"""And up to which a look shows how the ground is without snow."""
_BESIDE = 7
"""Looks without snow before, and after, that a look is compared with."""
_LEAST_FREE = 3
"""Of which so many must have seen a pixel."""
_BRIGHTER, _MORE = 0.02, 0.12
"""What snow on a tenth of the ground adds at least to green, under a low sun, and to the index, on bright sand."""
_AROUND = 9
"""Edge of the window, pixels, most of whose ground must be under snow."""
_ROUNDING = 1e-4
"""What running sums leave of nothing; one pixel of the window is a hundred times as much."""


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
    draw a line somewhere. What lies below it, along every edge and over whole fields when snow melts, is neither the
    ground nor evenly white: a spell of it looks like something that was put up or taken down. So in looks of which a
    fiftieth is called snow, four and more in a row, a pixel is thinly covered when it is brighter in green, and of a
    higher index, than looks without snow before and after have it, by what snow on a tenth of it adds; and when most of
    the ground in 9 x 9 pixels around is snow, too, thin or not, and hangs together with what is called snow.

    What was built between is bright on the looks after. At the end of a record there are none: what is built under its
    last snow, and is as bright as that, is not told from it until the snow is gone. Ground that only winter shows as
    bright as this is taken for snow where no snow-free look of a winter lies among those compared.

    Args:
        green: (time, y, x) reflectance, 0-1.
        swir: the same at 1.6 micrometres.
        seen: (time, y, x), True = ground seen, as far as is known.
        snow: (time, y, x), True = under snow, as far as is known.

    Returns:
        (time, y, x), True = partly under snow; only where `seen`. Nothing is told of pixels that fewer than three of
        the looks compared have seen, nor in looks that nothing is called snow in.
    """
    thin = np.zeros(seen.shape, dtype=bool)
    share = snow.sum(axis=(1, 2)) / np.maximum((snow | seen).sum(axis=(1, 2)), 1)
    free = np.flatnonzero((share <= _FREE) & seen.any(axis=(1, 2)))

    @lru_cache(maxsize=2)  # looks under one snow are compared with the same
    def usual(first: int, last: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(y, x) green and index, medians of some of the looks without snow, NaN where too few saw the ground."""
        some = free[first:last]
        images = np.where(seen[some], green[some].astype(np.float32), np.float32(np.nan))
        return median_image(images, least=_LEAST_FREE), median_image(_index(images, swir[some]), least=_LEAST_FREE)

    for look in _staying(share >= _SNOWY, known=(snow | seen).mean(axis=(1, 2)) >= _KNOWN).tolist():
        at = int(np.searchsorted(free, look))
        sides = [
            usual(first, last)
            for first, last in ((max(0, at - _BESIDE), at), (at, min(len(free), at + _BESIDE)))
            if last - first >= _LEAST_FREE
        ]
        if not sides:
            continue
        # The brighter of the two, and of the higher index; one where only that one is known.
        usual_green, usual_index = (np.fmax.reduce(images) for images in zip(*sides, strict=True))
        brighter = green[look] - usual_green > _BRIGHTER
        more = brighter & (_index(green[look], swir[look]) - usual_index > _MORE) & seen[look]
        under, ground = snow[look] | more, snow[look] | seen[look]
        mostly = ndimage.uniform_filter(under - np.float32(0.5) * ground, _AROUND) > _ROUNDING
        number, _ = ndimage.label(under, structure=np.ones((3, 3)))
        thin[look] = more & mostly & np.isin(number, number[snow[look]])
    return thin


def _staying(snowy: NDArray[np.bool_], *, known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Looks that are `snowy` for `_STAYS` and more in a row, those left out that are not `known`; in their order."""
    told = np.flatnonzero(known | snowy)
    run, _ = ndimage.label(snowy[told])
    return np.asarray(told[snowy[told] & (np.bincount(run)[run] >= _STAYS)], dtype=np.int64)


def _index(green: NDArray[np.floating], swir: NDArray[np.floating]) -> NDArray[np.float32]:
    """Normalised difference snow index, -1 to 1, NaN where something was not measured."""
    one, other = (np.maximum(band.astype(np.float32), np.float32(0)) for band in (green, swir))
    return np.asarray((one - other) / np.maximum(one + other, np.float32(1e-3)), dtype=np.float32)
