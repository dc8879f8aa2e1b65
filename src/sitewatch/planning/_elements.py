"""Orbital elements from files: two-line elements, and OMM as JSON, CSV, KVN and XML."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sgp4.api import SGP4_ERRORS, WGS72, Satrec
from sgp4.conveniences import sat_epoch_datetime

from sitewatch.errors import InputError
from sitewatch.planning._earth import LEAP_SECOND_DAYS
from sitewatch.planning._files import decoded, read_bytes, xml_tree

__all__ = ["Elements", "parse_elements", "read_elements"]

_OMM_BEGAN = dt.datetime(1949, 12, 31, tzinfo=dt.UTC)
"""SGP4 counts epochs in days from here."""
_NAMELESS = "satellite"

_LAYOUT = {
    "1": "1 abbbbx xxxxxxxx 99bbb.99999999 s.99999999 s99999e9 s99999e9 b bbbb9",
    "2": "2 abbbb bbb.9999 bbb.9999 9999999 bbb.9999 bbb.9999 bb.99999999bbbbb9",
}
"""What each column of a line holds, by `_ALLOWED`; others stand for themselves."""
_ALLOWED = {
    "9": ("a digit", "0123456789"),
    "b": ("a digit or blank", "0123456789 "),
    "a": ("a digit or letter", "0123456789 ABCDEFGHJKLMNPQRSTUVWXYZ"),
    "s": ("a sign or blank", "+- 0"),
    "e": ("a sign", "+-"),
}


@dataclass(frozen=True, kw_only=True)
class Elements:
    """One set of mean elements of one satellite, valid around its epoch."""

    name: str
    """As the file has it: "SENTINEL-2B"; "satellite 42063" where it has none."""
    number: int
    """In the NORAD catalogue."""
    epoch: dt.datetime
    """UTC. How good a prediction is depends on how far from here it is."""
    mean: tuple[float, ...]
    """What SGP4 starts from: inclination, node, eccentricity, perigee, anomaly (radians), motion (radians/min), B*."""
    satrec: Satrec = field(compare=False, repr=False)
    """The same, as sgp4 propagates it."""

    @property
    def period_s(self) -> float:
        """Seconds of one turn."""
        return float(2 * math.pi / self.satrec.no_kozai * 60)


def read_elements(path: Path) -> tuple[Elements, ...]:
    """All sets in a file, by satellite and epoch; sets that are told twice are given once.

    Two-line elements with or without a line of names before them (CelesTrak's "TLE" and "2LE"), or an Orbit
    Mean-Elements Message (CCSDS 502.0-B-2) in JSON as CelesTrak and Space-Track write it, CSV, KVN or XML; at most
    16 MiB.

    Raises:
        InputError: the file cannot be read, has another format, holds no set, or one of its sets is broken.
    """
    return parse_elements(read_bytes(path), name=str(path))


def parse_elements(content: bytes, *, name: str) -> tuple[Elements, ...]:
    """As `read_elements`, from bytes; `name` is what messages call them."""
    text = decoded(content)
    found = list(_reader(text)(text, name))
    if not found:
        raise InputError(f"{name}: holds no orbital elements; give two-line elements or an OMM (JSON, CSV, KVN, XML)")
    unique = {(e.number, e.epoch, e.mean): e for e in found}
    return tuple(unique[key] for key in sorted(unique))


def _reader(text: str) -> Callable[[str, str], Iterator[Elements]]:
    start = text.lstrip()[:1]
    head = text.lstrip().partition("\n")[0]
    if start in ("{", "["):
        return _from_json
    if start == "<":
        return _from_xml
    if head.startswith("CCSDS_OMM_VERS"):
        return _from_kvn
    return _from_csv if "," in head and "NORAD_CAT_ID" in head else _from_lines


def _from_lines(text: str, name: str) -> Iterator[Elements]:
    title, first, at = "", "", 0
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.rstrip()
        where = f"{name}, line {number}"
        if not line or line.startswith("#"):
            continue
        if first:
            if not line.startswith("2 "):
                raise InputError(
                    f"{where}: must be line 2 of the elements that begin in line {at}, found {line[:24]!r}"
                )
            yield _from_pair(title, (first, f"{name}, line {at}"), (line, where))
            title, first = "", ""
        elif line.startswith("2 ") and len(line) > 60:
            raise InputError(f"{where}: is line 2 of a set of elements without its line 1; put line 1 before it")
        elif line.startswith("1 ") and len(line) > 60:
            first, at = line, number
        elif title:
            raise InputError(f"{where}: must be line 1 of the elements of {title[:24]!r}, found {line[:24]!r}")
        else:
            title = line.removeprefix("0 ").strip()
    if first or title:
        raise InputError(f"{name}: ends within a set of elements; fetch it again")


def _from_pair(title: str, first: tuple[str, str], second: tuple[str, str]) -> Elements:
    for line, where in (first, second):
        _check_line(line, where)
    one, two = first[0], second[0]
    if one[2:7] != two[2:7]:
        raise InputError(
            f"{second[1]}: is of satellite {two[2:7].strip()}, line 1 of {one[2:7].strip()}; bring the lines together"
        )
    _check_fields(first, second)
    satrec = Satrec.twoline2rv(one, two, WGS72)
    return _made(title, int(satrec.satnum), satrec, first[1])


def _check_line(line: str, where: str) -> None:
    if not line.isascii():
        raise InputError(f"{where}: holds characters that elements never have (not ASCII); fetch it again")
    if len(line) != 69:
        raise InputError(f"{where}: must have 69 characters, found {len(line)}; fetch it again")
    total = sum(int(c) if c.isdigit() else c == "-" for c in line[:68]) % 10
    if line[68] != str(total):
        raise InputError(f"{where}: its checksum is {line[68]!r} and must be {total}: a digit is wrong; fetch it again")
    # Checksums see digits and minus signs only, and sgp4 reads what is left of a number.
    for column, (kind, found) in enumerate(zip(_LAYOUT[line[0]], line, strict=True), start=1):
        wanted, allowed = _ALLOWED.get(kind, (repr(kind), kind))
        if kind != "x" and found not in allowed:
            raise InputError(f"{where}: has {found!r} in column {column}, where {wanted} belongs; fetch it again")


def _check_fields(first: tuple[str, str], second: tuple[str, str]) -> None:
    one, two = first[0], second[0]
    day = _number(one[20:32])
    if day is None or not 1 <= day < _days_of_year(int(one[18:20])) + 1:
        raise InputError(f"{first[1]}: its epoch is {one[18:32]!r}, which is no year and day; fetch it again")
    numbers = {
        "inclination": (two[8:16], 0, 180),
        "right ascension of the node": (two[17:25], 0, 360),
        "eccentricity": ("." + two[26:33], 0, 1),
        "argument of perigee": (two[34:42], 0, 360),
        "mean anomaly": (two[43:51], 0, 360),
        "mean motion": (two[52:63], 0.01, 18),
    }
    for what, (text, low, high) in numbers.items():
        value = _number(text)
        if value is None or not low <= value <= high:
            raise InputError(f"{second[1]}: its {what} must be {low:g} to {high:g}, found {text!r}; fetch it again")


def _days_of_year(two_digits: int) -> int:
    year = two_digits + (1900 if two_digits >= 57 else 2000)
    return 366 if year % 4 == 0 else 365


def _from_json(text: str, name: str) -> Iterator[Elements]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: is not whole JSON ({error}); fetch it again") from error
    sets = content if isinstance(content, list) else [content]
    for number, fields in enumerate(sets, start=1):
        if not isinstance(fields, dict):
            raise InputError(f"{name}, set {number}: must be an object of OMM fields, found {str(fields)[:40]!r}")
        yield _from_omm({str(k): str(v) for k, v in fields.items() if v is not None}, f"{name}, set {number}")


def _from_csv(text: str, name: str) -> Iterator[Elements]:
    rows = csv.DictReader(io.StringIO(text))
    try:
        for fields in rows:
            yield _from_omm({k: v for k, v in fields.items() if k and v}, f"{name}, line {rows.line_num}")
    except csv.Error as error:
        raise InputError(f"{name}, line {rows.line_num}: is not CSV ({error}); fetch it again") from error


def _from_kvn(text: str, name: str) -> Iterator[Elements]:
    fields: dict[str, str] = {}
    at = 1
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("COMMENT"):
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        if not equals:
            raise InputError(f'{name}, line {number}: must be "KEYWORD = value", found {line[:40]!r}')
        if key == "CCSDS_OMM_VERS" and fields:
            yield _from_omm(fields, f"{name}, line {at}")
            fields, at = {}, number
        fields[key] = re.sub(r"\s*\[[^\]]*\]$", "", value)
    yield _from_omm(fields, f"{name}, line {at}")


def _from_xml(text: str, name: str) -> Iterator[Elements]:
    root = xml_tree(re.sub(r"^\s*<\?xml[^>]*\?>", "", text).encode(), name=name)
    for number, segment in enumerate(root.iter("segment"), start=1):
        yield _from_omm({part.tag: (part.text or "").strip() for part in segment.iter()}, f"{name}, set {number}")


def _from_omm(fields: Mapping[str, str], where: str) -> Elements:
    for key, wanted in {"TIME_SYSTEM": {"UTC"}, "REF_FRAME": {"TEME"}, "CENTER_NAME": {"EARTH"}}.items():
        if fields.get(key, "") not in wanted | {""}:
            raise InputError(f"{where}: its {key} is {fields[key][:20]!r}, and only {min(wanted)} is read")
    theory = fields.get("MEAN_ELEMENT_THEORY") or "SGP4"
    if theory not in ("SGP4", "SGP/SGP4"):
        raise InputError(f"{where}: its MEAN_ELEMENT_THEORY is {theory[:20]!r}, and only SGP4 is read; ask for such")
    epoch = _epoch(fields.get("EPOCH", ""), where)
    number = _field(fields, "NORAD_CAT_ID", where, (1, 999999999))
    satrec = Satrec()
    satrec.sgp4init(
        WGS72,
        "i",
        int(number) if number < 340000 else 0,  # sgp4 writes numbers in five places; ours is kept beside
        (epoch - _OMM_BEGAN).total_seconds() / 86400,
        _field(fields, "BSTAR", where, (-10, 10), default=0.0),
        _field(fields, "MEAN_MOTION_DOT", where, (-100, 100), default=0.0) * math.pi / 1036800,
        _field(fields, "MEAN_MOTION_DDOT", where, (-100, 100), default=0.0) * 2 * math.pi / 2985984000,
        _field(fields, "ECCENTRICITY", where, (0, 1)),
        math.radians(_field(fields, "ARG_OF_PERICENTER", where, (0, 360))),
        math.radians(_field(fields, "INCLINATION", where, (0, 180))),
        math.radians(_field(fields, "MEAN_ANOMALY", where, (0, 360))),
        _field(fields, "MEAN_MOTION", where, (0.01, 18)) * math.pi / 720,
        math.radians(_field(fields, "RA_OF_ASC_NODE", where, (0, 360))),
    )
    return _made(fields.get("OBJECT_NAME", ""), int(number), satrec, where)


def _field(
    fields: Mapping[str, str], key: str, where: str, within: tuple[float, float], *, default: float | None = None
) -> float:
    if default is not None and not fields.get(key):
        return default
    value = _number(fields.get(key, ""))
    low, high = within
    if value is None or not low <= value <= high:
        found = f"found {fields[key][:20]!r}" if key in fields else "found none"
        raise InputError(f"{where}: its {key} must be {low:g} to {high:g}, {found}; fetch it again")
    return value


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _epoch(text: str, where: str) -> dt.datetime:
    """ISO 8601 in UTC; a leap second is the first moment of the next day, for clocks have no other name for it."""
    leap = re.fullmatch(r"(\d{4}-\d\d-\d\d)T23:59:60(\.\d+)?Z?", text)
    try:
        if leap and dt.date.fromisoformat(leap[1]) in LEAP_SECOND_DAYS:
            return dt.datetime.combine(dt.date.fromisoformat(leap[1]), dt.time(), dt.UTC) + dt.timedelta(days=1)
        when = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f"{where}: its EPOCH is {text[:40]!r}, which is no time in ISO 8601; fetch it again"
        ) from error
    if not 1957 <= when.year <= 2100:
        raise InputError(f"{where}: its EPOCH is {text[:40]!r}, when there were no satellites; fetch it again")
    return when.replace(tzinfo=dt.UTC) if when.tzinfo is None else when.astimezone(dt.UTC)


def _made(title: str, number: int, satrec: Satrec, where: str) -> Elements:
    if satrec.error:
        raise InputError(f"{where}: SGP4 refuses the elements ({SGP4_ERRORS[satrec.error]}); fetch them again")
    printable = "".join(c for c in title if c.isprintable()).strip()[:60]
    return Elements(
        name=printable or f"{_NAMELESS} {number}",
        number=number,
        epoch=sat_epoch_datetime(satrec).replace(tzinfo=dt.UTC),
        mean=(
            satrec.inclo,
            satrec.nodeo,
            satrec.ecco,
            satrec.argpo,
            satrec.mo,
            satrec.no_kozai,
            satrec.bstar,
        ),
        satrec=satrec,
    )
