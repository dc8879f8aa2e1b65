"""A whole store as files, and back: JSON lines, GeoPackage, GeoParquet, and copies as SQLite files."""

from sitewatch.store.exchange._backup import backup_store
from sitewatch.store.exchange._whole import Imported, export_store, import_file

__all__ = ["Imported", "backup_store", "export_store", "import_file"]
