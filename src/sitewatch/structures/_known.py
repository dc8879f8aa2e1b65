"""What was known of a site's structures, and what a search makes of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from shapely.geometry import MultiPolygon, Polygon

from sitewatch.change import Kind
from sitewatch.structures._structure import Structure

__all__ = [
    "Confirmed",
    "Conflict",
    "Correction",
    "Corrects",
    "Descent",
    "Known",
    "Reading",
    "Recognised",
    "Recognition",
]


@dataclass(frozen=True, kw_only=True)
class Confirmed:
    """What readers confirmed of a structure."""

    structure: Structure
    """As it was told to them."""
    first_look: dt.datetime | None = None
    """First used look that was known then, UTC; None: not known."""
    last_look: dt.datetime | None = None
    """And the last one. What later looks show can be new, and contradicts nobody."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What people call a structure, and what they say of it."""

    name: str = ""
    """Empty: none."""
    confirmed: bool = False
    """True: readers confirm it, and none rejects it."""
    rejected: bool = False
    """True: readers reject it, and none confirms it."""

    @property
    def said(self) -> bool:
        """True: readers say the one or the other."""
        return self.confirmed or self.rejected


@dataclass(frozen=True, kw_only=True)
class Known:
    """A structure as it was known before a search."""

    thing: str
    """Its key, for good: the id that it had first."""
    structure: Structure
    claimed: bool = True
    """False: the last search did not claim it; it is taken up again where it comes back."""
    pinned: bool = False
    """True: people know it by its id (they named it, read it, wrote of it), which therefore stays."""
    confirmed: Confirmed | None = None
    """What readers confirm of it, which a search never changes silently; None: nothing."""
    dismissed: str = ""
    """Words of the conflict in which readers kept what they had confirmed; empty: none."""
    ids: frozenset[str] = frozenset()
    """Every id that it ever had: no new structure gets one of them as its key."""
    reading: Reading = Reading()


class Corrects(StrEnum):
    """What an analyst knows better than the search."""

    SPLIT = "split"
    """This is several structures."""
    MERGE = "merge"
    """These are one structure."""
    KIND = "kind"
    """This is of another kind."""


@dataclass(frozen=True, kw_only=True)
class Correction:
    """A correction by hand, which every later search follows."""

    what: Corrects
    thing: str
    """Key of the structure that it is about."""
    parts: tuple[Polygon | MultiPolygon, ...] = ()
    """Of a split: the footprints, EPSG:4326, at least two."""
    others: tuple[str, ...] = ()
    """Of a merge: keys of the structures that belong to this one. Of a split: those of the parts after the first, which
    keeps its own."""
    kind: Kind | None = None
    """Of a kind: the right one."""

    def __post_init__(self) -> None:
        if self.what is Corrects.SPLIT and not 2 <= len(self.parts) == len(self.others) + 1:
            raise ValueError(
                f"a split needs two parts or more, and a key for each after the first, got {len(self.parts)} and "
                f"{len(self.others)}"
            )
        if self.what is Corrects.KIND and self.kind is None:
            raise ValueError("a correction of the kind needs one, got None")


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """A structure as it is known after a search."""

    thing: str
    structure: Structure
    claimed: bool = True
    """False: the search does not claim it (any more); that it was taken down would be a bracket."""


@dataclass(frozen=True, kw_only=True)
class Descent:
    """A structure that came of another one."""

    thing: str
    other: str
    what: str
    """merged: `other` is now a part of `thing`; split: `thing` was a part of `other`."""


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """What a search would change of something that readers had confirmed, and did not."""

    thing: str
    words: str
    """One sentence: what it tells now, and what was confirmed. Two conflicts of equal words are the same."""
    proposed: tuple[Structure, ...]
    """As the search tells it: more than one where it is split; empty: it claims nothing there."""
    holds: tuple[str, ...] = ()
    """Keys of other structures that stay as they were until this is resolved: those that would be merged with it."""
    dismissed: bool = False
    """True: readers saw just this and kept what they had confirmed."""


@dataclass(frozen=True, kw_only=True)
class Recognition:
    """What is known of a site's structures after a search."""

    things: tuple[Recognised, ...]
    """Every structure that was known or is found, once, sorted by key. No two share a key or an id."""
    descents: tuple[Descent, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    """Of one structure at most one."""

    @property
    def raised(self) -> tuple[Conflict, ...]:
        """The conflicts that nobody has dismissed."""
        return tuple(conflict for conflict in self.conflicts if not conflict.dismissed)
