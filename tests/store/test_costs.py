"""The ledger of cost: written once, capped before anything is spent, in both databases."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
import shapely
import sqlalchemy as sa

from sitewatch.errors import InputError, OptionError
from sitewatch.site import Site
from sitewatch.store import (
    SpentCost,
    Store,
    add_cost,
    add_site,
    allowances,
    check_cap,
    cost_rows,
    journal_rows,
    remove_site,
    set_cap,
)
from sitewatch.store._schema import caps, costs

NOW = dt.datetime(2026, 9, 24, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def plant(store: Store) -> Store:
    with store.writing() as connection:
        for name in ("plant", "port"):
            outline = shapely.box(10, 50, 10.1, 50.1)
            add_site(connection, Site(id=name, name=name, outline=outline), {"images": "x"}, who="ann", at=NOW)
    return store


def spend(
    store: Store, amount: float, unit: str = "eur", *, site: str = "plant", case: str = "", spent: bool = False,
    at: dt.datetime = NOW,
) -> tuple[SpentCost, ...]:  # fmt: skip
    with store.writing() as connection:
        return add_cost(connection, {unit: amount}, site=site, what="image", who="ann", at=at, case=case, spent=spent)


def cap(store: Store, most: float | None, unit: str = "eur", *, site: str = "plant", case: str = "") -> None:
    with store.writing() as connection:
        set_cap(connection, unit, most, site=site, who="ann", at=NOW, case=case)


def left(store: Store, site: str | None = None, case: str | None = None) -> dict[tuple[str, str, str], float]:
    with store.reading() as connection:
        return {(a.site, a.case, a.unit): a.left for a in allowances(connection, site=site, case=case)}


def test_costs_are_listed_as_they_were_entered(plant: Store) -> None:
    spend(plant, 300.0)
    with plant.writing() as connection:
        several = {"eur": 20.0, "km2": 25.5, "h": 0.25}
        add_cost(connection, several, site="port", what=" Ж image ", who="bob", at=NOW, case="The port")
    with plant.reading() as connection:
        rows = cost_rows(connection)
        assert [(r.site, r.case, r.what, r.amount, r.unit, r.who) for r in rows if r.site == "plant"] == [
            ("plant", "", "image", 300.0, "eur", "ann")
        ]
        assert [(r.what, r.amount, r.unit) for r in cost_rows(connection, site="port")] == [
            ("Ж image", 20.0, "eur"), ("Ж image", 25.5, "km2"), ("Ж image", 0.25, "h"),
        ]  # fmt: skip
        assert len(cost_rows(connection, case="The port")) == 3
        assert len({(r.site, r.at) for r in rows}) == 4
        told = [row for row in journal_rows(connection, viewer="ann", site="port") if row["what"] == "cost"]
        assert len(told) == 3


def test_a_cap_refuses_before_anything_is_spent(plant: Store) -> None:
    cap(plant, 500.0)
    spend(plant, 300.0)
    says = r"this takes 201 eur, and 200 of the 500 eur that are the cap of site 'plant' are left; nothing was spent"
    with pytest.raises(OptionError, match=says):
        spend(plant, 201.0)
    with plant.reading() as connection:
        assert sum(r.amount for r in cost_rows(connection)) == 300
        with pytest.raises(OptionError, match="are left"):
            check_cap(connection, {"eur": 200.5}, site="plant")
        check_cap(connection, {"eur": 200.0, "km2": 1e6}, site="plant")
        check_cap(connection, {"eur": 1e6}, site="port")
    spend(plant, 200.0)
    assert left(plant) == {("plant", "", "eur"): 0.0}
    spend(plant, 50.0, spent=True)
    assert left(plant) == {("plant", "", "eur"): 0.0}


def test_of_several_units_all_or_none_are_entered(plant: Store) -> None:
    cap(plant, 10.0, "km2")
    with pytest.raises(OptionError, match="takes 11 km2"), plant.writing() as connection:
        add_cost(connection, {"eur": 5.0, "km2": 11.0}, site="plant", what="image", who="ann", at=NOW)
    with plant.reading() as connection:
        assert cost_rows(connection) == []


def test_caps_of_case_site_and_workspace_all_hold(plant: Store) -> None:
    cap(plant, 100.0, case="The plant")
    cap(plant, 150.0)
    cap(plant, 180.0, site="")
    spend(plant, 100.0, case="The plant")
    with pytest.raises(OptionError, match="the cap of case 'The plant' at site 'plant'"):
        spend(plant, 1.0, case="The plant")
    spend(plant, 40.0, case="Another")
    with pytest.raises(OptionError, match="the cap of site 'plant'"):
        spend(plant, 11.0)
    spend(plant, 40.0, site="port")
    with pytest.raises(OptionError, match="the cap of the workspace"):
        spend(plant, 1.0, site="port")
    with pytest.raises(OptionError, match="the cap of the workspace"):
        spend(plant, 1.0, site="")
    assert left(plant, "plant", "") == {("plant", "", "eur"): 10.0, ("", "", "eur"): 0.0}
    assert ("plant", "The plant", "eur") in left(plant, "plant", "The plant")
    assert left(plant, "port") == {("", "", "eur"): 0.0}


def test_a_cap_is_set_anew_and_lifted_and_every_version_stays(plant: Store) -> None:
    for most in (100.0, 0.0, None):
        cap(plant, most)
    assert left(plant) == {}
    spend(plant, 1e6)
    with plant.reading() as connection:
        rows = connection.execute(sa.select(caps.c.cap, caps.c.until).order_by(caps.c.since)).all()
        assert [row.cap for row in rows] == [100.0, 0.0, None]
        assert [row.until is None for row in rows] == [False, False, True]
        first = allowances(connection, at=NOW + dt.timedelta(microseconds=1))
        assert [a.cap for a in first] == [100.0]


def test_what_is_taken_back_was_spent(plant: Store) -> None:
    cap(plant, 100.0)
    spend(plant, 80.0)
    spend(plant, -30.0)
    assert left(plant) == {("plant", "", "eur"): 50.0}
    with pytest.raises(OptionError, match="51 eur cannot be taken back, as only 50 eur were spent there"):
        spend(plant, -51.0)
    with pytest.raises(OptionError, match="cannot be taken back"):
        spend(plant, -1.0, case="Another")
    spend(plant, -50.0)


def test_what_was_known_at_a_moment(plant: Store) -> None:
    spend(plant, 10.0)
    spend(plant, 20.0, at=NOW + HOUR)
    with plant.reading() as connection:
        assert [r.amount for r in cost_rows(connection, at=NOW + HOUR / 2)] == [10.0]


def test_many_small_sums_reach_a_cap_exactly(plant: Store) -> None:
    cap(plant, 1.0)
    for _ in range(10):
        spend(plant, 0.1)
    with pytest.raises(OptionError):
        spend(plant, 0.001)


def test_two_who_spend_at_once_cannot_both_take_what_is_left(plant: Store) -> None:
    cap(plant, 100.0)

    def once(_: int) -> bool:
        try:
            spend(plant, 30.0)
        except OptionError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(once, range(8))) == 3
    with plant.reading() as connection:
        assert connection.execute(sa.select(sa.func.sum(costs.c.amount))).scalar_one() == 90


@pytest.mark.parametrize("amount", [0.0, float("nan"), float("inf"), 1e13])
def test_numbers_that_are_no_costs(plant: Store, amount: float) -> None:
    with pytest.raises(OptionError, match="a cost must be a number other than 0"):
        spend(plant, amount)


def test_texts_that_cannot_be(plant: Store) -> None:
    for told in ({"unit": "EUR"}, {"unit": "e u"}, {"unit": ""}, {"case": "x\ny"}, {"case": "x" * 201}):
        with pytest.raises(OptionError):
            spend(plant, 1.0, **told)
    with plant.writing() as connection, pytest.raises(OptionError, match="what must be"):
        add_cost(connection, {"eur": 1.0}, site="plant", what=" ", who="ann", at=NOW)
    with plant.writing() as connection, pytest.raises(OptionError, match="needs an amount"):
        add_cost(connection, {}, site="plant", what="x", who="ann", at=NOW)
    with pytest.raises(OptionError, match="a cap must be 0 or more"):
        cap(plant, -1.0)
    with pytest.raises(OptionError, match="a cap must be 0 or more"):
        cap(plant, float("nan"))


def test_sites_that_are_not_watched(plant: Store) -> None:
    with pytest.raises(InputError, match="nowhere"):
        spend(plant, 1.0, site="nowhere")
    with pytest.raises(InputError, match="nowhere"):
        cap(plant, 1.0, site="nowhere")
    spend(plant, 1.0)
    with plant.writing() as connection:
        remove_site(connection, "plant", who="ann", at=NOW + HOUR)
    with plant.reading() as connection:
        assert len(cost_rows(connection, site="plant")) == 1
