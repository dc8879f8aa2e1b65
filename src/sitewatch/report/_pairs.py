"""The pictures on either side of an event: the bracket's own looks, each in its own sensor's pixels."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sitewatch.report._pictures import Picture, figure
from sitewatch.report._record import CLEAR, Frame, Record, frame_of, same_ground
from sitewatch.report._sentences import bracket_words
from sitewatch.structures import Bracket, Structure

__all__ = ["Pair", "Shot", "View", "pair_of", "pair_of_ends", "views_of"]

_OTHER = " (the bracket's own cannot be shown)"


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One look at a structure."""

    picture: Picture
    outline: str
    """SVG path of the footprint in the picture's own pixels."""
    words: str


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The last clear look before an event and the first after it."""

    title: str
    before: Shot
    after: Shot


@dataclass(frozen=True, kw_only=True)
class View:
    """A structure in the looks of one sensor."""

    structure: Structure
    number: int
    """Of the structure, on the map and in the table."""
    record: Record
    pixels: NDArray[np.bool_]
    """(y, x), True on the footprint."""
    frame: Frame
    """The window that is shown."""

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """(time,), share of the footprint that was seen."""
        return self.record.clear_shares(self.pixels)

    @cached_property
    def clear(self) -> NDArray[np.bool_]:
        """(time,), True where the footprint was seen well enough to be called clear."""
        return self.shares >= CLEAR

    @property
    def seen(self) -> NDArray[np.intp]:
        """Positions of the clear looks."""
        return np.flatnonzero(self.clear)

    def shot(self, index: int, words: str) -> Shot:
        """One look."""
        record, frame = self.record, self.frame
        name = record.look_name(index)
        alt = (
            f"{words} at structure {self.number}, {name}: satellite picture {round(frame.width * record.pixel_m)} m "
            "wide, corner marks around the footprint"
        )
        picture = figure(record, index, frame=frame, mark=self.pixels, number=str(self.number), alt=alt)
        return Shot(
            picture=picture,
            outline=self._outline(picture.ground[0] / frame.width),
            words=f"{words}: {name}, {record.sensor(index)}, scene {record.scenes[index]}",
        )

    def _outline(self, zoom: float) -> str:
        paths = []
        for ring in self.record.rings(self.structure.footprint):
            points = [f"{(x - self.frame.left) * zoom:.1f},{(y - self.frame.top) * zoom:.1f}" for x, y in ring]
            paths.append(f"M{'L'.join(points)}Z")
        return "".join(paths)


def views_of(structure: Structure, records: Sequence[Record], *, number: int) -> tuple[View, ...]:
    """A structure in the looks of all sensors that tell of it, the window around it the same ground in all.

    Args:
        structure: what is shown.
        records: at least one; the window is that of the first. One whose grid does not reach there is left out.
        number: of the structure.
    """
    pixels = records[0].pixels(structure.footprint)
    frame = frame_of(pixels)
    views = [View(structure=structure, number=number, record=records[0], pixels=pixels, frame=frame)]
    for record in records[1:]:
        there = same_ground(frame, records[0].grid, record.grid)
        if there is not None:
            pixels = record.pixels(structure.footprint)
            views.append(View(structure=structure, number=number, record=record, pixels=pixels, frame=there))
    return tuple(views)


def pair_of(views: Sequence[View], title: str, bracket: Bracket) -> Pair | None:
    """The pictures on either side of a bracket; None where one side cannot be shown.

    Each is the bracket's own look, whichever sensor's it is, else the nearest clear one.
    """
    before, after = _before(views, bracket), _after(views, bracket)
    if before is None or after is None:
        return None
    opens = _same(before[0].record.times[before[1]], bracket.after)
    closes = _same(after[0].record.latest(after[1]), bracket.by)
    return Pair(
        title=f"{title} {bracket_words(bracket)}",
        before=before[0].shot(before[1], "Last clear look before" + _OTHER * (not opens)),
        after=after[0].shot(after[1], "First clear look after" + _OTHER * (not closes)),
    )


def pair_of_ends(view: View) -> Pair:
    """The first and the last clear look, for what neither came nor went."""
    return Pair(
        title="No change of state in the record",
        before=view.shot(int(view.seen[0]), "First clear look"),
        after=view.shot(int(view.seen[-1]), "Last clear look"),
    )


def _before(views: Sequence[View], bracket: Bracket) -> tuple[View, int] | None:
    """The look with which the bracket opens, else the last clear one before it."""
    for view in views:
        times = enumerate(view.record.times)
        if own := [n for n, time in times if _same(time, bracket.after) and view.shares[n] > 0]:
            return view, own[-1]
    clear = [
        (time, -place, n)
        for place, view in enumerate(views)
        for n, time in enumerate(view.record.times)
        if time <= bracket.after and view.clear[n]
    ]
    if not clear:
        return None
    _, place, n = max(clear)
    return views[-place], n


def _after(views: Sequence[View], bracket: Bracket) -> tuple[View, int] | None:
    """The look with which the bracket closes, else the first clear one after it."""
    for view in views:
        ends = enumerate(_ends(view.record))
        if own := [n for n, time in ends if _same(time, bracket.by) and view.shares[n] > 0]:
            return view, own[0]
    clear = [
        (time, place, n)
        for place, view in enumerate(views)
        for n, time in enumerate(_ends(view.record))
        if time >= bracket.by and view.clear[n]
    ]
    if not clear:
        return None
    _, place, n = min(clear)
    return views[place], n


def _ends(record: Record) -> list[dt.datetime]:
    return [record.latest(n) for n in range(len(record.times))]


def _same(one: dt.datetime, other: dt.datetime) -> bool:
    """Whether two times are one: files keep whole seconds, scenes may tell fractions."""
    return abs(one - other) < dt.timedelta(seconds=1)
