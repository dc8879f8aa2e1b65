"""Changes to things: footprints with a life."""

from sitewatch.change import Kind
from sitewatch.structures._files import read_structures, structures_document
from sitewatch.structures._identify import identify
from sitewatch.structures._join import Seen, join
from sitewatch.structures._structure import Bracket, Phase, Presence, State, Structure

__all__ = [
    "Bracket",
    "Kind",
    "Phase",
    "Presence",
    "Seen",
    "State",
    "Structure",
    "identify",
    "join",
    "read_structures",
    "structures_document",
]
