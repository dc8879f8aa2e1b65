"""Small synthetic images of one place, and the site that they show."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from pyproj import Transformer

from fake_server import FakeServer
from sitewatch.site import Site

NOW = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
WEST, NORTH, PIXEL = 500_000.0, 3_000_000.0, 10.0  # UTM zone 40N
SIZE = 128  # pixels: 1280 m, more than the site and its margin of 200 m

ImageWriter = Callable[..., Path]


@pytest.fixture
def now() -> dt.datetime:
    return NOW


@pytest.fixture
def site() -> Site:
    """200 m x 200 m in the middle of the images; with its margin it needs 60 x 60 of their pixels, or 61."""
    to_degrees = Transformer.from_crs("EPSG:32640", "EPSG:4326", always_xy=True).transform
    edge = [to_degrees(WEST + x, NORTH - y) for x, y in ((500, 500), (700, 500), (700, 700), (500, 700))]
    return Site(id="yard", name="The yard", outline=shapely.Polygon(edge))


@pytest.fixture
def write_image(tmp_path: Path) -> ImageWriter:
    """Write a GeoTIFF of seeded pixels below tmp_path/images and return its path."""

    def write(
        name: str,
        *,
        folder: Path | None = None,
        bands: Sequence[str | None] = ("blue", "green", "red", "nir"),
        dtype: str = "uint16",
        tags: Mapping[str, str] | None = None,
        seed: int = 0,
        pixels: np.ndarray[Any, Any] | None = None,
        size: int = SIZE,
        **profile: Any,
    ) -> Path:
        folder = folder or tmp_path / "images"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        if pixels is None:
            high = 255 if dtype == "uint8" else 4000
            pixels = np.random.default_rng(seed).integers(1, high, (len(bands), size, size)).astype(dtype)
        options: dict[str, Any] = {
            "driver": "GTiff",
            "count": len(bands),
            "height": pixels.shape[1],
            "width": pixels.shape[2],
            "dtype": dtype,
            "crs": "EPSG:32640",
            "transform": Affine(PIXEL, 0, WEST, 0, -PIXEL, NORTH),
            **profile,
        }
        with rasterio.open(path, "w", **options) as image:
            image.write(pixels)
            if any(bands):
                image.descriptions = list(bands)
            image.update_tags(**(tags or {}))
        return path

    return write


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir(exist_ok=True)
    return folder


def item(identifier: str, assets: Mapping[str, Any], **properties: Any) -> dict[str, Any]:
    """A STAC item over the images' place."""
    to_degrees = Transformer.from_crs("EPSG:32640", "EPSG:4326", always_xy=True).transform
    extent = SIZE * PIXEL
    edge = [to_degrees(WEST + x, NORTH - y) for x, y in ((0, 0), (extent, 0), (extent, extent), (0, extent))]
    frame = shapely.Polygon(edge)
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": identifier,
        "geometry": shapely.geometry.mapping(frame),
        "bbox": list(frame.bounds),
        "properties": {"datetime": "2020-05-31T10:30:00Z", **properties},
        "links": [],
        "assets": dict(assets),
    }


@pytest.fixture
def write_item(images: Path) -> Callable[..., Path]:
    def write(name: str, identifier: str, assets: Mapping[str, Any], **properties: Any) -> Path:
        path = images / name
        path.write_text(json.dumps(item(identifier, assets, **properties)))
        return path

    return write


@pytest.fixture
def make_item() -> Callable[..., dict[str, Any]]:
    return item


@pytest.fixture
def server() -> Iterator[FakeServer]:
    fake = FakeServer()
    running = fake.start()
    yield fake
    running.shutdown()
    running.server_close()
