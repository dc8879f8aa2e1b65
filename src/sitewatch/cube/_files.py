"""looks.geojson: the ledger of one run, written and read back."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import MultiPolygon, Polygon, mapping, shape

from sitewatch.cube._look import Look, Outcome
from sitewatch.errors import InputError

__all__ = ["looks_document", "read_looks", "read_looks_head"]


def looks_document(looks: Sequence[Look], *, head: Mapping[str, object] | None = None) -> dict[str, object]:
    """One GeoJSON feature per listed scene; `captured` is a bare date where only the day is known.

    Args:
        looks: the ledger.
        head: the `sitewatch` member: when and whom the run asked; None: there is none.
    """
    told = {} if head is None else {"sitewatch": dict(head)}
    return {"type": "FeatureCollection", **told, "features": [_feature(look) for look in looks]}


def read_looks_head(path: Path) -> dict[str, Any]:
    """The `sitewatch` member of a looks.geojson; empty where it has none, as files of older versions have.

    Raises:
        InputError: the file is missing or is not one that sitewatch wrote.
    """
    head = _document(path).get("sitewatch", {})
    return dict(head) if isinstance(head, Mapping) else {}


def read_looks(path: Path) -> tuple[Look, ...]:
    """Read a looks.geojson back.

    Raises:
        InputError: the file is missing or is not one that sitewatch wrote.
    """
    document = _document(path)
    try:
        return tuple(_look(feature) for feature in document["features"])
    except (ValueError, KeyError, TypeError, AttributeError, shapely.errors.ShapelyError) as error:
        raise InputError(f"{path}: not a looks.geojson of sitewatch ({error}); run `sitewatch watch` again") from error


def _document(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); give a folder that `sitewatch watch` wrote"
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a looks.geojson of sitewatch ({error}); run `sitewatch watch` again") from error
    if not isinstance(document, Mapping):
        raise InputError(f"{path}: not a looks.geojson of sitewatch (no object); run `sitewatch watch` again")
    return document


def _feature(look: Look) -> dict[str, object]:
    captured = None
    if look.captured is not None:
        captured = f"{look.captured:%Y-%m-%d}" if look.whole_day else f"{look.captured:%Y-%m-%dT%H:%M:%SZ}"
    return {
        "type": "Feature",
        "geometry": None if look.footprint is None else mapping(look.footprint),
        "properties": {
            "scene": look.scene,
            "sensor": look.sensor,
            "captured": captured,
            "published": f"{look.published:%Y-%m-%dT%H:%M:%SZ}",
            "published_is_recorded": look.published_is_recorded,
            "outcome": look.outcome.value,
            "reason": look.reason,
            "clear_share": look.clear_share,
            "shift_m": look.shift_m,
            "shift_sigma_m": look.shift_sigma_m,
            "light": look.light,
            "haze": look.haze,
            "clear_share_of_areas": dict(look.clear_share_of_areas),
            "credit": look.credit,
            "listed_by": list(look.listed_by),
            **({} if look.unlisted_since is None else {"unlisted_since": f"{look.unlisted_since:%Y-%m-%dT%H:%M:%SZ}"}),
        },
    }


def _look(feature: Mapping[str, Any]) -> Look:
    properties = feature["properties"]
    captured = properties["captured"]
    whole_day = captured is not None and len(captured) == len("2020-01-01")
    time = None if captured is None else dt.datetime.fromisoformat(captured)
    footprint = None if feature["geometry"] is None else shape(feature["geometry"])
    if footprint is not None and not isinstance(footprint, Polygon | MultiPolygon):
        raise TypeError(f"a look's footprint must be a polygon, got {footprint.geom_type}")
    return Look(
        scene=properties["scene"],
        sensor=properties["sensor"],
        captured=time.replace(tzinfo=dt.UTC) if time is not None and whole_day else time,
        whole_day=whole_day,
        published=dt.datetime.fromisoformat(properties["published"]),
        published_is_recorded=properties["published_is_recorded"],
        outcome=Outcome(properties["outcome"]),
        reason=properties["reason"],
        clear_share=properties["clear_share"],
        shift_m=properties["shift_m"],
        shift_sigma_m=properties.get("shift_sigma_m"),
        light=properties.get("light"),
        haze=properties.get("haze"),
        clear_share_of_areas=properties.get("clear_share_of_areas") or {},
        footprint=footprint,
        credit=properties.get("credit"),
        listed_by=tuple(properties.get("listed_by", ())),
        unlisted_since=dt.datetime.fromisoformat(t) if (t := properties.get("unlisted_since")) else None,
    )
