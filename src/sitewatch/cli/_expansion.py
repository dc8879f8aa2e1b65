"""`sitewatch expansion`: is the plant growing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from sitewatch.cli._draw import draw
from sitewatch.cli._text import say
from sitewatch.cli._values import parse_as_known, parse_day
from sitewatch.cli._workspace import (
    DEFAULT,
    AsJson,
    AsKnown,
    InWorkspace,
    opened,
    print_json,
    print_table,
    tell_hindsight,
)
from sitewatch.errors import InputError, OptionError

__all__ = ["EXPANSION_EXAMPLES", "expansion", "pixel_in"]

EXPANSION_EXAMPLES = """
Examples:

    sitewatch expansion plant

    sitewatch expansion plant --area yard --base-area 42000 --picture growth.svg

    sitewatch expansion plant --since 2019-01-01

    sitewatch expansion plant --as-known 2020-01-31
"""


def expansion(
    site: Annotated[str, typer.Argument(metavar="SITE", help="Id of a watched site.")],
    area: Annotated[str | None, typer.Option(metavar="NAME", help="Only this sub-area of it.")] = None,
    base_area: Annotated[
        float | None,
        typer.Option("--base-area", metavar="M2", help="Built-up area at the first look, square metres, where known."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="Count from the first used look on or after that day; default from the first."
        ),
    ] = None,
    picture: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Draw it into this file.")] = None,
    as_known: AsKnown = None,
    as_json: AsJson = False,
    workspace: InWorkspace = DEFAULT,
) -> None:
    """Is the plant growing: its built-up footprint since the first look, with an error band, and year by year."""
    from sitewatch.assessment import (
        capacity_document,
        capacity_of,
        capacity_sentences,
        expansion_document,
        expansion_of,
        expansion_sentences,
    )
    from sitewatch.cube import find_gaps
    from sitewatch.report import expansion_picture, year_rows
    from sitewatch.store import last_run, load_site

    if base_area is not None and not 0 < base_area < 1e12:
        raise OptionError(f"--base-area must be an area in square metres above 0, got {base_area:g}")
    moment, start = parse_as_known(as_known), parse_day("--since", since)
    with opened(workspace) as space, space.store.reading() as connection:
        known = load_site(connection, site, at=moment)
        run = last_run(connection, site, searched=True, at=moment)
    if area is not None and area not in known.site.areas:
        named = ", ".join(known.site.areas) or "none"
        raise OptionError(f"--area {area!r}: site {site!r} has no such sub-area (it has: {named})")
    used = [time for time in known.used if start is None or time >= start]
    if len(used) < 2:
        way_out = f"run `sitewatch watch {site}`" if moment is None else "give a later day"
        way_out = way_out if since is None else "give an earlier --since"
        span = "" if since is None else f" since {since}"
        raise InputError(f"site {site!r} has {len(used)} used looks{span}, too few to compare; {way_out}")
    claims = [s for key, s in known.structures.items() if key in known.claimed]
    rejected = {known.structures[key].id for key in known.rejected}
    found = expansion_of(
        claims,
        known.site,
        first=used[0],
        last=used[-1],
        used=len(used),
        area=area,
        base_m2=base_area,
        rejected=rejected,
        confirmed={known.structures[key].id for key in known.confirmed},
        gaps=[(gap.after, gap.by) for gap in find_gaps(known.looks).found],
    )
    pixel = pixel_in({} if run is None else run["head"])
    room = None
    if pixel is not None:
        names = {known.structures[key].id: name for key, name in known.names.items() if key in known.structures}
        room = capacity_of(claims, known.site, found, pixel_m=pixel, names=names, rejected=rejected)
    if picture is not None:
        where = known.site.name if area is None else f"{area} at {known.site.name}"
        draw(picture, expansion_picture(found, title=f"Built-up footprint of {where}"))
    if as_json:
        capacity = None if room is None else capacity_document(room)
        print_json({**expansion_document(found), "hindsight": known.hindsight, "capacity": capacity})
        return
    tell_hindsight([site] if known.hindsight else [])
    for sentence in (*expansion_sentences(found), *(() if room is None else capacity_sentences(room))):
        say(sentence)
    print_table(("year", "erected, m²>", "extended, m²>", "taken down, m²>", "seen>"), year_rows(found), none="")
    if picture is not None:
        print(picture)


def pixel_in(head: Mapping[str, Any]) -> float | None:
    """Edge of the pixels that a run compared, metres, from what it wrote of itself; None: it did not say."""
    told = head.get("grid_m") or head.get("pixel_m")
    return float(told) if isinstance(told, int | float) and 0 < told < 1e4 else None
