"""What a run at a site has to tell: new good pictures, each once, and feeds that may have stalled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sitewatch.store import RecordedEvent, WatchedSite, untold_pictures

if TYPE_CHECKING:
    import sqlalchemy as sa

    from sitewatch.cube import Look, NewPicture, Passes, Stall
    from sitewatch.planning import Elements
    from sitewatch.watch import Watched

__all__ = ["RunNews", "run_news", "silence"]


@dataclass(frozen=True, kw_only=True)
class RunNews:
    """What a run has to tell."""

    pictures: tuple[NewPicture, ...] = ()
    """By capture; none that was told before."""
    events: tuple[RecordedEvent, ...] = ()
    """The same for the store."""
    stalls: tuple[Stall, ...] = ()

    def document(self) -> dict[str, object]:
        """For the run's `news`: `pictures`, `stalled`; what there is none of is left out."""
        from sitewatch.cube import picture_document, stall_document

        told: dict[str, object] = {
            "pictures": [picture_document(picture) for picture in self.pictures],
            "stalled": [stall_document(stall) for stall in self.stalls],
        }
        return {name: entries for name, entries in told.items() if entries}


def run_news(
    connection: sa.Connection,
    watched: Watched,
    place: WatchedSite,
    before: Sequence[Look],
    *,
    elements: Sequence[Elements],
) -> RunNews:
    """What a run that searched has to tell.

    Args:
        connection: that of the transaction in which the run is kept: a picture that another run told is not told again.
        watched: what it found.
        place: the site.
        before: its looks as the run before left them; empty: there was none.
        elements: of satellites; empty: the ledger alone tells a stall.
    """
    from sitewatch.cube import GoodShare

    source = place.source
    given = {"site": source["good_share"]} if "good_share" in source else {}
    good = GoodShare(areas=source.get("good_share_of_areas", {}), **given)
    pictures = watched.new_pictures(before, good)
    events = [_event(picture) for picture in pictures]
    untold = untold_pictures(connection, place.site.id, events)
    return RunNews(
        pictures=tuple(picture for picture, event in zip(pictures, events, strict=True) if event in untold),
        events=untold,
        stalls=watched.stalls(_passes(place, elements)),
    )


def silence(
    place: WatchedSite, looks: Sequence[Look], asking: Mapping[str, Any], *, elements: Sequence[Elements]
) -> RunNews:
    """What a run that found nothing new has to tell: only that there should have been something.

    Args:
        place: the site.
        looks: what is known of its looks.
        asking: whom this run asked, as `Asking.document` tells it.
        elements: of satellites; empty: the ledger alone tells a stall.
    """
    from sitewatch.cube import Asking, find_stalls

    asked = Asking.read(asking, run=dt.datetime.fromisoformat(asking["run"]))
    return RunNews(stalls=find_stalls(looks, asked, site=place.site.id, passes=_passes(place, elements)))


def _event(picture: NewPicture) -> RecordedEvent:
    look = picture.look
    if look.captured is None or look.latest is None:
        raise ValueError(look.scene)
    return RecordedEvent(
        title=picture.title, began=look.captured, ended=look.latest, site=picture.site, source=look.scene
    )


def _passes(place: WatchedSite, elements: Sequence[Elements]) -> Passes | None:
    if not elements:
        return None
    from sitewatch.planning import due_passes

    return due_passes(place.site, elements)
