"""Scenes to comparable pixels: read, mask, normalise, gate; and what each look gave."""

from sitewatch.cube._cube import MIN_CLEAR_SHARE, Readings, look_of_faulty, look_outside, read_cube, visible_bands
from sitewatch.cube._cubes import read_cubes
from sitewatch.cube._files import looks_document, read_looks
from sitewatch.cube._look import Look, Outcome
from sitewatch.cube._normalise import normalise

__all__ = [
    "MIN_CLEAR_SHARE",
    "Look",
    "Outcome",
    "Readings",
    "look_of_faulty",
    "look_outside",
    "looks_document",
    "normalise",
    "read_cube",
    "read_cubes",
    "read_looks",
    "visible_bands",
]
