"""How QGIS draws the layers of a GeoPackage: QML in its table `layer_styles`.

Of a table that holds every version, what is known now is drawn, and what was known before faintly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

__all__ = ["layer_styles"]

_QGIS = "3.28.0"
"""The QGIS whose way of writing is followed; later ones read it."""
_NOW = '"until" IS NULL'


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """One line of the legend."""

    label: str
    filter: str
    """Expression of QGIS; ELSE: all features that no other rule takes."""
    fill: str
    """Red, green, blue, opacity, 0-255 each."""
    line: str
    width_mm: float = 0.4
    dashed: bool = False


_CLEAR = "0,0,0,0"
_EARLIER = _Rule(label="known before", filter="ELSE", fill=_CLEAR, line="130,130,130,110", width_mm=0.2, dashed=True)


def _structures(now: str) -> tuple[_Rule, ...]:
    structure = f"""{now}"kind" = 'structure'"""
    return (
        _Rule(label="stands", filter=f'{structure} AND "present"', fill="213,94,0,90", line="213,94,0,255"),
        _Rule(
            label="taken down", filter=f'{structure} AND NOT "present"', fill=_CLEAR, line="0,114,178,255", dashed=True
        ),
        _Rule(label="surface", filter=f"""{now}"kind" = 'surface'""", fill="150,120,90,70", line="120,95,70,200"),
        _Rule(label="vegetation", filter=f"""{now}"kind" = 'vegetation'""", fill="0,158,115,60", line="0,120,85,200"),
        _Rule(label="water", filter=f"""{now}"kind" = 'water'""", fill="86,180,233,70", line="40,120,190,200"),
        _Rule(label="unknown", filter=f"""{now}"kind" = 'unknown'""", fill="160,160,160,60", line="110,110,110,200"),
    )


_CLAIMED = f'{_NOW} AND "claimed" AND '
# The colours are those of Okabe and Ito, which readers tell apart whatever their eyes.
_STYLES: Mapping[str, tuple[str, tuple[_Rule, ...]]] = {
    "sites": (
        '"name"',
        (
            _Rule(label="watched", filter=f'{_NOW} AND NOT "removed"', fill=_CLEAR, line="0,0,0,255", width_mm=0.7),
            _Rule(label="no longer watched", filter=f'{_NOW} AND "removed"', fill=_CLEAR, line="110,110,110,255"),
            _EARLIER,
        ),
    ),
    "areas": (
        '"area"',
        (
            _Rule(label="sub-area", filter=_NOW, fill="240,228,66,40", line="170,150,0,255", dashed=True),
            _EARLIER,
        ),
    ),
    "structures": ('"id"', (*_structures(_CLAIMED), _EARLIER)),
    "structures_now": ("""coalesce(nullif("name", ''), "id")""", _structures("")),
    "looks": (
        "",
        (
            _Rule(label="used", filter=f"""{_NOW} AND "outcome" = 'used'""", fill=_CLEAR, line="0,158,115,255"),
            _Rule(
                label="could not see",
                filter=f"""{_NOW} AND "outcome" = 'could not see'""",
                fill=_CLEAR,
                line="86,180,233,255",
            ),
            _Rule(
                label="rejected", filter=f"""{_NOW} AND "outcome" = 'rejected'""", fill=_CLEAR, line="204,121,167,255"
            ),
            _Rule(label="failed", filter=f"""{_NOW} AND "outcome" = 'failed'""", fill=_CLEAR, line="180,30,30,255"),
            _EARLIER,
        ),
    ),
}
"""The expression that labels a layer (empty: no labels), and its rules."""


def layer_styles(geometries: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows of `layer_styles`.

    Args:
        geometries: name of the geometry's column by layer.
    """
    return [
        {
            "f_table_catalog": "",
            "f_table_schema": "",
            "f_table_name": layer,
            "f_geometry_column": geometries[layer],
            "styleName": "sitewatch",
            "styleQML": _qml(rules, label=label),
            "styleSLD": "",
            "useAsDefault": True,
            "description": "as sitewatch draws it",
            "owner": "",
            "ui": None,
            "update_time": None,
        }
        for layer, (label, rules) in _STYLES.items()
    ]


def _qml(rules: Sequence[_Rule], *, label: str) -> str:
    root = Element("qgis", version=_QGIS, styleCategories="Symbology|Labeling", labelsEnabled=str(int(bool(label))))
    renderer = SubElement(root, "renderer-v2", type="RuleRenderer", symbollevels="0", forceraster="0")
    listed = SubElement(renderer, "rules", key="root")
    symbols = SubElement(renderer, "symbols")
    for number, rule in enumerate(rules):
        told = {"key": f"rule{number}", "symbol": str(number), "label": rule.label, "filter": rule.filter}
        SubElement(listed, "rule", told)
        symbol = SubElement(symbols, "symbol", type="fill", name=str(number), alpha="1", clip_to_extent="1")
        layer = SubElement(symbol, "layer", {"class": "SimpleFill", "enabled": "1", "pass": "0", "locked": "0"})
        options = SubElement(layer, "Option", type="Map")
        for name, value in {
            "color": rule.fill,
            "style": "solid",
            "outline_color": rule.line,
            "outline_style": "dash" if rule.dashed else "solid",
            "outline_width": str(rule.width_mm),
            "outline_width_unit": "MM",
            "joinstyle": "miter",
        }.items():
            SubElement(options, "Option", type="QString", name=name, value=value)
    if label:
        labeling = SubElement(root, "labeling", type="simple")
        settings = SubElement(labeling, "settings", calloutType="simple")
        text = {"fieldName": label, "isExpression": "1", "fontSize": "9", "fontSizeUnit": "Point"}
        style = SubElement(settings, "text-style", {**text, "textColor": "20,20,20,255", "textOpacity": "1"})
        buffer = {"bufferDraw": "1", "bufferSize": "0.8", "bufferSizeUnits": "MM"}
        SubElement(style, "text-buffer", {**buffer, "bufferColor": "255,255,255,255"})
        SubElement(settings, "placement", placement="0", dist="0")
    return tostring(root, encoding="unicode")
