"""Open methods that find changes in image series, each behind one small interface, and the grouping that they share.

A peer gives, for every pixel, some dated breaks: the first look in the new state, a score, and how much brighter the
ground became. One grouping, the same for all, makes objects of them: neighbouring pixels with near dates and the same
sign of change. Two consecutive breaks of the same pixels with opposite change are a temporary spell. No peer knows what
was erected and what was taken down: a single step to brighter is taken for an erection, one to darker for a removal.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, product
from multiprocessing import get_context
from typing import Any

import numba
import numpy as np
import xarray as xr
from matching import Bracket, Claim, Ends
from numpy.typing import NDArray
from scipy import linalg, stats

INSTALL = "python -m pip install --require-hashes --requirement benchmarks/change/requirements.txt"
NEAR_DAYS = 60.0
"""Breaks of neighbouring pixels this near are one event."""
MIN_PIXELS = 3
MAX_BREAKS = 8
"""Breaks of one pixel that are kept."""
SAME_GROUND = 0.5
"""Two objects are one spell when the pixels that have both are at least this share of the smaller."""
BANDS = ("blue", "green", "red", "nir", "swir16", "swir22")
EPOCH = dt.date(1970, 1, 1).toordinal()


@dataclass(frozen=True, kw_only=True)
class Record:
    """One scene as the peers read it."""

    values: NDArray[np.float32]
    """(pixel, time, band) reflectance in the order of `BANDS`, 0 where nothing was measured."""
    valid: NDArray[np.bool_]
    """(pixel, time), True = ground seen."""
    days: NDArray[np.int64]
    """(time,) day numbers (`date.toordinal`), ascending."""
    shape: tuple[int, int]
    """(y, x) of the grid."""

    @classmethod
    def of(cls, cube: xr.Dataset) -> Record:
        """The same looks and the same mask, temporal screen included, that the engine gets."""
        values = cube["reflectance"].sel(band=list(BANDS)).values.astype(np.float32)
        looks, bands, height, width = values.shape
        return cls(
            values=np.nan_to_num(np.ascontiguousarray(values.reshape(looks, bands, -1).transpose(2, 0, 1))),
            valid=np.ascontiguousarray(cube["valid"].values.reshape(looks, -1).T),
            days=cube["time"].values.astype("datetime64[D]").astype(np.int64) + EPOCH,
            shape=(height, width),
        )

    def part(self, pixels: NDArray[np.int64]) -> Record:
        """Some pixels, as one row."""
        return Record(values=self.values[pixels], valid=self.valid[pixels], days=self.days, shape=(1, len(pixels)))


@dataclass(frozen=True, kw_only=True)
class Breaks:
    """What a peer says; every array is (pixel, k), in time order, -1 looks at the end where there are fewer."""

    look: NDArray[np.int32]
    """The first look in the new state."""
    score: NDArray[np.float32]
    """The larger the surer; tuned on one scene, then cut at that threshold."""
    delta: NDArray[np.float32]
    """Visible reflectance afterwards less before."""
    slack_days: float = 0.0
    """How far a true date may lie from the two looks around the break, by the method's own construction."""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """One method."""

    name: str
    note: str
    """One line: what runs, and what it cannot do."""
    find: Callable[..., Breaks]
    """find(record, threads=..., **setting)."""
    settings: tuple[Mapping[str, Any], ...] = ({},)
    """Tried on the tuning scene; the first is the method's own default."""
    needs: str | None = None
    """A package that may be missing."""
    dated: bool = True
    """False: gives no date, and is tuned on the place alone."""
    sample: int | None = None
    """Timed on so many pixels only: pixels are independent of each other, and many."""

    @property
    def available(self) -> bool:
        """Whether what it needs is installed."""
        return self.needs is None or importlib.util.find_spec(self.needs) is not None


# ---- the shared grouping ---------------------------------------------------------------------------------------------


def group(breaks: Breaks, record: Record, *, threshold: float) -> list[Claim]:
    """Breaks of at least `threshold` to dated objects."""
    look = np.where(breaks.score >= threshold, breaks.look, -1)
    order = np.argsort(-breaks.score, axis=None, kind="stable")
    labels = _grow(order[look.ravel()[order] >= 0], look, breaks.delta, record.days, record.shape)
    width = labels.shape[1]
    flat = np.argsort(labels, axis=None, kind="stable")
    bounds = np.searchsorted(labels.ravel()[flat], np.arange(1, labels.max(initial=0) + 2))
    members = {n: flat[a:b] for n, (a, b) in enumerate(pairwise(bounds), start=1) if b - a >= MIN_PIXELS}
    pixels = {n: np.unique(m // width) for n, m in members.items()}
    first = {n: int(np.median(look.ravel()[m])) for n, m in members.items()}
    score = {n: float(np.median(breaks.score.ravel()[m])) for n, m in members.items()}
    claims, used = [], set()
    for one, other in _spells(labels, pixels, breaks.delta):
        if used & {one, other} or first[one] >= first[other]:
            continue
        ground = np.intersect1d(pixels[one], pixels[other])
        ends = tuple(_bracket(record, ground, first[n], breaks.slack_days) for n in (one, other))
        claims.append(Claim(pixels=ground, ends=(ends[0], ends[1]), probability=max(score[one], score[other])))
        used |= {one, other}
    for n, ground in pixels.items():
        if n not in used:
            bracket = _bracket(record, ground, first[n], breaks.slack_days)
            brighter = np.median(breaks.delta.ravel()[members[n]]) >= 0
            ends_of_step: Ends = (bracket, None) if brighter else (None, bracket)
            claims.append(Claim(pixels=ground, ends=ends_of_step, probability=score[n]))
    return claims


def _spells(
    labels: NDArray[np.int64], pixels: Mapping[int, NDArray[np.int64]], delta: NDArray[np.float32]
) -> Iterator[tuple[int, int]]:
    """Pairs of objects that follow each other on the same pixels with opposite change, the most shared first."""
    shared: Counter[tuple[int, int]] = Counter()
    real = np.isin(labels, list(pixels))
    for p in np.flatnonzero(real.sum(axis=1) >= 2):
        places = np.flatnonzero(real[p])
        for a, b in pairwise(places):
            if delta[p, a] * delta[p, b] < 0:
                shared[int(labels[p, a]), int(labels[p, b])] += 1
    for (one, other), count in shared.most_common():
        if count >= max(MIN_PIXELS, SAME_GROUND * min(len(pixels[one]), len(pixels[other]))):
            yield one, other


def _bracket(record: Record, pixels: NDArray[np.int64], look: int, slack: float) -> Bracket:
    """The looks around a break that saw at least half of the ground, widened by what the method cannot know."""
    seen = record.valid[pixels].mean(axis=0) >= 0.5
    before, after = np.flatnonzero(seen[:look]), np.flatnonzero(seen[look:])
    low = record.days[before[-1]] if len(before) else record.days[0]
    high = record.days[look + after[0]] if len(after) else record.days[-1]
    return float(low - slack), float(high + slack)


@numba.njit(cache=True)
def _grow(seeds, look, delta, days, shape):  # noqa: ANN001, ANN202
    """(pixel, k) labels from 1: breadth-first from every seed, over neighbours whose date is near the seed's."""
    height, width = shape
    pixels, count = look.shape
    labels = np.zeros((pixels, count), dtype=np.int64)
    taken = np.zeros(pixels, dtype=np.int64)
    queue = np.empty(pixels, dtype=np.int64)
    label = 0
    for seed in seeds:
        pixel, k = seed // count, seed % count
        if labels[pixel, k] != 0:
            continue
        label += 1
        labels[pixel, k] = taken[pixel] = label
        day, brighter = days[look[pixel, k]], delta[pixel, k] >= 0
        queue[0] = pixel
        head, tail = 0, 1
        while head < tail:
            row, column = queue[head] // width, queue[head] % width
            head += 1
            for y in range(max(0, row - 1), min(height, row + 2)):
                for x in range(max(0, column - 1), min(width, column + 2)):
                    p = y * width + x
                    if taken[p] == label:
                        continue
                    for e in range(count):
                        if look[p, e] < 0 or labels[p, e] != 0 or (delta[p, e] >= 0) != brighter:
                            continue
                        if abs(days[look[p, e]] - day) > NEAR_DAYS:
                            continue
                        labels[p, e] = taken[p] = label
                        queue[tail] = p
                        tail += 1
                        break
    return labels


# ---- COLD and S-CCD --------------------------------------------------------------------------------------------------


def cold(record: Record, *, threads: int, p_cg: float = 0.99, conse: int = 6) -> Breaks:
    """COLD (Zhu et al. 2020) by pyxccd, pixel by pixel."""
    return _in_chunks(_cold_chunk, record, threads, p_cg, conse)


def sccd(record: Record, *, threads: int, p_cg: float = 0.99, conse: int = 6) -> Breaks:
    """S-CCD (Ye et al. 2021), COLD as a state-space model, by pyxccd."""
    return _in_chunks(_sccd_chunk, record, threads, p_cg, conse)


def _in_chunks(work: Callable[..., tuple[Any, Any, Any]], record: Record, threads: int, *rest: float) -> Breaks:
    scaled = np.rint(record.values * 10_000).astype(np.int16)
    if threads == 1:
        look, score, delta = work(scaled, record.valid, record.days, *rest)
        return Breaks(look=look, score=score, delta=delta)
    cuts = np.array_split(np.arange(len(scaled)), 4 * threads)
    jobs = [_workers(threads).submit(work, scaled[c], record.valid[c], record.days, *rest) for c in cuts]
    parts = [job.result() for job in jobs]
    look, score, delta = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return Breaks(look=look, score=score, delta=delta)


@cache
def _workers(count: int) -> ProcessPoolExecutor:
    """Fresh processes, kept: the kernels' threads of this one do not survive a fork."""
    return ProcessPoolExecutor(count, mp_context=get_context("spawn"))


Arrays = tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.float32]]


def _cold_chunk(
    values: NDArray[np.int16], valid: NDArray[np.bool_], days: NDArray[np.int64], p_cg: float, conse: int
) -> Arrays:
    import pyxccd

    look, score, delta = _room(len(values))
    for p in range(len(values)):
        seen = valid[p]
        bands = values[p, seen].T.astype(np.int64)
        clear = np.zeros(seen.sum(), dtype=np.int64)
        try:
            found = pyxccd.cold_detect(days[seen], *bands, clear, clear, p_cg=p_cg, conse=conse)
        except RuntimeError:  # too few looks
            continue
        broken = found[(found["change_prob"] == 100) & (found["t_break"] > 0)]
        _keep(look[p], score[p], delta[p], broken, days)
    return look, score, delta


def _sccd_chunk(
    values: NDArray[np.int16], valid: NDArray[np.bool_], days: NDArray[np.int64], p_cg: float, conse: int
) -> Arrays:
    import pyxccd

    look, score, delta = _room(len(values))
    for p in range(len(values)):
        seen = valid[p]
        bands = values[p, seen].T.astype(np.int64)
        clear = np.zeros(seen.sum(), dtype=np.int64)
        try:
            found = pyxccd.sccd_detect(days[seen], *bands, clear, p_cg=p_cg, conse=conse).rec_cg
        except RuntimeError:
            continue
        if len(found):
            _keep(look[p], score[p], delta[p], found[found["t_break"] > 0], days)
    return look, score, delta


def _room(pixels: int, count: int = MAX_BREAKS) -> Arrays:
    return (
        np.full((pixels, count), -1, dtype=np.int32),
        np.zeros((pixels, count), dtype=np.float32),
        np.zeros((pixels, count), dtype=np.float32),
    )


def _keep(look: Any, score: Any, delta: Any, found: Any, days: NDArray[np.int64]) -> None:
    """Write one pixel's segments: the change's size in units of the segment's own noise, and its brightness."""
    for k, one in enumerate(found[:MAX_BREAKS]):
        look[k] = min(int(np.searchsorted(days, one["t_break"])), len(days) - 1)
        score[k] = np.sqrt(np.mean((one["magnitude"][:6] / np.maximum(one["rmse"][:6], 10)) ** 2))
        delta[k] = one["magnitude"][:3].mean() / 10_000


# ---- the monitors of nrt ---------------------------------------------------------------------------------------------

HISTORY_DAYS = 365


def monitor(
    record: Record,
    *,
    threads: int,
    kind: str,
    variable: str = "ndvi",
    options: Mapping[str, Any] | None = None,
    fit: Mapping[str, Any] | None = None,
) -> Breaks:
    """One monitor of nrt: a first year to learn from, then look by look until the first confirmed break.

    The monitors watch one variable. What it is, visible brightness or NDVI, is a setting.

    Args:
        record: the scene.
        threads: for the fit.
        kind: EWMA, CuSum, MoSum, IQR or CCDC.
        variable: "ndvi" or "visible".
        options: of the monitor.
        fit: options of its fit.
    """
    module = importlib.import_module(f"nrt.monitor.{kind.lower()}")
    height, width = record.shape
    watched = xr.DataArray(
        np.ascontiguousarray(_variable(record, variable).T).reshape(-1, height, width),
        dims=("time", "y", "x"),
        coords={
            "time": (record.days - EPOCH).astype("datetime64[D]").astype("datetime64[ns]"),
            "y": np.arange(height)[::-1],
            "x": np.arange(width),
        },
    )
    history = int(np.searchsorted(record.days, record.days[0] + HISTORY_DAYS))
    watcher = getattr(module, kind)(**(options or {}))
    settings = {"n_threads": threads, **(fit or {})}
    if kind == "CCDC" and settings.get("screen_outliers", "CCDC_RIRLS") is not None:
        for name in ("green", "swir16"):
            values = np.where(record.valid, record.values[:, :, BANDS.index(name)], np.nan)
            settings[name.rstrip("16")] = watched.copy(data=values.T.reshape(watched.shape))[:history]
    with _quiet(threads):
        watcher.fit(watched[:history], **settings)
        for look in range(history, len(record.days)):
            day = dt.datetime.combine(dt.date.fromordinal(int(record.days[look])), dt.time())
            watcher.monitor(watched.values[look], day)
    broken = (watcher.mask == 3).ravel()
    detected = watcher.detection_date.ravel().astype(np.int64) + EPOCH
    first = np.where(broken, np.searchsorted(record.days, detected), -1).astype(np.int32)
    if kind in {"IQR", "CCDC"}:  # these confirm after so many deviating looks in a row: the first of them is the date
        first = _seen_before(first, record.valid, int(watcher.boundary) - 1)
    score, delta = contrast(record, first)
    return Breaks(look=first[:, None], score=score[:, None], delta=delta[:, None])


def _variable(record: Record, name: str) -> NDArray[np.float32]:
    """(pixel, time), NaN where nothing was seen."""
    values = record.values
    if name == "ndvi":
        red, nir = values[:, :, 2], values[:, :, 3]
        out = (nir - red) / np.maximum(nir + red, 0.01)
    else:
        out = values[:, :, :3].mean(axis=2)
    return np.where(record.valid, out, np.nan).astype(np.float32)


@contextmanager
def _quiet(threads: int) -> Iterator[None]:
    """Without warnings of short series and empty means; nrt sets the number of threads for good, so put it back."""
    before = numba.get_num_threads()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        numba.set_num_threads(min(threads, before))
        try:
            yield
        finally:
            numba.set_num_threads(before)


def _seen_before(look: NDArray[np.int32], valid: NDArray[np.bool_], steps: int) -> NDArray[np.int32]:
    """The look so many valid looks earlier, per pixel."""
    out = look.copy()
    for p in np.flatnonzero(look >= 0):
        seen = np.flatnonzero(valid[p, : look[p] + 1])
        out[p] = seen[max(0, len(seen) - 1 - steps)] if len(seen) else look[p]
    return out


def contrast(
    record: Record, look: NDArray[np.int32], *, reach: int = 8
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """For one break a pixel: (step over the noise, root mean square over bands; step in visible reflectance).

    The step is between the means of up to `reach` valid looks on either side.
    """
    return _contrast(record.values, record.valid, look, reach)


@numba.njit(parallel=True, cache=True)
def _contrast(values, valid, look, reach):  # noqa: ANN001, ANN202
    pixels, _, bands = values.shape
    score = np.zeros(pixels, dtype=np.float32)
    delta = np.zeros(pixels, dtype=np.float32)
    for p in numba.prange(pixels):
        if look[p] < 0:
            continue
        seen = np.flatnonzero(valid[p])
        at = np.searchsorted(seen, look[p])
        before, after = seen[max(0, at - reach) : at], seen[at : at + reach]
        if before.size < 2 or after.size < 2:
            continue
        total = 0.0
        for b in range(bands):
            series = values[p, :, b]
            step = series[after].mean() - series[before].mean()
            noise = 1.0484 * np.median(np.abs(np.diff(series[seen])))
            total += (step / max(noise, 0.002)) ** 2
            if b < 3:
                delta[p] += step / 3
        score[p] = np.sqrt(total / bands)
    return score, delta


# ---- scanned t-test --------------------------------------------------------------------------------------------------


def t_test(record: Record, *, threads: int, window: int = 10_000, seasons: bool = False) -> Breaks:
    """The pixelwise t-test of PWTT (Ballinger 2024), with the date of the event scanned instead of given.

    Welch's t between the looks before and after each candidate date, the largest over bands, the largest over dates; on
    either side of a break found, again.

    Args:
        record: the scene.
        threads: of the kernel.
        window: looks on either side that are compared, at most.
        seasons: True: two harmonics are taken out first.
    """
    years = (record.days - record.days[0]) / 365.25
    waves = [np.ones(len(years))]
    if seasons:
        waves += [f(2 * np.pi * k * years) for k in (1, 2) for f in (np.cos, np.sin)]
    with _quiet(threads):
        look, score, delta = _scan_t(record.values, record.valid, np.column_stack(waves), window, MAX_BREAKS)
    return Breaks(look=look, score=score, delta=delta)


LEAST_LOOKS = 4
"""On either side of a candidate date."""
T_FLOOR = 4.0
"""Smallest t that is kept for tuning."""
NOISE_FLOOR = 0.003
"""Reflectance: standard deviations are not believed below this."""


@numba.njit(parallel=True, cache=True)
def _scan_t(values, valid, waves, window, most):  # noqa: ANN001, ANN202, C901
    pixels, _, bands = values.shape
    look = np.full((pixels, most), -1, dtype=np.int32)
    score = np.zeros((pixels, most), dtype=np.float32)
    delta = np.zeros((pixels, most), dtype=np.float32)
    for p in numba.prange(pixels):
        seen = np.flatnonzero(valid[p])
        n = seen.size
        if n < 2 * LEAST_LOOKS + waves.shape[1]:
            continue
        design = waves[seen]
        normal = design.T @ design + 1e-6 * np.eye(design.shape[1])
        first = np.zeros((bands, n + 1))
        second = np.zeros((bands, n + 1))
        for b in range(bands):
            series = np.empty(n)
            for i in range(n):
                series[i] = values[p, seen[i], b]
            series -= design @ np.linalg.solve(normal, design.T @ series)
            for i in range(n):
                first[b, i + 1] = first[b, i] + series[i]
                second[b, i + 1] = second[b, i] + series[i] ** 2
        low, high = np.zeros(2 * most + 1, dtype=np.int64), np.zeros(2 * most + 1, dtype=np.int64)
        high[0] = n
        waiting, found = 1, 0
        while waiting > 0 and found < most:
            waiting -= 1
            a, z = low[waiting], high[waiting]
            best, where = T_FLOOR, -1
            for i in range(a + LEAST_LOOKS, z - LEAST_LOOKS + 1):
                t = _welch(first, second, max(a, i - window), i, min(z, i + window))
                if t > best:
                    best, where = t, i
            if where < 0:
                continue
            left, right = max(a, where - window), min(z, where + window)
            step = 0.0
            for b in range(3):
                after = (first[b, right] - first[b, where]) / (right - where)
                step += after - (first[b, where] - first[b, left]) / (where - left)
            look[p, found], score[p, found], delta[p, found] = seen[where], best, step / 3
            found += 1
            low[waiting], high[waiting], low[waiting + 1], high[waiting + 1] = a, where, where, z
            waiting += 2
        order = np.argsort(look[p, :found])
        look[p, :found], score[p, :found], delta[p, :found] = look[p][order], score[p][order], delta[p][order]
    return look, score, delta


@numba.njit(cache=True)
def _welch(first, second, left, middle, right):  # noqa: ANN001, ANN202
    """The largest |t| over bands between [left, middle) and [middle, right), from sums and sums of squares."""
    n, m = middle - left, right - middle
    largest = 0.0
    for b in range(first.shape[0]):
        one = (first[b, middle] - first[b, left]) / n
        other = (first[b, right] - first[b, middle]) / m
        spread = (second[b, middle] - second[b, left] - n * one * one) / (n - 1)
        spread_other = (second[b, right] - second[b, middle] - m * other * other) / (m - 1)
        t = abs(other - one) / np.sqrt(max(spread, NOISE_FLOOR**2) / n + max(spread_other, NOISE_FLOOR**2) / m)
        largest = max(largest, t)
    return largest


# ---- medians ---------------------------------------------------------------------------------------------------------

QUARTER_DAYS = 365.25 / 4


def quarterly_medians(record: Record, *, threads: int, apart: int = 1) -> Breaks:
    """Difference of the medians of two quarters: what many dashboards do.

    Args:
        record: the scene.
        threads: not used.
        apart: 1: a quarter and the one before; 4: and the same quarter a year before.
    """
    del threads
    quarter = ((record.days - record.days[0]) // QUARTER_DAYS).astype(int)
    count = int(quarter[-1]) + 1
    medians = np.full((len(record.values), count, len(BANDS)), np.nan, dtype=np.float32)
    with _quiet(1):
        for q in range(count):
            looks = np.flatnonzero(quarter == q)
            if len(looks):
                seen = record.valid[:, looks]
                part = np.where(seen[:, :, None], record.values[:, looks], np.nan)
                medians[:, q] = np.where(seen.sum(axis=1)[:, None] >= 2, np.nanmedian(part, axis=1), np.nan)
        for q in range(1, count):  # a quarter without a look keeps what was last known
            medians[:, q] = np.where(np.isnan(medians[:, q]), medians[:, q - 1], medians[:, q])
    change = np.nan_to_num(medians[:, apart:] - medians[:, :-apart])
    size = np.sqrt((change**2).sum(axis=2))
    top = np.sort(np.argsort(-size, axis=1)[:, :MAX_BREAKS], axis=1)
    start = np.array([np.searchsorted(quarter, q) for q in range(apart, count)])
    rows = np.arange(len(size))[:, None]
    return Breaks(
        look=np.minimum(start[top], len(record.days) - 1).astype(np.int32),
        score=size[rows, top],
        delta=change[:, :, :3].mean(axis=2)[rows, top],
        slack_days=45.0,
    )


def yearly_irmad(record: Record, *, threads: int) -> Breaks:
    """IR-MAD between the median pictures of the first and the last year: one break a pixel, without a date."""
    del threads
    pictures = []
    for chosen in (record.days < record.days[0] + 365, record.days >= record.days[-1] - 365):
        with _quiet(1):
            part = np.where(record.valid[:, chosen, None], record.values[:, chosen], np.nan)
            pictures.append(np.nanmedian(part, axis=1))
    seen = np.isfinite(pictures[0]).all(axis=1) & np.isfinite(pictures[1]).all(axis=1)
    score = np.zeros(len(seen), dtype=np.float32)
    score[seen] = np.sqrt(irmad(pictures[0][seen], pictures[1][seen]))
    delta = np.nan_to_num((pictures[1] - pictures[0])[:, :3].mean(axis=1)).astype(np.float32)
    middle = len(record.days) // 2
    return Breaks(
        look=np.where(seen, middle, -1).astype(np.int32)[:, None],
        score=score[:, None],
        delta=delta[:, None],
        slack_days=float(record.days[-1] - record.days[0]) / 2 - 365,
    )


def irmad(before: NDArray[np.floating], after: NDArray[np.floating], *, rounds: int = 30) -> NDArray[np.float64]:
    """Iteratively reweighted multivariate alteration detection (Nielsen 2007).

    Args:
        before: (pixel, band).
        after: (pixel, band), the same bands.
        rounds: at most; it stops when no canonical correlation moves by more than 1e-3.

    Returns:
        (pixel,) sum of squared standardised variates: chi-square with as many degrees of freedom as bands for pixels
        that did not change.
    """
    both = np.hstack([before, after]).astype(np.float64)
    bands = before.shape[1]
    weights = np.ones(len(both))
    chi = np.zeros(len(both))
    last = np.zeros(bands)
    for _ in range(rounds):
        centred = both - weights @ both / weights.sum()
        covariance = (centred * weights[:, None]).T @ centred / weights.sum() + 1e-10 * np.eye(2 * bands)
        s11, s12, s22 = covariance[:bands, :bands], covariance[:bands, bands:], covariance[bands:, bands:]
        squared, a = linalg.eigh(s12 @ np.linalg.solve(s22, s12.T), s11)
        rho = np.sqrt(np.clip(squared, 0, 1))
        b = np.linalg.solve(s22, s12.T @ a)
        b /= np.sqrt(np.maximum((b * (s22 @ b)).sum(axis=0), 1e-20))
        variates = centred[:, :bands] @ a - centred[:, bands:] @ b
        chi = (variates**2 / np.maximum(2 * (1 - rho), 1e-9)).sum(axis=1)
        if np.abs(rho - last).max() < 1e-3:
            break
        weights = np.maximum(stats.chi2.sf(chi, bands), 1e-12)
        last = rho
    return chi


# ---- the list --------------------------------------------------------------------------------------------------------


def _monitor_settings(kind: str, values: tuple[float, ...]) -> tuple[Mapping[str, Any], ...]:
    """The monitor's defaults first; then without a trend, which one year of history cannot carry through two more."""
    settings: list[Mapping[str, Any]] = [{"kind": kind, "variable": v} for v in ("ndvi", "visible")]
    for variable, value in product(("ndvi", "visible"), values):
        options = {"trend": False, "harmonic_order": 1, "sensitivity": value}
        fit = {"method": "OLS", "screen_outliers": None} if kind == "CCDC" else {}
        settings.append({"kind": kind, "variable": variable, "options": options, "fit": fit})
    return tuple(settings)


_CCD_SETTINGS = ({"p_cg": 0.99, "conse": 6}, {"p_cg": 0.99, "conse": 4}, {"p_cg": 0.999, "conse": 4})
_ONE_BREAK = "nrt; learns from the first year, gives one break a pixel, on NDVI or visible brightness"

PEERS: tuple[Peer, ...] = (
    Peer(
        name="COLD",
        note="pyxccd.cold_detect, six bands",
        find=cold,
        settings=_CCD_SETTINGS,
        needs="pyxccd",
        sample=4_000,
    ),
    Peer(
        name="S-CCD",
        note="pyxccd.sccd_detect, six bands",
        find=sccd,
        settings=_CCD_SETTINGS,
        needs="pyxccd",
        sample=4_000,
    ),
    *(
        Peer(
            name=f"nrt {kind}",
            note=_ONE_BREAK,
            find=monitor,
            settings=_monitor_settings(kind, values),
            needs="nrt",
        )
        for kind, values in (
            ("EWMA", (2.0, 5.0)),
            ("CuSum", (0.05, 0.001)),
            ("MoSum", (0.05, 0.001)),
            ("IQR", (1.5, 3.0)),
            ("CCDC", (3.0, 5.0)),
        )
    ),
    Peer(
        name="t-test scan",
        note="PWTT's statistic, date scanned, ours",
        find=t_test,
        settings=tuple({"window": w, "seasons": s} for w, s in product((10_000, 20, 10), (False, True))),
    ),
    Peer(
        name="quarterly medians",
        note="difference of medians, ours; dates to a quarter",
        find=quarterly_medians,
        settings=({"apart": 1}, {"apart": 4}),
    ),
    Peer(
        name="IR-MAD",
        note="first against last year's median, ours; gives no date, so it can score on place alone",
        find=yearly_irmad,
        dated=False,
    ),
)
