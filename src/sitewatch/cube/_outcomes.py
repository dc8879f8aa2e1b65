"""The looks that scenes become: one of a chip, one of what could not be read, one of what shows nothing of the site."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from shapely.geometry import Polygon

from sitewatch.archive import Chip, Faulty, Scene
from sitewatch.cube._family import Family, is_picture
from sitewatch.cube._look import BESIDE, Look, Outcome

__all__ = ["Fit", "finest", "in_order", "look_of_chip", "look_of_faulty", "look_outside", "rejected"]


@dataclass(frozen=True)
class Fit:
    """How a look lies on the stack."""

    shift_m: float
    sigma_m: float
    """Standard error along an axis."""
    light: float
    haze: float


def rejected(family: Family, reason: str) -> tuple[Look, ...]:
    """The looks of a family that stays out as a whole."""
    return in_order([look_of_chip(chip, Outcome.REJECTED, reason) for chip in family.chips])


def look_of_faulty(faulty: Faulty, *, recorded: dt.datetime) -> Look:
    """The look of a scene that could not be read (*failed*), or was listed twice or not placed (*rejected*)."""
    return Look(
        scene=faulty.scene,
        sensor=faulty.sensor,
        captured=faulty.captured,
        whole_day=faulty.whole_day,
        published=faulty.published or recorded,
        published_is_recorded=faulty.published is None,
        outcome=Outcome.REJECTED if faulty.duplicate or faulty.unplaced else Outcome.FAILED,
        reason=faulty.reason,
    )


def look_outside(scene: Scene, *, recorded: dt.datetime) -> Look:
    """The look of a scene whose image shows nothing of the site."""
    return Look(
        scene=scene.id,
        sensor=scene.sensor,
        captured=scene.captured,
        whole_day=scene.whole_day,
        published=scene.published or recorded,
        published_is_recorded=scene.published is None,
        outcome=Outcome.COULD_NOT_SEE,
        reason=BESIDE,
        clear_share=0.0,
        credit=scene.credit,
    )


def look_of_chip(
    chip: Chip,
    outcome: Outcome,
    reason: str,
    *,
    clear_share: float | None = None,
    areas: Mapping[str, float] | None = None,
    fit: Fit | None = None,
) -> Look:
    scene = chip.scene
    return Look(
        scene=scene.id,
        sensor=scene.sensor,
        captured=scene.captured,
        whole_day=scene.whole_day,
        published=scene.published or chip.recorded,
        published_is_recorded=scene.published is None,
        outcome=outcome,
        reason=reason,
        clear_share=None if clear_share is None else round(clear_share, 4),
        shift_m=None if fit is None else round(fit.shift_m, 2),
        shift_sigma_m=None if fit is None else round(fit.sigma_m, 2),
        light=None if fit is None or is_picture(chip) else round(fit.light, 3),
        haze=None if fit is None or is_picture(chip) else round(fit.haze, 4),
        clear_share_of_areas=areas or {},
        footprint=_footprint(finest(chip)),
        credit=scene.credit,
    )


def in_order(looks: Sequence[Look]) -> tuple[Look, ...]:
    return tuple(sorted(looks, key=lambda look: look.order))


def finest(chip: Chip) -> GeoBox:
    grids = [band.grid for band in chip.bands if not band.is_mask]
    return min(grids, key=lambda g: abs(g.affine.determinant))


def _footprint(grid: GeoBox) -> Polygon:
    if grid.crs is None:
        raise ValueError("a chip's grid has a coordinate system")
    to_degrees = Transformer.from_crs(grid.crs.proj, "EPSG:4326", always_xy=True)
    corners = np.asarray(shapely.box(*grid.boundingbox.bbox).exterior.coords)
    lon, lat = to_degrees.transform(corners[:, 0], corners[:, 1])
    return Polygon(np.round(np.column_stack([lon, lat]), 7))
