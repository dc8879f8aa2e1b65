"""How probable each explanation is, as bars on one axis from 0 to 100 %, with the bands of the words behind them."""

from __future__ import annotations

import itertools

from markupsafe import Markup

from sitewatch.assessment import LEVEL, Judged, percent, word
from sitewatch.report._svg import tag

__all__ = [
    "BAR",
    "EDGES",
    "NAMES",
    "TICKS",
    "bar_parts",
    "name_parts",
    "odds_bar",
    "odds_names",
    "odds_ticks",
    "tick_parts",
]

EDGES = (0.0, 0.05, 0.20, 0.45, 0.55, 0.80, 0.95, 1.0)
"""Where one word ends and the next begins (ICD 203)."""
BAR, NAMES, TICKS = 36, 30, 18
"""Heights of a bar's row, of the words and of the numbers, pixels."""
_TOP, _THICK = 5, 16


def odds_bar(one: Judged) -> Markup:
    """The bar of an explanation, as wide as its place."""
    label = (
        f"{one.title}: {percent(one.probability)}, {100 * LEVEL:.0f} % band {percent(one.low)} to {percent(one.high)}, "
        f"{percent(one.prior)} before the evidence"
    )
    return tag("svg", *bar_parts(one), role="img", width="100%", height=BAR, class_="plot odds", aria_label=label)


def odds_names() -> Markup:
    """The words, above the bars."""
    return tag("svg", *name_parts(), width="100%", height=NAMES, class_="plot", aria_hidden="true")


def odds_ticks() -> Markup:
    """The numbers, below them."""
    return tag("svg", *tick_parts(), width="100%", height=TICKS, class_="plot", aria_hidden="true")


def bar_parts(one: Judged) -> list[Markup]:
    """Bands, bar, band of the number and prior; x in percent of the width."""
    middle = _TOP + _THICK / 2
    parts = [
        tag("rect", tag("title", word((low + high) / 2).value), x=_at(low), width=_at(high - low), y=0, height=BAR,
            class_="odds-band other" if n % 2 else "odds-band")
        for n, (low, high) in enumerate(itertools.pairwise(EDGES))
    ]  # fmt: skip
    parts.append(
        tag("rect", tag("title", f"now {percent(one.probability)}"), x="0%", width=_at(one.probability), y=_TOP,
            height=_THICK, class_="odds-now benign" if one.benign else "odds-now")
    )  # fmt: skip
    band = tag("title", f"{100 * LEVEL:.0f} % band {percent(one.low)} to {percent(one.high)}")
    # A light line below the dark one, as half of it lies on a dark bar.
    for kind in ("odds-halo", "odds-range"):
        parts.append(tag("line", band, x1=_at(one.low), x2=_at(one.high), y1=middle, y2=middle, class_=kind))
        parts += [
            tag("line", x1=_at(end), x2=_at(end), y1=middle - 5, y2=middle + 5, class_=kind)
            for end in (one.low, one.high)
        ]
    before = tag("title", f"before {percent(one.prior)}")
    return [*parts, tag("circle", before, cx=_at(one.prior), cy=BAR - 7, r=4.5, class_="odds-before")]


def name_parts() -> list[Markup]:
    """The words in two lines each; those of the narrow bands fall away on a phone."""
    parts = []
    for low, high in itertools.pairwise(EDGES):
        told = word((low + high) / 2).value
        first, _, second = told.partition(" ") if told != "almost no chance" else ("almost", " ", "no chance")
        lines = (first, second) if second else ("", first)
        narrow = low == 0 or high == 1 or low < 0.5 < high
        anchor = "start" if low == 0 else "end" if high == 1 else "middle"
        x = "0%" if low == 0 else "100%" if high == 1 else _at((low + high) / 2)
        for text, y in zip(lines, (11, 24), strict=True):
            if text:
                rank = "odds-name minor" if narrow else "odds-name"
                parts.append(tag("text", text, x=x, y=y, text_anchor=anchor, class_=rank))
    return parts


def tick_parts() -> list[Markup]:
    """The numbers at which words change."""
    return [
        tag("text", f"{100 * edge:.0f} %", x=_at(edge), y=12, text_anchor="middle", class_="odds-tick")
        for edge in EDGES[1:-1]
    ]


def _at(share: float) -> str:
    return f"{100 * share:.2f}%"
