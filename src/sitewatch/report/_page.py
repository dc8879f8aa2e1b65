"""The report: one HTML file that opens offline and holds everything it shows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from shapely.geometry import Polygon

from sitewatch.assessment import Expansion, expansion_of, expansion_sentences
from sitewatch.change import MIN_LOOKS, Kind
from sitewatch.cube import Asking, Look, Outcome, find_gaps, harmony_sentences
from sitewatch.errors import OutputError
from sitewatch.report._calendar import calendar_chart, calendar_years
from sitewatch.report._card import Card, make_card
from sitewatch.report._charts import LANES, looks_chart
from sitewatch.report._growth import expansion_chart, year_rows
from sitewatch.report._news import catalog_sentences, difference_sentence, scene_sentences, structures_sentence
from sitewatch.report._pictures import Picture, map_picture
from sitewatch.report._record import Record, open_record
from sitewatch.report._sentences import (
    bracket_words,
    finding,
    moment,
    plural,
    seen_sentence,
    square_metres,
    state_words,
)
from sitewatch.report._svg import Axis
from sitewatch.report._templates import page_parts, template
from sitewatch.site import Site
from sitewatch.structures import Reading, SinceLast, State, Structure

__all__ = ["write_report"]

MOST_CARDS = 60
"""Structures that get a card; the rest are in the table."""

_MOVING_BYTES = 1_700_000
"""What all time-lapses of a report may weigh together."""

Progress = Callable[[int, int], None]
"""Called with (structures drawn, of)."""


@dataclass(frozen=True, kw_only=True)
class _Mark:
    """One footprint on the map."""

    number: int
    path: str
    left: float
    top: float
    """Place of its number, percent of the picture."""
    card: bool


@dataclass(frozen=True, kw_only=True)
class _Map:
    """The site from above, with what is laid over the picture."""

    picture: Picture
    note: str
    outline: str
    areas: tuple[tuple[str, str, float, float], ...]
    """(name, path, left, top) of each sub-area."""
    marks: tuple[_Mark, ...]


def write_report(
    directory: Path,
    *,
    site: Site,
    looks: Sequence[Look],
    cube: xr.Dataset | None,
    structures: Sequence[Structure],
    readings: Mapping[str, Reading] | None = None,
    false_alarms: float,
    version: str,
    now: dt.datetime,
    seen_share: float,
    asking: Asking | None = None,
    since_last: SinceLast | None = None,
    others: Mapping[str, xr.Dataset] | None = None,
    harmony: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write `index.html` into a folder: self-contained, no request ever leaves it.

    Args:
        directory: an existing folder.
        site: the watched place.
        looks: one per scene that is listed, or was by an earlier run.
        cube: the used looks of the main sensor; None where nothing could be seen or looked at.
        structures: everything that was found; only those of kind `structure` are claims of something built.
        readings: what people call them and say of them, by id.
        false_alarms: the budget that was asked for, per site and year.
        version: of sitewatch.
        now: when the report is made, UTC.
        seen_share: share of the outline, 0-1, inside at least one image.
        asking: who was asked for which period, and when; None: not known.
        since_last: what is otherwise than in the run before; None: there was none.
        others: used looks of further sensors by the names that `Structure.sensors` has; what only these saw is shown in
            their pictures.
        harmony: which sensors were searched as one series and why others were not
            (`sitewatch.cube.Harmony.document`); the one on whose pixels they were makes the map. None: not asked for.
        progress: called as structures are drawn.

    Raises:
        OutputError: the file cannot be written.
    """
    page = _page(
        site=site, looks=looks, cube=cube, structures=structures, readings=readings or {}, false_alarms=false_alarms,
        version=version, now=now, seen_share=seen_share, asking=asking or Asking(run=now), since_last=since_last,
        others=others or {}, harmony=harmony, progress=progress,
    )  # fmt: skip
    path = directory / "index.html"
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{path}: the report cannot be written ({error.strerror}); check the folder and the free space"
        ) from error
    return path


def _page(
    *,
    site: Site,
    looks: Sequence[Look],
    cube: xr.Dataset | None,
    structures: Sequence[Structure],
    readings: Mapping[str, Reading],
    false_alarms: float,
    version: str,
    now: dt.datetime,
    seen_share: float,
    asking: Asking,
    since_last: SinceLast | None,
    others: Mapping[str, xr.Dataset],
    harmony: Mapping[str, Any] | None,
    progress: Progress | None,
) -> str:
    looks = sorted(looks, key=lambda k: (k.captured or dt.datetime.max.replace(tzinfo=dt.UTC), k.scene))
    dated = [k.captured for k in looks if k.captured is not None]
    used = [k.captured for k in looks if k.outcome is Outcome.USED and k.captured is not None]
    first, last = (min(used), max(used)) if used else (None, None)
    claims = sorted((s for s in structures if s.kind is Kind.STRUCTURE), key=_first_event)
    moved = sorted((s for s in structures if s.kind is not Kind.STRUCTURE), key=lambda s: (-s.probability, s.id))
    together = () if harmony is None else tuple(harmony["families"])
    main = None if cube is None or not cube.sizes.get("time") else open_record(cube, site=site, looks=looks)
    beside = {} if main is None else {name: open_record(o, site=site, looks=looks) for name, o in others.items()}
    record = main if main is None or not together else beside.get(together[0], main)
    if record is not None and main is not None:
        main = main.stretched_as(record)
        beside = {name: one.stretched_as(record) for name, one in beside.items()}
    since, until = asking.since, asking.until
    gaps = find_gaps(looks, start=since, end=asking.end)
    ends = [t for gap in gaps.found for t in (gap.after, gap.by)]
    axis = _axis([*dated, *ends, *(t for t in (since, until) if t is not None)])
    numbers = {s.id: n for n, s in enumerate(claims, start=1)}
    probable = sorted(claims, key=lambda s: (-s.probability, numbers[s.id]))[:MOST_CARDS]
    carded = {s.id for s in probable} if record is not None else set()
    cards: list[Card] = []
    for structure in claims:
        if main is not None and structure.id in carded:
            records = [main, *beside.values()]
            life = Axis(start=min(r.times[0] for r in records), end=max(r.times[-1] for r in records))
            limit = _MOVING_BYTES // max(6, len(carded))
            shown = _shown(structure, main, beside, together)
            cards.append(make_card(structure, number=numbers[structure.id], records=shown, axis=life, limit=limit))
            if progress is not None:
                progress(len(cards), len(carded))
    units = set() if main is None else {shown.units for shown in (main, *beside.values())}
    pair = record is None or record.units != "backscatter"
    listed = [k for k in looks if k.unlisted_since is None]
    verdict, sentence = finding(claims, listed, first=first, last=last, pair=pair)
    years = (last - first).days / 365.25 if first and last else 0.0
    grown = _grown(claims, site, readings=readings, used=used, gaps=[(gap.after, gap.by) for gap in gaps.found])
    return template("report.html.j2", filters=_FILTERS).render(
        site=site,
        version=version,
        now=now,
        **page_parts(styles=("report.css",), scripts=("report.js",)),
        verdict=verdict,
        sentence=sentence,
        readings=readings,
        unread=Reading(),
        seen=seen_sentence(seen_share) if used else "",
        period=_period(since, until, dated),
        outcomes=[(o, sum(k.outcome is o for k in looks)) for o in LANES],
        looks=looks,
        undated=sum(k.captured is None for k in looks),
        recorded=any(k.published_is_recorded for k in looks),
        looks_svg=looks_chart(looks, axis=axis, long_gaps=gaps.found) if axis is not None else None,
        calendar_svg=calendar_chart(looks, gaps),
        years=calendar_years(looks),
        long_days=gaps.least_days,
        gaps=gaps.found,
        several=len({name for k in looks for name in k.listed_by}) > 1,
        catalogs=catalog_sentences(looks, asking),
        news=since_last if since_last is not None and since_last.tells else None,
        map=_map(record, claims, carded, numbers) if record is not None else None,
        claims=claims,
        grown=None if grown is None else expansion_sentences(grown),
        grown_svg=None if grown is None else expansion_chart(grown),
        grown_rows=() if grown is None else year_rows(grown),
        numbers=numbers,
        carded=carded,
        cards=cards,
        others=moved,
        sensors=len(others) + 1,
        harmony=() if harmony is None else harmony_sentences(harmony),
        radar="backscatter" in units,
        optical=units != {"backscatter"},
        credits=sorted({k.credit for k in looks if k.credit and k.outcome is Outcome.USED}),
        record=record,
        compared=len(used) >= MIN_LOOKS,
        false_alarms=f"{false_alarms:g}",
        expected=f"{false_alarms * years:.1f}" if used else None,
        most_cards=MOST_CARDS,
        seen_percent=f"{100 * seen_share:.1f} %",
        states=[(s.value, state_words(s)) for s in State],
        since=since,
        until=until,
    )


def _grown(
    claims: Sequence[Structure],
    site: Site,
    *,
    readings: Mapping[str, Reading],
    used: Sequence[dt.datetime],
    gaps: Sequence[tuple[dt.datetime, dt.datetime]],
) -> Expansion | None:
    """The built-up footprint over time; None where there is too little to tell it from."""
    if not claims or len(used) < MIN_LOOKS:
        return None
    return expansion_of(
        claims,
        site,
        first=min(used),
        last=max(used),
        used=len(used),
        rejected={key for key, reading in readings.items() if reading.rejected},
        confirmed={key for key, reading in readings.items() if reading.confirmed},
        gaps=gaps,
    )


def _shown(
    structure: Structure, main: Record, beside: Mapping[str, Record], together: Sequence[str]
) -> dict[str, Record]:
    """The looks in whose pictures a structure is shown, by sensor: those that saw it, the first to tell of it first.

    Then the others of those that were one series with one of them: a bracket may end with the look of a sensor that
    never saw it stand.
    """
    names = list(structure.sensors) or [""]
    if set(names) & set(together):
        names += [name for name in together if name not in names]
    return {name: beside.get(name, main) for name in names}


def _place(structure: Structure) -> str:
    centre = structure.footprint.centroid
    return f"{centre.y:.5f}, {centre.x:.5f}"


_FILTERS: dict[str, Callable[..., Any]] = {
    "area": square_metres,
    "bracket": bracket_words,
    "difference": difference_sentence,
    "moment": moment,
    "plural": plural,
    "place": _place,
    "scene_news": scene_sentences,
    "structure_news": structures_sentence,
}


def _first_event(structure: Structure) -> tuple[dt.datetime, str]:
    times = [bracket.by for p in structure.presences for bracket in (p.erected, p.dismantled) if bracket is not None]
    return min(times, default=dt.datetime.min.replace(tzinfo=dt.UTC)), structure.id


def _axis(times: Sequence[dt.datetime]) -> Axis | None:
    if not times:
        return None
    start, end = min(times), max(times)
    if start == end:
        start, end = start - dt.timedelta(days=3), end + dt.timedelta(days=3)
    return Axis(start=start, end=end)


def _period(since: dt.datetime | None, until: dt.datetime | None, dated: Sequence[dt.datetime]) -> str:
    begin = since or (min(dated) if dated else None)
    end = until or (max(dated) if dated else None)
    if begin is None or end is None:
        return "no dated look"
    return f"{moment(begin)} to {moment(end)}"


def _map(record: Record, claims: Sequence[Structure], carded: set[str], numbers: dict[str, int]) -> _Map:
    index = _best_look(record)
    name = record.look_name(index)
    picture = map_picture(
        record,
        index,
        alt=f"Satellite picture of {record.site.name} on {name}, with the site's outline and numbered footprints",
    )
    height, width = record.valid.shape[1:]
    zoom = picture.ground[0] / width

    def path(footprint: object) -> str:
        rings = record.rings(footprint)  # type: ignore[arg-type]
        return "".join("M" + "L".join(f"{x * zoom:.1f},{y * zoom:.1f}" for x, y in ring) + "Z" for ring in rings)

    def spot(x: float, y: float) -> tuple[float, float]:
        left = 100 * min(width - 1.0, max(1.0, x)) / width
        top = 100 * min(height - 1.0, max(1.0, y)) * zoom / picture.height
        return round(left, 2), round(top, 2)

    marks = []
    for structure in claims:
        points = np.concatenate(record.rings(structure.footprint))
        corner = points[np.argmax(points[:, 0] - points[:, 1])]
        left, top = spot(float(corner[0]), float(corner[1]))
        marks.append(
            _Mark(number=numbers[structure.id], path=path(structure.footprint), left=left, top=top,
                  card=structure.id in carded)
        )  # fmt: skip
    areas = []
    for label, footprint in sorted(record.site.areas.items()):
        middle = max((Polygon(ring) for ring in record.rings(footprint)), key=lambda ring: ring.area)
        inside = middle.representative_point()
        areas.append((label, path(footprint), *spot(inside.x, inside.y)))
    north = record.true_north()
    note = f"{name}, {record.colour_names}. The arrow points to true north" + (
        f", {abs(north):.1f}° {'clockwise' if north > 0 else 'anticlockwise'} of the grid's."
        if abs(north) >= 0.05
        else "."
    )
    return _Map(picture=picture, note=note, outline=path(record.site.outline), areas=tuple(areas), marks=tuple(marks))


def _best_look(record: Record) -> int:
    """The latest look that shows nearly all of the outline, else the clearest one."""
    shares = record.clear_shares(record.pixels(record.site.outline))
    clear = np.flatnonzero(shares >= min(0.97, float(shares.max())))
    return int(clear[-1])
