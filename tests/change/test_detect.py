"""From a cube to its changes: what is searched of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from sitewatch.change import compare_pair, detect, detect_again
from small_cubes import cube_of

SIZE, LOOKS = 40, 60


@pytest.fixture(scope="module")
def pictures() -> xr.Dataset:
    """Pictures with an infrared band, in which a hall goes up; half of the place is green."""
    rng = np.random.default_rng(4)
    values = np.array([0.3, 0.35, 0.4, 0.4])[:, None, None] + np.zeros((LOOKS, 4, SIZE, SIZE))
    values[:, 3, :, : SIZE // 2] = 0.8
    values += rng.normal(0, 0.02, (1, 4, SIZE, SIZE)) + rng.normal(0, 0.01, values.shape)
    values[25:, :, 10:17, 22:32] += 0.3
    dates = np.datetime64("2021-01-01") + np.arange(LOOKS) * 9
    return cube_of(values, dates, bands=("blue", "green", "red", "nir"), units="picture", latitude=45.0)


def test_of_pictures_only_what_the_eye_sees_is_searched(pictures: xr.Dataset, tmp_path: Path) -> None:
    inside = np.ones((SIZE, SIZE), dtype=bool)
    shown = pictures.sel(band=["blue", "green", "red"])
    seen = detect(shown, false_alarms=5.0, inside=inside)
    assert any(change.began is not None and change.began.by == 25 for change in seen)

    def told(cube: xr.Dataset) -> list[tuple[bytes, float]]:
        return [(c.pixels.tobytes(), c.probability) for c in detect(cube, false_alarms=5.0, inside=inside)]

    assert told(pictures) == told(shown)
    again, _ = detect_again(pictures, false_alarms=5.0, inside=inside, kept=tmp_path / "search.npz")
    assert [(c.pixels.tobytes(), c.probability) for c in again] == told(shown)
    two, both = (cube.isel(time=[0, 40]) for cube in (pictures, shown))
    assert [c.probability for c in compare_pair(two, false_alarms=5.0, inside=inside)] == [
        c.probability for c in compare_pair(both, false_alarms=5.0, inside=inside)
    ]
