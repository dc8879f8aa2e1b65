"""Claims from what bibliographies and tables hold.

| claim | BibTeX | CSL-JSON | CSV |
|---|---|---|---|
| key | entry key | `id` | `key`, else from who and published |
| who | author, editor, organization, institution | author, editor | `who` |
| what | annote, annotation, note, title | annote, note, title | `what` |
| outlet | journal(title), booktitle, publisher, howpublished, institution | container-title, publisher | `outlet` |
| said | eventdate | event-date | `said` |
| published | date, or year, month and day | issued | `published` |
| link | url, or doi | URL, or DOI | `link` |
| reference | title, outlet, volume, pages | the same | `reference` |
| the others | fields of their names | none | columns of their names, lists with ; |

What is said is not what a publication is called: `what` taken from a title is told, to be written anew. Of a date of
which only the year or month is known the last day is taken, so that nothing counts as known before it can have been;
that is told too.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sitewatch.case._bibtex import read_bibtex
from sitewatch.case._faults import Fault, did_you_mean, dotted, in_words, refused
from sitewatch.case._file import read_bytes
from sitewatch.case._model import Claim
from sitewatch.case._shape import make_claim
from sitewatch.case._write import free_key, slug
from sitewatch.case._yaml import Wrong, decode
from sitewatch.errors import InputError

__all__ = ["Imported", "import_claims"]

_COLUMNS = (
    "key",
    "who",
    "what",
    "outlet",
    "said",
    "published",
    "quote",
    "link",
    "reference",
    "reliability",
    "credibility",
    "repeats",
    "supports",
    "contradicts",
)
_LISTS = ("supports", "contradicts")
_MISSING = {
    ".bib": {"who": "an author, editor or organization", "what": "an annote, note or title", "published": "a date"},
    ".json": {"who": "an author or editor", "what": "an annote, note or title", "published": "`issued`"},
    ".csv": {name: f"it in column `{name}`" for name in ("who", "what", "published")},
}
_YEAR, _MONTH = re.compile(r"\d{4}"), re.compile(r"(\d{4})-(\d{1,2})")


@dataclass(frozen=True, kw_only=True)
class Imported:
    """Claims that a file holds."""

    claims: dict[str, Claim]
    where: dict[str, str]
    """Of each claim, the file and line that it comes from, for `add_claims`."""
    notes: tuple[str, ...]
    """What was taken for more than the file says, a sentence each."""


@dataclass(frozen=True, kw_only=True)
class _Entry:
    where: str
    """File and place, as faults name it."""
    key: str
    fields: Mapping[str, Any]
    notes: list[str] = field(default_factory=list)


def import_claims(path: Path, *, taken: frozenset[str] = frozenset()) -> Imported:
    """The claims of a bibliography or table; the table above says which field becomes what.

    Args:
        path: BibTeX (.bib), CSL-JSON (.json) or CSV (.csv), UTF-8, at most 1 MB.
        taken: keys that claims without one of their own must not get.

    Raises:
        InputError: it cannot be read or is none, or an entry lacks what a claim needs. Every fault is a line of its
            own.
    """
    read = {".bib": _bibtex, ".json": _csl, ".csv": _table}.get(path.suffix.lower())
    if read is None:
        raise InputError(f"{path}: is neither .bib, .json (CSL) nor .csv; export the claims as one of them")
    text = decode(read_bytes(path), widest=None)
    if isinstance(text, Wrong):
        raise InputError(str(Fault(file=str(path), line=text.line, field="", found=text.found, do=text.do)))
    claims: dict[str, Claim] = {}
    where: dict[str, str] = {}
    notes: list[str] = []
    faults: list[Fault] = []
    for entry in read(text, str(path)):
        claim = _claim(entry, path.suffix.lower())
        if isinstance(claim, list):
            faults += claim
            continue
        key = entry.key or free_key(slug(f"{claim.who[:40]} {claim.published}"), taken | claims.keys())
        if key in claims:
            do = "give each a key of its own"
            faults.append(Fault(file=entry.where, line=None, field="key", found=f"{key} for the second time", do=do))
        claims[key], where[key] = claim, entry.where
        notes += [f"{key}: {note}" for note in entry.notes]
    if faults:
        raise refused(faults)
    if not claims:
        raise InputError(f"{path}: holds no entry; give a file with claims")
    return Imported(claims=claims, where=where, notes=tuple(notes))


def _claim(entry: _Entry, suffix: str) -> Claim | list[Fault]:
    fields = {name: value for name, value in entry.fields.items() if value not in (None, "", [])}
    for name in ("said", "published"):
        if isinstance(fields.get(name), str):
            fields[name] = _whole(fields[name], name, entry.notes)
    if "said" in fields and "published" in fields and fields["said"] != entry.fields["said"]:
        # The last day of a month in which it was said may lie after the day on which it could be read.
        fields["said"] = min(fields["said"], fields["published"])
    if isinstance(fields.get("credibility"), str) and fields["credibility"].isdecimal():
        fields["credibility"] = int(fields["credibility"][:3])
    made = make_claim(fields)
    if isinstance(made, Claim):
        return made
    hints = _MISSING[suffix]
    return [
        Fault(
            file=entry.where,
            line=None,
            field=dotted((entry.key, *one.path) if entry.key else one.path),
            found=one.found,
            do=f"add {hints[name]}" if one.found == "nothing" and (name := str(one.path[-1])) in hints else one.do,
        )
        for one in made
    ]


def _whole(text: str, name: str, notes: list[str]) -> str:
    """A day from a date of which only the year or month may be known, or from a span: the last that it can be."""
    told = text.strip().rpartition("/")[2].strip("~?%[] ") or text
    day = told
    if _YEAR.fullmatch(told):
        day = f"{told}-12-31"
    elif (month := _MONTH.fullmatch(told)) and 1 <= int(month[2]) <= 12 and int(month[1]) > 0:
        after = dt.date(int(month[1]), int(month[2]), 28) + dt.timedelta(days=4)
        day = (after.replace(day=1) - dt.timedelta(days=1)).isoformat()
    elif re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}", told):
        day = "-".join(part.zfill(2) for part in told.split("-"))
    if day != text:
        notes.append(f"{name} {in_words(text)} is taken as {day}")
    return day


def _bibtex(text: str, name: str) -> Iterator[_Entry]:
    entries, faults = read_bibtex(text)
    if faults:
        raise refused(Fault(file=name, line=line, field="", found=found, do=do) for line, found, do in faults)
    for line, key, told in entries:
        get = _first_of(told)
        title = get("title")
        outlet = get("journal", "journaltitle", "booktitle", "publisher", "howpublished", "institution", "organization")
        published = get("date") or "-".join(part for part in (get("year"), get("month"), get("day")) if part)
        doi = get("doi")
        fields = {
            "who": get("author", "editor", "organization", "institution"),
            "what": get("annote", "annotation", "note", "title"),
            "outlet": outlet,
            "said": get("eventdate"),
            "published": published,
            "link": get("url") or (f"https://doi.org/{doi}" if doi else None),
            "reference": _reference(title, outlet, get("volume"), get("pages")),
            **{one: told.get(one) for one in ("quote", "reliability", "credibility", "repeats")},
            **{one: _split(told.get(one)) for one in _LISTS},
        }
        notes = _from_title(get("annote", "annotation", "note"))
        yield _Entry(where=f"{name}, line {line}", key=slug(key), fields=fields, notes=notes)


def _csl(text: str, name: str) -> Iterator[_Entry]:
    try:
        items = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        found = f"no JSON ({error.msg if isinstance(error, json.JSONDecodeError) else 'too deep or too large'})"
        raise refused([Fault(file=name, line=line, field="", found=found, do="export it anew")]) from error
    if not isinstance(items, list):
        do = "give CSL-JSON, a list of entries as Zotero exports it"
        raise refused([Fault(file=name, line=1, field="", found=in_words(items), do=do)])
    for number, item in enumerate(items, start=1):
        where = f"{name}, entry {number}"
        if not isinstance(item, dict):
            raise refused([Fault(file=where, line=None, field="", found=in_words(item), do="give an entry's fields")])
        told = {key: str(value) for key, value in item.items() if isinstance(value, str | int | float)}
        get = _first_of(told)
        title, doi, outlet = get("title"), get("DOI"), get("container-title", "publisher")
        fields = {
            "who": _people(item.get("author")) or _people(item.get("editor")),
            "what": get("annote", "note", "title"),
            "outlet": outlet,
            "said": _csl_day(item.get("event-date")),
            "published": _csl_day(item.get("issued")),
            "link": get("URL") or (f"https://doi.org/{doi}" if doi else None),
            "reference": _reference(title, outlet, get("volume"), get("page")),
        }
        yield _Entry(where=where, key=slug(told.get("id", "")), fields=fields, notes=_from_title(get("annote", "note")))


def _table(text: str, name: str) -> Iterator[_Entry]:
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    begin = 1
    columns: list[str] = []
    try:
        for row in lines:
            line, begin = begin, lines.line_num + 1
            where = f"{name}, line {line}"
            if not any(cell.strip() for cell in row):
                continue
            if not columns:
                columns = [cell.strip().lower() for cell in row]
                _check_columns(columns, where)
                continue
            if len(row) > len(columns):
                found = f"{len(row)} cells under {len(columns)} columns"
                do = "put cells with a comma in double quotes"
                raise refused([Fault(file=where, line=None, field="", found=found, do=do)])
            told = {column: cell.strip() for column, cell in zip(columns, row, strict=False)}
            fields: dict[str, Any] = {one: told.get(one) for one in _COLUMNS if one != "key"}
            fields |= {one: _split(told.get(one)) for one in _LISTS}
            key = told.get("key", "")
            if key and slug(key) != key:
                do = f"write lower-case letters, digits and hyphens, such as {slug(key) or 'a1'}"
                raise refused([Fault(file=where, line=None, field="key", found=in_words(key), do=do)])
            yield _Entry(where=where, key=key, fields=fields)
    except csv.Error as error:
        fault = Fault(file=name, line=lines.line_num, field="", found=f"no CSV ({error})", do="save it as CSV anew")
        raise refused([fault]) from error


def _check_columns(columns: list[str], where: str) -> None:
    unknown = [one for one in columns if one not in _COLUMNS]
    twice = [one for one in columns if columns.count(one) > 1]
    missing = [one for one in ("who", "what", "published") if one not in columns]
    if len(columns) == 1 and ";" in columns[0]:
        found, do = "columns divided by ;", "save it with commas between the columns"
    elif unknown:
        found = f"the unknown column {in_words(unknown[0])}"
        do = did_you_mean(unknown[0], _COLUMNS, none="leave it out")
    elif twice:
        found, do = f"the column {twice[0]} twice", "keep one of them"
    elif missing:
        found, do = f"no column {missing[0]}", "add it: a claim needs who, what and published, and a link or reference"
    else:
        return
    raise refused([Fault(file=where, line=None, field="", found=found, do=do)])


def _first_of(told: Mapping[str, str]) -> Callable[..., str | None]:
    return lambda *names: next((told[name].strip() for name in names if told.get(name, "").strip()), None)


def _split(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(";") if part.strip()]


def _reference(title: str | None, outlet: str | None, volume: str | None, pages: str | None) -> str | None:
    parts = [title, outlet if volume is None or outlet is None else f"{outlet} {volume}", pages and f"p. {pages}"]
    told = " ".join(", ".join(part for part in parts if part).split())
    return told if len(told) <= 300 else f"{told[:296]} ..."


def _from_title(note: str | None) -> list[str]:
    return [] if note else ["what is the publication's title; write what it says in your own words"]


def _people(told: Any) -> str | None:
    """Names of a CSL entry, as they are spoken."""
    people = []
    for one in told if isinstance(told, list) else []:
        if isinstance(one, dict):
            parts = [one.get(name) for name in ("literal", "given", "non-dropping-particle", "family")]
            people.append(" ".join(part.strip() for part in parts if isinstance(part, str) and part.strip()))
    return _several([one for one in people if one])


def _several(people: list[str]) -> str | None:
    told = ", ".join(people)
    return (told if len(told) <= 300 else f"{people[0][:280]} and others") or None


def _csl_day(told: Any) -> str | None:
    """A date of a CSL entry; of a span, its end."""
    if not isinstance(told, dict):
        return None
    parts = told.get("date-parts")
    if isinstance(parts, list) and parts and isinstance(parts[-1], list):
        numbers = [str(part).zfill(2) for part in parts[-1] if str(part).isdecimal()]
        return "-".join(numbers) or None
    raw = told.get("raw") or told.get("literal")
    return raw if isinstance(raw, str) else None
