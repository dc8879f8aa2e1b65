"""Which scenes exist, and the site's own chips of them, kept as COGs in a static STAC catalog."""

from sitewatch.archive._catalog import catalog_name, search_catalog
from sitewatch.archive._fetch import Fetched, Progress, fetch
from sitewatch.archive._folder import list_folder
from sitewatch.archive._http import JsonClient
from sitewatch.archive._lock import held
from sitewatch.archive._memory import Memory, Remembered, read_memory, write_memory
from sitewatch.archive._news import News, Notice, What, compare_listing
from sitewatch.archive._presets import PRESETS, Preset, find_preset
from sitewatch.archive._reconcile import reconcile
from sitewatch.archive._retry import Retry
from sitewatch.archive._scene import MASK_BANDS, Band, Chip, ChipBand, Faulty, Listing, Scene
from sitewatch.archive._sign import PlanetaryComputerSigner, Signer
from sitewatch.archive._store import load

__all__ = [
    "MASK_BANDS",
    "PRESETS",
    "Band",
    "Chip",
    "ChipBand",
    "Faulty",
    "Fetched",
    "JsonClient",
    "Listing",
    "Memory",
    "News",
    "Notice",
    "PlanetaryComputerSigner",
    "Preset",
    "Progress",
    "Remembered",
    "Retry",
    "Scene",
    "Signer",
    "What",
    "catalog_name",
    "compare_listing",
    "fetch",
    "find_preset",
    "held",
    "list_folder",
    "load",
    "read_memory",
    "reconcile",
    "search_catalog",
    "write_memory",
]
