"""Changes to things: footprints with a life."""

from sitewatch.change import Kind
from sitewatch.structures._files import read_structures, structures_document, structures_in
from sitewatch.structures._identify import identify
from sitewatch.structures._join import Seen, join
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
    "Difference",
    "Kind",
    "Phase",
    "Presence",
    "Seen",
    "SinceLast",
    "State",
    "Structure",
    "Turn",
    "changed_settings",
    "compare_structures",
    "identify",
    "join",
    "read_since",
    "read_structures",
    "since_document",
    "since_last",
    "structures_document",
    "structures_in",
]
