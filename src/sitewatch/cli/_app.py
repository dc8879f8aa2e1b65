"""The commands. Each imports the rooms it needs when it runs, so that `--help` answers at once."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from sitewatch import __version__
from sitewatch.cli._progress import note, progress_bars, warn
from sitewatch.cli._values import parse_bands, parse_budget, parse_catalog, parse_day, parse_now
from sitewatch.errors import CatalogError, OptionError, SitewatchError

__all__ = ["app", "main"]

app = typer.Typer(
    name="sitewatch",
    help="What was erected or taken down at a watched site, and between which satellite images.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
looks_app = typer.Typer(no_args_is_help=True, help="The ledger of looks: what every listed scene gave.")
app.add_typer(looks_app, name="looks")


def main() -> None:
    """Run the command line; errors raised on purpose become one sentence and their exit code."""
    try:
        app()
    except SitewatchError as error:
        warn(f"error: {error}")
        sys.exit(error.exit_code)


def _version(value: bool) -> None:
    if value:
        print(f"sitewatch {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    pass


SiteFile = Annotated[Path, typer.Argument(metavar="SITE.geojson", help="The outline: a GeoJSON feature with an id.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Now = Annotated[str | None, typer.Option("--now", hidden=True, help="Time of the run (ISO 8601), for replays.")]


@app.command(
    epilog="""
Examples:

    sitewatch watch plant.geojson --images pictures/ --out plant

    sitewatch watch plant.geojson --catalog earth-search --since 2019-01-01 --out plant

Exit codes: 0 looked and compared, 1 a failure, 2 bad input, 3 nothing could be seen, 4 could not look.
"""
)
def watch(
    context: typer.Context,
    site: SiteFile,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results; made if missing.")],
    images: Annotated[
        Path | None,
        typer.Option(help="Folder of dated images (GeoTIFF, COG, JPEG 2000; PNG, JPEG).", envvar="SITEWATCH_IMAGES"),
    ] = None,
    catalog: Annotated[
        str | None,
        typer.Option(
            help="Address of a STAC API, or a preset: earth-search, planetary-computer.", envvar="SITEWATCH_CATALOG"
        ),
    ] = None,
    collection: Annotated[
        str | None, typer.Option(help="Collection in that catalog; presets have one.", envvar="SITEWATCH_COLLECTION")
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
            help="Which assets of the catalog's items to read, e.g. red=B04,nir=B08,scl=SCL.",
            envvar="SITEWATCH_BANDS",
        ),
    ] = None,
    search_all: Annotated[
        bool, typer.Option("--search-all", help="Search all looks anew, not only what was added since the last run.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    now: Now = None,
) -> None:
    """Find what was erected or taken down at a site, and between which looks."""
    from sitewatch.archive import Listing, list_folder, search_catalog
    from sitewatch.cli._summary import print_summary
    from sitewatch.site import read_site
    from sitewatch.watch import watch as watch_site
    from sitewatch.watch import write_outputs

    images, catalog = _one_source(context, images, catalog)
    if images is not None and (collection or bands) and _flagged(context, "collection", "bands"):
        raise OptionError("--collection and --bands belong to --catalog; a folder tells its bands itself")
    start, end = parse_day("--since", since), parse_day("--until", until, end=True)
    if start is not None and end is not None and start > end:
        raise OptionError(f"--since {since} lies after --until {until}; exchange them")
    moment = parse_now(now)
    place = read_site(site)
    unanswered = None
    with progress_bars(quiet=quiet) as progress:
        if images is not None:
            progress("listing scenes", 0, 1)
            listing = list_folder(images, since=start, until=end)
            progress("listing scenes", 1, 1)
        else:
            try:
                url, name = parse_catalog(str(catalog), collection)
                progress("asking the catalog", 0, 1)
                listing = search_catalog(url, name, place, since=start, until=end, bands=parse_bands(bands))
                progress("asking the catalog", 1, 1)
            except CatalogError as error:
                unanswered, listing = error, Listing(scenes=())
        kept = out / "search.npz"
        if search_all:
            with contextlib.suppress(OSError):  # a folder that cannot be written to is told of when it is written to
                kept.unlink(missing_ok=True)
        watched = watch_site(
            place,
            listing,
            archive=out / "archive",
            now=moment,
            false_alarms=parse_budget(false_alarms),
            pixel=pixel,
            since=start,
            until=end,
            kept=kept,
            progress=progress,
        )
        report = write_outputs(watched, out, progress=progress)
    print_summary(watched, report, as_json=as_json)
    if unanswered is not None:
        warn(f"error: {unanswered}")
    if watched.answer.exit_code:
        raise typer.Exit(watched.answer.exit_code)


def _one_source(context: typer.Context, images: Path | None, catalog: str | None) -> tuple[Path | None, str | None]:
    """Folder or catalog: a flag beats the environment, and one of them it must be."""
    if images is not None and catalog is not None and _flagged(context, "images") != _flagged(context, "catalog"):
        return (images, None) if _flagged(context, "images") else (None, catalog)
    if (images is None) == (catalog is None):
        raise OptionError("give either --images DIR or --catalog URL: where the scenes are")
    return images, catalog


def _flagged(context: typer.Context, *names: str) -> bool:
    """True where one of the options was given on the command line itself."""
    sources = (context.get_parameter_source(name) for name in names)
    return any(source is not None and source.name == "COMMANDLINE" for source in sources)


@app.command(epilog="Example:\n\n    sitewatch simulate facility --seed 7")
def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to make; must not exist or be empty.")],
    seed: Annotated[int, typer.Option(help="Another seed is another place.", min=0)] = 1,
    looks: Annotated[int, typer.Option(help="Number of scenes.", min=8, max=600)] = 150,
    years: Annotated[float, typer.Option(help="Length of the record.", min=0.25, max=12)] = 3.0,
    size: Annotated[int, typer.Option(help="Edge of the scenes, pixels of 10 m.", min=48, max=1024)] = 256,
    null: Annotated[bool, typer.Option("--null", help="Nothing is built or taken down; all distractors stay.")] = False,
    quiet: Quiet = False,
) -> None:
    """Make a facility with known truth: images, site.geojson and truth.geojson."""
    from sitewatch.simulate import Recipe
    from sitewatch.simulate import simulate as make
    from sitewatch.simulate import write as write_world

    recipe = Recipe(seed=seed, size=size, looks=looks, years=years)
    with progress_bars(quiet=quiet) as progress:
        world = make(recipe.null() if null else recipe)
        write_world(world, out, progress=lambda done, of: progress("rendering scenes", done, of))
    print(out)


@app.command(epilog="Example:\n\n    sitewatch demo")
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the demo.")] = Path("sitewatch-demo"),
    seed: Annotated[int, typer.Option(help="Another seed is another place.", min=0)] = 1,
    quiet: Quiet = False,
) -> None:
    """Simulate a facility, watch it as a user would, and set what was found beside the truth.

    The scenes of a demo are kept, so that a second one starts at once.
    """
    from sitewatch.archive import list_folder
    from sitewatch.cli._demo import compare, print_comparison
    from sitewatch.cli._summary import print_findings
    from sitewatch.site import read_site
    from sitewatch.watch import watch as watch_site
    from sitewatch.watch import write_outputs

    scenes, results = out / f"scenes-{__version__}-{seed}", out / f"watch-{__version__}-{seed}"
    if not (scenes / "truth.geojson").exists():
        simulate(scenes, seed=seed, quiet=quiet)
    note(f"sitewatch watch {scenes}/site.geojson --images {scenes}/images --out {results}")
    with progress_bars(quiet=quiet) as progress:
        watched = watch_site(
            read_site(scenes / "site.geojson"),
            list_folder(scenes / "images"),
            archive=results / "archive",
            now=parse_now(None),
            progress=progress,
        )
        page = write_outputs(watched, results, progress=progress)
    print_findings(watched)
    print_comparison(*compare(scenes / "truth.geojson", watched.structures))
    print(page)
    if watched.answer.exit_code:
        raise typer.Exit(watched.answer.exit_code)


@app.command(epilog="Example:\n\n    sitewatch report plant")
def report(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A folder that `sitewatch watch` wrote.")],
    quiet: Quiet = False,
    now: Now = None,
) -> None:
    """Write the report of an earlier run anew, from its own files and archive."""
    from sitewatch.watch import reopen, write_outputs

    with progress_bars(quiet=quiet) as progress:
        page = write_outputs(reopen(out, now=parse_now(now), progress=progress), out, progress=progress)
    print(page)


@looks_app.command(
    "list", epilog="Examples:\n\n    sitewatch looks list plant\n\n    sitewatch looks list plant --json"
)
def looks_list(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A folder that `sitewatch watch` wrote.")],
    as_json: AsJson = False,
) -> None:
    """List what every scene gave: used, could not see, rejected or failed, and why."""
    from sitewatch.cli._summary import print_looks
    from sitewatch.cube import looks_document, read_looks

    looks = read_looks(out / "looks.geojson")
    if as_json:
        print(json.dumps([f["properties"] for f in looks_document(looks)["features"]], indent=1))  # type: ignore[attr-defined]
    else:
        print_looks(looks)
