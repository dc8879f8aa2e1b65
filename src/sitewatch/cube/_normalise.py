"""Pictures made comparable: every look's stretch taken back to the stack's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

from sitewatch.cube._register import median_image

__all__ = ["normalise"]

_Value = TypeVar("_Value", bound=np.floating)

_ROUNDS = 4
_TRIALS = 64
_TRIAL_SAMPLE = 1_500
_SAMPLE = 20_000


def normalise(values: NDArray[_Value], seen: NDArray[np.bool_]) -> NDArray[_Value]:
    """Take each look's brightness and contrast, band by band, to that of the stack.

    For every look and band a line `reference = gain * value + offset` is fitted to all pixels seen, where the reference
    is the median over all looks. The fit starts from the line through two pixels that leaves the least median square
    (Rousseeuw 1984) of 64 tried; it is then reweighted (Tukey's biweight on residuals over their median absolute
    deviation), so that clouds and changed ground, as long as they cover less than about half, do not bend it.
    8-bit pictures need this because whoever made them chose a stretch for each one; haze is an offset and a gain too.

    Args:
        values: (time, band, y, x), any unit, NaN where nothing was measured.
        seen: (time, y, x), True = ground seen as far as is known.

    Returns:
        New array like `values`; a look with under 50 pixels seen, or whose fitted gain leaves 0.2 to 5, is unchanged.
    """
    looks, bands, height, width = values.shape
    step = max(1, height * width // _SAMPLE)
    flat = values.reshape(looks, bands, -1)[:, :, ::step].astype(np.float32)
    known = seen.reshape(looks, -1)[:, ::step]
    result = values.copy()

    def level(look: int, band: int, reference: NDArray[np.float32]) -> None:
        inside = known[look] & np.isfinite(reference)
        fitted = _line(flat[look, band, inside], reference[inside])
        if fitted is not None:
            gain, offset = fitted
            result[look, band] = values[look, band].astype(np.float32) * np.float32(gain) + np.float32(offset)

    # The looks of a band are independent, and numpy lets other threads go on while it sorts and sums.
    with ThreadPoolExecutor(numba.get_num_threads()) as pool:
        for band in range(bands):
            stack = np.where(known, flat[:, band], np.nan)
            reference = median_image(stack[:, :, None], least=1)[:, 0]
            list(pool.map(level, range(looks), repeat(band), repeat(reference)))
    return result


def _line(x: NDArray[np.float32], y: NDArray[np.float32]) -> tuple[float, float] | None:
    """Robust slope and intercept of y on x, or None where the data do not carry one."""
    if x.size < 50:
        return None
    x64, y64 = x.astype(np.float64), y.astype(np.float64)
    gain, offset = _start(x64, y64)
    for _ in range(_ROUNDS):
        residual = y64 - gain * x64 - offset
        scale = 1.4826 * np.median(np.abs(residual)) + 1e-6
        weight = np.clip(1.0 - (residual / (4.685 * scale)) ** 2, 0.0, None) ** 2
        total = weight.sum()
        if total < 50:
            return None
        mean_x, mean_y = _dot(weight, x64) / total, _dot(weight, y64) / total
        variance = _dot(weight, (x64 - mean_x) ** 2)
        if variance <= 1e-9 * total:  # one value only carries no line
            return None
        gain = float(_dot(weight, (x64 - mean_x) * (y64 - mean_y)) / variance)
        offset = float(mean_y - gain * mean_x)
    return (gain, offset) if 0.2 < gain < 5 else None


def _dot(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Sum of products on this core: a linear algebra library would take all cores for it, from each of our threads."""
    return float(np.einsum("i,i", one, other))


def _start(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and intercept of least median of squares, over lines through a dark and a bright pixel each."""
    rng = np.random.default_rng(0)  # always the same pairs: the same input gives the same result
    sample = rng.choice(x.size, _TRIAL_SAMPLE, replace=False) if x.size > _TRIAL_SAMPLE else np.arange(x.size)
    x, y = x[sample], y[sample]
    order = np.argsort(x, kind="stable")
    half = len(order) // 2
    dark, bright = rng.choice(order[:half], _TRIALS), rng.choice(order[half:], _TRIALS)
    run = x[bright] - x[dark]
    gains = np.divide(y[bright] - y[dark], run, out=np.ones(_TRIALS), where=run > 0)
    offsets = y[dark] - gains * x[dark]
    spread = np.median(np.abs(y[None, :] - gains[:, None] * x[None, :] - offsets[:, None]), axis=1)
    best = int(np.argmin(spread))
    return float(gains[best]), float(offsets[best])
