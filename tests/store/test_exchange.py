"""The whole store into files and back, from either database into either."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from store_rows import BEGAN, ODD, fill, lines_of, look, moment, site_rows, structure, write

from sitewatch.errors import InputError, OptionError, OutputError
from sitewatch.store import Store, create_store
from sitewatch.store import _schema as t
from sitewatch.store.exchange import export_store, import_file
from sitewatch.store.exchange._rows import TABLES, count_rows

NAMES = ["all.jsonl", "all.jsonl.gz", "all.gpkg", "all.geoparquet"]
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def taken_in(store: Store, path: Path) -> tuple[int, int]:
    done = import_file(store, path, who="ann", at=NOW)
    return sum(done.rows.values()), done.already


def test_a_filled_store_has_rows_in_every_table(store: Store) -> None:
    fill(store)
    with store.reading() as connection:
        assert all(count_rows(connection).values())


@pytest.mark.parametrize("name", NAMES)
def test_what_was_exported_comes_back_byte_for_byte(
    new_store: Callable[[], Store], sqlite_store: Store, tmp_path: Path, name: str
) -> None:
    store, copy = new_store(), new_store()
    fill(store)
    lines = lines_of(store, tmp_path)
    count = export_store(store, tmp_path / name)
    assert count == len(lines) - 1
    for target in (copy, sqlite_store):
        assert taken_in(target, tmp_path / name) == (count, 0)
        assert lines_of(target, tmp_path) == lines
        # Again: all is known, and nothing is written about that.
        assert taken_in(target, tmp_path / name) == (0, count)
        assert lines_of(target, tmp_path) == lines


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_store_comes_back_empty(store: Store, sqlite_store: Store, tmp_path: Path, name: str) -> None:
    assert export_store(store, tmp_path / name) == 0
    assert taken_in(sqlite_store, tmp_path / name) == (0, 0)


def test_sorted_lines_are_a_file_too(store: Store, sqlite_store: Store, tmp_path: Path) -> None:
    fill(store)
    lines = lines_of(store, tmp_path)
    (tmp_path / "sorted.jsonl").write_bytes(b"".join(sorted(lines)))
    taken_in(sqlite_store, tmp_path / "sorted.jsonl")
    assert lines_of(sqlite_store, tmp_path) == lines


def test_the_same_store_is_the_same_file(store: Store, tmp_path: Path) -> None:
    fill(store)
    for name in ("one.jsonl.gz", "two.jsonl.gz"):
        export_store(store, tmp_path / name)
    assert (tmp_path / "one.jsonl.gz").read_bytes() == (tmp_path / "two.jsonl.gz").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_one_site_alone(store: Store, sqlite_store: Store, tmp_path: Path, name: str) -> None:
    fill(store)
    export_store(store, tmp_path / name, sites=["plant"])
    taken_in(sqlite_store, tmp_path / name)
    rows = [json.loads(line) for line in lines_of(sqlite_store, tmp_path)[1:]]
    assert {row["site"] for row in rows} == {"plant"}
    assert {row["table"] for row in rows} == set(TABLES)
    # The other one comes to what is there, and the journal tells it.
    export_store(store, tmp_path / f"z{name}", sites=["z Ж"])
    taken_in(sqlite_store, tmp_path / f"z{name}")
    with sqlite_store.reading() as connection:
        told = connection.execute(sa.select(t.entries).where(t.entries.c.what == "import")).mappings().one()
    assert (told["site"], told["who"], told["at"]) == ("", "ann", NOW)
    assert told["detail"]["file"] == f"z{name}"


def test_an_unknown_site_is_refused_and_nothing_written(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no site 'nowhere'"):
        export_store(store, tmp_path / "all.jsonl", sites=["nowhere"])
    assert [file.name for file in tmp_path.iterdir() if "store" not in file.name] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_replaced_only_when_told(sqlite_store: Store, tmp_path: Path, name: str) -> None:
    export_store(sqlite_store, tmp_path / name)
    with pytest.raises(OptionError, match="is there already; add --force"):
        export_store(sqlite_store, tmp_path / name)
    fill(sqlite_store)
    assert export_store(sqlite_store, tmp_path / name, force=True) > 0
    with create_store(tmp_path / "third.sqlite") as third:
        assert taken_in(third, tmp_path / name)[0] > 0
    assert not list(tmp_path.glob(".sitewatch-partial-*"))


def test_a_folder_of_something_else_is_never_replaced(sqlite_store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "mine.geoparquet"
    folder.mkdir()
    (folder / "letter").write_text("dear")
    with pytest.raises(OptionError, match="holds something else"):
        export_store(sqlite_store, folder, force=True)
    assert (folder / "letter").read_text() == "dear"


def test_a_name_that_tells_no_format(sqlite_store: Store, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"must end in one of \.jsonl"):
        export_store(sqlite_store, tmp_path / "all.csv")


@pytest.mark.parametrize("change", ["content", "false for 0", "until"])
def test_a_row_that_is_known_otherwise_is_refused_and_nothing_written(
    store: Store, sqlite_store: Store, tmp_path: Path, change: str
) -> None:
    fill(store)
    lines = [json.loads(line) for line in lines_of(store, tmp_path)]
    row = next(one for one in lines if one.get("table") == "runs")
    if change == "content":
        row["sentence"] = "3 structures"
    elif change == "until":
        row = next(one for one in lines if one.get("table") == "names")
        row["until"] = "2030-01-01T00:00:00Z"
    else:
        row["news"]["nested"][0] = True
    new = {**next(one for one in lines if one.get("table") == "notes"), "at": "2030-01-01T00:00:00Z"}
    changed = tmp_path / "changed.jsonl"
    changed.write_text("".join(json.dumps(one) + "\n" for one in [*lines[:1], new, *lines[1:]]))
    before = lines_of(store, tmp_path)
    with pytest.raises(InputError, match=rf"{row['table']} \(plant, .* is known otherwise here"):
        taken_in(store, changed)
    assert lines_of(store, tmp_path) == before
    # Alone it is a file like any other, but not twice in two ways.
    with changed.open("a") as file:
        file.write(json.dumps(next(one for one in map(json.loads, before) if one.get("table") == row["table"])) + "\n")
    with pytest.raises(InputError, match="is known otherwise here"):
        taken_in(sqlite_store, changed)
    assert len(lines_of(sqlite_store, tmp_path)) == 1


def test_two_histories_of_one_site_do_not_mix(store: Store, sqlite_store: Store, tmp_path: Path) -> None:
    write(store, site_rows("plant"))
    others = site_rows("plant", began=BEGAN + dt.timedelta(days=30))
    write(sqlite_store, [row for row in others if row[0] in (t.entries, t.sites)])
    export_store(sqlite_store, tmp_path / "all.jsonl")
    before = lines_of(store, tmp_path)
    with pytest.raises(InputError, match="known in two ways at a time; nothing was imported"):
        taken_in(store, tmp_path / "all.jsonl")
    assert lines_of(store, tmp_path) == before


def test_a_site_that_cannot_be_read_back_is_refused(store: Store, sqlite_store: Store, tmp_path: Path) -> None:
    fill(store)
    lines = lines_of(store, tmp_path)
    for spoil in (
        lambda row: row["table"] != "presences",
        lambda row: row["table"] != "sites",
        lambda row: row["table"] != "sites" or row["source"].update(catalogs=[{"surl": "x"}]) or True,
        lambda row: row["table"] != "corrections" or row["detail"].update(kind="castle") or True,
    ):
        kept = [row for row in map(json.loads, lines[1:]) if spoil(row)]
        (tmp_path / "bad.jsonl").write_text(lines[0].decode() + "".join(json.dumps(row) + "\n" for row in kept))
        with pytest.raises(InputError, match=r"site 'plant' does not fit together \(.*nothing was imported"):
            taken_in(sqlite_store, tmp_path / "bad.jsonl")
    assert len(lines_of(sqlite_store, tmp_path)) == 1


def test_a_text_with_nul_is_told_when_it_is_exported(sqlite_store: Store, tmp_path: Path) -> None:
    write(sqlite_store, [(t.notes, {"site": "plant", "thing": "", "at": moment(0), "who": "ann", "text": "a\0b"})])
    with pytest.raises(OutputError, match=r"notes \(plant, , .*text holds a NUL"):
        export_store(sqlite_store, tmp_path / "all.jsonl")
    assert not (tmp_path / "all.jsonl").exists()


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
MOMENTS = st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30), timezones=st.just(dt.UTC))  # noqa: DTZ001
NUMBERS = st.floats(-1e299, 1e299)


# Each example is six stores: a failing one is shown as it is, not made smaller for minutes.
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(
    notes=st.lists(st.tuples(TEXT, MOMENTS, TEXT, TEXT), max_size=8, unique_by=lambda one: one[:2]),
    details=st.lists(JSON, min_size=1, max_size=4),
    numbers=st.lists(NUMBERS, min_size=4, max_size=4),
    pick=st.data(),
)
def test_odd_texts_moments_and_numbers_come_back(
    tmp_path_factory: pytest.TempPathFactory,
    notes: list[tuple[str, dt.datetime, str, str]],
    details: list[object],
    numbers: list[float],
    pick: st.DataObject,
) -> None:
    folder = tmp_path_factory.mktemp("odd")
    places = (None, "box", "boxes")
    noted = next(row["at"] for table, row in site_rows("plant") if table is t.notes)
    with create_store(folder / "one.sqlite") as store:
        write(store, site_rows("plant"))
        told = [
            (t.notes, {"site": "plant", "thing": thing, "at": at, "who": who, "text": text})
            for thing, at, who, text in notes
            if (thing, at) != ("", noted)
        ]
        ran = [
            (t.entries, {"site": "plant", "at": moment(100 + i), "who": "", "what": ODD, "thing": "", "detail": detail})
            for i, detail in enumerate(details)
        ]
        names = ("probability", "area_m2", "area_m2_low", "area_m2_high")
        row = structure("plant", "t9", since=moment(5), **dict(zip(names, numbers, strict=True)))
        seen = look(
            "plant",
            pick.draw(TEXT.filter(bool)),
            since=moment(7),
            footprint=FOOTPRINTS[pick.draw(st.sampled_from(places))],
        )
        life = {**site_rows("plant")[[one[0] for one in site_rows("plant")].index(t.presences)][1]}
        write(
            store,
            [
                *told,
                *ran,
                (t.structures, row),
                (t.looks, seen),
                (t.presences, {**life, "thing": "t9", "since": moment(5)}),
            ],
        )
        lines = lines_of(store, folder)
        for name in NAMES:
            with create_store(folder / f"{name}.sqlite") as copy:
                export_store(store, folder / name, force=True)
                taken_in(copy, folder / name)
                assert lines_of(copy, folder) == lines, name


def _footprints() -> dict[str | None, object]:
    import shapely

    one = shapely.box(-179.123456789, -80, -179, 80.1 / 3)
    return {None: None, "box": one, "boxes": shapely.MultiPolygon([one, shapely.box(1 / 3, 0, 1, 1e-9)])}


FOOTPRINTS = _footprints()


def test_lines_are_ascii_and_packed_ones_the_same(store: Store, tmp_path: Path) -> None:
    fill(store)
    export_store(store, tmp_path / "all.jsonl")
    export_store(store, tmp_path / "all.jsonl.gz")
    plain = (tmp_path / "all.jsonl").read_bytes()
    assert plain.isascii()
    assert gzip.decompress((tmp_path / "all.jsonl.gz").read_bytes()) == plain
    assert json.loads(plain.splitlines()[0]) == {"sitewatch": {"schema": "0001"}}
