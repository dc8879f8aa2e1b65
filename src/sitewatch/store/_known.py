"""What is known of a site, as one: its looks, its structures, what they are called and what readers say of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from sitewatch.store._as_known import watched_later
from sitewatch.store._looks import load_looks
from sitewatch.store._names import current_names
from sitewatch.store._reviews import load_verdicts
from sitewatch.store._sites import added, get_site
from sitewatch.store._things import load_structures

if TYPE_CHECKING:
    from sitewatch.cube import Look
    from sitewatch.site import Site
    from sitewatch.structures import Structure

__all__ = ["KnownSite", "load_site"]


@dataclass(frozen=True, kw_only=True)
class KnownSite:
    """What is known of a site, or was at a moment."""

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
    hindsight: bool = False
    """True: it was not watched yet at that moment; this is what is known today, without the looks published later."""

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


def load_site(connection: sa.Connection, site: str, *, at: dt.datetime | None = None) -> KnownSite:
    """What is known of a site.

    Args:
        connection: that reads.
        site: id.
        at: as it was known at that moment; None: now. Where it was not watched yet, see `KnownSite.hindsight`; a place
            that was added later is as it was then.

    Raises:
        InputError: there is no such site.
    """
    known = load_structures(connection, site, at=at)
    verdicts = load_verdicts(connection, site, at=at)
    return KnownSite(
        site=get_site(connection, site, at=None if at is None else max(at, added(connection, site))).site,
        looks=load_looks(connection, site, at=at),
        structures={key: structure for key, (structure, _) in known.items()},
        claimed=frozenset(key for key, (_, claimed) in known.items() if claimed),
        names=current_names(connection, site, at=at),
        confirmed=verdicts.open.intersection(verdicts.confirmed),
        rejected=verdicts.open & verdicts.rejected,
        hindsight=watched_later(connection, site, at),
    )
