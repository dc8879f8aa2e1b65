"""Scenes to comparable pixels: read, mask, normalise, gate; and what each look gave."""

from sitewatch.cube._asking import Asking
from sitewatch.cube._cube import MIN_CLEAR_SHARE, Readings, read_cube, visible_bands
from sitewatch.cube._cubes import read_cubes, without_few
from sitewatch.cube._feeds import Feed, Passes, Stall, feeds_of, find_stalls, longest_explained, stall_document
from sitewatch.cube._files import looks_document, read_looks, read_looks_head
from sitewatch.cube._gaps import Gap, Gaps, Why, find_gaps, gap_document
from sitewatch.cube._harmonise import (
    Adjustment,
    Harmony,
    can_be_harmonised,
    harmonise,
    harmony_sentences,
    read_harmony,
)
from sitewatch.cube._listed import listed_by_one, look_of_gone, with_listing
from sitewatch.cube._look import BESIDE, Look, Outcome
from sitewatch.cube._normalise import normalise
from sitewatch.cube._outcomes import look_of_faulty, look_outside
from sitewatch.cube._pictures import GOOD_SHARE, Arrival, GoodShare, NewPicture, new_pictures, picture_document

__all__ = [
    "BESIDE",
    "GOOD_SHARE",
    "MIN_CLEAR_SHARE",
    "Adjustment",
    "Arrival",
    "Asking",
    "Feed",
    "Gap",
    "Gaps",
    "GoodShare",
    "Harmony",
    "Look",
    "NewPicture",
    "Outcome",
    "Passes",
    "Readings",
    "Stall",
    "Why",
    "can_be_harmonised",
    "feeds_of",
    "find_gaps",
    "find_stalls",
    "gap_document",
    "harmonise",
    "harmony_sentences",
    "listed_by_one",
    "longest_explained",
    "look_of_faulty",
    "look_of_gone",
    "look_outside",
    "looks_document",
    "new_pictures",
    "normalise",
    "picture_document",
    "read_cube",
    "read_cubes",
    "read_harmony",
    "read_looks",
    "read_looks_head",
    "stall_document",
    "visible_bands",
    "with_listing",
    "without_few",
]
