"""A case and a record to observations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from judged import SAID, SHELTER, case, claim, day, look, record, stated, structure
from shapely.geometry import box

from sitewatch.assessment import assess
from sitewatch.assessment._evidence import Evidence, gather
from sitewatch.assessment._once import GROWTH_LIMIT
from sitewatch.cube import Outcome
from sitewatch.errors import InputError
from sitewatch.structures import Kind

LOOKS = tuple(look(n) for n in (10, 20, 30, 40, 50, 60))


def shown(found: Evidence) -> list[list[int]]:
    assert len(found.ways) == 1
    return [row.tolist() for row in found.ways[0].shown]


def one(found: Evidence) -> list[int]:
    (row,) = shown(found)
    return row


def test_looks_outside_of_brackets_show_it_or_not_and_those_inside_tell_nothing() -> None:
    told = record([structure("shelter", ((20, 40), (50, 60), 1.0))], LOOKS)
    found = gather(case(), told, at=day(60))
    assert one(found) == [0, 0, -1, 1, 1, 0]
    (coming,) = found.coming
    assert coming.shown == ("s40", "s50")
    assert coming.not_shown == ("s10", "s20", "s60")
    assert coming.between == 1


def test_what_stood_before_the_first_look_and_what_stands_at_the_last() -> None:
    told = record([structure("shelter", (None, (20, 30), 1.0), ((40, 50), None, 1.0))], LOOKS)
    assert one(gather(case(), told, at=day(60))) == [1, 1, 0, 0, 1, 1]


def test_later_looks_and_those_published_later_are_not_known() -> None:
    late = look(50, published=day(80))
    told = record([structure("shelter", ((20, 30), None, 1.0))], (*LOOKS[:4], late, LOOKS[5]))
    found = gather(case(), told, at=day(55))
    assert [k.scene for k in found.looks] == ["s10", "s20", "s30", "s40"]
    assert found.hindsight
    assert not gather(case(), told, at=day(90)).hindsight
    recorded = replace(late, published_is_recorded=True)
    kept = gather(case(), record(looks=(*LOOKS[:4], recorded)), at=day(55))
    assert [k.scene for k in kept.looks][-1] == "s50"


def test_what_could_not_see_gives_nothing_and_is_named() -> None:
    cloudy = look(25, Outcome.COULD_NOT_SEE, clear=0.02)
    found = gather(case(), record(looks=(*LOOKS, cloudy, look(26, Outcome.FAILED))), at=day(60))
    assert one(found) == [0] * 6
    assert found.unused == {"could not see": ("s25",), "failed": ("s26",)}


def test_how_well_a_look_sees_follows_its_clear_share() -> None:
    yard: dict[str, Any] = {**SHELTER, "observable": {"activity": "yard"}, "seen": 0.5}
    looks = (look(10, clear=0.6), look(20, clear=0.6, clear_share_of_areas={"yard": 0.9}), look(30, clear=0.0))
    found = gather(case({"shelter": SHELTER, "yard": yard}), record(looks=looks), at=day(60))
    np.testing.assert_allclose(found.seen, [[0.48, 0.48, 0.0], [0.3, 0.45, 0.0]])
    assert shown(found) == [[0, 0, -1], [0, 0, -1]]


def test_only_sensors_that_have_seen_it_say_that_it_is_not_there() -> None:
    radar = look(25, sensor="sentinel-1")
    told = record([structure("shelter", ((40, 50), None, 1.0), sensors=("sentinel-2 reflectance",))], (*LOOKS, radar))
    assert one(gather(case(), told, at=day(60))) == [0, 0, -1, 0, 0, 1, 1]


def test_a_doubtful_presence_makes_two_ways() -> None:
    told = record([structure("shelter", ((20, 30), None, 0.7))], LOOKS)
    found = gather(case(), told, at=day(60))
    assert sorted((round(way.weight, 9), way.shown.tolist()) for way in found.ways) == [
        (0.3, [[0, 0, 0, 0, 0, 0]]),
        (0.7, [[0, 0, 1, 1, 1, 1]]),
    ]
    assert len(gather(case(), replace(told, confirmed=frozenset({"shelter"})), at=day(60)).ways) == 1
    rejected = gather(case(), replace(told, rejected=frozenset({"shelter"})), at=day(60))
    assert one(rejected) == [0] * 6


def test_a_doubt_about_what_lies_outside_of_the_period_makes_none() -> None:
    told = record([structure("shelter", (None, (20, 30), 0.7))], LOOKS)
    later = case().model_copy(update={"since": day(35).date()})
    assert one(gather(later, told, at=day(60))) == [0, 0, 0]


def test_a_sub_area_shows_whatever_lies_mostly_in_it() -> None:
    yard: dict[str, Any] = {**SHELTER, "observable": {"activity": "yard"}}
    far = box(10.015, 50.002, 10.016, 50.003)
    told = record(
        [
            structure("a", ((10, 20), (30, 40), 1.0), kind=Kind.SURFACE),
            structure("b", ((40, 50), None, 1.0), footprint=far),
        ],
        LOOKS,
    )
    assert one(gather(case({"yard": yard}), told, at=day(60))) == [0, 1, 1, 0, 0, 0]


def test_what_another_indicator_counts_tells_nothing_more_in_a_sub_area() -> None:
    yard: dict[str, Any] = {**SHELTER, "observable": {"activity": "yard"}}
    told = record([structure("shelter", ((10, 20), (30, 40), 1.0)), structure("a", ((20, 30), None, 1.0))], LOOKS)
    found = gather(case({"shelter": SHELTER, "yard": yard}), told, at=day(60))
    assert shown(found) == [[0, 1, 1, 0, 0, 0], [0, -1, 1, 1, 1, 1]]


def test_two_indicators_of_one_structure_count_once() -> None:
    told = replace(record([structure("x1", ((10, 20), None, 1.0))], LOOKS), names={"x1": "shelter"})
    twin: dict[str, Any] = {**SHELTER, "observable": {"structure": "x1"}}
    found = gather(case({"a": SHELTER, "b": twin}), told, at=day(60))
    assert [c.key for c in found.coming] == ["a"]
    assert [(x.key, "'a'" in x.why) for x in found.left_out] == [("b", True)]


def test_unknown_names_are_refused_with_those_that_are_known() -> None:
    told = record([structure("x1", ((10, 20), None, 1.0))], LOOKS, untold=frozenset(), names={"x1": "hall"})
    with pytest.raises(InputError, match=r"'shelter' \(known: hall\)"):
        gather(case(), told, at=day(60))
    with pytest.raises(InputError, match=r"no sub-area 'gate' \(it has: yard\)"):
        gather(case({"a": {**SHELTER, "observable": {"activity": "gate"}}}), told, at=day(60))
    growth = {"title": "g", "observable": {"growth": "gate", "at_least_m2": 5}, "likelihoods": SAID["likelihoods"]}
    with pytest.raises(InputError, match="no sub-area 'gate'"):
        gather(case({"a": growth}), replace(told, untold=frozenset({"shelter"})), at=day(60))


def test_what_has_never_been_told_is_absent() -> None:
    assert one(gather(case(), record(looks=LOOKS), at=day(60))) == [0] * 6


def test_before_the_period_nothing_can_be_judged() -> None:
    with pytest.raises(InputError, match="ask later"):
        gather(case(), record(looks=LOOKS), at=day(-3))


def test_too_many_that_come_and_go_are_refused() -> None:
    many = {f"i{n}": {**SHELTER, "observable": {"structure": f"t{n}"}} for n in range(9)}
    with pytest.raises(InputError, match="9 indicators that come and go"):
        gather(case(many), record(looks=LOOKS, untold=frozenset(f"t{n}" for n in range(9))), at=day(60))


def growth(at_least: float) -> dict[str, Any]:
    return {
        "title": "it grew", "observable": {"growth": "site", "at_least_m2": at_least},
        "likelihoods": {"launchers": stated(0.6), "trucks": stated(0.3), "works": stated(0.8)},
    }  # fmt: skip


def test_growth_is_as_probable_as_the_draws_say_and_never_sure() -> None:
    told = record([structure("hall", ((20, 30), None, 0.7))], LOOKS)
    for least, expected in ((10, 0.7), (50_000, 0.0)):
        (found,) = gather(case({"g": growth(least)}), told, at=day(60)).once
        assert found.probability == pytest.approx(expected, abs=0.03)
        assert found.told == pytest.approx(max(GROWTH_LIMIT, expected), abs=0.03)
        assert found.told + found.rest == 1.0
    since = case({"g": growth(10)}).model_copy(update={"since": day(35).date()})
    (found,) = gather(since, told, at=day(60)).once
    assert found.probability == 0.0  # it stood at the first look of the period already
    assert not gather(case({"g": growth(10)}), record(looks=LOOKS[:1]), at=day(60)).once


def test_claims_count_from_their_day_and_once() -> None:
    twin = {**SAID, "observable": {"claim": "again"}}
    made = case(
        {"a-twin": twin, "said": SAID}, {"test": claim(30, reliability="B"), "again": claim(31, repeats="test")}
    )
    assert [x.key for x in gather(made, record(), at=day(29)).left_out] == ["a-twin", "said"]
    found = gather(made, record(), at=day(30))
    (once,) = found.once
    assert once.key == "said"  # the one bound to the claim itself
    assert once.claims == ("test",)  # nobody has repeated it yet
    assert gather(made, record(), at=day(31)).once[0].claims == ("again", "test")
    assert (once.told, once.mean) == (0.85, pytest.approx(0.15))
    assert [x.key for x in found.left_out] == ["a-twin"]


def test_a_claim_that_a_prior_rests_on_is_no_evidence() -> None:
    hypotheses = {**case().model_dump(mode="json")["hypotheses"]}
    hypotheses["launchers"]["source"] = ["again"]
    claims = {"test": claim(3), "again": claim(4, repeats="test")}
    found = gather(case({"said": SAID}, claims, hypotheses), record(), at=day(30))
    assert not found.once
    assert "prior" in found.left_out[0].why


def test_numbers_that_rest_on_later_claims_are_told() -> None:
    hypotheses = {**case().model_dump(mode="json")["hypotheses"]}
    hypotheses["launchers"]["source"] = ["late"]
    made = case({"shelter": SHELTER}, {"late": claim(40)}, hypotheses)
    told = record([structure("shelter", ((20, 30), None, 1.0))], LOOKS[:3])
    assert gather(made, told, at=day(39)).later_claims == ("late",)
    assert gather(made, told, at=day(40)).later_claims == ()
    found = assess(made, told, at=day(39))
    assert found.hindsight
    reason = "Numbers of the case rest on claims that were published only later: late."
    assert reason in [one.text for one in found.confidence.reasons]


def test_claims_in_a_ring_are_one() -> None:
    made = case({"said": SAID}, {"test": claim(3, repeats="again"), "again": claim(4, repeats="test")})
    (once,) = gather(made, record(), at=day(30)).once
    assert once.claims == ("again", "test")
    with pytest.raises(InputError, match="no claim 'test'"):
        gather(case({"said": SAID}), record(), at=day(30))


def test_what_was_said_before_the_period_belongs_to_the_priors() -> None:
    found = gather(case({"said": SAID}, {"test": claim(-3)}), record(), at=day(30))
    assert not found.once
    assert "before the period" in found.left_out[0].why
