"""PlanetScope from Planet: what there is of a site, what it would cost, and orders that are placed once."""

from sitewatch.archive._planet._orders import (
    PLANET_API,
    PlanetDelivery,
    PlanetListing,
    PlanetOrders,
    PlanetQuota,
    PlanetWaiting,
    open_planet,
    planet_quota,
    search_planet,
)
from sitewatch.archive._planet._scene import Cost, PlanetScene

__all__ = [
    "PLANET_API",
    "Cost",
    "PlanetDelivery",
    "PlanetListing",
    "PlanetOrders",
    "PlanetQuota",
    "PlanetScene",
    "PlanetWaiting",
    "open_planet",
    "planet_quota",
    "search_planet",
]
