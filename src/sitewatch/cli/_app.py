"""The commands. Each imports the rooms it needs when it runs, so that `--help` answers at once."""

from __future__ import annotations

import atexit
import gc
import sys
from pathlib import Path
from typing import Annotated

import typer

from sitewatch import __version__
from sitewatch.cli._assess import ASSESS_EXAMPLES, assess
from sitewatch.cli._cases import case_app, claim_app
from sitewatch.cli._costs import cost_app
from sitewatch.cli._events import event_app
from sitewatch.cli._exchange import BACKUP_EXAMPLES, EXPORT_EXAMPLES, IMPORT_EXAMPLES, backup, export, import_
from sitewatch.cli._expansion import EXPANSION_EXAMPLES, expansion
from sitewatch.cli._forecast import forecast_app
from sitewatch.cli._issue import ISSUE_EXAMPLES, issue
from sitewatch.cli._looks import looks_app
from sitewatch.cli._next import NEXT_EXAMPLES, next_
from sitewatch.cli._odds import ODDS_EXAMPLES, odds
from sitewatch.cli._planet import planet_app
from sitewatch.cli._progress import note, progress_bars, warn
from sitewatch.cli._register import register_app
from sitewatch.cli._reviews import HISTORY_EXAMPLES, history, review_app
from sitewatch.cli._series import SERIES_EXAMPLES, series
from sitewatch.cli._sites import init, site_app
from sitewatch.cli._structures import STRUCTURES_EXAMPLES, structure_app, structures
from sitewatch.cli._values import check_text, parse_now
from sitewatch.cli._wait import WAIT_EXAMPLES, wait
from sitewatch.cli._watch import WATCH_EXAMPLES, watch
from sitewatch.cli._workspace import Now, Quiet
from sitewatch.errors import InputError, SitewatchError

__all__ = ["app", "main"]

app = typer.Typer(
    name="sitewatch",
    help="What was erected or taken down at a watched site, and between which satellite images.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
looks_app.command("next", epilog=NEXT_EXAMPLES)(next_)
looks_app.command("wait", epilog=WAIT_EXAMPLES)(wait)
looks_app.command("odds", epilog=ODDS_EXAMPLES)(odds)
app.add_typer(looks_app, name="looks")
app.add_typer(planet_app, name="planet")
app.command(epilog="Example:\n\n    sitewatch init")(init)
app.command(epilog=WATCH_EXAMPLES)(watch)
app.add_typer(site_app, name="site")
app.command(epilog=STRUCTURES_EXAMPLES)(structures)
app.add_typer(structure_app, name="structure")
app.add_typer(review_app, name="review")
app.command(epilog=HISTORY_EXAMPLES)(history)
structure_app.command("series", epilog=SERIES_EXAMPLES)(series)
app.add_typer(event_app, name="event")
app.add_typer(cost_app, name="cost")
forecast_app.command("issue", epilog=ISSUE_EXAMPLES)(issue)
forecast_app.add_typer(register_app)
app.add_typer(forecast_app, name="forecast")
app.add_typer(case_app, name="case")
app.add_typer(claim_app, name="claim")
app.command(epilog=EXPANSION_EXAMPLES)(expansion)
app.command(epilog=ASSESS_EXAMPLES)(assess)
app.command(epilog=EXPORT_EXAMPLES)(export)
app.command("import", epilog=IMPORT_EXAMPLES)(import_)
app.command(epilog=BACKUP_EXAMPLES)(backup)


def main() -> None:
    """Run the command line; errors raised on purpose become one sentence and their exit code."""
    # What is left at the end goes with the process: to search it for cycles first takes as long as many an answer.
    atexit.register(gc.freeze)
    try:
        for argument in sys.argv:
            check_text(argument)
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
