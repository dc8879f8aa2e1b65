"""`sitewatch cost` as a user calls it, and caps where looks are chosen and ordered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import shapely
from ran import Run

from sitewatch.cli._costs import budget_within, check, reserved
from sitewatch.cli._values import present
from sitewatch.errors import OptionError
from sitewatch.planning import read_budget


@pytest.fixture
def place(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SITEWATCH_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setenv("SITEWATCH_READER", "ann")
    site = tmp_path / "plant.geojson"
    outline = shapely.geometry.mapping(shapely.box(126.65, 39.74, 126.67, 39.76))
    site.write_text(json.dumps({"type": "Feature", "id": "plant", "properties": {}, "geometry": outline}))
    assert run("init").code == 0
    (tmp_path / "images").mkdir()
    added = run("site", "add", site, "--images", tmp_path / "images")
    assert added.code == 0, added
    return str(tmp_path / "workspace")


def test_costs_are_entered_listed_and_capped(run: Run, place: str) -> None:
    assert run("cost", "cap", "500eur,60km2", "--site", "plant").out == "eur: 500 in all\nkm2: 60 in all\n"
    assert run("cost", "add", "300eur,25km2", "--what", "image", "--site", "plant").out == (
        "300 eur entered\n25 km2 entered\n"
    )
    refused = run("cost", "add", "201eur", "--what", "image", "--site", "plant", "--case", "The plant")
    assert refused.code == 2
    assert "200 of the 500 eur that are the cap of site 'plant' are left" in refused.err
    assert run("cost", "add", "250eur", "--what", "image", "--site", "plant", "--spent").code == 0
    assert run("cost", "add", "50eur", "--what", "paid back", "--site", "plant", "--back").out == "-50 eur taken back\n"
    told = json.loads(run("cost", "list", "--json").out)
    assert [(c["amount"], c["unit"], c["what"], c["who"]) for c in told["costs"]] == [
        (300, "eur", "image", "ann"), (25, "km2", "image", "ann"), (250, "eur", "image", "ann"),
        (-50, "eur", "paid back", "ann"),
    ]  # fmt: skip
    assert [(c["unit"], c["cap"], c["spent"], c["left"]) for c in told["caps"]] == [
        ("eur", 500, 500, 0), ("km2", 60, 25, 35),
    ]  # fmt: skip
    table = run("cost", "list", "--site", "plant").out
    assert "paid back" in table
    assert "site 'plant'" in table
    assert run("cost", "cap", "eur", "--lift", "--site", "plant").out == "eur: no cap\n"
    assert len(json.loads(run("cost", "list", "--json").out)["caps"]) == 1
    assert "cost" in run("history", "plant").out


def test_nothing_spent_is_said(run: Run, place: str) -> None:
    assert "Nothing was spent." in run("cost", "list").out


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("add", "5", "--what", "x"), "AMOUNTS must be amounts with units"),
        (("add", "0eur", "--what", "x"), "must be above 0"),
        (("add", "5eur", "--what", ""), "what must be 1 to 200"),
        (("add", "5eur", "--what", "x", "--site", "nowhere"), "nowhere"),
        (("cap", "5", "--site", "plant"), "AMOUNTS must be"),
        (("cap", "5eur", "--lift"), "is no unit"),
    ],
)
def test_faults_are_one_sentence(run: Run, place: str, command: tuple[str, ...], says: str) -> None:
    ran = run("cost", *command)
    assert ran.code == 2
    assert says in ran.err


def test_orders_are_refused_entered_and_taken_back(run: Run, place: str, tmp_path: Path) -> None:
    run("cost", "cap", "50km2", "--site", "plant")
    now = present()
    costs = {"km2": 30.0, "scenes": 3.0}
    check(place, costs, site="plant")
    what = "PlanetScope, 3 scenes"
    entered = []

    def order() -> None:
        with reserved(place, costs, site="plant", what=what, at=now):
            entered.append(1)
            with pytest.raises(OptionError, match="20 of the 50 km2"):
                check(place, costs, site="plant")
            raise OSError

    for _ in range(2):  # what is not placed is taken back, and can be ordered again
        with pytest.raises(OSError):
            order()
    with reserved(place, costs, site="plant", what=what, at=now):
        pass
    with pytest.raises(OptionError, match="nothing was spent"):
        order()
    assert len(entered) == 2
    # Of a site that is not watched, the workspace's own caps hold.
    with reserved(place, costs, site="elsewhere", what=what, at=now):
        pass
    told = json.loads(run("cost", "list", "--json").out)["costs"]
    assert sum(c["amount"] for c in told if c["site"] and c["unit"] == "km2") == 30
    assert [c["what"] for c in told if not c["site"]] == ["PlanetScope, 3 scenes, elsewhere"] * 2
    # Without a workspace nothing is entered and nothing refused.
    check(str(tmp_path / "none"), {"km2": 1e9}, site="plant")
    with reserved(str(tmp_path / "none"), {"km2": 1e9}, site="plant", what="x", at=now):
        pass


def test_a_budget_is_no_larger_than_what_caps_leave(run: Run, place: str) -> None:
    assert budget_within(place, None, site="plant") is None
    run("cost", "cap", "500eur", "--site", "plant")
    run("cost", "cap", "400eur,9h")
    run("cost", "add", "150eur", "--what", "image", "--site", "plant")
    alone = budget_within(place, None, site="plant")
    assert alone is not None
    assert (alone.left("eur"), alone.left("h")) == (250, 9)
    more = budget_within(place, read_budget("1000eur,2km2"), site="plant")
    assert more is not None
    assert (more.left("eur"), more.left("h"), more.left("km2")) == (250, 9, 2)
    less = budget_within(place, read_budget("100eur"), site="plant")
    assert less is not None
    assert less.left("eur") == 100
    run("cost", "cap", "0eur", "--site", "plant")
    none = budget_within(place, read_budget("100eur"), site="plant")
    assert none is not None
    assert none.left("eur") == 0
    assert none.share({"eur": 5.0}) >= 0


def test_caps_hold_where_looks_are_chosen(run: Run, place: str, tmp_path: Path) -> None:
    elements = tmp_path / "s2.tle"
    elements.write_text(
        "SENTINEL-2B\n"
        "1 42063U 17013A   26263.59211295  .00000276  00000+0  12211-3 0  9994\n"
        "2 42063  98.5709 336.9934 0001197  85.8635 274.2685 14.30816269498280\n"
    )
    sensors = tmp_path / "dear.toml"
    sensors.write_text('[[sensor]]\nname = "dear"\nnorad = [42063]\nmax_off_nadir = 30\npixel_m = 0.5\ncost = 300\n')
    where = ("looks", "next", "plant", "--elements", elements, "--sensors", sensors, "--now", "2026-09-24", "--json")
    free = json.loads(run(*where).out)
    assert any(one["chosen"] for one in free["passes"] if one["sensor"] == "dear")
    assert free["budget"] is None
    run("cost", "cap", "299eur", "--site", "plant")
    capped = json.loads(run(*where).out)
    assert capped["budget"]["caps"] == {"eur": 299}
    assert not any(one["chosen"] for one in capped["passes"] if one["sensor"] == "dear")
