"""What one scene gave at one site."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from shapely.geometry import MultiPolygon, Polygon

__all__ = ["BESIDE", "Look", "Outcome"]

BESIDE = "the image shows nothing of the site"
"""The reason of a look that *could not see* because its image lies beside the site: it says nothing of the weather."""


class Outcome(StrEnum):
    """The four things that can come of a look; a fifth does not exist."""

    USED = "used"
    """The ground was seen and compared."""
    COULD_NOT_SEE = "could not see"
    """Cloud, snow, haze or darkness hid the site, or the image shows none of it."""
    REJECTED = "rejected"
    """Readable, but not comparable: geometry, radiometry, or the same scene twice."""
    FAILED = "failed"
    """Could not be read."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What one scene gave at one site."""

    scene: str
    """Scene id."""
    sensor: str
    captured: dt.datetime | None
    """UTC; None where a faulty scene does not tell. Midnight where `whole_day`."""
    whole_day: bool = False
    """True: only the date is known, the capture lies anywhere in that UTC day."""
    published: dt.datetime
    """When the scene was published, UTC; where that is unknown, when sitewatch first recorded it."""
    published_is_recorded: bool
    """True: `published` is the time of sitewatch's first record, not the provider's."""
    outcome: Outcome
    reason: str = ""
    """One sentence where the outcome is not *used* (and remarks where it is)."""
    clear_share: float | None = None
    """Share of the site's pixels, 0-1, on which the ground was seen; None where nothing was read."""
    shift_m: float | None = None
    """Measured shift against the stack, metres, before the look was moved onto it; None where not measured."""
    shift_sigma_m: float | None = None
    """Standard error of the shift along an axis, metres."""
    light: float | None = None
    """Contrast against the stack's, about 1: under 1 in haze and under a low sun. None where not measured; pictures are
    all given the stack's."""
    haze: float | None = None
    """Brightness (mean of the visible bands, 0-1) that the look has more than the stack's times `light`."""
    clear_share_of_areas: Mapping[str, float] = field(default_factory=dict)
    """`clear_share` of each named area of the site that lies on its grid."""
    footprint: Polygon | MultiPolygon | None = None
    """What the image shows of the site and its margin, EPSG:4326; None where nothing was read."""
    credit: str | None = None
    """What must stand beside a figure made from it."""
    listed_by: tuple[str, ...] = ()
    """Names of the catalogs that list the scene, or listed it last; ("folder",) for a folder."""
    unlisted_since: dt.datetime | None = None
    """First run that no longer found the scene listed, UTC; None: it is listed."""

    @property
    def order(self) -> tuple[dt.datetime, str]:
        """What looks are sorted by: capture time, those without one last, then scene id."""
        return self.captured or dt.datetime.max.replace(tzinfo=dt.UTC), self.scene

    @property
    def latest(self) -> dt.datetime | None:
        """Last moment at which the picture can have been taken."""
        if self.captured is None or not self.whole_day:
            return self.captured
        return self.captured + dt.timedelta(hours=23, minutes=59, seconds=59)
