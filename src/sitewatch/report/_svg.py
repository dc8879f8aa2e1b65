"""SVG elements whose text and attributes are escaped, and the time axis that all charts share."""

from __future__ import annotations

import datetime as dt
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

__all__ = ["Axis", "said", "standalone", "tag"]

_STYLE = """
svg { font: 12px system-ui, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif; background: #fbfaf7; }
text { fill: #585d66; } .title { fill: #1b1d21; font-weight: 600; font-size: 15px; } .hatch-line { stroke: #c07a12; }
.blind-line { stroke: #dcd9d2; }
"""
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML may hold, escaped or not; names of sites and sensors come from files and may."""
_LETTER = 7.1
"""Width of a letter of usual text, pixels, in the mean."""


def tag(name: str, *children: str | Markup, **attributes: object) -> Markup:
    """An element; `class_` and `stroke_width` become `class` and `stroke-width`. Plain strings are escaped."""
    pairs = (f'{key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    head = Markup(" ".join([name, *pairs]))  # noqa: S704 - the name is ours, the values are escaped above
    if not children:
        return Markup("<{}/>").format(head)
    body = Markup("").join(escape(child) for child in children)
    return Markup("<{}>{}</{}>").format(head, body, name)


def said(sentences: Sequence[str], *, y: float, width: int, class_: str = "") -> tuple[list[Markup], float]:
    """Sentences as lines of text that fit, and where the last one lies.

    Args:
        sentences: each begins a line.
        y: where the line above lies, pixels.
        width: of the picture.
        class_: of the text.
    """
    drawn = []
    for sentence in sentences:
        for line in textwrap.wrap(sentence, int((width - 32) / _LETTER)):
            y += 18
            drawn.append(tag("text", line, x=16, y=y, class_=class_))
    return drawn, y


def standalone(*children: Markup, width: int, height: float, style: str, label: str) -> str:
    """An SVG file of its own.

    Args:
        children: what it shows; patterns `hatch` and `blind` are there to fill with.
        width: pixels.
        height: pixels.
        style: CSS, ours, beside that of text and patterns.
        label: what it shows, for who cannot see it.
    """
    patterns = [
        tag(
            "pattern", tag("line", x1=1, y1=0, x2=1, y2=5, class_=f"{name}-line", stroke_width=2), id=name,
            width=5, height=5, patternUnits="userSpaceOnUse", patternTransform="rotate(45)",
        )
        for name in ("hatch", "blind")
    ]  # fmt: skip
    drawn = str(
        tag(
            "svg",
            tag("style", Markup(_STYLE + style)),  # noqa: S704 - our own text
            tag("defs", *patterns),
            *children,
            xmlns="http://www.w3.org/2000/svg",
            width=width,
            height=height,
            viewBox=f"0 0 {width} {height:g}",
            role="img",
            aria_label=label,
        )
    )
    return _NO_XML.sub(" ", drawn)


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Time along a chart of unknown width: positions are shares of it, in percent."""

    start: dt.datetime
    end: dt.datetime

    def at(self, time: dt.datetime) -> float:
        """Position of a time, percent of the width, held inside the chart."""
        span = (self.end - self.start).total_seconds() or 1.0
        return round(min(100.0, max(0.0, 100 * (time - self.start).total_seconds() / span)), 2)

    def x(self, time: dt.datetime) -> str:
        """`at` as an SVG length."""
        return f"{self.at(time):g}%"

    def ticks(self) -> list[tuple[dt.datetime, str, str]]:
        """(time, label, rank); the first label carries its year. Rank "minor" falls away on a phone, "major" stays."""
        found = [tick for tick in self._ticks() if 2 < self.at(tick[0]) < 98]
        if found and found[0][1] != f"{found[0][0]:%Y}":
            time, label, _ = found[0]
            near = any(rank == "major" and self.at(other) - self.at(time) < 15 for other, _, rank in found[1:])
            found[0] = (time, f"{label} {time:%Y}", "minor" if near else "major")
        return found

    def _ticks(self) -> list[tuple[dt.datetime, str, str]]:
        days = (self.end - self.start).days
        if days <= 60:
            step = max(1, -(-days // 6))
            first = self.start.replace(hour=0, minute=0, second=0, microsecond=0) + dt.timedelta(days=1)
            times = [first + dt.timedelta(days=step * n) for n in range(8)]
            return [
                (t, f"{t.day} {t:%b}", "major" if n % 2 == 0 else "minor") for n, t in enumerate(times) if t <= self.end
            ]
        every = 1 if days <= 250 else 3 if days <= 1200 else 12
        if days > 365 * 14:
            every = 60
        found = []
        year, month = self.start.year, self.start.month
        while (time := dt.datetime(year, month, 1, tzinfo=dt.UTC)) <= self.end:
            months = year * 12 + month - 1
            if time >= self.start and months % every == 0:
                found.append((time, f"{year}" if month == 1 else f"{time:%b}", "major" if month == 1 else "minor"))
            year, month = (year + month // 12, month % 12 + 1)
        return found

    def grid(self, *, height: int, label_at: int) -> list[Markup]:
        """Lines and labels of the axis."""
        drawn = []
        for time, label, rank in self.ticks():
            x = self.x(time)
            drawn.append(tag("line", x1=x, x2=x, y1=0, y2=height, class_=f"grid {rank}"))
            drawn.append(tag("text", label, x=x, y=label_at, class_=f"tick {rank}"))
        return drawn
