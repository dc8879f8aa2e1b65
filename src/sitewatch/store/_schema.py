"""The tables: what was seen, decided and said, each in every version it ever had.

Nothing is deleted. A row that can change is never changed: a new version of it is written, `since` the moment of the
entry that made it, and the one before gets that moment as its `until`. So what was known at a moment `t` is the rows
with `since <= t < until` (`until` NULL: still so), and every row leads by `(site, since)` to the entry that tells who
made it and how.

    entries      who did what, when: a run, a review, a name given
    sites        a watched place, where its scenes come from
    areas        its named sub-areas
    runs         what each run was asked, and what it answered
    scenes       what was listed, by whom, since when
    looks        what each scene gave
    structures   things with one footprint and a life ...
    presences    ... and their spells of standing, those of one version together
    aliases      every id that a structure ever had
    names        what people call a structure
    lineage      what was split, what was merged
    corrections  what an analyst knows better than the search, and every later run follows
    conflicts    what a run would have changed of what a reader had confirmed
    reviews      what a reader says of a structure
    notes        free text
    events       what else is recorded: statements, launches, deadlines
    forecasts    how likely an event was held to be in a window of days, by whom
    resolutions  whether it came
    costs        what was spent, on which site and case
    caps         how much may be spent

Geometry is WKB in EPSG:4326 with its bounds beside it, so that any database can narrow down by place. Times are UTC.
Keys are natural ones, never drawn from a sequence: a run that is killed and repeated leaves the same rows.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.visitors import InternalTraversal

__all__ = [
    "BOUNDS",
    "METADATA",
    "VERSIONED",
    "Utc",
    "aliases",
    "areas",
    "bytewise",
    "caps",
    "conflicts",
    "corrections",
    "costs",
    "entries",
    "events",
    "forecasts",
    "lineage",
    "looks",
    "names",
    "notes",
    "presences",
    "resolutions",
    "reviews",
    "runs",
    "scenes",
    "sites",
    "structures",
]

BOUNDS = ("west", "south", "east", "north")
"""The columns beside each geometry, degrees."""


class Utc(sa.types.TypeDecorator[dt.datetime]):
    """A moment in UTC to the microsecond: `timestamptz` in PostgreSQL, text that sorts by time in SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        """Refuse a moment without a zone; write the others in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment needs a time zone, got {value!r}")
        moment = value.astimezone(dt.UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:  # noqa: ARG002 - the signature is SQLAlchemy's
        """Always with the zone UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class bytewise(sa.ColumnElement[str]):  # noqa: N801 - reads as sqlalchemy's functions do
    """A text to sort by, in one order whatever the database.

    SQLite compares texts by their bytes; PostgreSQL does where it is told to, else by the rules of a language.
    """

    inherit_cache = True
    type = sa.Text()
    _traverse_internals = [("text", InternalTraversal.dp_clauseelement)]  # noqa: RUF012 - the type is SQLAlchemy's

    def __init__(self, text: sa.ColumnElement[Any]) -> None:
        self.text = text


@compiles(bytewise)
def _by_bytes(element: bytewise, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.text, **options))


@compiles(bytewise, "postgresql")
def _by_collation(element: bytewise, compiler: Any, **options: Any) -> str:
    return f'{compiler.process(element.text, **options)} COLLATE "C"'


METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)


def _since() -> sa.Column[Any]:
    return sa.Column("since", Utc, primary_key=True, comment="first moment at which this version was known")


def _until() -> sa.Column[Any]:
    return sa.Column("until", Utc, comment="first moment at which it was known no more; NULL: it is what is known")


def _site() -> sa.Column[Any]:
    return sa.Column("site", sa.Text, primary_key=True, comment="id of the site")


def _geometry(name: str, *, nullable: bool = False) -> list[sa.Column[Any]]:
    geometry = sa.Column(name, sa.LargeBinary, nullable=nullable, comment="WKB, EPSG:4326")
    return [geometry, *(sa.Column(bound, sa.Float, nullable=nullable) for bound in BOUNDS)]


def _text(name: str, comment: str = "", *, null: bool = False, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=null, primary_key=key, comment=comment or None)


def _moment(name: str, comment: str = "", *, null: bool = False, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Utc, nullable=null, primary_key=key, comment=comment or None)


def _number(name: str, comment: str = "", *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Float, nullable=null, comment=comment or None)


def _count(name: str, comment: str = "", *, null: bool = False, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, nullable=null, primary_key=key, autoincrement=False, comment=comment or None)


def _flag(name: str, comment: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean, nullable=False, comment=comment)


def _json(name: str, comment: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON, nullable=False, comment=comment)


entries = sa.Table(
    "entries",
    METADATA,
    sa.Column("site", sa.Text, primary_key=True, comment="id of the site; empty: of the whole workspace"),
    _moment("at", "strictly later than every earlier entry of the site", key=True),
    _text("who", "reader, or 'sitewatch' where a run did it by itself"),
    _text(
        "what",
        "watch, site add, site remove, review, name, note, correct, event, forecast, resolve, cost, cap, import",
    ),
    _text("thing", "the structure that it is about; empty: none"),
    _json("detail", "what else is to be told of it"),
)

sites = sa.Table(
    "sites",
    METADATA,
    _site(),
    _since(),
    _until(),
    _text("name"),
    *_geometry("outline"),
    _json("source", "where its scenes come from and how it is watched"),
    _flag("removed", "true: no longer watched; all that is known of it stays"),
)

areas = sa.Table(
    "areas",
    METADATA,
    _site(),
    _text("area", "name of the sub-area", key=True),
    _since(),
    _until(),
    *_geometry("outline"),
)

runs = sa.Table(
    "runs",
    METADATA,
    _site(),
    _moment("at", "when it was known: that of its entry", key=True),
    _moment("began", "when it began"),
    _text("version", "of sitewatch"),
    _count("exit_code", "0 looked and compared, 3 nothing could be seen, 4 could not look"),
    _text("sentence", "the answer"),
    _flag("searched", "false: nothing was new since the run before, so that its answer stands"),
    _count("listed", "scenes listed"),
    _count("used", "looks used"),
    _moment("first_look", "capture of the first used look", null=True),
    _moment("last_look", "capture of the last used look", null=True),
    _text("listing", "digest of what was listed and of the settings"),
    _json("asking", "who was asked for which period"),
    _json("head", "the settings and the extent of the search, as in structures.geojson"),
    _json("memory", "the questions asked so far, for the next run"),
    _json("news", "what was otherwise than in the run before; {}: nothing, or no run before"),
)

scenes = sa.Table(
    "scenes",
    METADATA,
    _site(),
    _text("scene", "id of the scene", key=True),
    _since(),
    _until(),
    _text("sensor"),
    _moment("captured"),
    _flag("whole_day", "true: only the day of the capture is known"),
    _moment("published", "by the provider; NULL: not told", null=True),
    _moment("recorded", "when sitewatch was told of it first"),
    _moment("gone_since", "first run that no longer found it listed", null=True),
    _json("detail", "platform, tile, catalogs, digests of its files"),
)

looks = sa.Table(
    "looks",
    METADATA,
    _site(),
    _text("scene", "id of the scene", key=True),
    _since(),
    _until(),
    _text("sensor"),
    _moment("captured", "NULL: not told", null=True),
    _flag("whole_day", "true: only the day of the capture is known"),
    _moment("published", "by the provider, else when sitewatch was told of it first"),
    _flag("published_is_recorded", "true: the latter"),
    _text("outcome", "used, could not see, rejected, failed"),
    _text("reason"),
    _number("clear_share", "of the site, 0-1; NULL: nothing was read", null=True),
    _number("shift_m", "metres, before it was moved", null=True),
    _json("detail", "standard error of the shift, light, haze, clear share of areas, credit, catalogs"),
    *_geometry("footprint", nullable=True),
    sa.Index(None, "site", "until", "outcome", "captured"),
)

structures = sa.Table(
    "structures",
    METADATA,
    _site(),
    _text("thing", "the id that it had first: its key, for good", key=True),
    _since(),
    _until(),
    _text("id", "the id that it has in this version"),
    _text("kind", "structure, surface, vegetation, water, unknown"),
    _flag("claimed", "false: the last search does not claim it any more"),
    _flag("present", "true: it stands at the last look"),
    _number("probability", "0-1"),
    _number("area_m2"),
    _number("area_m2_low"),
    _number("area_m2_high"),
    _json("sensors", "families of looks that saw it"),
    *_geometry("footprint"),
    sa.Index(None, "site", "until", "kind"),
)

presences = sa.Table(
    "presences",
    METADATA,
    _site(),
    _text("thing", "the structure", key=True),
    _moment("since", "the version of the structure that it belongs to", key=True),
    _count("number", "from 0, in time order", key=True),
    _moment("erected_after", "NULL, both: stood before the first look", null=True),
    _moment("erected_by", null=True),
    _moment("dismantled_after", "NULL, both: stands at the last look", null=True),
    _moment("dismantled_by", null=True),
    _text("state", "first, provisional, confirmed"),
    _number("probability", "0-1"),
    _json("evidence", "scene ids on either side of each bracket"),
    _json("phases", "stages of the construction"),
)

aliases = sa.Table(
    "aliases",
    METADATA,
    _site(),
    _text("id", "an id that a structure has or had", key=True),
    _moment("since", "when it had it first"),
    _text("thing", "the structure"),
)

names = sa.Table(
    "names",
    METADATA,
    _site(),
    _text("thing", "the structure", key=True),
    _since(),
    _until(),
    _text("name", "empty: the name was taken back"),
)

lineage = sa.Table(
    "lineage",
    METADATA,
    _site(),
    _moment("since", "the run that found it", key=True),
    _text("thing", "the structure that came of it", key=True),
    _text("other", "the structure that it came of", key=True),
    _text("what", "merged, split"),
)

corrections = sa.Table(
    "corrections",
    METADATA,
    _site(),
    _text("thing", "the structure that it is about, or was", key=True),
    _text("what", "split, merge, kind", key=True),
    _since(),
    _until(),
    _json("detail", "parts: their footprints; others: keys of the other structures or parts; kind"),
    _text("reason"),
    _text("who"),
)

conflicts = sa.Table(
    "conflicts",
    METADATA,
    _site(),
    _text("thing", "the structure that a reader confirmed", key=True),
    _since(),
    _until(),
    _text("words", "what the search now tells, and what was confirmed"),
    _json("proposed", "as the search tells it now, as GeoJSON features: several where it is split; []: it claims none"),
    _json("holds", "other structures that stay as they were until it is resolved"),
    _text("resolved", "accepted, kept; empty: open"),
)

reviews = sa.Table(
    "reviews",
    METADATA,
    _site(),
    _text("thing", "the structure", key=True),
    _moment("at", key=True),
    _text("reader"),
    _text("verdict", "confirm, reject, unsure"),
    _text("reason"),
    _moment("version", "`since` of the version that was read"),
)

notes = sa.Table(
    "notes",
    METADATA,
    _site(),
    _text("thing", "the structure; empty: the site", key=True),
    _moment("at", key=True),
    _text("who"),
    _text("text"),
)

events = sa.Table(
    "events",
    METADATA,
    sa.Column("site", sa.Text, primary_key=True, comment="id of the site; empty: of no site"),
    _text("event", "its key", key=True),
    _since(),
    _until(),
    _moment("began"),
    _moment("ended", "last moment at which it can have been; that of `began` where it is exact"),
    _text("title"),
    _text("source", "where it is told: a reference or an address"),
    _flag("withdrawn", "true: it was recorded in error"),
)

forecasts = sa.Table(
    "forecasts",
    METADATA,
    sa.Column("site", sa.Text, primary_key=True, comment="id of the site; empty: of no site"),
    _text("forecast", "its key: a digest of the question, its author and when it was registered", key=True),
    _moment("at", "when it was registered"),
    _moment("issued", "moment up to which what was known counted; earlier than `at` by more than a day: looking back"),
    _text("event", "title of the events that are asked about"),
    _moment("first", "first day of the window, its beginning"),
    _moment("last", "last day of the window, its beginning"),
    _text("author", "who holds it so likely: an analyst, 'sitewatch', or 'aggregate'"),
    _number("probability", "0-1, of at least one such event in the window"),
    _number("base", "what the record of events alone gives; NULL: nobody asked it", null=True),
    _json("detail", "what it rests on: the case, its digest, the factors, the days"),
    sa.Index(None, "event", "last"),
)

resolutions = sa.Table(
    "resolutions",
    METADATA,
    sa.Column("site", sa.Text, primary_key=True, comment="id of the site; empty: of no site"),
    _text("forecast", "its key", key=True),
    _since(),
    _until(),
    _flag("happened", "true: at least one such event came in the window"),
    _json("events", "keys of those that came"),
    _moment("complete", "moment up to which the record of events was held to be complete"),
)

costs = sa.Table(
    "costs",
    METADATA,
    sa.Column("site", sa.Text, primary_key=True, comment="id of the site; empty: of no one site"),
    _moment("at", "when it was written down: that of its entry", key=True),
    _text("case", "title of the case that it was spent for; empty: none"),
    _text("what", "what it was spent on"),
    _number("amount", "not 0; below 0: taken back"),
    _text("unit", "a currency such as eur, or km2, scenes, h"),
    _text("who"),
    sa.Index(None, "unit", "site"),
)

caps = sa.Table(
    "caps",
    METADATA,
    sa.Column("site", sa.Text, primary_key=True, comment="id of the site; empty: of the whole workspace"),
    _text("case", "title of the case; empty: whatever the case", key=True),
    _text("unit", "as of costs", key=True),
    _since(),
    _until(),
    _number("cap", "most that may be spent in all; NULL: it was lifted", null=True),
)

VERSIONED = tuple(table for table in METADATA.sorted_tables if "until" in table.c)
"""Tables whose rows are versions with an end."""
