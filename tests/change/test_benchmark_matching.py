"""The benchmark's scoring rules: by hand, and against the scorer that the project shares."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Transformer
from shapely.geometry import Polygon, box, mapping

from benchmark_scripts import load

SIDE = 60
LEFT, TOP = 500_000.0, 5_300_000.0
FIRST_DAY = np.datetime64("2020-01-01").item().toordinal()


matching = load("change/matching.py")


def pixels(row: int, column: int, height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[row : row + height, column : column + width]
    return (y * SIDE + x).ravel()


def event(
    place: np.ndarray, on: float | None, off: float | None, kind: str = "permanent", *, ignore: bool = False
) -> Any:
    ends = tuple(None if day is None else (day, day) for day in (on, off))
    share = np.ones(len(place))
    return matching.Event(kind=kind, pixels=place, share=share, area=float(len(place)), ends=ends, ignore=ignore)


def claim(place: np.ndarray, on: tuple | None, off: tuple | None, probability: float = 0.9) -> Any:
    return matching.Claim(pixels=place, ends=(on, off), probability=probability)


def test_a_claim_matches_at_the_limits_of_place_and_date() -> None:
    true = event(pixels(0, 0, 4, 5), 100, None)
    assert matching.match([true], [claim(pixels(0, 0, 2, 2), (30, 40), None)]).true == 1
    assert matching.match([true], [claim(pixels(0, 0, 1, 3), (30, 40), None)]).true == 0
    assert matching.match([true], [claim(pixels(0, 0, 4, 5), (30, 39), None)]).true == 0
    assert matching.match([true], [claim(pixels(0, 0, 4, 5), (40, 161), None)]).true == 0
    assert matching.match([true], [claim(pixels(0, 0, 4, 5), (40, 160), None)]).true == 1


def test_an_end_too_many_is_no_match_but_the_erection_counts_apart() -> None:
    tally = matching.match(
        [event(pixels(0, 0, 3, 3), 100, 200, "temporary")], [claim(pixels(0, 0, 3, 3), (90, 95), None)]
    )
    assert (tally.true, tally.false, tally.recall("temporary"), tally.recall("temporary erected")) == (0, 1, 0, 1)


def test_an_event_in_pieces_is_found_once_and_its_pieces_are_not_false() -> None:
    true = event(pixels(0, 0, 10, 10), 100, None)
    parts = [claim(pixels(row, 0, 2, 8), (95, 99), None) for row in (0, 4)]
    tally = matching.match([true], parts)
    assert (tally.true, tally.false, len(tally.widths)) == (1, 0, 2)


def test_the_most_probable_claim_is_served_first_and_the_other_is_false() -> None:
    true = event(pixels(0, 0, 4, 4), 100, None)
    tally = matching.match(
        [true], [claim(pixels(0, 0, 4, 4), (95, 99), None, 0.5), claim(pixels(0, 0, 4, 3), (95, 99), None, 0.8)]
    )
    assert (tally.true, tally.false) == (1, 1)
    assert tally.brier == pytest.approx((0.2**2 + 0.5**2) / 2)


def test_a_claim_on_an_ignored_event_counts_nowhere() -> None:
    tally = matching.match(
        [event(pixels(0, 0, 4, 4), 5, None, ignore=True)], [claim(pixels(0, 2, 4, 4), (900, 910), None)]
    )
    assert (tally.true, tally.false, tally.missed, tally.on_ignored) == (0, 0, 0, 1)


def test_what_stood_all_the_time_is_no_claim() -> None:
    assert matching.match([], [claim(pixels(0, 0, 4, 4), None, None)]).false == 0


@pytest.mark.parametrize(
    ("on", "off", "expected"),
    [
        (50, 200, (None, (200, 200))),  # before the first look: it stood there
        (100, 200, (None, (200, 200))),  # on the day of the first look, too
        (101, 200, ((101, 101), (200, 200))),
        (150, 300, ((150, 150), (300, 300))),  # the last look shows that it is gone
        (150, 301, ((150, 150), None)),
        (50, 301, None),
        (301, None, None),
        (None, 100, None),
    ],
)
def test_what_came_before_the_first_look_has_no_beginning(
    on: float | None, off: float | None, expected: tuple | None
) -> None:
    seen = matching.as_looked(event(pixels(0, 0, 3, 3), on, off), 100, 300)
    assert (None if seen is None else seen.ends) == expected


@pytest.mark.parametrize(
    ("tellable", "told", "half"),
    [
        ((False, True), (None, (195, 205)), 1),  # its end, which had looks around it
        ((False, True), ((40, 170), (195, 205)), 1),  # and between which looks it came, far apart as they are
        ((False, True), ((20, 30), (195, 205)), 0),  # a beginning that is wrong
        ((False, True), (None, (270, 280)), 0),
        ((False, True), (None, (80, 205)), 0),  # wider than a bracket may be
        ((False, True), ((95, 105), None), 0),  # the looks show that it went
        ((True, True), (None, (195, 205)), 0),  # too few looks saw it: both ends had looks around them
        ((False, False), (None, (195, 205)), 0),
    ],
)
def test_what_can_be_seen_of_an_event_that_cannot_be_dated_is_not_false(
    tellable: tuple[bool, bool], told: tuple, half: int
) -> None:
    unseen = replace(event(pixels(0, 0, 3, 3), 100, 200, "temporary"), datable=False, tellable=tellable)
    seen = event(pixels(10, 10, 3, 3), 100, None)
    right, other = claim(pixels(10, 10, 3, 3), (95, 100), None), claim(pixels(0, 0, 3, 3), *told)
    one = matching.match([unseen, seen], [right, other])
    assert (one.true, one.false, one.half_told) == (1, 1, half)
    assert one.f1_datable == (1 if half else pytest.approx(2 / 3))
    twice = matching.match([unseen, seen], [right, other, other])  # the second time it is a claim too many
    assert (twice.false, twice.half_told) == (2, half)
    both = one + twice
    assert (both.half_told, both.false) == (2 * half, 3)


def test_half_told_is_the_event_that_a_claim_covers_best() -> None:
    wide, narrow = (
        replace(event(place, 100, 200, "temporary"), datable=False, tellable=(False, True))
        for place in (pixels(0, 0, 4, 8), pixels(0, 0, 4, 4))
    )
    claims = [claim(pixels(0, 0, 4, 4), None, (195, 205), 0.9), claim(pixels(0, 0, 4, 8), None, (195, 205), 0.8)]
    assert matching.match([wide, narrow], claims).half_told == 2


def test_an_end_can_be_told_where_looks_around_it_saw_half_of_the_ground() -> None:
    days = np.array([0, 30, 60, 200, 230, 260])
    valid = np.ones((len(days), SIDE * SIDE), dtype=bool)
    one = event(pixels(0, 0, 2, 2), 100, 210, "temporary")
    assert matching.tellable(one, valid, days, days) == (False, True)  # 140 days between the looks around the first
    assert matching.tellable(event(pixels(0, 0, 2, 2), 100, None), valid, days, days) == (False, True)
    valid[3, pixels(0, 0, 2, 2)[:3]] = False
    assert matching.tellable(one, valid, days, days) == (False, False)
    assert matching.tellable(event(pixels(0, 0, 2, 2), 20, 50, "temporary"), valid, days, days) == (True, True)
    assert not matching.datable(event(pixels(0, 0, 2, 2), 20, 50, "temporary"), valid, days, days)  # one look saw it


def test_coverage_is_the_exact_area_of_every_pixel() -> None:
    turned = Polygon([(5, 2), (9, 6), (5, 10), (1, 6)])
    flat, share = matching.coverage(turned, (SIDE, SIDE))
    assert share.sum() == pytest.approx(turned.area)
    assert share[flat == 5 * SIDE + 5] == pytest.approx(1.0)
    over_the_edge = box(-2, -2, 2, 2)
    assert matching.coverage(over_the_edge, (SIDE, SIDE))[1].sum() == pytest.approx(4.0)


# The scorer leaves its files to be closed by the garbage collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("seed", range(20))
def test_agrees_with_the_shared_scorer(shared: Path, tmp_path: Path, seed: int) -> None:
    path = shared / "score" / "score_structures.py"
    if not path.is_file():
        pytest.skip(f"no scorer at {path}")
    scorer = load(path)
    rng = np.random.default_rng(seed)
    known = random_truth(rng)
    found = random_claims(rng, known)
    (tmp_path / "truth.geojson").write_text(json.dumps(truth_document(known)))
    (tmp_path / "structures.geojson").write_text(json.dumps(structures_document(found)))
    theirs = scorer.score(*scorer.load(tmp_path / "truth.geojson", tmp_path / "structures.geojson"), 0.2, 60)
    ours = matching.match(
        [matching.event(properties, footprint, (SIDE, SIDE)) for properties, footprint in known],
        [
            matching.Claim(
                pixels=matching.coverage(footprint, (SIDE, SIDE))[0],
                ends=tuple(None if b is None else tuple(map(matching.ordinal, b)) for b in ends),
                probability=p,
            )
            for footprint, ends, p in found
        ],
        km2_years=0.36 * (matching.ordinal("2022-12-31") - matching.ordinal("2020-01-01")) / 365.25,
    )
    assert (ours.true, ours.false, ours.missed, ours.on_ignored) == tuple(
        theirs[key] for key in ("true", "false", "missed", "on_ignored")
    )
    assert ours.true > 0
    assert ours.f1 == pytest.approx(theirs["f1"], abs=6e-4)
    assert ours.precision == pytest.approx(theirs["precision"], abs=6e-4)
    assert ours.brier == pytest.approx(theirs["brier"], abs=6e-5)
    assert ours.coverage == pytest.approx(theirs["bracket_coverage"], abs=6e-4)
    assert ours.median_days_outside == theirs["median_days_outside_bracket"]
    assert ours.median_width == theirs["median_bracket_days"]
    assert ours.false_per_km2_year == pytest.approx(theirs["false_per_km2_year"], abs=6e-4)
    by_kind = {k: [ours.matched.get(k, 0), ours.events.get(k, 0)] for k in ("permanent", "temporary", "demolition")}
    assert by_kind == theirs["by_kind"]


def random_truth(rng: np.random.Generator) -> list:
    """Turned rectangles with dates, some ignored, some built slowly."""
    out = []
    for _ in range(25):
        kind = str(rng.choice(["permanent", "temporary", "demolition"]))
        first = int(rng.integers(30, 900))
        on, off = {"permanent": (first, None), "temporary": (first, first + 150), "demolition": (None, first)}[kind]
        properties = {"kind": kind, "on": on if on is None else iso(on), "off": off if off is None else iso(off)}
        if on is not None and rng.random() < 0.3:
            properties["on_latest"] = iso(on + 20)
        if rng.random() < 0.2:
            properties["ignore"] = True
        out.append((properties, turned(rng)))
    return out


def random_claims(rng: np.random.Generator, known: list) -> list:
    """Blocks of whole pixels: some near an event and its dates, in one piece or in two, the others anywhere."""
    out = []
    for properties, footprint in known:
        left, top, right, bottom = np.clip(np.rint(footprint.bounds) + rng.integers(-1, 2, 4), 0, SIDE).astype(int)
        blocks = [(left, top, right, bottom)]
        if rng.random() < 0.4:
            middle = (top + bottom) // 2
            blocks = [(left, top, right, middle), (left, middle + 1, right, bottom)]
        near = [None if properties[k] is None else around(rng, matching.ordinal(properties[k])) for k in ("on", "off")]
        out += [(box(*b), tuple(near), float(rng.random())) for b in blocks if b[0] < b[2] and b[1] < b[3]]
    for _ in range(40):
        row, column = rng.integers(0, SIDE - 8, 2)
        height, width = rng.integers(2, 8, 2)
        first = FIRST_DAY + int(rng.integers(30, 900))
        up, down = around(rng, first), around(rng, first + 200)
        ends = [(up, None), (None, up), (up, down)][int(rng.integers(3))]
        out.append((box(column, row, column + width, row + height), ends, float(rng.random())))
    return out


def around(rng: np.random.Generator, day: int) -> tuple[str, str]:
    after = day + int(rng.integers(-110, 70))
    return iso(after - FIRST_DAY), iso(after + int(rng.integers(0, 130)) - FIRST_DAY)


def turned(rng: np.random.Generator) -> Polygon:
    middle = rng.uniform(6, SIDE - 6, 2)
    half = rng.uniform(1, 5, 2)
    angle = rng.uniform(0, np.pi)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
    turn = np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    return Polygon(corners @ turn.T + middle)


def iso(day: int) -> str:
    return str(np.datetime64("2020-01-01") + day)


def degrees(footprint: Polygon) -> dict:
    back = Transformer.from_crs(32631, 4326, always_xy=True)
    return mapping(
        shapely.transform(footprint, lambda c: np.column_stack(back.transform(LEFT + 10 * c[:, 0], TOP - 10 * c[:, 1])))
    )


def truth_document(known: list) -> dict:
    features = [{"type": "Feature", "properties": p, "geometry": degrees(f)} for p, f in known]
    return {
        "type": "FeatureCollection",
        "start": "2020-01-01",
        "end": "2022-12-31",
        "area_km2": 0.36,
        "features": features,
    }


def structures_document(found: list) -> dict:
    features = []
    for footprint, ends, p in found:
        erected, dismantled = (None if b is None else {"after": b[0], "by": b[1]} for b in ends)
        presence = {"erected": erected, "dismantled": dismantled, "probability": p}
        features.append(
            {
                "type": "Feature",
                "properties": {"kind": "structure", "probability": p, "presences": [presence]},
                "geometry": degrees(footprint),
            }
        )
    return {"type": "FeatureCollection", "features": features}
