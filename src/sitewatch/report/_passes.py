"""Opportunities as a timeline: a row for every sensor, a mark for every pass."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from sitewatch.planning import Opportunity
from sitewatch.report._svg import Axis, said, standalone, tag

__all__ = ["passes_picture"]

_ROW = 48
_TALL = 30
"""Height of a pass that is clear for sure."""
_TOP = 44
_LABEL = 150
_STYLE = """
.grid { stroke: #efede7; } .base { stroke: #dcd9d2; } .tick { text-anchor: middle; } .row { fill: #1b1d21; }
.pass { fill: #6b7280; } .chosen { fill: #1f4e79; } .number { fill: #1f4e79; font-weight: 600; text-anchor: middle; }
.unplanned { fill: none; stroke: #6b7280; } .caveat { fill: #1b1d21; font-weight: 600; }
"""


def passes_picture(
    looks: Sequence[Opportunity],
    *,
    chosen: Mapping[int, int],
    since: dt.datetime,
    until: dt.datetime,
    title: str,
    caveats: Sequence[str] = (),
    width: int = 1100,
) -> str:
    """Passes over a site as an SVG file of its own.

    Args:
        looks: opportunities, by time.
        chosen: by number of the opportunity, its place among the chosen ones, from 1.
        since: begin of the window, UTC.
        until: its end.
        title: what stands above it.
        caveats: sentences that must be read before anything else.
        width: of the picture, pixels.
    """
    sensors = sorted({look.passing.sensor for look in looks})
    caveat, y = said(caveats, y=26, width=width, class_="caveat")
    top = _TOP + y - 26
    axis = Axis(start=since, end=until)
    strip = _ROW * len(sensors)
    inner: list[Markup] = axis.grid(height=strip, label_at=strip + 16)
    for row in range(len(sensors)):
        y = (row + 1) * _ROW - 8
        inner.append(tag("line", x1="0%", x2="100%", y1=y, y2=y, class_="base"))
    for number, look in enumerate(looks):
        inner += _mark(axis, look, (sensors.index(look.passing.sensor) + 1) * _ROW - 8, chosen.get(number))
    parts = [
        tag("text", title, x=16, y=26, class_="title"),
        *caveat,
        *(
            tag("text", sensor, x=16, y=top + (row + 1) * _ROW - 10, class_="row")
            for row, sensor in enumerate(sensors)
        ),
        tag(
            "svg", *inner, x=_LABEL, y=top, width=width - _LABEL - 24, height=strip + 24, overflow="visible",
        ),
    ]  # fmt: skip
    y = top + strip + 44
    legend = "The taller and darker, the likelier clear. Numbered: chosen, in this order."
    told = legend if looks else "No pass in the window."
    parts.append(tag("text", told, x=16, y=y))
    label = " ".join([f"{title}: {len(looks)} passes, {len(chosen)} chosen.", *caveats])
    return standalone(*parts, width=width, height=y + 16, style=_STYLE, label=label)


def _mark(axis: Axis, look: Opportunity, y: float, place: int | None) -> list[Markup]:
    seen = look.passing
    tall = round(max(4.0, _TALL * look.p_clear), 1)
    words = f"{seen.start:%Y-%m-%d %H:%M} UTC · {seen.satellite}, {seen.direction}: {look.p_clear:.0%} clear"
    words += f" ({look.clear_by})" if look.clear_by else ""
    name = "chosen" if place is not None else "unplanned" if look.p_pass <= 0 else "pass"
    shade = 1.0 if place is not None or look.p_pass <= 0 else round(0.25 + 0.75 * look.p_clear, 2)
    drawn = [
        tag("rect", tag("title", words), x=-2.5, y=-tall, width=5, height=tall, class_=name, opacity=shade),
    ]
    if place is not None:
        drawn.append(tag("text", f"{place}", x=0, y=-tall - 4, class_="number"))
    return [tag("svg", *drawn, x=axis.x(seen.start), y=y, overflow="visible", width=1, height=1)]
