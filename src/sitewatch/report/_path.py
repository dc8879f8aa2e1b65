"""How a judgement came about: each explanation's probability over time, and below it the looks and the claims.

Nothing is learnt between two looks, so that the lines are steps. Every explanation has a panel of its own, in which the
others are thin, so that no line is told from another by its colour.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sitewatch.assessment import LEVEL, Assessment, Item, ItemKind, Judged, percent
from sitewatch.case import Case
from sitewatch.cube import Look, Outcome
from sitewatch.report._anchors import Anchors, Ref
from sitewatch.report._svg import Axis, tag

__all__ = ["LANE", "PANEL", "SYMBOLS", "Lane", "lanes", "panel", "panel_parts", "path_axis"]

PANEL, LANE = 84, 30
"""Heights, pixels."""
_TOP, _HIGH = 6, 72
SYMBOLS = (
    tag("symbol", tag("path", d="M0,-9L7,0L0,9L-7,0Z"), id="m-shows", overflow="visible"),
    tag("symbol", tag("rect", x=-2.5, y=-7, width=5, height=14), id="m-not", overflow="visible"),
    tag("symbol", tag("circle", r=1.8), id="m-open", overflow="visible"),
    tag("symbol", tag("circle", r=4.5), id="m-unseen", overflow="visible"),
    tag("symbol", tag("path", d="M-4.5,-4.5L4.5,4.5M4.5,-4.5L-4.5,4.5"), id="m-rejected", overflow="visible"),
    tag("symbol", tag("path", d="M0,-5.5L5.5,4.5L-5.5,4.5Z"), id="m-failed", overflow="visible"),
    tag("symbol", tag("path", d="M-6,-5L6,-5L0,6Z"), id="m-claim", overflow="visible"),
)
"""Marks that the lanes use."""
_APART, _FAR_APART = 2.6, 11.0
"""Names of claims are so far apart at least, percent of the width; nearer than the second, they go on a phone."""
_UNUSED = {Outcome.COULD_NOT_SEE: "m-unseen", Outcome.REJECTED: "m-rejected", Outcome.FAILED: "m-failed"}


@dataclass(frozen=True, kw_only=True)
class Lane:
    """A row of marks below the panels."""

    ref: Ref | None
    """The item of evidence that it is about."""
    name: str
    words: str
    """What it holds, counted."""
    parts: tuple[Markup, ...]
    """Its marks, x in percent of the width."""
    height: int

    def chart(self, axis: Axis, *, last: bool) -> Markup:
        """It as wide as its place; the last one carries the dates."""
        grid = axis.grid(height=self.height, label_at=self.height + 18 if last else -100)
        if not last:
            grid = [part for part in grid if "<line" in part]
        rule = tag("line", x1="0%", x2="100%", y1=0, y2=0, class_="rule")
        return tag(
            "svg", rule, *grid, *self.parts, role="img", width="100%", height=self.height + (24 if last else 0),
            class_="plot", aria_label=f"{self.name}: {self.words}",
        )  # fmt: skip


def path_axis(found: Assessment) -> Axis:
    """From the begin of the period to the time that is judged."""
    return Axis(start=found.since, end=max(found.at, found.since + dt.timedelta(days=1)))


def panel(found: Assessment, one: Judged, axis: Axis) -> Markup:
    """An explanation's probability over time with its band, as wide as its place."""
    ends = [found.path[0].probability[one.key], one.probability]
    label = f"{one.title}: from {percent(ends[0])} to {percent(ends[1])}. The table below says the same look by look."
    parts = panel_parts(found, one, axis)
    return tag("svg", *parts, role="img", width="100%", height=PANEL, class_="plot path", aria_label=label)


def panel_parts(found: Assessment, one: Judged, axis: Axis) -> list[Markup]:
    """Grid, the other explanations, band and line."""
    parts = [part for part in axis.grid(height=PANEL, label_at=0) if "<line" in part]
    for level in (0.0, 0.5, 1.0):
        kind = "rule base" if level == 0 else "rule"
        parts.append(tag("line", x1="0%", x2="100%", y1=_y(level), y2=_y(level), class_=kind))
    times = [point.time for point in found.path]
    drawn = [
        tag("path", d=_steps(axis, times, [p.probability[h.key] for p in found.path]), class_="path-other",
            vector_effect="non-scaling-stroke")
        for h in found.hypotheses if h.key != one.key
    ]  # fmt: skip
    low, high = (
        [bound[one.key] for bound in ends] for ends in zip(*((p.low, p.high) for p in found.path), strict=True)
    )
    there, back = _steps(axis, times, high), _corners(axis, times, low)[::-1]
    words = f"{100 * LEVEL:.0f} % band"
    drawn.append(tag("path", tag("title", words), d=f"{there}L{'L'.join(back)}Z", class_="path-band"))
    line = _steps(axis, times, [p.probability[one.key] for p in found.path])
    drawn.append(tag("path", d=line, class_="path-line", vector_effect="non-scaling-stroke"))
    parts.append(
        tag("svg", *drawn, x=0, y=0, width="100%", height=PANEL, viewBox=f"0 0 1000 {PANEL}",
            preserveAspectRatio="none")
    )  # fmt: skip
    return parts


def _y(probability: float) -> float:
    return round(_TOP + _HIGH * (1 - probability), 1)


def _corners(axis: Axis, times: Sequence[dt.datetime], values: Sequence[float]) -> list[str]:
    """A line of steps: each value holds until the next time."""
    corners = [f"{10 * axis.at(times[0]):.1f} {_y(values[0])}"]
    for (_, before), (time, now) in itertools.pairwise(zip(times, values, strict=True)):
        corners += [f"{10 * axis.at(time):.1f} {_y(before)}", f"{10 * axis.at(time):.1f} {_y(now)}"]
    return corners


def _steps(axis: Axis, times: Sequence[dt.datetime], values: Sequence[float]) -> str:
    return f"M{'L'.join(_corners(axis, times, values))}"


def lanes(case: Case, found: Assessment, anchors: Anchors, axis: Axis) -> list[Lane]:
    """What stands, one lane for each item; the looks that were not used; the claims."""
    used = set(found.used)
    taken = [k for k in anchors.taken if k.scene in used]
    told = [_item_lane(item, taken, anchors, axis) for item in found.items if item.kind is ItemKind.STANDING]
    told.sort(key=lambda lane: list(anchors.indicators.values()).index(lane.ref) if lane.ref else 0)
    if not told:
        marks = [_look_mark(k, "m-not", "used", anchors, axis) for k in taken]
        words = f"{len(taken)} used"
        told.append(Lane(ref=None, name="Used looks", words=words, parts=tuple(marks), height=LANE))
    told.append(_unused_lane([k for k in anchors.taken if k.scene not in used], anchors, axis))
    return [*told, *_claims_lane(case, found, anchors.claims, axis)]


def _item_lane(item: Item, taken: Sequence[Look], anchors: Anchors, axis: Axis) -> Lane:
    shown, absent = set(item.shown), set(item.scenes) - set(item.shown)
    marks = []
    for look in taken:
        mark, says = (
            ("m-shows", "shows it") if look.scene in shown
            else ("m-not", "looked there and does not show it") if look.scene in absent
            else ("m-open", "used, and cannot tell")
        )  # fmt: skip
        marks.append(_look_mark(look, mark, says, anchors, axis))
    words = f"{len(shown)} show it, {len(absent)} do not"
    rest = len(taken) - len(shown) - len(absent)
    words += f", {rest} cannot tell" if rest else ""
    ref = anchors.indicators[item.key]
    return Lane(ref=ref, name=item.title, words=words, parts=tuple(marks), height=LANE)


def _unused_lane(unused: Sequence[Look], anchors: Anchors, axis: Axis) -> Lane:
    marks = tuple(_look_mark(k, _UNUSED[k.outcome], k.outcome.value, anchors, axis) for k in unused)
    counts = [(outcome.value, sum(k.outcome is outcome for k in unused)) for outcome in _UNUSED]
    words = ", ".join(f"{count} {name}" for name, count in counts if count) or "none"
    return Lane(ref=None, name="Not used", words=words, parts=marks, height=LANE)


def _look_mark(look: Look, mark: str, says: str, anchors: Anchors, axis: Axis) -> Markup:
    assert look.captured is not None
    title = f"{anchors.looks[look.scene].label}, {look.captured:%Y-%m-%d}: {says}"
    return tag("use", tag("title", title), href=f"#{mark}", x=axis.x(look.captured), y=LANE // 2, class_=mark)


def _claims_lane(case: Case, found: Assessment, refs: Mapping[str, Ref], axis: Axis) -> list[Lane]:
    """Claims of the period; full those that an item of evidence is."""
    counted = {root for item in found.items for root in item.claims if case.claims[root].repeats is None}
    told = [(dt.datetime.combine(case.claims[key].published, dt.time(), dt.UTC), key) for key in refs]
    inside = sorted((time, key) for time, key in told if found.since <= time <= found.at)
    if not inside:
        return []
    marks: list[Markup] = []
    names: list[Markup] = []
    placed: list[float] = []
    # Those that count get their names first, and lie on top of the others.
    for time, key in sorted(inside, key=lambda one: (one[1] not in counted, one)):
        ref, x = refs[key], axis.at(time)
        kind = "m-claim" if key in counted else "m-claim out"
        title = f"{ref.label}, {time:%Y-%m-%d}: {ref.title}"
        marks.append(tag("use", tag("title", title), href="#m-claim", x=f"{x:g}%", y=28, class_=kind))
        apart = min((abs(x - other) for other in placed), default=100.0)
        if apart >= _APART:
            placed.append(x)
            rank = "tick" if apart >= _FAR_APART else "tick minor"
            names.append(tag("text", ref.label, x=f"{x:g}%", y=14, class_=rank))
    words = f"{len(inside)} published in the period, {sum(key in counted for _, key in inside)} counted"
    return [Lane(ref=None, name="Claims", words=words, parts=(*marks[::-1], *names), height=40)]
