"""What was known of a site's structures, and what a search makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shapely.geometry import MultiPolygon, Polygon

from sitewatch.change import Kind
from sitewatch.structures._structure import Structure

__all__ = ["Conflict", "Correction", "Corrects", "Descent", "Known", "Recognised", "Recognition"]


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
    confirmed: bool = False
    """True: readers confirm it; a search never changes it silently."""


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
    """Of a split: the footprints, EPSG:4326, at least two; the first part keeps the key."""
    others: tuple[str, ...] = ()
    """Of a merge: keys of the structures that belong to this one."""
    kind: Kind | None = None
    """Of a kind: the right one."""


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
    """What a search would change of something that a reader had confirmed, and did not."""

    thing: str
    words: str
    """One sentence: what it tells now, and what was confirmed."""
    proposed: Structure | None
    """As the search tells it; None: it claims nothing there."""


@dataclass(frozen=True, kw_only=True)
class Recognition:
    """What is known of a site's structures after a search."""

    things: tuple[Recognised, ...]
    """Every structure that was known or is found, once."""
    descents: tuple[Descent, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
