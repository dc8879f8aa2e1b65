"""A record of events: the days on which something happened, and between which days it is complete."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["EventRecord", "make_record"]


@dataclass(frozen=True, kw_only=True)
class EventRecord:
    """Days on which an event happened, UTC; how many happened on one day does not count."""

    days: tuple[dt.date, ...]
    """Each once, in order. Those before `began` are history that is known, of a time that is not complete."""
    began: dt.date
    """First day of the time in which every event is told: a day that is not among `days` had none."""
    until: dt.date
    """Last day of it; the day before `began` where there is no such time."""
    skipped: int = 0
    """Rows of the source that told no whole date."""

    def __post_init__(self) -> None:
        if any(b <= a for a, b in zip(self.days, self.days[1:], strict=False)):
            raise ValueError("the days of a record must be in order, each once")
        if self.days and self.days[-1] > self.until:
            raise ValueError(f"a record that ends on {self.until} must not hold {self.days[-1]}")
        if self.until < self.began - dt.timedelta(days=1):
            raise ValueError(f"a record must not end ({self.until}) before it begins ({self.began})")

    @property
    def ordinals(self) -> NDArray[np.int64]:
        """(event,) the days as proleptic Gregorian ordinals (`datetime.date.toordinal`)."""
        return np.array([day.toordinal() for day in self.days], dtype=np.int64)

    def known(self, issued: dt.date) -> EventRecord:
        """What is known at 00:00 UTC of a day: the events before it. A record that ends earlier stays as it is."""
        last = min(self.until, issued - dt.timedelta(days=1))
        return EventRecord(
            days=tuple(day for day in self.days if day <= last),
            began=min(self.began, last + dt.timedelta(days=1)),
            until=last,
            skipped=self.skipped,
        )


def make_record(
    days: Iterable[dt.date], *, began: dt.date | None = None, until: dt.date | None = None, skipped: int = 0
) -> EventRecord:
    """A record of days in any order, told any number of times.

    Args:
        days: of events; those after `until` are left out.
        began: first day of the time that is complete; None: the day after the first event. That one is why the record
            begins there, and says nothing of how often such events are.
        until: last day that is complete; None: the last event.
        skipped: rows without a whole date, to be told with it.

    Raises:
        ValueError: there is no event, and `began` or `until` is not given; or `until` lies before `began`.
    """
    told = sorted(set(days))
    if not told and (began is None or until is None):
        raise ValueError("a record without an event must say since when and until when it is complete")
    last = told[-1] if until is None else until
    kept = tuple(day for day in told if day <= last)
    first = (kept or (last,))[0] + dt.timedelta(days=1) if began is None else began
    return EventRecord(days=kept, began=first, until=last, skipped=skipped)
