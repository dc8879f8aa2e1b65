"""Reports of the small site in `plant_record`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from plant_record import NOW, Case, bracket, cube_of, ground, look, presence, structure

from sitewatch.change import Kind
from sitewatch.cube import Outcome
from sitewatch.report import write_report
from sitewatch.site import Site
from sitewatch.structures import Phase


@pytest.fixture
def case() -> Case:
    """The site's whole record."""
    outcomes = {3: Outcome.COULD_NOT_SEE, 9: Outcome.REJECTED, 13: Outcome.FAILED}
    looks = [look(n, outcome=outcomes.get(n, Outcome.USED)) for n in range(20)]
    hall = structure(
        "hall",
        ground(8, 6, 18, 14),
        presence(
            bracket(5),
            None,
            phases=(
                Phase(name="frame", began=bracket(5), area_m2=5000),
                Phase(name="complete", began=bracket(6), area_m2=8000),
            ),
        ),
    )
    tent = structure(
        "tent", ground(24, 26, 30, 30), presence(bracket(8), bracket(12)), presence(bracket(15), bracket(18))
    )
    field = structure("field", ground(2, 30, 8, 36), presence(bracket(6), None), kind=Kind.VEGETATION, probability=0.4)
    site = Site(id="plant", name="The plant", outline=ground(3, 3, 37, 37), areas={"test yard": ground(20, 22, 34, 34)})
    return Case(site=site, looks=looks, cube=cube_of(looks), structures=[hall, tent, field])


@pytest.fixture
def written(tmp_path: Path, case: Case) -> Callable[..., Path]:
    """Write a report of the case; keyword arguments replace parts of it."""

    def write(**fields: object) -> Path:
        told: dict[str, object] = {
            "site": case.site,
            "looks": case.looks,
            "cube": case.cube,
            "structures": case.structures,
            "false_alarms": 1.0,
            "version": "0.0.0",
            "now": NOW,
            "seen_share": 1.0,
        }
        folder = tmp_path / "report"
        folder.mkdir(exist_ok=True)
        return write_report(folder, **(told | fields))  # type: ignore[arg-type]

    return write
