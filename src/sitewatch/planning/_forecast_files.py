"""Files of cloud forecasts: Open-Meteo's JSON, NetCDF and GRIB."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pyproj import Geod

from sitewatch.archive import PointValue, read_at_point
from sitewatch.errors import InputError
from sitewatch.planning._files import decoded, read_bytes
from sitewatch.planning._weather import DEFAULT_LINE, CoverForecast, CoverLine

__all__ = ["read_cloud_forecast"]

_COVERS = ("cloud_cover", "cloudcover")
"""Open-Meteo's hourly variable, percent; the second until 2023."""
_VARIABLES = frozenset({"tcc", "clt", "tcdc", "cloud_cover", "cloudcover", "total_cloud_cover", "cloud_area_fraction"})
"""Total cloud cover in NetCDF (ECMWF, CMIP) and GRIB (NCEP), in small letters."""
_WHOLE_SKY = ("EATM", "SFC", "NTAT")
"""Levels of GRIB that hold the cover of the whole sky."""
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_MOST = 20_000
"""Values: two years of hours."""
_YEARS = (1950, 2200)
_FAR_KM = 100.0
"""Open-Meteo tells the middle of the cell that it answers for: a place farther from it lies in no cell of any model."""


def read_cloud_forecast(
    path: Path, *, longitude: float, latitude: float, line: CoverLine = DEFAULT_LINE
) -> CoverForecast:
    """The total cloud cover that a file forecasts at a place.

    Open-Meteo's JSON (`hourly` with `time`, and `cloud_cover` or `cloudcover` in percent; times in UTC or with
    `utc_offset_seconds`; at most 16 MiB), NetCDF or GRIB (the cell that holds the place; at most 64 MiB), told apart by
    their first bytes. Values of one time (members of an ensemble) are averaged.

    Args:
        path: the file.
        longitude: degrees east.
        latitude: degrees north. JSON is for one place: where it tells which, that must lie within 100 km.
        line: from cover to P(clear); see `learn_cover_line`.

    Raises:
        InputError: the file cannot be read, is none of these, is of another place, or its times or covers are not what
            they must be.
    """
    try:
        with path.open("rb") as file:
            head = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check its name and rights") from error
    if head[:1] in {b"{", b"["}:
        values = _json_values(path, longitude, latitude)
    else:
        values = _grid_values(path, read_at_point(path, longitude=longitude, latitude=latitude))
    if not values:
        raise InputError(f"{path}: holds no value of the cloud cover; fetch the forecast again")
    times = sorted(values)
    return CoverForecast(times=tuple(times), covers=tuple(min(1.0, max(0.0, values[t])) for t in times), line=line)


def _json_values(path: Path, longitude: float, latitude: float) -> dict[dt.datetime, float]:
    try:
        document = json.loads(decoded(read_bytes(path)))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is not whole JSON ({error}); fetch it again") from error
    if isinstance(document, list):
        raise InputError(f"{path}: holds {len(document)} places; give the forecast of the site alone")
    _check_place(path, document, longitude, latitude)
    field, times, covers = _hourly(path, document.get("hourly"))
    offset = document.get("utc_offset_seconds", 0)
    if isinstance(offset, bool) or not isinstance(offset, int) or abs(offset) > 18 * 3600:
        raise InputError(f"{path}, utc_offset_seconds: must be within 18 hours, got {_short(offset)}; fetch it again")
    values: dict[dt.datetime, float] = {}
    last: dt.datetime | None = None
    for n, (time, cover) in enumerate(zip(times, covers, strict=True)):
        when = _json_time(time, offset, f"{path}, hourly.time[{n}]")
        if last is not None and when <= last:
            raise InputError(f"{path}, hourly.time[{n}]: {_short(time)} does not come after the one before; sort them")
        last = when
        if cover is not None:
            values[when] = _json_cover(cover, f"{path}, hourly.{field}[{n}]")
    return values


def _check_place(path: Path, document: dict[str, Any], longitude: float, latitude: float) -> None:
    told = [document.get(name) for name in ("longitude", "latitude")]
    numbers = [one for one in told if isinstance(one, int | float) and not isinstance(one, bool) and abs(one) <= 360]
    if len(numbers) < len(told):
        return  # it does not tell
    east, north = numbers
    _, _, apart = Geod(ellps="WGS84").inv(longitude, latitude, east, max(-90, min(90, north)))
    if apart > _FAR_KM * 1000:
        raise InputError(
            f"{path}: is the forecast of {north:.2f} N, {east:.2f} E, {apart / 1000:.0f} km from the site; fetch that "
            f"of {latitude:.2f} N, {longitude:.2f} E"
        )


def _hourly(path: Path, hourly: Any) -> tuple[str, list[Any], list[Any]]:
    """The name of the cloud cover, times, covers: lists of one length."""
    field = next((name for name in _COVERS if isinstance(hourly, dict) and name in hourly), None)
    if field is None:
        found = f"has {', '.join(map(_short, list(hourly)[:5]))}" if isinstance(hourly, dict) else "is missing"
        raise InputError(f"{path}, hourly: {found}, not cloud_cover; ask Open-Meteo for hourly=cloud_cover")
    times, covers = hourly.get("time"), hourly[field]
    if not isinstance(times, list) or not isinstance(covers, list) or len(times) != len(covers):
        counts = " and ".join(str(len(v)) if isinstance(v, list) else "none" for v in (times, covers))
        raise InputError(f"{path}, hourly.time and {field}: must be lists of one length, got {counts}; fetch it again")
    if len(times) > _MOST:
        raise InputError(f"{path}, hourly.time: has {len(times)} values, more than {_MOST}; give a shorter forecast")
    return field, times, covers


def _json_cover(given: Any, where: str) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= 100:
        raise InputError(f"{where}: must be percent, 0 to 100, got {_short(given)}; fetch it again")
    return given / 100


def _json_time(given: Any, offset: int, where: str) -> dt.datetime:
    try:
        if isinstance(given, int) and not isinstance(given, bool):
            when = dt.datetime.fromtimestamp(given, dt.UTC)  # Open-Meteo's unixtime is UTC whatever the offset
        else:
            when = dt.datetime.fromisoformat(given)
            if when.tzinfo is None:
                when = (when - dt.timedelta(seconds=offset)).replace(tzinfo=dt.UTC)
        when = when.astimezone(dt.UTC)
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise InputError(
            f"{where}: must be a time such as 2026-11-26T06:00, got {_short(given)}; fetch it again"
        ) from error
    return _in_years(when, where)


def _grid_values(path: Path, layers: Iterable[PointValue]) -> dict[dt.datetime, float]:
    found = tuple(layers)
    mine = [k for k in found if _is_cover(k)]
    if not mine:
        held = ", ".join(sorted({_short(k.variable, quoted=False) for k in found})[:5])
        raise InputError(f"{path}: has no layer of the total cloud cover (tcc, TCDC), it holds {held}; fetch that one")
    sky = [k for k in mine if "GRIB_ELEMENT" not in k.tags or _level(k) in _WHOLE_SKY]
    if not sky:
        held = ", ".join(sorted({_level(k) for k in mine})[:5])
        raise InputError(f"{path}: has cloud cover at single levels only ({held}); fetch that of the entire atmosphere")
    sums: dict[dt.datetime, list[float]] = defaultdict(list)
    # A file that forgets its unit is in percent if a value says so.
    percent = any((k.value or 0) > 1.5 for k in sky)
    for layer in sky:
        if layer.value is None:
            continue
        whole = 100.0 if layer.unit in {"%", "percent"} or (percent and not layer.unit) else 1.0
        if not -0.01 <= layer.value / whole <= 1.01:
            raise InputError(
                f"{path}, {layer.variable}: cover must be 0 to {whole:g}, got {layer.value:g} (unit {layer.unit!r}); "
                "fetch it again"
            )
        sums[_layer_time(path, layer)].append(layer.value / whole)
    return {when: math.fsum(values) / len(values) for when, values in sums.items()}


def _is_cover(layer: PointValue) -> bool:
    names = {layer.variable.casefold(), layer.tags.get("standard_name", "").casefold()}
    return bool(names & _VARIABLES)


def _level(layer: PointValue) -> str:
    return layer.tags.get("GRIB_SHORT_NAME", "").rpartition("-")[2]


def _layer_time(path: Path, layer: PointValue) -> dt.datetime:
    tags, where = layer.tags, f"{path}, time of {layer.variable}"
    try:
        if "GRIB_VALID_TIME" in tags:
            when = dt.datetime.fromtimestamp(int(tags["GRIB_VALID_TIME"].split()[0]), dt.UTC)
            return _in_years(when, where)
        name = next(n for n in ("valid_time", "time") if f"NETCDF_DIM_{n}" in tags)
        word, _, since = tags[f"{name}#units"].strip().partition(" since ")
        unit = _UNITS[word.casefold().removesuffix("s")]
        origin = dt.datetime.fromisoformat(re.sub(r"\s*(UTC|Z)$", "", since.strip()))
        origin = origin.replace(tzinfo=dt.UTC) if origin.tzinfo is None else origin.astimezone(dt.UTC)
        when = origin + dt.timedelta(seconds=round(float(tags[f"NETCDF_DIM_{name}"]) * unit))
    except (KeyError, ValueError, StopIteration, OverflowError, OSError, IndexError) as error:
        raise InputError(
            f"{where}: is not told as 'hours since 2026-11-26 00:00'; convert it with cdo or xarray"
        ) from error
    return _in_years(when, where)


def _in_years(when: dt.datetime, where: str) -> dt.datetime:
    if not _YEARS[0] <= when.year < _YEARS[1]:
        raise InputError(f"{where}: must lie in {_YEARS[0]} to {_YEARS[1]}, got {when:%Y-%m-%d}; fetch it again")
    return when


def _short(value: Any, *, quoted: bool = True) -> str:
    text = repr(value) if quoted else str(value)
    return text if len(text) <= 40 else text[:37] + "..."
