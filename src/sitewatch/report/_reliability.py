"""How often chances came true: a reliability diagram for each horizon of a back-test."""

from __future__ import annotations

import math

from markupsafe import Markup

from sitewatch.forecast import Backtest, HorizonScore
from sitewatch.report._svg import standalone, tag

__all__ = ["reliability_picture"]

_SIDE = 190
_STEP = 240
_LEFT = 56
_TOP = 72
_MOST = 9.0
"""Radius of a mark that stands for all forecasts."""
_STYLE = """
.frame { fill: none; stroke: #b9bcc2; } .right { stroke: #8a8f98; stroke-dasharray: 4 4; } .came { fill: #1f5fa8; }
.line { fill: none; stroke: #1f5fa8; }
"""


def reliability_picture(found: Backtest, *, title: str) -> str:
    """An SVG file: share that came true over the chance told, in tenths; on the dashed line both are the same."""
    parts = [tag("text", title, x=16, y=26, class_="title")]
    parts.append(
        tag(
            "text", "share that came true over the chance that was told, in tenths; the larger the mark, the more "
            "forecasts; dashed: calibrated", x=16, y=46,
        )
    )  # fmt: skip
    for n, one in enumerate(found.horizons):
        parts += _panel(one, x=_LEFT + n * _STEP)
    words = ", ".join(
        f"{one.horizon} days: slope {one.score.slope:.2f}" for one in found.horizons if one.score.slope is not None
    )
    return standalone(
        *parts,
        width=max(_LEFT + _STEP * len(found.horizons), 760),
        height=_TOP + _SIDE + 62,
        style=_STYLE,
        label=f"{title}. {words}",
    )


def _panel(one: HorizonScore, *, x: int) -> list[Markup]:
    bottom = _TOP + _SIDE
    told = one.score
    parts = [
        tag("rect", x=x, y=_TOP, width=_SIDE, height=_SIDE, class_="frame"),
        tag("line", x1=x, y1=bottom, x2=x + _SIDE, y2=_TOP, class_="right"),
    ]
    for share in (0, 0.5, 1):
        parts.append(tag("text", f"{share:g}", x=x + share * _SIDE, y=bottom + 16, text_anchor="middle"))
        parts.append(tag("text", f"{share:g}", x=x - 6, y=bottom - share * _SIDE + 4, text_anchor="end"))
    at = [(x + b.chance * _SIDE, bottom - b.rate * _SIDE, b) for b in told.table]
    parts.append(tag("polyline", points=" ".join(f"{a:.1f},{b:.1f}" for a, b, _ in at), class_="line"))
    for across, up, b in at:
        words = f"{b.n} forecasts, mean chance {b.chance:.2f}, {b.rate:.2f} came true"
        radius = max(2.0, _MOST * math.sqrt(b.n / told.n))
        parts.append(
            tag("circle", tag("title", words), cx=f"{across:.1f}", cy=f"{up:.1f}", r=f"{radius:.1f}", class_="came")
        )
    days = "1 day" if one.horizon == 1 else f"{one.horizon} days"
    parts.append(tag("text", f"{days}, {told.n} forecasts", x=x, y=bottom + 36))
    parts.append(tag("text", f"Brier {told.brier:.3f}", x=x, y=bottom + 52))
    return parts
