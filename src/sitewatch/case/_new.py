"""A case to begin with."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from sitewatch.case._faults import refused
from sitewatch.case._file import parse_case
from sitewatch.case._schema import case_schema
from sitewatch.case._write import quoted
from sitewatch.errors import InputError, OutputError

__all__ = ["SCHEMA", "new_case", "template"]

SCHEMA = "case.schema.json"
"""Name of the schema that is put beside a new case."""

_TEMPLATE = """\
# yaml-language-server: $schema={schema}
# A case: one question about one site, and what could answer it. Check it with `sitewatch case check`.
# Keys such as `programme` are yours to choose. Numbers below are examples; every "TO DO" is for you to write.
sitewatch_case: 1
title: {title}
question: {question}
site: {site}

# Only what was seen or said from this day on counts as evidence. What came before belongs into the priors and into
# what you count.
since: {since}

# The explanations. They exclude each other and leave nothing out: their priors add up to 1. Think of the everyday
# ones first, then of goods that serve two uses, and keep one for what nobody has thought of.
hypotheses:
  routine:
    title: "the site does what sites of its kind do every day"
    benign: true
    prior: 0.5
    why: "TO DO: of how many sites like this one does it hold?"
    # Whatever a hypothesis is about comes and goes: mean days of an episode, and of the gap between two.
    activity: {{on_days: 30, off_days: 60, why: "TO DO: how long do works last there, how far apart are they?"}}
  dual-use:
    title: "civilian goods are made that serve other uses too"
    prior: 0.25
    why: "TO DO"
    activity: {{on_days: 20, off_days: 90, why: "TO DO"}}
  programme:
    title: "what is asked about goes on at the site"
    prior: 0.15
    why: "TO DO"
    activity: {{on_days: 10, off_days: 120, why: "TO DO"}}
  other:
    title: "something that is not listed here"
    prior: 0.1
    why: "the share that is kept for what nobody has thought of"
    activity: {{on_days: 30, off_days: 120, why: "as nothing is known of it, between the others"}}

# What would tell the explanations apart, each bound to one thing that can be observed:
#   structure: NAME            it stands (name or id, as `sitewatch structures` shows it)
#   activity: SUB-AREA         anything stands or lies there
#   growth: SUB-AREA or site   built-up ground has grown, by `at_least_m2:` square metres
#   claim: KEY                 a claim of this case was made public
# A likelihood says how probable it is that it shows under a hypothesis. Of structures and activity give two: in an
# episode (active), and in a gap between two (idle). Of growth and claims give one.
indicators:
  shelter:
    title: "a shelter stands in the yard"
    observable: {{structure: "shelter"}}
    likelihoods:
      routine:
        # Counted, the best origin: it showed in 2 of 12 earlier cases. Say which ones.
        active: {{counted: {{shown: 2, of: 12}}, why: "TO DO: which cases?"}}
        idle: {{counted: {{shown: 1, of: 12}}, why: "TO DO: which cases?"}}
      dual-use:
        # Stated: what somebody holds it to be, worth as many counted cases as you say.
        active: {{stated: 0.4, cases: 8, by: "TO DO: your name", why: "TO DO: what it rests on"}}
        idle: {{stated: 0.1, cases: 8, by: "TO DO: your name"}}
      programme:
        active: {{stated: 0.8, cases: 8, by: "TO DO: your name"}}
        idle: {{stated: 0.1, cases: 8, by: "TO DO: your name"}}
      other:
        active: {{stated: 0.3, cases: 4, by: "TO DO: your name"}}
        idle: {{stated: 0.1, cases: 4, by: "TO DO: your name"}}

# What others have said: `sitewatch claim add` and `sitewatch claim import` write here. A claim becomes evidence when an
# indicator is bound to it, or an origin when a number names it as `source: [KEY]`; not both. Grade the source by its
# record (reliability, A to F) and what it says by what else is known (credibility, 1 to 6). One that passes on another
# says `repeats: KEY`.
claims: {{}}

# Days that matter for reasons which no look shows:
# calendar:
#   anniversary:
#     title: "anniversary of the founding"
#     kind: anniversary           # or deadline, exercise, other
#     from: 2024-10-10
#     to: 2024-10-10
#     yearly: true
#     ratio: {{record: true}}       # counted in the record of events; or stated: 2.0 with by and why
#     source: []                  # claims that tell of it

# What is forecast:
# forecast:
#   event: "launch"               # title of the recorded events, as `sitewatch event list` shows it
#   windows: [7, 14, 30, 90]      # days
"""


def template(*, site: str, title: str, question: str, since: dt.date, schema: str = SCHEMA) -> str:
    """A commented case to begin with. It can be checked as it is; what is to be written begins with "TO DO".

    Args:
        site: id of the site.
        title: of the case.
        question: what is asked.
        since: first day of the period that is judged.
        schema: where the editor finds the JSON Schema, from the file's folder.
    """
    return _TEMPLATE.format(
        schema=schema, title=quoted(title), question=quoted(question), site=quoted(site), since=since.isoformat()
    )


def new_case(path: Path, *, site: str, title: str, question: str, since: dt.date) -> None:
    """Write a case to begin with, and beside it the schema from which editors complete, where none lies there.

    Args:
        path: the file to make; it must not exist.
        site: id of the site.
        title: of the case.
        question: what is asked.
        since: first day of the period that is judged.

    Raises:
        InputError: the file exists, or a text cannot stand in a case.
        OutputError: it cannot be written.
    """
    if path.exists() or path.is_symlink():
        raise InputError(f"{path}: exists already; give another name")
    text = template(site=site, title=title, question=question, since=since)
    errors = parse_case(text.encode(), name=str(path)).errors
    if errors:
        raise refused(errors)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        beside = path.parent / SCHEMA
        if not beside.exists():
            beside.write_text(json.dumps(case_schema(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror}); give a folder that is there") from error
