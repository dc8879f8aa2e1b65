"""The judgement in one picture: how probable each explanation is, and how that came about."""

from __future__ import annotations

import textwrap

from markupsafe import Markup

from sitewatch.assessment import LEVEL, SIMULATED, Assessment, SiteRecord, percent
from sitewatch.case import Case
from sitewatch.report._anchors import Anchors
from sitewatch.report._odds import BAR, NAMES, TICKS, bar_parts, name_parts, tick_parts
from sitewatch.report._path import PANEL, SYMBOLS, lanes, panel_parts, path_axis
from sitewatch.report._svg import standalone, tag

__all__ = ["judgement_picture"]

_WIDTH, _EDGE, _LEFT = 1100, 24, 190
_STYLE = """
.strong { fill: #1b1d21; font-weight: 600; } .name { fill: #1b1d21; font-size: 13px; }
.grid { stroke: #efede7; } .grid.major { stroke: #dcd9d2; } .rule { stroke: #e4e1da; } .rule.base { stroke: #6b7280; }
.tick { text-anchor: middle; } .tick.major { font-weight: 600; } .odds-name, .odds-tick { font-size: 11px; }
.odds-band { fill: #f1efe9; } .odds-band.other { fill: #e0ddd5; } .odds-now { fill: #1f4e79; }
.odds-now.benign { fill: #8a8f98; } .odds-range { stroke: #1b1d21; stroke-width: 2px; }
.odds-halo { stroke: #fbfaf7; stroke-width: 5px; }
.odds-before { fill: #fbfaf7; stroke: #1b1d21; stroke-width: 1.5px; }
.path-band { fill: #1f4e79; fill-opacity: .2; } .path-line { fill: none; stroke: #1f4e79; stroke-width: 2.2px; }
.path-other { fill: none; stroke: #6b7280; stroke-opacity: .45; }
.m-shows { fill: #c07a12; stroke: #1b1d21; } .m-not { fill: #fbfaf7; stroke: #1f4e79; stroke-width: 1.3px; }
.m-open { fill: #6b7280; } .m-unseen { fill: #fbfaf7; stroke: #6b7280; stroke-width: 1.5px; }
.m-rejected { fill: none; stroke: #8a5a00; stroke-width: 2px; } .m-failed { fill: #a32a2a; }
.m-claim { fill: #1b1d21; stroke: #1b1d21; } .m-claim.out { fill: #fbfaf7; }
"""


def judgement_picture(case: Case, record: SiteRecord, found: Assessment) -> str:
    """An SVG file of a judgement: bars of the explanations, their path over time, looks and claims below."""
    anchors = Anchors.of(case, record, found)
    parts: list[Markup] = [tag("defs", *SYMBOLS), tag("text", found.title, x=_EDGE, y=30, class_="title")]
    y = 34.0
    about = [f"{found.question} Judged as of {found.at:%Y-%m-%d}.", *([SIMULATED] if record.simulated else [])]
    for n, sentence in enumerate(about):
        for line in textwrap.wrap(sentence, 150):
            y += 18
            parts.append(tag("text", line, x=_EDGE, y=y, class_="strong" if n else "name"))
    y = _bars(parts, found, anchors, y + 16)
    y = _path(parts, case, found, anchors, y + 30)
    leading = found.leading
    return standalone(
        *parts, width=_WIDTH, height=y, style=_STYLE,
        label=f"{found.title}: {leading.title}, {leading.word.value}, {percent(leading.probability)}",
    )  # fmt: skip


def _bars(parts: list[Markup], found: Assessment, anchors: Anchors, y: float) -> float:
    words = (
        f"Bar: how probable it is; line across its end: {100 * LEVEL:.0f} % band; circle: before the evidence; "
        "grey: an everyday explanation"
    )
    parts.append(tag("text", words, x=_EDGE, y=y))
    parts.append(_placed(name_parts(), _EDGE, y + 8, NAMES))
    y += 8 + NAMES
    for one in found.hypotheses:
        ref = anchors.hypotheses[one.key]
        title = textwrap.shorten(f"{ref.label}  {one.title}", 130, placeholder=" ...")
        parts.append(tag("text", title, x=_EDGE, y=y + 18, class_="name"))
        parts.append(
            tag("text", percent(one.probability), x=_WIDTH - _EDGE, y=y + 18, class_="strong", text_anchor="end")
        )
        parts.append(_placed(bar_parts(one), _EDGE, y + 24, BAR))
        y += 24 + BAR
    parts.append(_placed(tick_parts(), _EDGE, y, TICKS))
    return y + TICKS


def _path(parts: list[Markup], case: Case, found: Assessment, anchors: Anchors, y: float) -> float:
    axis = path_axis(found)
    words = (
        "With the evidence up to each day; shaded: its band; thin: the other explanations; line at half height: 50 %"
    )
    parts.append(tag("text", words, x=_EDGE, y=y))
    y += 10
    for one in found.hypotheses:
        label = anchors.hypotheses[one.key].label
        parts.append(tag("text", f"{label}  {percent(one.probability)}", x=_EDGE, y=y + 18, class_="strong"))
        title = textwrap.wrap(one.title, 26, max_lines=4, placeholder=" ...")
        parts += [tag("text", line, x=_EDGE, y=y + 34 + 14 * n) for n, line in enumerate(title)]
        parts.append(_placed(panel_parts(found, one, axis), _LEFT, y, PANEL))
        y += PANEL + 6
    for lane in lanes(case, found, anchors, axis):
        name = lane.name if lane.ref is None else f"{lane.ref.label} {lane.name}"
        title = textwrap.wrap(name, 27, max_lines=2, placeholder=" ...")
        parts += [
            tag("text", line, x=_EDGE, y=y + (12 if len(title) > 1 else 19) + 14 * n) for n, line in enumerate(title)
        ]
        grid = axis.grid(height=lane.height, label_at=lane.height + 18)
        lines = [part for part in grid if "<line" in part]
        parts.append(_placed([*lines, *lane.parts], _LEFT, y, lane.height))
        y += lane.height + 2
    parts.append(_placed([part for part in axis.grid(height=0, label_at=14) if "<text" in part], _LEFT, y, 20))
    y += 38
    words = (
        "Filled diamond: looked, and it is there; open bar: looked, and it is not there; dot: could not tell; circle: "
        "could not see the site; triangle: claim, filled if it counts"
    )
    parts.append(tag("text", words, x=_EDGE, y=y))
    return y + 18


def _placed(parts: list[Markup], x: float, y: float, height: float) -> Markup:
    return tag("svg", *parts, x=x, y=y, width=_WIDTH - _EDGE - x, height=height, overflow="visible")
