"""Things to judgements: is the plant growing, how much room has it, and which explanation holds."""

from sitewatch.assessment._assess import DRAWS, assess
from sitewatch.assessment._assessment import (
    Assessment,
    Confidence,
    ConfidenceLevel,
    Item,
    ItemKind,
    Judged,
    Lever,
    NextLook,
    PathPoint,
    Reason,
)
from sitewatch.assessment._capacity import LIMITS, Capacity, Hall, capacity_document, capacity_of, capacity_sentences
from sitewatch.assessment._documents import assessment_document
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
from sitewatch.assessment._matrix import Cell, MatrixRow, matrix
from sitewatch.assessment._once import LeftOut
from sitewatch.assessment._outlook import Outlook, outlook
from sitewatch.assessment._paragraph import Clause, Topic, paragraph
from sitewatch.assessment._record import SIMULATED, SiteRecord
from sitewatch.assessment._room import Room, rooms
from sitewatch.assessment._sources import RELIABILITY
from sitewatch.assessment._weigh import LEVEL
from sitewatch.assessment._words import Word, percent, word

__all__ = [
    "AREA_LEVEL",
    "DRAWS",
    "LEVEL",
    "LIMITS",
    "RELIABILITY",
    "SIMULATED",
    "Assessment",
    "Capacity",
    "Cell",
    "Clause",
    "Confidence",
    "ConfidenceLevel",
    "Estimate",
    "Expansion",
    "Growth",
    "Hall",
    "Item",
    "ItemKind",
    "Judged",
    "LeftOut",
    "Lever",
    "MatrixRow",
    "NextLook",
    "Outlook",
    "PathPoint",
    "Reason",
    "Room",
    "SiteRecord",
    "Topic",
    "Word",
    "YearOfBuilding",
    "assess",
    "assessment_document",
    "capacity_document",
    "capacity_of",
    "capacity_sentences",
    "expansion_document",
    "expansion_of",
    "expansion_sentences",
    "matrix",
    "outlook",
    "paragraph",
    "percent",
    "rooms",
    "word",
]
