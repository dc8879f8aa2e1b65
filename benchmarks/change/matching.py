"""Score dated claims against known events, on pixels.

The rules are those of structure scoring as the project has agreed on them: a claim (one presence) matches an event when
the two overlap by an IoU of 0.2 and every end that either of them has lies within 60 days of the other's bracket; a
bracket wider than 120 days matches nothing. One to one, the most probable claim first; an event still unmatched then is
found in pieces when the left-over claims that fit and lie at least half inside it reach the IoU together. A claim with
more than 30 % of its ground on an ignored event counts nowhere.

A claim is a set of whole pixels. An event knows the share of each pixel that it covers, so overlaps are exact areas.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

MIN_IOU = 0.2
NEAR_DAYS = 60
LEAST_LOOKS = 3
"""Looks that show a thing, for it to be told at all."""
ON_IGNORED = 0.3
"""A claim is on an ignored event when more than this share of it is."""

Bracket = tuple[float, float]
"""(after, by) in days of any one calendar, after <= by."""
Ends = tuple[Bracket | None, Bracket | None]
"""When it went up and when it came down; None: before the first look, after the last."""

SIZES = {"<=6 px": (0, 6), "7-20 px": (7, 20), "21-60 px": (21, 60), ">60 px": (61, 10**9)}


@dataclass(frozen=True, kw_only=True)
class Event:
    """What truly happened: one presence of one thing."""

    kind: str
    """permanent, temporary or demolition."""
    pixels: NDArray[np.int64]
    """(n,) flat indices into the grid."""
    share: NDArray[np.float64]
    """(n,) share of each of them that it covers, 0-1."""
    area: float
    """In pixels; more than the sum of shares where it reaches beyond the grid."""
    ends: Ends
    ignore: bool = False
    """A real change that is no structure, or lies outside what is watched."""
    datable: bool = True
    """True: the looks could tell it, see `datable`."""
    tellable: tuple[bool, bool] = (True, True)
    """Of each end, whether it has looks around it, near enough to each other; see `tellable`."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One presence that a method says there was."""

    pixels: NDArray[np.int64]
    """(n,) flat indices into the grid, sorted, no repeats."""
    ends: Ends
    probability: float
    """Or any score that ranks the claims of one method."""


@dataclass(kw_only=True)
class Tally:
    """Counts over one scene or several; `+` pools them."""

    matched: dict[str, int] = field(default_factory=dict)
    """Events found, by kind and by size."""
    events: dict[str, int] = field(default_factory=dict)
    """Events there were, by kind and by size."""
    false: int = 0
    half_told: int = 0
    """Those of them that say of an event that no looks could tell what these looks show of it."""
    on_ignored: int = 0
    days_outside: list[float] = field(default_factory=list)
    """Days between each matched end's bracket and the truth's, 0 where they touch."""
    widths: list[float] = field(default_factory=list)
    """Days from one side of a matched bracket to the other."""
    said: list[tuple[float, int]] = field(default_factory=list)
    """(probability, 1 = true) of every claim that counts."""
    km2_years: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            matched=_sum(self.matched, other.matched),
            events=_sum(self.events, other.events),
            false=self.false + other.false,
            half_told=self.half_told + other.half_told,
            on_ignored=self.on_ignored + other.on_ignored,
            days_outside=self.days_outside + other.days_outside,
            widths=self.widths + other.widths,
            said=self.said + other.said,
            km2_years=self.km2_years + other.km2_years,
        )

    @property
    def true(self) -> int:
        """Events found."""
        return self.matched.get("all", 0)

    @property
    def missed(self) -> int:
        """Events not found."""
        return self.events.get("all", 0) - self.true

    @property
    def f1(self) -> float:
        """2 true / (2 true + false + missed)."""
        return self.true / max(self.true + 0.5 * (self.false + self.missed), 1e-9)

    @property
    def f1_datable(self) -> float:
        """The same when only events that the looks could tell are asked for.

        What is said of another one is not false where it says what can be seen of it: the end that has looks around it.
        """
        true, events = self.matched.get("datable", 0), self.events.get("datable", 0)
        return true / max(true + 0.5 * (self.false - self.half_told + events - true), 1e-9)

    @property
    def precision(self) -> float:
        """Share of what was claimed that is true; an event found in pieces is one."""
        return self.true / max(self.true + self.false, 1)

    def recall(self, group: str = "all") -> float | None:
        """Share of events found: all, one kind, or one of `SIZES`; None where there were none."""
        return self.matched.get(group, 0) / self.events[group] if self.events.get(group) else None

    @property
    def false_per_km2_year(self) -> float | None:
        """False claims per square kilometre and year."""
        return self.false / self.km2_years if self.km2_years else None

    @property
    def median_days_outside(self) -> float | None:
        """Median distance in days between a matched bracket and the truth."""
        return statistics.median(self.days_outside) if self.days_outside else None

    @property
    def median_width(self) -> float | None:
        """Median width in days of a matched bracket."""
        return statistics.median(self.widths) if self.widths else None

    @property
    def coverage(self) -> float | None:
        """Share of matched brackets that hold the true date."""
        return sum(d == 0 for d in self.days_outside) / len(self.days_outside) if self.days_outside else None

    @property
    def brier(self) -> float | None:
        """Mean squared difference between probability and outcome over all claims that count."""
        return sum((p - o) ** 2 for p, o in self.said) / len(self.said) if self.said else None


def match(events: Sequence[Event], claims: Sequence[Claim], *, dated: bool = True, km2_years: float = 0.0) -> Tally:
    """Match the claims of one scene to its events.

    Args:
        events: ignored ones included.
        claims: of one method; those without any end in the record are skipped.
        dated: False: the place alone decides, whatever the dates say.
        km2_years: area times length of the record, for the rate of false claims.
    """
    work = _Matching(events, claims, dated=dated)
    work.one_to_one()
    work.in_pieces()
    work.left_over()
    work.count()
    work.tally.km2_years = km2_years
    return work.tally


class _Matching:
    """One scene's matching under way."""

    def __init__(self, events: Sequence[Event], claims: Sequence[Claim], *, dated: bool) -> None:
        self.real = [e for e in events if not e.ignore]
        self.ranked = sorted((c for c in claims if c.ends != (None, None)), key=lambda c: -c.probability)
        overlap = _overlaps([*self.real, *(e for e in events if e.ignore)], self.ranked)
        self.overlap, self.on_ignored = overlap[: len(self.real)], overlap[len(self.real) :]
        self.size = np.array([len(c.pixels) for c in self.ranked], dtype=np.float64)
        area = np.array([e.area for e in self.real])
        self.iou = self.overlap / (self.size[None, :] + area[:, None] - self.overlap)
        self.dated = dated
        self.fits = np.array(
            [[not dated or dates_fit(c.ends, e.ends) for c in self.ranked] for e in self.real], dtype=bool
        ).reshape(self.overlap.shape)
        self.found: set[int] = set()
        self.spent: set[int] = set()
        self.tally = Tally()

    def one_to_one(self) -> None:
        """Serve the most probable claim first, with the event that it overlaps best."""
        for j in range(len(self.ranked)):
            iou = np.where(self.fits[:, j], self.iou[:, j], 0.0)
            iou[list(self.found)] = 0.0
            if len(iou) and iou.max() >= MIN_IOU:
                self._take(j, int(iou.argmax()))

    def in_pieces(self) -> None:
        """Join left-over claims on events not found yet."""
        for i, e in enumerate(self.real):
            if i in self.found:
                continue
            inside = self.fits[i] & (self.overlap[i] >= 0.5 * self.size)
            parts = [int(j) for j in np.flatnonzero(inside) if j not in self.spent]
            if not parts:
                continue
            union = np.unique(np.concatenate([self.ranked[j].pixels for j in parts]))
            shared = covered(e, union)
            if shared / (len(union) + e.area - shared) >= MIN_IOU:
                for j in parts:
                    self._take(j, i)

    def left_over(self) -> None:
        """Claims that matched nothing are false, unless they lie on something ignored."""
        untold = [i for i, e in enumerate(self.real) if i not in self.found and not e.datable]
        for j, claim in enumerate(self.ranked):
            if j in self.spent:
                continue
            if (self.on_ignored[:, j] > ON_IGNORED * self.size[j]).any():
                self.tally.on_ignored += 1
                continue
            self.tally.false += 1
            self.tally.said.append((claim.probability, 0))
            half = [i for i in untold if self.iou[i, j] >= MIN_IOU and says_what_is_seen(claim.ends, self.real[i])]
            if half:
                untold.remove(max(half, key=self.iou[:, j].__getitem__))
                self.tally.half_told += 1

    def count(self) -> None:
        """Count events by kind and size, and the erections of temporary things whatever was said of their end."""
        for i, e in enumerate(self.real):
            for group in ("all", e.kind, size_of(e), *(("datable",) if e.datable else ())):
                self._add(group, i in self.found)
            if e.kind == "temporary" and e.ends[0] is not None:
                erected = (e.ends[0], None)
                self._add(
                    "temporary erected",
                    any(
                        self.iou[i, j] >= MIN_IOU and (not self.dated or dates_fit((claim.ends[0], None), erected))
                        for j, claim in enumerate(self.ranked)
                    ),
                )

    def _add(self, group: str, found: bool) -> None:
        self.tally.events[group] = self.tally.events.get(group, 0) + 1
        self.tally.matched[group] = self.tally.matched.get(group, 0) + int(found)

    def _take(self, claim: int, event: int) -> None:
        self.spent.add(claim)
        self.found.add(event)
        for mine, true in zip(self.ranked[claim].ends, self.real[event].ends, strict=True):
            if mine is not None and true is not None:
                self.tally.days_outside.append(gap(mine, true))
                self.tally.widths.append(mine[1] - mine[0])
        self.tally.said.append((self.ranked[claim].probability, 1))


def dates_fit(mine: Ends, true: Ends) -> bool:
    """Same ends, each near the truth, and brackets narrow enough to say something."""
    if any((a is None) != (b is None) for a, b in zip(mine, true, strict=True)):
        return False
    pairs = [(a, b) for a, b in zip(mine, true, strict=True) if a is not None and b is not None]
    return all(a[1] - a[0] <= 2 * NEAR_DAYS and gap(a, b) <= NEAR_DAYS for a, b in pairs)


def says_what_is_seen(mine: Ends, true: Event) -> bool:
    """Whether a claim has all ends of an event that have looks around them, one at least, as `dates_fit` asks of them.

    Of another end it says nothing, or what is near the truth; an end that the event does not have it does not have.
    """
    (on, off), (came, went) = true.tellable, true.ends
    shown = (came if on else None, went if off else None)
    others = zip(mine, true.ends, true.tellable, strict=True)
    return (
        shown != (None, None)
        and dates_fit((mine[0] if on else None, mine[1] if off else None), shown)
        and all(seen or a is None or (b is not None and gap(a, b) <= NEAR_DAYS) for a, b, seen in others)
    )


def gap(one: Bracket, other: Bracket) -> float:
    """Days between two closed intervals, 0 where they touch."""
    return max(0, other[0] - one[1], one[0] - other[1])


def size_of(event: Event) -> str:
    """Which of `SIZES`."""
    pixels = round(event.area)
    return next(name for name, (low, high) in SIZES.items() if low <= pixels <= high)


def as_looked(one: Event, first: int, last: int) -> Event | None:
    """An event as looks have it: what stood on the first look has no beginning, what stands on the last no end.

    That is the truth as the scoring contract writes it ("before the first / after the last look"); a simulated world
    begins when its first picture is taken, and the first ones may be too cloudy to be a look.

    Args:
        one: the event.
        first: ordinal day of the first look.
        last: and of the last one.

    Returns:
        None where no end is left: it stood all the time, or before or after it.
    """
    ends = ends_within(one.ends, first, last)
    return None if ends is None else replace(one, ends=ends)


def ends_within(ends: Ends, first: float, last: float) -> Ends | None:
    """The ends that lie after the first look and up to the last, in days of any one calendar; None: neither does."""
    on, off = ends
    if (off is not None and off[1] <= first) or (on is not None and on[0] > last):
        return None
    on = None if on is None or on[1] <= first else on
    off = None if off is None or off[0] > last else off
    return None if on is None and off is None else (on, off)


def datable(one: Event, valid: NDArray[np.bool_], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> bool:
    """Whether anyone could tell an event from these looks by the rules of matching.

    Three looks at least saw half of its ground while it stood, and both of its ends can be told (`tellable`).

    Args:
        one: the event.
        valid: (time, pixel) True = ground seen.
        starts: (time,) ordinal days on which looks begin.
        ends: (time,) and end.
    """
    first = starts[_seen(one, valid)]
    on, off = one.ends
    stood = (first >= (on[1] if on else -np.inf)) & (first < (off[0] if off else np.inf))
    return all(tellable(one, valid, starts, ends)) and bool(stood.sum() >= LEAST_LOOKS)


def tellable(
    one: Event, valid: NDArray[np.bool_], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[bool, bool]:
    """Of each end of an event, whether looks around it saw half of its ground, no farther apart than a bracket may be.

    Arguments as for `datable`; True for an end that the event does not have.
    """
    seen = _seen(one, valid)
    first, last = starts[seen], ends[seen]

    def told(end: Bracket | None) -> bool:
        if end is None:
            return True
        before, after = first[first < end[0]], last[last >= end[1]]
        if not len(before) or not len(after):
            return False
        return bool(after[0] - before[-1] - (end[1] - end[0]) <= 2 * NEAR_DAYS)

    return told(one.ends[0]), told(one.ends[1])


def _seen(one: Event, valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(time,) True where a look saw half of an event's ground."""
    body = one.pixels[one.share >= 0.5 * one.share.max()]
    return np.asarray(valid[:, body].mean(axis=1) >= 0.5)


def covered(event: Event, pixels: NDArray[np.int64]) -> float:
    """Area, in pixels, that an event shares with a set of pixels."""
    return float(event.share[np.isin(event.pixels, pixels, assume_unique=True)].sum())


def _overlaps(events: Sequence[Event], claims: Sequence[Claim]) -> NDArray[np.float64]:
    """(event, claim) shared area in pixels."""
    out = np.zeros((len(events), len(claims)))
    if not events or not claims:
        return out
    owner = np.repeat(np.arange(len(claims)), [len(c.pixels) for c in claims])
    pixels = np.concatenate([c.pixels for c in claims])
    last = max(int(pixels.max(initial=0)), *(int(e.pixels.max(initial=0)) for e in events))
    ground = np.zeros(last + 1)
    for i, e in enumerate(events):
        ground[e.pixels] = e.share
        out[i] = np.bincount(owner, weights=ground[pixels], minlength=len(claims))
        ground[e.pixels] = 0
    return out


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in {**one, **other}}


def event(properties: Mapping[str, object], footprint: BaseGeometry, shape: tuple[int, int]) -> Event:
    """An event of a truth document.

    Args:
        properties: kind, on, off (ISO dates or None), on_latest, off_latest (slow construction), ignore.
        footprint: in pixels, x to the right and y down from the grid's upper left corner.
        shape: (y, x) of the grid.
    """
    pixels, share = coverage(footprint, shape)
    return Event(
        kind=str(properties["kind"]),
        pixels=pixels,
        share=share,
        area=float(footprint.area),
        ends=(_period(properties, "on"), _period(properties, "off")),
        ignore=bool(properties.get("ignore")),
    )


def coverage(footprint: BaseGeometry, shape: tuple[int, int]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(flat indices, share of each pixel) that a footprint in pixel coordinates covers on a grid of `shape`."""
    height, width = shape
    left, top, right, bottom = footprint.bounds
    columns = np.arange(max(0, int(np.floor(left))), min(width, int(np.ceil(right))))
    rows = np.arange(max(0, int(np.floor(top))), min(height, int(np.ceil(bottom))))
    y, x = (a.ravel() for a in np.meshgrid(rows, columns, indexing="ij"))
    share = shapely.area(shapely.intersection(shapely.box(x, y, x + 1, y + 1), footprint))
    # Rounded coordinates leave slivers on pixels that are only touched.
    real = share > 1e-6
    return (y * width + x)[real].astype(np.int64), np.asarray(share[real], dtype=np.float64)


def ordinal(text: str) -> int:
    """Day number of an ISO date."""
    return dt.date.fromisoformat(text[:10]).toordinal()


def _period(properties: Mapping[str, object], key: str) -> Bracket | None:
    first = properties.get(key)
    if first is None:
        return None
    last = properties.get(f"{key}_latest") or first
    return ordinal(str(first)), ordinal(str(last))
