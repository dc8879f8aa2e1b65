"""The scenes of an image folder."""

from __future__ import annotations

import datetime as dt
import json
import warnings
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

import rasterio
from rasterio.errors import NotGeoreferencedWarning

from sitewatch.archive._assemble import assemble
from sitewatch.archive._bands import split_suffix
from sitewatch.archive._image import GDAL_OPTIONS, PICTURE_ENDINGS, Image, describe
from sitewatch.archive._item import Item, ItemAsset, is_item, read_item
from sitewatch.archive._picture import is_preview
from sitewatch.archive._scene import Faulty, Listing, Picture, Scene
from sitewatch.archive._times import in_period, moment_in_name, plausible
from sitewatch.errors import FolderError, SceneError

__all__ = ["list_folder"]

_ENDINGS = (".tif", ".tiff", ".gtif", ".gtiff", ".jp2", ".j2k", *PICTURE_ENDINGS)
_MAX_SIDECAR_BYTES = 4 * 1024 * 1024
_MAX_FILES = 100_000


@dataclass(frozen=True, kw_only=True)
class _Sidecar:
    path: Path
    item: Item | None
    fault: str = ""
    """Why it cannot be used; empty where `item` is there."""


@dataclass(kw_only=True)
class _Group:
    """The files of one scene."""

    id: str
    files: list[tuple[Path, ItemAsset | None]] = field(default_factory=list)
    sidecar: _Sidecar | None = None


def list_folder(folder: Path, *, since: dt.datetime | None = None, until: dt.datetime | None = None) -> Listing:
    """List the scenes of a folder of GeoTIFF, COG or JPEG 2000 images, and of PNG and JPEG pictures.

    One file is one scene, unless a STAC item beside them lists several files, or several one-band files share a name
    up to the band ("X_B04.tif", "X_B08.tif"). Only headers are read. A file that cannot be used is a `Faulty` and the
    others go on; sub-folders and hidden files are not looked at. Pictures do not say where they lie and are listed
    apart (`fetch` places them); previews that lie beside the images they are made from are left out.

    Args:
        folder: where the images lie.
        since: leave out scenes captured before this moment.
        until: leave out scenes captured after this moment.

    Raises:
        FolderError: the folder is missing, is not a folder, cannot be read, or holds no image file.
    """
    images, documents = _files(folder)
    sidecars = {path.stem: _sidecar(path) for path in documents}
    images = _without_previews(images, sidecars)
    with warnings.catch_warnings(), rasterio.Env(**GDAL_OPTIONS):
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        headers = {path: _header(folder, path) for path in images}
        groups, faulty = _group(folder, headers, sidecars)
        for path in sorted({p for g in groups for p, _ in g.files} - headers.keys()):
            headers[path] = _header(folder, path)
    scenes: dict[str, Scene] = {}
    pictures: dict[str, Picture] = {}
    for group in groups:
        try:
            scene = _scene(group, headers)
            picture = _picture(group, scene)
        except SceneError as error:
            faulty.append(_fault(group, str(error)))
            continue
        if scene.id in scenes:
            first = scenes[scene.id]
            repeated = f"the scene {scene.id} is listed already, from {first.source}; remove one"
            faulty.append(Faulty.of(scene, repeated, duplicate=True))
        else:
            scenes[scene.id] = scene
            if picture is not None:
                pictures[scene.id] = picture
    listed_by = ("folder",)
    wanted = [replace(s, listed_by=listed_by) for s in sorted(scenes.values(), key=_order) if _wanted(s, since, until)]
    return Listing(
        scenes=tuple(s for s in wanted if s.id not in pictures),
        faulty=tuple(replace(f, listed_by=listed_by) for f in faulty if _wanted(f, since, until)),
        pictures=tuple(replace(pictures[s.id], scene=s) for s in wanted if s.id in pictures),
        asked=listed_by,
    )


def _files(folder: Path) -> tuple[list[Path], list[Path]]:
    """The images and the JSON documents of a folder, sorted by name."""
    if not folder.exists():
        raise FolderError(f"{folder}: there is no such folder; give the folder that holds the images")
    if not folder.is_dir():
        raise FolderError(f"{folder}: is a file, not a folder; give the folder that holds the images")
    try:
        entries = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    except OSError as error:
        raise FolderError(f"{folder}: cannot be read ({error.strerror}); check its permissions") from error
    if len(entries) > _MAX_FILES:
        raise FolderError(f"{folder}: holds {len(entries)} files, more than {_MAX_FILES}; split it")
    images = [p for p in entries if p.suffix.lower() in _ENDINGS and not p.is_dir()]
    if not images:
        inside = sum(1 for p in entries if p.is_dir())
        hint = f", but {inside} folders: give one of these" if inside else "; give the folder that holds the images"
        raise FolderError(f"{folder}: holds no image (.tif, .tiff, .jp2, .png, .jpg){hint}")
    return images, [p for p in entries if p.suffix.lower() == ".json" and p.is_file()]


def _without_previews(images: Sequence[Path], sidecars: Mapping[str, _Sidecar]) -> list[Path]:
    """The images without the small pictures that are made from one: of its name, called so, or listed so in an item."""
    stems = {path.stem for path in images if not _is_picture(path)}
    listed = {
        Path(asset.href).name
        for stem, sidecar in sidecars.items()
        if sidecar.item is not None
        for asset in sidecar.item.assets
        if not asset.is_image and (stem in stems or any(a.is_image for a in sidecar.item.assets))
    }
    return [
        path
        for path in images
        if not _is_picture(path) or not (path.stem in stems or path.name in listed or is_preview(path.stem))
    ]


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURE_ENDINGS


def _picture(group: _Group, scene: Scene) -> Picture | None:
    """The picture that a scene is, if it is one."""
    path = group.files[0][0]
    if not any(_is_picture(p) for p, _ in group.files):
        return None
    if len(group.files) > 1:
        raise SceneError(f"{path.name}: a scene of several files cannot have a PNG or JPEG among them; convert it")
    item = group.sidecar.item if group.sidecar else None
    return Picture(scene=scene, path=path, told=item.place if item else {})


def _sidecar(path: Path) -> _Sidecar:
    try:
        if path.stat().st_size > _MAX_SIDECAR_BYTES:
            return _Sidecar(path=path, item=None, fault=f"{path.name}: is larger than 4 MiB; a STAC item is small")
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        return _Sidecar(path=path, item=None, fault=f"{path.name}: cannot be read ({error.strerror})")
    except (ValueError, RecursionError) as error:
        return _Sidecar(path=path, item=None, fault=f"{path.name}: is not JSON ({error}); mend or remove it")
    if isinstance(document, Mapping) and not is_item(document):
        return _Sidecar(path=path, item=None)  # some other JSON that happens to lie here
    try:
        return _Sidecar(path=path, item=read_item(document, name=path.name))
    except SceneError as error:
        return _Sidecar(path=path, item=None, fault=str(error))


def _header(folder: Path, path: Path) -> Image | SceneError:
    """What an image's header says, or why it cannot be used."""
    if not path.name.isprintable():
        return SceneError(f"{path.name!a}: its name holds characters that cannot be shown; rename it")
    try:
        if not path.resolve(strict=True).is_relative_to(folder.resolve()):
            return SceneError(f"{path.name}: is a link to a file outside the folder, which is not followed; copy it")
        if not path.is_file():
            return SceneError(f"{path.name}: is not a regular file; remove it")
        return describe(path)
    except SceneError as error:
        return error
    except (OSError, RuntimeError) as error:
        return SceneError(f"{path.name}: cannot be read ({error}); check the file or the link")


def _group(
    folder: Path, headers: Mapping[Path, Image | SceneError], sidecars: Mapping[str, _Sidecar]
) -> tuple[list[_Group], list[Faulty]]:
    """Which files make one scene: those an item lists, else those whose names differ only in the band."""
    groups: list[_Group] = []
    faulty: list[Faulty] = []
    claimed: set[Path] = set()
    named: dict[str, list[Path]] = defaultdict(list)
    banded: dict[str, list[Path]] = defaultdict(list)
    for path in headers:
        named[path.stem].append(path)
        banded[_base(path) or path.stem].append(path)
    for sidecar in sidecars.values():
        item = sidecar.item
        if item is None:
            continue
        own = named.get(sidecar.path.stem, [])
        group = _Group(id=item.id, sidecar=sidecar)
        try:
            group.files = _listed(folder, sidecar.path, item, own)
        except SceneError as error:
            faulty.append(_fault(group, str(error)))
            # Files of the refused item are not looked at under another name.
            stem = sidecar.path.stem
            claimed.update(own, banded.get(stem, ()))
            continue
        if group.files:
            groups.append(group)
            claimed.update(path for path, _ in group.files)
            claimed.update(own)
    free = {path: header for path, header in headers.items() if path not in claimed}
    # A broken file counts as a band of its neighbours: without it their scene would pass for whole.
    bases = {p: _base(p) for p, header in free.items() if isinstance(header, SceneError) or header.count == 1}
    shared = Counter(bases.values())
    by_stem: dict[str, _Group] = {}
    for path in free:
        base = bases.get(path)
        alone = base is None or (base not in sidecars and shared[base] == 1)
        stem = path.stem if alone or base is None else base
        # Two formats of one name are two listings of one scene, which the caller finds; they are no pair of bands.
        group = by_stem.setdefault(str(path) if alone else stem, _Group(id=stem, sidecar=sidecars.get(stem)))
        group.files.append((path, None))
    return [*groups, *by_stem.values()], faulty


def _base(path: Path) -> str | None:
    parts = split_suffix(path.stem)
    return parts[0] if parts else None


def _listed(folder: Path, sidecar: Path, item: Item, own: Sequence[Path]) -> list[tuple[Path, ItemAsset | None]]:
    """The local files of an item's assets; the image of the sidecar's own name where the item lists none."""
    found: list[tuple[Path, ItemAsset | None]] = []
    for asset in item.assets:
        if not asset.is_image:
            continue
        path = _inside(folder, sidecar, asset)
        found.append((path, asset))
    if not found and own:
        return [(own[0], None)]
    return found


def _inside(folder: Path, sidecar: Path, asset: ItemAsset) -> Path:
    """The file an asset means, which must lie in the folder."""
    href = asset.href
    try:
        parts = urlsplit(href)
        path = Path(unquote(parts.path))
        target = folder / path
        leaves = bool(parts.scheme or parts.netloc or path.is_absolute() or ".." in path.parts)
        if not leaves and target.resolve().is_relative_to(folder.resolve()):
            if target.is_file():
                return target
            raise SceneError(
                f"{sidecar.name}: lists {href[:80]!r}, which is not in the folder; add it or mend the item"
            )
    except (OSError, RuntimeError, ValueError):
        pass  # no name that a file can have
    raise SceneError(
        f"{sidecar.name}: its asset {asset.key!r} points outside the folder ({href[:80]!r}), which is not followed; "
        "list files of this folder by relative names"
    )


def _scene(group: _Group, headers: Mapping[Path, Image | SceneError]) -> Scene:
    if group.sidecar is not None and group.sidecar.fault:
        raise SceneError(group.sidecar.fault)
    files: list[tuple[Path, Image, ItemAsset | None]] = []
    for path, asset in group.files:
        header = headers[path]
        if isinstance(header, SceneError):
            raise header
        files.append((path, header, asset))
    return assemble(group.id, files, group.sidecar.item if group.sidecar else None)


def _fault(group: _Group, reason: str) -> Faulty:
    """A faulty scene, with what its sidecar still tells."""
    item = group.sidecar.item if group.sidecar else None
    sources = [path for path, _ in group.files] or ([group.sidecar.path] if group.sidecar else [])
    one_file = item is None and len(group.files) == 1
    faulty = Faulty(
        scene=_printable(group.files[0][0].stem if one_file else group.id),
        source=_printable(str(sources[0]) if sources else group.id),
        reason=_printable(reason),
    )
    if item is None:
        moment = moment_in_name(Path(faulty.source).name)
    else:
        faulty = replace(faulty, sensor=item.sensor, published=item.published)
        moment = item.moment
    if moment is None or plausible(moment.at) is None:
        return faulty
    return replace(faulty, captured=moment.at, whole_day=moment.whole_day)


def _printable(text: str) -> str:
    """File names may hold anything, even what no text file can."""
    return text if text.isprintable() else ascii(text)[1:-1]


def _wanted(entry: Scene | Faulty, since: dt.datetime | None, until: dt.datetime | None) -> bool:
    if entry.captured is None:
        return True
    return in_period(entry.captured, whole_day=entry.whole_day, since=since, until=until)


def _order(scene: Scene) -> tuple[dt.datetime, str]:
    return scene.captured, scene.id
