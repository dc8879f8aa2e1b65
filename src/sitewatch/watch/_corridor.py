"""The corridor: scenes -> chips -> cube and looks -> changes -> structures."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sitewatch.archive import Listing, Memory, compare_listing, fetch
from sitewatch.change import MIN_LOOKS, Change, detect, detect_again
from sitewatch.cube import (
    Asking,
    Harmony,
    can_be_harmonised,
    harmonise,
    look_of_faulty,
    look_of_gone,
    look_outside,
    read_cubes,
    with_listing,
    without_few,
)
from sitewatch.errors import OptionError, OutputError, SiteError
from sitewatch.site import Site, area_mask, seen_share
from sitewatch.structures import (
    Correction,
    Known,
    Seen,
    SinceLast,
    Structure,
    identify,
    in_order,
    join,
    recognise,
    since_last,
    structures_document,
)
from sitewatch.watch._progress import Progress, stage, tell
from sitewatch.watch._watched import Watched

__all__ = ["set_beside", "watch"]


def watch(
    site: Site,
    listing: Listing,
    *,
    archive: Path,
    now: dt.datetime,
    false_alarms: float = 1.0,
    pixel: float | None = None,
    harmonised: bool = True,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    kept: Path | None = None,
    previous: Memory | None = None,
    known: Sequence[Known] | None = None,
    corrections: Sequence[Correction] = (),
    progress: Progress | None = None,
) -> Watched:
    """Watch one site.

    Args:
        site: the watched place.
        listing: the scenes that a folder or catalog lists for it.
        archive: where the site's chips are kept; what it holds already is not fetched again.
        now: the time of the run, UTC; recorded for scenes seen for the first time.
        false_alarms: expected false structures a year, > 0.
        pixel: edge of the site's pixels in metres; default that of the images.
        harmonised: True: optical sensors are searched as one series where they can be brought together
            (`sitewatch.cube.harmonise`). False: each alone, and what they show is joined.
        since: start of the period that was asked for; None: open.
        until: its end; None: open.
        kept: file in which the search is kept, so that the next one looks at what was added, and after which the files
            of further sensors are named; None: all looks are searched, and nothing is kept.
        previous: what is remembered of the runs before; None: there were none.
        known: the structures that were known; None: there is no such memory, and every run stands for itself.
        corrections: what an analyst knows better than the search.
        progress: called as the work goes on.

    Raises:
        SiteError: the outline touches none of the images that could be read.
        OptionError: a value that cannot be used.
        OutputError: the archive could not be written.
    """
    if not (math.isfinite(false_alarms) and false_alarms > 0):
        raise OptionError(f"--false-alarms must be a number above 0, got {false_alarms:g}")
    if pixel is not None and not (math.isfinite(pixel) and pixel > 0):
        raise OptionError(f"--pixel must be a length in metres above 0, got {pixel:g}")
    fetched = fetch(listing, site, archive, now=now, progress=stage(progress, "fetching chips"))
    if not fetched.chips and fetched.outside and not fetched.faulty:
        raise SiteError(
            f"the outline of site {site.id!r} touches none of the {len(fetched.outside)} images; check that it is in "
            "longitude/latitude (EPSG:4326) and that the images show this place"
        )
    looks = [look_outside(scene, recorded=fetched.recorded.get(scene.id, now)) for scene in fetched.outside]
    looks += [look_of_faulty(f, recorded=fetched.recorded.get(f.scene, now)) for f in fetched.faulty]
    listing = replace(listing, scenes=(*listing.scenes, *(picture.scene for picture in listing.pictures)))
    news, memory = compare_listing(previous, listing, fetched, site=site, since=since, until=until, now=now)
    gone = [look_of_gone(entry) for entry in news.gone] if news is not None else []
    cubes: dict[str, xr.Dataset] = {}
    series: dict[str, xr.Dataset] = {}
    harmony: Harmony | None = None
    main = None
    whole = None
    structures: tuple[Structure, ...] = ()
    share = 0.0
    if fetched.chips:
        readings = read_cubes(
            site,
            fetched.chips,
            least=MIN_LOOKS,
            pixel=pixel,
            few=can_be_harmonised if harmonised else None,
            progress=stage(progress, "reading chips"),
        )
        if harmonised:
            tell(progress, "bringing sensors together", 0)
            harmony = harmonise(readings, least=MIN_LOOKS)
            readings = without_few(readings, least=MIN_LOOKS, harmony=harmony)
            tell(progress, "bringing sensors together", 1)
        looks += [look for one in readings for look in one.looks]
        share = seen_share(site, [band.grid for chip in fetched.chips for band in chip.bands if not band.is_mask])
        main = readings[0].family
        cubes = {one.family: one.cube for one in readings if one.cube is not None}
        series = _series(cubes, harmony)
    if series:
        tell(progress, "searching for changes", 0)
        structures, whole = _structures(site, series, false_alarms=false_alarms, kept=kept)
        tell(progress, "searching for changes", 1)
    asking = Asking(run=now, since=since, until=until, catalogs=listing.asked, unanswered=listing.unanswered)
    watched = Watched(
        site=site,
        looks=tuple(sorted([*with_listing(looks, listing, fetched.chips), *gone], key=lambda look: look.order)),
        found=structures,
        structures=structures,
        cubes=cubes,
        main=main,
        seen_share=share,
        false_alarms=false_alarms,
        pixel=pixel,
        asking=asking,
        whole=whole,
        harmony=None if harmony is None else harmony.document(),
        news=news,
        memory=memory,
        now=now,
    )
    return set_beside(watched, previous=previous, known=known, corrections=corrections)


def set_beside(
    watched: Watched,
    *,
    previous: Memory | None,
    known: Sequence[Known] | None,
    corrections: Sequence[Correction] = (),
) -> Watched:
    """Set what a search found beside what was known: at once, and again where readers said something meanwhile.

    Args:
        watched: what `watch` gave.
        previous: as for `watch`.
        known: as for `watch`.
        corrections: as for `watch`.
    """
    if watched.cubes and known is not None:
        recognition = recognise(watched.found, known, corrections)
        claimed = [one for one in recognition.things if one.claimed]
        told = {one.thing: one.reading for one in known}
        watched = replace(
            watched,
            recognition=recognition,
            structures=in_order([one.structure for one in claimed]),
            readings={one.structure.id: told[one.thing] for one in claimed if one.thing in told},
        )
    since = _since_last(watched, previous)
    return replace(watched, since_last=since, memory=_remembering(watched, watched.memory))


def _since_last(watched: Watched, previous: Memory | None) -> SinceLast | None:
    """This run beside the last one; None where there was none, or nobody answered."""
    news = watched.news
    if news is None or previous is None:
        return None
    structures = watched.structures if watched.cube is not None else None
    return since_last(
        news, previous, structures, head=watched.head, outline=watched.site.outline.wkt, used=watched.used
    )


def _remembering(watched: Watched, memory: Memory | None) -> Memory | None:
    """What was listed, with what was found; where nothing could be compared, what was found before stays."""
    if memory is None or watched.cube is None:
        return memory
    structures = structures_document(watched.structures, head=watched.head)
    found = {"structures": structures, "outline": watched.site.outline.wkt}
    return replace(memory, found_at=watched.now, found=found)


def _series(cubes: Mapping[str, xr.Dataset], harmony: Harmony | None) -> dict[str, xr.Dataset]:
    """What is searched: the cube of each family, but one for those that were brought together."""
    if harmony is None or harmony.cube is None:
        return dict(cubes)
    series: dict[str, xr.Dataset] = {}
    for family, cube in cubes.items():
        if family not in harmony.families:
            series[family] = cube
        else:
            series.setdefault(harmony.families[0], harmony.cube)
    return series


def _structures(
    site: Site, cubes: Mapping[str, xr.Dataset], *, false_alarms: float, kept: Path | None
) -> tuple[tuple[Structure, ...], int]:
    """What all cubes show, each thing once; and how many looks there were when all of them were searched last.

    The budget is shared out evenly: each search makes false alarms of its own, and they add up.
    """
    seen = []
    whole = 0
    files = []
    for number, (family, cube) in enumerate(cubes.items()):
        inside = area_mask(site.outline, cube.odc.geobox)
        file = kept if kept is None or number == 0 else kept.with_name(f"{kept.stem}-{_slug(family)}{kept.suffix}")
        files.append(file)
        changes, looks = _changes(cube, false_alarms=false_alarms / len(cubes), inside=inside, kept=file)
        whole += looks
        seen.append(
            Seen(
                sensor=family,
                structures=identify(changes, cube, site_id=site.id),
                pixel_m=abs(cube.odc.geobox.affine.a),
                times={
                    str(scene): dt.datetime.fromtimestamp(int(time), tz=dt.UTC)
                    for scene, time in zip(
                        cube["scene"].values, cube["time"].values.astype("datetime64[s]").astype(np.int64), strict=True
                    )
                },
            )
        )
    if kept is not None:
        # What was kept of a sensor that is not searched by itself any more.
        for file in set(kept.parent.glob(f"{kept.stem}-*{kept.suffix}")) - set(files):
            file.unlink(missing_ok=True)
    return join(seen), whole


def _slug(family: str) -> str:
    """A family's name as part of a file's."""
    return re.sub(r"[^a-z0-9]+", "-", family.lower()).strip("-")[:80]


def _changes(
    cube: xr.Dataset, *, false_alarms: float, inside: NDArray[np.bool_], kept: Path | None
) -> tuple[list[Change], int]:
    if kept is None:
        return detect(cube, false_alarms=false_alarms, inside=inside), cube.sizes["time"]
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        return detect_again(cube, false_alarms=false_alarms, inside=inside, kept=kept)
    except OSError as error:
        raise OutputError(f"{kept}: cannot be written ({error.strerror}); make room or choose another --out") from error
