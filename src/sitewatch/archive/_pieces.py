"""Cutting all files of a scene, from disk or over a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import rasterio
from rasterio.errors import RasterioError

from sitewatch.archive._cut import Piece, cut_file
from sitewatch.archive._far import Remote
from sitewatch.archive._href import is_remote, redact_text
from sitewatch.archive._image import GDAL_OPTIONS
from sitewatch.archive._scene import Band, Scene
from sitewatch.archive._store import scene_slug
from sitewatch.errors import SceneError
from sitewatch.site import Site

__all__ = ["cut_scene"]


def cut_scene(scene: Scene, site: Site, folder: Path, remote: Remote) -> list[Piece] | None:
    """The COGs of a scene, for its folder in the archive; None where it shows nothing of the site.

    Raises:
        SceneError: a file of it cannot be used, or not be had after all tries.
    """
    files: dict[str, list[Band]] = {}
    for band in scene.bands:
        files.setdefault(band.href, []).append(band)
    pieces = []
    used: set[str] = set()
    for href, bands in files.items():
        target = folder / _file_name(bands, used)
        cut = partial(cut_file, href, bands, site, target=target, alone=len(files) == 1)
        try:
            piece = remote.cut(href, cut) if is_remote(href) else _cut_local(href, cut)
        except MemoryError as error:
            raise SceneError(f"{target.name}: there is not enough memory to read it; split the site") from error
        if piece is None:
            return None
        pieces.append(piece)
    return pieces


def _cut_local(href: str, cut: Callable[[], Piece | None]) -> Piece | None:
    try:
        with rasterio.Env(**GDAL_OPTIONS):
            return cut()
    except (RasterioError, OSError) as error:
        raise SceneError(
            f"{Path(href).name}: its pixels cannot be read ({redact_text(str(error.__cause__ or error))}); "
            "it is damaged or cut short, get the file again"
        ) from error


def _file_name(bands: Sequence[Band], used: set[str]) -> str:
    stem = scene_slug(bands[0].name) if len(bands) == 1 else "image"
    name, number = f"{stem}.tif", 2
    while name in used:
        name, number = f"{stem}-{number}.tif", number + 1
    used.add(name)
    return name
