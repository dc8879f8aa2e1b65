"""What a simulated scene shows: truth where the pixels change, shadows away from the sun, faults of the mask."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from sitewatch.simulate import Recipe, World, simulate
from sitewatch.simulate._passes import Acquisition
from sitewatch.simulate._render import lit
from sitewatch.simulate._sky import classify, cover_with, sky_over
from sitewatch.site import area_mask
from sitewatch.sun import Sun, sun_at

QUIET = Recipe(
    seed=9, size=128, years=2.0, looks=60, cloudiness=0.0, snow=False, jitter_px=0.0, permanent=4, temporary=6,
    recurring=1, demolitions=2, distractors=4,
)  # fmt: skip


@pytest.fixture(scope="module")
def busy() -> World:
    return simulate(QUIET)


@pytest.fixture(scope="module")
def still() -> World:
    return simulate(QUIET.null())


def reflectance(world: World, number: int) -> NDArray[np.float64]:
    return np.asarray(world.render(number)[:6] * 0.0001 - 0.1, dtype=np.float64)


def test_a_null_recipe_keeps_everything_but_the_structures(busy: World, still: World) -> None:
    assert any(not e.ignore for e in busy.events)
    assert still.events
    assert all(e.ignore for e in still.events)
    assert still.site == busy.site
    assert still.scenes == busy.scenes


def test_pixels_change_where_and_when_the_truth_says(busy: World, still: World) -> None:
    # The two worlds share ground, weather and noise, so that what differs is what was built or torn down. Distractors
    # may find other ground when there are structures about.
    spans = [e for e in busy.events if not e.ignore]
    assert {e.kind for e in spans} == {"permanent", "temporary", "demolition"}
    shown = 0
    for event in spans:
        inside = busy.share(event.footprint) > 0.95
        if not inside.any():
            continue
        spells = [(e.on or 0.0, e.off or 1e9) for e in spans if e.footprint == event.footprint]
        end = spells[0][1]
        for number, scene in enumerate(busy.scenes):
            standing = any(on <= scene.day < off for on, off in spells)
            if event.kind == "demolition":
                settled = scene.day < end or scene.day >= (event.off_latest or 0)
                differs = not standing
            else:
                settled = event.kind == "temporary" or standing
                differs = standing
            if not settled or number % 6:
                continue
            change = np.abs(reflectance(busy, number) - reflectance(still, number))[:, inside].mean(axis=1).max()
            shown += differs
            if not differs:
                assert change < 0.05, (event.id, scene.id)
            else:
                assert change > 0.008, (event.id, scene.id)
    assert shown > 20


def test_shadows_fall_away_from_the_sun() -> None:
    height = np.zeros((121, 121), dtype=np.float32)
    height[58:63, 58:63] = 20.0
    for azimuth, (dx, dy) in {90.0: (-1, 0), 180.0: (0, -1), 225.0: (1, -1), 315.0: (1, 1)}.items():
        sun = Sun(azimuth=azimuth, elevation=30.0)
        y, x = np.nonzero(~lit(height, sun, cell_m=2.5))
        east, south = x.mean() - 60, y.mean() - 60
        turn = np.hypot(dx, dy) * np.hypot(east, south)
        assert (east * dx + south * dy) / turn > 0.99
        # 20 m high under 30 degrees throw 34.6 m.
        reach = np.hypot(x - 60, y - 60).max() * 2.5
        assert 20 * sun.cotangent - 2.5 < reach < 20 * sun.cotangent + 12.5


def test_the_sun_stands_where_the_almanac_says() -> None:
    # The worked example of NREL's Solar Position Algorithm (TP-560-34302, table A5.1), topocentric without refraction.
    when = dt.datetime(2003, 10, 17, 19, 30, 30, tzinfo=dt.UTC)
    sun = sun_at(when, latitude=39.742476, longitude=-105.1786)
    assert sun.azimuth == pytest.approx(194.34024, abs=0.05)
    assert 90 - sun.elevation == pytest.approx(50.11162, abs=0.05)


def a_scene(cloud: float, azimuth: float = 150.0) -> Acquisition:
    moment = dt.datetime(2021, 5, 1, 10, 30, tzinfo=dt.UTC)
    return Acquisition(
        id="S2A_20210501T103000_SIM", captured=moment, published=moment, platform="sentinel-2a", orbit=1, day=0,
        sun=Sun(azimuth=azimuth, elevation=60.0), cloud=cloud, haze=0.0, shift_m=(0.0, 0.0), swath=None,
    )  # fmt: skip


@pytest.mark.parametrize("azimuth", [40.0, 150.0])
def test_cloud_shadows_lie_away_from_the_sun(azimuth: float) -> None:
    scene = a_scene(0.3, azimuth)
    agreed = []
    for seed in range(8):
        sky = sky_over(scene, size=320, pixel_m=10, rng=np.random.default_rng(seed))
        if sky.cirrus or not 0.05 < sky.cloud.mean() < 0.6:
            continue
        cloud, shadow = (raster - raster.mean() for raster in (sky.cloud, sky.shadow))
        match = np.fft.irfft2(np.fft.rfft2(shadow, (640, 640)) * np.conj(np.fft.rfft2(cloud, (640, 640))))
        y, x = np.unravel_index(int(match.argmax()), match.shape)
        y, x = (y + 320) % 640 - 320, (x + 320) % 640 - 320
        if np.hypot(x, y) > 150:
            continue  # the shadow of a high cloud lies outside the window
        agreed.append((x * scene.sun.away[0] + y * scene.sun.away[1]) / np.hypot(x, y))
    assert len(agreed) >= 3
    assert np.median(agreed) > 0.98


def test_the_mask_misses_some_cloud_and_calls_some_roofs_cloud() -> None:
    ground = np.full((6, 128, 128), 0.12, dtype=np.float32)
    ground[3] = 0.3
    ground[:, 40:60, 40:60] = 0.58
    missed, called = [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        sky = sky_over(a_scene(0.5), size=128, pixel_m=10, rng=rng)
        classes = classify(sky, cover_with(sky, ground), missed=0.03, rng=rng)
        dense = sky.cloud > 0.6
        if dense.mean() > 0.1:
            missed.append(1 - np.isin(classes, (8, 9, 10))[dense].mean())
        clear = replace(sky, cloud=np.zeros_like(sky.cloud), shadow=np.zeros_like(sky.shadow))
        found = classify(clear, ground, missed=0.03, rng=rng)
        called.append((found[40:60, 40:60] == 8).mean())
        assert (found[80:] == 4).mean() > 0.95
    assert 0.015 < np.mean(missed) < 0.07
    assert 0.05 < np.mean(called) < 0.7


def test_clouds_are_bright_and_shadows_dark() -> None:
    ground = np.full((6, 128, 128), 0.15, dtype=np.float32)
    sky = sky_over(a_scene(0.4), size=128, pixel_m=10, rng=np.random.default_rng(3))
    seen = cover_with(sky, ground)
    assert seen[0][sky.cloud > 0.9].mean() > 0.4
    assert seen[0][(sky.cloud < 0.01) & (sky.shadow > 0.9)].mean() < 0.11


def test_snow_lies_in_winter_and_is_classed_as_snow() -> None:
    world = simulate(
        Recipe(seed=3, size=64, years=1.0, climate="continental", latitude=58.0, cloudiness=0.15, looks=60)
    )
    months = [s.captured.month for s in world.scenes if (world.render(world.scenes.index(s))[6] == 11).mean() > 0.4]
    assert months
    assert set(months) <= {10, 11, 12, 1, 2, 3, 4}


def test_leaves_turn_with_the_seasons() -> None:
    world = simulate(replace(QUIET, climate="temperate", latitude=50.0, looks=None, years=1.0, size=64))
    index: dict[int, list[float]] = {}
    for number, scene in enumerate(world.scenes):
        _, _, red, nir, _, _ = reflectance(world, number)
        index.setdefault(scene.captured.month, []).append(float(np.median((nir - red) / (nir + red))))
    assert np.mean(index[6]) > np.mean(index[1]) + 0.1


def test_one_structure_more_leaves_the_others_where_they_were(busy: World) -> None:
    more = simulate(replace(QUIET, temporary=QUIET.temporary + 1))
    assert more.scenes == busy.scenes
    before = {e.id: e for e in busy.events if not e.ignore}
    after = {e.id: e for e in more.events}
    assert all(after[name] == event for name, event in before.items())


def test_shifts_are_what_the_recipe_asks_for() -> None:
    scenes = simulate(replace(QUIET, jitter_px=0.3, looks=None)).scenes
    shifts = np.array([s.shift_m for s in scenes])
    assert 2.0 < np.median(np.abs(shifts)) / 0.6745 < 4.0
    assert all(s.shift_m == (0.0, 0.0) for s in simulate(replace(QUIET, size=48)).scenes)


def test_truth_in_degrees_covers_the_pixels_that_are_painted(busy: World) -> None:
    for event in busy.events:
        share = busy.share(event.footprint)
        told = area_mask(busy.geographic(event.footprint), busy.grid)
        # A pixel's centre and its area may disagree at an edge, but not where nearly all or nearly nothing is covered.
        assert told[share > 0.8].all(), event.id
        assert (share[told] > 0.2).all(), event.id


def test_scenes_at_the_swath_edge_are_partly_without_data() -> None:
    for seed in range(30, 90):
        world = simulate(Recipe(seed=seed, size=48, years=0.25, looks=None))
        cut = [n for n, s in enumerate(world.scenes) if s.swath is not None and s.swath < 0.9]
        if cut:
            break
    pixels = world.render(cut[0])
    empty = pixels[6] == 0
    assert 0.01 < empty.mean() < 0.9
    assert not empty[:, 0].any()
    assert (pixels[:, empty] == 0).all()


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(size=49, oversample=2, years=0.3, looks=3),
        Recipe(size=51, oversample=4, pixel_m=20.0, years=0.3, looks=3),
        Recipe(size=48, pixel_m=3.0, years=0.3, looks=3),
        Recipe(size=48, latitude=-60.0, longitude=179.99, years=0.3, looks=3),
        Recipe(size=64, latitude=65.0, longitude=-180.0, climate="continental", years=0.3, looks=1),
        Recipe(size=64, permanent=80, temporary=80, recurring=20, demolitions=80, distractors=40, years=0.5, looks=3),
        Recipe(size=64, cloudiness=0.9, mask_missed=0.5, jitter_px=2.0, clutter=2.0, years=0.5, looks=3),
    ],
)
def test_unusual_recipes_work(recipe: Recipe) -> None:
    world = simulate(recipe)
    assert 1 <= len(world.scenes) <= 3
    for number in range(len(world.scenes)):
        pixels = world.render(number)
        assert pixels.shape == (7, recipe.size, recipe.size)
        assert pixels.dtype == np.uint16
