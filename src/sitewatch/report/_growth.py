"""Whether the plant grows, as one figure: its built-up footprint over time with a band, and what each year added."""

from __future__ import annotations

import datetime as dt
import math
import textwrap
from collections.abc import Sequence

from markupsafe import Markup

from sitewatch.assessment import AREA_LEVEL, Estimate, Expansion, expansion_sentences
from sitewatch.report._sentences import square_metres
from sitewatch.report._svg import Axis, standalone, tag

__all__ = ["expansion_chart", "expansion_picture", "growth_axis", "year_rows"]

_STYLE = """
.grid { stroke: #efede7; } .grid.major { stroke: #dcd9d2; } .rule { stroke: #efede7; } .zero { stroke: #1b1d21; }
.tick { text-anchor: middle; } .tick.major { font-weight: 600; }
.level { font-size: 11px; } .level.end { text-anchor: end; }
.growth-band { fill: #1f4e79; fill-opacity: .2; } .growth { fill: none; stroke: #1f4e79; stroke-width: 1.8px; }
.growth-gap { fill: url(#blind); } .built { fill: #c07a12; } .extended { fill: #e2b366; } .removed { fill: #6b7280; }
.whisker { stroke: #1b1d21; } .name { fill: #1b1d21; font-weight: 600; }
"""
_HIGH = 190
_BARS = 120
_WIDTH = 1100
_MARGIN = 66
"""Left of the plots, for their levels: pixels in a file, by its style on a page."""


def growth_axis(found: Expansion) -> Axis:
    """The time axis of the figure."""
    end = found.last if found.last > found.first else found.first + dt.timedelta(days=1)
    return Axis(start=found.first, end=end)


def expansion_chart(found: Expansion) -> Markup:
    """The change over time and the years below it, for a page that styles it, as wide as its place.

    What is written at the left and above of it overflows: the place must leave a margin.
    """
    return tag(
        "svg", *_figure(found), role="img", width="100%", height=_HIGH + _BARS + 58, class_="plot growth-plot",
        aria_label=f"{expansion_sentences(found)[0]} The table says the same year by year.",
    )  # fmt: skip


def expansion_picture(found: Expansion, *, title: str) -> str:
    """The same as an SVG file of its own, with its legend and the answer in words."""
    y = 82 + _HIGH + _BARS + 58
    parts = [
        tag("text", title, x=16, y=26, class_="title"),
        tag(
            "svg",
            *_figure(found),
            x=16 + _MARGIN,
            y=60,
            width=_WIDTH - 32 - _MARGIN,
            height=_HIGH + _BARS + 58,
            overflow="visible",
        ),
    ]
    x = 16
    for name, words in (
        ("growth-band", f"{100 * AREA_LEVEL:.0f} % band of the change"),
        ("built", "erected"),
        ("extended", "extended"),
        ("removed", "taken down"),
        ("growth-gap", "long gap without a used look"),
    ):
        parts.append(tag("rect", x=x, y=y - 10, width=16, height=11, class_=name))
        parts.append(tag("text", words, x=x + 22, y=y))
        x += 52 + 7 * len(words)
    y += 30
    lines = [line for sentence in expansion_sentences(found) for line in textwrap.wrap(sentence, 160)]
    parts += [tag("text", line, x=16, y=y + 18 * n) for n, line in enumerate(lines)]
    return standalone(
        *parts, width=_WIDTH, height=y + 18 * len(lines), style=_STYLE,
        label=f"{title}: {expansion_sentences(found)[0]}",
    )  # fmt: skip


def year_rows(found: Expansion) -> list[tuple[str, str, str, str, str]]:
    """The years for a table: year, erected, extended, taken down, share seen."""
    return [
        (
            f"{one.year}",
            estimate_words(one.new),
            estimate_words(one.extended),
            estimate_words(one.removed),
            f"{100 * one.seen:.0f} %",
        )
        for one in found.years
    ]


def estimate_words(estimate: Estimate) -> str:
    """An area with its band: "6 700 (3 600 to 10 200)"; one number where there is no more to say."""
    low, middle, high = (square_metres(value) for value in (estimate.low, estimate.middle, estimate.high))
    return middle if low == high else f"{middle} ({low} to {high})"


def _figure(found: Expansion) -> list[Markup]:
    axis = growth_axis(found)
    foot = _HIGH + 30 + _BARS
    parts = axis.grid(height=foot, label_at=foot + 20)
    for after, by in found.gaps:
        left, right = axis.at(after), axis.at(by)
        words = f"{after:%Y-%m-%d} to {by:%Y-%m-%d} without a used look"
        parts.append(
            tag("rect", tag("title", words), x=f"{left:g}%", width=f"{right - left:.2f}%", y=0, height=foot,
                class_="growth-gap")
        )  # fmt: skip
    parts += _change(found, axis)
    return parts + _years(found, axis, top=_HIGH + 30)


def _change(found: Expansion, axis: Axis) -> list[Markup]:
    low, high, step = _levels(min(0.0, *found.low), max(0.0, *found.high), most=5)

    def y(value: float) -> float:
        return round(_HIGH * (high - value) / (high - low), 1)

    levels = [low + n * step for n in range(round((high - low) / step) + 1)]
    parts = [_line(value, y(value)) for value in levels]

    def points(values: Sequence[float]) -> list[str]:
        return [f"{10 * axis.at(t):.1f} {y(v)}" for t, v in zip(found.times, values, strict=True)]

    band = "L".join([*points(found.high), *reversed(points(found.low))])
    line = "L".join(points(found.middle))
    drawn = [
        tag("path", d=f"M{band}Z", class_="growth-band"),
        tag("path", d=f"M{line}", class_="growth", vector_effect="non-scaling-stroke"),
    ]
    parts.append(
        tag("svg", *drawn, x=0, y=0, width="100%", height=_HIGH, viewBox=f"0 0 1000 {_HIGH}",
            preserveAspectRatio="none", overflow="visible")
    )  # fmt: skip
    parts += [_label(value, y(value)) for value in levels]
    parts.append(tag("text", "change since the first look, m²", x=0, y=-9, class_="level name"))
    return parts


def _years(found: Expansion, axis: Axis, *, top: int) -> list[Markup]:
    """What was erected, extended and taken down in each year, with the band of each sum."""
    most = max((one.new.high + one.extended.high for one in found.years), default=0.0)
    least = max((one.removed.high for one in found.years), default=0.0)
    low, high, step = _levels(-least, most, most=3)

    def y(value: float) -> float:
        return round(top + _BARS * (high - value) / (high - low), 1)

    levels = [low + n * step for n in range(round((high - low) / step) + 1)]
    parts = [_line(value, y(value)) for value in levels]
    for one in found.years:
        start, end = (axis.at(dt.datetime(year, 1, 1, tzinfo=dt.UTC)) for year in (one.year, one.year + 1))
        middle, wide = (start + end) / 2, min(6.0, 0.5 * (end - start))
        up = one.new.middle + one.extended.middle
        words = (
            f"{one.year}, m²: erected {estimate_words(one.new)}, extended {estimate_words(one.extended)}, taken down "
            f"{estimate_words(one.removed)}"
        )
        bars = (("built", 0.0, one.new.middle), ("extended", one.new.middle, up), ("removed", -one.removed.middle, 0.0))
        for name, bottom, end_ in bars:
            if end_ - bottom > 0:
                parts.append(
                    tag("rect", tag("title", words), x=f"{middle - wide / 2:.2f}%", width=f"{wide:.2f}%", y=y(end_),
                        height=round(y(bottom) - y(end_), 1), class_=name)
                )  # fmt: skip
        for from_, to in (
            (one.new.low + one.extended.low, one.new.high + one.extended.high),
            (-one.removed.high, -one.removed.low),
        ):
            if to - from_ > 0:
                at = f"{middle:.2f}%"
                parts.append(tag("line", x1=at, x2=at, y1=y(to), y2=y(from_), class_="whisker"))
    parts += [_label(value, y(value)) for value in levels]
    parts.append(tag("text", "erected and taken down each year, m²", x=0, y=top - 9, class_="level name"))
    return parts


def _line(value: float, y: float) -> Markup:
    return tag("line", x1="0%", x2="100%", y1=y, y2=y, class_="zero" if abs(value) < 1e-6 else "rule")


def _label(value: float, y: float) -> Markup:
    words = f"{'-' if value < 0 else ''}{square_metres(abs(value))}"
    return tag("text", words, x=-8, y=round(y + 4, 1), class_="level end")


def _levels(low: float, high: float, *, most: int) -> tuple[float, float, float]:
    """Lowest and highest level and the step between them: round, around both values and zero."""
    span = max(high - low, 1.0)
    power = 10 ** math.floor(math.log10(span / most))
    step = next(power * n for n in (1, 2, 5, 10) if span / (power * n) <= most)
    bottom, top = math.floor(low / step) * step, math.ceil(high / step) * step
    return bottom, max(top, bottom + step), step
