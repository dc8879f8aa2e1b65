"""When the first event comes, as a forecast holds it: its chance by each day, beside that of the record alone."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import textwrap
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from sitewatch.forecast import CaseForecast
from sitewatch.report._svg import Axis, standalone, tag

__all__ = ["forecast_picture"]

_WIDTH, _LEFT, _RIGHT, _HIGH = 1100, 66, 190, 260
_STYLE = """
.strong { fill: #1b1d21; font-weight: 600; } .grid { stroke: #efede7; } .grid.major { stroke: #dcd9d2; }
.tick { text-anchor: middle; } .tick.major { font-weight: 600; } .rule { stroke: #e4e1da; }
.rule.base { stroke: #1b1d21; }
.level { font-size: 11px; text-anchor: end; } .held { fill: url(#blind); } .held-edge { fill: none; stroke: #b9bcc2; }
.told { fill: none; stroke: #1f4e79; stroke-width: 2.4px; }
.record { fill: none; stroke: #1b1d21; stroke-dasharray: 6 4; }
.window { fill: #1f4e79; } .window.record-mark { fill: #fbfaf7; stroke: #1b1d21; }
.value { text-anchor: end; stroke: #fbfaf7; stroke-width: 4px; paint-order: stroke; fill: #1b1d21; }
"""


def forecast_picture(found: CaseForecast, *, title: str, note: str | None = None) -> str:
    """An SVG file: P(the first event has come by the end of each day), with the case and from the record alone.

    Args:
        found: the forecast.
        title: of the case.
        note: what must be said before anything else; None: nothing.
    """
    count = len(found.first_days)
    told, base = np.cumsum(found.first_days), np.cumsum(found.base_days)
    start = dt.datetime.combine(found.issued, dt.time(), dt.UTC)
    axis = Axis(start=start, end=start + dt.timedelta(days=count))
    top = min(1.0, math.ceil(10 * max(told[-1], base[-1])) / 10)
    parts = [tag("text", title, x=16, y=28, class_="title")]
    words = f"Chance that the first {found.event} from {found.issued} on has come by the end of each day."
    y = 32
    for n, sentence in enumerate([*([] if note is None else [note]), words]):
        for line in textwrap.wrap(sentence, 150):
            y += 18
            parts.append(tag("text", line, x=16, y=y, class_="strong" if n == 0 and note else ""))
    spans = _spans(found)
    y += 18 + 16 * len(spans)
    plot = [*_shaded(spans, count, top=-16 * len(spans)), *axis.grid(height=_HIGH, label_at=_HIGH + 18)]
    for n in range(round(10 * top) + 1):
        level = round(_HIGH * (1 - n / (10 * top)), 1)
        plot.append(tag("line", x1="0%", x2="100%", y1=level, y2=level, class_="rule base" if n == 0 else "rule"))
        plot.append(tag("text", f"{10 * n} %", x=-8, y=level + 4, class_="level"))
    for name, values in (("record", base), ("told", told)):
        line = tag("path", d=_steps(values.tolist(), top), class_=name, vector_effect="non-scaling-stroke")
        plot.append(
            tag("svg", line, width="100%", height=_HIGH, viewBox=f"0 0 {count} {_HIGH}", preserveAspectRatio="none")
        )
    plot += _windows(found, count, top)
    for name, value in (("with the case", told[-1]), ("record alone", base[-1])):
        label = f"{name}, {100 * value:.0f} %"
        plot.append(tag("text", label, x="100%", dx=10, y=round(_HIGH * (1 - value / top) + 4, 1), class_="strong"))
    parts.append(tag("svg", *plot, x=_LEFT, y=y, width=_WIDTH - _LEFT - _RIGHT, height=_HIGH + 24, overflow="visible"))
    ends = ", ".join(f"{one.days} days {100 * one.probability:.0f} %" for one in found.windows)
    y += _HIGH + 48
    legend = (
        "Full line: base rate, activity and calendar; broken line: the record of events alone; hatched: calendar days"
    )
    parts.append(tag("text", legend, x=16, y=y))
    label = f"Chance of the first {found.event} from {found.issued} on: {ends}"
    return standalone(*parts, width=_WIDTH, height=y + 18, style=_STYLE, label=label)


def _spans(found: CaseForecast) -> list[tuple[str, list[tuple[int, int]]]]:
    """Calendar entries and the spans of days, first and one past the last, that they hold."""
    told = []
    for factor in found.factors:
        if factor.name != "activity":
            runs = [[day for _, day in run] for _, run in
                    itertools.groupby(enumerate(factor.held), key=lambda pair: pair[1] - pair[0])]  # fmt: skip
            told.append(
                (f"{factor.title}, \N{MULTIPLICATION SIGN} {factor.ratio:.2g}", [(r[0], r[-1] + 1) for r in runs])
            )
    return told


def _shaded(spans: Sequence[tuple[str, list[tuple[int, int]]]], count: int, *, top: int) -> list[Markup]:
    parts = []
    for n, (title, runs) in enumerate(spans):
        y = top + 16 * n
        for first, end in runs:
            place = {"x": f"{100 * first / count:.2f}%", "width": f"{100 * (end - first) / count:.2f}%"}
            parts.append(tag("rect", tag("title", title), y=y, height=_HIGH - y, class_="held", **place))
            parts.append(tag("rect", y=y, height=_HIGH - y, class_="held-edge", **place))
        end = 100 * runs[0][0] / count > 60
        x = f"{100 * (runs[-1][1] if end else runs[0][0]) / count:.2f}%"
        anchor = "end" if end else "start"
        parts.append(tag("text", title, x=x, dx=-4 if end else 4, y=y + 12, text_anchor=anchor))
    return parts


def _steps(values: Sequence[float], top: float) -> str:
    """A line that begins at nothing and goes up to each day's value at its end."""
    points = [(0, 0.0), *((n + 1, value) for n, value in enumerate(values))]
    return "M" + "L".join(f"{x} {_HIGH * (1 - value / top):.1f}" for x, value in points)


def _windows(found: CaseForecast, count: int, top: float) -> list[Markup]:
    parts = []
    for one in found.windows:
        x = f"{100 * one.days / count:.2f}%"
        for value, kind in ((one.base, "window record-mark"), (one.probability, "window")):
            words = f"{one.days} days: {100 * value:.0f} %"
            y = round(_HIGH * (1 - value / top), 1)
            parts.append(tag("circle", tag("title", words), cx=x, cy=y, r=4.5, class_=kind))
        if one.days < count:
            up = round(_HIGH * (1 - max(one.probability, one.base) / top) - 7, 1)
            words = f"{one.days} days: {100 * one.probability:.0f} %, alone {100 * one.base:.0f} %"
            parts.append(tag("text", words, x=x, dx=-7, y=up, class_="value"))
    return parts
