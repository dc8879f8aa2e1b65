"""`sitewatch looks wait`: how long until the first clear look, with what is free and with each thing added to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sitewatch.cli._asked import asked_of
from sitewatch.cli._draw import check_picture, draw
from sitewatch.cli._orbits import (
    AnySite,
    OrbitFiles,
    SensorsFile,
    carried,
    elements_of,
    sensors_of,
    tell_missing,
    window_end,
)
from sitewatch.cli._sky import ForecastFiles, Sky, sky_over, told_time
from sitewatch.cli._text import say
from sitewatch.cli._values import parse_day, parse_now
from sitewatch.cli._workspace import DEFAULT, AsJson, FromFolder, InWorkspace, Now, print_json, print_table

if TYPE_CHECKING:
    from sitewatch.planning import Elements, Sensor, Wait, Waits
    from sitewatch.site import Site

__all__ = ["WAIT_EXAMPLES", "SiteWaits", "wait", "waits_over"]

WAIT_EXAMPLES = """
Examples:

    sitewatch looks wait plant.geojson --elements s2.tle --elements landsat.tle

    sitewatch looks wait plant --sensors skysat.toml --picture waits.svg

    sitewatch looks wait plant --since 2026-12-01 --until 2027-02-28 --json

    sitewatch looks wait plant --forecast clouds.json --until 2026-10-03
"""

_DAYS = 30
"""Days on which something may be erected, unless they are told."""
_COLUMNS = (1, 3, 7, 14, 30)
_LEVEL = 0.8


@dataclass(frozen=True, kw_only=True)
class SiteWaits:
    """The waits at a site, and what they rest on."""

    waits: Waits
    since: dt.datetime
    """First start."""
    until: dt.datetime
    """Before which the last start lies."""
    free: tuple[str, ...]
    """Sensors that are what is free."""
    options: tuple[Sensor, ...]
    """In the order of `waits.options`."""

    @property
    def sentence(self) -> str:
        """The comparison, as a sentence."""
        told = self.waits.sentence(level=_LEVEL)
        return f"{told[0].upper()}{told[1:]}."

    def document(self) -> dict[str, Any]:
        """For JSON."""
        options = zip(self.options, self.waits.options.items(), strict=True)
        return {
            "starts": {"since": told_time(self.since), "until": told_time(self.until)},
            "horizon_days": self.waits.free.horizon,
            "sentence": self.sentence,
            "free": {"sensors": list(self.free), **_document(self.waits.free)},
            "options": [
                {
                    "name": name,
                    "sensor": one.name,
                    "radar": one.min_sun is None,
                    "free": one.cost == 0,
                    "cost": one.cost,
                    **_document(told),
                }
                for one, (name, told) in options
            ],
        }


def wait(
    site: AnySite,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="First day of an erection; default now.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Last such day; default 30 days on.")] = None,
    elements: OrbitFiles = None,
    sensors: SensorsFile = None,
    forecast: ForecastFiles = None,
    record: FromFolder = None,
    stale: Annotated[
        bool, typer.Option("--stale", help="Use also elements that are more than a year from these days.")
    ] = False,
    picture: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Draw the waits as curves.")] = None,
    as_json: AsJson = False,
    workspace: InWorkspace = DEFAULT,
    now: Now = None,
) -> None:
    """Tell how long something stands before a clear look comes: with what is free, and with each option added to it.

    What is free are the cameras that cost nothing. Options are free radar, which may not show the thing, and each
    constellation of --sensors. Something is erected at any moment of the days asked about.
    """
    moment = parse_now(now)
    begin = parse_day("--since", since) or moment
    end = window_end(until, begin, days=_DAYS)
    if picture is not None:
        check_picture(picture)
    known = asked_of(site, record, None, workspace, None if now is None else moment)
    every, orbits = sensors_of(sensors), elements_of(elements or (), workspace, moment)
    tell_missing(every, orbits)
    sky = sky_over(known, every, forecast or (), moment)
    found = waits_over(known.record.site, orbits, every, sky, since=begin, until=end, stale=stale)
    caveats = known.caveats
    if picture is not None:
        from sitewatch.report import waits_picture

        title = f"Until the first clear look at {known.record.site.name}"
        draw(picture, waits_picture(found.waits, title=title, caveats=caveats))
    if as_json:
        print_json(
            {
                "site": known.record.site.id,
                "simulated": known.record.simulated,
                **found.document(),
                "weather": sky.document(begin),
            }
        )
        return
    for sentence in caveats:
        say(sentence)
    _print(found, sky)
    if picture is not None:
        print(picture)


def waits_over(
    site: Site, elements: Sequence[Elements], sensors: Sequence[Sensor], sky: Sky, *,
    since: dt.datetime, until: dt.datetime, stale: bool,
) -> SiteWaits:  # fmt: skip
    """The waits for something that is erected at any moment from `since` to `until`.

    Raises:
        OptionError: elements are more than a year away, or of no satellite of the sensors.
    """
    from sitewatch.planning import WAIT_DAYS, free_sensors, rhythm, site_waits

    there = carried(sensors, elements)
    found = rhythm(
        site, elements, there or sensors, since=since, until=until + dt.timedelta(days=WAIT_DAYS), stale=stale
    )
    told = site_waits(found, there, sky.odds, since=since, until=until)
    base = free_sensors(there)
    return SiteWaits(
        waits=told,
        since=since,
        until=until,
        free=tuple(one.name for one in base),
        options=tuple(one for one in there if one not in base),
    )


def _document(told: Wait) -> dict[str, Any]:
    return {
        "within": {str(days): round(told.by(float(days)), 4) for days in _COLUMNS},
        "days_8_of_10": told.days_for(_LEVEL),
        "days_5_of_10": told.days_for(0.5),
        "mean_days_at_most_horizon": round(told.mean, 2),
        "unseen_within_horizon": round(told.unseen, 4),
        "by_day": [round(chance, 4) for chance in told.within],
    }


def _print(found: SiteWaits, sky: Sky) -> None:
    from sitewatch.planning import FREE

    rows = [_row(FREE, found.waits.free), *(_row(f"+ {name}", told) for name, told in found.waits.options.items())]
    days = [f"{n} day{'' if n == 1 else 's'}>" for n in _COLUMNS]
    print_table(["seen within", *days, "8 of 10 within>"], rows, none="")
    say(found.sentence)
    say(
        f"Erected at any moment from {found.since:%Y-%m-%d} to {found.until:%Y-%m-%d}. "
        + (f"What is free: {', '.join(found.free)}." if found.free else "Of what is free there are no elements.")
    )
    if any(one.cost == 0 for one in found.options):
        say("Free radar stands apart: it sees through cloud, and whether it shows what is built depends on the thing.")
    say(
        "Passes are the rhythm of the satellites, carried on beyond the 14 days for which elements tell single times: "
        "good for how long waits are, not for when."
    )
    for sentence in sky.sentences(found.since):
        say(sentence)


def _row(name: str, told: Wait) -> tuple[str, ...]:
    days = told.days_for(_LEVEL)
    last = f"over {told.horizon:g} days" if days is None else f"{days} day{'' if days == 1 else 's'}"
    return (name, *(f"{told.by(float(n)):.0%}" for n in _COLUMNS), last)
