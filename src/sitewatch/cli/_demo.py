"""The demo's comparison: what was found beside what is true."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text
from shapely.geometry import shape

from sitewatch.structures import Bracket, Kind, Presence, Structure

__all__ = ["compare", "print_comparison"]

_MIN_OVERLAP = 0.2
_MAX_DAYS = 60
"""A presence is the event when they overlap (intersection over union) and each end lies this near the other's."""


@dataclass(frozen=True)
class Pair:
    """An event of the truth and the presence that was found for it, if any."""

    name: str
    on: str | None
    off: str | None
    found: tuple[Structure, Presence] | None


def compare(truth: Path, structures: Sequence[Structure]) -> tuple[list[Pair], int]:
    """Set presences beside a truth.geojson, each at most once, the best overlap first.

    Returns:
        (one pair per event inside the outline, in time order; the number of presences that are no event).
    """
    features = json.loads(truth.read_text(encoding="utf-8"))["features"]
    events = [f for f in features if not f["properties"].get("ignore")]
    ignored = [shape(f["geometry"]) for f in features if f["properties"].get("ignore")]
    claims = [(s, p) for s in structures if s.kind is Kind.STRUCTURE for p in s.presences if p.erected or p.dismantled]
    overlaps = []
    for i, event in enumerate(events):
        place = shape(event["geometry"])
        for j, (structure, presence) in enumerate(claims):
            shared = place.intersection(structure.footprint).area
            overlap = shared / (place.area + structure.footprint.area - shared)
            if overlap >= _MIN_OVERLAP and _same_dates(event["properties"], presence):
                overlaps.append((-overlap, i, j))
    found: dict[int, int] = {}
    for _, i, j in sorted(overlaps):
        if i not in found and j not in found.values():
            found[i] = j
    pairs = []
    for i, event in enumerate(events):
        p = event["properties"]
        claim = claims[found[i]] if i in found else None
        pairs.append(Pair(str(p.get("name", p["kind"])), p.get("on"), p.get("off"), claim))
    pairs.sort(key=lambda pair: pair.on or pair.off or "")
    false = [
        structure
        for j, (structure, _) in enumerate(claims)
        if j not in found.values()
        and not any(structure.footprint.intersection(g).area > 0.3 * structure.footprint.area for g in ignored)
    ]
    return pairs, len(false)


def print_comparison(pairs: Sequence[Pair], false: int) -> None:
    """A table of truth and findings, and one line that counts them."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="what is true, and what was found", title_justify="left")
    for name in ("true event", "stood", "found as"):
        table.add_column(name, no_wrap=True)
    for pair in pairs:
        stood = f"{pair.on or 'before the record'} .. {pair.off or 'stands'}"
        table.add_row(Text(pair.name), stood, "not found" if pair.found is None else pair.found[0].id)
    console = Console(highlight=False)
    console.print(table)
    hits = sum(pair.found is not None for pair in pairs)
    console.print(f"{hits} of {len(pairs)} true events found with all their dates; {false} claimed that are none.")


def _same_dates(event: Mapping[str, Any], presence: Presence) -> bool:
    return _near(event.get("on"), event.get("on_latest"), presence.erected) and _near(
        event.get("off"), event.get("off_latest"), presence.dismantled
    )


def _near(first: str | None, last: str | None, bracket: Bracket | None) -> bool:
    if first is None or bracket is None:
        return first is None and bracket is None
    early, late = (dt.date.fromisoformat(text[:10]).toordinal() for text in (first, last or first))
    return bracket.after.toordinal() - _MAX_DAYS <= late and early <= bracket.by.toordinal() + _MAX_DAYS
