"""New good pictures and stalled feeds as a user is told of them."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from ran import Ran, Run
from shapely.geometry import box, mapping

from sitewatch.cube import Asking, Look, Outcome, find_stalls, stall_document
from sitewatch.errors import CatalogError
from sitewatch.site import Site, site_feature
from sitewatch.store import Run as Visit
from sitewatch.store import add_site, save_run
from sitewatch.workspace import make_workspace

START = dt.datetime(2025, 1, 1, 10, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
NEWEST = START + 95 * DAY
NOW = NEWEST + 19 * DAY
SILENT = (
    "cat answers, but has listed no sentinel-2 scene of plant for 19 days; usual are 5 days, the most so far 5 days: "
    "the feed may have stalled"
)
BOX = box(10, 50, 10.02, 50.01)
S2B = """SENTINEL-2B
1 42063U 17013A   26263.59211295  .00000276  00000+0  12211-3 0  9994
2 42063  98.5709 336.9934 0001197  85.8635 274.2685 14.30816269498280
"""


@pytest.fixture
def site() -> Site:
    return Site(
        id="plant", name="The plant", outline=box(10, 50, 10.02, 50.01), areas={"pad": box(10, 50, 10.01, 50.01)}
    )


@pytest.fixture
def silent(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workspace whose catalog listed a scene each five days, and none for 19."""
    monkeypatch.setenv("SITEWATCH_WORKSPACE", str(tmp_path / "space"))
    looks = tuple(
        Look(
            scene=f"scene-{n}",
            sensor="sentinel-2",
            captured=START + 5 * n * DAY,
            published=START + (5 * n + 0.1) * DAY,
            published_is_recorded=False,
            outcome=Outcome.USED,
            listed_by=("cat",),
        )
        for n in range(20)
    )
    asking = Asking(run=NOW, catalogs=("cat",))
    stalls = find_stalls(looks, asking, site="plant")
    run = Visit(
        began=NOW,
        version="0",
        exit_code=0,
        sentence="ok",
        searched=True,
        listed=20,
        used=20,
        first_look=START,
        last_look=NEWEST,
        listing="",
        asking=asking.document(),
        news={"stalled": [stall_document(stall) for stall in stalls]},
    )
    with make_workspace(tmp_path / "space") as space, space.store.writing() as connection:
        source = {"catalogs": [{"name": "cat", "url": "https://cat.test", "collection": "c"}], "false_alarms": 1.0}
        add_site(connection, site, source, who="ann", at=START)
        save_run(connection, "plant", run, at=NOW, looks=looks)


@pytest.mark.usefixtures("silent")
def test_a_stalled_feed_is_told_with_the_gaps_and_with_the_site(run: Run) -> None:
    assert run("looks", "list", "plant", "--gaps").out.splitlines()[-1] == f"{SILENT}."
    told = json.loads(run("looks", "list", "plant", "--gaps", "--json").out)
    assert [(one["catalog"], one["days"], one["sentence"]) for one in told] == [("cat", 19, SILENT)]
    assert SILENT in " ".join(run("site", "show", "plant").out.split())
    assert json.loads(run("site", "show", "plant", "--json").out)["stalled_feeds"] == [SILENT]
    assert json.loads(run("site", "list", "--json").out)[0]["stalled_feeds"] == [SILENT]


@pytest.mark.usefixtures("silent")
def test_elements_of_another_year_leave_it_to_the_record(run: Run, tmp_path: Path) -> None:
    elements = tmp_path / "s2b.tle"
    elements.write_text(S2B)
    assert run("looks", "list", "plant", "--gaps", "--elements", elements).out.splitlines()[-1] == f"{SILENT}."
    assert run("looks", "list", "plant", "--elements", elements).code == 2
    assert "cannot be read" in run("looks", "list", "plant", "--gaps", "--elements", tmp_path / "none").err


def test_what_is_good_is_settled_with_the_site(run: Run, site: Site, tmp_path: Path) -> None:
    file, space, images = tmp_path / "site.geojson", tmp_path / "space", tmp_path / "images"
    file.write_text(json.dumps(site_feature(site)))
    images.mkdir()
    assert run("init", space).code == 0
    where = ("--images", images, "--workspace", space)
    assert run("site", "add", file, *where).code == 0
    assert "90 % clear" in run("site", "show", "plant", "--workspace", space).out
    assert run("site", "add", file, *where, "--good-share", "0.8", "--good-share", "pad=1").code == 0
    assert "80 %, pad 100 % clear" in run("site", "show", "plant", "--workspace", space).out
    source = json.loads(run("site", "show", "plant", "--json", "--workspace", space).out)["source"]
    assert (source["good_share"], source["good_share_of_areas"]) == (0.8, {"pad": 1.0})
    for wrong, said in (
        (["1.1"], "must be a share, 0 to 1"),
        (["nan"], "must be a share, 0 to 1"),
        (["pad="], "must be a share, 0 to 1"),
        (["yard=1"], "no sub-area 'yard' (it has: pad)"),
        (["0.5", "0.6"], "given twice for the site"),
    ):
        ran = run("site", "add", file, *where, *(word for share in wrong for word in ("--good-share", share)))
        assert (ran.code, said in ran.err) == (2, True), ran.err
    ran = run("watch", "plant", "--workspace", space, "--good-share", "0.5")
    assert (ran.code, "`sitewatch site add`" in ran.err) == (2, True)


def test_watch_tells_new_pictures_once(run: Run, made_world: Path, tmp_path: Path) -> None:
    """A period of a few months of which too few looks come to be compared: to tell pictures that is enough."""
    taken = sorted(path.stem.split("_")[1] for path in (made_world / "images").glob("*.tif"))[:4]
    days = [dt.date.fromisoformat(one[:8]) for one in taken]

    def watch(until: dt.date, *more: object) -> Ran:
        where = ("--images", made_world / "images", "--out", tmp_path / "out", "--quiet")
        now = ("--until", until, "--now", f"{until + 2 * DAY}T00:00:00Z")
        return run("watch", made_world / "site.geojson", *where, *now, "--good-share", "0", *more)

    first = json.loads(watch(days[1], "--json").out)
    assert first["stalled_feeds"] == []
    before = {one["scene"] for one in first["new_pictures"]}
    told = [line for line in watch(days[3]).out.splitlines() if line.startswith("new good picture of ")]
    assert told
    assert all(line.endswith(" % clear.") for line in told)
    assert not [line for line in told if line.split(": ")[1].split(",")[0] in before]
    assert "good picture of" not in watch(days[3]).out


def of_another_day(elements: str, epoch: dt.datetime) -> str:
    """Two-line elements with another epoch, and the checksum that goes with it."""
    name, first, second = elements.strip().splitlines()
    day = (epoch - dt.datetime(epoch.year, 1, 1, tzinfo=dt.UTC)) / DAY + 1
    first = f"{first[:18]}{epoch:%y}{day:012.8f}{first[32:68]}"
    total = sum(int(c) if c.isdigit() else c == "-" for c in first)
    return f"{name}\n{first}{total % 10}\n{second}\n"


def settle_elements(space: Path, content: str) -> None:
    """As if their address had just given them."""
    settings = space / "sitewatch.toml"
    settings.write_text(settings.read_text() + 'elements = "https://orbits.test/s2.tle"\n')
    kept = {"url": "https://orbits.test/s2.tle", "fetched": dt.datetime.now(dt.UTC).isoformat(), "content": content}
    (space / "elements.json").write_text(json.dumps(kept))


@pytest.mark.usefixtures("silent")
def test_the_workspace_settles_elements_for_silent_catalogs(run: Run, site: Site, tmp_path: Path) -> None:
    """The same answer as with --elements of that time, which is another than that of the record alone."""
    then = of_another_day(S2B, NEWEST)
    file = tmp_path / "then.tle"
    file.write_text(then)
    given = run("looks", "list", "plant", "--gaps", "--elements", file).out
    bare = run("looks", "list", "plant", "--gaps").out
    assert given != bare
    settle_elements(tmp_path / "space", then)
    assert run("looks", "list", "plant", "--gaps").out == given


def test_watch_takes_elements_from_the_workspace_and_goes_on_without(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = tmp_path / "space"
    monkeypatch.setenv("SITEWATCH_WORKSPACE", str(space))
    asked = []

    def silent_address(url: str, *_: object, **__: object) -> None:
        asked.append(url)
        raise CatalogError(f"{url}: does not answer")

    assert run("init", space).code == 0
    outline = tmp_path / "plant.geojson"
    outline.write_text(json.dumps({"type": "Feature", "id": "plant", "properties": {}, "geometry": mapping(BOX)}))
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "2025-01-01.tif").write_bytes(b"no picture")
    assert run("site", "add", outline, "--images", tmp_path / "images").code == 0
    assert "orbits.test" not in run("watch", "plant", "--quiet").err
    settle_elements(space, S2B)
    assert "warning" not in run("watch", "plant", "--quiet").err
    monkeypatch.setattr("sitewatch.planning.fetch_elements", silent_address)
    ran = run("watch", "plant", "--quiet")
    assert ran.code == 4
    assert "warning: https://orbits.test/s2.tle: does not answer; silent catalogs are held against" in ran.err
    assert asked == ["https://orbits.test/s2.tle"]
    file = tmp_path / "given.tle"
    file.write_text(S2B)
    run("watch", "plant", "--quiet", "--elements", file)
    assert len(asked) == 1
