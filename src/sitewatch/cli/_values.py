"""Option values to the types the rooms take."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sitewatch.errors import OptionError

if TYPE_CHECKING:
    from sitewatch.archive import Catalog
    from sitewatch.cube import Passes
    from sitewatch.planning import Elements
    from sitewatch.site import Site

__all__ = [
    "check_text",
    "parse_as_known",
    "parse_bands",
    "parse_budget",
    "parse_catalogs",
    "parse_date",
    "parse_day",
    "parse_elements",
    "parse_good_share",
    "parse_now",
    "parse_past",
    "passes_of",
    "present",
]

_CATALOGS = {
    "earth-search": ("https://earth-search.aws.element84.com/v1", "sentinel-2-c1-l2a"),
    "planetary-computer": ("https://planetarycomputer.microsoft.com/api/stac/v1", "sentinel-2-l2a"),
}
"""Short names of public catalogs, with the collection that is read unless another is named."""

_PRESETS = {"screening": 10.0, "publication": 0.2}
"""Expected false structures a year: many to look through, or few enough to print."""


def check_text(text: str) -> None:
    """Any text of the command line: Unicode, in which nothing steers a terminal. Lines and tabs are allowed.

    Raises:
        OptionError: it is something else.
    """
    kinds = {unicodedata.category(one): one for one in text.replace("\r\n", "\n") if one not in "\n\t"}
    shown = ascii(text if len(text) <= 60 else f"{text[:60]}...")
    if "Cs" in kinds:
        raise OptionError(f"the command line holds a text that is not UTF-8: {shown}; give it in UTF-8")
    if "Cc" in kinds:
        raise OptionError(
            f"the command line holds a text with the control character {kinds['Cc']!a}: {shown}; leave it out"
        )


def parse_budget(text: str) -> float:
    """`--false-alarms`: a number above 0, or the name of a preset."""
    if text in _PRESETS:
        return _PRESETS[text]
    try:
        value = float(text)
    except ValueError:
        raise OptionError(f"--false-alarms must be a number, {' or '.join(_PRESETS)}, got {text!r}") from None
    if not 0 < value < float("inf"):
        raise OptionError(f"--false-alarms must be a number above 0, got {text}")
    return value


def parse_good_share(texts: Sequence[str], *, areas: Collection[str]) -> dict[str, Any]:
    """`--good-share`, any number of times: a share of the site, or NAME=SHARE of a sub-area.

    Args:
        texts: as given; empty: all as usual.
        areas: names of the site's sub-areas.

    Returns:
        What was given of `good_share`, 0-1, and `good_share_of_areas`, 0-1 by name: settings of a site in a workspace.
    """
    shares: dict[str, float] = {}
    for text in texts:
        name, equals, number = text.rpartition("=")
        if equals and name not in areas:
            known = ", ".join(areas) or "none"
            raise OptionError(f"--good-share {text}: the site has no sub-area {name!r} (it has: {known})")
        if name in shares:
            raise OptionError(f"--good-share is given twice for {name or 'the site'}; give it once")
        try:
            shares[name] = float(number)
        except ValueError:
            shares[name] = -1.0
        if not 0 <= shares[name] <= 1:
            raise OptionError(f"--good-share must be a share, 0 to 1, or NAME=SHARE of a sub-area, got {text!r}")
    whole = {"good_share": shares.pop("")} if "" in shares else {}
    return {**whole, **({"good_share_of_areas": shares} if shares else {})}


def parse_elements(files: Sequence[Path]) -> tuple[Elements, ...]:
    """`--elements`, any number of times: orbital elements from files."""
    if not files:
        return ()
    from sitewatch.planning import read_elements

    return tuple(one for file in files for one in read_elements(file))


def passes_of(elements: Sequence[Elements], site: Site) -> Passes | None:
    """The passes over a site that elements tell; None where there are none."""
    if not elements:
        return None
    from sitewatch.planning import due_passes

    return due_passes(site, elements)


def parse_catalogs(catalogs: Sequence[str], collections: Sequence[str]) -> list[Catalog]:
    """`--catalog` and `--collection`, each any number of times: short names or addresses, and what to read there.

    As many collections as catalogs belong to them in order; fewer, to those catalogs in order that have no usual one.
    """
    from sitewatch.archive import Catalog

    known = [_CATALOGS.get(catalog) for catalog in catalogs]
    unusual = [i for i, told in enumerate(known) if told is None]
    if len(collections) == len(catalogs):
        named = dict(enumerate(collections))
    elif len(collections) == len(unusual):
        named = dict(zip(unusual, collections, strict=True))
    elif len(collections) < len(unusual):
        raise OptionError(
            f"--catalog needs --collection ID too, unless it is one of the short names {' and '.join(_CATALOGS)}"
        )
    else:
        raise OptionError(
            f"--collection is given {len(collections)} times for {len(catalogs)} catalogs; give one for each of them, "
            "in the same order"
        )
    found = []
    for i, (catalog, told) in enumerate(zip(catalogs, known, strict=True)):
        if told is None:
            found.append(Catalog(name=None, url=catalog, collection=named[i]))
        else:
            url, usual = told
            collection = named.get(i, usual)
            name = catalog if collection == usual else f"{catalog} {collection}"
            found.append(Catalog(name=name, url=url, collection=collection))
    if len({(c.url, c.collection) for c in found}) < len(found):
        raise OptionError("--catalog is given twice with the same collection; give it once")
    return found


def parse_day(option: str, text: str | None, *, end: bool = False) -> dt.datetime | None:
    """A day or a moment, ISO 8601, as UTC; a bare day means its start, or with `end` its last second."""
    if text is None:
        return None
    moment = _moment(option, text)
    if end and _is_day(text):
        return moment + dt.timedelta(hours=23, minutes=59, seconds=59)
    return moment


def parse_date(option: str, text: str | None) -> dt.date | None:
    """A day, ISO 8601; of a moment the day on which it lies in UTC."""
    moment = parse_day(option, text)
    return None if moment is None else moment.date()


def present() -> dt.datetime:
    """The present moment, UTC. Rooms are handed it and never ask."""
    return dt.datetime.now(tz=dt.UTC)


def parse_as_known(text: str | None) -> dt.datetime | None:
    """`--as-known`: the end of a day, or a moment; none that is still to come."""
    return parse_past("--as-known", text)


def parse_past(option: str, text: str | None) -> dt.datetime | None:
    """The end of a day, or a moment, UTC; none that begins only after the present."""
    begun = parse_day(option, text)
    if begun is not None and begun > (now := present()):
        raise OptionError(f"{option} {text} is still to come, today is {now:%Y-%m-%d} (UTC); give an earlier day")
    return parse_day(option, text, end=True)


def parse_now(text: str | None) -> dt.datetime:
    """The time of the run: the clock, unless a replay says otherwise. Rooms are handed it and never ask."""
    return present().replace(microsecond=0) if text is None else _moment("--now", text)


def parse_bands(text: str | None) -> dict[str, str] | None:
    """`--bands name=asset,name=asset`: common band name to the key of the asset that holds it."""
    if text is None:
        return None
    pairs = [part.partition("=") for part in text.split(",")]
    if not all(name.strip() and equals and asset.strip() for name, equals, asset in pairs):
        raise OptionError(f"--bands must be like red=B04,nir=B08,scl=SCL, got {text!r}")
    return {name.strip().lower(): asset.strip() for name, _, asset in pairs}


def _is_day(text: str) -> bool:
    """True: a day in any writing of ISO 8601 (2020-01-31, 20200131, 2020-W05-5), without a time."""
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _moment(option: str, text: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise OptionError(f"{option} must be a date such as 2019-01-31, got {text!r}") from None
    if not 1900 <= moment.year <= 2200:
        raise OptionError(f"{option} must lie between 1900 and 2200, got {text!r}")
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
