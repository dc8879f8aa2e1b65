"""From scenes to the site's own chips, kept in the archive."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

from odc.geo import CRS
from rasterio.errors import NotGeoreferencedWarning

from sitewatch.archive._cut import Piece
from sitewatch.archive._far import Remote
from sitewatch.archive._href import is_remote, redact
from sitewatch.archive._pieces import cut_scene
from sitewatch.archive._place import place_pictures
from sitewatch.archive._retry import Retry
from sitewatch.archive._scene import Chip, Faulty, Listing, Scene
from sitewatch.archive._store import Stored, locked, read_archive, scene_slug, write_catalog, write_chip, write_file
from sitewatch.archive._times import iso, parse_moment
from sitewatch.errors import SceneError
from sitewatch.site import Site, context_bounds

__all__ = ["Fetched", "Progress", "fetch"]

Progress = Callable[[int, int], None]
"""Called with (scenes done, scenes in all) as they finish."""

_WORKERS_LOCAL, _WORKERS_REMOTE = 2, 8


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What became of a listing's scenes at a site; every scene is in exactly one of the three tuples."""

    chips: tuple[Chip, ...]
    """Sorted by capture time, then id."""
    faulty: tuple[Faulty, ...]
    """Those of the listing, those that could not be read, and those that repeat another one's pixels."""
    outside: tuple[Scene, ...]
    """Scenes whose images show nothing of the outline."""
    recorded: Mapping[str, dt.datetime]
    """When each listed scene, whatever became of it, was first recorded in this archive, UTC, by `scene` or id."""
    new: int
    """How many chips this run has fetched; all others were in the archive already."""


def fetch(
    listing: Listing,
    site: Site,
    directory: Path,
    *,
    now: dt.datetime,
    workers: int | None = None,
    progress: Progress | None = None,
    retry: Retry | None = None,
) -> Fetched:
    """Fetch the site's window of every scene into the archive, except what is there already.

    Pictures that do not say where they lie are placed first, each once.

    A scene is fetched anew if its files, what is listed of it, or the site's outline changed, or if its chip is
    damaged. A run can be interrupted at any time; the next one goes on where it was.

    Args:
        listing: the scenes.
        site: the watched place; its outline and margin are cut out.
        directory: the archive; made if it is not there.
        now: the time to record for new scenes, UTC.
        workers: how many scenes are read at a time; default 8 over a network, 2 from disk.
        progress: is told how far it is.
        retry: how often a server is asked again; default four tries in all.

    Raises:
        OutputError: the archive cannot be written.
    """
    pictures = len(listing.pictures)
    step = _Steps(progress, len(listing.scenes) + 2 * pictures)
    window = tuple(round(v, 7) for v in context_bounds(site, crs=CRS("EPSG:4326")).bbox)
    remote = any(is_remote(band.href) for scene in listing.scenes for band in scene.bands)
    servers = Remote(signer=listing.signer, retry=retry or Retry(attempts=4))
    results: dict[str, Stored | SceneError | None] = {}
    with locked(directory):
        listing = place_pictures(listing, site, directory, done=step)
        kept = read_archive(directory)
        known_outside = _read_outside(directory)
        recorded = _record(directory, listing, kept, now)
        requests = {scene.id: _request(scene, window) for scene in listing.scenes}
        todo = []
        for scene in listing.scenes:
            if scene.id in kept and kept[scene.id].request == requests[scene.id]:
                results[scene.id] = kept[scene.id]
            elif known_outside.get(scene.id) == requests[scene.id]:
                results[scene.id] = None
            else:
                todo.append(scene)

        def one(scene: Scene) -> Stored | SceneError | None:
            folder = directory / scene_slug(scene.id)
            try:
                read, pieces = _cut_first(scene, site, folder, servers)
            except SceneError as error:
                return error
            if pieces is None:
                return None
            return write_chip(directory, read, pieces, recorded=recorded[scene.id], request=requests[scene.id])

        step.of = pictures + len(listing.scenes)
        step.done = step.of - len(todo)
        for scene, result in _in_threads(one, todo, workers or (_WORKERS_REMOTE if remote else _WORKERS_LOCAL)):
            results[scene.id] = result
            step()
        outside = [scene for scene in listing.scenes if results[scene.id] is None]
        _write_outside(directory, {scene.id: requests[scene.id] for scene in outside}, known_outside)
        in_archive = {**{key: s.chip for key, s in kept.items()}, **_chips(results)}
        order = sorted(in_archive.values(), key=lambda chip: (chip.scene.captured, chip.scene.id))
        write_catalog(directory, site, order)
    chips, repeated = _distinct([c for c in order if c.scene.id in _chips(results)])
    broken = [Faulty.of(s, str(e)) for s in listing.scenes if isinstance(e := results[s.id], SceneError)]
    return Fetched(
        chips=tuple(chips),
        faulty=(*listing.faulty, *broken, *repeated),
        outside=tuple(outside),
        recorded=recorded,
        new=sum(1 for scene in todo if isinstance(results[scene.id], Stored)),
    )


def _cut_first(scene: Scene, site: Site, folder: Path, servers: Remote) -> tuple[Scene, list[Piece] | None]:
    """A scene's pieces from the first catalog whose files can be read, and the scene with these files.

    Raises:
        SceneError: no catalog's can; it says what is wrong with each.
    """
    wrong: list[str] = []
    for entry in (scene, *scene.alternatives):
        try:
            pieces = cut_scene(entry, site, folder, servers)
        except SceneError as error:
            wrong.append(f"{entry.catalog}: {error}" if scene.alternatives else str(error))
        else:
            read = replace(scene, bands=entry.bands, credit=entry.credit, source=entry.source, catalog=entry.catalog)
            return read, pieces
    raise SceneError(" | ".join(wrong))


@dataclass
class _Steps:
    """How far a run is; what was there already is counted and not told of."""

    progress: Progress | None
    of: int
    done: int = 0

    def __call__(self) -> None:
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self.of)


def _in_threads(
    work: Callable[[Scene], Stored | SceneError | None], scenes: Sequence[Scene], workers: int
) -> Iterable[tuple[Scene, Stored | SceneError | None]]:
    """Results as they come; the first error that is no scene's own ends it, with nothing more started."""
    with warnings.catch_warnings(), ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        # Filters are the process's: set once here, since threads may not.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        waiting: dict[Future[Stored | SceneError | None], Scene] = {pool.submit(work, s): s for s in scenes}
        try:
            while waiting:
                finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield waiting.pop(future), future.result()
        finally:
            for future in waiting:
                future.cancel()


def _request(scene: Scene, window: tuple[float, ...]) -> str:
    """Digest of all that decides what a chip holds; a token in an address does not."""
    told = [
        scene.id,
        scene.sensor,
        scene.platform,
        scene.orbit,
        scene.captured.isoformat(),
        scene.whole_day,
        scene.published.isoformat() if scene.published else None,
        scene.credit,
        scene.version,
        [[b.name, redact(b.href), b.index, b.scale, b.offset, repr(b.nodata)] for b in scene.bands],
        window,
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]


def _chips(results: Mapping[str, Stored | SceneError | None]) -> dict[str, Chip]:
    return {key: result.chip for key, result in results.items() if isinstance(result, Stored)}


def _distinct(chips: Sequence[Chip]) -> tuple[list[Chip], list[Faulty]]:
    """Chips without those that repeat the pixels of an earlier one of the same moment, under another name."""
    seen: dict[str, list[Chip]] = {}
    repeated = []
    distinct = []
    for chip in chips:
        alike = [c for c in seen.get(chip.pixels_sha256, ()) if _same_moment(c.scene, chip.scene)]
        if alike:
            first = alike[0].scene.id
            repeated.append(
                Faulty.of(
                    chip.scene, f"the same pixels of the same time are listed as {first}; remove one", duplicate=True
                )
            )
        else:
            seen.setdefault(chip.pixels_sha256, []).append(chip)
            distinct.append(chip)
    return distinct, repeated


def _same_moment(one: Scene, other: Scene) -> bool:
    if one.whole_day or other.whole_day:
        return one.captured.date() == other.captured.date()
    return one.captured == other.captured


def _record(directory: Path, listing: Listing, kept: Mapping[str, Stored], now: dt.datetime) -> dict[str, dt.datetime]:
    """When each listed scene was first recorded; those that are new are noted before anything is fetched."""
    known = _read_recorded(directory)
    times = {key: stored.chip.recorded for key, stored in kept.items()}
    for key, at in known.items():
        times[key] = min(at, times.get(key, at))
    listed = (*(scene.id for scene in listing.scenes), *(faulty.scene for faulty in listing.faulty))
    for scene in listing.scenes:
        # An acquisition that was known by another catalog's id is not new.
        first = min((times[key] for key in scene.ids if key in times), default=now)
        for key in scene.ids:
            times.setdefault(key, first)
    for key in listed:
        times.setdefault(key, now)
    if times != known:
        content = json.dumps({key: iso(at) for key, at in times.items()}, indent=1, sort_keys=True)
        write_file(directory / ".recorded.json", content.encode())
    return {key: times[key] for key in listed}


def _read_recorded(directory: Path) -> dict[str, dt.datetime]:
    """What the archive's file of first times says; what is damaged in it is left out."""
    try:
        told = json.loads((directory / ".recorded.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    moments = {key: parse_moment(text) for key, text in told.items()} if isinstance(told, dict) else {}
    return {key: moment.at for key, moment in moments.items() if moment is not None}


def _read_outside(directory: Path) -> dict[str, str]:
    """Scenes that are known to show nothing of the site, with the request they answered."""
    try:
        known = json.loads((directory / ".outside.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return known if isinstance(known, dict) else {}


def _write_outside(directory: Path, outside: Mapping[str, str], known: Mapping[str, str]) -> None:
    together = {**known, **outside}
    if together != known:
        write_file(directory / ".outside.json", json.dumps(together, indent=1, sort_keys=True).encode())
