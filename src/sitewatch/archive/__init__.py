"""Which scenes exist, and the site's own chips of them, kept as COGs in a static STAC catalog."""

from sitewatch.archive._fetch import Fetched, Progress, fetch
from sitewatch.archive._folder import list_folder
from sitewatch.archive._scene import MASK_BANDS, Band, Chip, ChipBand, Faulty, Listing, Scene
from sitewatch.archive._store import load

__all__ = [
    "MASK_BANDS",
    "Band",
    "Chip",
    "ChipBand",
    "Faulty",
    "Fetched",
    "Listing",
    "Progress",
    "Scene",
    "fetch",
    "list_folder",
    "load",
]
