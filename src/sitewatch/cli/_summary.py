"""What a run found, as tables for people and JSON for scripts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sitewatch.cli._text import plain, say
from sitewatch.cube import (
    Gaps,
    NewPicture,
    Outcome,
    Stall,
    gap_document,
    harmony_sentences,
    listed_by_one,
    picture_document,
    stall_document,
)
from sitewatch.report import catalog_sentences, difference_sentence, scene_sentences, structures_sentence
from sitewatch.structures import Bracket, Kind, SinceLast, Structure, since_document
from sitewatch.watch import Watched

__all__ = ["bracket_words", "print_findings", "print_gaps", "print_pictures", "print_stalls", "print_summary"]

_MOST_DIFFERENCES = 10
"""Structures that are told one by one on a terminal; the report tells all."""
_MOST_PICTURES = 10
"""Pictures that are told one by one; the store and --json tell all."""

_MARKS = {Outcome.USED: "●", Outcome.COULD_NOT_SEE: "○", Outcome.REJECTED: "x", Outcome.FAILED: "!"}


def print_summary(
    watched: Watched, report: Path, *, pictures: Sequence[NewPicture], stalls: Sequence[Stall], as_json: bool
) -> None:
    """Print what was found and, as the last line, the report's path, unwrapped; or all of it as JSON."""
    if not as_json:
        print_findings(watched)
        print_pictures(pictures)
        print_stalls(stalls)
        print(report)
        return
    counts = Counter(look.outcome for look in watched.looks)
    claims = sum(s.kind is Kind.STRUCTURE for s in watched.structures)
    document = {
        "site": watched.site.id,
        "answer": watched.answer.sentence,
        "looks": {outcome.value: counts[outcome] for outcome in Outcome},
        "seen_share": round(watched.seen_share, 4),
        "structures": claims,
        "other_changes": len(watched.structures) - claims,
        **({} if watched.harmony is None else {"harmonised": dict(watched.harmony)}),
        "gaps": [gap_document(gap) for gap in watched.gaps.found],
        "catalogs": _catalogs(watched),
        "since_last_run": None if watched.since_last is None else since_document(watched.since_last),
        "new_pictures": [picture_document(picture) for picture in pictures],
        "stalled_feeds": [stall_document(stall) for stall in stalls],
        "report": str(report),
    }
    print(json.dumps(document, ensure_ascii=False, indent=1))


def print_findings(watched: Watched) -> None:
    """Print the looks by outcome and the structures, a line for every presence."""
    claims = [s for s in watched.structures if s.kind is Kind.STRUCTURE]
    counts = Counter(look.outcome for look in watched.looks)
    console = Console(highlight=False)
    listed = ", ".join(f"{counts[o]} {o.value}" for o in Outcome if counts[o]) or "no scene listed"
    console.print(_line(f"{watched.site.name}: {listed}"))
    if watched.answer.exit_code or not watched.compared:
        console.print(_line(f"{watched.answer.sentence}."))
    if claims:
        console.print(_structures_table(claims))
    elif not watched.answer.exit_code and watched.compared:
        console.print(_line("Nothing was found to be erected or taken down on the looks used."))
    if watched.cube is not None and watched.seen_share < 0.995:
        console.print(_line(f"The images show {watched.seen_share:.0%} of the site; the rest was never seen."))
    others = len(watched.structures) - len(claims)
    if others:
        console.print(_line(f"{others} other changes (surface, vegetation, ...) are in the report."))
    for sentence in () if watched.harmony is None else harmony_sentences(watched.harmony):
        console.print(_line(f"{sentence}."))
    for sentence in catalog_sentences(watched.looks, watched.asking):
        console.print(_line(sentence))
    gaps = watched.gaps.found
    if gaps:
        longest = max(gaps, key=lambda gap: gap.by - gap.after)
        more = f" ({len(gaps) - 1} more in the report)" if len(gaps) > 1 else ""
        console.print(_line(f"Longest gap: {longest.sentence}{more}."))
    if watched.since_last is not None:
        _print_since(console, watched.since_last)


def print_gaps(gaps: Gaps) -> None:
    """The long gaps, a line each."""
    console = Console(highlight=False)
    if not gaps.found:
        console.print(_line(f"No stretch of more than {gaps.least_days} days without a used look."))
    for gap in gaps.found:
        console.print(_line(f"{gap.sentence}."))


def print_pictures(pictures: Sequence[NewPicture]) -> None:
    """New good pictures, the newest ones a line each, unwrapped: lines are searched for, and sent on."""
    more = len(pictures) - _MOST_PICTURES
    if more > 0:
        say(f"{more} more good pictures, captured before these:")
    for picture in pictures[-_MOST_PICTURES:]:
        say(f"{picture.sentence}.")


def print_stalls(stalls: Sequence[Stall]) -> None:
    """Feeds that may have stalled, a line each, unwrapped."""
    for stall in stalls:
        say(f"{stall.sentence}.")


def _print_since(console: Console, since: SinceLast) -> None:
    """What is otherwise than in the run before, or that nothing is."""
    run = f"the last run ({since.run:%Y-%m-%d %H:%M} UTC)"
    if not since.tells:
        console.print(_line(f"Nothing is new since {run}."))
        return
    console.print(_line(f"Since {run}:"))
    lines = [*scene_sentences(since), structures_sentence(since)]
    lines += [f"  {d.structure} {difference_sentence(d)}" for d in since.differences[:_MOST_DIFFERENCES]]
    if (more := len(since.differences) - _MOST_DIFFERENCES) > 0:
        lines.append(f"  and {more} more, {'all' if more > 1 else 'it is'} in the report")
    for line in lines:
        console.print(Padding(_line(line.strip()), (0, 0, 0, 2 + len(line) - len(line.lstrip()))))


def _line(text: str) -> Text:
    return Text(plain(text))


def _catalogs(watched: Watched) -> list[dict[str, object]]:
    """Whom the run asked, how many scenes each lists, and which of them another does not."""
    asking = watched.asking
    alone = listed_by_one(watched.looks, asking.catalogs)
    answered: list[dict[str, object]] = [
        {
            "name": name,
            "scenes": sum(name in look.listed_by and look.unlisted_since is None for look in watched.looks),
            "not_listed_by": {other: list(scenes) for (who, other), scenes in alone.items() if who == name},
        }
        for name in asking.catalogs
    ]
    return answered + [{"name": name, "error": reason} for name, reason in asking.unanswered.items()]


def bracket_words(bracket: Bracket | None, *, none: str) -> str:
    """A bracket for a table cell."""
    return none if bracket is None else f"{bracket.after:%Y-%m-%d} .. {bracket.by:%Y-%m-%d}"


def _structures_table(structures: Sequence[Structure]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("structure", "erected after .. by", "taken down after .. by"):
        table.add_column(name, no_wrap=True)
    table.add_column("m²", justify="right", no_wrap=True)
    table.add_column("prob.", justify="right", no_wrap=True)
    for structure in structures:
        for i, presence in enumerate(structure.presences):
            table.add_row(
                structure.id if i == 0 else "",
                bracket_words(presence.erected, none="before the first look"),
                bracket_words(presence.dismantled, none="stands"),
                f"{structure.area_m2:,.0f}" if i == 0 else "",
                f"{presence.probability:.2f}",
            )
    return table
