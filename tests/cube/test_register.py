"""Where looks lie: on simulated scenes, on real pictures, and on real pairs with another method as control."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.warp import Resampling, reproject
from scipy.ndimage import gaussian_filter, shift
from scipy.optimize import minimize

from sitewatch.cube._masks import Cause
from sitewatch.cube._move import move_back
from sitewatch.cube._normalise import normalise
from sitewatch.cube._register import Shifts, measure_shifts, settle
from sitewatch.simulate import Recipe, simulate

OSCD = {"abudhabi": None, "beihai": 1.0, "bordeaux": 0.8, "cupertino": 0.3, "paris": 0.1}
"""Places and roughly how far their two looks lie apart, pixels, as the control below says."""


@pytest.fixture(scope="module")
def scenes() -> tuple[np.ndarray, np.ndarray]:
    """(time, y, x) brightness of 30 clear looks of two years with winter shadows and crops but no jitter, and days."""
    world = simulate(Recipe(seed=77, size=144, looks=30, years=2.0, cloudiness=0.0, jitter_px=0.0, snow=False))
    looks = [world.render(number)[:3].astype(np.float32).mean(axis=0) / 1e4 for number in range(len(world.scenes))]
    return np.stack(looks), np.array([scene.day for scene in world.scenes], dtype=np.float64)


def displaced(images: np.ndarray, by: np.ndarray) -> np.ndarray:
    return np.stack([shift(image, d, order=5, mode="nearest") for image, d in zip(images, by, strict=True)])


def clouded(images: np.ndarray, rng: np.random.Generator, *, share: float) -> np.ndarray:
    """(time, y, x) True = under cloud: smooth blobs over a share of every look."""
    fields = np.stack([gaussian_filter(rng.normal(size=image.shape), 9) for image in images])
    return fields > np.quantile(fields, 1 - share, axis=(1, 2), keepdims=True)


def shifts_of(offset: np.ndarray, sigma: np.ndarray) -> Shifts:
    return Shifts(offset=offset, sigma=sigma, line=np.tile((1.0, 0.0), (len(sigma), 1)))


def errors(shifts: Shifts, truth: np.ndarray) -> np.ndarray:
    """Of the measured looks, along both axes; all offsets are relative to the median look."""
    measured = np.isfinite(shifts.sigma)
    away = (shifts.offset - truth)[measured]
    return np.abs(away - np.median(away, axis=0))


@pytest.mark.parametrize("largest", [0.1, 0.7, 3.0])
def test_a_shift_is_found_to_a_tenth_of_a_pixel_under_cloud(
    scenes: tuple[np.ndarray, np.ndarray], largest: float
) -> None:
    rng = np.random.default_rng(3)
    still, days = scenes
    truth = rng.uniform(-largest, largest, (len(still), 2))
    images = displaced(still, truth).astype(np.float32)
    cloud = clouded(images, rng, share=0.4)
    images[cloud] = 0.6 + 0.05 * rng.normal(size=int(cloud.sum()))
    told = cloud & ~clouded(images, rng, share=0.1)  # a mask misses some of it
    shifts = measure_shifts(images, ~told, days)
    assert np.isfinite(shifts.sigma).mean() > 0.9
    assert np.median(errors(shifts, truth)) < 0.1
    sure = shifts.sigma < 0.1
    assert np.abs((shifts.offset - truth)[sure] - np.median((shifts.offset - truth)[sure], axis=0)).max() < 0.6


def test_half_a_record_that_lies_a_pixel_off_is_no_compromise(scenes: tuple[np.ndarray, np.ndarray]) -> None:
    still, days = scenes
    truth = np.zeros((len(still), 2))
    truth[len(still) // 2 :] = (1.2, -0.8)
    found = measure_shifts(displaced(still, truth).astype(np.float32), np.ones(still.shape, dtype=bool), days)
    assert np.median(errors(found, truth)) < 0.1
    assert errors(found, truth).max() < 0.4


def test_winter_shadows_are_no_shift(scenes: tuple[np.ndarray, np.ndarray]) -> None:
    still, days = scenes
    found = measure_shifts(still, np.ones(still.shape, dtype=bool), days)
    assert np.sqrt((errors(found, np.zeros((len(still), 2))) ** 2).mean()) < 0.06


def test_the_standard_error_says_how_far_off_it_is(scenes: tuple[np.ndarray, np.ndarray]) -> None:
    rng = np.random.default_rng(5)
    still, days = scenes
    truth = rng.normal(0, 0.2, (len(still), 2))
    images = displaced(still, truth).astype(np.float32)
    cloud = np.stack([clouded(image[None], rng, share=rng.uniform(0, 0.9))[0] for image in images])
    shifts = measure_shifts(np.where(cloud, np.float32(np.nan), images), ~cloud, days)
    measured = np.isfinite(shifts.sigma)
    ratio = errors(shifts, truth) / shifts.sigma[measured, None]
    assert 0.3 < np.median(ratio) / 0.6745 < 2.0


def test_flat_ground_cannot_be_registered_and_nothing_is_claimed() -> None:
    flat = np.full((12, 60, 60), 0.2, dtype=np.float32)
    shifts = measure_shifts(flat, np.ones(flat.shape, dtype=bool), np.arange(12.0) * 10)
    assert np.isinf(shifts.sigma).all()
    settled = settle(shifts)
    assert (settled.offset == 0).all()
    assert (settled.sigma < 0.5).all()  # taken to lie as satellites usually do: nothing is rejected


def test_what_is_not_measured_lies_where_the_stack_usually_does() -> None:
    offset = np.array([[0.1, 0.0], [0.0, -0.1], [0.1, 0.1], [-0.1, 0.1], [0.0, 0.1], [np.nan, np.nan], [2.0, 0.1]])
    sigma = np.array([0.02] * 5 + [np.inf, 0.02])
    settled = settle(shifts_of(offset, sigma))
    assert (settled.offset[5] == 0).all()
    assert 0.05 < settled.sigma[5] < 0.3
    assert settled.offset[6] == pytest.approx([2.0, 0.1], rel=0.1)  # far, but measured well
    assert settled.sigma[6] < 0.05


@pytest.mark.parametrize(("offset", "sigma"), [((3.0, 0.0), 0.3), ((9.0, 0.0), 0.02)], ids=["inexact", "too far"])
def test_an_odd_measurement_is_not_believed(offset: tuple[float, float], sigma: float) -> None:
    others = np.random.default_rng(1).normal(0, 0.1, (9, 2))
    settled = settle(shifts_of(np.vstack([others, offset]), np.append(np.full(9, 0.02), sigma)))
    assert np.isinf(settled.sigma[-1])
    assert np.isfinite(settled.sigma[:-1]).all()


def test_moving_back_undoes_a_shift_and_hides_what_lay_under_cloud() -> None:
    y, x = np.mgrid[0:50, 0:60]

    def scene(dy: float, dx: float) -> np.ndarray:
        wave = np.sin((y - dy) / 4) + np.cos((x - dx) / 5) + np.sin((x - dx + y - dy) / 7)
        return wave[None].astype(np.float32)

    values = np.stack([scene(0, 0), scene(1.3, -0.6), scene(0.05, 0.0)])
    causes = np.zeros((3, 50, 60), dtype=np.uint8)
    causes[1, 20:25, 30:35] = Cause.CLOUD
    before = values.copy()
    move_back(values, causes, np.array([[0.0, 0.0], [1.3, -0.6], [0.05, 0.0]]))
    inner = (slice(4, -4), slice(4, -4))
    assert np.abs(values[1, 0][inner] - before[0, 0][inner]).max() < 0.01
    assert (values[2] == before[2]).all()  # a twentieth of a pixel is not worth its interpolation
    cloud = np.argwhere(causes[1] == Cause.CLOUD)
    assert cloud.min(axis=0).tolist() == [18, 30]
    assert cloud.max(axis=0).tolist() == [23, 35]
    assert (causes[1, -1] == Cause.OUTSIDE).all()  # the row below the image would be needed


def pair(folder: Path) -> np.ndarray:
    """(2, y, x) red of both dates on the grid of the first."""
    first, second = (next((folder / part).glob("*B04.tif")) for part in ("imgs_1", "imgs_2"))
    with rasterio.open(first) as one, rasterio.open(second) as two:
        images = np.full((2, *one.shape), np.nan, dtype=np.float32)
        images[0] = one.read(1)
        if one.transform == two.transform:
            images[1] = two.read(1)[: one.height, : one.width]
        else:
            reproject(
                two.read(1).astype(np.float32),
                images[1],
                src_transform=two.transform,
                src_crs=two.crs,
                dst_transform=one.transform,
                dst_crs=one.crs,
                resampling=Resampling.nearest,
            )
    return images / 10_000


def control(images: np.ndarray) -> np.ndarray:
    """Another method: the shift at which the fine structure of both, each moved half of it, correlates best.

    Both are interpolated alike, or the one that is not would win at whole pixels. Phase correlation is no control here:
    these images were resampled to degrees by repeating pixels, at the same places in both, which draws it to zero.
    """
    height, width = images.shape[1:]
    middle = np.nan_to_num(images[:, height // 2 - 200 : height // 2 + 200, width // 2 - 190 : width // 2 + 190])

    def unlike(by: np.ndarray) -> float:
        halves = [
            shift(image, sign * by / 2, order=3, mode="nearest") for image, sign in zip(middle, (1, -1), strict=True)
        ]
        fine = np.stack([(half - gaussian_filter(half, 3))[10:-10, 10:-10].ravel() for half in halves])
        usual = (np.abs(fine) < np.quantile(np.abs(fine), 0.98, axis=1, keepdims=True)).all(axis=0)
        return -float(np.corrcoef(fine[:, usual])[0, 1])

    grid = [np.array([dy, dx]) for dy in np.arange(-1.5, 1.6, 0.75) for dx in np.arange(-1.5, 1.6, 0.75)]
    start = min(grid, key=unlike)
    return minimize(unlike, start, method="Nelder-Mead", options={"xatol": 0.01, "fatol": 1e-5}).x


@pytest.mark.parametrize("place", sorted(OSCD))
def test_real_pairs_lie_within_a_seventh_of_a_pixel_after_correction(shared: Path, place: str) -> None:
    images = pair(shared / "data" / "oscd" / place)
    shifts = measure_shifts(images, np.isfinite(images), np.array([0.0, 400.0]))
    found = shifts.offset[1] - shifts.offset[0]
    truth = control(images)
    usual = OSCD[place]
    if usual is not None:
        assert np.hypot(*truth) == pytest.approx(usual, abs=0.2)
    assert np.abs(found - truth).max() < 0.15


def test_real_pictures_are_registered_without_a_mask(shared: Path) -> None:
    files = sorted((shared / "data" / "smart-timelapse" / "AE_tif").glob("*.tif"))[::2]
    raw, measured = [], []
    for file in files:
        with rasterio.open(file) as dataset:
            raw.append(dataset.read([1, 2, 3]).astype(np.float32) / 255)
            measured.append(dataset.read(4) > 0)
    pictures, seen = np.stack(raw), np.stack(measured)
    days = np.array([np.datetime64(file.stem).astype(np.float64) for file in files])
    own = measure_shifts(normalise(pictures, seen).mean(axis=1), seen, days).offset
    rng = np.random.default_rng(1)
    truth = rng.uniform(-3, 3, (len(files), 2))
    moved = np.stack([displaced(picture, [d] * 3) for picture, d in zip(pictures, truth, strict=True)])
    cloud = clouded(moved[:, 0], rng, share=0.4)
    moved = np.where(cloud[:, None], np.float32(0.95), moved).astype(np.float32)
    found = measure_shifts(normalise(moved, seen).mean(axis=1), seen, days)
    both = np.isfinite(found.sigma) & np.isfinite(own).all(axis=1)
    away = (found.offset - own - truth)[both]
    assert both.mean() > 0.8
    assert np.median(np.abs(away - np.median(away, axis=0))) < 0.1


def test_haze_is_told_apart_from_the_shift(scenes: tuple[np.ndarray, np.ndarray]) -> None:
    still, days = scenes
    truth = np.tile((1.0, 0.0), (len(still), 1))
    truth[::5] = (0.7, 0.08)
    hazy = (truth[:, 0, None, None] * still + truth[:, 1, None, None]).astype(np.float32)
    line = measure_shifts(hazy, np.ones(hazy.shape, dtype=bool), days).line
    assert np.median(line[::5], axis=0) == pytest.approx([0.7, 0.08], abs=0.06)
    assert np.median(np.delete(line, slice(None, None, 5), axis=0), axis=0) == pytest.approx([1.0, 0.0], abs=0.06)


@pytest.mark.parametrize("size", [(1, 1), (5, 40), (15, 15), (12, 30), (19, 19)])
def test_small_sites_are_left_where_they_are(size: tuple[int, int]) -> None:
    images = np.random.default_rng(1).uniform(0.1, 0.4, (9, *size)).astype(np.float32)
    shifts = measure_shifts(images, np.ones(images.shape, dtype=bool), np.arange(9.0) * 10)
    assert np.isinf(shifts.sigma).all()
    assert (settle(shifts).sigma < 0.5).all()


def test_a_pixel_that_is_seen_once_or_twice_spoils_nothing(scenes: tuple[np.ndarray, np.ndarray]) -> None:
    still, days = scenes
    seen = np.ones(still.shape, dtype=bool)
    seen[2:, 10:130:7, 12:130:7] = False
    shifts = measure_shifts(still.copy(), seen, days)
    assert np.isfinite(shifts.sigma).all()
    assert np.median(errors(shifts, np.zeros((len(still), 2)))) < 0.1
