"""Changes to things: footprints with a life."""

from sitewatch.change import Kind
from sitewatch.structures._before_after import (
    ANY_OTHER,
    Around,
    DatedEvent,
    Followed,
    Neighbour,
    Occasion,
    Side,
    TurnKind,
    what_followed,
)
from sitewatch.structures._files import read_structures, structures_document, structures_in
from sitewatch.structures._identify import identify, in_order
from sitewatch.structures._join import Seen, join
from sitewatch.structures._known import Conflict, Correction, Corrects, Descent, Known, Recognised, Recognition
from sitewatch.structures._recognise import recognise
from sitewatch.structures._series import (
    LEAST_ENDED,
    LEVEL,
    Absence,
    Length,
    MonthOfStanding,
    Recurrence,
    Series,
    Spell,
    recurrence,
    series_of,
)
from sitewatch.structures._series_files import series_document
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
    "ANY_OTHER",
    "LEAST_ENDED",
    "LEVEL",
    "Absence",
    "Around",
    "Bracket",
    "Conflict",
    "Correction",
    "Corrects",
    "DatedEvent",
    "Descent",
    "Difference",
    "Followed",
    "Kind",
    "Known",
    "Length",
    "MonthOfStanding",
    "Neighbour",
    "Occasion",
    "Phase",
    "Presence",
    "Recognised",
    "Recognition",
    "Recurrence",
    "Seen",
    "Series",
    "Side",
    "SinceLast",
    "Spell",
    "State",
    "Structure",
    "Turn",
    "TurnKind",
    "changed_settings",
    "compare_structures",
    "identify",
    "in_order",
    "join",
    "read_since",
    "read_structures",
    "recognise",
    "recurrence",
    "series_document",
    "series_of",
    "since_document",
    "since_last",
    "structures_document",
    "structures_in",
    "what_followed",
]
