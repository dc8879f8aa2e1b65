"""Folders of images read as a user's are, and names for what is kept of them."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from pathlib import Path

import xarray as xr

from sitewatch.archive import fetch, list_folder
from sitewatch.cube import read_cube
from sitewatch.site import Site

__all__ = ["NOW", "cube_of", "digest"]

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
"""When archives are filled: later than every simulated look."""


def cube_of(site: Site, images: Path, archive: Path) -> xr.Dataset:
    """A folder of images read as a user's are; it ends the program where no look can be used."""
    cube = read_cube(site, fetch(list_folder(images), site, archive, now=NOW).chips).cube
    if cube is None:
        raise SystemExit(f"{images}: no look of it can be used.")
    return cube


def digest(sources: Iterable[Path], asked: str = "") -> str:
    """A name for what is made of some sources and what was asked of them."""
    return hashlib.sha256(asked.encode() + b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
