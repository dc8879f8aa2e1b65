"""A site of the workspace watched: what was known goes in, what is known now is kept."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sitewatch import __version__
from sitewatch.errors import LockedError, SitewatchError
from sitewatch.store import (
    Run,
    WatchedSite,
    count_runs,
    get_site,
    known_things,
    last_run,
    list_sites,
    load_corrections,
    load_memory,
    recorded_scenes,
    save_run,
    told_by_readers,
)
from sitewatch.workspace._locks import locked_site
from sitewatch.workspace._workspace import Workspace

if TYPE_CHECKING:
    from sitewatch.archive import Listing
    from sitewatch.watch import Progress, Watched

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


def watch_site(
    workspace: Workspace,
    site: str,
    *,
    now: dt.datetime,
    search_all: bool = False,
    wait: bool = False,
    progress: Progress | None = None,
) -> Visit:
    """Watch a site of the workspace.

    Results are written before they are known to the store, and that is one transaction: a run that is killed at any
    moment is as though it had not been, but for the chips that it had fetched, and the next one does it again.

    Args:
        workspace: where it is known.
        site: its id.
        now: time of the run, UTC.
        search_all: True: search all looks anew, also where nothing is new.
        wait: True: wait for another run at the site to end.
        progress: called as the work goes on.

    Raises:
        LockedError: another run is at the site.
        InputError: there is no such site, or what it names cannot be read.
        OutputError: results could not be written.
    """
    with workspace.store.reading() as connection:
        get_site(connection, site)
    with locked_site(workspace, site, wait=wait):
        return _visit(workspace, site, now=now, search_all=search_all, progress=progress)


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
    answer = watched.answer
    return Visit(
        site=site,
        watched=watched,
        exit_code=answer.exit_code,
        sentence=answer.sentence,
        report=report,
        unanswered=dict(listing.unanswered),
    )


def watch_all(
    workspace: Workspace,
    *,
    now: dt.datetime,
    sites: Sequence[str] | None = None,
    search_all: bool = False,
    progress: Progress | None = None,
    begin: Callable[[str], None] | None = None,
) -> Iterator[Visit | tuple[str, SitewatchError]]:
    """Watch many sites, each once however many such runs there are at a time.

    A site at which another run is comes last, after that run has ended; where it was done meanwhile it is left alone.

    Args:
        workspace: whose sites.
        now: time of the run, UTC.
        sites: ids; None: all that are not removed.
        search_all: as `watch_site`.
        progress: called as the work goes on.
        begin: called with the id of each site before it is watched.

    Yields:
        What each gave, or (its id, the error) where it failed: the others go on.
    """
    with workspace.store.reading() as connection:
        names = [one.site.id for one in list_sites(connection)] if sites is None else list(dict.fromkeys(sites))
        before = count_runs(connection)
    busy = []

    def visit(site: str, *, wait: bool) -> Visit | tuple[str, SitewatchError] | None:
        try:
            with locked_site(workspace, site, wait=wait):
                with workspace.store.reading() as connection:
                    done = count_runs(connection).get(site, 0) > before.get(site, 0)
                if done:
                    return None
                if begin is not None:
                    begin(site)
                return _visit(workspace, site, now=now, search_all=search_all, progress=progress)
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


def _visit(workspace: Workspace, site: str, *, now: dt.datetime, search_all: bool, progress: Progress | None) -> Visit:
    from sitewatch.watch import watch, write_outputs

    store = workspace.store
    with store.reading() as connection:
        place = get_site(connection, site)
        previous = load_memory(connection, site)
        known = known_things(connection, site)
        corrections = load_corrections(connection, site)
        last = last_run(connection, site)
        settled = told_by_readers(connection, site)
    folder = workspace.site_folder(site)
    listing = _listing(place, progress)
    digest = _digest(place, listing, settled)
    report = folder / "report" / "index.html"
    if last is not None and last["listing"] == digest and report.exists() and not search_all:
        if _second(last["at"]) != _second(now):
            same = {name: last[name] for name in _RUN}
            with store.writing() as connection:
                save_run(connection, site, Run(**{**same, "searched": False, "news": {}}), at=now)
        sentence = f"nothing new; {last['sentence']}"
        return Visit(site=site, watched=None, exit_code=last["exit_code"], sentence=sentence, report=report)
    kept = folder / "search.npz"
    if search_all:
        for file in (kept, *folder.glob("search-*.npz")):
            file.unlink(missing_ok=True)
    watched = watch(
        place.site,
        listing,
        archive=folder / "archive",
        now=now,
        kept=kept,
        previous=previous,
        known=known,
        corrections=corrections,
        progress=progress,
        **_settings(place),
    )
    # What the next run must know is the store's to keep.
    write_outputs(dataclasses.replace(watched, memory=None), folder, progress=progress)
    answer = watched.answer
    used = watched.used
    run = Run(
        version=__version__,
        exit_code=answer.exit_code,
        sentence=answer.sentence,
        searched=True,
        listed=len(watched.looks),
        used=len(used),
        first_look=min(used, default=None),
        last_look=max(used, default=None),
        # A catalog that did not answer may have more to tell: the next run does not take this listing for all.
        listing="" if listing.unanswered else digest,
        asking=watched.asking.document(),
        head=watched.head,
        news=watched.news_document,
    )
    with store.writing() as connection:
        save_run(
            connection,
            site,
            run,
            at=now,
            looks=watched.looks,
            recognition=watched.recognition,
            memory=watched.memory,
        )
    return Visit(
        site=site,
        watched=watched,
        exit_code=answer.exit_code,
        sentence=answer.sentence,
        report=report,
        unanswered=dict(listing.unanswered),
    )


_RUN = ("version", "exit_code", "sentence", "listed", "used", "first_look", "last_look", "listing", "asking", "head")
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


def _second(moment: dt.datetime) -> dt.datetime:
    """Versions that follow each other within a second are told apart by microseconds; times of runs are not."""
    return moment.replace(microsecond=0)
