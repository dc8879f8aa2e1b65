"""What is known of some public catalogs: which asset is which band, and what must be said of the pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit

__all__ = ["BUCKETS", "PRESETS", "Preset", "find_preset"]

BUCKETS: Final[Mapping[str, Mapping[str, str]]] = {
    "usgs-landsat": {"AWS_REQUEST_PAYER": "requester"},
    "sentinel-cogs": {"AWS_NO_SIGN_REQUEST": "YES"},
    "e84-earth-search-sentinel-data": {"AWS_NO_SIGN_REQUEST": "YES"},
}
"""The s3 buckets that are read, with GDAL's options for them; addresses in any other are refused."""

_EARTH_SEARCH = "earth-search.aws.element84.com"
_PLANETARY_COMPUTER = "planetarycomputer.microsoft.com"
_COPERNICUS = "Contains modified Copernicus Sentinel data {year}"
_USGS = "Landsat imagery courtesy of the U.S. Geological Survey"


@dataclass(frozen=True, kw_only=True)
class Preset:
    """How to read the items of one collection."""

    collection: str
    host: str = ""
    """Host name of the API; empty where it holds for any."""
    bands: Mapping[str, str] = field(default_factory=dict)
    """Asset key by common band name, masks included; empty: as the items tell."""
    scale: float | None = None
    """reflectance = DN * scale + offset where the items do not tell."""
    offset: float | None = None
    nodata: float | None = None
    """DN without a measurement where the items do not tell."""
    sentinel2_offset: bool = False
    """True: pixels of Sentinel-2 baseline 04.00 and later carry +1000 DN unless the item says it was taken off."""
    alternate: str = ""
    """Key of the `alternate` address to read instead of the main one, where an asset has it."""
    sensor: str = ""
    credit: str = ""
    """May hold {year}."""
    signed: bool = False
    """True: addresses need a token of the Planetary Computer."""


_S2_EARTH_SEARCH = {n: n for n in ("blue", "green", "red", "nir", "swir16", "swir22", "scl")}
_LANDSAT = {"nir": "nir08"} | {n: n for n in ("blue", "green", "red", "swir16", "swir22", "qa_pixel")}
_S2 = Preset(
    collection="sentinel-2-l2a",
    scale=1e-4,
    nodata=0.0,
    sentinel2_offset=True,
    sensor="sentinel-2",
    credit=_COPERNICUS,
)
_LANDSAT_C2 = Preset(
    collection="landsat-c2-l2",
    bands=_LANDSAT,
    scale=2.75e-5,
    offset=-0.2,
    nodata=0.0,
    sensor="landsat",
    credit=_USGS,
)

PRESETS: Final = (
    replace(_S2, collection="sentinel-2-c1-l2a", bands=_S2_EARTH_SEARCH),
    replace(_S2, host=_EARTH_SEARCH, bands=_S2_EARTH_SEARCH),
    replace(
        _S2,
        host=_PLANETARY_COMPUTER,
        bands={
            "blue": "B02",
            "green": "B03",
            "red": "B04",
            "nir": "B08",
            "swir16": "B11",
            "swir22": "B12",
            "scl": "SCL",
        },
        signed=True,
    ),
    replace(_LANDSAT_C2, host=_PLANETARY_COMPUTER, signed=True),
    replace(_LANDSAT_C2, host=_EARTH_SEARCH, alternate="s3"),
    _LANDSAT_C2,
)
"""Catalogs that work without being described."""


def find_preset(url: str, collection: str) -> Preset:
    """The preset of a collection at this API, else the collection's own, else one that leaves all to the items."""
    try:
        host = (urlsplit(url).hostname or "").lower()
    except ValueError:
        host = ""
    fitting = [p for p in PRESETS if p.collection == collection and p.host in (host, "")]
    unknown = Preset(collection=collection, signed=host == _PLANETARY_COMPUTER)
    return max(fitting, key=lambda p: p.host != "", default=unknown)
