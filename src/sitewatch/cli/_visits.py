"""What a run over a site of the workspace gave, told."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sitewatch.cli._progress import note, warn

if TYPE_CHECKING:
    from sitewatch.workspace import Visit

__all__ = ["print_visit", "visit_document"]


def visit_document(visit: Visit) -> dict[str, object]:
    """For JSON."""
    from sitewatch.cube import picture_document, stall_document
    from sitewatch.structures import since_document

    watched = visit.watched
    since = None if watched is None or watched.since_last is None else since_document(watched.since_last)
    return {
        "site": visit.site,
        "exit_code": visit.exit_code,
        "answer": visit.sentence,
        "searched": watched is not None,
        "conflicts": 0 if watched is None or watched.recognition is None else len(watched.recognition.raised),
        "since_last_run": since,
        "new_pictures": [picture_document(picture) for picture in visit.pictures],
        "stalled_feeds": [stall_document(stall) for stall in visit.stalls],
        "report": str(visit.report),
    }


def _news(visit: Visit) -> str:
    """What is otherwise than in the run before, in a few words."""
    watched = visit.watched
    if watched is None or watched.since_last is None:
        return ""
    since = watched.since_last
    turns = Counter(difference.turn.value for difference in since.differences)
    told = [
        *([f"{since.added} new looks"] if since.added else []),
        *(f"{count} structures {turn}" for turn, count in turns.items()),
        *(f"{count} scenes {what}" for what, count in Counter(n.what.value for n in since.notices).items()),
    ]
    return f"; since the last run: {', '.join(told) or 'nothing new'}"


def print_visit(visit: Visit, *, alone: bool) -> None:
    """For people; what was found in full where it is the only one."""
    from sitewatch.cli._summary import print_findings, print_pictures, print_stalls

    if alone and visit.watched is not None:
        print_findings(visit.watched)
    else:
        print(f"{visit.site}: {visit.sentence}{_news(visit)}")
    print_pictures(visit.pictures)
    print_stalls(visit.stalls)
    if visit.watched is not None and visit.watched.recognition is not None:
        for conflict in visit.watched.recognition.raised:
            warn(f"{visit.site}: conflict: {conflict.words}")
        if visit.watched.recognition.conflicts:
            note(f"answer with: sitewatch review resolve {visit.site} ID accept|keep --reason ...")
    print(visit.report)
