"""Several catalogs asked as one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sitewatch.archive._catalog import catalog_name, search_catalog
from sitewatch.archive._reconcile import reconcile
from sitewatch.archive._scene import Listing
from sitewatch.errors import CatalogError
from sitewatch.site import Site

__all__ = ["Catalog", "ask_catalogs"]


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """A catalog to ask."""

    name: str | None
    """Short name, with the collection where that is not the usual one; None: to be called by its address."""
    url: str
    collection: str


def ask_catalogs(
    catalogs: Sequence[Catalog],
    site: Site,
    *,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    bands: Mapping[str, str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Listing:
    """What the catalogs list, as one listing; those that do not answer are named in it.

    Args:
        catalogs: in the order in which an acquisition that several of them list is read.
        site: the watched place.
        since: start of the period; None: open.
        until: its end; None: open.
        bands: common band name to the key of the asset that holds it; None: as usual.
        progress: called with (catalogs that answered, of).
    """
    listings = []
    unanswered = {}
    for number, catalog in enumerate(catalogs):
        if progress is not None:
            progress(number, len(catalogs))
        name = catalog.name or catalog_name(catalog.url, catalog.collection)
        try:
            listings.append(
                search_catalog(catalog.url, catalog.collection, site, since=since, until=until, bands=bands, name=name)
            )
        except CatalogError as error:
            unanswered[name] = str(error)
        else:
            if progress is not None:
                progress(number + 1, len(catalogs))
    return reconcile(listings, unanswered=unanswered) if listings else Listing(scenes=(), unanswered=unanswered)
