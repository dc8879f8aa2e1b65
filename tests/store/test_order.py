"""Listings are in one order whatever the database, and whatever language it sorts by."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from shapely.geometry import box
from store_rows import structure

from sitewatch.errors import InputError
from sitewatch.site import Site
from sitewatch.store import (
    RecordedEvent,
    Store,
    add_events,
    add_review,
    add_site,
    conflict_rows,
    find_thing,
    journal_rows,
    list_events,
    list_sites,
    review_rows,
    site_name,
    site_summaries,
)
from sitewatch.store import _schema as t

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
NAMES = ("B", "Z-a", "Zc", "a", "d", "Ö", "é")
"""By their bytes; a language sorts them otherwise."""
OUTLINE = box(10, 50, 10.01, 50.01)


@pytest.fixture
def filled(store: Store) -> Store:
    with store.writing() as connection:
        for name in reversed(NAMES):
            site = Site(id=name, name=name, outline=OUTLINE, areas=dict.fromkeys(reversed(NAMES), OUTLINE))
            add_site(connection, site, {"images": "x", "false_alarms": 1.0}, who="ann", at=NOW)
        for thing in reversed(NAMES):
            connection.execute(t.structures.insert().values(structure("B", thing, since=NOW, id=f"id {thing}")))
            add_review(connection, "B", thing, "confirm", reason="", reader="ann", at=NOW)
            row = {"site": "B", "thing": thing, "since": NOW, "until": None, "words": "w", "resolved": ""}
            connection.execute(t.conflicts.insert().values(**row, proposed={}, holds=[]))
        events = [RecordedEvent(title=name, began=NOW, ended=NOW) for name in reversed(NAMES)]
        add_events(connection, events, who="ann", at=NOW)
    return store


def test_the_databases_of_these_tests_sort_by_a_language_where_they_can(filled: Store) -> None:
    with filled.reading() as connection:
        found = connection.execute(sa.select(t.sites.c.site).order_by(t.sites.c.site)).scalars().all()
    assert (tuple(found) == NAMES) is not filled.is_postgresql


def test_listings_are_in_the_order_of_bytes(filled: Store) -> None:
    with filled.reading() as connection:
        sites = list_sites(connection)
        assert tuple(one.site.id for one in sites) == NAMES
        assert tuple(sites[0].site.areas) == NAMES
        assert tuple(one["site"] for one in site_summaries(connection)) == NAMES
        assert tuple(one.title for one in list_events(connection)) == NAMES
        assert tuple(one["thing"] for one in review_rows(connection, viewer="ann")) == NAMES
        assert tuple(one["thing"] for one in conflict_rows(connection)) == NAMES
        added = [one["site"] for one in journal_rows(connection, viewer="ann") if one["what"] == "site add"]
        assert tuple(added) == NAMES
        with pytest.raises(InputError, match=r"watched: B, Z-a, Zc, a\)"):
            site_name(connection, "none")


def test_of_two_structures_with_one_id_the_same_is_found(filled: Store) -> None:
    with filled.writing() as connection:
        connection.execute(t.structures.update().values(id="same"))
    with filled.reading() as connection:
        assert find_thing(connection, "B", "same") == NAMES[0]
