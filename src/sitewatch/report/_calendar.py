"""The looks as a calendar strip: a row for every year, a mark for every look, and the long gaps by name."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Sequence

from markupsafe import Markup

from sitewatch.cube import Gap, Gaps, Look, Outcome, Why
from sitewatch.report._svg import tag

__all__ = ["calendar_chart", "calendar_picture", "calendar_years"]

_ROW = 44
_BASE = 36
"""Where the marks of a row stand, from its top."""
_TALL = 26
"""Height of a look on which all of the site was clear."""
_TOP = 18
_LABEL = 52
"""Width of the years' names, left of the strip, pixels."""
_MONTHS = [dt.date(2001, month, 1) for month in range(1, 13)]
_CLASS = {
    Outcome.USED: "c-used",
    Outcome.COULD_NOT_SEE: "c-unseen",
    Outcome.REJECTED: "c-rejected",
    Outcome.FAILED: "c-failed",
}
_WORDS = {
    Outcome.USED: "used: the taller, the more of the site was clear",
    Outcome.COULD_NOT_SEE: "could not see",
    Outcome.REJECTED: "rejected",
    Outcome.FAILED: "failed",
}

_STYLE = """
svg { font: 12px system-ui, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif; background: #fbfaf7; }
text { fill: #585d66; } .title, .year { fill: #1b1d21; font-weight: 600; } .title { font-size: 15px; }
.grid { stroke: #efede7; } .base { stroke: #dcd9d2; } .c-gap { fill: #efede7; } .c-gap.blind { fill: url(#blind); }
.gap-name { font-size: 11px; text-anchor: middle; } .month { text-anchor: middle; }
.c-used { fill: #1f4e79; } .c-unseen { fill: #fbfaf7; stroke: #6b7280; }
.c-rejected { stroke: #8a5a00; stroke-width: 2px; fill: none; } .c-failed { fill: #a32a2a; }
.blind-line { stroke: #dcd9d2; stroke-width: 2px; }
"""


def calendar_chart(looks: Sequence[Look], gaps: Gaps) -> Markup | None:
    """The strip for a page that styles it, as wide as its place; None where no look has a capture time.

    Positions along the year are percent of the width, so that it stays readable at any size.
    """
    years = calendar_years(looks)
    if not years:
        return None
    height = _TOP + _ROW * len(years)
    return tag(
        "svg", *_strip(looks, gaps, years), role="img", width="100%", height=height, class_="plot calendar",
        aria_label=f"Calendar of looks, {years[0]} to {years[-1]}: {_counted(looks)}.",
    )  # fmt: skip


def calendar_picture(looks: Sequence[Look], gaps: Gaps, *, title: str, width: int = 1100) -> str:
    """The strip as an SVG file of its own, with its legend and the long gaps in words.

    Args:
        looks: the ledger.
        gaps: its long gaps.
        title: what stands above it.
        width: of the picture, pixels.
    """
    years = calendar_years(looks)
    top = 40
    parts: list[Markup] = [tag("text", title, x=16, y=26, class_="title")]
    strip = _TOP + _ROW * len(years)
    if years:
        for row, year in enumerate(years):
            parts.append(tag("text", f"{year}", x=16, y=top + _TOP + row * _ROW + _BASE, class_="year"))
        inner = tag(
            "svg", *_strip(looks, gaps, years), x=16 + _LABEL, y=top, width=width - _LABEL - 32, height=strip,
            overflow="visible",
        )  # fmt: skip
        parts.append(inner)
    else:
        parts.append(tag("text", "No look has a capture time.", x=16, y=top + 14))
    y = top + strip + 22
    x = 16
    for outcome in Outcome:
        count = sum(look.outcome is outcome for look in looks)
        words = f"{count} {_WORDS[outcome]}"
        parts.append(
            tag(
                "svg", _mark(outcome, "8", _TALL / 2, clear=0.5), x=x, y=y - 14, width=16, height=16, overflow="visible"
            )
        )
        parts.append(tag("text", words, x=x + 20, y=y))
        x += 44 + 7 * len(words)
    y += 22
    parts.append(tag("rect", x=16, y=y - 11, width=16, height=12, class_="c-gap"))
    parts.append(tag("text", f"more than {gaps.least_days} days without a used look", x=38, y=y))
    parts.append(tag("rect", x=330, y=y - 11, width=16, height=12, class_="c-gap blind"))
    parts.append(tag("text", "the same, and for long nothing was listed or could be read", x=352, y=y))
    lines = [gap.sentence for gap in gaps.found] or [
        f"No stretch of more than {gaps.least_days} days without a used look."
    ]
    y += 26
    for number, line in enumerate(lines):
        parts.append(tag("text", line, x=16, y=y + 18 * number))
    height = y + 18 * len(lines)
    hatch = tag("line", x1=1, y1=0, x2=1, y2=5, class_="blind-line")
    pattern = tag(
        "pattern", hatch, id="blind", width=5, height=5, patternUnits="userSpaceOnUse", patternTransform="rotate(45)"
    )
    return str(
        tag(
            "svg",
            tag("style", Markup(_STYLE)),  # noqa: S704 - our own text
            tag("defs", pattern),
            *parts,
            xmlns="http://www.w3.org/2000/svg",
            width=width,
            height=height,
            viewBox=f"0 0 {width} {height}",
            role="img",
            aria_label=f"{title}: {_counted(looks)}.",
        )
    )


def calendar_years(looks: Sequence[Look]) -> list[int]:
    """The years that have a row, the first to the last with a look."""
    seen = [look.captured.year for look in looks if look.captured is not None]
    return list(range(min(seen), max(seen) + 1)) if seen else []


def _counted(looks: Sequence[Look]) -> str:
    return ", ".join(f"{n} {o.value}" for o in Outcome if (n := sum(k.outcome is o for k in looks))) or "no look"


def _strip(looks: Sequence[Look], gaps: Gaps, years: Sequence[int]) -> list[Markup]:
    height = _TOP + _ROW * len(years)
    parts: list[Markup] = []
    for month in _MONTHS:
        x = _share(month.timetuple().tm_yday - 1, 2001)
        middle = _share(month.timetuple().tm_yday + 13, 2001)
        parts.append(tag("line", x1=x, x2=x, y1=_TOP, y2=height, class_="grid"))
        rank = "major" if month.month % 3 == 1 else "minor"  # minor ones fall away on a phone
        parts.append(tag("text", f"{month:%b}", x=middle, y=12, class_=f"tick month {rank}"))
    for gap in gaps.found:
        parts += _gap(gap, years)
    for row in range(len(years)):
        y = _TOP + row * _ROW + _BASE
        parts.append(tag("line", x1="0%", x2="100%", y1=y, y2=y, class_="base rule"))
    for look in sorted(looks, key=lambda k: k.order):
        if look.captured is not None:
            parts.append(_look(look, years[0]))
    return parts


def _gap(gap: Gap, years: Sequence[int]) -> list[Markup]:
    """The gap's days, split by years, with its length where the longest part has room for it."""
    spans = []
    for row, year in enumerate(years):
        begin, end = (dt.datetime(y, 1, 1, tzinfo=dt.UTC) for y in (year, year + 1))
        first, last = max(begin, gap.after), min(end, gap.by)
        if first < last:
            days = [(t - begin).total_seconds() / 86_400 for t in (first, last)]
            spans.append((days[1] - days[0], row, days[0], year))
    parts = []
    for length, row, start, year in spans:
        classes = "c-gap blind" if gap.why is not Why.COULD_NOT_SEE else "c-gap"
        parts.append(
            tag("rect", tag("title", gap.sentence), x=_share(start, year), width=_share(length, year),
                y=_TOP + row * _ROW + _BASE - _TALL - 6, height=_TALL + 6, class_=classes)
        )  # fmt: skip
    if spans and (longest := max(spans))[0] > 20:
        length, row, start, year = longest
        x, y = _share(start + length / 2, year), _TOP + row * _ROW + _BASE - _TALL + 4
        parts.append(tag("text", f"{gap.days} d", x=x, y=y, class_="gap-name" if length > 60 else "gap-name narrow"))
    return parts


def _look(look: Look, first_year: int) -> Markup:
    captured = look.captured
    if captured is None:
        raise ValueError(look.scene)
    begin = dt.datetime(captured.year, 1, 1, tzinfo=dt.UTC)
    x = _share((captured - begin).total_seconds() / 86_400, captured.year)
    y = _TOP + (captured.year - first_year) * _ROW + _BASE
    when = f"{captured:%Y-%m-%d}" if look.whole_day else f"{captured:%Y-%m-%d %H:%M} UTC"
    clear = "" if look.clear_share is None else f", {100 * look.clear_share:.0f} % clear"
    title = tag("title", f"{when} · {look.sensor} · {look.scene}: {look.outcome.value}{clear}. {look.reason}".strip())
    return _mark(look.outcome, x, y, title, clear=1.0 if look.clear_share is None else look.clear_share)


def _mark(outcome: Outcome, x: str, y: float, *children: Markup, clear: float) -> Markup:
    """A bar as tall as the clear share for a used look; small signs below the others' line of sight."""
    name = _CLASS[outcome]
    if outcome is Outcome.USED:
        tall = round(max(3.0, _TALL * clear), 1)
        bar = tag("rect", *children, x=-1.25, y=-tall, width=2.5, height=tall, class_=name)
    elif outcome is Outcome.COULD_NOT_SEE:
        bar = tag("circle", *children, cx=0, cy=-3, r=2.2, class_=name)
    elif outcome is Outcome.REJECTED:
        bar = tag("path", *children, d="M-3 -6L3 0M-3 0L3 -6", class_=name)
    else:
        bar = tag("path", *children, d="M0 -7L4 0L-4 0Z", class_=name)
    return tag("svg", bar, x=x, y=round(y, 1), overflow="visible", width=1, height=1)


def _share(day: float, year: int) -> str:
    """A day of the year, from 0, as percent of the row."""
    return f"{100 * day / (366 if calendar.isleap(year) else 365):.2f}%"
