"""How long until the first clear look: a curve for what is free, and one for each thing that could be added."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from markupsafe import Markup

from sitewatch.planning import FREE, Wait, Waits
from sitewatch.report._svg import said, standalone, tag

__all__ = ["waits_picture"]

_WIDTH, _LEFT, _RIGHT, _HIGH = 1100, 66, 250, 280
_SHOWN_DAYS = 30
_LEVEL = 0.8
_INKS = (
    ("#1b1d21", ""),
    ("#1f5fa8", "8 4"),
    ("#b3541e", "2 4"),
    ("#2e7d4f", "12 4 2 4"),
    ("#7a3e9d", "5 3"),
    ("#7a6a00", "1 3"),
)
"""Ink and dashes of each curve: told apart without colours, too; further ones begin anew."""
_STYLE = """
.caveat, .name { fill: #1b1d21; font-weight: 600; } .rule { stroke: #efede7; } .rule.base { stroke: #1b1d21; }
.level { text-anchor: end; } .tick { text-anchor: middle; } .mark { stroke: #8a8f98; stroke-dasharray: 3 3; }
.curve { fill: none; stroke-width: 2.2px; }
"""


def waits_picture(found: Waits, *, title: str, caveats: Sequence[str] = ()) -> str:
    """An SVG file: P(there was a clear look) over the days since the start, a step at each day of the first 30.

    Args:
        found: the waits.
        title: what stands above it.
        caveats: sentences that must be read before anything else.
    """
    curves = [(FREE, found.free), *((f"+ {name}", wait) for name, wait in found.options.items())]
    last = int(min(_SHOWN_DAYS, found.free.horizon))
    caveat, y = said(caveats, y=28, width=_WIDTH, class_="caveat")
    words, y = said(
        ["Chance that there was a clear look, over the days since something is erected."], y=y, width=_WIDTH
    )
    top, wide = y + 22, _WIDTH - _LEFT - _RIGHT
    parts = [tag("text", title, x=16, y=28, class_="title"), *caveat, *words, *_frame(last, top=top, wide=wide)]
    for n, (name, wait) in enumerate(curves):
        ink, dashes = _INKS[n % len(_INKS)]
        line = tag("path", tag("title", _told(name, wait)), d=_steps(wait, last, top=top, wide=wide), class_="curve",
                   stroke=ink, stroke_dasharray=dashes or "none")  # fmt: skip
        parts.append(line)
    parts += _names(curves, last, top=top, wide=wide)
    label = " ".join([f"{title}.", *caveats, *(f"{_told(name, wait)}." for name, wait in curves)])
    height = top + max(_HIGH + 52, 38 * len(curves) + 8)
    return standalone(*parts, width=_WIDTH, height=height, style=_STYLE, label=label)


def _frame(last: int, *, top: float, wide: int) -> list[Markup]:
    parts = []
    for tenth in range(0, 11, 2):
        y = round(top + _HIGH * (1 - tenth / 10), 1)
        class_ = "rule base" if tenth == 0 else "rule"
        parts.append(tag("line", x1=_LEFT, x2=_LEFT + wide, y1=y, y2=y, class_=class_))
        parts.append(tag("text", f"{10 * tenth} %", x=_LEFT - 8, y=y + 4, class_="level"))
    y = round(top + _HIGH * (1 - _LEVEL), 1)
    parts.append(tag("line", x1=_LEFT, x2=_LEFT + wide, y1=y, y2=y, class_="mark"))
    step = 5 if last > 10 else 1
    for day in range(0, last + 1, step):
        x = round(_LEFT + wide * day / last, 1) if last else _LEFT
        parts.append(tag("text", f"{day}", x=x, y=top + _HIGH + 18, class_="tick"))
    parts.append(tag("text", "days", x=_LEFT + wide / 2, y=top + _HIGH + 38, class_="tick"))
    return parts


def _steps(wait: Wait, last: int, *, top: float, wide: int) -> str:
    """The curve as straight lines between whole days: starts lie at any hour, so that days are not steps."""
    points = []
    for quarter in range(4 * last + 1):
        x = _LEFT + wide * quarter / (4 * last) if last else _LEFT
        points.append(f"{x:.1f} {top + _HIGH * (1 - wait.by(quarter / 4)):.1f}")
    return "M" + "L".join(points)


def _names(curves: Sequence[tuple[str, Wait]], last: int, *, top: float, wide: int) -> list[Markup]:
    """A legend beside the curves, in the order of their ends, with the ink and dashes of each."""
    parts = []
    order = sorted(range(len(curves)), key=lambda n: -curves[n][1].by(float(last)))
    for place, n in enumerate(order):
        name, wait = curves[n]
        ink, dashes = _INKS[n % len(_INKS)]
        x, y = _LEFT + wide + 14, top + 12 + 38 * place
        parts.append(tag("line", x1=x, x2=x + 28, y1=y - 4, y2=y - 4, class_="curve", stroke=ink,
                         stroke_dasharray=dashes or "none"))  # fmt: skip
        parts.append(tag("text", textwrap.shorten(name, 28, placeholder="..."), x=x + 36, y=y, class_="name"))
        parts.append(tag("text", _within(wait), x=x + 36, y=y + 16))
    return parts


def _within(wait: Wait) -> str:
    days = wait.days_for(_LEVEL)
    return f"beyond {wait.horizon:g} days" if days is None else f"8 of 10 within {days} day{'' if days == 1 else 's'}"


def _told(name: str, wait: Wait) -> str:
    days = wait.days_for(_LEVEL)
    return f"{name}: 8 of 10 " + (
        f"not within {wait.horizon:g} days" if days is None else f"within {days} day{'' if days == 1 else 's'}"
    )
