"""Folders of images: kept for as long as what they are made of stays, and read as a user's are."""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import xarray as xr

from sitewatch.archive import fetch, list_folder
from sitewatch.cube import read_cube
from sitewatch.site import Site

__all__ = ["NOW", "cube_of", "digest", "kept_folder"]

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
"""When archives are filled: later than every simulated look."""
_DONE = "complete"
"""Empty file of a kept folder that is written last."""


def cube_of(site: Site, images: Path, archive: Path) -> xr.Dataset:
    """A folder of images read as a user's are; it ends the program where no look can be used."""
    cube = read_cube(site, fetch(list_folder(images), site, archive, now=NOW).chips).cube
    if cube is None:
        raise SystemExit(f"{images}: no look of it can be used.")
    return cube


def digest(sources: Iterable[Path], asked: str = "") -> str:
    """A name for what is made of some sources and what was asked of them."""
    return hashlib.sha256(asked.encode() + b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]


def kept_folder(work: Path, name: str, *, made_of: Iterable[Path], asked: str, make: Callable[[Path], None]) -> Path:
    """A folder in `work` that `make` fills once; where the sources it is made of were changed since, it is another one.

    What was made of other sources stays beside it until somebody deletes it.

    Args:
        work: where it is kept.
        name: what its own name begins with.
        made_of: source files.
        asked: what else it depends on.
        make: fills the folder.
    """
    folder = work / f"{name}-{digest(made_of, asked)}"
    if not (folder / _DONE).exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        make(folder)
        (folder / _DONE).touch()
    return folder
