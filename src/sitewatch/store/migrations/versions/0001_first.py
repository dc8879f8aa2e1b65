"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "aliases",
        sa.Column("site", sa.Text(), nullable=False, comment="id of the site"),
        sa.Column("id", sa.Text(), nullable=False, comment="an id that a structure has or had"),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False, comment="when it had it first"),
        sa.Column("thing", sa.Text(), nullable=False, comment="the structure"),
        sa.PrimaryKeyConstraint("site", "id", name=op.f("pk_aliases")),
    )
    op.create_table(
        "areas",
        sa.Column("site", sa.Text(), nullable=False, comment="id of the site"),
        sa.Column("area", sa.Text(), nullable=False, comment="name of the sub-area"),
        sa.Column(
            "since", sa.DateTime(timezone=True), nullable=False, comment="first moment at which this version was known"
        ),
        sa.Column(
            "until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="first moment at which it was known no more; NULL: it is what is known",
        ),
        sa.Column("outline", sa.LargeBinary(), nullable=False, comment="WKB, EPSG:4326"),
        sa.Column("west", sa.Float(), nullable=False),
        sa.Column("south", sa.Float(), nullable=False),
        sa.Column("east", sa.Float(), nullable=False),
        sa.Column("north", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("site", "area", "since", name=op.f("pk_areas")),
    )
    op.create_table(
        "caps",
        sa.Column("site", sa.Text(), nullable=False, comment="id of the site; empty: of the whole workspace"),
        sa.Column("case", sa.Text(), nullable=False, comment="title of the case; empty: whatever the case"),
        sa.Column("unit", sa.Text(), nullable=False, comment="as of costs"),
        sa.Column(
            "since", sa.DateTime(timezone=True), nullable=False, comment="first moment at which this version was known"
        ),
        sa.Column(
            "until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="first moment at which it was known no more; NULL: it is what is known",
        ),
        sa.Column("cap", sa.Float(), nullable=True, comment="most that may be spent in all; NULL: it was lifted"),
        sa.PrimaryKeyConstraint("site", "case", "unit", "since", name=op.f("pk_caps")),
    )
    op.create_table(
        "conflicts",
        sa.Column("site", sa.Text(), nullable=False, comment="id of the site"),
        sa.Column("thing", sa.Text(), nullable=False, comment="the structure that a reader confirmed"),
        sa.Column(
            "since", sa.DateTime(timezone=True), nullable=False, comment="first moment at which this version was known"
        ),
        sa.Column(
            "until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="first moment at which it was known no more; NULL: it is what is known",
        ),
        sa.Column("words", sa.Text(), nullable=False, comment="what the search now tells, and what was confirmed"),
        sa.Column(
            "proposed",
            sa.JSON(),
            nullable=False,
            comment="as the search tells it now, as GeoJSON features: several where it is split; []: it claims none",
        ),
        sa.Column(
            "holds", sa.JSON(), nullable=False, comment="other structures that stay as they were until it is resolved"
        ),
        sa.Column("resolved", sa.Text(), nullable=False, comment="accepted, kept; empty: open"),
        sa.PrimaryKeyConstraint("site", "thing", "since", name=op.f("pk_conflicts")),
    )
    op.create_table(
        "corrections",
        sa.Column("site", sa.Text(), nullable=False, comment="id of the site"),
        sa.Column("thing", sa.Text(), nullable=False, comment="the structure that it is about, or was"),
        sa.Column("what", sa.Text(), nullable=False, comment="split, merge, kind"),
        sa.Column(
            "since", sa.DateTime(timezone=True), nullable=False, comment="first moment at which this version was known"
        ),
        sa.Column(
            "until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="first moment at which it was known no more; NULL: it is what is known",
        ),
        sa.Column(
            "detail",
            sa.JSON(),
            nullable=False,
            comment="parts: their footprints; others: keys of the other structures or parts; kind",
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("site", "thing", "what", "since", name=op.f("pk_corrections")),
    )
    op.create_table(
        "costs",
        sa.Column("site", sa.Text(), nullable=False, comment="id of the site; empty: of no one site"),
        sa.Column(
            "at", sa.DateTime(timezone=True), nullable=False, comment="when it was written down: that of its entry"
        ),
        sa.Column("case", sa.Text(), nullable=False, comment="title of the case that it was spent for; empty: none"),
        sa.Column("what", sa.Text(), nullable=False, comment="what it was spent on"),
        sa.Column("amount", sa.Float(), nullable=False, comment="not 0; below 0: taken back"),
        sa.Column("unit", sa.Text(), nullable=False, comment="a currency such as eur, or km2, scenes, h"),
        sa.Column("who", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("site", "at", name=op.f("pk_costs")),
    )
    op.create_index(op.f("ix_costs_unit_site"), "costs", ["unit", "site"], unique=False)
    op.create_table(
        "entries",
        sa.Column("site", sa.Text(), nullable=False, comment="id of the site; empty: of the whole workspace"),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="strictly later than every earlier entry of the site",
        ),
        sa.Column("who", sa.Text(), nullable=False, comment="reader, or 'sitewatch' where a run did it by itself"),
        sa.Column(
            "what",
            sa.Text(),
            nullable=False,
            comment="watch, site add, site remove, review, name, note, correct, event, forecast, resolve, cost, cap, import",
        ),
        sa.Column("thing", sa.Text(), nullable=False, comment="the structure that it is about; empty: none"),
        sa.Column("detail", sa.JSON(), nullable=False, comment="what else is to be told of it"),
        sa.PrimaryKeyConstraint("site", "at", name=op.f("pk_entries")),
    )
    op.create_table(
        "events",
        sa.Column("site", sa.Text(), nullable=False, comment="id of the site; empty: of no site"),
        sa.Column("event", sa.Text(), nullable=False, comment="its key"),
        sa.Column(
            "since", sa.DateTime(timezone=True), nullable=False, comment="first moment at which this version was known"
        ),
        sa.Column(
            "until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="first moment at which it was known no more; NULL: it is what is known",
        ),
        sa.Column("began", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "ended",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="last moment at which it can have been; that of `began` where it is exact",
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False, comment="where it is told: a reference or an address"),
        sa.Column("withdrawn", sa.Boolean(), nullable=False, comment="true: it was recorded in error"),
        sa.PrimaryKeyConstraint("site", "event", "since", name=op.f("pk_events")),
    )
    op.create_table(
        "forecasts",
        sa.Column("site", sa.Text(), nullable=False, comment="id of the site; empty: of no site"),
        sa.Column(
            "forecast",
            sa.Text(),
            nullable=False,
            comment="its key: a digest of the question, its author and when it was registered",
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="when it was registered"),
        sa.Column(
            "issued",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="moment up to which what was known counted; earlier than `at` by more than a day: looking back",
        ),
        sa.Column("event", sa.Text(), nullable=False, comment="title of the events that are asked about"),
        sa.Column(
            "first", sa.DateTime(timezone=True), nullable=False, comment="first day of the window, its beginning"
        ),
        sa.Column("last", sa.DateTime(timezone=True), nullable=False, comment="last day of the window, its beginning"),
        sa.Column(
            "author",
            sa.Text(),
            nullable=False,
            comment="who holds it so likely: an analyst, 'sitewatch', or 'aggregate'",
        ),
        sa.Column("probability", sa.Float(), nullable=False, comment="0-1, of at least one such event in the window"),
        sa.Column(
            "base",
            sa.Float(),
            nullable=True,
            comment="what the record of events alone gives; NULL: nobody asked it",
        ),
        sa.Column(
            "detail", sa.JSON(), nullable=False, comment="what it rests on: the case, its digest, the factors, the days"
        ),
        sa.PrimaryKeyConstraint("site", "forecast", name=op.f("pk_forecasts")),
    )
    op.create_index(op.f("ix_forecasts_event_last"), "forecasts", ["event", "last"], unique=False)
    op.create_table(
        "lineage",
        sa.Column("site", sa.Text(), nullable=False, comment="id of the site"),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False, comment="the run that found it"),
        sa.Column("thing", sa.Text(), nullable=False, comment="the structure that came of it"),
        sa.Column("other", sa.Text(), nullable=False, comment="the structure that it came of"),
        sa.Column("what", sa.Text(), nullable=False, comment="merged, split"),
        sa.PrimaryKeyConstraint("site", "since", "thing", "other", name=op.f("pk_lineage")),
    )
    op.create_table(
        "looks",
        sa.Column("site", sa.Text(), nullable=False, comment="id of the site"),
        sa.Column("scene", sa.Text(), nullable=False, comment="id of the scene"),
        sa.Column(
            "since", sa.DateTime(timezone=True), nullable=False, comment="first moment at which this version was known"
        ),
        sa.Column(
            "until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="first moment at which it was known no more; NULL: it is what is known",
        ),
        sa.Column("sensor", sa.Text(), nullable=False),
        sa.Column("captured", sa.DateTime(timezone=True), nullable=True, comment="NULL: not told"),
        sa.Column("whole_day", sa.Boolean(), nullable=False, comment="true: only the day of the capture is known"),
        sa.Column(
            "published",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="by the provider, else when sitewatch was told of it first",
        ),
        sa.Column("published_is_recorded", sa.Boolean(), nullable=False, comment="true: the latter"),
        sa.Column("outcome", sa.Text(), nullable=False, comment="used, could not see, rejected, failed"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("clear_share", sa.Float(), nullable=True, comment="of the site, 0-1; NULL: nothing was read"),
        sa.Column("shift_m", sa.Float(), nullable=True, comment="metres, before it was moved"),
        sa.Column(
            "detail",
            sa.JSON(),
            nullable=False,
            comment="standard error of the shift, light, haze, clear share of areas, credit, catalogs",
        ),
        sa.Column("footprint", sa.LargeBinary(), nullable=True, comment="WKB, EPSG:4326"),
        sa.Column("west", sa.Float(), nullable=True),
        sa.Column("south", sa.Float(), nullable=True),
        sa.Column("east", sa.Float(), nullable=True),
        sa.Column("north", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("site", "scene", "since", name=op.f("pk_looks")),
    )
    with op.batch_alter_table("looks", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_looks_site_until_outcome_captured"), ["site", "until", "outcome", "captured"], unique=False
        )

    op.create_table(
        "names",
        sa.Column("site", sa.Text(), nullable=False, comment="id of the site"),
        sa.Column("thing", sa.Text(), nullable=False, comment="the structure"),
        sa.Column(
            "since", sa.DateTime(timezone=True), nullable=False, comment="first moment at which this version was known"
        ),
        sa.Column(
            "until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="first moment at which it was known no more; NULL: it is what is known",
        ),
        sa.Column("name", sa.Text(), nullable=False, comment="empty: the name was taken back"),
        sa.PrimaryKeyConstraint("site", "thing", "since", name=op.f("pk_names")),
    )
    op.create_table(
        "notes",
        sa.Column("site", sa.Text(), nullable=False, comment="id of the site"),
        sa.Column("thing", sa.Text(), nullable=False, comment="the structure; empty: the site"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("site", "thing", "at", name=op.f("pk_notes")),
    )
    op.create_table(
        "presences",
        sa.Column("site", sa.Text(), nullable=False, comment="id of the site"),
        sa.Column("thing", sa.Text(), nullable=False, comment="the structure"),
        sa.Column(
            "since",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="the version of the structure that it belongs to",
        ),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False, comment="from 0, in time order"),
        sa.Column(
            "erected_after",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="NULL, both: stood before the first look",
        ),
        sa.Column("erected_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "dismantled_after", sa.DateTime(timezone=True), nullable=True, comment="NULL, both: stands at the last look"
        ),
        sa.Column("dismantled_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.Text(), nullable=False, comment="first, provisional, confirmed"),
        sa.Column("probability", sa.Float(), nullable=False, comment="0-1"),
        sa.Column("evidence", sa.JSON(), nullable=False, comment="scene ids on either side of each bracket"),
        sa.Column("phases", sa.JSON(), nullable=False, comment="stages of the construction"),
        sa.PrimaryKeyConstraint("site", "thing", "since", "number", name=op.f("pk_presences")),
    )
    op.create_table(
        "resolutions",
        sa.Column("site", sa.Text(), nullable=False, comment="id of the site; empty: of no site"),
        sa.Column("forecast", sa.Text(), nullable=False, comment="its key"),
        sa.Column(
            "since", sa.DateTime(timezone=True), nullable=False, comment="first moment at which this version was known"
        ),
        sa.Column(
            "until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="first moment at which it was known no more; NULL: it is what is known",
        ),
        sa.Column(
            "happened",
            sa.Boolean(),
            nullable=False,
            comment="true: at least one such event came in the window",
        ),
        sa.Column("events", sa.JSON(), nullable=False, comment="keys of those that came"),
        sa.Column(
            "complete",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="moment up to which the record of events was held to be complete",
        ),
        sa.PrimaryKeyConstraint("site", "forecast", "since", name=op.f("pk_resolutions")),
    )
    op.create_table(
        "reviews",
        sa.Column("site", sa.Text(), nullable=False, comment="id of the site"),
        sa.Column("thing", sa.Text(), nullable=False, comment="the structure"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False, comment="confirm, reject, unsure"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "version", sa.DateTime(timezone=True), nullable=False, comment="`since` of the version that was read"
        ),
        sa.PrimaryKeyConstraint("site", "thing", "at", name=op.f("pk_reviews")),
    )
    op.create_table(
        "runs",
        sa.Column("site", sa.Text(), nullable=False, comment="id of the site"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="when it was known: that of its entry"),
        sa.Column("began", sa.DateTime(timezone=True), nullable=False, comment="when it began"),
        sa.Column("version", sa.Text(), nullable=False, comment="of sitewatch"),
        sa.Column(
            "exit_code",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="0 looked and compared, 3 nothing could be seen, 4 could not look",
        ),
        sa.Column("sentence", sa.Text(), nullable=False, comment="the answer"),
        sa.Column(
            "searched",
            sa.Boolean(),
            nullable=False,
            comment="false: nothing was new since the run before, so that its answer stands",
        ),
        sa.Column("listed", sa.Integer(), autoincrement=False, nullable=False, comment="scenes listed"),
        sa.Column("used", sa.Integer(), autoincrement=False, nullable=False, comment="looks used"),
        sa.Column("first_look", sa.DateTime(timezone=True), nullable=True, comment="capture of the first used look"),
        sa.Column("last_look", sa.DateTime(timezone=True), nullable=True, comment="capture of the last used look"),
        sa.Column("listing", sa.Text(), nullable=False, comment="digest of what was listed and of the settings"),
        sa.Column("asking", sa.JSON(), nullable=False, comment="who was asked for which period"),
        sa.Column(
            "head",
            sa.JSON(),
            nullable=False,
            comment="the settings and the extent of the search, as in structures.geojson",
        ),
        sa.Column("memory", sa.JSON(), nullable=False, comment="the questions asked so far, for the next run"),
        sa.Column(
            "news",
            sa.JSON(),
            nullable=False,
            comment="what was otherwise than in the run before; {}: nothing, or no run before",
        ),
        sa.PrimaryKeyConstraint("site", "at", name=op.f("pk_runs")),
    )
    op.create_table(
        "scenes",
        sa.Column("site", sa.Text(), nullable=False, comment="id of the site"),
        sa.Column("scene", sa.Text(), nullable=False, comment="id of the scene"),
        sa.Column(
            "since", sa.DateTime(timezone=True), nullable=False, comment="first moment at which this version was known"
        ),
        sa.Column(
            "until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="first moment at which it was known no more; NULL: it is what is known",
        ),
        sa.Column("sensor", sa.Text(), nullable=False),
        sa.Column("captured", sa.DateTime(timezone=True), nullable=False),
        sa.Column("whole_day", sa.Boolean(), nullable=False, comment="true: only the day of the capture is known"),
        sa.Column("published", sa.DateTime(timezone=True), nullable=True, comment="by the provider; NULL: not told"),
        sa.Column(
            "recorded", sa.DateTime(timezone=True), nullable=False, comment="when sitewatch was told of it first"
        ),
        sa.Column(
            "gone_since", sa.DateTime(timezone=True), nullable=True, comment="first run that no longer found it listed"
        ),
        sa.Column("detail", sa.JSON(), nullable=False, comment="platform, tile, catalogs, digests of its files"),
        sa.PrimaryKeyConstraint("site", "scene", "since", name=op.f("pk_scenes")),
    )
    op.create_table(
        "sites",
        sa.Column("site", sa.Text(), nullable=False, comment="id of the site"),
        sa.Column(
            "since", sa.DateTime(timezone=True), nullable=False, comment="first moment at which this version was known"
        ),
        sa.Column(
            "until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="first moment at which it was known no more; NULL: it is what is known",
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("outline", sa.LargeBinary(), nullable=False, comment="WKB, EPSG:4326"),
        sa.Column("west", sa.Float(), nullable=False),
        sa.Column("south", sa.Float(), nullable=False),
        sa.Column("east", sa.Float(), nullable=False),
        sa.Column("north", sa.Float(), nullable=False),
        sa.Column("source", sa.JSON(), nullable=False, comment="where its scenes come from and how it is watched"),
        sa.Column(
            "removed", sa.Boolean(), nullable=False, comment="true: no longer watched; all that is known of it stays"
        ),
        sa.PrimaryKeyConstraint("site", "since", name=op.f("pk_sites")),
    )
    op.create_table(
        "structures",
        sa.Column("site", sa.Text(), nullable=False, comment="id of the site"),
        sa.Column("thing", sa.Text(), nullable=False, comment="the id that it had first: its key, for good"),
        sa.Column(
            "since", sa.DateTime(timezone=True), nullable=False, comment="first moment at which this version was known"
        ),
        sa.Column(
            "until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="first moment at which it was known no more; NULL: it is what is known",
        ),
        sa.Column("id", sa.Text(), nullable=False, comment="the id that it has in this version"),
        sa.Column("kind", sa.Text(), nullable=False, comment="structure, surface, vegetation, water, unknown"),
        sa.Column("claimed", sa.Boolean(), nullable=False, comment="false: the last search does not claim it any more"),
        sa.Column("present", sa.Boolean(), nullable=False, comment="true: it stands at the last look"),
        sa.Column("probability", sa.Float(), nullable=False, comment="0-1"),
        sa.Column("area_m2", sa.Float(), nullable=False),
        sa.Column("area_m2_low", sa.Float(), nullable=False),
        sa.Column("area_m2_high", sa.Float(), nullable=False),
        sa.Column("sensors", sa.JSON(), nullable=False, comment="families of looks that saw it"),
        sa.Column("footprint", sa.LargeBinary(), nullable=False, comment="WKB, EPSG:4326"),
        sa.Column("west", sa.Float(), nullable=False),
        sa.Column("south", sa.Float(), nullable=False),
        sa.Column("east", sa.Float(), nullable=False),
        sa.Column("north", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("site", "thing", "since", name=op.f("pk_structures")),
    )
    with op.batch_alter_table("structures", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_structures_site_until_kind"), ["site", "until", "kind"], unique=False)
