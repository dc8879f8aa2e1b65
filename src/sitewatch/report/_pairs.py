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
_ONE_TIME = dt.timedelta(seconds=1)
"""Times that differ by less are one: files keep whole seconds, scenes may tell fractions."""


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
    before, after = _nearest(views, bracket.after, late=False), _nearest(views, bracket.by, late=True)
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


def _nearest(views: Sequence[View], end: dt.datetime, *, late: bool) -> tuple[View, int] | None:
    """The look that is an end of a bracket, else the nearest clear one on its far side.

    Args:
        views: of several looks that would do, that of the first is taken.
        end: of the bracket.
        late: True: it closes the bracket, and looks count by the last moment at which they can have been taken.
    """
    side = 1 if late else -1
    away = [
        (side * ((view.record.latest(n) if late else time) - end), place, side * n)
        for place, view in enumerate(views)
        for n, time in enumerate(view.record.times)
    ]
    own = [(place, n) for distance, place, n in away if abs(distance) < _ONE_TIME and views[place].shares[side * n] > 0]
    clear = [look for look in away if look[0] >= dt.timedelta() and views[look[1]].clear[side * look[2]]]
    if not own and not clear:
        return None
    place, n = min(own) if own else min(clear)[1:]
    return views[place], side * n


def _same(one: dt.datetime, other: dt.datetime) -> bool:
    """Whether two times are one."""
    return abs(one - other) < _ONE_TIME
