"""The commands for Planet's scenes: what there is, and an order that is agreed to before it is placed."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sitewatch.cli._costs import Entered, check, reserved
from sitewatch.cli._progress import note, progress_bars, warn
from sitewatch.cli._values import parse_day, parse_now
from sitewatch.cli._workspace import DEFAULT, AsJson, InWorkspace, Now, Quiet
from sitewatch.errors import OptionError, OrderError

if TYPE_CHECKING:
    from sitewatch.archive import Cost, PlanetDelivery, PlanetListing, PlanetOrders, PlanetQuota, PlanetScene

__all__ = ["planet_app"]

planet_app = typer.Typer(
    no_args_is_help=True, help="PlanetScope scenes of a site (needs the extra `planet` and an account)."
)

_API = "https://api.planet.com"
_POLL_S = 15.0

SiteFile = Annotated[Path, typer.Argument(metavar="SITE.geojson", help="The outline: a GeoJSON feature with an id.")]
Until = Annotated[str | None, typer.Option(metavar="DATE", help="Last day, e.g. 2020-12-31.")]
MaxCloud = Annotated[
    float, typer.Option(metavar="SHARE", help="Largest cloud cover of a whole scene, 0 to 1, as its metadata say.")
]
MinKm2 = Annotated[
    float | None, typer.Option(metavar="KM2", help="The least that your contract charges for one cut scene, km2.")
]
ChargedOnce = Annotated[
    bool,
    typer.Option("--charged-once", help="Your plan charges an area once, however many scenes (Area Under Management)."),
]
Api = Annotated[str, typer.Option("--api", hidden=True, help="Address of Planet's APIs, for tests.")]


@planet_app.command(
    epilog="""
Example:

    sitewatch planet search plant.geojson --since 2024-01-01 --until 2024-06-30

Costs nothing. Credentials are those of Planet's own tools: PL_API_KEY, or `planet auth login` once.
"""
)
def search(
    site: SiteFile,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="First day, e.g. 2019-01-01.")] = None,
    until: Until = None,
    max_cloud: MaxCloud = 0.3,
    min_km2: MinKm2 = None,
    charged_once: ChargedOnce = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    api: Api = _API,
) -> None:
    """List the PlanetScope scenes of a site, and what it would cost to order them cut to it."""
    from sitewatch.archive import Cost, open_planet, planet_quota, search_planet
    from sitewatch.site import read_site

    start, end = parse_day("--since", since), parse_day("--until", until, end=True)
    if start is not None and end is not None and start > end:
        raise OptionError(f"--since {since} lies after --until {until}; exchange them")
    place = read_site(site)
    with progress_bars(quiet=quiet) as progress, open_planet(api=api) as link:
        progress("asking Planet", 0, 1)
        found = search_planet(link, place, since=start, until=end, max_cloud=max_cloud)
        quota = planet_quota(link)
        progress("asking Planet", 1, 1)
    cost = Cost(scenes=len(found.scenes), clip_km2=found.clip_km2, least_km2=min_km2, once=charged_once)
    if as_json:
        document = {
            "site": place.id,
            "clip": list(found.clip.bounds),
            "clip_km2": round(found.clip_km2, 4),
            "charged_km2": round(cost.km2, 4),
            "least_km2": cost.least_km2,
            "quota_left_km2": quota.left_km2,
            "quota": quota.told,
            "scenes": [{**scene.document(), "quota_km2": round(cost.each_km2, 4)} for scene in found.scenes],
            "left_out": list(found.faulty),
        }
        print(json.dumps(document, ensure_ascii=False, indent=1))
        return
    if found.scenes:
        _print_scenes(found.scenes, cost)
    _print_cost(found, cost, quota)


@planet_app.command(
    epilog="""
Example:

    sitewatch planet order plant.geojson --since 2024-01-01 --out planet --max-km2 50

    sitewatch watch plant.geojson --images planet --out plant

Run the same command again to go on where it ended; what was placed is never placed again. When all is there, it
orders only scenes that are new. Where there is a workspace, its caps refuse (`sitewatch cost cap`), and what is ordered
is entered into its costs.
"""
)
def order(
    site: SiteFile,
    since: Annotated[str, typer.Option(metavar="DATE", help="First day, e.g. 2019-01-01.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the images; made if missing.")],
    until: Until = None,
    max_cloud: MaxCloud = 0.3,
    max_km2: Annotated[
        float | None, typer.Option(metavar="N", help="Refuse an order that may be charged more, km2.")
    ] = None,
    min_km2: MinKm2 = None,
    charged_once: ChargedOnce = False,
    bands: Annotated[
        int | None,
        typer.Option(
            metavar="8|4", help="How many bands; default 8 if all scenes have 8, else 4, and as the folder has."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before the order is placed.")] = False,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="Order anew what failed or did not come whole, and fetch what was removed from the folder."
        ),
    ] = False,
    case: Annotated[
        str, typer.Option("--case", metavar="TITLE", help="Title of the case that it is ordered for, in the costs.")
    ] = "",
    wait: Annotated[int, typer.Option(metavar="MINUTES", help="How long to wait for Planet.", min=0)] = 240,
    quiet: Quiet = False,
    api: Api = _API,
    workspace: InWorkspace = DEFAULT,
    now: Now = None,
) -> None:
    """Order the PlanetScope scenes of a site, cut to it, into a folder that `sitewatch watch --images` reads."""
    from sitewatch.archive import Cost, PlanetOrders, PlanetWaiting, open_planet, planet_quota, search_planet
    from sitewatch.site import read_site

    start, end = parse_day("--since", since), parse_day("--until", until, end=True)
    if start is not None and end is not None and start > end:
        raise OptionError(f"--since {since} lies after --until {until}; exchange them")
    if max_km2 is not None and not max_km2 > 0:
        raise OptionError(f"--max-km2 must be an area in km2 above 0, got {max_km2:g}")
    moment = parse_now(now)
    orders = PlanetOrders(out, place := read_site(site))
    waiting = PlanetWaiting(poll_s=_POLL_S, longest_s=wait * 60.0)
    with open_planet(api=api) as link:
        agreed: list[PlanetScene] = []
        cost, chosen = None, 0
        if orders.unfinished:
            note(f"going on with {', '.join(orders.unfinished)}; nothing else is ordered in this run")
            if max_km2 is not None and orders.unplaced_km2 > max_km2:
                raise OptionError(
                    f"the order that was agreed to may be charged {orders.unplaced_km2:,.2f} km2, more than --max-km2 "
                    f"{max_km2:g}; allow more, or choose another --out"
                )
        else:
            found = search_planet(link, place, since=start, until=end, max_cloud=max_cloud)
            new = orders.new(found.scenes, again=again)
            chosen, agreed = orders.fitting(new, bands=bands)
            if len(agreed) < len(new):
                warn(
                    f"warning: {_scenes(len(new) - len(agreed))} cannot be had in {chosen} bands; order with --bands "
                    f"{12 - chosen} into another folder to have all alike"
                )
            cost = Cost(scenes=len(agreed), clip_km2=found.clip_km2, least_km2=min_km2, once=charged_once)
            if agreed:
                quota = planet_quota(link)
                _print_cost(found, cost, quota, known=len(found.scenes) - len(new))
                check(workspace, _charged(cost), site=place.id, case=case)
                _refuse_or_ask(cost, quota, max_km2=max_km2, yes=yes)
            else:
                already = f"; {len(found.scenes) - len(new)} are here already" if found.scenes else ""
                print(f"No scene to order{already}.")
                if not found.scenes:
                    return
        with orders.locked(), progress_bars(quiet=quiet) as progress:
            if agreed and cost is not None:
                if orders.unfinished or orders.new(agreed, again=again) != agreed:
                    raise OrderError(f"{out}: another run has ordered into this folder meanwhile; run it again")
                what = f"PlanetScope, {_scenes(cost.scenes)}"
                with reserved(workspace, _charged(cost), site=place.id, what=what, case=case, at=moment) as entered:
                    orders.agree(agreed, cost, bands=chosen, now=moment)
                    with _settled(entered, orders, moment):
                        brought = orders.finish(link, waiting=waiting, again=again, report=progress)
            else:
                brought = orders.finish(link, waiting=waiting, again=again, report=progress)
    _print_delivery(brought, ordered=bool(agreed))
    print(out)


@contextmanager
def _settled(entered: Entered, orders: PlanetOrders, agreed: dt.datetime) -> Iterator[None]:
    """However it ends, what was refused or failed is not counted, and what was placed is."""
    try:
        yield
    finally:
        scenes, km2 = orders.counting(agreed)
        entered.kept = {"km2": km2, "scenes": float(scenes)}


def _charged(cost: Cost) -> dict[str, float]:
    """What an order takes, in the units of caps."""
    return {"km2": cost.km2, "scenes": float(cost.scenes)}


def _refuse_or_ask(cost: Cost, quota: PlanetQuota, *, max_km2: float | None, yes: bool) -> None:
    if max_km2 is not None and cost.km2 > max_km2:
        raise OptionError(
            f"the order may be charged {cost.km2:,.2f} km2, more than --max-km2 {max_km2:g}; shorten the period, lower "
            "--max-cloud, or allow more"
        )
    if quota.left_km2 is not None and cost.km2 > quota.left_km2:
        raise OptionError(
            f"the order may be charged {cost.km2:,.2f} km2, more than the {quota.left_km2:,.2f} km2 that are left; "
            "shorten the period or lower --max-cloud (give --charged-once if your plan charges an area only once)"
        )
    if yes:
        return
    if not sys.stdin.isatty():
        raise OptionError("an order costs quota and needs a yes, and there is no terminal to ask at; give --yes")
    if not typer.confirm(f"Order {_scenes(cost.scenes)} for {cost.km2:,.2f} km2 of quota?", err=True):
        raise OptionError("nothing was ordered: the answer was no")


def _print_scenes(scenes: Sequence[PlanetScene], cost: Cost) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("captured (UTC)", no_wrap=True)
    table.add_column("scene", overflow="fold")
    table.add_column("satellite", no_wrap=True)
    for heading in ("bands", "clear", "pixel, m", "of site", "quota, km2"):
        table.add_column(heading, justify="right")
    for scene in scenes:
        table.add_row(
            f"{scene.captured:%Y-%m-%d %H:%M:%S}",
            Text(scene.id),
            Text(" ".join(part for part in (scene.satellite, scene.instrument) if part)),
            " ".join(map(str, scene.bands)),
            "" if scene.clear_share is None else f"{scene.clear_share:.0%}",
            "" if scene.pixel_m is None else f"{scene.pixel_m:g}",
            f"{scene.coverage:.0%}",
            f"{cost.each_km2:.2f}",
        )
    Console(highlight=False).print(table)


def _print_cost(found: PlanetListing, cost: Cost, quota: PlanetQuota, *, known: int = 0) -> None:
    """What would be ordered and charged, in sentences."""
    if not cost.scenes:
        print("No scene.")
    else:
        here = f" ({known} more are here already)" if known else ""
        print(f"{_scenes(cost.scenes)}{here}, {found.clip_km2:,.2f} km2 cut out of each.")
        how = "charged once" if cost.once else f"{cost.scenes} x {cost.each_km2:,.2f} km2"
        print(f"Charged against the quota: {cost.km2:,.2f} km2 ({how}).")
        if cost.least_km2 is None:
            print("A contract may charge more for a small cut (100 km2 in some): give its least with --min-km2.")
    print(f"Quota left: {quota.told}.")
    if found.cut_off:
        warn(f"warning: Planet lists more than {len(found.scenes)} scenes; shorten the period")
    if found.faulty:
        more = f" ({len(found.faulty) - 1} more)" if len(found.faulty) > 1 else ""
        warn(f"warning: {len(found.faulty)} items are left out: {found.faulty[0]}{more}")


def _scenes(number: int) -> str:
    return "1 scene" if number == 1 else f"{number} scenes"


def _print_delivery(brought: PlanetDelivery, *, ordered: bool) -> None:
    """What came; an error where something was ordered and nothing did."""
    for name in brought.found:
        print(f"{name} had been placed before; it was not placed again.")
    if brought.scenes or ordered:
        print(f"{_scenes(len(brought.scenes))} came.")
    for what, told in (("not delivered", brought.missing), ("not usable", brought.faulty)):
        for identifier, reason in list(told.items())[:10]:
            warn(f"warning: {identifier} is {what}: {reason}")
        if len(told) > 10:
            warn(f"warning: {len(told) - 10} more are {what}")
    if brought.unchecked:
        warn(f"warning: {_scenes(brought.unchecked)} came without a checksum of Planet's to compare")
    if (brought.missing or brought.faulty) and not brought.scenes:
        raise OrderError("none of the scenes that were expected came; run it again, or with --again to order them anew")
