"""Which scenes exist, and the site's own chips of them, kept as COGs in a static STAC catalog."""

from sitewatch.archive._scene import MASK_BANDS, Band, Chip, ChipBand, Faulty, Listing, Scene

__all__ = ["MASK_BANDS", "Band", "Chip", "ChipBand", "Faulty", "Listing", "Scene"]
