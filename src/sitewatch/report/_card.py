"""One structure as the page shows it: sentences, life line, pairs of pictures, time-lapse, evidence."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from scipy import ndimage

from sitewatch.report._charts import Curve, life_chart, scale_of
from sitewatch.report._pictures import Picture, figure, time_lapse
from sitewatch.report._record import CLEAR, Frame, Record, frame_of
from sitewatch.report._sentences import bracket_words, presence_sentence, square_metres, state_words
from sitewatch.report._svg import Axis
from sitewatch.structures import Bracket, Presence, Structure

__all__ = ["Card", "Pair", "Spell", "make_card"]

MOST_PAIRS = 6
MOST_FRAMES = 40


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The last clear look before an event and the first after it."""

    title: str
    before: Picture
    after: Picture
    before_words: str
    after_words: str


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
    outline: str
    """SVG path of the footprint in the pictures' own pixels."""
    moving: Picture | None
    still: Picture | None
    units: str
    """Of the values in its chart: "reflectance", "picture" or "backscatter"."""


def make_card(structure: Structure, *, number: int, record: Record, axis: Axis, limit: int) -> Card:
    """Draw and describe one structure.

    Args:
        structure: what to show.
        number: its number on the map and in the table.
        record: the looks.
        axis: time axis of all life lines.
        limit: wanted size of its time-lapse, bytes.
    """
    pixels = record.pixels(structure.footprint)
    shares = record.clear_shares(pixels)
    clear = shares >= CLEAR
    frame = frame_of(pixels)
    seen = np.flatnonzero(clear)
    first, last = (record.times[seen[0]], record.times[seen[-1]]) if seen.size else (None, None)
    curve = _curve(record, pixels, clear)
    low, high = scale_of(curve)
    events = [
        (title, bracket)
        for presence in structure.presences
        for title, bracket in (("Erected", presence.erected), ("Taken down", presence.dismantled))
        if bracket is not None
    ]
    draw = _Drawer(record=record, pixels=pixels, shares=shares, frame=frame, number=number)
    pairs = [pair for title, bracket in events[:MOST_PAIRS] if (pair := draw.pair(title, bracket)) is not None]
    if not pairs and seen.size:
        pairs = [draw.ends(int(seen[0]), int(seen[-1]))]
    moving, still = _moving(record, structure, seen, frame=frame, pixels=pixels, number=number, limit=limit)
    return Card(
        number=number,
        structure=structure,
        spells=tuple(_spell(presence, first=first, last=last) for presence in structure.presences),
        life=life_chart(structure, axis=axis, clear=list(zip(record.times, clear.tolist(), strict=True)), curve=curve),
        low=f"{low:.2f}",
        high=f"{high:.2f}",
        seen=int(seen.size),
        pairs=tuple(pairs),
        pairs_left_out=max(0, len(events) - MOST_PAIRS),
        outline=_outline(record, structure, frame, pairs[0].before.ground) if pairs else "",
        moving=moving,
        still=still,
        units=record.units,
    )


@dataclass(frozen=True, kw_only=True)
class _Drawer:
    """Draws looks of one structure in one frame."""

    record: Record
    pixels: NDArray[np.bool_]
    shares: NDArray[np.float64]
    frame: Frame
    number: int

    def pair(self, title: str, bracket: Bracket) -> Pair | None:
        """The pictures on either side of a bracket."""
        before, after = self._before(bracket), self._after(bracket)
        if before is None or after is None:
            return None
        other = " (the bracket's own cannot be shown)"
        before_words = "Last clear look before" + other * (not _same(self.record.times[before], bracket.after))
        after_words = "First clear look after" + other * (not _same(self.record.latest(after), bracket.by))
        return self._both(f"{title} {bracket_words(bracket)}", before, after, before_words, after_words)

    def ends(self, first: int, last: int) -> Pair:
        """The first and the last clear look, for what neither came nor went."""
        return self._both("No change of state in the record", first, last, "First clear look", "Last clear look")

    def _both(self, title: str, before: int, after: int, before_words: str, after_words: str) -> Pair:
        names = (self.record.look_name(before), self.record.look_name(after))
        return Pair(
            title=title,
            before=self._figure(before, before_words),
            after=self._figure(after, after_words),
            before_words=f"{before_words}: {names[0]}, {self._source(before)}",
            after_words=f"{after_words}: {names[1]}, {self._source(after)}",
        )

    def _source(self, index: int) -> str:
        return f"{self.record.sensor(index)}, scene {self.record.scenes[index]}"

    def _figure(self, index: int, words: str) -> Picture:
        side = round(self.frame.width * self.record.pixel_m)
        alt = (
            f"{words} at structure {self.number}, {self.record.look_name(index)}: satellite picture {side} m wide, "
            "corner marks around the footprint"
        )
        return figure(self.record, index, frame=self.frame, mark=self.pixels, number=str(self.number), alt=alt)

    def _before(self, bracket: Bracket) -> int | None:
        """The look with which the bracket opens, else the last clear one before it."""
        times = self.record.times
        own = [n for n, time in enumerate(times) if _same(time, bracket.after) and self.shares[n] > 0]
        found = [n for n, time in enumerate(times) if time <= bracket.after and self.shares[n] >= CLEAR]
        return own[-1] if own else found[-1] if found else None

    def _after(self, bracket: Bracket) -> int | None:
        """The look with which the bracket closes, else the first clear one after it."""
        ends = [self.record.latest(n) for n in range(len(self.record.times))]
        own = [n for n, time in enumerate(ends) if _same(time, bracket.by) and self.shares[n] > 0]
        found = [n for n, time in enumerate(ends) if time >= bracket.by and self.shares[n] >= CLEAR]
        return own[0] if own else found[0] if found else None


def _same(one: dt.datetime, other: dt.datetime) -> bool:
    """Whether two times are one: files keep whole seconds, scenes may tell fractions."""
    return abs(one - other) < dt.timedelta(seconds=1)


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


def _outline(record: Record, structure: Structure, frame: Frame, ground: tuple[int, int]) -> str:
    zoom = ground[0] / frame.width
    paths = []
    for ring in record.rings(structure.footprint):
        points = [f"{(x - frame.left) * zoom:.1f},{(y - frame.top) * zoom:.1f}" for x, y in ring]
        paths.append(f"M{'L'.join(points)}Z")
    return "".join(paths)


def _moving(
    record: Record,
    structure: Structure,
    seen: NDArray[np.intp],
    *,
    frame: Frame,
    pixels: NDArray[np.bool_],
    number: int,
    limit: int,
) -> tuple[Picture | None, Picture | None]:
    if seen.size < 3:
        return None, None
    places = np.unique(np.rint(np.linspace(0, seen.size - 1, min(MOST_FRAMES, seen.size))).astype(int))
    chosen = [int(seen[n]) for n in places]
    standing = [_stood(structure, record.times[n], record.latest(n)) for n in chosen]
    alt = f"Time-lapse of structure {number}"
    return time_lapse(record, chosen, frame=frame, mark=pixels, standing=standing, limit=limit, alt=alt)


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
