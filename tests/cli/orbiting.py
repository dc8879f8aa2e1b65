"""A place, satellites that pass it, and a cloud forecast for it, as files."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import shapely

__all__ = ["ELEMENTS", "NOW", "OUTLINE", "write_forecast", "write_sensors", "write_site"]

NOW = "2026-09-24T00:00:00Z"
ELEMENTS = """SENTINEL-2B
1 42063U 17013A   26263.59211295  .00000276  00000+0  12211-3 0  9994
2 42063  98.5709 336.9934 0001197  85.8635 274.2685 14.30816269498280
SENTINEL-1A
1 39634U 14016A   26266.95583925  .00000028  00000+0  15467-4 0  9991
2 39634  98.1598 272.9400 0001449  85.9652 274.1714 14.59807083664427
"""
OUTLINE = shapely.box(126.65, 39.74, 126.67, 39.76)


def write_site(folder: Path) -> Path:
    """A site file."""
    path = folder / "plant.geojson"
    feature = {
        "type": "Feature",
        "id": "plant",
        "properties": {"name": "The plant"},
        "geometry": shapely.geometry.mapping(OUTLINE),
    }
    path.write_text(json.dumps(feature))
    return path


def write_sensors(folder: Path) -> Path:
    """Two agile sensors on a satellite of `ELEMENTS`: "agile" costs 300, of "dear" it is not told."""
    path = folder / "agile.toml"
    told = 'name = "agile"\nnorad = [42063]\nmax_off_nadir = 30\npixel_m = 0.5\ncost = 300'
    path.write_text(f"[[sensor]]\n{told}\n\n[[sensor]]\n{told.replace('agile', 'dear').replace('cost = 300', '')}\n")
    return path


def write_forecast(folder: Path, first: str, *, days: int, cover: float) -> Path:
    """Open-Meteo's JSON of one cover, percent, for each hour of some days."""
    begin = dt.datetime.fromisoformat(first)
    times = [(begin + dt.timedelta(hours=n)).isoformat(timespec="minutes") for n in range(24 * days)]
    path = folder / f"clouds-{first}.json"
    path.write_text(json.dumps({"hourly": {"time": times, "cloud_cover": [cover] * len(times)}}))
    return path
