"""A listing as it was on an earlier day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from sitewatch.archive._scene import Faulty, Listing, Scene

__all__ = ["published_by"]


def published_by(listing: Listing, moment: dt.datetime, *, recorded: Mapping[str, dt.datetime]) -> Listing:
    """What of a listing was published by a moment.

    Args:
        listing: as it is told now.
        moment: UTC.
        recorded: when sitewatch was told of each scene first, by id: this counts where its publication is not told.

    Returns:
        The listing without what came later, or of which neither is known.
    """

    def known(entry: Scene | Faulty) -> bool:
        name = entry.id if isinstance(entry, Scene) else entry.scene
        at = entry.published or recorded.get(name)
        return at is not None and at <= moment

    return replace(
        listing,
        scenes=tuple(scene for scene in listing.scenes if known(scene)),
        faulty=tuple(entry for entry in listing.faulty if known(entry)),
        pictures=tuple(picture for picture in listing.pictures if known(picture.scene)),
    )
