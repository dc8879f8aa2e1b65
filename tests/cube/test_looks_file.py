"""The ledger as a file: what is written is what is read, also by and from other versions."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import box

from sitewatch.archive import Chip, Faulty, Listing, Remembered, Scene
from sitewatch.cube import (
    Asking,
    Look,
    Outcome,
    listed_by_one,
    look_of_gone,
    looks_document,
    read_looks,
    read_looks_head,
    with_listing,
)
from sitewatch.errors import InputError

NOW = dt.datetime(2026, 11, 26, tzinfo=dt.UTC)


def look(scene: str, **told: Any) -> Look:
    fields = {
        "sensor": "sentinel-2",
        "captured": NOW - dt.timedelta(days=3),
        "published": NOW,
        "published_is_recorded": True,
        "outcome": Outcome.USED,
    }
    return Look(**{"scene": scene, **fields, **told})


def remembered(**told: Any) -> Remembered:
    fields = {"scene": "s", "sensor": "sentinel-2", "captured": dt.datetime(2026, 10, 1, 10, tzinfo=dt.UTC)}
    return Remembered(**{**fields, "recorded": NOW, "gone_since": NOW, "listed_by": ("a",), **told})


def test_the_file_holds_all_of_a_look_and_of_the_asking(tmp_path: Path) -> None:
    looks = (
        look("a", listed_by=("one", "two"), footprint=box(0, 0, 1, 1), clear_share=0.5, reason="read from two"),
        look("b", whole_day=True, captured=dt.datetime(2026, 1, 1, tzinfo=dt.UTC), listed_by=("two",)),
        look_of_gone(remembered()),
    )
    asking = Asking(run=NOW, since=NOW - dt.timedelta(days=9), catalogs=("one", "two"), unanswered={"three": "silent"})
    path = tmp_path / "looks.geojson"
    path.write_text(json.dumps(looks_document(looks, head=asking.document())))
    assert read_looks(path) == looks
    assert Asking.read(read_looks_head(path), run=NOW - dt.timedelta(days=1)) == asking
    assert "sitewatch" not in looks_document(looks)


def test_a_file_of_an_older_version_is_read(tmp_path: Path) -> None:
    document: Any = looks_document([look("a", listed_by=("one",))])
    del document["features"][0]["properties"]["listed_by"]
    path = tmp_path / "looks.geojson"
    path.write_text(json.dumps(document))
    assert read_looks(path)[0].listed_by == ()
    assert Asking.read(read_looks_head(path), run=NOW) == Asking(run=NOW)
    for content in ("[]", "{", "3"):
        path.write_text(content)
        for read in (read_looks, read_looks_head):
            with pytest.raises(InputError, match="not a looks"):
                read(path)


def test_a_catalog_is_asked_until_now_and_a_folder_holds_what_it_holds() -> None:
    until = NOW - dt.timedelta(days=100)
    assert Asking(run=NOW, catalogs=("one",)).end == NOW
    assert Asking(run=NOW, catalogs=("folder",)).end is None
    assert Asking(run=NOW).end is None
    assert Asking(run=NOW, until=until, catalogs=("folder",)).end == until
    assert Asking(run=NOW, until=NOW + dt.timedelta(days=9), catalogs=("one",)).end == NOW


def test_what_is_gone_is_rejected_with_its_own_facts() -> None:
    gone = look_of_gone(remembered(pixels_sha256="x", published=dt.datetime(2026, 10, 2, tzinfo=dt.UTC)))
    assert (gone.outcome, gone.captured, gone.sensor) == (Outcome.REJECTED, remembered().captured, "sentinel-2")
    assert (gone.published.day, gone.published_is_recorded) == (2, False)
    assert gone.reason == "no longer listed since 2026-11-26; its chip is kept in the archive"
    assert gone.unlisted_since == NOW
    renamed = look_of_gone(remembered(instead="t"))
    assert renamed.reason == "no longer listed since 2026-11-26 and listed as t instead; it was never read"
    assert renamed.published_is_recorded


def test_looks_say_who_lists_them_and_whose_files_were_read() -> None:
    def scene(name: str, catalog: str, listed_by: tuple[str, ...]) -> Scene:
        return Scene(
            id=name, sensor="x", captured=NOW, bands=(), source="x", catalog=catalog, listed_by=listed_by
        )  # fmt: skip

    listing = Listing(
        scenes=(scene("s", "one", ("one", "two")), scene("t", "one", ("one", "two")), scene("u", "two", ("two",))),
        faulty=(Faulty(scene="f", source="x", reason="r", listed_by=("two",)),),
    )
    chips = [
        Chip(scene=scene(name, catalog, ()), bands=(), recorded=NOW)
        for name, catalog in (("s", "one"), ("t", "two"), ("u", "two"))
    ]
    noted = with_listing([look("s"), look("t", reason="hazy"), look("u"), look("f")], listing, chips)
    assert [k.listed_by for k in noted] == [("one", "two"), ("one", "two"), ("two",), ("two",)]
    assert [k.reason for k in noted] == [
        "", "hazy; read from two, since the files of one could not be", "", "",
    ]  # fmt: skip
    assert listed_by_one([*noted, look_of_gone(remembered(listed_by=("one",)))], ("one", "two")) == {
        ("two", "one"): ("u", "f")
    }
