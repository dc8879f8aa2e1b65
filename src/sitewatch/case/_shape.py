"""The faults of a case's shape in the words of a case: what pydantic found, told as what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from sitewatch.case._faults import Finding, Path, did_you_mean, in_words
from sitewatch.case._model import FORMAT, OBSERVABLES, Case, Claim, Probability, TwoLikelihoods, is_tag

__all__ = ["make_claim", "shape_faults"]

_KINDS = {
    "string_type": "write text; a number or true belongs into quotes for it",
    "int_type": "write a whole number",
    "int_from_float": "write a whole number",
    "float_type": "write a number such as 0.3, without quotes",
    "finite_number": "write a finite number",
    "bool_type": "write true or false, without quotes",
    "tuple_type": "write a list, such as [a, b]",
    "dict_type": "write fields below it, or leave the line out",
    "model_type": "write fields below it",
    "model_attributes_type": "write fields below it",
}
_LIMITS = (("gt", "above"), ("ge", "of at least"), ("lt", "below"), ("le", "of at most"))
_PATTERNS = {
    "^[a-z0-9][a-z": "write lower-case letters, digits and hyphens, at most 64",
    "^https?": "write an address that begins with https:// and has no spaces",
    "^[0-9a-f]{64}": "write the 64 hexadecimal digits of the SHA-256",
    r"^[^\x00-\x1f": "write one line, without control characters",
    r"^[^\x00-\x08": "leave the control characters out",
}


def shape_faults(error: ValidationError, value: Any, *, within: Path = ()) -> list[Finding]:
    """What is wrong with the fields of a case, each by itself.

    Args:
        error: what `Case.model_validate` raised.
        value: the case that it was given, or one that has what it was given at `within`.
        within: the part that was validated; default the whole case.
    """
    told = []
    for one in error.errors(include_url=False):
        # Tags say which branch of a union was meant; they are no fields.
        path: Path = (*within, *(step for step in one["loc"] if not is_tag(step) and step != "[key]"))
        told.append(_told(one["type"], path, one.get("input"), one.get("ctx") or {}, value, key="[key]" in one["loc"]))
    return told


def make_claim(fields: Mapping[str, Any]) -> Claim | list[Finding]:
    """A claim from its fields as a file would have them, or what is wrong with them, each by its own field."""
    try:
        return Claim.model_validate(dict(fields))
    except ValidationError as error:
        found = shape_faults(error, {"claims": {"it": dict(fields)}}, within=("claims", "it"))
        return [Finding(path=one.path[2:], found=one.found, do=one.do) for one in found]


def _told(kind: str, path: Path, given: Any, ctx: dict[str, Any], value: Any, *, key: bool) -> Finding:
    if kind == "case":
        at = tuple(str(ctx["at"]).split(".")) if ctx["at"] else ()
        return Finding(path=(*path, *at), found=str(ctx["found"]), do=str(ctx["do"]))
    if path == ("sitewatch_case",) and kind != "missing":
        do = f"write {FORMAT}, or check a file of a later format with a later sitewatch"
        return Finding(path=path, found=in_words(given), do=do)
    if not path:
        return Finding(path=path, found=in_words(given), do="write the fields of a case")
    part = _part_at(path[:-1], value)
    if kind == "missing":
        field = None if part is None else _fields(part).get(str(path[-1]))
        means = "" if field is None or field[1] is None else f" ({_first(field[1])})"
        return Finding(path=path, found="nothing", do=f"add `{path[-1]}:`{means}")
    if kind == "extra_forbidden":
        known = [] if part is None else list(_fields(part))
        name = str(path[-1])
        if part in OBSERVABLES.values() and name in OBSERVABLES:
            return Finding(path=path, found="a second observable", do="bind an indicator to one thing; make two of it")
        return Finding(path=path, found="an unknown field", do=did_you_mean(name, known, none="leave it out"))
    if kind == "union_tag_not_found":
        do = f"give one of {', '.join(f'`{name}:`' for name in OBSERVABLES)}"
        return Finding(path=path, found=in_words(given), do=do)
    if key:
        return Finding(path=path, found=f"the name {in_words(given)}", do=_PATTERNS["^[a-z0-9][a-z"])
    return Finding(path=path, found=_size(kind, given, ctx), do=_what_to_do(kind, ctx))


def _size(kind: str, given: Any, ctx: dict[str, Any]) -> str:
    if kind == "string_too_long" and isinstance(given, str):
        return f"{len(given.strip())} characters"
    if kind in {"too_short", "too_long"}:
        return str(ctx.get("actual_length"))
    return in_words(given)


def _what_to_do(kind: str, ctx: dict[str, Any]) -> str:
    if kind in _KINDS:
        return _KINDS[kind]
    if kind in {"literal_error", "enum"}:
        return f"write one of {str(ctx['expected']).replace(chr(39), '')}"
    if kind == "string_pattern_mismatch":
        return next((do for begins, do in _PATTERNS.items() if ctx["pattern"].startswith(begins)), "mend it")
    if kind == "string_too_long":
        return f"write at most {ctx['max_length']}"
    if kind == "string_too_short":
        return "write something, or leave the line out"
    if kind in {"too_short", "too_long"}:
        least = ctx.get("min_length")
        return f"give at least {least}" if least is not None else f"give at most {ctx.get('max_length')}"
    limit = [f"{words} {ctx[name]:g}" for name, words in _LIMITS if name in ctx]
    return f"write a number {limit[0]}" if limit else "mend it"


def _first(description: str) -> str:
    """The first sentence of a field's description."""
    text = " ".join(description.split())
    return re.split(r"(?<=[^.]{3})[.;:] ", text)[0].rstrip(".")[:160]


def _part_at(path: Path, value: Any) -> type[BaseModel] | None:
    """The part of the model that stands at a path of a file; None where none does."""
    kind: Any = Case
    for step in path:
        value = _step(value, step)
        kind = _meant(_inside(kind, step), value)
        if kind is None:
            return None
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _inside(kind: Any, step: str | int) -> Any:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _fields(kind).get(str(step), (None, None))[0]
    return get_args(kind)[{dict: 1, tuple: 0}[get_origin(kind)]] if get_origin(kind) in {dict, tuple} else None


def _meant(kind: Any, value: Any) -> Any:
    """The branch of a union that a value means."""
    if get_origin(kind) is Annotated:
        return _meant(get_args(kind)[0], value)
    if get_origin(kind) not in {Union, UnionType}:
        return kind
    branches = [_meant(one, value) for one in get_args(kind)]
    names = value.keys() if isinstance(value, dict) else set()
    if Probability in branches:
        return TwoLikelihoods if {"active", "idle"} & names else Probability
    if set(OBSERVABLES.values()) <= set(branches):
        return next((part for name, part in OBSERVABLES.items() if name in names), None)
    return next((one for one in branches if one is not type(None)), None)


def _fields(part: type[BaseModel]) -> dict[str, tuple[Any, str | None]]:
    """(type, description) by the name that files use."""
    return {field.alias or name: (field.annotation, field.description) for name, field in part.model_fields.items()}


def _step(value: Any, step: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    return value[step] if isinstance(value, list) and isinstance(step, int) and step < len(value) else None
