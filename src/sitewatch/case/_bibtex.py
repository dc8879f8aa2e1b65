"""BibTeX to plain texts."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["read_bibtex"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def read_bibtex(text: str) -> tuple[list[tuple[int, str, dict[str, str]]], list[tuple[int | None, str, str]]]:
    """The entries of a BibTeX file.

    Args:
        text: what it holds; LaTeX in it becomes plain text.

    Returns:
        (line, key and fields of each entry, with people as they are spoken and months as numbers; line, what was found
        and what to do of each fault, for which the entries are not to be used).
    """
    import pybtex.errors
    from pybtex.database.input.bibtex import Parser
    from pybtex.exceptions import PybtexError

    data = None
    with pybtex.errors.capture() as errors:
        try:
            data = Parser().parse_string(text)
        except (PybtexError, RecursionError) as error:
            errors.append(error)
    faults: list[tuple[int | None, str, str]] = []
    for one in errors:
        line = getattr(one, "lineno", None)
        found = " ".join(str(one).split()).replace(f" in line {line}:", "")[:120]
        do = "put it in braces" if "undefined string" in found else "mend the entry"
        faults.append((line, f"no BibTeX ({found})", do))
    if data is None or faults:
        return [], faults
    entries = []
    for key, entry in data.entries.items():
        line = _line(text, key)
        try:
            told = {name.lower(): _plain(value) for name, value in entry.fields.items()}
            people = {role.lower(): [_spoken(one) for one in several] for role, several in entry.persons.items()}
        except (PybtexError, ValueError, RecursionError) as error:
            faults.append((line, f"LaTeX in {key} that cannot be read ({error})"[:160], "write it as plain text"))
            continue
        told |= {role: _several(names) for role, names in people.items()}
        if told.get("month", "").lower()[:3] in _MONTHS:
            told["month"] = f"{_MONTHS.index(told['month'].lower()[:3]) + 1:02d}"
        entries.append((line, key, told))
    return entries, faults


def _line(text: str, key: str) -> int:
    found = re.search(rf"@\w+\s*[{{(]\s*{re.escape(key)}\s*[,}})]", text)
    return 1 if found is None else text.count("\n", 0, found.start()) + 1


def _plain(latex: str) -> str:
    """LaTeX as plain text; addresses stay as they are."""
    from pybtex.richtext import Text

    if re.match(r"https?://\S+$", latex.strip()):
        return re.sub(r"\\([_%&#~])", r"\1", latex.strip())
    # Commands that are no letters, such as those of type faces, are left as they are by pybtex.
    return " ".join(re.sub(r"\\[a-zA-Z]+\b", " ", str(Text.from_latex(latex))).split())


def _spoken(person: Any) -> str:
    given, family = (*person.first_names, *person.middle_names), (*person.prelast_names, *person.last_names)
    return _plain(" ".join((*given, *family, *person.lineage_names)))


def _several(people: list[str]) -> str:
    told = ", ".join(people)
    return told if len(told) <= 300 else f"{people[0][:280]} and others"
