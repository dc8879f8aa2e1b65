"""One site end to end: scenes -> chips -> cube and looks -> changes -> structures -> report."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import math
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sitewatch import __version__
from sitewatch.archive import Listing, Memory, News, compare_listing, fetch, held, load, write_memory
from sitewatch.change import MIN_LOOKS, Change, detect, detect_again
from sitewatch.cube import (
    Asking,
    Gaps,
    Look,
    Outcome,
    find_gaps,
    look_of_faulty,
    look_of_gone,
    look_outside,
    looks_document,
    read_cubes,
    read_looks,
    read_looks_head,
    with_listing,
)
from sitewatch.errors import InputError, LockedError, OptionError, OutputError, SiteError
from sitewatch.report import write_report
from sitewatch.site import Site, area_mask, read_site, seen_share, site_feature
from sitewatch.structures import (
    Correction,
    Known,
    Recognition,
    Seen,
    SinceLast,
    Structure,
    identify,
    in_order,
    join,
    read_since,
    read_structures,
    recognise,
    since_document,
    since_last,
    structures_document,
)

__all__ = ["Answer", "Watched", "hold_output", "reopen", "watch", "write_outputs"]

Progress = Callable[[str, int, int], None]
"""Called with (what is being done, done, of)."""

_PATIENCE_S = 5.0
"""How long a run waits for another one that writes into the same folder: it may be about to end."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What kind of answer a run gives: the three are never mixed."""

    exit_code: int
    """0 looked and compared, 3 nothing could be seen, 4 could not look."""
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What is known of a site after a run."""

    site: Site
    looks: tuple[Look, ...]
    """One per scene that is listed, or was by an earlier run, sorted by capture time."""
    structures: tuple[Structure, ...]
    cubes: Mapping[str, xr.Dataset]
    """The used looks by the family they belong to ("sentinel-2 reflectance"), the main one first; empty where no look
    was used."""
    main: str | None = None
    """The family whose pixels make the site's grid, whether a look of it was used or not; None: no scene was read."""
    seen_share: float
    """Share of the outline that lies inside at least one image, 0-1."""
    false_alarms: float
    """The budget that was asked for: expected false structures a year."""
    pixel: float | None = None
    """The pixel edge that was asked for, metres; None: the images' own."""
    asking: Asking
    """Who was asked for which period, and when."""
    since_last: SinceLast | None = None
    """What is otherwise than in the run before; None: there was none."""
    memory: Memory | None = None
    """What the next run must know; None: nothing new to remember."""
    whole: int | None = None
    """How many of the used looks (of all cubes) there were when all were searched last; None: no cube."""
    recognition: Recognition | None = None
    """What is known of all structures now; None: nothing was known before that these could be set beside, or nothing
    could be compared."""
    now: dt.datetime
    """When this was made, UTC: the time of the run, or of opening it again."""

    @property
    def gaps(self) -> Gaps:
        """The long stretches without a used look."""
        return find_gaps(self.looks, start=self.asking.since, end=self.asking.end)

    @property
    def cube(self) -> xr.Dataset | None:
        """The used looks of the main family; None where no look was used."""
        return next(iter(self.cubes.values()), None)

    @property
    def used(self) -> list[dt.datetime]:
        """When the used looks were captured, UTC."""
        return [look.captured for look in self.looks if look.outcome is Outcome.USED and look.captured is not None]

    @property
    def head(self) -> dict[str, object]:
        """The `sitewatch` member of structures.geojson: what was asked for, and how far the looks reach."""
        used = self.used
        asked = self.asking.document()
        return {
            "version": __version__,
            "site": self.site.id,
            "looks": len(used),
            "first_look": f"{min(used):%Y-%m-%dT%H:%M:%SZ}" if used else None,
            "last_look": f"{max(used):%Y-%m-%dT%H:%M:%SZ}" if used else None,
            "false_alarms_per_year": self.false_alarms,
            "seen_share": round(self.seen_share, 4),
            "pixel_m": self.pixel,
            "main": self.main,
            "since": asked["since"],
            "whole_search_looks": self.whole,
            "until": asked["until"],
        }

    @property
    def news_document(self) -> dict[str, object]:
        """What is otherwise than in the run before, for JSON; empty where there is nothing to tell."""
        if self.since_last is None or not self.since_last.tells:
            return {}
        return since_document(self.since_last)

    @property
    def ledger_head(self) -> dict[str, object]:
        """The `sitewatch` member of looks.geojson."""
        news = self.news_document
        return {"version": __version__, **self.asking.document(), **({"since_last_run": news} if news else {})}

    @property
    def compared(self) -> bool:
        """True: there were looks enough to tell a change from noise, so that finding none means something.

        Of fewer, two are compared (`sitewatch.change.compare_pair`): what they show may be claimed, never that nothing
        changed.
        """
        return any(cube.sizes["time"] >= MIN_LOOKS for cube in self.cubes.values())

    @property
    def answer(self) -> Answer:
        """Looked, saw nothing, or could not look."""
        listed = [look for look in self.looks if look.unlisted_since is None]
        counts = Counter(look.outcome for look in listed)
        if counts[Outcome.USED] and not self.compared:
            few = f"{counts[Outcome.USED]} of {len(listed)} looks used, too few to tell a change from noise"
            alone = counts[Outcome.USED] == 1
            what = "there is nothing to compare it with" if alone else "only two were compared"
            if self.cube is not None and self.cube.attrs["units"] == "backscatter" and not alone:
                what = "of radar, fewer are not compared"
            return Answer(exit_code=0, sentence=f"{few}: {MIN_LOOKS} are needed, {what}")
        if counts[Outcome.USED]:
            return Answer(exit_code=0, sentence=f"{counts[Outcome.USED]} of {len(listed)} looks used")
        if counts[Outcome.COULD_NOT_SEE] or counts[Outcome.REJECTED]:
            return Answer(exit_code=3, sentence=f"nothing could be seen on any of the {len(listed)} looks")
        why = "no scene is listed" if not listed else f"none of the {len(listed)} scenes could be read"
        return Answer(exit_code=4, sentence=f"could not look: {why}")


def watch(
    site: Site,
    listing: Listing,
    *,
    archive: Path,
    now: dt.datetime,
    false_alarms: float = 1.0,
    pixel: float | None = None,
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
    fetched = fetch(listing, site, archive, now=now, progress=_stage(progress, "fetching chips"))
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
    main = None
    whole = None
    recognition = None
    structures: tuple[Structure, ...] = ()
    share = 0.0
    if fetched.chips:
        readings = read_cubes(
            site, fetched.chips, least=MIN_LOOKS, pixel=pixel, progress=_stage(progress, "reading chips")
        )
        looks += [look for one in readings for look in one.looks]
        share = seen_share(site, [band.grid for chip in fetched.chips for band in chip.bands if not band.is_mask])
        main = readings[0].family
        cubes = {one.family: one.cube for one in readings if one.cube is not None}
    if cubes:
        _tell(progress, "searching for changes", 0)
        structures, whole = _structures(site, cubes, false_alarms=false_alarms, kept=kept)
        if known is not None:
            recognition = recognise(structures, known, corrections)
            structures = in_order([one.structure for one in recognition.things if one.claimed])
        _tell(progress, "searching for changes", 1)
    asking = Asking(run=now, since=since, until=until, catalogs=listing.asked, unanswered=listing.unanswered)
    watched = Watched(
        site=site,
        looks=tuple(sorted([*with_listing(looks, listing, fetched.chips), *gone], key=lambda look: look.order)),
        structures=structures,
        cubes=cubes,
        main=main,
        seen_share=share,
        false_alarms=false_alarms,
        pixel=pixel,
        asking=asking,
        whole=whole,
        recognition=recognition,
        now=now,
    )
    return replace(watched, since_last=_set_beside(watched, news, previous), memory=_remembering(watched, memory))


def _set_beside(watched: Watched, news: News | None, previous: Memory | None) -> SinceLast | None:
    """This run beside the last one; None where there was none, or nobody answered."""
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


def _structures(
    site: Site, cubes: Mapping[str, xr.Dataset], *, false_alarms: float, kept: Path | None
) -> tuple[tuple[Structure, ...], int]:
    """What all cubes show, each thing once; and how many looks there were when all of them were searched last.

    The budget is shared out evenly: each search makes false alarms of its own, and they add up.
    """
    seen = []
    whole = 0
    for number, (family, cube) in enumerate(cubes.items()):
        inside = area_mask(site.outline, cube.odc.geobox)
        file = kept if kept is None or number == 0 else kept.with_name(f"{kept.stem}-{_slug(family)}{kept.suffix}")
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


@contextlib.contextmanager
def hold_output(out: Path) -> Iterator[None]:
    """Hold a folder of results against a second run while this one reads its memory, works and writes.

    Without it a second run on the same folder would search what the first is still fetching, and sweep away the files
    that the first is writing. The lock ends with the process, so a killed run holds up nobody.

    Args:
        out: the folder; made if it is not there.

    Raises:
        LockedError: another run has not ended within five seconds.
        OutputError: the folder cannot be written.
    """
    with contextlib.ExitStack() as stack:
        try:
            out.mkdir(parents=True, exist_ok=True)
            stack.enter_context(held(out / ".lock", patience_s=_PATIENCE_S))
        except BlockingIOError as error:
            raise LockedError(
                f"{out}: another run is writing into this folder; wait until it has ended, or choose another --out"
            ) from error
        except OSError as error:
            raise OutputError(f"{out}: cannot be written ({error.strerror}); choose another --out") from error
        yield


def reopen(out: Path, *, now: dt.datetime, progress: Progress | None = None) -> Watched:
    """What an earlier run wrote, read back from its files and its archive; nothing is searched for again.

    Raises:
        InputError: `out` was not written by `write_outputs`.
    """
    site = read_site(out / "site.geojson")
    looks = read_looks(out / "looks.geojson")
    structures, head = read_structures(out / "structures.geojson")
    # All chips of then are read again: the grid, where a look lies and what is screened out of it depend on the others.
    read = {look.scene for look in looks if look.footprint is not None}
    chips = [chip for chip in load(out / "archive") if chip.scene.id in read]
    used = {look.scene for look in looks if look.outcome is Outcome.USED}
    if missing := sorted(used - {chip.scene.id for chip in chips}):
        raise InputError(
            f"{out / 'archive'}: the chips of {len(missing)} used looks are missing or damaged ({missing[0]}, ...); "
            "run `sitewatch watch` again, it fetches what is missing"
        )
    ledger = {**{key: head.get(key) for key in ("since", "until")}, **read_looks_head(out / "looks.geojson")}
    try:
        asking = Asking.read(ledger, run=now)
        news = read_since(ledger["since_last_run"]) if "since_last_run" in ledger else None
        budget = float(head["false_alarms_per_year"])
        share = float(head.get("seen_share", 0.0))
        pixel = None if head.get("pixel_m") is None else float(head["pixel_m"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{out / 'structures.geojson'}: its head or that of looks.geojson is damaged ({error}); run `sitewatch "
            "watch` again"
        ) from error
    cubes: dict[str, xr.Dataset] = {}
    main = head.get("main")
    if chips:
        readings = read_cubes(
            site,
            chips,
            least=MIN_LOOKS,
            pixel=pixel,
            main=main,
            progress=_stage(progress, "reading chips"),
        )
        cubes = {one.family: one.cube for one in readings if one.cube is not None}
    return Watched(
        site=site,
        looks=looks,
        structures=structures,
        cubes=cubes,
        main=main,
        seen_share=share,
        false_alarms=budget,
        pixel=pixel,
        asking=asking,
        since_last=news,
        whole=head.get("whole_search_looks"),
        now=now,
    )


def write_outputs(watched: Watched, out: Path, *, progress: Progress | None = None) -> Path:
    """Write all outputs of a run into `out`, or none of them: they are made beside it and then renamed.

    Nobody else may be writing there: see `hold_output`.

    Returns:
        The report's path.

    Raises:
        OutputError: the disk is full or the folder cannot be written; what was there before is left as it was.
    """
    with _all_or_nothing(out) as made:
        _write_json(made / "site.geojson", site_feature(watched.site))
        _write_json(made / "looks.geojson", looks_document(watched.looks, head=watched.ledger_head))
        _write_json(made / "structures.geojson", structures_document(watched.structures, head=watched.head))
        _tell(progress, "writing the report", 0)
        (made / "report").mkdir()
        write_report(
            made / "report",
            site=watched.site,
            looks=watched.looks,
            cube=watched.cube,
            others=dict(list(watched.cubes.items())[1:]),
            structures=watched.structures,
            false_alarms=watched.false_alarms,
            version=__version__,
            now=watched.now,
            seen_share=watched.seen_share,
            asking=watched.asking,
            since_last=watched.since_last,
            progress=_stage(progress, "drawing structures"),
        )
        _tell(progress, "writing the report", 1)
    if watched.memory is not None:
        # Last: a run that ends before this is told of the same news again by the next one.
        write_memory(out / "archive", watched.memory)
    return out / "report" / "index.html"


def _tell(progress: Progress | None, stage: str, done: int) -> None:
    if progress is not None:
        progress(stage, done, 1)


def _stage(progress: Progress | None, stage: str) -> Callable[[int, int], None] | None:
    return None if progress is None else lambda done, of: progress(stage, done, of)


def _write_json(path: Path, document: dict[str, object]) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n", encoding="utf-8")


def _give_back(left: Path, out: Path) -> None:
    """Put back what a killed run had moved aside and not replaced yet."""
    for old in left.glob(".old-*"):
        if not (out / old.name.removeprefix(".old-")).exists():
            old.rename(out / old.name.removeprefix(".old-"))


@contextlib.contextmanager
def _all_or_nothing(out: Path) -> Iterator[Path]:
    """A temporary folder inside `out` whose entries replace those of `out` when the block ends without an error.

    What was there is moved aside first and comes back if anything fails; what a killed run left behind is removed.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        for left in out.glob(".writing-*"):
            _give_back(left, out)
            shutil.rmtree(left, ignore_errors=True)
        made = Path(tempfile.mkdtemp(prefix=".writing-", dir=out))
    except OSError as error:
        raise OutputError(f"{out}: cannot be written ({error.strerror}); choose another --out") from error
    aside: list[str] = []
    placed: list[str] = []
    try:
        yield made
        names = sorted(entry.name for entry in made.iterdir())
        for name in names:
            if (out / name).exists():
                (out / name).rename(made / f".old-{name}")
                aside.append(name)
        for name in names:
            (made / name).rename(out / name)
            placed.append(name)
    except BaseException as error:  # a run that is stopped by hand loses nothing either
        for name in placed:
            (out / name).rename(made / f".new-{name}")
        for name in aside:
            (made / f".old-{name}").rename(out / name)
        if not isinstance(error, OSError):
            raise
        raise OutputError(
            f"{out}: the results could not be written ({error.strerror}); make room or choose another --out, then run "
            "the same command again: the archive is kept"
        ) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
