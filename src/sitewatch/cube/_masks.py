"""What a sensor's own mask says about every pixel: was the ground seen, and if not, why not."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cause", "causes_of"]


class Cause(IntEnum):
    """Why the ground was not seen at a pixel; `SEEN` is 0, so that `causes == 0` is the valid mask."""

    SEEN = 0
    OUTSIDE = 1
    """Outside the image, or no measurement there."""
    CLOUD = 2
    """Cloud, haze, cirrus or their shadow, as the sensor's mask says."""
    SNOW = 3
    """Snow, as the sensor's mask says, or as its colour says (see `snow_covered`, `thin_snow`)."""
    SCREENED = 4
    """Passed by the sensor's mask or without one, but unlike the looks around it as only cloud or shadow is (see
    `screen` and `hidden`)."""

    @property
    def label(self) -> str:
        """The cause in words, for a look's reason."""
        return {
            Cause.SEEN: "clear",
            Cause.OUTSIDE: "outside the image",
            Cause.CLOUD: "cloud or shadow",
            Cause.SNOW: "snow",
            Cause.SCREENED: "unmasked cloud, shadow or haze",
        }[self]


def causes_of(name: str, values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Translate one mask band to causes.

    Args:
        name: scl, qa_pixel, fmask, udm2, cloud, rtc_mask or valid.
        values: (y, x) as stored; not-a-number is no data.

    Returns:
        (y, x) uint8 of `Cause`.
    """
    array = np.asarray(values)
    missing = np.zeros(array.shape, dtype=bool)
    if array.dtype.kind == "f":
        missing = ~np.isfinite(array)
        # A float between 0 and 1 can only be a probability; as an integer all of it would become 0, which is clear.
        percent = name == "cloud" and ((array > 0) & (array < 1)).any()
        array = np.nan_to_num(array * 100 if percent else array)
    causes = _READERS[name](array.astype(np.int64))
    causes[missing] = Cause.OUTSIDE
    return causes


def _classes(values: NDArray[np.int64], table: dict[int, Cause], other: Cause) -> NDArray[np.uint8]:
    causes = np.full(values.shape, other, dtype=np.uint8)
    for value, cause in table.items():
        causes[values == value] = cause
    return causes


def _scl(values: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Sentinel-2 scene classification (Sen2Cor): 3 shadow, 8-9 cloud, 10 cirrus, 11 snow, 0 no data.

    Saturated (1) pixels are bright roofs more often than not, dark ones (2) mostly ground: both count as seen, and the
    temporal screen takes what is wrong among them.
    """
    seen = dict.fromkeys((1, 2, 4, 5, 6, 7), Cause.SEEN)
    hidden = dict.fromkeys((3, 8, 9, 10), Cause.CLOUD)
    return _classes(values, seen | hidden | {11: Cause.SNOW}, Cause.OUTSIDE)


def _qa_pixel(values: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Landsat Collection 2 QA_PIXEL bits: 0 fill, 1 dilated cloud, 2 cirrus, 3 cloud, 4 shadow, 5 snow."""
    causes = np.zeros(values.shape, dtype=np.uint8)
    causes[(values & 0b100000) != 0] = Cause.SNOW
    causes[(values & 0b011110) != 0] = Cause.CLOUD
    causes[(values & 0b1) != 0] = Cause.OUTSIDE
    return causes


def _fmask(values: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Fmask classes (0 land, 1 water, 2 shadow, 3 snow, 4 cloud, 255 fill), or HLS's bits where other values occur.

    HLS v2 bits: 0 cirrus, 1 cloud, 2 adjacent to cloud, 3 shadow, 4 snow, 5 water, 6-7 aerosol level.
    """
    if np.isin(values, (0, 1, 2, 3, 4, 255)).all():
        table = {0: Cause.SEEN, 1: Cause.SEEN, 2: Cause.CLOUD, 3: Cause.SNOW, 4: Cause.CLOUD}
        return _classes(values, table, Cause.OUTSIDE)
    causes = np.zeros(values.shape, dtype=np.uint8)
    causes[(values & 0b10000) != 0] = Cause.SNOW
    causes[(values & 0b01111) != 0] = Cause.CLOUD
    causes[values == 255] = Cause.OUTSIDE
    return causes


def _udm2(values: NDArray[np.int64]) -> NDArray[np.uint8]:
    """First band of Planet's usable data mask 2: 1 clear, 0 not."""
    return np.where(values == 1, Cause.SEEN, Cause.CLOUD).astype(np.uint8)


def _cloud(values: NDArray[np.int64]) -> NDArray[np.uint8]:
    """A cloud flag (0 clear, 1 cloud) as integers, or a probability in percent (cloud from 40, sen2cor's medium class).

    A whole image of percents of which none exceeds 1 is as clear as can be, and so rare that 1 is taken for a flag.
    """
    limit = 40 if values.size and values.max() > 1 else 1
    return np.where(values >= limit, Cause.CLOUD, Cause.SEEN).astype(np.uint8)


def _rtc_mask(values: NDArray[np.int64]) -> NDArray[np.uint8]:
    """OPERA's mask of a radar image: 0 good, 1 radar shadow, 2 layover, 3 both, 255 fill."""
    return np.where(values == 0, Cause.SEEN, Cause.OUTSIDE).astype(np.uint8)


def _valid(values: NDArray[np.int64]) -> NDArray[np.uint8]:
    """A valid or alpha band: not 0 means measured."""
    return np.where(values != 0, Cause.SEEN, Cause.OUTSIDE).astype(np.uint8)


_READERS: dict[str, Callable[[NDArray[np.int64]], NDArray[np.uint8]]] = {
    "scl": _scl,
    "qa_pixel": _qa_pixel,
    "fmask": _fmask,
    "udm2": _udm2,
    "cloud": _cloud,
    "rtc_mask": _rtc_mask,
    "valid": _valid,
}
