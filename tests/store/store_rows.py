"""Small stores with a row of everything: factories that give a row by what is said of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import shapely
import sqlalchemy as sa
from shapely.geometry import MultiPolygon, Polygon

from sitewatch.store import Store
from sitewatch.store import _schema as t
from sitewatch.store._geometry import geometry_columns

__all__ = ["BEGAN", "ODD", "fill", "lines_of", "moment", "site_rows", "write"]

BEGAN = dt.datetime(2024, 3, 1, 6, 30, tzinfo=dt.UTC)
ODD = "quotes \" ' \\ ; line\nbreak\r\n\ttab, Ж 電 é 🏗 \u2028 \x7f {json} <xml> %s NULL"
"""A text that something trips over wherever it is not quoted."""

Rows = list[tuple[sa.Table, dict[str, Any]]]


def moment(hours: float, *, microseconds: int = 0) -> dt.datetime:
    """A moment so many hours after all began."""
    return BEGAN + dt.timedelta(hours=hours, microseconds=microseconds)


def box(west: float, south: float, *, edge: float = 0.001) -> Polygon:
    return shapely.box(west, south, west + edge, south + edge)


def structure(site: str, thing: str, *, since: dt.datetime, **changes: Any) -> dict[str, Any]:
    footprint: Polygon | MultiPolygon = changes.pop("footprint", None) or box(10.1, 50.1, edge=1 / 3000)
    row = {
        "site": site,
        "thing": thing,
        "since": since,
        "until": None,
        "id": thing,
        "kind": "structure",
        "claimed": True,
        "present": True,
        "probability": 0.1 + 0.2,
        "area_m2": 1234.5,
        "area_m2_low": 1e-7,
        "area_m2_high": 1e7 / 3,
        "sensors": ["optical", "radar"],
        **geometry_columns("footprint", footprint),
    }
    return {**row, **changes}


def presence(site: str, thing: str, *, since: dt.datetime, **changes: Any) -> dict[str, Any]:
    row = {
        "site": site,
        "thing": thing,
        "since": since,
        "number": 0,
        "erected_after": moment(-500),
        "erected_by": moment(-400, microseconds=123456),
        "dismantled_after": None,
        "dismantled_by": None,
        "state": "confirmed",
        "probability": 0.875,
        "evidence": ["scene-1", "scène 2"],
        "phases": [],
    }
    return {**row, **changes}


def look(site: str, scene: str, *, since: dt.datetime, **changes: Any) -> dict[str, Any]:
    footprint = changes.pop("footprint", None)
    row = {
        "site": site,
        "scene": scene,
        "since": since,
        "until": None,
        "sensor": "sentinel-2",
        "captured": moment(-100, microseconds=999),
        "whole_day": False,
        "published": moment(-99),
        "published_is_recorded": False,
        "outcome": "used",
        "reason": "",
        "clear_share": 0.75,
        "shift_m": None,
        "detail": {"light": 0.5, "clear_share_of_areas": {"b": 1.0, "a": 0.25}},
        **geometry_columns("footprint", footprint),
    }
    return {**row, **changes}


def site_rows(site: str, *, name: str = "A plant", began: dt.datetime = BEGAN) -> Rows:
    """Rows of every table, in versions, for one site."""

    def at(hours: float, *, microseconds: int = 0) -> dt.datetime:
        return began + dt.timedelta(hours=hours, microseconds=microseconds)

    added, first, second = at(0), at(1), at(1, microseconds=1)
    later = at(24, microseconds=654321)
    outline = geometry_columns("outline", box(10, 50, edge=0.3))
    parts = geometry_columns("outline", MultiPolygon([box(10.05, 50.05), box(10.06, 50.06)]))
    holed = Polygon(box(10.2, 50.2, edge=0.01).exterior, [box(10.203, 50.203).exterior])
    source = {"false_alarms": 1.0, "catalogs": [{"name": None, "url": "https://stac.test/v1", "collection": "s2"}]}
    memory = {"version": 2, "at": first.isoformat(), "asked": {}, "faulty": [ODD]}
    return [
        *(
            (t.entries, {"site": site, "at": when, "who": who, "what": what, "thing": thing, "detail": detail})
            for when, who, what, thing, detail in (
                (added, "ann", "site add", "", {"source": source}),
                (first, "sitewatch", "watch", "", {"answer": "2 structures", "searched": True}),
                (second, ODD, "review", "t1", {}),
                (later, "sitewatch", "watch", "", {}),
            )
        ),
        (
            t.sites,
            {"site": site, "since": added, "until": later, "name": name, **outline, "source": source, "removed": False},
        ),
        (
            t.sites,
            {"site": site, "since": later, "until": None, "name": ODD, **outline, "source": source, "removed": False},
        ),
        (t.areas, {"site": site, "area": ODD, "since": added, "until": None, **parts}),
        (
            t.runs,
            {
                "site": site,
                "at": first,
                "began": first,
                "version": "0.1.0",
                "exit_code": 0,
                "sentence": "2 structures",
                "searched": True,
                "listed": 2,
                "used": 1,
                "first_look": at(-100, microseconds=999),
                "last_look": None,
                "listing": "",
                "asking": {},
                "head": {},
                "memory": memory,
                "news": {"nested": [1, 1.0, True, None, "\u2028", {"é": -1e-300}]},
            },
        ),
        (
            t.scenes,
            {
                "site": site,
                "scene": "scene-1",
                "since": first,
                "until": None,
                "sensor": "sentinel-2",
                "captured": at(-100, microseconds=999),
                "whole_day": True,
                "published": None,
                "recorded": first,
                "gone_since": None,
                "detail": {"sensor": "sentinel-2"},
            },
        ),
        (t.looks, look(site, "scene-1", since=first, footprint=box(9.9, 49.9, edge=0.5))),
        (
            t.looks,
            look(site, "scène 2", since=first, until=later, outcome="could not see", reason=ODD, clear_share=None),
        ),
        (t.looks, look(site, "scène 2", since=later, outcome="failed", captured=None, whole_day=True)),
        (t.structures, structure(site, "t1", since=first, until=second)),
        (t.structures, structure(site, "t1", since=second, id="t1b", footprint=holed, present=False)),
        (
            t.structures,
            structure(
                site, "t2", since=second, claimed=False, kind="surface", footprint=MultiPolygon([box(10.2, 50.2)])
            ),
        ),
        (t.presences, presence(site, "t1", since=first)),
        (t.presences, presence(site, "t1", since=second, dismantled_after=at(-10), dismantled_by=at(-9))),
        (
            t.presences,
            presence(site, "t1", since=second, number=1, erected_after=at(-5), erected_by=at(-4), state="first"),
        ),
        (
            t.presences,
            presence(
                site,
                "t2",
                since=second,
                erected_after=None,
                erected_by=None,
                dismantled_after=at(-10),
                dismantled_by=at(-9),
            ),
        ),
        *((t.aliases, {"site": site, "id": one, "since": first, "thing": "t1"}) for one in ("t1", "t1b")),
        (t.names, {"site": site, "thing": "t1", "since": second, "until": None, "name": "shelter"}),
        (t.lineage, {"site": site, "since": second, "thing": "t2", "other": "t1", "what": "split"}),
        (
            t.corrections,
            {
                "site": site,
                "thing": "t2",
                "what": "kind",
                "since": second,
                "until": None,
                "detail": {"kind": "surface"},
                "reason": ODD,
                "who": "ann",
            },
        ),
        *(
            (
                t.conflicts,
                {
                    "site": site,
                    "thing": thing,
                    "since": later,
                    "until": None,
                    "words": ODD,
                    "proposed": told,
                    "holds": ["t3"],
                    "resolved": "",
                },
            )
            for thing, told in (("t1", []), ("t2", [{"id": "t2", "area_m2": 5}]))
        ),
        (
            t.reviews,
            {
                "site": site,
                "thing": "t1",
                "at": second,
                "reader": "ann",
                "verdict": "confirm",
                "reason": ODD,
                "version": second,
            },
        ),
        (t.notes, {"site": site, "thing": "", "at": later, "who": "ann", "text": ""}),
        (
            t.events,
            {
                "site": site,
                "event": "launch",
                "since": second,
                "until": None,
                "began": dt.datetime(1, 1, 1, tzinfo=dt.UTC),
                "ended": dt.datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=dt.UTC),
                "title": ODD,
                "source": "",
                "withdrawn": False,
            },
        ),
        (
            t.forecasts,
            {
                "site": site,
                "forecast": "f1",
                "at": second,
                "issued": BEGAN,
                "event": ODD,
                "first": second,
                "last": later,
                "author": "ann",
                "probability": 0.1,
                "base": None,
                "detail": {"days": [0.5, 1e-9], "case": ODD},
            },
        ),
        *(
            (
                t.resolutions,
                {
                    "site": site,
                    "forecast": "f1",
                    "since": since,
                    "until": until,
                    "happened": until is None,
                    "events": keys,
                    "complete": later,
                },
            )
            for since, until, keys in ((second, later, []), (later, None, ["launch"]))
        ),
        *(
            (
                t.costs,
                {"site": site, "at": at, "case": case, "what": ODD, "amount": amount, "unit": "eur", "who": "ann"},
            )
            for at, case, amount in ((second, "", 0.1 + 0.2), (later, ODD, -1e-7))
        ),
        *(
            (
                t.caps,
                {"site": site, "case": ODD, "unit": "km2", "since": since, "until": until, "cap": cap},
            )
            for since, until, cap in ((second, later, 100.25), (later, None, None))
        ),
    ]


def fill(store: Store) -> None:
    """Two sites and what belongs to none, in every table."""
    write(store, [*site_rows("plant"), *site_rows("z Ж", name="Another")])
    workspace = {"site": "", "at": BEGAN, "who": "ann", "what": "event", "thing": "", "detail": {}}
    unplaced = (t.events, t.forecasts, t.resolutions, t.costs, t.caps)
    of_none = [(table, row) for table, row in site_rows("") if table in unplaced]
    write(store, [(t.entries, workspace), *of_none])


def write(store: Store, rows: Rows) -> None:
    """Put rows into a store, past all doors."""
    with store.writing() as connection:
        for table, row in rows:
            connection.execute(table.insert().values(row))


def lines_of(store: Store, folder: Any) -> list[bytes]:
    """What a store exports as JSON lines."""
    from sitewatch.store.exchange import export_store

    path = folder / "lines.jsonl"
    export_store(store, path, force=True)
    return path.read_bytes().splitlines(keepends=True)
