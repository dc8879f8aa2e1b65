"""What readers say, and what a search may not change for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from shapely.geometry import Polygon, box

from sitewatch.errors import InputError, OptionError
from sitewatch.site import Site
from sitewatch.store import (
    Run,
    Store,
    add_note,
    add_review,
    add_site,
    agreement_of,
    agreements,
    conflict_rows,
    find_thing,
    journal_rows,
    known_things,
    load_corrections,
    load_reviews,
    load_site,
    merge_things,
    name_thing,
    remove_site,
    resolve_conflict,
    save_run,
    set_kind,
    site_name,
    site_summaries,
    split_thing,
    structure_rows,
    told_by_readers,
    undo_correction,
    version_rows,
)
from sitewatch.store._reviews import load_verdicts
from sitewatch.store._schema import conflicts
from sitewatch.structures import Bracket, Kind, Presence, State, Structure, recognise

SITE = "yard"
PIXEL = 1e-4


def day(number: int) -> dt.datetime:
    return dt.datetime(2020, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=10 * number)


def at(number: int) -> dt.datetime:
    """When something is done."""
    return dt.datetime(2022, 1, 1, 12, tzinfo=dt.UTC) + dt.timedelta(days=number)


def ground(column: float, row: float, width: float, height: float) -> Polygon:
    west, south = 3 + column * PIXEL, 48 + row * PIXEL
    return box(west, south, west + width * PIXEL, south + height * PIXEL)


def structure(identifier: str, footprint: Polygon, first: int = 3, end: int | None = None) -> Structure:
    up, down = (None if i is None else Bracket(after=day(i - 1), by=day(i)) for i in (first, end))
    area = round(footprint.area / PIXEL**2 * 100, 1)
    spell = Presence(erected=up, dismantled=down, state=State.CONFIRMED, probability=0.8, evidence=("a", "b"))
    return Structure(
        id=identifier,
        kind=Kind.STRUCTURE,
        footprint=footprint,
        present=end is None,
        probability=0.8,
        area_m2=area,
        area_m2_low=area * 0.8,
        area_m2_high=area * 1.2,
        presences=(spell,),
    )


HALL = structure("shall", ground(0, 0, 6, 6))
LEFT = structure("sleft", ground(0, 0, 3, 6))
RIGHT = structure("sright", ground(3, 0, 3, 6))
SHED = structure("sshed", ground(20, 0, 4, 4))
MOVED = structure("smoved", ground(3, 0, 6, 6))


@pytest.fixture
def watched(store: Store) -> Store:
    """A store with a site."""
    with store.writing() as connection:
        add_site(connection, Site(id=SITE, name="Yard", outline=ground(-10, -10, 60, 60)), {}, who="ana", at=at(0))
    return store


def search(store: Store, found: Sequence[Structure], number: int, last: int = 9) -> None:
    """A run that finds this."""
    run = Run(
        began=at(number),
        version="0",
        exit_code=0,
        sentence="looked",
        searched=True,
        listed=last,
        used=last,
        first_look=day(0),
        last_look=day(last),
        listing="",
    )
    with store.writing() as connection:
        told = recognise(found, known_things(connection, SITE), load_corrections(connection, SITE))
        save_run(connection, SITE, run, at=at(number), recognition=told)


def review(store: Store, thing: str, verdict: str, reader: str, number: int, *, reason: str = "seen") -> None:
    with store.writing() as connection:
        add_review(connection, SITE, thing, verdict, reason=reason, reader=reader, at=at(number))


def listed(store: Store, *, lost: bool = False, viewer: str = "ana") -> dict[str, dict[str, object]]:
    with store.reading() as connection:
        rows = structure_rows(connection, viewer=viewer, site=SITE, lost=lost, all_kinds=True)
    return {row["id"]: row for row in rows}


def test_every_id_and_name_leads_to_the_structure(watched: Store) -> None:
    search(watched, [HALL, SHED], 1)
    moved = structure("snew", ground(1, 0, 6, 6))
    search(watched, [moved, SHED], 2)
    with watched.writing() as connection:
        assert find_thing(connection, SITE, "shall") == find_thing(connection, SITE, "snew") == "shall"
        name_thing(connection, SITE, "shall", "main hall", who="ana", at=at(3))
        assert find_thing(connection, SITE, "main hall") == "shall"
        with pytest.raises(InputError, match="has no structure 'other'"):
            find_thing(connection, SITE, "other")
    # From the name on, the id stays.
    search(watched, [HALL, SHED], 4)
    assert set(listed(watched)) == {"snew", "sshed"}
    assert listed(watched)["snew"]["name"] == "main hall"


def test_names_are_of_one_structure_each(watched: Store) -> None:
    search(watched, [HALL, SHED], 1)
    with watched.writing() as connection:
        name_thing(connection, SITE, "shall", "main hall", who="ana", at=at(2))
        for thing, name, words in (
            ("sshed", "main hall", "another structure"),
            ("shall", "main hall", "already"),
            ("shall", "sshed", "is the id of a structure"),
            ("sshed", "", "no name"),
            ("sshed", "a\nb", "printable"),
        ):
            with pytest.raises(OptionError, match=words):
                name_thing(connection, SITE, thing, name, who="ana", at=at(3))
        name_thing(connection, SITE, "shall", "", who="ben", at=at(4))
    assert listed(watched)["shall"]["name"] is None
    with watched.reading() as connection:
        told = [(row["who"], row["detail"]) for row in journal_rows(connection, viewer="ana", thing="shall")]
    assert told == [("ana", {"name": "main hall"}), ("ben", {"name": ""})]


def test_reading_is_blind_until_two_have_read(watched: Store) -> None:
    search(watched, [HALL], 1)
    review(watched, "shall", "confirm", "ana", 2, reason="roof and shadow")

    def seen(viewer: str) -> tuple[str, list[str]]:
        with watched.reading() as connection:
            read = load_reviews(connection, viewer=viewer)[SITE, "shall"]
            journal = journal_rows(connection, viewer=viewer, thing="shall")
        # The journal gives away no more.
        shown = [row["detail"]["verdict"] for row in journal if row["what"] == "review" and "verdict" in row["detail"]]
        assert shown == [word["verdict"] for word in read.said]
        assert read.hidden == sum(row["what"] == "review" for row in journal) - len(shown)
        assert listed(watched, viewer=viewer)["shall"]["review"] == read.mark
        return read.mark, shown

    assert seen("ana") == ("confirmed (you alone so far)", ["confirm"])
    assert seen("ben") == ("read by 1, hidden until you have read it", [])
    review(watched, "shall", "reject", "ben", 3, reason="a shadow")
    # Dissent is kept and shown to both, and still to nobody who has not read it.
    assert seen("ana") == seen("ben") == ("disputed", ["confirm", "reject"])
    assert seen("eva") == ("read by 2, hidden until you have read it", [])
    review(watched, "shall", "confirm", "ben", 4, reason="looked again")
    assert seen("ana") == ("confirmed", ["confirm", "reject", "confirm"])
    with watched.reading() as connection:
        said = load_reviews(connection, viewer="ana")[SITE, "shall"].said
        assert [word["counts"] for word in said] == [True, False, True]
        # And what was known before is known still.
        before = load_reviews(connection, viewer="ana", at=at(3) + dt.timedelta(hours=1))
    assert before[SITE, "shall"].mark == "disputed"


def test_what_is_rejected_is_listed_and_marked(watched: Store) -> None:
    search(watched, [HALL], 1)
    review(watched, "shall", "reject", "ana", 2)
    review(watched, "shall", "reject", "ben", 3)
    assert listed(watched)["shall"]["review"] == "rejected"


@pytest.mark.parametrize(("verdict", "reason"), [("maybe", "x"), ("reject", " "), ("unsure", "")])
def test_a_verdict_needs_to_be_one_and_doubt_a_reason(watched: Store, verdict: str, reason: str) -> None:
    search(watched, [HALL], 1)
    with pytest.raises(OptionError, match=r"must be|--reason is needed"):
        review(watched, "shall", verdict, "ana", 2, reason=reason)
    assert not listed(watched)["shall"]["review"]


def open_conflicts(store: Store) -> list[str]:
    with store.reading() as connection:
        return [row["words"] for row in conflict_rows(connection, site=SITE)]


def versions_of_conflicts(store: Store) -> int:
    with store.reading() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(conflicts)).scalar_one())


def resolve(store: Store, answer: str, number: int, thing: str = "shall") -> None:
    with store.writing() as connection:
        resolve_conflict(connection, SITE, thing, answer, reason="looked", who="ana", at=at(number))


def test_a_conflict_is_raised_once_and_closed_when_it_is_over(watched: Store) -> None:
    search(watched, [HALL], 1)
    review(watched, "shall", "confirm", "ana", 2)
    with watched.reading() as connection:
        before = told_by_readers(connection, SITE)
    search(watched, [], 3)
    search(watched, [], 4)
    (words,) = open_conflicts(watched)
    assert words.startswith("shall: the search now tells that it is not there")
    assert words.endswith("(confirmed: erected after 2020-01-21 and by 2020-01-31, stands)")
    assert versions_of_conflicts(watched) == 1
    assert listed(watched)["shall"]["conflict"]
    # Nothing that a run must follow: the next one has nothing to do.
    with watched.reading() as connection:
        assert told_by_readers(connection, SITE) == before
    search(watched, [HALL], 5)
    assert open_conflicts(watched) == []
    assert versions_of_conflicts(watched) == 1
    with watched.reading() as connection:
        assert len(version_rows(connection, SITE, "shall")) == 1
        assert [row["id"] for row in conflict_rows(connection, site=SITE, at=at(4))] == ["shall"]


def test_what_is_kept_is_not_raised_again_until_it_changes(watched: Store) -> None:
    search(watched, [HALL], 1)
    review(watched, "shall", "confirm", "ana", 2)
    search(watched, [MOVED], 3)
    assert len(open_conflicts(watched)) == 1
    resolve(watched, "keep", 4)
    with pytest.raises(InputError, match="no open conflict"):
        resolve(watched, "accept", 5)
    search(watched, [MOVED], 6)
    search(watched, [structure("sx", ground(3, 0, 6, 6.1))], 7)
    assert open_conflicts(watched) == []
    search(watched, [], 8)
    assert len(open_conflicts(watched)) == 1
    assert listed(watched)["shall"]["area_m2"] == HALL.area_m2


def test_what_is_accepted_becomes_what_is_known(watched: Store) -> None:
    search(watched, [HALL], 1)
    review(watched, "shall", "confirm", "ana", 2)
    search(watched, [MOVED], 3)
    with watched.reading() as connection:
        before = told_by_readers(connection, SITE)
    resolve(watched, "accept", 4)
    with watched.reading() as connection:
        assert told_by_readers(connection, SITE) != before
        (known,) = known_things(connection, SITE)
        assert known.structure == replace(MOVED, id="shall")
        assert [row["what"] for row in version_rows(connection, SITE, "shall")] == ["watch", "resolve"]
    search(watched, [MOVED], 5)
    assert open_conflicts(watched) == []
    # What was said was said of what it was before: somebody must read it again.
    assert known.confirmed is None
    assert listed(watched, viewer="ana")["shall"]["review"] == "confirmed (you alone so far), in an earlier version"
    review(watched, "shall", "confirm", "ana", 6)
    search(watched, [HALL], 7)
    assert len(open_conflicts(watched)) == 1
    assert listed(watched, viewer="ana")["shall"]["review"] == "confirmed (you alone so far)"


def test_what_was_merged_must_be_read_again(watched: Store) -> None:
    """Else a shed that was rejected would pass for confirmed with the hall that it is made a part of."""
    search(watched, [LEFT, RIGHT], 1)
    review(watched, "sleft", "confirm", "ana", 2)
    review(watched, "sright", "reject", "ana", 3)
    with watched.writing() as connection:
        merge_things(connection, SITE, "sleft", ["sright"], reason="one roof", who="ben", at=at(4))
    with watched.reading() as connection:
        told = load_verdicts(connection, SITE)
        assert not told.confirmed
        assert not told.rejected
    assert listed(watched, viewer="ana")["sleft"]["review"].endswith("in an earlier version")


def test_accepted_as_gone_is_not_confirmed_any_more(watched: Store) -> None:
    search(watched, [HALL], 1)
    review(watched, "shall", "confirm", "ana", 2)
    search(watched, [], 3)
    resolve(watched, "accept", 4)
    search(watched, [], 5)
    assert open_conflicts(watched) == []
    assert not listed(watched)
    assert listed(watched, lost=True)["shall"]["claimed"] is False
    search(watched, [MOVED], 6)
    assert listed(watched)["shall"]["area_m2"] == MOVED.area_m2


def test_an_accepted_merge_decides_all_that_it_held(watched: Store) -> None:
    search(watched, [LEFT, RIGHT], 1)
    review(watched, "sleft", "confirm", "ana", 2)
    review(watched, "sright", "confirm", "ana", 3)
    search(watched, [HALL], 4)
    assert len(open_conflicts(watched)) == 2
    assert set(listed(watched)) == {"sleft", "sright"}
    resolve(watched, "accept", 5, thing="sright")
    assert open_conflicts(watched) == []
    assert [row["area_m2"] for row in listed(watched).values()] == [HALL.area_m2]
    search(watched, [HALL], 6)
    assert open_conflicts(watched) == []
    assert len(listed(watched)) == 1


def test_growth_after_a_review_is_taken_over(watched: Store) -> None:
    search(watched, [HALL], 1, last=9)
    review(watched, "shall", "confirm", "ana", 2)
    search(watched, [structure("shall", HALL.footprint, 3, 12)], 3, last=14)
    assert open_conflicts(watched) == []
    assert listed(watched)["shall"]["present"] is False
    # Had it gone before the last look that was read, that would be something else.
    search(watched, [structure("shall", HALL.footprint, 3, 7)], 4, last=14)
    assert len(open_conflicts(watched)) == 1


def correct(store: Store, what: str, number: int) -> None:
    with store.writing() as connection:
        told = {"reason": "ground truth", "who": "ana", "at": at(number)}
        if what == "split":
            parts = [LEFT.footprint, RIGHT.footprint]
            assert split_thing(connection, SITE, "shall", parts, **told) == ["shall", "shall.2"]
        elif what == "merge":
            merge_things(connection, SITE, "sleft", ["sright"], **told)
        else:
            set_kind(connection, SITE, "shall", "surface", **told)


@pytest.mark.parametrize(
    ("what", "found", "expected"),
    [
        ("split", [HALL], {"shall": 1800, "shall.2": 1800}),
        ("merge", [LEFT, RIGHT], {"sleft": 3600}),
        ("kind", [HALL], {"shall": 3600}),
    ],
)
def test_corrections_hold_at_once_and_on_every_run(
    watched: Store, what: str, found: list[Structure], expected: dict[str, float]
) -> None:
    search(watched, [*found, SHED], 1)
    review(watched, found[0].id, "confirm", "ana", 2)
    correct(watched, what, 3)
    for number in range(4, 7):
        now = {key: row["area_m2"] for key, row in listed(watched).items() if key != "sshed"}
        assert now == pytest.approx(expected, rel=1e-3)
        search(watched, [*found, SHED], number)
        # What is corrected by hand is no conflict with what was confirmed.
        assert open_conflicts(watched) == []
    assert listed(watched)[next(iter(expected))]["kind"] == ("surface" if what == "kind" else "structure")
    with watched.reading() as connection:
        # Nothing flickers: one version by the first run, one by the correction, and no more of what it is about.
        rows = version_rows(connection, SITE, found[0].id)
        assert [row["what"] for row in rows][:2] == ["watch", "correct"]
        assert len(rows) <= 3
        assert journal_rows(connection, viewer="ana", site=SITE, thing=found[0].id)[-1]["detail"]["reason"]


def test_parts_beside_the_structure_are_refused(watched: Store) -> None:
    search(watched, [HALL, SHED], 1)
    told = {"reason": "x", "who": "ana", "at": at(2)}
    with watched.writing() as connection:
        for parts, words in (
            ([LEFT.footprint], "two parts or more"),
            ([LEFT.footprint, SHED.footprint], "part 2 lies mostly outside"),
            ([LEFT.footprint, HALL.footprint], "parts 1 and 2 overlap"),
        ):
            with pytest.raises(OptionError, match=words):
                split_thing(connection, SITE, "shall", parts, **told)
        with pytest.raises(OptionError, match="--reason"):
            set_kind(connection, SITE, "shall", "surface", reason=" ", who="ana", at=at(2))
        with pytest.raises(OptionError, match="with others"):
            merge_things(connection, SITE, "shall", ["shall"], **told)
        add_note(connection, SITE, "shall", "seen on a photo", who="ana", at=at(2))
        with pytest.raises(OptionError, match="needs a text"):
            add_note(connection, SITE, "shall", " ", who="ana", at=at(2))


def test_kappa_is_that_of_the_textbook() -> None:
    """Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, table 18.1: 100 diagnoses."""
    cells = {
        ("confirm", "confirm"): 75,
        ("confirm", "reject"): 1,
        ("confirm", "unsure"): 4,
        ("reject", "confirm"): 5,
        ("reject", "reject"): 4,
        ("reject", "unsure"): 1,
        ("unsure", "unsure"): 10,
    }
    told = agreement_of(("ana", "ben"), [pair for pair, count in cells.items() for _ in range(count)])
    assert told.n == 100
    assert told.agreed == pytest.approx(0.89)
    assert told.kappa == pytest.approx(0.676, abs=0.001)
    assert told.kappa_error == pytest.approx(0.088, abs=0.001)


def test_where_kappa_is_undefined_that_is_said(watched: Store) -> None:
    search(watched, [HALL, SHED], 1)
    review(watched, "shall", "confirm", "ana", 2)
    review(watched, "sshed", "confirm", "ben", 3)
    with watched.reading() as connection:
        (told,) = agreements(connection)
    assert (told.n, told.agreed, told.kappa, told.kappa_error) == (0, None, None, None)
    assert "nothing in common" in told.words
    review(watched, "shall", "confirm", "ben", 5)
    with watched.reading() as connection:
        (told,) = agreements(connection, site=SITE)
    assert (told.n, told.agreed, told.kappa) == (1, 1.0, None)
    assert "undefined" in told.words


def test_agreement_is_that_of_readers_who_do_not_know_each_other(watched: Store) -> None:
    """What a reader says after seeing the others' words, or after talking, shows nothing of the structure."""
    search(watched, [HALL], 1)
    for number, (verdict, reader) in enumerate(
        [("unsure", "ana"), ("confirm", "ana"), ("reject", "ben"), ("confirm", "ben"), ("confirm", "eva")], start=2
    ):
        review(watched, "shall", verdict, reader, number)
    with watched.reading() as connection:
        told = {one.readers: (one.n, one.agreed) for one in agreements(connection)}
    assert told == {("ana", "ben"): (1, 0.0), ("ana", "eva"): (1, 1.0), ("ben", "eva"): (1, 0.0)}


def test_a_standard_error_needs_a_sample_and_readers_who_vary() -> None:
    few = [("confirm", "confirm")] * 8 + [("reject", "reject")] * 8
    assert agreement_of(("ana", "ben"), few).kappa == 1
    assert agreement_of(("ana", "ben"), few).kappa_error is None
    constant = [("confirm", "confirm")] * 29 + [("confirm", "reject")]
    told = agreement_of(("ana", "ben"), constant)
    assert told.kappa == pytest.approx(0)
    assert told.kappa_error is None
    assert "needs 20 structures" in told.words
    assert agreement_of(("ana", "ben"), few * 2).kappa_error == 0


def test_a_correction_is_taken_back(watched: Store) -> None:
    search(watched, [HALL], 1)
    told: dict[str, Any] = {"who": "ana", "at": at(2)}
    with watched.writing() as connection:
        set_kind(connection, SITE, "shall", "surface", reason="paved", **told)
        with pytest.raises(OptionError, match=r"no correction 'split' .*there is: kind"):
            undo_correction(connection, SITE, "shall", "split", reason="no", **told)
        undo_correction(connection, SITE, "shall", "kind", reason="a roof", who="ben", at=at(3))
        assert load_corrections(connection, SITE) == ()
    search(watched, [HALL], 4)
    assert listed(watched)["shall"]["kind"] == "structure"
    with watched.writing() as connection:
        # It is the search's own word again, and can be corrected as such.
        split_thing(
            connection, SITE, "shall", [LEFT.footprint, RIGHT.footprint], reason="two roofs", who="ana", at=at(5)
        )


def test_a_day_is_told_without_what_came_later(watched: Store) -> None:
    search(watched, [HALL], 1)
    review(watched, "shall", "confirm", "ana", 2)
    search(watched, [MOVED, SHED], 4)
    review(watched, "shall", "reject", "ben", 5)
    with watched.writing() as connection:
        name_thing(connection, SITE, "shall", "main hall", who="ana", at=at(6))
        renamed = Site(id=SITE, name="Later", outline=ground(-10, -10, 60, 60))
        add_site(connection, renamed, {}, who="ana", at=at(7))
        remove_site(connection, SITE, who="ana", at=at(8))
    with watched.reading() as connection:
        then = load_site(connection, SITE, at=at(3))
        assert (then.site.name, then.structures, then.names) == ("Yard", {"shall": HALL}, {})
        assert (then.confirmed, then.rejected, then.hindsight) == (frozenset({"shall"}), frozenset(), False)
        now = load_site(connection, SITE)
        assert (now.site.name, set(now.structures), now.names) == ("Later", {"shall", "sshed"}, {"shall": "main hall"})
        assert now.confirmed == now.rejected == set()
        assert load_site(connection, SITE, at=at(0)).hindsight
        (summary,) = site_summaries(connection, at=at(3))
        assert (summary["name"], summary["structures"], summary["conflicts"]) == ("Yard", 1, 0)
        assert site_summaries(connection, at=at(-1)) == site_summaries(connection) == []
        assert site_name(connection, SITE, at=at(-1)) == "Yard"
        assert [row["id"] for row in structure_rows(connection, viewer="ana", at=at(3))] == ["shall"]
        for name in ("main hall", "sshed"):
            assert find_thing(connection, SITE, name, at=at(6)) in {"shall", "sshed"}
            with pytest.raises(InputError, match="that was known on 2022-01-04"):
                find_thing(connection, SITE, name, at=at(3))
