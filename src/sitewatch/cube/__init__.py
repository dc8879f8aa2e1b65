"""Scenes to comparable pixels: read, mask, normalise, gate; and what each look gave."""

from sitewatch.cube._asking import Asking
from sitewatch.cube._cube import MIN_CLEAR_SHARE, Readings, read_cube, visible_bands
from sitewatch.cube._cubes import read_cubes
from sitewatch.cube._files import looks_document, read_looks, read_looks_head
from sitewatch.cube._gaps import Gap, Gaps, Why, find_gaps, gap_document
from sitewatch.cube._listed import listed_by_one, look_of_gone, with_listing
from sitewatch.cube._look import BESIDE, Look, Outcome
from sitewatch.cube._normalise import normalise
from sitewatch.cube._outcomes import look_of_faulty, look_outside

__all__ = [
    "BESIDE",
    "MIN_CLEAR_SHARE",
    "Asking",
    "Gap",
    "Gaps",
    "Look",
    "Outcome",
    "Readings",
    "Why",
    "find_gaps",
    "gap_document",
    "listed_by_one",
    "look_of_faulty",
    "look_of_gone",
    "look_outside",
    "looks_document",
    "normalise",
    "read_cube",
    "read_cubes",
    "read_looks",
    "read_looks_head",
    "visible_bands",
    "with_listing",
]
