"""Properties of judgements, and their numbers by hand."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judged import HYPOTHESES, SAID, SHELTER, both, case, claim, day, look, record, stated, structure

from sitewatch.assessment import (
    Assessment,
    ConfidenceLevel,
    SiteRecord,
    assess,
    assessment_document,
    matrix,
    paragraph,
)
from sitewatch.case import Case
from sitewatch.cube import Outcome
from sitewatch.errors import InputError
from sitewatch.structures import Structure

END = 200
DRAWS = 24


def told(found: Assessment) -> dict[str, float]:
    return {h.key: h.probability for h in found.hypotheses}


def same(one: Assessment, other: Assessment) -> None:
    for a, b in zip(one.hypotheses, other.hypotheses, strict=True):
        assert a.key == b.key
        assert abs(a.probability - b.probability) < 1e-12
        assert abs(a.low - b.low) < 1e-12
        assert abs(a.going_on - b.going_on) < 1e-12


@st.composite
def situations(draw: st.DrawFn) -> tuple[Case, SiteRecord]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    looks = [
        look(float(n), Outcome.USED if rng.random() < 0.7 else Outcome.COULD_NOT_SEE, clear=float(rng.uniform(0.1, 1)))
        for n in np.unique(rng.integers(0, END, draw(st.integers(0, 14))))
    ]
    used = [float(k.scene[1:]) for k in looks if k.outcome is Outcome.USED]
    structures: list[Structure] = []
    indicators: dict[str, Any] = {}
    for n in range(draw(st.integers(0, 3))):
        name = f"t{n}"
        indicators[f"i{n}"] = {
            "title": f"thing {n} stands", "observable": {"structure": name}, "seen": float(rng.uniform(0.2, 0.95)),
            "likelihoods": {h: both(float(rng.random()), float(rng.random())) for h in HYPOTHESES},
        }  # fmt: skip
        if len(used) >= 4 and rng.random() < 0.8:
            a, b = sorted(rng.choice(len(used) - 1, 2, replace=False))
            up = None if rng.random() < 0.2 else (used[a], used[a + 1])
            down = None if rng.random() < 0.3 or b <= a + 1 else (used[b], used[b + 1])
            structures.append(structure(name, (up, down, float(rng.uniform(0.1, 1)))))
    claims: dict[str, Any] = {}
    for n in range(draw(st.integers(0, 2))):
        claims[f"c{n}"] = claim(float(rng.integers(0, END + 40)), reliability=str(rng.choice(list("ABCDEF"))))
        shows = {h: stated(float(rng.random())) for h in HYPOTHESES}
        indicators[f"said{n}"] = {"title": "it is said", "observable": {"claim": f"c{n}"}, "likelihoods": shows}
    untold = frozenset({"t0", "t1", "t2"} - {s.id for s in structures})
    return case(indicators, claims), record(structures, looks, untold=untold)


@settings(deadline=None, max_examples=40)
@given(situations())
def test_probabilities_are_coherent(made: tuple[Case, SiteRecord]) -> None:
    found = assess(*made, at=day(END), draws=DRAWS)
    probability = told(found)
    assert sum(probability.values()) == pytest.approx(1.0, abs=1e-12)
    assert all(0 < p < 1 for p in probability.values())
    for h in found.hypotheses:
        assert 0 <= h.low <= h.high <= 1
        assert 0 <= h.going_on <= h.probability + 1e-12
    assert sum(h.going_on for h in found.hypotheses) == pytest.approx(found.active, abs=1e-12)
    assert 0 <= found.active_low <= found.active_high <= 1
    for point in found.path:
        assert sum(point.probability.values()) == pytest.approx(1.0, abs=1e-12)
    for key, p in found.path[-1].probability.items():
        assert p == pytest.approx(probability[key], abs=1e-9)
    for item in found.items:
        assert sum(item.without.values()) == pytest.approx(1.0, abs=1e-12)
        assert sum(item.support.values()) == pytest.approx(0.0, abs=1e-9)
    for after in found.next_looks:
        assert sum(after.after.values()) == pytest.approx(1.0, abs=1e-12)
    assert all(0 <= p <= 1 for _, p in found.activity)
    json.dumps(assessment_document(found), allow_nan=False)


@settings(deadline=None, max_examples=25)
@given(situations(), st.randoms(use_true_random=False))
def test_order_changes_nothing(made: tuple[Case, SiteRecord], shuffled: random.Random) -> None:
    def mixed(told: dict[str, Any]) -> dict[str, Any]:
        items = list(told.items())
        shuffled.shuffle(items)
        return dict(items)

    one, known = made
    other = one.model_copy(update={name: mixed(getattr(one, name)) for name in ("hypotheses", "indicators", "claims")})
    looks, structures = list(known.looks), list(known.structures)
    shuffled.shuffle(looks)
    shuffled.shuffle(structures)
    turned = replace(known, looks=tuple(looks), structures=tuple(structures))
    first, second = (assess(c, r, at=day(END), draws=DRAWS) for c, r in ((one, known), (other, turned)))
    same(first, second)
    assert assessment_document(first) == assessment_document(second)


@settings(deadline=None, max_examples=25)
@given(situations(), st.integers(1, 4))
def test_repeated_claims_change_nothing(made: tuple[Case, SiteRecord], count: int) -> None:
    one, known = made
    claims, indicators = dict(one.claims), dict(one.indicators)
    for key, original in one.claims.items():
        for n in range(count):
            claims[f"a-{key}-{n}"] = original.model_copy(update={"repeats": key if n % 2 == 0 else f"a-{key}-{n - 1}"})
        bound = indicators[f"said{key[1:]}"]
        again = bound.observable.model_copy(update={"claim": f"a-{key}-0"})
        indicators[f"a-again-{key}"] = bound.model_copy(update={"observable": again})
    more = one.model_copy(update={"claims": claims, "indicators": indicators})
    same(assess(one, known, at=day(END), draws=DRAWS), assess(more, known, at=day(END), draws=DRAWS))


@settings(deadline=None, max_examples=25)
@given(situations(), st.integers(0, END), st.sampled_from([Outcome.COULD_NOT_SEE, Outcome.REJECTED, Outcome.FAILED]))
def test_a_look_that_could_not_see_changes_nothing(made: tuple[Case, SiteRecord], when: int, out: Outcome) -> None:
    one, known = made
    more = replace(known, looks=(*known.looks, look(when + 0.5, out, clear=0.1)))
    same(assess(one, known, at=day(END + 1), draws=DRAWS), assess(one, more, at=day(END + 1), draws=DRAWS))


def test_more_looks_that_do_not_show_it_never_raise_what_expects_it() -> None:
    # Episodes that outlast the record: the thing stands throughout or not at all.
    long = {key: {**h, "activity": {"on_days": 30_000, "off_days": 300}} for key, h in HYPOTHESES.items()}
    before = 1.0
    for count in range(8):
        looks = [look(10.0 * n) for n in range(count)]
        now = told(assess(case(hypotheses=long), record(looks=looks), at=day(END), draws=200))["launchers"]
        assert now < before
        before = now
    assert before < 0.12  # of .3, as .8 are expected to show it and the likelihoods are worth ten cases


def test_no_evidence_leaves_the_priors() -> None:
    found = assess(case({}), record(), at=day(END), draws=50)
    assert told(found) == pytest.approx({key: h["prior"] for key, h in HYPOTHESES.items()})
    for h in found.hypotheses:
        assert h.low == pytest.approx(h.prior)
        on, off = (HYPOTHESES[h.key]["activity"][name] for name in ("on_days", "off_days"))
        assert h.going_on == pytest.approx(h.prior * on / (on + off))
    assert not found.items
    assert found.covered is None
    assert found.counted is None
    assert any("priors alone" in one.text for one in paragraph(found))


def test_one_claim_by_hand() -> None:
    found = assess(case({"said": SAID}, {"test": claim(3, reliability="B")}), record(), at=day(END), draws=400)
    mean = 0.3 * 0.4 + 0.5 * 0.1 + 0.2 * 0.1
    weight = {"launchers": 0.3 * (0.85 * 0.4 + 0.15 * mean), "trucks": 0.5 * (0.85 * 0.1 + 0.15 * mean)}
    weight["works"] = 0.2 * (0.85 * 0.1 + 0.15 * mean)
    expected = {key: w / sum(weight.values()) for key, w in weight.items()}
    assert told(found) == pytest.approx(expected, abs=0.002)
    (item,) = found.items
    assert item.without == pytest.approx({key: h["prior"] for key, h in HYPOTHESES.items()}, abs=0.002)
    top, low = np.log(0.85 * 0.4 + 0.15 * mean), np.log(0.85 * 0.1 + 0.15 * mean)
    assert item.support["launchers"] == pytest.approx((top - low) * 2 / 3, abs=0.02)
    (row,) = matrix(found)
    assert {cell.hypothesis: cell.symbol for cell in row.cells} == {"launchers": "+", "trucks": "-", "works": "-"}


def test_a_doubtful_presence_is_the_mean_of_both_ways() -> None:
    looks = [look(n) for n in range(0, 100, 10)]
    found = {
        q: told(assess(case(), record([structure("shelter", ((30, 40), (60, 70), q))], looks), at=day(100), draws=50))
        for q in (0.0, 0.7, 1.0)
    }
    for key, p in found[0.7].items():
        assert p == pytest.approx(0.3 * found[0.0][key] + 0.7 * found[1.0][key], abs=1e-12)


def test_the_band_is_the_spread_over_what_the_likelihoods_may_be() -> None:
    looks = [look(n) for n in range(0, 100, 10)]
    known = record([structure("shelter", ((30, 40), None, 1.0))], looks)
    widths = []
    for cases in (3.0, 10.0, 1000.0):
        shelter = {**SHELTER, "likelihoods": {k: both(m, 0.03, cases) for k, m in
                   (("launchers", 0.8), ("trucks", 0.05), ("works", 0.15))}}  # fmt: skip
        leading = assess(case({"shelter": shelter}), known, at=day(100)).of("launchers")
        assert leading.low <= leading.probability <= leading.high
        widths.append(leading.high - leading.low)
    assert widths[0] > widths[1] > widths[2]
    assert widths[2] < 0.1


def test_other_draws_give_nearly_the_same() -> None:
    looks = [look(n) for n in range(0, 100, 10)]
    known = record([structure("shelter", ((30, 40), (60, 70), 0.9))], looks)
    found = [told(assess(case(), known, at=day(100), seed=seed))["launchers"] for seed in range(6)]
    assert np.std(found) < 0.01


def test_what_a_next_look_would_do_is_what_it_does() -> None:
    looks = [look(n) for n in range(0, 100, 10)]
    now = assess(case(), record(looks=looks), at=day(90), draws=1000)
    for shows in (True, False):
        more = [structure("shelter", ((90, 100), None, 1.0))] if shows else []
        then = told(assess(case(), record(more, (*looks, look(100))), at=day(100), draws=1000))
        (foretold,) = [one for one in now.next_looks if one.shows is shows]
        assert foretold.after == pytest.approx(then, abs=0.02)


def test_a_lever_that_is_pulled_turns_it() -> None:
    looks = [look(n) for n in range(0, 100, 10)]
    known = record([structure("shelter", ((30, 40), None, 1.0))], looks)
    found = assess(case(), known, at=day(100))
    assert found.leading.key == "launchers"
    lever = found.levers[0]
    table = {key: dict(sides) for key, sides in SHELTER["likelihoods"].items()}
    for factor, turned in ((1.1, True), (0.6, False)):
        value = lever.told * (lever.changed / lever.told) ** factor
        table[lever.hypothesis][lever.side] = stated(value)
        other = assess(case({"shelter": {**SHELTER, "likelihoods": table}}), known, at=day(100))
        assert (other.leading.key == lever.leader) is turned


def test_prior_odds_that_are_so_much_smaller_make_it_even() -> None:
    looks = [look(n) for n in range(0, 100, 10)]
    known = record([structure("shelter", ((30, 40), None, 1.0))], looks)
    found = assess(case(), known, at=day(100))
    hypotheses = {key: dict(h) for key, h in HYPOTHESES.items()}
    hypotheses[found.leading.key]["prior"] /= found.prior_factor
    total = sum(h["prior"] for h in hypotheses.values())
    for h in hypotheses.values():
        h["prior"] /= total
    even = told(assess(case(hypotheses=hypotheses), known, at=day(100)))
    assert even[found.leading.key] == pytest.approx(even[found.rival.key], abs=1e-6)


def test_stated_0_and_1_leave_room() -> None:
    sure = {"launchers": both(1, 0), "trucks": both(0, 0), "works": both(0, 0)}
    known = record([structure("shelter", ((30, 40), None, 1.0))], [look(n) for n in range(0, 100, 10)])
    found = assess(case({"shelter": {**SHELTER, "likelihoods": sure}}), known, at=day(100), draws=20)
    assert found.leading.key == "launchers"
    assert 0.99 < found.leading.probability < 1


def test_a_judgement_needs_draws_and_a_time_in_the_period() -> None:
    with pytest.raises(ValueError, match="at least one draw"):
        assess(case(), record(), at=day(1), draws=0)
    with pytest.raises(InputError, match="ask later"):
        assess(case(), record(), at=day(-1))


def test_confidence_falls_with_what_is_not_known() -> None:
    looks = [look(n) for n in range(0, 100, 5)]
    known = record([structure("shelter", ((30, 35), None, 1.0))], looks)
    sides = {"launchers": (18, 20), "trucks": (0, 40), "works": (1, 30)}
    counted = {key: {"active": {"counted": {"shown": a, "of": b}}, "idle": {"counted": {"shown": 0, "of": 40}}}
               for key, (a, b) in sides.items()}  # fmt: skip
    well = case({"shelter": {**SHELTER, "likelihoods": counted}, "said": SAID}, {"test": claim(3, reliability="B")})
    high = assess(well, known, at=day(100))
    assert high.confidence.level is ConfidenceLevel.HIGH
    assert high.counted is not None
    assert high.counted > 0.5
    low = assess(case(), record(looks=[look(50)]), at=day(100))
    assert low.confidence.level is ConfidenceLevel.LOW
    blind = assess(well, replace(known, looks=tuple(replace(k, clear_share=0.3) for k in known.looks)), at=day(100))
    assert blind.covered == 0.0
    assert sum(r.weight < 0 for r in blind.confidence.reasons) > 0
    assert assess(well, replace(known, hindsight=True), at=day(100)).confidence.level is not ConfidenceLevel.HIGH


def test_the_founding_case() -> None:
    """The case as analysts told it, with looks from an invented place: the shelter makes the difference."""
    from ruamel.yaml import YAML

    from sitewatch.cube import read_looks
    from sitewatch.site import read_site
    from sitewatch.structures import read_structures

    folder = Path(__file__).parents[2] / "examples" / "march-16"
    asked = Case.model_validate(YAML(typ="safe").load((folder / "case.yaml").read_text()))
    structures, _, readings = read_structures(folder / "record" / "structures.geojson")
    known = SiteRecord(
        site=read_site(folder / "record" / "site.geojson"),
        structures=structures,
        looks=read_looks(folder / "record" / "looks.geojson"),
        names={key: one.name for key, one in readings.items()},
    )
    before, after = (assess(asked, known, at=at) for at in (day(-50), day(-9)))  # 12 November and 23 December 2019
    assert before.of("launchers").probability < 0.25
    assert after.leading.key == "launchers"
    assert after.leading.word.value == "likely"
    assert after.carrying is not None
    assert after.carrying.key == "shelter"
    assert before.hindsight
