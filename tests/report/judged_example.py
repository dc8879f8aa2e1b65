"""The founding example, judged: what the tests of its page share."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Any

from sitewatch.assessment import Assessment, SiteRecord, assess, rooms
from sitewatch.case import Case, read_case
from sitewatch.cube import read_looks
from sitewatch.report import write_judgement
from sitewatch.site import read_site
from sitewatch.structures import read_structures

EXAMPLE = Path(__file__).parents[2] / "examples" / "march-16"
AT = dt.datetime(2019, 12, 20, 23, 59, 59, tzinfo=dt.UTC)
NOW = dt.datetime(2020, 1, 2, 9, tzinfo=dt.UTC)


@cache
def case() -> Case:
    return read_case(EXAMPLE / "case.yaml")


def record(**told: Any) -> SiteRecord:
    structures, _, said = read_structures(EXAMPLE / "record" / "structures.geojson")
    fields: dict[str, Any] = {
        "site": read_site(EXAMPLE / "record" / "site.geojson"),
        "structures": structures,
        "looks": read_looks(EXAMPLE / "record" / "looks.geojson"),
        "names": {key: one.name for key, one in said.items() if one.name},
        "pixel_m": 3.0,
        "simulated": True,
    }
    return SiteRecord(**(fields | told))


def judged(asked: Case, known: SiteRecord, at: dt.datetime = AT) -> Assessment:
    return assess(asked, known, at=at, draws=60)


@cache
def usual() -> Assessment:
    """The judgement of the example as it is."""
    return judged(case(), record())


def written(path: Path, asked: Case | None = None, known: SiteRecord | None = None, at: dt.datetime = AT) -> str:
    """The text of a page of a judgement, written to a file."""
    asked, known = asked or case(), known or record()
    found = usual() if asked is case() and known == record() and at == AT else judged(asked, known, at)
    write_judgement(
        path, case=asked, record=known, found=found, rooms=rooms(asked, known, found), case_sha256="0" * 64,
        version="0.0.0", now=NOW,
    )  # fmt: skip
    return path.read_text(encoding="utf-8")
