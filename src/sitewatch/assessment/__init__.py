"""Things to judgements: is the plant growing, and how much room has it."""

from sitewatch.assessment._capacity import LIMITS, Capacity, Hall, capacity_document, capacity_of, capacity_sentences
from sitewatch.assessment._expansion import (
    AREA_LEVEL,
    Estimate,
    Expansion,
    Growth,
    YearOfBuilding,
    expansion_document,
    expansion_of,
    expansion_sentences,
)

__all__ = [
    "AREA_LEVEL",
    "LIMITS",
    "Capacity",
    "Estimate",
    "Expansion",
    "Growth",
    "Hall",
    "YearOfBuilding",
    "capacity_document",
    "capacity_of",
    "capacity_sentences",
    "expansion_document",
    "expansion_of",
    "expansion_sentences",
]
