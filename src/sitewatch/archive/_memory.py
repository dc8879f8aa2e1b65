"""What was listed before: kept beside the chips, so that the next run can tell what came late, changed or went."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sitewatch.archive._store import write_file
from sitewatch.archive._times import iso, parse_moment
from sitewatch.errors import OutputError

__all__ = ["Asked", "Memory", "Remembered", "memory_document", "memory_in", "read_memory", "write_memory"]

_FILE = ".listed.json"


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """A scene that was listed once."""

    scene: str
    """Scene id."""
    sensor: str
    platform: str | None = None
    captured: dt.datetime
    """UTC; midnight where `whole_day`."""
    whole_day: bool = False
    published: dt.datetime | None = None
    """UTC, where the provider tells it."""
    credit: str | None = None
    box: tuple[float, float, float, float] | None = None
    """West, south, east, north of the whole scene, degrees, where it was told."""
    tile: str | None = None
    listed_by: tuple[str, ...] = ()
    """Names of the catalogs that listed it last."""
    also: tuple[str, ...] = ()
    """Other ids that the same acquisition has or had in any catalog, sorted."""
    recorded: dt.datetime
    """When it was listed first, UTC."""
    files: str = ""
    """Digest of the provider's files as they were fetched last; empty: never fetched."""
    bands: str = ""
    """Names of the bands that were fetched."""
    read_from: str = ""
    """Name of the catalog whose files were fetched."""
    pixels_sha256: str = ""
    """Digest of the chip's pixels; empty: never fetched."""
    window: str = ""
    """Digest of the site's window that the listing was asked for and the chip cut to."""
    missed: bool = True
    """False: nothing is lost when it is listed no longer: it repeated another scene or showed nothing of the site."""
    gone_since: dt.datetime | None = None
    """First run that asked for it and did not find it listed, UTC; None: it is listed."""
    instead: str | None = None
    """Id under which the same acquisition is listed since then."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a catalog was asked for once."""

    since: dt.datetime | None
    until: dt.datetime | None
    newest: dt.datetime | None
    """Capture of the newest scene that it listed; None: it listed none."""
    window: str
    """Digest of the site's window."""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What earlier runs were told and found."""

    at: dt.datetime
    """Time of the last run that a catalog or folder answered, UTC."""
    scenes: Mapping[str, Remembered] = field(default_factory=dict)
    """By scene id."""
    faulty: tuple[str, ...] = ()
    """What else was listed and could not be made a scene of: ids or file names, sorted."""
    asked: Mapping[str, tuple[Asked, ...]] = field(default_factory=dict)
    """What each catalog was asked for, the last question last; a question that a later one contains is left out."""
    found_at: dt.datetime | None = None
    """Time of the last run that could compare looks, UTC; None: there was none."""
    found: Mapping[str, Any] = field(default_factory=dict)
    """What that run found, a JSON object that only who found it reads."""


def read_memory(directory: Path) -> Memory | None:
    """What an archive remembers; None where there is nothing that can be read. Damaged entries are left out."""
    try:
        return memory_in(json.loads((directory / _FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def memory_in(told: Mapping[str, Any]) -> Memory:
    """What `memory_document` told. Damaged entries are left out.

    Raises:
        ValueError: it is no such document (KeyError and TypeError too).
    """
    at = _moment(told["at"])
    scenes, asked, faulty, found = told["scenes"], told["asked"], told.get("faulty"), told.get("found")
    entries = [entry for e in scenes.items() if (entry := _whole(_scene, *e))] if isinstance(scenes, dict) else []
    questions = {
        str(name): tuple(q for entry in entries_ if (q := _whole(_question, entry)))
        for name, entries_ in (asked.items() if isinstance(asked, dict) else ())
        if isinstance(entries_, list)
    }
    return Memory(
        at=at,
        scenes={entry.scene: entry for entry in entries},
        faulty=tuple(str(name) for name in faulty) if isinstance(faulty, list) else (),
        asked=questions,
        found_at=_whole(_moment, told.get("found_at")),
        found=found if isinstance(found, dict) else {},
    )


def memory_document(memory: Memory) -> dict[str, Any]:
    """A memory for JSON: `at`, `asked`, `scenes` by id, `faulty`, `found_at`, `found`."""
    return {
        "at": iso(memory.at),
        "asked": {name: [_told(question) for question in asked] for name, asked in sorted(memory.asked.items())},
        "scenes": {key: _told(entry) for key, entry in sorted(memory.scenes.items())},
        "faulty": list(memory.faulty),
        "found_at": iso(memory.found_at) if memory.found_at else None,
        "found": memory.found,
    }


def write_memory(directory: Path, memory: Memory) -> None:
    """Keep a memory in an archive, in place of the one before.

    Raises:
        OutputError: it cannot be written; the one before is left as it was.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{directory}: cannot be made ({error.strerror}); choose another --out") from error
    write_file(
        directory / _FILE, (json.dumps(memory_document(memory), ensure_ascii=False) + "\n").encode("utf-8", "replace")
    )


def _told(entry: Remembered | Asked) -> dict[str, object]:
    """An entry's fields for JSON, without those that say nothing."""
    fields = {key: value for key, value in vars(entry).items() if value not in (None, "", ()) and key != "scene"}
    return {key: _plain(value) for key, value in fields.items()}


def _plain(value: object) -> object:
    """As JSON gives it back, so that what was told and what is told can be compared."""
    if isinstance(value, dt.datetime):
        return iso(value)
    return list(value) if isinstance(value, tuple) else value


def _whole(read: Any, *told: Any) -> Any:
    """What `read` makes of a part of the file; None where that is damaged."""
    try:
        return read(*told)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _moment(text: object) -> dt.datetime:
    moment = parse_moment(text)
    if moment is None:
        raise ValueError(text)
    return moment.at


def _scene(key: str, told: Mapping[str, Any]) -> Remembered:
    published, gone_since = (_moment(told[k]) if k in told else None for k in ("published", "gone_since"))
    platform, credit, tile, instead = (
        str(told[k]) if k in told else None for k in ("platform", "credit", "tile", "instead")
    )
    files, bands, read_from, pixels, window = (
        str(told.get(k, "")) for k in ("files", "bands", "read_from", "pixels_sha256", "window")
    )
    box = told.get("box")
    return Remembered(
        scene=key,
        sensor=str(told["sensor"]),
        platform=platform,
        captured=_moment(told["captured"]),
        whole_day=bool(told["whole_day"]),
        published=published,
        credit=credit,
        box=None if box is None else _box(box),
        tile=tile,
        listed_by=tuple(str(name) for name in told.get("listed_by", ())),
        also=tuple(str(name) for name in told.get("also", ())),
        recorded=_moment(told["recorded"]),
        files=files,
        bands=bands,
        read_from=read_from,
        pixels_sha256=pixels,
        window=window,
        missed=bool(told["missed"]),
        gone_since=gone_since,
        instead=instead,
    )


def _box(told: Any) -> tuple[float, float, float, float]:
    west, south, east, north = (float(value) for value in told)
    return west, south, east, north


def _question(told: Mapping[str, Any]) -> Asked:
    since, until, newest = (_moment(told[k]) if k in told else None for k in ("since", "until", "newest"))
    return Asked(since=since, until=until, newest=newest, window=str(told["window"]))
