"""The JSON Schema of case files, from which editors complete and underline."""

from __future__ import annotations

from typing import Any

from sitewatch.case._model import Case

__all__ = ["case_schema"]


def case_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a case file, made from the model.

    It says what may stand where; what must hold between parts only `check` knows. The package holds it as
    `case.schema.json`.
    """
    schema = _tidy(Case.model_json_schema(by_alias=True))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "sitewatch case"}


def _tidy(value: Any) -> Any:
    """Descriptions on one line, as editors show them, and no titles that only repeat the field's name."""
    if isinstance(value, list):
        return [_tidy(one) for one in value]
    if not isinstance(value, dict):
        return value
    told = {name: _tidy(one) for name, one in value.items() if not (name == "title" and isinstance(one, str))}
    if isinstance(told.get("description"), str):
        told["description"] = " ".join(told["description"].split()).replace("`", "")
    return told
