"""The shipped schema is the model's, and takes what the check takes."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sitewatch.case import case_faults, case_schema, new_case, template
from sitewatch.case._yaml import read_tree
from sitewatch.errors import InputError

SCHEMA = json.loads((files("sitewatch.case") / "case.schema.json").read_text(encoding="utf-8"))
MADE = {"site": "plant", "title": 'The "plant"', "question": "What: for?", "since": dt.date(2019, 1, 1)}


def test_the_shipped_schema_is_the_models() -> None:
    """Else: sitewatch case schema > src/sitewatch/case/case.schema.json."""
    assert case_schema() == SCHEMA
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_field_is_described() -> None:
    parts = {**SCHEMA["$defs"], "Case": SCHEMA}
    bare = [
        f"{part}.{name}"
        for part, of in parts.items()
        for name, told in of.get("properties", {}).items()
        if "description" not in told
    ]
    assert bare == []


def valid(text: str) -> Any:
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(read_tree(text).value)


def test_it_takes_the_template_and_the_example(plant: Path) -> None:
    assert valid(plant.read_text())
    assert valid(template(**MADE))
    assert not valid(plant.read_text().replace("prior: 0.6", "prior: 1.6"))
    assert not valid(plant.read_text().replace("title: Congress", "titel: Congress"))
    assert not valid(plant.read_text().replace("{record: true}", "{record: true, stated: 2.0}"))


def test_a_new_case_can_be_checked_and_says_what_is_to_be_written(tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    new_case(path, **MADE)
    text = path.read_text()
    assert text.startswith("# yaml-language-server: $schema=case.schema.json\n")
    assert json.loads((tmp_path / "case.schema.json").read_text()) == SCHEMA
    case, faults = case_faults(path)
    assert case is not None
    assert (case.title, case.question, case.since) == (MADE["title"], MADE["question"], MADE["since"])
    assert "other" in case.hypotheses
    assert any(one.benign for one in case.hypotheses.values())
    assert len(case.hypotheses) == 4
    lines = [number for number, line in enumerate(text.splitlines(), start=1) if '"TO DO' in line and line[0] != "#"]
    assert {fault.line for fault in faults} == set(lines)
    assert all(fault.warning and fault.do == "write it" for fault in faults)
    with pytest.raises(InputError, match="exists already"):
        new_case(path, **MADE)


def test_the_examples_of_the_template_hold_when_they_are_taken_in(tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    text = template(**MADE)
    begin = text.index("# calendar:")
    shown = "".join(
        line.removeprefix("# ")
        for line in text[begin:].splitlines(keepends=True)
        if not line.startswith(("# What is forecast", "#\n"))
    )
    path.write_text(text[:begin] + shown)
    case, faults = case_faults(path)
    assert case is not None
    assert [fault.found for fault in faults if "TO DO" not in fault.found] == ["no source"]
    assert case.forecast is not None


@pytest.mark.parametrize(
    ("name", "value", "field"), [("site", "", "site"), ("title", "x" * 400, "title"), ("question", "a\nb", "question")]
)
def test_texts_that_cannot_stand_in_a_case(tmp_path: Path, name: str, value: str, field: str) -> None:
    with pytest.raises(InputError, match=f"field {field}"):
        new_case(tmp_path / "new.yaml", **{**MADE, name: value})
    assert list(tmp_path.iterdir()) == []


def test_the_room_is_quick_to_enter() -> None:
    code = "import sys, sitewatch.case; print({'numpy', 'numba', 'scipy', 'rasterio', 'pybtex'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
