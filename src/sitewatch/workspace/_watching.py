"""A site of the workspace watched: what was known goes in, what is known now is kept."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sitewatch import __version__
from sitewatch.errors import InputError, LockedError, SitewatchError
from sitewatch.store import (
    Row,
    Run,
    WatchedSite,
    count_runs,
    get_site,
    known_things,
    last_run,
    list_sites,
    load_corrections,
    load_looks,
    load_memory,
    recorded_scenes,
    save_failure,
    save_run,
    told_by_readers,
)
from sitewatch.workspace._locks import locked_site
from sitewatch.workspace._news import RunNews, run_news, silence
from sitewatch.workspace._workspace import Workspace

if TYPE_CHECKING:
    import sqlalchemy as sa

    from sitewatch.archive import Listing, Memory
    from sitewatch.cube import Look, NewPicture, Stall
    from sitewatch.planning import Elements
    from sitewatch.structures import Correction, Known
    from sitewatch.watch import Progress, Watched

Clock = Callable[[], dt.datetime]
"""Gives the present moment, UTC."""

__all__ = ["Visit", "replay_site", "watch_all", "watch_site"]


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What a run at one site gave."""

    site: str
    watched: Watched | None
    """What is known now; None: nothing was new, or another run was there."""
    exit_code: int
    """That of the answer; where nothing was new, that of the run before."""
    sentence: str
    report: Path
    unanswered: dict[str, str] = dataclasses.field(default_factory=dict)
    """What is wrong with the catalogs that did not answer, by name."""
    pictures: tuple[NewPicture, ...] = ()
    """New good pictures that no run told before."""
    stalls: tuple[Stall, ...] = ()
    """Catalogs that answered and have been silent for longer than their passes explain."""


def watch_site(
    workspace: Workspace,
    site: str,
    *,
    now: dt.datetime,
    clock: Clock | None = None,
    search_all: bool = False,
    wait: bool = False,
    elements: Sequence[Elements] = (),
    progress: Progress | None = None,
) -> Visit:
    """Watch a site of the workspace.

    Results are written before they are known to the store, and that is one transaction: a run that is killed at any
    moment is as though it had not been, but for the chips that it had fetched, and the next one does it again.

    Args:
        workspace: where it is known.
        site: its id.
        now: time of the run, UTC.
        clock: gives the moment at which its answer is known; None: `now`, as replays have it.
        search_all: True: search all looks anew, also where nothing is new.
        wait: True: wait for another run at the site to end.
        elements: of satellites whose passes a silent catalog is held against; without any its own record decides.
        progress: called as the work goes on.

    Raises:
        LockedError: another run is at the site.
        InputError: there is no such site, it was removed, or what it names cannot be read.
        OutputError: results could not be written.
    """
    with workspace.store.reading() as connection:
        _check_watched(connection, site)
    run = _Runner(
        workspace,
        now=now,
        clock=clock or (lambda: now),
        search_all=search_all,
        elements=tuple(elements),
        progress=progress,
    )
    with locked_site(workspace, site, wait=wait) as still_held:
        return run.remembered(site, still_held)


def replay_site(
    workspace: Workspace,
    site: str,
    moment: dt.datetime,
    *,
    out: Path,
    now: dt.datetime,
    progress: Progress | None = None,
) -> Visit:
    """Search a site's looks as though it were an earlier day: with what was published by then, and nothing else.

    A scene counts from its publication; where the provider does not tell it, from when sitewatch was told of it first.
    Nothing of it is kept in the store.

    Args:
        workspace: where it is known.
        site: its id.
        moment: as known then, UTC.
        out: folder for the results.
        now: time of the run, UTC.
        progress: called as the work goes on.

    Raises:
        LockedError: another run is at the site.
        InputError: there is no such site, or what it names cannot be read.
        OutputError: results could not be written.
    """
    from sitewatch.archive import published_by
    from sitewatch.watch import hold_output, watch, write_outputs

    with workspace.store.reading() as connection:
        place = get_site(connection, site)
        recorded = recorded_scenes(connection, site)
    with locked_site(workspace, site), hold_output(out):
        listing = published_by(_listing(place, progress), moment, recorded=recorded)
        watched = watch(
            place.site,
            listing,
            archive=workspace.site_folder(site) / "archive",
            now=now,
            progress=progress,
            **_settings(place),
        )
        # It is no run of this site: the next one is not to be told what was not listed then.
        report = write_outputs(dataclasses.replace(watched, memory=None), out, progress=progress)
    return _answered(site, watched, listing, report)


def watch_all(
    workspace: Workspace,
    *,
    now: dt.datetime,
    clock: Clock | None = None,
    sites: Sequence[str] | None = None,
    search_all: bool = False,
    elements: Sequence[Elements] = (),
    progress: Progress | None = None,
    begin: Callable[[str], None] | None = None,
) -> Iterator[Visit | tuple[str, SitewatchError]]:
    """Watch many sites, each once however many such runs there are at a time.

    A site at which another run is comes last, after that run has ended; where it was done meanwhile it is left alone.

    Args:
        workspace: whose sites.
        now: time of the run, UTC.
        clock: as `watch_site`.
        sites: ids; None: all that are not removed.
        search_all: as `watch_site`.
        elements: as `watch_site`.
        progress: called as the work goes on.
        begin: called with the id of each site before it is watched.

    Yields:
        What each gave, or (its id, the error) where it failed: the others go on.

    Raises:
        InputError: there is no such site, or it was removed.
    """
    run = _Runner(
        workspace,
        now=now,
        clock=clock or (lambda: now),
        search_all=search_all,
        elements=tuple(elements),
        progress=progress,
    )
    with workspace.store.reading() as connection:
        names = _names(connection, sites)
        before = count_runs(connection)
    busy = []

    def visit(site: str, *, wait: bool) -> Visit | tuple[str, SitewatchError] | None:
        try:
            with locked_site(workspace, site, wait=wait) as still_held:
                with workspace.store.reading() as connection:
                    done = count_runs(connection).get(site, 0) > before.get(site, 0)
                if done:
                    return None
                if begin is not None:
                    begin(site)
                return run.remembered(site, still_held)
        except LockedError:
            busy.append(site)
            return None
        except SitewatchError as error:
            return site, error

    for site in names:
        if (gave := visit(site, wait=False)) is not None:
            yield gave
    for site in tuple(busy):
        if (gave := visit(site, wait=True)) is not None:
            yield gave


def _answered(site: str, watched: Watched, listing: Listing, report: Path) -> Visit:
    """What a search gave."""
    answer = watched.answer
    return Visit(
        site=site,
        watched=watched,
        exit_code=answer.exit_code,
        sentence=answer.sentence,
        report=report,
        unanswered=dict(listing.unanswered),
    )


def _names(connection: sa.Connection, sites: Sequence[str] | None) -> list[str]:
    """The ids of the sites to watch, each once; None: of all that are watched."""
    if sites is None:
        return [one.site.id for one in list_sites(connection)]
    for name in sites:
        _check_watched(connection, name)
    return list(dict.fromkeys(sites))


def _check_watched(connection: sa.Connection, site: str) -> None:
    if get_site(connection, site).removed:
        raise InputError(f"site {site!r} was removed; take it up again with `sitewatch site add`")


@dataclass(frozen=True)
class _Runner:
    """A run over sites of a workspace."""

    workspace: Workspace
    now: dt.datetime
    clock: Clock
    search_all: bool
    elements: tuple[Elements, ...]
    progress: Progress | None

    def remembered(self, site: str, still_held: Callable[[], None]) -> Visit:
        """Watch a site that is held; that it failed is remembered too.

        Args:
            site: its id.
            still_held: called before anything is made known; raises where the site is not held any more.
        """
        try:
            return self._visit(site, still_held)
        except SitewatchError as error:
            with contextlib.suppress(SitewatchError), self.workspace.store.writing() as connection:
                save_failure(connection, site, error, version=__version__, began=self.now, at=self.clock())
            raise

    def _visit(self, site: str, still_held: Callable[[], None]) -> Visit:
        from sitewatch.watch import watch

        before = self._known(site)
        folder = self.workspace.site_folder(site)
        listing = _listing(before.place, self.progress)
        digest = _digest(before.place, listing, before.readers)
        report = folder / "report" / "index.html"
        if before.last is not None and before.last["listing"] == digest and report.exists() and not self.search_all:
            return self._nothing_new(before, before.last, report)
        kept = folder / "search.npz"
        if self.search_all:
            for file in (kept, *folder.glob("search-*.npz")):
                file.unlink(missing_ok=True)
        watched = watch(
            before.place.site,
            listing,
            archive=folder / "archive",
            now=self.now,
            kept=kept,
            previous=before.previous,
            known=before.things,
            corrections=before.corrections,
            progress=self.progress,
            **_settings(before.place),
        )
        watched, news = self._keep(site, watched, listing, before, still_held)
        answered = _answered(site, watched, listing, report)
        return dataclasses.replace(answered, pictures=news.pictures, stalls=news.stalls)

    def _known(self, site: str) -> _Known:
        """What is known before a search."""
        with self.workspace.store.reading() as connection:
            return _known(connection, site)

    def _nothing_new(self, before: _Known, last: Row, report: Path) -> Visit:
        """The answer of the run before, which stands; that it was asked again is remembered.

        That nothing was new may be news itself: the feed may have stalled.
        """
        site = before.place.site.id
        asking = {**last["asking"], "run": f"{self.now:%Y-%m-%dT%H:%M:%SZ}"}
        news = silence(before.place, before.looks, asking, elements=self.elements)
        if last["began"] != self.now:
            same = {name: last[name] for name in _SAME}
            run = Run(began=self.now, searched=False, asking=asking, news=news.document(), **same)
            with self.workspace.store.writing() as connection:
                save_run(connection, site, run, at=self.clock())
        sentence = f"nothing new; {last['sentence']}"
        return Visit(
            site=site, watched=None, exit_code=last["exit_code"], sentence=sentence, report=report, stalls=news.stalls
        )

    def _keep(
        self, site: str, watched: Watched, listing: Listing, before: _Known, still_held: Callable[[], None]
    ) -> tuple[Watched, RunNews]:
        """Write the results, then make them known.

        What readers laid down while the search went on must not be lost: where they did, it is set beside that, and the
        results are written again. If they will not stop, they wait for the last of these.
        """
        store = self.workspace.store
        for _ in range(_TRIES):
            self._write(site, watched)
            with store.writing() as connection:
                still_held()
                if told_by_readers(connection, site) == before.readers:
                    return watched, self._save(connection, site, watched, listing, before)
            before = self._known(site)
            watched = _set_beside(watched, before)
        with store.writing() as connection:
            still_held()
            before = _known(connection, site)
            watched = _set_beside(watched, before)
            self._write(site, watched)
            return watched, self._save(connection, site, watched, listing, before)

    def _write(self, site: str, watched: Watched) -> None:
        from sitewatch.watch import write_outputs

        # What the next run must know is the store's to keep.
        folder = self.workspace.site_folder(site)
        write_outputs(dataclasses.replace(watched, memory=None), folder, progress=self.progress)

    def _save(
        self, connection: sa.Connection, site: str, watched: Watched, listing: Listing, before: _Known
    ) -> RunNews:
        """Make it known, and say what of it is news."""
        used = watched.used
        news = run_news(connection, watched, before.place, before.looks, elements=self.elements)
        run = Run(
            began=self.now,
            version=__version__,
            exit_code=watched.answer.exit_code,
            sentence=watched.answer.sentence,
            searched=True,
            listed=len(watched.looks),
            used=len(used),
            first_look=min(used, default=None),
            last_look=max(used, default=None),
            # A catalog that did not answer may have more to tell: the next run does not take this listing for all.
            listing="" if listing.unanswered else _digest(before.place, listing, before.readers),
            asking=watched.asking.document(),
            head=watched.head,
            news={**watched.news_document, **news.document()},
        )
        save_run(
            connection,
            site,
            run,
            at=self.clock(),
            looks=watched.looks,
            recognition=watched.recognition,
            memory=watched.memory,
            pictures=news.events,
        )
        return news


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What is known of a site before a search."""

    place: WatchedSite
    previous: Memory | None
    things: tuple[Known, ...]
    corrections: tuple[Correction, ...]
    looks: tuple[Look, ...]
    last: Row | None
    readers: str
    """Changes when a reader lays something down."""


def _known(connection: sa.Connection, site: str) -> _Known:
    return _Known(
        place=get_site(connection, site),
        previous=load_memory(connection, site),
        things=known_things(connection, site),
        corrections=load_corrections(connection, site),
        looks=load_looks(connection, site),
        last=last_run(connection, site),
        readers=told_by_readers(connection, site),
    )


def _set_beside(watched: Watched, before: _Known) -> Watched:
    from sitewatch.watch import set_beside

    return set_beside(watched, previous=before.previous, known=before.things, corrections=before.corrections)


_TRIES = 3
"""So often a run lets readers go first."""
_SAME = ("version", "exit_code", "sentence", "listed", "used", "first_look", "last_look", "listing", "head")
"""What a run that finds nothing new has of the run before."""


def _listing(place: WatchedSite, progress: Progress | None) -> Listing:
    """What is listed for a site now."""
    from sitewatch.archive import Catalog, ask_catalogs, list_folder

    source = place.source
    since, until = _moment(source.get("since")), _moment(source.get("until"))
    if "images" in source:
        if progress is not None:
            progress("listing scenes", 0, 1)
        listing = list_folder(Path(source["images"]), since=since, until=until)
        if progress is not None:
            progress("listing scenes", 1, 1)
        return listing
    catalogs = [Catalog(**told) for told in source["catalogs"]]
    stage = "asking the catalog" if len(catalogs) == 1 else "asking the catalogs"
    return ask_catalogs(
        catalogs,
        place.site,
        since=since,
        until=until,
        bands=source.get("bands"),
        progress=None if progress is None else lambda done, of: progress(stage, done, of),
    )


def _settings(place: WatchedSite) -> dict[str, Any]:
    """How a site is watched, as arguments of `sitewatch.watch.watch`."""
    source = place.source
    return {
        "false_alarms": source.get("false_alarms", 1.0),
        "pixel": source.get("pixel"),
        "harmonised": source.get("harmonise", True),
        "since": _moment(source.get("since")),
        "until": _moment(source.get("until")),
    }


def _digest(place: WatchedSite, listing: Listing, settled: str) -> str:
    """Changes when a run would have something to do: other scenes or files, another site, another word of a reader."""
    told = (
        __version__,
        place.site.name,
        place.site.outline.wkt,
        sorted((name, area.wkt) for name, area in place.site.areas.items()),
        json.dumps(place.source, sort_keys=True),
        settled,
        listing.scenes,
        listing.faulty,
        listing.pictures,
        sorted(listing.unanswered),
    )
    return hashlib.sha256(repr(told).encode("utf-8", "replace")).hexdigest()


def _moment(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)
