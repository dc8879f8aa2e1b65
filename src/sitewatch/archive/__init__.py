"""Which scenes exist, and the site's own chips of them, kept as COGs in a static STAC catalog."""

from sitewatch.archive._acquisition import SAME_PASS
from sitewatch.archive._ask import Catalog, ask_catalogs
from sitewatch.archive._catalog import catalog_name, search_catalog
from sitewatch.archive._fetch import Fetched, Progress, fetch
from sitewatch.archive._folder import list_folder
from sitewatch.archive._href import holds_secret
from sitewatch.archive._http import JsonClient, fetch_bytes
from sitewatch.archive._lag import Lag, usual_lag
from sitewatch.archive._lock import held
from sitewatch.archive._memory import Memory, Remembered, memory_document, memory_in, read_memory, write_memory
from sitewatch.archive._news import News, Notice, What, compare_listing
from sitewatch.archive._planet import (
    PLANET_API,
    Cost,
    PlanetDelivery,
    PlanetListing,
    PlanetOrders,
    PlanetQuota,
    PlanetScene,
    PlanetWaiting,
    open_planet,
    planet_quota,
    search_planet,
)
from sitewatch.archive._point import PointValue, read_at_point
from sitewatch.archive._presets import PRESETS, Preset, find_preset
from sitewatch.archive._published import published_by
from sitewatch.archive._reconcile import reconcile
from sitewatch.archive._retry import Retry
from sitewatch.archive._scene import MASK_BANDS, Band, Chip, ChipBand, Faulty, Listing, Scene
from sitewatch.archive._sign import PlanetaryComputerSigner, Signer
from sitewatch.archive._store import load

__all__ = [
    "MASK_BANDS",
    "PLANET_API",
    "PRESETS",
    "SAME_PASS",
    "Band",
    "Catalog",
    "Chip",
    "ChipBand",
    "Cost",
    "Faulty",
    "Fetched",
    "JsonClient",
    "Lag",
    "Listing",
    "Memory",
    "News",
    "Notice",
    "PlanetDelivery",
    "PlanetListing",
    "PlanetOrders",
    "PlanetQuota",
    "PlanetScene",
    "PlanetWaiting",
    "PlanetaryComputerSigner",
    "PointValue",
    "Preset",
    "Progress",
    "Remembered",
    "Retry",
    "Scene",
    "Signer",
    "What",
    "ask_catalogs",
    "catalog_name",
    "compare_listing",
    "fetch",
    "fetch_bytes",
    "find_preset",
    "held",
    "holds_secret",
    "list_folder",
    "load",
    "memory_document",
    "memory_in",
    "open_planet",
    "planet_quota",
    "published_by",
    "read_at_point",
    "read_memory",
    "reconcile",
    "search_catalog",
    "search_planet",
    "usual_lag",
    "write_memory",
]
