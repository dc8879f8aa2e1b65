"""The commands. Each imports the rooms it needs when it runs, so that `--help` answers at once."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sitewatch import __version__
from sitewatch.cli._progress import note, progress_bars, warn
from sitewatch.cli._values import Catalog, parse_bands, parse_budget, parse_catalogs, parse_day, parse_now
from sitewatch.errors import CatalogError, InputError, OptionError, SitewatchError

if TYPE_CHECKING:
    from sitewatch.archive import Listing
    from sitewatch.cube import Asking, Gaps, Look
    from sitewatch.site import Site

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

    sitewatch watch plant.geojson --catalog earth-search --catalog planetary-computer --out plant

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
    search_all: Annotated[
        bool, typer.Option("--search-all", help="Search all looks anew, not only what was added since the last run.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    now: Now = None,
) -> None:
    """Find what was erected or taken down at a site, and between which looks."""
    from sitewatch.archive import list_folder, read_memory
    from sitewatch.cli._summary import print_summary
    from sitewatch.site import read_site
    from sitewatch.watch import hold_output, write_outputs
    from sitewatch.watch import watch as watch_site

    images, catalogs = _one_source(context, images, catalog or [])
    if images is not None and (collection or bands) and _flagged(context, "collection", "bands"):
        raise OptionError("--collection and --bands belong to --catalog; a folder tells its bands itself")
    start, end = parse_day("--since", since), parse_day("--until", until, end=True)
    if start is not None and end is not None and start > end:
        raise OptionError(f"--since {since} lies after --until {until}; exchange them")
    moment, budget = parse_now(now), parse_budget(false_alarms)
    place = read_site(site)
    with progress_bars(quiet=quiet) as progress:
        if images is not None:
            progress("listing scenes", 0, 1)
            listing = list_folder(images, since=start, until=end)
            progress("listing scenes", 1, 1)
        else:
            listing = _ask(
                parse_catalogs(catalogs, collection or []), place, since=start, until=end, bands=parse_bands(bands),
                progress=progress,
            )  # fmt: skip
        with hold_output(out):
            kept = out / "search.npz"
            if search_all:
                with contextlib.suppress(OSError):  # that it cannot be written to is told when it is written to
                    for file in (kept, *out.glob("search-*.npz")):
                        file.unlink(missing_ok=True)
            watched = watch_site(
                place,
                listing,
                archive=out / "archive",
                now=moment,
                false_alarms=budget,
                pixel=pixel,
                since=start,
                until=end,
                kept=kept,
                previous=read_memory(out / "archive"),
                progress=progress,
            )
            report = write_outputs(watched, out, progress=progress)
    print_summary(watched, report, as_json=as_json)
    for name, reason in listing.unanswered.items():
        warn(f"warning: {name} did not answer: {reason}" if listing.asked else f"error: {reason}")
    if watched.answer.exit_code:
        raise typer.Exit(watched.answer.exit_code)


def _ask(
    catalogs: Sequence[Catalog],
    site: Site,
    *,
    since: dt.datetime | None,
    until: dt.datetime | None,
    bands: Mapping[str, str] | None,
    progress: Callable[[str, int, int], None],
) -> Listing:
    """What the catalogs list, as one listing; those that do not answer are named in it."""
    from sitewatch.archive import Listing, catalog_name, reconcile, search_catalog

    listings = []
    unanswered = {}
    for number, catalog in enumerate(catalogs):
        stage = "asking the catalog" if len(catalogs) == 1 else "asking the catalogs"
        progress(stage, number, len(catalogs))
        name = catalog.name or catalog_name(catalog.url, catalog.collection)
        try:
            listings.append(
                search_catalog(catalog.url, catalog.collection, site, since=since, until=until, bands=bands, name=name)
            )
        except CatalogError as error:
            unanswered[name] = str(error)
        else:
            progress(stage, number + 1, len(catalogs))
    return reconcile(listings, unanswered=unanswered) if listings else Listing(scenes=(), unanswered=unanswered)


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
    from sitewatch.watch import hold_output, write_outputs
    from sitewatch.watch import watch as watch_site

    scenes, results = out / f"scenes-{__version__}-{seed}", out / f"watch-{__version__}-{seed}"
    if not (scenes / "truth.geojson").exists():
        simulate(scenes, seed=seed, quiet=quiet)
    note(f"sitewatch watch {scenes}/site.geojson --images {scenes}/images --out {results}")
    with progress_bars(quiet=quiet) as progress, hold_output(results):
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
    from sitewatch.watch import hold_output, reopen, write_outputs

    if not out.is_dir():
        raise InputError(f"{out}: there is no such folder; give one that `sitewatch watch` wrote")
    with progress_bars(quiet=quiet) as progress, hold_output(out):
        page = write_outputs(reopen(out, now=parse_now(now), progress=progress), out, progress=progress)
    print(page)


@looks_app.command(
    "list",
    epilog="""
Examples:

    sitewatch looks list plant

    sitewatch looks list plant --json

    sitewatch looks list plant --gaps

    sitewatch looks list plant --picture looks.svg
""",
)
def looks_list(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A folder that `sitewatch watch` wrote.")],
    as_json: AsJson = False,
    gaps: Annotated[
        bool, typer.Option("--gaps", help="Only the long stretches without a used look, and why there is none.")
    ] = False,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="Draw all looks as a calendar strip into this file.")
    ] = None,
) -> None:
    """List what every scene gave: used, could not see, rejected or failed, and why."""
    from sitewatch.cli._summary import print_gaps, print_looks
    from sitewatch.cube import find_gaps, gap_document, looks_document, read_looks

    looks = read_looks(out / "looks.geojson")
    asking = _asking(out / "looks.geojson")
    found = find_gaps(looks, start=asking.since, end=asking.end)
    if picture is not None:
        _draw(picture, out, looks, found)
    if as_json:
        features: Any = looks_document(looks)["features"]
        print(
            json.dumps(
                [gap_document(g) for g in found.found] if gaps else [f["properties"] for f in features], indent=1
            )
        )
        return
    if not gaps:
        print_looks(looks)
    print_gaps(found)
    if picture is not None:
        print(picture)


def _asking(ledger: Path) -> Asking:
    """Whom the run behind a looks.geojson asked; what the file does not tell counts as open."""
    from sitewatch.cube import Asking, read_looks_head

    try:
        return Asking.read(read_looks_head(ledger), run=parse_now(None))
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{ledger}: its head is damaged ({error}); run `sitewatch watch` again") from error


def _draw(picture: Path, out: Path, looks: Sequence[Look], gaps: Gaps) -> None:
    from sitewatch.errors import OutputError
    from sitewatch.report import calendar_picture
    from sitewatch.site import read_site

    if picture.suffix.lower() != ".svg":
        raise OptionError(
            f"--picture must be a file that ends in .svg, got {picture.name!r}; other formats are not drawn"
        )
    drawn = calendar_picture(looks, gaps, title=f"Looks of {read_site(out / 'site.geojson').name}")
    try:
        picture.write_text(drawn, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{picture}: cannot be written ({error.strerror}); choose another file") from error
