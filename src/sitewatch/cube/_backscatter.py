"""Radar power to decibels.

Of what makes optical looks comparable, nothing but the grid is needed here. Radar sees through cloud, so no cloud is
masked or screened out; what differs from its neighbours in time by several decibels is what is searched for. Terrain-
corrected products are placed by orbits that are known to centimetres and lie within a small part of a pixel of each
other (Small 2011, doi:10.1109/TGRS.2011.2120616, on gamma0 that is flattened for terrain), while speckle, which is new
in every look, would make measured shifts worse than none. Calibration is absolute, so values are not brought onto each
other; rain, which brightens a whole place, is taken out by the search as what all pixels of a look share.

Decibels turn speckle, which multiplies, into noise that adds and is equally strong everywhere: what the search assumes.
No speckle filter is applied: the search itself averages over dates and neighbours, and the multi-temporal filter of
Quegan and Yu (2001, IEEE Transactions on Geoscience and Remote Sensing 39, 2373) took a third to a half of the contrast
of what stood for a part of the record and smeared it over its window (measured: docs/science/radar.md).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["decibels", "why_no_power"]

_MOST_POWER = 10.0
"""Usual gamma0 of a place is .001 to 1 (-30 to 0 dB); above this the values are uncalibrated numbers."""


def decibels(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """10 log10 of linear power, in place; NaN where it is zero, negative or not finite.

    Args:
        power: backscattered power (gamma0), any shape; changed in place.
    """
    power[~(np.isfinite(power) & (power > 0))] = np.nan
    np.log10(power, out=power)
    power *= np.float32(10.0)
    return power


def why_no_power(values: NDArray[np.floating]) -> str:
    """Why values cannot be linear power, as a sentence; empty where they can.

    Args:
        values: (band, y, x) of one look; NaN where nothing was measured.
    """
    known = values[~np.isnan(values)]
    usual = float(np.median(known.astype(np.float32))) if known.size else 0.0
    if usual < 0:
        return f"its usual value is {usual:.4g}, which is no power but decibels; give linear gamma0 (10 ** (dB / 10))"
    if usual > _MOST_POWER:
        return f"its usual value is {usual:.4g}, which is no calibrated power; give terrain-corrected gamma0 (RTC)"
    return ""
