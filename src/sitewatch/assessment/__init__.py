"""Things to judgements: is the plant growing."""

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
    "Estimate",
    "Expansion",
    "Growth",
    "YearOfBuilding",
    "expansion_document",
    "expansion_of",
    "expansion_sentences",
]
