"""Budgets: what they say, and what they refuse before anything is spent."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitewatch.errors import OptionError
from sitewatch.planning import Budget, read_budget, unit_of


def test_amounts_with_units() -> None:
    assert read_budget("500eur,2h,100km2").caps == {"eur": 500, "h": 2, "km2": 100}
    assert read_budget(" 90 min , .5 EUR ,3scenes").caps == pytest.approx({"h": 1.5, "eur": 0.5, "scenes": 3})
    assert read_budget("€500").caps == read_budget("500€").caps == {"eur": 500}
    assert read_budget("12km²").caps == {"km2": 12}
    assert read_budget("20money").money == "money"
    assert read_budget("20usd").money == "usd"
    assert read_budget("2h").money == "money"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "got ''"),
        ("5", "got '5'"),
        ("eur", "got 'eur'"),
        ("5eur,", "got ''"),
        ("5eur;2h", "got '5eur;2h'"),
        ("-5eur", "got '-5eur'"),
        ("1e3eur", "is no unit|amounts with units"),
        ("0h", "must be above 0"),
        ("5xx", "'xx' is no unit"),
        ("5euros", "'euros' is no unit"),
        ("5eur,6usd", "one currency"),
        ("1h,60min", "tells h twice"),
        ("nan eur", "amounts with units"),
        ("inf eur", "amounts with units"),
        ("9" * 400 + "eur", "above 0"),
        ("5eur\x1b[31m", "is no unit|amounts"),
        ("\N{ARABIC-INDIC DIGIT FIVE}eur", "amounts"),
    ],
)
def test_faults_are_told(text: str, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        read_budget(text)


@given(st.text(max_size=30))
def test_any_text_is_a_budget_or_is_refused(text: str) -> None:
    try:
        told = read_budget(text)
    except OptionError:
        return
    assert told.caps
    assert all(0 < cap < math.inf for cap in told.caps.values())


def test_a_cost_above_what_is_left_is_refused_and_nothing_is_spent() -> None:
    budget = read_budget("100eur,1h").spend({"eur": 60, "h": 0.5, "scenes": 3})
    assert (budget.left("eur"), budget.left("h"), budget.left("km2")) == (40, 0.5, math.inf)
    with pytest.raises(OptionError, match="takes 50 eur, more than the 40 eur that are left of 100"):
        budget.spend({"eur": 50})
    assert budget.spent == {"eur": 60, "h": 0.5, "scenes": 3}
    assert budget.spend({"eur": 40}).left("eur") == 0
    assert budget.over({"h": 0.6}) == "h"
    assert budget.over({"km2": 1e9}) is None
    assert budget.share({"eur": 50, "h": 0.25}) == pytest.approx(0.75)
    assert Budget(caps={"eur": 0.3}, spent={"eur": 0.1}).over({"eur": 0.2}) is None


def test_a_cap_may_be_nothing_where_that_is_meant() -> None:
    assert read_budget("0eur", nothing=True).caps == {"eur": 0}
    assert read_budget("0eur", nothing=True).share({"eur": 5}) == 0
    with pytest.raises(OptionError, match="AMOUNTS must be"):
        read_budget("5", option="AMOUNTS")


def test_units() -> None:
    assert unit_of("hours") == ("h", 1.0)
    assert unit_of("$") == ("usd", 1.0)
    with pytest.raises(OptionError, match="is no unit of cost"):
        unit_of("pieces")
