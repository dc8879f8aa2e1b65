"""The archive on disk: a static STAC catalog with one item and its COGs for every chip."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from affine import Affine
from odc.geo import CRS
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from shapely.geometry import Polygon

from sitewatch.archive._cut import Piece, grid_frame, pixels_digest
from sitewatch.archive._href import redact
from sitewatch.archive._lock import held
from sitewatch.archive._scene import Band, Chip, ChipBand, Scene
from sitewatch.archive._times import iso, parse_moment
from sitewatch.errors import OutputError
from sitewatch.site import Site
from sitewatch.whole import write_whole

__all__ = ["Stored", "load", "locked", "read_archive", "scene_slug", "write_catalog", "write_chip", "write_file"]

_STAC = "1.1.0"
_COG_TYPE = "image/tiff; application=geotiff; profile=cloud-optimized"
_PARTIAL = ".partial"


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A chip of the archive, and what it was made for."""

    chip: Chip
    request: str
    """Digest of the scene, its files and the window that were asked for."""


def scene_slug(identifier: str) -> str:
    """A scene's folder name: its id where that is safe in a path, else a cleaned one with a digest."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", identifier) and not identifier.endswith((".", ".json")):
        return identifier
    cleaned = re.sub(r"[^A-Za-z0-9-]+", "-", identifier).strip("-")[:60]
    return f"{cleaned or 'scene'}-{hashlib.sha256(identifier.encode('utf-8', 'replace')).hexdigest()[:12]}"


@contextlib.contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold the archive against a second run; clears what a killed run left half-written.

    Raises:
        OutputError: the folder cannot be made or written, or another run is using it.
    """
    with contextlib.ExitStack() as stack:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            stack.enter_context(held(directory / ".lock"))
        except BlockingIOError as error:
            raise OutputError(f"{directory}: another run is writing this archive; wait until it has ended") from error
        except OSError as error:
            raise OutputError(
                f"{directory}: the archive cannot be written ({error.strerror}); choose another --out"
            ) from error
        for left in (*directory.glob(f"*/.*{_PARTIAL}"), *directory.glob(f".*{_PARTIAL}")):
            left.unlink(missing_ok=True)
        yield


def load(directory: Path) -> tuple[Chip, ...]:
    """Read the chips of an archive, sorted by capture time and id.

    Only whole chips are given: one whose files are missing or differ from their digests is left out (`fetch` gets it
    anew). No file outside the archive is ever named by what is returned.
    """
    chips = [stored.chip for stored in read_archive(directory).values()]
    return tuple(sorted(chips, key=lambda chip: (chip.scene.captured, chip.scene.id)))


def read_archive(directory: Path) -> dict[str, Stored]:
    """The whole chips of an archive by scene id."""
    found = {}
    for path in sorted(directory.glob("*/*.json")):
        if path.stem != path.parent.name:
            continue
        stored = _read_item(path)
        if stored is not None:
            found[stored.chip.scene.id] = stored
    return found


def write_chip(
    directory: Path, scene: Scene, pieces: Sequence[Piece], *, recorded: dt.datetime, request: str
) -> Stored:
    """Write a chip: all files under temporary names, then renamed, the item last. A chip exists if its item does.

    Raises:
        OutputError: the disk is full or cannot be written; nothing half-written is left.
    """
    slug = scene_slug(scene.id)
    folder = directory / slug
    item = _item(scene, pieces, recorded=recorded, request=request)
    contents = {piece.file: piece.content for piece in pieces}
    contents[f"{slug}.json"] = _json(item)
    partial = {name: folder / f".{name}{_PARTIAL}" for name in contents}
    try:
        try:
            folder.mkdir(exist_ok=True)
            for name, content in contents.items():
                _write_through(partial[name], content)
            for name in contents:
                partial[name].replace(folder / name)
        finally:
            for path in partial.values():
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                folder.rmdir()  # only if nothing is in it
        for left in folder.glob("*.tif"):
            if left.name not in contents:
                left.unlink()
    except OSError as error:
        raise OutputError(
            f"{folder}: cannot be written ({error.strerror}); free some space or choose another --out"
        ) from error
    stored = _read_item(folder / f"{slug}.json")
    if stored is None:
        raise OutputError(f"{folder}: what was written cannot be read back; check the disk")
    return stored


def write_catalog(directory: Path, site: Site, chips: Sequence[Chip]) -> None:
    """Write catalog.json over the chips.

    Raises:
        OutputError: it cannot be written.
    """
    slugs = [scene_slug(chip.scene.id) for chip in chips]
    catalog = {
        "type": "Catalog",
        "stac_version": _STAC,
        "id": f"sitewatch-{scene_slug(site.id)}",
        "title": site.name,
        "description": f"Scenes of {site.name}, cut to the site and its margin by sitewatch",
        "links": [
            {"rel": "root", "href": "./catalog.json", "type": "application/json"},
            *({"rel": "item", "href": f"./{s}/{s}.json", "type": "application/geo+json"} for s in slugs),
        ],
    }
    write_file(directory / "catalog.json", _json(catalog))


def write_file(path: Path, content: bytes) -> None:
    """Write one file of the archive under a temporary name and rename it.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        write_whole(path, content)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror}); free some space or choose another --out"
        ) from error


def _write_through(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _json(document: object) -> bytes:
    return (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", "replace")


def _item(scene: Scene, pieces: Sequence[Piece], *, recorded: dt.datetime, request: str) -> dict[str, object]:
    west, south, east, north = shapely.union_all([_frame(p.bands[0].grid) for p in pieces]).bounds
    footprint = shapely.box(round(west, 7), round(south, 7), round(east, 7), round(north, 7), ccw=True)
    properties = {
        "datetime": iso(scene.captured),
        "published": iso(scene.published) if scene.published else None,
        "constellation": scene.sensor if scene.sensor != "unknown" else None,
        "platform": scene.platform,
        "sat:relative_orbit": scene.orbit,
        "sitewatch:recorded": iso(recorded),
        "sitewatch:sensor": scene.sensor,
        "sitewatch:whole_day": scene.whole_day,
        "sitewatch:credit": scene.credit,
        "sitewatch:source": redact(scene.source),
        "sitewatch:catalog": scene.catalog or None,
        "sitewatch:remark": scene.remark or None,
        "sitewatch:version": scene.version,
        "sitewatch:request": request,
        "sitewatch:pixels_sha256": pixels_digest(pieces),
    }
    if scene.whole_day:
        properties["start_datetime"] = iso(scene.captured)
        properties["end_datetime"] = iso(scene.captured + dt.timedelta(hours=23, minutes=59, seconds=59))
    origin = {band.name: band for band in scene.bands}
    return {
        "type": "Feature",
        "stac_version": _STAC,
        "id": scene.id,
        "geometry": shapely.geometry.mapping(footprint),
        "bbox": list(footprint.bounds),
        "properties": {key: value for key, value in properties.items() if value is not None},
        "links": [
            {"rel": "root", "href": "../catalog.json", "type": "application/json"},
            {"rel": "parent", "href": "../catalog.json", "type": "application/json"},
        ],
        "assets": {piece.file.removesuffix(".tif"): _asset(piece, origin) for piece in pieces},
    }


def _frame(grid: GeoBox) -> Polygon:
    """A grid's frame in longitude and latitude."""
    if grid.crs is None:
        raise ValueError(grid)
    frame = grid_frame(grid)
    edge = shapely.get_coordinates(frame.segmentize(frame.length / 64))
    transformer = Transformer.from_crs(grid.crs.proj, CRS("EPSG:4326").proj, always_xy=True)
    return Polygon(np.column_stack(transformer.transform(edge[:, 0], edge[:, 1])))


def _asset(piece: Piece, origin: Mapping[str, Band]) -> dict[str, object]:
    grid = piece.bands[0].grid
    epsg = grid.crs.epsg if grid.crs is not None else None
    return {
        "href": f"./{piece.file}",
        "type": _COG_TYPE,
        "roles": ["data"],
        **({"proj:code": f"EPSG:{epsg}"} if epsg or grid.crs is None else {"proj:wkt2": grid.crs.wkt}),
        "proj:shape": list(grid.shape),
        "proj:transform": list(grid.affine)[:6],
        "bands": [
            {
                "name": band.name,
                "data_type": band.dtype,
                **({} if band.nodata is None else {"nodata": _number_out(band.nodata)}),
                "raster:scale": band.scale,
                "raster:offset": band.offset,
                "sitewatch:source_band": origin[band.name].index if band.name in origin else 0,
            }
            for band in piece.bands
        ],
        "sitewatch:source": piece.source,
        "sitewatch:sha256": hashlib.sha256(piece.content).hexdigest(),
    }


def _read_item(path: Path) -> Stored | None:
    """A stored chip, or None where its item or a file of it is missing or damaged."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return _stored(path.parent, document)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _stored(folder: Path, item: Mapping[str, Any]) -> Stored | None:
    properties = item["properties"]
    bands: list[ChipBand] = []
    origins: list[Band] = []
    digests: dict[str, str] = {}
    sources: dict[str, str] = {}
    for asset in item["assets"].values():
        name = str(asset["href"]).removeprefix("./")
        if Path(name).name != name or (folder / name).is_symlink():
            return None
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != asset["sitewatch:sha256"]:
            return None
        digests[name], sources[name] = asset["sitewatch:sha256"], asset["sitewatch:source"]
        crs = CRS(asset.get("proj:code") or asset["proj:wkt2"])
        grid = GeoBox(tuple(asset["proj:shape"]), Affine(*asset["proj:transform"]), crs)
        for index, band in enumerate(asset["bands"], start=1):
            nodata = float(band["nodata"]) if "nodata" in band else None
            scale, offset = float(band["raster:scale"]), float(band["raster:offset"])
            bands.append(
                ChipBand(
                    name=band["name"],
                    path=folder / name,
                    index=index,
                    grid=grid,
                    scale=scale,
                    offset=offset,
                    nodata=nodata,
                    dtype=band["data_type"],
                )
            )
            origins.append(
                Band(
                    name=band["name"],
                    href=sources[name],
                    index=int(band["sitewatch:source_band"]),
                    scale=scale,
                    offset=offset,
                    nodata=nodata,
                )
            )
    scene = Scene(
        id=item["id"],
        sensor=properties["sitewatch:sensor"],
        platform=properties.get("platform"),
        orbit=properties.get("sat:relative_orbit"),
        captured=_moment(properties["datetime"]),
        whole_day=properties["sitewatch:whole_day"],
        published=_moment(properties["published"]) if "published" in properties else None,
        bands=tuple(origins),
        credit=properties.get("sitewatch:credit"),
        source=properties["sitewatch:source"],
        remark=properties.get("sitewatch:remark", ""),
        version=properties["sitewatch:version"],
        catalog=properties.get("sitewatch:catalog", ""),
    )
    chip = Chip(
        scene=scene,
        bands=tuple(bands),
        recorded=_moment(properties["sitewatch:recorded"]),
        sha256=digests,
        pixels_sha256=properties["sitewatch:pixels_sha256"],
        sources=sources,
    )
    return Stored(chip=chip, request=properties["sitewatch:request"])


def _moment(text: str) -> dt.datetime:
    moment = parse_moment(text)
    if moment is None:
        raise ValueError(text)
    return moment.at


def _number_out(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)
