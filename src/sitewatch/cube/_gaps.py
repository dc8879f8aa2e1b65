"""The long stretches of a record in which nothing was seen, and why."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from sitewatch.cube._look import Look, Outcome

__all__ = ["Gap", "Gaps", "Why", "find_gaps", "gap_document"]

_LEAST_DAYS = 30
_LEAST_UNLISTED_DAYS = 7
_TIMES_USUAL = 3


class Why(StrEnum):
    """Why a gap is one: the two are never mixed."""

    COULD_NOT_SEE = "could not see"
    """Looks were had throughout, and none of them showed the ground or could be compared."""
    COULD_NOT_LOOK = "could not look"
    """Nothing was listed, or what was listed could not be read."""
    BOTH = "both"
    """Looks were had in it that did not show the ground, and for long there were none, or none that could be read."""


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A stretch of the record without a used look."""

    after: dt.datetime
    """The used look before it, UTC, or where the record begins."""
    by: dt.datetime
    """The used look after it, UTC, or where the record ends."""
    could_not_see: int = 0
    """Looks in it that could not see."""
    rejected: int = 0
    failed: int = 0
    unlisted: tuple[dt.datetime, dt.datetime] | None = None
    """The longest stretch in it without any listed look, UTC, where that is long for this record."""
    blind: bool = False
    """True: for long, for this record, no look was listed or none that was could be read."""
    opens: bool = False
    """True: it begins where the record does, with no used look before it."""
    ends: bool = False
    """True: it ends where the record does, with no used look after it."""

    @property
    def days(self) -> int:
        """Whole days in it."""
        return (self.by - self.after).days

    @property
    def why(self) -> Why:
        """Could look and saw nothing, could not look, or one after the other."""
        if not self.could_not_see + self.rejected:
            return Why.COULD_NOT_LOOK
        return Why.BOTH if self.blind else Why.COULD_NOT_SEE

    @property
    def sentence(self) -> str:
        """When, how long, and why, in one line without a full stop."""
        end = " (where the record ends)" if self.ends else ""
        span = f"{self.after:%Y-%m-%d} to {self.by:%Y-%m-%d}{end}, {self.days} days without a used look"
        counts = {
            "could not see": self.could_not_see,
            "could not be compared": self.rejected,
            "could not be read": self.failed,
        }
        told: list[str] = []
        for words, count in counts.items():
            if count:
                noun = "" if told else " look" if count == 1 else " looks"
                told.append(f"{count}{noun} {words}")
        if not told:
            return f"{span}: no look is listed"
        if self.unlisted is not None:
            first, last = self.unlisted
            when = f"between {first:%Y-%m-%d} and {last:%Y-%m-%d}"
            if last >= self.by:
                when = f"after {first:%Y-%m-%d}"
            elif first <= self.after:
                when = f"before {last:%Y-%m-%d}"
            told.append(f"none was listed {when}")
        return f"{span}: {', '.join(told)}"


@dataclass(frozen=True, kw_only=True)
class Gaps:
    """The long gaps of a record."""

    least_days: int
    """Stretches of more days than this count as long: 30, or three times the usual distance of used looks."""
    found: tuple[Gap, ...]
    """In time order."""


def find_gaps(looks: Sequence[Look], *, start: dt.datetime | None = None, end: dt.datetime | None = None) -> Gaps:
    """Stretches without a used look that are long for this record.

    Long is more than 30 days and more than three times the median distance of used looks; for listed looks, of which a
    long stretch without any is named too, it is 7 days and three times theirs.

    Args:
        looks: the ledger; looks without a capture time, and those that are listed no longer, are left out.
        start: where the record begins, UTC: the start of the period that was asked for; None: with its first look.
        end: where it ends: the end of that period, or the time of the run; None: with its last look.
    """
    dated = sorted((k for k in looks if k.captured is not None and k.unlisted_since is None), key=lambda k: k.order)
    used = sorted({k.captured for k in dated if k.outcome is Outcome.USED and k.captured is not None})
    listed = sorted({k.captured for k in dated if k.captured is not None})
    least = max(_LEAST_DAYS, math.ceil(_TIMES_USUAL * _usual_days(used)))
    if not listed and (start is None or end is None):
        return Gaps(least_days=least, found=())
    first = min([*([] if start is None else [start]), *listed[:1]])
    last = max([*([] if end is None else [end]), *listed[-1:]])
    edges = [first, *used, last]
    unlisted_least = max(_LEAST_UNLISTED_DAYS, _TIMES_USUAL * _usual_days(listed))
    found = []
    for number, (after, by) in enumerate(itertools.pairwise(edges)):
        if (by - after).days <= least:
            continue
        opens, ends = number == 0, number == len(edges) - 2
        inside = [
            k for k in dated if k.captured is not None and k.outcome is not Outcome.USED and after <= k.captured <= by
        ]
        longest = _longest([after, *(k.captured for k in inside if k.captured), by])
        unread = _longest([after, *(k.captured for k in inside if k.captured and k.outcome is not Outcome.FAILED), by])
        found.append(
            Gap(
                after=after,
                by=by,
                could_not_see=sum(k.outcome is Outcome.COULD_NOT_SEE for k in inside),
                rejected=sum(k.outcome is Outcome.REJECTED for k in inside),
                failed=sum(k.outcome is Outcome.FAILED for k in inside),
                unlisted=longest if _days(longest) > unlisted_least else None,
                blind=_days(unread) > unlisted_least,
                opens=opens,
                ends=ends,
            )
        )
    return Gaps(least_days=least, found=tuple(found))


def gap_document(gap: Gap) -> Mapping[str, object]:
    """A gap for JSON."""
    return {
        "after": f"{gap.after:%Y-%m-%dT%H:%M:%SZ}",
        "by": f"{gap.by:%Y-%m-%dT%H:%M:%SZ}",
        "days": gap.days,
        "why": gap.why.value,
        "could_not_see": gap.could_not_see,
        "rejected": gap.rejected,
        "failed": gap.failed,
        "none_listed": None if gap.unlisted is None else [f"{t:%Y-%m-%dT%H:%M:%SZ}" for t in gap.unlisted],
        "sentence": gap.sentence,
    }


def _longest(moments: Sequence[dt.datetime]) -> tuple[dt.datetime, dt.datetime]:
    return max(itertools.pairwise(moments), key=_days)


def _days(stretch: tuple[dt.datetime, dt.datetime]) -> float:
    return (stretch[1] - stretch[0]).total_seconds() / 86_400


def _usual_days(times: Sequence[dt.datetime]) -> float:
    """Median distance of moments in days; 0 where there are fewer than two."""
    distances = [_days(stretch) for stretch in itertools.pairwise(times)]
    return float(np.median(distances)) if distances else 0.0
