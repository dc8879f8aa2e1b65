"""The page of a judgement: one HTML file on which a stranger can check it line by line, offline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from sitewatch.assessment import (
    LEVEL,
    RELIABILITY,
    SIMULATED,
    Assessment,
    Clause,
    Item,
    ItemKind,
    Judged,
    Room,
    SiteRecord,
    Topic,
    Word,
    capacity_sentences,
    paragraph,
    percent,
)
from sitewatch.case import Case
from sitewatch.cube import Look, Outcome
from sitewatch.errors import OutputError
from sitewatch.report._anchors import Anchors, Ref
from sitewatch.report._exhibits import exhibits
from sitewatch.report._odds import odds_bar, odds_names, odds_ticks
from sitewatch.report._path import SYMBOLS, lanes, panel, path_axis
from sitewatch.report._said import day_rows, said_in_groups
from sitewatch.report._sentences import moment, plural
from sitewatch.report._svg import tag
from sitewatch.report._templates import page_parts, template
from sitewatch.whole import write_whole

__all__ = ["write_judgement"]

_FEW = 3
"""So many looks are linked one by one from a sentence; more are where their place lists them."""
_UNUSED = {
    Outcome.COULD_NOT_SEE: "could not see the site: whether anything stood there is not known from these",
    Outcome.REJECTED: "were readable and could not be compared",
    Outcome.FAILED: "could not be read",
}


@dataclass(frozen=True, kw_only=True)
class _Line:
    """One sentence of the paragraph."""

    number: int
    text: str
    refs: tuple[Ref, ...]


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """A look of the period."""

    ref: Ref
    look: Look
    shows: tuple[tuple[Ref, str], ...]
    """By item that comes and goes: what it says of it."""


def write_judgement(
    path: Path,
    *,
    case: Case,
    record: SiteRecord,
    found: Assessment,
    rooms: Sequence[Room] = (),
    case_sha256: str | None = None,
    version: str,
    now: dt.datetime,
) -> None:
    """Write the page of a judgement: self-contained, no request ever leaves it.

    Args:
        path: the file; its folder exists.
        case: what was judged.
        record: what it was judged by.
        found: the judgement.
        rooms: what can be said of the room at the site.
        case_sha256: of the case file's bytes, in hexadecimal digits; None: not told.
        version: of sitewatch.
        now: when the page is made, UTC.

    Raises:
        OutputError: the file cannot be written.
    """
    page = _page(case, record, found, rooms, case_sha256=case_sha256, version=version, now=now)
    try:
        write_whole(path, page.encode())
    except OSError as error:
        raise OutputError(
            f"{path}: the page cannot be written ({error.strerror}); check the folder and the free space"
        ) from error


def _page(
    case: Case,
    record: SiteRecord,
    found: Assessment,
    rooms: Sequence[Room],
    *,
    case_sha256: str | None,
    version: str,
    now: dt.datetime,
) -> str:
    anchors = Anchors.of(case, record, found)
    lines = _lines(found, anchors)
    axis = path_axis(found)
    rows = lanes(case, found, anchors, axis)
    return template("judgement.html.j2", filters={"moment": moment, "plural": plural, "percent": percent}).render(
        **page_parts(styles=("report.css", "judgement.css"), scripts=("report.js", "judgement.js")),
        version=version,
        now=now,
        case=case,
        case_sha256=case_sha256,
        found=found,
        site=record.site,
        simulated=SIMULATED if record.simulated else None,
        level=f"{100 * LEVEL:.0f} %",
        band=_band,
        topics=Topic,
        lines=lines,
        hypotheses=[(anchors.hypotheses[h.key], h, case.hypotheses[h.key]) for h in found.hypotheses],
        of=anchors.evidence,
        refs=anchors,
        bars=[(anchors.hypotheses[h.key], h, odds_bar(h)) for h in found.hypotheses],
        bar_names=odds_names(),
        bar_ticks=odds_ticks(),
        symbols=Markup("").join(SYMBOLS),
        panels=[(anchors.hypotheses[h.key], h, panel(found, h, axis)) for h in found.hypotheses],
        lanes=[(lane, lane.chart(axis, last=n == len(rows) - 1)) for n, lane in enumerate(rows)],
        marks=_legend(),
        path=list(_path_rows(found, anchors, case)),
        exhibits=exhibits(case, found, anchors),
        silent=[(anchors.indicators[one.key], one) for one in found.left_out],
        next_looks=[(anchors.indicators[one.indicator], one) for one in found.next_looks],
        levers=[(anchors.indicators[one.indicator], anchors.hypotheses[one.hypothesis], one) for one in found.levers],
        said=said_in_groups(case, found, anchors),
        reliability=[(letter, percent(share)) for letter, share in RELIABILITY.items()],
        days=list(day_rows(case, found, anchors)),
        rooms=[(anchors.indicators[one.indicator], capacity_sentences(one.capacity)) for one in rooms],
        unused=[(o.value, _place(o), words, found.unused[o.value]) for o, words in _UNUSED.items()
                if found.unused.get(o.value)],
        grown=any(item.kind is ItemKind.GROWTH for item in found.items),
        seen=list(_seen(found, anchors)),
        standing=[anchors.indicators[item.key] for item in _standing(found, anchors)],
        listed=len(anchors.taken),
        words=list(Word),
    )  # fmt: skip


def _band(one: Judged) -> str:
    return f"{percent(one.low)} to {percent(one.high)}"


def _lines(found: Assessment, anchors: Anchors) -> dict[Topic, list[_Line]]:
    """The sentences of the paragraph by what they are about, each with what it rests on."""
    told: dict[Topic, list[_Line]] = {topic: [] for topic in Topic}
    for number, clause in enumerate(paragraph(found), start=1):
        told[clause.topic].append(
            _Line(number=number, text=clause.text, refs=_rests_on(number, clause, found, anchors))
        )
    return told


def _rests_on(number: int, clause: Clause, found: Assessment, anchors: Anchors) -> tuple[Ref, ...]:
    refs = anchors.evidence(clause.evidence)
    whole_evidence = {key for item in found.items for key in (item.key, *item.claims)}
    if number > 1 and len(found.items) > 1 and set(clause.evidence) == whole_evidence and clause.scenes:
        return (Ref(label="all evidence", anchor="evidence", title="all that sentence 1 names"),)
    whole = set(clause.scenes)
    looks = [ref for scene, ref in anchors.looks.items() if scene in whole]
    if len(looks) <= _FEW:
        return (*refs, *looks)
    # Of many looks the place that lists them: the item's own, else those of one outcome, else all.
    place, where = "looks", "looks"
    for outcome in Outcome:
        if whole <= set(found.unused.get(outcome.value, ())):
            place, where = _place(outcome), f"looks that {_UNUSED[outcome].partition(':')[0]}"
    for item in found.items:
        if whole == set(item.scenes) and len(clause.evidence) < len(found.items) + 1:
            place, where = anchors.indicators[item.key].anchor, f"looks of {anchors.indicators[item.key].label}"
    return (*refs, Ref(label=f"{len(looks)} looks", anchor=place, title=where))


def _place(outcome: Outcome) -> str:
    return f"looks-{outcome.value.replace(' ', '-')}"


def _legend() -> list[tuple[Markup, str]]:
    told = (
        ("m-shows", "looked, and it is there"),
        ("m-not", "looked, and it is not there"),
        ("m-open", "used, and could not tell"),
        ("m-unseen", "could not see the site"),
        ("m-rejected", "not comparable"),
        ("m-failed", "could not be read"),
        ("m-claim", "claim that counts"),
        ("m-claim out", "other claim"),
    )
    return [(tag("use", href=f"#{name.split()[0]}", class_=name, x=13, y=7), words) for name, words in told]


def _path_rows(
    found: Assessment, anchors: Anchors, case: Case
) -> Iterator[tuple[dt.datetime, tuple[Ref, ...], list[str]]]:
    """The path for a table: time, what came then, each explanation with its band."""
    used = set(found.used)
    taken = {k.captured: anchors.looks[k.scene] for k in anchors.taken if k.scene in used and k.captured is not None}
    said: dict[dt.datetime, list[Ref]] = {}
    for item in found.items:
        if item.kind is ItemKind.GROWTH:
            said.setdefault(max(taken), []).append(anchors.indicators[item.key])
        for key in item.claims:
            if case.claims[key].repeats is None:
                time = dt.datetime.combine(case.claims[key].published, dt.time(), dt.UTC)
                said.setdefault(time, []).append(anchors.claims[key])
    for point in found.path:
        came = ([taken[point.time]] if point.time in taken else []) + said.get(point.time, [])
        cells = [
            f"{percent(point.probability[h.key])} ({percent(point.low[h.key])} to {percent(point.high[h.key])})"
            for h in found.hypotheses
        ]
        yield point.time, tuple(came), cells


def _standing(found: Assessment, anchors: Anchors) -> list[Item]:
    items = [item for item in found.items if item.kind is ItemKind.STANDING]
    return sorted(items, key=lambda item: list(anchors.indicators).index(item.key))


def _seen(found: Assessment, anchors: Anchors) -> Iterator[_Seen]:
    used = set(found.used)
    standing = [(anchors.indicators[item.key], set(item.shown), set(item.scenes)) for item in _standing(found, anchors)]
    for look in anchors.taken:
        shows = []
        for ref, shown, told in standing:
            says = "cannot tell" if look.scene in used else "nothing, either way"
            if look.scene in told:
                says = "it is there" if look.scene in shown else "it is not there"
            shows.append((ref, says))
        yield _Seen(ref=anchors.looks[look.scene], look=look, shows=tuple(shows))
