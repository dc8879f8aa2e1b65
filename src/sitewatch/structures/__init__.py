"""Changes to things: footprints with a life."""

from sitewatch.change import Kind
from sitewatch.structures._files import read_structures, structures_document, structures_in
from sitewatch.structures._identify import identify, in_order
from sitewatch.structures._join import Seen, join
from sitewatch.structures._known import Conflict, Correction, Corrects, Descent, Known, Recognised, Recognition
from sitewatch.structures._recognise import recognise
from sitewatch.structures._since import (
    Difference,
    SinceLast,
    Turn,
    changed_settings,
    compare_structures,
    read_since,
    since_document,
    since_last,
)
from sitewatch.structures._structure import Bracket, Phase, Presence, State, Structure

__all__ = [
    "Bracket",
    "Conflict",
    "Correction",
    "Corrects",
    "Descent",
    "Difference",
    "Kind",
    "Known",
    "Phase",
    "Presence",
    "Recognised",
    "Recognition",
    "Seen",
    "SinceLast",
    "State",
    "Structure",
    "Turn",
    "changed_settings",
    "compare_structures",
    "identify",
    "in_order",
    "join",
    "read_since",
    "read_structures",
    "recognise",
    "since_document",
    "since_last",
    "structures_document",
    "structures_in",
]
