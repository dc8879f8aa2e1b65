"""What is otherwise than in the run before, and what the catalogs disagree on, in plain language."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sitewatch.archive import Notice, What
from sitewatch.cube import Asking, Look, listed_by_one
from sitewatch.report._sentences import plural
from sitewatch.structures import Difference, SinceLast, Turn

__all__ = ["catalog_sentences", "difference_sentence", "scene_sentences", "structures_sentence"]

_NAMED = 5
"""More scenes than this are counted, not named, in one sentence; looks.geojson names all."""


def scene_sentences(since: SinceLast) -> list[str]:
    """What is new about the scenes: one sentence for those that simply came next, one for each other thing."""
    by_kind: dict[What, list[Notice]] = defaultdict(list)
    for notice in since.notices:
        by_kind[notice.what].append(notice)
    sentences = [f"{plural(since.added, 'new scene')}."] if since.added else []
    heads = {
        What.LATE: (late := "came late, captured before the newest one listed then", late),
        What.BACK_FILLED: (
            "was back-filled, captured before the newest one listed then and published since",
            "were back-filled, captured before the newest one listed then and published since",
        ),
        What.REPLACED: (
            "was replaced by its provider and fetched anew",
            "were replaced by their provider and fetched anew",
        ),
        What.VANISHED: (
            "is no longer listed; what was read of it stays in the archive, the answer follows the present listing",
            "are no longer listed; what was read of them stays in the archive, the answer follows the present listing",
        ),
        What.BACK: ("is listed again", "are listed again"),
    }
    for what, (one, several) in heads.items():
        if notices := by_kind[what]:
            said = one if len(notices) == 1 else several
            sentences.append(f"{plural(len(notices), 'scene')} {said}: {_named([_notice_words(n) for n in notices])}.")
    return sentences


def structures_sentence(since: SinceLast) -> str:
    """How many structures are told otherwise, with what else may have made them so; empty where not compared."""
    if since.compared is None:
        return "Structures were not compared: one of the two runs had no looks to find any on."
    counts = {turn: sum(d.turn is turn for d in since.differences) for turn in Turn}
    words = {Turn.NEW: "new", Turn.GONE: "not found any more", Turn.CHANGED: "with other brackets"}
    told = ", ".join(f"{counts[turn]} {words[turn]}" for turn in Turn if counts[turn])
    with_run = "" if since.compared == since.run else f" (compared with the run of {since.compared:%Y-%m-%d %H:%M} UTC)"
    sentence = f"Structures: {told or 'the same, with the same brackets'}{with_run}."
    elsewhere = sum(not d.scenes for d in since.differences)
    if since.notices and elsewhere:
        which = "One of them has" if elsewhere == 1 else f"{elsewhere} of them have"
        sentence += (
            f" {which} none of these scenes at the brackets that differ: all looks are searched anew when one comes in "
            "between, changes or goes, and that alone can date what is uncertain otherwise."
        )
    if since.settings and since.differences:
        sentence += f" This run also asked otherwise: {'; '.join(since.settings)}."
    if since.regrouped is not None and since.differences:
        sentence += f" {since.regrouped.sentence[0].upper()}{since.regrouped.sentence[1:]}."
    return sentence


def difference_sentence(difference: Difference) -> str:
    """What is told otherwise of one structure, without its name."""
    head = {Turn.NEW: "is new", Turn.GONE: "is not found any more; it was told as", Turn.CHANGED: "has other brackets"}
    renamed = f" (was {difference.before})" if difference.before else ""
    odds = f", probability {difference.probability:.2f}"
    sentence = f"{head[difference.turn]}{renamed}: {'; '.join(difference.words)}{odds}."
    if difference.scenes:
        sentence += f" At its brackets: {_named(difference.scenes)}."
    return sentence


def catalog_sentences(looks: Sequence[Look], asking: Asking) -> list[str]:
    """What one catalog lists and another does not, and which did not answer; empty for one catalog that did."""
    sentences = [
        f"{name} did not answer, so what only it lists is missing: {reason}."
        for name, reason in asking.unanswered.items()
        if asking.catalogs
    ]
    if len(asking.catalogs) < 2:
        return sentences
    alone = listed_by_one(looks, asking.catalogs)
    for (name, other), scenes in alone.items():
        sentences.append(f"{name} lists {plural(len(scenes), 'scene')} that {other} does not: {_named(scenes)}.")
    if not alone:
        sentences.append(f"{' and '.join(asking.catalogs)} list the same scenes.")
    return sentences


def _notice_words(notice: Notice) -> str:
    day = f"{notice.scene} of {notice.captured:%Y-%m-%d}"
    if notice.what is What.LATE:
        return f"{day}, first seen {plural(notice.days_late or 0, 'day')} after capture"
    if notice.what is What.BACK_FILLED:
        return f"{day}, published {plural(notice.days_published or 0, 'day')} after capture"
    if notice.what is What.REPLACED:
        changed = {True: "its pixels changed", False: "its pixels are the same", None: "its pixels cannot be compared"}
        before = f", before {notice.before}" if notice.before else ""
        return f"{day}{before}, {changed[notice.pixels_changed]}"
    return day


def _named(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    shown = names if more <= 1 else names[:_NAMED]
    separator = "; " if any("," in name for name in shown) else ", "
    return separator.join(shown) + (f"{separator}and {more} more" if more > 1 else "")
