"""Shadows of what was built, in its first winter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sitewatch.change import Kind, _detect, detect
from sitewatch.change._describe import FEATURES
from sitewatch.change._objects import Patch
from sitewatch.change._shadows import shadows
from sitewatch.change._stack import Stack
from small_cubes import cube_of

SIZE = 40
FIRST = np.datetime64("2021-01-03")
DATES = FIRST + np.arange(0, 3 * 365, 8)
LOOKS = len(DATES)
NO_PARTS = np.zeros((0, 2), dtype=np.int64)


def look(date: str) -> int:
    """The first look from a date on."""
    return int(np.searchsorted(DATES, np.datetime64(date)))


def stack(latitude: float = 50.0, pixel_m: float = 10.0) -> Stack:
    """A grid and its dates; nobody reads the values."""
    return Stack(
        values=np.zeros((SIZE * SIZE, 0, 6), dtype=np.float32),
        valid=np.ones((SIZE * SIZE, LOOKS), dtype=bool),
        days=DATES.astype(np.float64),
        shape=(SIZE, SIZE),
        bands=("blue", "green", "red", "nir", "swir16", "swir22"),
        latitude=latitude,
        pixel_m=pixel_m,
    )


def patch(rows: slice, columns: slice, start: str, end: str | None, change: float) -> Patch:
    """What changed by so much in every band, from one date until another."""
    y, x = np.mgrid[rows, columns]
    return Patch(
        pixels=(y * SIZE + x).ravel(),
        start=look(start),
        end=LOOKS if end is None else look(end),
        score=100.0,
        delta=np.full(6, change, dtype=np.float32),
        spread=0.1,
        scatter=0.0,
        common=0.0,
        usual=1.0,
    )


HALL = patch(slice(20, 26), slice(10, 20), "2023-04-20", None, 0.2)
SHADE = patch(slice(17, 20), slice(10, 19), "2023-10-25", None, -0.08)


def found(*patches: Patch, of: Stack | None = None, parts: np.ndarray = NO_PARTS, standing: bool = True) -> list[bool]:
    """What `shadows` says of patches on ground of brightness .2."""
    features = np.zeros((len(patches), len(FEATURES)))
    for row, one in zip(features, patches, strict=True):
        row[[FEATURES.index(f"bright_{side}") for side in ("before", "after")]] = 0.2
        row[FEATURES.index("bright_inside")] = 0.2 + one.delta[:3].mean()
    stands = np.full(len(patches), standing)
    return shadows(patches, stands, features, stack() if of is None else of, parts=parts).tolist()


def test_what_is_dark_behind_a_new_hall_from_the_first_autumn_on_is_its_shadow() -> None:
    assert found(HALL, SHADE) == [False, True]
    in_winter = replace(SHADE, start=look("2022-10-25"), end=look("2023-02-20"))
    assert found(replace(HALL, start=look("2022-04-20")), in_winter) == [False, True]


def test_looks_that_did_not_see_the_ground_do_not_tell_that_it_was_lit() -> None:
    clouded = stack()
    clouded.valid[:, look("2023-04-01") : look("2023-10-10")] = False
    assert found(HALL, SHADE, of=clouded) == [False, False]


def test_near_the_pole_no_shadow_is_longer_than_five_times_what_casts_it() -> None:
    far = patch(slice(8, 12), slice(8, 19), "2023-10-25", None, -0.08)
    assert found(HALL, far, of=stack(latitude=66.0)) == [False, False]
    assert found(HALL, SHADE, of=stack(latitude=66.0)) == [False, True]


def test_of_a_picture_the_shown_brightness_counts() -> None:
    shown = replace(stack(), dark=0.4, span=0.1)  # .2 of the place's range is .42 of the picture's
    assert found(HALL, SHADE, of=shown) == [False, False]
    assert found(HALL, replace(SHADE, delta=np.full(6, -0.3, dtype=np.float32)), of=shown) == [False, True]


def test_in_the_south_it_falls_to_the_south_and_in_june() -> None:
    hall = replace(HALL, start=look("2022-11-01"))
    to_the_south = patch(slice(26, 29), slice(10, 19), "2023-05-01", "2023-08-15", -0.08)
    assert found(hall, to_the_south, of=stack(latitude=-50.0)) == [False, True]
    assert found(hall, to_the_south) == [False, False]


@pytest.mark.parametrize(
    "other",
    [
        patch(slice(26, 29), slice(10, 19), "2023-10-25", None, -0.08),  # on its sunny side
        patch(slice(8, 11), slice(10, 19), "2023-10-25", None, -0.08),  # beyond any shadow
        patch(slice(21, 25), slice(10, 19), "2023-10-25", None, -0.08),  # on the hall itself
        patch(slice(17, 20), slice(10, 19), "2023-06-20", None, -0.08),  # in summer
        patch(slice(17, 20), slice(10, 19), "2023-04-20", None, -0.08),  # with the hall
        patch(slice(17, 20), slice(10, 19), "2023-10-25", None, 0.08),  # brighter
        patch(slice(17, 20), slice(10, 19), "2023-10-25", None, -0.005),  # hardly darker
    ],
)
def test_what_is_elsewhere_or_from_another_time_is_none(other: Patch) -> None:
    assert found(HALL, other) == [False, False]


def test_a_band_that_grows_brighter_a_hall_that_stood_for_long_and_one_that_is_gone_cast_none() -> None:
    coloured = replace(SHADE, delta=np.array([-0.1, -0.1, -0.1, -0.1, -0.1, 0.01], dtype=np.float32))
    assert found(HALL, coloured) == [False, False]
    assert found(replace(HALL, start=look("2022-04-20")), SHADE) == [False, False]
    assert found(replace(HALL, end=look("2023-11-25")), SHADE) == [False, False]
    assert found(HALL, SHADE, standing=False) == [False, False]
    assert found(HALL, SHADE, of=stack(pixel_m=0.0)) == [False, False]
    assert found(HALL, SHADE, of=stack(pixel_m=60.0)) == [False, False]


def test_darker_parts_of_a_shadow_are_shadow_and_the_hall_beside_it_is_not() -> None:
    piece = patch(slice(15, 18), slice(11, 14), "2023-11-20", None, -0.005)
    parts = np.array([[1, 2], [1, 0], [0, 1]])
    assert found(HALL, SHADE, piece, parts=parts) == [False, True, True]
    assert found(replace(HALL, delta=-HALL.delta / 4), SHADE, piece, parts=parts) == [False, True, True]


def test_the_hall_is_told_and_its_shadow_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    values = np.array([0.09, 0.12, 0.15, 0.2, 0.24, 0.2])[:, None, None] * rng.uniform(0.97, 1.03, (1, 6, SIZE, SIZE))
    values = values + rng.normal(0, 0.006, (LOOKS, 6, SIZE, SIZE))
    values[look("2023-04-20") :, :, 20:26, 10:20] += 0.2
    values[look("2023-10-25") :, :, 17:20, 10:19] *= 0.6
    cube = cube_of(values, DATES, latitude=50.0)

    def claimed() -> list[int]:
        changes = detect(cube, false_alarms=10.0, inside=np.ones((SIZE, SIZE), dtype=bool))
        return sorted(int(c.pixels[0]) // SIZE for c in changes if c.kind is Kind.STRUCTURE)

    assert claimed() == [20]
    monkeypatch.setattr(_detect, "shadows", lambda patches, *_, **__: np.zeros(len(patches), dtype=bool))
    assert claimed() == [17, 20]
