"""`sitewatch init` and `sitewatch site`: which places a workspace watches."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

import typer

from sitewatch.cli._values import (
    parse_as_known,
    parse_bands,
    parse_budget,
    parse_catalogs,
    parse_day,
    parse_good_share,
    parse_now,
)
from sitewatch.cli._workspace import (
    DEFAULT,
    AsJson,
    AsKnown,
    GoodShares,
    Harmonise,
    InWorkspace,
    Now,
    Reader,
    absolute,
    opened,
    print_json,
    print_table,
    who,
)
from sitewatch.errors import OptionError

__all__ = ["init", "site_app"]

site_app = typer.Typer(no_args_is_help=True, help="The sites that a workspace watches.")


def init(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Folder of the workspace; made if missing.", envvar="SITEWATCH_WORKSPACE"),
    ] = Path(DEFAULT),
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="postgresql://USER@HOST/NAME for a team, instead of a file in the folder; the password comes from "
            "PGPASSWORD or ~/.pgpass.",
            envvar="SITEWATCH_DATABASE",
        ),
    ] = None,
) -> None:
    """Make a workspace: a folder that remembers sites, looks, structures and what was said of them."""
    from sitewatch.workspace import make_workspace

    with make_workspace(folder, database=database) as workspace:
        print(workspace.folder)


@site_app.command(
    "add",
    epilog="""
Examples:

    sitewatch site add plant.geojson --images pictures/

    sitewatch site add plant.geojson --catalog earth-search --since 2019-01-01

    sitewatch site add plant.geojson --catalog earth-search --good-share 0.8 --good-share apron=1
""",
)
def add(
    site: Annotated[Path, typer.Argument(metavar="SITE.geojson", help="The outline: a GeoJSON feature with an id.")],
    images: Annotated[Path | None, typer.Option(help="Folder of dated images.")] = None,
    catalog: Annotated[
        list[str] | None,
        typer.Option(help="Address of a STAC API, or a preset: earth-search, planetary-computer; again for a second."),
    ] = None,
    collection: Annotated[list[str] | None, typer.Option(help="Collection in that catalog; presets have one.")] = None,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="First day, e.g. 2019-01-01.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Last day; default open.")] = None,
    false_alarms: Annotated[
        str, typer.Option(metavar="N", help="Expected false structures a year: a number, screening or publication.")
    ] = "1",
    pixel: Annotated[float | None, typer.Option(help="Pixel edge of the site's grid, metres.", min=0.01)] = None,
    bands: Annotated[
        str | None, typer.Option(metavar="NAME=ASSET,…", help="Which assets of the items to read.")
    ] = None,
    harmonise: Harmonise = True,
    good_share: GoodShares = None,
    reader: Reader = None,
    workspace: InWorkspace = DEFAULT,
    now: Now = None,
) -> None:
    """Watch a site from now on; told again, it takes what is otherwise."""
    from sitewatch.site import read_site
    from sitewatch.store import add_site

    if (images is None) == (not catalog):
        raise OptionError("give either --images DIR or --catalog URL: where the scenes are")
    if images is not None and (collection or bands):
        raise OptionError("--collection and --bands belong to --catalog; a folder tells its bands itself")
    if images is not None and not images.is_dir():
        raise OptionError(f"--images {images}: is no folder; give one with dated images")
    start, end = parse_day("--since", since), parse_day("--until", until, end=True)
    if start is not None and end is not None and start > end:
        raise OptionError(f"--since {since} lies after --until {until}; exchange them")
    source: dict[str, Any] = {"false_alarms": parse_budget(false_alarms)}
    if images is not None:
        source["images"] = absolute(images)
    else:
        from sitewatch.archive import holds_secret

        catalogs = parse_catalogs(catalog or [], collection or [])
        if any(holds_secret(one.url) for one in catalogs):
            raise OptionError(
                "--catalog holds a user, a password or a key, which would stay in the workspace for good; give the "
                "address without it, or watch with --out DIR, which keeps none"
            )
        source["catalogs"] = [vars(one) for one in catalogs]
    told = {"since": start, "until": end, "pixel": pixel, "bands": parse_bands(bands)}
    source |= {
        name: value.isoformat() if isinstance(value, dt.datetime) else value
        for name, value in told.items()
        if value is not None
    }
    if not harmonise:
        source["harmonise"] = False
    place = read_site(site)
    source |= parse_good_share(good_share or [], areas=place.areas)
    with opened(workspace) as space, space.store.writing() as connection:
        add_site(connection, place, source, who=who(space, reader), at=parse_now(now))
    print(place.id)


@site_app.command(
    "list",
    epilog="""
Examples:

    sitewatch site list --json

    sitewatch site list --as-known 2020-01-31
""",
)
def list_(
    removed: Annotated[bool, typer.Option("--removed", help="Those too that are no longer watched.")] = False,
    as_known: AsKnown = None,
    as_json: AsJson = False,
    workspace: InWorkspace = DEFAULT,
) -> None:
    """List the watched sites: what the last run said of each."""
    from sitewatch.store import site_summaries

    moment = parse_as_known(as_known)
    with opened(workspace) as space, space.store.reading() as connection:
        found = site_summaries(connection, removed=removed, at=moment)
    if as_json:
        print_json(found)
        return
    print_table(
        ("site", "name", "last run", "used>", "found>", "stand>", "answer"),
        (
            (
                one["site"],
                one["name"] + (" (removed)" if one["removed"] else ""),
                (one["last_run"] or "never")[:10],
                f"{one['used']}/{one['listed']}",
                one["structures"],
                one["present"],
                one["answer"] + (f"; conflicts to resolve: {one['conflicts']}" if one["conflicts"] else ""),
            )
            for one in found
        ),
        none="No site is watched here; add one with `sitewatch site add`."
        if moment is None
        else "No site was watched here on that day.",
    )


@site_app.command(
    epilog="""
Examples:

    sitewatch site show plant

    sitewatch site show plant --as-known 2020-01-31
"""
)
def show(
    site: Annotated[str, typer.Argument(metavar="SITE", help="Id of a watched site.")],
    as_known: AsKnown = None,
    as_json: AsJson = False,
    workspace: InWorkspace = DEFAULT,
) -> None:
    """Show how a site is watched and what is known of it."""
    from sitewatch.site import site_feature
    from sitewatch.store import get_site, site_summaries

    moment = parse_as_known(as_known)
    with opened(workspace) as space, space.store.reading() as connection:
        place = get_site(connection, site, at=moment)
        summary = site_summaries(connection, removed=True, only=site, at=moment)[0]
        # In it lie the results of the last run, not those of that day.
        folder = str(space.site_folder(site)) if moment is None else None
    if as_json:
        print_json({**summary, "source": place.source, "folder": folder, "outline": site_feature(place.site)})
        return
    where = place.source.get("images") or ", ".join(one["name"] or one["url"] for one in place.source["catalogs"])
    rows = [
        ("site", f"{place.site.id}: {place.site.name}"),
        ("scenes from", where),
        ("period", f"{place.source.get('since', 'open')[:10]} to {place.source.get('until', 'open')[:10]}"),
        ("false alarms a year", f"{place.source['false_alarms']:g}"),
        ("optical sensors", "as one series" if place.source.get("harmonise", True) else "each alone"),
        ("good picture", _good_share(place.source)),
        ("sub-areas", ", ".join(place.site.areas) or "none"),
        ("watched since", f"{place.since:%Y-%m-%d %H:%M}" + (", no longer" if place.removed else "")),
        ("last run", summary["last_run"] or "never"),
        ("answer", summary["answer"]),
        *(("feed", sentence) for sentence in summary["stalled_feeds"]),
        ("structures", f"{summary['structures']}, of which {summary['present']} stand at the last look"),
        *([] if folder is None else [("results", folder)]),
    ]
    print_table(("", ""), rows, none="")


def _good_share(source: dict[str, Any]) -> str:
    """What counts as a good picture of a site, in words."""
    from sitewatch.cube import GOOD_SHARE

    areas = source.get("good_share_of_areas", {})
    shares = [f"{source.get('good_share', GOOD_SHARE):.0%}", *(f"{name} {share:.0%}" for name, share in areas.items())]
    return f"{', '.join(shares)} clear".replace("%", " %")


@site_app.command(epilog="Example:\n\n    sitewatch site remove plant")
def remove(
    site: Annotated[str, typer.Argument(metavar="SITE", help="Id of a watched site.")],
    reader: Reader = None,
    workspace: InWorkspace = DEFAULT,
    now: Now = None,
) -> None:
    """Watch a site no longer. All that is known of it stays, and `site add` takes it up again."""
    from sitewatch.store import remove_site

    with opened(workspace) as space, space.store.writing() as connection:
        remove_site(connection, site, who=who(space, reader), at=parse_now(now))
    print(site)
