"""Pages from templates: all text escaped, style and script inside, nothing asked of the network."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup, escape

__all__ = ["page_parts", "template"]

_WHOLE = re.compile(r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2} UTC)?\*?|(&[lg]t;)?\d+ %")


def template(name: str, *, filters: Mapping[str, Callable[..., Any]]) -> jinja2.Template:
    """A template of this package; beside the filters given it has `nb`, which keeps dates and per cents whole."""
    return _compiled(name, tuple(filters.items()))


@cache
def _compiled(name: str, filters: tuple[tuple[str, Callable[..., Any]], ...]) -> jinja2.Template:
    """Compiled once: a run over many sites writes many pages."""
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"nb": _unbroken, **dict(filters)}
    return environment.from_string(_part(name))


def page_parts(*, styles: Sequence[str], scripts: Sequence[str]) -> dict[str, str]:
    """`style` and `script` of a page, from files of this package, and `script_hash` for its policy."""
    script = "".join(_part(name) for name in scripts)
    return {
        "style": Markup("".join(_part(name) for name in styles)),  # noqa: S704 - our own files
        "script": Markup(script),  # noqa: S704 - our own files
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    }


def _part(name: str) -> str:
    return (resources.files("sitewatch.report") / "templates" / name).read_text(encoding="utf-8")


def _unbroken(text: str) -> Markup:
    """Escaped text whose dates and per cents do not break at the end of a line."""
    return Markup(_WHOLE.sub(r'<span class="nb">\g<0></span>', str(escape(text))))  # noqa: S704 - escaped just before
