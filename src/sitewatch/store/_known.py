"""What is known of a site, as one: its looks, its structures, what they are called and what readers say of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from sitewatch.store._looks import load_looks
from sitewatch.store._sites import get_site
from sitewatch.store._things import known_things

if TYPE_CHECKING:
    from sitewatch.cube import Look
    from sitewatch.site import Site
    from sitewatch.structures import Structure

__all__ = ["KnownSite", "load_site"]


@dataclass(frozen=True, kw_only=True)
class KnownSite:
    """What is known of a site now."""

    site: Site
    looks: tuple[Look, ...]
    """In time order."""
    structures: Mapping[str, Structure]
    """By key; also those that the last search did not claim."""
    claimed: frozenset[str]
    """Keys of those that it did."""
    names: Mapping[str, str]
    """What people call them, by key."""
    confirmed: frozenset[str]
    """Keys of those that readers confirm."""
    rejected: frozenset[str]
    """Keys of those that they reject."""

    @property
    def used(self) -> tuple[dt.datetime, ...]:
        """Captures of the used looks, UTC, in order."""
        return tuple(k.captured for k in self.looks if k.outcome.value == "used" and k.captured is not None)

    def told(self) -> tuple[Structure, ...]:
        """The structures that are claimed and that no reader rejects, sorted by key."""
        return tuple(s for key, s in self.structures.items() if key in self.claimed and key not in self.rejected)

    def called(self, key: str) -> str:
        """What a structure is called: its name, else its id."""
        return self.names.get(key) or self.structures[key].id


def load_site(connection: sa.Connection, site: str) -> KnownSite:
    """What is known of a site now.

    Raises:
        InputError: there is no such site.
    """
    known = known_things(connection, site)
    return KnownSite(
        site=get_site(connection, site).site,
        looks=load_looks(connection, site),
        structures={one.thing: one.structure for one in known},
        claimed=frozenset(one.thing for one in known if one.claimed),
        names={one.thing: one.reading.name for one in known if one.reading.name},
        confirmed=frozenset(one.thing for one in known if one.reading.confirmed),
        rejected=frozenset(one.thing for one in known if one.reading.rejected),
    )
