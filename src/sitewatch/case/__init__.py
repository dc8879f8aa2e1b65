"""Case files: the question, the competing explanations, and what has been said."""

from sitewatch.case._archived import archived_copy
from sitewatch.case._check import check
from sitewatch.case._claims import circles, grade, independent, probabilities, sources, uses
from sitewatch.case._faults import Fault, Finding, dotted
from sitewatch.case._file import case_faults, read_case
from sitewatch.case._import import Imported, import_claims
from sitewatch.case._model import (
    FORMAT,
    Activity,
    ActivityIn,
    Archived,
    CalendarEntry,
    CalendarKind,
    Case,
    Claim,
    Counted,
    CountedRatio,
    Effect,
    ForecastPlan,
    GrowthOf,
    Hypothesis,
    Indicator,
    MadeClaim,
    Observable,
    Probability,
    Ratio,
    StandingStructure,
    TwoLikelihoods,
)
from sitewatch.case._new import new_case, template
from sitewatch.case._schema import case_schema
from sitewatch.case._shape import make_claim
from sitewatch.case._write import add_claims, free_key, slug

__all__ = [
    "FORMAT",
    "Activity",
    "ActivityIn",
    "Archived",
    "CalendarEntry",
    "CalendarKind",
    "Case",
    "Claim",
    "Counted",
    "CountedRatio",
    "Effect",
    "Fault",
    "Finding",
    "ForecastPlan",
    "GrowthOf",
    "Hypothesis",
    "Imported",
    "Indicator",
    "MadeClaim",
    "Observable",
    "Probability",
    "Ratio",
    "StandingStructure",
    "TwoLikelihoods",
    "add_claims",
    "archived_copy",
    "case_faults",
    "case_schema",
    "check",
    "circles",
    "dotted",
    "free_key",
    "grade",
    "import_claims",
    "independent",
    "make_claim",
    "new_case",
    "probabilities",
    "read_case",
    "slug",
    "sources",
    "template",
    "uses",
]
