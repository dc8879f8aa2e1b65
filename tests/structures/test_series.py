"""Spells, gaps and how long they usually last, against hand computation and the truth of simulated facilities."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from shapely.geometry import box

from sitewatch.simulate import Recipe, World, simulate
from sitewatch.structures import (
    LEVEL,
    Bracket,
    Kind,
    Length,
    Presence,
    Series,
    State,
    Structure,
    recurrence,
    series_document,
    series_of,
)

START = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
Ends = tuple[float, float] | None


def day(number: float) -> dt.datetime:
    return START + dt.timedelta(days=number)


def structure(*spells: tuple[Ends, Ends], name: str = "shelter") -> Structure:
    presences = tuple(
        Presence(
            erected=None if up is None else Bracket(after=day(up[0]), by=day(up[1])),
            dismantled=None if down is None else Bracket(after=day(down[0]), by=day(down[1])),
            state=State.CONFIRMED,
            probability=0.9,
            evidence=(),
        )
        for up, down in spells
    )
    return Structure(
        id=name, kind=Kind.STRUCTURE, footprint=box(0, 0, 1, 1), present=presences[-1].dismantled is None,
        probability=0.9, area_m2=900.0, area_m2_low=800.0, area_m2_high=1000.0, presences=presences,
    )  # fmt: skip


def lengths(*days: float, censored: tuple[float, ...] = ()) -> list[Length]:
    exact = [Length(shortest=d, longest=d) for d in days]
    return exact + [Length(shortest=d, longest=d, censored=True) for d in censored]


def series(*spells: tuple[Ends, Ends], first: float = 0, last: float = 1000) -> Series:
    return series_of(structure(*spells), first=day(first), last=day(last))


def test_spells_and_gaps_have_the_shortest_and_longest_length_that_brackets_allow() -> None:
    found = series(((100, 110), (150, 160)), ((400, 410), (440, 455)))
    assert [(s.length.shortest, s.length.longest) for s in found.spells] == [(40, 60), (30, 55)]
    gaps = [(g.length.shortest, g.length.longest, g.length.censored) for g in found.absences]
    assert gaps == [(240, 260, False), (545, 560, True)]
    assert found.since_last is not None
    assert found.since_last.length.longest == 560


def test_brackets_that_overlap_leave_a_shortest_length_of_none() -> None:
    found = series(((100, 130), (120, 140)))
    assert (found.spells[0].length.shortest, found.spells[0].length.longest) == (0, 40)


def test_what_is_cut_off_by_the_record_is_censored_at_what_was_seen() -> None:
    found = series((None, (50, 60)), ((400, 410), None))
    first, last = found.spells
    assert (first.left_cut, first.right_cut, last.left_cut, last.right_cut) == (True, False, False, True)
    assert (first.length.shortest, first.length.longest, first.length.censored) == (50, 60, True)
    assert (last.length.shortest, last.length.longest, last.length.censored) == (590, 600, True)
    assert found.since_last is None
    assert (found.standing.number, found.standing.censored) == (2, 2)
    assert found.standing.median == (None, None)
    assert (found.away.number, found.away.censored) == (1, 0)


def test_the_time_before_the_first_spell_is_no_gap() -> None:
    assert series(((500, 510), None)).away.number == 0


def test_a_record_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="no earlier"):
        series(((1, 2), None), first=10, last=5)


def test_the_estimate_is_that_of_kaplan_and_meier() -> None:
    """The fan belts of Conover (1999), page 91, as `scipy.stats.ecdf` cites them: miles until they broke, or not."""
    found = recurrence(lengths(77, 47, 81, 56, 80, censored=(62, 60, 43, 71, 37)))
    assert (found.number, found.censored) == (10, 5)
    at = dict(zip(found.days, found.low, strict=True))
    assert [round(at[d], 6) for d in (43, 47, 56, 71, 77, 80, 81)] == [1, 0.875, 0.75, 0.75, 0.5, 0.25, 0]
    assert found.low == found.high
    assert found.median == (77, 77)


def test_the_interval_is_the_log_log_one() -> None:
    """Three lengths: after the first, S = 2/3 with Greenwood's variance 1/(3 x 2); z = 1.2816 for 80 %."""
    found = recurrence(lengths(10, 20, 30))
    where = found.days.index(10)
    s, z = 2 / 3, 1.2815515655446004
    half = z * np.sqrt(1 / 6) / abs(np.log(s))
    centre = np.log(-np.log(s))
    assert found.interval_low[where] == pytest.approx(np.exp(-np.exp(centre + half)))
    assert found.interval_high[where] == pytest.approx(np.exp(-np.exp(centre - half)))


@pytest.mark.parametrize("number", [1, 3, 10])
def test_before_the_first_end_the_interval_is_the_exact_binomial_one(number: int) -> None:
    """No end among so many: `scipy.stats.binomtest` has the interval of Clopper and Pearson."""
    found = recurrence(lengths(*(100.0 + n for n in range(number))))
    exact = binomtest(number, number).proportion_ci(LEVEL, method="exact")
    assert found.days[0] == 0
    assert (found.interval_low[0], found.interval_high[0]) == (pytest.approx(exact.low), 1)


def test_before_the_first_end_what_was_cut_off_is_at_risk_no_more() -> None:
    found = recurrence(lengths(100, 110, 120, 130, censored=(20, 40)))
    low = dict(zip(found.days, found.interval_low, strict=True))
    assert [low[day] for day in (0, 20, 40)] == pytest.approx([0.1 ** (1 / n) for n in (6, 5, 4)])
    assert found.median_interval == (100, None)


@pytest.mark.long
def test_the_interval_holds_the_share_that_lasts_longer_as_often_as_it_says() -> None:
    """Exponential lengths, four seen at a time: whether the interval on a day holds the true share, 2000 times."""
    rng = np.random.default_rng(4)
    hits = np.zeros(4)
    shares = np.array([0.95, 0.9, 0.8, 0.6])
    for _ in range(2000):
        found = recurrence(lengths(*rng.exponential(100, 4)))
        place = np.searchsorted(found.days, -100 * np.log(shares), side="right") - 1
        low, high = np.array(found.interval_low)[place], np.array(found.interval_high)[place]
        hits += (low <= shares) & (shares <= high)
    assert (hits / 2000 >= LEVEL).all()


@pytest.mark.parametrize(
    ("told", "median", "interval"),
    [
        ([], (None, None), (None, None)),
        (lengths(40), (40, 40), (None, None)),
        (lengths(censored=(40,)), (None, None), (None, None)),
        (lengths(40, 60), (40, 40), (None, None)),
        (lengths(40, 60, 80), (60, 60), (40, None)),
        (lengths(40, censored=(60, 70)), (None, None), (None, None)),
        ([Length(shortest=40, longest=52), Length(shortest=60, longest=80)], (40, 52), (None, None)),
    ],
)
def test_few_lengths_say_little(
    told: list[Length], median: tuple[float | None, float | None], interval: tuple[float | None, float | None]
) -> None:
    found = recurrence(told)
    assert found.median == median
    assert found.median_interval == interval


def test_an_end_that_may_lie_before_or_after_a_censored_length_opens_the_band() -> None:
    """Ended first, of two at risk: half stay. Ended last, alone at risk: all stay until then, and none after."""
    told = [Length(shortest=10, longest=30), Length(shortest=20, longest=20, censored=True)]
    found = recurrence(told)
    assert found.days == (0, 10, 20, 30)
    assert found.low == (1, 0.5, 0, 0)
    assert found.high == (1, 1, 1, 0.5)
    assert found.median == (10, 30)
    assert recurrence([*told, *lengths(censored=(40,))]).median == (20, None)


@given(st.lists(st.tuples(st.floats(0, 500), st.floats(0, 60), st.floats(0, 1), st.booleans()), min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_functions_fall_and_lie_within_each_other(drawn: list[tuple[float, float, float, bool]]) -> None:
    told = [Length(shortest=low, longest=low + wide, censored=cut) for low, wide, _, cut in drawn]
    found = recurrence(told)
    low, high = np.array(found.low), np.array(found.high)
    below, above = np.array(found.interval_low), np.array(found.interval_high)
    assert all(one < other for one, other in pairwise(found.days))
    for values in (low, high, below, above):
        assert (np.diff(values) <= 1e-12).all()
        assert ((values >= 0) & (values <= 1)).all()
    assert (low <= high).all()
    assert (below <= low + 1e-9).all()
    assert (high <= above + 1e-9).all()


@given(st.lists(st.tuples(st.floats(0, 200), st.floats(0, 90), st.floats(0, 1), st.booleans()), min_size=1, max_size=8))
@settings(max_examples=300, deadline=None)
def test_the_band_holds_the_estimate_of_any_truth_within_the_brackets(
    drawn: list[tuple[float, float, float, bool]],
) -> None:
    found = recurrence([Length(shortest=low, longest=low + wide, censored=cut) for low, wide, _, cut in drawn])
    exact = [(low + wide * share, cut) for low, wide, share, cut in drawn]
    true = recurrence([Length(shortest=at, longest=at, censored=cut) for at, cut in exact])
    assert holds(found, true)


def holds(found: object, true: object, *, slack: float = 1e-9) -> bool:
    """Whether a survival function lies in the band of another wherever either steps."""
    days = np.unique([*found.days, *true.days])  # type: ignore[attr-defined]

    def at(which: object, name: str) -> np.ndarray:
        place = np.searchsorted(which.days, days, side="right") - 1  # type: ignore[attr-defined]
        return np.array(getattr(which, name))[place]

    value = at(true, "low")
    return bool(((at(found, "low") <= value + slack) & (value <= at(found, "high") + slack)).all())


def test_the_season_counts_years_surely_and_perhaps() -> None:
    found = series(((14, 20), (50, 75)), ((380, 390), (400, 410)), last=730)
    january, february, march = found.season[:3]
    assert (january.stood, january.maybe, january.of) == (2, 0, 2)
    assert (february.stood, february.maybe, february.of) == (2, 0, 2)
    assert (march.stood, march.maybe, march.of) == (0, 1, 2)
    assert sum(month.of for month in found.season) == 24


def test_the_document_has_counts_beside_every_number() -> None:
    document = series_document(series((None, (50, 60)), ((400, 410), (440, 450))))
    assert document["standing"]["number"] == 2  # type: ignore[index]
    assert document["standing"]["censored"] == 1  # type: ignore[index]
    assert document["away_since_last"] == {"shortest_days": 550.0, "longest_days": 560.0, "censored": True}


# -- the recurring structures of simulated facilities ------------------------------------------------------------------


def lives(world: World) -> dict[str, list[tuple[float, float]]]:
    """Days on which each recurring structure truly stood."""
    found: dict[str, list[tuple[float, float]]] = {}
    for event in world.events:
        if event.recurs is not None:
            assert event.on is not None
            assert event.off is not None
            found.setdefault(event.recurs, []).append((event.on, event.off))
    return found


def watched(spells: list[tuple[float, float]], looks: np.ndarray) -> Structure:
    """What looks on these days make of it: brackets, and none at an end that lies outside the looks."""
    told: list[tuple[Ends, Ends]] = []
    for on, off in spells:
        if off <= looks[0] or on > looks[-1]:
            continue
        up, down = np.searchsorted(looks, on), np.searchsorted(looks, off)
        told.append(
            (
                None if up == 0 else (float(looks[up - 1]), float(looks[up])),
                None if down == len(looks) else (float(looks[down - 1]), float(looks[down])),
            )
        )
    return structure(*told)


def truth_of(spells: list[tuple[float, float]], first: float, last: float) -> tuple[list[Length], list[Length]]:
    """Lengths of spells and gaps as they truly were, censored where the record cuts them."""
    inside = [(on, off) for on, off in spells if off > first and on <= last]
    stood = [
        Length(
            shortest=min(off, last) - max(on, first),
            longest=min(off, last) - max(on, first),
            censored=bool(on <= first or off > last),
        )
        for on, off in inside
    ]
    away = [lengths(after - off)[0] for (_, off), (after, _) in pairwise(inside)]
    if inside[-1][1] <= last:
        away += lengths(censored=(last - inside[-1][1],))
    return stood, away


WORLDS = [
    (seed, name) for seed, name in ((1, "recurring-1"), (2, "recurring-2"), (6, "recurring-2"), (7, "recurring-2"))
]


@pytest.mark.parametrize(("seed", "name"), WORLDS)
@pytest.mark.parametrize("cut", [(0.0, 0.0), (0.27, 0.0), (0.0, 0.22)], ids=["whole", "left cut", "right cut"])
def test_three_spells_of_a_simulated_facility_are_told_right(seed: int, name: str, cut: tuple[float, float]) -> None:
    """The truth lies within the lengths, and the estimate made of the truth within the band, censoring included."""
    world = simulate(
        Recipe(seed=seed, size=96, looks=120, years=3.0, permanent=4, temporary=4, distractors=2, recurring=3)
    )
    spells = lives(world)[name]
    assert len(spells) == 3
    days = np.array(
        sorted((s.captured - dt.datetime.combine(world.start, dt.time(), dt.UTC)).total_seconds() / 86_400
               for s in world.scenes)
    )  # fmt: skip
    begin = spells[0][0] + 10 if cut[0] else -1.0
    stop = spells[-1][1] - 10 if cut[1] else np.inf
    looks = days[(days > begin) & (days < stop)]
    found = series_of(watched(spells, looks), first=day(looks[0]), last=day(looks[-1]))
    stood, away = truth_of(spells, looks[0], looks[-1])
    assert len(found.spells) == 3
    for told, true in zip(found.spells, stood, strict=True):
        assert told.length.censored == true.censored
        assert told.length.shortest - 1e-6 <= true.shortest <= told.length.longest + 1e-6
    for gap, true in zip(found.absences, away, strict=True):
        assert gap.length.censored == true.censored
        assert gap.length.shortest - 1e-6 <= true.shortest <= gap.length.longest + 1e-6
    assert found.spells[0].left_cut == bool(cut[0])
    assert found.spells[-1].right_cut == bool(cut[1])
    assert holds(found.standing, recurrence(stood), slack=1e-6)
    assert holds(found.away, recurrence(away), slack=1e-6)
