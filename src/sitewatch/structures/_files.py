"""structures.geojson: written and read back."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import MultiPolygon, Polygon, mapping, shape

from sitewatch.change import Kind
from sitewatch.errors import InputError
from sitewatch.structures._known import Reading
from sitewatch.structures._structure import Bracket, Phase, Presence, State, Structure

__all__ = ["read_structures", "structures_document", "structures_in"]


def structures_document(
    structures: Sequence[Structure], *, head: Mapping[str, object], readings: Mapping[str, Reading] | None = None
) -> dict[str, object]:
    """The GeoJSON FeatureCollection that `contracts` promise.

    Args:
        structures: what was found.
        head: the `sitewatch` member: version, site, looks, first_look, last_look, false_alarms_per_year.
        readings: what people call them and say of them, by id.
    """
    told = readings or {}
    features = [_feature(s, told.get(s.id, Reading())) for s in structures]
    return {"type": "FeatureCollection", "sitewatch": dict(head), "features": features}


def read_structures(path: Path) -> tuple[tuple[Structure, ...], dict[str, Any], dict[str, Reading]]:
    """Read a structures.geojson back.

    Returns:
        (structures, the `sitewatch` member, what people call them and say of them by id).

    Raises:
        InputError: the file is missing or is not one that sitewatch wrote.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return structures_in(document), dict(document["sitewatch"]), readings_in(document)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); give a folder that `sitewatch watch` wrote"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: not a structures.geojson of sitewatch ({error}); run `sitewatch watch` again"
        ) from error


def structures_in(document: Mapping[str, Any]) -> tuple[Structure, ...]:
    """The structures of what `structures_document` made.

    Raises:
        ValueError: it is not such a document (KeyError, TypeError and AttributeError too).
    """
    try:
        return tuple(_structure(feature) for feature in document["features"])
    except shapely.errors.ShapelyError as error:
        raise ValueError(str(error)) from error


def readings_in(document: Mapping[str, Any]) -> dict[str, Reading]:
    """What people call the structures of what `structures_document` made and say of them, by id."""
    return {
        feature["id"]: Reading(
            name=feature["properties"].get("name", ""),
            confirmed=feature["properties"].get("readers") == "confirmed",
            rejected=feature["properties"].get("readers") == "rejected",
        )
        for feature in document["features"]
    }


def _feature(structure: Structure, reading: Reading) -> dict[str, object]:
    return {
        "type": "Feature",
        "id": structure.id,
        "geometry": mapping(structure.footprint),
        "properties": {
            "id": structure.id,
            "kind": structure.kind.value,
            "present": structure.present,
            "probability": round(structure.probability, 4),
            "area_m2": structure.area_m2,
            "area_m2_low": structure.area_m2_low,
            "area_m2_high": structure.area_m2_high,
            "presences": [_presence_json(p) for p in structure.presences],
            **({"sensors": list(structure.sensors)} if structure.sensors else {}),
            **({"name": reading.name} if reading.name else {}),
            **({"readers": "confirmed" if reading.confirmed else "rejected"} if reading.said else {}),
        },
    }


def _presence_json(presence: Presence) -> dict[str, object]:
    document: dict[str, object] = {
        "erected": _bracket_json(presence.erected),
        "dismantled": _bracket_json(presence.dismantled),
        "state": presence.state.value,
        "probability": presence.probability,
        "evidence": list(presence.evidence),
    }
    if presence.phases:
        document["phases"] = [
            {
                "name": phase.name,
                "began": _bracket_json(phase.began),
                "area_m2": phase.area_m2,
                **({} if phase.footprint is None else {"geometry": mapping(phase.footprint)}),
            }
            for phase in presence.phases
        ]
    return document


def _bracket_json(bracket: Bracket | None) -> dict[str, str] | None:
    if bracket is None:
        return None
    return {"after": f"{bracket.after:%Y-%m-%dT%H:%M:%SZ}", "by": f"{bracket.by:%Y-%m-%dT%H:%M:%SZ}"}


def _structure(feature: Mapping[str, Any]) -> Structure:
    properties = feature["properties"]
    return Structure(
        id=properties["id"],
        kind=Kind(properties["kind"]),
        footprint=_footprint(feature["geometry"]),
        present=properties["present"],
        probability=properties["probability"],
        area_m2=properties["area_m2"],
        area_m2_low=properties["area_m2_low"],
        area_m2_high=properties["area_m2_high"],
        presences=tuple(_presence(p) for p in properties["presences"]),
        sensors=tuple(properties.get("sensors", ())),
    )


def _presence(document: Mapping[str, Any]) -> Presence:
    return Presence(
        erected=_bracket(document["erected"]),
        dismantled=_bracket(document["dismantled"]),
        state=State(document["state"]),
        probability=document["probability"],
        evidence=tuple(document["evidence"]),
        phases=tuple(_phase(p) for p in document.get("phases", ())),
    )


def _phase(document: Mapping[str, Any]) -> Phase:
    began = _bracket(document["began"])
    if began is None:
        raise ValueError("a phase has no bracket")
    geometry = document.get("geometry")
    return Phase(
        name=document["name"],
        began=began,
        area_m2=document["area_m2"],
        footprint=None if geometry is None else _footprint(geometry),
    )


def _bracket(document: Mapping[str, str] | None) -> Bracket | None:
    if document is None:
        return None
    after, by = (dt.datetime.fromisoformat(document[key]) for key in ("after", "by"))
    return Bracket(after=after, by=by)


def _footprint(geometry: dict[str, Any]) -> Polygon | MultiPolygon:
    footprint = shape(geometry)
    if not isinstance(footprint, Polygon | MultiPolygon):
        raise TypeError(f"a footprint must be a Polygon or MultiPolygon, got {footprint.geom_type}")
    return footprint
