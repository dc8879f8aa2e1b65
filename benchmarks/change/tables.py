"""Tables and diagrams of what was measured."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matching import SIZES, Tally

__all__ = ["SCORE_HEAD", "Output", "Table", "diagram", "number", "say", "score_row"]


@dataclass(frozen=True, kw_only=True)
class Table:
    """Something to print."""

    title: str
    note: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """Aligned, so that it reads as plain text too."""
        widths = [max(len(row[i]) for row in [self.head, *self.rows]) for i in range(len(self.head))]
        lines = [
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
            for row in [self.head, ["-" * width for width in widths], *self.rows]
        ]
        return "\n".join([f"## {self.title}", "", self.note, "", *lines, ""])


@dataclass(kw_only=True)
class Output:
    """Prints and keeps what was measured."""

    folder: Path
    tables: list[Table] = field(default_factory=list)
    numbers: dict[str, Any] = field(default_factory=dict)

    def add(self, table: Table) -> None:
        """Print one table and write all so far: a run that is stopped leaves what it had."""
        self.tables.append(table)
        print("\n" + table.markdown(), flush=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "tables.md").write_text("\n".join(t.markdown() for t in self.tables), encoding="utf-8")
        document = {**self.numbers, "tables": [{"title": t.title, "head": t.head, "rows": t.rows} for t in self.tables]}
        (self.folder / "results.json").write_text(json.dumps(document, indent=1), encoding="utf-8")


def say(text: str) -> None:
    print(f"[{dt.datetime.now(tz=dt.UTC):%H:%M:%S}] {text}", flush=True)


def number(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


SCORE_HEAD = (
    "method",
    "F1",
    "precision",
    "recall",
    "permanent",
    "temporary",
    "erected alone",
    "demolition",
    *SIZES,
    "false / km2 a",
    "days outside",
    "coverage",
    "width, days",
    "F1, datable",
    "F1, place only",
)


def score_row(name: str, dated: Tally, placed: Tally) -> list[str]:
    groups = ("permanent", "temporary", "temporary erected", "demolition", *SIZES)
    return [
        name,
        number(dated.f1),
        number(dated.precision),
        number(dated.recall()),
        *(number(dated.recall(group)) for group in groups),
        number(dated.false_per_km2_year),
        number(dated.median_days_outside, 0),
        number(dated.coverage),
        number(dated.median_width, 0),
        number(dated.f1_datable),
        number(placed.f1),
    ]


def diagram(points: Mapping[str, Sequence[tuple[float, float, int]]]) -> str:
    """Said against true as SVG; a circle's area grows with the claims behind it."""
    side, edge = 360, 48
    colours = ("#1b6ca8", "#c44e1d", "#4a7a3a")

    def at(x: float, y: float) -> tuple[float, float]:
        return edge + x * side, edge + (1 - y) * side

    def text(x: float, y: float, words: str, more: str = "") -> str:
        return f'<text x="{x:.0f}" y="{y:.0f}" {more}>{words}</text>'

    (x0, y0), (x1, y1) = at(0, 0), at(1, 1)
    size = f'width="{side + 2 * edge}" height="{side + 3 * edge}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<rect x="{x0}" y="{y1}" width="{side}" height="{side}" fill="none" stroke="#888"/>',
        f'<line x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}" stroke="#bbb" stroke-dasharray="4 4"/>',
        text(x0 + side / 2, y0 + 34, "probability said", 'text-anchor="middle"'),
        text(14, y1 + side / 2, "share true", f'text-anchor="middle" transform="rotate(-90 14 {y1 + side / 2:.0f})"'),
    ]
    for tick in (0, 0.5, 1):
        parts.append(text(at(tick, 0)[0], y0 + 16, f"{tick:g}", 'text-anchor="middle"'))
        parts.append(text(x0 - 6, at(0, tick)[1] + 4, f"{tick:g}", 'text-anchor="end"'))
    for n, ((name, ones), colour) in enumerate(zip(points.items(), colours, strict=False)):
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(mean, true) for mean, true, _ in ones))
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        for mean, true, count in ones:
            x, y = at(mean, true)
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{2 + count**0.5 / 2:.1f}" fill="{colour}" fill-opacity="0.6"/>'
            )
        parts.append(text(x0, y0 + 56 + 16 * n, name, f'fill="{colour}"'))
    return "\n".join([*parts, "</svg>", ""])
