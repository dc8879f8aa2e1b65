"""What a STAC item says, whether it lies beside an image or comes from an API."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sitewatch.archive._times import Moment, parse_moment, plausible
from sitewatch.errors import SceneError

__all__ = ["Item", "ItemAsset", "ItemBand", "clean", "is_item", "read_item", "sensor_name"]

_IMAGE_ENDINGS = (".tif", ".tiff", ".jp2", ".gtif", ".j2k")
_NOT_DATA = frozenset({"thumbnail", "overview", "metadata", "visual"})
_TELLING = re.compile(r"b0?[5-8]a?|red_?edge\d", re.IGNORECASE)
_MAX_SPAN = dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class ItemBand:
    """One band of an asset."""

    name: str | None
    """Common name where it is told, else the provider's; None where there is neither."""
    scale: float | None = None
    offset: float | None = None
    nodata: float | None = None


@dataclass(frozen=True, kw_only=True)
class ItemAsset:
    """One file of an item."""

    key: str
    href: str
    """As written: relative, absolute or a URL."""
    media: str
    """Media type, lower case; empty where it is not told."""
    roles: tuple[str, ...]
    bands: tuple[ItemBand, ...]

    @property
    def is_image(self) -> bool:
        """True if it looks like pixels to measure, by media type or ending."""
        if _NOT_DATA.intersection(self.roles):
            return False
        if self.media:
            return self.media.startswith(("image/tiff", "image/jp2", "image/vnd.stac.geotiff", "image/x.geotiff"))
        return self.href.partition("?")[0].lower().endswith(_IMAGE_ENDINGS)


@dataclass(frozen=True, kw_only=True)
class Item:
    """One acquisition, as its STAC item tells it."""

    id: str
    moment: Moment | None
    """When it was captured; None where the item does not tell."""
    published: dt.datetime | None
    updated: str
    """The provider's own time stamp of the last change, as written; empty where it is not told."""
    sensor: str
    platform: str | None
    orbit: int | None
    credit: str | None
    box: tuple[float, float, float, float] | None
    """West, south, east, north, degrees; None where it is not told or crosses the date line."""
    tile: str | None
    """The provider's fixed cut of the ground; None where it is not told."""
    assets: tuple[ItemAsset, ...]
    properties: Mapping[str, object]
    """All other properties, as written."""
    place: Mapping[str, object] = field(default_factory=dict)
    """Its fields of the projection extension, as written: of the item, or of its only asset that has any."""


def is_item(document: object) -> bool:
    """True if a JSON document means to be a STAC item."""
    return isinstance(document, Mapping) and document.get("type") == "Feature" and "stac_version" in document


def read_item(document: object, *, name: str) -> Item:
    """Read an item's JSON.

    Args:
        document: the decoded JSON.
        name: what to call it in messages.

    Raises:
        SceneError: it is not a STAC item, or a part that is needed has the wrong shape.
    """
    if not isinstance(document, Mapping) or not is_item(document):
        raise SceneError(f"{name}: is not a STAC item (a Feature with stac_version); mend or remove it")
    identifier = document.get("id")
    if not isinstance(identifier, str) or not 0 < len(identifier.strip()) <= 512 or not identifier.isprintable():
        raise SceneError(
            f"{name}: a STAC item needs an id of 1 to 512 printable characters, found {str(identifier)[:60]!r}"
        )
    properties = document.get("properties")
    assets = document.get("assets")
    if not isinstance(properties, Mapping) or not isinstance(assets, Mapping):
        raise SceneError(f"{name}: a STAC item needs the objects properties and assets; mend it")
    platform = _slugged(properties.get("platform"))
    orbit = properties.get("sat:relative_orbit", properties.get("landsat:wrs_path"))
    published = parse_moment(properties.get("published"))
    return Item(
        id=identifier,
        moment=_captured(properties, name),
        published=plausible(published.at) if published else None,
        updated=clean(properties.get("updated")) or "",
        sensor=sensor_name(_slugged(properties.get("constellation")), platform),
        platform=platform,
        orbit=int(orbit) if isinstance(orbit, int | str) and re.fullmatch(r"\d{1,6}", str(orbit)) else None,
        credit=_credit(document, properties),
        box=_box(document.get("bbox")),
        tile=_tile(properties),
        assets=tuple(_asset(str(key), value, properties, name) for key, value in assets.items()),
        properties=properties,
        place=_place(properties, assets),
    )


def _place(properties: Mapping[str, object], assets: Mapping[str, object]) -> dict[str, object]:
    holders = [asset for asset in assets.values() if isinstance(asset, Mapping) and "proj:transform" in asset]
    told = {**properties, **holders[0]} if len(holders) == 1 else properties
    return {key: value for key, value in told.items() if key.startswith("proj:")}


def sensor_name(constellation: str | None, platform: str | None) -> str:
    """The constellation, guessed from the platform where it is not told; else "unknown"."""
    if constellation:
        return constellation
    if platform is None:
        return "unknown"
    numbered = re.fullmatch(r"(sentinel-\d)[a-d]|(landsat)-\d", platform)
    return (numbered[1] or numbered[2]) if numbered else platform


def clean(value: object, *, lower: bool = False) -> str | None:
    """A short printable text, or None: what comes from a file or provider may hold anything."""
    if not isinstance(value, str):
        return None
    text = " ".join("".join(c if c.isprintable() else " " for c in value).split())[:300]
    return (text.lower() if lower else text) or None


def _slugged(value: object) -> str | None:
    """A name of a satellite: "Sentinel 2" and "sentinel-2" are one."""
    text = clean(value, lower=True)
    return text.replace(" ", "-") if text else None


def _captured(properties: Mapping[str, object], name: str) -> Moment | None:
    if properties.get("datetime") is not None:
        moment = parse_moment(properties["datetime"])
        if moment is None:
            raise SceneError(f"{name}: its datetime is {str(properties['datetime'])[:60]!r}; write it in ISO 8601")
        return moment
    start, end = parse_moment(properties.get("start_datetime")), parse_moment(properties.get("end_datetime"))
    if start is None or end is None:
        return None
    if end.at - start.at > _MAX_SPAN:
        raise SceneError(
            f"{name}: covers {start.at.date().isoformat()} to {end.at.date().isoformat()}; "
            "give single acquisitions, not composites"
        )
    # A scan of minutes is dated by its start, a day-long span is a day of which no more is known.
    whole_day = start.at.time() == dt.time(0) and end.at - start.at >= dt.timedelta(hours=23)
    return Moment(at=start.at, whole_day=whole_day or start.whole_day)


def _box(told: object) -> tuple[float, float, float, float] | None:
    if not isinstance(told, list) or len(told) not in (4, 6):
        return None
    if not all(isinstance(v, int | float) and not isinstance(v, bool) and abs(v) <= 1e7 for v in told):
        return None
    half = len(told) // 2
    west, south, east, north = (float(told[i]) for i in (0, 1, half, half + 1))
    inside = -180 <= west < east <= 180 and -90 <= south < north <= 90
    return (west, south, east, north) if inside else None


def _tile(properties: Mapping[str, object]) -> str | None:
    """Sentinel-2's tile or Landsat's path and row; "MGRS-40RCN", "T40RCN" and "40RCN" are one."""
    told = clean(properties.get("s2:mgrs_tile")) or clean(properties.get("grid:code"))
    if told:
        return re.sub(r"^(?:MGRS-|T(?=\d\d[A-Z]{3}$))", "", told.upper())
    path, row = (str(properties.get(f"landsat:wrs_{part}", "")) for part in ("path", "row"))
    return f"{int(path)}/{int(row)}" if re.fullmatch(r"\d{1,3}/\d{1,3}", f"{path}/{row}", re.ASCII) else None


def _credit(document: Mapping[str, object], properties: Mapping[str, object]) -> str | None:
    told = clean(properties.get("attribution")) or clean(properties.get("credit"))
    if told:
        return told
    providers = properties.get("providers", document.get("providers"))
    if not isinstance(providers, Iterable) or isinstance(providers, str):
        return None
    known = [p for p in providers if isinstance(p, Mapping) and clean(p.get("name"))]
    makers = [p for p in known if {"producer", "licensor"}.intersection(_texts(p.get("roles")))]
    return clean(", ".join(dict.fromkeys(str(p["name"]) for p in makers or known)))


def _asset(key: str, value: object, properties: Mapping[str, object], name: str) -> ItemAsset:
    href = value.get("href") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(href, str) or not href.strip() or len(href) > 8192:
        raise SceneError(f"{name}: its asset {key[:60]!r} has no usable href; mend the item")
    return ItemAsset(
        key=key[:100],
        href=href.strip(),
        media=(clean(value.get("type")) or "").lower(),
        roles=tuple(_texts(value.get("roles"))),
        bands=_bands(key, value, properties, name),
    )


def _bands(key: str, asset: Mapping[str, object], properties: Mapping[str, object], name: str) -> tuple[ItemBand, ...]:
    """STAC 1.1 `bands`, 1.0 `eo:bands` and `raster:bands`, or a mixture; else one band called as the asset."""
    lists = [_objects(asset.get(field)) for field in ("bands", "eo:bands", "raster:bands")]
    count = max(1, *(len(entries) for entries in lists))
    # What is said of a whole asset or item holds for its bands; only there must the name say that it is of a raster.
    whole = [{k: v for k, v in holder.items() if k.startswith("raster:")} for holder in (asset, properties)]
    found = []
    for index in range(count):
        said = [entries[index] for entries in lists if index < len(entries)]
        holders = [*said, {"nodata": asset.get("nodata")}, *whole]
        about = f"asset {key[:60]!r}"
        found.append(
            ItemBand(
                name=_told_name(said, fallback=key if count == 1 else None),
                scale=_number(_first(holders, "scale"), f"{name}: scale of {about}", zero=False),
                offset=_number(_first(holders, "offset"), f"{name}: offset of {about}"),
                nodata=_number(_first(holders, "nodata"), f"{name}: nodata of {about}", nan=True),
            )
        )
    return tuple(found)


def _first(holders: Sequence[Mapping[str, object]], field: str) -> object:
    """The first that says something, with or without the prefix of the raster extension."""
    values = (holder.get(spelling) for holder in holders for spelling in (f"raster:{field}", field))
    return next((value for value in values if value is not None), None)


def _told_name(said: Sequence[Mapping[str, object]], *, fallback: str | None) -> str | None:
    common = next((t for h in said for f in ("eo:common_name", "common_name") if (t := clean(h.get(f)))), None)
    own = next((text for holder in said if (text := clean(holder.get("name")))), None)
    # Providers call three red edges "rededge" and both near infrareds "nir": their own names tell them apart.
    if common in ("rededge", "nir08", "nir") and own and _TELLING.fullmatch(own):
        return own
    return common or own or clean(fallback)


def _number(value: object, what: str, *, zero: bool = True, nan: bool = False) -> float | None:
    if value is None:
        return None
    if nan and isinstance(value, str) and value.lower() in ("nan", "inf", "-inf"):
        return float(value)
    try:
        number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise SceneError(f"{what} is {str(value)[:40]!r}; it must be a number")
    if number == 0 and not zero:
        raise SceneError(f"{what} is 0; it must be another number")
    return number


def _objects(value: object) -> list[Mapping[str, object]]:
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, list) else []


def _texts(value: object) -> list[str]:
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []
