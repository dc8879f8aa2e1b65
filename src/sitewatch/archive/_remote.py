"""From one item of a STAC API to a scene."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urljoin

from sitewatch.archive._address import check_address
from sitewatch.archive._bands import common_name, is_known, rank, resolve_names
from sitewatch.archive._href import is_remote
from sitewatch.archive._item import Item, ItemAsset, ItemBand, clean, read_item
from sitewatch.archive._presets import Preset
from sitewatch.archive._scene import MASK_BANDS, Band, Scene
from sitewatch.archive._times import check_captured
from sitewatch.errors import OptionError, SceneError

__all__ = ["check_address", "scene_of"]


def scene_of(document: object, *, name: str, source: str, catalog: str, preset: Preset) -> Scene:
    """Read one item.

    Args:
        document: its JSON.
        name: what to call it in messages.
        source: its address, for provenance.
        catalog: the API's address.
        preset: how to read it.

    Raises:
        SceneError: it cannot be used; the message says why.
    """
    item = read_item(document, name=name)
    if item.moment is None:
        raise SceneError(f"{name}: does not say when it was taken (no datetime); tell the catalog's operator")
    check_captured(item.moment.at, name=name)
    base = _self_link(document) or source
    alternates = _alternates(document, preset.alternate)
    chosen = _by_preset(item, preset, name) if preset.bands else _as_told(item, name)
    bands = []
    for label, asset, index in chosen:
        href = _address(alternates.get(asset.key, asset.href), base, catalog, name=f"{name}: asset {asset.key!r}")
        bands.append(_band(label, href, (asset, index), item, preset))
    if not bands or all(band.is_mask for band in bands):
        raise SceneError(f"{name}: has no asset with a measured band ({_keys(item)}); say which are which with bands")
    credit = preset.credit.format(year=item.moment.at.year) if preset.credit else None
    return Scene(
        id=item.id,
        sensor=preset.sensor or item.sensor,
        platform=item.platform,
        orbit=item.orbit,
        captured=item.moment.at,
        whole_day=item.moment.whole_day,
        published=item.published,
        bands=tuple(bands),
        credit=credit or item.credit,
        source=source,
        version=item.updated,
        box=item.box,
        tile=item.tile,
    )


def _by_preset(item: Item, preset: Preset, name: str) -> list[tuple[str, ItemAsset, int]]:
    """The assets that the preset or the caller names."""
    assets = {asset.key: asset for asset in item.assets}
    found = []
    for label, text in preset.bands.items():
        key, _, number = text.partition("#")
        if number and not number.isdigit():
            raise OptionError(f"bands: {label}={text!r} must be an asset's key, or key#2 for its second band")
        asset = assets.get(key)
        if asset is None and label in MASK_BANDS:
            # Without its mask its clouds would pass for changes.
            raise SceneError(f"{name}: has no asset {key!r}, which holds its mask ({_keys(item)})")
        if asset is not None:
            found.append((common_name(label), asset, int(number or 1)))
    return found


def _as_told(item: Item, name: str) -> list[tuple[str, ItemAsset, int]]:
    """The assets that look like images of known bands; of two for one band the first, a GeoTIFF before a JPEG 2000."""
    about = f"{item.sensor} {item.platform or ''}"
    images = [asset for asset in item.assets if asset.is_image]
    images.sort(key=lambda asset: "jp2" in asset.media or asset.href.partition("?")[0].lower().endswith(".jp2"))
    listed = [(asset, index, band.name) for asset in images for index, band in enumerate(asset.bands, start=1)]
    names = resolve_names([text for _, _, text in listed], about=about)
    found: dict[str, tuple[str, ItemAsset, int]] = {}
    for (asset, index, _), label in zip(listed, names, strict=True):
        if label is not None and is_known(label) and label not in found:
            found[label] = (label, asset, index)
    if not found:
        raise SceneError(
            f"{name}: has no asset with a band that is known ({_keys(item)}); say which are which with bands"
        )
    # APIs give assets in any order; the same items must give the same chips.
    return [found[label] for label in sorted(found, key=rank)]


def _band(label: str, href: str, place: tuple[ItemAsset, int], item: Item, preset: Preset) -> Band:
    asset, index = place
    told = asset.bands[index - 1] if index <= len(asset.bands) else ItemBand(name=None)
    if label in MASK_BANDS:
        return Band(name=label, href=href, index=index, nodata=told.nodata)
    scale = told.scale if told.scale is not None else preset.scale
    offset = told.offset if told.offset is not None else preset.offset
    if preset.sentinel2_offset:
        offset = _sentinel2_offset(item, offset)
    nodata = told.nodata if told.nodata is not None else preset.nodata
    return Band(name=label, href=href, index=index, scale=scale, offset=offset, nodata=nodata)


def _sentinel2_offset(item: Item, told: float | None) -> float:
    """ESA adds 1000 DN from baseline 04.00 on (25 January 2022); some providers take it off again."""
    if item.properties.get("earthsearch:boa_offset_applied") is True:
        return 0.0
    if told is not None:
        return told
    baseline = re.fullmatch(r"(\d{1,2})\.(\d{1,2})", str(item.properties.get("s2:processing_baseline", "")))
    return -0.1 if baseline and int(baseline[1]) >= 4 else 0.0


def _address(href: str, base: str, catalog: str, *, name: str) -> str:
    """An asset's web address; relative ones start at the item's own."""
    if not is_remote(href) and (re.match(r"[^/?#]*:|[/\\~]", href) or "\0" in href):
        raise SceneError(f"{name}: points to {href[:80]!r}, which is no web address and is not opened")
    try:
        href = href if is_remote(href) else urljoin(base, href)
    except ValueError as error:
        raise SceneError(f"{name}: has a broken address ({href[:80]!r}); tell the catalog's operator") from error
    check_address(href, catalog, name=name)
    return href


def _self_link(document: object) -> str | None:
    links = document.get("links") if isinstance(document, Mapping) else None
    for link in links if isinstance(links, list) else []:
        if isinstance(link, Mapping) and link.get("rel") == "self" and is_remote(str(link.get("href"))):
            return str(link["href"])
    return None


def _alternates(document: object, key: str) -> dict[str, str]:
    """Other addresses of the assets (alternate-assets extension), by asset."""
    if not key or not isinstance(document, Mapping):
        return {}
    found = {}
    for name, asset in document["assets"].items():
        alternate = asset.get("alternate")
        other = alternate.get(key) if isinstance(alternate, Mapping) else None
        if isinstance(other, Mapping) and isinstance(other.get("href"), str):
            found[str(name)] = other["href"]
    return found


def _keys(item: Item) -> str:
    keys = ", ".join(clean(asset.key) or "?" for asset in item.assets[:12])
    return f"it has {keys or 'none'}"
