"""Several catalogs as one: the same acquisition under two ids is one scene, and nothing else is."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fake_stac import Api
from sitewatch.archive import Faulty, Fetched, JsonClient, Listing, Retry, Scene, fetch, list_folder, reconcile
from sitewatch.archive import search_catalog as ask
from sitewatch.archive._acquisition import likeness
from sitewatch.site import Site

Write = Callable[..., Path]
TAKEN = dt.datetime(2020, 5, 31, 10, 30, tzinfo=dt.UTC)
BOX = (10.0, 50.0, 11.0, 51.0)


def scene(identifier: str, seconds: float = 0, *, by: str = "a", **told: Any) -> Scene:
    fields = {"sensor": "sentinel-2", "box": BOX, "bands": (), "source": "x", **told}
    taken = TAKEN + dt.timedelta(seconds=seconds)
    return Scene(**{"id": identifier, "captured": taken, "listed_by": (by,), "catalog": by, **fields})


def listing(*scenes: Scene, by: str = "a", **more: Any) -> Listing:
    return Listing(scenes=tuple(replace(s, listed_by=(by,), catalog=by) for s in scenes), asked=(by,), **more)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({}, True),
        ({"seconds": 60}, True),
        ({"seconds": 61}, False),
        ({"seconds": -60}, True),
        ({"sensor": "landsat"}, False),
        ({"sensor": "unknown"}, True),
        ({"platform": "sentinel-2b"}, False),
        ({"platform": None}, True),
        ({"box": (10.1, 50.0, 11.1, 51.0)}, True),
        ({"box": (10.9, 50.0, 11.9, 51.0)}, False),  # the neighbouring tile of the same pass
        ({"box": (12.0, 50.0, 13.0, 51.0)}, False),
        ({"box": None}, True),
        ({"tile": "32UNA"}, True),
        ({"tile": "32UPA"}, False),
        # One catalog dates a tile, another the strip it is cut from: seven minutes on the Planetary Computer.
        ({"tile": "32UNA", "seconds": 420}, True),
        ({"tile": "32UNA", "seconds": 420, "platform": None}, False),
        ({"tile": "32UNA", "seconds": 99 * 60}, False),
        ({"whole_day": True}, False),
    ],
)
def test_what_is_one_acquisition(other: dict[str, Any], *, same: bool) -> None:
    one = scene("one", platform="sentinel-2a", tile="32UNA")
    two = scene("two", **{"platform": "sentinel-2a", **other})
    assert (likeness(one, two) is not None) is same
    assert (likeness(two, one) is not None) is same


def test_two_catalogs_are_one_listing() -> None:
    first = listing(scene("a1"), scene("a2", 5 * 86_400), by="a")
    second = listing(scene("b1", 20), scene("b3", 9 * 86_400), by="b")
    both = reconcile([first, second], unanswered={"c": "no answer"})
    assert [(s.id, s.ids, s.listed_by) for s in both.scenes] == [
        ("a1", ("a1", "b1"), ("a", "b")),
        ("a2", ("a2",), ("a",)),
        ("b3", ("b3",), ("b",)),
    ]
    assert both.asked == ("a", "b")
    assert both.unanswered == {"c": "no answer"}
    assert [s.id for s in reconcile([second, first]).scenes] == ["b1", "a2", "b3"]


def test_one_catalog_comes_back_as_it_is() -> None:
    """Not even two entries of one acquisition are joined, and faults that repeat stay."""
    repeats = tuple(Faulty(scene="x", source="x", reason="r", duplicate=True, listed_by=("a",)) for _ in range(2))
    alone = listing(scene("a1"), scene("a2", 3), faulty=repeats)
    assert reconcile([alone]) == alone


def test_tiles_of_one_pass_find_their_own_partners() -> None:
    west, east = (10.0, 50.0, 11.0, 51.0), (10.9, 50.0, 11.9, 51.0)
    first = listing(scene("aw", 0, box=west), scene("ae", 4, box=east), by="a")
    second = listing(scene("be", 1, box=east), scene("bw", 3, box=west), by="b")
    assert {s.ids for s in reconcile([first, second]).scenes} == {("aw", "bw"), ("ae", "be")}
    # Two processings of one acquisition in the second catalog: one is the partner, the other stays by itself.
    twice = listing(scene("b1", 1), scene("b2", 30), by="b")
    assert {s.ids for s in reconcile([listing(scene("a1")), twice]).scenes} == {("a1", "b1"), ("b2",)}


def test_the_same_id_is_the_same_scene_whatever_else_is_told() -> None:
    second = listing(scene("a1", 7 * 60, sensor="unknown", box=None), by="b")
    third = listing(scene("c1", 5), by="c")
    (joined,) = reconcile([listing(scene("a1")), second, third]).scenes
    assert (joined.captured, joined.listed_by, joined.ids) == (TAKEN, ("a", "b", "c"), ("a1", "c1"))


def test_a_fault_of_one_catalog_is_none_where_another_tells_the_scene() -> None:
    wrong = Faulty(scene="a1", source="x", reason="no bands", listed_by=("b",))
    own = Faulty(scene="b9", source="x", reason="no bands", listed_by=("b",))
    also = Faulty(scene="b9", source="x", reason="no bands", listed_by=("c",))
    both = reconcile([listing(scene("a1")), listing(by="b", faulty=(wrong, own)), listing(by="c", faulty=(also,))])
    assert [(f.scene, f.listed_by) for f in both.faulty] == [("b9", ("b", "c"))]


def test_every_address_is_signed_by_its_own_catalog(write_image: Write, images: Path) -> None:
    write_image("2020-05-31.tif")
    own = list_folder(images).scenes[0]
    other = replace(own, id="other", bands=tuple(replace(b, href=f"{b.href}.b") for b in own.bands))
    one = Listing(scenes=(own,), asked=("a",), signer=lambda href: f"{href}?token-of-a")
    joined = reconcile([one, Listing(scenes=(other,), asked=("b",))])
    assert joined.signer is not None
    assert joined.signer(own.bands[0].href).endswith("?token-of-a")
    assert joined.signer(other.bands[0].href) == other.bands[0].href


def test_ten_thousand_scenes_are_joined_quickly() -> None:
    first = listing(*(scene(f"a{n}", 4000 * n) for n in range(10_000)))
    second = listing(*(scene(f"b{n}", 4000 * n + 9) for n in range(10_000)), by="b")
    began = time.perf_counter()
    assert len(reconcile([first, second]).scenes) == 10_000
    assert time.perf_counter() - began < 10


@pytest.fixture
def run(tmp_path: Path, site: Site, now: dt.datetime) -> Callable[..., Fetched]:
    def run(listing: Listing) -> Fetched:
        return fetch(listing, site, tmp_path / "archive", now=now)

    return run


def test_the_second_catalog_is_read_where_the_first_cannot_be(
    write_image: Write, tmp_path: Path, run: Callable[..., Fetched]
) -> None:
    for name in ("a", "b"):
        write_image("2020-05-31.tif", folder=tmp_path / name, seed=4)
    one, two = (
        replace(list_folder(tmp_path / name).scenes[0], id=f"{name}1", catalog=name, listed_by=(name,), credit=name)
        for name in ("a", "b")
    )
    both = reconcile([Listing(scenes=(one,), asked=("a",)), Listing(scenes=(two,), asked=("b",))])
    (tmp_path / "a" / "2020-05-31.tif").write_bytes(b"gone")
    first = run(both)
    (chip,) = first.chips
    assert (chip.scene.id, chip.scene.catalog, chip.scene.credit) == ("a1", "b", "b")
    assert Path(chip.scene.source).parent.name == "b"
    # It is not asked for again, also when the first catalog's file is well: what an answer rests on stays.
    assert (first.new, run(both).new) == (1, 0)
    (tmp_path / "b" / "2020-05-31.tif").write_bytes(b"gone too")
    broken = run(replace(both, scenes=(replace(both.scenes[0], version="newer"),)))
    assert broken.chips == ()
    assert broken.faulty[0].reason.startswith("a: 2020-05-31.tif: ")
    assert "| b: 2020-05-31.tif: " in broken.faulty[0].reason


def test_boxes_and_tiles_come_from_the_items(server: Any, site: Site, make_item: Callable[..., dict[str, Any]]) -> None:
    api = Api(server)
    asset = {"red": {"href": "https://example.org/x.tif", "type": "image/tiff"}}
    told = [
        {"s2:mgrs_tile": "40RCN"},
        {"grid:code": "MGRS-40RCN"},
        {"landsat:wrs_path": "035", "landsat:wrs_row": "032"},
        {"s2:mgrs_tile": 7},
        {},
    ]
    api.items = [make_item(f"i{n}", asset, **properties) for n, properties in enumerate(told)]
    for n, box in enumerate([[10, 50, 5, 11, 51, 6], [170, 50, -170, 51], ["x", 1, 2, 3], "no", [0, 1, 2]]):
        api.items[n]["bbox"] = box
    quick = JsonClient(retry=Retry(attempts=1, sleep=lambda _: None))
    scenes = {s.id: s for s in ask(api.url, "things", site, client=quick).scenes}
    assert [scenes[f"i{n}"].tile for n in range(5)] == ["40RCN", "40RCN", "35/32", None, None]
    assert [scenes[f"i{n}"].box for n in range(5)] == [(10.0, 50.0, 11.0, 51.0), None, None, None, None]
    name = f"{api.url.removeprefix('http://')} things"
    assert {s.listed_by for s in scenes.values()} == {(name,)}
    assert ask(api.url, "things", site, client=quick, name="mine").asked == ("mine",)
