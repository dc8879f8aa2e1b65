"""Pictures that do not say where they lie, placed on the ground by what they show."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.errors import NotGeoreferencedWarning

from sitewatch.archive._lay import Loose, lay
from sitewatch.archive._overlay import at_rim, find_overlays
from sitewatch.archive._picture import Pixels, georeference, read_pixels
from sitewatch.archive._placed import Placed, read_placed, write_placed
from sitewatch.archive._reference import Known, chosen, known_image, plan
from sitewatch.archive._scene import Faulty, Listing, Picture, Scene
from sitewatch.archive._similarity import Shade
from sitewatch.errors import SceneError
from sitewatch.site import Site, metric_crs, project

__all__ = ["place_pictures"]

_NO_PLACE = (
    "does not say where on Earth it lies, and {}; put a world file (.pgw, .jgw) beside one of the pictures, or a "
    "georeferenced image of the place into the folder"
)
_UNSURE = (
    "could not be placed on the ground, {}: cloud, or another place; if it shows the site, put a world file beside it"
)
_STILL_PX = 4.0
"""Where the site keeps its place in the pictures to so many pixels, all of them are cut alike."""
_Keys = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class _Raw:
    """A picture before it is placed."""

    picture: Picture
    key: str
    """Changes when the picture does, or what lies beside it."""
    shape: tuple[int, int]
    grid: GeoBox | None
    """Where it lies, as its world file or item says; None where neither does."""

    @property
    def id(self) -> str:
        return self.picture.scene.id

    @property
    def colours(self) -> int:
        """How many colours it has: 1 or 3."""
        return len(self.picture.scene.bands) - 1

    def read(self) -> Pixels:
        """Its pixels.

        Raises:
            _LostError: it cannot be read any more, or is another one now.
        """
        try:
            pixels = read_pixels(self.picture.path)
        except SceneError as error:
            raise _LostError(self.id, str(error)) from error
        if pixels.values.shape != (self.colours, *self.shape):
            raise _LostError(self.id, f"{self.picture.path.name}: was replaced while it was being read; run again")
        return pixels


class _LostError(SceneError):
    """A picture that could be read when its turn came first, and not when it was read again."""

    def __init__(self, scene: str, reason: str) -> None:
        super().__init__(reason)
        self.scene = scene


def place_pictures(listing: Listing, site: Site, directory: Path, *, done: Callable[[], None]) -> Listing:
    """Turn a listing's pictures into scenes whose images say where they lie, kept in the archive.

    A picture with a world file, or with `proj:transform` in the STAC item beside it, lies where that says. All others
    are laid on the median of the images whose place is known (`find`), and then once more on the median of all that was
    placed so. What was placed stays where it is in later runs, and later pictures are laid on it; only what lies on an
    image that has changed since is placed anew.

    Args:
        listing: scenes and pictures of a folder.
        site: the watched place.
        directory: the archive; nobody else may be writing it.
        done: called for each picture that is not placed already.

    Returns:
        The listing without pictures: each is now a scene, or a `Faulty` that says why not. A picture that vanishes or
        is replaced while this works (folders are synchronised, cleared, filled) is faulty too, and the others are
        placed without it.

    Raises:
        OutputError: the archive cannot be written.
    """
    if not listing.pictures:
        return listing
    with warnings.catch_warnings():
        # Filters are the process's: set once here, since threads may not.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return _with_places(listing, site, directory, done)


def _with_places(listing: Listing, site: Site, directory: Path, done: Callable[[], None]) -> Listing:
    raws: list[_Raw] = []
    faulty: list[Faulty] = []
    told: set[str] = set()

    def tell(identifier: str) -> None:
        """Count a picture once, however often it is gone through."""
        if identifier not in told:
            told.add(identifier)
            done()

    for picture in listing.pictures:
        try:
            raws.append(_raw(picture, site))
        except SceneError as error:
            faulty.append(Faulty.of(picture.scene, str(error)))
            tell(picture.scene.id)
    while True:
        try:
            placed, refused = _placed(raws, listing.scenes, site, directory, tell)
            break
        except _LostError as error:
            # What was found with it may rest on it: masks, the median, whether all are cut alike. It happens seldom,
            # so all is done once more rather than mended; the list becomes shorter each time.
            lost = next(raw for raw in raws if raw.id == error.scene)
            raws.remove(lost)
            faulty.append(Faulty.of(lost.picture.scene, str(error)))
            tell(lost.id)
    scenes = [*listing.scenes, *(_scene(raw, placed[raw.id]) for raw in raws if raw.id in placed)]
    return replace(
        listing,
        scenes=tuple(sorted(scenes, key=lambda scene: (scene.captured, scene.id))),
        faulty=(*listing.faulty, *faulty, *refused),
        pictures=(),
    )


def _placed(
    raws: Sequence[_Raw], scenes: Sequence[Scene], site: Site, directory: Path, tell: Callable[[str], None]
) -> tuple[dict[str, Placed], list[Faulty]]:
    """Where pictures lie by their id, each written into the archive, and those that have no place.

    Raises:
        _LostError: one of them cannot be read any more.
    """
    keys = {scene.id: scene.version for scene in scenes} | {raw.id: raw.key for raw in raws if raw.grid}
    placed = {raw.id: found for raw in raws if (found := _kept(directory, raw, keys)) is not None}
    todo = [raw for raw in raws if raw.id not in placed]
    refused: list[Faulty] = []
    if not todo:
        return placed, refused
    hidden = _overlays(raws, todo)
    new: dict[str, Placed] = {}
    for raw, result in _place(todo, hidden, _known(scenes, placed), site, keys):
        if isinstance(result, Placed):
            new[raw.id] = result
        else:
            refused.append(result)
        tell(raw.id)
    if _cut_alike([*placed.values(), *new.values()], site):
        hidden = {key: at_rim(mask) for key, mask in hidden.items()}
    for raw in todo:
        if raw.id in new:
            placed[raw.id] = write_placed(directory, raw.id, new[raw.id], raw.read(), hidden[raw.id])
    return placed, refused


def _raw(picture: Picture, site: Site) -> _Raw:
    shape = read_pixels(picture.path).opaque.shape
    grid = georeference(picture.path, (shape[0], shape[1]), picture.told, site)
    told = "" if grid is None else f"{tuple(grid.affine)[:6]} {grid.crs}"
    key = hashlib.sha256(f"{picture.scene.version}\0{told}".encode()).hexdigest()[:16]
    return _Raw(picture=picture, key=key, shape=(shape[0], shape[1]), grid=grid)


def _kept(directory: Path, raw: _Raw, keys: Mapping[str, str]) -> Placed | None:
    """What an earlier run placed, where neither the picture nor what it was laid on has changed since."""
    placed = read_placed(directory, raw.id)
    if placed is None or placed.key != raw.key:
        return None
    return placed if all(keys.get(anchor, key) == key for anchor, key in placed.anchors.items()) else None


def _known(scenes: Sequence[Scene], placed: Mapping[str, Placed]) -> list[Known]:
    """The images whose place is known, in the order of their scenes."""
    found = []
    for scene in scenes:
        measured = [band for band in scene.bands if not band.is_mask]
        colours = [band for band in measured if band.name in ("red", "green", "blue")] or measured
        numbers = [band.index for band in colours if band.href == colours[0].href]
        found.append(known_image(scene.id, Path(colours[0].href), numbers))
    for identifier, one in placed.items():
        if one.path is not None:
            found.append(known_image(identifier, one.path, range(1, one.colours + 1)))
    return [one for one in found if one is not None]


def _overlays(raws: Sequence[_Raw], todo: Sequence[_Raw]) -> dict[str, NDArray[np.bool_]]:
    wanted = [number for number, raw in enumerate(raws) if raw in todo]
    masks = find_overlays([raw.shape for raw in raws], lambda number: _coloured(raws[number]), wanted)
    return {raws[number].id: mask for number, mask in masks.items()}


def _coloured(raw: _Raw) -> NDArray[np.uint8]:
    values = raw.read().values
    return np.broadcast_to(values, (3, *values.shape[1:]))


def _place(
    todo: Sequence[_Raw], hidden: Mapping[str, NDArray[np.bool_]], known: Sequence[Known], site: Site, keys: _Keys
) -> Iterator[tuple[_Raw, Placed | Faulty]]:
    """Places of pictures, one after the other, or why they have none."""
    loose = {raw.id: Loose(shape=raw.shape, read=partial(_shade, raw, hidden[raw.id])) for raw in todo}
    anchors = list(known)
    for raw in todo:
        if raw.grid is not None:
            anchors.append(loose[raw.id].known(raw.id, raw.grid))
            yield raw, _as_told(raw, raw.grid)
    untold = [raw for raw in todo if raw.grid is None]
    if plan(site, anchors, metric_crs(site)) is None:
        why = "no image of the folder does" if not anchors else "none that does shows the site"
        for raw in untold:
            yield raw, Faulty.of(raw.picture.scene, f"{raw.picture.path.name}: {_NO_PLACE.format(why)}")
        return
    anchors = chosen(anchors)
    laid_on = {one.id: keys[one.id] for one in anchors if one.id in keys}
    for raw, laid in zip(untold, lay([loose[raw.id] for raw in untold], anchors, site), strict=True):
        if laid.grid is None:
            yield (
                raw,
                Faulty.of(raw.picture.scene, f"{raw.picture.path.name}: {_UNSURE.format(laid.how)}", unplaced=True),
            )
        else:
            how = f"placed by registration to within {laid.how}"
            yield raw, Placed(grid=laid.grid, how=how, key=raw.key, colours=raw.colours, anchors=laid_on)


def _shade(raw: _Raw, hidden: NDArray[np.bool_]) -> Shade:
    pixels = raw.read()
    return Shade(grey=pixels.values.astype(np.float32).mean(axis=0), seen=pixels.opaque & ~hidden)


def _as_told(raw: _Raw, grid: GeoBox) -> Placed:
    by = "the STAC item" if raw.picture.told.get("proj:transform") is not None else "the world file"
    return Placed(grid=grid, how=f"placed by {by} beside it", key=raw.key, colours=raw.colours)


def _cut_alike(placed: Sequence[Placed], site: Site) -> bool:
    """True where the site keeps its place and size in the pictures: then the ground does not move beneath overlays."""
    spots = []
    for one in placed:
        if one.grid.crs is None:
            continue
        west, south, east, north = project(site.outline, to=one.grid.crs).bounds
        spots.append([*(~one.grid.affine * (west, north)), *(~one.grid.affine * (east, south))])
    if not spots:
        return False
    low, high = np.percentile(spots, (10, 90), axis=0)
    return bool((high - low).max() < _STILL_PX)


def _scene(raw: _Raw, placed: Placed) -> Scene:
    scene = raw.picture.scene
    bands = tuple(replace(band, href=str(placed.path)) for band in scene.bands)
    return replace(scene, bands=bands, remark=placed.how, version=placed.version)
