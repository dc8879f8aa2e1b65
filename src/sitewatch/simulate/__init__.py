"""A facility with known truth, rendered as real GeoTIFF scenes."""

from sitewatch.simulate._passes import Acquisition
from sitewatch.simulate._recipe import Recipe
from sitewatch.simulate._story import Event
from sitewatch.simulate._world import World, simulate, truth
from sitewatch.simulate._write import write

__all__ = ["Acquisition", "Event", "Recipe", "World", "simulate", "truth", "write"]
