"""Searching a STAC API: pages, patience, presets, and items that must not be believed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from fake_server import Fail, FakeServer
from fake_stac import Api
from sitewatch.archive import JsonClient, Listing, PlanetaryComputerSigner, Preset, Retry, find_preset, search_catalog
from sitewatch.errors import CatalogError, OptionError
from sitewatch.site import Site

Item = dict[str, Any]
QUICK = JsonClient(retry=Retry(attempts=3, first_s=0.001, sleep=lambda _: None))
COG = "image/tiff; application=geotiff; profile=cloud-optimized"


@pytest.fixture
def api(server: FakeServer) -> Api:
    return Api(server)


@pytest.fixture
def search(api: Api, site: Site) -> Callable[..., Listing]:
    def search(collection: str = "things", **more: Any) -> Listing:
        return search_catalog(api.url, collection, site, **{"client": QUICK, **more})

    return search


@pytest.fixture
def simple(make_item: Callable[..., Item]) -> Callable[..., Item]:
    def simple(identifier: str, href: str = "https://example.org/x.tif", **properties: Any) -> Item:
        return make_item(identifier, {"red": {"href": href, "type": COG}}, **properties)

    return simple


def test_pages_are_followed(api: Api, search: Callable[..., Listing], simple: Callable[..., Item]) -> None:
    api.items = [simple(f"i{n:02}", datetime=f"2020-05-{25 - n:02}T10:00:00Z") for n in range(25)]
    since, until = dt.datetime(2020, 5, 1, tzinfo=dt.UTC), dt.datetime(2020, 5, 31, tzinfo=dt.UTC)
    listing = search(since=since, until=until, page_size=4)
    assert [s.id for s in listing.scenes] == [f"i{n:02}" for n in range(24, -1, -1)]
    assert listing.faulty == ()
    assert len(api.asked) == 7
    assert api.asked[0]["collections"] == ["things"]
    assert api.asked[0]["datetime"] == "2020-05-01T00:00:00Z/2020-05-31T00:00:00Z"
    assert api.asked[0]["intersects"]["type"] == "Polygon"
    scene = listing.scenes[0]
    assert scene.source == f"{api.url}/collections/things/items/i24"
    assert [(b.name, b.href, b.scale) for b in scene.bands] == [("red", "https://example.org/x.tif", None)]


def test_what_lies_outside_the_period_is_left_out(
    api: Api, search: Callable[..., Listing], simple: Callable[..., Item]
) -> None:
    api.items = [simple("early", datetime="2019-01-01T00:00:00Z"), simple("in")]
    assert [s.id for s in search(since=dt.datetime(2020, 1, 1, tzinfo=dt.UTC)).scenes] == ["in"]
    assert api.asked[0]["datetime"] == "2020-01-01T00:00:00Z/.."


@pytest.mark.parametrize(
    "fail",
    [Fail(500), Fail(429, headers={"Retry-After": "1"}), Fail(half=True), Fail(200, body=b'{"type": "Feat')],
    ids=["500", "429", "half", "cut"],
)
@pytest.mark.parametrize("path", ["/api", "/api/search"])
def test_an_api_that_recovers(
    *,
    api: Api,
    server: FakeServer,
    search: Callable[..., Listing],
    simple: Callable[..., Item],
    fail: Fail,
    path: str,
) -> None:
    api.items = [simple("one"), simple("two")]
    server.fails[path] = [fail, fail]
    assert len(search(page_size=1).scenes) == 2


@pytest.mark.parametrize(
    ("fail", "said"),
    [
        (Fail(500), "answered 500 Internal Server Error (3 tries); try later"),
        (Fail(429), "answered 429 Too Many Requests (3 tries)"),
        (Fail(401), "answered 401 Unauthorized; it wants to know who asks"),
        (Fail(404), "answered 404 Not Found; check the address"),
        (Fail(half=True), "did not answer ("),
        (Fail(200, body=b"<html>"), "answered with something that is not whole JSON (3 tries)"),
        (Fail(200, body=b"[]"), "answered with something that is not STAC"),
        (Fail(200, body=b"{}"), "answered with something that is not STAC"),
        (Fail(200, body=b'{"features": 3}'), "answered with something that is not STAC"),
    ],
)
@pytest.mark.parametrize("path", ["/api", "/api/search"])
def test_an_api_that_does_not(
    *, api: Api, server: FakeServer, search: Callable[..., Listing], fail: Fail, said: str, path: str
) -> None:
    server.fails[path] = [fail] * 9
    with pytest.raises(CatalogError) as error:
        search()
    assert said in str(error.value)
    assert str(error.value).startswith(server.url)


def test_nobody_answers(site: Site) -> None:
    with pytest.raises(CatalogError, match=r"did not answer \(.*Connection refused\) \(3 tries\)"):
        search_catalog("http://user:secret@127.0.0.1:9/api", "things", site, client=QUICK)


def test_secrets_of_the_address_are_not_shown(site: Site) -> None:
    with pytest.raises(CatalogError) as error:
        search_catalog("http://user:secret@127.0.0.1:9/api?token=secret", "things", site, client=QUICK)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "/etc/passwd", "", "ftp://example.org", "http://", "http://x:y"])
def test_addresses_that_are_no_api(site: Site, url: str) -> None:
    with pytest.raises(OptionError, match="the catalog's address must be http"):
        search_catalog(url, "things", site, client=QUICK)


def test_no_such_collection(api: Api, search: Callable[..., Listing]) -> None:
    assert search("things").scenes == ()
    with pytest.raises(CatalogError, match="has no collection 'other'"):
        search("other")


def test_too_many_scenes(api: Api, search: Callable[..., Listing], simple: Callable[..., Item]) -> None:
    api.items = [simple(f"i{n}") for n in range(9)]
    with pytest.raises(CatalogError, match="lists more than 5 scenes; ask for a shorter period"):
        search(max_items=5, page_size=3)


def test_too_large_an_answer(
    api: Api, server: FakeServer, search: Callable[..., Listing], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sitewatch.archive._http._MAX_BYTES", 1 << 20)
    server.fails["/api/search"] = [Fail(200, body=b" " * (2 << 20))]
    with pytest.raises(CatalogError, match="answered with more than 1 MiB"):
        search()


def test_pages_without_end(api: Api, search: Callable[..., Listing], simple: Callable[..., Item]) -> None:
    api.items = [simple("one")]
    link = {"rel": "next", "href": f"{api.url}/search", "method": "POST", "body": {}}
    page = {"type": "FeatureCollection", "features": api.items, "links": [link]}
    api.server.answers["/api/search"] = lambda _: page
    with pytest.raises(CatalogError, match="repeats its pages without end"):
        search()


@pytest.mark.parametrize("href", ["file:///etc/passwd", "/etc/passwd", "http://"])
def test_links_to_local_files_are_not_followed(
    api: Api, search: Callable[..., Listing], simple: Callable[..., Item], href: str
) -> None:
    page = {"type": "FeatureCollection", "features": [simple("one")], "links": [{"rel": "next", "href": href}]}
    api.server.answers["/api/search"] = lambda _: page
    with pytest.raises(CatalogError, match="a link of the catalog"):
        search()


@pytest.mark.parametrize(
    ("href", "said"),
    [
        ("file:///etc/passwd.tif", "points to 'file:///etc/passwd.tif', which is no web address and is not opened"),
        ("/etc/passwd.tif", "which is no web address"),
        ("/vsicurl/http://example.org/x.tif", "which is no web address"),
        ("/vsizip/x.zip/x.tif", "which is no web address"),
        ("ftp://example.org/x.tif", "which is no web address"),
        ("C:\\x.tif", "which is no web address"),
        ("\\\\host\\x.tif", "which is no web address"),
        ("GTIFF_DIR:1:x.tif", "which is no web address"),
        ("https://exa mple.org/x.tif", "which is no web address"),
        ("https://[::1/x.tif", "has a broken address"),
        ("s3://somebody/x.tif", "lies in the s3 bucket 'somebody'"),
    ],
)
def test_hostile_addresses(
    api: Api, search: Callable[..., Listing], simple: Callable[..., Item], *, href: str, said: str
) -> None:
    api.items = [simple("bad", href), simple("good")]
    listing = search()
    assert [s.id for s in listing.scenes] == ["good"]
    (fault,) = listing.faulty
    assert (fault.scene, fault.captured) == ("bad", dt.datetime(2020, 5, 31, 10, 30, tzinfo=dt.UTC))
    assert fault.reason.startswith("item bad: asset 'red'")
    assert said in fault.reason


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.1.2.3", "169.254.169.254", "[::1]", "x.internal"])
def test_a_public_catalog_does_not_reach_into_the_private_network(make_item: Callable[..., Item], host: str) -> None:
    from sitewatch.archive._remote import check_address
    from sitewatch.errors import SceneError

    with pytest.raises(SceneError, match="points into a private network"):
        check_address(f"http://{host}/x.tif", "https://stac.example.org/v1", name="x")
    check_address(f"http://{host}/x.tif", "http://127.0.0.1:8080/v1", name="x")


def test_relative_addresses_start_at_the_item(
    api: Api, search: Callable[..., Listing], simple: Callable[..., Item]
) -> None:
    linked = simple("linked", "./x.tif")
    linked["links"] = [{"rel": "self", "href": "https://example.org/a/b/item.json"}]
    api.items = [linked, simple("bare", "../x.tif")]
    bare, own = search().scenes
    assert own.bands[0].href == "https://example.org/a/b/x.tif"
    assert bare.bands[0].href == f"{api.url}/collections/things/x.tif"


def test_items_that_are_not_valid_enough(
    api: Api, search: Callable[..., Listing], simple: Callable[..., Item], make_item: Callable[..., Item]
) -> None:
    dateless = simple("dateless")
    del dateless["properties"]["datetime"]
    api.items = [
        "text",
        {"type": "Feature"},
        {**simple("x"), "id": 7},
        dateless,
        simple("when", datetime="long ago"),
        make_item("empty", {}),
        make_item("strange", {"data": {"href": "https://example.org/x.tif", "type": COG}}),
        {**simple("assetless"), "assets": None},
        make_item("hrefless", {"red": {}}),
        simple("good"),
    ]
    listing = search()
    assert [s.id for s in listing.scenes] == ["good"]
    reasons = {f.scene: f.reason for f in listing.faulty}
    assert len(reasons) == 9
    assert "is not a STAC item" in reasons["item 1 of things"]
    assert "needs an id" in reasons["item 3 of things"]
    assert "does not say when it was taken" in reasons["dateless"]
    assert "its datetime is 'long ago'" in reasons["when"]
    assert "has no asset with a band that is known (it has none)" in reasons["empty"]
    assert "(it has data); say which are which with bands" in reasons["strange"]
    assert "its asset 'red' has no usable href" in reasons["hrefless"]


def test_a_scene_listed_twice(api: Api, search: Callable[..., Listing], simple: Callable[..., Item]) -> None:
    api.items = [simple("one"), simple("two"), simple("one")]
    listing = search()
    assert [s.id for s in listing.scenes] == ["one", "two"]
    assert [(f.scene, f.duplicate) for f in listing.faulty] == [("one", True)]


def test_bands_as_the_items_tell(api: Api, search: Callable[..., Listing], make_item: Callable[..., Item]) -> None:
    many = {"eo:bands": [{"name": "B2"}, {"name": "B5"}], "raster:bands": [{"scale": 1e-4}, {"scale": 2e-4}]}
    api.items = [
        make_item(
            "x",
            {
                "red-jp2": {
                    "href": "https://example.org/red.jp2",
                    "type": "image/jp2",
                    "eo:bands": [{"common_name": "red"}],
                },
                "visual": {"href": "https://example.org/tci.tif", "type": COG, "roles": ["visual"]},
                "thumbnail": {"href": "https://example.org/t.jpg", "type": "image/jpeg", "roles": ["thumbnail"]},
                "red": {"href": "https://example.org/red.tif", "type": COG, "eo:bands": [{"common_name": "red"}]},
                "pair": {"href": "https://example.org/pair.tif", "type": COG, **many},
                "fmask": {"href": "https://example.org/fmask.tif", "type": COG},
                "aot": {"href": "https://example.org/aot.tif", "type": COG},
            },
            constellation="Landsat",
            platform="landsat-8",
        )
    ]
    bands = {b.name: (b.href.rpartition("/")[2], b.index, b.scale) for b in search().scenes[0].bands}
    assert bands == {
        "red": ("red.tif", 1, None),
        "blue": ("pair.tif", 1, 1e-4),
        "nir": ("pair.tif", 2, 2e-4),
        "fmask": ("fmask.tif", 1, None),
    }


def test_bands_as_the_caller_tells(api: Api, search: Callable[..., Listing], make_item: Callable[..., Item]) -> None:
    api.items = [make_item("x", {"data": {"href": "https://example.org/x.tif", "type": COG}})]
    bands = search(bands={"red": "data", "nir": "data#4"}).scenes[0].bands
    assert [(b.name, b.index) for b in bands] == [("red", 1), ("nir", 4)]
    with pytest.raises(OptionError, match="must be an asset's key"):
        search(bands={"red": "data#x"})
    assert "has no asset 'mask', which holds its mask" in search(bands={"red": "data", "scl": "mask"}).faulty[0].reason


def s2(make_item: Callable[..., Item], raster: list[dict[str, Any]] | None, **properties: Any) -> Item:
    assets: dict[str, Any] = {}
    for key in ("blue", "green", "red", "nir", "swir16", "swir22", "scl", "visual", "rededge1"):
        assets[key] = {"href": f"https://example.org/{key}.tif", "type": COG}
        if raster and key != "scl":
            assets[key]["raster:bands"] = raster
    return make_item("x", assets, platform="sentinel-2a", **properties)


@pytest.mark.parametrize(
    ("raster", "properties", "offset"),
    [
        ([{"scale": 1e-4, "offset": -0.1, "nodata": 0}], {}, -0.1),
        ([{"scale": 1e-4, "offset": 0, "nodata": 0}], {}, 0.0),
        ([{"scale": 1e-4, "offset": -0.1}], {"earthsearch:boa_offset_applied": True}, 0.0),
        ([{"scale": 1e-4, "offset": -0.1}], {"earthsearch:boa_offset_applied": False}, -0.1),
        (None, {"s2:processing_baseline": "05.09"}, -0.1),
        (None, {"s2:processing_baseline": "04.00"}, -0.1),
        (None, {"s2:processing_baseline": "03.01"}, 0.0),
        (None, {}, 0.0),
    ],
)
def test_sentinel_2_offset_once(
    *,
    api: Api,
    search: Callable[..., Listing],
    make_item: Callable[..., Item],
    raster: list[dict[str, Any]] | None,
    properties: dict[str, Any],
    offset: float,
) -> None:
    api.items = [s2(make_item, raster, **properties)]
    (scene,) = search("sentinel-2-c1-l2a").scenes
    assert (scene.sensor, scene.credit) == ("sentinel-2", "Contains modified Copernicus Sentinel data 2020")
    assert [b.name for b in scene.bands] == ["blue", "green", "red", "nir", "swir16", "swir22", "scl"]
    assert {(b.scale, b.offset, b.nodata) for b in scene.bands if not b.is_mask} == {(1e-4, offset, 0.0)}
    assert {(b.scale, b.offset) for b in scene.bands if b.is_mask} == {(None, None)}


def test_presets_know_their_hosts() -> None:
    pc, es = "https://planetarycomputer.microsoft.com/api/stac/v1", "https://earth-search.aws.element84.com/v1"
    assert find_preset(pc, "sentinel-2-l2a").bands["nir"] == "B08"
    assert find_preset(es, "sentinel-2-l2a").bands["nir"] == "nir"
    assert find_preset(pc, "landsat-c2-l2").signed
    assert find_preset(es, "landsat-c2-l2").alternate == "s3"
    assert not find_preset("https://example.org", "landsat-c2-l2").signed
    assert find_preset("https://example.org", "sentinel-2-l2a") == Preset(collection="sentinel-2-l2a")


def test_planetary_computer_items_are_signed_when_fetched(
    api: Api, search: Callable[..., Listing], make_item: Callable[..., Item]
) -> None:
    keys = ("B02", "B03", "B04", "B08", "B11", "B12", "SCL")
    api.items = [
        make_item(
            "x",
            {k: {"href": f"https://a.blob.core.windows.net/c/{k}.tif", "type": COG} for k in keys},
            constellation="Sentinel 2",
            platform="Sentinel-2A",
        )
    ]
    preset = find_preset("https://planetarycomputer.microsoft.com/api/stac/v1", "sentinel-2-l2a")
    listing = search("sentinel-2-l2a", preset=preset)
    assert isinstance(listing.signer, PlanetaryComputerSigner)
    (scene,) = listing.scenes
    assert (scene.sensor, scene.platform) == ("sentinel-2", "sentinel-2a")
    assert scene.bands[3].href == "https://a.blob.core.windows.net/c/B08.tif"
    assert search("things", preset=Preset(collection="things", bands={"red": "B04"})).signer is None


def test_landsat_by_its_alternate_address(
    api: Api, search: Callable[..., Listing], make_item: Callable[..., Item]
) -> None:
    keys = ("blue", "green", "red", "nir08", "swir16", "swir22", "qa_pixel")
    assets = {
        k: {
            "href": f"https://example.org/{k}.tif",
            "type": COG,
            "alternate": {"s3": {"href": f"s3://usgs-landsat/{k}.tif"}},
        }
        for k in keys
    }
    api.items = [make_item("x", assets, platform="landsat-9", **{"landsat:wrs_path": "160"})]
    preset = find_preset("https://earth-search.aws.element84.com/v1", "landsat-c2-l2")
    (scene,) = search("landsat-c2-l2", preset=preset).scenes
    assert (scene.sensor, scene.platform, scene.orbit) == ("landsat", "landsat-9", 160)
    assert {b.name: b.href for b in scene.bands}["nir"] == "s3://usgs-landsat/nir08.tif"
    assert {(b.scale, b.offset) for b in scene.bands if not b.is_mask} == {(2.75e-5, -0.2)}
