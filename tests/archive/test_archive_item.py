"""Whatever an item holds, reading it gives an item, a scene, or one sentence."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sitewatch.archive._bands import common_name, resolve_names, split_suffix
from sitewatch.archive._item import read_item
from sitewatch.archive._presets import PRESETS, Preset
from sitewatch.archive._remote import scene_of
from sitewatch.archive._times import moment_in_name, parse_moment
from sitewatch.errors import SceneError

TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["2020-05-31T10:30:00Z", "https://example.org/x.tif", "x.tif", "image/tiff", "red", "B04", "nan"]),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.just(10**400)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
BAND_FIELDS = st.sampled_from(["name", "eo:common_name", "common_name", "scale", "raster:offset", "nodata"])
BANDS = st.one_of(VALUES, st.lists(st.dictionaries(BAND_FIELDS, VALUES, max_size=4), max_size=3))
ASSETS = st.fixed_dictionaries(
    {"href": TEXTS},
    optional={
        "type": VALUES,
        "roles": VALUES,
        "bands": BANDS,
        "eo:bands": BANDS,
        "raster:bands": BANDS,
        "alternate": VALUES,
    },
)
PROPERTIES = st.dictionaries(
    st.sampled_from(
        [
            "datetime",
            "start_datetime",
            "end_datetime",
            "published",
            "updated",
            "platform",
            "constellation",
            "providers",
            "attribution",
            "sat:relative_orbit",
            "raster:scale",
            "s2:processing_baseline",
        ]
    ),
    VALUES,
)
ITEMS = st.fixed_dictionaries(
    {
        "type": st.just("Feature"),
        "stac_version": st.just("1.0.0"),
        "id": st.one_of(st.just("x"), VALUES),
        "properties": st.one_of(VALUES, PROPERTIES, PROPERTIES.map(lambda p: {**p, "datetime": "2020-05-31"})),
        "assets": st.one_of(
            VALUES, st.dictionaries(st.sampled_from(["red", "B08", "scl", "x"]), st.one_of(ASSETS, VALUES))
        ),
    },
    optional={"links": VALUES, "providers": VALUES},
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=st.one_of(ITEMS, VALUES), preset=st.sampled_from((*PRESETS, Preset(collection="x"))))
def test_any_item_is_read_or_refused(document: Any, preset: Preset) -> None:
    for read in (
        lambda: read_item(document, name="x"),
        lambda: scene_of(document, name="x", source="https://h/i", catalog="https://h", preset=preset),
    ):
        said = ""
        try:
            read()
        except SceneError as error:
            said = str(error)
        assert said.isprintable()


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=60))
def test_any_name_can_be_looked_at(text: str) -> None:
    moment_in_name(text)
    parse_moment(text)
    split_suffix(text)
    resolve_names([text, None])
    assert len(common_name(text)) <= 40


@pytest.mark.parametrize(
    ("given_name", "about", "name"),
    [
        ("B04", "", "red"),
        ("b4", "", "red"),
        ("B8A", "", "nir08"),
        ("B08_10m", "", "nir"),
        ("SR_B5", "landsat landsat-8", "nir"),
        ("B5", "landsat landsat-8", "nir"),
        ("B4", "landsat landsat-7", "nir"),
        ("B4", "le07_l2sp_160041_2020", "nir"),
        ("B5", "", "rededge1"),
        ("Red Edge 2", "", "rededge2"),
        ("NIR", "", "nir"),
        ("SWIR-1", "", "swir16"),
        ("QA_PIXEL", "", "qa_pixel"),
        ("Scene Classification", "", "scl"),
        ("Alpha", "", "valid"),
        ("VV", "", "vv"),
        ("../../x", "", "x"),
        ("something new", "", "something_new"),
    ],
)
def test_common_names(given_name: str, about: str, name: str) -> None:
    assert common_name(given_name, about=about) == name
