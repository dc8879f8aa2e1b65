"""A listing set beside those before it: which scenes came late, were back-filled, were replaced, or went."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from odc.geo import CRS

from sitewatch.archive._acquisition import likeness
from sitewatch.archive._fetch import Fetched
from sitewatch.archive._href import is_remote, redact
from sitewatch.archive._lag import usual_lag
from sitewatch.archive._memory import Asked, Memory, Remembered
from sitewatch.archive._scene import Chip, Listing, Scene
from sitewatch.archive._times import in_period
from sitewatch.site import Site, context_bounds

__all__ = ["News", "Notice", "What", "compare_listing"]


class What(StrEnum):
    """What can be new about a scene that does not simply come next in time."""

    LATE = "late"
    """Captured before the newest scene that was listed when last asked, and not listed then."""
    BACK_FILLED = "back-filled"
    """So too, and not published then: its provider published it after the run before, and long after its capture."""
    REPLACED = "replaced"
    """The provider's files are others than those fetched before, or it is listed under another id."""
    VANISHED = "vanished"
    """Listed before, and not any more."""
    BACK = "listed again"
    """Was gone, and is listed again."""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One scene that is late, back-filled, replaced, gone or back."""

    what: What
    scene: str
    """Scene id; of two, the one that is listed now."""
    captured: dt.datetime
    """UTC; midnight where `whole_day`."""
    whole_day: bool = False
    days_late: int | None = None
    """Whole days from the capture to when it was first seen listed; None where it is neither late nor back-filled."""
    days_published: int | None = None
    """Whole days from the capture to the publication; None where it is not back-filled."""
    pixels_changed: bool | None = None
    """Whether the site's pixels differ from those before; None where that is not known, or it is not replaced."""
    before: str | None = None
    """Id under which a replaced scene was listed before, where that was another."""


@dataclass(frozen=True, kw_only=True)
class News:
    """What a listing tells that the ones before did not."""

    run: dt.datetime
    """Time of the run before, UTC."""
    added: int = 0
    """Scenes not known before that are neither late nor back-filled nor replace another: the usual new ones."""
    notices: tuple[Notice, ...] = ()
    """Late, back-filled, replaced, gone and back, in this order, then by capture."""
    gone: tuple[Remembered, ...] = ()
    """All that was once listed within the period asked for and is not any more, newly or for long; by capture."""


def compare_listing(
    memory: Memory | None,
    listing: Listing,
    fetched: Fetched,
    *,
    site: Site,
    since: dt.datetime | None,
    until: dt.datetime | None,
    now: dt.datetime,
) -> tuple[News | None, Memory | None]:
    """Set a listing beside what is remembered.

    A catalog that was not asked, or did not answer, says nothing about its scenes; neither does one that is asked for
    another period or another outline.

    Args:
        memory: of the runs before; None: there were none.
        listing: what is listed now.
        fetched: what became of it.
        site: the watched place.
        since: start of the period asked for; None: open.
        until: its end; None: open.
        now: the time of the run, UTC.

    Returns:
        (what is new, None in a first run or where nobody answered; what to remember, None where there is nothing).
    """
    if not listing.asked:
        return None, memory
    window = _window(site)
    known: Mapping[str, Remembered] = memory.scenes if memory is not None else {}
    chips = {chip.scene.id: chip for chip in fetched.chips}
    by_id = {key: entry for entry in known.values() for key in (*entry.also, entry.scene)}
    unmissed = (
        {scene.id for scene in fetched.outside} | {f.scene for f in fetched.faulty if f.duplicate}
    ) - chips.keys()
    matched: set[str] = set()
    entries: dict[str, Remembered] = {}
    notices: list[Notice] = []
    fresh: list[Scene] = []
    for scene in listing.scenes:
        before = next((by_id[key] for key in scene.ids if key in by_id), None)
        matched |= {key for key in scene.ids if key in known} | ({before.scene} if before is not None else set())
        entry = _remembered(scene, chips.get(scene.id), before, fetched.recorded.get(scene.id, now), window)
        entries[scene.id] = replace(entry, missed=scene.id not in unmissed)
        if before is None and not (memory is not None and any(key in memory.faulty for key in scene.ids)):
            fresh.append(scene)
        elif before is not None and before.gone_since is not None and before.instead is None:
            notices.append(_notice(What.BACK, entry))
        elif before is not None and (changed := _changed(before, entry)) is not None:
            notices.append(changed)
    unmatched = {key: entry for key, entry in known.items() if key not in matched}
    gone = _gone(unmatched, listing, since=since, until=until, window=window, now=now)
    gone, told, fresh = _successors(gone, fresh, entries, known)
    notices += told
    late = [scene for scene in fresh if memory is not None and _is_late(scene, memory, window)]
    notices += [_late_notice(entries[scene.id], memory) for scene in late if memory is not None]
    entries |= {entry.scene: entry for entry in gone}
    found = Memory(
        at=now,
        scenes={**unmatched, **entries},
        faulty=tuple(sorted({*(memory.faulty if memory else ()), *(f.scene for f in listing.faulty)})),
        asked=_asked(memory, listing, since=since, until=until, window=window),
        found_at=memory.found_at if memory else None,
        found=memory.found if memory else {},
    )
    if memory is None:
        return None, found
    order = list(What)
    news = News(
        run=memory.at,
        added=len(fresh) - len(late),
        notices=tuple(sorted(notices, key=lambda n: (order.index(n.what), n.captured, n.scene))),
        gone=tuple(sorted(gone, key=lambda entry: (entry.captured, entry.scene))),
    )
    return news, found


def _window(site: Site) -> str:
    bounds = context_bounds(site, crs=CRS("EPSG:4326")).bbox
    return hashlib.sha256(repr([round(v, 7) for v in bounds]).encode()).hexdigest()[:8]


def _remembered(
    scene: Scene, chip: Chip | None, before: Remembered | None, recorded: dt.datetime, window: str
) -> Remembered:
    """What to keep of a scene that is listed; of its pixels what was known before where they cannot be read now."""
    entry = Remembered(
        scene=scene.id,
        sensor=scene.sensor,
        platform=scene.platform,
        captured=scene.captured,
        whole_day=scene.whole_day,
        published=scene.published,
        credit=scene.credit,
        box=scene.box,
        tile=scene.tile,
        listed_by=scene.listed_by,
        also=tuple(sorted({*scene.ids, *((before.scene, *before.also) if before else ())} - {scene.id})),
        recorded=recorded,
        window=window,
    )
    if chip is None:
        if before is None:
            return entry
        return replace(
            entry, files=before.files, bands=before.bands, read_from=before.read_from,
            pixels_sha256=before.pixels_sha256, window=before.window,
        )  # fmt: skip
    return replace(
        entry,
        files=_files(chip.scene),
        bands=",".join(sorted(band.name for band in chip.bands)),
        read_from=chip.scene.catalog,
        pixels_sha256=chip.pixels_sha256,
    )


def _files(scene: Scene) -> str:
    """Digest of the provider's files: where they lie and how they are to be read. A folder may be moved."""
    told = [
        [b.name, redact(b.href) if is_remote(b.href) else b.href.replace("\\", "/").rpartition("/")[2], b.index]
        for b in sorted(scene.bands, key=lambda b: b.name)
    ]
    return hashlib.sha256(json.dumps([scene.version, told]).encode()).hexdigest()[:16]


def _changed(before: Remembered, entry: Remembered) -> Notice | None:
    """Whether the provider's files are others; what the user asks for otherwise (bands, catalogs) is no change."""
    if not before.files or before.files == entry.files:
        return None
    if (before.bands, before.read_from) != (entry.bands, entry.read_from):
        return None
    return _notice(What.REPLACED, entry, before=before)


def _notice(what: What, entry: Remembered, *, before: Remembered | None = None) -> Notice:
    comparable = before is not None and before.pixels_sha256 and entry.pixels_sha256 and before.window == entry.window
    return Notice(
        what=what,
        scene=entry.scene,
        captured=entry.captured,
        whole_day=entry.whole_day,
        pixels_changed=before.pixels_sha256 != entry.pixels_sha256 if before is not None and comparable else None,
    )


def _late_notice(entry: Remembered, memory: Memory) -> Notice:
    """Late, or back-filled: its capture tells that it should have been listed, its publication why it was not."""
    notice = replace(_notice(What.LATE, entry), days_late=max(0, (entry.recorded - entry.captured).days))
    if entry.published is None or entry.published <= memory.at:
        return notice
    alike = [
        one
        for one in memory.scenes.values()
        if one.sensor == entry.sensor and set(one.listed_by).intersection(entry.listed_by)
    ]
    usual = usual_lag(
        published=[(one.captured, one.published) for one in alike if one.published is not None],
        recorded=[(one.captured, one.recorded) for one in alike if one.published is None],
    )
    lag = entry.published - entry.captured
    if lag <= dt.timedelta(days=usual.late_days):
        return notice
    return replace(notice, what=What.BACK_FILLED, days_published=lag.days)


def _gone(
    known: Mapping[str, Remembered],
    listing: Listing,
    *,
    since: dt.datetime | None,
    until: dt.datetime | None,
    window: str,
    now: dt.datetime,
) -> list[Remembered]:
    """What those who are asked listed before within the period, and list no longer."""
    listed = {f.scene for f in listing.faulty}
    return [
        entry if entry.gone_since is not None else replace(entry, gone_since=now)
        for entry in known.values()
        if entry.missed
        and not listed.intersection((entry.scene, *entry.also))
        and set(entry.listed_by).intersection(listing.asked)
        and in_period(entry.captured, whole_day=entry.whole_day, since=since, until=until)
        and (entry.gone_since is not None or entry.window == window)
    ]


def _successors(
    gone: Iterable[Remembered],
    fresh: Iterable[Scene],
    entries: Mapping[str, Remembered],
    known: Mapping[str, Remembered],
) -> tuple[list[Remembered], list[Notice], list[Scene]]:
    """Which of what is newly gone is listed under another id now, as providers do when they process it anew.

    Returns:
        (what is gone, with the ids that are listed instead; notices; scenes that are new in earnest).
    """
    left = {scene.id: scene for scene in fresh}
    by_day: dict[dt.date, list[Scene]] = defaultdict(list)
    for scene in left.values():
        by_day[scene.captured.date()].append(scene)
    kept: list[Remembered] = []
    notices: list[Notice] = []
    for entry in gone:
        if known[entry.scene].gone_since is not None:
            kept.append(entry)
            continue
        days = [entry.captured.date() + dt.timedelta(days=n) for n in (-1, 0, 1)]
        near = [scene for day in days for scene in by_day.get(day, ()) if scene.id in left]
        likes = {scene.id: like for scene in near if (like := likeness(entry, scene)) is not None}
        if not likes:
            kept.append(entry)
            notices.append(_notice(What.VANISHED, entry))
            continue
        successor = max(likes, key=lambda key: (likes[key], key))
        del left[successor]
        kept.append(replace(entry, instead=successor))
        notices.append(replace(_notice(What.REPLACED, entries[successor], before=entry), before=entry.scene))
    return kept, notices, list(left.values())


def _is_late(scene: Scene, memory: Memory, window: str) -> bool:
    """True where a question asked before should have brought the scene: it is older than what was listed then."""
    return any(
        asked.newest is not None
        and scene.captured < asked.newest
        and asked.window == window
        and in_period(scene.captured, whole_day=scene.whole_day, since=asked.since, until=asked.until)
        for name in scene.listed_by
        for asked in memory.asked.get(name, ())
    )


def _asked(
    memory: Memory | None, listing: Listing, *, since: dt.datetime | None, until: dt.datetime | None, window: str
) -> dict[str, tuple[Asked, ...]]:
    """The questions asked so far, with this one; what it contains is forgotten."""
    questions = dict(memory.asked) if memory is not None else {}
    for name in listing.asked:
        newest = max((scene.captured for scene in listing.scenes if name in scene.listed_by), default=None)
        own = Asked(since=since, until=until, newest=newest, window=window)
        questions[name] = (*(q for q in questions.get(name, ()) if not _contains(own, q)), own)[-20:]
    return questions


def _contains(wide: Asked, narrow: Asked) -> bool:
    return (
        wide.window == narrow.window
        and (wide.since is None or (narrow.since is not None and wide.since <= narrow.since))
        and (wide.until is None or (narrow.until is not None and wide.until >= narrow.until))
    )
