"""Cloud without a mask, and masks that call roofs cloud: on simulated skies of known truth, and on real pictures."""

from __future__ import annotations

import datetime as dt
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import sitewatch.simulate._render as rendering
from sitewatch.archive import fetch, list_folder
from sitewatch.cube import Outcome, read_cube
from sitewatch.cube._clear import _nearer, _sides, _usual_distance, hidden
from sitewatch.cube._masks import Cause, causes_of
from sitewatch.cube._repair import ground_in_cloud
from sitewatch.simulate import Recipe, simulate
from sitewatch.site import read_site

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class Skies:
    """Scenes and what truly lay over them."""

    def __init__(self, recipe: Recipe, patch: pytest.MonkeyPatch) -> None:
        skies = []
        draw = rendering.sky_over
        patch.setattr(rendering, "sky_over", lambda *a, **k: skies.append(draw(*a, **k)) or skies[-1])
        world = simulate(recipe)
        pixels = np.stack([world.render(number) for number in range(len(world.scenes))])
        reflectance = pixels[:, :6].astype(np.float32) * 1e-4 - 0.1
        self.measured = pixels[:, 0] > 0
        self.visible = np.where(self.measured, reflectance[:, :3].mean(axis=1), np.float32(np.nan))
        self.sensor_mask = np.stack([causes_of("scl", scene[6]) for scene in pixels])
        cloud, shadow = np.stack([s.cloud for s in skies]), np.stack([s.shadow for s in skies])
        haze = np.stack([s.haze for s in skies])
        self.thick = ((cloud > 0.3) | (shadow > 0.5)) & self.measured
        self.clear = ~((cloud > 0.1) | (shadow > 0.25) | (haze > 0.04)) & self.measured
        self.clear &= self.sensor_mask != Cause.SNOW


@pytest.fixture(scope="module")
def skies() -> Skies:
    with pytest.MonkeyPatch.context() as patch:
        return Skies(Recipe(seed=914, size=128, looks=90, climate="semiarid", cloudiness=0.25), patch)


def test_most_cloud_and_shadow_is_found_without_a_mask_and_little_ground_is_lost(skies: Skies) -> None:
    found = hidden(skies.visible, skies.measured)
    assert found[skies.thick].mean() > 0.55
    assert found[skies.clear].mean() < 0.03


def sides_at_once(images: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """(3, time, y, x) a low quantile of the eight looks before, of those after, and the smaller of two higher ones."""
    sides = np.full((3, *images.shape), np.nan, dtype=np.float32)
    for r, c in np.ndindex(images.shape[1:]):
        known = np.flatnonzero(seen[:, r, c] & np.isfinite(images[:, r, c]))
        for k, look in enumerate(known):
            higher = []
            for side, near in enumerate((known[max(0, k - 8) : k], known[k + 1 : k + 9])):
                if len(near) >= 3:
                    values = np.sort(images[near, r, c])
                    sides[side, look, r, c] = values[int(0.35 * (len(values) - 1) + 0.5)]
                    higher.append(values[int(0.45 * (len(values) - 1) + 0.5)])
            if higher:
                sides[2, look, r, c] = min(higher)
    return sides


def test_look_by_look_the_same_is_found_as_with_all_looks_at_once(skies: Skies) -> None:
    window = (slice(None), slice(40, 75), slice(30, 70))
    images, seen = skies.visible[window].copy(), skies.measured[window].copy()
    rng = np.random.default_rng(3)
    seen &= rng.random(seen.shape) < 0.95
    images[rng.random(seen.shape) < 0.02] = np.nan
    seen[:, :4, :4] = False
    sides = sides_at_once(images, seen)
    before, after = sides[:2]
    for look in range(len(images)):
        for found, expected in zip(_sides(images, seen, look), sides[:, look], strict=True):
            assert np.array_equal(found, expected, equal_nan=True)
    away_before, away_after = np.abs(images - before), np.abs(images - after)
    ground = np.where(away_after < away_before, after, before)
    ground = np.where(np.isfinite(ground), ground, np.where(np.isfinite(before), before, after))
    away = np.abs(images - ground)
    away[:, ~np.isfinite(away).any(axis=0)] = 0
    assert np.array_equal(_usual_distance(images, seen), np.nanmedian(away, axis=0))
    for look in range(len(images)):
        nearer = _nearer(images[look], before[look], after[look])
        assert np.array_equal(nearer[seen[look]], ground[look][seen[look]], equal_nan=True)


def test_a_long_record_needs_little_memory_beside_its_brightness(skies: Skies) -> None:
    images, seen = np.concatenate([skies.visible] * 3), np.concatenate([skies.measured] * 3)
    hidden(images[:9], seen[:9])  # compiled before it is measured
    tracemalloc.start()
    try:
        hidden(images, seen)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.5 * images.nbytes  # it was 12 times as much


def test_a_white_hall_that_goes_up_and_one_that_stands_for_a_season_are_no_cloud(skies: Skies) -> None:
    images = skies.visible.copy()
    images[45:, 20:32, 20:40] = 0.55
    images[40:60, 60:70, 60:75] = 0.6
    built = np.zeros(images.shape, dtype=bool)
    built[45:, 20:32, 20:40] = built[40:60, 60:70, 60:75] = True
    found = hidden(images, skies.measured)
    # The texture at the edges of what is new is unlike that of one side only.
    assert found[built & skies.clear].mean() < 0.06


def test_with_few_looks_nothing_is_judged() -> None:
    images = np.full((3, 40, 40), 0.2, dtype=np.float32)
    images[1] = 0.9
    assert not hidden(images, np.ones(images.shape, dtype=bool)).any()


def test_a_roof_that_the_mask_calls_cloud_is_ground_again(skies: Skies) -> None:
    images = skies.visible.copy()
    roof = np.zeros(images.shape[1:], dtype=bool)
    roof[50:62, 40:60] = True
    images[:, roof] = np.where(skies.thick[:, roof], images[:, roof], 0.5 + 0.4 * (images[:, roof] - 0.2))
    flagged = skies.sensor_mask == Cause.CLOUD
    rng = np.random.default_rng(2)
    flagged[rng.random(len(images)) < 0.8] |= roof  # the mask fails in four looks of five
    back = ground_in_cloud(images, flagged)
    on_roof = np.broadcast_to(roof, images.shape)
    assert back[on_roof & flagged & skies.clear].mean() > 0.8
    assert back[flagged & skies.thick].mean() < 0.02  # and cloud stays cloud
    assert not back[~flagged].any()


def test_a_roof_put_up_late_is_given_back_from_then_on(skies: Skies) -> None:
    images = skies.visible.copy()
    flagged = skies.sensor_mask == Cause.CLOUD
    roof = (slice(60, None), slice(50, 60), slice(40, 60))
    images[roof] = np.where(skies.thick[roof], images[roof], 0.6)
    flagged[roof] = True
    back = ground_in_cloud(images, flagged)
    assert back[roof][skies.clear[roof]].mean() > 0.8


def test_real_cloudy_dates_have_a_low_clear_share_and_clear_ones_a_high_one(shared: Path, tmp_path: Path) -> None:
    """The confusion table of the dates that a reader of the pictures called cloudy, hazy or shaded."""
    folder = shared / "data" / "smart-timelapse"
    truth = json.loads((folder / "TRUTH_AE.json").read_text(encoding="utf-8"))["AE"]["clouds"]
    listed = {text.split()[0] for text in truth}
    # Not in the list, but who looks at these three pictures sees cloud over a fifth of them and more.
    cloudy_too = {"2018-12-25", "2020-02-28", "2020-03-09"}
    site = read_site(folder / "site.geojson")
    looks = read_cube(site, fetch(list_folder(folder / "AE_tif"), site, tmp_path, now=NOW).chips).looks
    table = {True: [0, 0], False: [0, 0]}
    for look in looks:
        assert look.captured is not None
        day = f"{look.captured:%Y-%m-%d}"
        clouded = (look.clear_share or 0.0) < 0.88
        table[day in listed][clouded] += 1
        if clouded:
            assert day in listed | cloudy_too
    assert table == {True: [0, 10], False: [81, 3]}
    assert {f"{look.captured:%Y-%m-%d}" for look in looks if look.outcome is Outcome.COULD_NOT_SEE} <= listed


@pytest.mark.parametrize(("scene", "least"), [("sentinel2", 0.9), ("landsat7", 0.8)])
def test_the_cloud_of_reference_masks_laid_over_a_record_is_found(shared: Path, scene: str, least: float) -> None:
    """Single scenes have no series, so their cloud and shadow are laid over every other look of a simulated one."""
    with np.load(shared / "data" / "cloudmask" / f"{scene}.npz") as reference:
        brightness, classes = reference["img"][..., :3].mean(axis=-1), reference["msk"][..., 0]
    shadow, land, cloud = 0, 3, 4
    world = simulate(Recipe(seed=77, size=144, looks=30, years=2.0, cloudiness=0.0, snow=False))
    images = np.stack([world.render(number)[:3].mean(axis=0) / 1e4 - 0.1 for number in range(len(world.scenes))])
    images = images.astype(np.float32)
    under = np.zeros(images.shape, dtype=bool)
    shaded = np.zeros(images.shape, dtype=bool)
    rng = np.random.default_rng(0)
    for look in range(0, len(images), 2):
        y, x = rng.integers(0, 512 - 144, 2)
        window = (slice(y, y + 144), slice(x, x + 144))
        under[look], shaded[look] = classes[window] == cloud, classes[window] == shadow
        dimmed = np.minimum(brightness[window] / np.median(brightness[classes == land]), 1)
        images[look] = np.where(
            under[look], brightness[window], np.where(shaded[look], images[look] * dimmed, images[look])
        )
    found = hidden(images, np.ones(images.shape, dtype=bool))
    assert found[under].mean() > least
    assert found[~(under | shaded)].mean() < 0.05
