"""What was seen, decided and said, and when it was known: SQLite by default, PostgreSQL for teams."""

from sitewatch.store._backup import backup_store
from sitewatch.store._connect import SCHEMA, SCHEMAS, Store, create_store, open_store
from sitewatch.store._entries import Row
from sitewatch.store._exchange import Imported, export_store, import_file
from sitewatch.store._lists import look_rows, look_summary, site_summaries
from sitewatch.store._looks import load_looks, look_of, recorded_scenes
from sitewatch.store._reviews import confirmed_things
from sitewatch.store._runs import Run, count_runs, last_run, load_memory, save_run, told_by_readers
from sitewatch.store._sites import WatchedSite, add_site, get_site, list_sites, remove_site
from sitewatch.store._things import find_thing, known_things, load_corrections

__all__ = [
    "SCHEMA",
    "SCHEMAS",
    "Imported",
    "Row",
    "Run",
    "Store",
    "WatchedSite",
    "add_site",
    "backup_store",
    "confirmed_things",
    "count_runs",
    "create_store",
    "export_store",
    "find_thing",
    "get_site",
    "import_file",
    "known_things",
    "last_run",
    "list_sites",
    "load_corrections",
    "load_looks",
    "load_memory",
    "look_of",
    "look_rows",
    "look_summary",
    "open_store",
    "recorded_scenes",
    "remove_site",
    "save_run",
    "site_summaries",
    "told_by_readers",
]
