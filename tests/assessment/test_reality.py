from __future__ import annotations

import math

import pytest
from judged import structure

from sitewatch.assessment._reality import MOST_REALITIES, realities


def test_one_doubtful_presence_is_real_or_not() -> None:
    ways = realities([structure("a", ((0, 1), None, 0.8))], confirmed=(), rejected=(), seed=0)
    assert {way.real: round(way.weight, 12) for way in ways} == {frozenset({("a", 0)}): 0.8, frozenset(): 0.2}


def test_presences_of_one_structure_share_a_draw() -> None:
    ways = realities([structure("a", ((0, 1), (2, 3), 0.6), ((8, 9), None, 0.9))], confirmed=(), rejected=(), seed=0)
    told = {tuple(sorted(n for _, n in way.real)): round(way.weight, 12) for way in ways}
    assert told == {(0, 1): 0.6, (1,): 0.3, (): 0.1}


def test_readers_settle_it() -> None:
    one = structure("a", ((0, 1), None, 0.4))
    assert [w.real for w in realities([one], confirmed={"a"}, rejected=(), seed=0)] == [frozenset({("a", 0)})]
    assert [w.real for w in realities([one], confirmed=(), rejected={"a"}, seed=0)] == [frozenset()]


@pytest.mark.parametrize("count", [1, 4, 6, 7, 20])
def test_each_presence_keeps_its_probability(count: int) -> None:
    chances = [0.3 + 0.6 * n / count for n in range(count)]
    things = [structure(f"t{n:02d}", ((0, 1), None, q)) for n, q in enumerate(chances)]
    ways = realities(things, confirmed=(), rejected=(), seed=0)
    assert len(ways) <= MOST_REALITIES
    assert math.isclose(sum(way.weight for way in ways), 1.0)
    for n, chance in enumerate(chances):
        real = sum(way.weight for way in ways if (f"t{n:02d}", 0) in way.real)
        assert abs(real - chance) <= (1e-9 if 2**count <= MOST_REALITIES else 1 / MOST_REALITIES)
    assert realities(things[::-1], confirmed=(), rejected=(), seed=0) == ways
