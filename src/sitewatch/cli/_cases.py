"""`sitewatch case` and `sitewatch claim`: the question, what could explain it, and what has been said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sitewatch.cli._progress import note
from sitewatch.cli._text import say
from sitewatch.cli._values import parse_day, parse_now
from sitewatch.cli._workspace import AsJson, Now, print_json, print_table
from sitewatch.errors import InputError, OptionError

if TYPE_CHECKING:
    from sitewatch.case import CalendarEntry, Case, Indicator, Probability, Ratio

__all__ = ["case_app", "claim_app"]

case_app = typer.Typer(no_args_is_help=True, help="Case files: a question, what could explain it, what tells it apart.")
claim_app = typer.Typer(no_args_is_help=True, help="The claims of a case: who said what, where and when.")

CaseFile = Annotated[Path, typer.Argument(metavar="CASE.yaml", help="The case file.")]
_BAND = (0.1, 0.9)
"""Quantiles between which 80 % lie."""


@case_app.command(
    "new",
    epilog="""
Examples:

    sitewatch case new plant.yaml --site plant --title "What is the plant for?"

    sitewatch case new plant.yaml --site plant --title "Launches" --question "Will there be one?" --since 2019-01-01
""",
)
def new(
    file: Annotated[Path, typer.Argument(metavar="CASE.yaml", help="The file to make; must not exist.")],
    site: Annotated[str, typer.Option(metavar="SITE", help="Id of the site that it is about.")],
    title: Annotated[str, typer.Option(metavar="TEXT", help="Title of the case.")],
    question: Annotated[str, typer.Option(metavar="TEXT", help="What is asked.")] = "TO DO: what is asked?",
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="First day of the period that is judged; default today.")
    ] = None,
    now: Now = None,
) -> None:
    """Write a case to begin with, commented, and beside it the schema by which editors complete it."""
    from sitewatch.case import new_case

    day = parse_day("--since", since) or parse_now(now)
    new_case(file, site=site, title=title, question=question, since=day.date())
    print(file)


@case_app.command(
    "check", epilog="Examples:\n\n    sitewatch case check plant.yaml\n\n    sitewatch case check cases/*.yaml --json"
)
def check(
    files: Annotated[list[Path], typer.Argument(metavar="CASE.yaml...", help="The case files.")],
    as_json: AsJson = False,
) -> None:
    """Tell everything that is wrong with case files, by line. Exit code 2 where one cannot be judged by."""
    from sitewatch.case import case_faults

    told: list[dict[str, Any]] = []
    for file in files:
        try:
            faults = [
                {
                    "file": fault.file,
                    "line": fault.line,
                    "field": fault.field or None,
                    "severity": "warning" if fault.warning else "error",
                    "found": fault.found,
                    "do": fault.do,
                    "sentence": str(fault),
                }
                for fault in case_faults(file)[1]
            ]
        except InputError as error:
            empty = dict.fromkeys(("line", "field", "found", "do"))
            faults = [{"file": str(file), "severity": "error", "sentence": str(error), **empty}]
        told += faults
        if not as_json:
            for fault in faults:
                say(("warning: " if fault["severity"] == "warning" else "") + str(fault["sentence"]))
            errors = sum(fault["severity"] == "error" for fault in faults)
            counts = f"{_number(errors, 'error')}, {_number(len(faults) - errors, 'warning')}"
            say(f"{file}: {counts if faults else 'nothing is wrong'}")
    if as_json:
        print_json(told)
    if any(fault["severity"] == "error" for fault in told):
        raise typer.Exit(InputError.exit_code)


@case_app.command(
    "show", epilog="Examples:\n\n    sitewatch case show plant.yaml\n\n    sitewatch case show plant.yaml --json"
)
def show(file: CaseFile, as_json: AsJson = False) -> None:
    """Show a case: explanations and priors, indicators with what their likelihoods rest on, claims, calendar."""
    from sitewatch.case import read_case

    case = read_case(file)
    likelihoods = list(_likelihoods(case))
    claims = _claim_rows(case)
    if as_json:
        document = case.model_dump(mode="json", by_alias=True)
        print_json({"case": document, "likelihoods": likelihoods, "claims": claims})
        return
    rows = [
        ("case", case.title),
        ("question", case.question),
        ("site", case.site),
        ("judged since", case.since),
    ]
    print_table(("", ""), rows, none="")
    print_table(
        ("hypothesis", "prior>", "in words", "episode>", "gap>"),
        (
            (
                key,
                f"{one.prior:.3g}",
                one.title + (" (benign)" if one.benign else ""),
                f"{one.activity.on_days:g} d",
                f"{one.activity.off_days:g} d",
            )
            for key, one in case.hypotheses.items()
        ),
        none="",
    )
    print_table(
        ("indicator", "bound to", "hypothesis", "in", "mean>", "80 %>", "origin"),
        (
            (
                one["indicator"],
                _bound_to(case.indicators[one["indicator"]]),
                one["hypothesis"],
                one["in"],
                f"{one['mean']:.2f}",
                "" if one["low"] is None else f"{one['low']:.2f} to {one['high']:.2f}",
                one["origin"],
            )
            for one in likelihoods
        ),
        none="No indicator yet: the priors are all there is.",
    )
    _print_claims(claims)
    print_table(
        ("calendar", "kind", "days", "ratio", "sources"),
        (
            (
                entry.title,
                entry.kind.value,
                _days(entry),
                _ratio(entry.ratio),
                ", ".join(entry.source),
            )
            for entry in case.calendar.values()
        ),
        none="No day stands in the calendar.",
    )
    if case.forecast is not None:
        effects = (f"{one.hypothesis}: {_ratio(one.ratio)}" for one in case.forecast.effects)
        windows = ", ".join(f"{days}" for days in case.forecast.windows)
        rows = [
            ("forecast", case.forecast.event),
            ("windows, days", windows),
            ("effects", "\n".join(effects) or "none"),
        ]
        print_table(("", ""), rows, none="")


@case_app.command("schema", epilog="Example:\n\n    sitewatch case schema > case.schema.json")
def schema() -> None:
    """Print the JSON Schema of case files (draft 2020-12), for editors and other programs."""
    from sitewatch.case import case_schema

    print(json.dumps(case_schema(), ensure_ascii=False, indent=1))


@claim_app.command(
    "add",
    epilog="""
Examples:

    sitewatch claim add plant.yaml --who "Ministry of Defence" --what "An engine was tested" --published 2019-12-08
    --said 2019-12-07 --outlet "State news agency" --link https://example.org/1 --reliability D --credibility 3

    sitewatch claim add plant.yaml --who "A daily" --what "The same, from the agency" --published 2019-12-09
    --reference "front page" --repeats ministry-of-defence-2019-12-08 --archive page.pdf
""",
)
def add(
    case: CaseFile,
    who: Annotated[str, typer.Option(metavar="TEXT", help="Who says it: a person or an office.")],
    what: Annotated[str, typer.Option(metavar="TEXT", help="What is said, in your own words.")],
    published: Annotated[str, typer.Option(metavar="DATE", help="Day on which it could first be read.")],
    said: Annotated[str | None, typer.Option(metavar="DATE", help="Day on which it was said.")] = None,
    outlet: Annotated[str | None, typer.Option(metavar="TEXT", help="Where it was published.")] = None,
    link: Annotated[str | None, typer.Option(metavar="URL", help="Its address.")] = None,
    reference: Annotated[str | None, typer.Option(metavar="TEXT", help="Where it is found without a link.")] = None,
    quote: Annotated[str | None, typer.Option(metavar="TEXT", help="The words themselves, at most 300.")] = None,
    archive: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The archived copy; its SHA-256 is kept.")
    ] = None,
    reliability: Annotated[str, typer.Option(metavar="A-F", help="Of the source, by its record; F: unknown.")] = "F",
    credibility: Annotated[int, typer.Option(metavar="1-6", help="Of what it says; 6: cannot be judged.")] = 6,
    repeats: Annotated[str | None, typer.Option(metavar="KEY", help="The claim that it passes on.")] = None,
    supports: Annotated[
        list[str] | None, typer.Option(metavar="HYPOTHESIS", help="In whose favour it speaks; again for more.")
    ] = None,
    contradicts: Annotated[
        list[str] | None, typer.Option(metavar="HYPOTHESIS", help="Against which it speaks; again for more.")
    ] = None,
    key: Annotated[str | None, typer.Option(metavar="KEY", help="Its key; default from who and published.")] = None,
) -> None:
    """Add a claim to a case. Nothing else of the file changes; a claim that would spoil it is refused."""
    from sitewatch.case import add_claims, archived_copy, free_key, make_claim, read_case, slug

    if key is not None and slug(key) != key:
        raise OptionError(f"--key must be lower-case letters, digits and hyphens, at most 64, got {key[:80]!r}")
    held = read_case(case)
    fields = {
        "who": who,
        "what": what,
        "outlet": outlet,
        "said": said,
        "published": published,
        "quote": quote,
        "link": link,
        "reference": reference,
        "archived": None if archive is None else archived_copy(archive, case.parent),
        "reliability": reliability,
        "credibility": credibility,
        "repeats": repeats,
        "supports": supports or [],
        "contradicts": contradicts or [],
    }
    claim = make_claim(fields)
    if isinstance(claim, list):
        raise OptionError("\n".join(f"{_option(one.path)}: found {one.found}; {one.do}" for one in claim))
    key = key or free_key(slug(f"{who[:40]} {claim.published}"), held.claims)
    add_claims(case, {key: claim})
    print(key)


@claim_app.command(
    "import",
    epilog="""
Examples:

    sitewatch claim import plant.yaml library.bib

    sitewatch claim import plant.yaml statements.csv
""",
)
def import_(
    case: CaseFile,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="BibTeX (.bib), CSL-JSON (.json) or CSV (.csv).")],
) -> None:
    """Add the claims of a bibliography or table: all of them or, where one is wrong, none."""
    from sitewatch.case import add_claims, import_claims, read_case

    imported = import_claims(file, taken=frozenset(read_case(case).claims))
    add_claims(case, imported.claims, where=imported.where)
    for one in imported.notes:
        note(one)
    print(f"{_number(len(imported.claims), 'claim')} added")


@claim_app.command(
    "list", epilog="Examples:\n\n    sitewatch claim list plant.yaml\n\n    sitewatch claim list plant.yaml --json"
)
def list_(case: CaseFile, as_json: AsJson = False) -> None:
    """List the claims of a case: which go back to one source and count once, and what rests on each."""
    from sitewatch.case import read_case

    rows = _claim_rows(read_case(case))
    if as_json:
        print_json(rows)
    else:
        _print_claims(rows)


def _claim_rows(case: Case) -> list[dict[str, Any]]:
    from sitewatch.case import dotted, grade, independent, uses

    group, used = independent(case.claims), uses(case)
    return [
        {
            "claim": key,
            "who": one.who,
            "what": one.what,
            "outlet": one.outlet,
            "said": None if one.said is None else one.said.isoformat(),
            "published": one.published.isoformat(),
            "grade": grade(one),
            "repeats": one.repeats,
            "group": group[key],
            "supports": list(one.supports),
            "contradicts": list(one.contradicts),
            "used_by": [dotted(path) for path in used[key]],
            "link": one.link,
            "reference": one.reference,
            "archived": None if one.archived is None else one.archived.model_dump(by_alias=True),
        }
        for key, one in case.claims.items()
    ]


def _print_claims(rows: list[dict[str, Any]]) -> None:
    print_table(
        ("key", "published", "who", "what", "grade", "goes back to", "for", "against", "used by"),
        (
            (
                one["claim"],
                one["published"],
                one["who"],
                one["what"],
                one["grade"],
                "" if one["group"] == one["claim"] else one["group"],
                ", ".join(one["supports"]),
                ", ".join(one["contradicts"]),
                "\n".join(one["used_by"]),
            )
            for one in rows
        ),
        none="No claim has been written down; add one with `sitewatch claim add`.",
    )


def _likelihoods(case: Case) -> Iterator[dict[str, Any]]:
    """Each likelihood with its mean, the band in which it lies with 80 %, and its origin."""
    from scipy.special import betaincinv

    from sitewatch.case import probabilities

    for path, one in probabilities(case):
        beta = one.beta
        low, high = (None, None) if beta is None else (float(betaincinv(*beta, q)) for q in _BAND)
        yield {
            "indicator": path[1],
            "hypothesis": path[3],
            "in": {"active": "an episode", "idle": "a gap"}.get(str(path[-1]), "") if len(path) > 4 else "",
            "mean": one.mean,
            "low": low,
            "high": high,
            "origin": _origin(one),
        }


def _origin(one: Probability) -> str:
    if one.counted is not None:
        told = f"counted: {one.counted.shown} of {one.counted.of}"
    else:
        told = f"stated{f' by {one.by}' if one.by else ''}, as {one.cases:g} cases"
    more = [", ".join(one.source), one.why or ""]
    return "; ".join([told, *(part for part in more if part)])


def _bound_to(indicator: Indicator) -> str:
    told = indicator.observable.model_dump()
    name, thing = next(iter(told.items()))
    return f"{name} {thing}" + (f", {told['at_least_m2']:g} m2 or more" if name == "growth" else "")


def _days(entry: CalendarEntry) -> str:
    shown = "%m-%d" if entry.yearly else "%Y-%m-%d"
    first, last = entry.first.strftime(shown), entry.last.strftime(shown)
    return (first if first == last else f"{first} to {last}") + (" every year" if entry.yearly else "")


def _ratio(ratio: Ratio) -> str:
    if ratio.stated is not None:
        return f"{ratio.stated:g}, stated" + (f" by {ratio.by}" if ratio.by else "")
    if ratio.counted is not None:
        told = ratio.counted
        return f"{told.events_with} in {told.days_with} days, else {told.events_without} in {told.days_without}"
    return "counted in the record"


def _option(path: tuple[str | int, ...]) -> str:
    return f"--{path[0]}" if path else "the claim"


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
