"""Sensors from a file: constellations that are not built in."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sitewatch.errors import InputError, OptionError
from sitewatch.planning._files import read_bytes
from sitewatch.planning._sensors import Direction, Sensor, Side

__all__ = ["read_sensors"]

_MAX_BYTES = 1024 * 1024

_Number = Annotated[float, Field(allow_inf_nan=False)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: Annotated[str, Field(min_length=1, max_length=60)]
    norad: list[Annotated[int, Field(gt=0)]] = []
    satellites: str | None = None
    max_off_nadir: _Number | None = None
    min_off_nadir: _Number = 0.0
    swath_km: _Number | None = None
    side: Side = "either"
    directions: list[Literal["ascending", "descending"]] = ["ascending", "descending"]
    day_only: bool = True
    min_sun_elevation: Annotated[float, Field(ge=-90, le=90)] | None = None
    pixel_m: Annotated[float, Field(gt=0, le=100_000)] | None = None
    cost: Annotated[float, Field(ge=0, le=1e12)] | None = None
    source: str = ""


def read_sensors(path: Path) -> tuple[Sensor, ...]:
    """The sensors of a TOML file, or of a JSON file of the same fields.

        [[sensor]]
        name = "skysat"
        satellites = "SKYSAT*"      # names in the elements; or norad = [39418, 40072]
        max_off_nadir = 30          # degrees it can be tasked to; or swath_km = 24 for what only looks down
        min_off_nadir = 0
        side = "either"             # "left" or "right" of the flight for radar
        directions = ["ascending", "descending"]
        day_only = true             # false for radar
        min_sun_elevation = 10      # degrees; 0 where it is left out and day_only
        pixel_m = 0.5
        cost = 500                  # of one image of a site, in your money, 0 to 1e12

    Raises:
        InputError: the file cannot be read, is neither, or a field is missing, unknown or out of its range.
    """
    content = read_bytes(path, limit=_MAX_BYTES)
    try:
        text = content.decode("utf-8-sig")
        told = json.loads(text) if text.lstrip()[:1] in ("{", "[") and path.suffix != ".toml" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is neither TOML nor JSON ({error}); mend it") from error
    entries = told.get("sensor") if isinstance(told, Mapping) else told
    if not isinstance(entries, list) or not entries:
        raise InputError(f"{path}: names no sensor; write each below a line [[sensor]]")
    return tuple(_sensor(path, number, entry) for number, entry in enumerate(entries, start=1))


def _sensor(path: Path, number: int, told: object) -> Sensor:
    try:
        entry = _Entry.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path}, sensor {number}: {key or 'entry'}: {first['msg']}; correct it") from error
    directions: frozenset[Direction] = frozenset(entry.directions)
    try:
        return Sensor(
            name=entry.name,
            satellites={
                norad: f"{entry.name} {norad}" if len(entry.norad) > 1 else entry.name for norad in entry.norad
            },
            pattern=entry.satellites,
            off_nadir=None if entry.max_off_nadir is None else (entry.min_off_nadir, entry.max_off_nadir),
            swath_km=entry.swath_km,
            side=entry.side,
            directions=directions,
            min_sun=(entry.min_sun_elevation or 0.0) if entry.day_only else None,
            pixel=entry.pixel_m,
            cost=entry.cost,
            source=entry.source,
        )
    except OptionError as error:
        raise InputError(f"{path}, sensor {number}: {error}") from error
