"""The scenes of a STAC API."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote, urlsplit

from sitewatch.archive._href import redact
from sitewatch.archive._http import JsonClient
from sitewatch.archive._item import clean
from sitewatch.archive._presets import Preset, find_preset
from sitewatch.archive._remote import scene_of
from sitewatch.archive._scene import Faulty, Listing, Scene
from sitewatch.archive._sign import PlanetaryComputerSigner, Signer
from sitewatch.archive._times import in_period, parse_moment, plausible
from sitewatch.errors import CatalogError, OptionError, SceneError
from sitewatch.site import Site

__all__ = ["catalog_name", "search_catalog"]


def search_catalog(
    url: str,
    collection: str,
    site: Site,
    *,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    name: str | None = None,
    preset: Preset | None = None,
    bands: Mapping[str, str] | None = None,
    signer: Signer | None = None,
    max_items: int = 10_000,
    page_size: int = 100,
    client: JsonClient | None = None,
) -> Listing:
    """List the scenes of a STAC API that show a site.

    Args:
        url: landing page of the API.
        collection: id of the collection.
        site: the watched place.
        since: leave out scenes captured before this moment.
        until: leave out scenes captured after this moment.
        name: what to call this catalog in the ledger; default its address without https:// and the collection.
        preset: how to read the items; default the one of `PRESETS` that fits, else as the items tell.
        bands: asset key by common band name, in place of the preset's; "key#2" is the second band of an asset.
        signer: signs the images' addresses; default the one that the preset asks for, if any.
        max_items: more scenes than this are refused.
        page_size: how many items to ask for at a time.
        client: asks over HTTP; default one that tries five times.

    Raises:
        OptionError: the address is not http(s), or `bands` is not usable.
        CatalogError: the API does not answer after all retries, refuses, is not a STAC API, has no such collection, or
            lists more than `max_items` scenes.
    """
    from sitewatch.archive._api import Api  # pystac-client takes a quarter of a second, which folders do not need

    _check_url(url)
    chosen = preset or find_preset(url, collection)
    if bands is not None:
        chosen = replace(chosen, bands=dict(bands))
    if signer is None and chosen.signed:
        signer = PlanetaryComputerSigner()
    api = Api(url, client or JsonClient())
    called = name or catalog_name(url, collection)
    scenes: dict[str, Scene] = {}
    faulty: list[Faulty] = []
    for number, document in enumerate(api.items(collection, site, since, until, page_size=page_size), start=1):
        if number > max_items:
            raise CatalogError(f"{redact(url)}: lists more than {max_items} scenes; ask for a shorter period")
        entry = _entry(document, number, url=url, collection=collection, preset=chosen)
        if entry.captured and not in_period(entry.captured, whole_day=entry.whole_day, since=since, until=until):
            continue
        if isinstance(entry, Faulty):
            faulty.append(replace(entry, listed_by=(called,)))
        elif entry.id in scenes:
            repeated = f"the catalog lists the scene {entry.id} more than once; it is used once"
            faulty.append(replace(Faulty.of(entry, repeated, duplicate=True), listed_by=(called,)))
        else:
            scenes[entry.id] = replace(entry, listed_by=(called,), catalog=called)
    if not scenes and not faulty:
        api.must_have(collection)
    return Listing(
        scenes=tuple(sorted(scenes.values(), key=lambda s: (s.captured, s.id))),
        faulty=tuple(faulty),
        asked=(called,),
        signer=signer,
    )


def catalog_name(url: str, collection: str) -> str:
    """What a catalog is called in the ledger unless it is given a name: host, path and collection, without secrets."""
    return f"{redact(url).rpartition('://')[2].partition('?')[0].rstrip('/')} {collection}"


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise OptionError(f"the catalog's address must be http(s)://..., got {redact(url)[:100]!r}")


def _entry(document: object, number: int, *, url: str, collection: str, preset: Preset) -> Scene | Faulty:
    """An item's scene, or what is wrong with it."""
    told = document if isinstance(document, Mapping) else {}
    identifier = clean(told.get("id")) or f"item {number} of {collection}"
    source = f"{redact(url).rstrip('/')}/collections/{quote(collection, safe='')}/items/{quote(identifier, safe='')}"
    try:
        return scene_of(document, name=f"item {identifier}", source=source, catalog=url, preset=preset)
    except SceneError as error:
        properties = told.get("properties")
        moment = _moment_of(properties)
        return Faulty(scene=identifier, source=source, reason=str(error), captured=moment)


def _moment_of(properties: object) -> dt.datetime | None:
    moment = parse_moment(properties.get("datetime")) if isinstance(properties, Mapping) else None
    return plausible(moment.at) if moment else None
