"""The benchmark's ablation: what it swaps must be there in the engine."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from benchmark_scripts import FOLDER
from sitewatch.change._describe import FEATURES


@pytest.fixture(scope="module")
def ablation() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER / "change")
        return importlib.import_module("ablation")


def test_every_part_is_taken_out_and_comes_back(ablation: ModuleType) -> None:
    for row in ablation.ABLATIONS:
        swaps = [swap() for swap in row.swaps]
        before = [getattr(owner, name) for owner, name, _ in swaps]
        with row._taken_out():
            for (owner, name, instead), was in zip(swaps, before, strict=True):
                assert getattr(owner, name) is instead is not was
        assert [getattr(owner, name) for owner, name, _ in swaps] == before


def test_each_row_but_the_whole_engine_lacks_something(ablation: ModuleType) -> None:
    whole, *rows = ablation.ABLATIONS
    plain = ablation.Ablation(name="as shipped")
    assert whole == plain
    assert all((row.swaps, row.run) != (plain.swaps, plain.run) for row in rows)
    assert len({row.name for row in ablation.ABLATIONS}) == len(ablation.ABLATIONS)


def test_a_line_that_the_engine_does_not_hold_once_ends_the_program(ablation: ModuleType) -> None:
    scanning = importlib.import_module("sitewatch.change._scan")
    for line, times in (("no such line", 0), ("@numba.njit(cache=True, fastmath=True)", "1")):
        with pytest.raises(SystemExit, match=f"{times}.* times, not once"):
            ablation._edited(scanning, line, "")


@pytest.mark.parametrize(("inside", "stood"), [(0.4, True), (0.2, False)])
def test_without_a_direction_what_is_brighter_stood(ablation: ModuleType, inside: float, stood: Any) -> None:
    features = np.zeros((1, len(FEATURES)))
    for side, value in (("inside", inside), ("before", 0.3), ("after", 0.3)):
        features[0, FEATURES.index(f"bright_{side}")] = value
    assert ablation._brighter(None, features).tolist() == [stood]
