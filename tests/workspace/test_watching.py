"""A workspace watches its sites, remembers, and does nothing twice."""

from __future__ import annotations

import datetime as dt
import multiprocessing as mp
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa
from shapely.geometry import box

from made_once import made_once
from postgres_server import Postgres
from sitewatch.errors import InputError, LockedError, OptionError
from sitewatch.site import Site, read_site
from sitewatch.store import _schema as t
from sitewatch.store import (
    add_review,
    add_site,
    get_site,
    known_things,
    last_run,
    list_sites,
    load_looks,
    load_memory,
    remove_site,
    site_summaries,
    split_thing,
    structure_rows,
)
from sitewatch.structures import read_structures
from sitewatch.watch import reopen
from sitewatch.workspace import Workspace, make_workspace, open_workspace, replay_site, watch_all, watch_site
from sitewatch.workspace._locks import locked_site

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
Add = Callable[[Site, Path], None]


@pytest.fixture
def space(tmp_path: Path) -> Iterator[Workspace]:
    with make_workspace(tmp_path / "space") as workspace:
        yield workspace


@pytest.fixture(scope="session")
def watched_once(small_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose one site was watched at `NOW`; not to be changed by tests."""

    def make(folder: Path) -> None:
        with make_workspace(folder) as workspace:
            add(workspace, read_site(small_world / "site.geojson"), small_world / "images")
            watch_site(workspace, "simulated-4", now=NOW)

    return made_once(tmp_path_factory, "small-place-watched", make)


@pytest.fixture
def watched(watched_once: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A copy of it that a test may spoil."""
    with open_workspace(shutil.copytree(watched_once, tmp_path / "watched")) as workspace:
        yield workspace


def add(space: Workspace, site: Site, images: Path, **source: Any) -> None:
    with space.store.writing() as connection:
        add_site(connection, site, {"images": str(images), "false_alarms": 1.0, **source}, who="ann", at=NOW)


def rows(space: Workspace, table: sa.Table) -> list[dict[str, Any]]:
    with space.store.reading() as connection:
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


def test_a_run_is_remembered_and_the_next_one_has_nothing_to_do(space: Workspace, small_world: Path) -> None:
    add(space, read_site(small_world / "site.geojson"), small_world / "images")
    first = watch_site(space, "simulated-4", now=NOW)
    assert first.exit_code == 0
    assert first.watched is not None
    assert first.report.is_file()
    with space.store.reading() as connection:
        assert load_looks(connection, "simulated-4") == first.watched.looks
        known = [one.structure for one in known_things(connection, "simulated-4")]
    assert sorted(known, key=lambda s: s.id) == sorted(first.watched.structures, key=lambda s: s.id)
    second = watch_site(space, "simulated-4", now=NOW + DAY)
    assert second.watched is None
    assert second.sentence == f"nothing new; {first.sentence}"
    runs = rows(space, t.runs)
    assert [run["searched"] for run in runs] == [True, False]
    assert all(row["until"] is None for table in (t.looks, t.scenes, t.structures) for row in rows(space, table))


def test_asked_again_within_a_second_it_writes_nothing(watched: Workspace) -> None:
    assert watch_site(watched, "simulated-4", now=NOW).watched is None
    assert len(rows(watched, t.runs)) == 1


def test_new_looks_make_new_versions_and_keep_the_old(space: Workspace, small_world: Path, tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    scenes = sorted((small_world / "images").glob("*"))
    stems = sorted({path.name.split(".")[0] for path in scenes}, key=lambda stem: stem.split("_")[1])
    early = set(stems[:18])
    for path in scenes:
        if path.name.split(".")[0] in early:
            shutil.copy(path, images)
    add(space, read_site(small_world / "site.geojson"), images)
    before = watch_site(space, "simulated-4", now=NOW)
    for path in scenes:
        if path.name.split(".")[0] not in early:
            shutil.copy(path, images)
    after = watch_site(space, "simulated-4", now=NOW + DAY)
    assert before.watched is not None
    assert after.watched is not None
    assert after.watched.since_last is not None
    assert after.watched.since_last.added == len(stems) - 18
    with space.store.reading() as connection:
        looks = load_looks(connection, "simulated-4")
        was = {one.structure.id for one in known_things(connection, "simulated-4")}
    assert [look.scene for look in looks] == [look.scene for look in after.watched.looks]
    versions = rows(space, t.structures)
    assert {row["until"] for row in versions if row["since"] < NOW + DAY} - {None} == {
        row["since"] for row in versions if row["since"] >= NOW + DAY
    }
    assert {s.id for s in after.watched.structures} <= was


def test_what_was_published_later_is_left_out_of_a_replay(watched: Workspace, tmp_path: Path) -> None:
    with watched.store.reading() as connection:
        looks = load_looks(connection, "simulated-4")
    moment = sorted(look.published for look in looks)[19]
    replayed = replay_site(watched, "simulated-4", moment, out=tmp_path / "then", now=NOW + DAY)
    assert replayed.watched is not None
    assert {look.scene for look in replayed.watched.looks} == {k.scene for k in looks if k.published <= moment}
    assert (tmp_path / "then" / "report" / "index.html").is_file()
    assert len(rows(watched, t.runs)) == 1
    assert watch_site(watched, "simulated-4", now=NOW + 2 * DAY).watched is None


def test_a_site_told_anew_is_searched_anew(watched: Workspace, small_world: Path) -> None:
    place = read_site(small_world / "site.geojson")
    with pytest.raises(OptionError, match="watched already, in just this way"):
        add(watched, place, small_world / "images")
    add(watched, place, small_world / "images", false_alarms=5.0)
    again = watch_site(watched, "simulated-4", now=NOW + DAY)
    assert again.watched is not None
    assert again.watched.false_alarms == 5.0
    assert [row["until"] is None for row in rows(watched, t.sites)] == [False, True]
    assert again.watched.since_last is not None
    assert again.watched.since_last.settings == ("false alarms a year 1, now 5",)


def test_what_a_run_must_know_is_kept_in_the_store_alone(watched: Workspace, small_world: Path) -> None:
    with watched.store.reading() as connection:
        memory = load_memory(connection, "simulated-4")
    assert memory is not None
    assert memory.at == NOW
    assert len(memory.scenes) == len(list((small_world / "images").glob("*.tif")))
    assert memory.asked.keys() == {"folder"}
    assert memory.found["outline"] == read_site(small_world / "site.geojson").outline.wkt
    assert not (watched.site_folder("simulated-4") / "archive" / ".listed.json").exists()


def test_removed_sites_stay_known_and_come_back(space: Workspace, small_world: Path) -> None:
    place = read_site(small_world / "site.geojson")
    add(space, place, small_world / "images")
    with space.store.writing() as connection:
        remove_site(connection, place.id, who="ann", at=NOW)
    with space.store.reading() as connection:
        assert list_sites(connection) == []
        assert get_site(connection, place.id).removed
        assert [one["site"] for one in site_summaries(connection, removed=True)] == [place.id]
    with space.store.writing() as connection, pytest.raises(InputError, match="no site 'simulated-4' is watched"):
        remove_site(connection, place.id, who="ann", at=NOW)
    add(space, place, small_world / "images")
    with space.store.reading() as connection:
        assert [one.site.areas.keys() for one in list_sites(connection)] == [place.areas.keys()]


def test_one_bad_site_does_not_stop_the_others(space: Workspace, small_world: Path, tmp_path: Path) -> None:
    place = read_site(small_world / "site.geojson")
    lost = tmp_path / "lost"
    lost.mkdir()
    add(space, Site(id="bad", name="Bad", outline=place.outline), lost)
    lost.rmdir()
    add(space, place, small_world / "images")
    gave = list(watch_all(space, now=NOW))
    assert isinstance(gave[0], tuple)
    assert gave[0][0] == "bad"
    assert "lost" in str(gave[0][1])
    assert not isinstance(gave[1], tuple)
    assert gave[1].exit_code == 0
    with space.store.reading() as connection:
        failed = last_run(connection, "bad")
        told = {one["site"]: one["answer"] for one in site_summaries(connection)}
    assert failed is not None
    assert (failed["exit_code"], failed["searched"], failed["listing"]) == (2, False, "")
    assert "lost" in told["bad"]


def test_a_failure_changes_nothing_that_is_known(watched: Workspace, small_world: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(small_world / "images", tmp_path / "images")
    place = read_site(small_world / "site.geojson")
    add(watched, place, moved)
    before = rows(watched, t.structures)
    moved.rename(tmp_path / "away")
    with pytest.raises(InputError, match="images"):
        watch_site(watched, "simulated-4", now=NOW + DAY)
    assert rows(watched, t.structures) == before
    (tmp_path / "away").rename(moved)
    again = watch_site(watched, "simulated-4", now=NOW + 2 * DAY)
    assert again.watched is not None
    assert again.watched.since_last is not None
    assert not again.watched.since_last.tells


def test_what_readers_say_while_a_run_searches_is_not_lost(watched: Workspace, small_world: Path) -> None:
    """One structure is confirmed, another one split, after the run has read what was known."""
    place = read_site(small_world / "site.geojson")
    add(watched, place, small_world / "images", false_alarms=5.0)
    with watched.store.reading() as connection:
        first, second = [one for one in known_things(connection, place.id) if one.structure.kind == "structure"][:2]
    west, south, east, north = second.structure.footprint.bounds
    middle = (west + east) / 2
    parts = [
        second.structure.footprint.intersection(box(*b))
        for b in ((west, south, middle, north), (middle, south, east, north))
    ]
    said = []

    def meanwhile(stage: str, done: int, of: int) -> None:
        if stage == "searching for changes" and done == of and not said:
            said.append(stage)
            with watched.store.writing() as connection:
                add_review(connection, place.id, first.thing, "confirm", reason="", reader="ben", at=NOW + DAY)
                split_thing(connection, place.id, second.thing, parts, reason="two roofs", who="ben", at=NOW + DAY)

    gave = watch_site(watched, place.id, now=NOW + DAY, progress=meanwhile)
    assert said
    assert gave.watched is not None
    with watched.store.reading() as connection:
        known = {one.thing: one for one in known_things(connection, place.id)}
    assert known[first.thing].confirmed is not None
    assert known[first.thing].structure.id == first.structure.id
    assert known[second.thing].structure.footprint.equals_exact(parts[0], 1e-9)
    assert sum(one.structure.footprint.intersects(parts[1].centroid) for one in known.values() if one.claimed) == 1
    told = read_structures(watched.site_folder(place.id) / "structures.geojson")[0]
    assert {one.id for one in told} == {one.structure.id for one in known.values() if one.claimed}
    assert watch_site(watched, place.id, now=NOW + 2 * DAY).watched is None


def test_an_answer_is_known_when_it_is_there(watched: Workspace, small_world: Path) -> None:
    """What was asked between the begin of a run and its end stays what was known then."""
    add(watched, read_site(small_world / "site.geojson"), small_world / "images", false_alarms=5.0)
    later = NOW + DAY + dt.timedelta(minutes=5)
    watch_site(watched, "simulated-4", now=NOW + DAY, clock=lambda: later)
    run = max(rows(watched, t.runs), key=lambda row: row["at"])
    assert (run["began"], run["at"]) == (NOW + DAY, later)
    with watched.store.reading() as connection:
        between = structure_rows(connection, viewer="ann", at=later - dt.timedelta(minutes=1))
        before = structure_rows(connection, viewer="ann", at=NOW + dt.timedelta(hours=1))
    assert between == before


def test_removed_and_unknown_sites_are_refused_before_any_work(watched: Workspace) -> None:
    with watched.store.writing() as connection:
        remove_site(connection, "simulated-4", who="ann", at=NOW)
    with pytest.raises(InputError, match="was removed; take it up again"):
        watch_site(watched, "simulated-4", now=NOW + DAY)
    with pytest.raises(InputError, match="no site 'nosuch'"):
        list(watch_all(watched, now=NOW + DAY, sites=["nosuch"]))
    assert not watched.site_folder("nosuch").exists()


def test_a_site_under_watch_is_not_watched_again(watched: Workspace) -> None:
    with locked_site(watched, "simulated-4"), pytest.raises(LockedError, match="another run is at this site"):
        watch_site(watched, "simulated-4", now=NOW)


def run_all(folder: Path, barrier: Any) -> None:
    with open_workspace(folder) as space:
        barrier.wait()
        for gave in watch_all(space, now=NOW):
            assert not isinstance(gave, tuple), gave


def check_two_at_once(space: Workspace, small_world: Path) -> None:
    """Two runs over all sites, begun together: each site is done once."""
    place = read_site(small_world / "site.geojson")
    for name in ("one", "two", "three"):
        add(space, Site(id=name, name=name, outline=place.outline, areas=place.areas), small_world / "images")
    context = mp.get_context("forkserver")
    context.set_forkserver_preload(["sitewatch.watch", "sitewatch.workspace", "sitewatch.report"])
    barrier = context.Barrier(2)
    both = [context.Process(target=run_all, args=(space.folder, barrier)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(300)
        assert process.exitcode == 0
    assert sorted(run["site"] for run in rows(space, t.runs)) == ["one", "three", "two"]
    assert all(run["searched"] for run in rows(space, t.runs))


@pytest.mark.long
def test_two_runs_at_once_do_each_site_once(space: Workspace, small_world: Path) -> None:
    check_two_at_once(space, small_world)


@pytest.mark.services
def test_two_runs_at_once_do_each_site_once_in_postgresql(
    killed: ModuleType, postgres: Postgres, small_world: Path, tmp_path: Path
) -> None:
    with (
        killed.own_database(postgres.address("postgres")) as database,
        make_workspace(tmp_path / "space", database=database) as space,
    ):
        check_two_at_once(space, small_world)


@pytest.mark.services
def test_a_colleague_elsewhere_holds_a_site_too(killed: ModuleType, postgres: Postgres, tmp_path: Path) -> None:
    """Two folders, as on two machines, and one database."""
    with (
        killed.own_database(postgres.address("postgres")) as database,
        make_workspace(tmp_path / "here", database=database) as here,
        make_workspace(tmp_path / "there", database=database) as there,
    ):
        with locked_site(here, "one"):
            with pytest.raises(LockedError, match="on another machine"), locked_site(there, "one"):
                pass
            with locked_site(there, "two"):
                pass
        with locked_site(there, "one"):
            pass


@pytest.mark.parametrize("server", ["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
@pytest.mark.long
def test_killed_runs_end_as_undisturbed_ones(
    killed: ModuleType, small_world: Path, tmp_path: Path, server: str, request: pytest.FixtureRequest
) -> None:
    """Five of the fifty of `make bench`."""
    times = {"sqlite": 3, "postgresql": 2}[server]
    address = None if server == "sqlite" else request.getfixturevalue("postgres").address("postgres")
    made = list(killed.trials(small_world, tmp_path, times, server=address, compiled=True))
    assert [trial.differs for trial in made] == [()] * times
    assert not all(trial.ended for trial in made)


def test_the_comparison_of_killed_runs_can_tell_a_difference(
    killed: ModuleType, space: Workspace, small_world: Path
) -> None:
    add(space, read_site(small_world / "site.geojson"), small_world / "images")
    before = killed.tables(space.store)
    with space.store.writing() as connection:
        remove_site(connection, "simulated-4", who="ann", at=NOW)
    after = killed.tables(space.store)
    assert {name for name in before if before[name] != after[name]} == {"sites", "entries"}


def test_settings_are_read_and_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no workspace; run `sitewatch init"):
        open_workspace(tmp_path)
    with pytest.raises(OptionError, match="holds a password"):
        make_workspace(tmp_path, database="postgresql://ann:secret@host/name")
    make_workspace(tmp_path).store.close()
    settings = tmp_path / "sitewatch.toml"
    settings.write_text('reader = "Ann"\n')
    with open_workspace(tmp_path) as space:
        assert space.reader == "Ann"
    settings.write_text('readr = "Ann"\n')
    with pytest.raises(InputError, match="setting 'readr' is not known; there are database, elements, reader"):
        open_workspace(tmp_path)
    settings.write_text("reader = 3\n")
    with pytest.raises(InputError, match="must be a text"):
        open_workspace(tmp_path)
    settings.write_text("reader = ")
    with pytest.raises(InputError, match="is not TOML"):
        open_workspace(tmp_path)


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0 but no", b"{}"])
def test_a_damaged_store_is_told_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    make_workspace(tmp_path).store.close()
    (tmp_path / "store.sqlite").write_bytes(content)
    with pytest.raises(InputError, match=r"store\.sqlite: (is damaged|holds no workspace)"):
        open_workspace(tmp_path)


def test_the_report_of_a_site_can_be_written_anew(watched: Workspace) -> None:
    again = reopen(watched.site_folder("simulated-4"), now=NOW + DAY)
    with watched.store.reading() as connection:
        known = {one.structure.id for one in known_things(connection, "simulated-4") if one.claimed}
    assert {structure.id for structure in again.structures} == known
