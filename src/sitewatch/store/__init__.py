"""What was seen, decided and said, and when it was known: SQLite by default, PostgreSQL for teams."""

from sitewatch.store._conflicts import resolve_conflict
from sitewatch.store._connect import SCHEMA, SCHEMAS, Store, create_store, holds_password, open_store
from sitewatch.store._corrections import merge_things, set_kind, split_thing, undo_correction
from sitewatch.store._costs import Allowance, SpentCost, add_cost, allowances, check_cap, cost_rows, set_cap
from sitewatch.store._entries import Row
from sitewatch.store._events import (
    PICTURE_TITLES,
    RecordedEvent,
    Recording,
    add_events,
    list_events,
    title_key,
    untold_pictures,
    withdraw_event,
)
from sitewatch.store._forecasts import (
    CERTAIN,
    Registered,
    Registration,
    Resolved,
    list_forecasts,
    register_forecasts,
    resolve_forecasts,
)
from sitewatch.store._history import journal_rows, version_rows
from sitewatch.store._known import KnownSite, load_site
from sitewatch.store._lists import conflict_rows, review_rows, site_summaries, structure_rows
from sitewatch.store._looks import load_looks, look_of, look_rows, look_summary, recorded_scenes
from sitewatch.store._names import add_note, name_thing
from sitewatch.store._reviews import VERDICTS, Agreement, Read, add_review, agreement_of, agreements, load_reviews
from sitewatch.store._runs import Run, count_runs, last_run, load_memory, save_failure, save_run, told_by_readers
from sitewatch.store._sites import WatchedSite, add_site, get_site, list_sites, remove_site, site_name
from sitewatch.store._things import find_thing, known_things, load_corrections, unknown_thing

__all__ = [
    "CERTAIN",
    "PICTURE_TITLES",
    "SCHEMA",
    "SCHEMAS",
    "VERDICTS",
    "Agreement",
    "Allowance",
    "KnownSite",
    "Read",
    "RecordedEvent",
    "Recording",
    "Registered",
    "Registration",
    "Resolved",
    "Row",
    "Run",
    "SpentCost",
    "Store",
    "WatchedSite",
    "add_cost",
    "add_events",
    "add_note",
    "add_review",
    "add_site",
    "agreement_of",
    "agreements",
    "allowances",
    "check_cap",
    "conflict_rows",
    "cost_rows",
    "count_runs",
    "create_store",
    "find_thing",
    "get_site",
    "holds_password",
    "journal_rows",
    "known_things",
    "last_run",
    "list_events",
    "list_forecasts",
    "list_sites",
    "load_corrections",
    "load_looks",
    "load_memory",
    "load_reviews",
    "load_site",
    "look_of",
    "look_rows",
    "look_summary",
    "merge_things",
    "name_thing",
    "open_store",
    "recorded_scenes",
    "register_forecasts",
    "remove_site",
    "resolve_conflict",
    "resolve_forecasts",
    "review_rows",
    "save_failure",
    "save_run",
    "set_cap",
    "set_kind",
    "site_name",
    "site_summaries",
    "split_thing",
    "structure_rows",
    "title_key",
    "told_by_readers",
    "undo_correction",
    "unknown_thing",
    "untold_pictures",
    "version_rows",
    "withdraw_event",
]
