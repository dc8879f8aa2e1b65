"""What sensors' own masks say."""

from __future__ import annotations

import numpy as np
import pytest

from sitewatch.cube._masks import Cause, causes_of

S, O, C, N = Cause.SEEN, Cause.OUTSIDE, Cause.CLOUD, Cause.SNOW  # noqa: E741 - a table reads best in letters

CASES = {
    "scl": ("scl", range(12), [O, S, S, C, S, S, S, S, C, C, C, N]),
    "landsat qa": ("qa_pixel", [0b1, 0b10, 0b100, 0b1000, 0b10000, 0b100000, 0b1000000], [O, C, C, C, C, N, S]),
    # Real values of clear land, and of cloud with high confidence, from the Collection 2 data format book.
    "landsat qa, real": ("qa_pixel", [21824, 22280, 1], [S, C, O]),
    "fmask classes": ("fmask", [0, 1, 2, 3, 4, 255], [S, S, C, N, C, O]),
    "fmask bits of HLS": ("fmask", [64, 64 + 2, 64 + 8, 64 + 16, 64 + 32, 255], [S, C, C, N, S, O]),
    "udm2": ("udm2", [0, 1], [C, S]),
    "cloud flag": ("cloud", [0, 1], [S, C]),
    "cloud percent": ("cloud", [0, 39, 40, 100], [S, S, C, C]),
    "valid": ("valid", [0, 1, 255], [O, S, S]),
}


@pytest.mark.parametrize(("name", "values", "expected"), CASES.values(), ids=CASES)
def test_masks_are_read_as_their_standards_say(name: str, values: list[int], expected: list[Cause]) -> None:
    assert causes_of(name, np.array([list(values)], dtype=np.uint16)).tolist() == [[int(c) for c in expected]]


def test_every_cause_has_words() -> None:
    assert len({cause.label for cause in Cause}) == len(Cause)
