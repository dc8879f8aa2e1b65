"""The search when looks were added, against the search of all of them."""

from __future__ import annotations

import datetime as dt
import io
import tracemalloc
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy import ndimage

from sitewatch.archive import fetch, list_folder
from sitewatch.change import Edge, Kind, _keep, detect, detect_again
from sitewatch.change._again import Known, remember, search_again
from sitewatch.change._background import design, residuals
from sitewatch.change._detect import changes_of
from sitewatch.change._keep import read_known, write_known
from sitewatch.change._local import cells, take_off_near
from sitewatch.change._search import search
from sitewatch.change._stack import fill, stack_for, stack_of
from sitewatch.cube import read_cube
from sitewatch.simulate import Recipe, simulate, write
from sitewatch.site import area_mask, read_site
from sitewatch.structures import Presence, Structure, identify
from small_cubes import cube_of

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
ADDED = 4


@pytest.fixture(scope="module")
def cube(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    return place(31, tmp_path_factory.mktemp("again"))


def place(seed: int, folder: Path) -> xr.Dataset:
    """A simulated place as it is read, with what is watched of it among its attributes."""
    write(simulate(Recipe(seed=seed, size=160, looks=90, permanent=10, temporary=12)), folder / "world")
    site = read_site(folder / "world" / "site.geojson")
    listing = list_folder(folder / "world" / "images")
    made = read_cube(site, fetch(listing, site, folder / "archive", now=NOW).chips).cube
    assert made is not None
    made.attrs["inside"] = area_mask(site.outline, made.odc.geobox)
    return made


@pytest.fixture(scope="module")
def known(cube: xr.Dataset) -> Known:
    """What was known before the last looks came."""
    earlier = cube.isel(time=slice(None, -ADDED))
    return remember(search(earlier), earlier)


@pytest.fixture(scope="module")
def pictures(cube: xr.Dataset) -> xr.Dataset:
    """The same place as somebody stretched it, with a haze of its own over each look that no mask tells of."""
    rng = np.random.default_rng(8)
    shown = cube.sel(band=["red", "green", "blue"]).copy(deep=True)
    looks, _, height, width = shown["reflectance"].shape
    haze = ndimage.gaussian_filter(rng.normal(0, 1, (looks, 1, height, width)), (0, 0, 12, 12))
    values = shown["reflectance"].values / 0.5 + haze * (0.04 / haze.std())
    shown["reflectance"] = shown["reflectance"].copy(data=values.astype(np.float16))
    return shown.assign_attrs(units="picture")


def with_block(cube: xr.Dataset, *, looks: int) -> tuple[xr.Dataset, np.ndarray]:
    """The cube with a white block of 5 x 6 pixels on its last looks, and where that lies."""
    changed = cube.copy(deep=True)
    inside = cube.attrs["inside"]
    rows, columns = np.nonzero(inside)
    quiet = cube["reflectance"].values.std(axis=0).mean(axis=0)
    windows = [
        (quiet[r : r + 5, c : c + 6].mean(), r, c)
        for r, c in zip(rows, columns, strict=True)
        if inside[r : r + 5, c : c + 6].sum() == 30
    ]
    _, row, column = min(windows)
    changed["reflectance"].values[-looks:, :, row : row + 5, column : column + 6] = 0.55
    changed["valid"].values[-looks - 1 :, row : row + 5, column : column + 6] = True
    mask = np.zeros(inside.shape, dtype=bool)
    mask[row : row + 5, column : column + 6] = True
    return changed, np.flatnonzero(mask)


def told(presence: Presence, structure: Structure, others: Sequence[Structure], cube: xr.Dataset) -> bool:
    """Whether others hold the same presence of the same thing with the same brackets.

    Half of the smaller of the two lies on the other, and they share as much ground as a true claim with the truth.
    """
    own = area_mask(structure.footprint, cube.odc.geobox)

    def same_ground(other: Structure) -> bool:
        ground = area_mask(other.footprint, cube.odc.geobox)
        shared = (own & ground).sum()
        return bool(shared >= 0.5 * min(own.sum(), ground.sum()) and shared >= 0.2 * (own | ground).sum())

    return any(
        (presence.erected, presence.dismantled) == (one.erected, one.dismantled)
        for other in others
        if other.kind is Kind.STRUCTURE and same_ground(other)
        for one in other.presences
    )


def test_added_looks_are_searched_and_little_else(cube: xr.Dataset, known: Known) -> None:
    found = search_again(known, cube)
    assert found is not None
    before = {row.tobytes() for row in known.features}
    assert np.mean([row.tobytes() in before for row in found.features]) > 0.6  # what was described is not again


def test_added_looks_tell_of_the_same_things_as_a_search_of_all(cube: xr.Dataset, known: Known, tmp_path: Path) -> None:
    alike = []
    for number, one in enumerate((cube, place(32, tmp_path / "second"), place(33, tmp_path / "third"))):
        earlier = one.isel(time=slice(None, -ADDED))
        found = search_again(remember(search(earlier), earlier) if number else known, one)
        assert found is not None
        again, whole = (
            identify(changes_of(of, one, false_alarms=1.0, inside=one.attrs["inside"]), one, site_id="again")
            for of in (found, search(one))
        )
        alike += [
            all(told(presence, structure, again, one) for presence in sure)
            for structure in whole
            if structure.kind is Kind.STRUCTURE
            and (sure := [presence for presence in structure.presences if presence.probability >= 0.5])
        ]
    assert len(alike) >= 20
    assert np.mean(alike) >= 0.85


def test_looks_added_to_pictures_are_searched_as_all_are(pictures: xr.Dataset, tmp_path: Path) -> None:
    """What is shared nearby is kept, of the added looks too, and what is read of a few pixels is without it."""
    changed, block = with_block(pictures, looks=ADDED)
    earlier = changed.isel(time=slice(None, -ADDED))
    write_known(tmp_path / "search.npz", remember(search(earlier), earlier))
    kept = read_known(tmp_path / "search.npz")
    assert kept is not None
    near = stack_of(earlier).near
    assert kept.near is not None
    assert near is not None
    np.testing.assert_allclose(kept.near, near, rtol=1e-3, atol=1e-5)
    found, whole = search_again(kept, changed), stack_of(changed)
    assert found is not None
    assert found.held[block].all()
    assert found.stack.near is not None
    assert whole.near is not None
    assert found.stack.near.shape == whole.near.shape
    looks = changed.sizes["time"]
    on_it = [p for p in found.patches if len(np.intersect1d(p.pixels, block)) >= 0.8 * len(block)]
    assert any((patch.start, patch.end) == (looks - ADDED, looks) for patch in on_it)
    held = np.flatnonzero(found.held)
    ours, theirs = (residuals(s.values[held], s.valid[held], design(s.days)) for s in (found.stack, whole))
    # Same series but for what a background takes for its own; added looks are set beside what was expected of them.
    for some, least in ((slice(None, looks - ADDED), 0.1), (slice(looks - ADDED, None), 0.3)):
        away = np.nanmedian(np.abs(ours[:, some] - theirs[:, some]))
        assert away < least * np.nanmedian(np.abs(theirs[:, some]))
    # Pictures that are searched as reflectance was, or on other cells, are searched anew.
    assert search_again(replace(kept, near=None), changed) is None
    assert search_again(replace(kept, near=kept.near[1:]), changed) is None
    fewer = replace(kept.spells, delta=kept.spells.delta[:-1])
    assert search_again(replace(kept, spells=fewer), changed) is None
    # Looks that come one by one have taken off what they have when they come together.
    middle = changed.isel(time=slice(None, -2))
    first = search_again(kept, middle)
    assert first is not None
    second = search_again(remember(first, middle), changed)
    assert second is not None
    assert second.whole == found.whole
    assert second.stack.near is not None
    away = np.abs(second.stack.near - found.stack.near)
    assert np.median(away[:, :, -ADDED:]) < 0.1 * np.median(np.abs(found.stack.near[:, :, -ADDED:]))


def test_what_the_added_looks_show_first_is_found_with_its_dates(
    cube: xr.Dataset, known: Known, tmp_path: Path
) -> None:
    changed, block = with_block(cube, looks=ADDED)
    found = search_again(known, changed)
    assert found is not None
    on_it = [p for p in found.patches if len(np.intersect1d(p.pixels, block)) >= 0.8 * len(block)]
    looks = changed.sizes["time"]
    assert any((patch.start, patch.end) == (looks - ADDED, looks) for patch in on_it)
    assert all(found.held[block])
    # And again when more looks come: the second run goes on from the first.
    middle = changed.isel(time=slice(None, -1))
    first = search_again(known, middle)
    assert first is not None
    write_known(tmp_path / "search.npz", remember(first, middle))
    kept = read_known(tmp_path / "search.npz")
    assert kept is not None
    second = search_again(kept, changed)
    assert second is not None
    assert second.whole == looks - ADDED
    on_it = [p for p in second.patches if len(np.intersect1d(p.pixels, block)) >= 0.8 * len(block)]
    assert any((patch.start, patch.end) == (looks - ADDED, looks) for patch in on_it)


def test_without_added_looks_the_answer_is_the_same(cube: xr.Dataset, tmp_path: Path) -> None:
    kept, inside = tmp_path / "search.npz", cube.attrs["inside"]
    first, looks = detect_again(cube, false_alarms=1.0, inside=inside, kept=kept)
    assert looks == cube.sizes["time"]
    for other in (
        detect_again(cube, false_alarms=1.0, inside=inside, kept=kept)[0],
        detect(cube, false_alarms=1.0, inside=inside),
    ):
        assert [(c.began, c.ended, c.kind, c.probability, c.pixels.tolist()) for c in first] == [
            (c.began, c.ended, c.kind, c.probability, c.pixels.tolist()) for c in other
        ]
    assert {type(c.began) for c in first} <= {Edge, type(None)}


def test_all_is_searched_where_the_looks_are_others(cube: xr.Dataset, known: Known) -> None:
    later = cube.copy(deep=True)
    later["reflectance"].values[10] += 0.05
    assert search_again(known, later) is None  # a look was processed anew
    assert search_again(known, cube.isel(time=slice(1, None))) is None  # the first one went
    assert search_again(known, cube.isel(band=slice(0, 4))) is None
    assert search_again(known, cube.isel(x=slice(0, 60))) is None
    assert search_again(known, cube.isel(time=slice(None, -ADDED - 1))) is None  # fewer than are known
    early = cube.isel(time=slice(None, 60))
    assert search_again(remember(search(early), early), cube) is None  # too many came since


def test_a_late_look_that_leans_on_those_after_it_may_change_and_no_other(cube: xr.Dataset, known: Known) -> None:
    """Of sensors that are searched as one series, the coarser one's last looks get their detail from looks to come."""
    before = len(known.scenes)
    late, early = before - 3, before - 20

    def changed(look: int, *, other: bool) -> xr.Dataset:
        again = cube.copy(deep=True)
        again["reflectance"].values[look] += np.float16(0.02)
        family = np.full(again.sizes["time"], "fine", dtype="<U6")
        family[look] = "coarse" if other else "fine"
        return again.assign_coords(family=("time", family)).assign_attrs(families=["fine", "coarse"])

    assert search_again(known, changed(late, other=True)) is not None
    assert search_again(known, changed(late, other=False)) is None
    assert search_again(known, changed(early, other=True)) is None


def test_all_is_searched_where_a_further_sensor_is_brought_to_the_first_otherwise(
    cube: xr.Dataset, known: Known
) -> None:
    """A gain or level that moves less than `_SAME` moves all looks of a sensor at once, again with every look."""
    lines = np.tile([1.0, 0.0], (1, cube.sizes["band"] + 1, 1))
    lines[:, -1] = 0.3, -0.2
    before = replace(known, brought=lines)
    assert search_again(before, cube) is None

    def moved(row: int, column: int, by: float) -> bool:
        other = lines.copy()
        other[0, row, column] += by
        return search_again(before, cube.assign_attrs(brought=other)) is None

    bright = float(np.nanpercentile(cube["reflectance"].values[:, 3].astype(np.float32), 90))
    assert not moved(3, 0, 0.004 / bright)
    assert moved(3, 0, 0.007 / bright)
    assert not moved(2, 1, 0.004)
    assert moved(2, 1, -0.006)
    assert not moved(-1, 1, 0.05)
    assert moved(-1, 1, 0.15)
    # How it was when all was searched is what is kept, so that small steps do not add up.
    step = lines.copy()
    step[0, 0, 1] += 0.004
    again = search_again(before, cube.assign_attrs(brought=step))
    assert again is not None
    np.testing.assert_array_equal(remember(again, cube).brought, lines)


def test_what_is_known_comes_back_from_its_file(known: Known, tmp_path: Path) -> None:
    path = tmp_path / "search.npz"
    write_known(path, known)
    back = read_known(path)
    assert back is not None
    assert (back.scenes == known.scenes).all()
    assert (back.place, back.whole, back.grown, back.tone) == (known.place, known.whole, known.grown, known.tone)
    for name in ("offset", "sample", "brought", "seen", "usual", "owner", "measured", "features"):
        np.testing.assert_array_equal(getattr(back, name), getattr(known, name))
    for one, other in zip(back.patches, known.patches, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
        assert (one.start, one.end, one.score, one.usual) == (other.start, other.end, other.score, other.usual)
    assert list(tmp_path.iterdir()) == [path]


def small_cube(looks: int, size: int = 32) -> xr.Dataset:
    """Soil of four bands in a look every twelve days; nothing happens."""
    values = 0.2 + np.random.default_rng(0).normal(0, 0.006, (looks, 4, size, size))
    dates = np.datetime64("2020-01-01") + np.arange(looks) * 12
    made = cube_of(values, dates, bands=("blue", "green", "red", "nir"), latitude=45.0)
    return made.assign_attrs(inside=np.ones((size, size), dtype=bool))


def test_what_is_built_first_on_a_place_where_nothing_was_ever_found_is_found(tmp_path: Path) -> None:
    cube = small_cube(54)
    cube["reflectance"].values[48:, :, 10:15, 10:15] += 0.25
    before, kept = cube.isel(time=slice(48)), tmp_path / "search.npz"
    changes, _ = detect_again(before, false_alarms=1.0, inside=cube.attrs["inside"], kept=kept)
    assert not changes
    changes, whole = detect_again(cube, false_alarms=1.0, inside=cube.attrs["inside"], kept=kept)
    assert whole == 48
    (change,) = changes
    assert (change.began, len(change.pixels)) == (Edge(after=47, by=48), 25)


def test_pixels_seen_too_seldom_say_nothing_of_added_looks() -> None:
    looks, added = 70, 4
    cube = small_cube(looks)
    cube["valid"].values[:, :, :20] = False
    cube["valid"].values[5:66:9, :, :20] = True  # the edge of a swath: seven looks of seventy
    cube["valid"].values[-added:] = True
    before = cube.isel(time=slice(-added))
    found = search_again(remember(search(before), before), cube)
    assert found is not None
    assert found.stack.offset is not None
    assert np.abs(found.stack.offset[-added:]).max() < 0.01
    assert not found.held.any()


def test_whatever_bit_is_wrong_a_kept_search_is_read_or_is_none(tmp_path: Path) -> None:
    cube, path = small_cube(60, size=12), tmp_path / "search.npz"
    write_known(path, remember(search(cube), cube))
    whole, rng = path.read_bytes(), np.random.default_rng(3)
    # What the archive says of itself: heads of its members, and the list of them at its end.
    heads = [i for i in range(len(whole) - 4) if whole[i : i + 3] == b"PK\x03"] + [len(whole) - 1500]
    places = {(head + int(n), int(bit)) for head in heads for n, bit in rng.integers((0, 0), (90, 8), (40, 2))}
    places |= {(int(at), int(bit)) for at, bit in rng.integers((len(whole) - 1500, 0), (len(whole), 8), (400, 2))}
    for at, bit in sorted(places):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << bit
        path.write_bytes(damaged)
        read_known(path)


def test_a_file_that_cannot_be_used_is_as_good_as_none(known: Known, tmp_path: Path) -> None:
    path = tmp_path / "search.npz"
    assert read_known(path) is None
    write_known(path, known)
    whole = path.read_bytes()
    for damaged in (b"", b"no archive", whole[: len(whole) // 2], whole[:-200]):
        path.write_bytes(damaged)
        assert read_known(path) is None
    with np.load(_written(path, whole)) as arrays:
        parts = dict(arrays)
    for name, value in (
        ("format", parts["format"] - 1),
        ("brought", np.zeros((1, 2, 2))),
        ("near", parts["near"][:, :, 1:]),
        ("whole", parts["whole"] + len(parts["scenes"])),
        ("tone", np.array([0.0, 0.0])),
        ("sample", parts["sample"][:-1]),
        ("forecast_background", np.full_like(parts["forecast_background"], np.nan)),
        ("offset", np.full_like(parts["offset"], np.inf)),
        ("owner", parts["owner"][:-1]),
        ("patch_pixels", parts["patch_pixels"] + 10**9),
        ("grown", np.array(len(parts["features"]) + 1)),
        ("spells_end", parts["spells_end"] + len(parts["scenes"])),
        ("usual", np.zeros_like(parts["usual"])),
        ("usual", np.full_like(parts["usual"], np.nan)),
        ("usual", np.full_like(parts["usual"], np.inf)),
        ("spells_start", parts["spells_start"].astype(np.int64)),
        ("patch_numbers", parts["patch_numbers"] - 1000),
        ("place", np.array([object()], dtype=object)),
    ):
        np.savez(path, **{**parts, name: value})
        assert read_known(path) is None, name
    np.savez(path, **{name: value for name, value in parts.items() if name != "usual"})
    assert read_known(path) is None
    np.savez_compressed(path, **parts)
    assert zipfile.is_zipfile(path)
    assert read_known(path) is None


def test_a_search_too_large_to_keep_leaves_what_is_there(
    known: Known, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "search.npz"
    write_known(path, replace(known, place="earlier"))
    size = path.stat().st_size
    monkeypatch.setattr(_keep, "_MAX_BYTES", size)
    write_known(path, known)
    kept = read_known(path)
    assert kept is not None
    assert kept.place == "earlier"
    assert list(tmp_path.iterdir()) == [path]
    monkeypatch.setattr(_keep, "_MAX_BYTES", size - 1)
    assert read_known(path) is None


def test_a_file_that_promises_more_than_it_holds_is_as_good_as_none(known: Known, tmp_path: Path) -> None:
    path = tmp_path / "search.npz"
    write_known(path, known)
    with zipfile.ZipFile(path) as members:
        parts = {name: members.read(name) for name in members.namelist()}
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (10**9, 10**6)})
    with zipfile.ZipFile(path, "w") as members:
        for name, content in {**parts, "usual.npy": header.getvalue()}.items():
            members.writestr(name, content)
    assert read_known(path) is None


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("hazy", [False, True])
def test_a_few_pixels_are_read_in_the_room_of_a_few(cube: xr.Dataset, *, hazy: bool) -> None:
    """Some ninety patches are read one after the other: each must not turn the whole cube around."""
    rng = np.random.default_rng(3)
    looks, bands, height, width = cube["reflectance"].shape
    pixels = np.sort(rng.choice(height * width, 20, replace=False))
    offset = rng.normal(0, 0.01, (looks, bands)).astype(np.float32)
    near = rng.normal(0, 0.01, (*cells((height, width)), looks, bands)).astype(np.float32) if hazy else None
    stack = stack_for(cube, offset, near, tone=(0.0, 1.0))
    tracemalloc.start()
    fill(stack, cube, pixels)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < cube["reflectance"].nbytes / 50
    series = cube["reflectance"].values.reshape(looks, bands, -1)[:, :, pixels].astype(np.float32).transpose(2, 0, 1)
    expected = np.where(np.isfinite(series), series, 0) - offset
    if near is not None:
        shared = np.zeros((height * width, looks, bands), dtype=np.float32)
        take_off_near(shared, pixels, near, width)
        assert shared[pixels].any()
        expected += shared[pixels]
    np.testing.assert_allclose(stack.values[pixels], expected, atol=1e-6)
    np.testing.assert_array_equal(stack.valid[pixels], cube["valid"].values.reshape(looks, -1)[:, pixels].T)
    untouched = np.setdiff1d(np.arange(height * width), pixels)
    assert not stack.values[untouched].any()
    assert not stack.valid[untouched].any()
