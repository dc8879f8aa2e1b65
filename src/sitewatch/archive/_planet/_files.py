"""From the results of an order to a folder of images that `list_folder` reads."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from shapely.geometry import Polygon, mapping

from sitewatch.archive._image import GDAL_OPTIONS, describe, open_image
from sitewatch.archive._planet._scene import PlanetScene, clip_area_km2
from sitewatch.archive._store import write_file
from sitewatch.archive._times import iso
from sitewatch.errors import CatalogError, OutputError, SceneError

if TYPE_CHECKING:
    from sitewatch.archive._planet._link import Downloaded, PlanetLink

__all__ = ["Results", "bring_scene", "read_results"]

_MAX_RESULTS = 10_000
_MAX_MANIFEST_BYTES = 16 * 1024 * 1024
_SCALE = 1e-4
_BANDS = {
    8: ("coastal", "blue", "green05", "green", "yellow", "red", "rededge1", "nir"),
    4: ("blue", "green", "red", "nir"),
}
"""Order of the bands in Planet's files. Green I of the eight-band sensor is STAC's green05."""

_TRIES = 2


@dataclass(frozen=True, kw_only=True)
class Results:
    """Where an order's files lie. Planet's names of them are compared, and never written to."""

    locations: Mapping[str, Mapping[str, str]]
    """By scene id, then "sr" or "udm2": the address, which holds a token."""
    digests: Mapping[str, Mapping[str, str]]
    """By scene id, then "sr" or "udm2": "sha256:..." or "md5:..." as the manifest tells it."""
    unknown: int
    """How many images there are whose names are none that we know."""


def read_results(order: Mapping[str, Any], scenes: Mapping[str, PlanetScene], link: PlanetLink) -> Results:
    """The files of a delivered order that belong to its scenes; all others (XML, previews) are left.

    Raises:
        CatalogError: the answer is none that an order has.
    """
    links = order.get("_links")
    results = links.get("results") if isinstance(links, Mapping) else None
    if results is None:
        results = []
    if not isinstance(results, list) or len(results) > _MAX_RESULTS:
        raise CatalogError("Planet's order: its list of results is not understood; try later")
    locations: dict[str, dict[str, str]] = {}
    manifest, unknown = None, 0
    for result in results:
        if not isinstance(result, Mapping) or result.get("delivery", "success") != "success":
            continue
        name, location = result.get("name"), result.get("location")
        if not isinstance(name, str) or not isinstance(location, str) or len(location) > 8192:
            continue
        base = PurePosixPath(name).name
        if base == "manifest.json":
            manifest = location
        found = _which(base, scenes)
        if found is not None:
            locations.setdefault(found[0], {}).setdefault(found[1], location)
        unknown += found is None and base.endswith(".tif")
    digests = _digests(link, manifest, scenes) if manifest else {}
    return Results(locations=locations, digests=digests, unknown=unknown)


def bring_scene(
    scene: PlanetScene, results: Results, clip: Polygon, folder: Path, link: PlanetLink, *, bands: int
) -> tuple[dict[str, str], bool]:
    """Download a scene's reflectance and mask and lay a STAC item beside them; what is there whole is not fetched.

    Args:
        scene: what was ordered.
        results: where its files lie.
        clip: what was cut out, which bounds how large they can be.
        folder: where the images lie.
        link: the connection.
        bands: how many bands were ordered.

    Returns:
        SHA-256 of the files by name, and whether Planet's own digests of both were compared.

    Raises:
        SceneError: a file is not what was ordered; nothing of it is left.
        OutputError: the disk cannot be written.
        CatalogError: Planet did not answer.
    """
    places, digests = results.locations[scene.id], results.digests.get(scene.id, {})
    # Bounds that no honest file reaches: pixels are 3 m wide at the finest, and twice 16 bits leave room for overviews.
    pixels = 1_000_000 + int(clip_area_km2(clip) * 1e6 / 2.5**2)
    image, mask = folder / f"{scene.id}.tif", folder / f"{scene.id}_udm2.tif"
    raw = folder / f".{mask.name}.raw.partial"
    partial = folder / f".{image.name}.partial"
    made = folder / f".{mask.name}.partial"
    try:
        told = digests.get("sr", "")
        if not (told.startswith("sha256:") and _sha256(image) == told.removeprefix("sha256:")):
            got = _checked(link, places["sr"], partial, told, most=pixels * bands * 4)
            _check_image(partial, bands, most=pixels)
            sha = got.sha256
        else:
            sha = told.removeprefix("sha256:")
        _checked(link, places["udm2"], raw, digests.get("udm2", ""), most=pixels * 16)
        _first_band(raw, made, most=pixels)
        if partial.exists():
            partial.replace(image)
        made.replace(mask)
    except OSError as error:
        raise OutputError(
            f"{folder}: cannot be written ({error.strerror}); free some space, then run it again"
        ) from error
    finally:
        for left in (raw, partial, made):
            with contextlib.suppress(OSError):
                left.unlink(missing_ok=True)
    write_file(folder / f"{scene.id}.json", _item(scene, clip, image.name, mask.name, bands))
    names = (image, mask, folder / f"{scene.id}.json")
    return {path.name: _sha256(path) or sha for path in names}, all(digests.get(key) for key in ("sr", "udm2"))


def _checked(link: PlanetLink, location: str, path: Path, told: str, *, most: int) -> Downloaded:
    from sitewatch.archive._planet._link import UnclearError

    for attempt in range(1, _TRIES + 1):
        try:
            got = link.download(location, path, most=most)
        except UnclearError:  # the line broke
            if attempt == _TRIES:
                raise
            continue
        if told in ("", f"sha256:{got.sha256}", f"md5:{got.md5}"):
            return got
    raise SceneError("does not have the checksum that Planet's manifest tells, twice; run it again later")


def _which(base: str, scenes: Mapping[str, PlanetScene]) -> tuple[str, str] | None:
    """Scene and kind of a file called "20250329_180511_67_2516_3B_AnalyticMS_SR_8b_harmonized_clip_file_format.tif"."""
    if not base.endswith(".tif"):
        return None
    identifier, _, rest = base.partition("_3B_")
    if identifier not in scenes:
        return None
    if rest.startswith("udm2"):
        return identifier, "udm2"
    return (identifier, "sr") if rest.startswith("AnalyticMS_SR") else None


def _digests(link: PlanetLink, location: str, scenes: Mapping[str, PlanetScene]) -> dict[str, dict[str, str]]:
    """What the manifest tells; nothing where it is not understood: who has paid gets the files, and is told."""
    found: dict[str, dict[str, str]] = {}
    try:
        document = json.loads(link.fetch(location, most=_MAX_MANIFEST_BYTES))
        for entry in document["files"]:
            which = _which(PurePosixPath(str(entry["path"])).name, scenes)
            if which is None:
                continue
            digests = entry["digests"]
            kind = next((k for k in ("sha256", "md5") if isinstance(digests.get(k), str)), None)
            if kind is not None:
                found.setdefault(which[0], {}).setdefault(which[1], f"{kind}:{digests[kind].lower()}")
    except (SceneError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    return found


def _check_image(path: Path, bands: int, *, most: int) -> None:
    with warnings.catch_warnings(), rasterio.Env(**GDAL_OPTIONS):
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:
            image = describe(path)
        except SceneError as error:
            raise SceneError(str(error).removeprefix(f"{path.name}: ")) from error
    if image.count != bands or set(image.dtypes) != {"uint16"} or image.grid is None:
        raise SceneError(f"has {image.count} bands of {image.dtypes[0]}, not {bands} of uint16")
    if image.grid.shape[0] * image.grid.shape[1] > most:
        raise SceneError(f"has {image.grid.shape[1]} x {image.grid.shape[0]} pixels, more than were ordered")


def _first_band(raw: Path, path: Path, *, most: int) -> None:
    """The band of the usable data mask that says what is clear, as an image of its own.

    The other seven (snow, shadow, haze, ...) would pass for measurements.
    """
    with warnings.catch_warnings(), rasterio.Env(**GDAL_OPTIONS):
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:
            with open_image(str(raw.absolute()), name="its mask") as source:
                if source.dtypes[0] != "uint8" or source.width * source.height > most:
                    raise SceneError(f"its mask has {source.width} x {source.height} pixels of {source.dtypes[0]}")
                profile = {
                    "driver": "GTiff",
                    "dtype": "uint8",
                    "count": 1,
                    "width": source.width,
                    "height": source.height,
                    "crs": source.crs,
                    "transform": source.transform,
                    "compress": "deflate",
                }
                values = source.read(1)
            with rasterio.open(path, "w", **profile) as target:
                target.write(values, 1)
                target.set_band_description(1, "udm2")
        except RasterioError as error:
            raise SceneError(f"its mask cannot be read ({type(error).__name__})") from error
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _item(scene: PlanetScene, clip: Polygon, image: str, mask: str, bands: int) -> bytes:
    """The STAC item that tells `list_folder` dates, sensor, bands and scale."""
    properties = {
        "datetime": iso(scene.captured),
        "published": None if scene.published is None else iso(scene.published),
        "updated": None if scene.updated is None else iso(scene.updated),
        "constellation": "planetscope",
        "platform": f"planetscope-{scene.satellite}" if scene.satellite else "planetscope",
        "instruments": [scene.instrument.lower()] if scene.instrument else None,
        "attribution": f"© {scene.captured.year} Planet Labs PBC",
        "sitewatch:clear_share": scene.clear_share,
    }
    tiff = "image/tiff; application=geotiff; profile=cloud-optimized"
    item = {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": scene.id,
        "geometry": mapping(clip),
        "bbox": list(clip.bounds),
        "properties": {key: value for key, value in properties.items() if value is not None},
        "links": [],
        "assets": {
            "sr": {
                "href": f"./{image}",
                "type": tiff,
                "roles": ["data"],
                "bands": [
                    {"name": name, "data_type": "uint16", "nodata": 0, "raster:scale": _SCALE, "raster:offset": 0}
                    for name in _BANDS[bands]
                ],
            },
            "udm2": {
                "href": f"./{mask}",
                "type": "image/tiff; application=geotiff",
                "roles": ["data-mask"],
                "bands": [{"name": "udm2", "data_type": "uint8"}],
            },
        },
    }
    return (json.dumps(item, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
