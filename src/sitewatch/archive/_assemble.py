"""From files and what is known of them to one scene."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from sitewatch.archive._bands import resolve_names, split_suffix
from sitewatch.archive._image import Image
from sitewatch.archive._item import Item, ItemAsset, ItemBand, clean, sensor_name
from sitewatch.archive._scene import MASK_BANDS, Band, Scene
from sitewatch.archive._times import Moment, check_captured, moment_in_name, parse_moment
from sitewatch.errors import SceneError

__all__ = ["assemble"]

_TIME_TAGS = ("TIFFTAG_DATETIME", "DATE", "ACQUISITIONDATETIME")
_LANDSAT_LEVEL_2 = re.compile(r".+_SR_B[1-7]", re.IGNORECASE)
_LANDSAT_SCALE, _LANDSAT_OFFSET = 2.75e-5, -0.2
_PICTURE = ("red", "green", "blue", "valid")
_TRACK_TAGS = ("TRACK_NUMBER", "RELATIVE_ORBIT")
_OPERA = re.compile(r"OPERA_L2_RTC-S1_T(\d{3})-\d{6}-IW\d_.*_(S1[A-D])_\d+_v[\d.]+.*", re.IGNORECASE)
"""OPERA's names of radar bursts: track and satellite."""
_SENTINEL1 = re.compile(
    r"(S1[A-D])_(?:IW|EW|S\d|WV)_(?:.*_\d{8}T\d{6}_\d{8}T\d{6}_(\d{6})_[0-9A-F]{6})?.*", re.IGNORECASE
)
"""ESA's names of radar products, and those made after them: satellite, and absolute orbit where it is told."""
_FIRST_ORBIT = {"S1A": 73, "S1B": 27}
"""Relative orbit = (absolute orbit - this) modulo 175 + 1, for satellites that never left their track."""

File = tuple[Path, Image, ItemAsset | None]
"""An image, its header, and the item's asset that lists it, if one does."""


def assemble(identifier: str, files: Sequence[File], item: Item | None) -> Scene:
    """One scene from its local files.

    Args:
        identifier: the scene's id.
        files: at least one.
        item: what the STAC item beside them says, if there is one.

    Raises:
        SceneError: neither a date nor names for the bands can be found, or no band is a measurement.
    """
    path, image, _ = files[0]
    moment = _moment(files, item)
    check_captured(moment.at, name=path.name)
    platform = item.platform if item else _platform(path.stem)
    about = " ".join((platform or "", item.sensor if item else "", path.stem)).lower()
    credit = item.credit if item else None
    return Scene(
        id=identifier,
        sensor=item.sensor if item else sensor_name(None, platform),
        platform=platform,
        orbit=item.orbit if item and item.orbit is not None else _orbit(files),
        captured=moment.at,
        whole_day=moment.whole_day,
        published=item.published if item else None,
        bands=_bands(files, item, about),
        credit=credit or clean(image.tags.get("TIFFTAG_COPYRIGHT")) or clean(image.tags.get("SOURCE")),
        source=str(path),
        version=_version([p for p, _, _ in files]),
    )


def _moment(files: Sequence[File], item: Item | None) -> Moment:
    if item is not None and item.moment is not None:
        return item.moment
    found: list[str] = []
    for path, image, _ in files:
        for tag in _TIME_TAGS:
            text = image.tags.get(tag)
            moment = parse_moment(text)
            if moment is not None:
                # TIFF cannot write a date without a time: no picture is taken on the stroke of midnight.
                midnight = tag == "TIFFTAG_DATETIME" and not any((moment.at.hour, moment.at.minute, moment.at.second))
                return Moment(at=moment.at, whole_day=moment.whole_day or midnight)
            if text:
                found.append(f"{tag} {text[:40]!r}")
        moment = moment_in_name(path.name)
        if moment is not None:
            return moment
    said = f" ({', '.join(found)} is no date)" if found else ""
    raise SceneError(
        f"{files[0][0].name}: does not say when it was taken{said}; put the date into the file's name "
        "(2020-05-31), its TIFFTAG_DATETIME, or a STAC item beside it"
    )


def _platform(stem: str) -> str | None:
    """The satellite that a product's own file name tells."""
    head = stem.upper()
    if head[:2] == "S2" and head[2:3] in "ABCD" and head[3:4] == "_":
        return f"sentinel-2{head[2].lower()}"
    if head[:1] == "L" and head[2:4] in ("04", "05", "07", "08", "09") and head[4:5] == "_":
        return f"landsat-{head[3]}"
    radar = _OPERA.fullmatch(head)
    name = radar[2] if radar else match[1] if (match := _SENTINEL1.fullmatch(head)) else None
    return None if name is None else f"sentinel-1{name[2].lower()}"


def _orbit(files: Sequence[File]) -> int | None:
    """The relative orbit of a radar scene, from the file's tags or its name."""
    path, image, _ = files[0]
    for tag in _TRACK_TAGS:
        told = re.fullmatch(r"T?(\d{1,3})", str(image.tags.get(tag, "")).strip(), re.IGNORECASE)
        if told:
            return int(told[1])
    burst = _OPERA.fullmatch(path.stem)
    if burst:
        return int(burst[1])
    product = _SENTINEL1.fullmatch(path.stem)
    if product and product[2] and product[1].upper() in _FIRST_ORBIT:
        return (int(product[2]) - _FIRST_ORBIT[product[1].upper()]) % 175 + 1
    return None


def _bands(files: Sequence[File], item: Item | None, about: str) -> tuple[Band, ...]:
    listed = [
        (path, image, index, band) for path, image, asset in files for index, band in _told(path, image, asset, item)
    ]
    names = resolve_names([band.name for *_, band in listed], about=about)
    best: dict[str, tuple[float, Band]] = {}
    for (path, image, index, band), name in zip(listed, names, strict=True):
        if name is None:
            continue
        pixel = 1.0 if image.grid is None else abs(image.grid.affine.determinant)
        entry = Band(
            name=name,
            href=str(path),
            index=index,
            scale=None if name in MASK_BANDS else band.scale,
            offset=None if name in MASK_BANDS else band.offset,
            nodata=band.nodata,
        )
        other = best.get(name)
        if other is not None and other[1].href == entry.href:
            raise SceneError(f"{path.name}: has two bands called {name}; give each its own name")
        if other is None or pixel < other[0]:  # of two resolutions of one band, the finer
            best[name] = (pixel, entry)
    bands = tuple(band for _, band in best.values())
    if not bands:
        path, image, _ = files[0]
        raise SceneError(
            f"{path.name}: has {image.count} bands without names; name them by band descriptions "
            "or in a STAC item beside it"
        )
    if all(band.is_mask for band in bands):
        raise SceneError(
            f"{files[0][0].name}: holds only {bands[0].name}, no measured band; add the images it belongs to"
        )
    return bands


def _told(path: Path, image: Image, asset: ItemAsset | None, item: Item | None) -> list[tuple[int, ItemBand]]:
    """What is said of every band of a file: number from 1, and name where there is one."""
    said = _asset_bands(image, asset, item)
    described = resolve_names(image.descriptions)
    if any(described):
        names: Sequence[str | None] = image.descriptions
    elif said and any(band.name for band in said):
        names = [band.name for band in said]
    else:
        names = _implied(path, image)
    facts = said or [_known(path, image)] * image.count
    return [
        (index + 1, ItemBand(name=name, scale=fact.scale, offset=fact.offset, nodata=fact.nodata))
        for index, (name, fact) in enumerate(zip(names, facts, strict=True))
    ]


def _known(path: Path, image: Image) -> ItemBand:
    """Scale and offset of Landsat Collection 2 Level 2, whose files say them only in a text beside them."""
    if _LANDSAT_LEVEL_2.fullmatch(path.stem) and image.dtypes == ("uint16",) and not image.scaled:
        return ItemBand(name=None, scale=_LANDSAT_SCALE, offset=_LANDSAT_OFFSET)
    return ItemBand(name=None)


def _asset_bands(image: Image, asset: ItemAsset | None, item: Item | None) -> list[ItemBand]:
    """The bands of the item's asset for this file, if it lists as many as the file has."""
    if asset is None and item is not None:
        fitting = [a for a in item.assets if a.is_image and len(a.bands) == image.count]
        asset = fitting[0] if len(fitting) == 1 else None
    if asset is None or len(asset.bands) != image.count:
        return []
    return list(asset.bands)


def _implied(path: Path, image: Image) -> Sequence[str | None]:
    """Names from the file's own name, the number of bands, or the colours that its header gives them."""
    if image.count == 1:
        suffix = split_suffix(path.stem)
        if suffix is None and image.colours[0] == "palette":
            raise SceneError(f"{path.name}: has a colour table; convert it to red, green and blue (-expand rgb)")
        return [suffix[1] if suffix else "gray"]
    if image.count in (3, 4) and set(image.dtypes) == {"uint8"}:
        return _PICTURE[: image.count]
    if {"red", "green", "blue"} <= set(image.colours):
        return [c if c in ("red", "green", "blue", "alpha") else None for c in image.colours]
    return [None] * image.count


def _version(paths: Sequence[Path]) -> str:
    """Changes when one of the files does (its size or time of change)."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        try:
            status = path.stat()
        except OSError as error:
            raise SceneError(f"{path.name}: cannot be read ({error.strerror}); check the file") from error
        digest.update(f"{path.name}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:16]
