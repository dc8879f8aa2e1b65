"""What was seen, decided and said, and when it was known: SQLite by default, PostgreSQL for teams."""

from sitewatch.store._connect import SCHEMA, SCHEMAS, Store, create_store, open_store
from sitewatch.store._events import RecordedEvent, Recording, add_events, list_events, withdraw_event
from sitewatch.store._known import KnownSite, load_site
from sitewatch.store._lists import site_summaries
from sitewatch.store._reviews import confirmed_things, rejected_things
from sitewatch.store._runs import Run, count_runs, last_run, load_memory, save_run, told_by_readers
from sitewatch.store._sites import WatchedSite, add_site, get_site, list_sites, remove_site
from sitewatch.store._things import find_thing, known_things, load_corrections

__all__ = [
    "SCHEMA",
    "SCHEMAS",
    "KnownSite",
    "RecordedEvent",
    "Recording",
    "Run",
    "Store",
    "WatchedSite",
    "add_events",
    "add_site",
    "confirmed_things",
    "count_runs",
    "create_store",
    "find_thing",
    "get_site",
    "known_things",
    "last_run",
    "list_events",
    "list_sites",
    "load_corrections",
    "load_memory",
    "load_site",
    "open_store",
    "rejected_things",
    "remove_site",
    "save_run",
    "site_summaries",
    "told_by_readers",
    "withdraw_event",
]
