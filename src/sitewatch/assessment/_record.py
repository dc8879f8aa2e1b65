"""What is known of a site when it is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sitewatch.cube import Look
from sitewatch.errors import InputError
from sitewatch.site import Footprint, Site
from sitewatch.structures import Structure

__all__ = ["SIMULATED", "SiteRecord"]

SIMULATED = (
    "The image record behind this is simulated: no real picture was looked at, and nothing here is a finding about a "
    "real place."
)
"""What must be said of all that rests on a record that is marked so."""


@dataclass(frozen=True, kw_only=True)
class SiteRecord:
    """What is known of a site when it is judged: what a case's observables are looked up in."""

    site: Site
    structures: tuple[Structure, ...]
    """What is told of it, of every kind."""
    looks: tuple[Look, ...]
    """All of its looks, whatever came of them; in any order."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What people call structures, by structure id."""
    confirmed: frozenset[str] = frozenset()
    """Ids of the structures that readers confirm: their presences are real."""
    rejected: frozenset[str] = frozenset()
    """Ids of those that they reject: their presences are not."""
    untold: frozenset[str] = frozenset()
    """Names and ids of structures of which this record does not tell and others do (a later search, an older report): a
    case may name them, and looks count as not having shown them."""
    hindsight: bool = False
    """True: it holds what could not have been known at the time that is judged."""
    pixel_m: float | None = None
    """Edge of the pixels that showed the structures, metres; None: the record does not tell."""
    simulated: bool = False
    """True: it is marked as simulated; see `SIMULATED`."""

    def named(self, name: str) -> tuple[Structure, ...]:
        """The structures of that name or id, sorted by id; none where it is one of `untold`.

        Raises:
            InputError: nothing is known by that name.
        """
        found = [s for s in self.structures if name in (s.id, self.names.get(s.id))]
        if not found and name not in self.untold:
            known = sorted({self.names.get(s.id) or s.id for s in self.structures} | self.untold)
            shown = ", ".join(known[:_MOST_NAMES]) + (", ..." if len(known) > _MOST_NAMES else "")
            raise InputError(
                f"no structure of site {self.site.id!r} is called {name!r} (known: {shown or 'none'}); correct the "
                "case, name the structure, or give it as --untold where no look has shown it yet"
            )
        return tuple(sorted(found, key=lambda s: s.id))

    def area(self, name: str) -> Footprint:
        """The sub-area of a name, EPSG:4326.

        Raises:
            InputError: the site has none of that name.
        """
        if name not in self.site.areas:
            known = ", ".join(sorted(self.site.areas)) or "none"
            raise InputError(f"site {self.site.id!r} has no sub-area {name!r} (it has: {known}); correct the case")
        return self.site.areas[name]

    def called(self, structure: str) -> str:
        """What the structure of an id is called: its name, else its id."""
        return self.names.get(structure) or structure


_MOST_NAMES = 12
"""So many names fit into a sentence."""
