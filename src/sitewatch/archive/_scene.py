"""What a catalog or folder lists: scenes, their bands, and what could not be listed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from odc.geo.geobox import GeoBox

from sitewatch.archive._href import redact
from sitewatch.archive._sign import Signer

__all__ = ["MASK_BANDS", "Band", "Chip", "ChipBand", "Faulty", "Listing", "Picture", "Scene"]

MASK_BANDS = ("scl", "qa_pixel", "fmask", "udm2", "cloud", "rtc_mask", "valid")
"""Band names that say where the ground was seen; every other band is a measurement."""


@dataclass(frozen=True, kw_only=True)
class Band:
    """Where one band of one scene lies."""

    name: str
    """Lower-case common name: blue, green, red, nir, swir16, swir22, ..., vv, vh, or one of `MASK_BANDS`."""
    href: str
    """File path or http(s)/s3 address of the image that holds it."""
    index: int = 1
    """Band number in that image, from 1; 0 for the mask that the image has beside its bands."""
    scale: float | None = None
    """reflectance = DN * scale + offset, as the catalog says; None: as the image's own tags say, else 1."""
    offset: float | None = None
    """See `scale`; None: as the image's own tags say, else 0."""
    nodata: float | None = None
    """DN of pixels without a measurement, as the catalog says; None: as the image's own tag says, else none."""

    @property
    def is_mask(self) -> bool:
        """True for the bands that say where the ground was seen."""
        return self.name in MASK_BANDS


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One acquisition, as a folder or catalog lists it."""

    id: str
    """STAC item id, else file stem."""
    sensor: str
    """Lower-case constellation ("sentinel-2", "landsat", "planetscope"), or "unknown"."""
    platform: str | None = None
    """The very satellite ("sentinel-2b") where it is told: tiles of one pass share it."""
    orbit: int | None = None
    """Relative orbit (or path) where it is told."""
    captured: dt.datetime
    """When the picture was taken, UTC; midnight where only the day is known (see `whole_day`)."""
    whole_day: bool = False
    """True: only the date is known, the capture lies anywhere in that UTC day."""
    published: dt.datetime | None = None
    """When the provider published it, UTC, where it is told."""
    bands: tuple[Band, ...]
    """All bands to read; at least one that is not a mask."""
    credit: str | None = None
    """What must stand beside a figure made from it."""
    source: str
    """The item or file it was listed from, for provenance; no secrets in it."""
    remark: str = ""
    """What was done to it before it became a scene, for the ledger: how a picture was placed."""
    version: str = ""
    """Changes when the provider's files do (their size and time, or the item's `updated`): then it is fetched anew."""
    box: tuple[float, float, float, float] | None = None
    """West, south, east, north of what the whole scene shows, degrees, where it is told."""
    tile: str | None = None
    """The provider's fixed cut of the ground ("40RCN", "160/043") where it is told."""
    listed_by: tuple[str, ...] = ()
    """Names of the catalogs that list it, in the order in which they were given; ("folder",) for a folder."""
    catalog: str = ""
    """Name of the catalog whose files these are; empty for a folder, and where it is not known any more."""
    alternatives: tuple[Scene, ...] = ()
    """The same acquisition as the other catalogs have it, read in this order where its own files cannot be."""

    @property
    def ids(self) -> tuple[str, ...]:
        """All ids that it is listed under, its own first."""
        return tuple(dict.fromkeys((self.id, *(other.id for other in self.alternatives))))


@dataclass(frozen=True, kw_only=True)
class Faulty:
    """Something that was listed and cannot become a look that is used."""

    scene: str
    """Scene id, else the file's name."""
    source: str
    reason: str
    """One sentence: what was found and what to do."""
    duplicate: bool = False
    """True: nothing is wrong with it but that the scene is listed already; its look is *rejected*, not *failed*."""
    unplaced: bool = False
    """True: it can be read, but where it lies is not known well enough; its look is *rejected*, not *failed*."""
    sensor: str = "unknown"
    captured: dt.datetime | None = None
    whole_day: bool = False
    published: dt.datetime | None = None
    listed_by: tuple[str, ...] = ()
    """Names of the catalogs that list it; ("folder",) for a folder."""

    @classmethod
    def of(cls, scene: Scene, reason: str, *, duplicate: bool = False, unplaced: bool = False) -> Faulty:
        """What becomes of a scene that was understood and cannot be used."""
        return cls(
            scene=scene.id,
            source=redact(scene.source),
            reason=reason,
            duplicate=duplicate,
            unplaced=unplaced,
            sensor=scene.sensor,
            captured=scene.captured,
            whole_day=scene.whole_day,
            published=scene.published,
            listed_by=scene.listed_by,
        )


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A listed PNG or JPEG, which does not say itself where it lies; `fetch` places it on the ground."""

    scene: Scene
    """What it will be once it is placed: its bands lie in the placed image, red, green and blue or gray, then valid."""
    path: Path
    told: Mapping[str, object] = field(default_factory=dict)
    """The `proj:` fields of the STAC item beside it, as written."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What a folder or catalogs hold for a site and period."""

    scenes: tuple[Scene, ...]
    """Sorted by capture time, then id; ids are unique."""
    faulty: tuple[Faulty, ...] = ()
    pictures: tuple[Picture, ...] = ()
    """Sorted by capture time, then id; their ids are unique among the scenes', too."""
    asked: tuple[str, ...] = ()
    """Names of the catalogs that were asked and answered, in the order given; ("folder",) for a folder."""
    unanswered: Mapping[str, str] = field(default_factory=dict)
    """What is wrong with the catalogs that did not answer, one sentence each, by name."""
    signer: Signer | None = field(default=None, repr=False, compare=False)
    """Signs the scenes' addresses when they are opened; what it adds is kept nowhere."""


@dataclass(frozen=True, kw_only=True)
class ChipBand:
    """One band of a chip, in a COG of the archive."""

    name: str
    path: Path
    """The COG, on disk, in its native pixels."""
    index: int
    """Band number in the COG, from 1."""
    grid: GeoBox
    """The chip's own grid (native pixels, cut to the site and its margin)."""
    scale: float
    """reflectance = DN * scale + offset; resolved once, here, from catalog or file. 1 for masks."""
    offset: float
    nodata: float | None
    dtype: str
    """numpy dtype name of the stored pixels; uint8 data bands without a scale are 8-bit pictures."""

    @property
    def is_mask(self) -> bool:
        """True for the bands that say where the ground was seen."""
        return self.name in MASK_BANDS


@dataclass(frozen=True, kw_only=True)
class Chip:
    """A scene's pixels over the site, as the archive keeps them."""

    scene: Scene
    bands: tuple[ChipBand, ...]
    recorded: dt.datetime
    """When sitewatch first recorded the scene, UTC: stands in for an unknown publication time."""
    sha256: Mapping[str, str] = field(default_factory=dict)
    """Hex digest of every COG of this chip by its file name."""
    pixels_sha256: str = ""
    """Hex digest of the decoded pixels of all bands: equal for a scene that was listed twice under two names."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Where every COG came from, by its file name."""
