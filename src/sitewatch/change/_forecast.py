"""What a pixel would look like if nothing more happened: its seasons, its noise, and the state it is in."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from sitewatch.change._scan import NOISE_FLOOR, Spells

__all__ = ["Forecast", "fit_forecast", "surprise"]

_BLOCK = 6
"""Looks over which noise is averaged to tell what is slow from what is white, as in the scan."""

_LEAST = 3
"""A change is seen on so many looks before it counts, as in the scan."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """The background of n pixels with their spells taken out."""

    background: NDArray[np.float32]
    """(n, k, band) coefficients on the columns of `design`."""
    noise: NDArray[np.float32]
    """(n, band) standard deviation of white noise; 0 for pixels seen too seldom to forecast anything of them."""
    slow: NDArray[np.float32]
    """(n, band) variance of what wanders slowly."""

    @property
    def known(self) -> NDArray[np.bool_]:
        """(n,) True where there is a forecast."""
        return np.asarray(self.noise[:, 0] > 0)


def fit_forecast(
    values: NDArray[np.float32], valid: NDArray[np.bool_], basis: NDArray[np.float32], spells: Spells
) -> Forecast:
    """Fit the background by least squares to what the spells leave.

    Args:
        values: (n, time, band), common mode taken out; only valid entries are read.
        valid: (n, time), True = ground seen.
        basis: (time, k) from `design`.
        spells: of the same n pixels.
    """
    background, noise, slow = _fit(values, valid, basis, spells.start, spells.end, spells.delta)
    return Forecast(background=background, noise=noise, slow=slow)


def surprise(
    values: NDArray[np.float32],
    valid: NDArray[np.bool_],
    basis: NDArray[np.float32],
    forecast: Forecast,
    spells: Spells,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How far the last looks are from what was to be expected.

    With the mean d of what the last m seen looks differ by, the score is that of `scan`, and the largest over all m of
    three or more counts: z = (sum_bands d_band^2 / (noise_band^2 / m + slow_band) - bands) / sqrt(2 bands).

    Args:
        values: (n, m, band) series on the last m looks.
        valid: (n, m), True = ground seen.
        basis: (m, k) the last rows of the background's basis.
        forecast: of the n pixels.
        spells: of the n pixels, their look indices counted from the first of the m looks; a spell that goes on ends
            after the last.

    Returns:
        (n,) scores, at least 0, and (n, m, band) differences; 0 where not valid, and of pixels without a forecast.
    """
    return _surprise(  # type: ignore[no-any-return]
        values,
        valid,
        basis,
        forecast.background,
        forecast.noise,
        forecast.slow,
        spells.start,
        spells.end,
        spells.delta,
    )


@numba.njit(parallel=True, cache=True)
def _fit(values, valid, basis, start, end, delta):  # type: ignore[no-untyped-def]
    pixels, _, bands = values.shape
    k = basis.shape[1]
    background = np.zeros((pixels, k, bands), dtype=np.float32)
    noise = np.zeros((pixels, bands), dtype=np.float32)
    slow = np.full((pixels, bands), np.float32(NOISE_FLOOR * NOISE_FLOOR))
    for p in numba.prange(pixels):
        index = np.flatnonzero(valid[p])
        n = index.size
        if n < k + _BLOCK:
            continue
        own = np.empty((bands, n), dtype=np.float64)
        gram = np.zeros((k, k))
        right = np.zeros((k, bands))
        for i in range(n):
            t = index[i]
            for b in range(bands):
                own[b, i] = values[p, t, b]
            for e in range(start.shape[1]):
                if 0 <= start[p, e] <= t < end[p, e]:
                    for b in range(bands):
                        own[b, i] -= delta[p, e, b]
            for j in range(k):
                for m in range(k):
                    gram[j, m] += basis[t, j] * basis[t, m]
                for b in range(bands):
                    right[j, b] += basis[t, j] * own[b, i]
        for j in range(k):
            gram[j, j] += 1e-4  # looks that do not cover a season leave a wave undecided
        fitted = np.linalg.solve(gram, right)
        difference = np.empty(n - 1)
        for b in range(bands):
            for i in range(n):
                for j in range(k):
                    own[b, i] -= basis[index[i], j] * fitted[j, b]
            for i in range(n - 1):
                difference[i] = abs(own[b, i + 1] - own[b, i])
            noise[p, b] = max(NOISE_FLOOR, 1.0484 * np.median(difference))
            total, level = 0.0, 0.0
            for i in range(n):
                level += own[b, i]
                if i >= _BLOCK:
                    level -= own[b, i - _BLOCK]
                if i >= _BLOCK - 1:
                    total += (level / _BLOCK) ** 2
            wander = total / (n - _BLOCK + 1) - noise[p, b] ** 2 / _BLOCK
            slow[p, b] = max(NOISE_FLOOR * NOISE_FLOOR, wander)
            for j in range(k):
                background[p, j, b] = fitted[j, b]
    return background, noise, slow


@numba.njit(parallel=True, cache=True)
def _surprise(values, valid, basis, background, noise, slow, start, end, delta):  # type: ignore[no-untyped-def]
    pixels, looks, bands = values.shape
    k = basis.shape[1]
    scores = np.zeros(pixels, dtype=np.float32)
    differences = np.zeros((pixels, looks, bands), dtype=np.float32)
    for p in numba.prange(pixels):
        if noise[p, 0] == 0:
            continue
        total = np.zeros(bands)
        seen = 0
        for t in range(looks - 1, -1, -1):
            if not valid[p, t]:
                continue
            seen += 1
            for b in range(bands):
                expected = 0.0
                for j in range(k):
                    expected += basis[t, j] * background[p, j, b]
                for e in range(start.shape[1]):
                    if start[p, e] <= t < end[p, e]:
                        expected += delta[p, e, b]
                differences[p, t, b] = values[p, t, b] - expected
                total[b] += differences[p, t, b]
            if seen < _LEAST:
                continue
            z = 0.0
            for b in range(bands):
                z += (total[b] / seen) ** 2 / (noise[p, b] ** 2 / seen + slow[p, b])
            scores[p] = max(scores[p], (z - bands) / np.sqrt(2.0 * bands))
    return scores, differences
