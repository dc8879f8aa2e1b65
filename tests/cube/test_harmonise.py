"""Two optical families as one series: laid on each other, calibrated, on one grid, or kept apart with a reason."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords
from scipy import ndimage

import sitewatch.cube._adjust as adjust
import sitewatch.cube._harmonise as room
from sitewatch.cube import Harmony, Look, Outcome, Readings, harmonise, harmony_sentences, read_harmony, without_few
from sitewatch.cube._bandpass import Line, published_line
from sitewatch.cube._between import Nesting
from sitewatch.cube._calibrate import Pair, calibrate

BANDS = ("blue", "green", "red", "nir")
SENTINEL, LANDSAT, PLANET = "sentinel-2 reflectance", "landsat reflectance", "planetscope reflectance"
SIDE, TIMES, CELLS = 120, 3, 4
"""Fine pixels along an edge, of which a coarse one has three; the ground has four cells a fine pixel, so that what the
tests shift and average was never interpolated."""
GAIN = np.array([0.90, 1.05, 0.93, 1.10])
OFFSET = np.array([0.010, -0.006, 0.004, 0.0])
NOISE = 0.004
START = np.datetime64("2021-01-01", "ns")

Ground = Callable[[int], NDArray[np.float64]]
"""A day's ground, (band, y, x) cells."""


def patchwork(seed: int = 1) -> NDArray[np.float64]:
    """Fields and roofs of random size and reflectance, reaching beyond what is seen by ten fine pixels on each side."""
    rng = np.random.default_rng(seed)
    side = (SIDE + 20) * CELLS
    ground = np.tile(rng.uniform(0.05, 0.15, (len(BANDS), 1, 1)), (1, side, side))
    for _ in range(500):
        y, x = rng.integers(0, side, 2)
        height, width = rng.integers(8, 50, 2)
        colour = rng.uniform(0.03, 0.4) * rng.uniform(0.7, 1.3, len(BANDS))
        ground[:, y : y + height, x : x + width] = colour[:, None, None]
    return ground


PLACE = patchwork()


def blocks(ground: NDArray[np.float64], pixel: int, *, off: tuple[int, int] = (0, 0)) -> NDArray[np.float64]:
    """Means over pixels of so many cells, of what lies `off` cells from where the grid says."""
    first = 10 * CELLS
    part = ground[:, first + off[0] :, first + off[1] :][:, : SIDE * CELLS, : SIDE * CELLS]
    edge = SIDE * CELLS // pixel
    return np.asarray(part.reshape(len(ground), edge, pixel, edge, pixel).mean(axis=(2, 4)))


def readings(
    family: str, days: Sequence[int], ground: Ground, *, pixel: int, seed: int, off: tuple[int, int] = (0, 0),
    bands: Sequence[str] = BANDS,
) -> Readings:  # fmt: skip
    """A family as it would be read: its own noise, nothing hidden."""
    rng = np.random.default_rng(seed)
    # Held while their ids are keys: that of an array which is gone may be another's.
    grounds = [ground(day) for day in days]
    shown = {id(one): blocks(one, pixel * CELLS, off=off) for one in grounds}
    images = np.stack([shown[id(one)] for one in grounds])
    if family == LANDSAT:
        images = (images - OFFSET[:, None, None]) / GAIN[:, None, None]
    images = images + rng.normal(0, NOISE, images.shape)
    grid = GeoBox(images.shape[2:], Affine(10.0 * pixel, 0, 5e5, 0, -10.0 * pixel, 5e6), "EPSG:32631")
    times = START + np.array(days) * np.timedelta64(1, "D")
    scenes = [f"{family[0]}{day:03}" for day in days]
    cube = xr.Dataset(
        {
            "reflectance": (("time", "band", "y", "x"), images[:, : len(bands)].astype(np.float16)),
            "valid": (("time", "y", "x"), np.ones((len(days), *grid.shape), dtype=bool)),
        },
        coords={
            "time": ("time", times),
            "time_end": ("time", times),
            "scene": ("time", scenes),
            "sensor": ("time", [family.split(maxsplit=1)[0]] * len(days)),
            "band": ("band", list(bands)),
            **xr_coords(grid),
        },
        attrs={"units": "reflectance", "latitude": 45.0},
    )
    moment = dt.datetime(2021, 1, 1, tzinfo=dt.UTC)
    looks = tuple(
        Look(scene=scene, sensor=family, captured=moment, published=moment, published_is_recorded=False,
             outcome=Outcome.USED)
        for scene in scenes
    )  # fmt: skip
    return Readings(cube=cube, looks=looks, family=family, grid=grid)


def still(_: int) -> NDArray[np.float64]:
    return PLACE


BUILT = 100
"""The day on which the hall stands."""
HALL = (slice(60, 66), slice(43, 52))
"""In fine pixels: six by nine, at no edge of a coarse pixel along x."""


def with_hall() -> NDArray[np.float64]:
    ground = PLACE.copy()
    rows, columns = (slice((10 + s.start) * CELLS, (10 + s.stop) * CELLS) for s in HALL)
    ground[:, rows, columns] = 0.45
    return ground


BUILT_UP = with_hall()


def building(day: int) -> NDArray[np.float64]:
    """The place, with a bright hall from `BUILT` on."""
    return PLACE if day < BUILT else BUILT_UP


FINE_DAYS, COARSE_DAYS = (0, 30, 60, 92, 130, 160, 190, 220), (5, 41, 75, 96, 104, 118, 150, 200)
OFF = (2, -3)
"""Cells: half a fine pixel south, three quarters west."""


@pytest.fixture(scope="module")
def built() -> tuple[Readings, Readings, Harmony]:
    fine = readings(SENTINEL, FINE_DAYS, building, pixel=1, seed=2)
    coarse = readings(LANDSAT, COARSE_DAYS, building, pixel=TIMES, seed=3, off=OFF)
    return fine, coarse, harmonise([fine, coarse], least=7)


def rms(values: NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(np.asarray(values, dtype=np.float64) ** 2)))


def test_offset_gain_and_level_of_the_second_stack_are_found(built: tuple[Readings, Readings, Harmony]) -> None:
    _, _, harmony = built
    (how,) = harmony.adjusted
    assert how.offset == pytest.approx(np.array(OFF) / CELLS, abs=0.12)
    assert abs(how.shift_m - 10 * np.hypot(*OFF) / CELLS) < 3 * how.shift_sigma_m
    assert how.calibration.gain == pytest.approx(GAIN, abs=0.012)
    at = 0.15  # where the ground is: gain and offset are drawn from the same points, and err together
    assert how.calibration.gain * at + how.calibration.offset == pytest.approx(GAIN * at + OFFSET, abs=0.002)
    assert harmony.families == (SENTINEL, LANDSAT)
    assert not harmony.apart


def test_the_offset_is_found_at_a_small_place_too() -> None:
    """20 coarse pixels along an edge are too few to measure on by themselves."""
    fine = readings(SENTINEL, FINE_DAYS, still, pixel=1, seed=2)
    coarse = readings(LANDSAT, COARSE_DAYS, still, pixel=TIMES, seed=3, off=OFF)
    (how,) = harmonise([cut(fine, 60), cut(coarse, 20)], least=7).adjusted
    assert how.offset == pytest.approx(np.array(OFF) / CELLS, abs=0.2)


def cut(one: Readings, edge: int) -> Readings:
    """The upper left part of a family's cube."""
    assert one.cube is not None
    cube = one.cube.isel(y=slice(0, edge), x=slice(0, edge))
    return replace(one, cube=cube, grid=cube.odc.geobox)


def test_every_look_is_there_in_time_order_with_its_own_family(built: tuple[Readings, Readings, Harmony]) -> None:
    fine, _, harmony = built
    cube = harmony.cube
    assert cube is not None
    assert cube["scene"].values.tolist() == [
        name for _, name in sorted([*((d, f"s{d:03}") for d in FINE_DAYS), *((d, f"l{d:03}") for d in COARSE_DAYS)])
    ]
    assert set(zip(cube["sensor"].values.tolist(), cube["family"].values.tolist(), strict=True)) == {
        ("sentinel-2", SENTINEL), ("landsat", LANDSAT),
    }  # fmt: skip
    assert cube.odc.geobox == fine.grid
    mine = cube.isel(time=cube["family"].values == SENTINEL)
    assert fine.cube is not None
    assert np.array_equal(mine["reflectance"].values, fine.cube["reflectance"].values)


def test_ground_that_did_not_change_keeps_the_detail_of_the_fine_looks(
    built: tuple[Readings, Readings, Harmony],
) -> None:
    _, coarse, harmony = built
    assert harmony.cube is not None
    assert coarse.cube is not None
    truth = blocks(building(41), CELLS)
    inner = (slice(None), slice(8, -8), slice(8, -8))
    made = harmony.cube["reflectance"].sel(time=START + np.timedelta64(41, "D")).values
    spread = ndimage.zoom(
        GAIN[:, None, None] * coarse.cube["reflectance"].values[1] + OFFSET[:, None, None], (1, 3, 3), order=1
    )
    assert rms((made - truth)[inner]) < 0.008
    assert rms((spread - truth)[inner]) > 0.03  # the same look, without the detail


def test_what_went_up_between_fine_looks_is_dated_by_the_coarse_ones(
    built: tuple[Readings, Readings, Harmony],
) -> None:
    _, _, harmony = built
    assert harmony.cube is not None
    hall = harmony.cube["reflectance"].values[:, 2, HALL[0], HALL[1]].astype(np.float64).mean(axis=(1, 2))
    days = ((harmony.cube["time"].values - START) / np.timedelta64(1, "D")).astype(int)
    before, after = blocks(PLACE, CELLS)[2, HALL[0], HALL[1]].mean(), 0.45
    assert abs(after - before) > 0.1
    came = (hall - before) / (after - before)
    assert came == pytest.approx((days >= BUILT).astype(float), abs=0.15)
    assert {96, 104} < set(days.tolist())  # both lie between the fine looks of days 92 and 130


def test_finer_looks_are_averaged_to_a_grid_of_which_there_are_far_more_looks() -> None:
    coarse = readings(LANDSAT, range(0, 240, 12), still, pixel=TIMES, seed=4)
    fine = readings(SENTINEL, (3, 50, 99, 140, 200), still, pixel=1, seed=5, off=OFF)
    harmony = harmonise([coarse, fine], least=7)
    assert harmony.cube is not None
    assert harmony.families == (LANDSAT, SENTINEL)
    assert harmony.cube.odc.geobox == coarse.grid
    (how,) = harmony.adjusted
    assert how.offset == pytest.approx(-np.array(OFF) / CELLS, abs=0.12)
    assert how.calibration.gain == pytest.approx(1 / GAIN, abs=0.015)
    truth = (blocks(PLACE, TIMES * CELLS) - OFFSET[:, None, None]) / GAIN[:, None, None]
    made = harmony.cube["reflectance"].sel(time=START + np.timedelta64(99, "D")).values
    assert rms((made - truth)[:, 3:-3, 3:-3]) < 0.006


def test_the_finer_family_makes_the_grid_where_it_has_looks_enough() -> None:
    coarse = readings(LANDSAT, range(0, 180, 18), still, pixel=TIMES, seed=4)
    fine = readings(SENTINEL, range(5, 180, 30), still, pixel=1, seed=5)
    harmony = harmonise([coarse, fine], least=7)
    assert harmony.families == (SENTINEL, LANDSAT)
    assert harmony_sentences(harmony.document()) == [
        f"Searched as one series of 16 looks on pixels of 10 m: {SENTINEL}, {LANDSAT}",
        f"Looks of {LANDSAT} were searched with the detail of the finer ones around them",
    ]


def test_another_place_is_refused_in_one_sentence_and_too_few_of_it_are_rejected() -> None:
    fine = readings(SENTINEL, FINE_DAYS, still, pixel=1, seed=2)
    # Of the same layout, so that it can be laid on the first, but of other colours in one band.
    rng = np.random.default_rng(6)
    odd = PLACE.copy()
    odd[3] = ndimage.zoom(rng.uniform(0.05, 0.5, (14, 14)), odd.shape[1] / 14, order=0)
    other = readings(LANDSAT, (5, 41, 75, 96, 104), lambda _: odd, pixel=TIMES, seed=3)
    harmony = harmonise([fine, other], least=7)
    assert harmony.cube is None
    why = harmony.apart[LANDSAT]
    assert why.startswith(
        f"{LANDSAT} is not made one series with {SENTINEL}: in nir its adjusted looks still differ by "
    )
    assert why.endswith("it stays out, as its 5 looks are too few to be searched alone (7 are needed)")
    assert harmony.document()["grid_m"] is None
    assert harmony_sentences(harmony.document())[0].startswith("Landsat reflectance is not")
    kept = without_few([fine, other], least=7, harmony=harmony)
    assert [one.cube is None for one in kept] == [False, True]
    assert {(look.outcome, look.reason) for look in kept[1].looks} == {(Outcome.REJECTED, why)}
    more = readings(LANDSAT, COARSE_DAYS, lambda _: odd, pixel=TIMES, seed=3)
    harmony = harmonise([fine, more], least=7)
    assert harmony.apart[LANDSAT].endswith("; it is searched alone")
    assert without_few([fine, more], least=7, harmony=harmony)[1] is more


def test_few_looks_of_a_family_that_is_brought_to_another_stay_used() -> None:
    fine = readings(SENTINEL, FINE_DAYS, still, pixel=1, seed=2)
    few = readings(LANDSAT, (5, 41, 75), still, pixel=TIMES, seed=3)
    harmony = harmonise([fine, few], least=7)
    assert without_few([fine, few], least=7, harmony=harmony) == (fine, few)
    assert harmony.document()["looks"] == 11


def test_what_cannot_be_brought_together_says_why() -> None:
    fine = readings(SENTINEL, FINE_DAYS, still, pixel=1, seed=2)
    rgb = readings("drone reflectance", FINE_DAYS, still, pixel=1, seed=3, bands=BANDS[:3])
    late = readings(LANDSAT, (900, 930, 960), still, pixel=TIMES, seed=3)
    harmony = harmonise([fine, rgb, late], least=7)
    assert harmony.cube is None
    assert "they do not share nir" in harmony.apart["drone reflectance"]
    assert "0 of its looks lie within 40 days of one of the other's; 3 are needed" in harmony.apart[LANDSAT]
    small = harmonise([cut(fine, 21), cut(readings(LANDSAT, COARSE_DAYS, still, pixel=TIMES, seed=3), 7)], least=7)
    told = (
        "8 of its looks lie within 40 days of one of the other's, and with 0 of them it shares 50 pixels of seen ground"
    )
    assert told in small.apart[LANDSAT]
    radar = replace(fine, family="sentinel-1 backscatter, relative orbit 44")
    assert harmonise([radar, fine], least=7) == Harmony(cube=None, families=(), apart={})


def test_a_series_that_does_not_fit_beside_the_cubes_is_refused_before_any_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fine = readings(SENTINEL, FINE_DAYS, still, pixel=1, seed=2)
    other = readings(LANDSAT, COARSE_DAYS, still, pixel=TIMES, seed=3)
    assert fine.cube is not None
    monkeypatch.setattr(room, "MAX_CUBE_BYTES", 2 * fine.cube["reflectance"].nbytes)
    monkeypatch.delattr(room, "fit")
    harmony = harmonise([fine, other], least=7)
    assert harmony.cube is None
    assert "one cube of both needs" in harmony.apart[LANDSAT]


def test_a_further_family_must_have_the_bands_that_the_others_share() -> None:
    fine = readings(SENTINEL, FINE_DAYS, still, pixel=1, seed=2)
    other = readings(LANDSAT, COARSE_DAYS, still, pixel=TIMES, seed=3)
    poor = readings(PLANET, FINE_DAYS[:7], lambda _: PLACE[1:], pixel=1, seed=4, bands=BANDS[1:])
    harmony = harmonise([fine, other, poor], least=7)
    assert harmony.families == (SENTINEL, LANDSAT)
    assert "it lacks blue, too much to give up for 7 looks beside 16; it is searched alone" in harmony.apart[PLANET]


def test_bands_of_the_whole_series_are_not_given_up_for_a_few_looks() -> None:
    fine = readings(SENTINEL, range(0, 240, 12), still, pixel=1, seed=2)

    def beside(days: Sequence[int]) -> Harmony:
        poor = readings(PLANET, days, lambda _: PLACE[1:], pixel=TIMES, seed=3, bands=BANDS[1:])
        return harmonise([fine, poor], least=7)

    few = beside(range(3, 240, 13))
    assert few.cube is None
    assert "it lacks blue, too much to give up for 19 looks beside 20" in few.apart[PLANET]
    many = beside(range(3, 240, 12))
    assert many.cube is not None
    assert many.cube["band"].values.tolist() == list(BANDS[1:])


def test_a_family_with_all_bands_comes_before_one_with_more_looks() -> None:
    fine = readings(SENTINEL, range(0, 240, 24), still, pixel=1, seed=2)
    other = readings(LANDSAT, (5, 41, 75), still, pixel=TIMES, seed=3)
    poor = readings(PLANET, range(3, 240, 22), lambda _: PLACE[1:], pixel=1, seed=4, bands=BANDS[1:])
    harmony = harmonise([fine, other, poor], least=7)
    assert harmony.families == (SENTINEL, LANDSAT)  # eleven beside ten would be enough, beside thirteen they are not


def test_fewer_looks_than_a_search_needs_are_not_made_one_series() -> None:
    """Two looks of them would be compared, and those of two sensors differ by more than the ground."""
    fine = readings(SENTINEL, FINE_DAYS[:3], still, pixel=1, seed=2)
    other = readings(LANDSAT, COARSE_DAYS[:3], still, pixel=TIMES, seed=3)
    assert harmonise([fine, other], least=6).cube is not None
    harmony = harmonise([fine, other], least=7)
    assert harmony.cube is None
    assert "they have 6 looks together, and 7 are needed to search them as one" in harmony.apart[LANDSAT]


def test_the_main_family_is_never_said_to_stay_out() -> None:
    """The one that makes the grid may be another; the main one is searched in any case."""
    main = readings(LANDSAT, COARSE_DAYS[:5], lambda _: PLACE[::-1], pixel=TIMES, seed=3)
    fine = readings(SENTINEL, FINE_DAYS[:4], still, pixel=1, seed=2)
    harmony = harmonise([main, fine], least=7)
    assert list(harmony.apart) == [SENTINEL]
    assert harmony.apart[SENTINEL].startswith(f"{SENTINEL} is not made one series with {LANDSAT} (of the latter: in ")
    assert harmony.apart[SENTINEL].endswith(
        "; it stays out, as its 4 looks are too few to be searched alone (7 are needed)"
    )
    kept = without_few([main, fine], least=7, harmony=harmony)
    assert [one.cube is None for one in kept] == [False, True]
    # Beside two others that are one series, it is the one that is told of.
    other = readings(PLANET, FINE_DAYS, still, pixel=1, seed=4)
    harmony = harmonise([main, fine, other], least=7)
    assert set(harmony.families) == {SENTINEL, PLANET}
    assert harmony.apart[LANDSAT].endswith("; of its 5 looks two are compared")


def test_one_pair_hardly_moves_the_published_line_and_many_do() -> None:
    rng = np.random.default_rng(7)
    ground = rng.uniform(0.05, 0.4, (1, 4000))

    def pair(gain: float) -> Pair:
        noisy = (ground + rng.normal(0, 0.01, ground.shape), gain * ground + rng.normal(0, 0.01, ground.shape))
        return Pair(look=noisy[0].astype(np.float32), onto=noisy[1].astype(np.float32))

    prior = [Line(gain=1.0, offset=0.0)]
    few, many = (calibrate([pair(1.08) for _ in range(n)], prior) for n in (1, 12))
    # The posterior of a normal mean: weight of n pairs n / (n + (.02 / .05)^2).
    assert few.gain[0] - 1 == pytest.approx(0.08 / 1.16, abs=0.006)
    assert many.gain[0] == pytest.approx(1.08, abs=0.004)  # least squares would say 1.067: the look is noisy too
    none = calibrate([Pair(look=np.full((1, 9), np.nan, np.float32), onto=np.full((1, 9), np.nan, np.float32))], prior)
    assert (none.pairs, none.gain[0], none.offset[0]) == (0, 1.0, 0.0)


def test_changed_ground_does_not_bend_the_line() -> None:
    rng = np.random.default_rng(8)
    ground = rng.uniform(0.05, 0.3, (1, 4000))
    onto = 0.95 * ground + rng.normal(0, 0.004, ground.shape)
    onto[:, :800] += 0.2
    pairs = [Pair(look=ground.astype(np.float32), onto=onto.astype(np.float32))] * 5
    fit = calibrate(pairs, [Line(gain=1.0, offset=0.0)])
    assert fit.gain[0] == pytest.approx(0.95, abs=0.01)


def test_the_published_lines_are_those_of_hls() -> None:
    """Claverie et al. 2018, table of hls.gsfc.nasa.gov/algorithms/bandpass-adjustment: red .9765, .0009."""
    there = published_line(of=SENTINEL, onto=LANDSAT, band="red")
    assert (there.gain, there.offset) == (0.9765, 0.0009)
    back = published_line(of=LANDSAT, onto=SENTINEL, band="red")
    assert back.gain * (there.gain * 0.3 + there.offset) + back.offset == pytest.approx(0.3)
    assert published_line(of=PLANET, onto=SENTINEL, band="red") == Line(gain=1.0, offset=0.0)


def test_spreading_a_plane_and_averaging_it_gives_the_plane_back() -> None:
    """A plane is what bilinear interpolation and means of blocks both leave as it is."""
    nesting = Nesting(times=3, top=1, left=2, fine=(40, 50), coarse=(14, 18))
    offset = np.array([0.4, -0.7])
    rows, columns = np.mgrid[0:40, 0:50]
    fine = (0.01 * rows + 0.02 * columns)[None].astype(np.float32)
    coarse = nesting.averaged(fine, offset)
    assert np.isnan(coarse[0, 0, 0])  # it begins above and to the left of the fine grid
    inner = (slice(None), slice(5, -5), slice(5, -5))
    assert nesting.spread(coarse, offset)[inner] == pytest.approx(fine[inner], abs=1e-5)


def test_a_pair_holds_so_many_pixels_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adjust, "_PAIR_PIXELS", 400)
    fine = readings(SENTINEL, FINE_DAYS, still, pixel=1, seed=2)
    other = readings(LANDSAT, COARSE_DAYS, still, pixel=TIMES, seed=3)
    both = adjust.Both.of(fine, other, BANDS)
    assert both is not None
    sizes = {pair.look.shape[1] for pair in adjust._pairs(both, np.zeros(2))[0]}
    assert sizes == {20 * 20}
    (how,) = harmonise([fine, other], least=7).adjusted
    assert how.calibration.gain == pytest.approx(GAIN, abs=0.03)


def test_grids_that_do_not_lie_whole_in_each_other_are_refused() -> None:
    def grid(pixel: float, left: float = 0.0) -> GeoBox:
        return GeoBox((12, 12), Affine(pixel, 0, 5e5 + left, 0, -pixel, 5e6), "EPSG:32631")

    nesting = Nesting.of(grid(10), grid(30, -20))
    assert nesting == Nesting(times=3, top=0, left=2, fine=(12, 12), coarse=(12, 12))
    assert Nesting.of(grid(9), grid(30)) is None
    assert Nesting.of(grid(10), grid(30, -15)) is None
    assert Nesting.of(grid(10), grid(30, 10)) is None, "it would begin inside the fine one"
    assert Nesting.of(grid(10), GeoBox((12, 12), Affine(30, 0, 5e5, 0, -30, 5e6), "EPSG:32632")) is None
    # Beside a main sensor of 3 m, Sentinel-2 has 9 m and Landsat 30 m.
    fine = replace(readings(SENTINEL, FINE_DAYS, still, pixel=1, seed=2), grid=grid(9))
    harmony = harmonise([fine, readings(LANDSAT, COARSE_DAYS, still, pixel=TIMES, seed=3)], least=7)
    assert harmony.cube is None
    assert "pixels of 30 m are not made of whole ones of 9 m" in harmony.apart[LANDSAT]


def test_a_sensor_without_near_infrared_does_not_keep_the_others_apart() -> None:
    rgb = readings("drone reflectance", FINE_DAYS, still, pixel=1, seed=3, bands=BANDS[:3])
    fine = readings(SENTINEL, FINE_DAYS, still, pixel=1, seed=2)
    other = readings(LANDSAT, COARSE_DAYS, still, pixel=TIMES, seed=3)
    harmony = harmonise([rgb, fine, other], least=7)
    assert harmony.families == (SENTINEL, LANDSAT)
    assert list(harmony.apart) == ["drone reflectance"]


def test_a_finer_sensor_makes_no_grid_that_costs_the_others_bands() -> None:
    main = readings(LANDSAT, range(0, 240, 12), still, pixel=TIMES, seed=3)

    def beside(days: Sequence[int]) -> Harmony:
        poor = readings(PLANET, days, lambda _: PLACE[1:], pixel=1, seed=4, bands=BANDS[1:])
        return harmonise([main, poor], least=7)

    assert beside(range(3, 240, 20)).families == ()
    assert "it lacks blue, too much to give up for 12 looks beside 20" in beside(range(3, 240, 20)).apart[PLANET]
    assert beside(range(3, 240, 12)).families == (PLANET, LANDSAT)


def test_half_as_many_finer_looks_make_the_grid() -> None:
    main = readings(LANDSAT, range(0, 240, 12), still, pixel=TIMES, seed=3)
    for looks, first in ((9, LANDSAT), (10, SENTINEL)):
        fine = readings(SENTINEL, range(5, 5 + 24 * looks, 24), still, pixel=1, seed=2)
        assert harmonise([main, fine], least=7).families[0] == first


def test_one_sensor_that_fits_none_does_not_keep_the_others_apart() -> None:
    fine = readings(SENTINEL, range(0, 240, 12), still, pixel=1, seed=2)
    other = readings(LANDSAT, COARSE_DAYS, still, pixel=TIMES, seed=3)
    rng = np.random.default_rng(6)
    odd = PLACE.copy()
    odd[3] = ndimage.zoom(rng.uniform(0.05, 0.5, (14, 14)), odd.shape[1] / 14, order=0)
    misfit = readings(PLANET, range(3, 240, 12), lambda _: odd, pixel=1, seed=4)
    # It is as fine as the first, and would be the first to make the grid as the main one.
    harmony = harmonise([misfit, fine, other], least=7)
    assert harmony.families == (SENTINEL, LANDSAT)
    assert harmony.apart[PLANET].startswith(f"{PLANET} is not made one series with {SENTINEL} (of the latter: in nir ")


def test_each_of_three_that_fit_none_of_the_others_is_told_with_whom() -> None:
    rng = np.random.default_rng(6)

    def odd() -> NDArray[np.float64]:
        ground = PLACE.copy()
        ground[3] = ndimage.zoom(rng.uniform(0.05, 0.5, (14, 14)), ground.shape[1] / 14, order=0)
        return ground

    grounds = [odd(), odd()]
    main = readings(LANDSAT, range(0, 240, 20), lambda _: grounds[0], pixel=TIMES, seed=3)
    fine = readings(SENTINEL, range(4, 240, 24), still, pixel=1, seed=2)
    third = readings(PLANET, range(9, 240, 26), lambda _: grounds[1], pixel=1, seed=4)
    harmony = harmonise([main, fine, third], least=7)
    assert harmony.families == ()
    # That of Sentinel-2 would make the grid. The main family is searched in any case, and is not told of.
    assert set(harmony.apart) == {SENTINEL, PLANET}
    assert harmony.apart[PLANET].startswith(f"{PLANET} is not made one series with {SENTINEL}: in nir ")
    assert harmony.apart[SENTINEL].startswith(
        f"{SENTINEL} is not made one series with {LANDSAT} (of the latter: in nir "
    )


def test_clear_looks_calibrate_where_the_nearest_are_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adjust, "_PAIRS", 4)
    fine = readings(SENTINEL, range(0, 240, 30), still, pixel=1, seed=2)
    other = readings(LANDSAT, sorted([*range(1, 240, 30), *range(9, 240, 30)]), still, pixel=TIMES, seed=3)
    assert other.cube is not None
    other.cube["valid"].values[::2] = False  # those a day away
    (how,) = harmonise([fine, other], least=7).adjusted
    assert how.calibration.pairs == 4


def test_a_haze_over_all_of_a_coarse_look_does_not_date_anything() -> None:
    """The share of the way from before to after is told by what pixels do not have in common."""
    fine = readings(SENTINEL, FINE_DAYS, building, pixel=1, seed=2)
    clear, hazy = (readings(LANDSAT, COARSE_DAYS, building, pixel=TIMES, seed=3) for _ in range(2))
    assert hazy.cube is not None
    number = COARSE_DAYS.index(96)
    hazy.cube["reflectance"].values[number] += np.float16(0.03)
    first, second = (harmonise([fine, one], least=7).cube for one in (clear, hazy))
    assert first is not None
    assert second is not None
    at = (first["scene"].values == "l096").argmax()
    difference = second["reflectance"].values[at].astype(float) - first["reflectance"].values[at]
    rows, columns = HALL
    hall = np.zeros(difference.shape[1:], dtype=bool)
    hall[rows, columns] = True
    assert difference[:, hall].mean() == pytest.approx(difference[:, ~hall].mean(), abs=0.004)


def test_looks_may_differ_as_the_others_do_among_themselves() -> None:
    """Restless ground (crops in patches of their own) is no reason to keep a sensor apart."""

    def season(restless: float) -> Ground:
        rng = np.random.default_rng(11)
        grounds = {}
        for day in range(300):
            field = ndimage.zoom(rng.normal(0, restless, (40, 40)), PLACE.shape[1] / 40, order=0)
            grounds[day] = field

        return lambda day: PLACE + grounds[day]

    days = (range(0, 240, 24), range(12, 240, 24))
    ground = season(0.02)
    alike = harmonise(
        [readings(SENTINEL, days[0], ground, pixel=1, seed=2), readings(LANDSAT, days[1], ground, pixel=TIMES, seed=3)],
        least=7,
    )
    assert alike.families == (SENTINEL, LANDSAT)
    assert (alike.adjusted[0].calibration.residual > 0.012).all()
    apart = harmonise(
        [readings(SENTINEL, days[0], still, pixel=1, seed=2), readings(LANDSAT, days[1], ground, pixel=TIMES, seed=3)],
        least=7,
    )
    assert "its adjusted looks still differ by" in apart.apart[LANDSAT]


def test_an_offset_that_is_unsure_keeps_sensors_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    fine = readings(SENTINEL, FINE_DAYS, still, pixel=1, seed=2)
    other = readings(LANDSAT, COARSE_DAYS, still, pixel=TIMES, seed=3)
    for sigma, told in ((1.4, None), (1.6, "it seems to lie 0 m off, too far or too unsure (+-16 m) to be moved")):
        monkeypatch.setattr(adjust, "_apart", lambda _, sigma=sigma: (np.zeros(2), sigma))
        apart = harmonise([fine, other], least=7).apart
        assert apart == {} if told is None else told in apart[LANDSAT]


def test_what_a_run_wrote_is_read_back_and_what_was_changed_is_not(built: tuple[Readings, Readings, Harmony]) -> None:
    told = json.loads(json.dumps(built[2].document()))
    assert read_harmony(told) == told
    for key, value in (
        ("families", "abc"), ("families", [3]), ("looks", "x"), ("grid_m", "x"), ("grid_m", None), ("grid_m", -1),
        ("apart", []), ("apart", {"a": 1}), ("adjusted", None), ("adjusted", [{}]),
        ("adjusted", [{"pixel_m": 30.0}]), ("adjusted", [{"family": "a"}]),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="which sensors were one series"):
            read_harmony({**told, key: value})
        with pytest.raises(ValueError, match="which sensors were one series"):
            read_harmony({name: part for name, part in told.items() if name != key})
    with pytest.raises(TypeError):
        read_harmony("nonsense")
