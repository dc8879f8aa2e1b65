"""One structure as the page shows it: sentences, life line, pairs of pictures, time-lapse, evidence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from scipy import ndimage

from sitewatch.report._charts import Curve, life_chart, scale_of
from sitewatch.report._pairs import Pair, View, pair_of, pair_of_ends, views_of
from sitewatch.report._pictures import Picture, time_lapse
from sitewatch.report._record import Record
from sitewatch.report._sentences import bracket_words, presence_sentence, square_metres, state_words
from sitewatch.report._svg import Axis
from sitewatch.structures import Presence, Structure

__all__ = ["Card", "Spell", "make_card"]

MOST_PAIRS = 6
MOST_FRAMES = 40


@dataclass(frozen=True, kw_only=True)
class Spell:
    """One presence in words."""

    sentence: str
    state: str
    state_words: str
    probability: str
    phases: tuple[str, ...]
    evidence: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Card:
    """Everything the page shows of one structure."""

    number: int
    structure: Structure
    spells: tuple[Spell, ...]
    life: Markup
    low: str
    high: str
    seen: int
    pairs: tuple[Pair, ...]
    pairs_left_out: int
    moving: Picture | None
    still: Picture | None
    units: str
    """Of the values in its chart: "reflectance", "picture" or "backscatter"."""
    measured_by: str
    """The sensor of these values, where others saw it too; empty: there was one sensor."""


def make_card(structure: Structure, *, number: int, records: Mapping[str, Record], axis: Axis, limit: int) -> Card:
    """Draw and describe one structure.

    Args:
        structure: what to show.
        number: its number on the map and in the table.
        records: the looks of each sensor that tells of it, by name; the first one's make its chart and its time-lapse.
        axis: time axis of all life lines.
        limit: wanted size of its time-lapse, bytes.
    """
    views = views_of(structure, list(records.values()), number=number)
    lead = views[0]
    record, seen = lead.record, lead.seen
    clear = sorted(
        (time, bool(shown)) for view in views for time, shown in zip(view.record.times, view.clear, strict=True)
    )
    times = [time for time, shown in clear if shown]
    first, last = (times[0], times[-1]) if times else (None, None)
    curve = _curve(record, lead.pixels, lead.clear)
    low, high = scale_of(curve)
    events = [
        (title, bracket)
        for presence in structure.presences
        for title, bracket in (("Erected", presence.erected), ("Taken down", presence.dismantled))
        if bracket is not None
    ]
    pairs = [pair for title, bracket in events[:MOST_PAIRS] if (pair := pair_of(views, title, bracket)) is not None]
    if not pairs and seen.size:
        pairs = [pair_of_ends(lead)]
    moving, still = _moving(lead, limit=limit)
    return Card(
        number=number,
        structure=structure,
        spells=tuple(_spell(presence, first=first, last=last) for presence in structure.presences),
        life=life_chart(structure, axis=axis, clear=clear, curve=curve),
        low=f"{low:.2f}",
        high=f"{high:.2f}",
        seen=len(times),
        pairs=tuple(pairs),
        pairs_left_out=max(0, len(events) - MOST_PAIRS),
        moving=moving,
        still=still,
        units=record.units,
        measured_by=next(iter(records)) if len(views) > 1 else "",
    )


def _spell(presence: Presence, *, first: dt.datetime | None, last: dt.datetime | None) -> Spell:
    phases = tuple(
        f"{phase.name}: {bracket_words(phase.began)}; {square_metres(phase.area_m2)} m² from then on"
        for phase in presence.phases
    )
    return Spell(
        sentence=presence_sentence(presence, first=first, last=last),
        state=presence.state.value.capitalize(),
        state_words=state_words(presence.state),
        probability=f"{presence.probability:.2f}",
        phases=phases,
        evidence=presence.evidence,
    )


def _curve(record: Record, pixels: NDArray[np.bool_], clear: NDArray[np.bool_]) -> Curve:
    """Mean brightness of the footprint and of a ring around it, where both the pixels and the ground were seen."""
    near = ndimage.binary_dilation(pixels, iterations=2)
    ring = ndimage.binary_dilation(near, iterations=3) & ~near
    colours = sorted(set(record.colours))
    times = np.flatnonzero(clear)

    def mean(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
        rows, columns = np.nonzero(mask)
        if not rows.size:
            return np.full(times.size, np.nan)
        window = (slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1))
        inside = mask[window]
        values = record.reflectance[(times[:, None], np.array(colours)[None, :], *window)][:, :, inside]
        usable = record.valid[(times, *window)][:, inside] & np.isfinite(values).all(axis=1)
        count = usable.sum(axis=1)
        total = np.where(usable, values.mean(axis=1), 0.0).sum(axis=1)
        return np.where(count >= max(1, 0.3 * inside.sum()), total / np.maximum(count, 1), np.nan)

    return Curve(times=tuple(record.times[n] for n in times), inside=mean(pixels), around=mean(ring))


def _moving(view: View, *, limit: int) -> tuple[Picture | None, Picture | None]:
    record, seen = view.record, view.seen
    if seen.size < 3:
        return None, None
    places = np.unique(np.rint(np.linspace(0, seen.size - 1, min(MOST_FRAMES, seen.size))).astype(int))
    chosen = [int(seen[n]) for n in places]
    standing = [_stood(view.structure, record.times[n], record.latest(n)) for n in chosen]
    alt = f"Time-lapse of structure {view.number}"
    return time_lapse(record, chosen, frame=view.frame, mark=view.pixels, standing=standing, limit=limit, alt=alt)


def _stood(structure: Structure, time: dt.datetime, latest: dt.datetime) -> bool | None:
    """Whether it stood on a look taken between `time` and `latest`; None inside a bracket."""
    for presence in structure.presences:
        for bracket in (presence.erected, presence.dismantled):
            if bracket is not None and bracket.after < time and latest < bracket.by:
                return None
        begun = presence.erected is None or presence.erected.by <= latest
        if begun and (presence.dismantled is None or time <= presence.dismantled.after):
            return True
    return False
