"""A place and its grid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from odc.geo import CRS
from odc.geo.geobox import GeoBox
from shapely.geometry import Polygon, box, mapping

from sitewatch.errors import SiteError
from sitewatch.site import Site, area_mask, context_bounds, project, read_site, seen_share, site_feature, site_grid

UTM31 = CRS("EPSG:32631")


def degrees(x0: float, y0: float, x1: float, y1: float) -> Polygon:
    """A box in UTM zone 31 N, near 3 E 48 N, as longitude/latitude."""
    from pyproj import Transformer

    to = Transformer.from_crs(32631, 4326, always_xy=True)
    return Polygon([to.transform(x, y) for x, y in box(x0, y0, x1, y1).exterior.coords])


@pytest.fixture
def site() -> Site:
    return Site(id="yard", name="The yard", outline=degrees(500_000, 5_316_000, 501_000, 5_317_000))


def grid(x: float, y: float, width: int, height: int) -> GeoBox:
    return GeoBox((height, width), Affine(10, 0, x, 0, -10, y), UTM31)


def write(path: Path, document: Any) -> Path:
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def feature(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "type": "Feature",
        "id": "yard",
        "properties": {"name": "The yard"},
        "geometry": mapping(box(2.0, 48.0, 2.01, 48.01)),
    }
    return {**base, **changes}


def test_a_site_reads_back_as_it_was_written(tmp_path: Path) -> None:
    gate = feature(id=None, properties={"area": "gate"}, geometry=mapping(box(2.0, 48.0, 2.001, 48.001)))
    first = read_site(write(tmp_path / "a.geojson", {"type": "FeatureCollection", "features": [gate, feature()]}))
    second = read_site(write(tmp_path / "b.geojson", site_feature(first)))
    assert first.id == second.id == "yard"
    assert first.name == second.name == "The yard"
    assert first.outline.equals(second.outline)
    assert first.areas["gate"].equals(second.areas["gate"])


def with_area(path: Path, area: Polygon, outline: Polygon | None = None) -> Path:
    place = feature() if outline is None else feature(geometry=mapping(outline))
    yard = feature(id=None, properties={"area": "gate"}, geometry=mapping(area))
    return write(path, {"type": "FeatureCollection", "features": [place, yard]})


@pytest.mark.parametrize(
    "elsewhere",
    [
        box(2.02, 48.0, 2.03, 48.01),  # 730 m beside the outline; 223 m are read
        box(48.0, 2.0, 48.01, 2.01),  # longitude and latitude exchanged
        box(-178.0, -48.01, -177.99, -48.0),  # the other side of the Earth
        box(100.0, 88.0, 101.0, 89.0),
    ],
)
def test_a_sub_area_of_which_nothing_is_read_is_refused(tmp_path: Path, elsewhere: Polygon) -> None:
    path = with_area(tmp_path / "plant.geojson", elsewhere)
    with pytest.raises(SiteError, match=r"plant\.geojson: the area 'gate' lies wholly outside .*; correct its coord"):
        read_site(path)


@pytest.mark.parametrize(
    "area",
    [
        box(2.009, 48.0, 2.05, 48.01),  # begins inside and reaches 3 km beyond
        box(2.011, 48.0, 2.012, 48.01),  # in the margin
        box(1.0, 47.0, 3.0, 49.0),  # holds the site
    ],
)
def test_a_sub_area_may_reach_beyond_what_is_read(tmp_path: Path, area: Polygon) -> None:
    assert read_site(with_area(tmp_path / "plant.geojson", area)).areas["gate"].equals(area)


def test_a_sub_area_in_the_margin_across_the_antimeridian_is_read(tmp_path: Path) -> None:
    outline, across = box(179.99, -17.0, 179.9995, -16.99), box(-179.9999, -17.0, -179.9995, -16.99)
    assert "gate" in read_site(with_area(tmp_path / "plant.geojson", across, outline)).areas


def test_an_id_may_stand_in_the_properties_and_be_a_number(tmp_path: Path) -> None:
    document = feature(properties={"id": 12})
    del document["id"]
    assert read_site(write(tmp_path / "s.geojson", document)).id == "12"


BOWTIE = Polygon([(2, 48), (2.01, 48.01), (2.01, 48), (2, 48.01)])
BAD_SITES: dict[str, tuple[Any, str]] = {
    "not JSON": ("plain text", "not a GeoJSON file"),
    "another JSON": ({"a": 1}, "must be a GeoJSON Feature"),
    "a list": ([1, 2], "must be a GeoJSON Feature"),
    "no id": ({**feature(), "id": None}, "has no id"),
    "two sites": ({"type": "FeatureCollection", "features": [feature(), feature()]}, "found 2"),
    "no site": ({"type": "FeatureCollection", "features": []}, "found 0"),
    "a point": (feature(geometry={"type": "Point", "coordinates": [2, 48]}), "must be a Polygon"),
    "no geometry": (feature(geometry=None), "must be a Polygon"),
    "crossing itself": (feature(geometry=mapping(BOWTIE)), "crosses itself"),
    "in metres": (feature(geometry=mapping(box(5e5, 5.3e6, 5.01e5, 5.301e6))), "EPSG:4326"),
    "empty": (feature(geometry={"type": "Polygon", "coordinates": []}), "EPSG:4326"),
    "broken ring": (feature(geometry={"type": "Polygon", "coordinates": [[[2, 48], ["a", 1]]]}), "unreadable"),
    "properties of text": (feature(properties="x"), "properties must be an object"),
    "an endless id": (feature(id="x" * 500), "1 to 100 printable"),
}


@pytest.mark.parametrize(("document", "words"), BAD_SITES.values(), ids=BAD_SITES)
def test_a_bad_site_file_is_one_clear_sentence(tmp_path: Path, document: Any, words: str) -> None:
    path = write(tmp_path / "site.geojson", document)
    with pytest.raises(SiteError, match=words) as caught:
        read_site(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_site_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="No such file"):
        read_site(tmp_path / "nothing.geojson")


def test_a_shared_grid_is_used_as_it_is_and_cut_to_outline_and_margin(site: Site) -> None:
    images = [grid(499_003, 5_318_007, 400, 400), grid(499_013, 5_317_997, 400, 400)]
    made = site_grid(site, images)
    assert made.crs == UTM31
    assert (made.affine.c - 499_003) % 10 == pytest.approx(0)
    left, bottom, right, top = made.boundingbox.bbox
    # 1000 m wide: the margin is the larger of 200 m and a fifth of it.
    assert left == pytest.approx(499_800, abs=12)
    assert top == pytest.approx(5_317_200, abs=12)
    assert right - left == pytest.approx(1_400, abs=22)
    assert top - bottom == pytest.approx(1_400, abs=22)


def test_images_on_several_grids_get_a_utm_grid_of_their_pixel(site: Site) -> None:
    shifted = [grid(499_003, 5_318_007, 400, 400), grid(499_006, 5_318_007, 400, 400)]
    made = site_grid(site, shifted)
    assert made.affine.a == 10
    assert made.affine.c % 10 == 0
    assert site_grid(site, shifted, pixel=30).affine.a == 30


def test_a_grid_in_degrees_becomes_metres(site: Site) -> None:
    west, south, east, north = site.outline.buffer(0.01).bounds
    image = GeoBox.from_bbox((west, south, east, north), crs="EPSG:4326", shape=(300, 300))
    made = site_grid(site, [image])
    assert made.crs == UTM31
    assert 5 < made.affine.a < 20


def test_an_outline_beyond_the_images_keeps_its_whole_extent(site: Site) -> None:
    half = grid(499_000, 5_318_000, 150, 400)  # ends at 500 500, in the middle of the outline
    left, _, right, _ = site_grid(site, [half]).boundingbox.bbox
    assert right == pytest.approx(501_000, abs=12)
    assert left == pytest.approx(499_800, abs=12)
    assert seen_share(site, [half]) == pytest.approx(0.5, abs=0.01)
    assert seen_share(site, [half, half]) == pytest.approx(0.5, abs=0.01)
    assert seen_share(site, []) == 0


def test_an_outline_that_touches_no_image_is_refused(site: Site) -> None:
    with pytest.raises(SiteError, match="touches none of the 1 images"):
        site_grid(site, [grid(600_000, 5_318_000, 100, 100)])


def test_an_outline_too_large_for_memory_is_refused() -> None:
    country = Site(id="c", name="c", outline=box(0, 45, 6, 50))
    with pytest.raises(SiteError, match="split it into smaller sites"):
        site_grid(country, [grid(400_000, 5_400_000, 10_000, 10_000)])


def test_polar_sites_get_a_polar_grid() -> None:
    pole = Site(id="p", name="p", outline=box(10, 86, 10.5, 86.05))
    assert context_bounds(pole, crs=CRS("EPSG:5041")).crs == CRS("EPSG:5041")
    x0, y0, x1, y1 = project(pole.outline, to=CRS("EPSG:5041")).buffer(3000).bounds
    one = GeoBox.from_bbox((x0, y0, x1, y1), crs="EPSG:5041", resolution=10)
    other = GeoBox.from_bbox((x0 + 3, y0, x1 + 3, y1), crs="EPSG:5041", resolution=10)
    assert site_grid(pole, [one, other]).crs == CRS("EPSG:5041")


def test_area_mask_takes_pixel_centres_and_never_loses_a_small_footprint(site: Site) -> None:
    made = grid(499_800, 5_317_200, 140, 140)
    mask = area_mask(site.outline, made)
    assert mask.sum() == pytest.approx(10_000, abs=250)
    assert mask[70, 70]
    assert not mask[5, 5]
    tiny = degrees(500_302, 5_316_302, 500_304, 5_316_304)
    assert np.argwhere(area_mask(tiny, made)).tolist() == [[89, 50]]
