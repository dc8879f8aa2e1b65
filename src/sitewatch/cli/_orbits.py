"""What passes are predicted from: elements and sensors, of files, the environment or the workspace."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sitewatch.cli._progress import note, warn
from sitewatch.cli._values import parse_day
from sitewatch.cli._workspace import is_workspace, opened
from sitewatch.errors import CatalogError, InputError, OptionError

if TYPE_CHECKING:
    from sitewatch.planning import Elements, FetchedElements, Sensor
    from sitewatch.workspace import Workspace

__all__ = [
    "AnySite",
    "OrbitFiles",
    "SensorsFile",
    "carried",
    "elements_of",
    "sensors_of",
    "settled_elements",
    "tell_missing",
    "window_end",
]

_MOST_DAYS = 366

AnySite = Annotated[
    str, typer.Argument(metavar="SITE", help="A site of the workspace, or a SITE.geojson, which needs none.")
]
OrbitFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--elements",
        metavar="FILE",
        help="Orbital elements (two-line or OMM); any number. Default: the workspace's setting.",
    ),
]
SensorsFile = Annotated[
    Path | None,
    typer.Option(
        "--sensors", metavar="FILE", help="Further constellations, with their pixels and costs (TOML or JSON)."
    ),
]


def elements_of(files: Sequence[Path], workspace: str, now: dt.datetime) -> tuple[Elements, ...]:
    """The elements of files, else of the address that the environment or the workspace tells, fetched and kept there.

    Raises:
        OptionError: there are neither.
    """
    from sitewatch.planning import read_elements

    if files:
        return tuple(one for file in files for one in read_elements(file))
    if is_workspace(workspace):
        with opened(workspace) as space:
            fetched = _fetched(space, now)
        if fetched is not None:
            return fetched.elements
    raise OptionError(
        "there are no orbital elements to predict passes from: give --elements FILE (two-line elements or OMM), or "
        'write elements = "https://..." into sitewatch.toml of the workspace'
    )


def settled_elements(space: Workspace, now: dt.datetime) -> tuple[Elements, ...]:
    """The elements that a workspace settles; none where it does not, or its address gives none, which is told."""
    try:
        fetched = _fetched(space, now)
    except CatalogError as error:
        warn(f"warning: {error}; silent catalogs are held against their own record alone")
        return ()
    return () if fetched is None else fetched.elements


def _fetched(space: Workspace, now: dt.datetime) -> FetchedElements | None:
    from sitewatch.planning import fetch_elements

    address = os.environ.get("SITEWATCH_ELEMENTS") or space.elements
    if address is None:
        return None
    fetched = fetch_elements(address, space.folder / "elements.json", now=now)
    if fetched.told is not None:
        note(fetched.told)
    return fetched


def sensors_of(file: Path | None) -> tuple[Sensor, ...]:
    """The built-in sensors and those of a file; a sensor of the file goes before one of its name."""
    from sitewatch.planning import SENSORS, read_sensors

    own = () if file is None else read_sensors(file)
    names = [sensor.name for sensor in own]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{file}: tells sensor {twice!r} twice; give each a name of its own")
    return (*(sensor for sensor in SENSORS if sensor.name not in names), *own)


def window_end(text: str | None, begin: dt.datetime, *, days: int) -> dt.datetime:
    """`--until`: the end of the window; without it so many days on.

    Raises:
        OptionError: it lies before the begin, or more than a year after it.
    """
    end = parse_day("--until", text, end=True) or begin + dt.timedelta(days=days)
    if end <= begin:
        raise OptionError(f"--until {end:%Y-%m-%d} must lie after --since {begin:%Y-%m-%d}; exchange them")
    if (end - begin).days > _MOST_DAYS:
        raise OptionError(f"the window must be a year at most, got {(end - begin).days} days; shorten it")
    return end


def carried(sensors: Sequence[Sensor], elements: Sequence[Elements]) -> tuple[Sensor, ...]:
    """The sensors of whose satellites there are elements."""
    return tuple(s for s in sensors if any(s.satellite(e.number, e.name) is not None for e in elements))


def tell_missing(sensors: Sequence[Sensor], elements: Sequence[Elements]) -> None:
    """Note the sensors whose passes are not told for want of elements."""
    there = carried(sensors, elements)
    missing = [s.name for s in sensors if s not in there]
    if missing and there:
        note(f"no elements of {', '.join(missing)}: their passes are not told")
