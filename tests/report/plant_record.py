"""A small site with a known history: a hall that stays, a tent that comes twice, ground that nobody built on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import odc.geo.xr
import xarray as xr
from affine import Affine
from odc.geo.geobox import GeoBox
from shapely import transform
from shapely.geometry import Polygon, box

from sitewatch.change import Kind
from sitewatch.cube import Look, Outcome
from sitewatch.site import Site
from sitewatch.structures import Bracket, Presence, State, Structure

assert odc.geo.xr is not None

START = dt.datetime(2021, 3, 2, 10, 33, tzinfo=dt.UTC)
NOW = dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC)
SIZE = 40
GRID = GeoBox((SIZE, SIZE), Affine(10, 0, 470_000, 0, -10, 5_500_000), "EPSG:32633")


def ground(left: int, top: int, right: int, bottom: int) -> Polygon:
    """A rectangle of the grid's pixels, in EPSG:4326."""
    from pyproj import Transformer

    to_degrees = Transformer.from_crs(32633, 4326, always_xy=True)
    local = box(470_000 + 10 * left, 5_500_000 - 10 * bottom, 470_000 + 10 * right, 5_500_000 - 10 * top)
    return transform(local, lambda xy: np.column_stack(to_degrees.transform(xy[:, 0], xy[:, 1])))


def time(n: int) -> dt.datetime:
    """Capture time of look `n`."""
    return START + dt.timedelta(days=10 * n)


def bracket(n: int) -> Bracket:
    """The change happened between looks `n` - 1 and `n`."""
    return Bracket(after=time(n - 1), by=time(n))


@dataclass(frozen=True, kw_only=True)
class Case:
    """Everything that a report is made of."""

    site: Site
    looks: list[Look]
    cube: xr.Dataset
    structures: list[Structure]


def look(n: int, *, outcome: Outcome = Outcome.USED, **fields: object) -> Look:
    """Look `n` of the record."""
    told: dict[str, object] = {
        "scene": f"scene-{n:03d}",
        "sensor": "sentinel-2",
        "captured": time(n),
        "published": time(n) + dt.timedelta(hours=9),
        "published_is_recorded": False,
        "outcome": outcome,
        "reason": "" if outcome is Outcome.USED else "cloud over 84 % of the site",
        "clear_share": 0.98,
        "shift_m": 1.5,
        "credit": "Contains modified Copernicus Sentinel data",
    }
    return Look(**(told | fields))  # type: ignore[arg-type]


def presence(erected: Bracket | None, dismantled: Bracket | None, **fields: object) -> Presence:
    """One spell of standing."""
    told: dict[str, object] = {
        "erected": erected,
        "dismantled": dismantled,
        "state": State.CONFIRMED,
        "probability": 0.9,
        "evidence": ("scene-004", "scene-005"),
    }
    return Presence(**(told | fields))  # type: ignore[arg-type]


def structure(name: str, footprint: Polygon, *presences: Presence, **fields: object) -> Structure:
    """A thing on the ground."""
    told: dict[str, object] = {
        "id": name,
        "kind": Kind.STRUCTURE,
        "footprint": footprint,
        "present": presences[-1].dismantled is None,
        "probability": max(p.probability for p in presences),
        "area_m2": 3200.0,
        "area_m2_low": 2800.0,
        "area_m2_high": 3600.0,
        "presences": presences,
    }
    return Structure(**(told | fields))  # type: ignore[arg-type]


def cube_of(looks: Sequence[Look], *, bands: Sequence[str] = ("blue", "green", "red", "nir")) -> xr.Dataset:
    """The used looks, with a bright hall from look 5 on and a bright tent in looks 8 to 11 and 15 to 17."""
    used = [k for k in looks if k.outcome is Outcome.USED]
    random = np.random.default_rng(7)
    values = 0.12 + 0.02 * random.standard_normal((len(used), len(bands), SIZE, SIZE))
    valid = np.ones((len(used), SIZE, SIZE), dtype=bool)
    for n, k in enumerate(used):
        number = round((k.captured - START).days / 10) if k.captured else 0
        if number >= 5:
            values[n, :, 6:14, 8:18] += 0.3
        if 8 <= number <= 11 or 15 <= number <= 17:
            values[n, :, 26:30, 24:30] += 0.25
        if number == 7:
            valid[n, 20:, :] = False
            values[n, :, 30:, :] = np.nan
    return xr.Dataset(
        {
            "reflectance": (("time", "band", "y", "x"), values.astype(np.float32), {"units": "reflectance"}),
            "valid": (("time", "y", "x"), valid),
        },
        coords={
            "time": np.array([k.captured.replace(tzinfo=None) for k in used if k.captured], "datetime64[ns]"),
            "scene": ("time", [k.scene for k in used]),
            "band": list(bands),
            "y": 5_500_000 - 10 * (np.arange(SIZE) + 0.5),
            "x": 470_000 + 10 * (np.arange(SIZE) + 0.5),
        },
    ).odc.assign_crs("EPSG:32633")
