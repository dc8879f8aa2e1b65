"""`sitewatch watch`: one site into a folder, or the sites of a workspace."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sitewatch.cli._orbits import settled_elements
from sitewatch.cli._progress import note, progress_bars, warn
from sitewatch.cli._values import (
    parse_as_known,
    parse_bands,
    parse_budget,
    parse_catalogs,
    parse_day,
    parse_elements,
    parse_good_share,
    parse_now,
    passes_of,
    present,
)
from sitewatch.cli._visits import print_visit, visit_document
from sitewatch.cli._workspace import (
    DEFAULT,
    AsJson,
    ElementsFiles,
    GoodShares,
    Harmonise,
    InWorkspace,
    Now,
    Quiet,
    opened,
    print_json,
)
from sitewatch.errors import InputError, OptionError, SitewatchError

if TYPE_CHECKING:
    from sitewatch.cube import Look
    from sitewatch.workspace import Visit

__all__ = ["WATCH_EXAMPLES", "watch"]

WATCH_EXAMPLES = """
Examples:

    sitewatch watch plant.geojson --images pictures/ --out plant

    sitewatch watch plant.geojson --catalog earth-search --since 2019-01-01 --out plant

    sitewatch watch plant.geojson --catalog earth-search --catalog planetary-computer --out plant

    sitewatch watch plant.geojson --images sentinel-2-and-landsat/ --no-harmonise --out plant

    sitewatch watch plant

    sitewatch watch --all --quiet

    sitewatch watch plant --elements sentinel-2.tle

    sitewatch watch plant --as-known 2020-01-31 --out then

Exit codes: 0 looked and compared, 1 a failure, 2 bad input, 3 nothing could be seen, 4 could not look. Of several
sites: 1 where one failed, else 0 where one was looked at.
"""
_ONE = (
    "images",
    "catalog",
    "collection",
    "since",
    "until",
    "false_alarms",
    "pixel",
    "bands",
    "harmonise",
    "good_share",
)
"""Options of a run into a folder; in a workspace `sitewatch site add` settles them."""


def watch(
    context: typer.Context,
    sites: Annotated[
        list[str] | None,
        typer.Argument(metavar="SITE…", help="With --out a SITE.geojson, else ids of sites of the workspace."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for the results of one site, apart from any workspace.")
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(help="Folder of dated images (GeoTIFF, COG, JPEG 2000; PNG, JPEG).", envvar="SITEWATCH_IMAGES"),
    ] = None,
    catalog: Annotated[
        list[str] | None,
        typer.Option(
            help="Address of a STAC API, or a preset: earth-search, planetary-computer. Give it again for a second "
            "one: both are read as one, the first before the other.",
            envvar="SITEWATCH_CATALOG",
        ),
    ] = None,
    collection: Annotated[
        list[str] | None,
        typer.Option(
            help="Collection in that catalog, given again in the order of the catalogs; presets have one.",
            envvar="SITEWATCH_COLLECTION",
        ),
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="First day, e.g. 2019-01-01.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Last day, e.g. 2020-12-31.")] = None,
    false_alarms: Annotated[
        str,
        typer.Option(
            metavar="N",
            help="Expected false structures a year: a number, or screening (10) or publication (0.2).",
            envvar="SITEWATCH_FALSE_ALARMS",
        ),
    ] = "1",
    pixel: Annotated[
        float | None, typer.Option(help="Pixel edge of the site's grid, metres; default the images' own.")
    ] = None,
    bands: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=ASSET,…",
            help="Which assets of the items to read, in every catalog given, e.g. red=B04,nir=B08,scl=SCL.",
            envvar="SITEWATCH_BANDS",
        ),
    ] = None,
    harmonise: Harmonise = True,
    good_share: GoodShares = None,
    elements: ElementsFiles = None,
    every: Annotated[bool, typer.Option("--all", help="All sites of the workspace.")] = False,
    search_all: Annotated[
        bool, typer.Option("--search-all", help="Search all looks anew, not only what was added since the last run.")
    ] = False,
    as_known: Annotated[
        str | None,
        typer.Option(
            "--as-known",
            metavar="DATE",
            help="With --out and a site of the workspace: search only what was published by the end of that day.",
        ),
    ] = None,
    workspace: InWorkspace = DEFAULT,
    as_json: AsJson = False,
    quiet: Quiet = False,
    now: Now = None,
) -> None:
    """Find what was erected or taken down at a site, and between which looks."""
    if out is None or as_known is not None:
        if flags := [name for name in _ONE if _flagged(context, name)]:
            raise OptionError(
                f"--{flags[0].replace('_', '-')} belongs to a run with --out DIR; a site of a workspace is set by "
                "`sitewatch site add`"
            )
        if as_known is not None:
            if out is None or every or len(sites or []) != 1:
                raise OptionError("--as-known needs --out DIR and the id of one site of the workspace")
            if elements:
                raise OptionError(
                    "--elements belongs to a run of today; --as-known asks no catalog whether it is silent"
                )
            raise typer.Exit(_replay(workspace, (sites or [])[0], as_known, out, as_json=as_json, quiet=quiet, now=now))
        code = _watch_workspace(
            workspace,
            sites or [],
            every=every,
            search_all=search_all,
            elements=elements or [],
            as_json=as_json,
            quiet=quiet,
            now=now,
        )
        raise typer.Exit(code)
    if every or _flagged(context, "workspace"):
        raise OptionError("--out writes one site into a folder, apart from any workspace; leave --all and --workspace")
    if sites is None or len(sites) != 1:
        raise OptionError("--out needs one SITE.geojson: the outline of the site to watch")
    images, catalogs = _one_source(context, images, catalog or [])
    _watch_folder(
        context,
        Path(sites[0]),
        out,
        images=images,
        catalogs=catalogs,
        collection=collection or [],
        since=since,
        until=until,
        false_alarms=false_alarms,
        pixel=pixel,
        bands=bands,
        harmonised=harmonise,
        good_share=good_share or [],
        elements=elements or [],
        search_all=search_all,
        as_json=as_json,
        quiet=quiet,
        now=now,
    )


def _watch_folder(
    context: typer.Context,
    site: Path,
    out: Path,
    *,
    images: Path | None,
    catalogs: list[str],
    collection: list[str],
    since: str | None,
    until: str | None,
    false_alarms: str,
    pixel: float | None,
    bands: str | None,
    harmonised: bool,
    good_share: list[str],
    elements: list[Path],
    search_all: bool,
    as_json: bool,
    quiet: bool,
    now: str | None,
) -> None:
    from sitewatch.archive import ask_catalogs, list_folder, read_memory
    from sitewatch.cli._summary import print_summary
    from sitewatch.cube import GOOD_SHARE, GoodShare
    from sitewatch.site import read_site
    from sitewatch.watch import hold_output, write_outputs
    from sitewatch.watch import watch as watch_site

    if images is not None and (collection or bands) and _flagged(context, "collection", "bands"):
        raise OptionError("--collection and --bands belong to --catalog; a folder tells its bands itself")
    start, end = parse_day("--since", since), parse_day("--until", until, end=True)
    if start is not None and end is not None and start > end:
        raise OptionError(f"--since {since} lies after --until {until}; exchange them")
    moment, budget = parse_now(now), parse_budget(false_alarms)
    place = read_site(site)
    shares = parse_good_share(good_share, areas=place.areas)
    good = GoodShare(site=shares.get("good_share", GOOD_SHARE), areas=shares.get("good_share_of_areas", {}))
    passes = passes_of(parse_elements(elements), place)
    with progress_bars(quiet=quiet) as progress:
        if images is not None:
            progress("listing scenes", 0, 1)
            listing = list_folder(images, since=start, until=end)
            progress("listing scenes", 1, 1)
        else:
            stage = "asking the catalog" if len(catalogs) == 1 else "asking the catalogs"
            listing = ask_catalogs(
                parse_catalogs(catalogs, collection),
                place,
                since=start,
                until=end,
                bands=parse_bands(bands),
                progress=lambda done, of: progress(stage, done, of),
            )
        with hold_output(out):
            kept = out / "search.npz"
            if search_all:
                with contextlib.suppress(OSError):  # that it cannot be written to is told when it is written to
                    for file in (kept, *out.glob("search-*.npz")):
                        file.unlink(missing_ok=True)
            before = _looks_before(out)
            watched = watch_site(
                place,
                listing,
                archive=out / "archive",
                now=moment,
                false_alarms=budget,
                pixel=pixel,
                harmonised=harmonised,
                since=start,
                until=end,
                kept=kept,
                previous=read_memory(out / "archive"),
                progress=progress,
            )
            report = write_outputs(watched, out, progress=progress)
    pictures, stalls = watched.new_pictures(before, good), watched.stalls(passes)
    print_summary(watched, report, pictures=pictures, stalls=stalls, as_json=as_json)
    for name, reason in listing.unanswered.items():
        warn(f"warning: {name} did not answer: {reason}" if listing.asked else f"error: {reason}")
    if watched.answer.exit_code:
        raise typer.Exit(watched.answer.exit_code)


def _looks_before(out: Path) -> tuple[Look, ...]:
    """The looks of the run before; none where there was none, or its file is damaged."""
    from sitewatch.cube import read_looks

    try:
        return read_looks(out / "looks.geojson")
    except InputError:
        return ()


def _replay(place: str, site: str, day: str, out: Path, *, as_json: bool, quiet: bool, now: str | None) -> int:
    """Search a site of a workspace with what was published by a day; the exit code."""
    from sitewatch.workspace import replay_site

    moment = parse_as_known(day)
    assert moment is not None
    with opened(place) as space, progress_bars(quiet=quiet) as progress:
        visit = replay_site(space, site, moment, out=out, now=parse_now(now), progress=progress)
    if as_json:
        print_json(visit_document(visit))
    else:
        print_visit(visit, alone=True)
    return visit.exit_code


def _watch_workspace(
    place: str,
    sites: list[str],
    *,
    every: bool,
    search_all: bool,
    elements: list[Path],
    as_json: bool,
    quiet: bool,
    now: str | None,
) -> int:
    """Watch sites of a workspace.

    Returns:
        The exit code.
    """
    from sitewatch.workspace import watch_all, watch_site

    if every == bool(sites):
        raise OptionError("name the sites to watch, or give --all; with --out DIR a SITE.geojson and its images")
    if wrong := [name for name in sites if name.lower().endswith((".geojson", ".json"))]:
        raise OptionError(
            f"{wrong[0]}: a file is watched with --out DIR and its --images or --catalog; or add it to the workspace "
            "with `sitewatch site add` and give its id"
        )
    # An answer is known when it is there, not when the question was asked; a replay has one moment for both.
    clock = present if now is None else None
    satellites = parse_elements(elements)
    with opened(place) as space, progress_bars(quiet=quiet) as progress:
        satellites = satellites or settled_elements(space, parse_now(now))
        if len(sites) == 1:
            gave = [
                watch_site(
                    space,
                    sites[0],
                    now=parse_now(now),
                    clock=clock,
                    search_all=search_all,
                    elements=satellites,
                    progress=progress,
                )
            ]
            failed: list[tuple[str, SitewatchError]] = []
        else:
            ran = watch_all(
                space,
                now=parse_now(now),
                clock=clock,
                sites=None if every else sites,
                search_all=search_all,
                elements=satellites,
                progress=progress,
                begin=None if quiet else note,
            )
            gave, failed = _sorted(ran)
    if as_json:
        print_json([*map(visit_document, gave), *({"site": site, "error": str(error)} for site, error in failed)])
    else:
        for visit in gave:
            print_visit(visit, alone=len(gave) == 1)
    for visit in gave:
        for name, reason in visit.unanswered.items():
            warn(f"warning: {visit.site}: {name} did not answer: {reason}")
    if failed:
        return SitewatchError.exit_code
    return min((visit.exit_code for visit in gave), default=0)


def _sorted(
    ran: Iterable[Visit | tuple[str, SitewatchError]],
) -> tuple[list[Visit], list[tuple[str, SitewatchError]]]:
    """What was watched, and what failed, which is told at once."""
    gave: list[Visit] = []
    failed: list[tuple[str, SitewatchError]] = []
    for visit in ran:
        if isinstance(visit, tuple):
            failed.append(visit)
            warn(f"{visit[0]}: error: {visit[1]}")
        else:
            gave.append(visit)
    return gave, failed


def _one_source(context: typer.Context, images: Path | None, catalogs: list[str]) -> tuple[Path | None, list[str]]:
    """Folder or catalogs: a flag beats the environment, and one of them it must be."""
    if images is not None and catalogs and _flagged(context, "images") != _flagged(context, "catalog"):
        return (images, []) if _flagged(context, "images") else (None, catalogs)
    if (images is None) == (not catalogs):
        raise OptionError("give either --images DIR or --catalog URL: where the scenes are")
    return images, catalogs


def _flagged(context: typer.Context, *names: str) -> bool:
    """True where one of the options was given on the command line itself."""
    sources = (context.get_parameter_source(name) for name in names)
    return any(source is not None and source.name == "COMMANDLINE" for source in sources)
